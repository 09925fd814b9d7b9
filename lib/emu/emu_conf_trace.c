/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "trace": where calls and commands are written to, and how.
 */
#include "emu_conf_topics.h"

const char *const emu_conf_trace_formats[EMU_TRACE_NB_FORMATS] = {
	[EMU_TRACE_JSON] = "json",
	[EMU_TRACE_TEXT] = "text",
};

static int
emu_conf_trace_file_key(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_conf_trace *trace = arg;

	return emu_json_file(at, value, trace->file, sizeof(trace->file));
}

static int
emu_conf_trace_format_key(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_conf_trace *trace = arg;
	unsigned int format;
	int ret = emu_json_enum(at, value, emu_conf_trace_formats, EMU_TRACE_NB_FORMATS, &format);

	if (ret == 0)
		trace->format = (enum emu_trace_format)format;
	return ret;
}

static int
emu_conf_trace_hex_key(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_conf_trace *trace = arg;

	return emu_json_bool(at, value, &trace->hex);
}

int
emu_conf_trace_object(struct emu_json *at, const json_t *value, struct emu_conf_trace *trace)
{
	static const struct emu_json_key keys[] = {
		{ "file", emu_conf_trace_file_key },
		{ "format", emu_conf_trace_format_key },
		{ "hex", emu_conf_trace_hex_key },
	};

	return emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), trace);
}

int
emu_conf_trace_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	return emu_conf_trace_object(at, value, &conf->trace);
}

int
emu_conf_trace_file(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	return emu_conf_trace_file_key(at, value, &conf->trace);
}

json_t *
emu_conf_trace_show_one(const struct emu_conf_trace *trace)
{
	json_t *one = json_pack("{s:s, s:b}", "format", emu_conf_trace_formats[trace->format],
			"hex", trace->hex);

	if (one != NULL && trace->file[0] != '\0')
		json_object_set_new(one, "file", json_string(trace->file));
	return one;
}

json_t *
emu_conf_trace_show(const struct emu_conf *conf)
{
	return emu_conf_trace_show_one(&conf->trace);
}
