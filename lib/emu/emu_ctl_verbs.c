/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the table of what can be asked over the control socket, one row a verb.
 */
#include "emu_ctl_verbs.h"

const struct emu_ctl_verb emu_ctl_verbs[] = {
	{ "help", emu_ctl_help, 0, 0, false, "", "list the verbs" },
	{ "status", emu_ctl_status, 0, 0, false, "", "functions, wire, uptime, commands executed" },
	{ "stats", emu_ctl_stats, 0, 1, true, "[FUNC]", "counters of ports and queues" },
	{ "objects", emu_ctl_objects, 0, 1, true, "[FUNC]", "firmware objects by class" },
	{ "link", emu_ctl_link, 0, 2, true, "[PORT [up|down]]", "links of ports" },
	{ "wire", emu_ctl_wire, 0, EMU_CTL_MAX_ARGS, true,
			"[show [PORT] | stats [PORT] | set PORT NAME=VALUE...]",
			"ports, their settings and counters" },
	{ "fault", emu_ctl_fault, 1, EMU_CTL_MAX_ARGS, true, "add KEY=VALUE...|list|del ID|clear",
			"let things go wrong" },
	{ "queue-error", emu_ctl_queue_error, 3, 3, true, "FUNC QUEUE ERROR",
			"put a running queue into ERR" },
	{ "event-error", emu_ctl_event_error, 3, 3, true, "FUNC QUEUE qp|cq",
			"break the way of a running queue's events" },
	{ "latency", emu_ctl_latency, 0, EMU_CTL_MAX_ARGS, true, "[KEY=VALUE...]",
			"how long commands take" },
	{ "remove", emu_ctl_remove, 1, 1, true, "FUNC", "pull a function out, for good" },
	{ "trace", emu_ctl_trace, 0, 4, true, "[on FILE [json|text] [hex]|off]",
			"write calls and commands to a file" },
	{ "config", emu_ctl_config, 0, 0, false, "", "the configuration in force, as JSON" },
};
const size_t emu_ctl_nb_verbs = BASE_ARRAY_SIZE(emu_ctl_verbs);

int
emu_ctl_help(struct emu_ctl_call *call)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < emu_ctl_nb_verbs; i++) {
		const struct emu_ctl_verb *verb = &emu_ctl_verbs[i];

		json_array_append_new(list,
				json_pack("{s:s, s:s, s:s}", "verb", verb->name, "args",
						verb->usage, "what", verb->what));
	}
	return json_object_set_new(call->reply, "verbs", list) == 0 ?
			0 :
			emu_ctl_fail(call, "out of memory");
}
