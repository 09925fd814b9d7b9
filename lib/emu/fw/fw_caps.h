/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What a card is able to do, as its configuration: one structure, and one table that knows each
 * capability by name, with its range and its default. Whoever reads a configuration needs the
 * table only; whoever checks a command reads the structure.
 *
 * What is off is not announced by QUERY_HCA_CAP, and every command that depends on it is refused:
 * so firmware can be played that is older or smaller than this one.
 *
 * Threads: the table is constant; a struct fw_caps belongs to its caller until fw_card_create()
 * has copied it.
 */
#ifndef FW_CAPS_H
#define FW_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Buffers for the card's own use that a driver gives to each queue. */
#define FW_CAPS_NB_UMEMS 3u

/** The capabilities of a card; each field is a row of the table, or the rows of its bits. */
struct fw_caps {
	/* virtio_emulation_cap */
	bool virtio_version_1_0;
	uint32_t device_features; /**< PRM_VIRTQ_F_* */
	uint8_t event_modes; /**< bitmap of 1 << enum prm_virtq_event_mode */
	uint8_t queue_types; /**< bitmap of 1 << enum prm_virtq_type */
	bool vnet_modify_ext;
	bool virtio_net_q_addr_modify;
	bool virtio_q_index_modify;
	bool desc_group_mkey_supported;
	bool freeze_to_rdy_supported;
	uint32_t max_virtqs; /**< per function */
	uint8_t log_doorbell_stride, log_doorbell_bar_size;
	uint64_t doorbell_bar_offset; /**< what is below the page size is the word's place in it */
	uint32_t umem_param_a[FW_CAPS_NB_UMEMS]; /**< buffer n: a * queue size + b bytes */
	uint32_t umem_param_b[FW_CAPS_NB_UMEMS];
	bool dirty_log; /**< the PRM has no bit for it: a refused MODIFY tells */
	/* cmd_hca_cap */
	bool virtq_counters; /**< object type VIRTIO_Q_COUNTERS */
	bool eth_net_offloads;
	bool nic_flow_table;
	uint8_t num_lag_ports;
	uint8_t log_max_rqt_size;
	bool cq_oi;
	bool cq_moderation;
	bool cq_period_mode_modify;
	bool cq_period_start_from_cqe;
	uint8_t log_max_cq_sz, log_max_qp_sz;
	bool fixed_buffer_size; /**< keys of mode KLM_FBS */
	uint8_t log_max_klm_list_size;
	uint8_t max_indirection;
	/** Objects of a kind that a function may have at a time: 1 << n. */
	uint8_t log_max_cq, log_max_qp, log_max_mkey, log_max_pd, log_max_transport_domain;
	uint8_t log_max_tis, log_max_tir, log_max_rqt;
};

/** One capability. */
struct fw_cap_row {
	const char *name; /**< the PRM's name of the field, or a name for one bit of it */
	uint64_t min, max; /**< a switch: 0 and 1 */
	uint64_t def; /**< what fw_caps_init() gives */
	const char *prm; /**< structure.field, [bit] behind it where only one is meant */
	const char *doc; /**< one line: what it lets a driver do */
	/* Where it is kept; for fw_caps_get() and fw_caps_set() only. */
	uint16_t off; /**< in struct fw_caps */
	uint8_t size; /**< bytes there */
	uint8_t bit; /**< FW_CAP_WHOLE, or the only bit that counts */
};
#define FW_CAP_WHOLE 0xffu

/** All defaults. */
void fw_caps_init(struct fw_caps *caps);
/** Row @p i of the table, NULL behind its end. */
const struct fw_cap_row *fw_caps_row(size_t i);
/** The row of a name, or NULL. */
const struct fw_cap_row *fw_caps_find(const char *name);
/** @return 0, -ENOENT (no such capability), -ERANGE (nothing has changed). */
int fw_caps_set(struct fw_caps *caps, const char *name, uint64_t value);
/** @return 0, -ENOENT. */
int fw_caps_get(const struct fw_caps *caps, const char *name, uint64_t *value);
/**
 * Why no card can be like this: a value out of its range, or an offload without the one that it
 * builds on (virtio 1.2, 5.1.3.1). @return a text that names it, or NULL when there is nothing
 * wrong. fw_card_create() asks, too.
 */
const char *fw_caps_check(const struct fw_caps *caps);

#endif /* FW_CAPS_H */
