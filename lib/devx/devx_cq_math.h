/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The counting of a collapsed completion queue. Pure.
 */
#ifndef DEVX_CQ_MATH_H
#define DEVX_CQ_MATH_H

#include <stdbool.h>
#include <stdint.h>

/** Last word of an entry: wqe_counter (16 bits), signature (8), opcode (4), format and owner (4). */
#define DEVX_CQE_COUNTER_SHIFT 16
#define DEVX_CQE_OPCODE_SHIFT 4
#define DEVX_CQE_REQ_ERR 0xdu
#define DEVX_CQE_RESP_ERR 0xeu

/** Consumer indices that the card compares have 24 bits, the arming's serial number 2. */
#define DEVX_CQ_CI_MASK 0xffffffu
#define DEVX_CQ_SN_MASK 3u
#define DEVX_CQ_SN_SHIFT 28

/**
 * Completions that @p tail tells of, when @p next is the number that the next new one has. The
 * numbers have 16 bits and a queue at most 32768 entries, so a full queue cannot be mistaken for
 * an empty one.
 */
static inline uint16_t
devx_cqe_count(uint32_t tail, uint16_t next)
{
	return (uint16_t)((tail >> DEVX_CQE_COUNTER_SHIFT) + 1 - next);
}

/** Did the message that completed fail? */
static inline bool
devx_cqe_is_error(uint32_t tail)
{
	uint32_t opcode = tail >> DEVX_CQE_OPCODE_SHIFT & 0xf;

	return opcode == DEVX_CQE_REQ_ERR || opcode == DEVX_CQE_RESP_ERR;
}

/** What the doorbell record says of @p ci completions consumed. */
static inline uint32_t
devx_cq_ci_word(uint32_t ci)
{
	return ci & DEVX_CQ_CI_MASK;
}

/** What asks for an event for any completion behind @p ci; @p sn counts the askings. */
static inline uint32_t
devx_cq_arm_word(uint32_t sn, uint32_t ci)
{
	return (sn & DEVX_CQ_SN_MASK) << DEVX_CQ_SN_SHIFT | devx_cq_ci_word(ci);
}

#endif /* DEVX_CQ_MATH_H */
