/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "wire" of the configuration: read, refused with a sentence, shown, read again,
 * and made into wires.
 */
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
#include "emu_conf_topics.h"

static char dir[] = "/tmp/emu-wire-XXXXXX";
static struct emu_conf conf;
static struct emu_json at;

static int
read_text(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	int ret;

	assert_non_null(value);
	memset(&at, 0, sizeof(at));
	at.source = "test";
	emu_conf_init(&conf);
	emu_json_enter(&at, "wire", 0);
	ret = emu_conf_wire_read(&at, value, &conf);
	conf.seam.nb_funcs = 3;
	if (ret == 0)
		ret = emu_conf_wire_check(&at, &conf);
	json_decref(value);
	return ret;
}

static const char good[] =
		"{\"pause_ms\": 250, \"nets\": ["
		"{\"name\": \"lan\", \"functions\": [0, 2], \"uplinks\": ["
		"{\"name\": \"peer\", \"unix\": {\"path\": \"DIR/s\", \"role\": \"listen\"}},"
		"{\"name\": \"rec\", \"pcap\": {\"write\": \"DIR/w\", \"functions\": [2]}}]},"
		"{\"name\": \"own\", \"kind\": \"loop\", \"functions\": [1]},"
		"{\"name\": \"bin\", \"kind\": \"null\"}],"
		"\"ports\": {\"0\": {\"loss\": 0.25, \"rate\": \"1M\", \"frames\": 50},"
		"\"peer\": {\"vlan\": \"trunk:1-4\", \"link\": \"down\"}}}";

/* The good text with a directory of ours in it. */
static char *
good_text(void)
{
	char *text = calloc(1, sizeof(good) + 64), *at_dir;
	const char *from = good;

	assert_non_null(text);
	while ((at_dir = strstr(from, "DIR")) != NULL) {
		strncat(text, from, (size_t)(at_dir - from));
		strcat(text, dir);
		from = at_dir + 3;
	}
	strcat(text, from);
	return text;
}

static void
test_short_forms(void **state)
{
	static const char *const kinds[] = { "\"switch\"", "\"loop\"", "\"null\"" };
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(read_text(kinds[i]), 0);
		assert_int_equal(conf.wire.nb_nets, 1);
		assert_int_equal(conf.wire.nets[0].kind, i);
		assert_int_equal(conf.wire.pause_ms, 3000);
	}
	assert_int_equal(read_text("{\"pause_ms\": 5}"), 0);
	assert_int_equal(conf.wire.nets[0].kind, EMU_WIRE_SWITCH);
	assert_int_equal(conf.wire.pause_ms, 5);
}

static void
check_good(void)
{
	const struct emu_wire_conf *wire = &conf.wire;

	assert_int_equal(wire->pause_ms, 250);
	assert_int_equal(wire->nb_nets, 3);
	assert_int_equal(wire->nets[1].kind, EMU_WIRE_LOOP);
	assert_int_equal(wire->nets[2].kind, EMU_WIRE_NULL);
	assert_int_equal(wire->func_set, 7);
	assert_int_equal(wire->func_net[1], 1);
	assert_int_equal(wire->nb_uplinks, 2);
	assert_int_equal(wire->uplinks[0].kind, EMU_WIRE_UNIX);
	assert_int_equal(wire->uplinks[0].sock.role, WIRE_UNIX_LISTEN);
	assert_int_equal(wire->uplinks[1].pcap.funcs, 4);
	assert_int_equal(wire->nb_settings, 5);
}

static void
test_read_show_read(void **state)
{
	char *text = good_text();
	json_t *shown;

	(void)state;
	assert_int_equal(read_text(text), 0);
	check_good();
	free(text);
	shown = emu_conf_wire_show(&conf);
	assert_non_null(shown);
	text = json_dumps(shown, 0);
	json_decref(shown);
	assert_int_equal(read_text(text), 0);
	check_good();
	free(text);
}

static void
test_bad(void **state)
{
	static const struct {
		const char *text, *say;
	} cases[] = {
		{ "\"hub\"", "wire is \"hub\"" },
		{ "[]", "an object" },
		{ "{\"speed\": 1}", "unknown key \"speed\"" },
		{ "{\"nets\": []}", "one net at least" },
		{ "{\"nets\": [{}]}", "wire.nets[0]: needs a name" },
		{ "{\"nets\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", "two nets 'a'" },
		{ "{\"nets\": [{\"name\": \"a\", \"kind\": \"x\"}]}", "nets[0].kind" },
		{ "{\"nets\": [{\"name\": \"a\", \"functions\": [32]}]}", "functions[0]" },
		{ "{\"nets\": [{\"name\": \"a\", \"functions\": [1]},"
		  "{\"name\": \"b\", \"functions\": [1]}]}",
				"function 1 is in another net" },
		{ "{\"nets\": [{\"name\": \"a\", \"uplinks\": [{}]}]}", "needs name and one of" },
		{ "{\"nets\": [{\"name\": \"a\", \"uplinks\": [{\"name\": \"x\", \"tap\": {},"
		  "\"unix\": {\"path\": \"p\", \"role\": \"listen\"}}]}]}",
				"one of tap, unix and pcap" },
		{ "{\"nets\": [{\"name\": \"a\", \"uplinks\": [{\"name\": \"x\", \"unix\": "
		  "{\"path\": \"p\"}}]}]}",
				"needs path and role" },
		{ "{\"nets\": [{\"name\": \"a\", \"uplinks\": [{\"name\": \"x\", \"pcap\": {}}]}]}",
				"needs write, play or both" },
		{ "{\"nets\": [{\"name\": \"a\", \"uplinks\": [{\"name\": \"x\", \"tap\": {}},"
		  "{\"name\": \"x\", \"tap\": {}}]}]}",
				"two uplinks 'x'" },
		{ "{\"nets\": [{\"name\": \"a\", \"uplinks\": [{\"name\": \"x\", \"tap\": "
		  "{\"interface\": \"a-name-too-long-for-linux\"}}]}]}",
				"tap.interface" },
		{ "{\"ports\": {\"0\": {\"loss\": 2}}}", "wire.ports.0.loss is 2" },
		{ "{\"ports\": {\"0\": {\"colour\": 2}}}", "no such setting" },
		{ "{\"ports\": {\"0\": {\"mtu\": []}}}", "a text or a number" },
		{ "{\"ports\": {\"tap\": {\"mtu\": 1}}}", "'tap' is neither" },
		{ "{\"ports\": {\"3\": {\"mtu\": 1}}}", "'3' is neither" },
		{ "{\"nets\": [{\"name\": \"a\", \"functions\": [3]}]}",
				"'a' names function 3 of a card of 3" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (read_text(cases[i].text) != -EINVAL)
			fail_msg("%s is taken", cases[i].text);
		if (strstr(at.error, cases[i].say) == NULL)
			fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, at.error,
					cases[i].say);
	}
}

static void
test_make(void **state)
{
	struct wire *wire;
	char *text = good_text(), value[64], path[64];
	int peer, rec;

	(void)state;
	assert_int_equal(read_text(text), 0);
	free(text);
	assert_int_equal(emu_wire_make(&conf.wire, 3, NULL, &wire), 0);
	assert_int_equal(wire_nb_nets(wire), 3);
	assert_int_equal(wire_nb_ports(wire), 5);
	peer = wire_port_find(wire, "peer");
	rec = wire_port_find(wire, "rec");
	assert_int_equal(peer, 3);
	assert_int_equal(rec, 4);
	assert_int_equal(wire_port_net(wire, 1), 1);
	assert_int_equal(wire_port_net(wire, 2), 0);
	assert_int_equal(wire_port_net(wire, 3), 0);
	assert_string_equal(wire_port_kind(wire, 4), "pcap");
	assert_string_equal(wire_link_text(wire, 3), "off");
	assert_int_equal(wire_port_get(wire, 0, "loss", value, sizeof(value)), 0);
	assert_string_equal(value, "0.250000");
	assert_int_equal(wire_port_get(wire, 3, "vlan", value, sizeof(value)), 0);
	assert_string_equal(value, "trunk:1-4");
	wire_destroy(wire);
	/* fewer functions than the nets name: nothing is made, nothing is left */
	assert_int_equal(emu_wire_make(&conf.wire, 2, NULL, &wire), -EINVAL);
	snprintf(path, sizeof(path), "%s/s", dir);
	assert_int_equal(access(path, F_OK), -1);
	/* a file that cannot be made: the socket is taken away again */
	strcpy(conf.wire.uplinks[1].pcap.write, "/nonexistent/f");
	assert_int_equal(emu_wire_make(&conf.wire, 3, NULL, &wire), -ENOENT);
	assert_int_equal(access(path, F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_forms),
		cmocka_unit_test(test_read_show_read),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_make),
	};
	char path[64];
	int ret;

	if (mkdtemp(dir) == NULL)
		return 1;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(path, sizeof(path), "%s/w", dir);
	unlink(path);
	rmdir(dir);
	return ret;
}
