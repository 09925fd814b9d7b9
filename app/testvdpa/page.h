/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Writes a run as one HTML page for people: what was run, the verdict, rates over time with steps,
 * flows and silences, close-ups of what cost most, indices of queues, tables. The page needs nothing
 * else (no script, no other file), is well-formed XML too, and has a light and a dark face.
 *
 * Input is plain data; page_report.h makes it of a scenario's report. All times are nanoseconds on
 * the timeline's clock. Texts may hold anything: they are escaped. Nothing is kept, one thread.
 */
#ifndef PAGE_H
#define PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ring_index.h"
#include "timeline_data.h"

enum page_verdict {
	PAGE_NONE, /**< not judged */
	PAGE_PASS,
	PAGE_FAIL,
	PAGE_SKIPPED, /**< was not done */
};

/** Something that was run: "driver", "mlx5_devx". */
struct page_fact {
	const char *name, *value;
};

/** What a virtqueue went through in a step. */
struct page_queue {
	const char *guest; /**< name */
	unsigned int queue;
	struct ring_index saved, resumed;
};

/** Packets, of all directions. */
struct page_account {
	uint64_t sent, received, lost, duplicated, reordered, torn, invented, excused;
};

enum page_kind {
	PAGE_STEP,
	PAGE_FLOW, /**< lies in a step */
};

/** One row of the table: a step, or a flow of the step before it. */
struct page_row {
	enum page_kind kind;
	const char *name;
	const char *remark; /**< behind the name; NULL: none */
	enum page_verdict verdict;
	uint64_t begin_ns, end_ns;
	/** Of a step: up to here a silence that ends is its own; 0: up to its end. */
	uint64_t settled_ns;
	bool gap_known;
	double gap_median_ms, gap_max_ms; /**< of the streams' longest silences */
	uint64_t gap_ns[TIMELINE_DIRECTIONS_MAX]; /**< longest by direction; 0: none or not known */
	bool commands_known;
	uint64_t commands; /**< of firmware */
	bool account_known;
	struct page_account account;
	unsigned int nb_faults;
	const char *const *faults; /**< why it failed */
	unsigned int nb_queues;
	const struct page_queue *queues; /**< of a step */
};

struct page_attr {
	const char *title;
	enum page_verdict verdict;
	const char *reason; /**< of the verdict, or NULL */
	uint64_t duration_ns;
	unsigned int nb_facts;
	const struct page_fact *facts;
	unsigned int nb_rows;
	const struct page_row *rows; /**< in the order in which they happened */
	const struct timeline_data *timeline; /**< NULL: rates are not known */
};

/** "PASS", "FAIL", "skipped" or "". */
const char *page_verdict_name(enum page_verdict verdict);

/** Writes the page. @return 0, -EIO where @p out could not be written, -ENOMEM */
int page_write(const struct page_attr *page, FILE *out);

#endif /* PAGE_H */
