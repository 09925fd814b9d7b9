/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: QUERY_HCA_CAP. One row per capability type; current and maximum values are
 * the same, nothing can be switched. What is not set here the card does not have: drivers must
 * cope, as with any card. Types whose own bit in the general capabilities is off are refused.
 */
#include "base_math.h"
#include "fw_card.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_uctx.h"
#include "prm_field.h"

/* Types that drivers ask for without looking at a bit first; the answer is all zeros. */
enum {
	FW_CAP_ATOMIC = 0x3,
	FW_CAP_DEVICE_MEMORY = 0xf,
	FW_CAP_GENERAL_2 = 0x20,
};

void
fw_caps_init(struct fw_caps *caps)
{
	static const struct fw_caps defaults = {
		.max_virtqs = 64,
		.log_max_rqt_size = 9,
		.num_lag_ports = 1,
		.eth_net_offloads = true,
		.virtq_counters = true,
		.device_features = PRM_VIRTQ_F_CSUM | PRM_VIRTQ_F_GUEST_CSUM,
		.event_modes = 1u << PRM_VIRTQ_EVENT_QP,
		.queue_types = 1u << PRM_VIRTQ_SPLIT,
		.umem_param_a = { 64, 32, 16 },
		.umem_param_b = { 4096, 4096, 4096 },
	};

	*caps = defaults;
}

static void
fw_cap_general(const struct fw_caps *caps, void *cap)
{
	uint64_t types = 1ull << PRM_OBJ_VIRTIO_NET_Q;

	if (caps->virtq_counters)
		types |= 1ull << PRM_OBJ_VIRTIO_Q_COUNTERS;
	PRM_SET(cmd_hca_cap, cap, general_obj_types, types);
	PRM_SET(cmd_hca_cap, cap, log_max_qp_sz, FW_LOG_MAX_QP_SZ);
	PRM_SET(cmd_hca_cap, cap, log_max_qp, 18);
	PRM_SET(cmd_hca_cap, cap, log_max_cq_sz, FW_LOG_MAX_CQ_SZ);
	PRM_SET(cmd_hca_cap, cap, log_max_cq, 20);
	PRM_SET(cmd_hca_cap, cap, log_max_mkey, 20);
	PRM_SET(cmd_hca_cap, cap, log_max_wq_sz, 15);
	PRM_SET(cmd_hca_cap, cap, dump_fill_mkey, 1);
	PRM_SET(cmd_hca_cap, cap, null_mkey, 1);
	PRM_SET(cmd_hca_cap, cap, max_indirection, FW_MAX_INDIRECTION);
	PRM_SET(cmd_hca_cap, cap, fixed_buffer_size, 1);
	PRM_SET(cmd_hca_cap, cap, log_maxklm_list_size, FW_LOG_MAX_KLM_LIST);
	PRM_SET(cmd_hca_cap, cap, nic_flow_table, 1);
	PRM_SET(cmd_hca_cap, cap, port_type, 1); /* Ethernet */
	PRM_SET(cmd_hca_cap, cap, num_ports, 1);
	PRM_SET(cmd_hca_cap, cap, eth_net_offloads, caps->eth_net_offloads);
	PRM_SET(cmd_hca_cap, cap, uar_4k, 1);
	PRM_SET(cmd_hca_cap, cap, num_lag_ports, caps->num_lag_ports);
	PRM_SET(cmd_hca_cap, cap, log_max_transport_domain, 20);
	PRM_SET(cmd_hca_cap, cap, log_max_pd, 20);
	PRM_SET(cmd_hca_cap, cap, log_max_tir, 20);
	PRM_SET(cmd_hca_cap, cap, log_max_tis, 20);
	PRM_SET(cmd_hca_cap, cap, log_max_rqt, 20);
	PRM_SET(cmd_hca_cap, cap, log_max_rqt_size, caps->log_max_rqt_size);
	PRM_SET(cmd_hca_cap, cap, num_of_uars_per_page, 1);
}

static void
fw_cap_virtio(const struct fw_caps *caps, void *cap)
{
	PRM_SET(virtio_emulation_cap, cap, virtio_version_1_0, 1);
	PRM_SET(virtio_emulation_cap, cap, device_features_bits_mask, caps->device_features);
	PRM_SET(virtio_emulation_cap, cap, event_mode, caps->event_modes);
	PRM_SET(virtio_emulation_cap, cap, virtio_queue_type, caps->queue_types);
	/* One doorbell word at the start of each VAR page, whatever the queue. */
	PRM_SET(virtio_emulation_cap, cap, log_doorbell_stride, 2);
	PRM_SET(virtio_emulation_cap, cap, log_doorbell_bar_size, 12);
	PRM_SET(virtio_emulation_cap, cap, max_num_virtio_queues, caps->max_virtqs);
	PRM_SET(virtio_emulation_cap, cap, umem_1_buffer_param_a, caps->umem_param_a[0]);
	PRM_SET(virtio_emulation_cap, cap, umem_1_buffer_param_b, caps->umem_param_b[0]);
	PRM_SET(virtio_emulation_cap, cap, umem_2_buffer_param_a, caps->umem_param_a[1]);
	PRM_SET(virtio_emulation_cap, cap, umem_2_buffer_param_b, caps->umem_param_b[1]);
	PRM_SET(virtio_emulation_cap, cap, umem_3_buffer_param_a, caps->umem_param_a[2]);
	PRM_SET(virtio_emulation_cap, cap, umem_3_buffer_param_b, caps->umem_param_b[2]);
}

static void
fw_cap_none(const struct fw_caps *caps, void *cap)
{
	(void)caps;
	(void)cap;
}

struct fw_cap_row {
	uint16_t type;
	void (*fill)(const struct fw_caps *caps, void *cap);
};

static const struct fw_cap_row fw_cap_rows[] = {
	{ PRM_CAP_GENERAL, fw_cap_general },
	{ PRM_CAP_ETHERNET, fw_cap_none },
	{ FW_CAP_ATOMIC, fw_cap_none },
	{ PRM_CAP_NIC_FLOW_TABLE, fw_cap_none },
	{ FW_CAP_DEVICE_MEMORY, fw_cap_none },
	{ PRM_CAP_VIRTIO_EMULATION, fw_cap_virtio },
	{ FW_CAP_GENERAL_2, fw_cap_none },
};

enum fw_syndrome
fw_cap_query(struct fw_cmd *cmd)
{
	uint16_t type = (uint16_t)(PRM_GET(query_hca_cap_in, cmd->in, op_mod) >> 1);
	const struct fw_card *card = cmd->uctx->func->card;
	size_t i;

	if (PRM_GET(query_hca_cap_in, cmd->in, other_function) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_CAP_FUNCTION, "function_id",
				PRM_GET(query_hca_cap_in, cmd->in, function_id));
	for (i = 0; i < BASE_ARRAY_SIZE(fw_cap_rows); i++) {
		if (fw_cap_rows[i].type == type) {
			fw_cap_rows[i].fill(&card->caps,
					PRM_PTR(query_hca_cap_out, cmd->out, capability));
			return FW_SYN_OK;
		}
	}
	return fw_refuse(cmd->uctx, FW_SYN_CAP_TYPE, "op_mod",
			PRM_GET(query_hca_cap_in, cmd->in, op_mod));
}
