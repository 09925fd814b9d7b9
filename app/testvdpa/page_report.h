/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The report of a scenario as a page.
 */
#ifndef PAGE_REPORT_H
#define PAGE_REPORT_H

#include <stdio.h>

#include "scenario_report.h"
#include "timeline.h"

/**
 * Writes the page. @p timeline has one direction a direction of the report, in the same order (A to B,
 * B to A); NULL: rates are not known. The devices are asked for their drivers, so they must still be
 * there.
 * @return 0, -EIO, -ENOMEM
 */
int page_report_write(const struct scenario_report *report, struct timeline *timeline, FILE *out);

#endif /* PAGE_REPORT_H */
