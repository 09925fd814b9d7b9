/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: frames that ask for nothing, from guest to guest. vnet_plain_send() is called
 * by itself, and says how many frames went the short way; then a pass of the engine takes what is
 * left the long way, and all must have come as if there were only one.
 */
#include "vnet_bed.h"

#include "prm_cmd.h"
#include "vnet_plain.h"

#define SIZE 64u
#define BUF 2048u
#define NB 40u /* more than one turn of the short way */
#define ODD 35u /* the frame that is different */
#define UNTOUCHED 0xee

static uint32_t
len_of(uint32_t number)
{
	return 60 + number;
}

static void
fill(uint8_t *frame, uint32_t len, uint32_t number)
{
	uint32_t i;

	bed_frame(frame, 64, number);
	for (i = 18; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + i / 251 + number);
}

static void
post(struct bed *bed, uint32_t len, uint32_t number)
{
	uint8_t frame[BUF];

	fill(frame, len, number);
	assert_true(vring_offer_tx(&bed->ports[0].tx.vr, frame, len, BED_HDR));
}

static void
offer_room(struct bed *bed, unsigned int nb)
{
	struct vring *vr = &bed->ports[1].rx.vr;

	while (nb-- > 0) {
		memset(vring_buf(vr, vr->avail_idx % vr->size), UNTOUCHED, BUF);
		vring_offer_rx(vr);
	}
}

/* Takes what the sender got back, which must be so many. */
static void
reap(struct bed *bed, unsigned int nb)
{
	uint32_t id, len;

	while (nb-- > 0) {
		assert_true(vring_take_used(&bed->ports[0].tx.vr, &id, &len));
		assert_int_equal(len, 0);
	}
	assert_false(vring_take_used(&bed->ports[0].tx.vr, &id, &len));
}

static void
expect(struct bed *bed, uint32_t len, uint32_t number)
{
	static const uint8_t hdr[BED_HDR] = { [10] = 1 };
	struct vring *vr = &bed->ports[1].rx.vr;
	uint32_t id, got, i;
	uint8_t want[BUF];
	const uint8_t *buf;

	fill(want, len, number);
	assert_true(vring_take_used(vr, &id, &got));
	assert_int_equal(got, BED_HDR + len);
	buf = vring_buf(vr, id);
	assert_memory_equal(buf, hdr, BED_HDR);
	assert_memory_equal(buf + BED_HDR, want, len);
	for (i = BED_HDR + len; i < BUF; i++)
		assert_int_equal(buf[i], UNTOUCHED);
}

/* The engine knows all places after one frame. */
static struct bed *
make(bool packed)
{
	struct bed *bed = packed ?
			bed_wire_rings(wire_switch_create, vring_init_packed, SIZE, 0x8000) :
			bed_wire(wire_switch_create, SIZE, 65500);

	bed->mem.windows = true;
	bed_start(bed);
	offer_room(bed, 1);
	post(bed, 60, 7);
	bed_ring(&bed->ports[0]);
	assert_int_equal(bed_pass(bed), 1);
	expect(bed, 60, 7);
	reap(bed, 1);
	return bed;
}

static unsigned int
send_plain(struct bed *bed, unsigned int nb)
{
	struct vnet_queue *queue;

	nb = vnet_plain_send(bed->ports[0].tx.q, nb);
	while ((queue = TAILQ_FIRST(&bed->vnet->tell)) != NULL)
		vnet_queue_tell(queue);
	return nb;
}

static void
test_lengths(void **state)
{
	unsigned int i;
	uint32_t len;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct bed *bed = make(i != 0);

		for (len = 18; len <= BUF - BED_HDR; len += len < 300 ? 1 : 97) {
			offer_room(bed, 1);
			post(bed, len, len);
			assert_int_equal(send_plain(bed, 8), 1);
			expect(bed, len, len);
			reap(bed, 1);
		}
		bed_destroy(bed);
	}
}

static void
test_bursts(void **state)
{
	unsigned int i, round, k;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct bed *bed = make(i != 0);
		struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];

		for (round = 1; round <= 10; round++) {
			struct vnet_queue_stats stats;

			offer_room(bed, NB);
			for (k = 0; k < NB; k++)
				post(bed, len_of(k), k);
			assert_int_equal(send_plain(bed, 3), 3); /* no more than asked for */
			assert_int_equal(send_plain(bed, NB), NB - 3);
			assert_int_equal(send_plain(bed, NB), 0);
			for (k = 0; k < NB; k++)
				expect(bed, len_of(k), k);
			reap(bed, NB);
			vnet_queue_stats_locked(a->tx.q, &stats);
			assert_int_equal(stats.completed_desc, 1 + round * NB);
			vnet_queue_stats_locked(b->rx.q, &stats);
			assert_int_equal(stats.completed_desc, 1 + round * NB);
			assert_int_equal(a->tx.nb_used, 1 + round * NB);
			assert_int_equal(b->rx.nb_used, 1 + round * NB);
		}
		bed_destroy(bed);
	}
}

/* A frame that waited for its receiver does not wait any more. */
static void
test_hold_ends(void **state)
{
	struct bed *bed = make(false);
	struct bed_port *a = &bed->ports[0];

	(void)state;
	post(bed, 60, 1);
	bed_ring(a);
	assert_int_equal(vnet_pass_locked(bed->vnet), 0);
	assert_int_not_equal(a->tx.q->hold.since_ns, 0);
	offer_room(bed, 1);
	assert_int_equal(send_plain(bed, NB), 1);
	assert_int_equal(a->tx.q->hold.since_ns, 0);
	bed_destroy(bed);
}

/* --- one frame is different ------------------------------------------------------------------ */

static void
odd_short(struct bed *bed)
{
	post(bed, 15, ODD);
}

static void
odd_pieces(struct bed *bed)
{
	struct vring *vr = &bed->ports[0].tx.vr;
	uint16_t i = (uint16_t)(vr->avail_idx % vr->size);
	struct vring_desc two[2] = { { vring_buf_gpa(vr, i), BED_HDR, 0, 0 },
		{ vring_buf_gpa(vr, i) + BED_HDR, len_of(ODD), 0, 0 } };

	memset(vring_buf(vr, i), 0, BED_HDR);
	fill(vring_buf(vr, i) + BED_HDR, len_of(ODD), ODD);
	if (vr->packed) {
		vring_offer_chain(vr, two, 2);
		return;
	}
	/* the second descriptor is one that no other frame of the burst has */
	vring_desc(vr, i,
			(struct vring_desc){ two[0].addr, two[0].len, VRING_F_NEXT,
					(uint16_t)((i + NB / 2) % vr->size) });
	vring_desc(vr, (i + NB / 2) % vr->size, two[1]);
	vring_offer(vr, i);
}

static void
odd_header(struct bed *bed)
{
	struct vring *vr = &bed->ports[0].tx.vr;
	uint16_t i = (uint16_t)(vr->avail_idx % vr->size);

	post(bed, len_of(ODD), ODD);
	vring_buf(vr, i)[0] = 1; /* a checksum is to be completed, which was not negotiated */
}

static void
odd_gso(struct bed *bed)
{
	struct vring *vr = &bed->ports[0].tx.vr;
	uint16_t i = (uint16_t)(vr->avail_idx % vr->size);

	post(bed, len_of(ODD), ODD);
	vring_buf(vr, i)[1] = 1;
}

static void
odd_long(struct bed *bed)
{
	vnet_port_mtu_set_locked(bed->ports[0].port, 1000);
	post(bed, 1015, ODD);
}

static void
odd_for_receiver(struct bed *bed)
{
	vnet_port_mtu_set_locked(bed->ports[1].port, 1000);
	post(bed, 1015, ODD);
}

static void
odd_same(struct bed *bed)
{
	post(bed, len_of(ODD), ODD);
}

static void
odd_writable(struct bed *bed)
{
	struct vring *vr = &bed->ports[0].tx.vr;

	vring_offer_rx(vr);
}

static void
room_one(struct bed *bed)
{
	offer_room(bed, 1);
}

static void
room_none(struct bed *bed)
{
	(void)bed;
}

static void
room_small(struct bed *bed)
{
	struct vring *vr = &bed->ports[1].rx.vr;
	uint16_t i = (uint16_t)(vr->avail_idx % vr->size);

	vring_offer_chain(vr,
			&(struct vring_desc){ vring_buf_gpa(vr, i), len_of(ODD) + BED_HDR - 1,
					VRING_F_WRITE, 0 },
			1);
}

static void
room_readable(struct bed *bed)
{
	struct vring *vr = &bed->ports[1].rx.vr;

	vring_offer_chain(vr,
			&(struct vring_desc){ vring_buf_gpa(vr, vr->avail_idx % vr->size), BUF, 0,
					0 },
			1);
}

/* What becomes of the odd frame, the long way. */
enum odd_end {
	ODD_ARRIVES, /* and those behind it */
	ODD_IS_LOST, /* those behind it arrive */
	ODD_WAITS, /* in front of those behind it */
	ODD_IS_BAD, /* the sender's queue is in error */
	ODD_FINDS_BAD, /* the receiver's queue is */
};

struct odd {
	void (*post)(struct bed *bed);
	void (*room)(struct bed *bed);
	enum odd_end end;
};

static const struct odd odds[] = {
	{ odd_short, room_one, ODD_ARRIVES },
	{ odd_pieces, room_one, ODD_ARRIVES },
	{ odd_header, room_one, ODD_IS_BAD },
	{ odd_gso, room_one, ODD_IS_BAD },
	{ odd_writable, room_one, ODD_IS_BAD },
	{ odd_long, room_one, ODD_IS_LOST },
	{ odd_for_receiver, room_one, ODD_IS_LOST },
	{ odd_same, room_small, ODD_IS_LOST },
	{ odd_same, room_none, ODD_WAITS },
	{ odd_same, room_readable, ODD_FINDS_BAD },
};

static void
expect_odd(struct bed *bed, const struct odd *odd)
{
	uint32_t id, len;

	if (odd->end != ODD_ARRIVES)
		return;
	if (odd->post != odd_short) {
		expect(bed, len_of(ODD), ODD);
		return;
	}
	assert_true(vring_take_used(&bed->ports[1].rx.vr, &id, &len));
	assert_int_equal(len, BED_HDR + 15);
}

static void
run_odd(const struct odd *odd, bool packed)
{
	struct bed *bed = make(packed);
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	bool goes_on = odd->end == ODD_ARRIVES || odd->end == ODD_IS_LOST;
	unsigned int k;

	for (k = 0; k < NB; k++) {
		if (k == ODD) {
			odd->room(bed);
			odd->post(bed);
		} else {
			if (odd->room != room_none || k < ODD)
				offer_room(bed, 1);
			/* a buffer that stays where it is must do for the next frame */
			post(bed, k < ODD ? len_of(k) : 60, k);
		}
	}
	assert_int_equal(send_plain(bed, NB), ODD);
	assert_int_equal(send_plain(bed, NB), 0);
	bed_ring(a);
	bed_pass(bed);
	for (k = 0; k < ODD; k++)
		expect(bed, len_of(k), k);
	expect_odd(bed, odd);
	for (k = ODD + 1; k < NB && goes_on; k++) {
		uint32_t number, len;

		assert_true(bed_receive(b, &number, &len));
		assert_int_equal(number, k);
	}
	bed_expect_none(b);
	reap(bed, goes_on ? NB : ODD);
	assert_int_equal(a->tx.nb_errors, odd->end == ODD_IS_BAD);
	assert_int_equal(b->rx.nb_errors, odd->end == ODD_FINDS_BAD);
	bed_destroy(bed);
}

static void
test_odd_ones(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < BASE_ARRAY_SIZE(odds); i++) {
		run_odd(&odds[i], false);
		run_odd(&odds[i], true);
	}
}

/* --- receivers that want more ---------------------------------------------------------------- */

static void
fix_csum(struct vnet_queue_attr *attr)
{
	attr->features |= PRM_VIRTQ_F_GUEST_CSUM;
}

static void
fix_legacy(struct vnet_queue_attr *attr)
{
	attr->version_1 = false;
}

static void
want_csum(struct bed *bed)
{
	bed_remake_rx(bed, fix_csum);
}

static void
want_short_header(struct bed *bed)
{
	bed_remake_rx(bed, fix_legacy);
}

static void
want_log(struct bed *bed)
{
	struct vnet_dirty dirty = { .enabled = true, .mkey = BED_KEY };

	vnet_queue_dirty_set_locked(bed->ports[1].rx.q, &dirty);
}

static void
want_stop(struct bed *bed)
{
	vnet_queue_suspend_locked(bed->ports[1].rx.q);
}

static void
want_lies(struct bed *bed)
{
	bed->ports[1].port->lies = 1;
}

static void
want_sender_lies(struct bed *bed)
{
	bed->ports[0].port->lies = 1;
}

static void
want_rest_of_segments(struct bed *bed)
{
	bed->ports[0].tx.q->next_seg = 1;
}

static void
test_not_for_these(void **state)
{
	static void (*const wants[])(struct bed * bed) = { want_csum, want_short_header, want_log,
		want_stop, want_lies, want_sender_lies, want_rest_of_segments };
	unsigned int i;

	(void)state;
	for (i = 0; i < BASE_ARRAY_SIZE(wants); i++) {
		struct bed *bed = make(false);
		uint16_t avail, used;

		wants[i](bed);
		offer_room(bed, NB);
		post(bed, 60, 1);
		if (send_plain(bed, NB) != 0)
			fail_msg("want %u does not count", i);
		vnet_queue_indices_locked(bed->ports[0].tx.q, &avail, &used);
		assert_int_equal(avail, used);
		bed->ports[0].tx.q->next_seg = 0;
		bed->ports[0].port->lies = bed->ports[1].port->lies = 0;
		bed_destroy(bed);
	}
}

static void
test_no_rule(void **state)
{
	struct bed *bed = make(false);
	struct bed_port *b = &bed->ports[1];
	struct vnet_rule_attr rule = { .priority = 7, .tir = b->tir };

	(void)state;
	offer_room(bed, 1);
	post(bed, 60, 1);
	vnet_rule_del_locked(b->rule);
	assert_int_equal(send_plain(bed, NB), 0);
	assert_int_equal(vnet_rule_add_locked(b->port, &rule, &b->rule), 0);
	assert_int_equal(send_plain(bed, NB), 1);
	expect(bed, 60, 1);
	bed_destroy(bed);
}

/*
 * A guest that is plugged into itself, and at last receives into what it sends from: what it finds
 * there is its own affair, but not what lies beside it.
 */
static void
test_loop(void **state)
{
	struct bed *bed = bed_wire(wire_loop_create, SIZE, 0);
	struct bed_port *a = &bed->ports[0];
	struct vring *rx = &a->rx.vr;
	uint64_t from = vring_buf_gpa(rx, 8);
	unsigned int i, k;
	uint32_t id, len;

	(void)state;
	bed->mem.windows = true;
	bed_start(bed);
	for (i = 0; i < 4; i++) {
		uint64_t to = from + (i < 2 ? BUF : 4 * i);

		memset(vring_ptr(rx, from - BUF), UNTOUCHED, 3 * BUF);
		memset(vring_ptr(rx, from), 0, BED_HDR);
		fill(vring_ptr(rx, from) + BED_HDR, 100, i);
		vring_offer_chain(rx, &(struct vring_desc){ to, 256, VRING_F_WRITE, 0 }, 1);
		vring_offer_chain(&a->tx.vr, &(struct vring_desc){ from, BED_HDR + 100, 0, 0 }, 1);
		if (i == 0) {
			bed_ring(a);
			assert_int_equal(vnet_pass_locked(bed->vnet), 1);
		} else {
			assert_int_equal(send_plain(bed, 8), 1);
		}
		assert_true(vring_take_used(rx, &id, &len));
		assert_int_equal(len, BED_HDR + 100);
		for (k = BED_HDR + 100; k < BUF; k++)
			assert_int_equal(vring_ptr(rx, to)[k], UNTOUCHED);
		for (k = 0; k < BUF; k++)
			assert_int_equal(vring_ptr(rx, from - BUF)[k], UNTOUCHED);
	}
	bed_destroy(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_hold_ends),
		cmocka_unit_test(test_odd_ones),
		cmocka_unit_test(test_not_for_these),
		cmocka_unit_test(test_no_rule),
		cmocka_unit_test(test_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
