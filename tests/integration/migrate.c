/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a guest under traffic is migrated as QEMU does it: all memory is copied once,
 * then again and again what the dirty logs tell, last of all after the device has stopped; then not
 * one page of the copy may differ from the memory. So a page that was written and not marked cannot
 * hide, whoever wrote it. The copy then becomes the guest's memory, at the same device or at another
 * one, and the ledger tells whether the guest noticed.
 *
 * A story is what happens to the device between the beginning of the log and the stop. Where the card
 * is to be tampered with, the program prints "ASK what" and waits for a line.
 *
 * usage: migrate STORY PAIRS split|packed SOCKET [SOCKET]
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "guest_move.h"
#include "looped.h"

#define MAX_PAIRS 16u
#define RAM (8u << 20)
#define DIMM (4u << 20)
#define DRAIN_MS 20000u
#define ROUNDS 3u

struct run {
	struct looped looped;
	struct guest_move *move;
	bool packed;
	const char *sockets[2];
	uint64_t dimm;
};

/* --- steps ----------------------------------------------------------------------------------- */

static int
ask(const char *what)
{
	char line[64];

	printf("ASK %s\n", what);
	return fgets(line, sizeof(line), stdin) != NULL ? 0 : -EPIPE;
}

/* Begins a migration: logs on, one copy of everything. */
static int
begin(struct run *run)
{
	int ret = guest_vm_log_on(run->looped.vm);

	return ret != 0 ? ret :
			  guest_move_begin(guest_vm_mem(run->looped.vm), &looped_log, &run->move);
}

static int
rounds(struct run *run)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ROUNDS && ret == 0; i++) {
		ret = looped_alive(&run->looped);
		if (ret == 0)
			ret = guest_move_follow(run->move);
		if (ret == 0)
			printf("  round %u: %" PRIu64 " pages\n", i,
					guest_move_round(run->move,
							guest_vm_dirty(run->looped.vm)));
	}
	return ret;
}

/* The device stops, the last round is done, and everything must have been copied. */
static int
stop_and_compare(struct run *run)
{
	uint64_t nb, device;
	int ret = guest_vm_pause(run->looped.vm);

	if (ret == 0)
		ret = guest_move_follow(run->move);
	if (ret != 0)
		return ret;
	device = guest_dirty_count(guest_vm_dirty(run->looped.vm));
	nb = guest_move_round(run->move, guest_vm_dirty(run->looped.vm));
	printf("  last round: %" PRIu64 " pages, %" PRIu64 " of the device's log\n", nb, device);
	nb = guest_move_compare(run->move);
	if (nb != 0 || guest_vm_stale_bits(run->looped.vm) != 0) {
		printf("%" PRIu64 " pages were written unmarked, %" PRIu64
		       " bits came into a log that had been replaced\n",
				nb, guest_vm_stale_bits(run->looped.vm));
		return -EBADMSG;
	}
	/* the used rings at least: a device that ran has written them */
	return device != 0 ? 0 : -ENODATA;
}

static int
converge(struct run *run)
{
	int ret = rounds(run);

	return ret == 0 ? stop_and_compare(run) : ret;
}

/* The destination has not come up: the guest goes on where it was. */
static int
fail_back(struct run *run)
{
	int ret;

	guest_move_end(run->move);
	run->move = NULL;
	ret = guest_vm_log_off(run->looped.vm);
	if (ret == 0)
		ret = guest_vm_resume(run->looped.vm);
	if (ret != 0)
		return ret;
	guest_dirty_take(guest_vm_dirty(run->looped.vm), NULL, NULL);
	ret = looped_alive(&run->looped);
	if (ret == 0 && guest_dirty_count(guest_vm_dirty(run->looped.vm)) != 0) {
		printf("pages are marked although logging is off\n");
		ret = -EBADMSG;
	}
	return ret;
}

/* The guest goes on with the copy as its memory, at the device behind @socket. */
static int
move_to(struct run *run, const char *socket)
{
	int ret = guest_vm_switch(run->looped.vm, run->move, socket);

	guest_vm_end_move(run->looped.vm, run->move);
	run->move = NULL;
	return ret == 0 ? looped_alive(&run->looped) : ret;
}

/* A whole migration that fails in the end, with @act in the middle. */
static int
migrate_around(struct run *run, int (*act)(struct run *run))
{
	int ret = begin(run);

	if (ret == 0)
		ret = rounds(run);
	if (ret == 0)
		ret = act(run);
	if (ret == 0)
		ret = converge(run);
	return ret == 0 ? fail_back(run) : ret;
}

/* --- what happens in the middle -------------------------------------------------------------- */

static int
act_nothing(struct run *run)
{
	return 0;
}

static int
act_larger_log(struct run *run)
{
	int ret = guest_vm_log_renew(run->looped.vm, 0);

	if (ret == 0)
		ret = looped_alive(&run->looped);
	/* N18: one that does not begin at the beginning of its file */
	return ret == 0 ? guest_vm_log_renew(run->looped.vm, 0x10000) : ret;
}

static int
act_rings(struct run *run)
{
	unsigned int queue;
	int ret = 0;

	for (queue = 0; queue < 2 * run->looped.pairs && ret == 0; queue++) {
		ret = guest_vm_disable(run->looped.vm, queue);
		if (ret == 0)
			ret = guest_vm_enable(run->looped.vm, queue);
	}
	return ret;
}

static int
act_files(struct run *run)
{
	return guest_vm_call_again(run->looped.vm);
}

static int
act_hot_add(struct run *run)
{
	return guest_vm_hot_add(run->looped.vm, DIMM, &run->dimm);
}

static int
act_hot_remove(struct run *run)
{
	int ret = act_hot_add(run);

	if (ret == 0)
		ret = rounds(run);
	if (ret == 0)
		ret = guest_vm_hot_remove(run->looped.vm, run->dimm);
	return ret;
}

static int
act_error(struct run *run)
{
	int ret = ask("queue-error 0 0 invalid-buffer");

	return ret == 0 ? ask("queue-error 0 1 invalid-buffer") : ret;
}

static int
act_stop_cont(struct run *run)
{
	int ret = guest_vm_pause(run->looped.vm);

	return ret == 0 ? guest_vm_resume(run->looped.vm) : ret;
}

static int
act_reset(struct run *run)
{
	return guest_vm_reset(run->looped.vm);
}

static int
act_off_on(struct run *run)
{
	int ret = guest_vm_log_off(run->looped.vm);

	/* What is written now is in no log: as a migration that is begun anew, copy everything. The
	 * guest runs, and notes its writes in the log that goes. */
	guest_vm_end_move(run->looped.vm, run->move);
	run->move = NULL;
	if (ret == 0)
		ret = looped_alive(&run->looped);
	return ret == 0 ? begin(run) : ret;
}

/* --- stories --------------------------------------------------------------------------------- */

static int
story_steps(struct run *run)
{
	static const struct {
		const char *name;
		int (*act)(struct run *run);
	} acts[] = {
		{ "on", act_nothing },
		{ "on, off, on (N8)", act_off_on },
		{ "another log while logging (N9, N18)", act_larger_log },
		{ "rings disabled and enabled (N10)", act_rings },
		{ "call files sent again (N10)", act_files },
		{ "stop and cont (N10)", act_stop_cont },
		{ "guest reset (N10)", act_reset },
		{ "memory hot-add (N10)", act_hot_add },
		{ "memory hot-add and hot-remove (N10)", act_hot_remove },
		{ "on again", act_nothing },
	};
	unsigned int i;
	int ret = 0;

	for (i = 0; i < BASE_ARRAY_SIZE(acts) && ret == 0; i++) {
		ret = migrate_around(run, acts[i].act);
		printf("%-40s %s\n", acts[i].name, ret == 0 ? "ok" : "FAIL");
	}
	return ret;
}

static int
story_error(struct run *run)
{
	return migrate_around(run, act_error);
}

/* The device is closed and started anew while the log is on (N10: "set before start"). */
static int
story_before(struct run *run)
{
	int ret = guest_vm_pause(run->looped.vm);

	if (ret == 0)
		ret = begin(run);
	if (ret == 0)
		ret = guest_vm_resume(run->looped.vm);
	if (ret == 0)
		ret = converge(run);
	return ret == 0 ? fail_back(run) : ret;
}

/* There and back, with an attempt that fails in between. */
static int
story_move(struct run *run)
{
	unsigned int i;
	int ret = 0;

	for (i = 1; i <= 4 && ret == 0; i++) {
		ret = migrate_around(run, act_nothing);
		if (ret == 0)
			ret = begin(run);
		if (ret == 0)
			ret = converge(run);
		if (ret == 0)
			ret = move_to(run, run->sockets[i % 2]);
		printf("move to function %u: %s\n", i % 2, ret == 0 ? "ok" : "FAIL");
	}
	return ret;
}

/* Is all that the device may write of the ring in the log? */
static int
ring_is_marked(struct run *run, unsigned int queue)
{
	const struct guest_dirty *dirty = guest_vm_dirty(run->looped.vm);
	struct guest_vring_addr addr;
	uint64_t gpa, first, last;

	guest_vm_ring_addr(run->looped.vm, queue, &addr);
	first = run->packed ? addr.desc_gpa : addr.used_gpa;
	last = run->packed ? addr.used_gpa + 3 : addr.used_gpa + 4 + 8ull * addr.size - 1;
	for (gpa = first & ~(uint64_t)(GUEST_DIRTY_PAGE - 1); gpa <= last;
			gpa += GUEST_DIRTY_PAGE) {
		if (guest_dirty_is_set(dirty, gpa))
			continue;
		printf("queue %u: page 0x%" PRIx64 " of its ring is not marked\n", queue, gpa);
		return -EBADMSG;
	}
	return 0;
}

/* N11: nothing moves any more, all bits have been taken; a stop marks each queue's own ring. */
static int
story_rings(struct run *run)
{
	unsigned int queue;
	int ret = begin(run);

	if (ret == 0)
		ret = rounds(run);
	guest_vm_quiet(run->looped.vm);
	if (ret == 0)
		ret = guest_ledger_drain(run->looped.ledger, DRAIN_MS);
	if (ret == 0)
		ret = guest_vm_barrier(run->looped.vm);
	if (ret != 0)
		return ret;
	guest_move_round(run->move, guest_vm_dirty(run->looped.vm));
	ret = guest_vm_disable(run->looped.vm, 1);
	if (ret == 0)
		ret = ring_is_marked(run, 1);
	if (ret == 0)
		ret = guest_vm_enable(run->looped.vm, 1);
	guest_move_round(run->move, guest_vm_dirty(run->looped.vm));
	if (ret == 0)
		ret = guest_vm_pause(run->looped.vm);
	for (queue = 0; queue < 2 * run->looped.pairs && ret == 0; queue++)
		ret = ring_is_marked(run, queue);
	return ret;
}

static const struct {
	const char *name;
	int (*play)(struct run *run);
} stories[] = {
	{ "steps", story_steps },
	{ "error", story_error },
	{ "before", story_before },
	{ "move", story_move },
	{ "rings", story_rings },
};

static int
play(struct run *run, const char *story)
{
	unsigned int i = 0;
	int ret;

	while (i < BASE_ARRAY_SIZE(stories) && strcmp(stories[i].name, story) != 0)
		i++;
	if (i == BASE_ARRAY_SIZE(stories)) {
		printf("no story '%s'\n", story);
		return -EINVAL;
	}
	ret = looped_start(&run->looped);
	if (ret == 0)
		ret = stories[i].play(run);
	if (ret == 0)
		ret = looped_account(&run->looped);
	if (ret != 0)
		printf("%s: %s\n", strerror(-ret), guest_vm_error(run->looped.vm));
	guest_move_end(run->move);
	return ret;
}

int
main(int argc, char **argv)
{
	unsigned int pairs = argc >= 5 ? (unsigned int)atoi(argv[2]) : 0;
	struct guest_vm_attr attr;
	struct run run = { 0 };
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pairs == 0 || pairs > MAX_PAIRS) {
		fprintf(stderr, "usage: migrate STORY PAIRS split|packed SOCKET [SOCKET]\n");
		return 2;
	}
	looped_attr(&attr, argv[4], pairs);
	attr.ram = RAM;
	run.packed = attr.packed = strcmp(argv[3], "packed") == 0;
	run.sockets[0] = argv[4];
	run.sockets[1] = argc > 5 ? argv[5] : argv[4];
	if (strcmp(argv[1], "rings") == 0) {
		attr.ring_size = 1024; /* used rings of more than a page */
		attr.ram = 64u << 20;
	}
	ret = looped_open(&run.looped, &attr);
	run.looped.load.rate = 3000;
	if (ret == 0)
		ret = play(&run, argv[1]);
	looped_close(&run.looped);
	printf("%s\n", ret == 0 ? "PASS" : "FAIL");
	return ret == 0 ? 0 : 1;
}
