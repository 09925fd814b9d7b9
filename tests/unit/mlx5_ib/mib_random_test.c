/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls of the user with anything in them: made after the driver's own tables, so that they get
 * past the first check, then spoiled. Handles and pointers are good, old, foreign or nonsense;
 * inputs are zeros, words that mean something somewhere, or noise. Nothing may break (sanitizers
 * watch), every answer is one that the kernel could give, and when the file is closed nothing is
 * left: no object of the card, no descriptor. The seed is fixed (addresses are not).
 */
#include "../open_files.h"
#include "mib_rig.h"

#include <sys/mman.h>

#include "base_math.h"
#include "fw_card.h"
#include "prm_cmd.h"
#include "prm_field.h"

#define NB_ROUNDS 30000u
#define NB_ATTRS 8u
#define NB_CHANS 32u
#define IN_MAX 1024u
#define SHARED_PAGES 64u

struct random_call {
	struct ib_uverbs_ioctl_hdr hdr;
	struct ib_uverbs_attr attrs[NB_ATTRS];
};

static struct uv_obj *chans[NB_CHANS];
static uint8_t *shared; /* memory that may be registered, with nothing behind it */
static size_t shared_len;
/* Whatever length a spoiled attribute has, what is read or written lies in here. */
static struct {
	uint8_t in[NB_ATTRS][IN_MAX];
	uint8_t out[NB_ATTRS][UINT16_MAX];
	uint8_t slack[UINT16_MAX];
} bufs;
static uint64_t seed = 20;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % below;
}

static int
keep_chan(void *arg, int fd, struct uv_obj *obj)
{
	size_t i;

	for (i = 0; i < NB_CHANS; i++) {
		if (chans[i] == NULL) {
			chans[i] = obj;
			return 0;
		}
	}
	return -EMFILE;
}

static void
close_chan(size_t i)
{
	if (chans[i] == NULL)
		return;
	close(chans[i]->fd);
	uv_fd_closed(chans[i]);
	chans[i] = NULL;
}

/* An address: of our memory, near its end, or none. */
static uint64_t
random_addr(void)
{
	const uint64_t base = (uintptr_t)shared;

	switch (draw(6)) {
	case 0:
		return draw(2) != 0 ? 0 : 8;
	case 1:
		return ~(uint64_t)draw(9000);
	case 2:
		return base + shared_len - draw(300);
	default:
		return base + draw((uint32_t)shared_len) / 64 * 64;
	}
}

/* A word that is something to somebody: number, length, flags, address. */
static uint64_t
random_word(void)
{
	switch (draw(6)) {
	case 0:
		return draw(4);
	case 1:
		return draw(64);
	case 2:
		/* never an address of something that is not ours to break */
		return 1ull << (draw(2) != 0 ? draw(12) : 48 + draw(16));
	case 3:
		return random_addr();
	case 4:
		return 4096u * draw(SHARED_PAGES + 2);
	default:
		return draw(1u << 16);
	}
}

/* A command: one that makes, changes, asks for or ends an object, of any kind. */
static void
random_command(uint8_t *in)
{
	static const uint16_t others[] = { PRM_OP_QUERY_HCA_CAP, PRM_OP_RST2INIT_QP, PRM_OP_2RST_QP,
		PRM_OP_INIT2RTR_QP, PRM_OP_RTR2RTS_QP };
	const struct prm_obj_kind *kind;
	size_t nb = 0, at;
	uint16_t ops[5];

	while (prm_obj_kind_at(nb) != NULL)
		nb++;
	kind = prm_obj_kind_at(draw((uint32_t)nb));
	ops[0] = ops[1] = kind->create_op;
	ops[2] = kind->modify_op;
	ops[3] = kind->query_op;
	ops[4] = others[draw(BASE_ARRAY_SIZE(others))];
	memset(in, 0, IN_MAX);
	PRM_SET(cmd_in, in, opcode, ops[draw(5)]);
	PRM_SET(cmd_in, in, op_mod, kind->obj_type);
	for (at = draw(20); at > 0; at--)
		in[8 + draw(IN_MAX - 8)] = (uint8_t)draw(256);
	if (draw(2) == 0) /* the number that objects of most kinds begin with */
		prm_set(in, 64, 32, 0x1000 + draw(4));
}

static void
random_input(uint8_t *in)
{
	size_t i;

	if (draw(4) == 0) {
		random_command(in);
		return;
	}
	memset(in, 0, IN_MAX);
	for (i = 0; i < 64; i += draw(2) != 0 ? 4 : 8) {
		uint64_t word = random_word();

		if (draw(3) != 0)
			memcpy(in + i, &word, sizeof(word));
	}
}

static uint16_t
random_len(const struct uv_attr_def *def)
{
	uint32_t max = def->max_len < IN_MAX ? def->max_len : IN_MAX;

	switch (draw(8)) {
	case 0:
		return (uint16_t)draw(UINT16_MAX);
	case 1:
		return def->min_len;
	default:
		return (uint16_t)(def->min_len +
				(max > def->min_len ? draw(max - def->min_len + 1) : 0));
	}
}

static int64_t
random_handle(const struct uv_attr_def *def)
{
	struct uv_obj *chan = chans[draw(NB_CHANS)];

	if (draw(16) == 0)
		return (int64_t)random_word();
	if (def->kind == UV_FD)
		return chan != NULL ? chan->fd : (int64_t)draw(20) - 1;
	return draw(draw(2) != 0 ? 24 : 400);
}

static void
random_attr(const struct uv_attr_def *def, size_t i, struct ib_uverbs_attr *attr)
{
	bool in = def->kind == UV_IN || def->kind == UV_ENUM;

	attr->attr_id = def->id;
	attr->flags = draw(2) != 0 ? UVERBS_ATTR_F_MANDATORY : 0;
	if (def->kind == UV_IDR || def->kind == UV_FD) {
		attr->data_s64 = random_handle(def);
		return;
	}
	attr->len = random_len(def);
	attr->attr_data.enum_data.elem_id = def->kind == UV_ENUM ? (uint8_t)draw(5) : 0;
	if (in)
		random_input(bufs.in[i]);
	if (in && attr->len <= sizeof(attr->data))
		attr->data = random_word();
	else if (draw(16) == 0)
		attr->data = random_addr() | (in ? 0 : 1ull << 63); /* outputs: never our memory */
	else
		attr->data = (uintptr_t)(in ? bufs.in[i] : bufs.out[i]);
}

/* One bit of the header, or of an attribute's number, length or flags; addresses stay. */
static void
spoil(struct random_call *c)
{
	uint32_t attr = draw(NB_ATTRS + 1);
	uint8_t *part = attr == NB_ATTRS ? (uint8_t *)&c->hdr : (uint8_t *)&c->attrs[attr];
	uint32_t len = attr == NB_ATTRS ? sizeof(c->hdr) : offsetof(struct ib_uverbs_attr, data);

	part[draw(len)] ^= (uint8_t)(1u << draw(8));
}

static void
random_call_make(struct random_call *c)
{
	const struct uv_object_def *object = mib_api.objects[draw((uint32_t)mib_api.nb_objects)];
	const struct uv_method_def *method = &object->methods[draw(object->nb_methods)];
	size_t i, nb = 0;

	memset(c, 0, sizeof(*c));
	c->hdr.object_id = object->id;
	c->hdr.method_id = method->id;
	c->hdr.driver_id = RDMA_DRIVER_MLX5;
	for (i = 0; i < method->nb_attrs && nb < NB_ATTRS; i++) {
		if (draw(method->attrs[i].optional ? 3 : 20) == 0)
			continue;
		random_attr(&method->attrs[i], nb, &c->attrs[nb]);
		nb++;
	}
	/* The old-style commands hide behind one method. */
	if (method->id == UVERBS_METHOD_INVOKE_WRITE && object->id == UVERBS_OBJECT_DEVICE)
		c->attrs[0].data = mib_api.writes[draw((uint32_t)mib_api.nb_writes)].cmd;
	c->hdr.num_attrs = (uint16_t)nb;
	c->hdr.length = (uint16_t)(sizeof(c->hdr) + nb * sizeof(c->attrs[0]));
	if (draw(8) == 0)
		spoil(c);
}

static bool
is_kernels(int ret)
{
	static const int known[] = { 0, -EINVAL, -EFAULT, -ENOENT, -EBADF, -EBUSY, -ENOMEM, -ENOSPC,
		-EPROTONOSUPPORT, -EOPNOTSUPP, -EREMOTEIO, -EMFILE, -EAGAIN, -EIO };
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(known); i++) {
		if (known[i] == ret)
			return true;
	}
	return false;
}

static void
make_shared(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create("shared", MFD_CLOEXEC);

	shared_len = SHARED_PAGES * page;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)shared_len), 0);
	shared = mmap(NULL, shared_len + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	assert_ptr_equal(mmap(shared, shared_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
					 fd, 0),
			shared);
	close(fd);
}

static void
test_random_calls(void **state)
{
	unsigned int nb_files = open_files(), nb_ok = 0, round;
	struct fw_func *func;
	struct random_call c;
	struct rig *rig;
	size_t i;

	make_shared();
	assert_int_equal(rig_setup(state), 0);
	rig = *state;
	rig->publish = keep_chan;
	func = fw_card_func(rig->card, 0);
	for (round = 0; round < NB_ROUNDS; round++) {
		int ret;

		random_call_make(&c);
		ret = uv_ioctl(rig->file, RDMA_VERBS_IOCTL, (uintptr_t)&c);
		if (!is_kernels(ret))
			fail_msg("round %u: object %#x method %#x: %d", round, c.hdr.object_id,
					c.hdr.method_id, ret);
		nb_ok += ret == 0;
		if (draw(64) == 0)
			close_chan(draw(NB_CHANS));
	}
	print_message("%u of %u calls succeeded, %u objects live\n", nb_ok, NB_ROUNDS,
			uv_file_nb_objs(rig->file, true));
	assert_true(nb_ok > NB_ROUNDS / 50);
	uv_file_close(rig->file);
	for (i = 0; i < FW_NB_CLASSES; i++) {
		uint32_t id = 0;

		assert_null(base_idtab_next(&func->objs[i], &id));
	}
	for (i = 0; i < NB_CHANS; i++)
		close_chan(i);
	rig_forget(rig);
	munmap(shared, shared_len);
	assert_int_equal(open_files(), nb_files);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_calls) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
