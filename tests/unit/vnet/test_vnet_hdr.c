/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: headers, good and hostile, under all offloads that can be negotiated; then
 * random headers before random frames: whatever is let through must be segmentable, in buffers
 * that are allocated to the byte.
 */
#include "tcp_frame.h"

#include <stdlib.h>

#include "prm_cmd.h"
#include "vnet_gso.h"
#include "vnet_hdr.h"

#define F(name) PRM_VIRTQ_F_##name
#define F_ALL 0x1fffu
#define HDR_LEN 54u /* Ethernet, IPv4, TCP without options */

static void
test_bytes(void **state)
{
	static const uint8_t bytes[VNET_HDR_SIZE] = { 1, 0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
		0x08, 0x09 };
	uint8_t back[VNET_HDR_SIZE];
	struct vnet_hdr hdr;

	(void)state;
	vnet_hdr_load(bytes, &hdr);
	assert_int_equal(hdr.flags, 1);
	assert_int_equal(hdr.gso_type, 0x81);
	assert_int_equal(hdr.hdr_len, 0x0302);
	assert_int_equal(hdr.gso_size, 0x0504);
	assert_int_equal(hdr.csum_start, 0x0706);
	assert_int_equal(hdr.csum_offset, 0x0908);
	vnet_hdr_store(&hdr, back);
	assert_memory_equal(back, bytes, sizeof(bytes));
}

/* A TCP frame of that version and the header that a good guest puts before it. */
static void
good(uint8_t version, uint8_t *f, struct wire_frame *frame, struct vnet_hdr *hdr)
{
	const struct tcp_shape s = { .version = version, .payload = 3000 };

	tcp_build(&s, f);
	wire_frame_init(frame, f, tcp_frame_len(&s));
	*hdr = (struct vnet_hdr){
		.flags = VNET_HDR_F_NEEDS_CSUM,
		.gso_type = version == 4 ? VNET_HDR_GSO_TCPV4 : VNET_HDR_GSO_TCPV6,
		.hdr_len = (uint16_t)tcp_hdr_len(&s),
		.gso_size = 1000,
		.csum_start = (uint16_t)tcp_l4_off(&s),
		.csum_offset = 16,
	};
}

static void
test_good(void **state)
{
	struct vnet_hdr_fault fault;
	struct wire_frame frame;
	struct vnet_hdr hdr;
	uint8_t f[4000];

	(void)state;
	good(4, f, &frame, &hdr);
	hdr.gso_type |= VNET_HDR_GSO_ECN;
	hdr.flags |= 0xf8; /* unknown ones are ignored */
	assert_true(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
	assert_true(frame.csum_partial && frame.ecn);
	assert_int_equal(frame.csum_start, 34);
	assert_int_equal(frame.csum_offset, 16);
	assert_int_equal(frame.gso, WIRE_GSO_TCPV4);
	assert_int_equal(frame.gso_size, 1000);
	assert_int_equal(frame.gso_hdr_len, HDR_LEN);
	good(6, f, &frame, &hdr);
	assert_true(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
	assert_int_equal(frame.gso, WIRE_GSO_TCPV6);
	assert_int_equal(frame.gso_hdr_len, 74);
	assert_false(frame.ecn);
	/* a hint need not be right */
	good(4, f, &frame, &hdr);
	hdr.hdr_len = 0;
	assert_true(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
	assert_int_equal(frame.gso_hdr_len, HDR_LEN);
	/* the IP header's length is not looked at */
	good(4, f, &frame, &hdr);
	f[16] = f[17] = 0;
	assert_true(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
	/* nothing asked for: nothing to negotiate, nothing to do */
	good(4, f, &frame, &hdr);
	hdr = (struct vnet_hdr){ .hdr_len = 9999, .gso_size = 7, .csum_start = 9999 };
	assert_true(vnet_hdr_to_frame(&hdr, 0, &frame, &fault));
	assert_true(!frame.csum_partial && frame.gso == WIRE_GSO_NONE);
}

static void
test_negotiation(void **state)
{
	static const struct {
		uint8_t flags, gso_type;
		uint32_t need;
	} cases[] = {
		{ 1, 0, F(CSUM) },
		{ 1, VNET_HDR_GSO_TCPV4, F(CSUM) | F(HOST_TSO4) },
		{ 1, VNET_HDR_GSO_TCPV6, F(CSUM) | F(HOST_TSO6) },
		{ 1, VNET_HDR_GSO_TCPV4 | 0x80, F(CSUM) | F(HOST_TSO4) | F(HOST_ECN) },
		{ 1, VNET_HDR_GSO_TCPV6 | 0x80, F(CSUM) | F(HOST_TSO6) | F(HOST_ECN) },
	};
	struct vnet_hdr_fault fault;
	struct wire_frame frame;
	struct vnet_hdr hdr;
	uint32_t features;
	unsigned int i;
	uint8_t f[4000];

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (features = 0; features <= F_ALL; features++) {
			bool v6 = (cases[i].gso_type & 0x7f) == VNET_HDR_GSO_TCPV6;

			good(v6 ? 6 : 4, f, &frame, &hdr);
			hdr.flags = cases[i].flags;
			hdr.gso_type = cases[i].gso_type;
			assert_int_equal(vnet_hdr_to_frame(&hdr, features, &frame, &fault),
					(features & cases[i].need) == cases[i].need);
			if (features % 64 != 0) /* the frame need not be built so often */
				features += 2;
		}
	}
}

/* One change each that turns the good header or frame into a bad one. */
static void
test_hostile(void **state)
{
	static const struct {
		const char *what;
		size_t hdr_byte; /* of the header, 10: of none */
		size_t frame_byte; /* 0: of none */
		uint8_t value;
	} cases[] = {
		{ "gso_type", 1, 0, 2 },
		{ "gso_type", 1, 0, 3 }, /* UDP */
		{ "gso_type", 1, 0, 5 },
		{ "gso_type", 1, 0, 0x80 }, /* ECN of nothing */
		{ "gso_type", 1, 0, 0xff },
		{ "header flags of a frame to segment", 0, 0, 0 },
		{ "IP version of a frame to segment", 1, 0, 4 },
		{ "gso_size", 5, 0, 0 }, /* see below: the low byte is 0 */
		{ "hdr_len of a frame to segment", 3, 0, 0x20 },
		{ "csum_start and csum_offset of a frame to segment", 6, 0, 33 },
		{ "csum_start and csum_offset of a frame to segment", 8, 0, 6 },
		{ "csum_start of a checksum outside of the frame's head", 7, 0, 0xff },
		{ "csum_start of a checksum outside of the frame's head", 9, 0, 0xff },
		{ "csum_start of a checksum in the Ethernet header", 6, 0, 13 },
		{ "IP version of a frame to segment", 10, 12, 0x86 }, /* Ethernet type */
		{ "IP version of a frame to segment", 10, 14, 0x65 },
		{ "IP version of a frame to segment", 10, 14, 0x44 },
		{ "transport of a frame to segment", 10, 14, 0x4f }, /* no TCP there... */
		{ "transport of a frame to segment", 10, 20, 0x20 }, /* fragment */
		{ "transport of a frame to segment", 10, 21, 1 },
		{ "transport of a frame to segment", 10, 23, 17 },
		{ "TCP header length of a frame to segment", 10, 46, 0x40 },
		{ "TCP header length of a frame to segment", 10, 46, 0 },
	};
	struct tcp_shape shape;
	struct vnet_hdr_fault fault;
	struct wire_frame frame;
	uint8_t f[4000], bytes[11];
	struct vnet_hdr hdr;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		good(4, f, &frame, &hdr);
		hdr.gso_size = 0x100;
		vnet_hdr_store(&hdr, bytes);
		bytes[cases[i].hdr_byte] = cases[i].value;
		if (cases[i].frame_byte != 0)
			f[cases[i].frame_byte] = cases[i].value;
		if (cases[i].frame_byte == 14 && cases[i].value == 0x4f)
			frame.head_len = frame.len = 14 + 60 + 19; /* ...but less than it takes */
		vnet_hdr_load(bytes, &hdr);
		fault.what = "nothing";
		assert_false(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
		assert_string_equal(fault.what, cases[i].what);
		assert_true(!frame.csum_partial && frame.gso == WIRE_GSO_NONE);
	}
	/* TCP options that go on behind the end of the frame */
	good(4, f, &frame, &hdr);
	f[46] = 0xf0;
	frame.head_len = frame.len = HDR_LEN + 39;
	assert_false(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
	/* or of the head */
	good(4, f, &frame, &hdr);
	f[46] = 0xf0;
	frame.head_len = HDR_LEN + 39;
	assert_false(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
	/* a checksum that lies in the frame, but not in the head */
	good(4, f, &frame, &hdr);
	frame.head_len = 192;
	hdr = (struct vnet_hdr){ .flags = 1, .csum_start = 190, .csum_offset = 1 };
	assert_false(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
	hdr.csum_offset = 0;
	assert_true(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
	/* a destination that is not the last one is not what the checksum is about */
	shape = (struct tcp_shape){ .version = 6, .ip_more = 24, .payload = 3000 };
	good(6, f, &frame, &hdr);
	tcp_build(&shape, f);
	wire_frame_init(&frame, f, tcp_frame_len(&shape));
	hdr.csum_start = (uint16_t)tcp_l4_off(&shape);
	f[14 + 6] = 43;
	f[14 + 40 + 2] = 4; /* a segment routing header of one address, */
	assert_true(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault)); /* arrived */
	wire_frame_init(&frame, f, tcp_frame_len(&shape));
	f[14 + 40 + 3] = 1;
	assert_false(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
	assert_string_equal(fault.what, "routing header of a frame to segment");
	/* a checksum from the middle of a VLAN tag on, and right behind it */
	good(4, f, &frame, &hdr);
	memcpy(f + 12, "\x81\x00\x00\x0a\x08\x00", 6);
	hdr = (struct vnet_hdr){ .flags = 1, .csum_start = 17 };
	assert_false(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
	hdr.csum_start = 18;
	assert_true(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
}

static void
test_answer(void **state)
{
	struct wire_frame frame = { .len = 100 };
	uint32_t features;
	unsigned int work;

	(void)state;
	for (work = 0; work < 12; work++) {
		frame.gso = (enum wire_gso)(work % 3);
		frame.csum_partial = frame.gso != WIRE_GSO_NONE || work / 3 % 2 != 0;
		frame.ecn = work / 6 != 0;
		for (features = 0; features <= F_ALL; features++) {
			bool csum = (features & F(GUEST_CSUM)) != 0;
			bool ecn = !frame.ecn || (features & F(GUEST_ECN)) != 0;
			bool yes = true;

			if (frame.gso == WIRE_GSO_TCPV4)
				yes = csum && ecn && (features & F(GUEST_TSO4)) != 0;
			else if (frame.gso == WIRE_GSO_TCPV6)
				yes = csum && ecn && (features & F(GUEST_TSO6)) != 0;
			else if (frame.csum_partial)
				yes = csum;
			assert_int_equal(vnet_hdr_answer(&frame, features),
					yes ? WIRE_YES : WIRE_FINISHED_ONLY);
		}
	}
}

/* What a guest sent is what a guest gets. */
static void
test_there_and_back(void **state)
{
	struct vnet_hdr_fault fault;
	struct wire_frame frame;
	struct vnet_hdr hdr, got;
	struct vnet_flow flow;
	uint8_t f[4000], version;

	(void)state;
	for (version = 4; version <= 6; version += 2) {
		good(version, f, &frame, &hdr);
		hdr.gso_type |= VNET_HDR_GSO_ECN;
		assert_true(vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault));
		vnet_flow_parse(&frame, &flow);
		vnet_hdr_from_frame(&frame, &flow, F_ALL, &got);
		assert_memory_equal(&got, &hdr, sizeof(hdr));
	}
}

static void
test_data_valid(void **state)
{
	const struct tcp_shape s = { .version = 4, .payload = 11 };
	struct wire_frame frame, whole;
	struct vnet_flow flow;
	struct vnet_hdr hdr;
	uint8_t f[100], seg[100];
	struct vnet_gso gso;

	(void)state;
	tcp_build(&s, f);
	wire_frame_init(&frame, f, tcp_frame_len(&s));
	frame.csum_partial = true;
	frame.csum_start = 34;
	frame.csum_offset = 16;
	tcp_put(f + 50, tcp_sum(6 + 31, f + 26, 8), 2);
	vnet_gso_begin(&gso, &frame);
	wire_frame_init(&whole, seg, vnet_gso_segment(&gso, 0, seg));
	vnet_flow_parse(&whole, &flow);
	vnet_hdr_from_frame(&whole, &flow, F_ALL, &hdr);
	assert_int_equal(hdr.flags, VNET_HDR_F_DATA_VALID);
	assert_int_equal(hdr.csum_start, 0);
	vnet_hdr_from_frame(&whole, &flow, F_ALL & ~F(GUEST_CSUM), &hdr);
	assert_int_equal(hdr.flags, 0);
	seg[60] ^= 1;
	vnet_hdr_from_frame(&whole, &flow, F_ALL, &hdr);
	assert_int_equal(hdr.flags, 0);
}

/* One random frame and header; @return whether it was let through. */
static bool
fuzz_one(void)
{
	const struct tcp_shape s = {
		.version = rand() % 2 != 0 ? 6 : 4,
		.nb_tags = (unsigned int)rand() % 3,
		.ip_more = (uint32_t)rand() % 3 * 8,
		.tcp_more = (uint32_t)rand() % 4 * 4,
		.payload = (uint32_t)rand() % 300,
	};
	uint32_t i, n, seg_len, len = tcp_frame_len(&s), head = len < 192 ? len : 192;
	uint8_t *f = malloc(len), *seg = malloc(len), bytes[VNET_HDR_SIZE];
	struct vnet_hdr hdr = {
		.flags = VNET_HDR_F_NEEDS_CSUM,
		.gso_type = s.version == 4 ? VNET_HDR_GSO_TCPV4 : VNET_HDR_GSO_TCPV6,
		.gso_size = (uint16_t)(1 + rand() % 100),
		.csum_start = (uint16_t)tcp_l4_off(&s),
		.csum_offset = 16,
	};
	struct iovec body = { f + head, len - head };
	struct vnet_hdr_fault fault;
	struct wire_frame frame;
	struct vnet_flow flow;
	struct vnet_gso gso;
	bool ok;

	assert_true(f != NULL && seg != NULL);
	tcp_build(&s, f);
	vnet_hdr_store(&hdr, bytes);
	for (n = (uint32_t)rand() % 4; n != 0; n--) {
		if (rand() % 3 == 0)
			bytes[rand() % (int)VNET_HDR_SIZE] = (uint8_t)rand();
		else
			f[12 + (uint32_t)rand() % (tcp_hdr_len(&s) - 12)] = (uint8_t)rand();
	}
	wire_frame_init(&frame, f, len);
	frame.head_len = head;
	frame.body = &body;
	frame.nb_body = len > head;
	vnet_hdr_load(bytes, &hdr);
	ok = vnet_hdr_to_frame(&hdr, F_ALL, &frame, &fault);
	vnet_flow_parse(&frame, &flow);
	vnet_hdr_from_frame(&frame, &flow, F_ALL, &hdr);
	vnet_gso_begin(&gso, &frame);
	for (i = 0, n = 0; ok && i < gso.nb_segs; i++) {
		seg_len = vnet_gso_segment(&gso, i, seg);
		assert_true(seg_len <= len && seg_len >= 14);
		assert_true(seg_len - vnet_flow_l2_len(&frame) <= vnet_gso_packet_max(&frame));
		n += seg_len - (frame.gso != WIRE_GSO_NONE ? frame.gso_hdr_len : 0);
	}
	if (ok)
		assert_int_equal(n, len - (frame.gso != WIRE_GSO_NONE ? frame.gso_hdr_len : 0));
	free(f);
	free(seg);
	return ok;
}

static void
test_fuzz(void **state)
{
	unsigned int round, ok = 0;

	(void)state;
	srand(11);
	for (round = 0; round < 40000; round++)
		ok += fuzz_one();
	assert_true(ok > 10000 && ok < 39000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_negotiation),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_data_valid),
		cmocka_unit_test(test_fuzz),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
