/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what is the same at both ends is taken off first; of the rest, the longest
 * common subsequence is found with a table of lengths: len[i][j] is the length for the tails from
 * i and j on. Walking from (0, 0), an equal pair is kept, else the side goes on whose tail promises
 * more.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trace_diff.h"

#define TRACE_DIFF_MAX 100000000u /* entries of the table */

static void
trace_diff_fill(const struct trace_diff *d, uint32_t *len)
{
	size_t i, j, width = d->nb_b + 1;

	for (i = d->nb_a; i-- > 0;) {
		for (j = d->nb_b; j-- > 0;) {
			uint32_t down = len[(i + 1) * width + j], right = len[i * width + j + 1];

			len[i * width + j] = strcmp(d->a[i], d->b[j]) == 0 ?
					len[(i + 1) * width + j + 1] + 1 :
					down > right ? down :
						       right;
		}
	}
}

/* @p d: the middle, @p skip: how many lines were taken off before it. */
static int
trace_diff_middle(const struct trace_diff *d, size_t skip)
{
	size_t i = 0, j = 0, width = d->nb_b + 1;
	uint32_t *len;

	if (d->nb_a != 0 && width > TRACE_DIFF_MAX / (d->nb_a + 1))
		return -E2BIG;
	len = calloc((d->nb_a + 1) * width, sizeof(*len));
	if (len == NULL)
		return -ENOMEM;
	trace_diff_fill(d, len);
	while (i < d->nb_a || j < d->nb_b) {
		if (i < d->nb_a && j < d->nb_b && strcmp(d->a[i], d->b[j]) == 0) {
			d->fn(d->arg, TRACE_SAME, skip + i, skip + j);
			i++;
			j++;
		} else if (j == d->nb_b ||
				(i < d->nb_a &&
						len[(i + 1) * width + j] >=
								len[i * width + j + 1])) {
			d->fn(d->arg, TRACE_ONLY_A, skip + i, skip + j);
			i++;
		} else {
			d->fn(d->arg, TRACE_ONLY_B, skip + i, skip + j);
			j++;
		}
	}
	free(len);
	return 0;
}

int
trace_diff(const struct trace_diff *diff)
{
	struct trace_diff middle = *diff;
	size_t head = 0, tail = 0, k;
	int ret;

	while (head < diff->nb_a && head < diff->nb_b && strcmp(diff->a[head], diff->b[head]) == 0)
		head++;
	while (tail < diff->nb_a - head && tail < diff->nb_b - head &&
			strcmp(diff->a[diff->nb_a - 1 - tail], diff->b[diff->nb_b - 1 - tail]) == 0)
		tail++;
	for (k = 0; k < head; k++)
		diff->fn(diff->arg, TRACE_SAME, k, k);
	middle.a += head;
	middle.b += head;
	middle.nb_a -= head + tail;
	middle.nb_b -= head + tail;
	ret = trace_diff_middle(&middle, head);
	for (k = tail; ret == 0 && k > 0; k--)
		diff->fn(diff->arg, TRACE_SAME, diff->nb_a - k, diff->nb_b - k);
	return ret;
}
