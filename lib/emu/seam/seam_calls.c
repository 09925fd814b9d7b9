/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: wrappers without any logic of their own. One that takes a path asks
 * seam_path() where it really is and calls the function behind; one that takes a descriptor asks
 * the table. No lock is held while a function of libc runs, and read() and poll() are not wrapped:
 * descriptors that we give out are real memfds and sockets, so a thread may be cancelled in read()
 * and any process may map a page that it was sent.
 *
 * glibc's fopen(), opendir() and scandir() do not go through the public open(), so they have their
 * own wrappers. The __xstat family serves objects built against glibc before 2.33.
 *
 * The build's large-file switch would rename open() to open64() here, so it is taken back.
 */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "seam_fd.h"
#include "seam_path.h"
#include "seam_real.h"

static const struct seam_conf *
seam_conf(void)
{
	return seam_is_stopped() ? NULL : seam_ops.conf();
}

/* --- paths ---------------------------------------------------------------------------------- */

/* A function whose argument "path" may lie in the tree; args calls it with "real" instead. */
#define SEAM_PATH(ret, name, params, args)                                         \
	SEAM_EXPORT ret name params                                                \
	{                                                                          \
		char buf[PATH_MAX];                                                \
		const char *real = seam_path(seam_conf(), path, buf, sizeof(buf)); \
                                                                                   \
		return SEAM_REAL(name) args;                                       \
	}

/* What _FORTIFY_SOURCE makes of some of them. */
ssize_t __readlink_chk(const char *path, char *out, size_t size, size_t room);
ssize_t __readlinkat_chk(int dir, const char *path, char *out, size_t size, size_t room);
char *__realpath_chk(const char *path, char *out, size_t room);

SEAM_PATH(int, chdir, (const char *path), (real))
SEAM_PATH(FILE *, fopen, (const char *path, const char *mode), (real, mode))
SEAM_PATH(FILE *, fopen64, (const char *path, const char *mode), (real, mode))
SEAM_PATH(DIR *, opendir, (const char *path), (real))
SEAM_PATH(int, access, (const char *path, int mode), (real, mode))
SEAM_PATH(int, faccessat, (int dir, const char *path, int mode, int flags),
		(dir, real, mode, flags))
SEAM_PATH(ssize_t, readlink, (const char *path, char *out, size_t size), (real, out, size))
SEAM_PATH(ssize_t, readlinkat, (int dir, const char *path, char *out, size_t size),
		(dir, real, out, size))
SEAM_PATH(char *, realpath, (const char *path, char *out), (real, out))
SEAM_PATH(char *, canonicalize_file_name, (const char *path), (real))
SEAM_PATH(int, euidaccess, (const char *path, int mode), (real, mode))
SEAM_PATH(int, eaccess, (const char *path, int mode), (real, mode))
SEAM_PATH(ssize_t, __readlink_chk, (const char *path, char *out, size_t size, size_t room),
		(real, out, size, room))
SEAM_PATH(ssize_t, __readlinkat_chk,
		(int dir, const char *path, char *out, size_t size, size_t room),
		(dir, real, out, size, room))
SEAM_PATH(char *, __realpath_chk, (const char *path, char *out, size_t room), (real, out, room))
SEAM_PATH(int, scandirat,
		(int dir, const char *path, struct dirent ***list,
				int (*pick)(const struct dirent *),
				int (*cmp)(const struct dirent **, const struct dirent **)),
		(dir, real, list, pick, cmp))
SEAM_PATH(int, scandir,
		(const char *path, struct dirent ***list, int (*pick)(const struct dirent *),
				int (*cmp)(const struct dirent **, const struct dirent **)),
		(real, list, pick, cmp))
SEAM_PATH(int, scandir64,
		(const char *path, struct dirent64 ***list, int (*pick)(const struct dirent64 *),
				int (*cmp)(const struct dirent64 **, const struct dirent64 **)),
		(real, list, pick, cmp))

/* --- open ----------------------------------------------------------------------------------- */

/* Which function's device file "path" is, seen from the directory "dir"; -1: none. */
static int
seam_uverbs_at(const struct seam_conf *conf, int dir, const char *path)
{
	const char *name = conf != NULL && path != NULL ? strrchr(path, '/') : NULL;
	char link[32], where[PATH_MAX];
	ssize_t len;

	if (conf == NULL || path == NULL)
		return -1;
	if (path[0] == '/')
		return seam_path_uverbs(conf, path);
	/* Nearly every relative path is done here. */
	if (strncmp(name != NULL ? name + 1 : path, "uverbs", 6) != 0)
		return -1;
	if (dir == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/self/cwd");
	else
		snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	len = SEAM_REAL(readlink)(link, where, sizeof(where) - 1);
	if (len <= 0)
		return -1;
	where[len] = '\0';
	return seam_path_uverbs_in(conf, where, path);
}

/* A thread that is cancelled in here would keep the card's locks. */
static int
seam_open_uverbs(unsigned int index, int flags)
{
	int old, fd;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	fd = seam_ops.open(index, flags);
	pthread_setcancelstate(old, NULL);
	if (fd >= 0)
		return fd;
	errno = -fd;
	return -1;
}

/* Opens a device file of ours, else calls the real function with the place in the tree. */
#define SEAM_OPEN_BODY(dir, call)                                    \
	const struct seam_conf *conf = seam_conf();                  \
	int index = seam_uverbs_at(conf, dir, path);                 \
	char buf[PATH_MAX];                                          \
	const char *real;                                            \
                                                                     \
	if (index >= 0)                                              \
		return seam_open_uverbs((unsigned int)index, flags); \
	real = seam_path(conf, path, buf, sizeof(buf));              \
	return call;

/* The mode is there only if a file may be created; reading it anyway is harmless on no ABI. */
#define SEAM_MODE(mode)                                                   \
	if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) { \
		va_list ap;                                               \
                                                                          \
		va_start(ap, flags);                                      \
		(mode) = va_arg(ap, mode_t);                              \
		va_end(ap);                                               \
	}

#define SEAM_OPEN(name)                                                      \
	SEAM_EXPORT int name(const char *path, int flags, ...)               \
	{                                                                    \
		mode_t mode = 0;                                             \
                                                                             \
		SEAM_MODE(mode)                                              \
		SEAM_OPEN_BODY(AT_FDCWD, SEAM_REAL(name)(real, flags, mode)) \
	}

#define SEAM_OPENAT(name)                                                    \
	SEAM_EXPORT int name(int dir, const char *path, int flags, ...)      \
	{                                                                    \
		mode_t mode = 0;                                             \
                                                                             \
		SEAM_MODE(mode)                                              \
		SEAM_OPEN_BODY(dir, SEAM_REAL(name)(dir, real, flags, mode)) \
	}

SEAM_OPEN(open)
SEAM_OPEN(open64)
SEAM_OPENAT(openat)
SEAM_OPENAT(openat64)

/* What _FORTIFY_SOURCE makes of open() without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

SEAM_EXPORT int
__open_2(const char *path, int flags){ SEAM_OPEN_BODY(AT_FDCWD, SEAM_REAL(__open_2)(real, flags)) }

SEAM_EXPORT int __open64_2(const char *path,
		int flags){ SEAM_OPEN_BODY(AT_FDCWD, SEAM_REAL(__open64_2)(real, flags)) }

SEAM_EXPORT int __openat_2(int dir, const char *path,
		int flags){ SEAM_OPEN_BODY(dir, SEAM_REAL(__openat_2)(dir, real, flags)) }

SEAM_EXPORT int __openat64_2(int dir, const char *path, int flags)
{
	SEAM_OPEN_BODY(dir, SEAM_REAL(__openat64_2)(dir, real, flags))
}

/* --- stat ----------------------------------------------------------------------------------- */

/* What a device file looks like, whatever file stands in for it. */
#define SEAM_LOOK(st, rdev)                     \
	do {                                    \
		(st)->st_mode = S_IFCHR | 0666; \
		(st)->st_rdev = (rdev);         \
	} while (0)

static dev_t
seam_rdev(int index)
{
	const struct seam_conf *conf = seam_ops.conf();
	unsigned int first = conf != NULL ? conf->first : 0;

	return makedev(SEAM_UVERBS_MAJOR, SEAM_UVERBS_MINOR + first + (unsigned int)index);
}

#define SEAM_STAT_BODY(dir, call)                                   \
	const struct seam_conf *conf = seam_conf();                 \
	int index = seam_uverbs_at(conf, dir, path);                \
	char buf[PATH_MAX];                                         \
	const char *real = seam_path(conf, path, buf, sizeof(buf)); \
	int ret = call;                                             \
                                                                    \
	if (ret == 0 && index >= 0)                                 \
		SEAM_LOOK(st, seam_rdev(index));                    \
	return ret;

#define SEAM_FSTAT_BODY(call)                                \
	struct seam_node *node;                              \
	int ret = call;                                      \
                                                             \
	if (ret != 0)                                        \
		return ret;                                  \
	node = seam_fd_get(fd);                              \
	if (node != NULL) {                                  \
		if (seam_node_rdev(node) != 0)               \
			SEAM_LOOK(st, seam_node_rdev(node)); \
		seam_fd_put(node);                           \
	}                                                    \
	return ret;

/* AT_EMPTY_PATH (a descriptor in disguise) is looked at by statx() only, which libc uses so. */
#define SEAM_STATS(suffix)                                                                      \
	SEAM_EXPORT int stat##suffix(const char *path, struct stat##suffix *st){                \
		SEAM_STAT_BODY(AT_FDCWD, SEAM_REAL(stat##suffix)(real, st))                     \
	} SEAM_EXPORT int lstat##suffix(const char *path, struct stat##suffix *st){             \
		SEAM_STAT_BODY(AT_FDCWD, SEAM_REAL(lstat##suffix)(real, st))                    \
	} SEAM_EXPORT int fstatat##suffix(int dir, const char *path, struct stat##suffix *st,   \
			int flags){                                                             \
		SEAM_STAT_BODY(dir, SEAM_REAL(fstatat##suffix)(dir, real, st, flags))           \
	} SEAM_EXPORT int fstat##suffix(int fd, struct stat##suffix *st)                        \
	{                                                                                       \
		SEAM_FSTAT_BODY(SEAM_REAL(fstat##suffix)(fd, st))                               \
	}                                                                                       \
	int __xstat##suffix(int ver, const char *path, struct stat##suffix *st);                \
	int __lxstat##suffix(int ver, const char *path, struct stat##suffix *st);               \
	int __fxstat##suffix(int ver, int fd, struct stat##suffix *st);                         \
	int __fxstatat##suffix(int ver, int dir, const char *path, struct stat##suffix *st,     \
			int flags);                                                             \
	SEAM_EXPORT int __xstat##suffix(int ver, const char *path, struct stat##suffix *st){    \
		SEAM_STAT_BODY(AT_FDCWD, SEAM_REAL(__xstat##suffix)(ver, real, st))             \
	} SEAM_EXPORT int __lxstat##suffix(int ver, const char *path, struct stat##suffix *st){ \
		SEAM_STAT_BODY(AT_FDCWD, SEAM_REAL(__lxstat##suffix)(ver, real, st))            \
	} SEAM_EXPORT int __fxstat##suffix(int ver, int fd, struct stat##suffix *st){           \
		SEAM_FSTAT_BODY(SEAM_REAL(__fxstat##suffix)(ver, fd, st))                       \
	} SEAM_EXPORT int __fxstatat##suffix(int ver, int dir, const char *path,                \
			struct stat##suffix *st, int flags)                                     \
	{                                                                                       \
		SEAM_STAT_BODY(dir, SEAM_REAL(__fxstatat##suffix)(ver, dir, real, st, flags))   \
	}

SEAM_STATS()
SEAM_STATS(64)

/* Newer kernels take NULL for it, too, whatever libc's declaration says. */
static bool
seam_is_empty(const char *path)
{
	return path == NULL || path[0] == '\0';
}

SEAM_EXPORT int
statx(int dir, const char *path, int flags, unsigned int mask, struct statx *st)
{
	const struct seam_conf *conf = seam_conf();
	int index = seam_uverbs_at(conf, dir, path), ret;
	dev_t rdev = index >= 0 ? seam_rdev(index) : 0;
	struct seam_node *node = NULL;
	char buf[PATH_MAX];

	ret = SEAM_REAL(statx)(dir, seam_path(conf, path, buf, sizeof(buf)), flags, mask, st);
	if (ret != 0)
		return ret;
	if ((flags & AT_EMPTY_PATH) != 0 && seam_is_empty(path))
		node = seam_fd_get(dir);
	if (node != NULL) {
		rdev = seam_node_rdev(node);
		seam_fd_put(node);
	}
	if (rdev != 0) {
		st->stx_mode = S_IFCHR | 0666;
		st->stx_rdev_major = major(rdev);
		st->stx_rdev_minor = minor(rdev);
	}
	return 0;
}
