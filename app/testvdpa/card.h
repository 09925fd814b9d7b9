/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A client of an emulated card's control socket (doc/guides/emulated-card-config.md): one JSON
 * object out, one back, each a line. Only for who names a socket; nothing else here knows whether a
 * device is emulated.
 *
 * Any thread may ask; one question at a time is under way, and each ends in a time that is given.
 */
#ifndef CARD_H
#define CARD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define CARD_WAIT_MS 10000u /**< enough for every question, on a busy machine */
#define CARD_WORDS_MAX 1024u /**< characters of a question */
#define CARD_ERROR_MAX 512u

struct card;

/** Text of what went wrong: "the card at PATH does not answer 'status'"; "" while nothing did. */
struct card_error {
	char text[CARD_ERROR_MAX];
};

/**
 * Remembers where a card listens; nothing is connected before the first question, and a connection
 * that broke is made anew by the next one.
 * @param wait_ms longest time for a question with its answer
 * @return 0, -ENAMETOOLONG, -ENOMEM
 */
int card_create(const char *path, unsigned int wait_ms, struct card **card);
/** NULL is fine. */
void card_destroy(struct card *card);
const char *card_path(const struct card *card);

/**
 * Asks in words apart by spaces, as behind 'mlx5emu ctl': "wire set 0 loss=every:100x1".
 * @param reply gets a new reference to the answer, an object
 * @return 0; -EREMOTEIO: the card says no, and why in @p error; -EINVAL: no words; -ETIMEDOUT,
 * -EPROTO: no answer in time, none that can be read; -errno of the socket
 */
int card_ask(struct card *card, const char *words, json_t **reply, struct card_error *error);

/** The same, of which only the effect is wanted. */
int card_tell(struct card *card, struct card_error *error, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

/** The function behind a vDPA device's name (PCI address or auxiliary device). @return as
 * card_ask(), and -ENODEV: none of this card's. */
int card_function(struct card *card, const char *device, unsigned int *function,
		struct card_error *error);

/** How many times the rule @p id has acted. @return as card_ask(), and -ENOENT: no such rule. */
int card_fired(struct card *card, const char *id, uint64_t *fired, struct card_error *error);

#endif /* CARD_H */
