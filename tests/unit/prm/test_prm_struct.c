/* SPDX-License-Identifier: BSD-3-Clause */
/* The layouts at run time: names, commands, reserved bits, dumps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prm_cmd.h"
#include "prm_field.h"
#include "prm_struct.h"

static void
test_names(void **state)
{
	const struct prm_struct *s;
	size_t i, j;

	(void)state;
	for (i = 0; (s = prm_struct_at(i)) != NULL; i++) {
		assert_ptr_equal(prm_struct_find(s->name), s);
		assert_true(s->nb_fields > 0);
		for (j = 0; j < s->nb_fields; j++) {
			const struct prm_field_info *f = &s->fields[j];

			assert_ptr_equal(prm_struct_field(s, f->name), f);
			assert_true(f->bits > 0 && f->off + f->bits <= s->size * 8);
			assert_true(j == 0 || f[-1].off <= f->off);
			if (f->type != NULL)
				assert_int_equal(f->bits, f->type->size * 8);
		}
	}
	assert_true(i > 60);
	assert_null(prm_struct_find("no_such_struct"));
	assert_null(prm_struct_field(prm_struct_find("qpc"), "no_such_field"));
	assert_string_equal(
			prm_struct_field(prm_struct_find("create_cq_in"), "cq_context")->type->name,
			"cqc");
}

/* Every opcode and object kind that has a name has a layout; headers are where they must be. */
static void
test_commands(void **state)
{
	const struct prm_cmd_layout *layout;
	const struct prm_obj_kind *kind;
	size_t i;

	(void)state;
	for (i = 0; (layout = prm_cmd_layout_at(i)) != NULL; i++) {
		assert_ptr_equal(prm_cmd_layout(layout->opcode, layout->obj_type), layout);
		assert_string_not_equal(prm_opcode_name(layout->opcode), "opcode?");
		assert_true(layout->in->size >= 16);
		assert_true(layout->out->size >= 8);
	}
	for (i = 0; (kind = prm_obj_kind_at(i)) != NULL; i++) {
		const uint16_t ops[] = { kind->create_op, kind->modify_op, kind->query_op,
			kind->destroy_op };
		size_t j;

		for (j = 0; j < sizeof(ops) / sizeof(ops[0]); j++)
			assert_true(ops[j] == 0 || prm_cmd_layout(ops[j], kind->obj_type) != NULL);
		layout = prm_cmd_layout(kind->create_op, kind->obj_type);
		assert_true(kind->in_size <= layout->in->size);
		assert_int_equal(kind->out_size, layout->out->size);
	}
	assert_null(prm_cmd_layout(0xffff, 0));
	assert_null(prm_cmd_layout(PRM_OP_CREATE_GENERAL_OBJECT, 0x7fff));
	assert_null(prm_cap_struct(0x3f));
	assert_string_equal(prm_cap_struct(PRM_CAP_GENERAL)->name, "cmd_hca_cap");
	assert_string_equal(prm_cap_struct(PRM_CAP_VIRTIO_EMULATION)->name, "virtio_emulation_cap");
}

/* Bit by bit: known is what a field of the structure or of one inside covers. */
static void
test_known(void **state)
{
	const struct prm_struct *s = prm_struct_find("create_cq_in");
	const struct prm_struct *modify = prm_struct_find("modify_tir_in");
	uint8_t mask[512];

	(void)state;
	assert_non_null(s);
	prm_struct_known(s, mask);
	assert_int_equal(prm_get(mask, PRM_OFF(create_cq_in, uid), 16), 0xffff);
	assert_int_equal(prm_get(mask, 32, 16), 0);
	assert_int_equal(prm_get(mask, 64, 64), 0);
	/* cqc: 12 is between cc and scqe_break_moderation_en. */
	assert_int_equal(prm_get(mask, 128 + 11, 3), 5);
	assert_int_equal(prm_get(mask, PRM_OFF(create_cq_in, cq_umem_valid), 32), 0x80000000);
	assert_int_equal(prm_get(mask, s->size * 8 - 64, 64), 0);
	/* modify_bitmask is a number of 64 bits, but bitmask says which of them there are. */
	prm_struct_known(modify, mask);
	assert_int_equal(prm_get(mask, PRM_OFF(modify_tir_in, bitmask), 64), 0x15);
}

static void
test_around(void **state)
{
	const struct prm_struct *s = prm_struct_find("create_virtq_in");
	uint32_t first;

	(void)state;
	assert_string_equal(prm_struct_around(s, 40, &first)->name, "general_obj_in_cmd_hdr");
	assert_int_equal(first, 0);
	assert_string_equal(prm_struct_around(s, 128, &first)->name, "virtio_net_q");
	assert_int_equal(first, 128);
	assert_string_equal(prm_struct_around(s, 128 + 512 + 3, &first)->name, "virtio_q");
	assert_int_equal(first, 128 + 512);
}

struct said {
	char text[1024];
	unsigned int nb;
};

static void
say(void *arg, const char *path, uint32_t bits, uint64_t value, const uint8_t *bytes)
{
	struct said *said = arg;
	size_t len = strlen(said->text);

	said->nb++;
	if (bytes != NULL)
		snprintf(said->text + len, sizeof(said->text) - len, "%s:%u@%02x\n", path, bits,
				bytes[0]);
	else
		snprintf(said->text + len, sizeof(said->text) - len, "%s:%u=%llx\n", path, bits,
				(unsigned long long)value);
}

static void
test_dump(void **state)
{
	uint8_t in[PRM_SIZE(create_rqt_in) + 8] = { 0 }, tir[PRM_SIZE(create_tir_in)] = { 0 };
	struct said said = { "", 0 };
	struct prm_dump_attr attr = { .data = in, .len = sizeof(in), .fn = say, .arg = &said };

	(void)state;
	PRM_SET(create_rqt_in, in, opcode, PRM_OP_CREATE_RQT);
	PRM_SET(rqtc, PRM_PTR(create_rqt_in, in, rqt_context), rqt_max_size, 512);
	PRM_SET(rq_num, in + sizeof(in) - 4, rq_num, 0x1234);
	assert_true(prm_dump_in(&attr));
	assert_string_equal(said.text,
			"opcode:16=916\nrqt_context.rqt_max_size:16=200\nlist[1].rq_num:24=1234\n");
	said.text[0] = '\0';
	/* Cut off: what is not there is not said. */
	attr.len = 8;
	assert_true(prm_dump_in(&attr));
	assert_string_equal(said.text, "opcode:16=916\n");
	attr.len = 7;
	assert_false(prm_dump_in(&attr));

	said.text[0] = '\0';
	PRM_SET(create_tir_in, tir, opcode, PRM_OP_CREATE_TIR);
	((uint8_t *)PRM_PTR(tirc, PRM_PTR(create_tir_in, tir, ctx), rx_hash_toeplitz_key))[0] =
			0x6d;
	attr.data = tir;
	attr.len = sizeof(tir);
	assert_true(prm_dump_in(&attr));
	assert_string_equal(said.text, "opcode:16=900\nctx.rx_hash_toeplitz_key:320@6d\n");
}

static void
test_dump_capability(void **state)
{
	uint8_t *out = calloc(1, PRM_SIZE(query_hca_cap_out));
	struct said said = { "", 0 };
	struct prm_dump_attr attr = { .data = out,
		.len = PRM_SIZE(query_hca_cap_out),
		.fn = say,
		.arg = &said };

	(void)state;
	assert_non_null(out);
	PRM_SET(virtio_emulation_cap, PRM_PTR(query_hca_cap_out, out, capability),
			max_num_virtio_queues, 16);
	assert_true(prm_dump_out(PRM_OP_QUERY_HCA_CAP, PRM_CAP_VIRTIO_EMULATION << 1 | 1, &attr));
	assert_string_equal(said.text, "capability.max_num_virtio_queues:24=10\n");
	assert_false(prm_dump_out(0xffff, 0, &attr));
	free(out);
}

/* With zeros, every structure says each of its bits once or more, and nothing outside. */
static void
test_dump_all(void **state)
{
	const struct prm_struct *s;
	size_t i;

	(void)state;
	for (i = 0; (s = prm_struct_at(i)) != NULL; i++) {
		uint8_t *data = calloc(1, s->size);
		struct said said = { "", 0 };
		struct prm_dump_attr attr = { .s = s,
			.data = data,
			.len = s->size,
			.with_zeros = true,
			.fn = say,
			.arg = &said };

		assert_non_null(data);
		prm_dump(&attr);
		assert_true(said.nb > 0);
		said.nb = 0;
		attr.with_zeros = false;
		prm_dump(&attr);
		assert_int_equal(said.nb, 0);
		free(data);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_around),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_dump_capability),
		cmocka_unit_test(test_dump_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
