/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the engine over packed rings: traffic through rings of every kind of size,
 * a stop and a new queue after any number of frames, an early stop, and the switch between kinds.
 */
#include "vnet_bed.h"

/* Sends @nb frames from 0 to 1 one by one and checks each. */
static void
pass_frames(struct bed *bed, uint32_t from, uint32_t nb)
{
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint32_t i, id, len;

	for (i = from; i < from + nb; i++) {
		vring_offer_rx(&b->rx.vr);
		assert_true(bed_post(a, i));
		bed_ring(a);
		assert_int_equal(bed_pass(bed), 1);
		bed_expect(b, i);
		assert_true(vring_take_used(&a->tx.vr, &id, &len));
		assert_int_equal(len, 0);
	}
}

static void
test_traffic(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 7, 16, 100, 256 };
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bed *bed = bed_create_packed(sizes[i], 0x8000);

		pass_frames(bed, 0, 1000);
		assert_int_equal(bed->nb_log_errors, 0);
		bed_destroy(bed);
	}
}

static void
test_bursts(void **state)
{
	struct bed *bed = bed_create_packed(7, 0x8000 | 3);
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint32_t round, i, id, len;

	(void)state;
	for (round = 0; round < 50; round++) {
		for (i = 0; i < 5; i++)
			vring_offer_rx(&b->rx.vr);
		for (i = 0; i < 7; i++)
			assert_true(bed_post(a, round * 7 + i));
		bed_ring(a);
		assert_int_equal(bed_pass(bed), 5); /* two wait in their ring */
		for (i = 0; i < 5; i++)
			bed_expect(b, round * 7 + i);
		vring_offer_rx(&b->rx.vr);
		vring_offer_rx(&b->rx.vr);
		assert_int_equal(bed_pass(bed), 2);
		for (; i < 7; i++)
			bed_expect(b, round * 7 + i);
		bed_expect_none(b);
		for (i = 0; i < 7; i++)
			assert_true(vring_take_used(&a->tx.vr, &id, &len));
	}
	bed_destroy(bed);
}

static void
remake(struct bed *bed, struct bed_port *bp, struct bed_queue *bq, uint16_t index)
{
	uint16_t avail, used;

	vnet_queue_suspend_locked(bq->q);
	vnet_queue_indices_locked(bq->q, &avail, &used);
	assert_int_equal(avail, used);
	vnet_queue_destroy_locked(bq->q);
	bq->vr.start = avail;
	bed_queue_create(bed, bp, bq, index, NULL);
	assert_int_equal(vnet_queue_start_locked(bq->q), 0);
}

/* A new queue at the saved indices goes on wherever the old one was stopped, with frames waiting. */
static void
test_suspend_anywhere(void **state)
{
	struct bed *bed = bed_create_packed(5, 0x8000);
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint32_t i, id, len;

	(void)state;
	for (i = 0; i < 23; i++) {
		assert_true(bed_post(a, i));
		bed_ring(a);
		assert_int_equal(bed_pass(bed), 0); /* nobody takes it yet */
		vring_offer_rx(&b->rx.vr);
		remake(bed, a, &a->tx, 1);
		bed_unsteer(b);
		remake(bed, b, &b->rx, 0);
		bed_steer(b);
		bed_ring(a);
		assert_int_equal(bed_pass(bed), 1);
		bed_expect(b, i);
		bed_expect_none(b);
		assert_true(vring_take_used(&a->tx.vr, &id, &len));
	}
	bed_destroy(bed);
}

static void
test_suspend_early(void **state)
{
	struct bed *bed = bed_create_packed(4, 0x8000 | 2);
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	struct vnet_queue_attr attr;
	uint16_t avail, used;
	uint32_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_true(bed_post(a, i));
	vnet_queue_suspend_early_locked(a->tx.q, 3);
	vnet_queue_indices_locked(a->tx.q, &avail, &used);
	assert_int_equal(avail, 1); /* over the end: the counter has turned */
	assert_int_equal(used, 0x8002);
	/* other values, same indices: the three are still this queue's */
	vring_attr(&a->tx.vr, &bed->mem, &attr);
	attr.index = 1;
	attr.ops = &bed_queue_ops;
	attr.arg = &a->tx;
	attr.avail_index = avail;
	attr.used_index = used;
	assert_int_equal(vnet_queue_reconfigure_locked(a->tx.q, &attr), 0);
	vnet_queue_indices_locked(a->tx.q, &avail, &used);
	assert_int_equal(avail, 1);
	assert_int_equal(vnet_queue_start_locked(a->tx.q), 0);
	for (i = 0; i < 4; i++)
		vring_offer_rx(&b->rx.vr);
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 4);
	for (i = 0; i < 4; i++)
		bed_expect(b, i);
	/* other indices: the queue begins there, what was in flight is somebody else's */
	for (i = 0; i < 4; i++) {
		uint32_t id, len;

		assert_true(vring_take_used(&a->tx.vr, &id, &len));
		vring_offer_rx(&b->rx.vr);
	}
	for (i = 0; i < 4; i++)
		assert_true(bed_post(a, 10 + i));
	vnet_queue_suspend_early_locked(a->tx.q, 100);
	vnet_queue_indices_locked(a->tx.q, &avail, &used);
	assert_int_equal(avail, 0x8002);
	assert_int_equal(used, 2);
	attr.avail_index = attr.used_index = 3;
	assert_int_equal(vnet_queue_reconfigure_locked(a->tx.q, &attr), 0);
	assert_int_equal(vnet_queue_start_locked(a->tx.q), 0);
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 3);
	bed_expect(b, 11);
	bed_destroy(bed);
}

/* A driver that takes the device anew may negotiate the other kind of ring. */
static void
test_other_kind(void **state)
{
	struct bed *bed = bed_create(wire_switch_create, 16, 100);
	struct bed_port *a = &bed->ports[0];
	struct vnet_queue_attr attr;

	(void)state;
	pass_frames(bed, 0, 20);
	vnet_queue_suspend_locked(a->tx.q);
	vring_fini(&a->tx.vr);
	vring_init_packed(&a->tx.vr, 0x20000000ull, 15, 2048, 0x8000);
	bed->mem.ranges[1].ptr = a->tx.vr.mem;
	bed->mem.ranges[1].len = a->tx.vr.total;
	a->tx.vr.mkey = BED_KEY;
	vring_attr(&a->tx.vr, &bed->mem, &attr);
	attr.index = 1;
	attr.ops = &bed_queue_ops;
	attr.arg = &a->tx;
	assert_int_equal(vnet_queue_reconfigure_locked(a->tx.q, &attr), 0);
	assert_int_equal(vnet_queue_start_locked(a->tx.q), 0);
	pass_frames(bed, 20, 40);
	assert_int_equal(bed->nb_log_errors, 0);
	bed_destroy(bed);
}

static void
test_interrupts(void **state)
{
	struct bed *bed = bed_create_packed(8, 0x8000);
	struct bed_port *b = &bed->ports[1];

	(void)state;
	pass_frames(bed, 0, 3);
	assert_int_equal(b->rx.nb_used, 3);
	*b->rx.vr.driver_flags = htole16(1);
	pass_frames(bed, 3, 3);
	assert_int_equal(b->rx.nb_used, 3);
	*b->rx.vr.driver_flags = 0;
	pass_frames(bed, 6, 1);
	assert_int_equal(b->rx.nb_used, 4);
	bed_destroy(bed);
}

static void
test_fault(void **state)
{
	struct bed *bed = bed_create_packed(8, 0x8000);
	struct bed_port *a = &bed->ports[0];
	uint16_t avail, used;

	(void)state;
	pass_frames(bed, 0, 5);
	vring_packed_desc(&a->tx.vr, 5,
			(struct vring_packed_desc){ a->tx.vr.buf_gpa, 72, 0,
					VRING_F_AVAIL | VRING_F_INDIRECT });
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 0);
	assert_int_equal(a->tx.nb_errors, 1);
	assert_int_equal(a->tx.error, VNET_ERR_BAD_DESC);
	vnet_queue_indices_locked(a->tx.q, &avail, &used);
	assert_int_equal(avail, 0x8005);
	assert_int_equal(used, 0x8005);
	bed_destroy(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_suspend_anywhere),
		cmocka_unit_test(test_suspend_early),
		cmocka_unit_test(test_other_kind),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
