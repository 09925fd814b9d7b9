# SPDX-License-Identifier: BSD-3-Clause
"""A guest on our vDPA port and one on a software port of OVS-DPDK, on one bridge.

usage: ovs.py BUILD-DIRECTORY

    guest A - vhost-user - vDPA device - card - TAP - OVS bridge - dpdkvhostuserclient - guest B

The guests are dpdk-testvdpa's own, in a process that has no device, so each packet is accounted for.
Traffic runs both ways; OVS is ended and started, killed and started, and our back-end is, twice over.
While nothing dies nothing may get lost. What is lost when something does is told, and may be no more
than what the senders are allowed to have under way.
"""
import os
import pathlib
import re
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import dpdk  # noqa: E402
from rig import Failure, Rig, check, skip  # noqa: E402
import rig_ovs  # noqa: E402
from rig_wait import until  # noqa: E402
from netns import ip, namespace  # noqa: E402

BRIDGE, TAP, SOFTWARE = "br0", "card0", "vm1"
RATE, WINDOW = 1000, 32  # packets a second, and under way, of each guest
ENOUGH = 1000  # packets that each guest has to get
MACS = ["52:54:00:76:00:00", "52:54:00:76:00:01"]  # that dpdk-testvdpa gives to its guests


class Bench:
    """The three programs."""

    def __init__(self, rig, build, enter, root):
        self.rig, self.build, self.enter = rig, build, enter
        built = {"MLX5EMU": "app/mlx5emu/mlx5emu", "TESTVDPA": "app/testvdpa/dpdk-testvdpa",
                 "DRIVER": "drivers/vdpa/mlx5_devx/librte_vdpa_mlx5_devx.so"}
        os.environ.update({name: str(build / path) for name, path in built.items()})
        self.app = None
        self.start_app()
        self.guests = rig.start("guests", [os.environ["TESTVDPA"], *dpdk.eal("guests"), "--no-pci",
                                           "--no-telemetry", "--", "-i"])
        self.guests.expect(r"testvdpa> ", 60)
        self.ovs = rig_ovs.Ovs(rig, root, enter)
        self.ovs.start()
        self.ovs.bridge(BRIDGE)
        self.ovs.add_interface(BRIDGE, TAP)
        self.ovs.add_vhost(BRIDGE, SOFTWARE, rig.path("b.sock"))
        self.ask(f"guest add A {rig.path('a.sock')}", r"added guest")
        self.ask(f"guest add B {rig.path('b.sock')} server", r"added guest")

    def start_app(self):
        """Our back-end."""
        card = {"control": {"socket": "ctl"}, "wire": {"nets": [{"name": "lan",
            "kind": "switch", "functions": [0], "uplinks": [
                {"name": "host", "tap": {"interface": TAP, "up": True}}]}]}}
        self.app = dpdk.testvdpa(self.rig, card=card, wire=None, enter=self.enter)
        self.app.ask(f"attach {dpdk.DEVICES[0]} {self.rig.path('a.sock')} server", r"attached ")

    def ask(self, line, pattern, timeout=30):
        found = self.guests.ask(line, pattern, timeout)
        self.guests.expect(r"testvdpa> ", timeout)
        return found

    def ready(self):
        """Both guests are up and only receive; returns when the bridge serves both."""
        self.ask("guest start B rx", r"^guest B: .*$")
        self.ask("guest start A rx", r"^guest A: .*$")
        self.ovs.await_port(TAP)
        # The kernel drops what is sent to an interface until it has dealt with its new carrier,
        # which it does once a second.
        until("the kernel to have the TAP up", 20, lambda: self.rig.run(
            [*self.enter, "cat", f"/sys/class/net/{TAP}/operstate"])[1].strip() == "up", 0.1)
        self.ovs.await_vhost(SOFTWARE)

    def totals(self):
        """(sent, arrived, in doubt) of both guests since they were made."""
        text = self.ask("guest show", r"[\s\S]*device errors: (\d+)[\s\S]*device errors: (\d+)")
        check(text[1] == text[2] == "0", f"a guest saw its device do wrong: {text[0]}")
        found = re.findall(r"sent: (\d+), arrived (\d+), missing (\d+), duplicated 0, reordered 0, "
                           r"torn 0", text[0])
        check(len(found) == 2, f"packets that are not as they should be: {text[0]}")
        return [[int(word) for word in guest] for guest in found]

    def begin(self):
        """Traffic both ways, until both guests have got enough."""
        before = self.totals()
        self.ask(f"guest start A rxtx peer B rate {RATE} window {WINDOW}", r"^guest A: .*$")
        until("packets to arrive both ways", 60, lambda: all(
            now[1] - then[1] >= ENOUGH for then, now in zip(before, self.totals())), 0.1)

    def end(self):
        """Ends the traffic; returns how many of its packets are lost."""
        found = self.ask("guest stop A", r"stopped guest A: .*? (\d+) lost, 0 duplicated, "
                         r"0 reordered, 0 torn, (\d+) excused, (\d+) pending", 60)
        return sum(int(word) for word in found.groups())

    def calm(self, what):
        """A time in which nothing happens and nothing may get lost; where the bridge has seen the
        guests."""
        begin = time.monotonic()
        self.ready()
        up = time.monotonic() - begin
        before = self.totals()
        self.begin()
        lost = self.end()
        after = self.totals()
        sent = [now[0] - then[0] for then, now in zip(before, after)]
        print(f"{what}: both served after {up:.1f} s; sent {sent[0]} A->B, {sent[1]} B->A, "
              f"{lost} lost", flush=True)
        if lost:
            raise Failure(f"{what}: {lost} packets are lost\n{self.where()}")
        for mac, port in zip(MACS, (TAP, SOFTWARE)):
            place, wanted = self.ovs.place(BRIDGE, mac), self.ovs.ofport(port)
            check(place == wanted, f"{what}: OVS has {mac} at port {place}, and {port} is {wanted}")

    def where(self):
        """The counters on the way, which tell where packets went."""
        guests = self.guests.ask("guest show", r"[\s\S]*testvdpa> ")[0]
        card = self.rig.run([os.environ["MLX5EMU"], "ctl", "--socket", "ctl", "wire", "stats"])[1]
        card = "\n".join(line for line in card.splitlines() if not line.endswith(": 0"))
        tap = self.rig.run([*self.enter, "ip", "-s", "-s", "link", "show", TAP])[1]
        return "\n".join([guests, card, tap, self.ovs.appctl("dpctl/show", "-s")])

    def break_it(self, what, end):
        """Ends something under traffic; tells what got lost."""
        self.begin()
        begin = time.monotonic()
        end()
        lost = self.end()
        most = int((time.monotonic() - begin) * 2 * RATE) + 2 * WINDOW
        print(f"{what}: {lost} packets lost of those that were under way or sent "
              "afterwards", flush=True)
        check(lost <= most, f"{what}: {lost} lost, at most {most} were sent")

    def kill_app(self):
        self.app.signal(signal.SIGKILL)
        self.app.wait()

    def quit_app(self):
        dpdk.end(self.rig, self.app)


def play(b):
    b.calm("begin")
    b.break_it("OVS ended", b.ovs.exit)
    b.ovs.start()
    b.calm("OVS started again")
    b.break_it("OVS killed", b.ovs.kill)
    b.ovs.start()
    b.calm("OVS started again")
    b.break_it("back-end killed", b.kill_app)
    b.start_app()
    b.calm("back-end started again")
    b.break_it("back-end ended", b.quit_app)
    b.start_app()
    b.calm("back-end started again")


def main():
    os.umask(0o077)
    for program in ("ip", "apt-get"):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        skip("a TAP interface in a network namespace needs root and /dev/net/tun")
    build = pathlib.Path(sys.argv[1]).resolve()
    try:
        root = rig_ovs.prepare(build)
    except Failure as e:
        skip(f"no OVS-DPDK: {e}")
    with Rig("ovs") as rig, namespace(f"vdpa-ovs-{os.getpid()}") as enter:
        # Made here so that it outlives the card, as a real one's representor does: OVS goes on
        # listening at an interface that vanished if one of the same name comes soon.
        ip("-n", enter[-1], "tuntap", "add", "mode", "tap", "name", TAP)
        b = Bench(rig, build, enter, root)
        play(b)
        b.guests.send("quit")
        check(b.guests.wait() == 0, "the guests did not end well")
        dpdk.end(rig, b.app)
        b.ovs.exit()


if __name__ == "__main__":
    main()
