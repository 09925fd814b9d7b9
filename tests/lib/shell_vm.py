# SPDX-License-Identifier: BSD-3-Clause
"""A guest in QEMU that runs the test's own commands (tests/e2e/guest/shell)."""
from rig_vm import Vm
from rig_wait import Deadline, Failure

# virtio 1.2, 5.1.3 and 6: bits as /sys/bus/virtio/devices/virtioN/features shows them, 0 first.
FEATURES = {"CSUM": 0, "GUEST_CSUM": 1, "GUEST_TSO4": 7, "GUEST_TSO6": 8, "HOST_TSO4": 11,
            "HOST_TSO6": 12, "MRG_RXBUF": 15, "RING_PACKED": 34}


class ShellVm(Vm):
    """All offloads are left to the back-end to offer; a virtual machine without them would not
    test it."""

    features_off = ["indirect_desc", "event_idx"]

    def kernel_words(self, peers):
        return "guest.shell"

    def shell(self, command, seconds=30):
        """Runs one line in the guest's shell; returns its output. A status other than 0 fails."""
        self.process.check()
        self.agents[0].serial.sendall(command.encode() + b"\n")
        deadline = Deadline(f"guest {self.name}: '{command}'", seconds)
        output = []
        while True:
            line = self.agents[0].lines.next(deadline)
            if line.startswith("=== "):
                break
            output.append(line)
        if line != "=== 0":
            raise Failure(f"guest {self.name}: '{command}': status {line[4:]}: {' | '.join(output)}")
        return "\n".join(output)

    def features(self):
        """Names of the features of FEATURES that were negotiated."""
        bits = self.shell("cat /sys/class/net/eth0/device/features")
        return {name for name, bit in FEATURES.items() if bits[bit] == "1"}
