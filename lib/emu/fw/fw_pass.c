/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a command comes by here before and after it is executed.
 *
 * Before: it is looked at (which object, which queue), held against the rules, waits for a place
 * among the commands in flight and then for its latency, without any lock, so that packets move
 * and other commands overlap. Its effect comes at the end of the wait, right before the answer. A
 * rule may have it answered instead of executed.
 *
 * After: a rule may change the answer or the queue; the place is given back, the trace is told.
 *
 * A function that is gone answers like mlx5_core for a dead device: what gives something back
 * succeeds (it is executed, for our own books), everything else is EIO. Waiting ends at once.
 *
 * The card's lock is taken in between for a moment, never while waiting; fw_hooks.lock is a leaf.
 */
#include <errno.h>
#include <string.h>

#include "base_clock.h"
#include "base_math.h"
#include "fw_pass.h"
#include "fw_virtq.h"
#include "prm_field.h"

/* --- what it is ----------------------------------------------------------------------------- */

static bool
fw_pass_is_kernel(const struct fw_pass *pass)
{
	return pass->in == NULL;
}

static const struct prm_obj_kind *
fw_pass_kind(const struct fw_op *op)
{
	const struct prm_obj_kind *kind;
	size_t i;

	/* State arcs of queue pairs are not in the table of kinds. */
	if (op->opcode >= PRM_OP_RST2INIT_QP && op->opcode <= PRM_OP_2RST_QP)
		return prm_obj_kind(PRM_OP_CREATE_QP, 0);
	for (i = 0; (kind = prm_obj_kind_at(i)) != NULL; i++) {
		if (kind->obj_type == op->obj_type &&
				(kind->create_op == op->opcode || kind->modify_op == op->opcode ||
						kind->query_op == op->opcode ||
						kind->destroy_op == op->opcode))
			return kind;
	}
	return NULL;
}

/* The virtio_net_q that CREATE and MODIFY carry, NULL for other commands. */
static const uint8_t *
fw_pass_netq(const struct fw_pass *pass)
{
	bool has = pass->op.obj_type == PRM_OBJ_VIRTIO_NET_Q &&
			(pass->op.opcode == PRM_OP_CREATE_GENERAL_OBJECT ||
					pass->op.opcode == PRM_OP_MODIFY_GENERAL_OBJECT);

	if (!has || fw_pass_is_kernel(pass) || pass->inlen < PRM_SIZE(create_virtq_in))
		return NULL;
	return PRM_PTR(create_virtq_in, pass->in, virtq);
}

/* virtio_q.queue_index of the command's object. */
static int32_t
fw_pass_queue(const struct fw_pass *pass)
{
	const uint8_t *netq = fw_pass_netq(pass);
	int32_t queue = FW_FAULT_ANY;
	struct vnet *vnet;
	struct fw_obj *obj;

	if (pass->op.obj_type != PRM_OBJ_VIRTIO_NET_Q)
		return FW_FAULT_ANY;
	if (netq != NULL && pass->op.opcode == PRM_OP_CREATE_GENERAL_OBJECT)
		return (int32_t)PRM_GET(virtio_q, PRM_PTR(virtio_net_q, netq, virtio_q_context),
				queue_index);
	vnet = pass->uctx->func->card->vnet;
	vnet_lock(vnet);
	obj = fw_obj_peek(pass->uctx, FW_CLASS_VIRTQ, pass->id);
	if (obj != NULL)
		queue = base_container_of(obj, struct fw_virtq, obj)->index;
	vnet_unlock(vnet);
	return queue;
}

static void
fw_pass_identify(struct fw_pass *pass)
{
	uint16_t opcode;

	pass->kind = NULL;
	pass->queue = FW_FAULT_ANY;
	if (fw_pass_is_kernel(pass))
		return;
	opcode = (uint16_t)PRM_GET(cmd_in, pass->in, opcode);
	pass->op.opcode = opcode;
	pass->op.obj_type = 0;
	if (opcode >= PRM_OP_CREATE_GENERAL_OBJECT && opcode <= PRM_OP_DESTROY_GENERAL_OBJECT)
		pass->op.obj_type = (uint16_t)PRM_GET(cmd_in, pass->in, op_mod);
	pass->id = 0;
	pass->bytes = 0;
	pass->kind = fw_pass_kind(&pass->op);
	if (pass->kind != NULL && pass->kind->create_op != opcode &&
			pass->inlen * 8 >= (size_t)pass->kind->id_off + pass->kind->id_bits)
		pass->id = (uint32_t)prm_get(pass->in, pass->kind->id_off, pass->kind->id_bits);
	pass->queue = fw_pass_queue(pass);
}

/* --- waiting -------------------------------------------------------------------------------- */

static uint32_t
fw_pass_hooks_now(const struct fw_pass *pass)
{
	return __atomic_load_n(&pass->uctx->func->hooks, __ATOMIC_ACQUIRE);
}

static bool
fw_pass_must_end(const struct fw_pass *pass)
{
	return (fw_pass_hooks_now(pass) & (FW_HOOK_GONE | FW_HOOK_HALTED)) != 0;
}

static void
fw_pass_wait(struct fw_pass *pass, uint64_t ns)
{
	struct fw_bell *bell = &pass->uctx->func->end_bell;
	uint64_t start = base_clock_ns();
	uint32_t seen;

	if (ns == 0)
		return;
	do {
		seen = fw_bell_read(bell);
		if (fw_pass_must_end(pass))
			break;
	} while (fw_bell_wait(bell, seen, start + ns));
	pass->wait_ns += base_clock_ns() - start;
}

static uint32_t
fw_pass_limit(const struct fw_pass *pass)
{
	struct fw_hooks *hooks = &pass->uctx->func->card->hooks;
	uint32_t limit;

	base_mutex_lock(&hooks->lock);
	limit = hooks->latency.in_flight;
	base_mutex_unlock(&hooks->lock);
	return limit;
}

static void
fw_pass_take_place(struct fw_pass *pass)
{
	struct fw_func *func = pass->uctx->func;
	uint64_t start = base_clock_ns();
	uint32_t ticket, seen;

	pass->has_place = (pass->hooks & FW_HOOK_LATENCY) != 0;
	if (!pass->has_place)
		return;
	ticket = fw_gate_ticket(&func->gate);
	for (;;) {
		seen = fw_bell_read(&func->gate_bell);
		if (fw_pass_must_end(pass) ||
				fw_gate_open(&func->gate, ticket, fw_pass_limit(pass)))
			break;
		fw_bell_wait(&func->gate_bell, seen, 0);
	}
	pass->wait_ns += base_clock_ns() - start;
}

static void
fw_pass_give_place(struct fw_pass *pass)
{
	if (!pass->has_place)
		return;
	fw_gate_leave(&pass->uctx->func->gate);
	if (fw_pass_limit(pass) != 0)
		fw_bell_ring(&pass->uctx->func->gate_bell);
}

/* --- faults --------------------------------------------------------------------------------- */

static bool
fw_pass_suspends(const struct fw_pass *pass)
{
	const uint8_t *netq = fw_pass_netq(pass);

	return netq != NULL && pass->op.opcode == PRM_OP_MODIFY_GENERAL_OBJECT &&
			(PRM_GET(virtio_net_q, netq, modify_field_select) & PRM_VIRTQ_MOD_STATE) !=
			0 &&
			PRM_GET(virtio_net_q, netq, state) == PRM_VIRTQ_SUSPEND;
}

static bool
fw_pass_does(const struct fw_pass *pass, enum fw_fault_action action)
{
	return pass->faulted && pass->fault.action == action;
}

static void
fw_pass_match(struct fw_pass *pass)
{
	struct fw_func *func = pass->uctx->func;
	struct fw_fault_key key = { .func = func->index, .queue = pass->queue, .op = pass->op };

	pass->faulted = false;
	if ((pass->hooks & FW_HOOK_FAULTS) == 0)
		return;
	key.suspends = fw_pass_suspends(pass);
	pass->faulted = fw_hooks_match(func->card, &key, &pass->fault);
	if (!pass->faulted)
		return;
	/* What the kernel believes to have failed, it frees: nothing may be left that uses it. */
	if (fw_pass_is_kernel(pass) && pass->fault.action == FW_FAULT_FAIL_AFTER)
		pass->fault.action = FW_FAULT_FAIL;
	if (fw_pass_is_kernel(pass) && pass->fault.action == FW_FAULT_TIMEOUT_AFTER)
		pass->fault.action = FW_FAULT_TIMEOUT;
	base_notice(func->card->log, "fw: function %u, context %u: %s: fault '%s': %s", func->index,
			pass->uctx->number, fw_op_name(pass->op.opcode), pass->fault.id,
			fw_fault_action_name(pass->fault.action));
}

/* An answer without execution; @p status for the output, @p error for the call. */
static int
fw_pass_answer(struct fw_pass *pass, uint8_t status, uint32_t syndrome, int error)
{
	if (!fw_pass_is_kernel(pass)) {
		memset(pass->out, 0, pass->outlen);
		PRM_SET(cmd_out, pass->out, status, status);
		PRM_SET(cmd_out, pass->out, syndrome, syndrome);
	}
	return error;
}

static int
fw_pass_fail(struct fw_pass *pass)
{
	return fw_pass_answer(pass, pass->fault.status, pass->fault.syndrome,
			fw_pass_is_kernel(pass) ? fw_status_errno(pass->fault.status) : -EREMOTEIO);
}

static int
fw_pass_time_out(struct fw_pass *pass)
{
	fw_pass_wait(pass, pass->fault.delay_ns);
	return fw_pass_answer(pass, PRM_STATUS_INT_ERR, 0, -ETIMEDOUT);
}

static void
fw_pass_stop_early(struct fw_pass *pass)
{
	struct vnet *vnet = pass->uctx->func->card->vnet;
	struct fw_virtq *virtq;
	struct fw_obj *obj;

	vnet_lock(vnet);
	obj = fw_obj_peek(pass->uctx, FW_CLASS_VIRTQ, pass->id);
	virtq = obj != NULL ? base_container_of(obj, struct fw_virtq, obj) : NULL;
	if (virtq != NULL && virtq->state == FW_VIRTQ_RDY)
		vnet_queue_suspend_early_locked(virtq->queue, pass->fault.nb);
	vnet_unlock(vnet);
}

static void
fw_pass_bad_indices(struct fw_pass *pass)
{
	uint8_t *netq = PRM_PTR(query_virtq_out, pass->out, virtq);

	if (pass->outlen < PRM_SIZE(query_virtq_out))
		return;
	PRM_SET(virtio_net_q, netq, hw_available_index, pass->fault.avail);
	PRM_SET(virtio_net_q, netq, hw_used_index, pass->fault.used);
}

static void
fw_pass_queue_error(struct fw_pass *pass)
{
	int32_t queue = pass->fault.queue != FW_FAULT_ANY ? pass->fault.queue : pass->queue;

	if (queue != FW_FAULT_ANY)
		fw_func_queue_error(pass->uctx->func, (uint16_t)queue, (uint8_t)pass->fault.error);
}

/* --- before and after ----------------------------------------------------------------------- */

static uint64_t
fw_pass_latency(struct fw_pass *pass)
{
	struct fw_hooks *hooks = &pass->uctx->func->card->hooks;
	uint64_t ns = 0;

	if ((pass->hooks & FW_HOOK_LATENCY) != 0) {
		base_mutex_lock(&hooks->lock);
		ns = fw_latency_of(&hooks->latency, &pass->op, pass->bytes);
		base_mutex_unlock(&hooks->lock);
	}
	/* Of a command that times out the delay is the time that it takes to do so. */
	if (pass->faulted && pass->fault.action != FW_FAULT_TIMEOUT &&
			pass->fault.action != FW_FAULT_TIMEOUT_AFTER)
		ns += pass->fault.delay_ns;
	return ns;
}

int
fw_pass_begin(struct fw_pass *pass)
{
	pass->start_ns = base_clock_ns();
	pass->wait_ns = 0;
	fw_pass_identify(pass);
	fw_pass_match(pass);
	if (fw_pass_does(pass, FW_FAULT_REMOVE))
		fw_func_remove(pass->uctx->func);
	fw_pass_take_place(pass);
	fw_pass_wait(pass, fw_pass_latency(pass));
	if (fw_pass_must_end(pass))
		return fw_op_destroys(pass->op.opcode) ?
				0 :
				fw_pass_answer(pass, PRM_STATUS_INT_ERR, 0, -EIO);
	if (fw_pass_does(pass, FW_FAULT_FAIL))
		return fw_pass_fail(pass);
	if (fw_pass_does(pass, FW_FAULT_TIMEOUT))
		return fw_pass_time_out(pass);
	if (fw_pass_does(pass, FW_FAULT_STOP_EARLY))
		fw_pass_stop_early(pass);
	return 0;
}

static void
fw_pass_trace(const struct fw_pass *pass, int ret)
{
	const struct fw_func *func = pass->uctx->func;
	const struct fw_hooks *hooks = &func->card->hooks;
	const uint8_t *netq = fw_pass_netq(pass);
	struct fw_trace_command trace = {
		.start_ns = pass->start_ns,
		.duration_ns = base_clock_ns() - pass->start_ns,
		.wait_ns = pass->wait_ns,
		.func = func->index,
		.context = pass->uctx->number,
		.op = pass->op,
		.object = pass->kind != NULL ? pass->kind->name : NULL,
		.id = pass->id,
		.queue = pass->queue,
		.state = -1,
		.error = -ret,
		.fault = pass->faulted ? pass->fault.id : NULL,
		.in = pass->in,
	};

	if (hooks->trace == NULL)
		return;
	if (netq != NULL && pass->op.opcode == PRM_OP_MODIFY_GENERAL_OBJECT) {
		trace.select = PRM_GET(virtio_net_q, netq, modify_field_select);
		if ((trace.select & PRM_VIRTQ_MOD_STATE) != 0)
			trace.state = (int32_t)PRM_GET(virtio_net_q, netq, state);
	}
	if (!fw_pass_is_kernel(pass)) {
		trace.inlen = pass->inlen;
		trace.out = pass->out;
		trace.outlen = pass->outlen;
		trace.status = (uint8_t)PRM_GET(cmd_out, pass->out, status);
		trace.syndrome = (uint32_t)PRM_GET(cmd_out, pass->out, syndrome);
	}
	hooks->trace->command(hooks->trace_arg, &trace);
}

int
fw_pass_finish(struct fw_pass *pass, int ret, uint32_t id)
{
	if (ret == 0 && fw_pass_is_kernel(pass) && id != 0)
		pass->id = id;
	else if (ret == 0 && pass->kind != NULL && pass->kind->create_op == pass->op.opcode)
		pass->id = (uint32_t)prm_get(pass->out, pass->kind->id_off, pass->kind->id_bits);
	if (ret == 0 && fw_pass_does(pass, FW_FAULT_BAD_INDICES))
		fw_pass_bad_indices(pass);
	if (fw_pass_does(pass, FW_FAULT_QUEUE_ERROR))
		fw_pass_queue_error(pass);
	if (ret == 0 && fw_pass_does(pass, FW_FAULT_FAIL_AFTER))
		ret = fw_pass_fail(pass);
	else if (fw_pass_does(pass, FW_FAULT_TIMEOUT_AFTER))
		ret = fw_pass_time_out(pass);
	fw_pass_give_place(pass);
	if ((pass->hooks & FW_HOOK_TRACE) != 0)
		fw_pass_trace(pass, ret);
	return ret;
}
