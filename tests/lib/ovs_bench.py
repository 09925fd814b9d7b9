# SPDX-License-Identifier: BSD-3-Clause
"""What the tests with OVS-DPDK share: our back-end, whose card has a TAP in OVS's bridge, and the
counters of all stations that frames pass between a guest of ours and one of OVS's:

    guest - vDPA device - card - TAP - socket of OVS - OVS's main thread - vhost-user port - guest

Neighbours' counters must agree: the difference is what got lost between them, and where nothing may
get lost it is 0. Nobody but the guests sends anything.
"""
import json
import os
import pathlib
import re
import shutil
import sys

import card_ctl
import dpdk
from netns import ip, keep_quiet, namespace
from rig import Failure, Rig, skip
import rig_ovs
from rig_wait import until

BRIDGE, TAP = "br0", "card0"
NEEDED = ["ip", "tc", "ss", "apt-get"]


def main(name, play, programs=()):
    """A test's main program: skips it where something lacks, else calls @play with a Bench."""
    os.umask(0o077)
    for program in [*NEEDED, *programs]:
        if not shutil.which(program):
            skip(f"{program} is not installed")
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        skip("a TAP interface in a network namespace needs root and /dev/net/tun")
    build = pathlib.Path(sys.argv[1]).resolve()
    try:
        root = rig_ovs.prepare(build)
    except Failure as e:
        skip(f"no OVS-DPDK: {e}")
    with Rig(name) as rig, namespace(f"vdpa-{name}-{os.getpid()}") as enter:
        play(Bench(rig, build, enter, root))


class Bench:
    """OVS and our back-end on one bridge. The back-end is started by whoever needs it."""

    def __init__(self, rig, build, enter, root):
        self.rig, self.build, self.enter = rig, build, enter
        built = {"MLX5EMU": "app/mlx5emu/mlx5emu", "TESTVDPA": "app/testvdpa/dpdk-testvdpa",
                 "DRIVER": "drivers/vdpa/mlx5_devx/librte_vdpa_mlx5_devx.so"}
        os.environ.update({program: str(build / path) for program, path in built.items()})
        self.app = None
        keep_quiet(enter)
        # Made here so that it outlives the card, as a real one's representor does: OVS goes on
        # listening at an interface that vanished if one of the same name comes soon.
        ip("-n", enter[-1], "tuntap", "add", "mode", "tap", "name", TAP)
        self.ovs = rig_ovs.Ovs(rig, root, enter)
        self.ovs.start()
        self.ovs.bridge(BRIDGE)
        self.ovs.add_interface(BRIDGE, TAP)

    def start_app(self, socket, devargs="class=vdpa"):
        """Our back-end, which connects to the front-end that listens at @socket, or listens."""
        card = {"control": {"socket": str(self.rig.path("ctl"))}, "wire": {"nets": [{"name": "lan",
            "kind": "switch", "functions": [0], "uplinks": [{"name": "host", "tap": {
                "interface": TAP, "up": True}}]}]}}
        self.app = dpdk.testvdpa(self.rig, card=card, wire=None, enter=self.enter, devargs=devargs)
        self.app.ask(f"attach {dpdk.DEVICES[0]} {self.rig.path(socket)} server", r"attached ")

    def end_app(self):
        dpdk.end(self.rig, self.app)

    def read(self, *command):
        """What a program says in the network namespace."""
        status, text = self.rig.run([*self.enter, *command])
        if status != 0:
            raise Failure(f"{' '.join(command)}: {text}")
        return text

    def tap_is_up(self):
        """The kernel drops what is sent to an interface until it has dealt with its new carrier,
        which may take it a second."""
        return self.read("cat", f"/sys/class/net/{TAP}/operstate").strip() == "up"

    def await_ports(self, software):
        """Until the bridge serves the TAP and a front-end at a software port, whoever was away."""
        self.ovs.await_port(TAP)
        until("the kernel to have the TAP up", 20, self.tap_is_up, 0.1)
        self.ovs.await_vhost(software)

    def tap_counters(self):
        """The kernel's: they outlive both OVS and the card."""
        link = json.loads(self.read("ip", "-s", "-s", "-j", "link", "show", TAP))[0]["stats64"]
        queue = json.loads(self.read("tc", "-s", "-j", "qdisc", "show", "dev", TAP))
        return {
            "written by the card": link["rx"]["packets"],
            "given to the TAP": sum(q.get("packets", 0) for q in queue),
            "dropped by the TAP": link["tx"]["dropped"],
            "read by the card": link["tx"]["packets"],
        }

    def ovs_counters(self):
        """OVS's; they go with it. A frame of the TAP waits in a socket until OVS's main thread
        reads it, and the kernel counts there what finds no room."""
        counters = self.ovs.counters()
        sockets = self.read("ss", "-0", "-n", "-m")
        counters["dropped at OVS's socket"] = sum(map(int, re.findall(r"skmem:\([^)]*,d(\d+)\)",
                                                                      sockets)))
        return counters

    def card_counters(self):
        """The card's; they go with our back-end."""
        port = card_ctl.ask(self.rig.path("ctl"), "wire", "stats", "0")["ports"][0]
        return {"sent by the card's port": port["tx_frames"],
                "received by the card's port": port["rx_frames"],
                "dropped by the card's port": port["rx_dropped"]}
