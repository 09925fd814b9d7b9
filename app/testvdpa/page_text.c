/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: names come from a user (files, sockets, guests) and from a driver, so they may
 * hold any byte. page_next() takes one character off a text and says which; everything that cannot
 * stand in an XML 1.0 document (section 2.2, "Char") is U+FFFD. Five characters have a meaning and are
 * written as entities that XML and HTML share.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "page_text.h"

#define PAGE_REPLACEMENT 0xfffdu

/** Sequences of UTF-8 by length: bits of the first byte, and the lowest character. */
struct page_sequence {
	unsigned char mask, value;
	uint32_t lowest;
};

static const struct page_sequence sequences[] = {
	{ 0x80, 0x00, 0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

static bool
page_allowed(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	if (c >= 0x7f && c < 0xa0) /* XML has them, but nobody can see them */
		return false;
	return c < 0xd800 || (c >= 0xe000 && c < 0xfffe) || (c >= 0x10000 && c < 0x110000);
}

/* Takes a character off @text; a byte that begins none counts as one. */
static uint32_t
page_next(const char **text)
{
	const unsigned char *bytes = (const unsigned char *)*text;
	unsigned int more = 0;
	uint32_t c;

	while (more < BASE_ARRAY_SIZE(sequences) &&
			(bytes[0] & sequences[more].mask) != sequences[more].value)
		more++;
	*text += 1;
	if (more == BASE_ARRAY_SIZE(sequences))
		return PAGE_REPLACEMENT;
	c = bytes[0] & (unsigned char)~sequences[more].mask;
	for (unsigned int i = 1; i <= more; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return PAGE_REPLACEMENT;
		c = c << 6 | (bytes[i] & 0x3fu);
	}
	if (c < sequences[more].lowest || !page_allowed(c))
		return PAGE_REPLACEMENT;
	*text += more;
	return c;
}

void
page_text(FILE *out, const char *text)
{
	while (*text != '\0') {
		const char *from = text;
		uint32_t c = page_next(&text);

		if (c == PAGE_REPLACEMENT)
			fputs("\xef\xbf\xbd", out);
		else if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
			fprintf(out, "&#%" PRIu32 ";", c);
		else
			fprintf(out, "%.*s", (int)(text - from), from);
	}
}

unsigned int
page_text_length(const char *text)
{
	unsigned int nb = 0;

	for (; *text != '\0'; nb++)
		(void)page_next(&text);
	return nb;
}

unsigned int
page_text_head(const char *text, unsigned int max, char *head, size_t size)
{
	const char *end = text;
	unsigned int nb = 0;

	while (nb < max && *end != '\0') {
		const char *next = end;

		(void)page_next(&next);
		if ((size_t)(next - text) >= size)
			break;
		end = next;
		nb++;
	}
	memcpy(head, text, (size_t)(end - text));
	head[end - text] = '\0';
	return nb;
}

void
page_duration(char figure[PAGE_FIGURE_LEN], uint64_t ns)
{
	double ms = (double)ns / (double)BASE_NS_PER_MS;
	uint64_t s = (ns + BASE_NS_PER_S / 2) / BASE_NS_PER_S;

	if (ms < 9.95)
		snprintf(figure, PAGE_FIGURE_LEN, "%.1f ms", ms);
	else if (ms < 999.5)
		snprintf(figure, PAGE_FIGURE_LEN, "%.0f ms", ms);
	else if (ms < 9950)
		snprintf(figure, PAGE_FIGURE_LEN, "%.1f s", ms / 1000);
	else if (s < 120)
		snprintf(figure, PAGE_FIGURE_LEN, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(figure, PAGE_FIGURE_LEN, "%" PRIu64 ":%02" PRIu64 " min", s / 60, s % 60);
	else
		snprintf(figure, PAGE_FIGURE_LEN, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " h",
				s / 3600, s / 60 % 60, s % 60);
}

void
page_time(char figure[PAGE_FIGURE_LEN], uint64_t ns)
{
	uint64_t cs = ns / (BASE_NS_PER_S / 100), s = cs / 100;

	cs %= 100;
	if (s < 120)
		snprintf(figure, PAGE_FIGURE_LEN, "%" PRIu64 ".%02" PRIu64 " s", s, cs);
	else if (s < 3600)
		snprintf(figure, PAGE_FIGURE_LEN, "%" PRIu64 ":%02" PRIu64 ".%02" PRIu64, s / 60,
				s % 60, cs);
	else
		snprintf(figure, PAGE_FIGURE_LEN,
				"%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%02" PRIu64, s / 3600,
				s / 60 % 60, s % 60, cs);
}

void
page_amount(char figure[PAGE_FIGURE_LEN], double amount)
{
	static const char units[][2] = { "", "k", "M", "G" };
	unsigned int unit = 0;

	for (; amount >= 999.5 && unit + 1 < BASE_ARRAY_SIZE(units); unit++)
		amount /= 1000;
	snprintf(figure, PAGE_FIGURE_LEN, "%.3g%s", amount, units[unit]);
}
