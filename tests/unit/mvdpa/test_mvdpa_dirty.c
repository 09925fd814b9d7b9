/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mvdpa_dirty.c alone. Firmware and keys are stand-ins that count what lives and
 * note what a queue object was told; which commands firmware refuses is up to each test. The log
 * is a real file, so that the marks can be read as a front-end does.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard_log.h"
#include "mvdpa_dirty.h"

#define PLACE PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS
#define SWITCH PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE
#define LOG_SIZE 4096u
#define MEMORY (64u << 12)

static struct {
	int nb_mrs, nb_mkeys; /* that live */
	int fail_mr, fail_mkey; /* -errno */
	uint32_t next_key;
	unsigned int commands;
	uint64_t refused[4]; /* selects that the firmware does not take, until 0 */
	struct devx_virtq_log hw; /* of the object */
} rig;

static struct mvdpa_dirty dirty;
static struct mvdpa_mem_plan plan;
static struct mvdpa_mem_region region;
static struct mvdpa_dirty_queue queue;
static struct devx_obj *const virtq = (struct devx_obj *)&rig;

/* --- stand-ins ------------------------------------------------------------------------------- */

struct devx_mr {
	int unused;
};

struct mkey {
	uint32_t key;
};

static struct devx_mr one_mr;

int
devx_mr_create(struct devx_dev *dev, const struct devx_mr_attr *attr, struct devx_mr **mr)
{
	if (rig.fail_mr != 0)
		return rig.fail_mr;
	assert_int_equal(attr->iova, (uintptr_t)attr->addr);
	rig.nb_mrs++;
	*mr = &one_mr;
	return 0;
}

void
devx_mr_destroy(struct devx_mr *mr)
{
	rig.nb_mrs -= mr != NULL;
}

uint32_t
devx_mr_key(const struct devx_mr *mr)
{
	return 1;
}

int
devx_mkey_create(struct devx_dev *dev, const struct devx_mkey_attr *attr, struct devx_obj **mkey)
{
	struct mkey *m;

	if (rig.fail_mkey != 0)
		return rig.fail_mkey;
	assert_int_equal(attr->nb_klms, 1);
	assert_int_equal(attr->klms[0].byte_count, attr->len);
	m = malloc(sizeof(*m));
	assert_non_null(m);
	m->key = rig.next_key += 0x100;
	rig.nb_mkeys++;
	*mkey = (struct devx_obj *)m;
	return 0;
}

uint32_t
devx_mkey_key(const struct devx_obj *mkey)
{
	return ((const struct mkey *)mkey)->key;
}

void
devx_obj_destroy(struct devx_obj *obj)
{
	if (obj == NULL)
		return;
	rig.nb_mkeys--;
	free(obj);
}

int
devx_virtq_modify(struct devx_obj *obj, const struct devx_virtq_attr *attr, uint64_t select)
{
	size_t i;

	assert_ptr_equal(obj, virtq);
	assert_int_equal(attr->index, 3);
	assert_int_equal(select & ~(uint64_t)(PLACE | SWITCH), 0);
	assert_int_not_equal(select, 0);
	rig.commands++;
	for (i = 0; i < 4 && rig.refused[i] != 0; i++) {
		if (rig.refused[i] == select)
			return -EREMOTEIO;
	}
	if ((select & PLACE) != 0) {
		bool enabled = rig.hw.enabled;

		rig.hw = attr->log;
		rig.hw.enabled = enabled;
	}
	if ((select & SWITCH) != 0)
		rig.hw.enabled = attr->log.enabled;
	return 0;
}

void
rte_vhost_log_write(int vid, uint64_t addr, uint64_t len)
{
	check_expected(vid);
	check_expected(addr);
	check_expected(len);
}

/* --- helpers --------------------------------------------------------------------------------- */

static int
log_take(uint64_t size, uint64_t offset)
{
	struct guard_log log = {
		.fd = memfd_create("log", MFD_CLOEXEC),
		.size = size,
		.offset = offset,
	};

	assert_true(log.fd >= 0);
	assert_int_equal(ftruncate(log.fd, (off_t)(size + offset)), 0);
	assert_int_equal(mvdpa_dirty_take(&dirty, &log), 0);
	return log.fd;
}

static unsigned int
log_count(int fd, off_t offset)
{
	uint8_t bits[LOG_SIZE];
	unsigned int i, nb = 0;
	ssize_t got = pread(fd, bits, sizeof(bits), offset);

	assert_true(got > 0);
	for (i = 0; i < (unsigned int)got; i++)
		nb += (unsigned int)__builtin_popcount(bits[i]);
	return nb;
}

static bool
named(void *arg, uint32_t mkey)
{
	return rig.hw.mkey == mkey;
}

static void
apply(int want, unsigned int commands)
{
	rig.commands = 0;
	assert_int_equal(mvdpa_dirty_apply(&dirty, &queue, virtq, 3), want);
	assert_int_equal(rig.commands, commands);
	assert_memory_equal(&queue.hw.mkey, &rig.hw.mkey, sizeof(rig.hw.mkey));
	assert_int_equal(queue.hw.enabled, rig.hw.enabled);
}

static int
setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	memset(&queue, 0, sizeof(queue));
	region = (struct mvdpa_mem_region){ .gpa = 0, .size = MEMORY };
	plan = (struct mvdpa_mem_plan){ .nb_regions = 1, .regions = &region };
	mvdpa_dirty_init(&dirty, "test", NULL, NULL, &plan);
	return 0;
}

static int
teardown(void **state)
{
	mvdpa_dirty_release(&dirty);
	assert_int_equal(rig.nb_mrs, 0);
	assert_int_equal(rig.nb_mkeys, 0);
	return 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

static void
test_bits(void **state)
{
	uint8_t bits[4], want[4];
	unsigned int from, to, page;

	for (from = 0; from < 32; from++) {
		for (to = from + 1; to <= 40; to++) { /* the last ones are behind the log */
			memset(bits, 0, sizeof(bits));
			memset(want, 0, sizeof(want));
			for (page = from; page < to && page < 32; page++)
				want[page / 8] |= (uint8_t)(1u << page % 8);
			mvdpa_dirty_set_bits(bits, 4, from * 4096ull + 4095,
					(to - from - 1) * 4096ull + 1);
			assert_memory_equal(bits, want, 4);
		}
	}
	memset(bits, 0, sizeof(bits));
	mvdpa_dirty_set_bits(bits, 4, 0, 0);
	mvdpa_dirty_set_bits(bits, 4, 1ull << 40, 1ull << 30);
	assert_memory_equal(bits, "\0\0\0\0", 4);
}

/* N8: on, off, on, with and without a new log; keys do not pile up, and the log stays mapped. */
static void
test_on_off_on(void **state)
{
	int fd = log_take(LOG_SIZE, 0), i;

	assert_int_equal(rig.nb_mrs, 0); /* nobody wants it yet */
	for (i = 0; i < 3; i++) {
		mvdpa_dirty_want(&dirty, true);
		apply(0, 1);
		assert_true(rig.hw.enabled);
		apply(0, 0);
		mvdpa_dirty_trim(&dirty, named, NULL);
		assert_int_equal(rig.nb_mkeys, 1);
		mvdpa_dirty_want(&dirty, false);
		apply(0, 1);
		assert_false(rig.hw.enabled);
		assert_int_equal(rig.hw.mkey, 0);
		mvdpa_dirty_trim(&dirty, named, NULL);
		assert_int_equal(rig.nb_mkeys, 0);
		assert_int_equal(rig.nb_mrs, 0);
		mvdpa_dirty_mark(&dirty, 0, 4096);
		assert_int_equal(log_count(fd, 0), 0);
	}
	close(fd);
}

/* N9: another, larger log while logging: the queue goes there, the old key goes when nobody names
 * it, and marks are made in the new one only. */
static void
test_another_log(void **state)
{
	int first = log_take(64, 0), second;

	mvdpa_dirty_want(&dirty, true);
	apply(0, 1);
	second = log_take(LOG_SIZE, 0);
	assert_int_equal(rig.nb_mkeys, 2);
	mvdpa_dirty_trim(&dirty, named, NULL);
	assert_int_equal(rig.nb_mkeys, 2); /* still named */
	apply(0, 1);
	assert_int_equal(rig.hw.mkey, 0x200);
	assert_int_equal(rig.hw.size, LOG_SIZE);
	mvdpa_dirty_trim(&dirty, named, NULL);
	assert_int_equal(rig.nb_mkeys, 1);
	mvdpa_dirty_mark(&dirty, 4096, 8192);
	assert_int_equal(log_count(first, 0), 0);
	assert_int_equal(log_count(second, 0), 2);
	close(first);
	close(second);
}

/* N18: an offset counts once. */
static void
test_offset(void **state)
{
	int fd = log_take(4096, 8192);

	mvdpa_dirty_want(&dirty, true);
	mvdpa_dirty_mark(&dirty, 0, 4096 * 9);
	assert_int_equal(log_count(fd, 0), 0);
	assert_int_equal(log_count(fd, 4096), 0);
	assert_int_equal(log_count(fd, 8192), 9);
	close(fd);
}

static void
test_two_steps(void **state)
{
	int fd = log_take(LOG_SIZE, 0);

	rig.refused[0] = PLACE | SWITCH;
	mvdpa_dirty_want(&dirty, true);
	apply(0, 3);
	assert_true(rig.hw.enabled);
	mvdpa_dirty_want(&dirty, false);
	apply(0, 2); /* remembered */
	mvdpa_dirty_want(&dirty, true);
	apply(0, 2);
	close(fd);
}

/* Firmware that keeps a bitmap's place: off is off, the key stays until the object goes. */
static void
test_no_clear(void **state)
{
	int fd = log_take(LOG_SIZE, 0);

	mvdpa_dirty_want(&dirty, true);
	apply(0, 1);
	rig.refused[0] = PLACE | SWITCH;
	rig.refused[1] = PLACE;
	mvdpa_dirty_want(&dirty, false);
	apply(0, 4); /* both, switch, place; switch again: it is off already */
	assert_false(rig.hw.enabled);
	mvdpa_dirty_trim(&dirty, named, NULL);
	assert_int_equal(rig.nb_mkeys, 1);
	mvdpa_dirty_want(&dirty, true);
	apply(0, 1);
	mvdpa_dirty_want(&dirty, false);
	apply(0, 1);
	mvdpa_dirty_gone(&queue);
	rig.hw.mkey = 0;
	mvdpa_dirty_trim(&dirty, named, NULL);
	assert_int_equal(rig.nb_mkeys, 0);
	close(fd);
}

static struct mvdpa_ring
ring_of(enum prm_virtq_type type)
{
	return (struct mvdpa_ring){ .type = type,
		.size = 512,
		.desc = 0x10000,
		.avail = 0x14000,
		.used = 0x15ffe };
}

static void
test_rings_at_a_stop(void **state)
{
	struct mvdpa_ring split = ring_of(PRM_VIRTQ_SPLIT), packed = ring_of(PRM_VIRTQ_PACKED);
	uint8_t bits[4] = { 0 };
	int fd = log_take(LOG_SIZE, 0);

	mvdpa_dirty_stopped(&dirty, &queue, &split); /* not while nobody wants it */
	assert_int_equal(log_count(fd, 0), 0);
	mvdpa_dirty_want(&dirty, true);
	mvdpa_dirty_stopped(&dirty, &queue, &split);
	assert_int_equal(pread(fd, bits, 4, 0), 4);
	assert_memory_equal(bits, "\0\0\xe0\0", 4); /* 0x15000, 0x16000 and 0x17000: 4100 bytes */
	assert_int_equal(pwrite(fd, "\0\0\0", 3, 0), 3);
	mvdpa_dirty_stopped(&dirty, &queue, &packed);
	assert_int_equal(pread(fd, bits, 4, 0), 4);
	assert_memory_equal(bits, "\0\0\x63\0", 4); /* descriptors, and 4 bytes that cross a page */
	mvdpa_dirty_settle(&dirty); /* no debt */
	assert_int_equal(log_count(fd, 0), 4);
	close(fd);
}

/* A queue that ran without a log is made up for when it stops, and when a log comes. */
static void
test_debt(void **state)
{
	struct mvdpa_ring ring = ring_of(PRM_VIRTQ_SPLIT);
	int fd;

	mvdpa_dirty_want(&dirty, true); /* before the log, as QEMU at a start */
	apply(0, 0);
	assert_true(queue.unlogged);
	fd = log_take(LOG_SIZE, 0);
	apply(0, 1);
	mvdpa_dirty_settle(&dirty);
	assert_int_equal(log_count(fd, 0), MEMORY / 4096);
	assert_int_equal(dirty.debts, 1);
	mvdpa_dirty_stopped(&dirty, &queue, &ring);
	mvdpa_dirty_settle(&dirty);
	assert_int_equal(dirty.debts, 1);
	close(fd);
}

static void
test_refused(void **state)
{
	struct mvdpa_ring ring = ring_of(PRM_VIRTQ_SPLIT);
	struct devx_virtq_log want;
	int fd = log_take(LOG_SIZE, 0);

	rig.refused[0] = PLACE | SWITCH;
	rig.refused[1] = PLACE;
	mvdpa_dirty_want(&dirty, true);
	apply(-EREMOTEIO, 2);
	mvdpa_dirty_wanted(&dirty, &want); /* not tried again at each start */
	assert_false(want.enabled);
	mvdpa_dirty_stopped(&dirty, &queue, &ring);
	mvdpa_dirty_settle(&dirty);
	assert_int_equal(log_count(fd, 0), MEMORY / 4096);
	mvdpa_dirty_want(&dirty, false);
	mvdpa_dirty_want(&dirty, true); /* the next migration */
	mvdpa_dirty_wanted(&dirty, &want);
	assert_true(want.enabled);
	close(fd);
}

/* Without a key, or with too few bits, the card is not told of the log, but everything is marked. */
static void
test_log_that_does_not_do(void **state)
{
	struct devx_virtq_log want;
	int fd;

	rig.fail_mkey = -ENOMEM;
	mvdpa_dirty_want(&dirty, true);
	fd = log_take(LOG_SIZE, 0);
	assert_int_equal(rig.nb_mrs, 0);
	mvdpa_dirty_wanted(&dirty, &want);
	assert_false(want.enabled);
	close(fd);
	rig.fail_mkey = 0;
	fd = log_take(LOG_SIZE, 0);
	mvdpa_dirty_wanted(&dirty, &want);
	assert_true(want.enabled);
	region.gpa = (uint64_t)LOG_SIZE * 8 * 4096 - MEMORY;
	mvdpa_dirty_wanted(&dirty, &want);
	assert_true(want.enabled);
	region.gpa += 4096;
	mvdpa_dirty_wanted(&dirty, &want);
	assert_false(want.enabled);
	apply(0, 0);
	mvdpa_dirty_stopped(&dirty, &queue, &(struct mvdpa_ring){ .used = region.gpa });
	mvdpa_dirty_settle(&dirty);
	assert_int_equal(log_count(fd, 0), MEMORY / 4096 - 1);
	close(fd);
}

/* The mapping of vhost: marks are left to it, and another one is noticed. */
static void
test_adopted(void **state)
{
	static uint8_t bits[64], other[64];

	assert_false(mvdpa_dirty_is_stale(&dirty, NULL, 0));
	assert_true(mvdpa_dirty_is_stale(&dirty, bits, 64));
	assert_int_equal(mvdpa_dirty_adopt(&dirty, 5, bits, 64), 0);
	assert_false(mvdpa_dirty_is_stale(&dirty, bits, 64));
	assert_true(mvdpa_dirty_is_stale(&dirty, other, 64));
	mvdpa_dirty_want(&dirty, true);
	expect_value(rte_vhost_log_write, vid, 5);
	expect_value(rte_vhost_log_write, addr, 0x1234);
	expect_value(rte_vhost_log_write, len, 10);
	mvdpa_dirty_mark(&dirty, 0x1234, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bits),
		TEST(test_on_off_on),
		TEST(test_another_log),
		TEST(test_offset),
		TEST(test_two_steps),
		TEST(test_no_clear),
		TEST(test_rings_at_a_stop),
		TEST(test_debt),
		TEST(test_refused),
		TEST(test_log_that_does_not_do),
		TEST(test_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
