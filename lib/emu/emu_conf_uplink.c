/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one way out of a wire: a name and one of "tap", "unix" and "pcap", each an
 * object of its own with its own keys.
 */
#include <string.h>

#include "emu_conf_topics.h"

#define EMU_MTU_MAX 65535u

static int
uplink_u32(struct emu_json *at, const json_t *value, uint64_t max, unsigned int *out)
{
	uint64_t number;
	int ret = emu_json_u64(at, value, 0, max, &number);

	if (ret == 0)
		*out = (unsigned int)number;
	return ret;
}

int
emu_conf_funcs_mask(struct emu_json *at, const json_t *value, void *arg)
{
	unsigned int func;
	int ret = uplink_u32(at, value, SEAM_MAX_FUNCS - 1, &func);

	if (ret == 0)
		*(uint64_t *)arg |= 1ULL << func;
	return ret;
}

/* --- TAP ------------------------------------------------------------------------------------ */

static int
tap_interface(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return emu_json_text(at, value, up->tap.ifname, sizeof(up->tap.ifname));
}

static int
tap_fd(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;
	unsigned int fd;
	int ret = uplink_u32(at, value, INT_MAX, &fd);

	if (ret == 0)
		up->tap.fd = (int)fd;
	return ret;
}

static int
tap_up(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return emu_json_bool(at, value, &up->tap.up);
}

static int
tap_mtu(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return uplink_u32(at, value, EMU_MTU_MAX, &up->tap.mtu);
}

static int
uplink_tap(struct emu_json *at, const json_t *value, void *arg)
{
	static const struct emu_json_key keys[] = {
		{ "interface", tap_interface },
		{ "fd", tap_fd },
		{ "up", tap_up },
		{ "mtu", tap_mtu },
	};
	struct emu_wire_uplink *up = arg;

	if (up->kind != EMU_WIRE_NO_UPLINK)
		return emu_json_fail(at, "an uplink is one of tap, unix and pcap");
	up->kind = EMU_WIRE_TAP;
	return emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), up);
}

/* --- socket --------------------------------------------------------------------------------- */

static int
unix_path(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return emu_json_file(at, value, up->sock.path, sizeof(up->sock.path));
}

static int
unix_role(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return emu_json_enum(at, value, emu_wire_roles, EMU_WIRE_NB_ROLES, &up->sock.role);
}

static int
uplink_unix(struct emu_json *at, const json_t *value, void *arg)
{
	static const struct emu_json_key keys[] = {
		{ "path", unix_path },
		{ "role", unix_role },
	};
	struct emu_wire_uplink *up = arg;
	int ret;

	if (up->kind != EMU_WIRE_NO_UPLINK)
		return emu_json_fail(at, "an uplink is one of tap, unix and pcap");
	up->kind = EMU_WIRE_UNIX;
	ret = emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), up);
	if (ret == 0 && (up->sock.path[0] == '\0' || json_object_get(value, "role") == NULL))
		return emu_json_fail(at, "needs path and role");
	return ret;
}

/* --- pcap ----------------------------------------------------------------------------------- */

static int
pcap_write(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return emu_json_file(at, value, up->pcap.write, sizeof(up->pcap.write));
}

static int
pcap_play(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return emu_json_file(at, value, up->pcap.play, sizeof(up->pcap.play));
}

static int
pcap_functions(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return emu_json_array(at, value, SEAM_MAX_FUNCS, emu_conf_funcs_mask, &up->pcap.funcs);
}

static int
pcap_pace(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return emu_json_enum(at, value, emu_wire_paces, EMU_WIRE_NB_PACES, &up->pcap.pace);
}

static int
pcap_times(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return uplink_u32(at, value, UINT32_MAX, &up->pcap.times);
}

static int
uplink_pcap(struct emu_json *at, const json_t *value, void *arg)
{
	static const struct emu_json_key keys[] = {
		{ "write", pcap_write },
		{ "functions", pcap_functions },
		{ "play", pcap_play },
		{ "pace", pcap_pace },
		{ "times", pcap_times },
	};
	struct emu_wire_uplink *up = arg;
	int ret;

	if (up->kind != EMU_WIRE_NO_UPLINK)
		return emu_json_fail(at, "an uplink is one of tap, unix and pcap");
	up->kind = EMU_WIRE_PCAP;
	ret = emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), up);
	if (ret == 0 && up->pcap.write[0] == '\0' && up->pcap.play[0] == '\0')
		return emu_json_fail(at, "needs write, play or both");
	return ret;
}

/* --- uplink -------------------------------------------------------------------------------- */

static int
uplink_name(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_uplink *up = arg;

	return emu_json_text(at, value, up->name, sizeof(up->name));
}

int
emu_conf_uplink(struct emu_json *at, const json_t *value, void *arg)
{
	static const struct emu_json_key keys[] = {
		{ "name", uplink_name },
		{ "tap", uplink_tap },
		{ "unix", uplink_unix },
		{ "pcap", uplink_pcap },
	};
	struct emu_wire_conf *conf = arg;
	struct emu_wire_uplink *up = &conf->uplinks[conf->nb_uplinks];
	unsigned int i;
	int ret;

	if (conf->nb_uplinks == EMU_WIRE_UPLINKS)
		return emu_json_fail(at, "more than %u uplinks", EMU_WIRE_UPLINKS);
	memset(up, 0, sizeof(*up));
	up->net = conf->nb_nets - 1;
	up->tap.fd = -1;
	up->pcap.times = 1;
	ret = emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), up);
	if (ret != 0)
		return ret;
	if (up->name[0] == '\0' || up->kind == EMU_WIRE_NO_UPLINK)
		return emu_json_fail(at, "needs name and one of tap, unix and pcap");
	for (i = 0; i < conf->nb_uplinks; i++) {
		if (strcmp(conf->uplinks[i].name, up->name) == 0)
			return emu_json_fail(at, "there are two uplinks '%s'", up->name);
	}
	conf->nb_uplinks++;
	return 0;
}
