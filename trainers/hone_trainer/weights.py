"""Training weights: the rows' own, times a class weight where the model file asks for one."""

import numpy as np


def training_weights(rows, class_weight, classes):
    """float64 [rows], or None when every row counts the same.

    ``balanced`` gives class c the factor n / (classes * n_c), as scikit-learn's ``class_weight="balanced"``.
    """
    weight = rows.weight
    if class_weight == "balanced":
        counts = np.bincount(rows.y.astype(np.int64), minlength=classes)
        weight = weight * (len(rows) / (classes * counts))[rows.y.astype(np.int64)]
    return None if np.all(weight == 1.0) else weight
