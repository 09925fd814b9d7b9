/* SPDX-License-Identifier: BSD-3-Clause */
/** @file The flows that are kept, as JSON for programs; doc/guides/testvdpa.md has the schema. */
#ifndef FLOW_JSON_H
#define FLOW_JSON_H

#include <stdio.h>

#include "flow.h"
#include "json.h"

/** One flow as an object of an array. */
void flow_json_record(struct json *json, const struct flow_record *record);

/** All of flow_history() on one line. @return 0, -ENOMEM, -EIO where @p out could not be written */
int flow_json(FILE *out);

#endif /* FLOW_JSON_H */
