/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the split layout (virtio 1.2, 2.7). The descriptor table is written, never
 * read.
 *
 * Order (2.7.13): descriptors and avail ring entry are written before avail->idx (release);
 * used->idx is read (acquire) before the entries; the look at used->flags comes after a full barrier
 * behind the store of avail->idx (guest_vring.c).
 *
 * With EVENT_IDX the flags of both rings are left alone (2.7.7.1, 2.7.10.1); behind each ring's
 * entries is the index at which the other side wants to be notified: an event is an index that is
 * passed, modulo 65536.
 */
#include <endian.h>

#include "base_math.h"
#include "guest_vring_priv.h"

static void
split_measure(uint16_t size, size_t *avail, size_t *used, size_t *all)
{
	*avail = 16ul * size;
	/* On a page of its own, so that it can be told who dirtied it. */
	*used = base_align_up(*avail + 6 + 2ul * size, GUEST_DIRTY_PAGE);
	*all = *used + 6 + 8ul * size;
}

static void
split_init(struct guest_vring *vring)
{
	(void)vring; /* zeros are right */
}

static void
split_write_desc(struct vring_desc *desc, const struct guest_vring_chain *chain, uint32_t i,
		uint32_t next)
{
	bool more = i + 1 < (uint32_t)chain->nb_out + chain->nb_in;

	desc->addr = htole64(chain->segs[i].gpa);
	desc->len = htole32(chain->segs[i].len);
	desc->flags = htole16((uint16_t)((i >= chain->nb_out ? VRING_DESC_F_WRITE : 0) |
			(more ? VRING_DESC_F_NEXT : 0)));
	desc->next = htole16((uint16_t)(more ? next : 0));
}

static void
split_write_table(struct vring_desc *table, const struct guest_vring_chain *chain)
{
	for (uint32_t i = 0; i < (uint32_t)chain->nb_out + chain->nb_in; i++)
		split_write_desc(&table[i], chain, i, i + 1);
}

static void
split_write(struct guest_vring *vring, uint32_t head, const struct guest_vring_chain *chain,
		uint16_t flags)
{
	uint32_t nb = (uint32_t)chain->nb_out + chain->nb_in, at = head;

	for (uint32_t i = 0; i < nb; i++, at = vring->slots[at].next) {
		split_write_desc(&vring->desc[at], chain, i, vring->slots[at].next);
		vring->desc[at].flags |= htole16(flags);
	}
	vring->avail->ring[vring->next_avail & (vring->size - 1)] = htole16((uint16_t)head);
	vring->next_avail++;
}

static void
split_show(struct guest_vring *vring)
{
	__atomic_store_n(&vring->avail->idx, htole16(vring->next_avail), __ATOMIC_RELEASE);
}

static enum guest_vring_wish
split_wants_kick(const struct guest_vring *vring, uint16_t from, uint16_t to)
{
	const uint16_t *event = (const uint16_t *)(const void *)&vring->used->ring[vring->size];
	bool wants;

	if (vring->event_idx)
		wants = guest_vring_split_passed(le16toh(__atomic_load_n(event, __ATOMIC_RELAXED)),
				from, to);
	else
		wants = (le16toh(__atomic_load_n(&vring->used->flags, __ATOMIC_RELAXED)) &
					VRING_USED_F_NO_NOTIFY) == 0;
	return wants ? GUEST_VRING_KICK : GUEST_VRING_QUIET;
}

/* An interrupt when the used index passes @index. */
static void
split_set_event(struct guest_vring *vring, uint16_t index)
{
	__atomic_store_n(&vring->avail->ring[vring->size], htole16(index), __ATOMIC_RELAXED);
}

static void
split_irq_on(struct guest_vring *vring, uint16_t ahead)
{
	if (vring->event_idx)
		split_set_event(vring, (uint16_t)(vring->next_used + ahead - 1));
	else
		__atomic_store_n(&vring->avail->flags, 0, __ATOMIC_RELAXED);
}

static void
split_irq_off(struct guest_vring *vring)
{
	if (vring->event_idx)
		split_set_event(vring, (uint16_t)(vring->next_used - 1));
	else
		__atomic_store_n(&vring->avail->flags, htole16(VRING_AVAIL_F_NO_INTERRUPT),
				__ATOMIC_RELAXED);
}

static uint16_t
split_device_used(const struct guest_vring *vring)
{
	return le16toh(__atomic_load_n(&vring->used->idx, __ATOMIC_ACQUIRE));
}

static bool
split_has_used(const struct guest_vring *vring)
{
	return split_device_used(vring) != vring->next_used;
}

static bool
split_read(const struct guest_vring *vring, uint32_t *id, uint32_t *len)
{
	const struct vring_used_elem *elem;

	if ((uint16_t)(split_device_used(vring) - vring->next_used) > vring->size)
		return false;
	elem = &vring->used->ring[vring->next_used & (vring->size - 1)];
	*id = le32toh(__atomic_load_n(&elem->id, __ATOMIC_RELAXED));
	*len = le32toh(__atomic_load_n(&elem->len, __ATOMIC_RELAXED));
	return true;
}

static bool
split_skip(struct guest_vring *vring, uint32_t nb_desc)
{
	(void)nb_desc;
	vring->next_used++;
	return true;
}

const struct guest_vring_layout guest_vring_split_layout = {
	.measure = split_measure,
	.init = split_init,
	.write = split_write,
	.write_table = split_write_table,
	.show = split_show,
	.wants_kick = split_wants_kick,
	.irq_on = split_irq_on,
	.irq_off = split_irq_off,
	.has_used = split_has_used,
	.read = split_read,
	.skip = split_skip,
	.device_used = split_device_used,
};
