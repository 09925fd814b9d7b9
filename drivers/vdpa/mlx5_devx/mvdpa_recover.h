/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What is done about a queue that firmware stopped: it is rebuilt where it was, but not for ever.
 */
#ifndef MVDPA_RECOVER_H
#define MVDPA_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

/** So many errors are answered with a new start... */
#define MVDPA_RECOVER_MAX 3
/** ... within this time; one more and the queue stays down. */
#define MVDPA_RECOVER_NS 3000000000ULL

/**
 * Notes an error at @p now_ns in @p last_ns (the times of the last ones, 0: never; oldest first).
 * Giving up forgets them.
 * @return is the queue to be started again? (pure)
 */
bool mvdpa_recover_allowed(uint64_t last_ns[MVDPA_RECOVER_MAX], uint64_t now_ns);

#endif /* MVDPA_RECOVER_H */
