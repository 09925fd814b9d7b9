/* SPDX-License-Identifier: BSD-3-Clause */
/** @file An empty report in *state, for tests of what is made of one. */
#ifndef A_REPORT_H
#define A_REPORT_H

#include "scenario_report.h"

int a_report_setup(void **state);
int a_report_teardown(void **state);

#endif /* A_REPORT_H */
