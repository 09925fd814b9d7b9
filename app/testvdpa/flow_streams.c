/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: senders are found again by name at each question. All streams are waited for
 * one after the other, but against the number that each had at the beginning, and with one patience:
 * who has waited for one has waited for all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base_math.h>

#include "flow_streams.h"
#include "patience.h"

void
flow_streams_note(struct flow_streams *streams, const struct vm *vm)
{
	for (const struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v)) {
		struct flow_sender *sender = &streams->senders[streams->nb_senders];

		if (!vm_concerns(vm, v) || streams->nb_senders == BASE_ARRAY_SIZE(streams->senders))
			continue;
		snprintf(sender->name, sizeof(sender->name), "%s", v->name);
		snprintf(sender->peer, sizeof(sender->peer), "%s",
				v->peer != NULL ? v->peer->name : "");
		sender->tx_stream = v->tx_stream;
		sender->nb_pairs = v->attr.nb_pairs;
		streams->nb_senders++;
	}
}

bool
flow_streams_are_of(const struct flow_streams *streams, const struct vm *vm)
{
	for (unsigned int i = 0; i < streams->nb_senders; i++)
		if (strcmp(streams->senders[i].name, vm->name) == 0 ||
				strcmp(streams->senders[i].peer, vm->name) == 0)
			return true;
	return false;
}

/* --- waiting --------------------------------------------------------------------------------- */

/* A stream that has to carry a packet. */
struct flow_way {
	const struct vm *vm; /* that sends */
	unsigned int pair;
	uint32_t stream;
	uint64_t from; /* number of a packet that was sent in time */
};

/* Streams that are being sent, and whose way is open. */
static unsigned int
flow_streams_find(const struct flow_streams *streams,
		struct flow_way ways[GUEST_LEDGER_MAX_STREAMS])
{
	unsigned int nb = 0;

	for (unsigned int k = 0; k < streams->nb_senders; k++) {
		const struct flow_sender *sender = &streams->senders[k];
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
flow_streams_await(struct flow_way *ways, unsigned int nb, unsigned int ms)
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
flow_streams_ring(const struct vm *vm, unsigned int queue, char *text, size_t size)
{
	uint16_t index = vm->attr.packed ? 0x7fff : 0xffff;
	struct guest_vm_place place;

	guest_vm_place(vm->guest, queue, &place);
	snprintf(text, size, "%s.%s%u (%u,%u), device at %u", vm->name,
			queue % 2 == 0 ? "rx" : "tx", queue / 2, place.avail & index,
			place.used & index, place.device_used & index);
}

static void
flow_streams_tell_dead(struct flow_record *record, const struct flow_way *way, unsigned int ms,
		const char *when)
{
	char tx[96], rx[96] = "";

	flow_streams_ring(way->vm, 2 * way->pair + 1, tx, sizeof(tx));
	if (way->vm->peer != NULL && way->pair < way->vm->peer->attr.nb_pairs)
		flow_streams_ring(way->vm->peer, 2 * way->pair, rx, sizeof(rx));
	flow_fault(record, "pair %u of %s: nothing arrives within %u ms %s it; %s; %s", way->pair,
			way->vm->name, ms, when, tx, rx);
}

void
flow_streams_wait(const struct flow_streams *streams, struct flow_record *record,
		unsigned int settle_ms, const char *when)
{
	struct flow_way ways[GUEST_LEDGER_MAX_STREAMS];
	unsigned int nb = flow_streams_find(streams, ways), silent, ms = settle_ms;

	nb = flow_streams_await(ways, nb, settle_ms);
	silent = nb;
	if (nb != 0 && record->nb_dead == 0) {
		nb = flow_streams_await(ways, nb, FLOW_DEAD_TIMES * settle_ms);
		ms += FLOW_DEAD_TIMES * settle_ms;
	}
	record->nb_slow += silent - nb;
	record->nb_dead += nb;
	for (unsigned int i = 0; i < nb; i++)
		flow_streams_tell_dead(record, &ways[i], ms, when);
}

void
flow_streams_settle(const struct flow_streams *streams, unsigned int settle_ms)
{
	struct patience patience = { settle_ms };

	for (unsigned int k = 0; k < streams->nb_senders; k++) {
		const struct flow_sender *sender = &streams->senders[k];
		const struct vm *vm = vm_find(sender->name);

		for (unsigned int i = 0; i < sender->nb_pairs; i++)
			while (vm_way_is_open(vm, i) &&
					guest_ledger_span_settle(streams->span,
							sender->tx_stream + i,
							patience_slice(&patience)) != 0 &&
					patience_go_on(&patience))
				;
	}
}

/* --- counting -------------------------------------------------------------------------------- */

void
flow_streams_count(const struct flow_streams *streams, struct vm_account *account)
{
	memset(account, 0, sizeof(*account));
	for (unsigned int k = 0; k < streams->nb_senders && streams->span != NULL; k++) {
		const struct flow_sender *sender = &streams->senders[k];

		/* it may have been stopped since then: what it sent is on its way to the same peer */
		for (unsigned int i = 0; i < sender->nb_pairs; i++)
			vm_account_add(account, streams->span, sender->tx_stream + i,
					vm_way_to_is_open(vm_find(sender->name),
							vm_find(sender->peer), i));
	}
}

static int
flow_streams_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* A stream whose way is closed has no end of its gap. */
void
flow_streams_measure(const struct flow_streams *streams, struct flow_record *record)
{
	uint64_t gaps[GUEST_LEDGER_MAX_STREAMS];
	struct guest_ledger_count count;
	unsigned int nb = 0;

	for (unsigned int k = 0; k < streams->nb_senders; k++) {
		const struct vm *vm = vm_find(streams->senders[k].name);

		for (unsigned int i = 0; i < streams->senders[k].nb_pairs; i++) {
			guest_ledger_span_count(streams->span, vm->tx_stream + i, &count);
			if (vm_way_is_open(vm, i) && count.longest_gap_ns != 0)
				gaps[nb++] = count.longest_gap_ns;
		}
	}
	record->nb_streams = nb;
	if (nb == 0)
		return;
	qsort(gaps, nb, sizeof(gaps[0]), flow_streams_compare);
	record->gap_median_ns = nb % 2 != 0 ? gaps[nb / 2] : (gaps[nb / 2 - 1] + gaps[nb / 2]) / 2;
	record->gap_max_ns = gaps[nb - 1];
}
