/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a cursor that knows the path of the value that is being read, so that every
 * reader can complain without being told where it is. The first complaint ends the reading: what
 * is wrong afterwards may be a consequence.
 *
 * Options of a command line and variables of the environment go through the same readers, as JSON
 * values made of their text: one set of limits, one wording.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu_json.h"

#define EMU_JSON_SHOWN 60 /* of a wrong value */

static void
emu_json_vsay(struct emu_json *at, const char *before, const char *fmt, va_list ap)
{
	int len = snprintf(at->error, sizeof(at->error), "%s: %s%s", at->source, at->path, before);

	if (len >= 0 && (size_t)len < sizeof(at->error))
		vsnprintf(at->error + len, sizeof(at->error) - (size_t)len, fmt, ap);
}

int
emu_json_fail(struct emu_json *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emu_json_vsay(at, at->path[0] != '\0' ? ": " : "", fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int
emu_json_bad(struct emu_json *at, const json_t *value, const char *fmt, ...)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT), before[128];
	va_list ap;

	snprintf(before, sizeof(before), "%s%.*s%s, but must be ",
			at->path[0] != '\0' ? " is " : "", EMU_JSON_SHOWN,
			text != NULL ? text : "strange",
			text != NULL && strlen(text) > EMU_JSON_SHOWN ? "..." : "");
	free(text);
	va_start(ap, fmt);
	emu_json_vsay(at, before, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

size_t
emu_json_enter(struct emu_json *at, const char *key, size_t index)
{
	size_t mark = strlen(at->path);
	char *end = at->path + mark;

	if (key != NULL)
		snprintf(end, sizeof(at->path) - mark, "%s%s", mark != 0 ? "." : "", key);
	else
		snprintf(end, sizeof(at->path) - mark, "[%zu]", index);
	return mark;
}

void
emu_json_leave(struct emu_json *at, size_t mark)
{
	at->path[mark] = '\0';
}

static int
emu_json_unknown(struct emu_json *at, const char *key, const struct emu_json_key *keys,
		size_t nb_keys)
{
	char list[320] = "";
	size_t i, len = 0;

	for (i = 0; i < nb_keys && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i != 0 ? ", " : "",
				keys[i].key);
	return emu_json_fail(at, "unknown key \"%.*s\"; known are: %s", EMU_JSON_SHOWN, key, list);
}

int
emu_json_object(struct emu_json *at, const json_t *value, const struct emu_json_key *keys,
		size_t nb_keys, void *arg)
{
	size_t i, mark;
	void *iter;
	int ret = 0;

	if (!json_is_object(value))
		return emu_json_bad(at, value, "an object, {...}");
	for (iter = json_object_iter((json_t *)value); iter != NULL && ret == 0;
			iter = json_object_iter_next((json_t *)value, iter)) {
		const char *key = json_object_iter_key(iter);

		for (i = 0; i < nb_keys && strcmp(keys[i].key, key) != 0; i++)
			;
		if (i == nb_keys)
			return emu_json_unknown(at, key, keys, nb_keys);
		mark = emu_json_enter(at, key, 0);
		ret = keys[i].read(at, json_object_iter_value(iter), arg);
		emu_json_leave(at, mark);
	}
	return ret;
}

int
emu_json_members(struct emu_json *at, const json_t *value, emu_json_member_fn read, void *arg)
{
	const char *name;
	json_t *member;
	size_t mark;
	int ret;

	if (!json_is_object(value))
		return emu_json_bad(at, value, "an object, {...}");
	json_object_foreach((json_t *)value, name, member)
	{
		mark = emu_json_enter(at, name, 0);
		ret = read(at, name, member, arg);
		emu_json_leave(at, mark);
		if (ret != 0)
			return ret;
	}
	return 0;
}

int
emu_json_array(struct emu_json *at, const json_t *value, size_t max, emu_json_fn read, void *arg)
{
	size_t i, mark;
	int ret = 0;

	if (!json_is_array(value))
		return emu_json_bad(at, value, "an array, [...]");
	if (json_array_size(value) > max)
		return emu_json_fail(at, "%zu elements, at most %zu are allowed",
				json_array_size(value), max);
	for (i = 0; i < json_array_size(value) && ret == 0; i++) {
		mark = emu_json_enter(at, NULL, i);
		ret = read(at, json_array_get(value, i), arg);
		emu_json_leave(at, mark);
	}
	return ret;
}

int
emu_json_u64(struct emu_json *at, const json_t *value, uint64_t min, uint64_t max, uint64_t *out)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
			(uint64_t)json_integer_value(value) < min ||
			(uint64_t)json_integer_value(value) > max)
		return emu_json_bad(at, value, "a number from %llu to %llu",
				(unsigned long long)min, (unsigned long long)max);
	*out = (uint64_t)json_integer_value(value);
	return 0;
}

int
emu_json_real(struct emu_json *at, const json_t *value, double min, double max, double *out)
{
	if (!json_is_number(value) || !(json_number_value(value) >= min) ||
			!(json_number_value(value) <= max))
		return emu_json_bad(at, value, "a number from %g to %g", min, max);
	*out = json_number_value(value);
	return 0;
}

int
emu_json_bool(struct emu_json *at, const json_t *value, bool *out)
{
	if (!json_is_boolean(value))
		return emu_json_bad(at, value, "true or false");
	*out = json_is_true(value);
	return 0;
}

int
emu_json_text(struct emu_json *at, const json_t *value, char *out, size_t size)
{
	if (!json_is_string(value) || json_string_length(value) == 0 ||
			json_string_length(value) >= size ||
			strlen(json_string_value(value)) != json_string_length(value))
		return emu_json_bad(at, value, "a text of 1 to %zu bytes", size - 1);
	strcpy(out, json_string_value(value));
	return 0;
}

int
emu_json_file(struct emu_json *at, const json_t *value, char *out, size_t size)
{
	const char *name = json_string_value(value);
	char *dir;
	int len;

	if (name == NULL || name[0] == '/' || name[0] == '\0')
		return emu_json_text(at, value, out, size);
	dir = getcwd(NULL, 0);
	if (dir == NULL)
		return emu_json_fail(at, "no current directory: %s", strerror(errno));
	len = snprintf(out, size, "%s/%s", dir, name);
	free(dir);
	if (len < 0 || (size_t)len >= size)
		return emu_json_bad(at, value,
				"a file's name of at most %zu bytes, directory included", size - 1);
	return 0;
}

int
emu_json_enum(struct emu_json *at, const json_t *value, const char *const *names, size_t nb_names,
		unsigned int *out)
{
	const char *text = json_string_value(value);
	char list[256] = "";
	size_t i, len = 0;

	for (i = 0; i < nb_names; i++) {
		if (text != NULL && strcmp(text, names[i]) == 0) {
			*out = (unsigned int)i;
			return 0;
		}
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s\"%s\"",
					i != 0 ? ", " : "", names[i]);
	}
	return emu_json_bad(at, value, "one of %s", list);
}

json_t *
emu_json_from_text(const char *text)
{
	size_t len = strlen(text);

	/* 18 digits always fit; a longer number stays a text, which no reader of numbers takes. */
	if (len > 0 && len <= 18 && strspn(text, "0123456789") == len)
		return json_integer(strtoll(text, NULL, 10));
	return json_string(text);
}
