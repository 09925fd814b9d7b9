# SPDX-License-Identifier: BSD-3-Clause
"""Guest A moves from one host to another (rig_hosts) while it talks to B, which stays on the first.

What a migration may cost is what its guest could not have had: frames that B sent while nothing
came from A, because A was down, or because the switches had not yet heard A at its new place. And
each of them must be one that a card has counted as dropped. Everything else is a fault.

During each migration A leaves what it receives unread, in the memory that the card wrote it to,
until it runs at the other host, where every byte is compared. That shows little of dirty bits: Linux
writes to a frame's pages as it takes it, and a frame that came before QEMU first copied its page
needs none. So in one migration (frozen()) nothing takes the frames, and they come when
all pages have been copied; nothing can bring them along but the card's own marks.
"""
import dataclasses
import re
import time

from rig_moving import DOWNTIME_MS, MovingVm, StayingVm
from rig_relay import Relay, log_not_offered, log_not_wanted
from rig_story import MACS, SETTLE_S, Step, Story
from rig_vm import RAM_MB, VmOptions
from rig_wait import Failure, until

SLOW = 4 << 20  # bytes a second: a migration at this rate goes on until it is cancelled
FAST = 1 << 30
# QEMU 7.2's TCG loses dirty bits of memory whose size is a multiple of 256 KiB.
RAM_KB = (RAM_MB << 10) + 8
RING_SIZE = 1024
# A guest whose ring is full is waited for as long as for one that has stopped (PAUSE_MS). Where the
# machine has no time for B's processor, half a ring, which Linux leaves at least, is a second.
RATE = RING_SIZE // 2
# Frames of B that were under way when A stopped or came back, as a busy machine makes them wait. Of
# these, too, only what a card has dropped is excused.
UNDER_WAY = RATE
# While A is frozen: frames that its ring holds at any rate, and longer than a migration takes.
FROZEN_RATE = 200
FROZEN_FRAMES = 200
FROZEN_MS = 120000
STEADY = 128 << 20  # A frozen guest writes to more than this makes in 1 ms, so there is no end
TRICKLE = 4 << 10  # a page at a time, ten times a second
DIMMS = 2
LATE_S = 0.3


def event_time(event):
    stamp = event["timestamp"]
    return stamp["seconds"] + stamp["microseconds"] / 1e6


def in_ms(seconds):
    return round(seconds * 1000, 1)


def sent_again(ram):
    """Pages that were dirty after they had been copied once."""
    return ram["normal"] + ram["duplicate"] - ram["total"] // ram["page-size"]


class Figures:
    """What one migration was like."""

    COLUMNS = ["downtime_ms", "total_ms", "stop_resume_ms", "resume_frame_ms", "peer_gap_ms",
               "peer_lost", "dirty_pages"]

    def __init__(self, name):
        self.name = name
        self.values = {}

    def as_dict(self):
        return {"name": self.name, **{column: self.values.get(column) for column in self.COLUMNS}}


class MigrationStory(Story):
    """@migrations is how often A moves."""

    rate = RATE

    def __init__(self, backend, image, workdir, tell, migrations, packed=False):
        self.base = VmOptions(packed=packed, ram_kb=RAM_KB, ring_size=RING_SIZE)
        super().__init__(backend, image, workdir, tell, (self.base, self.base))
        self.traffic_s = 1.0
        self.migrations = migrations
        self.figures = []
        self.closing = []
        self.lives_of_a = 0
        self.others = []  # QEMUs that A does not live in

    # --- guests ---------------------------------------------------------------------------------

    def make_vm(self, index, name):
        kind = (MovingVm, StayingVm)[index]
        return kind(name, MACS[index], MACS[1 - index], self.backend.sockets[index], self.image,
                    self.workdir, self.base)

    def check_doorbells(self, step):
        """The driver offers its pages when a guest rings first, which B does not do by itself."""
        self.new_epochs()
        self.start_traffic()
        self.quiesce()
        super().check_doorbells(step)

    def destination(self, socket, twin=None):
        """A QEMU that waits for A."""
        self.lives_of_a += 1
        vm = MovingVm(f"A{self.lives_of_a}", MACS[0], MACS[1], socket, self.image, self.workdir,
                      dataclasses.replace(self.base, incoming=True), twin=twin)
        self.others.append(vm)
        vm.connect()
        return vm

    def arrived(self, vm, place):
        """A lives at @vm now."""
        self.vms[0].stop()
        self.others.remove(vm)
        self.vms[0] = vm
        self.backend.place = place

    def gone(self, vm):
        """A is not going to arrive at @vm."""
        vm.stop()
        self.others.remove(vm)

    def observe(self):
        return self.backend.queues(), None, None

    def quiesce(self, spans=None):
        """Frames do not overtake each other: when the last one has come, nothing is under way."""
        for vm in self.vms:
            vm.agent("stop")
        seen, since = None, time.monotonic()
        while time.monotonic() - since < SETTLE_S:
            stats = self.stats()
            if all(stats[i]["sent"] == stats[1 - i]["next"] for i in (0, 1)):
                break
            now = [s["unique"] for s in stats]
            if now != seen:
                seen, since = now, time.monotonic()
            time.sleep(0.02)
        return self.stats()

    # --- migrations -----------------------------------------------------------------------------

    def uri(self):
        return f"unix:{self.workdir / 'migration'}"

    def begin(self):
        """Traffic runs, and A has stopped reading."""
        self.new_epochs()
        self.start_traffic()
        self.vms[0].agent("hold 1")
        self.mark()

    def await_frames(self, count):
        """Until B has got so many more frames of A."""
        b = self.vms[1]
        seen = b.agent("stat")["unique"]
        until(f"{count} more frames of A at B", 15,
              lambda: b.agent("stat")["unique"] >= seen + count)

    def clock_of_b(self):
        """What is to be added to guest B's clock to get this machine's, in s."""
        before = time.time()
        now = self.vms[1].agent("clock")["us"] / 1e6
        return (before + time.time()) / 2 - now

    def silence(self, stop, resume):
        """B's silence while A was down: how long it lasted from @resume (ms), in all (ms), and the
        numbers of B's own frames in it. What A had sent before may arrive a little later."""
        offset = self.clock_of_b()
        begin, end = (int((moment - offset) * 1e6) for moment in (stop, resume + LATE_S))
        answer = self.vms[1].agent(f"silence {begin} {end}")
        begin, end = (us / 1e6 + offset for us in answer["us"])
        return (end - resume) * 1000, (end - begin) * 1000, answer["sent"]

    def judge(self, step, numbers, dropped):
        """What did not reach A must be of B's frames with these @numbers, and the cards must have
        dropped it since they had dropped @dropped."""
        sent = self.quiesce()[1]["sent"]
        span = (max(0, numbers[0] - UNDER_WAY), min(sent, numbers[1] + UNDER_WAY))
        self.account(step, spans=((0, 0), span))
        dropped = self.backend.dropped() - dropped
        excused = step.directions[1]["excused"]
        if excused > dropped:
            step.faults.append(f"B->A: {excused} are missing, but the cards have dropped {dropped}")
        return excused

    def finish(self, destination, place):
        """The end of a migration, which must succeed; returns query-migrate's answer and when A
        stopped and went on."""
        source = self.vms[0]
        info = source.await_end()
        if info["status"] != "completed":
            raise Failure(f"the migration {info['status']}: {info.get('error-desc')}")
        times = [event_time(vm.qmp.event(name))
                 for vm, name in ((source, "STOP"), (destination, "RESUME"))]
        self.arrived(destination, place)
        return info, *times

    def carry(self, place, socket, twin=None):
        """Migrates A under traffic."""
        destination = self.destination(socket, twin)
        self.begin()
        self.vms[0].pace(FAST)
        self.vms[0].migrate_to(destination, self.uri())
        return self.finish(destination, place)

    def move(self, step, place, twin=None):
        """Migrates A to the host @place."""
        dropped = self.backend.dropped()
        info, stop, resume = self.carry(place, self.backend.hosts[place].sockets[0], twin)
        self.await_frames(RATE // 5)
        self.vms[0].agent("hold 0")
        first, gap, numbers = self.silence(stop, resume)
        lost = self.judge(step, numbers, dropped)
        figures = Figures(step.name)
        figures.values = {
            "downtime_ms": info["downtime"], "total_ms": info["total-time"],
            "stop_resume_ms": in_ms(resume - stop), "resume_frame_ms": round(first, 1),
            "peer_gap_ms": round(gap, 1), "peer_lost": lost,
            "dirty_pages": None if twin else sent_again(info["ram"])}
        self.figures.append(figures)

    def set_out(self, socket, bandwidth=FAST, return_path=True):
        """Begins a migration that is not going to succeed, under traffic; returns the destination
        and what the cards have dropped until then."""
        destination = self.destination(socket)
        dropped = self.backend.dropped()
        self.begin()
        self.vms[0].pace(bandwidth)
        self.vms[0].migrate_to(destination, self.uri(), return_path)
        return destination, dropped

    def stayed(self, step, destination, dropped):
        """A goes on where it was, having been down for a while or not at all."""
        source = self.vms[0]
        until("A to run again", 10, lambda: source.qmp.command("query-status")["running"])
        self.gone(destination)
        self.await_frames(RATE // 5)
        source.agent("hold 0")
        stops = [event_time(e) for e in source.qmp.events if e["event"] in ("STOP", "RESUME")]
        source.qmp.events.clear()
        if not stops:
            self.account(step)
            return
        first, gap, numbers = self.silence(stops[0], stops[-1])
        lost = self.judge(step, numbers, dropped)
        figures = Figures(step.name)
        figures.values = {"stop_resume_ms": in_ms(stops[-1] - stops[0]),
                          "resume_frame_ms": round(first, 1), "peer_gap_ms": round(gap, 1),
                          "peer_lost": lost}
        self.figures.append(figures)

    def refused(self, what, act):
        """What QEMU says to something that it must refuse."""
        try:
            act()
        except Failure as e:
            return str(e)
        raise Failure(f"QEMU has done {what}")

    def cancel(self, step):
        """A migration that would take half a minute; memory cannot be added meanwhile. QEMU 7.2 takes
        the return path away before it notes that it cancels, and may find the migration failed."""
        source = self.vms[0]
        destination, dropped = self.set_out(self.spare(0), SLOW, return_path=False)
        until("the migration to have begun", 10, lambda: source.migration().get(
            "ram", {}).get("transferred", 0) > SLOW // 4)
        step.notes["hot-add meanwhile"] = self.refused("a hot-add during a migration",
                                                       source.hot_add)
        source.qmp.command("migrate_cancel")
        info = source.await_end()
        if info["status"] != "cancelled":
            step.faults.append(f"the cancelled migration {info['status']}")
        self.stayed(step, destination, dropped)

    def spare(self, device):
        """A socket of the host where A does not live."""
        return self.backend.hosts[1 - self.backend.place].sockets[device]

    def lacking(self, step):
        """To a device without a feature that A has negotiated."""
        destination, dropped = self.set_out(self.spare(2))
        info = self.vms[0].await_end()
        if info["status"] != "failed":
            step.faults.append(f"the migration to a device that lacks a feature {info['status']}")
        status = destination.process.popen.wait(10)
        found = re.search(r"Features 0x\w+ unsupported. Allowed features: 0x\w+",
                          destination.process.log_path.read_text())
        if found is None:
            raise Failure(f"the destination's last words: {destination.process.last_words()}")
        step.notes["the destination"] = f"exit status {status}, {found.group(0)}"
        self.stayed(step, destination, dropped)

    def relay(self, name, target, change):
        """A socket between QEMU and a back-end."""
        path = self.workdir / f"{name}{len(self.closing)}"
        self.closing.append(Relay(path, target, change))
        return path

    def without_log(self, step):
        """Away from a back-end that does not offer a log: QEMU does not even begin."""
        socket = self.relay("no-log", self.backend.hosts[1].sockets[1], log_not_offered)
        vm = MovingVm("C", MACS[0], MACS[1], socket, self.image, self.workdir, self.base)
        self.others.append(vm)
        vm.connect()
        said = self.refused("a migration without a log", lambda: vm.qmp.command(
            "migrate", uri=self.uri()))
        step.notes["QEMU"] = said
        if "VHOST_F_LOG_ALL" not in said:
            step.faults.append(f"QEMU gives another reason: {said}")
        self.gone(vm)

    def silent(self, step):
        """Only B sends: the guest's announcement must tell the switches where A is."""
        place, dropped = 1 - self.backend.place, self.backend.dropped()
        source = self.vms[0]
        destination = self.destination(self.backend.hosts[place].sockets[0])
        self.new_epochs()
        self.start_traffic()
        source.agent("stop")
        source.pace(FAST)
        source.migrate_to(destination, self.uri())
        _, _, resume = self.finish(destination, place)
        seen = destination.agent("stat")["unique"]
        until("B's frames to find A", 10, lambda: destination.agent("stat")["unique"] >= seen + 100)
        step.notes["B's frames reached A"] = f"{(time.time() - resume) * 1000:.0f} ms after RESUME"
        self.judge(step, (0, self.vms[1].agent("stat")["sent"]), dropped)

    def written(self):
        """Descriptors that the card has given back to A's receive ring."""
        return self.backend.queues()[0][0]["completed_desc"]

    def fill_ring(self):
        """B sends, and the card writes all of it to A's ring; returns how many frames."""
        b = self.vms[1]
        before, written = b.agent("stat")["sent"], self.written()
        b.agent(f"start {FROZEN_RATE}")
        until(f"B to send {FROZEN_FRAMES} frames", 20,
              lambda: b.agent("stat")["sent"] >= before + FROZEN_FRAMES)
        b.agent("stop")
        count = b.agent("stat")["sent"] - before
        until("the card to write B's frames to A's memory", 20,
              lambda: self.written() >= written + count)
        return count

    def freeze(self):
        """A has taken all that came, and takes nothing more."""
        a, b = self.vms
        self.new_epochs()
        self.start_traffic()
        self.quiesce()
        if a.agent("stat")["unique"] != b.agent("stat")["sent"]:
            raise Failure("frames of B have not arrived before the migration")
        a.agent(f"freeze {FROZEN_MS}")

    def frozen(self, place, socket):
        """Migrates A with frames in its ring that came when all its pages had been copied, and that
        nobody has touched since. Returns how many, and figures."""
        a = self.vms[0]
        destination = self.destination(socket)
        self.freeze()
        a.pace(STEADY, downtime_ms=1)
        a.migrate_to(destination, self.uri())
        a.await_copied()
        a.pace(TRICKLE, downtime_ms=1)
        count = self.fill_ring()
        a.must_migrate()
        a.pace(FAST, downtime_ms=10 * DOWNTIME_MS)
        info, stop, resume = self.finish(destination, place)
        if not destination.agent("thawed")["moved"]:
            raise Failure("guest A thawed before it had moved")
        return count, {"downtime_ms": info["downtime"], "stop_resume_ms": in_ms(resume - stop)}

    def resume(self, step):
        """Behind that; returns whether A receives."""
        a, b = self.vms
        a.agent(f"start {RATE}")
        self.await_frames(RATE // 5)  # the switches know where A is
        seen = a.agent("stat")["next"]
        b.agent(f"start {RATE}")
        self.await_frames(RATE // 5)
        self.account(step)
        return a.agent("stat")["next"] > seen

    def unread(self, step):
        """What only the card's marks can bring along must come along."""
        figures = Figures(step.name)
        count, figures.values = self.frozen(1 - self.backend.place, self.spare(0))
        self.figures.append(figures)
        step.notes["frames in copied pages"] = str(count)
        self.resume(step)

    def hidden(self, step):
        """The test of the test: A's back-end is never told to log, and QEMU does not know. All of
        these frames must be missed. Packed rings have their used flags in such pages, too, and
        stand still."""
        place = self.backend.place
        self.carry(1 - place, self.relay("log-hidden", self.spare(0), log_not_wanted))
        self.vms[0].agent("hold 0")
        self.quiesce()
        count, _ = self.frozen(place, self.spare(0))
        if self.closing[-1].changed == 0:
            step.faults.append("QEMU did not ask for a log")
        victim = Step("judged")
        runs = self.resume(victim)
        lost = victim.directions[1]["lost"]
        step.notes["frames in copied pages"] = f"{count}; {lost} missing at the end"
        step.notes["A receives"] = str(runs)
        if lost < count or runs == self.base.packed:
            step.faults.append("no log was written, and that was not noticed as it must be")
        self.vms[0].agent("rebind virtio_net")  # the queues begin anew

    def hot_added(self, step):
        """A has added memory in use when it moves. It takes all memory along uncopied, because a
        DIMM cannot have a size whose dirty bits TCG keeps."""
        a = self.vms[0]
        self.new_epochs()
        self.start_traffic()
        for _ in range(DIMMS):
            mem = a.agent("hello")["mem_mb"]
            a.hot_add()
            until("guest A to use the added memory", 15,
                  lambda mem=mem: a.agent("hello")["mem_mb"] > mem)
        until("receive buffers in the added memory", 15, lambda: a.rx_in_dimm()[0] > 0)
        self.account(step)
        self.move(step, 1 - self.backend.place, twin=a)
        step.notes["rx buffers in the added memory"] = "{} of {}".format(*self.vms[0].rx_in_dimm())

    def to_and_fro(self):
        for i in range(self.migrations):
            place = 1 - self.backend.place
            self.step(f"{i + 1}: to host {place + 1}", lambda step: self.move(step, place))

    def play(self):
        self.backend.start()
        self.step("boot", self.boot)
        self.step("traffic", self.traffic)
        self.to_and_fro()

    def play_all(self):
        """And what else there is; the last one leaves A with memory that TCG cannot copy."""
        self.play()
        self.step("cancelled", self.cancel)
        self.step("feature lacks", self.lacking)
        self.step("A is silent", self.silent)
        self.step("cannot log", self.without_log)
        self.step("unread", self.unread)
        self.step("log hidden", self.hidden)
        self.step("hot-added", self.hot_added)

    def passed(self):
        return bool(self.steps) and all(step.passed() for step in self.steps)

    def as_dict(self):
        return {"back-end": self.backend.name, "pass": self.passed(),
                "steps": [step.as_dict() for step in self.steps],
                "migrations": [figures.as_dict() for figures in self.figures]}

    def close(self):
        for vm in [*self.others, *self.vms]:
            vm.stop()
        for relay in self.closing:
            relay.close()
