/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one thread waits in poll() for input and for the stop descriptor, so that a
 * signal ends the program between two commands and nowhere else. Files and pipes are read in lines
 * that are echoed behind the prompt and handed to librte_cmdline's parser; a terminal is handed
 * over to librte_cmdline's line editor character by character, and whole lines to the same parser.
 * The session's timer runs in the same poll(), so it never runs beside a command.
 *
 * The editor writes single characters. They go to the same stream as all other output, which is
 * flushed where we wait: so a prompt comes in one piece, and other threads' log lines before or
 * behind it. Scripts take it for the end of an answer.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmdline.h>
#include <cmdline_rdline.h>

#include <base_clock.h>
#include <base_math.h>

#include "console.h"

#define CONSOLE_LINE_MAX 4096
#define CONSOLE_CLEAR_LINE "\r\033[K" /* VT100, as librte_cmdline itself speaks */

/** A line in the making. */
struct console_line {
	char text[CONSOLE_LINE_MAX + 2]; /**< room for the newline that the parser wants */
	size_t len;
	bool too_long;
};

/* The session's timer is due: what it prints goes above what is being typed at @rdl (or NULL). */
static void
console_timer(struct command_session *session, struct rdline *rdl)
{
	uint64_t nb;

	if (read(session->timer.fd, &nb, sizeof(nb)) != (ssize_t)sizeof(nb))
		return;
	if (rdl != NULL)
		fputs(CONSOLE_CLEAR_LINE, session->out);
	session->timer.due(session);
	fflush(session->out);
	if (rdl != NULL) {
		rdline_redisplay(rdl);
		fflush(session->out);
	}
}

/* Milliseconds until @deadline for poll(); 0: it is over. UINT64_MAX: never. */
static int
console_left(uint64_t deadline)
{
	uint64_t now = base_clock_ns();

	if (deadline == UINT64_MAX)
		return -1;
	if (now >= deadline)
		return 0;
	deadline = (deadline - now + BASE_NS_PER_MS - 1) / BASE_NS_PER_MS;
	return deadline > INT_MAX ? INT_MAX : (int)deadline;
}

/** What to wait for. */
struct console_wait {
	int in_fd; /**< -1: no input */
	uint64_t deadline; /**< base_clock_ns(); UINT64_MAX: none */
	struct rdline *rdl; /**< of a terminal */
};

/* 1: input can be read, or the time is over; 0: the user wants the end; -errno. */
static int
console_wait(struct command_session *session, const struct console_wait *wait)
{
	int nb;

	do {
		bool timer = session->timer.due != NULL;
		struct pollfd fds[] = { { .fd = session->stop_fd, .events = POLLIN },
			{ .fd = wait->in_fd, .events = POLLIN },
			{ .fd = timer ? session->timer.fd : -1, .events = POLLIN } };

		nb = poll(fds, BASE_ARRAY_SIZE(fds), console_left(wait->deadline));
		if (nb < 0 && errno != EINTR)
			return -errno;
		if (nb > 0 && fds[0].revents != 0)
			return 0;
		if (nb > 0 && fds[2].revents != 0)
			console_timer(session, wait->rdl);
		if (nb > 0 && fds[1].revents != 0)
			return 1;
	} while (console_left(wait->deadline) != 0);
	return 1;
}

int
console_pause(struct command_session *session, uint64_t ms)
{
	struct console_wait wait = { .in_fd = -1,
		.deadline = base_clock_ns() + ms * BASE_NS_PER_MS };
	int ret;

	fflush(session->out);
	ret = console_wait(session, &wait);
	return ret < 0 ? ret : ret == 0;
}

static void
console_line_run(const struct console_attr *attr, struct cmdline *cl, struct console_line *line)
{
	if (line->too_long) {
		fprintf(attr->session->out, CONSOLE_PROMPT "%.60s...\n", line->text);
		base_err(attr->session->log, "a command line has more than %d characters",
				CONSOLE_LINE_MAX);
		attr->session->nb_failed++;
	} else {
		line->text[line->len] = '\0';
		fprintf(attr->session->out, CONSOLE_PROMPT "%s\n", line->text);
		fflush(attr->session->out);
		line->text[line->len] = '\n';
		line->text[line->len + 1] = '\0';
		if (cmdline_parse(cl, line->text) < 0)
			command_explain(attr->session, line->text);
	}
	line->len = 0;
	line->too_long = false;
}

static void
console_feed(const struct console_attr *attr, struct cmdline *cl, struct console_line *line, char c)
{
	if (c == '\n')
		console_line_run(attr, cl, line);
	else if (line->len == CONSOLE_LINE_MAX)
		line->too_long = true;
	else if (c != '\r')
		line->text[line->len++] = c == '\0' ? ' ' : c;
}

/* Reads lines until the end of @fd, "quit" or the stop descriptor. */
static int
console_lines(const struct console_attr *attr, struct cmdline *cl, int fd)
{
	struct console_line line = { .len = 0 };
	char buf[512];
	ssize_t nb = 1;
	struct console_wait wait = { .in_fd = fd, .deadline = UINT64_MAX };
	ssize_t i;
	int ret;

	while (!attr->session->quit && nb > 0) {
		ret = console_wait(attr->session, &wait);
		if (ret <= 0) {
			attr->session->quit = true;
			return ret;
		}
		nb = read(fd, buf, sizeof(buf));
		if (nb < 0 && (errno == EINTR || errno == EAGAIN))
			nb = 1;
		else if (nb < 0)
			return -errno;
		else
			for (i = 0; i < nb && !attr->session->quit; i++)
				console_feed(attr, cl, &line, buf[i]);
	}
	if (line.len != 0 && !attr->session->quit)
		console_line_run(attr, cl, &line);
	return 0;
}

static int
console_file(const struct console_attr *attr, struct cmdline *cl)
{
	int fd = open(attr->file, O_RDONLY | O_CLOEXEC);
	int ret;

	ret = fd < 0 ? -errno : console_lines(attr, cl, fd);
	if (ret != 0)
		base_err(attr->session->log, "command file %s: %s", attr->file, strerror(-ret));
	if (fd >= 0)
		close(fd);
	return ret;
}

/* --- a terminal ----------------------------------------------------------------------------- */

/** What the line editor's callbacks need. */
struct console_terminal {
	const struct console_attr *attr;
	struct cmdline *cl; /**< parses and completes */
};

static int
console_put(struct rdline *rdl, char c)
{
	const struct console_terminal *term = rdline_get_opaque(rdl);

	return fputc(c, term->attr->session->out) == EOF ? -1 : 0;
}

/* A line was typed; it ends in a newline. */
static void
console_typed(struct rdline *rdl, const char *text, unsigned int size)
{
	const struct console_terminal *term = rdline_get_opaque(rdl);

	(void)size;
	fflush(term->attr->session->out);
	if (cmdline_parse(term->cl, text) < 0)
		command_explain(term->attr->session, text);
}

static int
console_complete(struct rdline *rdl, const char *text, char *dst, unsigned int size, int *state)
{
	const struct console_terminal *term = rdline_get_opaque(rdl);

	return cmdline_complete(term->cl, text, state, dst, size);
}

/* Keeps a line that says something, without its newline, to be fetched again by arrow keys. */
static void
console_remember(struct rdline *rdl)
{
	char *line = strdup(rdline_get_buffer(rdl));
	size_t len;

	if (line == NULL)
		return;
	len = strlen(line);
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	if (len > 0)
		rdline_add_history(rdl, line);
	free(line);
}

/* 1: go on; 0: the user wants the end. */
static int
console_char(const struct console_attr *attr, struct rdline *rdl)
{
	int ret;
	char c;

	if (read(attr->in_fd, &c, 1) != 1)
		return 0;
	ret = rdline_char_in(rdl, c);
	if (ret == RDLINE_RES_VALIDATED && !attr->session->quit) {
		console_remember(rdl);
		rdline_newline(rdl, CONSOLE_PROMPT);
	}
	fflush(attr->session->out);
	return ret != RDLINE_RES_EOF && ret != RDLINE_RES_EXITED && !attr->session->quit;
}

static int
console_edit(const struct console_attr *attr, struct rdline *rdl)
{
	struct console_wait wait = { .in_fd = attr->in_fd, .deadline = UINT64_MAX, .rdl = rdl };
	int ret;

	rdline_newline(rdl, CONSOLE_PROMPT);
	fflush(attr->session->out);
	do {
		ret = console_wait(attr->session, &wait);
		if (ret > 0)
			ret = console_char(attr, rdl);
	} while (ret > 0);
	attr->session->quit = true;
	return ret;
}

static int
console_terminal(const struct console_attr *attr, struct cmdline *cl)
{
	struct console_terminal term = { attr, cl };
	struct termios before, raw;
	struct rdline *rdl;
	int ret;

	if (tcgetattr(attr->in_fd, &before) != 0)
		return -errno;
	rdl = rdline_new(console_put, console_typed, console_complete, &term);
	if (rdl == NULL)
		return -ENOMEM;
	raw = before;
	/* The editor echoes, and knows what Ctrl-C means on a line. */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	tcsetattr(attr->in_fd, TCSANOW, &raw);
	ret = console_edit(attr, rdl);
	tcsetattr(attr->in_fd, TCSANOW, &before);
	rdline_free(rdl);
	return ret;
}

static int
console_input(const struct console_attr *attr, struct cmdline *cl)
{
	struct console_wait wait = { .in_fd = -1, .deadline = UINT64_MAX };
	int ret;

	if (isatty(attr->in_fd))
		return console_terminal(attr, cl);
	ret = console_lines(attr, cl, attr->in_fd);
	if (ret == 0 && !attr->session->quit && !attr->end_with_input)
		ret = console_wait(attr->session, &wait);
	return ret;
}

int
console_run(const struct console_attr *attr)
{
	struct cmdline *cl;
	int ret = 0;

	cl = cmdline_new(command_set_ctx(attr->commands), "", -1, STDOUT_FILENO);
	if (cl == NULL)
		return -ENOMEM;
	if (attr->file != NULL)
		ret = console_file(attr, cl);
	if (ret == 0 && !attr->session->quit)
		ret = console_input(attr, cl);
	cmdline_free(cl);
	return ret;
}
