/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one connection, one line out, one line back. A test can do nothing sensible
 * without its card, so every trouble ends the program where it is noticed; only card_ctl_try() hands
 * a refusal on.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "card_ctl.h"

#define CARD_CTL_WORDS_MAX 512

struct card_ctl {
	FILE *in;
	int fd;
};

static void __attribute__((noreturn, format(printf, 1, 2))) card_ctl_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("card: ");
	vprintf(fmt, ap);
	printf("\nFAIL\n");
	va_end(ap);
	exit(1);
}

struct card_ctl *
card_ctl_open(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct card_ctl *ctl = calloc(1, sizeof(*ctl));

	if (ctl == NULL || strlen(path) >= sizeof(addr.sun_path))
		card_ctl_die("cannot connect to %s", path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	ctl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (ctl->fd < 0 || connect(ctl->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		card_ctl_die("cannot connect to %s: %s", path, strerror(errno));
	ctl->in = fdopen(ctl->fd, "r");
	if (ctl->in == NULL)
		card_ctl_die("%s", strerror(errno));
	return ctl;
}

void
card_ctl_close(struct card_ctl *ctl)
{
	if (ctl == NULL)
		return;
	fclose(ctl->in);
	free(ctl);
}

static json_t *
card_ctl_words(char *text)
{
	json_t *args = json_array(), *request;
	char *save = NULL, *verb = strtok_r(text, " ", &save), *word;

	while ((word = strtok_r(NULL, " ", &save)) != NULL)
		json_array_append_new(args, json_string(word));
	request = json_pack("{s:s, s:o}", "verb", verb, "args", args);
	if (request == NULL)
		card_ctl_die("cannot make a request of '%s'", text);
	return request;
}

/* Sends, and takes the reply; never NULL. */
static json_t *
card_ctl_talk(struct card_ctl *ctl, const char *words)
{
	char text[CARD_CTL_WORDS_MAX], *line = NULL;
	json_t *request, *reply;
	size_t cap = 0;

	snprintf(text, sizeof(text), "%s", words);
	request = card_ctl_words(text);
	if (json_dumpfd(request, ctl->fd, JSON_COMPACT) != 0 || write(ctl->fd, "\n", 1) != 1)
		card_ctl_die("'%s' cannot be sent", words);
	json_decref(request);
	if (getline(&line, &cap, ctl->in) <= 0)
		card_ctl_die("'%s' was not answered", words);
	reply = json_loads(line, 0, NULL);
	if (reply == NULL)
		card_ctl_die("'%s' was answered by: %s", words, line);
	free(line);
	return reply;
}

json_t *
card_ctl_ask(struct card_ctl *ctl, const char *fmt, ...)
{
	char words[CARD_CTL_WORDS_MAX];
	json_t *reply;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	reply = card_ctl_talk(ctl, words);
	if (!json_is_true(json_object_get(reply, "ok")))
		card_ctl_die("'%s' is refused: %s", words,
				json_string_value(json_object_get(reply, "error")));
	return reply;
}

void
card_ctl_tell(struct card_ctl *ctl, const char *fmt, ...)
{
	char words[CARD_CTL_WORDS_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	json_decref(card_ctl_ask(ctl, "%s", words));
}

int
card_ctl_try(struct card_ctl *ctl, const char *fmt, ...)
{
	char words[CARD_CTL_WORDS_MAX];
	json_t *reply;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	reply = card_ctl_talk(ctl, words);
	ret = json_is_true(json_object_get(reply, "ok")) ? 0 : -1;
	json_decref(reply);
	return ret;
}

uint64_t
card_ctl_fired(struct card_ctl *ctl, const char *id)
{
	json_t *reply = card_ctl_ask(ctl, "fault list"), *rule;
	uint64_t fired = 0;
	size_t i;

	json_array_foreach(json_object_get(reply, "faults"), i, rule)
	{
		if (strcmp(json_string_value(json_object_get(rule, "id")), id) == 0)
			fired = (uint64_t)json_integer_value(json_object_get(rule, "fired"));
	}
	json_decref(reply);
	return fired;
}

uint64_t
card_ctl_commands(struct card_ctl *ctl)
{
	json_t *reply = card_ctl_ask(ctl, "status");
	json_t *func = json_array_get(json_object_get(reply, "functions"), 0);
	uint64_t nb = (uint64_t)json_integer_value(json_object_get(func, "commands"));

	json_decref(reply);
	return nb;
}

void
card_ctl_objects(struct card_ctl *ctl, struct card_ctl_objects *objects)
{
	json_t *reply = card_ctl_ask(ctl, "objects 0"), *value;
	const char *name;

	memset(objects, 0, sizeof(*objects));
	json_object_foreach(json_array_get(json_object_get(reply, "functions"), 0), name, value)
	{
		if (strcmp(name, "function") == 0 || objects->nb == CARD_CTL_MAX_CLASSES)
			continue;
		snprintf(objects->classes[objects->nb].name, sizeof(objects->classes[0].name), "%s",
				name);
		objects->classes[objects->nb++].nb = (unsigned int)json_integer_value(value);
	}
	json_decref(reply);
}

unsigned int
card_ctl_objects_diff(const struct card_ctl_objects *then, const struct card_ctl_objects *now)
{
	unsigned int i, nb = 0;

	for (i = 0; i < then->nb && i < now->nb; i++) {
		if (then->classes[i].nb == now->classes[i].nb)
			continue;
		printf("objects of class %s: %u, were %u\n", now->classes[i].name,
				now->classes[i].nb, then->classes[i].nb);
		nb++;
	}
	return nb;
}
