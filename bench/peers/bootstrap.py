"""The paired bootstrap as it is usually written with numpy: sort once, multinomial counts, cumulative sums.

Reads labels, two models' scores and block numbers as raw files; prints CPU seconds and the figures for comparison.
"""

import json
import sys
import time

import numpy as np

folder, resamples, blocks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
labels = np.fromfile(f"{folder}/labels.f64")
scores = [np.fromfile(f"{folder}/{name}.f64") for name in ("a", "b")]
block = np.fromfile(f"{folder}/block.i32", dtype=np.int32)

start = time.process_time()
random = np.random.default_rng(1)


def prepare(score):
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    clipped = np.clip(score, np.finfo(float).eps, 1 - np.finfo(float).eps)
    loss = np.where(labels == 1, -np.log(clipped), -np.log1p(-clipped))
    return order, ends, labels[order] == 1, loss


def figures(prepared, weight):
    order, ends, positive, loss = prepared
    ordered = weight[order]
    p = np.diff(np.cumsum(np.where(positive, ordered, 0.0))[ends], prepend=0.0)
    total = np.cumsum(np.where(positive, 0.0, ordered))[ends]
    n = np.diff(total, prepend=0.0)
    auc = np.sum(p * (total - n / 2)) / (p.sum() * total[-1])
    whole = weight.sum()
    return np.array([auc, -(weight @ loss) / whole])


models = [prepare(score) for score in scores]
ones = np.ones(len(labels))
estimate = figures(models[0], ones) - figures(models[1], ones)
replicates = np.empty((resamples, 2))
for r in range(resamples):
    weight = np.bincount(random.integers(0, blocks, blocks), minlength=blocks).astype(float)[block]
    replicates[r] = figures(models[0], weight) - figures(models[1], weight)
bounds = np.quantile(replicates, [0.05, 0.95], axis=0)
seconds = time.process_time() - start
json.dump(
    {"seconds": seconds, "estimate": estimate.tolist(), "lower": bounds[0].tolist(), "upper": bounds[1].tolist()},
    sys.stdout,
)
