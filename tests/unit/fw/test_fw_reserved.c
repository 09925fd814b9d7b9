/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reserved bits and fields of features that the card has not: for each command of the layouts each
 * single bit is set in turn, and the verdict of the header's check compared with one made here from
 * the X-macros alone. Some bits of real commands, and what the log says about them.
 */
#include <stdlib.h>

#include "fw_reserved.h"
#include "fw_rig.h"
#include "prm_struct.h"

/* Is the bit covered by a field? By another way than lib/prm: recursion for one bit. */
static bool
is_known(const struct prm_struct *s, uint32_t bit)
{
	bool in_struct = false, covered = false;
	uint32_t i;

	for (i = 0; i < s->nb_fields; i++) {
		const struct prm_field_info *f = &s->fields[i];

		if (bit < f->off || bit >= f->off + f->bits)
			continue;
		if (f->type != NULL) {
			in_struct = true;
			if (is_known(f->type, bit - f->off))
				return true;
		} else if (strcmp(s->name, "modify_tir_in") != 0 ||
				strcmp(f->name, "modify_bitmask") != 0) {
			covered = true;
		}
	}
	return covered && !in_struct;
}

static enum fw_syndrome
check(struct rig *rig, const uint8_t *in, size_t len)
{
	struct fw_cmd cmd = { .uctx = rig->uctx, .in = in, .inlen = len };

	return fw_reserved_check(rig->card->reserved, &cmd);
}

static void
test_every_bit_of_every_command(void **state)
{
	const struct prm_cmd_layout *layout;
	struct rig *rig = *state;
	uint32_t bit, nb_reserved = 0, nb_fields = 0;
	size_t i;

	for (i = 0; (layout = prm_cmd_layout_at(i)) != NULL; i++) {
		uint8_t *in = calloc(1, layout->in->size);

		assert_non_null(in);
		PRM_SET(cmd_in, in, opcode, layout->opcode);
		PRM_SET(cmd_in, in, op_mod, layout->obj_type);
		assert_int_equal(FW_SYN_OK, check(rig, in, layout->in->size));
		for (bit = 64; bit < layout->in->size * 8; bit++) {
			enum fw_syndrome syn;

			prm_set(in, bit, 1, 1);
			syn = check(rig, in, layout->in->size);
			prm_set(in, bit, 1, 0);
			/* op_param is a union of create and query; all of both is refused. */
			if (layout->obj_type != 0 && bit >= 96 && bit < 128) {
				assert_int_not_equal(FW_SYN_OK, syn);
				continue;
			}
			if (is_known(layout->in, bit) ? syn == FW_SYN_RESERVED :
							syn != FW_SYN_RESERVED)
				fail_msg("%s bit %u: %s", layout->in->name, bit,
						fw_syndrome_text(syn));
			nb_reserved += syn == FW_SYN_RESERVED;
			nb_fields += syn == FW_SYN_FIELD_CAP;
		}
		free(in);
	}
	assert_true(nb_reserved > 10000 && nb_fields > 200);
}

static void
test_log_names_structure_and_bits(void **state)
{
	uint8_t in[PRM_SIZE(create_cq_in)], out[16];
	struct rig *rig = *state;

	rig_cq_in(rig, in);
	/* cqc dword 0, bit 12 from the left is reserved, 13 needs a capability. */
	prm_set(in, PRM_OFF(create_cq_in, cq_context) + 12, 1, 1);
	assert_int_equal(FW_SYN_RESERVED, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_non_null(strstr(rig->last, "CREATE_CQ refused: cqc dword 0, bits = 0x80000:"));

	rig_cq_in(rig, in);
	prm_set(in, PRM_OFF(create_cq_in, cq_context) + 13, 1, 1);
	assert_int_equal(FW_SYN_FIELD_CAP, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_non_null(strstr(rig->last,
			"cqc.scqe_break_moderation_en (scqe_break_moderation) = 0x1:"));

	/* The last dword counts, too. */
	rig_cq_in(rig, in);
	in[sizeof(in) - 1] = 1;
	assert_int_equal(FW_SYN_RESERVED, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_non_null(strstr(rig->last, "create_cq_in dword 67, bits = 0x1:"));
}

static void
test_lists(void **state)
{
	struct rig *rig = *state;
	uint8_t in[RIG_RQT_IN], out[16];

	rig_rqt_in(rig_virtq(rig, 0), in);
	in[sizeof(in) - 4] = 1; /* above the 24 bits of the last entry */
	assert_int_equal(FW_SYN_RESERVED, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_non_null(strstr(rig->last, "rq_num dword 0, bits = 0x1000000:"));
	in[sizeof(in) - 4] = 0;
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

static void
test_alias_objects(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtq_in)], out[16];

	rig_virtq_in(rig, in);
	PRM_SET(general_obj_create_param, PRM_PTR(general_obj_in_cmd_hdr, in, op_param_create),
			alias_object, 1);
	assert_int_equal(FW_SYN_FIELD_CAP, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_non_null(strstr(rig->last, "alias_object"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_bit_of_every_command, rig_setup,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_log_names_structure_and_bits, rig_setup_world,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_lists, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_alias_objects, rig_setup_world, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
