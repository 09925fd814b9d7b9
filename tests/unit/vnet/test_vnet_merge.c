/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: frames over several chains (VIRTIO_NET_F_MRG_RXBUF), in split and packed
 * rings, and large frames into large buffers without it.
 */
#include "vnet_bed.h"

#include "prm_cmd.h"

#define BUF 256u

static void
merge(struct vnet_queue_attr *attr)
{
	attr->features |= PRM_VIRTQ_F_MRG_RXBUF;
}

static void
merge_legacy(struct vnet_queue_attr *attr)
{
	attr->features |= PRM_VIRTQ_F_MRG_RXBUF;
	attr->version_1 = false;
}

static struct bed *
make(bool packed, void (*fix)(struct vnet_queue_attr *attr))
{
	struct bed *bed = packed ? bed_create_packed(8, 0x8000) :
				   bed_create(wire_switch_create, 8, 65533);
	struct bed_port *b = &bed->ports[1];

	b->rx.vr.buf_size = BUF;
	bed_unsteer(b);
	vnet_queue_destroy_locked(b->rx.q);
	bed_queue_create(bed, b, &b->rx, 0, fix);
	bed_steer(b);
	assert_int_equal(vnet_queue_start_locked(b->rx.q), 0);
	return bed;
}

static void
fill(uint8_t *frame, uint32_t len)
{
	uint32_t i;

	bed_frame(frame, len, 1);
	for (i = 18; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + i / 251);
}

/* Sends a frame; @return frames moved. */
static unsigned int
send_len(struct bed *bed, uint32_t len)
{
	uint8_t frame[2048];

	fill(frame, len);
	assert_true(vring_offer_tx(&bed->ports[0].tx.vr, frame, len, BED_HDR));
	bed_ring(&bed->ports[0]);
	return bed_pass(bed);
}

static void
reap_tx(struct bed *bed)
{
	uint32_t id, len;

	while (vring_take_used(&bed->ports[0].tx.vr, &id, &len))
		;
}

/* Takes a frame of @p len bytes, header 12, from as many buffers as it needs. */
static void
receive_len(struct bed *bed, uint32_t len)
{
	struct vring *vr = &bed->ports[1].rx.vr;
	uint8_t want[2048], got[2304];
	uint32_t id, part, at = 0, nb = 0;

	fill(want, len);
	while (at < len + BED_HDR) {
		uint32_t expect = len + BED_HDR - at < BUF ? len + BED_HDR - at : BUF;

		assert_true(vring_take_used(vr, &id, &part));
		assert_int_equal(part, expect);
		memcpy(got + at, vring_buf(vr, id), part);
		at += part;
		nb++;
	}
	assert_int_equal(got[10] | got[11] << 8, nb);
	assert_memory_equal(got + BED_HDR, want, len);
}

static void
run_lengths(bool packed, void (*fix)(struct vnet_queue_attr *attr))
{
	struct bed *bed = make(packed, fix);
	struct vring *vr = &bed->ports[1].rx.vr;
	uint32_t len, id, part;

	for (len = 60; len <= 8 * BUF - BED_HDR; len += len % 61 + 1) {
		while (vring_in_flight(vr) < 8)
			vring_offer_rx(vr);
		assert_int_equal(send_len(bed, len), 1);
		receive_len(bed, len);
		assert_false(vring_take_used(vr, &id, &part));
		reap_tx(bed);
	}
	assert_int_equal(bed->nb_log_errors, 0);
	bed_destroy(bed);
}

static void
test_lengths(void **state)
{
	(void)state;
	run_lengths(false, merge);
	run_lengths(true, merge);
	run_lengths(false, merge_legacy); /* the header has num_buffers all the same */
	run_lengths(true, merge_legacy);
}

/* A frame waits until there are buffers enough, and takes none before. */
static void
run_waiting(bool packed)
{
	struct bed *bed = make(packed, merge);
	struct vring *vr = &bed->ports[1].rx.vr;
	uint16_t avail, used, begin;
	uint32_t id, part, i;

	vnet_queue_indices_locked(bed->ports[1].rx.q, &begin, &used);
	for (i = 0; i < 3; i++) {
		vring_offer_rx(vr);
		assert_int_equal(i == 0 ? send_len(bed, 900) : bed_pass(bed), 0);
		assert_false(vring_take_used(vr, &id, &part));
		vnet_queue_indices_locked(bed->ports[1].rx.q, &avail, &used);
		assert_int_equal(avail, begin);
	}
	vring_offer_rx(vr);
	assert_int_equal(bed_pass(bed), 1);
	receive_len(bed, 900);
	vnet_queue_indices_locked(bed->ports[1].rx.q, &avail, &used);
	assert_int_equal(avail, (uint16_t)(begin + 4));
	assert_int_equal(used, avail);
	bed_destroy(bed);
}

static void
test_waiting(void **state)
{
	(void)state;
	run_waiting(false);
	run_waiting(true);
}

/* Longer than all buffers of a full ring: nothing to wait for. */
static void
run_too_long(bool packed)
{
	struct bed *bed = make(packed, merge);
	struct vring *vr = &bed->ports[1].rx.vr;
	struct vnet_queue_stats stats;
	uint32_t i;

	for (i = 0; i < 7; i++)
		vring_offer_rx(vr);
	assert_int_equal(send_len(bed, 8 * BUF - BED_HDR), 0);
	vring_offer_rx(vr);
	assert_int_equal(bed_pass(bed), 1);
	receive_len(bed, 8 * BUF - BED_HDR);
	vnet_queue_stats_locked(bed->ports[1].rx.q, &stats);
	assert_int_equal(stats.dropped_frames, 0);
	bed_destroy(bed);
}

static void
run_no_merge_drops(bool packed)
{
	struct bed *bed = make(packed, NULL);
	struct vring *vr = &bed->ports[1].rx.vr;
	struct vnet_queue_stats stats;
	uint32_t i, id, part;

	for (i = 0; i < 8; i++)
		vring_offer_rx(vr);
	assert_int_equal(send_len(bed, BUF - BED_HDR + 1), 1);
	assert_false(vring_take_used(vr, &id, &part));
	vnet_queue_stats_locked(bed->ports[1].rx.q, &stats);
	assert_int_equal(stats.dropped_frames, 1);
	assert_int_equal(send_len(bed, BUF - BED_HDR), 1);
	receive_len(bed, BUF - BED_HDR);
	bed_destroy(bed);
}

static void
test_too_long(void **state)
{
	(void)state;
	run_too_long(false);
	run_too_long(true);
	run_no_merge_drops(false);
	run_no_merge_drops(true);
}

/* Small buffers in a full ring: the frame is dropped, and a shorter one still fits. */
static void
test_full_ring_too_small(void **state)
{
	struct bed *bed;
	unsigned int packed, i;

	(void)state;
	for (packed = 0; packed < 2; packed++) {
		struct vnet_queue_stats stats;
		struct vring *vr;
		uint32_t id, part;

		bed = make(packed, merge);
		vr = &bed->ports[1].rx.vr;
		for (i = 0; i < 8; i++)
			vring_offer_chain(vr,
					&(struct vring_desc){ vring_buf_gpa(vr, i), 16,
							VRING_F_WRITE, 0 },
					1);
		assert_int_equal(send_len(bed, 8 * 16 - BED_HDR + 1), 1);
		assert_false(vring_take_used(vr, &id, &part));
		vnet_queue_stats_locked(bed->ports[1].rx.q, &stats);
		assert_int_equal(stats.dropped_frames, 1);
		assert_int_equal(send_len(bed, 8 * 16 - BED_HDR), 1);
		for (i = 0; i < 8; i++) {
			assert_true(vring_take_used(vr, &id, &part));
			assert_int_equal(part, 16);
		}
		bed_destroy(bed);
	}
}

/* Chains that share descriptors hold more than the ring has. */
static void
test_shared_descriptors(void **state)
{
	struct bed *bed = make(false, merge);
	struct vring *vr = &bed->ports[1].rx.vr;
	unsigned int i;

	(void)state;
	for (i = 0; i < 8; i++)
		vring_desc(vr, i,
				(struct vring_desc){ vring_buf_gpa(vr, i), 1,
						VRING_F_WRITE | (i < 7 ? VRING_F_NEXT : 0),
						(uint16_t)(i + 1) });
	for (i = 0; i < 8; i++)
		vring_offer(vr, 0);
	/* the first chain fills the ring: no frame of 60 bytes will ever fit */
	assert_int_equal(send_len(bed, 60), 1);
	for (i = 0; i < 8; i++)
		vring_desc(vr, i,
				(struct vring_desc){ vring_buf_gpa(vr, i), 1,
						VRING_F_WRITE | (i < 4 ? VRING_F_NEXT : 0),
						(uint16_t)(i + 1) });
	(void)send_len(bed, 60);
	assert_int_equal(bed->ports[1].rx.error, VNET_ERR_CHAIN_TOO_LONG);
	bed_destroy(bed);
}

/* Big packets without merging: chains of 64 KiB and more, as a guest with TSO posts them. */
static void
run_big(bool packed)
{
	struct bed *bed = packed ? bed_create_packed(32, 0x8000) :
				   bed_create(wire_switch_create, 32, 0);
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint64_t tx = 0x70000000, rx = 0x71000000;
	uint32_t len = 14 + VNET_MTU_MAX, i, id, part;
	uint8_t *from = malloc(17 * 4096), *to = calloc(17, 4096);
	struct vring_desc descs[17];

	assert_true(from != NULL && to != NULL);
	assert_int_equal(vnet_port_mtu_set_locked(a->port, VNET_MTU_MAX), 0);
	assert_int_equal(vnet_port_mtu_set_locked(b->port, VNET_MTU_MAX), 0);
	vmem_grant(&bed->mem, BED_KEY, tx, 17 * 4096, from);
	vmem_grant(&bed->mem, BED_KEY, rx, 17 * 4096, to);
	memset(from, 0, BED_HDR);
	fill(from + BED_HDR, len);
	for (i = 0; i < 17; i++)
		descs[i] = (struct vring_desc){ rx + i * 4096, 4096, VRING_F_WRITE, 0 };
	vring_offer_chain(&b->rx.vr, descs, 17);
	for (i = 0; i < 17; i++)
		descs[i] = (struct vring_desc){ tx + i * 4096,
			i < 16 ? 4096 : BED_HDR + len - 16 * 4096, 0, 0 };
	vring_offer_chain(&a->tx.vr, descs, 17);
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	assert_true(vring_take_used(&b->rx.vr, &id, &part));
	assert_int_equal(part, BED_HDR + len);
	assert_memory_equal(to + BED_HDR, from + BED_HDR, len);
	assert_int_equal(to[BED_HDR + len], 0);
	assert_int_equal(to[10], 1);
	bed_destroy(bed);
	free(from);
	free(to);
}

static void
test_big_packets(void **state)
{
	(void)state;
	run_big(false);
	run_big(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_full_ring_too_small),
		cmocka_unit_test(test_shared_descriptors),
		cmocka_unit_test(test_big_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
