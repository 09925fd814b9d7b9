# SPDX-License-Identifier: BSD-3-Clause
"""TCP between two Linux guests with the card's offloads on.

usage: tcp.py BUILD-DIRECTORY

100 MiB cross in each direction at the same time; the receivers' SHA-256 must be the senders'. All
that the back-end offers of checksum offload, segmentation and mergeable buffers must have been
negotiated, else the test would pass without testing them.
"""
import hashlib
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from rig import Rig, check  # noqa: E402
import rig_image  # noqa: E402
from rig_backend import VdpaBackend  # noqa: E402
from rig_story import MACS, NAMES  # noqa: E402
from shell_vm import ShellVm  # noqa: E402

PORT = 5001
MIB = 100
WANTED = {"CSUM", "GUEST_CSUM"}
# One MiB whose every line differs, then the same again behind a number.
BLOCK = "seq 1 200000 | head -c 1048576 >/tmp/block"
STREAM = f"i=0; while [ $i -lt {MIB} ]; do echo $i; cat /tmp/block; i=$((i+1)); done"


def expected_sum():
    block = "".join(f"{i}\n" for i in range(1, 200001)).encode()[:1 << 20]
    digest = hashlib.sha256()
    for i in range(MIB):
        digest.update(f"{i}\n".encode() + block)
    return digest.hexdigest()


def address(index, family):
    return f"10.99.0.{index + 1}" if family == 4 else f"fd99::{index + 1}"


def configure(vm, index):
    vm.shell(f"ip addr add {address(index, 4)}/24 dev eth0")
    vm.shell("echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad")
    vm.shell(f"ip -6 addr add {address(index, 6)}/64 dev eth0")
    vm.shell(BLOCK)
    vm.shell("mkfifo /tmp/never")


def transfer(vms, family, say):
    """Both directions at once."""
    for vm in vms:
        # <>: an input that does not end, else nc closes its side. 0A: the state LISTEN.
        vm.shell(f"nc -l -p {PORT} <>/tmp/never | sha256sum >/tmp/sum & in=$!; "
                 f"until grep -q ':{PORT:04X} .* 0A ' /proc/net/tcp /proc/net/tcp6; "
                 "do sleep 0.1; done")
    for index, vm in enumerate(vms):
        vm.shell(f"({STREAM}) | nc {address(1 - index, family)} {PORT} & out=$!")
    for index, vm in enumerate(vms):
        vm.shell("wait $out && wait $in", seconds=120)
        got = vm.shell("cat /tmp/sum").split()[0]
        check(got == expected_sum(), f"guest {vm.name}: IPv{family}: SHA-256 of {MIB} MiB is {got}, "
                                     f"not {expected_sum()}")
    say(f"IPv{family}: {MIB} MiB each way, SHA-256 is right")


def play(build, rig):
    image = rig_image.prepare(build, update=False)
    backend = VdpaBackend(build, rig.dir)
    vms = []
    try:
        backend.start()
        for i, name in enumerate(NAMES):
            vms.append(ShellVm(name, MACS[i], MACS[1 - i], backend.sockets[i], image, rig.dir))
        for vm in vms:
            vm.connect()
        for index, vm in enumerate(vms):
            vm.wait_ready()
            missing = WANTED - vm.features()
            check(not missing, f"guest {vm.name}: not negotiated: {', '.join(sorted(missing))}")
            configure(vm, index)
        for family in (4, 6):
            transfer(vms, family, print)
        for vm in vms:
            vm.stop()
        backend.stop()
    finally:
        for vm in vms:
            vm.stop()
        backend.abort()


def main():
    os.umask(0o077)
    with Rig("tcp") as rig:
        play(pathlib.Path(sys.argv[1]).resolve(), rig)


if __name__ == "__main__":
    main()
