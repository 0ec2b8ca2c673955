"""Writes results under temporary names, then renames: a reader never meets half a file."""

import importlib.metadata
import json
import os
import platform


def write_bytes(folder, name, body):
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{name}.tmp"
    with open(aside, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, folder / name)


def write_json(folder, name, value):
    write_bytes(folder, name, json.dumps(value, allow_nan=False).encode("utf-8"))


def environment(job):
    """What the result depends on: interpreter, platform, threads and every installed package."""
    packages = {dist.metadata["Name"].lower(): dist.version for dist in importlib.metadata.distributions() if dist.metadata["Name"]}
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()}-{platform.machine()}",
        "threads": str(job.threads),
        **dict(sorted(packages.items())),
    }
