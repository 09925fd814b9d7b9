/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each flow of the history is a step of the page, with packets, queues and faults
 * of its own. Time counts from the recording's beginning; without one from the first flow's.
 *
 * A silence ends after its flow: the traffic goes on, so the first arrival after the flow is the end
 * of it, at most the longest gap later.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <base_clock.h>

#include "device.h"
#include "flow.h"
#include "page_fact.h"
#include "page_row.h"
#include "page_session.h"
#include "record.h"

#define SETTLED_NS (20 * BASE_NS_PER_MS) /* two samples of a timeline */

static_assert(FLOW_FAULTS_MAX <= PAGE_ROW_FAULTS_MAX, "a row has room for all texts");

/** A flow and what the page needs of it. */
struct session_flow {
	struct flow_record record;
	char name[2 * FLOW_TEXT_MAX];
	struct page_row_faults faults;
	struct page_queue queues[VM_QUEUES_MAX];
};

struct session_page {
	struct timeline_data data; /* what was recorded, if anything was */
	uint64_t begin_ns; /* without a recording: of the first flow */
	unsigned int nb;
	struct page_row rows[FLOW_HISTORY_MAX];
	struct session_flow flows[FLOW_HISTORY_MAX];
	struct page_facts facts;
	char reason[64];
};

static uint64_t
session_ns(const struct session_page *page, uint64_t clock_ns)
{
	if (record_timeline() != NULL)
		return timeline_ns(record_timeline(), clock_ns);
	return clock_ns - page->begin_ns;
}

static void
session_queues(struct page_row *row, struct session_flow *flow)
{
	const struct flow_record *r = &flow->record;

	for (unsigned int i = 0; i < r->nb_queues; i++) {
		const struct flow_queue *q = &r->queues[i];

		if (!q->restarted)
			continue;
		flow->queues[row->nb_queues++] = (struct page_queue){ r->guest, i,
			{ q->saved.known, q->saved.avail, q->saved.used },
			{ q->resumed.known, q->resumed.avail, q->resumed.used } };
	}
	row->queues = flow->queues;
}

static void
session_row(struct session_page *page, unsigned int i)
{
	struct session_flow *flow = &page->flows[i];
	const struct flow_record *r = &flow->record;
	uint64_t end = r->begin_ns + r->duration_ns;
	struct page_row *row = &page->rows[i];

	flow_title(r, flow->name, sizeof(flow->name));
	*row = (struct page_row){
		.kind = PAGE_STEP,
		.name = flow->name,
		.remark = r->result != 0 ? r->text : NULL,
		.verdict = flow_passed(r) ? PAGE_PASS : PAGE_FAIL,
		.begin_ns = session_ns(page, r->begin_ns),
		.end_ns = session_ns(page, end),
		.settled_ns = session_ns(page, end + r->gap_max_ns + SETTLED_NS),
		.gap_known = r->nb_streams != 0,
		.gap_median_ms = (double)r->gap_median_ns / (double)BASE_NS_PER_MS,
		.gap_max_ms = (double)r->gap_max_ns / (double)BASE_NS_PER_MS,
		.commands_known = r->commands_known,
		.commands = r->commands,
	};
	/* of which guest's packets it was is not known: it is laid where the samples show one */
	for (unsigned int k = 0; k < TIMELINE_DIRECTIONS_MAX; k++)
		row->gap_ns[k] = r->gap_max_ns;
	session_queues(row, flow);
	page_row_account(row, &r->account.count);
	for (unsigned int k = 0; k < r->nb_faults && k < FLOW_FAULTS_MAX; k++)
		page_row_fault(row, &flow->faults, r->faults[k]);
	page_row_rest(row, &flow->faults, r->nb_faults);
}

static void
session_facts(struct session_page *page)
{
	for (const struct vm *vm = vm_after(NULL); vm != NULL; vm = vm_after(vm)) {
		char device[DEVICE_NAME_MAX];

		page_facts_add(&page->facts, "guest", "%s, %u queue pair%s, %s rings", vm->name,
				vm->attr.nb_pairs, vm->attr.nb_pairs == 1 ? "" : "s",
				vm->attr.packed ? "packed" : "split");
		if (vm_device(vm, device))
			page_facts_device(&page->facts, device);
	}
	page_facts_program(&page->facts, time(NULL));
}

static int
session_write(struct session_page *page, FILE *out)
{
	unsigned int failed = 0;
	struct page_attr attr = {
		.title = "dpdk-testvdpa: flows",
		.timeline = record_timeline() != NULL ? &page->data : NULL,
	};

	while (page->nb < FLOW_HISTORY_MAX && flow_history(page->nb, &page->flows[page->nb].record))
		page->nb++;
	page->begin_ns = page->nb != 0 ? page->flows[0].record.begin_ns : 0;
	for (unsigned int i = 0; i < page->nb; i++) {
		session_row(page, i);
		failed += page->rows[i].verdict == PAGE_FAIL;
		attr.duration_ns = page->rows[i].settled_ns;
	}
	if (timeline_data_end(&page->data) > attr.duration_ns)
		attr.duration_ns = timeline_data_end(&page->data);
	session_facts(page);
	snprintf(page->reason, sizeof(page->reason), "%u of %u flows failed", failed, page->nb);
	attr.verdict = page->nb == 0 ? PAGE_NONE : failed == 0 ? PAGE_PASS : PAGE_FAIL;
	attr.reason = page->reason;
	attr.nb_facts = page->facts.nb;
	attr.facts = page->facts.facts;
	attr.nb_rows = page->nb;
	attr.rows = page->rows;
	return page_write(&attr, out);
}

int
page_session_write(FILE *out)
{
	struct session_page *page = calloc(1, sizeof(*page));
	int ret = 0;

	if (page == NULL)
		return -ENOMEM;
	if (record_timeline() != NULL)
		ret = timeline_copy(record_timeline(), &page->data);
	if (ret == 0)
		ret = session_write(page, out);
	timeline_data_fini(&page->data);
	free(page);
	return ret;
}
