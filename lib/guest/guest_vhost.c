/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: three layers. The lowest sends a message and takes its answer
 * (guest_vhost_tell, _ask, _order): each checks the answer against the table of guest_msg and turns
 * every misfortune into one error that names the guest and the message; the first error marks the
 * connection broken. Above it one function per message; above these the orders that QEMU uses.
 *
 * The back-end's own requests are served by the thread of guest_back, so nothing here needs to
 * listen while it waits for an answer.
 *
 * Eventfds for kick, call and error belong to the queue for the life of the front-end; the back-end
 * gets duplicates. So a kick can never hit a closed descriptor.
 *
 * Kick and disconnect may meet: the pointer to guest_back is covered by a mutex.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base_clock.h"
#include "base_math.h"
#include "base_mutex.h"
#include "guest_msg.h"
#include "guest_vhost.h"

#define GUEST_VHOST_PROTOCOL                                                        \
	(GUEST_VHOST_P_MQ | GUEST_VHOST_P_LOG_SHMFD | GUEST_VHOST_P_REPLY_ACK |     \
			GUEST_VHOST_P_BACKEND_REQ | GUEST_VHOST_P_BACKEND_SEND_FD | \
			GUEST_VHOST_P_HOST_NOTIFIER | GUEST_VHOST_P_STATUS)
#define GUEST_VHOST_STATUS_FEATURES_OK 8u /* virtio 1.2, 2.1 */
#define GUEST_VHOST_STATUS_ALL 15u /* ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK */
#define GUEST_VHOST_RING_LOG 1u /* VHOST_VRING_F_LOG as a bit, of SET_VRING_ADDR */
#define GUEST_VHOST_RETRY_MS 10 /* between two looks for a listening back-end */
#define GUEST_VHOST_ERROR_LEN 256

struct guest_vhost_queue {
	int kick_fd, call_fd, err_fd;
};

/* A connection, or where one is to go, and what was said on it. */
struct guest_vhost_link {
	struct sockaddr_un addr;
	int fd; /* -1: none */
	bool broken; /* atomic while there is a guest_back; it had an error */
	uint64_t offered; /* virtio features, by the back-end */
	uint64_t features, protocol; /* taken */
	const struct guest_dirty *log_base; /* of SET_LOG_BASE, NULL: none */
	bool logging;
};

struct guest_vhost {
	char name[32];
	struct guest_vhost_link link;
	enum guest_vhost_mode mode;
	unsigned int nb_queues;
	uint64_t needed, wishes; /* virtio features */
	uint64_t protocol_without;
	bool settled; /* a start has told a back-end our features: they stay for this life */
	uint64_t timeout_ns;
	const struct base_log *log;
	int listen_fd; /* server mode, else -1 */
	unsigned int cut_in; /* messages until we die, this one included; 0: never */
	bool started; /* rings are known to the back-end */
	struct guest_vring_addr addrs[GUEST_BACK_MAX_QUEUES]; /* if started */
	char error[GUEST_VHOST_ERROR_LEN];
	struct base_mutex lock;
	struct guest_back *back; /* (lock) NULL: not connected */
	struct guest_vhost_queue queues[GUEST_BACK_MAX_QUEUES];
};

/* The queues' descriptors serve whichever connection is in use. */
struct guest_vhost_aside {
	struct guest_vhost_link link;
	struct guest_back *back;
};

/* --- life of the object --------------------------------------------------------------------- */

/* Keeps and logs the text of an error; @return @ret. */
static int __attribute__((format(printf, 3, 4)))
guest_vhost_fail(struct guest_vhost *v, int ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->error, sizeof(v->error), fmt, ap);
	va_end(ap);
	__atomic_store_n(&v->link.broken, true, __ATOMIC_RELEASE);
	base_err(v->log, "guest %s: %s", v->name, v->error);
	return ret;
}

static int
guest_vhost_listen(struct guest_vhost *v)
{
	int ret;

	v->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (v->listen_fd < 0)
		return -errno;
	if (bind(v->listen_fd, (struct sockaddr *)&v->link.addr, sizeof(v->link.addr)) == 0) {
		if (listen(v->listen_fd, 1) == 0)
			return 0;
		ret = -errno;
		unlink(v->link.addr.sun_path);
	} else {
		ret = -errno;
	}
	base_err(v->log, "guest %s: cannot listen on %s: %s", v->name, v->link.addr.sun_path,
			strerror(-ret));
	close(v->listen_fd);
	v->listen_fd = -1;
	return ret;
}

static void
guest_vhost_close_queues(struct guest_vhost *v, unsigned int nb)
{
	while (nb-- > 0) {
		close(v->queues[nb].kick_fd);
		close(v->queues[nb].call_fd);
		close(v->queues[nb].err_fd);
	}
}

static int
guest_vhost_open_queues(struct guest_vhost *v)
{
	for (unsigned int i = 0; i < v->nb_queues; i++) {
		struct guest_vhost_queue *q = &v->queues[i];

		q->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		q->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		q->err_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (q->kick_fd < 0 || q->call_fd < 0 || q->err_fd < 0) {
			int ret = -errno;

			guest_vhost_close_queues(v, i + 1);
			return ret;
		}
	}
	return 0;
}

int
guest_vhost_create(const struct guest_vhost_attr *attr, struct guest_vhost **vhost)
{
	struct guest_vhost *v;
	int ret;

	if (attr->nb_queues == 0 || attr->nb_queues > GUEST_BACK_MAX_QUEUES)
		return -EINVAL;
	if (strlen(attr->path) >= sizeof(v->link.addr.sun_path)) {
		base_err(attr->log, "guest %s: socket path of %zu bytes is too long (max %zu)",
				attr->name, strlen(attr->path), sizeof(v->link.addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return -ENOMEM;
	snprintf(v->name, sizeof(v->name), "%s", attr->name);
	v->link.addr.sun_family = AF_UNIX;
	memcpy(v->link.addr.sun_path, attr->path, strlen(attr->path) + 1);
	v->mode = attr->mode;
	v->nb_queues = attr->nb_queues;
	v->needed = attr->features | GUEST_VHOST_F_VERSION_1;
	v->wishes = attr->wishes;
	v->protocol_without = attr->protocol_without;
	v->timeout_ns = (attr->timeout_ms != 0 ? attr->timeout_ms : GUEST_VHOST_TIMEOUT_MS) *
			BASE_NS_PER_MS;
	v->log = attr->log;
	v->link.fd = v->listen_fd = -1;
	base_mutex_init(&v->lock);
	ret = guest_vhost_open_queues(v);
	if (ret != 0)
		goto free_vhost;
	if (v->mode == GUEST_VHOST_SERVER)
		ret = guest_vhost_listen(v);
	if (ret != 0)
		goto close_queues;
	*vhost = v;
	return 0;

close_queues:
	guest_vhost_close_queues(v, v->nb_queues);
free_vhost:
	base_mutex_destroy(&v->lock);
	free(v);
	return ret;
}

void
guest_vhost_destroy(struct guest_vhost *vhost)
{
	if (vhost == NULL)
		return;
	guest_vhost_disconnect(vhost);
	if (vhost->listen_fd >= 0) {
		close(vhost->listen_fd);
		unlink(vhost->link.addr.sun_path);
	}
	guest_vhost_close_queues(vhost, vhost->nb_queues);
	base_mutex_destroy(&vhost->lock);
	free(vhost);
}

/* --- one message ---------------------------------------------------------------------------- */

/* Dies as it was wished, which is no error to log. */
static int
guest_vhost_cut(struct guest_vhost *v, uint32_t request)
{
	snprintf(v->error, sizeof(v->error), "cut before %s", guest_msg_name(request));
	__atomic_store_n(&v->link.broken, true, __ATOMIC_RELEASE);
	return -ECONNABORTED;
}

static int
guest_vhost_send(struct guest_vhost *v, struct guest_msg *msg)
{
	int ret;

	if (v->link.fd < 0 || v->link.broken)
		return -ENOTCONN;
	if (v->cut_in != 0 && --v->cut_in == 0)
		return guest_vhost_cut(v, msg->wire.request);
	msg->wire.flags |= GUEST_MSG_VERSION;
	ret = guest_msg_send(v->link.fd, msg, base_clock_ns() + v->timeout_ns);
	if (ret != 0)
		return guest_vhost_fail(v, ret, "%s: cannot be sent: %s",
				guest_msg_name(msg->wire.request), strerror(-ret));
	return 0;
}

/* Takes the answer to @request, whose payload must be @size bytes. */
static int
guest_vhost_answer(struct guest_vhost *v, uint32_t request, uint32_t size, struct guest_msg *reply)
{
	const char *name = guest_msg_name(request);
	int ret = guest_msg_recv(v->link.fd, reply, base_clock_ns() + v->timeout_ns);
	const struct guest_msg_wire *wire = &reply->wire;

	if (ret == -ETIMEDOUT)
		return guest_vhost_fail(v, ret, "%s: no answer within %" PRIu64 " ms", name,
				(uint64_t)(v->timeout_ns / BASE_NS_PER_MS));
	if (ret == -ECONNRESET)
		return guest_vhost_fail(v, ret, "%s: the back-end closed the connection", name);
	if (ret != 0)
		return guest_vhost_fail(v, ret, "%s: bad answer: %s", name, strerror(-ret));
	if (wire->request != request)
		ret = guest_vhost_fail(v, -EPROTO, "%s: the answer is to request %" PRIu32 " (%s)",
				name, wire->request, guest_msg_name(wire->request));
	else if ((wire->flags & (GUEST_MSG_VERSION_MASK | GUEST_MSG_REPLY)) !=
			(GUEST_MSG_VERSION | GUEST_MSG_REPLY))
		ret = guest_vhost_fail(v, -EPROTO, "%s: the answer has flags 0x%" PRIx32, name,
				wire->flags);
	else if (wire->size != size)
		ret = guest_vhost_fail(v, -EPROTO,
				"%s: the answer has %" PRIu32 " bytes, not %" PRIu32, name,
				wire->size, size);
	else if (reply->nb_fds != 0)
		ret = guest_vhost_fail(v, -EPROTO, "%s: the answer brings %u file descriptors",
				name, reply->nb_fds);
	guest_msg_close(reply);
	return ret;
}

/* A message that has an answer of its own; the answer replaces it. */
static int
guest_vhost_ask(struct guest_vhost *v, struct guest_msg *msg)
{
	uint32_t request = msg->wire.request;
	int ret = guest_vhost_send(v, msg);

	if (ret == 0)
		ret = guest_vhost_answer(v, request, guest_msg_reply_size(request), msg);
	return ret;
}

static int
guest_vhost_ask_u64(struct guest_vhost *v, uint32_t request, uint64_t *value)
{
	struct guest_msg msg = { .wire.request = request };
	int ret = guest_vhost_ask(v, &msg);

	*value = ret == 0 ? msg.wire.u.u64 : 0;
	return ret;
}

/* A message whose success must be known before we go on. */
static int
guest_vhost_order(struct guest_vhost *v, struct guest_msg *msg)
{
	uint32_t request = msg->wire.request;
	uint64_t features;
	int ret;

	if ((v->link.protocol & GUEST_VHOST_P_REPLY_ACK) == 0) {
		ret = guest_vhost_send(v, msg);
		return ret == 0 ? guest_vhost_ask_u64(v, GUEST_MSG_GET_FEATURES, &features) : ret;
	}
	msg->wire.flags |= GUEST_MSG_NEED_REPLY;
	ret = guest_vhost_send(v, msg);
	if (ret == 0)
		ret = guest_vhost_answer(v, request, sizeof(uint64_t), msg);
	if (ret == 0 && msg->wire.u.u64 != 0)
		ret = guest_vhost_fail(v, -EREMOTEIO, "%s: the back-end refuses it (%" PRIu64 ")",
				guest_msg_name(request), msg->wire.u.u64);
	return ret;
}

static int
guest_vhost_tell_u64(struct guest_vhost *v, uint32_t request, uint64_t value)
{
	struct guest_msg msg = { .wire = { .request = request, .size = 8, .u.u64 = value } };

	return guest_vhost_send(v, &msg);
}

static int
guest_vhost_tell_state(struct guest_vhost *v, uint32_t request, unsigned int queue, uint32_t num)
{
	struct guest_msg msg = {
		.wire = { .request = request, .size = 8, .u.state = { queue, num } },
	};

	return guest_vhost_send(v, &msg);
}

static int
guest_vhost_tell_fd(struct guest_vhost *v, uint32_t request, unsigned int queue, int fd)
{
	struct guest_msg msg = {
		.wire = { .request = request, .size = 8, .u.u64 = queue },
		.fds = { fd },
		.nb_fds = 1,
	};

	return guest_vhost_send(v, &msg);
}

static int
guest_vhost_tell_addr(struct guest_vhost *v, unsigned int queue,
		const struct guest_vring_addr *addr)
{
	struct guest_msg msg = {
		.wire = { .request = GUEST_MSG_SET_VRING_ADDR, .size = sizeof(msg.wire.u.addr) },
	};

	msg.wire.u.addr.index = queue;
	msg.wire.u.addr.desc = (uint64_t)(uintptr_t)addr->desc;
	msg.wire.u.addr.used = (uint64_t)(uintptr_t)addr->used;
	msg.wire.u.addr.avail = (uint64_t)(uintptr_t)addr->avail;
	msg.wire.u.addr.flags = v->link.logging ? GUEST_VHOST_RING_LOG : 0;
	msg.wire.u.addr.log = addr->used_gpa;
	return guest_vhost_send(v, &msg);
}

/* --- connection ----------------------------------------------------------------------------- */

static int
guest_vhost_accept(struct guest_vhost *v, int *fd)
{
	struct pollfd pfd = { .fd = v->listen_fd, .events = POLLIN };

	if (poll(&pfd, 1, (int)(v->timeout_ns / BASE_NS_PER_MS)) == 0)
		return -ETIMEDOUT;
	*fd = accept4(v->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

/* Connects; a back-end that is not there yet is waited for (nothing tells when it comes). */
static int
guest_vhost_dial(struct guest_vhost *v, int *fd)
{
	uint64_t deadline = base_clock_ns() + v->timeout_ns;
	int ret;

	for (;;) {
		*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (*fd < 0)
			return -errno;
		if (connect(*fd, (struct sockaddr *)&v->link.addr, sizeof(v->link.addr)) == 0)
			return 0;
		ret = -errno;
		close(*fd);
		if ((ret != -ENOENT && ret != -ECONNREFUSED) || base_clock_ns() >= deadline)
			return ret;
		poll(NULL, 0, GUEST_VHOST_RETRY_MS);
	}
}

/* What the driver has, of what the back-end offers. */
static int
guest_vhost_choose(struct guest_vhost *v)
{
	uint64_t needed = v->needed;

	if (v->settled)
		needed |= v->link.features & ~GUEST_VHOST_F_PROTOCOL_FEATURES;
	if ((needed & ~v->link.offered) != 0)
		return guest_vhost_fail(v, -EOPNOTSUPP,
				"GET_FEATURES: 0x%" PRIx64 " lacks 0x%" PRIx64, v->link.offered,
				needed & ~v->link.offered);
	if (!v->settled)
		needed |= v->wishes & v->link.offered;
	v->link.features = needed | (v->link.offered & GUEST_VHOST_F_PROTOCOL_FEATURES);
	return 0;
}

/* Asks what is offered, and chooses. */
static int
guest_vhost_take_features(struct guest_vhost *v)
{
	int ret = guest_vhost_ask_u64(v, GUEST_MSG_GET_FEATURES, &v->link.offered);

	return ret == 0 ? guest_vhost_choose(v) : ret;
}

int
guest_vhost_renegotiate(struct guest_vhost *vhost)
{
	vhost->settled = false;
	return guest_vhost_take_features(vhost);
}

static int
guest_vhost_negotiate(struct guest_vhost *v)
{
	uint64_t offered, max_pairs = 1;
	int ret = guest_vhost_take_features(v);

	if (ret != 0)
		return ret;
	v->link.protocol = 0;
	if (v->link.features & GUEST_VHOST_F_PROTOCOL_FEATURES) {
		ret = guest_vhost_ask_u64(v, GUEST_MSG_GET_PROTOCOL_FEATURES, &offered);
		if (ret != 0)
			return ret;
		v->link.protocol = offered & GUEST_VHOST_PROTOCOL & ~v->protocol_without;
		ret = guest_vhost_tell_u64(v, GUEST_MSG_SET_PROTOCOL_FEATURES, v->link.protocol);
	}
	if (ret == 0 && (v->link.protocol & GUEST_VHOST_P_MQ))
		ret = guest_vhost_ask_u64(v, GUEST_MSG_GET_QUEUE_NUM, &max_pairs);
	if (ret == 0 && (v->nb_queues + 1) / 2 > max_pairs)
		ret = guest_vhost_fail(v, -EOPNOTSUPP,
				"GET_QUEUE_NUM: the back-end has %" PRIu64 " queue pairs, not %u",
				max_pairs, (v->nb_queues + 1) / 2);
	return ret;
}

/* Hands the back-end its channel, before SET_OWNER as QEMU does. */
static int
guest_vhost_give_channel(struct guest_vhost *v, struct guest_back *back)
{
	struct guest_msg msg = {
		.wire.request = GUEST_MSG_SET_BACKEND_REQ_FD,
		.fds = { guest_back_peer_fd(back) },
		.nb_fds = 1,
	};
	int ret = 0;

	if (v->link.protocol & GUEST_VHOST_P_BACKEND_REQ)
		ret = guest_vhost_order(v, &msg);
	guest_back_peer_sent(back);
	return ret;
}

static int
guest_vhost_introduce(struct guest_vhost *v, struct guest_back *back)
{
	struct guest_msg owner = { .wire.request = GUEST_MSG_SET_OWNER };
	uint64_t features;
	int ret = guest_vhost_negotiate(v);

	if (ret == 0)
		ret = guest_vhost_give_channel(v, back);
	if (ret == 0)
		ret = guest_vhost_send(v, &owner);
	if (ret == 0)
		ret = guest_vhost_ask_u64(v, GUEST_MSG_GET_FEATURES, &features);
	for (unsigned int i = 0; i < v->nb_queues && ret == 0; i++) {
		ret = guest_vhost_tell_fd(v, GUEST_MSG_SET_VRING_CALL, i, v->queues[i].call_fd);
		if (ret == 0)
			ret = guest_vhost_tell_fd(v, GUEST_MSG_SET_VRING_ERR, i,
					v->queues[i].err_fd);
	}
	return ret;
}

int
guest_vhost_connect_fd(struct guest_vhost *vhost, int fd)
{
	struct guest_back_attr attr = {
		.name = vhost->name,
		.nb_queues = vhost->nb_queues,
		.main_fd = fd,
		.log = vhost->log,
	};
	struct guest_back *back;
	int ret;

	guest_vhost_disconnect(vhost);
	ret = guest_back_create(&attr, &back);
	if (ret != 0) {
		close(fd);
		return ret;
	}
	vhost->link.fd = fd;
	vhost->link.broken = false;
	vhost->link.logging = vhost->started = false;
	vhost->link.log_base = NULL;
	vhost->error[0] = '\0';
	base_mutex_lock(&vhost->lock);
	vhost->back = back;
	base_mutex_unlock(&vhost->lock);
	return guest_vhost_introduce(vhost, back);
}

int
guest_vhost_connect(struct guest_vhost *vhost)
{
	int fd, ret;

	ret = vhost->mode == GUEST_VHOST_SERVER ? guest_vhost_accept(vhost, &fd) :
						  guest_vhost_dial(vhost, &fd);
	if (ret != 0)
		return guest_vhost_fail(vhost, ret, "no back-end on %s: %s",
				vhost->link.addr.sun_path, strerror(-ret));
	return guest_vhost_connect_fd(vhost, fd);
}

void
guest_vhost_disconnect(struct guest_vhost *vhost)
{
	struct guest_back *back;

	base_mutex_lock(&vhost->lock);
	back = vhost->back;
	vhost->back = NULL;
	base_mutex_unlock(&vhost->lock);
	guest_back_destroy(back);
	if (vhost->link.fd >= 0)
		close(vhost->link.fd);
	vhost->link.fd = -1;
}

void
guest_vhost_cut_at(struct guest_vhost *vhost, unsigned int nb)
{
	vhost->cut_in = nb;
}

void
guest_vhost_wish(struct guest_vhost *vhost, uint64_t wishes)
{
	vhost->wishes = wishes;
}

int
guest_vhost_set_aside(struct guest_vhost *vhost, struct guest_vhost_aside **aside)
{
	struct guest_vhost_aside *a;

	if (vhost->mode == GUEST_VHOST_SERVER)
		return -EOPNOTSUPP;
	if (vhost->started)
		return -EBUSY;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->link = vhost->link;
	base_mutex_lock(&vhost->lock);
	a->back = vhost->back;
	vhost->back = NULL;
	base_mutex_unlock(&vhost->lock);
	vhost->link.fd = -1;
	*aside = a;
	return 0;
}

void
guest_vhost_take_back(struct guest_vhost *vhost, struct guest_vhost_aside *aside)
{
	guest_vhost_disconnect(vhost);
	vhost->link = aside->link; /* no other thread looks at it while there is no guest_back */
	vhost->started = false;
	base_mutex_lock(&vhost->lock);
	vhost->back = aside->back;
	base_mutex_unlock(&vhost->lock);
	free(aside);
}

void
guest_vhost_drop_aside(struct guest_vhost_aside *aside)
{
	if (aside == NULL)
		return;
	guest_back_destroy(aside->back);
	if (aside->link.fd >= 0)
		close(aside->link.fd);
	free(aside);
}

bool
guest_vhost_is_up(const struct guest_vhost *vhost) BASE_NO_TSA
{
	struct guest_vhost *v = (struct guest_vhost *)(uintptr_t)vhost;
	bool up;

	base_mutex_lock(&v->lock);
	up = v->back != NULL && !guest_back_is_gone(v->back) &&
			!__atomic_load_n(&v->link.broken, __ATOMIC_ACQUIRE);
	base_mutex_unlock(&v->lock);
	return up;
}

const char *
guest_vhost_error(const struct guest_vhost *vhost)
{
	return vhost->error;
}

void
guest_vhost_forget_error(struct guest_vhost *vhost)
{
	if (!vhost->link.broken)
		vhost->error[0] = '\0';
}

uint64_t
guest_vhost_features(const struct guest_vhost *vhost)
{
	return vhost->link.features;
}

uint64_t
guest_vhost_protocol(const struct guest_vhost *vhost)
{
	return vhost->link.protocol;
}

/* --- QEMU's orders -------------------------------------------------------------------------- */

int
guest_vhost_set_mem(struct guest_vhost *vhost, const struct guest_mem_region *table,
		unsigned int nb_regions)
{
	struct guest_msg msg = { .wire.request = GUEST_MSG_SET_MEM_TABLE };

	assert(nb_regions <= GUEST_MEM_MAX_REGIONS);
	msg.wire.size = (uint32_t)(8 + nb_regions * sizeof(struct guest_msg_region));
	msg.wire.u.mem.nb = nb_regions;
	for (unsigned int i = 0; i < nb_regions; i++) {
		msg.wire.u.mem.regions[i] = (struct guest_msg_region){
			.gpa = table[i].gpa,
			.size = table[i].size,
			.user_addr = (uint64_t)(uintptr_t)table[i].hva,
			.mmap_offset = table[i].fd_offset,
		};
		msg.fds[msg.nb_fds++] = table[i].fd;
	}
	return guest_vhost_order(vhost, &msg);
}

int
guest_vhost_enable(struct guest_vhost *vhost, unsigned int queue)
{
	return guest_vhost_tell_state(vhost, GUEST_MSG_SET_VRING_ENABLE, queue, 1);
}

int
guest_vhost_disable(struct guest_vhost *vhost, unsigned int queue)
{
	return guest_vhost_tell_state(vhost, GUEST_MSG_SET_VRING_ENABLE, queue, 0);
}

int
guest_vhost_call_again(struct guest_vhost *vhost, unsigned int queue)
{
	return guest_vhost_tell_fd(vhost, GUEST_MSG_SET_VRING_CALL, queue,
			vhost->queues[queue].call_fd);
}

int
guest_vhost_renew_files(struct guest_vhost *vhost, unsigned int queue)
{
	int ret = guest_vhost_tell_fd(vhost, GUEST_MSG_SET_VRING_KICK, queue,
			vhost->queues[queue].kick_fd);

	return ret != 0 ? ret :
			  guest_vhost_tell_fd(vhost, GUEST_MSG_SET_VRING_CALL, queue,
					  vhost->queues[queue].call_fd);
}

int
guest_vhost_barrier(struct guest_vhost *vhost)
{
	uint64_t features;

	return guest_vhost_ask_u64(vhost, GUEST_MSG_GET_FEATURES, &features);
}

/* Reads the status and adds to it; where STATUS was not negotiated there is nothing to do. */
static int
guest_vhost_add_status(struct guest_vhost *v, uint8_t must_have, uint8_t add)
{
	uint64_t status;
	int ret;

	if ((v->link.protocol & GUEST_VHOST_P_STATUS) == 0)
		return 0;
	ret = guest_vhost_ask_u64(v, GUEST_MSG_GET_STATUS, &status);
	if (ret != 0)
		return ret;
	if ((status & must_have) != must_have)
		return guest_vhost_fail(v, -EPROTO,
				"GET_STATUS: 0x%" PRIx64
				" lacks 0x%x: the back-end gave up the features",
				status, must_have);
	return guest_vhost_tell_u64(v, GUEST_MSG_SET_STATUS, status | add);
}

static int
guest_vhost_start_ring(struct guest_vhost *v, unsigned int queue,
		const struct guest_vhost_ring *ring)
{
	int ret = guest_vhost_tell_state(v, GUEST_MSG_SET_VRING_NUM, queue, ring->addr.size);

	if (ret == 0)
		ret = guest_vhost_tell_state(v, GUEST_MSG_SET_VRING_BASE, queue, ring->base);
	if (ret == 0)
		ret = guest_vhost_tell_addr(v, queue, &ring->addr);
	if (ret == 0)
		ret = guest_vhost_tell_fd(v, GUEST_MSG_SET_VRING_KICK, queue,
				v->queues[queue].kick_fd);
	if (ret == 0)
		ret = guest_vhost_tell_fd(v, GUEST_MSG_SET_VRING_CALL, queue,
				v->queues[queue].call_fd);
	return ret;
}

static int
guest_vhost_set_features(struct guest_vhost *v, bool must_know)
{
	struct guest_msg msg = {
		.wire = { .request = GUEST_MSG_SET_FEATURES, .size = 8 },
	};

	msg.wire.u.u64 = v->link.features | (v->link.logging ? GUEST_VHOST_F_LOG_ALL : 0);
	return must_know ? guest_vhost_order(v, &msg) : guest_vhost_send(v, &msg);
}

int
guest_vhost_set_log(struct guest_vhost *vhost, const struct guest_dirty *dirty)
{
	struct guest_msg msg = {
		.wire = { .request = GUEST_MSG_SET_LOG_BASE, .size = sizeof(msg.wire.u.log) },
		.fds = { guest_dirty_fd(dirty) },
		.nb_fds = 1,
	};
	int ret;

	if ((vhost->link.protocol & GUEST_VHOST_P_LOG_SHMFD) == 0)
		return -EOPNOTSUPP;
	msg.wire.u.log.size = guest_dirty_size(dirty);
	msg.wire.u.log.offset = guest_dirty_offset(dirty);
	ret = guest_vhost_ask(vhost, &msg);
	if (ret == 0)
		vhost->link.log_base = dirty;
	return ret;
}

/* Tells a back-end that runs, as QEMU does: the features, then each ring's address once more. */
static int
guest_vhost_switch_log(struct guest_vhost *v, bool on)
{
	int ret;

	v->link.logging = on;
	if (!v->started)
		return 0;
	ret = guest_vhost_set_features(v, true);
	for (unsigned int i = 0; i < v->nb_queues && ret == 0; i++)
		ret = guest_vhost_tell_addr(v, i, &v->addrs[i]);
	return ret == 0 ? guest_vhost_barrier(v) : ret;
}

int
guest_vhost_log_on(struct guest_vhost *vhost)
{
	return guest_vhost_switch_log(vhost, true);
}

int
guest_vhost_log_off(struct guest_vhost *vhost)
{
	return guest_vhost_switch_log(vhost, false);
}

bool
guest_vhost_is_logging(const struct guest_vhost *vhost)
{
	return vhost->link.logging;
}

int
guest_vhost_retarget(struct guest_vhost *vhost, const char *path)
{
	if (strlen(path) >= sizeof(vhost->link.addr.sun_path))
		return -ENAMETOOLONG;
	snprintf(vhost->link.addr.sun_path, sizeof(vhost->link.addr.sun_path), "%s", path);
	return 0;
}

int
guest_vhost_start(struct guest_vhost *vhost, const struct guest_vhost_start *start)
{
	int ret = guest_vhost_set_features(vhost, false);

	if (ret == 0)
		ret = guest_vhost_add_status(vhost, 0, GUEST_VHOST_STATUS_FEATURES_OK);
	if (ret == 0)
		ret = guest_vhost_set_mem(vhost, start->table, start->nb_regions);
	for (unsigned int i = 0; i < vhost->nb_queues && ret == 0; i++) {
		vhost->addrs[i] = start->rings[i].addr;
		ret = guest_vhost_start_ring(vhost, i, &start->rings[i]);
	}
	vhost->started = ret == 0;
	vhost->settled = vhost->settled || ret == 0;
	if (ret == 0 && vhost->link.logging && vhost->link.log_base != NULL)
		ret = guest_vhost_set_log(vhost, vhost->link.log_base);
	if (ret == 0)
		ret = guest_vhost_add_status(vhost, GUEST_VHOST_STATUS_FEATURES_OK,
				GUEST_VHOST_STATUS_ALL);
	return ret == 0 ? guest_vhost_barrier(vhost) : ret;
}

static int
guest_vhost_get_base(struct guest_vhost *v, unsigned int queue, uint16_t *base)
{
	struct guest_msg msg = {
		.wire = { .request = GUEST_MSG_GET_VRING_BASE, .size = 8, .u.state = { queue, 0 } },
	};
	int ret = guest_vhost_ask(v, &msg);

	if (ret == 0 && (msg.wire.u.state.index != queue || msg.wire.u.state.num > UINT16_MAX))
		ret = guest_vhost_fail(v, -EPROTO,
				"GET_VRING_BASE of queue %u: queue %" PRIu32 ", base %" PRIu32,
				queue, msg.wire.u.state.index, msg.wire.u.state.num);
	if (ret == 0)
		*base = (uint16_t)msg.wire.u.state.num;
	return ret;
}

static void
guest_vhost_drop_notifier(struct guest_vhost *v, unsigned int queue)
{
	base_mutex_lock(&v->lock);
	if (v->back != NULL)
		guest_back_unmap(v->back, queue);
	base_mutex_unlock(&v->lock);
}

int
guest_vhost_stop(struct guest_vhost *vhost, uint16_t *bases)
{
	uint16_t base;
	int ret = 0;

	vhost->started = false;
	if (vhost->link.protocol & GUEST_VHOST_P_STATUS)
		ret = guest_vhost_tell_u64(vhost, GUEST_MSG_SET_STATUS, 0);
	for (unsigned int i = 0; i < vhost->nb_queues && ret == 0; i++) {
		ret = guest_vhost_get_base(vhost, i, &base);
		guest_vhost_drop_notifier(vhost, i);
		if (ret == 0 && bases != NULL)
			bases[i] = base;
	}
	return ret;
}

void
guest_vhost_kick(struct guest_vhost *vhost, unsigned int queue)
{
	base_mutex_lock(&vhost->lock);
	if (vhost->back != NULL)
		guest_back_kick(vhost->back, queue, vhost->queues[queue].kick_fd);
	base_mutex_unlock(&vhost->lock);
}

int
guest_vhost_call_fd(const struct guest_vhost *vhost, unsigned int queue)
{
	return vhost->queues[queue].call_fd;
}

void
guest_vhost_queue(struct guest_vhost *vhost, unsigned int queue, struct guest_back_queue *info)
{
	memset(info, 0, sizeof(*info));
	base_mutex_lock(&vhost->lock);
	if (vhost->back != NULL)
		guest_back_queue(vhost->back, queue, info);
	base_mutex_unlock(&vhost->lock);
}
