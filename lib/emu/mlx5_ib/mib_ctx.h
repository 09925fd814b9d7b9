/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Inside of mlx5_ib: the state of one open file, and the objects' declarations.
 */
#ifndef MIB_CTX_H
#define MIB_CTX_H

#include "base_idtab.h"
#include "base_mutex.h"
#include "mib.h"

struct mib_sub; /* mib_event.c */
struct mib_chan;
struct mib_orphan; /* mib_ctx.c */
struct mib_pin;

struct mib_ctx {
	struct mib_open_attr attr; /**< fixed */
	char name[32]; /**< fixed */
	int memfd; /**< our own descriptor of the pages' memfd */
	size_t page_size;
	struct fw_uctx *uctx; /**< NULL until GET_CONTEXT */
	bool devx; /**< the user asked for DevX */
	struct base_mutex page_lock; /**< leaf */
	struct base_idtab pages BASE_GUARDED_BY(page_lock);
	/** Leaf; also taken by the firmware's callbacks, under the card's lock. */
	struct base_mutex event_lock;
	struct mib_sub *subs BASE_GUARDED_BY(event_lock);
	struct mib_chan *asyncs BASE_GUARDED_BY(event_lock); /**< channels of verbs' events */
	/** Memory that the firmware may use to the context's end; leaf lock. */
	struct base_mutex orphan_lock;
	struct mib_orphan *orphans BASE_GUARDED_BY(orphan_lock);
};

static inline struct mib_ctx *
mib_ctx(const struct uv_call *call)
{
	return uv_priv(call);
}

/** The context that an object was made in. */
static inline struct mib_ctx *
mib_obj_ctx(const struct uv_obj *obj)
{
	return uv_file_priv(obj->file);
}

#define mib_err(ctx, fmt, ...) base_err((ctx)->attr.log, "%s: " fmt, (ctx)->name, ##__VA_ARGS__)
#define mib_warn(ctx, fmt, ...) base_warn((ctx)->attr.log, "%s: " fmt, (ctx)->name, ##__VA_ARGS__)

#define MIB_PORT 1u /**< number of a device's only port */

/** Takes a page of the memfd; *@p offset is where the user maps it. */
int mib_page_alloc(struct mib_ctx *ctx, uint32_t *index, uint64_t *offset);
void mib_page_free(struct mib_ctx *ctx, uint32_t index);

/**
 * An object is gone but the firmware would not let go of its memory: the context unpins it when it
 * has ended itself. Takes over @p pin, and frees @p owner then, which holds it.
 */
void mib_ctx_orphan(struct mib_ctx *ctx, struct mib_pin *pin, void *owner);

int mib_get_context(struct uv_call *call);

extern const struct uv_api mib_api;
extern const struct uv_object_def mib_device_def, mib_pd_def, mib_mr_def, mib_flow_def,
		mib_async_def, mib_devx_def, mib_devx_obj_def, mib_umem_def, mib_matcher_def,
		mib_event_fd_def, mib_async_cmd_def, mib_var_def, mib_uar_def;

int mib_cmd_query_device(struct uv_call *call);
int mib_cmd_ex_query_device(struct uv_call *call);
int mib_cmd_alloc_pd(struct uv_call *call);
int mib_cmd_dealloc_pd(struct uv_call *call);
int mib_cmd_reg_mr(struct uv_call *call);
int mib_cmd_dereg_mr(struct uv_call *call);

#endif /* MIB_CTX_H */
