/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: what falls under them, the k-th, how often, which acts. */
#include <errno.h>

#include "fw_fault.h"
#include "fw_rig.h"

static const struct fw_op create_q = { PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q };
static const struct fw_op modify_q = { PRM_OP_MODIFY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q };
static const struct fw_op create_cq = { PRM_OP_CREATE_CQ, 0 };

static struct fw_faults *
empty(void)
{
	static struct fw_faults faults;

	memset(&faults, 0, sizeof(faults));
	return &faults;
}

static struct fw_fault
rule(const char *id, enum fw_fault_action action)
{
	struct fw_fault r;

	fw_fault_init(&r, action);
	strcpy(r.id, id);
	return r;
}

static struct fw_fault_key
command(const struct fw_op *op, uint32_t func, int32_t queue)
{
	return (struct fw_fault_key){ .func = func, .queue = queue, .op = *op };
}

/* Each has one, and no two the same. */
static void
test_names(void **state)
{
	unsigned int i, j;

	for (i = 0; i < FW_FAULT_NB_ACTIONS; i++) {
		for (j = 0; j < i; j++)
			assert_string_not_equal(fw_fault_action_name((enum fw_fault_action)i),
					fw_fault_action_name((enum fw_fault_action)j));
	}
	for (i = 0; i < FW_FAULT_NB_EVENTS; i++) {
		for (j = 0; j < i; j++)
			assert_string_not_equal(fw_fault_event_name((enum fw_fault_event)i),
					fw_fault_event_name((enum fw_fault_event)j));
	}
}

static void
test_defaults_can_be_added(void **state)
{
	struct fw_faults *faults = empty();
	unsigned int i;
	char id[8] = "r0a";

	for (i = 0; i < FW_FAULT_NB_ACTIONS; i++) {
		struct fw_fault r = rule(id, (enum fw_fault_action)i);

		r.id[2] = (char)('a' + i);
		assert_null(fw_fault_check(&r));
		assert_int_equal(0, fw_faults_add(faults, &r));
	}
	assert_int_equal(FW_FAULT_NB_ACTIONS, faults->nb);
}

static void
test_bad_rules(void **state)
{
	struct fw_fault r;

	r = rule("", FW_FAULT_FAIL);
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_FAIL);
	r.nth = 0;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_FAIL);
	r.status = PRM_STATUS_OK;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_FAIL);
	r.event = FW_FAULT_EVENT_COMPLETION;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_EVENT_DROP);
	r.event = FW_FAULT_EVENT_NONE;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_EVENT_DROP);
	r.op = create_cq;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_QUEUE_ERROR);
	r.error = (enum vnet_error)99;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_EVENT_DROP);
	r.event = FW_FAULT_EVENT_DIRTY_RING;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_TEAR);
	r.event = FW_FAULT_EVENT_COMPLETION;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_TEAR);
	r.event = FW_FAULT_EVENT_DIRTY_RING;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_SKIP_USED);
	r.op = create_cq;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_SKIP_USED);
	r.delay_ns = 1;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_MISS_DIRTY);
	r.count = VNET_LIE_MAX_PAGES + 1;
	assert_non_null(fw_fault_check(&r));
	r = rule("a", FW_FAULT_STOP_EARLY);
	r.op = create_q;
	assert_non_null(fw_fault_check(&r));
	assert_int_equal(-EINVAL, fw_faults_add(empty(), &r));
}

static void
test_every_combination_of_nth_and_count(void **state)
{
	const struct fw_fault_key key = command(&create_cq, 0, FW_FAULT_ANY);
	uint64_t nth, count, i;

	for (nth = 1; nth <= 4; nth++) {
		for (count = 0; count <= 3; count++) {
			struct fw_faults *faults = empty();
			struct fw_fault r = rule("k", FW_FAULT_FAIL);

			r.nth = nth;
			r.count = count;
			assert_int_equal(0, fw_faults_add(faults, &r));
			for (i = 1; i <= 9; i++) {
				bool due = i >= nth && (count == 0 || i < nth + count);

				assert_int_equal(due, fw_faults_match(faults, &key) != NULL);
			}
			assert_int_equal(9, faults->rules[0].matched);
			assert_int_equal(count == 0 ? 9 - nth + 1 : count, faults->rules[0].fired);
			assert_int_equal(9, faults->nb_commands);
		}
	}
}

static void
test_filters(void **state)
{
	struct fw_faults *faults = empty();
	struct fw_fault r = rule("f", FW_FAULT_FAIL);
	struct fw_fault_key key;

	r.func = 1;
	r.queue = 3;
	r.op = create_q;
	r.count = 0;
	assert_int_equal(0, fw_faults_add(faults, &r));
	key = command(&create_q, 0, 3);
	assert_null(fw_faults_match(faults, &key));
	key = command(&create_q, 1, 2);
	assert_null(fw_faults_match(faults, &key));
	key = command(&create_q, 1, FW_FAULT_ANY);
	assert_null(fw_faults_match(faults, &key));
	key = command(&modify_q, 1, 3);
	assert_null(fw_faults_match(faults, &key));
	key.event = FW_FAULT_EVENT_OBJECT_CHANGE;
	assert_null(fw_faults_match(faults, &key));
	key = command(&create_q, 1, 3);
	assert_non_null(fw_faults_match(faults, &key));
	assert_int_equal(1, faults->rules[0].matched);
}

static void
test_stop_early_is_for_suspend(void **state)
{
	struct fw_faults *faults = empty();
	struct fw_fault r = rule("s", FW_FAULT_STOP_EARLY);
	struct fw_fault_key key = command(&modify_q, 0, 0);

	assert_int_equal(0, fw_faults_add(faults, &r));
	assert_null(fw_faults_match(faults, &key)); /* to RDY, for example */
	key.suspends = true;
	assert_non_null(fw_faults_match(faults, &key));
}

static void
test_the_oldest_acts_all_count(void **state)
{
	struct fw_faults *faults = empty();
	const struct fw_fault_key key = command(&create_cq, 0, FW_FAULT_ANY);
	struct fw_fault counter = rule("counter", FW_FAULT_DELAY);
	struct fw_fault first = rule("first", FW_FAULT_FAIL),
			second = rule("second", FW_FAULT_FAIL);

	counter.count = 0; /* a delay of nothing never acts */
	assert_int_equal(0, fw_faults_add(faults, &counter));
	assert_int_equal(0, fw_faults_add(faults, &first));
	assert_int_equal(0, fw_faults_add(faults, &second));
	assert_int_equal(-EEXIST, fw_faults_add(faults, &first));
	assert_string_equal("first", fw_faults_match(faults, &key)->id);
	/* The second one's time was the first command; it has passed. */
	assert_null(fw_faults_match(faults, &key));
	assert_int_equal(2, faults->rules[0].matched);
	assert_int_equal(0, faults->rules[0].fired);
	assert_int_equal(2, faults->rules[2].matched);
	assert_int_equal(0, faults->rules[2].fired);
}

/* When the engine asks, and what it is told. */
static void
test_engine(void **state)
{
	struct fw_faults *faults = empty();
	struct fw_fault r = rule("skip", FW_FAULT_SKIP_USED);
	struct fw_fault_key key = { .func = 1, .queue = 2, .event = FW_FAULT_EVENT_USED };

	assert_int_equal(0, fw_faults_lies(faults, 1));
	r.func = 1;
	r.queue = 2;
	r.nth = 2;
	assert_int_equal(0, fw_faults_add(faults, &r));
	r = rule("fail", FW_FAULT_FAIL); /* any command, but no packet */
	r.count = 0;
	assert_int_equal(0, fw_faults_add(faults, &r));
	assert_int_equal(0, fw_faults_lies(faults, 0));
	assert_int_equal(1u << VNET_LIE_AT_USED, fw_faults_lies(faults, 1));
	assert_null(fw_faults_match(faults, &key));
	key.queue = 3;
	assert_null(fw_faults_match(faults, &key));
	key.queue = 2;
	key.event = FW_FAULT_EVENT_PACKET;
	assert_null(fw_faults_match(faults, &key));
	key.event = FW_FAULT_EVENT_USED;
	assert_string_equal("skip", fw_faults_match(faults, &key)->id);
	assert_null(fw_faults_match(faults, &key));
	assert_int_equal(0, faults->nb_commands);
	assert_int_equal(VNET_LIE_SKIP_USED, fw_fault_lie(FW_FAULT_SKIP_USED));
	assert_int_equal(VNET_LIE_NONE, fw_fault_lie(FW_FAULT_FAIL));
	r = rule("used", FW_FAULT_MISS_DIRTY);
	r.event = FW_FAULT_EVENT_DIRTY_RING;
	assert_int_equal(0, fw_faults_add(faults, &r));
	assert_int_equal(1u << VNET_LIE_AT_DIRTY_RING, fw_faults_lies(faults, 0));
	assert_int_equal(1u << VNET_LIE_AT_USED | 1u << VNET_LIE_AT_DIRTY_RING,
			fw_faults_lies(faults, 1));
}

static void
test_del(void **state)
{
	struct fw_faults *faults = empty();
	struct fw_fault r;
	char id[3] = "a0";
	unsigned int i;

	for (i = 0; i < FW_FAULT_MAX_RULES; i++) {
		id[0] = (char)('a' + i / 8);
		id[1] = (char)('0' + i % 8);
		r = rule(id, FW_FAULT_FAIL);
		assert_int_equal(0, fw_faults_add(faults, &r));
	}
	r = rule("more", FW_FAULT_FAIL);
	assert_int_equal(-ENOSPC, fw_faults_add(faults, &r));
	assert_int_equal(-ENOENT, fw_faults_del(faults, "more"));
	assert_int_equal(0, fw_faults_del(faults, "a1"));
	assert_int_equal(-ENOENT, fw_faults_del(faults, "a1"));
	assert_string_equal("a0", faults->rules[0].id);
	assert_string_equal("a2", faults->rules[1].id);
	assert_string_equal("h7", faults->rules[FW_FAULT_MAX_RULES - 2].id);
	assert_int_equal(0, fw_faults_add(faults, &r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_defaults_can_be_added),
		cmocka_unit_test(test_bad_rules),
		cmocka_unit_test(test_every_combination_of_nth_and_count),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_stop_early_is_for_suspend),
		cmocka_unit_test(test_the_oldest_acts_all_count),
		cmocka_unit_test(test_engine),
		cmocka_unit_test(test_del),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
