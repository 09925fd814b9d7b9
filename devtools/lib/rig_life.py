# SPDX-License-Identifier: BSD-3-Clause
"""Accounts of a guest to which something happens: what must have arrived, and what is excused
because nobody could have received it, by the frames' numbers.
"""
import time

from rig_report import table
from rig_story import RATE, Story
from rig_wait import Failure, until

A, B = 0, 1
A_TO_B, B_TO_A = 0, 1  # a direction has the number of its sender
ETHERNET = 14
USUAL_MTU = 1500
AFTER = 200  # frames that must arrive each way when it is over


def report(steps):
    rows = [["step", "lost A->B", "B->A", "excused A->B", "B->A", "gap ms A->B", "B->A", "commands",
             "s", "ms"]]
    for step in steps:
        books = step.directions or [{}, {}]
        rows.append([step.name, *(str(book.get(key, "-")) for key in ("lost", "excused", "gap_ms")
                                  for book in books),
                     "-" if step.commands is None else str(step.commands), f"{step.seconds:.1f}",
                     ", ".join(f"{key} {ms:.1f}" for key, ms in step.figures.items())])
    yield from table(rows)
    for step in steps:
        for key, value in step.notes.items():
            yield f"  {step.name}: {key}: {value}"
        for fault in step.faults:
            yield f"  {step.name}: FAULT: {fault}"


def live(story, play, backends):
    """All of a @story: @play, then its guests end, then the @backends. Told however it goes; a fault
    in any step is a Failure."""
    try:
        play()
        story.close()
        for backend in backends:
            backend.stop()
    finally:
        for line in report(story.steps):
            print(line)
        story.close()
        for backend in backends:
            backend.abort()
    faults = [f"{step.name}: {fault}" for step in story.steps for fault in step.faults]
    if faults:
        raise Failure("; ".join(faults))


class LifeStory(Story):
    def use_mtu(self, vm):
        """The guest's longest frames are as long as they may be on a usual network."""
        if vm.options.mtu:
            vm.agent(f"longest {min(vm.options.mtu, USUAL_MTU) + ETHERNET}")

    def arrived(self):
        """How many frames each guest has sent, when all of them have arrived."""
        begin = [s["sent"] for s in self.stats()]
        until("the frames that are under way to arrive", 5,
              lambda: all(self.missing(1 - i, 0, begin[i]) == 0 for i in (A, B)))
        return begin

    def sent(self):
        return [vm.agent("stat")["sent"] for vm in self.vms]

    def begin(self):
        """Traffic both ways; returns the numbers of the first frames that may be excused."""
        self.new_epochs()
        self.start_traffic()
        begin = self.arrived()
        self.mark()
        return begin

    def end(self, step, begin, end, excused):
        """Both directions must run; then the accounts are made. @excused are directions whose
        frames from @begin to before @end may be missing."""
        until(f"{AFTER} frames more each way", 15, lambda: all(
            self.vms[1 - i].agent("stat")["next"] >= end[i] + AFTER for i in (A, B)))
        spans = [(begin[i], end[i]) if i in excused else (0, 0) for i in (A, B)]
        self.account(step, spans=spans)

    def await_carriers(self):
        until("both guests to see their links", 15,
              lambda: all(vm.agent("stat")["carrier"] for vm in self.vms))

    def new_life(self, step, begin, arrived):
        """Guest A begins anew in the middle of B's traffic, and this is its accounts' beginning.
        @begin: what both had sent when all had arrived; @arrived: frames of A's former life."""
        a, b = self.vms
        epoch_of_b = self.epochs
        self.epochs += 1
        b.agent(f"expect {self.epochs}")
        a.agent(f"epoch {self.epochs}")
        a.agent(f"expect {epoch_of_b}")
        self.use_mtu(a)
        end = [0, b.agent("stat")["sent"]]
        began = time.monotonic()
        for vm in self.vms:
            vm.agent(f"start {RATE}")
        until("a frame of A's new life", 10, lambda: b.agent("stat")["unique"])
        step.figures["ready to frames"] = (time.monotonic() - began) * 1000
        self.end(step, [0, 0], end, [B_TO_A])
        # What A saw before is on no account any more, but was judged when it had arrived.
        book = step.directions[B_TO_A]
        book["received"] += begin[B]
        book["excused"] -= begin[B]
        book = step.directions[A_TO_B]
        book["sent"] += arrived
        book["received"] += arrived

    def arrived_of_former_life(self, step):
        """How many frames of A have arrived: all up to the last that did. What A had in its ring
        when it was reset or killed, it has taken back."""
        arrived = self.vms[B].agent("stat")["next"]
        if self.missing(B, 0, arrived):
            step.faults.append("A->B: frames are missing before the last that arrived")
        return arrived
