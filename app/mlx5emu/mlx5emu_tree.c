/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mkdtemp() gives a directory that nobody else can look into; nftw() without
 * following links takes it away again, whatever the library put there.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mlx5emu_tree.h"

int
mlx5emu_tree_make(char *path, size_t size)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	int len;

	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	len = snprintf(path, size, "%s/mlx5emu-XXXXXX", dir);
	if (len < 0 || (size_t)len >= size)
		return -ENAMETOOLONG;
	return mkdtemp(path) != NULL ? 0 : -errno;
}

static int
mlx5emu_tree_visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (remove(path) != 0)
		fprintf(stderr, "mlx5emu: %s: %s\n", path, strerror(errno));
	return 0;
}

void
mlx5emu_tree_remove(const char *path)
{
	nftw(path, mlx5emu_tree_visit, 16, FTW_DEPTH | FTW_PHYS);
}
