/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A guest as one object: memory, vhost-user front-end, virtio-net driver, and a thread that carries
 * traffic. What happens to a virtual machine can be done to it: hot-plug of memory under traffic,
 * reset, stop and continue, loss of the back-end.
 *
 * All functions are for one control thread; the ledger is shared with the peers.
 */
#ifndef GUEST_VM_H
#define GUEST_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_dirty.h"
#include "guest_move.h"
#include "guest_traffic.h"
#include "guest_vhost.h"

struct guest_vm;

/** What a guest's driver would like; each is taken only where the back-end offers it. */
struct guest_vm_driver {
	bool mergeable; /**< MRG_RXBUF: frames over several receive buffers */
	uint32_t rx_buffer; /**< bytes of each of these, 0: GUEST_NET_RX_BUFFER */
	bool indirect; /**< INDIRECT_DESC: some of the transmit chains in tables */
	bool event_idx; /**< EVENT_IDX: kicks and interrupts at a place of the ring */
};

struct guest_vm_attr {
	const char *name;
	const char *socket;
	enum guest_vhost_mode mode;
	unsigned int nb_pairs;
	uint16_t ring_size; /**< entries, a power of two */
	bool packed; /**< the rings; a back-end without VIRTIO_F_RING_PACKED is refused */
	uint64_t ram; /**< bytes; 0: 64 MiB */
	uint64_t features; /**< virtio features to negotiate beside those that it needs */
	struct guest_vm_driver driver;
	bool no_notifier; /**< HOST_NOTIFIER is not taken: kicks by eventfd only */
	uint8_t mac[GUEST_FRAME_MAC_LEN];
	unsigned int timeout_ms; /**< of each vhost-user message; 0: 10 s */
	struct guest_ledger *ledger;
	uint32_t tx_stream; /**< streams tx_stream .. + nb_pairs - 1 are ours to send */
	uint32_t rx_stream; /**< streams that are sent to us: the first ... */
	uint32_t nb_rx; /**< ... and how many: excused while we are down; see guest_vm_hear() */
	enum guest_traffic_wait wait;
	const struct base_log *log;
};

/** Account of a guest. */
struct guest_vm_stats {
	struct guest_traffic_stats traffic;
	unsigned int nb_queues;
	struct guest_net_stats queues[2 * GUEST_NET_MAX_PAIRS];
	struct guest_back_queue notify[2 * GUEST_NET_MAX_PAIRS];
	uint64_t device_errors; /**< all errors that the driver saw, summed; 0 is right */
	uint64_t base_errors; /**< GET_VRING_BASE answers that are outside [used, available] */
	uint16_t bases[2 * GUEST_NET_MAX_PAIRS]; /**< answers of the last GET_VRING_BASE */
	unsigned int nb_pools;
	struct guest_pool_stats pools[GUEST_MEM_MAX_REGIONS]; /**< RAM first, then hot-plugged */
};

/** Makes the guest with its memory and rings; in server mode the socket is there afterwards. */
int guest_vm_create(const struct guest_vm_attr *attr, struct guest_vm **vm);

/** Stops everything without a word to the back-end, frees; NULL is fine. */
void guest_vm_destroy(struct guest_vm *vm);

/** Connects, enables all queues, starts the device: from now on frames are received. */
int guest_vm_start(struct guest_vm *vm);

/** Begins to send on every queue pair. */
int guest_vm_send(struct guest_vm *vm, const struct guest_traffic_load *load);
/** Stops sending; receiving goes on. */
void guest_vm_quiet(struct guest_vm *vm);

/** Begins to give frames of others back to their senders (guest_traffic_echo_on()), whatever is sent
 * beside that; ends it. */
void guest_vm_echo_on(struct guest_vm *vm);
void guest_vm_echo_off(struct guest_vm *vm);
/**
 * Streams @p first .. + @p nb - 1 come to us, too, from now on: excused while we are down, also if we
 * are so already. A stream may come to several guests (an echo's sender hears its own).
 */
void guest_vm_hear(struct guest_vm *vm, uint32_t first, uint32_t nb);
/** They do not any more. */
void guest_vm_ignore(struct guest_vm *vm, uint32_t first, uint32_t nb);
/** Streams @p rx_stream .. + @p nb_rx - 1, and no others, come to us from now on. */
void guest_vm_expect(struct guest_vm *vm, uint32_t rx_stream, uint32_t nb_rx);

/**
 * Hot-adds @p size bytes (a multiple of 2 MiB is what QEMU has) while traffic runs: new file, new
 * memory table, then all new buffers are taken from there. @p gpa gets its address, may be NULL.
 * @return 0, -ENOSPC (no slot left), or what the back-end made of it (then nothing has changed).
 */
int guest_vm_hot_add(struct guest_vm *vm, uint64_t size, uint64_t *gpa);

/**
 * Removes the region at @p gpa again: buffers come from RAM, the last one in the region must come
 * back by itself (so traffic must run), then the memory table is sent without it.
 * @return 0, -ENOENT, -EBUSY (buffers did not come back in time), or the back-end's error.
 */
int guest_vm_hot_remove(struct guest_vm *vm, uint64_t gpa);

/**
 * Puts another file behind the region at @p gpa, in one memory table; its buffers must come back as
 * in guest_vm_hot_remove(). Afterwards new buffers are taken from there.
 * @return as guest_vm_hot_remove(); after an error of the back-end the guest has the new file.
 */
int guest_vm_hot_swap(struct guest_vm *vm, uint64_t gpa);

/** New buffers come from RAM from now on; what is posted already stays. */
void guest_vm_use_ram(struct guest_vm *vm);

/** Reset by the guest, as QEMU tells it: status 0, bases read, queues enabled, a new life at 0. */
int guest_vm_reset(struct guest_vm *vm);

/** What the guest's driver wishes from its next life on: guest_vm_rebind() negotiates it. */
void guest_vm_wish(struct guest_vm *vm, const struct guest_vm_driver *driver);

/**
 * The guest unbinds its driver from the device and binds it again, as QEMU tells it: as a reset, but
 * the features are negotiated anew before the new life.
 */
int guest_vm_rebind(struct guest_vm *vm);

/** QEMU's stop: the device stops, rings and buffers stay. */
int guest_vm_pause(struct guest_vm *vm);
/** QEMU's cont: the device starts where it said that it was. */
int guest_vm_resume(struct guest_vm *vm);

/** SET_VRING_ENABLE with 1 or 0, and wait until the back-end has handled it. */
int guest_vm_enable(struct guest_vm *vm, unsigned int queue); /**< SET_VRING_ENABLE 1 */
int guest_vm_disable(struct guest_vm *vm, unsigned int queue);

/** Is @p queue enabled, so far as we told the back-end? All are after start and reset. */
bool guest_vm_is_enabled(const struct guest_vm *vm, unsigned int queue);

/** Waits until the back-end has handled all messages so far. */
int guest_vm_barrier(struct guest_vm *vm);
/** SET_VRING_CALL of every queue, which says nothing new, and wait until all are handled. */
int guest_vm_call_again(struct guest_vm *vm);

/** Kick and call files of a queue that runs are sent again, and that was handled. */
int guest_vm_renew_files(struct guest_vm *vm, unsigned int queue);

/** Closes the connection as a QEMU that dies does; rings stay as they are. */
void guest_vm_disconnect(struct guest_vm *vm);
/**
 * Dies as a QEMU does, and once more in its next life: just before message number @p at (from 1) of
 * connection and start is sent. guest_vm_error() tells which message that was. 0: once only.
 * guest_vm_reconnect() is what follows.
 * @return 0, -ERANGE when there are not so many messages (then the guest is up), or what went wrong
 */
int guest_vm_kill(struct guest_vm *vm, unsigned int at);
/** Connects again after a disconnect or the back-end's death, at the used index of each ring. */
int guest_vm_reconnect(struct guest_vm *vm);

/**
 * Begins a log of the pages that the device writes, as QEMU does when a migration begins; while the
 * device is down it is asked for at the next start. A log is made when there is none, or when it is
 * too small.
 */
int guest_vm_log_on(struct guest_vm *vm);
/** Ends it; what is in the log stays. */
int guest_vm_log_off(struct guest_vm *vm);
/** Gives the device another log, @p offset bytes deep in its file, and puts what the one before has
 * into it. */
int guest_vm_log_renew(struct guest_vm *vm, uint64_t offset);
bool guest_vm_is_logging(const struct guest_vm *vm);
/** The log, NULL if there was none yet. */
struct guest_dirty *guest_vm_dirty(struct guest_vm *vm);
/** Bits that were set in a log after another one had taken its place: must be 0. */
uint64_t guest_vm_stale_bits(struct guest_vm *vm);

/** Where the ring of @p queue lies. */
void guest_vm_ring_addr(struct guest_vm *vm, unsigned int queue, struct guest_vring_addr *addr);

/**
 * After guest_vm_pause() with @p move begun and all its rounds done: connects to the back-end at
 * @p socket beside the first one, and starts it on the copy, at the bases where the first one stopped.
 * When it runs the copy is the guest's memory, the first connection is closed, and the guest goes on.
 * @return 0; on an error nothing has changed, guest_vm_resume() goes on at the first back-end
 * (-EALREADY: the guest runs, -ENAMETOOLONG, -EOPNOTSUPP in server mode or for a back-end that lacks
 * something, or as guest_vm_start()). Only after -ENOTRECOVERABLE it cannot: memory is lost.
 */
int guest_vm_switch(struct guest_vm *vm, struct guest_move *move, const char *socket);

/** guest_vm_error() tells only what comes from now on; of a connection that is broken it tells why. */
void guest_vm_forget_error(struct guest_vm *vm);

/** guest_move_end(), for a guest that may run: it notes what it writes until then. */
void guest_vm_end_move(struct guest_vm *vm, struct guest_move *move);

/**
 * The guest goes on to run, but does not look at its rings any more: what the device writes from now
 * on stays unread, until guest_vm_release(), or, if the guest is stopped meanwhile, until it is
 * started again. @return 0, -ENOTCONN (it does not run).
 */
int guest_vm_hold(struct guest_vm *vm);
void guest_vm_release(struct guest_vm *vm); /**< guest_vm_hold() may not have been called */
/** Frames that the device has received into buffers and the guest has not read. For a guest that
 * is held or stopped. */
unsigned int guest_vm_unread(struct guest_vm *vm);
/** Entries of one queue, whichever, that the device has returned and the guest not taken. */
uint16_t guest_vm_unread_of(struct guest_vm *vm, unsigned int queue);
/** Waits until each receive queue of a held guest has such a frame. @return 0, -ETIMEDOUT. */
int guest_vm_wait_unread(struct guest_vm *vm, unsigned int timeout_ms);

/** Calls @p buffer for each buffer that a receive ring names, with its address. For a guest that is
 * held or stopped. */
void guest_vm_each_buffer(struct guest_vm *vm, void (*buffer)(void *arg, uint64_t gpa), void *arg);

/** guest_net_cross_out_on() and _off(). */
void guest_vm_cross_out_on(struct guest_vm *vm);
void guest_vm_cross_out_off(struct guest_vm *vm);

/** What the device writes of the ring of @p queue: the used ring, or all of a packed one. */
void guest_vm_device_part(struct guest_vm *vm, unsigned int queue, uint64_t *gpa, uint64_t *len);
/** "used ring" or "packed ring". */
const char *guest_vm_device_part_name(const struct guest_vm *vm);

#define GUEST_VM_WHOSE_LEN 48
/** What lies in the page at @p gpa that a device may have written: "used ring of queue 0", "receive
 * buffer of queue 2", "packet buffer", "memory"; the first that fits. */
void guest_vm_whose(struct guest_vm *vm, uint64_t gpa, char text[GUEST_VM_WHOSE_LEN]);

bool guest_vm_is_up(const struct guest_vm *vm); /**< running, and the back-end is there */
uint64_t guest_vm_features(const struct guest_vm *vm); /**< virtio features in use; 0: not yet */
uint64_t guest_vm_protocol(const struct guest_vm *vm); /**< vhost-user protocol features in use */
const char *guest_vm_error(const struct guest_vm *vm); /**< last vhost-user error, "" if none */
void guest_vm_stats(struct guest_vm *vm, struct guest_vm_stats *stats);

/** Where a ring stands; indices of packed rings carry the wrap counter in bit 15. */
struct guest_vm_place {
	uint16_t avail; /**< next to be posted */
	uint16_t used; /**< next to be taken back */
	uint16_t device_used; /**< behind the last that the device has returned */
	uint16_t in_flight; /**< chains */
};
void guest_vm_place(struct guest_vm *vm, unsigned int queue, struct guest_vm_place *place);
unsigned int guest_vm_nb_queues(const struct guest_vm *vm);
/** The answer of the last GET_VRING_BASE of @p queue. */
uint16_t guest_vm_base(const struct guest_vm *vm, unsigned int queue);
struct guest_mem *guest_vm_mem(struct guest_vm *vm);

#endif /* GUEST_VM_H */
