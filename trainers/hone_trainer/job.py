"""The job file: what to train on, how, and where the results go (contract 1, docs: src/training/contract.ts)."""

import json
import os
import select
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from . import lines
from .errors import BadJob, Stopped


@dataclass(frozen=True)
class Job:
    task: str
    seed: int
    threads: int
    train: list
    validation: list | None
    numeric: list
    categorical: list
    min_count: int
    max_levels: int
    class_weight: str
    calibration: str
    fitted_calibration: dict | None
    rounds: int | None
    params: dict
    output_dir: Path
    checkpoint_dir: Path | None


def read_job(path=None):
    """Reads the file that ``TRAINER_JOB`` names. Raises BadJob when it is not a job of contract 1."""
    path = path or os.environ.get("TRAINER_JOB")
    if not path:
        raise BadJob("the environment variable TRAINER_JOB does not name a job file")
    try:
        raw = json.loads(Path(path).read_text(encoding="utf-8"))
        if raw["contract"] != 1:
            raise BadJob(f"this trainer obeys contract 1, the job asks for {raw['contract']}")
        return Job(
            task=raw["task"],
            seed=raw["seed"],
            threads=raw["threads"],
            train=raw["data"]["train"],
            validation=raw["data"]["validation"],
            numeric=raw["schema"]["numeric"],
            categorical=raw["schema"]["categorical"],
            min_count=raw["categories"]["min_count"],
            max_levels=raw["categories"]["max_levels"],
            class_weight=raw["class_weight"],
            calibration=raw["calibration"],
            fitted_calibration=raw["fitted_calibration"],
            rounds=raw["rounds"],
            params=raw["params"],
            output_dir=Path(raw["output_dir"]),
            checkpoint_dir=Path(raw["checkpoint_dir"]) if raw["checkpoint_dir"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadJob(f"{path} is not a job file of contract 1: {problem!r}") from problem


class Params(dict):
    """The model file's ``training.params``, and beside them what else a ``fit`` needs to know.

    seed, threads   pass them to the library that trains
    rounds          the fixed number of rounds of a refit, else None
    task, classes   ``binary``, ``multiclass`` or ``regression``; number of classes (1 for regression)
    checkpoint_dir  a folder that survives a retry, or None
    """

    def __init__(self, job, classes):
        super().__init__(job.params)
        self.seed = job.seed
        self.threads = job.threads
        self.rounds = job.rounds
        self.task = job.task
        self.classes = classes
        self.checkpoint_dir = job.checkpoint_dir

    def progress(self, step, of, metrics=None):
        lines.progress(step, of, metrics)

    def log(self, message, level="info"):
        lines.log(message, level)

    def stopping(self):
        """True once SIGTERM has arrived: write a checkpoint and raise Stopped."""
        return stop_requested.is_set()


stop_requested = threading.Event()


def listen_for_stop():
    """SIGTERM asks to stop. A second one, or the loss of the parent process, ends at once."""

    def on_term(_signal, _frame):
        if stop_requested.is_set():
            os._exit(Stopped.exit_code)
        stop_requested.set()

    signal.signal(signal.SIGTERM, on_term)
    parent = os.getppid()

    heard = select.poll()
    heard.register(sys.stdout.fileno(), 0)

    def worker_is_gone():
        """Nobody reads our output any more: true as well of a worker that died before we came to look."""
        return os.getppid() != parent or any(event & (select.POLLERR | select.POLLHUP) for _, event in heard.poll(0))

    def watch_parent():
        waiting = threading.Event()
        while not worker_is_gone():
            waiting.wait(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch_parent, daemon=True, name="hone-parent").start()
