"""What an estimator becomes on its way into the graph, and which estimators can be."""

from dataclasses import dataclass, field
from typing import Callable

import numpy as np

from .errors import BadJob


@dataclass(frozen=True)
class Exported:
    """``nodes`` turn the tensor ``x`` [N, features] into ``raw`` [N, outputs]; ``link`` turns that into a prediction.

    link         sigmoid, softmax, exp, identity; ``probability`` where ``raw`` holds probabilities already
    raw          the same in Python: float32 [rows, features] to float64 [rows, outputs]
    importance   share of the whole by feature, summing to 1; empty where the estimator has none
    """

    nodes: list
    initializers: list
    link: str
    raw: Callable
    best_iteration: int
    importance: dict = field(default_factory=dict)


def export(estimator, params, names):
    """Raises BadJob naming what cannot be exported."""
    owner = next((base.__module__.split(".")[0] for base in type(estimator).__mro__ if known(base)), None)
    if owner == "lightgbm":
        from .lightgbm_export import export_lightgbm as export_one
    elif owner == "xgboost":
        from .xgboost_export import export_xgboost as export_one
    elif owner == "sklearn":
        from .sklearn_export import export_sklearn as export_one
    else:
        raise BadJob(
            f"fit returned {type(estimator).__module__}.{type(estimator).__qualname__}, which cannot be exported; "
            "return an estimator of LightGBM, XGBoost or scikit-learn"
        )
    return export_one(estimator, params, names)


def known(base):
    return base.__module__.split(".")[0] in ("lightgbm", "xgboost", "sklearn")


def shares(names, values):
    """Importance as shares of the whole, by feature name."""
    total = float(np.sum(values))
    return {name: float(value) / total for name, value in zip(names, values, strict=True)} if total > 0 else {}
