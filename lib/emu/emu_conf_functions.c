/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "functions" is a number, or an array with one object for each function.
 * What an object leaves out is made of the function's number.
 */
#include <stdio.h>
#include <string.h>

#include "emu_conf_topics.h"

int
emu_conf_functions_number(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	uint64_t nb;
	int ret = emu_json_u64(at, value, 1, SEAM_MAX_FUNCS, &nb);

	if (ret == 0)
		conf->seam.nb_funcs = (unsigned int)nb;
	return ret;
}

static int
emu_conf_mac(struct emu_json *at, const json_t *value, struct fw_func_attr *func)
{
	static const uint8_t zero[6];
	const char *text = json_string_value(value);
	unsigned int b[6], i;
	int len = 0;

	if (text == NULL ||
			sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4],
					&b[5], &len) != 6 ||
			text[len] != '\0' || len != 17 || (b[0] & 1) != 0)
		return emu_json_bad(at, value, "a unicast address as \"02:00:00:00:00:01\"");
	for (i = 0; i < 6; i++)
		func->mac[i] = (uint8_t)b[i];
	if (memcmp(func->mac, zero, sizeof(zero)) == 0)
		return emu_json_bad(at, value, "an address other than zero");
	func->has_mac = true;
	return 0;
}

static int
emu_conf_pci(struct emu_json *at, const json_t *value, char *bdf)
{
	static const char form[] = "xxxx:xx:xx.7"; /* x: a hexadecimal digit, 7: one up to that */
	const char *text = json_string_value(value);
	size_t i;

	for (i = 0; text != NULL && i < sizeof(form); i++) {
		if (form[i] == 'x' ? text[i] == '\0' ||
								strchr("0123456789abcdef",
										text[i]) == NULL :
						form[i] == '7' ? text[i] < '0' || text[i] > '7' :
								 text[i] != form[i])
			break;
	}
	/* 5 bits for the device */
	if (i != sizeof(form) || text[8] > '1')
		return emu_json_bad(at, value, "an address as \"0000:03:00.2\"");
	memcpy(bdf, text, SEAM_BDF_SIZE);
	return 0;
}

static int
emu_conf_mtu(struct emu_json *at, const json_t *value, struct fw_func_attr *func)
{
	uint64_t mtu;
	int ret = emu_json_u64(at, value, FW_MIN_MTU, FW_MAX_MTU, &mtu);

	if (ret == 0)
		func->mtu = (uint16_t)mtu;
	return ret;
}

/* What the keys of one function are read into. */
struct emu_conf_one {
	struct fw_func_attr *attr;
	char *bdf;
	enum seam_kind *kind;
	uint32_t *sf;
};

static const char *const emu_conf_kinds[] = {
	[SEAM_VF] = "vf",
	[SEAM_PF] = "pf",
	[SEAM_SF] = "sf",
};

static int
emu_conf_kind_key(struct emu_json *at, const json_t *value, void *arg)
{
	const char *text = json_string_value(value);
	unsigned int i;

	for (i = 0; text != NULL && i < BASE_ARRAY_SIZE(emu_conf_kinds); i++) {
		if (strcmp(text, emu_conf_kinds[i]) == 0) {
			*((struct emu_conf_one *)arg)->kind = (enum seam_kind)i;
			return 0;
		}
	}
	return emu_json_bad(at, value, "\"pf\", \"vf\" or \"sf\"");
}

static int
emu_conf_sf_key(struct emu_json *at, const json_t *value, void *arg)
{
	uint64_t number;
	int ret = emu_json_u64(at, value, 1, SEAM_MAX_SF, &number);

	if (ret == 0)
		*((struct emu_conf_one *)arg)->sf = (uint32_t)number;
	return ret;
}

static int
emu_conf_mac_key(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_conf_mac(at, value, ((struct emu_conf_one *)arg)->attr);
}

static int
emu_conf_mtu_key(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_conf_mtu(at, value, ((struct emu_conf_one *)arg)->attr);
}

static int
emu_conf_pci_key(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_conf_pci(at, value, ((struct emu_conf_one *)arg)->bdf);
}

static int
emu_conf_function(struct emu_json *at, const json_t *value, void *arg)
{
	static const struct emu_json_key keys[] = {
		{ "mac", emu_conf_mac_key },
		{ "mtu", emu_conf_mtu_key },
		{ "pci", emu_conf_pci_key },
		{ "kind", emu_conf_kind_key },
		{ "sf", emu_conf_sf_key },
	};
	struct emu_conf *conf = arg;
	unsigned int index = conf->seam.nb_funcs++;
	struct emu_conf_one one = { &conf->funcs[index], conf->seam.bdf[index],
		&conf->seam.kind[index], &conf->seam.sf[index] };

	return emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), &one);
}

int
emu_conf_functions_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	if (!json_is_array(value) || json_array_size(value) == 0)
		return json_is_integer(value) ? emu_conf_functions_number(at, value, conf) :
						emu_json_bad(at, value,
								"a number or an array of 1 to %u "
								"objects",
								SEAM_MAX_FUNCS);
	conf->seam.nb_funcs = 0;
	return emu_json_array(at, value, SEAM_MAX_FUNCS, emu_conf_function, conf);
}

json_t *
emu_conf_functions_show(const struct emu_conf *conf)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; list != NULL && i < conf->seam.nb_funcs; i++) {
		const struct fw_func_attr *func = &conf->funcs[i];
		json_t *one = json_object();
		const uint8_t *mac = func->mac;
		char text[18];

		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
				mac[2], mac[3], mac[4], mac[5]);
		if (one != NULL && func->has_mac)
			json_object_set_new(one, "mac", json_string(text));
		if (one != NULL && func->mtu != 0)
			json_object_set_new(one, "mtu", json_integer(func->mtu));
		if (one != NULL && conf->seam.bdf[i][0] != '\0')
			json_object_set_new(one, "pci", json_string(conf->seam.bdf[i]));
		if (one != NULL && conf->seam.kind[i] != SEAM_VF)
			json_object_set_new(one, "kind",
					json_string(emu_conf_kinds[conf->seam.kind[i]]));
		if (one != NULL && conf->seam.sf[i] != 0)
			json_object_set_new(one, "sf", json_integer(conf->seam.sf[i]));
		json_array_append_new(list, one);
	}
	return list;
}

int
emu_conf_functions_check(struct emu_json *at, const struct emu_conf *conf)
{
	char a[SEAM_NAME_SIZE], b[SEAM_NAME_SIZE];
	unsigned int i, j;

	for (i = 0; i < conf->seam.nb_funcs; i++) {
		if (conf->seam.sf[i] != 0 && conf->seam.kind[i] != SEAM_SF)
			return emu_json_fail(at,
					"function %u has \"sf\", but is not of kind \"sf\"", i);
		for (j = 0; j < i; j++) {
			seam_dev_name(&conf->seam, i, a);
			seam_dev_name(&conf->seam, j, b);
			if (strcmp(a, b) == 0)
				return emu_json_fail(at, "functions %u and %u both have %s %s", j,
						i,
						conf->seam.kind[i] == SEAM_SF ? "the name" :
										"PCI address",
						a);
			if (conf->funcs[i].has_mac && conf->funcs[j].has_mac &&
					memcmp(conf->funcs[i].mac, conf->funcs[j].mac, 6) == 0)
				return emu_json_fail(at,
						"functions %u and %u both have the same MAC", j, i);
		}
	}
	return 0;
}
