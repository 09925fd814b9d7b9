/* SPDX-License-Identifier: BSD-3-Clause */
/* Pinned memory stays what it was when its owner unmaps it; bad ranges are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mib.h"
#include "mib_pin.h"

static size_t page;

static uint8_t *
map(size_t len, int prot, int flags)
{
	uint8_t *p = mmap(NULL, len, prot, flags | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

static void
test_shared_survives(void **state)
{
	uint8_t *user = map(4 * page, PROT_READ | PROT_WRITE, MAP_SHARED), *here;
	struct mib_pin pin;

	memset(user, 0x5a, 4 * page);
	assert_int_equal(mib_pin((uintptr_t)user + 10, 2 * page, true, &pin), 0);
	here = pin.addr;
	assert_ptr_not_equal(here, user + 10);
	here[0] = 0x11; /* we write, the user sees it, and the other way round */
	assert_int_equal(user[10], 0x11);
	user[10 + 2 * page - 1] = 0x22;
	assert_int_equal(here[2 * page - 1], 0x22);
	munmap(user, 4 * page);
	assert_int_equal(here[0], 0x11);
	assert_int_equal(here[1], 0x5a);
	mib_unpin(&pin);
}

/* Several areas of one file, out of order: the alias has them as the user has them. */
static void
test_pieces(void **state)
{
	int fd = memfd_create("pieces", MFD_CLOEXEC);
	uint8_t *user = map(3 * page, PROT_NONE, MAP_PRIVATE), *here;
	struct mib_pin pin;
	int i;

	assert_int_equal(ftruncate(fd, (off_t)(3 * page)), 0);
	for (i = 0; i < 3; i++) {
		assert_true(mmap(user + (size_t)i * page, page, PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_FIXED, fd,
					    (off_t)((size_t)(2 - i) * page)) != MAP_FAILED);
		user[(size_t)i * page] = (uint8_t)(i + 1);
	}
	assert_int_equal(mib_pin((uintptr_t)user, 3 * page, true, &pin), 0);
	here = pin.addr;
	munmap(user, 3 * page);
	for (i = 0; i < 3; i++)
		assert_int_equal(here[(size_t)i * page], i + 1);
	mib_unpin(&pin);
	close(fd);
}

/* Is something mapped there? */
static bool
is_mapped(const void *p)
{
	unsigned char vec;

	return mincore((void *)(uintptr_t)p, page, &vec) == 0;
}

/* munmap() as the seam does it. */
static void
user_unmap(void *p, size_t len)
{
	if (mib_keeps((uintptr_t)p, len))
		assert_int_equal(mib_keep_unmap((uintptr_t)p, len), 0);
	else
		assert_int_equal(munmap(p, len), 0);
}

static void
test_private_is_kept(void **state)
{
	uint8_t *user = map(4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct mib_pin pin;

	memset(user, 0x5a, 4 * page);
	assert_false(mib_keeps((uintptr_t)user, 4 * page));
	assert_int_equal(mib_pin((uintptr_t)user + page + 5, page, true, &pin), 0);
	assert_ptr_equal(pin.addr, user + page + 5);
	assert_false(mib_keeps((uintptr_t)user, page));
	assert_true(mib_keeps((uintptr_t)user, page + 1));
	user_unmap(user, 4 * page);
	assert_false(is_mapped(user));
	assert_int_equal(user[page + 5], 0x5a); /* two pages of it are pinned */
	assert_int_equal(user[3 * page - 1], 0x5a);
	assert_false(is_mapped(user + 3 * page));
	mib_unpin(&pin);
	assert_false(is_mapped(user + page));
	assert_false(is_mapped(user + 2 * page));
	assert_false(mib_keeps((uintptr_t)user, 4 * page));
}

/* What the program still has is not taken from it. */
static void
test_private_unpinned_first(void **state)
{
	uint8_t *user = map(2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct mib_pin pin;

	assert_int_equal(mib_pin((uintptr_t)user, 2 * page, true, &pin), 0);
	user_unmap(user, page);
	mib_unpin(&pin);
	assert_false(is_mapped(user));
	user[page] = 1;
	user_unmap(user + page, page);
	assert_false(is_mapped(user + page));
}

/* Two pins of one page: it goes with the last, in either order, also when they are the same. */
static void
test_overlap(void **state)
{
	struct mib_pin a, b;
	unsigned int order;

	for (order = 0; order < 4; order++) {
		uint8_t *user = map(3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		size_t off = order < 2 ? page : 0;

		user[page] = 9;
		assert_int_equal(mib_pin((uintptr_t)user, 2 * page, true, &a), 0);
		assert_int_equal(mib_pin((uintptr_t)user + off, 2 * page, true, &b), 0);
		user_unmap(user, 3 * page);
		user_unmap(user, 3 * page); /* again: the program may be wrong */
		mib_unpin(order % 2 == 0 ? &a : &b);
		assert_int_equal(user[page], 9);
		assert_int_equal(is_mapped(user), order != 0);
		mib_unpin(order % 2 == 0 ? &b : &a);
		assert_false(is_mapped(user));
		assert_false(is_mapped(user + page));
		assert_false(is_mapped(user + 2 * page));
	}
}

/* Shared pages: a pin is a mapping, so each lives for itself; all memory goes with the last. */
static void
test_overlap_shared(void **state)
{
	uint8_t *user = map(2 * page, PROT_READ | PROT_WRITE, MAP_SHARED);
	struct mib_pin a, b;

	assert_int_equal(mib_pin((uintptr_t)user, 2 * page, true, &a), 0);
	assert_int_equal(mib_pin((uintptr_t)user + page, page, true, &b), 0);
	*((uint8_t *)a.addr + page) = 4;
	user_unmap(user, 2 * page);
	assert_false(is_mapped(user)); /* not kept: the address is the program's */
	mib_unpin(&a);
	assert_int_equal(*(uint8_t *)b.addr, 4);
	mib_unpin(&b);
	assert_false(is_mapped(b.addr));
}

/* Something else at an address that was unmapped: it is the program's and stays. */
static void
test_replaced(void **state)
{
	uint8_t *user = map(2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct mib_pin pin;

	assert_int_equal(mib_pin((uintptr_t)user, 2 * page, true, &pin), 0);
	user_unmap(user, 2 * page);
	mib_keep_replaced((uintptr_t)user, page);
	assert_ptr_equal(mmap(user, page, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			user);
	user[0] = 3;
	mib_unpin(&pin);
	assert_int_equal(user[0], 3);
	assert_false(is_mapped(user + page));
	user_unmap(user, page);
}

/* mremap() takes the contents along and leaves zeros to the card. */
static void
test_moved(void **state)
{
	uint8_t *user = map(2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE), *there;
	struct mib_pin pin;
	void *to;

	user[0] = 1;
	user[page] = 2;
	assert_int_equal(mib_pin((uintptr_t)user, page, true, &pin), 0);
	assert_int_equal(mib_keep_move((uintptr_t)user, 2 * page, &to), 0);
	there = to;
	assert_int_equal(there[0], 1);
	assert_int_equal(there[page], 2);
	assert_int_equal(*(uint8_t *)pin.addr, 0);
	assert_false(is_mapped(user + page));
	mib_unpin(&pin);
	assert_false(is_mapped(user));
	munmap(there, 2 * page);
}

/* A private mapping of a file: what was written there is in no file, only in those pages. */
static void
test_private_file(void **state)
{
	int fd = memfd_create("private", MFD_CLOEXEC);
	struct mib_pin pin;
	uint8_t *user;

	assert_int_equal(ftruncate(fd, (off_t)page), 0);
	user = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(user, MAP_FAILED);
	close(fd);
	user[7] = 7;
	assert_int_equal(mib_pin((uintptr_t)user + 7, 1, true, &pin), 0);
	user_unmap(user, page);
	assert_int_equal(*(uint8_t *)pin.addr, 7);
	mib_unpin(&pin);
	assert_false(is_mapped(user));
}

/* A child has its own memory, and none of ours: as with pages that the kernel has pinned. */
static void
test_fork(void **state)
{
	uint8_t *shared = map(page, PROT_READ | PROT_WRITE, MAP_SHARED);
	uint8_t *own = map(page, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct mib_pin a, b;
	int status;
	pid_t pid;

	assert_int_equal(mib_pin((uintptr_t)shared, page, true, &a), 0);
	assert_int_equal(mib_pin((uintptr_t)own, page, true, &b), 0);
	own[0] = 1;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		own[0] = 2;
		_exit(is_mapped(a.addr) || !is_mapped(shared) ? 1 : 0);
	}
	*((uint8_t *)b.addr + 1) = 5; /* the card goes on */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(own[0], 1);
	assert_int_equal(own[1], 5);
	mib_unpin(&a);
	mib_unpin(&b);
	munmap(shared, page);
	munmap(own, page);
}

/* --- huge pages ----------------------------------------------------------------------------- */

#define HUGE (2u << 20)
#define NR_HUGE "/proc/sys/vm/nr_hugepages"

/* Gets some huge pages of the kernel; the number before is given back. Fails without root. */
static int
huge_pages(int want)
{
	FILE *f = fopen(NR_HUGE, "r+");
	int had = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "%d", &had) == 1 && want >= 0) {
		rewind(f);
		fprintf(f, "%d\n", want > had ? want : had);
	}
	fclose(f);
	return had;
}

static void
huge_pages_back(int had)
{
	FILE *f = fopen(NR_HUGE, "r+");

	assert_non_null(f);
	fprintf(f, "%d\n", had);
	fclose(f);
}

static void
pin_huge(int flags, bool aliased)
{
	uint8_t *user = mmap(NULL, 2u * HUGE, PROT_READ | PROT_WRITE,
			flags | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	struct mib_pin pin;

	assert_ptr_not_equal(user, MAP_FAILED);
	user[HUGE - 1] = 1;
	user[HUGE + 1] = 2;
	assert_int_equal(mib_pin((uintptr_t)user + HUGE - 1, 3, true, &pin), 0);
	if (!aliased && pin.map != NULL)
		fail_msg("a private page cannot be mapped twice");
	user_unmap(user, 2u * HUGE);
	assert_int_equal(is_mapped(user), pin.map == NULL);
	assert_int_equal(((uint8_t *)pin.addr)[0], 1);
	assert_int_equal(((uint8_t *)pin.addr)[2], 2);
	((uint8_t *)pin.addr)[1] = 3;
	mib_unpin(&pin);
	assert_false(is_mapped(user));
}

static void
test_huge(void **state)
{
	int had = huge_pages(4), have = huge_pages(-1);

	if (had < 0 || have < 2) {
		print_message("no huge pages to be had here: not tried\n");
		if (had >= 0)
			huge_pages_back(had);
		return;
	}
	pin_huge(MAP_SHARED, true);
	pin_huge(MAP_PRIVATE, false);
	huge_pages_back(had);
}

static void
test_refused(void **state)
{
	uint8_t *user = map(4 * page, PROT_READ | PROT_WRITE, MAP_SHARED);
	struct mib_pin pin;

	assert_int_equal(mib_pin((uintptr_t)user, 0, true, &pin), -EINVAL);
	assert_int_equal(mib_pin(UINT64_MAX - 5, 10, true, &pin), -EINVAL);
	assert_int_equal(mib_pin(0, 1, false, &pin), -EFAULT);
	assert_int_equal(mib_pin(1, UINT64_MAX / 2, false, &pin), -EFAULT);
	munmap(user + 2 * page, page);
	assert_int_equal(mib_pin((uintptr_t)user, 4 * page, true, &pin), -EFAULT);
	assert_int_equal(mib_pin((uintptr_t)user, 2 * page, true, &pin), 0);
	mib_unpin(&pin);
	mprotect(user, page, PROT_READ);
	assert_int_equal(mib_pin((uintptr_t)user, page, true, &pin), -EFAULT);
	assert_int_equal(mib_pin((uintptr_t)user, page, false, &pin), 0);
	mib_unpin(&pin);
	munmap(user, 4 * page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared_survives),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_private_is_kept),
		cmocka_unit_test(test_private_unpinned_first),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_overlap_shared),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_private_file),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_refused),
	};

	page = (size_t)sysconf(_SC_PAGESIZE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
