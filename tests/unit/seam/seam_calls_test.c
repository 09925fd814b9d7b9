/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wrappers stand in front of this test's own libc calls, as they do in a program: paths of the
 * tree, the device file, numbers that are closed behind the seam's back and reused, many threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seam.h"
#include "seam_path.h"

#define CMD 0x1234ul

static struct seam_conf conf = { .nb_funcs = 2 };
static atomic_uint nb_ioctls, nb_closed;
static atomic_bool on;

static int
served_ioctl(void *arg, unsigned long cmd, uint64_t argp)
{
	nb_ioctls++;
	return cmd == CMD ? (int)argp : -ENOTTY;
}

static void
served_closed(void *arg)
{
	nb_closed++;
}

static const struct seam_fd_ops served = { served_ioctl, served_closed };

static const struct seam_conf *
get_conf(void)
{
	return on ? &conf : NULL;
}

static int
open_device(unsigned int index, int flags)
{
	int fd = memfd_create("device", MFD_CLOEXEC);

	assert_int_equal(seam_fd_add(fd, &served, NULL,
					 makedev(SEAM_UVERBS_MAJOR, SEAM_UVERBS_MINOR + index)),
			0);
	return fd;
}

const struct seam_ops seam_ops = { .conf = get_conf, .open = open_device };

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static char tree[] = "/tmp/seam-test-XXXXXX";

static int
make_tree(void **state)
{
	assert_non_null(mkdtemp(tree));
	conf.tree = tree;
	assert_int_equal(seam_tree_write(&conf), 0);
	assert_int_equal(seam_tree_write(&conf), 0); /* a second time does no harm */
	on = true;
	return 0;
}

static int
remove_tree(void **state)
{
	on = false;
	return nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
test_tree(void **state)
{
	char line[64] = "", link[256];
	struct dirent *entry;
	unsigned int nb = 0;
	FILE *file;
	DIR *dir;
	int fd;

	file = fopen("/sys/class/infiniband/mlx5_1/device/device", "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	assert_string_equal(line, "0x101e\n");
	dir = opendir("/sys/bus/pci/devices");
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		nb += entry->d_name[0] != '.';
	assert_int_equal(nb, conf.nb_funcs);
	fd = openat(dirfd(dir), "0000:03:00.3/vendor", O_RDONLY); /* relative: in the tree anyway */
	assert_true(fd >= 0);
	close(fd);
	closedir(dir);
	memset(link, 0, sizeof(link));
	assert_true(readlink("/sys/bus/pci/devices/0000:03:00.2/driver", link, sizeof(link)) > 0);
	assert_string_equal(strrchr(link, '/'), "/mlx5_core");
	assert_int_equal(access("/sys/bus/auxiliary/devices", F_OK), 0);
	assert_int_equal(access("/sys/class/infiniband/mlx5_2", F_OK), -1);
}

static void
test_device(void **state)
{
	unsigned int closed = nb_closed;
	struct stat st;
	int fd;

	assert_int_equal(stat("/dev/infiniband/uverbs1", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(minor(st.st_rdev), SEAM_UVERBS_MINOR + 1);
	assert_int_equal(open("/dev/infiniband/uverbs2", O_RDWR), -1);
	assert_int_equal(errno, ENOENT);
	fd = open("/dev/infiniband/uverbs1", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(major(st.st_rdev), SEAM_UVERBS_MAJOR);
	assert_int_equal(ioctl(fd, CMD, (void *)7), 7);
	assert_int_equal(ioctl(fd, CMD, (void *)(intptr_t)-EBUSY), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(close(fd), 0);
	assert_int_equal(nb_closed, closed + 1);
	assert_int_equal(close(fd), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(nb_closed, closed + 1);
}

/* What libc offers besides: relative names, other ways to look, and what fortified programs call. */
int __open_2(const char *path, int flags);
int __xstat(int ver, const char *path, struct stat *st);
ssize_t __readlink_chk(const char *path, char *out, size_t size, size_t room);

static void
test_other_ways(void **state)
{
	char here[4096], link[256] = "", *real;
	struct statx stx;
	struct dirent **list;
	struct stat st;
	int dir, fd, nb;

	assert_non_null(getcwd(here, sizeof(here)));
	dir = open("/dev/infiniband", O_DIRECTORY | O_RDONLY);
	fd = openat(dir, "uverbs1", O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, CMD, (void *)7), 7);
	assert_int_equal(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx), 0);
	assert_int_equal(stx.stx_rdev_major, SEAM_UVERBS_MAJOR);
	assert_int_equal(stx.stx_rdev_minor, SEAM_UVERBS_MINOR + 1);
	close(fd);
	assert_int_equal(statx(dir, "uverbs0", 0, STATX_BASIC_STATS, &stx), 0);
	assert_true(S_ISCHR(stx.stx_mode));
	assert_int_equal(fstatat(dir, "uverbs0", &st, 0), 0);
	assert_int_equal(minor(st.st_rdev), SEAM_UVERBS_MINOR);
	close(dir);
	assert_int_equal(chdir("/sys/class/infiniband"), 0);
	assert_int_equal(access("mlx5_1/node_type", R_OK), 0);
	assert_int_equal(access("mlx5_2", F_OK), -1);
	assert_int_equal(chdir("/dev/infiniband"), 0);
	fd = open("uverbs0", O_RDWR);
	assert_int_equal(ioctl(fd, CMD, (void *)7), 7);
	close(fd);
	assert_int_equal(chdir(here), 0);
	assert_int_equal(open("uverbs0", O_RDWR), -1);
	fd = __open_2("/dev/infiniband/uverbs0", O_RDWR);
	assert_int_equal(ioctl(fd, CMD, (void *)7), 7);
	close(fd);
	assert_int_equal(__xstat(1, "/dev/infiniband/uverbs0", &st), 0);
	assert_int_equal(minor(st.st_rdev), SEAM_UVERBS_MINOR);
	assert_true(__readlink_chk("/sys/bus/pci/devices/0000:03:00.2/driver", link, 255, 255) > 0);
	real = realpath("/sys/class/infiniband/mlx5_0/device", NULL);
	assert_non_null(real);
	assert_non_null(strstr(real, tree));
	free(real);
	nb = scandir("/sys/class/infiniband", &list, NULL, alphasort);
	assert_int_equal(nb, 4); /* with "." and ".." */
	while (nb > 0)
		free(list[--nb]);
	free(list);
}

static void
test_closed_behind_our_back(void **state)
{
	unsigned int closed = nb_closed, ioctls = nb_ioctls;
	int fd = open("/dev/infiniband/uverbs0", O_RDWR), other = memfd_create("other", 0), i;

	assert_true(fd >= 0 && other >= 0);
	assert_int_equal(dup2(other, fd), fd); /* not the device any more */
	assert_int_equal(ioctl(fd, CMD, NULL), -1);
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(nb_ioctls, ioctls);
	assert_int_equal(nb_closed, closed + 1);
	close(fd);
	close(other);
	assert_int_equal(nb_closed, closed + 1);
	for (i = 0; i < 3; i++) { /* the number is used again for a device */
		fd = open("/dev/infiniband/uverbs0", O_RDWR);
		assert_int_equal(ioctl(fd, CMD, NULL), 0);
		syscall(SYS_close, fd);
	}
	fd = open("/dev/infiniband/uverbs0", O_RDWR);
	close(fd);
	assert_int_equal(nb_closed, closed + 5);
}

static void
test_foreign(void **state)
{
	int fd = open("/dev/null", O_RDWR), ret;

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, CMD, NULL), -1);
	close(fd);
	ret = socket(AF_NETLINK, SOCK_RAW, NETLINK_RDMA);
	assert_int_equal(ret, -1);
	assert_int_equal(errno, EPROTONOSUPPORT);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	close(fd);
	on = false;
	assert_int_equal(access("/sys/class/infiniband/mlx5_0", F_OK), -1);
	on = true;
	assert_int_equal(access("/sys/class/infiniband/mlx5_0", F_OK), 0);
}

/* Threads open, call and close; their numbers are each other's a moment later. */
static void *
hammer(void *arg)
{
	unsigned long i;

	for (i = 0; i < 2000; i++) {
		int fd = open(i % 2 != 0 ? "/dev/infiniband/uverbs0" : "/dev/null", O_RDWR);
		int ret = ioctl(fd, CMD, (void *)1);

		if (ret != (i % 2 != 0 ? 1 : -1))
			return (void *)(uintptr_t) "a call went to the wrong file";
		if (close(fd) != 0)
			return (void *)(uintptr_t) "close failed";
	}
	return NULL;
}

static void
test_threads(void **state)
{
	unsigned int closed = nb_closed, i;
	pthread_t threads[4];
	void *what;

	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &what);
		assert_null(what);
	}
	assert_int_equal(nb_closed, closed + 4 * 1000);
}

static void
test_stop(void **state)
{
	int fd = open("/dev/infiniband/uverbs0", O_RDWR), status;
	pid_t pid = fork();

	if (pid == 0) {
		seam_stop(); /* what the assembly does in a child */
		_exit(ioctl(fd, CMD, NULL) == -1 && errno == ENOTTY && close(fd) == 0 &&
								access("/sys/class/infiniband/mlx5_0",
										F_OK) != 0 ?
						0 :
						1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(ioctl(fd, CMD, NULL), 0);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_other_ways),
		cmocka_unit_test(test_closed_behind_our_back),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
