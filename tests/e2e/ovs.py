# SPDX-License-Identifier: BSD-3-Clause
"""A guest on our vDPA port and one on a software port of OVS-DPDK, on one bridge.

usage: ovs.py BUILD-DIRECTORY

    guest A - vhost-user - vDPA device - card - TAP - OVS bridge - dpdkvhostuserclient - guest B

The guests are dpdk-testvdpa's own, in a process that has no device, so each packet is accounted for.
Traffic runs both ways; OVS is ended and started, killed and started, and our back-end is, twice over.
While nothing dies nothing may get lost. When something does, a packet may only get lost where that is
missed: beside it the counters of neighbouring stations must agree to the packet, and what a guest had
left in its ring must come later. What is sent again since its sender died before it had said that it
was sent comes twice, and is counted, too.
"""
import os
import pathlib
import re
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from rig import Failure, check  # noqa: E402
import dpdk  # noqa: E402
import ovs_bench  # noqa: E402
from ovs_bench import BRIDGE, TAP  # noqa: E402
from rig_wait import until  # noqa: E402

SOFTWARE = "vm1"  # B's port
RATE, WINDOW = 1000, 32  # packets a second, and under way, of each guest
ENOUGH = 1000  # packets that each guest has to get
LATE_S = 30  # a busy machine may hold packets back for so long
MACS = ["52:54:00:76:00:00", "52:54:00:76:00:01"]  # that dpdk-testvdpa gives to its guests

# Counters along each way; a packet that came twice was sent twice.
STATIONS = {
    "A->B": ["A sent", "written by the card", "read from interfaces", f"to {SOFTWARE}", "B got"],
    "B->A": ["B sent", f"from {SOFTWARE}", "given to the TAP", "read by the card", "A got"],
}
ENDS = {way: (stations[0], stations[-1]) for way, stations in STATIONS.items()}
OVS, BACK_END = "OVS", "back-end"
# Between which stations packets may get lost when somebody is away, and what that means. The
# counters that went with him are left out.
MAY_LOSE = {
    OVS: {("written by the card", "B got"): "in OVS or sent to nobody",
          ("B sent", "given to the TAP"): "in OVS"},
    BACK_END: {(f"from {SOFTWARE}", "given to the TAP"): "sent to a TAP without a reader",
               ("given to the TAP", "read by the card"): "unread in the TAP",
               ("read by the card", "A got"): "in the card"},
}
GOES = {OVS: {"read from interfaces", f"to {SOFTWARE}", f"from {SOFTWARE}"}, BACK_END: set()}


def hops(way, difference, gone=frozenset()):
    """[((station, station), packets lost between them)]"""
    stations = [station for station in STATIONS[way] if station not in gone]
    return [((left, right), difference[left] - difference[right])
            for left, right in zip(stations, stations[1:])]


class Bench:
    """The three programs."""

    def __init__(self, base):
        self.base, self.rig, self.ovs = base, base.rig, base.ovs
        self.start_app()
        self.guests = self.rig.start("guests", [
            os.environ["TESTVDPA"], *dpdk.eal("guests"), "--no-pci", "--no-telemetry", "--", "-i"])
        self.guests.expect(r"testvdpa> ", 60)
        self.ovs.add_vhost(BRIDGE, SOFTWARE, self.rig.path("b.sock"))
        self.ask(f"guest add A {self.rig.path('a.sock')}", r"added guest")
        self.ask(f"guest add B {self.rig.path('b.sock')} server", r"added guest")

    def start_app(self):
        self.base.start_app("a.sock")

    def ask(self, line, pattern, timeout=60):
        text = self.guests.told(line, "testvdpa> ", timeout)
        found = re.search(pattern, text, re.M)
        check(found, f"the guests, asked {line}: {text}")
        return found

    def ready(self):
        """Both guests are up and only receive; returns when the bridge serves both."""
        self.ask("guest start B rx", r"^guest B: .*$")
        self.ask("guest start A rx", r"^guest A: .*$")
        self.base.await_ports(SOFTWARE)

    def guest_counters(self):
        """Of both guests since they were made. What comes twice was sent twice."""
        text = self.guests.told("guest show", "testvdpa> ", 60)
        errors = re.findall(r"device errors: (\d+), impossible bases: (\d+)", text)
        check(errors == [("0", "0")] * 2, f"a guest saw its device do wrong: {text}")
        found = re.findall(r"sent: (\d+), arrived (\d+), missing \d+, duplicated (\d+), "
                           r"reordered 0, torn 0", text)
        check(len(found) == 2, f"packets that are not as they should be: {text}")
        (a_sent, b_got, a_twice), (b_sent, a_got, b_twice) = (map(int, words) for words in found)
        rings = re.findall(r"\(tx, enabled\): .* in flight (\d+)", text)
        return {"A sent": a_sent + a_twice, "B got": b_got + a_twice, "A twice": a_twice,
                "B sent": b_sent + b_twice, "A got": a_got + b_twice, "B twice": b_twice,
                "in A's ring": int(rings[0]), "in B's ring": int(rings[1])}

    def counters(self):
        return {**self.guest_counters(), **self.base.tap_counters(), **self.base.ovs_counters()}

    def since(self, before):
        return {name: count - before.get(name, 0) for name, count in self.counters().items()}

    def begin(self):
        """Traffic both ways, until both guests have got enough."""
        before = self.guest_counters()
        self.ask(f"guest start A rxtx peer B rate {RATE} window {WINDOW}", r"^guest A: .*$")

        def enough():
            now = self.guest_counters()
            return all(now[name] - before[name] >= ENOUGH for name in ("A got", "B got"))
        until("packets to arrive both ways", 60, enough, 0.1)

    def end(self):
        """Ends the traffic. What it says of packets on their way is no account yet."""
        self.ask("guest stop A", r"stopped guest A: ")

    def calm(self, what):
        """A time in which nothing happens and nothing may get lost; where the bridge has seen the
        guests. Packets do not overtake each other: afterwards none of before is under way."""
        begin = time.monotonic()
        self.ready()
        up = time.monotonic() - begin
        before = self.counters()
        self.begin()
        self.end()
        try:
            until("all packets to arrive", LATE_S, lambda: self.all_arrived(before))
        except Failure:
            now = self.since(before)
            raise Failure(f"{what}: packets are lost: "
                          f"{[hops(way, now) for way in STATIONS]} {now}") from None
        for mac, port in zip(MACS, (TAP, SOFTWARE)):
            place, wanted = self.ovs.place(BRIDGE, mac), self.ovs.ofport(port)
            check(place == wanted, f"{what}: OVS has {mac} at port {place}, and {port} is {wanted}")
        now = self.since(before)
        print(f"{what}: both served after {up:.1f} s; sent {now['A sent']} A->B, {now['B sent']} "
              "B->A, 0 lost", flush=True)

    def all_arrived(self, before):
        """What was left in a ring before may arrive besides."""
        now = self.guest_counters()
        return all(now[got] - before[got] >= now[sent] - before[sent]
                   for sent, got in ENDS.values())

    def break_it(self, what, end, start, victim):
        """Ends something under traffic and starts it again; accounts for each packet."""
        before = self.counters()
        self.begin()
        end()
        self.end()
        away = self.guest_counters()
        under_way = {way: away[sent] - before[sent] - away[got] + before[got]
                     for way, (sent, got) in ENDS.items()}
        start()
        self.calm(f"{what}, started again")
        now = self.since(before)
        told = [self.judge(way, now, victim, under_way[way]) for way in STATIONS]
        print(f"{what}: {'; '.join(told)}", flush=True)
        twice = away["in A's ring"] if end == self.kill_app else 0
        check(now["A twice"] <= twice and now["B twice"] == 0, f"{what}: {now['A twice']} packets "
              f"of A, where {twice} may, and {now['B twice']} of B came twice")

    def judge(self, way, difference, victim, under_way):
        """Holds each hop of a way to what it may lose, no more than was under way and had not
        arrived when its receiver was away; returns what was lost, in words."""
        lost = []
        for hop, count in hops(way, difference, GOES[victim]):
            may = MAY_LOSE[victim].get(hop)
            most = under_way if may else 0
            check(0 <= count <= most, f"{way}: {count} packets are lost between '{hop[0]}' and "
                  f"'{hop[1]}', where {most} may: {difference}")
            lost += [f"{count} {may}"] if count else []
        sent, got = ENDS[way]
        count = difference[sent] - difference[got]
        check(count <= under_way, f"{way}: {count} lost, but {under_way} were under way")
        twice = difference[f"{way[0]} twice"]
        return (f"{way} {count} lost of {under_way} that were under way"
                + (f" ({', '.join(lost)})" if lost else "")
                + (f", {twice} came twice" if twice else ""))

    def kill_app(self):
        self.base.app.signal(signal.SIGKILL)
        self.base.app.wait()


def play(base):
    b = Bench(base)
    b.calm("begin")
    b.break_it("OVS ended", b.ovs.exit, b.ovs.start, OVS)
    b.break_it("OVS killed", b.ovs.kill, b.ovs.start, OVS)
    b.break_it("back-end killed", b.kill_app, b.start_app, BACK_END)
    b.break_it("back-end ended", base.end_app, b.start_app, BACK_END)
    b.guests.send("quit")
    check(b.guests.wait() == 0, "the guests did not end well")
    base.end_app()
    b.ovs.exit()


if __name__ == "__main__":
    ovs_bench.main("ovs", play)
