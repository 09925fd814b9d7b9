/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a pass moves what can be moved; when one moves nothing, the thread tells each
 * ring at which place it wants the next kick, looks once more, and sleeps on one eventfd that all
 * kicks write. A place is an index without end here (64 bits); what is in a packed ring follows from
 * it: entry = place % size, wrap counter = 1 in even rounds.
 */
#include <endian.h>
#include <linux/virtio_ring.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "soft_switch.h"

#define SOFT_MAX_SEGS 8u
#define SOFT_MAX_CHAINS 64u
#define SOFT_FRAME_MAX 4096u
#define SOFT_AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define SOFT_USED (1u << VRING_PACKED_DESC_F_USED)

struct soft_queue {
	struct guest_vring_addr addr;
	struct guest_mem *mem;
	uint64_t next_avail, next_used, told; /* places; told: used at the last look at the wish */
	int call_fd;
};

struct soft_chain {
	uint32_t id, len, nb_desc, nb_segs;
	struct {
		uint8_t *hva;
		uint32_t len;
	} segs[SOFT_MAX_SEGS];
};

struct soft_switch {
	struct soft_switch_attr attr;
	pthread_t thread;
	int kick_fd;
	bool quit; /* atomic */
	int held; /* atomic; side, -1: none */
	uint64_t raised, spared; /* atomic */
	uint64_t nb_frames;
	struct soft_queue queues[2][SOFT_SWITCH_MAX_QUEUES];
};

static bool
soft_wrap(const struct soft_queue *q, uint64_t place)
{
	return place / q->addr.size % 2 == 0;
}

static bool
soft_has(const struct soft_switch *sw, uint64_t feature)
{
	return (sw->attr.features & feature) != 0;
}

/* --- taking chains -------------------------------------------------------------------------- */

static void
soft_add_seg(struct soft_queue *q, struct soft_chain *chain, uint64_t gpa, uint32_t len)
{
	if (chain->nb_segs == SOFT_MAX_SEGS)
		abort();
	chain->segs[chain->nb_segs].hva = guest_mem_hva(q->mem, le64toh(gpa), le32toh(len));
	if (chain->segs[chain->nb_segs].hva == NULL)
		abort();
	chain->segs[chain->nb_segs++].len = le32toh(len);
	chain->len += le32toh(len);
}

static void
soft_add_split(struct soft_queue *q, struct soft_chain *chain, const struct vring_desc *table,
		uint16_t at)
{
	for (;; at = le16toh(table[at].next)) {
		soft_add_seg(q, chain, table[at].addr, table[at].len);
		if (!(le16toh(table[at].flags) & VRING_DESC_F_NEXT))
			return;
	}
}

static bool
soft_take_split(struct soft_queue *q, struct soft_chain *chain)
{
	struct vring_avail *avail = q->addr.avail;
	struct vring_desc *descs = q->addr.desc, *desc;

	if (le16toh(__atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE)) == (uint16_t)q->next_avail)
		return false;
	*chain = (struct soft_chain){ .nb_desc = 1 };
	chain->id = le16toh(avail->ring[q->next_avail % q->addr.size]);
	desc = &descs[chain->id];
	if (le16toh(desc->flags) & VRING_DESC_F_INDIRECT)
		soft_add_split(q, chain,
				guest_mem_hva(q->mem, le64toh(desc->addr), le32toh(desc->len)), 0);
	else
		soft_add_split(q, chain, descs, (uint16_t)chain->id);
	q->next_avail++;
	return true;
}

static void
soft_add_packed(struct soft_queue *q, struct soft_chain *chain,
		const struct vring_packed_desc *desc)
{
	const struct vring_packed_desc *table;

	if (!(le16toh(desc->flags) & VRING_DESC_F_INDIRECT)) {
		soft_add_seg(q, chain, desc->addr, desc->len);
		return;
	}
	table = guest_mem_hva(q->mem, le64toh(desc->addr), le32toh(desc->len));
	for (uint32_t i = 0; i < le32toh(desc->len) / sizeof(*table); i++)
		soft_add_seg(q, chain, table[i].addr, table[i].len);
}

static bool
soft_take_packed(struct soft_queue *q, struct soft_chain *chain)
{
	struct vring_packed_desc *descs = q->addr.desc,
				 *desc = &descs[q->next_avail % q->addr.size];
	uint16_t flags = le16toh(__atomic_load_n(&desc->flags, __ATOMIC_ACQUIRE));
	bool wrap = soft_wrap(q, q->next_avail);

	if (!!(flags & SOFT_AVAIL) != wrap || !!(flags & SOFT_USED) == wrap)
		return false;
	*chain = (struct soft_chain){ 0 };
	do {
		desc = &descs[q->next_avail++ % q->addr.size];
		soft_add_packed(q, chain, desc);
		chain->id = le16toh(desc->id);
		chain->nb_desc++;
	} while (le16toh(desc->flags) & VRING_DESC_F_NEXT);
	return true;
}

static bool
soft_take(const struct soft_switch *sw, struct soft_queue *q, struct soft_chain *chain)
{
	return sw->attr.packed ? soft_take_packed(q, chain) : soft_take_split(q, chain);
}

/* --- returning them ------------------------------------------------------------------------- */

/* Writes @chain as used at @place, with @len bytes written. */
static void
soft_write_used(const struct soft_switch *sw, struct soft_queue *q, uint64_t place,
		const struct soft_chain *chain, uint32_t len)
{
	struct vring_packed_desc *desc = q->addr.desc;
	struct vring_used *used = q->addr.used;
	uint16_t flags = soft_wrap(q, place) ? SOFT_AVAIL | SOFT_USED : 0;

	if (!sw->attr.packed) {
		used->ring[place % q->addr.size] =
				(struct vring_used_elem){ htole32(chain->id), htole32(len) };
		return;
	}
	desc += place % q->addr.size;
	desc->id = htole16((uint16_t)chain->id);
	desc->len = htole32(len);
	__atomic_store_n(&desc->flags,
			htole16((uint16_t)(flags | (len != 0 ? VRING_DESC_F_WRITE : 0))),
			__ATOMIC_RELEASE);
}

/* Returns @nb chains at once: the first one last, so that all are there when it is. */
static void
soft_return(const struct soft_switch *sw, struct soft_queue *q, const struct soft_chain *chains,
		const uint32_t *lens, unsigned int nb)
{
	struct vring_used *used = q->addr.used;
	uint64_t places[SOFT_MAX_CHAINS];

	for (unsigned int i = 0; i < nb; i++) {
		places[i] = q->next_used;
		q->next_used += chains[i].nb_desc;
	}
	while (nb-- > 0)
		soft_write_used(sw, q, places[nb], &chains[nb], lens[nb]);
	if (!sw->attr.packed)
		__atomic_store_n(&used->idx, htole16((uint16_t)q->next_used), __ATOMIC_RELEASE);
}

/* Does the driver want to know of the places from q->told on? */
static bool
soft_wanted(const struct soft_switch *sw, const struct soft_queue *q)
{
	const struct vring_packed_desc_event *event = q->addr.avail;
	const struct vring_avail *avail = q->addr.avail;
	uint16_t at, flags;

	if (sw->attr.packed) {
		flags = le16toh(__atomic_load_n(&event->flags, __ATOMIC_ACQUIRE));
		if (flags != VRING_PACKED_EVENT_FLAG_DESC)
			return flags == VRING_PACKED_EVENT_FLAG_ENABLE;
		at = le16toh(__atomic_load_n(&event->off_wrap, __ATOMIC_RELAXED));
	} else if (soft_has(sw, GUEST_VRING_F_EVENT_IDX)) {
		at = le16toh(__atomic_load_n(&avail->ring[q->addr.size], __ATOMIC_RELAXED));
	} else {
		flags = le16toh(__atomic_load_n(&avail->flags, __ATOMIC_RELAXED));
		return (flags & VRING_AVAIL_F_NO_INTERRUPT) == 0;
	}
	for (uint64_t place = q->told; place < q->next_used; place++)
		if (at ==
				(sw->attr.packed ? place % q->addr.size | soft_wrap(q, place) << 15 :
						   (uint16_t)place))
			return true;
	return false;
}

static void
soft_interrupt(struct soft_switch *sw, struct soft_queue *q)
{
	uint64_t one = 1;

	if (q->told == q->next_used)
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!soft_wanted(sw, q))
		__atomic_fetch_add(&sw->spared, 1, __ATOMIC_RELAXED);
	else if (write(q->call_fd, &one, sizeof(one)) > 0)
		__atomic_fetch_add(&sw->raised, 1, __ATOMIC_RELAXED);
	q->told = q->next_used;
}

/* --- frames --------------------------------------------------------------------------------- */

static uint32_t
soft_read(const struct soft_chain *chain, uint8_t *frame)
{
	uint32_t len = 0;

	for (unsigned int i = 0; i < chain->nb_segs; len += chain->segs[i++].len) {
		if (len + chain->segs[i].len > SOFT_FRAME_MAX)
			abort();
		memcpy(frame + len, chain->segs[i].hva, chain->segs[i].len);
	}
	return len;
}

/* Puts a frame into as many chains as it takes. @return false when there are too few. */
static bool
soft_deliver(struct soft_switch *sw, struct soft_queue *rx, uint8_t *frame, uint32_t len)
{
	struct soft_chain chains[SOFT_MAX_CHAINS];
	uint64_t begin = rx->next_avail;
	uint32_t lens[SOFT_MAX_CHAINS], room = 0, done = 0;
	unsigned int nb = 0;

	do {
		if (nb == SOFT_MAX_CHAINS || !soft_take(sw, rx, &chains[nb])) {
			rx->next_avail = begin;
			return false;
		}
		room += chains[nb++].len;
	} while (room < len && soft_has(sw, GUEST_NET_F_MRG_RXBUF));
	if (room < len)
		abort();
	memset(frame, 0, GUEST_NET_HDR_LEN);
	frame[10] = (uint8_t)nb;
	for (unsigned int i = 0; i < nb; i++) {
		lens[i] = len - done < chains[i].len ? len - done : chains[i].len;
		memcpy(chains[i].segs[0].hva, frame + done, lens[i]);
		done += lens[i];
	}
	soft_return(sw, rx, chains, lens, nb);
	return true;
}

static bool
soft_forward(struct soft_switch *sw, struct soft_queue *tx, struct soft_queue *rx)
{
	static const uint32_t nothing = 0;
	uint8_t frame[SOFT_FRAME_MAX];
	uint64_t begin = tx->next_avail;
	struct soft_chain chain;
	uint32_t len;

	if (!soft_take(sw, tx, &chain))
		return false;
	len = soft_read(&chain, frame);
	if (sw->nb_frames + 1 == sw->attr.tear_at)
		frame[len - 1] ^= 1;
	if (!soft_deliver(sw, rx, frame, len)) {
		tx->next_avail = begin;
		return false;
	}
	sw->nb_frames++;
	soft_return(sw, tx, &chain, &nothing, 1);
	return true;
}

static bool
soft_pass(struct soft_switch *sw)
{
	bool moved = false;

	for (unsigned int side = 0; side < 2; side++) {
		for (unsigned int i = 0; i < sw->attr.nb_pairs; i++) {
			struct soft_queue *tx = &sw->queues[side][2 * i + 1];
			struct soft_queue *rx = &sw->queues[1 - side][2 * i];

			if (__atomic_load_n(&sw->held, __ATOMIC_ACQUIRE) == (int)side)
				continue;
			while (soft_forward(sw, tx, rx))
				moved = true;
			soft_interrupt(sw, rx);
			soft_interrupt(sw, tx);
		}
	}
	return moved;
}

/* --- life ----------------------------------------------------------------------------------- */

/* Asks for a kick at the next place of each ring. */
static void
soft_want_kicks(struct soft_switch *sw)
{
	for (unsigned int i = 0; i < 2 * 2 * sw->attr.nb_pairs; i++) {
		struct soft_queue *q = &sw->queues[i % 2][i / 2];
		struct vring_packed_desc_event *event = q->addr.used;
		struct vring_used *used = q->addr.used;
		uint16_t *avail_event = (uint16_t *)(void *)&used->ring[q->addr.size];

		if (!soft_has(sw, GUEST_VRING_F_EVENT_IDX))
			continue;
		if (!sw->attr.packed) {
			__atomic_store_n(avail_event, htole16((uint16_t)q->next_avail),
					__ATOMIC_RELAXED);
			continue;
		}
		__atomic_store_n(&event->off_wrap,
				htole16((uint16_t)(q->next_avail % q->addr.size |
						soft_wrap(q, q->next_avail) << 15)),
				__ATOMIC_RELAXED);
		__atomic_store_n(&event->flags, htole16(VRING_PACKED_EVENT_FLAG_DESC),
				__ATOMIC_RELEASE);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void *
soft_main(void *arg)
{
	struct soft_switch *sw = arg;
	uint64_t count;

	while (!__atomic_load_n(&sw->quit, __ATOMIC_ACQUIRE)) {
		if (soft_pass(sw))
			continue;
		soft_want_kicks(sw);
		if (!soft_pass(sw) && read(sw->kick_fd, &count, sizeof(count)) < 0)
			perror("soft switch");
	}
	return NULL;
}

struct soft_switch *
soft_switch_start(const struct soft_switch_attr *attr)
{
	struct soft_switch *sw = calloc(1, sizeof(*sw));

	if (sw == NULL)
		abort();
	sw->attr = *attr;
	sw->held = -1;
	sw->kick_fd = eventfd(0, EFD_CLOEXEC);
	for (unsigned int i = 0; i < 2 * 2 * attr->nb_pairs; i++) {
		const struct soft_switch_side *side = &attr->sides[i % 2];
		struct soft_queue *q = &sw->queues[i % 2][i / 2];

		guest_vring_addr(guest_net_ring(side->net, i / 2), &q->addr);
		q->mem = side->mem;
		q->call_fd = side->call_fds[i / 2];
	}
	if (sw->kick_fd < 0 || pthread_create(&sw->thread, NULL, soft_main, sw) != 0)
		abort();
	return sw;
}

void
soft_switch_stop(struct soft_switch *sw)
{
	__atomic_store_n(&sw->quit, true, __ATOMIC_RELEASE);
	soft_switch_kick(sw);
	pthread_join(sw->thread, NULL);
	close(sw->kick_fd);
	free(sw);
}

void
soft_switch_kick(struct soft_switch *sw)
{
	uint64_t one = 1;

	if (sw != NULL && write(sw->kick_fd, &one, sizeof(one)) < 0)
		abort();
}

void
soft_switch_hold(struct soft_switch *sw, unsigned int side)
{
	__atomic_store_n(&sw->held, (int)side, __ATOMIC_RELEASE);
}

void
soft_switch_release(struct soft_switch *sw)
{
	__atomic_store_n(&sw->held, -1, __ATOMIC_RELEASE);
	soft_switch_kick(sw);
}

void
soft_switch_interrupts(struct soft_switch *sw, uint64_t *raised, uint64_t *spared)
{
	*raised = __atomic_load_n(&sw->raised, __ATOMIC_RELAXED);
	*spared = __atomic_load_n(&sw->spared, __ATOMIC_RELAXED);
}
