/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: guest_migrate does the work. Here the destination is found or made (a port of
 * this process, or a back-end of somebody else), the rounds are given traffic, so that there is
 * something to log, and what was found becomes faults of the record.
 *
 * A page that differs does not end the flow: the guest goes on with the copy, as it would in
 * earnest, and the ledger shows what that costs.
 *
 * The port of the source stays. That its front-end is gone is noticed by vhost's thread a little
 * later, so a port that is served is waited for before it is called busy.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <base_clock.h>
#include <base_math.h>

#include "flow_migrate.h"
#include "port.h"

#define FLOW_MIGRATE_ROUNDS 4u
#define FLOW_MIGRATE_PACKETS 64u /* of each stream between two rounds */
#define FLOW_MIGRATE_ROUND_MS 200u /* for these, at most */
#define FLOW_MIGRATE_LEAVE_MS 1000u /* for a port to notice that its front-end is gone */

/* --- the act --------------------------------------------------------------------------------- */

struct flow_migrate {
	struct vm *vm;
	const struct flow_migrate_to *to; /* socket NULL: nowhere */
	struct guest_migrate_result *result;
	const struct base_log *log;
};

/* What each stream is to have carried when a round is over. */
struct flow_migrate_round {
	uint64_t end_ns; /* but not for longer */
	uint64_t arrived[GUEST_LEDGER_MAX_STREAMS];
};

static void
flow_migrate_aim(struct flow_migrate_round *round, uint32_t stream)
{
	round->arrived[stream] = guest_ledger_arrived(vm_ledger(), stream) + FLOW_MIGRATE_PACKETS;
}

static void
flow_migrate_wait(struct flow_migrate_round *round, uint32_t stream)
{
	uint64_t now = base_clock_ns();

	if (now < round->end_ns)
		(void)guest_ledger_wait(vm_ledger(), stream, round->arrived[stream],
				(unsigned int)((round->end_ns - now) / BASE_NS_PER_MS));
}

/* Does it for each stream from or to the guest that runs. */
static void
flow_migrate_each(const struct vm *vm, struct flow_migrate_round *round,
		void (*act)(struct flow_migrate_round *round, uint32_t stream))
{
	for (const struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v)) {
		if (v->peer == NULL || !vm_concerns(vm, v))
			continue;
		for (unsigned int i = 0; i < v->attr.nb_pairs; i++)
			if (vm_way_is_open(v, i))
				act(round, v->tx_stream + i);
	}
}

/* A round passes while the streams that run carry packets, all at the same time: there is something
 * to log. */
static int
flow_migrate_between(void *arg, unsigned int number)
{
	const struct flow_migrate *migrate = arg;
	struct flow_migrate_round round = {
		.end_ns = base_clock_ns() + FLOW_MIGRATE_ROUND_MS * BASE_NS_PER_MS,
	};

	flow_migrate_each(migrate->vm, &round, flow_migrate_aim);
	flow_migrate_each(migrate->vm, &round, flow_migrate_wait);
	return 0;
}

/* What was written, and is in no log. */
static void
flow_migrate_judge(struct flow_record *record, const struct guest_migrate_result *r)
{
	for (unsigned int i = 0; i < r->nb_differ && i < GUEST_MIGRATE_MAX_DIFFER; i++)
		flow_fault(record, "page 0x%" PRIx64 " (%s) was written, but is in no dirty log",
				r->differ[i].gpa, r->differ[i].whose);
	if (r->nb_differ > GUEST_MIGRATE_MAX_DIFFER)
		flow_fault(record, "%" PRIu64 " pages in all were written, but are in no dirty log",
				r->nb_differ);
	for (unsigned int i = 0; i < r->nb_queues; i++) {
		if (r->queues[i].stale)
			flow_fault(record, "queue %u: the copy of its ring is not what was written",
					i);
	}
	if (r->stale_bits != 0)
		flow_fault(record, "%" PRIu64 " pages were marked in a log that had been replaced",
				r->stale_bits);
}

static void
flow_migrate_why(struct flow_record *record, const struct guest_migrate_result *r)
{
	snprintf(record->text, sizeof(record->text), "%s: %.90s; the guest %s", r->step, r->why,
			r->state == GUEST_MIGRATE_STAYED ? "goes on where it was" : "runs nowhere");
}

static int
flow_migrate_act(struct vm *vm, struct flow_record *record, void *arg)
{
	struct flow_migrate *migrate = arg;
	struct guest_migrate_result *r = migrate->result;
	const struct guest_migrate_attr attr = {
		.vm = vm->guest,
		.to = migrate->to->socket,
		.check = migrate->to->check,
		.max_rounds = FLOW_MIGRATE_ROUNDS, /* with traffic there are never few pages */
		.between = flow_migrate_between,
		.arg = migrate,
		.log = migrate->log,
	};
	int ret;

	if (attr.to != NULL)
		snprintf(record->what, sizeof(record->what), "%s",
				migrate->to->device != NULL ? migrate->to->device : attr.to);
	ret = guest_migrate_run(&attr, r);
	if (r->state == GUEST_MIGRATE_MOVED)
		vm_set_socket(vm, attr.to);
	flow_migrate_judge(record, r);
	if (ret != 0 && ret != -EBADMSG)
		flow_migrate_why(record, r);
	return ret == -EBADMSG ? 0 : ret;
}

static int
flow_migrate_run(const struct flow_call *call, enum flow_kind kind,
		const struct flow_migrate_to *to, struct guest_migrate_result *result)
{
	static struct guest_migrate_result mine; /* large; one thread */
	struct flow_migrate migrate = {
		.vm = call->vm,
		.to = to,
		.result = result != NULL ? result : &mine,
		.log = call->log,
	};
	const struct flow_act act = { kind, flow_migrate_act, &migrate };

	memset(migrate.result, 0, sizeof(*migrate.result));
	return flow_run(call, &act);
}

int
flow_migrate_fail(const struct flow_call *call, enum guest_migrate_check check,
		struct guest_migrate_result *result)
{
	const struct flow_migrate_to nowhere = { .check = check };

	return flow_migrate_run(call, FLOW_MIGRATE_FAIL, &nowhere, result);
}

/* --- the destination ------------------------------------------------------------------------- */

bool
flow_migrate_is_served(const char *device)
{
	return port_await_free(device, 0, FLOW_MIGRATE_LEAVE_MS) == -ETIMEDOUT;
}

/* The port that is there already: is it the one that is meant, and free? */
static int
flow_migrate_check_port(const struct flow_migrate_to *to, const struct port_info *info,
		const struct base_log *log)
{
	if (strcmp(info->socket, to->socket) != 0) {
		base_err(log, "migrate: device %s is attached to %s, not to %s", to->device,
				info->socket, to->socket);
		return -EBUSY;
	}
	if (info->mode != PORT_SERVER) {
		base_err(log, "migrate: the port of %s is a client, as the guest is", to->device);
		return -EOPNOTSUPP;
	}
	if (!flow_migrate_is_served(to->device))
		return 0;
	base_err(log, "migrate: device %s serves another front-end at %s", to->device, to->socket);
	return -EBUSY;
}

/* Somebody else's back-end: without one the guest would be down for as long as one is waited for. */
static int
flow_migrate_check_socket(const char *socket, const struct base_log *log)
{
	struct stat st;
	int ret = stat(socket, &st) == 0 ? 0 : -errno;

	if (ret == 0 && !S_ISSOCK(st.st_mode))
		ret = -ENOTSOCK;
	if (ret != 0)
		base_err(log, "migrate: no back-end listens at %s: %s", socket, strerror(-ret));
	return ret;
}

/* @param made becomes true where the port was attached for us. */
static int
flow_migrate_open(const struct flow_call *call, const struct flow_migrate_to *to, bool *made)
{
	static struct port_info info; /* large; one thread */
	int ret;

	*made = false;
	if (call->vm->attr.server) {
		base_err(call->log,
				"migrate: guest %s is the server of its socket, only clients move",
				call->vm->name);
		return -EOPNOTSUPP;
	}
	if (strlen(to->socket) >= sizeof(call->vm->socket)) {
		base_err(call->log,
				"migrate: the path of a socket has at most %zu characters, not %zu",
				sizeof(call->vm->socket) - 1, strlen(to->socket));
		return -ENAMETOOLONG;
	}
	if (strcmp(call->vm->socket, to->socket) == 0) {
		base_err(call->log, "migrate: guest %s is at %s already", call->vm->name,
				to->socket);
		return -EALREADY;
	}
	if (to->device == NULL)
		return flow_migrate_check_socket(to->socket, call->log);
	if (port_get(to->device, &info) == 0)
		return flow_migrate_check_port(to, &info, call->log);
	ret = port_attach(to->device, to->socket, PORT_SERVER, call->log);
	*made = ret == 0;
	return ret;
}

int
flow_migrate(const struct flow_call *call, const struct flow_migrate_to *to,
		struct guest_migrate_result *result)
{
	bool made;
	int ret = flow_migrate_open(call, to, &made);

	if (ret != 0)
		return ret;
	ret = flow_migrate_run(call, FLOW_MIGRATE, to, result);
	if (ret != 0 && made)
		port_detach(to->device, call->log);
	return ret;
}

/* --- figures --------------------------------------------------------------------------------- */

static void
flow_migrate_print_index(FILE *out, const char *where, const struct guest_vm_place *place)
{
	fprintf(out, ", %s (%u,%u)", where, place->avail, place->device_used);
}

static void
flow_migrate_print_queue(const struct guest_migrate_result *r, unsigned int i, FILE *out)
{
	const struct guest_migrate_queue *q = &r->queues[i];

	fprintf(out, "  queue %u", i);
	flow_migrate_print_index(out, "stopped at (A,U)", &q->source);
	fprintf(out, ", base %u, unread %u", q->base, q->unread);
	flow_migrate_print_index(out, "now", &q->there);
	fputc('\n', out);
}

void
flow_migrate_print(const struct guest_migrate_result *result, FILE *out)
{
	const struct guest_migrate_result *r = result;

	fprintf(out, "  %s; %u rounds of", guest_migrate_state_name(r->state), r->nb_rounds);
	for (unsigned int i = 0; i < r->nb_rounds; i++)
		fprintf(out, " %" PRIu64, r->pages[i]);
	fprintf(out, " pages, the last of %" PRIu64 "; %" PRIu64 " marked by the device\n",
			r->last_pages, r->device_pages);
	fprintf(out, "  downtime %.1f ms of %.1f ms", (double)r->downtime_ns / BASE_NS_PER_MS,
			(double)r->total_ns / BASE_NS_PER_MS);
	if (r->compared)
		fprintf(out, "; compared in %.1f ms more, %" PRIu64 " pages differ",
				(double)r->compare_ns / BASE_NS_PER_MS, r->nb_differ);
	else if (r->hold_ns != 0)
		fprintf(out, "; %u frames held for %.1f ms, %u buffers judged", r->held,
				(double)r->hold_ns / BASE_NS_PER_MS, r->judged);
	fputc('\n', out);
	for (unsigned int i = 0; i < r->nb_queues && r->downtime_ns != 0; i++)
		flow_migrate_print_queue(r, i, out);
}
