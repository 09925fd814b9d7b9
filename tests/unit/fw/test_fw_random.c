/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Legal commands with some bits spoiled, in random order, between events of the engine: nothing
 * may break (sanitizers watch), every answer must be in order (rig_exec() checks it), and whatever
 * is left must go away with its context. The seed is fixed; each run is the same.
 */
#include <errno.h>
#include <stdlib.h>

#include "fw_rig.h"
#include "prm_struct.h"

#define NB_ROUNDS 20000u
#define NB_TEMPLATES 64u
#define MAX_IN 512u

struct template
{
	uint8_t in[MAX_IN];
	size_t len;
	bool may_fail; /* always: its number names nothing */
};

static uint32_t seed = 20;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static size_t
add(struct template *t, size_t nb, size_t len)
{
	assert_true(nb < NB_TEMPLATES && len <= MAX_IN);
	t[nb].len = len;
	return nb + 1;
}

static bool
has_template(const struct template *t, size_t nb, const struct prm_cmd_layout *layout)
{
	while (nb-- > 0) {
		if (PRM_GET(cmd_in, t[nb].in, opcode) == layout->opcode &&
				(layout->obj_type == 0 ||
						PRM_GET(cmd_in, t[nb].in, op_mod) ==
								layout->obj_type))
			return true;
	}
	return false;
}

/* The number of an object that a command like this works on, written to its place. */
static bool
put_id(struct rig *rig, const struct prm_cmd_layout *layout, uint8_t *in)
{
	unsigned int cls;

	for (cls = 0; cls < FW_NB_CLASSES; cls++) {
		const struct prm_obj_kind *kind = fw_class_kind((enum fw_class)cls);
		const struct fw_obj *obj = TAILQ_FIRST(&rig->uctx->objs[cls]);

		if (kind == NULL || obj == NULL || kind->obj_type != layout->obj_type ||
				(kind->modify_op != layout->opcode &&
						kind->query_op != layout->opcode))
			continue;
		prm_set(in, kind->id_off, kind->id_bits, obj->id);
		return kind->query_op == layout->opcode;
	}
	return false;
}

/* Every other command: all zeros but for the header and an object's number. */
static size_t
make_plain_templates(struct rig *rig, struct template *t, size_t nb)
{
	const struct prm_cmd_layout *layout;
	size_t i;

	for (i = 0; (layout = prm_cmd_layout_at(i)) != NULL; i++) {
		if (has_template(t, nb, layout))
			continue;
		PRM_SET(cmd_in, t[nb].in, opcode, layout->opcode);
		PRM_SET(cmd_in, t[nb].in, op_mod, layout->obj_type);
		t[nb].may_fail = !put_id(rig, layout, t[nb].in);
		nb = add(t, nb, layout->in->size);
	}
	return nb;
}

static size_t
make_templates(struct rig *rig, struct template *t)
{
	const struct rig_klm klms[2] = { { RIG_PAGE, rig->mr, RIG_GPA },
		{ RIG_PAGE, FW_NULL_MKEY, 0 } };
	uint32_t virtq = rig_virtq(rig, 0);
	static const uint16_t ops[] = { PRM_OP_RST2INIT_QP, PRM_OP_INIT2RTR_QP, PRM_OP_RTR2RTS_QP };
	size_t nb = 0, i;

	rig_cq_in(rig, t[nb].in);
	nb = add(t, nb, PRM_SIZE(create_cq_in));
	rig_sw_qp_in(rig, t[nb].in);
	nb = add(t, nb, PRM_SIZE(create_qp_in));
	rig_fw_qp_in(rig, t[nb].in);
	nb = add(t, nb, 272);
	rig_tis_in(rig, t[nb].in);
	nb = add(t, nb, PRM_SIZE(create_tis_in));
	rig_counters_in(t[nb].in);
	nb = add(t, nb, PRM_SIZE(create_virtio_q_counters_in));
	rig_virtq_in(rig, t[nb].in);
	nb = add(t, nb, PRM_SIZE(create_virtq_in));
	rig_virtq_in(rig, t[nb].in);
	PRM_SET(general_obj_in_cmd_hdr, t[nb].in, opcode, PRM_OP_MODIFY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, t[nb].in, obj_id, virtq);
	PRM_SET(virtio_net_q, t[nb].in + 16, modify_field_select, 1);
	PRM_SET(virtio_net_q, t[nb].in + 16, state, PRM_VIRTQ_RDY);
	nb = add(t, nb, PRM_SIZE(create_virtq_in));
	rig_rqt_in(virtq, t[nb].in);
	nb = add(t, nb, RIG_RQT_IN);
	rig_tir_in(rig, rig_create(rig->uctx, FW_CLASS_RQT, t[nb - 1].in, RIG_RQT_IN), t[nb].in);
	nb = add(t, nb, PRM_SIZE(create_tir_in));
	rig_mkey_in(rig->pd, RIG_GPA, 0, klms, 2, t[nb].in);
	nb = add(t, nb, RIG_MKEY_IN(2));
	rig_mkey_in(rig->pd, RIG_GPA, 12, klms, 2, t[nb].in);
	nb = add(t, nb, RIG_MKEY_IN(2));
	for (i = 0; i < BASE_ARRAY_SIZE(ops); i++) {
		uint8_t *qpc = PRM_PTR(init2rtr_qp_in, t[nb].in, qpc);

		PRM_SET(init2rtr_qp_in, t[nb].in, opcode, ops[i]);
		PRM_SET(init2rtr_qp_in, t[nb].in, qpn, rig->fw_qpn);
		PRM_SET(qpc, qpc, remote_qpn, rig->sw_qpn);
		PRM_SET(ads, PRM_PTR(qpc, qpc, primary_address_path), fl, 1);
		nb = add(t, nb, PRM_SIZE(init2rtr_qp_in));
	}
	rig_rqt_in(virtq, t[nb].in);
	PRM_SET(cmd_in, t[nb].in, opcode, PRM_OP_MODIFY_RQT);
	PRM_SET(modify_rqt_in, t[nb].in, rqtn, TAILQ_FIRST(&rig->uctx->objs[FW_CLASS_RQT])->id);
	PRM_SET(modify_rqt_in, t[nb].in, modify_bitmask, PRM_RQT_MOD_LIST);
	nb = add(t, nb, RIG_RQT_IN);
	PRM_SET(query_hca_cap_in, t[nb].in, opcode, PRM_OP_QUERY_HCA_CAP);
	PRM_SET(query_hca_cap_in, t[nb].in, op_mod, PRM_CAP_VIRTIO_EMULATION << 1);
	nb = add(t, nb, PRM_SIZE(query_hca_cap_in));
	PRM_SET(modify_tis_in, t[nb].in, opcode, PRM_OP_MODIFY_TIS);
	PRM_SET(modify_tis_in, t[nb].in, tisn, rig->tis);
	PRM_SET(modify_tis_bitmask, PRM_PTR(modify_tis_in, t[nb].in, bitmask), prio, 1);
	nb = add(t, nb, PRM_SIZE(modify_tis_in));
	return make_plain_templates(rig, t, nb);
}

static void
spoil(struct template *t)
{
	uint32_t i, nb = draw(4);

	for (i = 0; i < nb; i++) {
		uint32_t byte = draw((uint32_t)t->len);

		t->in[byte] = (uint8_t)(draw(2) ? t->in[byte] ^ 1u << draw(8) : draw(256));
	}
	if (draw(16) == 0)
		t->len = PRM_SIZE(cmd_in) + draw((uint32_t)t->len - PRM_SIZE(cmd_in) + 1);
}

static void
engine_does_something(struct rig *rig)
{
	struct vnet *vnet = rig->card->vnet;

	if (fake_queue == NULL)
		return;
	/* A queue that does not run tells nothing. */
	if (fake_queue->running && draw(8) == 0)
		fake_fail(vnet, fake_queue, (enum vnet_error)(1 + draw(5)));
	else if (fake_queue->running)
		fake_used(vnet, fake_queue, 1 + draw(4));
	fake_poll(vnet);
}

/* As drivers do before the pair is used again; fails halfway where a spoiled command got in. */
static void
reset_pair(struct rig *rig)
{
	static const uint16_t ops[] = { PRM_OP_2RST_QP, PRM_OP_RST2INIT_QP, PRM_OP_INIT2RTR_QP,
		PRM_OP_RTR2RTS_QP };
	size_t i, keep = draw(4) == 0 ? draw(4) : BASE_ARRAY_SIZE(ops);

	for (i = 0; i < keep; i++) {
		rig_qp_cmd(rig, ops[i], rig->fw_qpn, rig->sw_qpn);
		rig_qp_cmd(rig, ops[i], rig->sw_qpn, rig->fw_qpn);
	}
}

/* MODIFY is about the youngest queue, to any state. */
static void
aim(struct rig *rig, struct template *t)
{
	struct fw_obj *obj = TAILQ_LAST(&rig->uctx->objs[FW_CLASS_VIRTQ], fw_obj_list);

	if (PRM_GET(cmd_in, t->in, opcode) != PRM_OP_MODIFY_GENERAL_OBJECT || obj == NULL)
		return;
	PRM_SET(general_obj_in_cmd_hdr, t->in, obj_id, obj->id);
	PRM_SET(virtio_net_q, t->in + 16, state, draw(3));
}

static void
destroy_something(struct rig *rig)
{
	enum fw_class cls = (enum fw_class)draw(FW_NB_CLASSES);
	struct fw_obj *obj = TAILQ_LAST(&rig->uctx->objs[cls], fw_obj_list);

	/* The oldest are those that the templates name. */
	if (obj != NULL && TAILQ_PREV(obj, fw_obj_list, link) != NULL &&
			fw_class_kind(cls) != NULL && obj->id != rig->sw_qpn)
		rig_destroy(rig->uctx, cls, obj->id);
}

static void
test_random_commands(void **state)
{
	static struct template good[NB_TEMPLATES];
	struct rig *rig = *state;
	size_t nb = make_templates(rig, good);
	uint32_t round, which, nb_bad = 0, nb_ok[NB_TEMPLATES] = { 0 };
	static uint8_t out[8192];
	unsigned int cls;

	for (round = 0; round < NB_ROUNDS; round++) {
		struct template t;
		void *in;

		which = draw((uint32_t)nb);
		t = good[which];
		aim(rig, &t);
		spoil(&t);
		/* On the heap and exactly as long, so that a byte too far is seen. */
		in = malloc(t.len);
		assert_non_null(in);
		memcpy(in, t.in, t.len);
		if (rig_exec(draw(16) ? rig->uctx : rig->other, in, t.len, out,
				    draw(8) ? sizeof(out) : 8 + draw(256)) == FW_SYN_OK)
			nb_ok[which]++;
		else
			nb_bad++;
		free(in);
		if (draw(4) == 0)
			engine_does_something(rig);
		if (draw(3) == 0)
			destroy_something(rig);
		if (draw(6) == 0)
			reset_pair(rig);
	}
	/* Both kinds must have been met by each, else the templates are wrong. */
	for (which = 0; which < nb; which++)
		assert_true(nb_ok[which] != 0 || good[which].may_fail);
	assert_true(nb_bad > NB_ROUNDS / 4);
	/* Nothing outlives the context. */
	fw_uctx_destroy(rig->uctx);
	rig->uctx = NULL;
	fw_uctx_destroy(rig->other);
	rig->other = NULL;
	for (cls = 0; cls < FW_NB_CLASSES; cls++)
		assert_int_equal(0, fw_card_func(rig->card, 0)->objs[cls].nb_used);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_commands, rig_setup_world,
				rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
