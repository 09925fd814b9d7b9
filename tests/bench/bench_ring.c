/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: descriptor i always names buffer i, so a turn of a split ring is: read the
 * used index, look at the frames, write the available index. Devices that give chains back in
 * another order than they got them would be seen by the numbers; none of those measured here does.
 * A sender writes the number of each frame anew, so its cache line is modified in the guest's
 * cache as it would be by a real one; a receiver reads it.
 *
 * Layouts: virtio 1.2, 2.7 and 2.8.
 */
#include "bench_ring.h"

#include <endian.h>
#include <string.h>

#define F_WRITE 2u
#define F_AVAIL 0x80u
#define F_USED 0x8000u

struct split_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id, flags;
};

static int
alloc(struct guest_mem *mem, uint64_t size, uint64_t *gpa, uint8_t **hva)
{
	struct guest_mem_want want = { .size = size, .align = 4096, .region = GUEST_MEM_ANY };
	int ret = guest_mem_alloc(mem, &want, gpa);

	if (ret == 0)
		*hva = guest_mem_hva(mem, *gpa, size);
	return ret;
}

int
bench_ring_init(struct bench_ring *ring, struct guest_mem *mem, bool packed, bool receives)
{
	int ret;

	*ring = (struct bench_ring){ .packed = packed, .receives = receives };
	ret = alloc(mem, BENCH_RING_SIZE * 16, &ring->desc_gpa, &ring->desc);
	if (ret == 0)
		ret = alloc(mem, 4 + BENCH_RING_SIZE * 2, &ring->driver_gpa, &ring->driver);
	if (ret == 0)
		ret = alloc(mem, 4 + BENCH_RING_SIZE * 8, &ring->device_gpa, &ring->device);
	if (ret == 0)
		ret = alloc(mem, (uint64_t)BENCH_RING_SIZE * BENCH_BUF_SIZE, &ring->bufs_gpa,
				&ring->bufs);
	if (ret == 0) {
		/* No interrupts: both sides poll. */
		uint16_t off = htole16(1);

		memcpy(ring->driver + (packed ? 2 : 0), &off, sizeof(off));
	}
	return ret;
}

static uint8_t *
buf(const struct bench_ring *ring, uint32_t i)
{
	return ring->bufs + (size_t)i * BENCH_BUF_SIZE;
}

void
bench_ring_frames(struct bench_ring *ring, uint32_t len, uint8_t from, uint8_t to)
{
	/* To 02::x from 02::y, IPv4, UDP from port 1 to 9, without checksum. */
	const uint8_t head[] = { 2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 8, 0, 0x45, 0, 0, 0, 0, 0,
		0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 9, 0, 0, 0, 0 };
	uint16_t ip_len = htobe16((uint16_t)(len - 14)), udp_len = htobe16((uint16_t)(len - 34));
	uint32_t i;

	ring->frame_len = len;
	for (i = 0; i < BENCH_RING_SIZE; i++) {
		uint8_t *frame = buf(ring, i) + BENCH_HDR;

		memset(buf(ring, i), 0, BENCH_HDR + len);
		memcpy(frame, head, sizeof(head));
		memcpy(frame + 16, &ip_len, 2);
		memcpy(frame + 38, &udp_len, 2);
	}
}

void
bench_ring_addr(const struct bench_ring *ring, struct guest_vring_addr *addr)
{
	*addr = (struct guest_vring_addr){
		.desc_gpa = ring->desc_gpa,
		.avail_gpa = ring->driver_gpa,
		.used_gpa = ring->device_gpa,
		.desc = ring->desc,
		.avail = ring->driver,
		.used = ring->device,
		.size = BENCH_RING_SIZE,
	};
}

uint16_t
bench_ring_base(const struct bench_ring *ring)
{
	return ring->packed ? 0x8000 : 0;
}

/* A frame that is about to be offered, or that was received. */
static void
touch(struct bench_ring *ring, uint32_t i)
{
	uint8_t *at = buf(ring, i) + BENCH_HDR + BENCH_SEQ_OFF;
	uint64_t seq;

	if (!ring->receives) {
		memcpy(at, &ring->seq, sizeof(ring->seq));
		ring->seq++;
		return;
	}
	memcpy(&seq, at, sizeof(seq));
	if (seq < ring->seq)
		ring->wrong++;
	else
		ring->lost += seq - ring->seq;
	ring->seq = seq + 1;
}

static uint32_t
desc_len(const struct bench_ring *ring)
{
	return ring->receives ? BENCH_BUF_SIZE : BENCH_HDR + ring->frame_len;
}

/* --- split ---------------------------------------------------------------------------------- */

static unsigned int
split_turn(struct bench_ring *ring, unsigned int max)
{
	uint16_t idx = le16toh(__atomic_load_n((uint16_t *)(ring->device + 2), __ATOMIC_ACQUIRE));
	unsigned int nb = (uint16_t)(idx - ring->used), i;

	if (nb > max)
		nb = max;
	for (i = 0; i < nb; i++) {
		uint32_t id;

		memcpy(&id, ring->device + 4 + (ring->used++ % BENCH_RING_SIZE) * 8, sizeof(id));
		id = le32toh(id) % BENCH_RING_SIZE;
		touch(ring, id);
		((uint16_t *)(ring->driver + 4))[ring->avail++ % BENCH_RING_SIZE] =
				htole16((uint16_t)id);
	}
	if (nb != 0)
		__atomic_store_n((uint16_t *)(ring->driver + 2), htole16(ring->avail),
				__ATOMIC_RELEASE);
	return nb;
}

static void
split_fill(struct bench_ring *ring, uint32_t nb)
{
	uint32_t i;

	for (i = 0; i < BENCH_RING_SIZE; i++) {
		struct split_desc desc = {
			.addr = htole64(ring->bufs_gpa + (uint64_t)i * BENCH_BUF_SIZE),
			.len = htole32(desc_len(ring)),
			.flags = htole16(ring->receives ? F_WRITE : 0),
		};

		memcpy(ring->desc + i * sizeof(desc), &desc, sizeof(desc));
		if (!ring->receives)
			touch(ring, i);
		((uint16_t *)(ring->driver + 4))[i] = htole16((uint16_t)i);
	}
	ring->avail = (uint16_t)nb;
	__atomic_store_n((uint16_t *)(ring->driver + 2), htole16(ring->avail), __ATOMIC_RELEASE);
}

/* --- packed --------------------------------------------------------------------------------- */

static void
packed_offer(struct bench_ring *ring, uint32_t id)
{
	struct packed_desc *desc = (struct packed_desc *)ring->desc + ring->avail % BENCH_RING_SIZE;
	uint16_t flags = ring->avail / BENCH_RING_SIZE % 2 == 0 ? F_AVAIL : F_USED;

	desc->addr = htole64(ring->bufs_gpa + (uint64_t)id * BENCH_BUF_SIZE);
	desc->len = htole32(desc_len(ring));
	desc->id = htole16((uint16_t)id);
	__atomic_store_n(&desc->flags, htole16(flags | (ring->receives ? F_WRITE : 0)),
			__ATOMIC_RELEASE);
	ring->avail++;
}

static unsigned int
packed_turn(struct bench_ring *ring, unsigned int max)
{
	unsigned int nb;

	for (nb = 0; nb < max; nb++) {
		struct packed_desc *desc =
				(struct packed_desc *)ring->desc + ring->used % BENCH_RING_SIZE;
		uint16_t flags = le16toh(__atomic_load_n(&desc->flags, __ATOMIC_ACQUIRE));
		uint16_t want = ring->used / BENCH_RING_SIZE % 2 == 0 ? F_AVAIL | F_USED : 0;
		uint32_t id;

		if ((flags & (F_AVAIL | F_USED)) != want)
			break;
		id = le16toh(desc->id) % BENCH_RING_SIZE;
		ring->used++;
		touch(ring, id);
		packed_offer(ring, id);
	}
	return nb;
}

static void
packed_fill(struct bench_ring *ring, uint32_t nb)
{
	uint32_t i;

	for (i = 0; i < nb; i++) {
		if (!ring->receives)
			touch(ring, i);
		packed_offer(ring, i);
	}
}

/* -------------------------------------------------------------------------------------------- */

unsigned int
bench_ring_turn(struct bench_ring *ring, unsigned int max)
{
	return ring->packed ? packed_turn(ring, max) : split_turn(ring, max);
}

void
bench_ring_fill(struct bench_ring *ring, uint32_t nb)
{
	if (ring->packed)
		packed_fill(ring, nb);
	else
		split_fill(ring, nb);
}

bool
bench_ring_wants_kick(const struct bench_ring *ring)
{
	uint16_t flags;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flags = le16toh(__atomic_load_n((uint16_t *)(ring->device + (ring->packed ? 2 : 0)),
			__ATOMIC_RELAXED));
	return (flags & 3) != 1;
}
