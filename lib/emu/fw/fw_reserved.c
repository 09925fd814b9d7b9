/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: which bits of a command are reserved follows from its layout (prm_struct.h):
 * what no field of the input or of a structure inside of it covers. To these come the fields that
 * hardware knows but this card has no capability for, from the table below. Both are one mask per
 * command, made when the card is; the check of a command is one pass over its dwords, and only when
 * one is hit it is found out what it was.
 *
 * Lists behind a command (klm, rq_num) repeat the mask of their structure.
 *
 * Deviations are bits that are reserved, but that a driver which people use sets; each names who.
 * There is none: rdma-core and the stock DPDK driver keep to the layouts (tests/abi).
 */
#include "fw_reserved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "prm_field.h"
#include "prm_struct.h"

/* What a field would need; the card never announces it, so the field must be 0. */
struct fw_reserved_field {
	const char *structure, *field;
	const char *capability; /* for the log */
};

static const struct fw_reserved_field fw_reserved_fields[] = {
	{ "general_obj_in_cmd_hdr", "vhca_tunnel_id", "vhca_tunnel_commands" },
	{ "general_obj_create_param", "alias_object", "allowed_object_for_other_vhca_access" },
	{ "general_obj_create_param", "log_obj_range", "no ranges of objects" },
	{ "general_obj_query_param", "alias_object", "allowed_object_for_other_vhca_access" },
	{ "general_obj_query_param", "obj_offset", "no ranges of objects" },
	{ "qp_2rst_in", "vhca_tunnel_id", "vhca_tunnel_commands" },
	{ "create_mkey_in", "pg_access", "pg" },
	{ "create_mkey_in", "mkey_umem_valid", "no keys of mode MTT by command" },
	{ "create_mkey_in", "data_direct", "data_direct" },
	{ "mkc", "a", "atomic" },
	{ "mkc", "relaxed_ordering_write", "relaxed_ordering_write" },
	{ "mkc", "relaxed_ordering_read", "relaxed_ordering_read" },
	{ "mkc", "small_fence_on_rdma_read_response", "small_fence" },
	{ "mkc", "ma_translation_mode", "ats" },
	{ "mkc", "crossing_target_vhca_id", "crossing_vhca_mkey" },
	{ "mkc", "order_read_after_write", "order_read_after_write" },
	{ "mkc", "bsf_octword_size", "sho" },
	{ "mkc", "expected_sigerr_count", "sho" },
	{ "cqc", "initiator_src_dct", "dct" },
	{ "cqc", "scqe_break_moderation_en", "scqe_break_moderation" },
	{ "cqc", "always_armed_cq", "always_armed_cq" },
	{ "cqc", "ext_element_type", "apu" },
	{ "cqc", "mini_cqe_res_format", "cqe_compression" },
	{ "cqc", "mini_cqe_res_format_ext", "cqe_compression" },
	{ "cqc", "cqe_comp_layout", "enhanced_cqe_compression" },
	{ "create_qp_in", "qpc_ext", "qpc_extension" },
	{ "create_qp_in", "input_qpn", "input_qpn" },
	{ "create_qp_in", "ece", "ece_support" },
	{ "rst2init_qp_in", "ece", "ece_support" },
	{ "init2rtr_qp_in", "ece", "ece_support" },
	{ "rtr2rts_qp_in", "ece", "ece_support" },
	{ "qpc", "isolate_vl_tc", "isolate_vl_tc_new" },
	{ "qpc", "offload_type", "no TLS or IPsec offload" },
	{ "qpc", "wq_signature", "no signatures" },
	{ "qpc", "latency_sensitive", "latency_sensitive" },
	{ "qpc", "drain_sigerr", "drain_sigerr" },
	{ "qpc", "ulp_stateless_offload_mode", "ipoib_basic_offloads" },
	{ "qpc", "counter_set_id", "no queue counters" },
	{ "qpc", "xrcd", "xrc" },
	{ "qpc", "q_key", "only queue pairs of type RC" },
	{ "qpc", "srqn_rmpn_xrqn", "no shared receive queues" },
	{ "qpc", "cd_master", "cd" },
	{ "qpc", "cd_slave_send", "cd" },
	{ "qpc", "cd_slave_receive", "cd" },
	{ "qpc", "log_num_dci_stream_channels", "log_max_dci_stream_channels" },
	{ "qpc", "log_num_dci_errored_streams", "log_max_dci_errored_streams" },
	{ "qpc", "dc_access_key", "dct" },
	{ "tirc", "inline_rqn", "no receive queues but VIRTIO_NET_Q" },
	{ "query_nic_vport_context_in", "allowed_list_type", "log_max_current_uc_list" },
	{ "virtio_q", "device_emulation_id", "no device emulation" },
	{ "virtio_q", "max_tunnel_desc", "max_tunnel_desc" },
};

/* One command, or the structure of one list. */
struct fw_reserved_mask {
	uint32_t size; /* bytes, a multiple of 4; 0: all bits are free */
	uint8_t *must_be_zero;
};

struct fw_reserved_row {
	const struct prm_cmd_layout *layout;
	struct fw_reserved_mask in, list;
};

struct fw_reserved {
	size_t nb;
	struct fw_reserved_row rows[]; /* as prm_cmd_layout_at() has them */
};

/* --- making --------------------------------------------------------------------------------- */

static const struct fw_reserved_field *
fw_reserved_find(const char *structure, const char *field)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fw_reserved_fields); i++) {
		if (strcmp(fw_reserved_fields[i].structure, structure) == 0 &&
				strcmp(fw_reserved_fields[i].field, field) == 0)
			return &fw_reserved_fields[i];
	}
	return NULL;
}

/* Takes the fields of the table above that are in @p s out of what is known. */
static void
fw_reserved_take_out(const struct prm_struct *s, uint8_t *known)
{
	uint32_t i, bit;

	for (i = 0; i < s->nb_fields; i++) {
		const struct prm_field_info *f = &s->fields[i];

		for (bit = 0; fw_reserved_find(s->name, f->name) != NULL && bit < f->bits; bit++)
			prm_set(known, f->off + bit, 1, 0);
		if (f->type != NULL)
			fw_reserved_take_out(f->type, known + f->off / 8);
	}
}

static int
fw_reserved_make(const struct prm_struct *s, struct fw_reserved_mask *mask)
{
	uint8_t any = 0;
	uint32_t i;

	if (s == NULL)
		return 0;
	mask->must_be_zero = malloc(s->size);
	if (mask->must_be_zero == NULL)
		return -ENOMEM;
	prm_struct_known(s, mask->must_be_zero);
	fw_reserved_take_out(s, mask->must_be_zero);
	for (i = 0; i < s->size; i++) {
		mask->must_be_zero[i] = (uint8_t)~mask->must_be_zero[i];
		any |= mask->must_be_zero[i];
	}
	mask->size = any != 0 ? s->size : 0;
	return 0;
}

void
fw_reserved_destroy(struct fw_reserved *reserved)
{
	size_t i;

	for (i = 0; reserved != NULL && i < reserved->nb; i++) {
		free(reserved->rows[i].in.must_be_zero);
		free(reserved->rows[i].list.must_be_zero);
	}
	free(reserved);
}

int
fw_reserved_create(struct fw_reserved **reservedp)
{
	struct fw_reserved *reserved;
	size_t i, nb = 0;

	while (prm_cmd_layout_at(nb) != NULL)
		nb++;
	reserved = calloc(1, sizeof(*reserved) + nb * sizeof(reserved->rows[0]));
	if (reserved == NULL)
		return -ENOMEM;
	reserved->nb = nb;
	for (i = 0; i < nb; i++) {
		struct fw_reserved_row *row = &reserved->rows[i];

		row->layout = prm_cmd_layout_at(i);
		if (fw_reserved_make(row->layout->in, &row->in) != 0 ||
				fw_reserved_make(row->layout->in_list, &row->list) != 0) {
			fw_reserved_destroy(reserved);
			return -ENOMEM;
		}
	}
	*reservedp = reserved;
	return 0;
}

/* --- checking ------------------------------------------------------------------------------- */

/* Place of the first dword, in bytes, that has a bit of the mask set; @p len: there is none. */
static size_t
fw_reserved_hit(const struct fw_reserved_mask *mask, const uint8_t *in, size_t len)
{
	uint32_t dword, zero;
	size_t i;

	for (i = 0; i + sizeof(dword) <= len; i += sizeof(dword)) {
		memcpy(&dword, in + i, sizeof(dword));
		memcpy(&zero, mask->must_be_zero + i, sizeof(zero));
		if ((dword & zero) != 0)
			return i;
	}
	return len;
}

/* The field of the table that the bit is in; NULL: it is in no field. */
static const struct fw_reserved_field *
fw_reserved_field_at(const struct prm_struct *s, uint32_t bit)
{
	const struct fw_reserved_field *field;
	uint32_t i;

	for (i = 0; i < s->nb_fields; i++) {
		field = fw_reserved_find(s->name, s->fields[i].name);
		if (field != NULL && bit >= s->fields[i].off &&
				bit < s->fields[i].off + s->fields[i].bits)
			return field;
	}
	return NULL;
}

/* Says what is wrong with the dword at byte @p at of @p s; it has one of the mask's bits set. */
static enum fw_syndrome
fw_reserved_refuse(const struct fw_cmd *cmd, const struct prm_struct *s, const uint8_t *in,
		const struct fw_reserved_mask *mask, size_t at)
{
	uint32_t bad = (uint32_t)(prm_get(in + at, 0, 32) &
			prm_get(mask->must_be_zero + at, 0, 32));
	uint32_t bit = (uint32_t)at * 8 + (uint32_t)__builtin_clz(bad), first;
	const struct prm_struct *inner = prm_struct_around(s, bit, &first);
	const struct fw_reserved_field *field = fw_reserved_field_at(inner, bit - first);
	char text[128];

	if (field != NULL) {
		const struct prm_field_info *f = prm_struct_field(inner, field->field);

		snprintf(text, sizeof(text), "%s.%s (%s)", inner->name, f->name, field->capability);
		return fw_refuse(cmd->uctx, FW_SYN_FIELD_CAP, text,
				prm_get(in, first + f->off, f->bits));
	}
	snprintf(text, sizeof(text), "%s dword %u, bits", inner->name, (bit - first) / 32);
	return fw_refuse(cmd->uctx, FW_SYN_RESERVED, text, bad);
}

static enum fw_syndrome
fw_reserved_check_row(const struct fw_reserved_row *row, const struct fw_cmd *cmd)
{
	size_t len = cmd->inlen < row->in.size ? cmd->inlen : row->in.size;
	const uint8_t *item = cmd->in + row->layout->in->size, *end = cmd->in + cmd->inlen;
	size_t at = fw_reserved_hit(&row->in, cmd->in, len);

	if (at < len)
		return fw_reserved_refuse(cmd, row->layout->in, cmd->in, &row->in, at);
	if (row->list.size == 0)
		return FW_SYN_OK;
	for (; item + row->list.size <= end; item += row->list.size) {
		at = fw_reserved_hit(&row->list, item, row->list.size);
		if (at < row->list.size)
			return fw_reserved_refuse(cmd, row->layout->in_list, item, &row->list, at);
	}
	return FW_SYN_OK;
}

enum fw_syndrome
fw_reserved_check(const struct fw_reserved *reserved, const struct fw_cmd *cmd)
{
	uint16_t opcode = (uint16_t)PRM_GET(cmd_in, cmd->in, opcode);
	uint16_t op_mod = (uint16_t)PRM_GET(cmd_in, cmd->in, op_mod);
	size_t i;

	for (i = 0; i < reserved->nb; i++) {
		const struct prm_cmd_layout *layout = reserved->rows[i].layout;

		if (layout->opcode == opcode &&
				(layout->obj_type == 0 || layout->obj_type == op_mod))
			return fw_reserved_check_row(&reserved->rows[i], cmd);
	}
	return FW_SYN_OK;
}
