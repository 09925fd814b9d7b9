#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own mlx5 vDPA driver in dpdk-testvdpa's scenarios: whatever it loses, the app ends by
itself, says FAIL, and names what was lost; what works is told to work. See doc/guides/stock-pmd.md.

usage: stock_scenario.py MLX5EMU TESTVDPA
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from rig import Rig, check  # noqa: E402
sys.path.insert(0, str(ROOT / "devtools" / "lib"))
from rig_backend import DEVICES, joined_card  # noqa: E402


def play(r, mlx5emu, testvdpa, options):
    """Returns exit status, output and report."""
    name = "-".join(options).replace("--", "")
    r.path("card.json").write_text(json.dumps(joined_card(2, r.path("cable"), r.path("ctl"))))
    allow = [word for device in DEVICES[:2] for word in ("-a", f"{device},class=vdpa")]
    app = r.start(name, [mlx5emu, "--config", "card.json", "--log", f"{name}.log", "--", testvdpa,
                         "--no-huge", "-m", "256", "--no-telemetry", "--no-shconf", *allow, "--",
                         "--patience", "200", "--json", "report.json", "--scenario", *options])
    status = app.wait(100)
    return status, app.text, json.loads(r.path("report.json").read_text())


def faults(report):
    return [fault for step in report["steps"] for fault in step["faults"]]


def main(mlx5emu, testvdpa):
    with Rig("stockscenario") as r:
        status, text, report = play(r, mlx5emu, testvdpa, ["hotplug"])
        check(status == 1 and not report["pass"], f"hotplug: exit status {status}, not FAIL")
        check("\nFAIL (" in text, "hotplug: the app did not say FAIL")
        said = faults(report)
        for words in ("nothing arrives within", "A->B: ", " lost", "descriptors never returned"):
            check(any(words in fault for fault in said), f"hotplug: nothing says '{words}': {said}")
        dead = [step for step in report["steps"] if step["name"] == "hot-add"][0]
        check(sum(way["lost"] for way in dead["directions"]) > 0, "hot-add: nothing is lost")
        check(report["steps"][-1]["name"] == "stop", "hotplug: did not come to its end")

        status, text, report = play(r, mlx5emu, testvdpa, ["reset", "--packed"])
        check(status == 1 and "\nFAIL (" in text, f"packed: exit status {status}, not FAIL")
        check(any("no packet in" in fault for fault in faults(report)), "packed: packets moved")
        check(any(fault == "not played: no traffic" for fault in faults(report)),
              "packed: the rest is not told")


if __name__ == "__main__":
    main(*sys.argv[1:])
