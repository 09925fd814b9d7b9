#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The witness again: DPDK's own mlx5 vDPA driver in each of its modes, and on cards with other
capabilities, carries traffic between its ends (see vdpa_example.py).

Usage: stock_modes.py MLX5EMU VDPA_EXAMPLE MODE
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import frontend as fe  # noqa: E402
from rig import Rig, check  # noqa: E402
from vdpa_example import (BDF, back_end, card_is_content, need_programs,  # noqa: E402
                          quit_example, story)

FRAME = bytes.fromhex("ffffffffffff52540000000188b5") + bytes(range(200))


def front_end(rig):
    return fe.FrontEnd(str(rig.await_path("s")), protocol=fe.PROTOCOL_MQ | fe.PROTOCOL_STATUS)


def event_mode(number):
    """How the driver looks for completions: timer that adapts, fixed timer, every event."""
    def run(rig, programs):
        vdpa = back_end(rig, *programs, devargs=f",event_mode={number},event_us=20")
        check(f"event mode is {number}." in vdpa.text, "the driver did not take the event mode")
        story(rig, vdpa, 1)
    return run


def threads(rig, programs):
    """The driver configures queues from threads of its own: commands in parallel."""
    vdpa = back_end(rig, *programs, devargs=",max_conf_threads=2")
    check("vDPA-mthread" in vdpa.text, "the driver has started no thread")
    story(rig, vdpa, 4)


def on_card(**capabilities):
    def run(rig, programs):
        story(rig, back_end(rig, *programs, config={"capabilities": capabilities}), 2)
    return run


MODIFY = {"vnet_modify_ext": True, "virtio_net_q_addr_modify": True,
          "virtio_q_index_modify": True}


def states(rig):
    """(queue objects that were made, arcs of all queues) by the card's log."""
    arcs = re.findall(r"VIRTQ (0x[0-9a-f]+) \(queue \d+\): (\w+ -> \w+)",
                      rig.path("card.log").read_text())
    return {number for number, _ in arcs}, [arc for _, arc in arcs]


def pre_created(rig, programs):
    """Queues are made at probe; the guest wants just those, so they are changed by one MODIFY."""
    vdpa = back_end(rig, *programs, devargs=f",queues=1,queue_size={fe.RING_SIZE}",
                    config={"capabilities": MODIFY})
    check(f"queues is 1, queue_size is {fe.RING_SIZE}." in vdpa.text, "the queues were not taken")
    vdpa.ask(f"create {rig.path('s')} {BDF}", r"vdpa> ")
    with front_end(rig) as front:
        front.features |= fe.F_GUEST_CSUM
        front.start()
        front.send_frame(FRAME)
        for queue in (0, 1):
            front.get_base(queue)
    numbers, arcs = states(rig)
    check(sorted(numbers) == ["0x1000", "0x1001"], f"not the first two queues ran: {numbers}")
    check(sorted(arcs) == ["INIT -> RDY"] * 2 + ["RDY -> SUSPEND"] * 2, f"the arcs: {arcs}")
    quit_example(vdpa)
    card_is_content(rig)


def pre_created_other(rig, programs):
    """The guest wants other features: the driver makes the queues anew, and again when it goes."""
    vdpa = back_end(rig, *programs, devargs=",queues=1,queue_size=256",
                    config={"capabilities": MODIFY})
    story(rig, vdpa, 1)
    numbers, _ = states(rig)
    check(numbers and "0x1000" not in numbers, f"the queues were not made anew: {numbers}")


def dirty(rig, programs):
    """The front-end asks for the dirty log while traffic runs: pages that the card has written are
    in it, those that nobody has written are not."""
    vdpa = back_end(rig, *programs, config={"capabilities": {"dirty_log": True}})
    vdpa.ask(f"create {rig.path('s')} {BDF}", r"vdpa> ")
    protocol = fe.PROTOCOL_MQ | fe.PROTOCOL_STATUS | fe.PROTOCOL_LOG_SHMFD
    with fe.FrontEnd(str(rig.await_path("s")), protocol=protocol) as front:
        front.start()
        front.send_frame(FRAME)
        front.start_log()
        check(not front.dirty_pages(), "pages are dirty before anything was written")
        buffer = front.own_buffer(0)
        front.send_frame(FRAME)
        dirty_pages = front.dirty_pages()
        print(f"dirty: {sorted(dirty_pages)}")
        check(buffer >> 12 in dirty_pages, f"the received frame's page {buffer >> 12} is clean")
        for queue in (0, 1):
            used = fe.ring_place(queue)[2] >> 12
            check(used in dirty_pages, f"queue {queue}: the page of the used ring {used} is clean")
        check(front.own_buffer(1) >> 12 not in dirty_pages, "a page that was only read is dirty")
        for queue in (0, 1):
            front.get_base(queue)
    quit_example(vdpa)
    card_is_content(rig)


def recovery(rig, programs):
    """A guest's bad descriptor stops the queue and the driver makes it again. When the guest starts
    anew, with a good ring, so does the queue. The driver hears of the first error only: one that it
    handles while the front-end stops the queue can end its process (rte_panic in EAL's interrupt
    thread, which then waits for a kick file that vhost has closed)."""
    vdpa = back_end(rig, *programs, config={"faults": [
        {"action": "event-drop", "event": "object-change", "queue": 1, "nth": 2,
         "count": "forever"}]})
    vdpa.ask(f"create {rig.path('s')} {BDF}", r"vdpa> ")
    with front_end(rig) as front:
        front.start()
        front.send_frame(FRAME)
        front.post(1, 64, 4)  # INDIRECT, which was not negotiated
        front.kick(1)
        vdpa.expect(r"vring 1 hw error=1\.")
        vdpa.expect(r"Recover virtq 1: 1\.")
        for queue in (0, 1):
            front.get_base(queue)
        front.fresh_rings()
        for queue in (0, 1):
            for _, step in front.ring_steps(queue):
                step()
        front.send_frame(FRAME)
    quit_example(vdpa)
    log = rig.path("card.log").read_text()
    check("bad descriptor" in log, f"the card does not say what was wrong:\n{log}")
    check(" left" not in log, f"objects were left over:\n{log}")


MODES = {
    "event-0": event_mode(0),
    "event-1": event_mode(1),
    "event-2": event_mode(2),
    "threads": threads,
    "bond": on_card(num_lag_ports=2),
    "old": on_card(virtio_q_counters=False, eth_net_offloads=False, csum=False, guest_csum=False,
                   host_tso4=False, host_tso6=False, host_ecn=False, guest_tso4=False,
                   guest_tso6=False, guest_ecn=False, mrg_rxbuf=False, vnet_modify_ext=False,
                   virtio_queue_type_packed=False, freeze_to_rdy_supported=False,
                   max_num_virtio_queues=8, log_max_rqt_size=3),
    "no-msix": on_card(event_mode_no_msix=True),
    "pre-created": pre_created,
    "pre-created-other": pre_created_other,
    "dirty": dirty,
    "recovery": recovery,
}


def main(mlx5emu, example, mode):
    need_programs(example)
    with Rig(f"stock-{mode}") as rig:
        MODES[mode](rig, (mlx5emu, example))


if __name__ == "__main__":
    main(*sys.argv[1:4])
