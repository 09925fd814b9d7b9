/* SPDX-License-Identifier: BSD-3-Clause */
/* Text that means itself, whatever it holds; figures that a person reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <base_math.h>

#include "page_text.h"

#define FFFD "\xef\xbf\xbd"

static const char *
written(const char *text)
{
	static char buf[256];
	FILE *out = fmemopen(buf, sizeof(buf), "w");

	buf[0] = '\0'; /* nothing is written behind no text */
	assert_non_null(out);
	page_text(out, text);
	fclose(out);
	return buf;
}

static void
test_markup_is_escaped(void **state)
{
	(void)state;
	assert_string_equal(written("a<b>&\"'"), "a&#60;b&#62;&#38;&#34;&#39;");
	assert_string_equal(written("tab\tand\nline"), "tab\tand\nline");
	assert_string_equal(written(""), "");
}

static void
test_what_xml_does_not_have_is_replaced(void **state)
{
	static const char *const bad[] = {
		"\x01", /* control characters */
		"\x1b", "\x7f", "\xc2\x85", "\x80", /* begins nothing */
		"\xff", "\xc3", /* ends too early */
	};

	(void)state;
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(bad); i++)
		assert_memory_equal(written(bad[i]), FFFD, 3);
	assert_string_equal(written("\xc3("), FFFD "("); /* the next one is not eaten */
	assert_string_equal(written("\xc0\xbc"), FFFD FFFD); /* a '<' in two bytes */
	assert_string_equal(written("\xe0\x80\xbc"), FFFD FFFD FFFD);
	assert_string_equal(written("\xed\xa0\x80"), FFFD FFFD FFFD); /* a surrogate */
	assert_string_equal(written("\xef\xbf\xbe"), FFFD FFFD FFFD); /* U+FFFE */
	assert_string_equal(written("\xf4\x90\x80\x80"), FFFD FFFD FFFD FFFD); /* U+110000 */
}

static void
test_utf8_stays(void **state)
{
	(void)state;
	assert_string_equal(written("Gr\xc3\xbc\xc3\x9f"
				    "e \xe2\x82\xac \xf0\x9f\x98\x80"),
			"Gr\xc3\xbc\xc3\x9f"
			"e \xe2\x82\xac \xf0\x9f\x98\x80");
	assert_int_equal(page_text_length("\xc3\xbc\xe2\x82\xac"), 2);
	assert_int_equal(page_text_length("\xff\xff"), 2);
}

static void
test_head_does_not_cut_characters(void **state)
{
	char head[6];

	(void)state;
	assert_int_equal(page_text_head("abc", 2, head, sizeof(head)), 2);
	assert_string_equal(head, "ab");
	assert_int_equal(page_text_head("ab", 5, head, sizeof(head)), 2);
	assert_string_equal(head, "ab");
	/* 3 + 3 bytes and the end do not fit into 6 */
	assert_int_equal(page_text_head("\xe2\x82\xac\xe2\x82\xac", 2, head, sizeof(head)), 1);
	assert_string_equal(head, "\xe2\x82\xac");
}

static void
test_durations(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0.0 ms" },
		{ 49999, "0.0 ms" },
		{ 1260000, "1.3 ms" },
		{ 9960000, "10 ms" },
		{ 32400000, "32 ms" },
		{ 999400000, "999 ms" },
		{ 999600000, "1.0 s" },
		{ 1450000000, "1.4 s" },
		{ 9960000000, "10 s" },
		{ 119400000000, "119 s" },
		{ 185000000000, "3:05 min" },
		{ 7385000000000, "2:03:05 h" },
	};
	char figure[PAGE_FIGURE_LEN];

	(void)state;
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(cases); i++) {
		page_duration(figure, cases[i].ns);
		assert_string_equal(figure, cases[i].text);
	}
	page_duration(figure, UINT64_MAX); /* has room */
}

static void
test_times(void **state)
{
	char figure[PAGE_FIGURE_LEN];

	(void)state;
	page_time(figure, 0);
	assert_string_equal(figure, "0.00 s");
	page_time(figure, 12349000000);
	assert_string_equal(figure, "12.34 s");
	page_time(figure, 185670000000);
	assert_string_equal(figure, "3:05.67");
	page_time(figure, 7385670000000);
	assert_string_equal(figure, "2:03:05.67");
	page_time(figure, UINT64_MAX);
}

static void
test_amounts(void **state)
{
	static const struct {
		double amount;
		const char *text;
	} cases[] = { { 0, "0" }, { 950, "950" }, { 999.6, "1k" }, { 12500, "12.5k" },
		{ 3000000, "3M" }, { 2e9, "2G" } };
	char figure[PAGE_FIGURE_LEN];

	(void)state;
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(cases); i++) {
		page_amount(figure, cases[i].amount);
		assert_string_equal(figure, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup_is_escaped),
		cmocka_unit_test(test_what_xml_does_not_have_is_replaced),
		cmocka_unit_test(test_utf8_stays),
		cmocka_unit_test(test_head_does_not_cut_characters),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_amounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
