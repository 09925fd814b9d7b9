# SPDX-License-Identifier: BSD-3-Clause
"""What happens to a guest in its life, one after the other, under traffic and with exact accounts.

usage: events.py BUILD-DIRECTORY split|packed|queues|msix [SCENARIO ...]

Two Linux guests in QEMU send each other numbered frames through our driver on an emulated card. Not
one that was posted may be lost, come twice, in another order or damaged, but for those told as
excused: frames for a guest that was down just then (their numbers are known), and those in flight
when a process is killed.

split: QEMU listens and the back-end connects, so that the guests live on when the back-end is
killed. packed: the back-end listens and QEMU connects. In both, guest A has the card's doorbell
pages mapped and B has not. queues: 4 pairs of queues in guest A, 2 (packed) in B, used in numbers
that change, and an MTU. msix: an interrupt for each queue, which needs another QEMU (rig_qemu), and
an MTU of more than a page of the guest.
"""
import dataclasses
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from rig import Rig, check, skip  # noqa: E402
import rig_image  # noqa: E402
from rig_backend import VdpaBackend  # noqa: E402
from rig_life import A, A_TO_B, B, B_TO_A, ETHERNET, LifeStory, live  # noqa: E402
import rig_qemu  # noqa: E402
from rig_story import RATE  # noqa: E402
from rig_vm import VmOptions  # noqa: E402
from rig_wait import Failure, until  # noqa: E402

PAUSE_S = 0.2
BOOT_S = 150  # at most, on a machine that does much else
RATE_TO_NOBODY = 50  # frames a second while the peer boots: there are enough, and it boots sooner
PLUGS = 10
MTU = 1400
LONG_MTU = 9000
LONG_RATE = 100  # frames a second: to make and check each byte takes an emulated guest its time
LONG_RAM_KB = 320 << 10  # receive buffers are chains of many pages then
SLOTS = 8
DIMMS_AT_MOST = 7  # rte_vhost: 8 regions, one is the guest's first memory
OPTIONS = {
    "split": (VmOptions(server=True, slots=SLOTS), VmOptions(server=True, notifier=False)),
    "packed": (VmOptions(packed=True, reconnect=1, slots=SLOTS),
               VmOptions(packed=True, reconnect=1, notifier=False)),
    "queues": (VmOptions(server=True, pairs=4, mtu=MTU),
               VmOptions(server=True, packed=True, pairs=2, mtu=MTU)),
    "msix": (VmOptions(server=True, msix=True, pairs=2, mtu=LONG_MTU, ram_kb=LONG_RAM_KB),
             VmOptions(server=True, msix=True, packed=True, mtu=LONG_MTU, ram_kb=LONG_RAM_KB)),
}


class EventStory(LifeStory):
    def __init__(self, backend, image, workdir, tell, layout, qemu=VmOptions.qemu):
        super().__init__(backend, image, workdir, tell, tuple(
            dataclasses.replace(options, qemu=qemu) for options in OPTIONS[layout]))
        self.layout = layout

    def boot(self, step):
        super().boot(step)
        for vm in self.vms:
            self.use_mtu(vm)

    def end(self, step, begin, end, excused):
        super().end(step, begin, end, excused)
        if self.backend.doorbell_pages:
            self.check_doorbells(step)

    def event(self, name, act, excused=(), order=True):
        """A step: act(step) under traffic. @order: whether it must be kept."""
        def play(step):
            begin = self.begin()
            act(step)
            self.end(step, begin, self.sent(), excused)
            if not order:
                moved = [book["reordered"] for book in step.directions]
                step.notes["reordered A->B, B->A"] = ", ".join(map(str, moved))
                step.faults = [fault for fault in step.faults if "reordered" not in fault]
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
            before = vm.agent("interrupts")
            step.figures["off"] = vm.timed("set_link", name="nic0", up=False)
            until("guest A to see that its link is down", 10,
                  lambda: not vm.agent("stat")["carrier"])
            time.sleep(PAUSE_S)
            step.figures["on"] = vm.timed("set_link", name="nic0", up=True)
            until("guest A to see its link", 10, lambda: vm.agent("stat")["carrier"])
            changes = vm.agent("interrupts").get("config", 0) - before.get("config", 0)
            if changes != (2 if vm.options.msix else 0):
                step.faults.append(f"the vector for changes has interrupted {changes} times")
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
            for _ in range(PLUGS):
                times["device_add"].append(vm.hot_add())
                until("guest A to use the added memory", 15,
                      lambda: vm.agent("hello")["mem_mb"] > mem)
                times["device_del"].append(vm.hot_unplug())
                check(vm.agent("hello")["mem_mb"] == mem, "guest A has not as much memory as before")
            for name, values in times.items():
                step.figures[name] = statistics.median(values)
                step.figures[f"{name} max"] = max(values)
        self.event(f"{PLUGS} x hot-add and unplug", act)

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

    def kill_backend(self):
        """QEMU takes the links down, and up when the new process is there. With packed rings QEMU
        7.2 does not know where they stood, so the guests must set them up anew."""
        def act(step):
            began = time.monotonic()
            self.backend.kill()
            until("both guests to see that their links are down", 10,
                  lambda: not any(vm.agent("stat")["carrier"] for vm in self.vms))
            down = self.sent()
            step.figures["kill to link down"] = (time.monotonic() - began) * 1000
            began = time.monotonic()
            self.backend.restart()
            self.backend.attach()
            packed = [vm for vm in self.vms if vm.options.packed]
            if packed:
                self.await_carriers()
            for vm in packed:
                vm.agent("rebind virtio_net")
            until("frames from the new process", 15, lambda: all(
                self.vms[1 - i].agent("stat")["next"] > down[i] for i in (A, B)))
            step.figures["start to frames"] = (time.monotonic() - began) * 1000
        self.event("back-end killed", act, excused=[A_TO_B, B_TO_A])

    def reboot(self):
        def play(step):
            begin = self.begin()
            began = time.monotonic()
            sent = self.vms[A].agent("reboot")["sent"]
            self.vms[B].agent(f"start {RATE_TO_NOBODY}")
            self.vms[A].wait_ready(BOOT_S)
            step.figures["reboot to ready"] = (time.monotonic() - began) * 1000
            arrived = self.arrived_of_former_life(step)
            self.new_life(step, begin, arrived)
            step.directions[A_TO_B]["sent"] += sent - arrived
            step.directions[A_TO_B]["excused"] += sent - arrived
        self.step("reboot of A", play)

    def kill_qemu(self):
        """How much A had sent nobody knows."""
        def play(step):
            begin = self.begin()
            began = time.monotonic()
            self.vms[A].process.popen.kill()
            self.vms[A].stop()
            self.vms[B].agent(f"start {RATE_TO_NOBODY}")
            self.vms[A] = self.make_vm(A, "A")
            self.vms[A].connect()
            self.vms[A].wait_ready(BOOT_S)
            step.figures["kill to ready"] = (time.monotonic() - began) * 1000
            self.new_life(step, begin, self.arrived_of_former_life(step))
        self.step("QEMU of A killed", play)

    def traffic_by_queue(self):
        """For each guest and queue the descriptors that the card has received so far."""
        return [{virtq["index"]: virtq["stats"]["received_desc"] for virtq in dev["virtqs"]}
                for dev in self.backend.query()]

    def channels(self, guest, pairs):
        """Streams spread over all pairs of queues. One that moves to another queue may overtake
        what the guest has not yet read from the former."""
        def act(step):
            vm = self.vms[guest]
            step.figures["ethtool -L"] = vm.agent(f"channels {pairs}")["us"] / 1000
            before = self.traffic_by_queue()[guest]
            end = self.sent()
            until("frames of all streams each way", 15, lambda: all(
                self.vms[1 - i].agent("stat")["next"] >= end[i] + 256 for i in (A, B)))
            moved = [queue for queue, count in self.traffic_by_queue()[guest].items()
                     if count > before.get(queue, 0)]
            step.notes["queues in use"] = ", ".join(f"{'rt'[q % 2]}x{q // 2}" for q in moved)
            if moved != list(range(2 * pairs)):
                step.faults.append(f"queues {moved} are in use, not those of {pairs} pairs")
        self.event(f"guest {'AB'[guest]}: {pairs} pairs", act, order=False)

    def long_frames(self):
        """As long as the MTU allows."""
        def act(step):
            for vm in self.vms:
                vm.agent(f"longest {vm.options.mtu + ETHERNET}")
                vm.agent(f"start {LONG_RATE}")
            end = self.sent()
            until("long frames each way", 15, lambda: all(
                self.vms[1 - i].agent("stat")["next"] >= end[i] + LONG_RATE for i in (A, B)))
            for vm in self.vms:
                self.use_mtu(vm)
                vm.agent(f"start {RATE}")
        self.event(f"frames of up to {LONG_MTU + ETHERNET} bytes", act)

    def completed_by_queue(self):
        """For each guest and queue the descriptors that the card has completed so far."""
        return [{virtq["index"]: virtq["stats"]["completed_desc"] for virtq in dev["virtqs"]}
                for dev in self.backend.query()]

    def interrupts(self):
        """Each queue in use has a vector of its own, which interrupts for nothing but what the
        card has completed; the others are silent."""
        def act(step):
            completed = self.completed_by_queue()
            before = [vm.agent("interrupts") for vm in self.vms]
            end = self.sent()
            until("frames of all streams each way", 15, lambda: all(
                self.vms[1 - i].agent("stat")["next"] >= end[i] + 256 for i in (A, B)))
            after = [vm.agent("interrupts") for vm in self.vms]
            now = self.completed_by_queue()
            for i, vm in enumerate(self.vms):
                got = {name: after[i][name] - before[i][name] for name in after[i]}
                step.notes[f"guest {vm.name}"] = ", ".join(
                    f"{name} {count}" for name, count in got.items())
                for queue, name in enumerate(
                        f"{way}.{pair}" for pair in range(vm.options.pairs)
                        for way in ("input", "output")):
                    # one may have been under way
                    most = now[i].get(queue, 0) - completed[i].get(queue, 0) + 1
                    if queue >= 2 * vm.agent("interface")["pairs"]:
                        most = 0
                    if not min(most, 1) <= got.get(name, 0) <= most:
                        step.faults.append(f"guest {vm.name}: {name} has interrupted "
                                           f"{got.get(name, 0)} times, at most {most} allowed")
        self.event("interrupts", act)

    def interface(self):
        """What the guests were told."""
        def look(step):
            for vm in self.vms:
                found = vm.agent("interface")
                step.notes[f"guest {vm.name}"] = f"MTU {found['mtu']}, pairs {found['max_pairs']}"
                if (found["mtu"], found["max_pairs"]) != (vm.options.mtu, vm.options.pairs):
                    step.faults.append(f"guest {vm.name} was told {found}")
        self.step("MTU and queues", look)

    def scenarios(self):
        if self.layout == "queues":
            changes = [(A, 4), (B, 2), (A, 2), (A, 1), (A, 4), (B, 1), (B, 2)]
            return {"interface": self.interface,
                    **{f"{'AB'[guest]}{i}": lambda guest=guest, pairs=pairs:
                       self.channels(guest, pairs) for i, (guest, pairs) in enumerate(changes)},
                    "stop": self.stop_cont, "rebind": lambda: self.rebind("virtio_net"),
                    "kill": self.kill_backend, "kill-qemu": self.kill_qemu}
        if self.layout == "msix":
            return {"interface": self.interface, "long": self.long_frames,
                    "interrupts": self.interrupts,
                    "link": self.set_link, "rebind": lambda: self.rebind("virtio-pci"),
                    "A2": lambda: self.channels(A, 2), "kill": self.kill_backend,
                    "interrupts-2": self.interrupts}
        return {
            "stop": self.stop_cont, "link": self.set_link,
            "rebind": lambda: self.rebind("virtio_net"),
            "rebind-pci": lambda: self.rebind("virtio-pci"),
            "plug": self.hot_plug, "kill": self.kill_backend,
            "reboot": self.reboot, "kill-qemu": self.kill_qemu, "plug-most": self.hot_add_most,
        }

    def play_all(self, only):
        self.backend.start()
        self.step("boot", self.boot)
        self.step("traffic", self.traffic)
        for name, scenario in self.scenarios().items():
            if not only or name in only:
                scenario()


def qemu_for(build, layout):
    """The QEMU that the layout's guests can live in."""
    if not any(options.msix for options in OPTIONS[layout]):
        return VmOptions.qemu
    try:
        return rig_qemu.prepare(build)
    except Failure as e:
        skip(str(e))


def play(build, rig, layout, only):
    image = rig_image.prepare(build, update=False)
    backend = VdpaBackend(build, rig.dir, client=OPTIONS[layout][A].server)
    story = EventStory(backend, image, rig.dir, lambda text: print(text, flush=True), layout,
                       qemu_for(build, layout))
    story.traffic_s = 1.0
    live(story, lambda: story.play_all(only), [backend])


def main():
    os.umask(0o077)
    layout = sys.argv[2]
    with Rig(f"events-{layout}") as rig:
        play(pathlib.Path(sys.argv[1]).resolve(), rig, layout, sys.argv[3:])


if __name__ == "__main__":
    main()
