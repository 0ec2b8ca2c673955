"""Evidently's DataDriftPreset over two Parquet files, as its documentation shows it; prints what it cost.

Import time is left out. `cpu_seconds` holds reading the files, for they are part of a report.
"""

import json
import os
import resource
import sys
import time

os.environ["DO_NOT_TRACK"] = "1"

import warnings

warnings.filterwarnings("ignore")
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

started, cpu = time.perf_counter(), time.process_time()
columns = json.loads(sys.argv[3])
reference, current = (pd.read_parquet(path, columns=columns) for path in sys.argv[1:3])
loaded = time.process_time()
report = Report([DataDriftPreset()]).run(current, reference)
drifted = report.dict()["metrics"][0]["value"]
print(
    json.dumps(
        {
            "cpu_seconds": time.process_time() - cpu,
            "load_cpu_seconds": loaded - cpu,
            "wall_seconds": time.perf_counter() - started,
            "max_rss_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
            "drifted": drifted,
        }
    )
)
