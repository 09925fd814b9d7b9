/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the three parts of the ring lie in guest memory, where the device may write
 * what it likes; everything we rely on is kept a second time in our own memory: which descriptors
 * are free (a list through slots[].next), and for each head in flight its length, serial number and
 * cookie. The descriptor table is written, never read.
 *
 * Order (virtio 1.2, 2.7.13): descriptors and avail ring entry are written before avail->idx
 * (release); used->idx is read (acquire) before the entries; the look at used->flags comes after a
 * full barrier behind the store of avail->idx, as does the last look at used->idx behind the store
 * of avail->flags: else a notification could be missed on either side.
 *
 * Counters are atomic so that any thread may read them; only the owner writes.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "guest_vring.h"

#define GUEST_VRING_END UINT32_MAX /* no next descriptor */

struct guest_vring_slot {
	uint32_t next; /* of the chain, or of the free list */
	uint32_t nb_desc; /* of the chain that begins here; 0: none does */
	uint32_t in_len; /* writable bytes of the chain */
	uint64_t serial; /* of the last posting that began here, 0: never */
	void *cookie;
};

struct guest_vring {
	struct guest_mem *mem;
	uint64_t gpa; /* of the allocation */
	uint16_t size;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next_avail; /* index behind the last entry written */
	uint16_t shown_avail; /* what the device can see */
	uint16_t next_used;
	uint16_t room;
	uint16_t in_flight;
	bool broken;
	uint32_t free_head;
	uint64_t last_serial; /* of the last posting */
	uint64_t returned_serial; /* highest that came back */
	struct guest_vring_stats stats;
	struct guest_vring_slot *slots;
};

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
	};

	return (unsigned int)error < BASE_ARRAY_SIZE(names) ? names[error] : "unknown";
}

static void
guest_vring_count(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

int
guest_vring_create(const struct guest_vring_attr *attr, struct guest_vring **vring)
{
	uint64_t desc_len = 16ull * attr->size, avail_len = 6 + 2ull * attr->size;
	uint64_t used_off = base_align_up(desc_len + avail_len, 64);
	struct guest_mem_want want = {
		.size = used_off + 6 + 8ull * attr->size,
		.align = 4096,
		.region = attr->region,
	};
	struct guest_vring *vr;
	uint8_t *hva;
	int ret;

	if (!base_is_pow2(attr->size) || attr->size > GUEST_VRING_MAX_SIZE)
		return -EINVAL;
	vr = calloc(1, sizeof(*vr));
	if (vr == NULL)
		return -ENOMEM;
	ret = -ENOMEM;
	vr->slots = calloc(attr->size, sizeof(*vr->slots));
	if (vr->slots == NULL)
		goto free_ring;
	ret = guest_mem_alloc(attr->mem, &want, &vr->gpa);
	if (ret != 0)
		goto free_slots;
	hva = guest_mem_hva(attr->mem, vr->gpa, want.size);
	assert(hva != NULL);
	vr->mem = attr->mem;
	vr->size = attr->size;
	vr->room = attr->size;
	vr->desc = (struct vring_desc *)hva;
	vr->avail = (struct vring_avail *)(hva + desc_len);
	vr->used = (struct vring_used *)(hva + used_off);
	for (uint32_t i = 0; i < attr->size; i++)
		vr->slots[i].next = i + 1 < attr->size ? i + 1 : GUEST_VRING_END;
	*vring = vr;
	return 0;

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

int
guest_vring_add(struct guest_vring *vring, const struct guest_vring_chain *chain)
{
	uint32_t nb = (uint32_t)chain->nb_out + chain->nb_in, head = vring->free_head;
	struct guest_vring_slot *slot;
	uint32_t at = head, in_len = 0;

	if (nb == 0 || chain->cookie == NULL)
		return -EINVAL;
	if (nb > vring->room)
		return -ENOSPC;
	slot = &vring->slots[head];
	for (uint32_t i = 0; i < nb; i++) {
		struct vring_desc *desc = &vring->desc[at];
		uint16_t flags = (uint16_t)((i >= chain->nb_out ? VRING_DESC_F_WRITE : 0) |
				(i + 1 < nb ? VRING_DESC_F_NEXT : 0));

		desc->addr = htole64(chain->segs[i].gpa);
		desc->len = htole32(chain->segs[i].len);
		desc->flags = htole16(flags);
		desc->next = htole16((uint16_t)(i + 1 < nb ? vring->slots[at].next : 0));
		if (i >= chain->nb_out)
			in_len += chain->segs[i].len;
		at = vring->slots[at].next;
	}
	vring->free_head = at;
	vring->room = (uint16_t)(vring->room - nb);
	vring->in_flight++;
	slot->nb_desc = nb;
	slot->in_len = in_len;
	slot->serial = ++vring->last_serial;
	slot->cookie = chain->cookie;
	vring->avail->ring[vring->next_avail & (vring->size - 1)] = htole16((uint16_t)head);
	vring->next_avail++;
	guest_vring_count(&vring->stats.posted);
	return 0;
}

bool
guest_vring_publish(struct guest_vring *vring)
{
	if (vring->shown_avail == vring->next_avail)
		return false;
	vring->shown_avail = vring->next_avail;
	__atomic_store_n(&vring->avail->idx, htole16(vring->next_avail), __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return (le16toh(__atomic_load_n(&vring->used->flags, __ATOMIC_RELAXED)) &
			       VRING_USED_F_NO_NOTIFY) == 0;
}

/* How many used entries wait. */
static uint16_t
guest_vring_waiting(const struct guest_vring *vring)
{
	uint16_t idx = le16toh(__atomic_load_n(&vring->used->idx, __ATOMIC_ACQUIRE));

	return (uint16_t)(idx - vring->next_used);
}

bool
guest_vring_has_used(const struct guest_vring *vring)
{
	return guest_vring_waiting(vring) != 0;
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
	const struct vring_used_elem *elem;
	uint16_t waiting = guest_vring_waiting(vring);

	memset(used, 0, sizeof(*used));
	if (waiting == 0 && !vring->broken)
		return 0;
	if (vring->broken || waiting > vring->size)
		return guest_vring_jump(vring, used);
	elem = &vring->used->ring[vring->next_used & (vring->size - 1)];
	used->id = le32toh(__atomic_load_n(&elem->id, __ATOMIC_RELAXED));
	used->len = le32toh(__atomic_load_n(&elem->len, __ATOMIC_RELAXED));
	used->error = guest_vring_judge(vring, used->id, used->len);
	vring->next_used++;
	guest_vring_count(&vring->stats.errors[used->error]);
	if (used->error == GUEST_VRING_OK || used->error == GUEST_VRING_LENGTH) {
		guest_vring_release(vring, used->id, used);
		guest_vring_count(&vring->stats.returned);
		if (used->serial > vring->returned_serial)
			vring->returned_serial = used->serial;
	}
	return used->error == GUEST_VRING_OK ? 1 : -EPROTO;
}

bool
guest_vring_irq_on(struct guest_vring *vring)
{
	__atomic_store_n(&vring->avail->flags, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return guest_vring_has_used(vring);
}

void
guest_vring_irq_off(struct guest_vring *vring)
{
	__atomic_store_n(&vring->avail->flags, htole16(VRING_AVAIL_F_NO_INTERRUPT),
			__ATOMIC_RELAXED);
}

int
guest_vring_take_back(struct guest_vring *vring, struct guest_vring_used *used)
{
	memset(used, 0, sizeof(*used));
	for (uint32_t id = 0; id < vring->size && vring->in_flight != 0; id++) {
		if (vring->slots[id].nb_desc == 0)
			continue;
		used->id = id;
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
	stats->passed_over = 0;
	for (uint32_t i = 0; i < vring->size; i++)
		stats->passed_over += vring->slots[i].nb_desc != 0 &&
				vring->slots[i].serial < vring->returned_serial;
}
