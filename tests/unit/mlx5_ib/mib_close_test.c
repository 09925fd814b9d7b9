/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Closing the device file in any state gives everything back: with calls in progress in other
 * threads, with events that nobody read, with channels closed before and after, and when the card
 * will not let go of an object. After each no object of the card, no descriptor and no mapping is
 * left.
 */
#include "../open_files.h"
#include "mib_call.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#include "fw_card.h"
#include "fw_fault.h"
#include "mib_event.h"
#include "uv_file.h"

#define NB_THREADS 3u

static void
assert_nothing_left(struct rig *rig)
{
	struct fw_func *func = fw_card_func(rig->card, 0);
	uint32_t id;
	size_t i;

	for (i = 0; i < FW_NB_CLASSES; i++) {
		id = 0;
		assert_null(base_idtab_next(&func->objs[i], &id));
	}
}

/* --- calls in progress ---------------------------------------------------------------------- */

struct worker {
	struct rig *rig;
	pthread_t thread;
	uint8_t *mem;
	atomic_uint nb_done;
	int last; /* the call that ended it */
};

/* Makes and destroys until the file is gone. */
static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	uint32_t handle, id, umem;

	for (;;) {
		w->last = do_counters(w->rig, &handle, &id);
		if (w->last == 0)
			w->last = do_umem(w->rig, w->mem, 100, 1, &umem, &id);
		if (w->last == 0 && atomic_load(&w->nb_done) % 4 != 0)
			w->last = do_umem_destroy(w->rig, umem);
		if (w->last == 0)
			w->last = do_obj_destroy(w->rig, handle);
		if (w->last != 0)
			return NULL;
		atomic_fetch_add(&w->nb_done, 1);
	}
}

static void
test_calls_in_progress(void **state)
{
	struct worker workers[NB_THREADS];
	unsigned int i, before;
	struct rig *rig;

	for (before = 0; before < 3; before++) {
		assert_int_equal(rig_setup(state), 0);
		rig = *state;
		for (i = 0; i < NB_THREADS; i++) {
			workers[i] = (struct worker){ .rig = rig, .mem = malloc(4096) };
			assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_main,
							 &workers[i]),
					0);
		}
		for (i = 0; i < NB_THREADS; i++) {
			while (atomic_load(&workers[i].nb_done) < 20 * before)
				sched_yield();
		}
		/* As the seam has it: who is in a call keeps the memory of the file. */
		base_mutex_lock(&rig->file->lock);
		rig->file->refs++;
		base_mutex_unlock(&rig->file->lock);
		uv_file_close(rig->file);
		for (i = 0; i < NB_THREADS; i++) {
			assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
			assert_int_equal(workers[i].last, -EIO);
			free(workers[i].mem);
		}
		uv_file_put(rig->file);
		assert_nothing_left(rig);
		rig_forget(rig);
	}
}

/* --- channels ------------------------------------------------------------------------------- */

static void
subscribed(struct rig *rig, struct uv_obj **chan)
{
	static const uint16_t events[] = { PRM_EVENT_OBJECT_CHANGE };
	static const struct uv_obj nobody;
	struct mib_sub_attr attr = { NULL, &nobody,
		prm_obj_kind(PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q), 5, 1, -1, events,
		1 };
	uint8_t eqe[64] = { 0 };

	assert_int_equal(do_channel(rig, MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
					 MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC, 0, chan),
			0);
	attr.chan = *chan;
	assert_int_equal(mib_subscribe(rig->ctx, &attr), 0);
	mib_event_ops.event(rig->ctx, attr.kind, 5, PRM_EVENT_OBJECT_CHANGE, eqe);
}

static void
test_events_pending(void **state)
{
	unsigned int files, order;
	struct uv_obj *chan;
	struct rig *rig;
	uint8_t buf[100];

	for (order = 0; order < 3; order++) {
		files = open_files();
		assert_int_equal(rig_setup(state), 0);
		rig = *state;
		subscribed(rig, &chan);
		if (order == 0)
			end_channel(chan); /* with an event that nobody has read */
		uv_file_close(rig->file);
		if (order == 1)
			end_channel(chan);
		if (order == 2) { /* what was sent can still be read, then it is at its end */
			assert_int_equal(read(chan->fd, buf, sizeof(buf)), 72);
			assert_int_equal(read(chan->fd, buf, sizeof(buf)), 0);
			end_channel(chan);
		}
		assert_nothing_left(rig);
		rig_forget(rig);
		assert_int_equal(open_files(), files);
	}
}

/* --- by force ------------------------------------------------------------------------------- */

static bool
is_mapped(const void *p)
{
	unsigned char vec;

	return mincore((void *)(uintptr_t)p, 1, &vec) == 0;
}

/* From now on the card refuses to give up anything of this kind. */
static void
refuse(struct rig *rig, const char *id, enum fw_op_kernel op)
{
	struct fw_fault rule;

	fw_fault_init(&rule, FW_FAULT_FAIL);
	snprintf(rule.id, sizeof(rule.id), "%s", id);
	rule.op.opcode = op;
	rule.count = 0;
	rule.status = PRM_STATUS_RES_BUSY;
	assert_int_equal(fw_card_add_fault(rig->card, &rule), 0);
}

/* What the card would not give up keeps its memory to the end of the context, and not longer. */
static void
test_force(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *mem = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);
	struct ib_uverbs_reg_mr cmd = { .start = (uintptr_t)mem,
		.length = page,
		.access_flags = 1 };
	struct ib_uverbs_reg_mr_resp resp;
	uint32_t handle, id, pd, pdn;
	struct rig *rig = *state;

	assert_ptr_not_equal(mem, MAP_FAILED);
	assert_int_equal(do_pd(rig, &pd, &pdn), 0);
	cmd.pd_handle = pd;
	assert_int_equal(do_mr(rig, &cmd, &resp), 0);
	assert_int_equal(do_umem(rig, mem + page, page, 1, &handle, &id), 0);
	refuse(rig, "mr", FW_OP_DEREG_MR);
	refuse(rig, "umem", FW_OP_DEREG_UMEM);
	assert_int_equal(do_umem_destroy(rig, handle), -EBUSY);
	assert_int_equal(do_mr_destroy(rig, resp.mr_handle), -EBUSY);
	assert_int_equal(mib_keep_unmap((uintptr_t)mem, 2 * page), 0);
	assert_true(is_mapped(mem) && is_mapped(mem + page));
	uv_file_close(rig->file);
	assert_false(is_mapped(mem));
	assert_false(is_mapped(mem + page));
	assert_nothing_left(rig);
	rig_forget(rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_in_progress),
		cmocka_unit_test(test_events_pending),
		cmocka_unit_test_setup(test_force, rig_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
