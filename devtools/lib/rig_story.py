# SPDX-License-Identifier: BSD-3-Clause
"""The main job as steps, each judged by exact accounts.

Two guests A and B send numbered frames to each other. A direction's account is made when both
senders are still and nothing is under way: what one sent against what the other saw. A step says
how much of each may be wrong; everything but a frame on its way to a queue that is being rebuilt
or to a guest that is down must be zero.
"""
import time

from rig_vm import DIMM_MB, Vm, VmOptions
from rig_wait import Failure, until

MACS = ["52:54:00:76:64:0a", "52:54:00:76:64:0b"]
NAMES = "AB"
RATE = 1000  # frames a second and direction
SETTLE_S = 5  # an account with a deficit is closed when nothing has come for so long
NO_SPANS = ((0, 0), (0, 0))
MUST_BE_ZERO = ["lost", "duplicated", "reordered", "corrupt", "dropped", "stale", "beyond"]


class Step:
    """A row of the report."""

    def __init__(self, name):
        self.name = name
        self.seconds = 0.0
        self.directions = []  # accounts, A->B and B->A
        self.queues = []  # (guest, queue, saved, resumed)
        self.commands = None
        self.figures = {}  # of ms
        self.notes = {}
        self.faults = []

    def passed(self):
        return not self.faults

    def as_dict(self):
        return {"name": self.name, "pass": self.passed(), "seconds": round(self.seconds, 3),
                "firmware_commands": self.commands, "directions": self.directions,
                "queues": self.queues, "figures": self.figures, "notes": self.notes,
                "faults": self.faults}


def commands_of(queues):
    """Firmware commands of all devices; each of a device's queues tells the device's count. None
    where the driver does not tell."""
    counts = [[q["firmware_commands"] for q in vm if "firmware_commands" in q] for vm in queues]
    if any(len(count) != len(vm) for count, vm in zip(counts, queues)):
        return None
    return sum(max(count, default=0) for count in counts)


def pair(stats, what):
    """(A, U) of one queue, or None where the driver does not tell."""
    keys = (f"{what}_avail_index", f"{what}_used_index")
    return [stats[key] for key in keys] if all(key in stats for key in keys) else None


class Story:
    """Of two guests; @options are those of A and of B."""

    rate = RATE

    def __init__(self, backend, image, workdir, tell, options=(VmOptions(), VmOptions())):
        self.options = options
        self.backend = backend
        self.image = image
        self.workdir = workdir
        self.tell = tell
        self.vms = []
        self.steps = []
        self.epochs = 0
        self.traffic_s = 3.0

    # --- traffic and accounts ---------------------------------------------------------------

    def new_epochs(self):
        """Both guests' numbers begin anew."""
        for vm in self.vms:
            self.epochs += 1
            vm.agent(f"epoch {self.epochs}")
            self.vms[1 - self.vms.index(vm)].agent(f"expect {self.epochs}")

    def start_traffic(self):
        for vm in self.vms:
            vm.agent(f"start {self.rate}")
        for vm in self.vms:
            until(f"guest {vm.name} to receive its first frames", 10,
                  lambda vm=vm: vm.agent("stat")["unique"] >= 20)

    def mark(self):
        for vm in self.vms:
            vm.agent("mark")

    def stats(self):
        self.backend.process.check()
        return [vm.agent("stat") for vm in self.vms]

    def quiesce(self, spans=NO_SPANS):
        """Stops the senders and waits until all has come but what is excused, or nothing comes any
        more."""
        for vm in self.vms:
            vm.agent("stop")
        seen, since = None, time.monotonic()
        while time.monotonic() - since < SETTLE_S:
            stats = self.stats()
            if all(stats[i]["sent"] == stats[1 - i]["unique"] + self.missing(1 - i, *spans[i])
                   for i in (0, 1)):
                break
            now = [s["unique"] for s in stats]
            if now != seen:
                seen, since = now, time.monotonic()
            time.sleep(0.05)
        return self.stats()

    def account(self, step, may_lose=(0, 0), spans=NO_SPANS):
        """Closes the accounts of both directions, A->B and B->A. @may_lose counts frames; @spans
        are numbers of frames, from one to before another, that nobody could receive: what is
        missing of them is excused, but told."""
        stats = self.quiesce(spans)
        for src, dst in ((0, 1), (1, 0)):
            name = f"{NAMES[src]}->{NAMES[dst]}"
            book = {key: stats[dst][key] for key in MUST_BE_ZERO if key != "lost"}
            if any(options.pairs > 1 for options in self.options):
                book["reordered"] = stats[dst]["reordered_in_stream"]
            book.update(direction=name, sent=stats[src]["sent"], received=stats[dst]["unique"],
                        excused=self.missing(dst, *spans[src]),
                        gap_ms=round(stats[dst]["gap_us"] / 1000, 1))
            book["lost"] = book["sent"] - book["received"] - book["excused"]
            step.directions.append(book)
            if book["sent"] == 0:
                step.faults.append(f"{name}: nothing was sent")
            for key in MUST_BE_ZERO:
                limit = may_lose[src] if key == "lost" else 0
                if not 0 <= book[key] <= limit:
                    step.faults.append(f"{name}: {book[key]} {key}, at most {limit} allowed")

    def missing(self, index, begin, end):
        """How many frames with these numbers a guest has not received."""
        return self.vms[index].agent(f"missing {begin} {end}")["missing"] if end > begin else 0

    # --- steps ------------------------------------------------------------------------------

    def observe(self):
        """The queues' statistics, and the firmware commands of all devices before and after they
        were asked for: asking costs commands itself, and that as many at the second time."""
        first, queues = self.backend.queues(), self.backend.queues()
        if queues is None:
            return [], None, None
        total = [commands_of(first), commands_of(queues)]
        if None in total:
            return queues, None, None
        return queues, 2 * total[0] - total[1], total[1]

    def step(self, name, act):
        """Runs one step; what the queues went through is read afterwards."""
        step = Step(name)
        self.steps.append(step)
        self.tell(f"{name} ...")
        begin = time.monotonic()
        before, lives = self.observe()[2], self.backend.lives
        try:
            act(step)
            queues, after, _ = self.observe()
        except Failure as e:
            step.faults.append(str(e))
            raise
        finally:
            step.seconds = time.monotonic() - begin
        if before is not None and after is not None:
            step.commands = after - (before if lives == self.backend.lives else 0)
        for guest, stats in zip(NAMES, queues):
            for index, queue in enumerate(stats):
                step.queues.append({"guest": guest, "queue": index,
                                    "saved": pair(queue, "saved"),
                                    "resumed": pair(queue, "resumed")})
        self.tell(f"{name}: {'ok' if step.passed() else 'FAIL: ' + '; '.join(step.faults)}"
                  f" ({step.seconds:.1f} s)")

    def make_vm(self, index, name):
        return Vm(name, MACS[index], MACS[1 - index], self.backend.sockets[index], self.image,
                  self.workdir, self.options[index])

    def await_listening(self):
        """Until QEMU has made the sockets of the guests that there are."""
        for vm, socket in zip(self.vms, self.backend.sockets):
            def listening(vm=vm, socket=socket):
                vm.process.check()
                return socket.exists()
            until(f"QEMU {vm.name}'s socket", 10, listening)

    def boot(self, step):
        for i, name in enumerate(NAMES):
            self.vms.append(self.make_vm(i, name))
        if self.backend.client:
            self.await_listening()
            self.backend.attach()
        for vm in self.vms:
            vm.connect()
        for vm in self.vms:
            vm.wait_ready()
        if self.backend.doorbell_pages:
            self.check_doorbells(step)
            step.notes["doorbell pages mapped by QEMU"] = ", ".join(
                f"{vm.name} {vm.doorbell_pages()}" for vm in self.vms)

    def check_doorbells(self, step):
        """A QEMU has mapped the card's doorbell page for each queue, or none if it may not."""
        for vm in self.vms:
            if vm.options.notifier:
                until(f"QEMU {vm.name} to map the card's doorbell page for each queue", 10,
                      lambda vm=vm: vm.doorbell_pages() >= (
                          self.backend.doorbell_pages * vm.options.pairs))
            elif vm.doorbell_pages():
                step.faults.append(f"QEMU {vm.name} has mapped doorbell pages without leave")

    def traffic(self, step):
        self.new_epochs()
        self.start_traffic()
        self.mark()
        time.sleep(self.traffic_s)
        self.account(step)

    def hot_add(self, step):
        vm = self.vms[0]
        mem = vm.agent("hello")["mem_mb"]
        self.new_epochs()
        self.start_traffic()
        self.mark()
        time.sleep(1)
        step.notes["device_add took"] = f"{vm.hot_add():.1f} ms"
        until(f"guest {vm.name} to use the added memory", 15,
              lambda: vm.agent("hello")["mem_mb"] >= mem + DIMM_MB)
        seen = [s["unique"] for s in self.stats()]
        time.sleep(self.traffic_s)
        in_dimm, descriptors = vm.rx_in_dimm()
        step.notes["rx buffers in the added memory"] = f"{in_dimm} of {descriptors}"
        if in_dimm == 0:
            step.faults.append("no receive buffer lies in the added memory")
        if any(now["unique"] <= before + self.rate for now, before in zip(self.stats(), seen)):
            step.faults.append("a direction does not run after the hot-add")
        self.account(step)

    def reboot(self, step):
        vm = self.vms[1]
        begin = time.monotonic()
        vm.reset()
        vm.wait_ready()
        # The guest counts whole seconds.
        if vm.agent("hello")["uptime_s"] > time.monotonic() - begin + 1:
            step.faults.append(f"guest {vm.name} was not reset")

    def play(self):
        self.backend.start()
        self.step("boot", self.boot)
        self.step("traffic", self.traffic)
        self.step("hot-add to A", self.hot_add)
        self.step("reset of B", self.reboot)
        self.step("traffic again", self.traffic)

    def passed(self):
        return len(self.steps) == 5 and all(step.passed() for step in self.steps)

    def close(self):
        for vm in self.vms:
            vm.stop()
