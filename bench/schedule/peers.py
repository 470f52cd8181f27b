"""Races `schedule` against CP-SAT on the same instances, in the same run, on one thread each.

    python -m venv ENV && ENV/bin/pip install ortools
    cargo build --release -p schedule --example bench
    ENV/bin/python bench/schedule/peers.py --seconds 10 FILE...

Instances: labsched-1 (JSON), job shops, flexible job shops. Prints both makespans, CP-SAT's bound, and the ratio
ours / peer (below 1: ours is shorter). CP-SAT starts cold. Both count seconds of the processor, so other work on
the machine costs neither anything.
"""

import argparse
import json
import pathlib
import re
import subprocess
import threading
import time

from ortools.sat.python import cp_model

ROOT = pathlib.Path(__file__).resolve().parents[2]


def lab_model(lab):
    """The rules of labsched-1 as CP-SAT has them: intervals, cumulative resources, no overlap at doors."""
    model = cp_model.CpModel()
    travel, movers, wait = lab["travel"], lab["movers"], lab["wait_max"]
    horizon = 0
    for plate in lab["plates"]:
        steps = lab["workflows"][plate["wf"]]["steps"]
        horizon = max(horizon, plate["release"])
        horizon += sum(s["stay_max"] + 200 for s in steps) + 400
    legs, stays, ends = [], {}, []
    multi = {name: [] for name, t in lab["types"].items() if t["slots"] > 1}

    def interval(start, end, name):
        size = model.new_int_var(0, horizon, f"{name} size")
        return model.new_interval_var(start, size, end, name)

    for number, plate in enumerate(lab["plates"]):
        workflow = lab["workflows"][plate["wf"]]
        begin, end = [], []
        before, left = "hotel", None
        for k, step in enumerate(workflow["steps"]):
            name, kind = f"{number}.{k}", lab["types"][step["type"]]
            b = model.new_int_var(plate["release"], horizon, f"{name} b")
            e = model.new_int_var(plate["release"], horizon, f"{name} e")
            model.add(e - b >= step["stay_min"])
            model.add(e - b <= step["stay_max"])
            way = travel[f"{before}>{step['type']}"]
            if left is None:
                model.add(b - kind["load"] - way >= plate["release"])
                legs.append(model.new_fixed_size_interval_var(b - kind["load"] - way, kind["load"] + way, name))
            else:
                least = lab["types"][before]["unload"] + way + kind["load"]
                model.add(b - left >= least)
                model.add(b - left <= least + wait)
                legs.append(interval(left, b, f"{name} leg"))
            held = interval(b - kind["load"], e + kind["unload"], f"{name} stay")
            if kind["slots"] > 1:
                multi[step["type"]].append((name, b, e))
            else:
                stays.setdefault(step["type"], []).append(held)
            begin.append(b)
            end.append(e)
            before, left = step["type"], e
        for lag in workflow.get("lags", []):
            edge = {"b": begin, "e": end}
            span = edge[lag["be"]][lag["b"]] - edge[lag["ae"]][lag["a"]]
            if lag.get("min") is not None:
                model.add(span >= lag["min"])
            if lag.get("max") is not None:
                model.add(span <= lag["max"])
        home = lab["types"][before]["unload"] + travel[f"{before}>hotel"]
        legs.append(model.new_fixed_size_interval_var(left, home, f"{number} home"))
        ends.append(left + home)
    model.add_cumulative(legs, [1] * len(legs), movers)
    for kind, all_stays in stays.items():
        model.add_cumulative(all_stays, [1] * len(all_stays), lab["types"][kind]["machines"])
    for kind, uses in multi.items():
        about = lab["types"][kind]
        held, doors = [[] for _ in range(about["machines"])], [[] for _ in range(about["machines"])]
        for name, b, e in uses:
            chosen = [model.new_bool_var(f"{name} on {m}") for m in range(about["machines"])]
            model.add_exactly_one(chosen)
            for m, here in enumerate(chosen):
                size = model.new_int_var(0, horizon, "")
                start, over = b - about["load"], e + about["unload"]
                held[m].append(model.new_optional_interval_var(start, size, over, here, ""))
                if about["gate"]:
                    doors[m].append(model.new_optional_fixed_size_interval_var(start, about["load"], here, ""))
                    doors[m].append(model.new_optional_fixed_size_interval_var(e, about["unload"], here, ""))
        for m in range(about["machines"]):
            model.add_cumulative(held[m], [1] * len(held[m]), about["slots"])
            model.add_no_overlap(doors[m])
    makespan = model.new_int_var(0, horizon, "makespan")
    for end in ends:
        model.add(end <= makespan)
    model.minimize(makespan)
    return model


def shop_model(text):
    """A job shop or a flexible one; which it is follows from how many numbers the lines have."""
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    jobs = []
    plain = all(len(row) == 2 * int(rows[0][1]) for row in rows[1:])
    for row in rows[1 : 1 + int(rows[0][0])]:
        numbers, operations = [int(float(word)) for word in row], []
        if plain:
            operations = [[(m, t)] for m, t in zip(numbers[::2], numbers[1::2])]
        else:
            at = 1
            for _ in range(numbers[0]):
                count = numbers[at]
                pairs = numbers[at + 1 : at + 1 + 2 * count]
                operations.append(list(zip(pairs[::2], pairs[1::2])))
                at += 1 + 2 * count
        jobs.append(operations)
    model = cp_model.CpModel()
    horizon = sum(max(t for _, t in o) for job in jobs for o in job)
    machines, makespan = {}, model.new_int_var(0, horizon, "makespan")
    for job in jobs:
        free = 0
        for options in job:
            start = model.new_int_var(0, horizon, "")
            end = model.new_int_var(0, horizon, "")
            model.add(start >= free)
            chosen = [model.new_bool_var("") for _ in options]
            model.add_exactly_one(chosen)
            for (machine, time), here in zip(options, chosen):
                use = model.new_optional_interval_var(start, time, end, here, "")
                machines.setdefault(machine, []).append(use)
            free = end
        model.add(free <= makespan)
    for uses in machines.values():
        model.add_no_overlap(uses)
    model.minimize(makespan)
    return model


def peer(path, seconds):
    text = path.read_text()
    model = lab_model(json.loads(text)) if text.lstrip().startswith("{") else shop_model(text)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = 60 * seconds
    solver.parameters.num_workers = 1
    begun, done = time.process_time(), threading.Event()

    def watch():
        while not done.wait(0.05):
            if time.process_time() - begun > seconds:
                solver.stop_search()

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = solver.solve(model)
    done.set()
    watcher.join()
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return (round(solver.objective_value) if found else None), round(solver.best_objective_bound)


def ours(path, seconds):
    words = [ROOT / "target/release/examples/bench", "--seconds", str(seconds), path]
    line = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    if not line.rstrip().endswith("valid"):
        raise SystemExit(f"our own checker complains: {line}")
    return tuple(int(n) for n in re.search(r"makespan (\d+) bound (\d+)", line).groups())


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seconds", type=float, default=10.0)
    words.add_argument("files", nargs="+", type=pathlib.Path)
    args = words.parse_args()
    print(f"{'instance':<24} {'ours':>7} {'bound':>7} | {'CP-SAT':>7} {'bound':>7} | ours / peer")
    for path in args.files:
        makespan, bound = ours(path, args.seconds)
        theirs, least = peer(path, args.seconds)
        ratio = f"{makespan / theirs:.4f}" if theirs else "peer has none"
        print(f"{path.stem:<24} {makespan:>7} {bound:>7} | {theirs or '-':>7} {least:>7} | {ratio}", flush=True)


if __name__ == "__main__":
    main()
