/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration: file, environment, who wins, what is refused and how it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu_conf.h"
#include "fw_caps.h"

static char file[] = "/tmp/emu-conf-test-XXXXXX";
static struct emu_conf conf;
static struct emu_json at;

static int
make_file(void **state)
{
	int fd = mkstemp(file);

	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int
remove_file(void **state)
{
	return unlink(file);
}

static int
clear_env(void **state)
{
	size_t i;

	unsetenv("MLX5EMU_TREE");
	unsetenv("MLX5EMU_CONFIG");
	for (i = 0; i < emu_conf_nb_options; i++)
		unsetenv(emu_conf_options[i].env);
	return 0;
}

static int
read_text(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	emu_conf_init(&conf);
	return emu_conf_file(&conf, file, &at);
}

static void
test_good(void **state)
{
	uint64_t value;

	assert_int_equal(read_text("{}"), 0);
	assert_int_equal(conf.seam.nb_funcs, 1);
	assert_int_equal(conf.log_level, BASE_LOG_NOTICE);
	assert_int_equal(read_text("{\"functions\": 7}"), 0);
	assert_int_equal(conf.seam.nb_funcs, 7);
	assert_int_equal(
			read_text("{\"functions\": [{\"mtu\": 9000}, {\"mac\": \"02:0a:00:00:00:FF\"}],"
				  " \"log\": {\"file\": \"/x/y\", \"level\": \"debug\"},"
				  " \"control\": {\"socket\": \"/x/z\"},"
				  " \"capabilities\": {\"max_num_virtio_queues\": 4,"
				  " \"freeze_to_rdy_supported\": false}}"),
			0);
	assert_int_equal(conf.seam.nb_funcs, 2);
	assert_false(conf.funcs[0].has_mac);
	assert_int_equal(conf.funcs[0].mtu, 9000);
	assert_true(conf.funcs[1].has_mac);
	assert_memory_equal(conf.funcs[1].mac, "\x02\x0a\x00\x00\x00\xff", 6);
	assert_string_equal(conf.log_file, "/x/y");
	assert_int_equal(conf.log_level, BASE_LOG_DEBUG);
	assert_string_equal(conf.control, "/x/z");
	assert_int_equal(fw_caps_get(&conf.caps, "max_num_virtio_queues", &value), 0);
	assert_int_equal(value, 4);
}

static void
test_bad(void **state)
{
	/* what stands behind "FILE: "; "*": only that the line begins so */
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "*line 1, column 0: not JSON: " },
		{ "{\"functions\": }", "*line 1, column 15: not JSON: " },
		{ "{\"log\": {}, \"log\": {}}", "*line 1, column 17: not JSON: duplicate" },
		{ "[]", "[], but must be an object, {...}" },
		{ "{\"function\": 1}", "*unknown key \"function\"; known are: functions, " },
		{ "{\"functions\": 0}", "functions is 0, but must be a number from 1 to 32" },
		{ "{\"functions\": 33}", "functions is 33, but must be a number from 1 to 32" },
		{ "{\"functions\": []}",
				"functions is [], but must be a number or an array of 1 to 32 "
				"objects" },
		{ "{\"functions\": [1]}", "functions[0] is 1, but must be an object, {...}" },
		{ "{\"functions\": [{}, {\"mac\": \"01:00:00:00:00:01\"}]}",
				"functions[1].mac is \"01:00:00:00:00:01\", but must be a unicast "
				"address as \"02:00:00:00:00:01\"" },
		{ "{\"functions\": [{\"mac\": \"2:0:0:0:0:1\"}]}", "*functions[0].mac is " },
		{ "{\"functions\": [{\"mac\": \"02:00:00:00:00:01 \"}]}", "*functions[0].mac is " },
		{ "{\"functions\": [{\"mac\": \"00:00:00:00:00:00\"}]}", "*functions[0].mac is " },
		{ "{\"functions\": [{\"pci\": \"0000:3:00.2\"}]}", "*functions[0].pci is " },
		{ "{\"functions\": [{\"pci\": \"0000:03:00.8\"}]}", "*functions[0].pci is " },
		{ "{\"functions\": [{\"pci\": \"0000:03:20.0\"}]}", "*functions[0].pci is " },
		{ "{\"functions\": [{\"pci\": \"0000:03:00.22\"}]}", "*functions[0].pci is " },
		{ "{\"functions\": [{\"pci\": \"0000:03:0A.2\"}]}", "*functions[0].pci is " },
		{ "{\"functions\": [{\"pci\": \"\"}]}", "*functions[0].pci is " },
		{ "{\"functions\": [{\"kind\": \"xf\"}]}",
				"functions[0].kind is \"xf\", but must be \"pf\", \"vf\" or \"sf\"" },
		{ "{\"functions\": [{\"sf\": 0}]}",
				"functions[0].sf is 0, but must be a number from 1 to 99999" },
		{ "{\"functions\": [{\"mtu\": 1499}]}",
				"functions[0].mtu is 1499, but must be a number from 1500 to 9000" },
		{ "{\"host_devices\": true}",
				"host_devices is true, but must be one of \"hide\", \"show\"" },
		{ "{\"functions\": [{\"mac\": 2}]}", "*functions[0].mac is 2, but" },
		{ "{\"log\": {\"level\": \"loud\"}}",
				"log.level is \"loud\", but must be one of \"error\", \"warning\", "
				"\"notice\", \"info\", \"debug\"" },
		{ "{\"log\": {\"file\": \"\"}}", "*log.file is \"\", but must be " },
		{ "{\"control\": {\"path\": \"/x\"}}",
				"control: unknown key \"path\"; known are: socket" },
		{ "{\"capabilities\": {\"max_num_virtio_queues\": 0}}",
				"*capabilities.max_num_virtio_queues is 0, but must be a number "
				"from 1 " },
		{ "{\"capabilities\": {\"nix\": 0}}", "*capabilities.nix: no such capability" },
		{ "{\"capabilities\": {\"csum\": 2}}", "*capabilities.csum is 2, but " },
		{ "{\"capabilities\": {\"csum\": 0, \"host_tso4\": true}}",
				"*capabilities: no card can be like this: " },
		{ "{\"capabilities\": []}", "capabilities is [], but must be an object, {...}" },
	};
	char want[512];
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		bool part = rows[i].error[0] == '*';

		assert_int_equal(read_text(rows[i].text), -EINVAL);
		snprintf(want, sizeof(want), "%s: %s", file, rows[i].error + part);
		if (part)
			at.error[strlen(want)] = '\0';
		assert_string_equal(at.error, want);
	}
	emu_conf_init(&conf);
	assert_int_equal(emu_conf_file(&conf, "/no/such/file", &at), -EINVAL);
	assert_non_null(strstr(at.error, "/no/such/file"));
}

static void
test_environment(void **state)
{
	assert_int_equal(emu_conf_read(&conf, &at), 0);
	setenv("MLX5EMU_FUNCTIONS", "5", 1);
	assert_int_equal(emu_conf_read(&conf, &at), 0); /* an option makes no card */
	setenv("MLX5EMU_TREE", "/t", 1);
	assert_int_equal(emu_conf_read(&conf, &at), 1);
	assert_int_equal(conf.seam.nb_funcs, 5);
	assert_string_equal(conf.seam.tree, "/t");
	/* it wins over the file, which may have said more */
	assert_int_equal(read_text("{\"functions\": [{}, {\"mac\": \"02:00:00:00:00:09\"}],"
				   " \"log\": {\"level\": \"info\"}}"),
			0);
	unsetenv("MLX5EMU_TREE");
	setenv("MLX5EMU_CONFIG", file, 1);
	setenv("MLX5EMU_FUNCTIONS", "3", 1);
	assert_int_equal(emu_conf_read(&conf, &at), 1);
	assert_int_equal(conf.seam.nb_funcs, 3);
	assert_true(conf.funcs[1].has_mac);
	assert_int_equal(conf.log_level, BASE_LOG_INFO);
	assert_string_equal(conf.tree, "");
	setenv("MLX5EMU_LOG_LEVEL", "loud", 1);
	assert_int_equal(emu_conf_read(&conf, &at), -EINVAL);
	assert_memory_equal(at.error, "MLX5EMU_LOG_LEVEL: \"loud\", but", 30);
	setenv("MLX5EMU_LOG_LEVEL", "", 1); /* as if it were not there */
	assert_int_equal(emu_conf_read(&conf, &at), 1);
	setenv("MLX5EMU_LOG", "\xff", 1);
	assert_int_equal(emu_conf_read(&conf, &at), -EINVAL);
	assert_non_null(strstr(at.error, "UTF-8"));
}

/* Addresses are compared when all has been read: options may add functions. */
static void
test_same_address(void **state)
{
	setenv("MLX5EMU_CONFIG", file, 1);
	assert_int_equal(read_text("{\"functions\": [{}, {\"pci\": \"0000:03:00.4\"}]}"), 0);
	assert_int_equal(emu_conf_read(&conf, &at), 1);
	setenv("MLX5EMU_FUNCTIONS", "3", 1);
	assert_int_equal(emu_conf_read(&conf, &at), -EINVAL);
	assert_non_null(strstr(at.error, "functions 1 and 2 both have PCI address 0000:03:00.4"));
	unsetenv("MLX5EMU_FUNCTIONS");
	assert_int_equal(read_text("{\"functions\": [{\"mac\": \"02:00:00:00:00:09\"},"
				   " {}, {\"mac\": \"02:00:00:00:00:09\"}]}"),
			0);
	assert_int_equal(emu_conf_read(&conf, &at), -EINVAL);
	assert_non_null(strstr(at.error, "functions 0 and 2 both have the same MAC"));
}

/* Sub-functions share their parent's address and differ by number. */
static void
test_kinds(void **state)
{
	char name[SEAM_NAME_SIZE];

	setenv("MLX5EMU_CONFIG", file, 1);
	assert_int_equal(read_text("{\"functions\": [{\"kind\": \"pf\", \"pci\": \"0000:03:00.0\"},"
				   " {\"kind\": \"vf\"}, {\"kind\": \"sf\"},"
				   " {\"kind\": \"sf\", \"sf\": 88}]}"),
			0);
	assert_int_equal(emu_conf_read(&conf, &at), 1);
	seam_dev_name(&conf.seam, 0, name);
	assert_string_equal(name, "0000:03:00.0");
	seam_dev_name(&conf.seam, 1, name);
	assert_string_equal(name, "0000:03:00.3");
	seam_dev_name(&conf.seam, 2, name);
	assert_string_equal(name, "mlx5_core.sf.4");
	seam_dev_name(&conf.seam, 3, name);
	assert_string_equal(name, "mlx5_core.sf.88");
	seam_bdf(&conf.seam, 3, name);
	assert_string_equal(name, "0000:03:00.0");

	assert_int_equal(read_text("{\"functions\": [{\"kind\": \"sf\", \"sf\": 3},"
				   " {\"kind\": \"sf\"}]}"),
			0);
	assert_int_equal(emu_conf_read(&conf, &at), -EINVAL);
	assert_non_null(strstr(at.error, "functions 0 and 1 both have the name mlx5_core.sf.3"));
	assert_int_equal(read_text("{\"functions\": [{\"sf\": 3}]}"), 0);
	assert_int_equal(emu_conf_read(&conf, &at), -EINVAL);
	assert_non_null(strstr(at.error, "function 0 has \"sf\", but is not of kind \"sf\""));
}

static void
test_engine_bounds(void **state)
{
	assert_int_equal(read_text("{\"engine\": {\"sleep_min_us\": 0}}"), -EINVAL);
	assert_int_equal(read_text("{\"engine\": {\"idle_after_ms\": 1000001}}"), -EINVAL);
	assert_int_equal(read_text("{\"engine\": {\"sleep_min_us\": 900}}"), -EINVAL);
	assert_non_null(strstr(at.error, "sleep_min_us is 900"));
}

/* What is shown, can be read, and is the same. */
static void
test_show(void **state)
{
	json_t *first, *second;
	char *text;

	assert_int_equal(
			read_text("{\"functions\": [{\"kind\": \"sf\", \"sf\": 7}, {\"mac\":"
				  " \"02:00:00:00:00:09\"}],"
				  " \"control\": {\"socket\": \"/x\"}, \"log\": {\"file\": \"/l\"},"
				  " \"engine\": {\"sleep_max_us\": 2000, \"spin_us\": 0},"
				  " \"capabilities\": {\"max_num_virtio_queues\": 6}}"),
			0);
	assert_int_equal(conf.pacing.sleep_max_us, 2000);
	assert_int_equal(conf.pacing.spin_us, 0);
	assert_int_equal(conf.pacing.sleep_min_us, 10);
	first = emu_conf_show(&conf);
	text = json_dumps(first, 0);
	assert_int_equal(read_text(text), 0);
	second = emu_conf_show(&conf);
	assert_true(json_equal(first, second));
	json_decref(first);
	json_decref(second);
	free(text);
}

static void
test_unload(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{ "/a/libmlx5emu.so", NULL },
		{ "/a/libmlx5emu.so:/b.so", "/b.so" },
		{ "/b.so /a/libmlx5emu.so:/c.so", "/b.so:/c.so" },
		{ "/b.so", "/b.so" },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		setenv("LD_PRELOAD", rows[i].before, 1);
		setenv("MLX5EMU_TREE", "/t", 1);
		setenv("MLX5EMU_FUNCTIONS", "2", 1);
		setenv("MLX5EMU_CONTROL", "/s", 1);
		emu_conf_unload();
		if (rows[i].after == NULL)
			assert_null(getenv("LD_PRELOAD"));
		else
			assert_string_equal(getenv("LD_PRELOAD"), rows[i].after);
		assert_null(getenv("MLX5EMU_TREE"));
		assert_null(getenv("MLX5EMU_FUNCTIONS"));
		assert_null(getenv("MLX5EMU_CONTROL"));
	}
	unsetenv("LD_PRELOAD");
}

/* Options reach the library by letters and variables of their own. */
static void
test_options_differ(void **state)
{
	size_t i, j;

	for (i = 0; i < emu_conf_nb_options; i++) {
		const struct emu_conf_option *a = &emu_conf_options[i];

		assert_memory_equal(a->env, "MLX5EMU_", 8);
		assert_null(memchr("chV+:", a->letter != 0 ? a->letter : 'x', 5)); /* launcher's */
		for (j = 0; j < i; j++) {
			assert_string_not_equal(a->name, emu_conf_options[j].name);
			assert_string_not_equal(a->env, emu_conf_options[j].env);
			assert_true(a->letter == 0 || a->letter != emu_conf_options[j].letter);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test_setup_teardown(test_environment, clear_env, clear_env),
		cmocka_unit_test_setup_teardown(test_same_address, clear_env, clear_env),
		cmocka_unit_test_setup_teardown(test_kinds, clear_env, clear_env),
		cmocka_unit_test(test_engine_bounds),
		cmocka_unit_test(test_show),
		cmocka_unit_test_setup_teardown(test_unload, clear_env, clear_env),
		cmocka_unit_test(test_options_differ),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
