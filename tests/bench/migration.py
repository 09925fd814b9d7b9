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
GAP = "gap at B ms"  # what the other guest hears of it: nothing
MOVES = 2  # there and back
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

    def measured(self):
        """The migrations, all under one name."""
        for step, figures in zip(self.steps[2:], self.figures):
            values = {text: float(figures.values[key]) for key, text in FIGURES.items()}
            if step.faults:
                values["faulty runs"] = 1
            yield {**step.as_dict(), "name": NAME, "values": values}


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
