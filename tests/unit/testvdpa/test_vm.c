/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of guests: what is refused and in which words, and streams that come back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <base_math.h>

#include "flow.h"
#include "vm.h"

static char said[512];

static void
remember(void *arg, enum base_log_level level, const char *msg)
{
	snprintf(said, sizeof(said), "%s", msg);
}

static const struct base_log log_said = { .level = BASE_LOG_INFO, .write = remember };

/* A guest on a socket that nobody listens on, and which is not looked for for long. */
static struct vm_attr
attr_of(const char *name, unsigned int nb_pairs)
{
	return (struct vm_attr){
		.name = name,
		.socket = name,
		.nb_pairs = nb_pairs,
		.ring_size = 4,
		.mem = 32ULL << 20,
		.timeout_ms = 1,
		.log = &log_said,
	};
}

static int
teardown(void **state)
{
	flow_history_clear();
	vm_remove_all();
	return 0;
}

static void
test_refused(void **state)
{
	const struct {
		struct vm_attr attr;
		int ret;
		const char *words;
	} rows[] = {
		{ { .name = "", .socket = "s" }, -EINVAL, "guest name ''" },
		{ { .name = "a b", .socket = "s" }, -EINVAL, "guest name 'a b'" },
		{ { .name = "A", .socket = "s" }, -EEXIST, "there is a guest 'A' already" },
		{ { .name = "B", .socket = "A" }, -EBUSY, "the socket A is guest A's" },
		{ { .name = "B", .socket = "" }, -EINVAL, "path has 0 characters" },
		{ { .name = "B", .socket = "s", .nb_pairs = 65 }, -EINVAL, "65 queue pairs" },
		{ { .name = "B", .socket = "s", .ring_size = 3 }, -EINVAL, "ring size 3" },
		{ { .name = "B", .socket = "s", .ring_size = 65536 }, -EINVAL, "ring size 65536" },
		{ { .name = "B", .socket = "s", .mem = 3 << 20 }, -EINVAL, "no multiple of 2 MiB" },
		{ { .name = "B", .socket = "s", .mem = 2 << 20, .ring_size = 4096 }, -EINVAL,
				"MiB of memory for their buffers, not 2" },
	};
	struct vm_attr attr = attr_of("A", 1);

	assert_int_equal(vm_add(&attr, NULL), 0);
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		attr = rows[i].attr;
		attr.log = &log_said;
		assert_int_equal(vm_add(&attr, NULL), rows[i].ret);
		assert_non_null(strstr(said, rows[i].words));
	}
	assert_null(vm_find("B"));
	assert_null(vm_after(vm_find("A")));
}

static void
test_streams_come_back(void **state)
{
	struct vm_attr a = attr_of("A", 3), b = attr_of("B", 64), c = attr_of("C", 1);
	struct vm *vm;

	for (unsigned int i = 0; i < 20; i++) {
		assert_int_equal(vm_add(&c, &vm), 0);
		assert_int_equal(vm->tx_stream, 0);
		assert_int_equal(vm_add(&a, &vm), 0);
		assert_int_equal(vm->tx_stream, 4); /* aligned, so that RSS spreads them */
		assert_int_equal(vm_add(&b, &vm), 0);
		assert_int_equal(vm->tx_stream, 64);
		assert_non_null(vm_ledger());
		assert_int_equal(vm_remove(vm_find("A"), &log_said), 0);
		assert_int_equal(vm_remove(vm_find("B"), &log_said), 0);
		assert_int_equal(vm_remove(vm_find("C"), &log_said), 0);
		assert_null(vm_ledger());
	}
}

static void
test_nobody_listens(void **state)
{
	struct vm_attr a = attr_of("A", 1), b = attr_of("B", 1);
	const struct vm_load tx = { .job = VM_TX }, own = { .job = VM_TX, .peer = "A" };
	struct vm *vm;

	assert_int_equal(vm_add(&a, &vm), 0);
	assert_int_equal(vm_state(vm), VM_NEW);
	assert_int_equal(vm_start(vm, &tx, &log_said), -ENOENT);
	assert_non_null(strstr(said, "no other guest to send to"));
	assert_string_equal(vm_why(vm, -ENOMEM), strerror(ENOMEM)); /* its front-end said nothing */
	assert_int_equal(vm_start(vm, &own, &log_said), -EINVAL);
	assert_int_equal(vm_add(&b, NULL), 0);
	assert_int_equal(vm_start(vm, &tx, &log_said), -ENOENT);
	assert_non_null(strstr(said, "guest B does not start: no back-end on B"));
	assert_int_equal(strncmp(vm_why(vm_find("B"), -ENOMEM), "no back-end on B", 16), 0);
	assert_int_equal(vm_state(vm), VM_NEW);
	assert_int_equal(vm_get("X", &log_said, &vm), -ENOENT);
	assert_non_null(strstr(said, "there is no guest 'X' (there are A, B)"));
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
	struct vm_attr a = attr_of("A", 1);
	struct flow_record record;
	struct flow_call call = { .log = &log_said };
	struct flow_act act = { .run = never };

	assert_int_equal(vm_add(&a, &call.vm), 0);
	for (act.kind = 0; act.kind < FLOW_NB_KINDS; act.kind++) {
		assert_int_equal(flow_run(&call, &act), -ENOTCONN);
		assert_non_null(strstr(said, "guest A is not started"));
	}
	assert_false(flow_history(0, &record));
}

static void
test_sentence(void **state)
{
	struct flow_record record = {
		.kind = FLOW_HOT_ADD,
		.guest = "A",
		.what = "64 MiB",
		.duration_ns = 2300000,
		.nb_streams = 2,
		.gap_median_ns = 3100000,
		.gap_max_ns = 4000000,
		.commands_known = true,
		.commands = 15,
		.nb_queues = 2,
		.queues = { { .restarted = true }, { .restarted = true } },
		.account.count.sent = 9,
	};
	char text[300];

	flow_sentence(&record, text, sizeof(text));
	assert_string_equal(text,
			"hot-add of 64 MiB to A: 2.3 ms, gap 3.1 ms (at most 4.0), 15 commands, 2 "
			"queues resumed, nothing lost");
	assert_true(flow_passed(&record));
	record.account.count.lost = 2;
	record.account.pending = 1;
	flow_fault(&record, "%u packets lost", 2);
	flow_sentence(&record, text, sizeof(text));
	assert_non_null(strstr(text, ", 2 lost, 1 pending; FAULT: 2 packets lost"));
	assert_false(flow_passed(&record));
	flow_title(&record, text, sizeof(text));
	assert_string_equal(text, "hot-add of 64 MiB to A");
	flow_sentence(&record, text, 10); /* cut, not overrun */
	assert_string_equal(text, "hot-add o");
}

int
main(void)
{
#define VM_TEST(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		VM_TEST(test_refused),
		VM_TEST(test_streams_come_back),
		VM_TEST(test_nobody_listens),
		VM_TEST(test_no_flow_without_a_device),
		VM_TEST(test_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
