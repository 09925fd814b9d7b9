/* SPDX-License-Identifier: BSD-3-Clause */
/* The card's life: what it can be made of, what its functions are. */
#include <errno.h>

#include "fw_rig.h"
#include "wire.h"

static void
test_bad_attributes(void **state)
{
	struct rig *rig = *state;
	const struct fw_card_attr good = { .nb_funcs = 2,
		.caps = &rig->caps,
		.wire = rig->wire,
		.log = &rig->log };
	struct fw_card_attr attr;
	struct fw_caps caps = rig->caps;
	struct fw_func_attr funcs[2] = { { .mtu = 0 }, { .mtu = FW_MIN_MTU - 1 } };
	struct fw_card *card = NULL;

	attr = good;
	attr.nb_funcs = 0;
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	attr.nb_funcs = FW_MAX_FUNCS + 1;
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	attr.nb_funcs = 3; /* of 2 ports */
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	assert_non_null(strstr(rig->last, "wire"));
	attr = good;
	attr.caps = &caps;
	caps.max_virtqs = 0;
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	caps.max_virtqs = 65537;
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	caps = rig->caps;
	caps.num_lag_ports = 16; /* the field has 4 bits */
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	caps = rig->caps;
	caps.log_max_rqt_size = 16; /* rqt_max_size has 16 bits */
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	caps = rig->caps;
	caps.device_features = 1u << 13;
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	attr = good;
	attr.funcs = funcs;
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	assert_non_null(strstr(rig->last, "MTU"));
	funcs[1].mtu = FW_MAX_MTU + 1;
	assert_int_equal(-EINVAL, fw_card_create(&attr, &card));
	fake_next_error = -EAGAIN;
	assert_int_equal(-EAGAIN, fw_card_create(&good, &card));
	assert_null(card);
	fw_card_destroy(NULL);
}

static void
test_mtu_reaches_the_engine(void **state)
{
	struct rig *rig = *state;
	const struct fw_func_attr funcs[2] = { { .mtu = 0 }, { .mtu = 1500 } };
	const struct fw_card_attr attr = { .nb_funcs = 2,
		.caps = &rig->caps,
		.funcs = funcs,
		.wire = rig->wire,
		.log = &rig->log };
	struct fw_card *card;

	assert_int_equal(0, fw_card_create(&attr, &card));
	assert_int_equal(FW_MAX_MTU, vnet_port_mtu_locked(fw_card_func(card, 0)->port));
	assert_int_equal(1500, vnet_port_mtu_locked(fw_card_func(card, 1)->port));
	fw_card_destroy(card);
}

static void
test_functions(void **state)
{
	struct rig *rig = *state;
	struct fw_func *a = fw_card_func(rig->card, 0), *b = fw_card_func(rig->card, 1);

	assert_non_null(a);
	assert_non_null(b);
	assert_null(fw_card_func(rig->card, 2));
	assert_memory_not_equal(fw_func_mac(a), fw_func_mac(b), 6);
	assert_int_equal(fw_func_mac(a)[0] & 3, 2); /* unicast, locally administered */
}

static void
test_commands_are_counted_per_function(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(0, fw_func_nb_cmds(rig->uctx->func));
	rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD);
	rig_destroy(rig->other, FW_CLASS_PD, 4711); /* refused ones count too */
	assert_int_equal(2, fw_func_nb_cmds(rig->uctx->func));
	assert_int_equal(0, fw_func_nb_cmds(rig->far->func));
}

/* The process's exit may find the lock taken by the thread that it interrupted. */
static void
test_halt_is_passed_on(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(0, fw_card_halt(rig->card));
	vnet_lock(rig->card->vnet);
	assert_int_equal(-ETIMEDOUT, fw_card_halt(rig->card));
	vnet_unlock(rig->card->vnet);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bad_attributes, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_mtu_reaches_the_engine, rig_setup,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_functions, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_commands_are_counted_per_function, rig_setup,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_halt_is_passed_on, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
