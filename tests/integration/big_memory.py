# SPDX-License-Identifier: BSD-3-Clause
"""Guest memory as large machines have it: more than 2 GiB in a region, holes, and addresses of a
TiB (D15; holes are the null key, K6). The files are sparse, only the places that frames pass
through are real.

A KLM entry describes 2 GiB at most, so the buffers lie on both sides of such an end and across it,
at the two ends of each region, and behind the hole. The port is looped: what comes back is compared
byte for byte.

usage: big_memory.py
"""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

GIB, TIB = 1 << 30, 1 << 40
FRAME = bytes.fromhex("ffffffffffff52540000000188b5")
# Each table: memories beside the small one at 0, and buffers to pass frames through: (receive,
# transmit) addresses.
TABLES = {
    "7 GiB above the hole": (
        [(4 * GIB, 7 * GIB)],
        [(4 * GIB, 11 * GIB - fe.FRAME_SLOT),
         (6 * GIB - 100, 8 * GIB - 60),
         (10 * GIB, 5 * GIB + 64)]),
    "3 GiB and a far end at 1 TiB": (
        [(4 * GIB, 3 * GIB), (TIB - (64 << 20), 64 << 20)],
        [(7 * GIB - fe.FRAME_SLOT, TIB - fe.FRAME_SLOT),
         (TIB - (64 << 20), 6 * GIB - 70)]),
    "sizes with a small common divisor": (
        [(4 * GIB, GIB + 4096), (8 * GIB, 3 * GIB - 4096)],
        [(5 * GIB, 8 * GIB), (11 * GIB - 4096 - fe.FRAME_SLOT, 4 * GIB)]),
}


def pass_frame(front, receive, transmit, number):
    """One frame through these two buffers."""
    frame = FRAME + struct.pack("<Q", number) * 25
    front.post(0, fe.FRAME_SLOT, fe.F_WRITE, receive)
    front.post_frame(frame, transmit)
    front.kick(1)
    for queue in (1, 0):
        front.await_used(queue, front.posted[queue] & 0xFFFF)
    rig.check(front.read(receive + fe.HEADER, len(frame)) == frame,
              f"frame from {transmit:#x} to {receive:#x} came changed")


def main():
    with rig.Rig("big-memory") as r:
        app = dpdk.testvdpa(r)
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        number = 0
        for what, (memories, places) in TABLES.items():
            with fe.FrontEnd(str(r.path("vm"))) as front:
                front.start()
                front.send_frame(FRAME + bytes(100))
                more = [front.add_memory(gpa, size) for gpa, size in memories]
                rig.check(front.set_table([front.main, *more]) == 0, f"{what}: refused")
                for receive, transmit in places:
                    number += 1
                    pass_frame(front, receive, transmit, number)
                print(f"{what}: {len(places)} places")
            app.expect(r"-> waiting")
        dpdk.end(r, app)


main()
