# SPDX-License-Identifier: BSD-3-Clause
"""Migration and soak at the prompt: two built-in guests send each other packets on two functions of
an emulated card, and move to a third one and back; nothing may be lost, and no page that was written
may be missing in the dirty logs. Then what cannot be done: a sentence, and the guests go on.

usage: prompt_migrate.py PAIRS split|packed [mistakes]
"""
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
    "flow migrate NAME DEV|- SOCKET [nocompare]",
    "flow migrate-fail NAME [nocompare]",
    "flow soak SECONDS SEED [device DEV] [socket SOCKET]",
    "migration-log NAME on|off|show",
]
DEV, OTHER = dpdk.DEVICES
SPARE = "0000:03:00.4"


def say(typist, line, sentence, seconds=20):
    """Types a line; the answer has to fit the sentence. @return the answer"""
    text = typist.told(line, seconds)
    rig.check(re.search(sentence, text, re.M), f"{line}: not '{sentence}': {text}")
    return text


def begin(typist, pairs, layout):
    packed = " packed" if layout == "packed" else ""
    for device, name in ((DEV, "A"), (OTHER, "B")):
        say(typist, f"attach {device} {name}.sock", rf"attached {device}")
        say(typist, f"guest add {name} {name}.sock queues {pairs} mem 16M{packed}",
            rf"added guest {name}")
    say(typist, "guest start A rxtx peer B rate 2000 len 300 window 32", r"guest A: rxtx to B", 30)


def migrated(typist, line, sentence):
    """A migration without a fault; returns what was printed of it."""
    text = say(typist, line, rf"^{sentence}: [0-9.]+ ms, gap [0-9.]+ ms.*nothing lost", 60)
    rig.check("FAULT" not in text and "testvdpa: error" not in text, f"{line}: {text}")
    found = re.search(r"(\d+) rounds of [\d ]+ pages, the last of \d+; (\d+) marked by the device",
                      text)
    rig.check(int(found[1]) >= 3 and int(found[2]) > 0, text)
    rig.check(re.search(r"downtime [0-9.]+ ms of [0-9.]+ ms", text), text)
    return text


def compared(text, queues):
    rig.check(re.search(r"compared in [0-9.]+ ms more, 0 pages differ", text), text)
    rows = re.findall(r"  queue (\d+), stopped at \(A,U\) \((\d+),(\d+)\), base (\d+), "
                      r"unread (\d+), now \((\d+),(\d+)\)", text)
    rig.check([int(row[0]) for row in rows] == list(range(queues)), text)


def held(text):
    """Frames lay unread in their buffers, and only the device's log could save them."""
    found = re.search(r"(\d+) frames held for [0-9.]+ ms, (\d+) buffers judged", text)
    rig.check(found and int(found[1]) > 0 and int(found[2]) > 0, text)


def moves(typist, queues):
    compared(migrated(typist, f"flow migrate A {SPARE} C.sock", f"migrate to {SPARE} of A"), queues)
    say(typist, "guest show A", rf"socket C.sock \(client\), served by {SPARE}")
    held(migrated(typist, f"flow migrate A {DEV} A.sock nocompare", f"migrate to {DEV} of A"))
    say(typist, "guest show A", rf"socket A.sock \(client\), served by {DEV}")
    compared(migrated(typist, "flow migrate-fail B", "migrate-fail of B"), queues)
    held(migrated(typist, "flow migrate-fail A nocompare", "migrate-fail of A"))


def logs(typist):
    """The device marks pages while the log is on, and none when it is off."""
    dirty = r"guest A: log is %s, (\d+) pages of 4 KiB are dirty, \d+ bytes of log"
    say(typist, "migration-log A on", dirty % "on")
    # a round of another guest's migration: time for A to receive
    migrated(typist, "flow migrate-fail B", "migrate-fail of B")
    say(typist, "migration-log A show", dirty % "on")
    one = re.search(dirty % "off", say(typist, "migration-log A off", dirty % "off"))[1]
    migrated(typist, "flow migrate-fail B", "migrate-fail of B")
    two = re.search(dirty % "off", say(typist, "migration-log A show", dirty % "off"))[1]
    rig.check(int(one) > 0 and one == two, f"{one} pages, then {two}")


def soak(typist, seconds):
    text = say(typist, f"flow soak {seconds} 7 device {SPARE} socket C.sock",
               r"^soak: (\d+) flows, 0 failed:", 120)
    rig.check("soak with seed 7\n" in text and "FAULT" not in text, text)
    end = re.search(r"([1-9]\d*) packets sent, 0 lost, \d+ duplicated, 0 reordered, 0 torn", text)
    rig.check(end, text)


def settled(typist):
    """What became of all packets, both ways."""
    text = say(typist, "guest stop A", r"stopped guest A: (\d+) sent, (\d+) arrived, 0 lost, "
               r"\d+ duplicated, 0 reordered, 0 torn, \d+ excused, 0 pending")
    arrived = int(re.search(r"(\d+) arrived", text)[1])
    rig.check(arrived > 1000, text)
    flows = [line for line in typist.told("show flows").splitlines() if re.match(r" +\d+ ", line)]
    for line in flows:
        rig.check(" ok " in line or "poor.sock" in line, line)
    for line in typist.told("guest show").splitlines():
        rig.check("device errors" not in line or
                  "device errors: 0, impossible bases: 0" in line, line)


# --- mistakes ------------------------------------------------------------------------------------

LONG = "p" * 150
USAGE = "usage: "
REFUSED = [
    (f"flow migrate X {SPARE} C.sock", r"there is no guest 'X'"),
    ("flow migrate A 0000:03:00.7 C.sock", r"0000:03:00\.7"),
    (f"flow migrate A {OTHER} B.sock", rf"device {OTHER} serves another front-end at B\.sock"),
    (f"flow migrate A {OTHER} C.sock", rf"device {OTHER} is attached to B\.sock, not to C\.sock"),
    (f"flow migrate A {SPARE} B.sock", r"B\.sock"),
    (f"flow migrate A {DEV} A.sock", r"guest A is at A\.sock already"),
    (f"flow migrate A {SPARE} {LONG}", r"has at most 107 characters, not 150"),
    ("flow migrate A - nowhere.sock", r"no back-end listens at nowhere\.sock: No such file"),
    ("flow migrate A - card.log", r"no back-end listens at card\.log: Socket operation on non-socket"),
    (f"flow migrate A {SPARE}", USAGE),
    (f"flow migrate A {SPARE} C.sock compare", USAGE),
    (f"flow migrate C {SPARE} C.sock", r"migrate: guest C is not started"),
    ("flow migrate-fail X", r"there is no guest 'X'"),
    ("flow soak 0 1", r"SECONDS"),
    ("flow soak x 1", r"SECONDS"),
    ("flow soak 1 one", r"SEED"),
    ("flow soak 1 -1", r"SEED"),
    (f"flow soak 1 1 device {SPARE}", r"a spare device is named by 'device DEV socket SOCKET'"),
    ("flow soak 1 1", r"soak: guest C is not started"),
    ("migration-log X show", r"there is no guest 'X'"),
    ("migration-log C on", r"migration-log: guest C is not started"),
    ("migration-log A maybe", USAGE),
]


def poor_backend(path):
    """A back-end that offers no features at all: its answer to GET_FEATURES (1, flags: a reply of
    version 1) is 0."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)

    def serve():
        peer, _ = server.accept()
        with peer:
            peer.recv(4096)
            peer.sendall(b"".join(n.to_bytes(4, sys.byteorder) for n in (1, 5, 8)) + bytes(8))
            peer.recv(4096)

    threading.Thread(target=serve, daemon=True).start()


def mistakes(r, typist):
    say(typist, "guest add C D.sock", r"added guest C")
    for line, sentence in REFUSED:
        said = sentence if sentence == USAGE else rf"testvdpa: error: .*{sentence}"
        say(typist, line, said)
    say(typist, "migration-log C show", r"guest C: there was no log yet")
    say(typist, "guest remove C", r"removed guest C")
    poor_backend(r.path("poor.sock"))
    text = say(typist, "flow migrate A - poor.sock",
               r"^migrate to poor\.sock of A: FAILED: switch-over: GET_FEATURES: 0x0 lacks "
               r"0x[0-9a-f]+; the guest goes on where it was", 30)
    rig.check("FAULT" not in text and "stayed; " in text and "nothing lost" in text, text)
    say(typist, "guest show A", rf"guest A: up, .*served by {DEV}")


def main(pairs, layout, more=""):
    with rig.Rig("prompt_migrate") as r:
        app = dpdk.testvdpa(r, functions=3, wire="switch",
                            more=[*dpdk.ALONE, "-a", f"{SPARE},class=vdpa"])
        typist = typed.Typist(app, TYPED)
        begin(typist, pairs, layout)
        moves(typist, 2 * int(pairs))
        if more == "mistakes":
            mistakes(r, typist)
        logs(typist)
        soak(typist, 0.5)
        settled(typist)
        typist.check()
        app.send("quit")
        # a failed command makes the exit status 1
        rig.check(app.wait(30) == (1 if more == "mistakes" else 0), "the app did not end well")
        dpdk.card_said(r, " left", "mlx5emu error")


if __name__ == "__main__":
    main(*sys.argv[1:])
