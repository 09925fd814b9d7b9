/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The files that came with a message which vhost does not get to see: a pre-message callback of
 * rte_vhost that answers by itself owns them, and nobody else closes them.
 */
#ifndef GUARD_FILES_H
#define GUARD_FILES_H

/** Closes them. A message that is not of the expected shape is left alone. */
void guard_files_close(const void *msg);

#endif /* GUARD_FILES_H */
