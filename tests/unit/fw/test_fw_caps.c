/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of capabilities: names, ranges, defaults, what QUERY_HCA_CAP makes of each row, and the
 * guide's table of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fw_rig.h"

/* All fields of the two pages by name, as the table writes them. */
struct page_field {
	const char *name;
	uint16_t type;
	uint32_t off, bits;
};
#define HCA_FIELD(s, f, off, bits) { #s "." #f, PRM_CAP_GENERAL, off, bits },
#define VIRTIO_FIELD(s, f, off, bits) { #s "." #f, PRM_CAP_VIRTIO_EMULATION, off, bits },
static const struct page_field page_fields[] = { PRM_FIELDS_cmd_hca_cap(HCA_FIELD, HCA_FIELD)
			PRM_FIELDS_virtio_emulation_cap(VIRTIO_FIELD, VIRTIO_FIELD) };

static void
test_rows_make_sense(void **state)
{
	const struct fw_cap_row *row;
	size_t i;

	(void)state;
	for (i = 0; (row = fw_caps_row(i)) != NULL; i++) {
		assert_ptr_equal(row, fw_caps_find(row->name)); /* no name twice */
		assert_true(row->min <= row->max);
		assert_true(row->def >= row->min && row->def <= row->max);
		assert_true(row->off + row->size <= sizeof(struct fw_caps));
		assert_true(row->bit == FW_CAP_WHOLE || row->bit < 8 * row->size);
		assert_int_not_equal(0, strlen(row->doc));
	}
	assert_null(fw_caps_row(i + 1));
	assert_null(fw_caps_find("no_such_capability"));
}

static void
test_set_and_get(void **state)
{
	const struct fw_cap_row *row;
	struct fw_caps caps, other;
	uint64_t value;
	size_t i;

	(void)state;
	fw_caps_init(&caps);
	for (i = 0; (row = fw_caps_row(i)) != NULL; i++) {
		assert_int_equal(0, fw_caps_get(&caps, row->name, &value));
		assert_int_equal(value, row->def);
		assert_int_equal(0, fw_caps_set(&caps, row->name, row->max));
		assert_int_equal(0, fw_caps_get(&caps, row->name, &value));
		assert_int_equal(value, row->max);
		other = caps;
		if (row->max != UINT64_MAX)
			assert_int_equal(-ERANGE, fw_caps_set(&caps, row->name, row->max + 1));
		if (row->min != 0)
			assert_int_equal(-ERANGE, fw_caps_set(&caps, row->name, row->min - 1));
		assert_memory_equal(&other, &caps, sizeof(caps));
		/* Nothing else moves. */
		assert_int_equal(0, fw_caps_set(&caps, row->name, row->def));
		fw_caps_init(&other);
		assert_memory_equal(&other, &caps, sizeof(caps));
	}
	assert_int_equal(-ENOENT, fw_caps_set(&caps, "", 0));
	assert_int_equal(-ENOENT, fw_caps_get(&caps, "cs", &value));
}

static void
test_check(void **state)
{
	static const struct {
		const char *name;
		uint64_t value;
		const char *says;
	} rows[] = {
		{ "csum", 0, "needs csum" },
		{ "guest_csum", 0, "needs guest_csum" },
		{ "doorbell_bar_offset", 2, "multiple of 4" },
	};
	struct fw_caps caps;
	size_t i;

	(void)state;
	fw_caps_init(&caps);
	assert_null(fw_caps_check(&caps));
	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		fw_caps_init(&caps);
		assert_int_equal(0, fw_caps_set(&caps, "host_tso4", 1));
		assert_int_equal(0, fw_caps_set(&caps, "guest_tso6", 1));
		assert_null(fw_caps_check(&caps));
		assert_int_equal(0, fw_caps_set(&caps, rows[i].name, rows[i].value));
		assert_non_null(fw_caps_check(&caps));
		assert_non_null(strstr(fw_caps_check(&caps), rows[i].says));
	}
	fw_caps_init(&caps);
	caps.device_features = PRM_VIRTQ_F_CSUM | PRM_VIRTQ_F_HOST_ECN;
	assert_non_null(strstr(fw_caps_check(&caps), "host_ecn"));
	caps.device_features = PRM_VIRTQ_F_GUEST_CSUM | PRM_VIRTQ_F_GUEST_ECN;
	assert_non_null(strstr(fw_caps_check(&caps), "guest_ecn"));
	caps.device_features = 1u << 3; /* which the PRM has no name for */
	assert_non_null(strstr(fw_caps_check(&caps), "bitmap"));
	fw_caps_init(&caps);
	caps.event_modes |= 0x80;
	assert_non_null(strstr(fw_caps_check(&caps), "bitmap"));
	fw_caps_init(&caps);
	caps.num_lag_ports = 16;
	assert_string_equal("num_lag_ports", fw_caps_check(&caps));
}

static uint64_t
announced(struct rig *rig, const char *prm)
{
	static uint8_t out[PRM_SIZE(query_hca_cap_out)];
	const char *bracket = strchr(prm, '[');
	size_t len = bracket != NULL ? (size_t)(bracket - prm) : strlen(prm), i;
	uint8_t in[PRM_SIZE(query_hca_cap_in)] = { 0 };
	const struct page_field *field = NULL;
	uint64_t value;

	for (i = 0; i < BASE_ARRAY_SIZE(page_fields); i++) {
		if (strlen(page_fields[i].name) == len &&
				strncmp(page_fields[i].name, prm, len) == 0)
			field = &page_fields[i];
	}
	if (field == NULL)
		fail_msg("the PRM has no field %s", prm);
	PRM_SET(query_hca_cap_in, in, opcode, PRM_OP_QUERY_HCA_CAP);
	PRM_SET(query_hca_cap_in, in, op_mod, (uint32_t)field->type << 1 | PRM_CAP_CURRENT);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	value = prm_get(PRM_PTR(query_hca_cap_out, out, capability), field->off, field->bits);
	return bracket != NULL ? value >> strtoul(bracket + 1, NULL, 10) & 1 : value;
}

/* Each row at both ends of its range shows up where the table says, and nothing else changes it. */
static void
test_rows_are_announced(void **state)
{
	struct rig *rig = *state;
	const struct fw_cap_row *row;
	unsigned int end;
	size_t i;

	for (i = 0; (row = fw_caps_row(i)) != NULL; i++) {
		for (end = 0; end < 2 && strcmp(row->prm, "-") != 0; end++) {
			uint64_t value = end == 0 ? row->min : row->max & ~3ull;

			if (row->max < 4 && end == 1)
				value = row->max;
			fw_caps_init(&rig->caps);
			/* What others build on stays possible. */
			rig->caps.device_features = 0;
			assert_int_equal(0, fw_caps_set(&rig->caps, "csum", 1));
			assert_int_equal(0, fw_caps_set(&rig->caps, "guest_csum", 1));
			assert_int_equal(0, fw_caps_set(&rig->caps, "host_tso4", end));
			assert_int_equal(0, fw_caps_set(&rig->caps, "guest_tso4", end));
			if (strstr(row->name, "csum") != NULL)
				rig->caps.device_features = 0;
			assert_int_equal(0, fw_caps_set(&rig->caps, row->name, value));
			rig_restart(rig);
			assert_int_equal(announced(rig, row->prm), value);
		}
	}
}

static void
test_card_refuses_bad_capabilities(void **state)
{
	struct rig *rig = *state;
	struct fw_caps caps = rig->caps;
	const struct fw_card_attr attr = { .nb_funcs = 1,
		.caps = &caps,
		.wire = rig->wire,
		.log = &rig->log };
	struct fw_card *card;

	caps.device_features = PRM_VIRTQ_F_HOST_TSO4;
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	assert_non_null(strstr(rig->last, "host_tso4 needs csum"));
}

/* The guide's line for a row. */
static void
guide_line(const struct fw_cap_row *row, char *line, size_t size)
{
	char range[48] = "0, 1";

	if (row->max > 0xffffffff)
		snprintf(range, sizeof(range), "%llu to 2^64 - 4", (unsigned long long)row->min);
	else if (row->max > 1)
		snprintf(range, sizeof(range), "%llu to %llu", (unsigned long long)row->min,
				(unsigned long long)row->max);
	snprintf(line, size, "| `%s` | %s | %llu | %s | %s |\n", row->name, range,
			(unsigned long long)row->def, row->prm, row->doc);
}

/* Each row is a line of the guide's table, in this order; who changes a row is shown its line. */
static void
test_guide_has_the_table(void **state)
{
	const struct fw_cap_row *row;
	char line[512], expect[512];
	size_t i = 0;
	FILE *guide = fopen(GUIDE, "r");

	(void)state;
	assert_non_null(guide);
	while (fgets(line, sizeof(line), guide) != NULL &&
			strncmp(line, "| capability | range |", 22) != 0)
		;
	assert_non_null(fgets(line, sizeof(line), guide)); /* |---| */
	for (i = 0; (row = fw_caps_row(i)) != NULL; i++) {
		guide_line(row, expect, sizeof(expect));
		if (fgets(line, sizeof(line), guide) == NULL || strcmp(line, expect) != 0)
			fail_msg("%s should have the line\n%s", GUIDE, expect);
	}
	assert_non_null(fgets(line, sizeof(line), guide));
	assert_string_equal(line, "\n");
	fclose(guide);
}

int
main(void)
{
#define RIG(t) cmocka_unit_test_setup_teardown(t, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_make_sense),
		cmocka_unit_test(test_set_and_get),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_guide_has_the_table),
		RIG(test_rows_are_announced),
		RIG(test_card_refuses_bad_capabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
