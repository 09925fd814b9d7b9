/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: guest and ledger are made together and freed together; the guest is its own
 * peer, so a packet that is sent on pair n has to come back, in whichever receive queue the card's
 * hash leads it to. Whether a flow was survived is asked of the ledger, never of the device.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "looped.h"

#define ALIVE_PACKETS 60u
#define ALIVE_MS 20000u
#define DRAIN_MS 20000u
#define RX_BUFFER 128u /* bytes of one that merges */

static void
looped_write(void *arg, enum base_log_level level, const char *msg)
{
	printf("guest %s: %s\n", base_log_level_name(level), msg);
}

const struct base_log looped_log = { .level = BASE_LOG_WARN, .write = looped_write };

void
looped_attr(struct guest_vm_attr *attr, const char *socket, unsigned int pairs)
{
	*attr = (struct guest_vm_attr){
		.name = "guest",
		.socket = socket,
		.mode = GUEST_VHOST_CLIENT,
		.nb_pairs = pairs,
		.ring_size = 256,
		.mac = { 0x52, 0x54, 0, 0, 0, 1 },
		.nb_rx = pairs,
		.wait = GUEST_TRAFFIC_IRQ,
		.log = &looped_log,
	};
}

#define ATTR(field) offsetof(struct guest_vm_attr, field)

static const struct {
	const char *word;
	size_t at; /* of a bool */
} looped_options[] = {
	{ "packed", ATTR(packed) },
	{ "mergeable", ATTR(driver.mergeable) },
	{ "indirect", ATTR(driver.indirect) },
	{ "event", ATTR(driver.event_idx) },
	{ "eventfd", ATTR(no_notifier) },
};

static bool
looped_word(struct guest_vm_attr *attr, const char *word)
{
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(looped_options); i++) {
		if (strcmp(word, looped_options[i].word) != 0)
			continue;
		*(bool *)((uint8_t *)attr + looped_options[i].at) = true;
		return true;
	}
	if (strcmp(word, "poll") != 0)
		return false;
	attr->wait = GUEST_TRAFFIC_POLL;
	return true;
}

bool
looped_words(struct guest_vm_attr *attr, char *const *words, int nb)
{
	attr->driver.rx_buffer = RX_BUFFER;
	for (int i = 0; i < nb; i++) {
		if (looped_word(attr, words[i]))
			continue;
		fprintf(stderr, "no such word: %s\n", words[i]);
		return false;
	}
	return true;
}

int
looped_proof(struct guest_vm *vm)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats));
	uint64_t merged = 0, indirect = 0, spared = 0, features = guest_vm_features(vm);
	bool missing;

	if (stats == NULL)
		return -ENOMEM;
	guest_vm_stats(vm, stats);
	for (unsigned int i = 0; i < stats->nb_queues; i++) {
		merged += stats->queues[i].merged;
		indirect += stats->queues[i].ring.indirect;
		spared += stats->queues[i].kicks_spared;
	}
	free(stats);
	printf("granted:%s%s%s; frames in several buffers %" PRIu64 ", chains in tables %" PRIu64
	       ", kicks spared %" PRIu64 "\n",
			(features & GUEST_NET_F_MRG_RXBUF) != 0 ? " mergeable" : "",
			(features & GUEST_VRING_F_INDIRECT_DESC) != 0 ? " indirect" : "",
			(features & GUEST_VRING_F_EVENT_IDX) != 0 ? " event" : "", merged, indirect,
			spared);
	missing = ((features & GUEST_NET_F_MRG_RXBUF) != 0 && merged == 0) ||
			((features & GUEST_VRING_F_INDIRECT_DESC) != 0 && indirect == 0);
	return missing ? -ENODATA : 0;
}

int
looped_open(struct looped *looped, struct guest_vm_attr *attr)
{
	int ret;

	*looped = (struct looped){
		.load = { .frame_len = 200, .window = 16 },
		.pairs = attr->nb_pairs,
	};
	memcpy(looped->load.peer, attr->mac, sizeof(attr->mac));
	ret = guest_ledger_create(attr->nb_pairs, &looped->ledger);
	if (ret != 0)
		return ret;
	attr->ledger = looped->ledger;
	return guest_vm_create(attr, &looped->vm);
}

void
looped_close(struct looped *looped)
{
	guest_vm_destroy(looped->vm);
	guest_ledger_destroy(looped->ledger);
}

int
looped_start(struct looped *looped)
{
	int ret = guest_vm_start(looped->vm);

	if (ret == 0)
		ret = guest_vm_send(looped->vm, &looped->load);
	return ret == 0 ? looped_alive(looped) : ret;
}

int
looped_alive(struct looped *looped)
{
	unsigned int stream;
	int ret = 0;

	for (stream = 0; stream < looped->pairs && ret == 0; stream++) {
		ret = guest_ledger_wait(looped->ledger, stream,
				guest_ledger_arrived(looped->ledger, stream) + ALIVE_PACKETS,
				ALIVE_MS);
		if (ret != 0)
			printf("queue pair %u does not run: %s\n", stream, strerror(-ret));
	}
	return ret;
}

int
looped_account(struct looped *looped)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats));
	struct guest_ledger_count sum;
	uint64_t faults;

	if (stats == NULL)
		return -ENOMEM;
	guest_vm_quiet(looped->vm);
	guest_ledger_drain(looped->ledger, DRAIN_MS);
	guest_ledger_total(looped->ledger, &sum);
	guest_vm_stats(looped->vm, stats);
	printf("sent %" PRIu64 " received %" PRIu64 " excused %" PRIu64 " lost %" PRIu64
	       " duplicated %" PRIu64 " reordered %" PRIu64 " torn %" PRIu64 " invented %" PRIu64
	       "; driver errors %" PRIu64 ", GET_VRING_BASE errors %" PRIu64 "\n",
			sum.sent, sum.received, sum.excused, sum.lost, sum.duplicated,
			sum.reordered, sum.torn, sum.invented, stats->device_errors,
			stats->base_errors);
	faults = sum.lost + sum.duplicated + sum.reordered + sum.torn + sum.invented +
			stats->device_errors + stats->base_errors;
	free(stats);
	return faults == 0 && sum.received > 0 ? 0 : -EBADMSG;
}
