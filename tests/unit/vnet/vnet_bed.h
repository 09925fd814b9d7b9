/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A card of two ports for tests, each with a receive queue (0), a transmit queue (1), a catch-all
 * rule and a doorbell, joined by a switch or each looped back. Without the engine's thread: a test
 * turns the crank itself (bed_pass()) and nothing happens in between.
 */
#ifndef VNET_BED_H
#define VNET_BED_H

#include "vring_driver.h"

#include <stdio.h>

#include "base_clock.h"
#include "vnet_priv.h"
#include "wire_priv.h"

#define BED_PORTS 2u
#define BED_PAUSE_MS 20000u /* longer than any test; those about waiting set their own */
#define BED_KEY 0x1200u
#define BED_HDR 12u

struct bed_queue {
	struct vring vr;
	struct vnet_queue *q;
	unsigned int nb_used; /**< sum of ops->used */
	unsigned int nb_tells; /**< calls of it */
	unsigned int nb_errors; /**< calls of ops->error */
	enum vnet_error error;
};

struct bed_port {
	struct vnet_port *port;
	struct bed_queue rx, tx;
	struct vnet_rqt *rqt;
	struct vnet_tir *tir;
	struct vnet_rule *rule;
	uint32_t doorbell;
};

struct bed {
	struct vmem mem;
	struct wire *wire;
	struct vnet *vnet;
	struct bed_port ports[BED_PORTS];
	struct base_log log;
	unsigned int nb_log_errors;
	char last_error[256];
};

static inline void
bed_used(void *arg, unsigned int nb)
{
	struct bed_queue *bq = arg;

	assert_true(nb > 0);
	bq->nb_used += nb;
	bq->nb_tells++;
}

static inline void
bed_error(void *arg, enum vnet_error error)
{
	struct bed_queue *bq = arg;

	bq->nb_errors++;
	bq->error = error;
}

static const struct vnet_queue_ops bed_queue_ops = { .used = bed_used, .error = bed_error };

static inline void
bed_log(void *arg, enum base_log_level level, const char *msg)
{
	struct bed *bed = arg;

	if (level != BASE_LOG_ERR)
		return;
	bed->nb_log_errors++;
	snprintf(bed->last_error, sizeof(bed->last_error), "%s", msg);
}

/** Makes the queue anew over its ring, at the ring's indices; @p fix may change the attributes. */
static inline void
bed_queue_create(struct bed *bed, struct bed_port *bp, struct bed_queue *bq, uint16_t index,
		void (*fix)(struct vnet_queue_attr *attr))
{
	struct vnet_queue_attr attr;

	vring_attr(&bq->vr, &bed->mem, &attr);
	attr.index = index;
	attr.ops = &bed_queue_ops;
	attr.arg = bq;
	if (fix != NULL)
		fix(&attr);
	assert_int_equal(vnet_queue_create_locked(bp->port, &attr, &bq->q), 0);
}

static inline void
bed_steer(struct bed_port *bp)
{
	struct vnet_tir_attr tir = { .toeplitz = false };
	struct vnet_rule_attr rule = { .priority = 7 };

	assert_int_equal(vnet_rqt_create_locked(bp->port, &bp->rx.q, 1, &bp->rqt), 0);
	tir.rqt = bp->rqt;
	assert_int_equal(vnet_tir_create_locked(&tir, &bp->tir), 0);
	rule.tir = bp->tir;
	assert_int_equal(vnet_rule_add_locked(bp->port, &rule, &bp->rule), 0);
}

static inline void
bed_unsteer(struct bed_port *bp)
{
	vnet_rule_del_locked(bp->rule);
	vnet_tir_destroy_locked(bp->tir);
	vnet_rqt_destroy_locked(bp->rqt);
	bp->rule = NULL;
	bp->tir = NULL;
	bp->rqt = NULL;
}

/** Port 1's receive queue anew, where its ring has got to; @p fix as in bed_queue_create(). */
static inline void
bed_remake_rx(struct bed *bed, void (*fix)(struct vnet_queue_attr *attr))
{
	struct bed_port *b = &bed->ports[1];

	bed_unsteer(b);
	vnet_queue_destroy_locked(b->rx.q);
	b->rx.vr.start = b->rx.vr.used_idx;
	bed_queue_create(bed, b, &b->rx, 0, fix);
	bed_steer(b);
	assert_int_equal(vnet_queue_start_locked(b->rx.q), 0);
}

typedef void (*bed_ring_init)(struct vring *vr, uint64_t gpa, uint32_t size, uint32_t buf_size,
		uint16_t start);

/** Everything but the engine; rings by @p init, of @p size entries, beginning at @p start. */
static inline struct bed *
bed_wire_rings(int (*make)(unsigned int, unsigned int, const struct base_log *, struct wire **),
		bed_ring_init init, uint32_t size, uint16_t start)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	unsigned int i;

	assert_non_null(bed);
	bed->log = (struct base_log){ BASE_LOG_DEBUG, bed_log, bed };
	assert_int_equal(make(BED_PORTS, BED_PAUSE_MS, &bed->log, &bed->wire), 0);
	for (i = 0; i < BED_PORTS; i++) {
		struct bed_port *bp = &bed->ports[i];

		init(&bp->rx.vr, 0x10000000ull * (2 * i + 1), size, 2048, start);
		init(&bp->tx.vr, 0x10000000ull * (2 * i + 2), size, 2048, start);
		vring_grant(&bp->rx.vr, &bed->mem, BED_KEY);
		vring_grant(&bp->tx.vr, &bed->mem, BED_KEY);
	}
	return bed;
}

/** The same with split rings. */
static inline struct bed *
bed_wire(int (*make)(unsigned int, unsigned int, const struct base_log *, struct wire **),
		uint32_t size, uint16_t start)
{
	return bed_wire_rings(make, vring_init, size, start);
}

/** Queues and steering; both queues run. */
static inline void
bed_queues(struct bed *bed)
{
	unsigned int i;

	for (i = 0; i < BED_PORTS; i++) {
		struct bed_port *bp = &bed->ports[i];

		bp->port = vnet_port(bed->vnet, i);
		bed_queue_create(bed, bp, &bp->rx, 0, NULL);
		bed_queue_create(bed, bp, &bp->tx, 1, NULL);
		bed_steer(bp);
		assert_int_equal(vnet_doorbell_add_locked(bp->port, &bp->doorbell), 0);
		assert_int_equal(vnet_queue_start_locked(bp->rx.q), 0);
		assert_int_equal(vnet_queue_start_locked(bp->tx.q), 0);
	}
}

static inline void
bed_attr(struct bed *bed, struct vnet_attr *attr)
{
	*attr = (struct vnet_attr){ .nb_ports = BED_PORTS, .wire = bed->wire, .log = &bed->log };
}

static inline struct bed *
bed_start(struct bed *bed)
{
	struct vnet_attr attr;

	bed_attr(bed, &attr);
	assert_int_equal(vnet_init(&attr, &bed->vnet), 0);
	bed_queues(bed);
	return bed;
}

static inline struct bed *
bed_create(int (*make)(unsigned int, unsigned int, const struct base_log *, struct wire **),
		uint32_t size, uint16_t start)
{
	return bed_start(bed_wire(make, size, start));
}

/** A switch with packed rings. */
static inline struct bed *
bed_create_packed(uint32_t size, uint16_t start)
{
	return bed_start(bed_wire_rings(wire_switch_create, vring_init_packed, size, start));
}

/** Takes queues, steering and doorbells down. */
static inline void
bed_clear(struct bed *bed)
{
	unsigned int i;

	for (i = 0; i < BED_PORTS; i++) {
		struct bed_port *bp = &bed->ports[i];

		bed_unsteer(bp);
		vnet_queue_destroy_locked(bp->rx.q);
		vnet_queue_destroy_locked(bp->tx.q);
		vnet_doorbell_del_locked(bp->port, &bp->doorbell);
	}
}

static inline void
bed_free(struct bed *bed)
{
	unsigned int i;

	wire_destroy(bed->wire);
	for (i = 0; i < BED_PORTS; i++) {
		vring_fini(&bed->ports[i].rx.vr);
		vring_fini(&bed->ports[i].tx.vr);
	}
	free(bed);
}

static inline void
bed_destroy(struct bed *bed)
{
	bed_clear(bed);
	vnet_fini(bed->vnet);
	bed_free(bed);
}

static inline int
bed_setup(void **state)
{
	*state = bed_create(wire_switch_create, 16, 0);
	return 0;
}

static inline int
bed_teardown(void **state)
{
	bed_destroy(*state);
	return 0;
}

static inline unsigned int
bed_pass(struct bed *bed)
{
	bed->vnet->pass++; /* as if the lock had been somebody else's in between */
	return vnet_pass_locked(bed->vnet);
}

/** Broadcast frame with a number in it. */
static inline void
bed_frame(uint8_t *frame, size_t len, uint32_t number)
{
	memset(frame, 0, len);
	memset(frame, 0xff, 6);
	frame[6] = 0x02;
	frame[12] = 0x88;
	frame[13] = 0xb5; /* local experimental */
	memcpy(frame + 14, &number, sizeof(number));
}

/** Posts a numbered frame, without ringing; false when the ring is full. */
static inline bool
bed_post(struct bed_port *bp, uint32_t number)
{
	uint8_t frame[60];

	bed_frame(frame, sizeof(frame), number);
	return vring_offer_tx(&bp->tx.vr, frame, sizeof(frame), BED_HDR);
}

static inline void
bed_ring(struct bed_port *bp)
{
	vring_ring(&bp->doorbell, 1);
}

/** Takes one received frame back; false when there is none. @p len is without header. */
static inline bool
bed_receive(struct bed_port *bp, uint32_t *number, uint32_t *len)
{
	const uint8_t *buf;
	uint32_t id;

	if (!vring_take_used(&bp->rx.vr, &id, len))
		return false;
	assert_true(id < bp->rx.vr.size && *len >= BED_HDR + 18);
	buf = vring_buf(&bp->rx.vr, id);
	assert_int_equal(buf[10], 1); /* num_buffers */
	assert_int_equal(buf[11], 0);
	memcpy(number, buf + BED_HDR + 14, sizeof(*number));
	*len -= BED_HDR;
	return true;
}

/** The next received frame must be this one. */
static inline void
bed_expect(struct bed_port *bp, uint32_t number)
{
	uint32_t got = 0, len = 0;

	assert_true(bed_receive(bp, &got, &len));
	assert_int_equal(got, number);
	assert_int_equal(len, 60);
}

static inline void
bed_expect_none(struct bed_port *bp)
{
	uint32_t got, len;

	assert_false(bed_receive(bp, &got, &len));
}

#endif /* VNET_BED_H */
