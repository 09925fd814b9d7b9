/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Flows: things that happen to a guest, each measured and judged in the same way, whether somebody
 * typed it or a scenario plays it.
 *
 * flow_run() is built around an act, one function that does the thing (of lib/guest, mostly):
 *
 *   before   each stream that is being sent, and whose way is open, must carry a packet; where each
 *            ring stands, what the driver says of it, how many commands it has counted
 *   act      duration; the ledger's span is open from here on
 *   settle   each stream that is being sent, and whose way is open, must carry a packet that was sent
 *            after the act (the guest's attr.settle_ms at most): so the gap is over. The span is closed, and what
 *            was sent in it gets the same time to arrive, while traffic goes on
 *   after    the same questions as before, and the judgement
 *
 * Slow or dead. A stream that is silent for settle_ms gets FLOW_DEAD_TIMES as long once more: what runs
 * then was slow, which is told, but no fault (a busy machine does that; the gap says how long it was).
 * What does not run then is dead: a queue that does not work. Only one wait of a flow takes so long.
 * Time in which this program was not let run does not count (patience.h).
 *
 * What is judged when. Duplicated, reordered, torn and invented packets, device errors and indices:
 * at once, they do not go away. A packet that is missing is @c lost only where it could have arrived:
 * its way is open, and it did not come in the time above. Where the way is closed (a queue was
 * disabled, a guest stopped or gone) it is @c pending (struct vm_account): it lies in a ring and may arrive when the way
 * opens. flow_history() counts again, so a pending packet becomes received, or lost, in time; when one
 * of its guests goes away a record stays as it is.
 *
 * Packets that a reset took back from a ring, or that were sent to a guest that was down, are excused;
 * flows in which nobody is down must not have any. Duplicates are no fault as far as the device had
 * been handed descriptors that it had not finished (A != U at its stop): these are processed again.
 *
 * One thread, that of vm.h. The last FLOW_HISTORY_MAX flows are kept.
 */
#ifndef FLOW_H
#define FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "ring_index.h"
#include "vm.h"

#define FLOW_HISTORY_MAX 64u
#define FLOW_TEXT_MAX 160u
#define FLOW_FAULTS_MAX 8u
#define FLOW_DEAD_TIMES 3u

/** What happens. The table in flow_kind.c says of each how it is called and judged. */
enum flow_kind {
	FLOW_HOT_ADD,
	FLOW_UNPLUG,
	FLOW_REMAP,
	FLOW_RESET,
	FLOW_REBIND,
	FLOW_DISABLE,
	FLOW_ENABLE,
	FLOW_STOP,
	FLOW_START,
	FLOW_KILL,
	FLOW_ERROR,
	FLOW_MIGRATE,
	FLOW_MIGRATE_FAIL,
	FLOW_NB_KINDS,
};

/** "hot-add" for example; never NULL. */
const char *flow_kind_name(enum flow_kind kind);

/** What a virtqueue of the guest went through. */
struct flow_queue {
	struct ring_index before, after; /**< as the guest has them */
	struct ring_index saved,
			resumed; /**< as the driver tells after the flow: last stop and start */
	bool restarted; /**< the driver tells another stop or start than before the flow */
	uint16_t base; /**< the back-end's last answer to GET_VRING_BASE */
};

/** One flow. */
struct flow_record {
	unsigned int id; /**< counts from 1 */
	enum flow_kind kind;
	char guest[VM_NAME_MAX + 1];
	char what[FLOW_TEXT_MAX]; /**< "64 MiB", "queue 3", or "" */
	time_t when; /**< its beginning, for people */
	uint64_t begin_ns; /**< base_clock_ns(), for timelines */
	uint64_t duration_ns; /**< of the act */
	int result; /**< of the act: 0 or -errno */
	char text[FLOW_TEXT_MAX]; /**< why it failed, "" when it did not */
	unsigned int nb_streams; /**< that carried packets and were to carry them afterwards */
	unsigned int nb_slow; /**< that were silent for settle_ms, but ran later */
	unsigned int nb_dead; /**< that carried nothing in all the time */
	uint64_t gap_median_ns,
			gap_max_ns; /**< longest silence of each of these, from the act on */
	struct vm_account account; /**< of the packets that were sent while it lasted */
	bool commands_known;
	uint64_t commands; /**< of the firmware; not known where the guest moved to another device */
	uint64_t device_errors; /**< that the guest's driver saw */
	uint64_t base_errors; /**< impossible answers to GET_VRING_BASE */
	unsigned int nb_queues;
	struct flow_queue queues[VM_QUEUES_MAX];
	unsigned int nb_faults; /**< may be more than texts are kept */
	char faults[FLOW_FAULTS_MAX][FLOW_TEXT_MAX];
};

/** What a flow is asked for with. */
struct flow_call {
	struct vm *vm; /**< must be up; stopped only for FLOW_START; for FLOW_KILL any that was started */
	const struct base_log *log; /**< complaints before there is a record */
	struct flow_record *record; /**< gets a copy; may be NULL */
};

/** What a flow does. */
struct flow_act {
	enum flow_kind kind;
	/**
	 * Does it. May write record->what, ->text (a reason in words; else the guest's last vhost-user
	 * error or strerror() is taken) and flow_fault().
	 * @return 0 or -errno
	 */
	int (*run)(struct vm *vm, struct flow_record *record, void *arg);
	void *arg;
};

/**
 * Runs and judges a flow and puts it into the history.
 * @return the act's result; -ENOTCONN, -EALREADY, -ENOMEM (with a complaint): it did not begin, there
 * is no record
 */
int flow_run(const struct flow_call *call, const struct flow_act *act);

/** Adds a fault to a record: what is not as it should be. */
void
flow_fault(struct flow_record *record, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The act worked, and no fault was found. */
bool flow_passed(const struct flow_record *record);

/** What happened to whom: "hot-add of 64 MiB to A". */
void flow_title(const struct flow_record *record, char *text, size_t size);

/** One line for people, without line feed: "hot-add of 64 MiB to A: 2.3 ms, gap 3.1 ms, ...". */
void flow_sentence(const struct flow_record *record, char *text, size_t size);

/**
 * Copies flow number @p index of the history, 0 the oldest that is kept, after counting its packets
 * again. @return false behind the last
 */
bool flow_history(unsigned int index, struct flow_record *record);
/** Forgets all flows. */
void flow_history_clear(void);

/** Indices and commands as the driver of @p device tells them; unknown where it does not. */
void flow_device_queue(const char *device, unsigned int queue, struct flow_queue *row);
bool flow_device_commands(const char *device, uint64_t *nb);

/**
 * What is known of all rings of all guests goes to @p log: indices, kicks, what the driver tells of
 * them, and the counters of the card in use; for who has to find out why a stream is dead.
 */
void flow_autopsy(const struct base_log *log);

/* --- the simple flows (flow_*.c); complaints, record and result as flow_run() ------------------- */

/** @p size more memory, a multiple of 2 MiB; new buffers are taken from there. */
int flow_hot_add(const struct flow_call *call, uint64_t size);
/** The region that was added last goes again. @return also -ENOENT: none was added */
int flow_unplug(const struct flow_call *call);
/** Another file behind the region that was added last, at the same address. */
int flow_remap(const struct flow_call *call);
/** Reset by the guest. */
int flow_reset(const struct flow_call *call);
/** The guest's driver is unbound and bound again. */
int flow_rebind(const struct flow_call *call);
/** SET_VRING_ENABLE of virtqueue @p queue. */
int flow_disable(const struct flow_call *call, unsigned int queue);
int flow_enable(const struct flow_call *call, unsigned int queue);
/** QEMU's stop and cont. */
int flow_stop(const struct flow_call *call);
int flow_start(const struct flow_call *call);
/** The guest's process dies, once more before message @p at of its next start (0: not), and comes
 * back. */
int flow_kill(const struct flow_call *call, unsigned int at);
/** The emulated card in use (card_used.h) puts virtqueue @p queue into error, and the driver repairs
 * it: while somebody sends, it must move again. @return also -ENOTCONN: no card is in use */
int flow_error(const struct flow_call *call, unsigned int queue);

#endif /* FLOW_H */
