# SPDX-License-Identifier: BSD-3-Clause
"""Live migration by the built-in guest: every page that was written is in a dirty log, whatever
happens to the device meanwhile, and a guest that moves loses nothing (N8 to N12, N18, D11, V2, V3).

usage: migrate.py PROGRAM STORY PAIRS split|packed [DEVARGS [CAPABILITY=VALUE...]]
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checklist_rig import Ours  # noqa: E402
from rig import Rig, check  # noqa: E402
from rig_wait import until  # noqa: E402


def objects(ours, number):
    """What a front-end may not leave behind; counters stay, for statistics."""
    return {name: count for name, count in ours.objects(number).items()
            if name not in ("VIRTQ_COUNTERS", "total")}


def play(ours, guest):
    """The guest asks for what only the card's operator can do."""
    while True:
        word = guest.expect(r"^(ASK .*|PASS|FAIL)$", 240)[1]
        if not word.startswith("ASK "):
            return word
        ours.ctl(*word.split()[1:])
        guest.send("done")


def main(program, story, pairs, layout, devargs="", *capabilities):
    caps = dict(cap.split("=") for cap in capabilities)
    card = {"capabilities": {key: json.loads(value) for key, value in caps.items()}} if caps else {}
    with Rig("migrate-" + story) as r:
        ours = Ours(r, devargs=(devargs, devargs), **card)
        before = [objects(ours, number) for number in (0, 1)]
        guest = r.start("guest", [program, story, pairs, layout, ours.socket(0), ours.socket(1)])
        word = play(ours, guest)
        guest.wait(20)
        print(guest.text)
        check(word == "PASS", "the guest is not content")
        for number in (0, 1):
            # the app says "waiting" before the driver has given everything back
            until(f"function {number} to have {before[number]} again", 20,
                  lambda n=number: objects(ours, n) == before[n])
        check(not ours.said("all are marked") or "dirty_log" in caps or story == "before",
              "the card has not logged something")
        ours.end()


main(*sys.argv[1:])
