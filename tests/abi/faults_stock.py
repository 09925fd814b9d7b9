#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own mlx5 vDPA driver on a card on which things go wrong, by order of the control socket:
queues fail and come back, a queue is stopped in mid-work, an event is late, the card is pulled out.

Usage: faults_stock.py MLX5EMU VDPA_EXAMPLE
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import frontend as fe  # noqa: E402
from rig import Rig, check  # noqa: E402
from rig_wait import until  # noqa: E402
from vdpa_example import BDF, back_end, need_programs, quit_example  # noqa: E402

FRAME = bytes.fromhex("ffffffffffff52540000000188b5") + bytes(range(200))


class Card:
    """A stock driver with a front-end that has traffic, and the card's control socket."""

    def __init__(self, rig, programs):
        self.rig, self.mlx5emu = rig, programs[0]
        self.vdpa = back_end(rig, *programs, config={"control": {"socket": str(rig.path("ctl"))}})
        self.vdpa.ask(f"create {rig.path('s')} {BDF}", r"vdpa> ")
        self.front = fe.FrontEnd(str(rig.await_path("s")),
                                 protocol=fe.PROTOCOL_MQ | fe.PROTOCOL_STATUS)
        self.front.start()
        self.front.send_frame(FRAME)

    def ctl(self, *words):
        status, text = self.rig.run([self.mlx5emu, "ctl", "--socket", "ctl", "--json", *words])
        check(status == 0, f"ctl {words}: {text}")
        return json.loads(text.splitlines()[-1])

    def fired(self, name, times=1):
        def has():
            faults = self.ctl("fault", "list")["faults"]
            return [f for f in faults if f["id"] == name and f["fired"] >= times]
        until(f"the fault {name} to happen", 20, has)


def queue_errors(card):
    """The driver makes the queue anew, and says so."""
    for queue in ("1", "0"):
        card.ctl("queue-error", "0", queue, "invalid-buffer")
        card.vdpa.expect(rf"Recover virtq {queue}: \d+")
        card.front.send_frame(FRAME)


def late_event(card):
    """Nothing happens until the event comes; then all is well."""
    card.ctl("fault", "add", "id=late", "action=event-delay", "delay=300ms")
    card.ctl("queue-error", "0", "1", "ring-access")
    card.fired("late")
    card.vdpa.expect(r"Recover virtq 1: \d+")
    card.front.send_frame(FRAME)


def lost_completions(card):
    """The driver polls: a lost event costs time, not packets."""
    card.ctl("fault", "add", "id=lost", "action=event-drop", "event=completion", "count=3")
    for _ in range(20):
        card.front.send_frame(FRAME)


def stop_early(card):
    """The indices differ at the stop; the card says what it was told to."""
    card.ctl("fault", "add", "id=early", "action=stop-early", "queue=0", "chains=2")
    for _ in range(5):
        card.front.post(0, fe.FRAME_SLOT, fe.F_WRITE)
    base = card.front.get_base(0)
    card.fired("early")
    used = card.front.used_index(0)
    check(base == used + 2, f"the driver's base is {base}, {used} entries were used")


def removed(card):
    """The card tells that it is gone, and takes back what there was."""
    card.ctl("remove", "0")
    card.vdpa.ask("list", r"vdpa> ")
    card.front.socket.close()
    until("the card to be gone", 20, lambda: "the device is gone" in
          card.rig.path("card.log").read_text())


def ends_somehow(vdpa):
    """The error channel of a card that is gone can always be read, so EAL's interrupt thread is in
    the driver's handler all the time; the driver gives up waiting for it after a few tries and frees
    what it uses. How that race ends is told, not asked for."""
    vdpa.send("quit")
    print(f"exit status {vdpa.wait(20)}")


STORIES = {f.__name__: (f, quit_example)
           for f in (queue_errors, late_event, lost_completions, stop_early)}
STORIES["removed"] = (removed, ends_somehow)


def main(mlx5emu, example, *names):
    need_programs(example)
    for name in names or STORIES:
        with Rig(name.replace("_", "-")) as rig:
            card = Card(rig, (mlx5emu, example))
            happens, ends = STORIES[name]
            happens(card)
            card.front.close()
            ends(card.vdpa)
            print(f"{name}: well")


if __name__ == "__main__":
    main(*sys.argv[1:])
