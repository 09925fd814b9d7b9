/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Words of a command line that are numbers: read whole, checked against a range, and refused in one
 * sentence that names the word, what was typed and what is possible.
 */
#ifndef VALUE_H
#define VALUE_H

#include <stdint.h>

#include <base_log.h>

/** What a number may be. */
struct value_range {
	const char *name; /**< of the word, for complaints: "queues" */
	uint64_t min;
	uint64_t max;
};

/**
 * A whole number, decimal or 0x with sixteen's digits.
 * @param n is left alone unless the number is good
 * @return 0; -EINVAL no number, -ERANGE out of range (one sentence to @p log)
 */
int value_number(const struct value_range *range, const char *text, const struct base_log *log,
		uint64_t *n);

/** A number of bytes, as above; K, M, G and T behind it stand for powers of 1024: "64M". */
int value_size(const struct value_range *range, const char *text, const struct base_log *log,
		uint64_t *bytes);

/** A queue (a ring) of a guest or device that has @p nb of them. As above. */
int value_queue(const char *text, unsigned int nb, const struct base_log *log, uint16_t *queue);

/** Seconds with up to three digits behind the point ("0.5"); range and result in ms. As above. */
int value_seconds(const struct value_range *range_ms, const char *text, const struct base_log *log,
		uint64_t *ms);

#endif /* VALUE_H */
