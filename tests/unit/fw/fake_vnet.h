/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A stand-in for the network engine: keeps what the firmware asked for and lets a test play the
 * engine's part. No thread; a lock that is taken twice or not at all aborts.
 */
#ifndef FAKE_VNET_H
#define FAKE_VNET_H

#include "vnet.h"

struct vnet_queue {
	struct vnet_queue_attr attr;
	bool running;
	bool refuse_start; /**< the next start fails */
	unsigned int nb_rqt_entries;
	enum vnet_error error;
	enum vnet_error fail_at_suspend; /**< vnet_queue_suspend_locked() reports it */
	uint16_t avail, used;
	struct vnet_queue_stats stats;
	struct vnet_dirty dirty;
	unsigned int nb_reconfigured;
};

struct vnet_rqt {
	unsigned int nb, nb_tirs;
	struct vnet_queue **queues;
};

struct vnet_tir {
	struct vnet_tir_attr attr;
	unsigned int nb_rules;
};

struct vnet_rule {
	struct vnet_rule_attr attr;
};

/** What exists now, of all engines. */
struct fake_counts {
	int queues, rqts, tirs, rules, doorbells;
};
extern struct fake_counts fake_counts;
/** The youngest of each kind; NULL when it is gone. */
extern struct vnet_queue *fake_queue;
extern struct vnet_rqt *fake_rqt;
extern struct vnet_tir *fake_tir;
extern struct vnet_rule *fake_rule;
extern volatile uint32_t *fake_doorbell;
/** Error that the next create, start, set or add call gives; 0 again after it. */
extern int fake_next_error;

/** The engine's part, with the lock. */
void fake_poll(struct vnet *vnet);
/** What the firmware wants at this moment, if it wants to be asked at all. */
enum vnet_lie fake_lie(struct vnet_port *port, uint16_t queue, enum vnet_lie_at at);
void fake_used(struct vnet *vnet, struct vnet_queue *queue, unsigned int nb);
void fake_fail(struct vnet *vnet, struct vnet_queue *queue, enum vnet_error error);

#endif /* FAKE_VNET_H */
