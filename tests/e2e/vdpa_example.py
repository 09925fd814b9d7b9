# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's vdpa example, built from the distribution's source, with our driver: list, create, traffic
of testpmd's virtio-user, stats, quit. Its socket is a server's or a client's.

usage: vdpa_example.py MLX5EMU VDPA_EXAMPLE DRIVER [server | client]

As a client the example is told of a socket that nobody has made yet, so it has to connect by itself,
when the front-end comes and when another one comes. The wire is looped, and exactly what was sent
must come back; the statistics must count just that.
"""
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "abi"), str(TESTS / "lib")]  # abi: before this file of the same name
from rig import Rig, check  # noqa: E402
import dpdk  # noqa: E402
import vdpa_example as example  # noqa: E402

PAIRS = 2
LIVES = 2  # of the front-end


def counts(vdpa, name):
    """One statistic of all queues, as the example prints it."""
    text = vdpa.ask(f"stats {example.BDF} 0xffff",
                    rf"Virtq 0:[\s\S]*Virtq {2 * PAIRS - 1}:[\s\S]*?vdpa> ")[0]
    return [int(value) for value in re.findall(rf"{name}\s+(\d+)", text)]


def check_stats(vdpa, sent, what):
    """All that was sent so far, in all lives, is in the statistics of both directions."""
    done = counts(vdpa, "completed_desc")
    one = vdpa.ask(f"stats {example.BDF} 1", r"Virtq 1:[\s\S]*?completed_desc\s+(\d+)")[1]
    check(len(done) == 2 * PAIRS and done[1] == int(one), f"{what}: completed_desc of all queues "
          f"{done}, of queue 1 {one}")
    for way, queues in (("receive", done[::2]), ("transmit", done[1::2])):
        check(sum(queues) == sent, f"{what}: the {way} queues' completed_desc are {queues}, but "
              f"{sent} packets were sent and received")


def life(rig, vdpa, mode, number, sent):
    """A front-end comes, sends, stops and starts, sends, and goes; returns the sum of what was
    sent."""
    testpmd = dpdk.virtio_user(rig, "s", PAIRS, ["--txonly-multi-flow", "--forward-mode=rxonly"],
                               ",server=1" if mode == "client" else "")
    sent += dpdk.exact_bursts(testpmd, PAIRS, f"front-end {number}")
    check_stats(vdpa, sent, f"front-end {number}")
    testpmd.ask("port stop 0", r"Done", 30)
    testpmd.ask("port start 0", r"Done", 30)
    sent += dpdk.exact_bursts(testpmd, PAIRS, f"front-end {number}, started again")
    check_stats(vdpa, sent, f"front-end {number}, started again")
    testpmd.send("quit")
    check(testpmd.wait(30) == 0, "testpmd did not end well")
    return sent


def main(mlx5emu, program, driver, mode):
    example.need_programs(program)
    with Rig(f"example-{mode}") as rig:
        vdpa = example.back_end(rig, mlx5emu, program, driver,
                                more=["--client"] if mode == "client" else [])
        row = vdpa.ask("list", re.escape(example.BDF) + r"\s+(\d+)\s+(0x[0-9a-f]+)")
        print(f"queues {row[1]}, features {row[2]}")
        vdpa.ask(f"create {rig.path('s')} {example.BDF}", r"vdpa> ")
        if mode == "server":
            rig.await_path("s")
        sent = 0
        for number in range(LIVES):
            sent = life(rig, vdpa, mode, number + 1, sent)
        print(f"{sent} packets sent, all of them came back and are counted")
        example.quit_example(vdpa)
        example.card_is_content(rig)


main(*sys.argv[1:])
