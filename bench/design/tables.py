#!/usr/bin/env python3
"""Writes finite problems of the optimiser harness for the `bench` example of the crate `design`.

    OPTBENCH=../shared/optimizers NILO_DATA=../shared/data python bench/design/tables.py OUT [NAME...]

Each file holds the `init` request of the harness, the outcomes by row, and the first plate of 96 by seed. `gb1` is made from the
measured landscape: the four sites as one sequence; `gb1_random` has first plates at random, as published runs have. `starts.json` holds the harness's first plates for functions, by problem, size and seed:
`bench hartmann6@OUT/starts.json 8 12 20`.
"""
import csv
import json
import os
import sys
from pathlib import Path

import numpy as np

SEEDS = 20
ROOT = Path(__file__).resolve().parents[3]
OPTBENCH = Path(os.environ.get("OPTBENCH", ROOT / "shared" / "optimizers"))
DATA = Path(os.environ.get("NILO_DATA", ROOT / "shared" / "data"))
os.environ.setdefault("OPTBENCH_DATA", str(DATA))
sys.path.insert(0, str(OPTBENCH))
from optbench import problems  # noqa: E402
from optbench.runner import initial_design  # noqa: E402

FUNCTIONS = ["branin2", "hartmann6", "hartmann6_noisy", "ackley10", "levy20"]


def harness(name):
    p = problems.make(name)
    sp = p.space
    rows = [[c[n] for n in sp.names] for c in sp.candidates]
    init = {"op": "init", "protocol": 1, "space": sp.to_json(), "objectives": p.objectives,
            "outcome_constraints": p.constraints, "candidates": {"columns": sp.names, "rows": rows},
            "batch": 96, "rounds": 5, "seed": 0, "ref_point": None if p.ref is None else [float(v) for v in p.ref]}
    outcomes = [[t[o["name"]] for o in p.objectives] for t in p.true(sp.candidates)]
    starts = [[int(i) for i in np.random.default_rng(seed + 101).choice(len(rows), min(96, len(rows)), replace=False)]
              for seed in range(SEEDS)]  # the first plates of optbench/runner.py
    return {"init": init, "outcomes": outcomes, "starts": starts}


def gb1(plates=0):
    rows = list(csv.DictReader(open(DATA / "landscapes" / "gb1.csv")))
    init = {"op": "init", "protocol": 1,
            "space": {"params": [{"name": "sites", "type": "sequence", "alphabet": "ACDEFGHIKLMNPQRSTVWY", "length": 4}]},
            "objectives": [{"name": "fitness", "goal": "max"}],
            "candidates": {"columns": ["sites"], "rows": [[r["variant"]] for r in rows]}, "batch": 96, "rounds": 5, "seed": 0}
    starts = [np.random.default_rng(seed + 101).choice(len(rows), 96, replace=False).tolist() for seed in range(plates)]
    return {"init": init, "outcomes": [[float(r["fitness"])] for r in rows], "starts": starts}


def made(name):
    return {"gb1": gb1, "gb1_random": lambda: gb1(50)}.get(name, lambda: harness(name))()


def starts():
    """First plates on open spaces, as optbench/runner.py draws them: factor values in the order of the space."""
    out = {}
    for name in FUNCTIONS:
        p = problems.make(name)
        out[name] = {}
        for q in (1, 8, 96, 1536):
            plates = [initial_design(p, q, seed) for seed in range(SEEDS if q < 1000 else 3)]
            out[name][q] = [[[c[n] for n in p.space.names] for c in plate] for plate in plates]
    return out


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    names = sys.argv[2:] or ["gb1", "gb1_random"] + [n for n in problems.REGISTRY if problems.make(n).space.candidates is not None]
    (out / "starts.json").write_text(json.dumps(starts()))
    for name in names:
        (out / f"{name}.json").write_text(json.dumps(made(name)))
        print(name)


if __name__ == "__main__":
    main()
