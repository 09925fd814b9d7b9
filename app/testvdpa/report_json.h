/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the JSON of a scenario and that of typed flows have in common: accounts, gaps, indices,
 * faults. doc/guides/testvdpa.md has the schema. What is not known is null, never 0.
 */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <guest_ledger.h>

#include "json.h"
#include "ring_index.h"

/** The counters of an account, as members of the object that is open. */
void report_json_count(struct json *json, const struct guest_ledger_count *count);

/** "gap_ms". */
void report_json_gap(struct json *json, double median_ms, double max_ms);

/** A pair: available and used index. */
void report_json_index(struct json *json, const char *name, const struct ring_index *index);

/** "firmware_commands"; NULL: not known. */
void report_json_commands(struct json *json, const uint64_t *nb);

#define REPORT_JSON_TEXT_MAX 160u /**< of a fault */

/** "nb_faults" and "faults": @p nb there are, of which @p kept texts were kept. */
void report_json_faults(struct json *json, unsigned int nb,
		const char (*texts)[REPORT_JSON_TEXT_MAX], unsigned int kept);

#endif /* REPORT_JSON_H */
