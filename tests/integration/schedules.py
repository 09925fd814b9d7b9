# SPDX-License-Identifier: BSD-3-Clause
"""Plays random schedules on our driver; see schedules.c. With the seeds 1-100 it is the long run.

usage: schedules.py PROGRAM DEVARGS CARD SEEDS PAIRS [OPTION...]

DEVARGS: more device arguments, as ",max_conf_threads=4", or "". CARD: "" or "no_resume" (queues
cannot go from SUSPEND to RDY). SEEDS: "1,2,7" or "1-100". OPTIONs are the program's: --steps N,
--until N, --packed, --early, --saved.
"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402

# Nobody waits for a queue longer than for this, so nothing is dropped while one is down.
PAUSE_MS = 600000
CARDS = {"": {}, "no_resume": {"capabilities": {"freeze_to_rdy_supported": False}}}


def seeds_of(text):
    first, dash, last = text.partition("-")
    return range(int(first), int(last) + 1) if dash else [int(s) for s in text.split(",")]


def main(program, devargs, card, seeds, pairs, *options):
    failed = []
    with rig.Rig("schedules") as r:
        app = dpdk.testvdpa(r, devargs=f"class=vdpa{devargs}", more=dpdk.ALONE, card={
            "control": {"socket": str(r.path("ctl"))}, "wire": {"pause_ms": PAUSE_MS},
            **CARDS[card]})
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        for seed in seeds_of(seeds):
            start = time.monotonic()
            guest = r.start("guest", [program, r.path("vm"), r.path("ctl"), "--seed", seed,
                                      "--pairs", pairs, *options])
            status = guest.wait(180)
            print(guest.text + f"{time.monotonic() - start:.1f} s", flush=True)
            if status != 0:
                failed.append(seed)
                break
        rig.check(not failed, f"seed {failed} failed")
        dpdk.end(r, app)


main(*sys.argv[1:])
