/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: two reliable-connected QPs of one function, each other's peer, walked
 * through RST -> INIT -> RTR -> RTS in step. The software QP has a receive queue of zero-length
 * work requests (never filled in: the messages carry nothing); its doorbell record says how many
 * are posted: those consumed so far plus the depth. A counter that is not moved on stops the card
 * from sending once `depth` messages are unconsumed.
 *
 * Field values are those that are known to work on the firmware: path with fl set (loop-back),
 * port 1, MTU code 1 (256 bytes), largest message 2^30.
 */
#include "devx_qp.h"

#include <endian.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "devx_priv.h"
#include "devx_umem.h"
#include "prm_field.h"

#define RQ_WQE_SIZE 16
#define QP_DBREC_SIZE 64
#define QP_CREATE_IN_SIZE 272 /* without the extension behind it */

struct devx_qp {
	struct devx_dev *dev;
	struct devx_cq *cq;
	struct devx_umem *umem; /* NULL: the caller's */
	struct devx_obj *fw;
	struct devx_obj *sw;
	_Atomic uint32_t *dbrec;
	uint16_t depth;
	uint32_t posted;
};

size_t
devx_qp_mem_size(uint16_t depth)
{
	return (size_t)depth * RQ_WQE_SIZE + QP_DBREC_SIZE;
}

uint32_t
devx_qp_fw_id(const struct devx_qp *qp)
{
	return qp->fw->id;
}

void
devx_qp_credit(struct devx_qp *qp, uint16_t nb)
{
	qp->posted += nb;
	atomic_store_explicit(&qp->dbrec[0], htobe32(qp->posted & 0xffff), memory_order_release);
}

static int
devx_qp_create_fw(struct devx_qp *qp)
{
	uint8_t in[QP_CREATE_IN_SIZE] = { 0 }, out[PRM_SIZE(create_qp_out)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	void *qpc = PRM_PTR(create_qp_in, in, qpc);

	PRM_SET(create_qp_in, in, opcode, PRM_OP_CREATE_QP);
	PRM_SET(qpc, qpc, st, PRM_QPC_ST_RC);
	PRM_SET(qpc, qpc, pd, qp->dev->pdn);
	PRM_SET(qpc, qpc, rq_type, PRM_QPC_RQ_ZERO_LEN);
	PRM_SET(qpc, qpc, no_sq, 1);
	return devx_cmd_create(qp->dev, "firmware event QP", &io, &qp->fw);
}

static int
devx_qp_create_sw(struct devx_qp *qp, const struct devx_qp_attr *attr)
{
	uint32_t umem = devx_umem_id(attr->umem != NULL ? attr->umem : qp->umem);
	uint8_t in[QP_CREATE_IN_SIZE] = { 0 }, out[PRM_SIZE(create_qp_out)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	void *qpc = PRM_PTR(create_qp_in, in, qpc);

	PRM_SET(create_qp_in, in, opcode, PRM_OP_CREATE_QP);
	PRM_SET(create_qp_in, in, wq_umem_id, umem);
	PRM_SET(create_qp_in, in, wq_umem_offset, attr->offset);
	PRM_SET(create_qp_in, in, wq_umem_valid, 1);
	PRM_SET(qpc, qpc, st, PRM_QPC_ST_RC);
	PRM_SET(qpc, qpc, pd, qp->dev->pdn);
	PRM_SET(qpc, qpc, pm_state, PRM_QPC_PM_MIGRATED);
	PRM_SET(qpc, qpc, uar_page, qp->dev->uar->page_id);
	PRM_SET(qpc, qpc, no_sq, 1);
	PRM_SET(qpc, qpc, rq_type, PRM_QPC_RQ_NORMAL);
	PRM_SET(qpc, qpc, log_rq_size, base_log2(qp->depth));
	PRM_SET(qpc, qpc, log_rq_stride, base_log2(RQ_WQE_SIZE) - 4);
	PRM_SET(qpc, qpc, cqn_rcv, devx_obj_id(devx_cq_obj(qp->cq)));
	PRM_SET(qpc, qpc, dbr_umem_valid, 1);
	PRM_SET(qpc, qpc, dbr_umem_id, umem);
	PRM_SET(qpc, qpc, dbr_addr, attr->offset + (uint64_t)qp->depth * RQ_WQE_SIZE);
	return devx_cmd_create(qp->dev, "software event QP", &io, &qp->sw);
}

/* One command of the three that bring a QP up; the layouts are the same up to the opcode. */
static int
devx_qp_step(struct devx_obj *qp, uint16_t opcode, uint32_t peer)
{
	uint8_t in[PRM_SIZE(rst2init_qp_in)] = { 0 }, out[16];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	void *qpc = PRM_PTR(rst2init_qp_in, in, qpc);
	void *path = PRM_PTR(qpc, qpc, primary_address_path);

	PRM_SET(rst2init_qp_in, in, opcode, opcode);
	PRM_SET(rst2init_qp_in, in, qpn, qp->id);
	if (opcode != PRM_OP_RTR2RTS_QP)
		PRM_SET(ads, path, vhca_port_num, 1);
	if (opcode == PRM_OP_RST2INIT_QP) {
		PRM_SET(qpc, qpc, rre, 1);
		PRM_SET(qpc, qpc, rwe, 1);
		PRM_SET(qpc, qpc, pm_state, PRM_QPC_PM_MIGRATED);
	} else if (opcode == PRM_OP_INIT2RTR_QP) {
		PRM_SET(ads, path, fl, 1);
		PRM_SET(qpc, qpc, mtu, 1);
		PRM_SET(qpc, qpc, log_msg_max, 30);
		PRM_SET(qpc, qpc, remote_qpn, peer);
	} else {
		PRM_SET(ads, path, ack_timeout, 16);
		PRM_SET(qpc, qpc, retry_count, 7);
		PRM_SET(qpc, qpc, rnr_retry, 7);
	}
	return devx_cmd_modify(qp, &io);
}

static int
devx_qp_2rst(struct devx_obj *qp)
{
	uint8_t in[PRM_SIZE(qp_2rst_in)] = { 0 }, out[16];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };

	PRM_SET(qp_2rst_in, in, opcode, PRM_OP_2RST_QP);
	PRM_SET(qp_2rst_in, in, qpn, qp->id);
	return devx_cmd_modify(qp, &io);
}

static int
devx_qp_connect(struct devx_qp *qp)
{
	static const uint16_t ops[] = { PRM_OP_RST2INIT_QP, PRM_OP_INIT2RTR_QP, PRM_OP_RTR2RTS_QP };
	size_t i;
	int ret;

	for (i = 0; i < BASE_ARRAY_SIZE(ops); i++) {
		ret = devx_qp_step(qp->fw, ops[i], qp->sw->id);
		if (ret == 0)
			ret = devx_qp_step(qp->sw, ops[i], qp->fw->id);
		if (ret != 0)
			return ret;
	}
	qp->posted = 0;
	devx_qp_credit(qp, qp->depth);
	return 0;
}

int
devx_qp_create(struct devx_dev *dev, const struct devx_qp_attr *attr, struct devx_qp **out)
{
	struct devx_qp *qp;
	int ret = 0;

	assert(base_is_pow2(attr->depth));
	qp = calloc(1, sizeof(*qp));
	if (qp == NULL)
		return -ENOMEM;
	qp->dev = dev;
	qp->cq = attr->cq;
	qp->depth = attr->depth;
	qp->dbrec = (void *)((uint8_t *)attr->mem + (size_t)attr->depth * RQ_WQE_SIZE);
	if (attr->umem == NULL)
		ret = devx_umem_create(dev, attr->mem, devx_qp_mem_size(attr->depth), &qp->umem);
	if (ret == 0)
		ret = devx_qp_create_fw(qp);
	if (ret == 0)
		ret = devx_qp_create_sw(qp, attr);
	if (ret == 0)
		ret = devx_qp_connect(qp);
	if (ret != 0) {
		devx_qp_destroy(qp);
		return ret;
	}
	if (qp->umem != NULL)
		devx_umem_own(qp->umem, attr->release, attr->mem);
	*out = qp;
	return 0;
}

void
devx_qp_destroy(struct devx_qp *qp)
{
	if (qp == NULL)
		return;
	devx_obj_destroy(qp->sw);
	devx_obj_destroy(qp->fw);
	devx_umem_destroy(qp->umem);
	free(qp);
}

int
devx_qp_reconnect(struct devx_qp *qp)
{
	int ret;

	/* A queue that is gone only now would break the pair once more. */
	devx_grave_reap(qp->fw->dev);
	ret = devx_qp_2rst(qp->fw);
	if (ret == 0)
		ret = devx_qp_2rst(qp->sw);
	if (ret != 0)
		return ret;
	devx_cq_restart(qp->cq);
	return devx_qp_connect(qp);
}
