/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the packed layout (virtio 1.2, 2.8). One ring of descriptors, on which driver
 * and device go round; the flags AVAIL and USED of a descriptor say, together with a wrap counter
 * that changes on each round, whose turn it is (2.8.1). A chain takes consecutive places; all its
 * descriptors carry the buffer id, which is the number of the chain's first slot. The device returns
 * it with one descriptor, at the place where the chain began, if it returns in order; places are
 * taken by the returned chains' lengths in any order (2.8.6).
 *
 * Chains become visible all at once: the flags of the first new descriptor are held back until
 * guest_vring_publish(), and the device cannot pass a descriptor that is not available (2.8.14).
 *
 * With EVENT_IDX each side may say DESC in its event suppression area (2.8.10), and the place at
 * which it wants to be notified, which is an index with wrap counter like all of ours. The device's
 * area is not trusted: DESC without EVENT_IDX, the reserved flag value and an offset beyond the ring
 * are counted, and answered with a notification, which can do no harm.
 *
 * A used descriptor's length counts only where its WRITE flag says that something was written
 * (2.8.4): rte_vhost leaves the sum of what it has read there.
 *
 * In a table only WRITE means anything (2.8.7): the order is that of the table.
 *
 * An entry whose id is not that of a chain in flight breaks the ring: nobody knows how many places
 * it stands for.
 */
#include <endian.h>

#include "base_math.h"
#include "guest_vring_priv.h"

#define PACKED_AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define PACKED_USED (1u << VRING_PACKED_DESC_F_USED)

static void
packed_measure(uint16_t size, size_t *avail, size_t *used, size_t *all)
{
	*avail = base_align_up(16ul * size, 64);
	*used = *avail + 64;
	*all = *used + 64;
}

static void
packed_init(struct guest_vring *vring)
{
	vring->next_avail = vring->shown_avail = vring->next_used = GUEST_VRING_WRAP;
}

/* The index @nb places on. */
static uint16_t
packed_advance(const struct guest_vring *vring, uint16_t index, uint32_t nb)
{
	uint32_t place = (index & ~GUEST_VRING_WRAP) + nb, wrap = index & GUEST_VRING_WRAP;

	if (place < vring->size)
		return (uint16_t)(place | wrap);
	return (uint16_t)((place - vring->size) | (wrap ^ GUEST_VRING_WRAP));
}

/* Flags that make a descriptor available at @index. */
static uint16_t
packed_turn(uint16_t index)
{
	return (index & GUEST_VRING_WRAP) != 0 ? PACKED_AVAIL : PACKED_USED;
}

static void
packed_write_table(struct vring_desc *table, const struct guest_vring_chain *chain)
{
	struct vring_packed_desc *desc = (struct vring_packed_desc *)table;

	for (uint32_t i = 0; i < (uint32_t)chain->nb_out + chain->nb_in; i++)
		desc[i] = (struct vring_packed_desc){
			.addr = htole64(chain->segs[i].gpa),
			.len = htole32(chain->segs[i].len),
			.flags = htole16(i >= chain->nb_out ? VRING_DESC_F_WRITE : 0),
		};
}

static void
packed_write(struct guest_vring *vring, uint32_t head, const struct guest_vring_chain *chain,
		uint16_t extra)
{
	uint32_t nb = (uint32_t)chain->nb_out + chain->nb_in;

	for (uint32_t i = 0; i < nb; i++) {
		uint16_t at = vring->next_avail;
		struct vring_packed_desc *desc = &vring->packed_desc[at & ~GUEST_VRING_WRAP];
		uint16_t flags = (uint16_t)((i >= chain->nb_out ? VRING_DESC_F_WRITE : 0) |
				(i + 1 < nb ? VRING_DESC_F_NEXT : 0) | packed_turn(at) | extra);

		desc->addr = htole64(chain->segs[i].gpa);
		desc->len = htole32(chain->segs[i].len);
		desc->id = htole16((uint16_t)head);
		if (at == vring->shown_avail)
			vring->hidden_flags = flags;
		else
			desc->flags = htole16(flags);
		vring->next_avail = packed_advance(vring, at, 1);
	}
}

static void
packed_show(struct guest_vring *vring)
{
	struct vring_packed_desc *desc =
			&vring->packed_desc[vring->shown_avail & ~GUEST_VRING_WRAP];

	__atomic_store_n(&desc->flags, htole16(vring->hidden_flags), __ATOMIC_RELEASE);
}

/* Is @event among the places from @from up to, not including, @to? */
static enum guest_vring_wish
packed_passed(const struct guest_vring *vring, uint16_t event, uint16_t from, uint16_t to)
{
	if ((event & ~GUEST_VRING_WRAP) >= vring->size)
		return GUEST_VRING_CONFUSED;
	return guest_vring_distance(vring, from, event) < guest_vring_distance(vring, from, to) ?
			GUEST_VRING_KICK :
			GUEST_VRING_QUIET;
}

static enum guest_vring_wish
packed_wants_kick(const struct guest_vring *vring, uint16_t from, uint16_t to)
{
	const struct vring_packed_desc_event *event = vring->device_event;

	/* Whoever sees DESC must see its place (2.8.10). */
	switch (le16toh(__atomic_load_n(&event->flags, __ATOMIC_ACQUIRE))) {
	case VRING_PACKED_EVENT_FLAG_ENABLE:
		return GUEST_VRING_KICK;
	case VRING_PACKED_EVENT_FLAG_DISABLE:
		return GUEST_VRING_QUIET;
	case VRING_PACKED_EVENT_FLAG_DESC:
		if (!vring->event_idx)
			return GUEST_VRING_CONFUSED;
		return packed_passed(vring,
				le16toh(__atomic_load_n(&event->off_wrap, __ATOMIC_RELAXED)), from,
				to);
	default:
		return GUEST_VRING_CONFUSED;
	}
}

static void
packed_irq_on(struct guest_vring *vring, uint16_t ahead)
{
	struct vring_packed_desc_event *event = vring->driver_event;
	uint16_t flags = VRING_PACKED_EVENT_FLAG_ENABLE;

	if (vring->event_idx) {
		uint16_t at = packed_advance(vring, vring->next_used, ahead - 1u);

		__atomic_store_n(&event->off_wrap, htole16(at), __ATOMIC_RELAXED);
		flags = VRING_PACKED_EVENT_FLAG_DESC;
	}
	__atomic_store_n(&event->flags, htole16(flags), __ATOMIC_RELEASE);
}

static void
packed_irq_off(struct guest_vring *vring)
{
	__atomic_store_n(&vring->driver_event->flags, htole16(VRING_PACKED_EVENT_FLAG_DISABLE),
			__ATOMIC_RELAXED);
}

/* Did the device return something at @index? */
static bool
packed_is_used(const struct guest_vring *vring, uint16_t index)
{
	const struct vring_packed_desc *desc = &vring->packed_desc[index & ~GUEST_VRING_WRAP];
	uint16_t flags = le16toh(__atomic_load_n(&desc->flags, __ATOMIC_ACQUIRE));
	uint16_t both = PACKED_AVAIL | PACKED_USED;

	return (flags & both) == ((index & GUEST_VRING_WRAP) != 0 ? both : 0);
}

static bool
packed_has_used(const struct guest_vring *vring)
{
	return packed_is_used(vring, vring->next_used);
}

static bool
packed_read(const struct guest_vring *vring, uint32_t *id, uint32_t *len)
{
	const struct vring_packed_desc *desc =
			&vring->packed_desc[vring->next_used & ~GUEST_VRING_WRAP];

	*id = le16toh(__atomic_load_n(&desc->id, __ATOMIC_RELAXED));
	*len = 0;
	if (le16toh(__atomic_load_n(&desc->flags, __ATOMIC_RELAXED)) & VRING_DESC_F_WRITE)
		*len = le32toh(__atomic_load_n(&desc->len, __ATOMIC_RELAXED));
	return true;
}

static bool
packed_skip(struct guest_vring *vring, uint32_t nb_desc)
{
	vring->next_used = packed_advance(vring, vring->next_used, nb_desc);
	return nb_desc != 0;
}

static uint16_t
packed_device_used(const struct guest_vring *vring)
{
	uint16_t at = vring->next_used;

	/* Once round at most: what is in flight is all that can have been returned. */
	for (uint32_t places = 0; places < vring->size && packed_is_used(vring, at);) {
		uint32_t id = le16toh(vring->packed_desc[at & ~GUEST_VRING_WRAP].id);

		if (id >= vring->size || vring->slots[id].nb_desc == 0)
			break;
		places += vring->slots[id].nb_desc;
		at = packed_advance(vring, at, vring->slots[id].nb_desc);
	}
	return at;
}

const struct guest_vring_layout guest_vring_packed_layout = {
	.measure = packed_measure,
	.init = packed_init,
	.write = packed_write,
	.write_table = packed_write_table,
	.show = packed_show,
	.wants_kick = packed_wants_kick,
	.irq_on = packed_irq_on,
	.irq_off = packed_irq_off,
	.has_used = packed_has_used,
	.read = packed_read,
	.skip = packed_skip,
	.device_used = packed_device_used,
};
