/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one command for each capability page and one for the port, pure functions
 * that decode the answers. What the card does not announce stays false or 0; nothing is guessed.
 */
#include "devx_cap.h"

#include <stddef.h>
#include <stdlib.h>
#include <errno.h>
#include <string.h>

#include "devx_cmd.h"
#include "prm_field.h"

void
devx_cap_decode_general(const void *page, struct devx_cap *cap)
{
	uint64_t types = PRM_GET(cmd_hca_cap, page, general_obj_types);
	uint8_t ports = (uint8_t)PRM_GET(cmd_hca_cap, page, num_lag_ports);
	uint8_t klms;

	cap->virtq = types >> PRM_OBJ_VIRTIO_NET_Q & 1;
	cap->virtq_counters = types >> PRM_OBJ_VIRTIO_Q_COUNTERS & 1;
	cap->roce = PRM_GET(cmd_hca_cap, page, roce);
	cap->rqt_max_size = 1u << PRM_GET(cmd_hca_cap, page, log_max_rqt_size);
	klms = (uint8_t)PRM_GET(cmd_hca_cap, page, log_maxklm_list_size);
	cap->max_klms = klms == 0 ? 0 : klms < 31 ? 1u << klms : UINT32_MAX;
	cap->nb_lag_ports = ports != 0 ? ports : 1;
}

static struct devx_umem_param
devx_cap_umem(uint64_t a, uint64_t b)
{
	return (struct devx_umem_param){ .a = (uint32_t)a, .b = (uint32_t)b };
}

#define CAP(field) PRM_GET(virtio_emulation_cap, page, field)

void
devx_cap_decode_virtio(const void *page, struct devx_cap *cap)
{
	cap->version_1_0 = CAP(virtio_version_1_0);
	cap->modify_ext = CAP(vnet_modify_ext);
	cap->addr_modify = CAP(virtio_net_q_addr_modify);
	cap->index_modify = CAP(virtio_q_index_modify);
	cap->freeze_to_rdy = CAP(freeze_to_rdy_supported);
	cap->features = (uint16_t)CAP(device_features_bits_mask);
	cap->event_modes = (uint8_t)CAP(event_mode);
	cap->queue_types = (uint8_t)CAP(virtio_queue_type);
	cap->max_virtqs = (uint32_t)CAP(max_num_virtio_queues);
	cap->doorbell_offset = CAP(doorbell_bar_offset);
	cap->umem[0] = devx_cap_umem(CAP(umem_1_buffer_param_a), CAP(umem_1_buffer_param_b));
	cap->umem[1] = devx_cap_umem(CAP(umem_2_buffer_param_a), CAP(umem_2_buffer_param_b));
	cap->umem[2] = devx_cap_umem(CAP(umem_3_buffer_param_a), CAP(umem_3_buffer_param_b));
}

#undef CAP

/* The field counts a whole frame: Ethernet header, a VLAN tag and FCS. */
#define VPORT_FRAME_OVERHEAD 22u

uint16_t
devx_cap_decode_mtu(const void *nic_vport_context)
{
	uint16_t mtu = (uint16_t)PRM_GET(nic_vport_context, nic_vport_context, mtu);

	return mtu > VPORT_FRAME_OVERHEAD ? (uint16_t)(mtu - VPORT_FRAME_OVERHEAD) : 0;
}

/* Leaves 0 if the card does not tell, which is logged and hinders nobody. */
static void
devx_cap_mtu(struct devx_dev *dev, struct devx_cap *cap)
{
	uint8_t in[PRM_SIZE(query_nic_vport_context_in)] = { 0 };
	uint8_t out[PRM_SIZE(query_nic_vport_context_out)] = { 0 };
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };

	PRM_SET(query_nic_vport_context_in, in, opcode, PRM_OP_QUERY_NIC_VPORT_CONTEXT);
	if (devx_cmd_general(dev, "port", &io) == 0)
		cap->mtu = devx_cap_decode_mtu(
				PRM_PTR(query_nic_vport_context_out, out, nic_vport_context));
}

static int
devx_cap_page(struct devx_dev *dev, enum prm_cap_type type, uint8_t *out)
{
	uint8_t in[PRM_SIZE(query_hca_cap_in)] = { 0 };
	struct devx_io io = { in, sizeof(in), out, PRM_SIZE(query_hca_cap_out) };

	PRM_SET(query_hca_cap_in, in, opcode, PRM_OP_QUERY_HCA_CAP);
	PRM_SET(query_hca_cap_in, in, op_mod, (unsigned int)type << 1 | PRM_CAP_CURRENT);
	return devx_cmd_general(dev,
			type == PRM_CAP_GENERAL ? "general capabilities" : "virtio capabilities",
			&io);
}

int
devx_cap_query(struct devx_dev *dev, struct devx_cap *cap)
{
	uint8_t *out;
	int ret;

	memset(cap, 0, sizeof(*cap));
	out = malloc(PRM_SIZE(query_hca_cap_out));
	if (out == NULL)
		return -ENOMEM;
	ret = devx_cap_page(dev, PRM_CAP_GENERAL, out);
	if (ret != 0)
		goto free_out;
	devx_cap_decode_general(PRM_PTR(query_hca_cap_out, out, capability), cap);
	if (!cap->virtq)
		goto free_out; /* there is no such page then; the caller sees virtq == false */
	ret = devx_cap_page(dev, PRM_CAP_VIRTIO_EMULATION, out);
	if (ret != 0)
		goto free_out;
	devx_cap_decode_virtio(PRM_PTR(query_hca_cap_out, out, capability), cap);
	devx_cap_mtu(dev, cap);
free_out:
	free(out);
	return ret;
}
