/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: DPDK has no function to ask telemetry from inside, only a socket of type
 * SOCK_SEQPACKET in the runtime directory. Processes that share the directory (the same
 * --file-prefix with --in-memory, where EAL has no lock on it) have sockets of that name with ":1",
 * ":2" ... behind it. The greeting has the process's number, so ours is found by asking each.
 * Handlers run in telemetry's threads; no lock is held here while they do.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_eal.h>

#include "telemetry_client.h"

#define TELEMETRY_CLIENT_SOCKETS 16u
#define TELEMETRY_CLIENT_SECONDS 10
#define TELEMETRY_CLIENT_ANSWER_MAX (1u << 20) /* EAL says 16 KiB in 22.11; some room */
#define TELEMETRY_CLIENT_REQUEST_MAX 1000u /* EAL reads 1023 bytes of a request */

static int
telemetry_client_connect(unsigned int number, struct sockaddr_un *un)
{
	struct timeval limit = { .tv_sec = TELEMETRY_CLIENT_SECONDS };
	char suffix[16] = "";
	int ret;
	int fd;

	if (number > 0)
		snprintf(suffix, sizeof(suffix), ":%u", number);
	un->sun_family = AF_UNIX;
	ret = snprintf(un->sun_path, sizeof(un->sun_path), "%s/dpdk_telemetry.v2%s",
			rte_eal_get_runtime_dir(), suffix);
	if (ret >= (int)sizeof(un->sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
			connect(fd, (struct sockaddr *)un, sizeof(*un)) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/* Does the greeting, {"version":"...","pid":N,...}, come from this process? */
static bool
telemetry_client_is_own(int fd)
{
	char text[1024];
	const char *pid;
	ssize_t nb = recv(fd, text, sizeof(text) - 1, 0);

	if (nb <= 0)
		return false;
	text[nb] = '\0';
	pid = strstr(text, "\"pid\":");
	return pid != NULL && strtol(pid + strlen("\"pid\":"), NULL, 10) == (long)getpid();
}

/* A descriptor, or -errno. */
static int
telemetry_client_open(const struct base_log *log)
{
	struct sockaddr_un un;
	unsigned int i;

	for (i = 0; i < TELEMETRY_CLIENT_SOCKETS; i++) {
		int fd = telemetry_client_connect(i, &un);

		if (fd >= 0 && telemetry_client_is_own(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	base_err(log,
			"this process has no telemetry socket in %s (EAL's --no-telemetry turns it "
			"off; it also needs that directory, which --no-shconf and --in-memory do not "
			"insist on)",
			rte_eal_get_runtime_dir());
	return -ENOENT;
}

static int
telemetry_client_talk(int fd, const char *request, char **answer)
{
	char *text = malloc(TELEMETRY_CLIENT_ANSWER_MAX);
	ssize_t nb;
	int ret;

	if (text == NULL)
		return -ENOMEM;
	nb = send(fd, request, strlen(request), MSG_NOSIGNAL);
	if (nb >= 0)
		nb = recv(fd, text, TELEMETRY_CLIENT_ANSWER_MAX - 1, 0);
	if (nb <= 0) {
		ret = nb == 0 ? -EPIPE : errno == EAGAIN ? -ETIME : -errno;
		free(text);
		return ret;
	}
	text[nb] = '\0';
	*answer = text;
	return 0;
}

int
telemetry_client_ask(const char *command, const char *params, const struct base_log *log,
		char **answer)
{
	char request[TELEMETRY_CLIENT_REQUEST_MAX];
	int ret;
	int fd;

	*answer = NULL;
	ret = snprintf(request, sizeof(request), "%s%s%s", command, params[0] == '\0' ? "" : ",",
			params);
	if (ret >= (int)sizeof(request)) {
		base_err(log, "a request to telemetry has at most %u characters",
				TELEMETRY_CLIENT_REQUEST_MAX - 1);
		return -ENAMETOOLONG;
	}
	fd = telemetry_client_open(log);
	if (fd < 0)
		return fd;
	ret = telemetry_client_talk(fd, request, answer);
	if (ret != 0)
		base_err(log, "telemetry does not answer '%s': %s", request, strerror(-ret));
	close(fd);
	return ret;
}
