/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: an emulated card puts one virtqueue into its error state, as it does when a
 * guest's descriptor is bad; there is no way to wish for that on a real one, whose guest would have
 * to break a rule. From then on the queue stands still, so where the device has got to is a fixed
 * place, and the first used entry behind it proves that the driver has noticed and has made the
 * queue run again. Nothing tells when that comes, so the ring is looked at every few ms.
 *
 * A queue on which nobody sends proves nothing; there the flow ends with the error.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "card_used.h"
#include "flow.h"

#define FLOW_ERROR_MS 5000u /* for a driver to repair a queue */
#define FLOW_ERROR_NAP_MS 2

static int
flow_error_fail(struct flow_record *record, int ret, const char *text)
{
	snprintf(record->text, sizeof(record->text), "%.*s", (int)FLOW_TEXT_MAX - 1, text);
	return ret;
}

static uint16_t
flow_error_place(const struct vm *vm, unsigned int queue)
{
	struct guest_vm_place place;

	guest_vm_place(vm->guest, queue, &place);
	return place.device_used;
}

/* Does anybody send what makes the queue move? */
static bool
flow_error_is_used(const struct vm *vm, unsigned int queue)
{
	const struct vm *sender;

	if (queue % 2 == 1)
		return vm->peer != NULL;
	for (sender = vm_after(NULL); sender != NULL; sender = vm_after(sender)) {
		if (sender->peer == vm)
			return true;
	}
	return false;
}

static int
flow_error_await(const struct vm *vm, unsigned int queue, uint16_t from, struct flow_record *record)
{
	/* naps count, not the clock: time in which we are not let run does not (patience.h) */
	for (unsigned int ms = 0; ms < FLOW_ERROR_MS; ms += FLOW_ERROR_NAP_MS) {
		if (flow_error_place(vm, queue) != from)
			return 0;
		poll(NULL, 0, FLOW_ERROR_NAP_MS);
	}
	snprintf(record->text, sizeof(record->text),
			"queue %u has not moved for %u ms: it was not repaired", queue,
			FLOW_ERROR_MS);
	return -ETIMEDOUT;
}

static int
flow_error_act(struct vm *vm, struct flow_record *record, void *arg)
{
	unsigned int queue = *(unsigned int *)arg, function;
	struct card *card = card_used();
	char device[DEVICE_NAME_MAX];
	struct card_error error;
	int ret;

	snprintf(record->what, sizeof(record->what), "queue %u", queue);
	if (!vm_device(vm, device))
		return flow_error_fail(record, -ENODEV, "no device of this program serves it");
	ret = card_function(card, device, &function, &error);
	if (ret == 0)
		ret = card_tell(card, &error, "queue-error %u %u invalid-buffer", function, queue);
	if (ret != 0)
		return flow_error_fail(record, ret, error.text);
	if (!flow_error_is_used(vm, queue))
		return 0;
	return flow_error_await(vm, queue, flow_error_place(vm, queue), record);
}

int
flow_error(const struct flow_call *call, unsigned int queue)
{
	const struct flow_act act = { FLOW_ERROR, flow_error_act, &queue };

	if (queue >= vm_nb_queues(call->vm)) {
		base_err(call->log, "error: guest %s has no queue %u, its queues are 0 to %u",
				call->vm->name, queue, vm_nb_queues(call->vm) - 1);
		return -EINVAL;
	}
	if (card_used() == NULL) {
		base_err(call->log,
				"error: only an emulated card breaks a queue; name one by "
				"'card use SOCKET' or --card");
		return -ENOTCONN;
	}
	return flow_run(call, &act);
}
