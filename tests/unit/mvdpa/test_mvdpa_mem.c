/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mvdpa_mem.c and mvdpa_mem_key.c on stand-ins for the card's keys, with real
 * files as guest memory. The stand-ins keep the rules that count: a direct key goes only when no
 * indirect key names it, and while its memory is still mapped; an indirect key only when no queue
 * names it (a test says which one queues have). What is alive is counted, and so are the files that
 * this process has open.
 *
 * Of the checklist: K7, K8, K9.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../open_files.h"
#include "guard_table.h"
#include "last_log.h"
#include "mvdpa_mem.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define MAX_KLMS 16

struct devx_mr {
	uint32_t key;
	void *addr;
	size_t len;
	uint64_t iova;
	unsigned int users; /* indirect keys that name it */
};

struct devx_obj {
	uint32_t key;
	uint32_t nb;
	struct devx_klm klms[MAX_KLMS];
};

static struct {
	unsigned int mrs, mkeys; /* alive */
	unsigned int made_mrs, made_mkeys; /* ever */
	unsigned int fail_mr, fail_mkey; /* the n-th from now fails, 0: none */
	uint32_t next_key;
	struct devx_mr *by_key[256];
	uint32_t queues; /* indirect key that queues name, 0: none */
	unsigned int runs; /* calls of the pool */
} card;
static struct mvdpa_mem mem;
static unsigned int open_before;

/* --- stand-ins ------------------------------------------------------------------------------- */

int
devx_mr_create(struct devx_dev *dev, const struct devx_mr_attr *attr, struct devx_mr **mr)
{
	if (card.fail_mr != 0 && --card.fail_mr == 0)
		return -ENOMEM;
	*mr = calloc(1, sizeof(**mr));
	assert_non_null(*mr);
	assert_int_equal(((uintptr_t)attr->addr ^ attr->iova) & 4095, 0);
	**mr = (struct devx_mr){ ++card.next_key, attr->addr, attr->len, attr->iova, 0 };
	card.by_key[card.next_key] = *mr;
	card.mrs++;
	card.made_mrs++;
	return 0;
}

void
devx_mr_destroy(struct devx_mr *mr)
{
	unsigned char resident;

	if (mr == NULL)
		return;
	assert_int_equal(mr->users, 0);
	assert_int_equal(mincore(mr->addr, 1, &resident), 0); /* ENOMEM: not mapped any more */
	card.by_key[mr->key] = NULL;
	card.mrs--;
	free(mr);
}

uint32_t
devx_mr_key(const struct devx_mr *mr)
{
	return mr->key;
}

int
devx_mkey_create(struct devx_dev *dev, const struct devx_mkey_attr *attr, struct devx_obj **mkey)
{
	uint32_t i;

	if (card.fail_mkey != 0 && --card.fail_mkey == 0)
		return -EIO;
	assert_in_range(attr->nb_klms, 1, MAX_KLMS);
	*mkey = calloc(1, sizeof(**mkey));
	assert_non_null(*mkey);
	(*mkey)->key = ++card.next_key;
	(*mkey)->nb = attr->nb_klms;
	for (i = 0; i < attr->nb_klms; i++) {
		(*mkey)->klms[i] = attr->klms[i];
		if (attr->klms[i].key != 0) {
			assert_non_null(card.by_key[attr->klms[i].key]);
			card.by_key[attr->klms[i].key]->users++;
		}
	}
	card.mkeys++;
	card.made_mkeys++;
	return 0;
}

void
devx_obj_destroy(struct devx_obj *obj)
{
	uint32_t i;

	if (obj == NULL)
		return;
	assert_int_not_equal(obj->key, card.queues);
	for (i = 0; i < obj->nb; i++) {
		if (obj->klms[i].key != 0)
			card.by_key[obj->klms[i].key]->users--;
	}
	card.mkeys--;
	free(obj);
}

uint32_t
devx_mkey_key(const struct devx_obj *mkey)
{
	return mkey->key;
}

uint32_t
devx_null_key(const struct devx_dev *dev)
{
	return 0;
}

size_t
devx_dev_page_size(const struct devx_dev *dev)
{
	return 4096;
}

int
mvdpa_pool_run(struct mvdpa_pool *pool, unsigned int nb, mvdpa_pool_task task, void *arg)
{
	unsigned int i;
	int ret, error = 0;

	card.runs++;
	for (i = nb; i > 0; i--) { /* any order must do */
		ret = task(arg, i - 1);
		if (ret != 0)
			error = ret;
	}
	return error;
}

/* --- guest memory ---------------------------------------------------------------------------- */

struct ram {
	uint64_t gpa, size, offset;
	int fd;
	void *map; /* vhost's mapping, of the whole file */
};

static struct ram
ram_new(uint64_t gpa, uint64_t size)
{
	struct ram ram = { .gpa = gpa, .size = size, .fd = memfd_create("ram", MFD_CLOEXEC) };

	assert_true(ram.fd >= 0);
	assert_int_equal(ftruncate(ram.fd, (off_t)size), 0);
	ram.map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ram.fd, 0);
	assert_true(ram.map != MAP_FAILED);
	return ram;
}

static void
ram_free(struct ram *ram)
{
	munmap(ram->map, ram->size);
	close(ram->fd);
}

/* A part of @p ram, as a region of its own. */
static struct ram
ram_part(const struct ram *ram, uint64_t skip, uint64_t size)
{
	struct ram part = *ram;

	part.gpa += skip;
	part.offset += skip;
	part.size = size;
	return part;
}

static int
prepare(const struct ram *ram, uint32_t nb)
{
	struct guard_table table = { .nb = nb };
	uint32_t i;

	for (i = 0; i < nb; i++) {
		table.region[i] = (struct guard_region){ .gpa = ram[i].gpa,
			.size = ram[i].size,
			.offset = ram[i].offset };
		table.fd[i] = ram[i].fd;
	}
	return mvdpa_mem_prepare(&mem, &table);
}

static int
update(const struct ram *ram, uint32_t nb)
{
	struct rte_vhost_memory *memory;
	uint32_t i;
	int ret;

	memory = calloc(1, sizeof(*memory) + nb * sizeof(memory->regions[0]));
	assert_non_null(memory);
	memory->nregions = nb;
	for (i = 0; i < nb; i++)
		memory->regions[i] = (struct rte_vhost_mem_region){
			.guest_phys_addr = ram[i].gpa,
			.size = ram[i].size,
			.fd = ram[i].fd,
			.mmap_addr = ram[i].map,
			.host_user_addr = (uintptr_t)ram[i].map + ram[i].offset,
		};
	ret = mvdpa_mem_update(&mem, memory);
	free(memory);
	return ret;
}

/* Queues are moved to the table in force, and the others are given back. */
static void
move_queues(void)
{
	card.queues = mvdpa_mem_key(&mem);
	mvdpa_mem_trim(&mem);
}

static void
check_alive(unsigned int mrs, unsigned int mkeys)
{
	assert_int_equal(card.mrs, mrs);
	assert_int_equal(card.mkeys, mkeys);
}

static void
check_made(unsigned int mrs, unsigned int mkeys)
{
	assert_int_equal(card.made_mrs, mrs);
	assert_int_equal(card.made_mkeys, mkeys);
	card.made_mrs = 0;
	card.made_mkeys = 0;
}

static int
setup(void **state)
{
	memset(&card, 0, sizeof(card));
	memset(&mem, 0, sizeof(mem));
	mem.log = &test_log;
	open_before = open_files();
	return 0;
}

static void
finish(struct ram *ram, uint32_t nb)
{
	uint32_t i;

	card.queues = 0;
	mvdpa_mem_release(&mem);
	check_alive(0, 0);
	for (i = 0; i < nb; i++)
		ram_free(&ram[i]);
	assert_int_equal(open_files(), open_before);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void
test_prepared_then_committed(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 2 * MIB) };
	uint32_t key;
	uint64_t gpa;

	assert_int_equal(prepare(ram, 1), 0);
	check_made(1, 1);
	assert_int_equal(update(ram, 1), 0);
	check_made(0, 0); /* all was done before */
	move_queues();
	key = mvdpa_mem_key(&mem);
	assert_int_equal(prepare(ram, 2), 0);
	check_made(1, 1); /* the new region, and a key over both */
	assert_int_equal(mvdpa_mem_key(&mem), key); /* not in force yet */
	assert_int_equal(update(ram, 2), 0);
	check_made(0, 0);
	assert_int_not_equal(mvdpa_mem_key(&mem), key);
	check_alive(2, 2); /* queues name the old one still */
	assert_int_equal(mvdpa_mem_plan_gpa(&mem.plan, (uintptr_t)ram[1].map + 64, 8, &gpa), 0);
	assert_true(gpa == GIB + 64);
	move_queues();
	check_alive(2, 1);
	assert_int_equal(prepare(ram, 1), 0);
	check_made(0, 1);
	assert_int_equal(update(ram, 1), 0);
	check_alive(2, 2); /* what goes, goes behind */
	move_queues();
	check_alive(1, 1);
	finish(ram, 2);
}

/* What people are told: the keys in force, and what is pinned, which is more while there are two
 * tables. */
static void
test_told(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 2 * MIB) };
	struct ram other = ram_new(0, 4 * MIB);
	struct mvdpa_mem_report report;

	mvdpa_mem_tell(&mem, &report);
	assert_int_equal(report.nb_keys + report.nb_entries, 0);
	assert_true(mvdpa_mem_pinned(&mem) == 0);
	assert_int_equal(update(ram, 2), 0);
	mvdpa_mem_tell(&mem, &report);
	assert_int_equal(report.nb_keys, 2);
	assert_int_equal(report.nb_entries, 3); /* and the hole */
	assert_true(report.keys[1].gpa == GIB && report.keys[1].size == 2 * MIB);
	assert_int_not_equal(report.keys[0].key, report.keys[1].key);
	assert_true(mvdpa_mem_pinned(&mem) == 6 * MIB);
	move_queues();
	assert_int_equal(prepare(ram, 1), 0); /* shares its key */
	assert_true(mvdpa_mem_pinned(&mem) == 6 * MIB);
	assert_int_equal(prepare(&other, 1), 0);
	assert_true(mvdpa_mem_pinned(&mem) == 10 * MIB);
	mvdpa_mem_tell(&mem, &report);
	assert_int_equal(report.nb_keys, 2);
	ram_free(&other);
	finish(ram, 2);
}

/* The application took vhost's handler from us: dev_conf does it all. */
static void
test_without_prepare(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 2 * MIB) };

	assert_int_equal(update(ram, 2), 0);
	check_made(2, 1);
	move_queues();
	assert_int_equal(update(ram, 2), 0);
	check_made(0, 0);
	finish(ram, 2);
}

/* Same memory: another order, another mapping, other descriptors, cut differently. */
static void
test_same_memory(void **state)
{
	struct ram ram = ram_new(0, 4 * MIB), other = ram, two[2];
	uint32_t key;
	uint64_t gpa;

	assert_int_equal(update(&ram, 1), 0);
	move_queues();
	check_made(1, 1);
	key = mvdpa_mem_key(&mem);
	other.fd = dup(ram.fd);
	other.map = mmap(NULL, ram.size, PROT_READ | PROT_WRITE, MAP_SHARED, ram.fd, 0);
	assert_int_equal(prepare(&other, 1), 0);
	assert_int_equal(update(&other, 1), 0);
	assert_int_equal(mvdpa_mem_plan_gpa(&mem.plan, (uintptr_t)ram.map, 1, &gpa), -ENOENT);
	assert_int_equal(mvdpa_mem_plan_gpa(&mem.plan, (uintptr_t)other.map, 1, &gpa), 0);
	two[0] = ram_part(&ram, MIB, 3 * MIB);
	two[1] = ram_part(&other, 0, MIB);
	assert_int_equal(prepare(&ram, 1), 0);
	assert_int_equal(update(two, 2), 0); /* vhost was shown two pieces (mvdpa_remap.h) */
	assert_int_equal(mvdpa_mem_plan_gpa(&mem.plan, (uintptr_t)ram.map + MIB, 1, &gpa), 0);
	check_made(0, 0);
	assert_int_equal(mvdpa_mem_key(&mem), key);
	ram_free(&other);
	finish(&ram, 1);
}

static void
test_changed_file(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(0, 4 * MIB) };

	assert_int_equal(update(&ram[0], 1), 0);
	move_queues();
	check_made(1, 1);
	assert_int_equal(prepare(&ram[1], 1), 0);
	check_made(1, 1);
	check_alive(2, 2);
	assert_int_equal(update(&ram[1], 1), 0);
	check_made(0, 0);
	move_queues();
	check_alive(1, 1);
	finish(ram, 2);
}

/* Memory that grows in its file costs a key for the new part, and its keys stay when it shrinks
 * to what they were made for. */
static void
test_grown(void **state)
{
	struct ram ram = ram_new(4 * GIB, 8 * MIB), part = ram_part(&ram, 0, 4 * MIB);

	assert_int_equal(prepare(&part, 1), 0);
	assert_int_equal(update(&part, 1), 0);
	move_queues();
	check_made(1, 1);
	assert_int_equal(prepare(&ram, 1), 0);
	check_made(1, 1);
	assert_int_equal(update(&ram, 1), 0);
	move_queues();
	check_alive(2, 1);
	assert_int_equal(prepare(&part, 1), 0);
	check_made(0, 1);
	assert_int_equal(update(&part, 1), 0);
	move_queues();
	check_alive(1, 1);
	finish(&ram, 1);
}

/* More pieces than the card has entries for: one new key for all. */
static void
test_grown_too_often(void **state)
{
	struct ram ram = ram_new(0, 8 * MIB), part;
	unsigned int i;

	mem.max_klms = 3;
	for (i = 1; i <= 3; i++) {
		part = ram_part(&ram, 0, i * MIB);
		assert_int_equal(prepare(&part, 1), 0);
		assert_int_equal(update(&part, 1), 0);
		move_queues();
		check_alive(i, 1);
	}
	check_made(3, 3);
	nb_logs = 0;
	part = ram_part(&ram, 0, 4 * MIB + 4096);
	assert_int_equal(prepare(&part, 1), 0);
	assert_int_equal(update(&part, 1), 0);
	move_queues();
	check_made(1, 1);
	check_alive(1, 1);
	assert_int_equal(nb_logs, 1); /* of the table, no complaint */
	assert_non_null(strstr(last_log, "1 keys"));
	finish(&ram, 1);
}

/* Huge pages are mapped in whole ones, wherever in them a region begins. */
static void
test_huge_pages(void **state)
{
	struct ram ram = { .gpa = GIB, .size = 4 * MIB };
	struct ram part;

	ram.fd = memfd_create("ram", MFD_CLOEXEC | MFD_HUGETLB);
	if (ram.fd < 0 || ftruncate(ram.fd, (off_t)ram.size) != 0)
		skip();
	ram.map = mmap(NULL, ram.size, PROT_READ | PROT_WRITE, MAP_SHARED, ram.fd, 0);
	if (ram.map == MAP_FAILED) { /* the system has none */
		close(ram.fd);
		skip();
	}
	part = ram_part(&ram, MIB + 4096, MIB);
	assert_int_equal(prepare(&part, 1), 0);
	assert_int_equal(update(&part, 1), 0);
	move_queues();
	check_made(1, 1);
	assert_int_equal(prepare(&ram, 1), 0);
	check_made(2, 1); /* before it, and behind */
	finish(&ram, 1);
}

/* Several tables before the queues have moved: what they name stays, and is found again. */
static void
test_several_before_trim(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 2 * MIB), ram_new(2 * GIB, MIB) };
	uint32_t first;

	assert_int_equal(update(ram, 1), 0);
	move_queues();
	first = mvdpa_mem_key(&mem);
	assert_int_equal(update(ram, 2), 0);
	assert_int_equal(update(ram, 3), 0);
	check_alive(3, 3);
	check_made(3, 3);
	assert_int_equal(prepare(ram, 1), 0); /* back to what the queues have */
	assert_int_equal(update(ram, 1), 0);
	check_made(0, 0);
	assert_int_equal(mvdpa_mem_key(&mem), first);
	move_queues();
	check_alive(1, 1);
	finish(ram, 3);
}

/* Tables that were prepared and never committed: only the last one stays. */
static void
test_prepared_in_vain(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 2 * MIB), ram_new(2 * GIB, MIB) };
	unsigned int i;

	assert_int_equal(prepare(ram, 1), 0); /* before the first start, too */
	assert_int_equal(prepare(ram, 2), 0);
	check_alive(2, 1);
	assert_int_equal(prepare(ram, 1), 0);
	assert_int_equal(update(ram, 1), 0);
	move_queues();
	check_alive(1, 1);
	for (i = 0; i < 10; i++) {
		assert_int_equal(prepare(ram, 2), 0);
		assert_int_equal(prepare(ram, 3), 0);
	}
	check_alive(3, 2);
	move_queues();
	check_alive(3, 2); /* vhost may still come with it */
	assert_int_equal(prepare(ram, 1), 0); /* the one in force again */
	check_alive(1, 1);
	assert_int_equal(prepare(ram, 3), 0);
	assert_int_equal(update(ram, 2), 0); /* vhost has another one than what was prepared */
	move_queues();
	check_alive(2, 1);
	assert_int_equal(prepare(ram, 3), 0);
	finish(ram, 3); /* the connection ends */
}

/* A table that is prepared again was in force before: queues name it. */
static void
test_prepared_was_in_force(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 2 * MIB) };

	assert_int_equal(update(ram, 1), 0);
	move_queues();
	assert_int_equal(update(ram, 2), 0); /* dev_conf failed behind this: no trim */
	assert_int_equal(prepare(ram, 1), 0);
	assert_int_equal(prepare(ram, 2), 0); /* must not take the queues' key away */
	check_alive(2, 2);
	assert_int_equal(update(ram, 2), 0);
	move_queues();
	check_alive(2, 1);
	finish(ram, 2);
}

static void
test_failures(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 2 * MIB), ram_new(2 * GIB, MIB) };
	unsigned int n, open;
	uint32_t key;

	assert_int_equal(prepare(ram, 1), 0);
	assert_int_equal(update(ram, 1), 0);
	move_queues();
	key = mvdpa_mem_key(&mem);
	open = open_files();
	for (n = 1; n <= 3; n++) {
		card.fail_mr = n < 3 ? n : 0;
		card.fail_mkey = n == 3;
		assert_int_equal(prepare(ram, 3), n < 3 ? -ENOMEM : -EIO);
		check_alive(1, 1);
		assert_int_equal(mvdpa_mem_key(&mem), key);
		card.fail_mr = n < 3 ? n : 0;
		card.fail_mkey = n == 3;
		assert_int_equal(update(ram, 3), n < 3 ? -ENOMEM : -EIO);
		check_alive(1, 1);
		assert_int_equal(mvdpa_mem_key(&mem), key);
		assert_int_equal(open_files(), open);
	}
	card.fail_mr = 0;
	card.fail_mkey = 0;
	assert_int_equal(prepare(ram, 3), 0);
	assert_int_equal(update(ram, 3), 0);
	move_queues();
	check_alive(3, 1);
	finish(ram, 3);
}

/* K8: what was never made, or is gone already, is given back without harm. */
static void
test_nothing_to_give_back(void **state)
{
	struct ram ram = ram_new(0, 4 * MIB);

	mvdpa_mem_trim(&mem);
	mvdpa_mem_release(&mem);
	mvdpa_mem_key_destroy(NULL);
	card.fail_mr = 1;
	assert_int_equal(prepare(&ram, 1), -ENOMEM);
	mvdpa_mem_release(&mem);
	assert_int_equal(update(&ram, 1), 0);
	mvdpa_mem_release(&mem);
	mvdpa_mem_release(&mem);
	mvdpa_mem_trim(&mem);
	check_alive(0, 0);
	assert_int_equal(update(&ram, 1), 0); /* and can begin again */
	check_alive(1, 1);
	finish(&ram, 1);
}

/* What vhost has accepted before stays prepared when the next one cannot be. */
static void
test_failure_keeps_prepared(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 2 * MIB) };

	assert_int_equal(prepare(ram, 1), 0);
	card.fail_mr = 1;
	assert_int_equal(prepare(ram, 2), -ENOMEM);
	check_made(1, 1);
	assert_int_equal(update(ram, 1), 0);
	check_made(0, 0);
	finish(ram, 2);
}

static void
test_bad_tables(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(2 * MIB, 4 * MIB) }, gone;

	assert_int_equal(prepare(ram, 0), -EINVAL);
	assert_int_equal(update(ram, 0), -EINVAL);
	assert_int_equal(prepare(ram, 2), -EINVAL);
	assert_non_null(strstr(last_log, "overlap"));
	assert_int_equal(update(ram, 2), -EINVAL);
	gone = ram[0];
	gone.fd = -1;
	assert_int_equal(prepare(&gone, 1), -EBADF); /* nothing to register yet */
	check_made(0, 0);
	finish(ram, 2);
}

/* Memory without a file: vhost's mapping is registered, and never taken for known. */
static void
test_private_memory(void **state)
{
	struct ram ram = ram_new(0, 4 * MIB), private = ram;

	private.fd = -1;
	assert_int_equal(update(&private, 1), 0);
	move_queues();
	assert_int_equal(update(&private, 1), 0);
	check_made(2, 2);
	move_queues();
	check_alive(1, 1);
	assert_int_equal(update(&ram, 1), 0);
	move_queues();
	check_made(1, 1);
	finish(&ram, 1);
}

/* vhost unmaps before the key goes: the key's own mapping is what is deregistered (the stand-in
 * looks). A part in the middle of a file, too. */
static void
test_own_mapping(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 8 * MIB) };
	struct ram table[] = { ram[0], ram_part(&ram[1], MIB + 4096, MIB) };

	assert_int_equal(prepare(table, 2), 0);
	assert_int_equal(update(table, 2), 0);
	move_queues();
	ram_free(&ram[1]);
	assert_int_equal(prepare(ram, 1), 0);
	assert_int_equal(update(ram, 1), 0);
	move_queues();
	check_alive(1, 1);
	finish(ram, 1);
}

static unsigned int
file_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	unsigned int nb = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		nb += strstr(line, "memfd:ram") != NULL;
	fclose(maps);
	return nb;
}

/* Pinned memory takes no page tables here; its place is kept for deregistering. */
static void
test_unloaded(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 8 * MIB) };
	unsigned int i;

	assert_int_equal(file_mappings(), 2); /* vhost's */
	assert_int_equal(prepare(ram, 2), 0);
	assert_int_equal(file_mappings(), 2);
	assert_int_equal(update(ram, 2), 0);
	for (i = 1; i <= 2; i++)
		assert_true(msync(card.by_key[i]->addr, card.by_key[i]->len, MS_ASYNC) == 0);
	finish(ram, 2);
}

/* The keys of one table are made in one run of the pool, and given back so. */
static void
test_side_by_side(void **state)
{
	struct ram ram[] = { ram_new(0, 4 * MIB), ram_new(GIB, 2 * MIB), ram_new(2 * GIB, MIB) };

	assert_int_equal(prepare(ram, 3), 0);
	assert_int_equal(card.runs, 1);
	assert_int_equal(update(ram, 3), 0);
	mvdpa_mem_release(&mem);
	assert_int_equal(card.runs, 2);
	finish(ram, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_prepared_then_committed, setup),
		cmocka_unit_test_setup(test_told, setup),
		cmocka_unit_test_setup(test_without_prepare, setup),
		cmocka_unit_test_setup(test_same_memory, setup),
		cmocka_unit_test_setup(test_changed_file, setup),
		cmocka_unit_test_setup(test_grown, setup),
		cmocka_unit_test_setup(test_grown_too_often, setup),
		cmocka_unit_test_setup(test_huge_pages, setup),
		cmocka_unit_test_setup(test_several_before_trim, setup),
		cmocka_unit_test_setup(test_prepared_in_vain, setup),
		cmocka_unit_test_setup(test_prepared_was_in_force, setup),
		cmocka_unit_test_setup(test_failures, setup),
		cmocka_unit_test_setup(test_nothing_to_give_back, setup),
		cmocka_unit_test_setup(test_failure_keeps_prepared, setup),
		cmocka_unit_test_setup(test_bad_tables, setup),
		cmocka_unit_test_setup(test_private_memory, setup),
		cmocka_unit_test_setup(test_own_mapping, setup),
		cmocka_unit_test_setup(test_unloaded, setup),
		cmocka_unit_test_setup(test_side_by_side, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
