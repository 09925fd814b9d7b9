/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: memory = the entries (64 bytes each, only entry 0 is written), then the
 * doorbell record: consumer index and arm word, both 32 bits, big endian.
 *
 * A completion tells the number of the work request that it completes (wqe_counter, 16 bits); how
 * many there are follows (devx_cq_math.h). Before the first one the word says 0xffff, which gives
 * 0. A completion with an error says that the QP which filled the queue has stopped: nothing will
 * come any more, so that is remembered until the queue is restarted.
 *
 * Arming: the arm word carries a sequence number of two bits that changes at each arming, and the
 * consumer index; the same words then go to the UAR page as one 64-bit doorbell. The card compares
 * the index with its producer index, so nothing is lost between the last poll and the arming.
 * The UAR page may be write-combining: the doorbell is pushed out, or the card might hear of it
 * only when something else happens to be written.
 */
#include "devx_cq.h"

#include <endian.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base_io.h"
#include "base_math.h"
#include "devx_cq_math.h"
#include "devx_priv.h"
#include "devx_umem.h"
#include "prm_field.h"

#define CQE_SIZE 64
#define CQE_TAIL 60 /* wqe_counter (16), signature (8), opcode and owner (8) */
#define CQE_TAIL_FIRST 0xffff0001u
#define CQ_DBREC_SIZE 64 /* own cache line */
#define UAR_CQ_DOORBELL 0x20

struct devx_cq {
	struct devx_dev *dev;
	struct devx_umem *umem; /* NULL: the caller's */
	struct devx_obj *obj;
	_Atomic uint32_t *tail; /* of entry 0 */
	_Atomic uint32_t *dbrec; /* [0] consumer index, [1] arm word */
	uint32_t ci; /* completions consumed */
	uint32_t arm_sn;
	uint16_t next;
	bool failed; /* a completion told of an error */
};

size_t
devx_cq_mem_size(uint16_t depth)
{
	return (size_t)depth * CQE_SIZE + CQ_DBREC_SIZE;
}

static int
devx_cq_command(struct devx_cq *cq, const struct devx_cq_attr *attr)
{
	uint32_t umem = devx_umem_id(attr->umem != NULL ? attr->umem : cq->umem);
	uint8_t in[PRM_SIZE(create_cq_in)] = { 0 }, out[PRM_SIZE(create_cq_out)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	void *cqc = PRM_PTR(create_cq_in, in, cq_context);
	uint32_t eqn = 0;
	int error;

	error = mlx5dv_devx_query_eqn(cq->dev->ctx, 0, &eqn);
	if (error != 0) {
		base_err(cq->dev->log, "%s: no event queue: %d", cq->dev->pci_addr, error);
		return error < 0 ? error : -error;
	}
	PRM_SET(create_cq_in, in, opcode, PRM_OP_CREATE_CQ);
	PRM_SET(create_cq_in, in, cq_umem_id, umem);
	PRM_SET(create_cq_in, in, cq_umem_offset, attr->offset);
	PRM_SET(create_cq_in, in, cq_umem_valid, 1);
	PRM_SET(cqc, cqc, cc, 1);
	PRM_SET(cqc, cqc, log_cq_size, base_log2(attr->depth));
	PRM_SET(cqc, cqc, c_eqn, eqn);
	PRM_SET(cqc, cqc, uar_page, cq->dev->uar->page_id);
	PRM_SET(cqc, cqc, dbr_umem_valid, 1);
	PRM_SET(cqc, cqc, dbr_umem_id, umem);
	PRM_SET(cqc, cqc, dbr_addr, attr->offset + (uint64_t)attr->depth * CQE_SIZE);
	return devx_cmd_create(cq->dev, "event CQ", &io, &cq->obj);
}

int
devx_cq_create(struct devx_dev *dev, const struct devx_cq_attr *attr, struct devx_cq **out)
{
	struct devx_cq *cq;
	int ret = 0;

	assert(base_is_pow2(attr->depth));
	cq = calloc(1, sizeof(*cq));
	if (cq == NULL)
		return -ENOMEM;
	cq->dev = dev;
	cq->tail = (void *)((uint8_t *)attr->mem + CQE_TAIL);
	cq->dbrec = (void *)((uint8_t *)attr->mem + (size_t)attr->depth * CQE_SIZE);
	atomic_store(&cq->tail[0], htobe32(CQE_TAIL_FIRST));
	if (attr->umem == NULL)
		ret = devx_umem_create(dev, attr->mem, devx_cq_mem_size(attr->depth), &cq->umem);
	if (ret != 0)
		goto free_cq;
	ret = devx_cq_command(cq, attr);
	if (ret != 0)
		goto destroy_umem;
	if (cq->umem != NULL)
		devx_umem_own(cq->umem, attr->release, attr->mem);
	*out = cq;
	return 0;
destroy_umem:
	devx_umem_destroy(cq->umem);
free_cq:
	free(cq);
	return ret;
}

void
devx_cq_destroy(struct devx_cq *cq)
{
	if (cq == NULL)
		return;
	devx_obj_destroy(cq->obj);
	devx_umem_destroy(cq->umem);
	free(cq);
}

struct devx_obj *
devx_cq_obj(struct devx_cq *cq)
{
	return cq->obj;
}

uint16_t
devx_cq_poll(struct devx_cq *cq)
{
	/* acquire: what the completion tells about was written before it */
	uint32_t tail = be32toh(atomic_load_explicit(cq->tail, memory_order_acquire));
	uint16_t nb = devx_cqe_count(tail, cq->next);

	if (nb == 0)
		return 0;
	cq->failed |= devx_cqe_is_error(tail);
	cq->next = (uint16_t)(cq->next + nb);
	cq->ci += nb;
	atomic_store_explicit(&cq->dbrec[0], htobe32(devx_cq_ci_word(cq->ci)),
			memory_order_release);
	return nb;
}

bool
devx_cq_has_failed(const struct devx_cq *cq)
{
	return cq->failed;
}

void
devx_cq_arm(struct devx_cq *cq)
{
	uint32_t word = devx_cq_arm_word(cq->arm_sn++, cq->ci);
	_Atomic uint64_t *doorbell = (void *)((uint8_t *)cq->dev->uar->base_addr + UAR_CQ_DOORBELL);

	atomic_store_explicit(&cq->dbrec[1], htobe32(word), memory_order_release);
	/* the card may read the record as soon as it sees the doorbell */
	base_io_wmb();
	atomic_store_explicit(doorbell, htobe64((uint64_t)word << 32 | cq->obj->id),
			memory_order_release);
	base_io_flush();
}

void
devx_cq_restart(struct devx_cq *cq)
{
	devx_cq_poll(cq); /* what is dropped has to be consumed, or the card never fires again */
	cq->next = 0;
	cq->failed = false;
	atomic_store_explicit(cq->tail, htobe32(CQE_TAIL_FIRST), memory_order_release);
}
