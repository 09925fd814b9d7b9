/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what a handler may ask of its call. Everything was checked when the
 * attributes were bound, so asking for an attribute that the method does not declare is a mistake
 * in the driver's tables and asserted.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "uv_call.h"
#include "uv_user.h"

struct uv_file *
uv_call_file(const struct uv_call *call)
{
	return call->file;
}

void *
uv_priv(const struct uv_call *call)
{
	return uv_file_priv(call->file);
}

static const struct uv_slot *
uv_slot(const struct uv_call *call, uint16_t attr)
{
	unsigned int i;

	for (i = 0; i < call->method->nb_attrs; i++) {
		if (call->method->attrs[i].id == attr)
			return &call->slots[i];
	}
	assert(!"attribute not declared");
	return NULL;
}

bool
uv_has(const struct uv_call *call, uint16_t attr)
{
	return uv_slot(call, attr)->present;
}

const void *
uv_in(const struct uv_call *call, uint16_t attr, size_t *len)
{
	const struct uv_slot *slot = uv_slot(call, attr);

	if (len != NULL)
		*len = slot->present ? slot->user.len : 0;
	return slot->data;
}

uint64_t
uv_in_u64(const struct uv_call *call, uint16_t attr)
{
	const struct uv_slot *slot = uv_slot(call, attr);
	uint64_t value = 0;

	if (slot->present)
		memcpy(&value, slot->data,
				slot->user.len < sizeof(value) ? slot->user.len : sizeof(value));
	return value;
}

uint32_t
uv_in_u32(const struct uv_call *call, uint16_t attr)
{
	const struct uv_slot *slot = uv_slot(call, attr);
	uint32_t value = 0;

	if (slot->present)
		memcpy(&value, slot->data,
				slot->user.len < sizeof(value) ? slot->user.len : sizeof(value));
	return value;
}

int
uv_in_flags(const struct uv_call *call, uint16_t attr, uint64_t allowed, uint64_t *flags)
{
	const struct uv_slot *slot = uv_slot(call, attr);

	*flags = 0;
	if (!slot->present)
		return 0;
	if (slot->user.len == sizeof(uint64_t))
		*flags = uv_in_u64(call, attr);
	else if (slot->user.len == sizeof(uint32_t))
		*flags = uv_in_u32(call, attr);
	else
		return -EINVAL;
	return (*flags & ~allowed) == 0 ? 0 : -EINVAL;
}

int
uv_in_const(const struct uv_call *call, uint16_t attr, uint64_t max, uint64_t *value)
{
	*value = uv_in_u64(call, attr);
	return *value <= max ? 0 : -EINVAL;
}

unsigned int
uv_in_elem(const struct uv_call *call, uint16_t attr)
{
	return uv_slot(call, attr)->user.attr_data.enum_data.elem_id;
}

size_t
uv_out_len(const struct uv_call *call, uint16_t attr)
{
	const struct uv_slot *slot = uv_slot(call, attr);

	return slot->present ? slot->user.len : 0;
}

int
uv_out(struct uv_call *call, uint16_t attr, const void *src, size_t len)
{
	const struct uv_slot *slot = uv_slot(call, attr);
	uint16_t flags = slot->user.flags | UVERBS_ATTR_F_VALID_OUTPUT;
	int ret;

	if (!slot->present)
		return -ENOENT;
	ret = uv_copy_to(slot->user.data, src, len < slot->user.len ? len : slot->user.len);
	if (ret != 0)
		return ret;
	return uv_copy_to(slot->uaddr + offsetof(struct ib_uverbs_attr, flags), &flags,
			sizeof(flags));
}

int
uv_out_struct(struct uv_call *call, uint16_t attr, const void *src, size_t len)
{
	const struct uv_slot *slot = uv_slot(call, attr);
	void *zero;
	int ret = 0;

	if (slot->present && slot->user.len > len) {
		zero = calloc(1, slot->user.len - len);
		if (zero == NULL)
			return -ENOMEM;
		ret = uv_copy_to(slot->user.data + len, zero, slot->user.len - len);
		free(zero);
	}
	return ret != 0 ? ret : uv_out(call, attr, src, len);
}

struct uv_obj *
uv_attr_obj(const struct uv_call *call, uint16_t attr)
{
	return uv_slot(call, attr)->obj;
}

int
uv_obj_get(struct uv_call *call, uint16_t type, uint32_t id, enum uv_access access,
		struct uv_obj **obj)
{
	const struct uv_object_def *def = uv_api_object(call->api, type);
	struct uv_slot *slot = &call->extra[call->nb_extra];
	int ret;

	assert(call->nb_extra < UV_MAX_EXTRA && def != NULL);
	if (access == UV_NEW)
		ret = uv_obj_begin(call->file, def, &slot->obj);
	else
		ret = uv_obj_take(call->file, def, id, access, &slot->obj);
	if (ret != 0)
		return ret;
	if (access == UV_DESTROY) {
		ret = uv_obj_destroy(slot->obj);
		if (ret != 0)
			uv_obj_put(slot->obj);
		slot->obj = NULL;
		*obj = NULL;
		return ret;
	}
	slot->access = (uint8_t)access;
	*obj = slot->obj;
	call->nb_extra++;
	return 0;
}

int
uv_context_begin(struct uv_call *call)
{
	int ret = uv_file_set_context(call->file, UV_CONTEXT_NONE, UV_CONTEXT_MAKING);

	if (ret == 0)
		call->makes_context = true;
	return ret;
}

bool
uv_has_context(const struct uv_call *call)
{
	return uv_file_has_context(call->file);
}
