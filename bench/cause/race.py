"""Designed interventions against interventions by lot, as whole campaigns in the twin's hall.

python3 bench/cause/race.py NILO SEEDS [FORM]

Runs campaigns/gene-causes.toml with the program NILO for each of SEEDS ("1-6" or "1,5,9"), once as it is and once with
`[policy] name = "random"`, and prints plates and whether every arrow and every hidden cause is as in truth.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The arrows of the twin's network; g4 and g5 have a hidden cause.
TRUTH = {"g1 → g2", "g1 → g8", "g2 → g3", "g3 → g7", "g4 → g6", "g5 → g6", "g6 → g7"}


def seeds(text):
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def main():
    nilo, form = sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else "linear"
    base = (ROOT / "campaigns/gene-causes.toml").read_text().replace('"../', f'"{ROOT}/')
    base = base.replace('form = "linear"', f'form = "{form}"')
    plates, right, runs = {"designed": 0, "by lot": 0}, {"designed": 0, "by lot": 0}, 0
    for seed in seeds(sys.argv[2]):
        runs += 1
        for way in plates:
            text = base.replace("seed = 1\n", f"seed = {seed}\n")
            if way == "by lot":
                text = text.replace("[cause]", '[policy]\nname = "random"\n\n[cause]')
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "race.toml"
                file.write_text(text)
                done = subprocess.run(
                    [nilo, "run", "--json", "--out", f"{folder}/run", file],
                    capture_output=True, text=True, check=False,
                )
                try:
                    answer = json.loads(done.stdout.strip().splitlines()[-1])["answer"]
                except (IndexError, KeyError, ValueError):
                    sys.exit(f"seed {seed}, {way}: no answer\n{done.stderr[-2000:]}")
            verdict = answer["verdict"] or "not settled"
            good = set(verdict.split(";")[0].split(", ")) == TRUTH and "moves g4 and g5;" in verdict
            plates[way] += answer["plates"]
            right[way] += good
            print(seed, way, answer["plates"], "right" if good else f"WRONG: {verdict}", flush=True)
    for way in plates:
        print(f"{way}: {plates[way]} plates, {right[way]} of {runs} right")
    print(f"ratio {plates['designed'] / plates['by lot']:.2f}")


main()
