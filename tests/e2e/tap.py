# SPDX-License-Identifier: BSD-3-Clause
"""TCP between a Linux guest and this machine, through the card's TAP wire.

usage: tap.py BUILD-DIRECTORY

The card makes its TAP interface in a network namespace of the test's own, where a program of the
host talks to the guest: 100 MiB each way, one after the other, by IPv4 and IPv6; the SHA-256 must
be right. tcpdump judges what passes the interface: no frame is longer than the MTU allows, and
every checksum is right, though the guest segments nothing and sums nothing.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from netns import namespace  # noqa: E402
from rig import Rig, check, skip  # noqa: E402
import rig_image  # noqa: E402
from rig_backend import VdpaBackend  # noqa: E402
from rig_story import MACS  # noqa: E402
from rig_wait import until  # noqa: E402
import tcp_guest  # noqa: E402
from shell_vm import ShellVm  # noqa: E402
import stream  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
MTU = 1500
ETHERNET = 14
TAP = "card0"
GUEST = {4: "10.99.1.1", 6: "fd99:1::1"}
HOST = {4: "10.99.1.2", 6: "fd99:1::2"}
SAMPLE = 20000  # packets whose checksums are looked at, of each transfer


class TapBackend(VdpaBackend):
    """One function, whose wire is a switch with the TAP as the other port."""

    devices = VdpaBackend.devices[:1]
    enter = []  # runs a command in the namespace
    config = None

    @classmethod
    def launch(cls, build):
        command = super().launch(build)
        at = command.index("--functions")
        return [*cls.enter, *command[:at], "--config", str(cls.config), *command[at + 2:]]


def write_config(path):
    path.write_text(json.dumps({"functions": 1, "wire": {"nets": [
        {"name": "lan", "kind": "switch", "functions": [0],
         "uplinks": [{"name": "host", "tap": {"interface": TAP, "up": True}}]}]}}))


class Dump:
    """A tcpdump that runs until it is told to end, and what it said."""

    def __init__(self, rig, enter, name, words):
        self.proc = rig.start(name, [*enter, "tcpdump", "-i", TAP, "-n", *words])
        self.proc.expect(r"listening on")

    def end(self):
        self.proc.signal(signal.SIGINT)
        self.proc.wait()
        return self.proc.text


def captured(text):
    return int(re.search(r"^(\d+) packets captured", text, re.M).group(1))


def judge(rig, file):
    """Every checksum of the captured packets; returns how many packets there were."""
    status, text = rig.run(["tcpdump", "-vv", "-n", "-r", str(file)], timeout=180)
    check(status == 0, f"tcpdump cannot read {file}")
    wrong = [line for line in text.splitlines() if "incorrect" in line or "bad cksum" in line]
    check(not wrong, f"{len(wrong)} wrong checksums, the first: {wrong[:1]}")
    return text.count("(correct)")


def to_host(rig, enter, vm, family):
    host = rig.start(f"host{family}", [*enter, sys.executable, HERE / "stream.py", "serve",
                                       str(family), str(tcp_guest.PORT)])
    host.expect("listening")
    tcp_guest.send(vm, HOST[family])
    tcp_guest.check_digest("the host", host.expect(r"^[0-9a-f]{64}$", timeout=180).group(0))
    tcp_guest.await_sent(vm)


def to_guest(rig, enter, vm, family):
    tcp_guest.serve(vm)
    status, text = rig.run([*enter, sys.executable, HERE / "stream.py", "send", str(family),
                            GUEST[family], str(tcp_guest.PORT)], timeout=180)
    check(status == 0, f"the host cannot send: {text}")
    tcp_guest.await_received(vm)


def transfer(rig, enter, vm, family, act):
    file = rig.path(f"{act.__name__}-{family}.pcap")
    long = Dump(rig, enter, f"long-{act.__name__}-{family}",
                ["-q", f"greater {MTU + ETHERNET + 1}"])
    sample = Dump(rig, enter, f"sample-{act.__name__}-{family}",
                  ["-U", "-w", str(file), "-c", str(SAMPLE), "tcp"])
    act(rig, enter, vm, family)
    sample.end()
    check(captured(long.end()) == 0, f"frames are longer than the MTU of {MTU} allows")
    nb = judge(rig, file)
    check(nb > SAMPLE // 10, f"only {nb} packets were captured")
    print(f"IPv{family} {act.__name__}: {stream.MIB} MiB, SHA-256 is right, {nb} checksums are "
          "right, no frame is too long", flush=True)


def play(build, rig, enter):
    image = rig_image.prepare(build, update=False)
    TapBackend.enter = enter
    TapBackend.config = rig.path("card.json")
    write_config(TapBackend.config)
    backend = TapBackend(build, rig.dir)
    vm = None
    try:
        backend.start()
        vm = ShellVm("A", MACS[0], MACS[1], backend.sockets[0], image, rig.dir)
        tcp_guest.boot([vm])
        until("the card's interface", 10, lambda: subprocess.run(
            [*enter, "ip", "link", "show", TAP], capture_output=True, check=False).returncode == 0)
        for family, address in HOST.items():
            prefix = 24 if family == 4 else 64
            nodad = ["nodad"] if family == 6 else []
            subprocess.run([*enter, "ip", "addr", "add", f"{address}/{prefix}", "dev", TAP, *nodad],
                           check=True)
        tcp_guest.add_addresses(vm, GUEST)
        for family in (4, 6):
            for act in (to_host, to_guest):
                transfer(rig, enter, vm, family, act)
        vm.stop()
        backend.stop()
    finally:
        if vm:
            vm.stop()
        backend.abort()


def main():
    os.umask(0o077)
    for program in ("ip", "tcpdump"):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        skip("a TAP interface in a network namespace needs root and /dev/net/tun")
    with Rig("tap") as rig, namespace(f"vdpa-tap-{os.getpid()}") as enter:
        play(pathlib.Path(sys.argv[1]).resolve(), rig, enter)


if __name__ == "__main__":
    main()
