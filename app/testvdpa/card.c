/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a question is one line with a deadline for everything: connecting, sending,
 * the whole answer. What goes wrong on the way leaves a connection on which a late answer could be
 * taken for that of the next question, so it is closed. A refusal is an answer.
 *
 * The mutex covers a whole question.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <base_clock.h>
#include <base_mutex.h>

#include "card.h"

#define CARD_LINE_MAX (4u << 20) /* of an answer */
#define CARD_LINE_FIRST 4096u

struct card {
	struct sockaddr_un addr;
	unsigned int wait_ms;
	struct base_mutex lock;
	int fd; /* (lock) -1: not connected */
	char *line; /* (lock) the answer */
	size_t cap, len; /* (lock) of line */
};

static int __attribute__((format(printf, 3, 4)))
card_fail(struct card_error *error, int ret, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(error->text, sizeof(error->text), format, ap);
	va_end(ap);
	return ret;
}

int
card_create(const char *path, unsigned int wait_ms, struct card **card)
{
	struct card *c;

	if (strlen(path) >= sizeof(c->addr.sun_path))
		return -ENAMETOOLONG;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->addr.sun_family = AF_UNIX;
	memcpy(c->addr.sun_path, path, strlen(path) + 1);
	c->wait_ms = wait_ms;
	c->fd = -1;
	base_mutex_init(&c->lock);
	*card = c;
	return 0;
}

static void
card_hang_up(struct card *card) BASE_REQUIRES(card->lock)
{
	if (card->fd >= 0)
		close(card->fd);
	card->fd = -1;
}

void
card_destroy(struct card *card)
{
	if (card == NULL)
		return;
	base_mutex_lock(&card->lock);
	card_hang_up(card);
	base_mutex_unlock(&card->lock);
	base_mutex_destroy(&card->lock);
	free(card->line);
	free(card);
}

const char *
card_path(const struct card *card)
{
	return card->addr.sun_path;
}

/* --- the connection ------------------------------------------------------------------------- */

/* Waits until the socket is ready for @events. @return 0, -ETIMEDOUT, -errno. */
static int
card_wait(const struct card *card, short events, uint64_t deadline_ns) BASE_REQUIRES(card->lock)
{
	struct pollfd pfd = { .fd = card->fd, .events = events };
	uint64_t now = base_clock_ns();
	int ret;

	do {
		if (now >= deadline_ns)
			return -ETIMEDOUT;
		ret = poll(&pfd, 1, (int)((deadline_ns - now) / BASE_NS_PER_MS) + 1);
		now = base_clock_ns();
	} while (ret == 0 || (ret < 0 && errno == EINTR));
	return ret < 0 ? -errno : 0;
}

static int
card_connect(struct card *card) BASE_REQUIRES(card->lock)
{
	int ret;

	if (card->fd >= 0)
		return 0;
	card->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (card->fd < 0)
		return -errno;
	if (connect(card->fd, (const struct sockaddr *)&card->addr, sizeof(card->addr)) == 0)
		return 0;
	/* EAGAIN: more wait to be accepted than the card allows; it serves nobody. */
	ret = -errno;
	card_hang_up(card);
	return ret;
}

static int
card_send(struct card *card, const char *text, size_t len, uint64_t deadline_ns)
		BASE_REQUIRES(card->lock)
{
	while (len != 0) {
		ssize_t nb = send(card->fd, text, len, MSG_NOSIGNAL);
		int ret = 0;

		if (nb >= 0) {
			text += nb;
			len -= (size_t)nb;
		} else if (errno == EAGAIN) {
			ret = card_wait(card, POLLOUT, deadline_ns);
		} else if (errno != EINTR) {
			ret = -errno;
		}
		if (ret != 0)
			return ret;
	}
	return 0;
}

static int
card_make_room(struct card *card) BASE_REQUIRES(card->lock)
{
	size_t cap = card->cap != 0 ? 2 * card->cap : CARD_LINE_FIRST;
	char *line;

	if (card->len < card->cap)
		return 0;
	if (cap > CARD_LINE_MAX)
		return -EMSGSIZE;
	line = realloc(card->line, cap);
	if (line == NULL)
		return -ENOMEM;
	card->line = line;
	card->cap = cap;
	return 0;
}

/* Reads up to the end of a line, which becomes the end of the text. */
static int
card_receive(struct card *card, uint64_t deadline_ns) BASE_REQUIRES(card->lock)
{
	card->len = 0;
	for (;;) {
		int ret = card_make_room(card);
		ssize_t nb;

		if (ret != 0)
			return ret;
		nb = recv(card->fd, card->line + card->len, card->cap - card->len, 0);
		if (nb == 0)
			return -ECONNRESET;
		if (nb < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (nb > 0) {
			card->len += (size_t)nb;
			if (card->line[card->len - 1] == '\n') {
				card->line[card->len - 1] = '\0';
				return 0;
			}
			continue;
		}
		ret = card_wait(card, POLLIN, deadline_ns);
		if (ret != 0)
			return ret;
	}
}

static int
card_exchange(struct card *card, const char *request, json_t **reply) BASE_REQUIRES(card->lock)
{
	uint64_t deadline_ns = base_clock_ns() + card->wait_ms * BASE_NS_PER_MS;
	int ret = card_connect(card);

	if (ret == 0)
		ret = card_send(card, request, strlen(request), deadline_ns);
	if (ret == 0)
		ret = card_send(card, "\n", 1, deadline_ns);
	if (ret == 0)
		ret = card_receive(card, deadline_ns);
	if (ret == 0) {
		*reply = json_loads(card->line, 0, NULL);
		ret = json_is_object(*reply) ? 0 : -EPROTO;
	}
	return ret;
}

/* --- questions ------------------------------------------------------------------------------ */

/* {"verb": ..., "args": [...]} as text, to be freed; NULL: no words, or no memory. */
static char *
card_request(const char *words)
{
	char text[CARD_WORDS_MAX], *save = NULL, *word, *line;
	json_t *args, *request;

	if (strlen(words) >= sizeof(text))
		return NULL;
	memcpy(text, words, strlen(words) + 1);
	word = strtok_r(text, " ", &save);
	if (word == NULL)
		return NULL;
	args = json_array();
	request = json_pack("{s:s, s:o}", "verb", word, "args", args);
	while (request != NULL && (word = strtok_r(NULL, " ", &save)) != NULL)
		json_array_append_new(args, json_string(word));
	line = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	return line;
}

/* Makes an answer, or what came instead, a result. */
static int
card_judge(const struct card *card, const char *words, json_t *reply, struct card_error *error)
{
	const char *said = json_string_value(json_object_get(reply, "error"));

	if (json_is_true(json_object_get(reply, "ok")))
		return 0;
	if (said == NULL)
		return card_fail(error, -EPROTO, "the card at %s: '%s' was not answered by a card",
				card_path(card), words);
	return card_fail(error, -EREMOTEIO, "the card refuses '%s': %s", words, said);
}

int
card_ask(struct card *card, const char *words, json_t **reply, struct card_error *error)
{
	char *request = card_request(words);
	int ret;

	*reply = NULL;
	error->text[0] = '\0';
	if (request == NULL)
		return card_fail(error, -EINVAL,
				"nothing to ask the card, or more than %u characters",
				CARD_WORDS_MAX - 1);
	base_mutex_lock(&card->lock);
	ret = card_exchange(card, request, reply);
	if (ret != 0)
		card_hang_up(card);
	base_mutex_unlock(&card->lock);
	free(request);
	if (ret != 0)
		ret = card_fail(error, ret, "the card at %s, asked '%s': %s", card_path(card),
				words, strerror(-ret));
	else
		ret = card_judge(card, words, *reply, error);
	if (ret != 0) {
		json_decref(*reply);
		*reply = NULL;
	}
	return ret;
}

int
card_tell(struct card *card, struct card_error *error, const char *format, ...)
{
	char words[CARD_WORDS_MAX];
	json_t *reply;
	va_list ap;
	int ret, len;

	va_start(ap, format);
	len = vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(words))
		return card_fail(error, -EINVAL, "more than %u characters to tell the card",
				CARD_WORDS_MAX - 1);
	ret = card_ask(card, words, &reply, error);
	json_decref(reply);
	return ret;
}

/* The object of list @key of @reply whose @member is this text; NULL: none. */
static json_t *
card_find(const json_t *reply, const char *key, const char *member, const char *text)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(reply, key), i, one)
	{
		const char *value = json_string_value(json_object_get(one, member));

		if (value != NULL && strcmp(value, text) == 0)
			return one;
	}
	return NULL;
}

int
card_function(struct card *card, const char *device, unsigned int *function,
		struct card_error *error)
{
	json_t *reply, *one;
	int ret = card_ask(card, "status", &reply, error);

	if (ret != 0)
		return ret;
	one = card_find(reply, "functions", "auxiliary", device);
	if (one == NULL)
		one = card_find(reply, "functions", "pci", device);
	if (one != NULL)
		*function = (unsigned int)json_integer_value(json_object_get(one, "function"));
	else
		ret = card_fail(error, -ENODEV, "the card at %s has no function %s",
				card_path(card), device);
	json_decref(reply);
	return ret;
}

int
card_fired(struct card *card, const char *id, uint64_t *fired, struct card_error *error)
{
	json_t *reply, *one;
	int ret = card_ask(card, "fault list", &reply, error);

	if (ret != 0)
		return ret;
	one = card_find(reply, "faults", "id", id);
	if (one != NULL)
		*fired = (uint64_t)json_integer_value(json_object_get(one, "fired"));
	else
		ret = card_fail(error, -ENOENT, "the card has no rule '%s'", id);
	json_decref(reply);
	return ret;
}
