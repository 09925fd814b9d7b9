/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the verb that switches the trace on and off. The file is opened before the
 * firmware is told, and the firmware is told before it is closed, so nothing writes nowhere.
 */
#include <string.h>

#include "emu_conf_topics.h"
#include "emu_ctl_verbs.h"
#include "emu_trace.h"

static int
emu_ctl_trace_on(struct emu_ctl_call *call)
{
	struct emu_conf_trace trace = call->conf->trace;
	struct emu_json at = { .source = "trace" };
	json_t *object = json_object(), *value;
	unsigned int i;
	int ret;

	if (call->nb_args < 2)
		return emu_ctl_fail(call, "usage: trace on FILE [json|text] [hex]");
	value = json_string(call->args[1]);
	json_object_set_new(object, "file", value);
	trace.hex = false;
	for (i = 2; i < call->nb_args; i++) {
		if (strcmp(call->args[i], "hex") == 0)
			json_object_set_new(object, "hex", json_true());
		else
			json_object_set_new(object, "format", json_string(call->args[i]));
	}
	ret = emu_conf_trace_object(&at, object, &trace);
	json_decref(object);
	if (ret != 0)
		return emu_ctl_fail(call, "%s", at.error);
	ret = emu_trace_start(&trace);
	if (ret != 0)
		return emu_ctl_fail(call, "%s: %s", trace.file, strerror(-ret));
	fw_card_trace_on(call->card);
	return 0;
}

static int
emu_ctl_trace_off(struct emu_ctl_call *call)
{
	fw_card_trace_off(call->card);
	emu_trace_stop();
	return 0;
}

int
emu_ctl_trace(struct emu_ctl_call *call)
{
	struct emu_conf_trace trace;
	uint64_t nb_lost;
	int ret = 0;

	if (call->nb_args > 0 && strcmp(call->args[0], "on") == 0)
		ret = emu_ctl_trace_on(call);
	else if (call->nb_args == 1 && strcmp(call->args[0], "off") == 0)
		ret = emu_ctl_trace_off(call);
	else if (call->nb_args > 0)
		ret = emu_ctl_fail(call, "usage: trace [on FILE [json|text] [hex]|off]");
	if (ret != 0)
		return ret;
	nb_lost = emu_trace_state(&trace);
	json_object_set_new(call->reply, "trace",
			trace.file[0] != '\0' ? emu_conf_trace_show_one(&trace) :
						json_string("off"));
	json_object_set_new(call->reply, "lost_lines", json_integer((json_int_t)nb_lost));
	return 0;
}
