# SPDX-License-Identifier: BSD-3-Clause
"""The prompt's built-in guests and flows: two guests on two functions of an emulated card send each
other packets while everything happens to them that can be typed, and nothing may be lost. Then the
mistakes: each gets a sentence, and the app goes on.

usage: prompt_guests.py flows|packed|mistakes
"""
import contextlib
import pathlib
import re
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402
import typed  # noqa: E402

TYPED = [
    "guest add NAME SOCKET [queues N] [size N] [mem SIZE] [packed] [server] [poll] [mergeable] "
    "[indirect] [event-idx] [no-notifier] [timeout MS]",
    "guest start NAME tx|rx|rxtx|echo [peer NAME] [rate N] [len N] [window N]",
    "guest stop NAME",
    "guest show [NAME]",
    "guest remove NAME",
    "flow hot-add NAME SIZE",
    "flow unplug NAME",
    "flow remap NAME",
    "flow reset NAME",
    "flow rebind NAME",
    "flow disable NAME Q",
    "flow enable NAME Q",
    "flow stop NAME",
    "flow start NAME",
    "flow kill NAME [at K]",
    "flow error NAME Q",
    "show flows",
]
DEV, OTHER = dpdk.DEVICES


def launch(r):
    """The app with two functions that a switch joins, and a control socket."""
    return dpdk.testvdpa(r, functions=2, wire="switch", more=dpdk.ALONE,
                         card={"control": {"socket": str(r.path("ctl"))}})


def say(typist, line, sentence, seconds=20):
    """Types a line, reads until the next prompt, and wants to see the sentence there."""
    text = typist.told(line, seconds)
    rig.check(re.search(sentence, text), f"{line}: not '{sentence}': {text}")


def flow(typist, line, sentence, lost="nothing lost"):
    """Types a flow: it answers one sentence, with no fault in it."""
    text = typist.told(line, 60)
    rig.check(re.search(rf"^{sentence}: [0-9.]+ ms", text, re.M), f"{line}: {text}")
    rig.check("FAULT" not in text and "testvdpa: error" not in text, f"{line}: {text}")
    rig.check(lost in text, f"{line}: not '{lost}': {text}")
    return text


def begin(typist, options):
    for device, name in ((DEV, "A"), (OTHER, "B")):
        say(typist, f"attach {device} {name}.sock", rf"attached {device}")
        say(typist, f"guest add {name} {name}.sock {options}", rf"added guest {name}: ")
    rig.check("not started" in typist.told("guest show A"), "a guest that was added is shown so")


def end_of_traffic(typist):
    """What became of all packets, both ways."""
    text = typist.told("guest stop A")
    found = re.search(r"stopped guest A: (\d+) sent, (\d+) arrived, 0 lost, 0 duplicated, "
                      r"0 reordered, 0 torn, (\d+) excused, 0 pending", text)
    rig.check(found, text)
    sent, arrived, excused = map(int, found.groups())
    rig.check(sent == arrived + excused and arrived > 200, text)
    for line in typist.told("guest show").splitlines():
        rig.check("device errors" not in line or
                  "device errors: 0, impossible bases: 0" in line, line)


def memory_flows(typist):
    took = flow(typist, "flow hot-add A 64M", "hot-add of 64 MiB to A")
    rig.check(re.search(r"gap [0-9.]+ ms.*, \d+ commands, 4 queues resumed", took), took)
    flow(typist, "flow hot-add A 32M", "hot-add of 32 MiB to A")
    flow(typist, "flow remap A", "remap of 32 MiB of A")
    flow(typist, "flow unplug A", "unplug of 32 MiB from A")


def life_flows(typist):
    flow(typist, "flow reset A", "reset of A")
    flow(typist, "flow rebind B", "rebind of B")
    flow(typist, "flow stop A", "stop of A", lost="")
    flow(typist, "flow start A", "start of A")
    flow(typist, "flow kill A", "kill of A")
    flow(typist, "flow kill B at 9", r"kill at message 9 \([A-Z_]+\) of B")


def queue_flows(typist):
    flow(typist, "flow disable A 3", "disable of queue 3 of A")
    flow(typist, "flow enable A 3", "enable of queue 3 of A")
    say(typist, "card use ctl", r"")
    flow(typist, "flow error A 1", "error of queue 1 of A")


def history(typist, nb):
    """What was pending while a queue did not run has arrived."""
    lines = [line for line in typist.told("show flows").splitlines() if re.match(r" +\d+ ", line)]
    rig.check(len(lines) == nb, f"{len(lines)} flows, not {nb}: {lines}")
    for line in lines:
        rig.check(" ok " in line and "pending" not in line, line)


def flows(typist):
    begin(typist, "queues 2 mergeable indirect event-idx")
    say(typist, "guest start A rxtx peer B rate 2000 len 300 window 32", r"guest A: rxtx to B")
    memory_flows(typist)
    life_flows(typist)
    queue_flows(typist)
    history(typist, 13)
    end_of_traffic(typist)
    shown = typist.told("guest show A")
    rig.check(f"served by {DEV}" in shown and "MQ" in shown and "kicks" in shown, shown)
    say(typist, "guest remove A", r"removed guest A")
    say(typist, "guest remove B", r"removed guest B")
    others(typist)


def others(typist):
    """Server mode, polling, an echo; and the devices that the first two guests have used."""
    say(typist, "guest add C c.sock server poll mem 32M size 64 packed", r"added guest C: 1 queue pair, ")
    say(typist, "guest add D d.sock server no-notifier timeout 20000", r"added guest D")
    say(typist, "detach A.sock", r"detached")
    say(typist, "detach B.sock", r"detached")
    say(typist, f"attach {DEV} c.sock client", r"attached")
    say(typist, f"attach {OTHER} d.sock client", r"attached")
    say(typist, "guest start D echo", r"guest D: echo", 30)
    say(typist, "guest start C tx rate 5000", r"guest C: tx to D", 30)
    flow(typist, "flow reset D", "reset of D")
    text = typist.told("guest stop C")
    rig.check(re.search(r"[1-9]\d* arrived, 0 lost, 0 duplicated", text), text)
    say(typist, "guest start D rx", r"guest D: rx")


def packed(typist):
    begin(typist, "queues 1 size 128 packed")
    say(typist, "guest start A rxtx rate 3000", r"guest A: rxtx to B")
    flow(typist, "flow hot-add A 64M", "hot-add of 64 MiB to A")
    life_flows(typist)
    flow(typist, "flow disable A 1", "disable of queue 1 of A")
    flow(typist, "flow enable A 1", "enable of queue 1 of A")
    history(typist, 9)
    end_of_traffic(typist)


# --- mistakes ------------------------------------------------------------------------------------

USAGE = "usage: "

# before any guest, and with a guest A that was never started
EARLY = [
    ("guest start X rx", r"there is no guest 'X' \(none was added\)"),
    ("guest add A", USAGE),
    ("guest add A a queues 0", r"queues"),
    ("guest add A a queues 65", r"queues"),
    ("guest add A a size 100", r"ring size 100 is no power of two"),
    ("guest add A a size 65536", r"size"),
    ("guest add A a mem 3M", r"no multiple of 2 MiB"),
    ("guest add A a mem 100000000T", r"mem"),
    ("guest add A a mem 2M size 1024 queues 4", r"need \d+ MiB of memory for their buffers, not 2"),
    ("guest add A!b a", r"guest name 'A!b': 1 to 31 letters"),
    (f"guest add {'n' * 32} a", r"guest name 'n+': 1 to 31 letters"),
    (f"guest add A {'p' * 120}", r"path has 120 characters"),
    ("guest add A a frames 3", USAGE),
    ("guest add A /nowhere/a server", r"cannot listen on /nowhere/a: No such file"),
    ("show flows now", USAGE),
]
LATE = [
    ("guest add A b", r"there is a guest 'A' already"),
    ("guest add B a", r"the socket a is guest A's"),
    ("guest start A tx", r"there is no other guest to send to"),
    ("guest start A tx peer A", r"cannot be its own peer"),
    ("guest start A tx peer X", r"there is no guest 'X' \(there are A\)"),
    ("guest start A tx len 20", r"len"),
    ("guest start A tx rate 1e6", r"rate"),
    ("guest start A up", USAGE),
    ("guest stop X", r"there is no guest 'X'"),
    ("guest show X", r"there is no guest 'X'"),
    ("guest remove X", r"there is no guest 'X'"),
    ("guest start A rx", r"guest A does not start: no back-end on a: No such file"),
    ("flow reset X", r"there is no guest 'X'"),
    ("flow reset A", r"reset: guest A is not started"),
    ("flow start A", r"start: guest A is not started"),
    ("flow hot-add A 1M", r"size"),
    ("flow hot-add A 3M", r"no multiple of 2 MiB"),
    ("flow unplug A", r"has no memory that was hot-added"),
    ("flow disable A 2", r"queue"),
    ("flow error A 0", r"only an emulated card"),
    ("flow kill A at 0", r"at"),
]


class Backend:
    """A back-end that does something wrong with each front-end that comes."""

    def __init__(self, path, answer):
        self.answer = answer
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen(4)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            peer, _ = self.server.accept()
            with peer, contextlib.suppress(OSError):
                while peer.recv(4096) and self.answer != b"":
                    peer.sendall(self.answer or b"")


def message(request, flags, payload):
    """vhost-user's header: request, flags, size; all 32 bits, of this machine's order."""
    return b"".join(n.to_bytes(4, sys.byteorder) for n in (request, flags, len(payload))) + payload


# What a back-end says to GET_FEATURES (1; a reply has version 1 and bit 2 of the flags): None nothing
# at all, "" hangs up.
NONSENSE = {
    "mute": (None, r"GET_FEATURES: no answer within 300 ms"),
    "gone": (b"", r"GET_FEATURES: the back-end closed the connection"),
    "other": (message(15, 5, bytes(8)), r"GET_FEATURES: the answer is to request 15"),
    "short": (message(1, 5, bytes(4)), r"GET_FEATURES: the answer has 4 bytes, not 8"),
    "flags": (message(1, 2, bytes(8)), r"GET_FEATURES: the answer has flags 0x2"),
    "poor": (message(1, 5, bytes(8)), r"GET_FEATURES: 0x0 lacks 0x100000000"),
    "noise": (b"\xff" * 20, r"GET_FEATURES: bad answer"),
}


def refused(typist, line, sentence):
    said = sentence if sentence == USAGE else rf"testvdpa: error: .*{sentence}"
    say(typist, line, said, 30)


def mistakes(r, typist):
    for line, sentence in EARLY:
        refused(typist, line, sentence)
    rig.check("no guest was added" in typist.told("guest show"), "there is a guest")
    rig.check("no flows so far" in typist.told("show flows"), "there is a flow")
    say(typist, "guest add A a timeout 100", r"added guest A")
    for line, sentence in LATE:
        refused(typist, line, sentence)
    for name, (answer, sentence) in NONSENSE.items():
        Backend(r.path(name), answer)
        say(typist, f"guest add {name} {name} timeout 300", rf"added guest {name}")
        refused(typist, f"guest start {name} rx", sentence)
        say(typist, f"guest remove {name}", rf"removed guest {name}")
    too_much(typist)


def too_much(typist):
    """What a guest that runs refuses; it waits for answers longer than the one that never ran."""
    say(typist, "guest remove A", r"removed guest A")
    say(typist, "guest add A a", r"added guest A")
    say(typist, f"attach {DEV} a", r"attached")
    say(typist, f"attach {OTHER} b", r"attached")
    say(typist, "guest add B b", r"added guest B")
    say(typist, "guest start A rxtx", r"guest A: rxtx to B", 30)
    refused(typist, "flow start A", r"start: guest A is not stopped")
    say(typist, "guest start B tx", r"guest B: tx to A")
    refused(typist, "guest remove A", r"guest B sends to A")
    flow(typist, "flow stop B", "stop of B", lost="")
    refused(typist, "guest start B tx", r"guest B is stopped: 'flow start B'")
    refused(typist, "flow reset B", r"reset: guest B is stopped")
    flow(typist, "flow start B", "start of B")
    say(typist, "guest add E e", r"added guest E")
    refused(typist, "guest start A tx", r"several others are there: say which one with 'peer NAME'")
    for _ in range(6):
        flow(typist, "flow hot-add A 2M", "hot-add of 2 MiB to A")
    refused(typist, "flow hot-add A 2M", r"has 8 memory regions, more are not possible")
    refused(typist, "flow kill A at 9999", r"its start has fewer messages than 9999")
    end = typist.told("guest stop B")
    rig.check(" 0 lost, 0 duplicated" in end, end)


def main(part):
    with rig.Rig("prompt_guests") as r:
        app = launch(r)
        typist = typed.Typist(app, TYPED)
        if part == "mistakes":
            mistakes(r, typist)
        else:
            {"flows": flows, "packed": packed}[part](typist)
        app.send("quit")
        # a failed command makes the exit status 1
        rig.check(app.wait(30) == (1 if part == "mistakes" else 0), "the app did not end well")
        if part == "flows":
            typist.check()
        # the card tells of the queue that it was asked to break
        dpdk.card_said(r, " left", *(["mlx5emu error"] if part != "flows" else []))


if __name__ == "__main__":
    main(sys.argv[1])
