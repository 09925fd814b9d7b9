/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a list of guests, one ledger with a fixed number of streams, and a map of
 * which streams are taken. The ledger is made with the first guest and goes with the last one, so
 * that its phases begin anew, too.
 *
 * A guest that is removed is stopped first, then its streams are recycled: the ledger knows packets
 * of the former life by their numbers and books them nowhere.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"
#include "vm_attr.h"

/* All guests of the process. */
static struct vm_table {
	TAILQ_HEAD(vm_list, vm) vms;
	struct guest_ledger *ledger;
	bool taken[GUEST_LEDGER_MAX_STREAMS];
	void (*gone[VM_GONE_MAX])(const struct vm *vm);
} vm_table = { .vms = TAILQ_HEAD_INITIALIZER(vm_table.vms) };

/* --- looking up ------------------------------------------------------------------------------ */

struct vm *
vm_find(const char *name)
{
	struct vm *vm;

	TAILQ_FOREACH(vm, &vm_table.vms, next)
		if (strcmp(vm->name, name) == 0)
			return vm;
	return NULL;
}

struct vm *
vm_after(const struct vm *vm)
{
	return vm == NULL ? TAILQ_FIRST(&vm_table.vms) : TAILQ_NEXT(vm, next);
}

int
vm_get(const char *name, const struct base_log *log, struct vm **vm)
{
	char names[256] = "";
	size_t len = 0;

	*vm = vm_find(name);
	if (*vm != NULL)
		return 0;
	for (const struct vm *v = vm_after(NULL); v != NULL && len < sizeof(names); v = vm_after(v))
		len += (size_t)snprintf(&names[len], sizeof(names) - len, "%s%s",
				len == 0 ? "" : ", ", v->name);
	base_err(log, "there is no guest '%s' (%s%s)", name,
			len == 0 ? "none was added" : "there are ", names);
	return -ENOENT;
}

struct guest_ledger *
vm_ledger(void)
{
	return vm_table.ledger;
}

unsigned int
vm_nb_queues(const struct vm *vm)
{
	return 2 * vm->attr.nb_pairs;
}

/* --- streams --------------------------------------------------------------------------------- */

/* Sets streams for @vm aside. */
static int
vm_take_streams(struct vm *vm)
{
	uint32_t nb = 1, at, i;

	while (nb < vm->attr.nb_pairs)
		nb *= 2;
	for (at = 0; at + nb <= GUEST_LEDGER_MAX_STREAMS; at += nb) {
		for (i = 0; i < nb && !vm_table.taken[at + i]; i++)
			;
		if (i < nb)
			continue;
		memset(&vm_table.taken[at], true, nb * sizeof(vm_table.taken[0]));
		vm->tx_stream = at;
		vm->nb_reserved = nb;
		return 0;
	}
	return -ENOSPC;
}

static void
vm_give_streams_back(struct vm *vm)
{
	for (uint32_t i = 0; i < vm->nb_reserved; i++) {
		guest_ledger_recycle(vm_table.ledger, vm->tx_stream + i);
		vm_table.taken[vm->tx_stream + i] = false;
	}
}

static void
vm_drop_ledger_if_unused(void)
{
	if (!TAILQ_EMPTY(&vm_table.vms))
		return;
	guest_ledger_destroy(vm_table.ledger);
	vm_table.ledger = NULL;
}

/* --- making ---------------------------------------------------------------------------------- */

static int
vm_make_guest(struct vm *vm)
{
	struct guest_vm_attr attr = {
		.name = vm->name,
		.socket = vm->socket,
		.mode = vm->attr.server ? GUEST_VHOST_SERVER : GUEST_VHOST_CLIENT,
		.nb_pairs = vm->attr.nb_pairs,
		.ring_size = (uint16_t)vm->attr.ring_size,
		.packed = vm->attr.packed,
		.driver = vm->attr.driver,
		.no_notifier = vm->attr.no_notifier,
		.ram = vm->attr.mem,
		.features = vm->attr.features,
		.timeout_ms = vm->attr.timeout_ms,
		.ledger = vm_table.ledger,
		.tx_stream = vm->tx_stream,
		.wait = vm->attr.poll ? GUEST_TRAFFIC_POLL : GUEST_TRAFFIC_IRQ,
		.log = vm->attr.log,
	};

	/* locally administered; streams are ours alone, so this is, too */
	memcpy(vm->mac,
			(const uint8_t[]){ 0x52, 0x54, 0, 0x76, (uint8_t)(vm->tx_stream >> 8),
					(uint8_t)vm->tx_stream },
			sizeof(vm->mac));
	memcpy(attr.mac, vm->mac, sizeof(attr.mac));
	return guest_vm_create(&attr, &vm->guest);
}

static int
vm_make(struct vm *vm)
{
	int ret = 0;

	if (vm_table.ledger == NULL)
		ret = guest_ledger_create(GUEST_LEDGER_MAX_STREAMS, &vm_table.ledger);
	if (ret == 0)
		ret = vm_take_streams(vm);
	if (ret != 0) {
		base_err(vm->attr.log, "guest %s: no room in the ledger for %u queue pairs: %s",
				vm->name, vm->attr.nb_pairs, strerror(-ret));
		return ret;
	}
	ret = vm_make_guest(vm);
	if (ret != 0)
		vm_give_streams_back(vm);
	return ret;
}

int
vm_add(const struct vm_attr *given, struct vm **out)
{
	struct vm_attr attr = *given;
	struct vm *vm;
	int ret;

	vm_attr_fill_in(&attr);
	ret = vm_attr_check(&attr);
	if (ret != 0)
		return ret;
	vm = calloc(1, sizeof(*vm));
	if (vm == NULL)
		return -ENOMEM;
	snprintf(vm->name, sizeof(vm->name), "%s", attr.name);
	snprintf(vm->socket, sizeof(vm->socket), "%s", attr.socket);
	vm->attr = attr;
	vm->attr.name = vm->name;
	vm->attr.socket = vm->socket;
	ret = vm_make(vm);
	if (ret != 0) {
		free(vm);
		vm_drop_ledger_if_unused();
		return ret;
	}
	TAILQ_INSERT_TAIL(&vm_table.vms, vm, next);
	if (out != NULL)
		*out = vm;
	return 0;
}

/* --- the end --------------------------------------------------------------------------------- */

void
vm_set_gone(void (*gone)(const struct vm *vm))
{
	unsigned int i = 0;

	while (vm_table.gone[i] != NULL && vm_table.gone[i] != gone) {
		i++;
		assert(i < VM_GONE_MAX);
	}
	vm_table.gone[i] = gone;
}

static void
vm_free(struct vm *vm)
{
	vm_stop(vm, NULL);
	for (unsigned int i = 0; i < VM_GONE_MAX && vm_table.gone[i] != NULL; i++)
		vm_table.gone[i](vm);
	if (vm_state(vm) == VM_UP)
		(void)guest_vm_pause(vm->guest); /* what the device says at its end is logged */
	guest_vm_destroy(vm->guest);
	vm_give_streams_back(vm);
	TAILQ_REMOVE(&vm_table.vms, vm, next);
	free(vm);
}

int
vm_remove(struct vm *vm, const struct base_log *log)
{
	bool pair = vm_is_pair(vm);

	for (const struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v)) {
		if (v->peer != vm || (pair && v == vm->peer))
			continue;
		base_err(log, "guest %s sends to %s: 'guest stop %s' first", v->name, vm->name,
				v->name);
		return -EBUSY;
	}
	vm_free(vm);
	vm_drop_ledger_if_unused();
	return 0;
}

void
vm_remove_all(void)
{
	struct vm *vm;

	for (vm = vm_after(NULL); vm != NULL; vm = vm_after(vm))
		vm_stop(vm, NULL);
	while ((vm = vm_after(NULL)) != NULL)
		vm_free(vm);
	vm_drop_ledger_if_unused();
}
