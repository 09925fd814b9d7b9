/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: rules of a port, in a list by priority and age; each leads to a TIR, that to
 * an RQT, that to queues. Whatever is pointed at counts who points at it. Looking up is pure and
 * cheap enough to be done per frame: ports have a handful of rules.
 *
 * Every change that could make a port able to take frames again wakes its side of the wire, so that
 * frames wait for it again, and the engine.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "vnet_priv.h"

static void
vnet_steer_changed(struct vnet_port *port)
{
	port->is_only_known = false;
	port->rules_changed_ns = base_clock_ns();
	wire_port_wake(port->vnet->wire, port->index);
	vnet_turn_wake(&port->vnet->turn);
}

int
vnet_rqt_set_locked(struct vnet_rqt *rqt, struct vnet_queue *const *queues, unsigned int nb)
{
	struct vnet_queue **copy;
	unsigned int i;

	if (nb == 0)
		return -EINVAL;
	for (i = 0; i < nb; i++) {
		if (queues[i]->port != rqt->port || queues[i]->index % 2 != 0)
			return -EINVAL;
	}
	copy = malloc(nb * sizeof(*copy));
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, queues, nb * sizeof(*copy));
	for (i = 0; i < nb; i++)
		copy[i]->nb_rqt++;
	for (i = 0; i < rqt->nb_queues; i++)
		rqt->queues[i]->nb_rqt--;
	free(rqt->queues);
	rqt->queues = copy;
	rqt->nb_queues = nb;
	rqt->port->is_only_known = false;
	vnet_turn_wake(&rqt->port->vnet->turn);
	return 0;
}

int
vnet_rqt_create_locked(struct vnet_port *port, struct vnet_queue *const *queues, unsigned int nb,
		struct vnet_rqt **out)
{
	struct vnet_rqt *rqt = calloc(1, sizeof(*rqt));
	int ret;

	if (rqt == NULL)
		return -ENOMEM;
	rqt->port = port;
	ret = vnet_rqt_set_locked(rqt, queues, nb);
	if (ret != 0) {
		free(rqt);
		return ret;
	}
	*out = rqt;
	return 0;
}

void
vnet_rqt_destroy_locked(struct vnet_rqt *rqt)
{
	unsigned int i;

	if (rqt == NULL)
		return;
	assert(rqt->nb_tirs == 0);
	for (i = 0; i < rqt->nb_queues; i++)
		rqt->queues[i]->nb_rqt--;
	free(rqt->queues);
	free(rqt);
}

int
vnet_tir_create_locked(const struct vnet_tir_attr *attr, struct vnet_tir **out)
{
	struct vnet_tir *tir;

	if (attr->rqt == NULL)
		return -EINVAL;
	tir = calloc(1, sizeof(*tir));
	if (tir == NULL)
		return -ENOMEM;
	tir->attr = *attr;
	vnet_rss_init(&tir->rss, attr);
	attr->rqt->nb_tirs++;
	*out = tir;
	return 0;
}

void
vnet_tir_set_hash_locked(struct vnet_tir *tir, const struct vnet_tir_attr *attr)
{
	struct vnet_rqt *rqt = tir->attr.rqt;

	tir->attr = *attr;
	tir->attr.rqt = rqt;
	vnet_rss_init(&tir->rss, attr);
}

void
vnet_tir_destroy_locked(struct vnet_tir *tir)
{
	if (tir == NULL)
		return;
	assert(tir->nb_rules == 0);
	tir->attr.rqt->nb_tirs--;
	free(tir);
}

int
vnet_rule_add_locked(struct vnet_port *port, const struct vnet_rule_attr *attr,
		struct vnet_rule **out)
{
	struct vnet_rule *rule, *next;

	if (attr->tir == NULL || attr->tir->attr.rqt->port != port)
		return -EINVAL;
	rule = calloc(1, sizeof(*rule));
	if (rule == NULL)
		return -ENOMEM;
	rule->port = port;
	rule->attr = *attr;
	attr->tir->nb_rules++;
	TAILQ_FOREACH(next, &port->rules, link) {
		if (next->attr.priority > attr->priority)
			break;
	}
	if (next != NULL)
		TAILQ_INSERT_BEFORE(next, rule, link);
	else
		TAILQ_INSERT_TAIL(&port->rules, rule, link);
	vnet_steer_changed(port);
	*out = rule;
	return 0;
}

void
vnet_rule_del_locked(struct vnet_rule *rule)
{
	if (rule == NULL)
		return;
	TAILQ_REMOVE(&rule->port->rules, rule, link);
	rule->attr.tir->nb_rules--;
	rule->port->rules_changed_ns = base_clock_ns();
	rule->port->is_only_known = false;
	free(rule);
}

/* The queue that fills the whole table, or NULL. */
static struct vnet_queue *
vnet_rqt_only(const struct vnet_rqt *rqt)
{
	unsigned int i;

	for (i = 1; i < rqt->nb_queues; i++) {
		if (rqt->queues[i] != rqt->queues[0])
			return NULL;
	}
	return rqt->queues[0];
}

static struct vnet_queue *
vnet_steer_find_only(const struct vnet_port *port)
{
	struct vnet_queue *only = NULL, *queue;
	const struct vnet_rule *rule;

	TAILQ_FOREACH(rule, &port->rules, link) {
		queue = vnet_rqt_only(rule->attr.tir->attr.rqt);
		if (queue == NULL || (only != NULL && queue != only))
			return NULL;
		only = queue;
		if (!rule->attr.match_outer)
			return only; /* nothing gets past this rule */
	}
	return NULL;
}

struct vnet_queue *
vnet_steer_only(struct vnet_port *port)
{
	if (!port->is_only_known) {
		port->only = vnet_steer_find_only(port);
		port->is_only_known = true;
	}
	return port->only;
}

const struct vnet_rule *
vnet_steer_rule(const struct vnet_port *port, const struct vnet_flow *flow)
{
	const struct vnet_rule *rule;

	TAILQ_FOREACH(rule, &port->rules, link) {
		if (vnet_flow_matches(flow, &rule->attr))
			return rule;
	}
	return NULL;
}

struct vnet_queue *
vnet_steer_queue(const struct vnet_rule *rule, const uint8_t *head, const struct vnet_flow *flow)
{
	const struct vnet_tir *tir = rule->attr.tir;
	const struct vnet_rqt *rqt = tir->attr.rqt;

	if (!tir->attr.toeplitz || rqt->nb_queues == 1)
		return rqt->queues[0];
	return rqt->queues[vnet_rss_hash(&tir->rss, head, flow) % rqt->nb_queues];
}
