"""From job file to results: reads rows, calls the team's ``fit``, exports, calibrates, and writes the contract's files."""

import contextlib
import os
import sys
import traceback

import numpy as np

from . import calibration, graph, lines, metrics, outputs, rows, scoring, weights
from .errors import BadData, Stopped, TrainerError
from .exported import export
from .job import Params, listen_for_stop, read_job, stop_requested

parity_without_validation = 20_000  # a refit has no validation rows: its newest training rows are replayed instead


def run(fit):
    """Runs one job and ends the process with an exit code of the contract (0, 64, 65, 70, 75)."""
    listen_for_stop()
    try:
        train_and_write(fit, read_job())
    except TrainerError as problem:
        lines.error(problem.code, problem)
        leave(problem.exit_code)
    except MemoryError:
        lines.error("out_of_memory", "the trainer ran out of memory")
        leave(137)
    except Exception as problem:
        with contextlib.suppress(OSError):
            traceback.print_exc()
        lines.error("failed", f"{type(problem).__name__}: {problem}")
        leave(70)
    leave(0)


def leave(code):
    """Ends without waiting for native threads, which may hang at interpreter shutdown."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def train_and_write(fit, job):
    wanted = calibration.plan(job.task, job.class_weight, job.calibration, job.fitted_calibration, job.validation is not None)
    raw_train = rows.read_rows(job.train, job.numeric, job.categorical, job.threads, "training")
    classes = rows.class_values(job.task, raw_train.label)
    levels = [rows.fit_levels(column, job.min_count, job.max_levels) for column in raw_train.categorical]
    train, _ = prepare(raw_train, levels, classes, job)
    valid, seen, x_valid = None, None, None
    if job.validation is not None:
        raw_valid = rows.read_rows(job.validation, job.numeric, job.categorical, job.threads, "validation")
        valid, seen = prepare(raw_valid, levels, classes, job)
        x_valid, valid = valid.x, keep_seen(valid, seen)

    count = 1 if classes is None else len(classes)
    params = Params(job, count)
    estimator = fit(train, valid, params, weights.training_weights(train, job.class_weight, count))
    if stop_requested.is_set():
        raise Stopped("stopped after training and before its results were written")
    exported = export(estimator, params, train.names)
    fitted = wanted if isinstance(wanted, dict) else fit_calibration(wanted, exported, valid)

    model = graph.build(job.numeric, levels, exported, count if job.task == "multiclass" else 1, fitted)
    figures = {}
    if valid is not None:
        figures = metrics.figures(job.task, valid.y, scoring.predict(exported, fitted, valid.x), valid.weight)
    parity = parity_of(exported, fitted, train.x if x_valid is None else x_valid, "train" if x_valid is None else "validation")
    write(job, model, exported, fitted, classes, figures, parity, {"train": len(train), "validation": 0 if valid is None else len(valid)})


def prepare(raw, levels, classes, job):
    y, seen = rows.index_labels(raw.label, classes)
    return rows.Rows(rows.encode(raw, levels), y, raw.weight, [*job.numeric, *job.categorical]), seen


def keep_seen(valid, seen):
    """Validation rows of a class that training never saw cannot be scored by log loss."""
    if seen.all():
        return valid
    if not seen.any():
        raise BadData("no validation row has a class that the training rows hold")
    lines.log(f"{int((~seen).sum())} validation rows have a class that the training rows do not hold; left out of the figures", "warn")
    return rows.Rows(valid.x[seen], valid.y[seen], valid.weight[seen], valid.names)


def fit_calibration(kind, exported, valid):
    if kind is None:
        return None
    raw = exported.raw(valid.x)
    return calibration.fit(kind, scoring.logit(exported.link, raw), scoring.linked(exported.link, raw)[:, 0], valid.y, valid.weight)


def parity_of(exported, fitted, x, part):
    offset = 0 if part == "validation" else max(0, len(x) - parity_without_validation)
    prediction = scoring.predict(exported, fitted, x[offset:])
    if not np.isfinite(prediction).all():
        raise BadData(f"{int((~np.isfinite(prediction)).any(axis=1).sum())} of {len(prediction)} predictions are not finite")
    return {"part": part, "offset": offset, "rows": len(prediction), "width": prediction.shape[1], "predictions": prediction.ravel().tolist()}


def write(job, model, exported, fitted, classes, figures, parity, counts):
    folder = job.output_dir
    signature = {
        "contract": 1,
        "task": job.task,
        "numeric": job.numeric,
        "categorical": job.categorical,
        "output": "prediction",
        "classes": None if classes is None else [int(value) if value == int(value) else float(value) for value in classes],
    }
    outputs.write_json(folder, "signature.json", signature)
    outputs.write_json(folder, "metrics.json", {"metrics": figures, "best_iteration": exported.best_iteration, "rows": counts})
    outputs.write_json(folder, "importance.json", exported.importance)
    outputs.write_json(folder, "parity.json", parity)
    outputs.write_json(folder, "environment.json", outputs.environment(job))
    outputs.write_json(folder, "calibration.json", fitted)
    outputs.write_bytes(folder, "model.onnx", model.SerializeToString())
