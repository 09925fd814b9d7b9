# SPDX-License-Identifier: BSD-3-Clause
"""Two hosts, each with a card and a back-end of its own and a cable between the cards. Guest A
moves from one to the other while it talks to B, which stays on the first.

What a migration may cost is what its guest could not have had: frames that B sent while nothing
came from A, because A was down, or because the switches had not yet heard A at its new place. And
each of them must be one that a card has counted as dropped. Everything else is a fault.

During each migration A leaves what it receives unread, in the memory that the card wrote it to,
until it runs at the other host, where every byte is compared.
"""
import dataclasses
import json
import re
import time

from rig_backend import EAL, VdpaBackend
from rig_card import ask
from rig_relay import Relay, log_not_offered, log_not_wanted
from rig_report import table, traffic_lines
from rig_story import MACS, NAMES, RATE, SETTLE_S, Step, Story
from rig_vm import FEATURES_OFF, RAM_MB, Vm, VmOptions
from rig_wait import Failure, until

FINAL = {"completed", "failed", "cancelled"}
SLOW = 4 << 20  # bytes a second: a migration at this rate goes on until it is cancelled
FAST = 1 << 30
# QEMU 7.2's TCG loses dirty bits of memory whose size is a multiple of 256 KiB.
RAM_KB = (RAM_MB << 10) + 8
# For so long others wait for a guest that has stopped, and what waits for it keeps all behind it
# waiting. That is part of the silence that a migration makes.
PAUSE_MS = 50
RING_SIZE = 1024
# Frames of B that were under way when A stopped or came back, as a busy machine makes them wait. Of
# these, too, only what a card has dropped is excused.
UNDER_WAY = RATE
# While A is frozen: a ring full of frames, and longer than a migration takes.
FROZEN_RATE = 200
FROZEN_MS = 4000
LATE_S = 0.3
DROPPED = ["rx_dropped", "tx_nowhere"]
NARROWED = "features=-mrg_rxbuf"


class Host(VdpaBackend):
    """One machine: devices of a card of its own, whose switch has a cable to the other's."""

    def __init__(self, build, workdir, role, arguments):
        """@role is the cable's end; @arguments are more device arguments, for each device."""
        self.arguments = arguments
        self.config = workdir / "card.json"
        self.control = workdir / "control"
        workdir.mkdir()
        self.config.write_text(json.dumps({
            "functions": len(arguments), "control": {"socket": str(self.control)},
            "wire": {"pause_ms": PAUSE_MS, "nets": [{"name": "lan", "kind": "switch", "uplinks": [
                {"name": "cable", "unix": {"path": str(workdir.parent / "cable"),
                                           "role": role}}]}]}}))
        self.devices = [f"0000:03:00.{2 + i}" for i in range(len(arguments))]
        super().__init__(build, workdir)
        self.sockets = [workdir / f"{i}.sock" for i in range(len(arguments))]

    def launch(self, build):
        command = [str(build / "app" / "mlx5emu" / "mlx5emu"), "--config", str(self.config), "--",
                   str(build / "app" / "testvdpa" / "dpdk-testvdpa"),
                   *EAL, *self.plugin]
        for device, more in zip(self.devices, self.arguments):
            command += ["-a", ",".join(filter(None, [device, "class=vdpa", more]))]
        return command + ["--"]

    def dropped(self):
        """Frames for A, or of B on their way to it, that this card had nobody for."""
        ports = [ask(self.control, "wire", "stats", port)["ports"][0] for port in ("0", "cable")]
        return sum(port[key] for port in ports for key in DROPPED)


class TwoHosts:
    """What a Story takes for its back-end. A is at device 0 of one of the hosts, B at device 1 of
    the first; device 2 lacks a feature that A has."""

    name = "two hosts, mlx5_devx on mlx5emu"
    doorbell_pages = VdpaBackend.doorbell_pages
    client = False
    lives = 0

    def __init__(self, build, workdir):
        self.hosts = []
        self.process = self
        for number, role in enumerate(["listen", "connect"]):
            self.hosts.append(Host(build, workdir / f"host{number + 1}", role, ["", "", NARROWED]))
        self.sockets = self.hosts[0].sockets
        self.place = 0  # A's host

    def start(self):
        for host in self.hosts:
            host.start()

    def check(self):
        for host in self.hosts:
            host.process.check()

    def queues(self):
        queues = [host.queues() for host in self.hosts]
        return [queues[self.place][0], queues[0][1]]

    def dropped(self):
        return sum(host.dropped() for host in self.hosts)

    def stop(self):
        for host in self.hosts:
            host.stop()

    def abort(self):
        for host in self.hosts:
            host.abort()


class MovingVm(Vm):
    """A guest that can be migrated."""

    # Mergeable buffers: the guest's driver leaves the pages of a frame as the card wrote them.
    features_off = [feature for feature in FEATURES_OFF if feature != "mrg_rxbuf"]
    def prepare(self, bandwidth):
        """What both ends of a migration are told. With the return path the source hears whether the
        destination has taken the guest."""
        self.qmp.command("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": True} for name in ("events", "return-path")])
        self.qmp.command("migrate-set-parameters", **{"max-bandwidth": bandwidth})

    def migration(self):
        return self.qmp.command("query-migrate")

    def migrate_to(self, destination, uri, bandwidth=FAST):
        """Begins; await_end() tells how it ended."""
        for vm in (self, destination):
            vm.prepare(bandwidth)
        destination.qmp.command("migrate-incoming", uri=uri)
        self.qmp.command("migrate", uri=uri)

    def await_end(self, seconds=20):
        """query-migrate's last answer; QEMU knows its figures a little after the end."""
        def ended():
            info = self.migration()
            if info.get("status") == "completed" and "total-time" not in info:
                return None
            return info if info.get("status") in FINAL else None
        return until(f"the end of {self.name}'s migration", seconds, ended)


def event_time(event):
    stamp = event["timestamp"]
    return stamp["seconds"] + stamp["microseconds"] / 1e6


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

    def row(self):
        return [self.name, *(str(self.values.get(column, "-")) for column in self.COLUMNS)]


class MigrationStory(Story):
    """@migrations is how often A moves."""

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
        return MovingVm(name, MACS[index], MACS[1 - index], self.backend.sockets[index],
                        self.image, self.workdir, self.base)

    def destination(self, socket):
        """A QEMU that waits for A."""
        self.lives_of_a += 1
        vm = MovingVm(f"A{self.lives_of_a}", MACS[0], MACS[1], socket, self.image, self.workdir,
                      dataclasses.replace(self.base, incoming=True))
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

    def carry(self, place, socket):
        """Migrates A, which must succeed; returns query-migrate's answer and when A stopped and
        went on."""
        source = self.vms[0]
        destination = self.destination(socket)
        self.begin()
        source.migrate_to(destination, self.uri())
        info = source.await_end()
        if info["status"] != "completed":
            raise Failure(f"the migration {info['status']}: {info.get('error-desc')}")
        times = [event_time(vm.qmp.event(name))
                 for vm, name in ((source, "STOP"), (destination, "RESUME"))]
        self.arrived(destination, place)
        return info, *times

    def move(self, step, place):
        """Migrates A to the host @place."""
        dropped = self.backend.dropped()
        info, stop, resume = self.carry(place, self.backend.hosts[place].sockets[0])
        self.await_frames(RATE // 5)
        self.vms[0].agent("hold 0")
        first, gap, numbers = self.silence(stop, resume)
        lost = self.judge(step, numbers, dropped)
        figures = Figures(step.name)
        figures.values = {
            "downtime_ms": info["downtime"], "total_ms": info["total-time"],
            "stop_resume_ms": f"{(resume - stop) * 1000:.1f}", "resume_frame_ms": f"{first:.1f}",
            "peer_gap_ms": f"{gap:.1f}", "peer_lost": lost,
            "dirty_pages": sent_again(info["ram"])}
        self.figures.append(figures)

    def set_out(self, socket, bandwidth=FAST):
        """Begins a migration that is not going to succeed, under traffic; returns the destination
        and what the cards have dropped until then."""
        destination = self.destination(socket)
        dropped = self.backend.dropped()
        self.begin()
        self.vms[0].migrate_to(destination, self.uri(), bandwidth)
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
        figures.values = {"stop_resume_ms": f"{(stops[-1] - stops[0]) * 1000:.1f}",
                          "resume_frame_ms": f"{first:.1f}", "peer_gap_ms": f"{gap:.1f}",
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
        """A migration that would take half a minute; memory cannot be added meanwhile."""
        source = self.vms[0]
        destination, dropped = self.set_out(self.spare(0), SLOW)
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
        path = self.workdir / name
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
        place = 1 - self.backend.place
        source = self.vms[0]
        destination = self.destination(self.backend.hosts[place].sockets[0])
        self.new_epochs()
        self.start_traffic()
        source.agent("stop")
        source.migrate_to(destination, self.uri())
        info = source.await_end()
        if info["status"] != "completed":
            raise Failure(f"the migration {info['status']}: {info.get('error-desc')}")
        resume = event_time(destination.qmp.event("RESUME"))
        self.arrived(destination, place)
        seen = destination.agent("stat")["unique"]
        until("B's frames to find A", 10, lambda: destination.agent("stat")["unique"] >= seen + 100)
        step.notes["B's frames reached A"] = f"{(time.time() - resume) * 1000:.0f} ms after RESUME"
        stats = self.quiesce()
        step.notes["frames that did not"] = str(stats[1]["sent"] - stats[0]["unique"])

    def frozen(self, step, place, socket):
        """As move(), but what the card writes from the beginning to the end stays in the ring,
        with no other than the card's own dirty bits: the guest touches its pages only at the new
        place."""
        a, b = self.vms
        dropped = self.backend.dropped()
        destination = self.destination(socket)
        self.new_epochs()
        self.start_traffic()
        b.agent("stop")
        b.agent(f"start {FROZEN_RATE}")
        a.agent(f"freeze {FROZEN_MS}")
        a.migrate_to(destination, self.uri())
        info = a.await_end()
        if info["status"] != "completed":
            raise Failure(f"the migration {info['status']}: {info.get('error-desc')}")
        stop, resume = (event_time(vm.qmp.event(name))
                        for vm, name in ((a, "STOP"), (destination, "RESUME")))
        self.arrived(destination, place)
        self.judge(step, self.silence(stop, resume)[2], dropped)

    def unread(self, step):
        self.frozen(step, 1 - self.backend.place, self.spare(0))

    def hidden(self, step):
        """The test of the test: A's back-end is never told to log, and QEMU does not know. What
        arrives then must be found wrong."""
        place = self.backend.place
        self.carry(1 - place, self.relay("log-hidden", self.spare(0), log_not_wanted))
        self.vms[0].agent("hold 0")
        self.quiesce()
        victim = Step("judged")
        try:
            self.frozen(victim, place, self.spare(0))
        except Failure as e:  # A may be too broken to answer
            victim.faults.append(str(e))
        if self.closing[-1].changed == 0:
            step.faults.append("QEMU did not ask for a log")
        step.notes["found"] = "; ".join(victim.faults)
        if not victim.faults:
            step.faults.append("no log was written, and nobody has noticed")

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
        """And what goes wrong; the last one leaves A broken."""
        self.play()
        self.step("cancelled", self.cancel)
        self.step("feature lacks", self.lacking)
        self.step("A is silent", self.silent)
        self.step("cannot log", self.without_log)
        self.step("unread", self.unread)
        self.step("log hidden", self.hidden)

    def passed(self):
        return bool(self.steps) and all(step.passed() for step in self.steps)

    def report_lines(self):
        yield from traffic_lines([step.as_dict() for step in self.steps])
        yield ""
        yield from table([["migration", *Figures.COLUMNS], *(f.row() for f in self.figures)])
        for step in self.steps:
            for key, value in step.notes.items():
                yield f"  {step.name}: {key}: {value}"

    def close(self):
        for vm in [*self.others, *self.vms]:
            vm.stop()
        for relay in self.closing:
            relay.close()
