/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Scenarios that the program plays by itself with two built-in guests, and judges.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>
#include <stdio.h>

/** What to play. */
struct scenario_attr {
	const char *name; /**< which scenario: "reset", "all", ... */
	const char *json_path; /**< where the report goes as JSON, or NULL */
	const char *html_path; /**< where it goes as a page, or NULL */
	const char *card_path; /**< control socket of the emulated card, or NULL */
	unsigned int queue_pairs; /**< of each guest */
	unsigned int iterations; /**< how often what can be repeated is played */
	unsigned int seed; /**< of what is left to chance (soak) */
	unsigned int patience_ms; /**< how long a stream may be silent before it is dead */
	bool packed; /**< the guests' rings */
	int stop_fd; /**< readable when the user wants the end (signalfd); -1: none */
};

/**
 * Plays one scenario, or all, on the devices that EAL found; attaches and detaches them itself
 * (port.h). The caller's thread does the work; SIGINT and SIGTERM are blocked and seen through
 * stop_fd.
 * @return 0 PASS, 1 FAIL, -errno where it could not be played (-ENOENT: no such scenario)
 */
int scenario_run(const struct scenario_attr *attr);

/** Prints the names of all scenarios on one line, each with @p before it. */
void scenario_names(const char *before, FILE *out);

#endif /* SCENARIO_H */
