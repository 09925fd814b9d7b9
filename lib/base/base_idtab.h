/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A table that gives small numbers to objects and finds them again: firmware object numbers,
 * uverbs handles. Lookup of a number that was never given, or was given back, finds nothing.
 * A number is reused only after all others below the limit were (so a stale one is caught).
 * Not thread-safe: the owner's lock covers it.
 */
#ifndef BASE_IDTAB_H
#define BASE_IDTAB_H

#include <stdint.h>

struct base_idtab {
	void **objs; /**< by number - first; NULL where free */
	uint32_t first; /**< lowest number given */
	uint32_t nb_slots; /**< length of @c objs */
	uint32_t max; /**< numbers are first .. first + max - 1 */
	uint32_t next; /**< where the search for a free slot begins */
	uint32_t nb_used;
};

/** Prepares an empty table that gives numbers @p first .. @p first + @p max - 1. */
void base_idtab_init(struct base_idtab *tab, uint32_t first, uint32_t max);

/** Frees the table's own memory, not the objects. */
void base_idtab_fini(struct base_idtab *tab);

/**
 * Gives @p obj a number.
 * @return 0, -ENOSPC when all numbers are taken, -ENOMEM.
 */
int base_idtab_add(struct base_idtab *tab, void *obj, uint32_t *id);

/** The object of number @p id, or NULL. */
void *base_idtab_get(const struct base_idtab *tab, uint32_t id);

/** Takes a number back; @return the object that had it, or NULL. */
void *base_idtab_del(struct base_idtab *tab, uint32_t id);

/**
 * The first object at or after number @p *id, whose number is stored back; NULL at the end.
 * To visit all: start with *id = 0 and add 1 after each visit.
 */
void *base_idtab_next(const struct base_idtab *tab, uint32_t *id);

#endif /* BASE_IDTAB_H */
