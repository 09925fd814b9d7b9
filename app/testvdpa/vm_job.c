/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what a guest does beside receiving, one job at a time; a new one ends the one
 * before. RXTX is one job of two guests: it begins and ends on both.
 *
 * Who hears whom: the receiver of a stream must be known to the ledger's outages, so that what is
 * sent to a guest that is down is excused. While A sends to B, B hears A's streams; if B echoes, A
 * hears its own. That follows jobs as they change, in vm_hear_peer() and vm_ignore_peer().
 */
#include <errno.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "vm.h"

#define VM_FRAME_LEN 200u
#define VM_WINDOW 64u

const char *
vm_job_name(enum vm_job job)
{
	static const char *const names[] = {
		[VM_RX] = "rx",
		[VM_TX] = "tx",
		[VM_RXTX] = "rxtx",
		[VM_ECHO] = "echo",
	};

	return (unsigned int)job < BASE_ARRAY_SIZE(names) ? names[job] : "unknown";
}

/* --- who hears whom -------------------------------------------------------------------------- */

static void
vm_hear_peer(struct vm *vm)
{
	guest_vm_hear(vm->peer->guest, vm->tx_stream, vm->attr.nb_pairs);
	if (vm->peer->job == VM_ECHO)
		guest_vm_hear(vm->guest, vm->tx_stream, vm->attr.nb_pairs);
}

static void
vm_ignore_peer(struct vm *vm)
{
	guest_vm_ignore(vm->peer->guest, vm->tx_stream, vm->attr.nb_pairs);
	guest_vm_ignore(vm->guest, vm->tx_stream, vm->attr.nb_pairs);
}

/* --- starting -------------------------------------------------------------------------------- */

static int
vm_find_peer(const struct vm *vm, const char *name, const struct base_log *log, struct vm **peer)
{
	unsigned int nb = 0;

	if (name != NULL && strcmp(name, vm->name) == 0) {
		base_err(log, "guest %s cannot be its own peer", vm->name);
		return -EINVAL;
	}
	if (name != NULL)
		return vm_get(name, log, peer);
	for (struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v)) {
		if (v == vm)
			continue;
		*peer = v;
		nb++;
	}
	if (nb == 1)
		return 0;
	base_err(log, "guest %s: %s", vm->name,
			nb == 0 ? "there is no other guest to send to" :
				  "several others are there: say which one with 'peer NAME'");
	return -ENOENT;
}

static int
vm_check_load(const struct vm *vm, const struct vm_load *load, const struct base_log *log)
{
	if (load->frame_len != 0 &&
			(load->frame_len < GUEST_FRAME_MIN || load->frame_len > GUEST_FRAME_MAX))
		base_err(log, "guest %s: frames of %u bytes, %u to %u are possible", vm->name,
				load->frame_len, GUEST_FRAME_MIN, GUEST_FRAME_MAX);
	else if (load->rate > BASE_NS_PER_S)
		base_err(log, "guest %s: %u packets per second, at most %u are possible", vm->name,
				load->rate, (unsigned int)BASE_NS_PER_S);
	else
		return 0;
	return -EINVAL;
}

/* Packets under way that neither side's rings can overflow from, also when all come to one. */
static uint32_t
vm_window(const struct vm *vm)
{
	uint32_t quarter = vm->attr.ring_size / 4;

	return quarter >= VM_WINDOW ? VM_WINDOW : quarter != 0 ? quarter : 1;
}

/* @vm sends to @peer from now on. */
static int
vm_send(struct vm *vm, struct vm *peer, const struct vm_load *load)
{
	struct guest_traffic_load traffic = {
		.frame_len = load->frame_len != 0 ? load->frame_len : VM_FRAME_LEN,
		.window = load->window != 0 ? load->window : vm_window(vm),
		.rate = load->rate,
	};
	int ret;

	memcpy(traffic.peer, peer->mac, sizeof(traffic.peer));
	ret = guest_ledger_span_open(vm_ledger(), &vm->run);
	if (ret != 0)
		return ret;
	vm->peer = peer;
	vm->job = load->job;
	vm->load = *load;
	vm->load.peer = NULL;
	vm->load.frame_len = traffic.frame_len;
	vm->load.window = traffic.window;
	vm_hear_peer(vm);
	return guest_vm_send(vm->guest, &traffic);
}

static int
vm_start_sending(struct vm *vm, const struct vm_load *load, const struct base_log *log)
{
	struct vm *peer;
	int ret = vm_find_peer(vm, load->peer, log, &peer);

	if (ret == 0)
		ret = vm_check_load(vm, load, log);
	if (ret == 0)
		ret = vm_up(peer, log);
	if (ret == 0)
		ret = vm_up(vm, log);
	if (ret != 0)
		return ret;
	vm_stop(vm, NULL);
	if (load->job == VM_RXTX)
		vm_stop(peer, NULL);
	ret = vm_send(vm, peer, load);
	if (ret == 0 && load->job == VM_RXTX)
		ret = vm_send(peer, vm, load);
	return ret;
}

/* Those who send to @vm hear themselves while it echoes. */
static void
vm_start_echo(struct vm *vm)
{
	vm->job = VM_ECHO;
	guest_vm_echo_on(vm->guest);
	for (struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v))
		if (v->peer == vm)
			vm_hear_peer(v);
}

int
vm_start(struct vm *vm, const struct vm_load *load, const struct base_log *log)
{
	int ret;

	if (load->job == VM_TX || load->job == VM_RXTX)
		return vm_start_sending(vm, load, log);
	ret = vm_up(vm, log);
	if (ret != 0)
		return ret;
	vm_stop(vm, NULL);
	if (load->job == VM_ECHO)
		vm_start_echo(vm);
	return 0;
}

/* --- ending ---------------------------------------------------------------------------------- */

bool
vm_is_pair(const struct vm *vm)
{
	return vm->peer != NULL && vm->job == VM_RXTX && vm->peer->job == VM_RXTX &&
			vm->peer->peer == vm;
}

static void
vm_end_echo(struct vm *vm)
{
	guest_vm_echo_off(vm->guest);
	for (struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v))
		if (v->peer == vm)
			guest_vm_ignore(v->guest, v->tx_stream, v->attr.nb_pairs);
	vm->job = VM_RX;
}

void
vm_quiet(struct vm *vm)
{
	if (vm->peer != NULL)
		guest_vm_quiet(vm->guest);
	if (vm_is_pair(vm))
		guest_vm_quiet(vm->peer->guest);
	if (vm->job == VM_ECHO)
		vm_end_echo(vm);
}

void
vm_account_add(struct vm_account *sum, struct guest_ledger_span *span, uint32_t stream, bool open)
{
	struct guest_ledger_count count;

	if (guest_ledger_span_count(span, stream, &count) != 0)
		return;
	if (!open) {
		sum->pending += count.lost;
		count.lost = 0;
	}
	guest_ledger_count_add(&sum->count, &count);
}

/* Waits for what @vm has sent, books it, and parts it from its peer. */
static void
vm_settle(struct vm *vm, struct vm_account *sum)
{
	unsigned int left_ms = vm->attr.settle_ms;

	if (vm->peer == NULL)
		return;
	guest_ledger_span_close(vm->run);
	for (unsigned int i = 0; i < vm->attr.nb_pairs; i++) {
		bool open = vm_way_is_open(vm, i);

		/* who has waited the whole time for one has done so for all */
		if (open && guest_ledger_span_settle(vm->run, vm->tx_stream + i, left_ms) != 0)
			left_ms = 0;
		if (sum != NULL)
			vm_account_add(sum, vm->run, vm->tx_stream + i, open);
	}
	guest_ledger_span_free(vm->run);
	vm->run = NULL;
	vm_ignore_peer(vm);
	vm->peer = NULL;
	vm->job = VM_RX;
}

void
vm_stop(struct vm *vm, struct vm_account *sum)
{
	struct vm *other = vm_is_pair(vm) ? vm->peer : NULL;

	vm_quiet(vm);
	vm_settle(vm, sum);
	if (other != NULL)
		vm_settle(other, sum);
}
