/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the X-macros of prm_layout.h, unrolled into tables of names and numbers.
 * Structures refer to each other by their place in one array, so the order in the layout does not
 * matter. A second table says of which structures the input and the output of each command
 * consist. Everything is constant; nothing is made at start.
 *
 * Reserved bits are what no field covers. A field that is a structure covers only what the fields
 * of that structure cover; where a layout also names the same bits as a plain number
 * (modify_tir_in.modify_bitmask), the structure knows better and wins.
 */
#include "prm_struct.h"

#include <stdio.h>
#include <string.h>

#include "prm_cmd.h"
#include "prm_field.h"

#define NB_OF(array) (sizeof(array) / sizeof((array)[0]))

#define STRUCT_INDEX_(s, total) STRUCT_##s,
enum {
	PRM_STRUCTS(STRUCT_INDEX_) NB_STRUCTS
};

static const struct prm_struct structs[NB_STRUCTS];

#define FIELD_(s, f, off, bits) { #f, off, bits, NULL },
#define NESTED_(s, f, off, bits, type) { #f, off, bits, &structs[STRUCT_##type] },
#define FIELDS_(s, total) \
	static const struct prm_field_info fields_##s[] = { PRM_FIELDS_##s(FIELD_, NESTED_) };
PRM_STRUCTS(FIELDS_)

#define STRUCT_ROW_(s, total) { #s, (total) / 8, NB_OF(fields_##s), fields_##s },
static const struct prm_struct structs[NB_STRUCTS] = { PRM_STRUCTS(STRUCT_ROW_) };

/* --- structures and fields ------------------------------------------------------------------ */

const struct prm_struct *
prm_struct_at(size_t i)
{
	return i < NB_STRUCTS ? &structs[i] : NULL;
}

const struct prm_struct *
prm_struct_find(const char *name)
{
	size_t i;

	for (i = 0; i < NB_STRUCTS; i++) {
		if (strcmp(structs[i].name, name) == 0)
			return &structs[i];
	}
	return NULL;
}

const struct prm_field_info *
prm_struct_field(const struct prm_struct *s, const char *name)
{
	uint32_t i;

	for (i = 0; i < s->nb_fields; i++) {
		if (strcmp(s->fields[i].name, name) == 0)
			return &s->fields[i];
	}
	return NULL;
}

static bool
same_bits(const struct prm_field_info *a, const struct prm_field_info *b)
{
	return a->off == b->off && a->bits == b->bits;
}

/* Is there a field that is a structure in the very place of the plain field @p f? */
static bool
is_also_struct(const struct prm_struct *s, const struct prm_field_info *f)
{
	uint32_t i;

	for (i = 0; i < s->nb_fields; i++) {
		if (s->fields[i].type != NULL && same_bits(&s->fields[i], f))
			return true;
	}
	return false;
}

static void
set_bits(uint8_t *mask, uint32_t off, uint32_t bits)
{
	uint32_t end = off + bits;

	while (off < end) {
		if (off % 8 == 0 && end - off >= 8) {
			mask[off / 8] = 0xff;
			off += 8;
		} else {
			mask[off / 8] |= (uint8_t)(0x80u >> off % 8);
			off++;
		}
	}
}

static void
add_known(const struct prm_struct *s, uint8_t *mask)
{
	uint32_t i;

	for (i = 0; i < s->nb_fields; i++) {
		const struct prm_field_info *f = &s->fields[i];

		if (f->type != NULL)
			add_known(f->type, mask + f->off / 8);
		else if (!is_also_struct(s, f))
			set_bits(mask, f->off, f->bits);
	}
}

void
prm_struct_known(const struct prm_struct *s, uint8_t *mask)
{
	memset(mask, 0, s->size);
	add_known(s, mask);
}

const struct prm_struct *
prm_struct_around(const struct prm_struct *s, uint32_t off, uint32_t *first)
{
	uint32_t i = 0;

	*first = 0;
	while (i < s->nb_fields) {
		const struct prm_field_info *f = &s->fields[i++];

		if (f->type == NULL || off - *first < f->off || off - *first >= f->off + f->bits)
			continue;
		*first += f->off;
		s = f->type;
		i = 0;
	}
	return s;
}

/* --- commands ------------------------------------------------------------------------------- */

#define S(name) &structs[STRUCT_##name]
#define ROW(op, in, out)                                  \
	{                                                 \
		PRM_OP_##op, 0, S(in), S(out), NULL, NULL \
	}
#define ROW_LIST(op, in, list, out)                          \
	{                                                    \
		PRM_OP_##op, 0, S(in), S(out), S(list), NULL \
	}
#define GENERAL(op, type, in, out)                                                      \
	{                                                                               \
		PRM_OP_##op##_GENERAL_OBJECT, PRM_OBJ_##type, S(in), S(out), NULL, NULL \
	}

static const struct prm_cmd_layout layouts[] = {
	ROW(QUERY_HCA_CAP, query_hca_cap_in, query_hca_cap_out),
	ROW_LIST(CREATE_MKEY, create_mkey_in, klm, create_mkey_out),
	ROW(DESTROY_MKEY, destroy_mkey_in, cmd_out),
	ROW(QUERY_SPECIAL_CONTEXTS, query_special_contexts_in, query_special_contexts_out),
	ROW(CREATE_CQ, create_cq_in, create_cq_out),
	ROW(DESTROY_CQ, destroy_cq_in, cmd_out),
	ROW(QUERY_CQ, query_cq_in, query_cq_out),
	ROW(MODIFY_CQ, modify_cq_in, cmd_out),
	ROW(CREATE_QP, create_qp_in, create_qp_out),
	ROW(DESTROY_QP, destroy_qp_in, cmd_out),
	ROW(RST2INIT_QP, rst2init_qp_in, rst2init_qp_out),
	ROW(INIT2RTR_QP, init2rtr_qp_in, init2rtr_qp_out),
	ROW(RTR2RTS_QP, rtr2rts_qp_in, rtr2rts_qp_out),
	ROW(2RST_QP, qp_2rst_in, cmd_out),
	ROW(QUERY_QP, query_qp_in, query_qp_out),
	ROW(QUERY_VPORT_STATE, query_vport_state_in, query_vport_state_out),
	{ PRM_OP_QUERY_NIC_VPORT_CONTEXT, 0, S(query_nic_vport_context_in),
			S(query_nic_vport_context_out), NULL, S(mac_address_layout) },
	ROW(ALLOC_PD, alloc_pd_in, alloc_pd_out),
	ROW(DEALLOC_PD, dealloc_pd_in, cmd_out),
	ROW(ALLOC_TRANSPORT_DOMAIN, alloc_transport_domain_in, alloc_transport_domain_out),
	ROW(DEALLOC_TRANSPORT_DOMAIN, dealloc_transport_domain_in, cmd_out),
	ROW(CREATE_TIR, create_tir_in, create_tir_out),
	ROW(MODIFY_TIR, modify_tir_in, cmd_out),
	ROW(DESTROY_TIR, destroy_tir_in, cmd_out),
	ROW(CREATE_TIS, create_tis_in, create_tis_out),
	ROW(MODIFY_TIS, modify_tis_in, cmd_out),
	ROW(DESTROY_TIS, destroy_tis_in, cmd_out),
	ROW(QUERY_TIS, query_tis_in, query_tis_out),
	ROW_LIST(CREATE_RQT, create_rqt_in, rq_num, create_rqt_out),
	ROW_LIST(MODIFY_RQT, modify_rqt_in, rq_num, cmd_out),
	ROW(DESTROY_RQT, destroy_rqt_in, cmd_out),
	GENERAL(CREATE, VIRTIO_NET_Q, create_virtq_in, general_obj_out_cmd_hdr),
	GENERAL(MODIFY, VIRTIO_NET_Q, create_virtq_in, general_obj_out_cmd_hdr),
	GENERAL(QUERY, VIRTIO_NET_Q, general_obj_in_cmd_hdr, query_virtq_out),
	GENERAL(DESTROY, VIRTIO_NET_Q, general_obj_in_cmd_hdr, general_obj_out_cmd_hdr),
	GENERAL(CREATE, VIRTIO_Q_COUNTERS, create_virtio_q_counters_in, general_obj_out_cmd_hdr),
	GENERAL(QUERY, VIRTIO_Q_COUNTERS, general_obj_in_cmd_hdr, query_virtio_q_counters_out),
	GENERAL(DESTROY, VIRTIO_Q_COUNTERS, general_obj_in_cmd_hdr, general_obj_out_cmd_hdr),
};

const struct prm_cmd_layout *
prm_cmd_layout_at(size_t i)
{
	return i < NB_OF(layouts) ? &layouts[i] : NULL;
}

const struct prm_cmd_layout *
prm_cmd_layout(uint16_t opcode, uint16_t op_mod)
{
	size_t i;

	for (i = 0; i < NB_OF(layouts); i++) {
		if (layouts[i].opcode == opcode &&
				(layouts[i].obj_type == 0 || layouts[i].obj_type == op_mod))
			return &layouts[i];
	}
	return NULL;
}

const struct prm_struct *
prm_cap_struct(uint16_t type)
{
	switch (type) {
	case PRM_CAP_GENERAL:
		return S(cmd_hca_cap);
	case PRM_CAP_ETHERNET:
		return S(per_protocol_networking_offload_caps);
	case PRM_CAP_NIC_FLOW_TABLE:
		return S(flow_table_nic_cap);
	case PRM_CAP_VIRTIO_EMULATION:
		return S(virtio_emulation_cap);
	case PRM_CAP_GENERAL_2:
		return S(cmd_hca_cap_2);
	default:
		return NULL;
	}
}

/* --- dumps ---------------------------------------------------------------------------------- */

#define PATH_MAX_LEN 128u

static bool
all_zero(const uint8_t *p, size_t len)
{
	while (len > 0 && p[len - 1] == 0)
		len--;
	return len == 0;
}

/* One field that is a number, or too long to be one. */
static void
dump_field(const struct prm_dump_attr *attr, const struct prm_field_info *f, const char *path)
{
	const uint8_t *data = attr->data;
	bool number = f->bits <= 64 && f->off / 64 == (f->off + f->bits - 1) / 64;
	uint64_t value = number ? prm_get(data, f->off, f->bits) : 0;
	const uint8_t *bytes = number ? NULL : data + f->off / 8;

	if (!attr->with_zeros && (number ? value == 0 : all_zero(bytes, f->bits / 8)))
		return;
	attr->fn(attr->arg, path, f->bits, value, bytes);
}

/* @p path holds @p len characters of prefix. Recursion ends with the depth of the layouts. */
static void
dump_struct(const struct prm_dump_attr *attr, char *path, size_t len)
{
	const struct prm_struct *s = attr->s;
	uint32_t i;

	for (i = 0; i < s->nb_fields; i++) {
		const struct prm_field_info *f = &s->fields[i];

		if (f->off + f->bits > attr->len * 8 ||
				(i > 0 && same_bits(f, f - 1) && f->type == NULL) ||
				(f->type == NULL && is_also_struct(s, f)))
			continue;
		snprintf(path + len, PATH_MAX_LEN - len, "%s%s", len > 0 ? "." : "", f->name);
		if (f->type != NULL) {
			struct prm_dump_attr inner = *attr;

			inner.s = f->type;
			inner.data = (const uint8_t *)attr->data + f->off / 8;
			inner.len = f->bits / 8;
			dump_struct(&inner, path, strlen(path));
		} else {
			dump_field(attr, f, path);
		}
	}
	path[len] = '\0';
}

void
prm_dump(const struct prm_dump_attr *attr)
{
	char path[PATH_MAX_LEN] = "";

	dump_struct(attr, path, 0);
}

/* A structure and the list of any length behind it. */
static void
dump_with_list(const struct prm_dump_attr *attr, const struct prm_struct *list)
{
	struct prm_dump_attr item = *attr;
	char path[PATH_MAX_LEN];
	size_t off = attr->s->size;
	unsigned int i;

	prm_dump(attr);
	if (list == NULL)
		return;
	item.s = list;
	item.len = list->size;
	for (i = 0; off + list->size <= attr->len; i++, off += list->size) {
		item.data = (const uint8_t *)attr->data + off;
		dump_struct(&item, path, (size_t)snprintf(path, sizeof(path), "list[%u]", i));
	}
}

bool
prm_dump_in(const struct prm_dump_attr *attr)
{
	const struct prm_cmd_layout *layout;
	struct prm_dump_attr in = *attr;

	if (attr->len < PRM_SIZE(cmd_in))
		return false;
	layout = prm_cmd_layout((uint16_t)PRM_GET(cmd_in, attr->data, opcode),
			(uint16_t)PRM_GET(cmd_in, attr->data, op_mod));
	if (layout == NULL)
		return false;
	in.s = layout->in;
	dump_with_list(&in, layout->in_list);
	return true;
}

bool
prm_dump_out(uint16_t opcode, uint16_t op_mod, const struct prm_dump_attr *attr)
{
	const struct prm_cmd_layout *layout = prm_cmd_layout(opcode, op_mod);
	struct prm_dump_attr out = *attr;
	const struct prm_struct *cap = NULL;
	char path[PATH_MAX_LEN];

	if (layout == NULL)
		return false;
	if (opcode == PRM_OP_QUERY_HCA_CAP)
		cap = prm_cap_struct(op_mod >> 1);
	out.s = cap == NULL ? layout->out : S(cmd_out);
	dump_with_list(&out, layout->out_list);
	if (cap != NULL && attr->len > PRM_OFF(query_hca_cap_out, capability) / 8) {
		out.s = cap;
		out.data = (const uint8_t *)attr->data + PRM_OFF(query_hca_cap_out, capability) / 8;
		out.len = attr->len - PRM_OFF(query_hca_cap_out, capability) / 8;
		dump_struct(&out, path, (size_t)snprintf(path, sizeof(path), "capability"));
	}
	return true;
}
