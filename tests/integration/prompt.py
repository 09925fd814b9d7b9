# SPDX-License-Identifier: BSD-3-Clause
"""The prompt of dpdk-testvdpa: every command about devices, ports, queues, statistics, memory, logs
and telemetry is typed, with a device of the emulated card behind it, and its answer is read. How it
is made sure that no command is forgotten: tests/lib/typed.py.

usage: prompt.py
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402
import typed  # noqa: E402

TYPED = [
    "attach DEV SOCKET [server|client]",
    "detach DEV|SOCKET",
    "show device [DEV]",
    "show virtq [DEV]",
    "show stats [DEV]",
    "show memory [DEV]",
    "show json [DEV]",
    "help [SECTION]",
    "quit",
]
DEV, OTHER = dpdk.DEVICES


def attached(typist):
    typist.ask(f"attach {DEV} s0", rf"^attached {DEV} to s0$")
    typist.ask(f"attach {OTHER} s1 client", rf"^attached {OTHER} to s1$")
    typist.ask(f"detach {OTHER}", rf"^detached {OTHER}$")
    typist.ask(f"attach {OTHER} s1 server", rf"^attached {OTHER} to s1$")


def shown(typist):
    both = typist.told("show device")
    rig.check(all(f"device {dev}: waiting" in both for dev in (DEV, OTHER)), both)
    typist.ask(f"show virtq {DEV}", rf"^device {DEV}: waiting$")
    typist.ask(f"show stats {DEV}", rf"^device {DEV}: waiting\n  virtq 0:\n +received_desc +0$")
    typist.ask(f"show memory {DEV}", r"^device .*: waiting, 0 memory regions, table set 0 times$")
    typist.ask(f"show json {DEV}", rf'^{{"device":"{DEV}",.*"state":"waiting"')


def helped(typist):
    everything = typist.told("help")
    rig.check(typed.of_help(everything)[-1] == "quit", everything)
    rig.check(typed.of_help(typist.told("help program")) == ["help [SECTION]", "quit"], "program")


def main():
    with rig.Rig("prompt") as r:
        app = dpdk.testvdpa(r, functions=2)
        typist = typed.Typist(app, TYPED)
        attached(typist)
        shown(typist)
        helped(typist)
        typist.ask("detach s1", r"^detached s1$")
        typist.ask("quit", r"waiting -> down")
        rig.check(app.wait(30) == 0, "the app did not end well")
        typist.check()
        dpdk.card_is_content(r)


main()
