/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a stream that is dead is told with the indices of its two rings; which part
 * has stopped is seen by comparing all that is known of all queues, at the same time:
 *
 *   the driver's indices       where guest and device have got to in the ring
 *   kicks                      what the guest has asked for, by page or by eventfd
 *   statistics of the driver   whether it has the queue, and where it started it
 *   counters of the card       what reached the device, if an emulated card is in use
 *
 * One line a queue, so that queues that work stand beside those that do not. Nothing is judged here.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "card_used.h"
#include "flow.h"

/* What is not 0, as "name=value ...". */
static void
autopsy_device(const char *device, unsigned int queue, char *text, size_t size)
{
	static struct device_stats stats; /* large; one thread */
	size_t len = 0;

	text[0] = '\0';
	if (device_stats(device, (uint16_t)queue, &stats) != 0)
		return;
	for (unsigned int i = 0; i < stats.nb && len < size; i++)
		if (stats.stat[i].value != 0)
			len += (size_t)snprintf(&text[len], size - len, " %s=%" PRIu64,
					stats.stat[i].name, stats.stat[i].value);
}

static void
autopsy_queue(struct vm *vm, unsigned int queue, const struct guest_vm_stats *stats,
		const struct base_log *log)
{
	char device[DEVICE_NAME_MAX], told[1024] = " not known here";
	struct guest_vm_place place;

	guest_vm_place(vm->guest, queue, &place);
	if (vm_device(vm, device))
		autopsy_device(device, queue, told, sizeof(told));
	base_warn(log,
			"%s.%s%u: guest (%u,%u), device at %u, in flight %u, %s; kicks %" PRIu64
			" by page %" PRIu64 " by eventfd; driver:%s",
			vm->name, queue % 2 == 0 ? "rx" : "tx", queue / 2, place.avail, place.used,
			place.device_used, place.in_flight,
			guest_vm_is_enabled(vm->guest, queue) ? "enabled" : "disabled",
			stats->notify[queue].page_kicks, stats->notify[queue].eventfd_kicks, told);
}

static void
autopsy_card(struct card *card, const struct base_log *log)
{
	struct card_error error;
	json_t *reply;
	char *text;

	if (card_ask(card, "stats", &reply, &error) != 0) {
		base_warn(log, "card: %s", error.text);
		return;
	}
	text = json_dumps(reply, JSON_COMPACT);
	base_warn(log, "card: %s", text != NULL ? text : "no memory");
	free(text);
	json_decref(reply);
}

void
flow_autopsy(const struct base_log *log)
{
	static struct guest_vm_stats stats; /* large; one thread */

	for (struct vm *vm = vm_after(NULL); vm != NULL; vm = vm_after(vm)) {
		guest_vm_stats(vm->guest, &stats);
		base_warn(log, "guest %s is %s", vm->name, vm_state_name(vm_state(vm)));
		for (unsigned int i = 0; i < vm_nb_queues(vm); i++)
			autopsy_queue(vm, i, &stats, log);
	}
	if (card_used() != NULL)
		autopsy_card(card_used(), log);
}
