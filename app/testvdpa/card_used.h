/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The emulated card that the user has named, if there is one: by --card SOCKET or "card use".
 */
#ifndef CARD_USED_H
#define CARD_USED_H

#include <base_log.h>

#include "card.h"

/** Uses the card at this socket from now on, if one answers there; no thread may be asking the one
 * before. @return 0, or as card_ask(), with a sentence in the log */
int card_use(const char *path, const struct base_log *log);
/** Uses none. */
void card_use_none(void);

/** The card in use, or NULL. */
struct card *card_used(void);

#endif /* CARD_USED_H */
