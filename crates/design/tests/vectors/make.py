#!/usr/bin/env python3
"""Writes gp.json: marginal likelihoods, gradients and posteriors to 50 digits, by mpmath.

    python make.py > gp.json

The definitions are written out here from the documentation of the kernel alone: Matern-5/2 of the scaled
distance over all groups; the mean over groups of a Matern-5/2 of each; the mean over pairs of groups of
their products; a constant mean at its most likely value; noise on the diagonal. Gradients are central
differences of the likelihood with a step of 1e-20.
"""
import json
import random

from mpmath import cholesky_solve, exp, log, matrix, mp, mpf, pi, sqrt, det

mp.dps = 60
FLOOR = mpf("1e-9")


def squares(a, b):
    # Groups: column 0 a number, column 1 a code, columns 2 and 3 a vector.
    return [(mpf(a[0]) - mpf(b[0])) ** 2, mpf(0 if a[1] == b[1] else 1),
            (mpf(a[2]) - mpf(b[2])) ** 2 + (mpf(a[3]) - mpf(b[3])) ** 2]


def matern(d2):
    t = sqrt(5 * d2)
    return (1 + t + t * t / 3) * exp(-t)


def kernel(shape, logs, a, b):
    d2, g = squares(a, b), 3
    k = exp(logs[0]) * matern(sum(d2[i] * exp(-2 * logs[1 + i]) for i in range(g)))
    if shape != "radial":
        one = [matern(d2[i] * exp(-2 * logs[2 + g + i])) for i in range(g)]
        k += exp(logs[1 + g]) * sum(one) / g
    if shape == "paired":
        k += exp(logs[2 + 2 * g]) * (one[0] * one[1] + one[0] * one[2] + one[1] * one[2]) / 3
    return k


def covariance(shape, numbers, rows, share, known):
    n = len(rows)
    k = matrix(n, n)
    for i in range(n):
        for j in range(n):
            k[i, j] = kernel(shape, numbers[:-1], rows[i], rows[j])
        k[i, i] += mpf(share[i]) * exp(numbers[-1]) + mpf(known[i]) + FLOOR
    return k


def centred(k, y):
    n = len(y)
    ones = matrix([mpf(1)] * n)
    w = cholesky_solve(k, ones)
    mean = sum(w[i] * y[i] for i in range(n)) / sum(w[i] for i in range(n))
    return mean, matrix([y[i] - mean for i in range(n)])


def likelihood(shape, numbers, rows, y, share, known):
    k = covariance(shape, numbers, rows, share, known)
    _, r = centred(k, y)
    a = cholesky_solve(k, r)
    n = len(y)
    return -sum(a[i] * r[i] for i in range(n)) / 2 - log(det(k)) / 2 - mpf(n) / 2 * log(2 * pi)


def main():
    rng = random.Random(20260101)
    cases = []
    for shape, count in (("radial", 4), ("single", 8), ("paired", 9)):
        for n in (1, 2, 14):
            def draw():
                return [round(rng.random(), 3), float(rng.randrange(3)), round(rng.random(), 3), round(rng.random(), 3)]
            rows = [draw() for _ in range(n)]
            values = [round(rng.gauss(0, 1), 3) for _ in range(n)]
            share = [rng.choice([1.0, 0.5, 0.0]) for _ in range(n)]
            known = [0.0 if s else 0.015625 for s in share]
            numbers = [round(rng.uniform(-1, 0.7), 3) for _ in range(count)] + [-3.25]
            m, y = [mpf(v) for v in numbers], [mpf(v) for v in values]
            h = mpf("1e-20")
            gradient = []
            for i in range(len(m)):
                up, down = list(m), list(m)
                up[i] += h
                down[i] -= h
                gradient.append((likelihood(shape, up, rows, y, share, known) - likelihood(shape, down, rows, y, share, known)) / (2 * h))
            k = covariance(shape, m, rows, share, known)
            mean, r = centred(k, y)
            a = cholesky_solve(k, r)
            points, means, variances = [draw() for _ in range(3)] + [rows[0]], [], []
            for p in points:
                c = matrix([kernel(shape, m[:-1], p, x) for x in rows])
                b = cholesky_solve(k, c)
                means.append(mean + sum(c[i] * a[i] for i in range(n)))
                variances.append(kernel(shape, m[:-1], p, p) - sum(c[i] * b[i] for i in range(n)))
            cases.append({"shape": shape, "numbers": numbers, "rows": rows, "values": values, "noise_share": share,
                          "noise_known": known, "likelihood": float(likelihood(shape, m, rows, y, share, known)),
                          "gradient": [float(v) for v in gradient], "points": points,
                          "means": [float(v) for v in means], "variances": [float(v) for v in variances]})
    print(json.dumps(cases, indent=1))


if __name__ == "__main__":
    main()
