/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mkdtemp() gives a directory that nobody else can look into; nftw() without
 * following links takes it away again, whatever was put there.
 *
 * Who is killed cannot remove his directory, so the next one does. A file "lock" in it is locked by
 * its owner, and the kernel drops the lock when the last copy of the descriptor is gone: whoever
 * gets the lock knows that nobody is left. The file gets its name only after it was locked, and a
 * directory without it is left alone: it is being made, or not ours.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu_tree.h"

#define EMU_TREE_PREFIX "mlx5emu-"

static int
emu_tree_visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	/* A second process may clean up at the same time. */
	if (remove(path) != 0 && errno != ENOENT)
		fprintf(stderr, "mlx5emu: %s: %s\n", path, strerror(errno));
	return 0;
}

void
emu_tree_remove(const char *path, int lock)
{
	nftw(path, emu_tree_visit, 16, FTW_DEPTH | FTW_PHYS);
	if (lock >= 0)
		close(lock);
}

/* Removes a directory if its owner is dead. */
static void
emu_tree_clean_one(const char *path)
{
	char file[PATH_MAX];
	struct stat st;
	int fd;

	if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
			snprintf(file, sizeof(file), "%s/lock", path) >= (int)sizeof(file))
		return;
	fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		emu_tree_remove(path, fd);
	else
		close(fd);
}

static void
emu_tree_clean(const char *parent)
{
	DIR *dir = opendir(parent);
	struct dirent *entry;
	char path[PATH_MAX];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, EMU_TREE_PREFIX, sizeof(EMU_TREE_PREFIX) - 1) == 0 &&
				snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name) <
						(int)sizeof(path))
			emu_tree_clean_one(path);
	}
	if (dir != NULL)
		closedir(dir);
}

static int
emu_tree_lock(const char *path, int *lock)
{
	char made[PATH_MAX], file[PATH_MAX];
	int ret;

	if (snprintf(made, sizeof(made), "%s/lock.new", path) >= (int)sizeof(made) ||
			snprintf(file, sizeof(file), "%s/lock", path) >= (int)sizeof(file))
		return -ENAMETOOLONG;
	*lock = open(made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*lock < 0)
		return -errno;
	if (flock(*lock, LOCK_EX | LOCK_NB) == 0 && rename(made, file) == 0)
		return 0;
	ret = -errno;
	close(*lock);
	return ret;
}

int
emu_tree_make(char *path, size_t size, int *lock)
{
	const char *parent = getenv("XDG_RUNTIME_DIR");
	int len, ret;

	if (parent == NULL || *parent == '\0')
		parent = "/tmp";
	emu_tree_clean(parent);
	len = snprintf(path, size, "%s/" EMU_TREE_PREFIX "XXXXXX", parent);
	if (len < 0 || (size_t)len >= size)
		return -ENAMETOOLONG;
	if (mkdtemp(path) == NULL)
		return -errno;
	ret = emu_tree_lock(path, lock);
	if (ret != 0)
		emu_tree_remove(path, -1);
	return ret;
}
