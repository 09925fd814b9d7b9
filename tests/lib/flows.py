# SPDX-License-Identifier: BSD-3-Clause
"""One device, one guest (flow_load), flow after flow; and what each made of commands, by the card's
trace. Either driver: ours, or the one of DPDK (mlx5).

    with flows.Run(r, "stock", pairs=4, devargs=",queues=4") as run:
        run.do("start")["commands"]      # {"CREATE_CQ": 8, ...}
"""
import collections
import json
import os
import pathlib
import time

import dpdk
import rig

QUIET_S = 0.15  # a flow's work is over when no command was sent for so long
SETTLE_S = 5


# What a Linux guest takes of that which is offered and decides about its queues: CSUM, GUEST_CSUM,
# and MRG_RXBUF, which DPDK's driver does not have. Queues that were made beforehand expect it.
FEATURES = {"ours": 1 << 0 | 1 << 1 | 1 << 15, "stock": 1 << 0 | 1 << 1}


def app(r, driver, card, devargs, before=(),
        log=("pmd.vdpa.mlx5_devx:info",)):
    """The app with a driver, at its prompt. A probe that hangs is a Failure. before: words that come
    before the command."""
    r.path("card.json").write_text(json.dumps(card))
    plugin, env = [], {}
    if driver == "ours":
        path = pathlib.Path(os.environ["DRIVER"])
        # by name: EAL refuses a path with a world-writable parent
        plugin, env = ["-d", path.name], {"LD_LIBRARY_PATH": str(path.parent)}
    prog = r.start("testvdpa", [
        *before, os.environ["MLX5EMU"], "--config", "card.json", "--wire", "loop",
        "--pause-ms", "60000",  # a receive queue may be off for long on a busy machine
        "--log", "card.log",
        "--log-level", "info", "--trace", "trace.json", "--", os.environ["TESTVDPA"],
        *dpdk.eal("testvdpa"), *plugin, "-a", f"{dpdk.DEVICES[0]},class=vdpa{devargs}",
        *[f"--log-level={level}" for level in log], "--", "-i"], env=env)
    prog.expect(r"testvdpa> ", 40)
    return prog


class Trace:
    """The commands of a trace that grows."""

    def __init__(self, path):
        self.path, self.offset, self.commands = path, 0, []

    def read(self):
        """Takes what is new; returns how many commands that were."""
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            data = file.read()
        data = data[:data.rfind(b"\n") + 1]  # the last line may still be in the making
        self.offset += len(data)
        # Most lines are calls; only what may be a command is parsed.
        lines = [json.loads(line) for line in data.splitlines() if b'"command"' in line]
        lines = [line for line in lines if line["kind"] == "command"]
        self.commands += lines
        return len(lines)

    def settle(self):
        """Waits until no command was sent for a while: neither driver says when it is done."""
        end = time.monotonic() + SETTLE_S
        quiet = time.monotonic()
        while time.monotonic() < min(end, quiet + QUIET_S):
            time.sleep(0.02)
            if self.read():
                quiet = time.monotonic()

    def between(self, start_ns, end_ns=None):
        return [line for line in self.commands
                if start_ns <= line["start_ns"] and (end_ns is None or line["start_ns"] < end_ns)]


def name(line):
    """The command; a MODIFY of a queue with what it modifies."""
    if line["command"] == "MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q":
        return f"MODIFY_VIRTQ {line.get('state') or line.get('fields') or ''}".strip()
    return line["command"].replace("_GENERAL_OBJECT", "").replace("VIRTIO_NET_Q", "VIRTQ")


def count(lines):
    return dict(collections.Counter(name(line) for line in lines))


class Run:
    """A started device with a guest that is not connected yet."""

    def __init__(self, r, driver, pairs, card=None, devargs="", rate=1000, alive_ms=3000,
                 before=(), **options):
        self.rig, self.driver, self.pairs = r, driver, pairs
        self.card = dict(card or {})
        self.app = app(r, driver, self.card, devargs, before, **options)
        self.trace = Trace(r.path("trace.json"))
        self.trace.settle()
        self.probe = count(self.trace.commands)
        self.app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        self.guest = r.start("guest", [*before, os.environ["FLOW_LOAD"], r.path("vm"), pairs, rate,
                                       alive_ms, FEATURES[driver]])

    def do(self, step, timeout=60, alive_ms=None):
        """Does one flow and waits until its commands are over. Times are in ms. alive_ms: how long
        the guest waits for its queues, when they are not expected to come."""
        if self.driver == "stock" and step.startswith("remove"):
            # Its hash is symmetric and its queues come back one by one: some have had frames then,
            # and get none any more, so what they hold of the memory would not come back by itself.
            left = self.play("leave", timeout)["ret"]
            rig.check(left == 0, f"the guest did not leave the memory: {left}")
        return self.told(self.play(step, timeout, alive_ms))

    def play(self, step, timeout, alive_ms=None):
        """Does one flow and returns the guest's words when its commands are over."""
        self.guest.send(step if alive_ms is None else f"{step} {alive_ms}")
        found = json.loads(self.guest.expect(r'^\{"step": .*\}$', timeout)[0])
        if "start_ns" not in found:
            raise rig.Failure(f"the guest does not know {step}")
        self.trace.settle()
        return found

    def told(self, found):
        """What the guest said and the trace counted."""
        lines = self.trace.between(found["start_ns"])
        # From the first command on: before it a guest prepares memory, or waits for its buffers.
        start = min((line["start_ns"] for line in lines), default=found["start_ns"])
        return {
            "step": found["step"], "ret": found["ret"], "alive": found["alive"], "pairs": self.pairs,
            "reply_ms": (found["reply_ns"] - start) / 1e6,
            "gap_ms": found["gap_ns"] / 1e6 if found["alive"] == self.pairs else None,
            "last_ms": max((line["start_ns"] + line["duration_ns"] - start for line in lines),
                           default=0) / 1e6,
            "total": len(lines), "commands": count(lines),
            "failed": [name(line) for line in lines if line["status"] != "OK"],
        }

    def account(self, timeout=60):
        """Ends the guest; {"lost": ..., ...} of all its packets."""
        self.guest.send("quit")
        found = json.loads(self.guest.expect(r'^\{"step": "account".*\}$', timeout)[0])
        self.guest.wait(20)
        return found
