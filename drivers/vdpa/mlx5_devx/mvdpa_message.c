/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: lib/vhost calls an external handler before and after each message (after
 * only when it was accepted). Ours just notes the message's number, the first 32 bits of every
 * vhost-user message, and lets vhost go on.
 *
 * There is one place for such a handler. SET_FEATURES, which comes before SET_MEM_TABLE, makes us
 * take it; should the application take it from us later, what we know must not mislead: the number
 * is used up by the first question, and a memory table that was good counts as good.
 */
#include "mvdpa_message.h"

#include <string.h>

#include <rte_vhost.h>

#include "guard_table.h"
#include "mvdpa_log.h"

/* VhostUserRequest (vhost-user protocol, "Front-end message types"). */
enum {
	MSG_SET_MEM_TABLE = 5,
	MSG_SET_VRING_KICK = 12,
	MSG_SET_VRING_CALL = 13,
	MSG_SET_VRING_ENABLE = 18,
};

/* The handler is told the device id and nothing else, so connections are found by it. */
#define MAX_VIDS RTE_MAX_VHOST_DEVICE

static struct mvdpa_message *followed[MAX_VIDS];
static bool shut[MAX_VIDS]; /* the device is gone */

static struct mvdpa_message *
message_of(int vid)
{
	return vid >= 0 && vid < MAX_VIDS ? __atomic_load_n(&followed[vid], __ATOMIC_ACQUIRE) :
					    NULL;
}

/* Refuses a table that vhost would take and die of; the one before it stays in force. */
static bool
message_refuses_table(int vid, const void *msg)
{
	struct guard_table table;
	char why[256];

	if (guard_table_read(msg, &table) != 0 || guard_table_check(&table, why, sizeof(why)) == 0)
		return false;
	base_err(&mvdpa_log, "vhost device %d: SET_MEM_TABLE was refused: %s", vid, why);
	guard_table_close(&table);
	return true;
}

/* Of a device that is gone: a ring needs a kick file before it can start, and memory. */
static enum rte_vhost_msg_result
message_of_gone(int vid, const void *msg)
{
	uint32_t request;

	memcpy(&request, msg, sizeof(request));
	if (request != MSG_SET_MEM_TABLE && request != MSG_SET_VRING_KICK)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	base_err(&mvdpa_log, "vhost device %d: message %u was refused: the card is gone", vid,
			request);
	return RTE_VHOST_MSG_RESULT_ERR;
}

static enum rte_vhost_msg_result
message_before(int vid, void *msg)
{
	struct mvdpa_message *message = message_of(vid);

	if (vid >= 0 && vid < MAX_VIDS && __atomic_load_n(&shut[vid], __ATOMIC_ACQUIRE))
		return message_of_gone(vid, msg);
	if (message == NULL)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	memcpy(&message->current, msg, sizeof(message->current));
	if (message->current != MSG_SET_MEM_TABLE)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	if (message_refuses_table(vid, msg))
		return RTE_VHOST_MSG_RESULT_ERR;
	message->mem_table = false;
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

static enum rte_vhost_msg_result
message_after(int vid, void *msg)
{
	struct mvdpa_message *message = message_of(vid);

	if (message != NULL && message->current == MSG_SET_MEM_TABLE)
		message->mem_table = true;
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

void
mvdpa_message_follow(struct mvdpa_message *message, int vid)
{
	static const struct rte_vhost_user_extern_ops ops = {
		.pre_msg_handle = message_before,
		.post_msg_handle = message_after,
	};

	if (vid < 0 || vid >= MAX_VIDS || message_of(vid) == message)
		return;
	__atomic_store_n(&followed[vid], message, __ATOMIC_RELEASE);
	rte_vhost_extern_callback_register(vid, &ops, NULL);
}

void
mvdpa_message_forget(struct mvdpa_message *message)
{
	int vid;

	for (vid = 0; vid < MAX_VIDS; vid++) {
		if (message_of(vid) == message)
			__atomic_store_n(&followed[vid], NULL, __ATOMIC_RELEASE);
	}
	*message = (struct mvdpa_message){ 0 };
}

void
mvdpa_message_shut(int vid)
{
	if (vid >= 0 && vid < MAX_VIDS)
		__atomic_store_n(&shut[vid], true, __ATOMIC_RELEASE);
}

void
mvdpa_message_end(int vid)
{
	if (vid < 0 || vid >= MAX_VIDS)
		return;
	__atomic_store_n(&followed[vid], NULL, __ATOMIC_RELEASE);
	__atomic_store_n(&shut[vid], false, __ATOMIC_RELEASE);
}

bool
mvdpa_message_swaps_file(struct mvdpa_message *message)
{
	bool swaps = message->current == MSG_SET_VRING_KICK ||
			message->current == MSG_SET_VRING_CALL;

	message->current = 0;
	return swaps;
}

bool
mvdpa_message_keeps_life(const struct mvdpa_message *message)
{
	return message->current == MSG_SET_VRING_ENABLE;
}

bool
mvdpa_message_sets_memory(const struct mvdpa_message *message)
{
	return message->current == MSG_SET_MEM_TABLE;
}

void
mvdpa_message_done(struct mvdpa_message *message)
{
	message->current = 0;
}
