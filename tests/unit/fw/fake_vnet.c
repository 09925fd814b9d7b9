/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: every vnet_* function of vnet.h, as thin as it can be: objects are kept,
 * counted and handed out, nothing moves. The assertions of the interface (no queue of an RQT is
 * destroyed, no RQT with TIRs, lock held) are real, so that a test that breaks them dies.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_vnet.h"

struct vnet_port {
	struct vnet *vnet;
	uint32_t lies;
	uint32_t mtu;
};

struct vnet {
	struct vnet_attr attr;
	bool locked;
	struct vnet_port ports[];
};

struct fake_counts fake_counts;
struct vnet_queue *fake_queue;
struct vnet_rqt *fake_rqt;
struct vnet_tir *fake_tir;
struct vnet_rule *fake_rule;
volatile uint32_t *fake_doorbell;
int fake_next_error;

static int
fake_take_error(void)
{
	int error = fake_next_error;

	fake_next_error = 0;
	return error;
}

const char *
vnet_error_name(enum vnet_error error)
{
	return error == VNET_ERR_BAD_DESC ? "bad descriptor" : "error";
}

int
vnet_create(const struct vnet_attr *attr, struct vnet **vnetp)
{
	struct vnet *vnet;
	unsigned int i;
	int error = fake_take_error();

	if (error != 0)
		return error;
	vnet = calloc(1, sizeof(*vnet) + attr->nb_ports * sizeof(vnet->ports[0]));
	assert(vnet != NULL);
	vnet->attr = *attr;
	for (i = 0; i < attr->nb_ports; i++)
		vnet->ports[i].vnet = vnet;
	*vnetp = vnet;
	return 0;
}

void
vnet_destroy(struct vnet *vnet)
{
	assert(vnet == NULL || !vnet->locked);
	assert(fake_counts.queues == 0 && fake_counts.rqts == 0 && fake_counts.tirs == 0 &&
			fake_counts.rules == 0 && fake_counts.doorbells == 0);
	free(vnet);
}

int
vnet_halt(struct vnet *vnet)
{
	return vnet->locked ? -ETIMEDOUT : 0;
}

void
vnet_wake(struct vnet *vnet)
{
	(void)vnet; /* it has no thread: a test turns the crank */
}

void
vnet_lock(struct vnet *vnet)
{
	assert(!vnet->locked);
	vnet->locked = true;
}

void
vnet_unlock(struct vnet *vnet)
{
	assert(vnet->locked);
	vnet->locked = false;
}

struct vnet_port *
vnet_port(struct vnet *vnet, unsigned int index)
{
	assert(index < vnet->attr.nb_ports);
	return &vnet->ports[index];
}

int
vnet_port_mtu_set_locked(struct vnet_port *port, uint32_t mtu)
{
	port->mtu = mtu;
	return 0;
}

uint32_t
vnet_port_mtu_locked(const struct vnet_port *port)
{
	return port->mtu;
}

void
vnet_port_lies_set_locked(struct vnet_port *port, uint32_t ats)
{
	assert(port->vnet->locked);
	port->lies = ats;
}

enum vnet_lie
fake_lie(struct vnet_port *port, uint16_t queue, enum vnet_lie_at at)
{
	struct vnet *vnet = port->vnet;

	if ((port->lies & 1u << at) == 0)
		return VNET_LIE_NONE;
	return vnet->attr.lie(vnet->attr.lie_arg, (unsigned int)(port - vnet->ports), queue, at);
}

int
vnet_doorbell_add_locked(struct vnet_port *port, volatile uint32_t *word)
{
	int error = fake_take_error();

	assert(port->vnet->locked);
	if (error != 0)
		return error;
	fake_counts.doorbells++;
	fake_doorbell = word;
	return 0;
}

void
vnet_doorbell_del_locked(struct vnet_port *port, volatile uint32_t *word)
{
	assert(port->vnet->locked);
	fake_counts.doorbells--;
	if (fake_doorbell == word)
		fake_doorbell = NULL;
}

int
vnet_queue_create_locked(struct vnet_port *port, const struct vnet_queue_attr *attr,
		struct vnet_queue **queue)
{
	int error = fake_take_error();

	assert(port->vnet->locked);
	if (error != 0)
		return error;
	*queue = calloc(1, sizeof(**queue));
	assert(*queue != NULL);
	(*queue)->attr = *attr;
	(*queue)->avail = attr->avail_index;
	(*queue)->used = attr->used_index;
	fake_queue = *queue;
	fake_counts.queues++;
	return 0;
}

void
vnet_queue_destroy_locked(struct vnet_queue *queue)
{
	if (queue == NULL)
		return;
	assert(queue->nb_rqt_entries == 0);
	if (fake_queue == queue)
		fake_queue = NULL;
	fake_counts.queues--;
	free(queue);
}

int
vnet_queue_start_locked(struct vnet_queue *queue)
{
	int error = fake_take_error();

	if (error != 0)
		return error;
	if (queue->running || queue->error != VNET_ERR_NONE || queue->refuse_start) {
		queue->refuse_start = false;
		return -EINVAL;
	}
	queue->running = true;
	return 0;
}

int
vnet_queue_reconfigure_locked(struct vnet_queue *queue, const struct vnet_queue_attr *attr)
{
	int error = fake_take_error();

	if (error != 0)
		return error;
	if (queue->running || queue->error != VNET_ERR_NONE)
		return -EBUSY;
	queue->attr = *attr;
	queue->avail = attr->avail_index;
	queue->used = attr->used_index;
	queue->nb_reconfigured++;
	return 0;
}

void
vnet_queue_dirty_set_locked(struct vnet_queue *queue, const struct vnet_dirty *dirty)
{
	assert(queue->error == VNET_ERR_NONE);
	queue->dirty = *dirty;
}

void
vnet_queue_suspend_locked(struct vnet_queue *queue)
{
	if (queue->fail_at_suspend != VNET_ERR_NONE) {
		queue->error = queue->fail_at_suspend;
		queue->attr.ops->error(queue->attr.arg, queue->error);
	}
	queue->running = false;
}

void
vnet_queue_suspend_early_locked(struct vnet_queue *queue, unsigned int nb)
{
	queue->running = false;
	queue->avail = (uint16_t)(queue->avail + nb);
}

void
vnet_queue_fail_locked(struct vnet_queue *queue, enum vnet_error error)
{
	if (!queue->running)
		return;
	queue->running = false;
	queue->error = error;
	queue->attr.ops->error(queue->attr.arg, error);
}

void
vnet_queue_indices_locked(const struct vnet_queue *queue, uint16_t *avail, uint16_t *used)
{
	*avail = queue->avail;
	*used = queue->used;
}

enum vnet_error
vnet_queue_error_locked(const struct vnet_queue *queue)
{
	return queue->error;
}

void
vnet_queue_stats_locked(const struct vnet_queue *queue, struct vnet_queue_stats *stats)
{
	*stats = queue->stats;
}

bool
vnet_queue_in_rqt_locked(const struct vnet_queue *queue)
{
	return queue->nb_rqt_entries > 0;
}

static void
fake_rqt_forget(struct vnet_rqt *rqt)
{
	unsigned int i;

	for (i = 0; i < rqt->nb; i++)
		rqt->queues[i]->nb_rqt_entries--;
	free(rqt->queues);
}

static void
fake_rqt_keep(struct vnet_rqt *rqt, struct vnet_queue *const *queues, unsigned int nb)
{
	unsigned int i;

	assert(nb > 0);
	rqt->queues = calloc(nb, sizeof(*queues));
	assert(rqt->queues != NULL);
	rqt->nb = nb;
	for (i = 0; i < nb; i++) {
		rqt->queues[i] = queues[i];
		queues[i]->nb_rqt_entries++;
	}
}

int
vnet_rqt_create_locked(struct vnet_port *port, struct vnet_queue *const *queues, unsigned int nb,
		struct vnet_rqt **rqt)
{
	int error = fake_take_error();

	assert(port->vnet->locked);
	if (error != 0)
		return error;
	*rqt = calloc(1, sizeof(**rqt));
	assert(*rqt != NULL);
	fake_rqt_keep(*rqt, queues, nb);
	fake_rqt = *rqt;
	fake_counts.rqts++;
	return 0;
}

int
vnet_rqt_set_locked(struct vnet_rqt *rqt, struct vnet_queue *const *queues, unsigned int nb)
{
	int error = fake_take_error();

	if (error != 0)
		return error;
	fake_rqt_forget(rqt);
	fake_rqt_keep(rqt, queues, nb);
	return 0;
}

void
vnet_rqt_destroy_locked(struct vnet_rqt *rqt)
{
	if (rqt == NULL)
		return;
	assert(rqt->nb_tirs == 0);
	fake_rqt_forget(rqt);
	if (fake_rqt == rqt)
		fake_rqt = NULL;
	fake_counts.rqts--;
	free(rqt);
}

int
vnet_tir_create_locked(const struct vnet_tir_attr *attr, struct vnet_tir **tir)
{
	int error = fake_take_error();

	if (error != 0)
		return error;
	*tir = calloc(1, sizeof(**tir));
	assert(*tir != NULL);
	(*tir)->attr = *attr;
	attr->rqt->nb_tirs++;
	fake_tir = *tir;
	fake_counts.tirs++;
	return 0;
}

void
vnet_tir_set_hash_locked(struct vnet_tir *tir, const struct vnet_tir_attr *attr)
{
	struct vnet_rqt *rqt = tir->attr.rqt;

	tir->attr = *attr;
	tir->attr.rqt = rqt;
}

void
vnet_tir_destroy_locked(struct vnet_tir *tir)
{
	if (tir == NULL)
		return;
	assert(tir->nb_rules == 0);
	tir->attr.rqt->nb_tirs--;
	if (fake_tir == tir)
		fake_tir = NULL;
	fake_counts.tirs--;
	free(tir);
}

int
vnet_rule_add_locked(struct vnet_port *port, const struct vnet_rule_attr *attr,
		struct vnet_rule **rule)
{
	int error = fake_take_error();

	assert(port->vnet->locked);
	if (error != 0)
		return error;
	*rule = calloc(1, sizeof(**rule));
	assert(*rule != NULL);
	(*rule)->attr = *attr;
	attr->tir->nb_rules++;
	fake_rule = *rule;
	fake_counts.rules++;
	return 0;
}

void
vnet_rule_del_locked(struct vnet_rule *rule)
{
	if (rule == NULL)
		return;
	rule->attr.tir->nb_rules--;
	if (fake_rule == rule)
		fake_rule = NULL;
	fake_counts.rules--;
	free(rule);
}

void
fake_poll(struct vnet *vnet)
{
	vnet_lock(vnet);
	vnet->attr.poll(vnet->attr.poll_arg);
	vnet_unlock(vnet);
}

void
fake_used(struct vnet *vnet, struct vnet_queue *queue, unsigned int nb)
{
	vnet_lock(vnet);
	queue->attr.ops->used(queue->attr.arg, nb);
	vnet_unlock(vnet);
}

void
fake_fail(struct vnet *vnet, struct vnet_queue *queue, enum vnet_error error)
{
	vnet_lock(vnet);
	queue->error = error;
	queue->running = false;
	queue->attr.ops->error(queue->attr.arg, error);
	vnet_unlock(vnet);
}
