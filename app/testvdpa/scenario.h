/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Stories that the program plays by itself with built-in guests, and judges.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

/** What to play. */
struct scenario_attr {
	const char *name; /**< which story, "demo" for example */
	const char *json_path; /**< where the report goes as JSON, or NULL */
	unsigned int hot_adds; /**< how often memory is added */
	unsigned int queue_pairs; /**< of each guest */
	int stop_fd; /**< readable when the user wants the end (signalfd); -1: none */
};

/**
 * Plays one story on the devices that EAL found; attaches and detaches them itself (port.h).
 * The caller's thread does the work; SIGINT and SIGTERM are blocked and seen through stop_fd.
 * @return 0 PASS, 1 FAIL, -errno where it could not be played (-ENOENT: no such story)
 */
int scenario_run(const struct scenario_attr *attr);

#endif /* SCENARIO_H */
