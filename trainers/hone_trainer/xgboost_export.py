"""XGBoost to ONNX with the ``onnx`` package alone, from the model's own JSON."""

import json

import numpy as np

from .errors import BadJob
from .exported import Exported, shares
from .trees import TreeEnsemble

LINKS = {
    **dict.fromkeys(("binary:logistic", "reg:logistic"), "sigmoid"),
    "multi:softprob": "softmax",
    **dict.fromkeys(("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror"), "identity"),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie"), "exp"),
}


def export_xgboost(estimator, params, names):
    booster = estimator.get_booster() if hasattr(estimator, "get_booster") else estimator
    best = best_rounds(booster)
    used = booster if best == booster.num_boosted_rounds() else booster[:best]
    learner = json.loads(bytes(used.save_raw("json")))["learner"]
    objective = learner["objective"]["name"]
    link = LINKS.get(objective)
    if link is None:
        raise BadJob(f"the XGBoost objective '{objective}' cannot be exported; supported: {', '.join(LINKS)}")
    gradient = learner["gradient_booster"]
    if gradient["name"] == "gblinear":
        raise BadJob("XGBoost's gblinear cannot be exported; use booster: gbtree or dart")
    drop = gradient.get("weight_drop")
    model = gradient["gbtree"]["model"] if "gbtree" in gradient else gradient["model"]
    outputs = max(1, int(learner["learner_model_param"]["num_class"]), int(learner["learner_model_param"].get("num_target", 1)))
    trees = TreeEnsemble("BRANCH_LT", outputs)
    for index, tree in enumerate(model["trees"]):
        add_tree(trees, index, tree, model["tree_info"][index], drop[index] if drop else 1.0)
    base = base_margin(learner["learner_model_param"]["base_score"], link, outputs)
    gain = booster.get_score(importance_type="total_gain")
    features = booster.feature_names or [f"f{i}" for i in range(len(names))]
    return Exported(
        nodes=[trees.to_node("x", "raw", base)],
        initializers=[],
        link=link,
        raw=lambda x: predict_raw(booster, x, best, outputs),
        best_iteration=best,
        importance=shares(names, [gain.get(feature, 0.0) for feature in features]),
    )


def best_rounds(booster):
    """Rounds up to the best one where early stopping was used, else all."""
    best = booster.attr("best_iteration")
    return booster.num_boosted_rounds() if best is None else int(best) + 1


def predict_raw(booster, x, best, outputs):
    import xgboost

    rows = xgboost.DMatrix(x, feature_names=booster.feature_names)
    return booster.predict(rows, output_margin=True, iteration_range=(0, best)).astype(np.float64).reshape(len(x), outputs)


def base_margin(text, link, outputs):
    """XGBoost keeps base_score in the prediction's unit, as one number or (from release 3 on) a list in text."""
    values = np.atleast_1d(np.array(json.loads(text.lower()), dtype=np.float64))
    if link == "sigmoid":
        values = np.log(values / (1 - values))
    elif link == "exp":
        values = np.log(values)
    return np.broadcast_to(values, (outputs,)).astype(np.float32)


def add_tree(trees, index, tree, target, scale):
    """XGBoost goes left when x < threshold, all in float32: nothing to round."""
    if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise BadJob("XGBoost's multi_output_tree cannot be exported; use multi_strategy: one_output_per_tree")
    if tree.get("categories"):
        raise BadJob("XGBoost's native categorical splits (enable_categorical) cannot be exported; train on the ordinal codes as numbers")
    for node, left in enumerate(tree["left_children"]):
        value = tree["split_conditions"][node]
        if left == -1:
            trees.leaf(index, node, target, np.float32(value) * np.float32(scale))
        else:
            trees.branch(index, node, tree["split_indices"][node], value, left, tree["right_children"][node], tree["default_left"][node])
