# SPDX-License-Identifier: BSD-3-Clause
"""The card's engine beside dpdk-testpmd's net_vhost, doing the same work on the same core.

usage: engine.py LOAD [--ring split|packed]... [--length N]... [--runs N] [--ms N] [--json FILE]
                      [--driver ours|stock|none] [--realtime]

README.md says what is compared and how. Prints a table, writes JSON."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess

import card
from card import BACK_CPU, FRONT_CPU
import rig

WARM_MS = 200
SIBLINGS_NS = 150  # rounds between threads of one core are shorter, between two cores longer


def start_testpmd(r):
    """Forwards between two net_vhost ports; the sockets are ready when it starts to forward."""
    testpmd = r.start("testpmd", [
        "dpdk-testpmd", "--no-huge", "-m", "512", "--no-pci", "--file-prefix", "bench",
        "--lcores", f"0@{BACK_CPU},1@{BACK_CPU}",
        "--vdev", f"net_vhost0,iface={r.path('a')},queues=1",
        "--vdev", f"net_vhost1,iface={r.path('b')},queues=1",
        "--", "-i", "--forward-mode=io", "--no-mlockall", "--total-num-mbufs=16384",
        "--no-lsc-interrupt"])
    testpmd.expect(r"testpmd> ", 60)
    testpmd.ask("start", r"testpmd> ")
    r.await_path("a")
    r.await_path("b")
    return testpmd, testpmd.pid


def cores_apart(args):
    """Nanoseconds of a round between the two cores; the host of a virtual machine may move them."""
    tool = pathlib.Path(args.load).with_name("cores_apart")
    return int(subprocess.run([tool, str(FRONT_CPU), str(BACK_CPU)], check=True,
                              capture_output=True, text=True).stdout)


def placed_run(args, ring, length, backend):
    """A run, and where the cores were."""
    before = cores_apart(args)
    found = one_run(args, ring, length, backend)
    found["apart_ns"] = before, cores_apart(args)
    near = [ns < SIBLINGS_NS for ns in found["apart_ns"]]
    found["cores"] = "siblings" if all(near) else "mixed" if any(near) else "two"
    return found


def direct_run(args, ring, length):
    """The engine in the guests' process: it has its core for all of the time."""
    with rig.Rig("engine") as r:
        realtime = ["chrt", "-r", "1"] if args.realtime else []
        direct = pathlib.Path(args.load).with_name("engine_direct")
        proc = r.start("direct", [*realtime, direct, ring, length, args.ms])
        found = json.loads(proc.expect(r"\{.*\}", 30 + args.ms / 1000)[0])
        rig.check(proc.wait(30) == 0, f"the engine is not content: {proc.text}")
    found["cpu_seconds"] = found["seconds"]
    found["per_cpu_second"] = found["pps"]
    return found


def one_run(args, ring, length, backend):
    """Packets per second, and per second of the back-end's CPU."""
    run_ms = args.ms
    if backend == "none":
        return direct_run(args, ring, length)
    with rig.Rig("engine") as r:
        if backend == "testpmd":
            app, pid = start_testpmd(r)
        else:
            app, pid = card.start(r, backend)
        front = r.start("load", ["taskset", "-c", FRONT_CPU, args.load, r.path("a"), r.path("b"),
                                 ring, length, WARM_MS, run_ms])
        front.expect("ready", 30)
        card.pin(pid, BACK_CPU, args.realtime)
        card.pin(front.pid, FRONT_CPU, args.realtime)
        front.send("")
        front.expect("begin", 30)
        before = card.cpu_seconds(pid)
        front.send("")
        front.expect("end", 30 + run_ms / 1000)
        used = card.cpu_seconds(pid) - before
        front.send("")
        found = json.loads(front.expect(r"\{.*\}", 30)[0])
        rig.check(front.wait(30) == 0, f"the load is not content: {front.text}")
        app.send("quit")
        app.wait(30)
    found["cpu_seconds"] = used
    found["per_cpu_second"] = found["frames"] / used if used > 0 else 0
    return found


def by_cores(row):
    """{placement: (card's median, its runs, testpmd's median, its runs)}"""
    places = {}
    for cores in "siblings", "two", "mixed":
        both = [[f["pps"] for f in row[f"{name}_runs"] if f["cores"] == cores]
                for name in ("card", "testpmd")]
        if all(both):
            places[cores] = [figure for pps in both for figure in
                             (statistics.median(pps), len(pps))]
    return places


def measure(args, ring, length):
    """Runs card and testpmd in turn, so that both see the same neighbours."""
    results = {args.driver: [], "testpmd": []}
    for _ in range(args.runs):
        for backend, found in results.items():
            found.append(placed_run(args, ring, length, backend))
    row = {"ring": ring, "length": length}
    for backend, found in results.items():
        name = "testpmd" if backend == "testpmd" else "card"
        for field in ("pps", "per_cpu_second"):
            row[f"{name}_{field}"] = statistics.median(f[field] for f in found)
        row[f"{name}_runs"] = found
    row["by_cores"] = by_cores(row)
    row["ratio"] = row["card_pps"] / row["testpmd_pps"]
    row["ratio_per_cpu"] = row["card_per_cpu_second"] / row["testpmd_per_cpu_second"]
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("load")
    parser.add_argument("--ring", action="append", choices=["split", "packed"])
    parser.add_argument("--length", action="append", type=int)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ms", type=int, default=1000)
    parser.add_argument("--realtime", action="store_true", help="takes the cores from all others")
    parser.add_argument("--json", default="bench-engine.json")
    parser.add_argument("--driver", default="ours", choices=["ours", "stock", "none"])
    args = parser.parse_args()
    if os.cpu_count() < 2:
        rig.skip("needs two cores")
    rows = []
    print("ring    bytes   card Mpps  testpmd Mpps  ratio | per second of the back-end's CPU:"
          " card  testpmd  ratio", flush=True)
    for ring in args.ring or ["split", "packed"]:
        for length in args.length or [64, 1500]:
            row = measure(args, ring, length)
            rows.append(row)
            print(f"{ring:7} {length:5} {row['card_pps'] / 1e6:11.3f} "
                  f"{row['testpmd_pps'] / 1e6:13.3f} {row['ratio']:6.2f} | "
                  f"{row['card_per_cpu_second'] / 1e6:38.3f} "
                  f"{row['testpmd_per_cpu_second'] / 1e6:8.3f} {row['ratio_per_cpu']:6.2f}",
                  flush=True)
            for cores, (card_pps, nb_card, pps, nb) in row["by_cores"].items():
                print(f"        {cores}: card {card_pps / 1e6:.3f} ({nb_card} runs), testpmd "
                      f"{pps / 1e6:.3f} ({nb} runs), ratio {card_pps / pps:.2f}", flush=True)
    pathlib.Path(args.json).write_text(json.dumps(
        {"bench": "engine", "driver": args.driver, "rows": rows}, indent=1) + "\n")


main()
