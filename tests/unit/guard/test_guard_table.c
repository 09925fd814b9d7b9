/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard_table.h"

#define FILE_SIZE 0x10000u

static int
file_new(void)
{
	int fd = memfd_create("guard", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, FILE_SIZE), 0);
	return fd;
}

struct verdict {
	struct guard_region region[2];
	uint32_t nb;
	const char *why; /* NULL: served */
};

static void
test_verdicts(void **state)
{
	static const struct verdict cases[] = {
		{ { { 0, FILE_SIZE, 0, 0 } }, 1, NULL },
		{ { { 0, 0x1000, 0, 0 }, { 0x1000, 0x1000, 0, 0x1000 } }, 2, NULL },
		{ { { 0, FILE_SIZE, 0, 1 } }, 1, "shorter" },
		{ { { 0, FILE_SIZE + 1, 0, 0 } }, 1, "shorter" },
		{ { { 0, 0x1000, 0, 1ULL << 40 } }, 1, "shorter" },
		{ { { 0, 2, 0, UINT64_MAX } }, 1, "shorter" },
		{ { { 0, 0, 0, 0 } }, 1, "empty" },
		{ { { UINT64_MAX - 0xfff, 0x1001, 0, 0 } }, 1, "wraps" },
		{ { { UINT64_MAX - 0xfff, 0x1000, 0, 0 } }, 1, NULL },
		{ { { 0, 0x2000, 0, 0 }, { 0x1fff, 0x1000, 0, 0 } }, 2, "overlap" },
		{ { { 0x1000, 0x1000, 0, 0 }, { 0x1000, 0x1000, 0, 0 } }, 2, "overlap" },
	};
	struct guard_table table;
	char why[256];
	size_t i;
	int fd = file_new();

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&table, 0, sizeof(table));
		table.nb = cases[i].nb;
		memcpy(table.region, cases[i].region, sizeof(cases[i].region));
		table.fd[0] = table.fd[1] = fd;
		why[0] = '\0';
		assert_int_equal(guard_table_check(&table, why, sizeof(why)),
				cases[i].why == NULL ? 0 : -EINVAL);
		if (cases[i].why != NULL && strstr(why, cases[i].why) == NULL)
			fail_msg("case %zu says: %s", i, why);
	}
	close(fd);
}

static void
test_closed_file(void **state)
{
	struct guard_table table = { .nb = 1, .region[0].size = 1, .fd[0] = -1 };
	char why[256];

	(void)state;
	assert_int_equal(guard_table_check(&table, why, sizeof(why)), -EINVAL);
}

/* The message as vhost lays it out: header, room for the longest payload, files, their number. */
static void
message_fill(uint8_t msg[2048], uint32_t request, uint32_t nb, int nb_fds, int fd)
{
	struct guard_region region = { 0x1000, 0x2000, 0x3000, 0x4000 };

	memset(msg, 0, 2048);
	msg[8] = 40;
	memset(msg + 12 + GUARD_PAYLOAD_MAX, 0xff, 32);
	memcpy(msg, &request, 4);
	memcpy(msg + 12, &nb, 4);
	memcpy(msg + 20, &region, sizeof(region));
	memcpy(msg + 12 + GUARD_PAYLOAD_MAX, &fd, 4);
	memcpy(msg + 12 + GUARD_PAYLOAD_MAX + 32, &nb_fds, 4);
}

static void
test_read(void **state)
{
	struct guard_table table;
	uint8_t msg[2048];

	(void)state;
	message_fill(msg, 5, 1, 1, 77);
	assert_int_equal(guard_table_read(msg, &table), 0);
	assert_int_equal(table.nb, 1);
	assert_int_equal(table.region[0].gpa, 0x1000);
	assert_int_equal(table.region[0].offset, 0x4000);
	assert_int_equal(table.fd[0], 77);
	message_fill(msg, 6, 1, 1, 77);
	assert_int_equal(guard_table_read(msg, &table), -ENOMSG);
	message_fill(msg, 5, 1, 2, 77);
	assert_int_equal(guard_table_read(msg, &table), -EINVAL);
	message_fill(msg, 5, 2, 1, 77);
	assert_int_equal(guard_table_read(msg, &table), -EPROTO);
	message_fill(msg, 5, UINT32_MAX, 1, 77);
	assert_int_equal(guard_table_read(msg, &table), -EPROTO);
	message_fill(msg, 5, 1, 1, 77);
	msg[8] = 39;
	assert_int_equal(guard_table_read(msg, &table), -EPROTO);
	/* Places without a file hold -1; anything else is not what vhost lays out. */
	message_fill(msg, 5, 1, 1, 77);
	memset(msg + 12 + GUARD_PAYLOAD_MAX + 28, 0, 4);
	assert_int_equal(guard_table_read(msg, &table), -EINVAL);
	message_fill(msg, 5, 2, 2, 77); /* and there are two */
	assert_int_equal(guard_table_read(msg, &table), -EINVAL);
	message_fill(msg, 5, 9, 9, 77);
	assert_int_equal(guard_table_read(msg, &table), -EINVAL);
	message_fill(msg, 5, UINT32_MAX, -1, 77);
	assert_int_equal(guard_table_read(msg, &table), -EINVAL);
}

/* A table that was changed stands in the message as vhost would have received it. */
static void
test_write(void **state)
{
	struct guard_table table, again;
	uint8_t msg[2048];
	uint32_t size;

	(void)state;
	message_fill(msg, 5, 1, 1, 77);
	assert_int_equal(guard_table_read(msg, &table), 0);
	table.nb = 2;
	table.region[1] = (struct guard_region){ 0x5000, 0x6000, 0x7000, 0x8000 };
	table.fd[1] = 78;
	guard_table_write(&table, msg);
	memcpy(&size, msg + 8, sizeof(size));
	assert_int_equal(size, 8 + 2 * 32);
	assert_int_equal(guard_table_read(msg, &again), 0);
	assert_int_equal(again.nb, 2);
	assert_memory_equal(again.region, table.region, 2 * sizeof(table.region[0]));
	assert_int_equal(again.fd[0], 77);
	assert_int_equal(again.fd[1], 78);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_closed_file),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
