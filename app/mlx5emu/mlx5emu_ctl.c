/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mlx5emu ctl: asks a running card.
 *
 * Theory of operation: one request, one reply, each a JSON object on a line. What the reply holds
 * is for the card to say; here it is printed by its shape: a text or number as "name: value", an
 * object under its name, indented, a list of objects as one paragraph each. So a new verb needs
 * nothing new here. Only the member "text" is special: it is printed as it is.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "mlx5emu.h"

#define CTL_WAIT_MS 10000 /* for the reply */

static void
ctl_help(void)
{
	puts("Usage: mlx5emu ctl [OPTION]... VERB [ARG]...\n"
	     "Ask a running card, or tell it something. It was started with --control PATH, or\n"
	     "with \"control\": {\"socket\": PATH} in its configuration.\n"
	     "\n"
	     "  -s, --socket PATH    where the card listens (default: $MLX5EMU_CONTROL)\n"
	     "  -j, --json           print the reply as it came, one JSON object\n"
	     "  -h, --help           show this help and exit\n"
	     "\n"
	     "The verb 'help' lists the verbs of the running card.\n"
	     "Exit status: 0; 1 if the card said no or does not answer; 2 for a bad command line.");
}

/* --- printing ------------------------------------------------------------------------------- */

static void ctl_print(const json_t *value, int depth);

static void
ctl_print_plain(const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		puts(json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY);
	puts(text != NULL ? text : "?");
	free(text);
}

static bool
ctl_is_deep(const json_t *value)
{
	return json_is_object(value) ||
			(json_is_array(value) && json_array_size(value) > 0 &&
					json_is_object(json_array_get(value, 0)));
}

static void
ctl_print_member(const char *key, const json_t *value, int depth)
{
	printf("%*s%s:%s", 2 * depth, "", key, ctl_is_deep(value) ? "\n" : " ");
	if (ctl_is_deep(value))
		ctl_print(value, depth + 1);
	else
		ctl_print_plain(value);
}

static void
ctl_print(const json_t *value, int depth)
{
	const char *key;
	json_t *one;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, one) ctl_print_member(key, one, depth);
		return;
	}
	json_array_foreach(value, i, one)
	{
		ctl_print(one, depth);
		if (i + 1 < json_array_size(value))
			putchar('\n');
	}
}

static void
ctl_print_reply(json_t *reply)
{
	const char *text = json_string_value(json_object_get(reply, "text"));

	json_object_del(reply, "ok");
	if (text != NULL)
		fputs(text, stdout);
	else
		ctl_print(reply, 0);
}

/* --- talking -------------------------------------------------------------------------------- */

static int
ctl_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "mlx5emu ctl: %s: longer than %zu bytes\n", path,
				sizeof(addr.sun_path) - 1);
		return -1;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		fprintf(stderr, "mlx5emu ctl: %s: %s\n", path,
				errno == ECONNREFUSED ? "no card listens here any more" :
							strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static bool
ctl_send(int fd, char **words, int nb)
{
	json_t *args = json_array(), *request;
	bool ok;
	char *text;
	int i;

	for (i = 1; i < nb; i++)
		json_array_append_new(args, json_string(words[i]));
	request = json_pack("{s:s, s:o}", "verb", words[0], "args", args);
	text = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
	ok = text != NULL && dprintf(fd, "%s\n", text) > 0;
	free(text);
	json_decref(request);
	if (!ok)
		fputs("mlx5emu ctl: the request cannot be sent (is it UTF-8?)\n", stderr);
	return ok;
}

/* The whole line that comes back, to be freed; NULL: it did not come. */
static char *
ctl_receive(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char *line = NULL, *more;
	size_t len = 0;
	ssize_t nb;

	for (;;) {
		more = realloc(line, len + 4097);
		if (more == NULL || poll(&pfd, 1, CTL_WAIT_MS) <= 0)
			break;
		line = more;
		nb = read(fd, line + len, 4096);
		if (nb <= 0)
			break;
		len += (size_t)nb;
		line[len] = '\0';
		if (line[len - 1] == '\n')
			return line;
	}
	free(more != NULL ? more : line);
	fputs("mlx5emu ctl: the card does not answer\n", stderr);
	return NULL;
}

static int
ctl_show(const char *line, bool as_json)
{
	json_t *reply = json_loads(line, 0, NULL);
	bool ok = json_is_true(json_object_get(reply, "ok"));
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (as_json)
		fputs(line, stdout);
	else if (ok)
		ctl_print_reply(reply);
	else
		fprintf(stderr, "mlx5emu ctl: %s\n", error != NULL ? error : "strange reply");
	json_decref(reply);
	return ok ? 0 : 1;
}

static int
ctl_talk(const char *path, char **words, int nb, bool as_json)
{
	int fd = ctl_connect(path), status = 1;
	char *line;

	if (fd < 0)
		return 1;
	line = ctl_send(fd, words, nb) ? ctl_receive(fd) : NULL;
	if (line != NULL)
		status = ctl_show(line, as_json);
	free(line);
	close(fd);
	return status;
}

int
mlx5emu_ctl(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *path = getenv("MLX5EMU_CONTROL");
	bool as_json = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "+s:jh", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			path = optarg;
			break;
		case 'j':
			as_json = true;
			break;
		case 'h':
			ctl_help();
			return 0;
		default:
			fputs("Try 'mlx5emu ctl --help'.\n", stderr);
			return MLX5EMU_USAGE;
		}
	}
	if (optind == argc || path == NULL || *path == '\0') {
		fprintf(stderr, "mlx5emu ctl: no %s\nTry 'mlx5emu ctl --help'.\n",
				optind == argc ? "verb" :
						 "--socket, and MLX5EMU_CONTROL is not set");
		return MLX5EMU_USAGE;
	}
	return ctl_talk(path, argv + optind, argc - optind, as_json);
}
