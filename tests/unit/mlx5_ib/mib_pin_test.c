/* SPDX-License-Identifier: BSD-3-Clause */
/* Pinned memory stays what it was when its owner unmaps it; bad ranges are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

static void
test_private_is_used_in_place(void **state)
{
	uint8_t *user = map(2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct mib_pin pin;

	assert_int_equal(mib_pin((uintptr_t)user, 2 * page, true, &pin), 0);
	assert_ptr_equal(pin.addr, user);
	mib_unpin(&pin);
	user[0] = 1; /* still the user's */
	munmap(user, 2 * page);
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
		cmocka_unit_test(test_private_is_used_in_place),
		cmocka_unit_test(test_refused),
	};

	page = (size_t)sysconf(_SC_PAGESIZE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
