/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a request is looked up in the table of verbs and run; what comes back is
 * one object. That part knows no socket.
 *
 * The server is one thread with all signals blocked, in poll() over the listening socket, the
 * event that tells it to end, and its clients. Its user may be another program's bug: lines are
 * limited, a client that does not take its reply within a second is dropped, and who runs under
 * another user id is sent away (the socket's mode says so already, but not to root).
 *
 * The name: a socket of a dead process refuses connections and is replaced; one that answers
 * belongs to a living card and is left alone. A socket between bind() and listen() looks like a dead
 * one, so who looks, binds and listens holds a lock on the directory meanwhile.
 *
 * A child after fork has copies of the descriptors and must let go of them: as long as anybody
 * holds the listening socket it accepts connections, which nobody would answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base_clock.h"
#include "emu_ctl.h"

#define EMU_CTL_CLIENTS 16u
#define EMU_CTL_STOP_S 2 /* how long exit waits for a verb to end */

/* --- one request ---------------------------------------------------------------------------- */

int
emu_ctl_fail(struct emu_ctl_call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(call->error, sizeof(call->error), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int
emu_ctl_u64(struct emu_ctl_call *call, unsigned int arg, const char *what, uint64_t min,
		uint64_t max, uint64_t *out)
{
	const char *text = call->args[arg];
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (errno != 0 || end == text || *end != '\0' || strchr(text, '-') != NULL || *out < min ||
			*out > max)
		return emu_ctl_fail(call, "%s '%.60s' is not a number from %llu to %llu", what,
				text, (unsigned long long)min, (unsigned long long)max);
	return 0;
}

int
emu_ctl_funcs(struct emu_ctl_call *call, unsigned int arg, unsigned int *first, unsigned int *end)
{
	uint64_t func;
	int ret;

	*first = 0;
	*end = call->conf->seam.nb_funcs;
	if (arg >= call->nb_args)
		return 0;
	ret = emu_ctl_u64(call, arg, "function", 0, *end - 1, &func);
	*first = (unsigned int)func;
	*end = *first + 1;
	return ret;
}

static const struct emu_ctl_verb *
emu_ctl_find(const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < emu_ctl_nb_verbs; i++) {
		if (strcmp(emu_ctl_verbs[i].name, name) == 0)
			return &emu_ctl_verbs[i];
	}
	return NULL;
}

/* Takes the request apart; the texts stay those of @p request. */
static const struct emu_ctl_verb *
emu_ctl_parse(struct emu_ctl_call *call, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "verb"));
	const json_t *args = json_object_get(request, "args");
	const struct emu_ctl_verb *verb = emu_ctl_find(name);
	size_t i, nb = args != NULL ? json_array_size(args) : 0;

	if (name == NULL) {
		emu_ctl_fail(call, "no \"verb\" in the request");
		return NULL;
	}
	if (verb == NULL) {
		emu_ctl_fail(call, "unknown verb '%.60s', see 'help'", name);
		return NULL;
	}
	if ((args != NULL && !json_is_array(args)) || nb < verb->min_args || nb > verb->max_args) {
		emu_ctl_fail(call, "usage: %s%s%s", verb->name, *verb->usage != '\0' ? " " : "",
				verb->usage);
		return NULL;
	}
	for (i = 0; i < nb; i++) {
		call->args[i] = json_string_value(json_array_get(args, i));
		if (call->args[i] == NULL) {
			emu_ctl_fail(call, "argument %zu is not a text", i + 1);
			return NULL;
		}
	}
	call->nb_args = (unsigned int)nb;
	return verb;
}

static int
emu_ctl_run(const struct emu_ctl_attr *attr, struct emu_ctl_call *call, const json_t *request)
{
	const struct emu_ctl_verb *verb = emu_ctl_parse(call, request);
	int ret;

	if (verb == NULL)
		return -EINVAL;
	ret = attr->owner->card(call, verb->needs_card);
	if (ret != 0)
		return emu_ctl_fail(call, "no card: %s", strerror(-ret));
	return verb->run(call);
}

json_t *
emu_ctl_answer(const struct emu_ctl_attr *attr, const char *line, uint64_t uptime_ns)
{
	struct emu_ctl_call call = { .conf = attr->conf, .log = attr->log, .uptime_ns = uptime_ns };
	json_error_t error;
	json_t *request = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	int ret;

	call.reply = json_pack("{s:b}", "ok", 1);
	if (request == NULL)
		ret = emu_ctl_fail(&call, "not JSON: %s", error.text);
	else
		ret = emu_ctl_run(attr, &call, request);
	json_decref(request);
	if (ret == 0)
		return call.reply;
	json_decref(call.reply);
	return json_pack("{s:b, s:s}", "ok", 0, "error", call.error);
}

/* --- the server ----------------------------------------------------------------------------- */

struct emu_ctl_client {
	int fd; /* -1: free */
	size_t len;
	char line[EMU_CTL_LINE];
};

/* One per process, as the card. Only the server's thread uses the clients. */
static struct {
	struct emu_ctl_attr attr;
	bool running;
	pthread_t thread;
	int listen_fd, stop_fd;
	struct stat name; /* the socket that is ours */
	uint64_t start_ns;
	struct emu_ctl_client *clients; /* EMU_CTL_CLIENTS */
} emu_ctl = { .listen_fd = -1, .stop_fd = -1 };

static void
emu_ctl_drop(struct emu_ctl_client *client)
{
	close(client->fd);
	client->fd = -1;
}

static bool
emu_ctl_send(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t nb = send(fd, text, len, MSG_NOSIGNAL);

		if (nb < 0 && errno == EINTR)
			continue;
		if (nb <= 0)
			return false;
		text += nb;
		len -= (size_t)nb;
	}
	return true;
}

static bool
emu_ctl_reply(int fd, json_t *reply)
{
	char *text = reply != NULL ? json_dumps(reply, JSON_COMPACT) : NULL;
	bool ok = text != NULL && emu_ctl_send(fd, text, strlen(text)) && emu_ctl_send(fd, "\n", 1);

	free(text);
	json_decref(reply);
	return ok;
}

static bool
emu_ctl_same_user(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && cred.uid == geteuid();
}

static void
emu_ctl_accept(void)
{
	const struct timeval patience = { .tv_sec = 1 };
	int fd = accept4(emu_ctl.listen_fd, NULL, NULL, SOCK_CLOEXEC);
	unsigned int i;

	if (fd < 0)
		return;
	for (i = 0; i < EMU_CTL_CLIENTS && emu_ctl.clients[i].fd >= 0; i++)
		;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (i == EMU_CTL_CLIENTS || !emu_ctl_same_user(fd)) {
		emu_ctl_reply(fd,
				json_pack("{s:b, s:s}", "ok", 0, "error",
						i == EMU_CTL_CLIENTS ? "too many clients" :
								       "not your card"));
		close(fd);
		return;
	}
	emu_ctl.clients[i].fd = fd;
	emu_ctl.clients[i].len = 0;
}

/* Answers all whole lines that have come in; false: the client goes. */
static bool
emu_ctl_lines(struct emu_ctl_client *client)
{
	char *begin = client->line, *end;

	while ((end = memchr(begin, '\n', client->len)) != NULL) {
		*end = '\0';
		if (!emu_ctl_reply(client->fd,
				    emu_ctl_answer(&emu_ctl.attr, begin,
						    base_clock_ns() - emu_ctl.start_ns)))
			return false;
		client->len -= (size_t)(end + 1 - begin);
		begin = end + 1;
	}
	memmove(client->line, begin, client->len);
	if (client->len < sizeof(client->line))
		return true;
	emu_ctl_reply(client->fd,
			json_pack("{s:b, s:s}", "ok", 0, "error", "the request is too long"));
	return false;
}

static void
emu_ctl_read(struct emu_ctl_client *client)
{
	ssize_t nb = recv(client->fd, client->line + client->len,
			sizeof(client->line) - client->len, MSG_DONTWAIT);

	if (nb < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (nb > 0) {
		client->len += (size_t)nb;
		if (emu_ctl_lines(client))
			return;
	}
	emu_ctl_drop(client);
}

static void *
emu_ctl_main(void *arg)
{
	struct pollfd pfd[2 + EMU_CTL_CLIENTS];
	unsigned int i;

	for (;;) {
		pfd[0] = (struct pollfd){ .fd = emu_ctl.stop_fd, .events = POLLIN };
		pfd[1] = (struct pollfd){ .fd = emu_ctl.listen_fd, .events = POLLIN };
		for (i = 0; i < EMU_CTL_CLIENTS; i++)
			pfd[2 + i] = (struct pollfd){ .fd = emu_ctl.clients[i].fd,
				.events = POLLIN };
		if (poll(pfd, BASE_ARRAY_SIZE(pfd), -1) < 0 && errno != EINTR)
			return NULL;
		/* POLLNVAL: the program closed what it does not know */
		if (pfd[0].revents != 0 || (pfd[1].revents & ~POLLIN) != 0)
			return NULL;
		for (i = 0; i < EMU_CTL_CLIENTS; i++) {
			if (emu_ctl.clients[i].fd >= 0 && pfd[2 + i].revents != 0)
				emu_ctl_read(&emu_ctl.clients[i]);
		}
		if (pfd[1].revents != 0)
			emu_ctl_accept();
	}
}

/* --- the name ------------------------------------------------------------------------------- */

/* Does nobody answer at the address any more? */
static bool
emu_ctl_is_stale(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0 &&
			errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return stale;
}

static int
emu_ctl_bind(int fd, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;

	strcpy(addr.sun_path, path);
	/* The mode of the name is that of the descriptor: there is no moment with another one. */
	if (fchmod(fd, 0600) != 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (!emu_ctl_is_stale(&addr))
		return -EADDRINUSE;
	unlink(path);
	return bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 ? 0 : -errno;
}

/* Removes the name unless it is somebody else's by now. */
static void
emu_ctl_unbind(void)
{
	const char *path = emu_ctl.attr.conf->control;
	struct stat st;

	if (lstat(path, &st) == 0 && st.st_ino == emu_ctl.name.st_ino &&
			st.st_dev == emu_ctl.name.st_dev)
		unlink(path);
}

/* --- life ----------------------------------------------------------------------------------- */

/* @return a descriptor to close; -1: whoever may not read the directory goes on without. */
static int
emu_ctl_lock_dir(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;

	snprintf(dir, sizeof(dir), "%s", path);
	fd = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR)
		;
	return fd;
}

static int
emu_ctl_listen(void)
{
	const char *path = emu_ctl.attr.conf->control;
	int ret;

	emu_ctl.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	emu_ctl.stop_fd = eventfd(0, EFD_CLOEXEC);
	if (emu_ctl.listen_fd < 0 || emu_ctl.stop_fd < 0)
		return -errno;
	ret = emu_ctl_bind(emu_ctl.listen_fd, path);
	if (ret != 0)
		return ret;
	if (lstat(path, &emu_ctl.name) != 0 || listen(emu_ctl.listen_fd, 8) != 0) {
		ret = -errno;
		unlink(path);
	}
	return ret;
}

static int
emu_ctl_thread(void)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&emu_ctl.thread, NULL, emu_ctl_main, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret == 0)
		pthread_setname_np(emu_ctl.thread, "mlx5emu-ctl");
	return ret;
}

int
emu_ctl_start(const struct emu_ctl_attr *attr)
{
	unsigned int i;
	int ret, lock;

	emu_ctl.attr = *attr;
	emu_ctl.start_ns = base_clock_ns();
	emu_ctl.clients = calloc(EMU_CTL_CLIENTS, sizeof(emu_ctl.clients[0]));
	if (emu_ctl.clients == NULL)
		return -ENOMEM;
	for (i = 0; i < EMU_CTL_CLIENTS; i++)
		emu_ctl.clients[i].fd = -1;
	lock = emu_ctl_lock_dir(attr->conf->control);
	ret = emu_ctl_listen();
	if (lock >= 0)
		close(lock);
	if (ret != 0)
		goto forget;
	ret = emu_ctl_thread();
	if (ret != 0)
		goto unbind;
	emu_ctl.running = true;
	return 0;

unbind:
	emu_ctl_unbind();
forget:
	emu_ctl_forget();
	free(emu_ctl.clients);
	emu_ctl.clients = NULL;
	return ret;
}

void
emu_ctl_stop(void)
{
	struct timespec until;
	uint64_t one = 1;

	if (!emu_ctl.running)
		return;
	emu_ctl.running = false;
	emu_ctl_unbind();
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += EMU_CTL_STOP_S;
	/* A verb may wait for a lock that the thread that exits was interrupted with: then the
	 * thread, and what it uses, is left to the end of the process. */
	if (write(emu_ctl.stop_fd, &one, sizeof(one)) != sizeof(one) ||
			pthread_timedjoin_np(emu_ctl.thread, NULL, &until) != 0)
		return;
	emu_ctl_forget();
	free(emu_ctl.clients);
	emu_ctl.clients = NULL;
}

void
emu_ctl_forget(void)
{
	unsigned int i;

	emu_ctl.running = false;
	for (i = 0; emu_ctl.clients != NULL && i < EMU_CTL_CLIENTS; i++) {
		if (emu_ctl.clients[i].fd >= 0)
			emu_ctl_drop(&emu_ctl.clients[i]);
	}
	if (emu_ctl.listen_fd >= 0)
		close(emu_ctl.listen_fd);
	if (emu_ctl.stop_fd >= 0)
		close(emu_ctl.stop_fd);
	emu_ctl.listen_fd = emu_ctl.stop_fd = -1;
}
