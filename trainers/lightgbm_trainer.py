"""The shipped default trainer: LightGBM on ordinal codes, deterministic for a seed and a number of threads."""

import difflib
import json

import lightgbm as lgb
import numpy as np

from hone_trainer import BadJob, Stopped, run
from hone_trainer.outputs import write_bytes, write_json

# One main metric a task, for progress and early stopping; LightGBM's own names.
METRICS = {"binary": "binary_logloss", "multiclass": "multi_logloss", "regression": "l2"}
OBJECTIVES = {
    "binary": ("binary",),
    "multiclass": ("multiclass",),
    "regression": ("regression", "regression_l1", "huber", "fair", "quantile", "mape", "poisson", "gamma", "tweedie"),
}
# What the job decides, not the parameters.
RESERVED = {"num_threads", "seed", "deterministic", "data", "valid", "metric", "num_class", "task", "categorical_feature", "input_model", "output_model"}
SAMPLING = {"bagging_freq": 0, "feature_fraction": 1.0, "feature_fraction_bynode": 1.0, "extra_trees": False}


def fit(train, valid, params, weights):
    wanted, rounds, patience = settle(params, has_validation=valid is not None)
    wanted |= {
        "objective": wanted.get("objective", OBJECTIVES[params.task][0]),
        "metric": METRICS[params.task],
        "num_class": params.classes if params.task == "multiclass" else 1,
        "seed": params.seed,
        "num_threads": params.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    names = [f"f{i}" for i in range(len(train.names))]  # LightGBM refuses some characters that column names may hold
    rows = lgb.Dataset(train.x, train.y, weight=weights, feature_name=names, params=wanted, free_raw_data=False)
    valid_sets = [lgb.Dataset(valid.x, valid.y, weight=valid.weight, reference=rows, free_raw_data=False)] if valid else []
    course = Course(params, rounds, patience, wanted)
    remaining = rounds - course.done
    if remaining <= 0 or course.exhausted():
        return course.finish(lgb.Booster(model_file=str(course.model_file)))
    try:
        booster = lgb.train(
            wanted,
            rows,
            num_boost_round=remaining,
            valid_sets=valid_sets,
            valid_names=["valid"] if valid else [],
            init_model=str(course.model_file) if course.done else None,
            callbacks=[course],
        )
    except lgb.basic.LightGBMError as problem:
        raise BadJob(f"LightGBM refused the job: {problem}") from problem
    return course.finish(booster)


def settle(params, has_validation):
    """LightGBM's main names, the number of rounds, and early stopping's patience (None: off). Raises BadJob by name."""
    main_name = aliases()
    wanted = {}
    for name, value in params.items():
        main = main_name.get(name)
        if main is None:
            near = difflib.get_close_matches(name, sorted(set(main_name.values())), n=1) or difflib.get_close_matches(name, main_name, n=1)
            raise BadJob(f"LightGBM has no parameter '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
        if main in RESERVED:
            raise BadJob(f"the parameter '{name}' is set by the job (task, seed, threads) and may not be in training.params")
        if main in wanted:
            raise BadJob(f"the parameter '{name}' is given twice under two names ('{main}')")
        wanted[main] = value
    objective = wanted.get("objective", OBJECTIVES[params.task][0])
    if objective not in OBJECTIVES[params.task]:
        raise BadJob(f"the objective '{objective}' is not supported for a {params.task} model; supported: {', '.join(OBJECTIVES[params.task])}")
    for name, why in (("linear_tree", "cannot be exported"), ("zero_as_missing", "cannot be exported"), ("reg_sqrt", "cannot be exported")):
        if wanted.get(name):
            raise BadJob(f"the parameter '{name}' {why}; leave it out")
    rounds = positive_integer("n_estimators", wanted.pop("num_iterations", 100))
    patience = wanted.pop("early_stopping_round", None)
    patience = None if patience in (None, 0) else positive_integer("early_stopping_rounds", patience)
    if params.rounds is not None:
        return wanted, params.rounds, None
    if patience is not None and not has_validation:
        raise BadJob("early_stopping_rounds needs validation rows; a refit names its number of rounds instead")
    if patience is not None and wanted.get("boosting") == "dart":
        raise BadJob("early_stopping_rounds cannot be used with boosting: dart, which changes earlier trees")
    return wanted, rounds, patience


def aliases():
    """Main name by each name that LightGBM accepts."""
    known = lgb.basic._ConfigAliases._get_all_param_aliases()
    return {name: main for main, others in known.items() for name in (main, *others)}


def positive_integer(name, value):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value) or value < 1:
        raise BadJob(f"{name} must be a whole number of at least 1, got {value!r}")
    return int(value)


def resumable(wanted):
    """Random sampling and dart carry state from round to round that a checkpoint does not hold: they start again."""
    plain = wanted.get("boosting", "gbdt") in ("gbdt", "gbrt") and wanted.get("data_sample_strategy", "bagging") == "bagging"
    return plain and all(wanted.get(name, normal) == normal for name, normal in SAMPLING.items())


class Course:
    """Follows training round by round: progress, early stopping, checkpoint on SIGTERM, and where a checkpoint left off."""

    order = 40
    before_iteration = False

    def __init__(self, params, rounds, patience, wanted):
        self.params, self.rounds, self.patience = params, rounds, patience
        self.history = []
        folder = params.checkpoint_dir if resumable(wanted) else None
        recipe = {name: value for name, value in wanted.items() if name != "num_threads"}
        self.recipe = json.dumps([recipe, rounds, patience], sort_keys=True)
        self.model_file = folder / "lightgbm.txt" if folder else None
        self.state_file = folder / "lightgbm.json" if folder else None
        if self.state_file and self.state_file.exists() and self.model_file.exists():
            found = json.loads(self.state_file.read_text())
            self.history = found["history"] if found["recipe"] == self.recipe else []  # of other parameters: start again
        self.done = len(self.history)
        if self.done:
            params.log(f"goes on from the checkpoint at round {self.done} of {rounds}")

    def __call__(self, env):
        value = env.evaluation_result_list[0][2] if env.evaluation_result_list else None
        self.history.append(value)
        step = len(self.history)
        if step % 5 == 0 or step == self.rounds:
            name = METRICS[self.params.task]
            self.params.progress(step, self.rounds, {} if value is None else {name: value})
        if self.params.stopping():
            self.save(env.model, step)
        if self.exhausted():
            raise lgb.callback.EarlyStopException(self.best() - 1, env.evaluation_result_list)

    def save(self, booster, step):
        if self.model_file is None:
            raise Stopped(f"stopped at round {step} of {self.rounds}; this job samples at random, a retry starts again")
        write_bytes(self.model_file.parent, self.model_file.name, booster.model_to_string(num_iteration=-1).encode())
        write_json(self.state_file.parent, self.state_file.name, {"recipe": self.recipe, "history": self.history})
        raise Stopped(f"stopped at round {step} of {self.rounds} with a checkpoint")

    def best(self):
        """Rounds up to the best one; all of them without early stopping."""
        return int(np.argmin(self.history)) + 1 if self.patience else len(self.history)

    def exhausted(self):
        return bool(self.patience and self.history) and len(self.history) - self.best() >= self.patience

    def finish(self, booster):
        booster.best_iteration = self.best()
        return booster


if __name__ == "__main__":
    run(fit)
