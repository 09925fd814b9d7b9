# SPDX-License-Identifier: BSD-3-Clause
"""What happens to a guest in its life, one after the other, under traffic and with exact accounts.

usage: events.py BUILD-DIRECTORY split|packed [SCENARIO ...]

Two Linux guests in QEMU send each other numbered frames through our driver on an emulated card. Not
one that was posted may be lost, come twice, in another order or damaged, but for those told as
excused: frames for a guest that was down just then (their numbers are known), and those in flight
when a process is killed.

split: QEMU listens and the back-end connects, so that the guests live on when the back-end is
killed. packed: the back-end listens and QEMU connects; guest B has no doorbell pages mapped.
"""
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from rig import Rig, check  # noqa: E402
import rig_image  # noqa: E402
from rig_backend import VdpaBackend  # noqa: E402
from rig_report import table  # noqa: E402
from rig_story import Story  # noqa: E402
from rig_vm import VmOptions  # noqa: E402
from rig_wait import Failure, until  # noqa: E402

A, B = 0, 1
A_TO_B, B_TO_A = 0, 1  # a direction has the number of its sender
AFTER = 200  # frames that must arrive each way when it is over
PAUSE_S = 0.2
PLUGS = {"split": 10, "packed": 2}
SLOTS = 8
DIMMS_AT_MOST = 7  # rte_vhost: 8 regions, one is the guest's first memory
OPTIONS = {
    "split": (VmOptions(server=True, slots=SLOTS), VmOptions(server=True)),
    "packed": (VmOptions(packed=True, reconnect=1, slots=SLOTS),
               VmOptions(packed=True, reconnect=1, notifier=False)),
}


class EventStory(Story):
    def __init__(self, backend, image, workdir, tell, layout):
        super().__init__(backend, image, workdir, tell, OPTIONS[layout])
        self.layout = layout

    # --- accounts ---------------------------------------------------------------------------

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

    def event(self, name, act, excused=()):
        """A step: act(step) under traffic."""
        def play(step):
            begin = self.begin()
            act(step)
            self.end(step, begin, self.sent(), excused)
        self.step(name, play)

    # --- scenarios --------------------------------------------------------------------------

    def stop_cont(self):
        def act(step):
            step.figures["stop"] = self.vms[A].timed("stop")
            time.sleep(PAUSE_S)
            step.figures["cont"] = self.vms[A].timed("cont")
        self.event("stop and cont of A", act, excused=[B_TO_A])

    def set_link(self):
        """QEMU drops what lies in the transmit ring when it takes the link away."""
        def act(step):
            vm = self.vms[A]
            step.figures["off"] = vm.timed("set_link", name="nic0", up=False)
            until("guest A to see that its link is down", 10,
                  lambda: not vm.agent("stat")["carrier"])
            time.sleep(PAUSE_S)
            step.figures["on"] = vm.timed("set_link", name="nic0", up=True)
            until("guest A to see its link", 10, lambda: vm.agent("stat")["carrier"])
        self.event("link of A off and on", act, excused=[A_TO_B, B_TO_A])

    def rebind(self, driver):
        def act(step):
            step.figures["rebind"] = self.vms[A].agent(f"rebind {driver}")["us"] / 1000
            until("guest A's link", 10, lambda: self.vms[A].agent("stat")["carrier"])
        self.event(f"rebind {driver} of A", act, excused=[B_TO_A])

    def hot_plug(self):
        """Hot-add, use as movable memory, unplug; again and again."""
        def act(step):
            vm = self.vms[A]
            vm.agent("online online_movable")
            mem = vm.agent("hello")["mem_mb"]
            times = {"device_add": [], "device_del": []}
            for _ in range(PLUGS[self.layout]):
                times["device_add"].append(vm.hot_add())
                until("guest A to use the added memory", 15,
                      lambda: vm.agent("hello")["mem_mb"] > mem)
                times["device_del"].append(vm.hot_unplug())
                check(vm.agent("hello")["mem_mb"] == mem, "guest A has not as much memory as before")
            for name, values in times.items():
                step.figures[name] = statistics.median(values)
                step.figures[f"{name} max"] = max(values)
        self.event(f"{PLUGS[self.layout]} x hot-add and unplug", act)

    def hot_add_most(self):
        """Kernel memory, so that the buffers come from there, until the table is full."""
        def act(step):
            vm = self.vms[A]
            vm.agent("online online_kernel")
            times = []
            while True:
                mem = vm.agent("hello")["mem_mb"]
                try:
                    times.append(vm.hot_add())
                except Failure as e:
                    step.notes["refused"] = f"DIMM {len(times) + 1}: {e}"
                    break
                until("guest A to use the added memory", 15,
                      lambda mem=mem: vm.agent("hello")["mem_mb"] > mem)
            if len(times) != DIMMS_AT_MOST:
                step.faults.append(f"{len(times)} DIMMs were accepted, not {DIMMS_AT_MOST}")
            step.figures["device_add"] = statistics.median(times)
            step.figures["device_add max"] = max(times)
            until("receive buffers in the added memory", 15, lambda: vm.rx_in_dimm()[0] > 0)
            in_dimm, descriptors = vm.rx_in_dimm()
            step.notes["rx buffers in the added memory"] = f"{in_dimm} of {descriptors}"
        self.event("hot-add to the limit", act)

    def play_all(self, only):
        scenarios = {
            "stop": self.stop_cont, "link": self.set_link,
            "rebind": lambda: self.rebind("virtio_net"),
            "rebind-pci": lambda: self.rebind("virtio-pci"),
            "plug": self.hot_plug, "plug-most": self.hot_add_most,
        }
        self.backend.start()
        self.step("boot", self.boot)
        self.step("traffic", self.traffic)
        for name, scenario in scenarios.items():
            if not only or name in only:
                scenario()


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


def play(build, rig, layout, only):
    image = rig_image.prepare(build, update=False)
    backend = VdpaBackend(build, rig.dir, client=OPTIONS[layout][A].server)
    story = EventStory(backend, image, rig.dir, lambda text: print(text, flush=True), layout)
    story.traffic_s = 1.0
    try:
        story.play_all(only)
        story.close()
        backend.stop()
    finally:
        for line in report(story.steps):
            print(line)
        story.close()
        backend.abort()
    faults = [f"{step.name}: {fault}" for step in story.steps for fault in step.faults]
    check(not faults, "; ".join(faults))


def main():
    os.umask(0o077)
    layout = sys.argv[2]
    with Rig(f"events-{layout}") as rig:
        play(pathlib.Path(sys.argv[1]).resolve(), rig, layout, sys.argv[3:])


if __name__ == "__main__":
    main()
