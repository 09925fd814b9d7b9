# SPDX-License-Identifier: BSD-3-Clause
"""TCP between two Linux guests with the card's offloads on.

usage: tcp.py BUILD-DIRECTORY

100 MiB cross in each direction at the same time; the receivers' SHA-256 must be the senders'.
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from rig import Rig  # noqa: E402
import rig_image  # noqa: E402
from rig_backend import VdpaBackend  # noqa: E402
from rig_story import MACS, NAMES  # noqa: E402
import tcp_guest  # noqa: E402
from shell_vm import ShellVm  # noqa: E402
import stream  # noqa: E402

ADDRESSES = [{4: "10.99.0.1", 6: "fd99::1"}, {4: "10.99.0.2", 6: "fd99::2"}]


def transfer(vms, family):
    """Both directions at once."""
    for vm in vms:
        tcp_guest.serve(vm)
    for index, vm in enumerate(vms):
        tcp_guest.send(vm, ADDRESSES[1 - index][family])
    for vm in vms:
        tcp_guest.await_sent(vm)
        tcp_guest.await_received(vm)
    print(f"IPv{family}: {stream.MIB} MiB each way, SHA-256 is right", flush=True)


def play(build, rig):
    image = rig_image.prepare(build, update=False)
    backend = VdpaBackend(build, rig.dir)
    vms = []
    try:
        backend.start()
        for i, name in enumerate(NAMES):
            vms.append(ShellVm(name, MACS[i], MACS[1 - i], backend.sockets[i], image, rig.dir))
        tcp_guest.boot(vms)
        for vm, addresses in zip(vms, ADDRESSES):
            tcp_guest.add_addresses(vm, addresses)
        for family in (4, 6):
            transfer(vms, family)
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
