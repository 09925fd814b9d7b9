/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: bit numbers are written as numbers (virtio 1.2, 5.1.3 and 6). Over all 8192
 * masks that a card can announce: nothing is offered that the card has not, and a queue is never
 * told an offload that the guest did not take (but for the checksum that a segment needs).
 *
 * Of the checklist: D16.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mvdpa_features.h"

#define B(n) (1ULL << (n))
#define OFFLOADS (B(0) | B(1) | B(7) | B(8) | B(9) | B(10) | B(11) | B(12) | B(13) | B(14) | B(15))

static void
test_nothing(void **state)
{
	const struct devx_cap cap = { .max_virtqs = 2 };

	/* GUEST_ANNOUNCE, LOG_ALL, PROTOCOL_FEATURES, ORDER_PLATFORM */
	assert_true(mvdpa_features_offered(&cap) == (B(21) | B(26) | B(30) | B(36)));
}

static void
test_all(void **state)
{
	const struct devx_cap cap = { .max_virtqs = 16, .version_1_0 = true, .features = 0x1fff };

	assert_true(mvdpa_features_offered(&cap) ==
			(B(0) | B(1) | B(7) | B(8) | B(9) | B(11) | B(12) | B(13) | B(15) | B(21) |
					B(22) | B(26) | B(30) | B(32) | B(36)));
	/* MQ, LOG_SHMFD, REPLY_ACK, NET_MTU, BACKEND_REQ, BACKEND_SEND_FD, HOST_NOTIFIER, STATUS;
	 * no RARP: vhost would put the packet into a data path that is not there */
	assert_true(mvdpa_features_protocol() ==
			(B(0) | B(1) | B(3) | B(4) | B(5) | B(10) | B(11) | B(16)));
}

static void
test_every_mask(void **state)
{
	static const unsigned int pairs[][2] = { { 0, 10 }, { 1, 9 }, { 7, 8 }, { 8, 7 }, { 9, 6 },
		{ 11, 12 }, { 12, 11 }, { 13, 4 }, { 15, 2 } }; /* virtio bit, queue bit */
	struct devx_cap cap = { .max_virtqs = 16, .version_1_0 = true };
	uint64_t offered, want;
	unsigned int mask, i;
	uint16_t queue;

	for (mask = 0; mask < 0x2000; mask++) {
		cap.features = (uint16_t)mask;
		offered = mvdpa_features_offered(&cap);
		for (want = 0, i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
			want |= (uint64_t)(mask >> pairs[i][1] & 1) << pairs[i][0];
		assert_true((offered & OFFLOADS) == want);
		assert_int_equal(offered & (B(28) | B(29) | B(34)), 0);
		queue = mvdpa_features_to_queue(offered);
		assert_int_equal(queue & ~mask & ~(1u << 10), 0);
		/* virtio 1.2, 5.1.3.1 */
		assert_true((queue & 1u << 10) != 0 || (queue & (1u << 11 | 1u << 12)) == 0);
		assert_true((queue & 1u << 9) != 0 || (queue & (1u << 7 | 1u << 8)) == 0);
		assert_true((queue & (1u << 11 | 1u << 12)) != 0 || (queue & 1u << 4) == 0);
		assert_true((queue & (1u << 7 | 1u << 8)) != 0 || (queue & 1u << 6) == 0);
	}
}

static void
test_mtu(void **state)
{
	struct devx_cap cap = { .max_virtqs = 2 };

	assert_int_equal(mvdpa_features_offered(&cap) & B(3), 0);
	cap.mtu = 1500;
	assert_int_equal(mvdpa_features_offered(&cap) & B(3), B(3));
}

static void
test_packed(void **state)
{
	struct devx_cap cap = { .max_virtqs = 16, .version_1_0 = true };

	assert_int_equal(mvdpa_features_offered(&cap) & B(34), 0);
	cap.queue_types = 1u << 0;
	assert_int_equal(mvdpa_features_offered(&cap) & B(34), 0);
	cap.queue_types = 1u << 0 | 1u << 1;
	assert_true((mvdpa_features_offered(&cap) & B(34)) != 0);
	cap.version_1_0 = false;
	assert_int_equal(mvdpa_features_offered(&cap) & B(34), 0);
	assert_int_equal(mvdpa_features_to_type(B(34) | B(32)), PRM_VIRTQ_PACKED);
	assert_int_equal(mvdpa_features_to_type(B(32) | B(35)), PRM_VIRTQ_SPLIT);
}

static void
test_segments_need_checksums(void **state)
{
	assert_int_equal(mvdpa_features_to_queue(B(11)), 1u << 12 | 1u << 10);
	assert_int_equal(mvdpa_features_to_queue(B(12)), 1u << 11 | 1u << 10);
	assert_int_equal(mvdpa_features_to_queue(B(0)), 1u << 10);
	assert_int_equal(mvdpa_features_to_queue(B(1)), 1u << 9);
	assert_int_equal(mvdpa_features_to_queue(B(32) | B(22)), 0);
	assert_int_equal(mvdpa_features_to_queue(B(15)), 1u << 2);
	/* what the guest did not ask for stays out of its rings */
	assert_int_equal(mvdpa_features_to_queue(B(7) | B(8) | B(9)), 0);
	assert_int_equal(mvdpa_features_to_queue(B(1) | B(9)), 1u << 9);
	assert_int_equal(mvdpa_features_to_queue(B(1) | B(7) | B(9)), 1u << 9 | 1u << 8 | 1u << 6);
	assert_int_equal(mvdpa_features_to_queue(B(0) | B(13)), 1u << 10);
}

static void
test_parse(void **state)
{
	uint64_t m = 5;

	assert_true(mvdpa_features_parse("0x3", &m) && m == 3);
	assert_true(mvdpa_features_parse("csum", &m) && m == B(0));
	assert_true(mvdpa_features_parse("csum+host_tso4+0x100000000", &m) &&
			m == (B(0) | B(11) | B(32)));
	assert_true(mvdpa_features_parse("all-packed", &m) && m == ~B(34));
	assert_true(mvdpa_features_parse("-packed-mq", &m) && m == ~(B(34) | B(22)));
	assert_true(mvdpa_features_parse("software", &m) && m == 0xd7c66a7ca);
	assert_true(mvdpa_features_parse("software+csum-mrg_rxbuf", &m) &&
			m == (0xd7c66a7cb & ~B(15)));
	m = 5;
	assert_false(mvdpa_features_parse("", &m));
	assert_false(mvdpa_features_parse("+", &m));
	assert_false(mvdpa_features_parse("-", &m));
	assert_false(mvdpa_features_parse("csum+", &m));
	assert_false(mvdpa_features_parse("csum++mq", &m));
	assert_false(mvdpa_features_parse("csu", &m));
	assert_false(mvdpa_features_parse("csumm", &m));
	assert_false(mvdpa_features_parse("0x3g", &m));
	assert_false(mvdpa_features_parse("0x10000000000000000", &m));
	assert_true(m == 5);
}

static void
test_narrow(void **state)
{
	const uint64_t tso = B(0) | B(1) | B(7) | B(8) | B(9) | B(11) | B(12) | B(13);

	assert_true(mvdpa_features_narrow(B(0) | B(32), UINT64_MAX) == (B(0) | B(32)));
	/* nothing that was not offered appears */
	assert_true(mvdpa_features_narrow(B(0), B(1)) == 0);
	/* vhost's own bits are not the guest's */
	assert_true(mvdpa_features_narrow(B(0) | B(26) | B(30), 0) == (B(26) | B(30)));
	assert_true(mvdpa_features_narrow(B(34) | B(32), B(34)) == 0);
	assert_true(mvdpa_features_narrow(tso, ~B(0)) == (B(1) | B(7) | B(8) | B(9)));
	assert_true(mvdpa_features_narrow(tso, ~B(1)) == (B(0) | B(11) | B(12) | B(13)));
	assert_true(mvdpa_features_narrow(tso, ~(B(11) | B(12))) ==
			(B(0) | B(1) | B(7) | B(8) | B(9)));
	assert_true(mvdpa_features_narrow(tso, ~(B(7) | B(8))) ==
			(B(0) | B(1) | B(11) | B(12) | B(13)));
	assert_true(mvdpa_features_narrow(tso, ~B(11)) == (tso & ~B(11)));
}

static void
test_names(void **state)
{
	uint64_t m;
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		if (mvdpa_features_name(bit) != NULL)
			assert_true(mvdpa_features_parse(mvdpa_features_name(bit), &m) &&
					m == B(bit));
	}
	assert_string_equal(mvdpa_features_name(0), "csum");
	assert_null(mvdpa_features_name(63));
}

static void
test_pairs(void **state)
{
	struct devx_cap cap = { .max_virtqs = 0 };

	assert_int_equal(mvdpa_features_pairs(&cap), 0);
	cap.max_virtqs = 17;
	assert_int_equal(mvdpa_features_pairs(&cap), 8);
	cap.max_virtqs = 0xffffff;
	assert_int_equal(mvdpa_features_pairs(&cap), 128);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_every_mask),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_segments_need_checksums),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
