# SPDX-License-Identifier: BSD-3-Clause
"""A vhost-user connection with somebody in its middle, who can change what is said.

One thread for each direction. Descriptors travel with the message that they came with.
"""
import array
import contextlib
import socket
import struct
import threading

HEADER = struct.Struct("=III")  # request, flags, size: in the byte order of the machine
GET_FEATURES = 1
SET_FEATURES = 2
REPLY = 1 << 2  # in the flags
F_LOG_ALL = 1 << 26
MAX_FDS = 8


def without_log_all(payload):
    features, = struct.unpack("=Q", payload)
    return struct.pack("=Q", features & ~F_LOG_ALL)


def log_not_wanted(request, flags, payload):
    """The back-end is not told that it must note what it writes."""
    return without_log_all(payload) if request == SET_FEATURES and not flags & REPLY else payload


def log_not_offered(request, flags, payload):
    """The front-end is not told that the back-end could."""
    return without_log_all(payload) if request == GET_FEATURES and flags & REPLY else payload


def receive(sock):
    """One message as (header, payload, descriptors), or None at the end of the connection."""
    fds = array.array("i")
    header, ancillary, _, _ = sock.recvmsg(
        HEADER.size, socket.CMSG_SPACE(MAX_FDS * fds.itemsize), socket.MSG_WAITALL)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
    if len(header) < HEADER.size:
        return None
    size = HEADER.unpack(header)[2]
    payload = sock.recv(size, socket.MSG_WAITALL) if size else b""
    return header, payload, fds


class Relay:
    """Listens at @path for one front-end, and speaks for it to the back-end at @target."""

    def __init__(self, path, target, change):
        self.target = target
        self.change = change
        self.changed = 0
        self.sockets = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.threads = [threading.Thread(target=self.serve, daemon=True)]
        self.threads[0].start()

    def serve(self):
        try:
            front, _ = self.listener.accept()
        except OSError:
            return  # closed before anybody came
        back = socket.socket(socket.AF_UNIX)
        self.sockets = [front, back]
        back.connect(str(self.target))
        self.threads.append(threading.Thread(target=self.pump, daemon=True,
                                             args=(back, front)))
        self.threads[1].start()
        self.pump(front, back)

    def pump(self, source, sink):
        with contextlib.suppress(OSError):
            while message := receive(source):
                header, payload, fds = message
                data = self.change(*HEADER.unpack(header)[:2], payload)
                self.changed += data != payload
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)] if fds else []
                sink.sendmsg([header + data], ancillary)
                for fd in fds:
                    socket.close(fd)
        self.hang_up()

    def hang_up(self):
        for sock in self.sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.hang_up()
        for thread in self.threads:
            thread.join(5)
        for sock in [*self.sockets, self.listener]:
            sock.close()
