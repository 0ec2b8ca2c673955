"""Makes a trainer for hone a matter of one function.

    from hone_trainer import run

    def fit(train, valid, params, weights):
        ...
        return estimator

    if __name__ == "__main__":
        run(fit)

``train`` and ``valid`` are :class:`Rows` (``valid`` is None in a refit), ``params`` is :class:`Params` (a dict with the
seed, the threads and the job's progress and stop hooks), ``weights`` is a float64 array, one a training row, or None.
The estimator is trained on ``train.x``: float32, numeric columns first, then one ordinal code a category (-1 is missing
or unseen). What comes back may be of LightGBM, XGBoost or scikit-learn; the library writes every file of the contract.
"""

from .errors import BadData, BadJob, Stopped
from .job import Params
from .rows import Rows
from .run import run

__all__ = ["BadData", "BadJob", "Params", "Rows", "Stopped", "run"]
