# SPDX-License-Identifier: BSD-3-Clause
"""Fails when a command of dpdk-testvdpa is typed by no test: see tests/lib/typed.py.

usage: typed_all.py
"""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402
import typed  # noqa: E402


def main():
    typed_in = {}
    for path in sorted(HERE.glob("*.py")):
        for text in typed.of_file(path):
            typed_in.setdefault(text, []).append(path.name)
    with rig.Rig("typed") as r:
        app = r.start("testvdpa", [os.environ["TESTVDPA"], *dpdk.eal("typed", 64), "--no-pci",
                                   "--no-telemetry", *dpdk.ALONE, "--", "-i"])
        app.expect(r"testvdpa> ", 60)
        known = typed.of_help(app.told("help", "testvdpa> "))
        app.send("quit")
        rig.check(app.wait() == 0, "the app did not end well")
    rig.check(len(known) > 8 and len(set(known)) == len(known), f"this is no help: {known}")
    untyped = [text for text in known if text not in typed_in]
    rig.check(not untyped, "typed by no test: " + "; ".join(untyped))
    unknown = {text: files for text, files in typed_in.items() if text not in known}
    rig.check(not unknown, f"typed, and not in help: {unknown}")
    print(f"{len(known)} commands, each typed by a test")


main()
