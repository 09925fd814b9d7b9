/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the fast side of a queue on files of its own, a completion queue that is a
 * counter here, and a doorbell in memory. Reading the kick file can be told what to answer.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "mvdpa_event.h"
#include "mvdpa_io.h"

#define NO_BELL 0xdeadbeefu

struct devx_cq {
	_Atomic uint32_t produced;
	uint32_t taken;
	unsigned int armed;
	bool failed;
	_Atomic bool freed; /* touched afterwards: an error */
};

static struct devx_cq cq;
static unsigned int credit;
static struct mvdpa_io io;
static _Atomic uint32_t doorbell;
static int read_errno; /* what a read fails with, 0: it is the real one */
static unsigned int reads;
static bool old_kernel; /* one that has no reads which do not wait */

uint16_t
devx_cq_poll(struct devx_cq *q)
{
	uint32_t nb;

	assert_false(q->freed);
	nb = atomic_load(&q->produced) - q->taken;
	q->taken += nb;
	return (uint16_t)nb;
}

bool
devx_cq_has_failed(const struct devx_cq *q)
{
	return q->failed;
}

void
devx_cq_arm(struct devx_cq *q)
{
	assert_false(q->freed);
	q->armed++;
}

void
devx_qp_credit(struct devx_qp *qp, uint16_t nb)
{
	credit += nb;
}

ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);

ssize_t
__wrap_read(int fd, void *buf, size_t len)
{
	reads++;
	if (read_errno == 0)
		return __real_read(fd, buf, len);
	errno = read_errno;
	return -1;
}

ssize_t __real_preadv64v2(int fd, const struct iovec *iov, int nb, off64_t offset, int flags);
ssize_t __wrap_preadv64v2(int fd, const struct iovec *iov, int nb, off64_t offset, int flags);

ssize_t
__wrap_preadv64v2(int fd, const struct iovec *iov, int nb, off64_t offset, int flags)
{
	assert_int_equal(flags, RWF_NOWAIT);
	errno = EOPNOTSUPP;
	if (old_kernel)
		return -1;
	reads++;
	if (read_errno == 0)
		return __real_preadv64v2(fd, iov, nb, offset, flags);
	errno = read_errno;
	return -1;
}

static int
setup(void **state)
{
	memset(&io, 0, sizeof(io));
	memset(&cq, 0, sizeof(cq));
	credit = 0;
	read_errno = 0;
	old_kernel = *state != NULL;
	doorbell = NO_BELL;
	mvdpa_io_init(&io);
	io.index = 5;
	io.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	io.attention_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	io.doorbell = &doorbell;
	io.dev_name = "dev";
	return io.epoll_fd < 0 || io.attention_fd < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	mvdpa_io_fini(&io);
	close(io.epoll_fd);
	close(io.attention_fd);
	return 0;
}

/* How often a file was written to since. */
static uint64_t
count(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	eventfd_t value = 0;

	if (poll(&p, 1, 0) == 1)
		assert_int_equal(__real_read(fd, &value, sizeof(value)), sizeof(value));
	return value;
}

static bool
kick_is_told(int timeout_ms)
{
	struct epoll_event event;

	if (epoll_wait(io.epoll_fd, &event, 1, timeout_ms) != 1)
		return false;
	assert_true(event.data.u64 == mvdpa_event_tag(MVDPA_EVENT_KICK, 5));
	return true;
}

static bool
rung(void)
{
	return atomic_exchange(&doorbell, NO_BELL) == htole32(5);
}

/* V7: whatever was missed before the files came is made up for, and no kick is lost. */
static void
test_attach(void **state)
{
	int kick = eventfd(0, 0), call = eventfd(0, 0), i;

	for (i = 0; i < 2; i++) {
		assert_int_equal(mvdpa_io_attach(&io, kick, call), 0);
		assert_true(rung());
		assert_int_equal(count(call), 1);
		eventfd_write(kick, 3);
		assert_true(kick_is_told(0));
		assert_true(mvdpa_io_kicked(&io));
		assert_true(rung());
		assert_false(kick_is_told(0));
		assert_false(mvdpa_io_kicked(&io)); /* a late event of an older file */
		assert_false(rung());
	}
	mvdpa_io_detach(&io);
	eventfd_write(kick, 1);
	assert_false(kick_is_told(0)); /* waits in the file for whoever comes next */
	close(kick);
	close(call);
}

/* D8: read fails, or would block for ever: a few tries, and nobody is held up. */
static void
test_bad_reads(void **state)
{
	static const struct {
		int error;
		unsigned int tries;
	} rows[] = { { EINTR, 3 }, { EAGAIN, 1 }, { EIO, 1 } };
	int kick = eventfd(0, 0);
	size_t i;

	assert_int_equal(mvdpa_io_attach(&io, kick, -2), 0);
	rung();
	assert_false(mvdpa_io_kicked(&io));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		eventfd_write(kick, 1);
		read_errno = rows[i].error;
		reads = 0;
		assert_false(mvdpa_io_kicked(&io));
		assert_int_equal(reads, rows[i].tries);
		assert_false(rung());
		read_errno = 0;
		assert_true(mvdpa_io_kicked(&io)); /* the kick is still there */
		assert_true(rung());
	}
	close(kick);
}

static _Atomic bool done;

/* Gives kicks and takes them back at once; its reads do not wait either. */
static void *
thief_main(void *arg)
{
	const int fd = *(const int *)arg;
	uint64_t value;
	struct iovec iov = { .iov_base = &value, .iov_len = sizeof(value) };

	while (!done) {
		eventfd_write(fd, 1);
		__real_preadv64v2(fd, &iov, 1, -1, RWF_NOWAIT);
	}
	return NULL;
}

/* D8: a kick that is taken back between the look and the read, from a file that waits. */
static void
test_stolen_kicks(void **state)
{
	int kick = eventfd(0, 0), i;
	uint64_t value;
	struct iovec iov = { .iov_base = &value, .iov_len = sizeof(value) };
	pthread_t thread;

	if (__real_preadv64v2(kick, &iov, 1, -1, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP) {
		close(kick);
		skip();
	}
	assert_int_equal(mvdpa_io_attach(&io, kick, -2), 0);
	assert_int_equal(fcntl(kick, F_SETFL, 0), 0);
	done = false;
	assert_int_equal(pthread_create(&thread, NULL, thief_main, &kick), 0);
	for (i = 0; i < 20000; i++)
		mvdpa_io_kicked(&io);
	done = true;
	pthread_join(thread, NULL);
	close(kick);
}

/* The guest that gives no kick file is polled; one whose file is to come is not. */
static void
test_no_kick_file(void **state)
{
	int i;

	assert_int_equal(mvdpa_io_attach(&io, -2, -2), 0);
	assert_true(rung());
	assert_false(kick_is_told(0));
	assert_int_equal(mvdpa_io_attach(&io, -1, -1), 0);
	rung();
	for (i = 0; i < 3; i++) {
		assert_true(kick_is_told(5000));
		assert_true(mvdpa_io_kicked(&io));
		assert_true(rung());
	}
	mvdpa_io_stop(&io);
	assert_false(kick_is_told(1));
}

/* Files that are none: refused, and the queue has the other one. */
static void
test_bad_files(void **state)
{
	int call = eventfd(0, 0), pipes[2];

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(mvdpa_io_attach(&io, pipes[0], call), -EINVAL);
	assert_int_equal(count(call), 1);
	assert_int_equal(mvdpa_io_attach(&io, 9999, call), -EBADF);
	assert_int_equal(count(call), 1);
	assert_int_equal(mvdpa_io_attach(&io, call, pipes[1]), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
	close(call);
}

static void
test_completions(void **state)
{
	int call = eventfd(0, 0);

	assert_int_equal(mvdpa_io_take(&io), 0); /* has not started */
	mvdpa_io_ask(&io);
	assert_int_equal(cq.armed, 0);
	mvdpa_io_start(&io, &cq, NULL);
	assert_int_equal(cq.armed, 1);
	mvdpa_io_attach(&io, -2, call);
	count(call);
	assert_int_equal(mvdpa_io_take(&io), 0);
	assert_int_equal(count(call), 0); /* nobody is called for nothing */
	cq.produced = 7;
	assert_int_equal(mvdpa_io_take(&io), 7);
	assert_int_equal(count(call), 1);
	assert_int_equal(credit, 7);
	mvdpa_io_ask(&io);
	assert_int_equal(cq.armed, 2);
	cq.produced = 9;
	mvdpa_io_stop(&io); /* tells what is left (D1) */
	assert_int_equal(count(call), 1);
	assert_int_equal(credit, 9);
	close(call);
}

/* A call file that is full, or one that blocks, holds nobody up. */
static void
test_full_call_file(void **state)
{
	int call = eventfd(0, 0);

	mvdpa_io_start(&io, &cq, NULL);
	mvdpa_io_attach(&io, -2, call);
	count(call);
	eventfd_write(call, UINT64_MAX - 1);
	cq.produced = 1;
	assert_int_equal(mvdpa_io_take(&io), 1);
	close(call);
}

/* A queue whose completions have ended is told of once, and is whole again after a start. */
static void
test_broken(void **state)
{
	mvdpa_io_start(&io, &cq, NULL);
	cq.failed = true;
	cq.produced = 1;
	assert_int_equal(mvdpa_io_take(&io), 1);
	assert_true(mvdpa_io_is_broken(&io));
	assert_int_equal(count(io.attention_fd), 1);
	cq.produced = 2;
	mvdpa_io_take(&io);
	assert_int_equal(count(io.attention_fd), 0);
	mvdpa_io_stop(&io);
	assert_true(mvdpa_io_is_broken(&io));
	cq.failed = false;
	mvdpa_io_start(&io, &cq, NULL);
	assert_false(mvdpa_io_is_broken(&io));
}

/* D26, D9: the queue goes, again and again, while its completions are polled and its kicks come. */
static void *
race_main(void *arg)
{
	while (!done) {
		mvdpa_io_take(&io);
		mvdpa_io_ask(&io);
		mvdpa_io_kicked(&io);
	}
	return NULL;
}

static void
test_race(void **state)
{
	int kick = eventfd(0, 0), call = eventfd(0, 0), i;
	pthread_t thread;

	done = false;
	assert_int_equal(pthread_create(&thread, NULL, race_main, NULL), 0);
	for (i = 0; i < 2000; i++) {
		cq.freed = false;
		mvdpa_io_start(&io, &cq, NULL);
		mvdpa_io_attach(&io, kick, call);
		cq.produced += 3;
		eventfd_write(kick, 1);
		mvdpa_io_stop(&io);
		cq.freed = true; /* from here on nobody may look at it */
		assert_int_equal(cq.taken, cq.produced);
	}
	done = true;
	pthread_join(thread, NULL);
	assert_int_equal(credit, 6000);
	close(kick);
	close(call);
}

int
main(void)
{
	static char old[] = "old kernel";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_attach, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_reads, setup, teardown),
		cmocka_unit_test_prestate_setup_teardown(test_attach, setup, teardown, old),
		cmocka_unit_test_prestate_setup_teardown(test_bad_reads, setup, teardown, old),
		cmocka_unit_test_setup_teardown(test_stolen_kicks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_kick_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_completions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_call_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_race, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
