/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What happened at the prompt so far as a page: the flows of the history, and the traffic where it was
 * recorded (record.h).
 */
#ifndef PAGE_SESSION_H
#define PAGE_SESSION_H

#include <stdio.h>

/** Writes the page. @return 0, -EIO, -ENOMEM */
int page_session_write(FILE *out);

#endif /* PAGE_SESSION_H */
