/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each handler finds the guest, reads its own words, and lets one function of
 * flow.h do the rest. The answer is the flow's sentence; a flow that failed or has a fault is a failed
 * command.
 */
#include <errno.h>
#include <string.h>

#include <base_math.h>

#include "command_rows.h"
#include "flow.h"

#define COMMAND_FLOW_TEXT 512

static struct flow_record command_flow_record; /* large; one thread */

/* Answers what a flow has said. @param ret of the flow */
static int
command_flow_answer(struct command_session *session, int ret)
{
	const struct flow_record *record = &command_flow_record;
	char text[COMMAND_FLOW_TEXT];

	if (record->id == 0)
		return ret; /* it did not begin, and has said why */
	flow_sentence(record, text, sizeof(text));
	fprintf(session->out, "%s\n", text);
	for (unsigned int i = 0; i < record->nb_faults && i < FLOW_FAULTS_MAX; i++)
		base_err(session->log, "flow %u: %s", record->id, record->faults[i]);
	if (ret != 0)
		base_err(session->log, "flow %u failed: %s", record->id, record->text);
	return flow_passed(record) ? 0 : ret != 0 ? ret : -EIO;
}

/* Fills in what every flow needs. */
static int
command_flow_call(struct command_session *session, const struct command_args *args,
		struct flow_call *call)
{
	command_flow_record.id = 0;
	call->log = session->log;
	call->record = &command_flow_record;
	return vm_get(args->word[2], session->log, &call->vm);
}

/* Flows that need nothing but the guest. */
static int
command_flow_plain(struct command_session *session, const struct command_args *args)
{
	static const struct {
		const char *word;
		int (*run)(const struct flow_call *call);
	} rows[] = {
		{ "unplug", flow_unplug },
		{ "remap", flow_remap },
		{ "reset", flow_reset },
		{ "rebind", flow_rebind },
		{ "stop", flow_stop },
		{ "start", flow_start },
	};
	struct flow_call call;
	int ret = command_flow_call(session, args, &call);

	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows) && ret == 0; i++) {
		if (strcmp(rows[i].word, args->word[1]) == 0)
			return command_flow_answer(session, rows[i].run(&call));
	}
	return ret;
}

static int
command_flow_hot_add(struct command_session *session, const struct command_args *args)
{
	const struct value_range range = { "size", VM_MEM_MIN, VM_MEM_MAX };
	struct flow_call call;
	uint64_t size;
	int ret = command_flow_call(session, args, &call);

	if (ret == 0)
		ret = value_size(&range, args->word[3], session->log, &size);
	return ret == 0 ? command_flow_answer(session, flow_hot_add(&call, size)) : ret;
}

static int
command_flow_queue(struct command_session *session, const struct command_args *args)
{
	static const struct {
		const char *word;
		int (*run)(const struct flow_call *call, unsigned int queue);
	} rows[] = {
		{ "disable", flow_disable },
		{ "enable", flow_enable },
		{ "error", flow_error },
	};
	struct flow_call call;
	uint16_t queue;
	int ret = command_flow_call(session, args, &call);

	if (ret == 0)
		ret = value_queue(args->word[3], vm_nb_queues(call.vm), session->log, &queue);
	if (ret != 0)
		return ret;
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].word, args->word[1]) == 0)
			ret = command_flow_answer(session, rows[i].run(&call, queue));
	}
	return ret;
}

static int
command_flow_kill(struct command_session *session, const struct command_args *args)
{
	const struct value_range range = { "at", 1, 100000 };
	struct flow_call call;
	uint64_t at = 0;
	int ret = command_flow_call(session, args, &call);

	if (ret == 0)
		ret = command_option_number(session, args, &range, &at);
	if (ret == 0)
		ret = command_flow_answer(session, flow_kill(&call, (unsigned int)at));
	return ret;
}

static int
command_flow_show(struct command_session *session, const struct command_args *args)
{
	char text[COMMAND_FLOW_TEXT], when[32];
	struct tm tm;

	if (!flow_history(0, &command_flow_record))
		fprintf(session->out, "no flows so far\n");
	for (unsigned int i = 0; flow_history(i, &command_flow_record); i++) {
		strftime(when, sizeof(when), "%H:%M:%S",
				localtime_r(&command_flow_record.when, &tm));
		flow_sentence(&command_flow_record, text, sizeof(text));
		fprintf(session->out, "%4u %s %s %s\n", command_flow_record.id, when,
				flow_passed(&command_flow_record) ? "ok  " : "FAIL", text);
	}
	return 0;
}

const struct command_row command_flow_rows[] = {
	{ "flow hot-add NAME SIZE", "more memory, while traffic runs", command_flow_hot_add },
	{ "flow unplug NAME", "the memory that was added last goes again", command_flow_plain },
	{ "flow remap NAME", "another file behind the memory that was added last",
			command_flow_plain },
	{ "flow reset NAME", "the guest resets its device", command_flow_plain },
	{ "flow rebind NAME", "the guest's driver is unbound and bound again", command_flow_plain },
	{ "flow disable NAME Q", "a virtqueue is disabled", command_flow_queue },
	{ "flow enable NAME Q", "a virtqueue is enabled", command_flow_queue },
	{ "flow stop NAME", "the machine is stopped", command_flow_plain },
	{ "flow start NAME", "the machine goes on", command_flow_plain },
	{ "flow kill NAME [at K]",
			"its process dies, also at message K of the next start, and is back",
			command_flow_kill },
	{ "flow error NAME Q", "an emulated card breaks a virtqueue, the driver repairs it",
			command_flow_queue },
	{ "show flows", "what happened so far, with durations, gaps, and the verdict",
			command_flow_show },
	{ NULL, NULL, NULL },
};
