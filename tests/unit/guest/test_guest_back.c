/* SPDX-License-Identifier: BSD-3-Clause */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base_clock.h"
#include "guest_back.h"
#include "guest_msg.h"

static struct guest_back *back;
static int main_fds[2], channel, page_fd, kick_fd;
static uint16_t *page;
static uint64_t page_size;

static int
setup(void **state)
{
	struct guest_back_attr attr = { .name = "t", .nb_queues = 4 };

	page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, main_fds) != 0)
		return -1;
	attr.main_fd = main_fds[0];
	if (guest_back_create(&attr, &back) != 0)
		return -1;
	channel = dup(guest_back_peer_fd(back));
	guest_back_peer_sent(back);
	kick_fd = eventfd(0, EFD_NONBLOCK);
	page_fd = memfd_create("page", 0);
	if (ftruncate(page_fd, (off_t)(2 * page_size)) != 0)
		return -1;
	page = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
	return page == MAP_FAILED ? -1 : 0;
}

static int
teardown(void **state)
{
	guest_back_destroy(back);
	munmap(page, 2 * page_size);
	close(page_fd);
	close(kick_fd);
	if (channel >= 0)
		close(channel);
	close(main_fds[0]);
	if (main_fds[1] >= 0)
		close(main_fds[1]);
	return 0;
}

/* Asks as a back-end does; @return the answer's number. */
static uint64_t
ask(uint32_t request, uint64_t u64, uint64_t offset, uint64_t size)
{
	struct guest_msg msg = { .wire = { .request = request, .size = 24 } };
	uint64_t deadline = base_clock_ns() + BASE_NS_PER_S;

	msg.wire.flags = GUEST_MSG_VERSION | GUEST_MSG_NEED_REPLY;
	msg.wire.u.area.u64 = u64;
	msg.wire.u.area.offset = offset;
	msg.wire.u.area.size = size;
	msg.fds[0] = page_fd;
	msg.nb_fds = (u64 & GUEST_MSG_VRING_NOFD) == 0;
	assert_int_equal(guest_msg_send(channel, &msg, deadline), 0);
	assert_int_equal(guest_msg_recv(channel, &msg, deadline), 0);
	assert_int_equal(msg.wire.request, request);
	assert_int_equal(msg.wire.flags, GUEST_MSG_VERSION | GUEST_MSG_REPLY);
	assert_int_equal(msg.wire.size, 8);
	return msg.wire.u.u64;
}

static uint64_t
notifier(uint64_t u64, uint64_t offset, uint64_t size)
{
	return ask(GUEST_MSG_BACK_VRING_HOST_NOTIFIER, u64, offset, size);
}

static struct guest_back_queue
info(unsigned int queue)
{
	struct guest_back_queue q;

	guest_back_queue(back, queue, &q);
	return q;
}

static void
test_kick_goes_to_the_eventfd_without_a_page(void **state)
{
	uint64_t count;

	guest_back_kick(back, 1, kick_fd);
	guest_back_kick(back, 1, kick_fd);
	assert_int_equal(read(kick_fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 2);
	assert_int_equal(info(1).eventfd_kicks, 2);
	assert_false(info(1).mapped);
}

static void
test_kick_stores_the_queue_number_to_the_page(void **state)
{
	uint64_t count;

	memset(page, 0xff, 2 * page_size);
	assert_int_equal(notifier(3, page_size, page_size), 0);
	assert_true(info(3).mapped);
	guest_back_kick(back, 3, kick_fd);
	assert_int_equal(le16toh(page[page_size / 2]), 3);
	assert_int_equal(page[page_size / 2 + 1], 0xffff); /* 16 bits, no more */
	assert_int_equal(page[0], 0xffff);
	assert_int_equal(read(kick_fd, &count, sizeof(count)), -1);
	assert_int_equal(info(3).page_kicks, 1);
	/* taken back: the eventfd again */
	assert_int_equal(notifier(3 | GUEST_MSG_VRING_NOFD, 0, 0), 0);
	guest_back_kick(back, 3, kick_fd);
	assert_int_equal(read(kick_fd, &count, sizeof(count)), sizeof(count));
}

static void
test_a_new_page_takes_the_place_of_the_old(void **state)
{
	memset(page, 0xff, 2 * page_size);
	assert_int_equal(notifier(2, 0, page_size), 0);
	assert_int_equal(notifier(2, page_size, page_size), 0);
	guest_back_kick(back, 2, kick_fd);
	assert_int_equal(page[0], 0xffff);
	assert_int_equal(le16toh(page[page_size / 2]), 2);
	assert_int_equal(info(2).maps, 2);
	assert_int_equal(info(2).unmaps, 1);
	guest_back_unmap(back, 2);
	assert_false(info(2).mapped);
}

static void
test_bad_requests_are_refused_and_the_thread_lives(void **state)
{
	assert_int_equal(notifier(4, 0, page_size), 1); /* no such queue */
	assert_int_equal(notifier(255, 0, page_size), 1);
	assert_int_equal(notifier(0, 0, 0), 1);
	assert_int_equal(notifier(0, 1, page_size), 1);
	assert_int_equal(notifier(0, 0, page_size + 1), 1);
	assert_int_equal(notifier(0, 2 * page_size, page_size), 1); /* behind the end: SIGBUS */
	assert_int_equal(notifier(0, 0, UINT64_MAX - page_size + 1), 1);
	assert_int_equal(info(0).refused, 5);
	assert_int_equal(ask(77, 0, 0, 0), 1); /* unknown */
	assert_int_equal(ask(GUEST_MSG_BACK_CONFIG_CHANGE, 0, 0, 0), 0);
	assert_int_equal(notifier(0, 0, page_size), 0);
	assert_false(guest_back_is_gone(back));
}

static void
test_hang_up_is_noticed(void **state)
{
	uint64_t deadline = base_clock_ns() + 5 * BASE_NS_PER_S;

	close(channel); /* the channel alone is not the connection */
	channel = -1;
	usleep(1000);
	assert_false(guest_back_is_gone(back));
	close(main_fds[1]);
	main_fds[1] = -1;
	while (!guest_back_is_gone(back) && base_clock_ns() < deadline)
		usleep(100);
	assert_true(guest_back_is_gone(back));
}

static void
test_bad_attributes(void **state)
{
	struct guest_back_attr attr = { .name = "t", .nb_queues = 0 };
	struct guest_back *other;

	assert_int_equal(guest_back_create(&attr, &other), -EINVAL);
	attr.nb_queues = GUEST_BACK_MAX_QUEUES + 1;
	assert_int_equal(guest_back_create(&attr, &other), -EINVAL);
}

int
main(void)
{
#define BACK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		BACK_TEST(test_kick_goes_to_the_eventfd_without_a_page),
		BACK_TEST(test_kick_stores_the_queue_number_to_the_page),
		BACK_TEST(test_a_new_page_takes_the_place_of_the_old),
		BACK_TEST(test_bad_requests_are_refused_and_the_thread_lives),
		BACK_TEST(test_hang_up_is_noticed),
		BACK_TEST(test_bad_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
