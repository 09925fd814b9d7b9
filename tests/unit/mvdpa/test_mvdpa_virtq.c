/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mvdpa_virtq.c and its two helpers alone; firmware, vhost and the fast side are stand-ins here
 * that note what they are asked and fail where a test wants it. Looked at are the order of the
 * commands, what vhost is told, and what is left after each failure.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "guard_log.h"
#include "mvdpa_event.h"
#include "mvdpa_virtq.h"

static struct {
	char trace[512]; /* one letter a step */
	const char *fail; /* letters of the steps that fail, each time */
	char fail_once; /* letter of the step that fails the next time */
	int error; /* with which MODIFY fails */
	struct devx_virtq_attr modified;
	uint64_t select; /* of the last MODIFY */
	uint32_t key; /* of the memory in force */
	struct devx_virtq_attr created;
	struct devx_virtq_attr answer; /* of a query */
	uint16_t base_avail, base_used; /* of vhost */
	uint64_t cookie;
	uint32_t log_key; /* of the object */
	bool logs;
	bool runs, logs_only_running; /* the object does; the firmware takes a log then only */
	int kick_fd, call_fd;
	struct rte_vhost_vring vring;
} rig;

static _Alignas(4096) uint8_t guest[0x10000];
static struct vring_used *const used = (struct vring_used *)(guest + 0x2000);
static struct mvdpa_mem mem;
static struct devx_cap cap;
static struct mvdpa_dirty dirty;
static struct mvdpa_virtq_env env;
static struct mvdpa_virtq_learned learned;
static struct mvdpa_virtq vq;
static const uint32_t tis[1] = { 77 };
static int log_file;

static int
step(char letter)
{
	size_t len = strlen(rig.trace);

	assert_true(len + 1 < sizeof(rig.trace));
	rig.trace[len] = letter;
	if (letter == rig.fail_once) {
		rig.fail_once = '\0';
		return -EIO;
	}
	return rig.fail != NULL && strchr(rig.fail, letter) != NULL ? -EIO : 0;
}

/* --- firmware -------------------------------------------------------------------------------- */

int
devx_virtq_create(struct devx_dev *dev, const struct devx_virtq_attr *attr, struct devx_obj **obj)
{
	rig.created = *attr;
	rig.log_key = 0;
	rig.logs = false;
	rig.runs = false;
	if (step('C') != 0)
		return -EIO;
	*obj = (struct devx_obj *)&rig;
	return 0;
}

int
devx_virtq_modify(struct devx_obj *obj, const struct devx_virtq_attr *attr, uint64_t select)
{
	const uint64_t log = PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS |
			PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE;
	char letter = attr->state == PRM_VIRTQ_RDY ? 'R' : 'S';
	int ret;

	rig.select = select;
	rig.modified = *attr;
	if ((select & PRM_VIRTQ_MOD_STATE) == 0)
		letter = (select & log) != 0 ? 'L' : 'M';
	else if ((select & log) != 0)
		letter = 'r';
	else if (letter == 'S')
		assert_int_equal(select, PRM_VIRTQ_MOD_STATE);
	ret = step(letter) != 0 ? rig.error : 0;
	if ((select & log) != 0 && rig.logs_only_running && !rig.runs)
		ret = -EINVAL;
	if (ret == 0 && (select & PRM_VIRTQ_MOD_STATE) != 0)
		rig.runs = attr->state == PRM_VIRTQ_RDY;
	if (ret == 0 && (select & PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS) != 0)
		rig.log_key = attr->log.mkey;
	if (ret == 0 && (select & PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE) != 0)
		rig.logs = attr->log.enabled;
	return ret;
}

int
devx_virtq_query(struct devx_obj *obj, struct devx_virtq_attr *attr)
{
	*attr = rig.answer;
	return step('Q');
}

int
devx_virtq_query_post(struct devx_query_channel *channel, struct devx_obj *obj, uint16_t index,
		uint32_t round)
{
	assert_ptr_equal(channel, &rig);
	assert_int_equal(index, 2);
	assert_int_equal(round, 9);
	return step('P');
}

void
devx_obj_destroy(struct devx_obj *obj)
{
	if (obj == (struct devx_obj *)&rig)
		step('D');
}

uint32_t
devx_obj_id(const struct devx_obj *obj)
{
	return 5;
}

int
devx_event_subscribe(struct devx_event_channel *channel, struct devx_obj *obj, enum prm_event event,
		uint64_t cookie)
{
	assert_int_equal(event, PRM_EVENT_OBJECT_CHANGE);
	rig.cookie = cookie;
	return step('E');
}

/* --- keys of the dirty log, of which there is one ---------------------------------------------- */

int
devx_mr_create(struct devx_dev *dev, const struct devx_mr_attr *attr, struct devx_mr **mr)
{
	*mr = (struct devx_mr *)&dirty;
	return 0;
}

void
devx_mr_destroy(struct devx_mr *mr)
{
}

uint32_t
devx_mr_key(const struct devx_mr *mr)
{
	return 1;
}

int
devx_mkey_create(struct devx_dev *dev, const struct devx_mkey_attr *attr, struct devx_obj **mkey)
{
	*mkey = (struct devx_obj *)&dirty;
	return 0;
}

uint32_t
devx_mkey_key(const struct devx_obj *mkey)
{
	return 0x700;
}

uint32_t
devx_dev_pd(const struct devx_dev *dev)
{
	return 3;
}

uint32_t
devx_qp_fw_id(const struct devx_qp *qp)
{
	return 4;
}

uint32_t
mvdpa_mem_key(const struct mvdpa_mem *m)
{
	return rig.key;
}

int
mvdpa_res_prepare(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	res->qp_stale = false;
	res->size = attr->size;
	if (attr->events)
		res->qp = (struct devx_qp *)&rig;
	return step('p');
}

bool
mvdpa_res_part(struct mvdpa_res *res)
{
	return false;
}

void
mvdpa_res_taken(const struct mvdpa_res *res, struct mvdpa_res_learned *known)
{
}

void
mvdpa_res_umems(const struct mvdpa_res *res, struct devx_virtq_umem umem[3])
{
	umem[0].id = umem[1].id = umem[2].id = 6;
}

void
mvdpa_res_release(struct mvdpa_res *res)
{
}

void
mvdpa_res_release_counters(struct mvdpa_res *res)
{
}

/* --- the fast side --------------------------------------------------------------------------- */

void
mvdpa_io_init(struct mvdpa_io *io)
{
}

void
mvdpa_io_fini(struct mvdpa_io *io)
{
}

void
mvdpa_io_start(struct mvdpa_io *io, struct devx_cq *cq, struct devx_qp *qp)
{
	step('i');
}

void
mvdpa_io_stop(struct mvdpa_io *io)
{
	step('o');
}

int
mvdpa_io_attach(struct mvdpa_io *io, int kick_fd, int call_fd)
{
	rig.kick_fd = kick_fd;
	rig.call_fd = call_fd;
	return step('a');
}

/* --- vhost ----------------------------------------------------------------------------------- */

int
rte_vhost_get_vhost_vring(int vid, uint16_t index, struct rte_vhost_vring *vring)
{
	*vring = rig.vring;
	return 0;
}

int
rte_vhost_get_vring_base(int vid, uint16_t index, uint16_t *avail, uint16_t *used_idx)
{
	*avail = rig.base_avail;
	*used_idx = rig.base_used;
	return step('g') != 0 ? -1 : 0;
}

int
rte_vhost_set_vring_base(int vid, uint16_t index, uint16_t avail, uint16_t used_idx)
{
	rig.base_avail = avail;
	rig.base_used = used_idx;
	return step('b') != 0 ? -1 : 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

static int
setup(void **state)
{
	const struct mvdpa_mem_limits limits = { .page_size = 4096 };
	const struct mvdpa_mem_region r = { .gpa = 0,
		.size = sizeof(guest),
		.hva = (uint64_t)(uintptr_t)guest };

	memset(&rig, 0, sizeof(rig));
	memset(guest, 0, sizeof(guest));
	memset(&cap, 0, sizeof(cap));
	memset(&vq, 0, sizeof(vq));
	memset(&learned, 0, sizeof(learned));
	rig.error = -EIO;
	rig.key = 0x100;
	rig.vring = (struct rte_vhost_vring){ .desc = (void *)guest,
		.avail = (void *)(guest + 0x1000),
		.used = used,
		.size = 64,
		.kickfd = 10,
		.callfd = 11 };
	rig.answer.state = PRM_VIRTQ_SUSPEND;
	env = (struct mvdpa_virtq_env){ .name = "test",
		.cap = &cap,
		.mem = &mem,
		.dirty = &dirty,
		.tis = tis,
		.nb_tis = 1,
		.learned = &learned,
		.blank_features = 1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_F_VERSION_1,
		.blank_size = 64 };
	mvdpa_dirty_init(&dirty, "test", NULL, NULL, &mem.plan);
	mvdpa_virtq_init(&vq, &env, 2);
	return mvdpa_mem_plan_make(&r, 1, &limits, NULL, &mem.plan);
}

static int
teardown(void **state)
{
	mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT);
	mvdpa_virtq_fini(&vq);
	mvdpa_dirty_release(&dirty);
	mvdpa_mem_plan_free(&mem.plan);
	return 0;
}

static void
stops_at(uint16_t avail, uint16_t hw_used, uint16_t memory)
{
	rig.answer.hw_available = avail;
	rig.answer.hw_used = hw_used;
	used->idx = memory;
}

/* A ring that begins another life: the front-end sets the base, the guest the ring. */
static void
lives_at(uint16_t index)
{
	rig.base_avail = rig.base_used = index;
	used->idx = index;
}

static void
check(enum mvdpa_virtq_state state, const char *trace)
{
	assert_int_equal(mvdpa_virtq_state(&vq), state);
	assert_string_equal(rig.trace, trace);
	memset(rig.trace, 0, sizeof(rig.trace));
}

static void
test_life(void **state)
{
	used->flags = VRING_USED_F_NO_NOTIFY; /* left by a back-end that polled */
	lives_at(7);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "gpCEiRa");
	assert_int_equal(rig.created.hw_available, 7);
	assert_int_equal(rig.created.hw_used, 7);
	assert_int_equal(rig.created.index, 2);
	assert_int_equal(rig.created.tisn, 77);
	assert_int_equal(rig.cookie, mvdpa_event_error_cookie(MVDPA_EVENT_OF_QUEUE, 2, 1));
	assert_int_equal(rig.kick_fd, 10);
	assert_int_equal(rig.call_fd, 11);
	assert_int_equal(used->flags, 0);
	stops_at(50, 20, 20);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	check(MVDPA_VIRTQ_SUSPENDED, "SQob");
	assert_int_equal(rig.base_avail, 20); /* what the front-end gets */
	assert_int_equal(vq.stats.saved.avail, 50);
	assert_int_equal(vq.stats.saved.used, 20);
	assert_int_equal(vq.stats.mismatches, 1);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	check(MVDPA_VIRTQ_ABSENT, "D");
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "gpCEiRa");
	assert_int_equal(rig.created.hw_available, 20);
	assert_int_equal(rig.cookie,
			mvdpa_event_error_cookie(MVDPA_EVENT_OF_QUEUE, 2,
					2)); /* old events are told apart */
}

static void
test_policy_saved(void **state)
{
	env.policy = MVDPA_INDEX_SAVED;
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	stops_at(50, 20, 20);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	assert_int_equal(rig.created.hw_available, 50);
	assert_int_equal(rig.created.hw_used, 20);
	stops_at(90, 60, 60);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	lives_at(0); /* the guest was reset */
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	assert_int_equal(rig.created.hw_available, 0);
	assert_int_equal(rig.created.hw_used, 0);
}

static void
test_memory_wins(void **state)
{
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	stops_at(30, 30, 28);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	assert_int_equal(rig.base_used, 28);
	assert_int_equal(vq.stats.mismatches, 1);
	assert_int_equal(vq.stats.fallbacks, 0);
}

/* A packed ring: what is in memory is no index, the card counts, wrap counter included. */
static void
test_packed(void **state)
{
	env.features = 1ULL << 34 | 1ULL << 32;
	rig.base_avail = rig.base_used = 0x8007;
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	assert_int_equal(rig.created.type, PRM_VIRTQ_PACKED);
	assert_int_equal(rig.created.hw_available, 0x8007);
	assert_int_equal(rig.created.hw_used, 0x8007);
	stops_at(0x0002, 0x803e, 0x1234);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	assert_int_equal(rig.base_used, 0x803e);
	assert_int_equal(rig.base_avail, 0x803e);
	assert_int_equal(vq.stats.saved.avail, 2);
	assert_int_equal(vq.stats.mismatches, 1); /* four in flight */
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	assert_int_equal(rig.created.hw_available, 0x803e);
	/* the card does not answer: back to the start */
	rig.fail = "Q";
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	assert_int_equal(rig.base_used, 0x803e);
	assert_int_equal(vq.stats.fallbacks, 1);
	rig.fail = NULL;
}

/* Vhost was told where the old ring stopped; the one that is started now is elsewhere. */
static void
test_ring_exchanged(void **state)
{
	lives_at(7);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	stops_at(20, 20, 20);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	assert_int_equal(rig.base_used, 20);
	assert_int_equal(vq.stats.mismatches, 0);
	used->idx = 3;
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	assert_int_equal(rig.created.hw_available, 3);
	assert_int_equal(rig.created.hw_used, 3);
	assert_int_equal(vq.stats.mismatches, 1);
}

/* A log of 64 KiB of memory; the ring of the tests has its used ring in page 2. */
static void
log_on(void)
{
	struct guard_log log = { .fd = memfd_create("log", MFD_CLOEXEC), .size = 4096 };

	assert_true(log.fd >= 0);
	assert_int_equal(ftruncate(log.fd, 4096), 0);
	log_file = log.fd;
	assert_int_equal(mvdpa_dirty_take(&dirty, &log), 0);
	mvdpa_dirty_want(&dirty, true);
}

static uint16_t
log_bits(void)
{
	uint8_t bits[2];

	assert_int_equal(pread(log_file, bits, 2, 0), 2);
	return (uint16_t)(bits[0] | bits[1] << 8);
}

/* Each way to READY carries the log, in the command of the state; a change goes to the running
 * queue at once; the rings are marked at a stop. */
static void
test_log(void **state)
{
	log_on();
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "gpCEira");
	assert_true(rig.logs);
	assert_int_equal(rig.log_key, 0x700);
	assert_true(mvdpa_virtq_names_log(&vq, 0x700));
	assert_int_equal(log_bits(), 1 << 2); /* used flags */
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	assert_false(mvdpa_virtq_names_log(&vq, 0x700));
	memset(rig.trace, 0, sizeof(rig.trace));
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "gpCEira");
	mvdpa_dirty_want(&dirty, false);
	assert_int_equal(mvdpa_virtq_log(&vq), 0);
	check(MVDPA_VIRTQ_READY, "L");
	assert_false(rig.logs);
	assert_int_equal(rig.log_key, 0);
	mvdpa_dirty_want(&dirty, true);
	assert_int_equal(mvdpa_virtq_log(&vq), 0);
	check(MVDPA_VIRTQ_READY, "L");
	assert_true(rig.logs);
	assert_int_equal(mvdpa_virtq_log(&vq), 0);
	check(MVDPA_VIRTQ_READY, ""); /* nothing has changed */
	/* Stopped: told only to let go of a log. */
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	memset(rig.trace, 0, sizeof(rig.trace));
	mvdpa_dirty_want(&dirty, false);
	assert_int_equal(mvdpa_virtq_log(&vq), 0);
	check(MVDPA_VIRTQ_SUSPENDED, "L");
	mvdpa_dirty_want(&dirty, true);
	assert_int_equal(mvdpa_virtq_log(&vq), 0);
	check(MVDPA_VIRTQ_SUSPENDED, "");
	close(log_file);
}

/* Firmware that does not log: the queue runs, and all memory is marked when it stops. */
static void
test_log_refused(void **state)
{
	log_on();
	rig.fail = "rL";
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "gpCEirLLRLLa");
	assert_false(rig.logs);
	mvdpa_dirty_settle(&dirty);
	assert_int_equal(log_bits(), 1 << 2);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	mvdpa_dirty_settle(&dirty);
	assert_int_equal(log_bits(), 0xffff);
	close(log_file);
}

/* Firmware that takes a log of a running queue only: what it wrote before is marked, as all is. */
static void
test_log_late(void **state)
{
	log_on();
	rig.logs_only_running = true;
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "gpCEirLLRLa");
	assert_true(rig.logs);
	mvdpa_dirty_settle(&dirty);
	assert_int_equal(log_bits(), 0xffff);
	memset(rig.trace, 0, sizeof(rig.trace));
	assert_int_equal(mvdpa_virtq_log(&vq), 0);
	check(MVDPA_VIRTQ_READY, ""); /* the others are told, too */
	close(log_file);
}

/* The card refuses SUSPEND and goes on writing until it is destroyed. */
static void
test_suspend_refused(void **state)
{
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	memset(rig.trace, 0, sizeof(rig.trace));
	rig.fail = "S";
	rig.answer.state = PRM_VIRTQ_RDY;
	stops_at(9, 9, 10);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	check(MVDPA_VIRTQ_SUSPENDED, "SQSQob");
	assert_int_equal(rig.base_used, 10);
	assert_false(mvdpa_virtq_has_stopped(&vq));
	used->idx = 12;
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	check(MVDPA_VIRTQ_ABSENT, "Db");
	assert_true(mvdpa_virtq_has_stopped(&vq));
	assert_int_equal(rig.base_used, 12);
	assert_int_equal(rig.base_avail, 12);
	assert_int_equal(vq.stats.fallbacks, 1);
}

static void
test_query_fails(void **state)
{
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	rig.fail = "Q";
	stops_at(0, 0, 65535);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	assert_int_equal(rig.base_used, 65535);
	assert_int_equal(vq.stats.saved.used, 65535);
	assert_int_equal(vq.stats.fallbacks, 1);
}

/* What fails once is asked again, so nothing has to be guessed. */
static void
test_query_fails_once(void **state)
{
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	memset(rig.trace, 0, sizeof(rig.trace));
	rig.fail_once = 'Q';
	stops_at(9, 9, 9);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	check(MVDPA_VIRTQ_SUSPENDED, "SQQob");
	assert_int_equal(vq.stats.fallbacks, 0);
	assert_true(mvdpa_virtq_has_stopped(&vq));
}

/* The first half of a stop, and what the card answered meanwhile. */
static void
halt(const char *trace)
{
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "gpCEiRa");
	stops_at(50, 20, 20);
	mvdpa_virtq_halt(&vq, (struct devx_query_channel *)&rig, 9);
	check(MVDPA_VIRTQ_READY, trace);
}

/* The stop in two halves, with an answer that was not waited for. */
static void
test_halt(void **state)
{
	struct devx_virtq_attr hw;

	halt("SP");
	hw = rig.answer;
	mvdpa_virtq_halted(&vq, 0, &hw);
	check(MVDPA_VIRTQ_SUSPENDED, "ob");
	assert_int_equal(vq.stats.saved.avail, 50);
	assert_int_equal(vq.stats.saved.used, 20);
	assert_int_equal(vq.stats.fallbacks, 0);
}

static void
test_halt_without_answer(void **state)
{
	struct devx_virtq_attr hw;

	rig.fail = "P";
	halt("SP");
	mvdpa_virtq_halted(&vq, -EIO, &hw);
	check(MVDPA_VIRTQ_SUSPENDED, "Qob");
	assert_int_equal(vq.stats.saved.avail, 50);
	assert_int_equal(vq.stats.fallbacks, 0);
}

/* Asked twice in all, then memory counts. */
static void
test_halt_never_answered(void **state)
{
	struct devx_virtq_attr hw;

	halt("SP");
	rig.fail = "Q";
	mvdpa_virtq_halted(&vq, -EIO, &hw);
	check(MVDPA_VIRTQ_SUSPENDED, "Qob");
	assert_int_equal(vq.stats.saved.used, 20);
	assert_int_equal(vq.stats.fallbacks, 1);
}

/* The command was refused, and the answer says so: once more. */
static void
test_halt_refused(void **state)
{
	struct devx_virtq_attr hw;

	rig.fail_once = 'S';
	halt("SP");
	hw = (struct devx_virtq_attr){ .state = PRM_VIRTQ_RDY };
	mvdpa_virtq_halted(&vq, 0, &hw);
	check(MVDPA_VIRTQ_SUSPENDED, "SQob");
	assert_int_equal(vq.stats.saved.used, 20);
	assert_int_equal(vq.stats.fallbacks, 0);
}

static void
test_start_fails(void **state)
{
	static const struct {
		const char *fail, *trace;
		enum mvdpa_virtq_state left;
	} cases[] = {
		{ "p", "gp", MVDPA_VIRTQ_ABSENT },
		{ "C", "gpC", MVDPA_VIRTQ_ABSENT },
		{ "E", "gpCED", MVDPA_VIRTQ_ABSENT },
		{ "R", "gpCEiRQo", MVDPA_VIRTQ_INIT },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig.fail = cases[i].fail;
		assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), -EIO);
		check(cases[i].left, cases[i].trace);
		assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
		rig.fail = NULL;
		memset(rig.trace, 0, sizeof(rig.trace));
	}
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0); /* nothing sticks */
	rig.fail = "a"; /* a file that cannot be used does not stop the queue */
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
}

static void
test_ring_outside(void **state)
{
	rig.vring.used = (void *)(guest + sizeof(guest) - 8);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), -EINVAL);
	check(MVDPA_VIRTQ_ABSENT, "");
}

static void
test_no_base(void **state)
{
	rig.fail = "g";
	rig.base_avail = rig.base_used = 0xdead;
	used->idx = 33;
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	assert_int_equal(rig.created.hw_available, 33);
	assert_int_equal(vq.stats.mismatches, 0);
}

static void
test_error(void **state)
{
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	memset(rig.trace, 0, sizeof(rig.trace));
	rig.answer.state = PRM_VIRTQ_ERR;
	stops_at(50, 20, 20);
	mvdpa_virtq_fail(&vq);
	check(MVDPA_VIRTQ_ERROR, "Qob"); /* no SUSPEND */
	mvdpa_virtq_fail(&vq); /* once is enough */
	check(MVDPA_VIRTQ_ERROR, "");
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "gDgpCEiRa");
	assert_int_equal(rig.created.hw_available, 20);
}

#define STATE PRM_VIRTQ_MOD_STATE
#define BOTH_INDICES (PRM_VIRTQ_MOD_HW_AVAILABLE_INDEX | PRM_VIRTQ_MOD_HW_USED_INDEX)

static void
card_can_all(void)
{
	cap.freeze_to_rdy = cap.modify_ext = cap.addr_modify = cap.index_modify = true;
	cap.version_1_0 = true;
}

static void
runs_and_stops_at(uint16_t avail, uint16_t used_idx)
{
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	stops_at(avail, used_idx, used_idx);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	memset(rig.trace, 0, sizeof(rig.trace));
}

static void
resumes(uint64_t select)
{
	assert_int_equal(mvdpa_virtq_resume(&vq), 0);
	check(MVDPA_VIRTQ_READY, "giRa");
	assert_int_equal(rig.select, select);
}

static void
is_replaced(void)
{
	assert_int_equal(mvdpa_virtq_resume(&vq), -ESTALE);
	check(MVDPA_VIRTQ_SUSPENDED, "g");
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "gDgpCEiRa");
}

/* Nothing is rewritten: the object knows where it was, also what is in flight. */
static void
test_resume(void **state)
{
	cap.freeze_to_rdy = true;
	runs_and_stops_at(50, 20);
	resumes(STATE);
	assert_int_equal(vq.stats.resumed.avail, 50);
	assert_int_equal(vq.stats.resumed.used, 20);
	assert_int_equal(mvdpa_virtq_resume(&vq), -ESTALE); /* it runs */
	check(MVDPA_VIRTQ_READY, "");
}

static void
test_no_resume_on_old_card(void **state)
{
	card_can_all();
	cap.freeze_to_rdy = false;
	runs_and_stops_at(20, 20);
	is_replaced();
	assert_int_equal(rig.created.hw_used, 20);
}

static void
test_new_memory(void **state)
{
	card_can_all();
	runs_and_stops_at(50, 20);
	rig.key = 0x200;
	resumes(STATE | PRM_VIRTQ_MOD_Q_MKEY);
	assert_int_equal(rig.modified.mkey, 0x200);
	assert_int_equal(mvdpa_virtq_key(&vq), 0x200);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	memset(rig.trace, 0, sizeof(rig.trace));
	cap.modify_ext = false; /* a card that cannot do that */
	rig.key = 0x300;
	is_replaced();
	assert_int_equal(rig.created.mkey, 0x300);
}

/* A guest's reset: another base; and a driver that puts the ring elsewhere. */
static void
test_new_life(void **state)
{
	card_can_all();
	runs_and_stops_at(20, 20);
	lives_at(0);
	resumes(STATE | BOTH_INDICES);
	assert_int_equal(rig.modified.hw_available, 0);
	assert_int_equal(rig.modified.hw_used, 0);
	runs_and_stops_at(7, 7);
	memmove(guest + 0x3000, guest + 0x2000, 0x400);
	rig.vring.used = (void *)(guest + 0x3000);
	assert_true(mvdpa_virtq_ring_changed(&vq));
	resumes(STATE | PRM_VIRTQ_MOD_ADDR);
	assert_int_equal(rig.modified.used, 0x3000);
}

/* What the former life had in flight must not end in the new one: the object goes. */
static void
test_new_life_with_entries_in_flight(void **state)
{
	card_can_all();
	runs_and_stops_at(50, 20);
	lives_at(0);
	is_replaced();
	assert_int_equal(rig.created.hw_available, 0);
	runs_and_stops_at(50, 20);
	vq.same_life = false; /* the front-end took the base away and gave the same back */
	is_replaced();
	assert_int_equal(rig.created.hw_available, 20);
}

/* Another ring whose index is by chance the one at which the ring before had stopped: what was in
 * flight there is not here, whatever the policy. */
static void
test_other_ring_with_entries_in_flight(void **state)
{
	card_can_all();
	env.policy = MVDPA_INDEX_SAVED;
	runs_and_stops_at(50, 0);
	rig.vring.used = (void *)(guest + 0x3000);
	is_replaced();
	assert_int_equal(rig.created.hw_available, 0);
	assert_int_equal(rig.created.hw_used, 0);
	rig.vring.used = used;
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	runs_and_stops_at(50, 0);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	rig.vring.size = 128;
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	assert_int_equal(rig.created.hw_available, 0);
}

static void
test_other_size(void **state)
{
	card_can_all();
	runs_and_stops_at(20, 20);
	rig.vring.size = 32;
	is_replaced();
	assert_int_equal(rig.created.size, 32);
}

/* Counted once, however often it is looked at. */
static void
test_memory_differs_at_start(void **state)
{
	card_can_all();
	runs_and_stops_at(20, 20);
	assert_int_equal(vq.stats.mismatches, 0);
	used->idx = 23;
	rig.vring.size = 32;
	is_replaced();
	assert_int_equal(rig.created.hw_used, 23);
	assert_int_equal(vq.stats.mismatches, 1);
}

static void
test_memory_differs(void **state)
{
	card_can_all();
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	stops_at(30, 30, 28);
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	memset(rig.trace, 0, sizeof(rig.trace));
	is_replaced();
	assert_int_equal(rig.created.hw_used, 28);
}

/* A card that cannot resume after all gets a new object; the ring goes on where it was. */
static void
test_resume_refused(void **state)
{
	card_can_all();
	runs_and_stops_at(20, 20);
	rig.fail_once = 'R';
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "giRQogDgpCEiRa");
	assert_int_equal(rig.created.hw_used, 20);
	runs_and_stops_at(20, 20); /* an accident: tried again */
	rig.fail_once = 'R';
	assert_int_equal(mvdpa_virtq_resume(&vq), -ESTALE);
	check(MVDPA_VIRTQ_SUSPENDED, "giRQo");
	is_replaced();
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_SUSPENDED), 0);
	rig.fail = "R";
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), -EIO); /* and it ends */
}

/* A refusal as invalid, and a new object that is not refused: the card cannot. */
static void
test_refusal_is_remembered(void **state)
{
	card_can_all();
	rig.error = -EINVAL;
	runs_and_stops_at(20, 20);
	rig.key = 0x200;
	rig.fail = "RM";
	assert_int_equal(mvdpa_virtq_resume(&vq), -ESTALE);
	check(MVDPA_VIRTQ_SUSPENDED, "giRMQo");
	assert_int_equal(learned.refused, 0); /* could be the key's fault */
	rig.fail = NULL;
	is_replaced();
	assert_int_equal(learned.refused, PRM_VIRTQ_MOD_Q_MKEY);
	runs_and_stops_at(21, 21);
	rig.key = 0x300;
	is_replaced();
	runs_and_stops_at(22, 22); /* resuming as such was not refused */
	resumes(STATE);
}

/* A refusal of what was taken before, or of a queue that had failed meanwhile, says nothing of the
 * card. */
static void
test_accident_is_not_remembered(void **state)
{
	card_can_all();
	rig.error = -EINVAL;
	runs_and_stops_at(20, 20);
	rig.key = 0x200;
	rig.answer.state = PRM_VIRTQ_ERR;
	rig.fail = "RM";
	assert_int_equal(mvdpa_virtq_resume(&vq), -ESTALE);
	check(MVDPA_VIRTQ_SUSPENDED, "giRMQo");
	rig.fail = NULL;
	rig.answer.state = PRM_VIRTQ_SUSPEND;
	is_replaced();
	assert_int_equal(learned.refused, 0);
	runs_and_stops_at(20, 20);
	rig.key = 0x300;
	resumes(STATE | PRM_VIRTQ_MOD_Q_MKEY);
	runs_and_stops_at(20, 20);
	rig.key = 0x400;
	rig.fail = "RM";
	assert_int_equal(mvdpa_virtq_resume(&vq), -ESTALE);
	check(MVDPA_VIRTQ_SUSPENDED, "giRMQo");
	rig.fail = NULL;
	is_replaced();
	assert_int_equal(learned.refused, 0);
}

/* The answer got lost, the queue runs: another object would be a second one on the ring. */
static void
test_started_after_all(void **state)
{
	card_can_all();
	runs_and_stops_at(20, 20);
	rig.answer.state = PRM_VIRTQ_RDY;
	rig.fail = "R";
	assert_int_equal(mvdpa_virtq_resume(&vq), 0);
	check(MVDPA_VIRTQ_READY, "giRQa");
	rig.answer.state = PRM_VIRTQ_SUSPEND;
}

static void
test_precreated(void **state)
{
	card_can_all();
	assert_int_equal(mvdpa_virtq_precreate(&vq), 0);
	check(MVDPA_VIRTQ_INIT, "pCE");
	assert_int_equal(rig.created.size, 64);
	assert_int_equal(rig.created.mkey, 0);
	assert_int_equal(mvdpa_virtq_key(&vq), 0);
	assert_int_equal(mvdpa_virtq_precreate(&vq), 0); /* it is there */
	check(MVDPA_VIRTQ_INIT, "");
	env.features = env.blank_features;
	lives_at(9);
	resumes(STATE | PRM_VIRTQ_MOD_Q_MKEY | PRM_VIRTQ_MOD_ADDR | BOTH_INDICES);
	assert_int_equal(rig.modified.hw_used, 9);
	assert_int_equal(rig.modified.desc, 0);
	assert_int_equal(rig.modified.avail, 0x1000);
	assert_int_equal(rig.modified.mkey, 0x100);
}

static void
test_precreated_does_not_fit(void **state)
{
	card_can_all();
	assert_int_equal(mvdpa_virtq_precreate(&vq), 0);
	memset(rig.trace, 0, sizeof(rig.trace));
	env.features = 1ULL << VIRTIO_F_VERSION_1; /* no CSUM */
	assert_int_equal(mvdpa_virtq_resume(&vq), -ESTALE);
	check(MVDPA_VIRTQ_INIT, "g");
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	check(MVDPA_VIRTQ_READY, "gDgpCEiRa");
}

/* Firmware that takes fields and state from INIT in two commands only. */
static void
test_two_commands(void **state)
{
	card_can_all();
	env.features = env.blank_features;
	rig.error = -EINVAL;
	assert_int_equal(mvdpa_virtq_precreate(&vq), 0);
	memset(rig.trace, 0, sizeof(rig.trace));
	rig.fail_once = 'R';
	assert_int_equal(mvdpa_virtq_resume(&vq), 0);
	check(MVDPA_VIRTQ_READY, "giRMRa");
	assert_int_equal(rig.select, STATE);
	runs_and_stops_at(7, 7);
	rig.key = 0x200;
	resumes(STATE | PRM_VIRTQ_MOD_Q_MKEY); /* Linux does so with the same firmware */
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_ABSENT), 0);
	assert_int_equal(mvdpa_virtq_precreate(&vq), 0);
	memset(rig.trace, 0, sizeof(rig.trace));
	assert_int_equal(mvdpa_virtq_resume(&vq), 0);
	check(MVDPA_VIRTQ_READY, "giMRa");
	runs_and_stops_at(7, 7);
	rig.key = 0x300;
	rig.fail_once = 'R'; /* an accident: this way it did go in one */
	assert_int_equal(mvdpa_virtq_resume(&vq), 0);
	check(MVDPA_VIRTQ_READY, "giRMRa");
	runs_and_stops_at(7, 7);
	rig.key = 0x400;
	resumes(STATE | PRM_VIRTQ_MOD_Q_MKEY);
}

/* What could not be fitted to a guest is not made; what it needs, is. */
static void
test_precreate_on_old_card(void **state)
{
	card_can_all();
	cap.addr_modify = false;
	assert_int_equal(mvdpa_virtq_precreate(&vq), 0);
	check(MVDPA_VIRTQ_ABSENT, "p");
}

static void
test_has_failed(void **state)
{
	assert_false(mvdpa_virtq_has_failed(&vq));
	assert_int_equal(mvdpa_virtq_walk(&vq, MVDPA_WANT_READY), 0);
	rig.answer.state = PRM_VIRTQ_RDY;
	assert_false(mvdpa_virtq_has_failed(&vq));
	rig.answer.state = PRM_VIRTQ_ERR;
	assert_true(mvdpa_virtq_has_failed(&vq));
	rig.fail = "Q";
	assert_false(mvdpa_virtq_has_failed(&vq)); /* no answer is no failure of the queue */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_life),
		TEST(test_policy_saved),
		TEST(test_memory_wins),
		TEST(test_packed),
		TEST(test_ring_exchanged),
		TEST(test_log),
		TEST(test_log_refused),
		TEST(test_log_late),
		TEST(test_suspend_refused),
		TEST(test_query_fails),
		TEST(test_query_fails_once),
		TEST(test_halt),
		TEST(test_halt_without_answer),
		TEST(test_halt_never_answered),
		TEST(test_halt_refused),
		TEST(test_start_fails),
		TEST(test_ring_outside),
		TEST(test_no_base),
		TEST(test_error),
		TEST(test_resume),
		TEST(test_no_resume_on_old_card),
		TEST(test_new_memory),
		TEST(test_new_life),
		TEST(test_new_life_with_entries_in_flight),
		TEST(test_other_ring_with_entries_in_flight),
		TEST(test_other_size),
		TEST(test_memory_differs_at_start),
		TEST(test_memory_differs),
		TEST(test_resume_refused),
		TEST(test_refusal_is_remembered),
		TEST(test_accident_is_not_remembered),
		TEST(test_started_after_all),
		TEST(test_precreated),
		TEST(test_precreated_does_not_fit),
		TEST(test_two_commands),
		TEST(test_precreate_on_old_card),
		TEST(test_has_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
