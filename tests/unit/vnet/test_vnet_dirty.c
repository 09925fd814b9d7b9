/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the log of written pages, bit by bit. All of guest memory is remembered
 * before a pass and compared with what is there after it: every page that differs must have its
 * bit, and every page with a bit must be one that the card may have written: buffers that were
 * filled, and the rings. The transmit buffers may not.
 */
#include "dirty_log.h"

#include "prm_cmd.h"

static void
log_all(struct bed *bed)
{
	unsigned int i;

	log_new(bed);
	for (i = 0; i < BED_PORTS; i++) {
		log_queue(bed->ports[i].rx.q);
		log_queue(bed->ports[i].tx.q);
	}
}

/* Compares a ring's memory with @before, and its bits with the differences. */
static void
check_ring(const struct vring *vr, const uint8_t *before)
{
	uint64_t page = 1ull << log_shift, addr;

	for (addr = vr->gpa & ~(page - 1); addr < vr->gpa + vr->total; addr += page) {
		uint64_t end = addr + page < vr->gpa + vr->total ? addr + page :
								   vr->gpa + vr->total;
		bool changed = memcmp(before + (addr - vr->gpa), vr->mem + (addr - vr->gpa),
					       end - addr) != 0;

		if (changed)
			assert_true(bit(addr));
	}
}

static unsigned int
count_bits(uint64_t from, uint64_t to)
{
	unsigned int nb = 0;

	for (from &= ~((1ull << log_shift) - 1); from < to; from += 1ull << log_shift)
		nb += bit(from);
	return nb;
}

static uint8_t *
copy_of(const struct vring *vr)
{
	uint8_t *copy = malloc(vr->total);

	assert_non_null(copy);
	memcpy(copy, vr->mem, vr->total);
	return copy;
}

static void
run_pages(struct bed *bed)
{
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	struct vring *rx = &b->rx.vr, *tx = &a->tx.vr;
	uint8_t *rx_before, *tx_before;
	uint32_t i;

	log_all(bed);
	for (i = 0; i < 11; i++) {
		memset(vring_buf(rx, rx->avail_idx % 16), 0xa5, rx->buf_size);
		vring_offer_rx(rx);
		assert_true(bed_post(a, i));
	}
	rx_before = copy_of(rx);
	tx_before = copy_of(tx);
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 11);
	check_ring(rx, rx_before);
	check_ring(tx, tx_before);
	/* each buffer's first page, and nothing behind the 72 bytes; no transmit buffer */
	for (i = 0; i < 16; i++) {
		uint32_t slot = ((rx->start & 0x7fff) + i) % 16;
		uint64_t buf = vring_buf_gpa(rx, slot);

		assert_int_equal(count_bits(buf, buf + 72),
				i < 11 ? ((buf + 71) >> log_shift) - (buf >> log_shift) + 1 : 0);
		assert_int_equal(count_bits(buf + 512, buf + 2048 - 256), 0);
		buf = vring_buf_gpa(tx, slot);
		assert_int_equal(count_bits(buf + 256, buf + 2048 - 256), 0);
	}
	/* nothing at all elsewhere: port 1 sent nothing, port 0 received nothing */
	assert_int_equal(count_bits(b->tx.vr.gpa, b->tx.vr.gpa + b->tx.vr.total), 0);
	assert_int_equal(count_bits(a->rx.vr.gpa, a->rx.vr.gpa + a->rx.vr.total), 0);
	free(rx_before);
	free(tx_before);
	/* off again */
	memset(bitmap, 0, sizeof(bitmap));
	vnet_queue_dirty_set_locked(b->rx.q, &(struct vnet_dirty){ .enabled = false });
	vnet_queue_dirty_set_locked(a->tx.q, &(struct vnet_dirty){ .enabled = false });
	vring_offer_rx(rx);
	assert_true(bed_post(a, 11));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	assert_int_equal(count_bits(rx->gpa, rx->gpa + rx->total), 0);
	bed_destroy(bed);
}

static void
test_split(void **state)
{
	(void)state;
	run_pages(bed_create(wire_switch_create, 16, 0));
	run_pages(bed_create(wire_switch_create, 16, 65530)); /* over the end of the used ring */
}

static void
test_packed(void **state)
{
	(void)state;
	run_pages(bed_create_packed(16, 0x8000));
}

/* A packed ring's publication over its end notes both ends of the ring. */
static void
test_packed_wrap(void **state)
{
	struct bed *bed = bed_create_packed(64, 0x8000 | 62);
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint32_t i;

	(void)state;
	log_all(bed);
	for (i = 0; i < 4; i++) {
		vring_offer_rx(&b->rx.vr);
		assert_true(bed_post(a, i));
	}
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 4);
	assert_true(bit(b->rx.vr.gpa) && bit(b->rx.vr.gpa + 62 * 16));
	assert_false(bit(b->rx.vr.gpa + 256) || bit(b->rx.vr.gpa + 512));
	assert_true(bit(a->tx.vr.gpa) && bit(a->tx.vr.gpa + 62 * 16));
	bed_destroy(bed);
}

/* Kept over reconfiguration; pages beyond the bitmap are not noted and nothing else happens. */
static void
test_range_and_reconfigure(void **state)
{
	struct bed *bed = bed_create(wire_switch_create, 16, 0);
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	struct vring *rx = &b->rx.vr;
	struct vnet_queue_attr attr;
	struct vnet_dirty dirty;

	(void)state;
	log_all(bed);
	vnet_queue_suspend_locked(b->rx.q);
	vring_attr(rx, &bed->mem, &attr);
	attr.ops = &bed_queue_ops;
	attr.arg = &b->rx;
	assert_int_equal(vnet_queue_reconfigure_locked(b->rx.q, &attr), 0);
	assert_int_equal(vnet_queue_start_locked(b->rx.q), 0);
	vring_offer_rx(rx);
	assert_true(bed_post(a, 0));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	assert_true(bit(rx->buf_gpa));
	/* a bitmap that ends in the byte of the used ring */
	memset(bitmap, 0, sizeof(bitmap));
	dirty = (struct vnet_dirty){
		.enabled = true,
		.mkey = LOG_KEY,
		.addr = LOG_ADDR,
		.size = (uint32_t)(rx->used_gpa >> (log_shift + 3)) + 1,
		.page_shift = log_shift,
	};
	vnet_queue_dirty_set_locked(b->rx.q, &dirty);
	vring_offer_rx(rx);
	assert_true(bed_post(a, 1));
	bed_ring(a);
	assert_int_equal(bed_pass(bed), 1);
	assert_true(bit(rx->used_gpa));
	assert_int_equal(count_bits(((rx->used_gpa >> (log_shift + 3)) + 1) << (log_shift + 3),
					 rx->gpa + rx->total),
			0);
	assert_int_equal(b->rx.nb_errors, 0);
	bed_destroy(bed);
}

static void
run_unreachable(struct bed *bed)
{
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	uint32_t id, len;

	log_all(bed);
	bed->mem.ranges[bed->mem.nb - 1].read_only = true;
	vring_offer_rx(&b->rx.vr);
	assert_true(bed_post(a, 0));
	bed_ring(a);
	(void)bed_pass(bed);
	/* the receiver fails before its guest sees anything; so does the sender, at its used ring */
	assert_int_equal(b->rx.error, VNET_ERR_DIRTY_LOG);
	assert_int_equal(b->rx.nb_errors, 1);
	assert_false(vring_take_used(&b->rx.vr, &id, &len));
	assert_int_equal(a->tx.error, VNET_ERR_DIRTY_LOG);
	assert_int_equal(a->tx.nb_errors, 1);
	assert_non_null(strstr(bed->last_error, "dirty log not accessible"));
	bed_destroy(bed);
}

static void
test_unreachable(void **state)
{
	(void)state;
	run_unreachable(bed_create(wire_switch_create, 16, 0));
	run_unreachable(bed_create_packed(16, 0x8000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_packed_wrap),
		cmocka_unit_test(test_range_and_reconfigure),
		cmocka_unit_test(test_unreachable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
