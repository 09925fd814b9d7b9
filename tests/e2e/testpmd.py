# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-testpmd's virtio-user port on our driver: ways to receive, many starts, offloads.

usage: testpmd.py cycles PAIRS [vector | standard | packed_merge]
       testpmd.py offloads [split | packed]

cycles: the port's wire is looped. The port is stopped and started 20 times; after each start bursts
are sent, and testpmd only counts what comes back: exactly as many, neither fewer nor more. The log
of the virtio driver has to tell that it took the path that was asked for.

offloads: this test is at the other end of the card's cable. It sends TCP and UDP frames, IPv4 and
IPv6, and judges what testpmd's checksum engine forwards, which leaves checksums and segmentation to
the card. Each byte must be there once, each checksum must be right, no segment longer than was asked
for.
"""
import pathlib
import re
import select
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402
from rig_wait import Deadline  # noqa: E402

CYCLES = 20
# What is asked for at virtio-user, and what its driver then says of the path it takes.
KINDS = {
    "vector": ("vectorized=1,mrg_rxbuf=0,packed_vq=0", "vectorized Rx"),
    "standard": ("vectorized=0,mrg_rxbuf=0,packed_vq=0", "standard Rx"),
    "packed_merge": ("mrg_rxbuf=1,packed_vq=1", "packed ring mergeable buffer Rx"),
}
LOG = "--log-level=pmd.net.virtio.init:info"
TX_OFFLOADS = 0x802C  # several segments, TCP TSO, TCP and UDP checksums

PORT_MAC = bytes.fromhex("525400000001")  # dpdk.virtio_user()'s
SENDER_MAC = bytes.fromhex("525400000002")
FRAMES = 400
MSS = 500
HEADERS = {"tcp": 20, "udp": 8}


# --- cycles ---------------------------------------------------------------------------------------

def cycles(pairs, kind):
    devargs, path = KINDS[kind]
    card = {"capabilities": {"mrg_rxbuf": "merge" in kind,
                             "virtio_queue_type_packed": "packed" in kind}}
    with rig.Rig(f"testpmd-{kind}-{pairs}") as r:
        app = dpdk.testvdpa(r, card=card)
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        options = ["--txonly-multi-flow", "--forward-mode=rxonly"]
        if "merge" in kind:
            options += ["--mbuf-size=1024", "--enable-scatter", "--txpkts=800,700",
                        "--tx-offloads=0x8000"]
        testpmd = dpdk.virtio_user(r, "vm", pairs, options, f",{devargs}", [LOG])
        for cycle in range(CYCLES):
            dpdk.exact_bursts(testpmd, pairs, f"start {cycle + 1}")
            testpmd.ask("port stop 0", r"Done", 30)
            testpmd.ask("port start 0", r"Done", 30)
        sent = dpdk.exact_bursts(testpmd, pairs, "at last")
        testpmd.send("quit")
        rig.check(testpmd.wait(30) == 0, "testpmd did not end well")
        dpdk.end(r, app)
        dpdk.card_is_content(r)
        taken = re.findall(r"virtio: using (.*) path", testpmd.text)
        rig.check(path in taken, f"virtio-user took another path than '{path}': {set(taken)}")
        print(f"{CYCLES + 1} starts, {sent} packets after each, all came back; "
              f"{path} path")


# --- frames ---------------------------------------------------------------------------------------

def checksum(data):
    """RFC 1071: 0xffff over data that has its checksum in it."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def l4_sum(source, target, protocol, data):
    """Over the pseudo header and the data."""
    return checksum(source + target + struct.pack("!IHBB", len(data), 0, 0, protocol) + data)


def payload(number):
    """What frame @number carries, like no other."""
    return b"".join(struct.pack("!HH", number, i) for i in range(350))


def frame(number):
    """TCP and UDP, IPv4 and IPv6 in turn; TCP's sequence number tells where its bytes belong."""
    family, protocol = (4, 6)[number // 2 % 2], (6, 17)[number % 2]
    data = payload(number)
    ends = [bytes([10, 0, 0, n]) if family == 4 else bytes.fromhex("fd99") + bytes(13) + bytes([n])
            for n in (1, 2)]
    if protocol == 6:
        head = struct.pack("!HHIIBBHHH", 4000, 4001, number << 16, 1, 5 << 4, 0x10, 8192, 0, 0)
        at = 16
    else:
        head, at = struct.pack("!HHHH", 4000, 4001, 8 + len(data), 0), 6
    body = head + data
    total = 0xFFFF - l4_sum(*ends, protocol, body) or 0xFFFF
    body = body[:at] + struct.pack("!H", total) + body[at + 2:]
    if family == 4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), number, 0, 64, protocol, 0)
        total = 0xFFFF - checksum(ip + ends[0] + ends[1])
        ip = ip[:10] + struct.pack("!H", total) + ends[0] + ends[1]
    else:
        ip = struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + ends[0] + ends[1]
    return PORT_MAC + SENDER_MAC + (b"\x08\x00" if family == 4 else b"\x86\xdd") + ip + body


def exchange(cable, account):
    """Sends all frames to the card, and takes what it forwards, until nothing is missing."""
    waiting = [frame(number) for number in range(FRAMES)]
    deadline = Deadline("all frames to be forwarded", 30)
    while not account.full():
        readable, writable, _ = select.select([cable], [cable] if waiting else [], [],
                                              deadline.left())
        if writable:
            cable.send(waiting.pop(0))
        if readable:
            data = cable.recv(1 << 16)
            rig.check(data, "the card has cut the cable")
            if data[6:12] == PORT_MAC:
                account.take(data)


class Account:
    """What was forwarded: bytes of each frame, by its number."""

    def __init__(self):
        self.found = {number: {} for number in range(FRAMES)}
        self.segments = self.bytes = 0

    def take(self, data):
        if data[12:14] == b"\x08\x00":
            ip, rest = data[14:34], data[34:14 + struct.unpack_from("!H", data, 16)[0]]
            rig.check(checksum(ip) == 0xFFFF, f"wrong checksum of an IPv4 header: {ip.hex()}")
            protocol, ends = ip[9], (ip[12:16], ip[16:20])
        else:
            ip, rest = data[14:54], data[54:54 + struct.unpack_from("!H", data, 18)[0]]
            protocol, ends = ip[6], (ip[8:24], ip[24:40])
        rig.check(l4_sum(*ends, protocol, rest) == 0xFFFF,
                  f"wrong checksum of protocol {protocol}: {data.hex()}")
        if protocol == 6:
            rig.check(len(rest) - 20 <= MSS, f"a segment of {len(rest) - 20} bytes")
            number, offset = divmod(struct.unpack_from("!I", rest, 4)[0], 1 << 16)
            self.put(number, offset, rest[20:])
            self.segments += 1
        else:
            self.put(struct.unpack_from("!H", rest, 8)[0], 0, rest[8:])

    def put(self, number, offset, data):
        rig.check(offset not in self.found[number], f"frame {number}: offset {offset} came twice")
        self.found[number][offset] = data
        self.bytes += len(data)

    def full(self):
        return self.bytes >= FRAMES * len(payload(0))

    def close(self):
        for number, pieces in self.found.items():
            rig.check(b"".join(pieces[at] for at in sorted(pieces)) == payload(number),
                      f"frame {number} did not come as it was sent: {len(pieces)} pieces of it")


def offloads(layout):
    packed = layout == "packed"
    card = {"capabilities": {"virtio_queue_type_packed": packed}, "wire": {"nets": [
        {"name": "lan", "kind": "switch", "functions": [0],
         "uplinks": [{"name": "test", "unix": {"path": "cable", "role": "listen"}}]}]}}
    with rig.Rig(f"testpmd-offloads-{layout}") as r, \
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as cable:
        app = dpdk.testvdpa(r, card=card, wire=None)
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        options = ["--disable-device-start", "--forward-mode=csum",
                   f"--tx-offloads={TX_OFFLOADS:#x}"]
        testpmd = dpdk.virtio_user(r, "vm", 1, options, f",packed_vq={packed:d},mrg_rxbuf=1")
        for line in ("csum set tcp hw 0", "csum set udp hw 0", f"tso set {MSS} 0"):
            said = testpmd.ask(line, r"([\s\S]*?)testpmd> ")[1]
            rig.check("not supported" not in said and "rror" not in said, f"'{line}': {said}")
        testpmd.ask("port start 0", r"Done", 30)
        testpmd.ask("start", r"packet forwarding")
        cable.connect(str(r.path("cable")))
        account = Account()
        exchange(cable, account)
        testpmd.ask("stop", r"Done\.")
        got = dpdk.port_packets(testpmd)
        rig.check(got == (FRAMES, FRAMES), f"(received, sent) is {got}, not {FRAMES} each")
        testpmd.send("quit")
        rig.check(testpmd.wait(30) == 0, "testpmd did not end well")
        dpdk.end(r, app)
        dpdk.card_is_content(r)
        account.close()
        rig.check(account.segments > FRAMES // 2, "nothing was segmented")
        print(f"{FRAMES} frames forwarded, half of them TCP in {account.segments} segments; "
              "all bytes, all checksums right")


if __name__ == "__main__":
    if sys.argv[1] == "cycles":
        cycles(int(sys.argv[2]), sys.argv[3])
    else:
        offloads(sys.argv[2])
