/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the command counter is the test's; flows are told like the driver tells
 * them, and looked at through the reader and through the line of the log.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "last_log.h"
#include "mvdpa_flow.h"

static uint64_t commands;

static uint64_t
count(const void *arg)
{
	return *(const uint64_t *)arg;
}

static int
setup(void **state)
{
	static struct mvdpa_flow_log flows;

	commands = 1000;
	nb_logs = 0;
	last_log[0] = '\0';
	mvdpa_flow_init(&flows, "0000:03:00.2", &test_log,
			(struct mvdpa_flow_counter){ count, &commands });
	*state = &flows;
	return 0;
}

static int
teardown(void **state)
{
	mvdpa_flow_fini(*state);
	return 0;
}

/* The line without its time, which nobody can foresee. */
static void
check_line(const char *before, const char *after)
{
	char expected[MVDPA_FLOW_LINE];
	const char *in = strstr(last_log, " in "), *ms = strstr(last_log, " ms, ");

	assert_non_null(in);
	assert_non_null(ms);
	snprintf(expected, sizeof(expected), "%.*s%s", (int)(in - last_log), last_log, ms + 5);
	in = expected;
	assert_int_equal(strncmp(in, "0000:03:00.2: ", 14), 0);
	assert_int_equal(strncmp(in + 14, before, strlen(before)), 0);
	assert_string_equal(in + 14 + strlen(before), after);
}

static void
stop_queues(struct mvdpa_flow_log *flows, uint16_t nb)
{
	uint16_t i;

	for (i = 0; i < nb; i++) {
		mvdpa_flow_saved(flows, i, (struct mvdpa_index){ 50 + i, 50 + i }, false);
		commands += 2;
	}
}

static void
start_queues(struct mvdpa_flow_log *flows, uint16_t nb, enum mvdpa_flow_way way)
{
	uint16_t i;

	for (i = 0; i < nb; i++) {
		mvdpa_flow_resumed(flows, i, (struct mvdpa_index){ 50 + i, 50 + i }, way);
		commands++;
	}
}

/* The line that the issue asks for, letter by letter. */
static void
test_line(void **state)
{
	struct mvdpa_flow flow = {
		.kind = MVDPA_FLOW_SET_MEM_TABLE,
		.duration_ns = 2149999,
		.commands = 24,
		.nb_saved = 8,
		.nb_resumed = { [MVDPA_FLOW_WAY_MKEY] = 8 },
	};
	char line[MVDPA_FLOW_LINE];

	mvdpa_flow_line(&flow, line, sizeof(line));
	assert_string_equal(line,
			"set_mem_table: 8 queues rebuilt by mkey modify in 2.1 ms, "
			"24 commands, A!=U on 0");
	flow.nb_resumed[MVDPA_FLOW_WAY_MKEY] = 7;
	flow.nb_resumed[MVDPA_FLOW_WAY_RECREATE] = 1;
	flow.nb_mismatch = 3;
	flow.result = -EIO;
	mvdpa_flow_line(&flow, line, sizeof(line));
	assert_string_equal(line,
			"set_mem_table: 7 queues rebuilt by mkey modify, 1 queue rebuilt "
			"by recreate in 2.1 ms, 24 commands, A!=U on 3, failed: "
			"Input/output error");
	mvdpa_flow_line(&flow, line, 10);
	assert_string_equal(line, "set_mem_t");
}

/* dev_close and dev_conf of one SET_MEM_TABLE are one flow. */
static void
test_mem_table(void **state)
{
	struct mvdpa_flow_log *flows = *state;
	struct mvdpa_flow flow;

	mvdpa_flow_begin(flows, MVDPA_FLOW_SET_MEM_TABLE);
	stop_queues(flows, 8);
	mvdpa_flow_pause(flows);
	assert_int_equal(nb_logs, 0);
	assert_false(mvdpa_flow_read(flows, 0, &flow));
	mvdpa_flow_begin(flows, MVDPA_FLOW_SET_MEM_TABLE);
	start_queues(flows, 8, MVDPA_FLOW_WAY_MKEY);
	mvdpa_flow_end(flows, 0);

	assert_int_equal(nb_logs, 1);
	check_line("set_mem_table: 8 queues rebuilt by mkey modify", "24 commands, A!=U on 0");
	assert_true(mvdpa_flow_read(flows, 0, &flow));
	assert_false(mvdpa_flow_read(flows, 1, &flow));
	assert_int_equal(flow.seq, 1);
	assert_int_equal(flow.commands, 24);
	assert_int_equal(flow.nb_touched, 8);
	assert_int_equal(flow.nb_queues, 8);
	assert_true(flow.outage_ns > 0 && flow.outage_ns <= flow.duration_ns);
	assert_int_equal(flow.queues[7].index, 7);
	assert_true(flow.queues[7].was_saved && flow.queues[7].was_resumed);
	assert_int_equal(flow.queues[7].saved.avail, 57);
	assert_int_equal(flow.queues[7].resumed.used, 57);
	assert_int_equal(flow.queues[7].way, MVDPA_FLOW_WAY_MKEY);
}

/* Whether an object was made for the first time is seen from what the flow did before. */
static void
test_recreate(void **state)
{
	struct mvdpa_flow_log *flows = *state;

	mvdpa_flow_begin(flows, MVDPA_FLOW_SET_MEM_TABLE);
	stop_queues(flows, 2);
	assert_false(mvdpa_flow_is_paused(flows));
	mvdpa_flow_pause(flows);
	assert_true(mvdpa_flow_is_paused(flows));
	mvdpa_flow_begin(flows, MVDPA_FLOW_SET_MEM_TABLE);
	start_queues(flows, 3, MVDPA_FLOW_WAY_CREATE);
	mvdpa_flow_end(flows, 0);
	check_line("set_mem_table: 1 queue created, 2 queues rebuilt by recreate",
			"7 commands, A!=U on 0");

	mvdpa_flow_begin(flows, MVDPA_FLOW_RESTART);
	stop_queues(flows, 2);
	mvdpa_flow_torn_down(flows);
	start_queues(flows, 2, MVDPA_FLOW_WAY_CREATE);
	mvdpa_flow_end(flows, 0);
	check_line("restart: 2 queues rebuilt by teardown", "6 commands, A!=U on 0");

	mvdpa_flow_begin(flows, MVDPA_FLOW_START);
	start_queues(flows, 1, MVDPA_FLOW_WAY_CREATE);
	mvdpa_flow_end(flows, 0);
	check_line("start: 1 queue created", "1 commands");
}

/* The front-end goes away between the two calls: vhost only says dev_cleanup. */
static void
test_mem_table_interrupted(void **state)
{
	struct mvdpa_flow_log *flows = *state;
	struct mvdpa_flow flow;

	mvdpa_flow_begin(flows, MVDPA_FLOW_SET_MEM_TABLE);
	stop_queues(flows, 2);
	mvdpa_flow_pause(flows);
	mvdpa_flow_begin(flows, MVDPA_FLOW_CLEANUP);
	check_line("set_mem_table: 2 queues stopped",
			"4 commands, A!=U on 0, failed: Operation canceled");
	commands += 5;
	mvdpa_flow_end(flows, 0);
	check_line("cleanup: 0 queues", "5 commands");
	assert_true(mvdpa_flow_read(flows, 1, &flow));
	assert_int_equal(flow.result, -ECANCELED);
}

/* A table that was prepared and then changed nothing for vhost. */
static void
test_end_paused(void **state)
{
	struct mvdpa_flow_log *flows = *state;

	mvdpa_flow_end_paused(flows, 0);
	assert_int_equal(nb_logs, 0);
	mvdpa_flow_begin(flows, MVDPA_FLOW_SET_MEM_TABLE);
	mvdpa_flow_pause(flows);
	mvdpa_flow_end_paused(flows, 0);
	check_line("set_mem_table: 0 queues", "0 commands");
	mvdpa_flow_end_paused(flows, 0);
	assert_int_equal(nb_logs, 1);
}

/* The repair thread comes between the two calls: one SET_MEM_TABLE all the same. */
static void
test_recovery_in_a_pause(void **state)
{
	struct mvdpa_flow_log *flows = *state;
	struct mvdpa_flow flow;

	mvdpa_flow_begin(flows, MVDPA_FLOW_SET_MEM_TABLE);
	mvdpa_flow_pause(flows);
	mvdpa_flow_begin(flows, MVDPA_FLOW_RECOVER);
	mvdpa_flow_drop(flows);
	assert_true(mvdpa_flow_is_paused(flows));
	mvdpa_flow_begin(flows, MVDPA_FLOW_RECOVER);
	mvdpa_flow_resumed(flows, 1, (struct mvdpa_index){ 7, 7 }, MVDPA_FLOW_WAY_CREATE);
	mvdpa_flow_end(flows, 0);
	assert_true(mvdpa_flow_is_paused(flows));
	assert_int_equal(nb_logs, 0);
	mvdpa_flow_begin(flows, MVDPA_FLOW_SET_MEM_TABLE);
	mvdpa_flow_resumed(flows, 0, (struct mvdpa_index){ 7, 7 }, MVDPA_FLOW_WAY_MKEY);
	mvdpa_flow_end(flows, 0);
	assert_int_equal(nb_logs, 1);
	assert_true(mvdpa_flow_read(flows, 0, &flow));
	assert_int_equal(flow.kind, MVDPA_FLOW_SET_MEM_TABLE);
	assert_int_equal(flow.result, 0);
	assert_int_equal(flow.nb_touched, 2);
}

/* An error event that was an old one. */
static void
test_drop(void **state)
{
	struct mvdpa_flow_log *flows = *state;
	struct mvdpa_flow flow;

	mvdpa_flow_drop(flows);
	mvdpa_flow_begin(flows, MVDPA_FLOW_RECOVER);
	mvdpa_flow_drop(flows);
	assert_int_equal(nb_logs, 0);
	assert_false(mvdpa_flow_read(flows, 0, &flow));
	mvdpa_flow_begin(flows, MVDPA_FLOW_STOP);
	mvdpa_flow_end(flows, 0);
	check_line("stop: 0 queues", "0 commands");
}

/* A flow inside of another one is part of it; the first error is the result. */
static void
test_nested(void **state)
{
	struct mvdpa_flow_log *flows = *state;
	struct mvdpa_flow flow;

	mvdpa_flow_begin(flows, MVDPA_FLOW_CLEANUP);
	mvdpa_flow_begin(flows, MVDPA_FLOW_STOP);
	mvdpa_flow_saved(flows, 3, (struct mvdpa_index){ 50, 20 }, true);
	mvdpa_flow_end(flows, -EIO);
	assert_int_equal(nb_logs, 0);
	mvdpa_flow_touch(flows, 4);
	mvdpa_flow_end(flows, -EBUSY);
	assert_true(mvdpa_flow_read(flows, 0, &flow));
	assert_int_equal(flow.kind, MVDPA_FLOW_CLEANUP);
	assert_int_equal(flow.result, -EIO);
	assert_int_equal(flow.nb_saved, 1);
	assert_int_equal(flow.nb_mismatch, 1);
	assert_int_equal(flow.nb_touched, 2);
	assert_true(flow.queues[0].mismatch);
	assert_false(flow.queues[0].was_resumed);
	assert_int_equal(flow.outage_ns, 0);
}

/* Outside of a flow nothing is noted, and nobody needs a log. */
static void
test_outside(void **state)
{
	struct mvdpa_flow_log *flows = *state;
	struct mvdpa_flow flow;

	stop_queues(flows, 2);
	mvdpa_flow_pause(flows);
	mvdpa_flow_end(flows, 0);
	assert_false(mvdpa_flow_read(flows, 0, &flow));
	mvdpa_flow_begin(flows, MVDPA_FLOW_START);
	mvdpa_flow_end(flows, 0);
	assert_true(mvdpa_flow_read(flows, 0, &flow));
	assert_int_equal(flow.nb_touched, 0);
	assert_int_equal(flow.nb_saved, 0);

	mvdpa_flow_begin(NULL, MVDPA_FLOW_START);
	mvdpa_flow_touch(NULL, 0);
	mvdpa_flow_saved(NULL, 0, (struct mvdpa_index){ 0, 0 }, false);
	mvdpa_flow_resumed(NULL, 0, (struct mvdpa_index){ 0, 0 }, MVDPA_FLOW_WAY_CREATE);
	mvdpa_flow_pause(NULL);
	mvdpa_flow_end_paused(NULL, 0);
	mvdpa_flow_torn_down(NULL);
	assert_false(mvdpa_flow_is_paused(NULL));
	mvdpa_flow_end(NULL, 0);
}

/* The last 32 are kept; of the queues of one flow all are counted, 64 kept. */
static void
test_bounds(void **state)
{
	struct mvdpa_flow_log *flows = *state;
	struct mvdpa_flow flow;
	uint32_t i;

	for (i = 0; i < MVDPA_FLOW_DEPTH + 5; i++) {
		mvdpa_flow_begin(flows, MVDPA_FLOW_RESTART);
		start_queues(flows, MVDPA_FLOW_MAX_VIRTQS, MVDPA_FLOW_WAY_RESUME);
		mvdpa_flow_end(flows, 0);
	}
	assert_true(mvdpa_flow_read(flows, MVDPA_FLOW_DEPTH - 1, &flow));
	assert_int_equal(flow.seq, 6);
	assert_false(mvdpa_flow_read(flows, MVDPA_FLOW_DEPTH, &flow));
	assert_true(mvdpa_flow_read(flows, 0, &flow));
	assert_int_equal(flow.seq, MVDPA_FLOW_DEPTH + 5);
	assert_int_equal(flow.nb_touched, MVDPA_FLOW_MAX_VIRTQS);
	assert_int_equal(flow.nb_resumed[MVDPA_FLOW_WAY_RESUME], MVDPA_FLOW_MAX_VIRTQS);
	assert_int_equal(flow.nb_queues, MVDPA_FLOW_QUEUES);
	assert_int_equal(flow.queues[MVDPA_FLOW_QUEUES - 1].index, MVDPA_FLOW_QUEUES - 1);
}

struct worker {
	struct mvdpa_flow_log *flows;
	uint16_t first;
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	uint16_t i;

	for (i = 0; i < 16; i++)
		mvdpa_flow_resumed(w->flows, w->first + i, (struct mvdpa_index){ i, i },
				MVDPA_FLOW_WAY_MODIFY);
	return NULL;
}

/* Workers note their queues at the same time. */
static void
test_workers(void **state)
{
	struct worker workers[4];
	struct mvdpa_flow flow;
	pthread_t threads[4];
	uint16_t i;

	mvdpa_flow_begin(*state, MVDPA_FLOW_RESTART);
	for (i = 0; i < 4; i++) {
		workers[i] = (struct worker){ *state, i * 16 };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	mvdpa_flow_end(*state, 0);
	assert_true(mvdpa_flow_read(*state, 0, &flow));
	assert_int_equal(flow.nb_touched, 64);
	assert_int_equal(flow.nb_resumed[MVDPA_FLOW_WAY_MODIFY], 64);
	assert_int_equal(flow.nb_queues, 64);
}

static void
test_names(void **state)
{
	int i, j;

	for (i = 0; i < MVDPA_FLOW_KINDS; i++) {
		for (j = 0; j < i; j++)
			assert_string_not_equal(mvdpa_flow_kind_name(i), mvdpa_flow_kind_name(j));
	}
	for (i = 0; i < MVDPA_FLOW_WAYS; i++) {
		for (j = 0; j < i; j++)
			assert_string_not_equal(mvdpa_flow_way_name(i), mvdpa_flow_way_name(j));
	}
	assert_string_equal(mvdpa_flow_kind_name(MVDPA_FLOW_KINDS), "unknown");
	assert_string_equal(mvdpa_flow_way_name(MVDPA_FLOW_WAYS), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test_setup_teardown(test_mem_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recreate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mem_table_interrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_paused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recovery_in_a_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nested, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workers, setup, teardown),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
