"""Reference values for the measures: correlations, tests, maps and drift from SciPy, NCM from PyTorch.

    python make_reference.py      # needs numpy, scipy, torch; writes ../resources/measures/*.json
"""

import json
import math
import pathlib

import numpy as np
import torch
from scipy import optimize, stats

OUT = pathlib.Path(__file__).parent.parent / "resources" / "measures"
rng = np.random.default_rng(20250306)


def correlations(name, x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    return {
        "name": name,
        "labels": x.tolist(),
        "predictions": y.tolist(),
        "plcc": stats.pearsonr(x, y).statistic,
        "srcc": stats.spearmanr(x, y).statistic,
        "krcc": stats.kendalltau(x, y).statistic,
        "mae": float(np.mean(np.abs(y - x))),
        "rmse": float(np.sqrt(np.mean((y - x) ** 2))),
    }


def correlation_cases():
    label = np.round(rng.uniform(1, 9.99, 60), 2)
    return [
        correlations("two rows", [1.0, 2.0], [5.0, 4.0]),
        correlations("three rows", [1.0, 2.0, 4.0], [1.0, 3.0, 2.0]),
        correlations("good predictions, two decimals", label, np.round(label + rng.normal(0, 0.7, 60), 2)),
        correlations("unrelated, near zero", label, rng.uniform(0, 9.99, 60)),
        correlations("reversed", label, -label),
        correlations("perfect", label, label),
        correlations("ties on both sides", rng.integers(0, 4, 80), rng.integers(0, 3, 80)),
        correlations("one row differs", [5.0] * 9 + [6.0], list(rng.permutation(10))),
        correlations("zeros of both signs", [0.0, -0.0, 1.0, 2.0, 0.0], [-0.0, 0.0, 2.0, 1.0, 5.0]),
        correlations("large offset", label + 1e6, label * 3 + rng.normal(0, 1, 60) - 1e6),
        correlations("tiny values", label * 1e-9, label * 1e-9 + rng.normal(0, 1e-9, 60)),
        correlations("many magnitudes", 10.0 ** rng.uniform(-3, 3, 50), 10.0 ** rng.uniform(-3, 3, 50)),
    ]


def williams(y, a, b):
    """Williams 1959 as in Steiger 1980, equation 7."""
    n = len(y)
    r12, r13, r23 = (stats.pearsonr(p, q).statistic for p, q in ((y, a), (y, b), (a, b)))
    det = np.linalg.det(np.array([[1, r12, r13], [r12, 1, r23], [r13, r23, 1]]))
    rbar = (r12 + r13) / 2
    t = (r13 - r12) * math.sqrt((n - 1) * (1 + r23) / (2 * (n - 1) / (n - 3) * det + rbar**2 * (1 - r23) ** 3))
    return t, 2 * stats.t.sf(abs(t), n - 3)


def williams_cases():
    cases = []
    for n, sa, sb in ((40, 1.0, 1.4), (25, 2.0, 0.5), (200, 1.0, 1.05)):
        y = rng.uniform(1, 10, n)
        a, b = y + rng.normal(0, sa, n), y + rng.normal(0, sb, n)
        t, p = williams(y, a, b)
        cases.append({"labels": y.tolist(), "first": a.tolist(), "second": b.tolist(), "t": t, "p": float(p)})
    return cases


def map_cases():
    cases = []
    for n in (40, 120):
        x = np.round(rng.uniform(0, 10, n), 1)
        y = 1 + 8 / (1 + np.exp(-(x - 5) / 1.2)) + rng.normal(0, 0.4, n)

        def f(v, b1, b2, b3, b4):
            return b2 + (b1 - b2) / (1 + np.exp(-(v - b3) / np.abs(b4)))

        p, _ = optimize.curve_fit(f, x, y, p0=[y.max(), y.min(), x.mean(), x.std() / 4], maxfev=20000, xtol=1e-14, ftol=1e-14)
        knots = np.unique(x)
        means = np.array([y[x == k].mean() for k in knots])
        weights = np.array([(x == k).sum() for k in knots], float)
        cases.append(
            {
                "predictions": x.tolist(),
                "labels": y.tolist(),
                "logistic": f(x, *p).tolist(),
                "knots": knots.tolist(),
                "isotonic": optimize.isotonic_regression(means, weights=weights).x.tolist(),
            }
        )
    return cases


def ks_cases():
    cases = []
    for a, b in (
        (rng.normal(5, 1, 80), rng.normal(5.5, 1, 120)),
        (np.round(rng.normal(5, 1, 300), 1), np.round(rng.normal(5, 1.3, 200), 1)),
        (rng.normal(0, 1, 50), rng.normal(4, 1, 50)),
    ):
        d = stats.ks_2samp(a, b).statistic
        n = len(a) * len(b) / (len(a) + len(b))
        cases.append(
            {
                "reference": a.tolist(),
                "current": b.tolist(),
                "statistic": float(d),
                "p": float(stats.kstwobign.sf(d * math.sqrt(n))),
            }
        )
    return cases


# NCM: the release's definition on whole token sequences over a vocabulary, with Qwen2-VL's ids for '.' and the digits.
POINT, ZERO, VOCABULARY = 13, 15, 40


def ncm(label, logits):
    """logits [tokens, vocabulary]: row i predicts token i of the label."""
    ids = torch.tensor([POINT if c == "." else ZERO + int(c) for c in label])
    values = torch.arange(10, dtype=torch.float64)
    point = int((ids == POINT).nonzero()[0])

    def expectation(at, star):
        if not ZERO <= int(ids[at]) < ZERO + 10:
            return torch.tensor(0.0, dtype=torch.float64)  # a label such as 7.0: the full stop ends it
        v = values.clone()
        if star:
            v[int(ids[at]) - ZERO] = 0
        return torch.dot(v, torch.softmax(logits[at, ZERO : ZERO + 10], dim=0))

    def prediction(star):
        return expectation(point - 1, star) + 0.1 * expectation(point + 1, star) + 0.01 * expectation(point + 2, star)

    target = torch.tensor(float(label.rstrip(".")), dtype=torch.float64)
    return [
        float(prediction(False)),
        float(prediction(True)),
        float(torch.nn.functional.mse_loss(prediction(False), target)),
        float(torch.nn.functional.mse_loss(prediction(True), target)),
    ]


def ncm_cases():
    generator = torch.Generator().manual_seed(7)
    labels = ["9.99", "1.00", "7.0", "0.00", "0.0", "9.9"] + ["%.2f" % v for v in rng.uniform(0, 9.99, 14)]
    cases = []
    for i, label in enumerate(labels):
        tokens = label + "."
        logits = torch.randn(len(tokens), VOCABULARY, generator=generator, dtype=torch.float64) * (1, 4, 20)[i % 3]
        at = [j for j, c in enumerate(tokens) if c != "."]
        cases.append(
            {
                "label": label,
                "digit_logits": logits[at][:, ZERO : ZERO + 10].tolist(),
                "expected": ncm(tokens, logits),
            }
        )
    return cases


OUT.mkdir(parents=True, exist_ok=True)
for name, content in {
    "correlations": correlation_cases(),
    "williams": williams_cases(),
    "maps": map_cases(),
    "ks": ks_cases(),
    "ncm": ncm_cases(),
}.items():
    (OUT / f"{name}.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in content) + "\n]\n")
