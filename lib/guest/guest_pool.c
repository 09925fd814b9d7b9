/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one allocation of guest memory, an array that describes its buffers, a free
 * list (last in, first out). Counters are stored atomically so that others may look on.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "guest_pool.h"

struct guest_pool {
	struct guest_mem *mem;
	uint64_t gpa;
	struct guest_slot *slots;
	struct guest_slot *free;
	struct guest_pool_stats stats;
};

int
guest_pool_create(struct guest_mem *mem, uint64_t region, uint32_t nb_slots,
		struct guest_pool **pool)
{
	struct guest_mem_want want = {
		.size = (uint64_t)nb_slots * GUEST_POOL_SLOT_SIZE,
		.align = GUEST_POOL_SLOT_SIZE,
		.region = region,
	};
	struct guest_pool *p = calloc(1, sizeof(*p));
	uint8_t *hva;
	int ret = -ENOMEM;

	if (p == NULL)
		return -ENOMEM;
	p->slots = calloc(nb_slots, sizeof(*p->slots));
	if (p->slots == NULL)
		goto free_pool;
	ret = guest_mem_alloc(mem, &want, &p->gpa);
	if (ret != 0)
		goto free_slots;
	hva = guest_mem_hva(mem, p->gpa, want.size);
	assert(hva != NULL);
	p->mem = mem;
	p->stats.region = region;
	p->stats.nb_slots = nb_slots;
	for (uint32_t i = 0; i < nb_slots; i++) {
		p->slots[i] = (struct guest_slot){
			.hva = hva + (size_t)i * GUEST_POOL_SLOT_SIZE,
			.gpa = p->gpa + (uint64_t)i * GUEST_POOL_SLOT_SIZE,
			.pool = p,
			.next = p->free,
		};
		p->free = &p->slots[i];
	}
	*pool = p;
	return 0;

free_slots:
	free(p->slots);
free_pool:
	free(p);
	return ret;
}

void
guest_pool_destroy(struct guest_pool *pool)
{
	if (pool == NULL)
		return;
	assert(pool->stats.nb_out == 0);
	guest_mem_free(pool->mem, pool->gpa);
	free(pool->slots);
	free(pool);
}

struct guest_slot *
guest_pool_get(struct guest_pool *pool)
{
	struct guest_slot *slot = pool->free;

	if (slot == NULL)
		return NULL;
	pool->free = slot->next;
	__atomic_fetch_add(&pool->stats.nb_out, 1, __ATOMIC_RELAXED);
	return slot;
}

uint32_t
guest_pool_room(const struct guest_pool *pool)
{
	return pool->stats.nb_slots - __atomic_load_n(&pool->stats.nb_out, __ATOMIC_RELAXED);
}

void
guest_pool_put(struct guest_slot *slot)
{
	struct guest_pool *pool = slot->pool;

	slot->next = pool->free;
	pool->free = slot;
	/* Who sees that none is out may destroy the pool: our last word on it. */
	__atomic_fetch_sub(&pool->stats.nb_out, 1, __ATOMIC_RELEASE);
}

void
guest_pool_note_received(struct guest_slot *slot)
{
	__atomic_fetch_add(&slot->pool->stats.received, 1, __ATOMIC_RELAXED);
}

void
guest_pool_note_sent(struct guest_slot *slot)
{
	__atomic_fetch_add(&slot->pool->stats.sent, 1, __ATOMIC_RELAXED);
}

void
guest_pool_stats(const struct guest_pool *pool, struct guest_pool_stats *stats)
{
	*stats = (struct guest_pool_stats){
		.region = pool->stats.region,
		.received = __atomic_load_n(&pool->stats.received, __ATOMIC_RELAXED),
		.sent = __atomic_load_n(&pool->stats.sent, __ATOMIC_RELAXED),
		.nb_slots = pool->stats.nb_slots,
		.nb_out = __atomic_load_n(&pool->stats.nb_out, __ATOMIC_ACQUIRE),
	};
}

bool
guest_pool_touches(const struct guest_pool *pool, uint64_t gpa, uint64_t len)
{
	uint64_t size = (uint64_t)pool->stats.nb_slots * GUEST_POOL_SLOT_SIZE;

	return gpa < pool->gpa + size && pool->gpa < gpa + len;
}
