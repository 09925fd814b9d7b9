/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation of one call: the header is copied and checked, the method is looked up, the
 * attributes are copied once and each is bound to its declaration: sizes checked, input copied
 * into memory of the call, objects found and taken. Only then objects of UV_DESTROY are destroyed
 * and the handler runs. After it the call is committed (new handles become visible and are
 * written to the user's attributes) or aborted (new objects are destroyed again), and everything
 * taken is given back.
 *
 * Which error comes first follows the kernel: the header, the method, then attribute by attribute
 * in the user's order, missing mandatory ones last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl_cmds.h>

#include "base_clock.h"
#include "base_math.h"
#include "uv_call.h"
#include "uv_user.h"
#include "uv_write.h"

/* The kernel takes one page of header and attributes. */
#define UV_MAX_CALL 4096u
/* Copied with the header; most calls have no more attributes. */
#define UV_FIRST_ATTRS 8u

/* What the user gave: header and attributes, copied once. */
union uv_args {
	struct ib_uverbs_ioctl_hdr hdr;
	uint8_t bytes[UV_MAX_CALL];
};

struct uv_head {
	union uv_args *args;
	uint64_t uaddr; /* where the user has them */
	size_t have; /* bytes of them that are there; at least the header */
};

/*
 * Copies the header, and with it what most calls have besides: a copy is a system call, which is
 * the larger part of a short one's time. More than the header is read as far as its page goes,
 * which is there if the header is.
 */
static int
uv_head_read(struct uv_head *head)
{
	const size_t hdr = sizeof(head->args->hdr);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t to_end = page - (head->uaddr & (page - 1));

	head->have = hdr + UV_FIRST_ATTRS * sizeof(head->args->hdr.attrs[0]);
	if (head->have > to_end)
		head->have = to_end > hdr ? (size_t)to_end : hdr;
	return uv_copy_from(head->args->bytes, head->uaddr, head->have);
}

static const struct uv_method_def *
uv_method(const struct uv_api *api, uint16_t object, uint16_t method)
{
	const struct uv_object_def *def = uv_api_object(api, object);
	size_t i;

	for (i = 0; def != NULL && i < def->nb_methods; i++) {
		if (def->methods[i].id == method)
			return &def->methods[i];
	}
	return NULL;
}

static bool
uv_is_zero(const uint8_t *p, size_t len)
{
	while (len > 0 && *p == 0) {
		p++;
		len--;
	}
	return len == 0;
}

static int
uv_bind_in(const struct uv_attr_def *def, struct uv_slot *slot)
{
	struct ib_uverbs_attr *ua = &slot->user;

	if (ua->len < def->min_len || (ua->len > def->max_len && !def->zero_tail))
		return -EINVAL;
	if (ua->len <= sizeof(ua->data)) {
		slot->data = &ua->data;
	} else {
		slot->copy = malloc(ua->len);
		if (slot->copy == NULL)
			return -ENOMEM;
		if (uv_copy_from(slot->copy, ua->data, ua->len) != 0)
			return -EFAULT;
		slot->data = slot->copy;
	}
	if (ua->len > def->max_len &&
			!uv_is_zero((const uint8_t *)slot->data + def->max_len,
					(size_t)ua->len - def->max_len))
		return -EOPNOTSUPP;
	return 0;
}

static int
uv_bind_enum(const struct uv_attr_def *def, struct uv_slot *slot)
{
	uint8_t elem = slot->user.attr_data.enum_data.elem_id;

	if (elem >= def->nb_elems)
		return -EOPNOTSUPP;
	if (slot->user.attr_data.enum_data.reserved != 0)
		return -EINVAL;
	return uv_bind_in(&def->elems[elem], slot);
}

static int
uv_bind_obj(struct uv_call *call, const struct uv_attr_def *def, struct uv_slot *slot)
{
	const struct uv_object_def *object = uv_api_object(call->api, def->object);

	if (slot->user.len != 0)
		return -EINVAL;
	if (def->access == UV_NEW)
		return uv_obj_begin(call->file, object, &slot->obj);
	return uv_obj_take(call->file, object, slot->user.data_s64, def->access, &slot->obj);
}

static int
uv_bind(struct uv_call *call, const struct ib_uverbs_attr *ua, uint64_t uaddr)
{
	const struct uv_method_def *method = call->method;
	const struct uv_attr_def *def = NULL;
	struct uv_slot *slot;
	unsigned int i;

	for (i = 0; i < method->nb_attrs; i++) {
		if (method->attrs[i].id == ua->attr_id) {
			def = &method->attrs[i];
			break;
		}
	}
	if (def == NULL)
		return (ua->flags & UVERBS_ATTR_F_MANDATORY) != 0 ? -EPROTONOSUPPORT : 0;
	slot = &call->slots[i];
	if (slot->present)
		return -EINVAL;
	slot->present = true;
	slot->user = *ua;
	slot->uaddr = uaddr;
	if (def->kind == UV_ENUM)
		return uv_bind_enum(def, slot);
	if (ua->attr_data.reserved != 0)
		return -EINVAL;
	if (def->kind == UV_IN)
		return uv_bind_in(def, slot);
	if (def->kind == UV_OUT)
		return ua->len < def->min_len || (ua->len > def->max_len && !def->zero_tail) ?
				-EINVAL :
				0;
	return uv_bind_obj(call, def, slot);
}

static int
uv_bind_all(struct uv_call *call, const struct uv_head *head)
{
	const struct ib_uverbs_ioctl_hdr *hdr = &head->args->hdr;
	unsigned int i;
	int ret = 0;

	if (hdr->length > head->have)
		ret = uv_copy_from(head->args->bytes + head->have, head->uaddr + head->have,
				hdr->length - head->have);
	for (i = 0; i < hdr->num_attrs && ret == 0; i++)
		ret = uv_bind(call, &hdr->attrs[i],
				head->uaddr + sizeof(*hdr) + i * sizeof(hdr->attrs[0]));
	for (i = 0; i < call->method->nb_attrs && ret == 0; i++) {
		if (!call->slots[i].present && !call->method->attrs[i].optional)
			ret = -EINVAL;
	}
	return ret;
}

/* Destroys what the method was called to destroy; afterwards the slot is empty. */
static int
uv_run_destroys(struct uv_call *call)
{
	unsigned int i;
	int ret;

	for (i = 0; i < call->method->nb_attrs; i++) {
		const struct uv_attr_def *def = &call->method->attrs[i];
		struct uv_slot *slot = &call->slots[i];

		if ((def->kind != UV_IDR && def->kind != UV_FD) || def->access != UV_DESTROY ||
				slot->obj == NULL)
			continue;
		ret = uv_obj_destroy(slot->obj);
		if (ret != 0)
			return ret;
		slot->obj = NULL;
	}
	return 0;
}

/* Writes a new handle or descriptor into the user's attribute. */
static int
uv_tell_handle(const struct uv_slot *slot)
{
	int64_t value = slot->obj->def->is_fd ? slot->obj->fd : (int64_t)slot->obj->id;

	return uv_copy_to(slot->uaddr + offsetof(struct ib_uverbs_attr, data), &value,
			sizeof(value));
}

static int
uv_commit_slot(const struct uv_attr_def *def, struct uv_slot *slot)
{
	int ret = def != NULL ? uv_tell_handle(slot) : 0;

	if (ret != 0)
		return ret;
	ret = uv_obj_commit(slot->obj);
	if (ret == 0)
		slot->obj = NULL;
	return ret;
}

static void
uv_finish_slot(const struct uv_attr_def *def, struct uv_slot *slot, int *ret, bool ran)
{
	uint8_t access = def != NULL ? def->access : slot->access;

	if (slot->obj != NULL && access == UV_NEW) {
		if (*ret == 0)
			*ret = uv_commit_slot(def, slot);
		if (slot->obj != NULL)
			uv_obj_abort(slot->obj, ran && slot->obj->priv != NULL);
	} else if (slot->obj != NULL) {
		uv_obj_put(slot->obj);
	}
	free(slot->copy);
}

/* Commits or aborts; ran: the handler said yes or no, so new objects may be more than a number. */
static int
uv_finish(struct uv_call *call, int ret, bool ran)
{
	unsigned int i;

	for (i = 0; i < call->method->nb_attrs; i++)
		uv_finish_slot(&call->method->attrs[i], &call->slots[i], &ret, ran);
	for (i = 0; i < call->nb_extra; i++)
		uv_finish_slot(NULL, &call->extra[i], &ret, ran);
	if (call->makes_context)
		uv_file_set_context(call->file, UV_CONTEXT_MAKING,
				ret == 0 ? UV_CONTEXT_MADE : UV_CONTEXT_NONE);
	return ret;
}

/* @p write: where the name of a command in INVOKE_WRITE goes, or NULL. */
static int
uv_run(struct uv_file *file, const struct uv_head *head, const char **write)
{
	const struct ib_uverbs_ioctl_hdr *hdr = &head->args->hdr;
	struct uv_call call = { .file = file, .api = uv_file_api(file) };
	bool ran = false;
	int ret;

	if (hdr->driver_id != call.api->driver_id)
		return -EINVAL;
	call.method = uv_method(call.api, hdr->object_id, hdr->method_id);
	if (call.method == NULL)
		return -EPROTONOSUPPORT;
	/* As uverbs_disassociate_api() of Linux: what has no code but the destruction of its
	 * objects still works; commands in INVOKE_WRITE are looked at there. */
	if (uv_file_is_gone(file) && call.method->handler != NULL &&
			call.method->handler != uv_write_invoke)
		return -EIO;
	ret = uv_bind_all(&call, head);
	if (ret == 0)
		ret = uv_run_destroys(&call);
	if (ret == 0 && call.method->handler != NULL) {
		ran = true;
		ret = call.method->handler(&call);
	}
	ret = uv_finish(&call, ret, ran);
	if (write != NULL)
		*write = call.write_name;
	if (ret != 0)
		base_dbg(uv_file_log(file), "%s: %s: %s", uv_file_name(file), call.method->name,
				strerror(-ret));
	return ret;
}

/* What came in, in words. */
static void
uv_trace_names(const struct uv_api *api, const struct ib_uverbs_ioctl_hdr *hdr,
		struct uv_trace_call *trace)
{
	const struct uv_object_def *object = uv_api_object(api, hdr->object_id);
	const struct uv_method_def *method = uv_method(api, hdr->object_id, hdr->method_id);

	trace->object = object != NULL ? object->name : "?";
	trace->method = method != NULL ? method->name : "?";
}

static int
uv_run_traced(struct uv_file *file, const struct uv_head *head)
{
	const struct uv_trace *trace = uv_file_trace(file);
	struct uv_trace_call call = { .start_ns = base_clock_ns(), .file = uv_file_name(file) };
	int ret = uv_run(file, head, &call.write);

	call.duration_ns = base_clock_ns() - call.start_ns;
	call.error = -ret;
	uv_trace_names(uv_file_api(file), &head->args->hdr, &call);
	trace->call(trace->arg, &call);
	return ret;
}

static bool
uv_is_traced(const struct uv_file *file)
{
	const struct uv_trace *trace = uv_file_trace(file);

	return trace != NULL && __atomic_load_n(&trace->on, __ATOMIC_RELAXED) != 0;
}

int
uv_ioctl(struct uv_file *file, unsigned long cmd, uint64_t arg)
{
	union uv_args args;
	const struct ib_uverbs_ioctl_hdr *hdr = &args.hdr;
	struct uv_head head = { .args = &args, .uaddr = arg };
	int ret;

	if (cmd != RDMA_VERBS_IOCTL)
		return -ENOTTY;
	ret = uv_head_read(&head);
	if (ret != 0)
		return ret;
	if (hdr->length > UV_MAX_CALL ||
			hdr->length != sizeof(*hdr) + hdr->num_attrs * sizeof(hdr->attrs[0]))
		return -EINVAL;
	if (hdr->reserved1 != 0 || hdr->reserved2 != 0)
		return -EPROTONOSUPPORT;
	ret = uv_file_enter(file);
	if (ret != 0)
		return ret;
	if (__builtin_expect(uv_is_traced(file), 0))
		ret = uv_run_traced(file, &head);
	else
		ret = uv_run(file, &head, NULL);
	uv_file_leave(file);
	if (ret == -EPROTONOSUPPORT)
		base_info(uv_file_log(file), "%s: no such call: object %#x method %#x",
				uv_file_name(file), hdr->object_id, hdr->method_id);
	return ret;
}
