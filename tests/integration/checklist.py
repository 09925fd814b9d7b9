# SPDX-License-Identifier: BSD-3-Clause
"""Scenarios in which drivers of such queues went wrong before. Each story names the ids of
doc/guides/checklist.md that it holds.

usage: checklist.py [STORY]...
"""
import os
import socket
import sys

import checklist_rig as cr
import dpdk
import frontend as fe
import pairs as fp
from rig import Rig, check
from rig_wait import until

WORKERS = "max_conf_threads=8"
PRE_CREATED = f"queues=2,queue_size={fe.RING_SIZE}"
WAYS = ["", WORKERS, PRE_CREATED, f"{WORKERS},{PRE_CREATED}"]
RINGS = (False, True)  # split, packed


def idle_objects(ours, number=0):
    """What the card has when a front-end has come and gone: counters of a queue stay."""
    before = ours.count_said(": cleanup: ")
    with ours.running(number, pairs=3):
        pass
    until("the front-end to be forgotten", 20, lambda: ours.count_said(": cleanup: ") > before)
    return ours.objects(number)


def mem_table_running(rig):
    """N1, V1: SET_MEM_TABLE with one region more while frames are on their way, and nothing else:
    all queues run, nothing is lost."""
    ours = cr.Ours(rig)
    for pairs in (1, 4):
        for packed in RINGS:
            with ours.running(pairs=pairs, packed=packed) as front:
                for _ in range(3):
                    for pair in range(pairs):
                        front.push(2 * pair + 1, 16, spread=True)
                    ours.add_region(front)
                    front.all_alive("after SET_MEM_TABLE")
                    front.account("after SET_MEM_TABLE")
                front.push(1, 16)
                ours.drop_regions(front)
                front.all_alive("after regions went")
                front.account("after regions went")
    ours.end()
    dpdk.card_is_content(rig)


def mem_table_100(rig):
    """N2: the same 100 times, inline, and with workers and pre-created queues; 10 times with
    either of them. The number of commands stays the same, and no object stays behind."""
    for devargs, turns in zip(WAYS, (50, 5, 5, 50)):
        with Rig("mem-table-100") as inner:
            ours = cr.Ours(inner, (devargs,))
            with ours.running(pairs=2) as front:
                costs, objects = [], ours.objects()
                for turn in range(turns):
                    mark = ours.mark()
                    ours.add_region(front)
                    ours.drop_regions(front)
                    front.barrier()  # a table is answered before the queues run
                    costs.append(len(ours.since(mark)))
                    if turn % 5 == 4:
                        front.all_alive(devargs)
                        front.account(devargs)
                usual = costs[-1]
                check(costs == [usual] * turns, f"{devargs}: commands of two tables: {costs}")
                until(f"{devargs}: objects to be as before, {objects}", 20,
                      lambda: ours.objects() == objects)
                print(f"'{devargs}': {usual} commands for two tables", flush=True)
            ours.end()
            dpdk.card_is_content(inner)


def restart_at_once(rig):
    """N6: a start that follows the stop without a pause, with workers, with pre-created queues, at
    600 us a command: every queue runs, each time."""
    ours = cr.Ours(rig, WAYS, latency={"default_us": 600})
    for number, devargs in enumerate(WAYS):
        with ours.running(number, pairs=2) as front:
            for _ in range(5):
                front.stop_rings()
                front.start_rings()
                front.all_alive(devargs)
                front.account(devargs)
    ours.end()


def probe_with_workers(rig):
    """N7: a worker that is told of work between its look and its sleep does it: the probe ends,
    and so does every stop, when commands take no time."""
    for _ in range(5):
        with Rig("workers") as inner:
            ours = cr.Ours(inner, (f"{WORKERS},queues=16,queue_size={fe.RING_SIZE}",))
            with ours.running(pairs=4) as front:
                for _ in range(20):
                    front.stop_rings()
                    front.start_rings()
                front.all_alive("after 20 restarts")
            ours.end()


def other_than_pre_created(rig):
    """N16, K12: the guest wants other queues than those that were made for it, with workers; three
    pairs, which is no power of two as the size of the receive table has to be."""
    ways = [f"{WORKERS},queues=4,queue_size=256", f"{WORKERS},queues=1,queue_size=64"]
    ours = cr.Ours(rig, ways)
    for number, devargs in enumerate(ways):
        before = idle_objects(ours, number)
        for packed in RINGS:
            for features in (0, fe.F_GUEST_CSUM):
                with ours.front(number, pairs=3, packed=packed) as front:
                    front.features |= features
                    front.start()
                    front.all_alive(devargs)
                    front.account(devargs)
        ours.await_state("waiting", number)
        until(f"the device to be as it was, {before}", 20,
              lambda: ours.objects(number) == before)
    ours.end()
    dpdk.card_is_content(rig)


def no_receive_queue(rig):
    """N14, D27: all receive queues go and come back; each leaves the receive table before its
    object goes (the card refuses to destroy a queue that is in a table, and says so)."""
    ours = cr.Ours(rig, capabilities=cr.NO_RESUME)
    for packed in RINGS:
        with ours.running(pairs=2, packed=packed) as front:
            counts = []
            for _ in range(10):
                mark = ours.mark()
                for queue in (0, 2):
                    front.disable(queue)
                commands = ours.since(mark)
                for queue in (0, 2):
                    front.enable(queue)
                counts.append(ours.objects())
                front.all_alive("with receive queues again")
                front.account("with receive queues again")
                check(sum(name.endswith("_RQT") for name in commands) >= 2,
                      f"queues stay in the receive table: {commands}")
            check(all(count == counts[0] for count in counts), f"objects: {counts}")
    ours.end()
    dpdk.card_is_content(rig)


def flapping(rig):
    """D1, D26: rings go off and on under load, as with ethtool -L; completions keep being told."""
    ours = cr.Ours(rig)
    for packed in RINGS:
        with ours.running(pairs=2, packed=packed) as front:
            for turn in range(40):
                for pair in (0, 1):
                    front.push(2 * pair + 1, min(8, front.rings[2 * pair + 1].room()), spread=True)
                queue = turn % 4
                front.disable(queue)
                front.enable(queue)
                for q in range(4):
                    front.kick(q)
                front.refill()
                front.look()
            front.account("after flapping")
            # Interrupts do come: nothing is found that was not told within the time of many polls.
            for fd in front.calls:
                try:
                    os.eventfd_read(fd)
                except BlockingIOError:
                    pass
            front.push(1, 1)
            until("the call of the sending queue", 20, lambda: _called(front.calls[1]))
            front.account("at the end")
    ours.end()
    dpdk.card_is_content(rig)


def _called(fd):
    try:
        return os.eventfd_read(fd) > 0
    except BlockingIOError:
        return False


def ghosts(rig):
    """D18: a guest with four pairs goes, one with a single pair comes: no queue of the first
    one."""
    for devargs in ("", WORKERS):
        with Rig("ghosts") as inner:
            ours = cr.Ours(inner, (devargs,))
            with ours.running(pairs=4):
                pass
            with ours.running() as front:
                check(ours.objects()["VIRTQ"] == 2, f"{ours.objects()['VIRTQ']} queues live")
                running = [virtq["index"] for virtq in ours.device()["virtqs"]
                           if virtq["stats"]["state"] == 2]
                check(running == [0, 1], f"queues {running} run")
                ours.add_region(front)
                check(ours.objects()["VIRTQ"] == 2, "a table has woken a queue")
            ours.end()


def second_start(rig):
    """D32: the same memory and rings again: no region is registered, no buffer, no queue pair, no
    completion queue is made."""
    ours = cr.Ours(rig)
    with ours.running(pairs=2) as front:
        front.stop_rings()
        mark = ours.mark()
        front.start_rings()
        commands = ours.since(mark)
        for name in ("REG_MR", "REG_UMEM", "CREATE_QP", "CREATE_CQ", "CREATE_MKEY",
                     "CREATE_GENERAL_OBJECT/VIRTIO_Q_COUNTERS"):
            check(name not in commands, f"{name} at the second start: {commands}")
        front.all_alive("at the second start")
        front.account("at the second start")
    ours.end()


def table_while_disabled(rig):
    """K4: a new memory table wakes no ring that is disabled; enabled, it goes on."""
    ours = cr.Ours(rig, ("",))
    for packed in RINGS:
        with ours.running(packed=packed) as front:
            for queue in (0, 1):
                front.disable(queue)
            front.push(1, 8)
            ours.add_region(front)
            check(front.silent(0.1), "a disabled ring moved")
            for queue in (0, 1):
                check(ours.stats(queue)["state"] != 2, f"queue {queue} is READY")
                front.enable(queue)
            front.all_alive("enabled")
            front.account("enabled")
    ours.end()


def ends(rig):
    """V8, K13: a connection that ends when all is stopped, when a ring is disabled, while queues
    fail, in the middle of its start: each object goes once, none stays, nothing waits for
    itself."""
    ours = cr.Ours(rig, (WORKERS,))
    before = idle_objects(ours)

    def stopped(front):
        front.stop_rings()
        front.stop_rings()

    def disabled(front):
        front.disable(0)

    def failing(front):
        for queue in range(front.nb_queues):
            ours.ctl("queue-error", "0", str(queue), "invalid-buffer")

    for act in (stopped, disabled, failing):
        with ours.running(pairs=3) as front:
            act(front)
        ours.await_state("waiting")
        until(f"objects to go, {act.__name__}", 20, lambda: ours.objects() == before)
    with ours.front() as front:
        nb_steps = len(front.steps())
    for number in range(0, nb_steps, 2):
        with ours.front() as front:
            for _, step in front.steps()[:number]:
                step()
        ours.await_state("waiting")
        until(f"objects to go, {number} messages", 20, lambda: ours.objects() == before)
    ours.end()


def memory_goes(rig):
    """V9: the queues stop before memory goes from under them: a region with buffers in use is
    removed, the front-end goes under traffic. The card has nothing to complain of."""
    ours = cr.Ours(rig)
    for packed in RINGS:
        with ours.running(packed=packed) as front:
            region = front.add_memory(cr.ADDED, 4 << 20)
            check(front.set_table([front.main, region]) == 0, "the table was refused")
            front.buffers, main = cr.ADDED, front.buffers
            front.all_alive("in the new region")
            front.account("in the new region")
            front.buffers = main
            while front.rings[0].out:  # the last buffers of the region come back
                front.push(1, min(front.rings[1].room(), len(front.rings[0].out)))
                front.until(lambda: not front.rings[0].out)
            front.account("before the region goes")
            ours.drop_regions(front)
            front.all_alive("without the region")
            front.push(1, front.rings[1].room())
            front.socket.close()
        ours.await_state("waiting")
    ours.end()
    dpdk.card_is_content(rig)


def ring_sizes(rig):
    """D12, K10: rings of other sizes, on a card that wants odd amounts of buffers for its
    queues."""
    card = {f"umem_{i}_buffer_param_{letter}": value
            for i in (1, 2, 3) for letter, value in (("a", 100 * i + 1), ("b", 4096 * i + 17))}
    ours = cr.Ours(rig, capabilities=card)
    usual = fe.RING_SIZE
    try:
        for size in (4, 8, 32, 128, 512, 1024):
            fe.RING_SIZE = size
            for packed in RINGS:
                with ours.running(packed=packed) as front:
                    for _ in range(3):
                        front.all_alive(f"size {size}")
                        front.account(f"size {size}")
                    ours.add_region(front)
                    front.all_alive(f"size {size}, after a table")
                    front.account(f"size {size}, after a table")
    finally:
        fe.RING_SIZE = usual
    ours.end()
    dpdk.card_is_content(rig)


def attach_twice(rig):
    """V13: a device that is attached already, a socket that is taken, a detach under traffic, and
    twice; then all is well again."""
    ours = cr.Ours(rig, ("", ""))
    other = rig.path("other")
    for words in (f"{ours.devices[0]} {other}", f"0000:09:00.0 {other}"):
        ours.app.ask(f"attach {words} server", r"testvdpa> ")
    check(not other.exists(), "a socket was made for a device that is attached, or is none")
    ours.app.ask(f"detach {ours.devices[1]}", r"testvdpa> ")
    ours.app.ask(f"attach {ours.devices[1]} {ours.socket(0)} server", r"testvdpa> ")
    check(ours.device(1)["state"] == "not attached", "two devices at one socket")
    front = ours.running(0)
    front.push(1, 16)
    for _ in range(2):
        ours.app.ask(f"detach {ours.devices[0]}", r"testvdpa> ")
    front.close()
    ours.app.ask(f"attach {ours.devices[0]} {ours.socket(0)} server", r"testvdpa> ")
    with ours.running(0):
        pass
    ours.await_state("waiting")
    ours.end(status=1)  # commands failed


def client(rig):
    """V11: the app as client, which connects again after the front-end went; each time with
    traffic. Detached while it tries."""
    ours = cr.Ours(rig)
    ours.app.ask(f"detach {ours.devices[0]}", r"testvdpa> ")
    path = str(rig.path("server"))
    for turn in range(3):
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(1)
        server.settimeout(20)
        if turn == 0:
            ours.app.ask(f"attach {ours.devices[0]} {path} client", r"testvdpa> ")
        connection, _ = server.accept()
        with fp.Front(connection, protocol=cr.PROTOCOL) as front:
            front.start()
            front.all_alive(f"connection {turn}")
            front.account(f"connection {turn}")
        server.close()
        os.unlink(path)
    ours.await_state("waiting")
    ours.app.ask(f"detach {ours.devices[0]}", r"testvdpa> ")
    check(ours.device()["state"] == "not attached", "it is attached still")
    ours.end()


STORIES = {f.__name__: f for f in (
    mem_table_running, mem_table_100, restart_at_once, probe_with_workers, other_than_pre_created,
    no_receive_queue, flapping, ghosts, second_start, table_while_disabled, ends, memory_goes,
    ring_sizes, attach_twice, client)}

if __name__ == "__main__":
    cr.main(STORIES, sys.argv[1:])
