/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of guests: streams that come back, and guests without a back-end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "said.h"
#include "vm.h"

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
		.log = &said_log,
	};
}

static int
teardown(void **state)
{
	vm_remove_all();
	return 0;
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
		assert_int_equal(vm_remove(vm_find("A"), &said_log), 0);
		assert_int_equal(vm_remove(vm_find("B"), &said_log), 0);
		assert_int_equal(vm_remove(vm_find("C"), &said_log), 0);
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
	assert_int_equal(vm_start(vm, &tx, &said_log), -ENOENT);
	assert_non_null(strstr(said, "no other guest to send to"));
	assert_string_equal(vm_why(vm, -ENOMEM), strerror(ENOMEM)); /* its front-end said nothing */
	assert_int_equal(vm_start(vm, &own, &said_log), -EINVAL);
	assert_int_equal(vm_add(&b, NULL), 0);
	assert_int_equal(vm_start(vm, &tx, &said_log), -ENOENT);
	assert_non_null(strstr(said, "guest B does not start: no back-end on B"));
	assert_int_equal(strncmp(vm_why(vm_find("B"), -ENOMEM), "no back-end on B", 16), 0);
	assert_int_equal(vm_state(vm), VM_NEW);
	assert_int_equal(vm_get("X", &said_log, &vm), -ENOENT);
	assert_non_null(strstr(said, "there is no guest 'X' (there are A, B)"));
}

int
main(void)
{
#define VM_TEST(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		VM_TEST(test_streams_come_back),
		VM_TEST(test_nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
