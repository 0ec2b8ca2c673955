"""The trainer's own figures on validation rows. Names follow MLflow's default evaluator."""

import numpy as np


def figures(task, y, prediction, weight):
    """Finite metrics by name. ``prediction`` is [rows, 1] or [rows, classes]; ``weight`` float64 [rows]."""
    found = {
        "binary": binary,
        "multiclass": multiclass,
        "regression": regression,
    }[task](y, prediction, weight)
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def binary(y, prediction, weight):
    p = prediction[:, 0]
    return {
        "roc_auc": roc_auc(y, p, weight),
        "log_loss": np.average(-np.log(np.where(y == 1, clip(p), clip(1 - p))), weights=weight),
        "brier_score_loss": np.average((p - y) ** 2, weights=weight),
        "accuracy_score": np.average((p >= 0.5) == (y == 1), weights=weight),
    }


def multiclass(y, prediction, weight):
    own = prediction[np.arange(len(y)), y.astype(np.int64)]
    return {
        "log_loss": np.average(-np.log(clip(own)), weights=weight),
        "accuracy_score": np.average(prediction.argmax(axis=1) == y, weights=weight),
    }


def regression(y, prediction, weight):
    error = prediction[:, 0] - y
    spread = np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
    square = np.average(error**2, weights=weight)
    return {
        "root_mean_squared_error": np.sqrt(square),
        "mean_absolute_error": np.average(np.abs(error), weights=weight),
        "r2_score": 1 - square / spread if spread > 0 else np.nan,
    }


def roc_auc(y, p, weight):
    """Weighted share of (positive, negative) pairs in the right order, ties counting half. NaN with one class."""
    _, group = np.unique(p, return_inverse=True)
    positive = np.bincount(group, weights=weight * (y == 1))
    negative = np.bincount(group, weights=weight * (y == 0))
    below = np.cumsum(negative) - negative
    pairs = positive.sum() * negative.sum()
    return np.sum(positive * (below + negative / 2)) / pairs if pairs > 0 else np.nan


def clip(p):
    tiny = np.finfo(np.float64).eps
    return np.clip(p, tiny, 1 - tiny)
