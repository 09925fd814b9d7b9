# SPDX-License-Identifier: BSD-3-Clause
"""Guests with two network interfaces each, and exact accounts of both.

usage: two_nics.py BUILD-DIRECTORY one-card|two-cards

Guests A and B have each an interface 0 with split rings and an interface 1 with packed ones; the
interfaces of one number talk to each other. What is done to the guest, as with its memory, concerns
both: each device gets its own memory table. What is done to one interface must not cost the other
a single frame.

one-card: four devices of one card, in one process. two-cards: those of interface 0 on one card,
those of interface 1 on another, in another process.
"""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from rig import Rig  # noqa: E402
from events import BOOT_S  # noqa: E402
import rig_image  # noqa: E402
from rig_backend import VdpaBackend  # noqa: E402
from rig_life import A, A_TO_B, B, B_TO_A, LifeStory, live  # noqa: E402
from rig_story import NAMES, Step  # noqa: E402
from rig_vm import Nic, Vm, VmOptions  # noqa: E402
from rig_wait import until  # noqa: E402

NICS = 2
OPTIONS = [VmOptions(server=True), VmOptions(server=True, packed=True)]
PLUGS = 3
TRAFFIC_S = 1.0
SET_MEM_TABLE = "read message VHOST_USER_SET_MEM_TABLE"


def mac(nic, guest):
    return f"52:54:00:76:{nic:02x}:{guest + 10:02x}"


class FourDevices(VdpaBackend):
    """Device 2 * N + G of the card is guest G's interface N."""

    devices = [f"0000:03:00.{2 + i}" for i in range(2 * NICS)]

    def __init__(self, build, workdir):
        super().__init__(build, workdir, client=True)
        self.sockets = [workdir / f"{'AB'[i % 2]}{i // 2}.sock" for i in range(2 * NICS)]


class OneCard:
    def __init__(self, build, workdir):
        self.backends = [FourDevices(build, workdir)]

    def backend(self, nic):
        return self.backends[0]

    def socket(self, nic, guest):
        return self.backends[0].sockets[2 * nic + guest]


class TwoCards:
    def __init__(self, build, workdir):
        self.backends = []
        for i in range(NICS):
            place = workdir / f"card{i}"
            place.mkdir()
            self.backends.append(VdpaBackend(build, place, client=True))

    def backend(self, nic):
        return self.backends[nic]

    def socket(self, nic, guest):
        return self.backends[nic].sockets[guest]


class End:
    """An interface, as a Story takes it for a guest."""

    def __init__(self, vm, nic):
        self.vm = vm
        self.nic = nic
        self.name = f"{vm.name}, interface {nic}"
        self.options = vm.nics[nic].options

    def agent(self, command, seconds=10):
        return self.vm.agents[self.nic].ask(command, seconds)


class Pair(LifeStory):
    """The accounts of the two interfaces of one number."""

    def __init__(self, nic, backend, vms):
        super().__init__(backend, None, None, None, OPTIONS[nic:nic + 1] * 2)
        self.epochs = nic * 1000  # a frame at the wrong interface is of a wrong epoch
        self.vms = [End(vm, nic) for vm in vms]


class TwoNicsStory:
    def __init__(self, cards, image, workdir):
        self.cards = cards
        self.image = image
        self.workdir = workdir
        self.vms = []
        self.pairs = []
        self.steps = []

    def opened(self, name):
        """A row of the report for each pair."""
        print(f"{name} ...", flush=True)
        steps = [Step(f"{name}: interface {nic}") for nic in range(NICS)]
        self.steps += steps
        return steps

    def event(self, name, act, excused=((), ())):
        """Traffic of both pairs, and act(step) in it; @excused are directions, for each pair, whose
        frames of that time may be missing."""
        steps = self.opened(name)
        began = time.monotonic()
        begin = [pair.begin() for pair in self.pairs]
        act(steps[0])
        end = [pair.sent() for pair in self.pairs]
        for pair, step, *span, may in zip(self.pairs, steps, begin, end, excused):
            pair.end(step, *span, may)
        steps[0].seconds = time.monotonic() - began

    # --- guests -----------------------------------------------------------------------------

    def make_vm(self, guest):
        nics = [Nic(mac(i, guest), mac(i, 1 - guest), self.cards.socket(i, guest), OPTIONS[i])
                for i in range(NICS)]
        return Vm(NAMES[guest], nics[0].mac, nics[0].peer, nics[0].socket, self.image,
                  self.workdir, nics[0].options, nics[1:])

    def attach(self):
        for backend in self.cards.backends:
            for socket in backend.sockets:
                until(f"QEMU's socket {socket.name}", 10, socket.exists)
            backend.attach()

    def boot(self):
        steps = self.opened("boot")
        began = time.monotonic()
        for backend in self.cards.backends:
            backend.start()
        self.vms += [self.make_vm(guest) for guest in (A, B)]
        self.attach()
        for vm in self.vms:
            vm.connect()
        for vm in self.vms:
            vm.wait_ready(BOOT_S)
        self.pairs = [Pair(i, self.cards.backend(i), self.vms) for i in range(NICS)]
        self.await_doorbells()
        steps[0].seconds = time.monotonic() - began

    def await_doorbells(self):
        for vm in self.vms:
            until(f"QEMU {vm.name} to map a doorbell page for each queue of both cards", 10,
                  lambda vm=vm: vm.doorbell_pages() >= NICS * VdpaBackend.doorbell_pages)

    # --- what is done to a guest ------------------------------------------------------------

    def tables(self):
        """How many memory tables each interface's device has got so far, [guest][interface], as
        rte_vhost says: the driver leaves the app no place to count messages in."""
        logs = [self.cards.backend(i).process.log_path.read_text(errors="replace")
                for i in range(NICS)]
        return [[logs[i].count(f"({self.cards.socket(i, guest)}) {SET_MEM_TABLE}")
                 for i in range(NICS)] for guest in (A, B)]

    def count_tables(self, step, before, changes):
        """A's devices must have got a table for each change, B's none."""
        got = [[now - then for now, then in zip(*guest)] for guest in zip(self.tables(), before)]
        step.notes["memory tables, A and B"] = f"{got[A]}, {got[B]}"
        if got != [[changes] * NICS, [0] * NICS]:
            step.faults.append(f"{changes} changes of A's memory made {got} tables, not one each "
                               "for each of its devices")

    def hot_plug(self):
        def act(step):
            vm, before = self.vms[A], self.tables()
            vm.agent("online online_movable")
            mem = vm.agent("hello")["mem_mb"]
            for _ in range(PLUGS):
                vm.hot_add()
                until("guest A to use the added memory", 15,
                      lambda: vm.agent("hello")["mem_mb"] > mem)
                vm.hot_unplug()
            self.count_tables(step, before, 2 * PLUGS)
        self.event(f"{PLUGS} x hot-add and unplug", act)

    def hot_add(self):
        """Kernel memory, from which both interfaces' buffers come then."""
        def act(step):
            vm, before = self.vms[A], self.tables()
            vm.agent("online online_kernel")
            step.figures["device_add"] = vm.hot_add()
            until("receive buffers of both interfaces in the added memory", 15,
                  lambda: all(vm.rx_in_dimm(i)[0] for i in range(NICS)))
            step.notes["rx buffers in the added memory"] = ", ".join(
                "{} of {}".format(*vm.rx_in_dimm(i)) for i in range(NICS))
            self.count_tables(step, before, 1)
        self.event("hot-add", act)

    def stop_cont(self):
        def act(step):
            step.figures["stop"] = self.vms[A].timed("stop")
            step.figures["cont"] = self.vms[A].timed("cont")
        self.event("stop and cont of A", act, [[B_TO_A]] * NICS)

    # --- what is done to one interface or card ----------------------------------------------

    def rebind(self):
        """Of interface 1, whose rings are packed."""
        def act(step):
            step.figures["rebind"] = self.vms[A].agents[1].ask("rebind virtio_net")["us"] / 1000
            until("the link of A's interface 1", 10,
                  lambda: self.vms[A].agents[1].ask("stat")["carrier"])
        self.event("rebind of A's interface 1", act, [[], [B_TO_A]])

    def set_link(self):
        """Of interface 0."""
        def act(step):
            vm = self.vms[A]
            for up in (False, True):
                vm.timed("set_link", name="nic0", up=up)
                until("A's interface 0 to see its link", 10,
                      lambda up=up: vm.agent("stat")["carrier"] == up)
        self.event("link of A's interface 0 off and on", act, [[A_TO_B, B_TO_A], []])

    def kill(self, nics):
        """SIGKILL to the process that serves the interfaces @nics. As QEMU 7.2 does not know where
        packed rings stood, those are set up anew."""
        def act(step):
            backend = self.cards.backend(nics[0])
            backend.kill()
            pairs = [self.pairs[i] for i in nics]
            ends = [end for pair in pairs for end in pair.vms]
            until("the guests to see that their links are down", 10,
                  lambda: not any(end.agent("stat")["carrier"] for end in ends))
            down = [pair.sent() for pair in pairs]
            began = time.monotonic()
            backend.restart()
            backend.attach()
            for pair in pairs:
                pair.await_carriers()
                for end in pair.vms if pair.vms[A].options.packed else ():
                    end.agent("rebind virtio_net")
            until("frames from the new process", 15, lambda: all(
                pair.vms[1 - i].agent("stat")["next"] > sent[i]
                for pair, sent in zip(pairs, down) for i in (A, B)))
            step.figures["start to frames"] = (time.monotonic() - began) * 1000
        self.event(f"back-end of interface {' and '.join(map(str, nics))} killed", act,
                   [[A_TO_B, B_TO_A] if i in nics else [] for i in range(NICS)])
        self.await_doorbells()

    def play(self):
        self.boot()
        self.event("traffic", lambda step: time.sleep(TRAFFIC_S))
        self.hot_plug()
        if isinstance(self.cards, OneCard):
            self.stop_cont()
            self.kill([0, 1])
        else:
            self.rebind()
            self.set_link()
            self.kill([0])
        self.hot_add()

    def close(self):
        for vm in self.vms:
            vm.stop()


LAYOUTS = {"one-card": OneCard, "two-cards": TwoCards}


def play(build, rig, layout):
    image = rig_image.prepare(build, update=False)
    cards = LAYOUTS[layout](build, rig.dir)
    story = TwoNicsStory(cards, image, rig.dir)
    live(story, story.play, cards.backends)


def main():
    os.umask(0o077)
    layout = sys.argv[2]
    with Rig(f"two-nics-{layout}") as rig:
        play(pathlib.Path(sys.argv[1]).resolve(), rig, layout)


if __name__ == "__main__":
    main()
