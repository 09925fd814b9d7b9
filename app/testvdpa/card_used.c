/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one card for the whole program, as there is one set of devices. It is set by
 * the thread that runs the commands, before anything that asks is begun.
 */
#include <errno.h>
#include <string.h>

#include "card_used.h"

static struct card *card_in_use;

int
card_use(const char *path, const struct base_log *log)
{
	struct card_error error;
	struct card *card;
	json_t *reply;
	int ret = card_create(path, CARD_WAIT_MS, &card);

	if (ret != 0) {
		base_err(log, "card %s: %s", path, strerror(-ret));
		return ret;
	}
	ret = card_ask(card, "status", &reply, &error);
	json_decref(reply);
	if (ret != 0) {
		base_err(log, "%s", error.text);
		card_destroy(card);
		return ret;
	}
	card_use_none();
	card_in_use = card;
	return 0;
}

void
card_use_none(void)
{
	card_destroy(card_in_use);
	card_in_use = NULL;
}

struct card *
card_used(void)
{
	return card_in_use;
}
