/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the verbs that make things go wrong or slow. Arguments are KEY=VALUE words
 * with the keys of the configuration file, or one JSON object; the words are made an object, so
 * both go through the same readers and get the same sentences.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu_ctl_verbs.h"
#include "emu_fault.h"
#include "emu_latency.h"

/* An object of the arguments from @p first on; NULL after emu_ctl_fail(). */
static json_t *
emu_ctl_object(struct emu_ctl_call *call, unsigned int first)
{
	json_t *object = json_object();
	char key[96];
	unsigned int i;

	if (first + 1 == call->nb_args && call->args[first][0] == '{') {
		json_decref(object);
		object = json_loads(call->args[first], JSON_REJECT_DUPLICATES, NULL);
		if (object == NULL)
			emu_ctl_fail(call, "'%.60s' is not JSON", call->args[first]);
		return object;
	}
	for (i = first; i < call->nb_args; i++) {
		const char *word = call->args[i], *value = strchr(word, '=');

		if (value == NULL || (size_t)(value - word) >= sizeof(key)) {
			emu_ctl_fail(call, "'%.60s' is not KEY=VALUE", word);
			json_decref(object);
			return NULL;
		}
		snprintf(key, sizeof(key), "%.*s", (int)(value - word), word);
		json_object_set_new(object, key, emu_json_from_text(value + 1));
	}
	return object;
}

/* --- faults --------------------------------------------------------------------------------- */

static int
emu_ctl_fault_add(struct emu_ctl_call *call)
{
	static unsigned int nb_ever; /* the control thread is the only one */
	struct emu_json at = { .source = "fault" };
	json_t *object = emu_ctl_object(call, 1);
	struct fw_fault rule;
	int ret;

	if (object == NULL)
		return -EINVAL;
	ret = emu_fault_read(&at, object, &rule);
	json_decref(object);
	if (ret != 0)
		return emu_ctl_fail(call, "%s", at.error);
	if (rule.id[0] == '\0')
		snprintf(rule.id, sizeof(rule.id), "ctl%u", ++nb_ever);
	if (fw_fault_check(&rule) != NULL)
		return emu_ctl_fail(call, "fault: %s", fw_fault_check(&rule));
	ret = fw_card_add_fault(call->card, &rule);
	if (ret != 0)
		return emu_ctl_fail(call, "fault '%s': %s", rule.id,
				ret == -EEXIST ? "there is one of this id" : strerror(-ret));
	json_object_set_new(call->reply, "id", json_string(rule.id));
	return 0;
}

static int
emu_ctl_fault_list(struct emu_ctl_call *call)
{
	struct fw_faults *faults = malloc(sizeof(*faults));
	json_t *list = json_array();
	uint32_t i;

	if (faults == NULL)
		return emu_ctl_fail(call, "out of memory");
	fw_card_faults(call->card, faults);
	for (i = 0; i < faults->nb; i++)
		json_array_append_new(list, emu_fault_show(&faults->rules[i]));
	json_object_set_new(call->reply, "commands_seen",
			json_integer((json_int_t)faults->nb_commands));
	json_object_set_new(call->reply, "faults", list);
	free(faults);
	return 0;
}

static int
emu_ctl_fault_del(struct emu_ctl_call *call)
{
	if (call->nb_args != 2)
		return emu_ctl_fail(call, "usage: fault del ID");
	if (fw_card_del_fault(call->card, call->args[1]) != 0)
		return emu_ctl_fail(call, "no fault '%.60s'", call->args[1]);
	return 0;
}

static int
emu_ctl_fault_clear(struct emu_ctl_call *call)
{
	fw_card_clear_faults(call->card);
	return 0;
}

int
emu_ctl_fault(struct emu_ctl_call *call)
{
	static const struct {
		const char *name;
		emu_ctl_fn run;
	} subs[] = {
		{ "add", emu_ctl_fault_add },
		{ "list", emu_ctl_fault_list },
		{ "del", emu_ctl_fault_del },
		{ "clear", emu_ctl_fault_clear },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(subs); i++) {
		if (strcmp(call->args[0], subs[i].name) == 0)
			return subs[i].run(call);
	}
	return emu_ctl_fail(call, "usage: fault add KEY=VALUE...|list|del ID|clear");
}

int
emu_ctl_queue_error(struct emu_ctl_call *call)
{
	struct emu_json at = { .source = "queue-error" };
	unsigned int first, end;
	enum vnet_error error;
	uint64_t queue;
	json_t *value;
	int ret;

	ret = emu_ctl_funcs(call, 0, &first, &end);
	if (ret == 0)
		ret = emu_ctl_u64(call, 1, "queue", 0, UINT16_MAX, &queue);
	if (ret != 0)
		return ret;
	value = emu_json_from_text(call->args[2]);
	ret = emu_fault_error(&at, value, &error);
	json_decref(value);
	if (ret != 0)
		return emu_ctl_fail(call, "%s", at.error);
	ret = fw_func_queue_error(fw_card_func(call->card, first), (uint16_t)queue, (uint8_t)error);
	return ret == 0 ? 0 :
			  emu_ctl_fail(call, "no queue %llu of function %u runs",
					  (unsigned long long)queue, first);
}

int
emu_ctl_event_error(struct emu_ctl_call *call)
{
	static const char *const names[] = {
		[FW_EVENT_ERROR_QP] = "qp",
		[FW_EVENT_ERROR_CQ] = "cq",
	};
	unsigned int first, end, error;
	uint64_t queue;
	int ret;

	ret = emu_ctl_funcs(call, 0, &first, &end);
	if (ret == 0)
		ret = emu_ctl_u64(call, 1, "queue", 0, UINT16_MAX, &queue);
	if (ret != 0)
		return ret;
	for (error = 0; error < BASE_ARRAY_SIZE(names); error++) {
		if (strcmp(call->args[2], names[error]) == 0)
			break;
	}
	if (error == BASE_ARRAY_SIZE(names))
		return emu_ctl_fail(call, "'%.60s' is not \"qp\" or \"cq\"", call->args[2]);
	ret = fw_func_event_error(fw_card_func(call->card, first), (uint16_t)queue,
			(enum fw_event_error)error);
	return ret == 0 ? 0 :
			  emu_ctl_fail(call, "no queue %llu of function %u runs with events",
					  (unsigned long long)queue, first);
}

int
emu_ctl_remove(struct emu_ctl_call *call)
{
	unsigned int first, end;
	int ret = emu_ctl_funcs(call, 0, &first, &end);

	if (ret != 0)
		return ret;
	return fw_func_remove(fw_card_func(call->card, first)) == 0 ?
			0 :
			emu_ctl_fail(call, "function %u is gone already", first);
}

/* --- latency -------------------------------------------------------------------------------- */

int
emu_ctl_latency(struct emu_ctl_call *call)
{
	struct emu_json at = { .source = "latency" };
	struct fw_latency latency;
	json_t *object, *commands;
	const char *key;
	json_t *value;
	void *next;
	int ret;

	fw_card_latency(call->card, &latency);
	if (call->nb_args > 0) {
		object = emu_ctl_object(call, 0);
		if (object == NULL)
			return -EINVAL;
		/* Names of commands, all in capitals, stand beside the keys here. */
		commands = json_object();
		json_object_foreach_safe(object, next, key, value)
		{
			if (key[0] >= 'a' && key[0] <= 'z')
				continue;
			json_object_set(commands, key, value);
			json_object_del(object, key);
		}
		if (json_object_size(commands) > 0)
			json_object_set(object, "commands", commands);
		ret = emu_latency_read(&at, object, &latency);
		json_decref(commands);
		json_decref(object);
		if (ret != 0)
			return emu_ctl_fail(call, "%s", at.error);
		fw_card_set_latency(call->card, &latency);
	}
	return json_object_set_new(call->reply, "latency", emu_latency_show(&latency)) == 0 ?
			0 :
			emu_ctl_fail(call, "out of memory");
}
