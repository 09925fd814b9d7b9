/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows that do not begin, and accounts that last. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backs.h"
#include "flow.h"
#include "said.h"

static int
teardown(void **state)
{
	flow_history_clear();
	vm_remove_all();
	return 0;
}

static int
never(struct vm *vm, struct flow_record *record, void *arg)
{
	fail();
	return 0;
}

static void
test_no_flow_without_a_device(void **state)
{
	struct vm_attr a = { .name = "A", .socket = "A", .log = &said_log };
	struct flow_record record;
	struct flow_call call = { .log = &said_log };
	struct flow_act act = { .run = never };

	assert_int_equal(vm_add(&a, &call.vm), 0);
	for (act.kind = 0; act.kind < FLOW_NB_KINDS; act.kind++) {
		assert_int_equal(flow_run(&call, &act), -ENOTCONN);
		assert_non_null(strstr(said, "guest A is not started"));
	}
	assert_false(flow_history(0, &record));
}

/* --- accounts -------------------------------------------------------------------------------- */

#define SENT 20u
#define PATIENCE_MS 20000u

/* A sends to B, both are up; no back-end carries anything from one to the other. */
static int
setup(void **state)
{
	const struct vm_load load = { .job = VM_TX, .peer = "B", .rate = 1 };

	backs_begin();
	for (unsigned int i = 0; i < BACKS_NB; i++) {
		struct vm_attr attr = {
			.name = i == 0 ? "A" : "B",
			.socket = backs_path(i),
			.ring_size = 64,
			.mem = 8u << 20,
			.settle_ms = 1,
			.log = &said_log,
		};

		backs_serve(i, (struct fake_back_attr){ 0 });
		assert_int_equal(vm_add(&attr, NULL), 0);
	}
	return vm_start(vm_find("A"), &load, &said_log);
}

static int
teardown_backs(void **state)
{
	(void)teardown(state);
	return backs_end();
}

static int
send_some(struct vm *vm, struct flow_record *record, void *arg)
{
	const struct guest_traffic_load load = { .frame_len = 200, .count = SENT };
	uint64_t from = guest_ledger_sent(vm_ledger(), vm->tx_stream);
	int ret = guest_vm_send(vm->guest, &load);

	for (unsigned int ms = 0; ret == 0 && ms < PATIENCE_MS &&
			guest_ledger_sent(vm_ledger(), vm->tx_stream) < from + SENT;
			ms++)
		poll(NULL, 0, 1);
	return ret;
}

/* A flow of A while B's receive queue is disabled: what A sends in it may arrive some day. */
static void
send_to_a_closed_queue(void)
{
	struct flow_record record;
	const struct flow_call call = { vm_find("A"), &said_log, &record };

	vm_quiet(vm_find("A"));
	assert_int_equal(guest_vm_disable(vm_find("B")->guest, 0), 0);
	assert_int_equal(flow_run(&call, &(struct flow_act){ FLOW_DISABLE, send_some, NULL }), 0);
	assert_int_equal(record.account.pending, SENT);
	assert_true(flow_passed(&record));
}

static void
expect_account(uint64_t pending, uint64_t lost)
{
	struct flow_record record;

	assert_true(flow_history(0, &record));
	assert_int_equal(record.account.count.sent, SENT);
	assert_int_equal(record.account.pending, pending);
	assert_int_equal(record.account.count.lost, lost);
}

static void
test_pending_outlives_its_sender(void **state)
{
	send_to_a_closed_queue();
	vm_stop(vm_find("A"), NULL);
	expect_account(SENT, 0);
	assert_int_equal(vm_remove(vm_find("A"), &said_log), 0);
	expect_account(SENT, 0);
}

static void
test_pending_outlives_its_receiver(void **state)
{
	send_to_a_closed_queue();
	vm_stop(vm_find("A"), NULL);
	assert_int_equal(vm_remove(vm_find("B"), &said_log), 0);
	expect_account(SENT, 0);
}

static void
test_pending_ends_when_the_way_opens(void **state)
{
	send_to_a_closed_queue();
	vm_stop(vm_find("A"), NULL);
	assert_int_equal(guest_vm_enable(vm_find("B")->guest, 0), 0);
	expect_account(0, SENT);
}

int
main(void)
{
#define FLOW_TEST(f) cmocka_unit_test_teardown(f, teardown)
#define ACCOUNT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown_backs)
	const struct CMUnitTest tests[] = {
		FLOW_TEST(test_no_flow_without_a_device),
		ACCOUNT_TEST(test_pending_outlives_its_sender),
		ACCOUNT_TEST(test_pending_outlives_its_receiver),
		ACCOUNT_TEST(test_pending_ends_when_the_way_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
