/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: `current` collects, `ring` keeps. begin() clears `current` and remembers
 * clock and command counter; whoever stops or starts a queue notes it; end() takes the
 * differences, puts the flow into the ring and logs one line.
 *
 * vhost tells of one SET_MEM_TABLE in two calls, dev_close and dev_conf, with its own work between
 * them. For a guest that is one event, so the first call only pauses the flow. The duration is
 * from the first to the last instant, because all of it is what a front-end waits for. In between
 * the device's lock is free, and the repair thread may come: what it does is told with the rest.
 *
 * Commands are counted by device, not by thread: work that runs on behalf of the flow on workers
 * is in, and so is a reader that asks for the card's counters in the same moment.
 */
#include "mvdpa_flow.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base_clock.h"
#include "base_math.h"

static const char *const kind_names[MVDPA_FLOW_KINDS] = {
	[MVDPA_FLOW_PROBE] = "probe",
	[MVDPA_FLOW_START] = "start",
	[MVDPA_FLOW_STOP] = "stop",
	[MVDPA_FLOW_RESTART] = "restart",
	[MVDPA_FLOW_SET_MEM_TABLE] = "set_mem_table",
	[MVDPA_FLOW_ENABLE] = "enable",
	[MVDPA_FLOW_DISABLE] = "disable",
	[MVDPA_FLOW_LOG_ON] = "log_on",
	[MVDPA_FLOW_LOG_OFF] = "log_off",
	[MVDPA_FLOW_RECOVER] = "recover",
	[MVDPA_FLOW_CLEANUP] = "cleanup",
};

/* The name, and what a line says that happened to the queues. */
static const struct {
	const char *name, *verb;
} ways[MVDPA_FLOW_WAYS] = {
	[MVDPA_FLOW_WAY_NONE] = { "none", "started" },
	[MVDPA_FLOW_WAY_CREATE] = { "create", "created" },
	[MVDPA_FLOW_WAY_PRECREATED] = { "pre-created", "started from pre-created" },
	[MVDPA_FLOW_WAY_RESUME] = { "resume", "resumed" },
	[MVDPA_FLOW_WAY_MODIFY] = { "modify", "resumed by modify" },
	[MVDPA_FLOW_WAY_MKEY] = { "mkey modify", "rebuilt by mkey modify" },
	[MVDPA_FLOW_WAY_RECREATE] = { "recreate", "rebuilt by recreate" },
	[MVDPA_FLOW_WAY_TEARDOWN] = { "teardown", "rebuilt by teardown" },
};

const char *
mvdpa_flow_kind_name(enum mvdpa_flow_kind kind)
{
	return (unsigned int)kind < MVDPA_FLOW_KINDS ? kind_names[kind] : "unknown";
}

const char *
mvdpa_flow_way_name(enum mvdpa_flow_way way)
{
	return (unsigned int)way < MVDPA_FLOW_WAYS ? ways[way].name : "unknown";
}

/* --- the line -------------------------------------------------------------------------------- */

struct flow_text {
	char *at;
	size_t left;
};

static void
flow_add(struct flow_text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
flow_add(struct flow_text *text, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text->at, text->left, fmt, args);
	va_end(args);
	if (len < 0)
		return;
	if ((size_t)len >= text->left)
		len = text->left > 0 ? (int)text->left - 1 : 0;
	text->at += len;
	text->left -= (size_t)len;
}

static void
flow_add_count(struct flow_text *text, uint32_t queues)
{
	flow_add(text, "%" PRIu32 " queue%s", queues, queues == 1 ? "" : "s");
}

static void
flow_add_queues(struct flow_text *text, const struct mvdpa_flow *flow)
{
	const char *comma = "";
	uint32_t way;

	for (way = 0; way < MVDPA_FLOW_WAYS; way++) {
		if (flow->nb_resumed[way] == 0)
			continue;
		flow_add(text, "%s", comma);
		flow_add_count(text, flow->nb_resumed[way]);
		flow_add(text, " %s", ways[way].verb);
		comma = ", ";
	}
	if (comma[0] != '\0')
		return;
	flow_add_count(text, flow->nb_saved > 0 ? flow->nb_saved : flow->nb_touched);
	if (flow->nb_saved > 0)
		flow_add(text, " stopped");
}

void
mvdpa_flow_line(const struct mvdpa_flow *flow, char *line, size_t size)
{
	struct flow_text text = { .at = line, .left = size };
	uint64_t tenths = flow->duration_ns / (BASE_NS_PER_MS / 10);

	flow_add(&text, "%s: ", mvdpa_flow_kind_name(flow->kind));
	flow_add_queues(&text, flow);
	flow_add(&text, " in %" PRIu64 ".%" PRIu64 " ms, %" PRIu64 " commands", tenths / 10,
			tenths % 10, flow->commands);
	if (flow->nb_saved > 0)
		flow_add(&text, ", A!=U on %" PRIu32, flow->nb_mismatch);
	if (flow->result != 0)
		flow_add(&text, ", failed: %s", strerror(-flow->result));
}

/* --- collecting ------------------------------------------------------------------------------ */

void
mvdpa_flow_init(struct mvdpa_flow_log *flows, const char *name, const struct base_log *log,
		struct mvdpa_flow_counter counter)
{
	memset(flows, 0, sizeof(*flows));
	flows->name = name;
	flows->log = log;
	flows->counter = counter;
	base_mutex_init(&flows->lock);
}

void
mvdpa_flow_fini(struct mvdpa_flow_log *flows)
{
	base_mutex_destroy(&flows->lock);
}

/* Fills in @p line, MVDPA_FLOW_LINE bytes, to be logged when the lock is free. */
static void
flow_finish_locked(struct mvdpa_flow_log *flows, char *line) BASE_REQUIRES(flows->lock)
{
	struct mvdpa_flow *flow = &flows->current;

	flow->seq = ++flows->nb_flows;
	flow->duration_ns = base_clock_ns() - flow->start_ns;
	flow->commands = flows->counter.total(flows->counter.arg) - flows->commands_at_begin;
	if (flows->first_saved_ns != 0 && flows->last_resumed_ns > flows->first_saved_ns)
		flow->outage_ns = flows->last_resumed_ns - flows->first_saved_ns;
	flows->ring[(flow->seq - 1) % MVDPA_FLOW_DEPTH] = *flow;
	flows->depth = 0;
	flows->paused = false;
	mvdpa_flow_line(flow, line, MVDPA_FLOW_LINE);
}

static void
flow_log(const struct mvdpa_flow_log *flows, const char *line)
{
	if (line[0] != '\0')
		base_info(flows->log, "%s: %s", flows->name, line);
}

static void
flow_start_locked(struct mvdpa_flow_log *flows, enum mvdpa_flow_kind kind)
		BASE_REQUIRES(flows->lock)
{
	memset(&flows->current, 0, sizeof(flows->current));
	memset(flows->touched, 0, sizeof(flows->touched));
	memset(flows->stopped, 0, sizeof(flows->stopped));
	flows->torn_down = false;
	flows->first_saved_ns = 0;
	flows->last_resumed_ns = 0;
	flows->commands_at_begin = flows->counter.total(flows->counter.arg);
	flows->current.kind = kind;
	flows->current.start_ns = base_clock_ns();
}

void
mvdpa_flow_begin(struct mvdpa_flow_log *flows, enum mvdpa_flow_kind kind)
{
	char line[MVDPA_FLOW_LINE] = "";

	if (flows == NULL)
		return;
	base_mutex_lock(&flows->lock);
	if (flows->paused && flows->current.kind != kind && kind != MVDPA_FLOW_RECOVER) {
		flows->current.result = -ECANCELED;
		flow_finish_locked(flows, line);
	}
	if (flows->depth == 0 && !flows->paused)
		flow_start_locked(flows, kind);
	if (flows->current.kind == kind)
		flows->paused = false;
	flows->depth++;
	base_mutex_unlock(&flows->lock);
	flow_log(flows, line);
}

void
mvdpa_flow_pause(struct mvdpa_flow_log *flows)
{
	if (flows == NULL)
		return;
	base_mutex_lock(&flows->lock);
	if (flows->depth > 0) {
		flows->depth--;
		flows->paused = flows->depth == 0;
	}
	base_mutex_unlock(&flows->lock);
}

bool
mvdpa_flow_is_paused(struct mvdpa_flow_log *flows)
{
	bool paused;

	if (flows == NULL)
		return false;
	base_mutex_lock(&flows->lock);
	paused = flows->paused;
	base_mutex_unlock(&flows->lock);
	return paused;
}

void
mvdpa_flow_end_paused(struct mvdpa_flow_log *flows, int result)
{
	char line[MVDPA_FLOW_LINE] = "";

	if (flows == NULL)
		return;
	base_mutex_lock(&flows->lock);
	if (flows->paused) {
		flows->current.result = result;
		flow_finish_locked(flows, line);
	}
	base_mutex_unlock(&flows->lock);
	flow_log(flows, line);
}

void
mvdpa_flow_end(struct mvdpa_flow_log *flows, int result)
{
	char line[MVDPA_FLOW_LINE] = "";

	if (flows == NULL)
		return;
	base_mutex_lock(&flows->lock);
	if (flows->depth > 0) {
		if (flows->current.result == 0)
			flows->current.result = result;
		if (--flows->depth == 0 && !flows->paused)
			flow_finish_locked(flows, line);
	}
	base_mutex_unlock(&flows->lock);
	flow_log(flows, line);
}

void
mvdpa_flow_drop(struct mvdpa_flow_log *flows)
{
	if (flows == NULL)
		return;
	base_mutex_lock(&flows->lock);
	if (flows->depth > 0)
		flows->depth--;
	base_mutex_unlock(&flows->lock);
}

/* The entry of a queue, or NULL if there are too many or no flow collects. */
static struct mvdpa_flow_queue *
flow_queue_locked(struct mvdpa_flow_log *flows, uint16_t queue) BASE_REQUIRES(flows->lock)
{
	struct mvdpa_flow *flow = &flows->current;
	uint64_t *word, bit = 1ULL << (queue % 64);
	uint32_t i;

	if (flows->depth == 0 || queue >= MVDPA_FLOW_MAX_VIRTQS)
		return NULL;
	word = &flows->touched[queue / 64];
	if ((*word & bit) == 0) {
		*word |= bit;
		flow->nb_touched++;
		if (flow->nb_queues == MVDPA_FLOW_QUEUES)
			return NULL;
		flow->queues[flow->nb_queues].index = queue;
		return &flow->queues[flow->nb_queues++];
	}
	for (i = 0; i < flow->nb_queues; i++) {
		if (flow->queues[i].index == queue)
			return &flow->queues[i];
	}
	return NULL;
}

void
mvdpa_flow_touch(struct mvdpa_flow_log *flows, uint16_t queue)
{
	if (flows == NULL)
		return;
	base_mutex_lock(&flows->lock);
	flow_queue_locked(flows, queue);
	base_mutex_unlock(&flows->lock);
}

void
mvdpa_flow_saved(struct mvdpa_flow_log *flows, uint16_t queue, struct mvdpa_index index,
		bool mismatch)
{
	struct mvdpa_flow_queue *entry;

	if (flows == NULL)
		return;
	base_mutex_lock(&flows->lock);
	entry = flow_queue_locked(flows, queue);
	if (entry != NULL) {
		entry->was_saved = true;
		entry->saved = index;
		entry->mismatch = mismatch;
	}
	if (flows->depth > 0) {
		if (flows->first_saved_ns == 0)
			flows->first_saved_ns = base_clock_ns();
		if (queue < MVDPA_FLOW_MAX_VIRTQS)
			flows->stopped[queue / 64] |= 1ULL << (queue % 64);
		flows->current.nb_saved++;
		flows->current.nb_mismatch += mismatch ? 1 : 0;
	}
	base_mutex_unlock(&flows->lock);
}

static enum mvdpa_flow_way
flow_way_locked(const struct mvdpa_flow_log *flows, uint16_t queue, enum mvdpa_flow_way way)
		BASE_REQUIRES(flows->lock)
{
	if (way != MVDPA_FLOW_WAY_CREATE || queue >= MVDPA_FLOW_MAX_VIRTQS ||
			(flows->stopped[queue / 64] >> (queue % 64) & 1) == 0)
		return way;
	return flows->torn_down ? MVDPA_FLOW_WAY_TEARDOWN : MVDPA_FLOW_WAY_RECREATE;
}

void
mvdpa_flow_resumed(struct mvdpa_flow_log *flows, uint16_t queue, struct mvdpa_index index,
		enum mvdpa_flow_way way)
{
	struct mvdpa_flow_queue *entry;

	if (flows == NULL || (unsigned int)way >= MVDPA_FLOW_WAYS)
		return;
	base_mutex_lock(&flows->lock);
	way = flow_way_locked(flows, queue, way);
	entry = flow_queue_locked(flows, queue);
	if (entry != NULL) {
		entry->was_resumed = true;
		entry->resumed = index;
		entry->way = way;
	}
	if (flows->depth > 0) {
		flows->last_resumed_ns = base_clock_ns();
		flows->current.nb_resumed[way]++;
	}
	base_mutex_unlock(&flows->lock);
}

void
mvdpa_flow_torn_down(struct mvdpa_flow_log *flows)
{
	if (flows == NULL)
		return;
	base_mutex_lock(&flows->lock);
	flows->torn_down = true;
	base_mutex_unlock(&flows->lock);
}

/* --- reading --------------------------------------------------------------------------------- */

bool
mvdpa_flow_read(struct mvdpa_flow_log *flows, uint32_t age, struct mvdpa_flow *flow)
{
	bool found;

	base_mutex_lock(&flows->lock);
	found = age < MVDPA_FLOW_DEPTH && age < flows->nb_flows;
	if (found)
		*flow = flows->ring[(flows->nb_flows - 1 - age) % MVDPA_FLOW_DEPTH];
	base_mutex_unlock(&flows->lock);
	return found;
}
