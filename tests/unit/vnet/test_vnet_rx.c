/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: receive chains of all shapes, good and hostile, and the header that the
 * guest finds before a frame.
 */
#include "vnet_bed.h"

/* One frame of 60 bytes with number 42 from port 0; @return frames moved. */
static unsigned int
send_one(struct bed *bed)
{
	assert_true(bed_post(&bed->ports[0], 42));
	bed_ring(&bed->ports[0]);
	return bed_pass(bed);
}

static void
test_chain_of_buffers(void **state)
{
	struct bed *bed = *state;
	struct vring *vr = &bed->ports[1].rx.vr;
	uint64_t gpa = vring_buf_gpa(vr, 0);
	uint8_t frame[60];
	uint32_t id, len;

	bed_frame(frame, sizeof(frame), 42);
	vring_desc(vr, 4, (struct vring_desc){ gpa, 7, VRING_F_NEXT | VRING_F_WRITE, 2 });
	vring_desc(vr, 2, (struct vring_desc){ gpa + 7, 0, VRING_F_NEXT | VRING_F_WRITE, 9 });
	vring_desc(vr, 9, (struct vring_desc){ gpa + 100, 25, VRING_F_NEXT | VRING_F_WRITE, 1 });
	vring_desc(vr, 1, (struct vring_desc){ gpa + 200, 41, VRING_F_WRITE, 0 });
	memset(vring_buf(vr, 0), 0x55, 300);
	vring_offer(vr, 4);
	assert_int_equal(send_one(bed), 1);
	assert_true(vring_take_used(vr, &id, &len));
	assert_int_equal(id, 4);
	assert_int_equal(len, 72);
	/* 72 bytes in 7 + 25 + 40, and not one more */
	assert_memory_equal(vring_buf(vr, 0) + 100 + 5, frame, 20);
	assert_memory_equal(vring_buf(vr, 0) + 200, frame + 20, 40);
	assert_int_equal(vring_buf(vr, 0)[7], 0x55);
	assert_int_equal(vring_buf(vr, 0)[125], 0x55);
	assert_int_equal(vring_buf(vr, 0)[240], 0x55);
}

static void
test_small_buffer_stays(void **state)
{
	struct bed *bed = *state;
	struct bed_port *b = &bed->ports[1];
	struct vring *vr = &b->rx.vr;
	struct vnet_queue_stats stats;
	uint32_t id, len;
	uint8_t frame[59];

	vring_desc(vr, 0, (struct vring_desc){ vring_buf_gpa(vr, 0), 71, VRING_F_WRITE, 0 });
	vring_offer(vr, 0);
	assert_int_equal(send_one(bed), 1);
	assert_false(vring_take_used(vr, &id, &len));
	vnet_queue_stats_locked(b->rx.q, &stats);
	assert_int_equal(stats.dropped_frames, 1);
	assert_int_equal(stats.received_desc, 0);
	/* a shorter one fits exactly */
	bed_frame(frame, sizeof(frame), 43);
	assert_true(vring_offer_tx(&bed->ports[0].tx.vr, frame, sizeof(frame), BED_HDR));
	bed_ring(&bed->ports[0]);
	assert_int_equal(bed_pass(bed), 1);
	assert_true(vring_take_used(vr, &id, &len));
	assert_int_equal(len, 71);
	assert_int_equal(b->rx.nb_errors, 0);
}

static void
test_hostile_chains(void **state)
{
	static const struct {
		struct vring_desc desc;
		enum vnet_error error;
	} cases[] = {
		{ { 0, 2048, 0, 0 }, VNET_ERR_BAD_DESC }, /* readable */
		{ { 0, 2048, VRING_F_WRITE | VRING_F_INDIRECT, 0 }, VNET_ERR_BAD_DESC },
		{ { 0, 2048, VRING_F_WRITE | VRING_F_NEXT, 16 }, VNET_ERR_BAD_DESC },
		{ { 0, 2048, VRING_F_WRITE | VRING_F_NEXT, 0 }, VNET_ERR_CHAIN_TOO_LONG },
		{ { 0xdead0000, 2048, VRING_F_WRITE, 0 }, VNET_ERR_INVALID_BUFFER },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bed *bed = bed_create(wire_switch_create, 16, 0);
		struct bed_port *b = &bed->ports[1];
		struct vring_desc desc = cases[i].desc;
		struct vnet_queue_stats stats;

		if (desc.addr == 0)
			desc.addr = vring_buf_gpa(&b->rx.vr, 0);
		vring_desc(&b->rx.vr, 0, desc);
		vring_offer(&b->rx.vr, 0);
		(void)send_one(bed);
		assert_int_equal(b->rx.nb_errors, 1);
		assert_int_equal(b->rx.error, cases[i].error);
		/* the frame that was taken for a buffer that is none is not just gone */
		vnet_queue_stats_locked(b->rx.q, &stats);
		assert_int_equal(stats.dropped_frames, cases[i].error == VNET_ERR_INVALID_BUFFER);
		assert_int_equal(bed->ports[0].tx.nb_errors, 0);
		assert_int_equal(bed->nb_log_errors, 1);
		bed_destroy(bed);
	}
}

/* A guest that talks to itself gets a long frame where it sends it from, a bit further. */
static void
test_overlap(void **state)
{
	struct bed *bed = bed_create(wire_loop_create, 16, 0);
	struct bed_port *a = &bed->ports[0];
	uint8_t *buf = vring_buf(&a->tx.vr, 0);
	uint64_t gpa = vring_buf_gpa(&a->tx.vr, 0);
	unsigned int i, shift;

	(void)state;
	for (shift = 1; shift < 400; shift += 199) {
		for (i = 0; i < 1500; i++)
			buf[BED_HDR + i] = (uint8_t)(i * 7 + (i >> 8));
		memset(buf, 0, BED_HDR);
		vring_desc(&a->tx.vr, 0, (struct vring_desc){ gpa, BED_HDR + 1500, 0, 0 });
		vring_offer(&a->tx.vr, 0);
		vring_desc(&a->rx.vr, 0,
				(struct vring_desc){ gpa + shift, 1600, VRING_F_WRITE, 0 });
		vring_offer(&a->rx.vr, 0);
		bed_ring(a);
		assert_true(bed_pass(bed) > 0);
		/* the head is copied before, so what follows it may not be what was there; but no
		 * byte is lost or read from elsewhere */
		assert_int_equal(a->rx.nb_errors + a->tx.nb_errors, 0);
		assert_int_equal(buf[shift + BED_HDR + 1499], (uint8_t)(1499 * 7 + (1499 >> 8)));
	}
	bed_destroy(bed);
}

static void
test_hostile_index_and_ring(void **state)
{
	struct bed *bed = *state;
	struct bed_port *b = &bed->ports[1];

	b->rx.vr.avail->idx = htole16(1000);
	assert_int_equal(send_one(bed), 0);
	assert_int_equal(b->rx.error, VNET_ERR_AVAIL_INDEX);
	bed_remake_rx(bed, NULL);
	b->rx.vr.avail->idx = 0;
	vring_offer_rx(&b->rx.vr);
	bed->mem.ranges[2].read_only = true; /* the ring of port 1's receive queue */
	assert_int_equal(bed_pass(bed), 0);
	assert_int_equal(b->rx.error, VNET_ERR_RING_ACCESS);
}

static void
test_key_gone_then_back(void **state)
{
	struct bed *bed = *state;
	struct bed_port *b = &bed->ports[1];
	struct vmem saved = bed->mem;

	vring_offer_rx(&b->rx.vr);
	assert_int_equal(send_one(bed), 1);
	bed_expect(b, 42);
	/* memory that moved between two turns of the lock is found where it is now */
	vring_offer_rx(&b->rx.vr);
	bed->mem.ranges[2].ptr = malloc(b->rx.vr.total);
	assert_non_null(bed->mem.ranges[2].ptr);
	memcpy(bed->mem.ranges[2].ptr, b->rx.vr.mem, b->rx.vr.total);
	assert_int_equal(send_one(bed), 1);
	bed_expect_none(b);
	memcpy(b->rx.vr.mem, bed->mem.ranges[2].ptr, b->rx.vr.total);
	free(bed->mem.ranges[2].ptr);
	bed->mem = saved;
	bed_expect(b, 42);
}

static void
rx_csum(struct vnet_queue_attr *attr)
{
	attr->features |= PRM_VIRTQ_F_GUEST_CSUM;
}

static void
rx_legacy(struct vnet_queue_attr *attr)
{
	attr->version_1 = false;
}

/* Sends an UDP packet; @return the header's flags that the receiver sees. */
static uint8_t
udp_flags(struct bed *bed, uint16_t csum)
{
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint8_t f[46] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0,
		32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x30, 0x39, 0xd4, 0x31, 0,
		12, 0, 0, 'a', 'b', 'c', 'd' };
	uint32_t id, len;

	f[40] = (uint8_t)(csum >> 8);
	f[41] = (uint8_t)csum;
	vring_offer_rx(&b->rx.vr);
	assert_true(vring_offer_tx(&a->tx.vr, f, sizeof(f), BED_HDR));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	assert_true(vring_take_used(&b->rx.vr, &id, &len));
	return vring_buf(&b->rx.vr, id)[0];
}

static void
test_data_valid(void **state)
{
	struct bed *bed = *state;
	/* by hand: pseudo header 0a00+0001+0a00+0002+0011+000c, UDP header and data */
	uint32_t sum = 0x0a00 + 1 + 0x0a00 + 2 + 0x11 + 0xc + 0x3039 + 0xd431 + 0xc + 0x6162 +
			0x6364;
	uint16_t good;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	good = (uint16_t)~sum;
	assert_int_equal(udp_flags(bed, good), 0); /* not negotiated */
	bed_remake_rx(bed, rx_csum);
	assert_int_equal(udp_flags(bed, good), 2);
	assert_int_equal(udp_flags(bed, (uint16_t)(good + 1)), 0);
	assert_int_equal(udp_flags(bed, 0), 0); /* none */
}

static void
test_legacy_header(void **state)
{
	struct bed *bed = *state;
	struct bed_port *b = &bed->ports[1];
	uint32_t id, len;
	uint8_t frame[60];

	bed_remake_rx(bed, rx_legacy);
	vring_offer_rx(&b->rx.vr);
	assert_int_equal(send_one(bed), 1);
	assert_true(vring_take_used(&b->rx.vr, &id, &len));
	assert_int_equal(len, 70);
	bed_frame(frame, sizeof(frame), 42);
	assert_memory_equal(vring_buf(&b->rx.vr, id) + 10, frame, sizeof(frame));
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		T(test_chain_of_buffers),
		T(test_small_buffer_stays),
		cmocka_unit_test(test_hostile_chains),
		cmocka_unit_test(test_overlap),
		T(test_hostile_index_and_ring),
		T(test_key_gone_then_back),
		T(test_data_valid),
		T(test_legacy_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
