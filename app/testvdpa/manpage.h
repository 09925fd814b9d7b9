/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The manual page, made from the tables of options and commands.
 */
#ifndef MANPAGE_H
#define MANPAGE_H

#include <stdio.h>

/** Writes dpdk-testvdpa.1 (roff, macro package man). @p version is the program's. */
void manpage_write(const char *version, FILE *out);

#endif /* MANPAGE_H */
