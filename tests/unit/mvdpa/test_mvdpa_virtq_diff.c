/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a sample queue is changed in one field at a time; the bit that stands for
 * the field is written out here once more, as are the capability that it needs and the states in
 * which it may change. All combinations of field, state and capabilities are asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mvdpa_virtq_diff.h"

static const struct devx_virtq_attr sample = {
	.index = 3,
	.size = 256,
	.event_mode = PRM_VIRTQ_EVENT_QP,
	.event_qpn = 4,
	.desc = 0x1000,
	.avail = 0x2000,
	.used = 0x3000,
	.mkey = 0x100,
	.pd = 5,
	.tisn = 6,
	.counters = 7,
	.features = PRM_VIRTQ_F_HOST_TSO4 | PRM_VIRTQ_F_CSUM,
	.version_1_0 = true,
	.hw_available = 50,
	.hw_used = 20,
	.umem = { { 11, 111 }, { 22, 222 }, { 33, 333 } },
};

enum {
	NO_CAPS = 0,
	EXT = 1,
	ADDR = 2,
	INDEX = 4,
	RESUME = 8,
	NB_CAPS = 16, /* combinations */
};

/* One byte of the field is changed. */
#define FIELD(f, bit, caps)                                                \
	{                                                                  \
#f, offsetof(struct devx_virtq_attr, f), (bit), (caps), 1, \
	}

static const struct field {
	const char *name;
	size_t off;
	uint64_t bit;
	unsigned int caps; /* that MODIFY needs */
	uint8_t flip;
} fields[] = {
	FIELD(index, MVDPA_VIRTQ_DIFF_FIXED, 0),
	FIELD(size, MVDPA_VIRTQ_DIFF_FIXED, 0),
	FIELD(type, PRM_VIRTQ_MOD_Q_TYPE, EXT),
	FIELD(event_mode, PRM_VIRTQ_MOD_EVENT_MODE, EXT),
	FIELD(event_qpn, PRM_VIRTQ_MOD_EVENT_MODE, EXT),
	FIELD(period_mode, PRM_VIRTQ_MOD_QUEUE_PERIOD, EXT),
	FIELD(period_us, PRM_VIRTQ_MOD_QUEUE_PERIOD, EXT),
	FIELD(max_count, PRM_VIRTQ_MOD_QUEUE_PERIOD, EXT),
	FIELD(desc, PRM_VIRTQ_MOD_ADDR, ADDR),
	FIELD(avail, PRM_VIRTQ_MOD_ADDR, ADDR),
	FIELD(used, PRM_VIRTQ_MOD_ADDR, ADDR),
	FIELD(mkey, PRM_VIRTQ_MOD_Q_MKEY, EXT),
	FIELD(pd, MVDPA_VIRTQ_DIFF_FIXED, 0),
	FIELD(tisn, MVDPA_VIRTQ_DIFF_FIXED, 0),
	FIELD(counters, MVDPA_VIRTQ_DIFF_FIXED, 0),
	FIELD(features, PRM_VIRTQ_MOD_FEATURES, EXT),
	FIELD(version_1_0, MVDPA_VIRTQ_DIFF_FIXED, 0),
	FIELD(hw_available, PRM_VIRTQ_MOD_HW_AVAILABLE_INDEX, INDEX),
	FIELD(hw_used, PRM_VIRTQ_MOD_HW_USED_INDEX, INDEX),
	FIELD(umem[0].id, MVDPA_VIRTQ_DIFF_FIXED, 0),
	FIELD(umem[2].size, MVDPA_VIRTQ_DIFF_FIXED, 0),
	FIELD(log.mkey, PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS, 0),
	FIELD(log.addr, PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS, 0),
	FIELD(log.size, PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS, 0),
	FIELD(log.enabled, PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE, 0),
};
#define NB_FIELDS (sizeof(fields) / sizeof(fields[0]))

static struct devx_virtq_attr
changed(const struct field *field)
{
	struct devx_virtq_attr attr = sample;

	((uint8_t *)&attr)[field->off] ^= field->flip;
	return attr;
}

static struct devx_cap
caps_of(unsigned int caps)
{
	return (struct devx_cap){
		.modify_ext = (caps & EXT) != 0,
		.addr_modify = (caps & ADDR) != 0,
		.index_modify = (caps & INDEX) != 0,
		.freeze_to_rdy = (caps & RESUME) != 0,
	};
}

static void
test_each_field_has_its_bit(void **state)
{
	size_t i;

	assert_int_equal(mvdpa_virtq_diff(&sample, &sample), 0);
	for (i = 0; i < NB_FIELDS; i++) {
		struct devx_virtq_attr want = changed(&fields[i]);

		if (mvdpa_virtq_diff(&sample, &want) != fields[i].bit)
			fail_msg("%s: 0x%llx", fields[i].name,
					(unsigned long long)mvdpa_virtq_diff(&sample, &want));
	}
}

static void
test_state_and_error_do_not_count(void **state)
{
	struct devx_virtq_attr want = sample;

	want.state = PRM_VIRTQ_RDY;
	want.error_type = 3;
	assert_int_equal(mvdpa_virtq_diff(&sample, &want), 0);
}

static void
test_all_that_differs(void **state)
{
	struct devx_virtq_attr want = sample;

	want.mkey++;
	want.used++;
	want.hw_used++;
	assert_int_equal(mvdpa_virtq_diff(&sample, &want),
			PRM_VIRTQ_MOD_Q_MKEY | PRM_VIRTQ_MOD_ADDR | PRM_VIRTQ_MOD_HW_USED_INDEX);
}

/* Features that Linux or DPDK make the queue anew for. */
static void
test_features_not_to_be_trusted(void **state)
{
	static const uint16_t fixed = PRM_VIRTQ_F_CSUM | PRM_VIRTQ_F_GUEST_CSUM |
			PRM_VIRTQ_F_MRG_RXBUF;
	struct devx_virtq_attr want;
	unsigned int i;

	for (i = 0; i < 13; i++) {
		want = sample;
		want.features ^= (uint16_t)(1u << i);
		assert_int_equal(mvdpa_virtq_diff(&sample, &want),
				PRM_VIRTQ_MOD_FEATURES |
						((fixed >> i & 1) != 0 ? MVDPA_VIRTQ_DIFF_FIXED :
									 0));
	}
}

static bool
may_change(const struct field *field, enum prm_virtq_state state, unsigned int caps)
{
	bool log = (field->bit &
				   (PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS |
						   PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE)) != 0;

	if (field->bit == MVDPA_VIRTQ_DIFF_FIXED || state == PRM_VIRTQ_ERR ||
			(field->caps & ~caps) != 0)
		return false;
	return state != PRM_VIRTQ_RDY || log;
}

static void
test_when_a_field_may_change(void **test_state)
{
	unsigned int state, caps, i;
	struct devx_cap cap;

	for (state = PRM_VIRTQ_INIT; state <= PRM_VIRTQ_ERR; state++)
		for (caps = 0; caps < NB_CAPS; caps++)
			for (i = 0; i < NB_FIELDS; i++) {
				cap = caps_of(caps);
				assert_int_equal((mvdpa_virtq_modifiable(state, &cap) &
								 fields[i].bit) != 0,
						may_change(&fields[i], state, caps));
			}
}

static void
check_fits(const struct field *field, enum prm_virtq_state state, unsigned int caps)
{
	struct devx_virtq_attr hw = sample, want = changed(field);
	bool arc = state == PRM_VIRTQ_INIT || (state == PRM_VIRTQ_SUSPEND && (caps & RESUME) != 0);
	struct devx_cap cap = caps_of(caps);
	uint64_t select = 0;

	hw.state = state;
	assert_int_equal(mvdpa_virtq_fits(&hw, &sample, &cap, &select), arc);
	assert_int_equal(select, arc ? PRM_VIRTQ_MOD_STATE : 0);
	select = 0;
	arc = arc && may_change(field, state, caps);
	assert_int_equal(mvdpa_virtq_fits(&hw, &want, &cap, &select), arc);
	assert_int_equal(select, arc ? PRM_VIRTQ_MOD_STATE | field->bit : 0);
}

static void
test_fits(void **test_state)
{
	unsigned int state, caps, i;

	for (state = PRM_VIRTQ_INIT; state <= PRM_VIRTQ_ERR; state++)
		for (caps = 0; caps < NB_CAPS; caps++)
			for (i = 0; i < NB_FIELDS; i++)
				check_fits(&fields[i], state, caps);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_field_has_its_bit),
		cmocka_unit_test(test_state_and_error_do_not_count),
		cmocka_unit_test(test_all_that_differs),
		cmocka_unit_test(test_features_not_to_be_trusted),
		cmocka_unit_test(test_when_a_field_may_change),
		cmocka_unit_test(test_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
