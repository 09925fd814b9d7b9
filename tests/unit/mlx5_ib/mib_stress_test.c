/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads that make, change, ask for and destroy objects of one file, and guess at the handles of
 * the others, while rules, latencies and the link change under them; and in the midst of it the
 * function is pulled out, or the file is closed. Whatever a call says, nobody crashes, races
 * (sanitizers watch) or waits for ever, and nothing is left.
 */
#include "mib_call.h"

#include <pthread.h>
#include <stdio.h>

#include "fw_card.h"
#include "fw_fault.h"
#include "fw_latency.h"
#include "uv_file.h"
#include "wire_admin.h"

#define NB_MAKERS 3u
#define NB_LIVES 2000u /* before the end comes */
#define BUF_SIZE 16384u

struct stress {
	struct rig *rig;
	atomic_uint nb_lives, nb_ran; /* lives, and queues that ran in them */
	atomic_bool stop; /* who guesses and who changes settings */
};

struct maker {
	struct stress *stress;
	pthread_t thread;
	uint32_t pd, pdn, td, tis, umem, tis_h, td_h, umem_h;
	uint8_t *buf;
	unsigned int seed;
};

/* --- what a queue needs --------------------------------------------------------------------- */

static int
make_simple(struct rig *rig, uint16_t opcode, uint32_t td, uint32_t *handle, uint32_t *id)
{
	uint8_t in[PRM_SIZE(create_tis_in)] = { 0 }, out[16] = { 0 };
	const struct prm_obj_kind *kind = prm_obj_kind(opcode, 0);
	bool tis = opcode == PRM_OP_CREATE_TIS;
	int ret;

	PRM_SET(cmd_in, in, opcode, opcode);
	if (tis)
		PRM_SET(tisc, PRM_PTR(create_tis_in, in, ctx), transport_domain, td);
	ret = do_create(rig, in, tis ? sizeof(in) : 16, out, sizeof(out), handle);
	*id = (uint32_t)prm_get(out, kind->id_off, kind->id_bits);
	return ret;
}

static void
maker_begin(struct maker *m)
{
	struct rig *rig = m->stress->rig;

	m->buf = aligned_alloc(4096, BUF_SIZE);
	assert_non_null(m->buf);
	memset(m->buf, 0, BUF_SIZE);
	assert_int_equal(do_pd(rig, &m->pd, &m->pdn), 0);
	assert_int_equal(do_umem(rig, m->buf, BUF_SIZE, 1, &m->umem_h, &m->umem), 0);
	assert_int_equal(make_simple(rig, PRM_OP_ALLOC_TRANSPORT_DOMAIN, 0, &m->td_h, &m->td), 0);
	assert_int_equal(make_simple(rig, PRM_OP_CREATE_TIS, m->td, &m->tis_h, &m->tis), 0);
}

/* --- calls ---------------------------------------------------------------------------------- */

static int
make_queue(struct maker *m, uint32_t mkey, uint32_t *handle, uint32_t *id)
{
	uint8_t in[PRM_SIZE(create_virtq_in)] = { 0 }, out[16] = { 0 };
	uint8_t *netq = PRM_PTR(create_virtq_in, in, virtq);
	uint8_t *q = PRM_PTR(virtio_net_q, netq, virtio_q_context);
	int ret;

	PRM_SET(cmd_in, in, opcode, PRM_OP_CREATE_GENERAL_OBJECT);
	PRM_SET(cmd_in, in, op_mod, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(virtio_net_q, netq, tisn_or_qpn, m->tis);
	PRM_SET(virtio_q, q, queue_index, rand_r(&m->seed) % 4);
	PRM_SET(virtio_q, q, queue_size, 16);
	PRM_SET(virtio_q, q, virtio_version_1_0, 1);
	PRM_SET(virtio_q, q, pd, m->pdn);
	PRM_SET(virtio_q, q, virtio_q_mkey, mkey);
	PRM_SET(virtio_q, q, desc_addr, (uintptr_t)m->buf);
	PRM_SET(virtio_q, q, available_addr, (uintptr_t)m->buf + 1024);
	PRM_SET(virtio_q, q, used_addr, (uintptr_t)m->buf + 2048);
	PRM_SET(virtio_q, q, umem_1_id, m->umem);
	PRM_SET(virtio_q, q, umem_1_size, BUF_SIZE);
	PRM_SET(virtio_q, q, umem_2_id, m->umem);
	PRM_SET(virtio_q, q, umem_2_size, BUF_SIZE);
	PRM_SET(virtio_q, q, umem_3_id, m->umem);
	PRM_SET(virtio_q, q, umem_3_size, BUF_SIZE);
	ret = do_create(m->stress->rig, in, sizeof(in), out, sizeof(out), handle);
	*id = (uint32_t)PRM_GET(general_obj_out_cmd_hdr, out, obj_id);
	return ret;
}

static int
set_state(struct maker *m, uint32_t handle, uint32_t id, uint8_t state)
{
	uint8_t in[PRM_SIZE(create_virtq_in)] = { 0 }, out[16] = { 0 };
	uint8_t *netq = PRM_PTR(create_virtq_in, in, virtq);

	PRM_SET(cmd_in, in, opcode, PRM_OP_MODIFY_GENERAL_OBJECT);
	PRM_SET(cmd_in, in, op_mod, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, id);
	PRM_SET(virtio_net_q, netq, modify_field_select, PRM_VIRTQ_MOD_STATE);
	PRM_SET(virtio_net_q, netq, state, state);
	return do_command(m->stress->rig, MLX5_IB_METHOD_DEVX_OBJ_MODIFY, handle, in, sizeof(in),
			out, sizeof(out));
}

static int
query(struct maker *m, uint32_t handle, uint32_t id)
{
	uint8_t in[16] = { 0 }, out[PRM_SIZE(query_virtq_out)] = { 0 };

	PRM_SET(cmd_in, in, opcode, PRM_OP_QUERY_GENERAL_OBJECT);
	PRM_SET(cmd_in, in, op_mod, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, id);
	return do_command(m->stress->rig, MLX5_IB_METHOD_DEVX_OBJ_QUERY, handle, in, sizeof(in),
			out, sizeof(out));
}

/* One queue's life; whatever fails on the way, what is there is given back. */
static int
one_life(struct maker *m)
{
	struct ib_uverbs_reg_mr cmd = { .start = (uintptr_t)m->buf,
		.hca_va = (uintptr_t)m->buf,
		.length = BUF_SIZE,
		.pd_handle = m->pd,
		.access_flags = 1 };
	struct rig *rig = m->stress->rig;
	struct ib_uverbs_reg_mr_resp mr;
	uint32_t handle, id;
	int ret;

	ret = do_mr(rig, &cmd, &mr);
	if (ret != 0)
		return ret;
	ret = make_queue(m, mr.lkey, &handle, &id);
	if (ret == 0) {
		if (set_state(m, handle, id, PRM_VIRTQ_RDY) == 0)
			atomic_fetch_add(&m->stress->nb_ran, 1);
		query(m, handle, id);
		set_state(m, handle, id, PRM_VIRTQ_SUSPEND);
		query(m, handle, id);
		do_obj_destroy(rig, handle);
	}
	do_mr_destroy(rig, mr.mr_handle);
	return ret;
}

static void *
maker_main(void *arg)
{
	struct maker *m = arg;
	struct stress *s = m->stress;

	while (one_life(m) != -EIO)
		atomic_fetch_add(&s->nb_lives, 1);
	return NULL;
}

/* Destroys what others may just have made: the newest handles are the smallest free ones. */
static void *
guesser_main(void *arg)
{
	struct stress *s = arg;
	unsigned int seed = 7;

	while (!atomic_load(&s->stop)) {
		do_obj_destroy(s->rig, 4 * NB_MAKERS + (uint32_t)rand_r(&seed) % 32);
		sched_yield();
	}
	return NULL;
}

/* --- settings ------------------------------------------------------------------------------- */

static void
add_rule(struct fw_card *card, const char *id, enum fw_fault_action action)
{
	struct fw_fault rule;

	fw_fault_init(&rule, action);
	snprintf(rule.id, sizeof(rule.id), "%s", id);
	rule.nth = 3;
	rule.delay_ns = 1000;
	if (action == FW_FAULT_FAIL)
		rule.status = PRM_STATUS_RES_BUSY; /* EIO is the end */
	fw_card_add_fault(card, &rule);
}

static void *
changer_main(void *arg)
{
	struct stress *s = arg;
	struct fw_card *card = s->rig->card;
	struct fw_latency latency;
	unsigned int round;

	fw_latency_init(&latency, "none");
	for (round = 0; !atomic_load(&s->stop); round++) {
		latency.default_ns = round % 3 * 5000;
		latency.in_flight = round % 4;
		fw_card_set_latency(card, &latency);
		add_rule(card, "a", FW_FAULT_FAIL);
		add_rule(card, "b", FW_FAULT_QUEUE_ERROR);
		add_rule(card, "c", FW_FAULT_STOP_EARLY);
		add_rule(card, "d", FW_FAULT_TIMEOUT);
		vnet_lock(card->vnet);
		wire_link_off(s->rig->wire, 0);
		wire_link_on(s->rig->wire, 0);
		vnet_unlock(card->vnet);
		sched_yield();
		fw_card_del_fault(card, "a");
		fw_card_clear_faults(card);
	}
	latency.default_ns = 0;
	latency.in_flight = 0;
	fw_card_set_latency(card, &latency);
	return NULL;
}

/* --- the end -------------------------------------------------------------------------------- */

static void
end_removed(struct rig *rig)
{
	assert_int_equal(fw_func_remove(fw_card_func(rig->card, 0)), 0);
	uv_file_disassociate(rig->file);
}

static void
end_closed(struct rig *rig)
{
	uv_file_close(rig->file);
}

static void
stress(void **state, void (*end)(struct rig *rig))
{
	struct maker makers[NB_MAKERS] = { 0 };
	struct ib_uverbs_attr attr = { .attr_id = UVERBS_ATTR_ASYNC_EVENT_ALLOC_FD_HANDLE };
	struct uv_obj *async;
	pthread_t guesser, changer;
	struct stress s = { 0 };
	uint32_t id = 0;
	unsigned int i;

	assert_int_equal(rig_setup(state), 0);
	s.rig = *state;
	assert_int_equal(rig_call(s.rig, UVERBS_OBJECT_ASYNC_EVENT, UVERBS_METHOD_ASYNC_EVENT_ALLOC,
					 &attr, 1),
			0);
	async = s.rig->chan;
	for (i = 0; i < NB_MAKERS; i++) {
		makers[i].stress = &s;
		makers[i].seed = i;
		maker_begin(&makers[i]);
		assert_int_equal(one_life(&makers[i]), 0);
	}
	/* As the seam has it: who is in a call keeps the memory of the file. */
	base_mutex_lock(&s.rig->file->lock);
	s.rig->file->refs++;
	base_mutex_unlock(&s.rig->file->lock);
	for (i = 0; i < NB_MAKERS; i++)
		pthread_create(&makers[i].thread, NULL, maker_main, &makers[i]);
	pthread_create(&guesser, NULL, guesser_main, &s);
	pthread_create(&changer, NULL, changer_main, &s);
	while (atomic_load(&s.nb_lives) < NB_LIVES)
		sched_yield();
	assert_true(atomic_load(&s.nb_ran) >= NB_MAKERS);
	end(s.rig);
	for (i = 0; i < NB_MAKERS; i++)
		pthread_join(makers[i].thread, NULL);
	atomic_store(&s.stop, true);
	pthread_join(guesser, NULL);
	pthread_join(changer, NULL);
	if (end != end_closed)
		uv_file_close(s.rig->file);
	for (i = 0; i < FW_NB_CLASSES; i++)
		assert_null(base_idtab_next(&fw_card_func(s.rig->card, 0)->objs[i], &id));
	end_channel(async);
	uv_file_put(s.rig->file);
	rig_forget(s.rig);
	for (i = 0; i < NB_MAKERS; i++)
		free(makers[i].buf);
}

static void
test_removed(void **state)
{
	stress(state, end_removed);
}

static void
test_closed(void **state)
{
	stress(state, end_closed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
