/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the report is taken over row by row: a step, then its flows. A row's texts
 * that are not in the report lie beside it. The report counts time from its own beginning, the page
 * from the timeline's, which begins a little later.
 *
 * A flow is judged by its step, so it has no verdict of its own; the result that its act ended with
 * is told where it is an error, which may be what the step wants (a migration that has to fail).
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <base_clock.h>

#include "page_fact.h"
#include "page_report.h"
#include "page_row.h"

#define REMARK_LEN 256

static_assert(SCENARIO_FAULTS_MAX <= PAGE_ROW_FAULTS_MAX, "a row has room for all texts");

/** A row's own texts. */
struct report_texts {
	char remark[REMARK_LEN];
	struct page_row_faults faults;
};

struct report_page {
	const struct scenario_report *report;
	const struct timeline *timeline;
	struct timeline_data data; /* of the timeline, if there is one */
	unsigned int nb;
	struct page_row *rows;
	struct report_texts *texts;
	struct page_queue (*queues)[SCENARIO_QUEUES_MAX]; /* by step */
	struct page_facts facts;
	char reason[SCENARIO_TEXT_MAX + 64];
};

static uint64_t
report_ns(const struct report_page *page, double seconds)
{
	uint64_t ns = seconds > 0 ? (uint64_t)(seconds * (double)BASE_NS_PER_S) : 0;

	return page->timeline != NULL ? timeline_ns(page->timeline, page->report->begin_ns + ns) :
					ns;
}

/* --- rows ----------------------------------------------------------------------------------- */

static void
report_packets(struct page_row *row, const struct scenario_step *step)
{
	for (unsigned int i = 0; i < step->nb_directions; i++) {
		const struct scenario_direction *direction = &step->directions[i];

		row->gap_ns[direction->from == 'A' ? 0 : 1] = direction->count.longest_gap_ns;
		page_row_account(row, &direction->count);
	}
}

static void
report_faults(struct page_row *row, struct report_texts *texts, const struct scenario_step *step)
{
	for (unsigned int i = 0; i < step->nb_faults && i < SCENARIO_FAULTS_MAX; i++)
		page_row_fault(row, &texts->faults, step->faults[i]);
	page_row_rest(row, &texts->faults, step->nb_faults);
}

/* Why it was skipped, or its figures. */
static void
report_remark(struct report_texts *texts, const struct scenario_step *step)
{
	size_t len = (size_t)snprintf(texts->remark, REMARK_LEN, "%s", step->skipped);

	for (unsigned int i = 0; i < step->nb_notes && len < REMARK_LEN; i++)
		len += (size_t)snprintf(&texts->remark[len], REMARK_LEN - len, "%s%s %.1f",
				len == 0 ? "" : ", ", step->notes[i].name, step->notes[i].value);
}

static void
report_step(struct report_page *page, unsigned int i)
{
	const struct scenario_step *step = page->report->steps[i];
	struct report_texts *texts = &page->texts[page->nb];
	struct page_row *row = &page->rows[page->nb++];

	*row = (struct page_row){
		.kind = PAGE_STEP,
		.name = step->name,
		.verdict = step->skipped[0] != '\0'  ? PAGE_SKIPPED :
				step->nb_faults == 0 ? PAGE_PASS :
						       PAGE_FAIL,
		.begin_ns = report_ns(page, step->begin),
		.end_ns = report_ns(page, step->begin + step->seconds),
		.gap_known = step->nb_directions != 0,
		.gap_median_ms = (double)step->gap_median_ns / (double)BASE_NS_PER_MS,
		.gap_max_ms = (double)step->gap_max_ns / (double)BASE_NS_PER_MS,
		.commands_known = step->commands_known,
		.commands = step->commands,
		.nb_queues = step->nb_queues,
		.queues = page->queues[i],
	};
	for (unsigned int k = 0; k < step->nb_queues; k++)
		page->queues[i][k] = (struct page_queue){ step->queues[k].guest == 'A' ? "A" : "B",
			step->queues[k].queue, step->queues[k].saved, step->queues[k].resumed };
	report_packets(row, step);
	report_faults(row, texts, step);
	report_remark(texts, step);
	if (texts->remark[0] != '\0')
		row->remark = texts->remark;
}

static void
report_flow(struct report_page *page, const struct scenario_flow *flow)
{
	struct report_texts *texts = &page->texts[page->nb];
	struct page_row *row = &page->rows[page->nb++];

	*row = (struct page_row){
		.kind = PAGE_FLOW,
		.name = flow->title,
		.begin_ns = report_ns(page, flow->begin),
		.end_ns = report_ns(page, flow->begin + flow->ms / 1000),
		.gap_known = true,
		.gap_median_ms = flow->gap_median_ms,
		.gap_max_ms = flow->gap_max_ms,
	};
	if (flow->result == 0)
		return;
	snprintf(texts->remark, REMARK_LEN, "%s", strerror(-flow->result));
	row->remark = texts->remark;
}

static unsigned int
report_nb_flows(const struct scenario_step *step)
{
	return step->nb_flows < SCENARIO_FLOWS_MAX ? step->nb_flows : SCENARIO_FLOWS_MAX;
}

static int
report_rows(struct report_page *page)
{
	const struct scenario_report *report = page->report;
	size_t nb = report->nb_steps + 1;

	for (unsigned int i = 0; i < report->nb_steps; i++)
		nb += report_nb_flows(report->steps[i]);
	page->rows = calloc(nb, sizeof(*page->rows));
	page->texts = calloc(nb, sizeof(*page->texts));
	page->queues = calloc((size_t)report->nb_steps + 1, sizeof(*page->queues));
	if (page->rows == NULL || page->texts == NULL || page->queues == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < report->nb_steps; i++) {
		report_step(page, i);
		for (unsigned int k = 0; k < report_nb_flows(report->steps[i]); k++)
			report_flow(page, &report->steps[i]->flows[k]);
	}
	return 0;
}

/* --- the page ------------------------------------------------------------------------------- */

static void
report_facts(struct report_page *page)
{
	const struct scenario_report *report = page->report;
	time_t when = time(NULL) - (time_t)report->seconds;

	page_facts_add(&page->facts, "scenario", "%s", report->scenario);
	for (unsigned int i = 0; i < report->nb_devices; i++)
		page_facts_device(&page->facts, report->devices[i]);
	page_facts_add(&page->facts, "guests", "2, built in, %u queue pair%s, %s rings",
			report->queue_pairs, report->queue_pairs == 1 ? "" : "s", report->layout);
	page_facts_add(&page->facts, "seed", "%llu", (unsigned long long)report->seed);
	page_facts_program(&page->facts, when);
}

static void
report_reason(struct report_page *page)
{
	const struct scenario_report *report = page->report;
	unsigned int skipped = scenario_report_skipped(report), failed = 0;

	for (unsigned int i = 0; i < report->nb_steps; i++)
		failed += report->steps[i]->nb_faults != 0;
	if (report->fault[0] != '\0')
		snprintf(page->reason, sizeof(page->reason), "%s", report->fault);
	else if (failed != 0)
		snprintf(page->reason, sizeof(page->reason), "%u of %u steps failed", failed,
				report->nb_steps - skipped);
	else
		snprintf(page->reason, sizeof(page->reason), "nothing lost in %u step%s",
				report->nb_steps - skipped,
				report->nb_steps - skipped == 1 ? "" : "s");
	if (skipped != 0)
		snprintf(&page->reason[strlen(page->reason)],
				sizeof(page->reason) - strlen(page->reason), "; %u skipped",
				skipped);
}

static int
report_write(struct report_page *page, FILE *out)
{
	const struct scenario_report *report = page->report;
	char title[64];
	struct page_attr attr = {
		.title = title,
		.verdict = scenario_report_passed(report) ? PAGE_PASS : PAGE_FAIL,
		.reason = page->reason,
		.duration_ns = (uint64_t)(report->seconds * (double)BASE_NS_PER_S),
		.timeline = page->timeline != NULL ? &page->data : NULL,
	};
	int ret = report_rows(page);

	if (ret != 0)
		return ret;
	report_facts(page);
	report_reason(page);
	snprintf(title, sizeof(title), "dpdk-testvdpa: scenario %s", report->scenario);
	attr.nb_facts = page->facts.nb;
	attr.facts = page->facts.facts;
	attr.nb_rows = page->nb;
	attr.rows = page->rows;
	return page_write(&attr, out);
}

int
page_report_write(const struct scenario_report *report, struct timeline *timeline, FILE *out)
{
	struct report_page *page = calloc(1, sizeof(*page));
	int ret = 0;

	if (page == NULL)
		return -ENOMEM;
	page->report = report;
	page->timeline = timeline;
	if (timeline != NULL)
		ret = timeline_copy(timeline, &page->data);
	if (ret == 0)
		ret = report_write(page, out);
	free(page->rows);
	free(page->texts);
	free(page->queues);
	timeline_data_fini(&page->data);
	free(page);
	return ret;
}
