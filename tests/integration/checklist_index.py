# SPDX-License-Identifier: BSD-3-Clause
"""Indices: wherever a queue stops, and however, it goes on where it was. Split and packed rings,
both policies of resume_index, cards with and without queues that can be resumed.

The rule is in doc/design/architecture.md, the ids (N5, D10, ...) in doc/guides/checklist.md.

usage: checklist_index.py [STORY]...
"""
import struct
import sys

import checklist_rig as cr
import frontend as fe
import pairs as fp
from rig import Failure, check
from rig_wait import until

POLICIES = ["resume_index=used", "resume_index=saved"]
CARDS = [{}, {"capabilities": cr.NO_RESUME}]
# Where rings begin, so that the place wraps between what was done and what was fetched: the
# 16-bit index of a split ring, the position in a packed one.
NEAR_THE_END = {False: 65500, True: 40}


def in_flight(ours, front, number, queue):
    """50 posted, 20 done, of one queue, and the next SUSPEND of it says so: 20 frames for 50 receive
    buffers, or 50 frames for 20 of them (a looped port loses nothing, so 30 frames wait)."""
    front.give(0, 20 if queue else 50)
    front.push(1, 50 if queue else 20)
    front.want_back(0, 3 + 20)
    front.want_back(1, 3 + 20)
    check(len(front.rings[queue].out) == 30, f"queue {queue} has {len(front.rings[queue].out)} out")
    ours.fault(id="early", action="stop-early", function=number, queue=queue, chains=30)


def goes_on(ours, path, front, number, queue, what):
    """Everything comes back once: what was in flight, and what is new. Only what firmware was told
    to keep in flight (resume_index=saved), and did not, may be missing."""
    ring = front.rings[queue]
    used = front.base0[queue]
    stats = ours.stats(queue, number)
    place = ring.add(used, 3 + 20)
    check(path is resent or stats["saved_used_index"] == place, f"{what}: saved used index "
          f"{stats['saved_used_index']}, but the ring was at {place}")
    given_up = number == 1 and stats["resumed_avail_index"] != stats["resumed_used_index"]
    if given_up:
        check(stats["resumed_avail_index"] == ring.add(place, 30), f"{what}: resumed at "
              f"{stats['resumed_avail_index']}, {stats['resumed_used_index']}")
    old = set(ring.out)
    front.give(0, 60 if queue else 30)
    front.push(1, 30)
    # What is new comes behind what was in flight, unless that is given up.
    front.want_back(queue, 3 + 20 + 30)
    missing = old & set(ring.out)
    check(not missing or given_up and len(missing) == 30, f"{what}: {len(missing)} of 30 in flight "
          "never came back")
    if not missing:
        front.push(1, 30)
        front.account(what)
    check(not ring.errors, f"{what}: {ring.errors}")


# --- the ways to stop and go on -----------------------------------------------------------------------

def set_mem_table(ours, front, number, queue):
    ours.add_region(front)


def mem_table_removed(ours, front, number, queue):
    """Adds a region before what counts, then removes it."""
    ours.drop_regions(front)


def disable_enable(ours, front, number, queue):
    front.disable(queue)
    front.enable(queue)


def get_set_base(ours, front, number, queue):
    bases = front.stop_rings()
    for ring, base in zip(front.rings, bases):
        front.look()
        check(base == ring.place(), f"queue {ring.queue}: GET_VRING_BASE says {base}, the ring "
              f"{ring.place()}")
    front.start_rings()


def error(ours, front, number, queue):
    """An error of the card, whose QUERY tells an available index that is ahead."""
    front.look()
    ring = front.rings[queue]
    ours.ctl("fault", "clear")
    ours.fault(id="ahead", action="bad-indices", function=number, queue=queue,
               available_index=ring.add(ring.place(), 30), used_index=ring.place())
    recoveries = ours.stats(queue, number)["recoveries"]
    ours.ctl("queue-error", str(number), str(queue), "invalid-buffer")
    until("the recovery", 20, lambda: ours.stats(queue, number)["recoveries"] > recoveries)
    until("the queue to run", 20, lambda: ours.stats(queue, number)["state"] == 2)


def reconnect(ours, front, number, queue):
    ours.reconnect(front, number)


def other_ring_size(ours, front, number, queue):
    """Stopped, and SET_VRING_NUM twice before it starts."""
    front.stop_rings()
    for q in (0, 1):
        front.vring_state(fe.SET_VRING_NUM, q, 2 * fe.RING_SIZE)
    front.start_rings()


def moved(ours, front, number, queue):
    """Stopped, and the rings are elsewhere; the size is told behind the address (K15)."""
    front.stop_rings()
    front.move_rings(0x80000)
    for q in (0, 1):
        front.vring_address(q)
    other_ring_size(ours, front, number, queue)


def resent(ours, front, number, queue):
    """What started the rings, sent again while they run."""
    for q in (0, 1):
        front.vring_state(fe.SET_VRING_NUM, q, fe.RING_SIZE)
        front.vring_address(q)
        front.new_kick(q)
        front.new_call(q)
        front.enable(q)
    front.kick(queue)


PATHS = [set_mem_table, mem_table_removed, disable_enable, get_set_base, error, reconnect,
         other_ring_size, moved, resent]


def case(ours, path, number, queue, packed, base=None):
    what = f"{path.__name__}, {'packed' if packed else 'split'}, {POLICIES[number]}, queue {queue}"
    with ours.resting(number, packed=packed, base=base) as front:
        front.base0 = list(front.base)
        if path is mem_table_removed:
            ours.add_region(front)
        mismatches = ours.stats(queue, number)["index_mismatches"]
        in_flight(ours, front, number, queue)
        path(ours, front, number, queue)
        if front.protocol & fe.PROTOCOL_STATUS:
            front.barrier()
        goes_on(ours, path, front, number, queue, what)
        if path is not resent:  # need not stop anything
            ours.no_faults(what)
        ours.ctl("fault", "clear")
        if path not in (reconnect, resent):
            stats = ours.stats(queue, number)
            check(stats["index_mismatches"] > mismatches, f"{what}: A != U was not counted")
    check(ours.said("30 entries in flight"), f"{what}: A != U was not told")
    print(what, flush=True)


def cases(rig_of, base_of):
    for card in CARDS:
        with cr.Rig("index") as rig:
            ours = cr.Ours(rig, POLICIES, **card)
            for path in rig_of:
                for packed in (False, True):
                    for number in (0, 1):
                        for queue in (1, 0):
                            case(ours, path, number, queue, packed, base_of(packed))
            ours.end()


def thread_case(rig):
    """N5 (a), (b), (c), K1: the case of the thread that began it. 50 posted, 20 done when SUSPEND
    comes: nothing is lost, whatever stopped the queue."""
    cases(PATHS, lambda packed: None)


def wrapped(rig):
    """N5: the same where the index wraps at 65535 (a packed ring's position: at its end) between
    what was done and what was fetched."""
    cases(PATHS, lambda packed: NEAR_THE_END[packed])


STORIES = {f.__name__: f for f in (thread_case, wrapped)}

if __name__ == "__main__":
    cr.main(STORIES, sys.argv[1:])
