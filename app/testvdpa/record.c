/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the timeline's thread reads a guest's streams in the ledger, which the thread
 * of vm.h recycles when the guest goes, and frees with the last guest. So a way from the guest to its
 * counters has a lock: who reads holds it, and who takes the guest away (record_on_gone()) reads a last
 * time, keeps the figures and closes the way. A closed way's figures do not change any more.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <base_math.h>
#include <base_mutex.h>

#include "record.h"
#include "vm.h"

/* What one guest sends. */
struct record_way {
	struct base_mutex lock;
	char guest[VM_NAME_MAX + 1];
	char name[TIMELINE_NAME_LEN];
	bool open; /* (lock) */
	struct timeline_streams streams; /* (lock) */
	struct timeline_count last; /* (lock) as it was closed */
};

static struct record {
	struct timeline *timeline;
	struct record_way ways[TIMELINE_DIRECTIONS_MAX];
} record;

static void
record_count(void *arg, struct timeline_count *count)
{
	struct record_way *way = arg;

	base_mutex_lock(&way->lock);
	if (way->open)
		timeline_count_streams(&way->streams, count);
	else
		*count = way->last;
	base_mutex_unlock(&way->lock);
}

static void
record_close_way(struct record_way *way)
{
	base_mutex_lock(&way->lock);
	if (way->open)
		timeline_count_streams(&way->streams, &way->last);
	way->open = false;
	base_mutex_unlock(&way->lock);
}

static void
record_on_gone(const struct vm *vm)
{
	for (unsigned int i = 0; i < TIMELINE_DIRECTIONS_MAX; i++)
		if (record.timeline != NULL && strcmp(record.ways[i].guest, vm->name) == 0)
			record_close_way(&record.ways[i]);
}

static void
record_open_way(struct record_way *way, const struct vm *vm)
{
	*way = (struct record_way){ .open = true,
		.streams = { vm_ledger(), vm->tx_stream, vm->attr.nb_pairs } };
	base_mutex_init(&way->lock);
	snprintf(way->guest, sizeof(way->guest), "%s", vm->name);
	snprintf(way->name, sizeof(way->name), "from %s", vm->name);
}

int
record_begin(const struct base_log *log)
{
	struct timeline_attr attr = { .nb_directions = 0 };
	unsigned int nb = 0;
	int ret;

	for (const struct vm *vm = vm_after(NULL); vm != NULL; vm = vm_after(vm))
		nb++;
	if (nb == 0 || nb > TIMELINE_DIRECTIONS_MAX) {
		base_err(log, "%u guests: traffic of 1 to %u can be recorded", nb,
				TIMELINE_DIRECTIONS_MAX);
		return nb == 0 ? -ENOENT : -E2BIG;
	}
	record_forget();
	for (const struct vm *vm = vm_after(NULL); vm != NULL; vm = vm_after(vm)) {
		struct record_way *way = &record.ways[attr.nb_directions];

		record_open_way(way, vm);
		attr.directions[attr.nb_directions++] =
				(struct timeline_direction){ way->name, record_count, way };
	}
	vm_set_gone(record_on_gone);
	ret = timeline_create(&attr, &record.timeline);
	if (ret != 0)
		base_err(log, "no timeline: %s", strerror(-ret));
	return ret;
}

void
record_end(void)
{
	if (record.timeline != NULL)
		timeline_stop(record.timeline);
}

void
record_forget(void)
{
	timeline_destroy(record.timeline);
	memset(&record, 0, sizeof(record));
}

struct timeline *
record_timeline(void)
{
	return record.timeline;
}
