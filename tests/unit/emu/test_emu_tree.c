/* SPDX-License-Identifier: BSD-3-Clause */
/* The private directory: made, removed, and removed for those who could not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu_tree.h"

static char parent[] = "/tmp/emu-tree-test-XXXXXX";

static int
make_parent(void **state)
{
	assert_non_null(mkdtemp(parent));
	return setenv("XDG_RUNTIME_DIR", parent, 1);
}

static int
remove_parent(void **state)
{
	return rmdir(parent); /* fails if something is left */
}

static void
fill(const char *tree)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/deep", tree);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/deep/link", tree);
	assert_int_equal(symlink("/etc", path), 0);
}

static void
test_make(void **state)
{
	char path[PATH_MAX];
	struct stat st;
	int lock;

	assert_int_equal(emu_tree_make(path, sizeof(path), &lock), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_memory_equal(path, parent, strlen(parent));
	fill(path);
	emu_tree_remove(path, lock);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(stat("/etc", &st), 0); /* links are not followed */
	assert_true(emu_tree_make(path, 10, &lock) < 0);
}

/* What a dead process left goes; what a living one has, or nobody knows, stays. */
static void
test_leftover(void **state)
{
	char mine[PATH_MAX], next[PATH_MAX], odd[PATH_MAX], left[PATH_MAX];
	int lock, next_lock, status, fds[2];
	struct stat st;
	pid_t pid;

	assert_int_equal(emu_tree_make(mine, sizeof(mine), &lock), 0);
	snprintf(odd, sizeof(odd), "%s/mlx5emu-other", parent);
	assert_int_equal(mkdir(odd, 0700), 0);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		char path[PATH_MAX] = "";
		int ret = emu_tree_make(path, sizeof(path), &lock);

		if (ret == 0)
			fill(path);
		_exit(write(fds[1], path, sizeof(path)) == sizeof(path) && ret == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(fds[0], left, sizeof(left)), sizeof(left));
	assert_int_equal(stat(left, &st), 0);
	assert_int_equal(emu_tree_make(next, sizeof(next), &next_lock), 0);
	assert_int_equal(stat(left, &st), -1);
	assert_int_equal(stat(mine, &st), 0);
	assert_int_equal(stat(odd, &st), 0);
	emu_tree_remove(next, next_lock);
	emu_tree_remove(mine, lock);
	rmdir(odd);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_leftover),
	};

	return cmocka_run_group_tests(tests, make_parent, remove_parent);
}
