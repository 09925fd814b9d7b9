/* SPDX-License-Identifier: BSD-3-Clause */
/* The room for open files: what the kernel says of the size of its table (FDSize). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "mvdpa_fdroom.h"

#define NB 700u
#define LIMIT 900u

static const struct base_log test_log;

static unsigned long
table_size(void)
{
	unsigned long size = 0;
	char line[128];
	FILE *file;

	file = fopen("/proc/self/status", "r");
	assert_non_null(file);
	while (size == 0 && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "FDSize: %lu", &size);
	fclose(file);
	assert_int_not_equal(size, 0);
	return size;
}

/* Takes files until there are @p nb more. */
static void
take(int *fds, unsigned int nb)
{
	unsigned int i;

	for (i = 0; i < nb; i++) {
		fds[i] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
		assert_true(fds[i] >= 0);
	}
}

static void
give_back(const int *fds, unsigned int nb)
{
	while (nb-- != 0)
		close(fds[nb]);
}

static void
set_limit(rlim_t soft)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = soft;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void
test_no_growth(void **state)
{
	static int fds[NB];
	unsigned long size;
	int fd;

	(void)state;
	mvdpa_fdroom_make(NB, "test", &test_log, &fd);
	assert_true(fd > (int)NB);
	size = table_size();
	assert_true(size > NB);
	take(fds, NB);
	assert_true(fds[NB - 1] < fd);
	assert_int_equal(table_size(), size);
	give_back(fds, NB);
	mvdpa_fdroom_give_up(fd);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void
test_two_devices(void **state)
{
	int first, second;

	(void)state;
	mvdpa_fdroom_make(100, "test", &test_log, &first);
	mvdpa_fdroom_make(100, "test", &test_log, &second);
	assert_int_equal(second, first + 100);
	assert_int_equal(fcntl(first, F_GETFD), FD_CLOEXEC);
	mvdpa_fdroom_give_up(first);
	mvdpa_fdroom_give_up(second);
}

static void
test_few_allowed(void **state)
{
	struct rlimit limit;
	int fd, second;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	set_limit(LIMIT);
	mvdpa_fdroom_make(2 * LIMIT, "test", &test_log, &fd);
	assert_int_equal(fd, LIMIT - 1);
	mvdpa_fdroom_make(10, "test", &test_log, &second); /* nothing is left */
	assert_int_equal(second, -1);
	mvdpa_fdroom_give_up(second);
	mvdpa_fdroom_give_up(fd);
	set_limit(limit.rlim_cur);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_growth),
		cmocka_unit_test(test_two_devices),
		cmocka_unit_test(test_few_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
