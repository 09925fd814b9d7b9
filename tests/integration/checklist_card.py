# SPDX-License-Identifier: BSD-3-Clause
"""More of the checklist: limits and kinds of cards, time, and the dirty log at the stop. Each story
names the ids of doc/guides/checklist.md that it holds.

usage: checklist_card.py [STORY]...
"""
import os
import re
import sys
import threading
import time

import checklist_rig as cr
import dpdk
import frontend as fe
import pairs as fp
from rig import Rig, check
from rig_wait import until

LOGGING = cr.PROTOCOL | fe.PROTOCOL_LOG_SHMFD
KEY = bytes.fromhex("6d5a") * 20  # the driver's Toeplitz key


def limits(rig):
    """D5, N15: all pairs of a card, and no more are offered; more pre-created pairs than it has
    are no reason to fail, or to crash."""
    ours = cr.Ours(rig, ("", "queues=3,queue_size=64", "queues=4,queue_size=64",
                         "queues=5,queue_size=64", "queues=128,queue_size=64"),
                   capabilities={"max_num_virtio_queues": 8})
    for number in range(len(ours.devices)):
        check(ours.device(number)["max_virtqs"] == 8, "the device has other queues than the card")
        with ours.front(number, pairs=4) as front:
            check(front.ask_u64(fe.GET_QUEUE_NUM) == 4, "GET_QUEUE_NUM does not say 4 pairs")
            front.start()
            front.all_alive(f"function {number}")
            front.account(f"function {number}")
    ours.end()
    dpdk.card_is_content(rig)


def bond(rig):
    """D21: two ports: pairs take turns with them."""
    ours = cr.Ours(rig, capabilities={"num_lag_ports": 2},
                   trace={"file": "trace.json", "hex": True})
    with ours.running(pairs=4):
        check(ours.objects()["TIS"] == 2, "not a TIS for each port")
    ours.end()
    status, text = rig.run([os.environ["MLX5EMU"], "trace", "--hex", "trace.json"])
    check(status == 0, text)
    tis = re.findall(r"tisn_or_qpn\W+(TIS#\d+|\w+)", text)
    check(len(tis) >= 8 and all(tis.count(name) == len(tis) // 2 for name in set(tis)) and
          len(set(tis)) == 2, f"pairs do not take turns: {tis}")


def late_var(rig):
    """D13: the doorbell page of a process that has just died is not there yet: it is asked for
    again (by what is preloaded, see late_var.c), and all is well."""
    rig.env["LD_PRELOAD"] = os.environ["LATE_VAR"]
    # Its own runtime is behind that then, which ASan takes for a mistake.
    rig.env["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    ours = cr.Ours(rig)
    del rig.env["LD_PRELOAD"]
    check(ours.count_said("no VAR page yet") == 3, "there was a page at once")
    with ours.running():
        pass
    ours.end()


def toeplitz(data):
    """The hash as Microsoft defines it, of bytes in network order."""
    key = int.from_bytes(KEY, "big")
    result = 0
    for bit in range(8 * len(data)):
        if data[bit // 8] >> (7 - bit % 8) & 1:
            result ^= key >> (8 * len(KEY) - 32 - bit) & 0xFFFFFFFF
    return result


def spread(rig):
    """D31: a flow goes where its hash says, by the key's bytes in the right order."""
    ours = cr.Ours(rig)
    pairs = 4
    with ours.running(pairs=pairs) as front:
        for flow in range(40):
            tuple4 = fp.frame(0, flow)[26:38]  # addresses and ports
            front.rx_order.clear()
            front.refill()
            front.flow = flow - 1
            front.push(1, 1, spread=True)
            front.account(f"flow {flow}")
            want = 2 * (toeplitz(tuple4) % 512 % pairs)
            check(front.rx_order == [want], f"flow {flow} came to queue {front.rx_order}, its hash "
                  f"{toeplitz(tuple4):#x} says {want}")
    ours.end()


def called_once(rig):
    """D14, V7: whatever a guest missed while nobody was there: at each start each queue's guest is
    called once."""
    ours = cr.Ours(rig)

    def called(front, what):
        for queue, fd in enumerate(front.calls):
            until(f"the call of queue {queue}, {what}", 20, lambda: _read(fd))

    for packed in (False, True):
        with ours.front(packed=packed, pairs=2) as front:
            front.start()
            called(front, "at the start")
            front.all_alive("at the start")
            front.account("at the start")
            for fd in front.calls:
                _read(fd)
            front.stop_rings()
            front.start_rings()
            called(front, "at the second start")
            ours.reconnect(front)
            called(front, "after a reconnect")
    ours.end()


def _read(fd):
    try:
        return os.eventfd_read(fd) > 0
    except BlockingIOError:
        return False


def kicks(rig):
    """D7, D8, D9, V5: kicks come without end, and are stolen (so that who was told of one finds
    none), while the device starts, stops, gets other files and memory, and goes."""
    ours = cr.Ours(rig, ("max_conf_threads=2",))
    stop = threading.Event()

    def kick(front):
        while not stop.is_set():
            for fd in list(front.kicks):
                try:
                    os.eventfd_write(fd, 1)
                    os.set_blocking(fd, False)
                    if time.monotonic_ns() % 3 == 0:
                        os.eventfd_read(fd)
                except OSError:  # stolen by the device; or closed for a new one
                    pass
            time.sleep(0.0002)

    for packed in (False, True):
        with ours.running(packed=packed, pairs=2) as front:
            stop.clear()
            thread = threading.Thread(target=kick, args=(front,))
            thread.start()
            try:
                for turn in range(8):
                    for pair in (0, 1):
                        front.push(2 * pair + 1, 4, spread=True)
                    front.stop_rings()
                    front.start_rings()
                    front.new_call(turn % 4)
                    ours.add_region(front)
                    ours.drop_regions(front)
                    front.disable(turn % 4)
                    front.enable(turn % 4)
                front.all_alive("under kicks")
                front.account("under kicks")
                front.socket.close()
                ours.await_state("waiting")
            finally:
                stop.set()
                thread.join()
    ours.end()
    dpdk.card_is_content(rig)


def timeouts(rig):
    """K17: a command is never answered while others are under way on the workers: their answers
    are collected, nothing stays behind, the next attempt works."""
    for command in (cr.MODIFY, cr.QUERY, "REG_MR"):
        with Rig("timeouts") as inner:
            ours = cr.Ours(inner, ("max_conf_threads=8",), latency={"default_us": 300})
            with ours.running(pairs=4) as front:
                before = ours.objects()
                for nth in (1, 3):
                    if command == "REG_MR" and nth > 1:
                        break
                    ours.fault(id="late", action="timeout", command=command, nth=nth,
                               delay="50ms")
                    front.add_memory(cr.ADDED, 2 << 20)
                    front.set_table([front.main, *front.more])
                    ours.no_faults(command)
                    ours.drop_regions(front)
                    front.all_alive(f"{command} {nth}")
                    front.account(f"{command} {nth}")
                until(f"objects to be as before, {before}", 20, lambda: ours.objects() == before)
            ours.end()


def used_rings_logged(rig):
    """D28, N11, N12, V4: a migration that begins while rings run, with workers and fewer of them
    than queues, and most queues of the card never configured: at the stop each ring's own used
    page is in the log, and no other. The answers do not take long."""
    for devargs in ("", "max_conf_threads=2"):
        with Rig("used-rings") as inner:
            ours = cr.Ours(inner, (devargs,), latency={"default_us": 300})
            with ours.running(pairs=4, protocol=LOGGING) as front:
                front.start_log()
                front.log_rings()
                front.all_alive("while logging")
                front.account("while logging")
                front.log.map[:] = bytes(front.log.size)
                begin = time.monotonic()
                front.stop_rings()
                took = time.monotonic() - begin
                pages = front.dirty_pages()
                check(pages == {ring.used_page() for ring in front.rings},
                      f"'{devargs}': pages {sorted(pages)} are logged")
                check(took < 10, f"GET_VRING_BASE of 8 rings took {took:.1f} s")
                print(f"'{devargs}': 8 rings stopped in {took * 1000:.0f} ms")
            ours.end()


STORIES = {f.__name__: f for f in (limits, bond, late_var, spread, called_once, kicks, timeouts,
                                   used_rings_logged)}

if __name__ == "__main__":
    cr.main(STORIES, sys.argv[1:])
