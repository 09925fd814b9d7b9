/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a growing array of pointers. The search for a free slot goes round, so a
 * number that was just given back is the last to be given again, and whoever still holds it gets
 * "no such object" instead of somebody else's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base_idtab.h"

#define BASE_IDTAB_MIN_SLOTS 64u

void
base_idtab_init(struct base_idtab *tab, uint32_t first, uint32_t max)
{
	memset(tab, 0, sizeof(*tab));
	tab->first = first;
	tab->max = max;
}

void
base_idtab_fini(struct base_idtab *tab)
{
	free(tab->objs);
	memset(tab, 0, sizeof(*tab));
}

static int
base_idtab_grow(struct base_idtab *tab)
{
	uint32_t nb = tab->nb_slots == 0 ? BASE_IDTAB_MIN_SLOTS : tab->nb_slots * 2;
	void **objs;

	if (nb > tab->max || nb < tab->nb_slots)
		nb = tab->max;
	objs = realloc(tab->objs, (size_t)nb * sizeof(*objs));
	if (objs == NULL)
		return -ENOMEM;
	memset(objs + tab->nb_slots, 0, (size_t)(nb - tab->nb_slots) * sizeof(*objs));
	tab->objs = objs;
	tab->next = tab->nb_slots;
	tab->nb_slots = nb;
	return 0;
}

int
base_idtab_add(struct base_idtab *tab, void *obj, uint32_t *id)
{
	int ret;

	if (tab->nb_used == tab->max)
		return -ENOSPC;
	/* Growing at half load keeps the search short and reuse late. */
	if (tab->nb_slots < tab->max && tab->nb_used >= tab->nb_slots / 2) {
		ret = base_idtab_grow(tab);
		if (ret != 0)
			return ret;
	}
	for (;;) {
		uint32_t slot = tab->next;

		tab->next = slot + 1 == tab->nb_slots ? 0 : slot + 1;
		if (tab->objs[slot] == NULL) {
			tab->objs[slot] = obj;
			tab->nb_used++;
			*id = tab->first + slot;
			return 0;
		}
	}
}

void *
base_idtab_get(const struct base_idtab *tab, uint32_t id)
{
	if (id < tab->first || id - tab->first >= tab->nb_slots)
		return NULL;
	return tab->objs[id - tab->first];
}

void *
base_idtab_del(struct base_idtab *tab, uint32_t id)
{
	void *obj = base_idtab_get(tab, id);

	if (obj != NULL) {
		tab->objs[id - tab->first] = NULL;
		tab->nb_used--;
	}
	return obj;
}

void *
base_idtab_next(const struct base_idtab *tab, uint32_t *id)
{
	uint32_t slot = *id < tab->first ? 0 : *id - tab->first;

	for (; slot < tab->nb_slots; slot++) {
		if (tab->objs[slot] != NULL) {
			*id = tab->first + slot;
			return tab->objs[slot];
		}
	}
	return NULL;
}
