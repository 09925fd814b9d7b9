/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the digits are read by hand, not by strtoull(), which takes blanks, signs
 * and what wraps for good. Then a unit, then the end of the word: anything else is no number. A
 * number that does not fit 64 bits is read as the largest one, which is out of every range.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <base_math.h>

#include "value.h"

#define VALUE_TEXT_MAX 32

static int
value_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads digits; @return what follows them, @text itself where there are none. @n: saturates. */
static const char *
value_digits(const char *text, unsigned int base, uint64_t *n)
{
	int digit;

	for (*n = 0; (digit = value_digit(*text)) >= 0 && (unsigned int)digit < base; text++) {
		if (!base_mul_ok(*n, base, n) || !base_add_ok(*n, (unsigned int)digit, n))
			*n = UINT64_MAX;
	}
	return text;
}

static const char *
value_whole(const char *text, uint64_t *n)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *from = hex ? text + 2 : text;
	const char *end = value_digits(from, hex ? 16 : 10, n);

	return end == from ? text : end;
}

/* As people write it: 64M, not 67108864. */
static void
value_size_text(uint64_t bytes, char text[VALUE_TEXT_MAX])
{
	static const char units[] = "KMGT";
	unsigned int unit = 0;

	while (bytes != 0 && bytes % 1024 == 0 && unit < sizeof(units) - 1) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, VALUE_TEXT_MAX, "%" PRIu64 "%.1s", bytes, unit > 0 ? &units[unit - 1] : "");
}

int
value_number(const struct value_range *range, const char *text, const struct base_log *log,
		uint64_t *n)
{
	uint64_t value;
	const char *end = value_whole(text, &value);

	if (end == text || *end != '\0') {
		base_err(log, "%s '%s' is no number", range->name, text);
		return -EINVAL;
	}
	if (value < range->min || value > range->max || value == UINT64_MAX) {
		base_err(log, "%s %s is out of range, possible are %" PRIu64 " to %" PRIu64,
				range->name, text, range->min, range->max);
		return -ERANGE;
	}
	*n = value;
	return 0;
}

int
value_size(const struct value_range *range, const char *text, const struct base_log *log,
		uint64_t *bytes)
{
	static const char units[] = "KMGT";
	char least[VALUE_TEXT_MAX];
	char most[VALUE_TEXT_MAX];
	uint64_t value;
	const char *end = value_whole(text, &value);
	const char *unit = *end == '\0' ? NULL : strchr(units, *end);

	if (end == text || (*end != '\0' && (unit == NULL || end[1] != '\0'))) {
		base_err(log, "%s '%s' is no size (a number, or one with K, M, G or T behind it)",
				range->name, text);
		return -EINVAL;
	}
	if (unit != NULL && !base_mul_ok(value, 1ULL << (10 * (unit - units + 1)), &value))
		value = UINT64_MAX;
	if (value < range->min || value > range->max || value == UINT64_MAX) {
		value_size_text(range->min, least);
		value_size_text(range->max, most);
		base_err(log, "%s %s is out of range, possible are %s to %s", range->name, text,
				least, most);
		return -ERANGE;
	}
	*bytes = value;
	return 0;
}

int
value_queue(const char *text, unsigned int nb, const struct base_log *log, uint16_t *queue)
{
	struct value_range range = { "queue", 0, nb - 1 };
	uint64_t n;
	int ret;

	if (nb == 0) {
		base_err(log, "queue '%s': there are no queues", text);
		return -ERANGE;
	}
	ret = value_number(&range, text, log, &n);
	if (ret == 0)
		*queue = (uint16_t)n;
	return ret;
}

/* Thousandths behind a point, at most three digits; @return what follows, NULL: too many. */
static const char *
value_thousandths(const char *text, uint64_t *n)
{
	const char *end = value_digits(text, 10, n);
	size_t nb = (size_t)(end - text);

	for (; nb < 3; nb++)
		*n *= 10;
	return end == text || nb > 3 ? NULL : end;
}

int
value_seconds(const struct value_range *range_ms, const char *text, const struct base_log *log,
		uint64_t *ms)
{
	uint64_t whole;
	uint64_t part = 0;
	const char *end = value_digits(text, 10, &whole);
	bool good = end != text;

	if (good && *end == '.')
		end = value_thousandths(end + 1, &part);
	if (!good || end == NULL || *end != '\0') {
		base_err(log, "%s '%s' is no number of seconds (3 or 0.5, to the millisecond)",
				range_ms->name, text);
		return -EINVAL;
	}
	if (!base_mul_ok(whole, 1000, &whole) || !base_add_ok(whole, part, &whole) ||
			whole < range_ms->min || whole > range_ms->max) {
		base_err(log, "%s %s is out of range, possible are %g to %g seconds",
				range_ms->name, text, (double)range_ms->min / 1000,
				(double)range_ms->max / 1000);
		return -ERANGE;
	}
	*ms = whole;
	return 0;
}
