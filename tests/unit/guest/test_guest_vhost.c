/* SPDX-License-Identifier: BSD-3-Clause */
/* The front-end against a back-end that hangs up, falls silent or talks nonsense at every message. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base_math.h"
#include "fake_back.h"
#include "guest_vhost.h"

#define NB_QUEUES 4

static struct guest_mem *mem;
static struct guest_vring *rings[NB_QUEUES];
static struct guest_vhost *vhost;
static struct fake_back *fake;
static uint64_t wishes, without; /* of the next front-end */

static int
setup(void **state)
{
	struct guest_vring_attr ring = { .size = 16, .region = GUEST_MEM_ANY };

	if (guest_mem_create(NULL, &mem) != 0 || guest_mem_add_ram(mem, 1 << 20) != 0)
		return -1;
	ring.mem = mem;
	for (unsigned int i = 0; i < NB_QUEUES; i++)
		if (guest_vring_create(&ring, &rings[i]) != 0)
			return -1;
	return 0;
}

static int
teardown(void **state)
{
	for (unsigned int i = 0; i < NB_QUEUES; i++)
		guest_vring_destroy(rings[i]);
	guest_mem_destroy(mem);
	return 0;
}

/* Front-end and fake back-end on a socketpair; @return what connecting gives. */
static int
join(struct fake_back_attr *back, unsigned int timeout_ms)
{
	struct guest_vhost_attr attr = {
		.name = "t",
		.path = "/nowhere",
		.nb_queues = NB_QUEUES,
		.features = GUEST_VHOST_F_MQ,
		.wishes = wishes,
		.protocol_without = without,
		.timeout_ms = timeout_ms,
	};
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	back->fd = fds[1];
	fake = fake_back_start(back);
	assert_int_equal(guest_vhost_create(&attr, &vhost), 0);
	return guest_vhost_connect_fd(vhost, fds[0]);
}

static void
part(void)
{
	guest_vhost_destroy(vhost);
	fake_back_stop(fake);
}

/* The transmit queues are empty: the device would take anything but 0 for posted chains. */
static uint16_t
base_of(unsigned int queue)
{
	return (uint16_t)(queue % 2 == 0 ? queue * 100 + 7 : 0);
}

static int
start(void)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	struct guest_vhost_ring r[NB_QUEUES];
	struct guest_vhost_start s = { table, guest_mem_table(mem, table), r };
	int ret = 0;

	for (unsigned int i = 0; i < NB_QUEUES; i++) {
		guest_vring_addr(rings[i], &r[i].addr);
		r[i].base = base_of(i);
		if (ret == 0)
			ret = guest_vhost_enable(vhost, i);
	}
	return ret == 0 ? guest_vhost_start(vhost, &s) : ret;
}

/* The whole life; @return the first error. */
static int
whole_life(struct fake_back_attr *back, unsigned int timeout_ms)
{
	uint16_t bases[NB_QUEUES];
	int ret = join(back, timeout_ms);

	if (ret == 0)
		ret = start();
	return ret == 0 ? guest_vhost_stop(vhost, bases) : ret;
}

static void
test_order_is_qemus(void **state)
{
	static const uint8_t expected[] = {
		/* connect */
		1,
		15,
		16,
		17,
		21,
		3,
		1,
		13,
		14,
		13,
		14,
		13,
		14,
		13,
		14,
		/* enable */
		18,
		18,
		18,
		18,
		/* start; the last GET_FEATURES is our barrier */
		2,
		40,
		39,
		5,
		8,
		10,
		9,
		12,
		13,
		8,
		10,
		9,
		12,
		13,
		8,
		10,
		9,
		12,
		13,
		8,
		10,
		9,
		12,
		13,
		40,
		39,
		1,
		/* stop */
		39,
		11,
		11,
		11,
		11,
	};
	uint8_t heard[FAKE_BACK_MAX_HEARD];
	struct fake_back_attr back = { 0 };
	uint16_t bases[NB_QUEUES];

	assert_int_equal(join(&back, 5000), 0);
	assert_true(guest_vhost_is_up(vhost));
	assert_int_equal(start(), 0);
	assert_int_equal(guest_vhost_stop(vhost, bases), 0);
	for (unsigned int i = 0; i < NB_QUEUES; i++)
		assert_int_equal(bases[i], base_of(i));
	assert_int_equal(fake_back_heard(fake, heard), sizeof(expected));
	assert_memory_equal(heard, expected, sizeof(expected));
	assert_string_equal(guest_vhost_error(vhost), "");
	part();
}

static void
test_without_reply_ack_a_barrier_follows(void **state)
{
	struct fake_back_attr back = { .protocol = GUEST_VHOST_P_MQ };
	uint8_t heard[FAKE_BACK_MAX_HEARD];
	unsigned int nb;

	assert_int_equal(whole_life(&back, 5000), 0);
	nb = fake_back_heard(fake, heard);
	for (unsigned int i = 0; i < nb; i++) {
		assert_int_not_equal(heard[i], GUEST_MSG_SET_STATUS);
		assert_int_not_equal(heard[i], GUEST_MSG_SET_BACKEND_REQ_FD);
		if (heard[i] == GUEST_MSG_SET_MEM_TABLE)
			assert_int_equal(heard[i + 1], GUEST_MSG_GET_FEATURES);
	}
	part();
}

static const uint32_t every_request[] = {
	1,
	2,
	3,
	5,
	8,
	9,
	10,
	11,
	12,
	13,
	14,
	15,
	16,
	17,
	18,
	21,
	39,
	40,
};

static void
test_hang_up_at_every_message(void **state)
{
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(every_request); i++) {
		struct fake_back_attr back = { .hang_up_at = every_request[i] };
		int ret = whole_life(&back, 5000);

		assert_true(ret == -ECONNRESET || ret == -EPIPE);
		assert_string_not_equal(guest_vhost_error(vhost), "");
		assert_false(guest_vhost_is_up(vhost));
		/* everything else is refused, and nothing is harmed */
		assert_int_equal(guest_vhost_enable(vhost, 0), -ENOTCONN);
		guest_vhost_kick(vhost, 0);
		part();
	}
}

static void
test_silence_names_the_message(void **state)
{
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(every_request); i++) {
		struct fake_back_attr back = { .mute_at = every_request[i] };
		char name[64];
		int ret;

		/* SET_MEM_TABLE and SET_BACKEND_REQ_FD are answered by REPLY_ACK */
		if (guest_msg_reply_size(every_request[i]) == 0 && every_request[i] != 5 &&
				every_request[i] != 21)
			continue;
		/* long enough for all other answers on a busy machine */
		ret = whole_life(&back, 500);
		assert_int_equal(ret, -ETIMEDOUT);
		snprintf(name, sizeof(name), "%s: no answer within 500 ms",
				guest_msg_name(every_request[i]));
		assert_string_equal(guest_vhost_error(vhost), name);
		part();
	}
}

static void
wrong_request(struct guest_msg *reply)
{
	reply->wire.request = GUEST_MSG_SET_OWNER;
}

static void
wrong_size(struct guest_msg *reply)
{
	reply->wire.size = 12;
}

static void
no_payload(struct guest_msg *reply)
{
	reply->wire.size = 0;
}

static void
no_reply_flag(struct guest_msg *reply)
{
	reply->wire.flags = GUEST_MSG_VERSION;
}

static void
wrong_version(struct guest_msg *reply)
{
	reply->wire.flags = GUEST_MSG_REPLY | 2;
}

static void
with_descriptors(struct guest_msg *reply)
{
	reply->fds[0] = 0;
	reply->nb_fds = 1;
}

static void
test_nonsense_answers(void **state)
{
	static const struct {
		void (*mutate)(struct guest_msg *reply);
		const char *error;
	} rows[] = {
		{ wrong_request, "GET_FEATURES: the answer is to request 3 (SET_OWNER)" },
		{ wrong_size, "GET_FEATURES: the answer has 12 bytes, not 8" },
		{ no_payload, "GET_FEATURES: the answer has 0 bytes, not 8" },
		{ no_reply_flag, "GET_FEATURES: the answer has flags 0x1" },
		{ wrong_version, "GET_FEATURES: the answer has flags 0x6" },
		{ with_descriptors, "GET_FEATURES: the answer brings 1 file descriptors" },
	};

	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		struct fake_back_attr back = { .mutate = rows[i].mutate };

		assert_int_equal(whole_life(&back, 5000), -EPROTO);
		assert_string_equal(guest_vhost_error(vhost), rows[i].error);
		part();
	}
}

static void
refuse_mem(struct guest_msg *reply)
{
	if (reply->wire.request == GUEST_MSG_SET_MEM_TABLE)
		reply->wire.u.u64 = 1;
}

static void
forget_features_ok(struct guest_msg *reply)
{
	if (reply->wire.request == GUEST_MSG_GET_STATUS)
		reply->wire.u.u64 &= ~8ULL;
}

static void
absurd_base(struct guest_msg *reply)
{
	if (reply->wire.request == GUEST_MSG_GET_VRING_BASE)
		reply->wire.u.state.num = 0x10000;
}

static void
foreign_base(struct guest_msg *reply)
{
	if (reply->wire.request == GUEST_MSG_GET_VRING_BASE)
		reply->wire.u.state.index++;
}

static void
test_answers_that_say_no(void **state)
{
	static const struct {
		void (*mutate)(struct guest_msg *reply);
		int ret;
		const char *error;
	} rows[] = {
		{ refuse_mem, -EREMOTEIO, "SET_MEM_TABLE: the back-end refuses it (1)" },
		{ forget_features_ok, -EPROTO,
				"GET_STATUS: 0x0 lacks 0x8: the back-end gave up the features" },
		{ absurd_base, -EPROTO, "GET_VRING_BASE of queue 0: queue 0, base 65536" },
		{ foreign_base, -EPROTO, "GET_VRING_BASE of queue 0: queue 1, base 7" },
	};

	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		struct fake_back_attr back = { .mutate = rows[i].mutate };

		assert_int_equal(whole_life(&back, 5000), rows[i].ret);
		assert_string_equal(guest_vhost_error(vhost), rows[i].error);
		part();
	}
}

static void
test_missing_features(void **state)
{
	struct fake_back_attr old = { .features = GUEST_VHOST_F_PROTOCOL_FEATURES };
	struct fake_back_attr single = { .features = GUEST_VHOST_F_VERSION_1 };

	assert_int_equal(join(&old, 5000), -EOPNOTSUPP);
	assert_string_equal(guest_vhost_error(vhost), "GET_FEATURES: 0x40000000 lacks 0x100400000");
	part();
	assert_int_equal(join(&single, 5000), -EOPNOTSUPP);
	part();
}

static void
test_host_notifier_until_the_queue_stops(void **state)
{
	struct fake_back_attr back = { 0 };
	struct guest_back_queue info;
	int fd = memfd_create("page", MFD_CLOEXEC);
	uint64_t answer;

	assert_int_equal(ftruncate(fd, sysconf(_SC_PAGESIZE)), 0);
	assert_int_equal(join(&back, 5000), 0);
	assert_int_equal(start(), 0);
	assert_int_equal(fake_back_notifier(fake, 1, fd, &answer), 0);
	assert_int_equal(answer, 0);
	guest_vhost_kick(vhost, 1);
	guest_vhost_queue(vhost, 1, &info);
	assert_true(info.mapped);
	assert_int_equal(info.page_kicks, 1);
	assert_int_equal(guest_vhost_stop(vhost, NULL), 0);
	guest_vhost_queue(vhost, 1, &info);
	assert_false(info.mapped);
	part();
	close(fd);
}

static void
test_socket_paths(void **state)
{
	char dir[] = "/tmp/guest-vhost.XXXXXX", path[64], long_path[200];
	struct guest_vhost_attr attr = {
		.name = "t",
		.path = path,
		.mode = GUEST_VHOST_SERVER,
		.nb_queues = 2,
		.timeout_ms = 30,
	};
	struct guest_vhost *other;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	assert_int_equal(guest_vhost_create(&attr, &vhost), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(guest_vhost_create(&attr, &other), -EADDRINUSE);
	assert_int_equal(guest_vhost_connect(vhost), -ETIMEDOUT);
	guest_vhost_destroy(vhost);
	assert_int_equal(stat(path, &st), -1);
	attr.mode = GUEST_VHOST_CLIENT;
	assert_int_equal(guest_vhost_create(&attr, &vhost), 0);
	assert_int_equal(guest_vhost_connect(vhost), -ENOENT);
	guest_vhost_destroy(vhost);
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	attr.path = long_path;
	assert_int_equal(guest_vhost_create(&attr, &vhost), -ENAMETOOLONG);
	attr.path = path;
	attr.nb_queues = 0;
	assert_int_equal(guest_vhost_create(&attr, &vhost), -EINVAL);
	rmdir(dir);
}

/* Server mode: the back-end connects to us. */
static void
test_server_mode(void **state)
{
	char dir[] = "/tmp/guest-vhost.XXXXXX";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct guest_vhost_attr attr = {
		.name = "t",
		.path = addr.sun_path,
		.mode = GUEST_VHOST_SERVER,
		.nb_queues = NB_QUEUES,
		.timeout_ms = 5000,
	};
	struct fake_back_attr back = { 0 };

	assert_non_null(mkdtemp(dir));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/s", dir);
	assert_int_equal(guest_vhost_create(&attr, &vhost), 0);
	back.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(back.fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	fake = fake_back_start(&back);
	assert_int_equal(guest_vhost_connect(vhost), 0);
	assert_int_equal(start(), 0);
	part();
	rmdir(dir);
}

#define OFFERED (GUEST_VHOST_F_VERSION_1 | GUEST_VHOST_F_MQ | GUEST_VHOST_F_PROTOCOL_FEATURES)
#define RINGS (GUEST_VRING_F_INDIRECT_DESC | GUEST_VRING_F_EVENT_IDX)

/* Another back-end on the same front-end, which offers @features. */
static int
join_again(uint64_t features)
{
	struct fake_back_attr back = { .features = features };
	int fds[2];

	guest_vhost_disconnect(vhost);
	fake_back_stop(fake);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	back.fd = fds[1];
	fake = fake_back_start(&back);
	return guest_vhost_connect_fd(vhost, fds[0]);
}

/* Of what is wished, what is offered; and from the first start on, that and no less. */
static void
test_wishes(void **state)
{
	struct fake_back_attr back = { .features = OFFERED | GUEST_VRING_F_EVENT_IDX | 1 };
	uint16_t bases[NB_QUEUES];

	wishes = RINGS;
	assert_int_equal(join(&back, 1000), 0);
	wishes = 0;
	assert_int_equal(guest_vhost_features(vhost), OFFERED | GUEST_VRING_F_EVENT_IDX);
	/* nothing was started: still a matter of what is offered */
	assert_int_equal(join_again(OFFERED | RINGS), 0);
	assert_int_equal(guest_vhost_features(vhost), OFFERED | RINGS);
	assert_int_equal(join_again(OFFERED | GUEST_VRING_F_INDIRECT_DESC), 0);
	assert_int_equal(start(), 0);
	guest_vhost_wish(vhost, RINGS);
	/* a driver that runs keeps what it has, and gets no more */
	assert_int_equal(join_again(OFFERED | RINGS), 0);
	assert_int_equal(guest_vhost_features(vhost), OFFERED | GUEST_VRING_F_INDIRECT_DESC);
	assert_int_equal(join_again(OFFERED), -EOPNOTSUPP);
	assert_string_equal(guest_vhost_error(vhost), "GET_FEATURES: 0x140400000 lacks 0x10000000");
	/* its next life is another matter */
	assert_int_equal(join_again(OFFERED | RINGS), 0);
	assert_int_equal(start(), 0);
	assert_int_equal(guest_vhost_stop(vhost, bases), 0);
	guest_vhost_wish(vhost, GUEST_VRING_F_EVENT_IDX);
	assert_int_equal(guest_vhost_renegotiate(vhost), 0);
	assert_int_equal(guest_vhost_features(vhost), OFFERED | GUEST_VRING_F_EVENT_IDX);
	assert_int_equal(start(), 0);
	part();
}

/* A protocol feature that is not wanted is not taken. */
static void
test_without_host_notifier(void **state)
{
	struct fake_back_attr back = { 0 };

	without = GUEST_VHOST_P_HOST_NOTIFIER;
	assert_int_equal(join(&back, 1000), 0);
	without = 0;
	assert_int_equal(guest_vhost_protocol(vhost) & GUEST_VHOST_P_HOST_NOTIFIER, 0);
	assert_int_not_equal(guest_vhost_protocol(vhost) & GUEST_VHOST_P_STATUS, 0);
	part();
}

int
main(void)
{
#define VHOST_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		VHOST_TEST(test_order_is_qemus),
		VHOST_TEST(test_without_reply_ack_a_barrier_follows),
		VHOST_TEST(test_hang_up_at_every_message),
		VHOST_TEST(test_silence_names_the_message),
		VHOST_TEST(test_nonsense_answers),
		VHOST_TEST(test_answers_that_say_no),
		VHOST_TEST(test_missing_features),
		VHOST_TEST(test_host_notifier_until_the_queue_stops),
		VHOST_TEST(test_socket_paths),
		VHOST_TEST(test_server_mode),
		VHOST_TEST(test_wishes),
		VHOST_TEST(test_without_host_notifier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
