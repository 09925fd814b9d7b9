/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Writes JSON to a stream, value by value; commas and quoting are its business.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** A document in the making; initialise with the stream and zeros. */
struct json {
	FILE *out;
	bool comma; /**< the next value follows another one */
};

/** Opens an object or array, as member @p name, or nameless (NULL) in an array or at the top. */
void json_open(struct json *json, const char *name, char bracket);
/** Closes what was opened last; @p bracket is '}' or ']'. */
void json_close(struct json *json, char bracket);
void json_u64(struct json *json, const char *name, uint64_t value);
void json_int(struct json *json, const char *name, int64_t value);
/** A number with a fraction; three digits behind the point are kept. */
void json_real(struct json *json, const char *name, double value);
void json_bool(struct json *json, const char *name, bool value);
/** Text; bytes below 0x20, '"' and '\' are escaped; NULL becomes null. */
void json_text(struct json *json, const char *name, const char *value);

#endif /* JSON_H */
