/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: rdma-core's DevX functions are replaced at link time; each test says what
 * they answer and looks at errno, the one log line, the counts, and the bytes that were sent.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <endian.h>

#include "devx_cq.h"
#include "devx_mr.h"
#include "devx_grave.h"
#include "devx_priv.h"
#include "devx_qp.h"
#include "devx_virtq.h"
#include "prm_field.h"

static struct {
	int error; /* what the next command gives */
	uint8_t status;
	uint32_t syndrome;
	uint16_t opcodes[64];
	int nb;
	int live;
	int umem_refusals; /* that are left */
	char log[512];
	int nb_logs, nb_errors;
} rig;

static struct devx_dev dev;
static struct ibv_context ctx;
static struct mlx5dv_devx_uar uar;
static uint64_t uar_page[16];

static int
rig_answer(const void *in, void *out)
{
	rig.opcodes[rig.nb++ % 64] = (uint16_t)PRM_GET(cmd_in, in, opcode);
	PRM_SET(cmd_out, out, status, rig.status);
	PRM_SET(cmd_out, out, syndrome, rig.syndrome);
	return rig.error;
}

int __wrap_mlx5dv_devx_general_cmd(struct ibv_context *c, const void *in, size_t inlen, void *out,
		size_t outlen);
struct mlx5dv_devx_obj *__wrap_mlx5dv_devx_obj_create(struct ibv_context *c, const void *in,
		size_t inlen, void *out, size_t outlen);
int __wrap_mlx5dv_devx_obj_modify(struct mlx5dv_devx_obj *o, const void *in, size_t inlen,
		void *out, size_t outlen);
int __wrap_mlx5dv_devx_obj_query(struct mlx5dv_devx_obj *o, const void *in, size_t inlen, void *out,
		size_t outlen);
int __wrap_mlx5dv_devx_obj_destroy(struct mlx5dv_devx_obj *o);
struct mlx5dv_devx_umem *
__wrap_mlx5dv_devx_umem_reg(struct ibv_context *c, void *addr, size_t size, uint32_t access);
int __wrap_mlx5dv_devx_umem_dereg(struct mlx5dv_devx_umem *umem);
int __wrap_mlx5dv_devx_query_eqn(struct ibv_context *c, uint32_t vector, uint32_t *eqn);

int
__wrap_mlx5dv_devx_general_cmd(struct ibv_context *c, const void *in, size_t inlen, void *out,
		size_t outlen)
{
	return rig_answer(in, out);
}

struct mlx5dv_devx_obj *
__wrap_mlx5dv_devx_obj_create(struct ibv_context *c, const void *in, size_t inlen, void *out,
		size_t outlen)
{
	int error = rig_answer(in, out);

	if (error != 0) {
		errno = error;
		return NULL;
	}
	rig.live++;
	PRM_SET(create_cq_out, out, cqn, 0x1000 + rig.nb);
	return (struct mlx5dv_devx_obj *)&rig;
}

int
__wrap_mlx5dv_devx_obj_modify(struct mlx5dv_devx_obj *o, const void *in, size_t inlen, void *out,
		size_t outlen)
{
	return rig_answer(in, out);
}

int
__wrap_mlx5dv_devx_obj_query(struct mlx5dv_devx_obj *o, const void *in, size_t inlen, void *out,
		size_t outlen)
{
	return rig_answer(in, out);
}

int
__wrap_mlx5dv_devx_obj_destroy(struct mlx5dv_devx_obj *o)
{
	rig.live--;
	return 0;
}

/* A channel that answers a query as soon as it is asked; its file is a pipe with a byte an answer. */
static struct {
	struct mlx5dv_devx_cmd_comp comp;
	int peer;
	uint64_t wr_id;
	uint16_t size; /* of the queue that answers; 0: an answer of zeros */
} chan;

struct mlx5dv_devx_cmd_comp *__wrap_mlx5dv_devx_create_cmd_comp(struct ibv_context *c);
void __wrap_mlx5dv_devx_destroy_cmd_comp(struct mlx5dv_devx_cmd_comp *comp);
int __wrap_mlx5dv_devx_obj_query_async(struct mlx5dv_devx_obj *o, const void *in, size_t inlen,
		size_t outlen, uint64_t wr_id, struct mlx5dv_devx_cmd_comp *comp);
int __wrap_mlx5dv_devx_get_async_cmd_comp(struct mlx5dv_devx_cmd_comp *comp,
		struct mlx5dv_devx_async_cmd_hdr *answer, size_t len);

struct mlx5dv_devx_cmd_comp *
__wrap_mlx5dv_devx_create_cmd_comp(struct ibv_context *c)
{
	int fds[2];

	if (rig.error != 0) {
		errno = rig.error;
		return NULL;
	}
	assert_int_equal(pipe(fds), 0);
	chan.comp.fd = fds[0];
	chan.peer = fds[1];
	return &chan.comp;
}

void
__wrap_mlx5dv_devx_destroy_cmd_comp(struct mlx5dv_devx_cmd_comp *comp)
{
	close(comp->fd);
	close(chan.peer);
}

int
__wrap_mlx5dv_devx_obj_query_async(struct mlx5dv_devx_obj *o, const void *in, size_t inlen,
		size_t outlen, uint64_t wr_id, struct mlx5dv_devx_cmd_comp *comp)
{
	uint8_t out[PRM_SIZE(cmd_out)] = { 0 };

	if (rig.error != 0)
		return rig.error;
	assert_int_equal(outlen, PRM_SIZE(query_virtq_out));
	rig_answer(in, out);
	chan.wr_id = wr_id;
	assert_int_equal(write(chan.peer, "", 1), 1);
	return 0;
}

int
__wrap_mlx5dv_devx_get_async_cmd_comp(struct mlx5dv_devx_cmd_comp *comp,
		struct mlx5dv_devx_async_cmd_hdr *answer, size_t len)
{
	uint8_t *q = (uint8_t *)PRM_PTR(query_virtq_out, answer->out_data, virtq);
	char byte;
	ssize_t nb = read(comp->fd, &byte, 1);

	if (nb != 1)
		return nb < 0 ? errno : EINVAL;
	answer->wr_id = chan.wr_id;
	PRM_SET(cmd_out, answer->out_data, status, rig.status);
	PRM_SET(virtio_q, PRM_PTR(virtio_net_q, q, virtio_q_context), queue_size, chan.size);
	PRM_SET(virtio_net_q, q, hw_used_index, chan.size != 0 ? 41 : 0);
	return 0;
}

struct mlx5dv_devx_umem *
__wrap_mlx5dv_devx_umem_reg(struct ibv_context *c, void *addr, size_t size, uint32_t access)
{
	static struct mlx5dv_devx_umem umem = { .umem_id = 7 };

	rig.live++;
	return &umem;
}

int
__wrap_mlx5dv_devx_umem_dereg(struct mlx5dv_devx_umem *umem)
{
	if (rig.umem_refusals > 0) {
		rig.umem_refusals--;
		return EBUSY;
	}
	rig.live--;
	return 0;
}

int
__wrap_mlx5dv_devx_query_eqn(struct ibv_context *c, uint32_t vector, uint32_t *eqn)
{
	*eqn = 1;
	return 0;
}

static void
rig_log(void *arg, enum base_log_level level, const char *msg)
{
	rig.nb_logs++;
	rig.nb_errors += level == BASE_LOG_ERR;
	snprintf(rig.log, sizeof(rig.log), "%s", msg);
}

static const struct base_log test_log = { BASE_LOG_DEBUG, rig_log, NULL };

static int
setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	memset(&dev, 0, sizeof(dev));
	memset(uar_page, 0, sizeof(uar_page));
	snprintf(dev.pci_addr, sizeof(dev.pci_addr), "0000:03:00.2");
	uar.base_addr = uar_page;
	dev.ctx = &ctx;
	dev.log = &test_log;
	dev.uar = &uar;
	dev.grave = devx_grave_create();
	return dev.grave == NULL;
}

static int
teardown(void **state)
{
	devx_grave_destroy(dev.grave);
	return 0;
}

static const struct devx_virtq_attr q3 = { .index = 3, .size = 256 };

static void
test_refused_by_firmware(void **state)
{
	struct devx_obj *obj = NULL;

	rig.error = EREMOTEIO;
	rig.status = PRM_STATUS_BAD_RES_STATE;
	rig.syndrome = 0x5fa1c;
	assert_int_equal(devx_virtq_create(&dev, &q3, &obj), -EINVAL);
	assert_null(obj);
	assert_int_equal(rig.nb_logs, 1);
	assert_non_null(strstr(rig.log, "0000:03:00.2"));
	assert_non_null(strstr(rig.log, "virtq 3"));
	assert_non_null(strstr(rig.log, "CREATE_GENERAL_OBJECT"));
	assert_non_null(strstr(rig.log, "BAD_RES_STATE"));
	assert_non_null(strstr(rig.log, "0x0005fa1c"));
}

static void
test_refused_by_kernel(void **state)
{
	struct devx_obj *obj = NULL;

	rig.error = ENOMEM;
	assert_int_equal(devx_virtq_create(&dev, &q3, &obj), -ENOMEM);
	assert_int_equal(rig.nb_logs, 1);
	assert_non_null(strstr(rig.log, strerror(ENOMEM)));
}

static void
test_counts(void **state)
{
	struct devx_obj *obj = NULL;
	struct devx_virtq_attr attr = q3;

	assert_int_equal(devx_virtq_create(&dev, &q3, &obj), 0);
	attr.state = PRM_VIRTQ_RDY;
	assert_int_equal(devx_virtq_modify(obj, &attr, PRM_VIRTQ_MOD_STATE), 0);
	assert_int_equal(devx_virtq_query(obj, &attr), 0);
	rig.error = EREMOTEIO;
	rig.status = PRM_STATUS_INT_ERR;
	assert_int_equal(devx_virtq_query(obj, &attr), -EIO);
	devx_obj_destroy(obj);
	devx_obj_destroy(NULL);
	assert_int_equal(rig.live, 0);
	assert_int_equal(devx_cmd_total(&dev), 5);
}

/* Asks queue 3 and takes the answer; @return what it says. */
static int
ask(struct devx_query_channel *channel, struct devx_obj *obj, struct devx_virtq_answer *answer)
{
	assert_int_equal(devx_virtq_query_post(channel, obj, 3, 0xfffffff1), 0);
	assert_int_equal(devx_virtq_query_take(channel, 20000, answer), 0);
	assert_int_equal(answer->index, 3);
	assert_int_equal(answer->round, 0xfffffff1);
	return answer->ret;
}

static void
test_queries_under_way(void **state)
{
	struct devx_query_channel *channel = NULL;
	struct devx_virtq_answer answer;
	struct devx_obj *obj = NULL;

	rig.error = EMFILE;
	assert_int_equal(devx_query_channel_create(&dev, &channel), -EMFILE);
	rig.error = 0;
	assert_int_equal(devx_query_channel_create(&dev, &channel), 0);
	assert_int_equal(devx_virtq_create(&dev, &q3, &obj), 0);
	assert_int_equal(devx_virtq_query_take(channel, 0, &answer), -ETIMEDOUT);
	chan.size = 256;
	assert_int_equal(ask(channel, obj, &answer), 0);
	assert_int_equal(answer.attr.hw_used, 41);
	chan.size = 0; /* it did not get through: the kernel hands out a buffer of zeros */
	assert_int_equal(ask(channel, obj, &answer), -EIO);
	rig.status = PRM_STATUS_NO_RES;
	rig.nb_logs = 0;
	assert_int_equal(ask(channel, obj, &answer), -EAGAIN);
	assert_int_equal(rig.nb_logs, 1);
	assert_non_null(strstr(rig.log, "virtq 3"));
	rig.status = 0;
	rig.error = ENOMEM;
	assert_int_equal(devx_virtq_query_post(channel, obj, 3, 1), -ENOMEM);
	rig.error = 0;
	assert_int_equal(devx_virtq_query_take(channel, 0, &answer), -ETIMEDOUT);
	close(chan.peer); /* the device is gone */
	chan.peer = -1;
	assert_true(devx_virtq_query_take(channel, 20000, &answer) < 0);
	devx_obj_destroy(obj);
	devx_query_channel_destroy(channel);
	devx_query_channel_destroy(NULL);
	assert_int_equal(devx_cmd_total(&dev), 6); /* create, four questions, destroy */
}

static void
put_cqe(uint8_t *mem, uint16_t counter)
{
	uint32_t tail = htobe32((uint32_t)counter << 16 | 2u << 4);

	memcpy(mem + 60, &tail, 4);
}

static void
mark_released(void *mem)
{
	*(uint8_t *)mem = 1;
}

/* What the card does not give up may be written to: the memory stays until it is. */
static void
test_memory_outlives_registration(void **state)
{
	static _Alignas(4096) uint8_t mem[256 * 64 + 64];
	struct devx_cq_attr attr = { mem, 256, mark_released };
	struct devx_cq *cq = NULL;

	memset(mem, 0, sizeof(mem));
	assert_int_equal(devx_cq_create(&dev, &attr, &cq), 0);
	rig.umem_refusals = 3;
	devx_cq_destroy(cq);
	devx_grave_reap(&dev);
	devx_grave_reap(&dev);
	assert_int_equal(mem[0], 0);
	devx_grave_reap(&dev);
	assert_int_equal(mem[0], 1);
	assert_int_equal(rig.nb_errors, 1); /* and not one a try */
}

static void
test_cq_counts_and_arms(void **state)
{
	static _Alignas(4096) uint8_t mem[256 * 64 + 64];
	struct devx_cq_attr attr = { mem, 256 };
	struct devx_cq *cq = NULL;
	uint32_t rec;

	memset(mem, 0, sizeof(mem));
	assert_int_equal(devx_cq_mem_size(256), sizeof(mem));
	assert_int_equal(devx_cq_create(&dev, &attr, &cq), 0);
	assert_int_equal(devx_cq_poll(cq), 0);
	put_cqe(mem, 0);
	assert_int_equal(devx_cq_poll(cq), 1);
	assert_int_equal(devx_cq_poll(cq), 0);
	put_cqe(mem, 255); /* as many as the queue is deep, less one: not 0 */
	assert_int_equal(devx_cq_poll(cq), 255);
	put_cqe(mem, 65535);
	assert_int_equal(devx_cq_poll(cq), 65280);
	put_cqe(mem, 3); /* the counter wraps, the consumer index goes on */
	assert_int_equal(devx_cq_poll(cq), 4);
	memcpy(&rec, mem + 256 * 64, 4);
	assert_int_equal(be32toh(rec), 65540);
	devx_cq_arm(cq);
	devx_cq_arm(cq);
	memcpy(&rec, mem + 256 * 64 + 4, 4);
	assert_int_equal(be32toh(rec), 1u << 28 | 65540);
	assert_int_equal(be64toh(uar_page[4]) >> 32, 1u << 28 | 65540);
	assert_int_equal(be64toh(uar_page[4]) & 0xffffff, 0x1001);
	put_cqe(mem, 9);
	devx_cq_restart(cq); /* drops 6, but they are consumed */
	assert_int_equal(devx_cq_poll(cq), 0);
	put_cqe(mem, 0);
	assert_int_equal(devx_cq_poll(cq), 1);
	memcpy(&rec, mem + 256 * 64, 4);
	assert_int_equal(be32toh(rec), 65540 + 6 + 1);
	devx_cq_destroy(cq);
	assert_int_equal(rig.live, 0);
}

static void
test_qp_sequence(void **state)
{
	static const uint16_t want[] = { 0x400, 0x500, 0x500, 0x502, 0x502, 0x503, 0x503, 0x504,
		0x504, 0x50a, 0x50a, 0x502, 0x502, 0x503, 0x503, 0x504, 0x504 };
	static _Alignas(4096) uint8_t cq_mem[64 * 64 + 64], qp_mem[64 * 16 + 64];
	struct devx_cq_attr cq_attr = { cq_mem, 64 };
	struct devx_qp_attr qp_attr = { qp_mem, 64, NULL };
	struct devx_cq *cq = NULL;
	struct devx_qp *qp = NULL;
	uint32_t rec;

	assert_int_equal(devx_cq_create(&dev, &cq_attr, &cq), 0);
	qp_attr.cq = cq;
	assert_int_equal(devx_qp_create(&dev, &qp_attr, &qp), 0);
	memcpy(&rec, qp_mem + 64 * 16, 4);
	assert_int_equal(be32toh(rec), 64);
	devx_qp_credit(qp, 5);
	memcpy(&rec, qp_mem + 64 * 16, 4);
	assert_int_equal(be32toh(rec), 69);
	assert_int_equal(devx_qp_reconnect(qp), 0);
	memcpy(&rec, qp_mem + 64 * 16, 4);
	assert_int_equal(be32toh(rec), 64);
	assert_int_equal(rig.nb, sizeof(want) / sizeof(want[0]));
	assert_memory_equal(rig.opcodes, want, sizeof(want));
	devx_qp_destroy(qp);
	devx_cq_destroy(cq);
	assert_int_equal(rig.live, 0);
}

static void
test_mkey_bytes(void **state)
{
	static const struct devx_klm klms[] = { { 0x1000, 0x80000000, 0x11 }, { 0, 0x1000, 0x22 },
		{ 0x3000, 0x2000, 0x33 } };
	struct devx_mkey_attr attr = { .start = 0x1000, .len = 0x5000, .nb_klms = 3, .klms = klms };
	uint8_t in[272 + 4 * 16] = { 0 };

	assert_int_equal(devx_mkey_in_size(3), sizeof(in));
	/* the longest list is the longest that an ioctl attribute can hold */
	assert_true(devx_mkey_in_size(DEVX_MKEY_KLMS_MAX) <= UINT16_MAX);
	assert_true(devx_mkey_in_size(DEVX_MKEY_KLMS_MAX + 1) > UINT16_MAX);
	devx_mkey_encode(&attr, 0xabcdef, in);
	assert_int_equal(in[0x10 + 2] & 3, 2); /* access_mode_1_0: KLM */
	assert_int_equal(in[0x10 + 2] & 0xc, 0xc);
	assert_int_equal(in[0x10 + 0xd], 0xab);
	assert_int_equal(in[0x10 + 0x17 - 1], 0x10); /* start_addr */
	assert_int_equal(in[0x10 + 0x1e], 0x50); /* len */
	assert_int_equal(in[0x10 + 0x37], 4); /* octwords, padded */
	assert_int_equal(in[0x63], 4);
	assert_int_equal(in[0x110], 0x80);
	assert_int_equal(in[0x117], 0x11);
	assert_int_equal(in[0x11e], 0x10);
	assert_int_equal(in[0x127], 0x22);
	assert_int_equal(in[0x137], 0x33);
	attr.log_entry_size = 28;
	memset(in, 0, sizeof(in));
	devx_mkey_encode(&attr, 1, in);
	assert_int_equal(in[0x10 + 2] & 3, 3); /* KLM_FBS */
	assert_int_equal(in[0x10 + 0x3b] & 0x3f, 28);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused_by_firmware, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_by_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queries_under_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cq_counts_and_arms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_outlives_registration, setup, teardown),
		cmocka_unit_test_setup_teardown(test_qp_sequence, setup, teardown),
		cmocka_unit_test(test_mkey_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
