/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Reading a configuration: checked values out of JSON (or out of an option's text), and one clear
 * sentence when one is wrong: where it stands, what it is, what is allowed.
 *
 * All functions return 0 or -EINVAL after emu_json_fail() has written the sentence.
 */
#ifndef EMU_JSON_H
#define EMU_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base_math.h"

#define EMU_JSON_ERROR 512

/** Where we are in the text, and where the sentence goes. Zero it, set @c source. */
struct emu_json {
	const char *source; /**< "card.json", "--functions" */
	char path[192]; /**< "functions[1].mac"; "" at the top */
	char error[EMU_JSON_ERROR];
};

/** Reads one value; @p arg is what emu_json_object() was given. */
typedef int (*emu_json_fn)(struct emu_json *at, const json_t *value, void *arg);

struct emu_json_key {
	const char *key;
	emu_json_fn read;
};

/** Writes "SOURCE: PATH: ..." as the error. @return -EINVAL. */
int emu_json_fail(struct emu_json *at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** Writes "SOURCE: PATH is VALUE, but must be ..." as the error. @return -EINVAL. */
int emu_json_bad(struct emu_json *at, const json_t *value, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));

/** Steps into ".key" or "[index]" (key NULL); @return what emu_json_leave() wants back. */
size_t emu_json_enter(struct emu_json *at, const char *key, size_t index);
void emu_json_leave(struct emu_json *at, size_t mark);

/** Calls the readers of the keys that @p value has; others are refused, with a list. */
int emu_json_object(struct emu_json *at, const json_t *value, const struct emu_json_key *keys,
		size_t nb_keys, void *arg);
/** Reads one member whose name is not known beforehand. */
typedef int (*emu_json_member_fn)(struct emu_json *at, const char *name, const json_t *value,
		void *arg);
/** Calls @p read for each member of an object. */
int emu_json_members(struct emu_json *at, const json_t *value, emu_json_member_fn read, void *arg);
/** Calls @p read for each element of an array of at most @p max. */
int
emu_json_array(struct emu_json *at, const json_t *value, size_t max, emu_json_fn read, void *arg);

int
emu_json_u64(struct emu_json *at, const json_t *value, uint64_t min, uint64_t max, uint64_t *out);
int emu_json_real(struct emu_json *at, const json_t *value, double min, double max, double *out);
int emu_json_bool(struct emu_json *at, const json_t *value, bool *out);
/** A text of 1 to @p size - 1 bytes without NUL. */
int emu_json_text(struct emu_json *at, const json_t *value, char *out, size_t size);
/** A file's name; a relative one is made absolute, from the directory the process is in now. */
int emu_json_file(struct emu_json *at, const json_t *value, char *out, size_t size);
/** One of @p names; its position goes to @p out. */
int emu_json_enum(struct emu_json *at, const json_t *value, const char *const *names,
		size_t nb_names, unsigned int *out);

/** A JSON value made of an option's text: a number if it looks like one, else a string. */
json_t *emu_json_from_text(const char *text);

#endif /* EMU_JSON_H */
