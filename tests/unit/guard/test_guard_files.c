/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: messages as vhost lays them out, with files at hand; whether they are open
 * afterwards is what counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard_files.h"
#include "guard_table.h"

#define NB 3

static uint8_t msg[2048];

/* @p nb_fds says how many there are, @p nb are there. */
static void
fill(int nb_fds, const int *fd, unsigned int nb)
{
	memset(msg, 0, sizeof(msg));
	memset(msg + 12 + GUARD_PAYLOAD_MAX, 0xff, GUARD_REGIONS_MAX * sizeof(int));
	memcpy(msg + 12 + GUARD_PAYLOAD_MAX, fd, nb * sizeof(int));
	memcpy(msg + 12 + GUARD_PAYLOAD_MAX + GUARD_REGIONS_MAX * sizeof(int), &nb_fds,
			sizeof(nb_fds));
}

static void
test_closed_or_left(void **state)
{
	static const struct {
		int said;
		unsigned int there;
		unsigned int closed;
	} rows[] = {
		{ 0, 0, 0 },
		{ 1, 1, 1 },
		{ NB, NB, NB },
		{ 1, 2, 0 }, /* one behind the last */
		{ 2, 1, 0 }, /* one that is not there */
		{ -1, 1, 0 },
		{ GUARD_REGIONS_MAX + 1, NB, 0 },
	};
	struct stat st;
	unsigned int j;
	int fd[NB];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (j = 0; j < NB; j++) {
			fd[j] = dup(STDERR_FILENO);
			assert_true(fd[j] >= 0);
		}
		fill(rows[i].said, fd, rows[i].there);
		guard_files_close(msg);
		for (j = 0; j < NB; j++)
			assert_int_equal(fstat(fd[j], &st), j < rows[i].closed ? -1 : 0);
		for (j = rows[i].closed; j < NB; j++)
			close(fd[j]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed_or_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
