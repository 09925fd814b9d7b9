# SPDX-License-Identifier: BSD-3-Clause
"""One guest's front-end does not get at another guest's rings, whatever it tries.

Two functions of one card, a well-behaved front-end on each; then a misdeed, and the other guest
must still carry frames.

usage: hostile.py second|files|notifier
"""
import fcntl
import os
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

FRAME = bytes.fromhex("ffffffffffff52540000000188b5") + bytes(range(200))


def second(r, app, vms):
    """A second front-end at the socket of a running one is refused and changes nothing."""
    with fe.FrontEnd(vms[0]) as first:
        first.start()
        first.send_frame(FRAME)
        for _ in range(3):
            app.pos = len(app.text)
            with fe.FrontEnd(vms[0]) as other:
                try:
                    other.start()
                    raise rig.Failure("a second front-end was served")
                except fe.Closed:
                    pass
            app.expect("a second front-end")
            first.send_frame(FRAME)
            rig.check(first.set_table([first.main, first.add_memory(1 << 30, 1 << 20)]) == 0,
                      "the memory table was refused")
            first.send_frame(FRAME)


def blocking(fd):
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_NONBLOCK)


def files(r, app, vms):
    """A call file that is full and made blocking again stops nobody but its owner."""
    with fe.FrontEnd(vms[0]) as bad, fe.FrontEnd(vms[1]) as good:
        bad.start()
        good.start()
        bad.send_frame(FRAME)
        good.send_frame(FRAME)
        for call in bad.calls:
            try:
                os.eventfd_read(call)
            except BlockingIOError:
                pass
            os.eventfd_write(call, (1 << 64) - 2)
            blocking(call)
        for kick in bad.kicks:
            blocking(kick)
        buffer = bad.post(0, fe.FRAME_SLOT, fe.F_WRITE)
        bad.post_frame(FRAME)
        bad.kick(1)
        for queue in (0, 1):
            while bad.used_index(queue) != bad.posted[queue]:
                os.sched_yield()  # nobody calls: the file is full
        rig.check(bad.read(buffer + fe.HEADER, len(FRAME)) == FRAME, "the frame changed")
        good.send_frame(FRAME)
        for queue in (0, 1):
            bad.get_base(queue)
        good.set_table([good.main, good.add_memory(1 << 30, 1 << 20)])
        good.send_frame(FRAME)


def notifier(r, app, vms):
    """A front-end that never answers a request of the back-end's and goes away."""
    ours, theirs = socket.socketpair()
    with fe.FrontEnd(vms[1]) as good:
        good.start()
        with fe.FrontEnd(vms[0]) as bad:
            for name, step in bad.steps():
                if name == "SET_PROTOCOL_FEATURES":
                    bad.set_u64(fe.SET_PROTOCOL_FEATURES, fe.PROTOCOL_MQ | fe.PROTOCOL_REPLY_ACK |
                                fe.PROTOCOL_STATUS | 1 << 5 | 1 << 10 | 1 << 11)
                    bad.send(21, struct.pack("=Q", 0), [theirs.fileno()])
                else:
                    step()
            theirs.close()
            bad.send_frame(FRAME)
            bad.kick(1)
            ours.settimeout(10)
            ours.recv(12)  # the request; it is not answered
        app.expect("-> waiting")
        good.set_table([good.main, good.add_memory(1 << 30, 1 << 20)])
        good.send_frame(FRAME)
    ours.close()


def main(story):
    with rig.Rig(f"hostile-{story}") as r:
        app = dpdk.testvdpa(r, functions=2)
        vms = []
        for number, device in enumerate(dpdk.DEVICES):
            app.ask(f"attach {device} {r.path(f'vm{number}')} server", r"testvdpa> ")
            vms.append(str(r.await_path(f"vm{number}")))
        {"second": second, "files": files, "notifier": notifier}[story](r, app, vms)
        dpdk.end(r, app)


main(sys.argv[1])
