/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a table is a list of direct keys, which it may share with other tables, and
 * an indirect key over them. All tables are in one list. A table that is asked for is cut into the
 * pieces that keys exist for and those that need one (mvdpa_mem_cut.h); if all pieces are the keys
 * of one table, then that table it is, and nothing has to be done. Otherwise the missing keys are
 * made side by side on the pool, then the indirect key, and the new table joins the list. Until
 * that has succeeded nothing else is touched, so an error leaves everything as it was.
 *
 * A table is made ready when its message comes in, while the queues run on the one in force. vhost
 * then stops the queues and maps the table; dev_conf finds it again, by what it is made of, and
 * puts it in force. It does not matter whether that comes at once, later or never, or after
 * another message: an unused table that was prepared goes when the next one is prepared, any other
 * one when mvdpa_mem_trim() says that queues name the current one only.
 */
#include "mvdpa_mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "guard_table.h"
#include "mvdpa_mem_cut.h"

struct mvdpa_mem_set {
	struct mvdpa_mem_set *next;
	bool used; /* was in force: queues may name it */
	uint32_t nb;
	struct mvdpa_mem_key **keys; /* by ascending guest address */
	uint32_t nb_entries; /* of the indirect key */
	struct devx_obj *mkey;
};

/* --- tables ---------------------------------------------------------------------------------- */

static int
mem_drop_key(void *arg, unsigned int i)
{
	struct mvdpa_mem_key **doomed = arg;

	mvdpa_mem_key_destroy(doomed[i]);
	return 0;
}

/* Gives back a table that is not in the list, and the keys that no other one has. */
static void
mem_table_free(struct mvdpa_mem *mem, struct mvdpa_mem_set *table)
{
	struct mvdpa_mem_key *doomed[MVDPA_MEM_MAX_REGIONS];
	unsigned int i, nb = 0;

	devx_obj_destroy(table->mkey); /* before the keys that it names */
	for (i = 0; table->keys != NULL && i < table->nb; i++) {
		if (table->keys[i] != NULL && --table->keys[i]->users == 0)
			doomed[nb++] = table->keys[i];
	}
	if (nb != 0)
		mvdpa_pool_run(mem->pool, nb, mem_drop_key, doomed);
	free(table->keys);
	free(table);
}

static void
mem_table_drop(struct mvdpa_mem *mem, struct mvdpa_mem_set *table)
{
	struct mvdpa_mem_set **at;

	for (at = &mem->tables; *at != table; at = &(*at)->next)
		;
	*at = table->next;
	mem_table_free(mem, table);
}

static int
mem_table_mkey(struct mvdpa_mem *mem, const struct mvdpa_mem_plan *plan,
		struct mvdpa_mem_set *table)
{
	struct devx_mkey_attr attr = {
		.start = plan->start,
		.len = plan->size,
		.log_entry_size = plan->log_entry_size,
		.nb_klms = plan->nb_entries,
	};
	struct devx_klm *klms;
	uint32_t i;
	int ret;

	klms = calloc(plan->nb_entries, sizeof(*klms));
	if (klms == NULL)
		return -ENOMEM;
	for (i = 0; i < plan->nb_entries; i++) {
		const struct mvdpa_mem_entry *e = &plan->entries[i];

		klms[i].byte_count = e->size;
		klms[i].address = e->region >= 0 ? e->gpa : 0;
		klms[i].key = e->region >= 0 ? devx_mr_key(table->keys[e->region]->mr) :
					       devx_null_key(mem->devx);
	}
	attr.klms = klms;
	ret = devx_mkey_create(mem->devx, &attr, &table->mkey);
	free(klms);
	return ret;
}

/* --- from regions to a table ----------------------------------------------------------------- */

/* What is worked on while a table is sought. */
struct mem_search {
	struct mvdpa_mem *mem;
	const struct mvdpa_mem_region *regions; /* what is wanted */
	uint32_t nb_regions;
	struct mvdpa_mem_key **known; /* all keys that there are */
	struct mvdpa_mem_piece pieces[MVDPA_MEM_MAX_REGIONS];
	uint32_t nb;
	uint32_t missing[MVDPA_MEM_MAX_REGIONS]; /* pieces that need a key */
	struct mvdpa_mem_set *table; /* being made */
};

static uint32_t
mem_known_add(struct mvdpa_mem_key **known, uint32_t nb, const struct mvdpa_mem_set *table)
{
	memcpy(&known[nb], table->keys, table->nb * sizeof(*known));
	return nb + table->nb;
}

/* Cuts the regions by the keys that there are, those of @p first before others. */
static int
mem_search_cut(struct mem_search *s, const struct mvdpa_mem_set *first)
{
	const struct mvdpa_mem_set *t;
	struct mvdpa_mem_known known = { 0 };
	size_t room = first != NULL ? first->nb : 0;
	uint32_t i;

	for (t = s->mem->tables; t != NULL; t = t->next)
		room += t->nb;
	s->known = calloc(room + 1, sizeof(*s->known));
	known.regions = calloc(room + 1, sizeof(*known.regions));
	if (s->known != NULL && known.regions != NULL) {
		if (first != NULL)
			known.nb = mem_known_add(s->known, known.nb, first);
		for (t = s->mem->tables; t != NULL; t = t->next)
			known.nb = mem_known_add(s->known, known.nb, t);
		for (i = 0; i < known.nb; i++)
			known.regions[i] = &s->known[i]->region;
		s->nb = mvdpa_mem_cut(s->regions, s->nb_regions, &known, s->pieces);
	}
	free(known.regions);
	return s->nb != 0 ? 0 : -ENOMEM;
}

static bool
mem_search_is(const struct mem_search *s, const struct mvdpa_mem_set *table)
{
	uint32_t i;

	if (table->nb != s->nb)
		return false;
	for (i = 0; i < s->nb; i++) {
		if (s->pieces[i].known < 0 || s->known[s->pieces[i].known] != table->keys[i])
			return false;
	}
	return true;
}

static int
mem_make_key(void *arg, unsigned int i)
{
	struct mem_search *s = arg;
	uint32_t piece = s->missing[i];
	struct mvdpa_mem_key **key = &s->table->keys[piece];
	int ret;

	ret = mvdpa_mem_key_create(s->mem->devx, s->mem->log, &s->pieces[piece].region, key);
	if (ret == 0)
		(*key)->users = 1;
	return ret;
}

static int
mem_make_keys(struct mem_search *s)
{
	uint32_t i, nb = 0;

	for (i = 0; i < s->nb; i++) {
		if (s->pieces[i].known < 0) {
			s->missing[nb++] = i;
			continue;
		}
		s->table->keys[i] = s->known[s->pieces[i].known];
		s->table->keys[i]->users++;
	}
	return nb != 0 ? mvdpa_pool_run(s->mem->pool, nb, mem_make_key, s) : 0;
}

static int
mem_plan_pieces(const struct mem_search *s, const struct base_log *log, struct mvdpa_mem_plan *plan)
{
	const struct mvdpa_mem_limits limits = { .page_size = devx_dev_page_size(s->mem->devx),
		.max_klms = s->mem->max_klms };
	struct mvdpa_mem_region regions[MVDPA_MEM_MAX_REGIONS];
	uint32_t i;

	for (i = 0; i < s->nb; i++)
		regions[i] = s->pieces[i].region;
	return mvdpa_mem_plan_make(regions, s->nb, &limits, log, plan);
}

/*
 * Makes a plan of the pieces: this is where a table that cannot be served is refused. Memory that
 * grew little by little may be too many pieces for the card; then new keys are made for all of it.
 */
static int
mem_search_plan(struct mem_search *s, struct mvdpa_mem_plan *plan)
{
	const struct mvdpa_mem_known none = { 0 };

	if (mem_plan_pieces(s, NULL, plan) == 0)
		return 0;
	s->nb = mvdpa_mem_cut(s->regions, s->nb_regions, &none, s->pieces);
	return mem_plan_pieces(s, s->mem->log, plan);
}

static int
mem_search_make(struct mem_search *s)
{
	struct mvdpa_mem_plan plan;
	int ret;

	ret = mem_search_plan(s, &plan);
	if (ret != 0)
		return ret;
	ret = -ENOMEM;
	s->table = calloc(1, sizeof(*s->table));
	if (s->table == NULL)
		goto free_plan;
	s->table->nb = s->nb;
	s->table->nb_entries = plan.nb_entries;
	s->table->keys = calloc(s->nb, sizeof(*s->table->keys));
	if (s->table->keys == NULL)
		goto free_table;
	ret = mem_make_keys(s);
	if (ret == 0)
		ret = mem_table_mkey(s->mem, &plan, s->table);
	if (ret != 0)
		goto free_table;
	base_info(s->mem->log, "memory table over 0x%" PRIx64 " bytes: %u keys, %u entries%s",
			plan.size, s->nb, plan.nb_entries,
			plan.log_entry_size != 0 ? " of one size" : "");
	mvdpa_mem_plan_free(&plan);
	s->table->next = s->mem->tables;
	s->mem->tables = s->table;
	return 0;

free_table:
	mem_table_free(s->mem, s->table);
free_plan:
	mvdpa_mem_plan_free(&plan);
	return ret;
}

/* The table over these regions: one that there is, or a new one. */
static int
mem_table_get(struct mvdpa_mem *mem, const struct mvdpa_mem_region *regions, uint32_t nb,
		const struct mvdpa_mem_set *first, struct mvdpa_mem_set **table)
{
	struct mem_search *s;
	int ret;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->mem = mem;
	s->regions = regions;
	s->nb_regions = nb;
	ret = mem_search_cut(s, first);
	for (*table = mem->tables; ret == 0 && *table != NULL; *table = (*table)->next) {
		if (mem_search_is(s, *table))
			break;
	}
	if (ret == 0 && *table == NULL) {
		ret = mem_search_make(s);
		*table = s->table;
	}
	free(s->known);
	free(s);
	return ret;
}

/* --- what a message and what vhost have ------------------------------------------------------ */

static void
mem_describe_file(struct mvdpa_mem_region *region, int fd, uint64_t offset)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return;
	region->file = (struct mvdpa_mem_file){
		.known = true,
		.dev = (uint64_t)st.st_dev,
		.ino = (uint64_t)st.st_ino,
		.offset = offset,
		.fd = fd,
	};
}

static int
mem_check_number(const struct mvdpa_mem *mem, uint32_t nb)
{
	if (nb != 0 && nb <= MVDPA_MEM_MAX_REGIONS)
		return 0;
	base_err(mem->log, "memory table with %u regions (possible are 1 to %u)", nb,
			MVDPA_MEM_MAX_REGIONS);
	return -EINVAL;
}

int
mvdpa_mem_prepare(struct mvdpa_mem *mem, const struct guard_table *message)
{
	struct mvdpa_mem_region regions[GUARD_REGIONS_MAX];
	struct mvdpa_mem_set *table, *before = mem->prepared;
	uint32_t i;
	int ret;

	ret = mem_check_number(mem, message->nb);
	if (ret != 0)
		return ret;
	for (i = 0; i < message->nb; i++) {
		regions[i] = (struct mvdpa_mem_region){ .gpa = message->region[i].gpa,
			.size = message->region[i].size };
		mem_describe_file(&regions[i], message->fd[i], message->region[i].offset);
	}
	ret = mem_table_get(mem, regions, message->nb, mem->current, &table);
	if (ret != 0)
		return ret;
	mem->prepared = table;
	if (before != NULL && before != table && !before->used)
		mem_table_drop(mem, before);
	return 0;
}

static void
mem_commit(struct mvdpa_mem *mem, struct mvdpa_mem_set *table)
{
	struct mvdpa_mem_set *prepared = mem->prepared;

	table->used = true;
	mem->current = table;
	mem->prepared = NULL;
	if (prepared != NULL && !prepared->used)
		mem_table_drop(mem, prepared);
}

int
mvdpa_mem_update(struct mvdpa_mem *mem, const struct rte_vhost_memory *memory)
{
	struct mvdpa_mem_region regions[MVDPA_MEM_MAX_REGIONS];
	struct mvdpa_mem_plan plan;
	struct mvdpa_mem_set *table;
	uint32_t i;
	int ret;

	ret = mem_check_number(mem, memory->nregions);
	if (ret != 0)
		return ret;
	for (i = 0; i < memory->nregions; i++) {
		const struct rte_vhost_mem_region *in = &memory->regions[i];

		regions[i] = (struct mvdpa_mem_region){
			.gpa = in->guest_phys_addr,
			.size = in->size,
			.hva = in->host_user_addr,
		};
		mem_describe_file(&regions[i], in->fd,
				in->host_user_addr - (uint64_t)(uintptr_t)in->mmap_addr);
	}
	ret = mvdpa_mem_plan_map(regions, memory->nregions, &plan);
	if (ret != 0)
		return ret;
	ret = mem_table_get(mem, regions, memory->nregions,
			mem->prepared != NULL ? mem->prepared : mem->current, &table);
	if (ret != 0) {
		mvdpa_mem_plan_free(&plan);
		return ret;
	}
	mvdpa_mem_plan_free(&mem->plan);
	mem->plan = plan;
	mem_commit(mem, table);
	return 0;
}

void
mvdpa_mem_trim(struct mvdpa_mem *mem)
{
	struct mvdpa_mem_set *table, *next;

	for (table = mem->tables; table != NULL; table = next) {
		next = table->next;
		if (table != mem->current && table != mem->prepared)
			mem_table_drop(mem, table);
	}
}

void
mvdpa_mem_release(struct mvdpa_mem *mem)
{
	mem->current = NULL;
	mem->prepared = NULL;
	mvdpa_mem_trim(mem);
	mvdpa_mem_plan_free(&mem->plan);
}

uint32_t
mvdpa_mem_key(const struct mvdpa_mem *mem)
{
	return devx_mkey_key(mem->current->mkey);
}

/* --- what there is --------------------------------------------------------------------------- */

void
mvdpa_mem_tell(const struct mvdpa_mem *mem, struct mvdpa_mem_report *report)
{
	const struct mvdpa_mem_set *now = mem->current;
	const struct mvdpa_mem_key *key;
	uint32_t i;

	*report = (struct mvdpa_mem_report){ 0 };
	if (now == NULL)
		return;
	report->nb_entries = now->nb_entries;
	report->nb_keys = now->nb;
	for (i = 0; i < now->nb && i < MVDPA_MEM_REPORT_KEYS; i++) {
		key = now->keys[i];
		report->keys[i].gpa = key->region.gpa;
		report->keys[i].size = key->region.size;
		report->keys[i].key = devx_mr_key(key->mr);
	}
}

/* A key of several tables counts once: in the last of the list that has it. */
static bool
mem_is_in(const struct mvdpa_mem_set *table, const struct mvdpa_mem_key *key)
{
	uint32_t i;

	for (; table != NULL; table = table->next) {
		for (i = 0; i < table->nb; i++) {
			if (table->keys[i] == key)
				return true;
		}
	}
	return false;
}

uint64_t
mvdpa_mem_pinned(const struct mvdpa_mem *mem)
{
	const struct mvdpa_mem_set *table;
	uint64_t bytes = 0;
	uint32_t i;

	for (table = mem->tables; table != NULL; table = table->next) {
		for (i = 0; i < table->nb; i++) {
			if (!mem_is_in(table->next, table->keys[i]))
				bytes += table->keys[i]->region.size;
		}
	}
	return bytes;
}
