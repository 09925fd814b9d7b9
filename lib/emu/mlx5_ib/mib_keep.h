/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Memory of the program that the card uses where it is: it must stay there although the program
 * unmaps it. Ranges are whole pages, [start, end). One register for the process; any thread.
 */
#ifndef MIB_KEEP_H
#define MIB_KEEP_H

#include <stdint.h>

/** The range is used from now on; ranges may overlap, each counts. @return 0 or -ENOMEM. */
int mib_keep_add(uint64_t start, uint64_t end);
/**
 * One use of exactly this range is over. What the program unmapped meanwhile, and nobody else
 * uses, is unmapped now.
 */
void mib_keep_del(uint64_t start, uint64_t end);

#endif /* MIB_KEEP_H */
