/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the event threads on channels that are pipes here: each byte is one event,
 * the byte says what the read gives. A test writes bytes and waits, with a limit, for what the
 * threads make of them. What opens something counts a step, and the step that a test names fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "../open_files.h"
#include "devx_async.h"
#include "mvdpa_event.h"

#define BYTE_FATAL 'x'
#define BYTE_OVERFLOW 'o'
#define BYTE_GONE 'g'
#define BYTE_CQ 'q' /* an error of the completion queue */
#define NB_QUEUES 4

struct devx_event_channel {
	int fd[2];
};

static struct devx_event_channel *channels[2]; /* completion, error */
static unsigned int nb_channels;
static unsigned int steps, failing_step; /* 0: none fails */

static bool
step_fails(void)
{
	errno = ENOSPC;
	return ++steps == failing_step;
}

/* --- the system ------------------------------------------------------------------------------ */

int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);
int __real_epoll_ctl(int epoll, int op, int fd, struct epoll_event *entry);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *entry);
int __real_eventfd(unsigned int value, int flags);
int __wrap_eventfd(unsigned int value, int flags);
int __real_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags);

int
__wrap_epoll_create1(int flags)
{
	return step_fails() ? -1 : __real_epoll_create1(flags);
}

int
__wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *entry)
{
	return op == EPOLL_CTL_ADD && step_fails() ? -1 : __real_epoll_ctl(epoll, op, fd, entry);
}

int
__wrap_eventfd(unsigned int value, int flags)
{
	return step_fails() ? -1 : __real_eventfd(value, flags);
}

int
__wrap_timerfd_create(int clock, int flags)
{
	return step_fails() ? -1 : __real_timerfd_create(clock, flags);
}

/* --- the channels ---------------------------------------------------------------------------- */

int
devx_event_channel_create(struct devx_dev *dev, bool with_data, struct devx_event_channel **out)
{
	struct devx_event_channel *channel;

	if (step_fails())
		return -ENOSPC;
	channel = calloc(1, sizeof(*channel));
	assert_non_null(channel);
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
	*cookie = byte == BYTE_CQ ? mvdpa_event_error_cookie(MVDPA_EVENT_OF_CQ, 3, 7) : 3;
	if (byte == BYTE_OVERFLOW)
		return -EOVERFLOW;
	return byte == BYTE_GONE ? -EIO : 0;
}

/* Asynchronous events: a third pipe. */
static int async_pipe[2];

int
devx_async_open(struct devx_dev *dev)
{
	return step_fails() ? -ENOSPC : 0;
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
	return step_fails() ? -ENOSPC : pthread_create(thread, attr, main, arg);
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

/* Completions of queue 3 that are there to be taken. */
static _Atomic uint32_t pending;
static _Atomic uint32_t rounds; /* looks at queue 0: only a timer's rounds come there */

static uint32_t
op_take(void *arg, uint16_t queue)
{
	uint32_t nb = 0;

	assert_in_range(queue, 0, NB_QUEUES - 1);
	if (queue == 0)
		rounds++;
	if (queue == 3)
		nb = atomic_exchange(&pending, 0);
	if (nb != 0)
		report('c');
	return nb;
}

static void
op_ask(void *arg, uint16_t queue)
{
	report((char)('0' + queue));
}

static void
op_failed(void *arg, uint16_t queue, uint32_t version)
{
	report('f');
}

static void
op_cq_failed(void *arg, uint16_t queue, uint32_t version)
{
	assert_int_equal(queue, 3);
	assert_int_equal(version, 7);
	report('q');
}

static void
op_attention(void *arg)
{
	report('!');
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
	.take = op_take,
	.ask = op_ask,
	.failed = op_failed,
	.cq_failed = op_cq_failed,
	.attention = op_attention,
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

static void
await_asked(const char *queues)
{
	for (; *queues != '\0'; queues++)
		await_report(*queues);
}

static void
complete(uint32_t nb)
{
	pending += nb;
	send_event(0, 'e');
}

/* --- tests ------------------------------------------------------------------------------------ */

static struct mvdpa_event event;

static int
start(enum mvdpa_event_mode mode, uint32_t event_us, uint32_t no_traffic_time)
{
	const struct mvdpa_event_attr attr = {
		.ops = &ops,
		.moder = { mode, event_us, no_traffic_time },
		.core = UINT32_MAX,
		.nb_queues = NB_QUEUES,
	};

	nb_channels = 0;
	steps = 0;
	pending = 0;
	rounds = 0;
	return mvdpa_event_start(&event, &attr);
}

static int
setup(void **state)
{
	failing_step = 0;
	mvdpa_event_init(&event);
	return pipe2(async_pipe, O_NONBLOCK) == 0 ? pipe(report_fd) : -1;
}

static int
setup_interrupt(void **state)
{
	return setup(state) == 0 ? start(MVDPA_EVENT_INTERRUPT, 0, 16) : -1;
}

static int
teardown(void **state)
{
	mvdpa_event_stop(&event);
	mvdpa_event_stop(&event); /* twice is as good */
	mvdpa_event_close(&event);
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
	complete(1);
	await_asked("c3");
	send_event(1, 'e');
	await_report('f');
	send_event(1, BYTE_CQ);
	await_report('q');
	eventfd_write(event.attention_fd, 1);
	await_report('!');
	/* An event that brings nothing is followed by another asking all the same. */
	complete(0);
	await_asked("3");
	assert_int_equal(rounds, 0);
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
		pending = 5;
		send_event(0, BYTE_OVERFLOW);
		await_asked("012c3");
	}
}

/* A card that was pulled out silences its channel; the other one works on. */
static void
test_gone(void **state)
{
	send_event(1, BYTE_GONE);
	complete(1);
	await_asked("c3");
}

/* A link that goes down is no end; a fatal event is, and so is a file of no use; each once. */
static void
test_removed(void **state)
{
	assert_int_equal(write(async_pipe[1], "l", 1), 1);
	complete(1);
	await_asked("c3");
	assert_int_equal(write(async_pipe[1], "xxg", 3), 3);
	await_report('r');
	complete(1);
	await_asked("c3");
}

static void
test_async_file_is_lost(void **state)
{
	assert_int_equal(write(async_pipe[1], "lg", 2), 2);
	await_report('r');
	send_event(1, 'e');
	await_report('f');
}

/* D14: the timer's rounds begin with the first completion, end when nothing comes any more, and
 * begin again with the next; whenever they end, every queue is asked for an event. */
static void
test_timer(void **state)
{
	static const struct {
		enum mvdpa_event_mode mode;
		uint32_t event_us, no_traffic_time;
	} rows[] = {
		{ MVDPA_EVENT_DYNAMIC_TIMER, 0, 16 },
		{ MVDPA_EVENT_DYNAMIC_TIMER, 10, 3 },
		{ MVDPA_EVENT_FIXED_TIMER, 0, 16 },
		{ MVDPA_EVENT_FIXED_TIMER, 50, 0 },
		{ MVDPA_EVENT_FIXED_TIMER, 1000, 5 },
	};
	uint32_t before;
	size_t i;
	int burst;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(start(rows[i].mode, rows[i].event_us, rows[i].no_traffic_time), 0);
		complete(0); /* nothing there: no rounds, but the queue stays asked */
		await_asked("3");
		assert_int_equal(rounds, 0);
		for (burst = 0; burst < 3; burst++) {
			before = rounds;
			complete(7);
			await_report('c');
			await_asked("0123");
			assert_int_equal(rounds - before, rows[i].no_traffic_time + 1);
		}
		mvdpa_event_close(&event);
	}
}

/* In the middle of rounds the card is not asked, and what it tells of is taken all the same. */
static void
test_timer_runs(void **state)
{
	int i;

	assert_int_equal(start(MVDPA_EVENT_FIXED_TIMER, 1000, 1000000), 0);
	complete(1);
	await_report('c');
	for (i = 0; i < 20; i++) {
		pending = 2; /* no event: the next round finds it */
		await_report('c');
	}
	complete(1);
	await_report('c');
	mvdpa_event_stop(&event);
	assert_true(event.polling);
}

/* D24, D4: whatever cannot be opened, nothing is left open, and the next start works. */
static void
test_each_step(void **state)
{
	unsigned int files = open_files(), nb;

	assert_int_equal(start(MVDPA_EVENT_INTERRUPT, 0, 16), 0);
	nb = steps;
	mvdpa_event_close(&event);
	assert_true(nb >= 14);
	for (failing_step = 1; failing_step <= nb; failing_step++) {
		assert_int_equal(start(MVDPA_EVENT_INTERRUPT, 0, 16), -ENOSPC);
		assert_int_equal(open_files(), files);
	}
	failing_step = 0;
	assert_int_equal(start(MVDPA_EVENT_INTERRUPT, 0, 16), 0);
	complete(1);
	await_asked("c3");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_events, setup_interrupt, teardown),
		cmocka_unit_test_setup_teardown(test_overflow, setup_interrupt, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup_interrupt, teardown),
		cmocka_unit_test_setup_teardown(test_removed, setup_interrupt, teardown),
		cmocka_unit_test_setup_teardown(test_async_file_is_lost, setup_interrupt, teardown),
		cmocka_unit_test_setup_teardown(test_timer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timer_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_step, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
