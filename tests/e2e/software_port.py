# SPDX-License-Identifier: BSD-3-Clause
"""A virtual machine migrates from a software port of OVS-DPDK to our vDPA port, whose card is wired
to the same bridge, and back to another software port, under two-way traffic.

usage: software_port.py BUILD-DIRECTORY

Guest B stays on a software port of its own. OVS has to find A's address at A's new port, and frames
go on. Before and after a move nothing is lost. In it, of A's frames, no more than OVS's socket or port
has counted as dropped; of B's besides what it sent while it heard nothing of A. Both back-ends have
to offer the same: QEMU's options take away what only OVS has, the driver's argument `features` what
only the card has.
"""
import os
import pathlib
import re
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import dpdk  # noqa: E402
import card_ctl  # noqa: E402
from rig import Failure, Rig, check, skip  # noqa: E402
import rig_image  # noqa: E402
import rig_ovs  # noqa: E402
from rig_story import MACS, RATE, SETTLE_S  # noqa: E402
from rig_vm import RAM_MB, Vm, VmOptions  # noqa: E402
from rig_wait import until  # noqa: E402
from netns import ip, namespace  # noqa: E402

BRIDGE, TAP = "br0", "card0"
FEATURES = "features=-csum-host_tso4-host_tso6-host_ecn-guest_tso4-guest_tso6-guest_ecn-mrg_rxbuf"
# QEMU 7.2's TCG loses dirty bits of memory whose size is a multiple of 256 KiB.
RAM_KB = (RAM_MB << 10) + 8
ENOUGH = 500  # frames that each guest has to get
RING = 1024  # half a second's silence of a busy machine must fit into a software port's ring
UNDER_WAY = 100  # frames that a busy machine has under way when A stops
PORTS_OF_A = ("vm1", TAP, "vm2")
FAULTS = ["duplicated", "reordered", "corrupt", "dropped", "stale", "beyond"]


class MovingVm(Vm):
    """A guest with memory that can be migrated; @incoming: it waits for one."""

    def __init__(self, *words, incoming=False):
        self.incoming = incoming
        super().__init__(*words)

    def command(self, *words):
        command = super().command(*words)
        command[command.index("-m") + 1] = f"{RAM_KB}K"
        at = next(i for i, word in enumerate(command) if word.startswith("memory-backend-memfd"))
        command[at] = f"memory-backend-memfd,id=ram,size={RAM_KB}K,share=on"
        command[-1] = re.sub(r"x_queue_size=\d+", f"x_queue_size={RING}", command[-1])
        return [*command, *(["-incoming", "defer"] if self.incoming else [])]

    def prepare(self):
        """With the return path the source hears whether the destination took the guest."""
        self.qmp.command("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": True} for name in ("events", "return-path")])
        self.qmp.command("migrate-set-parameters", **{"max-bandwidth": 1 << 30})


class Bench:
    """OVS, our back-end and the guests."""

    def __init__(self, rig, build, enter, root):
        self.rig, self.enter = rig, enter
        self.image = rig_image.prepare(build, update=False)
        self.vms = []  # A and B
        self.lives = 0
        self.epochs = 0
        ip("-n", enter[-1], "tuntap", "add", "mode", "tap", "name", TAP)
        built = {"MLX5EMU": "app/mlx5emu/mlx5emu", "TESTVDPA": "app/testvdpa/dpdk-testvdpa",
                 "DRIVER": "drivers/vdpa/mlx5_devx/librte_vdpa_mlx5_devx.so"}
        os.environ.update({name: str(build / path) for name, path in built.items()})
        card = {"control": {"socket": str(rig.path("ctl"))}, "wire": {"nets": [{"name": "lan",
            "kind": "switch", "functions": [0], "uplinks": [{"name": "host", "tap": {
                "interface": TAP, "up": True}}]}]}}
        self.app = dpdk.testvdpa(rig, card=card, wire=None, enter=enter,
                                 devargs=f"class=vdpa,{FEATURES}")
        self.app.ask(f"attach {dpdk.DEVICES[0]} {rig.path('vdpa.sock')} server", r"attached ")
        self.ovs = rig_ovs.Ovs(rig, root, enter)
        self.ovs.start()
        self.ovs.bridge(BRIDGE)
        self.ovs.add_interface(BRIDGE, TAP)
        for port in ("vm1", "vm2", "vmb"):
            self.ovs.add_vhost(BRIDGE, port, rig.path(f"{port}.sock"))

    def make_vm(self, index, port, incoming=False):
        """A guest at a port of the bridge; at software ports QEMU has the socket."""
        self.lives += 1
        socket, server = ("vdpa.sock", False) if port == TAP else (f"{port}.sock", True)
        return MovingVm(f"{'AB'[index]}{self.lives}", MACS[index], MACS[1 - index],
                        self.rig.path(socket), self.image, self.rig.dir,
                        VmOptions(server=server), incoming=incoming)

    def boot(self):
        self.vms = [self.make_vm(0, "vm1"), self.make_vm(1, "vmb")]
        for vm in self.vms:
            vm.connect()
        for vm in self.vms:
            vm.wait_ready()

    def dropped(self):
        """Frames for B, and for A, that the bridge or the card had no place for, so far."""
        text = self.ovs.appctl("dpctl/show", "-s")
        found = {}
        for port in re.split(r"port \d+: ", text)[1:]:
            # a port that nobody was ever connected to has no counters
            sent = re.search(r"TX packets:\S+ errors:\S+ dropped:(\d+)", port)
            found[port.split()[0]] = int(sent[1]) if sent else 0
        card = card_ctl.ask(self.rig.path("ctl"), "wire", "stats", "0")["ports"][0]["rx_dropped"]
        # of OVS's socket at the TAP, which OVS reads between its other work
        sockets = self.rig.run([*self.enter, "ss", "-0", "-n", "-m"])[1]
        unread = sum(map(int, re.findall(r"skmem:\([^)]*,d(\d+)\)", sockets)))
        return [unread + found["vmb"], card + sum(found[port] for port in PORTS_OF_A)]

    def start_traffic(self):
        self.before = self.dropped()
        for index, vm in enumerate(self.vms):
            self.epochs += 1
            vm.agent(f"epoch {self.epochs}")
            self.vms[1 - index].agent(f"expect {self.epochs}")
        for vm in self.vms:
            vm.agent(f"start {RATE}")
        for vm in self.vms:
            vm.agent("mark")
        self.await_frames(ENOUGH)

    def await_frames(self, count):
        """Until both guests have got so many frames more."""
        seen = [vm.agent("stat")["unique"] for vm in self.vms]
        until(f"{count} frames at both guests", 30, lambda: all(
            vm.agent("stat")["unique"] >= had + count for vm, had in zip(self.vms, seen)), 0.05)

    def account(self, what, moved=False):
        """Ends the traffic and closes the account."""
        for vm in self.vms:
            vm.agent("stop")

        seen, since = None, time.monotonic()
        while time.monotonic() - since < SETTLE_S:
            stats = [vm.agent("stat") for vm in self.vms]
            if all(stats[i]["sent"] == stats[1 - i]["unique"] for i in (0, 1)):
                break
            now = [stat["unique"] for stat in stats]
            if now != seen:
                seen, since = now, time.monotonic()
            time.sleep(0.05)
        lost = [stats[0]["sent"] - stats[1]["unique"], stats[1]["sent"] - stats[0]["unique"]]
        gaps = [stat["gap_us"] / 1000 for stat in stats]
        print(f"{what}: A->B {stats[0]['sent']} sent, {lost[0]} lost; B->A {stats[1]['sent']} sent, "
              f"{lost[1]} lost; longest silence {gaps[0]:.0f} ms at A, {gaps[1]:.0f} ms at B",
              flush=True)
        # B's frames go to A's old place until OVS hears A at the new one
        late = int(gaps[1] * RATE / 1000) + UNDER_WAY
        most = [now - then for now, then in zip(self.dropped(), self.before)] if moved else [0, 0]
        most[1] += late if moved else 0
        check(all(0 <= nb <= limit for nb, limit in zip(lost, most)),
              f"{what}: lost {lost}, at most {most} may be")
        wrong = [(name, stat[name]) for stat in stats for name in FAULTS if stat[name]]
        check(not wrong, f"{what}: {wrong}")

    def calm(self, port):
        """Nothing happens, and A is where it ought to be."""
        self.start_traffic()
        self.account(f"A at {port}")
        place, wanted = self.ovs.place(BRIDGE, MACS[0]), self.ovs.ofport(port)
        check(place == wanted, f"OVS has A at port {place}, and {port} is {wanted}")

    def move(self, port):
        source, destination = self.vms[0], self.make_vm(0, port, incoming=True)
        try:
            destination.connect()
            self.start_traffic()
            for vm in (source, destination):
                vm.prepare()
            uri = f"unix:{self.rig.path('migration')}"
            destination.qmp.command("migrate-incoming", uri=uri)
            source.qmp.command("migrate", uri=uri)

            def ended():
                info = source.qmp.command("query-migrate")
                if info.get("status") == "completed" and "total-time" not in info:
                    return None
                return info if info.get("status") in ("completed", "failed", "cancelled") else None
            info = until("the end of the migration", 60, ended)
            check(info["status"] == "completed", f"the migration to {port}: {info}; the "
                  f"destination: {destination.process.last_words()}")
        except Exception:
            destination.stop()
            raise
        self.vms[0] = destination
        source.stop()
        self.await_frames(ENOUGH)
        self.account(f"A moved to {port} (downtime {info['downtime']} ms of {info['total-time']})",
                     moved=True)


def play(b):
    try:
        b.boot()
        b.calm("vm1")
        for port in (TAP, "vm2"):
            b.move(port)
            b.calm(port)
    finally:
        for vm in b.vms:
            vm.stop()
    dpdk.end(b.rig, b.app)
    dpdk.card_is_content(b.rig)
    b.ovs.exit()


def main():
    os.umask(0o077)
    for program in ("ip", "apt-get", "qemu-system-x86_64"):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        skip("a TAP interface in a network namespace needs root and /dev/net/tun")
    build = pathlib.Path(sys.argv[1]).resolve()
    try:
        root = rig_ovs.prepare(build)
    except Failure as e:
        skip(f"no OVS-DPDK: {e}")
    with Rig("software-port") as rig, namespace(f"vdpa-port-{os.getpid()}") as enter:
        play(Bench(rig, build, enter, root))


if __name__ == "__main__":
    main()
