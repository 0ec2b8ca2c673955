"""Reads feature Parquet through DuckDB into float32 columns, and fits category levels on training rows only."""

from dataclasses import dataclass

import duckdb
import numpy as np

from .errors import BadData


@dataclass(frozen=True)
class Rows:
    """x: float32 [rows, numeric + categories]; y: float64 (class index for classification); weight: float64."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    names: list

    def __len__(self):
        return len(self.y)


@dataclass(frozen=True)
class RawRows:
    numeric: np.ndarray
    categorical: list
    label: np.ndarray
    weight: np.ndarray


def read_rows(paths, numeric, categorical, threads, part):
    """Rows in file order. Null numbers become NaN, null strings ''. Raises BadData naming what is wrong."""
    quoted = ['"' + name.replace('"', '""') + '"' for name in [*numeric, *categorical]]
    k = len(numeric)
    columns = ["coalesce(CAST(_label AS DOUBLE), 'NaN'::DOUBLE) AS l", "coalesce(CAST(_weight AS DOUBLE), 1.0) AS w"]
    columns += [f"coalesce(CAST({name} AS FLOAT), 'NaN'::FLOAT) AS n{i}" for i, name in enumerate(quoted[:k])]
    columns += [f"coalesce(CAST({name} AS VARCHAR), '') AS c{i}" for i, name in enumerate(quoted[k:])]
    try:
        with duckdb.connect(config={"threads": threads, "autoinstall_known_extensions": "false"}) as db:
            found = db.execute(f"SELECT {', '.join(columns)} FROM read_parquet($1)", [list(paths)]).fetchnumpy()
    except duckdb.Error as problem:
        raise BadData(f"the {part} rows cannot be read: {problem}") from problem
    rows = len(found["l"])
    matrix = np.empty((rows, k), dtype=np.float32)
    for i in range(k):
        matrix[:, i] = np.ma.filled(found[f"n{i}"], np.nan)
    label = np.ma.filled(found["l"], np.nan).astype(np.float64)
    weight = np.ma.filled(found["w"], 1.0).astype(np.float64)
    check(rows, label, weight, part)
    return RawRows(matrix, [np.asarray(found[f"c{i}"], dtype=object) for i in range(len(categorical))], label, weight)


def check(rows, label, weight, part):
    if rows == 0:
        raise BadData(f"there are no {part} rows")
    missing = int(np.isnan(label).sum())
    if missing:
        raise BadData(f"{missing} of {rows} {part} rows have no label; only mature rows with a label may be trained on")
    bad = int((~np.isfinite(weight) | (weight < 0)).sum())
    if bad:
        raise BadData(f"{bad} of {rows} {part} rows have a weight that is negative or not finite")
    if not weight.sum() > 0:
        raise BadData(f"all {rows} {part} rows have weight 0")


def fit_levels(column, min_count, max_levels):
    """Levels of one category, most frequent first, equal counts by name. The empty string is never a level: it is null."""
    counts = {}
    for value in column:
        counts[value] = counts.get(value, 0) + 1
    kept = [(-count, value) for value, count in counts.items() if value != "" and count >= min_count]
    return [value for _, value in sorted(kept)[:max_levels]]


def encode(raw, levels):
    """float32 matrix of the graph's own order: numeric columns, then one code a category (-1: missing or unseen)."""
    codes = np.empty((len(raw.label), len(levels)), dtype=np.float32)
    for i, column in enumerate(levels):
        code = {value: float(position) for position, value in enumerate(column)}
        codes[:, i] = [code.get(value, -1.0) for value in raw.categorical[i]]
    return np.concatenate([raw.numeric, codes], axis=1)


def class_values(task, label):
    """Sorted label values of a classification, found on the training rows; None for regression."""
    if task == "regression":
        return None
    values = np.unique(label)
    if task == "binary" and not (len(values) == 2 and values[0] == 0 and values[1] == 1):
        raise BadData(f"a binary label must hold both 0 and 1 in the training rows, found {values[:5].tolist()}")
    if len(values) < 2:
        raise BadData(f"the training rows hold one class only: {values.tolist()}")
    return values


def index_labels(label, values):
    """Class indexes for labels, and which rows have a class that training has seen."""
    if values is None:
        return label, np.ones(len(label), dtype=bool)
    position = np.clip(np.searchsorted(values, label), 0, len(values) - 1)
    return position.astype(np.float64), values[position] == label
