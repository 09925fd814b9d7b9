/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: opening the device file makes a memfd and a table of its pages; the user
 * context (the firmware's uid) comes with GET_CONTEXT. Pages are doorbell pages (UAR, VAR): the
 * memfd is sparse, a page costs memory when it is touched. The memfd is sealed, because it is sent
 * to other processes (host notifiers), which must not be able to cut it under our feet.
 *
 * Only dynamic doorbell pages are offered (tot_bfregs 0): the library then maps none at open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/mlx5-abi.h>

#include "mib_ctx.h"
#include "mib_event.h"
#include "mib_pin.h"

/* Pages of one file; numbers go round, so that a stale mapping hits nobody for a long time. */
#define MIB_MAX_PAGES 65536u

static int
mib_memfd(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) != 0 ||
			fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	return fd;
}

struct mib_orphan {
	struct mib_orphan *next;
	struct mib_pin *pin;
	void *owner;
};

void
mib_ctx_orphan(struct mib_ctx *ctx, struct mib_pin *pin, void *owner)
{
	struct mib_orphan *orphan = malloc(sizeof(*orphan));

	if (orphan == NULL)
		return; /* a leak is better than pages that go while they are used */
	orphan->pin = pin;
	orphan->owner = owner;
	base_mutex_lock(&ctx->orphan_lock);
	orphan->next = ctx->orphans;
	ctx->orphans = orphan;
	base_mutex_unlock(&ctx->orphan_lock);
}

static void
mib_ctx_free_orphans(struct mib_ctx *ctx)
{
	struct mib_orphan *orphan;

	base_mutex_lock(&ctx->orphan_lock);
	while ((orphan = ctx->orphans) != NULL) {
		ctx->orphans = orphan->next;
		mib_unpin(orphan->pin);
		free(orphan->owner);
		free(orphan);
	}
	base_mutex_unlock(&ctx->orphan_lock);
}

static void
mib_ctx_free(void *priv)
{
	struct mib_ctx *ctx = priv;

	fw_uctx_destroy(ctx->uctx);
	mib_ctx_free_orphans(ctx); /* nobody uses them any more */
	close(ctx->memfd);
	base_mutex_lock(&ctx->page_lock);
	base_idtab_fini(&ctx->pages);
	base_mutex_unlock(&ctx->page_lock);
	base_mutex_destroy(&ctx->page_lock);
	base_mutex_destroy(&ctx->event_lock);
	base_mutex_destroy(&ctx->orphan_lock);
	free(ctx);
}

static struct mib_ctx *
mib_ctx_alloc(const struct mib_open_attr *attr)
{
	struct mib_ctx *ctx = calloc(1, sizeof(*ctx));

	if (ctx == NULL)
		return NULL;
	ctx->attr = *attr;
	strncpy(ctx->name, attr->name, sizeof(ctx->name) - 1);
	ctx->page_size = (size_t)sysconf(_SC_PAGESIZE);
	base_mutex_init(&ctx->page_lock);
	base_mutex_init(&ctx->event_lock);
	base_mutex_init(&ctx->orphan_lock);
	base_mutex_lock(&ctx->page_lock);
	base_idtab_init(&ctx->pages, 0, MIB_MAX_PAGES);
	base_mutex_unlock(&ctx->page_lock);
	return ctx;
}

int
mib_open(const struct mib_open_attr *attr, struct uv_file **file, int *fdp)
{
	struct uv_file_attr fattr = {
		.api = &mib_api,
		.name = attr->name,
		.log = attr->log,
		.release = mib_ctx_free,
		.fd_publish = attr->fd_publish,
		.arg = attr->arg,
		.trace = attr->trace,
	};
	struct mib_ctx *ctx = mib_ctx_alloc(attr);
	int fd, ret;

	if (ctx == NULL)
		return -ENOMEM;
	ctx->memfd = mib_memfd(attr->name, MIB_MAX_PAGES * ctx->page_size);
	if (ctx->memfd < 0) {
		ret = ctx->memfd;
		goto free_ctx;
	}
	fd = fcntl(ctx->memfd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0) {
		ret = -errno;
		goto free_ctx;
	}
	fattr.priv = ctx;
	ret = uv_file_create(&fattr, file);
	if (ret != 0)
		goto close_fd;
	*fdp = fd;
	return 0;

close_fd:
	close(fd);
free_ctx:
	mib_ctx_free(ctx);
	return ret;
}

/* The table needs a non-NULL object for a taken number; the context itself will do. */
int
mib_page_alloc(struct mib_ctx *ctx, uint32_t *index, uint64_t *offset)
{
	int ret;

	base_mutex_lock(&ctx->page_lock);
	ret = base_idtab_add(&ctx->pages, ctx, index);
	base_mutex_unlock(&ctx->page_lock);
	if (ret == 0)
		*offset = (uint64_t)*index * ctx->page_size;
	return ret;
}

void
mib_page_free(struct mib_ctx *ctx, uint32_t index)
{
	base_mutex_lock(&ctx->page_lock);
	base_idtab_del(&ctx->pages, index);
	base_mutex_unlock(&ctx->page_lock);
}

/* --- GET_CONTEXT ---------------------------------------------------------------------------- */

static int
mib_context_check(struct mib_ctx *ctx, const struct mlx5_ib_alloc_ucontext_req_v2 *req)
{
	if ((req->flags & ~(uint32_t)MLX5_IB_ALLOC_UCTX_DEVX) != 0)
		return -EINVAL;
	if (req->comp_mask != 0 || req->reserved0 != 0 || req->reserved1 != 0 ||
			req->reserved2 != 0)
		return -EOPNOTSUPP;
	if (req->total_num_bfregs == 0 || req->num_low_latency_bfregs > req->total_num_bfregs - 1)
		return -EINVAL;
	if ((req->lib_caps & MLX5_LIB_CAP_DYN_UAR) == 0) {
		mib_err(ctx, "GET_CONTEXT: a library without dynamic UARs is not supported");
		return -EOPNOTSUPP;
	}
	return 0;
}

static void
mib_context_resp(const struct mib_ctx *ctx, uint8_t max_cqe_version,
		struct mlx5_ib_alloc_ucontext_resp *resp)
{
	*resp = (struct mlx5_ib_alloc_ucontext_resp){
		.qp_tab_size = 1u << 18,
		.bf_reg_size = 512,
		.tot_bfregs = 0,
		.cache_line_size = 64,
		.max_sq_desc_sz = 1024,
		.max_rq_desc_sz = 512,
		.max_send_wqebb = 32768,
		.max_recv_wr = 32768,
		.max_srq_recv_wr = 32768,
		.num_ports = 1,
		/* The library asks for the null key with no call of its own. */
		.comp_mask = MLX5_IB_ALLOC_UCONTEXT_RESP_MASK_DUMP_FILL_MKEY,
		.cqe_version = max_cqe_version < 1 ? max_cqe_version : 1,
		.eth_min_inline = MLX5_USER_INLINE_MODE_NONE,
		.log_uar_size = (uint32_t)__builtin_ctzl(ctx->page_size),
		.num_uars_per_page = 1,
		.dump_fill_mkey = FW_NULL_MKEY,
	};
}

int
mib_get_context(struct uv_call *call)
{
	struct mlx5_ib_alloc_ucontext_req_v2 req = { 0 };
	struct mlx5_ib_alloc_ucontext_resp resp;
	const uint64_t core = IB_UVERBS_CORE_SUPPORT_OPTIONAL_MR_ACCESS;
	const uint32_t vectors = FW_NB_VECTORS;
	struct mib_ctx *ctx = mib_ctx(call);
	size_t len, outlen = uv_out_len(call, UVERBS_ATTR_UHW_OUT);
	const void *in = uv_in(call, UVERBS_ATTR_UHW_IN, &len);
	int ret;

	if (len < sizeof(req)) {
		mib_err(ctx, "GET_CONTEXT: request of %zu bytes, old libraries are not supported",
				len);
		return -EINVAL;
	}
	memcpy(&req, in, sizeof(req));
	ret = mib_context_check(ctx, &req);
	if (ret == 0)
		ret = uv_context_begin(call);
	if (ret != 0)
		return ret;
	mib_context_resp(ctx, req.max_cqe_version, &resp);
	resp.response_length = (uint32_t)(outlen < sizeof(resp) ? outlen : sizeof(resp));
	uv_out(call, UVERBS_ATTR_GET_CONTEXT_NUM_COMP_VECTORS, &vectors, sizeof(vectors));
	uv_out(call, UVERBS_ATTR_GET_CONTEXT_CORE_SUPPORT, &core, sizeof(core));
	ret = uv_out(call, UVERBS_ATTR_UHW_OUT, &resp, sizeof(resp));
	if (ret != 0)
		return ret;
	ctx->devx = (req.flags & MLX5_IB_ALLOC_UCTX_DEVX) != 0;
	return fw_uctx_create(ctx->attr.func, &mib_event_ops, ctx, &ctx->uctx);
}
