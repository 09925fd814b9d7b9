/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the parts know nothing of each other; this file owns them and puts them in
 * order. Two threads besides the control thread: guest_traffic (packets) and guest_back (requests
 * of the back-end). Whatever touches rings or pools is done while guest_traffic is parked;
 * SET_MEM_TABLE of a hot-add is not: there traffic runs on, as in a real guest.
 *
 * Buffers: one pool in RAM, one in each hot-plugged region; the driver takes new buffers from one of
 * them (the latest hot-add). A region can be removed when its pool has none in use.
 *
 * The ledger is told when we go down (streams to us have an outage) and which frames we took back
 * from a ring (abandoned), so that it can tell the guest's doing from the device's.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base_math.h"
#include "guest_net_fault.h"
#include "guest_vm_priv.h"

#define GUEST_VM_RAM (64ULL << 20)
#define GUEST_VM_REMOVE_MS \
	15000u /* for buffers to come back; a loaded machine has stopped all for 6 s */

void
guest_vm_freeze(struct guest_vm *vm)
{
	if (vm->running && !vm->held)
		guest_traffic_park(vm->traffic);
}

void
guest_vm_thaw(struct guest_vm *vm)
{
	if (vm->running && !vm->held)
		guest_traffic_unpark(vm->traffic);
}

/* --- life ----------------------------------------------------------------------------------- */

static void
guest_vm_on_kick(void *arg, unsigned int queue)
{
	struct guest_vm *vm = arg;

	guest_vhost_kick(vm->vhost, queue);
}

static void
guest_vm_on_abandon(void *arg, uint32_t stream, uint64_t seq)
{
	struct guest_vm *vm = arg;

	guest_ledger_abandon(vm->attr.ledger, stream, seq);
}

/* A pool that can fill all rings, in the region that starts at @gpa. */
static int
guest_vm_add_pool(struct guest_vm *vm, uint64_t gpa)
{
	struct guest_vm_pool *p = &vm->pools[vm->nb_pools];
	int ret;

	ret = guest_pool_create(vm->mem, gpa, vm->nb_queues * vm->attr.ring_size, &p->pool);
	if (ret != 0)
		return ret;
	p->gpa = gpa;
	vm->nb_pools++;
	return 0;
}

static uint64_t
guest_vm_wishes(const struct guest_vm_driver *driver)
{
	return (driver->mergeable ? GUEST_NET_F_MRG_RXBUF : 0) |
			(driver->indirect ? GUEST_VRING_F_INDIRECT_DESC : 0) |
			(driver->event_idx ? GUEST_VRING_F_EVENT_IDX : 0);
}

static int
guest_vm_make_vhost(struct guest_vm *vm)
{
	struct guest_vhost_attr attr = {
		.name = vm->name,
		.path = vm->attr.socket,
		.mode = vm->attr.mode,
		.nb_queues = vm->nb_queues,
		/* a back-end may drop all pairs but the first where MQ is not taken */
		.features = vm->attr.features | (vm->attr.nb_pairs > 1 ? GUEST_VHOST_F_MQ : 0) |
				(vm->attr.packed ? GUEST_VHOST_F_RING_PACKED : 0),
		.wishes = guest_vm_wishes(&vm->attr.driver),
		.protocol_without = vm->attr.no_notifier ? GUEST_VHOST_P_HOST_NOTIFIER : 0,
		.timeout_ms = vm->attr.timeout_ms,
		.log = vm->attr.log,
	};

	return guest_vhost_create(&attr, &vm->vhost);
}

static int
guest_vm_make_net(struct guest_vm *vm)
{
	struct guest_net_attr attr = {
		.name = vm->name,
		.mem = vm->mem,
		.nb_pairs = vm->attr.nb_pairs,
		.ring_size = vm->attr.ring_size,
		.packed = vm->attr.packed,
		.rx_buffer = vm->attr.driver.rx_buffer,
		.ring_region = GUEST_MEM_VGA_END,
		.kick = guest_vm_on_kick,
		.abandon = guest_vm_on_abandon,
		.arg = vm,
		.log = vm->attr.log,
	};

	return guest_net_create(&attr, &vm->net);
}

static int
guest_vm_make_traffic(struct guest_vm *vm)
{
	int call_fds[2 * GUEST_NET_MAX_PAIRS];
	struct guest_traffic_attr attr = {
		.name = vm->name,
		.net = vm->net,
		.nb_pairs = vm->attr.nb_pairs,
		.call_fds = call_fds,
		.ledger = vm->attr.ledger,
		.tx_stream = vm->attr.tx_stream,
		.wait = vm->attr.wait,
		.log = vm->attr.log,
	};

	for (unsigned int i = 0; i < vm->nb_queues; i++)
		call_fds[i] = guest_vhost_call_fd(vm->vhost, i);
	memcpy(attr.mac, vm->attr.mac, sizeof(attr.mac));
	return guest_traffic_create(&attr, &vm->traffic);
}

/* Makes the parts; what was made stays for guest_vm_destroy() on an error. */
static int
guest_vm_make(struct guest_vm *vm)
{
	int ret = guest_mem_create(vm->attr.log, &vm->mem);

	if (ret == 0)
		ret = guest_mem_add_ram(vm->mem, vm->attr.ram != 0 ? vm->attr.ram : GUEST_VM_RAM);
	if (ret == 0)
		ret = guest_vm_make_vhost(vm);
	if (ret == 0)
		ret = guest_vm_make_net(vm);
	if (ret == 0)
		ret = guest_vm_add_pool(vm, GUEST_MEM_VGA_END);
	if (ret == 0)
		guest_net_use_pool(vm->net, vm->pools[0].pool);
	if (ret == 0)
		ret = guest_vm_make_traffic(vm);
	return ret;
}

int
guest_vm_create(const struct guest_vm_attr *attr, struct guest_vm **vm)
{
	struct guest_vm *v;
	int ret;

	if (attr->nb_pairs == 0 || attr->nb_pairs > GUEST_NET_MAX_PAIRS || attr->ledger == NULL)
		return -EINVAL;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return -ENOMEM;
	v->attr = *attr;
	snprintf(v->name, sizeof(v->name), "%s", attr->name);
	v->attr.name = v->name;
	v->nb_queues = 2 * attr->nb_pairs;
	guest_vm_expect(v, attr->rx_stream, attr->nb_rx);
	ret = guest_vm_make(v);
	v->attr.socket = NULL; /* the caller's; vhost has a copy */
	if (ret != 0) {
		base_err(attr->log, "guest %s: cannot be made: %s", v->name, strerror(-ret));
		guest_vm_destroy(v);
		return ret;
	}
	*vm = v;
	return 0;
}

void
guest_vm_destroy(struct guest_vm *vm)
{
	if (vm == NULL)
		return;
	guest_traffic_destroy(vm->traffic);
	guest_vhost_destroy(vm->vhost);
	guest_net_destroy(vm->net);
	while (vm->nb_pools > 0)
		guest_pool_destroy(vm->pools[--vm->nb_pools].pool);
	guest_mem_destroy(vm->mem);
	guest_dirty_destroy(vm->dirty);
	guest_dirty_destroy(vm->stale);
	free(vm);
}

/* --- start and stop ------------------------------------------------------------------------- */

static void
guest_vm_outage_begin(struct guest_vm *vm)
{
	for (uint32_t i = 0; i < GUEST_LEDGER_MAX_STREAMS; i++)
		if (vm->hears[i])
			guest_ledger_outage_begin(vm->attr.ledger, i);
}

static void
guest_vm_outage_end(struct guest_vm *vm)
{
	for (uint32_t i = 0; i < GUEST_LEDGER_MAX_STREAMS; i++)
		if (vm->hears[i])
			guest_ledger_outage_end(vm->attr.ledger, i);
}

/* SET_VRING_ENABLE 1 for all queues. */
static int
guest_vm_enable_all(struct guest_vm *vm)
{
	int ret = 0;

	for (unsigned int i = 0; i < vm->nb_queues && ret == 0; i++) {
		ret = guest_vhost_enable(vm->vhost, i);
		vm->enabled[i] = ret == 0;
	}
	return ret;
}

void
guest_vm_fill(struct guest_vm *vm)
{
	for (unsigned int i = 0; i < vm->attr.nb_pairs; i++)
		guest_net_rx_fill(vm->net, i);
}

int
guest_vm_launch(struct guest_vm *vm, const struct guest_mem_region *table, unsigned int nb_regions)
{
	struct guest_vhost_ring rings[2 * GUEST_NET_MAX_PAIRS];
	struct guest_vhost_start start = {
		.table = table,
		.nb_regions = nb_regions,
		.rings = rings,
	};

	for (unsigned int i = 0; i < vm->nb_queues; i++) {
		guest_vring_addr(guest_net_ring(vm->net, i), &rings[i].addr);
		rings[i].base = vm->bases[i];
	}
	return guest_vhost_start(vm->vhost, &start);
}

void
guest_vm_go(struct guest_vm *vm)
{
	vm->running = true;
	vm->held = false;
	/* what was posted while no device listened is announced once more, as QEMU's eventfd does */
	for (unsigned int i = 0; i < vm->nb_queues; i++)
		guest_vhost_kick(vm->vhost, i);
	/* Before the first arrival of the new life: it would count as one of the old, and what was
	 * lost below it as lost without excuse. */
	guest_vm_outage_end(vm);
	guest_traffic_unpark(vm->traffic);
}

/* Fills, launches with the memory as it is, and goes. */
static int
guest_vm_run(struct guest_vm *vm)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	int ret;

	guest_vm_fill(vm);
	ret = guest_vm_launch(vm, table, guest_mem_table(vm->mem, table));
	if (ret == 0)
		guest_vm_go(vm);
	return ret;
}

/* Stops the traffic thread; the streams to us have an outage from here. */
static void
guest_vm_halt(struct guest_vm *vm)
{
	if (!vm->running)
		return;
	guest_vm_outage_begin(vm);
	guest_traffic_park(vm->traffic); /* or it is held already */
	vm->running = vm->held = false;
}

/* The device is to go on behind what it has returned; in a new ring that is the beginning. */
static void
guest_vm_bases_from_rings(struct guest_vm *vm)
{
	for (unsigned int i = 0; i < vm->nb_queues; i++)
		vm->bases[i] = guest_vring_device_used(guest_net_ring(vm->net, i));
}

/* Lets the driver know what was negotiated; new rings, where that makes others of them. */
static int
guest_vm_negotiated(struct guest_vm *vm)
{
	return guest_net_negotiated(vm->net, guest_vhost_features(vm->vhost),
			vm->attr.driver.rx_buffer);
}

int
guest_vm_start(struct guest_vm *vm)
{
	int ret = guest_vhost_connect(vm->vhost);

	if (ret == 0)
		ret = guest_vm_negotiated(vm);
	guest_vm_bases_from_rings(vm);
	if (ret == 0)
		ret = guest_vm_enable_all(vm);
	return ret == 0 ? guest_vm_run(vm) : ret;
}

/* A base must lie between what the device has returned and what we have posted. */
static void
guest_vm_judge_bases(struct guest_vm *vm)
{
	for (unsigned int i = 0; i < vm->nb_queues; i++) {
		const struct guest_vring *ring = guest_net_ring(vm->net, i);
		uint16_t avail, used, done = guest_vring_device_used(ring);

		guest_vring_indices(ring, &avail, &used);
		if (guest_vring_distance(ring, done, vm->bases[i]) <=
				guest_vring_distance(ring, done, avail))
			continue;
		vm->base_errors++;
		base_err(vm->attr.log,
				"guest %s: GET_VRING_BASE of queue %u: %u, but used is %u and available %u",
				vm->name, i, vm->bases[i], done, avail);
	}
}

int
guest_vm_pause(struct guest_vm *vm)
{
	int ret;

	guest_vm_halt(vm);
	ret = guest_vhost_stop(vm->vhost, vm->bases);
	if (ret == 0)
		guest_vm_judge_bases(vm);
	return ret;
}

int
guest_vm_resume(struct guest_vm *vm)
{
	return vm->running ? -EALREADY : guest_vm_run(vm);
}

/* The end of a life, as QEMU tells it: nothing that the device has may be used afterwards. */
static int
guest_vm_end_life(struct guest_vm *vm)
{
	int ret = guest_vm_pause(vm);

	if (ret == 0)
		ret = guest_vm_enable_all(vm);
	if (ret == 0)
		ret = guest_net_reset(vm->net);
	if (ret == 0)
		guest_vm_bases_from_rings(vm);
	return ret;
}

int
guest_vm_reset(struct guest_vm *vm)
{
	int ret = guest_vm_end_life(vm);

	return ret == 0 ? guest_vm_run(vm) : ret;
}

int
guest_vm_rebind(struct guest_vm *vm)
{
	int ret = guest_vm_end_life(vm);

	if (ret == 0)
		ret = guest_vhost_renegotiate(vm->vhost);
	if (ret == 0)
		ret = guest_vm_negotiated(vm);
	guest_vm_bases_from_rings(vm);
	return ret == 0 ? guest_vm_run(vm) : ret;
}

void
guest_vm_wish(struct guest_vm *vm, const struct guest_vm_driver *driver)
{
	vm->attr.driver = *driver;
	guest_vhost_wish(vm->vhost, guest_vm_wishes(driver));
}

void
guest_vm_disconnect(struct guest_vm *vm)
{
	guest_vm_halt(vm);
	guest_vhost_disconnect(vm->vhost);
}

int
guest_vm_reconnect(struct guest_vm *vm)
{
	int ret;

	guest_vm_disconnect(vm);
	ret = guest_vhost_connect(vm->vhost);
	guest_vm_bases_from_rings(vm);
	if (ret == 0)
		ret = guest_vm_enable_all(vm);
	return ret == 0 ? guest_vm_run(vm) : ret;
}

int
guest_vm_kill(struct guest_vm *vm, unsigned int at)
{
	int ret;

	guest_vm_disconnect(vm);
	if (at == 0)
		return 0;
	guest_vhost_cut_at(vm->vhost, at);
	ret = guest_vm_reconnect(vm);
	guest_vhost_cut_at(vm->vhost, 0);
	if (ret == 0)
		return -ERANGE;
	guest_vm_disconnect(vm);
	return ret == -ECONNABORTED ? 0 : ret;
}

int
guest_vm_enable(struct guest_vm *vm, unsigned int queue)
{
	int ret = queue < vm->nb_queues ? guest_vhost_enable(vm->vhost, queue) : -EINVAL;

	if (ret != 0)
		return ret;
	vm->enabled[queue] = true;
	return guest_vhost_barrier(vm->vhost);
}

int
guest_vm_disable(struct guest_vm *vm, unsigned int queue)
{
	int ret = queue < vm->nb_queues ? guest_vhost_disable(vm->vhost, queue) : -EINVAL;

	if (ret != 0)
		return ret;
	vm->enabled[queue] = false;
	return guest_vhost_barrier(vm->vhost);
}

bool
guest_vm_is_enabled(const struct guest_vm *vm, unsigned int queue)
{
	return queue < vm->nb_queues && vm->enabled[queue];
}

int
guest_vm_barrier(struct guest_vm *vm)
{
	return guest_vhost_barrier(vm->vhost);
}

int
guest_vm_call_again(struct guest_vm *vm)
{
	int ret = 0;

	for (unsigned int i = 0; i < vm->nb_queues && ret == 0; i++)
		ret = guest_vhost_call_again(vm->vhost, i);
	return ret == 0 ? guest_vhost_barrier(vm->vhost) : ret;
}

int
guest_vm_renew_files(struct guest_vm *vm, unsigned int queue)
{
	int ret = queue < vm->nb_queues ? guest_vhost_renew_files(vm->vhost, queue) : -EINVAL;

	return ret == 0 ? guest_vhost_barrier(vm->vhost) : ret;
}

/* --- traffic -------------------------------------------------------------------------------- */

int
guest_vm_send(struct guest_vm *vm, const struct guest_traffic_load *load)
{
	return guest_traffic_start(vm->traffic, load);
}

void
guest_vm_quiet(struct guest_vm *vm)
{
	guest_traffic_stop(vm->traffic);
}

void
guest_vm_echo_on(struct guest_vm *vm)
{
	guest_traffic_echo_on(vm->traffic);
}

void
guest_vm_echo_off(struct guest_vm *vm)
{
	guest_traffic_echo_off(vm->traffic);
}

void
guest_vm_expect(struct guest_vm *vm, uint32_t rx_stream, uint32_t nb_rx)
{
	memset(vm->hears, 0, sizeof(vm->hears));
	for (uint32_t i = 0; i < nb_rx && rx_stream + i < GUEST_LEDGER_MAX_STREAMS; i++)
		vm->hears[rx_stream + i] = true;
}

void
guest_vm_hear(struct guest_vm *vm, uint32_t first, uint32_t nb)
{
	for (uint32_t i = first; i < first + nb && i < GUEST_LEDGER_MAX_STREAMS; i++) {
		vm->hears[i] = true;
		if (!vm->running)
			guest_ledger_outage_begin(vm->attr.ledger, i);
	}
}

void
guest_vm_ignore(struct guest_vm *vm, uint32_t first, uint32_t nb)
{
	for (uint32_t i = first; i < first + nb && i < GUEST_LEDGER_MAX_STREAMS; i++) {
		if (vm->hears[i] && !vm->running)
			guest_ledger_outage_end(vm->attr.ledger, i);
		vm->hears[i] = false;
	}
}

/* --- memory --------------------------------------------------------------------------------- */

/* Lets the driver take its buffers from @pool from now on. */
static void
guest_vm_use_pool(struct guest_vm *vm, struct guest_pool *pool)
{
	guest_vm_freeze(vm);
	guest_net_use_pool(vm->net, pool);
	guest_vm_thaw(vm);
}

void
guest_vm_use_ram(struct guest_vm *vm)
{
	guest_vm_use_pool(vm, vm->pools[0].pool);
}

/* Sends the memory table, without the region at @without (GUEST_MEM_ANY: with all). */
static int
guest_vm_send_table(struct guest_vm *vm, uint64_t without)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	unsigned int nb = guest_mem_table(vm->mem, table), kept = 0;

	for (unsigned int i = 0; i < nb; i++)
		if (table[i].gpa != without)
			table[kept++] = table[i];
	return guest_vhost_set_mem(vm->vhost, table, kept);
}

int
guest_vm_hot_add(struct guest_vm *vm, uint64_t size, uint64_t *gpa)
{
	uint64_t at = guest_mem_hotplug_gpa(vm->mem);
	int ret;

	if (vm->nb_pools == BASE_ARRAY_SIZE(vm->pools))
		return -ENOSPC;
	ret = guest_mem_add(vm->mem, at, size);
	if (ret != 0)
		return ret;
	ret = guest_vm_add_pool(vm, at);
	if (ret != 0)
		goto remove_region;
	/* a log grows before the memory does */
	if (guest_vhost_is_logging(vm->vhost) && !guest_dirty_covers(vm->dirty, at + size))
		ret = guest_vm_log_renew(vm, 0);
	if (ret == 0)
		ret = guest_vm_send_table(vm, GUEST_MEM_ANY);
	if (ret != 0)
		goto destroy_pool;
	guest_vm_use_pool(vm, vm->pools[vm->nb_pools - 1].pool);
	if (gpa != NULL)
		*gpa = at;
	return 0;

destroy_pool:
	guest_pool_destroy(vm->pools[--vm->nb_pools].pool);
remove_region:
	guest_mem_remove(vm->mem, at);
	return ret;
}

/* Lets the pool of the region at @gpa run dry; its place in pools[], or -ENOENT, -EBUSY. */
static int
guest_vm_drain_pool(struct guest_vm *vm, uint64_t gpa)
{
	unsigned int i = 1;

	while (i < vm->nb_pools && vm->pools[i].gpa != gpa)
		i++;
	if (i >= vm->nb_pools)
		return -ENOENT;
	/* buffers from the latest region that stays; RAM when there is none */
	guest_vm_use_pool(vm, vm->pools[i == vm->nb_pools - 1 ? i - 1 : vm->nb_pools - 1].pool);
	if (guest_traffic_wait_pool(vm->traffic, vm->pools[i].pool, GUEST_VM_REMOVE_MS) != 0)
		return -EBUSY;
	return (int)i;
}

static int
guest_vm_drop_region(struct guest_vm *vm, unsigned int i)
{
	uint64_t gpa = vm->pools[i].gpa;

	guest_pool_destroy(vm->pools[i].pool);
	vm->nb_pools--;
	memmove(&vm->pools[i], &vm->pools[i + 1], (vm->nb_pools - i) * sizeof(vm->pools[0]));
	return guest_mem_remove(vm->mem, gpa);
}

int
guest_vm_hot_remove(struct guest_vm *vm, uint64_t gpa)
{
	int i = guest_vm_drain_pool(vm, gpa), ret;

	if (i < 0)
		return i;
	ret = guest_vm_send_table(vm, gpa);
	return ret != 0 ? ret : guest_vm_drop_region(vm, (unsigned int)i);
}

int
guest_vm_hot_swap(struct guest_vm *vm, uint64_t gpa)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	int i = guest_vm_drain_pool(vm, gpa), ret;
	unsigned int row = 0;

	if (i < 0)
		return i;
	guest_mem_table(vm->mem, table);
	while (table[row].gpa != gpa)
		row++;
	ret = guest_vm_drop_region(vm, (unsigned int)i);
	if (ret == 0)
		ret = guest_mem_add(vm->mem, gpa, table[row].size);
	if (ret == 0)
		ret = guest_vm_add_pool(vm, gpa);
	if (ret == 0)
		ret = guest_vm_send_table(vm, GUEST_MEM_ANY);
	if (ret == 0)
		guest_vm_use_pool(vm, vm->pools[vm->nb_pools - 1].pool);
	return ret;
}

/* --- looking in ----------------------------------------------------------------------------- */

bool
guest_vm_is_up(const struct guest_vm *vm)
{
	return vm->running && guest_vhost_is_up(vm->vhost);
}

uint64_t
guest_vm_features(const struct guest_vm *vm)
{
	return guest_vhost_features(vm->vhost);
}

uint64_t
guest_vm_protocol(const struct guest_vm *vm)
{
	return guest_vhost_protocol(vm->vhost);
}

const char *
guest_vm_error(const struct guest_vm *vm)
{
	return guest_vhost_error(vm->vhost);
}

struct guest_mem *
guest_vm_mem(struct guest_vm *vm)
{
	return vm->mem;
}

static uint64_t
guest_vm_queue_errors(const struct guest_net_stats *queue)
{
	struct guest_net_fault faults[GUEST_NET_NB_FAULTS];
	uint64_t sum = 0;

	guest_net_faults(queue, faults);
	for (unsigned int i = 0; i < GUEST_NET_NB_FAULTS; i++)
		sum += faults[i].nb;
	return sum;
}

void
guest_vm_place(struct guest_vm *vm, unsigned int queue, struct guest_vm_place *place)
{
	const struct guest_vring *ring = guest_net_ring(vm->net, queue);

	guest_vm_freeze(vm);
	guest_vring_indices(ring, &place->avail, &place->used);
	place->device_used = guest_vring_device_used(ring);
	place->in_flight = guest_vring_in_flight(ring);
	guest_vm_thaw(vm);
}

void
guest_vm_stats(struct guest_vm *vm, struct guest_vm_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	/* which descriptors were passed over can be told only while nobody works on the rings */
	guest_vm_freeze(vm);
	guest_traffic_stats(vm->traffic, &stats->traffic);
	stats->nb_queues = vm->nb_queues;
	for (unsigned int i = 0; i < vm->nb_queues; i++) {
		guest_net_stats(vm->net, i, &stats->queues[i]);
		guest_vhost_queue(vm->vhost, i, &stats->notify[i]);
		stats->device_errors += guest_vm_queue_errors(&stats->queues[i]);
		stats->bases[i] = vm->bases[i];
	}
	stats->base_errors = vm->base_errors;
	stats->nb_pools = vm->nb_pools;
	for (unsigned int i = 0; i < vm->nb_pools; i++)
		guest_pool_stats(vm->pools[i].pool, &stats->pools[i]);
	guest_vm_thaw(vm);
}

unsigned int
guest_vm_nb_queues(const struct guest_vm *vm)
{
	return vm->nb_queues;
}

uint16_t
guest_vm_base(const struct guest_vm *vm, unsigned int queue)
{
	return vm->bases[queue];
}
