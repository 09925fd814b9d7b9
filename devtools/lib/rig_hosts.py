# SPDX-License-Identifier: BSD-3-Clause
"""Two machines, each with a card and a back-end of its own, and a cable between the cards."""
import json

from rig_backend import EAL, VdpaBackend
from rig_card import ask

# For so long others wait for a guest that has stopped, and what waits for it keeps all behind it
# waiting. That is part of the silence that a migration makes.
PAUSE_MS = 50
# A card's engine sleeps 10 us at a time while there is traffic. Two of them would take most of two
# processors, which the guests need; a real card takes none.
SLEEP_US = 200
DROPPED = ["rx_dropped", "tx_nowhere"]
NARROWED = "features=-mrg_rxbuf"


class Host(VdpaBackend):
    """One machine: devices of a card of its own, whose switch has a cable to the other's."""

    def __init__(self, build, workdir, role, plugin, arguments):
        """@role is the cable's end; @plugin is how EAL is told the driver; @arguments are more
        device arguments, for each device."""
        self.plugin = plugin
        self.arguments = arguments
        self.config = workdir / "card.json"
        self.control = workdir / "control"
        workdir.mkdir()
        self.config.write_text(json.dumps({
            "functions": len(arguments), "control": {"socket": str(self.control)},
            "engine": {"sleep_min_us": SLEEP_US},
            "wire": {"pause_ms": PAUSE_MS, "nets": [{"name": "lan", "kind": "switch", "uplinks": [
                {"name": "cable", "unix": {"path": str(workdir.parent / "cable"),
                                           "role": role}}]}]}}))
        self.devices = [f"0000:03:00.{2 + i}" for i in range(len(arguments))]
        super().__init__(build, workdir)
        self.sockets = [workdir / f"{i}.sock" for i in range(len(arguments))]

    def launch(self, build):
        command = [str(build / "app" / "mlx5emu" / "mlx5emu"), "--config", str(self.config), "--",
                   str(build / "app" / "testvdpa" / "dpdk-testvdpa"),
                   *EAL, *self.plugin]
        for device, more in zip(self.devices, self.arguments):
            command += ["-a", ",".join(filter(None, [device, "class=vdpa", more]))]
        return command + ["--"]

    def dropped(self):
        """Frames for A, or of B on their way to it, that this card had nobody for."""
        ports = [ask(self.control, "wire", "stats", port)["ports"][0] for port in ("0", "cable")]
        return sum(port[key] for port in ports for key in DROPPED)


class TwoHosts:
    """What a Story takes for its back-end. A is at device 0 of one of the hosts, B at device 1 of
    the first; device 2 lacks a feature that A has."""

    doorbell_pages = VdpaBackend.doorbell_pages
    client = False
    lives = 0

    def __init__(self, build, workdir, kind=VdpaBackend, arguments=("", "", NARROWED)):
        """@kind has the driver."""
        self.name = f"two hosts, {kind.name}"
        self.hosts = []
        self.process = self
        for number, role in enumerate(["listen", "connect"]):
            self.hosts.append(Host(build, workdir / f"host{number + 1}", role, kind.plugin,
                                   arguments))
        self.sockets = self.hosts[0].sockets
        self.place = 0  # A's host

    def start(self):
        for host in self.hosts:
            host.start()

    def check(self):
        for host in self.hosts:
            host.process.check()

    def queues(self):
        queues = [host.queues() for host in self.hosts]
        return [queues[self.place][0], queues[0][1]]

    def dropped(self):
        return sum(host.dropped() for host in self.hosts)

    def stop(self):
        for host in self.hosts:
            host.stop()

    def abort(self):
        for host in self.hosts:
            host.abort()
