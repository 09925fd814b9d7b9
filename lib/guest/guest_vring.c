/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the parts of the ring lie in guest memory, where the device may write what it
 * likes; everything we rely on is kept a second time in our own memory: which descriptors are free
 * (a list through slots[].next), and for each head in flight its length, serial number and cookie.
 * How the ring itself is written and read is the layout's (guest_vring_split.c, _packed.c).
 *
 * Tables for indirect chains are a second allocation, one for each slot that can be the head of a
 * chain: a table is the device's exactly as long as its slot is in flight.
 *
 * The look at whether the device wants a notification comes after a full barrier behind what makes
 * chains visible, as does the last look for used entries behind the wish for interrupts: else a
 * notification could be missed on either side. With EVENT_IDX the same order closes the race
 * between "tell me at this place" and the one who is passing that place just now.
 *
 * Counters are atomic so that any thread may read them; only the owner writes.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "guest_vring_priv.h"

const char *
guest_vring_error_name(enum guest_vring_error error)
{
	static const char *const names[] = {
		[GUEST_VRING_OK] = "ok",
		[GUEST_VRING_ID_RANGE] = "used id out of range",
		[GUEST_VRING_NOT_POSTED] = "used id never posted",
		[GUEST_VRING_TWICE] = "returned twice",
		[GUEST_VRING_LENGTH] = "used length beyond the buffers",
		[GUEST_VRING_INDEX_JUMP] = "used index jumped",
		[GUEST_VRING_EVENT] = "event suppression that cannot be",
	};

	return (unsigned int)error < BASE_ARRAY_SIZE(names) ? names[error] : "unknown";
}

static void
guest_vring_count(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static int
guest_vring_map(struct guest_vring *vr, uint64_t region)
{
	struct guest_mem_want want = { .align = 4096, .region = region };
	size_t avail, used, all;
	uint8_t *hva;
	int ret;

	vr->layout->measure(vr->size, &avail, &used, &all);
	want.size = all;
	ret = guest_mem_alloc(vr->mem, &want, &vr->gpa);
	if (ret != 0)
		return ret;
	hva = guest_mem_hva(vr->mem, vr->gpa, all);
	assert(hva != NULL);
	vr->desc = (struct vring_desc *)hva;
	vr->avail = (struct vring_avail *)(hva + avail);
	vr->used = (struct vring_used *)(hva + used);
	vr->layout->init(vr);
	return 0;
}

static int
guest_vring_make_tables(struct guest_vring *vr, uint64_t region)
{
	struct guest_mem_want want = {
		.size = (uint64_t)vr->size * GUEST_VRING_TABLE_LEN * sizeof(struct vring_desc),
		.align = 16,
		.region = region,
	};
	int ret = guest_mem_alloc(vr->mem, &want, &vr->tables_gpa);

	if (ret != 0)
		return ret;
	vr->tables = (struct vring_desc *)(void *)guest_mem_hva(vr->mem, vr->tables_gpa, want.size);
	assert(vr->tables != NULL);
	return 0;
}

int
guest_vring_create(const struct guest_vring_attr *attr, struct guest_vring **vring)
{
	struct guest_vring *vr;
	int ret = -ENOMEM;

	if (!base_is_pow2(attr->size) || attr->size > GUEST_VRING_MAX_SIZE)
		return -EINVAL;
	vr = calloc(1, sizeof(*vr));
	if (vr == NULL)
		return -ENOMEM;
	vr->slots = calloc(attr->size, sizeof(*vr->slots));
	if (vr->slots == NULL)
		goto free_ring;
	vr->mem = attr->mem;
	vr->size = attr->size;
	vr->room = attr->size;
	vr->packed = attr->packed;
	vr->layout = attr->packed ? &guest_vring_packed_layout : &guest_vring_split_layout;
	vr->event_idx = attr->event_idx;
	ret = guest_vring_map(vr, attr->region);
	if (ret != 0)
		goto free_slots;
	if (attr->indirect)
		ret = guest_vring_make_tables(vr, attr->region);
	if (ret != 0)
		goto free_ring_memory;
	for (uint32_t i = 0; i < attr->size; i++)
		vr->slots[i].next = i + 1 < attr->size ? i + 1 : GUEST_VRING_END;
	*vring = vr;
	return 0;

free_ring_memory:
	guest_mem_free(vr->mem, vr->gpa);
free_slots:
	free(vr->slots);
free_ring:
	free(vr);
	return ret;
}

void
guest_vring_destroy(struct guest_vring *vring)
{
	if (vring == NULL)
		return;
	if (vring->tables != NULL)
		guest_mem_free(vring->mem, vring->tables_gpa);
	guest_mem_free(vring->mem, vring->gpa);
	free(vring->slots);
	free(vring);
}

void
guest_vring_addr(const struct guest_vring *vring, struct guest_vring_addr *addr)
{
	*addr = (struct guest_vring_addr){
		.desc_gpa = vring->gpa,
		.avail_gpa = vring->gpa +
				(uint64_t)((uint8_t *)vring->avail - (uint8_t *)vring->desc),
		.used_gpa = vring->gpa +
				(uint64_t)((uint8_t *)vring->used - (uint8_t *)vring->desc),
		.desc = vring->desc,
		.avail = vring->avail,
		.used = vring->used,
		.size = vring->size,
	};
}

uint16_t
guest_vring_room(const struct guest_vring *vring)
{
	return vring->room;
}

uint16_t
guest_vring_in_flight(const struct guest_vring *vring)
{
	return vring->in_flight;
}

/* We wrote: descriptors and what lies before the device's part, whichever entries. */
static void
guest_vring_wrote(struct guest_vring *vring)
{
	guest_mem_wrote(vring->mem, vring->gpa,
			(uint64_t)((uint8_t *)vring->used - (uint8_t *)vring->desc));
}

/* Writes the chain to the table of slot @head, and to the ring one descriptor of that table. */
static void
guest_vring_write_indirect(struct guest_vring *vring, uint32_t head,
		const struct guest_vring_chain *chain)
{
	size_t first = (size_t)head * GUEST_VRING_TABLE_LEN;
	const struct guest_vring_seg table = {
		.gpa = vring->tables_gpa + first * sizeof(struct vring_desc),
		.len = (uint32_t)((chain->nb_out + chain->nb_in) * sizeof(struct vring_desc)),
	};
	const struct guest_vring_chain one = { .segs = &table, .nb_out = 1 };

	vring->layout->write_table(&vring->tables[first], chain);
	guest_mem_wrote(vring->mem, table.gpa, table.len);
	vring->layout->write(vring, head, &one, VRING_DESC_F_INDIRECT);
	guest_vring_count(&vring->stats.indirect);
}

int
guest_vring_add(struct guest_vring *vring, const struct guest_vring_chain *chain)
{
	uint32_t nb = (uint32_t)chain->nb_out + chain->nb_in, head = vring->free_head;
	bool indirect = chain->indirect && vring->tables != NULL && nb <= GUEST_VRING_TABLE_LEN;
	struct guest_vring_slot *slot;
	uint32_t at = head, in_len = 0;

	if (nb == 0 || chain->cookie == NULL)
		return -EINVAL;
	for (uint32_t i = chain->nb_out; i < nb; i++)
		in_len += chain->segs[i].len;
	if (indirect)
		nb = 1;
	if (nb > vring->room)
		return -ENOSPC;
	if (indirect)
		guest_vring_write_indirect(vring, head, chain);
	else
		vring->layout->write(vring, head, chain, 0);
	for (uint32_t i = 0; i < nb; i++)
		at = vring->slots[at].next;
	slot = &vring->slots[head];
	vring->free_head = at;
	vring->room = (uint16_t)(vring->room - nb);
	vring->in_flight++;
	slot->nb_desc = nb;
	slot->in_len = in_len;
	slot->serial = ++vring->last_serial;
	slot->cookie = chain->cookie;
	guest_vring_wrote(vring);
	guest_vring_count(&vring->stats.posted);
	return 0;
}

bool
guest_vring_has_new(const struct guest_vring *vring)
{
	return vring->shown_avail != vring->next_avail;
}

bool
guest_vring_publish(struct guest_vring *vring)
{
	uint16_t from = vring->shown_avail;
	enum guest_vring_wish wish;

	if (!guest_vring_has_new(vring))
		return false;
	vring->layout->show(vring);
	guest_vring_wrote(vring);
	vring->shown_avail = vring->next_avail;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	wish = vring->layout->wants_kick(vring, from, vring->shown_avail);
	if (wish == GUEST_VRING_CONFUSED)
		guest_vring_count(&vring->stats.errors[GUEST_VRING_EVENT]);
	return wish != GUEST_VRING_QUIET;
}

bool
guest_vring_has_used(const struct guest_vring *vring)
{
	return !vring->broken && vring->layout->has_used(vring);
}

/* Gives the descriptors of the chain at @head back to the free list. */
static void
guest_vring_release(struct guest_vring *vring, uint32_t head, struct guest_vring_used *used)
{
	struct guest_vring_slot *slot = &vring->slots[head];
	uint32_t last = head;

	for (uint32_t i = 1; i < slot->nb_desc; i++)
		last = vring->slots[last].next;
	vring->slots[last].next = vring->free_head;
	vring->free_head = head;
	vring->room = (uint16_t)(vring->room + slot->nb_desc);
	vring->in_flight--;
	used->cookie = slot->cookie;
	used->serial = slot->serial;
	slot->nb_desc = 0;
	slot->cookie = NULL;
}

/* Judges the entry that the device wrote. */
static enum guest_vring_error
guest_vring_judge(const struct guest_vring *vring, uint32_t id, uint32_t len)
{
	if (id >= vring->size)
		return GUEST_VRING_ID_RANGE;
	if (vring->slots[id].nb_desc == 0)
		return vring->slots[id].serial != 0 ? GUEST_VRING_TWICE : GUEST_VRING_NOT_POSTED;
	if (len > vring->slots[id].in_len)
		return GUEST_VRING_LENGTH;
	return GUEST_VRING_OK;
}

static int
guest_vring_jump(struct guest_vring *vring, struct guest_vring_used *used)
{
	if (!vring->broken)
		guest_vring_count(&vring->stats.errors[GUEST_VRING_INDEX_JUMP]);
	vring->broken = true;
	used->error = GUEST_VRING_INDEX_JUMP;
	return -EPROTO;
}

int
guest_vring_get(struct guest_vring *vring, struct guest_vring_used *used)
{
	uint32_t nb_desc = 0;

	memset(used, 0, sizeof(*used));
	if (!vring->broken && !guest_vring_has_used(vring))
		return 0;
	if (vring->broken || !vring->layout->read(vring, &used->id, &used->len))
		return guest_vring_jump(vring, used);
	used->error = guest_vring_judge(vring, used->id, used->len);
	guest_vring_count(&vring->stats.errors[used->error]);
	if (used->error == GUEST_VRING_OK || used->error == GUEST_VRING_LENGTH) {
		nb_desc = vring->slots[used->id].nb_desc;
		guest_vring_release(vring, used->id, used);
		guest_vring_count(&vring->stats.returned);
		if (used->serial > vring->returned_serial)
			vring->returned_serial = used->serial;
	}
	if (!vring->layout->skip(vring, nb_desc))
		vring->broken = true;
	return used->error == GUEST_VRING_OK ? 1 : -EPROTO;
}

bool
guest_vring_irq_after(struct guest_vring *vring, uint16_t nb)
{
	uint16_t posted = guest_vring_distance(vring, vring->next_used, vring->shown_avail);

	if (!vring->event_idx || nb == 0 || posted == 0)
		nb = 1;
	else if (nb > posted)
		nb = posted;
	vring->layout->irq_on(vring, nb);
	guest_vring_wrote(vring);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* In a broken ring there is no work any more: who waits for some may sleep. */
	if (nb == 1 || vring->broken)
		return guest_vring_has_used(vring);
	return guest_vring_distance(vring, vring->next_used, guest_vring_device_used(vring)) >= nb;
}

bool
guest_vring_irq_on(struct guest_vring *vring)
{
	return guest_vring_irq_after(vring, 1);
}

void
guest_vring_irq_off(struct guest_vring *vring)
{
	vring->layout->irq_off(vring);
	guest_vring_wrote(vring);
}

uint16_t
guest_vring_device_used(const struct guest_vring *vring)
{
	return vring->layout->device_used(vring);
}

/* Number of places from the beginning of a first round, in a circle of two rounds. */
static uint32_t
guest_vring_place(const struct guest_vring *vring, uint16_t index)
{
	return (index & ~GUEST_VRING_WRAP) +
			((index & GUEST_VRING_WRAP) != 0 ? 0 : (uint32_t)vring->size);
}

uint16_t
guest_vring_distance(const struct guest_vring *vring, uint16_t from, uint16_t to)
{
	uint32_t round = 2u * vring->size;

	if (!vring->packed)
		return (uint16_t)(to - from);
	return (uint16_t)((guest_vring_place(vring, to) + round - guest_vring_place(vring, from)) %
			round);
}

int
guest_vring_take_back(struct guest_vring *vring, struct guest_vring_used *used)
{
	memset(used, 0, sizeof(*used));
	for (uint32_t id = 0; id < vring->size && vring->in_flight != 0; id++) {
		if (vring->slots[id].nb_desc == 0)
			continue;
		used->id = id;
		if (vring->slots[id].serial < vring->returned_serial)
			guest_vring_count(&vring->stats.passed_over);
		guest_vring_release(vring, id, used);
		guest_vring_count(&vring->stats.reclaimed);
		return 1;
	}
	return 0;
}

void
guest_vring_indices(const struct guest_vring *vring, uint16_t *avail, uint16_t *used)
{
	*avail = vring->next_avail;
	*used = vring->next_used;
}

void
guest_vring_stats(struct guest_vring *vring, struct guest_vring_stats *stats)
{
	const uint64_t *from = (const uint64_t *)&vring->stats;
	uint64_t *to = (uint64_t *)stats;

	for (unsigned int i = 0; i < sizeof(*stats) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < vring->size; i++)
		stats->passed_over += vring->slots[i].nb_desc != 0 &&
				vring->slots[i].serial < vring->returned_serial;
}
