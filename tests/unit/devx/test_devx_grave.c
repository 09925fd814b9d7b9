/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: things that refuse to go as often as the test says; seen is in which order
 * they are tried, and that each goes once.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "devx_grave.h"
#include "devx_priv.h"

struct thing {
	struct devx_grave_item item;
	char name;
	int refusals; /* that are left */
	struct thing *in_the_way;
	int gone;
};

static struct devx_dev dev;
static char tried[256];

static int
thing_try(struct devx_grave_item *item)
{
	struct thing *thing = (struct thing *)item;

	assert_int_equal(thing->gone, 0);
	strncat(tried, &thing->name, 1);
	if (thing->refusals != 0) {
		thing->refusals--;
		return -EAGAIN;
	}
	if (thing->in_the_way != NULL && !thing->in_the_way->gone)
		return -EBUSY;
	thing->gone = 1;
	return 0;
}

static void
on_log(void *arg, enum base_log_level level, const char *msg)
{
}

static int
setup(void **state)
{
	static const struct base_log log = { .level = BASE_LOG_ERR, .write = on_log };

	dev.log = &log;
	dev.grave = devx_grave_create();
	tried[0] = '\0';
	return dev.grave == NULL;
}

static int
teardown(void **state)
{
	devx_grave_destroy(dev.grave);
	return 0;
}

static void
test_goes_at_once(void **state)
{
	struct thing a = { .name = 'a' };

	devx_grave_give_up(&dev, &a.item, thing_try);
	assert_int_equal(a.gone, 1);
	devx_grave_reap(&dev);
	assert_string_equal(tried, "a");
}

/* b depends on a, which refuses once: a is tried again before c, and then b. */
static void
test_oldest_first(void **state)
{
	struct thing a = { .name = 'a', .refusals = 2 };
	struct thing b = { .name = 'b', .in_the_way = &a }, c = { .name = 'c' };

	devx_grave_give_up(&dev, &a.item, thing_try);
	devx_grave_give_up(&dev, &b.item, thing_try); /* a refuses again, so b is refused */
	assert_string_equal(tried, "aab");
	assert_int_equal(a.gone + b.gone, 0);
	devx_grave_give_up(&dev, &c.item, thing_try);
	assert_string_equal(tried, "aababc");
	assert_int_equal(a.gone + b.gone + c.gone, 3);
}

static void
test_gives_up(void **state)
{
	struct thing a = { .name = 'a', .refusals = 1000 };
	size_t last;

	devx_grave_give_up(&dev, &a.item, thing_try);
	do {
		last = strlen(tried);
		devx_grave_reap(&dev);
		assert_true(last < 100);
	} while (strlen(tried) > last);
	assert_true(last > 1);
	assert_int_equal(a.gone, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_goes_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_oldest_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gives_up, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
