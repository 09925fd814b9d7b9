/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: an event is due when as many completions wait as max_count says, or when
 * the period is over, whichever is first. The two belong together: where one of them is 0 there is
 * no moderation, since a count without a period would leave the last completions untold for ever.
 *
 * Nobody is woken when a period ends: who moderates asks on each pass of the engine.
 */
#include "fw_moder.h"

void
fw_moder_set(struct fw_moder *m, enum fw_moder_from from, uint32_t period_us, uint32_t max_count)
{
	m->from = from;
	m->period_ns = (uint64_t)period_us * 1000;
	m->max_count = max_count;
}

bool
fw_moder_is_on(const struct fw_moder *m)
{
	return m->period_ns != 0 && m->max_count != 0;
}

void
fw_moder_add(struct fw_moder *m, uint32_t nb, uint64_t now_ns)
{
	if (m->from == FW_MODER_FROM_LAST || (m->from == FW_MODER_FROM_FIRST && m->nb_pending == 0))
		m->since_ns = now_ns;
	m->nb_pending = nb > UINT32_MAX - m->nb_pending ? UINT32_MAX : m->nb_pending + nb;
}

bool
fw_moder_holds(const struct fw_moder *m, uint64_t now_ns)
{
	return fw_moder_is_on(m) && m->nb_pending != 0 && m->nb_pending < m->max_count &&
			now_ns - m->since_ns < m->period_ns;
}

void
fw_moder_told(struct fw_moder *m, uint64_t now_ns)
{
	m->nb_pending = 0;
	if (m->from == FW_MODER_FROM_EVENT)
		m->since_ns = now_ns;
}
