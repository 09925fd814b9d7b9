# SPDX-License-Identifier: BSD-3-Clause
"""Our driver with a front-end that we did not write: dpdk-testpmd's virtio-user port.

usage: virtio_user.py PAIRS

One function, its port looped back. testpmd sends bursts of flows and forwards what comes back, so
each packet goes out and in again: traffic runs both ways or not at all. With several queue pairs
each receive queue must have got packets. Then the port is stopped and started again, and at the
end everything has to close without a word of error.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402

ROUND = 20000  # packets that make a round of traffic
# vhost prints the device status bit FAILED with its value at each change.
WORDS = re.compile(r"error|leak|failed(?!: 0)", re.I)


def traffic(testpmd, pairs):
    before = dpdk.port_packets(testpmd)
    testpmd.send("start tx_first 4")
    dpdk.await_packets(testpmd, before[0] + ROUND, before[1] + ROUND)
    if pairs > 1:
        dpdk.await_queues(testpmd, pairs)
    testpmd.ask("stop", r"Done\.")


def main(pairs):
    with rig.Rig(f"virtio-user{pairs}") as r:
        app = dpdk.testvdpa(r)
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        testpmd = dpdk.virtio_user(r, "vm", pairs, ["--txonly-multi-flow"])
        traffic(testpmd, pairs)
        testpmd.ask("port stop all", r"Done", 30)
        testpmd.ask("port start all", r"Done", 30)
        traffic(testpmd, pairs)
        testpmd.send("quit")
        rig.check(testpmd.wait(30) == 0, "testpmd did not end well")
        dpdk.end(r, app)
        for place, text in (("app", app.text), ("card", r.path("card.log").read_text())):
            said = [line for line in text.splitlines() if WORDS.search(line)]
            rig.check(not said, f"the {place} said: {said}")



main(int(sys.argv[1]))
