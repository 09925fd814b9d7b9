/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the table of capabilities. A row says where in struct fw_caps its value is
 * kept; a switch that is one bit of a bitmap has the bitmap's place and the bit. Getting, setting,
 * the defaults and the check of ranges are one loop over it each; the configuration file and the
 * guide's table are made of it, too. The only rules beside the ranges are those between offloads.
 */
#include "fw_caps.h"

#include <errno.h>
#include <string.h>

#include "base_math.h"
#include "prm_cmd.h"

#define PLACE(f) offsetof(struct fw_caps, f), sizeof(((struct fw_caps *)0)->f)
/* C(capability) is its place; a row is name, min, max, default, PRM field, text, place, bit. */
#define SWITCH(name, def, prm, f, doc)                            \
	{                                                         \
		name, 0, 1, def, prm, doc, PLACE(f), FW_CAP_WHOLE \
	}
#define BIT(name, def, prm, f, bit, doc)                 \
	{                                                \
		name, 0, 1, def, prm, doc, PLACE(f), bit \
	}
#define NUMBER(name, min, max, def, prm, f, doc)                      \
	{                                                             \
		name, min, max, def, prm, doc, PLACE(f), FW_CAP_WHOLE \
	}
#define VIRTIO(field) "virtio_emulation_cap." field
#define HCA(field) "cmd_hca_cap." field
#define FEATURE(name, def, bit, doc) \
	BIT(name, def, VIRTIO("device_features_bits_mask[" #bit "]"), device_features, bit, doc)

static const struct fw_cap_row fw_cap_table[] = {
	SWITCH("virtio_version_1_0", 1, VIRTIO("virtio_version_1_0"), virtio_version_1_0,
			"queues with VIRTIO_F_VERSION_1"),
	FEATURE("mrg_rxbuf", 1, 2, "mergeable receive buffers"),
	FEATURE("host_ecn", 1, 4, "segmentation of TCP with ECN, guest to wire"),
	FEATURE("guest_ecn", 1, 6, "large TCP frames with ECN, wire to guest"),
	FEATURE("guest_tso6", 1, 7, "large TCP frames over IPv6, wire to guest"),
	FEATURE("guest_tso4", 1, 8, "large TCP frames over IPv4, wire to guest"),
	FEATURE("guest_csum", 1, 9, "checksums told or left open to the guest (DPDK: rx_csum)"),
	FEATURE("csum", 1, 10, "checksums that the guest leaves to the card (DPDK: tx_csum)"),
	FEATURE("host_tso6", 1, 11, "TCP segmentation over IPv6 (DPDK: tso_ipv6)"),
	FEATURE("host_tso4", 1, 12, "TCP segmentation over IPv4 (DPDK: tso_ipv4)"),
	BIT("event_mode_no_msix", 1, VIRTIO("event_mode[0]"), event_modes, 0,
			"queues without events"),
	BIT("event_mode_qp", 1, VIRTIO("event_mode[1]"), event_modes, 1,
			"events as completions of a queue pair"),
	BIT("event_mode_msix", 1, VIRTIO("event_mode[2]"), event_modes, 2,
			"events as MSI-X interrupts; none arrives in user space"),
	BIT("virtio_queue_type_split", 1, VIRTIO("virtio_queue_type[0]"), queue_types, 0,
			"split rings"),
	BIT("virtio_queue_type_packed", 1, VIRTIO("virtio_queue_type[1]"), queue_types, 1,
			"packed rings"),
	SWITCH("vnet_modify_ext", 1, VIRTIO("vnet_modify_ext"), vnet_modify_ext,
			"MODIFY of type, version, key, features, events and period"),
	SWITCH("virtio_net_q_addr_modify", 1, VIRTIO("virtio_net_q_addr_modify"),
			virtio_net_q_addr_modify, "MODIFY of the ring addresses"),
	SWITCH("virtio_q_index_modify", 1, VIRTIO("virtio_q_index_modify"), virtio_q_index_modify,
			"MODIFY of the available and used index"),
	SWITCH("desc_group_mkey_supported", 1, VIRTIO("desc_group_mkey_supported"),
			desc_group_mkey_supported, "a memory key of its own for the rings"),
	SWITCH("freeze_to_rdy_supported", 1, VIRTIO("freeze_to_rdy_supported"),
			freeze_to_rdy_supported, "a suspended queue can go on (SUSPEND to RDY)"),
	SWITCH("dirty_log", 1, "-", dirty_log, "MODIFY of the dirty bitmap and its switch"),
	NUMBER("max_num_virtio_queues", 1, 65536, 64, VIRTIO("max_num_virtio_queues"), max_virtqs,
			"queues of a function; their indices are below it"),
	NUMBER("log_doorbell_stride", 0, 31, 2, VIRTIO("log_doorbell_stride"), log_doorbell_stride,
			"distance of two queues' doorbells; all of a function share the first"),
	NUMBER("log_doorbell_bar_size", 0, 31, 12, VIRTIO("log_doorbell_bar_size"),
			log_doorbell_bar_size, "size of the doorbells' part of the BAR"),
	NUMBER("doorbell_bar_offset", 0, UINT64_MAX - 3, 0, VIRTIO("doorbell_bar_offset"),
			doorbell_bar_offset,
			"multiple of 4; modulo the page size the doorbell's place in its page"),
	NUMBER("umem_1_buffer_param_a", 0, 65536, 64, VIRTIO("umem_1_buffer_param_a"),
			umem_param_a[0], "buffer 1 of a queue: a * queue size + b bytes"),
	NUMBER("umem_1_buffer_param_b", 0, 1 << 24, 4096, VIRTIO("umem_1_buffer_param_b"),
			umem_param_b[0], "see umem_1_buffer_param_a"),
	NUMBER("umem_2_buffer_param_a", 0, 65536, 32, VIRTIO("umem_2_buffer_param_a"),
			umem_param_a[1], "buffer 2 of a queue"),
	NUMBER("umem_2_buffer_param_b", 0, 1 << 24, 4096, VIRTIO("umem_2_buffer_param_b"),
			umem_param_b[1], "see umem_2_buffer_param_a"),
	NUMBER("umem_3_buffer_param_a", 0, 65536, 16, VIRTIO("umem_3_buffer_param_a"),
			umem_param_a[2], "buffer 3 of a queue"),
	NUMBER("umem_3_buffer_param_b", 0, 1 << 24, 4096, VIRTIO("umem_3_buffer_param_b"),
			umem_param_b[2], "see umem_3_buffer_param_a"),
	SWITCH("virtio_q_counters", 1, HCA("general_obj_types[28]"), virtq_counters,
			"objects VIRTIO_Q_COUNTERS"),
	SWITCH("eth_net_offloads", 1, HCA("eth_net_offloads"), eth_net_offloads,
			"the capability page of Ethernet offloads"),
	SWITCH("nic_flow_table", 1, HCA("nic_flow_table"), nic_flow_table,
			"receive flow rules, and their capability page"),
	NUMBER("num_lag_ports", 0, 15, 1, HCA("num_lag_ports"), num_lag_ports,
			"ports that lag_tx_port_affinity of a TIS may name; 0 is like 1"),
	NUMBER("log_max_rqt_size", 0, 15, 9, HCA("log_max_rqt_size"), log_max_rqt_size,
			"entries of a receive queue table"),
	SWITCH("cq_oi", 1, HCA("cq_oi"), cq_oi, "completion queues that ignore overruns"),
	SWITCH("cq_moderation", 1, HCA("cq_moderation"), cq_moderation,
			"completion events by count and period, MODIFY_CQ"),
	SWITCH("cq_period_mode_modify", 1, HCA("cq_period_mode_modify"), cq_period_mode_modify,
			"MODIFY_CQ of the period's mode"),
	SWITCH("cq_period_start_from_cqe", 1, HCA("cq_period_start_from_cqe"),
			cq_period_start_from_cqe, "periods that each completion starts again"),
	NUMBER("log_max_cq_sz", 0, 22, 22, HCA("log_max_cq_sz"), log_max_cq_sz,
			"entries of a completion queue"),
	NUMBER("log_max_qp_sz", 0, 15, 15, HCA("log_max_qp_sz"), log_max_qp_sz,
			"entries of a receive queue of a queue pair"),
	SWITCH("fixed_buffer_size", 1, HCA("fixed_buffer_size"), fixed_buffer_size,
			"indirect keys with entries of one size (KLM_FBS)"),
	NUMBER("log_max_klm_list_size", 0, 16, 16, HCA("log_maxklm_list_size"),
			log_max_klm_list_size, "entries of an indirect key"),
	NUMBER("max_indirection", 1, 4, 4, HCA("max_indirection"), max_indirection,
			"levels of indirect keys above a direct one"),
	NUMBER("log_max_cq", 0, 20, 20, HCA("log_max_cq"), log_max_cq,
			"completion queues of a function"),
	NUMBER("log_max_qp", 0, 18, 18, HCA("log_max_qp"), log_max_qp, "queue pairs of a function"),
	NUMBER("log_max_mkey", 0, 20, 20, HCA("log_max_mkey"), log_max_mkey,
			"memory keys of a function"),
	NUMBER("log_max_pd", 0, 20, 20, HCA("log_max_pd"), log_max_pd,
			"protection domains of a function"),
	NUMBER("log_max_transport_domain", 0, 20, 20, HCA("log_max_transport_domain"),
			log_max_transport_domain, "transport domains of a function"),
	NUMBER("log_max_tis", 0, 20, 20, HCA("log_max_tis"), log_max_tis, "TISs of a function"),
	NUMBER("log_max_tir", 0, 20, 20, HCA("log_max_tir"), log_max_tir, "TIRs of a function"),
	NUMBER("log_max_rqt", 0, 20, 20, HCA("log_max_rqt"), log_max_rqt,
			"receive queue tables of a function"),
};

const struct fw_cap_row *
fw_caps_row(size_t i)
{
	return i < BASE_ARRAY_SIZE(fw_cap_table) ? &fw_cap_table[i] : NULL;
}

const struct fw_cap_row *
fw_caps_find(const char *name)
{
	const struct fw_cap_row *row;
	size_t i;

	for (i = 0; (row = fw_caps_row(i)) != NULL; i++) {
		if (strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

/* The field that the row's value is in. */
static uint64_t
fw_caps_load(const struct fw_caps *caps, const struct fw_cap_row *row)
{
	const void *p = (const uint8_t *)caps + row->off;

	switch (row->size) {
	case sizeof(uint8_t): /* bool too */
		return *(const uint8_t *)p;
	case sizeof(uint32_t):
		return *(const uint32_t *)p;
	default:
		return *(const uint64_t *)p;
	}
}

static void
fw_caps_store(struct fw_caps *caps, const struct fw_cap_row *row, uint64_t value)
{
	void *p = (uint8_t *)caps + row->off;

	switch (row->size) {
	case sizeof(uint8_t):
		*(uint8_t *)p = (uint8_t)value;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)p = (uint32_t)value;
		break;
	default:
		*(uint64_t *)p = value;
	}
}

static uint64_t
fw_caps_value(const struct fw_caps *caps, const struct fw_cap_row *row)
{
	uint64_t field = fw_caps_load(caps, row);

	return row->bit == FW_CAP_WHOLE ? field : field >> row->bit & 1;
}

static void
fw_caps_put(struct fw_caps *caps, const struct fw_cap_row *row, uint64_t value)
{
	uint64_t field = fw_caps_load(caps, row);

	if (row->bit != FW_CAP_WHOLE)
		value = (field & ~(1ull << row->bit)) | value << row->bit;
	fw_caps_store(caps, row, value);
}

void
fw_caps_init(struct fw_caps *caps)
{
	const struct fw_cap_row *row;
	size_t i;

	memset(caps, 0, sizeof(*caps));
	for (i = 0; (row = fw_caps_row(i)) != NULL; i++)
		fw_caps_put(caps, row, row->def);
}

int
fw_caps_set(struct fw_caps *caps, const char *name, uint64_t value)
{
	const struct fw_cap_row *row = fw_caps_find(name);

	if (row == NULL)
		return -ENOENT;
	if (value < row->min || value > row->max)
		return -ERANGE;
	fw_caps_put(caps, row, value);
	return 0;
}

int
fw_caps_get(const struct fw_caps *caps, const char *name, uint64_t *value)
{
	const struct fw_cap_row *row = fw_caps_find(name);

	if (row == NULL)
		return -ENOENT;
	*value = fw_caps_value(caps, row);
	return 0;
}

/* An offload, and those of which it needs one (virtio 1.2, 5.1.3.1). */
struct fw_caps_need {
	uint32_t feature, needs_one_of;
	const char *text;
};

static const struct fw_caps_need fw_caps_needs[] = {
	{ PRM_VIRTQ_F_HOST_TSO4, PRM_VIRTQ_F_CSUM, "host_tso4 needs csum" },
	{ PRM_VIRTQ_F_HOST_TSO6, PRM_VIRTQ_F_CSUM, "host_tso6 needs csum" },
	{ PRM_VIRTQ_F_HOST_ECN, PRM_VIRTQ_F_HOST_TSO4 | PRM_VIRTQ_F_HOST_TSO6,
			"host_ecn needs host_tso4 or host_tso6" },
	{ PRM_VIRTQ_F_GUEST_TSO4, PRM_VIRTQ_F_GUEST_CSUM, "guest_tso4 needs guest_csum" },
	{ PRM_VIRTQ_F_GUEST_TSO6, PRM_VIRTQ_F_GUEST_CSUM, "guest_tso6 needs guest_csum" },
	{ PRM_VIRTQ_F_GUEST_ECN, PRM_VIRTQ_F_GUEST_TSO4 | PRM_VIRTQ_F_GUEST_TSO6,
			"guest_ecn needs guest_tso4 or guest_tso6" },
};

/* Bits of a bitmap that no row knows. */
static uint64_t
fw_caps_unknown_bits(uint64_t field, size_t off)
{
	const struct fw_cap_row *row;
	size_t i;

	for (i = 0; (row = fw_caps_row(i)) != NULL; i++) {
		if (row->off == off)
			field &= ~(1ull << row->bit);
	}
	return field;
}

const char *
fw_caps_check(const struct fw_caps *caps)
{
	const struct fw_cap_row *row;
	size_t i;

	for (i = 0; (row = fw_caps_row(i)) != NULL; i++) {
		uint64_t value = fw_caps_value(caps, row);

		if (value < row->min || value > row->max)
			return row->name;
		if (row->bit != FW_CAP_WHOLE &&
				fw_caps_unknown_bits(fw_caps_load(caps, row), row->off) != 0)
			return "a bitmap has bits that no capability has";
	}
	for (i = 0; i < BASE_ARRAY_SIZE(fw_caps_needs); i++) {
		if ((caps->device_features & fw_caps_needs[i].feature) != 0 &&
				(caps->device_features & fw_caps_needs[i].needs_one_of) == 0)
			return fw_caps_needs[i].text;
	}
	if (caps->doorbell_bar_offset % 4 != 0)
		return "doorbell_bar_offset is not a multiple of 4";
	return NULL;
}
