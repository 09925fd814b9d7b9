/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what is mapped where is asked of the kernel: PROCMAP_QUERY where it has it
 * (6.11), else the text of /proc/self/maps.
 *
 * The file behind a shared area is found in two ways. /proc/self/map_files has a link for each
 * area, which needs a privilege (CAP_CHECKPOINT_RESTORE, CAP_SYS_ADMIN); without it the
 * descriptors of the process are searched for one of the same file that is open for what is
 * needed. Whoever maps huge pages or guest memory keeps such a descriptor more often than not.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mib_vma.h"

/* linux uapi (linux/fs.h of 6.11), for headers that are older. */
struct mib_procmap_query {
	uint64_t size;
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags;
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size;
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
};
#define MIB_PROCMAP_QUERY _IOWR('f', 17, struct mib_procmap_query)

int
mib_vma_open(void)
{
	return open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
}

/* 0, -ENOENT, or -ENOTTY: this kernel cannot be asked so. */
static int
mib_vma_query(int maps, uint64_t addr, struct mib_vma *vma)
{
	struct mib_procmap_query q = { .size = sizeof(q), .query_addr = addr };

	if (ioctl(maps, MIB_PROCMAP_QUERY, &q) != 0)
		return errno == ENOENT ? -ENOENT : -ENOTTY;
	*vma = (struct mib_vma){ q.vma_start, q.vma_end, (uint32_t)q.vma_flags, q.vma_offset,
		q.vma_page_size, q.inode, q.dev_major, q.dev_minor };
	return 0;
}

static bool
mib_vma_parse(const char *line, struct mib_vma *vma)
{
	char r, w, x, s;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %c%c%c%c %" SCNx64 " %x:%x %" SCNu64, &vma->start,
			    &vma->end, &r, &w, &x, &s, &vma->offset, &vma->dev_major,
			    &vma->dev_minor, &vma->inode) != 10)
		return false;
	vma->flags = (r == 'r' ? MIB_VMA_READ : 0u) | (w == 'w' ? MIB_VMA_WRITE : 0u) |
			(s == 's' ? MIB_VMA_SHARED : 0u);
	vma->page_size = (uint64_t)sysconf(_SC_PAGESIZE); /* not told here */
	return true;
}

static int
mib_vma_scan(uint64_t addr, struct mib_vma *vma)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char *line = NULL;
	size_t size = 0;
	int ret = -ENOENT;

	if (maps == NULL)
		return -errno;
	while (ret == -ENOENT && getline(&line, &size, maps) > 0) {
		if (mib_vma_parse(line, vma) && addr >= vma->start && addr < vma->end)
			ret = 0;
	}
	free(line);
	fclose(maps);
	return ret;
}

int
mib_vma_find(int maps, uint64_t addr, struct mib_vma *vma)
{
	int ret = maps >= 0 ? mib_vma_query(maps, addr, vma) : -ENOTTY;

	return ret == -ENOTTY ? mib_vma_scan(addr, vma) : ret;
}

/* --- the file behind ------------------------------------------------------------------------ */

static int
mib_vma_mode(const struct mib_vma *vma)
{
	return (vma->flags & MIB_VMA_WRITE) != 0 ? O_RDWR : O_RDONLY;
}

/* Is @p fd open for the area's file and its way of access? */
static bool
mib_vma_is_file(const struct mib_vma *vma, int fd)
{
	int mode = fcntl(fd, F_GETFL);
	struct stat st;

	if (mode < 0 || (mode & O_PATH) != 0 || fstat(fd, &st) != 0)
		return false;
	mode &= O_ACCMODE;
	return st.st_ino == vma->inode && major(st.st_dev) == vma->dev_major &&
			minor(st.st_dev) == vma->dev_minor &&
			(mode == O_RDWR || mode == mib_vma_mode(vma));
}

static int
mib_vma_search_fds(const struct mib_vma *vma)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int own = -ENOENT;

	if (dir == NULL)
		return -errno;
	while (own < 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || !mib_vma_is_file(vma, atoi(entry->d_name)))
			continue;
		own = fcntl(atoi(entry->d_name), F_DUPFD_CLOEXEC, 0);
		/* The number may have got another file in between. */
		if (own >= 0 && !mib_vma_is_file(vma, own)) {
			close(own);
			own = -ENOENT;
		}
	}
	closedir(dir);
	return own;
}

int
mib_vma_open_file(const struct mib_vma *vma)
{
	char path[80];
	int fd;

	if ((vma->flags & MIB_VMA_SHARED) == 0 || vma->inode == 0)
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/self/map_files/%" PRIx64 "-%" PRIx64, vma->start,
			vma->end);
	fd = open(path, mib_vma_mode(vma) | O_CLOEXEC);
	return fd >= 0 ? fd : mib_vma_search_fds(vma);
}
