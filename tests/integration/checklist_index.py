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
    """50 posted, 20 done, of one queue, and the next SUSPEND of it says so: 20 frames for 50
    receive buffers, or 50 frames for 20 of them (a looped port loses nothing, so 30 frames
    wait)."""
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


# --- the ways to stop and go on -------------------------------------------------------------------

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


def cases(base_of, all_queues):
    """Each way, ring and policy on each card; with both directions, or with one of them in turn."""
    for turn, card in enumerate(CARDS):
        with cr.Rig("index") as rig:
            ours = cr.Ours(rig, POLICIES, **card)
            for path in PATHS:
                turn += 1
                for packed in (False, True):
                    for number in (0, 1):
                        for queue in (1, 0) if all_queues else ((turn + number) % 2,):
                            case(ours, path, number, queue, packed, base_of(packed))
            ours.end()


def thread_case(rig):
    """N5, N19, K1, K15: the case of the thread that began it. 50 posted, 20 done when SUSPEND
    comes: nothing is lost, whatever stopped the queue."""
    cases(lambda packed: None, True)


def wrapped(rig):
    """N5: the same where the index wraps at 65535 (a packed ring's position: at its end) between
    what was done and what was fetched."""
    cases(lambda packed: NEAR_THE_END[packed], False)


# --- what the front-end asks, and when ------------------------------------------------------------

def variants(rig, card=None):
    """(app, front-end, packed) for each kind of ring, on a card with a function for each
    policy."""
    ours = cr.Ours(rig, POLICIES, **(card or {}))
    for packed in (False, True):
        for number in (0, 1):
            with ours.resting(number, packed=packed, base=NEAR_THE_END[packed]) as front:
                yield ours, front, number
    ours.end()


def places(front):
    front.look()
    return [ring.place() for ring in front.rings]


def get_after_reset(rig):
    """K2: the base can be read after the guest's reset, and again; the next life sets its own.
    (A status of 0 comes before GET_VRING_BASE in QEMU.)"""
    for ours, front, number in variants(rig):
        want = places(front)
        front.set_u64(fe.SET_STATUS, 0)
        front.barrier()
        for turn in (1, 2):
            got = [front.get_base(queue) for queue in (0, 1)]
            check(got == want, f"GET_VRING_BASE, turn {turn}, says {got}, the rings {want}")
        front.base = got
        front.start_rings()
        for queue in (0, 1):
            stats = ours.stats(queue, number)
            check(stats["resumed_used_index"] == want[queue], f"queue {queue} resumed at {stats}")
        front.all_alive("after the reset")
        front.account("after the reset")


def new_life(rig):
    """K3: 30 in flight when the guest resets; nothing of that reaches its next life, which has
    other features, and begins at 0. While a ring is disabled as well."""
    for ours, front, number in variants(rig):
        for suspended in (False, True):
            front.push(1, 30)
            ours.fault(id="early", action="stop-early", function=number, queue=1, chains=30)
            if suspended:
                front.disable(1)
            front.stop_rings()
            ours.no_faults("new life")
            front.sent, front.got = [], []
            front.features ^= fe.F_GUEST_CSUM
            front.set_u64(fe.SET_FEATURES, front.features)
            front.fresh_rings(fp.WRAP if front.packed else 0)
            front.start_rings()
            check(front.silent(0.05), "a fresh ring was written to")
            for queue in (0, 1):
                stats = ours.stats(queue, number)
                check(stats["resumed_avail_index"] == stats["resumed_used_index"] ==
                      front.base[queue], f"queue {queue} begins at {stats}")
            front.all_alive("in the next life")
            front.account("in the next life")
            front.until(lambda: not front.rings[1].out)


def new_life_by_chance(rig):
    """K3: the ring before stopped at 0 with 30 in flight (the first buffers of a receive queue,
    say), and the next one begins at 0, too. The front-end says so without GET_VRING_BASE: the
    ring was disabled, or runs and gets another address."""
    ours = cr.Ours(rig, POLICIES)
    for number in (0, 1):
        for packed in (False, True):
            for disabled in (True, False):
                with ours.front(number, packed=packed) as front:
                    front.start()
                    front.push(1, 30)
                    ours.fault(id="early", action="stop-early", function=number, queue=1, chains=30)
                    ring = front.rings[1]
                    if disabled:
                        front.disable(1)
                        ring.fresh(front.base[1])
                        front.vring_state(fe.SET_VRING_BASE, 1, front.base[1])
                        front.enable(1)
                    elif not packed:  # else its index would go on from the one before
                        ring.desc, ring.driver, ring.device = (
                            place + 0x80000 for place in (ring.desc, ring.driver, ring.device))
                        ring.fresh(front.base[1])
                        front.vring_address(1)
                        front.new_kick(1)
                        front.barrier()
                    else:
                        ours.ctl("fault", "clear")
                        continue
                    ours.no_faults("new life by chance")
                    front.sent, front.got = [], []
                    stats = ours.stats(1, number)
                    check(stats["resumed_avail_index"] == stats["resumed_used_index"] ==
                          front.base[1], f"packed {packed}, disabled {disabled}: begins at {stats}")
                    front.push(1, 40)
                    front.account(f"packed {packed}, disabled {disabled}")
    ours.end()


def set_while_running(rig):
    """SET_VRING_BASE of a running ring is refused: it moves neither the ring nor what is told when
    it stops."""
    for ours, front, number in variants(rig):
        for queue in (0, 1):
            front.vring_state(fe.SET_VRING_BASE, queue, 7)
            front.send(fe.SET_VRING_BASE, struct.pack("=II", queue, 7), flags=fe.NEED_REPLY)
            check(struct.unpack("=Q", front.receive(fe.SET_VRING_BASE)) != (0,), "it was taken")
        front.all_alive("after SET_VRING_BASE")
        front.account("after SET_VRING_BASE")
        want = places(front)
        got = front.stop_rings()
        check(got == want, f"GET_VRING_BASE says {got}, the rings {want}")


def no_base(rig):
    """D29: no SET_VRING_BASE at all: rings begin at 0 (packed: with wrap counter 1)."""
    ours = cr.Ours(rig)
    for packed in (False, True):
        with ours.front(packed=packed) as front:
            for name, step in front.steps():
                if not name.startswith("SET_VRING_BASE"):
                    step()
            for queue in (0, 1):
                stats = ours.stats(queue)
                check(stats["resumed_avail_index"] == stats["resumed_used_index"] ==
                      (fp.WRAP if packed else 0), f"packed {packed}: begins at {stats}")
            front.all_alive("without a base")
            front.account("without a base")
    ours.end()


def resent_while_running(rig):
    """SET_VRING_NUM, ADDR, KICK, CALL and ENABLE, one by one, while frames are on their way."""
    for ours, front, number in variants(rig):
        messages = {
            "SET_VRING_NUM": lambda q: front.vring_state(fe.SET_VRING_NUM, q, fe.RING_SIZE),
            "SET_VRING_ADDR": front.vring_address,
            "SET_VRING_KICK": front.new_kick,
            "SET_VRING_CALL": front.new_call,
            "SET_VRING_ENABLE": front.enable,
        }
        for name, message in messages.items():
            for turn in range(4):
                front.refill()
                front.push(1, min(20, front.rings[1].room()))
                message(turn % 2)
                front.kick(turn % 2)
            front.account(name)
            front.all_alive(name)
            front.account(name)


def no_answer(rig):
    """N4, D10, K16: SUSPEND, or QUERY, fails at the stop. A split ring tells by its used index
    where it is; a packed one cannot, and goes back to where it started. Told in the log and
    counted."""
    ways = {"SUSPEND": {"command": cr.MODIFY, "count": 2},
            "QUERY": {"command": cr.QUERY, "count": 2}}  # the driver tries twice
    for ours, front, number in variants(rig):
        for what, fault in ways.items():
            for path in (set_mem_table, disable_enable, get_set_base):
                front.stop_rings()  # so that a packed ring has just started
                front.start_rings()
                if not front.packed:
                    front.all_alive("before")
                    front.account("before")
                want = places(front)
                before = [ours.stats(queue, number)["index_fallbacks"] for queue in (0, 1)]
                ours.fault(id="no", action="fail", function=number, queue=1, status="INT_ERR",
                           **fault)
                path(ours, front, number, 1)
                front.barrier()
                ours.no_faults(f"{path.__name__}, {what}")
                stats = ours.stats(1, number)
                check(stats["saved_used_index"] == want[1], f"{path.__name__}, {what} failed: "
                      f"saved {stats}, the ring was at {want[1]}")
                check(stats["index_fallbacks"] > before[1], f"{what}: that was not counted")
                front.all_alive(f"{path.__name__}, {what} failed")
                front.account(f"{path.__name__}, {what} failed")
                print(f"{'packed' if front.packed else 'split'}, function {number}: "
                      f"{path.__name__}, {what} failed", flush=True)
        check(ours.said("the card gives no indices"), "the log does not tell")


def pulled_out(rig):
    """V14, N5: the card is pulled out while 30 are in flight. Split rings still tell where they
    are, and the guest goes on with another function."""
    ours = cr.Ours(rig, ("", ""))
    with ours.resting() as front:
        front.push(1, 30)
        ours.ctl("remove", "0")
        want = places(front)
        got = front.stop_rings()
        check(got == want, f"GET_VRING_BASE says {got}, the rings {want}")
        front.reconnect(ours.socket(1))
        front.start()
        front.account("with the other function")
        front.all_alive("with the other function")
    ours.await_state("waiting", 1)
    ours.app.send("quit")
    check(ours.app.wait(30) == 0, "the app did not end well")


def stop_under_traffic(rig):
    """D10, D25: whatever is on its way, the base is the ring's own used index; so it is of a ring
    that was disabled before, whose queue may be gone."""
    for ours, front, number in variants(rig):
        for turn in range(10):
            front.refill()
            front.push(1, min(40, front.rings[1].room()))
            if turn % 2:
                front.disable(turn // 2 % 2)
            got = front.stop_rings()
            want = places(front)
            check(got == want, f"GET_VRING_BASE says {got}, the rings {want}")
            front.start_rings()
        front.account("at the end")


STORIES = {f.__name__: f for f in (
    thread_case, wrapped, get_after_reset, new_life, new_life_by_chance, set_while_running,
    no_base, resent_while_running, no_answer, pulled_out, stop_under_traffic)}

if __name__ == "__main__":
    cr.main(STORIES, sys.argv[1:])
