# SPDX-License-Identifier: BSD-3-Clause
"""A ring's life: stopped and started anew, its files replaced while it runs, disabled and enabled.

usage: reset.py
"""
import os
import pathlib
import select
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

COUNT = [0]


def frames(front, number):
    for _ in range(number):
        COUNT[0] += 1
        front.send_frame(bytes.fromhex("ffffffffffff52540000000188b5")
                         + struct.pack("<Q", COUNT[0]) * 20)


def stop(front):
    """GET_VRING_BASE of all rings, each answered with the place of the ring."""
    for queue in (0, 1):
        base = front.get_base(queue)
        rig.check(base == front.used_index(queue), f"queue {queue}: GET_VRING_BASE says {base}, "
                  f"the ring {front.used_index(queue)}")


def start(front):
    for queue in (0, 1):
        for _, step in front.ring_steps(queue):
            step()
    front.ask_u64(fe.GET_STATUS)


def resets(front):
    """A guest that reboots: fresh rings from 0, once with buffers left in the old ring."""
    for left in (0, 5):
        frames(front, 70)
        for _ in range(left):
            front.post(0, fe.FRAME_SLOT, fe.F_WRITE)
        front.kick(0)
        stop(front)
        front.set_u64(fe.SET_STATUS, 0)
        front.fresh_rings()
        front.set_u64(fe.SET_STATUS, 0xF)
        start(front)
        rig.check(front.used_index(0) == 0 and front.used_index(1) == 0,
                  "a fresh ring was written to before anything was posted")
        frames(front, 70)


def stop_and_go(front):
    """Stopped and started where it stopped (a paused guest): nothing is lost or done twice."""
    for _ in range(5):
        frames(front, 3)
        stop(front)
        front.base = [front.used_index(0), front.used_index(1)]
        start(front)


def files_replaced(front):
    """SET_VRING_CALL and SET_VRING_KICK with new files; old ones are dead from then on."""
    for turn in range(10):
        for queue in (0, 1):
            old = front.calls[queue], front.kicks[queue]
            front.calls[queue] = os.eventfd(0, os.EFD_NONBLOCK)
            front.vring_fd(fe.SET_VRING_CALL, queue, front.calls[queue])
            if turn % 2 == 0:
                frames(front, 1)
            front.kicks[queue] = os.eventfd(0)
            front.vring_fd(fe.SET_VRING_KICK, queue, front.kicks[queue])
            front.ask_u64(fe.GET_STATUS)
            frames(front, 1)
            # What is posted now is told only through the new files.
            if readable(old[0]):
                os.eventfd_read(old[0])
            frames(front, 1)
            rig.check(not readable(old[0]), "the old call file was used")
            for fd in old:
                os.close(fd)


def readable(fd):
    return bool(select.select([fd], [], [], 0)[0])


def kick_during_swap(front):
    """A kick on the new file that comes before the message is not lost, nor is one on the old."""
    frame = bytes.fromhex("ffffffffffff52540000000188b5") + b"swapped!" * 20
    for _ in range(20):
        new = os.eventfd(1)
        buffer = front.post(0, fe.FRAME_SLOT, fe.F_WRITE)
        front.post_frame(frame)
        front.vring_fd(fe.SET_VRING_KICK, 1, new)
        front.kick(1)
        os.close(front.kicks[1])
        front.kicks[1] = new
        for queue in (1, 0):
            front.await_used(queue, front.posted[queue] & 0xFFFF)
        rig.check(front.read(buffer + fe.HEADER, len(frame)) == frame, "the frame changed")


def disabled(front):
    """A disabled ring does nothing and keeps its place; enabled, it does what waited."""
    frame = bytes.fromhex("ffffffffffff52540000000188b5") + b"disabled" * 20
    for queue in (1, 0, 1, 0):
        front.vring_state(fe.SET_VRING_ENABLE, queue, 0)
        front.ask_u64(fe.GET_STATUS)
        place = front.used_index(queue)
        buffer = front.post(0, fe.FRAME_SLOT, fe.F_WRITE)
        if queue == 1:
            front.post_frame(frame)
            front.kick(1)
        else:
            front.kick(0)
        front.ask_u64(fe.GET_STATUS)
        rig.check(front.used_index(queue) == place, f"queue {queue} moved while disabled")
        front.vring_state(fe.SET_VRING_ENABLE, queue, 1)
        front.ask_u64(fe.GET_STATUS)
        if queue == 0:
            front.post_frame(frame)
            front.kick(1)
        for q in (1, 0):
            front.await_used(q, front.posted[q] & 0xFFFF)
        rig.check(front.read(buffer + fe.HEADER, len(frame)) == frame, "the frame changed")
        frames(front, 3)


def main():
    with rig.Rig("reset") as r:
        app = dpdk.testvdpa(r)
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        with fe.FrontEnd(str(r.path("vm"))) as front:
            front.start()
            for story in (files_replaced, kick_during_swap, disabled, stop_and_go, resets, disabled):
                print(story.__name__, flush=True)
                story(front)
            stop(front)
        dpdk.end(r, app)
        dpdk.card_is_content(r)


main()
