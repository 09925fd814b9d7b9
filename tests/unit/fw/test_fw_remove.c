/* SPDX-License-Identifier: BSD-3-Clause */
/* A function is pulled out. */
#include <errno.h>
#include <stdio.h>

#include "fw_fault.h"
#include "fw_rig.h"

static unsigned int nb_removed;
static struct fw_func *removed;

static void
on_removed(void *arg, struct fw_func *func)
{
	nb_removed++;
	removed = func;
}

static int
alloc_pd(struct fw_uctx *uctx, uint8_t out[16])
{
	uint8_t in[16] = { 0 };

	PRM_SET(cmd_in, in, opcode, PRM_OP_ALLOC_PD);
	return fw_cmd_exec(uctx, in, sizeof(in), out, 16);
}

static void
test_remove(void **state)
{
	struct rig *rig = *state;
	uint32_t pd = rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD), id;
	uint32_t q = rig_virtq(rig, 1), word;
	struct vnet_queue *queue = fake_queue;
	struct fw_pages pages = { rig->buf, RIG_PAGE };
	uint8_t out[16];

	nb_removed = 0;
	fw_card_on_remove(rig->card, on_removed, NULL);
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, q, PRM_VIRTQ_RDY));
	assert_int_equal(0, fw_var_create(rig->uctx, &word, &id));
	assert_int_equal(1, fake_counts.doorbells);
	assert_int_equal(0, fw_func_remove(rig->uctx->func));
	assert_int_equal(-EALREADY, fw_func_remove(rig->uctx->func));
	assert_int_equal(1, nb_removed);
	assert_ptr_equal(removed, rig->uctx->func);
	assert_true(fw_func_is_gone(rig->uctx->func));
	/* The engine has let go. */
	assert_false(queue->running);
	assert_int_equal(0, fake_counts.doorbells);
	/* No news, even if there were any. */
	fake_used(rig->card->vnet, queue, 1);
	rig_put_be32(rig->buf + RIG_CQ_DBR + 4, 1u << 28);
	fake_poll(rig->card->vnet);
	assert_int_equal(0, rig->told.nb_completions + rig->told.nb_events);
	/* Nothing new can be made; what is there can be given back, and is. */
	assert_int_equal(-EIO, alloc_pd(rig->uctx, out));
	assert_int_equal(PRM_STATUS_INT_ERR, PRM_GET(cmd_out, out, status));
	assert_int_equal(-EIO, fw_umem_create(rig->uctx, &pages, &id));
	assert_int_equal(-EIO, fw_var_create(rig->uctx, &word, &id));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_PD, pd));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, q));
	/* The other function does not care. */
	assert_false(fw_func_is_gone(rig->far->func));
	assert_int_equal(0, alloc_pd(rig->far, out));
}

/* An event whose period is not over when the function goes is never told, nor written. */
static void
test_held_event(void **state)
{
	struct rig *rig = *state;
	const uint32_t q_off =
			PRM_OFF(create_virtq_in, virtq) + PRM_OFF(virtio_net_q, virtio_q_context);
	uint8_t in[PRM_SIZE(create_virtq_in)], before[64];
	struct fw_virtq *virtq;
	uint32_t q;

	rig_virtq_in(rig, in);
	prm_set(in, q_off + PRM_OFF(virtio_q, queue_period_us), 12, 4095);
	prm_set(in, q_off + PRM_OFF(virtio_q, queue_max_count), 16, 100);
	q = rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
	virtq = rig_virtq_obj(rig, q);
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, q, PRM_VIRTQ_RDY));
	fake_used(rig->card->vnet, fake_queue, 1);
	assert_true(virtq->is_held);
	memcpy(before, rig->buf, sizeof(before));
	assert_int_equal(0, fw_func_remove(rig->uctx->func));
	virtq->moder.since_ns = 0; /* long ago */
	fake_poll(rig->card->vnet);
	assert_memory_equal(before, rig->buf, sizeof(before));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, q));
}

static void
test_remove_by_rule(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r;
	uint8_t out[16];

	fw_fault_init(&r, FW_FAULT_REMOVE);
	strcpy(r.id, "pull");
	r.nth = 2;
	r.func = 1;
	assert_int_equal(0, fw_card_add_fault(rig->card, &r));
	assert_int_equal(0, alloc_pd(rig->far, out));
	assert_int_equal(0, alloc_pd(rig->uctx, out));
	assert_int_equal(-EIO, alloc_pd(rig->far, out));
	assert_int_equal(-EIO, alloc_pd(rig->far, out));
	assert_int_equal(0, alloc_pd(rig->uctx, out));
}

static void
test_waiting_ends(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r;
	uint8_t out[16];

	/* An hour of waiting is over before it begins. */
	fw_fault_init(&r, FW_FAULT_REMOVE);
	strcpy(r.id, "pull");
	r.delay_ns = 3600ull * 1000000000;
	assert_int_equal(0, fw_card_add_fault(rig->card, &r));
	assert_int_equal(-EIO, alloc_pd(rig->uctx, out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_remove, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_held_event, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_remove_by_rule, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_waiting_ends, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
