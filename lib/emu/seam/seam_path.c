/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a path is the card's if it lies in a directory that is replaced as a whole,
 * or if it is the entry of one of our PCI functions. The list of PCI devices shows our functions
 * only, like in a virtual machine; entries of the host's own devices stay reachable by name.
 * Links in the tree are relative, so a program that follows them stays in the tree by itself.
 */
#include <ctype.h>
#include <limits.h>
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
	char bdf[SEAM_BDF_SIZE];
	unsigned int i;

	for (i = 0; i < conf->nb_funcs; i++) {
		seam_bdf(conf, i, bdf);
		if (conf->kind[i] != SEAM_SF && seam_below(entry, bdf) != NULL)
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

/* The number behind the name of a device file, or -1. */
static int
seam_uverbs_number(const struct seam_conf *conf, const char *text)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -1;
	n = strtoul(text, &end, 10);
	if (*end != '\0' || n < conf->first || n - conf->first >= conf->nb_funcs)
		return -1;
	return (int)(n - conf->first);
}

/*
 * Takes "//" and "/./" out, as the kernel would; ".." stays, because what it means depends on links.
 * @return path itself when there is nothing to do or no room.
 */
static const char *
seam_squeeze(const char *path, char *buf, size_t size)
{
	size_t len = 0;

	if ((strstr(path, "//") == NULL && strstr(path, "/./") == NULL) || strlen(path) >= size)
		return path;
	while (*path != '\0') {
		while (path[0] == '/' && (path[1] == '/' || (path[1] == '.' && path[2] == '/')))
			path += path[1] == '/' ? 1 : 2;
		buf[len++] = *path++;
	}
	buf[len] = '\0';
	return buf;
}

int
seam_path_uverbs(const struct seam_conf *conf, const char *path)
{
	char buf[64];

	if (conf == NULL || path == NULL || path[0] != '/')
		return -1;
	path = seam_squeeze(path, buf, sizeof(buf));
	if (strncmp(path, SEAM_UVERBS, sizeof(SEAM_UVERBS) - 1) != 0)
		return -1;
	return seam_uverbs_number(conf, path + sizeof(SEAM_UVERBS) - 1);
}

int
seam_path_uverbs_in(const struct seam_conf *conf, const char *dir, const char *path)
{
	size_t len = strlen(conf->tree);
	const char *file;

	/* The directory may be any above it, and the path may go the rest of the way. */
	if (strncmp(dir, conf->tree, len) != 0 || strlen(dir) > len + sizeof(SEAM_UVERBS))
		return -1;
	dir += len;
	file = SEAM_UVERBS;
	if (strncmp(dir, file, strlen(dir)) != 0)
		return -1;
	file += strlen(dir);
	file += *file == '/';
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	if (strncmp(path, file, strlen(file)) != 0)
		return -1;
	return seam_uverbs_number(conf, path + strlen(file));
}

const char *
seam_path(const struct seam_conf *conf, const char *path, char *buf, size_t size)
{
	char squeezed[PATH_MAX];
	const char *plain;
	int len;

	if (conf == NULL || path == NULL || path[0] != '/')
		return path;
	plain = seam_squeeze(path, squeezed, sizeof(squeezed));
	if (!seam_is_ours(conf, plain))
		return path;
	len = snprintf(buf, size, "%s%s", conf->tree, plain);
	return len > 0 && (size_t)len < size ? buf : path;
}
