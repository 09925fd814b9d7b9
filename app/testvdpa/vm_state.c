/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: nothing is noted here but that a guest was started or stopped; whether its
 * back-end is there is asked anew each time, since that changes at any moment.
 *
 * A way leads from a transmit queue of the sender, through devices that choose among the receive
 * queues that are there, to the peer. It is closed as soon as one end is known to be down.
 */
#include <errno.h>
#include <string.h>

#include <base_math.h>

#include "vm.h"

const char *
vm_state_name(enum vm_state state)
{
	static const char *const names[] = {
		[VM_NEW] = "not started",
		[VM_UP] = "up",
		[VM_PAUSED] = "stopped",
		[VM_LOST] = "without a back-end",
	};

	return (unsigned int)state < BASE_ARRAY_SIZE(names) ? names[state] : "unknown";
}

enum vm_state
vm_state(const struct vm *vm)
{
	if (!vm->started)
		return VM_NEW;
	if (vm->paused)
		return VM_PAUSED;
	return guest_vm_is_up(vm->guest) ? VM_UP : VM_LOST;
}

const char *
vm_why(const struct vm *vm, int ret)
{
	const char *said = guest_vm_error(vm->guest);

	return said[0] != '\0' ? said : strerror(-ret);
}

int
vm_up(struct vm *vm, const struct base_log *log)
{
	enum vm_state state = vm_state(vm);
	int ret;

	if (state == VM_UP)
		return 0;
	if (state == VM_PAUSED) {
		base_err(log, "guest %s is stopped: 'flow start %s' lets it go on", vm->name,
				vm->name);
		return -EALREADY;
	}
	/* after a loss, at the used index of each ring; a first time that is the same */
	ret = guest_vm_reconnect(vm->guest);
	if (ret != 0) {
		guest_vm_disconnect(vm->guest);
		base_err(log, "guest %s does not start: %s", vm->name, vm_why(vm, ret));
		return ret;
	}
	vm->started = true;
	return 0;
}

/* --- ways ------------------------------------------------------------------------------------ */

bool
vm_concerns(const struct vm *vm, const struct vm *sender)
{
	return sender == vm || sender->peer == vm;
}

static bool
vm_any_enabled(const struct vm *vm, unsigned int kind)
{
	for (unsigned int i = kind; i < vm_nb_queues(vm); i += 2)
		if (guest_vm_is_enabled(vm->guest, i))
			return true;
	return false;
}

static bool
vm_all_enabled(const struct vm *vm)
{
	for (unsigned int i = 0; i < vm_nb_queues(vm); i++)
		if (!guest_vm_is_enabled(vm->guest, i))
			return false;
	return true;
}

bool
vm_way_to_is_open(const struct vm *sender, const struct vm *peer, unsigned int pair)
{
	if (vm_state(sender) != VM_UP || !guest_vm_is_enabled(sender->guest, 2 * pair + 1))
		return false;
	if (peer == NULL || vm_state(peer) != VM_UP)
		return peer == NULL;
	/* the device chooses among the receive queues that are there; an echo does not */
	return peer->job != VM_ECHO ? vm_any_enabled(peer, 0) :
				      vm_all_enabled(peer) && vm_any_enabled(sender, 0);
}

bool
vm_way_is_open(const struct vm *sender, unsigned int pair)
{
	return vm_way_to_is_open(sender, sender->peer, pair);
}
