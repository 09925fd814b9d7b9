/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Moderation of events: when a number of completions becomes one event. Pure; the caller brings
 * the time.
 */
#ifndef FW_MODER_H
#define FW_MODER_H

#include <stdbool.h>
#include <stdint.h>

/** What starts the period. */
enum fw_moder_from {
	FW_MODER_FROM_EVENT, /**< the last event; the first completion after a pause is told at once */
	FW_MODER_FROM_FIRST, /**< the first completion that was not told yet */
	FW_MODER_FROM_LAST, /**< the last completion: only a pause of a period ends it */
};

struct fw_moder {
	enum fw_moder_from from;
	uint64_t period_ns; /**< 0: no moderation */
	uint32_t max_count; /**< completions; 0: no moderation */
	uint32_t nb_pending; /**< completions that were not told yet */
	uint64_t since_ns; /**< when the period began */
};

/** New settings; what is pending stays. */
void
fw_moder_set(struct fw_moder *m, enum fw_moder_from from, uint32_t period_us, uint32_t max_count);
/** Is there anything to moderate? (If not, the other functions need not be called.) */
bool fw_moder_is_on(const struct fw_moder *m);
/** @p nb more completions. */
void fw_moder_add(struct fw_moder *m, uint32_t nb, uint64_t now_ns);
/** Must an event for what is pending wait? */
bool fw_moder_holds(const struct fw_moder *m, uint64_t now_ns);
/** There was an event for all that was pending. */
void fw_moder_told(struct fw_moder *m, uint64_t now_ns);

#endif /* FW_MODER_H */
