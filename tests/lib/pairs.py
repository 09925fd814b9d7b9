# SPDX-License-Identifier: BSD-3-Clause
"""The front-end of frontend.py with any number of queue pairs, split or packed rings, and an
account: each descriptor and each frame has a number, so that what was lost, or came twice, is told
by name. Ring layouts: virtio 1.2, 2.7 (split) and 2.8 (packed).

Every chain has one descriptor. A descriptor that never comes back is never used again, so a loss
does not disturb what follows.
"""
import os
import select
import socket
import struct
import time

import frontend as fe
import rig

F_PACKED = 1 << 34
F_MQ = 1 << 22
WRAP = 1 << 15  # bit of the wrap counter in a packed ring's place (vhost-user, SET_VRING_BASE)
PACKED_AVAIL, PACKED_USED = 1 << 7, 1 << 15
ETHER = bytes.fromhex("ffffffffffff525400000001")
OWN_TYPE = bytes.fromhex("88b5")
FRAME_LEN = 100


def frame(number, flow=None):
    """A frame with a number; of a UDP flow, so that it is spread over the receive queues, or of
    no known protocol, so that it goes to the first one."""
    body = struct.pack(">Q", number) * 4
    if flow is None:
        return (ETHER + OWN_TYPE + body).ljust(FRAME_LEN, b"\0")
    udp = struct.pack(">HHHH", 1024 + flow, 9, 8 + len(body), 0) + body
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x0a000001, 0x0a000002)
    total = sum(struct.unpack(">10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack(">H", ~total & 0xffff) + ip[12:]
    return (ETHER + b"\x08\x00" + ip + udp).ljust(FRAME_LEN, b"\0")


def number_of(data):
    """The number in a frame."""
    at = 42 if data[12:14] == b"\x08\x00" else 14
    return struct.unpack_from(">Q", data, at)[0]


class Ring:
    """What split and packed rings have in common: who has which descriptor."""

    def __init__(self, front, queue):
        self.front, self.queue = front, queue
        self.desc, self.driver, self.device = fe.ring_place(queue)
        self.errors = []
        self.nb_posted = self.nb_back = 0

    def fresh(self, place):
        """Empty, at a place."""
        ram = self.front.ram
        ram[self.desc:self.device + 0x4000] = bytes(self.device + 0x4000 - self.desc)
        self.free = list(range(fe.RING_SIZE))
        self.out = {}  # descriptor -> (cookie, address of its buffer)
        self.nb_posted = self.nb_back = 0
        self.set_place(place)

    def address(self, slot):
        return self.front.buffers + (self.queue * fe.RING_SIZE + slot) * fe.FRAME_SLOT

    def room(self):
        return len(self.free)

    def post(self, length, flags, cookie, data=b""):
        """Makes one descriptor available, with data in its buffer."""
        rig.check(self.free, f"queue {self.queue}: no descriptor left")
        slot = self.free.pop(0)
        address = self.address(slot)
        self.out[slot] = cookie, address
        if data:
            self.front.write(address, data)
        self.nb_posted += 1
        self.make_available(slot, address, length, flags)

    def took_back(self, slot):
        """A descriptor that the device returned; None and an error if it did not have it."""
        self.nb_back += 1
        if slot not in self.out:
            self.errors.append(f"queue {self.queue}: descriptor {slot} came back, but was not out")
            return None
        self.free.append(slot)
        return self.out.pop(slot)

    def poll(self):
        """[(cookie, address of the buffer)] of all that has come back since."""
        back = []
        while (slot := self.next_used()) is not None:
            entry = self.took_back(slot)
            if entry:
                back.append(entry)
        return back


class SplitRing(Ring):
    def set_place(self, place):
        self.avail = self.used = place & 0xFFFF
        struct.pack_into("<HH", self.front.ram, self.driver, 0, self.avail)
        struct.pack_into("<HH", self.front.ram, self.device, 0, self.used)

    def make_available(self, slot, address, length, flags):
        ram = self.front.ram
        struct.pack_into("<QIHH", ram, self.desc + 16 * slot, address, length, flags, 0)
        struct.pack_into("<H", ram, self.driver + 4 + 2 * (self.avail % fe.RING_SIZE), slot)
        self.avail = (self.avail + 1) & 0xFFFF
        fe.store16(ram, self.driver + 2, self.avail)

    def next_used(self):
        ram = self.front.ram
        if fe.load16(ram, self.device + 2) == self.used:
            return None
        at = self.device + 4 + 8 * (self.used % fe.RING_SIZE)
        self.used = (self.used + 1) & 0xFFFF
        return struct.unpack_from("<I", ram, at)[0]

    def place(self):
        """Where the device has got to, as far as it was looked at."""
        return self.used

    def used_page(self):
        return self.device >> 12

    @staticmethod
    def add(place, number):
        return (place + number) & 0xFFFF


class PackedRing(Ring):
    """The device's writes are found by its wrap counter; the order of its descriptors is its own,
    but chains of one descriptor leave no holes."""

    def set_place(self, place):
        self.avail = self.used = place
        # Enabled events in the driver's area (flags 0); nothing is known of the device's.

    @staticmethod
    def add(place, number):
        position = (place & (WRAP - 1)) + number
        wrap = place & WRAP
        while position >= fe.RING_SIZE:
            position -= fe.RING_SIZE
            wrap ^= WRAP
        return position | wrap

    def make_available(self, slot, address, length, flags):
        at = self.desc + 16 * (self.avail & (WRAP - 1))
        struct.pack_into("<QIH", self.front.ram, at, address, length, slot)
        flags |= PACKED_AVAIL if self.avail & WRAP else PACKED_USED
        fe.store16(self.front.ram, at + 14, flags)
        self.avail = self.add(self.avail, 1)

    def next_used(self):
        if not self.out:
            return None
        at = self.desc + 16 * (self.used & (WRAP - 1))
        flags = fe.load16(self.front.ram, at + 14)
        wanted = PACKED_AVAIL | PACKED_USED if self.used & WRAP else 0
        if flags & (PACKED_AVAIL | PACKED_USED) != wanted:
            return None
        self.used = self.add(self.used, 1)
        return fe.load16(self.front.ram, at + 12)

    def place(self):
        return self.used

    def used_page(self):
        return self.desc >> 12


class Front(fe.FrontEnd):
    """One front-end. Queue 2n receives, 2n + 1 sends. On a looped port frames of no known protocol
    come back into queue 0."""

    def __init__(self, path, pairs=1, packed=False, base=None,
                 protocol=fe.PROTOCOL_MQ | fe.PROTOCOL_REPLY_ACK | fe.PROTOCOL_STATUS):
        """base: place of all rings at the start, as in SET_VRING_BASE; None: as a guest begins."""
        self.nb_queues = 2 * pairs
        self.packed = packed
        kind = PackedRing if packed else SplitRing
        self.rings = [kind(self, queue) for queue in range(self.nb_queues)]
        self.sent, self.got = [], []  # numbers of frames
        self.rx_order = []  # queue of each
        super().__init__(path, WRAP if packed and base is None else base or 0, protocol)
        self.features |= F_MQ
        if packed:
            self.features |= F_PACKED
        self.flow = 0

    def fresh_rings(self, base=0):
        self.base = [base] * self.nb_queues
        for ring in self.rings:
            ring.fresh(base)

    # --- messages ---------------------------------------------------------------------------------

    def barrier(self):
        """All that was said before was worked off."""
        self.ask_u64(fe.GET_FEATURES)

    def start_rings(self):
        """What QEMU sends when a guest's driver starts, after the features and the memory."""
        for queue in range(self.nb_queues):
            self.vring_state(fe.SET_VRING_ENABLE, queue, 1)
            for _, step in self.ring_steps(queue):
                step()
        if self.protocol & fe.PROTOCOL_STATUS:
            self.set_u64(fe.SET_STATUS, 0xF)
        self.barrier()

    def stop_rings(self):
        """GET_VRING_BASE of all; returns them, which is also where the rings start next."""
        for queue in range(self.nb_queues):
            self.base[queue] = self.get_base(queue)
        if self.protocol & fe.PROTOCOL_STATUS:
            self.set_u64(fe.SET_STATUS, 0)
        self.barrier()
        return list(self.base)

    def reconnect(self, path):
        """The connection ends without a word, and another begins where the rings are."""
        self.socket.close()
        self.look()
        self.base = [ring.place() for ring in self.rings]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))

    def new_call(self, queue):
        """SET_VRING_CALL with a new file."""
        old, self.calls[queue] = self.calls[queue], os.eventfd(0, os.EFD_NONBLOCK)
        self.vring_fd(fe.SET_VRING_CALL, queue, self.calls[queue])
        os.close(old)

    def new_kick(self, queue):
        """SET_VRING_KICK with a new file."""
        old, self.kicks[queue] = self.kicks[queue], os.eventfd(0)
        self.vring_fd(fe.SET_VRING_KICK, queue, self.kicks[queue])
        os.close(old)

    def disable(self, queue):
        self.vring_state(fe.SET_VRING_ENABLE, queue, 0)
        self.barrier()

    def enable(self, queue):
        self.vring_state(fe.SET_VRING_ENABLE, queue, 1)
        self.barrier()

    def log_off(self):
        self.features &= ~fe.F_LOG_ALL
        self.set_u64(fe.SET_FEATURES, self.features)
        self.barrier()

    def log_on(self):
        self.features |= fe.F_LOG_ALL
        self.set_u64(fe.SET_FEATURES, self.features)
        self.barrier()

    def vring_address(self, queue, shift=0, flags=0):
        """SET_VRING_ADDR with where the ring is in the front-end's memory."""
        ring, user = self.rings[queue], self.main.user + shift
        self.send(fe.SET_VRING_ADDR, struct.pack(
            "=IIQQQQ", queue, flags, user + ring.desc, user + ring.device, user + ring.driver,
            ring.device if flags else 0))

    def move_rings(self, distance):
        """The rings, as they are, at other guest addresses; the device must have stopped."""
        for ring in self.rings:
            begin, end = ring.desc, ring.device + 0x4000
            self.ram[begin + distance:end + distance] = self.ram[begin:end]
            self.ram[begin:end] = bytes(end - begin)
            ring.desc += distance
            ring.driver += distance
            ring.device += distance

    def log_rings(self):
        """SET_VRING_ADDR of all with the log's flag, as QEMU sends it when a migration begins: the
        back-end is to log the used rings."""
        for queue in range(self.nb_queues):
            self.vring_address(queue, flags=1)
        self.barrier()

    def set_log(self, log):
        """SET_LOG_BASE alone."""
        self.send(fe.SET_LOG_BASE, struct.pack("=QQ", log.size, 0), [log.fd])
        self.receive(fe.SET_LOG_BASE)

    # --- traffic ----------------------------------------------------------------------------------

    def give(self, queue, number):
        """Receive buffers."""
        for _ in range(number):
            self.rings[queue].post(fe.FRAME_SLOT, fe.F_WRITE, None)
        self.kick(queue)

    def push(self, queue, number, spread=False):
        """Frames to be sent; spread over flows, or all of no known protocol."""
        for _ in range(number):
            seq = len(self.sent)
            self.sent.append(seq)
            self.flow = (self.flow + 1) % 251
            data = bytes(fe.HEADER) + frame(seq, self.flow if spread else None)
            self.rings[queue].post(len(data), 0, seq, data)
        self.kick(queue)

    def look(self):
        """Takes all used entries; the frames' numbers are booked."""
        for ring in self.rings:
            for _, address in ring.poll():
                if ring.queue % 2 == 0:
                    data = self.read(address + fe.HEADER, FRAME_LEN)
                    self.got.append(number_of(data))
                    self.rx_order.append(ring.queue)

    def until(self, condition, timeout=30.0):
        """Looks until the condition holds, woken by the call files. False: it did not in time."""
        deadline = time.monotonic() + timeout
        while True:
            self.look()
            if condition():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for fd in select.select(self.calls, [], [], min(left, 0.02))[0]:
                try:
                    os.eventfd_read(fd)
                except BlockingIOError:
                    pass

    def back(self, queue):
        return self.rings[queue].nb_back

    def want_back(self, queue, number, timeout=30.0):
        """The queue has returned so many since it was fresh."""
        rig.check(self.until(lambda: self.back(queue) >= number, timeout),
                  f"queue {queue}: {self.back(queue)} of {self.rings[queue].nb_posted} posted came "
                  f"back, wanted {number}")

    def silent(self, seconds):
        """True when no queue returns anything for so long."""
        self.look()
        before = [ring.nb_back for ring in self.rings]
        return not self.until(lambda: [ring.nb_back for ring in self.rings] != before, seconds)

    def alive(self, timeout=20.0):
        """Numbers of the queues that do something when there is something to do, from now on."""
        self.look()
        before = [ring.nb_back for ring in self.rings]

        def moved():
            self.refill()
            return all(ring.nb_back > nb for ring, nb in zip(self.rings, before))

        # More than once: while rules are being made, all frames may go to one queue.
        deadline = time.monotonic() + timeout
        self.refill()
        while not moved() and time.monotonic() < deadline:
            for queue in range(1, self.nb_queues, 2):
                self.push(queue, min(32, self.rings[queue].room()), spread=True)
            self.until(moved, 0.3)
        return {q for q, ring in enumerate(self.rings) if ring.nb_back > before[q]}

    def run(self):
        """Starts, and returns itself when all queues have done something."""
        self.start()
        self.all_alive("at the start")
        self.account("at the start")
        return self

    def run_and_rest(self):
        """Starts, and returns itself when one pair has run; no receive buffer is left."""
        self.start()
        self.give(0, 3)
        self.push(1, 3)
        self.want_back(0, 3)
        self.want_back(1, 3)
        return self

    def all_alive(self, what, timeout=20.0):
        alive = self.alive(timeout)
        rig.check(len(alive) == self.nb_queues, f"{what}: only the queues {sorted(alive)} of "
                  f"{self.nb_queues} do something")

    # --- account ----------------------------------------------------------------------------------

    def lost(self):
        return sorted(set(self.sent) - set(self.got))

    def twice(self):
        return sorted({seq for seq in self.got if self.got.count(seq) > 1})

    def refill(self):
        """Receive buffers, where there is much room for them."""
        for queue in range(0, self.nb_queues, 2):
            if self.rings[queue].room() > fe.RING_SIZE // 2:
                self.give(queue, fe.RING_SIZE // 2)

    def is_complete(self):
        """Everything that was sent is there; receive buffers are posted as they are needed."""
        self.refill()
        return not self.lost() and not any(self.rings[q].out for q in range(1, self.nb_queues, 2))

    def account(self, what):
        """Nothing was lost, nothing came twice, no descriptor is missing or foreign."""
        self.until(self.is_complete)
        rig.check(not self.lost(), f"{what}: frames {self.lost()} were lost")
        rig.check(not self.twice(), f"{what}: frames {self.twice()} came twice")
        for ring in self.rings:
            rig.check(not ring.errors, f"{what}: {ring.errors}")
        for queue in range(1, self.nb_queues, 2):
            rig.check(not self.rings[queue].out, f"{what}: queue {queue} keeps descriptors "
                      f"{sorted(self.rings[queue].out)}")
