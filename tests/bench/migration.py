# SPDX-License-Identifier: BSD-3-Clause
"""Guest A moves to another host and back, through our driver on two emulated cards and through DPDK's
software vhost; see frontends.py."""
import os

from rig import Rig
from rig_hosts import TwoHosts
from rig_migrate import MigrationStory
from rig_wait import Failure
from software_hosts import SoftwareHosts, network

NAME = "migration"
CANCELLED = "migration cancelled"
UNREAD = "migration of unread frames"
HOT_ADDED = "memory hot-added, then migration"
GAP = "gap at B ms"  # what the other guest hears of it: nothing
MOVES = 4  # there and back, twice: how long QEMU lets A stand still differs by 100 ms and more
# Of rig_migrate's figures, those of which there is a median.
FIGURES = {"downtime_ms": "downtime ms", "total_ms": "total ms",
           "stop_resume_ms": "STOP to RESUME ms",
           "resume_frame_ms": "RESUME to A's first frame ms",
           "peer_gap_ms": GAP, "peer_lost": "excused B->A"}


class BenchStory(MigrationStory):
    def judge(self, step, numbers, dropped):
        """Where there is no card, nobody has counted what was dropped."""
        if isinstance(self.backend, TwoHosts):
            return super().judge(step, numbers, dropped)
        self.account(step, spans=((0, 0), (0, self.quiesce()[1]["sent"])))
        return step.directions[1]["excused"]

    def written(self):
        """Where there is no card the guest's ring tells."""
        return super().written() if self.backend.queues() else self.vms[0].rx_returned()

    def play(self):
        super().play()
        self.step(CANCELLED, self.cancel)
        self.step(UNREAD, self.unread)
        self.vms[0].agent("rebind virtio_net")  # a ring that has lost its place begins anew
        self.step(HOT_ADDED, self.hot_added)

    def measured(self):
        """All migrations; those to and fro under one name. One that was cancelled before A had to
        stop has the accounts of any other step."""
        by_step = {figures.name: figures.values for figures in self.figures}
        for step in self.steps[2:]:
            name = step.name if step.name in (CANCELLED, UNREAD, HOT_ADDED) else NAME
            told = {**step.as_dict(), "name": name}
            if step.name in by_step:
                told["values"] = {text: float(by_step[step.name][key])
                                  for key, text in FIGURES.items()
                                  if by_step[step.name].get(key) is not None}
                if step.faults:
                    told["values"]["faulty runs"] = 1
            yield told


def play(backend, image, rig, name, packed):
    story = BenchStory(backend, image, rig.dir,
                       lambda text: print(f"{name}: {text}", flush=True), MOVES, packed)
    try:
        story.play()
    except Failure as e:  # what was measured until then is told nevertheless
        print(f"{name}: the rest is not played: {e}", flush=True)
    finally:
        story.close()
        backend.abort()
    return list(story.measured())


def run(build, image, name, packed):
    """One to and fro with one back-end; returns its steps."""
    with Rig(f"migration-{name}") as rig:
        if name == "ours":
            return play(TwoHosts(build, rig.dir), image, rig, name, packed)
        with network(f"migration-{os.getpid()}") as namespace:
            return play(SoftwareHosts(rig.dir, namespace), image, rig, name, packed)
