/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The layouts of prm_layout.h at run time: structures and fields by name, which structures a
 * command consists of, the reserved bits of each, and a dump by field names. Pure functions.
 */
#ifndef PRM_STRUCT_H
#define PRM_STRUCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prm_struct;

struct prm_field_info {
	const char *name;
	uint32_t off; /**< bits from the structure's first */
	uint32_t bits;
	const struct prm_struct *type; /**< of a field that is a structure, else NULL */
};

struct prm_struct {
	const char *name;
	uint32_t size; /**< bytes */
	uint32_t nb_fields;
	const struct prm_field_info *fields; /**< by offset; unions give several per bit */
};

/** The structure @p name ("qpc"), or NULL. */
const struct prm_struct *prm_struct_find(const char *name);
/** Structure @p i of all, NULL past the end. */
const struct prm_struct *prm_struct_at(size_t i);
/** The field @p name of @p s, or NULL; fields of structures inside are not looked at. */
const struct prm_field_info *prm_struct_field(const struct prm_struct *s, const char *name);

/**
 * Writes to @p mask (@p s->size bytes) which bits belong to a field, those of inner structures
 * included; the others are reserved.
 */
void prm_struct_known(const struct prm_struct *s, uint8_t *mask);
/** The innermost structure around bit @p off of @p s; @p first: its first bit in @p s. */
const struct prm_struct *
prm_struct_around(const struct prm_struct *s, uint32_t off, uint32_t *first);

/** What a command is made of. */
struct prm_cmd_layout {
	uint16_t opcode;
	uint16_t obj_type; /**< of the general-object commands, else 0 */
	const struct prm_struct *in, *out;
	/** What a list of any length behind the input or output consists of; NULL: none. */
	const struct prm_struct *in_list, *out_list;
};

/**
 * The row of a command, NULL if this project does not know it.
 * @param op_mod the header's field; chooses among general objects, else not looked at.
 */
const struct prm_cmd_layout *prm_cmd_layout(uint16_t opcode, uint16_t op_mod);
/** Row @p i of the table of commands, NULL past the end. */
const struct prm_cmd_layout *prm_cmd_layout_at(size_t i);
/** The structure that QUERY_HCA_CAP returns for a type (enum prm_cap_type), or NULL. */
const struct prm_struct *prm_cap_struct(uint16_t type);

/**
 * One field of a dump. @p path: "virtq.virtio_q_context.queue_size", valid during the call;
 * @p value: the number, when @p bits <= 64; else @p bytes points at bits / 8 bytes.
 */
typedef void
prm_dump_fn(void *arg, const char *path, uint32_t bits, uint64_t value, const uint8_t *bytes);

/**
 * Calls @p fn for each field of @p s in @p len bytes at @p data, in order of offset, with those of
 * inner structures in their place. Fields beyond @p len are left out, so are zeros unless
 * @p with_zeros, and so is all but the first of fields that share all their bits.
 */
struct prm_dump_attr {
	const struct prm_struct *s;
	const void *data;
	size_t len;
	bool with_zeros;
	prm_dump_fn *fn;
	void *arg;
};
void prm_dump(const struct prm_dump_attr *attr);

/**
 * As prm_dump() for a whole command: input, or output (with what QUERY_HCA_CAP returned), and the
 * list behind it ("list[3].mkey"). @p attr->s is not looked at.
 * @return false: no such command, nothing was called.
 */
bool prm_dump_in(const struct prm_dump_attr *attr);
/** @p opcode, @p op_mod: those of the input. */
bool prm_dump_out(uint16_t opcode, uint16_t op_mod, const struct prm_dump_attr *attr);

#endif /* PRM_STRUCT_H */
