/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The report of a scenario: steps with accounts, indices and faults; as text for people and as JSON
 * for programs (doc/guides/testvdpa.md has the schema). One thread.
 */
#ifndef SCENARIO_REPORT_H
#define SCENARIO_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <guest_ledger.h>

#include "device.h"
#include "ring_index.h"

#define SCENARIO_STEPS_MAX GUEST_LEDGER_MAX_PHASES
#define SCENARIO_QUEUES_MAX 256 /**< rows of one step: both guests' virtqueues */
#define SCENARIO_FAULTS_MAX 16 /**< texts kept of one step; all are counted */
#define SCENARIO_TEXT_MAX 160
#define SCENARIO_NOTES_MAX 8
#define SCENARIO_FLOWS_MAX 128 /**< kept of one step; all are counted */
#define SCENARIO_DEVICES_MAX 3 /**< A's, B's, and the one that A moves to */

/** What a virtqueue went through. */
struct scenario_queue {
	char guest; /**< 'A' or 'B' */
	unsigned int queue;
	struct ring_index before; /**< in the guest's ring when the (last) flow began */
	struct ring_index saved; /**< at the last stop, as its driver told after the step */
	struct ring_index resumed; /**< at the last start, likewise */
	uint64_t passed_over; /**< descriptors in flight although later ones have come back */
	uint64_t never_returned; /**< transmit: in flight though all packets are accounted for */
	uint64_t returned_twice; /**< used entries of this step that name no chain in flight */
};

/** One direction's account. */
struct scenario_direction {
	char from, to;
	struct guest_ledger_count count; /**< of all queue pairs */
	uint64_t gap_median_ns; /**< of the streams' longest gaps; the longest is in the count */
};

/** One thing that was done to a guest. */
struct scenario_flow {
	char kind[24]; /**< "hot-add", for example; see flow.h */
	char title[SCENARIO_TEXT_MAX]; /**< "hot-add of 64 MiB to A" */
	char guest;
	double begin; /**< seconds since the beginning of the report */
	double ms; /**< how long it took */
	int result; /**< 0, -errno */
	double gap_median_ms, gap_max_ms; /**< of the guest's streams, over the flow */
};

/** A figure with a name, "kicks_by_page" for example. */
struct scenario_note {
	const char *name;
	double value;
};

struct scenario_step {
	char scenario[16]; /**< that it belongs to: "reset", ...; "" at beginning and end */
	char name[GUEST_LEDGER_NAME_LEN];
	char skipped[SCENARIO_TEXT_MAX]; /**< why it was not played; "" where it was */
	double begin; /**< seconds since the beginning of the report */
	double seconds;
	bool commands_known;
	uint64_t commands; /**< firmware commands that the step cost, of all devices */
	uint64_t gap_median_ns, gap_max_ns; /**< of all streams' longest gaps */
	unsigned int nb_directions;
	struct scenario_direction directions[2];
	unsigned int nb_queues;
	struct scenario_queue queues[SCENARIO_QUEUES_MAX];
	unsigned int nb_flows; /**< may be more than are kept */
	struct scenario_flow flows[SCENARIO_FLOWS_MAX];
	unsigned int nb_notes;
	struct scenario_note notes[SCENARIO_NOTES_MAX];
	unsigned int nb_faults; /**< may be more than texts are kept */
	char faults[SCENARIO_FAULTS_MAX][SCENARIO_TEXT_MAX];
};

struct scenario_report {
	char scenario[16]; /**< that was asked for */
	char layout[8]; /**< "split" or "packed" */
	unsigned int queue_pairs;
	uint64_t seed;
	unsigned int nb_devices;
	char devices[SCENARIO_DEVICES_MAX][DEVICE_NAME_MAX]; /**< names: A's, B's, the spare one */
	uint64_t begin_ns; /**< base_clock_ns() that all times count from */
	double seconds;
	unsigned int nb_steps;
	struct scenario_step *steps[SCENARIO_STEPS_MAX]; /**< freed by scenario_report_clear() */
	char fault[SCENARIO_TEXT_MAX]; /**< why the scenario ended early; "" when it did not */
};

/** Begins a step; @return it, NULL when there are too many (then the report's fault is set). */
struct scenario_step *scenario_report_step(struct scenario_report *report, const char *name);

/** Frees the steps. */
void scenario_report_clear(struct scenario_report *report);

/** Adds a fault to a step. */
void scenario_step_fault(struct scenario_step *step, const char *fmt, ...)
		__attribute__((format(printf, 2, 3)));

/** Adds a figure, to that of the same name where there is one; @p name must live as long as the report. */
void scenario_step_note(struct scenario_step *step, const char *name, double value);

/** Adds a flow; what does not fit is counted. */
void scenario_step_flow(struct scenario_step *step, const struct scenario_flow *flow);

/** Median of @p values, which get sorted; 0 where there are none. */
uint64_t scenario_median(uint64_t *values, unsigned int nb);

/** "PASS", "FAIL" or "skipped". */
const char *scenario_step_verdict(const struct scenario_step *step);

/** No fault anywhere, and at least one step was played. */
bool scenario_report_passed(const struct scenario_report *report);

/** Steps that were not played. */
unsigned int scenario_report_skipped(const struct scenario_report *report);

/** Tables of traffic and indices, notes, faults, and the verdict. */
void scenario_report_text(const struct scenario_report *report, FILE *out);

/** The same as a JSON document on one line. */
void scenario_report_json(const struct scenario_report *report, FILE *out);

#endif /* SCENARIO_REPORT_H */
