/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: tickets are counted, and so are those that left. Ticket t is inside when
 * fewer than limit of the t tickets before it are still in, whichever they are; so entry is in order
 * of arrival, and the limit may change at any time. Sums are taken modulo 2^32.
 */
#include "fw_gate.h"

uint32_t
fw_gate_ticket(struct fw_gate *gate)
{
	return __atomic_fetch_add(&gate->next, 1, __ATOMIC_SEQ_CST);
}

bool
fw_gate_open(const struct fw_gate *gate, uint32_t ticket, uint32_t limit)
{
	uint32_t before = ticket - __atomic_load_n(&gate->left, __ATOMIC_SEQ_CST);

	/* Others may have overtaken and left: then the difference is "negative". */
	return limit == 0 || (int32_t)before < (int32_t)limit;
}

void
fw_gate_leave(struct fw_gate *gate)
{
	__atomic_add_fetch(&gate->left, 1, __ATOMIC_SEQ_CST);
}
