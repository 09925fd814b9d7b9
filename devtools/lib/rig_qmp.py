# SPDX-License-Identifier: BSD-3-Clause
"""QEMU's machine protocol over its Unix socket."""
import json
import socket

from rig_wait import Deadline, Failure, Lines, until


def connect(path, what, check):
    """Connects as soon as somebody listens at @path."""
    def attempt():
        check()
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            sock.close()
            return None
        return sock
    return until(what, 15, attempt)


class Qmp:
    def __init__(self, path, name, check):
        self.sock = connect(path, f"{name}'s QMP socket", check)
        self.lines = Lines(self.sock, name, check)
        self.events = []
        self.lines.next(Deadline(f"{name}'s QMP greeting", 10))
        self.command("qmp_capabilities")

    def command(self, execute, seconds=15, **arguments):
        """Runs a command and returns what it returns; events are kept aside."""
        request = {"execute": execute, "arguments": arguments}
        self.sock.sendall(json.dumps(request).encode() + b"\n")
        deadline = Deadline(f"the answer to QMP {execute}", seconds)
        while True:
            answer = json.loads(self.lines.next(deadline))
            if "event" in answer:
                self.events.append(answer["event"])
            elif "error" in answer:
                raise Failure(f"QMP {execute}: {answer['error']['desc']}")
            else:
                return answer["return"]

    def close(self):
        self.sock.close()
