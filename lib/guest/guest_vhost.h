/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A vhost-user front-end: connects to a back-end (or waits for it), negotiates, and sends the
 * messages in the order in which QEMU 7.2 sends them:
 *
 *   connect  GET_FEATURES, GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, GET_QUEUE_NUM,
 *            SET_BACKEND_REQ_FD*, SET_OWNER, GET_FEATURES, {SET_VRING_CALL, SET_VRING_ERR} per queue
 *   enable   SET_VRING_ENABLE per queue
 *   start    SET_FEATURES, GET_STATUS, SET_STATUS 8, SET_MEM_TABLE*, {NUM, BASE, ADDR, KICK, CALL}
 *            per queue, GET_STATUS, SET_STATUS 15, and a GET_FEATURES of our own: when its answer
 *            is here, the back-end has done all that was asked before
 *   stop     SET_STATUS 0, GET_VRING_BASE per queue
 *   log on   SET_LOG_BASE, SET_FEATURES* with LOG_ALL, SET_VRING_ADDR with its log flag per queue;
 *            a start while it is on: SET_FEATURES has LOG_ALL, SET_LOG_BASE comes after the rings
 *   log off  SET_FEATURES*, SET_VRING_ADDR per queue
 *   migrate  log on, stop; then connect, enable and start at the destination, on a connection of its
 *            own; the source's is closed when the destination runs, or goes on with a start
 *
 * (* with need_reply where REPLY_ACK was negotiated; else a GET_FEATURES follows as a barrier.)
 *
 * Messages are sent by one control thread at a time; guest_vhost_kick(), guest_vhost_is_up() and
 * guest_vhost_queue() by any. Every error is logged with the message's name and kept as text; after
 * one the connection is unusable (-ENOTCONN) until guest_vhost_disconnect() and
 * guest_vhost_connect().
 */
#ifndef GUEST_VHOST_H
#define GUEST_VHOST_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_back.h"
#include "guest_mem.h"
#include "guest_vring.h"

#define GUEST_VHOST_F_MQ (1ULL << 22)
#define GUEST_VHOST_F_LOG_ALL (1ULL << 26) /**< the back-end notes what it writes */
#define GUEST_VHOST_F_PROTOCOL_FEATURES (1ULL << 30)
#define GUEST_VHOST_F_VERSION_1 (1ULL << 32)
#define GUEST_VHOST_F_RING_PACKED (1ULL << 34)
#define GUEST_VHOST_P_MQ (1ULL << 0)
#define GUEST_VHOST_P_LOG_SHMFD (1ULL << 1)
#define GUEST_VHOST_P_REPLY_ACK (1ULL << 3)
#define GUEST_VHOST_P_BACKEND_REQ (1ULL << 5)
#define GUEST_VHOST_P_BACKEND_SEND_FD (1ULL << 10)
#define GUEST_VHOST_P_HOST_NOTIFIER (1ULL << 11)
#define GUEST_VHOST_P_STATUS (1ULL << 16)

#define GUEST_VHOST_TIMEOUT_MS 10000u /**< used where an attribute says 0 */

struct guest_vhost;

/** Who makes the socket. */
enum guest_vhost_mode {
	GUEST_VHOST_CLIENT, /**< the back-end listens, we connect */
	GUEST_VHOST_SERVER, /**< we listen from guest_vhost_create() on */
};

struct guest_vhost_attr {
	const char *name; /**< of the guest, for messages; copied */
	const char *path; /**< of the socket; copied */
	enum guest_vhost_mode mode;
	unsigned int nb_queues; /**< virtqueues: 2 per pair, 1 to GUEST_BACK_MAX_QUEUES */
	uint64_t features; /**< virtio features that the back-end must offer, beside VERSION_1 */
	uint64_t wishes; /**< virtio features that are taken where they are offered */
	uint64_t protocol_without; /**< protocol features that are not taken, though offered */
	unsigned int timeout_ms; /**< for each message, and for the connection */
	const struct base_log *log;
};

/** What guest_vhost_start() tells the back-end of one queue. */
struct guest_vhost_ring {
	struct guest_vring_addr addr;
	uint16_t base; /**< available index to begin at */
};

struct guest_vhost_start {
	const struct guest_mem_region *table;
	unsigned int nb_regions;
	const struct guest_vhost_ring *rings; /**< one for each queue */
};

/** Makes the front-end, not connected; in server mode the socket is there afterwards.
 * @return 0, -EINVAL, -ENAMETOOLONG, -EADDRINUSE (path exists), -ENOMEM, -errno. */
int guest_vhost_create(const struct guest_vhost_attr *attr, struct guest_vhost **vhost);

/** Disconnects, removes the socket of server mode, frees; NULL is fine. */
void guest_vhost_destroy(struct guest_vhost *vhost);

/** Connects or accepts, within the time-out, and negotiates. */
int guest_vhost_connect(struct guest_vhost *vhost);
/** The same on a socket that is connected already; it is taken over, also on an error. */
int guest_vhost_connect_fd(struct guest_vhost *vhost, int fd);

/** What is wished is @p wishes from guest_vhost_renegotiate() on. */
void guest_vhost_wish(struct guest_vhost *vhost, uint64_t wishes);

/** Closes the connection without a word, as a QEMU that dies does. */
void guest_vhost_disconnect(struct guest_vhost *vhost);

/**
 * Lets the connection break just before message number @p nb from now on (1 is the next one) is sent,
 * as when a QEMU dies in the middle of its work: that message and all after it fail with
 * -ECONNABORTED, guest_vhost_error() names it. 0: no more of it. Survives guest_vhost_connect().
 */
void guest_vhost_cut_at(struct guest_vhost *vhost, unsigned int nb);

/** Connected, no error so far, and the back-end is there. */
bool guest_vhost_is_up(const struct guest_vhost *vhost);

/** Text of the last error, "" when there was none; changes with the next message. */
const char *guest_vhost_error(const struct guest_vhost *vhost);
/** There was none; except on a connection that is broken. */
void guest_vhost_forget_error(struct guest_vhost *vhost);

uint64_t guest_vhost_features(const struct guest_vhost *vhost); /**< taken */
uint64_t guest_vhost_protocol(const struct guest_vhost *vhost); /**< protocol features taken */

/**
 * Asks what the back-end offers, and takes what is needed and wished from it for the next start, as
 * a driver does that is bound to a device. Between its first start and this call a driver keeps what
 * it has: a back-end that is met then (connected again, moved to) must offer that, and more is not
 * taken. @return 0, -EOPNOTSUPP, or as every message.
 */
int guest_vhost_renegotiate(struct guest_vhost *vhost);

int guest_vhost_start(struct guest_vhost *vhost, const struct guest_vhost_start *start);

/** Stops all queues; @p bases (one for each queue, may be NULL) gets what the back-end says. */
int guest_vhost_stop(struct guest_vhost *vhost, uint16_t *bases);

int guest_vhost_enable(struct guest_vhost *vhost, unsigned int queue);
int guest_vhost_disable(struct guest_vhost *vhost, unsigned int queue);

/** SET_VRING_CALL with the file that the back-end has already. */
int guest_vhost_call_again(struct guest_vhost *vhost, unsigned int queue);

/** Sends the kick and call files of @p queue again, as a front-end that changes them does. */
int guest_vhost_renew_files(struct guest_vhost *vhost, unsigned int queue);

/** Asks for something harmless: when the answer is here, all messages before have been handled. */
int guest_vhost_barrier(struct guest_vhost *vhost);

/** Sends the memory table, whatever it says (the back-end is to judge it); nb 0 to 8.
 * @return 0, -EREMOTEIO when the back-end refuses it, or as every message. */
int guest_vhost_set_mem(struct guest_vhost *vhost, const struct guest_mem_region *table,
		unsigned int nb_regions);

/**
 * Hands over a log of dirty pages, which must live until the next one or the end of the connection.
 * The answer says that the one before is not written any more.
 * @return 0, -EOPNOTSUPP (the back-end has no LOG_SHMFD), or as every message.
 */
int guest_vhost_set_log(struct guest_vhost *vhost, const struct guest_dirty *dirty);
/** Begins or ends logging, while the device runs or before; kept over stops, not over
 * guest_vhost_disconnect(). @return 0, or as every message. */
int guest_vhost_log_on(struct guest_vhost *vhost);
int guest_vhost_log_off(struct guest_vhost *vhost);
bool guest_vhost_is_logging(const struct guest_vhost *vhost);

/** The next connection goes to @p path (client mode). @return 0 or -ENAMETOOLONG. */
int guest_vhost_retarget(struct guest_vhost *vhost, const char *path);

/**
 * A connection that was set aside, with all that was negotiated on it; its back-end is not spoken to
 * meanwhile.
 */
struct guest_vhost_aside;

/**
 * Sets the connection aside, so that another back-end can be connected beside it (the source of a
 * migration stays until the destination runs). The rings must have been stopped. Client mode only.
 * @return 0, -ENOMEM, -EBUSY (the rings run), -EOPNOTSUPP (server mode).
 */
int guest_vhost_set_aside(struct guest_vhost *vhost, struct guest_vhost_aside **aside);
/** Drops the connection that there is now, if any, and goes on with @p aside, which is freed. The
 * text of the last error stays. */
void guest_vhost_take_back(struct guest_vhost *vhost, struct guest_vhost_aside *aside);
/** Closes a connection that was set aside, without a word; frees it. NULL is fine. */
void guest_vhost_drop_aside(struct guest_vhost_aside *aside);

/** Notifies the device of queue @p queue. */
void guest_vhost_kick(struct guest_vhost *vhost, unsigned int queue);

/** Eventfd (non-blocking) that the back-end writes for an interrupt of @p queue. */
int guest_vhost_call_fd(const struct guest_vhost *vhost, unsigned int queue);

/** Kicks and host notifier of @p queue; all 0 while not connected. */
void
guest_vhost_queue(struct guest_vhost *vhost, unsigned int queue, struct guest_back_queue *info);

#endif /* GUEST_VHOST_H */
