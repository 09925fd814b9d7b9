/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: frames of every shape, in one piece and in many, are segmented, and each
 * segment is judged by tcp_frame.h. Buffers are allocated to the byte, so that the address
 * sanitizer sees a step beyond the end.
 */
#include "tcp_frame.h"

#include <stdlib.h>

#include "vnet_gso.h"

/* A frame to segment in one piece of memory; give .head to free(). */
static void
frame_make(const struct tcp_shape *s, uint16_t gso_size, struct wire_frame *frame)
{
	uint8_t *f = malloc(tcp_frame_len(s));

	assert_non_null(f);
	tcp_build(s, f);
	wire_frame_init(frame, f, tcp_frame_len(s));
	frame->csum_partial = true;
	frame->csum_start = (uint16_t)tcp_l4_off(s);
	frame->csum_offset = 16;
	frame->gso = s->version == 4 ? WIRE_GSO_TCPV4 : WIRE_GSO_TCPV6;
	frame->gso_size = gso_size;
	frame->gso_hdr_len = (uint16_t)tcp_hdr_len(s);
}

static void
check_segments(const struct tcp_shape *s, const struct wire_frame *frame)
{
	uint32_t i, len, off = 0, longest = 0;
	struct vnet_gso gso;

	vnet_gso_begin(&gso, frame);
	for (i = 0; i < gso.nb_segs; i++) {
		uint8_t *seg = malloc(tcp_hdr_len(s) + frame->gso_size);

		assert_non_null(seg);
		len = vnet_gso_segment(&gso, i, seg);
		assert_true(len <= tcp_hdr_len(s) + frame->gso_size);
		assert_true(len > tcp_hdr_len(s) || s->payload == 0);
		assert_memory_equal(seg, frame->head, tcp_l2_len(s));
		if (s->version == 4)
			assert_int_equal(tcp_get(seg + tcp_l2_len(s) + 4, 2),
					(s->ip_id + i) & 0xffff);
		tcp_judge(s, seg, len, off, i == gso.nb_segs - 1);
		off += len - tcp_hdr_len(s);
		if (len > longest)
			longest = len;
		free(seg);
	}
	assert_int_equal(off, s->payload);
	assert_int_equal(vnet_gso_packet_max(frame), longest - tcp_l2_len(s));
}

static void
check(const struct tcp_shape *s, uint16_t gso_size)
{
	struct wire_frame frame;

	frame_make(s, gso_size, &frame);
	check_segments(s, &frame);
	free((void *)(uintptr_t)frame.head);
}

static void
test_counts(void **state)
{
	static const struct {
		uint32_t payload;
		uint16_t gso_size;
		uint32_t nb;
	} cases[] = {
		{ 0, 1460, 1 },
		{ 1, 1460, 1 },
		{ 1460, 1460, 1 },
		{ 1461, 1460, 2 },
		{ 2920, 1460, 2 },
		{ 2921, 1460, 3 },
		{ 65000, 1448, 45 },
		{ 100, 1, 100 },
		{ 10, 65535, 1 },
	};
	struct tcp_shape s = { .version = 4 };
	struct wire_frame frame;
	struct vnet_gso gso;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s.payload = cases[i].payload;
		frame_make(&s, cases[i].gso_size, &frame);
		vnet_gso_begin(&gso, &frame);
		assert_int_equal(gso.nb_segs, cases[i].nb);
		check_segments(&s, &frame);
		free((void *)(uintptr_t)frame.head);
	}
}

static void
test_shapes(void **state)
{
	struct tcp_shape s;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2 * 3 * 3 * 3; i++) {
		s = (struct tcp_shape){
			.version = i % 2 != 0 ? 6 : 4,
			.nb_tags = i / 2 % 3,
			.ip_more = i / 6 % 3 * 8,
			.tcp_more = i / 18 % 3 * 12,
			.flags = 0xff, /* all, so that those taken away are seen */
			.ip_id = 0xfffe,
			.seq = 0xfffff800, /* wraps */
			.payload = 5001,
		};
		check(&s, 1000);
		check(&s, 999);
	}
}

/* The payload in pieces of all sizes, the headers alone in the head or with some payload. */
static void
test_pieces(void **state)
{
	struct tcp_shape s = { .version = 6, .flags = 0x98, .payload = 3000 };
	struct wire_frame frame;
	struct iovec body[32];
	uint32_t off, len;
	unsigned int round;

	(void)state;
	srand(7);
	frame_make(&s, 700, &frame);
	for (round = 0; round < 500; round++) {
		frame.head_len = tcp_hdr_len(&s) + (uint32_t)rand() % 300;
		frame.body = body;
		frame.nb_body = 0;
		for (off = frame.head_len; off < frame.len; off += len) {
			len = (uint32_t)rand() % 400;
			if (len > frame.len - off || frame.nb_body == 31)
				len = frame.len - off;
			body[frame.nb_body++] =
					(struct iovec){ (void *)(uintptr_t)(frame.head + off),
						len };
		}
		check_segments(&s, &frame);
	}
	free((void *)(uintptr_t)frame.head);
}

/* A checksum to complete is one segment, and nothing but the checksum changes. */
static void
test_checksum_only(void **state)
{
	struct tcp_shape s = { .version = 4, .payload = 101 };
	struct wire_frame frame;
	struct vnet_gso gso;
	uint8_t seg[200], *f;
	uint32_t len;

	(void)state;
	frame_make(&s, 1, &frame);
	f = (uint8_t *)(uintptr_t)frame.head;
	frame.gso = WIRE_GSO_NONE;
	/* the guest's part: the sum of the pseudo header */
	tcp_put(f + 50, tcp_sum(6 + 121, f + 26, 8), 2);
	vnet_gso_begin(&gso, &frame);
	assert_int_equal(gso.nb_segs, 1);
	len = vnet_gso_segment(&gso, 0, seg);
	assert_int_equal(len, frame.len);
	assert_int_equal(tcp_sum(tcp_sum(6 + 121, seg + 26, 8), seg + 34, 121), 0xffff);
	memcpy(seg + 50, f + 50, 2);
	assert_memory_equal(seg, f, len);
	/* nothing left to do at all */
	frame.csum_partial = false;
	vnet_gso_begin(&gso, &frame);
	assert_int_equal(vnet_gso_segment(&gso, 0, seg), frame.len);
	assert_memory_equal(seg, f, len);
	assert_int_equal(vnet_gso_packet_max(&frame), frame.len - 14);
	free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_checksum_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
