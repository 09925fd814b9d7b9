/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Inside of mlx5_ib: DevX event channels and who listens to what.
 */
#ifndef MIB_EVENT_H
#define MIB_EVENT_H

#include "mib_ctx.h"

/** Most events that one subscription may name. */
#define MIB_MAX_EVENTS 16u

/** Ears of a user context, for fw_uctx_create(); the argument is the struct mib_ctx. */
extern const struct fw_uctx_ops mib_event_ops;

struct mib_sub_attr {
	struct uv_obj *chan; /**< of type event_fd */
	const struct uv_obj *obj; /**< listened to */
	const struct prm_obj_kind *kind; /**< its kind and number */
	uint32_t id;
	uint64_t cookie;
	int eventfd; /**< told instead of the channel; -1: none. Is duplicated */
	const uint16_t *events; /**< enum prm_event */
	size_t nb_events;
};

/**
 * Listens to events of one object, to all that are named or to none.
 * @return 0; -EINVAL the object has no such event, or @c eventfd is another kind of file; -EBADF;
 * -ENOMEM.
 */
int mib_subscribe(struct mib_ctx *ctx, const struct mib_sub_attr *attr);
/** The object is gone. */
void mib_unsubscribe_obj(struct mib_ctx *ctx, const struct uv_obj *obj);

#endif /* MIB_EVENT_H */
