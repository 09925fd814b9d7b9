/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: everything is nanoseconds inside and microseconds outside, because that is
 * the size of a command.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "emu_time.h"

static int
emu_time_parse(const char *text, double *us)
{
	static const struct {
		const char *unit;
		double us;
	} units[] = { { "us", 1 }, { "ms", 1e3 }, { "s", 1e6 }, { "ns", 1e-3 } };
	char *end;
	size_t i;

	*us = strtod(text, &end);
	if (end == text)
		return -1;
	for (i = 0; i < BASE_ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*us *= units[i].us;
			return 0;
		}
	}
	return -1;
}

int
emu_time_read(struct emu_json *at, const json_t *value, uint64_t max_ns, uint64_t *ns)
{
	double us = -1;

	if (json_is_number(value))
		us = json_number_value(value);
	else if (!json_is_string(value) || emu_time_parse(json_string_value(value), &us) != 0)
		us = -1;
	if (!isfinite(us) || us < 0 || us * 1e3 > (double)max_ns)
		return emu_json_bad(at, value,
				"a time from 0 to %llu us: a number of microseconds, or \"600us\", "
				"\"1.5ms\", \"2s\"",
				(unsigned long long)(max_ns / 1000));
	*ns = (uint64_t)(us * 1e3 + 0.5);
	return 0;
}

json_t *
emu_time_show(uint64_t ns)
{
	return ns % 1000 == 0 ? json_integer((json_int_t)(ns / 1000)) : json_real((double)ns / 1e3);
}
