/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a comma belongs before each value but the first of its object or array, so
 * one flag is enough: opening clears it, everything else sets it.
 */
#include <inttypes.h>

#include "json.h"

static void
json_quote(FILE *out, const char *text)
{
	const unsigned char *c;

	fputc('"', out);
	for (c = (const unsigned char *)text; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if (*c < 0x20)
			fprintf(out, "\\u%04x", *c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

static void
json_name(struct json *json, const char *name)
{
	if (json->comma)
		fputc(',', json->out);
	json->comma = true;
	if (name != NULL) {
		json_quote(json->out, name);
		fputc(':', json->out);
	}
}

void
json_open(struct json *json, const char *name, char bracket)
{
	json_name(json, name);
	fputc(bracket, json->out);
	json->comma = false;
}

void
json_close(struct json *json, char bracket)
{
	fputc(bracket, json->out);
	json->comma = true;
}

void
json_u64(struct json *json, const char *name, uint64_t value)
{
	json_name(json, name);
	fprintf(json->out, "%" PRIu64, value);
}

void
json_int(struct json *json, const char *name, int64_t value)
{
	json_name(json, name);
	fprintf(json->out, "%" PRId64, value);
}

void
json_real(struct json *json, const char *name, double value)
{
	json_name(json, name);
	fprintf(json->out, "%.3f", value);
}

void
json_bool(struct json *json, const char *name, bool value)
{
	json_name(json, name);
	fputs(value ? "true" : "false", json->out);
}

void
json_text(struct json *json, const char *name, const char *value)
{
	json_name(json, name);
	if (value == NULL)
		fputs("null", json->out);
	else
		json_quote(json->out, value);
}
