/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The driver's side of a virtqueue, split or packed (virtio 1.2, 2.7 and 2.8), in guest memory, and the
 * account of its descriptors: each chain that is posted gets a serial number, and it is known which ones
 * came back, came back twice, or were passed over.
 *
 * What the device writes is not trusted: a used entry that cannot be true gets a name and a count,
 * and nothing outside the ring is touched.
 *
 * Where it was negotiated, chains lie in tables of their own (INDIRECT_DESC, 2.7.5.3 and 2.8.7), and
 * both sides say at which place they want to be notified (EVENT_IDX, 2.7.7 and 2.7.10; packed: the
 * event suppression areas' DESC, 2.8.10).
 *
 * A ring belongs to one thread at a time; guest_vring_stats() may be called by any.
 */
#ifndef GUEST_VRING_H
#define GUEST_VRING_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_mem.h"

#define GUEST_VRING_MAX_SIZE 32768u
#define GUEST_VRING_F_INDIRECT_DESC (1ULL << 28) /**< virtio features that concern rings */
#define GUEST_VRING_F_EVENT_IDX (1ULL << 29)
#define GUEST_VRING_TABLE_LEN 4u /**< buffers of a chain that lies in a table of its own, at most */

struct guest_vring;

/** What a device can do wrong in the used ring. */
enum guest_vring_error {
	GUEST_VRING_OK,
	GUEST_VRING_ID_RANGE, /**< id not below the ring size */
	GUEST_VRING_NOT_POSTED, /**< id is not the head of a chain that was ever posted */
	GUEST_VRING_TWICE, /**< id was returned already and not posted again */
	GUEST_VRING_LENGTH, /**< more bytes than the chain's writable buffers hold */
	GUEST_VRING_INDEX_JUMP, /**< used index more than the ring size ahead; the ring is broken */
	GUEST_VRING_EVENT, /**< packed: event suppression with flags or an offset that cannot be */
	GUEST_VRING_NB_ERRORS,
};

/** "returned twice", for example; never NULL. */
const char *guest_vring_error_name(enum guest_vring_error error);

/** Account of the chains of one ring since its creation. posted = returned + reclaimed + in flight. */
struct guest_vring_stats {
	uint64_t posted;
	uint64_t indirect; /**< of these: in a table of their own */
	uint64_t returned; /**< by the device */
	uint64_t reclaimed; /**< taken back by guest_vring_take_back() */
	/** In flight, or taken back at last, although a chain posted later was returned. */
	uint64_t passed_over;
	uint64_t errors[GUEST_VRING_NB_ERRORS]; /**< by enum guest_vring_error */
};

struct guest_vring_attr {
	struct guest_mem *mem;
	uint16_t size; /**< entries, a power of two, at most GUEST_VRING_MAX_SIZE */
	uint64_t region; /**< where to allocate, GPA of a region or GUEST_MEM_ANY */
	bool packed;
	bool indirect; /**< INDIRECT_DESC was negotiated */
	bool event_idx; /**< EVENT_IDX was negotiated */
};

/** Guest physical addresses of the ring's three parts, and ours of the same (user addresses). Of a
 * packed ring @c avail is the driver's, @c used the device's event suppression area. */
struct guest_vring_addr {
	uint64_t desc_gpa, avail_gpa, used_gpa;
	void *desc, *avail, *used;
	uint16_t size;
};

/** One buffer of a chain. */
struct guest_vring_seg {
	uint64_t gpa;
	uint32_t len;
};

/** A chain: first the buffers that the device reads, then those that it writes. */
struct guest_vring_chain {
	const struct guest_vring_seg *segs;
	uint16_t nb_out; /**< read by the device */
	uint16_t nb_in; /**< written by the device */
	void *cookie; /**< comes back with it; not NULL */
	/** In a table of its own; ignored where the ring has none, or the table is too short. */
	bool indirect;
};

/** A chain that came back. */
struct guest_vring_used {
	void *cookie; /**< NULL when the entry names no chain in flight */
	uint32_t len; /**< bytes that the device says it wrote */
	uint32_t id; /**< as the device wrote it */
	uint64_t serial; /**< number of its posting, from 1 */
	enum guest_vring_error error; /**< LENGTH comes with a cookie: the chain is back */
};

/** Makes an empty ring, indices 0. @return 0, -EINVAL (size), -ENOMEM, -ENOENT (region). */
int guest_vring_create(const struct guest_vring_attr *attr, struct guest_vring **vring);

/** Frees it, posted chains are forgotten; NULL is fine. No device may use it any more. */
void guest_vring_destroy(struct guest_vring *vring);

void guest_vring_addr(const struct guest_vring *vring, struct guest_vring_addr *addr);

/** Free descriptors. */
uint16_t guest_vring_room(const struct guest_vring *vring);
/** Chains in flight. */
uint16_t guest_vring_in_flight(const struct guest_vring *vring);

/** Posts a chain; the device sees it after guest_vring_publish(). @return 0, -EINVAL, -ENOSPC. */
int guest_vring_add(struct guest_vring *vring, const struct guest_vring_chain *chain);

/** Was anything added that the device cannot see yet? */
bool guest_vring_has_new(const struct guest_vring *vring);

/** Shows the device all that was added. @return true when it wants a notification. */
bool guest_vring_publish(struct guest_vring *vring);

/**
 * Takes the next used entry. @return 1 and @p used, 0 when there is none, -EPROTO and @p used with
 * its error; after INDEX_JUMP the ring stays broken (every call fails), after others call again. A
 * packed ring is broken by every error but LENGTH.
 */
int guest_vring_get(struct guest_vring *vring, struct guest_vring_used *used);

/** Is there a used entry? */
bool guest_vring_has_used(const struct guest_vring *vring);

/**
 * Asks for an interrupt when @p nb more entries (packed: descriptors) were returned, at least 1, at
 * most what is in flight; without EVENT_IDX that is at the next one. @return true when so many came
 * meanwhile: look again.
 */
bool guest_vring_irq_after(struct guest_vring *vring, uint16_t nb);
/** Asks the device for interrupts. @return true when used entries came meanwhile: look again. */
bool guest_vring_irq_on(struct guest_vring *vring);
/** Asks the device to leave us alone (a hint only; with EVENT_IDX a split ring has no such wish, and
 * the place of the next interrupt is put as far away as can be). */
void guest_vring_irq_off(struct guest_vring *vring);

/** After the device was stopped: takes back one chain in flight. @return 1, or 0 at the end. */
int guest_vring_take_back(struct guest_vring *vring, struct guest_vring_used *used);

/** Available index (next to post) and used index (next to take), as the guest has them; indices of
 * packed rings carry the wrap counter in bit 15, as in vhost-user's SET_VRING_BASE. */
void guest_vring_indices(const struct guest_vring *vring, uint16_t *avail, uint16_t *used);

/** The index behind the last entry that the device has returned. */
uint16_t guest_vring_device_used(const struct guest_vring *vring);
/** Entries (packed: descriptors) from index @p from to index @p to. */
uint16_t guest_vring_distance(const struct guest_vring *vring, uint16_t from, uint16_t to);

/** The account; @c passed_over is right when the ring is at rest. */
void guest_vring_stats(struct guest_vring *vring, struct guest_vring_stats *stats);

#endif /* GUEST_VRING_H */
