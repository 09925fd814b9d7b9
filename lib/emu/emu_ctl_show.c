/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the verbs that only look. What they say comes from fw_show, wire and the
 * configuration; here it gets names.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base_clock.h"
#include "emu_ctl_verbs.h"
#include "fw_show.h"
#include "seam.h"
#include "wire.h"

#define EMU_SHOW_QUEUES 256u /* of a function; more are only counted */

static int
emu_ctl_put(struct emu_ctl_call *call, const char *key, json_t *value)
{
	return json_object_set_new(call->reply, key, value) == 0 ?
			0 :
			emu_ctl_fail(call, "out of memory");
}

/* One object for each function, or for the one that was asked for. */
static int
emu_ctl_each_func(struct emu_ctl_call *call,
		json_t *(*show)(const struct emu_ctl_call *call, unsigned int index))
{
	unsigned int i, end;
	json_t *funcs;

	if (emu_ctl_funcs(call, 0, &i, &end) != 0)
		return -EINVAL;
	funcs = json_array();
	for (; i < end; i++)
		json_array_append_new(funcs, show(call, i));
	return emu_ctl_put(call, "functions", funcs);
}

/* --- status --------------------------------------------------------------------------------- */

static json_t *
emu_ctl_status_func(const struct emu_ctl_call *call, unsigned int index)
{
	char bdf[SEAM_BDF_SIZE], name[SEAM_NAME_SIZE], ibdev[16], text[18];
	struct fw_func *func;
	const uint8_t *mac;
	json_t *one;

	seam_bdf(&call->conf->seam, index, bdf);
	snprintf(ibdev, sizeof(ibdev), "mlx5_%u", call->conf->seam.first + index);
	one = json_pack("{s:i, s:s, s:s}", "function", (int)index, "pci", bdf, "device", ibdev);
	if (one != NULL && call->conf->seam.kind[index] == SEAM_SF) {
		seam_dev_name(&call->conf->seam, index, name);
		json_object_set_new(one, "auxiliary", json_string(name));
	}
	if (one == NULL || call->card == NULL)
		return one;
	func = fw_card_func(call->card, index);
	mac = fw_func_mac(func);
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
			mac[3], mac[4], mac[5]);
	json_object_set_new(one, "mac", json_string(text));
	json_object_set_new(one, "mtu", json_integer(fw_show_mtu(func)));
	json_object_set_new(one, "commands", json_integer((json_int_t)fw_func_nb_cmds(func)));
	return one;
}

int
emu_ctl_status(struct emu_ctl_call *call)
{
	json_t *funcs = json_array();
	unsigned int i;

	for (i = 0; i < call->conf->seam.nb_funcs; i++)
		json_array_append_new(funcs, emu_ctl_status_func(call, i));
	emu_ctl_put(call, "pid", json_integer(getpid()));
	emu_ctl_put(call, "uptime_ms",
			json_integer((json_int_t)(call->uptime_ns / BASE_NS_PER_MS)));
	emu_ctl_put(call, "card", json_string(call->card != NULL ? "running" : "not opened yet"));
	emu_ctl_put(call, "contexts",
			json_integer(call->card != NULL ? fw_show_nb_uctxs(call->card) : 0));
	emu_ctl_put(call, "wire", json_string(emu_wire_kinds[call->conf->wire.nets[0].kind]));
	return emu_ctl_put(call, "functions", funcs);
}

/* --- stats ---------------------------------------------------------------------------------- */

static json_t *
emu_ctl_stats_queue(const struct fw_show_virtq *queue)
{
	const struct vnet_queue_stats *stats = &queue->stats;

	return json_pack("{s:i, s:i, s:s, s:s, s:i, s:i, s:I, s:I, s:i, s:i, s:i, s:I}", "object",
			(int)queue->id, "queue", (int)queue->index, "state", queue->state, "error",
			queue->error, "available_index", (int)queue->available_index, "used_index",
			(int)queue->used_index, "received_desc", (json_int_t)stats->received_desc,
			"completed_desc", (json_int_t)stats->completed_desc, "bad_desc_errors",
			(int)stats->bad_desc_errors, "exceed_max_chain",
			(int)stats->exceed_max_chain, "invalid_buffer", (int)stats->invalid_buffer,
			"dropped_frames", (json_int_t)stats->dropped_frames);
}

static json_t *
emu_ctl_stats_queues(struct fw_func *func)
{
	struct fw_show_virtq *list = calloc(EMU_SHOW_QUEUES, sizeof(*list));
	json_t *queues = json_array();
	unsigned int i, nb;

	nb = list != NULL ? fw_show_virtqs(func, list, EMU_SHOW_QUEUES) : 0;
	for (i = 0; i < nb && i < EMU_SHOW_QUEUES; i++)
		json_array_append_new(queues, emu_ctl_stats_queue(&list[i]));
	free(list);
	return queues;
}

static json_t *
emu_ctl_stats_func(const struct emu_ctl_call *call, unsigned int index)
{
	struct fw_func *func = fw_card_func(call->card, index);
	struct vnet_port_stats port;
	struct wire_port_stats wire;

	fw_show_port(func, &port);
	fw_card_lock(call->card);
	wire_port_stats(call->wire, index, &wire);
	fw_card_unlock(call->card);
	return json_pack("{s:i, s:{s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I}, s:o}", "function",
			(int)index, "wire", "tx_frames", (json_int_t)wire.tx_frames, "tx_bytes",
			(json_int_t)wire.tx_bytes, "rx_frames", (json_int_t)wire.rx_frames,
			"rx_bytes", (json_int_t)wire.rx_bytes, "rx_dropped",
			(json_int_t)wire.rx_dropped, "port", "rx_unmatched",
			(json_int_t)port.rx_unmatched, "rx_oversize", (json_int_t)port.rx_oversize,
			"tx_oversize", (json_int_t)port.tx_oversize, "queues",
			emu_ctl_stats_queues(func));
}

int
emu_ctl_stats(struct emu_ctl_call *call)
{
	return emu_ctl_each_func(call, emu_ctl_stats_func);
}

/* --- objects -------------------------------------------------------------------------------- */

static json_t *
emu_ctl_objects_func(const struct emu_ctl_call *call, unsigned int index)
{
	struct fw_func *func = fw_card_func(call->card, index);
	json_t *one = json_pack("{s:i}", "function", (int)index);
	unsigned int cls, nb, total = 0;
	const char *name;

	for (cls = 0; (name = fw_show_class(cls)) != NULL; cls++) {
		nb = fw_show_nb_objs(func, cls);
		total += nb;
		json_object_set_new(one, name, json_integer(nb));
	}
	json_object_set_new(one, "total", json_integer(total));
	return one;
}

int
emu_ctl_objects(struct emu_ctl_call *call)
{
	return emu_ctl_each_func(call, emu_ctl_objects_func);
}

/* --- config --------------------------------------------------------------------------------- */

int
emu_ctl_config(struct emu_ctl_call *call)
{
	return emu_ctl_put(call, "config", emu_conf_show(call->conf));
}
