# SPDX-License-Identifier: BSD-3-Clause
"""What happens to a guest in its life, through our driver and through DPDK's software vhost, in
turn; medians and ranges side by side. A report: nothing passes or fails by a number.

usage: frontends.py BUILD-DIRECTORY [--runs N] [--layout split|packed] [--scenarios NAME,...]
                    [--json FILE]

The scenarios and their names are those of tests/e2e/events.py.
"""
import argparse
import json
import os
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "e2e")]
from rig import Rig  # noqa: E402
from events import OPTIONS, EventStory  # noqa: E402
import rig_image  # noqa: E402
from rig_backend import SoftwareBackend, VdpaBackend  # noqa: E402
from rig_report import table  # noqa: E402
from rig_wait import Failure  # noqa: E402

BACKENDS = {"ours": VdpaBackend, "software": SoftwareBackend}


def play(build, image, name, args):
    """One life with one back-end; returns its steps."""
    with Rig(f"frontends-{name}") as rig:
        backend = BACKENDS[name](build, rig.dir, client=OPTIONS[args.layout][0].server)
        story = EventStory(backend, image, rig.dir, lambda text: print(f"{name}: {text}", flush=True),
                           args.layout)
        story.traffic_s = 1.0
        try:
            story.play_all(args.scenarios)
        except Failure as e:  # what was measured until then is told nevertheless
            print(f"{name}: the rest is not played: {e}", flush=True)
        finally:
            story.close()
            backend.abort()
        return [step.as_dict() for step in story.steps]


def values(step):
    """Of one step, by what they measure."""
    found = {f"{key} ms": value for key, value in step["figures"].items()}
    for book in step["directions"]:
        found[f"gap {book['direction']} ms"] = book["gap_ms"]
        found[f"lost {book['direction']}"] = book["lost"]
        found[f"excused {book['direction']}"] = book["excused"]
    if step["faults"]:
        found["faulty runs"] = 1
    return found


def collect(runs):
    """runs: back-end -> steps of all its runs; returns (step, figure) -> back-end -> values."""
    found = {}
    for name, steps in runs.items():
        for step in steps:
            for figure, value in values(step).items():
                found.setdefault((step["name"], figure), {}).setdefault(name, []).append(value)
    return found


def cell(numbers):
    if not numbers:
        return "-"
    text = f"{statistics.median(numbers):g}" if len(numbers) == 1 else (
        f"{statistics.median(numbers):.1f} [{min(numbers):.1f}..{max(numbers):.1f}]")
    return text


def lines(found):
    rows = [["step", "figure", *BACKENDS]]
    former = None
    for (step, figure), by_backend in found.items():
        if figure.startswith(("lost", "excused")) and not any(sum(n) for n in by_backend.values()):
            continue
        rows.append([step if step != former else "", figure,
                     *(cell([round(n, 1) for n in by_backend.get(name, [])]) for name in BACKENDS)])
        former = step
    return table(rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--layout", choices=["split", "packed"], default="split")
    parser.add_argument("--scenarios", type=lambda text: text.split(","), default=[])
    parser.add_argument("--json", default="bench-frontends.json")
    args = parser.parse_args()
    os.umask(0o077)
    build = args.build.resolve()
    image = rig_image.prepare(build, update=False)
    load = [os.getloadavg()]
    runs = {name: [] for name in BACKENDS}
    for _ in range(args.runs):
        for name, steps in runs.items():
            steps += play(build, image, name, args)
            load.append(os.getloadavg())
    print(f"{args.runs} runs, {args.layout} rings; load of the machine (1 minute): "
          + ", ".join(f"{one[0]:.1f}" for one in load))
    for line in lines(collect(runs)):
        print(line)
    pathlib.Path(args.json).write_text(json.dumps(
        {"bench": "frontends", "layout": args.layout, "load": load, "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
