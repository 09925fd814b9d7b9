# SPDX-License-Identifier: BSD-3-Clause
"""Dirty logging message by message: how many commands it takes, what is marked, and what becomes of
a log or a card that is no good.

usage: migrate_log.py STORY...
"""
import collections
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checklist_rig import MODIFY, Ours, fe, main  # noqa: E402
from rig import check  # noqa: E402

PROTOCOL = fe.PROTOCOL_MQ | fe.PROTOCOL_STATUS | fe.PROTOCOL_REPLY_ACK | fe.PROTOCOL_LOG_SHMFD
LOG_SIZE = fe.RAM_SIZE >> 15
NB_PAGES = fe.RAM_SIZE >> 12


def log(size=LOG_SIZE):
    return fe.Memory(0, size, 0)


def log_base(front, fd, size=LOG_SIZE, offset=0):
    """SET_LOG_BASE that may be refused. True: it was."""
    front.send(fe.SET_LOG_BASE, struct.pack("=QQ", size, offset), [fd], fe.NEED_REPLY)
    answer = front.receive(fe.SET_LOG_BASE)
    return answer != b"" and struct.unpack("=Q", answer)[0] != 0


def commands(ours, act):
    """What an action made of commands, by name."""
    mark = ours.mark()
    act()
    return dict(collections.Counter(ours.since(mark)))


def has(front):
    """Pages that are marked, of the log in use; they are not any more afterwards."""
    pages = front.dirty_pages()
    front.log.map[:] = bytes(front.log.size)
    return pages


def rest(front):
    """Everything that was sent has come back, and its marks are taken."""
    front.account("traffic")
    return has(front)


def ring_pages(front, queue):
    """What a card may write of a ring of 64."""
    ring = front.rings[queue]
    first, size = (ring.desc, 16 * fe.RING_SIZE) if front.packed else (ring.device, 4 + 8 * fe.RING_SIZE)
    return {page for page in range(first >> 12, (first + size - 1 >> 12) + 1)} | {ring.device >> 12}


def commands_exactly(r):
    """One command a queue and two for the log's keys, of each change; none for what stays."""
    ours = Ours(r, devargs=("queues=4,queue_size=64",))
    baseline = ours.objects()
    for packed in (False, True):
        front = ours.front(pairs=2, packed=packed, protocol=PROTOCOL)
        front.start()
        front.all_alive("at the start")
        front.log = log()
        front.set_log(front.log)
        for what in ("first", "second"):
            got = commands(ours, front.log_on)
            check(got == {MODIFY: 4, "REG_MR": 1, "CREATE_MKEY": 1}, f"{what} time on: {got}")
            check(ours.objects()["MKEY"] - baseline["MKEY"] == 4, f"{what}: {ours.objects()}")
            got = commands(ours, front.log_on)
            check(got == {}, f"on, and on again: {got}")
            got = commands(ours, lambda: front.set_log(front.log))
            check(got == {MODIFY: 4, "REG_MR": 1, "CREATE_MKEY": 1, "DEREG_MR": 1,
                          "DESTROY_MKEY": 1}, f"{what}, another log: {got}")
            got = commands(ours, front.log_off)
            check(got == {MODIFY: 4, "DEREG_MR": 1, "DESTROY_MKEY": 1}, f"{what} time off: {got}")
        front.log_on()
        front.all_alive("logging")
        front.close()
    ours.await_state("waiting")
    ours.end()


def marks_exactly(r):
    """What was written is marked, and nothing else."""
    ours = Ours(r)
    for packed in (False, True):
        front = ours.front(packed=packed, protocol=PROTOCOL)
        front.start()
        front.give(0, 3)
        front.log = log()
        front.set_log(front.log)
        front.log_on()
        check(has(front) == set(), "something is marked before anything was written")
        front.push(1, 3)
        front.want_back(0, 3)
        front.want_back(1, 3)
        buffers = {front.rings[0].address(slot) >> 12 for slot in range(3)}
        rings = ring_pages(front, 0) | ring_pages(front, 1)
        pages = has(front)
        check(buffers <= pages and pages <= buffers | rings, f"marked: {sorted(pages)}")
        front.disable(1)
        pages = has(front)
        check(pages == ring_pages(front, 1), f"queue 1 disabled: {sorted(pages)}")
        front.enable(1)
        pages = has(front)
        check(pages == {front.rings[1].device >> 12}, f"queue 1 enabled: {sorted(pages)}")
        front.stop_rings()
        check(has(front) == rings, "a stop does not mark the rings")
        front.close()
        ours.await_state("waiting")
    ours.end()


def before_start(r):
    """LOG_ALL in the first features, with the log before or behind the rings' start."""
    ours = Ours(r)
    for late in (False, True):
        front = ours.front(protocol=PROTOCOL)
        front.features |= fe.F_LOG_ALL
        front.log = log()
        steps = front.steps()
        if not late:
            steps.insert(6, ("SET_LOG_BASE", lambda f=front: f.set_log(f.log)))
        for _, step in steps:
            step()
        front.barrier()
        if late:
            front.set_log(front.log)
            # Nobody knows what was written before.
            check(len(has(front)) == NB_PAGES, "not everything is marked")
        front.give(0, 3)
        front.push(1, 3)
        front.want_back(0, 3)
        pages = has(front)
        check({front.rings[0].address(slot) >> 12 for slot in range(3)} <= pages < set(range(100, NB_PAGES)),
              f"marked: {sorted(pages)}")
        front.close()
        ours.await_state("waiting")
    ours.end()


def no_good(r):
    """Logs that cannot be used are refused, and the one before stays in force."""
    ours = Ours(r)
    front = ours.front(protocol=PROTOCOL)
    front.start()
    front.log = log()
    front.set_log(front.log)
    front.log_on()
    for what, size, offset in (("empty", 0, 0), ("too long", LOG_SIZE + 1, 0),
                               ("behind its file", LOG_SIZE, 4096), ("at no page", 64, 8)):
        check(log_base(front, front.log.fd, size, offset), f"a log that is {what} was taken")
    front.give(0, 3)
    front.push(1, 3)
    front.want_back(0, 3)
    check(front.rings[0].address(0) >> 12 in has(front), "the log before is not in force")
    small = log(64)
    check(not log_base(front, small.fd, 64), "a small log was refused")
    front.give(0, 3)
    front.push(1, 3)
    front.want_back(0, 6)
    front.stop_rings()
    check(small.map[:] == b"\xff" * 64, "a log too small for the memory is not filled")
    check(has(front) == set(), "the log before is still written")
    small.close()
    front.close()
    ours.await_state("waiting")
    ours.end()


def refused(r):
    """Firmware that refuses once takes two commands; one that refuses always logs nothing, and a stop
    marks everything. Keys that cannot be made are the same."""
    ours = Ours(r)
    front = ours.front(protocol=PROTOCOL)
    front.start()
    front.log = log()
    front.set_log(front.log)
    ours.fault(command=MODIFY, status=3, count=1)
    got = commands(ours, front.log_on)
    ours.no_faults("refused once")
    check(got[MODIFY] in (4, 5), f"two queues, one refusal: {got}")
    got = commands(ours, front.log_off)
    check(got[MODIFY] == 4, f"off in two steps: {got}")
    for command in (MODIFY, "CREATE_MKEY", "REG_MR"):
        ours.fault(command=command, status=3, count=1000)
        front.log_on()
        ours.no_faults(command)
        front.give(0, 3)
        front.push(1, 3)
        front.want_back(0, front.rings[0].nb_posted)
        has(front)
        front.stop_rings()
        check(len(has(front)) == NB_PAGES, f"{command} refused: not everything is marked")
        front.log_off()
        front.start_rings()
        check(has(front) == set(), "marked although nobody wants it")
    front.log_on()
    front.give(0, 3)
    front.push(1, 3)
    front.want_back(0, front.rings[0].nb_posted)
    check(0 < len(has(front)) < 100, "no logging after all that")
    front.close()
    ours.await_state("waiting")
    ours.end()


STORIES = {name: story for name, story in globals().items()
           if name in ("commands_exactly", "marks_exactly", "before_start", "no_good", "refused")}

if __name__ == "__main__":
    main(STORIES, sys.argv[1:])
