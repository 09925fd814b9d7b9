/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what is typed about migration, and the soak, which takes all flows. The words
 * become arguments of flow_migrate.h and flow_soak.h; what comes back is printed.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "command_rows.h"
#include "flow_migrate.h"
#include "flow_soak.h"

#define COMMAND_MIGRATE_SOAK_MS_MAX (24u * 3600u * 1000u)

static void
command_migrate_print(struct command_session *session, const struct flow_record *record)
{
	char text[1024];

	flow_sentence(record, text, sizeof(text));
	fprintf(session->out, "%s\n", text);
	for (unsigned int i = 1; i < record->nb_faults && i < FLOW_FAULTS_MAX; i++)
		fprintf(session->out, "  FAULT: %s\n", record->faults[i]);
}

static enum guest_migrate_check
command_migrate_check(const struct command_args *args)
{
	return command_option(args, "nocompare") != NULL ? GUEST_MIGRATE_HOLD :
							   GUEST_MIGRATE_COMPARE;
}

/* Prints record and figures. @return what the command is to return. */
static int
command_migrate_end(struct command_session *session, int ret, const struct flow_record *record,
		const struct guest_migrate_result *result)
{
	if (record->id == 0)
		return ret; /* a sentence says why it did not begin */
	command_migrate_print(session, record);
	flow_migrate_print(result, session->out);
	if (ret != 0)
		base_err(session->log, "%s of guest %s: %s", flow_kind_name(record->kind),
				record->guest, record->text);
	else if (record->nb_faults != 0)
		base_err(session->log, "%s of guest %s: %s", flow_kind_name(record->kind),
				record->guest, record->faults[0]);
	return ret == 0 && record->nb_faults != 0 ? -EBADMSG : ret;
}

static int
command_migrate_run(struct command_session *session, const struct command_args *args)
{
	static struct guest_migrate_result result; /* large; one thread */
	static struct flow_record record;
	const struct flow_migrate_to to = {
		.device = strcmp(args->word[3], "-") == 0 ? NULL : args->word[3],
		.socket = args->word[4],
		.check = command_migrate_check(args),
	};
	struct flow_call call = { .log = session->log, .record = &record };
	int ret = vm_get(args->word[2], session->log, &call.vm);

	record.id = 0;
	if (ret == 0)
		ret = flow_migrate(&call, &to, &result);
	return command_migrate_end(session, ret, &record, &result);
}

static int
command_migrate_fail(struct command_session *session, const struct command_args *args)
{
	static struct guest_migrate_result result; /* large; one thread */
	static struct flow_record record;
	struct flow_call call = { .log = session->log, .record = &record };
	int ret = vm_get(args->word[2], session->log, &call.vm);

	record.id = 0;
	if (ret == 0)
		ret = flow_migrate_fail(&call, command_migrate_check(args), &result);
	return command_migrate_end(session, ret, &record, &result);
}

/* --- the log --------------------------------------------------------------------------------- */

static int
command_migrate_log_show(struct command_session *session, struct vm *vm)
{
	const struct guest_dirty *dirty = guest_vm_dirty(vm->guest);

	if (dirty == NULL)
		fprintf(session->out, "guest %s: there was no log yet\n", vm->name);
	else
		fprintf(session->out,
				"guest %s: log is %s, %" PRIu64
				" pages of 4 KiB are dirty, %" PRIu64 " bytes of log\n",
				vm->name, guest_vm_is_logging(vm->guest) ? "on" : "off",
				guest_dirty_count(dirty), guest_dirty_size(dirty));
	return 0;
}

static int
command_migrate_log_on(struct command_session *session, struct vm *vm)
{
	int ret = guest_vm_log_on(vm->guest);

	return ret == 0 ? command_migrate_log_show(session, vm) : ret;
}

static int
command_migrate_log_off(struct command_session *session, struct vm *vm)
{
	int ret = guest_vm_log_off(vm->guest);

	return ret == 0 ? command_migrate_log_show(session, vm) : ret;
}

static int
command_migrate_log(struct command_session *session, const struct command_args *args)
{
	static const struct {
		const char *word;
		int (*run)(struct command_session *session, struct vm *vm);
	} rows[] = {
		{ "on", command_migrate_log_on },
		{ "off", command_migrate_log_off },
		{ "show", command_migrate_log_show },
	};
	struct vm *vm;
	unsigned int i = 0;
	int ret = vm_get(args->word[1], session->log, &vm);

	if (ret != 0)
		return ret;
	while (strcmp(rows[i].word, args->word[2]) != 0)
		i++; /* the parser lets no other word through */
	if (vm_state(vm) != VM_UP && rows[i].run != command_migrate_log_show) {
		base_err(session->log, "migration-log: guest %s is %s", vm->name,
				vm_state_name(vm_state(vm)));
		return -ENOTCONN;
	}
	ret = rows[i].run(session, vm);
	if (ret == -EOPNOTSUPP)
		base_err(session->log,
				"migration-log: the back-end of guest %s has no log of dirty pages",
				vm->name);
	else if (ret != 0)
		base_err(session->log, "migration-log: guest %s: %s", vm->name, vm_why(vm, ret));
	return ret;
}

/* --- soak ------------------------------------------------------------------------------------ */

static int
command_migrate_tell(void *arg, const struct flow_record *record)
{
	struct command_session *session = arg;

	command_migrate_print(session, record);
	fflush(session->out);
	return 0;
}

static void
command_migrate_soak_end(struct command_session *session, const struct flow_soak_result *result)
{
	fprintf(session->out, "soak: %u flows, %u failed:", result->nb_flows, result->nb_failed);
	for (unsigned int i = 0; i < FLOW_NB_KINDS; i++) {
		if (result->nb_of[i] != 0)
			fprintf(session->out, " %u %s", result->nb_of[i], flow_kind_name(i));
	}
	fprintf(session->out,
			"; %" PRIu64 " packets sent, %" PRIu64 " lost, %" PRIu64
			" duplicated, %" PRIu64 " reordered, %" PRIu64 " torn, %" PRIu64
			" excused\n",
			result->total.sent, result->total.lost, result->total.duplicated,
			result->total.reordered, result->total.torn, result->total.excused);
}

/* A spare device needs a socket, and a socket a device. */
static int
command_migrate_spare(struct command_session *session, const struct command_args *args,
		struct flow_soak_attr *attr)
{
	attr->device = command_option(args, "device");
	attr->socket = command_option(args, "socket");
	if ((attr->device == NULL) == (attr->socket == NULL))
		return 0;
	base_err(session->log, "soak: a spare device is named by 'device DEV socket SOCKET', both");
	return -EINVAL;
}

static int
command_migrate_soak(struct command_session *session, const struct command_args *args)
{
	const struct value_range seconds = { "SECONDS", 1, COMMAND_MIGRATE_SOAK_MS_MAX };
	const struct value_range seed = { "SEED", 0, UINT64_MAX };
	struct flow_soak_attr attr = {
		.tell = command_migrate_tell,
		.arg = session,
		.log = session->log,
	};
	struct flow_soak_result result;
	int ret = value_seconds(&seconds, args->word[2], session->log, &attr.ms);

	if (ret == 0)
		ret = value_number(&seed, args->word[3], session->log, &attr.seed);
	if (ret == 0)
		ret = command_migrate_spare(session, args, &attr);
	if (ret != 0)
		return ret;
	fprintf(session->out, "soak with seed %" PRIu64 "\n", attr.seed);
	ret = flow_soak(&attr, &result);
	command_migrate_soak_end(session, &result);
	if (ret == -EBADMSG)
		base_err(session->log, "soak: %u of %u flows failed", result.nb_failed,
				result.nb_flows);
	return ret;
}

const struct command_row command_migrate_rows[] = {
	{ "flow migrate NAME DEV|- SOCKET [nocompare]",
			"move a guest to another device (-: to somebody else's back-end)",
			command_migrate_run },
	{ "flow migrate-fail NAME [nocompare]",
			"migrate a guest up to the switch-over, and cancel it there",
			command_migrate_fail },
	{ "flow soak SECONDS SEED [device DEV] [socket SOCKET]",
			"random flows on all guests; device and socket to migrate to and fro",
			command_migrate_soak },
	{ "migration-log NAME on|off|show", "the log of pages that the guest's device writes",
			command_migrate_log },
	{ NULL, NULL, NULL },
};
