/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The card and its functions, for the firmware's own files. Everything that changes after
 * fw_card_create() is guarded by the card's lock, vnet_lock(card->vnet).
 */
#ifndef FW_CARD_H
#define FW_CARD_H

#include <sys/queue.h>

#include "base_idtab.h"
#include "fw.h"
#include "fw_bell.h"
#include "fw_gate.h"
#include "fw_hook.h"
#include "fw_obj.h"
#include "vnet.h"

/** Longest list of an indirect key whatever the capabilities say; limits a command's length. */
#define FW_LOG_MAX_KLM_LIST 16u
#define FW_FIRST_EQN 2u

struct fw_cq;
struct fw_event;
struct fw_qp;
struct fw_reserved;
struct fw_virtq;
TAILQ_HEAD(fw_cq_list, fw_cq);
TAILQ_HEAD(fw_qp_list, fw_qp);
TAILQ_HEAD(fw_event_list, fw_event);
TAILQ_HEAD(fw_virtq_list, fw_virtq);
TAILQ_HEAD(fw_uctx_list, fw_uctx);

struct fw_func {
	struct fw_card *card;
	unsigned int index;
	struct vnet_port *port;
	uint8_t mac[6];
	uint16_t mtu; /**< of an IP packet */
	uint8_t mkey_variant; /**< low byte of the next memory region's key */
	uint32_t hooks; /**< enum fw_hook; atomic, without the lock */
	struct fw_gate gate; /**< limits the commands in flight */
	struct fw_bell gate_bell; /**< somebody left the gate, or all waiting ends */
	struct fw_bell end_bell; /**< all waiting ends */
	uint64_t nb_cmds;
	uint32_t nb_uctxs_ever;
	struct fw_uctx_list uctxs; /**< to be told of the link */
	struct base_idtab objs[FW_NB_CLASSES];
};

struct fw_card {
	struct fw_caps caps;
	struct fw_reserved *reserved; /**< bits that commands must not set */
	const struct base_log *log;
	struct vnet *vnet;
	struct wire *wire; /**< port i of function i */
	unsigned int nb_uctxs;
	struct fw_hooks hooks; /**< has a lock of its own */
	struct fw_event_list late_events; /**< delayed by a rule */
	struct fw_cq_list cqs; /**< all, looked at in each pass of the engine */
	struct fw_qp_list starved_qps; /**< have a completion to tell but no credit */
	struct fw_virtq_list held_virtqs; /**< have an event that waits for its period */
	uint64_t (*clock)(void); /**< base_clock_ns(), but for tests */
	unsigned int nb_funcs;
	struct fw_func funcs[];
};

#endif /* FW_CARD_H */
