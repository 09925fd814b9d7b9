/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A running card's control socket (emu_ctl.h), for tests that ask it hundreds of times a second.
 * One thread at a time. A card that does not answer, or says no, ends the test: the line on standard
 * output names the request.
 */
#ifndef CARD_CTL_H
#define CARD_CTL_H

#include <stdint.h>

#include <jansson.h>

#define CARD_CTL_MAX_CLASSES 64u

struct card_ctl;

/** Firmware objects of function 0, by class. */
struct card_ctl_objects {
	unsigned int nb;
	struct {
		char name[32];
		unsigned int nb;
	} classes[CARD_CTL_MAX_CLASSES];
};

/** @return NULL after a line that says why. */
struct card_ctl *card_ctl_open(const char *path);
void card_ctl_close(struct card_ctl *ctl); /**< NULL is fine */

/** One request of words apart by spaces, as after 'mlx5emu ctl'; the reply is a new reference. */
json_t *
card_ctl_ask(struct card_ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** The same, of which only the effect is wanted. */
void
card_ctl_tell(struct card_ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** The same, but the card may say no. @return 0 or -1. */
int card_ctl_try(struct card_ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** How many times rule @p id has acted. */
uint64_t card_ctl_fired(struct card_ctl *ctl, const char *id);
/** Commands that function 0 has executed. */
uint64_t card_ctl_commands(struct card_ctl *ctl);
void card_ctl_objects(struct card_ctl *ctl, struct card_ctl_objects *objects);
/** Prints the classes in which @p now has another number than @p then. @return how many. */
unsigned int
card_ctl_objects_diff(const struct card_ctl_objects *then, const struct card_ctl_objects *now);

#endif /* CARD_CTL_H */
