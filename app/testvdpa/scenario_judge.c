/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what must be zero in a step: packets lost, duplicated, reordered, torn,
 * invented, or with a damaged header; errors of the devices that the guests' drivers saw;
 * descriptors passed over, never returned or returned twice; answers to GET_VRING_BASE that cannot
 * be. Excused packets (taken back by a guest that is reset, or sent to one that was down) and
 * duplicated ones (in flight when a queue broke) are allowed where the plan says so.
 *
 * Guests count from their beginning, so each count is compared with the one at the end of the step
 * before. A transmitted chain whose packet has arrived must come back, if a little later than the
 * packet: nothing tells when, so that is looked at again for a while.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <base_math.h>

#include "scenario_judge.h"

#define JUDGE_NAPS \
	500 /* for chains to come back after their packets; time we are kept from does not count */
#define JUDGE_NAP_MS 2

static void
judge_count(struct scenario_step *step, const struct scenario_direction *dir,
		const struct scenario_plan *plan)
{
	const struct guest_ledger_count *c = &dir->count;
	const struct {
		const char *what;
		uint64_t nb;
	} rows[] = {
		{ "lost", c->lost },
		{ "duplicated", plan->may_duplicate ? 0 : c->duplicated },
		{ "reordered", c->reordered },
		{ "torn", c->torn },
		{ "invented", c->invented },
		{ "excused", plan->may_excuse ? 0 : c->excused },
	};

	if (c->sent == 0)
		scenario_step_fault(step, "%c->%c: nothing was sent", dir->from, dir->to);
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++)
		if (rows[i].nb != 0)
			scenario_step_fault(step, "%c->%c: %" PRIu64 " %s", dir->from, dir->to,
					rows[i].nb, rows[i].what);
}

/* Sums the streams of guest @g into a direction; @gaps gets the longest gap of each. */
static void
judge_direction(struct scenario_play *play, struct scenario_direction *dir, unsigned int phase,
		unsigned int g, uint64_t *gaps)
{
	unsigned int pairs = play->attr->queue_pairs;
	struct guest_ledger_count count;

	*dir = (struct scenario_direction){
		.from = play->guests[g].name[0],
		.to = play->guests[1 - g].name[0],
	};
	for (uint32_t i = 0; i < pairs; i++) {
		guest_ledger_phase_count(play->ledger, phase, play->guests[g].vm->tx_stream + i,
				&count);
		guest_ledger_count_add(&dir->count, &count);
		gaps[i] = count.longest_gap_ns;
	}
	dir->gap_median_ns = scenario_median(gaps, pairs);
}

void
scenario_judge_traffic(struct scenario_play *play, struct scenario_step *step, unsigned int phase,
		const struct scenario_plan *plan)
{
	uint64_t wrecks = guest_ledger_wrecks(play->ledger);
	uint64_t gaps[GUEST_LEDGER_MAX_STREAMS];

	step->nb_directions = SCENARIO_GUESTS;
	for (unsigned int g = 0; g < SCENARIO_GUESTS; g++) {
		struct scenario_direction *dir = &step->directions[g];

		judge_direction(play, dir, phase, g, &gaps[g * play->attr->queue_pairs]);
		judge_count(step, dir, plan);
		if (dir->count.longest_gap_ns > step->gap_max_ns)
			step->gap_max_ns = dir->count.longest_gap_ns;
	}
	step->gap_median_ns = scenario_median(gaps, SCENARIO_GUESTS * play->attr->queue_pairs);
	if (wrecks != play->wrecks)
		scenario_step_fault(step, "%" PRIu64 " packets with a damaged header",
				wrecks - play->wrecks);
	play->wrecks = wrecks;
}

/* --- guests ---------------------------------------------------------------------------------- */

static struct scenario_queue *
judge_row(struct scenario_step *step, char guest, unsigned int queue)
{
	for (unsigned int i = 0; i < step->nb_queues; i++)
		if (step->queues[i].guest == guest && step->queues[i].queue == queue)
			return &step->queues[i];
	return NULL;
}

/* Chains of a transmit queue that the device has not given back. */
static uint16_t
judge_missing(const struct vm *vm, unsigned int queue)
{
	struct guest_vm_place place;
	uint16_t waiting;

	guest_vm_place(vm->guest, queue, &place);
	if (place.in_flight == 0)
		return 0;
	/* Returned by the device, but not yet taken by the driver. A packed ring's indices have the
	 * wrap counter beside them: a difference there is as good as all. */
	waiting = (uint16_t)(place.device_used - place.used);
	if (((place.device_used ^ place.used) & 0x8000) != 0 && waiting > place.in_flight)
		waiting = place.in_flight;
	return waiting >= place.in_flight ? 0 : (uint16_t)(place.in_flight - waiting);
}

static void
judge_returned(struct scenario_step *step, const struct scenario_guest *guest,
		unsigned int nb_queues)
{
	unsigned int naps = JUDGE_NAPS;

	for (unsigned int i = 1; i < nb_queues; i += 2) {
		struct scenario_queue *row = judge_row(step, guest->name[0], i);
		uint16_t missing = judge_missing(guest->vm, i);

		for (; missing != 0 && naps != 0; naps--) {
			poll(NULL, 0, JUDGE_NAP_MS);
			missing = judge_missing(guest->vm, i);
		}
		if (row != NULL)
			row->never_returned = missing;
		if (missing != 0)
			scenario_step_fault(step, "%s.tx%u: %u descriptors never returned",
					guest->name, i / 2, missing);
	}
}

/* What is new in a queue's account. */
static void
judge_ring(struct scenario_step *step, struct scenario_guest *guest, unsigned int queue,
		const struct guest_net_stats *now)
{
	struct scenario_ring *then = &guest->rings[queue];
	struct scenario_queue *row = judge_row(step, guest->name[0], queue);
	const char *kind = queue % 2 == 0 ? "rx" : "tx";
	struct guest_net_fault faults[GUEST_NET_NB_FAULTS];

	guest_net_faults(now, faults);
	for (unsigned int k = 0; k < GUEST_NET_NB_FAULTS; k++) {
		if (faults[k].nb > then->faults[k])
			scenario_step_fault(step, "%s.%s%u: %" PRIu64 " x %s", guest->name, kind,
					queue / 2, faults[k].nb - then->faults[k], faults[k].what);
		then->faults[k] = faults[k].nb;
	}
	if (row == NULL)
		return;
	row->passed_over = now->ring.passed_over;
	row->returned_twice = now->ring.errors[GUEST_VRING_TWICE] +
			now->ring.errors[GUEST_VRING_NOT_POSTED] - then->twice;
	then->twice += row->returned_twice;
}

static void
judge_guest(struct scenario_step *step, struct scenario_guest *guest)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats)); /* large */

	if (stats == NULL) {
		scenario_step_fault(step, "guest %s: no memory for its account", guest->name);
		return;
	}
	guest_vm_stats(guest->vm->guest, stats);
	if (stats->base_errors != guest->base_errors)
		scenario_step_fault(step, "guest %s: %" PRIu64 " wrong answers to GET_VRING_BASE",
				guest->name, stats->base_errors - guest->base_errors);
	guest->base_errors = stats->base_errors;
	for (unsigned int i = 0; i < stats->nb_queues; i++)
		judge_ring(step, guest, i, &stats->queues[i]);
	if (vm_state(guest->vm) == VM_UP)
		judge_returned(step, guest, stats->nb_queues);
	free(stats);
}

void
scenario_judge_guests(struct scenario_play *play, struct scenario_step *step)
{
	for (unsigned int g = 0; g < SCENARIO_GUESTS; g++)
		if (play->guests[g].vm != NULL)
			judge_guest(step, &play->guests[g]);
}
