/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors as programs treat them: copies of the device's descriptor are the device, the last
 * one that is closed closes it, by whatever call; children and cancelled threads do no harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#if defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#endif
#ifndef HAS_TSAN
#define HAS_TSAN 0
#endif

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seam.h"

#define CMD 0x1234ul
#define CMD_CANCEL 0x1235ul
#define FREE_FD 200 /* a number that nobody uses here */

static const struct seam_conf conf = { .tree = "/nowhere", .nb_funcs = 1 };
static atomic_uint nb_closed;

static int
served_ioctl(void *arg, unsigned long cmd, uint64_t argp)
{
	/* What a write() to the log would do to a thread that was cancelled. */
	if (cmd == CMD_CANCEL)
		pthread_testcancel();
	return (int)argp;
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
	return &conf;
}

static int
open_device(unsigned int index, int flags)
{
	int fd = memfd_create("device", MFD_CLOEXEC);

	assert_int_equal(seam_fd_add(fd, &served, NULL, 0), 0);
	return fd;
}

const struct seam_ops seam_ops = { .conf = get_conf, .open = open_device };

static bool
is_served(int fd)
{
	return ioctl(fd, CMD, 7) == 7;
}

static int
copy_dup(int fd)
{
	return dup(fd);
}

static int
copy_dup2(int fd)
{
	return dup2(fd, FREE_FD);
}

static int
copy_dup3(int fd)
{
	return dup3(fd, FREE_FD, O_CLOEXEC);
}

static int
copy_fcntl(int fd)
{
	return fcntl(fd, F_DUPFD, FREE_FD);
}

static int
copy_fcntl_cloexec(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, FREE_FD);
}

static void
test_copies(void **state)
{
	static int (*const copy[])(int fd) = { copy_dup, copy_dup2, copy_dup3, copy_fcntl,
		copy_fcntl_cloexec };
	unsigned int closed, i;
	int fd, other, third;

	for (i = 0; i < sizeof(copy) / sizeof(copy[0]); i++) {
		closed = nb_closed;
		fd = open("/dev/infiniband/uverbs0", O_RDWR);
		assert_true(fd >= 0);
		other = copy[i](fd);
		assert_true(other >= 0 && other != fd);
		assert_true(is_served(other));
		close(fd);
		assert_int_equal(nb_closed, closed);
		assert_true(is_served(other));
		third = dup(other); /* a copy of a copy */
		close(other);
		assert_true(is_served(third));
		assert_int_equal(nb_closed, closed);
		close(third);
		assert_int_equal(nb_closed, closed + 1);
	}
}

static void
test_replaced(void **state)
{
	unsigned int closed = nb_closed;
	int fd = open("/dev/infiniband/uverbs0", O_RDWR);
	int other = open("/dev/infiniband/uverbs0", O_RDWR), null = open("/dev/null", O_RDONLY);

	assert_int_equal(dup2(fd, fd), fd); /* does nothing */
	assert_true(is_served(fd));
	assert_int_equal(dup2(fd, other), other);
	assert_int_equal(nb_closed, closed + 1);
	assert_int_equal(dup2(fd, -1), -1); /* fails, and nothing has changed */
	assert_int_equal(dup3(fd, fd, 0), -1);
	assert_true(is_served(fd) && is_served(other));
	assert_int_equal(dup3(null, fd, 0), fd);
	assert_false(is_served(fd));
	assert_true(is_served(other));
	assert_int_equal(dup2(-1, other), -1);
	assert_true(is_served(other));
	close(other);
	assert_int_equal(nb_closed, closed + 2);
	close(fd);
	close(null);
}

static void
test_ranges(void **state)
{
	unsigned int closed = nb_closed;
	int low = open("/dev/infiniband/uverbs0", O_RDWR), high, i;

	for (i = 0; i < 3; i++) {
		high = fcntl(low, F_DUPFD, FREE_FD);
		close(low);
		low = open("/dev/infiniband/uverbs0", O_RDWR);
		assert_true(low < FREE_FD);
		closed = nb_closed;
		if (i == 0) {
			assert_int_equal(close_range(FREE_FD, ~0u, CLOSE_RANGE_CLOEXEC), 0);
			assert_true(is_served(high));
			assert_int_equal(close_range(9, 8, 0), -1);
			assert_int_equal(close_range(FREE_FD, ~0u, 0), 0);
		} else if (i == 1) {
			closefrom(FREE_FD);
		} else {
			assert_int_equal(syscall(SYS_close_range, FREE_FD, ~0u, 0), 0);
			assert_int_equal(ioctl(high, CMD, 0), -1);
			/* noticed late: when the number is used again */
			assert_int_equal(fcntl(low, F_DUPFD, FREE_FD), high);
			close(high);
		}
		assert_int_equal(nb_closed, closed + 1);
		assert_true(is_served(low));
	}
	close(low);
}

/* A child that has its own descriptors but our memory: what it closes is not ours. */
static void
test_vfork(void **state)
{
	unsigned int closed = nb_closed;
	int fd = open("/dev/infiniband/uverbs0", O_RDWR), status;
	pid_t pid = vfork();

	if (pid == 0) {
		close(fd);
		close_range(3, ~0u, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(nb_closed, closed);
	assert_true(is_served(fd));
	close(fd);
	assert_int_equal(nb_closed, closed + 1);
}

/* A child of the raw system call, which no handler of pthread_atfork() is told of. */
static void
test_raw_fork(void **state)
{
	int fd = open("/dev/infiniband/uverbs0", O_RDWR), status;
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0) {
		bool ok = ioctl(fd, CMD, 7) == -1 && errno == ENOTTY && close(fd) == 0;

		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(is_served(fd));
	close(fd);
}

static atomic_int step;

static void *
cancelled_in_ioctl(void *arg)
{
	int fd = *(int *)arg;

	step = 1;
	while (step != 2)
		sched_yield();
	/* Cancelled by now; the device is done with it first. */
	if (ioctl(fd, CMD_CANCEL, 7) == 7)
		step = 3;
	pthread_testcancel();
	step = 4;
	return NULL;
}

static void *
cancelled_in_read(void *arg)
{
	char byte;

	step = 1;
	if (read(*(int *)arg, &byte, 1) < 0)
		step = 4;
	return NULL;
}

static void
test_cancel(void **state)
{
	int fd = open("/dev/infiniband/uverbs0", O_RDWR), pair[2], served_end;
	pthread_t thread;
	void *how;

#if HAS_TSAN
	skip(); /* it takes a thread that is cancelled in a call of libc for a mistake, at times */
#endif
	step = 0;
	assert_int_equal(pthread_create(&thread, NULL, cancelled_in_ioctl, &fd), 0);
	while (step != 1)
		sched_yield();
	pthread_cancel(thread);
	step = 2;
	pthread_join(thread, &how);
	assert_ptr_equal(how, PTHREAD_CANCELED);
	assert_int_equal(step, 3);
	assert_true(is_served(fd));
	close(fd);

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	served_end = pair[0];
	assert_int_equal(seam_fd_add(served_end, &served, NULL, 0), 0);
	step = 0;
	assert_int_equal(pthread_create(&thread, NULL, cancelled_in_read, &served_end), 0);
	while (step != 1)
		sched_yield();
	pthread_cancel(thread);
	pthread_join(thread, &how);
	assert_ptr_equal(how, PTHREAD_CANCELED);
	assert_true(is_served(served_end));
	close(served_end);
	close(pair[1]);
}

/* Copies are made and closed by many threads; each file is told once that it was closed. */
static void *
hammer(void *arg)
{
	int i, fd, copy;

	for (i = 0; i < 1000; i++) {
		fd = open("/dev/infiniband/uverbs0", O_RDWR);
		copy = i % 2 != 0 ? dup(fd) : fcntl(fd, F_DUPFD, 100);
		if (close(fd) != 0 || !is_served(copy) || close(copy) != 0)
			return (void *)1;
	}
	return NULL;
}

static void
test_threads(void **state)
{
	unsigned int closed = nb_closed, i;
	pthread_t threads[4];
	void *bad;

	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &bad);
		assert_null(bad);
	}
	assert_int_equal(nb_closed, closed + 4000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_vfork),
		cmocka_unit_test(test_raw_fork),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
