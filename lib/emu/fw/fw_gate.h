/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A gate that lets a limited number in, in the order of their coming.
 */
#ifndef FW_GATE_H
#define FW_GATE_H

#include <stdbool.h>
#include <stdint.h>

/** Lets a number of threads in at a time; zero is a good start. */
struct fw_gate {
	uint32_t next; /**< ticket of who comes next */
	uint32_t left; /**< how many have left again */
};

/** A ticket; who has it must leave, also if it never got in. */
uint32_t fw_gate_ticket(struct fw_gate *gate);
/** May the ticket's holder be inside, if @p limit may? */
bool fw_gate_open(const struct fw_gate *gate, uint32_t ticket, uint32_t limit);
/** Gives the place to the next; the bell of whoever waits must be rung after it. */
void fw_gate_leave(struct fw_gate *gate);

#endif /* FW_GATE_H */
