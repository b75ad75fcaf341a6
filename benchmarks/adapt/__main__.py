"""F1 of adapted and assisted students on real sentences, by number of unlabelled sentences.

    CORPUSMITH_BENCHMARKS=DIR python -m benchmarks.adapt --work runs/adapt --out docs/results/adapt

For each set, encoder and seed: trains the synthetic student (settings of `corpusmith run`), adapts
it to the words of the train split (`unlabelled.jsonl`, or `train.jsonl` without its tags) for each
number of sentences, and measures five systems on the dev split: lookup, synthetic student, adapted
student, and both students assisted by the list. No real label is used before that measurement.

Each finished run is one line of OUT/runs.jsonl. The same command skips finished runs. It ends with
OUT/summary.json (means over seeds, intervals over sentences) and the same as a table; `--table`
only does this last step. WORK keeps the predictions, KEY-adapted.jsonl and KEY-assisted.jsonl, for
`corpusmith report --predictions`. A change of the method's code or settings starts new lines.

`--sets FILE` is a YAML file of sets, each with `benchmark` (below DIR) and either `corpus` (a
folder that `corpusmith build` wrote) or `recipe` with an optional `ledger`:

    anatem:
      recipe: runs/anatomy/anatomy.yaml
      ledger: runs/anatomy/ledger.sqlite
      benchmark: ner/anatem
"""

import argparse
from itertools import product
from pathlib import Path

import yaml

from benchmarks.adapt.runs import Plan, add_line, finished, one_set, run_key, run_one
from benchmarks.adapt.table import summary, table
from corpusmith.cli.report import listed, numbers
from corpusmith.corpus.build import benchmarks_at_hand
from corpusmith.files import write_json

SETS = "ncbi-disease,bc5cdr-disease,bc5cdr-chemical"


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--work", type=Path, default=Path("runs/adapt"), help="corpora, models")
    options.add_argument("--out", type=Path, default=Path("docs/results/adapt"))
    options.add_argument("--sets", help=f"YAML file, or shipped recipes by commas ({SETS})")
    options.add_argument("--only", help="names of sets in the file, by commas")
    options.add_argument("--sizes", default="500,2000,all", help="sentences, by commas")
    options.add_argument("--seeds", default="42,43,44", help="by commas")
    options.add_argument("--encoders", default="embedded", help="by commas: embedded, or folders")
    options.add_argument("--split", default="dev")
    options.add_argument("--config", type=Path, help="adapt settings over the shipped ones (YAML)")
    options.add_argument("--table", action="store_true", help="only summarise finished runs")
    return options


def main() -> None:
    arguments = parser()
    given = arguments.parse_args()
    root = benchmarks_at_hand(None)
    if root is None:
        arguments.error("set CORPUSMITH_BENCHMARKS to the folder of benchmarks")
    plan = Plan(given.work, given.out, given.split, given.config)
    given.out.mkdir(parents=True, exist_ok=True)
    given.work.mkdir(parents=True, exist_ok=True)
    named = given.sets or SETS
    if named.endswith((".yaml", ".yml")):
        sets = yaml.safe_load(Path(named).read_text(encoding="utf-8"))
    else:
        sets = {name: {} for name in listed(named)}
    chosen = listed(given.only or "") or list(sets)
    done = {line["key"] for line in finished(given.out)}
    # Seeds last: a first figure of every set comes before a second seed of any.
    every = product(numbers(given.seeds), listed(given.encoders), chosen, listed(given.sizes))
    for seed, encoder, name, size in () if given.table else every:
        key = run_key(name, encoder, seed, size, plan)
        if key in done:
            continue
        print(f"{key}: running", flush=True)
        one = one_set(name, sets[name] or {}, root, plan.work)
        line = run_one(one, encoder, seed, size, plan)
        add_line(line, given.out)
        scores = ", ".join(f"{s} {v['strict_f1']:.1f}" for s, v in line["systems"].items())
        print(f"{key}: {scores}; {line['adaptation'].get('seconds', 0):.0f} s", flush=True)
    lines = [line for line in finished(given.out) if line["method"] == plan.method()]
    figures = summary(lines, plan.work)
    write_json(figures, given.out / "summary.json")
    print("\n".join(table(figures)))


if __name__ == "__main__":
    main()
