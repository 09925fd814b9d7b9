# SPDX-License-Identifier: BSD-3-Clause
"""Makes each firmware command of a flow fail in turn, on our driver; see fault_sweep.c.

usage: fault_sweep.py PROGRAM DEVARGS PAIRS FLOW[,FLOW...] [RULE [STRIDE]]
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402

# Nobody waits for a queue longer than for this, so nothing is dropped while one is down.
PAUSE_MS = 600000


def main(program, devargs, pairs, flows, *rule):
    with rig.Rig("sweep") as r:
        app = dpdk.testvdpa(r, devargs=f"class=vdpa{devargs}", more=dpdk.ALONE, card={
            "control": {"socket": str(r.path("ctl"))}, "wire": {"pause_ms": PAUSE_MS}})
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        for flow in flows.split(","):
            guest = r.start("guest", [program, r.path("vm"), r.path("ctl"), pairs, flow, *rule])
            status = guest.wait(150)
            print(guest.text)
            rig.check(status == 0, f"{flow}: the guest is not content")
        dpdk.end(r, app)


main(*sys.argv[1:])
