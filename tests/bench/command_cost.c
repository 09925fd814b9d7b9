/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what one firmware command costs. Without arguments the firmware is called
 * as mlx5_ib calls it, with its engine running idle beside; "uverbs" goes through libibverbs and
 * libmlx5, so through the ioctl, and has to be run by mlx5emu.
 *
 * Each kind is done in batches; of the batches' averages the lowest, the median and the 90th
 * percentile are printed, in ns a command: on a machine that does other things too, the lowest is
 * the command, the others are the machine.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <infiniband/mlx5dv.h>
#include <infiniband/verbs.h>

#include "base_clock.h"
#include "base_math.h"
#include "fw.h"
#include "fw_caps.h"
#include "fw_trace.h"
#include "prm_field.h"
#include "wire.h"

#define NB_BATCHES 201u
#define BATCH 500u

/* One batch of some commands; @return how many those were. */
typedef unsigned int (*cost_fn)(void *arg);

static int
cost_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
cost_measure(const char *what, cost_fn fn, void *arg)
{
	double ns[NB_BATCHES];
	unsigned int i, nb;

	fn(arg);
	for (i = 0; i < NB_BATCHES; i++) {
		uint64_t start = base_clock_ns();

		nb = fn(arg);
		ns[i] = (double)(base_clock_ns() - start) / nb;
	}
	qsort(ns, NB_BATCHES, sizeof(ns[0]), cost_compare);
	printf("%-44s %8.0f %8.0f %8.0f\n", what, ns[0], ns[NB_BATCHES / 2],
			ns[NB_BATCHES * 9 / 10]);
}

/* --- the firmware ---------------------------------------------------------------------------- */

static void
cost_must(int ret, const char *what)
{
	if (ret == 0)
		return;
	printf("%s: %s\n", what, strerror(ret < 0 ? -ret : ret));
	exit(1);
}

static unsigned int
fw_domains(void *arg)
{
	uint8_t make[16] = { 0 }, take[16] = { 0 }, out[16];
	unsigned int i;

	PRM_SET(cmd_in, make, opcode, PRM_OP_ALLOC_TRANSPORT_DOMAIN);
	PRM_SET(cmd_in, take, opcode, PRM_OP_DEALLOC_TRANSPORT_DOMAIN);
	for (i = 0; i < BATCH; i++) {
		cost_must(fw_cmd_exec(arg, make, sizeof(make), out, sizeof(out)), "ALLOC");
		memcpy(take + 8, out + 8, 8);
		cost_must(fw_cmd_exec(arg, take, sizeof(take), out, sizeof(out)), "DEALLOC");
	}
	return 2 * BATCH;
}

static unsigned int
fw_caps_query(void *arg)
{
	static uint8_t out[PRM_SIZE(query_hca_cap_out)];
	uint8_t in[PRM_SIZE(query_hca_cap_in)] = { 0 };
	unsigned int i;

	PRM_SET(query_hca_cap_in, in, opcode, PRM_OP_QUERY_HCA_CAP);
	PRM_SET(query_hca_cap_in, in, op_mod, PRM_CAP_VIRTIO_EMULATION << 1 | PRM_CAP_CURRENT);
	for (i = 0; i < BATCH; i++)
		cost_must(fw_cmd_exec(arg, in, sizeof(in), out, sizeof(out)), "QUERY_HCA_CAP");
	return BATCH;
}

static unsigned int
fw_counters(void *arg)
{
	uint8_t in[PRM_SIZE(create_virtio_q_counters_in)] = { 0 }, out[128], number[4];
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		memset(in, 0, sizeof(in));
		PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_CREATE_GENERAL_OBJECT);
		PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_Q_COUNTERS);
		cost_must(fw_cmd_exec(arg, in, sizeof(in), out, 16), "CREATE counters");
		memcpy(number, out + 8, 4);
		PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_QUERY_GENERAL_OBJECT);
		memcpy(in + 8, number, 4);
		cost_must(fw_cmd_exec(arg, in, 16, out, 72), "QUERY counters");
		PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_DESTROY_GENERAL_OBJECT);
		cost_must(fw_cmd_exec(arg, in, 16, out, 16), "DESTROY counters");
	}
	return 3 * BATCH;
}

static unsigned int
fw_umems(void *arg)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));
	const struct fw_pages pages = { page, sizeof(page) };
	unsigned int i;
	uint32_t id;

	for (i = 0; i < BATCH; i++) {
		cost_must(fw_umem_create(arg, &pages, &id), "REG_UMEM");
		cost_must(fw_umem_destroy(arg, id), "DEREG_UMEM");
	}
	return 2 * BATCH;
}

static void
nothing(void *arg, const struct fw_trace_command *command)
{
}

static void
cost_firmware(void)
{
	static const struct fw_trace_ops trace = { .command = nothing };
	static const struct fw_uctx_ops ops;
	struct fw_card_attr attr = { .nb_funcs = 1 };
	struct fw_uctx *uctx;
	struct fw_card *card;
	struct fw_caps caps;
	struct wire *wire;

	fw_caps_init(&caps);
	cost_must(wire_switch_create(1, 0, NULL, &wire), "wire");
	attr.caps = &caps;
	attr.wire = wire;
	cost_must(fw_card_create(&attr, &card), "card");
	cost_must(fw_uctx_create(fw_card_func(card, 0), &ops, NULL, &uctx), "context");
	fw_card_set_trace(card, &trace, NULL);
	cost_measure("ALLOC/DEALLOC_TRANSPORT_DOMAIN", fw_domains, uctx);
	cost_measure("QUERY_HCA_CAP (4 KiB answer)", fw_caps_query, uctx);
	cost_measure("CREATE, QUERY, DESTROY VIRTIO_Q_COUNTERS", fw_counters, uctx);
	cost_measure("REG/DEREG_UMEM", fw_umems, uctx);
	fw_card_trace_on(card);
	cost_measure("ALLOC/DEALLOC_TRANSPORT_DOMAIN, trace hook", fw_domains, uctx);
	fw_uctx_destroy(uctx);
	fw_card_destroy(card);
	wire_destroy(wire);
}

/* --- through the ioctl ------------------------------------------------------------------------ */

static unsigned int
uv_domains(void *arg)
{
	uint8_t in[16] = { 0 }, out[16];
	unsigned int i;

	PRM_SET(cmd_in, in, opcode, PRM_OP_ALLOC_TRANSPORT_DOMAIN);
	for (i = 0; i < BATCH; i++) {
		struct mlx5dv_devx_obj *obj;

		memset(out, 0, sizeof(out));
		obj = mlx5dv_devx_obj_create(arg, in, sizeof(in), out, sizeof(out));
		cost_must(obj != NULL ? 0 : errno, "ALLOC");
		cost_must(mlx5dv_devx_obj_destroy(obj), "DEALLOC");
	}
	return 2 * BATCH;
}

static unsigned int
uv_caps(void *arg)
{
	static uint8_t out[PRM_SIZE(query_hca_cap_out)];
	uint8_t in[PRM_SIZE(query_hca_cap_in)] = { 0 };
	unsigned int i;

	PRM_SET(query_hca_cap_in, in, opcode, PRM_OP_QUERY_HCA_CAP);
	PRM_SET(query_hca_cap_in, in, op_mod, PRM_CAP_VIRTIO_EMULATION << 1 | PRM_CAP_CURRENT);
	for (i = 0; i < BATCH; i++)
		cost_must(mlx5dv_devx_general_cmd(arg, in, sizeof(in), out, sizeof(out)),
				"QUERY_HCA_CAP");
	return BATCH;
}

static void
cost_uverbs(void)
{
	struct mlx5dv_context_attr attr = { .flags = MLX5DV_CONTEXT_FLAGS_DEVX };
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *ctx;

	cost_must(list != NULL && list[0] != NULL ? 0 : ENODEV, "device");
	ctx = mlx5dv_open_device(list[0], &attr);
	cost_must(ctx != NULL ? 0 : errno, "open");
	ibv_free_device_list(list);
	cost_measure("ioctl: ALLOC/DEALLOC_TRANSPORT_DOMAIN", uv_domains, ctx);
	cost_measure("ioctl: QUERY_HCA_CAP (4 KiB answer)", uv_caps, ctx);
	ibv_close_device(ctx);
}

int
main(int argc, char **argv)
{
	printf("%-44s %8s %8s %8s\n", "ns a command", "lowest", "median", "p90");
	if (argc > 1 && strcmp(argv[1], "uverbs") == 0)
		cost_uverbs();
	else
		cost_firmware();
	return 0;
}
