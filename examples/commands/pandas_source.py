"""A source command: any pandas code that ends in a table, written as Parquet for one window.

data:
  source:
    type: command
    command: [.venv/bin/python, examples/commands/pandas_source.py, exports/orders.csv]
    timeout: PT10M
    completion_marker: _SUCCESS

hone sends {"from", "to", "as_of", "out"} as one JSON document on stdin; "from" is null where all history is wanted.
"""

import json
import sys
from pathlib import Path

import pandas as pd

EVENT_TIME = "ordered_at"
VERSION = "1"  # raise it when the code below changes what a column means


def main() -> None:
    wish = json.load(sys.stdin)
    out = Path(wish["out"])
    orders = pd.read_csv(sys.argv[1], dtype={"order_id": str, "shop": str}, parse_dates=[EVENT_TIME])
    inside = orders[EVENT_TIME] < pd.Timestamp(wish["to"])
    if wish["from"] is not None:
        inside &= orders[EVENT_TIME] >= pd.Timestamp(wish["from"])
    rows = orders[inside].assign(value_per_item=lambda table: table["value"] / table["items"])

    rows.to_parquet(out / "rows.parquet", index=False)
    producer = {"name": Path(__file__).name, "version": VERSION}
    (out / "_producer.json").write_text(json.dumps(producer))
    (out / "_SUCCESS").touch()
    print(f"{len(rows)} rows from {wish['from']} to {wish['to']}", file=sys.stderr)


if __name__ == "__main__":
    main()
