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
packed_write(struct guest_vring *vring, uint32_t head, const struct guest_vring_chain *chain)
{
	uint32_t nb = (uint32_t)chain->nb_out + chain->nb_in;

	for (uint32_t i = 0; i < nb; i++) {
		uint16_t at = vring->next_avail;
		struct vring_packed_desc *desc = &vring->packed_desc[at & ~GUEST_VRING_WRAP];
		uint16_t flags = (uint16_t)((i >= chain->nb_out ? VRING_DESC_F_WRITE : 0) |
				(i + 1 < nb ? VRING_DESC_F_NEXT : 0) | packed_turn(at));

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

static bool
packed_wants_kick(const struct guest_vring *vring)
{
	return le16toh(__atomic_load_n(&vring->device_event->flags, __ATOMIC_RELAXED)) !=
			VRING_PACKED_EVENT_FLAG_DISABLE;
}

static void
packed_want_irq(struct guest_vring *vring, bool want)
{
	uint16_t flags = want ? VRING_PACKED_EVENT_FLAG_ENABLE : VRING_PACKED_EVENT_FLAG_DISABLE;

	__atomic_store_n(&vring->driver_event->flags, htole16(flags), __ATOMIC_RELAXED);
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
	.show = packed_show,
	.wants_kick = packed_wants_kick,
	.want_irq = packed_want_irq,
	.has_used = packed_has_used,
	.read = packed_read,
	.skip = packed_skip,
	.device_used = packed_device_used,
};
