#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The vdpa example ends in ugly ways while traffic runs: SIGTERM (its handler calls exit() with
everything open), quit with the front-end connected; and the front-end is killed and comes back.

Usage: vdpa_example_exit.py MLX5EMU VDPA_EXAMPLE
"""
import pathlib
import re
import shutil
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Rig, check, skip  # noqa: E402
from vdpa_example import BDF, back_end, front_end, traffic  # noqa: E402


def start(rig, mlx5emu, example):
    vdpa = back_end(rig, mlx5emu, example)
    vdpa.ask(f"create {rig.path('s')} {BDF}", r"vdpa> ")
    rig.await_path("s")
    testpmd = front_end(rig, 1)
    testpmd.expect(r"testpmd> ", 30)
    testpmd.ask("start tx_first 2", r"packet forwarding")
    return vdpa, testpmd


def ends(rig, what, end):
    vdpa, testpmd = start(rig, *rig.programs)
    status = end(vdpa)
    check(status == 0, f"{what}: exit status {status}")
    testpmd.stop()
    left = list(rig.dir.glob("mlx5emu-*"))
    check(not left, f"{what}: left behind: {left}")
    rig.path("s").unlink(missing_ok=True)


def by_sigterm(vdpa):
    vdpa.signal(signal.SIGTERM)
    return vdpa.wait(20)


def by_quit(vdpa):
    vdpa.send("quit")
    return vdpa.wait(20)


def main(mlx5emu, example):
    if example == "none":
        skip("no source of DPDK's vdpa example (package dpdk-doc)")
    if not shutil.which("dpdk-testpmd"):
        skip("dpdk-testpmd is not installed (package dpdk-dev)")
    with Rig("stockexit") as rig:
        rig.programs = (mlx5emu, example)
        # exit() in the middle: what the program still has is no leak of ours.
        rig.env["ASAN_OPTIONS"] = "detect_leaks=0"
        ends(rig, "SIGTERM", by_sigterm)
        ends(rig, "quit while connected", by_quit)
        vdpa, testpmd = start(rig, mlx5emu, example)
        testpmd.signal(signal.SIGKILL)
        testpmd.wait()
        again = front_end(rig, 1)
        again.expect(r"testpmd> ", 30)
        traffic(again, "after the front-end was killed")
        again.send("quit")
        check(again.wait(20) == 0, "testpmd's exit status is not 0")
        check(by_quit(vdpa) == 0, "the vdpa example's exit status is not 0")
        log = rig.path("card.log").read_text()
        check(not re.search(r"mlx5emu error", log), "the card complains")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
