# SPDX-License-Identifier: BSD-3-Clause
"""Our driver with a front-end that we did not write: dpdk-testpmd's virtio-user port.

usage: virtio_user.py PAIRS [plain | packed | merge | packed_merge]

Packed rings and mergeable buffers are offered by the card and asked for by testpmd, or by neither;
with mergeable buffers the frames are longer than one of testpmd's buffers.

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

MRG_RXBUF, RING_PACKED = 15, 34  # feature bits
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


def card_of(packed, merge):
    return {"capabilities": {"virtio_queue_type_packed": packed, "mrg_rxbuf": merge}}


def check_negotiated(app, packed, merge):
    """vhost prints what the front-end has accepted."""
    found = re.findall(r"negotiated Virtio features: 0x([0-9a-f]+)", app.text)
    rig.check(found, "vhost did not print the negotiated features")
    features = int(found[-1], 16)
    rig.check((features >> RING_PACKED & 1, features >> MRG_RXBUF & 1) == (packed, merge),
              f"negotiated {features:#x}, wanted packed rings: {packed}, merging: {merge}")


def main(pairs, kind):
    packed, merge = "packed" in kind, "merge" in kind
    with rig.Rig(f"virtio-user{pairs}-{kind}") as r:
        app = dpdk.testvdpa(r, card=card_of(packed, merge))
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        options = ["--txonly-multi-flow"]
        if merge:
            # two buffers a frame, both ways
            options += ["--mbuf-size=1024", "--enable-scatter", "--txpkts=800,700",
                        "--tx-offloads=0x8000"]
        testpmd = dpdk.virtio_user(r, "vm", pairs, options,
                                   f",packed_vq={packed:d},mrg_rxbuf={merge:d}")
        traffic(testpmd, pairs)
        testpmd.ask("port stop all", r"Done", 30)
        testpmd.ask("port start all", r"Done", 30)
        traffic(testpmd, pairs)
        testpmd.send("quit")
        rig.check(testpmd.wait(30) == 0, "testpmd did not end well")
        dpdk.end(r, app)
        check_negotiated(app, packed, merge)
        for place, text in (("app", app.text), ("card", r.path("card.log").read_text())):
            said = [line for line in text.splitlines() if WORDS.search(line)]
            rig.check(not said, f"the {place} said: {said}")


main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "plain")
