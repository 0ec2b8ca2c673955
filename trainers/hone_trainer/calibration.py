"""Calibration of a binary model on its validation rows, as numbers that the graph can carry.

``sigmoid`` is Platt's a*z + b on the raw score, fitted with his smoothed targets. ``isotonic`` is centred isotonic
regression (Oron and Flournoy 2017): pool adjacent violators, then straight lines between the blocks' weighted centres.
Unlike steps it keeps the order of the scores, so that ranking metrics do not change.
"""

import numpy as np

from .errors import BadData, BadJob

steepest = 50.0  # float32 carries about 6e-8 of a probability: times 50 stays far inside the parity tolerance


def plan(task, class_weight, calibration, fitted, has_validation):
    """Which calibration the graph gets: None, 'sigmoid', 'isotonic', or the fitted one of the judged twin (a dict)."""
    kind = calibration if calibration != "none" else "sigmoid" if class_weight == "balanced" else "none"
    if kind == "none":
        return None
    if task != "binary":
        asked = f"calibration: {calibration}" if calibration != "none" else "class_weight: balanced (which implies recalibration)"
        raise BadJob(f"{asked} is supported for binary models only; set it to none for a {task} model")
    if has_validation:
        return kind
    if fitted is None:
        raise BadJob(
            f"calibration '{kind}' is fitted on validation rows and this refit has none; "
            "hand over the judged version's fitted_calibration, or set refit: none"
        )
    return fitted


def fit(kind, z, p, y, weight):
    """z: raw score (logit); p: probability; y: 0 or 1; weight: float64. All [rows]. Returns what the graph needs."""
    if len(np.unique(y)) < 2:
        raise BadData("the validation rows hold one class only, so calibration cannot be fitted on them")
    return fit_sigmoid(z, y, weight) if kind == "sigmoid" else fit_isotonic(p, y, weight)


def fit_sigmoid(z, y, weight):
    """Platt (1999) with Newton steps as in Lin, Lin and Weng (2007)."""
    positive, negative = weight[y == 1].sum(), weight[y == 0].sum()
    target = np.where(y == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))
    a, b = 1.0, 0.0
    loss = sigmoid_loss(a * z + b, target, weight)
    for _ in range(100):
        q = 1 / (1 + np.exp(-(a * z + b)))
        slope, curve = weight * (q - target), weight * q * (1 - q)
        gradient = np.array([np.sum(slope * z), np.sum(slope)])
        if np.max(np.abs(gradient)) < 1e-9 * weight.sum():
            break
        cross = np.sum(curve * z)
        hessian = np.array([[np.sum(curve * z * z) + 1e-12, cross], [cross, np.sum(curve) + 1e-12]])
        step, length = np.linalg.solve(hessian, gradient), 1.0
        while length > 1e-10:
            tried = sigmoid_loss((a - length * step[0]) * z + b - length * step[1], target, weight)
            if tried <= loss:
                break
            length /= 2
        a, b, loss = a - length * step[0], b - length * step[1], tried
    return {"kind": "sigmoid", "a": float(np.float32(a)), "b": float(np.float32(b))}


def sigmoid_loss(z, target, weight):
    return float(np.sum(weight * (np.logaddexp(0, z) - target * z)))


def fit_isotonic(p, y, weight):
    order = np.argsort(p, kind="stable")
    blocks = []  # [sum of weight, sum of weight * p, sum of weight * y]
    for i in order[weight[order] > 0]:
        blocks.append([weight[i], weight[i] * p[i], weight[i] * y[i]])
        while len(blocks) > 1 and rate(blocks[-2]) >= rate(blocks[-1]):
            merge_last(blocks)
    blocks = limit_slope(blocks)
    if len(blocks) < 2:
        raise BadData("isotonic calibration found no order in the validation rows; use calibration: sigmoid or none")
    margin = 0.5 / len(p)
    x = np.array([block[1] / block[0] for block in blocks], dtype=np.float32)
    level = np.clip([rate(block) for block in blocks], margin, 1 - margin).astype(np.float32)
    return {"kind": "isotonic", "x": x.astype(float).tolist(), "y": level.astype(float).tolist()}


def limit_slope(blocks):
    """Pools neighbours whose joining line would be so steep that float32 could not follow it."""
    kept = []
    for block in blocks:
        kept.append(block)
        while len(kept) > 1 and rise(kept[-2], kept[-1]) > steepest * gap(kept[-2], kept[-1]):
            merge_last(kept)
    return kept


def rate(block):
    return block[2] / block[0]


def rise(left, right):
    return rate(right) - rate(left)


def gap(left, right):
    return right[1] / right[0] - left[1] / left[0]


def merge_last(blocks):
    last = blocks.pop()
    blocks[-1] = [left + right for left, right in zip(blocks[-1], last, strict=True)]


def apply(fitted, z, p):
    """What the graph computes, in float64."""
    if fitted["kind"] == "sigmoid":
        return 1 / (1 + np.exp(-(fitted["a"] * z + fitted["b"])))
    return np.interp(p, fitted["x"], fitted["y"])
