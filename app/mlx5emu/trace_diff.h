/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The difference of two sequences of texts: the fewest lines that have to go and to come.
 */
#ifndef TRACE_DIFF_H
#define TRACE_DIFF_H

#include <stddef.h>

enum trace_edit {
	TRACE_SAME, /**< in both */
	TRACE_ONLY_A,
	TRACE_ONLY_B,
};

struct trace_diff {
	const char *const *a, *const *b;
	size_t nb_a, nb_b;
	/** Called in order; of TRACE_SAME both positions count, else only the side's own. */
	void (*fn)(void *arg, enum trace_edit edit, size_t i, size_t j);
	void *arg;
};

/** @return 0, -ENOMEM, -E2BIG (more than some ten thousand lines that differ). */
int trace_diff(const struct trace_diff *diff);

#endif /* TRACE_DIFF_H */
