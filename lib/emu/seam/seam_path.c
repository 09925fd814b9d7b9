/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a path is the card's if it lies in a directory that is replaced as a whole,
 * or if it is the entry of one of our PCI functions. The list of PCI devices shows our functions
 * only, like in a virtual machine; entries of the host's own devices stay reachable by name.
 * Links in the tree are relative, so a program that follows them stays in the tree by itself.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "seam_path.h"

#define SEAM_PCI_DEVICES "/sys/bus/pci/devices"
#define SEAM_UVERBS "/dev/infiniband/uverbs"

static const char *const seam_dirs[] = {
	"/sys/class/infiniband",
	"/sys/class/infiniband_verbs",
	"/sys/bus/auxiliary/devices",
	"/dev/infiniband",
};

void
seam_bdf(unsigned int index, char *buf, size_t size)
{
	/* Virtual functions begin at .2, behind the two ports of a usual card. */
	unsigned int devfn = index + 2;

	snprintf(buf, size, "0000:03:%02x.%u", devfn / 8 & 0x1f, devfn % 8);
}

uint64_t
seam_guid(unsigned int index)
{
	return 0x0242c0fffe000000ull + index + 1;
}

/* What follows @p dir in @p path: "" or "/..."; NULL when path is not in it. */
static const char *
seam_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (strncmp(path, dir, len) != 0 || (path[len] != '\0' && path[len] != '/'))
		return NULL;
	return path + len;
}

static bool
seam_is_our_pci(const struct seam_conf *conf, const char *entry)
{
	char bdf[16];
	unsigned int i;

	for (i = 0; i < conf->nb_funcs; i++) {
		seam_bdf(i, bdf, sizeof(bdf));
		if (seam_below(entry, bdf) != NULL)
			return true;
	}
	return false;
}

static bool
seam_is_ours(const struct seam_conf *conf, const char *path)
{
	const char *rest = seam_below(path, SEAM_PCI_DEVICES);
	size_t i;

	if (rest != NULL) {
		rest += strspn(rest, "/");
		return *rest == '\0' || seam_is_our_pci(conf, rest);
	}
	for (i = 0; i < BASE_ARRAY_SIZE(seam_dirs); i++) {
		if (seam_below(path, seam_dirs[i]) != NULL)
			return true;
	}
	return false;
}

int
seam_path_uverbs(const struct seam_conf *conf, const char *path)
{
	unsigned long n;
	char *end;

	if (conf == NULL || path == NULL ||
			strncmp(path, SEAM_UVERBS, sizeof(SEAM_UVERBS) - 1) != 0)
		return -1;
	path += sizeof(SEAM_UVERBS) - 1;
	if (!isdigit((unsigned char)*path))
		return -1;
	n = strtoul(path, &end, 10);
	return *end == '\0' && n < conf->nb_funcs ? (int)n : -1;
}

const char *
seam_path(const struct seam_conf *conf, const char *path, char *buf, size_t size)
{
	int len;

	if (conf == NULL || path == NULL || path[0] != '/' || !seam_is_ours(conf, path))
		return path;
	len = snprintf(buf, size, "%s%s", conf->tree, path);
	return len > 0 && (size_t)len < size ? buf : path;
}
