/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Text and figures as a page shows them.
 */
#ifndef PAGE_TEXT_H
#define PAGE_TEXT_H

#include <stdint.h>
#include <stdio.h>

#define PAGE_FIGURE_LEN 32

/**
 * Writes @p text so that it means itself in XML and HTML, in elements and in attributes. Bytes that
 * are no UTF-8, and characters that XML does not have, become U+FFFD.
 */
void page_text(FILE *out, const char *text);

/** Characters (code points) of @p text, as page_text() would show it. */
unsigned int page_text_length(const char *text);

/**
 * Copies the first @p max characters of @p text, or as many as @p size has room for.
 * @return how many characters
 */
unsigned int page_text_head(const char *text, unsigned int max, char *head, size_t size);

/** "0.4 ms", "32 ms", "1.5 s", "12 s", "3:05 min", "2:03:05 h". */
void page_duration(char figure[PAGE_FIGURE_LEN], uint64_t ns);

/** A point in time: "12.34 s", "3:05.67", "2:03:05.67". */
void page_time(char figure[PAGE_FIGURE_LEN], uint64_t ns);

/** "950", "12.5k", "3M": three digits at most, without a zero at the end. */
void page_amount(char figure[PAGE_FIGURE_LEN], double amount);

#endif /* PAGE_TEXT_H */
