"""Gradient-boosted trees (LightGBM, its own defaults) on features of windows: one answer per window, a JSON list.

usage: gradientBoosting.py FEATURES WIDTH, then one JSON object on standard input: {"label": [...], "person": [...],
"leftOut": [...]}. FEATURES is a file of float64, WIDTH of them per window. The windows of each person in leftOut are
answered by trees that were fitted on all others; the rest are answered with -1.
"""

import json
import sys

import numpy as np
from lightgbm import LGBMClassifier

features = np.fromfile(sys.argv[1]).reshape(-1, int(sys.argv[2]))
windows = json.load(sys.stdin)
label = np.array(windows["label"])
person = np.array(windows["person"])
answers = np.full(len(label), -1)
for left_out in windows["leftOut"]:
    mine = person == left_out
    if mine.any():
        trees = LGBMClassifier(random_state=1, n_jobs=1, verbose=-1).fit(features[~mine], label[~mine])
        answers[mine] = trees.predict(features[mine])
json.dump(answers.tolist(), sys.stdout)
