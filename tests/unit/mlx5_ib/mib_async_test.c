/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries whose answer is read from a descriptor: each once, side by side, refusals, a deaf reader,
 * early ends. */
#include "mib_call.h"

#include <poll.h>

#include "base_clock.h"
#include "fw_fault.h"

#define OUT_LEN PRM_SIZE(query_virtio_q_counters_out)
#define WAIT_MS 20000

struct answer {
	uint64_t wr_id;
	uint8_t out[OUT_LEN];
};

static struct uv_obj *
channel(struct rig *rig)
{
	struct uv_obj *chan;

	assert_int_equal(do_channel(rig, MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD,
					 MLX5_IB_METHOD_DEVX_ASYNC_CMD_FD_ALLOC, 0, &chan),
			0);
	return chan;
}

static int
query(struct rig *rig, int fd, uint32_t handle, uint32_t id, uint64_t outlen, uint64_t wr_id)
{
	struct call c = call_to(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_ASYNC_QUERY);
	uint8_t in[16] = { 0 };

	PRM_SET(cmd_in, in, opcode, PRM_OP_QUERY_GENERAL_OBJECT);
	PRM_SET(cmd_in, in, op_mod, PRM_OBJ_VIRTIO_Q_COUNTERS);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, id);
	call_value(&c, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_HANDLE, 0, handle);
	call_buffer(&c, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_CMD_IN, in, sizeof(in));
	call_value(&c, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_OUT_LEN, 8, outlen);
	call_value(&c, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_WR_ID, 8, wr_id);
	call_value(&c, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_FD, 0, (uint64_t)fd);
	return call_run(rig, &c);
}

static ssize_t
await(int fd, struct answer *answer)
{
	struct pollfd pfd = { fd, POLLIN, 0 };

	assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
	return read(fd, answer, sizeof(*answer));
}

static void
test_answers(void **state)
{
	struct rig *rig = *state;
	struct uv_obj *chan = channel(rig);
	uint32_t handle, id, i;
	struct answer answer;
	uint64_t seen = 0;

	assert_int_equal(do_counters(rig, &handle, &id), 0);
	for (i = 0; i < 50; i++)
		assert_int_equal(query(rig, chan->fd, handle, id, OUT_LEN, 1000 + i), 0);
	for (i = 0; i < 50; i++) { /* in any order */
		assert_int_equal(await(chan->fd, &answer), sizeof(answer));
		assert_in_range(answer.wr_id, 1000, 1049);
		assert_false(seen >> (answer.wr_id - 1000) & 1);
		seen |= 1ULL << (answer.wr_id - 1000);
		assert_int_equal(PRM_GET(cmd_out, answer.out, status), PRM_STATUS_OK);
	}
	/* what the card refuses is an answer, too */
	assert_int_equal(query(rig, chan->fd, handle, id, 20, 7), 0);
	assert_int_equal(await(chan->fd, &answer), 28);
	assert_int_equal(answer.wr_id, 7);
	assert_int_not_equal(PRM_GET(cmd_out, answer.out, status), PRM_STATUS_OK);
	end_channel(chan);
	assert_int_equal(do_obj_destroy(rig, handle), 0);
}

/* A command that is never answered holds up no other one; the card's end ends it. */
static void
test_side_by_side(void **state)
{
	struct rig *rig = *state;
	struct uv_obj *chan = channel(rig);
	struct answer answer;
	struct fw_fault held;
	uint32_t handle, id;

	assert_int_equal(do_counters(rig, &handle, &id), 0);
	fw_fault_init(&held, FW_FAULT_TIMEOUT);
	held.delay_ns = 10ULL * WAIT_MS * BASE_NS_PER_MS;
	strcpy(held.id, "held");
	assert_int_equal(fw_card_add_fault(rig->card, &held), 0);
	assert_int_equal(query(rig, chan->fd, handle, id, OUT_LEN, 1), 0);
	assert_int_equal(query(rig, chan->fd, handle, id, OUT_LEN, 2), 0);
	assert_int_equal(await(chan->fd, &answer), sizeof(answer));
	assert_in_range(answer.wr_id, 1, 2); /* whichever the rule did not meet */
	assert_int_equal(fw_func_remove(fw_card_func(rig->card, 0)), 0);
	assert_int_equal(await(chan->fd, &answer), sizeof(answer));
	end_channel(chan);
}

static void
test_refused(void **state)
{
	struct rig *rig = *state;
	struct uv_obj *chan = channel(rig);
	uint32_t handle, id;
	int fd = chan->fd;

	assert_int_equal(do_counters(rig, &handle, &id), 0);
	assert_int_equal(query(rig, fd, handle, id + 1, OUT_LEN, 1), -EINVAL); /* another object */
	assert_int_equal(query(rig, fd, handle + 1, id, OUT_LEN, 1), -ENOENT);
	assert_int_equal(query(rig, fd, handle, id, 8, 1), -EINVAL);
	assert_int_equal(query(rig, fd, handle, id, 65536, 1), -EINVAL);
	assert_int_equal(query(rig, rig->cmd_fd, handle, id, OUT_LEN, 1), -EBADF);
	end_channel(chan);
	assert_int_equal(query(rig, fd, handle, id, OUT_LEN, 1), -EBADF);
}

/* Nobody reads: calls are refused when too much is due, and what was taken is answered. */
static void
test_deaf(void **state)
{
	struct rig *rig = *state;
	struct uv_obj *chan = channel(rig);
	uint8_t *buf = malloc(70000);
	uint32_t handle, id;
	unsigned int taken = 0, seen;
	bool answered[1000] = { false };
	int ret;

	assert_non_null(buf);
	assert_int_equal(do_counters(rig, &handle, &id), 0);
	while ((ret = query(rig, chan->fd, handle, id, 60000, taken)) == 0) {
		taken++;
		assert_true(taken < 1000);
	}
	assert_int_equal(ret, -EAGAIN);
	assert_true(taken >= 17); /* 1 MiB */
	for (seen = 0; seen < taken; seen++) {
		struct pollfd pfd = { chan->fd, POLLIN, 0 };
		uint64_t wr_id;

		assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
		assert_int_equal(read(chan->fd, buf, 70000), 60008);
		memcpy(&wr_id, buf, sizeof(wr_id));
		assert_in_range(wr_id, 0, taken - 1);
		assert_false(answered[wr_id]);
		answered[wr_id] = true;
	}
	/* ended with the threads waiting for a reader */
	while (query(rig, chan->fd, handle, id, 60000, 0) == 0)
		;
	end_channel(chan);
	free(buf);
}

/* The device goes first, with queries under way: the descriptor is at its end. */
static void
test_file_first(void **state)
{
	struct rig *rig = *state;
	struct uv_obj *chan = channel(rig);
	struct pollfd pfd = { chan->fd, POLLIN, 0 };
	uint8_t buf[100];
	uint32_t handle, id, i;

	assert_int_equal(do_counters(rig, &handle, &id), 0);
	for (i = 0; i < 1000; i++)
		assert_int_equal(query(rig, chan->fd, handle, id, OUT_LEN, i), 0);
	uv_file_close(rig->file);
	while (poll(&pfd, 1, WAIT_MS) == 1 && read(chan->fd, buf, sizeof(buf)) > 0)
		;
	assert_int_equal(read(chan->fd, buf, sizeof(buf)), 0);
	end_channel(chan);
	rig_forget(rig);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_answers),
		TEST(test_side_by_side),
		TEST(test_refused),
		TEST(test_deaf),
		cmocka_unit_test_setup(test_file_first, rig_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
