# SPDX-License-Identifier: BSD-3-Clause
"""A card that lies, and whether it is caught: each lie must be named, and without it there must be
nothing to name.

usage: liar.py commands
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402
import typed  # noqa: E402

TYPED = [
    "card use SOCKET",
    "card status",
    "card link PORT up|down",
    "card ask VERB [ARG] [ARG] [ARG] [ARG] [ARG]",
]
CONTROL = {"control": {"socket": "card.ctl"}}


def commands():
    """What is said to the card at the prompt."""
    with rig.Rig("liar") as r:
        app = dpdk.testvdpa(r, functions=2, card=CONTROL)
        typist = typed.Typist(app, TYPED)
        app.ask("card status", r"no emulated card is in use: name one by 'card use SOCKET'")
        app.ask("card use nowhere", r"the card at nowhere, asked 'status': No such file")
        typist.ask("card use card.ctl", r"^using the card at card\.ctl$")
        for index, device in enumerate(dpdk.DEVICES):
            typist.ask("card status", rf"function {index}: {device}, MAC 02:.*, \d+ commands$")
        typist.ask("card link 0 down", r"done")
        typist.ask("card ask link 0", r'"off"')
        typist.ask("card link 0 up", r"done")
        app.ask("card link 7 up", r"the card refuses 'link 7 up': ")
        typist.ask("card ask fault add action=tear function=1", r'"id": "ctl1"')
        typist.ask("card ask fault list", r'"action": "tear"')
        app.ask("card ask dance", r"the card refuses 'dance': ")
        app.ask("card use nowhere", r"No such file")
        typist.ask("card status", r"^card at card\.ctl$")  # the one before is kept
        typist.check()
        app.send("quit")
        rig.check(app.wait(30) == 1, "commands that failed do not make a status of 1")


STORIES = {"commands": commands}

if __name__ == "__main__":
    STORIES[sys.argv[1]]()
