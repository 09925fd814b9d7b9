# SPDX-License-Identifier: BSD-3-Clause
"""What an idle card costs, and how soon it notices a doorbell that another process rings.

usage: idle.py LOAD [--flowing N] [--rests N] [--json FILE] [--realtime]"""
import argparse
import json
import pathlib
import time

import card
import rig

SECONDS = 3  # idle_load.c rests for as long


def engine_percent(pid, wait):
    """Percent of a core that the engine and the whole process take while @wait goes on."""
    before = card.cpu_seconds(pid, "vnet"), card.cpu_seconds(pid)
    wait()
    return tuple(100 * (after - began) / SECONDS for began, after in
                 zip(before, (card.cpu_seconds(pid, "vnet"), card.cpu_seconds(pid))))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("load")
    parser.add_argument("--flowing", type=int, default=5000)
    parser.add_argument("--rests", type=int, default=20)
    parser.add_argument("--realtime", action="store_true", help="takes the cores from all others")
    parser.add_argument("--json", default="bench-idle.json")
    args = parser.parse_args()
    with rig.Rig("idle") as r:
        app, pid = card.start(r, "ours")
        unused = engine_percent(pid, lambda: time.sleep(SECONDS))
        front = r.start("load", [args.load, r.path("a"), args.flowing, args.rests])
        front.expect("ready", 30)
        card.pin(pid, card.BACK_CPU, args.realtime)
        card.pin(front.pid, card.FRONT_CPU, args.realtime)
        front.send("")
        front.expect("begin", 60)

        def rest():
            front.send("")
            front.expect("end", 60)

        idle = engine_percent(pid, rest)
        front.send("")
        found = json.loads(front.expect(r"\{.*\}", 60 + 2 * args.rests)[0])
        app.send("quit")
        app.wait(30)
    found["unused_engine_percent"], found["unused_process_percent"] = unused
    found["idle_engine_percent"], found["idle_process_percent"] = idle
    for name in "flowing", "after_rest":
        row = found[name]
        print(f"kick to used entry, {name:10}: p50 {row['p50_us']:8.1f} us, p99 "
              f"{row['p99_us']:8.1f} us, max {row['max_us']:8.1f} us ({row['samples']} samples)")
    print(f"no guest: engine {unused[0]:.2f} % of a core, the whole process {unused[1]:.2f} %")
    print(f"a thread that sleeps as long and does nothing: {found['sleeper_percent']:.2f} %")
    print(f"at rest for 1 s: engine {found['idle_engine_percent']:.2f} % of a core, the whole "
          f"process {found['idle_process_percent']:.2f} %; {found['page_kicks']} kicks by page, "
          f"{found['eventfd_kicks']} by eventfd")
    pathlib.Path(args.json).write_text(json.dumps({"bench": "idle", **found}, indent=1) + "\n")


main()
