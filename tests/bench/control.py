# SPDX-License-Identifier: BSD-3-Clause
"""What the flows of a front-end cost on the emulated card, with our driver and with DPDK's: firmware
commands, time until the answer, and how long a guest's frames stand still.

usage: control.py [--pairs N]... [--us N]... [--runs N] [--card NAME]... [--driver NAME]...
                  [--realtime] [--json FILE] [--markdown FILE]

README.md says what is measured and how. Prints a table."""
import argparse
import contextlib
import io
import json
import os
import pathlib
import platform
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import flows  # noqa: E402
import rig  # noqa: E402

CARDS = {
    "resumable": {},
    "old": {"freeze_to_rdy_supported": False, "vnet_modify_ext": False,
            "virtio_net_q_addr_modify": False, "virtio_q_index_modify": False},
}
PRE = ",queues=PAIRS,queue_size=256"
# name: (driver, device arguments)
DRIVERS = {
    "ours": ("ours", ""),
    "ours, 8 workers": ("ours", ",max_conf_threads=8"),
    "ours, 8 workers, pre-created": ("ours", ",max_conf_threads=8" + PRE),
    "stock": ("stock", ""),
    "stock, 8 threads, pre-created": ("stock", ",max_conf_threads=8" + PRE),
}
# Flow, what it is called, and what it is compared with (the stock driver's queues stay dead after
# a memory table until they are given their call files once more).
FLOWS = {
    "ours": ["start", "stop", "cont", "stop_cont", "add", "remove", "reset"],
    "stock": ["start", "stop", "cont", "stop_cont", "add", "call", "remove_call", "add_call",
              "remove_call", "reset"],
}
NAMES = {
    "start": "first start", "stop": "stop", "cont": "start again",
    "stop_cont": "stop + start", "add": "SET_MEM_TABLE, region added",
    "remove": "SET_MEM_TABLE, region removed", "add_call": "SET_MEM_TABLE, added, + CALL",
    "remove_call": "SET_MEM_TABLE, removed, + CALL", "reset": "guest reset",
}
TWINS = {"add": "add_call", "remove": "remove_call"}
ALIVE_MS = 2000
# A start is some 300 messages, and vhost prints three lines for each: that is not to be measured.
QUIET = ("lib.vhost.config:error", "pmd.vdpa.mlx5_devx:notice")
NO_GAP = ("start", "stop", "cont")  # there the guest, not the driver, says how long it takes


def one_run(driver, devargs, card, pairs, us, before):
    """[{"step": ..., ...}] of the flows; the last says "hang" when something did not answer."""
    # The engine must not poll: it would take a core from the drivers.
    config = {"capabilities": CARDS[card], "engine": {"spin_us": 0}}
    if us:
        config["latency"] = {"default_us": us, "commands_in_flight": 32}
    found, output = [], io.StringIO()
    try:
        with contextlib.redirect_stdout(output), rig.Rig("control") as r:
            run = flows.Run(r, driver, pairs, config, devargs.replace("PAIRS", str(pairs)),
                            alive_ms=ALIVE_MS, before=before, log=QUIET)
            for step in FLOWS[driver]:
                done = run.do(step)
                if done["ret"] != 0:
                    raise rig.Failure(f"{step}: no answer ({done['ret']})")
                found.append(done)
                if done["alive"] < pairs and step not in ("stop", "add"):
                    run.do("call")  # what the next flow needs
            account = run.account()
            found.append({"step": "account", **account})
    except (SystemExit, rig.Failure):
        why = [line for line in output.getvalue().splitlines() if line.startswith("FAIL")]
        found.append({"step": "hang", "why": why[-1] if why else "?"})
    return found


def summary(runs, pairs):
    """{step: medians} over the runs."""
    rows = {}
    for step in NAMES:
        seen = [done for run in runs for done in run if done["step"] == step and "total" in done]
        if not seen:
            continue
        gaps = [done["gap_ms"] for done in seen if done["gap_ms"] is not None]
        rows[step] = {
            "runs": len(seen),
            "commands": statistics.median_low([done["total"] for done in seen]),
            "reply_ms": statistics.median([done["reply_ms"] for done in seen]),
            "last_ms": statistics.median([done["last_ms"] for done in seen]),
            "alive": sum(done["alive"] == pairs for done in seen),
            "gap_ms": statistics.median(gaps) if gaps and step not in NO_GAP else None,
            "gap_range": [min(gaps), max(gaps)] if gaps and step not in NO_GAP else None,
        }
    return rows


def number(value):
    return "-" if value is None else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def gap_text(step, row):
    if step in NO_GAP:
        return "-"
    text = "" if row["gap_ms"] is None else (
        f"{number(row['gap_ms'])} ({number(row['gap_range'][0])}..{number(row['gap_range'][1])})")
    dead = row["runs"] - row["alive"]
    return f"{text} **dead {dead} of {row['runs']}**".strip() if dead else text


def table(cell):
    """One card, number of pairs and latency: all drivers."""
    lines = [f"\n### {cell['card']} card, {cell['pairs']} pairs, {cell['us']} us a command\n",
             "| driver | flow | commands | reply ms | last command ms | gap ms (min..max) |",
             "|---|---|---|---|---|---|"]
    for name, found in cell["drivers"].items():
        for step, row in found["steps"].items():
            lines.append(f"| {name} | {NAMES[step]} | {row['commands']} | "
                         f"{number(row['reply_ms'])} | {number(row['last_ms'])} | "
                         f"{gap_text(step, row)} |")
        if found["hangs"]:
            lines.append(f"| {name} | **did not answer in {found['hangs']} of {found['runs']} "
                         "runs** | | | | |")
    return lines


def ratios(cells):
    """Stock over ours, where a guest waits: gaps, and replies of the first start."""
    lines = ["\n### How many times as long the stock driver takes\n",
             "| card | pairs | us | flow | ours (8 workers) ms | stock ms | ratio |",
             "|---|---|---|---|---|---|---|"]
    for cell in cells:
        ours = cell["drivers"].get("ours, 8 workers", {}).get("steps", {})
        stock = cell["drivers"].get("stock", {}).get("steps", {})
        for step, row in ours.items():
            other = stock.get(TWINS.get(step, step))
            key = "reply_ms" if step in NO_GAP else "gap_ms"
            if other is None or not row[key] or not other[key]:
                continue
            lines.append(f"| {cell['card']} | {cell['pairs']} | {cell['us']} | {NAMES[step]} "
                         f"({'reply' if step in NO_GAP else 'gap'}) | {number(row[key])} | "
                         f"{number(other[key])} | {other[key] / row[key]:.1f} |")
    return lines


def measure(args, card, pairs, us):
    cell = {"card": card, "pairs": pairs, "us": us, "drivers": {}}
    # Queues made beforehand cannot be given what they need on an old card.
    names = [name for name in args.driver if card != "old" or not name.endswith("pre-created")]
    before = ["chrt", "-r", "1"] if args.realtime else []
    runs_of = {name: [] for name in names}
    for _ in range(args.runs):  # in turn, so that neighbours on a busy machine meet all alike
        for name in names:
            runs_of[name].append(one_run(*DRIVERS[name], card, pairs, us, before))
    for name, runs in runs_of.items():
        hangs = [run[-1] for run in runs if run[-1]["step"] == "hang"]
        cell["drivers"][name] = {"runs": args.runs, "hangs": len(hangs),
                                 "why": [hang["why"] for hang in hangs],
                                 "lost": [run[-1].get("lost") for run in runs],
                                 "steps": summary(runs, pairs)}
    return cell


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, action="append")
    parser.add_argument("--us", type=int, action="append")
    parser.add_argument("--card", choices=CARDS, action="append")
    parser.add_argument("--driver", choices=DRIVERS, action="append")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--realtime", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    args = parser.parse_args()
    args.driver = args.driver or list(DRIVERS)
    cells = []
    for card in args.card or CARDS:
        for pairs in args.pairs or (1, 4, 16):
            for us in args.us if args.us is not None else (0, 600):
                cell = measure(args, card, pairs, us)
                cells.append(cell)
                print(*table(cell), sep="\n", flush=True)
                if args.json:
                    pathlib.Path(args.json).write_text(json.dumps(cells, indent=1))
    print(*ratios(cells), sep="\n")
    if args.markdown:
        head = (f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} CPUs, Linux "
                f"{platform.release()}, medians of {args.runs}")
        lines = [head, *[line for cell in cells for line in table(cell)], *ratios(cells)]
        pathlib.Path(args.markdown).write_text("\n".join(lines) + "\n")


main()
