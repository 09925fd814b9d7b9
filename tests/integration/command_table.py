# SPDX-License-Identifier: BSD-3-Clause
"""Firmware commands of each flow, by name, as sums of terms of V, the number of virtqueues (two a
pair): "V/2 + 7". What differs for one pair, whose receive queue is the only one, is said beside it.

The guest's memory has two regions, a third one is added and removed. Matchers of flow rules, event
subscriptions and VAR pages are no commands (doc/guides/emulated-card-faults.md, "Commands and their
names").
"""


def term(text, queues):
    if "V" not in text:
        return int(text)
    factor, divisor = text.split("V")
    return int(factor or 1) * queues // int(divisor.lstrip("/") or 1)


def value(text, queues):
    """The number for so many queues."""
    return sum(term(part.strip(), queues) for part in str(text).split("+"))


def plus(*parts):
    """One part after the other."""
    total = {}
    for part in parts:
        for name, text in part.items():
            total[name] = f"{total[name]} + {text}" if name in total else str(text)
    return total


def one(part):
    """For a single queue."""
    return {name: value(text, 1) for name, text in part.items()}


# --- what flows are made of -----------------------------------------------------------------------

OPEN = {"ALLOC_PD": 1, "ALLOC_TRANSPORT_DOMAIN": 1, "ALLOC_UAR": 2, "CREATE_TIS": 1}
STEER = {"CREATE_FLOW": 7, "CREATE_TIR": 7, "CREATE_RQT": 1}
UNSTEER = {"DESTROY_FLOW": 7, "DESTROY_TIR": 7, "DESTROY_RQT": 1}
TABLE = {"MODIFY_RQT": 1}
CONNECT = {"RST2INIT_QP": "2V", "INIT2RTR_QP": "2V", "RTR2RTS_QP": "2V"}
OBJECTS = plus({"CREATE_CQ": "V", "CREATE_QP": "2V", "CREATE/VIRTIO_Q_COUNTERS": "V"}, CONNECT)
PARTS = plus(OBJECTS, {"REG_UMEM": "5V"})
RECONNECT = plus({"2RST_QP": "2V"}, CONNECT)
CREATE = {"CREATE/VIRTQ": "V"}
READY = {"MODIFY_VIRTQ RDY": "V"}
STOP = {"MODIFY_VIRTQ SUSPEND": "V", "QUERY/VIRTQ": "V"}
DESTROY = {"DESTROY/VIRTQ": "V"}
MEMORY = {"REG_MR": 2, "CREATE_MKEY": 1}
REBUILD = plus(RECONNECT, CREATE, READY)


def cases(only_pair, others):
    """What a flow on the first receive queue takes when there is no other, and when there is."""
    return {1: only_pair, "more": others}


# --- DPDK's driver --------------------------------------------------------------------------------

ANEW_ADD = {"DEREG_MR": 2, "DESTROY_MKEY": 1, "REG_MR": 3, "CREATE_MKEY": 1}
ANEW_REMOVE = {"DEREG_MR": 3, "DESTROY_MKEY": 1, "REG_MR": 2, "CREATE_MKEY": 1}
# Steering is built for the first receive queue, and changed for each other one.
BY_QUEUE = plus(STEER, {"MODIFY_RQT": "V/2 + -1"})
RING_OFF = plus(one(STOP), one(DESTROY))
STOCK_RING = {
    "disable": cases(plus(RING_OFF, UNSTEER), plus(RING_OFF, TABLE)),
    "enable": cases(plus(one(REBUILD), STEER), plus(one(REBUILD), TABLE)),
}
STOCK_STOP = plus(STOP, UNSTEER, DESTROY)
STOCK = {
    "probe": plus(OPEN, {"QUERY_HCA_CAP": 9}),
    "start": plus(MEMORY, PARTS, CREATE, READY, STEER),
    "stop": STOCK_STOP,
    "cont": plus(REBUILD, STEER),
    "stop_cont": plus(STOCK_STOP, REBUILD, STEER),
    "add": plus(STOCK_STOP, ANEW_ADD),  # and nothing runs
    "call": plus(REBUILD, BY_QUEUE),
    "remove_call": plus(STOCK_STOP, ANEW_REMOVE, REBUILD, BY_QUEUE),
    "reset": plus(STOCK_STOP, REBUILD, STEER),
    **STOCK_RING,
}
# At a stop all queues are made anew, before the next start is known.
PRE_STOP = plus(STOCK_STOP, RECONNECT, CREATE, STEER)
STOCK_PRE = {
    "probe": plus(STOCK["probe"], PARTS, CREATE, STEER),
    "start": plus(MEMORY, READY, TABLE),
    "stop": PRE_STOP,
    "cont": plus(READY, TABLE),
    "stop_cont": plus(PRE_STOP, READY, TABLE),
    "add": plus(PRE_STOP, ANEW_ADD, UNSTEER),
    "call": plus(READY, BY_QUEUE),
    "remove_call": plus(PRE_STOP, ANEW_REMOVE, UNSTEER, READY, BY_QUEUE),
    "reset": plus(PRE_STOP, READY, TABLE),
    **STOCK_RING,
}

# --- ours -----------------------------------------------------------------------------------------

# What the card keeps for a queue in our memory is registered in one piece.
OUR_PARTS = plus(OBJECTS, {"REG_UMEM": "V"})
ADD = {"REG_MR": 1, "CREATE_MKEY": 1, "DESTROY_MKEY": 1}
REMOVE = {"DEREG_MR": 1, "CREATE_MKEY": 1, "DESTROY_MKEY": 1}
SWAP = plus(DESTROY, REBUILD)
# The receive queues are made anew in two halves, the table names the one that is there. For a single
# one it names a queue that never runs, which is made when that is needed first, and kept.
HALVES = {"MODIFY_RQT": 3}
ASIDE = {"MODIFY_RQT": 2}
PARK = {"REG_UMEM": 1, "REG_MR": 1, "CREATE/VIRTQ": 1}


def kept(before, after, first=()):
    """Queues that are made anew between these, with steering in place. first: PARK, where a single
    receive queue is replaced for the first time."""
    return cases(plus(before, SWAP, ASIDE, after, dict(first)), plus(before, SWAP, HALVES, after))


RESUMABLE = {
    "probe": plus(OPEN, {"QUERY_HCA_CAP": 3, "QUERY_NIC_VPORT_CONTEXT": 1}),
    "start": plus(MEMORY, OUR_PARTS, CREATE, READY, STEER),
    "stop": STOP,
    "cont": READY,
    "stop_cont": plus(STOP, READY),
    "add": plus(STOP, READY, ADD),
    "remove": plus(STOP, READY, REMOVE),
    "reset": plus(STOP, READY),
    "disable": cases(one(STOP), plus(one(STOP), TABLE)),
    "enable": cases(one(READY), plus(one(READY), TABLE)),
    "call": {},
}
PRE_CREATED = {**RESUMABLE, "probe": plus(RESUMABLE["probe"], OUR_PARTS, CREATE, STEER),
               "start": plus(MEMORY, READY)}
RECREATE = {**RESUMABLE, "add": kept(STOP, ADD, PARK), "remove": kept(STOP, REMOVE)}
TEARDOWN = {**RESUMABLE, "add": plus(STOP, SWAP, UNSTEER, STEER, ADD),
            "remove": plus(STOP, SWAP, UNSTEER, STEER, REMOVE)}
OLD = {**RECREATE, "cont": kept({}, {}, PARK), "add": kept(STOP, ADD),
       "stop_cont": kept(STOP, {}), "reset": kept(STOP, {}),
       "enable": cases(plus(one(SWAP), ASIDE), plus(one(SWAP), TABLE))}

# --- which card, which arguments ------------------------------------------------------------------

OLD_CARD = {"freeze_to_rdy_supported": False, "vnet_modify_ext": False,
            "virtio_net_q_addr_modify": False, "virtio_q_index_modify": False}
CASES = {
    "stock": {"driver": "stock", "flows": STOCK, "dead": ["add"]},
    "stock_old": {"driver": "stock", "card": OLD_CARD, "flows": STOCK, "dead": ["add"]},
    "stock_pre_created": {"driver": "stock", "devargs": ",queues=PAIRS,queue_size=256",
                          "flows": STOCK_PRE, "dead": ["add"], "alive_ms": 2000},
    "resumable": {"driver": "ours", "flows": RESUMABLE},
    "workers": {"driver": "ours", "devargs": ",max_conf_threads=4", "flows": RESUMABLE},
    "old": {"driver": "ours", "card": OLD_CARD, "flows": OLD},
    "pre_created": {"driver": "ours", "devargs": ",queues=PAIRS,queue_size=256",
                    "flows": PRE_CREATED},
    "recreate": {"driver": "ours", "devargs": ",mem_table=recreate", "flows": RECREATE},
    "teardown": {"driver": "ours", "devargs": ",mem_table=teardown", "flows": TEARDOWN},
}
