/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver against a device that is written by hand, entry by entry. */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "guest_net.h"

#define SIZE 8

static struct guest_mem *mem;
static struct guest_pool *pool;
static struct guest_net *net;
static unsigned int nb_kicks[2], nb_frames, nb_abandoned;
static size_t last_len;
static uint8_t last_byte, last_frame[256];
static uint64_t abandoned_seq;

static void
on_kick(void *arg, unsigned int queue)
{
	nb_kicks[queue]++;
}

static void
on_abandon(void *arg, uint32_t stream, uint64_t seq)
{
	nb_abandoned++;
	abandoned_seq = seq;
}

static void
on_frame(void *arg, unsigned int pair, const uint8_t *frame, size_t len)
{
	nb_frames++;
	last_len = len;
	last_byte = frame[len - 1];
	memcpy(last_frame, frame, len < sizeof(last_frame) ? len : sizeof(last_frame));
}

static int
setup(void **state)
{
	struct guest_net_attr attr = {
		.name = "t",
		.nb_pairs = 1,
		.ring_size = SIZE,
		.ring_region = GUEST_MEM_ANY,
		.kick = on_kick,
		.abandon = on_abandon,
	};

	nb_kicks[0] = nb_kicks[1] = nb_frames = nb_abandoned = 0;
	if (guest_mem_create(NULL, &mem) != 0 || guest_mem_add_ram(mem, 1 << 20) != 0 ||
			guest_pool_create(mem, GUEST_MEM_ANY, 2 * SIZE, &pool) != 0)
		return -1;
	attr.mem = mem;
	if (guest_net_create(&attr, &net) != 0)
		return -1;
	guest_net_use_pool(net, pool);
	guest_net_rx_fill(net, 0);
	return 0;
}

static int
teardown(void **state)
{
	guest_net_destroy(net);
	guest_pool_destroy(pool);
	guest_mem_destroy(mem);
	return 0;
}

/* Descriptor @nth of what was posted on @queue. */
static struct vring_desc *
posted(unsigned int queue, unsigned int nth, uint16_t *head)
{
	struct guest_vring_addr addr;
	struct vring_avail *avail;

	guest_vring_addr(guest_net_ring(net, queue), &addr);
	avail = addr.avail;
	*head = le16toh(avail->ring[nth % SIZE]);
	return &((struct vring_desc *)addr.desc)[*head];
}

static void
give_back(unsigned int queue, uint32_t id, uint32_t len)
{
	struct guest_vring_addr addr;
	struct vring_used *used;
	uint16_t idx;

	guest_vring_addr(guest_net_ring(net, queue), &addr);
	used = addr.used;
	idx = le16toh(used->idx);
	used->ring[idx % SIZE] = (struct vring_used_elem){ htole32(id), htole32(len) };
	__atomic_store_n(&used->idx, htole16((uint16_t)(idx + 1)), __ATOMIC_RELEASE);
}

static struct guest_net_stats
stats_of(unsigned int queue)
{
	struct guest_net_stats stats;

	guest_net_stats(net, queue, &stats);
	return stats;
}

static void
test_receive(void **state)
{
	uint16_t head;
	struct vring_desc *desc = posted(0, 0, &head);
	uint8_t *buf = guest_mem_hva(mem, le64toh(desc->addr), GUEST_POOL_SLOT_SIZE);

	assert_int_equal(nb_kicks[0], 1);
	assert_int_equal(le32toh(desc->len), GUEST_POOL_SLOT_SIZE);
	assert_int_equal(le16toh(desc->flags), VRING_DESC_F_WRITE);
	assert_int_equal(stats_of(0).ring.posted, SIZE);
	memset(buf, 0, GUEST_NET_HDR_LEN);
	buf[10] = 1;
	buf[GUEST_NET_HDR_LEN + 59] = 0x77;
	give_back(0, head, GUEST_NET_HDR_LEN + 60);
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 1);
	assert_int_equal(nb_frames, 1);
	assert_int_equal(last_len, 60);
	assert_int_equal(last_byte, 0x77);
	assert_int_equal(stats_of(0).frames, 1);
	assert_int_equal(stats_of(0).odd_header, 0);
	assert_int_equal(stats_of(0).ring.posted, SIZE + 1); /* filled again */
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 0);
}

static void
test_bad_receive_entries_are_not_delivered(void **state)
{
	uint16_t head;
	uint8_t *buf;

	posted(0, 0, &head);
	give_back(0, head, GUEST_NET_HDR_LEN + 13); /* no whole Ethernet header */
	give_back(0, SIZE, 100);
	give_back(0, head, 100); /* is back already */
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 3);
	posted(0, 1, &head);
	give_back(0, head, GUEST_POOL_SLOT_SIZE + 1);
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 1);
	assert_int_equal(nb_frames, 0);
	assert_int_equal(stats_of(0).short_used, 1);
	assert_int_equal(stats_of(0).ring.errors[GUEST_VRING_ID_RANGE], 1);
	assert_int_equal(stats_of(0).ring.errors[GUEST_VRING_TWICE], 1);
	assert_int_equal(stats_of(0).ring.errors[GUEST_VRING_LENGTH], 1);
	/* a header that says what was not negotiated is counted, the frame is delivered */
	buf = guest_mem_hva(mem, le64toh(posted(0, 2, &head)->addr), GUEST_POOL_SLOT_SIZE);
	memset(buf, 0, GUEST_NET_HDR_LEN);
	buf[1] = 1; /* GSO */
	give_back(0, head, 200);
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 1);
	assert_int_equal(stats_of(0).odd_header, 1);
	assert_int_equal(nb_frames, 1);
}

static void
send_one(uint64_t seq, uint32_t len)
{
	struct guest_slot *slot = guest_net_tx_begin(net, 0);

	assert_non_null(slot);
	slot->stream = 1;
	slot->seq = seq;
	memset(guest_net_tx_frame(slot), (int)seq, len);
	guest_net_tx_post(net, 0, slot, len);
}

static void
test_transmit_in_both_layouts(void **state)
{
	struct vring_desc *desc, *second;
	struct guest_vring_addr addr;
	uint16_t head;

	send_one(0, 60);
	send_one(1, 70);
	assert_int_equal(nb_kicks[1], 0);
	guest_net_tx_flush(net, 0);
	assert_int_equal(nb_kicks[1], 1);
	desc = posted(1, 0, &head);
	assert_int_equal(le32toh(desc->len), GUEST_NET_HDR_LEN + 60);
	assert_int_equal(desc->flags, 0);
	give_back(1, head, 0);
	desc = posted(1, 1, &head);
	guest_vring_addr(guest_net_ring(net, 1), &addr);
	assert_int_equal(le32toh(desc->len), GUEST_NET_HDR_LEN);
	assert_int_equal(le16toh(desc->flags), VRING_DESC_F_NEXT);
	second = &((struct vring_desc *)addr.desc)[le16toh(desc->next)];
	assert_int_equal(le32toh(second->len), 70);
	assert_int_equal(second->flags, 0);
	assert_int_equal(guest_net_tx_reap(net, 0), 1);
	assert_int_equal(stats_of(1).frames, 1);
	assert_int_equal(stats_of(1).bytes, 130);
}

static void
test_full_transmit_ring(void **state)
{
	uint64_t seq = 0;
	unsigned int room;

	while ((room = guest_net_tx_room(net, 0)) > 0)
		for (unsigned int i = 0; i < room; i++)
			send_one(seq++, 60);
	assert_true(seq >= 3);
	assert_null(guest_net_tx_begin(net, 0));
}

static void
test_reset_tells_what_it_took_back(void **state)
{
	uint16_t head, avail, used;

	for (uint64_t seq = 0; seq < 3; seq++)
		send_one(seq, 60);
	guest_net_tx_flush(net, 0);
	posted(1, 0, &head);
	give_back(1, head, 0); /* returned, but not looked at yet */
	posted(1, 1, &head);
	give_back(1, head, 0);
	assert_int_equal(guest_net_reset(net), 0);
	assert_int_equal(nb_abandoned, 1);
	assert_int_equal(abandoned_seq, 2);
	guest_vring_indices(guest_net_ring(net, 1), &avail, &used);
	assert_int_equal(avail, 0);
	assert_int_equal(used, 0);
	assert_int_equal(stats_of(1).ring.posted, 3);
	assert_int_equal(stats_of(1).ring.returned, 2);
	assert_int_equal(stats_of(1).ring.reclaimed, 1);
	assert_int_equal(stats_of(0).ring.reclaimed, SIZE);
	guest_net_rx_fill(net, 0);
	assert_int_equal(stats_of(0).ring.posted, 2 * SIZE);
}

/* --- mergeable receive buffers ---------------------------------------------------------------- */

#define SMALL 64u /* bytes of a mergeable buffer here */

/* The driver with small buffers that merge; eight are posted, and their heads are in order. */
static void
merge_begin(void)
{
	assert_int_equal(guest_net_negotiated(net, GUEST_NET_F_MRG_RXBUF, SMALL), 0);
	guest_net_rx_fill(net, 0);
}

/* The device's header in the buffer of the @nth posting, and its frame bytes, which count up. */
static uint16_t
merge_write(unsigned int nth, uint16_t nb_buffers)
{
	uint16_t head;
	struct vring_desc *desc = posted(0, nth, &head);
	uint8_t *buf = guest_mem_hva(mem, le64toh(desc->addr), SMALL);

	assert_int_equal(le32toh(desc->len), SMALL);
	for (unsigned int i = 0; i < SMALL; i++)
		buf[i] = (uint8_t)(nth * SMALL + i);
	if (nb_buffers != UINT16_MAX) {
		memset(buf, 0, GUEST_NET_HDR_LEN);
		buf[10] = (uint8_t)nb_buffers;
		buf[11] = (uint8_t)(nb_buffers >> 8);
	}
	return head;
}

#define MIDDLE UINT16_MAX /* a buffer without a header */

static void
test_frame_over_several_buffers(void **state)
{
	merge_begin();
	for (unsigned int round = 0; round < 3; round++) {
		unsigned int nth = round * 3;

		give_back(0, merge_write(nth, 3), SMALL);
		give_back(0, merge_write(nth + 1, MIDDLE), SMALL);
		give_back(0, merge_write(nth + 2, MIDDLE), 10);
		assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 1);
		assert_int_equal(nb_frames, round + 1);
		assert_int_equal(last_len, 2 * SMALL - GUEST_NET_HDR_LEN + 10);
		for (unsigned int i = 0; i < last_len; i++)
			assert_int_equal(last_frame[i],
					(uint8_t)(nth * SMALL + GUEST_NET_HDR_LEN + i));
	}
	assert_int_equal(stats_of(0).merged, 3);
	assert_int_equal(stats_of(0).merge_errors + stats_of(0).odd_header, 0);
	assert_int_equal(stats_of(0).ring.returned, 9);
	/* one that fits into a buffer is one */
	give_back(0, merge_write(9, 1), SMALL);
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 1);
	assert_int_equal(last_len, SMALL - GUEST_NET_HDR_LEN);
	assert_int_equal(stats_of(0).merged, 3);
}

/* Each row is one frame of up to three buffers; the one after it must be delivered again. */
static void
test_hostile_merging(void **state)
{
	static const struct {
		const char *what;
		uint16_t nb_buffers;
		unsigned int nb_used;
		uint32_t lens[3];
		uint64_t frames, merge_errors, odd_headers, shorts, lengths;
	} rows[] = {
		{ "good", 2, 2, { SMALL, 30 }, 1, 0, 0, 0, 0 },
		{ "one missing", 3, 2, { SMALL, SMALL }, 0, 1, 0, 0, 0 },
		{ "all but the first missing", 3, 1, { SMALL }, 0, 1, 0, 0, 0 },
		{ "no buffers", 0, 1, { SMALL }, 1, 0, 1, 0, 0 },
		{ "more than the ring", SIZE + 1, 1, { SMALL }, 1, 0, 1, 0, 0 },
		{ "as many as can be said", 0xfffe, 1, { SMALL }, 1, 0, 1, 0, 0 },
		{ "an empty piece", 3, 3, { SMALL, 0, SMALL }, 0, 1, 0, 0, 0 },
		{ "a piece too long", 3, 3, { SMALL, SMALL + 1, 5 }, 0, 1, 0, 0, 1 },
		{ "a header alone, then the frame", 2, 2, { GUEST_NET_HDR_LEN, 40 }, 1, 0, 0, 0,
				0 },
		{ "less than a header", 2, 1, { GUEST_NET_HDR_LEN - 1 }, 0, 0, 0, 1, 0 },
		{ "less than an Ethernet header", 2, 2, { GUEST_NET_HDR_LEN + 5, 8 }, 0, 0, 0, 1,
				0 },
	};

	for (unsigned int row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct guest_net_stats before, after;
		unsigned int nth;

		merge_begin();
		/* new rings for each row */
		assert_int_equal(guest_net_reset(net), 0);
		guest_net_rx_fill(net, 0);
		before = stats_of(0);
		for (nth = 0; nth < rows[row].nb_used; nth++)
			give_back(0, merge_write(nth, nth == 0 ? rows[row].nb_buffers : MIDDLE),
					rows[row].lens[nth]);
		nb_frames = 0;
		guest_net_rx(net, 0, 10, on_frame, NULL);
		after = stats_of(0);
		assert_int_equal(nb_frames, rows[row].frames);
		assert_int_equal(after.frames - before.frames, rows[row].frames);
		assert_int_equal(after.merge_errors - before.merge_errors, rows[row].merge_errors);
		assert_int_equal(after.odd_header - before.odd_header, rows[row].odd_headers);
		assert_int_equal(after.short_used - before.short_used, rows[row].shorts);
		assert_int_equal(after.ring.errors[GUEST_VRING_LENGTH] -
						before.ring.errors[GUEST_VRING_LENGTH],
				rows[row].lengths);
		assert_int_equal(after.ring.returned - before.ring.returned, rows[row].nb_used);
		give_back(0, merge_write(nth, 1), SMALL);
		assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 1);
		assert_int_equal(nb_frames, rows[row].frames + 1);
		print_message("%s\n", rows[row].what);
	}
}

/* A used index that jumps in the middle of a frame: the ring is broken, and nothing else. */
static void
test_ring_breaks_within_a_frame(void **state)
{
	struct guest_vring_addr addr;
	struct vring_used *used;

	merge_begin();
	give_back(0, merge_write(0, 3), SMALL);
	give_back(0, SIZE + 1, SMALL);
	guest_vring_addr(guest_net_ring(net, 0), &addr);
	used = addr.used;
	used->ring[2] = (struct vring_used_elem){ htole32(0xffffffff), 0 };
	used->idx = htole16(SIZE);
	assert_int_equal(guest_net_rx(net, 0, 1, on_frame, NULL), 1);
	assert_int_equal(nb_frames, 0);
	assert_int_equal(stats_of(0).merge_errors, 1);
	assert_int_equal(stats_of(0).ring.errors[GUEST_VRING_ID_RANGE], 2);
	used->idx = htole16(3 + SIZE + 1);
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 0);
	assert_int_equal(stats_of(0).ring.errors[GUEST_VRING_INDEX_JUMP], 1);
}

/* Returns the buffer at @place of the first round of a packed ring. */
static void
packed_give_back(unsigned int place, uint16_t id, uint32_t len)
{
	struct vring_packed_desc *desc;
	struct guest_vring_addr addr;

	guest_vring_addr(guest_net_ring(net, 0), &addr);
	desc = (struct vring_packed_desc *)addr.desc + place;
	desc->id = htole16(id);
	desc->len = htole32(len);
	__atomic_store_n(&desc->flags,
			htole16(1u << VRING_PACKED_DESC_F_AVAIL | 1u << VRING_PACKED_DESC_F_USED |
					VRING_DESC_F_WRITE),
			__ATOMIC_RELEASE);
}

/* The header of a frame of @nb buffers that begins at @place; @return the buffer's id. */
static uint16_t
packed_header(unsigned int place, uint8_t nb)
{
	struct vring_packed_desc *desc;
	struct guest_vring_addr addr;
	uint8_t *buf;

	guest_vring_addr(guest_net_ring(net, 0), &addr);
	desc = (struct vring_packed_desc *)addr.desc + place;
	buf = guest_mem_hva(mem, le64toh(desc->addr), GUEST_NET_HDR_LEN);
	memset(buf, 0, GUEST_NET_HDR_LEN);
	buf[10] = nb;
	return le16toh(desc->id);
}

/* On a packed ring: a good frame, one with a piece missing, and a piece that is no buffer, after which
 * nobody knows where the ring goes on. */
static void
test_merging_on_a_packed_ring(void **state)
{
	struct guest_net_attr attr = {
		.name = "t",
		.mem = mem,
		.nb_pairs = 1,
		.ring_size = SIZE,
		.packed = true,
		.features = GUEST_NET_F_MRG_RXBUF,
		.rx_buffer = SMALL,
		.ring_region = GUEST_MEM_ANY,
		.kick = on_kick,
	};
	uint16_t ids[SIZE];

	guest_net_destroy(net);
	assert_int_equal(guest_net_create(&attr, &net), 0);
	guest_net_use_pool(net, pool);
	guest_net_rx_fill(net, 0);
	for (unsigned int i = 0; i < SIZE; i++)
		ids[i] = packed_header(i, (uint8_t[]){ 2, 0, 3, 0, 2, 0, 0, 0 }[i]);
	packed_give_back(1, ids[1], 30);
	packed_give_back(0, ids[0], SMALL);
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 1);
	assert_int_equal(nb_frames, 1);
	assert_int_equal(last_len, SMALL - GUEST_NET_HDR_LEN + 30);
	packed_give_back(3, ids[3], SMALL);
	packed_give_back(2, ids[2], SMALL);
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 1);
	assert_int_equal(nb_frames, 1);
	assert_int_equal(stats_of(0).merge_errors, 1);
	packed_give_back(5, SIZE, SMALL);
	packed_give_back(4, ids[4], SMALL);
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 1);
	assert_int_equal(nb_frames, 1);
	assert_int_equal(stats_of(0).merge_errors, 2);
	assert_int_equal(stats_of(0).ring.errors[GUEST_VRING_ID_RANGE], 1);
	assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 0);
}

/* What may be in a header depends on what was negotiated (5.1.6.4.1). */
static void
test_headers(void **state)
{
	static const struct {
		uint64_t features;
		uint8_t flags, gso;
		uint16_t nb_buffers;
		bool odd;
	} rows[] = {
		{ 0, 0, 0, 0, false },
		{ 0, 0, 0, 1, false },
		{ 0, 0, 0, 2, false }, /* left there by whom buffers merged for */
		{ 0, 2, 0, 1, true }, /* DATA_VALID */
		{ GUEST_NET_F_GUEST_CSUM, 2, 0, 1, false },
		{ GUEST_NET_F_GUEST_CSUM, 1, 0, 1, true }, /* NEEDS_CSUM */
		{ GUEST_NET_F_GUEST_CSUM, 0, 1, 1, true },
		{ GUEST_NET_F_MRG_RXBUF, 0, 0, 0, true },
		{ GUEST_NET_F_MRG_RXBUF, 0, 0, 1, false },
		{ GUEST_NET_F_MRG_RXBUF, 2, 0, 1, true },
		{ GUEST_NET_F_MRG_RXBUF, 0, 4, 1, true },
	};

	for (unsigned int row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		uint64_t before;
		uint16_t head;
		uint8_t *buf;

		assert_int_equal(guest_net_negotiated(net, rows[row].features, 0), 0);
		assert_int_equal(guest_net_reset(net), 0);
		guest_net_rx_fill(net, 0);
		buf = guest_mem_hva(mem, le64toh(posted(0, 0, &head)->addr), GUEST_NET_HDR_LEN);
		memset(buf, 0, GUEST_NET_HDR_LEN);
		buf[0] = rows[row].flags;
		buf[1] = rows[row].gso;
		buf[10] = (uint8_t)rows[row].nb_buffers;
		give_back(0, head, GUEST_NET_HDR_LEN + 60);
		before = stats_of(0).odd_header;
		nb_frames = 0;
		assert_int_equal(guest_net_rx(net, 0, 10, on_frame, NULL), 1);
		assert_int_equal(stats_of(0).odd_header - before, rows[row].odd);
		assert_int_equal(nb_frames, 1);
	}
}

static void
test_buffer_sizes(void **state)
{
	uint16_t head;

	assert_int_equal(guest_net_negotiated(net, 0, GUEST_NET_RX_BUFFER_MIN - 1), -EINVAL);
	assert_int_equal(guest_net_negotiated(net, 0, GUEST_POOL_SLOT_SIZE + 1), -EINVAL);
	assert_int_equal(guest_net_negotiated(net, GUEST_NET_F_MRG_RXBUF, 0), 0);
	guest_net_rx_fill(net, 0);
	assert_int_equal(le32toh(posted(0, 0, &head)->len), GUEST_NET_RX_BUFFER);
	/* buffers that do not merge must take any frame */
	assert_int_equal(guest_net_negotiated(net, 0, 64), 0);
	guest_net_rx_fill(net, 0);
	assert_int_equal(le32toh(posted(0, 0, &head)->len), GUEST_POOL_SLOT_SIZE);
}

/* --- layouts of transmit chains --------------------------------------------------------------- */

/* The pieces of each chain are header and frame, whole and in order, wherever the chain lies. */
static void
check_pieces(const struct vring_desc *desc, unsigned int nb_table, uint32_t frame_len)
{
	struct guest_vring_addr addr;
	uint64_t next_gpa = le64toh(desc->addr);
	uint32_t sum = 0;

	guest_vring_addr(guest_net_ring(net, 1), &addr);
	for (unsigned int i = 0;; i++) {
		assert_int_equal(le64toh(desc->addr), next_gpa);
		next_gpa += le32toh(desc->len);
		sum += le32toh(desc->len);
		if (!(le16toh(desc->flags) & VRING_DESC_F_NEXT)) {
			assert_true(nb_table == 0 || i + 1 == nb_table);
			break;
		}
		desc = nb_table != 0 ? desc + 1 :
				       (struct vring_desc *)addr.desc + le16toh(desc->next);
	}
	assert_int_equal(sum, GUEST_NET_HDR_LEN + frame_len);
}

static void
test_indirect_and_long_chains(void **state)
{
	uint64_t lens[4] = { 0 }; /* of tables: how many */
	uint16_t head;

	assert_int_equal(guest_net_negotiated(net, GUEST_VRING_F_INDIRECT_DESC, 0), 0);
	for (unsigned int seq = 0; seq < 64; seq++) {
		struct vring_desc *desc;
		unsigned int nb = 0;

		send_one(seq, 60 + seq);
		guest_net_tx_flush(net, 0);
		desc = posted(1, seq, &head);
		if (le16toh(desc->flags) & VRING_DESC_F_INDIRECT) {
			nb = le32toh(desc->len) / (unsigned int)sizeof(*desc);
			assert_in_range(nb, 1, 3);
			lens[nb]++;
			desc = guest_mem_hva(mem, le64toh(desc->addr), le32toh(desc->len));
		}
		check_pieces(desc, nb, 60 + seq);
		give_back(1, head, 0);
		assert_int_equal(guest_net_tx_reap(net, 0), 1);
	}
	assert_int_equal(stats_of(1).ring.indirect, 24);
	for (unsigned int i = 1; i <= 3; i++)
		assert_int_equal(lens[i], 8);
	assert_int_equal(guest_vring_room(guest_net_ring(net, 1)), SIZE);
}

static void
test_spared_kicks_are_counted(void **state)
{
	struct guest_vring_addr addr;
	struct vring_used *used;

	guest_vring_addr(guest_net_ring(net, 1), &addr);
	used = addr.used;
	used->flags = htole16(VRING_USED_F_NO_NOTIFY);
	send_one(0, 60);
	guest_net_tx_flush(net, 0);
	guest_net_tx_flush(net, 0); /* nothing new is no kick that was spared */
	assert_int_equal(stats_of(1).kicks, 0);
	assert_int_equal(stats_of(1).kicks_spared, 1);
}

static void
test_interrupts(void **state)
{
	uint16_t head;

	assert_false(guest_net_irq_on(net, 0));
	posted(0, 0, &head);
	give_back(0, head, 100);
	assert_true(guest_net_irq_on(net, 0));
	guest_net_irq_off(net, 0);
}

static void
test_bad_attributes(void **state)
{
	struct guest_net_attr attr = { .name = "t", .mem = mem, .ring_size = SIZE };
	struct guest_net *other;

	attr.ring_region = GUEST_MEM_ANY;
	assert_int_equal(guest_net_create(&attr, &other), -EINVAL);
	attr.nb_pairs = GUEST_NET_MAX_PAIRS + 1;
	assert_int_equal(guest_net_create(&attr, &other), -EINVAL);
	attr.nb_pairs = 2;
	attr.ring_size = 12;
	assert_int_equal(guest_net_create(&attr, &other), -EINVAL);
	guest_net_destroy(NULL);
}

int
main(void)
{
#define NET_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		NET_TEST(test_receive),
		NET_TEST(test_bad_receive_entries_are_not_delivered),
		NET_TEST(test_transmit_in_both_layouts),
		NET_TEST(test_full_transmit_ring),
		NET_TEST(test_reset_tells_what_it_took_back),
		NET_TEST(test_frame_over_several_buffers),
		NET_TEST(test_hostile_merging),
		NET_TEST(test_ring_breaks_within_a_frame),
		NET_TEST(test_merging_on_a_packed_ring),
		NET_TEST(test_headers),
		NET_TEST(test_buffer_sizes),
		NET_TEST(test_indirect_and_long_chains),
		NET_TEST(test_spared_kicks_are_counted),
		NET_TEST(test_interrupts),
		NET_TEST(test_bad_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
