# SPDX-License-Identifier: BSD-3-Clause
"""What the driver tells at DPDK's telemetry socket, while a guest goes from flow to flow; and the
exporter's plug-in on the same socket.

usage: telemetry.py PLUGIN
"""
import importlib.util
import json
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import flows  # noqa: E402
import rig  # noqa: E402

DEV = dpdk.DEVICES[0]
PAIRS = 2


class Telemetry:
    """As the exporter's own class: cmd(uri, arg)."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(20)
        self.sock.connect(str(path))
        self.size = json.loads(self.sock.recv(1024))["max_output_len"]

    def cmd(self, uri, arg=None):
        self.sock.send((uri if arg is None else f"{uri},{arg}").encode())
        return json.loads(self.sock.recv(self.size))[uri]


def flows_of(tel, seq=None):
    """As a list; the number is also the name."""
    found = tel.cmd("/vdpa/flows", DEV if seq is None else f"{DEV},{seq}")
    rig.check(all(int(name) == flow["seq"] for name, flow in found.items()), f"{found}")
    rig.check(list(found) == sorted(found, key=int, reverse=True), f"order: {list(found)}")
    return list(found.values())


def unused(tel):
    rig.check(tel.cmd("/vdpa/list") == [DEV], f"the list is {tel.cmd('/vdpa/list')}")
    info = tel.cmd("/vdpa/info", DEV)
    rig.check(info["state"] == "unused" and info["owner"] == -1, f"before a guest: {info}")
    rig.check(info["memory"]["regions"] == 0 and info["virtqs_wanted"] == 0, f"{info}")
    rig.check(info["capabilities"]["freeze_to_rdy"] == 1, f"{info['capabilities']}")
    rig.check("csum" in info["features_offered"], f"{info['features_offered']}")
    rig.check(info["devargs"]["resume_index"] == "used", f"{info['devargs']}")
    rig.check(info["dirty_log"] == {"wanted": 0, "mapped": 0, "refused": 0, "all_marked": 0},
              f"{info['dirty_log']}")
    rig.check(tel.cmd("/vdpa/stats", DEV)["queue"] == [], "queues are wanted by nobody")
    virtq = tel.cmd("/vdpa/virtq", f"{DEV},0")
    rig.check(virtq["wanted"] == 0 and virtq["direction"] == "rx", f"{virtq}")


def refused(tel):
    """Parameters that make no sense."""
    for command, arg, words in (
            ("/vdpa/info", None, "missing"), ("/vdpa/info", "", "missing"),
            ("/vdpa/info", "0000:99:00.0", "no device"), ("/vdpa/info", "x" * 100, "bad device"),
            ("/vdpa/virtq", DEV, "missing"), ("/vdpa/virtq", f"{DEV},", "no number"),
            ("/vdpa/virtq", f"{DEV},9999", "no queue 9999"), ("/vdpa/virtq", f"{DEV},-1", "no num"),
            ("/vdpa/virtq", f"{DEV},1x", "no number"), ("/vdpa/virtq", f"{DEV},1,2", "no number"),
            ("/vdpa/stats", f"{DEV},65536", "no queue 65536"),
            ("/vdpa/stats", f"{DEV},99999999999999999999999", "no number"),
            ("/vdpa/info", "\u00e4\"\\\x01", "no device '??\"\\?'"),
            ("/vdpa/flows", f"{DEV},0", "from 1"), ("/vdpa/flows", ",3", "bad device")):
        answer = tel.cmd(command, arg)
        rig.check(words in answer.get("error", ""), f"{command},{arg}: {answer}")


def running(tel, run):
    info = tel.cmd("/vdpa/info", DEV)
    rig.check(info["state"] == "configured" and info["owner"] >= 0, f"with a guest: {info}")
    rig.check(info["virtqs_wanted"] == 2 * PAIRS and info["virtqs_down"] == 0, f"{info}")
    rig.check({"version_1", "mq", "guest_csum"} <= set(info["features_negotiated"]),
              f"{info['features_negotiated']}")
    rig.check(info["memory"]["regions"] == 2 and int(info["memory"]["key"], 16) != 0 and
              sum(info["memory"]["sizes"]) == info["memory"]["bytes"], f"{info['memory']}")
    rig.check(sum(info["memory"]["key_sizes"]) == info["memory"]["bytes"] ==
              info["memory"]["pinned"] and info["memory"]["key_entries"] >= 2 and
              len(set(info["memory"]["keys"])) == len(info["memory"]["key_addresses"]) > 0,
              f"{info['memory']}")
    rig.check(info["workers"] == info["devargs"]["max_conf_threads"], f"{info}")
    virtq = tel.cmd("/vdpa/virtq", f"{DEV},1")
    rig.check(virtq["state"] == "READY" and virtq["direction"] == "tx" and virtq["wanted"] == 1,
              f"{virtq}")
    rig.check(virtq["ring"]["size"] == 256 and virtq["ring"]["type"] == "split", f"{virtq}")
    stats = tel.cmd("/vdpa/stats", DEV)
    rig.check(stats["queue"] == list(range(2 * PAIRS)), f"{stats}")
    # All frames come back to the first queue: they are no IP.
    rig.check(all(stats["completed_desc"][queue] > 0 for queue in (0, 1, 3)), f"{stats}")
    rig.check("next" not in stats, f"{stats}")
    flow = flows_of(tel)[0]
    rig.check(flow["kind"] == "start" and flow["result"] == 0 and flow["seq"] >= 1, f"{flow}")
    rig.check(flow["queue"] == list(range(2 * PAIRS)) and flow["resumed_used"] == [0] * 4,
              f"{flow}")
    # The first table came before the device was configured.
    memory = run["commands"]["REG_MR"] + run["commands"]["CREATE_MKEY"]
    rig.check(flow["commands"] == run["total"] - memory, f"{flow}, the card: {run}")


def after(tel, guest, step, kind):
    """One flow of the driver for one of the guest, with the card's count and the right indices."""
    before = flows_of(tel)[0]["seq"]
    # The counters of queues are asked for by commands: none may come from here meanwhile.
    done = guest.do(step)
    found = flows_of(tel)
    new = [flow for flow in found if flow["seq"] > before]
    rig.check([flow["kind"] for flow in new] == [kind], f"after {step}: {new}")
    flow = new[0]
    rig.check(flow["commands"] == done["total"], f"after {step}: {flow}, the card: {done}")
    rig.check(flow["saved"] == flow["resumed"] == 2 * PAIRS and flow["index_mismatches"] == 0 and
              flow["saved_used"] == flow["resumed_used"] == flow["saved_available"],
              f"after {step}: {flow}")
    rig.check(0 < flow["outage_us"] <= flow["duration_us"], f"after {step}: {flow}")
    rig.check(flows_of(tel, flow["seq"])[0]["kind"] == kind, "by number")
    at = flow["queue"].index(3)  # queues are told in the order in which they stopped
    rig.check(tel.cmd("/vdpa/virtq", f"{DEV},3")["saved"]["used"] == flow["saved_used"][at],
              "a queue and the flow differ")


def exported(tel, plugin):
    spec = importlib.util.spec_from_file_location("vdpa", plugin)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    known, values = module.info(), module.metrics(tel)
    rig.check({name for name, _, _ in values} == set(known), "metrics that were not announced, or "
              f"not given: {({name for name, _, _ in values} ^ set(known))}")
    rig.check(all(kind in ("counter", "gauge") for _, kind in known.values()), f"{known}")
    rig.check(all(isinstance(value, int) for _, value, _ in values), f"{values}")
    values = {(name, *labels.values()): value for name, value, labels in values}
    rig.check(values["configured", DEV] == 1 and values["virtqs_wanted", DEV] == 2 * PAIRS,
              f"{values}")
    rig.check(values["virtq_completed_desc", DEV, 3] > 0, f"{values}")
    rig.check(values["flow_outage_us", DEV, "set_mem_table"] > 0, f"{values}")


def main(plugin):
    with rig.Rig("telemetry") as r:
        guest = flows.Run(r, "ours", PAIRS)
        tel = Telemetry(r.await_path("dpdk/testvdpa/dpdk_telemetry.v2"))
        unused(tel)
        refused(tel)
        running(tel, guest.do("start"))
        after(tel, guest, "add", "set_mem_table")
        after(tel, guest, "remove", "set_mem_table")
        exported(tel, plugin)
        guest.do("stop")
        rig.check(tel.cmd("/vdpa/info", DEV)["state"] == "attached", "the front-end is still here")
        rig.check(flows_of(tel)[0]["kind"] == "stop", "no stop among the flows")
        guest.do("cont")
        rig.check(flows_of(tel)[0]["kind"] == "restart", "no restart")
        for _ in range(20):  # the oldest go
            guest.do("stop_cont")
        rig.check(len(flows_of(tel)) == 32, "more or less than 32 flows")
        guest.account()
        guest.app.expect(r"cleanup: 0 queues in .* commands")
        rig.check(tel.cmd("/vdpa/info", DEV)["state"] == "unused", "the front-end is gone")
        rig.check(flows_of(tel)[0]["kind"] == "cleanup", "no cleanup")
        dpdk.end(r, guest.app)


main(sys.argv[1])
