/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every field of lib/prm against golden bytes that devtools/prm-golden made from the published
 * layouts of DPDK and Linux: the value lands in the right bits, reads back, and no other bit of
 * the structure changes. A field without a golden row fails. Fields that are too long to be a number have their place
 * compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base_math.h"
#include "prm_cmd.h"
#include "prm_field.h"

struct field {
	const char *s, *f;
	uint32_t size, off, bits;
	unsigned int nb_rows; /* golden rows that checked it */
};

#define FIELD_(s, f, off, bits) { #s, #f, PRM_SIZE(s), off, bits, 0 },
#define NESTED_(s, f, off, bits, type) FIELD_(s, f, off, bits)
#define STRUCT_(s, total) PRM_FIELDS_##s(FIELD_, NESTED_)
static struct field fields[] = { PRM_STRUCTS(STRUCT_) };

static struct field *
field_find(const char *s, const char *f)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].s, s) == 0 && strcmp(fields[i].f, f) == 0)
			return &fields[i];
	}
	return NULL;
}

struct row {
	char s[64], f[64], hex[64];
	unsigned long long value;
	unsigned int layout, first;
};

/* The structure that the row describes, from its bytes alone. */
static uint8_t *
row_image(const struct row *row, const struct field *field)
{
	uint8_t *image = calloc(1, field->size);
	size_t i, len = strlen(row->hex) / 2;

	assert_non_null(image);
	assert_true(row->first + len <= field->size);
	for (i = 0; i < len; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(row->hex + 2 * i, "%2x", &byte), 1);
		image[row->first + i] = (uint8_t)byte;
	}
	return image;
}

static void
row_check(const struct row *row)
{
	struct field *field = field_find(row->s, row->f);
	uint8_t *image, *buf;
	size_t i;

	if (field == NULL)
		fail_msg("golden row %s.%s is not in lib/prm", row->s, row->f);
	image = row_image(row, field);
	buf = calloc(1, field->size);
	assert_non_null(buf);
	prm_set(buf, field->off, field->bits, row->value);
	if (memcmp(buf, image, field->size) != 0)
		fail_msg("layout %u: %s.%s = 0x%llx lands in the wrong bits", row->layout, row->s,
				row->f, row->value);
	assert_true(prm_get(image, field->off, field->bits) == row->value);
	/* Into a structure full of ones: clearing must take the field's bits and no other. */
	memset(buf, 0xff, field->size);
	prm_set(buf, field->off, field->bits, 0);
	prm_set(image, field->off, field->bits,
			field->bits == 64 ? UINT64_MAX : (1ULL << field->bits) - 1);
	for (i = 0; i < field->size; i++)
		assert_int_equal(buf[i], (uint8_t)~image[i]);
	field->nb_rows++;
	free(buf);
	free(image);
}

/* A row of a field that is used by its place; false: it is of the other kind. */
static bool
place_check(const char *line)
{
	unsigned int layout, off, bits;
	char s[64], f[64];
	struct field *field;

	if (sscanf(line, "%u,%63[^,],%63[^,],place,%u,%u", &layout, s, f, &off, &bits) != 5)
		return false;
	field = field_find(s, f);
	if (field == NULL)
		fail_msg("golden row %s.%s is not in lib/prm", s, f);
	if (field->off != off || field->bits != bits)
		fail_msg("layout %u: %s.%s is %u bits at %u", layout, s, f, bits, off);
	assert_int_equal(off % 8, 0);
	field->nb_rows++;
	return true;
}

static void
test_golden(void **state)
{
	FILE *file = fopen(PRM_GOLDEN, "r");
	char line[256];
	struct row row;
	size_t i;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (line[0] == '#')
			continue;
		if (place_check(line))
			continue;
		if (sscanf(line, "%u,%63[^,],%63[^,],%llx,%u,%63s", &row.layout, row.s, row.f,
				    &row.value, &row.first, row.hex) != 6)
			fail_msg("bad golden row: %s", line);
		row_check(&row);
	}
	fclose(file);
	for (i = 0; i < BASE_ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];

		if (f->nb_rows == 0)
			fail_msg("%s.%s has no golden row", f->s, f->f);
	}
}

static void
test_neighbours(void **state)
{
	uint8_t buf[PRM_SIZE(virtio_q)] = { 0 };

	(void)state;
	PRM_SET(virtio_q, buf, virtio_q_type, 1);
	PRM_SET(virtio_q, buf, event_mode, 5);
	PRM_SET(virtio_q, buf, queue_index, 0xabcd);
	PRM_SET(virtio_q, buf, event_mode, 2);
	assert_int_equal(PRM_GET(virtio_q, buf, virtio_q_type), 1);
	assert_int_equal(PRM_GET(virtio_q, buf, event_mode), 2);
	assert_int_equal(PRM_GET(virtio_q, buf, queue_index), 0xabcd);
	PRM_SET(virtio_q, buf, desc_addr, UINT64_MAX);
	assert_true(PRM_GET(virtio_q, buf, desc_addr) == UINT64_MAX);
	assert_int_equal(PRM_GET(virtio_q, buf, used_addr), 0);
	assert_ptr_equal(PRM_PTR(create_virtq_in, buf, virtq), buf + 16);
}

static void
test_kinds(void **state)
{
	const struct prm_obj_kind *kind;
	size_t i;

	(void)state;
	for (i = 0; (kind = prm_obj_kind_at(i)) != NULL; i++) {
		assert_ptr_equal(prm_obj_kind(kind->create_op, kind->obj_type), kind);
		assert_true(kind->destroy_op != 0 && kind->in_size >= 16 && kind->out_size >= 16);
		assert_string_not_equal(prm_opcode_name(kind->create_op), "opcode?");
		assert_string_not_equal(prm_opcode_name(kind->destroy_op), "opcode?");
	}
	assert_null(prm_obj_kind(PRM_OP_QUERY_HCA_CAP, 0));
	assert_null(prm_obj_kind(PRM_OP_CREATE_GENERAL_OBJECT, 0x7fff));
	assert_string_equal(prm_opcode_name(0xffff), "opcode?");
	assert_string_equal(prm_status_name(PRM_STATUS_RES_BUSY), "RES_BUSY");
	assert_string_equal(prm_virtq_state_name(7), "state?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
