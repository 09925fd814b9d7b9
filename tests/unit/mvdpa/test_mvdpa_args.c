/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: good texts give values, bad ones give -EINVAL and one message that names
 * what was wrong and what would be right.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "last_log.h"
#include "mvdpa_args.h"

/* TSan asks for a size before it is ready for what it puts into functions. */
#if defined(__has_attribute) && __has_attribute(disable_sanitizer_instrumentation)
#define BEFORE_TSAN __attribute__((disable_sanitizer_instrumentation))
#else
#define BEFORE_TSAN
#endif

/* A machine of eight CPUs, six of which are off: 0 and 5 are not, say. */
long __real_sysconf(int name);
long __wrap_sysconf(int name);
BEFORE_TSAN long
__wrap_sysconf(int name)
{
	return name == _SC_NPROCESSORS_ONLN          ? 2 :
			name == _SC_NPROCESSORS_CONF ? 8 :
						       __real_sysconf(name);
}

static void
test_want(void **state)
{
	assert_true(mvdpa_args_want("class=vdpa"));
	assert_true(mvdpa_args_want("resume_index=used,class=vdpa"));
	assert_false(mvdpa_args_want("class=eth"));
	assert_false(mvdpa_args_want("class=eth:vdpa"));
	assert_false(mvdpa_args_want("class="));
	assert_false(mvdpa_args_want("klass=vdpa"));
	assert_false(mvdpa_args_want(""));
	assert_false(mvdpa_args_want(NULL));
}

static void
test_good(void **state)
{
	struct mvdpa_args args;

	nb_logs = 0;
	assert_int_equal(mvdpa_args_parse(NULL, &test_log, &args), 0);
	assert_int_equal(args.resume_index, MVDPA_INDEX_USED);
	assert_int_equal(mvdpa_args_parse("class=vdpa", &test_log, &args), 0);
	assert_int_equal(args.resume_index, MVDPA_INDEX_USED);
	assert_int_equal(mvdpa_args_parse("class=vdpa,resume_index=saved", &test_log, &args), 0);
	assert_int_equal(args.resume_index, MVDPA_INDEX_SAVED);
	assert_int_equal(mvdpa_args_parse("resume_index=used,class=vdpa", &test_log, &args), 0);
	assert_int_equal(args.resume_index, MVDPA_INDEX_USED);
	assert_int_equal(nb_logs, 0);
}

static struct mvdpa_args
parse(const char *text)
{
	struct mvdpa_args args;

	nb_logs = 0;
	assert_int_equal(mvdpa_args_parse(text, &test_log, &args), 0);
	return args;
}

static void
test_defaults(void **state)
{
	struct mvdpa_args args = parse("class=vdpa");

	assert_int_equal(args.mem_table, MVDPA_MEM_TABLE_AUTO);
	assert_true(args.features == UINT64_MAX);
	assert_int_equal(args.event_mode, MVDPA_EVENT_INTERRUPT);
	assert_int_equal(args.no_traffic_time, 16);
	assert_int_equal(args.event_core, MVDPA_ARGS_UNSET);
	assert_int_equal(args.event_us | args.hw_latency_mode | args.hw_max_latency_us |
					args.hw_max_pending_comp | args.max_conf_threads |
					args.queue_size | args.queues,
			0);
	assert_int_equal(args.cmd_fd, MVDPA_ARGS_UNSET);
	assert_int_equal(args.pd_handle, MVDPA_ARGS_UNSET);
	assert_int_equal(nb_logs, 0);
}

/* The stock driver's keys, each at the ends of its range. */
static void
test_stock_keys(void **state)
{
	struct mvdpa_args args = parse(
			"class=vdpa,driver=mlx5_pci,event_mode=1,event_us=50,no_traffic_time=2,"
			"event_core=5,max_conf_threads=256,hw_latency_mode=2,"
			"hw_max_latency_us=4095,hw_max_pending_comp=65535,queue_size=1024,"
			"queues=128,mr_ext_memseg_en=0,mr_mempool_reg_en=0,sys_mem_en=1,"
			"sq_db_nc=2,tx_db_nc=1,cmd_fd=7,pd_handle=0");

	assert_int_equal(args.event_mode, MVDPA_EVENT_FIXED_TIMER);
	assert_int_equal(args.event_us, 50);
	assert_int_equal(args.no_traffic_time, 2);
	assert_int_equal(args.event_core, 5);
	assert_int_equal(args.max_conf_threads, 256);
	assert_int_equal(args.hw_latency_mode, 2);
	assert_int_equal(args.hw_max_latency_us, 4095);
	assert_int_equal(args.hw_max_pending_comp, 65535);
	assert_int_equal(args.queue_size, 1024);
	assert_int_equal(args.queues, 128);
	assert_int_equal(args.cmd_fd, 7);
	assert_int_equal(args.pd_handle, 0);
	assert_int_equal(nb_logs, 1); /* that these two are not used */
	assert_non_null(strstr(last_log, "cmd_fd"));
	assert_int_equal(parse("hw_max_pending_comp=0x10").hw_max_pending_comp, 16);
	/* a step of nothing would never move */
	assert_int_equal(parse("event_mode=0").event_us, 1);
	assert_int_equal(parse("event_mode=0,event_us=7").event_us, 7);
	assert_int_equal(parse("event_mode=1").event_us, 0);
}

static void
test_own_keys(void **state)
{
	assert_int_equal(parse("mem_table=auto").mem_table, MVDPA_MEM_TABLE_AUTO);
	assert_int_equal(parse("mem_table=modify").mem_table, MVDPA_MEM_TABLE_MODIFY);
	assert_int_equal(parse("mem_table=recreate").mem_table, MVDPA_MEM_TABLE_RECREATE);
	assert_int_equal(parse("mem_table=teardown").mem_table, MVDPA_MEM_TABLE_TEARDOWN);
	assert_true(parse("features=0x100000003").features == 0x100000003);
	assert_true(parse("features=csum+version_1").features == 0x100000001);
}

/* Half of a pair is worth a warning; the stock driver does the same. */
static void
test_pairs_of_keys(void **state)
{
	struct mvdpa_args args = parse("queues=4");

	assert_int_equal(args.queues, 0);
	assert_int_equal(nb_logs, 1);
	args = parse("queue_size=256");
	assert_int_equal(args.queue_size, 0);
	assert_int_equal(nb_logs, 1);
	args = parse("queues=4,queue_size=256");
	assert_int_equal(args.queues, 4);
	assert_int_equal(args.queue_size, 256);
	assert_int_equal(nb_logs, 0);
}

static void
check_bad(const char *text, const char *a, const char *b)
{
	struct mvdpa_args args;

	nb_logs = 0;
	assert_int_equal(mvdpa_args_parse(text, &test_log, &args), -EINVAL);
	assert_int_equal(nb_logs, 1);
	assert_non_null(strstr(last_log, a));
	assert_non_null(strstr(last_log, b));
}

static void
test_bad(void **state)
{
	check_bad("class=vdpa,colour=red", "'colour'", "class, driver, resume_index, ");
	check_bad("class=vdpa,colour=red", "'colour'", ", tx_db_nc");
	check_bad("class=vdpa,resume_index=maybe", "'maybe'", "used, saved");
	check_bad("class=vdpa,resume_index=", "''", "used, saved");
	check_bad("class=vdpa,resume_index", "resume_index", "used, saved");
	check_bad("class=vdpa,resume_index=usedx", "'usedx'", "used, saved");
	check_bad("class=vdpa,class=eth", "'eth'", "vdpa");
	check_bad("mem_table=fast", "'fast'", "auto, modify, recreate, teardown");
	check_bad("features=csum+speed", "'csum+speed'", "names of features");
	check_bad("driver=", "driver", "any name");
	check_bad("cmd_fd=3", "pd_handle", "needs");
	check_bad("pd_handle=3", "cmd_fd", "needs");
}

static void
test_bad_numbers(void **state)
{
	check_bad("event_mode=3", "'3'", "0 to 2");
	check_bad("event_mode=-1", "'-1'", "0 to 2");
	check_bad("event_mode=", "''", "0 to 2");
	check_bad("event_mode", "event_mode", "0 to 2");
	check_bad("event_mode=1x", "'1x'", "0 to 2");
	check_bad("event_mode= 1", "' 1'", "0 to 2");
	check_bad("event_us=1000001", "'1000001'", "microseconds");
	check_bad("no_traffic_time=4294967296", "'4294967296'", "no_traffic_time");
	check_bad("no_traffic_time=99999999999999999999", "no_traffic_time", "4294967294");
	check_bad("event_core=100000", "'100000'", "CPU");
	check_bad("event_core=8", "'8'", "CPU");
	check_bad("hw_latency_mode=3", "'3'", "0 to 2");
	check_bad("hw_max_latency_us=4096", "'4096'", "0 to 4095");
	check_bad("hw_max_pending_comp=65536", "'65536'", "0 to 65535");
	check_bad("max_conf_threads=257", "'257'", "0 to 256");
	check_bad("queue_size=1025,queues=1", "'1025'", "power of two to 1024");
	check_bad("queue_size=100,queues=1", "'100'", "power of two to 1024");
	check_bad("queue_size=256,queues=129", "'129'", "0 to 128");
	check_bad("sq_db_nc=3", "'3'", "0 to 2");
	check_bad("mr_ext_memseg_en=yes", "'yes'", "0, 1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_want),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_stock_keys),
		cmocka_unit_test(test_own_keys),
		cmocka_unit_test(test_pairs_of_keys),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bad_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
