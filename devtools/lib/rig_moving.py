# SPDX-License-Identifier: BSD-3-Clause
"""Guests that can be migrated, and what QEMU is told and asked for it."""
import json
import os

from rig_vm import FEATURES_OFF, Vm
from rig_wait import Failure, until

FINAL = {"completed", "failed", "cancelled"}
DOWNTIME_MS = 300  # as QEMU has it
COPIED = 3  # rounds: at the end of the second nothing is left of the first


class MovingVm(Vm):
    """A guest that can be migrated."""

    # Mergeable buffers: the guest's driver leaves the pages of a frame as the card wrote them.
    features_off = [feature for feature in FEATURES_OFF if feature != "mrg_rxbuf"]
    lives = 0

    def __init__(self, *arguments, twin=None):
        """@twin: the guest that is to move here with its memory, which is then not copied."""
        MovingVm.lives += 1
        self.twin = twin
        self.memfds = {name: os.dup(fd) for name, fd in twin.memfds.items()} if twin else {}
        super().__init__(*arguments)
        self.dimms = twin.dimms if twin else 0

    def kernel_words(self, peers):
        """Without 64 MB of bounce buffers: held frames need the room."""
        return f"{super().kernel_words(peers)} swiotlb=1024"

    def memory(self, name, size):
        """Files that another QEMU can open, and that are gone with those who have."""
        if name not in self.memfds:
            self.memfds[name] = os.memfd_create(name)
            os.ftruncate(self.memfds[name], size)
        return {"qom-type": "memory-backend-file", "id": name, "size": size, "share": True,
                "mem-path": f"/proc/{os.getpid()}/fd/{self.memfds[name]}"}

    def command(self, *arguments):
        """With the port that tells the agent whether it is where it was (agent_guest_place())."""
        place = f"isa-debugcon,chardev=place,readback={MovingVm.lives & 0xff}"
        command = [*super().command(*arguments), "-chardev", "null,id=place", "-device", place]
        for dimm in self.twin.qmp.command("query-memory-devices") if self.twin else []:
            dimm = dimm["data"]
            memdev = dimm["memdev"].rsplit("/", 1)[-1]
            command += ["-object", json.dumps(self.memory(memdev, dimm["size"])), "-device",
                        f"pc-dimm,id={dimm['id']},memdev={memdev},addr={dimm['addr']},"
                        f"slot={dimm['slot']}"]
        return command

    def stop(self):
        super().stop()
        while self.memfds:
            os.close(self.memfds.popitem()[1])

    def prepare(self, shared, return_path):
        """What both ends of a migration are told."""
        self.qmp.command("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": state} for name, state in
            (("events", True), ("return-path", return_path), ("x-ignore-shared", shared))])

    def pace(self, bandwidth, downtime_ms=DOWNTIME_MS):
        """Bytes a second, and the longest pause that the migration may end with; at any time."""
        self.qmp.command("migrate-set-parameters", **{"max-bandwidth": bandwidth,
                                                      "downtime-limit": downtime_ms})

    def migration(self):
        return self.qmp.command("query-migrate")

    def migrate_to(self, destination, uri, return_path=True):
        """Begins, at the pace that was set; await_end() tells how it ended. With the return path the
        source hears whether the destination has taken the guest."""
        for vm in (self, destination):
            vm.prepare(destination.twin is not None, return_path)
        destination.qmp.command("migrate-incoming", uri=uri)
        self.qmp.command("migrate", uri=uri)

    def await_copied(self):
        """Until each page has been copied once; the migration must not end with that."""
        def copied():
            self.must_migrate()
            return self.migration().get("ram", {}).get("dirty-sync-count", 0) >= COPIED
        until(f"{self.name}'s memory to be copied", 60, copied)

    def must_migrate(self):
        status = self.migration().get("status")
        if status in FINAL:
            raise Failure(f"the migration of {self.name} {status} too early")

    def await_end(self, seconds=20):
        """query-migrate's last answer; QEMU knows its figures a little after the end."""
        def ended():
            info = self.migration()
            if info.get("status") == "completed" and not info.get("total-time"):
                return None
            return info if info.get("status") in FINAL else None
        return until(f"the end of {self.name}'s migration", seconds, ended)


class StayingVm(MovingVm):
    """A guest that says nothing by itself: each frame of it on the wire is its agent's."""

    def kernel_words(self, peers):
        return f"{super().kernel_words(peers)} ipv6.disable=1"
