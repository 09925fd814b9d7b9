# SPDX-License-Identifier: BSD-3-Clause
"""The ways in which queues come to run again: resumed with one command, made beforehand, made anew in
two halves, one by one, or with steering taken down; by card, device arguments and number of workers. What
each flow does to queues and steering is counted by the card's trace, exactly, under traffic. And none
waits for the kernel to make room for the guest's files.

usage: ways.py CASE PAIRS WORKERS
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import flows  # noqa: E402
import rig  # noqa: E402

OLD_CARD = {"freeze_to_rdy_supported": False, "vnet_modify_ext": False,
            "virtio_net_q_addr_modify": False, "virtio_q_index_modify": False}
# Cards that lack one thing: a queue can be resumed, but not with another key, and so on.
NO_MODIFY = {"vnet_modify_ext": False}
NO_RESUME = {"freeze_to_rdy_supported": False}
PRE = ",queues=PAIRS,queue_size=256"


def stop(queues):
    return {"MODIFY_VIRTQ SUSPEND": queues, "QUERY/VIRTQ": queues}


def ready(queues):
    return {"MODIFY_VIRTQ RDY": queues}


def anew(queues):
    """Objects are replaced: in halves, or, with one receive queue, with the table naming one that
    never runs meanwhile. It is made at the first time (first_time)."""
    found = {"CREATE/VIRTQ": queues, "DESTROY/VIRTQ": queues, "MODIFY_VIRTQ RDY": queues,
             "2RST_QP": 2 * queues}
    return {**found, "MODIFY_RQT": 3 if queues > 2 else 2}


def first_time(wanted, queues):
    """Is this what a flow takes that replaces the only receive queue?"""
    return queues == 2 and wanted.get("MODIFY_RQT") == 2


STEER = {"CREATE_TIR": 7, "CREATE_FLOW": 7, "CREATE_RQT": 1}
UNSTEER = {"DESTROY_TIR": 7, "DESTROY_FLOW": 7, "DESTROY_RQT": 1}


def cold(queues):
    return {"CREATE/VIRTQ": queues, "CREATE_QP": 2 * queues, "MODIFY_VIRTQ RDY": queues, **STEER}


def teardown(queues):
    return {"CREATE/VIRTQ": queues, "DESTROY/VIRTQ": queues, "MODIFY_VIRTQ RDY": queues,
            "2RST_QP": 2 * queues, **UNSTEER, **STEER}


def other_size(queues):
    return {"CREATE/VIRTQ": queues, "DESTROY/VIRTQ": queues, "MODIFY_VIRTQ RDY": queues,
            "CREATE_QP": 2 * queues, "DESTROY_QP": 2 * queues, "DESTROY_CQ": queues,
            "MODIFY_RQT": 3}


def plus(*parts):
    return lambda queues: {name: count for part in parts for name, count in part(queues).items()}


RESUME = {"start": cold, "stop": stop, "cont": ready, "add": plus(stop, ready),
          "remove": plus(stop, ready), "reset": plus(stop, ready)}
ANEW = {"start": cold, "stop": stop, "cont": anew, "add": plus(stop, anew),
        "remove": plus(stop, anew), "reset": plus(stop, anew)}
# capabilities of the card, device arguments, what flows do to queues, way told in the log
CASES = {
    "resumed": ({}, "", RESUME, "mkey modify"),
    "precreated": ({}, PRE, {**RESUME, "start": ready}, "mkey modify"),
    "misfit": ({}, ",queues=PAIRS,queue_size=128", {**RESUME, "start": other_size},
               "mkey modify"),
    "old": (OLD_CARD, "", ANEW, "recreate"),
    "no_resume": (NO_RESUME, PRE, {**ANEW, "start": ready}, "recreate"),
    "no_modify": (NO_MODIFY, "", {**RESUME, "add": plus(stop, anew), "remove": plus(stop, anew)},
                  "recreate"),
    "recreate": ({}, ",mem_table=recreate",
                 {**RESUME, "add": plus(stop, anew), "remove": plus(stop, anew)}, "recreate"),
    "teardown": ({}, ",mem_table=teardown",
                 {**RESUME, "add": plus(stop, teardown), "remove": plus(stop, teardown)},
                 "teardown"),
}
# Commands about queues and steering; memory has its own tests.
NAMES = re.compile(r".*(VIRTQ|_QP|_RQT|_TIR|_FLOW|_CQ)\b.*")
IMPLIED = re.compile(r"(RST2INIT|INIT2RTR|RTR2RTS)_QP|CREATE_CQ")  # go with CREATE_QP or 2RST_QP


def check(step, wanted, done):
    found = {name: count for name, count in done["commands"].items()
             if NAMES.match(name) and not IMPLIED.match(name)}
    rig.check(done["ret"] == 0 and not done["failed"], f"{step}: {done['ret']}, {done['failed']}")
    rig.check(step == "stop" or done["alive"] == done["pairs"],
              f"{step}: {done['alive']} of {done['pairs']} pairs run")
    rig.check(found == wanted, f"{step}: {found}, expected {wanted}")


def table_of_files(mlx5emu):
    """Places in the app's table of open files. To let it grow may take 25 ms."""
    children = pathlib.Path(f"/proc/{mlx5emu}/task/{mlx5emu}/children").read_text()
    status = pathlib.Path(f"/proc/{children.split()[0]}/status").read_text()
    return int(re.search(r"^FDSize:\s*(\d+)", status, re.M)[1])


def main(name, pairs, workers):
    card, devargs, steps, way = CASES[name]
    devargs = devargs.replace("PAIRS", pairs) + f",max_conf_threads={workers}"
    with rig.Rig(f"ways-{name}") as r:
        run = flows.Run(r, "ours", int(pairs), {"capabilities": card}, devargs, alive_ms=8000)
        places, parked = table_of_files(run.app.pid), False
        for step, wanted in steps.items():
            counts = wanted(2 * int(pairs))
            if not parked and first_time(counts, 2 * int(pairs)):
                counts["CREATE/VIRTQ"] += 1
                parked = True
            check(step, counts, run.do(step))
        rig.check(table_of_files(run.app.pid) == places, "the table of open files grew in a flow")
        account = run.account()
        for what in ("lost", "duplicated", "reordered", "torn", "invented"):
            rig.check(account[what] == 0, f"{account[what]} packets {what}")
        rig.check(len(re.findall(rf"set_mem_table: .* by {way} ", run.app.text)) == 2,
                  f"the log does not tell of {way}")
        run.app.send("quit")
        rig.check(run.app.wait(30) == 0, "the app did not end well")


main(*sys.argv[1:])
