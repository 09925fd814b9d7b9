/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a driver sends the commands of one thing that it does right after each
 * other, and then nothing until the next thing happens. So a flow ends where its function has had
 * no command in progress for a while. What is in it is counted, and a table of rules, first match
 * wins, gives it a name; besides the counts the rules know how many queues ran when it began and
 * whether any queue ever ran before.
 *
 * Two things that follow each other without a gap are one flow: what was stopped and started, or
 * given new memory, is told by its contents.
 *
 * Serial chain: the most commands of which no two were in progress at the same time (take the one
 * that ends first, then the next that starts after it). With one thread that is all of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "trace_flow.h"

#define TRACE_MAX_FUNCTIONS 32u
#define TRACE_MAX_QUEUES 65536u
#define TRACE_MAX_THREADS 256u

/* --- what a flow holds ---------------------------------------------------------------------- */

struct trace_facts {
	unsigned int created, destroyed, suspended, started, queried; /* virtio queues */
	unsigned int new_memory, old_memory; /* MRs and keys made, given back */
	unsigned int steering; /* RQTs, TIRs, flows */
	unsigned int pd_made, pd_gone, caps, dirty;
	unsigned int others; /* none of these */
	unsigned int ran_before; /* queues that ran when it began */
	bool first; /* no queue has ever run */
};

static unsigned int *
trace_facts_field(struct trace_facts *facts, const struct trace_event *event)
{
	const struct {
		const char *name;
		unsigned int *field;
	} rows[] = {
		{ "CREATE_GENERAL_OBJECT/VIRTIO_NET_Q", &facts->created },
		{ "DESTROY_GENERAL_OBJECT/VIRTIO_NET_Q", &facts->destroyed },
		{ "QUERY_GENERAL_OBJECT/VIRTIO_NET_Q", &facts->queried },
		{ "REG_MR", &facts->new_memory },
		{ "CREATE_MKEY", &facts->new_memory },
		{ "DEREG_MR", &facts->old_memory },
		{ "DESTROY_MKEY", &facts->old_memory },
		{ "CREATE_RQT", &facts->steering },
		{ "MODIFY_RQT", &facts->steering },
		{ "DESTROY_RQT", &facts->steering },
		{ "CREATE_TIR", &facts->steering },
		{ "DESTROY_TIR", &facts->steering },
		{ "CREATE_FLOW", &facts->steering },
		{ "DESTROY_FLOW", &facts->steering },
		{ "ALLOC_PD", &facts->pd_made },
		{ "DEALLOC_PD", &facts->pd_gone },
		{ "QUERY_HCA_CAP", &facts->caps },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].name, event->name) == 0)
			return rows[i].field;
	}
	return &facts->others;
}

static void
trace_facts_count(struct trace_facts *facts, const struct trace_event *event)
{
	if (strcmp(event->name, "MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q") != 0) {
		(*trace_facts_field(facts, event))++;
		return;
	}
	facts->started += strcmp(event->state, "RDY") == 0;
	facts->suspended += strcmp(event->state, "SUSPEND") == 0;
	facts->dirty += strstr(event->fields, "DIRTY_BITMAP") != NULL;
}

/* --- names ---------------------------------------------------------------------------------- */

static bool
is_probe(const struct trace_facts *f)
{
	return f->pd_made > 0 && f->started == 0;
}

static bool
is_remove(const struct trace_facts *f)
{
	return f->pd_gone > 0 && f->started == 0;
}

static bool
is_log_on(const struct trace_facts *f)
{
	return f->dirty > 0 && f->started == 0 && f->suspended == 0;
}

static bool
is_set_mem_table(const struct trace_facts *f)
{
	return f->suspended > 0 && f->new_memory > 0;
}

static bool
is_recovery(const struct trace_facts *f)
{
	return f->suspended == 0 && f->destroyed > 0 && f->started > 0;
}

static bool
is_restart(const struct trace_facts *f)
{
	return f->suspended > 0 && f->started > 0 && f->suspended >= f->ran_before;
}

static bool
is_queue_restart(const struct trace_facts *f)
{
	return f->suspended > 0 && f->started > 0;
}

static bool
is_disable(const struct trace_facts *f)
{
	return f->suspended > 0 && f->suspended < f->ran_before;
}

static bool
is_stop(const struct trace_facts *f)
{
	return f->suspended > 0 || (f->ran_before > 0 && f->destroyed > 0);
}

static bool
is_first_start(const struct trace_facts *f)
{
	return f->started > 0 && f->first;
}

static bool
is_enable(const struct trace_facts *f)
{
	return f->started > 0 && f->ran_before > 0;
}

static bool
is_start_again(const struct trace_facts *f)
{
	return f->started > 0;
}

static bool
is_prepare(const struct trace_facts *f)
{
	return f->created > 0;
}

static bool
is_memory(const struct trace_facts *f)
{
	return f->new_memory > 0;
}

static bool
is_clean_up(const struct trace_facts *f)
{
	return f->old_memory > 0 || f->destroyed > 0;
}

static bool
is_steering(const struct trace_facts *f)
{
	return f->steering > 0;
}

static bool
is_query(const struct trace_facts *f)
{
	return f->others == 0;
}

static bool
is_other(const struct trace_facts *f)
{
	return true;
}

static const struct {
	const char *name;
	bool (*is)(const struct trace_facts *facts);
} trace_flow_names[] = {
	{ "probe", is_probe },
	{ "remove", is_remove },
	{ "dirty log on", is_log_on },
	{ "set_mem_table", is_set_mem_table },
	{ "error recovery", is_recovery },
	{ "stop and start", is_restart },
	{ "queue restart", is_queue_restart },
	{ "disable", is_disable },
	{ "stop", is_stop },
	{ "first start", is_first_start },
	{ "enable", is_enable },
	{ "start again", is_start_again },
	{ "prepare queues", is_prepare },
	{ "memory", is_memory },
	{ "clean up", is_clean_up },
	{ "steering", is_steering },
	{ "query", is_query },
	{ "other", is_other },
};

/* --- running queues ------------------------------------------------------------------------- */

struct trace_running {
	bool ever;
	unsigned int nb;
	uint8_t queues[TRACE_MAX_QUEUES / 8]; /* bit by queue index */
};

static void
trace_running_set(struct trace_running *running, int32_t queue, bool runs)
{
	uint8_t bit, *byte;

	if (queue < 0 || queue >= (int32_t)TRACE_MAX_QUEUES)
		return;
	byte = &running->queues[queue / 8];
	bit = (uint8_t)(1u << queue % 8);
	if (((*byte & bit) != 0) == runs)
		return;
	*byte ^= bit;
	running->nb += runs ? 1 : -1u;
	running->ever |= runs;
}

static void
trace_running_follow(struct trace_running *running, const struct trace_event *event)
{
	if (event->error != 0)
		return;
	if (strcmp(event->state, "RDY") == 0)
		trace_running_set(running, event->queue, true);
	else if (strcmp(event->state, "SUSPEND") == 0 ||
			strcmp(event->name, "DESTROY_GENERAL_OBJECT/VIRTIO_NET_Q") == 0)
		trace_running_set(running, event->queue, false);
}

/* --- flows ---------------------------------------------------------------------------------- */

static int
trace_by_end(const void *a, const void *b)
{
	const struct trace_event *x = *(const struct trace_event *const *)a;
	const struct trace_event *y = *(const struct trace_event *const *)b;
	uint64_t xe = x->start_ns + x->duration_ns, ye = y->start_ns + y->duration_ns;

	return xe < ye ? -1 : xe > ye;
}

static int
trace_flow_chain(struct trace_flow *flow)
{
	const struct trace_event **sorted = malloc(flow->nb * sizeof(*sorted));
	uint64_t free_at = 0;
	size_t i;

	if (sorted == NULL)
		return -ENOMEM;
	memcpy(sorted, flow->commands, flow->nb * sizeof(*sorted));
	qsort(sorted, flow->nb, sizeof(*sorted), trace_by_end);
	for (i = 0; i < flow->nb; i++) {
		if (sorted[i]->start_ns < free_at)
			continue;
		flow->chain++;
		free_at = sorted[i]->start_ns + sorted[i]->duration_ns;
	}
	free(sorted);
	return 0;
}

static void
trace_flow_sums(struct trace_flow *flow)
{
	uint32_t tids[TRACE_MAX_THREADS];
	size_t i, j;

	for (i = 0; i < flow->nb; i++) {
		flow->sum_ns += flow->commands[i]->duration_ns;
		flow->wait_ns += flow->commands[i]->wait_ns;
		for (j = 0; j < flow->nb_threads && tids[j] != flow->commands[i]->tid; j++)
			;
		if (j == flow->nb_threads && j < TRACE_MAX_THREADS)
			tids[flow->nb_threads++] = flow->commands[i]->tid;
	}
}

static void
trace_flow_name(struct trace_flow *flow, struct trace_running *running)
{
	struct trace_facts facts = { .ran_before = running->nb, .first = !running->ever };
	size_t i;

	for (i = 0; i < flow->nb; i++) {
		trace_facts_count(&facts, flow->commands[i]);
		trace_running_follow(running, flow->commands[i]);
	}
	for (i = 0; !trace_flow_names[i].is(&facts); i++)
		;
	flow->name = trace_flow_names[i].name;
}

static void
trace_flow_calls(struct trace_flow *flow, const struct trace *trace)
{
	size_t i;

	for (i = 0; i < trace->nb; i++) {
		const struct trace_event *event = &trace->events[i];

		/* A call that makes the first command starts a little before it. */
		flow->nb_calls += !event->is_command && event->start_ns <= flow->end_ns &&
				event->start_ns + event->duration_ns >= flow->start_ns;
	}
}

static struct trace_flow *
trace_flows_open(struct trace_flows *flows, const struct trace_event *event, size_t max)
{
	struct trace_flow *grown = realloc(flows->flows, (flows->nb + 1) * sizeof(*grown));
	struct trace_flow *flow;

	if (grown == NULL)
		return NULL;
	flows->flows = grown;
	flow = &grown[flows->nb];
	memset(flow, 0, sizeof(*flow));
	flow->commands = malloc(max * sizeof(*flow->commands));
	if (flow->commands == NULL)
		return NULL;
	flow->function = event->function;
	flow->start_ns = event->start_ns;
	flows->nb++;
	return flow;
}

static void
trace_flow_shrink(struct trace_flow *flow)
{
	const struct trace_event **less;

	if (flow == NULL)
		return;
	less = realloc(flow->commands, flow->nb * sizeof(*less));
	if (less != NULL)
		flow->commands = less;
}

/* All flows of one function, behind those that are there. */
static int
trace_flows_of(const struct trace *trace, uint32_t function, uint64_t gap_ns,
		struct trace_flows *flows)
{
	struct trace_flow *flow = NULL;
	size_t i;

	for (i = 0; i < trace->nb; i++) {
		const struct trace_event *event = &trace->events[i];

		if (!event->is_command || event->function != function)
			continue;
		if (flow == NULL || event->start_ns > flow->end_ns + gap_ns) {
			trace_flow_shrink(flow);
			flow = trace_flows_open(flows, event, trace->nb - i);
		}
		if (flow == NULL)
			return -ENOMEM;
		flow->commands[flow->nb++] = event;
		if (event->start_ns + event->duration_ns > flow->end_ns)
			flow->end_ns = event->start_ns + event->duration_ns;
	}
	return 0;
}

static int
trace_flows_fill(const struct trace *trace, struct trace_flows *flows, size_t first)
{
	struct trace_running *running = calloc(1, sizeof(*running));
	int ret = running != NULL ? 0 : -ENOMEM;
	size_t i;

	for (i = first; ret == 0 && i < flows->nb; i++) {
		trace_flow_name(&flows->flows[i], running);
		trace_flow_sums(&flows->flows[i]);
		trace_flow_calls(&flows->flows[i], trace);
		ret = trace_flow_chain(&flows->flows[i]);
	}
	free(running);
	return ret;
}

static int
trace_flow_by_start(const void *a, const void *b)
{
	const struct trace_flow *x = a, *y = b;

	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

int
trace_flows_make(const struct trace *trace, uint64_t gap_ns, struct trace_flows *flows)
{
	uint32_t function;
	size_t first;
	int ret = 0;

	memset(flows, 0, sizeof(*flows));
	for (function = 0; ret == 0 && function < TRACE_MAX_FUNCTIONS; function++) {
		first = flows->nb;
		ret = trace_flows_of(trace, function, gap_ns, flows);
		if (ret == 0)
			ret = trace_flows_fill(trace, flows, first);
	}
	if (ret != 0)
		trace_flows_free(flows);
	else if (flows->nb > 0)
		qsort(flows->flows, flows->nb, sizeof(flows->flows[0]), trace_flow_by_start);
	return ret;
}

void
trace_flows_free(struct trace_flows *flows)
{
	size_t i;

	for (i = 0; i < flows->nb; i++)
		free(flows->flows[i].commands);
	free(flows->flows);
	memset(flows, 0, sizeof(*flows));
}
