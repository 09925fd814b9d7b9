/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: small stories told through libibverbs and libmlx5 only, as a driver would.
 * The first thing that goes another way than it should ends the program with its line number.
 *
 * tidy: makes one of each kind and takes all apart. untidy: closes the device with objects left.
 * refused: what must fail, fails with the right errno. fork: a child has no card, the parent keeps
 * it. exit: ends without closing anything. unmap: registered memory stays when its owner has
 * unmapped it. async: queries that do not wait.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devx_story.h"
#include "prm_cmd.h"
#include "prm_field.h"

#define PAGE 4096u

static void
query_cap(struct ibv_context *ctx)
{
	uint8_t in[PRM_SIZE(query_hca_cap_in)] = { 0 };
	static uint8_t out[PRM_SIZE(query_hca_cap_out)];
	const uint8_t *cap = out + 16;

	PRM_SET(query_hca_cap_in, in, opcode, PRM_OP_QUERY_HCA_CAP);
	PRM_SET(query_hca_cap_in, in, op_mod, PRM_CAP_VIRTIO_EMULATION << 1 | PRM_CAP_CURRENT);
	MUST(mlx5dv_devx_general_cmd(ctx, in, sizeof(in), out, sizeof(out)) == 0);
	MUST(PRM_GET(virtio_emulation_cap, cap, max_num_virtio_queues) > 0);
	printf("virtqs: %u\n",
			(unsigned int)PRM_GET(virtio_emulation_cap, cap, max_num_virtio_queues));
}

/* Everything that a small driver holds. */
struct kit {
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	struct ibv_mr *mr;
	struct ibv_mr *null_mr;
	void *mem;
	struct mlx5dv_devx_umem *umem;
	struct mlx5dv_devx_uar *uar;
	struct mlx5dv_var *var;
	void *var_page;
	struct mlx5dv_devx_obj *td, *cq;
	struct mlx5dv_devx_event_channel *chan;
};

static struct mlx5dv_devx_obj *
create_td(struct ibv_context *ctx)
{
	uint8_t in[PRM_SIZE(alloc_transport_domain_in)] = { 0 };
	uint8_t out[PRM_SIZE(alloc_transport_domain_out)] = { 0 };

	PRM_SET(alloc_transport_domain_in, in, opcode, PRM_OP_ALLOC_TRANSPORT_DOMAIN);
	return mlx5dv_devx_obj_create(ctx, in, sizeof(in), out, sizeof(out));
}

/* A collapsed CQ of 64 entries in a umem, doorbell record behind it. */
static struct mlx5dv_devx_obj *
create_cq(struct kit *kit)
{
	uint8_t in[PRM_SIZE(create_cq_in)] = { 0 }, out[PRM_SIZE(create_cq_out)] = { 0 };
	uint8_t *cqc = in + 16;
	uint32_t eqn;

	MUST(mlx5dv_devx_query_eqn(kit->ctx, 0, &eqn) == 0);
	PRM_SET(create_cq_in, in, opcode, PRM_OP_CREATE_CQ);
	PRM_SET(create_cq_in, in, cq_umem_id, kit->umem->umem_id);
	PRM_SET(create_cq_in, in, cq_umem_valid, 1);
	PRM_SET(cqc, cqc, cc, 1);
	PRM_SET(cqc, cqc, log_cq_size, 6);
	PRM_SET(cqc, cqc, c_eqn, eqn);
	PRM_SET(cqc, cqc, uar_page, kit->uar->page_id);
	PRM_SET(cqc, cqc, dbr_umem_id, kit->umem->umem_id);
	PRM_SET(cqc, cqc, dbr_umem_valid, 1);
	PRM_SET(cqc, cqc, dbr_addr, 64 * 64);
	return mlx5dv_devx_obj_create(kit->ctx, in, sizeof(in), out, sizeof(out));
}

static void
make(struct kit *kit)
{
	uint16_t completion = PRM_EVENT_COMP;

	kit->ctx = devx_story_open();
	query_cap(kit->ctx);
	MUST((kit->pd = ibv_alloc_pd(kit->ctx)) != NULL);
	kit->mem = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(kit->mem != MAP_FAILED);
	kit->mr = ibv_reg_mr_iova(kit->pd, kit->mem, 4 * PAGE, 0x100000, IBV_ACCESS_LOCAL_WRITE);
	MUST(kit->mr != NULL);
	MUST((kit->null_mr = ibv_alloc_null_mr(kit->pd)) != NULL);
	kit->umem = mlx5dv_devx_umem_reg(kit->ctx, kit->mem, 4 * PAGE, IBV_ACCESS_LOCAL_WRITE);
	MUST(kit->umem != NULL);
	MUST((kit->uar = mlx5dv_devx_alloc_uar(kit->ctx, MLX5DV_UAR_ALLOC_TYPE_NC)) != NULL);
	*(volatile uint64_t *)((char *)kit->uar->base_addr + 0x20) = 0;
	MUST((kit->var = mlx5dv_alloc_var(kit->ctx, 0)) != NULL);
	kit->var_page = mmap(NULL, kit->var->length, PROT_READ | PROT_WRITE, MAP_SHARED,
			kit->ctx->cmd_fd, kit->var->mmap_off);
	MUST(kit->var_page != MAP_FAILED);
	MUST((kit->td = create_td(kit->ctx)) != NULL);
	MUST((kit->cq = create_cq(kit)) != NULL);
	kit->chan = mlx5dv_devx_create_event_channel(kit->ctx,
			MLX5DV_DEVX_CREATE_EVENT_CHANNEL_FLAGS_OMIT_EV_DATA);
	MUST(kit->chan != NULL);
	MUST(mlx5dv_devx_subscribe_devx_event(kit->chan, kit->cq, sizeof(completion), &completion,
			     42) == 0);
}

static void
unmake(struct kit *kit)
{
	struct pollfd pfd = { .fd = kit->chan->fd, .events = POLLIN };

	MUST(poll(&pfd, 1, 0) == 0); /* nothing happened, nothing was told */
	/* The domain is used by the region: its end must wait. */
	MUST(ibv_dealloc_pd(kit->pd) != 0);
	/* So is the umem, by the CQ. */
	MUST(mlx5dv_devx_umem_dereg(kit->umem) != 0);
	MUST(mlx5dv_devx_obj_destroy(kit->cq) == 0);
	mlx5dv_devx_destroy_event_channel(kit->chan);
	MUST(mlx5dv_devx_obj_destroy(kit->td) == 0);
	munmap(kit->var_page, kit->var->length);
	mlx5dv_free_var(kit->var);
	mlx5dv_devx_free_uar(kit->uar);
	MUST(mlx5dv_devx_umem_dereg(kit->umem) == 0);
	MUST(ibv_dereg_mr(kit->null_mr) == 0);
	MUST(ibv_dereg_mr(kit->mr) == 0);
	MUST(ibv_dealloc_pd(kit->pd) == 0);
	munmap(kit->mem, 4 * PAGE);
	MUST(ibv_close_device(kit->ctx) == 0);
}

static void
story_tidy(void)
{
	struct kit kit;

	make(&kit);
	unmake(&kit);
	make(&kit); /* descriptor numbers and handles are used a second time */
	unmake(&kit);
}

static void
story_untidy(void)
{
	struct ibv_context *ctx = devx_story_open();

	MUST(ibv_alloc_pd(ctx) != NULL);
	MUST(create_td(ctx) != NULL);
	MUST(ibv_close_device(ctx) == 0);
}

static void
story_refused(void)
{
	uint8_t in[64] = { 0 }, out[64] = { 0 };
	struct ibv_context *ctx = devx_story_open();
	struct mlx5dv_devx_obj *td = create_td(ctx);
	struct ibv_pd *pd = ibv_alloc_pd(ctx);
	void *hole = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* an object by the wrong method, an opcode that nobody knows */
	PRM_SET(cmd_in, in, opcode, PRM_OP_ALLOC_TRANSPORT_DOMAIN);
	MUST(mlx5dv_devx_general_cmd(ctx, in, 16, out, 16) != 0 && errno == EINVAL);
	PRM_SET(cmd_in, in, opcode, 0x7ff);
	MUST(mlx5dv_devx_obj_create(ctx, in, 16, out, 16) == NULL && errno == EINVAL);
	/* a command on another object than the handle's */
	PRM_SET(cmd_in, in, opcode, PRM_OP_2RST_QP);
	MUST(mlx5dv_devx_obj_modify(td, in, 16, out, 16) != 0 && errno == EINVAL);
	/* the firmware says no: status and syndrome are handed out */
	PRM_SET(cmd_in, in, opcode, PRM_OP_QUERY_HCA_CAP);
	PRM_SET(cmd_in, in, op_mod, 0x7f << 1);
	MUST(mlx5dv_devx_general_cmd(ctx, in, 16, out, 16) != 0 && errno == EREMOTEIO);
	MUST(PRM_GET(cmd_out, out, status) != PRM_STATUS_OK);
	/* memory that may not be written, memory that is not there */
	MUST(hole != MAP_FAILED);
	MUST(ibv_reg_mr(pd, hole, PAGE, IBV_ACCESS_LOCAL_WRITE) == NULL && errno == EFAULT);
	MUST(mlx5dv_devx_umem_reg(ctx, hole, PAGE, IBV_ACCESS_LOCAL_WRITE) == NULL &&
			errno == EFAULT);
	munmap(hole, PAGE);
	MUST(ibv_reg_mr(pd, hole, PAGE, 0) == NULL && errno == EFAULT);
	/* nothing of that did harm */
	query_cap(ctx);
	MUST(mlx5dv_devx_obj_destroy(td) == 0);
	MUST(ibv_dealloc_pd(pd) == 0);
	MUST(ibv_close_device(ctx) == 0);
}

static void
story_fork(void)
{
	struct kit kit;
	int status;
	pid_t pid;

	make(&kit);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		_exit(create_td(kit.ctx) == NULL ? 0 : 1);
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	unmake(&kit);
}

static void
story_exit(void)
{
	struct kit kit;

	make(&kit);
	exit(0);
}

static bool
is_mapped(const void *p)
{
	unsigned char vec;

	return mincore((void *)(uintptr_t)p, PAGE, &vec) == 0;
}

static uint8_t *
map_pages(unsigned int nb)
{
	void *p = mmap(NULL, nb * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	return p;
}

/* Private pages: whoever unmaps them by any of libc's names takes nothing from the card. */
static void
story_unmap(void)
{
	struct ibv_context *ctx = devx_story_open();
	uint8_t *mem = map_pages(4), *other = map_pages(2);
	struct mlx5dv_devx_umem *umem = mlx5dv_devx_umem_reg(ctx, mem, 2 * PAGE, 1);
	void *got;

	MUST(umem != NULL);
	MUST(munmap(mem + 2 * PAGE, PAGE) == 0 && !is_mapped(mem + 2 * PAGE));
	mem[0] = 1;
	MUST(munmap(mem, 4 * PAGE) == 0);
	MUST(is_mapped(mem) && is_mapped(mem + PAGE) && !is_mapped(mem + 3 * PAGE) && mem[0] == 1);
	/* moved onto a page that was given back: that one is the program's again */
	other[0] = 7;
	got = mremap(other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, mem + PAGE);
	MUST(got == mem + PAGE && mem[PAGE] == 7);
	MUST(mlx5dv_devx_umem_dereg(umem) == 0);
	MUST(!is_mapped(mem) && is_mapped(mem + PAGE));
	MUST(munmap(mem + PAGE, PAGE) == 0 && !is_mapped(mem + PAGE));
	/* pages that move away take their contents along */
	other = map_pages(2);
	other[0] = 8;
	umem = mlx5dv_devx_umem_reg(ctx, other, PAGE, 1);
	MUST(umem != NULL);
	got = mremap(other, 2 * PAGE, 400 * PAGE, MREMAP_MAYMOVE);
	MUST(got != MAP_FAILED && ((uint8_t *)got)[0] == 8);
	MUST(got == other || (is_mapped(other) && other[0] == 0));
	MUST(mlx5dv_devx_umem_dereg(umem) == 0);
	MUST(munmap(got, 400 * PAGE) == 0 && !is_mapped(other));
	MUST(ibv_close_device(ctx) == 0);
}

/* Answers of queries come from a descriptor, each once, with the number that the query was given. */
static void
story_async(void)
{
	uint8_t in[PRM_SIZE(create_virtio_q_counters_in)] = { 0 }, out[72] = { 0 };
	uint64_t answer[(sizeof(struct mlx5dv_devx_async_cmd_hdr) + sizeof(out)) / 8];
	struct mlx5dv_devx_async_cmd_hdr *hdr = (struct mlx5dv_devx_async_cmd_hdr *)answer;
	struct ibv_context *ctx = devx_story_open();
	struct mlx5dv_devx_cmd_comp *comp = mlx5dv_devx_create_cmd_comp(ctx);
	struct mlx5dv_devx_obj *obj;
	uint64_t i, seen = 0;

	MUST(comp != NULL);
	PRM_SET(cmd_in, in, opcode, PRM_OP_CREATE_GENERAL_OBJECT);
	PRM_SET(cmd_in, in, op_mod, PRM_OBJ_VIRTIO_Q_COUNTERS);
	obj = mlx5dv_devx_obj_create(ctx, in, sizeof(in), out, 16);
	MUST(obj != NULL);
	PRM_SET(cmd_in, in, opcode, PRM_OP_QUERY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, PRM_GET(general_obj_out_cmd_hdr, out, obj_id));
	for (i = 0; i < 8; i++)
		MUST(mlx5dv_devx_obj_query_async(obj, in, 16, sizeof(out), i, comp) == 0);
	for (i = 0; i < 8; i++) {
		MUST(mlx5dv_devx_get_async_cmd_comp(comp, hdr, sizeof(answer)) == 0);
		MUST(hdr->wr_id < 8 && (seen >> hdr->wr_id & 1) == 0); /* in any order */
		seen |= 1ULL << hdr->wr_id;
		MUST(PRM_GET(cmd_out, hdr->out_data, status) == PRM_STATUS_OK);
	}
	mlx5dv_devx_destroy_cmd_comp(comp);
	MUST(mlx5dv_devx_obj_destroy(obj) == 0);
	MUST(ibv_close_device(ctx) == 0);
}

int
main(int argc, char **argv)
{
	static const struct devx_story stories[] = {
		{ "tidy", story_tidy },
		{ "untidy", story_untidy },
		{ "refused", story_refused },
		{ "fork", story_fork },
		{ "exit", story_exit },
		{ "unmap", story_unmap },
		{ "async", story_async },
		{ NULL, NULL },
	};

	return devx_story_main(stories, argc, argv);
}
