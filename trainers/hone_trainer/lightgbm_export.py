"""LightGBM to ONNX with the ``onnx`` package alone."""

import numpy as np

from .errors import BadJob
from .exported import Exported, shares
from .trees import TreeEnsemble, round_down

LINKS = {
    "binary": "sigmoid",
    "multiclass": "softmax",
    **dict.fromkeys(("regression", "regression_l1", "huber", "fair", "quantile", "mape"), "identity"),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exp"),
}


def export_lightgbm(estimator, params, names):
    booster = getattr(estimator, "booster_", estimator)
    best = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
    dump = booster.dump_model(num_iteration=best)
    objective = dump["objective"].split(" ") if dump.get("objective") else ["none"]
    link = LINKS.get(objective[0])
    if link is None or "sqrt" in objective:
        raise BadJob(f"the LightGBM objective '{' '.join(objective)}' cannot be exported; supported: {', '.join(LINKS)}")
    slope = next((float(part[8:]) for part in objective if part.startswith("sigmoid:")), 1.0)
    outputs = dump["num_tree_per_iteration"]
    trees = TreeEnsemble("BRANCH_LEQ", outputs)
    scale = 1.0 / best if dump.get("average_output") else 1.0
    for tree in dump["tree_info"]:
        add_tree(trees, tree, tree["tree_index"] % outputs, scale * slope)
    return Exported(
        nodes=[trees.to_node("x", "raw")],
        initializers=[],
        link=link,
        raw=lambda x: slope * np.asarray(booster.predict(x, raw_score=True, num_iteration=best), np.float64).reshape(len(x), outputs),
        best_iteration=int(best),
        importance=shares(names, booster.feature_importance("gain", iteration=best)),
    )


def add_tree(trees, tree, target, scale):
    """Walks one dumped tree without recursion: LightGBM's may be deeper than Python's stack."""
    index = tree["tree_index"]
    waiting, next_id = [(0, tree["tree_structure"])], 1
    while waiting:
        node_id, node = waiting.pop()
        if "leaf_coeff" in node:
            raise BadJob("LightGBM's linear_tree cannot be exported; leave linear_tree out of the parameters")
        if "split_feature" not in node:
            trees.leaf(index, node_id, target, node["leaf_value"] * scale)
            continue
        left, right, next_id = next_id, next_id + 1, next_id + 2
        check_split(node)
        trees.branch(index, node_id, node["split_feature"], round_down(node["threshold"]), left, right, missing_goes_left(node))
        waiting += [(right, node["right_child"]), (left, node["left_child"])]


def check_split(node):
    if node["decision_type"] != "<=":
        raise BadJob(
            "LightGBM's native categorical splits (categorical_feature) cannot be exported; "
            "categories arrive as ordinal codes, train on them as numbers"
        )
    if node["missing_type"] not in ("None", "NaN"):
        raise BadJob("LightGBM's zero_as_missing cannot be exported: the graph cannot tell zero from missing; leave it out")


def missing_goes_left(node):
    """With missing type None LightGBM turns NaN into 0 before it compares."""
    return node["default_left"] if node["missing_type"] == "NaN" else 0.0 <= node["threshold"]
