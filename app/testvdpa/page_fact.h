/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What was run, where and when: the list at the top of a page.
 */
#ifndef PAGE_FACT_H
#define PAGE_FACT_H

#include <time.h>

#include "page.h"

#define PAGE_FACTS_MAX 16
#define PAGE_FACT_LEN 1024

/** Facts and the memory of their values. */
struct page_facts {
	unsigned int nb;
	struct page_fact facts[PAGE_FACTS_MAX];
	char values[PAGE_FACTS_MAX][PAGE_FACT_LEN];
};

/** Adds one; @p name is not copied. What does not fit is cut off, or left out. */
void page_facts_add(struct page_facts *facts, const char *name, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));

/** Adds a vDPA device: name, driver, arguments. */
void page_facts_device(struct page_facts *facts, const char *device);

/** Adds the program's side: DPDK's version, machine, date, command line. */
void page_facts_program(struct page_facts *facts, time_t when);

#endif /* PAGE_FACT_H */
