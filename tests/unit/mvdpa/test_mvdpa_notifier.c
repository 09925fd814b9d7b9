/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: vhost's call is a function here that says so, and then waits for an answer
 * on a socket if the test wants it to, as the real one does.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "mvdpa_notifier.h"

#include <vdpa_driver.h>

static int told[2]; /* a pipe: the vhost device of each offer */
static _Atomic int channel; /* where an answer is waited for, -1: none is */
static struct mvdpa_notifier notifier;

int
rte_vhost_host_notifier_ctrl(int vid, uint16_t queue, bool enable)
{
	struct iovec iov = { .iov_base = &(char){ 0 }, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	assert_int_equal(queue, RTE_VHOST_QUEUE_ALL);
	assert_true(enable);
	assert_int_equal(write(told[1], &vid, sizeof(vid)), sizeof(vid));
	return channel < 0 || recvmsg(channel, &msg, 0) == 1 ? 0 : -1;
}

int
rte_ctrl_thread_create(pthread_t *thread, const char *name, const pthread_attr_t *attr,
		void *(*main)(void *), void *arg)
{
	return pthread_create(thread, attr, main, arg);
}

static bool
offered(int vid, int timeout_ms)
{
	struct pollfd p = { .fd = told[0], .events = POLLIN };
	int got = -1;

	if (poll(&p, 1, timeout_ms) != 1)
		return false;
	assert_int_equal(read(told[0], &got, sizeof(got)), sizeof(got));
	assert_int_equal(got, vid);
	return true;
}

static int
setup(void **state)
{
	channel = -1;
	if (pipe(told) != 0)
		return -1;
	return mvdpa_notifier_start(&notifier, "dev", NULL);
}

static int
teardown(void **state)
{
	mvdpa_notifier_stop(&notifier);
	mvdpa_notifier_stop(&notifier);
	close(told[0]);
	close(told[1]);
	return 0;
}

/* One offer for each configuration, at its first kick. */
static void
test_once(void **state)
{
	int vid;

	mvdpa_notifier_kicked(&notifier);
	for (vid = 3; vid < 6; vid++) {
		mvdpa_notifier_arm(&notifier, vid);
		mvdpa_notifier_kicked(&notifier);
		mvdpa_notifier_kicked(&notifier);
		assert_true(offered(vid, 10000));
		mvdpa_notifier_wait(&notifier);
		mvdpa_notifier_kicked(&notifier);
		assert_false(offered(vid, 1));
	}
}

/* D7: the device is being closed, and the guest kicks on. */
static void
test_disarmed(void **state)
{
	mvdpa_notifier_arm(&notifier, 3);
	mvdpa_notifier_disarm(&notifier);
	mvdpa_notifier_kicked(&notifier);
	mvdpa_notifier_wait(&notifier);
	assert_false(offered(3, 20));
	mvdpa_notifier_arm(&notifier, 4);
	mvdpa_notifier_kicked(&notifier);
	assert_true(offered(4, 10000));
}

/* A front-end that never answers: closing does not wait for it, the end of the connection hangs up
 * on it, and the next one is asked. */
static void
test_no_answer(void **state)
{
	int pair[2], i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		channel = pair[0];
		mvdpa_notifier_arm(&notifier, i);
		mvdpa_notifier_kicked(&notifier);
		assert_true(offered(i, 10000));
		mvdpa_notifier_disarm(&notifier);
		mvdpa_notifier_wait(&notifier);
		close(pair[0]);
		close(pair[1]);
	}
	channel = -1;
	mvdpa_notifier_arm(&notifier, 7);
	mvdpa_notifier_kicked(&notifier);
	assert_true(offered(7, 10000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disarmed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_answer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
