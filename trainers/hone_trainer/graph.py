"""The whole graph: raw columns in, one tensor `prediction` out. Opset 17, ai.onnx.ml 3, ir 8; no ZipMap, no labels.

    num [N, k] ─────────────────────────┐
    cat_0 [N, 1] ▸ LabelEncoder (-1) ───┼▸ Concat ▸ x ▸ estimator ▸ raw ▸ link ▸ calibration ▸ prediction
    cat_i [N, 1] ▸ LabelEncoder (-1) ───┘
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

never = "\u0000"  # a LabelEncoder needs a key; where a category has no level, one that no string column can hold


def build(numeric, levels, exported, outputs, fitted):
    """numeric: names of the columns of `num`; levels: for each category, its values in code order. Returns a checked model."""
    inputs, parts, nodes, constants = [], [], [], list(exported.initializers)
    if numeric:
        inputs.append(helper.make_tensor_value_info("num", TensorProto.FLOAT, [None, len(numeric)]))
        parts.append("num")
    for i, values in enumerate(levels):
        inputs.append(helper.make_tensor_value_info(f"cat_{i}", TensorProto.STRING, [None, 1]))
        parts.append(f"code_{i}")
        nodes.append(label_encoder(f"cat_{i}", f"code_{i}", values))
    nodes.append(helper.make_node("Concat", parts, ["x"], axis=1))
    nodes += exported.nodes
    nodes += link_nodes(exported.link, constants, "linked" if fitted else "prediction")
    if fitted:
        nodes += calibration_nodes(fitted, exported.link, constants)
    output = helper.make_tensor_value_info("prediction", TensorProto.FLOAT, [None, outputs])
    graph = helper.make_graph(nodes, "hone", inputs, [output], constants)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=8,
        producer_name="hone_trainer",
    )
    onnx.checker.check_model(model)
    return model


def label_encoder(source, target, values):
    return helper.make_node(
        "LabelEncoder",
        [source],
        [target],
        domain="ai.onnx.ml",
        keys_strings=values or [never],
        values_floats=[float(code) for code in range(len(values))] or [-1.0],
        default_float=-1.0,
    )


def link_nodes(link, constants, target):
    operator = {"sigmoid": "Sigmoid", "softmax": "Softmax", "exp": "Exp", "identity": "Identity", "probability": "Identity"}[link]
    return [helper.make_node(operator, ["raw"], [target], **({"axis": 1} if link == "softmax" else {}))]


def calibration_nodes(fitted, link, constants):
    if fitted["kind"] == "sigmoid":
        nodes, logit = ([], "raw") if link == "sigmoid" else (logit_nodes(constants), "logit")
        constants += [constant("cal_a", [fitted["a"]]), constant("cal_b", [fitted["b"]])]
        return [
            *nodes,
            helper.make_node("Mul", [logit, "cal_a"], ["cal_scaled"]),
            helper.make_node("Add", ["cal_scaled", "cal_b"], ["cal_logit"]),
            helper.make_node("Sigmoid", ["cal_logit"], ["prediction"]),
        ]
    # y0 + sum of slope * (how far p has come between two knots): straight lines through the knots, flat outside
    x, y = np.array(fitted["x"]), np.array(fitted["y"])
    constants += [
        constant("cal_from", [x[:-1]]),
        constant("cal_width", [np.diff(x)]),
        constant("cal_zero", [0.0]),
        constant("cal_slope", (np.diff(y) / np.diff(x))[:, None]),
        constant("cal_first", [y[0]]),
    ]
    return [
        helper.make_node("Sub", ["linked", "cal_from"], ["cal_past"]),
        helper.make_node("Max", ["cal_past", "cal_zero"], ["cal_positive"]),
        helper.make_node("Min", ["cal_positive", "cal_width"], ["cal_within"]),
        helper.make_node("MatMul", ["cal_within", "cal_slope"], ["cal_risen"]),
        helper.make_node("Add", ["cal_risen", "cal_first"], ["prediction"]),
    ]


def logit_nodes(constants):
    constants += [constant("p_low", 1e-6), constant("p_high", 1 - 1e-6), constant("p_one", [1.0])]
    return [
        helper.make_node("Clip", ["linked", "p_low", "p_high"], ["p_inside"]),
        helper.make_node("Sub", ["p_one", "p_inside"], ["p_other"]),
        helper.make_node("Div", ["p_inside", "p_other"], ["p_odds"]),
        helper.make_node("Log", ["p_odds"], ["logit"]),
    ]


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values, dtype=np.float32), name)
