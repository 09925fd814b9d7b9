/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what a migration needs of a guest, and nothing else does. Three parts:
 *
 * The log of dirty pages is a file that front-end and back-end share. One that is too small, or that
 * the user wants elsewhere, is replaced while the device runs; what the old one has is carried over
 * after the back-end's answer, and what comes into it later is counted, for it would be lost.
 *
 * The switch-over: the source's connection is set aside, the guest's rings are offered to the
 * destination in the copy of the memory, and only when that runs the source is let go. Until then
 * nothing of the guest has changed, so a refusal costs a pause.
 *
 * Frames that stay unread, and what a page belongs to: with these guest_migrate.c finds and names what
 * a device wrote and did not mark. Rings are read here without the traffic thread, which is parked.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base_clock.h"
#include "guest_vm_priv.h"

/* --- the log -------------------------------------------------------------------------------- */

static void
guest_vm_log_carry(void *arg, uint64_t gpa)
{
	guest_dirty_mark(arg, gpa, GUEST_DIRTY_PAGE);
}

/* A log for the memory that there is, once a region @end_gpa or more is added. */
static int
guest_vm_new_log(struct guest_vm *vm, uint64_t end_gpa, uint64_t offset)
{
	struct guest_dirty *dirty;
	int ret = guest_dirty_create(end_gpa, offset, &dirty);

	if (ret != 0)
		return ret;
	ret = guest_vhost_set_log(vm->vhost, dirty);
	if (ret != 0) {
		guest_dirty_destroy(dirty);
		return ret;
	}
	guest_vm_stale_bits(vm);
	guest_dirty_destroy(vm->stale);
	vm->stale = vm->dirty;
	vm->dirty = dirty;
	/* The answer is here: what is in the old log now is all. */
	if (vm->stale != NULL)
		guest_dirty_take(vm->stale, guest_vm_log_carry, dirty);
	return 0;
}

int
guest_vm_log_renew(struct guest_vm *vm, uint64_t offset)
{
	return guest_vm_new_log(vm, guest_mem_hotplug_gpa(vm->mem), offset);
}

int
guest_vm_log_on(struct guest_vm *vm)
{
	uint64_t end = guest_mem_hotplug_gpa(vm->mem);
	int ret;

	if (vm->dirty == NULL || !guest_dirty_covers(vm->dirty, end))
		ret = guest_vm_new_log(vm, end, 0);
	else
		ret = guest_vhost_set_log(vm->vhost, vm->dirty);
	return ret == 0 ? guest_vhost_log_on(vm->vhost) : ret;
}

int
guest_vm_log_off(struct guest_vm *vm)
{
	return guest_vhost_log_off(vm->vhost);
}

bool
guest_vm_is_logging(const struct guest_vm *vm)
{
	return guest_vhost_is_logging(vm->vhost);
}

struct guest_dirty *
guest_vm_dirty(struct guest_vm *vm)
{
	return vm->dirty;
}

uint64_t
guest_vm_stale_bits(struct guest_vm *vm)
{
	if (vm->stale != NULL)
		vm->stale_bits += guest_dirty_take(vm->stale, NULL, NULL);
	return vm->stale_bits;
}

/* --- the switch-over ------------------------------------------------------------------------ */

void
guest_vm_ring_addr(struct guest_vm *vm, unsigned int queue, struct guest_vring_addr *addr)
{
	guest_vring_addr(guest_net_ring(vm->net, queue), addr);
}

/* At a new back-end: those queues that were enabled at the last one. */
static int
guest_vm_enable_again(struct guest_vm *vm)
{
	int ret = 0;

	for (unsigned int i = 0; i < vm->nb_queues && ret == 0; i++)
		ret = vm->enabled[i] ? guest_vhost_enable(vm->vhost, i) : 0;
	return ret;
}

/* The destination is connected, and runs on the copy of the memory. */
static int
guest_vm_start_there(struct guest_vm *vm, const struct guest_move *move, const char *socket)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	unsigned int nb = guest_move_table(move, table);
	int ret = guest_vhost_retarget(vm->vhost, socket);

	if (ret == 0)
		ret = guest_vhost_connect(vm->vhost);
	if (ret == 0)
		ret = guest_vm_enable_again(vm);
	return ret == 0 ? guest_vm_launch(vm, table, nb) : ret;
}

int
guest_vm_switch(struct guest_vm *vm, struct guest_move *move, const char *socket)
{
	struct guest_vhost_aside *source;
	int ret = vm->running ? -EALREADY : guest_vhost_set_aside(vm->vhost, &source);

	if (ret != 0)
		return ret;
	ret = guest_vm_start_there(vm, move, socket);
	if (ret != 0) {
		guest_vhost_take_back(vm->vhost, source);
		return ret;
	}
	guest_vhost_drop_aside(source);
	if (guest_move_finish(move) != 0) {
		guest_vhost_disconnect(vm->vhost);
		return -ENOTRECOVERABLE;
	}
	guest_vm_fill(vm);
	guest_vm_go(vm);
	return 0;
}

void
guest_vm_forget_error(struct guest_vm *vm)
{
	guest_vhost_forget_error(vm->vhost);
}

void
guest_vm_end_move(struct guest_vm *vm, struct guest_move *move)
{
	guest_vm_freeze(vm);
	guest_move_end(move);
	guest_vm_thaw(vm);
}

/* --- frames that stay unread ---------------------------------------------------------------- */

int
guest_vm_hold(struct guest_vm *vm)
{
	if (!vm->running)
		return -ENOTCONN;
	guest_traffic_park(vm->traffic);
	vm->held = true;
	return 0;
}

void
guest_vm_release(struct guest_vm *vm)
{
	if (!vm->held)
		return;
	vm->held = false;
	guest_vm_thaw(vm);
}

uint16_t
guest_vm_unread_of(struct guest_vm *vm, unsigned int queue)
{
	const struct guest_vring *ring = guest_net_ring(vm->net, queue);
	uint16_t avail, used;

	guest_vring_indices(ring, &avail, &used);
	return guest_vring_distance(ring, used, guest_vring_device_used(ring));
}

unsigned int
guest_vm_unread(struct guest_vm *vm)
{
	unsigned int nb = 0;

	for (unsigned int i = 0; i < vm->nb_queues; i += 2)
		nb += guest_vm_unread_of(vm, i);
	return nb;
}

/* Sleeps until one of the receive queues that have no unread frame may have one. @return false when
 * all have one, or time is over. */
static bool
guest_vm_await_unread(struct guest_vm *vm, uint64_t deadline)
{
	struct pollfd pfds[GUEST_NET_MAX_PAIRS];
	uint64_t now = base_clock_ns(), count;
	nfds_t nb = 0;
	bool late = now >= deadline, look_again = false;

	for (unsigned int i = 0; i < vm->nb_queues && !late; i += 2) {
		if (guest_vm_unread_of(vm, i) != 0)
			continue;
		look_again |= guest_net_irq_on(vm->net, i);
		pfds[nb++] = (struct pollfd){ .fd = guest_vhost_call_fd(vm->vhost, i),
			.events = POLLIN };
	}
	if (nb == 0)
		return false;
	if (!look_again)
		poll(pfds, nb, (int)((deadline - now) / BASE_NS_PER_MS) + 1);
	for (nfds_t i = 0; i < nb && !look_again; i++)
		while (pfds[i].revents != 0 && read(pfds[i].fd, &count, sizeof(count)) < 0 &&
				errno == EINTR)
			;
	return true;
}

int
guest_vm_wait_unread(struct guest_vm *vm, unsigned int timeout_ms)
{
	uint64_t deadline = base_clock_ns() + timeout_ms * BASE_NS_PER_MS;
	int ret = 0;

	if (!vm->held)
		return -EINVAL;
	while (guest_vm_await_unread(vm, deadline))
		;
	for (unsigned int i = 0; i < vm->nb_queues; i += 2) {
		guest_net_irq_off(vm->net, i);
		if (guest_vm_unread_of(vm, i) == 0)
			ret = -ETIMEDOUT;
	}
	return ret;
}

/* Split and packed descriptors both begin with address and length. */
void
guest_vm_each_buffer(struct guest_vm *vm, void (*buffer)(void *arg, uint64_t gpa), void *arg)
{
	struct guest_vring_addr addr;

	for (unsigned int i = 0; i < vm->nb_queues; i += 2) {
		const struct vring_desc *desc;

		guest_vm_ring_addr(vm, i, &addr);
		desc = addr.desc;
		for (unsigned int k = 0; k < addr.size; k++)
			buffer(arg, le64toh(desc[k].addr));
	}
}

void
guest_vm_cross_out_on(struct guest_vm *vm)
{
	guest_vm_freeze(vm);
	guest_net_cross_out_on(vm->net);
	guest_vm_thaw(vm);
}

void
guest_vm_cross_out_off(struct guest_vm *vm)
{
	guest_vm_freeze(vm);
	guest_net_cross_out_off(vm->net);
	guest_vm_thaw(vm);
}

/* --- whose a page is ------------------------------------------------------------------------- */

static bool
guest_vm_in_page(uint64_t page, uint64_t gpa, uint64_t len)
{
	return gpa < page + GUEST_DIRTY_PAGE && page < gpa + len;
}

/* Packed: descriptors come back in their own place, and the last part is the device's. */
void
guest_vm_device_part(struct guest_vm *vm, unsigned int queue, uint64_t *gpa, uint64_t *len)
{
	struct guest_vring_addr addr;

	guest_vm_ring_addr(vm, queue, &addr);
	if (vm->attr.packed) {
		*gpa = addr.desc_gpa;
		*len = addr.used_gpa + sizeof(struct vring_packed_desc_event) - addr.desc_gpa;
		return;
	}
	*gpa = addr.used_gpa;
	*len = sizeof(struct vring_used) + (uint64_t)addr.size * sizeof(struct vring_used_elem) +
			sizeof(uint16_t);
}

const char *
guest_vm_device_part_name(const struct guest_vm *vm)
{
	return vm->attr.packed ? "packed ring" : "used ring";
}

/* Does a descriptor of the ring name a buffer in the page? Split and packed descriptors both begin
 * with address and length. */
static bool
guest_vm_page_of_buffer(const struct guest_vring_addr *addr, uint64_t page)
{
	const struct vring_desc *desc = addr->desc;

	for (unsigned int i = 0; i < addr->size; i++) {
		if (guest_vm_in_page(page, le64toh(desc[i].addr), le32toh(desc[i].len)))
			return true;
	}
	return false;
}

static bool
guest_vm_page_of_pool(const struct guest_vm *vm, uint64_t page)
{
	for (unsigned int i = 0; i < vm->nb_pools; i++) {
		if (guest_pool_touches(vm->pools[i].pool, page, GUEST_DIRTY_PAGE))
			return true;
	}
	return false;
}

void
guest_vm_whose(struct guest_vm *vm, uint64_t gpa, char text[GUEST_VM_WHOSE_LEN])
{
	struct guest_vring_addr addr;
	uint64_t part, len;

	for (unsigned int i = 0; i < vm->nb_queues; i++) {
		guest_vm_device_part(vm, i, &part, &len);
		if (!guest_vm_in_page(gpa, part, len))
			continue;
		snprintf(text, GUEST_VM_WHOSE_LEN, "%s of queue %u", guest_vm_device_part_name(vm),
				i);
		return;
	}
	for (unsigned int i = 0; i < vm->nb_queues; i += 2) {
		guest_vm_ring_addr(vm, i, &addr);
		if (!guest_vm_page_of_buffer(&addr, gpa))
			continue;
		snprintf(text, GUEST_VM_WHOSE_LEN, "receive buffer of queue %u", i);
		return;
	}
	snprintf(text, GUEST_VM_WHOSE_LEN, "%s",
			guest_vm_page_of_pool(vm, gpa) ? "packet buffer" : "memory");
}
