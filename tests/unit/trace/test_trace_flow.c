/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows: where they are cut, what they are called, chains and threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base_math.h"
#include "trace_flow.h"

#define MS 1000000ull
#define MAX 64u

static struct trace_event events[MAX];
static struct trace trace;
static struct trace_flows flows;
static uint64_t now;

static int
clear(void **state)
{
	memset(events, 0, sizeof(events));
	trace = (struct trace){ .events = events };
	now = MS;
	return 0;
}

static int
let_go(void **state)
{
	trace_flows_free(&flows);
	return 0;
}

static struct trace_event *
command(const char *name)
{
	struct trace_event *event = &events[trace.nb++];

	assert_true(trace.nb <= MAX);
	event->is_command = true;
	snprintf(event->name, sizeof(event->name), "%s", name);
	strcpy(event->status, "OK");
	event->start_ns = now;
	event->duration_ns = MS;
	event->queue = -1;
	event->tid = 1;
	now += MS;
	return event;
}

static void
queue(const char *name, int32_t index)
{
	char text[96];

	snprintf(text, sizeof(text), "%s_GENERAL_OBJECT/VIRTIO_NET_Q", name);
	command(text)->queue = index;
}

static void
state_of(int32_t index, const char *state)
{
	struct trace_event *event = command("MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q");

	event->queue = index;
	strcpy(event->fields, "STATE");
	strcpy(event->state, state);
}

static void
quiet(void)
{
	now += 100 * MS;
}

static void
check(const char *const *names, size_t nb)
{
	size_t i;

	assert_int_equal(0, trace_flows_make(&trace, TRACE_FLOW_GAP_NS, &flows));
	for (i = 0; i < flows.nb && i < nb; i++)
		assert_string_equal(flows.flows[i].name, names[i]);
	assert_int_equal(flows.nb, nb);
}

static void
test_names(void **state)
{
	static const char *const names[] = { "probe", "first start", "stop", "start again",
		"set_mem_table", "start again", "disable", "enable", "stop and start",
		"queue restart", "error recovery", "dirty log on", "query", "stop", "clean up",
		"steering", "remove" };

	command("QUERY_HCA_CAP");
	command("ALLOC_PD");
	quiet();
	command("REG_MR");
	queue("CREATE", 0);
	state_of(0, "RDY");
	state_of(1, "RDY");
	command("CREATE_RQT");
	quiet();
	state_of(0, "SUSPEND");
	state_of(1, "SUSPEND");
	queue("DESTROY", 0);
	quiet();
	state_of(0, "RDY");
	state_of(1, "RDY");
	quiet();
	state_of(0, "SUSPEND");
	state_of(1, "SUSPEND");
	command("DEREG_MR");
	command("REG_MR");
	quiet();
	state_of(0, "RDY");
	state_of(1, "RDY");
	quiet();
	state_of(0, "SUSPEND");
	quiet();
	state_of(0, "RDY");
	quiet();
	state_of(0, "SUSPEND");
	state_of(1, "SUSPEND");
	state_of(0, "RDY");
	state_of(1, "RDY");
	quiet();
	state_of(0, "SUSPEND");
	state_of(0, "RDY");
	quiet();
	queue("QUERY", 0);
	queue("DESTROY", 0);
	state_of(0, "RDY");
	quiet();
	strcpy(command("MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q")->fields, "DIRTY_BITMAP_PARAMS");
	quiet();
	queue("QUERY", 0);
	quiet();
	state_of(0, "SUSPEND");
	state_of(1, "SUSPEND");
	quiet();
	queue("DESTROY", 0);
	command("DEREG_MR");
	quiet();
	command("MODIFY_RQT");
	quiet();
	command("DEALLOC_PD");
	check(names, BASE_ARRAY_SIZE(names));
	assert_int_equal(5, flows.flows[1].nb);
	assert_int_equal(5 * MS, flows.flows[1].sum_ns);
	assert_int_equal(5 * MS, flows.flows[1].end_ns - flows.flows[1].start_ns);
}

static void
test_a_failed_command_changes_no_state(void **state)
{
	static const char *const names[] = { "first start", "first start" };

	state_of(0, "RDY");
	events[0].error = 121;
	quiet();
	state_of(0, "RDY");
	check(names, BASE_ARRAY_SIZE(names));
}

static void
test_gap(void **state)
{
	static const char *const names[] = { "query" };

	queue("QUERY", 0);
	now += TRACE_FLOW_GAP_NS; /* not longer */
	queue("QUERY", 0);
	events[1].duration_ns = 1000 * MS; /* in progress: no gap */
	now += 990 * MS;
	queue("QUERY", 0);
	check(names, BASE_ARRAY_SIZE(names));
	trace_flows_free(&flows);
	assert_int_equal(0, trace_flows_make(&trace, TRACE_FLOW_GAP_NS - 1, &flows));
	assert_int_equal(2, flows.nb);
}

static void
test_chain_and_threads(void **state)
{
	size_t i;

	/* Two threads with three commands each, side by side, and one that spans all of them. */
	for (i = 0; i < 3; i++) {
		command("CREATE_CQ");
		now -= MS;
		command("CREATE_CQ")->tid = 2;
	}
	command("CREATE_QP")->tid = 3;
	events[6].start_ns = MS;
	events[6].duration_ns = 10 * MS;
	events[6].wait_ns = 7 * MS;
	assert_int_equal(0, trace_flows_make(&trace, TRACE_FLOW_GAP_NS, &flows));
	assert_int_equal(1, flows.nb);
	assert_int_equal(7, flows.flows[0].nb);
	assert_int_equal(3, flows.flows[0].chain);
	assert_int_equal(3, flows.flows[0].nb_threads);
	assert_int_equal(16 * MS, flows.flows[0].sum_ns);
	assert_int_equal(7 * MS, flows.flows[0].wait_ns);
	assert_int_equal(10 * MS, flows.flows[0].end_ns - flows.flows[0].start_ns);
}

static void
test_functions_and_calls(void **state)
{
	struct trace_event *call;

	state_of(0, "RDY");
	now -= MS / 2;
	state_of(0, "RDY");
	events[1].function = 7;
	call = command("DEVX_OBJ/CREATE");
	call->is_command = false;
	call->start_ns = MS;
	call = command("DEVX_OBJ/CREATE");
	call->is_command = false;
	call->start_ns = 100 * MS;
	assert_int_equal(0, trace_flows_make(&trace, TRACE_FLOW_GAP_NS, &flows));
	assert_int_equal(2, flows.nb);
	assert_int_equal(0, flows.flows[0].function);
	assert_int_equal(7, flows.flows[1].function);
	assert_string_equal("first start", flows.flows[1].name);
	assert_int_equal(1, flows.flows[0].nb_calls);
}

static void
test_empty(void **state)
{
	check(NULL, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, clear, let_go)
	const struct CMUnitTest tests[] = {
		T(test_names),
		T(test_a_failed_command_changes_no_state),
		T(test_gap),
		T(test_chain_and_threads),
		T(test_functions_and_calls),
		T(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
