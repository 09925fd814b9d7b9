/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Migration as a flow, between stand-in back-ends of the guest library's tests. (That packets and
 * pages are judged rightly is tested there, in test_guest_migrate; here: records, refusals, figures.)
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backs.h"
#include "flow_migrate.h"
#include "flow_soak.h"
#include "said.h"

static struct vm *vm;
static struct flow_record record;
static struct guest_migrate_result result;
static int
begin(void **state)
{
	struct vm_attr attr = { .name = "A", .ring_size = 64, .mem = 8u << 20 };

	backs_begin();
	attr.socket = backs_path(0);
	attr.log = &said_log;
	backs_serve(0, (struct fake_back_attr){ 0 });
	assert_int_equal(vm_add(&attr, &vm), 0);
	return vm_up(vm, &said_log);
}

static int
end(void **state)
{
	vm_remove_all();
	flow_history_clear();
	return backs_end();
}

static int
migrate(const char *device, const char *socket)
{
	const struct flow_migrate_to to = { .device = device, .socket = socket };
	const struct flow_call call = { .vm = vm, .log = &said_log, .record = &record };

	memset(&record, 0, sizeof(record));
	return flow_migrate(&call, &to, &result);
}

/* What is printed of the figures. */
static void
expect_print(const char *text)
{
	char *printed = NULL;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	assert_non_null(out);
	flow_migrate_print(&result, out);
	fclose(out);
	if (strstr(printed, text) == NULL)
		print_error("no '%s' in:\n%s", text, printed);
	assert_non_null(strstr(printed, text));
	free(printed);
}

static void
test_there_and_back(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int at = (i + 1) % BACKS_NB;

		backs_serve(at, (struct fake_back_attr){ 0 });
		assert_int_equal(migrate(NULL, backs_path(at)), 0);
		assert_true(flow_passed(&record));
		assert_int_equal(record.kind, FLOW_MIGRATE);
		assert_string_equal(record.what, backs_path(at));
		assert_string_equal(vm->socket, backs_path(at));
		assert_int_equal(vm_state(vm), VM_UP);
		assert_int_equal(result.state, GUEST_MIGRATE_MOVED);
		expect_print("  moved; 3 rounds of ");
		expect_print("; compared in ");
		expect_print(" 0 pages differ\n");
		expect_print("  queue 1, stopped at (A,U) (0,0), base 0, unread 0, now (0,0)\n");
	}
	assert_true(flow_history(3, &record));
	assert_false(flow_history(4, &record));
}

static void
test_cancelled(void **state)
{
	const struct flow_call call = { .vm = vm, .log = &said_log, .record = &record };

	assert_int_equal(flow_migrate_fail(&call, GUEST_MIGRATE_HOLD, &result), 0);
	assert_true(flow_passed(&record));
	assert_int_equal(record.kind, FLOW_MIGRATE_FAIL);
	assert_string_equal(record.what, "");
	assert_int_equal(vm_state(vm), VM_UP);
	assert_string_equal(vm->socket, backs_path(0));
	expect_print("  stayed; 3 rounds of ");
	expect_print("; 0 frames held for ");
	/* nobody wants the figures, nobody wants the record */
	assert_int_equal(flow_migrate_fail(&(struct flow_call){ .vm = vm, .log = &said_log },
					 GUEST_MIGRATE_COMPARE, NULL),
			0);
}

static void
test_destination_refuses(void **state)
{
	backs_serve(1, (struct fake_back_attr){ .features = GUEST_VHOST_F_PROTOCOL_FEATURES });
	assert_int_equal(migrate(NULL, backs_path(1)), -EOPNOTSUPP);
	assert_string_equal(record.text,
			"switch-over: GET_FEATURES: 0x40000000 lacks 0x100000000; the guest goes on "
			"where it was");
	assert_int_equal(record.result, -EOPNOTSUPP);
	assert_int_equal(record.nb_faults, 0);
	assert_string_equal(vm->socket, backs_path(0));
	assert_int_equal(vm_state(vm), VM_UP);
	backs_serve(1, (struct fake_back_attr){ 0 });
	assert_int_equal(migrate(NULL, backs_path(1)), 0);
}

/* What is refused before anything happens: no record, one sentence. */
static void
test_refused(void **state)
{
	char expected[256], too_long[200];

	memset(too_long, 'x', sizeof(too_long));
	too_long[0] = '/';
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(migrate(NULL, backs_path(0)), -EALREADY);
	snprintf(expected, sizeof(expected), "migrate: guest A is at %s already", backs_path(0));
	assert_string_equal(said, expected);
	assert_int_equal(migrate("nobody", backs_path(1)), -ENODEV);
	assert_non_null(strstr(said, "nobody"));
	assert_int_equal(record.id, 0);
	assert_int_equal(migrate(NULL, too_long), -ENAMETOOLONG);
	assert_string_equal(said,
			"migrate: the path of a socket has at most 107 characters, not 199");
	assert_int_equal(record.id, 0);
	vm->attr.server = true;
	assert_int_equal(migrate(NULL, backs_path(1)), -EOPNOTSUPP);
	vm->attr.server = false;
	assert_string_equal(said,
			"migrate: guest A is the server of its socket, only clients move");
	assert_false(flow_history(0, &record));
}

/* A soak needs somebody who sends. */
static void
test_soak_without_traffic(void **state)
{
	const struct flow_soak_attr attr = { .ms = 1000, .log = &said_log };
	struct flow_soak_result soaked;

	assert_int_equal(flow_soak(&attr, &soaked), -ENOENT);
	assert_string_equal(said, "soak: no guest sends ('guest start NAME tx' does that)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_there_and_back),
		TEST(test_cancelled),
		TEST(test_destination_refuses),
		TEST(test_refused),
		TEST(test_soak_without_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
