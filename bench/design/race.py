#!/usr/bin/env python3
"""Tables of races run by the optimiser harness: medians, quartiles, differences paired by seed.

    python run.py --problems ... --methods external --label nilo --cmd target/release/examples/serve ... --out ours.jsonl
    python run.py --problems ... --methods qlognei,ts,jointmc,qlognparego ... --out theirs.jsonl
    python bench/design/race.py ours.jsonl theirs.jsonl

`run.py` is the harness's (shared/optimizers): the same first plate and the same seeds for every method. Of each run its last round
counts, if it is the last of the run: runs that were cut short are left out and named. The difference is the mean over common seeds
of our regret less theirs, with a 95 % bootstrap interval; negative is better.
"""
import json
import random
import sys
from collections import defaultdict

OURS = "nilo"
DRAWS = 4000


def load(paths):
    runs, cut = {}, set()
    for path in paths:
        for line in open(path):
            r = json.loads(line)
            key = (r["problem"], r["q"], r["method"], r["seed"])
            if "stopped" in r or "error" in r:
                cut.add(key)
            elif "round" in r and r.get("regret") is not None:
                runs[key] = r
    rounds = defaultdict(int)
    for (problem, q, _, _), r in runs.items():
        rounds[problem, q] = max(rounds[problem, q], r["round"])
    whole = {k: r for k, r in runs.items() if k not in cut and r["round"] == rounds[k[0], k[1]]}
    return whole, sorted(cut | (set(runs) - set(whole)))


def quartiles(values):
    values = sorted(values)

    def at(share):
        place = share * (len(values) - 1)
        low = int(place)
        return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)
    return at(0.5), at(0.25), at(0.75)


def number(x):
    return f"{x:.4f}" if abs(x) < 1 else f"{x:.2f}"


def paired(differences):
    if len(differences) < 3:
        return " / ".join(f"{d:+.4f}" for d in differences) + " (too few seeds for an interval)"
    rng = random.Random(1)
    n = len(differences)
    means = sorted(sum(rng.choice(differences) for _ in range(n)) / n for _ in range(DRAWS))
    mean = sum(differences) / n
    return f"{mean:+.4f} ({means[DRAWS // 40]:+.4f} to {means[-DRAWS // 40]:+.4f})"


def main():
    runs, cut = load(sys.argv[1:])
    scores = defaultdict(dict)
    for (problem, q, method, seed), r in runs.items():
        scores[problem, q, method][seed] = (r["regret"], r["n"])
    print("| problem | q | method | seeds | final regret, median (quartiles) | ours less theirs, paired |")
    print("|---|---|---|---|---|---|")
    for problem, q, method in sorted(scores, key=lambda k: (k[1], k[0], k[2] != OURS, k[2])):
        own = scores[problem, q, method]
        median, low, high = quartiles([regret for regret, _ in own.values()])
        ours = scores.get((problem, q, OURS), {})
        common = sorted(set(own) & set(ours))
        against = paired([ours[s][0] - own[s][0] for s in common]) if method != OURS and common else ""
        print(f"| {problem} | {q} | {method} | {len(own)} | {number(median)} ({number(low)}-{number(high)}) | {against} |")
    for key in cut:
        print(f"\nNot whole: {key}", file=sys.stderr)


if __name__ == "__main__":
    main()
