# SPDX-License-Identifier: BSD-3-Clause
"""A virtual machine migrates from a software port of OVS-DPDK to our vDPA port, whose card is wired
to the same bridge, and back, and there again, under two-way traffic; there OVS and our back-end are
ended and started.

usage: software_port.py BUILD-DIRECTORY

Guest B stays on a software port of its own. OVS has to find A's address at A's new port, and frames
go on. Each frame is accounted for by the counters along its way: what was lost is, to the frame, what
OVS, its socket at the TAP, the TAP or the card's port has counted as dropped. In a move that is what
came for A's old port after A had left it, until OVS heard A at the new one. Else it is 0, but for
what the kernel drops at OVS's socket, and OVS at a guest's ring, when a busy machine does not let
them be read in time.

While nobody is at a software port OVS does not show its counters: what it has dropped for A's is
checked when A is back, for all the time.

While OVS or our back-end is away nobody takes what is sent, and counters begin anew: what was lost is
told, nothing may come twice or out of order, and afterwards the exact accounts hold again.

Both back-ends have to offer the same: QEMU's options take away what only OVS has, the driver's
argument `features` what only the card has.
"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from rig import Failure, check  # noqa: E402
import dpdk  # noqa: E402
import ovs_bench  # noqa: E402
from ovs_bench import BRIDGE, TAP  # noqa: E402
import rig_image  # noqa: E402
from rig_migrate import RAM_KB, RING_SIZE  # noqa: E402
from rig_moving import MovingVm  # noqa: E402
from rig_story import MACS  # noqa: E402
from rig_vm import FEATURES_OFF, VmOptions  # noqa: E402
from rig_wait import until  # noqa: E402

FEATURES = "features=-csum-host_tso4-host_tso6-host_ecn-guest_tso4-guest_tso6-guest_ecn-mrg_rxbuf"
RATE = 300  # frames a second: what a busy machine holds back must fit into the rings
ENOUGH = 300  # frames that each guest has to get
LATE_S = 30  # a busy machine may hold frames back for so long
A_AT, B_AT = "vm1", "vmb"
FAULTS = ["duplicated", "reordered", "corrupt", "dropped", "stale", "beyond"]


class Station:
    """A place on a way, with the names of counters of frames: those that come into it, or are taken
    away before ("-"), those that leave it, and those that were counted as dropped there."""

    def __init__(self, name, came, left, *dropped):
        self.name, self.came, self.left, self.dropped = name, came, left, dropped

    def lost(self, books):
        return self.sum(books, self.came) - self.sum(books, self.left)

    def counted(self, books):
        return self.sum(books, self.dropped)

    def agrees(self, books):
        """Is each lost frame a counted one?"""
        return self.lost(books) == self.counted(books)

    @staticmethod
    def sum(books, names):
        return sum(-books[name[1:]] if name[0] == "-" else books[name] for name in names)


# A's ring is OVS's and the card's, one after the other; what neither took from it counts as lost here,
# and what was put into it and has not come out.
FOR_A = Station("OVS at A's port", [f"from {B_AT}", "-given to the TAP"],
                ["A got", "-received by the card's port"], f"dropped for {A_AT}")
SOCKET = Station("OVS's socket at the TAP", ["written by the card"], ["read from interfaces"],
                 "dropped at OVS's socket")
FOR_B = Station("OVS at B's port", ["A sent", "-sent by the card's port", "read from interfaces"],
                [f"to {B_AT}"], f"dropped for {B_AT}")
WAYS = {
    "A->B": [Station("the card", ["sent by the card's port"], ["written by the card"]), SOCKET,
             FOR_B, Station("B's ring", [f"to {B_AT}"], ["B got"])],
    "B->A": [Station("B's ring", ["B sent"], [f"from {B_AT}"]), FOR_A,
             Station("the TAP", ["given to the TAP"], ["read by the card"], "dropped by the TAP"),
             Station("the card's port", ["read by the card"], ["received by the card's port"],
                     "dropped by the card's port")],
}
SLOW = [SOCKET, FOR_B]  # may drop frames at any time, if they count them
# What goes on while one of the programs is away, or later. What A had sent when the back-end went, QEMU
# drops from A's ring itself, since the link is gone; it does so with any back-end that it looks for.
WITHOUT_OVS = [WAYS["A->B"][0], *WAYS["B->A"][2:],
               Station("A's ring", ["received by the card's port"], ["A got"]),
               Station("the card's port", ["A sent"], ["sent by the card's port"])]
WITHOUT_BACK_END = [Station("OVS", ["written by the card"], ["B got"], SOCKET.dropped[0],
                            FOR_B.dropped[0])]


class PortVm(MovingVm):
    """A guest that only the agent sends frames of."""

    features_off = FEATURES_OFF

    def kernel_words(self, peer):
        return super().kernel_words(peer) + " ipv6.disable=1"


class Bench:
    """OVS, our back-end and the guests."""

    def __init__(self, base):
        self.base, self.rig, self.ovs = base, base.rig, base.ovs
        self.image = rig_image.prepare(base.build, update=False)
        self.vms = []  # A and B
        self.lives = 0
        self.epochs = 0
        self.place = A_AT  # A's port
        self.seen = {}  # counters
        self.unseen = 0  # frames that OVS must have dropped for A_AT since its counters were seen
        self.start_app()
        for port in (A_AT, B_AT):
            self.ovs.add_vhost(BRIDGE, port, self.rig.path(f"{port}.sock"))

    def start_app(self):
        self.base.start_app("vdpa.sock", f"class=vdpa,{FEATURES}")

    def make_vm(self, index, port, incoming=False):
        """A guest at a port of the bridge; at software ports QEMU has the socket."""
        self.lives += 1
        socket = "vdpa.sock" if port == TAP else f"{port}.sock"
        options = VmOptions(server=port != TAP, reconnect=int(port == TAP), ram_kb=RAM_KB,
                            ring_size=RING_SIZE, incoming=incoming)
        return PortVm(f"{'AB'[index]}{self.lives}", MACS[index], MACS[1 - index],
                      self.rig.path(socket), self.image, self.rig.dir, options)

    def boot(self):
        self.vms = [self.make_vm(0, A_AT), self.make_vm(1, B_AT)]
        for vm in self.vms:
            vm.connect()
        for vm in self.vms:
            vm.wait_ready()

    def introduce(self):
        """The bridge learns where the guests are. Until its flows say so, it sends B's frames to
        all ports, and there are more frames than were sent."""
        self.start_traffic()

        def learned():
            before = self.counters()["given to the TAP"]
            self.await_frames(ENOUGH)
            return self.counters()["given to the TAP"] == before
        until("the bridge to learn where A is", 30, learned)
        self.stop_traffic()
        until("all frames to arrive", LATE_S, lambda: self.books() and all(
            map(self.arrived, (0, 1))))

    def counters(self):
        """What cannot be seen now is as it was seen last."""
        self.seen = {**self.seen, **self.base.tap_counters(), **self.base.ovs_counters(),
                     **self.base.card_counters()}
        return self.seen

    def start_traffic(self):
        self.before = self.counters()
        for index, vm in enumerate(self.vms):
            self.epochs += 1
            vm.agent(f"epoch {self.epochs}")
            self.vms[1 - index].agent(f"expect {self.epochs}")
        for vm in self.vms:
            vm.agent(f"start {RATE}")
        for vm in self.vms:
            vm.agent("mark")
        self.await_frames(ENOUGH)

    def stop_traffic(self):
        for vm in self.vms:
            vm.agent("stop")

    def await_frames(self, count):
        """Until both guests have got so many frames more."""
        seen = [vm.agent("stat")["unique"] for vm in self.vms]
        until(f"{count} frames at both guests", 30, lambda: all(
            vm.agent("stat")["unique"] >= had + count for vm, had in zip(self.vms, seen)), 0.05)

    def books(self):
        """What happened since the traffic began, by all counters."""
        books = {name: count - self.before.get(name, 0)
                 for name, count in self.counters().items()}
        self.stats = [vm.agent("stat") for vm in self.vms]
        for name, stat in zip("AB", self.stats):
            books[f"{name} sent"], books[f"{name} got"] = stat["sent"], stat["unique"]
        return books

    def arrived(self, index):
        """Has a guest got the other's last frame? Nothing overtakes, so no more comes."""
        return self.stats[index]["next"] == self.stats[1 - index]["sent"]

    def closed(self, books):
        """Is everything accounted for?"""
        if not all(station.agrees(books) for stations in WAYS.values()
                   for station in stations if station != FOR_A):
            return False
        if self.place != A_AT:
            return self.arrived(0)
        return FOR_A.lost(books) + self.unseen == FOR_A.counted(books)

    def whole(self, stations):
        """Has all arrived that can, and these stations lost nothing but what they say?"""
        books = self.books()
        return all(map(self.arrived, (0, 1))) and all(
            station.agrees(books) for station in stations)

    @staticmethod
    def arrears(stations, books):
        return [(station.name, station.lost(books), station.counted(books))
                for station in stations]

    def account(self, what):
        """Ends the traffic and closes the account; returns where frames were lost."""
        self.stop_traffic()
        books, before = self.books(), None
        end = time.monotonic() + LATE_S
        while books != before or not self.closed(books):
            lost = self.arrears([station for stations in WAYS.values() for station in stations],
                                books)
            check(time.monotonic() < end, f"{what}: the account does not close: (station, frames "
                  f"lost, counted) is {lost}, {self.unseen} were lost for {A_AT} before; {books}")
            time.sleep(0.05)
            before, books = books, self.books()
        self.unseen = 0 if self.place == A_AT else self.unseen + FOR_A.lost(books)
        self.tell(what, books)
        self.check_frames(what)
        place, wanted = self.ovs.place(BRIDGE, MACS[0]), self.ovs.ofport(self.place)
        check(place == wanted, f"OVS has A at port {place}, and {self.place} is {wanted}")
        return [station for stations in WAYS.values() for station in stations
                if station.lost(books)]

    def check_frames(self, what):
        wrong = [(name, stat[name]) for stat in self.stats for name in FAULTS if stat[name]]
        check(not wrong, f"{what}: {wrong}")

    def tell(self, what, books):
        told = []
        for way, stations in WAYS.items():
            sent, got = books[f"{way[0]} sent"], books[f"{way[-1]} got"]
            lost = ", ".join(f"{station.lost(books)} by {station.name}" for station in stations
                             if station.lost(books))
            told.append(f"{way} {sent} sent, {sent - got} lost" + (f" ({lost})" if lost else ""))
        gaps = [stat["gap_us"] / 1000 for stat in self.stats]
        print(f"{what}: {'; '.join(told)}; longest silence {gaps[0]:.0f} ms at A, {gaps[1]:.0f} ms "
              "at B", flush=True)

    def calm(self):
        """Nothing happens, and nothing is lost but by those who are slow."""
        self.start_traffic()
        slow = [*SLOW, *([FOR_A] if self.place == A_AT else [])]
        lost = [station.name for station in self.account(f"A at {self.place}")
                if station not in slow]
        check(not lost, f"A at {self.place}: lost in calm by {lost}")

    def move(self, port):
        source, destination = self.vms[0], self.make_vm(0, port, incoming=True)
        try:
            destination.connect()
            self.start_traffic()
            source.migrate_to(destination, f"unix:{self.rig.path('migration')}")
            info = source.await_end(60)
            check(info["status"] == "completed", f"the migration to {port}: {info}; the "
                  f"destination: {destination.process.last_words()}")
        except Exception:
            destination.stop()
            raise
        self.vms[0] = destination
        self.place = port
        source.stop()
        self.await_frames(ENOUGH)
        self.account(f"A moved to {port} (downtime {info['downtime']} ms of {info['total-time']})")

    def restart(self, what, end, start, stations):
        """Ends a program under traffic, and starts it. These stations must have lost nothing."""
        self.start_traffic()
        end()
        start()
        self.base.await_ports(B_AT)
        self.await_frames(ENOUGH)
        self.stop_traffic()
        try:
            until("the last frames to arrive", LATE_S, lambda: self.whole(stations))
        except Failure:
            raise Failure(f"{what}: {self.arrears(stations, self.books())}") from None
        lost = [self.stats[1 - i]["sent"] - self.stats[i]["unique"] for i in (0, 1)]
        print(f"{what} and started: lost meanwhile {lost[1]} A->B of {self.stats[0]['sent']}, "
              f"{lost[0]} B->A of {self.stats[1]['sent']}", flush=True)
        self.check_frames(what)


def play(base):
    b = Bench(base)
    try:
        b.boot()
        b.introduce()
        b.calm()
        for port in (TAP, A_AT, TAP):
            b.move(port)
            b.calm()
        for what, end, start, stations in (
                ("OVS ended", b.ovs.exit, b.ovs.start, WITHOUT_OVS),
                ("back-end ended", base.end_app, b.start_app, WITHOUT_BACK_END)):
            b.restart(what, end, start, stations)
            b.calm()
    finally:
        for vm in b.vms:
            vm.stop()
    base.end_app()
    dpdk.card_is_content(b.rig)
    b.ovs.exit()


if __name__ == "__main__":
    ovs_bench.main("software-port", play, ["qemu-system-x86_64"])
