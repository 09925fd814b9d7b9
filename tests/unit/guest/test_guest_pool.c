/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base_math.h"
#include "guest_pool.h"

#define NB 10

static void
test_buffers_lie_in_their_region(void **state)
{
	struct guest_slot *slots[NB];
	struct guest_pool_stats stats;
	struct guest_pool *pool;
	struct guest_mem *mem;

	assert_int_equal(guest_mem_create(NULL, &mem), 0);
	assert_int_equal(guest_pool_create(mem, GUEST_MEM_HIGH, NB, &pool), -ENOENT);
	assert_int_equal(guest_mem_add_ram(mem, 1 << 20), 0);
	assert_int_equal(guest_mem_add(mem, GUEST_MEM_HIGH, 1 << 20), 0);
	assert_int_equal(guest_pool_create(mem, GUEST_MEM_HIGH, 1000, &pool), -ENOMEM);
	assert_int_equal(guest_pool_create(mem, GUEST_MEM_HIGH, NB, &pool), 0);
	for (unsigned int i = 0; i < NB; i++) {
		slots[i] = guest_pool_get(pool);
		assert_non_null(slots[i]);
		assert_true(base_range_inside(slots[i]->gpa, GUEST_POOL_SLOT_SIZE, GUEST_MEM_HIGH,
				1 << 20));
		assert_ptr_equal(slots[i]->hva,
				guest_mem_hva(mem, slots[i]->gpa, GUEST_POOL_SLOT_SIZE));
		for (unsigned int k = 0; k < i; k++)
			assert_int_not_equal(slots[i]->gpa, slots[k]->gpa);
	}
	assert_null(guest_pool_get(pool));
	guest_pool_note_received(slots[0]);
	guest_pool_note_sent(slots[1]);
	guest_pool_stats(pool, &stats);
	assert_int_equal(stats.nb_out, NB);
	assert_int_equal(stats.nb_slots, NB);
	assert_int_equal(stats.received, 1);
	assert_int_equal(stats.sent, 1);
	assert_int_equal(guest_mem_remove(mem, GUEST_MEM_HIGH), -EBUSY);
	for (unsigned int i = 0; i < NB; i++)
		guest_pool_put(slots[i]);
	assert_ptr_equal(guest_pool_get(pool), slots[NB - 1]);
	guest_pool_put(slots[NB - 1]);
	guest_pool_destroy(pool);
	guest_pool_destroy(NULL);
	assert_int_equal(guest_mem_remove(mem, GUEST_MEM_HIGH), 0);
	guest_mem_destroy(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffers_lie_in_their_region),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
