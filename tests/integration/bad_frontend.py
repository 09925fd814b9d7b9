# SPDX-License-Identifier: BSD-3-Clause
"""A front-end that misbehaves gets an error, and everything else lives on.

After each misdeed a well-behaved front-end connects to the same socket and sends frames through
the looped port; that, not silence, is the proof that nothing was broken.

usage: bad_frontend.py disconnect|memory|rings
"""
import contextlib
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

FRAME = bytes.fromhex("ffffffffffff52540000000188b5") + bytes(range(200))


class Socket:
    """The socket that the app serves: one front-end after the other."""

    def __init__(self, app, path):
        self.app = app
        self.path = str(path)

    @contextlib.contextmanager
    def front_end(self):
        """A front-end; behind it the app is ready for the next one."""
        with fe.FrontEnd(self.path) as front:
            yield front
        self.app.expect(r"-> waiting", 20)


def good_session(vm, frames=3):
    with vm.front_end() as front:
        front.start()
        for _ in range(frames):
            front.send_frame(FRAME)


def disconnects(vm):
    """The connection ends after each message of a start in turn."""
    with vm.front_end() as front:
        names = [name for name, _ in front.steps()]
    for last in range(len(names)):
        with vm.front_end() as front:
            for _, step in front.steps()[:last + 1]:
                step()
        print(f"disconnected after {names[last]}")
    good_session(vm)
    # With frames in the rings, and in the middle of a message.
    with vm.front_end() as front:
        front.start()
        front.send_frame(FRAME)
        for _ in range(8):
            front.post(0, fe.FRAME_SLOT, fe.F_WRITE)
        front.socket.sendall(struct.pack("=IHH", fe.SET_MEM_TABLE, 1, 0))
    good_session(vm)


def bad_tables():
    """(what is wrong, regions, count) of memory tables that nobody can serve."""
    half = fe.RAM_SIZE // 2
    base = fe.USER_BASE
    return [
        ("two regions overlap", [(0, fe.RAM_SIZE, base, 0),
                                 (half, half, base + fe.RAM_SIZE, half)], None),
        ("the same region twice", [(0, half, base, 0), (0, half, base + half, 0)], None),
        ("a region wraps around the address space",
         [(0, half, base, 0), ((1 << 64) - 4096, half, base + half, half)], None),
        ("an empty region", [(0, half, base, 0), (half, 0, base + half, half)], None),
        ("a region larger than its file", [(0, 1 << 50, base, 0)], None),
        ("a region of 2^63 bytes", [(0, 1 << 63, base, 0)], None),
        ("an offset past the end of the file", [(0, half, base, 1 << 40)], None),
        ("more regions than the message has", [(0, half, base, 0)], 8),
        ("four billion regions", [(0, half, base, 0)], 0xFFFFFFFF),
        ("no region", [], None),
    ]


def try_table(front, regions, count):
    """Starts with the table in the place of the good one; errors of the back-end are welcome."""
    try:
        for name, step in front.steps():
            if name == "SET_MEM_TABLE":
                front.set_memory(regions, count)
            else:
                step()
    except fe.Closed:
        pass


def memory(vm):
    for what, regions, count in bad_tables():
        with vm.front_end() as front:
            try_table(front, regions, count)
        print(f"memory table: {what}")
        good_session(vm, 1)
    # Before the features are negotiated: no driver has been told of the connection yet.
    for what, regions, count in bad_tables():
        with vm.front_end() as front:
            try:
                front.send(fe.SET_OWNER)
                front.set_memory(regions, count)
                for name, step in front.steps():
                    if name.startswith("SET_VRING"):
                        step()
                front.ask_u64(fe.GET_FEATURES)
            except fe.Closed:
                pass
        print(f"memory table before the features: {what}")
        good_session(vm, 1)
    # The same on a running device, whose rings must live on under the next good table.
    for what, regions, count in bad_tables():
        with vm.front_end() as front:
            front.start()
            front.send_frame(FRAME)
            try:
                front.set_memory(regions, count)
                front.set_memory()
                front.ask_u64(fe.GET_STATUS)
            except fe.Closed:
                pass
        print(f"memory table on a running device: {what}")
        good_session(vm, 1)
    # What was refused leaves the table before in force: rings stop and start on it.
    for what, regions, count in bad_tables():
        with vm.front_end() as front:
            front.start()
            front.send_frame(FRAME)
            rig.check(front.set_memory(regions, count) != 0, f"taken: {what}")
            front.base = [front.get_base(queue) for queue in range(2)]
            for queue in range(2):
                for _, step in front.ring_steps(queue):
                    step()
            front.ask_u64(fe.GET_STATUS)
            front.send_frame(FRAME)
        print(f"rings stopped and started after: {what}")


def rings(vm):
    """Rings and buffers outside guest memory, and rings of nonsense."""
    for what, shift in (("far outside", 1 << 40), ("over the end of a region",
                                                    fe.RAM_SIZE - 0x110000)):
        with vm.front_end() as front:
            try:
                for name, step in front.steps():
                    if name.startswith("SET_VRING_ADDR"):
                        front.vring_address(int(name[-1]), shift)
                    else:
                        step()
            except fe.Closed:
                pass
        print(f"rings {what}")
        good_session(vm, 1)
    nonsense = {
        "a buffer outside guest memory": lambda f: f.post(1, 100, 0, address=1 << 40),
        "a buffer over the end of memory": lambda f: f.post(1, 4096, 0, address=fe.RAM_SIZE - 100),
        "a chain that loops": lambda f: f.post(1, 100, fe.F_NEXT),
        "an indirect descriptor": lambda f: f.post(1, 64, 4),
        "an available index far ahead": lambda f: struct.pack_into(
            "<H", f.ram, fe.ring_place(1)[1] + 2, 40000),
    }
    for what, misdeed in nonsense.items():
        with vm.front_end() as front:
            front.start()
            front.send_frame(FRAME)
            misdeed(front)
            front.kick(1)
            front.ask_u64(fe.GET_STATUS)
        print(f"rings: {what}")
        good_session(vm, 1)


def main(story):
    with rig.Rig(f"bad-{story}") as r:
        app = dpdk.testvdpa(r)
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        vm = Socket(app, r.path("vm"))
        good_session(vm)
        {"disconnect": disconnects, "memory": memory, "rings": rings}[story](vm)
        app.ask("show device", dpdk.DEVICES[0])
        dpdk.end(r, app)


main(sys.argv[1])
