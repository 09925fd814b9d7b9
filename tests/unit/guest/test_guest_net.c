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
static uint8_t last_byte;
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

	while ((room = guest_net_tx_room(net, 0)) > 0) {
		for (unsigned int i = 0; i < room; i++)
			send_one(seq++, 60);
		assert_true(guest_net_tx_room(net, 0) < room);
	}
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
		NET_TEST(test_interrupts),
		NET_TEST(test_bad_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
