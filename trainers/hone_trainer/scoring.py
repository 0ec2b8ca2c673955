"""The prediction that the graph should give, computed in float64 by the library that trained."""

import numpy as np

from . import calibration


def linked(link, raw):
    """[rows, outputs] in the prediction's own unit, before calibration."""
    if link == "sigmoid":
        return 1 / (1 + np.exp(-raw))
    if link == "softmax":
        risen = np.exp(raw - raw.max(axis=1, keepdims=True))
        return risen / risen.sum(axis=1, keepdims=True)
    return np.exp(raw) if link == "exp" else raw


def logit(link, raw):
    """[rows]: the raw score of a binary model; of one that gives probabilities, their logit (clipped as in the graph)."""
    if link == "sigmoid":
        return raw[:, 0]
    p = np.clip(raw[:, 0], 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def predict(exported, fitted, x):
    """float64 [rows, outputs]."""
    raw = exported.raw(x)
    prediction = linked(exported.link, raw)
    if not fitted:
        return prediction
    return calibration.apply(fitted, logit(exported.link, raw), prediction[:, 0])[:, None]
