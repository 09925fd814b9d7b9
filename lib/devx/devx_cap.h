/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the card says it can do, decoded (QUERY_HCA_CAP: general and virtio emulation), and what its
 * port can (QUERY_NIC_VPORT_CONTEXT).
 */
#ifndef DEVX_CAP_H
#define DEVX_CAP_H

#include <stdbool.h>
#include <stdint.h>

#include "devx_dev.h"

/** Size of one of a queue's three firmware buffers: a * queue size + b. */
struct devx_umem_param {
	uint32_t a, b;
};

struct devx_cap {
	/* general */
	bool virtq; /**< VIRTIO_NET_Q objects exist */
	bool virtq_counters; /**< VIRTIO_Q_COUNTERS objects exist */
	bool roce; /**< RoCE is enabled on the function */
	uint32_t rqt_max_size; /**< entries of a receive queue table */
	uint32_t max_klms; /**< entries of an indirect key's list, 0: not told */
	uint8_t nb_lag_ports; /**< ports of the bond, at least 1 */
	/* virtio emulation */
	bool version_1_0;
	bool modify_ext; /**< vnet_modify_ext: more fields of a queue may be modified */
	bool addr_modify; /**< ... its ring addresses */
	bool index_modify; /**< ... its indices */
	bool freeze_to_rdy; /**< a suspended queue can be made ready again */
	uint16_t features; /**< enum prm_virtq_feature */
	uint8_t event_modes; /**< bitmap of 1 << enum prm_virtq_event_mode */
	uint8_t queue_types; /**< bitmap of 1 << enum prm_virtq_type */
	uint32_t max_virtqs; /**< queues, not pairs */
	uint64_t doorbell_offset; /**< of the doorbell in its BAR, bytes */
	struct devx_umem_param umem[3];
	/* the function's port */
	uint16_t mtu; /**< longest IP packet that it sends and takes, bytes; 0: not told */
};

/** Asks the card; on error @p cap is undefined. */
int devx_cap_query(struct devx_dev *dev, struct devx_cap *cap);

/** The MTU in a nic_vport_context, 0 if there is none (pure). */
uint16_t devx_cap_decode_mtu(const void *nic_vport_context);
/** Decode one capability page each into their part of @p cap (pure). */
void devx_cap_decode_general(const void *page, struct devx_cap *cap);
void devx_cap_decode_virtio(const void *page, struct devx_cap *cap);

#endif /* DEVX_CAP_H */
