/* SPDX-License-Identifier: BSD-3-Clause */
/* The difference of sequences, as text: " a" in both, "-a" only in the first, "+a" in the second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "trace_diff.h"

#define MAX 16u

/* One-letter texts. */
struct letters {
	char text[MAX][2];
	const char *lines[MAX];
	size_t nb;
};

static struct letters a, b;
static char result[256];

static void
fill(struct letters *l, const char *text)
{
	for (l->nb = 0; text[l->nb] != '\0'; l->nb++) {
		l->text[l->nb][0] = text[l->nb];
		l->text[l->nb][1] = '\0';
		l->lines[l->nb] = l->text[l->nb];
	}
}

static void
on_edit(void *arg, enum trace_edit edit, size_t i, size_t j)
{
	char sign = edit == TRACE_SAME ? ' ' : edit == TRACE_ONLY_A ? '-' : '+';

	if (edit == TRACE_SAME)
		assert_string_equal(a.lines[i], b.lines[j]);
	snprintf(result + strlen(result), sizeof(result) - strlen(result), "%c%s", sign,
			edit == TRACE_ONLY_B ? b.lines[j] : a.lines[i]);
}

static const char *
diff(const char *text_a, const char *text_b)
{
	struct trace_diff d = { .a = a.lines, .b = b.lines, .fn = on_edit };

	fill(&a, text_a);
	fill(&b, text_b);
	d.nb_a = a.nb;
	d.nb_b = b.nb;
	result[0] = '\0';
	assert_int_equal(0, trace_diff(&d));
	return result;
}

static void
test_diff(void **state)
{
	assert_string_equal("", diff("", ""));
	assert_string_equal(" a b", diff("ab", "ab"));
	assert_string_equal("-a-b", diff("ab", ""));
	assert_string_equal("+a+b", diff("", "ab"));
	assert_string_equal(" a+x b", diff("ab", "axb"));
	assert_string_equal(" a-x b", diff("axb", "ab"));
	assert_string_equal("-a+b", diff("a", "b"));
	assert_string_equal(" a a+a", diff("aa", "aaa"));
	/* the longest of all common parts */
	assert_string_equal("-a+c b+a c", diff("abc", "cbac"));
	assert_string_equal(" q-w-e r t+z", diff("qwert", "qrtz"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
