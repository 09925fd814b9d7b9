/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The story "demo": two built-in guests A and B on the first two vDPA devices send each other
 * numbered packets; A gets memory while they do, B and then A are reset, and traffic goes on.
 */
#ifndef SCENARIO_DEMO_H
#define SCENARIO_DEMO_H

#include "scenario.h"

/**
 * Plays it, prints progress and report to stdout, writes the JSON report where attr asks for one.
 * @return 0 PASS, 1 FAIL, -errno where it could not be played
 */
int scenario_demo(const struct scenario_attr *attr);

#endif /* SCENARIO_DEMO_H */
