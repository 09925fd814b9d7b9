/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: see flow.h for the four parts of a flow. The history is a ring of entries; an
 * entry keeps the ledger's span of its flow, so that its packets can be counted again, until one of
 * the guests that it is about goes (vm_set_gone()): streams are recycled then.
 *
 * The act's own questions to the device cost firmware commands, too, so the count is taken last
 * before the act and first after it, and asked twice: the difference is what a question costs.
 *
 * Which streams are a flow's: what its guest sends, and what is sent to it (vm_concerns()), of senders
 * that send when it begins. They are noted then, for a peer may stop in the meantime.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>
#include <guest_net_fault.h>

#include "flow.h"
#include "patience.h"

#define FLOW_SENDERS_MAX 32u /* guests that send to one */

/* What resumed indices must be. */
enum flow_rule {
	FLOW_ANY, /* nothing is known of them */
	FLOW_KEPT, /* the used index that was saved */
	FLOW_ANEW, /* 0 */
};

struct flow_kind_row {
	const char *name;
	const char *about; /* word before record->what */
	const char *whom; /* word before the guest's name */
	enum vm_state needs;
	enum flow_rule rule;
	bool excuses; /* the guest is down for a while, or gives packets up */
};

static const struct flow_kind_row flow_kinds[FLOW_NB_KINDS] = {
	[FLOW_HOT_ADD] = { "hot-add", "of", "to", VM_UP, FLOW_KEPT, false },
	[FLOW_UNPLUG] = { "unplug", "of", "from", VM_UP, FLOW_KEPT, false },
	[FLOW_REMAP] = { "remap", "of", "of", VM_UP, FLOW_KEPT, false },
	[FLOW_RESET] = { "reset", "of", "of", VM_UP, FLOW_ANEW, true },
	[FLOW_REBIND] = { "rebind", "of", "of", VM_UP, FLOW_ANEW, true },
	[FLOW_DISABLE] = { "disable", "of", "of", VM_UP, FLOW_ANY, false },
	[FLOW_ENABLE] = { "enable", "of", "of", VM_UP, FLOW_KEPT, false },
	[FLOW_STOP] = { "stop", "of", "of", VM_UP, FLOW_ANY, true },
	[FLOW_START] = { "start", "of", "of", VM_PAUSED, FLOW_KEPT, true },
	[FLOW_KILL] = { "kill", "at", "of", VM_UP, FLOW_ANY, true },
	[FLOW_ERROR] = { "error", "of", "of", VM_UP, FLOW_ANY, true },
	[FLOW_MIGRATE] = { "migrate", "to", "of", VM_UP, FLOW_ANY, true },
	[FLOW_MIGRATE_FAIL] = { "migrate-fail", "to", "of", VM_UP, FLOW_ANY, true },
};

/* A flow that is kept. */
struct flow_entry {
	struct flow_record record;
	struct guest_ledger_span *span; /* NULL: the account is final */
	unsigned int nb_senders;
	struct flow_sender {
		char name[VM_NAME_MAX + 1];
		uint32_t tx_stream;
		unsigned int nb_pairs;
	} senders[FLOW_SENDERS_MAX];
};

static struct flow_past {
	struct flow_entry *entries[FLOW_HISTORY_MAX]; /* oldest first */
	unsigned int nb;
	unsigned int last_id;
} flow_past;

const char *
flow_kind_name(enum flow_kind kind)
{
	return (unsigned int)kind < FLOW_NB_KINDS ? flow_kinds[kind].name : "unknown";
}

const char *
flow_kind_about(enum flow_kind kind)
{
	return (unsigned int)kind < FLOW_NB_KINDS ? flow_kinds[kind].about : "of";
}

const char *
flow_kind_whom(enum flow_kind kind)
{
	return (unsigned int)kind < FLOW_NB_KINDS ? flow_kinds[kind].whom : "of";
}

void
flow_fault(struct flow_record *record, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (record->nb_faults < FLOW_FAULTS_MAX)
		vsnprintf(record->faults[record->nb_faults], FLOW_TEXT_MAX, fmt, ap);
	va_end(ap);
	record->nb_faults++;
}

bool
flow_passed(const struct flow_record *record)
{
	return record->result == 0 && record->nb_faults == 0;
}

/* --- what the driver says -------------------------------------------------------------------- */

static bool
flow_stat(const struct device_stats *stats, const char *name, uint64_t *value)
{
	for (unsigned int i = 0; i < stats->nb; i++) {
		if (strcmp(stats->stat[i].name, name) != 0)
			continue;
		*value = stats->stat[i].value;
		return true;
	}
	return false;
}

static struct flow_index
flow_stat_index(const struct device_stats *stats, const char *avail_name, const char *used_name)
{
	uint64_t avail, used;

	if (!flow_stat(stats, avail_name, &avail) || !flow_stat(stats, used_name, &used))
		return (struct flow_index){ .known = false };
	return (struct flow_index){ true, (uint16_t)avail, (uint16_t)used };
}

void
flow_device_queue(const char *device, unsigned int queue, struct flow_queue *row)
{
	static struct device_stats stats; /* large; one thread */

	row->saved.known = row->resumed.known = false;
	if (device_stats(device, (uint16_t)queue, &stats) != 0)
		return;
	row->saved = flow_stat_index(&stats, "saved_avail_index", "saved_used_index");
	row->resumed = flow_stat_index(&stats, "resumed_avail_index", "resumed_used_index");
}

bool
flow_device_commands(const char *device, uint64_t *nb)
{
	static struct device_stats stats; /* large; one thread */

	return device_stats(device, 0, &stats) == 0 && flow_stat(&stats, "firmware_commands", nb);
}

/* --- before and after ------------------------------------------------------------------------ */

/* What is compared of a guest and its device. */
struct flow_look {
	bool has_device;
	char device[DEVICE_NAME_MAX];
	uint64_t device_errors, base_errors;
	bool commands_known;
	uint64_t commands;
	struct guest_net_fault faults[VM_QUEUES_MAX][GUEST_NET_NB_FAULTS];
	struct flow_queue queues[VM_QUEUES_MAX];
};

/* Where the rings stand; into .before or .after is the caller's matter. */
static struct flow_index
flow_place(struct vm *vm, unsigned int queue)
{
	struct guest_vm_place place;

	guest_vm_place(vm->guest, queue, &place);
	return (struct flow_index){ true, place.avail, place.used };
}

static void
flow_look(struct vm *vm, struct flow_look *look)
{
	static struct guest_vm_stats stats; /* large; one thread */

	memset(look, 0, sizeof(*look));
	guest_vm_stats(vm->guest, &stats);
	look->device_errors = stats.device_errors;
	look->base_errors = stats.base_errors;
	look->has_device = vm_device(vm, look->device);
	for (unsigned int i = 0; i < vm_nb_queues(vm); i++) {
		look->queues[i].base = stats.bases[i];
		guest_net_faults(&stats.queues[i], look->faults[i]);
		look->queues[i].after = flow_place(vm, i);
		if (look->has_device)
			flow_device_queue(look->device, i, &look->queues[i]);
	}
}

static void
flow_look_before(struct vm *vm, struct flow_look *look)
{
	flow_look(vm, look);
	look->commands_known = look->has_device &&
			flow_device_commands(look->device, &look->commands);
}

/* The commands of the act: those since @before, without what the question costs. */
static void
flow_count_commands(struct vm *vm, const struct flow_look *before, struct flow_record *record)
{
	char device[DEVICE_NAME_MAX];
	uint64_t now, again;

	record->commands_known = before->commands_known && vm_device(vm, device) &&
			strcmp(device, before->device) == 0 && flow_device_commands(device, &now) &&
			flow_device_commands(device, &again);
	if (record->commands_known)
		record->commands = now - before->commands - (again - now);
}

static bool
flow_same_index(const struct flow_index *a, const struct flow_index *b)
{
	return a->known == b->known && a->avail == b->avail && a->used == b->used;
}

static void
flow_compare(const struct vm *vm, const struct flow_look *before, const struct flow_look *now,
		struct flow_record *record)
{
	record->device_errors = now->device_errors - before->device_errors;
	record->base_errors = now->base_errors - before->base_errors;
	record->nb_queues = vm_nb_queues(vm);
	for (unsigned int i = 0; i < record->nb_queues; i++) {
		struct flow_queue *q = &record->queues[i];

		*q = now->queues[i];
		q->before = before->queues[i].after;
		q->restarted = !flow_same_index(&q->saved, &before->queues[i].saved) ||
				!flow_same_index(&q->resumed, &before->queues[i].resumed);
	}
}

/* --- packets --------------------------------------------------------------------------------- */

static void
flow_note_senders(const struct vm *vm, struct flow_entry *entry)
{
	for (const struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v)) {
		struct flow_sender *sender = &entry->senders[entry->nb_senders];

		if (!vm_concerns(vm, v) || entry->nb_senders == BASE_ARRAY_SIZE(entry->senders))
			continue;
		snprintf(sender->name, sizeof(sender->name), "%s", v->name);
		sender->tx_stream = v->tx_stream;
		sender->nb_pairs = v->attr.nb_pairs;
		entry->nb_senders++;
	}
}

/* A stream that has to carry a packet. */
struct flow_way {
	const struct vm *vm; /* that sends */
	unsigned int pair;
	uint32_t stream;
	uint64_t from; /* number of a packet that was sent in time */
};

/* Streams that are being sent, and whose way is open. */
static unsigned int
flow_find_ways(const struct flow_entry *entry, struct flow_way ways[GUEST_LEDGER_MAX_STREAMS])
{
	unsigned int nb = 0;

	for (unsigned int k = 0; k < entry->nb_senders; k++) {
		const struct flow_sender *sender = &entry->senders[k];
		const struct vm *vm = vm_find(sender->name);

		for (unsigned int i = 0; vm->peer != NULL && i < sender->nb_pairs; i++) {
			uint32_t stream = sender->tx_stream + i;

			if (vm_way_is_open(vm, i))
				ways[nb++] = (struct flow_way){ vm, i, stream,
					guest_ledger_sent(vm_ledger(), stream) };
		}
	}
	return nb;
}

/* Keeps those of the ways that carry nothing. @return how many */
static unsigned int
flow_wait_for_ways(struct flow_way *ways, unsigned int nb, unsigned int ms)
{
	struct patience patience = { ms };
	unsigned int silent = 0;

	for (unsigned int i = 0; i < nb; i++) {
		int ret;

		do
			ret = guest_ledger_wait_past(vm_ledger(), ways[i].stream, ways[i].from,
					patience_slice(&patience));
		while (ret != 0 && patience_go_on(&patience));
		if (ret != 0)
			ways[silent++] = ways[i];
	}
	return silent;
}

/* "A.tx3 (812,790)", the indices of its driver. */
static void
flow_ring_text(const struct vm *vm, unsigned int queue, char *text, size_t size)
{
	uint16_t index = vm->attr.packed ? 0x7fff : 0xffff;
	struct guest_vm_place place;

	guest_vm_place(vm->guest, queue, &place);
	snprintf(text, size, "%s.%s%u (%u,%u), device at %u", vm->name,
			queue % 2 == 0 ? "rx" : "tx", queue / 2, place.avail & index,
			place.used & index, place.device_used & index);
}

static void
flow_tell_dead(struct flow_record *record, const struct flow_way *way, unsigned int ms,
		const char *when)
{
	char tx[96], rx[96] = "";

	flow_ring_text(way->vm, 2 * way->pair + 1, tx, sizeof(tx));
	if (way->vm->peer != NULL && way->pair < way->vm->peer->attr.nb_pairs)
		flow_ring_text(way->vm->peer, 2 * way->pair, rx, sizeof(rx));
	flow_fault(record, "pair %u of %s: nothing arrives within %u ms %s it; %s; %s", way->pair,
			way->vm->name, ms, when, tx, rx);
}

/* Each stream whose way is open carries a packet that was sent after now. @param when for the fault */
static void
flow_wait_for_traffic(struct flow_entry *entry, unsigned int settle_ms, const char *when)
{
	struct flow_way ways[GUEST_LEDGER_MAX_STREAMS];
	struct flow_record *record = &entry->record;
	unsigned int nb = flow_find_ways(entry, ways), silent, ms = settle_ms;

	nb = flow_wait_for_ways(ways, nb, settle_ms);
	silent = nb;
	if (nb != 0 && record->nb_dead == 0) {
		nb = flow_wait_for_ways(ways, nb, FLOW_DEAD_TIMES * settle_ms);
		ms += FLOW_DEAD_TIMES * settle_ms;
	}
	record->nb_slow += silent - nb;
	record->nb_dead += nb;
	for (unsigned int i = 0; i < nb; i++)
		flow_tell_dead(record, &ways[i], ms, when);
}

/* What was sent while it lasted gets time to arrive; traffic goes on. */
static void
flow_wait_for_stragglers(struct flow_entry *entry, unsigned int settle_ms)
{
	struct patience patience = { settle_ms };

	for (unsigned int k = 0; k < entry->nb_senders; k++) {
		const struct flow_sender *sender = &entry->senders[k];
		const struct vm *vm = vm_find(sender->name);

		for (unsigned int i = 0; i < sender->nb_pairs; i++)
			while (vm_way_is_open(vm, i) &&
					guest_ledger_span_settle(entry->span, sender->tx_stream + i,
							patience_slice(&patience)) != 0 &&
					patience_go_on(&patience))
				;
	}
}

/* Counts the packets, again if that was done before. */
static void
flow_count_packets(struct flow_entry *entry)
{
	if (entry->span == NULL)
		return;
	memset(&entry->record.account, 0, sizeof(entry->record.account));
	for (unsigned int k = 0; k < entry->nb_senders; k++) {
		const struct vm *vm = vm_find(entry->senders[k].name);

		for (unsigned int i = 0; i < entry->senders[k].nb_pairs; i++)
			vm_account_add(&entry->record.account, entry->span, vm->tx_stream + i,
					vm_way_is_open(vm, i));
	}
}

static int
flow_compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Median and maximum over the streams that run: a stream whose way is closed has no end of its gap. */
static void
flow_measure_gaps(struct flow_entry *entry)
{
	uint64_t gaps[GUEST_LEDGER_MAX_STREAMS];
	struct flow_record *record = &entry->record;
	struct guest_ledger_count count;
	unsigned int nb = 0;

	for (unsigned int k = 0; k < entry->nb_senders; k++) {
		const struct vm *vm = vm_find(entry->senders[k].name);

		for (unsigned int i = 0; i < entry->senders[k].nb_pairs; i++) {
			guest_ledger_span_count(entry->span, vm->tx_stream + i, &count);
			if (vm_way_is_open(vm, i) && count.longest_gap_ns != 0)
				gaps[nb++] = count.longest_gap_ns;
		}
	}
	record->nb_streams = nb;
	if (nb == 0)
		return;
	qsort(gaps, nb, sizeof(gaps[0]), flow_compare_u64);
	record->gap_median_ns = nb % 2 != 0 ? gaps[nb / 2] : (gaps[nb / 2 - 1] + gaps[nb / 2]) / 2;
	record->gap_max_ns = gaps[nb - 1];
}

/* --- judgement ------------------------------------------------------------------------------- */

/* Descriptors from @from to @to; packed rings count the wrap in bit 15. */
static uint64_t
flow_distance(const struct vm *vm, uint16_t from, uint16_t to)
{
	int nb;

	if (!vm->attr.packed)
		return (uint16_t)(to - from);
	nb = (to & 0x7fff) - (from & 0x7fff);
	return (uint64_t)(((from ^ to) & 0x8000) != 0 ? nb + (int)vm->attr.ring_size : nb);
}

/* Frames that a device had taken, but not finished when their queues stopped: it may send them
 * twice. Receive buffers are not: nothing is in them yet. */
static uint64_t
flow_unfinished(const struct flow_record *record, const struct vm *vm)
{
	uint64_t nb = 0;

	for (unsigned int i = 1; i < record->nb_queues; i += 2) {
		const struct flow_queue *q = &record->queues[i];

		if (q->restarted && q->saved.known)
			nb += flow_distance(vm, q->saved.used, q->saved.avail);
	}
	return nb;
}

static void
flow_judge_packets(struct flow_record *record, const struct vm *vm)
{
	const struct guest_ledger_count *c = &record->account.count;
	uint64_t unfinished = flow_unfinished(record, vm);
	const struct {
		const char *what;
		uint64_t nb;
	} rows[] = {
		{ "lost", c->lost },
		{ "duplicated", c->duplicated > unfinished ? c->duplicated : 0 },
		{ "reordered", c->reordered },
		{ "torn", c->torn },
		{ "invented", c->invented },
		{ "given up although nobody was down",
				flow_kinds[record->kind].excuses ? 0 : c->excused },
	};

	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++)
		if (rows[i].nb != 0)
			flow_fault(record, "%" PRIu64 " packets %s", rows[i].nb, rows[i].what);
}

static void
flow_judge_queue(struct flow_record *record, const struct vm *vm, unsigned int i)
{
	enum flow_rule rule = flow_kinds[record->kind].rule;
	const struct flow_queue *q = &record->queues[i];
	uint16_t index = vm->attr.packed ? 0x7fff : 0xffff; /* without the wrap counter */

	if (!q->restarted || !q->resumed.known)
		return;
	if (rule == FLOW_KEPT && q->saved.known && q->saved.used != q->resumed.used)
		flow_fault(record, "queue %u: saved at used index %u, resumed at %u", i,
				q->saved.used & index, q->resumed.used & index);
	if (rule == FLOW_ANEW && ((q->resumed.avail | q->resumed.used) & index) != 0)
		flow_fault(record, "queue %u: resumed at (%u,%u) in a new life", i,
				q->resumed.avail & index, q->resumed.used & index);
}

/* What the guest's driver saw its device do wrong, by name. */
static void
flow_judge_rings(struct flow_record *record, const struct flow_look *before,
		const struct flow_look *now)
{
	for (unsigned int i = 0; i < record->nb_queues; i++)
		for (unsigned int k = 0; k < GUEST_NET_NB_FAULTS; k++) {
			const struct guest_net_fault *fault = &now->faults[i][k];

			if (fault->nb > before->faults[i][k].nb)
				flow_fault(record, "queue %u: %" PRIu64 " x %s", i,
						fault->nb - before->faults[i][k].nb, fault->what);
		}
}

static void
flow_judge(struct flow_record *record, const struct vm *vm)
{
	if (record->result != 0)
		return;
	flow_judge_packets(record, vm);
	for (unsigned int i = 0; i < record->nb_queues; i++)
		flow_judge_queue(record, vm, i);
	if (record->base_errors != 0)
		flow_fault(record, "%" PRIu64 " answers to GET_VRING_BASE cannot be",
				record->base_errors);
}

/* --- history --------------------------------------------------------------------------------- */

static void
flow_entry_free(struct flow_entry *entry)
{
	guest_ledger_span_free(entry->span);
	free(entry);
}

static void
flow_drop_oldest(void)
{
	flow_entry_free(flow_past.entries[0]);
	flow_past.nb--;
	memmove(&flow_past.entries[0], &flow_past.entries[1],
			flow_past.nb * sizeof(flow_past.entries[0]));
}

void
flow_history_clear(void)
{
	while (flow_past.nb > 0)
		flow_drop_oldest();
}

bool
flow_history(unsigned int index, struct flow_record *record)
{
	if (index >= flow_past.nb)
		return false;
	flow_count_packets(flow_past.entries[index]);
	*record = flow_past.entries[index]->record;
	return true;
}

/* A guest goes: the accounts that it is part of are final. */
static void
flow_on_gone(const struct vm *vm)
{
	for (unsigned int i = 0; i < flow_past.nb; i++) {
		struct flow_entry *entry = flow_past.entries[i];

		for (unsigned int k = 0; k < entry->nb_senders && entry->span != NULL; k++) {
			if (strcmp(entry->senders[k].name, vm->name) != 0)
				continue;
			flow_count_packets(entry);
			guest_ledger_span_free(entry->span);
			entry->span = NULL;
		}
	}
}

/* A new record, the latest of the history. @return NULL without memory (with a complaint) */
static struct flow_entry *
flow_begin(const struct flow_call *call, enum flow_kind kind)
{
	struct flow_entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL) {
		base_err(call->log, "%s of guest %s: no memory", flow_kind_name(kind),
				call->vm->name);
		return NULL;
	}
	flow_note_senders(call->vm, entry);
	vm_set_gone(flow_on_gone);
	if (flow_past.nb == FLOW_HISTORY_MAX)
		flow_drop_oldest();
	flow_past.entries[flow_past.nb++] = entry;
	entry->record.id = ++flow_past.last_id;
	entry->record.kind = kind;
	snprintf(entry->record.guest, sizeof(entry->record.guest), "%s", call->vm->name);
	entry->record.when = time(NULL);
	return entry;
}

/* --- running --------------------------------------------------------------------------------- */

/* May it happen to the guest as it is? */
static int
flow_check(const struct flow_call *call, enum flow_kind kind)
{
	const struct flow_kind_row *row = &flow_kinds[kind];
	enum vm_state state = vm_state(call->vm);

	if (state == row->needs || (kind == FLOW_KILL && state == VM_LOST))
		return 0;
	base_err(call->log, "%s: guest %s is %s%s", row->name, call->vm->name,
			state == VM_UP ? "not stopped" : vm_state_name(state),
			state == VM_NEW ? " ('guest start' does that)" : "");
	return state == VM_UP ? -EALREADY : -ENOTCONN;
}

/* The act, with a reason in words where it failed. */
static void
flow_do(struct vm *vm, const struct flow_act *act, struct flow_record *record)
{
	record->begin_ns = base_clock_ns();
	record->result = act->run(vm, record, act->arg);
	record->duration_ns = base_clock_ns() - record->begin_ns;
	if (record->result == 0 || record->text[0] != '\0')
		return;
	snprintf(record->text, sizeof(record->text), "%s", vm_why(vm, record->result));
}

/* The act between its two questions, with the span that its packets are counted in. */
static int
flow_measure(struct vm *vm, const struct flow_act *act, struct flow_entry *entry)
{
	static struct flow_look before, now; /* large; one thread */
	int ret;

	flow_wait_for_traffic(entry, vm->attr.settle_ms, "before");
	flow_look_before(vm, &before);
	ret = guest_ledger_span_open(vm_ledger(), &entry->span);
	if (ret != 0)
		return ret;
	flow_do(vm, act, &entry->record);
	flow_wait_for_traffic(entry, vm->attr.settle_ms, "after");
	guest_ledger_span_close(entry->span);
	flow_wait_for_stragglers(entry, vm->attr.settle_ms);
	flow_count_commands(vm, &before, &entry->record);
	flow_look(vm, &now);
	flow_compare(vm, &before, &now, &entry->record);
	flow_measure_gaps(entry);
	flow_count_packets(entry);
	flow_judge(&entry->record, vm);
	if (entry->record.result == 0)
		flow_judge_rings(&entry->record, &before, &now);
	return entry->record.result;
}

int
flow_run(const struct flow_call *call, const struct flow_act *act)
{
	struct flow_entry *entry;
	int ret = flow_check(call, act->kind);

	if (ret != 0)
		return ret;
	entry = flow_begin(call, act->kind);
	if (entry == NULL)
		return -ENOMEM;
	ret = flow_measure(call->vm, act, entry);
	entry->record.result = ret;
	if (call->record != NULL)
		*call->record = entry->record;
	return ret;
}
