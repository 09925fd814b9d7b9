/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base_clock.h"
#include "guest_msg.h"

static int fds[2];

static int
setup(void **state)
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
}

static int
teardown(void **state)
{
	close(fds[0]);
	close(fds[1]);
	return 0;
}

static uint64_t
in_ms(unsigned int ms)
{
	return base_clock_ns() + ms * BASE_NS_PER_MS;
}

static void
test_message_with_descriptors(void **state)
{
	struct guest_msg msg = { .wire = { .request = GUEST_MSG_SET_MEM_TABLE, .flags = 1 } }, got;
	struct stat a, b;

	msg.wire.size = sizeof(msg.wire.u.mem);
	msg.wire.u.mem.nb = GUEST_MEM_MAX_REGIONS;
	for (unsigned int i = 0; i < GUEST_MSG_MAX_FDS; i++) {
		msg.wire.u.mem.regions[i].gpa = i + 100;
		msg.fds[msg.nb_fds++] = fds[0];
	}
	assert_int_equal(guest_msg_send(fds[0], &msg, in_ms(1000)), 0);
	assert_int_equal(guest_msg_recv(fds[1], &got, in_ms(1000)), 0);
	assert_memory_equal(&got.wire, &msg.wire, sizeof(msg.wire));
	assert_int_equal(got.nb_fds, GUEST_MSG_MAX_FDS);
	assert_int_equal(fstat(got.fds[7], &a), 0);
	assert_int_equal(fstat(fds[0], &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_true(fcntl(got.fds[0], F_GETFD) & FD_CLOEXEC);
	guest_msg_close(&got);
	assert_int_equal(got.nb_fds, 0);
}

static void
test_wire_layout(void **state)
{
	struct guest_msg_wire wire;

	assert_int_equal(offsetof(struct guest_msg_wire, u), GUEST_MSG_HDR_SIZE);
	assert_int_equal(sizeof(wire.u.addr), 40);
	assert_int_equal(sizeof(wire.u.state), 8);
	assert_int_equal(sizeof(wire.u.area), 24);
	assert_int_equal(sizeof(wire.u.mem), 8 + 8 * 32);
}

static void
test_names(void **state)
{
	assert_string_equal(guest_msg_name(GUEST_MSG_SET_MEM_TABLE), "SET_MEM_TABLE");
	assert_string_equal(guest_msg_name(GUEST_MSG_GET_STATUS), "GET_STATUS");
	assert_string_equal(guest_msg_name(0), "unknown");
	assert_string_equal(guest_msg_name(UINT32_MAX), "unknown");
	assert_int_equal(guest_msg_reply_size(GUEST_MSG_GET_VRING_BASE), 8);
	assert_int_equal(guest_msg_reply_size(UINT32_MAX), 0);
}

static void
test_time_out(void **state)
{
	struct guest_msg got;
	uint32_t request = GUEST_MSG_GET_STATUS;

	assert_int_equal(guest_msg_recv(fds[1], &got, in_ms(5)), -ETIMEDOUT);
	/* a header that never gets whole */
	assert_int_equal(write(fds[0], &request, sizeof(request)), sizeof(request));
	assert_int_equal(guest_msg_recv(fds[1], &got, in_ms(5)), -ETIMEDOUT);
}

static void
test_sender_times_out_when_nobody_reads(void **state)
{
	struct guest_msg msg = { .wire = { .request = 1, .size = sizeof(msg.wire.u) } };
	int ret;

	do
		ret = guest_msg_send(fds[0], &msg, in_ms(5));
	while (ret == 0);
	assert_int_equal(ret, -ETIMEDOUT);
}

static void
test_the_other_side_is_gone(void **state)
{
	struct guest_msg msg = { .wire = { .request = 1, .size = 8 } }, got;

	close(fds[0]);
	assert_int_equal(guest_msg_recv(fds[1], &got, in_ms(1000)), -ECONNRESET);
	assert_int_equal(guest_msg_send(fds[1], &msg, in_ms(1000)), -EPIPE); /* and no SIGPIPE */
	fds[0] = dup(fds[1]);
}

static void
test_gone_in_the_middle_of_a_payload(void **state)
{
	struct guest_msg_wire wire = { .request = 1, .size = 8 };
	struct guest_msg got;

	assert_int_equal(write(fds[0], &wire, GUEST_MSG_HDR_SIZE + 3), GUEST_MSG_HDR_SIZE + 3);
	close(fds[0]);
	assert_int_equal(guest_msg_recv(fds[1], &got, in_ms(1000)), -ECONNRESET);
	fds[0] = dup(fds[1]);
}

static void
test_payload_larger_than_any(void **state)
{
	struct guest_msg_wire wire = { .request = 1, .size = sizeof(wire.u) + 1 };
	struct guest_msg got;

	assert_int_equal(write(fds[0], &wire, GUEST_MSG_HDR_SIZE), GUEST_MSG_HDR_SIZE);
	assert_int_equal(guest_msg_recv(fds[1], &got, in_ms(1000)), -EMSGSIZE);
}

int
main(void)
{
#define MSG_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		MSG_TEST(test_message_with_descriptors),
		MSG_TEST(test_wire_layout),
		MSG_TEST(test_names),
		MSG_TEST(test_time_out),
		MSG_TEST(test_sender_times_out_when_nobody_reads),
		MSG_TEST(test_the_other_side_is_gone),
		MSG_TEST(test_gone_in_the_middle_of_a_payload),
		MSG_TEST(test_payload_larger_than_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
