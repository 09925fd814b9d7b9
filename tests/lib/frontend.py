# SPDX-License-Identifier: BSD-3-Clause
"""A vhost-user front-end with one pair of split rings, small enough to be told to do anything
wrong. Message numbers and layouts: the vhost-user specification; ring layouts: virtio 1.2, 2.7.
"""
import ctypes
import mmap
import os
import select
import socket
import struct
import time

import rig

GET_FEATURES, SET_FEATURES, SET_OWNER, SET_MEM_TABLE = 1, 2, 3, 5
SET_LOG_BASE = 6
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 8, 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL, GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES = 12, 13, 15, 16
GET_QUEUE_NUM, SET_VRING_ENABLE, SET_STATUS, GET_STATUS = 17, 18, 39, 40

F_VERSION_1, F_PROTOCOL, F_LOG_ALL, F_GUEST_CSUM = 1 << 32, 1 << 30, 1 << 26, 1 << 1
PROTOCOL_MQ, PROTOCOL_LOG_SHMFD, PROTOCOL_REPLY_ACK = 1 << 0, 1 << 1, 1 << 3
PROTOCOL_STATUS = 1 << 16
VERSION, REPLY, NEED_REPLY = 1, 1 << 2, 1 << 3

USER_BASE = 0x7F0000000000  # where the front-end says that its memory is
RAM_SIZE = 16 << 20
RING_SIZE = 64
HEADER = 12  # of a packet, with VERSION_1
FRAME_SLOT = 2048
F_NEXT, F_WRITE = 1, 2


class Closed(Exception):
    """The back-end closed the connection."""


def load16(memory, offset):
    """A little-endian number of 16 bits that the device may be writing: in one piece. (struct
    reads and writes byte by byte, and writes zeros first.)"""
    return ctypes.c_uint16.__ctype_le__.from_buffer(memory, offset).value


def store16(memory, offset, value):
    """The same for one that the device may be reading."""
    ctypes.c_uint16.__ctype_le__.from_buffer(memory, offset).value = value


def ring_place(queue):
    """Guest addresses of descriptors, available ring and used ring."""
    base = 0x100000 + queue * 0x10000
    return base, base + 0x4000, base + 0x8000


class Memory:
    """A file of guest memory at a guest address; user: where the front-end says that it is."""

    def __init__(self, gpa, size, user):
        self.gpa, self.size, self.user = gpa, size, user
        self.fd = os.memfd_create("guest")
        os.ftruncate(self.fd, size)
        self.map = mmap.mmap(self.fd, size)

    def region(self):
        return self.gpa, self.size, self.user, 0

    def close(self):
        self.map.close()
        os.close(self.fd)


class FrontEnd:
    nb_queues = 2

    def __init__(self, path, base=0, protocol=PROTOCOL_MQ | PROTOCOL_REPLY_ACK | PROTOCOL_STATUS):
        """base: where both rings begin; the rings are as a guest would have left them there.
        protocol: the protocol features to ask for; not every back-end has all of them."""
        self.protocol = protocol
        self.features = F_VERSION_1 | F_PROTOCOL
        self.polled = set()  # SET_VRING_KICK, SET_VRING_CALL: given without files
        if isinstance(path, socket.socket):  # that a back-end has connected to
            self.socket = path
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(path)
        self.socket.settimeout(20)
        self.main = Memory(0, RAM_SIZE, USER_BASE)
        self.memfd = self.main.fd
        self.ram = self.main.map
        self.log = None
        self.more = []  # further memory that the front-end has, in the table or not
        self.buffers = 0x400000  # guest address of the frame buffers, 2 MiB
        self.kicks = [os.eventfd(0) for _ in range(self.nb_queues)]
        self.calls = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(self.nb_queues)]
        self.fresh_rings(base)

    def close(self):
        self.socket.close()
        for memory in (self.main, *self.more, *([self.log] if self.log else [])):
            memory.close()
        for fd in (*self.kicks, *self.calls):
            os.close(fd)

    def fresh_rings(self, base=0):
        """Both rings, empty, at an index."""
        self.base = [base, base]
        self.posted = [base, base]
        for queue in (0, 1):
            desc, avail, used = ring_place(queue)
            self.ram[desc:used + 0x4000] = bytes(used + 0x4000 - desc)
            struct.pack_into("<HH", self.ram, avail, 0, base)
            struct.pack_into("<HH", self.ram, used, 0, base)

    def add_memory(self, gpa, size):
        """Memory that a later table may name."""
        memory = Memory(gpa, size, USER_BASE + (1 << 36) * (len(self.more) + 1))
        self.more.append(memory)
        return memory

    def _at(self, address):
        """(mapping, offset) of a guest address; of several memories the last one counts."""
        for memory in (*reversed(self.more), self.main):
            if memory.gpa <= address < memory.gpa + memory.size:
                return memory.map, address - memory.gpa
        raise rig.Failure(f"guest address {address:#x} is in no memory")

    def write(self, address, data):
        where, offset = self._at(address)
        where[offset:offset + len(data)] = data

    def read(self, address, size):
        where, offset = self._at(address)
        return bytes(where[offset:offset + size])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- messages -----------------------------------------------------------------------------

    def send(self, request, payload=b"", fds=(), flags=0):
        data = struct.pack("=III", request, VERSION | flags, len(payload)) + payload
        try:
            socket.send_fds(self.socket, [data], list(fds))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed from error

    def receive(self, request):
        data = self._read(12)
        got, flags, size = struct.unpack("=III", data)
        rig.check(got == request and flags & REPLY, f"reply to {got}, flags {flags:#x}, after a "
                  f"request {request}")
        return self._read(size)

    def _read(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.socket.recv(size - len(data))
            except ConnectionResetError as error:
                raise Closed from error
            if not more:
                raise Closed
            data += more
        return data

    def ask(self, request, payload=b""):
        self.send(request, payload)
        return self.receive(request)

    def ask_u64(self, request):
        return struct.unpack("=Q", self.ask(request))[0]

    def set_u64(self, request, value):
        self.send(request, struct.pack("=Q", value))

    def set_memory(self, regions=((0, RAM_SIZE, USER_BASE, 0),), count=None):
        """Sends a memory table; returns the back-end's word on it (0: taken)."""
        payload = struct.pack("=II", len(regions) if count is None else count, 0)
        for region in regions:
            payload += struct.pack("=QQQQ", *region)
        return self.send_table(payload, [self.memfd] * len(regions))

    def send_table(self, payload, fds):
        """Returns the back-end's word on the table; one that gives none has taken it."""
        if not self.protocol & PROTOCOL_REPLY_ACK:
            self.send(SET_MEM_TABLE, payload, fds)
            return 0
        self.send(SET_MEM_TABLE, payload, fds, NEED_REPLY)
        return struct.unpack("=Q", self.receive(SET_MEM_TABLE))[0]

    def set_table(self, memories):
        """A memory table of these memories, in this order; returns the back-end's word on it."""
        payload = struct.pack("=II", len(memories), 0)
        for memory in memories:
            payload += struct.pack("=QQQQ", *memory.region())
        return self.send_table(payload, [memory.fd for memory in memories])

    def start_log(self):
        """As QEMU when a migration begins: a bitmap of guest pages of 4 KiB, then the feature."""
        self.log = Memory(0, RAM_SIZE >> 15, 0)
        self.send(SET_LOG_BASE, struct.pack("=QQ", self.log.size, 0), [self.log.fd])
        self.receive(SET_LOG_BASE)
        self.features |= F_LOG_ALL
        self.set_u64(SET_FEATURES, self.features)
        self.ask_u64(GET_FEATURES)  # that was worked off

    def dirty_pages(self):
        """Numbers of the pages whose bit is set."""
        bits = int.from_bytes(self.log.map[:], "little")
        return {page for page in range(RAM_SIZE >> 12) if bits >> page & 1}

    def get_base(self, queue):
        """GET_VRING_BASE: stops the ring and tells where."""
        reply = self.ask(GET_VRING_BASE, struct.pack("=II", queue, 0))
        return struct.unpack("=II", reply)[1]

    def vring_address(self, queue, shift=0):
        desc, avail, used = (USER_BASE + place + shift for place in ring_place(queue))
        self.send(SET_VRING_ADDR, struct.pack("=IIQQQQ", queue, 0, desc, used, avail, 0))

    def vring_state(self, request, queue, number):
        self.send(request, struct.pack("=II", queue, number))

    def vring_fd(self, request, queue, fd):
        self.send(request, struct.pack("=Q", queue), [fd])

    def vring_no_fd(self, request, queue):
        """SET_VRING_KICK or _CALL without a file: the ring is to be polled."""
        self.send(request, struct.pack("=Q", queue | 1 << 8))

    def ring_file(self, request, queue):
        if request in self.polled:
            self.vring_no_fd(request, queue)
        else:
            self.vring_fd(request, queue,
                          (self.kicks if request == SET_VRING_KICK else self.calls)[queue])

    def ring_steps(self, queue):
        """What starts one ring."""
        return [
            (f"SET_VRING_NUM {queue}", lambda: self.vring_state(SET_VRING_NUM, queue, RING_SIZE)),
            (f"SET_VRING_BASE {queue}",
             lambda: self.vring_state(SET_VRING_BASE, queue, self.base[queue])),
            (f"SET_VRING_ADDR {queue}", lambda: self.vring_address(queue)),
            (f"SET_VRING_KICK {queue}", lambda: self.ring_file(SET_VRING_KICK, queue)),
            (f"SET_VRING_CALL {queue}", lambda: self.ring_file(SET_VRING_CALL, queue)),
        ]

    def steps(self):
        """A start in QEMU's order: (name, what to do) for each message."""
        status = self.protocol & PROTOCOL_STATUS
        todo = [
            ("GET_FEATURES", lambda: self.ask_u64(GET_FEATURES)),
            ("GET_PROTOCOL_FEATURES", lambda: self.ask_u64(GET_PROTOCOL_FEATURES)),
            ("SET_PROTOCOL_FEATURES", lambda: self.set_u64(SET_PROTOCOL_FEATURES, self.protocol)),
            ("GET_QUEUE_NUM", lambda: self.ask_u64(GET_QUEUE_NUM)),
            ("SET_OWNER", lambda: self.send(SET_OWNER)),
        ]
        for queue in range(self.nb_queues):
            todo.append((f"SET_VRING_ENABLE {queue}",
                         lambda q=queue: self.vring_state(SET_VRING_ENABLE, q, 1)))
        todo.append(("SET_FEATURES", lambda: self.set_u64(SET_FEATURES, self.features)))
        if status:
            todo.append(("SET_STATUS driver", lambda: self.set_u64(SET_STATUS, 8)))
        todo.append(("SET_MEM_TABLE", self.set_memory))
        for queue in range(self.nb_queues):
            todo += self.ring_steps(queue)
        if status:
            todo.append(("SET_STATUS driver ok", lambda: self.set_u64(SET_STATUS, 0xF)))
        # A reply means that everything before it was worked off.
        todo.append(("GET_STATUS", lambda: self.ask_u64(GET_STATUS)) if status else
                    ("GET_FEATURES", lambda: self.ask_u64(GET_FEATURES)))
        return todo

    def start(self):
        for _, step in self.steps():
            step()

    # --- rings --------------------------------------------------------------------------------

    def own_buffer(self, queue):
        """Where the next buffer of the queue lies unless somebody says otherwise."""
        slot = self.posted[queue] % RING_SIZE
        return self.buffers + queue * 0x100000 + slot * FRAME_SLOT

    def post_frame(self, frame, address=None):
        """Makes a frame available to be sent, which must be there by then: the card may be looking
        at the ring already, for a kick of before."""
        if address is None:
            address = self.own_buffer(1)
        self.write(address, bytes(HEADER) + frame)
        self.post(1, HEADER + len(frame), 0, address)

    def post(self, queue, length, flags, address=None):
        """Makes one buffer of its own available; returns its guest address."""
        desc, avail, _ = ring_place(queue)
        slot = self.posted[queue] % RING_SIZE
        if address is None:
            address = self.own_buffer(queue)
        struct.pack_into("<QIHH", self.ram, desc + 16 * slot, address, length, flags, 0)
        struct.pack_into("<H", self.ram, avail + 4 + 2 * slot, slot)
        self.posted[queue] += 1
        store16(self.ram, avail + 2, self.posted[queue] & 0xFFFF)
        return address

    def kick(self, queue):
        os.eventfd_write(self.kicks[queue], 1)

    def used_index(self, queue):
        return load16(self.ram, ring_place(queue)[2] + 2)

    def await_used(self, queue, index, timeout=20.0):
        """Waits for the used index, woken by the call eventfd."""
        deadline = time.monotonic() + timeout
        while self.used_index(queue) != index:
            left = deadline - time.monotonic()
            rig.check(left > 0, f"queue {queue}: used index {self.used_index(queue)}, "
                      f"waited {timeout:g} s for {index}")
            select.select([self.calls[queue]], [], [], min(left, 0.05))
            try:
                os.eventfd_read(self.calls[queue])
            except BlockingIOError:
                pass

    def send_frame(self, frame):
        """One frame out; the port is looped, so it comes back into one receive buffer."""
        buffer = self.post(0, FRAME_SLOT, F_WRITE)
        self.post_frame(frame)
        self.kick(1)
        self.await_used(1, self.posted[1] & 0xFFFF)
        self.await_used(0, self.posted[0] & 0xFFFF)
        got = self.read(buffer + HEADER, len(frame))
        rig.check(got == frame, "the looped frame came back changed")
