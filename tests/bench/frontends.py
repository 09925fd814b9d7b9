# SPDX-License-Identifier: BSD-3-Clause
"""What happens to a guest in its life, through our driver and through DPDK's software vhost, in
turn; medians and ranges side by side, with split and with packed rings. A report: nothing passes or
fails by a number, but it says which bars are kept.

usage: frontends.py BUILD-DIRECTORY [--repeat N] [--layout split|packed] [--scenarios NAME,...]
                    [--json FILE]

The scenarios and their names are those of tests/e2e/events.py, and "migration" (migration.py), which has
one that is cancelled and one with added memory, too. How long a guest boots says nothing of a back-end;
it is told, because a guest boots in them.
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
from events import OPTIONS, PLUGS, EventStory  # noqa: E402
import migration  # noqa: E402
import rig_image  # noqa: E402
from rig_backend import SoftwareBackend, VdpaBackend  # noqa: E402
from rig_report import table  # noqa: E402
from rig_wait import Failure  # noqa: E402

BACKENDS = {"ours": VdpaBackend, "software": SoftwareBackend}
LAYOUTS = ["split", "packed"]
SCENARIOS = ["stop", "link", "rebind", "rebind-pci", "plug", "kill", "reboot", "kill-qemu", "plug-most",
             migration.NAME]
# Step, figure, and by how many ms ours may be longer.
PLUG_GAPS = [(step, f"gap {way} ms", 10)
             for step in (f"{PLUGS} x hot-add and unplug", "hot-add to the limit")
             for way in ("A->B", "B->A")]
MIGRATION_BARS = [(name, migration.GAP, 10) for name in (migration.NAME, migration.HOT_ADDED)]
BARS = {"split": [*PLUG_GAPS, ("back-end killed", "start to frames ms", 0), *MIGRATION_BARS],
        # QEMU is the client then, and finds a new back-end when its timer runs out.
        "packed": [*PLUG_GAPS, *MIGRATION_BARS]}


def play(build, image, name, layout, scenarios):
    """One life with one back-end; returns its steps."""
    with Rig(f"frontends-{name}") as rig:
        backend = BACKENDS[name](build, rig.dir, client=OPTIONS[layout][0].server)
        story = EventStory(backend, image, rig.dir,
                           lambda text: print(f"{layout}, {name}: {text}", flush=True), layout)
        story.traffic_s = 1.0
        try:
            story.play_all(scenarios)
        except Failure as e:  # what was measured until then is told nevertheless
            print(f"{name}: the rest is not played: {e}", flush=True)
        finally:
            story.close()
            backend.abort()
        return [step.as_dict() for step in story.steps]


def values(step):
    """Of one step, by what they measure."""
    if "values" in step:
        return step["values"]
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


def bars(found, layout):
    """What the bars of this layout compare, as rows of a table."""
    rows = [["bar", "figure", *BACKENDS, "may be longer by", ""]]
    for step, figure, more in BARS[layout]:
        numbers = found.get((step, figure), {})
        if any(name not in numbers for name in BACKENDS):
            continue
        ours, software = (statistics.median(numbers[name]) for name in BACKENDS)
        rows.append([step, figure, f"{ours:.1f}", f"{software:.1f}", str(more),
                     "kept" if ours <= software + more else "NOT KEPT"])
    return table(rows)


def run(build, image, layout, args):
    """All repetitions with one layout: back-end -> steps, and the machine's load meanwhile."""
    runs = {name: [] for name in BACKENDS}
    load = [os.getloadavg()[0]]
    events = [name for name in args.scenarios if name != migration.NAME]
    for _ in range(args.repeat):
        for name, steps in runs.items():
            if events:
                steps += play(build, image, name, layout, events)
            if migration.NAME in args.scenarios:
                steps += migration.run(build, image, name, layout == "packed")
            load.append(os.getloadavg()[0])
    return runs, load


def tell(layout, runs, load, repeat):
    print(f"\n{layout} rings, {repeat} runs; load of the machine (1 minute): "
          + ", ".join(f"{one:.1f}" for one in load))
    found = collect(runs)
    for line in (*lines(found), "", *bars(found, layout)):
        print(line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--layout", choices=LAYOUTS, action="append")
    parser.add_argument("--scenarios", type=lambda text: text.split(","), default=SCENARIOS)
    parser.add_argument("--json", default="bench-frontends.json")
    args = parser.parse_args()
    os.umask(0o077)
    build = args.build.resolve()
    image = rig_image.prepare(build, update=False)
    results = {layout: run(build, image, layout, args) for layout in args.layout or LAYOUTS}
    for layout, (runs, load) in results.items():
        tell(layout, runs, load, args.repeat)
    pathlib.Path(args.json).write_text(json.dumps({"bench": "frontends", "layouts": {
        layout: {"load": load, "runs": runs} for layout, (runs, load) in results.items()}},
        indent=1) + "\n")


if __name__ == "__main__":
    main()
