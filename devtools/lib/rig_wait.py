# SPDX-License-Identifier: BSD-3-Clause
"""Waiting: always for something that has a name, always with an end."""
import select
import time


class Failure(Exception):
    """The story cannot go on; the text says what happened in one sentence."""


class Deadline:
    """A point in time by which @what must have happened."""

    def __init__(self, what, seconds):
        self.what = what
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def left(self):
        left = self.end - time.monotonic()
        if left <= 0:
            raise Failure(f"waited {self.seconds:g} s in vain for {self.what}")
        return left


def until(what, seconds, poll, interval=0.02):
    """Asks poll() until it gives something true, and returns that."""
    deadline = Deadline(what, seconds)
    while True:
        value = poll()
        if value:
            return value
        time.sleep(min(interval, deadline.left()))


class Lines:
    """Reads lines from a pipe or socket without ever blocking longer than allowed. @check raises
    Failure where the other end is known to be dead, with a better reason than an end of file."""

    def __init__(self, stream, name, check):
        self.stream = stream
        self.name = name
        self.check = check
        self.buffer = b""

    def next(self, deadline):
        while b"\n" not in self.buffer:
            if not select.select([self.stream], [], [], deadline.left())[0]:
                continue
            data = (self.stream.recv(65536) if hasattr(self.stream, "recv")
                    else self.stream.read1(65536))
            if not data:
                time.sleep(0.2)  # sockets close before their process can be seen dead
                self.check()
                raise Failure(f"{self.name} ended while waiting for {deadline.what}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")
