#!/usr/bin/env python3
"""Acceleration and enhancement over random search on measured pools, one experiment at a time, as published studies of them do.

    OPTBENCH=../shared/optimizers NILO_DATA=../shared/data python bench/design/pools.py target/release/examples/serve [SEEDS] [POOL...]

As in Liang and others, npj Comput. Mater. 7 (2021) 188: two experiments at random, then one at a time; counted is the share of the
pool's best 5 % found. AF: how many experiments random search takes to find 80 % of them over how many the engine took. EF at n: share
found after n experiments over the share that random search finds; its largest value and where it is. Random search is taken at its
expectation.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
OPTBENCH = Path(os.environ.get("OPTBENCH", ROOT / "shared" / "optimizers"))
os.environ.setdefault("OPTBENCH_DATA", os.environ.get("NILO_DATA", str(ROOT / "shared" / "data")))
sys.path.insert(0, str(OPTBENCH))
from optbench import problems  # noqa: E402

POOLS = ["crossed_barrel", "p3ht", "agnp", "autoam", "perovskites"]
TOP, GOAL, FIRST = 0.05, 0.8, 2


def found(command, problem, seed):
    """The share of the best found after 1, 2, ... experiments, until 80 % are."""
    sp, objective = problem.space, problem.objectives[0]
    sign = problem.signs()[0]
    values = np.array([t[objective["name"]] for t in problem.true(sp.candidates)])
    count = max(1, int(round(TOP * len(values))))
    best = set(np.argsort(-sign * values, kind="stable")[:count].tolist())
    engine = subprocess.Popen([command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def talk(message):
        engine.stdin.write(json.dumps(message) + "\n")
        engine.stdin.flush()
        answer = json.loads(engine.stdout.readline())
        assert answer["ok"], answer
        return answer
    rows = [[c[n] for n in sp.names] for c in sp.candidates]
    talk({"op": "init", "protocol": 1, "space": sp.to_json(), "objectives": problem.objectives,
          "candidates": {"columns": sp.names, "rows": rows}, "batch": 1, "seed": seed})
    chosen = np.random.default_rng(seed + 101).choice(len(rows), FIRST, replace=False).tolist()
    told, shares = [], []
    while True:
        for row in chosen:
            told.append(row)
            shares.append(len(best & set(told)) / count)
            talk({"op": "tell", "trials": [{"candidate": int(row), "outcomes": {objective["name"]: float(values[row])}}]})
        if shares[-1] >= GOAL - 1e-9 or len(told) == len(rows):
            engine.stdin.write('{"op":"end"}\n')
            engine.stdin.close()
            engine.wait()
            return len(rows), shares
        chosen = [trial["candidate"] for trial in talk({"op": "ask", "q": 1})["trials"]]


def main():
    command, seeds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    for name in sys.argv[3:] or POOLS:
        problem = problems.make(name)
        needed, curves = [], []
        for seed in range(seeds):
            rows, shares = found(command, problem, seed)
            needed.append(len(shares))
            curves.append(shares)
        # A run that is done is taken to find nothing more: the enhancement is not overstated.
        longest = max(map(len, curves))
        mean = np.mean([c + [c[-1]] * (longest - len(c)) for c in curves], axis=0)
        enhancement = mean / (np.arange(1, longest + 1) / rows)
        place = int(np.argmax(enhancement[FIRST:])) + FIRST
        print(f"{name}: {rows} rows, {seeds} seeds, {np.mean(needed):.1f} experiments to {GOAL:.0%} ({min(needed)}-{max(needed)}), "
              f"AF {GOAL * rows / np.mean(needed):.2f}, EF max {enhancement[place]:.2f} at n = {place + 1}", flush=True)


if __name__ == "__main__":
    main()
