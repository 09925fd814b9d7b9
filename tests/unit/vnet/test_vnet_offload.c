/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one guest sends a TCP frame that is to be segmented, the other has
 * negotiated this or that and has room or not; what arrives is either the frame as it was sent,
 * with its header, or segments that an independent judge finds right.
 */
#include "vnet_bed.h"

#include "tcp_frame.h"
#include "vnet_hdr.h"

#define TX_GPA 0x700000000ull
#define RX_GPA 0x710000000ull
#define BIG 66000u
#define BUF 2048u /* the bed's buffers */
#define F(name) PRM_VIRTQ_F_##name
#define TX_ALL (F(CSUM) | F(HOST_TSO4) | F(HOST_TSO6) | F(HOST_ECN))
#define RX_ALL (F(GUEST_CSUM) | F(GUEST_TSO4) | F(GUEST_TSO6) | F(GUEST_ECN) | F(MRG_RXBUF))

struct offload {
	struct bed *bed;
	struct bed_port *a, *b; /* sends, receives */
	struct tcp_shape shape;
	uint16_t gso_size;
	uint8_t *from, *to; /* BIG bytes of guest memory at TX_GPA, RX_GPA */
};

static uint32_t remade_features;

static void
set_features(struct vnet_queue_attr *attr)
{
	attr->features = remade_features;
}

static void
remake(struct offload *o, struct bed_queue *bq, uint16_t index, uint32_t features)
{
	struct bed_port *bp = bq == &o->b->rx ? o->b : o->a;

	remade_features = features;
	if (index == 0)
		bed_unsteer(bp);
	vnet_queue_destroy_locked(bq->q);
	bed_queue_create(o->bed, bp, bq, index, set_features);
	if (index == 0)
		bed_steer(bp);
	assert_int_equal(vnet_queue_start_locked(bq->q), 0);
}

static void
begin(struct offload *o, uint32_t ring_size, uint32_t tx_features, uint32_t rx_features)
{
	*o = (struct offload){
		.bed = bed_create(wire_switch_create, ring_size, 0),
		.shape = { .version = 4, .flags = 0x99, .ip_id = 7, .payload = 10000 },
		.gso_size = 1400,
		.from = calloc(1, BIG),
		.to = calloc(1, BIG),
	};
	assert_true(o->from != NULL && o->to != NULL);
	o->a = &o->bed->ports[0];
	o->b = &o->bed->ports[1];
	vmem_grant(&o->bed->mem, BED_KEY, TX_GPA, BIG, o->from);
	vmem_grant(&o->bed->mem, BED_KEY, RX_GPA, BIG, o->to);
	remake(o, &o->a->tx, 1, tx_features);
	remake(o, &o->b->rx, 0, rx_features);
}

static void
end(struct offload *o)
{
	bed_destroy(o->bed);
	free(o->from);
	free(o->to);
}

/* Offers the frame, in pieces of 4096 bytes, and rings. */
static void
post(struct offload *o)
{
	uint32_t len = BED_HDR + tcp_frame_len(&o->shape), off;
	struct vring_desc descs[20];
	uint16_t nb = 0;
	const struct vnet_hdr hdr = {
		.flags = 1,
		.gso_type = o->shape.version == 4 ? 0x81 : 0x84,
		.gso_size = o->gso_size,
		.csum_start = (uint16_t)tcp_l4_off(&o->shape),
		.csum_offset = 16,
		.hdr_len = (uint16_t)tcp_hdr_len(&o->shape),
	};

	vnet_hdr_store(&hdr, o->from);
	tcp_build(&o->shape, o->from + BED_HDR);
	for (off = 0; off < len; off += descs[nb++].len)
		descs[nb] = (struct vring_desc){ TX_GPA + off, len - off < 4096 ? len - off : 4096,
			0, 0 };
	vring_offer_chain(&o->a->tx.vr, descs, nb);
	bed_ring(o->a);
}

static void
give_buffers(struct offload *o, unsigned int nb)
{
	while (nb-- != 0)
		vring_offer_rx(&o->b->rx.vr);
}

/* One buffer for all. */
static void
give_big(struct offload *o, uint32_t len)
{
	vring_offer_chain(&o->b->rx.vr, &(struct vring_desc){ RX_GPA, len, VRING_F_WRITE, 0 }, 1);
}

/* The next frame is the segment at @p off of the payload, in one buffer; @return its payload. */
static uint32_t
expect_segment(struct offload *o, uint32_t off, uint8_t flags)
{
	struct vring *vr = &o->b->rx.vr;
	uint32_t id, len, payload;
	const uint8_t *buf;
	struct vnet_hdr hdr;

	assert_true(vring_take_used(vr, &id, &len));
	buf = vring_buf(vr, id);
	vnet_hdr_load(buf, &hdr);
	assert_int_equal(hdr.flags, flags);
	assert_int_equal(hdr.gso_type, 0);
	assert_int_equal(buf[10], 1);
	len -= BED_HDR;
	payload = len - tcp_hdr_len(&o->shape);
	assert_true(payload <= o->gso_size);
	tcp_judge(&o->shape, buf + BED_HDR, len, off, off + payload == o->shape.payload);
	return payload;
}

static void
expect_nothing(struct offload *o)
{
	uint32_t id, len;

	assert_false(vring_take_used(&o->b->rx.vr, &id, &len));
}

static void
expect_all_segments(struct offload *o, uint8_t flags)
{
	uint32_t off = 0;

	while (off < o->shape.payload)
		off += expect_segment(o, off, flags);
	expect_nothing(o);
}

/* The frame is as it was sent, in one buffer or in @p nb merged ones. */
static void
expect_whole(struct offload *o, unsigned int nb)
{
	static uint8_t got[BIG];
	uint32_t want = BED_HDR + tcp_frame_len(&o->shape), at = 0, id, len;

	while (at < want) {
		assert_true(vring_take_used(&o->b->rx.vr, &id, &len));
		memcpy(got + at, nb == 1 ? o->to : vring_buf(&o->b->rx.vr, id), len);
		at += len;
	}
	assert_int_equal(at, want);
	assert_int_equal(got[10], nb);
	assert_memory_equal(got, o->from, VNET_HDR_SIZE);
	assert_memory_equal(got + BED_HDR, o->from + BED_HDR, want - BED_HDR);
	expect_nothing(o);
}

static unsigned int
sent(const struct offload *o)
{
	return le16toh(o->a->tx.vr.used->idx);
}

static void
test_between_guests_it_stays_whole(void **state)
{
	struct offload o;

	(void)state;
	begin(&o, 64, TX_ALL, RX_ALL);
	give_buffers(&o, 40);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_whole(&o, 5);
	o.shape.version = 6;
	o.shape.payload = 60000;
	post(&o);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_whole(&o, 30);
	end(&o);
}

static void
test_one_long_buffer(void **state)
{
	struct offload o;

	(void)state;
	begin(&o, 64, TX_ALL, RX_ALL & ~F(MRG_RXBUF));
	give_big(&o, BIG);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_whole(&o, 1);
	end(&o);
}

static void
test_others_get_segments(void **state)
{
	static const struct {
		uint32_t rx;
		uint8_t flags; /* DATA_VALID */
	} cases[] = {
		{ 0, 0 }, { F(MRG_RXBUF), 0 }, { F(GUEST_CSUM), 2 }, { RX_ALL & ~F(GUEST_CSUM), 0 },
		{ RX_ALL & ~F(GUEST_ECN), 2 }, { RX_ALL & ~(F(GUEST_TSO4) | F(GUEST_TSO6)), 2 },
		{ RX_ALL & ~F(MRG_RXBUF), 2 }, /* no room for the whole */
	};
	struct offload o;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2 * (sizeof(cases) / sizeof(cases[0])); i++) {
		begin(&o, 64, TX_ALL, cases[i / 2].rx);
		o.shape.version = i % 2 != 0 ? 6 : 4;
		o.shape.nb_tags = i % 2;
		give_buffers(&o, 40);
		post(&o);
		assert_int_equal(bed_pass(o.bed), 1);
		expect_all_segments(&o, cases[i / 2].flags);
		assert_int_equal(sent(&o), 1);
		end(&o);
	}
}

/* A checksum alone: passed on, or completed. */
static void
test_checksum_only(void **state)
{
	struct vnet_hdr hdr;
	struct offload o;
	unsigned int i;
	uint32_t id, len;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin(&o, 64, TX_ALL, i == 0 ? 0 : F(GUEST_CSUM));
		o.shape.payload = 1300;
		give_buffers(&o, 1);
		post(&o);
		o.from[1] = 0; /* no gso_type, so the IP header is finished */
		tcp_put(o.from + BED_HDR + 24, ~tcp_sum(0, o.from + BED_HDR + 14, 20) & 0xffff, 2);
		tcp_put(o.from + BED_HDR + 50,
				tcp_sum(6 + 20 + o.shape.payload, o.from + BED_HDR + 26, 8), 2);
		assert_int_equal(bed_pass(o.bed), 1);
		if (i == 0) {
			assert_int_equal(expect_segment(&o, 0, 0), 1300);
		} else {
			assert_true(vring_take_used(&o.b->rx.vr, &id, &len));
			vnet_hdr_load(vring_buf(&o.b->rx.vr, id), &hdr);
			assert_int_equal(hdr.flags, 1);
			assert_int_equal(hdr.csum_start, 34);
			assert_int_equal(hdr.csum_offset, 16);
			assert_memory_equal(vring_buf(&o.b->rx.vr, id) + BED_HDR, o.from + BED_HDR,
					len - BED_HDR);
		}
		end(&o);
	}
}

/* Few buffers at a time: each segment once, in order; the chain comes back at the end only. */
static void
test_room_for_some(void **state)
{
	struct offload o;
	uint32_t off = 0;
	unsigned int n = 0;
	uint16_t avail, used;

	(void)state;
	begin(&o, 64, TX_ALL, F(GUEST_CSUM));
	post(&o);
	while (off < o.shape.payload) {
		assert_int_equal(sent(&o), 0);
		vnet_queue_indices_locked(o.a->tx.q, &avail, &used);
		assert_true(avail == 0 && used == 0);
		assert_int_equal(bed_pass(o.bed), 0);
		expect_nothing(&o);
		give_buffers(&o, ++n % 3);
		(void)bed_pass(o.bed);
		while (le16toh(o.b->rx.vr.used->idx) != o.b->rx.vr.used_idx)
			off += expect_segment(&o, off, 2);
	}
	assert_int_equal(sent(&o), 1);
	/* the next frame begins at its first segment */
	give_buffers(&o, 8);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_all_segments(&o, 2);
	end(&o);
}

/* Stopped between two segments: not advanced, and all of it is sent again. */
static void
test_suspend_in_the_middle(void **state)
{
	struct offload o;
	uint16_t avail, used;
	uint32_t off;

	(void)state;
	begin(&o, 64, TX_ALL, F(GUEST_CSUM));
	give_buffers(&o, 3);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 0);
	for (off = 0; off < 3 * 1400;)
		off += expect_segment(&o, off, 2);
	vnet_queue_suspend_locked(o.a->tx.q);
	vnet_queue_indices_locked(o.a->tx.q, &avail, &used);
	assert_true(avail == 0 && used == 0);
	give_buffers(&o, 20);
	assert_int_equal(vnet_queue_start_locked(o.a->tx.q), 0);
	bed_ring(o.a);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_all_segments(&o, 2);
	end(&o);
}

/* More segments than one call sends. */
static void
test_many_segments(void **state)
{
	struct offload o;

	(void)state;
	begin(&o, 512, TX_ALL, 0);
	o.gso_size = 8;
	o.shape.payload = 8 * 300 - 3;
	give_buffers(&o, 310);
	post(&o);
	while (bed_pass(o.bed) != 0)
		;
	expect_all_segments(&o, 0);
	assert_int_equal(sent(&o), 1);
	end(&o);
}

/* What is sent changes while it is: whatever comes out, it is checked anew and nothing breaks. */
static void
test_guest_changes_its_mind(void **state)
{
	struct offload o;
	uint32_t id, len;

	(void)state;
	begin(&o, 64, TX_ALL, 0);
	give_buffers(&o, 5);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 0);
	o.from[1] = 0; /* a frame with one segment, of which five are gone */
	o.from[0] = 0;
	give_buffers(&o, 10);
	assert_int_equal(bed_pass(o.bed), 1);
	for (id = 0; id < 5; id++)
		assert_true(vring_take_used(&o.b->rx.vr, &(uint32_t){ 0 }, &len));
	expect_nothing(&o);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_all_segments(&o, 0);
	end(&o);
}

/* Merging, but the whole does not fit in what is there: wait for more, or take segments. */
static void
test_merge_waits_for_half_a_ring(void **state)
{
	struct offload o;

	(void)state;
	begin(&o, 16, TX_ALL, RX_ALL);
	o.shape.payload = 20000; /* ten buffers, or fifteen segments */
	post(&o);
	give_buffers(&o, 7);
	assert_int_equal(bed_pass(o.bed), 0);
	expect_nothing(&o);
	give_buffers(&o, 1);
	assert_int_equal(bed_pass(o.bed), 0);
	give_buffers(&o, 8);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_all_segments(&o, 2);
	end(&o);
	/* all there at once: the whole */
	begin(&o, 16, TX_ALL, RX_ALL);
	o.shape.payload = 20000;
	give_buffers(&o, 7);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 0);
	give_buffers(&o, 9);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_whole(&o, 10);
	end(&o);
}

static void
test_not_negotiated(void **state)
{
	struct offload o;

	(void)state;
	begin(&o, 64, TX_ALL & ~F(HOST_TSO4), RX_ALL);
	give_buffers(&o, 40);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 0);
	assert_int_equal(o.a->tx.error, VNET_ERR_BAD_DESC);
	assert_non_null(strstr(o.bed->last_error, "gso_type"));
	expect_nothing(&o);
	end(&o);
}

static void
test_mtu_of_the_sender(void **state)
{
	struct vnet_port_stats stats;
	struct vnet_queue_stats qstats;
	struct offload o;

	(void)state;
	begin(&o, 64, TX_ALL, F(GUEST_CSUM));
	assert_int_equal(vnet_port_mtu_locked(o.a->port), VNET_MTU_DEFAULT);
	assert_int_equal(vnet_port_mtu_set_locked(o.a->port, VNET_MTU_MIN - 1), -EINVAL);
	assert_int_equal(vnet_port_mtu_set_locked(o.a->port, VNET_MTU_MAX + 1), -EINVAL);
	assert_int_equal(vnet_port_mtu_locked(o.a->port), VNET_MTU_DEFAULT);
	give_buffers(&o, 40);
	/* judged by the segment, tags not counted */
	o.shape.nb_tags = 2;
	assert_int_equal(vnet_port_mtu_set_locked(o.a->port, 1440), 0);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_all_segments(&o, 2);
	/* one byte less is too little; the chain comes back, nothing is sent */
	assert_int_equal(vnet_port_mtu_set_locked(o.a->port, 1439), 0);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_nothing(&o);
	assert_int_equal(sent(&o), 2);
	vnet_port_stats_locked(o.a->port, &stats);
	assert_int_equal(stats.tx_oversize, 1);
	vnet_queue_stats_locked(o.a->tx.q, &qstats);
	assert_int_equal(qstats.dropped_frames, 1);
	/* a short last segment only */
	o.shape.payload = 1399;
	post(&o);
	assert_int_equal(bed_pass(o.bed), 1);
	assert_int_equal(expect_segment(&o, 0, 2), 1399);
	end(&o);
}

static void
test_mtu_of_the_receiver(void **state)
{
	struct vnet_port_stats stats;
	struct offload o;

	(void)state;
	begin(&o, 64, TX_ALL, RX_ALL);
	give_buffers(&o, 40);
	assert_int_equal(vnet_port_mtu_set_locked(o.b->port, 1439), 0);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 1); /* nobody waits for it */
	expect_nothing(&o);
	vnet_port_stats_locked(o.b->port, &stats);
	assert_int_equal(stats.rx_oversize, 1);
	assert_int_equal(vnet_port_mtu_set_locked(o.b->port, 1440), 0);
	post(&o);
	assert_int_equal(bed_pass(o.bed), 1);
	expect_whole(&o, 5);
	end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_between_guests_it_stays_whole),
		cmocka_unit_test(test_one_long_buffer),
		cmocka_unit_test(test_others_get_segments),
		cmocka_unit_test(test_checksum_only),
		cmocka_unit_test(test_room_for_some),
		cmocka_unit_test(test_suspend_in_the_middle),
		cmocka_unit_test(test_many_segments),
		cmocka_unit_test(test_guest_changes_its_mind),
		cmocka_unit_test(test_merge_waits_for_half_a_ring),
		cmocka_unit_test(test_not_negotiated),
		cmocka_unit_test(test_mtu_of_the_sender),
		cmocka_unit_test(test_mtu_of_the_receiver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
