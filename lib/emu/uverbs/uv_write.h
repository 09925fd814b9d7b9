/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * DEVICE/INVOKE_WRITE: old-style write() commands in the clothes of an ioctl. Inside the handler
 * of such a command the attributes are UVERBS_ATTR_CORE_IN/_OUT and UVERBS_ATTR_UHW_IN/_OUT.
 */
#ifndef UV_WRITE_H
#define UV_WRITE_H

#include "uv.h"

/** The method, for the driver's DEVICE object. */
#define UV_METHOD_INVOKE_WRITE                                                                     \
	{                                                                                          \
		.id = UVERBS_METHOD_INVOKE_WRITE, .name = "INVOKE_WRITE", .attrs = uv_write_attrs, \
		.nb_attrs = UV_NB_WRITE_ATTRS, .handler = uv_write_invoke                          \
	}

#define UV_NB_WRITE_ATTRS 5u
extern const struct uv_attr_def uv_write_attrs[UV_NB_WRITE_ATTRS];

int uv_write_invoke(struct uv_call *call);

#endif /* UV_WRITE_H */
