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
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "seam_fd.h"
#include "seam_path.h"
#include "seam_real.h"

#define SEAM_EXPORT __attribute__((visibility("default")))

#define SEAM_REAL(name)                                       \
	__extension__({                                       \
		static void *cache_;                          \
		(__typeof__(&name))seam_real(&cache_, #name); \
	})

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
SEAM_PATH(int, scandir,
		(const char *path, struct dirent ***list, int (*pick)(const struct dirent *),
				int (*cmp)(const struct dirent **, const struct dirent **)),
		(real, list, pick, cmp))
SEAM_PATH(int, scandir64,
		(const char *path, struct dirent64 ***list, int (*pick)(const struct dirent64 *),
				int (*cmp)(const struct dirent64 **, const struct dirent64 **)),
		(real, list, pick, cmp))

/* --- open ----------------------------------------------------------------------------------- */

static int
seam_open_uverbs(unsigned int index, int flags)
{
	int fd = seam_ops.open(index, flags);

	if (fd >= 0)
		return fd;
	errno = -fd;
	return -1;
}

/* Opens a device file of ours, else calls the real function with the place in the tree. */
#define SEAM_OPEN_BODY(call)                                         \
	const struct seam_conf *conf = seam_conf();                  \
	int index = seam_path_uverbs(conf, path);                    \
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

#define SEAM_OPEN(name)                                            \
	SEAM_EXPORT int name(const char *path, int flags, ...)     \
	{                                                          \
		mode_t mode = 0;                                   \
                                                                   \
		SEAM_MODE(mode)                                    \
		SEAM_OPEN_BODY(SEAM_REAL(name)(real, flags, mode)) \
	}

#define SEAM_OPENAT(name)                                               \
	SEAM_EXPORT int name(int dir, const char *path, int flags, ...) \
	{                                                               \
		mode_t mode = 0;                                        \
                                                                        \
		SEAM_MODE(mode)                                         \
		SEAM_OPEN_BODY(SEAM_REAL(name)(dir, real, flags, mode)) \
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
__open_2(const char *path, int flags){ SEAM_OPEN_BODY(SEAM_REAL(__open_2)(real, flags)) }

SEAM_EXPORT int __open64_2(const char *path,
		int flags){ SEAM_OPEN_BODY(SEAM_REAL(__open64_2)(real, flags)) }

SEAM_EXPORT int __openat_2(int dir, const char *path,
		int flags){ SEAM_OPEN_BODY(SEAM_REAL(__openat_2)(dir, real, flags)) }

SEAM_EXPORT int __openat64_2(int dir, const char *path, int flags)
{
	SEAM_OPEN_BODY(SEAM_REAL(__openat64_2)(dir, real, flags))
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
	return makedev(SEAM_UVERBS_MAJOR, SEAM_UVERBS_MINOR + (unsigned int)index);
}

#define SEAM_STAT_BODY(call)                                        \
	const struct seam_conf *conf = seam_conf();                 \
	int index = seam_path_uverbs(conf, path);                   \
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

/* Without AT_EMPTY_PATH (a descriptor in disguise) as nobody here needs it. */
#define SEAM_STATS(suffix)                                                                      \
	SEAM_EXPORT int stat##suffix(const char *path, struct stat##suffix *st){                \
		SEAM_STAT_BODY(SEAM_REAL(stat##suffix)(real, st))                               \
	} SEAM_EXPORT int lstat##suffix(const char *path, struct stat##suffix *st){             \
		SEAM_STAT_BODY(SEAM_REAL(lstat##suffix)(real, st))                              \
	} SEAM_EXPORT int fstatat##suffix(int dir, const char *path, struct stat##suffix *st,   \
			int flags){                                                             \
		SEAM_STAT_BODY(SEAM_REAL(fstatat##suffix)(dir, real, st, flags))                \
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
		SEAM_STAT_BODY(SEAM_REAL(__xstat##suffix)(ver, real, st))                       \
	} SEAM_EXPORT int __lxstat##suffix(int ver, const char *path, struct stat##suffix *st){ \
		SEAM_STAT_BODY(SEAM_REAL(__lxstat##suffix)(ver, real, st))                      \
	} SEAM_EXPORT int __fxstat##suffix(int ver, int fd, struct stat##suffix *st){           \
		SEAM_FSTAT_BODY(SEAM_REAL(__fxstat##suffix)(ver, fd, st))                       \
	} SEAM_EXPORT int __fxstatat##suffix(int ver, int dir, const char *path,                \
			struct stat##suffix *st, int flags)                                     \
	{                                                                                       \
		SEAM_STAT_BODY(SEAM_REAL(__fxstatat##suffix)(ver, dir, real, st, flags))        \
	}

SEAM_STATS()
SEAM_STATS(64)

/* --- descriptors ---------------------------------------------------------------------------- */

SEAM_EXPORT int
ioctl(int fd, unsigned long cmd, ...)
{
	struct seam_node *node;
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	node = seam_fd_get(fd);
	if (node == NULL)
		return SEAM_REAL(ioctl)(fd, cmd, arg);
	if (seam_node_ops(node)->ioctl == NULL)
		ret = SEAM_REAL(ioctl)(fd, cmd, arg) == 0 ? 0 : -errno;
	else
		ret = seam_node_ops(node)->ioctl(seam_node_arg(node), cmd, (uintptr_t)arg);
	seam_fd_put(node);
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

SEAM_EXPORT int
close(int fd)
{
	/* Out of the table first: the number may belong to somebody else right after the close. */
	struct seam_node *node = seam_fd_del(fd);
	int ret = SEAM_REAL(close)(fd);

	if (node != NULL) {
		int saved = errno;

		seam_fd_put(node);
		errno = saved;
	}
	return ret;
}

SEAM_EXPORT int
socket(int family, int type, int protocol)
{
	/* libibverbs asks the kernel for devices first and reads sysfs only if it cannot. */
	if (family == AF_NETLINK && protocol == NETLINK_RDMA && seam_conf() != NULL) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	return SEAM_REAL(socket)(family, type, protocol);
}
