/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: to the wire, a port that leads out is one with an owner like the engine's.
 * Frames that leave are sent at once, by the engine's thread, without blocking; the one that the
 * outside does not take now waits here, and until it is gone the port refuses others. So the
 * outside holds its senders up like a full receive ring does, and is given up on like one.
 *
 * Frames that come are fetched in wire_poll(), a burst each pass; one that its receivers refuse
 * waits here, and nothing is fetched behind it. What the outside does then is its own affair: a
 * TAP's queue in the kernel overflows and counts, a socket's sender waits.
 *
 * When nothing comes for some passes, the descriptor is handed to the watcher (wire_watch.c) and is
 * not looked at until that one says "ready". So an idle port costs nothing, and a busy one needs no
 * wake-up per frame.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire_out.h"

#define OUT_BURST 32u
#define OUT_LINGER 16u /* empty passes before the watcher takes over */

static enum wire_answer out_can_take(void *arg, const struct wire_frame *frame);
static void out_take(void *arg, const struct wire_frame *frame);

static const struct wire_port_ops out_port_ops = {
	.can_take = out_can_take,
	.take = out_take,
};

static void
out_log_refusal(const struct wire *wire, const char *name, int ret)
{
	const char *why = strerror(-ret);

	if (ret == -EEXIST)
		why = "there is one of this name already";
	else if (ret == -EINVAL)
		why = "that is no name for a port";
	base_err(wire->log, "wire port %s: %s", name, why);
}

int
wire_out_create(struct wire *wire, unsigned int net, const char *name,
		const struct wire_out_ops *ops, size_t size, struct wire_out **res)
{
	struct wire_out *out = calloc(1, size);
	int ret = -ENOMEM;

	if (out == NULL)
		return -ENOMEM;
	out->in = malloc(WIRE_FRAME_MAX);
	out->waiting = malloc(WIRE_FRAME_MAX);
	if (out->in == NULL || out->waiting == NULL)
		goto free_out;
	ret = wire_port_add(wire, net, name);
	if (ret < 0) {
		out_log_refusal(wire, name, ret);
		goto free_out;
	}
	out->ops = ops;
	out->wire = wire;
	out->port = (unsigned int)ret;
	out->fds[0] = out->fds[1] = -1;
	atomic_init(&out->ready, true);
	wire->ports[out->port].out = out;
	wire->outs |= 1ULL << out->port;
	wire_plug(wire, out->port, &out_port_ops, out);
	wire_port_wake(wire, out->port);
	*res = out;
	return 0;

free_out:
	free(out->waiting);
	free(out->in);
	free(out);
	return ret;
}

void
wire_out_destroy(struct wire_out *out)
{
	if (out == NULL)
		return;
	out->wire->outs &= ~(1ULL << out->port);
	out->wire->ports[out->port].out = NULL;
	wire_plug(out->wire, out->port, NULL, NULL);
	out->ops->destroy(out);
	free(out->waiting);
	free(out->in);
	free(out);
}

const char *
wire_out_kind(const struct wire_out *out)
{
	return out->ops->kind;
}

void
wire_out_error(struct wire_out *out, const char *what, int error)
{
	if (out->last_error == error)
		return;
	out->last_error = error;
	base_warn(out->wire->log, "wire port %s: %s: %s", out->wire->ports[out->port].name, what,
			strerror(error));
}

unsigned int
wire_out_iov(struct wire_out *out, const struct wire_frame *frame, struct iovec *iov,
		unsigned int nb)
{
	if (frame->nb_body + 1 > nb) {
		/* out->waiting is free: otherwise nothing would be sent */
		wire_frame_copy(frame, out->waiting);
		iov[0] = (struct iovec){ out->waiting, frame->len };
		return 1;
	}
	iov[0] = (struct iovec){ (void *)(uintptr_t)frame->head, frame->head_len };
	if (frame->nb_body != 0)
		memcpy(&iov[1], frame->body, frame->nb_body * sizeof(*iov));
	return frame->nb_body + 1;
}

/* --- out ------------------------------------------------------------------------------------ */

static void
out_count(struct wire_out *out, int ret)
{
	if (ret == 0)
		out->sent++;
	else
		out->wire->ports[out->port].stats.rx_error++;
}

/* Tries again to send the frame that waits. @return whether none waits now. */
static bool
out_flush(struct wire_out *out)
{
	struct wire_frame frame;
	int ret;

	if (out->waiting_len == 0)
		return true;
	wire_frame_init(&frame, out->waiting, out->waiting_len);
	ret = out->ops->send(out, &frame);
	if (ret == -EAGAIN)
		return false;
	out->waiting_len = 0;
	out_count(out, ret);
	return true;
}

static enum wire_answer
out_can_take(void *arg, const struct wire_frame *frame)
{
	if (!out_flush(arg))
		return WIRE_NO;
	return frame->csum_partial ? WIRE_FINISHED_ONLY : WIRE_YES;
}

static void
out_take(void *arg, const struct wire_frame *frame)
{
	struct wire_out *out = arg;
	int ret = out->ops->send(out, frame);

	if (ret == -EAGAIN) {
		if (frame->head != out->waiting)
			wire_frame_copy(frame, out->waiting);
		out->waiting_len = frame->len;
	} else {
		out_count(out, ret);
	}
}

/* --- in ------------------------------------------------------------------------------------- */

/* Fetches and delivers up to a burst. @return frames delivered. */
static unsigned int
out_receive(struct wire_out *out)
{
	struct wire_frame frame;
	unsigned int nb;

	for (nb = 0; nb < OUT_BURST; nb++) {
		if (out->in_len == 0) {
			int len = out->ops->recv(out, out->in);

			if (len <= 0)
				break;
			out->in_len = (uint32_t)len;
		}
		wire_frame_init(&frame, out->in, out->in_len);
		if (wire_send(out->wire, out->port, &frame, &out->hold) == -EAGAIN)
			break;
		out->in_len = 0;
	}
	return nb;
}

/* Nothing comes: the watcher takes over, if there is anything to wait for. */
static void
out_rest(struct wire_out *out)
{
	bool waits = out->ticks || out->fds[0] >= 0 || out->fds[1] >= 0;

	if (waits && out->wire->watch == NULL)
		return; /* nobody would tell */
	atomic_store_explicit(&out->ready, false, memory_order_relaxed);
	if (waits)
		wire_watch_arm(out->wire->watch, out);
}

static unsigned int
out_poll(struct wire_out *out)
{
	unsigned int nb = 0;
	bool flushed = out->waiting_len != 0 && out_flush(out);

	if (!out->polls && !atomic_load_explicit(&out->ready, memory_order_acquire))
		return flushed;
	if (out->ops->tend != NULL)
		out->ops->tend(out);
	nb = out_receive(out);
	if (nb != 0 || out->in_len != 0 || out->polls) {
		out->nb_empty = 0;
	} else if (++out->nb_empty > OUT_LINGER) {
		out->nb_empty = 0;
		out_rest(out);
	}
	return nb + flushed;
}

static void
out_idle(struct wire_out *out)
{
	if (out->ops->idle == NULL || out->sent == out->idle_sent)
		return;
	out->idle_sent = out->sent;
	out->ops->idle(out);
}

unsigned int
wire_poll(struct wire *wire)
{
	uint64_t left;
	unsigned int nb = 0;

	for (left = wire->held; left != 0; left &= left - 1)
		nb += wire_trouble_poll(wire, (unsigned int)__builtin_ctzll(left));
	for (left = wire->outs; left != 0; left &= left - 1)
		nb += out_poll(wire->ports[__builtin_ctzll(left)].out);
	if (nb != 0)
		return nb;
	for (left = wire->outs; left != 0; left &= left - 1)
		out_idle(wire->ports[__builtin_ctzll(left)].out);
	return 0;
}

bool
wire_is_busy(const struct wire *wire)
{
	uint64_t left;

	if (wire->held != 0)
		return true;
	for (left = wire->outs; left != 0; left &= left - 1) {
		const struct wire_out *out = wire->ports[__builtin_ctzll(left)].out;

		if ((out->polls && !out->dormant) || out->waiting_len != 0 || out->in_len != 0 ||
				atomic_load_explicit(&out->ready, memory_order_relaxed))
			return true;
	}
	return false;
}

void
wire_halt(struct wire *wire)
{
	uint64_t left;

	for (left = wire->outs; left != 0; left &= left - 1) {
		struct wire_out *out = wire->ports[__builtin_ctzll(left)].out;

		if (out->ops->halt != NULL)
			out->ops->halt(out);
	}
}

void
wire_forked(struct wire *wire)
{
	uint64_t left;

	for (left = wire->outs; left != 0; left &= left - 1) {
		struct wire_out *out = wire->ports[__builtin_ctzll(left)].out;

		if (out->ops->forked != NULL)
			out->ops->forked(out);
	}
}
