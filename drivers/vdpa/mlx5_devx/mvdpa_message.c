/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: lib/vhost calls an external handler before and after each message (after
 * only when it was accepted). Ours just notes the message's number, the first 32 bits of every
 * vhost-user message, and lets vhost go on.
 *
 * With a memory table it does more, because that is the moment at which the new memory is known
 * and the queues still run: the table is judged, the device makes its keys, and when vhost would
 * not see that there are other files behind the same addresses, the table is written differently.
 * The message is the handler's to change; its layout is promised to handlers.
 *
 * There is one place for such a handler. SET_FEATURES, which comes before SET_MEM_TABLE, makes us
 * take it; should the application take it from us later, what we know must not mislead: the number
 * is used up by the first question, and a memory table that was good counts as good.
 */
#define MVDPA_LOG_MODULE MVDPA_LOG_CONF
#include "mvdpa_message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "guard_files.h"
#include "guard_log.h"
#include "guard_table.h"
#include "mvdpa_log.h"
#include "mvdpa_remap.h"

/* VhostUserRequest (vhost-user protocol, "Front-end message types"). */
enum {
	MSG_SET_MEM_TABLE = 5,
	MSG_SET_LOG_BASE = 6,
	MSG_SET_VRING_BASE = 10,
	MSG_SET_VRING_KICK = 12,
	MSG_SET_VRING_CALL = 13,
	MSG_SET_VRING_ENABLE = 18,
};

#define MSG_NEED_REPLY 8u /* in the flags: REPLY_ACK */

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

static uint32_t
message_ring_parts(int vid, struct mvdpa_remap_part *parts, uint32_t nb_vrings)
{
	struct rte_vhost_vring ring;
	uint32_t i, nb = 0;

	for (i = 0; i < nb_vrings; i++) {
		if (rte_vhost_get_vhost_vring(vid, (uint16_t)i, &ring) != 0)
			continue;
		/* Lengths of a split ring (virtio 1.2, 2.7); a packed one's are shorter. */
		parts[nb++] = (struct mvdpa_remap_part){ (uintptr_t)ring.desc, 16ull * ring.size };
		parts[nb++] = (struct mvdpa_remap_part){ (uintptr_t)ring.avail,
			6 + 2ull * ring.size };
		parts[nb++] = (struct mvdpa_remap_part){ (uintptr_t)ring.used,
			6 + 8ull * ring.size };
	}
	return nb;
}

/* Writes the table so that vhost sees a change where there is one, and none where there is none. */
static int
message_rewrite_table(int vid, struct guard_table *table, void *msg)
{
	uint32_t nb_vrings = rte_vhost_get_vring_num(vid);
	struct mvdpa_remap remap = { .page_size = (uint64_t)sysconf(_SC_PAGESIZE) };
	struct rte_vhost_memory *memory = NULL;
	struct mvdpa_remap_part *parts;
	int ret = 0;

	parts = calloc(3 * nb_vrings + 1, sizeof(*parts));
	if (parts == NULL || rte_vhost_get_mem_table(vid, &memory) != 0) {
		free(parts);
		return -ENOMEM;
	}
	remap.memory = memory;
	remap.parts = parts;
	remap.nb_parts = message_ring_parts(vid, parts, nb_vrings);
	if (mvdpa_remap_is_hidden(&remap, table)) {
		ret = mvdpa_remap_show(&remap, table);
		if (ret == 0)
			guard_table_write(table, msg);
	} else if (mvdpa_remap_sort(&remap, table)) {
		guard_table_write(table, msg);
	}
	free(memory);
	free(parts);
	return ret;
}

/* 0: vhost may have it. */
static int
message_judge_table(struct mvdpa_message *message, int vid, struct guard_table *table, void *msg)
{
	char why[256];
	int ret;

	ret = guard_table_check(table, why, sizeof(why));
	if (ret == 0 && message->prepare != NULL) {
		snprintf(why, sizeof(why), "the device cannot be made ready for it");
		ret = message->prepare(message->arg, table);
	}
	if (ret == 0 && message->mem_table) {
		snprintf(why, sizeof(why), "vhost would not see that its files are others");
		ret = message_rewrite_table(vid, table, msg);
	}
	if (ret == 0)
		return 0;
	base_err(&mvdpa_log, "vhost device %d: SET_MEM_TABLE was refused: %s (%s)", vid, why,
			strerror(-ret));
	return ret;
}

/* What is refused leaves the table before in force. */
static int
message_take_table(struct mvdpa_message *message, int vid, void *msg)
{
	struct guard_table table;
	int ret = guard_table_read(msg, &table);

	if (ret == -EPROTO)
		base_err(&mvdpa_log,
				"vhost device %d: SET_MEM_TABLE was refused: regions, files and "
				"length do not agree",
				vid);
	else if (ret == 0)
		ret = message_judge_table(message, vid, &table, msg);
	else
		ret = 0; /* vhost knows better */
	if (ret == 0)
		message->mem_table = false; /* until vhost has taken it */
	return ret;
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

/*
 * vhost answers SET_LOG_BASE before it shows us the message again, and after the answer the front-end
 * does not look at the log before any more: so whatever is to be done is done first.
 */
static bool
message_refuses_log(struct mvdpa_message *message, int vid, const void *msg)
{
	struct guard_log log;
	char why[256];

	if (guard_log_read(msg, &log) != 0)
		return false;
	if (guard_log_check(&log, why, sizeof(why)) != 0)
		base_err(&mvdpa_log, "vhost device %d: SET_LOG_BASE was refused: %s", vid, why);
	else if (message->log_base == NULL || message->log_base(message->arg, vid, &log) == 0)
		return false;
	return true;
}

/*
 * Of a ring that runs vhost would write the number down, and tell it at a stop at which the card
 * does not answer. It hangs up on a refusal that nobody asked a reply for, so then it is just told.
 */
static enum rte_vhost_msg_result
message_judge_base(const struct mvdpa_message *message, int vid, const void *msg)
{
	struct {
		uint32_t request, flags, size, queue, base;
	} copy;

	memcpy(&copy, msg, sizeof(copy));
	if (message->runs == NULL || !message->runs(message->arg, copy.queue)) {
		if (message->based != NULL)
			message->based(message->arg, copy.queue);
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	}
	base_warn(&mvdpa_log, "vhost device %d: SET_VRING_BASE %u was refused: queue %u runs", vid,
			copy.base, copy.queue);
	return (copy.flags & MSG_NEED_REPLY) != 0 ? RTE_VHOST_MSG_RESULT_ERR :
						    RTE_VHOST_MSG_RESULT_OK;
}

static enum rte_vhost_msg_result
message_judge(int vid, void *msg)
{
	struct mvdpa_message *message = message_of(vid);

	if (vid >= 0 && vid < MAX_VIDS && __atomic_load_n(&shut[vid], __ATOMIC_ACQUIRE))
		return message_of_gone(vid, msg);
	if (message == NULL)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	memcpy(&message->current, msg, sizeof(message->current));
	if (message->current == MSG_SET_LOG_BASE)
		return message_refuses_log(message, vid, msg) ? RTE_VHOST_MSG_RESULT_ERR :
								RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	if (message->current == MSG_SET_VRING_BASE)
		return message_judge_base(message, vid, msg);
	if (message->current != MSG_SET_MEM_TABLE)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	return message_take_table(message, vid, msg) == 0 ? RTE_VHOST_MSG_RESULT_NOT_HANDLED :
							    RTE_VHOST_MSG_RESULT_ERR;
}

static enum rte_vhost_msg_result
message_before(int vid, void *msg)
{
	enum rte_vhost_msg_result result = message_judge(vid, msg);

	if (result != RTE_VHOST_MSG_RESULT_NOT_HANDLED)
		guard_files_close(msg); /* vhost closes those that it sees */
	return result;
}

static enum rte_vhost_msg_result
message_after(int vid, void *msg)
{
	struct mvdpa_message *message = message_of(vid);

	if (message != NULL && message->current == MSG_SET_MEM_TABLE) {
		message->mem_table = true;
		message->current = 0; /* dev_close was before this, if it was called */
		if (message->taken != NULL)
			message->taken(message->arg);
	}
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
	message->current = 0;
	message->mem_table = false;
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
