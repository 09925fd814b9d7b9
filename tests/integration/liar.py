# SPDX-License-Identifier: BSD-3-Clause
"""A card that lies, and whether it is caught: each lie must be named, and without it there must be
nothing to name.

usage: liar.py commands|lies|prompt
       liar.py dirty MIGRATE
"""
import json
import os
import pathlib
import re
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import dpdk  # noqa: E402
import prompt_migrate  # noqa: E402
import rig  # noqa: E402
import typed  # noqa: E402
from checklist_rig import Ours  # noqa: E402

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


# --- lies, and what they are called ---------------------------------------------------------------
# Lies are told while A and B send before A's front-end dies for the first time, and those about
# rings to B, whose device is not stopped before the end; so they have no consequence but the one
# that is named.

TWO = ("--queues", "2")
PACKED = ("--packed",)
A, B = 0, 1  # functions; a port of the wire is its sender's


def wire(*ports):
    """What the wire does: (sender, setting, when)."""
    return {"wire": {"ports": {str(port): {setting: when} for port, setting, when in ports}}}


def rules(*rows):
    """What devices do with the hundredth chain or packet: (function, action, queue)."""
    return {"faults": [{"action": action, "function": function, "queue": queue, "nth": 100}
                       for function, action, queue in rows]}


# name: card, options, all faults of the report (regular expressions)
LIES = {
    "truth": ({}, (), []),
    "loss_duplicate": (wire((A, "loss", "every:100x1"), (B, "duplicate", "every:100x1")), (),
                       ["A->B: 1 lost", "B->A: 1 duplicated"]),
    "reorder_tear": ({**wire((A, "reorder", "every:100x1")), **rules((A, "tear", 0))}, (),
                     ["A->B: 1 reordered", "B->A: 1 torn"]),
    # The next frame may be another stream's; then nothing is out of order.
    "reorder_2": (wire((A, "reorder", "every:10x50")), TWO, [r"A->B: \d+ reordered|guest A: kill: \d+ packets reordered"]),
    "skip_rx_repeat_tx": (rules((B, "skip-used", 0), (B, "repeat-used", 1)), (),
                          ["A->B: 1 lost", "B.rx0: 1 x descriptor passed over",
                           "B.tx0: 1 x returned twice"]),
    "repeat_rx_skip_tx": (rules((B, "repeat-used", 0), (B, "skip-used", 1)), (),
                          ["B.rx0: 1 x returned twice", "B.tx0: 1 x descriptor passed over",
                           "B.tx0: 1 descriptors never returned"]),
    "skip_rx_packed": (rules((B, "skip-used", 0)), PACKED,
                       ["A->B: 1 lost", "B.rx0: 1 x descriptor passed over"]),
    # The length is that of the buffer.
    "stale_rx_packed": (rules((B, "stale-used", 0)), PACKED, ["A->B: 1 torn"]),
}
SECONDS = 60


def play(r, name):
    """Plays a scenario on a card of its own; returns a sentence that says what is not as it is to be,
    or None."""
    card, options, wanted = LIES[name]
    r.path(f"{name}.json").write_text(json.dumps({"functions": 2, **card}))
    driver = pathlib.Path(os.environ["DRIVER"])
    allow = [word for device in dpdk.DEVICES for word in ("-a", f"{device},class=vdpa")]
    app = r.start(name, [
        os.environ["MLX5EMU"], "--config", f"{name}.json", "--log", f"{name}.log", "--",
        os.environ["TESTVDPA"], *dpdk.eal(name), *dpdk.ALONE, "--no-telemetry", "-d", driver.name,
        *allow, "--", "--scenario", "recover", "--json", f"{name}.report", *options],
        env={"LD_LIBRARY_PATH": str(driver.parent)})
    status = app.wait(SECONDS)
    report = json.loads(r.path(f"{name}.report").read_text())
    faults = {fault for step in report["steps"] for fault in step["faults"]}
    if status != bool(wanted) or report["pass"] == bool(wanted):
        return f"{name}: exit status {status}, the report says {report['pass']}: {faults}"
    unnamed = [regex for regex in wanted if not any(re.fullmatch(regex, f) for f in faults)]
    untrue = [fault for fault in faults if not any(re.fullmatch(w, fault) for w in wanted)]
    print(f"{name}: {sorted(faults)}")
    return f"{name}: not named: {unnamed}, not true: {untrue}" if unnamed or untrue else None


def lies():
    """Each is told once, and must be called by its name, and nothing else be called anything. All at
    the same time: most of a run is waiting."""
    with rig.Rig("liar") as r, ThreadPoolExecutor(len(LIES)) as pool:
        wrong = [text for text in pool.map(lambda name: play(r, name), LIES) if text]
        rig.check(not wrong, "\n".join(wrong))


# --- the dirty log --------------------------------------------------------------------------------

def moved(r, program, layout, part):
    """Copies a guest's memory by the dirty log, in which the card does not mark some pages; some,
    because what the guest itself writes in the same page is marked by the guest. Returns the guest's
    verdict and whether it named a page."""
    ours = Ours(r)
    ours.ctl("fault", "add", "action=miss-dirty", "function=0", f"part={part}", "count=64")
    guest = r.start("guest", [program, "before", "1", layout, ours.socket(0)])
    verdict = guest.expect(r"^(PASS|FAIL)$", SECONDS)[1]
    guest.wait(20)
    rig.check("miss-dirty" in r.path("card.log").read_text(), "the card did not lie")
    ours.end()
    return verdict, "was written, but is in no dirty log" in guest.text


def dirty(program):
    """Pages that the card writes and does not mark. If it is one of a ring nothing is wrong in the
    end: the driver marks the rings itself when they stop, as it cannot know better."""
    for layout, part, wanted in (("split", "payload", "FAIL"), ("split", "used", "PASS"),
                                 ("packed", "payload", "FAIL")):
        with rig.Rig("liar") as r:
            verdict, named = moved(r, program, layout, part)
            rig.check(verdict == wanted and named == (wanted == "FAIL"),
                      f"{layout}, {part}: {verdict}, a page was named: {named}")


# --- the dirty log, typed ---------------------------------------------------------------------------

UNMARKED = r"page 0x[0-9a-f]+ \((receive buffer of queue 0|packet buffer)\) was written, " \
    "but is in no dirty log"
TORN = r"FAULT: \d+ packets torn"
TRIES = 5  # a migration of nocompare may find no frame to judge


class Typed:
    """Two guests at the prompt, of which A lives on function 0, and a spare device."""

    def __init__(self, r, layout):
        self.app = dpdk.testvdpa(r, functions=3, wire="switch", card=CONTROL,
                                 more=[*dpdk.ALONE, "-a", f"{prompt_migrate.SPARE},class=vdpa"])
        self.typist = typed.Typist(self.app, [])
        prompt_migrate.begin(self.typist, 1, layout)
        self.typist.ask("card use card.ctl", r"using the card")

    def lies(self, part):
        self.typist.ask(f"card ask fault add action=miss-dirty function=0 part={part} "
                        "count=forever", r'"id":')

    def stays(self, more=""):
        return self.typist.told(f"flow migrate-fail A{more}", 60)

    def goes_and_returns(self, more=""):
        """@return what was told of the way there"""
        text = self.typist.told(f"flow migrate A {prompt_migrate.SPARE} C.sock{more}", 60)
        # the card marks what its other function writes
        back = self.typist.told(f"flow migrate A {dpdk.DEVICES[0]} A.sock", 60)
        is_well(back)
        return text

    def end(self, status):
        self.app.send("quit")
        rig.check(self.app.wait(30) == status, f"the exit status is not {status}")


def is_well(text):
    rig.check("nothing lost" in text and "FAULT" not in text and "error:" not in text, text)


def typed_truth(r):
    guests = Typed(r, "packed")
    for more in ("", " nocompare"):
        is_well(guests.stays(more))
        is_well(guests.goes_and_returns(more))
    guests.end(0)


def typed_lie(r):
    """Rings do no harm: the driver marks its rings itself when they stop. (Split: a guest writes its
    packed rings, too, so marks their pages.)"""
    guests = Typed(r, "split")
    guests.lies("used")
    for more in ("", " nocompare"):
        is_well(guests.stays(more))
    fired = guests.typist.ask("card ask fault list", r'"fired": (\d+)')[1]
    rig.check(int(fired) > 0, "the card did not lie about a ring")
    guests.lies("payload")
    for text in (guests.stays(), guests.goes_and_returns()):
        rig.check(re.search("FAULT: " + UNMARKED, text), text)
    # who stays has its memory, and is told nothing wrong of what was not copied
    is_well(guests.stays(" nocompare"))
    for _ in range(TRIES):
        text = guests.goes_and_returns(" nocompare")
        if ", 0 buffers judged" not in text:
            break
    rig.check(re.search(TORN, text) and not re.search(UNMARKED, text), text)
    guests.end(1)


def prompt():
    """Where `flow migrate` compares, it names the page; where it does not, the frame is torn."""
    for story in (typed_truth, typed_lie):
        with rig.Rig("liar") as r:
            story(r)


STORIES = {"commands": commands, "lies": lies, "dirty": dirty, "prompt": prompt}

if __name__ == "__main__":
    STORIES[sys.argv[1]](*sys.argv[2:])
