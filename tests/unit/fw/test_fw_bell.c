/* SPDX-License-Identifier: BSD-3-Clause */
/* Waiting for a moment or a bell; the gate's order. Upper bounds of time are no test's business. */
#include <pthread.h>

#include "base_clock.h"
#include "fw_bell.h"
#include "fw_gate.h"
#include "fw_rig.h"

#define MS 1000000ull

static void
test_never_too_early(void **state)
{
	static const uint64_t waits[] = { 0, 1, 1000, 20000, 60000, 200000, 2 * MS };
	struct fw_bell bell = { 0 };
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(waits); i++) {
		uint64_t end = base_clock_ns() + waits[i];

		assert_false(fw_bell_wait(&bell, fw_bell_read(&bell), end));
		assert_true(base_clock_ns() >= end);
	}
}

static void
test_rung_before(void **state)
{
	struct fw_bell bell = { 0 };
	uint32_t seen = fw_bell_read(&bell);

	fw_bell_ring(&bell);
	assert_true(fw_bell_wait(&bell, seen, base_clock_ns() + 3600 * BASE_NS_PER_S));
	assert_true(fw_bell_wait(&bell, seen, 0));
}

static void *
ring(void *arg)
{
	fw_bell_ring(arg);
	return NULL;
}

static void
test_rung_meanwhile(void **state)
{
	struct fw_bell bell = { 0 };
	uint32_t seen = fw_bell_read(&bell);
	pthread_t thread;

	assert_int_equal(0, pthread_create(&thread, NULL, ring, &bell));
	assert_true(fw_bell_wait(&bell, seen, base_clock_ns() + 3600 * BASE_NS_PER_S));
	pthread_join(thread, NULL);
}

static void
test_gate(void **state)
{
	struct fw_gate gate = { .next = UINT32_MAX - 1, .left = UINT32_MAX - 1 };
	uint32_t t[5], i;

	for (i = 0; i < 5; i++)
		t[i] = fw_gate_ticket(&gate);
	for (i = 0; i < 5; i++) {
		assert_true(fw_gate_open(&gate, t[i], 0));
		assert_int_equal(i < 2, fw_gate_open(&gate, t[i], 2));
	}
	fw_gate_leave(&gate); /* either of the two */
	assert_true(fw_gate_open(&gate, t[2], 2));
	assert_false(fw_gate_open(&gate, t[3], 2));
	assert_true(fw_gate_open(&gate, t[3], 3));
	for (i = 0; i < 4; i++)
		fw_gate_leave(&gate);
	for (i = 0; i < 5; i++)
		assert_true(fw_gate_open(&gate, t[i], 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_too_early),
		cmocka_unit_test(test_rung_before),
		cmocka_unit_test(test_rung_meanwhile),
		cmocka_unit_test(test_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
