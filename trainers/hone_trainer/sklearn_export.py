"""scikit-learn to ONNX through skl2onnx, whose graph becomes a part of ours."""

import warnings

import numpy as np
from onnx import TensorProto, compose, helper

from .errors import BadJob
from .exported import Exported, shares


def export_sklearn(estimator, params, names):
    try:
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import FloatTensorType
        from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator
    except ImportError as problem:
        raise BadJob("exporting scikit-learn estimators needs skl2onnx: use trainers/requirements-extra.txt") from problem
    classifies = params.task != "regression"
    if classifies and not hasattr(estimator, "predict_proba"):
        raise BadJob(f"{describe(estimator)} has no predict_proba: a {params.task} model must give probabilities")
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    options = {id(last): {"zipmap": False}} if classifies else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = convert_sklearn(
                estimator,
                initial_types=[("x", FloatTensorType([None, len(names)]))],
                target_opset={"": 17, "ai.onnx.ml": 3},
                options=options,
            )
    except (MissingConverter, MissingShapeCalculator) as problem:
        raise BadJob(f"a step of {describe(estimator)} cannot be exported: {first_line(problem)}") from problem
    except Exception as problem:  # converters raise whatever they meet
        raise BadJob(f"{describe(estimator)} cannot be exported by skl2onnx: {type(problem).__name__}: {first_line(problem)}") from problem
    refuse_foreign(model, estimator)
    graph = compose.add_prefix(model, "fitted_").graph
    nodes = [helper.make_node("Identity", ["x"], ["fitted_x"]), *graph.node]
    last_output = graph.output[1 if classifies else 0].name
    return Exported(
        nodes=[*nodes, *outlet(last_output, params.task)],
        initializers=[*graph.initializer, helper.make_tensor("positive_class", TensorProto.INT64, [1], [1])] if params.task == "binary" else list(graph.initializer),
        link="probability" if classifies else "identity",
        raw=lambda x: predict_raw(estimator, x, params.task),
        best_iteration=int(getattr(last, "n_iter_", 1)) if np.isscalar(getattr(last, "n_iter_", 1)) else 1,
        importance=shares(names, importance(last, len(names))),
    )


def outlet(name, task):
    """Of a binary classifier's two columns the positive one; regressors may leave out the second dimension."""
    if task == "binary":
        return [helper.make_node("Gather", [name, "positive_class"], ["raw"], axis=1)]
    return [helper.make_node("Identity", [name], ["raw"])]


def predict_raw(estimator, x, task):
    if task == "regression":
        return np.asarray(estimator.predict(x), np.float64).reshape(len(x), 1)
    probabilities = np.asarray(estimator.predict_proba(x), np.float64)
    return probabilities[:, 1:2] if task == "binary" else probabilities


def refuse_foreign(model, estimator):
    foreign = sorted({f"{node.domain}.{node.op_type}" for node in model.graph.node if node.domain not in ("", "ai.onnx", "ai.onnx.ml")})
    if foreign:
        raise BadJob(f"{describe(estimator)} would need the operators {', '.join(foreign)}, which are not of standard ONNX")


def importance(last, count):
    """Impurity importance of trees, absolute coefficients of linear models; zeros where steps before changed the columns."""
    values = getattr(last, "feature_importances_", None)
    if values is None and hasattr(last, "coef_"):
        values = np.abs(np.atleast_2d(last.coef_)).sum(axis=0)
    return values if values is not None and len(values) == count else np.zeros(count)


def describe(estimator):
    steps = [type(step).__name__ for _, step in getattr(estimator, "steps", [])]
    return f"{type(estimator).__name__} ({' ▸ '.join(steps)})" if steps else type(estimator).__name__


def first_line(problem):
    return str(problem).strip().split("\n")[0][:300]
