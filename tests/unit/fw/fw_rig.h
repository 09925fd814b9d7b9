/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the firmware's tests share: a card with two functions and three user contexts on the fake
 * engine, a log that is read back, commands with legal contents to start from, and a loop that
 * spoils one field at a time.
 */
#ifndef FW_RIG_H
#define FW_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base_math.h"
#include "fake_vnet.h"
#include "fw_card.h"
#include "fw_cmd.h"
#include "fw_cq.h"
#include "fw_mem.h"
#include "fw_mkey.h"
#include "fw_qp.h"
#include "fw_uctx.h"
#include "fw_virtq.h"
#include "prm_field.h"

#define RIG_PAGE 4096u
#define RIG_BUF_SIZE (64u * 1024)
#define RIG_QUEUE_SIZE 64u
#define RIG_LOG_QUEUE_SIZE 6u
#define RIG_CQ_DBR (64u * RIG_QUEUE_SIZE)
#define RIG_RQ_DBR (16u * RIG_QUEUE_SIZE)
#define RIG_GUEST_SIZE (16u * RIG_PAGE)
#define RIG_GPA 0x100000u

/** What a user context was told. */
struct rig_told {
	unsigned int nb_completions, nb_events;
	uint32_t cqn;
	const struct prm_obj_kind *kind;
	uint32_t id;
	uint16_t event;
	uint8_t eqe[64];
};

struct rig {
	bool loop; /**< the wire gives each port its own frames back (next rig_restart()) */
	struct wire *wire;
	struct base_log log;
	unsigned int nb_refusals; /**< log lines that say "refused" */
	char last[512]; /**< last line */
	struct fw_caps caps;
	struct fw_card *card;
	struct fw_uctx *uctx; /**< function 0: the one that tests use */
	struct fw_uctx *other; /**< function 0 too */
	struct fw_uctx *far; /**< function 1 */
	struct rig_told told; /**< of uctx */
	/* Made by rig_world() in uctx. */
	uint8_t *buf, *guest;
	uint32_t pd, td, tis, uar, umem, mr, mkey, cqn, fw_qpn, sw_qpn, counters;
	uint32_t eqn;
};

/** cmocka set-up and tear-down; the state is a struct rig. */
int rig_setup(void **state);
/** As rig_setup(), with everything made that a queue needs. */
int rig_setup_world(void **state);
int rig_teardown(void **state);
/** A card with other capabilities (made after rig->caps was changed) in place of the first. */
void rig_restart(struct rig *rig);

/** What rig_setup_world() makes, in rig->uctx. */
void rig_world(struct rig *rig);

/** Executes a command; @return its syndrome, after checking header, log and rest of the output. */
enum fw_syndrome
rig_exec(struct fw_uctx *uctx, const void *in, size_t inlen, void *out, size_t outlen);
/** Did the last request of the kernel fail with @p err, logged with this reason? */
void rig_check_errno(struct rig *rig, int ret, int err, enum fw_syndrome syn);
/** A command that must succeed and returns the number of the new object. */
uint32_t rig_create(struct fw_uctx *uctx, enum fw_class cls, const void *in, size_t inlen);
/** The destroy command of a class. */
enum fw_syndrome rig_destroy(struct fw_uctx *uctx, enum fw_class cls, uint32_t id);
uint32_t rig_alloc(struct fw_uctx *uctx, uint16_t opcode, enum fw_class cls);

/* Commands with legal contents; each @p in has the size of its PRM structure. */
void rig_cq_in(struct rig *rig, void *in);
void rig_fw_qp_in(struct rig *rig, void *in);
void rig_sw_qp_in(struct rig *rig, void *in);
void rig_tis_in(struct rig *rig, void *in);
void rig_counters_in(void *in);
void rig_virtq_in(struct rig *rig, void *in);
#define RIG_RQT_IN (PRM_SIZE(create_rqt_in) + 4u * 4u)
/** Table of 4 entries that all name @p virtq; RIG_RQT_IN bytes. */
void rig_rqt_in(uint32_t virtq, void *in);
void rig_tir_in(struct rig *rig, uint32_t rqt, void *in);

struct rig_klm {
	uint32_t len, mkey;
	uint64_t address;
};
#define RIG_MKEY_IN(nb) (PRM_SIZE(create_mkey_in) + (nb)*PRM_SIZE(klm))
/** RIG_MKEY_IN(nb) bytes; @p log_entry: 0 for KLM. The range is that of the entries, at start. */
void rig_mkey_in(uint32_t pd, uint64_t start, uint8_t log_entry, const struct rig_klm *klms,
		uint32_t nb, void *in);
uint32_t rig_mkey(struct rig *rig, uint64_t start, uint8_t log_entry, const struct rig_klm *klms,
		uint32_t nb);
uint32_t rig_mr(struct rig *rig, void *addr, uint64_t len, uint64_t iova);

enum fw_syndrome rig_qp_cmd(struct rig *rig, uint16_t opcode, uint32_t qpn, uint32_t peer);
/** Both queue pairs to RTS, with credit for the whole receive queue. */
void rig_qps_to_rts(struct rig *rig);
uint32_t rig_virtq(struct rig *rig, uint16_t index);
enum fw_syndrome rig_virtq_state(struct rig *rig, uint32_t virtq, uint8_t state);
/** QUERY; @p netq: PRM_SIZE(virtio_net_q) bytes. */
void rig_virtq_query(struct rig *rig, uint32_t virtq, void *netq);
struct fw_virtq *rig_virtq_obj(struct rig *rig, uint32_t virtq);

/** One field of a command spoiled, and what it must give. */
struct rig_bad {
	const char *what;
	uint32_t off, bits;
	uint64_t value;
	enum fw_syndrome syn;
};
#define RIG_FIELD(s, f) PRM_OFF(s, f), PRM_BITS(s, f)
/** A field of a structure inside of a command. */
#define RIG_INNER(s, inner, t, f) PRM_OFF(s, inner) + PRM_OFF(t, f), PRM_BITS(t, f)
/** Executes @p in once per row, with that field spoiled; nothing may come into being. */
void
rig_refusals(struct rig *rig, const void *in, size_t inlen, const struct rig_bad *rows, size_t nb);

uint32_t rig_be32(const void *p);
void rig_put_be32(void *p, uint32_t v);

#endif /* FW_RIG_H */
