/* SPDX-License-Identifier: BSD-3-Clause */
/* The port table over rte_vhost with a device that does nothing and front-ends that say little. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_eal.h>

#include "base_mutex.h"
#include "feature.h"
#include "null_vdpa.h"
#include "port.h"
#include "port_live.h"
#include "show.h"
#include "stats.h"

#define DEV0 "vdpa_null0"
#define DEV1 "vdpa_null1"
#define MEM_SIZE (1u << 20)

/* vhost-user protocol: header, and the messages of this test. */
#define MSG_GET_FEATURES 1u
#define MSG_SET_FEATURES 2u
#define MSG_SET_OWNER 3u
#define MSG_SET_MEM_TABLE 5u
#define MSG_VERSION 1u

struct message {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
	union {
		uint64_t u64;
		struct {
			uint32_t nregions;
			uint32_t padding;
			uint64_t gpa, size, uaddr, offset;
		} mem;
	} payload;
} __attribute__((packed));

#define MSG_HEADER offsetof(struct message, payload)

static char dir[] = "/tmp/test_port.XXXXXX";
static char path0[64];
static char path1[64];
/* The last complaint; vhost's threads complain too. */
static struct base_mutex said_lock = BASE_MUTEX_INITIALIZER;
static char said[512];

static void
log_write(void *arg, enum base_log_level level, const char *msg)
{
	if (level > BASE_LOG_WARN)
		return;
	base_mutex_lock(&said_lock);
	snprintf(said, sizeof(said), "%s", msg);
	base_mutex_unlock(&said_lock);
}

/* Was that the last complaint? It is forgotten then. */
static bool
was_said(const char *words)
{
	bool found;

	base_mutex_lock(&said_lock);
	found = strstr(said, words) != NULL;
	said[0] = '\0';
	base_mutex_unlock(&said_lock);
	return found;
}

static const struct base_log test_log = { .level = BASE_LOG_DEBUG, .write = log_write };

static int
front_end(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static void
send_message(int fd, struct message *msg, int memfd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = msg, .iov_len = MSG_HEADER + msg->size };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	msg->flags = MSG_VERSION;
	if (memfd >= 0) {
		hdr.msg_control = control;
		hdr.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &memfd, sizeof(memfd));
	}
	assert_int_equal(sendmsg(fd, &hdr, MSG_NOSIGNAL), iov.iov_len);
}

static void
say(int fd, uint32_t request, uint64_t value)
{
	struct message msg = { .request = request, .size = 8, .payload.u64 = value };

	send_message(fd, &msg, -1);
}

/* Asks for the features: when the answer is here, all before it was handled. */
static uint64_t
ask_features(int fd)
{
	struct message msg = { .request = MSG_GET_FEATURES };

	send_message(fd, &msg, -1);
	assert_int_equal(recv(fd, &msg, MSG_HEADER + 8, MSG_WAITALL), MSG_HEADER + 8);
	return msg.payload.u64;
}

static bool
is_closed(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&pfd, 1, 5000) == 1 && recv(fd, &c, 1, 0) <= 0;
}

/* Waits until the port has the state; vhost's thread sets it after the socket has changed. */
static bool
comes_to(const char *name, enum port_state state)
{
	struct port_info info;
	unsigned int i;

	for (i = 0; i < 5000; i++) {
		assert_int_equal(port_get(name, &info), 0);
		if (info.state == state)
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

static void
test_refused(void **state)
{
	char deep[128];
	char longer[200];

	assert_int_equal(port_attach("nobody", path0, PORT_SERVER, &test_log), -ENODEV);
	assert_true(was_said("no vDPA device is called 'nobody'"));
	snprintf(deep, sizeof(deep), "%s/no/such", dir);
	assert_int_equal(port_attach(DEV0, deep, PORT_SERVER, &test_log), -ENOENT);
	memset(longer, 'l', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(port_attach(DEV0, longer, PORT_SERVER, &test_log), -ENAMETOOLONG);
	assert_int_equal(port_detach(DEV0, &test_log), -ENOENT);

	assert_int_equal(port_attach(DEV0, path0, PORT_SERVER, &test_log), 0);
	assert_int_equal(port_attach(DEV0, path1, PORT_SERVER, &test_log), -EBUSY);
	assert_true(was_said("device vdpa_null0 is attached to"));
	assert_int_equal(port_attach(DEV1, path0, PORT_SERVER, &test_log), -EBUSY);
	assert_int_equal(access(path0, F_OK), 0);
	assert_int_equal(port_detach(path0, &test_log), 0);
	assert_int_equal(access(path0, F_OK), -1);
	assert_int_equal(port_detach(path0, &test_log), -ENOENT);
}

static void
test_connection(void **state)
{
	struct message mem = { .request = MSG_SET_MEM_TABLE,
		.size = 40,
		.payload.mem = { .nregions = 1,
				.gpa = 0x1000,
				.size = MEM_SIZE,
				.uaddr = 0x7000000 } };
	int memfd = memfd_create("test", 0);
	struct port_info info;
	int fd;
	int second;

	assert_int_equal(ftruncate(memfd, MEM_SIZE), 0);
	assert_int_equal(port_attach(DEV0, path0, PORT_SERVER, &test_log), 0);
	assert_true(comes_to(DEV0, PORT_WAITING));
	fd = front_end(path0);
	assert_true(comes_to(path0, PORT_CONNECTED));
	assert_true((ask_features(fd) & (1ULL << 32)) != 0);
	say(fd, MSG_SET_FEATURES, 1ULL << 32);
	send_message(fd, &mem, memfd);
	ask_features(fd);
	ask_features(fd);

	assert_int_equal(port_get(DEV0, &info), 0);
	assert_int_equal(info.nb_connected, 1);
	assert_true(info.nb_messages >= 4);
	assert_int_equal(info.nb_mem_table, 1);
	assert_int_equal(info.features, 1ULL << 32);
	assert_int_equal(info.nb_regions, 1);
	assert_int_equal(info.region[0].gpa, 0x1000);
	assert_int_equal(info.region[0].size, MEM_SIZE);
	assert_true(info.is_watched);

	second = front_end(path0);
	assert_true(is_closed(second));
	assert_true(was_said("a second front-end"));
	close(second);
	ask_features(fd); /* the first one is still served */

	close(fd);
	assert_true(comes_to(DEV0, PORT_WAITING));
	assert_int_equal(port_get(DEV0, &info), 0);
	assert_int_equal(info.nb_regions, 0);
	fd = front_end(path0);
	assert_true(comes_to(DEV0, PORT_CONNECTED));
	assert_int_equal(port_detach(DEV0, &test_log), 0);
	assert_true(is_closed(fd));
	close(fd);
	close(memfd);
	assert_int_equal(access(path0, F_OK), -1);
}

static void
test_two_ports(void **state)
{
	int fd0;
	int fd1;

	assert_int_equal(port_attach(DEV0, path0, PORT_SERVER, &test_log), 0);
	assert_int_equal(port_attach(DEV1, path1, PORT_SERVER, &test_log), 0);
	fd0 = front_end(path0);
	fd1 = front_end(path1);
	ask_features(fd0);
	ask_features(fd1);
	port_detach_all(&test_log);
	assert_true(is_closed(fd0));
	assert_true(is_closed(fd1));
	close(fd0);
	close(fd1);
	assert_int_equal(access(path0, F_OK), -1);
	assert_int_equal(access(path1, F_OK), -1);
	port_detach_all(&test_log);
}

static void
test_show(void **state)
{
	char text[16384] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	assert_int_equal(port_attach(DEV0, path0, PORT_SERVER, &test_log), 0);
	assert_int_equal(show_run("virtq", "nobody", out, &test_log), -ENODEV);
	assert_int_equal(show_run("nonsense", "", out, &test_log), -EINVAL);
	assert_int_equal(show_run("device", "", out, &test_log), 0);
	assert_int_equal(show_run("stats", DEV1, out, &test_log), 0);
	assert_int_equal(show_run("json", DEV0, out, &test_log), 0);
	fclose(out);
	assert_non_null(strstr(text, "device vdpa_null0: waiting\n  max virtqueues: 4\n"));
	assert_non_null(strstr(text, "device vdpa_null1: not attached\n"));
	assert_non_null(strstr(text, "VERSION_1"));
	assert_non_null(strstr(text, "    null_1                           103\n"));
	assert_non_null(strstr(text, "{\"device\":\"vdpa_null0\","));
	assert_non_null(strstr(text, "\"virtqs\":[]}\n"));
	port_detach_all(&test_log);
}

/* One device's rates, and what is a counter at all. */
static void
test_stats(void **state)
{
	char text[4096] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	struct stats *stats = stats_create();

	assert_non_null(out);
	assert_non_null(stats);
	assert_true(stats_is_counter("received_desc"));
	assert_false(stats_is_counter("saved_avail_index"));
	assert_false(stats_is_counter("state"));
	assert_false(stats_is_counter("down"));
	assert_int_equal(stats_rate(100, 350, 500000000), 500000);
	assert_int_equal(stats_rate(0, 1, 3000000000), 333);
	assert_int_equal(stats_rate(7, 3, 1000), 0);
	assert_int_equal(stats_rate(3, 7, 0), 0);

	assert_int_equal(stats_rates(stats, DEV0, out), -ENOENT);
	assert_int_equal(stats_queue(stats, DEV0, 0, out), 0);
	assert_int_equal(stats_queue(stats, DEV0, 0, out), 0);
	assert_int_equal(stats_queue(stats, DEV0, 4, out), -ENOENT);
	assert_int_equal(stats_queue(stats, "nobody", 0, out), -ENODEV);
	assert_int_equal(port_attach(DEV0, path0, PORT_SERVER, &test_log), 0);
	assert_int_equal(stats_rates(stats, path0, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "rates: this is the first reading\nrates over 0.0"));
	assert_non_null(strstr(text, "rates of " DEV0 "\n  no queue is set up\n"));
	assert_int_equal(device_stats_reset(DEV0, 0), -ENOTSUP);
	assert_int_equal(device_stats_reset("nobody", 0), -ENODEV);
	stats_destroy(stats);
	stats_destroy(NULL);
	port_detach_all(&test_log);
}

static void
test_info(void **state)
{
	struct device_info info;

	assert_int_equal(device_info(DEV1, &info), 0);
	assert_string_equal(info.driver, "vdpa_null");
	assert_string_equal(info.bus, "vdev");
	assert_int_equal(info.max_pairs, 2);
	assert_int_equal(info.nb_stats, 2);
	assert_int_equal(info.protocol, 1ULL << 3);
	assert_string_equal(feature_protocol_name(3), "REPLY_ACK");
	assert_null(feature_protocol_name(63));
	assert_int_equal(device_info("nobody", &info), -ENODEV);
}

static int
add_name(const char *device, void *arg)
{
	strcat(arg, device);
	strcat(arg, " ");
	return 0;
}

static void
test_foreach(void **state)
{
	char names[128] = "";

	assert_int_equal(port_foreach(add_name, names), 0);
	assert_string_equal(names, "");
	assert_int_equal(port_attach(DEV1, path1, PORT_SERVER, &test_log), 0);
	assert_int_equal(port_attach(DEV0, path0, PORT_SERVER, &test_log), 0);
	assert_int_equal(port_foreach(add_name, names), 0);
	assert_string_equal(names, DEV1 " " DEV0 " ");
	port_detach_all(&test_log);
}

/* Indices that stand in memory; memory that is not there. */
static void
test_live(void **state)
{
	static uint8_t ring[4096];
	struct port_info info = { .nb_regions = 1, .nb_virtqs = 2 };
	struct port_live live;
	uint64_t gpa;

	info.region[0] = (struct port_region){ .gpa = 0x100000,
		.size = sizeof(ring),
		.host = (uintptr_t)ring };
	info.virtq[1] = (struct port_virtq){ .size = 8,
		.driver = (uintptr_t)&ring[256],
		.device = (uintptr_t)&ring[512] };
	ring[256 + 2] = 0x34;
	ring[256 + 3] = 0x12;
	ring[512 + 2] = 7;
	assert_int_equal(port_live_read(&info, 1, &live), 0);
	assert_int_equal(live.avail, 0x1234);
	assert_int_equal(live.used, 7);
	assert_int_equal(port_live_read(&info, 0, &live), -ENOENT);
	assert_int_equal(port_guest_address(&info, (uintptr_t)&ring[512], &gpa), 0);
	assert_int_equal(gpa, 0x100200);
	assert_int_equal(port_guest_address(&info, (uintptr_t)ring + sizeof(ring), &gpa), -ENOENT);
	info.virtq[1].device = 16; /* never mapped */
	assert_int_equal(port_live_read(&info, 1, &live), -EFAULT);
	info.features = 1ULL << 34;
	assert_int_equal(port_live_read(&info, 1, &live), -ENOTSUP);
}

static int
setup(void **state)
{
	/* EAL moves and keeps the arguments, so they are writable and live on. */
	static char args[][24] = { "test", "--no-huge", "--no-pci", "-m", "32", "--no-telemetry",
		"--no-shconf", "--log-level=3", "--vdev=" DEV0, "--vdev=" DEV1 };
	char *argv[sizeof(args) / sizeof(args[0]) + 1] = { NULL };
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(args) / sizeof(args[0]); i++)
		argv[i] = args[i];
	null_vdpa_use();
	if (mkdtemp(dir) == NULL)
		return -1;
	setenv("RUNTIME_DIRECTORY", dir, 1); /* EAL makes directories that it does not remove */
	ret = rte_eal_init((int)i, argv);
	if (ret < 0)
		return -1;
	snprintf(path0, sizeof(path0), "%s/0", dir);
	snprintf(path1, sizeof(path1), "%s/1", dir);
	return 0;
}

static int
teardown(void **state)
{
	char eal_dir[64];

	port_detach_all(&test_log);
	rte_eal_cleanup();
	snprintf(eal_dir, sizeof(eal_dir), "%s/dpdk/rte", dir);
	rmdir(eal_dir);
	*strrchr(eal_dir, '/') = '\0';
	rmdir(eal_dir);
	return rmdir(dir); /* fails if a socket was left */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_two_ports),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_foreach),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
