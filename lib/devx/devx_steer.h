/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What brings packets to receive queues: transport domain, TIS (sending side), receive queue table
 * (RQT), TIR (hash over a table), and rules in the function's receive table that lead to a TIR.
 */
#ifndef DEVX_STEER_H
#define DEVX_STEER_H

#include <stdint.h>

#include "devx_cmd.h"

/** All objects here are struct devx_obj and end with devx_obj_destroy(), but for flows. */

int devx_td_create(struct devx_dev *dev, struct devx_obj **td);
/** @param lag_port port of the bond that sends, from 1; 0: none is preferred. */
int devx_tis_create(struct devx_dev *dev, uint32_t td, uint8_t lag_port, struct devx_obj **tis);

/** A table of virtio queue objects. */
struct devx_rqt_attr {
	uint32_t size; /**< entries */
	const uint32_t *ids; /**< @c size numbers of virtio queue objects */
};

int devx_rqt_create(struct devx_dev *dev, const struct devx_rqt_attr *attr, struct devx_obj **rqt);
/** Replaces all entries; the size must stay. */
int devx_rqt_modify(struct devx_obj *rqt, const struct devx_rqt_attr *attr);

#define DEVX_TOEPLITZ_KEY_SIZE 40

/** What of a packet is hashed, over which table. */
struct devx_tir_attr {
	uint32_t td;
	uint32_t rqt;
	uint32_t hash_fields; /**< PRM_HASH_*; 0: no hash, entry 0 always */
	uint8_t l3_prot; /**< 0 IPv4, 1 IPv6 */
	uint8_t l4_prot; /**< 0 TCP, 1 UDP */
	const uint8_t *key; /**< DEVX_TOEPLITZ_KEY_SIZE bytes; used symmetrically */
};

int devx_tir_create(struct devx_dev *dev, const struct devx_tir_attr *attr, struct devx_obj **tir);

struct devx_flow;

/** Which packets go to a TIR. */
struct devx_flow_attr {
	uint16_t priority; /**< the lowest number is looked at first */
	uint8_t ip_version; /**< 4, 6, or 0: any packet at all */
	uint8_t ip_protocol; /**< IPPROTO_*, or 0: any of that version */
	struct devx_obj *tir;
};

/** A rule in the function's receive table (root table, NIC receive). */
int
devx_flow_create(struct devx_dev *dev, const struct devx_flow_attr *attr, struct devx_flow **flow);
void devx_flow_destroy(struct devx_flow *flow);

#endif /* DEVX_STEER_H */
