/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the app's client of a card (app/testvdpa/card.h). A test can do nothing
 * sensible without its card, so every trouble ends the program where it is noticed; only
 * card_ctl_try() hands a refusal on.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "card_ctl.h"

struct card_ctl {
	struct card *card;
};

static void __attribute__((noreturn)) card_ctl_die(const char *text)
{
	printf("%s\nFAIL\n", text);
	exit(1);
}

struct card_ctl *
card_ctl_open(const char *path)
{
	struct card_ctl *ctl = calloc(1, sizeof(*ctl));
	struct card_error error;

	if (ctl == NULL || card_create(path, CARD_WAIT_MS, &ctl->card) != 0)
		card_ctl_die(path);
	if (card_tell(ctl->card, &error, "status") != 0)
		card_ctl_die(error.text);
	return ctl;
}

void
card_ctl_close(struct card_ctl *ctl)
{
	if (ctl == NULL)
		return;
	card_destroy(ctl->card);
	free(ctl);
}

json_t *
card_ctl_ask(struct card_ctl *ctl, const char *fmt, ...)
{
	char words[CARD_WORDS_MAX];
	struct card_error error;
	json_t *reply;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	if (card_ask(ctl->card, words, &reply, &error) != 0)
		card_ctl_die(error.text);
	return reply;
}

void
card_ctl_tell(struct card_ctl *ctl, const char *fmt, ...)
{
	char words[CARD_WORDS_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	json_decref(card_ctl_ask(ctl, "%s", words));
}

int
card_ctl_try(struct card_ctl *ctl, const char *fmt, ...)
{
	char words[CARD_WORDS_MAX];
	struct card_error error;
	json_t *reply;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	ret = card_ask(ctl->card, words, &reply, &error);
	if (ret != 0 && ret != -EREMOTEIO)
		card_ctl_die(error.text);
	json_decref(reply);
	return ret == 0 ? 0 : -1;
}

uint64_t
card_ctl_fired(struct card_ctl *ctl, const char *id)
{
	struct card_error error;
	uint64_t fired = 0;
	int ret = card_fired(ctl->card, id, &fired, &error);

	if (ret != 0 && ret != -ENOENT)
		card_ctl_die(error.text);
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
