/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A toy driver with every kind of attribute, and calls that are wrong in one way each: the errno
 * is what the kernel gives, and nothing is made, kept or lost.
 */
#if defined(__clang__) /* a header with its attributes behind it, as user space lays them out */
#pragma clang diagnostic ignored "-Wgnu-variable-sized-type-not-at-end"
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_user_ioctl_cmds.h>

#include "base_math.h"
#include "uv.h"
#include "uv_write.h"

#define DRIVER 1
enum {
	OBJ_DEVICE,
	OBJ_TOY,
	OBJ_CHAN
};
enum {
	M_WRITE,
	M_CONTEXT,
	M_NEW = 0,
	M_DESTROY,
	M_USE,
	M_HOLD,
	M_CHAN_NEW = 0
};
enum {
	A_HANDLE = 0x1000,
	A_IN,
	A_OUT,
	A_CONST,
	A_FLAGS,
	A_ENUM,
	A_CHAN
};

static int destroy_errno;
static unsigned int nb_destroyed;
static uint32_t seen_flags;
static unsigned int seen_elem;
static uint8_t seen_payload;
static struct uv_obj *published;
static int context_errno, half_made_errno[2];

static int
toy_destroy(struct uv_obj *obj)
{
	if (destroy_errno != 0 && !uv_obj_is_forced(obj))
		return destroy_errno;
	nb_destroyed++;
	free(obj->priv);
	return 0;
}

static int
chan_destroy(struct uv_obj *obj)
{
	nb_destroyed++;
	free(obj->priv);
	return 0;
}

static int
toy_new(struct uv_call *call)
{
	struct uv_obj *obj = uv_attr_obj(call, A_HANDLE);
	size_t len;
	const uint8_t *in = uv_in(call, A_IN, &len);
	uint32_t out = 0x11223344;

	if (in[0] == 0xee)
		return -EIO; /* before anything was made */
	obj->priv = malloc(4);
	if (in[0] == 0xff)
		return -EIO; /* after */
	return uv_out_struct(call, A_OUT, &out, sizeof(out));
}

static int
toy_use(struct uv_call *call)
{
	uint64_t flags, value;

	if (uv_in_flags(call, A_FLAGS, 3, &flags) != 0 ||
			uv_in_const(call, A_CONST, 7, &value) != 0)
		return -EINVAL;
	seen_flags = (uint32_t)flags;
	if (uv_has(call, A_ENUM)) {
		seen_elem = uv_in_elem(call, A_ENUM);
		seen_payload = *(const uint8_t *)uv_in(call, A_ENUM, NULL);
	}
	return 0;
}

/* Uses the object alone and calls in again meanwhile, as another thread would. */
static int held_errno;
static struct uv_file *held_file;
static int one_attr_call(struct uv_file *file, unsigned int method, uint32_t handle);
static int make_toy(struct uv_file *file, uint8_t first, uint32_t *handle);
static int context_call(struct uv_file *file);

static int
toy_hold(struct uv_call *call)
{
	held_errno = one_attr_call(held_file, M_HOLD, uv_attr_obj(call, A_HANDLE)->id);
	return 0;
}

static int
chan_new(struct uv_call *call)
{
	struct uv_obj *obj = uv_attr_obj(call, A_CHAN);

	obj->fd = memfd_create("chan", MFD_CLOEXEC);
	obj->priv = malloc(1);
	return 0;
}

static int
dev_context(struct uv_call *call)
{
	uint32_t handle;

	if (uv_context_begin(call) != 0)
		return -EINVAL;
	/* Half made: another thread's call can neither use it nor make a second one. */
	assert_false(uv_has_context(call));
	half_made_errno[0] = make_toy(uv_call_file(call), 0, &handle);
	half_made_errno[1] = context_call(uv_call_file(call));
	return context_errno;
}

static int
write_toy(struct uv_call *call)
{
	struct uv_obj *obj;
	int ret = uv_obj_get(call, OBJ_TOY, 0, UV_NEW, &obj);

	if (ret != 0)
		return ret;
	obj->priv = malloc(4);
	return uv_out(call, UVERBS_ATTR_CORE_OUT, &obj->id, sizeof(obj->id));
}

static const struct uv_attr_def enum_elems[] = {
	{ .kind = UV_IN, .min_len = 1, .max_len = 1 },
	{ .kind = UV_IN, .min_len = 2, .max_len = 2 },
};
static const struct uv_attr_def new_attrs[] = {
	UV_ATTR_IDR(A_HANDLE, OBJ_TOY, UV_NEW),
	UV_ATTR_IN(A_IN, 4, 16, .zero_tail = true),
	UV_ATTR_OUT(A_OUT, 4, 8),
};
static const struct uv_attr_def destroy_attrs[] = { UV_ATTR_IDR(A_HANDLE, OBJ_TOY, UV_DESTROY) };
static const struct uv_attr_def use_attrs[] = {
	UV_ATTR_IDR(A_HANDLE, OBJ_TOY, UV_READ),
	UV_ATTR_CONST(A_CONST, .optional = true),
	UV_ATTR_FLAGS(A_FLAGS, .optional = true),
	UV_ATTR_ENUM(A_ENUM, enum_elems, .optional = true),
	UV_ATTR_FD(A_CHAN, OBJ_CHAN, UV_READ, .optional = true),
};
static const struct uv_attr_def hold_attrs[] = { UV_ATTR_IDR(A_HANDLE, OBJ_TOY, UV_WRITE) };
static const struct uv_attr_def chan_attrs[] = { UV_ATTR_FD(A_CHAN, OBJ_CHAN, UV_NEW) };
#define ATTRS(t) .attrs = (t), .nb_attrs = BASE_ARRAY_SIZE(t)

static const struct uv_method_def dev_methods[] = {
	UV_METHOD_INVOKE_WRITE,
	{ .id = M_CONTEXT, .name = "CONTEXT", .handler = dev_context },
};
static const struct uv_method_def toy_methods[] = {
	{ .id = M_NEW, .name = "TOY_NEW", ATTRS(new_attrs), .handler = toy_new },
	{ .id = M_DESTROY, .name = "TOY_DESTROY", ATTRS(destroy_attrs) },
	{ .id = M_USE, .name = "TOY_USE", ATTRS(use_attrs), .handler = toy_use },
	{ .id = M_HOLD, .name = "TOY_HOLD", ATTRS(hold_attrs), .handler = toy_hold },
};
static const struct uv_method_def chan_methods[] = {
	{ .id = M_CHAN_NEW, .name = "CHAN_NEW", ATTRS(chan_attrs), .handler = chan_new },
};
static const struct uv_object_def dev_def = { .id = OBJ_DEVICE,
	.name = "DEVICE",
	.methods = dev_methods,
	.nb_methods = BASE_ARRAY_SIZE(dev_methods) };
static const struct uv_object_def toy_def = { .id = OBJ_TOY,
	.name = "TOY",
	.methods = toy_methods,
	.nb_methods = BASE_ARRAY_SIZE(toy_methods),
	.destroy = toy_destroy };
static const struct uv_object_def chan_def = { .id = OBJ_CHAN,
	.name = "CHAN",
	.methods = chan_methods,
	.nb_methods = BASE_ARRAY_SIZE(chan_methods),
	.is_fd = true,
	.destroy = chan_destroy };
static const struct uv_object_def *const objects[] = { &dev_def, &toy_def, &chan_def };
static const struct uv_write_def writes[] = { { 3, 8, 4, write_toy, "MAKE_TOY" } };
static const struct uv_api api = { .driver_id = DRIVER,
	.objects = objects,
	.nb_objects = BASE_ARRAY_SIZE(objects),
	.writes = writes,
	.nb_writes = BASE_ARRAY_SIZE(writes) };

struct call {
	struct ib_uverbs_ioctl_hdr hdr;
	struct ib_uverbs_attr attrs[8];
};

static void
call_init(struct call *c, unsigned int object, unsigned int method)
{
	memset(c, 0, sizeof(*c));
	c->hdr.object_id = (uint16_t)object;
	c->hdr.method_id = (uint16_t)method;
	c->hdr.driver_id = DRIVER;
}

static struct ib_uverbs_attr *
call_attr(struct call *c, unsigned int id, unsigned int len, uint64_t data)
{
	struct ib_uverbs_attr *attr = &c->attrs[c->hdr.num_attrs++];

	attr->attr_id = (uint16_t)id;
	attr->len = (uint16_t)len;
	attr->flags = UVERBS_ATTR_F_MANDATORY;
	attr->data = data;
	return attr;
}

static int
call_run(struct uv_file *file, struct call *c)
{
	c->hdr.length = (uint16_t)(sizeof(c->hdr) + c->hdr.num_attrs * sizeof(c->attrs[0]));
	return uv_ioctl(file, RDMA_VERBS_IOCTL, (uintptr_t)&c->hdr);
}

static int
one_attr_call(struct uv_file *file, unsigned int method, uint32_t handle)
{
	struct call c;

	call_init(&c, OBJ_TOY, method);
	call_attr(&c, A_HANDLE, 0, handle);
	return call_run(file, &c);
}

static int
context_call(struct uv_file *file)
{
	struct call c;

	call_init(&c, OBJ_DEVICE, M_CONTEXT);
	return call_run(file, &c);
}

static int
make_toy(struct uv_file *file, uint8_t first, uint32_t *handle)
{
	uint32_t in = first, out[2] = { 0, UINT32_MAX };
	struct call c;
	int ret;

	call_init(&c, OBJ_TOY, M_NEW);
	call_attr(&c, A_IN, sizeof(in), in);
	call_attr(&c, A_HANDLE, 0, 0xdeadbeef);
	call_attr(&c, A_OUT, sizeof(out), (uintptr_t)out);
	ret = call_run(file, &c);
	if (ret == 0) {
		assert_int_equal(out[0], 0x11223344);
		assert_int_equal(out[1], 0); /* the rest of the buffer */
		assert_true((c.attrs[2].flags & UVERBS_ATTR_F_VALID_OUTPUT) != 0);
		*handle = (uint32_t)c.attrs[1].data;
	}
	return ret;
}

static int
publish(void *arg, int fd, struct uv_obj *obj)
{
	published = obj;
	return 0;
}

static int
setup(void **state)
{
	struct uv_file_attr attr = { .api = &api, .name = "toy0", .fd_publish = publish };
	struct uv_file *file;
	struct call c;

	destroy_errno = 0;
	nb_destroyed = 0;
	published = NULL;
	assert_int_equal(uv_file_create(&attr, &file), 0);
	call_init(&c, OBJ_DEVICE, M_CONTEXT);
	assert_int_equal(call_run(file, &c), 0);
	assert_int_equal(call_run(file, &c), -EINVAL); /* there is one already */
	*state = file;
	return 0;
}

static int
teardown(void **state)
{
	uv_file_close(*state);
	return 0;
}

static void
test_header(void **state)
{
	struct call c;

	assert_int_equal(uv_ioctl(*state, RDMA_VERBS_IOCTL + 1, 0), -ENOTTY);
	assert_int_equal(uv_ioctl(*state, RDMA_VERBS_IOCTL, 8), -EFAULT);
	call_init(&c, OBJ_TOY, M_USE);
	c.hdr.length = sizeof(c.hdr) + 1;
	assert_int_equal(uv_ioctl(*state, RDMA_VERBS_IOCTL, (uintptr_t)&c), -EINVAL);
	c.hdr.num_attrs = 300;
	c.hdr.length = sizeof(c.hdr) + 300 * 16;
	assert_int_equal(uv_ioctl(*state, RDMA_VERBS_IOCTL, (uintptr_t)&c), -EINVAL);
	call_init(&c, OBJ_TOY, M_USE);
	c.hdr.reserved2 = 1;
	assert_int_equal(call_run(*state, &c), -EPROTONOSUPPORT);
	call_init(&c, OBJ_TOY, M_USE);
	c.hdr.driver_id = 7;
	assert_int_equal(call_run(*state, &c), -EINVAL);
	call_init(&c, OBJ_TOY, 77);
	assert_int_equal(call_run(*state, &c), -EPROTONOSUPPORT);
	call_init(&c, 77, 0);
	assert_int_equal(call_run(*state, &c), -EPROTONOSUPPORT);
}

static void
test_no_context(void **state)
{
	struct uv_file_attr attr = { .api = &api, .name = "bare" };
	struct uv_file *file;
	uint32_t handle;

	assert_int_equal(uv_file_create(&attr, &file), 0);
	assert_int_equal(make_toy(file, 0, &handle), -EINVAL);
	context_errno = -EIO; /* it fails: there is none, and the next call may make it */
	assert_int_equal(context_call(file), -EIO);
	assert_int_equal(make_toy(file, 0, &handle), -EINVAL);
	context_errno = 0;
	assert_int_equal(context_call(file), 0);
	assert_int_equal(half_made_errno[0], -EINVAL);
	assert_int_equal(half_made_errno[1], -EINVAL);
	assert_int_equal(make_toy(file, 0, &handle), 0);
	uv_file_close(file);
}

static void
test_life(void **state)
{
	uint32_t a, b;

	assert_int_equal(make_toy(*state, 0, &a), 0);
	assert_int_equal(make_toy(*state, 0, &b), 0);
	assert_int_not_equal(a, b);
	assert_int_equal(uv_file_nb_objs(*state, true), 2);
	assert_int_equal(one_attr_call(*state, M_USE, a), 0);
	destroy_errno = -EBUSY;
	assert_int_equal(one_attr_call(*state, M_DESTROY, a), -EBUSY);
	destroy_errno = 0;
	assert_int_equal(one_attr_call(*state, M_USE, a), 0); /* still there, still free */
	assert_int_equal(one_attr_call(*state, M_DESTROY, a), 0);
	assert_int_equal(one_attr_call(*state, M_DESTROY, a), -ENOENT);
	assert_int_equal(one_attr_call(*state, M_USE, a), -ENOENT);
	assert_int_equal(one_attr_call(*state, M_USE, UINT32_MAX), -EINVAL);
	assert_int_equal(uv_file_nb_objs(*state, true), 1);
	destroy_errno = -EBUSY; /* b is left to the close, which must use force */
}

static void
test_abort(void **state)
{
	uint32_t handle;

	assert_int_equal(make_toy(*state, 0xee, &handle), -EIO);
	assert_int_equal(nb_destroyed, 0);
	assert_int_equal(make_toy(*state, 0xff, &handle), -EIO);
	assert_int_equal(nb_destroyed, 1);
	assert_int_equal(uv_file_nb_objs(*state, true), 0);
}

static void
test_attr_rules(void **state)
{
	uint8_t tail[24] = { 1 };
	uint32_t handle, out;
	struct call c;

	assert_int_equal(make_toy(*state, 0, &handle), 0);
	/* missing mandatory attribute */
	call_init(&c, OBJ_TOY, M_USE);
	assert_int_equal(call_run(*state, &c), -EINVAL);
	/* twice */
	call_attr(&c, A_HANDLE, 0, handle);
	call_attr(&c, A_HANDLE, 0, handle);
	assert_int_equal(call_run(*state, &c), -EINVAL);
	/* unknown: ignored, unless the caller insists */
	call_init(&c, OBJ_TOY, M_USE);
	call_attr(&c, A_HANDLE, 0, handle);
	call_attr(&c, 0x7777, 0, 0)->flags = 0;
	assert_int_equal(call_run(*state, &c), 0);
	c.attrs[1].flags = UVERBS_ATTR_F_MANDATORY;
	assert_int_equal(call_run(*state, &c), -EPROTONOSUPPORT);
	/* a handle has no length, a reserved field is zero */
	call_init(&c, OBJ_TOY, M_USE);
	call_attr(&c, A_HANDLE, 4, handle);
	assert_int_equal(call_run(*state, &c), -EINVAL);
	c.attrs[0].len = 0;
	c.attrs[0].attr_data.reserved = 1;
	assert_int_equal(call_run(*state, &c), -EINVAL);
	/* sizes: too short, longer with zeros, longer with data, unreadable, unwritable */
	call_init(&c, OBJ_TOY, M_NEW);
	call_attr(&c, A_HANDLE, 0, 0);
	call_attr(&c, A_OUT, 4, (uintptr_t)&out);
	call_attr(&c, A_IN, 3, 0);
	assert_int_equal(call_run(*state, &c), -EINVAL);
	c.attrs[2].len = sizeof(tail);
	c.attrs[2].data = (uintptr_t)tail;
	assert_int_equal(call_run(*state, &c), 0);
	tail[23] = 1;
	assert_int_equal(call_run(*state, &c), -EOPNOTSUPP);
	c.attrs[2].data = 16;
	assert_int_equal(call_run(*state, &c), -EFAULT);
	tail[23] = 0;
	c.attrs[2].data = (uintptr_t)tail;
	c.attrs[1].data = 16;
	assert_int_equal(call_run(*state, &c), -EFAULT);
	c.attrs[1].len = 9;
	assert_int_equal(call_run(*state, &c), -EINVAL);
	assert_int_equal(uv_file_nb_objs(*state, true), 2);
}

static void
test_values(void **state)
{
	uint32_t handle;
	struct call c;

	assert_int_equal(make_toy(*state, 0, &handle), 0);
	call_init(&c, OBJ_TOY, M_USE);
	call_attr(&c, A_HANDLE, 0, handle);
	call_attr(&c, A_FLAGS, 4, 2);
	call_attr(&c, A_CONST, 8, 7);
	call_attr(&c, A_ENUM, 2, 0x55)->attr_data.enum_data.elem_id = 1;
	assert_int_equal(call_run(*state, &c), 0);
	assert_int_equal(seen_flags, 2);
	assert_int_equal(seen_elem, 1);
	assert_int_equal(seen_payload, 0x55);
	c.attrs[3].attr_data.enum_data.elem_id = 0; /* wants one byte */
	assert_int_equal(call_run(*state, &c), -EINVAL);
	c.attrs[3].attr_data.enum_data.elem_id = 2;
	assert_int_equal(call_run(*state, &c), -EOPNOTSUPP);
	c.attrs[3].attr_data.enum_data.elem_id = 1;
	c.attrs[2].data = 8;
	assert_int_equal(call_run(*state, &c), -EINVAL);
	c.attrs[2].data = 0;
	c.attrs[1].data = 4;
	assert_int_equal(call_run(*state, &c), -EINVAL);
	c.attrs[1].len = 6;
	assert_int_equal(call_run(*state, &c), -EINVAL);
}

static void
test_busy(void **state)
{
	uint32_t handle;

	held_file = *state;
	assert_int_equal(make_toy(*state, 0, &handle), 0);
	assert_int_equal(one_attr_call(*state, M_HOLD, handle), 0);
	assert_int_equal(held_errno, -EBUSY);
}

static void
test_fd(void **state)
{
	uint32_t handle;
	struct call c;
	int fd;

	assert_int_equal(make_toy(*state, 0, &handle), 0);
	call_init(&c, OBJ_CHAN, M_CHAN_NEW);
	call_attr(&c, A_CHAN, 0, 0);
	assert_int_equal(call_run(*state, &c), 0);
	fd = (int)c.attrs[0].data_s64;
	assert_non_null(published);
	assert_int_equal(published->fd, fd);
	call_init(&c, OBJ_TOY, M_USE);
	call_attr(&c, A_HANDLE, 0, handle);
	call_attr(&c, A_CHAN, 0, (uint64_t)fd);
	assert_int_equal(call_run(*state, &c), 0);
	close(fd);
	uv_fd_closed(published);
	assert_int_equal(nb_destroyed, 1);
	assert_int_equal(call_run(*state, &c), -EBADF);
}

/* The file goes first, the descriptor later: nothing is used after it was freed. */
static void
test_fd_outlives_file(void **state)
{
	struct uv_file_attr attr = { .api = &api, .name = "late", .fd_publish = publish };
	struct uv_file *file;
	struct call c;

	assert_int_equal(uv_file_create(&attr, &file), 0);
	call_init(&c, OBJ_DEVICE, M_CONTEXT);
	assert_int_equal(call_run(file, &c), 0);
	call_init(&c, OBJ_CHAN, M_CHAN_NEW);
	call_attr(&c, A_CHAN, 0, 0);
	assert_int_equal(call_run(file, &c), 0);
	uv_file_close(file);
	assert_int_equal(nb_destroyed, 1);
	close((int)c.attrs[0].data_s64);
	uv_fd_closed(published);
	assert_int_equal(nb_destroyed, 1);
}

static void
test_write(void **state)
{
	uint8_t in[8] = { 0 };
	uint32_t out = UINT32_MAX;
	struct call c;

	call_init(&c, OBJ_DEVICE, M_WRITE);
	call_attr(&c, UVERBS_ATTR_WRITE_CMD, 8, 3);
	assert_int_equal(call_run(*state, &c), -ENOSPC); /* the probe of libibverbs */
	call_attr(&c, UVERBS_ATTR_CORE_IN, 8, 0);
	call_attr(&c, UVERBS_ATTR_CORE_OUT, 4, (uintptr_t)&out);
	memcpy(&c.attrs[1].data, in, sizeof(in));
	assert_int_equal(call_run(*state, &c), 0);
	assert_int_equal(one_attr_call(*state, M_USE, out), 0);
	c.attrs[0].data = 5;
	assert_int_equal(call_run(*state, &c), -EOPNOTSUPP);
	c.attrs[0].data = 3ull << 32 | 3;
	assert_int_equal(call_run(*state, &c), -EINVAL);
	c.attrs[0].data = 0x4003;
	assert_int_equal(call_run(*state, &c), -EINVAL);
}

static void
test_device_gone(void **state)
{
	uint8_t in[8] = { 0 };
	uint32_t first, second, out;
	struct call c;

	assert_int_equal(make_toy(*state, 0, &first), 0);
	assert_int_equal(make_toy(*state, 0, &second), 0);
	call_init(&c, OBJ_CHAN, M_CHAN_NEW);
	call_attr(&c, A_CHAN, 0, 0);
	assert_int_equal(call_run(*state, &c), 0);
	destroy_errno = -EBUSY; /* that does not help */
	uv_file_disassociate(*state);
	uv_file_disassociate(*state);
	assert_int_equal(nb_destroyed, 3);
	/* Handles can be given back, nothing else can be done. */
	assert_int_equal(one_attr_call(*state, M_USE, first), -EIO);
	assert_int_equal(make_toy(*state, 0, &out), -EIO);
	assert_int_equal(context_call(*state), -EIO);
	assert_int_equal(one_attr_call(*state, M_DESTROY, first), 0);
	assert_int_equal(one_attr_call(*state, M_DESTROY, first), -ENOENT);
	close((int)c.attrs[0].data_s64);
	uv_fd_closed(published);
	call_init(&c, OBJ_DEVICE, M_WRITE);
	call_attr(&c, UVERBS_ATTR_WRITE_CMD, 8, 3);
	call_attr(&c, UVERBS_ATTR_CORE_IN, 8, 0);
	call_attr(&c, UVERBS_ATTR_CORE_OUT, 4, (uintptr_t)&out);
	memcpy(&c.attrs[1].data, in, sizeof(in));
	assert_int_equal(call_run(*state, &c), -EIO);
	assert_int_equal(nb_destroyed, 3); /* the second toy goes with the file, once */
}

static struct uv_trace_call traced;
static unsigned int nb_traced;

static void
on_call(void *arg, const struct uv_trace_call *call)
{
	assert_ptr_equal(arg, &traced);
	traced = *call;
	nb_traced++;
}

static void
test_trace(void **state)
{
	static struct uv_trace trace = { .call = on_call, .arg = &traced };
	struct uv_file_attr attr = { .api = &api, .name = "toy1", .trace = &trace };
	struct uv_file *file;
	uint32_t handle, out;
	struct call c;

	assert_int_equal(uv_file_create(&attr, &file), 0);
	assert_int_equal(context_call(file), 0);
	assert_int_equal(nb_traced, 0); /* it is off */
	trace.on = 1;
	assert_int_equal(make_toy(file, 0, &handle), 0);
	assert_int_equal(nb_traced, 1);
	assert_string_equal(traced.file, "toy1");
	assert_string_equal(traced.object, "TOY");
	assert_string_equal(traced.method, "TOY_NEW");
	assert_null(traced.write);
	assert_int_equal(traced.error, 0);
	assert_true(traced.start_ns != 0);
	assert_int_equal(one_attr_call(file, M_DESTROY, handle + 1), -ENOENT);
	assert_int_equal(traced.error, ENOENT);
	assert_int_equal(one_attr_call(file, 99, 0), -EPROTONOSUPPORT);
	assert_string_equal(traced.method, "?");
	call_init(&c, OBJ_DEVICE, M_WRITE);
	call_attr(&c, UVERBS_ATTR_WRITE_CMD, 8, 3);
	call_attr(&c, UVERBS_ATTR_CORE_IN, 8, 0);
	call_attr(&c, UVERBS_ATTR_CORE_OUT, 4, (uintptr_t)&out);
	assert_int_equal(call_run(file, &c), 0);
	assert_string_equal(traced.write, "MAKE_TOY");
	assert_int_equal(nb_traced, 4);
	trace.on = 0;
	assert_int_equal(one_attr_call(file, M_DESTROY, handle), 0);
	assert_int_equal(nb_traced, 4);
	uv_file_close(file);
}

/* A call anywhere at the end of memory: whole it works, cut it is EFAULT, and nothing is read. */
static void
test_memory_ends(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), at,
	       len = sizeof(struct ib_uverbs_ioctl_hdr) + sizeof(struct ib_uverbs_attr);
	uint8_t *mem = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);
	uint32_t handle;
	struct call c;

	assert_ptr_not_equal(mem, MAP_FAILED);
	assert_int_equal(munmap(mem + 2 * page, page), 0);
	assert_int_equal(make_toy(*state, 1, &handle), 0);
	call_init(&c, OBJ_TOY, M_USE);
	call_attr(&c, A_HANDLE, 0, handle);
	c.hdr.length = (uint16_t)len;
	for (at = page - 2 * len; at < 2 * page; at += at == page + len ? page - 4 * len : 8) {
		size_t fits = 2 * page - at < len ? 2 * page - at : len;

		memcpy(mem + at, &c, fits);
		assert_int_equal(uv_ioctl(*state, RDMA_VERBS_IOCTL, (uintptr_t)mem + at),
				fits == len ? 0 : -EFAULT);
	}
	munmap(mem, 2 * page);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_header),
		TEST(test_no_context),
		TEST(test_life),
		TEST(test_abort),
		TEST(test_attr_rules),
		TEST(test_values),
		TEST(test_busy),
		TEST(test_fd),
		TEST(test_fd_outlives_file),
		TEST(test_write),
		TEST(test_device_gone),
		TEST(test_trace),
		TEST(test_memory_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
