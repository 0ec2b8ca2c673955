"""Ten checks, a unique id and labels of 0 and 1 with pandera on polars, as its documentation has them; prints CPU seconds and peak memory.

A DataFrame is checked, not a LazyFrame: of a lazy one pandera looks at the schema only. Imports are not counted.
"""

import json
import resource
import sys
import time

import pandera.polars as pa
import polars as pl

path, columns = sys.argv[1], json.loads(sys.argv[2])


def share_known(column, least):
    return pa.Check(lambda data: data.lazyframe.select(pl.col(data.key).is_not_null().mean() >= least), name=f"{column} known")


schema = pa.DataFrameSchema(
    {
        "flight_id": pa.Column(unique=True),
        "distance_miles": pa.Column(nullable=False, checks=pa.Check.in_range(0, 5500)),
        "sched_dep_minute": pa.Column(nullable=True, checks=pa.Check.in_range(0, 1439)),
        "tail_number": pa.Column(nullable=True, checks=share_known("tail_number", 0.9)),
        "plane_year": pa.Column(nullable=True, checks=share_known("plane_year", 0.7)),
        "origin": pa.Column(nullable=True, checks=pa.Check.isin(["EWR", "JFK", "LGA"])),
        "dest": pa.Column(nullable=True, checks=pa.Check.str_matches(r"^[A-Z]{3}$")),
        "arrived_late": pa.Column(nullable=True, checks=pa.Check.isin([0, 1])),
        "batch": pa.Column(),
        "place": pa.Column(),
    }
    | {name: pa.Column(nullable=True) for name in columns["all"] if name not in columns["checked"]},
    checks=pa.Check(lambda data: data.lazyframe.select(pl.len() >= 1000), name="row count"),
    unique=["batch", "place"],
    strict=True,
)
narrow = sys.argv[3] == "narrow"
if narrow:
    schema = schema.remove_columns([name for name in columns["all"] if name not in columns["checked"]])

start = time.process_time()
if narrow:
    assert set(pl.read_parquet_schema(path)) == set(columns["all"])
frame = pl.read_parquet(path, columns=columns["checked"] if narrow else None)
schema.validate(frame, lazy=True)
print(
    json.dumps(
        {
            "cpu_seconds": time.process_time() - start,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "rows": frame.height,
        }
    )
)
