# SPDX-License-Identifier: BSD-3-Clause
"""A guest's end of the TCP tests, in its shell."""
import stream
from rig import check

PORT = 5001
# Must have been negotiated, else a test would pass without testing them.
WANTED = {"CSUM", "GUEST_CSUM", "HOST_TSO4", "HOST_TSO6", "GUEST_TSO4", "GUEST_TSO6", "MRG_RXBUF"}


def boot(vms):
    """Waits until the guests are up, with all offloads."""
    for vm in vms:
        vm.connect()
    for vm in vms:
        vm.wait_ready()
        missing = WANTED - vm.features()
        check(not missing, f"guest {vm.name}: not negotiated: {', '.join(sorted(missing))}")
        vm.shell(stream.GUEST_PREPARE)
        vm.shell("mkfifo /tmp/never")
        vm.shell("echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad")
        vm.shell("ip link set eth0 up")


def add_addresses(vm, addresses):
    for family, address in addresses.items():
        prefix = 24 if family == 4 else 64
        vm.shell(f"ip -{family} addr add {address}/{prefix} dev eth0")


def serve(vm):
    """Returns when the guest listens."""
    # <>: an input that does not end, else nc closes its side. 0A: the state LISTEN.
    vm.shell(f"nc -l -p {PORT} <>/tmp/never | sha256sum >/tmp/sum & in=$!; "
             f"until grep -q ':{PORT:04X} .* 0A ' /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done")


def send(vm, address):
    vm.shell(f"{stream.GUEST_MAKE} | nc {address} {PORT} & out=$!")


def await_sent(vm, seconds=180):
    vm.shell("wait $out", seconds)


def await_received(vm, seconds=180):
    vm.shell("wait $in", seconds)
    check_digest(f"guest {vm.name}", vm.shell("cat /tmp/sum").split()[0])


def check_digest(who, got):
    check(got == stream.digest(), f"{who}: SHA-256 of what came is {got}, not {stream.digest()}")
