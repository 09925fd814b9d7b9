/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what a driver sees when the card is slow, fails or goes away; faults.py
 * starts the card so. As in devx_tool.c, the first thing that goes another way than it should ends
 * the program with its line number.
 *
 * removed: prints "ready" and waits until somebody removes the function. timeout: the first command
 * of a transport domain times out. fail: the first umem gets EAGAIN. serial: commands of four
 * threads; prints how long they took together, in microseconds.
 */
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "devx_story.h"
#include "prm_cmd.h"
#include "prm_field.h"

static struct mlx5dv_devx_obj *
create_td(struct ibv_context *ctx, uint8_t out[16])
{
	uint8_t in[PRM_SIZE(alloc_transport_domain_in)] = { 0 };

	memset(out, 0, 16);
	PRM_SET(alloc_transport_domain_in, in, opcode, PRM_OP_ALLOC_TRANSPORT_DOMAIN);
	return mlx5dv_devx_obj_create(ctx, in, sizeof(in), out, 16);
}

static void
story_removed(void)
{
	struct ibv_context *ctx = devx_story_open();
	struct mlx5dv_devx_event_channel *chan = mlx5dv_devx_create_event_channel(ctx,
			MLX5DV_DEVX_CREATE_EVENT_CHANNEL_FLAGS_OMIT_EV_DATA);
	void *mem = aligned_alloc(4096, 4096);
	struct mlx5dv_devx_umem *umem;
	struct mlx5dv_devx_obj *td;
	struct ibv_async_event event;
	struct ibv_device **list;
	struct ibv_pd *pd;
	struct ibv_mr *mr;
	uint8_t out[16];

	MUST(chan != NULL && mem != NULL);
	pd = ibv_alloc_pd(ctx);
	MUST(pd != NULL);
	mr = ibv_reg_mr(pd, mem, 4096, IBV_ACCESS_LOCAL_WRITE);
	umem = mlx5dv_devx_umem_reg(ctx, mem, 4096, IBV_ACCESS_LOCAL_WRITE);
	td = create_td(ctx, out);
	MUST(mr != NULL && umem != NULL && td != NULL);
	puts("ready");
	fflush(stdout);
	MUST(ibv_get_async_event(ctx, &event) == 0);
	MUST(event.event_type == IBV_EVENT_DEVICE_FATAL);
	ibv_ack_async_event(&event);
	list = ibv_get_device_list(NULL);
	MUST(list != NULL && list[0] == NULL); /* nobody can find it any more */
	ibv_free_device_list(list);
	/* The channel ends for whoever reads it. */
	MUST(poll(&(struct pollfd){ chan->fd, POLLIN, 0 }, 1, 10000) == 1);
	MUST(read(chan->fd, out, sizeof(out)) <= 0);
	MUST(create_td(ctx, out) == NULL && errno == EIO);
	MUST(ibv_alloc_pd(ctx) == NULL && errno == EIO);
	MUST(mlx5dv_devx_umem_reg(ctx, mem, 4096, 0) == NULL && errno == EIO);
	/* Everything can be given back, in any order. */
	MUST(ibv_dealloc_pd(pd) == 0);
	MUST(mlx5dv_devx_umem_dereg(umem) == 0);
	MUST(ibv_dereg_mr(mr) == 0);
	MUST(mlx5dv_devx_obj_destroy(td) == 0);
	mlx5dv_devx_destroy_event_channel(chan);
	MUST(ibv_close_device(ctx) == 0);
	free(mem);
}

static void
story_timeout(void)
{
	struct ibv_context *ctx = devx_story_open();
	struct mlx5dv_devx_obj *td;
	uint8_t out[16];

	MUST(create_td(ctx, out) == NULL && errno == ETIMEDOUT);
	td = create_td(ctx, out);
	MUST(td != NULL && mlx5dv_devx_obj_destroy(td) == 0);
	MUST(ibv_close_device(ctx) == 0);
}

static void
story_fail(void)
{
	struct ibv_context *ctx = devx_story_open();
	void *mem = aligned_alloc(4096, 4096);
	struct mlx5dv_devx_umem *umem;
	uint8_t out[16];

	MUST(mem != NULL);
	MUST(mlx5dv_devx_umem_reg(ctx, mem, 4096, 0) == NULL && errno == EAGAIN);
	umem = mlx5dv_devx_umem_reg(ctx, mem, 4096, 0);
	MUST(umem != NULL && mlx5dv_devx_umem_dereg(umem) == 0);
	MUST(create_td(ctx, out) == NULL && errno == EREMOTEIO);
	MUST(PRM_GET(cmd_out, out, status) == PRM_STATUS_LIM_ERR);
	MUST(PRM_GET(cmd_out, out, syndrome) == 0x1234);
	MUST(ibv_close_device(ctx) == 0);
	free(mem);
}

static void *
two_domains(void *arg)
{
	uint8_t out[16];

	MUST(create_td(arg, out) != NULL);
	MUST(create_td(arg, out) != NULL);
	return NULL;
}

static void
story_serial(void)
{
	struct ibv_context *ctx = devx_story_open();
	struct timespec a, b;
	pthread_t threads[4];
	unsigned int i;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < 4; i++)
		MUST(pthread_create(&threads[i], NULL, two_domains, ctx) == 0);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("took %ld us\n",
			(long)(b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000);
	MUST(ibv_close_device(ctx) == 0);
}

int
main(int argc, char **argv)
{
	static const struct devx_story stories[] = {
		{ "removed", story_removed },
		{ "timeout", story_timeout },
		{ "fail", story_fail },
		{ "serial", story_serial },
		{ NULL, NULL },
	};

	return devx_story_main(stories, argc, argv);
}
