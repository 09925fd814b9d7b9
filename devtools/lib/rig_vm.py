# SPDX-License-Identifier: BSD-3-Clause
"""One guest: QEMU, its QMP, and for each network interface an agent behind a serial port."""
import dataclasses
import json
import pathlib
import time

from rig_process import Process
from rig_qmp import Qmp, connect
from rig_wait import Deadline, Failure, Lines

RAM_MB = 160
DIMM_MB = 128
RING_SIZE = 256
HIGH_MEMORY = 1 << 32
# Of the agents' serial ports, by interface. Not the usual ones: COM3 would have to share COM1's.
AGENT_IRQS = [3, 5]
# What a card's virtio queues do not have, and what only matters to a software switch.
FEATURES_OFF = ["mrg_rxbuf", "indirect_desc", "event_idx", "gso", "host_tso4", "host_tso6",
                "host_ecn", "host_ufo", "guest_tso4", "guest_tso6", "guest_ecn", "guest_ufo"]


def on_off(value):
    return "on" if value else "off"


@dataclasses.dataclass(frozen=True)
class VmOptions:
    """What may differ between guests."""

    packed: bool = False
    server: bool = False  # QEMU listens at the socket; it does nothing else before somebody came
    reconnect: int = 0  # seconds after which it looks for a back-end that it lost; 0: never
    notifier: bool = True  # QEMU may map the card's doorbell pages
    slots: int = 4  # for added memory
    qemu: tuple = ("qemu-system-x86_64",)  # the program and where its firmware is
    msix: bool = False  # an interrupt for each queue, which not every QEMU survives (rig_qemu)
    pairs: int = 1  # of queues, of which the guest uses one until it is told otherwise
    mtu: int = 0  # that the guest is told; 0: none
    ram_kb: int = RAM_MB << 10
    ring_size: int = RING_SIZE
    incoming: bool = False  # waits for a migration


class Agent:
    """What runs in the guest for one of its interfaces: a line to it, a line of JSON back."""

    def __init__(self, vm, path):
        self.vm = vm
        self.path = path
        self.serial = None

    def connect(self):
        what = f"guest {self.vm.name}'s serial port"
        self.serial = connect(self.path, what, self.vm.process.check)
        self.lines = Lines(self.serial, what, self.vm.process.check)

    def wait_ready(self, seconds):
        """Waits for its first line of a life."""
        deadline = Deadline(f"guest {self.vm.name}'s agent to be ready "
                            f"(console: {self.vm.console_path})", seconds)
        while True:
            try:
                answer = json.loads(self.lines.next(deadline))
            except json.JSONDecodeError:
                continue  # what the firmware printed, or the tail of the former life
            if answer.get("ready"):
                return
            if "error" in answer:
                raise Failure(f"guest {self.vm.name}: {answer['error']} "
                              f"(console: {self.vm.console_path})")

    def ask(self, command, seconds=10):
        """One command; returns its answer."""
        self.vm.process.check()
        self.serial.sendall(command.encode() + b"\n")
        line = self.lines.next(Deadline(f"guest {self.vm.name}'s answer to '{command}'", seconds))
        answer = json.loads(line)
        if "error" in answer:
            raise Failure(f"guest {self.vm.name}: '{command}': {answer['error']}")
        return answer

    def close(self):
        if self.serial:
            self.serial.close()


@dataclasses.dataclass(frozen=True)
class Nic:
    """A network interface: Ethernet addresses of its own and of whom it talks to, the back-end's
    socket, and options, of which only those count that are an interface's."""

    mac: str
    peer: str
    socket: pathlib.Path
    options: VmOptions


class Vm:
    """@name is a letter; @mac, @peer and @socket are of the first interface, @more are further
    ones (Nic)."""

    features_off = FEATURES_OFF

    def __init__(self, name, mac, peer, socket, image, workdir, options=VmOptions(), more=()):
        self.name = name
        self.options = options
        self.nics = [Nic(mac, peer, socket, options), *more]
        self.dimms = 0
        self.qmp = None
        self.qmp_path = workdir / f"{name}.qmp"
        self.console_path = workdir / f"guest-{name}.console"
        self.agents = [Agent(self, workdir / f"{name}{i or ''}.agent")
                       for i in range(len(self.nics))]
        self.process = Process(f"qemu-{name}", self.command(image), workdir)

    def nic_arguments(self, index):
        """QEMU's arguments for an interface and the serial port of its agent."""
        nic, options = self.nics[index], self.nics[index].options
        # vectors=0, no MSI-X: QEMU 7.2 under TCG crashes when a vhost-user device has it. Else one
        # for each queue, one for the control queue, and one for changes of the configuration.
        # page-per-vq=on: a host notifier needs a page of its own for each queue.
        device = (f"virtio-net-pci,id=nic{index},netdev=net{index},mac={nic.mac},"
                  f"disable-legacy=on,romfile=,"
                  f"vectors={2 * options.pairs + 2 if options.msix else 0},"
                  f"mq={on_off(options.pairs > 1)},packed={on_off(options.packed)},"
                  f"page-per-vq={on_off(options.notifier)},"
                  f"rx_queue_size={options.ring_size},tx_queue_size={options.ring_size},"
                  + ",".join(f"{feature}=off" for feature in self.features_off))
        device += f",host_mtu={options.mtu}" if options.mtu else ""
        back = f"socket,id=back{index},path={nic.socket}"
        # wait=off: else QEMU would not make the next socket before somebody came to this one.
        back += ",server=on,wait=off" if options.server else ""
        back += f",reconnect={options.reconnect}" if options.reconnect else ""
        return ["-chardev",
                f"socket,id=agent{index},path={self.agents[index].path},server=on,wait=off",
                "-device", f"isa-serial,chardev=agent{index},index={index + 1},"
                           f"irq={AGENT_IRQS[index]}",
                "-chardev", back,
                "-netdev", f"vhost-user,id=net{index},chardev=back{index},queues={options.pairs}",
                "-device", device]

    def command(self, image):
        kernel, initrd = image
        options = self.options
        maxmem = options.ram_kb + (options.slots * DIMM_MB << 10)
        return [*options.qemu, "-accel", "tcg", "-cpu", "max", "-nodefaults",
                "-machine", "q35,memory-backend=ram", "-display", "none",
                "-m", f"{options.ram_kb}K,slots={options.slots},maxmem={maxmem}K",
                "-object", json.dumps(self.memory("ram", options.ram_kb << 10)),
                "-kernel", str(kernel), "-initrd", str(initrd),
                # no_timer_check: without KVM Linux counts timer interrupts as it boots, and panics
                # if this machine was too busy to let enough of them through.
                "-append", "console=ttyS0 quiet nokaslr no_timer_check "
                + self.kernel_words(",".join(nic.peer for nic in self.nics)),
                "-serial", f"file:{self.console_path}",
                "-qmp", f"unix:{self.qmp_path},server=on,wait=off",
                *(word for i in range(len(self.nics)) for word in self.nic_arguments(i)),
                *(["-incoming", "defer"] if options.incoming else [])]

    def memory(self, name, size):
        """The object for so many bytes of the guest's memory; the back-end must see it, too."""
        return {"qom-type": "memory-backend-memfd", "id": name, "size": size, "share": True}

    def kernel_words(self, peers):
        """What the guest's init reads on the kernel's command line."""
        return f"agent.peers={peers}"

    def connect(self):
        self.qmp = Qmp(self.qmp_path, f"guest {self.name}", self.process.check)
        for agent in self.agents:
            agent.connect()

    def wait_ready(self, seconds=60):
        """Waits for the agents' first lines of a life."""
        for agent in self.agents:
            agent.wait_ready(seconds)

    def agent(self, command, seconds=10):
        """One command to the first interface's agent; returns its answer."""
        return self.agents[0].ask(command, seconds)

    def hot_add(self):
        """Adds one DIMM; returns how long QEMU was busy with it, in ms."""
        name = f"dimm{self.dimms}"
        self.qmp.command("object-add", **self.memory(f"hp-{name}", DIMM_MB << 20))
        try:
            # QEMU answers when the back-end has acknowledged SET_MEM_TABLE.
            took = self.timed("device_add", driver="pc-dimm", id=name, memdev=f"hp-{name}")
        except Failure:
            self.qmp.command("object-del", id=f"hp-{name}")
            raise
        self.dimms += 1
        return took

    def hot_unplug(self):
        """Takes the DIMM that came last; returns how long it took, in ms. The guest must have put
        it to use as movable memory."""
        name = f"dimm{self.dimms - 1}"
        begin = time.monotonic()
        self.qmp.command("device_del", id=name)
        self.qmp.event("DEVICE_DELETED", device=name)
        took = (time.monotonic() - begin) * 1000
        self.qmp.command("object-del", id=f"hp-{name}")
        self.dimms -= 1
        return took

    def timed(self, command, **arguments):
        """A QMP command; returns how long QEMU was busy with it, in ms."""
        begin = time.monotonic()
        self.qmp.command(command, **arguments)
        return (time.monotonic() - begin) * 1000

    def rx_ring(self, nic):
        """Where an interface's receive ring is."""
        # Not x-query-virtio-queue-status: that one asks vhost for the index and so stops the ring.
        return self.qmp.command("x-query-virtio-vhost-queue-status", queue=0,
                                path=f"/machine/peripheral/nic{nic}/virtio-backend")

    def words(self, address, count):
        """So many words of eight bytes of guest memory."""
        dump = self.qmp.command("human-monitor-command", **{
            "command-line": f"xp /{count}xg {address:#x}"})
        return [int(word, 16) for line in dump.splitlines()
                for word in line.split(":", 1)[1].split()]

    def rx_in_dimm(self, nic=0):
        """How many of an interface's receive ring's descriptors point to hot-added memory, and how
        many there are. Hot-added memory lies at 4 GiB and above, the rest below."""
        ring = self.rx_ring(nic)
        addresses = self.words(ring["desc-phys"], 2 * ring["num"])[::2]
        return sum(address >= HIGH_MEMORY for address in addresses), ring["num"]

    def rx_returned(self, nic=0):
        """A number that grows by one with each receive descriptor that comes back, while the guest
        takes none of them: the used index, or how many say that they are used (virtio 1.2, 2.7.8
        and 2.8.1). For a little-endian guest."""
        ring = self.rx_ring(nic)
        if not self.nics[nic].options.packed:
            at = ring["used-phys"]  # a multiple of 4; the index comes behind two bytes of flags
            return self.words(at & ~7, 1)[0] >> 8 * (at % 8) + 16 & 0xffff
        flags = [word >> 48 for word in self.words(ring["desc-phys"], 2 * ring["num"])[1::2]]
        return sum(flag >> 7 & 1 == flag >> 15 for flag in flags)

    def doorbell_pages(self):
        """Pages of the card that QEMU has mapped for its guest (host notifiers): a kick is then a
        store into the card's page and passes nobody else."""
        with open(f"/proc/{self.process.popen.pid}/maps", encoding="utf-8") as maps:
            return sum("/memfd:uverbs" in line for line in maps)

    def reset(self):
        self.qmp.command("system_reset")

    def stop(self):
        for connection in (self.qmp, *self.agents):
            if connection:
                connection.close()
        self.process.stop()
