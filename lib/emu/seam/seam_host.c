/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: directories that the tree replaces as a whole get one absolute link for each
 * entry of the host's own directory, so listing shows both and the kernel follows the link out of
 * the tree. Devices are told apart by number: the card's begin behind the host's last one, so the
 * name of a host's device means what it always meant.
 *
 * It is a picture of the moment when the program starts. Runs while nothing is emulated yet, so
 * plain calls reach the host.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base_math.h"
#include "seam_host.h"

static const char *const seam_host_dirs[] = {
	"/sys/class/infiniband",
	"/sys/class/infiniband_verbs",
	"/sys/bus/pci/devices",
	"/sys/bus/auxiliary/devices",
	"/dev/infiniband",
};

/* The number at the end of "mlx5_3" or "uverbs3", plus one; 0 when it is something else. */
static unsigned int
seam_host_behind(const char *name)
{
	static const char *const stems[] = { "mlx5_", "uverbs" };
	unsigned long n;
	char *end;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(stems); i++) {
		size_t len = strlen(stems[i]);

		if (strncmp(name, stems[i], len) != 0 || name[len] == '\0')
			continue;
		n = strtoul(name + len, &end, 10);
		if (*end == '\0' && n < 1000)
			return (unsigned int)n + 1;
	}
	return 0;
}

void
seam_host_scan(struct seam_conf *conf)
{
	struct dirent *entry;
	unsigned int behind;
	size_t i;
	DIR *dir;

	for (i = 0; i < BASE_ARRAY_SIZE(seam_host_dirs); i++) {
		dir = opendir(seam_host_dirs[i]);
		while (dir != NULL && (entry = readdir(dir)) != NULL) {
			behind = seam_host_behind(entry->d_name);
			if (behind > conf->first)
				conf->first = behind;
		}
		if (dir != NULL)
			closedir(dir);
	}
}

static int
seam_host_link_one(int tree, const char *dir, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/%s", dir + 1, name);
	snprintf(to, sizeof(to), "%s/%s", dir, name);
	if (symlinkat(to, tree, from) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	/* Common to both, as abi_version; an address of ours is a conflict. */
	return strstr(dir, "/pci/") != NULL ? -EADDRINUSE : 0;
}

int
seam_host_link(const struct seam_conf *conf, int tree)
{
	struct dirent *entry;
	int ret = 0;
	size_t i;
	DIR *dir;

	for (i = 0; i < BASE_ARRAY_SIZE(seam_host_dirs) && ret == 0; i++) {
		dir = opendir(seam_host_dirs[i]);
		while (dir != NULL && ret == 0 && (entry = readdir(dir)) != NULL) {
			if (entry->d_name[0] != '.')
				ret = seam_host_link_one(tree, seam_host_dirs[i], entry->d_name);
		}
		if (dir != NULL)
			closedir(dir);
	}
	return ret;
}
