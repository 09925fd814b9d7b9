/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: an event is a message of length 0 from a FW QP to its peer. It takes one
 * receive WQE of the peer and completes with its counter. The peer's doorbell record says how many
 * WQEs the driver has posted; without a posted one the event waits (a real sender would be told
 * "receiver not ready") and the engine's next pass tries again. One completion stands for all
 * events that waited, since all it says is "look at the used ring".
 *
 * States: the commands RST2INIT, INIT2RTR, RTR2RTS and 2RST are the arcs of a table; the only arc
 * without a command leads to ERR, when the virtio queue of a FW QP is destroyed, as on the card:
 * a driver that keeps the pair for the next queue must reset it first.
 */
#include <endian.h>
#include <string.h>

#include "base_math.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_cq.h"
#include "fw_qp.h"
#include "fw_uctx.h"
#include "fw_umem.h"
#include "prm_field.h"

#define RQ_STRIDE_SHIFT 4u /* qpc.log_rq_stride counts in 16 bytes */
#define DBREC_SIZE 8u

struct fw_qp_arc {
	uint16_t opcode;
	enum fw_qp_state from, to;
};

static const struct fw_qp_arc fw_qp_arcs[] = {
	{ PRM_OP_RST2INIT_QP, FW_QP_RST, FW_QP_INIT },
	{ PRM_OP_INIT2RTR_QP, FW_QP_INIT, FW_QP_RTR },
	{ PRM_OP_RTR2RTS_QP, FW_QP_RTR, FW_QP_RTS },
	{ PRM_OP_2RST_QP, FW_QP_RST, FW_QP_RST },
	{ PRM_OP_2RST_QP, FW_QP_INIT, FW_QP_RST },
	{ PRM_OP_2RST_QP, FW_QP_RTR, FW_QP_RST },
	{ PRM_OP_2RST_QP, FW_QP_RTS, FW_QP_RST },
	{ PRM_OP_2RST_QP, FW_QP_ERR, FW_QP_RST },
};

const char *
fw_qp_state_name(enum fw_qp_state state)
{
	static const char *const names[FW_QP_NB_STATES] = { "RST", "INIT", "RTR", "RTS", "ERR" };

	return state < FW_QP_NB_STATES ? names[state] : "state?";
}

int
fw_qp_arc(uint16_t opcode, enum fw_qp_state from)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fw_qp_arcs); i++) {
		if (fw_qp_arcs[i].opcode == opcode && fw_qp_arcs[i].from == from)
			return (int)fw_qp_arcs[i].to;
	}
	return -1;
}

static void
fw_qp_set_state(struct fw_qp *qp, enum fw_qp_state state)
{
	base_dbg(qp->obj.uctx->func->card->log, "fw: function %u: QP 0x%x: %s -> %s",
			qp->obj.uctx->func->index, qp->obj.id, fw_qp_state_name(qp->state),
			fw_qp_state_name(state));
	qp->state = state;
}

/* --- events --------------------------------------------------------------------------------- */

static void
fw_qp_unstarve(struct fw_qp *qp)
{
	if (qp->starved)
		TAILQ_REMOVE(&qp->obj.uctx->func->card->starved_qps, qp, link);
	qp->starved = false;
}

static bool
fw_qp_has_credit(const struct fw_qp *qp)
{
	uint32_t posted = be32toh(__atomic_load_n(&qp->dbrec[0], __ATOMIC_ACQUIRE));
	uint16_t credit = (uint16_t)(posted - qp->counter);

	/* More than the queue holds is a record from before a reset, not credit. */
	return credit != 0 && credit <= qp->rq_size;
}

/* Tries to complete a receive; false: later. */
static bool
fw_qp_receive(struct fw_qp *qp)
{
	struct fw_cqe cqe = { .opcode = FW_CQE_RESP_SEND, .qpn = qp->obj.id };

	if (!fw_qp_has_credit(qp) || !fw_cq_has_room(qp->cq))
		return false;
	cqe.wqe_counter = qp->counter++;
	fw_cq_push(qp->cq, &cqe);
	return true;
}

/* The driver's half of the pair, where events arrive; NULL: the two are not connected. */
static struct fw_qp *
fw_qp_event_peer(const struct fw_qp *qp)
{
	struct fw_obj *obj = fw_obj_peek(qp->obj.uctx, FW_CLASS_QP, qp->peer);
	struct fw_qp *peer;

	if (qp->state != FW_QP_RTS || obj == NULL)
		return NULL;
	peer = base_container_of(obj, struct fw_qp, obj);
	if (peer->cq == NULL || (peer->state != FW_QP_RTR && peer->state != FW_QP_RTS) ||
			peer->peer != qp->obj.id)
		return NULL;
	return peer;
}

bool
fw_qp_send_event(struct fw_qp *qp)
{
	struct fw_qp *peer = fw_qp_event_peer(qp);

	if (peer == NULL)
		return false;
	if (peer->starved || fw_qp_receive(peer))
		return true;
	peer->starved = true;
	TAILQ_INSERT_TAIL(&qp->obj.uctx->func->card->starved_qps, peer, link);
	return true;
}

void
fw_qp_poll_starved(struct fw_card *card)
{
	struct fw_qp *qp, *next;

	for (qp = TAILQ_FIRST(&card->starved_qps); qp != NULL; qp = next) {
		next = TAILQ_NEXT(qp, link);
		if (!fw_func_is_gone(qp->obj.uctx->func) && fw_qp_receive(qp))
			fw_qp_unstarve(qp);
	}
}

void
fw_qp_fail(struct fw_qp *qp)
{
	fw_qp_set_state(qp, FW_QP_ERR);
}

void
fw_qp_break(struct fw_qp *qp)
{
	struct fw_qp *peer = fw_qp_event_peer(qp);
	struct fw_cqe cqe = { .opcode = FW_CQE_RESP_ERR };

	if (peer == NULL)
		return;
	cqe.qpn = peer->obj.id;
	cqe.wqe_counter = peer->counter++;
	fw_cq_push(peer->cq, &cqe);
	fw_qp_set_state(peer, FW_QP_ERR);
}

struct fw_cq *
fw_qp_event_cq(const struct fw_qp *qp)
{
	struct fw_qp *peer = fw_qp_event_peer(qp);

	return peer != NULL ? peer->cq : NULL;
}

/* --- commands ------------------------------------------------------------------------------- */

static enum fw_syndrome
fw_qp_check(struct fw_cmd *cmd, const uint8_t *qpc)
{
	uint64_t rq_type = PRM_GET(qpc, qpc, rq_type);

	if (PRM_GET(qpc, qpc, st) != PRM_QPC_ST_RC)
		return fw_refuse(cmd->uctx, FW_SYN_QP_TYPE, "qpc.st", PRM_GET(qpc, qpc, st));
	if (PRM_GET(qpc, qpc, no_sq) == 0)
		return fw_refuse(cmd->uctx, FW_SYN_QP_SQ, "qpc.no_sq", 0);
	if (rq_type != PRM_QPC_RQ_NORMAL && rq_type != PRM_QPC_RQ_ZERO_LEN)
		return fw_refuse(cmd->uctx, FW_SYN_QP_RQ_TYPE, "qpc.rq_type", rq_type);
	if (rq_type == PRM_QPC_RQ_ZERO_LEN)
		return FW_SYN_OK;
	if (PRM_GET(qpc, qpc, log_rq_size) > cmd->uctx->func->card->caps.log_max_qp_sz)
		return fw_refuse(cmd->uctx, FW_SYN_QP_SIZE, "qpc.log_rq_size",
				PRM_GET(qpc, qpc, log_rq_size));
	if (PRM_GET(create_qp_in, cmd->in, wq_umem_valid) == 0)
		return fw_refuse(cmd->uctx, FW_SYN_NO_UMEM, "wq_umem_valid", 0);
	if (PRM_GET(qpc, qpc, dbr_umem_valid) == 0)
		return fw_refuse(cmd->uctx, FW_SYN_NO_UMEM, "qpc.dbr_umem_valid", 0);
	return FW_SYN_OK;
}

/* The objects that a queue pair needs; all but the protection domain only for a receive queue. */
struct fw_qp_parts {
	struct fw_obj *pd, *uar, *cq, *wq_umem, *dbr_umem;
	void *wq, *dbrec;
};

static enum fw_syndrome
fw_qp_find_rq_parts(struct fw_cmd *cmd, const uint8_t *qpc, struct fw_qp_parts *parts)
{
	struct fw_umem_ref ref = {
		.id = (uint32_t)PRM_GET(create_qp_in, cmd->in, wq_umem_id),
		.offset = PRM_GET(create_qp_in, cmd->in, wq_umem_offset),
		.len = 1ull << (PRM_GET(qpc, qpc, log_rq_size) + PRM_GET(qpc, qpc, log_rq_stride) +
				       RQ_STRIDE_SHIFT),
		.align = 16,
		.log_page_size = (uint8_t)PRM_GET(qpc, qpc, log_page_size),
		.page_offset = (uint8_t)PRM_GET(qpc, qpc, page_offset),
		.id_field = "wq_umem_id",
		.offset_field = "wq_umem_offset",
	};
	enum fw_syndrome syn;

	syn = fw_umem_find(cmd->uctx, &ref, &parts->wq_umem, &parts->wq);
	if (syn != FW_SYN_OK)
		return syn;
	ref.log_page_size = 0;
	ref.page_offset = 0;
	ref.id = (uint32_t)PRM_GET(qpc, qpc, dbr_umem_id);
	ref.offset = PRM_GET(qpc, qpc, dbr_addr);
	ref.len = DBREC_SIZE;
	ref.align = DBREC_SIZE;
	ref.id_field = "qpc.dbr_umem_id";
	ref.offset_field = "qpc.dbr_addr";
	syn = fw_umem_find(cmd->uctx, &ref, &parts->dbr_umem, &parts->dbrec);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(cmd->uctx, FW_CLASS_UAR, (uint32_t)PRM_GET(qpc, qpc, uar_page),
				"qpc.uar_page", &parts->uar);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(cmd->uctx, FW_CLASS_CQ, (uint32_t)PRM_GET(qpc, qpc, cqn_rcv),
				"qpc.cqn_rcv", &parts->cq);
	return syn;
}

enum fw_syndrome
fw_qp_create(struct fw_cmd *cmd)
{
	const uint8_t *qpc = PRM_PTR(create_qp_in, cmd->in, qpc);
	struct fw_qp_parts parts = { 0 };
	enum fw_syndrome syn;
	struct fw_obj *obj;
	struct fw_qp *qp;

	syn = fw_qp_check(cmd, qpc);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(cmd->uctx, FW_CLASS_PD, (uint32_t)PRM_GET(qpc, qpc, pd), "qpc.pd",
				&parts.pd);
	if (syn == FW_SYN_OK && PRM_GET(qpc, qpc, rq_type) == PRM_QPC_RQ_NORMAL)
		syn = fw_qp_find_rq_parts(cmd, qpc, &parts);
	if (syn == FW_SYN_OK)
		syn = fw_obj_new(cmd->uctx, FW_CLASS_QP, sizeof(*qp), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	fw_obj_use(obj, parts.pd);
	fw_obj_use(obj, parts.uar);
	fw_obj_use(obj, parts.cq);
	fw_obj_use(obj, parts.wq_umem);
	fw_obj_use(obj, parts.dbr_umem);
	qp = base_container_of(obj, struct fw_qp, obj);
	qp->state = FW_QP_RST;
	memcpy(qp->qpc, qpc, sizeof(qp->qpc));
	if (parts.cq != NULL)
		qp->cq = base_container_of(parts.cq, struct fw_cq, obj);
	qp->dbrec = parts.dbrec;
	qp->rq_size = 1u << PRM_GET(qpc, qpc, log_rq_size);
	fw_cmd_reply_id(cmd, obj);
	return FW_SYN_OK;
}

/* INIT2RTR_QP names the peer; the two must be able to talk without a network. */
static enum fw_syndrome
fw_qp_connect(struct fw_cmd *cmd, struct fw_qp *qp)
{
	const uint8_t *qpc = PRM_PTR(init2rtr_qp_in, cmd->in, qpc);
	uint32_t peer = (uint32_t)PRM_GET(qpc, qpc, remote_qpn);

	if (fw_obj_peek(cmd->uctx, FW_CLASS_QP, peer) == NULL)
		return fw_refuse(cmd->uctx, FW_SYN_QP_PEER, "qpc.remote_qpn", peer);
	if (PRM_GET(ads, PRM_PTR(qpc, qpc, primary_address_path), fl) == 0)
		return fw_refuse(cmd->uctx, FW_SYN_QP_NO_LOOPBACK, "qpc.primary_address_path.fl",
				0);
	qp->peer = peer;
	return FW_SYN_OK;
}

static void
fw_qp_reset(struct fw_qp *qp)
{
	fw_qp_unstarve(qp);
	qp->counter = 0;
	qp->peer = 0;
}

enum fw_syndrome
fw_qp_modify(struct fw_cmd *cmd)
{
	/* All four have the number at the same place. */
	uint32_t qpn = (uint32_t)PRM_GET(rst2init_qp_in, cmd->in, qpn);
	uint16_t opcode = (uint16_t)PRM_GET(cmd_in, cmd->in, opcode);
	enum fw_syndrome syn;
	struct fw_obj *obj;
	struct fw_qp *qp;
	int to;

	syn = fw_obj_get(cmd->uctx, FW_CLASS_QP, qpn, "qpn", &obj);
	if (syn != FW_SYN_OK)
		return syn;
	qp = base_container_of(obj, struct fw_qp, obj);
	to = fw_qp_arc(opcode, qp->state);
	if (to < 0)
		return fw_refuse(cmd->uctx, FW_SYN_QP_STATE, fw_qp_state_name(qp->state), qpn);
	if (to == FW_QP_RTR)
		syn = fw_qp_connect(cmd, qp);
	else if (to == FW_QP_RST)
		fw_qp_reset(qp);
	if (syn == FW_SYN_OK)
		fw_qp_set_state(qp, (enum fw_qp_state)to);
	return syn;
}

enum fw_syndrome
fw_qp_query(struct fw_cmd *cmd)
{
	/* qpc.state, which has more states than queue pairs of this card (Linux: MLX5_QPC_STATE_*) */
	static const uint8_t states[FW_QP_NB_STATES] = {
		[FW_QP_RST] = 0,
		[FW_QP_INIT] = 1,
		[FW_QP_RTR] = 2,
		[FW_QP_RTS] = 3,
		[FW_QP_ERR] = 6,
	};
	uint8_t *qpc = PRM_PTR(query_qp_out, cmd->out, qpc);
	const struct fw_qp *qp;
	enum fw_syndrome syn;
	struct fw_obj *obj;

	syn = fw_obj_get(cmd->uctx, FW_CLASS_QP, (uint32_t)PRM_GET(query_qp_in, cmd->in, qpn),
			"qpn", &obj);
	if (syn != FW_SYN_OK)
		return syn;
	qp = base_container_of(obj, struct fw_qp, obj);
	memcpy(qpc, qp->qpc, sizeof(qp->qpc));
	PRM_SET(qpc, qpc, state, states[qp->state]);
	PRM_SET(qpc, qpc, remote_qpn, qp->peer);
	PRM_SET(qpc, qpc, hw_rq_counter, qp->counter);
	return FW_SYN_OK;
}

void
fw_qp_release(struct fw_obj *obj)
{
	fw_qp_unstarve(base_container_of(obj, struct fw_qp, obj));
}
