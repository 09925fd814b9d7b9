/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the event thread on channels that are pipes here: each byte is one event,
 * the byte says what the read gives. A test writes bytes and waits, with a limit, for what the
 * thread makes of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "devx_async.h"
#include "mvdpa_event.h"

#define BYTE_FATAL 'x'
#define BYTE_OVERFLOW 'o'
#define BYTE_GONE 'g'

struct devx_event_channel {
	int fd[2];
};

static struct devx_event_channel *channels[2]; /* completion, error */
static unsigned int nb_channels;

/* --- the channels ---------------------------------------------------------------------------- */

int
devx_event_channel_create(struct devx_dev *dev, bool with_data, struct devx_event_channel **out)
{
	struct devx_event_channel *channel = calloc(1, sizeof(*channel));

	assert_int_equal(pipe2(channel->fd, O_NONBLOCK), 0);
	channels[nb_channels++] = channel;
	*out = channel;
	return 0;
}

void
devx_event_channel_destroy(struct devx_event_channel *channel)
{
	if (channel == NULL)
		return;
	close(channel->fd[0]);
	close(channel->fd[1]);
	free(channel);
}

int
devx_event_channel_fd(const struct devx_event_channel *channel)
{
	return channel->fd[0];
}

int
devx_event_read(struct devx_event_channel *channel, uint64_t *cookie)
{
	char byte;

	if (read(channel->fd[0], &byte, 1) != 1)
		return -EAGAIN;
	*cookie = 3;
	if (byte == BYTE_OVERFLOW)
		return -EOVERFLOW;
	return byte == BYTE_GONE ? -EIO : 0;
}

/* Asynchronous events: a third pipe. */
static int async_pipe[2];

int
devx_async_open(struct devx_dev *dev)
{
	return pipe2(async_pipe, O_NONBLOCK);
}

int
devx_async_fd(const struct devx_dev *dev)
{
	return async_pipe[0];
}

int
devx_async_read(struct devx_dev *dev, bool *fatal)
{
	char byte;

	if (read(async_pipe[0], &byte, 1) != 1)
		return -EAGAIN;
	if (byte == BYTE_FATAL)
		*fatal = true;
	return byte == BYTE_GONE ? -EIO : 0;
}

/* DPDK's control thread is a plain one here. */
int
rte_ctrl_thread_create(pthread_t *thread, const char *name, const pthread_attr_t *attr,
		void *(*main)(void *), void *arg)
{
	return pthread_create(thread, attr, main, arg);
}

/* --- what the thread tells -------------------------------------------------------------------- */

static int report_fd[2];

static void
report(char what)
{
	assert_int_equal(write(report_fd[1], &what, 1), 1);
}

static void
op_kicked(void *arg, uint16_t queue)
{
	report('k');
}

static void
op_completed(void *arg, uint16_t queue)
{
	assert_int_equal(queue, 3);
	report('c');
}

static void
op_failed(void *arg, uint16_t queue, uint32_t version)
{
	report('f');
}

static void
op_lost(void *arg)
{
	report('l');
}

static void
op_removed(void *arg)
{
	report('r');
}

static const struct mvdpa_event_ops ops = {
	.kicked = op_kicked,
	.completed = op_completed,
	.failed = op_failed,
	.lost = op_lost,
	.removed = op_removed,
};

static void
await_report(char what)
{
	struct pollfd p = { .fd = report_fd[0], .events = POLLIN };
	char got = '\0';

	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(read(report_fd[0], &got, 1), 1);
	assert_int_equal(got, what);
}

static void
send_event(unsigned int channel, char byte)
{
	assert_int_equal(write(channels[channel]->fd[1], &byte, 1), 1);
}

/* --- tests ------------------------------------------------------------------------------------ */

static struct mvdpa_event event;

static int
setup(void **state)
{
	nb_channels = 0;
	if (pipe(report_fd) != 0)
		return -1;
	return mvdpa_event_start(&event, NULL, &ops, NULL, NULL);
}

static int
teardown(void **state)
{
	mvdpa_event_stop(&event);
	mvdpa_event_stop(&event); /* twice is as good */
	mvdpa_event_close(&event);
	close(async_pipe[0]);
	close(async_pipe[1]);
	close(report_fd[0]);
	close(report_fd[1]);
	return 0;
}

static void
test_events(void **state)
{
	send_event(0, 'e');
	await_report('c');
	send_event(1, 'e');
	await_report('f');
}

/* Lost events are asked for; the channel works on. */
static void
test_overflow(void **state)
{
	int i;

	for (i = 0; i < 3; i++) {
		send_event(1, BYTE_OVERFLOW);
		await_report('l');
		send_event(1, 'e');
		await_report('f');
	}
}

/* A card that was pulled out silences its channel; the other one works on. */
static void
test_gone(void **state)
{
	send_event(1, BYTE_GONE);
	send_event(0, 'e');
	await_report('c');
}

/* A link that goes down is no end; a fatal event is, and so is a file of no use; each once. */
static void
test_removed(void **state)
{
	assert_int_equal(write(async_pipe[1], "l", 1), 1);
	send_event(0, 'e');
	await_report('c');
	assert_int_equal(write(async_pipe[1], "xxg", 3), 3);
	await_report('r');
	send_event(0, 'e');
	await_report('c');
}

static void
test_async_file_is_lost(void **state)
{
	assert_int_equal(write(async_pipe[1], "lg", 2), 2);
	await_report('r');
	send_event(1, 'e');
	await_report('f');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_async_file_is_lost, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
