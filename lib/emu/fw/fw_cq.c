/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a completion queue in user memory. A collapsed one (cqc.cc) is a single
 * entry that each completion overwrites; the consumer learns from the 16-bit WQE counter how many
 * it missed, so that word is stored last, at once and with release order: who sees it sees all
 * that was done before, the used ring included.
 *
 * Events: the driver writes an arm record beside the queue (consumer counter, serial number) and
 * rings a UAR page with the same words. The record alone is looked at, on each pass of the engine
 * and after each completion. Armed and completions behind the consumer counter: tell, once.
 *
 * Moderation (cq_period, cq_max_count) puts the telling off; the engine's next pass after the
 * period's end makes up for it.
 *
 * A new queue counts as armed: the first request of a driver (serial 0, counter 0) is all zeros,
 * so is fresh memory, and a change could not be seen.
 */
#include <endian.h>
#include <string.h>

#include "base_math.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_cq.h"
#include "fw_event.h"
#include "fw_uctx.h"
#include "fw_umem.h"
#include "prm_field.h"

#define CQE_SIZE 64u
#define CQE_QPN_OFF 56u /* high byte: opcode of the sender's WQE */
#define CQE_LAST_OFF 60u /* wqe_counter, signature, opcode and owner */
#define CI_MASK 0xffffffu
#define DBREC_SIZE 8u
/* cqc.st (Linux mlx5_ifc.h: MLX5_CQC_ST_*) */
#define CQ_ST_ARMED 0x9u
#define CQ_ST_FIRED 0xau

bool
fw_cq_arm_wants(struct fw_cq_arm *arm, uint32_t record, uint32_t pi)
{
	if (record != arm->last) {
		arm->last = record;
		arm->ci = record & CI_MASK;
		arm->armed = true;
	}
	return arm->armed && (pi & CI_MASK) != arm->ci;
}

static uint32_t
fw_cq_record(const struct fw_cq *cq, unsigned int i)
{
	return be32toh(__atomic_load_n(&cq->dbrec[i], __ATOMIC_ACQUIRE));
}

static void
fw_cq_poll(struct fw_cq *cq)
{
	struct fw_card *card = cq->obj.uctx->func->card;
	uint64_t now_ns = 0;

	if (cq->failed || !fw_cq_arm_wants(&cq->arm, fw_cq_record(cq, 1), cq->pi))
		return;
	if (fw_moder_is_on(&cq->moder)) {
		now_ns = card->clock();
		if (fw_moder_holds(&cq->moder, now_ns))
			return;
	}
	fw_moder_told(&cq->moder, now_ns);
	cq->arm.armed = false;
	fw_event_completion(&cq->obj);
}

void
fw_cq_poll_all(struct fw_card *card)
{
	struct fw_cq *cq;

	TAILQ_FOREACH(cq, &card->cqs, link) {
		if (!fw_func_is_gone(cq->obj.uctx->func))
			fw_cq_poll(cq);
	}
}

bool
fw_cq_has_room(const struct fw_cq *cq)
{
	/* In a collapsed queue there is nothing that could be overwritten too early. */
	if (cq->collapsed || cq->may_overrun)
		return true;
	return ((cq->pi - fw_cq_record(cq, 0)) & CI_MASK) < 1u << cq->log_size;
}

void
fw_cq_push(struct fw_cq *cq, const struct fw_cqe *cqe)
{
	uint32_t place = cq->collapsed ? 0 : cq->pi & ((1u << cq->log_size) - 1);
	uint32_t owner = cq->pi >> cq->log_size & 1;
	uint8_t *entry = cq->cqes + (size_t)place * CQE_SIZE;
	uint32_t last = (uint32_t)cqe->wqe_counter << 16 | (uint32_t)cqe->opcode << 4 | owner;

	if (cq->failed)
		return;
	__atomic_store_n((uint32_t *)(void *)(entry + CQE_QPN_OFF), htobe32(cqe->qpn),
			__ATOMIC_RELAXED);
	__atomic_store_n((uint32_t *)(void *)(entry + CQE_LAST_OFF), htobe32(last),
			__ATOMIC_RELEASE);
	cq->pi++;
	if (fw_moder_is_on(&cq->moder))
		fw_moder_add(&cq->moder, 1, cq->obj.uctx->func->card->clock());
	fw_cq_poll(cq);
}

void
fw_cq_fail(struct fw_cq *cq)
{
	if (cq->failed)
		return;
	cq->failed = true;
	fw_event_cq_error(&cq->obj);
}

/* What CREATE and MODIFY have in common. */
static enum fw_syndrome
fw_cq_check_moderation(struct fw_uctx *uctx, const uint8_t *cqc)
{
	const struct fw_caps *caps = &uctx->func->card->caps;
	uint64_t mode = PRM_GET(cqc, cqc, cq_period_mode);

	if (PRM_GET(cqc, cqc, oi) != 0 && !caps->cq_oi)
		return fw_refuse(uctx, FW_SYN_CQ_FEATURE, "cqc.oi (cq_oi)", 1);
	if (!caps->cq_moderation &&
			(PRM_GET(cqc, cqc, cq_period) != 0 || PRM_GET(cqc, cqc, cq_max_count) != 0))
		return fw_refuse(uctx, FW_SYN_CQ_FEATURE, "cqc.cq_period (cq_moderation)",
				PRM_GET(cqc, cqc, cq_period));
	if (mode > 1 || (mode == 1 && !caps->cq_period_start_from_cqe))
		return fw_refuse(uctx, FW_SYN_CQ_PERIOD_MODE,
				"cqc.cq_period_mode (cq_period_start_from_cqe)", mode);
	return FW_SYN_OK;
}

static void
fw_cq_set_moderation(struct fw_cq *cq, const uint8_t *cqc)
{
	fw_moder_set(&cq->moder,
			PRM_GET(cqc, cqc, cq_period_mode) == 1 ? FW_MODER_FROM_LAST :
								 FW_MODER_FROM_EVENT,
			(uint32_t)PRM_GET(cqc, cqc, cq_period),
			(uint32_t)PRM_GET(cqc, cqc, cq_max_count));
}

static enum fw_syndrome
fw_cq_check(struct fw_cmd *cmd, const uint8_t *cqc)
{
	const struct fw_caps *caps = &cmd->uctx->func->card->caps;
	uint64_t eqn = PRM_GET(cqc, cqc, c_eqn_or_apu_element);
	enum fw_syndrome syn;

	if (PRM_GET(cqc, cqc, log_cq_size) > caps->log_max_cq_sz)
		return fw_refuse(cmd->uctx, FW_SYN_CQ_SIZE, "cqc.log_cq_size",
				PRM_GET(cqc, cqc, log_cq_size));
	if (PRM_GET(cqc, cqc, cqe_sz) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_CQ_CQE_SIZE, "cqc.cqe_sz",
				PRM_GET(cqc, cqc, cqe_sz));
	if (PRM_GET(cqc, cqc, cqe_comp_en) != 0 || PRM_GET(cqc, cqc, apu_cq) != 0 ||
			PRM_GET(cqc, cqc, as_notify) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_CQ_FEATURE, "cqc.cqe_comp_en/apu_cq/as_notify",
				1);
	syn = fw_cq_check_moderation(cmd->uctx, cqc);
	if (syn != FW_SYN_OK)
		return syn;
	if (eqn < FW_FIRST_EQN || eqn >= FW_FIRST_EQN + FW_NB_VECTORS)
		return fw_refuse(cmd->uctx, FW_SYN_NO_EQ, "cqc.c_eqn", eqn);
	if (PRM_GET(create_cq_in, cmd->in, cq_umem_valid) == 0)
		return fw_refuse(cmd->uctx, FW_SYN_NO_UMEM, "cq_umem_valid", 0);
	if (PRM_GET(cqc, cqc, dbr_umem_valid) == 0)
		return fw_refuse(cmd->uctx, FW_SYN_NO_UMEM, "cqc.dbr_umem_valid", 0);
	return FW_SYN_OK;
}

/* The objects that the queue needs, and where they put it. */
struct fw_cq_parts {
	struct fw_obj *uar, *cq_umem, *dbr_umem;
	void *cqes, *dbrec;
};

static enum fw_syndrome
fw_cq_find_parts(struct fw_cmd *cmd, const uint8_t *cqc, struct fw_cq_parts *parts)
{
	struct fw_umem_ref ref = {
		.id = (uint32_t)PRM_GET(create_cq_in, cmd->in, cq_umem_id),
		.offset = PRM_GET(create_cq_in, cmd->in, cq_umem_offset),
		.len = (uint64_t)CQE_SIZE << PRM_GET(cqc, cqc, log_cq_size),
		.align = CQE_SIZE,
		.log_page_size = (uint8_t)PRM_GET(cqc, cqc, log_page_size),
		.page_offset = (uint8_t)PRM_GET(cqc, cqc, page_offset),
		.id_field = "cq_umem_id",
		.offset_field = "cq_umem_offset",
	};
	enum fw_syndrome syn;

	syn = fw_umem_find(cmd->uctx, &ref, &parts->cq_umem, &parts->cqes);
	if (syn != FW_SYN_OK)
		return syn;
	ref.log_page_size = 0;
	ref.page_offset = 0;
	ref.id = (uint32_t)PRM_GET(cqc, cqc, dbr_umem_id);
	ref.offset = PRM_GET(cqc, cqc, dbr_addr);
	ref.len = DBREC_SIZE;
	ref.align = DBREC_SIZE;
	ref.id_field = "cqc.dbr_umem_id";
	ref.offset_field = "cqc.dbr_addr";
	syn = fw_umem_find(cmd->uctx, &ref, &parts->dbr_umem, &parts->dbrec);
	if (syn != FW_SYN_OK)
		return syn;
	return fw_obj_get(cmd->uctx, FW_CLASS_UAR, (uint32_t)PRM_GET(cqc, cqc, uar_page),
			"cqc.uar_page", &parts->uar);
}

enum fw_syndrome
fw_cq_create(struct fw_cmd *cmd)
{
	const uint8_t *cqc = PRM_PTR(create_cq_in, cmd->in, cq_context);
	struct fw_cq_parts parts;
	enum fw_syndrome syn;
	struct fw_obj *obj;
	struct fw_cq *cq;

	syn = fw_cq_check(cmd, cqc);
	if (syn == FW_SYN_OK)
		syn = fw_cq_find_parts(cmd, cqc, &parts);
	if (syn == FW_SYN_OK)
		syn = fw_obj_new(cmd->uctx, FW_CLASS_CQ, sizeof(*cq), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	fw_obj_use(obj, parts.uar);
	fw_obj_use(obj, parts.cq_umem);
	fw_obj_use(obj, parts.dbr_umem);
	cq = base_container_of(obj, struct fw_cq, obj);
	memcpy(cq->cqc, cqc, sizeof(cq->cqc));
	fw_cq_set_moderation(cq, cqc);
	cq->collapsed = PRM_GET(cqc, cqc, cc) != 0;
	cq->may_overrun = PRM_GET(cqc, cqc, oi) != 0;
	cq->log_size = (uint8_t)PRM_GET(cqc, cqc, log_cq_size);
	cq->cqes = parts.cqes;
	cq->dbrec = parts.dbrec;
	cq->arm.armed = true;
	cq->arm.last = fw_cq_record(cq, 1);
	TAILQ_INSERT_TAIL(&cmd->uctx->func->card->cqs, cq, link);
	vnet_wake(cmd->uctx->func->card->vnet); /* from now on there is something to look at */
	fw_cmd_reply_id(cmd, obj);
	return FW_SYN_OK;
}

enum fw_syndrome
fw_cq_query(struct fw_cmd *cmd)
{
	uint8_t *cqc = PRM_PTR(query_cq_out, cmd->out, cq_context);
	const struct fw_cq *cq;
	enum fw_syndrome syn;
	struct fw_obj *obj;

	syn = fw_obj_get(cmd->uctx, FW_CLASS_CQ, (uint32_t)PRM_GET(query_cq_in, cmd->in, cqn),
			"cqn", &obj);
	if (syn != FW_SYN_OK)
		return syn;
	cq = base_container_of(obj, struct fw_cq, obj);
	memcpy(cqc, cq->cqc, sizeof(cq->cqc));
	PRM_SET(cqc, cqc, st, cq->arm.armed ? CQ_ST_ARMED : CQ_ST_FIRED);
	PRM_SET(cqc, cqc, producer_counter, cq->pi & CI_MASK);
	PRM_SET(cqc, cqc, consumer_counter, fw_cq_record(cq, 0) & CI_MASK);
	return FW_SYN_OK;
}

/* Fields that MODIFY_CQ can change, and the capability that each needs. */
struct fw_cq_mod {
	uint32_t bit, off, bits;
	uint16_t cap_off; /* in struct fw_caps */
	const char *field;
};

#define CQC_FIELD(f) PRM_OFF(cqc, f), PRM_BITS(cqc, f)
static const struct fw_cq_mod fw_cq_mods[] = {
	{ PRM_CQ_MOD_PERIOD, CQC_FIELD(cq_period), offsetof(struct fw_caps, cq_moderation),
			"cqc.cq_period (cq_moderation)" },
	{ PRM_CQ_MOD_MAX_COUNT, CQC_FIELD(cq_max_count), offsetof(struct fw_caps, cq_moderation),
			"cqc.cq_max_count (cq_moderation)" },
	{ PRM_CQ_MOD_OVERRUN, CQC_FIELD(oi), offsetof(struct fw_caps, cq_oi), "cqc.oi (cq_oi)" },
	{ PRM_CQ_MOD_PERIOD_MODE, CQC_FIELD(cq_period_mode),
			offsetof(struct fw_caps, cq_period_mode_modify),
			"cqc.cq_period_mode (cq_period_mode_modify)" },
};

/* The selected fields of the command on top of the queue's own. */
static enum fw_syndrome
fw_cq_overlay(struct fw_cmd *cmd, uint64_t select, const uint8_t *in, uint8_t *cqc)
{
	const uint8_t *caps = (const uint8_t *)&cmd->uctx->func->card->caps;
	uint64_t unknown = select;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fw_cq_mods); i++) {
		const struct fw_cq_mod *mod = &fw_cq_mods[i];

		unknown &= ~(uint64_t)mod->bit;
		if ((select & mod->bit) == 0)
			continue;
		if (!*(const bool *)(caps + mod->cap_off))
			return fw_refuse(cmd->uctx, FW_SYN_CQ_FEATURE, mod->field, mod->bit);
		prm_set(cqc, mod->off, mod->bits, prm_get(in, mod->off, mod->bits));
	}
	if (select == 0 || unknown != 0)
		return fw_refuse(cmd->uctx, FW_SYN_CQ_MODIFY_BITS, "modify_field_select", select);
	return FW_SYN_OK;
}

enum fw_syndrome
fw_cq_modify(struct fw_cmd *cmd)
{
	uint64_t select = PRM_GET(modify_cq_in, cmd->in, modify_field_select);
	uint32_t cqn = (uint32_t)PRM_GET(modify_cq_in, cmd->in, cqn);
	uint8_t cqc[PRM_SIZE(cqc)];
	enum fw_syndrome syn;
	struct fw_obj *obj;
	struct fw_cq *cq;

	syn = fw_obj_get(cmd->uctx, FW_CLASS_CQ, cqn, "cqn", &obj);
	if (syn != FW_SYN_OK)
		return syn;
	cq = base_container_of(obj, struct fw_cq, obj);
	memcpy(cqc, cq->cqc, sizeof(cqc));
	syn = fw_cq_overlay(cmd, select, PRM_PTR(modify_cq_in, cmd->in, cq_context), cqc);
	if (syn == FW_SYN_OK)
		syn = fw_cq_check_moderation(cmd->uctx, cqc);
	if (syn != FW_SYN_OK)
		return syn;
	memcpy(cq->cqc, cqc, sizeof(cqc));
	cq->may_overrun = PRM_GET(cqc, cqc, oi) != 0;
	fw_cq_set_moderation(cq, cqc);
	return FW_SYN_OK;
}

void
fw_cq_release(struct fw_obj *obj)
{
	TAILQ_REMOVE(&obj->uctx->func->card->cqs, base_container_of(obj, struct fw_cq, obj), link);
}
