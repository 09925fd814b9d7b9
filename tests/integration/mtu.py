# SPDX-License-Identifier: BSD-3-Clause
"""A front-end that tells its guest an MTU (QEMU's host_mtu): the driver offers the feature, says so
when the card's port takes less, and the port drops what is longer (D33).

usage: mtu.py
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

F_MTU, PROTOCOL_MTU = 1 << 3, 1 << 4
NET_SET_MTU = 20
PORT = 1500
MARK = b"behind the long one" * 4
HEADER = bytes.fromhex("ffffffffffff52540000000188b5")


def start(front, mtu):
    """As QEMU does: the MTU after the features."""
    front.features |= F_MTU
    for name, step in front.steps():
        if name == "GET_FEATURES":
            rig.check(front.ask_u64(fe.GET_FEATURES) & F_MTU, "the MTU is not offered")
        step()
        if name == "SET_FEATURES":
            front.set_u64(NET_SET_MTU, mtu)


def main():
    with rig.Rig("mtu") as r:
        app = dpdk.testvdpa(r, card={"functions": [{"mtu": PORT}]})
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        protocol = fe.PROTOCOL_MQ | fe.PROTOCOL_REPLY_ACK | fe.PROTOCOL_STATUS | PROTOCOL_MTU
        with fe.FrontEnd(str(r.path("vm")), protocol=protocol) as front:
            start(front, PORT)
            front.send_frame(HEADER + bytes(PORT))
            # One byte too long: given back, and the buffer stays for the next frame.
            buffer = front.post(0, fe.FRAME_SLOT, fe.F_WRITE)
            front.post_frame(HEADER + bytes(PORT + 1))
            front.post_frame(HEADER + MARK)
            front.kick(1)
            front.await_used(1, front.posted[1])
            front.await_used(0, front.posted[0])
            rig.check(front.read(buffer + fe.HEADER, 14 + len(MARK)) == HEADER + MARK,
                      "something else than the short frame came back")
        rig.check("longer packets" not in app.text, "complained of an MTU that fits")
        # One front-end at a time: the first one's end must have been seen.
        app.expect(r"connected -> waiting")
        with fe.FrontEnd(str(r.path("vm")), protocol=protocol) as front:
            start(front, PORT + 1)
            app.expect(rf"an MTU of {PORT + 1}, the card's port has {PORT}: longer packets")
        dpdk.end(r, app)


main()
