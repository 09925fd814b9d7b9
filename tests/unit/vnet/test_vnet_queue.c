/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a queue's life on a bed without thread: states, indices, faults, references.
 */
#include "vnet_bed.h"

static void
indices(const struct bed_queue *bq, uint16_t want)
{
	uint16_t avail, used;

	vnet_queue_indices_locked(bq->q, &avail, &used);
	assert_int_equal(avail, want);
	assert_int_equal(used, want);
}

static void
test_arcs(void **state)
{
	static const bool want[VNET_QUEUE_NB_STATES][VNET_QUEUE_NB_STATES] = {
		/* to STOPPED, RUNNING, ERROR */
		[VNET_QUEUE_STOPPED] = { false, true, false },
		[VNET_QUEUE_RUNNING] = { true, false, true },
		[VNET_QUEUE_ERROR] = { false, false, false },
	};
	unsigned int from, to;

	(void)state;
	for (from = 0; from < VNET_QUEUE_NB_STATES; from++) {
		for (to = 0; to < VNET_QUEUE_NB_STATES; to++)
			assert_int_equal(vnet_queue_arc(from, to), want[from][to]);
	}
}

static void
test_error_names(void **state)
{
	(void)state;
	assert_string_equal(vnet_error_name(VNET_ERR_BAD_DESC), "bad descriptor");
	assert_string_equal(vnet_error_name((enum vnet_error)99), "unknown error");
}

static void
test_create_checks(void **state)
{
	struct bed *bed = *state;
	struct vnet_queue_attr attr;
	struct vnet_queue *q;

	vring_attr(&bed->ports[0].rx.vr, &bed->mem, &attr);
	attr.size = 3;
	assert_int_equal(vnet_queue_create_locked(bed->ports[0].port, &attr, &q), -EINVAL);
	vnet_queue_destroy_locked(NULL);
}

static void
test_suspend_resume(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint32_t i;

	for (i = 0; i < 5; i++) {
		vring_offer_rx(&b->rx.vr);
		assert_true(bed_post(a, i));
	}
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 5);
	assert_int_equal(vnet_queue_start_locked(a->tx.q), -EINVAL);
	vnet_queue_suspend_locked(a->tx.q);
	vnet_queue_suspend_locked(a->tx.q); /* again: nothing */
	indices(&a->tx, 5);
	indices(&b->rx, 5);
	/* what is posted and rung while it is stopped stays in the ring */
	vring_offer_rx(&b->rx.vr);
	assert_true(bed_post(a, 5));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 0);
	indices(&a->tx, 5);
	/* the same queue again, and a ring of the doorbell */
	assert_int_equal(vnet_queue_start_locked(a->tx.q), 0);
	assert_int_equal(bed_pass(bed), 0);
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	/* another queue object on the same ring, at the same indices */
	vnet_queue_suspend_locked(a->tx.q);
	indices(&a->tx, 6);
	vnet_queue_destroy_locked(a->tx.q);
	a->tx.vr.start = 6;
	bed_queue_create(bed, a, &a->tx, 1, NULL);
	indices(&a->tx, 6);
	assert_int_equal(vnet_queue_start_locked(a->tx.q), 0);
	vring_offer_rx(&b->rx.vr);
	assert_true(bed_post(a, 6));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	for (i = 0; i < 7; i++)
		bed_expect(b, i);
	assert_int_equal(b->rx.nb_used, 7);
	assert_int_equal(a->tx.nb_used, 7);
}

static void
test_index_wrap(void **state)
{
	struct bed *bed = bed_create(wire_switch_create, 4, 65533);
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint32_t i, id, len;

	(void)state;
	for (i = 0; i < 9; i++) {
		vring_offer_rx(&b->rx.vr);
		assert_true(bed_post(a, i));
		bed_ring(a);
		assert_int_equal(bed_pass(bed), 1);
		bed_expect(b, i);
		assert_true(vring_take_used(&a->tx.vr, &id, &len));
		assert_int_equal(len, 0);
	}
	indices(&a->tx, (uint16_t)(65533 + 9));
	bed_destroy(bed);
}

static void
test_fault_is_told_once(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	struct vnet_queue_stats stats;

	vring_offer_rx(&b->rx.vr);
	assert_true(bed_post(a, 0));
	vring_desc(&a->tx.vr, 7, (struct vring_desc){ 0, 64, VRING_F_INDIRECT, 0 });
	vring_offer(&a->tx.vr, 7);
	assert_true(bed_post(a, 2));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1); /* the good one before it went */
	assert_int_equal(a->tx.nb_errors, 1);
	assert_int_equal(a->tx.error, VNET_ERR_BAD_DESC);
	assert_int_equal(a->tx.nb_used, 1);
	assert_int_equal(vnet_queue_error_locked(a->tx.q), VNET_ERR_BAD_DESC);
	assert_int_equal(vnet_queue_error_locked(b->rx.q), VNET_ERR_NONE);
	indices(&a->tx, 1);
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 0);
	assert_int_equal(a->tx.nb_errors, 1);
	assert_int_equal(bed->nb_log_errors, 1);
	assert_non_null(strstr(bed->last_error, "port 0 queue 1: bad descriptor"));
	assert_non_null(strstr(bed->last_error, "flags is 0x4"));
	vnet_queue_stats_locked(a->tx.q, &stats);
	assert_int_equal(stats.bad_desc_errors, 1);
	assert_int_equal(stats.completed_desc, 1);
	/* no way back */
	assert_int_equal(vnet_queue_start_locked(a->tx.q), -EINVAL);
	vnet_queue_suspend_locked(a->tx.q);
	assert_int_equal(vnet_queue_error_locked(a->tx.q), VNET_ERR_BAD_DESC);
	/* everybody else is alive */
	vring_offer_rx(&a->rx.vr);
	assert_true(bed_post(b, 9));
	bed_ring(b);
	assert_int_equal(bed_pass(bed), 1);
	bed_expect(a, 9);
}

/* Each kind of fault, brought about in the transmit ring of port 0. */
static void
fault_loop(struct bed *bed, struct vring *vr)
{
	(void)bed;
	vring_desc(vr, 0, (struct vring_desc){ vring_buf_gpa(vr, 0), 20, VRING_F_NEXT, 0 });
	vring_offer(vr, 0);
}

static void
fault_buffer(struct bed *bed, struct vring *vr)
{
	(void)bed;
	vring_desc(vr, 0, (struct vring_desc){ 0xdead0000, 100, 0, 0 });
	vring_offer(vr, 0);
}

static void
fault_jump(struct bed *bed, struct vring *vr)
{
	(void)bed;
	vr->avail->idx = htole16(17);
}

static void
fault_unmapped(struct bed *bed, struct vring *vr)
{
	(void)vr;
	bed->mem.nb = 0;
}

static void
test_fault_kinds(void **state)
{
	static const struct {
		void (*make)(struct bed *bed, struct vring *vr);
		enum vnet_error error;
	} cases[] = {
		{ fault_loop, VNET_ERR_CHAIN_TOO_LONG },
		{ fault_buffer, VNET_ERR_INVALID_BUFFER },
		{ fault_jump, VNET_ERR_AVAIL_INDEX },
		{ fault_unmapped, VNET_ERR_RING_ACCESS },
	};
	struct vnet_queue_stats stats;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bed *bed = bed_create(wire_switch_create, 16, 0);
		struct bed_queue *bq = &bed->ports[0].tx;

		cases[i].make(bed, &bq->vr);
		bed_ring(&bed->ports[0]);
		assert_int_equal(bed_pass(bed), 0);
		assert_int_equal(bq->nb_errors, 1);
		assert_int_equal(bq->error, cases[i].error);
		indices(bq, 0);
		vnet_queue_stats_locked(bq->q, &stats);
		assert_int_equal(stats.exceed_max_chain, cases[i].error == VNET_ERR_CHAIN_TOO_LONG);
		assert_int_equal(stats.invalid_buffer, cases[i].error == VNET_ERR_INVALID_BUFFER);
		assert_int_equal(stats.received_desc, 0);
		bed_destroy(bed);
	}
}

static void
test_no_interrupt(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint32_t i;

	a->tx.vr.avail->flags = htole16(1);
	for (i = 0; i < 3; i++) {
		vring_offer_rx(&b->rx.vr);
		assert_true(bed_post(a, i));
	}
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 3);
	assert_int_equal(a->tx.nb_tells, 0);
	assert_int_equal(b->rx.nb_tells, 1); /* once for the burst */
	assert_int_equal(b->rx.nb_used, 3);
}

static void
test_suspend_early(void **state)
{
	struct bed *bed = *state;
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint16_t avail, used;
	uint32_t i;

	for (i = 0; i < 5; i++) {
		vring_offer_rx(&b->rx.vr);
		assert_true(bed_post(a, i));
	}
	vnet_queue_suspend_early_locked(a->tx.q, 3);
	vnet_queue_indices_locked(a->tx.q, &avail, &used);
	assert_int_equal(avail, 3);
	assert_int_equal(used, 0);
	assert_int_equal(vnet_queue_start_locked(a->tx.q), 0);
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 5);
	vnet_queue_suspend_early_locked(a->tx.q, 3); /* there is nothing more to fetch */
	indices(&a->tx, 5);
}

static void
test_reconfigure(void **state)
{
	struct bed *bed = *state;
	struct bed_queue *tx = &bed->ports[0].tx;
	struct vnet_queue_attr attr;

	vring_attr(&tx->vr, &bed->mem, &attr);
	attr.avail_index = attr.used_index = 77;
	assert_int_equal(vnet_queue_reconfigure_locked(tx->q, &attr), -EBUSY);
	indices(tx, 0);
	vnet_queue_suspend_locked(tx->q);
	attr.size = 3;
	assert_int_equal(vnet_queue_reconfigure_locked(tx->q, &attr), -EINVAL);
	indices(tx, 0);
	vring_attr(&tx->vr, &bed->mem, &attr);
	attr.avail_index = attr.used_index = 77;
	assert_int_equal(vnet_queue_reconfigure_locked(tx->q, &attr), 0);
	indices(tx, 77);
}

static void
test_injected_error(void **state)
{
	struct bed *bed = *state;
	struct bed_queue *tx = &bed->ports[0].tx;

	vnet_queue_fail_locked(tx->q, VNET_ERR_INVALID_BUFFER);
	assert_int_equal(tx->nb_errors, 1);
	assert_int_equal(vnet_queue_error_locked(tx->q), VNET_ERR_INVALID_BUFFER);
	vnet_queue_fail_locked(tx->q, VNET_ERR_BAD_DESC); /* once is enough */
	assert_int_equal(tx->nb_errors, 1);
}

static void
test_in_rqt(void **state)
{
	struct bed *bed = *state;

	assert_true(vnet_queue_in_rqt_locked(bed->ports[0].rx.q));
	assert_false(vnet_queue_in_rqt_locked(bed->ports[0].tx.q));
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arcs),
		cmocka_unit_test(test_error_names),
		T(test_create_checks),
		T(test_suspend_resume),
		cmocka_unit_test(test_index_wrap),
		T(test_fault_is_told_once),
		cmocka_unit_test(test_fault_kinds),
		T(test_no_interrupt),
		T(test_suspend_early),
		T(test_reconfigure),
		T(test_injected_error),
		T(test_in_rqt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
