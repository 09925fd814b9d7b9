/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every rule of the uverbs side, broken by a raw ioctl: the errno is the kernel's, and nothing is
 * made. doc/guides/emulated-card-uverbs.md lists them by the names of these tests.
 */
#include "mib_call.h"

#include <sys/mman.h>

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

/* What most rules need: memory, and a region and a umem over it. */
struct world {
	uint8_t *mem;
	uint32_t pd, pdn, mr, lkey, umem, umem_id, uar, uar_id;
};

static uint8_t *
map(size_t pages, int prot)
{
	void *p = mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static struct ib_uverbs_reg_mr
mr_cmd(const struct world *w)
{
	return (struct ib_uverbs_reg_mr){ .start = (uintptr_t)w->mem,
		.length = 4 * PAGE,
		.hca_va = 0x10000000,
		.pd_handle = w->pd,
		.access_flags = IB_UVERBS_ACCESS_LOCAL_WRITE };
}

static int
do_uar(struct rig *rig, uint64_t type, uint32_t *handle, uint32_t *id)
{
	struct call c = call_to(MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_ALLOC);
	uint64_t offset;
	uint32_t len;
	int ret;

	call_value(&c, MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE, 0, 0);
	call_value(&c, MLX5_IB_ATTR_UAR_OBJ_ALLOC_TYPE, 8, type);
	call_value(&c, MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET, 8, (uintptr_t)&offset);
	call_value(&c, MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_LENGTH, 4, (uintptr_t)&len);
	call_value(&c, MLX5_IB_ATTR_UAR_OBJ_ALLOC_PAGE_ID, 4, (uintptr_t)id);
	ret = call_run(rig, &c);
	*handle = (uint32_t)c.attrs[0].data;
	return ret;
}

static void
world(struct rig *rig, struct world *w)
{
	struct ib_uverbs_reg_mr_resp resp;
	struct ib_uverbs_reg_mr cmd;

	w->mem = map(4, PROT_READ | PROT_WRITE);
	assert_int_equal(do_pd(rig, &w->pd, &w->pdn), 0);
	cmd = mr_cmd(w);
	assert_int_equal(do_mr(rig, &cmd, &resp), 0);
	w->mr = resp.mr_handle;
	w->lkey = resp.lkey;
	assert_int_equal(do_umem(rig, w->mem, 4 * PAGE, 1, &w->umem, &w->umem_id), 0);
	assert_int_equal(do_uar(rig, MLX5_IB_UAPI_UAR_ALLOC_TYPE_NC, &w->uar, &w->uar_id), 0);
}

static void
world_end(struct rig *rig, struct world *w)
{
	assert_int_equal(do_handle(rig, MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_DESTROY,
					 MLX5_IB_ATTR_UAR_OBJ_DESTROY_HANDLE, w->uar),
			0);
	assert_int_equal(do_umem_destroy(rig, w->umem), 0);
	assert_int_equal(do_mr_destroy(rig, w->mr), 0);
	assert_int_equal(do_pd_destroy(rig, w->pd), 0);
	assert_int_equal(uv_file_nb_objs(rig->file, true), 0);
	munmap(w->mem, 4 * PAGE);
}

static int
do_cq(struct rig *rig, const struct world *w, uint32_t *handle)
{
	uint8_t in[PRM_SIZE(create_cq_in)] = { 0 }, out[PRM_SIZE(create_cq_out)] = { 0 };
	uint8_t *cqc = in + 16;
	uint32_t eqn;

	assert_int_equal(fw_eqn(rig->ctx->uctx, 0, &eqn), 0);
	PRM_SET(create_cq_in, in, opcode, PRM_OP_CREATE_CQ);
	PRM_SET(create_cq_in, in, cq_umem_id, w->umem_id);
	PRM_SET(create_cq_in, in, cq_umem_valid, 1);
	PRM_SET(cqc, cqc, cc, 1);
	PRM_SET(cqc, cqc, log_cq_size, 5);
	PRM_SET(cqc, cqc, c_eqn, eqn);
	PRM_SET(cqc, cqc, uar_page, w->uar_id);
	PRM_SET(cqc, cqc, dbr_umem_id, w->umem_id);
	PRM_SET(cqc, cqc, dbr_umem_valid, 1);
	PRM_SET(cqc, cqc, dbr_addr, 64 * 32);
	return do_create(rig, in, sizeof(in), out, sizeof(out), handle);
}

static void
command(uint8_t *in, size_t len, unsigned int opcode, unsigned int op_mod)
{
	memset(in, 0, len);
	PRM_SET(cmd_in, in, opcode, opcode);
	PRM_SET(cmd_in, in, op_mod, op_mod);
}

/* --- contexts ------------------------------------------------------------------------------- */

static int
open_bare(struct rig *rig, struct uv_file **file, int *fd)
{
	struct mib_open_attr attr = { .name = "bare",
		.log = &test_log,
		.func = fw_card_func(rig->card, 0) };

	return mib_open(&attr, file, fd);
}

static int
get_context(struct uv_file *file, const void *req, size_t len)
{
	struct call c = call_to(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_GET_CONTEXT);
	struct mlx5_ib_alloc_ucontext_resp resp;

	call_buffer(&c, UVERBS_ATTR_UHW_IN, req, len);
	call_value(&c, UVERBS_ATTR_UHW_OUT, sizeof(resp), (uintptr_t)&resp);
	return call_file(file, &c);
}

static void
rule_context_request(void **state)
{
	const struct mlx5_ib_alloc_ucontext_req_v2 good = { .total_num_bfregs = 16,
		.num_low_latency_bfregs = 4,
		.flags = MLX5_IB_ALLOC_UCTX_DEVX,
		.lib_caps = MLX5_LIB_CAP_DYN_UAR };
	struct mlx5_ib_alloc_ucontext_req_v2 req;
	struct rig *rig = *state;
	struct uv_file *file;
	int fd;

	assert_int_equal(open_bare(rig, &file, &fd), 0);
	assert_int_equal(get_context(file, &good, 8), -EINVAL);
#define BAD(field, value, error)                                                 \
	do {                                                                     \
		req = good;                                                      \
		req.field = (value);                                             \
		assert_int_equal(get_context(file, &req, sizeof(req)), (error)); \
	} while (0)
	BAD(flags, 1u << 7, -EINVAL);
	BAD(comp_mask, 1, -EOPNOTSUPP);
	BAD(reserved0, 1, -EOPNOTSUPP);
	BAD(total_num_bfregs, 0, -EINVAL);
	BAD(num_low_latency_bfregs, 16, -EINVAL);
#undef BAD
	assert_int_equal(get_context(file, &good, sizeof(good)), 0);
	assert_int_equal(get_context(file, &good, sizeof(good)), -EINVAL);
	uv_file_close(file);
	close(fd);
}

/* Without a context nothing can be made or asked; without its DevX flag no DevX. */
static void
rule_context_first(void **state)
{
	struct mlx5_ib_alloc_ucontext_req_v2 plain = { .total_num_bfregs = 16,
		.num_low_latency_bfregs = 4,
		.lib_caps = MLX5_LIB_CAP_DYN_UAR };
	struct rig *rig = *state, bare = *rig;
	uint8_t in[16], out[16];
	uint32_t handle, id;
	uint8_t *mem = map(1, PROT_READ | PROT_WRITE);
	int fd;

	assert_int_equal(open_bare(rig, &bare.file, &fd), 0);
	command(in, sizeof(in), PRM_OP_QUERY_SPECIAL_CONTEXTS, 0);
	assert_int_equal(do_pd(&bare, &handle, &id), -EINVAL);
	assert_int_equal(do_umem(&bare, mem, PAGE, 1, &handle, &id), -EINVAL);
	assert_int_equal(do_command(&bare, 0, 0, in, sizeof(in), out, sizeof(out)), -EINVAL);
	assert_int_equal(get_context(bare.file, &plain, sizeof(plain)), 0);
	assert_int_equal(do_umem(&bare, mem, PAGE, 1, &handle, &id), -EINVAL);
	assert_int_equal(do_command(&bare, 0, 0, in, sizeof(in), out, sizeof(out)), -EINVAL);
	assert_int_equal(do_counters(&bare, &handle, &id), -EINVAL);
	assert_int_equal(do_pd(&bare, &handle, &id), 0);
	uv_file_close(bare.file);
	close(fd);
	munmap(mem, PAGE);
}

/* Handles are those of one file. */
static void
rule_foreign_handle(void **state)
{
	struct mlx5_ib_alloc_ucontext_req_v2 req = { .total_num_bfregs = 16,
		.num_low_latency_bfregs = 4,
		.flags = MLX5_IB_ALLOC_UCTX_DEVX,
		.lib_caps = MLX5_LIB_CAP_DYN_UAR };
	struct rig *rig = *state, other = *rig;
	uint32_t handle, id;
	int fd;

	assert_int_equal(open_bare(rig, &other.file, &fd), 0);
	assert_int_equal(get_context(other.file, &req, sizeof(req)), 0);
	assert_int_equal(do_counters(rig, &handle, &id), 0);
	assert_int_equal(do_obj_destroy(&other, handle), -ENOENT);
	assert_int_equal(do_obj_destroy(rig, handle), 0);
	assert_int_equal(do_obj_destroy(rig, handle), -ENOENT);
	uv_file_close(other.file);
	close(fd);
}

static void
rule_handle_of_another_kind(void **state)
{
	struct rig *rig = *state;
	uint32_t handle, id;

	assert_int_equal(do_counters(rig, &handle, &id), 0);
	assert_int_equal(do_pd_destroy(rig, handle), -EINVAL);
	assert_int_equal(do_umem_destroy(rig, handle), -EINVAL);
	assert_int_equal(do_obj_destroy(rig, UINT32_MAX), -EINVAL);
	assert_int_equal(do_obj_destroy(rig, handle), 0);
}

/* --- memory --------------------------------------------------------------------------------- */

static void
rule_mr(void **state)
{
	struct ib_uverbs_reg_mr_resp resp;
	struct ib_uverbs_reg_mr cmd;
	struct rig *rig = *state;
	struct world w;

	world(rig, &w);
#define BAD(field, value, error)                                    \
	do {                                                        \
		cmd = mr_cmd(&w);                                   \
		cmd.field = (value);                                \
		assert_int_equal(do_mr(rig, &cmd, &resp), (error)); \
	} while (0)
	BAD(length, 0, -EINVAL);
	BAD(length, UINT64_MAX, -EINVAL);
	BAD(length, 1ull << 40, -EFAULT);
	BAD(start, 0, -EFAULT);
	BAD(hca_va, 0x10000001, -EINVAL); /* another place in its page than start */
	BAD(hca_va, UINT64_MAX - PAGE + 1, -EINVAL); /* wraps around */
	BAD(access_flags, IB_UVERBS_ACCESS_REMOTE_WRITE, -EINVAL);
	BAD(access_flags, IB_UVERBS_ACCESS_MW_BIND, -EOPNOTSUPP);
	BAD(pd_handle, 12345, -ENOENT);
	BAD(pd_handle, w.umem, -EINVAL);
#undef BAD
	/* memory that may not be written */
	mprotect(w.mem, PAGE, PROT_READ);
	cmd = mr_cmd(&w);
	assert_int_equal(do_mr(rig, &cmd, &resp), -EFAULT);
	assert_int_equal(do_write(rig, IB_USER_VERBS_CMD_REG_MR, &cmd, sizeof(cmd), &resp, 4),
			-ENOSPC);
	assert_int_equal(do_write(rig, IB_USER_VERBS_CMD_REG_MR, &cmd, sizeof(cmd) - 8, &resp,
					 sizeof(resp)),
			-ENOSPC);
	world_end(rig, &w);
}

static void
rule_umem(void **state)
{
	struct call c = call_to(MLX5_IB_OBJECT_DEVX_UMEM, MLX5_IB_METHOD_DEVX_UMEM_REG);
	struct rig *rig = *state;
	uint32_t handle, id;
	struct world w;

	world(rig, &w);
	assert_int_equal(do_umem(rig, w.mem, 0, 1, &handle, &id), -EINVAL);
	assert_int_equal(do_umem(rig, NULL, PAGE, 1, &handle, &id), -EFAULT);
	assert_int_equal(do_umem(rig, w.mem, 1ull << 40, 1, &handle, &id), -EFAULT);
	assert_int_equal(do_umem(rig, w.mem, PAGE, 1u << 30, &handle, &id), -EINVAL);
	mprotect(w.mem, PAGE, PROT_READ);
	assert_int_equal(do_umem(rig, w.mem, PAGE, 1, &handle, &id), -EFAULT);
	mprotect(w.mem, PAGE, PROT_READ | PROT_WRITE);
	call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_HANDLE, 0, 0);
	call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR, 8, (uintptr_t)w.mem);
	call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_LEN, 8, PAGE);
	call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_ACCESS, 4, 1);
	call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID, 4, (uintptr_t)&id);
	call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_PGSZ_BITMAP, 8, 1u << 30); /* not the page's */
	assert_int_equal(call_run(rig, &c), -EINVAL);
	c.attrs[5].attr_id = MLX5_IB_ATTR_DEVX_UMEM_REG_DMABUF_FD;
	c.attrs[5].len = 0;
	assert_int_equal(call_run(rig, &c), -EOPNOTSUPP);
	world_end(rig, &w);
}

/* --- order of destruction ------------------------------------------------------------------- */

static void
rule_pd_in_use(void **state)
{
	uint8_t in[PRM_SIZE(create_mkey_in) + 16] = { 0 }, out[PRM_SIZE(create_mkey_out)];
	struct rig *rig = *state;
	struct world w;
	uint32_t handle;

	world(rig, &w);
	assert_int_equal(do_pd_destroy(rig, w.pd), -EBUSY); /* by the MR */
	/* an indirect key of one entry: the whole region */
	command(in, sizeof(in), PRM_OP_CREATE_MKEY, 0);
	PRM_SET(create_mkey_in, in, translations_octword_actual_size, 1);
	PRM_SET(mkc, in + 16, access_mode_1_0, PRM_MKC_KLM);
	PRM_SET(mkc, in + 16, lr, 1);
	PRM_SET(mkc, in + 16, lw, 1);
	PRM_SET(mkc, in + 16, qpn, 0xffffff);
	PRM_SET(mkc, in + 16, pd, w.pdn);
	PRM_SET(mkc, in + 16, start_addr, 0x10000000);
	PRM_SET(mkc, in + 16, len, 4 * PAGE);
	PRM_SET(mkc, in + 16, translations_octword_size, 1);
	PRM_SET(klm, in + PRM_SIZE(create_mkey_in), byte_count, 4 * PAGE);
	PRM_SET(klm, in + PRM_SIZE(create_mkey_in), mkey, w.lkey);
	PRM_SET(klm, in + PRM_SIZE(create_mkey_in), address, 0x10000000);
	assert_int_equal(do_create(rig, in, sizeof(in), out, sizeof(out), &handle), 0);
	assert_int_equal(do_mr_destroy(rig, w.mr), -EBUSY); /* by the key */
	assert_int_equal(do_obj_destroy(rig, handle), 0);
	world_end(rig, &w);
}

static void
rule_umem_in_use(void **state)
{
	struct rig *rig = *state;
	struct world w;
	uint32_t cq;

	world(rig, &w);
	assert_int_equal(do_cq(rig, &w, &cq), 0);
	assert_int_equal(do_umem_destroy(rig, w.umem), -EBUSY);
	assert_int_equal(do_handle(rig, MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_DESTROY,
					 MLX5_IB_ATTR_UAR_OBJ_DESTROY_HANDLE, w.uar),
			-EBUSY);
	assert_int_equal(do_obj_destroy(rig, cq), 0);
	world_end(rig, &w);
}

static void
rule_matcher(void **state)
{
	struct call c = call_to(MLX5_IB_OBJECT_FLOW_MATCHER, MLX5_IB_METHOD_FLOW_MATCHER_CREATE);
	static const uint8_t mask[64];
	struct rig *rig = *state;
	struct ib_uverbs_attr *type;

	call_value(&c, MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE, 0, 0);
	call_buffer(&c, MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK, mask, sizeof(mask));
	call_value(&c, MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, 1, 0);
	type = call_value(&c, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE, 2, 0);
	type->attr_data.enum_data.elem_id = 9;
	assert_int_equal(call_run(rig, &c), -EOPNOTSUPP);
	type->attr_data.enum_data.elem_id = MLX5_IB_FLOW_TYPE_NORMAL;
	type->len = 1;
	assert_int_equal(call_run(rig, &c), -EINVAL);
	type->len = 2;
	call_value(&c, MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE, 8, MLX5_IB_UAPI_FLOW_TABLE_TYPE_FDB);
	assert_int_equal(call_run(rig, &c), -EOPNOTSUPP);
	c.attrs[4].data = 99;
	assert_int_equal(call_run(rig, &c), -EINVAL);
	call_value(&c, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_FLAGS, 4, 0);
	c.attrs[4].data = MLX5_IB_UAPI_FLOW_TABLE_TYPE_NIC_RX;
	assert_int_equal(call_run(rig, &c), -EINVAL); /* both ways of naming the table */
	c.hdr.num_attrs--;
	assert_int_equal(call_run(rig, &c), 0);
	assert_int_equal(do_handle(rig, MLX5_IB_OBJECT_FLOW_MATCHER,
					 MLX5_IB_METHOD_FLOW_MATCHER_DESTROY,
					 MLX5_IB_ATTR_FLOW_MATCHER_DESTROY_HANDLE,
					 (uint32_t)c.attrs[0].data),
			0);
}

/* A flow ends in a TIR, not in whatever object was made by DevX. */
static void
rule_flow_destination(void **state)
{
	struct call m = call_to(MLX5_IB_OBJECT_FLOW_MATCHER, MLX5_IB_METHOD_FLOW_MATCHER_CREATE);
	struct call c = call_to(UVERBS_OBJECT_FLOW, MLX5_IB_METHOD_CREATE_FLOW);
	static const uint8_t mask[64];
	struct rig *rig = *state;
	uint32_t handle, id;

	call_value(&m, MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE, 0, 0);
	call_buffer(&m, MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK, mask, sizeof(mask));
	call_value(&m, MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, 1, 0);
	call_value(&m, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE, 2, 0);
	assert_int_equal(call_run(rig, &m), 0);
	assert_int_equal(do_counters(rig, &handle, &id), 0);
	call_value(&c, MLX5_IB_ATTR_CREATE_FLOW_HANDLE, 0, 0);
	call_buffer(&c, MLX5_IB_ATTR_CREATE_FLOW_MATCH_VALUE, mask, sizeof(mask));
	call_value(&c, MLX5_IB_ATTR_CREATE_FLOW_MATCHER, 0, m.attrs[0].data);
	assert_int_equal(call_run(rig, &c), -EINVAL); /* none */
	call_value(&c, MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, 0, handle);
	assert_int_equal(call_run(rig, &c), -EINVAL);
	call_value(&c, MLX5_IB_ATTR_CREATE_FLOW_TAG, 4, 1);
	assert_int_equal(call_run(rig, &c), -EOPNOTSUPP);
}

/* --- commands ------------------------------------------------------------------------------- */

static void
rule_command_way(void **state)
{
	uint8_t in[PRM_SIZE(create_virtio_q_counters_in)], out[72] = { 0 };
	struct rig *rig = *state;
	uint32_t handle, id, other, other_id;

	assert_int_equal(do_counters(rig, &handle, &id), 0);
	assert_int_equal(do_counters(rig, &other, &other_id), 0);
	/* a command that makes an object is none of OTHER */
	command(in, sizeof(in), PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_Q_COUNTERS);
	assert_int_equal(do_command(rig, 0, 0, in, sizeof(in), out, sizeof(out)), -EINVAL);
	/* the query of the object by its handle; of another one; by MODIFY */
	command(in, 16, PRM_OP_QUERY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_Q_COUNTERS);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, id);
	assert_int_equal(do_command(rig, MLX5_IB_METHOD_DEVX_OBJ_QUERY, handle, in, 16, out,
					 sizeof(out)),
			0);
	assert_int_equal(do_command(rig, MLX5_IB_METHOD_DEVX_OBJ_QUERY, other, in, 16, out,
					 sizeof(out)),
			-EINVAL);
	assert_int_equal(do_command(rig, MLX5_IB_METHOD_DEVX_OBJ_MODIFY, handle, in, 16, out,
					 sizeof(out)),
			-EINVAL);
	/* destroying is for the handle's method only */
	command(in, 16, PRM_OP_DESTROY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_Q_COUNTERS);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, id);
	assert_int_equal(do_command(rig, 0, 0, in, 16, out, sizeof(out)), -EINVAL);
	assert_int_equal(do_command(rig, MLX5_IB_METHOD_DEVX_OBJ_MODIFY, handle, in, 16, out,
					 sizeof(out)),
			-EINVAL);
	/* no room for a header */
	assert_int_equal(do_command(rig, MLX5_IB_METHOD_DEVX_OBJ_QUERY, handle, in, 8, out,
					 sizeof(out)),
			-EINVAL);
	assert_int_equal(do_obj_destroy(rig, handle), 0);
	assert_int_equal(do_obj_destroy(rig, other), 0);
}

/* The card says no: EREMOTEIO, and the output says why. */
static void
rule_command_refused(void **state)
{
	uint8_t in[PRM_SIZE(create_tir_in)], out[16] = { 0 };
	struct rig *rig = *state;
	uint32_t handle;

	command(in, sizeof(in), PRM_OP_CREATE_TIR,
			0); /* of transport domain 0, which nobody made */
	assert_int_equal(do_create(rig, in, sizeof(in), out, sizeof(out), &handle), -EREMOTEIO);
	assert_int_not_equal(PRM_GET(cmd_out, out, status), PRM_STATUS_OK);
	assert_int_not_equal(PRM_GET(cmd_out, out, syndrome), 0);
	assert_int_equal(uv_file_nb_objs(rig->file, true), 0);
}

static void
rule_vector(void **state)
{
	struct call c = call_to(MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_QUERY_EQN);
	struct rig *rig = *state;
	uint32_t eqn;

	call_value(&c, MLX5_IB_ATTR_DEVX_QUERY_EQN_USER_VEC, 4, FW_NB_VECTORS);
	call_value(&c, MLX5_IB_ATTR_DEVX_QUERY_EQN_DEV_EQN, 4, (uintptr_t)&eqn);
	assert_int_equal(call_run(rig, &c), -EINVAL);
	c.attrs[0].data = FW_NB_VECTORS - 1;
	assert_int_equal(call_run(rig, &c), 0);
}

static void
rule_uar(void **state)
{
	struct call c = call_to(MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_QUERY_UAR);
	struct rig *rig = *state;
	uint32_t handle, id;

	assert_int_equal(do_uar(rig, 7, &handle, &id), -EOPNOTSUPP);
	call_value(&c, MLX5_IB_ATTR_DEVX_QUERY_UAR_USER_IDX, 4, 0);
	call_value(&c, MLX5_IB_ATTR_DEVX_QUERY_UAR_DEV_IDX, 4, (uintptr_t)&id);
	assert_int_equal(call_run(rig, &c), -EINVAL); /* there are no static ones */
}

/* --- events --------------------------------------------------------------------------------- */

static void
rule_subscribe(void **state)
{
	struct call c = call_to(MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT);
	static const uint16_t many[40];
	struct rig *rig = *state;
	struct uv_obj *chan;
	struct world w;
	uint32_t cq;

	world(rig, &w);
	assert_int_equal(do_cq(rig, &w, &cq), 0);
	assert_int_equal(do_channel(rig, MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
					 MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC, 2, &chan),
			-EINVAL); /* a flag that nobody knows */
	assert_int_equal(do_channel(rig, MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
					 MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC, 1, &chan),
			0);
	call_value(&c, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_HANDLE, 0, (uint64_t)chan->fd);
	call_value(&c, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_OBJ_HANDLE, 0, cq);
	call_value(&c, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST, 2, PRM_EVENT_COMP);
	call_value(&c, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE, 8, 1);
	assert_int_equal(call_run(rig, &c), 0);
	c.attrs[2].data = PRM_EVENT_OBJECT_CHANGE; /* not of a CQ */
	assert_int_equal(call_run(rig, &c), -EINVAL);
	c.attrs[2].len = 3;
	assert_int_equal(call_run(rig, &c), -EINVAL);
	c.attrs[2].len = sizeof(many);
	c.attrs[2].data = (uintptr_t)many;
	assert_int_equal(call_run(rig, &c), -EINVAL);
	c.attrs[2].len = 2;
	c.attrs[2].data = PRM_EVENT_COMP;
	call_value(&c, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM, 4, (uint32_t)rig->cmd_fd);
	assert_int_equal(call_run(rig, &c), -EINVAL); /* cookie and eventfd */
	c.attrs[3] = c.attrs[4];
	c.hdr.num_attrs--;
	assert_int_equal(call_run(rig, &c), -EINVAL); /* no eventfd */
	c.attrs[0].data = (uint64_t)rig->cmd_fd; /* a descriptor, but no channel */
	assert_int_equal(call_run(rig, &c), -EBADF);
	assert_int_equal(do_obj_destroy(rig, cq), 0);
	end_channel(chan);
	world_end(rig, &w);
}

int
main(void)
{
#define RULE(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		RULE(rule_context_request),
		RULE(rule_context_first),
		RULE(rule_foreign_handle),
		RULE(rule_handle_of_another_kind),
		RULE(rule_mr),
		RULE(rule_umem),
		RULE(rule_pd_in_use),
		RULE(rule_umem_in_use),
		RULE(rule_matcher),
		RULE(rule_flow_destination),
		RULE(rule_command_way),
		RULE(rule_command_refused),
		RULE(rule_vector),
		RULE(rule_uar),
		RULE(rule_subscribe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
