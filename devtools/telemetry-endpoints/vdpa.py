# SPDX-License-Identifier: BSD-3-Clause
"""vDPA devices for dpdk-telemetry-exporter.py (DPDK 24.07 and later; it speaks to older ones, too):

    dpdk-telemetry-exporter.py -p .../devtools/telemetry-endpoints -e vdpa \
        -s /run/dpdk/PREFIX/dpdk_telemetry.v2

The exporter calls info() for the names and metrics() for the values; sock.cmd(uri, arg) asks the
telemetry socket of the program that has the devices.
"""
COUNTER, GAUGE = "counter", "gauge"

_DEVICE = {
    "configured": ("1 while the device serves a front-end.", GAUGE),
    "virtqs": ("Queues that the device has.", GAUGE),
    "virtqs_wanted": ("Queues that the front-end has enabled.", GAUGE),
    "virtqs_down": ("Queues that recovery gave up.", GAUGE),
    "memory_bytes": ("Guest memory that the card can reach.", GAUGE),
    "memory_regions": ("Regions of the memory table.", GAUGE),
    "firmware_commands": ("Commands that the card was given.", COUNTER),
    "flows": ("Starts, stops, memory tables and the like.", COUNTER),
    "flow_duration_us": ("How long the last flow of the kind took.", GAUGE),
    "flow_outage_us": ("How long queues stood still in the last flow of the kind.", GAUGE),
    "flow_commands": ("Commands of the last flow of the kind.", GAUGE),
    "flow_result": ("0, or the negative error number of the last flow of the kind.", GAUGE),
}

# Statistics of a queue; what a newer driver tells beside these is not exported.
_QUEUE = {
    "received_desc": ("Descriptors that the card took.", COUNTER),
    "completed_desc": ("Descriptors that the card gave back.", COUNTER),
    "bad_desc_errors": ("Bad descriptors.", COUNTER),
    "exceed_max_chain": ("Chains that were too long.", COUNTER),
    "invalid_buffer": ("Buffers outside of guest memory.", COUNTER),
    "completion_errors": ("Completions with an error.", COUNTER),
    "index_mismatches": ("Stops with entries in flight, or another used index.", COUNTER),
    "index_fallbacks": ("Stops at which the card gave no indices.", COUNTER),
    "recoveries": ("Restarts after an error of the card.", COUNTER),
    "give_ups": ("Errors after which the queue was left down.", COUNTER),
    "down": ("1 while the queue is left down.", GAUGE),
    "state": ("0 ABSENT, 1 INIT, 2 READY, 3 SUSPENDED, 4 ERROR.", GAUGE),
}


def info():
    """{metric: (description, type)}"""
    return {**_DEVICE, **{f"virtq_{name}": about for name, about in _QUEUE.items()}}


def metrics(sock):
    """[(metric, value, labels)]"""
    found = []
    for device in sock.cmd("/vdpa/list") or []:
        # A device may have gone since the list was made.
        told = sock.cmd("/vdpa/info", device) or {"error": "no answer"}
        if "error" in told:
            continue
        labels = {"device": device}
        found += [(name, value, labels) for name, value in _of_device(told)]
        found += _of_flows(sock.cmd("/vdpa/flows", device) or {}, labels)
        found += _of_queues(sock, device)
    return found


def _of_device(told):
    yield "configured", int(told["state"] == "configured")
    for name in ("virtqs", "virtqs_wanted", "virtqs_down", "firmware_commands"):
        yield name, told[name]
    yield "memory_bytes", told["memory"]["bytes"]
    yield "memory_regions", told["memory"]["regions"]


def _of_flows(flows, labels):
    """Of each kind the last one."""
    flows = {int(number): flow for number, flow in flows.items() if number.isdigit()}
    last = {flow["kind"]: flow for _, flow in sorted(flows.items())}
    found = [("flows", max(flows, default=0), labels)]
    for kind, flow in last.items():
        found += [(f"flow_{name}", flow[name], {**labels, "kind": kind})
                  for name in ("duration_us", "outage_us", "commands", "result")]
    return found


def _of_queues(sock, device):
    found, first = [], 0
    while first is not None:
        stats = sock.cmd("/vdpa/stats", f"{device},{first}") or {"error": "no answer"}
        if "error" in stats:
            break
        for name in _QUEUE.keys() & stats.keys():
            found += [(f"virtq_{name}", value, {"device": device, "queue": queue})
                      for queue, value in zip(stats["queue"], stats[name])]
        first = stats.get("next")
    return found
