/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The card's firmware as the kernel driver sees it: a card with functions, user contexts that own
 * objects, one entry for PRM commands, and the few things that a kernel driver does with memory
 * addresses instead of commands of its user (memory regions, umems, doorbell pages, flow rules).
 *
 * Strictness: unknown opcodes, short or long inputs, set reserved bits of fields that are known,
 * references to objects of another user context or that do not exist, arcs that a state does not
 * have and missing capabilities fail with status and syndrome, and the log names field, value and
 * reason. An object that another one uses cannot be destroyed (RES_BUSY).
 *
 * Threads: every function may be called from any thread; each takes the card's lock (vnet_lock)
 * for its whole run; with a latency or a fault it first waits, without the lock. The event callbacks
 * are called with that lock held: they must not call back.
 */
#ifndef FW_H
#define FW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base_log.h"
#include "fw_caps.h"
#include "prm_cmd.h"

struct fw_card; /**< one card: one engine, one wire, some functions */
struct fw_func; /**< one PCI function of it */
struct fw_uctx; /**< one user context (DevX uid); everything made under it dies with it */
struct vnet_pacing;
struct wire;

#define FW_MAX_FUNCS 32u
#define FW_NB_VECTORS 4u /**< completion vectors, so event queues, of a function */

/**
 * The key of memory that is not there (the ucontext's dump_fill_mkey): entries of an indirect key
 * name it for holes. Reading such memory gives zeros, writes to it vanish. (Not 0x100: that is
 * libmlx5's mark for "this device has no such key".)
 */
#define FW_NULL_MKEY 0x00000200u

#define FW_MIN_MTU 1500u
#define FW_MAX_MTU 9000u

/** What makes one function different from the others. */
struct fw_func_attr {
	bool has_mac; /**< else it gets one by its number */
	uint8_t mac[6];
	/** Bytes of an IP packet that its port takes, FW_MIN_MTU to FW_MAX_MTU; 0: FW_MAX_MTU. */
	uint16_t mtu;
};

struct fw_card_attr {
	unsigned int nb_funcs; /**< 1 to FW_MAX_FUNCS; function i is port i of the wire */
	const struct fw_caps *caps;
	const struct fw_func_attr *funcs; /**< nb_funcs of them; NULL: nothing special */
	struct wire *wire; /**< borrowed, must outlive the card */
	const struct vnet_pacing *pacing; /**< how the engine waits; NULL: VNET_PACING_DEFAULT */
	const struct base_log *log;
};

/** @return 0, -EINVAL, -ENOMEM or the engine's error. */
int fw_card_create(const struct fw_card_attr *attr, struct fw_card **card);
/** Pulls the plug; user contexts must be gone (assert). NULL is fine. */
void fw_card_destroy(struct fw_card *card);
/**
 * The process exits: the engine stops for good, contexts stay as they are; fw_card_destroy() must
 * not follow. May be called from a signal handler. @return 0, -ETIMEDOUT: see vnet_halt().
 */
int fw_card_halt(struct fw_card *card);
/** Function @p index, NULL when there is none. */
struct fw_func *fw_card_func(struct fw_card *card, unsigned int index);
/** MAC address of the function's port, 6 bytes. */
const uint8_t *fw_func_mac(const struct fw_func *func);
/** Is the link of the function's port up? */
bool fw_func_link(struct fw_func *func);
/** Commands executed by the function since the card was created (QUERY_HCA_CAP included). */
uint64_t fw_func_nb_cmds(const struct fw_func *func);

/* --- time, faults, trace ---------------------------------------------------------------------- */

struct fw_fault; /**< fw_fault.h */
struct fw_faults;
struct fw_latency; /**< fw_latency.h */
struct fw_trace_ops; /**< fw_trace.h */

/** How long commands take from now on; copied. A new card's take none. */
void fw_card_set_latency(struct fw_card *card, const struct fw_latency *latency);
void fw_card_latency(struct fw_card *card, struct fw_latency *latency);

/** @return 0, -EINVAL (fw_fault_check()), -EEXIST (the id), -ENOSPC. */
int fw_card_add_fault(struct fw_card *card, const struct fw_fault *rule);
/** @return 0, -ENOENT. */
int fw_card_del_fault(struct fw_card *card, const char *id);
void fw_card_clear_faults(struct fw_card *card);
/** A copy of all rules with their counters. */
void fw_card_faults(struct fw_card *card, struct fw_faults *faults);
/**
 * Puts the function's running queues of this index into ERR, as if the guest had done something
 * bad; @p error: virtio_q.error_type. @return 0, -EINVAL (no such error), -ENOENT (none runs).
 */
int fw_func_queue_error(struct fw_func *func, uint16_t index, uint8_t error);

/** What can break on the way of a queue's events. */
enum fw_event_error {
	FW_EVENT_ERROR_QP, /**< the pair of QPs: an error completion, then nothing */
	FW_EVENT_ERROR_CQ, /**< the completion queue: the event CQ_ERROR, then nothing */
};
/**
 * Breaks the way of the events of the function's running queues of this index; the queues run on.
 * @return 0, -ENOENT (none runs, or none has events).
 */
int fw_func_event_error(struct fw_func *func, uint16_t index, enum fw_event_error error);

/** Who is told of commands, once it is switched on; before the first user context. */
void fw_card_set_trace(struct fw_card *card, const struct fw_trace_ops *ops, void *arg);
void fw_card_trace_on(struct fw_card *card);
void fw_card_trace_off(struct fw_card *card);

/**
 * Pulls the function out, for good: the engine stops touching its memory, doorbells are dead,
 * waiting commands end, commands fail with -EIO (status INT_ERR) except those that give something
 * back, which succeed. User contexts stay until they are destroyed. @return 0, -EALREADY.
 */
int fw_func_remove(struct fw_func *func);
bool fw_func_is_gone(const struct fw_func *func);
unsigned int fw_func_index(const struct fw_func *func);
/** Who is told at the end of each fw_func_remove(), in its thread; before the first context. */
void fw_card_on_remove(struct fw_card *card, void (*removed)(void *arg, struct fw_func *func),
		void *arg);

/** What a user context is told; called with the card's lock held. */
struct fw_uctx_ops {
	/** An armed completion queue got a completion. */
	void (*completion)(void *arg, uint32_t cqn);
	/** Something happened to an object; @p eqe: the 64-byte event queue entry. */
	void (*event)(void *arg, const struct prm_obj_kind *kind, uint32_t id, uint16_t event,
			const void *eqe);
	/** The link of the function's port changed; may be NULL. */
	void (*link)(void *arg, bool up);
};

int fw_uctx_create(struct fw_func *func, const struct fw_uctx_ops *ops, void *arg,
		struct fw_uctx **uctx);
/** Destroys everything the context still owns, in an order that works, then itself. NULL fine. */
void fw_uctx_destroy(struct fw_uctx *uctx);

/**
 * Executes one command. @p out is always written when @p outlen >= 8: status 0, or status and
 * syndrome with the rest zero.
 * @return 0; -EREMOTEIO when the status is not OK; -ETIMEDOUT when a fault rule wants it, and -EIO
 * when the function is gone (status INT_ERR, which the kernel does not hand out); -EINVAL when in
 * or out is too short to hold a header (nothing was written).
 */
int fw_cmd_exec(struct fw_uctx *uctx, const void *in, size_t inlen, void *out, size_t outlen);

/* --- what the kernel driver does itself ----------------------------------------------------- */

enum fw_access {
	FW_LOCAL_WRITE = 1u << 0,
	FW_REMOTE_READ = 1u << 1,
	FW_REMOTE_WRITE = 1u << 2,
};

/** Memory that was pinned by the caller and stays reachable until the object is destroyed. */
struct fw_pages {
	void *addr; /**< in this process */
	uint64_t len; /**< bytes, > 0 */
};

/** A memory region (mkey with MTT translation); *mkey is the 32-bit key. */
struct fw_mr_attr {
	struct fw_pages pages;
	uint64_t iova;
	uint32_t pd;
	uint32_t access; /**< enum fw_access; reading is always granted */
};
int fw_mr_create(struct fw_uctx *uctx, const struct fw_mr_attr *attr, uint32_t *mkey);
/** @return 0, -EINVAL (no such key), -EBUSY (an indirect key points at it). */
int fw_mr_destroy(struct fw_uctx *uctx, uint32_t mkey);

int fw_umem_create(struct fw_uctx *uctx, const struct fw_pages *pages, uint32_t *umem_id);
/** @return 0, -EINVAL, -EBUSY (a queue, CQ or QP uses it). */
int fw_umem_destroy(struct fw_uctx *uctx, uint32_t umem_id);

/** A user access region page; CQs and QPs name it by number. */
int fw_uar_create(struct fw_uctx *uctx, uint32_t *page_id);
int fw_uar_destroy(struct fw_uctx *uctx, uint32_t page_id);

/** A virtio doorbell page; @p page: its word at doorbell_bar_offset is the function's doorbell. */
int fw_var_create(struct fw_uctx *uctx, void *page, uint32_t *page_id);
int fw_var_destroy(struct fw_uctx *uctx, uint32_t page_id);

/** A flow rule of the NIC_RX table whose destination is a TIR. */
struct fw_flow_attr {
	uint16_t priority;
	uint8_t criteria; /**< match_criteria_enable; bit 0: outer headers; others refused */
	const void *mask, *value; /**< PRM fte_match_param, @c match_len bytes each */
	size_t match_len;
	uint32_t tirn;
};
int fw_flow_create(struct fw_uctx *uctx, const struct fw_flow_attr *attr, uint32_t *flow_id);
int fw_flow_destroy(struct fw_uctx *uctx, uint32_t flow_id);

/** An event queue for @p vector; -EINVAL when there is no such vector. */
int fw_eqn(struct fw_uctx *uctx, uint32_t vector, uint32_t *eqn);

#endif /* FW_H */
