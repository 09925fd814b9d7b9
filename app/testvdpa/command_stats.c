/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: rates are stats.h's. "stats every" gives the session a timer that the
 * console polls together with its input; so nothing is printed in the middle of a command, and
 * there is no thread. A device of it that is detached is waited for.
 */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "command_rows.h"
#include "command_stats.h"
#include "port.h"
#include "stats.h"

/** For the walk over ports. */
struct command_stats_walk {
	struct command_session *session;
	unsigned int nb;
};

static int
command_stats_one(const char *device, void *arg)
{
	struct command_stats_walk *walk = arg;

	walk->nb++;
	(void)stats_rates(walk->session->stats, device, walk->session->out);
	return 0;
}

/* Prints the rates of one port, or of all where @name is "". */
static int
command_stats_print(struct command_session *session, const char *name)
{
	struct command_stats_walk walk = { .session = session };

	if (name[0] != '\0')
		return command_stats_one(name, &walk);
	(void)port_foreach(command_stats_one, &walk);
	if (walk.nb == 0)
		fprintf(session->out, "no port is attached\n");
	return 0;
}

static void
command_stats_due(struct command_session *session)
{
	(void)command_stats_print(session, session->timer.device);
}

/* The port's device as "" or by its name; -ENOENT with a sentence. */
static int
command_stats_port(const struct command_session *session, const char *name,
		char device[DEVICE_NAME_MAX])
{
	struct port_info info;

	device[0] = '\0';
	if (name[0] == '\0')
		return 0;
	if (port_get(name, &info) != 0) {
		base_err(session->log, "no port has a device or a socket called '%s'", name);
		return -ENOENT;
	}
	memcpy(device, info.device, sizeof(info.device));
	return 0;
}

static int
command_stats_rates(struct command_session *session, const struct command_args *args)
{
	char device[DEVICE_NAME_MAX];
	int ret = command_stats_port(session, args->word[2], device);

	return ret != 0 ? ret : command_stats_print(session, device);
}

void
command_stats_off(struct command_session *session)
{
	if (session->timer.due == NULL)
		return;
	session->timer.due = NULL;
	close(session->timer.fd);
}

static int
command_stats_start(struct command_session *session, uint64_t ms)
{
	struct timespec every = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };
	struct itimerspec spec = { .it_value = every, .it_interval = every };
	int ret;

	session->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (session->timer.fd < 0)
		return -errno;
	if (timerfd_settime(session->timer.fd, 0, &spec, NULL) != 0) {
		ret = -errno;
		close(session->timer.fd);
		return ret;
	}
	session->timer.due = command_stats_due;
	return 0;
}

static int
command_stats_every(struct command_session *session, const struct command_args *args)
{
	static const struct value_range seconds = { "SECONDS", 100, 24 * 3600 * 1000 };
	char device[DEVICE_NAME_MAX];
	uint64_t ms;
	int ret;

	ret = value_seconds(&seconds, args->word[2], session->log, &ms);
	if (ret == 0)
		ret = command_stats_port(session, args->word[3], device);
	if (ret != 0)
		return ret;
	command_stats_off(session);
	memcpy(session->timer.device, device, sizeof(device));
	ret = command_stats_start(session, ms);
	if (ret != 0)
		base_err(session->log, "no timer for statistics: %s", strerror(-ret));
	else
		ret = command_stats_print(session, device);
	return ret;
}

static int
command_stats_end(struct command_session *session, const struct command_args *args)
{
	fprintf(session->out, "statistics are %soff\n",
			session->timer.due == NULL ? "already " : "");
	command_stats_off(session);
	return 0;
}

/* Queues [@first, @end) of a device; those that have no statistics now are passed over. */
static int
command_stats_clear(const char *device, uint32_t first, uint32_t end, unsigned int *nb)
{
	int ret = 0;

	for (*nb = 0; first < end && ret != -ENOTSUP; first++) {
		ret = device_stats_reset(device, (uint16_t)first);
		*nb += ret == 0;
	}
	return *nb > 0 ? 0 : ret;
}

static int
command_stats_reset(struct command_session *session, const struct command_args *args)
{
	const char *device = args->word[2];
	uint16_t first = 0;
	uint32_t end;
	unsigned int nb;
	int ret = device_max_virtqs(device, &end);

	if (ret != 0) {
		base_err(session->log, "no vDPA device is called '%s'", device);
		return ret;
	}
	if (args->word[3][0] != '\0') {
		ret = value_queue(args->word[3], end, session->log, &first);
		if (ret != 0)
			return ret;
		end = first + 1u;
	}
	ret = command_stats_clear(device, first, end, &nb);
	if (ret != 0)
		base_err(session->log, "statistics of %s cannot be reset: %s", device,
				strerror(-ret));
	else
		fprintf(session->out, "statistics of %u queues of %s begin anew\n", nb, device);
	return ret;
}

const struct command_row command_stats_rows[] = {
	{ "stats rates [DEV|SOCKET]", "how fast the driver's counters moved since the last look",
			command_stats_rates },
	{ "stats every SECONDS [DEV|SOCKET]", "print that again and again, beside the prompt",
			command_stats_every },
	{ "stats off", "no more of that", command_stats_end },
	{ "stats reset DEV [QUEUE]", "let the driver's counters begin at 0", command_stats_reset },
	{ NULL, NULL, NULL },
};
