/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The built-in guests of this process, by name: each is a vhost-user front-end with memory, rings and
 * a driver of its own (guest_vm.h). All share one ledger, which numbers every packet.
 *
 * A guest is made (vm_add), brought up (vm_up, or the first vm_start: connects and starts the
 * device), is given something to do (vm_start, vm_stop), things happen to it (flow.h), and it goes
 * (vm_remove). It receives as long as it is up.
 *
 * Streams: queue pair n of a guest sends stream tx_stream + n of the ledger. The numbers are handed
 * out when the guest is made, beginning at a multiple of a power of two so that a card spreads them
 * over the pairs, and are given back when it goes.
 *
 * Everything belongs to one thread, the one that runs commands or a scenario; the ledger may be read
 * by any. Complaints are one sentence each to the log that is handed over.
 */
#ifndef VM_H
#define VM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/un.h>

#include <guest_vm.h>

#include "device.h"

#define VM_NAME_MAX 31u
#define VM_PAIRS_MAX GUEST_NET_MAX_PAIRS
#define VM_QUEUES_MAX (2u * VM_PAIRS_MAX)
#define VM_MEM_MIN (2ULL << 20)
#define VM_MEM_MAX (64ULL << 30) /**< of RAM, and of a region that is hot-added */
#define VM_SETTLE_MS 2000u /**< how long packets on their way may take, once nobody sends */

/** How a guest is made. */
struct vm_attr {
	const char *name; /**< letters, digits, '-', '_' and '.'; copied */
	const char *socket; /**< copied */
	bool server; /**< the guest listens, the back-end connects */
	unsigned int nb_pairs; /**< queue pairs; 0: 1 */
	unsigned int ring_size; /**< entries of each ring, a power of two; 0: 256 */
	uint64_t mem; /**< bytes of RAM; 0: 64 MiB, or what the buffers of all rings need */
	bool packed;
	bool poll; /**< looks at the rings all the time instead of waiting for interrupts */
	bool no_notifier; /**< kicks by eventfd only, also where the back-end has host notifier pages */
	struct guest_vm_driver driver; /**< wishes: mergeable, indirect, event index */
	uint64_t features; /**< virtio features beside those that it needs; the back-end must offer them */
	unsigned int timeout_ms; /**< of each vhost-user message; 0: 10 s */
	unsigned int settle_ms; /**< how long what it sends may take to arrive; 0: VM_SETTLE_MS */
	const struct base_log *log; /**< of its whole life */
};

/** What a guest does beside receiving. */
enum vm_job {
	VM_RX, /**< nothing: it receives */
	VM_TX, /**< sends to its peer */
	VM_RXTX, /**< sends to its peer, which sends to it, too */
	VM_ECHO, /**< gives what it gets back to the sender */
	VM_NB_JOBS,
};

/** What became of packets. */
struct vm_account {
	struct guest_ledger_count
			count; /**< lost without pending ones; the gap is the longest of all */
	uint64_t pending; /**< missing, but in a ring that does not run: may still arrive */
};

/** "rxtx" for example; never NULL. */
const char *vm_job_name(enum vm_job job);

/** What vm_start() is to begin. */
struct vm_load {
	enum vm_job job;
	const char *peer; /**< name; NULL: the only other guest. Only for TX and RXTX */
	uint32_t rate; /**< packets per second and queue pair; 0: as fast as can be */
	uint32_t frame_len; /**< bytes; 0: 200 */
	uint32_t window; /**< packets under way at most, by pair; 0: 64, or a quarter of the ring */
};

/** How it stands with a guest's device. */
enum vm_state {
	VM_NEW, /**< never started */
	VM_UP, /**< runs */
	VM_PAUSED, /**< was stopped by us, the back-end is there */
	VM_LOST, /**< the back-end went away, or said what cannot be */
};

/** "up" for example; never NULL. */
const char *vm_state_name(enum vm_state state);

/** A guest. Only vm*.c write here, and flows note memory that they add or take away. */
struct vm {
	TAILQ_ENTRY(vm) next;
	char name[VM_NAME_MAX + 1];
	char socket[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct vm_attr attr; /**< as it was made, with defaults filled in; strings: the ones above */
	uint8_t mac[GUEST_FRAME_MAC_LEN];
	struct guest_vm *guest;
	uint32_t tx_stream; /**< the first of attr.nb_pairs */
	uint32_t nb_reserved; /**< streams that were set aside for it */
	bool started; /**< the device was started once */
	bool paused; /**< by a flow */
	enum vm_job job;
	struct vm *peer; /**< to which it sends now; NULL: it does not send */
	struct vm_load load; /**< if it sends; peer is not kept there */
	struct guest_ledger_span
			*run; /**< from the last vm_start() that sends, to vm_stop(); or NULL */
	uint64_t dimms[GUEST_MEM_MAX_REGIONS]; /**< addresses of hot-added regions, oldest first */
	uint64_t dimm_sizes[GUEST_MEM_MAX_REGIONS];
	unsigned int nb_dimms;
};

/** Makes a guest. @param vm may be NULL. @return 0, -EINVAL, -EEXIST, -ENOSPC (streams), -errno */
int vm_add(const struct vm_attr *attr, struct vm **vm);

/** The guest of that name, or NULL. */
struct vm *vm_find(const char *name);
/** The same with a complaint that says which guests there are. @return 0, -ENOENT */
int vm_get(const char *name, const struct base_log *log, struct vm **vm);
/** The guest after @p vm in order of their making, the first for NULL; NULL at the end. */
struct vm *vm_after(const struct vm *vm);

/**
 * Stops it and takes it away; its streams are given back, what is missing of them is forgotten.
 * @return 0, -EBUSY while another guest sends to it
 */
int vm_remove(struct vm *vm, const struct base_log *log);
/** Takes all away, whoever sends to whom. */
void vm_remove_all(void);
#define VM_GONE_MAX 4
/**
 * Called for each guest that goes, before it does: whoever keeps accounts of its streams, or reads
 * them in another thread, ends that. At most VM_GONE_MAX functions; one that is there is not added
 * again.
 */
void vm_set_gone(void (*gone)(const struct vm *vm));

/** Brings the device up, if it was not started yet or its back-end was lost. Paused: -EALREADY. */
int vm_up(struct vm *vm, const struct base_log *log);

/**
 * Begins what @p load says, instead of what it did before; guest and peer are brought up if they are
 * not. @return 0, -EINVAL (lengths, rates, itself as peer), -ENOENT (peer), or why it is not up
 */
int vm_start(struct vm *vm, const struct vm_load *load, const struct base_log *log);

/** Ends sending (of RXTX in both directions) and echoing; receiving goes on, nothing is waited for. */
void vm_quiet(struct vm *vm);
/**
 * vm_quiet(), and waits until what it (with RXTX: and its peer) sent has arrived, attr.settle_ms at
 * most: what is missing then is lost, unless its way is closed. The account of what was sent from
 * the last vm_start() on is added to @p sum, which may be NULL.
 */
void vm_stop(struct vm *vm, struct vm_account *sum);

/** Does RXTX join it with its peer? */
bool vm_is_pair(const struct vm *vm);

enum vm_state vm_state(const struct vm *vm);
/** Why something that returned @p ret has failed: what the guest's front-end said last, else errno. */
const char *vm_why(const struct vm *vm, int ret);
/** Virtqueues of the guest. */
unsigned int vm_nb_queues(const struct vm *vm);
/** Does what @p sender sends concern @p vm, as sender or receiver? */
bool vm_concerns(const struct vm *vm, const struct vm *sender);
/**
 * Can what queue pair @p pair of @p sender has sent arrive now, as far as the guests know: is it up,
 * its ring enabled, and the same at its peer, if it has one now?
 */
bool vm_way_is_open(const struct vm *sender, unsigned int pair);
/** The same for what it sent to @p peer, to whom it may not send any more; NULL: to nobody. */
bool vm_way_to_is_open(const struct vm *sender, const struct vm *peer, unsigned int pair);

/** The vDPA device of this process that serves the guest's socket; false: none does. */
bool vm_device(const struct vm *vm, char device[DEVICE_NAME_MAX]);
/** Front-ends that the port of this process that serves the guest's socket has seen; 0: none does. */
uint64_t vm_front_ends(const struct vm *vm);
/**
 * A port serves one front-end at a time. After the guest went: waits until its port has seen @p nb
 * front-ends in all, and that the last one is gone; elsewhere than in this process nobody can tell.
 * @return 0, -ETIMEDOUT
 */
int vm_await_port(const struct vm *vm, uint64_t nb);
/** After the guest moved to another back-end (migration). */
void vm_set_socket(struct vm *vm, const char *socket);

/** The ledger of all guests; NULL while there is none. It goes with the last guest. */
struct guest_ledger *vm_ledger(void);

/** Adds what became of @p stream in @p span, where @p open says whether its way is open. */
void
vm_account_add(struct vm_account *sum, struct guest_ledger_span *span, uint32_t stream, bool open);

/** Bytes of buffers that a region must hold to serve all rings of the guest. */
uint64_t vm_buffer_bytes(const struct vm *vm);

#endif /* VM_H */
