/* SPDX-License-Identifier: BSD-3-Clause */
/* What an engine does that is told to lie: to one used entry, packet or page, and to no other. */
#include "dirty_log.h"

#define NB 8u

/* The lie that is told, to whom, and the how-manieth time. */
static struct {
	enum vnet_lie lie;
	enum vnet_lie_at at;
	unsigned int port;
	uint16_t queue;
	unsigned int nth, nb_asked;
} told;

static enum vnet_lie
tell(void *arg, unsigned int port, uint16_t queue, enum vnet_lie_at at)
{
	assert_ptr_equal(arg, &told);
	if (port != told.port || queue != told.queue || at != told.at)
		return VNET_LIE_NONE;
	return ++told.nb_asked == told.nth ? told.lie : VNET_LIE_NONE;
}

/* Tells @lie to the third of what happens at @at on port @port. */
static void
lie(struct bed *bed, enum vnet_lie what, enum vnet_lie_at at, unsigned int port)
{
	told.lie = what;
	told.at = at;
	told.port = port;
	told.queue = port == 0 ? 1 : 0; /* 0 sends, 1 receives */
	told.nth = 3;
	told.nb_asked = 0;
	bed->vnet->lie = tell;
	bed->vnet->lie_arg = &told;
	vnet_port_lies_set_locked(bed->ports[port].port, 1u << at);
}

static void
send_all(struct bed *bed)
{
	uint32_t i;

	for (i = 0; i < NB; i++) {
		vring_offer_rx(&bed->ports[1].rx.vr);
		assert_true(bed_post(&bed->ports[0], i));
	}
	bed_ring(&bed->ports[0]);
	assert_int_equal(bed_pass(bed), NB);
}

static struct bed *
make(bool packed)
{
	return packed ? bed_create_packed(16, 0x8000) : bed_create(wire_switch_create, 16, 0);
}

/* The id of the next used entry; as many as chains, so the id tells which chain it is. */
static void
expect_used(struct vring *vr, uint32_t want)
{
	uint32_t id, len;

	assert_true(vring_take_used(vr, &id, &len));
	assert_int_equal(id, want);
}

static void
expect_positions(const struct bed_queue *bq, uint16_t avail, uint16_t used)
{
	uint16_t a, u;

	vnet_queue_indices_locked(bq->q, &a, &u);
	assert_int_equal(a & 0x7fff, avail);
	assert_int_equal(u & 0x7fff, used);
}

static void
run_skip(bool packed)
{
	struct bed *bed = make(packed);
	struct vring *tx = &bed->ports[0].tx.vr;
	uint32_t i, id, len;

	lie(bed, VNET_LIE_SKIP_USED, VNET_LIE_AT_USED, 0);
	send_all(bed);
	for (i = 0; i < NB; i++) {
		bed_expect(&bed->ports[1], i); /* all were sent */
		if (i != 2)
			expect_used(tx, i);
	}
	assert_false(vring_take_used(tx, &id, &len));
	vnet_queue_suspend_locked(bed->ports[0].tx.q);
	expect_positions(&bed->ports[0].tx, NB, NB - 1);
	assert_int_equal(bed->ports[0].tx.nb_used, NB - 1);
	bed_destroy(bed);
}

/* A frame that was received into a chain that never comes back. */
static void
run_skip_received(bool packed)
{
	struct bed *bed = make(packed);
	uint32_t i;

	lie(bed, VNET_LIE_SKIP_USED, VNET_LIE_AT_USED, 1);
	send_all(bed);
	for (i = 0; i < NB; i++) {
		if (i != 2)
			bed_expect(&bed->ports[1], i);
	}
	bed_expect_none(&bed->ports[1]);
	bed_destroy(bed);
}

static void
run_repeat(bool packed)
{
	struct bed *bed = make(packed);
	struct vring *tx = &bed->ports[0].tx.vr;
	uint32_t i;

	lie(bed, VNET_LIE_REPEAT_USED, VNET_LIE_AT_USED, 0);
	/* One after the other, as a second entry in a packed ring takes the place of what waits there. */
	for (i = 0; i < 3; i++) {
		vring_offer_rx(&bed->ports[1].rx.vr);
		assert_true(bed_post(&bed->ports[0], i));
		bed_ring(&bed->ports[0]);
		assert_int_equal(bed_pass(bed), 1);
		bed_expect(&bed->ports[1], i);
		expect_used(tx, i);
	}
	expect_used(tx, 2);
	expect_positions(&bed->ports[0].tx, 3, 4);
	assert_int_equal(bed->ports[0].tx.nb_used, 4);
	bed_destroy(bed);
}

/* The entry of the round before; in a packed ring what the driver wrote there. */
static void
run_stale(bool packed)
{
	struct bed *bed = make(packed);
	struct bed_port *b = &bed->ports[1];
	struct vring *rx = &b->rx.vr;
	uint32_t i, id, len;

	if (!packed)
		rx->used->ring[2].id = htole32(13), rx->used->ring[2].len = htole32(99);
	lie(bed, VNET_LIE_STALE_USED, VNET_LIE_AT_USED, 1);
	send_all(bed);
	for (i = 0; i < NB; i++) {
		assert_true(vring_take_used(rx, &id, &len));
		assert_int_equal(id, i == 2 && !packed ? 13 : i);
		assert_int_equal(len, i != 2 ? BED_HDR + 60 : packed ? rx->buf_size : 99);
	}
	assert_false(vring_take_used(rx, &id, &len));
	bed_destroy(bed);
}

static void
run_tear(bool packed)
{
	struct bed *bed = make(packed);
	struct vring *rx = &bed->ports[1].rx.vr;
	uint8_t frame[60], *got;
	uint32_t i, k, id, len;

	lie(bed, VNET_LIE_TEAR, VNET_LIE_AT_PACKET, 1);
	send_all(bed);
	for (i = 0; i < NB; i++) {
		assert_true(vring_take_used(rx, &id, &len));
		assert_int_equal(len, BED_HDR + sizeof(frame));
		got = vring_buf(rx, id) + BED_HDR;
		bed_frame(frame, sizeof(frame), i);
		for (k = 0; k < sizeof(frame); k++)
			assert_int_equal(got[k],
					i == 2 && k >= sizeof(frame) / 2 ? (uint8_t)~frame[k] :
									   frame[k]);
	}
	bed_destroy(bed);
}

static void
test_skip(void **state)
{
	run_skip(false);
	run_skip(true);
	run_skip_received(false);
	run_skip_received(true);
}

static void
test_repeat(void **state)
{
	run_repeat(false);
	run_repeat(true);
}

static void
test_stale(void **state)
{
	run_stale(false);
	run_stale(true);
}

static void
test_tear(void **state)
{
	run_tear(false);
	run_tear(true);
}

/* --- the log -------------------------------------------------------------------------------- */

static void
log_receiver(struct bed *bed)
{
	log_new(bed);
	log_queue(bed->ports[1].rx.q);
}

/* The missed page stays unmarked over another round of the ring; the others are marked. */
static void
run_miss_payload(bool packed)
{
	struct bed *bed = make(packed);
	struct bed_port *b = &bed->ports[1];
	struct vring *rx = &b->rx.vr;
	uint32_t i, id, len, round;
	uint64_t missed = vring_buf_gpa(rx, 2) >> log_shift;

	log_receiver(bed);
	lie(bed, VNET_LIE_MISS_DIRTY, VNET_LIE_AT_DIRTY_PAYLOAD, 1);
	told.nth = 5; /* of each frame the header is noted, and the rest */
	for (round = 0; round < 4; round++) {
		send_all(bed);
		for (i = 0; i < NB; i++) {
			bed_expect(b, i);
			assert_true(vring_take_used(&bed->ports[0].tx.vr, &id, &len));
		}
	}
	for (i = 0; i < 16; i++)
		assert_int_equal(bit(vring_buf_gpa(rx, i)),
				vring_buf_gpa(rx, i) >> log_shift != missed);
	assert_true(bit(packed ? rx->gpa : rx->used_gpa));
	/* and is marked again when nobody wants it missed any more */
	vnet_port_lies_set_locked(b->port, 1u << VNET_LIE_AT_USED);
	for (round = 0; round < 2; round++) {
		send_all(bed);
		for (i = 0; i < NB; i++) {
			bed_expect(b, i);
			assert_true(vring_take_used(&bed->ports[0].tx.vr, &id, &len));
		}
	}
	assert_true(bit(missed << log_shift));
	bed_destroy(bed);
}

static void
run_miss_ring(bool packed)
{
	struct bed *bed = make(packed);
	struct bed_port *b = &bed->ports[1];
	struct vring *rx = &b->rx.vr;
	uint64_t ring = packed ? rx->gpa : rx->used_gpa;
	uint32_t i;

	log_receiver(bed);
	lie(bed, VNET_LIE_MISS_DIRTY, VNET_LIE_AT_DIRTY_RING, 1);
	told.nth = 1;
	for (i = 0; i < 2; i++) { /* the first buffers share the ring's page */
		vring_offer_rx(rx);
		assert_true(bed_post(&bed->ports[0], i));
	}
	bed_ring(&bed->ports[0]);
	assert_int_equal(bed_pass(bed), 2);
	send_all(bed);
	assert_true(bit(vring_buf_gpa(rx, 9)));
	/* Whatever was marked before the first publication, the ring's own marks do not come. */
	memset(bitmap, 0, sizeof(bitmap));
	vring_offer_rx(rx);
	assert_true(bed_post(&bed->ports[0], 10));
	bed_ring(&bed->ports[0]);
	assert_int_equal(bed_pass(bed), 1);
	assert_false(bit(ring));
	assert_true(bit(vring_buf_gpa(rx, 10)));
	bed_destroy(bed);
}

static void
test_miss_dirty(void **state)
{
	run_miss_payload(false);
	run_miss_payload(true);
	run_miss_ring(false);
	run_miss_ring(true);
}

/* Who has nobody to ask, or is not to, tells the truth. */
static void
test_truth(void **state)
{
	struct bed *bed = make(false);
	uint32_t i;

	vnet_port_lies_set_locked(bed->ports[1].port, UINT32_MAX);
	send_all(bed);
	for (i = 0; i < NB; i++)
		bed_expect(&bed->ports[1], i);
	bed_destroy(bed);
	bed = make(true);
	lie(bed, VNET_LIE_SKIP_USED, VNET_LIE_AT_USED, 1);
	vnet_port_lies_set_locked(bed->ports[1].port, 0);
	send_all(bed);
	for (i = 0; i < NB; i++)
		bed_expect(&bed->ports[1], i);
	assert_int_equal(told.nb_asked, 0);
	bed_destroy(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_repeat),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_tear),
		cmocka_unit_test(test_miss_dirty),
		cmocka_unit_test(test_truth),
	};

	log_shift = 12;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
