/* SPDX-License-Identifier: BSD-3-Clause */
/* What of a record is a fault, for kinds that keep their rings and kinds that begin anew. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow_judge.h"

static const struct vm split = { .attr = { .ring_size = 256 } };
static const struct vm packed = { .attr = { .ring_size = 256, .packed = true } };

/* A flow in which the transmit queue was stopped and started at @used, with @avail handed over. */
static struct flow_record
record_of(enum flow_kind kind, uint16_t avail, uint16_t used)
{
	return (struct flow_record){
		.kind = kind,
		.nb_queues = 2,
		.queues[1] = {
			.restarted = true,
			.saved = { true, avail, used },
			.resumed = { true, used, used },
		},
	};
}

static void
test_packets(void **state)
{
	struct flow_record record = record_of(FLOW_HOT_ADD, 0, 0);

	record.account.count.excused = 4;
	record.account.count.lost = 1;
	record.account.pending = 5; /* may still come */
	flow_judge(&record, &split);
	assert_int_equal(record.nb_faults, 2);
	assert_string_equal(record.faults[0], "1 packets lost");
	assert_string_equal(record.faults[1], "4 packets given up although nobody was down");
	record = record_of(FLOW_RESET, 0, 0);
	record.account.count.excused = 4;
	flow_judge(&record, &split);
	assert_true(flow_passed(&record));
}

static void
expect_duplicates(const struct vm *vm, struct flow_record record, uint64_t allowed)
{
	record.account.count.duplicated = allowed;
	flow_judge(&record, vm);
	assert_int_equal(record.nb_faults, 0);
	record.account.count.duplicated++;
	flow_judge(&record, vm);
	assert_int_equal(record.nb_faults, 1);
	assert_non_null(strstr(record.faults[0], " packets duplicated"));
}

/* What a device had not finished when it stopped may come twice. */
static void
test_duplicates(void **state)
{
	struct flow_record record = record_of(FLOW_HOT_ADD, 12, 7);

	expect_duplicates(&split, record, 5);
	expect_duplicates(&split, record_of(FLOW_HOT_ADD, 2, 0xfffe), 4);
	/* the wrap counter is bit 15: from entry 254 to entry 2 of the next round */
	expect_duplicates(&packed, record_of(FLOW_HOT_ADD, 0x8002, 254), 4);
	record.queues[1].restarted = false;
	expect_duplicates(&split, record, 0);
	/* nothing is in a receive buffer that was not finished */
	record = record_of(FLOW_HOT_ADD, 12, 7);
	record.queues[0] = record.queues[1];
	record.queues[1].restarted = false;
	expect_duplicates(&split, record, 0);
}

static void
test_indices(void **state)
{
	struct flow_record record = record_of(FLOW_HOT_ADD, 9, 9);

	record.queues[1].resumed.used = 8;
	flow_judge(&record, &split);
	assert_int_equal(record.nb_faults, 1);
	assert_string_equal(record.faults[0], "queue 1: saved at used index 9, resumed at 8");
	record = record_of(FLOW_RESET, 9, 9);
	flow_judge(&record, &split);
	assert_int_equal(record.nb_faults, 1);
	assert_string_equal(record.faults[0], "queue 1: resumed at (9,9) in a new life");
	record = record_of(FLOW_RESET, 0, 0x8000); /* a packed ring begins with its wrap counter */
	flow_judge(&record, &packed);
	assert_true(flow_passed(&record));
	record = record_of(FLOW_KILL, 9, 9); /* of which nothing is known */
	record.queues[1].resumed.used = 8;
	flow_judge(&record, &split);
	assert_true(flow_passed(&record));
}

static void
test_what_did_not_work_is_not_judged(void **state)
{
	struct flow_record record = record_of(FLOW_RESET, 9, 9);

	record.result = -EIO;
	record.account.count.lost = 1;
	flow_judge(&record, &split);
	assert_int_equal(record.nb_faults, 0);
}

static void
test_what_the_driver_saw(void **state)
{
	static struct flow_look before, now;
	struct flow_record record = record_of(FLOW_HOT_ADD, 0, 0);

	record.base_errors = 2;
	flow_judge(&record, &split);
	assert_string_equal(record.faults[0], "2 answers to GET_VRING_BASE cannot be");
	before.faults[1][0] = now.faults[1][0] = (struct guest_net_fault){ "bad lengths", 3 };
	before.faults[1][1] = (struct guest_net_fault){ "bad ids", 1 };
	now.faults[1][1] = (struct guest_net_fault){ "bad ids", 5 };
	flow_judge_rings(&record, &before, &now);
	assert_int_equal(record.nb_faults, 2);
	assert_string_equal(record.faults[1], "queue 1: 4 x bad ids");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_indices),
		cmocka_unit_test(test_what_did_not_work_is_not_judged),
		cmocka_unit_test(test_what_the_driver_saw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
