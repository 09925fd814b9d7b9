/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The report of a story: steps with accounts, indices and faults; as text for people and as JSON
 * for programs (the same members as devtools/demo writes for guests in QEMU). One thread.
 */
#ifndef SCENARIO_REPORT_H
#define SCENARIO_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <guest_ledger.h>

#define SCENARIO_STEPS_MAX 64
#define SCENARIO_QUEUES_MAX 128 /**< rows of one step: both guests' virtqueues */
#define SCENARIO_FAULTS_MAX 16 /**< texts kept of one step; all are counted */
#define SCENARIO_TEXT_MAX 160
#define SCENARIO_NOTES_MAX 4

/** An index pair of a ring; only where the driver tells. */
struct scenario_indices {
	bool known;
	uint16_t avail, used;
};

/** What a virtqueue went through, as its driver told after the step. */
struct scenario_queue {
	char guest; /**< 'A' or 'B' */
	unsigned int queue;
	struct scenario_indices saved; /**< at the last stop */
	struct scenario_indices resumed; /**< at the last start */
};

/** One direction's account. */
struct scenario_direction {
	char from, to;
	struct guest_ledger_count count; /**< of all queue pairs */
};

/** A figure with a name, "hot_add_ms" for example. */
struct scenario_note {
	const char *name;
	double value;
};

struct scenario_step {
	char name[GUEST_LEDGER_NAME_LEN];
	double seconds;
	bool commands_known;
	uint64_t commands; /**< firmware commands that the step cost, of both devices */
	unsigned int nb_directions;
	struct scenario_direction directions[2];
	unsigned int nb_queues;
	struct scenario_queue queues[SCENARIO_QUEUES_MAX];
	unsigned int nb_notes;
	struct scenario_note notes[SCENARIO_NOTES_MAX];
	unsigned int nb_faults; /**< may be more than texts are kept */
	char faults[SCENARIO_FAULTS_MAX][SCENARIO_TEXT_MAX];
};

struct scenario_report {
	char backend[SCENARIO_TEXT_MAX]; /**< what served the guests */
	double seconds;
	unsigned int nb_steps;
	struct scenario_step steps[SCENARIO_STEPS_MAX];
	char fault[SCENARIO_TEXT_MAX]; /**< why the story ended early; "" when it did not */
};

/** Begins a step; @return it, NULL when there are too many (then the report's fault is set). */
struct scenario_step *scenario_report_step(struct scenario_report *report, const char *name);

/** Adds a fault to a step. */
void scenario_step_fault(struct scenario_step *step, const char *fmt, ...)
		__attribute__((format(printf, 2, 3)));

/** Adds a figure; @p name must live as long as the report. */
void scenario_step_note(struct scenario_step *step, const char *name, double value);

/** No fault anywhere, and at least one step. */
bool scenario_report_passed(const struct scenario_report *report);

/** Tables of traffic and indices, notes, faults, and the verdict. */
void scenario_report_text(const struct scenario_report *report, FILE *out);

void scenario_report_json(const struct scenario_report *report, FILE *out);

#endif /* SCENARIO_REPORT_H */
