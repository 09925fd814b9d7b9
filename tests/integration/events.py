# SPDX-License-Identifier: BSD-3-Clause
"""Events: the ways in which used entries are told of (event_mode 0, 1, 2), guests that poll, kicks
that are relayed, and queues that firmware gives up. Ids (D14, N20, ...) are those of
doc/guides/checklist.md.

usage: events.py [STORY]...
"""
import mmap
import os
import select
import socket
import struct
import sys
import threading
import time

import checklist_rig as cr
import frontend as fe
from rig import check
from rig_wait import until

CALL_TIMEOUT = 30.0
NO_MSIX = {"capabilities": {"event_mode_no_msix": True}}


def drain(fd):
    try:
        os.eventfd_read(fd)
    except BlockingIOError:
        pass


def await_calls(front, wanted, what):
    """Queue q has returned wanted[q] since it was fresh, and every step of that was told by a call:
    nobody looks at the ring unless the call file says so."""
    missing = set(wanted)
    deadline = time.monotonic() + CALL_TIMEOUT
    while missing:
        ready = select.select([front.calls[q] for q in missing], [], [],
                              max(0, deadline - time.monotonic()))[0]
        front.look()
        check(ready, f"{what}: no call for queues {sorted(missing)}, which have returned "
              f"{[front.back(q) for q in sorted(missing)]} of {[wanted[q] for q in sorted(missing)]}")
        for q in [q for q in missing if front.calls[q] in ready]:
            drain(front.calls[q])
            front.look()
            if front.back(q) >= wanted[q]:
                missing.discard(q)


def bursts(front, numbers, pause, what):
    """Bursts of frames; the guest sleeps until it is called for each."""
    for number in numbers:
        for call in front.calls:
            drain(call)
        front.look()
        wanted = {0: front.back(0) + number, 1: front.back(1) + number}
        front.give(0, number)
        front.push(1, number)
        await_calls(front, wanted, f"{what}, a burst of {number}")
        time.sleep(pause)  # the traffic's own rhythm, not a wait for anything
    front.account(what)


def play_modes(rig, devargs):
    ours = cr.Ours(rig, devargs)
    for number, args in enumerate(devargs):
        front = ours.front(number)
        front.start()
        bursts(front, [1, 1, 30, 2, 60, 1], 0, args)
        bursts(front, [1, 5, 1], 0.05, args)
        front.stop_rings()  # and goes on: D1, nothing of the life before is taken for new
        front.start_rings()
        bursts(front, [1, 20, 1], 0.01, f"{args}, started again")
        for queue in (0, 1):
            front.disable(queue)
            front.enable(queue)
        bursts(front, [1, 20, 1], 0.01, f"{args}, enabled again")
        front.close()
    ours.end()


def modes_timer(rig):
    """D14, modes 0 and 1: calls come in the middle of traffic and after pauses of any length."""
    play_modes(rig, ["event_mode=0", "event_mode=0,event_us=100,no_traffic_time=3", "event_mode=1",
                     "event_mode=1,event_us=500,no_traffic_time=0",
                     "event_mode=1,event_us=200,event_core=0"])


def modes_card(rig):
    """Mode 2, and the card's own moderation, which comes on top of any."""
    play_modes(rig, ["event_mode=2",
                     "event_mode=2,hw_latency_mode=1,hw_max_latency_us=500,hw_max_pending_comp=8",
                     "event_mode=1,event_us=50,hw_latency_mode=2,hw_max_latency_us=100,"
                     "hw_max_pending_comp=64"])


def busy_seconds(pid):
    """CPU time of the thread mvdpa-event of the process."""
    seconds = 0.0
    for task in os.scandir(f"/proc/{pid}/task"):
        with open(f"{task.path}/stat") as stat:
            text = stat.read()
        if "(mvdpa-event)" in text:
            fields = text.rpartition(")")[2].split()
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def idle(rig):
    """A timer of 0 us looks without a pause while there is traffic; without, nobody is busy."""
    ours = cr.Ours(rig, ["event_mode=1,event_us=0,no_traffic_time=1000"])
    front = ours.running()
    pid = next(int(task) for task in os.listdir("/proc") if task.isdigit()
               and "testvdpa" in comm(task) and str(rig.path("")).rstrip("/") == cwd(task))
    before = busy_seconds(pid)
    time.sleep(1)
    spent = busy_seconds(pid) - before
    check(spent < 0.2, f"the thread was busy for {spent} of 1 s without traffic")
    bursts(front, [1, 10], 0, "after the silence")
    front.close()
    ours.end()


def comm(task):
    try:
        with open(f"/proc/{task}/comm") as text:
            return text.read()
    except OSError:
        return ""


def cwd(task):
    try:
        return os.readlink(f"/proc/{task}/cwd")
    except OSError:
        return ""


# --- doorbells ------------------------------------------------------------------------------------

def doorbells(rig):
    """D6, D20: a doorbell in the middle of its page; no write-combining page to be had; none wanted."""
    offset = {"capabilities": {"doorbell_bar_offset": 0x13340}}
    refuse = {"faults": [{"id": "no-bf", "action": "fail", "command": "ALLOC_UAR", "nth": 2,
                          "status": "NO_RES"}]}
    for devargs, card in (("", offset), ("", refuse), ("sq_db_nc=1", offset)):
        with cr.Rig("doorbells") as own:
            ours = cr.Ours(own, [devargs], **card)
            if "faults" in card:
                ours.no_faults("refusing the page")
            check(ours.said("not write-combining") == (card is refuse or devargs != ""),
                  f"{devargs} {card}: the page")
            front = ours.front()
            front.start()
            bursts(front, [1, 40, 1], 0.01, f"{devargs} {card}")
            front.close()
            ours.end()


BACKEND_REQ, SEND_FD, HOST_NOTIFIER = 1 << 5, 1 << 10, 1 << 11
SET_BACKEND_REQ_FD, BACKEND_HOST_NOTIFIER = 21, 3


class Doorbell:
    """What a front-end does when it is offered the host notifier, in a thread of its own: maps
    the page, and says yes."""

    def __init__(self, channel, wanted):
        self.channel, self.wanted = channel, wanted
        self.pages = {}  # of each queue
        self.done = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while len(self.pages) < self.wanted:
            data, fds, _, _ = socket.recv_fds(self.channel, 12 + 24, 1)
            if not data:
                return
            request, _, _ = struct.unpack_from("=III", data)
            check(request == BACKEND_HOST_NOTIFIER, f"request {request}")
            queue, size, offset = struct.unpack_from("=QQQ", data, 12)
            if fds:  # vhost takes an offer back by one without a file
                self.pages[queue & 0xFF] = mmap.mmap(fds[0], size, offset=offset)
                os.close(fds[0])
            self.channel.sendall(struct.pack("=IIIQ", request, fe.VERSION | fe.REPLY, 8, 0))
        self.done.set()

    def ring(self, queue):
        struct.pack_into("<I", self.pages[queue], 0, queue)


def with_notifier(ours):
    mine, theirs = socket.socketpair()
    front = ours.front(protocol=cr.PROTOCOL | BACKEND_REQ | SEND_FD | HOST_NOTIFIER)
    for name, step in front.steps():
        step()
        if name == "SET_PROTOCOL_FEATURES":
            front.send(SET_BACKEND_REQ_FD, struct.pack("=Q", 0), [theirs.fileno()])
    theirs.close()
    return front, Doorbell(mine, 2)


def notifier(rig):
    """The front-end takes the doorbell page: it rings by itself, kicks are relayed all the same
    (QEMU may take the page back at any time), and no second offer comes for them. A doorbell that
    does not lie where a guest writes to is not offered (D6)."""
    ours = cr.Ours(rig, [""])
    front, doorbell = with_notifier(ours)
    front.all_alive("relayed")
    check(doorbell.done.wait(30), f"offered for {sorted(doorbell.pages)} of two queues")
    relay, front.kick = front.kick, doorbell.ring
    front.all_alive("rung by the front-end")
    bursts(front, [1, 20, 1], 0.01, "rung by the front-end")
    front.kick = lambda queue: (relay(queue), doorbell.ring(queue))
    front.all_alive("both")
    front.kick = relay
    bursts(front, [1, 20, 1], 0.01, "relayed again")
    front.close()
    ours.end()
    with cr.Rig("notifier-in-page") as own:
        ours = cr.Ours(own, [""], capabilities={"doorbell_bar_offset": 0x340})
        front, doorbell = with_notifier(ours)
        bursts(front, [1, 20, 1], 0.01, "relayed, nothing is offered")
        until("the offer to be left out", 30, lambda: ours.said("kicks are relayed"))
        check(not doorbell.pages, "a page was offered that has its doorbell elsewhere")
        front.close()
        ours.end()


# --- guests that poll -----------------------------------------------------------------------------

def polled_start(ours, polled, number=0):
    front = ours.front(number)
    front.polled = set(polled)
    front.start()
    return front


def spent(ours, mark):
    """How many event objects were made since."""
    names = ours.since(mark)
    return names.count("CREATE_QP"), names.count("CREATE_CQ")


def called(front, queue):
    return bool(select.select([front.calls[queue]], [], [], 0)[0])


def polling(rig):
    """D30: all queues poll; start and stop work, without QPs and CQs where the card needs none. A
    call file that comes later is used, one that goes is not."""
    ours = cr.Ours(rig, [""], **NO_MSIX)
    mark = ours.mark()
    front = polled_start(ours, [fe.SET_VRING_CALL])
    front.all_alive("without call files")
    front.account("without call files")
    for _ in range(3):
        front.stop_rings()
        front.start_rings()
        front.all_alive("without call files, again")
    check(spent(ours, mark) == (0, 0), f"QPs and CQs were made: {spent(ours, mark)}")
    front.account("without call files, again")

    front.polled.clear()
    for queue in (0, 1):
        front.new_call(queue)
    front.barrier()
    bursts(front, [1, 20, 1], 0.01, "call files came")
    check(spent(ours, mark) == (4, 2), f"QPs and CQs: {spent(ours, mark)}")

    for queue in (0, 1):
        front.vring_no_fd(fe.SET_VRING_CALL, queue)
        front.barrier()
        drain(front.calls[queue])
    front.all_alive("call files went")
    front.account("call files went")
    check(not called(front, 0) and not called(front, 1), "a call file was used that had gone")
    front.close()
    ours.end()


def polling_elsewhere(rig):
    """The same guest on a card without the mode: nobody is called, everything runs."""
    ours = cr.Ours(rig, ["event_mode=2", "event_mode=1"])
    for number in (0, 1):
        front = polled_start(ours, [fe.SET_VRING_CALL], number)
        for _ in range(3):
            for _ in range(8):  # more than the event QP has room for
                front.all_alive("without call files")
            front.stop_rings()
            front.start_rings()
        front.polled.clear()
        for queue in (0, 1):
            front.new_call(queue)
        front.barrier()
        bursts(front, [1, 20, 1], 0.01, "call files came")
        front.close()
    ours.end()


def no_kicks(rig):
    """A guest that gives no kick file: the ring is looked at all the same; a kick file that comes
    later is used. With and without call files."""
    ours = cr.Ours(rig, ["", ""], **NO_MSIX)
    for number, polled in enumerate([{fe.SET_VRING_KICK}, {fe.SET_VRING_KICK, fe.SET_VRING_CALL}]):
        front = polled_start(ours, polled, number)
        real, front.kick = front.kick, lambda queue: None
        front.all_alive("without kick files")
        front.account("without kick files")
        front.stop_rings()
        front.start_rings()
        front.all_alive("without kick files, again")
        front.polled.discard(fe.SET_VRING_KICK)
        for queue in (0, 1):
            front.new_kick(queue)
        front.barrier()
        front.kick = real
        front.all_alive("kick files came")
        front.account("kick files came")
        front.close()
    ours.end()


# --- queues that fail -----------------------------------------------------------------------------

def fail(ours, queue=1, number=0):
    ours.ctl("queue-error", str(number), str(queue), "invalid-buffer")


def fail_and_recover(ours, front, queue, times, what):
    before = ours.stats(queue)["recoveries"]
    for turn in range(times):
        fail(ours, queue)
        until(f"{what}: queue {queue} to be recovered, {turn + 1} of {times}", 30,
              lambda: ours.stats(queue)["recoveries"] == before + turn + 1
              and ours.stats(queue)["state"] == 2)
        front.all_alive(what)
    front.account(what)


def give_up(ours, front, queue, what):
    """One error more than is forgiven."""
    ups = ours.stats(queue)["give_ups"]
    fail(ours, queue)
    until(f"{what}: queue {queue} to be given up", 30,
          lambda: ours.stats(queue)["give_ups"] == ups + 1)
    check(ours.stats(queue)["down"] == 1, f"{what}: queue {queue} is not down")
    check(queue not in front.alive(0.3), f"{what}: a queue that is down does something")


def recovery(rig):
    """D22, N20: once: recovered; three times in three seconds: the same; the fourth: down, until the
    front-end enables the ring, or sends another file; three quiet seconds: as new. Nothing is lost."""
    ours = cr.Ours(rig, [""])
    front = ours.running()
    wishes = [lambda q: (front.disable(q), front.enable(q)), front.new_kick, front.new_call,
              lambda q: (front.stop_rings(), front.start_rings()), lambda q: ours.add_region(front)]
    for turn, wish in enumerate(wishes):
        queue = 1 if turn % 2 == 0 else 0
        fail_and_recover(ours, front, queue, 3, f"turn {turn}")
        give_up(ours, front, queue, f"turn {turn}")
        wish(queue)
        front.barrier()
        until("the queue to be up", 30, lambda: ours.stats(queue)["state"] == 2)
        check(ours.stats(queue)["down"] == 0, f"turn {turn}: the queue is still called down")
        front.all_alive(f"turn {turn}, brought back")
        front.account(f"turn {turn}, brought back")
    check(rig.path("app.log").read_text().count("too many errors") == len(wishes),
          "giving up is told once each time")
    fail_and_recover(ours, front, 1, 3, "before the silence")
    time.sleep(3.1)  # the three seconds themselves
    fail_and_recover(ours, front, 1, 3, "after the silence")
    front.close()
    ours.end()


def recovery_indices(rig):
    """D22: where a queue was when it failed, it goes on, with entries in flight; packed, too."""
    for packed in (False, True):
        with cr.Rig(f"recovery-indices-{packed}") as own:
            ours = cr.Ours(own, [""])
            front = ours.resting(packed=packed)
            front.push(1, 40)  # frames without a receive buffer: they stay
            for turn in range(3):
                fail(ours, 1)
                until("a recovery", 30, lambda: ours.stats(1)["recoveries"] == turn + 1
                      and ours.stats(1)["state"] == 2)
            front.give(0, 60)
            front.want_back(1, 43)
            front.account("recovered")
            front.close()
            ours.end()


def recovery_events(rig):
    """An error whose event is late, comes twice, or comes when the queue is another one (suspended
    and resumed, or stopped): no healthy queue is touched, no failed one stays dead."""
    ours = cr.Ours(rig, [""])
    front = ours.running()
    ours.fault(action="event-repeat", times=5)
    fail_and_recover(ours, front, 1, 1, "told of six times")
    check(ours.stats(1)["recoveries"] == 1, "one error, several recoveries")
    ours.no_faults("repeat")
    fail_and_recover(ours, front, 1, 2, "before giving up")
    ours.fault(action="event-repeat", times=5)
    give_up(ours, front, 1, "told of six times")
    ours.no_faults("repeat")
    check(not ours.said("recover: 0 queues"), "an event that was an old one is called a flow")
    front.new_kick(1)
    front.barrier()
    for resume in ("enable", "start"):
        front.all_alive("before")
        ours.fault(action="event-delay", delay="300ms")
        recoveries = ours.stats(1)["recoveries"]
        fail(ours, 1)
        if resume == "enable":
            front.disable(1)
            front.enable(1)
        else:
            front.stop_rings()
            front.start_rings()
        front.all_alive(f"{resume} before the event")
        time.sleep(0.5)  # the event comes in this time, and must do nothing
        front.all_alive(f"{resume} after the event")
        front.account(f"{resume} after the event")
        check(ours.stats(1)["recoveries"] == recoveries, "an old event was taken for a new one")
        ours.no_faults("delay")
    front.close()
    ours.end()


def recovery_races(rig):
    """N17, D2: errors and kicks without end while the device is stopped, started and given other
    memory; each queue is alive afterwards, or down for too many errors and told so."""
    ours = cr.Ours(rig, [""])
    front = ours.running()
    stop = threading.Event()

    def kick():
        while not stop.is_set():
            for fd in list(front.kicks):
                os.eventfd_write(fd, 1)
            time.sleep(0.0002)

    kicker = threading.Thread(target=kick)
    kicker.start()
    try:
        for turn in range(12):
            if ours.stats(turn % 2)["state"] == 2:  # it is down for too many errors otherwise
                fail(ours, turn % 2)
            if turn % 3 == 0:
                ours.add_region(front)
            elif turn % 3 == 1:
                front.disable(turn % 2)
                front.enable(turn % 2)
            else:
                front.stop_rings()
                front.start_rings()
    finally:
        stop.set()
        kicker.join()
    front.stop_rings()
    front.start_rings()
    front.all_alive("after the races")
    front.account("after the races")
    front.close()
    ours.end()


def events_break(rig):
    """The way of a queue's events breaks, which the queue itself does not notice: its guest is called
    again soon, by new event objects; as bounded as other errors. Also while the ring is stopped."""
    for devargs in ("", "event_mode=1,event_us=100"):
        with cr.Rig("events-break") as own:
            ours = cr.Ours(own, [devargs])
            front = ours.front()
            front.start()
            bursts(front, [1, 3], 0.01, "before")
            for turn, what in enumerate(("qp", "cq", "cq")):
                queue = turn % 2
                ours.ctl("event-error", "0", str(queue), what)
                for _ in range(2):  # the error of a QP is seen at the next completion
                    front.give(0, 2)
                    front.push(1, 2)
                until(f"queue {queue} to get new events after its {what} broke", 30,
                      lambda: ours.stats(queue)["recoveries"] == (turn + 2) // 2)
                until("the queue to be up", 30, lambda: ours.stats(queue)["state"] == 2)
                front.account(f"{what} of queue {queue} broke")
                bursts(front, [1, 20, 1], 0.01, f"{what} of queue {queue} broke")
            for queue in (0, 1):  # broken, but stopped before anybody acts on it
                ours.ctl("event-error", "0", str(queue), "cq")
            front.stop_rings()
            front.start_rings()
            bursts(front, [1, 20, 1], 0.01, "broke right before a stop")
            front.close()
            ours.end()


def others_run(rig):
    """While one queue is repaired, with commands that take their time, another guest's queue on the
    same device carries on: its kicks are relayed and it is called."""
    ours = cr.Ours(rig, [""])
    front = ours.running(pairs=2)
    ours.ctl("latency", "default_us=60000")
    fail(ours, 3)
    before = time.monotonic()
    rounds = 0
    while not ours.said("queue 3: recovered"):  # the statistics would wait for the repair
        front.look()
        wanted = {0: front.back(0) + 1, 1: front.back(1) + 1}
        for call in front.calls:
            drain(call)
        front.give(0, 1)
        front.push(1, 1)
        await_calls(front, wanted, "during a repair")
        rounds += 1
        check(time.monotonic() - before < 60, "the repair does not end")
    check(rounds >= 2, f"only {rounds} rounds during a repair")
    ours.ctl("latency", "profile=none")
    front.all_alive("repaired")
    front.account("repaired")
    front.close()
    ours.end()


STORIES = {story.__name__: story for story in (
    modes_timer, modes_card, idle, doorbells, notifier, polling, polling_elsewhere, no_kicks, recovery,
    recovery_indices, recovery_events, recovery_races, events_break, others_run)}

cr.main(STORIES, sys.argv[1:])
