# SPDX-License-Identifier: BSD-3-Clause
"""Asks a running card at its control socket, as `mlx5emu ctl` does, without a process for each
question: stories ask hundreds. One request, one reply, each an object on a line
(doc/guides/emulated-card-config.md)."""
import json
import socket

from rig_wait import Failure

TIMEOUT = 20


def ask(path, *words):
    """The card's reply to a verb and its arguments; a refusal is a Failure."""
    verb, *args = map(str, words)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT)
        connection.connect(str(path))
        connection.sendall(json.dumps({"verb": verb, "args": args}).encode() + b"\n")
        with connection.makefile() as lines:
            line = lines.readline()
    reply = json.loads(line) if line else {"error": "no answer"}
    if not reply.pop("ok", False):
        raise Failure(f"the card, asked {' '.join(map(str, words))}: {reply}")
    return reply
