/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the message handler alone, on a vhost that is defined here: it keeps the
 * handler that is registered, shows it messages as lib/vhost lays them out, and has a memory table.
 * Files are counted: those of a refused message must be closed, those of the others must not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_vhost.h>

#include "guard_table.h"
#include "last_log.h"
#include "mvdpa_log.h"
#include "mvdpa_message.h"

#define VID 3
#define SET_MEM_TABLE 5u
#define SIZE 0x10000u
#define HVA 0x7f0000000000ULL

const struct base_log mvdpa_logs[MVDPA_LOG_MODULES] = {
	[MVDPA_LOG_CONF] = { BASE_LOG_DEBUG, last_log_write, NULL },
};

static struct {
	struct rte_vhost_user_extern_ops ops;
	unsigned int registered;
	uint8_t msg[2048];
	bool has_table;
	struct rte_vhost_mem_region region;
} vhost;
static struct {
	int result; /* of prepare */
	unsigned int prepared, taken, based;
	struct guard_table table;
} device;
static struct mvdpa_message message;

int
rte_vhost_extern_callback_register(int vid, struct rte_vhost_user_extern_ops const *const ops,
		void *ctx)
{
	assert_int_equal(vid, VID);
	vhost.ops = *ops;
	vhost.registered++;
	return 0;
}

int
rte_vhost_get_mem_table(int vid, struct rte_vhost_memory **memory)
{
	assert_true(vhost.has_table); /* vhost does not look */
	*memory = calloc(1, sizeof(**memory) + sizeof((*memory)->regions[0]));
	assert_non_null(*memory);
	(*memory)->nregions = 1;
	(*memory)->regions[0] = vhost.region;
	return 0;
}

uint16_t
rte_vhost_get_vring_num(int vid)
{
	return 2;
}

int
rte_vhost_get_vhost_vring(int vid, uint16_t index, struct rte_vhost_vring *ring)
{
	if (index == 0)
		return -1; /* not there yet */
	*ring = (struct rte_vhost_vring){ .size = 256,
		.desc = (void *)(uintptr_t)HVA,
		.avail = (void *)(uintptr_t)(HVA + SIZE - 4096 - 16),
		.used = (void *)(uintptr_t)(HVA + 0x4000) };
	return 0;
}

static int
device_prepare(void *arg, const struct guard_table *table)
{
	assert_ptr_equal(arg, &device);
	device.prepared++;
	device.table = *table;
	return device.result;
}

static void
device_taken(void *arg)
{
	assert_ptr_equal(arg, &device);
	device.taken++;
}

static bool
queue_runs(void *arg, uint32_t queue)
{
	assert_ptr_equal(arg, &device);
	return queue == 1;
}

static void
queue_based(void *arg, uint32_t queue)
{
	assert_ptr_equal(arg, &device);
	assert_int_equal(queue, 0);
	device.based++;
}

static int
file_new(void)
{
	int fd = memfd_create("ram", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	return fd;
}

static bool
is_open(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0;
}

/* A message with a file. */
static void
fill(uint32_t request, int fd)
{
	const int nb_fds = 1;

	memset(vhost.msg, 0, sizeof(vhost.msg));
	memset(vhost.msg + 12 + GUARD_PAYLOAD_MAX, 0xff, 32);
	memcpy(vhost.msg, &request, sizeof(request));
	memcpy(vhost.msg + 12 + GUARD_PAYLOAD_MAX, &fd, sizeof(fd));
	memcpy(vhost.msg + 12 + GUARD_PAYLOAD_MAX + 32, &nb_fds, sizeof(nb_fds));
}

/* Shows a SET_MEM_TABLE of one region; what vhost would do with it. */
static enum rte_vhost_msg_result
show_table(int fd, uint64_t size)
{
	const struct guard_region region = { .gpa = 0, .size = size, .user = 0x5000 };
	const uint32_t header[] = { SET_MEM_TABLE, 1, 40, 1, 0 };

	fill(SET_MEM_TABLE, fd);
	memcpy(vhost.msg, header, sizeof(header));
	memcpy(vhost.msg + 20, &region, sizeof(region));
	return vhost.ops.pre_msg_handle(VID, vhost.msg);
}

/* vhost has mapped it. */
static void
take_table(int fd)
{
	vhost.has_table = true;
	vhost.region = (struct rte_vhost_mem_region){ .guest_user_addr = 0x5000,
		.size = SIZE,
		.host_user_addr = HVA,
		.mmap_addr = (void *)(uintptr_t)HVA,
		.fd = fd };
	vhost.ops.post_msg_handle(VID, vhost.msg);
}

static void
show(uint32_t request)
{
	memset(vhost.msg, 0, sizeof(vhost.msg));
	memcpy(vhost.msg, &request, sizeof(request));
	assert_int_equal(vhost.ops.pre_msg_handle(VID, vhost.msg),
			RTE_VHOST_MSG_RESULT_NOT_HANDLED);
}

static int
setup(void **state)
{
	memset(&vhost, 0, sizeof(vhost));
	memset(&device, 0, sizeof(device));
	message = (struct mvdpa_message){ .prepare = device_prepare,
		.taken = device_taken,
		.runs = queue_runs,
		.based = queue_based,
		.arg = &device };
	mvdpa_message_follow(&message, VID);
	return 0;
}

static int
teardown(void **state)
{
	mvdpa_message_forget(&message);
	return 0;
}

static void
test_which_message(void **state)
{
	mvdpa_message_follow(&message, VID);
	assert_int_equal(vhost.registered, 1);
	show(12); /* SET_VRING_KICK */
	assert_true(mvdpa_message_swaps_file(&message));
	assert_false(mvdpa_message_swaps_file(&message)); /* once a message */
	show(18); /* SET_VRING_ENABLE */
	assert_true(mvdpa_message_keeps_life(&message));
	mvdpa_message_done(&message);
	assert_false(mvdpa_message_keeps_life(&message));
	mvdpa_message_follow(&message, -1);
	mvdpa_message_follow(&message, RTE_MAX_VHOST_DEVICE);
	assert_int_equal(vhost.registered, 1);
}

static void
test_good_table(void **state)
{
	int fd = file_new();

	assert_int_equal(show_table(fd, SIZE), RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	assert_int_equal(device.prepared, 1);
	assert_int_equal(device.table.nb, 1);
	assert_int_equal(device.table.fd[0], fd);
	assert_false(message.mem_table); /* vhost may still fail */
	assert_true(mvdpa_message_sets_memory(&message));
	take_table(fd);
	assert_true(message.mem_table);
	assert_int_equal(device.taken, 1);
	assert_true(is_open(fd));
	close(fd);
}

static void
test_refused_tables(void **state)
{
	int fd = file_new(), again;

	assert_int_equal(show_table(fd, SIZE), RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	take_table(fd);
	again = dup(fd);
	assert_int_equal(show_table(again, 2 * SIZE), RTE_VHOST_MSG_RESULT_ERR);
	assert_non_null(strstr(last_log, "shorter"));
	assert_int_equal(device.prepared, 1); /* not asked */
	assert_false(is_open(again));
	assert_true(message.mem_table); /* the one before is in force */
	device.result = -ENOMEM;
	again = dup(fd);
	assert_int_equal(show_table(again, SIZE), RTE_VHOST_MSG_RESULT_ERR);
	assert_non_null(strstr(last_log, "made ready"));
	assert_false(is_open(again));
	assert_true(message.mem_table);
	assert_int_equal(device.taken, 1);
	close(fd);
}

/* Another file behind the same address: the message is made to look changed. */
static void
test_hidden_file(void **state)
{
	int fd = file_new(), other = file_new();
	struct guard_table shown;

	assert_int_equal(show_table(fd, SIZE), RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	take_table(fd);
	assert_int_equal(show_table(other, SIZE), RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	assert_int_equal(device.table.nb, 1); /* the device sees what the front-end sent */
	assert_int_equal(guard_table_read(vhost.msg, &shown), 0);
	assert_int_equal(shown.nb, 2);
	assert_int_equal(shown.region[0].size, SIZE - 2 * 4096); /* a ring is in the way */
	close(shown.fd[1]);
	assert_int_equal(show_table(fd, SIZE), RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	assert_int_equal(guard_table_read(vhost.msg, &shown), 0);
	assert_int_equal(shown.nb, 1); /* the same file: nothing to hide */
	close(other);
	close(fd);
}

/* Nobody knows whether vhost has a table, after one that it did not take. */
static void
test_vhost_failed(void **state)
{
	int fd = file_new(), other = file_new();

	assert_int_equal(show_table(fd, SIZE), RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	assert_int_equal(show_table(other, SIZE), RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	assert_int_equal(device.prepared, 2);
	assert_int_equal(device.taken, 0);
	close(other);
	close(fd);
}

/* Of a ring that runs it is refused, and vhost does not see it; who asked for a reply gets one. */
static void
test_base_of_running(void **state)
{
	static const struct {
		uint32_t flags, queue;
		enum rte_vhost_msg_result want;
	} rows[] = {
		{ 1, 0, RTE_VHOST_MSG_RESULT_NOT_HANDLED },
		{ 9, 0, RTE_VHOST_MSG_RESULT_NOT_HANDLED },
		{ 1, 1, RTE_VHOST_MSG_RESULT_OK },
		{ 9, 1, RTE_VHOST_MSG_RESULT_ERR },
	};
	size_t i;

	mvdpa_message_follow(&message, VID);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint32_t words[] = { 10, rows[i].flags, 8, rows[i].queue, 7 };

		memcpy(vhost.msg, words, sizeof(words));
		assert_int_equal(vhost.ops.pre_msg_handle(VID, vhost.msg), rows[i].want);
	}
	assert_int_equal(device.based, 2); /* the one that does not run */
}

/* vhost does not close the files of a message that it does not see. */
static void
test_files_of_refused(void **state)
{
	static const uint32_t words[] = { 10, 9, 8, 1, 7 };
	int fd = file_new();

	fill(10, fd); /* SET_VRING_BASE, with a file that does not belong there */
	memcpy(vhost.msg, words, sizeof(words));
	assert_int_equal(vhost.ops.pre_msg_handle(VID, vhost.msg), RTE_VHOST_MSG_RESULT_ERR);
	assert_false(is_open(fd));
	mvdpa_message_shut(VID);
	fd = file_new();
	assert_int_equal(show_table(fd, SIZE), RTE_VHOST_MSG_RESULT_ERR);
	assert_false(is_open(fd));
	fd = file_new();
	fill(12, fd); /* SET_VRING_KICK */
	assert_int_equal(vhost.ops.pre_msg_handle(VID, vhost.msg), RTE_VHOST_MSG_RESULT_ERR);
	assert_false(is_open(fd));
	fd = file_new();
	fill(13, fd); /* SET_VRING_CALL: is vhost's */
	assert_int_equal(vhost.ops.pre_msg_handle(VID, vhost.msg),
			RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	assert_true(is_open(fd));
	close(fd);
	mvdpa_message_end(VID);
}

/* vhost found the table to be the one it had: what comes next has nothing to do with it. */
static void
test_table_that_stops_nothing(void **state)
{
	int fd = file_new();

	assert_int_equal(show_table(fd, SIZE), RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	assert_true(mvdpa_message_sets_memory(&message)); /* dev_close asks in between */
	take_table(fd);
	assert_false(mvdpa_message_sets_memory(&message));
	close(fd);
}

static void
test_forgotten(void **state)
{
	int fd = file_new();

	mvdpa_message_forget(&message);
	assert_int_equal(show_table(fd, SIZE), RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	vhost.ops.post_msg_handle(VID, vhost.msg);
	assert_int_equal(device.prepared, 0);
	assert_false(message.mem_table);
	mvdpa_message_follow(&message, VID); /* the next connection: the device is told again */
	assert_int_equal(show_table(fd, SIZE), RTE_VHOST_MSG_RESULT_NOT_HANDLED);
	assert_int_equal(device.prepared, 1);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_which_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_good_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hidden_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vhost_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_base_of_running, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_of_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_that_stops_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forgotten, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
