/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What may happen to frames on a bad cable, on purpose. Pure: from the settings, the seed and the
 * number of frames so far follows what happens to the next one, the same in every run.
 */
#ifndef WIRE_MISHAP_H
#define WIRE_MISHAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_mishap {
	WIRE_MISHAP_LOSE,
	WIRE_MISHAP_DUPLICATE,
	WIRE_MISHAP_REORDER, /**< overtaken by the next frame */
	WIRE_MISHAP_CORRUPT, /**< one bit behind the Ethernet header is turned */
	WIRE_NB_MISHAPS,
};

/** When one kind of mishap happens. */
struct wire_chance {
	uint32_t ppm; /**< with this probability, in millionths */
	uint32_t every; /**< if not 0: to each frame whose number is a multiple, instead */
	uint32_t times; /**< so often at most; 0: no limit */
	uint32_t happened;
};

struct wire_mishaps {
	struct wire_chance chance[WIRE_NB_MISHAPS];
	uint64_t random; /**< state of the generator */
	uint64_t frames; /**< decided about so far */
};

/** What happens to one frame: bit i for mishap i. */
typedef uint32_t wire_fate;

/**
 * Reads "0" (never), "0.01" (probability, up to six digits), "every:100", each also with "xN" behind
 * it (N times at most). @return 0, -EINVAL (@p chance is as before).
 */
int wire_chance_parse(const char *text, struct wire_chance *chance);
/** The reverse. @return 0, -ENOSPC. */
int wire_chance_print(const struct wire_chance *chance, char *buf, size_t size);

/** Starts the sequence anew. */
void wire_mishaps_seed(struct wire_mishaps *mishaps, uint64_t seed);
/** May anything happen at all? */
bool wire_mishaps_any(const struct wire_mishaps *mishaps);
/** Decides about the next frame, without moving on to the one behind it. */
wire_fate wire_mishaps_decide(const struct wire_mishaps *mishaps);
/** The fate that was decided has come true; on to the next frame. */
void wire_mishaps_commit(struct wire_mishaps *mishaps, wire_fate fate);
/** Which bit of a frame of @p len bytes is turned; len > @p from, a byte offset. */
uint64_t wire_mishaps_bit(const struct wire_mishaps *mishaps, uint32_t from, uint32_t len);

#endif /* WIRE_MISHAP_H */
