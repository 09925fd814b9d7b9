/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * VIRTIO_NET_Q objects: a guest's ring, served by the card. The caller's form (struct
 * devx_virtq_attr) and the PRM's bytes are converted in one place, both ways; creating is
 * modifying with all fields.
 */
#ifndef DEVX_VIRTQ_H
#define DEVX_VIRTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devx_cmd.h"
#include "devx_query.h"

/** One of the three buffers that firmware keeps for a queue. */
struct devx_virtq_umem {
	uint32_t id;
	uint32_t size; /**< bytes */
	uint64_t offset; /**< of its first byte in the registered memory */
};

/**
 * The bitmap in which the card notes the pages that it writes: one bit for 4 KiB of guest memory, as
 * vhost's log has them (vhost-user protocol, "Migration"; PRM virtio_net_q.dirty_bitmap_*). All 0: none.
 */
struct devx_virtq_log {
	uint32_t mkey;
	uint32_t size; /**< bytes */
	uint64_t addr; /**< by @c mkey */
	bool enabled; /**< pages are noted now (dirty_bitmap_dump_enable) */
};

/** All that can be said about a queue. Which fields count depends on the call. */
struct devx_virtq_attr {
	uint16_t index; /**< virtio queue index: even is receive, odd is transmit */
	uint16_t size; /**< descriptors, a power of two */
	enum prm_virtq_type type;
	enum prm_virtq_state state;
	enum prm_virtq_event_mode event_mode;
	uint32_t event_qpn;
	uint8_t period_mode; /**< events wait from the 1: first, 2: last completion on; 0: default */
	uint16_t period_us; /**< ... so long at most (12 bits), 0: the card's choice */
	uint16_t max_count; /**< ... for so many completions at most, 0: the card's choice */
	uint64_t desc, avail, used; /**< ring addresses by @c mkey (guest-physical) */
	uint32_t mkey;
	uint32_t pd;
	uint32_t tisn;
	uint32_t counters; /**< number of its VIRTIO_Q_COUNTERS, 0 for none */
	uint16_t features; /**< enum prm_virtq_feature */
	bool version_1_0;
	uint16_t hw_available; /**< hw_available_index */
	uint16_t hw_used; /**< hw_used_index */
	uint8_t error_type; /**< query only: why it is in state ERR */
	struct devx_virtq_umem umem[3];
	struct devx_virtq_log log;
};

/**
 * Fills a zeroed create_virtq_in: a create (@p select 0: all fields) or modify command (@p select of enum
 * prm_virtq_modify: these). Pure. The object's number is not part of it.
 */
void devx_virtq_encode(const struct devx_virtq_attr *attr, uint64_t select, void *in);
/** Reads the virtio_net_q that a query brought (pure). */
void devx_virtq_decode(const void *virtio_net_q, struct devx_virtq_attr *attr);

int devx_virtq_create(struct devx_dev *dev, const struct devx_virtq_attr *attr,
		struct devx_obj **virtq);
/** Changes the fields that @p select names (enum prm_virtq_modify); attr->index always counts. */
int devx_virtq_modify(struct devx_obj *virtq, const struct devx_virtq_attr *attr, uint64_t select);
int devx_virtq_query(struct devx_obj *virtq, struct devx_virtq_attr *attr);

/** What a queue answered that was asked with devx_virtq_query_post(). */
struct devx_virtq_answer {
	uint16_t index; /**< as asked */
	uint32_t round; /**< as asked */
	int ret; /**< 0: attr counts; -errno, logged */
	struct devx_virtq_attr attr;
};
/**
 * Asks without waiting. @param index of the queue, for the answer and the log; @param round tells the
 * answer from those of former questions. @return as devx_query_post().
 */
int devx_virtq_query_post(struct devx_query_channel *channel, struct devx_obj *virtq,
		uint16_t index, uint32_t round);
/** Waits for the next answer. @return as devx_query_take(). */
int devx_virtq_query_take(struct devx_query_channel *channel, int timeout_ms,
		struct devx_virtq_answer *answer);

#endif /* DEVX_VIRTQ_H */
