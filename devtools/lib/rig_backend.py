# SPDX-License-Identifier: BSD-3-Clause
"""What serves the guests' sockets: our driver on an emulated card, or, as baselines, the stock
driver on the same card and DPDK's software vhost."""
import json
import os
import signal

from rig_process import Process
from rig_wait import Deadline, Failure, Lines, until

# A's, B's, and the one that A moves to.
DEVICES = ["0000:03:00.2", "0000:03:00.3", "0000:03:00.4"]
EAL = ["--no-huge", "--no-telemetry", "--no-shconf", "-m", "256"]


def joined_card(functions, cable, control):
    """The configuration of a card whose ports are on two switches with a wire between them: A's
    device and the one that it moves to are on one, B's is on the other."""
    def switch(name, ports, role):
        return {"name": name, "kind": "switch", "functions": ports,
                "uplinks": [{"name": f"wire-{name}", "unix": {"path": str(cable), "role": role}}]}
    return {"functions": functions, "control": {"socket": str(control)}, "wire": {"nets": [
        switch("left", [n for n in range(functions) if n != 1], "listen"),
        switch("right", [1], "connect")]}}


class VdpaBackend:
    """dpdk-testvdpa with mlx5_devx on two functions of one emulated card."""

    name = "mlx5_devx on mlx5emu"
    plugin = ["-d", "librte_vdpa_mlx5_devx.so"]
    devices = DEVICES[:2]
    doorbell_pages = 2  # for each pair of queues, that a guest's QEMU is to map

    @classmethod
    def launch(cls, build):
        """The command line up to the program's own options."""
        command = [str(build / "app" / "mlx5emu" / "mlx5emu"), "--functions",
                   str(len(cls.devices)), "--", str(build / "app" / "testvdpa" / "dpdk-testvdpa"),
                   *EAL, *cls.plugin]
        for device in cls.devices:
            command += ["-a", f"{device},class=vdpa"]
        return command + ["--"]

    @classmethod
    def launch_scenario(cls, build, workdir, options):
        """The whole command line of a scenario: a card with a wire, and a device more."""
        config = workdir / "card.json"
        config.write_text(json.dumps(joined_card(len(DEVICES), workdir / "wire",
                                                 workdir / "control")))
        command = [str(build / "app" / "mlx5emu" / "mlx5emu"), "--config", str(config), "--",
                   str(build / "app" / "testvdpa" / "dpdk-testvdpa"), *EAL, *cls.plugin]
        for device in DEVICES:
            command += ["-a", f"{device},class=vdpa"]
        return command + ["--", *options, "--card", str(workdir / "control")]

    @staticmethod
    def environment(build):
        """The plug-in is given by name and found here: EAL refuses a path with a world-writable
        parent."""
        paths = [str(build / "drivers" / "vdpa" / "mlx5_devx")]
        paths += os.environ.get("LD_LIBRARY_PATH", "").split(":")
        return {"LD_LIBRARY_PATH": ":".join(filter(None, paths))}

    def __init__(self, build, workdir, client=False):
        """@client: the sockets are QEMU's, and attach() is for when they are there."""
        self.build = build
        self.workdir = workdir
        self.client = client
        self.sockets = [workdir / "a.sock", workdir / "b.sock"]
        self.lives = 0
        self.launch_process()

    def launch_process(self):
        self.lives += 1
        name = "testvdpa" if self.lives == 1 else f"testvdpa-{self.lives}"
        self.process = Process(name, self.launch(self.build), self.workdir, stdin=True,
                               stdout=True, env=self.environment(self.build))
        self.lines = Lines(self.process.popen.stdout, "dpdk-testvdpa", self.process.check)

    def command(self, line):
        self.process.check()
        self.process.popen.stdin.write(line.encode() + b"\n")
        self.process.popen.stdin.flush()

    def answer(self, line, wanted, seconds=30):
        """Gives a command and returns the answer's line that begins with @wanted."""
        self.command(line)
        deadline = Deadline(f"dpdk-testvdpa's answer to '{line}' (log: {self.process.log_path})",
                            seconds)
        while True:
            text = self.lines.next(deadline)
            if text.startswith(wanted):
                return text

    def start(self):
        found = {dev["device"] for dev in self.query()}
        for device in self.devices:
            if device not in found:
                raise Failure(f"no vDPA device {device}; the log says: "
                              f"{self.process.last_words()}")
        if not self.client:
            self.attach()

    def attach(self):
        """Serves the sockets; connects to them, where they are QEMU's."""
        role = "client" if self.client else "server"
        for device, socket in zip(self.devices, self.sockets):
            self.answer(f"attach {device} {socket} {role}", "attached ")

    def kill(self):
        """SIGKILL to the program and, as it lives in there, to the card."""
        launcher = self.process.popen.pid
        with open(f"/proc/{launcher}/task/{launcher}/children", encoding="ascii") as children:
            os.kill(int(children.read().split()[0]), signal.SIGKILL)
        self.process.popen.wait(10)
        self.process.stop()

    def restart(self):
        """A new process, up to the point where a socket of its own or of QEMU would come into it
        next."""
        self.launch_process()
        self.query()

    def query(self):
        return json.loads(self.answer("show json", '{"devices"'))["devices"]

    def queues(self):
        """For each guest the statistics of the queues that its front-end has set up."""
        devices = {dev["device"]: dev for dev in self.query()}
        return [[virtq["stats"] for virtq in devices[name]["virtqs"] if virtq["size"]]
                for name in self.devices]

    def stop(self):
        """Asks for the end and tells whether it was a clean one."""
        if self.process.popen.poll() is None:
            self.command("quit")
            try:
                self.process.popen.wait(15)
            except Exception as e:
                raise Failure(f"dpdk-testvdpa did not end after quit: {e}") from e
        status = self.process.stop()
        if status != 0:
            raise Failure(f"dpdk-testvdpa's exit status is {status}: {self.process.last_words()}")

    def abort(self):
        self.process.stop()


class StockBackend(VdpaBackend):
    """The same with the distribution's own driver, to compare."""

    name = "stock vdpa_mlx5 on mlx5emu"
    plugin = []


class SoftwareBackend:
    """dpdk-testpmd forwarding between two net_vhost ports: the baseline."""

    name = "dpdk-testpmd, net_vhost"
    doorbell_pages = 0

    def __init__(self, build, workdir, client=False):
        self.workdir = workdir
        self.client = client
        self.sockets = [workdir / "a.sock", workdir / "b.sock"]
        self.lives = 0
        self.process = None
        if not client:
            self.launch_process()

    def launch_process(self):
        self.lives += 1
        command = ["dpdk-testpmd", *EAL, "--no-pci"]
        for i, socket in enumerate(self.sockets):
            role = ",client=1" if self.client else ""
            command += ["--vdev", f"net_vhost{i},iface={socket}{role}"]
        command += ["--", "--no-mlockall", "--auto-start", "--forward-mode=io",
                    "--total-num-mbufs=16384"]
        name = "testpmd" if self.lives == 1 else f"testpmd-{self.lives}"
        self.process = Process(name, command, self.workdir, stdin=True)

    def start(self):
        def listening():
            self.process.check()
            return all(socket.exists() for socket in self.sockets)
        if not self.client:
            until("testpmd's sockets", 30, listening)

    def attach(self):
        """testpmd connects at its start only at once, later once a second."""
        self.launch_process()

    def kill(self):
        self.process.popen.kill()
        self.process.stop()
        if not self.client:  # rte_vhost cannot bind again where its dead socket is
            for socket in self.sockets:
                socket.unlink()

    def restart(self):
        pass

    def queues(self):
        return None

    def stop(self):
        if self.process:
            self.process.stop(signal.SIGTERM)

    abort = stop


BACKENDS = {"vdpa": VdpaBackend, "stock": StockBackend, "software": SoftwareBackend}
