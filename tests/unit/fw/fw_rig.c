/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: see fw_rig.h. The memory that stands in for the driver's is one buffer,
 * registered as one umem: CQ at 0, receive queue at 16 KiB, the card's own buffers behind it.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fw_rig.h"
#include "wire.h"

#define RQ_OFF (16u * 1024)
#define OWN_OFF (32u * 1024)

static void
rig_log(void *arg, enum base_log_level level, const char *msg)
{
	struct rig *rig = arg;

	(void)level;
	if (strstr(msg, "refused") != NULL)
		rig->nb_refusals++;
	snprintf(rig->last, sizeof(rig->last), "%s", msg);
}

static void
rig_completion(void *arg, uint32_t cqn)
{
	struct rig *rig = arg;

	rig->told.nb_completions++;
	rig->told.cqn = cqn;
}

static void
rig_event(void *arg, const struct prm_obj_kind *kind, uint32_t id, uint16_t event, const void *eqe)
{
	struct rig *rig = arg;

	rig->told.nb_events++;
	rig->told.kind = kind;
	rig->told.id = id;
	rig->told.event = event;
	memcpy(rig->told.eqe, eqe, sizeof(rig->told.eqe));
}

static const struct fw_uctx_ops rig_ops = { .completion = rig_completion, .event = rig_event };

static void
rig_start(struct rig *rig)
{
	struct fw_card_attr attr = { .nb_funcs = 2, .caps = &rig->caps, .log = &rig->log };

	assert_int_equal(0,
			rig->loop ? wire_loop_create(2, 0, NULL, &rig->wire) :
				    wire_switch_create(2, 0, NULL, &rig->wire));
	attr.wire = rig->wire;
	assert_int_equal(0, fw_card_create(&attr, &rig->card));
	assert_int_equal(0, fw_uctx_create(fw_card_func(rig->card, 0), &rig_ops, rig, &rig->uctx));
	assert_int_equal(0, fw_uctx_create(fw_card_func(rig->card, 0), &rig_ops, rig, &rig->other));
	assert_int_equal(0, fw_uctx_create(fw_card_func(rig->card, 1), &rig_ops, rig, &rig->far));
}

static void
rig_stop(struct rig *rig)
{
	fw_uctx_destroy(rig->uctx);
	fw_uctx_destroy(rig->other);
	fw_uctx_destroy(rig->far);
	fw_card_destroy(rig->card);
	wire_destroy(rig->wire);
}

void
rig_restart(struct rig *rig)
{
	rig_stop(rig);
	rig_start(rig);
}

int
rig_setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert(rig != NULL);
	rig->log.level = BASE_LOG_WARN;
	rig->log.write = rig_log;
	rig->log.arg = rig;
	fw_caps_init(&rig->caps);
	rig_start(rig);
	rig->buf = aligned_alloc(RIG_PAGE, RIG_BUF_SIZE);
	rig->guest = aligned_alloc(RIG_PAGE, RIG_GUEST_SIZE);
	assert(rig->buf != NULL && rig->guest != NULL);
	memset(rig->buf, 0, RIG_BUF_SIZE);
	memset(rig->guest, 0, RIG_GUEST_SIZE);
	*state = rig;
	return 0;
}

int
rig_teardown(void **state)
{
	struct rig *rig = *state;

	rig_stop(rig);
	free(rig->buf);
	free(rig->guest);
	free(rig);
	return 0;
}

void
rig_world(struct rig *rig)
{
	uint8_t cq[PRM_SIZE(create_cq_in)], qp[PRM_SIZE(create_qp_in)],
			tis[PRM_SIZE(create_tis_in)];
	uint8_t counters[PRM_SIZE(create_virtio_q_counters_in)];
	struct fw_pages pages = { .addr = rig->buf, .len = RIG_BUF_SIZE };
	struct rig_klm klm = { .len = RIG_GUEST_SIZE, .address = RIG_GPA };

	rig->pd = rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD);
	rig->td = rig_alloc(rig->uctx, PRM_OP_ALLOC_TRANSPORT_DOMAIN, FW_CLASS_TD);
	assert_int_equal(0, fw_uar_create(rig->uctx, &rig->uar));
	assert_int_equal(0, fw_umem_create(rig->uctx, &pages, &rig->umem));
	assert_int_equal(0, fw_eqn(rig->uctx, 0, &rig->eqn));
	rig_tis_in(rig, tis);
	rig->tis = rig_create(rig->uctx, FW_CLASS_TIS, tis, sizeof(tis));
	rig->mr = rig_mr(rig, rig->guest, RIG_GUEST_SIZE, RIG_GPA);
	klm.mkey = rig->mr;
	rig->mkey = rig_mkey(rig, RIG_GPA, 0, &klm, 1);
	rig_cq_in(rig, cq);
	rig->cqn = rig_create(rig->uctx, FW_CLASS_CQ, cq, sizeof(cq));
	rig_fw_qp_in(rig, qp);
	rig->fw_qpn = rig_create(rig->uctx, FW_CLASS_QP, qp, sizeof(qp));
	rig_sw_qp_in(rig, qp);
	rig->sw_qpn = rig_create(rig->uctx, FW_CLASS_QP, qp, sizeof(qp));
	rig_qps_to_rts(rig);
	rig_counters_in(counters);
	rig->counters = rig_create(rig->uctx, FW_CLASS_COUNTERS, counters, sizeof(counters));
}

int
rig_setup_world(void **state)
{
	rig_setup(state);
	rig_world(*state);
	return 0;
}

/* --- commands ------------------------------------------------------------------------------- */

enum fw_syndrome
rig_exec(struct fw_uctx *uctx, const void *in, size_t inlen, void *out, size_t outlen)
{
	struct rig *rig = uctx->func->card->log->arg;
	unsigned int nb_refusals = rig->nb_refusals;
	enum fw_syndrome syn;
	size_t i;
	int ret;

	memset(out, 0xa5, outlen);
	ret = fw_cmd_exec(uctx, in, inlen, out, outlen);
	syn = (enum fw_syndrome)PRM_GET(cmd_out, out, syndrome);
	assert_int_equal(PRM_GET(cmd_out, out, status), fw_syndrome_status(syn));
	if (syn == FW_SYN_OK) {
		assert_int_equal(ret, 0);
		assert_int_equal(rig->nb_refusals, nb_refusals);
		return syn;
	}
	assert_int_equal(ret, -EREMOTEIO);
	assert_int_equal(rig->nb_refusals, nb_refusals + 1);
	assert_non_null(strstr(rig->last, fw_syndrome_text(syn)));
	for (i = PRM_SIZE(cmd_out); i < outlen; i++)
		assert_int_equal(((uint8_t *)out)[i], 0);
	return syn;
}

void
rig_check_errno(struct rig *rig, int ret, int err, enum fw_syndrome syn)
{
	assert_int_equal(ret, err);
	assert_non_null(strstr(rig->last, fw_syndrome_text(syn)));
}

uint32_t
rig_create(struct fw_uctx *uctx, enum fw_class cls, const void *in, size_t inlen)
{
	const struct prm_obj_kind *kind = fw_class_kind(cls);
	uint8_t out[16];
	uint32_t id;

	assert_int_equal(rig_exec(uctx, in, inlen, out, sizeof(out)), FW_SYN_OK);
	id = (uint32_t)prm_get(out, kind->id_off, kind->id_bits);
	assert_non_null(fw_obj_peek(uctx, cls, id));
	return id;
}

enum fw_syndrome
rig_destroy(struct fw_uctx *uctx, enum fw_class cls, uint32_t id)
{
	const struct prm_obj_kind *kind = fw_class_kind(cls);
	uint8_t in[16] = { 0 }, out[16];

	PRM_SET(cmd_in, in, opcode, kind->destroy_op);
	PRM_SET(cmd_in, in, op_mod, kind->obj_type);
	prm_set(in, kind->id_off, kind->id_bits, id);
	return rig_exec(uctx, in, sizeof(in), out, sizeof(out));
}

uint32_t
rig_alloc(struct fw_uctx *uctx, uint16_t opcode, enum fw_class cls)
{
	uint8_t in[16] = { 0 };

	PRM_SET(cmd_in, in, opcode, opcode);
	return rig_create(uctx, cls, in, sizeof(in));
}

void
rig_cq_in(struct rig *rig, void *in)
{
	uint8_t *cqc = PRM_PTR(create_cq_in, in, cq_context);

	memset(in, 0, PRM_SIZE(create_cq_in));
	PRM_SET(create_cq_in, in, opcode, PRM_OP_CREATE_CQ);
	PRM_SET(create_cq_in, in, cq_umem_id, rig->umem);
	PRM_SET(create_cq_in, in, cq_umem_valid, 1);
	PRM_SET(cqc, cqc, cc, 1);
	PRM_SET(cqc, cqc, log_cq_size, RIG_LOG_QUEUE_SIZE);
	PRM_SET(cqc, cqc, c_eqn, rig->eqn);
	PRM_SET(cqc, cqc, uar_page, rig->uar);
	PRM_SET(cqc, cqc, dbr_umem_valid, 1);
	PRM_SET(cqc, cqc, dbr_umem_id, rig->umem);
	PRM_SET(cqc, cqc, dbr_addr, RIG_CQ_DBR);
}

void
rig_fw_qp_in(struct rig *rig, void *in)
{
	uint8_t *qpc = PRM_PTR(create_qp_in, in, qpc);

	memset(in, 0, PRM_SIZE(create_qp_in));
	PRM_SET(create_qp_in, in, opcode, PRM_OP_CREATE_QP);
	PRM_SET(qpc, qpc, st, PRM_QPC_ST_RC);
	PRM_SET(qpc, qpc, pd, rig->pd);
	PRM_SET(qpc, qpc, rq_type, PRM_QPC_RQ_ZERO_LEN);
	PRM_SET(qpc, qpc, no_sq, 1);
}

void
rig_sw_qp_in(struct rig *rig, void *in)
{
	uint8_t *qpc = PRM_PTR(create_qp_in, in, qpc);

	rig_fw_qp_in(rig, in);
	PRM_SET(qpc, qpc, rq_type, PRM_QPC_RQ_NORMAL);
	PRM_SET(qpc, qpc, pm_state, PRM_QPC_PM_MIGRATED);
	PRM_SET(qpc, qpc, log_rq_size, RIG_LOG_QUEUE_SIZE);
	PRM_SET(qpc, qpc, cqn_rcv, rig->cqn);
	PRM_SET(qpc, qpc, uar_page, rig->uar);
	PRM_SET(qpc, qpc, dbr_umem_valid, 1);
	PRM_SET(qpc, qpc, dbr_umem_id, rig->umem);
	PRM_SET(qpc, qpc, dbr_addr, RQ_OFF + RIG_RQ_DBR);
	PRM_SET(create_qp_in, in, wq_umem_id, rig->umem);
	PRM_SET(create_qp_in, in, wq_umem_valid, 1);
	PRM_SET(create_qp_in, in, wq_umem_offset, RQ_OFF);
}

void
rig_tis_in(struct rig *rig, void *in)
{
	uint8_t *tisc = PRM_PTR(create_tis_in, in, ctx);

	memset(in, 0, PRM_SIZE(create_tis_in));
	PRM_SET(create_tis_in, in, opcode, PRM_OP_CREATE_TIS);
	PRM_SET(tisc, tisc, transport_domain, rig->td);
	PRM_SET(tisc, tisc, lag_tx_port_affinity, 1);
}

void
rig_counters_in(void *in)
{
	memset(in, 0, PRM_SIZE(create_virtio_q_counters_in));
	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_CREATE_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_Q_COUNTERS);
}

void
rig_virtq_in(struct rig *rig, void *in)
{
	uint8_t *netq = PRM_PTR(create_virtq_in, in, virtq);
	uint8_t *q = PRM_PTR(virtio_net_q, netq, virtio_q_context);
	const struct fw_caps *caps = &rig->caps;

	memset(in, 0, PRM_SIZE(create_virtq_in));
	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_CREATE_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(virtio_net_q, netq, tx_csum, 1);
	PRM_SET(virtio_net_q, netq, tisn_or_qpn, rig->tis);
	PRM_SET(virtio_q, q, event_mode, PRM_VIRTQ_EVENT_QP);
	PRM_SET(virtio_q, q, event_qpn_or_msix, rig->fw_qpn);
	PRM_SET(virtio_q, q, virtio_version_1_0, 1);
	PRM_SET(virtio_q, q, queue_size, RIG_QUEUE_SIZE);
	PRM_SET(virtio_q, q, desc_addr, RIG_GPA);
	PRM_SET(virtio_q, q, available_addr, RIG_GPA + 0x1000);
	PRM_SET(virtio_q, q, used_addr, RIG_GPA + 0x2000);
	PRM_SET(virtio_q, q, virtio_q_mkey, rig->mkey);
	PRM_SET(virtio_q, q, counter_set_id, rig->counters);
	PRM_SET(virtio_q, q, pd, rig->pd);
	PRM_SET(virtio_q, q, umem_1_id, rig->umem);
	PRM_SET(virtio_q, q, umem_1_offset, OWN_OFF);
	PRM_SET(virtio_q, q, umem_1_size,
			caps->umem_param_a[0] * RIG_QUEUE_SIZE + caps->umem_param_b[0]);
	PRM_SET(virtio_q, q, umem_2_id, rig->umem);
	PRM_SET(virtio_q, q, umem_2_offset, OWN_OFF);
	PRM_SET(virtio_q, q, umem_2_size,
			caps->umem_param_a[1] * RIG_QUEUE_SIZE + caps->umem_param_b[1]);
	PRM_SET(virtio_q, q, umem_3_id, rig->umem);
	PRM_SET(virtio_q, q, umem_3_offset, OWN_OFF);
	PRM_SET(virtio_q, q, umem_3_size,
			caps->umem_param_a[2] * RIG_QUEUE_SIZE + caps->umem_param_b[2]);
}

void
rig_rqt_in(uint32_t virtq, void *in)
{
	uint8_t *rqtc = PRM_PTR(create_rqt_in, in, rqt_context);
	unsigned int i;

	memset(in, 0, RIG_RQT_IN);
	PRM_SET(create_rqt_in, in, opcode, PRM_OP_CREATE_RQT);
	PRM_SET(rqtc, rqtc, list_q_type, PRM_RQT_LIST_VIRTIO_NET_Q);
	PRM_SET(rqtc, rqtc, rqt_max_size, 4);
	PRM_SET(rqtc, rqtc, rqt_actual_size, 4);
	for (i = 0; i < 4; i++)
		PRM_SET(rq_num, (uint8_t *)in + 0x110 + 4 * i, rq_num, virtq);
}

void
rig_tir_in(struct rig *rig, uint32_t rqt, void *in)
{
	uint8_t *tirc = PRM_PTR(create_tir_in, in, ctx);

	memset(in, 0, PRM_SIZE(create_tir_in));
	PRM_SET(create_tir_in, in, opcode, PRM_OP_CREATE_TIR);
	PRM_SET(tirc, tirc, disp_type, PRM_TIR_INDIRECT);
	PRM_SET(tirc, tirc, rx_hash_fn, PRM_TIR_HASH_TOEPLITZ);
	PRM_SET(tirc, tirc, rx_hash_symmetric, 1);
	PRM_SET(tirc, tirc, indirect_table, rqt);
	PRM_SET(tirc, tirc, transport_domain, rig->td);
	memset(PRM_PTR(tirc, tirc, rx_hash_toeplitz_key), 0x5a, 40);
	PRM_SET(rx_hash_field_select, PRM_PTR(tirc, tirc, rx_hash_field_selector_outer),
			selected_fields, PRM_HASH_SRC_IP | PRM_HASH_DST_IP);
}

void
rig_mkey_in(uint32_t pd, uint64_t start, uint8_t log_entry, const struct rig_klm *klms, uint32_t nb,
		void *in)
{
	uint8_t *mkc = PRM_PTR(create_mkey_in, in, memory_key_mkey_entry);
	uint8_t *klm = (uint8_t *)in + PRM_SIZE(create_mkey_in);
	uint64_t len = 0;
	uint32_t i;

	memset(in, 0, RIG_MKEY_IN(nb));
	PRM_SET(create_mkey_in, in, opcode, PRM_OP_CREATE_MKEY);
	PRM_SET(create_mkey_in, in, translations_octword_actual_size, nb);
	PRM_SET(mkc, mkc, translations_octword_size, nb);
	PRM_SET(mkc, mkc, access_mode_1_0, log_entry != 0 ? PRM_MKC_KLM_FBS : PRM_MKC_KLM);
	PRM_SET(mkc, mkc, log_page_size, log_entry);
	PRM_SET(mkc, mkc, lr, 1);
	PRM_SET(mkc, mkc, lw, 1);
	PRM_SET(mkc, mkc, qpn, 0xffffff);
	PRM_SET(mkc, mkc, pd, pd);
	PRM_SET(mkc, mkc, start_addr, start);
	for (i = 0; i < nb; i++, klm += PRM_SIZE(klm)) {
		PRM_SET(klm, klm, byte_count, klms[i].len);
		PRM_SET(klm, klm, mkey, klms[i].mkey);
		PRM_SET(klm, klm, address, klms[i].address);
		len += klms[i].len;
	}
	PRM_SET(mkc, mkc, len, len);
}

uint32_t
rig_mkey(struct rig *rig, uint64_t start, uint8_t log_entry, const struct rig_klm *klms,
		uint32_t nb)
{
	uint8_t *in = malloc(RIG_MKEY_IN(nb));
	uint32_t index;

	assert(in != NULL);
	rig_mkey_in(rig->pd, start, log_entry, klms, nb, in);
	index = rig_create(rig->uctx, FW_CLASS_MKEY, in, RIG_MKEY_IN(nb));
	free(in);
	return index << 8;
}

uint32_t
rig_mr(struct rig *rig, void *addr, uint64_t len, uint64_t iova)
{
	struct fw_mr_attr attr = { .pages = { .addr = addr, .len = len },
		.iova = iova,
		.pd = rig->pd,
		.access = FW_LOCAL_WRITE };
	uint32_t mkey;

	assert_int_equal(0, fw_mr_create(rig->uctx, &attr, &mkey));
	return mkey;
}

enum fw_syndrome
rig_qp_cmd(struct rig *rig, uint16_t opcode, uint32_t qpn, uint32_t peer)
{
	uint8_t in[PRM_SIZE(init2rtr_qp_in)] = { 0 }, out[16];
	uint8_t *qpc = PRM_PTR(init2rtr_qp_in, in, qpc);

	PRM_SET(init2rtr_qp_in, in, opcode, opcode);
	PRM_SET(init2rtr_qp_in, in, qpn, qpn);
	PRM_SET(qpc, qpc, remote_qpn, peer);
	PRM_SET(ads, PRM_PTR(qpc, qpc, primary_address_path), fl, 1);
	return rig_exec(rig->uctx, in, opcode == PRM_OP_2RST_QP ? PRM_SIZE(qp_2rst_in) : sizeof(in),
			out, sizeof(out));
}

void
rig_qps_to_rts(struct rig *rig)
{
	static const uint16_t ops[] = { PRM_OP_RST2INIT_QP, PRM_OP_INIT2RTR_QP, PRM_OP_RTR2RTS_QP };
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(ops); i++) {
		assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, ops[i], rig->fw_qpn, rig->sw_qpn));
		assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, ops[i], rig->sw_qpn, rig->fw_qpn));
	}
	rig_put_be32(rig->buf + RQ_OFF + RIG_RQ_DBR, RIG_QUEUE_SIZE);
}

uint32_t
rig_virtq(struct rig *rig, uint16_t index)
{
	uint8_t in[PRM_SIZE(create_virtq_in)];

	rig_virtq_in(rig, in);
	PRM_SET(virtio_q, in + 16 + 64, queue_index, index);
	return rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
}

enum fw_syndrome
rig_virtq_state(struct rig *rig, uint32_t virtq, uint8_t state)
{
	uint8_t in[PRM_SIZE(create_virtq_in)] = { 0 }, out[16];
	uint8_t *netq = PRM_PTR(create_virtq_in, in, virtq);

	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_MODIFY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, virtq);
	PRM_SET(virtio_net_q, netq, modify_field_select, PRM_VIRTQ_MOD_STATE);
	PRM_SET(virtio_net_q, netq, state, state);
	return rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out));
}

void
rig_virtq_query(struct rig *rig, uint32_t virtq, void *netq)
{
	uint8_t in[16] = { 0 }, out[PRM_SIZE(query_virtq_out)];

	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_QUERY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, virtq);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_int_equal(PRM_GET(general_obj_out_cmd_hdr, out, obj_id), virtq);
	memcpy(netq, out + 16, PRM_SIZE(virtio_net_q));
}

struct fw_virtq *
rig_virtq_obj(struct rig *rig, uint32_t virtq)
{
	struct fw_obj *obj = fw_obj_peek(rig->uctx, FW_CLASS_VIRTQ, virtq);

	assert_non_null(obj);
	return base_container_of(obj, struct fw_virtq, obj);
}

static uint32_t
rig_nb_objs(const struct fw_func *func)
{
	uint32_t nb = 0;
	unsigned int i;

	for (i = 0; i < FW_NB_CLASSES; i++)
		nb += func->objs[i].nb_used;
	return nb;
}

void
rig_refusals(struct rig *rig, const void *in, size_t inlen, const struct rig_bad *rows, size_t nb)
{
	uint32_t nb_objs = rig_nb_objs(rig->uctx->func);
	uint8_t *bad = malloc(inlen), out[256];
	enum fw_syndrome syn;
	size_t i;

	assert(bad != NULL);
	for (i = 0; i < nb; i++) {
		memcpy(bad, in, inlen);
		prm_set(bad, rows[i].off, rows[i].bits, rows[i].value);
		syn = rig_exec(rig->uctx, bad, inlen, out, sizeof(out));
		if (syn != rows[i].syn)
			print_error("%s: 0x%x (%s) instead of 0x%x\n", rows[i].what, syn,
					fw_syndrome_text(syn), rows[i].syn);
		assert_int_equal(syn, rows[i].syn);
		assert_int_equal(rig_nb_objs(rig->uctx->func), nb_objs);
	}
	free(bad);
}

uint32_t
rig_be32(const void *p)
{
	return (uint32_t)prm_get(p, 0, 32);
}

void
rig_put_be32(void *p, uint32_t v)
{
	prm_set(p, 0, 32, v);
}
