/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a card is one engine (one thread, one lock) and its functions. The engine
 * calls fw_card_poll() on each pass; there the firmware looks at what user space wrote to memory
 * without a command: doorbell records of completion queues and of event queue pairs.
 *
 * Life: the lists are ready before the engine's thread starts and outlive it.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "fw_card.h"
#include "fw_classes.h"
#include "fw_cq.h"
#include "fw_event.h"
#include "fw_qp.h"
#include "fw_reserved.h"
#include "fw_virtq.h"
#include "prm_field.h"
#include "wire.h"

static bool
fw_card_poll(void *arg)
{
	struct fw_card *card = arg;

	fw_virtq_poll_held(card);
	fw_qp_poll_starved(card);
	fw_cq_poll_all(card);
	fw_event_poll(card);
	/* Who waits for a period or for a queue pair's records has a CQ, or a queue that runs. */
	return !TAILQ_EMPTY(&card->cqs) || !TAILQ_EMPTY(&card->late_events);
}

/* As many objects as the capabilities say, never more than there are numbers. */
static uint32_t
fw_func_max_objs(const struct fw_caps *caps, enum fw_class cls, uint32_t nb)
{
	const uint8_t *const logs[FW_NB_CLASSES] = {
		[FW_CLASS_CQ] = &caps->log_max_cq,
		[FW_CLASS_QP] = &caps->log_max_qp,
		[FW_CLASS_MKEY] = &caps->log_max_mkey,
		[FW_CLASS_PD] = &caps->log_max_pd,
		[FW_CLASS_TD] = &caps->log_max_transport_domain,
		[FW_CLASS_TIS] = &caps->log_max_tis,
		[FW_CLASS_TIR] = &caps->log_max_tir,
		[FW_CLASS_RQT] = &caps->log_max_rqt,
	};

	return logs[cls] != NULL && 1u << *logs[cls] < nb ? 1u << *logs[cls] : nb;
}

static void
fw_func_init(struct fw_card *card, unsigned int index, const struct fw_func_attr *attr)
{
	/* Locally administered; "mlx5" can be read in it. */
	const uint8_t mac[6] = { 0x02, 'm', 'l', 'x', '5', (uint8_t)index };
	struct fw_func *func = &card->funcs[index];
	uint32_t first, nb;
	unsigned int i;

	func->card = card;
	func->index = index;
	TAILQ_INIT(&func->uctxs);
	memcpy(func->mac, attr != NULL && attr->has_mac ? attr->mac : mac, sizeof(mac));
	func->mtu = attr != NULL && attr->mtu != 0 ? attr->mtu : FW_MAX_MTU;
	for (i = 0; i < FW_NB_CLASSES; i++) {
		fw_class_range((enum fw_class)i, &first, &nb);
		nb = fw_func_max_objs(&card->caps, (enum fw_class)i, nb);
		base_idtab_init(&func->objs[i], first, nb);
	}
}

static bool
fw_card_attr_ok(const struct fw_card_attr *attr)
{
	const char *bad = attr->caps == NULL ? "no capabilities" : fw_caps_check(attr->caps);
	unsigned int i;

	for (i = 0; attr->funcs != NULL && i < attr->nb_funcs; i++) {
		if (attr->funcs[i].mtu != 0 &&
				(attr->funcs[i].mtu < FW_MIN_MTU ||
						attr->funcs[i].mtu > FW_MAX_MTU))
			bad = "the MTU of a function is not 1500 to 9000";
	}
	if (attr->nb_funcs == 0 || attr->nb_funcs > FW_MAX_FUNCS)
		bad = "number of functions is not 1 to 32";
	else if (attr->wire == NULL || wire_nb_ports(attr->wire) < attr->nb_funcs)
		bad = "the wire has fewer ports than there are functions";
	if (bad != NULL)
		base_err(attr->log, "fw: card not created: bad attribute: %s", bad);
	return bad == NULL;
}

static void
fw_card_set_mtus(struct fw_card *card)
{
	unsigned int i;
	int ret;

	vnet_lock(card->vnet);
	for (i = 0; i < card->nb_funcs; i++) {
		ret = vnet_port_mtu_set_locked(card->funcs[i].port, card->funcs[i].mtu);
		assert(ret == 0);
		(void)ret;
	}
	vnet_unlock(card->vnet);
}

int
fw_card_create(const struct fw_card_attr *attr, struct fw_card **cardp)
{
	struct vnet_attr vattr = { 0 };
	struct fw_card *card;
	unsigned int i;
	int ret;

	if (!fw_card_attr_ok(attr))
		return -EINVAL;
	card = calloc(1, sizeof(*card) + attr->nb_funcs * sizeof(card->funcs[0]));
	if (card == NULL)
		return -ENOMEM;
	card->caps = *attr->caps;
	card->log = attr->log;
	card->wire = attr->wire;
	card->nb_funcs = attr->nb_funcs;
	fw_hooks_init(&card->hooks);
	TAILQ_INIT(&card->late_events);
	TAILQ_INIT(&card->cqs);
	TAILQ_INIT(&card->starved_qps);
	TAILQ_INIT(&card->held_virtqs);
	card->clock = base_clock_ns;
	for (i = 0; i < card->nb_funcs; i++)
		fw_func_init(card, i, attr->funcs != NULL ? &attr->funcs[i] : NULL);
	vattr.nb_ports = card->nb_funcs;
	vattr.wire = attr->wire;
	if (attr->pacing != NULL)
		vattr.pacing = *attr->pacing;
	vattr.poll = fw_card_poll;
	vattr.poll_arg = card;
	vattr.lie = fw_hooks_lie;
	vattr.lie_arg = card;
	vattr.log = attr->log;
	ret = fw_reserved_create(&card->reserved);
	if (ret != 0)
		goto free_card;
	wire_link_watch(card->wire, fw_vport_link_changed, card); /* before there is a thread */
	ret = vnet_create(&vattr, &card->vnet);
	if (ret != 0) {
		base_err(card->log, "fw: card not created: engine: %s", strerror(-ret));
		goto end_watch;
	}
	for (i = 0; i < card->nb_funcs; i++)
		card->funcs[i].port = vnet_port(card->vnet, i);
	fw_card_set_mtus(card);
	*cardp = card;
	return 0;

end_watch:
	wire_link_watch(card->wire, NULL, NULL);
	fw_reserved_destroy(card->reserved);
free_card:
	fw_hooks_fini(&card->hooks);
	free(card);
	return ret;
}

void
fw_card_destroy(struct fw_card *card)
{
	unsigned int i, cls;

	if (card == NULL)
		return;
	assert(card->nb_uctxs == 0);
	vnet_destroy(card->vnet);
	wire_link_watch(card->wire, NULL, NULL);
	for (i = 0; i < card->nb_funcs; i++) {
		for (cls = 0; cls < FW_NB_CLASSES; cls++)
			base_idtab_fini(&card->funcs[i].objs[cls]);
	}
	fw_hooks_fini(&card->hooks);
	fw_reserved_destroy(card->reserved);
	free(card);
}

int
fw_card_halt(struct fw_card *card)
{
	fw_hooks_halt(card);
	return vnet_halt(card->vnet);
}

struct fw_func *
fw_card_func(struct fw_card *card, unsigned int index)
{
	return index < card->nb_funcs ? &card->funcs[index] : NULL;
}

const uint8_t *
fw_func_mac(const struct fw_func *func)
{
	return func->mac;
}

uint64_t
fw_func_nb_cmds(const struct fw_func *func)
{
	uint64_t nb;

	vnet_lock(func->card->vnet);
	nb = func->nb_cmds;
	vnet_unlock(func->card->vnet);
	return nb;
}
