# SPDX-License-Identifier: BSD-3-Clause
"""New memory has its keys before the queues stop, and old memory loses them when they run again.

The card's trace says which commands came when; frames through the looped port say that the device
works on the memory that it should work on. In the names of the checklist (vdpa_flows): D11, D32,
K5, K7, N2, N3 (its variants c1 to c3), N21.

usage: mem_early.py order|same|files|fail|many|edges [DEVARGS]
"""
import json
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import card_ctl  # noqa: E402
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

ADDED = 1 << 30
DIMM = 4 << 20
MAKE = ("REG_MR", "CREATE_MKEY")
UNMAKE = ("DESTROY_MKEY", "DEREG_MR")
VIRTQ = "MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q"


class Card:
    """What the card has been told, and what it has."""

    def __init__(self, r):
        self.r = r
        self.seen = 0

    def ctl(self, *words):
        return card_ctl.ask(self.r.path("ctl"), *words)

    def objects(self):
        """Without the queues' counters, which stay for the next front-end."""
        counts = self.ctl("objects", "0")["functions"][0]
        counts["total"] -= counts.pop("VIRTQ_COUNTERS")
        return counts

    def await_objects(self, wanted):
        """The app says that a front-end is gone a little before the driver has cleaned up, and says
        nothing then."""
        rig.until(f"the card to have {wanted}", 20, lambda: self.objects() == wanted)

    def news(self):
        """The commands since the last call, by start."""
        lines = self.r.path("trace.json").read_text().splitlines()
        new = [json.loads(line) for line in lines[self.seen:]]
        self.seen = len(lines)
        return sorted((line for line in new if line["kind"] == "command"),
                      key=lambda line: line["start_ns"])


class Guest:
    def __init__(self, front, card):
        self.front, self.card = front, card
        self.count = 0

    def frames(self, number=3):
        for _ in range(number):
            self.count += 1
            self.front.send_frame(bytes.fromhex("ffffffffffff52540000000188b5")
                                  + struct.pack("<Q", self.count) * 20)

    def settle(self):
        """A reply means that all before it was worked off, dev_conf included."""
        self.front.ask_u64(fe.GET_STATUS)

    def table(self, what, memories, reg=0, keys=0, dereg=0):
        """A table that is taken; so many regions are registered, indirect keys made, and both given
        back."""
        self.settle()
        self.card.news()
        rig.check(self.front.set_table(memories) == 0, f"{what}: the table was refused")
        self.settle()
        commands = self.card.news()
        self.check(what, commands, {"REG_MR": reg, "CREATE_MKEY": keys, "DEREG_MR": dereg,
                                    "DESTROY_MKEY": keys})
        self.frames()
        return commands

    @staticmethod
    def check(what, commands, wanted, one_stop=True):
        """one_stop: all queues stopped and started once, together."""
        for name, number in wanted.items():
            found = sum(command["command"] == name for command in commands)
            rig.check(found == number, f"{what}: {found} {name}, expected {number}")
        refused = [command for command in commands if command["status"] != "OK"]
        rig.check(not refused, f"{what}: refused: {refused}")
        if one_stop:
            check_order(what, commands)


def end(command):
    return command["start_ns"] + command["duration_ns"]


def check_order(what, commands):
    """Keys are made before the first queue stops and go after the last one runs."""
    stops = [c["start_ns"] for c in commands if c["command"] == VIRTQ and c["state"] == "SUSPEND"]
    runs = [end(c) for c in commands if c["command"] == VIRTQ and c["state"] == "RDY"]
    if not stops:
        return
    rig.check(runs, f"{what}: no queue runs")
    for command in commands:
        if command["command"] in MAKE:
            rig.check(end(command) <= min(stops), f"{what}: {command['command']} after a SUSPEND")
        if command["command"] in UNMAKE:
            rig.check(command["start_ns"] >= max(runs),
                      f"{what}: {command['command']} before the last queue ran")


def together(commands):
    """The most that were in progress at the same time."""
    return max(sum(other["start_ns"] <= command["start_ns"] < end(other) for other in commands)
               for command in commands)


def order(guest, workers):
    """One region more, one less: what it costs, and when."""
    front = guest.front
    dimm = front.add_memory(ADDED, DIMM)
    for _ in range(3):
        guest.table("added", [front.main, dimm], reg=1, keys=1)
        guest.table("removed", [front.main], keys=1, dereg=1)
    more = [front.add_memory(ADDED << step, DIMM) for step in range(1, 7)]
    guest.card.ctl("latency", "REG_MR=100ms")
    commands = guest.table("seven added", [front.main, dimm, *more], reg=7, keys=1)
    guest.card.ctl("latency", "REG_MR=0")
    beside = together([command for command in commands if command["command"] == "REG_MR"])
    print(f"seven regions: {beside} registered at the same time")
    rig.check(beside > 1 or workers == 0, "regions were registered one after the other")
    guest.table("all but two removed", [more[3], front.main], keys=1, dereg=6)


def part(memory, start, size):
    """A part of a memory as (region, file)."""
    return (memory.gpa + start, size, memory.user + start, start), memory.fd


def send_parts(front, *parts):
    payload = struct.pack("=II", len(parts), 0)
    for region, _ in parts:
        payload += struct.pack("=QQQQ", *region)
    return front.send_table(payload, [fd for _, fd in parts])


def same(guest):
    """D32: the same memory costs nothing, whatever the table looks like; grown memory what is new."""
    front = guest.front
    dimm = front.add_memory(ADDED, DIMM)
    half = DIMM // 2
    whole = part(front.main, 0, fe.RAM_SIZE)
    guest.table("added", [front.main, dimm], reg=1, keys=1)
    for what, memories in (("again", [front.main, dimm]), ("another order", [dimm, front.main])):
        rig.check(not guest.table(what, memories), f"{what}: there were commands")
    dimm.user += 1 << 36  # vhost maps it anew
    guest.table("another address in the front-end", [dimm, front.main])
    cut = 8 << 20
    tables = {
        "cut in two": ((whole, part(dimm, half, half), part(dimm, 0, half)), {}),
        "cut elsewhere": ((part(front.main, 0, cut), part(front.main, cut, fe.RAM_SIZE - cut),
                           part(dimm, 0, DIMM)), {}),
        "shrunk": ((whole, part(dimm, 0, half)),
                   {"REG_MR": 1, "CREATE_MKEY": 1, "DEREG_MR": 1, "DESTROY_MKEY": 1}),
        "grown": ((whole, part(dimm, 0, DIMM)), {"REG_MR": 1, "CREATE_MKEY": 1, "DESTROY_MKEY": 1}),
        "shrunk again": ((whole, part(dimm, 0, half)),
                         {"CREATE_MKEY": 1, "DEREG_MR": 1, "DESTROY_MKEY": 1}),
        "grown again": ((part(dimm, 0, DIMM), whole),
                        {"REG_MR": 1, "CREATE_MKEY": 1, "DESTROY_MKEY": 1}),
    }
    for what, (parts, wanted) in tables.items():
        guest.settle()
        guest.card.news()
        rig.check(send_parts(front, *parts) == 0, f"{what}: the table was refused")
        guest.settle()
        guest.check(what, guest.card.news(), {name: wanted.get(name, 0)
                                              for name in MAKE + UNMAKE})
        guest.frames()
    front.buffers = ADDED + half - 5 * fe.FRAME_SLOT  # across the ends of keys
    guest.frames(10)


def move_main(front, user):
    """The guest's memory goes to another file; the old one stays as it was."""
    old, new = front.main, fe.Memory(0, fe.RAM_SIZE, user)
    new.map[:] = old.map[:]
    front.more.append(old)  # to be closed
    front.more.insert(0, front.more.pop())
    front.main, front.ram, front.memfd = new, new.map, new.fd
    old.gpa = 1 << 45  # it is nobody's memory any more
    return old, bytes(old.map)


def untouched(what, old):
    memory, before = old
    rig.check(bytes(memory.map) == before, f"{what}: the old memory was written to")


def files(guest):
    """N3: another file behind guest addresses that stay."""
    front = guest.front
    changed = {"reg": 1, "keys": 1, "dereg": 1}
    # c1: same user address. vhost alone would not see it; with one region, and with two.
    old = move_main(front, fe.USER_BASE)
    guest.table("c1, one region", [front.main], **changed)
    untouched("c1, one region", old)
    guest.table("c1, one region, again", [front.main])
    dimm = front.add_memory(ADDED, DIMM)
    guest.table("added", [front.main, dimm], reg=1, keys=1)
    old = move_main(front, fe.USER_BASE)
    guest.table("c1, two regions", [front.main, dimm], **changed)
    untouched("c1, two regions", old)
    guest.table("removed", [front.main], keys=1, dereg=1)
    # c2: another user address, and the rings told anew.
    old = move_main(front, fe.USER_BASE + (1 << 40))
    guest.settle()
    guest.card.news()
    rig.check(front.set_table([front.main]) == 0, "c2: the table was refused")
    for queue in (0, 1):
        front.vring_address(queue, 1 << 40)
    guest.settle()
    guest.check("c2", guest.card.news(), {"REG_MR": 1, "CREATE_MKEY": 1, "DEREG_MR": 1,
                                          "DESTROY_MKEY": 1}, one_stop=False)
    guest.frames()
    untouched("c2", old)
    # c3: all rings stopped, the table, a normal start.
    for queue in (0, 1):
        front.base[queue] = front.get_base(queue)
    old = move_main(front, fe.USER_BASE)
    rig.check(front.set_table([front.main]) == 0, "c3: the table was refused")
    for queue in (0, 1):
        for _, step in front.ring_steps(queue):
            step()
    guest.frames()
    untouched("c3", old)
    guest.settle()
    guest.card.news()


def fail(guest):
    """D11, K7: what cannot be registered is refused; the queues run on, nothing is left behind. N21
    follows: hang_up()."""
    front, card = guest.front, guest.card
    dimms = [front.add_memory(ADDED << step, DIMM) for step in range(3)]
    guest.table("added", [front.main, dimms[0]], reg=1, keys=1)
    before = card.objects()
    for command, nth in (("REG_MR", 1), ("REG_MR", 2), ("CREATE_MKEY", 1)):
        what = f"{command} {nth} fails"
        card.ctl("fault", "add", f"command={command}", f"nth={nth}", "status=NO_RES")
        card.news()
        rig.check(front.set_table([front.main, *dimms]) != 0, f"{what}: the table was taken")
        guest.settle()
        commands = card.news()
        rig.check(not [c for c in commands if c["command"] == VIRTQ], f"{what}: a queue stopped")
        rig.check(card.objects() == before, f"{what}: {card.objects()}, before it {before}")
        guest.frames()
        guest.table(f"{what}, the old table again", [front.main, dimms[0]])
    guest.table("afterwards", [front.main, *dimms], reg=2, keys=1)
    # Tables that are taken, for queues that do not start: their keys do not pile up.
    guest.table("one of them", [front.main, dimms[0]], keys=1, dereg=2)
    for command in ("CREATE_GENERAL_OBJECT/VIRTIO_NET_Q", VIRTQ):
        card.ctl("fault", "add", f"command={command}", "count=forever", "status=NO_RES")
    for turn in range(9):
        front.set_table([front.main, dimms[(turn + 1) % 3]])
        guest.settle()
        now = card.objects()
        rig.check(now["VIRTQ"] == 0, f"queues run although they cannot: {now}")
        rig.check(now["MKEY"] <= before["MKEY"], f"turn {turn}: {now['MKEY']} keys")
    card.ctl("fault", "clear")
    guest.settle()  # vhost configures the device at any message, as long as it is not
    guest.frames()


def edges(guest):
    """K5: regions that make no sense are refused and change nothing; those that touch, or lie
    somewhere in their file, are served to the last byte."""
    front, card = guest.front, guest.card
    dimm, next_one = front.add_memory(ADDED, DIMM), front.add_memory(ADDED + DIMM, DIMM)
    whole = part(front.main, 0, fe.RAM_SIZE)
    bad = {
        "no region": (),
        "an empty one": (whole, part(dimm, 0, 0)),
        "overlapping ones": (whole, part(dimm, 0, DIMM), part(dimm, DIMM - 4096, 4096)),
        "the same one twice": (whole, whole),
        "an unaligned start": (whole, part(dimm, 512, 4096)),
        "an unaligned size": (whole, part(dimm, 0, 4097)),
        "one that lies askew in its file": (whole, ((ADDED, 4096, dimm.user, 512), dimm.fd)),
        "one longer than its file": (whole, part(dimm, 4096, DIMM)),
        "one beyond all addresses": (whole, ((1 << 46, 4096, dimm.user, 0), dimm.fd)),
    }
    guest.settle()
    before = card.objects()
    for what, parts in bad.items():
        card.news()
        rig.check(send_parts(front, *parts) != 0, f"{what}: the table was taken")
        guest.settle()
        rig.check(not card.news(), f"{what}: there were commands")
        rig.check(card.objects() == before, f"{what}: {card.objects()}, before it {before}")
        guest.frames(1)
    guest.table("neighbours", [front.main, next_one, dimm], reg=2, keys=1)
    number = 0
    for length in (60, 600, 1500):  # from one file's last bytes to the next one's first
        for before_end in (1, fe.HEADER, fe.HEADER + 1, length // 2):
            number += 1
            across(front, ADDED + DIMM - before_end, length, number)
    # The same guest addresses, but the second half of the file.
    askew = ((ADDED, DIMM // 2, dimm.user, DIMM // 2), dimm.fd)
    rig.check(send_parts(front, whole, askew) == 0, "half a file was refused")
    guest.settle()
    buffer = ADDED + 4096
    frame = bytes.fromhex("ffffffffffff52540000000188b5") + b"behind!!" * 20
    dimm.map[:] = bytes(DIMM)
    front.post(0, fe.FRAME_SLOT, fe.F_WRITE, buffer)
    front.post_frame(frame)
    front.kick(1)
    for queue in (1, 0):
        front.await_used(queue, front.posted[queue] & 0xFFFF)
    place = DIMM // 2 + 4096 + fe.HEADER
    rig.check(dimm.map[place:place + len(frame)] == frame, "the frame is not in the file's half")


def across(front, address, length, number):
    """A frame that is sent from, and one that is received to, a buffer over the end of a memory."""
    frame = bytes.fromhex("ffffffffffff52540000000188b5") + struct.pack("<Q", number) * (length // 8)
    data = bytes(fe.HEADER) + frame
    own = front.own_buffer(0)
    for receive, transmit in ((own, address), (address, None)):
        front.post(0, fe.FRAME_SLOT, fe.F_WRITE, receive)
        if transmit is None:
            front.post_frame(frame)
        else:
            write_across(front, transmit, data)
            front.post(1, len(data), 0, transmit)
        front.kick(1)
        for queue in (1, 0):
            front.await_used(queue, front.posted[queue] & 0xFFFF)
        got = b"".join(front.read(receive + fe.HEADER + at, 1) for at in range(len(frame)))
        rig.check(got == frame, f"{length} bytes at {address:#x} came changed")


def write_across(front, address, data):
    for at, byte in enumerate(data):
        front.write(address + at, bytes([byte]))


def hang_up(r, card, before):
    """N21: the connection ends with a table on its way, good or not, again and again."""
    for turn in range(6):
        with fe.FrontEnd(str(r.path("vm"))) as front:
            front.start()
            dimm = front.add_memory(ADDED, DIMM)
            if turn % 2:
                card.ctl("fault", "add", "command=CREATE_MKEY")
            payload = struct.pack("=IIQQQQQQQQ", 2, 0, *front.main.region(), *dimm.region())
            front.send(fe.SET_MEM_TABLE, payload, [front.main.fd, dimm.fd])
        r.procs[0].expect(r"-> waiting")
        card.ctl("fault", "clear")
    card.await_objects(before)


def many(guest):
    """N2: a hundred tables, one after the other; a large region that goes."""
    front, card = guest.front, guest.card
    dimms = [front.add_memory(ADDED << step, DIMM) for step in range(4)]
    guest.frames()
    # The first one makes what is kept for those to come (a queue to park the receive table at).
    for table in ([front.main, dimms[0]], [front.main]):
        rig.check(front.set_table(table) == 0, "the first tables: refused")
    guest.settle()
    before = card.objects()
    for turn in range(100):
        some = [dimm for bit, dimm in enumerate(dimms) if turn >> bit & 1]
        rig.check(front.set_table([front.main, *some]) == 0, f"turn {turn}: refused")
        if turn % 10 == 0:
            guest.frames(1)
    rig.check(front.set_table([front.main]) == 0, "back to the first table: refused")
    guest.settle()
    guest.frames()
    rig.check(card.objects() == before, f"{card.objects()} after 100 tables, before {before}")
    big = front.add_memory(ADDED << 8, 1 << 30)
    for turn in range(5):
        guest.table("1 GiB added", [front.main, big], reg=1, keys=1)
        guest.settle()
        card.news()
        start = time.monotonic()
        rig.check(front.set_table([front.main]) == 0, "1 GiB removed: refused")
        reply = time.monotonic() - start
        guest.settle()
        all_of_it = time.monotonic() - start
        commands = card.news()
        gap = max(end(c) for c in commands if c.get("state") == "RDY") - min(
            c["start_ns"] for c in commands if c.get("state") == "SUSPEND")
        print(f"1 GiB removed: reply {reply * 1e3:.1f} ms, queues stopped {gap / 1e6:.1f} ms, "
              f"all {all_of_it * 1e3:.1f} ms")


def main(story, devargs=""):
    with rig.Rig(f"mem-early-{story}") as r:
        app = dpdk.testvdpa(r, devargs="class=vdpa" + devargs, card={"control": {"socket": "ctl"},
                                     "trace": {"file": "trace.json"}})
        card = Card(r)
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        idle = card.objects()
        with fe.FrontEnd(str(r.path("vm"))) as front:
            front.start()
            guest = Guest(front, card)
            guest.frames()
            stories = {"same": same, "files": files, "fail": fail, "many": many,
                       "edges": edges}
            if story == "order":
                order(guest, "max_conf_threads" in devargs)
            else:
                stories[story](guest)
        app.expect(r"-> waiting")
        card.await_objects(idle)
        if story == "fail":
            hang_up(r, card, idle)
        dpdk.end(r, app)


main(*sys.argv[1:])
