/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The card's virtio-net engine: queues that read and write guest memory, receive steering, and one
 * thread that moves the packets of all functions of a card between rings and wire.
 *
 * Threads and locks: one mutex per card, vnet_lock()/vnet_unlock(). Whoever calls a function that
 * ends in _locked holds it; the engine thread holds it during a pass over the queues and lets
 * waiting callers in between passes, so no caller waits longer than one pass. All callbacks are
 * called with the lock held and must not take it again, nor block.
 *
 * The engine looks at a function's transmit queues after a doorbell of that function (virtio 1.2,
 * section 2.9 "available buffer notifications"), as the hardware does: who forgets to ring waits
 * for ever. Receive queues are read when a frame arrives.
 *
 * Everything in guest memory is untrusted: a queue with a bad descriptor goes to the error state,
 * says so once through its error callback, and touches nothing outside what @c map grants.
 */
#ifndef VNET_H
#define VNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base_log.h"
#include "base_mutex.h"

struct vnet; /**< the engine of one card */
struct vnet_port; /**< one function's network side */
struct vnet_queue; /**< one virtqueue */
struct vnet_rqt; /**< receive queue table: a list of receive queues to spread packets over */
struct vnet_tir; /**< transport interface receive: hash settings and an RQT */
struct vnet_rule; /**< one flow rule of a port */
struct wire;

/** What the card wants to do with memory. */
enum vnet_access {
	VNET_READ,
	VNET_WRITE,
};

/** A part of a memory key that is in one piece in this process. */
struct vnet_window {
	uint64_t addr, len; /**< in the key's addresses; len 0: nothing */
	uint8_t *ptr; /**< where its first byte is */
};

/** Guest memory as the card sees it; given by the firmware, which owns the memory keys. */
struct vnet_mem {
	/**
	 * Finds [addr, addr + len) of memory key @p mkey. Stores at @p ptr where its first byte is
	 * for this process. @return bytes that follow each other there, 1 to @p len (call again
	 * for the rest), or a negative errno with its verdict: -EINVAL unknown key, -EXDEV wrong
	 * protection domain, -EACCES access not granted, -EFAULT out of the key's bounds. len > 0.
	 */
	int64_t (*map)(void *arg, uint32_t mkey, uint64_t addr, uint64_t len,
			enum vnet_access access, void **ptr);
	/**
	 * The widest range around @p addr that is in one piece and all of which map() would grant:
	 * the engine asks once and remembers it for as long as it keeps the card's lock to itself.
	 * @return 0, or as map(). May be NULL: then each buffer is asked for.
	 */
	int (*window)(void *arg, uint32_t mkey, uint64_t addr, enum vnet_access access,
			struct vnet_window *window);
	void *arg;
};

/** What the verdict of vnet_mem.map says: "access not granted", for example; never NULL. */
const char *vnet_verdict_name(int error);

/** Why a queue stopped by itself; the values go to virtio_q.error_type as they are. */
enum vnet_error {
	VNET_ERR_NONE = 0,
	VNET_ERR_BAD_DESC = 1, /**< flag or offload that was not negotiated, index out of range,
	                         * wrong order or direction, impossible length */
	VNET_ERR_CHAIN_TOO_LONG = 2, /**< more descriptors than the queue has, thus a loop */
	VNET_ERR_INVALID_BUFFER = 3, /**< a buffer that no memory key grants */
	VNET_ERR_RING_ACCESS = 4, /**< the rings themselves cannot be reached */
	VNET_ERR_AVAIL_INDEX = 5, /**< avail->idx more than the queue size ahead */
	VNET_ERR_DIRTY_LOG = 6, /**< the bitmap of written pages cannot be reached */
};

/** "bad descriptor", for example; never NULL. */
const char *vnet_error_name(enum vnet_error error);

/** What a queue tells its owner; called with the card's lock held. */
struct vnet_queue_ops {
	/** @p nb used entries were published and the guest has not asked to be left alone. */
	void (*used)(void *arg, unsigned int nb);
	/** The queue has just gone to the error state. */
	void (*error)(void *arg, enum vnet_error error);
};

enum vnet_ring {
	VNET_RING_SPLIT, /**< virtio 1.2, 2.7 */
	VNET_RING_PACKED, /**< virtio 1.2, 2.8 */
};

/** Where a queue notes the guest pages that it writes (vhost dirty log, VHOST_USER_SET_LOG_BASE). */
struct vnet_dirty {
	bool enabled;
	uint32_t mkey; /**< of the bitmap */
	uint64_t addr; /**< of the bitmap, in the address space of @c mkey */
	uint32_t size; /**< bytes of the bitmap; pages beyond it are not noted */
	uint8_t page_shift; /**< page of address A: bit (A >> shift) & 7 of byte A >> (shift + 3) */
};

/** Everything about a queue; checked by vnet_queue_create(). */
struct vnet_queue_attr {
	uint16_t index; /**< virtio queue number: even receives, odd transmits (virtio 1.2, 5.1.2) */
	enum vnet_ring ring;
	uint32_t size; /**< entries, 1 to 32768, in a split ring a power of two */
	/** In the address space of @c ring_mkey: descriptor table, available and used ring; of a
	 * packed queue descriptor ring, driver and device event suppression. */
	uint64_t desc_addr, driver_addr, device_addr;
	uint32_t mkey; /**< of the buffers */
	uint32_t ring_mkey; /**< of the rings (PRM desc_group_mkey); equals @c mkey without one */
	bool version_1; /**< 12-byte header (VIRTIO_F_VERSION_1), else 10 */
	uint32_t features; /**< PRM_VIRTQ_F_*: the offloads that were negotiated */
	/** Where to begin. Packed: position in bits 0 to 14, wrap counter in bit 15, as in
	 * virtio_net_q.hw_available_index and VHOST_SET_VRING_BASE. */
	uint16_t avail_index, used_index;
	struct vnet_mem mem;
	const struct vnet_queue_ops *ops;
	void *arg; /**< for @c ops */
};

/** Counters of one queue since its creation (virtio_q_counters of the PRM). */
struct vnet_queue_stats {
	uint64_t received_desc; /**< descriptors fetched */
	uint64_t completed_desc; /**< descriptors given back */
	uint32_t bad_desc_errors;
	uint32_t exceed_max_chain;
	uint32_t invalid_buffer;
	/** Frames that went nowhere: to be received, but longer than the buffer that was next
	 * (the buffer stays); to be sent, but shorter than an Ethernet header or longer than the
	 * port's MTU. Not in the PRM. */
	uint64_t dropped_frames;
};

/** Counters of a port, beside those of the wire. */
struct vnet_port_stats {
	uint64_t rx_unmatched; /**< frames that no rule wanted */
	uint64_t rx_oversize, tx_oversize; /**< frames longer than the MTU; dropped */
};

/** MTU of a port as it is made: jumbo frames pass, so only who sets a limit has one. */
#define VNET_MTU_DEFAULT 9000u
#define VNET_MTU_MIN 68u /**< of IPv4 (RFC 791) */
#define VNET_MTU_MAX 65535u

/**
 * How the engine waits for doorbells, which nobody can tell it of: the sooner it is to notice one,
 * the more of a core it takes. After the last frame or doorbell it polls without a pause for
 * @c spin_us, then every @c sleep_min_us, and every @c sleep_max_us once nothing has happened for
 * @c idle_after_ms. All 0: VNET_PACING_DEFAULT. Each sleep is longer by what the kernel needs to
 * wake a thread. While no queue runs there is nothing to notice, and the engine is at rest.
 */
struct vnet_pacing {
	uint32_t spin_us;
	uint32_t sleep_min_us; /**< > 0 */
	uint32_t idle_after_ms;
	uint32_t sleep_max_us; /**< at least @c sleep_min_us */
};
#define VNET_PACING_DEFAULT ((struct vnet_pacing){ 100, 10, 500, 850 })
#define VNET_PACING_MAX_US 1000000u /**< no figure may be longer than a second */

/**
 * What the engine can do wrong, for those who want to see whether a guest notices. Each is done to
 * one used entry, packet or page, and the rest is as ever.
 */
enum vnet_lie {
	VNET_LIE_NONE,
	VNET_LIE_SKIP_USED, /**< the chain is never given back: the next one takes its used entry */
	VNET_LIE_REPEAT_USED, /**< the chain is given back twice */
	/** The used index moves over an entry that is not written: what was there from before counts.
	 * In a packed ring that is what the driver wrote: its id, with the buffer's length. */
	VNET_LIE_STALE_USED,
	VNET_LIE_TEAR, /**< the second half of the packet's bytes comes damaged into the buffer */
	/** The page's bit is not set, nor will it be until no lie about the log is wanted. */
	VNET_LIE_MISS_DIRTY,
};

#define VNET_LIE_MAX_PAGES 64u /**< that stay unnoted by themselves, of each port */

/** When the engine can be told to lie. */
enum vnet_lie_at {
	VNET_LIE_AT_USED, /**< a chain is given back: SKIP_USED, REPEAT_USED, STALE_USED */
	VNET_LIE_AT_PACKET, /**< a packet is put into a guest's buffers: TEAR */
	VNET_LIE_AT_DIRTY_PAYLOAD, /**< a page of buffers is noted in the log: MISS_DIRTY */
	VNET_LIE_AT_DIRTY_RING, /**< a page of the ring is: MISS_DIRTY */
	VNET_LIE_NB_ATS,
};

struct vnet_attr {
	unsigned int nb_ports;
	struct vnet_pacing pacing;
	/** Where the ports are plugged in; the engine does not own it, but is its only user. */
	struct wire *wire;
	/**
	 * Called on each pass of the engine (event records to look at); may be NULL. @return whether
	 * to call it again although nobody wakes the engine: what it looks at may change by itself.
	 */
	bool (*poll)(void *arg);
	void *poll_arg;
	/** Which lie it shall be; asked at the moments that vnet_port_lies_set_locked() names, and what
	 * it answers must fit the moment, or is none. May be NULL: the truth. */
	enum vnet_lie (*lie)(void *arg, unsigned int port, uint16_t queue, enum vnet_lie_at at);
	void *lie_arg;
	const struct base_log *log;
};

/** Starts the engine thread. @return 0, -ENOMEM, -EINVAL (ports, pacing), or what pthread_create says. */
int vnet_create(const struct vnet_attr *attr, struct vnet **vnet);
/** Ends the thread and frees all; queues, tables and rules must be gone (assert). NULL is fine. */
void vnet_destroy(struct vnet *vnet);
/**
 * Stops the engine for good at the process's exit: queues stay as they are, nothing is freed, and
 * vnet_destroy() must not follow. May be called in any state, also from a signal handler that
 * interrupted somebody who holds the lock: it waits for the thread, but not for ever.
 * @return 0, or -ETIMEDOUT: somebody keeps the lock; whoever wants it now waits for ever.
 */
int vnet_halt(struct vnet *vnet);

/** Makes the engine look again, soon; any thread, with or without the lock. */
void vnet_wake(struct vnet *vnet);

/** The card's lock. */
void vnet_lock(struct vnet *vnet);
void vnet_unlock(struct vnet *vnet);

/** Port @p index of the engine (0 .. nb_ports - 1), never NULL for a valid index. */
struct vnet_port *vnet_port(struct vnet *vnet, unsigned int index);

/**
 * Sets the longest packet, from the IP header on (VLAN tags not counted), that a port sends and
 * takes; longer ones are dropped and counted. A frame that is still to be segmented is judged by
 * its segments. @return 0, -EINVAL: not VNET_MTU_MIN to VNET_MTU_MAX.
 */
int vnet_port_mtu_set_locked(struct vnet_port *port, uint32_t mtu);
uint32_t vnet_port_mtu_locked(const struct vnet_port *port);

void vnet_port_stats_locked(const struct vnet_port *port, struct vnet_port_stats *stats);

/** At which moments vnet_attr.lie is asked for the port's queues: bits 1 << enum vnet_lie_at, at
 * first none. */
void vnet_port_lies_set_locked(struct vnet_port *port, uint32_t ats);

/**
 * A doorbell word that guests and drivers store queue numbers to; the engine takes a store by
 * exchanging it with VNET_DOORBELL_IDLE. The word may be mapped by other processes; stores may be
 * 16 or 32 bits wide (only the low 16 bits, little endian, count). Any number of words per port.
 *
 * add stores VNET_DOORBELL_IDLE in the word. The stores come from other processes (a guest, through
 * a host notifier), which have no way to wake the engine: it polls the words (struct vnet_pacing).
 */
#define VNET_DOORBELL_IDLE 0xffffffffu
int vnet_doorbell_add_locked(struct vnet_port *port, volatile uint32_t *word);
void vnet_doorbell_del_locked(struct vnet_port *port, volatile uint32_t *word);

/* --- queues ------------------------------------------------------------------------------- */

/**
 * Makes a queue, not running. The rings are looked at when it runs, not here.
 * @return 0, -EINVAL (size, alignment of the ring addresses: 16, 2, 4 bytes), -ENOMEM.
 */
int vnet_queue_create_locked(struct vnet_port *port, const struct vnet_queue_attr *attr,
		struct vnet_queue **queue);
/**
 * Gives a stopped queue new values for everything but its port; it stays in its RQTs, statistics
 * and dirty log are kept, and so are the chains that an early suspend left in flight if both
 * indices are those that it said. @return 0, -EBUSY (it runs or is in error), -EINVAL as for creation;
 * then nothing has changed.
 */
int vnet_queue_reconfigure_locked(struct vnet_queue *queue, const struct vnet_queue_attr *attr);
/** Frees it in any state, NULL is fine; it must be in no RQT (assert). */
void vnet_queue_destroy_locked(struct vnet_queue *queue);
/** Lets it run from its indices; @return 0, -EINVAL when it runs or is in error. */
int vnet_queue_start_locked(struct vnet_queue *queue);
/** Stops it; when this returns everything fetched is done, published and the indices final. */
void vnet_queue_suspend_locked(struct vnet_queue *queue);
/**
 * The same, but with up to @p nb chains fetched whose used entries are not written: the available
 * index is ahead of the used index, as on hardware that is stopped in mid-work. Starting this
 * queue object again goes on with them; a new one that is made with both indices skips them.
 */
void vnet_queue_suspend_early_locked(struct vnet_queue *queue, unsigned int nb);
/** Puts a running queue into the error state, as if the guest had done something bad. */
void vnet_queue_fail_locked(struct vnet_queue *queue, enum vnet_error error);
/** Next available entry to fetch, next used entry to write; right in every state. */
void vnet_queue_indices_locked(const struct vnet_queue *queue, uint16_t *avail, uint16_t *used);
/** Why it is in error, VNET_ERR_NONE when it is not. */
enum vnet_error vnet_queue_error_locked(const struct vnet_queue *queue);
void vnet_queue_stats_locked(const struct vnet_queue *queue, struct vnet_queue_stats *stats);
/** In any state but error; from the next write on. Not kept by a queue that is made anew. */
void vnet_queue_dirty_set_locked(struct vnet_queue *queue, const struct vnet_dirty *dirty);
/** Is it in an RQT? (then the firmware refuses to destroy it) */
bool vnet_queue_in_rqt_locked(const struct vnet_queue *queue);

/* --- receive steering ----------------------------------------------------------------------- */

/*
 * A frame finds the first rule that matches, its TIR's hash picks an entry of the RQT. If that
 * queue does not run or has no buffer, or if the port has no rule at all, the port cannot take the
 * frame now, and it waits in its sender's ring (wire.h): so a queue or the steering may be stopped
 * and rebuilt without a loss, for as long as the wire's pause limit. A frame that no rule wants is
 * dropped, unless the rules were changed less than VNET_STEER_SETTLE_MS ago: then it waits, too,
 * because rules are removed and added one at a time.
 */
#define VNET_STEER_SETTLE_MS 100u

/** @p queues: receive queues of one port, @p nb >= 1, repeats allowed; copied. */
int vnet_rqt_create_locked(struct vnet_port *port, struct vnet_queue *const *queues,
		unsigned int nb, struct vnet_rqt **rqt);
/** Replaces the whole list at once; between two packets, none is lost. */
int vnet_rqt_set_locked(struct vnet_rqt *rqt, struct vnet_queue *const *queues, unsigned int nb);
void vnet_rqt_destroy_locked(struct vnet_rqt *rqt); /**< no TIR may use it (assert); NULL fine */

/** Hash inputs, as PRM rx_hash_field_select.selected_fields. */
enum vnet_hash_field {
	VNET_HASH_SRC_IP = 1u << 0,
	VNET_HASH_DST_IP = 1u << 1,
	VNET_HASH_L4_SPORT = 1u << 2,
	VNET_HASH_L4_DPORT = 1u << 3,
};

/** For which packets they are meant, as PRM rx_hash_field_select: others are not hashed. */
enum vnet_hash_l3 {
	VNET_HASH_IPV4,
	VNET_HASH_IPV6,
};
enum vnet_hash_l4 {
	VNET_HASH_TCP,
	VNET_HASH_UDP,
};

struct vnet_tir_attr {
	struct vnet_rqt *rqt;
	bool toeplitz; /**< false: no hash, first entry of the RQT */
	/** Source and destination exchangeable, where both are selected. */
	bool symmetric;
	uint32_t hash_fields;
	enum vnet_hash_l3 hash_l3;
	enum vnet_hash_l4 hash_l4;
	uint8_t key[40];
};
int vnet_tir_create_locked(const struct vnet_tir_attr *attr, struct vnet_tir **tir);
/** Another hash from the next frame on; @p attr->rqt is not looked at. */
void vnet_tir_set_hash_locked(struct vnet_tir *tir, const struct vnet_tir_attr *attr);
void vnet_tir_destroy_locked(struct vnet_tir *tir); /**< no rule may use it (assert); NULL fine */

#define VNET_MATCH_SIZE 64 /**< bytes of PRM fte_match_set_lyr_2_4 */

struct vnet_rule_attr {
	uint16_t priority; /**< lowest number wins; within a priority the rule added first */
	bool match_outer; /**< false: every frame matches, mask and value are not looked at */
	/** PRM fte_match_set_lyr_2_4 of the outer headers; a frame matches when (frame ^ value) &
	 * mask is 0. Matched: dmac, smac, ethertype, first_vid, first_cfi, first_prio, cvlan_tag,
	 * svlan_tag, ip_version, ip_protocol, ip_dscp, ip_ecn, frag, ipv4_ihl, ttl_hoplimit,
	 * tcp_flags, tcp and udp ports, addresses. */
	uint8_t mask[VNET_MATCH_SIZE];
	uint8_t value[VNET_MATCH_SIZE];
	struct vnet_tir *tir;
};
int vnet_rule_add_locked(struct vnet_port *port, const struct vnet_rule_attr *attr,
		struct vnet_rule **rule);
void vnet_rule_del_locked(struct vnet_rule *rule); /**< NULL is fine */

#endif /* VNET_H */
