# SPDX-License-Identifier: BSD-3-Clause
"""SET_MEM_TABLE on a running device, and nothing else: both rings go on where they were.

The port is looped: a frame that is sent uses both rings. After each table the ring's index, the
index that the driver saved and the one that it resumed at must be the same.

usage: mem_table.py
"""
import json
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

BASE = 65530  # so that the indices wrap early on
ADDED = 1 << 30
DIMM = 4 << 20


class Guest:
    def __init__(self, app, front):
        self.app, self.front = app, front
        self.count = 0

    def frames(self, number):
        """No two frames are the same: what comes back is the one that was sent."""
        for _ in range(number):
            self.count += 1
            self.front.send_frame(bytes.fromhex("ffffffffffff52540000000188b5")
                                  + struct.pack("<Q", self.count) * 20)

    def stats(self):
        text = self.app.ask("show json " + dpdk.DEVICES[0], r"^\{.*\}$")[0]
        return [virtq["stats"] for virtq in json.loads(text)["virtqs"]]

    def table(self, what, memories):
        """The reply comes before the rings run again, so frames show first that they do."""
        before = [self.front.used_index(queue) for queue in (0, 1)]
        rig.check(self.front.set_table(memories) == 0, f"{what}: the table was refused")
        self.frames(3)
        for queue, stats in enumerate(self.stats()):
            for name in ("saved_used_index", "resumed_avail_index", "resumed_used_index"):
                rig.check(stats[name] == before[queue], f"{what}: queue {queue}: {name} is "
                          f"{stats[name]}, the ring's used index was {before[queue]}")


def added_and_removed(guest):
    front = guest.front
    dimm = front.add_memory(ADDED, DIMM)
    for turn in range(20):
        guest.table(f"added, turn {turn}", [front.main, dimm])
        guest.table(f"removed, turn {turn}", [front.main])
    rig.check(front.posted[0] > 65536 + 100, "the indices did not wrap")
    guest.table("added for good", [front.main, dimm])
    dimm.user += 1 << 40
    guest.table("another address in the front-end", [dimm, front.main])
    return dimm


def new_file(guest, dimm):
    """Another file behind the guest address of the frames' buffers; the old one stays as it is."""
    front = guest.front
    front.buffers = ADDED
    guest.frames(3)
    before = bytes(dimm.map)
    new = front.add_memory(ADDED, DIMM)
    guest.table("another file at the same place", [front.main, new])
    rig.check(bytes(dimm.map) == before, "frames went to the old memory")
    # The same address in the front-end as well; the order is what vhost sees change.
    again = front.add_memory(ADDED, DIMM)
    again.user = new.user
    before = bytes(new.map)
    guest.table("another file at the same address", [again, front.main])
    rig.check(bytes(new.map) == before, "frames went to the old memory")


def posted_before(guest):
    """Receive buffers and a frame that are posted and not kicked for come through as well."""
    front = guest.front
    frame = bytes.fromhex("ffffffffffff52540000000188b5") + b"unkicked" * 20
    buffer = front.post(0, fe.FRAME_SLOT, fe.F_WRITE)
    front.post_frame(frame)
    rig.check(front.set_table([front.main]) == 0, "the table was refused")
    for queue in (1, 0):
        front.await_used(queue, front.posted[queue] & 0xFFFF)
    rig.check(front.read(buffer + fe.HEADER, len(frame)) == frame, "the frame changed")


def main():
    with rig.Rig("mem-table") as r:
        app = dpdk.testvdpa(r)
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        with fe.FrontEnd(str(r.path("vm")), BASE) as front:
            front.start()
            guest = Guest(app, front)
            guest.frames(3)
            dimm = added_and_removed(guest)
            new_file(guest, dimm)
            front.buffers = 0x400000
            posted_before(guest)
            guest.frames(3)
            for queue in (0, 1):
                base = front.get_base(queue)
                rig.check(base == front.used_index(queue), f"queue {queue}: GET_VRING_BASE says "
                          f"{base}, the ring {front.used_index(queue)}")
        dpdk.end(r, app)
        dpdk.card_is_content(r)


main()
