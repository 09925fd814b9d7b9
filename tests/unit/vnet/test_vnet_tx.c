/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: transmit chains of all shapes, the header's offloads, and the frame that
 * has to wait.
 */
#include "vnet_bed.h"

#define PAUSE_NS (4 * BASE_NS_PER_MS)

struct hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

/* Posts a frame of 60 bytes with this header, rings, and turns. */
static unsigned int
send_hdr(struct bed *bed, const struct hdr *hdr)
{
	struct bed_port *a = &bed->ports[0];
	uint16_t slot = (uint16_t)(a->tx.vr.avail_idx % a->tx.vr.size);

	vring_offer_rx(&bed->ports[1].rx.vr);
	assert_true(bed_post(a, 1));
	memcpy(vring_buf(&a->tx.vr, slot), hdr, sizeof(*hdr));
	bed_ring(a);
	return bed_pass(bed);
}

static void
allow_csum(struct vnet_queue_attr *attr)
{
	attr->features |= PRM_VIRTQ_F_CSUM;
}

static void
short_header(struct vnet_queue_attr *attr)
{
	attr->version_1 = false;
}

static void
remake_tx(struct bed *bed, void (*fix)(struct vnet_queue_attr *attr))
{
	struct bed_port *a = &bed->ports[0];

	vnet_queue_destroy_locked(a->tx.q);
	bed_queue_create(bed, a, &a->tx, 1, fix);
	assert_int_equal(vnet_queue_start_locked(a->tx.q), 0);
}

static void
test_header_offloads(void **state)
{
	static const struct {
		struct hdr hdr;
		bool ok, ok_with_csum;
	} cases[] = {
		{ { .flags = 0 }, true, true },
		{ { .flags = 0xf8 }, true, true }, /* unknown flags are ignored */
		{ { .flags = 1, .csum_start = 14, .csum_offset = 6 }, false, true },
		{ { .flags = 1, .csum_start = 58, .csum_offset = 0 }, false, true },
		{ { .flags = 1, .csum_start = 58, .csum_offset = 1 }, false, false },
		{ { .flags = 1, .csum_start = 61, .csum_offset = 0 }, false, false },
		{ { .flags = 1, .csum_start = 0xffff, .csum_offset = 0xffff }, false, false },
		{ { .gso_type = 1 }, false, false },
		{ { .gso_type = 0x80 }, false, false },
	};
	unsigned int i, csum;

	(void)state;
	for (csum = 0; csum < 2; csum++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct bed *bed = bed_create(wire_switch_create, 16, 0);
			bool ok = csum ? cases[i].ok_with_csum : cases[i].ok;
			struct hdr hdr = cases[i].hdr;

			remake_tx(bed, csum ? allow_csum : NULL);
			hdr.csum_start = htole16(hdr.csum_start);
			hdr.csum_offset = htole16(hdr.csum_offset);
			assert_int_equal(send_hdr(bed, &hdr), ok);
			assert_int_equal(bed->ports[0].tx.nb_errors, !ok);
			if (!ok)
				assert_int_equal(bed->ports[0].tx.error, VNET_ERR_BAD_DESC);
			bed_destroy(bed);
		}
	}
}

static void
test_shapes(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	struct vring *vr = &a->tx.vr;
	uint8_t *buf = vring_buf(vr, 0);
	uint64_t gpa = vring_buf_gpa(vr, 0);
	uint32_t i;

	/* header split in the middle, an empty piece, the frame byte by byte, the rest */
	bed_frame(buf + BED_HDR, 60, 77);
	vring_desc(vr, 0, (struct vring_desc){ gpa, 5, VRING_F_NEXT, 1 });
	vring_desc(vr, 1, (struct vring_desc){ gpa + 5, 7, VRING_F_NEXT, 2 });
	vring_desc(vr, 2, (struct vring_desc){ 0xdead, 0, VRING_F_NEXT, 3 });
	for (i = 3; i < 15; i++)
		vring_desc(vr, i,
				(struct vring_desc){ gpa + 12 + i - 3, 1, VRING_F_NEXT,
						(uint16_t)(i + 1) });
	vring_desc(vr, 15, (struct vring_desc){ gpa + 24, 48, 0, 0 });
	vring_offer(vr, 0);
	vring_offer_rx(&b->rx.vr);
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	bed_expect(b, 77);
}

static void
test_bad_shapes(void **state)
{
	static const struct {
		uint32_t len;
		uint16_t flags;
	} cases[] = {
		{ BED_HDR - 1, 0 }, /* no whole header */
		{ 0, 0 }, /* nothing at all */
		{ 72, VRING_F_WRITE }, /* wrong direction */
		{ BED_HDR + WIRE_FRAME_MAX + 1, 0 }, /* too long */
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bed *bed = bed_create(wire_switch_create, 16, 0);
		struct bed_port *a = &bed->ports[0];

		vring_desc(&a->tx.vr, 0,
				(struct vring_desc){ vring_buf_gpa(&a->tx.vr, 0), cases[i].len,
						cases[i].flags, 0 });
		vring_offer(&a->tx.vr, 0);
		vring_offer_rx(&bed->ports[1].rx.vr);
		bed_ring(a);
		assert_int_equal(bed_pass(bed), 0);
		assert_int_equal(a->tx.error, VNET_ERR_BAD_DESC);
		bed_expect_none(&bed->ports[1]);
		bed_destroy(bed);
	}
}

static void
test_short_frame_is_dropped(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0];
	struct vnet_queue_stats stats;
	uint8_t frame[13] = { 0 };

	assert_true(vring_offer_tx(&a->tx.vr, frame, sizeof(frame), BED_HDR));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	vnet_queue_stats_locked(a->tx.q, &stats);
	assert_int_equal(stats.dropped_frames, 1);
	assert_int_equal(stats.completed_desc, 1);
	assert_int_equal(a->tx.nb_errors, 0);
}

static void
test_legacy_header(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0];
	uint8_t frame[60];

	remake_tx(bed, short_header);
	bed_frame(frame, sizeof(frame), 5);
	assert_true(vring_offer_tx(&a->tx.vr, frame, sizeof(frame), 10));
	vring_offer_rx(&bed->ports[1].rx.vr);
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	bed_expect(&bed->ports[1], 5);
}

static void
test_no_doorbell_no_look(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];

	vring_offer_rx(&b->rx.vr);
	assert_true(bed_post(a, 1));
	assert_int_equal(bed_pass(bed), 0);
	bed_ring(b); /* another port's doorbell */
	assert_int_equal(bed_pass(bed), 0);
	a->doorbell = htole32(0x0003ffff); /* the high half does not count */
	assert_int_equal(bed_pass(bed), 0);
	a->doorbell = htole32(0x00000000); /* any number will do */
	assert_int_equal(bed_pass(bed), 1);
	assert_int_equal(a->doorbell, VNET_DOORBELL_IDLE);
	bed_expect(b, 1);
}

static void
test_waiting_frame_stays_in_ring(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint16_t avail, used;

	assert_true(bed_post(a, 1));
	assert_true(bed_post(a, 2));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 0); /* no buffer there */
	vnet_queue_indices_locked(a->tx.q, &avail, &used);
	assert_int_equal(avail, 0);
	assert_int_equal(used, 0);
	/* room for one: goes without another doorbell */
	vring_offer_rx(&b->rx.vr);
	assert_int_equal(bed_pass(bed), 1);
	bed_expect(b, 1);
	/* suspended in that state, nothing is lost */
	vnet_queue_suspend_locked(a->tx.q);
	vnet_queue_indices_locked(a->tx.q, &avail, &used);
	assert_int_equal(avail, 1);
	assert_int_equal(used, 1);
	vring_offer_rx(&b->rx.vr);
	assert_int_equal(bed_pass(bed), 0);
	assert_int_equal(vnet_queue_start_locked(a->tx.q), 0);
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	bed_expect(b, 2);
	bed_expect_none(b);
}

static void
test_waiting_ends_with_the_pause_limit(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint64_t begin = base_clock_ns();
	struct wire_port_stats stats;

	bed->wire->pause_ns = PAUSE_NS;
	assert_true(bed_post(a, 1));
	assert_true(bed_post(a, 2));
	bed_ring(a);
	while (bed_pass(bed) == 0)
		assert_true(base_clock_ns() - begin < BASE_NS_PER_S);
	assert_true(base_clock_ns() - begin >= PAUSE_NS);
	assert_int_equal(a->tx.nb_used, 2); /* the second did not wait any more */
	wire_port_stats(bed->wire, 1, &stats);
	assert_int_equal(stats.rx_dropped, 2);
	/* its return is noticed at once */
	vring_offer_rx(&b->rx.vr);
	assert_true(bed_post(a, 3));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	bed_expect(b, 3);
}

static void
test_rebuild_of_receiver_loses_nothing(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint32_t i;

	for (i = 0; i < 8; i++)
		vring_offer_rx(&b->rx.vr);
	for (i = 0; i < 4; i++)
		assert_true(bed_post(a, i));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 4);
	/* the order of a driver: suspend, steering away, destroy; then all again */
	vnet_queue_suspend_locked(b->rx.q);
	assert_true(bed_post(a, 4));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 0);
	bed_unsteer(b);
	assert_int_equal(bed_pass(bed), 0);
	vnet_queue_destroy_locked(b->rx.q);
	assert_true(bed_post(a, 5));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 0);
	b->rx.vr.start = le16toh(b->rx.vr.used->idx);
	bed_queue_create(bed, b, &b->rx, 0, NULL);
	assert_int_equal(bed_pass(bed), 0);
	bed_steer(b);
	assert_int_equal(bed_pass(bed), 0);
	assert_int_equal(vnet_queue_start_locked(b->rx.q), 0);
	assert_int_equal(bed_pass(bed), 2);
	for (i = 0; i < 6; i++)
		bed_expect(b, i);
	bed_expect_none(b);
}

static void
test_round_robin(void **state)
{
	struct bed *bed = bed_create(wire_switch_create, 256, 0);
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint32_t i, nb;

	(void)state;
	for (i = 0; i < 200; i++) {
		assert_true(bed_post(a, i));
		assert_true(bed_post(b, i));
		vring_offer_rx(&a->rx.vr);
		vring_offer_rx(&b->rx.vr);
	}
	bed_ring(a);
	bed_ring(b);
	/* both go on in turn, a burst each, until both are empty */
	while ((nb = bed_pass(bed)) != 0) {
		assert_int_equal(a->tx.nb_used, b->tx.nb_used);
		assert_true(nb <= 256);
	}
	assert_int_equal(a->tx.nb_used, 200);
	assert_int_equal(a->rx.nb_used, 200);
	bed_destroy(bed);
}

static void
test_loop_back(void **state)
{
	struct bed *bed = bed_create(wire_loop_create, 16, 0);
	struct bed_port *a = &bed->ports[0];

	(void)state;
	vring_offer_rx(&a->rx.vr);
	assert_true(bed_post(a, 1));
	assert_true(bed_post(a, 2));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	bed_expect(a, 1);
	vring_offer_rx(&a->rx.vr);
	assert_int_equal(bed_pass(bed), 1);
	bed_expect(a, 2);
	bed_expect_none(&bed->ports[1]);
	bed_destroy(bed);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_offloads),
		T(test_shapes),
		cmocka_unit_test(test_bad_shapes),
		T(test_short_frame_is_dropped),
		T(test_legacy_header),
		T(test_no_doorbell_no_look),
		T(test_waiting_frame_stays_in_ring),
		T(test_waiting_ends_with_the_pause_limit),
		T(test_rebuild_of_receiver_loses_nothing),
		cmocka_unit_test(test_round_robin),
		cmocka_unit_test(test_loop_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
