# SPDX-License-Identifier: BSD-3-Clause
"""Two places for a guest to live at, served by DPDK's software vhost: what rig_migrate's TwoHosts is,
without a card.

One dpdk-testpmd has a net_vhost port for A at each of its places and one for B, each tied to a TAP
interface of its own, and a Linux bridge in a network namespace joins the TAPs: it learns where A is,
as the cards' switches do. One process for both places, because two that poll would take two of two
processors, and the guests none.
"""
import contextlib
import subprocess
import types

from netns import ip, keep_quiet, namespace
from rig_backend import EAL
from rig_process import Process
from rig_wait import until

PORTS = ["a1", "b", "a2"]  # A's first place, B's, A's second


@contextlib.contextmanager
def network(name):
    """A namespace with a bridge that says nothing by itself; gone with all its interfaces
    afterwards."""
    with namespace(name) as enter:
        keep_quiet(enter)
        ip("-n", name, "link", "add", "lan", "type", "bridge", "forward_delay", "0",
           "mcast_snooping", "0")
        ip("-n", name, "link", "set", "lan", "up")
        yield name


class SoftwareHosts:
    name = "one dpdk-testpmd, net_vhost, TAP and a Linux bridge"
    doorbell_pages = 0
    client = False
    lives = 0

    def __init__(self, workdir, namespace):
        self.namespace = namespace
        sockets = {port: workdir / f"{port}.sock" for port in PORTS}
        self.sockets = [sockets["a1"], sockets["b"]]
        self.hosts = [types.SimpleNamespace(sockets=self.sockets),
                      types.SimpleNamespace(sockets=[sockets["a2"], sockets["b"]])]
        self.place = 0  # A's host
        command = ["ip", "netns", "exec", namespace, "dpdk-testpmd", *EAL, "--no-pci"]
        for i, (port, socket) in enumerate(sockets.items()):
            command += ["--vdev", f"net_vhost{i},iface={socket}",
                        "--vdev", f"net_tap{i},iface={port}"]
        command += ["--", "--no-mlockall", "--auto-start", "--forward-mode=io",
                    "--port-topology=paired", "--total-num-mbufs=16384"]
        self.process = Process("testpmd", command, workdir, stdin=True)

    def interfaces(self):
        self.process.check()
        listed = subprocess.run(["ip", "-n", self.namespace, "-br", "link"], check=True, text=True,
                                capture_output=True).stdout
        return {line.split()[0] for line in listed.splitlines()}

    def start(self):
        until("testpmd's sockets and interfaces", 30, lambda: all(
            socket.exists() for host in self.hosts for socket in host.sockets)
            and set(PORTS) <= self.interfaces())
        for port in PORTS:
            ip("-n", self.namespace, "link", "set", "dev", port, "master", "lan", "up")

    def queues(self):
        return []

    def dropped(self):
        return 0  # nobody counts

    def stop(self):
        self.process.stop()

    abort = stop
