#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The trace of a driver that we did not write: DPDK's own mlx5 vDPA driver, with a front-end that
sends what QEMU sends. How many commands each of its flows takes is known from its source; the
trace must say the same. Then with the latencies of the profile cx6dx, and with a fault in each
virtio queue that it makes.

Usage: trace.py MLX5EMU VDPA_EXAMPLE
"""
import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import frontend as fe  # noqa: E402
from rig import Rig, check, skip  # noqa: E402
from vdpa_example import BDF, back_end, need_programs, quit_example  # noqa: E402

QUEUES = 2
REGIONS = 1
MATCHERS = 7  # calls of the driver that are no commands here
GAP = 0.15  # seconds without a command, so that one flow ends
FRAME = bytes.fromhex("ffffffffffff52540000000188b5") + bytes(range(200))

# Commands of the driver for V queues and R regions (DPDK 22.11, drivers/vdpa/mlx5): an event queue
# pair is 2 umems, CQ, 2 QPs, 6 arcs; counters; 3 umems; virtq; MODIFY to RDY. Steering is an RQT
# and 7 times matcher, TIR and flow. What is made once is kept until the front-end goes.
STEERING = 1 + 2 * MATCHERS
WANT = [
    ("first start", 17 * QUEUES + STEERING + REGIONS + 1),
    ("stop", 3 * QUEUES + STEERING),
    ("start again", 10 * QUEUES + STEERING),
    # The memory table with one more region: everything goes, the keys come anew, and the queues
    # do not come back (the driver forgets that they were enabled).
    ("set_mem_table", 3 * QUEUES + STEERING + (REGIONS + 1) + (REGIONS + 2)),
]


def drive(rig, vdpa):
    """Start, stop, start, a memory table with one more region."""
    vdpa.ask(f"create {rig.path('s')} {BDF}", r"vdpa> ")
    with fe.FrontEnd(str(rig.await_path("s")),
                     protocol=fe.PROTOCOL_MQ | fe.PROTOCOL_STATUS) as front:
        time.sleep(GAP)
        front.start()
        front.send_frame(FRAME)
        time.sleep(GAP)
        for queue in (0, 1):
            front.base[queue] = front.get_base(queue)
        front.set_u64(fe.SET_STATUS, 0)
        front.ask_u64(fe.GET_STATUS)
        time.sleep(GAP)
        for queue in (0, 1):
            front.vring_state(fe.SET_VRING_ENABLE, queue, 1)
            for _, step in front.ring_steps(queue):
                step()
        front.set_u64(fe.SET_STATUS, 0xF)
        front.ask_u64(fe.GET_STATUS)
        front.send_frame(FRAME)
        time.sleep(GAP)
        more = front.add_memory(1 << 32, 2 << 20)
        front.set_table([front.main, more])
        front.ask_u64(fe.GET_STATUS)
        time.sleep(GAP)


def summary(rig, mlx5emu, trace):
    status, text = rig.run([mlx5emu, "trace", "--json", trace])
    check(status == 0, f"trace --json: {text}")
    flows = json.loads(text)
    for flow in flows:
        print(f"{flow['flow']:15} {flow['commands']:4} commands, {flow['calls']:4} calls, chain "
              f"{flow['chain']:4}, {flow['wall_ns'] / 1e6:8.3f} ms, waited "
              f"{flow['wait_ns'] / 1e6:8.3f} ms")
    return flows


def counts(rig, programs):
    mlx5emu = programs[0]
    vdpa = back_end(rig, *programs, config={"trace": {"file": str(rig.path("t.json")),
                                                      "hex": True}})
    drive(rig, vdpa)
    quit_example(vdpa)
    flows = summary(rig, mlx5emu, "t.json")
    check(flows[0]["flow"] == "probe", "the first flow is not the probe")
    found = [(flow["flow"], flow["commands"]) for flow in flows if flow["flow"] in dict(WANT)]
    check(found == WANT, f"the flows are {found}, not {WANT}")
    check(all(flow["failed"] == 0 for flow in flows), "a command failed")
    check(all(flow["chain"] == flow["commands"] and flow["threads"] == 1 for flow in flows
              if flow["flow"] in dict(WANT)), "commands of one thread overlap")
    start = flows[[flow["flow"] for flow in flows].index("first start")]["by_command"]
    for command, nb in (("CREATE_GENERAL_OBJECT/VIRTIO_NET_Q", QUEUES), ("CREATE_QP", 2 * QUEUES),
                        ("REG_UMEM", 5 * QUEUES), ("REG_MR", REGIONS), ("CREATE_MKEY", 1),
                        ("CREATE_FLOW", MATCHERS), ("2RST_QP", 0)):
        check(start.get(command, 0) == nb, f"{start.get(command, 0)} {command}, not {nb}")
    status, text = rig.run([mlx5emu, "trace", "--hex", "t.json"])
    check(status == 0, text)
    check("virtio_q_context.queue_size = 0x40" in text, "the queue's size is not in the words")
    check(re.search(r"^CREATE_GENERAL_OBJECT/VIRTIO_NET_Q VIRTQ#1 queue \d$", text, re.M),
          "the first queue is not VIRTQ#1")
    status, text = rig.run([mlx5emu, "trace", "--summary", "."])
    check(status == 1 and "directory" in text, f"a directory is no trace: {status} {text}")
    status, text = rig.run([mlx5emu, "trace", "--diff", "t.json", "t.json"])
    check(status == 0, f"a trace differs from itself:\n{text}")


def latency(rig, programs):
    """Lower bounds, which are exact: no command may be answered early."""
    config = {"latency": {"profile": "cx6dx", "reg_mr_us_per_mib": 0},
              "trace": {"file": str(rig.path("slow.json"))}}
    vdpa = back_end(rig, *programs, config=config)
    drive(rig, vdpa)
    quit_example(vdpa)
    flows = summary(rig, programs[0], "slow.json")
    us = {"MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q": 500, "QUERY_GENERAL_OBJECT/VIRTIO_NET_Q": 650,
          "CREATE_GENERAL_OBJECT/VIRTIO_Q_COUNTERS": 200, "REG_UMEM": 200, "DEREG_UMEM": 200,
          "MODIFY_RQT": 7000, "QUERY_HCA_CAP": 200, "ALLOC_UAR": 200, "DEALLOC_UAR": 200}
    for flow in flows:
        least = sum(nb * us.get(command, 700) for command, nb in flow["by_command"].items())
        check(flow["wait_ns"] >= least * 1000, f"{flow['flow']} waited {flow['wait_ns']} ns, not "
              f"{least} us")
        check(flow["threads"] > 1 or flow["wall_ns"] >= least * 1000,
              f"{flow['flow']} took {flow['wall_ns']} ns, less than its latencies: {least} us")
        print(f"{flow['flow']}: by the table {least / 1000:.3f} ms, took "
              f"{flow['wall_ns'] / 1e6:.3f} ms")


def failing(rig, programs, nth):
    """A queue cannot be made: the driver says so, and lives."""
    fault = {"id": "no-queue", "action": "fail", "nth": nth, "status": "NO_RES",
             "command": "CREATE_GENERAL_OBJECT/VIRTIO_NET_Q"}
    rig.path("card.log").unlink(missing_ok=True)
    vdpa = back_end(rig, *programs, config={"faults": [fault]})
    vdpa.ask(f"create {rig.path('s')} {BDF}", r"vdpa> ")
    with fe.FrontEnd(str(rig.await_path("s")),
                     protocol=fe.PROTOCOL_MQ | fe.PROTOCOL_STATUS) as front:
        front.start()
        vdpa.expect(r"mlx5_vdpa.*(?:[Ff]ailed|[Cc]annot)[^\n]*")
        vdpa.ask("list", BDF.replace(".", r"\."))
    check("fault 'no-queue'" in rig.path("card.log").read_text(), "nothing failed")
    quit_example(vdpa)
    rig.path("s").unlink(missing_ok=True)


def main(mlx5emu, example):
    need_programs(example)
    programs = (mlx5emu, example)
    with Rig("trace") as rig:
        counts(rig, programs)
    with Rig("tracelat") as rig:
        latency(rig, programs)
    for nth in range(1, QUEUES + 1):
        with Rig(f"fault{nth}") as rig:
            failing(rig, programs, nth)


if __name__ == "__main__":
    main(*sys.argv[1:3])
