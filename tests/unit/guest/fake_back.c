/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one thread polls the socket, the kick descriptors and a stop descriptor;
 * after each event it moves all frames that it can. Guest memory is mapped from the descriptors of
 * SET_MEM_TABLE, ring addresses are user addresses in it. It trusts the guest (the guest is ours).
 * Dirty pages are marked after the write, as guest_dirty.c wants it.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base_clock.h"
#include "fake_back.h"
#include "guest_net.h"
#include "guest_vhost.h"

#define FAKE_FRAME_MAX 2048

struct fake_region {
	struct guest_msg_region reg;
	uint8_t *hva;
};

struct fake_queue {
	uint32_t size;
	uint16_t next_avail, next_used;
	uint64_t desc, avail, used; /* user addresses */
	uint64_t used_log; /* guest physical address of the used ring */
	int kick_fd, call_fd;
	bool enabled, started;
};

struct fake_back {
	struct fake_back_attr attr;
	pthread_t thread;
	pthread_mutex_t lock; /* covers heard and nb_heard */
	uint8_t heard[FAKE_BACK_MAX_HEARD];
	unsigned int nb_heard;
	int stop_fd, channel_fd;
	uint64_t status;
	struct fake_region regions[GUEST_MEM_MAX_REGIONS];
	unsigned int nb_regions;
	struct fake_queue queues[FAKE_BACK_MAX_QUEUES];
	uint8_t *log; /* of dirty pages; NULL: none */
	uint64_t log_size;
	bool logging;
	uint64_t nb_frames;
	uint8_t held[FAKE_FRAME_MAX]; /* for FAKE_SWAP */
	uint32_t held_len;
};

/* --- memory and rings ----------------------------------------------------------------------- */

static void *
fake_hva(struct fake_back *b, uint64_t addr, bool user)
{
	for (unsigned int i = 0; i < b->nb_regions; i++) {
		uint64_t start = user ? b->regions[i].reg.user_addr : b->regions[i].reg.gpa;

		if (addr >= start && addr - start < b->regions[i].reg.size)
			return b->regions[i].hva + (addr - start);
	}
	fprintf(stderr, "fake back-end: no memory at 0x%llx\n", (unsigned long long)addr);
	abort();
}

/* One atomic bit for 4 KiB, as in vhost-user's "Migration". */
static void
fake_mark(struct fake_back *b, enum fake_fault unmarked, uint64_t gpa, uint64_t len)
{
	if (!b->logging || b->log == NULL || len == 0 ||
			(b->attr.fault == unmarked && b->nb_frames >= b->attr.fault_at))
		return;
	for (uint64_t page = gpa / GUEST_DIRTY_PAGE; page <= (gpa + len - 1) / GUEST_DIRTY_PAGE;
			page++) {
		if (page / 8 >= b->log_size)
			abort();
		__atomic_fetch_or(&b->log[page / 8], (uint8_t)(1u << page % 8), __ATOMIC_SEQ_CST);
	}
}

static void
fake_unmap_log(struct fake_back *b)
{
	if (b->log != NULL)
		munmap(b->log, b->log_size);
	b->log = NULL;
}

/* The log's file begins with the log here: offset 0 is all that our tests use. */
static void
fake_map_log(struct fake_back *b, const struct guest_msg *msg)
{
	fake_unmap_log(b);
	if (msg->nb_fds != 1 || msg->wire.u.log.offset != 0)
		abort();
	b->log_size = msg->wire.u.log.size;
	b->log = mmap(NULL, b->log_size, PROT_READ | PROT_WRITE, MAP_SHARED, msg->fds[0], 0);
	if (b->log == MAP_FAILED)
		abort();
}

static void
fake_unmap(struct fake_back *b)
{
	while (b->nb_regions > 0) {
		struct fake_region *r = &b->regions[--b->nb_regions];

		munmap(r->hva, r->reg.size);
	}
}

static void
fake_map(struct fake_back *b, const struct guest_msg *msg)
{
	fake_unmap(b);
	for (unsigned int i = 0; i < msg->wire.u.mem.nb; i++) {
		struct fake_region *r = &b->regions[b->nb_regions++];

		r->reg = msg->wire.u.mem.regions[i];
		r->hva = mmap(NULL, r->reg.size, PROT_READ | PROT_WRITE, MAP_SHARED, msg->fds[i],
				(off_t)r->reg.mmap_offset);
		if (r->hva == MAP_FAILED)
			abort();
	}
}

/* Takes the next chain; @return its head, -1 when there is none. */
static int
fake_take(struct fake_back *b, struct fake_queue *q)
{
	struct vring_avail *avail;

	if (!q->started || !q->enabled)
		return -1;
	avail = fake_hva(b, q->avail, true);
	if (le16toh(__atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE)) == q->next_avail)
		return -1;
	return le16toh(avail->ring[q->next_avail++ & (q->size - 1)]);
}

static void
fake_return(struct fake_back *b, struct fake_queue *q, uint32_t id, uint32_t len)
{
	struct vring_used *used = fake_hva(b, q->used, true);
	struct vring_used_elem *elem = &used->ring[q->next_used++ & (q->size - 1)];

	elem->id = htole32(id);
	elem->len = htole32(len);
	__atomic_store_n(&used->idx, htole16(q->next_used), __ATOMIC_SEQ_CST);
	fake_mark(b, FAKE_UNMARKED_USED, q->used_log, 2 * sizeof(uint16_t));
	fake_mark(b, FAKE_UNMARKED_USED,
			q->used_log + (uint64_t)((uint8_t *)elem - (uint8_t *)used), sizeof(*elem));
}

static void
fake_interrupt(struct fake_back *b, struct fake_queue *q)
{
	struct vring_avail *avail = fake_hva(b, q->avail, true);
	uint64_t one = 1;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if ((le16toh(__atomic_load_n(&avail->flags, __ATOMIC_RELAXED)) &
			    VRING_AVAIL_F_NO_INTERRUPT) == 0 &&
			write(q->call_fd, &one, sizeof(one)) < 0)
		perror("fake back-end: call");
}

/* Copies the chain at @head to or from @buf. @return bytes. */
static uint32_t
fake_copy(struct fake_back *b, struct fake_queue *q, int head, uint8_t *buf, uint32_t len)
{
	struct vring_desc *table = fake_hva(b, q->desc, true), *d = &table[head];
	uint32_t done = 0;

	for (;;) {
		uint32_t part = le32toh(d->len);
		uint8_t *hva = fake_hva(b, le64toh(d->addr), false);

		if (le16toh(d->flags) & VRING_DESC_F_WRITE) {
			part = part < len - done ? part : len - done;
			memcpy(hva, buf + done, part);
			fake_mark(b, FAKE_UNMARKED_RX, le64toh(d->addr), part);
		} else {
			memcpy(buf + done, hva, part);
		}
		done += part;
		if ((le16toh(d->flags) & VRING_DESC_F_NEXT) == 0)
			return done;
		d = &table[le16toh(d->next)];
	}
}

/* --- frames and faults ---------------------------------------------------------------------- */

/* Puts a frame into receive queue @q; false when it has no buffer. */
static bool
fake_deliver(struct fake_back *b, struct fake_queue *q, uint8_t *frame, uint32_t len,
		enum fake_fault fault)
{
	int head = fake_take(b, q);

	if (head >= 0 && fault == FAKE_SKIP_RX)
		head = fake_take(b, q);
	if (head < 0)
		return false;
	frame[10] = 1; /* num_buffers */
	fake_copy(b, q, head, frame, len);
	switch (fault) {
	case FAKE_USED_TWICE:
		fake_return(b, q, (uint32_t)head, len);
		break;
	case FAKE_USED_RANGE:
		fake_return(b, q, q->size + 3, len);
		break;
	case FAKE_USED_LENGTH:
		len = 1u << 20;
		break;
	case FAKE_USED_SHORT:
		len = 11;
		break;
	default:
		break;
	}
	fake_return(b, q, (uint32_t)head, len);
	return true;
}

static void
fake_forward(struct fake_back *b, struct fake_queue *rx, uint8_t *frame, uint32_t len)
{
	enum fake_fault fault = b->nb_frames++ == b->attr.fault_at ? b->attr.fault : FAKE_NONE;

	switch (fault) {
	case FAKE_LOSE:
		return;
	case FAKE_SWAP:
		memcpy(b->held, frame, len);
		b->held_len = len;
		return;
	case FAKE_TEAR:
		frame[len - 1] ^= 0x40;
		break;
	case FAKE_WRECK:
		frame[GUEST_NET_HDR_LEN + 20] ^= 0x40;
		break;
	default:
		break;
	}
	fake_deliver(b, rx, frame, len, fault);
	if (fault == FAKE_DUPLICATE)
		fake_deliver(b, rx, frame, len, FAKE_NONE);
	if (b->held_len != 0)
		fake_deliver(b, rx, b->held, b->held_len, FAKE_NONE);
	b->held_len = 0;
}

static void
fake_move(struct fake_back *b)
{
	uint8_t frame[FAKE_FRAME_MAX];

	for (unsigned int i = 0; i + 1 < FAKE_BACK_MAX_QUEUES; i += 2) {
		struct fake_queue *rx = &b->queues[i], *tx = rx + 1;
		unsigned int nb = 0;
		int head;

		while ((head = fake_take(b, tx)) >= 0) {
			uint32_t len = fake_copy(b, tx, head, frame, sizeof(frame));
			bool keep = b->attr.fault == FAKE_KEEP_TX &&
					b->nb_frames == b->attr.fault_at;

			fake_forward(b, rx, frame, len);
			if (!keep)
				fake_return(b, tx, (uint32_t)head, 0);
			nb++;
		}
		if (nb != 0) {
			fake_interrupt(b, rx);
			fake_interrupt(b, tx);
		}
	}
}

/* --- messages ------------------------------------------------------------------------------- */

static void
fake_take_fd(int *to, struct guest_msg *msg)
{
	if (*to >= 0)
		close(*to);
	*to = msg->nb_fds == 1 ? msg->fds[0] : -1;
	msg->nb_fds = 0;
}

static void
fake_stop_queue(struct fake_back *b, struct fake_queue *q, struct guest_msg *msg)
{
	msg->wire.u.state.num = q->next_avail;
	q->started = false;
	if (q->kick_fd >= 0)
		close(q->kick_fd);
	q->kick_fd = -1;
}

/* Carries out a request; the answer, where there is one, replaces the payload. */
static void
fake_serve(struct fake_back *b, struct guest_msg *msg)
{
	struct fake_queue *q = &b->queues[msg->wire.u.state.index % FAKE_BACK_MAX_QUEUES];

	switch (msg->wire.request) {
	case GUEST_MSG_GET_FEATURES:
		msg->wire.u.u64 = b->attr.features;
		break;
	case GUEST_MSG_GET_PROTOCOL_FEATURES:
		msg->wire.u.u64 = b->attr.protocol;
		break;
	case GUEST_MSG_GET_QUEUE_NUM:
		msg->wire.u.u64 = FAKE_BACK_MAX_QUEUES / 2;
		break;
	case GUEST_MSG_GET_STATUS:
		msg->wire.u.u64 = b->status;
		break;
	case GUEST_MSG_SET_STATUS:
		b->status = msg->wire.u.u64;
		break;
	case GUEST_MSG_SET_FEATURES:
		b->logging = (msg->wire.u.u64 & GUEST_VHOST_F_LOG_ALL) != 0;
		break;
	case GUEST_MSG_SET_LOG_BASE:
		fake_map_log(b, msg);
		break;
	case GUEST_MSG_SET_BACKEND_REQ_FD:
		fake_take_fd(&b->channel_fd, msg);
		break;
	case GUEST_MSG_SET_MEM_TABLE:
		fake_map(b, msg);
		break;
	case GUEST_MSG_SET_VRING_NUM:
		q->size = msg->wire.u.state.num;
		break;
	case GUEST_MSG_SET_VRING_BASE:
		q->next_avail = q->next_used = (uint16_t)msg->wire.u.state.num;
		break;
	case GUEST_MSG_SET_VRING_ADDR:
		q->desc = msg->wire.u.addr.desc;
		q->avail = msg->wire.u.addr.avail;
		q->used = msg->wire.u.addr.used;
		q->used_log = msg->wire.u.addr.log;
		break;
	case GUEST_MSG_SET_VRING_KICK:
		fake_take_fd(&q->kick_fd, msg);
		q->started = true;
		break;
	case GUEST_MSG_SET_VRING_CALL:
		fake_take_fd(&q->call_fd, msg);
		break;
	case GUEST_MSG_SET_VRING_ENABLE:
		q->enabled = msg->wire.u.state.num != 0;
		break;
	case GUEST_MSG_GET_VRING_BASE:
		fake_stop_queue(b, q, msg);
		break;
	default:
		break;
	}
}

/* Takes one request. @return false when the connection is at its end. */
static bool
fake_request(struct fake_back *b)
{
	uint64_t deadline = base_clock_ns() + BASE_NS_PER_S;
	struct guest_msg msg;
	uint32_t reply;

	if (guest_msg_recv(b->attr.fd, &msg, deadline) != 0)
		return false;
	pthread_mutex_lock(&b->lock);
	if (b->nb_heard < FAKE_BACK_MAX_HEARD)
		b->heard[b->nb_heard++] = (uint8_t)msg.wire.request;
	pthread_mutex_unlock(&b->lock);
	if (msg.wire.request == b->attr.hang_up_at) {
		guest_msg_close(&msg);
		return false;
	}
	fake_serve(b, &msg);
	guest_msg_close(&msg);
	reply = guest_msg_reply_size(msg.wire.request);
	if (reply == 0 && (msg.wire.flags & GUEST_MSG_NEED_REPLY)) {
		reply = 8;
		msg.wire.u.u64 = 0;
	}
	/* SET_LOG_BASE has an answer without contents */
	if ((reply == 0 && msg.wire.request != GUEST_MSG_SET_LOG_BASE) ||
			msg.wire.request == b->attr.mute_at)
		return true;
	msg.wire.flags = GUEST_MSG_VERSION | GUEST_MSG_REPLY;
	msg.wire.size = reply;
	if (b->attr.mutate != NULL)
		b->attr.mutate(&msg);
	return guest_msg_send(b->attr.fd, &msg, deadline) == 0;
}

/* Where it has to listen: waits for the front-end. @return false when it is told to end. */
static bool
fake_accept(struct fake_back *b)
{
	struct pollfd pfds[] = {
		{ .fd = b->stop_fd, .events = POLLIN },
		{ .fd = b->attr.listen_fd, .events = POLLIN },
	};

	if (b->attr.listen_fd == 0)
		return true;
	if (poll(pfds, 2, -1) < 0 || pfds[0].revents != 0)
		return false;
	b->attr.fd = accept4(b->attr.listen_fd, NULL, NULL, SOCK_CLOEXEC);
	return b->attr.fd >= 0;
}

static void *
fake_main(void *arg)
{
	struct fake_back *b = arg;
	struct pollfd pfds[2 + FAKE_BACK_MAX_QUEUES];
	uint64_t count;

	if (!fake_accept(b))
		return NULL;
	for (;;) {
		pfds[0] = (struct pollfd){ .fd = b->stop_fd, .events = POLLIN };
		pfds[1] = (struct pollfd){ .fd = b->attr.fd, .events = POLLIN };
		for (unsigned int i = 0; i < FAKE_BACK_MAX_QUEUES; i++)
			pfds[2 + i] = (struct pollfd){ .fd = b->queues[i].kick_fd,
				.events = POLLIN };
		if (poll(pfds, 2 + FAKE_BACK_MAX_QUEUES, -1) < 0 || pfds[0].revents != 0)
			break;
		for (unsigned int i = 0; i < FAKE_BACK_MAX_QUEUES; i++)
			if (pfds[2 + i].revents != 0 &&
					read(pfds[2 + i].fd, &count, sizeof(count)) < 0)
				perror("fake back-end: kick");
		if (pfds[1].revents != 0 && !fake_request(b))
			break;
		fake_move(b);
	}
	close(b->attr.fd);
	return NULL;
}

struct fake_back *
fake_back_start(const struct fake_back_attr *attr)
{
	struct fake_back *b = calloc(1, sizeof(*b));

	if (b == NULL)
		abort();
	b->attr = *attr;
	if (b->attr.features == 0)
		b->attr.features = GUEST_VHOST_F_VERSION_1 | GUEST_VHOST_F_PROTOCOL_FEATURES |
				GUEST_VHOST_F_MQ;
	if (b->attr.protocol == 0)
		b->attr.protocol = GUEST_VHOST_P_MQ | GUEST_VHOST_P_REPLY_ACK |
				GUEST_VHOST_P_BACKEND_REQ | GUEST_VHOST_P_BACKEND_SEND_FD |
				GUEST_VHOST_P_HOST_NOTIFIER | GUEST_VHOST_P_LOG_SHMFD |
				GUEST_VHOST_P_STATUS;
	b->channel_fd = -1;
	b->stop_fd = eventfd(0, 0);
	pthread_mutex_init(&b->lock, NULL);
	for (unsigned int i = 0; i < FAKE_BACK_MAX_QUEUES; i++)
		b->queues[i].kick_fd = b->queues[i].call_fd = -1;
	if (pthread_create(&b->thread, NULL, fake_main, b) != 0)
		abort();
	return b;
}

void
fake_back_stop(struct fake_back *back)
{
	uint64_t one = 1;

	if (write(back->stop_fd, &one, sizeof(one)) < 0)
		abort();
	pthread_join(back->thread, NULL);
	for (unsigned int i = 0; i < FAKE_BACK_MAX_QUEUES; i++) {
		if (back->queues[i].kick_fd >= 0)
			close(back->queues[i].kick_fd);
		if (back->queues[i].call_fd >= 0)
			close(back->queues[i].call_fd);
	}
	if (back->channel_fd >= 0)
		close(back->channel_fd);
	close(back->stop_fd);
	fake_unmap(back);
	fake_unmap_log(back);
	pthread_mutex_destroy(&back->lock);
	free(back);
}

unsigned int
fake_back_heard(struct fake_back *back, uint8_t heard[FAKE_BACK_MAX_HEARD])
{
	unsigned int nb;

	pthread_mutex_lock(&back->lock);
	nb = back->nb_heard;
	memcpy(heard, back->heard, nb);
	pthread_mutex_unlock(&back->lock);
	return nb;
}

int
fake_back_notifier(struct fake_back *back, unsigned int queue, int fd, uint64_t *answer)
{
	struct guest_msg msg = {
		.wire = {
			.request = GUEST_MSG_BACK_VRING_HOST_NOTIFIER,
			.flags = GUEST_MSG_VERSION | GUEST_MSG_NEED_REPLY,
			.size = sizeof(msg.wire.u.area),
		},
		.fds = { fd },
		.nb_fds = fd >= 0,
	};
	uint64_t deadline = base_clock_ns() + BASE_NS_PER_S;
	int ret;

	msg.wire.u.area.u64 = queue | (fd < 0 ? GUEST_MSG_VRING_NOFD : 0);
	msg.wire.u.area.size = fd < 0 ? 0 : (uint64_t)sysconf(_SC_PAGESIZE);
	msg.wire.u.area.offset = 0;
	ret = guest_msg_send(back->channel_fd, &msg, deadline);
	if (ret == 0)
		ret = guest_msg_recv(back->channel_fd, &msg, deadline);
	*answer = msg.wire.u.u64;
	return ret;
}
