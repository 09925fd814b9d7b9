# SPDX-License-Identifier: BSD-3-Clause
"""One guest: QEMU, its QMP, and the agent behind its second serial port."""
import dataclasses
import json
import time

from rig_process import Process
from rig_qmp import Qmp, connect
from rig_wait import Deadline, Failure, Lines

RAM_MB = 160
DIMM_MB = 128
RING_SIZE = 256
HIGH_MEMORY = 1 << 32
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
    pairs: int = 1  # of queues, of which the guest uses one until it is told otherwise
    mtu: int = 0  # that the guest is told; 0: none
    ram_kb: int = RAM_MB << 10
    ring_size: int = RING_SIZE
    incoming: bool = False  # waits for a migration


class Vm:
    """@name is a letter; @mac and @peer are Ethernet addresses; @socket is the back-end's."""

    features_off = FEATURES_OFF

    def __init__(self, name, mac, peer, socket, image, workdir, options=VmOptions()):
        self.name = name
        self.options = options
        self.dimms = 0
        self.qmp = self.serial = None
        self.qmp_path = workdir / f"{name}.qmp"
        self.serial_path = workdir / f"{name}.agent"
        self.console_path = workdir / f"guest-{name}.console"
        self.process = Process(f"qemu-{name}", self.command(mac, peer, socket, image), workdir)

    def command(self, mac, peer, socket, image):
        kernel, initrd = image
        # vectors=0: QEMU 7.2 under TCG crashes when a vhost-user device has MSI-X.
        # page-per-vq=on: a host notifier needs a page of its own for each queue.
        options = self.options
        nic = (f"virtio-net-pci,id=nic0,netdev=net0,mac={mac},disable-legacy=on,vectors=0,romfile=,"
               f"mq={on_off(options.pairs > 1)},packed={on_off(options.packed)},"
               f"page-per-vq={on_off(options.notifier)},"
               f"rx_queue_size={options.ring_size},tx_queue_size={options.ring_size},"
               + ",".join(f"{feature}=off" for feature in self.features_off))
        nic += f",host_mtu={options.mtu}" if options.mtu else ""
        back = f"socket,id=back,path={socket}"
        back += ",server=on" if options.server else ""
        back += f",reconnect={options.reconnect}" if options.reconnect else ""
        maxmem = options.ram_kb + (options.slots * DIMM_MB << 10)
        return ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-nodefaults",
                "-machine", "q35,memory-backend=ram", "-display", "none",
                "-m", f"{options.ram_kb}K,slots={options.slots},maxmem={maxmem}K",
                "-object", f"memory-backend-memfd,id=ram,size={options.ram_kb}K,share=on",
                "-kernel", str(kernel), "-initrd", str(initrd),
                "-append", f"console=ttyS0 quiet nokaslr {self.kernel_words(peer)}",
                "-serial", f"file:{self.console_path}",
                "-chardev", f"socket,id=agent,path={self.serial_path},server=on,wait=off",
                "-serial", "chardev:agent",
                "-qmp", f"unix:{self.qmp_path},server=on,wait=off",
                "-chardev", back,
                "-netdev", f"vhost-user,id=net0,chardev=back,queues={options.pairs}",
                "-device", nic, *(["-incoming", "defer"] if options.incoming else [])]

    def kernel_words(self, peer):
        """What the guest's init reads on the kernel's command line."""
        return f"agent.peer={peer}"

    def connect(self):
        self.qmp = Qmp(self.qmp_path, f"guest {self.name}", self.process.check)
        self.serial = connect(self.serial_path, f"guest {self.name}'s serial port",
                              self.process.check)
        self.lines = Lines(self.serial, f"guest {self.name}'s serial port",
                           self.process.check)

    def wait_ready(self, seconds=60):
        """Waits for the agent's first line of a life."""
        deadline = Deadline(f"guest {self.name}'s agent to be ready "
                            f"(console: {self.console_path})", seconds)
        while True:
            try:
                answer = json.loads(self.lines.next(deadline))
            except json.JSONDecodeError:
                continue  # what the firmware printed, or the tail of the former life
            if answer.get("ready"):
                return
            if "error" in answer:
                raise Failure(f"guest {self.name}: {answer['error']} "
                              f"(console: {self.console_path})")

    def agent(self, command, seconds=10):
        """One command to the agent; returns its answer."""
        self.process.check()
        self.serial.sendall(command.encode() + b"\n")
        line = self.lines.next(Deadline(f"guest {self.name}'s answer to '{command}'", seconds))
        answer = json.loads(line)
        if "error" in answer:
            raise Failure(f"guest {self.name}: '{command}': {answer['error']}")
        return answer

    def hot_add(self):
        """Adds one DIMM; returns how long QEMU was busy with it, in ms."""
        name = f"dimm{self.dimms}"
        self.qmp.command("object-add", **{"qom-type": "memory-backend-memfd", "id": f"hp-{name}",
                                          "size": DIMM_MB << 20, "share": True})
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

    def rx_in_dimm(self):
        """How many of the receive ring's descriptors point to hot-added memory, and how many there
        are; read from guest memory. Hot-added memory lies at 4 GiB and above, the rest below."""
        # Not x-query-virtio-queue-status: that one asks vhost for the index and so stops the ring.
        ring = self.qmp.command("x-query-virtio-vhost-queue-status", queue=0,
                                path="/machine/peripheral/nic0/virtio-backend")
        dump = self.qmp.command("human-monitor-command", **{
            "command-line": f"xp /{ring['num'] * 2}xg {ring['desc-phys']:#x}"})
        words = [int(word, 16) for line in dump.splitlines()
                 for word in line.split(":", 1)[1].split()]
        return sum(addr >= HIGH_MEMORY for addr in words[::2]), ring["num"]

    def doorbell_pages(self):
        """Pages of the card that QEMU has mapped for its guest (host notifiers): a kick is then a
        store into the card's page and passes nobody else."""
        with open(f"/proc/{self.process.popen.pid}/maps", encoding="utf-8") as maps:
            return sum("/memfd:uverbs" in line for line in maps)

    def reset(self):
        self.qmp.command("system_reset")

    def stop(self):
        for connection in (self.qmp, self.serial):
            if connection:
                connection.close()
        self.process.stop()
