/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a new plan takes over the direct keys of the regions that it shares with
 * the old one (same addresses, same size, same place of the same file: the pages are pinned, it
 * does not matter that vhost has mapped them anew), registers the others, strings all together
 * with a new indirect key, and only then puts the rest of the old plan aside. So an error leaves
 * the old state whole. What was put aside is given back when the queues run again: deregistering
 * takes long (rdma-core may walk the pages) and nobody needs to wait for it.
 *
 * With each key a duplicate of the region's file descriptor is kept: as long as it is open, the
 * inode number that the comparison trusts cannot be given to another file.
 */
#include "mvdpa_mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct mvdpa_mem_key {
	struct devx_mr *mr;
	int fd; /* holds the inode, -1: none */
	bool taken; /* by the next plan */
};

static void
mem_key_drop(struct mvdpa_mem_key *key)
{
	devx_mr_destroy(key->mr);
	if (key->fd >= 0)
		close(key->fd);
}

/* What the next plan will consist of, while it is being made. */
struct mem_next {
	struct mvdpa_mem_plan plan;
	struct mvdpa_mem_key *keys;
	int32_t *from; /* region of the old plan that the key is of, or -1 */
	struct devx_obj *mkey;
};

static void
mem_describe(const struct rte_vhost_mem_region *in, struct mvdpa_mem_region *out)
{
	struct stat st;

	*out = (struct mvdpa_mem_region){
		.gpa = in->guest_phys_addr,
		.size = in->size,
		.hva = in->host_user_addr,
	};
	if (in->fd < 0 || fstat(in->fd, &st) != 0)
		return;
	out->file = (struct mvdpa_mem_file){
		.known = true,
		.dev = (uint64_t)st.st_dev,
		.ino = (uint64_t)st.st_ino,
		.offset = in->host_user_addr - (uint64_t)(uintptr_t)in->mmap_addr,
	};
}

static int
mem_plan(struct mvdpa_mem *mem, const struct rte_vhost_memory *table, struct mvdpa_mem_plan *plan)
{
	const struct mvdpa_mem_limits limits = { .page_size = devx_dev_page_size(mem->devx),
		.max_klms = mem->max_klms };
	struct mvdpa_mem_region regions[MVDPA_MEM_MAX_REGIONS];
	uint32_t i;

	for (i = 0; i < table->nregions && i < MVDPA_MEM_MAX_REGIONS; i++)
		mem_describe(&table->regions[i], &regions[i]);
	return mvdpa_mem_plan_make(regions, table->nregions, &limits, mem->log, plan);
}

/* The file descriptor of the region whose memory is at @p hva, duplicated. */
static int
mem_hold_file(const struct rte_vhost_memory *table, uint64_t hva)
{
	uint32_t i;

	for (i = 0; i < table->nregions; i++) {
		if (table->regions[i].host_user_addr == hva && table->regions[i].fd >= 0)
			return fcntl(table->regions[i].fd, F_DUPFD_CLOEXEC, 0);
	}
	return -1;
}

static int
mem_next_keys(struct mvdpa_mem *mem, const struct rte_vhost_memory *table, struct mem_next *next)
{
	uint32_t i;
	int ret;

	for (i = 0; i < next->plan.nb_regions; i++) {
		struct mvdpa_mem_region *r = &next->plan.regions[i];
		const struct devx_mr_attr attr = {
			.addr = (void *)(uintptr_t)r->hva,
			.len = r->size,
			.iova = r->gpa,
		};

		next->from[i] = mvdpa_mem_plan_find(&mem->plan, r);
		if (next->from[i] >= 0) {
			next->keys[i] = mem->keys[next->from[i]];
			continue;
		}
		ret = devx_mr_create(mem->devx, &attr, &next->keys[i].mr);
		if (ret != 0)
			return ret;
		next->keys[i].fd = mem_hold_file(table, r->hva);
		if (next->keys[i].fd < 0)
			r->file.known = false; /* not held: not to be trusted later */
	}
	return 0;
}

static int
mem_next_mkey(struct mvdpa_mem *mem, struct mem_next *next)
{
	const struct mvdpa_mem_plan *plan = &next->plan;
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
		klms[i].key = e->region >= 0 ? devx_mr_key(next->keys[e->region].mr) :
					       devx_null_key(mem->devx);
	}
	attr.klms = klms;
	ret = devx_mkey_create(mem->devx, &attr, &next->mkey);
	free(klms);
	return ret;
}

static void
mem_next_drop(struct mem_next *next)
{
	uint32_t i;

	for (i = 0; next->keys != NULL && i < next->plan.nb_regions; i++) {
		if (next->from[i] < 0)
			mem_key_drop(&next->keys[i]);
	}
	mvdpa_mem_plan_free(&next->plan);
	free(next->keys);
	free(next->from);
}

static int
mem_next_alloc(struct mem_next *next)
{
	uint32_t i, nb = next->plan.nb_regions;

	next->keys = calloc(nb, sizeof(*next->keys));
	next->from = calloc(nb, sizeof(*next->from));
	if (next->keys == NULL || next->from == NULL) {
		free(next->keys);
		next->keys = NULL;
		return -ENOMEM;
	}
	for (i = 0; i < nb; i++) {
		next->keys[i].fd = -1;
		next->from[i] = -1;
	}
	return 0;
}

/* Makes room for the keys that are going to be put aside. */
static int
mem_room_for_old(struct mvdpa_mem *mem)
{
	struct mvdpa_mem_key *old;

	mvdpa_mem_trim(mem);
	old = calloc(mem->plan.nb_regions + 1, sizeof(*old));
	if (old == NULL)
		return -ENOMEM;
	mem->old = old;
	return 0;
}

/* The new plan becomes the plan; keys that it did not take over are put aside. */
static void
mem_commit(struct mvdpa_mem *mem, struct mem_next *next)
{
	uint32_t i;

	for (i = 0; i < next->plan.nb_regions; i++) {
		if (next->from[i] >= 0)
			mem->keys[next->from[i]].taken = true;
	}
	devx_obj_destroy(mem->mkey); /* before the keys that it names */
	for (i = 0; i < mem->plan.nb_regions; i++) {
		if (!mem->keys[i].taken)
			mem->old[mem->nb_old++] = mem->keys[i];
	}
	mvdpa_mem_plan_free(&mem->plan);
	free(mem->keys);
	free(next->from);
	mem->plan = next->plan;
	mem->keys = next->keys;
	mem->mkey = next->mkey;
}

int
mvdpa_mem_update(struct mvdpa_mem *mem, const struct rte_vhost_memory *table)
{
	struct mem_next next = { 0 };
	int ret;

	ret = mem_plan(mem, table, &next.plan);
	if (ret != 0)
		return ret;
	if (mem->mkey != NULL && mvdpa_mem_plan_same(&mem->plan, &next.plan)) {
		/* Only the mapping may have moved: translate by the new one, keep all keys. */
		mvdpa_mem_plan_free(&mem->plan);
		mem->plan = next.plan;
		return 0;
	}
	ret = mem_next_alloc(&next);
	if (ret == 0)
		ret = mem_room_for_old(mem);
	if (ret == 0)
		ret = mem_next_keys(mem, table, &next);
	if (ret == 0)
		ret = mem_next_mkey(mem, &next);
	if (ret != 0) {
		mem_next_drop(&next);
		return ret;
	}
	mem_commit(mem, &next);
	return 0;
}

void
mvdpa_mem_trim(struct mvdpa_mem *mem)
{
	uint32_t i;

	for (i = 0; i < mem->nb_old; i++)
		mem_key_drop(&mem->old[i]);
	free(mem->old);
	mem->old = NULL;
	mem->nb_old = 0;
}

void
mvdpa_mem_release(struct mvdpa_mem *mem)
{
	uint32_t i;

	mvdpa_mem_trim(mem);
	devx_obj_destroy(mem->mkey);
	mem->mkey = NULL;
	for (i = 0; i < mem->plan.nb_regions; i++)
		mem_key_drop(&mem->keys[i]);
	free(mem->keys);
	mem->keys = NULL;
	mvdpa_mem_plan_free(&mem->plan);
}

uint32_t
mvdpa_mem_key(const struct mvdpa_mem *mem)
{
	return devx_mkey_key(mem->mkey);
}
