"""Points chosen to tell rival laws apart against points by lot, as whole campaigns in the twin's hall.

python3 bench/rivals/race.py NILO SEEDS [POINTS] [LAWS]

Runs campaigns/which-kinetics.toml with the program NILO for each of SEEDS ("1-6" or "1,5,9") and with each of its laws as what
nature does (LAWS: names, by comma; all if left out), with at most POINTS points on a plate (8 if left out), once as it is and once
with `[policy] name = "random"`. The law that is true, its parameters drawn by the seed, is a table that the twin answers from. Prints
plates until the stated certainty, and whether the verdict is right. With `absent` in front of a law's name (`absent proportional`) the
law is left out of the rivals, and right is that no other is taken for certain.
"""

import json
import math
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Dose at which the table says that nothing grows: the positive control, beyond what is varied.
DEAD = 20.3


def seeds(text):
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def laws(text):
    """Name, formula and ranges of each hypothesis of the campaign."""
    found = {}
    for block in text.split("[[hypothesis]]")[1:]:
        name = re.search(r'name = "([^"]+)"', block)[1]
        formula = re.search(r'formula = "([^"]+)"', block)[1]
        ranges = re.findall(r"(\w+) = \[([\d.]+), ([\d.]+)\]", block)
        found[name] = (formula, {n: (float(a), float(b)) for n, a, b in ranges})
    return found


def table(formula, values):
    """Doses and what grows less than without any: the inhibition that the law says, and all of it near DEAD."""
    code = compile(formula.replace("^", "**"), "law", "eval")
    names = {"exp": math.exp, "max": max, **values}
    lines = ["dose,growth"]
    for at in range(0, 1881):
        dose = at / 100
        lines.append(f"{dose},{-eval(code, names, {'streptomycin': dose}):.6f}")
    lines += [f"{at / 100:.2f},-1" for at in range(1900, 2161)]
    return "\n".join(lines) + "\n"


def parameters(name, ranges, seed):
    """Parameters in the middle parts of their ranges, where the laws differ within the doses that are varied."""
    draw = random.Random(f"{name} {seed}")
    middle = {
        "room": (60, 300), "growth": (7, 13), "kill": (2, 10), "mic": (8, 20), "hill": (1, 3),
        "none": (8, 20), "fold": (3, 12), "threshold": (3, 14), "width": (0.1, 0.4),
    }
    return {n: draw.uniform(*middle[n]) for n in ranges}


def without(text, name):
    begin = text.index(f'[[hypothesis]]\nname = "{name}"')
    end = text.index("\n[[", begin + 1) + 1
    return text[:begin] + text[end:]


def main():
    nilo, points = sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else "8"
    base = (ROOT / "campaigns/which-kinetics.toml").read_text().replace('"../', f'"{ROOT}/')
    known = laws(base)
    wanted = sys.argv[4].split(",") if len(sys.argv) > 4 else list(known)
    base = base.replace("certainty = 0.99 ", f"points = {points}\ncertainty = 0.99 ")
    base = base.replace("plates = 4\n", "plates = 40\n").replace("hours = 96\n", "hours = 2000\n")
    base = base.replace("blanks = 6", "blanks = 0").replace('"inhibition"\n', '"controls"\n')
    base = base.replace("levels = { streptomycin = 20 }", f"levels = {{ streptomycin = {DEAD} }}")
    # Wells without the drug show what grows, which is the table's offset: nothing is without culture.
    base = re.sub(r'\[\[assay.part\]\]\nworklist = "culture"\nreagent = "broth".*?\n\n', "", base, flags=re.S)
    base = base.replace(
        'mechanism = "antibiotics"',
        'table = "law.csv"\ncolumns = { streptomycin = "dose" }\nvalue = "growth"\nscale = 0.7\noffset = 0.7',
    )
    whole = {"designed": [0, 0], "by lot": [0, 0]}
    runs = 0
    for law in wanted:
        absent, name = law.startswith("absent "), law.removeprefix("absent ")
        formula, ranges = known[name]
        plates, right, each = {"designed": 0, "by lot": 0}, {"designed": 0, "by lot": 0}, []
        for seed in seeds(sys.argv[2]):
            runs += 1
            spent = []
            for way in plates:
                text = re.sub(r"\nseed = \d+\n", f"\nseed = {seed}\n", base)
                if way == "by lot":
                    text = text.replace("[discriminate]", '[policy]\nname = "random"\n\n[discriminate]')
                if absent:
                    text = without(text, name)
                with tempfile.TemporaryDirectory() as folder:
                    file = pathlib.Path(folder) / "race.toml"
                    file.write_text(text)
                    (file.parent / "law.csv").write_text(table(formula, parameters(name, ranges, seed)))
                    done = subprocess.run(
                        [nilo, "run", "--json", "--out", f"{folder}/run", file],
                        capture_output=True, text=True, check=False,
                        env={**os.environ, "NILO_DATA": folder},
                    )
                    try:
                        answer = json.loads(done.stdout.strip().splitlines()[-1])["answer"]
                    except (IndexError, KeyError, ValueError):
                        sys.exit(f"{law}, seed {seed}, {way}: no answer\n{done.stdout}{done.stderr[-2000:]}")
                verdict = answer["verdict"] or "not settled"
                good = not verdict.startswith("of these") if absent else verdict.startswith(f"of these hypotheses, '{name}'")
                plates[way] += answer["plates"]
                right[way] += good
                spent.append(f"{answer['plates']}{'' if good else '!'}")
                if not good:
                    print(f"  {law}, seed {seed}, {way}: WRONG: {verdict[:160]}", flush=True)
            each.append("/".join(spent))
        for way in plates:
            whole[way][0] += plates[way]
            whole[way][1] += right[way]
        ratio = plates["designed"] / plates["by lot"]
        print(f"{law}: {' '.join(each)}; {plates}, right {right}, ratio {ratio:.2f}", flush=True)
    for way, (plates, right) in whole.items():
        print(f"{way}: {plates} plates, {right} of {runs} right")
    print(f"ratio {whole['designed'][0] / whole['by lot'][0]:.2f}")


main()
