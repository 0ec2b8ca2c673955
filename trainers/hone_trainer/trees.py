"""Boosted trees as one TreeEnsembleRegressor node of ai.onnx.ml 3."""

import numpy as np
from onnx import helper


def round_down(threshold):
    """The largest float32 that is not above ``threshold``.

    The graph compares float32 with float32; without rounding down, values between the two flip a branch (measured: errors
    up to 0.10). Thresholds near 1.8e308, which LightGBM uses for "is not missing", become the largest finite float32.
    """
    with np.errstate(over="ignore"):
        rounded = np.float32(threshold)
    if float(rounded) > threshold:
        rounded = np.nextafter(rounded, np.float32(-np.inf))
    return float(rounded)


class TreeEnsemble:
    """Collects nodes tree by tree; ``mode`` is BRANCH_LEQ or BRANCH_LT."""

    def __init__(self, mode, targets):
        self.mode = mode
        self.targets = targets
        self.nodes = {name: [] for name in NODE_ATTRIBUTES}
        self.leaves = {"treeids": [], "nodeids": [], "ids": [], "weights": []}

    def branch(self, tree, node, feature, threshold, yes, no, missing_yes):
        self._node(tree, node, feature, self.mode, threshold, yes, no, int(missing_yes))

    def leaf(self, tree, node, target, value):
        self._node(tree, node, 0, "LEAF", 0.0, 0, 0, 0)
        for name, entry in zip(self.leaves, (tree, node, target, float(value)), strict=True):
            self.leaves[name].append(entry)

    def _node(self, *values):
        for name, value in zip(NODE_ATTRIBUTES, values, strict=True):
            self.nodes[name].append(value)

    def to_node(self, source, target, base_values=None):
        attributes = {f"nodes_{name}": values for name, values in self.nodes.items()}
        attributes |= {f"target_{name}": values for name, values in self.leaves.items()}
        if base_values is not None:
            attributes["base_values"] = [float(value) for value in base_values]
        return helper.make_node(
            "TreeEnsembleRegressor",
            [source],
            [target],
            domain="ai.onnx.ml",
            n_targets=self.targets,
            aggregate_function="SUM",
            post_transform="NONE",
            **attributes,
        )


NODE_ATTRIBUTES = (
    "treeids",
    "nodeids",
    "featureids",
    "modes",
    "values",
    "truenodeids",
    "falsenodeids",
    "missing_value_tracks_true",
)
