#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What DPDK's own mlx5 vDPA driver, untouched, makes of the scenarios in which it goes wrong: the
evidence for doc/guides/stock-pmd.md, which has the same ids. A story passes when that driver does
what was written down, so it fails, and the guide with it, when a later version does better. Races
are tried a few times and asked for one loss, or only told.

The front-end (pairs.py) does not know whom it talks to; checklist.py plays the same to our driver.

Usage: stock_evidence.py MLX5EMU VDPA_EXAMPLE STORY...
"""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import card_ctl  # noqa: E402
import frontend as fe  # noqa: E402
import pairs as fp  # noqa: E402
from rig import Failure, Rig, check  # noqa: E402
from rig_wait import until  # noqa: E402
from vdpa_example import BDF, need_programs  # noqa: E402

PROTOCOL = fe.PROTOCOL_MQ | fe.PROTOCOL_STATUS | fe.PROTOCOL_LOG_SHMFD
MODIFY = {"vnet_modify_ext": True, "virtio_net_q_addr_modify": True,
          "virtio_q_index_modify": True}
VIRTQ = "/VIRTIO_NET_Q"
CREATE, MODIFY_Q = "CREATE_GENERAL_OBJECT" + VIRTQ, "MODIFY_GENERAL_OBJECT" + VIRTQ
DEAD = 1.0  # seconds without a sign of life
ADDED = 1 << 32


class Stock:
    """The stock driver in DPDK's example on a card, a control socket, a trace, front-ends."""

    def __init__(self, rig, programs, devargs="", **config):
        self.rig, (self.mlx5emu, example) = rig, programs
        config = {"control": {"socket": str(rig.path("ctl"))}, "trace": {"file": "trace.json"},
                  **config}
        rig.path("card.json").write_text(json.dumps(config))
        self.app = rig.start("vdpa", [
            self.mlx5emu, "--config", "card.json", "--wire", "loop", "--pause-ms", "60000",
            "--log", "card.log", "--log-level", "info", "--", example, "--no-huge", "-m", "192",
            "--no-telemetry", "--lcores", "0@0-1", "-a", f"{BDF},class=vdpa{devargs}",
            "--file-prefix", "stock", "--log-level", "pmd.vdpa.mlx5:debug", "--", "-i"],
            env={"ASAN_OPTIONS": "detect_leaks=0"})  # that it leaks is one of the stories

    def front(self, **options):
        self.app.expect(r"vdpa> ", 30)
        self.app.ask(f"create {self.rig.path('s')} {BDF}", r"vdpa> ")
        return fp.Front(str(self.rig.await_path("s")), protocol=PROTOCOL, **options)

    def running(self, **options):
        """A front-end whose queues have all done something."""
        return self.front(**options).run()

    def resting(self, **options):
        """A front-end with one pair that ran; no receive buffer is left."""
        return self.front(**options).run_and_rest()

    def ctl(self, *words):
        return card_ctl.ask(self.rig.path("ctl"), *words)

    def fault(self, **keys):
        self.ctl("fault", "add", *(f"{key}={value}" for key, value in keys.items()))

    def trace(self):
        """Commands that have ended so far, oldest first."""
        lines = map(json.loads, self.rig.path("trace.json").read_text().splitlines())
        return [line for line in lines if line["kind"] == "command"]

    def objects(self, kind):
        return self.ctl("objects")["functions"][0][kind]

    def quit(self):
        self.app.send("quit")
        check(self.app.wait(20) == 0, "the example did not end well")


def count(commands, name):
    return sum(line["command"] == name for line in commands)


def add_region(front):
    """SET_MEM_TABLE with one region more."""
    more = front.add_memory(ADDED + (len(front.more) << 24), 2 << 20)
    front.set_table([front.main, *front.more])
    front.barrier()
    return more


def is_dead(front, what):
    alive = front.alive(DEAD)
    check(not alive, f"{what}: queues {sorted(alive)} are alive; this was not so")


# --- the stories ----------------------------------------------------------------------------------

def n1(rig, programs):
    """N1, V1: SET_MEM_TABLE with one region more kills every queue; it is called a success. Only
    SET_VRING_CALL (or KICK) of each queue revives it."""
    for pairs in (1, 4):
        with Rig(f"n1-{pairs}") as inner:
            stock = Stock(inner, programs)
            with stock.running(pairs=pairs) as front:
                before = len(stock.trace())
                add_region(front)
                commands = stock.trace()[before:]
                check(count(commands, CREATE) == 0 and count(commands, "CREATE_RQT") == 0,
                      "queues were made after SET_MEM_TABLE")
                stock.app.expect(r"vDPA device \d+ was configured")
                check(len(commands) == 3 * 2 * pairs + 15 + 2 + 3, f"{len(commands)} commands")
                is_dead(front, "after SET_MEM_TABLE")
                for queue in range(2 * pairs):
                    front.enable(queue)
                is_dead(front, "after SET_VRING_ENABLE")
                for queue in range(2 * pairs):
                    front.new_call(queue)
                front.barrier()
                front.all_alive("after SET_VRING_CALL")
                front.account("after SET_VRING_CALL")
            stock.quit()


def n3(rig, programs):
    """N3: the same guest addresses with other memory behind them. The old memory stays in use."""
    def copy(front):
        """Moves the guest into a new file at another address of the front-end."""
        new = fe.Memory(0, fe.RAM_SIZE, fe.USER_BASE + (1 << 40))
        new.map[:] = front.main.map[:]
        front.more.append(front.main)  # closed at the end
        front.main, front.memfd, front.ram = new, new.fd, new.map

    def same_address(front):
        copy(front)
        front.main.user = fe.USER_BASE
        front.set_table([front.main])

    def restart(front):
        front.stop_rings()
        copy(front)
        front.set_table([front.main])
        front.start_rings()

    for act in (same_address, restart):
        with Rig("n3") as inner:
            stock = Stock(inner, programs)
            with stock.running() as front:
                old = front.main
                before = len(stock.trace())
                act(front)
                front.barrier()
                commands = stock.trace()[before:]
                check(count(commands, "REG_MR") == 0, f"{act.__name__}: memory was registered")
                print(f"{act.__name__}: {len(commands)} commands, of them REG_MR 0")
                front.more.remove(old)
                is_dead(front, act.__name__)
                front.more.append(old)
            stock.quit()


def in_flight(stock, front, queue):
    """50 posted, 20 done, of one queue, and the next SUSPEND of it says so: 20 frames for 50
    receive buffers, or 50 frames for 20 of them (a looped port loses nothing, so 30 frames
    wait)."""
    front.give(0, 20 if queue else 50)
    front.push(1, 50 if queue else 20)
    ring = front.rings[queue]
    front.want_back(0, 3 + 20)
    front.want_back(1, 3 + 20)
    check(len(ring.out) == 30, f"queue {queue}: {len(ring.out)} are out, not 30")
    stock.fault(id="early", action="stop-early", queue=queue, chains=30)


def n5(rig, programs):
    """N5: 50 posted, 20 done at the stop. In-place rebuilds lose 30; GET/SET_VRING_BASE does not,
    because vhost goes by the used index in memory."""
    def call(stock, front, queue):
        front.new_call(queue)

    def enable(stock, front, queue):
        front.disable(queue)
        front.enable(queue)

    def mem_table(stock, front, queue):
        add_region(front)
        for number in (0, 1):
            front.new_call(number)

    def error(stock, front, queue):
        used = front.rings[queue].used
        stock.ctl("fault", "clear")
        stock.fault(id="early", action="bad-indices", queue=queue, available_index=used + 30,
                    used_index=used)
        stock.ctl("queue-error", "0", str(queue), "invalid-buffer")
        stock.app.expect(rf"Recover virtq {queue}: \d+")

    def base(stock, front, queue):
        front.stop_rings()
        front.start_rings()

    for act, lost, queues in ((call, 30, (1, 0)), (enable, 30, (1,)), (mem_table, 30, (0,)),
                              (error, 30, (1,)), (base, 0, (0, 1))):
        for queue in queues:
            with Rig(f"n5-{act.__name__}") as inner:
                stock = Stock(inner, programs)
                with stock.resting() as front:
                    in_flight(stock, front, queue)
                    ring = front.rings[queue]
                    old = set(ring.out)
                    act(stock, front, queue)
                    front.barrier()
                    fired = stock.ctl("fault", "list")["faults"]
                    check(all(f["fired"] for f in fired), f"the fault did not happen: {fired}")
                    never_back(front, queue, old, lost, act.__name__)
                stock.quit()


def never_back(front, queue, old, lost, what):
    """The queue does what is new; so many of the old descriptors do not come back."""
    ring = front.rings[queue]
    front.give(0, 60 if queue else 30)
    front.push(1, 30 if queue else 60 - lost)
    done = 3 + 20 + 30 + 30 - lost
    front.want_back(queue, done)
    front.silent(0.2)
    missing = old & set(ring.out)
    kind = "frames" if queue else "receive buffers"
    print(f"N5 {what}, queue {queue}: {len(missing)} {kind} of 30 in flight never came back")
    check(len(missing) == lost, f"{what}: {len(missing)} of 30 were lost, it was {lost}")


def n4(rig, programs):
    """N4: SUSPEND fails inside SET_MEM_TABLE; the device is called configured all the same."""
    stock = Stock(rig, programs)
    with stock.running() as front:
        stock.fault(id="n4", action="fail", command=MODIFY_Q, status="INT_ERR")
        add_region(front)
        stock.app.expect(r"Failed to stop virtq 0 for LM log")
        stock.app.expect(r"vDPA device \d+ was configured")
        is_dead(front, "after a SET_MEM_TABLE whose SUSPEND failed")
    stock.quit()


THREADS = ",queues=4,queue_size=64,max_conf_threads=8"


def n6(rig, programs):
    """N6: with threads, a start that follows the stop at once finds its queues dead. A race: at
    least one of five must lose it (it was 12 of 12)."""
    dead = run = 0
    while run < 5 and not dead:
        run += 1
        with Rig("n6") as inner:
            stock = Stock(inner, programs, THREADS, capabilities=MODIFY,
                          latency={"default_us": 600})
            with stock.running() as front:
                front.stop_rings()
                front.start_rings()
                time.sleep(0.3)
                dead += not front.alive(DEAD)
            stock.app.stop()
    print(f"N6: all queues dead after stop and start in run {run}")
    check(dead > 0, "no run lost the race; this was not so")


def n7(rig, programs):
    """N7: threads that miss their wake-up; the probe hangs. A race: told, not asked for."""
    hung = run = 0
    while run < 4 and not hung:
        run += 1
        with Rig("n7") as inner:
            stock = Stock(inner, programs, ",queues=16,queue_size=64,max_conf_threads=8",
                          capabilities=MODIFY)
            try:
                stock.app.expect(r"vdpa> ", 4)
            except Failure:
                hung += 1
            stock.app.stop()
    print(f"N7: {hung} of {run} probes hung")


def traffic_dirties(front, seconds=10):
    """Pages of front.log that traffic makes dirty; the log is cleared before."""
    clear(front.log)
    front.all_alive("while logging", seconds)
    front.account("while logging")
    return front.dirty_pages()


def clear(log):
    log.map[:] = bytes(log.size)


def n8(rig, programs):
    """N8: LOG_ALL is cleared: no command, pages go on being logged. Set again: another memory
    region and key, the first ones stay until the end."""
    stock = Stock(rig, programs)
    with stock.running() as front:
        keys = stock.objects("MKEY")
        front.start_log()
        check(traffic_dirties(front), "no page is dirty while logging")
        logging = stock.objects("MKEY")
        before = len(stock.trace())
        front.log_off()
        check(len(stock.trace()) == before, "LOG_ALL cleared had an effect")
        pages = traffic_dirties(front)
        check(pages, "nothing is logged any more")
        front.log_on()
        again = stock.objects("MKEY")
        print(f"N8: {len(pages)} dirty pages after LOG_ALL was cleared; keys {keys}, {logging} "
              f"while logging, {again} the second time")
        check(keys < logging < again, "no key was leaked")
    stock.quit()


def n9(rig, programs):
    """N9: a new log while logging: the old one goes on being written."""
    stock = Stock(rig, programs)
    with stock.running() as front:
        front.start_log()
        old = front.log
        front.more.append(old)
        front.log = fe.Memory(0, fe.RAM_SIZE >> 15, 0)
        front.set_log(front.log)
        clear(old)
        front.all_alive("with the new log")
        front.account("with the new log")
        new_bits, old_bits = (sum(bin(byte).count("1") for byte in log.map[:])
                              for log in (front.log, old))
        print(f"N9: {new_bits} bits in the new log, {old_bits} in the old one")
        check(new_bits == 0 and old_bits > 0, "the new log was used")
        front.more.remove(old)
        old.close()
    stock.quit()


def n10(rig, programs):
    """N10: queues that are made while the log is on do not log: by SET_VRING_CALL, SET_MEM_TABLE,
    after an error; nor do any when the log was on before the start."""
    def call(stock, front):
        for queue in (0, 1):
            front.new_call(queue)

    def mem_table(stock, front):
        add_region(front)
        call(stock, front)

    def error(stock, front):
        for queue in (0, 1):
            stock.ctl("queue-error", "0", str(queue), "invalid-buffer")
            stock.app.expect(rf"Recover virtq {queue}: \d+")

    def restart(stock, front):
        front.stop_rings()
        front.start_rings()

    for act in (call, mem_table, error, restart):
        with Rig(f"n10-{act.__name__}") as inner:
            stock = Stock(inner, programs)
            with stock.running() as front:
                front.start_log()
                check(traffic_dirties(front), "no page is dirty while logging")
                act(stock, front)
                front.barrier()
                pages = traffic_dirties(front)
                print(f"N10 {act.__name__}: {len(pages)} dirty pages")
                check(not pages, f"{act.__name__}: the queues log")
            stock.quit()
    with Rig("n10-before") as inner:
        stock = Stock(inner, programs)
        with stock.front() as front:
            front.log = fe.Memory(0, fe.RAM_SIZE >> 15, 0)
            front.features |= fe.F_LOG_ALL
            for name, step in front.steps():
                if name == "SET_FEATURES":
                    front.set_log(front.log)
                step()
            pages = traffic_dirties(front)
            print(f"N10 log on before the start: {len(pages)} dirty pages")
            check(not pages, "the queues log")
        stock.quit()


def n11(rig, programs):
    """N11: two threads, eight queues: at the stop the used rings of queues 3 and 6 are not in the
    log, because the main thread logs others in their place."""
    stock = Stock(rig, programs, ",max_conf_threads=2", latency={"default_us": 300})
    with stock.running(pairs=4) as front:
        front.start_log()
        front.log_rings()
        front.silent(0.2)
        clear(front.log)
        front.stop_rings()
        pages = front.dirty_pages()
        logged = [int(ring.used_page() in pages) for ring in front.rings]
        print(f"N11: used rings logged at the stop: {logged}")
        check(logged == [1, 1, 1, 0, 1, 1, 0, 1], "other used rings than 3 and 6 are missing")
    stock.quit()


def n15(rig, programs):
    """N15: more pre-created pairs than half of the card's queues: SIGSEGV at probe."""
    for queues, dies in ((8, False), (9, True), (15, True)):
        with Rig(f"n15-{queues}") as inner:
            stock = Stock(inner, programs, f",queues={queues},queue_size=64",
                          capabilities={"max_num_virtio_queues": 16, **MODIFY})
            if dies:
                status = stock.app.wait(20)
                print(f"N15: queues={queues} on a card with 16: exit status {status}")
                check(status == 128 + 11 or "AddressSanitizer" in stock.app.text,
                      f"exit status {status}")
            else:
                stock.app.expect(r"vdpa> ", 20)
                stock.quit()


def n19(rig, programs):
    """N19: a packed ring is offered and does nothing: CREATE says split, and no addresses."""
    stock = Stock(rig, programs, capabilities={"freeze_to_rdy_supported": True},
                  trace={"file": "trace.json", "hex": True})
    with stock.front(packed=True) as front:
        check(front.ask_u64(fe.GET_FEATURES) & fp.F_PACKED, "packed rings are not offered")
        front.start()
        front.barrier()
        before = len(front.sent)
        is_dead(front, "with packed rings")
        print(f"N19: {len(front.sent) - before} frames posted, 0 came back")
    creates = [line for line in stock.trace() if line["command"] == CREATE]
    print(f"N19: {len(creates)} queues made, status {sorted({c['status'] for c in creates})}")
    stock.app.stop()


def n20(rig, programs):
    """N20: three errors are recovered, the fourth within three seconds ends the queue; the
    front-end is not told. SET_VRING_KICK revives it."""
    stock = Stock(rig, programs)
    with stock.running() as front:
        time.sleep(3.2)  # the driver takes the machine's first 3 s for an error of before
        for number in (1, 2, 3):
            stock.ctl("queue-error", "0", "1", "invalid-buffer")
            stock.app.expect(rf"Recover virtq 1: {number}")
            front.all_alive(f"after error {number}")
        stock.ctl("queue-error", "0", "1", "invalid-buffer")
        stock.app.expect(r"[Ff]ailed to recover|error events? .*exceed|after 3|too many")
        front.barrier()
        check(1 not in front.alive(DEAD), "the queue is alive after the fourth error")
        front.new_kick(1)
        front.barrier()
        front.all_alive("after SET_VRING_KICK")
        front.account("at the end")
    stock.quit()


STORIES = {f.__name__: f for f in (n1, n3, n4, n5, n6, n7, n8, n9, n10, n11, n15, n19, n20)}


def main(mlx5emu, example, *names):
    need_programs(example)
    for name in names or STORIES:
        begin = time.monotonic()
        with Rig(f"stock-{name}") as rig:
            STORIES[name](rig, (mlx5emu, example))
        print(f"{name}: as it was, {time.monotonic() - begin:.1f} s", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
