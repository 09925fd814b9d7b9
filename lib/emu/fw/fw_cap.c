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

static void
fw_cap_general(const struct fw_caps *caps, void *cap)
{
	uint64_t types = 1ull << PRM_OBJ_VIRTIO_NET_Q;

	if (caps->virtq_counters)
		types |= 1ull << PRM_OBJ_VIRTIO_Q_COUNTERS;
	PRM_SET(cmd_hca_cap, cap, general_obj_types, types);
	PRM_SET(cmd_hca_cap, cap, log_max_qp_sz, caps->log_max_qp_sz);
	PRM_SET(cmd_hca_cap, cap, log_max_qp, caps->log_max_qp);
	PRM_SET(cmd_hca_cap, cap, log_max_cq_sz, caps->log_max_cq_sz);
	PRM_SET(cmd_hca_cap, cap, log_max_cq, caps->log_max_cq);
	PRM_SET(cmd_hca_cap, cap, log_max_mkey, caps->log_max_mkey);
	PRM_SET(cmd_hca_cap, cap, log_max_wq_sz, 15);
	PRM_SET(cmd_hca_cap, cap, dump_fill_mkey, 1);
	PRM_SET(cmd_hca_cap, cap, null_mkey, 1);
	PRM_SET(cmd_hca_cap, cap, max_indirection, caps->max_indirection);
	PRM_SET(cmd_hca_cap, cap, fixed_buffer_size, caps->fixed_buffer_size);
	PRM_SET(cmd_hca_cap, cap, log_maxklm_list_size, caps->log_max_klm_list_size);
	PRM_SET(cmd_hca_cap, cap, nic_flow_table, caps->nic_flow_table);
	PRM_SET(cmd_hca_cap, cap, port_type, 1); /* Ethernet */
	PRM_SET(cmd_hca_cap, cap, num_ports, 1);
	PRM_SET(cmd_hca_cap, cap, eth_net_offloads, caps->eth_net_offloads);
	PRM_SET(cmd_hca_cap, cap, cq_oi, caps->cq_oi);
	PRM_SET(cmd_hca_cap, cap, cq_moderation, caps->cq_moderation);
	PRM_SET(cmd_hca_cap, cap, cq_period_mode_modify, caps->cq_period_mode_modify);
	PRM_SET(cmd_hca_cap, cap, cq_period_start_from_cqe, caps->cq_period_start_from_cqe);
	PRM_SET(cmd_hca_cap, cap, uar_4k, 1);
	PRM_SET(cmd_hca_cap, cap, num_lag_ports, caps->num_lag_ports);
	PRM_SET(cmd_hca_cap, cap, log_max_transport_domain, caps->log_max_transport_domain);
	PRM_SET(cmd_hca_cap, cap, log_max_pd, caps->log_max_pd);
	PRM_SET(cmd_hca_cap, cap, log_max_tir, caps->log_max_tir);
	PRM_SET(cmd_hca_cap, cap, log_max_tis, caps->log_max_tis);
	PRM_SET(cmd_hca_cap, cap, log_max_rqt, caps->log_max_rqt);
	PRM_SET(cmd_hca_cap, cap, log_max_rqt_size, caps->log_max_rqt_size);
	PRM_SET(cmd_hca_cap, cap, num_of_uars_per_page, 1);
}

static void
fw_cap_virtio(const struct fw_caps *caps, void *cap)
{
	PRM_SET(virtio_emulation_cap, cap, virtio_version_1_0, caps->virtio_version_1_0);
	PRM_SET(virtio_emulation_cap, cap, device_features_bits_mask, caps->device_features);
	PRM_SET(virtio_emulation_cap, cap, event_mode, caps->event_modes);
	PRM_SET(virtio_emulation_cap, cap, virtio_queue_type, caps->queue_types);
	PRM_SET(virtio_emulation_cap, cap, vnet_modify_ext, caps->vnet_modify_ext);
	PRM_SET(virtio_emulation_cap, cap, virtio_net_q_addr_modify,
			caps->virtio_net_q_addr_modify);
	PRM_SET(virtio_emulation_cap, cap, virtio_q_index_modify, caps->virtio_q_index_modify);
	PRM_SET(virtio_emulation_cap, cap, desc_group_mkey_supported,
			caps->desc_group_mkey_supported);
	PRM_SET(virtio_emulation_cap, cap, freeze_to_rdy_supported, caps->freeze_to_rdy_supported);
	PRM_SET(virtio_emulation_cap, cap, log_doorbell_stride, caps->log_doorbell_stride);
	PRM_SET(virtio_emulation_cap, cap, log_doorbell_bar_size, caps->log_doorbell_bar_size);
	PRM_SET(virtio_emulation_cap, cap, doorbell_bar_offset, caps->doorbell_bar_offset);
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

struct fw_cap_page {
	uint16_t type;
	uint16_t needs_off; /* of the switch in struct fw_caps that the page belongs to */
	void (*fill)(const struct fw_caps *caps, void *cap);
};

#define NO_NEED UINT16_MAX
#define NEEDS(f) offsetof(struct fw_caps, f)

static const struct fw_cap_page fw_cap_pages[] = {
	{ PRM_CAP_GENERAL, NO_NEED, fw_cap_general },
	{ PRM_CAP_ETHERNET, NEEDS(eth_net_offloads), fw_cap_none },
	{ FW_CAP_ATOMIC, NO_NEED, fw_cap_none },
	{ PRM_CAP_NIC_FLOW_TABLE, NEEDS(nic_flow_table), fw_cap_none },
	{ FW_CAP_DEVICE_MEMORY, NO_NEED, fw_cap_none },
	{ PRM_CAP_VIRTIO_EMULATION, NO_NEED, fw_cap_virtio },
	{ FW_CAP_GENERAL_2, NO_NEED, fw_cap_none },
};

static bool
fw_cap_page_is_there(const struct fw_cap_page *page, const struct fw_caps *caps)
{
	return page->needs_off == NO_NEED ||
			*(const bool *)((const uint8_t *)caps + page->needs_off);
}

enum fw_syndrome
fw_cap_query(struct fw_cmd *cmd)
{
	uint16_t type = (uint16_t)(PRM_GET(query_hca_cap_in, cmd->in, op_mod) >> 1);
	const struct fw_caps *caps = &cmd->uctx->func->card->caps;
	enum fw_syndrome syn = FW_SYN_CAP_TYPE;
	size_t i;

	if (PRM_GET(query_hca_cap_in, cmd->in, other_function) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_CAP_FUNCTION, "function_id",
				PRM_GET(query_hca_cap_in, cmd->in, function_id));
	for (i = 0; i < BASE_ARRAY_SIZE(fw_cap_pages); i++) {
		if (fw_cap_pages[i].type != type)
			continue;
		if (fw_cap_page_is_there(&fw_cap_pages[i], caps)) {
			fw_cap_pages[i].fill(caps,
					PRM_PTR(query_hca_cap_out, cmd->out, capability));
			return FW_SYN_OK;
		}
		syn = FW_SYN_CAP_PAGE;
	}
	return fw_refuse(cmd->uctx, syn, "op_mod", PRM_GET(query_hca_cap_in, cmd->in, op_mod));
}
