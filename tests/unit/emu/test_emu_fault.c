/* SPDX-License-Identifier: BSD-3-Clause */
/* Latencies and faults in words: what is read, what is refused, what a card says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "emu_conf.h"
#include "emu_ctl.h"
#include "emu_fault.h"
#include "emu_latency.h"
#include "emu_time.h"
#include "prm_cmd.h"
#include "wire.h"

static struct emu_json at;

static json_t *
json(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(value);
	memset(&at, 0, sizeof(at));
	at.source = "t";
	return value;
}

static void
test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = { { "0", 0 }, { "600", 600000 }, { "0.5", 500 }, { "\"600us\"", 600000 },
		{ "\"1.5ms\"", 1500000 }, { "\"2s\"", 2000000000 }, { "\"250ns\"", 250 } };
	static const char *const bad[] = { "-1", "\"\"", "\"5\"", "\"5 us\"", "\"us\"", "true",
		"\"11s\"", "\"-1us\"", "\"nanus\"", "\"infs\"", "\"5usx\"", "1e300" };
	uint64_t ns;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(good); i++) {
		json_t *value = json(good[i].text);

		assert_int_equal(0, emu_time_read(&at, value, 10000000000ull, &ns));
		assert_int_equal(good[i].ns, ns);
		json_decref(value);
	}
	for (i = 0; i < BASE_ARRAY_SIZE(bad); i++) {
		json_t *value = json(bad[i]);

		assert_int_equal(-EINVAL, emu_time_read(&at, value, 10000000000ull, &ns));
		assert_non_null(strstr(at.error, "a time from 0 to 10000000 us"));
		json_decref(value);
	}
}

static void
test_latency_round_trip(void **state)
{
	const struct fw_op modify = { PRM_OP_MODIFY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q };
	json_t *value = json("{\"commands\": {\"MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q\": \"600us\","
			     " \"REG_MR\": 1500}, \"profile\": \"cx6dx\", \"default_us\": 3,"
			     " \"commands_in_flight\": 2, \"reg_mr_us_per_mib\": 0}"),
	       *shown;
	struct fw_latency latency, again;
	uint32_t i;

	fw_latency_init(&latency, "none");
	assert_int_equal(0, emu_latency_read(&at, value, &latency));
	json_decref(value);
	assert_string_equal("cx6dx", latency.profile);
	assert_int_equal(600000, fw_latency_of(&latency, &modify, 0));
	assert_int_equal(3000, latency.default_ns);
	assert_int_equal(2, latency.in_flight);
	shown = emu_latency_show(&latency);
	fw_latency_init(&again, "none");
	assert_int_equal(0, emu_latency_read(&at, shown, &again));
	json_decref(shown);
	assert_string_equal(latency.profile, again.profile);
	assert_int_equal(latency.default_ns, again.default_ns);
	assert_int_equal(latency.mr_ns_per_mib, again.mr_ns_per_mib);
	assert_int_equal(latency.in_flight, again.in_flight);
	assert_int_equal(latency.nb_rows, again.nb_rows);
	for (i = 0; i < latency.nb_rows; i++) {
		assert_int_equal(latency.rows[i].op.opcode, again.rows[i].op.opcode);
		assert_int_equal(latency.rows[i].op.obj_type, again.rows[i].op.obj_type);
		assert_int_equal(latency.rows[i].ns, again.rows[i].ns);
	}
}

static void
test_bad_latency(void **state)
{
	static const char *const rows[][2] = {
		{ "[]", "t: [], but must be an object" },
		{ "{\"profile\": \"fast\"}",
				"t: profile is \"fast\", but must be one of \"none\"" },
		{ "{\"commands\": {\"CREATE\": 1}}", "t: commands.CREATE: no such command" },
		{ "{\"commands\": {\"CREATE_CQ\": -1}}", "t: commands.CREATE_CQ is -1, but" },
		{ "{\"commands_in_flight\": -1}", "t: commands_in_flight is -1, but" },
		{ "{\"default\": 1}", "t: unknown key \"default\"" },
	};
	struct fw_latency latency;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		json_t *value = json(rows[i][0]);

		fw_latency_init(&latency, "none");
		assert_int_equal(-EINVAL, emu_latency_read(&at, value, &latency));
		at.error[strlen(rows[i][1])] = '\0';
		assert_string_equal(rows[i][1], at.error);
		json_decref(value);
	}
}

static void
test_fault_round_trip(void **state)
{
	static const char *const rules[] = {
		"{\"id\": \"a\"}",
		"{\"id\": \"a\", \"action\": \"fail\", \"command\": \"CREATE_CQ\", \"nth\": 3,"
		" \"count\": \"forever\", \"status\": \"NO_RES\", \"syndrome\": 7, \"function\": 1}",
		"{\"id\": \"b\", \"action\": \"fail-after\", \"queue\": 2, \"status\": 200}",
		"{\"id\": \"c\", \"action\": \"timeout\", \"delay\": \"5ms\", \"count\": 4}",
		"{\"id\": \"d\", \"action\": \"stop-early\", \"chains\": 30}",
		"{\"id\": \"e\", \"action\": \"bad-indices\", \"available_index\": 65535,"
		" \"used_index\": 1}",
		"{\"id\": \"f\", \"action\": \"queue-error\", \"error\": \"ring-access\"}",
		"{\"id\": \"g\", \"action\": \"event-repeat\", \"event\": \"completion\","
		" \"times\": 9}",
		"{\"id\": \"i\", \"action\": \"skip-used\", \"queue\": 1, \"nth\": 7}",
		"{\"id\": \"j\", \"action\": \"repeat-used\"}",
		"{\"id\": \"k\", \"action\": \"stale-used\", \"function\": 1}",
		"{\"id\": \"l\", \"action\": \"tear\", \"nth\": 100}",
		"{\"id\": \"m\", \"action\": \"miss-dirty\", \"count\": 64}",
		"{\"id\": \"n\", \"action\": \"miss-dirty\", \"part\": \"used\","
		" \"count\": \"forever\"}",
		"{\"id\": \"h\", \"action\": \"event-delay\", \"delay\": 100, \"queue\": \"any\"}",
	};
	struct fw_fault rule, again;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rules); i++) {
		json_t *value = json(rules[i]), *shown;

		assert_int_equal(0, emu_fault_read(&at, value, &rule));
		assert_null(fw_fault_check(&rule));
		shown = emu_fault_show(&rule);
		assert_int_equal(0, emu_fault_read(&at, shown, &again));
		assert_memory_equal(&rule, &again, sizeof(rule));
		json_decref(shown);
		json_decref(value);
	}
}

static void
test_bad_fault(void **state)
{
	static const char *const rows[][2] = {
		{ "3", "t: 3, but must be an object" },
		{ "{\"action\": \"burn\"}", "t: action is \"burn\", but must be one of \"fail\"" },
		{ "{\"command\": \"CREATE\"}", "t: command is \"CREATE\", but must be \"any\" or" },
		{ "{\"status\": \"OK\"}", "t: status is \"OK\", but must be a PRM status" },
		{ "{\"status\": 0}", "t: status is 0, but" },
		{ "{\"count\": 0}", "t: count is 0, but" },
		{ "{\"count\": \"2\"}", "t: count is \"2\", but must be a number from 1, or" },
		{ "{\"nth\": 0}", "t: nth is 0, but" },
		{ "{\"queue\": -1}", "t: queue is -1, but" },
		{ "{\"event\": \"none\"}", "t: event is \"none\", but must be one of" },
		{ "{\"error\": \"none\"}", "t: error is \"none\", but must be one of" },
		{ "{\"error\": 6}", "t: error is 6, but" },
		{ "{\"chains\": 0}", "t: chains is 0, but" },
		{ "{\"part\": \"header\"}", "t: part is \"header\", but must be one of" },
		{ "{\"when\": 1}", "t: unknown key \"when\"" },
		{ "{\"id\": \"0123456789012345678901234567890123456789\"}", "t: id is " },
	};
	struct fw_fault rule;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		json_t *value = json(rows[i][0]);

		assert_int_equal(-EINVAL, emu_fault_read(&at, value, &rule));
		at.error[strlen(rows[i][1])] = '\0';
		assert_string_equal(rows[i][1], at.error);
		json_decref(value);
	}
}

/* --- a card that is told -------------------------------------------------------------------- */

static struct {
	struct wire *wire;
	struct fw_card *card;
	struct fw_uctx *uctx;
	struct emu_conf conf;
} bed;

static int
bed_card(struct emu_ctl_call *call, bool make)
{
	call->card = bed.card;
	call->wire = bed.wire;
	return 0;
}

static const struct emu_ctl_owner owner = { .card = bed_card };
static const struct emu_ctl_attr attr = { .conf = &bed.conf, .owner = &owner };

static int
make_card(void **state)
{
	static const struct fw_uctx_ops ops;
	struct fw_card_attr card = { .nb_funcs = 2 };

	emu_conf_init(&bed.conf);
	bed.conf.seam.nb_funcs = 2;
	card.caps = &bed.conf.caps;
	assert_int_equal(0, wire_switch_create(2, 0, NULL, &bed.wire));
	card.wire = bed.wire;
	assert_int_equal(0, fw_card_create(&card, &bed.card));
	assert_int_equal(0, fw_uctx_create(fw_card_func(bed.card, 0), &ops, NULL, &bed.uctx));
	return 0;
}

static int
remove_card(void **state)
{
	fw_uctx_destroy(bed.uctx);
	fw_card_destroy(bed.card);
	wire_destroy(bed.wire);
	return 0;
}

/* Asks; the answer must be ok, or hold this error. */
static json_t *
ask(const char *line, const char *error)
{
	json_t *reply = emu_ctl_answer(&attr, line, 0);
	const char *said = json_string_value(json_object_get(reply, "error"));

	if (error == NULL) {
		assert_null(said);
		assert_true(json_is_true(json_object_get(reply, "ok")));
		return reply;
	}
	assert_non_null(said);
	if (said == NULL) /* the compiler does not know that the assertion ends the test */
		return NULL;
	if (strstr(said, error) == NULL)
		print_error("'%s' is not in '%s'\n", error, said);
	assert_non_null(strstr(said, error));
	json_decref(reply);
	return NULL;
}

static void
tell(const char *line)
{
	json_decref(ask(line, NULL));
}

static int
alloc_uar(void)
{
	uint32_t id;

	return fw_uar_create(bed.uctx, &id);
}

static void
test_verbs(void **state)
{
	json_t *reply;

	tell("{\"verb\":\"fault\",\"args\":[\"add\",\"command=ALLOC_UAR\",\"nth=2\",\"status=NO_RES\"]}");
	assert_int_equal(0, alloc_uar());
	assert_int_equal(-EAGAIN, alloc_uar());
	assert_int_equal(0, alloc_uar());
	reply = ask("{\"verb\":\"fault\",\"args\":[\"list\"]}", NULL);
	assert_int_equal(3, json_integer_value(json_object_get(reply, "commands_seen")));
	assert_int_equal(3,
			json_integer_value(json_object_get(
					json_array_get(json_object_get(reply, "faults"), 0),
					"matched")));
	json_decref(reply);
	tell("{\"verb\":\"fault\",\"args\":[\"add\",\"{\\\"id\\\":\\\"x\\\",\\\"count\\\":\\\"forever\\\"}\"]}");
	ask("{\"verb\":\"fault\",\"args\":[\"add\",\"id=x\"]}", "there is one of this id");
	assert_int_equal(-EIO, alloc_uar());
	tell("{\"verb\":\"fault\",\"args\":[\"del\",\"x\"]}");
	ask("{\"verb\":\"fault\",\"args\":[\"del\",\"x\"]}", "no fault 'x'");
	ask("{\"verb\":\"fault\",\"args\":[\"del\"]}", "usage");
	ask("{\"verb\":\"fault\",\"args\":[\"add\",\"action=burn\"]}", "one of \"fail\"");
	ask("{\"verb\":\"fault\",\"args\":[\"add\",\"burn\"]}", "is not KEY=VALUE");
	ask("{\"verb\":\"fault\",\"args\":[\"add\",\"{\"]}", "is not JSON");
	ask("{\"verb\":\"fault\",\"args\":[\"add\",\"event=completion\"]}",
			"only the event actions");
	ask("{\"verb\":\"fault\",\"args\":[\"what\"]}", "usage: fault add");
	tell("{\"verb\":\"fault\",\"args\":[\"clear\"]}");
	assert_int_equal(0, alloc_uar());
	ask("{\"verb\":\"queue-error\",\"args\":[\"0\",\"1\",\"ring-access\"]}",
			"no queue 1 of function 0");
	ask("{\"verb\":\"queue-error\",\"args\":[\"2\",\"1\",\"1\"]}", "function '2' is not");
	ask("{\"verb\":\"queue-error\",\"args\":[\"0\",\"1\",\"no\"]}",
			"one of \"bad-descriptor\"");
	ask("{\"verb\":\"event-error\",\"args\":[\"0\",\"1\",\"cq\"]}", "no queue 1 of function 0");
	ask("{\"verb\":\"event-error\",\"args\":[\"0\",\"1\",\"no\"]}", "is not \"qp");
	ask("{\"verb\":\"remove\",\"args\":[\"5\"]}", "function '5' is not");
	tell("{\"verb\":\"remove\",\"args\":[\"0\"]}");
	ask("{\"verb\":\"remove\",\"args\":[\"0\"]}", "gone already");
	assert_int_equal(-EIO, alloc_uar());
}

static void
test_latency_verb(void **state)
{
	struct fw_latency latency;
	json_t *reply;

	tell("{\"verb\":\"latency\",\"args\":[\"profile=cx6dx\",\"CREATE_CQ=1ms\",\"commands_in_flight=3\"]}");
	fw_card_latency(bed.card, &latency);
	assert_string_equal("cx6dx", latency.profile);
	assert_int_equal(3, latency.in_flight);
	reply = ask("{\"verb\":\"latency\"}", NULL);
	assert_int_equal(1000,
			json_integer_value(json_object_get(
					json_object_get(json_object_get(reply, "latency"),
							"commands"),
					"CREATE_CQ")));
	json_decref(reply);
	ask("{\"verb\":\"latency\",\"args\":[\"CREATE=1ms\"]}", "no such command");
	tell("{\"verb\":\"latency\",\"args\":[\"profile=none\"]}");
	fw_card_latency(bed.card, &latency);
	assert_false(fw_latency_waits(&latency));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_latency_round_trip),
		cmocka_unit_test(test_bad_latency),
		cmocka_unit_test(test_fault_round_trip),
		cmocka_unit_test(test_bad_fault),
		cmocka_unit_test_setup_teardown(test_verbs, make_card, remove_card),
		cmocka_unit_test_setup_teardown(test_latency_verb, make_card, remove_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
