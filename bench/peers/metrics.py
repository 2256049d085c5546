"""AUROC, FPR at 95 % TPR and average precision by scikit-learn."""

import os

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from serve import serve, timed

state = {}


def load(folder):
    scores = [np.fromfile(os.path.join(folder, name)) for name in ("in.bin", "out.bin")]
    state["scores"] = np.concatenate(scores)
    state["labels"] = np.concatenate([np.ones(len(scores[0]), np.int8), np.zeros(len(scores[1]), np.int8)])
    return {}


def fpr_at_tpr(labels, scores):
    fpr, tpr, _ = roc_curve(labels, scores)
    return fpr[np.argmax(tpr >= 0.95)]


METRICS = {"auroc": roc_auc_score, "fprAtTpr": fpr_at_tpr, "aupr": average_precision_score}


def score(metric):
    value, ms = timed(lambda: METRICS[metric](state["labels"], state["scores"]))
    return {"ms": ms, "value": float(value)}


if __name__ == "__main__":
    serve({"load": load, "score": score}, {"scikit-learn": sklearn.__version__, "numpy": np.__version__})
