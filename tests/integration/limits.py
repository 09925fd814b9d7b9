# SPDX-License-Identifier: BSD-3-Clause
"""What a device offers is what the card has, less what its arguments take away.

usage: limits.py STORY
  queues       as many queues as the card has, and one more (D5)
  queues_more  the same with `queues` asking for more than there are (N15)
  features     a card that announces everything, one that announces nothing, and the devarg
  stock        the stock driver's arguments, all at once
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

FRAME = bytes.fromhex("ffffffffffff52540000000188b5") + bytes(range(200))
A = dpdk.DEVICES[0]
PAIRS = 4
# Bits of virtio 1.2, 5.1.3 and 6, that decide about a queue's offloads and form.
OFFLOADS = {"csum": 0, "guest_csum": 1, "guest_tso4": 7, "guest_tso6": 8, "guest_ecn": 9,
            "host_tso4": 11, "host_tso6": 12, "host_ecn": 13, "mrg_rxbuf": 15}
MTU, ANNOUNCE, MQ, VERSION_1, PACKED = 3, 21, 22, 32, 34


def attach(r, app, name="vm"):
    app.ask(f"attach {A} {r.path(name)} server", r"testvdpa> ")
    return str(r.await_path(name))


def one_ring_too_many(front):
    """Sets up the ring behind the card's last one as if it were there."""
    queue = 2 * PAIRS
    kick, call = os.eventfd(0), os.eventfd(0)
    try:
        front.vring_state(fe.SET_VRING_NUM, queue, fe.RING_SIZE)
        front.vring_state(fe.SET_VRING_BASE, queue, 0)
        front.vring_address(queue)
        front.vring_fd(fe.SET_VRING_KICK, queue, kick)
        front.vring_fd(fe.SET_VRING_CALL, queue, call)
        front.vring_state(fe.SET_VRING_ENABLE, queue, 1)
        front.ask_u64(fe.GET_FEATURES)  # that was worked off
    finally:
        os.close(kick)
        os.close(call)


def queues(r, devargs):
    app = dpdk.testvdpa(r, devargs=f"class=vdpa{devargs}",
                        card={"capabilities": {"max_num_virtio_queues": 2 * PAIRS}})
    path = attach(r, app)
    with fe.FrontEnd(path) as front:
        found = front.ask_u64(fe.GET_QUEUE_NUM)
        rig.check(found == PAIRS, f"{found} pairs of queues are offered, the card has {PAIRS}")
        front.start()
        front.send_frame(FRAME)
        one_ring_too_many(front)
        front.send_frame(FRAME)
        app.expect(rf"queue {2 * PAIRS}: the card has {2 * PAIRS}")
    testpmd = dpdk.virtio_user(r, "vm", pairs=PAIRS, options=["--txonly-multi-flow"])
    testpmd.send("start tx_first 4")
    dpdk.await_packets(testpmd, 10000, 10000)
    dpdk.await_queues(testpmd, PAIRS)
    testpmd.send("quit")
    testpmd.wait(30)
    dpdk.end(r, app)
    dpdk.card_is_content(r)


def offered(r, name, card, devargs=""):
    app = dpdk.testvdpa(r, devargs=f"class=vdpa{devargs}", card=card)
    with fe.FrontEnd(attach(r, app, name)) as front:
        features = front.ask_u64(fe.GET_FEATURES)
    dpdk.end(r, app)
    return features


def bits(*numbers):
    return sum(1 << number for number in numbers)


def expect(what, found, *, has=(), lacks=()):
    rig.check(found & bits(*has) == bits(*has), f"{what}: {found:#x} lacks some of {has}")
    rig.check(not found & bits(*lacks), f"{what}: {found:#x} has some of {lacks}")


def features(r):
    caps = {name: True for name in (*OFFLOADS, "virtio_queue_type_packed")}
    every = offered(r, "every", {"capabilities": caps})
    expect("a rich card", every,
           has=(*OFFLOADS.values(), MTU, MQ, ANNOUNCE, VERSION_1, PACKED))
    poor = offered(r, "poor", {"capabilities": {
        **{name: False for name in caps}, "max_num_virtio_queues": 2}})
    expect("a poor card", poor, has=(ANNOUNCE, VERSION_1),
           lacks=(*OFFLOADS.values(), MQ, PACKED))
    software = offered(r, "software", {"capabilities": caps}, ",features=software")
    expect("features=software", software, has=(OFFLOADS["guest_csum"], MTU, MQ, VERSION_1, PACKED),
           lacks=(OFFLOADS["csum"], OFFLOADS["host_tso4"], OFFLOADS["host_tso6"]))
    rig.check(software & ~every == 0, "narrowing has added a feature")
    less = offered(r, "less", {"capabilities": caps}, ",features=-packed-csum")
    expect("features=-packed-csum", less, has=(MQ, OFFLOADS["mrg_rxbuf"]),
           lacks=(PACKED, OFFLOADS["csum"], OFFLOADS["host_tso4"], OFFLOADS["host_tso6"]))


def stock(r):
    app = dpdk.testvdpa(r, devargs="class=vdpa,driver=mlx5_pci,event_mode=1,event_us=20,"
                        "no_traffic_time=4,event_core=0,hw_latency_mode=1,hw_max_latency_us=10,"
                        "hw_max_pending_comp=4,max_conf_threads=2,queue_size=256,queues=2,"
                        "mr_ext_memseg_en=1,mr_mempool_reg_en=1,sys_mem_en=0,sq_db_nc=1,tx_db_nc=0")
    with fe.FrontEnd(attach(r, app)) as front:
        front.start()
        for _ in range(20):
            front.send_frame(FRAME)
    dpdk.end(r, app)
    dpdk.card_is_content(r)


with rig.Rig(f"limits-{sys.argv[1]}") as rig_:
    {"queues": lambda: queues(rig_, ""),
     "queues_more": lambda: queues(rig_, ",queues=128,queue_size=256"),
     "features": lambda: features(rig_), "stock": lambda: stock(rig_)}[sys.argv[1]]()
