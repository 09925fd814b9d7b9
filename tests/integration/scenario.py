#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-testvdpa's scenarios with built-in guests, on a card with two switches joined by a wire: A's
device and the one that it moves to are on one, B's on the other. Each has to pass, the card must have
nothing to complain of, and the report must be what doc/guides/testvdpa.md says of it.

usage: scenario.py SCENARIO FUNCTIONS [OPTION...]
"""
import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "devtools" / "lib"))
import rig_backend  # noqa: E402

DOC = ROOT / "doc" / "guides" / "testvdpa.md"
SECONDS = 110
PLAIN = {"text": str, "number": (int, float), "boolean": bool, "null": type(None)}


def schema():
    """{object: {member: type}} from the tables behind "The report as JSON"."""
    text = DOC.read_text().split("### The report as JSON")[1].split("\n## ")[0]
    tables = {}
    for head, rows in re.findall(r"^(?:The|An?) (\w+)[^\n]*:\n\n((?:\|.*\n)+)", text, re.M):
        cells = [row.split("|")[1:3] for row in rows.splitlines()[2:]]
        tables[head] = {name.strip(" `"): kind.strip() for name, kind in cells}
    return tables


def hold(tables, kind, value, where):
    """Fails unless the value is of the kind that the doc says."""
    if " or " in kind:
        kind = "null" if value is None else kind.split(" or ")[0]
    if kind in PLAIN:
        good = isinstance(value, PLAIN[kind]) and (kind != "number" or not isinstance(value, bool))
        rig.check(good, f"{where} is {value!r}, not a {kind}")
    elif kind == "pair":
        rig.check(isinstance(value, list) and len(value) == 2 and
                  all(isinstance(n, int) and 0 <= n <= 65535 for n in value),
                  f"{where} is {value!r}, no pair of indices")
    elif kind == "object of numbers":
        for name, number in value.items():
            hold(tables, "number", number, f"{where}.{name}")
    elif kind.startswith("list of "):
        rig.check(isinstance(value, list), f"{where} is no list")
        for i, item in enumerate(value):
            hold(tables, kind.removeprefix("list of "), item, f"{where}[{i}]")
    else:
        hold_object(tables, kind, value, where)


def hold_object(tables, kind, value, where):
    rig.check(kind in tables, f"{where}: the doc has no table for '{kind}'")
    rig.check(isinstance(value, dict), f"{where} is no object")
    rig.check(list(value) == list(tables[kind]),
              f"{where} has {list(value)}, the doc says {list(tables[kind])}")
    for name, member in value.items():
        hold(tables, tables[kind][name], member, f"{where}.{name}")


def judge(report, functions):
    """What every report of a scenario that passed must have, beyond its form."""
    rig.check(report["pass"] and not report["faults"], "the report says FAIL")
    rig.check(len(report["devices"]) == functions, f"devices: {report['devices']}")
    for step in report["steps"]:
        name = f"{step['scenario']}: {step['name']}"
        rig.check(step["firmware_commands"] is not None or step["skipped"],
                  f"{name}: no commands, though the driver counts them")
        if step["scenario"] == "" or step["skipped"]:
            continue
        rig.check(len(step["directions"]) == 2, f"{name}: not two directions")
        for way in step["directions"]:
            rig.check(way["sent"] == way["received"] + way["excused"] > 0, f"{name}: {way}")
        rig.check(len(step["queues"]) == 4 * report["queue_pairs"], f"{name}: queues")
        rig.check((step["nb_flows"] > 0) == (step["name"].split(",")[0] != "traffic"),
                  f"{name}: {step['nb_flows']} flows")


def card(r, functions):
    """Two switches and a wire."""
    return rig_backend.joined_card(functions, r.path("cable"), r.path("ctl"))


def launch(r, functions, options):
    driver = pathlib.Path(os.environ["DRIVER"])
    r.path("card.json").write_text(json.dumps(card(r, functions)))
    allow = [word for device in rig_backend.DEVICES[:functions]
             for word in ("-a", f"{device},class=vdpa")]
    app = r.start("testvdpa", [
        os.environ["MLX5EMU"], "--config", "card.json", "--log", "card.log", "--log-level", "info",
        "--", os.environ["TESTVDPA"], "--no-huge", "-m", "256", "--no-telemetry", *dpdk.ALONE,
        "-d", driver.name, *allow, "--", *options],
        # by name: EAL refuses a path with a world-writable parent
        env={"LD_LIBRARY_PATH": str(driver.parent)})
    return app.wait(SECONDS), app.text


def main(name, functions, *options):
    with rig.Rig("scenario") as r:
        status, text = launch(r, functions, ["--scenario", name, "--json", "report.json",
                                             "--card", "ctl", *options])
        print(text)
        rig.check(status == 0, f"exit status {status}")
        report = json.loads(r.path("report.json").read_text())
        hold(schema(), "report", report, "report")
        judge(report, functions)
        broken = [step["skipped"] for step in report["steps"] if step["name"].startswith("error")]
        rig.check(broken == ([None] * 3 if name in ("recover", "all") else []),
                  f"queues that break: {broken}")
        rig.check(report["skipped"] == (1 if name == "all" and functions == 2 else 0),
                  f"{report['skipped']} steps were skipped")
        # of the queue that it is told to break the card complains
        dpdk.card_said(r, " left", *([] if name in ("recover", "soak", "all") else ["mlx5emu error"]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
