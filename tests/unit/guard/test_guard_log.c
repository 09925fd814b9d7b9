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

#include "guard_log.h"
#include "guard_msg.h"

#define FILE_SIZE 0x4000u

static int
file_new(void)
{
	int fd = memfd_create("guard", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, FILE_SIZE), 0);
	return fd;
}

/* As rte_vhost fills it: -1 where there is no file. */
static struct guard_msg
msg_new(int fd)
{
	struct guard_msg msg;

	memset(&msg, 0, sizeof(msg));
	memset(msg.fd, -1, sizeof(msg.fd));
	msg.request = GUARD_SET_LOG_BASE;
	msg.size = sizeof(msg.log);
	msg.log.size = FILE_SIZE;
	msg.fd[0] = fd;
	msg.nb_fds = 1;
	return msg;
}

static void
test_read(void **state)
{
	struct guard_msg msg = msg_new(7);
	struct guard_log log;

	msg.log.offset = 0x1000;
	assert_int_equal(guard_log_read(&msg, &log), 0);
	assert_int_equal(log.fd, 7);
	assert_int_equal(log.size, FILE_SIZE);
	assert_int_equal(log.offset, 0x1000);
}

static void
test_other_shapes_are_left_to_vhost(void **state)
{
	struct guard_msg msg = msg_new(7);
	struct guard_log log;

	msg.request = GUARD_SET_MEM_TABLE;
	assert_int_equal(guard_log_read(&msg, &log), -ENOMSG);
	msg = msg_new(7);
	msg.size = 8;
	assert_int_equal(guard_log_read(&msg, &log), -EINVAL);
	msg = msg_new(7);
	msg.nb_fds = 2;
	assert_int_equal(guard_log_read(&msg, &log), -EINVAL);
	msg = msg_new(-1);
	assert_int_equal(guard_log_read(&msg, &log), -EINVAL);
	msg = msg_new(7);
	msg.fd[3] = 0;
	assert_int_equal(guard_log_read(&msg, &log), -EINVAL);
}

static void
test_verdicts(void **state)
{
	static const struct {
		uint64_t size, offset;
		const char *why; /* NULL: can be used */
	} cases[] = {
		{ FILE_SIZE, 0, NULL },
		{ FILE_SIZE / 2, FILE_SIZE / 2, NULL },
		{ 1, 0, NULL },
		{ 0, 0, "empty" },
		{ FILE_SIZE + 1, 0, "shorter" },
		{ FILE_SIZE, FILE_SIZE / 2, "shorter" },
		{ UINT64_MAX, 0x1000, "shorter" },
		{ FILE_SIZE / 4, 8, "page" },
	};
	struct guard_log log = { .fd = file_new() };
	char why[256];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		log.size = cases[i].size;
		log.offset = cases[i].offset;
		if (cases[i].why == NULL) {
			assert_int_equal(guard_log_check(&log, why, sizeof(why)), 0);
			continue;
		}
		assert_int_equal(guard_log_check(&log, why, sizeof(why)), -EINVAL);
		assert_non_null(strstr(why, cases[i].why));
	}
	close(log.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_other_shapes_are_left_to_vhost),
		cmocka_unit_test(test_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
