/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what is a fault of which kind of flow is in the table of flow_kind.c, and why
 * in flow.h. A ring that was not restarted has no indices to be judged.
 */
#include <inttypes.h>

#include <base_math.h>

#include "flow_judge.h"
#include "flow_kind.h"

/* Descriptors from @from to @to; packed rings count the wrap in bit 15. */
static uint64_t
flow_judge_distance(const struct vm *vm, uint16_t from, uint16_t to)
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
flow_judge_unfinished(const struct flow_record *record, const struct vm *vm)
{
	uint64_t nb = 0;

	for (unsigned int i = 1; i < record->nb_queues; i += 2) {
		const struct flow_queue *q = &record->queues[i];

		if (q->restarted && q->saved.known)
			nb += flow_judge_distance(vm, q->saved.used, q->saved.avail);
	}
	return nb;
}

static void
flow_judge_packets(struct flow_record *record, const struct vm *vm)
{
	const struct guest_ledger_count *c = &record->account.count;
	uint64_t unfinished = flow_judge_unfinished(record, vm);
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
				flow_kind_row(record->kind)->excuses ? 0 : c->excused },
	};

	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++)
		if (rows[i].nb != 0)
			flow_fault(record, "%" PRIu64 " packets %s", rows[i].nb, rows[i].what);
}

static void
flow_judge_queue(struct flow_record *record, const struct vm *vm, unsigned int i)
{
	enum flow_rule rule = flow_kind_row(record->kind)->rule;
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

void
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

void
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
