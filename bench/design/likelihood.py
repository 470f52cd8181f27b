#!/usr/bin/env python3
"""Is the likelihood that the engine's fit reaches as high as GPyTorch's?

    cargo run --release -p design --example bench -- likelihood TABLE... | python bench/design/likelihood.py

Tables are those of `tables.py`. Both fit the same model to the same rows: a constant mean, a Matérn-5/2 kernel with a length scale to
each factor, normal noise, the same priors (crates/design/src/gp/prior.rs). GPyTorch's is fitted by SciPy's L-BFGS-B from the prior's
mean and from draws of the prior. Printed are the log posteriors (log marginal likelihood plus log prior without its constant), which
both make largest, GPyTorch's value at the numbers that the engine found (the two must agree), and CPU seconds.
"""
import json
import math
import sys
import time
from pathlib import Path

import gpytorch
import numpy as np
import torch
from scipy.optimize import minimize

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
RESTARTS = 5
FLOOR = 1e-9  # error variance that every row of the engine's has


def encoded(task, rows):
    """Columns, and the factor each belongs to: numbers over their range; levels as corners at a distance of 1."""
    columns, owners = [], []
    for place, p in enumerate(task["space"]["params"]):
        values = [task["candidates"]["rows"][r][task["candidates"]["columns"].index(p["name"])] for r in rows]
        if p["type"] == "categorical":
            for level in p["values"]:
                columns.append([(v == level) / math.sqrt(2) for v in values])
                owners.append(place)
            continue
        low, high = (min(p["values"]), max(p["values"])) if p["type"] == "discrete" else (p["low"], p["high"])
        scale = math.log if p.get("log") else float
        columns.append([(scale(v) - scale(low)) / ((scale(high) - scale(low)) or 1.0) for v in values])
        owners.append(place)
    return np.array(columns).T, owners


def priors(kinds):
    """Mean, standard deviation, bounds of each number: log variance, log length scales, log noise."""
    root = math.log(len(kinds)) / 2
    less = [math.sqrt(3) / 2 if kind == "categorical" else 2 for kind in kinds]
    lengths = [(math.sqrt(2) + root - less, math.sqrt(3), -4.6, 7 + root) for less in less]
    return np.array([(0.0, 1.5, -12.0, 6.0)] + lengths + [(-6.0, 2.5, -18.0, 1.0)])


def posterior(x, y, owners, kinds):
    """The log posterior and its gradient by the numbers; the mean is at its best for them."""
    belief = torch.tensor(priors(kinds))
    kernel = gpytorch.kernels.MaternKernel(nu=2.5)
    kernel.lengthscale = 1.0
    kernel.requires_grad_(False)
    ones, owners = torch.ones_like(y), torch.tensor(owners)

    def value(numbers):
        t = torch.tensor(numbers, requires_grad=True)
        scaled = x * torch.exp(-t[1:-1])[owners]
        covariance = torch.exp(t[0]) * kernel(scaled).to_dense() + (torch.exp(t[-1]) + FLOOR) * torch.eye(len(y))
        weights = torch.cholesky_solve(ones[:, None], torch.linalg.cholesky(covariance))[:, 0]
        mean = (weights @ y) / weights.sum()
        with gpytorch.settings.fast_computations(False, False, False):
            log = gpytorch.distributions.MultivariateNormal(mean * ones, covariance).log_prob(y)
        total = log - 0.5 * (((t - belief[:, 0]) / belief[:, 1]) ** 2).sum()
        total.backward()
        return total.item(), t.grad.numpy()
    return value


def best(value, kinds):
    rng = np.random.default_rng(1)
    belief = priors(kinds)
    found = -math.inf
    for restart in range(RESTARTS):
        start = belief[:, 0] if restart == 0 else rng.normal(belief[:, 0], belief[:, 1])
        start = np.clip(start, belief[:, 2], belief[:, 3])

        def down(numbers):
            try:
                height, slope = value(numbers)
            except Exception:  # nothing can be factored there
                return 1e10, np.zeros_like(numbers)
            return -height, -slope
        end = minimize(down, start, jac=True, method="L-BFGS-B", bounds=belief[:, 2:], options={"maxiter": 500})
        found = max(found, -end.fun)
    return found


def main():
    print("| table | rows | factors | ours | GPyTorch, best of 5 starts | difference | GPyTorch at our numbers, less ours | CPU s, ours | CPU s, GPyTorch |")
    print("|---|---|---|---|---|---|---|---|---|")
    for line in sys.stdin:
        ours = json.loads(line)
        file = json.load(open(ours["table"]))
        rows = ours["rows"]
        x, owners = encoded(file["init"], rows)
        y = np.array([file["outcomes"][r][0] for r in rows])
        if file["init"]["objectives"][0]["goal"] == "min":
            y = -y
        y = (y - y.mean()) / y.std()
        kinds = [p["type"] for p in file["init"]["space"]["params"]]
        value = posterior(torch.tensor(x), torch.tensor(y), owners, kinds)
        there, _ = value(np.array([ours["log_variance"], *ours["log_lengths"], ours["log_noise"]]))
        before = time.process_time()
        theirs = best(value, kinds)
        spent = time.process_time() - before
        own = ours["log_posterior"]
        name = Path(ours["table"]).stem
        print(f"| {name} | {len(rows)} | {len(kinds)} | {own:.3f} | {theirs:.3f} | {own - theirs:+.3f} | {there - own:+.1e} | {ours['cpu_s']:.2f} | {spent:.1f} |", flush=True)


if __name__ == "__main__":
    main()
