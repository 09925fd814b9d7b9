/* SPDX-License-Identifier: BSD-3-Clause */
/* What latency, faults and trace do to commands. */
#include <errno.h>
#include <stdio.h>

#include "base_clock.h"
#include "fw_fault.h"
#include "fw_latency.h"
#include "fw_rig.h"
#include "fw_trace.h"

#define MS 1000000ull

static struct fw_fault
rule(enum fw_fault_action action, const char *command)
{
	struct fw_fault r;

	fw_fault_init(&r, action);
	strcpy(r.id, "r");
	if (command != NULL)
		assert_int_equal(0, fw_op_parse(command, &r.op));
	return r;
}

static void
add(struct rig *rig, const struct fw_fault *r)
{
	assert_int_equal(0, fw_card_add_fault(rig->card, r));
}

/* One command as it is, without the checks of rig_exec(). */
static int
alloc_pd(struct rig *rig, uint8_t out[16])
{
	uint8_t in[16] = { 0 };

	memset(out, 0xa5, 16);
	PRM_SET(cmd_in, in, opcode, PRM_OP_ALLOC_PD);
	return fw_cmd_exec(rig->uctx, in, sizeof(in), out, 16);
}

static uint32_t
nb_pds(const struct rig *rig)
{
	return rig->uctx->func->objs[FW_CLASS_PD].nb_used;
}

/* The engine asks the card while there are rules for it. */
static void
test_engine(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_REPEAT_USED, NULL);
	struct vnet_port *port = rig->uctx->func->port;
	struct fw_faults faults;

	assert_int_equal(VNET_LIE_NONE, fake_lie(port, 1, VNET_LIE_AT_USED));
	r.queue = 1;
	r.nth = 2;
	add(rig, &r);
	assert_int_equal(VNET_LIE_NONE, fake_lie(port, 0, VNET_LIE_AT_USED));
	assert_int_equal(VNET_LIE_NONE, fake_lie(port, 1, VNET_LIE_AT_PACKET));
	assert_int_equal(VNET_LIE_NONE, fake_lie(port, 1, VNET_LIE_AT_USED));
	assert_int_equal(VNET_LIE_REPEAT_USED, fake_lie(port, 1, VNET_LIE_AT_USED));
	assert_int_equal(VNET_LIE_NONE, fake_lie(port, 1, VNET_LIE_AT_USED));
	fw_card_faults(rig->card, &faults);
	assert_int_equal(3, faults.rules[0].matched);
	assert_int_equal(1, faults.rules[0].fired);
	assert_int_equal(0, fw_card_del_fault(rig->card, "r"));
	r.count = 0;
	r.nth = 1;
	add(rig, &r);
	assert_int_equal(VNET_LIE_REPEAT_USED, fake_lie(port, 1, VNET_LIE_AT_USED));
	fw_card_clear_faults(rig->card);
	assert_int_equal(VNET_LIE_NONE, fake_lie(port, 1, VNET_LIE_AT_USED));
}

static void
test_fail(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_FAIL, "ALLOC_PD");
	struct fw_faults faults;
	uint8_t out[16];

	r.nth = 2;
	r.status = PRM_STATUS_NO_RES;
	r.syndrome = 0x1234;
	add(rig, &r);
	assert_int_equal(0, alloc_pd(rig, out));
	assert_int_equal(-EREMOTEIO, alloc_pd(rig, out));
	assert_int_equal(PRM_STATUS_NO_RES, PRM_GET(cmd_out, out, status));
	assert_int_equal(0x1234, PRM_GET(cmd_out, out, syndrome));
	assert_int_equal(0, out[15]);
	assert_int_equal(1, nb_pds(rig));
	assert_int_equal(0, alloc_pd(rig, out));
	fw_card_faults(rig->card, &faults);
	assert_int_equal(3, faults.rules[0].matched);
	assert_int_equal(1, faults.rules[0].fired);
	assert_int_equal(-ENOENT, fw_card_del_fault(rig->card, "other"));
	assert_int_equal(0, fw_card_del_fault(rig->card, "r"));
	assert_int_equal(0, rig->uctx->func->hooks);
}

static void
test_fail_after(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_FAIL_AFTER, NULL);
	uint8_t out[16];

	add(rig, &r);
	assert_int_equal(-EREMOTEIO, alloc_pd(rig, out));
	assert_int_equal(PRM_STATUS_INT_ERR, PRM_GET(cmd_out, out, status));
	assert_int_equal(1, nb_pds(rig)); /* there, but nobody was told its number */
	fw_card_clear_faults(rig->card);
	assert_int_equal(0, rig->uctx->func->hooks);
}

static void
test_time_out(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_TIMEOUT, "ALLOC_PD");
	uint64_t start;
	uint8_t out[16];

	r.delay_ns = 3 * MS;
	add(rig, &r);
	start = base_clock_ns();
	assert_int_equal(-ETIMEDOUT, alloc_pd(rig, out));
	assert_true(base_clock_ns() - start >= 3 * MS);
	assert_int_equal(0, nb_pds(rig));
	fw_card_clear_faults(rig->card);
	r = rule(FW_FAULT_TIMEOUT_AFTER, "ALLOC_PD");
	add(rig, &r);
	assert_int_equal(-ETIMEDOUT, alloc_pd(rig, out));
	assert_int_equal(1, nb_pds(rig));
}

static void
test_any_command_counts(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_FAIL, NULL);
	struct fw_pages pages = { rig->buf, RIG_PAGE };
	uint8_t out[16];
	uint32_t id;

	r.nth = 4;
	add(rig, &r);
	assert_int_equal(0, alloc_pd(rig, out)); /* 1 */
	assert_int_equal(0, fw_umem_create(rig->uctx, &pages, &id)); /* 2 */
	assert_int_equal(0, fw_eqn(rig->uctx, 0, &rig->eqn)); /* not a command */
	assert_int_equal(0, fw_uar_create(rig->uctx, &id)); /* 3 */
	assert_int_equal(-EIO, fw_umem_create(rig->uctx, &pages, &id)); /* 4 */
	assert_int_equal(1, rig->uctx->func->objs[FW_CLASS_UMEM].nb_used);
}

static void
test_commands_of_the_kernel(void **state)
{
	static const struct {
		uint8_t status;
		int error;
	} rows[] = {
		{ PRM_STATUS_NO_RES, -EAGAIN },
		{ PRM_STATUS_LIM_ERR, -ENOMEM },
		{ PRM_STATUS_RES_BUSY, -EBUSY },
		{ PRM_STATUS_BAD_PARAM, -EINVAL },
		{ 0x77, -EIO },
	};
	struct rig *rig = *state;
	struct fw_pages pages = { rig->buf, RIG_PAGE };
	uint32_t id;
	size_t i;

	/* After is before: the kernel frees the pages of what has failed. */
	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		struct fw_fault r = rule(FW_FAULT_FAIL_AFTER, "REG_UMEM");

		r.status = rows[i].status;
		add(rig, &r);
		assert_int_equal(rows[i].error, fw_umem_create(rig->uctx, &pages, &id));
		assert_int_equal(0, rig->uctx->func->objs[FW_CLASS_UMEM].nb_used);
		fw_card_clear_faults(rig->card);
	}
}

static void
test_queue_filter(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_FAIL, NULL);
	uint32_t q0 = rig_virtq(rig, 0), q3 = rig_virtq(rig, 3);
	uint8_t in[PRM_SIZE(create_virtq_in)], out[16];

	r.queue = 3;
	r.count = 0;
	add(rig, &r);
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, q0, PRM_VIRTQ_RDY));
	rig_virtq_in(rig, in);
	PRM_SET(virtio_q, in + 16 + 64, queue_index, 3);
	assert_int_equal(-EREMOTEIO, fw_cmd_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	memset(in, 0, 16);
	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_DESTROY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, q3);
	assert_int_equal(-EREMOTEIO, fw_cmd_exec(rig->uctx, in, 16, out, sizeof(out)));
	fw_card_clear_faults(rig->card);
	assert_int_equal(0, fw_cmd_exec(rig->uctx, in, 16, out, sizeof(out)));
}

static void
test_stop_early(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_STOP_EARLY, NULL);
	uint32_t q = rig_virtq(rig, 1);
	uint8_t netq[PRM_SIZE(virtio_net_q)];

	r.nb = 30;
	add(rig, &r);
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, q, PRM_VIRTQ_RDY));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, q, PRM_VIRTQ_SUSPEND));
	rig_virtq_query(rig, q, netq);
	assert_int_equal(PRM_VIRTQ_SUSPEND, PRM_GET(virtio_net_q, netq, state));
	assert_int_equal(30, PRM_GET(virtio_net_q, netq, hw_available_index));
	assert_int_equal(0, PRM_GET(virtio_net_q, netq, hw_used_index));
}

static void
test_bad_indices(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_BAD_INDICES, NULL);
	uint32_t q = rig_virtq(rig, 1);
	uint8_t netq[PRM_SIZE(virtio_net_q)];

	r.avail = 0xdead;
	r.used = 0xbeef;
	add(rig, &r);
	rig_virtq_query(rig, q, netq);
	assert_int_equal(0xdead, PRM_GET(virtio_net_q, netq, hw_available_index));
	assert_int_equal(0xbeef, PRM_GET(virtio_net_q, netq, hw_used_index));
	rig_virtq_query(rig, q, netq);
	assert_int_equal(0, PRM_GET(virtio_net_q, netq, hw_available_index));
}

static void
test_queue_error(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_QUEUE_ERROR, "QUERY_GENERAL_OBJECT/VIRTIO_NET_Q");
	uint32_t q = rig_virtq(rig, 1);
	uint8_t netq[PRM_SIZE(virtio_net_q)];

	assert_int_equal(-ENOENT, fw_func_queue_error(rig->uctx->func, 1, VNET_ERR_BAD_DESC));
	assert_int_equal(-EINVAL, fw_func_queue_error(rig->uctx->func, 1, 0));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, q, PRM_VIRTQ_RDY));
	add(rig, &r);
	rig_virtq_query(rig, q, netq);
	assert_int_equal(PRM_VIRTQ_RDY, PRM_GET(virtio_net_q, netq, state));
	assert_int_equal(1, rig->told.nb_events); /* and that is the news */
	rig_virtq_query(rig, q, netq);
	assert_int_equal(PRM_VIRTQ_ERR, PRM_GET(virtio_net_q, netq, state));
}

/* --- events --------------------------------------------------------------------------------- */

static void
fail_queue(struct rig *rig)
{
	assert_int_equal(0, fw_func_queue_error(rig->uctx->func, 1, VNET_ERR_BAD_DESC));
}

static void
test_event_drop(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_EVENT_DROP, NULL);

	r.queue = 1;
	add(rig, &r);
	rig_virtq_state(rig, rig_virtq(rig, 1), PRM_VIRTQ_RDY);
	fail_queue(rig);
	assert_int_equal(0, rig->told.nb_events);
	rig_virtq_state(rig, rig_virtq(rig, 1), PRM_VIRTQ_RDY);
	fail_queue(rig);
	assert_int_equal(1, rig->told.nb_events);
}

static void
test_event_repeat(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_EVENT_REPEAT, NULL);

	r.nb = 2;
	add(rig, &r);
	rig_virtq_state(rig, rig_virtq(rig, 1), PRM_VIRTQ_RDY);
	fail_queue(rig);
	assert_int_equal(3, rig->told.nb_events);
}

static void
test_event_delay(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_EVENT_DELAY, NULL);
	uint64_t due;

	r.delay_ns = 2 * MS;
	add(rig, &r);
	rig_virtq_state(rig, rig_virtq(rig, 1), PRM_VIRTQ_RDY);
	fail_queue(rig);
	due = base_clock_ns() + 2 * MS;
	fake_poll(rig->card->vnet);
	if (base_clock_ns() < due - MS)
		assert_int_equal(0, rig->told.nb_events);
	while (base_clock_ns() < due)
		;
	fake_poll(rig->card->vnet);
	assert_int_equal(1, rig->told.nb_events);
	assert_int_equal(PRM_EVENT_OBJECT_CHANGE, rig->told.event);
	fake_poll(rig->card->vnet);
	assert_int_equal(1, rig->told.nb_events);
	/* What is under way when the context ends comes nowhere. */
	fw_card_clear_faults(rig->card);
	r.delay_ns = 3600000 * MS;
	add(rig, &r);
	rig_virtq_state(rig, rig_virtq(rig, 1), PRM_VIRTQ_RDY);
	fail_queue(rig);
}

static void
test_completion_of_a_queue(void **state)
{
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_EVENT_DROP, NULL);

	r.event = FW_FAULT_EVENT_COMPLETION;
	r.queue = 1;
	add(rig, &r);
	rig_virtq_state(rig, rig_virtq(rig, 1), PRM_VIRTQ_RDY);
	fake_used(rig->card->vnet, fake_queue, 1);
	assert_int_equal(0, rig->told.nb_completions);
	rig_put_be32(rig->buf + RIG_CQ_DBR + 4, 1u << 28 | 1); /* armed again */
	fake_used(rig->card->vnet, fake_queue, 1);
	assert_int_equal(1, rig->told.nb_completions);
}

/* --- latency -------------------------------------------------------------------------------- */

static void
test_latency_is_a_lower_bound(void **state)
{
	struct rig *rig = *state;
	struct fw_latency latency;
	uint64_t start;
	uint8_t out[16];

	fw_latency_init(&latency, "none");
	assert_int_equal(0, fw_latency_set(&latency, "ALLOC_PD", 2 * MS));
	latency.in_flight = 1;
	fw_card_set_latency(rig->card, &latency);
	start = base_clock_ns();
	assert_int_equal(0, alloc_pd(rig, out));
	assert_int_equal(0, alloc_pd(rig, out));
	assert_true(base_clock_ns() - start >= 4 * MS);
	fw_latency_init(&latency, "none");
	fw_card_set_latency(rig->card, &latency);
	assert_int_equal(0, rig->uctx->func->hooks);
	assert_int_equal(rig->uctx->func->gate.next, rig->uctx->func->gate.left);
}

/* --- trace ---------------------------------------------------------------------------------- */

static struct {
	unsigned int nb;
	struct fw_trace_command last;
	char fault[32], object[32];
	uint8_t out[16];
} traced;

static void
on_command(void *arg, const struct fw_trace_command *command)
{
	traced.nb++;
	traced.last = *command;
	snprintf(traced.fault, sizeof(traced.fault), "%s",
			command->fault != NULL ? command->fault : "");
	snprintf(traced.object, sizeof(traced.object), "%s",
			command->object != NULL ? command->object : "");
}

static void
test_trace(void **state)
{
	static const struct fw_trace_ops ops = { .command = on_command };
	struct rig *rig = *state;
	struct fw_fault r = rule(FW_FAULT_FAIL_AFTER, "QUERY_GENERAL_OBJECT/VIRTIO_NET_Q");
	uint8_t in[16] = { 0 }, out[PRM_SIZE(query_virtq_out)];
	uint32_t q, mr;

	memset(&traced, 0, sizeof(traced));
	fw_card_set_trace(rig->card, &ops, NULL);
	q = rig_virtq(rig, 2);
	assert_int_equal(0, traced.nb);
	fw_card_trace_on(rig->card);
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, q, PRM_VIRTQ_RDY));
	assert_int_equal(1, traced.nb);
	assert_int_equal(PRM_OP_MODIFY_GENERAL_OBJECT, traced.last.op.opcode);
	assert_int_equal(PRM_OBJ_VIRTIO_NET_Q, traced.last.op.obj_type);
	assert_string_equal("VIRTQ", traced.object);
	assert_int_equal(q, traced.last.id);
	assert_int_equal(2, traced.last.queue);
	assert_int_equal(PRM_VIRTQ_MOD_STATE, traced.last.select);
	assert_int_equal(PRM_VIRTQ_RDY, traced.last.state);
	assert_int_equal(0, traced.last.error);
	assert_true(traced.last.start_ns != 0 && traced.last.inlen == PRM_SIZE(create_virtq_in));
	q = rig_virtq(rig, 4);
	assert_int_equal(q, traced.last.id);
	assert_int_equal(4, traced.last.queue);
	mr = rig_mr(rig, rig->guest, RIG_PAGE, RIG_GPA);
	assert_int_equal(FW_OP_REG_MR, traced.last.op.opcode);
	assert_int_equal(mr, traced.last.id);
	assert_null(traced.last.in);
	add(rig, &r);
	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_QUERY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, q);
	assert_int_equal(-EREMOTEIO, fw_cmd_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_string_equal("r", traced.fault);
	assert_int_equal(PRM_STATUS_INT_ERR, traced.last.status);
	assert_int_equal(EREMOTEIO, traced.last.error);
	assert_int_equal(4, traced.nb);
	fw_card_trace_off(rig->card);
	rig_virtq_state(rig, q, PRM_VIRTQ_RDY);
	assert_int_equal(4, traced.nb);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup_world, rig_teardown)
#define T0(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T0(test_engine),
		T0(test_fail),
		T0(test_fail_after),
		T0(test_time_out),
		T0(test_any_command_counts),
		T0(test_commands_of_the_kernel),
		T(test_queue_filter),
		T(test_stop_early),
		T(test_bad_indices),
		T(test_queue_error),
		T(test_event_drop),
		T(test_event_repeat),
		T(test_event_delay),
		T(test_completion_of_a_queue),
		T0(test_latency_is_a_lower_bound),
		T(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
