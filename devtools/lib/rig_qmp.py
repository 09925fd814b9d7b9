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
                self.events.append(answer)
            elif "error" in answer:
                raise Failure(f"QMP {execute}: {answer['error']['desc']}")
            else:
                return answer["return"]

    def event(self, name, seconds=15, **data):
        """Waits for an event whose data has these members; it is forgotten then, and so are those
        before it."""
        deadline = Deadline(f"QMP event {name} {data or ''}", seconds)
        while True:
            while self.events:
                event = self.events.pop(0)
                found = event.get("data", {})
                if event["event"] == name and all(found.get(k) == v for k, v in data.items()):
                    return event
            answer = json.loads(self.lines.next(deadline))
            if "event" in answer:
                self.events.append(answer)

    def close(self):
        self.sock.close()
