/* SPDX-License-Identifier: BSD-3-Clause */
/* Translation of addresses through memory keys: edges, holes, verdicts. */
#include <errno.h>
#include <sys/mman.h>

#include "fw_rig.h"

#define GIB (1ull << 30)
#define TIB (1ull << 40)

static int64_t
map(struct rig *rig, uint32_t mkey, uint64_t addr, uint64_t len, enum vnet_access access,
		void **ptr)
{
	struct fw_mem_user user = { .func = rig->uctx->func, .uctx = rig->uctx, .pd = rig->pd };

	return fw_mem_map(&user, mkey, addr, len, access, ptr);
}

static void
test_direct(void **state)
{
	struct rig *rig = *state;
	uint64_t end = RIG_GPA + RIG_GUEST_SIZE;
	void *p;

	assert_int_equal(RIG_GUEST_SIZE, map(rig, rig->mr, RIG_GPA, RIG_GUEST_SIZE, VNET_READ, &p));
	assert_ptr_equal(p, rig->guest);
	assert_int_equal(1, map(rig, rig->mr, end - 1, 1, VNET_WRITE, &p));
	assert_ptr_equal(p, rig->guest + RIG_GUEST_SIZE - 1);
	/* Edges: one byte too early, one too late, one too long, around the end of all. */
	assert_int_equal(-EFAULT, map(rig, rig->mr, RIG_GPA - 1, 1, VNET_READ, &p));
	assert_int_equal(-EFAULT, map(rig, rig->mr, end, 1, VNET_READ, &p));
	assert_int_equal(-EFAULT, map(rig, rig->mr, RIG_GPA, RIG_GUEST_SIZE + 1, VNET_READ, &p));
	assert_int_equal(-EFAULT, map(rig, rig->mr, end - 1, 2, VNET_READ, &p));
	assert_int_equal(-EFAULT, map(rig, rig->mr, RIG_GPA, UINT64_MAX, VNET_READ, &p));
	assert_int_equal(-EFAULT, map(rig, rig->mr, UINT64_MAX, 2, VNET_READ, &p));
}

static void
test_verdicts(void **state)
{
	struct rig *rig = *state;
	struct fw_mem_user user = { .func = rig->uctx->func, .uctx = rig->uctx, .pd = rig->pd + 1 };
	struct fw_mr_attr attr = { .pages = { .addr = rig->guest, .len = RIG_PAGE },
		.pd = rig->pd };
	uint8_t in[RIG_MKEY_IN(1)];
	struct rig_klm klm = { RIG_PAGE, 0, 0 };
	uint32_t ro, key;
	void *p;

	assert_int_equal(-EINVAL, map(rig, 0, RIG_GPA, 1, VNET_READ, &p));
	assert_int_equal(-EINVAL, map(rig, rig->mr ^ 1, RIG_GPA, 1, VNET_READ, &p));
	assert_int_equal(-EINVAL, map(rig, FW_NULL_MKEY, RIG_GPA, 1, VNET_READ, &p));
	assert_int_equal(-EXDEV, fw_mem_map(&user, rig->mr, RIG_GPA, 1, VNET_READ, &p));
	user.pd = rig->pd;
	user.uctx = rig->other;
	assert_int_equal(-EINVAL, fw_mem_map(&user, rig->mr, RIG_GPA, 1, VNET_READ, &p));
	/* Read-only memory, direct and below a key that would allow it. */
	assert_int_equal(0, fw_mr_create(rig->uctx, &attr, &ro));
	assert_int_equal(1, map(rig, ro, 0, 1, VNET_READ, &p));
	assert_int_equal(-EACCES, map(rig, ro, 0, 1, VNET_WRITE, &p));
	klm.mkey = ro;
	key = rig_mkey(rig, 0, 0, &klm, 1);
	assert_int_equal(-EACCES, map(rig, key, 0, 1, VNET_WRITE, &p));
	/* Writable memory below a key that does not allow it. */
	klm.mkey = rig->mr;
	klm.address = RIG_GPA;
	rig_mkey_in(rig->pd, 0, 0, &klm, 1, in);
	PRM_SET(mkc, in + 16, lw, 0);
	key = rig_create(rig->uctx, FW_CLASS_MKEY, in, sizeof(in)) << 8;
	assert_int_equal(1, map(rig, key, 0, 1, VNET_READ, &p));
	assert_int_equal(-EACCES, map(rig, key, 0, 1, VNET_WRITE, &p));
	PRM_SET(mkc, in + 16, lr, 0);
	key = rig_create(rig->uctx, FW_CLASS_MKEY, in, sizeof(in)) << 8;
	assert_int_equal(-EACCES, map(rig, key, 0, 1, VNET_READ, &p));
}

static void
test_klm_edges(void **state)
{
	struct rig *rig = *state;
	/* Odd sizes, out of order below, a hole. */
	const struct rig_klm klms[4] = {
		{ 100, rig->mr, RIG_GPA + 5000 },
		{ 1, rig->mr, RIG_GPA },
		{ 10000, FW_NULL_MKEY, 0 },
		{ 3000, rig->mr, RIG_GPA + 100 },
	};
	uint64_t start = 0x7000;
	uint32_t key = rig_mkey(rig, start, 0, klms, 4);
	void *p;

	assert_int_equal(100, map(rig, key, start, 13101, VNET_READ, &p));
	assert_ptr_equal(p, rig->guest + 5000);
	assert_int_equal(1, map(rig, key, start + 99, 2, VNET_READ, &p));
	assert_ptr_equal(p, rig->guest + 5099);
	assert_int_equal(1, map(rig, key, start + 100, 2, VNET_READ, &p));
	assert_ptr_equal(p, rig->guest);
	assert_int_equal(3000, map(rig, key, start + 10101, 3000, VNET_WRITE, &p));
	assert_ptr_equal(p, rig->guest + 100);
	assert_int_equal(1, map(rig, key, start + 13100, 1, VNET_READ, &p));
	assert_ptr_equal(p, rig->guest + 3099);
	assert_int_equal(-EFAULT, map(rig, key, start + 13100, 2, VNET_READ, &p));
	assert_int_equal(-EFAULT, map(rig, key, start - 1, 1, VNET_READ, &p));
}

static void
test_holes(void **state)
{
	struct rig *rig = *state;
	const struct rig_klm klms[2] = {
		{ RIG_PAGE, rig->mr, RIG_GPA },
		{ 3 * RIG_PAGE, FW_NULL_MKEY, 0 },
	};
	uint32_t key = rig_mkey(rig, 0, 0, klms, 2);
	uint64_t addr = RIG_PAGE, left = 3 * RIG_PAGE;
	void *p;

	/* What is written vanishes; what is read is zero, to the last byte. */
	while (left > 0) {
		int64_t n = map(rig, key, addr, left, VNET_WRITE, &p);

		assert_true(n > 0 && (uint64_t)n <= left);
		memset(p, 0xff, (size_t)n);
		n = map(rig, key, addr, left, VNET_READ, &p);
		assert_true(n > 0 && (uint64_t)n <= left);
		for (int64_t i = 0; i < n; i++)
			assert_int_equal(((uint8_t *)p)[i], 0);
		addr += (uint64_t)n;
		left -= (uint64_t)n;
	}
	assert_int_equal(-EFAULT, map(rig, key, addr, 1, VNET_READ, &p));
}

/* An entry may lie outside of the key that it names: found out at access, and only there. */
static void
test_entry_out_of_its_key(void **state)
{
	struct rig *rig = *state;
	const struct rig_klm klms[2] = {
		{ 2 * RIG_PAGE, rig->mr, RIG_GPA + RIG_GUEST_SIZE - RIG_PAGE },
		{ RIG_PAGE, rig->mr, RIG_GPA - 1 },
	};
	uint32_t key = rig_mkey(rig, 0, 0, klms, 2);
	void *p;

	assert_int_equal(RIG_PAGE, map(rig, key, 0, RIG_PAGE, VNET_READ, &p));
	assert_int_equal(-EFAULT, map(rig, key, RIG_PAGE - 1, 2, VNET_READ, &p));
	assert_int_equal(-EFAULT, map(rig, key, RIG_PAGE, 1, VNET_READ, &p));
	assert_int_equal(-EFAULT, map(rig, key, 2 * RIG_PAGE, 1, VNET_READ, &p));
	assert_int_equal(1, map(rig, key, 2 * RIG_PAGE + 1, 1, VNET_READ, &p));
	assert_ptr_equal(p, rig->guest);
}

static void
test_fbs(void **state)
{
	struct rig *rig = *state;
	struct rig_klm klms[8];
	uint64_t start = RIG_GPA + 7; /* entries count from here, not from a multiple */
	uint32_t key, i;
	void *p;

	for (i = 0; i < 8; i++) {
		klms[i].len = RIG_PAGE;
		klms[i].mkey = i == 3 ? FW_NULL_MKEY : rig->mr;
		klms[i].address = RIG_GPA + (7 - i) * RIG_PAGE;
	}
	key = rig_mkey(rig, start, 12, klms, 8);
	for (i = 0; i < 8; i++) {
		if (i == 3)
			continue;
		assert_int_equal(RIG_PAGE - 1,
				map(rig, key, start + i * RIG_PAGE + 1, (8 - i) * RIG_PAGE - 1,
						VNET_WRITE, &p));
		assert_ptr_equal(p, rig->guest + (7 - i) * RIG_PAGE + 1);
	}
	assert_int_equal(1, map(rig, key, start + 4 * RIG_PAGE - 1, 2, VNET_READ, &p));
	assert_int_equal(*(uint8_t *)p, 0);
	assert_int_equal(-EFAULT, map(rig, key, start + 8 * RIG_PAGE, 1, VNET_READ, &p));
	assert_int_equal(-EFAULT, map(rig, key, RIG_GPA, 1, VNET_READ, &p));
}

/* The same map of addresses by KLM and by KLM_FBS must be the same, at every boundary. */
static void
test_klm_equals_fbs(void **state)
{
	struct rig *rig = *state;
	struct rig_klm klms[16];
	uint32_t klm, fbs, i;
	uint64_t addr;
	void *a, *b;

	for (i = 0; i < 16; i++) {
		klms[i].len = RIG_PAGE;
		klms[i].mkey = i % 5 == 2 ? FW_NULL_MKEY : rig->mr;
		klms[i].address = RIG_GPA + (i * 7 % 16) * RIG_PAGE;
	}
	klm = rig_mkey(rig, RIG_GPA, 0, klms, 16);
	fbs = rig_mkey(rig, RIG_GPA, 12, klms, 16);
	for (addr = RIG_GPA; addr < RIG_GPA + RIG_GUEST_SIZE; addr += 511) {
		assert_int_equal(map(rig, klm, addr, 1, VNET_READ, &a),
				map(rig, fbs, addr, 1, VNET_READ, &b));
		assert_ptr_equal(a, b);
	}
}

/* Guest memory at 1 TiB, one region of 5 GiB in entries of 2 GiB, a hole of 3 GiB, another one. */
static void
test_large_and_far(void **state)
{
	struct rig *rig = *state;
	uint64_t start = TIB - 4 * GIB, size = 5 * GIB;
	uint8_t *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint32_t low, high, klm, fbs, i;
	struct rig_klm klms[10];
	void *p;

	if (mem == MAP_FAILED)
		skip(); /* no such address space */
	low = rig_mr(rig, mem, size, start);
	high = rig_mr(rig, mem, GIB, start + 8 * GIB);
	klms[0] = (struct rig_klm){ 0x80000000, low, start };
	klms[1] = (struct rig_klm){ 0x80000000, low, start + 2 * GIB };
	klms[2] = (struct rig_klm){ 0x40000000, low, start + 4 * GIB };
	klms[3] = (struct rig_klm){ 0x80000000, FW_NULL_MKEY, start + 5 * GIB };
	klms[4] = (struct rig_klm){ 0x40000000, FW_NULL_MKEY, start + 7 * GIB };
	klms[5] = (struct rig_klm){ 0x40000000, high, start + 8 * GIB };
	klm = rig_mkey(rig, start, 0, klms, 6);
	for (i = 0; i < 9; i++) {
		klms[i].len = 0x40000000;
		klms[i].mkey = i < 5 ? low : i < 8 ? FW_NULL_MKEY : high;
		klms[i].address = start + i * GIB;
	}
	fbs = rig_mkey(rig, start, 30, klms, 9);
	for (i = 0; i < 5; i++) {
		assert_int_equal(8, map(rig, klm, start + i * GIB + 12345, 8, VNET_WRITE, &p));
		assert_ptr_equal(p, mem + i * GIB + 12345);
		assert_int_equal(8, map(rig, fbs, start + i * GIB + 12345, 8, VNET_WRITE, &p));
		assert_ptr_equal(p, mem + i * GIB + 12345);
	}
	/* The entry boundary at 2 GiB, and 1 TiB itself. */
	assert_int_equal(1, map(rig, klm, start + 2 * GIB - 1, 2, VNET_READ, &p));
	assert_ptr_equal(p, mem + 2 * GIB - 1);
	assert_int_equal(2, map(rig, klm, TIB, 2, VNET_READ, &p));
	assert_ptr_equal(p, mem + 4 * GIB);
	assert_int_equal(1, map(rig, klm, start + 5 * GIB, 1, VNET_READ, &p));
	assert_int_equal(*(uint8_t *)p, 0);
	assert_int_equal(GIB, map(rig, klm, start + 8 * GIB, GIB, VNET_READ, &p));
	assert_ptr_equal(p, mem);
	assert_int_equal(-EFAULT, map(rig, klm, start + 9 * GIB, 1, VNET_READ, &p));
	/* One piece of more than 4 GiB is one piece. */
	assert_int_equal(size, map(rig, low, start, size, VNET_READ, &p));
	munmap(mem, size);
}

static void
test_nested(void **state)
{
	struct rig *rig = *state;
	const struct rig_klm inner[2] = {
		{ RIG_PAGE, rig->mr, RIG_GPA },
		{ RIG_PAGE, rig->mr, RIG_GPA + 4 * RIG_PAGE },
	};
	struct rig_klm outer = { RIG_PAGE, rig_mkey(rig, 0, 0, inner, 2), RIG_PAGE / 2 };
	uint32_t key = rig_mkey(rig, 0x1234567, 0, &outer, 1);
	void *p;

	assert_int_equal(RIG_PAGE / 2, map(rig, key, 0x1234567, RIG_PAGE, VNET_READ, &p));
	assert_ptr_equal(p, rig->guest + RIG_PAGE / 2);
	assert_int_equal(RIG_PAGE / 2,
			map(rig, key, 0x1234567 + RIG_PAGE / 2, RIG_PAGE / 2, VNET_READ, &p));
	assert_ptr_equal(p, rig->guest + 4 * RIG_PAGE);
}

/* A window is what map() grants around an address, no more and no less. */
static void
check_window(struct rig *rig, uint32_t mkey, uint64_t addr, uint64_t first, uint64_t len)
{
	struct fw_mem_user user = { .func = rig->uctx->func, .uctx = rig->uctx, .pd = rig->pd };
	struct vnet_window win;
	void *p;

	assert_int_equal(0, fw_mem_window(&user, mkey, addr, VNET_WRITE, &win));
	assert_true(win.addr == first && win.len == len);
	assert_int_equal(len, map(rig, mkey, first, len, VNET_WRITE, &p));
	assert_ptr_equal(p, win.ptr);
}

static void
test_window(void **state)
{
	struct rig *rig = *state;
	struct fw_mem_user user = { .func = rig->uctx->func, .uctx = rig->uctx, .pd = rig->pd };
	const struct rig_klm inner[3] = {
		{ 100, rig->mr, RIG_GPA + 5000 },
		{ 10000, FW_NULL_MKEY, 0 },
		{ 3000, rig->mr, RIG_GPA + 100 },
	};
	struct rig_klm outer[2];
	struct vnet_window win;
	uint32_t low, key;

	check_window(rig, rig->mr, RIG_GPA, RIG_GPA, RIG_GUEST_SIZE);
	check_window(rig, rig->mr, RIG_GPA + RIG_GUEST_SIZE - 1, RIG_GPA, RIG_GUEST_SIZE);
	low = rig_mkey(rig, 0x7000, 0, inner, 3);
	check_window(rig, low, 0x7000, 0x7000, 100);
	check_window(rig, low, 0x7063, 0x7000, 100);
	check_window(rig, low, 0x7000 + 10100, 0x7000 + 10100, 3000);
	assert_int_equal(-EFAULT, fw_mem_window(&user, low, 0x7064, VNET_READ, &win)); /* hole */
	/* below another key that shows parts of it, from the middle of an entry on */
	outer[0] = (struct rig_klm){ 50, low, 0x7000 + 20 };
	outer[1] = (struct rig_klm){ 2000, low, 0x7000 + 10500 };
	key = rig_mkey(rig, 0x100, 0, outer, 2);
	check_window(rig, key, 0x100, 0x100, 50);
	check_window(rig, key, 0x131, 0x100, 50);
	check_window(rig, key, 0x132, 0x132, 2000);
	/* the verdicts of map() */
	assert_int_equal(-EFAULT, fw_mem_window(&user, key, 0xff, VNET_READ, &win));
	assert_int_equal(-EFAULT, fw_mem_window(&user, key, 0x132 + 2000, VNET_READ, &win));
	assert_int_equal(-EINVAL, fw_mem_window(&user, key ^ 1, 0x100, VNET_READ, &win));
	user.pd++;
	assert_int_equal(-EXDEV, fw_mem_window(&user, key, 0x100, VNET_READ, &win));
}

int
main(void)
{
#define WORLD(t) cmocka_unit_test_setup_teardown(t, rig_setup_world, rig_teardown)
	const struct CMUnitTest tests[] = {
		WORLD(test_direct),
		WORLD(test_verdicts),
		WORLD(test_klm_edges),
		WORLD(test_holes),
		WORLD(test_entry_out_of_its_key),
		WORLD(test_fbs),
		WORLD(test_klm_equals_fbs),
		WORLD(test_large_and_far),
		WORLD(test_nested),
		WORLD(test_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
