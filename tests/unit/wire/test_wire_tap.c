/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: in a network namespace of its own (so nothing of it is left behind, and the
 * host's interfaces are out of reach), a TAP interface and a packet socket on it, which sees and
 * sends what the kernel does. Without the right to make namespaces the test is skipped.
 */
#include "wire_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base_clock.h"

#define SKIP 77
#define PROTOCOL 0x88b5u /* for experiments; the kernel itself sends other frames */

struct bed {
	struct wire *wire;
	unsigned int frames; /* of our protocol */
	uint8_t last[60];
	char log[256];
	struct base_log sink;
};

static void
bed_log(void *arg, enum base_log_level level, const char *msg)
{
	struct bed *bed = arg;

	(void)level;
	snprintf(bed->log, sizeof(bed->log), "%s", msg);
}

static enum wire_answer
bed_can_take(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	(void)frame;
	return WIRE_YES;
}

static void
bed_take(void *arg, const struct wire_frame *frame)
{
	struct bed *bed = arg;

	if (frame->len < 60 || frame->head[12] != PROTOCOL >> 8)
		return;
	bed->frames++;
	memcpy(bed->last, frame->head, 60);
}

static const struct wire_port_ops bed_ops = { .can_take = bed_can_take, .take = bed_take };

static void
bed_make(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	bed->sink = (struct base_log){ .level = BASE_LOG_INFO, .write = bed_log, .arg = bed };
	assert_int_equal(wire_switch_create(1, 1000, &bed->sink, &bed->wire), 0);
	wire_plug(bed->wire, 0, &bed_ops, bed);
}

static int
packet_socket(const char *ifname)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET,
		.sll_protocol = htons(PROTOCOL),
		.sll_ifindex = (int)if_nametoindex(ifname) };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(PROTOCOL));
	struct timeval limit = { .tv_sec = 5 };

	assert_true(fd >= 0);
	assert_true(addr.sll_ifindex != 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void
make_frame(uint8_t frame[60], uint8_t number)
{
	wire_peer_frame(frame, 0xff, 1);
	frame[12] = PROTOCOL >> 8;
	frame[13] = PROTOCOL & 0xff;
	frame[20] = number;
}

static void
test_both_ways(void **state)
{
	struct wire_tap_attr attr = { .ifname = "wtap0", .fd = -1, .up = true, .mtu = 1400 };
	struct wire_hold hold = { 0 };
	uint8_t frame[60], got[2000];
	struct wire_port_stats stats;
	uint64_t begin;
	struct bed bed;
	int fd;

	(void)state;
	bed_make(&bed);
	assert_int_equal(wire_tap_add(bed.wire, 0, "tap", &attr), 1);
	assert_non_null(strstr(bed.log, "wtap0, MTU 1400"));
	fd = packet_socket("wtap0");
	/* the card sends */
	make_frame(frame, 1);
	assert_int_equal(wire_peer_send(bed.wire, 0, frame, sizeof(frame), &hold), 0);
	assert_int_equal(recv(fd, got, sizeof(got), 0), 60);
	assert_memory_equal(got, frame, 60);
	/* the kernel sends */
	make_frame(frame, 2);
	assert_int_equal(send(fd, frame, sizeof(frame), 0), 60);
	begin = base_clock_ns();
	while (bed.frames == 0) {
		wire_poll(bed.wire);
		assert_true(base_clock_ns() - begin < 5 * BASE_NS_PER_S);
	}
	assert_memory_equal(bed.last, frame, 60);
	/* longer than the MTU: 1400 and 18 of header and tag go, one more does not */
	memset(got, 0, sizeof(got));
	make_frame(got, 3);
	assert_int_equal(wire_peer_send(bed.wire, 0, got, 1419, &hold), 0);
	wire_port_stats(bed.wire, 1, &stats);
	assert_int_equal(stats.rx_mtu, 1);
	assert_int_equal(stats.rx_frames, 1);
	assert_int_equal(stats.rx_error, 0);
	close(fd);
	wire_destroy(bed.wire);
	assert_int_equal(if_nametoindex("wtap0"), 0);
}

static void
test_interface_that_is_down(void **state)
{
	struct wire_tap_attr attr = { .ifname = "wtap0", .fd = -1 };
	struct wire_hold hold = { 0 };
	struct wire_port_stats stats;
	uint8_t frame[60];
	struct bed bed;

	(void)state;
	bed_make(&bed);
	assert_int_equal(wire_tap_add(bed.wire, 0, "tap", &attr), 1);
	make_frame(frame, 1);
	assert_int_equal(wire_peer_send(bed.wire, 0, frame, sizeof(frame), &hold), 0);
	wire_port_stats(bed.wire, 1, &stats);
	assert_int_equal(stats.rx_error, 1);
	assert_non_null(strstr(bed.log, "is the interface up?"));
	/* it is said once */
	bed.log[0] = '\0';
	assert_int_equal(wire_peer_send(bed.wire, 0, frame, sizeof(frame), &hold), 0);
	assert_string_equal(bed.log, "");
	wire_destroy(bed.wire);
}

static int
open_tun(short flags)
{
	struct ifreq ifr = { .ifr_flags = flags };
	int fd = open("/dev/net/tun", O_RDWR);

	assert_true(fd >= 0);
	strcpy(ifr.ifr_name, "wtap1");
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static void
test_descriptor_from_outside(void **state)
{
	struct wire_tap_attr attr = { .up = true };
	struct bed bed;
	int fd;

	(void)state;
	bed_make(&bed);
	attr.fd = open_tun(IFF_TAP | IFF_NO_PI);
	assert_int_equal(wire_tap_add(bed.wire, 0, "tap", &attr), 1);
	assert_non_null(strstr(bed.log, "wtap1, MTU 1500"));
	fd = packet_socket("wtap1");
	close(fd);
	/* not a TAP, or with headers that we do not speak: refused, and closed */
	attr.fd = open("/dev/null", O_RDWR);
	assert_true(wire_tap_add(bed.wire, 0, "null", &attr) < 0);
	wire_destroy(bed.wire);
	bed_make(&bed);
	attr.fd = open_tun(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	assert_int_equal(wire_tap_add(bed.wire, 0, "hdr", &attr), -EPROTOTYPE);
	assert_int_equal(if_nametoindex("wtap1"), 0);
	wire_destroy(bed.wire);
}

static void
test_names(void **state)
{
	struct wire_tap_attr attr = { .ifname = "a-name-that-is-too-long", .fd = -1 };
	struct bed bed;

	(void)state;
	bed_make(&bed);
	assert_int_equal(wire_tap_add(bed.wire, 0, "tap", &attr), -ENAMETOOLONG);
	assert_non_null(strstr(bed.log, attr.ifname));
	attr.ifname = "lo";
	assert_true(wire_tap_add(bed.wire, 0, "tap", &attr) < 0);
	assert_non_null(strstr(bed.log, "TAP interface lo"));
	/* the kernel picks one */
	attr.ifname = NULL;
	assert_int_equal(wire_tap_add(bed.wire, 0, "tap", &attr), 1);
	assert_non_null(strstr(bed.log, "tap0"));
	wire_destroy(bed.wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_interface_that_is_down),
		cmocka_unit_test(test_descriptor_from_outside),
		cmocka_unit_test(test_names),
	};

	if (access("/dev/net/tun", R_OK | W_OK) != 0 || unshare(CLONE_NEWNET) != 0) {
		printf("SKIP: needs /dev/net/tun and the right to make a network namespace: %s\n",
				strerror(errno));
		return SKIP;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
