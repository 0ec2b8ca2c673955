"""Eight chained ops that do nothing, in-process, with Dagster's event log in SQLite. A line in: one run; its milliseconds out."""

import os
import sys
import tempfile
import time

with tempfile.TemporaryDirectory() as home:
    os.environ["DAGSTER_HOME"] = home
    with open(os.path.join(home, "dagster.yaml"), "w") as file:
        file.write("telemetry:\n  enabled: false\n")

    from dagster import DagsterInstance, job, op

    @op
    def begin() -> dict:
        return {"rows": 1}

    @op
    def go_on(previous: dict) -> dict:
        return dict(previous)

    @job
    def eight():
        value = begin()
        for number in range(2, 9):
            value = go_on.alias(f"step_{number}")(value)

    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    with DagsterInstance.get() as instance:
        print("ready", flush=True)
        for _ in sys.stdin:
            started = time.perf_counter()
            result = eight.execute_in_process(instance=instance, run_config=quiet)
            elapsed = (time.perf_counter() - started) * 1000
            assert result.success and result.output_for_node("step_8") == {"rows": 1}
            print(elapsed, flush=True)
