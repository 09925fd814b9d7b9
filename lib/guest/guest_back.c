/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one thread polls three descriptors: our end of the back-end's channel, the
 * front-end's socket (its hang-up only, never its data), and an eventfd that tells it to stop.
 *
 * VRING_HOST_NOTIFIER brings a descriptor, offset and size of a page of the device; it is mapped
 * and takes the place of the queue's kick eventfd until the back-end takes it back (NOFD), the queue
 * is stopped, or the connection ends. The request is checked like everything that comes from
 * outside: queue number, size, alignment, and, for memory files, that the page lies inside the
 * file (a store behind its end would be SIGBUS).
 *
 * Each queue has a mutex that covers its page: the kick path stores under it, so that the page
 * cannot be unmapped between look and store.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base_clock.h"
#include "base_math.h"
#include "base_mutex.h"
#include "guest_back.h"
#include "guest_msg.h"

#define GUEST_BACK_REPLY_NS (1 * BASE_NS_PER_S) /* for a back-end to take our answer */

struct guest_back_slot {
	struct base_mutex lock;
	volatile uint16_t *page; /* (lock) NULL: none */
	uint64_t size; /* (lock) */
	struct guest_back_queue info; /* (lock) */
};

struct guest_back {
	char name[32];
	const struct base_log *log;
	unsigned int nb_queues;
	int main_fd;
	int fd; /* our end of the channel */
	int peer_fd; /* the other end until it is sent, then -1 */
	int stop_fd;
	bool gone; /* atomic */
	pthread_t thread;
	struct guest_back_slot *slots;
};

static void
guest_back_unmap_locked(struct guest_back_slot *slot) BASE_REQUIRES(slot->lock)
{
	if (slot->page == NULL)
		return;
	munmap((void *)(uintptr_t)slot->page, slot->size);
	slot->page = NULL;
	slot->info.unmaps++;
}

/* Why the page cannot be mapped, NULL when it can. */
static const char *
guest_back_check(const struct guest_msg *msg)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t offset = msg->wire.u.area.offset, size = msg->wire.u.area.size;
	struct stat st;

	if (msg->nb_fds != 1)
		return "not exactly one file descriptor";
	if (size == 0 || size % page != 0 || offset % page != 0 || size > INT64_MAX)
		return "size or offset is no multiple of the page size";
	if (fstat(msg->fds[0], &st) != 0)
		return "bad file descriptor";
	if (S_ISREG(st.st_mode) && !base_range_inside(offset, size, 0, (uint64_t)st.st_size))
		return "behind the end of the file";
	return NULL;
}

static const char *
guest_back_map(struct guest_back_slot *slot, const struct guest_msg *msg)
{
	const char *why = guest_back_check(msg);
	void *page;

	if (why != NULL)
		return why;
	page = mmap(NULL, msg->wire.u.area.size, PROT_READ | PROT_WRITE, MAP_SHARED, msg->fds[0],
			(off_t)msg->wire.u.area.offset);
	if (page == MAP_FAILED)
		return "mmap failed";
	base_mutex_lock(&slot->lock);
	guest_back_unmap_locked(slot);
	slot->page = page;
	slot->size = msg->wire.u.area.size;
	slot->info.maps++;
	base_mutex_unlock(&slot->lock);
	return NULL;
}

/* Carries out VRING_HOST_NOTIFIER; @return the answer's number, 0 for "done". */
static uint64_t
guest_back_notifier(struct guest_back *back, const struct guest_msg *msg)
{
	unsigned int queue = (unsigned int)(msg->wire.u.area.u64 & GUEST_MSG_VRING_IDX_MASK);
	struct guest_back_slot *slot = &back->slots[queue];
	const char *why;

	if (msg->wire.size != sizeof(msg->wire.u.area) || queue >= back->nb_queues) {
		base_err(back->log,
				"guest %s: VRING_HOST_NOTIFIER: size %" PRIu32
				", queue %u: refused",
				back->name, msg->wire.size, queue);
		return 1;
	}
	if (msg->wire.u.area.u64 & GUEST_MSG_VRING_NOFD) {
		guest_back_unmap(back, queue);
		return 0;
	}
	why = guest_back_map(slot, msg);
	if (why == NULL)
		return 0;
	base_err(back->log,
			"guest %s: VRING_HOST_NOTIFIER of queue %u, offset 0x%" PRIx64
			", size 0x%" PRIx64 ": %s",
			back->name, queue, msg->wire.u.area.offset, msg->wire.u.area.size, why);
	base_mutex_lock(&slot->lock);
	slot->info.refused++;
	base_mutex_unlock(&slot->lock);
	return 1;
}

/* Takes one request and answers it; @return not 0 at the end of the channel. */
static int
guest_back_serve(struct guest_back *back)
{
	struct guest_msg msg, reply = { 0 };
	int ret = guest_msg_recv(back->fd, &msg, base_clock_ns() + GUEST_BACK_REPLY_NS);

	if (ret != 0)
		return ret;
	reply.wire.request = msg.wire.request;
	reply.wire.flags = GUEST_MSG_VERSION | GUEST_MSG_REPLY;
	reply.wire.size = sizeof(reply.wire.u.u64);
	switch (msg.wire.request) {
	case GUEST_MSG_BACK_VRING_HOST_NOTIFIER:
		reply.wire.u.u64 = guest_back_notifier(back, &msg);
		break;
	case GUEST_MSG_BACK_CONFIG_CHANGE:
		break;
	default:
		base_warn(back->log, "guest %s: back-end request %" PRIu32 " is not known",
				back->name, msg.wire.request);
		reply.wire.u.u64 = 1;
		break;
	}
	guest_msg_close(&msg);
	if (msg.wire.flags & GUEST_MSG_NEED_REPLY)
		ret = guest_msg_send(back->fd, &reply, base_clock_ns() + GUEST_BACK_REPLY_NS);
	return ret;
}

static void *
guest_back_main(void *arg)
{
	struct guest_back *back = arg;
	struct pollfd pfds[] = {
		{ .fd = back->stop_fd, .events = POLLIN },
		{ .fd = back->fd, .events = POLLIN },
		{ .fd = back->main_fd, .events = POLLRDHUP },
	};

	for (;;) {
		if (poll(pfds, BASE_ARRAY_SIZE(pfds), -1) < 0 && errno != EINTR)
			break;
		if (pfds[0].revents != 0)
			break;
		if (pfds[1].revents != 0 && guest_back_serve(back) != 0)
			pfds[1].fd = -1; /* the back-end has closed it: nothing more to serve */
		if (pfds[2].revents != 0) {
			__atomic_store_n(&back->gone, true, __ATOMIC_RELEASE);
			pfds[2].fd = -1;
		}
	}
	return NULL;
}

static int
guest_back_open(struct guest_back *back)
{
	int fds[2];

	back->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (back->stop_fd < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
		int ret = -errno;

		close(back->stop_fd);
		return ret;
	}
	back->fd = fds[0];
	back->peer_fd = fds[1];
	return 0;
}

int
guest_back_create(const struct guest_back_attr *attr, struct guest_back **back)
{
	struct guest_back *b;
	int ret = -ENOMEM;

	if (attr->nb_queues == 0 || attr->nb_queues > GUEST_BACK_MAX_QUEUES)
		return -EINVAL;
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return -ENOMEM;
	snprintf(b->name, sizeof(b->name), "%s", attr->name);
	b->log = attr->log;
	b->nb_queues = attr->nb_queues;
	b->main_fd = attr->main_fd;
	b->slots = calloc(attr->nb_queues, sizeof(*b->slots));
	if (b->slots == NULL)
		goto free_back;
	for (unsigned int i = 0; i < attr->nb_queues; i++)
		base_mutex_init(&b->slots[i].lock);
	ret = guest_back_open(b);
	if (ret != 0)
		goto free_slots;
	ret = -pthread_create(&b->thread, NULL, guest_back_main, b);
	if (ret != 0)
		goto close_fds;
	*back = b;
	return 0;

close_fds:
	close(b->fd);
	close(b->peer_fd);
	close(b->stop_fd);
free_slots:
	for (unsigned int i = 0; i < attr->nb_queues; i++)
		base_mutex_destroy(&b->slots[i].lock);
	free(b->slots);
free_back:
	free(b);
	return ret;
}

void
guest_back_destroy(struct guest_back *back)
{
	uint64_t one = 1;
	ssize_t nb;

	if (back == NULL)
		return;
	nb = write(back->stop_fd, &one, sizeof(one));
	(void)nb; /* an eventfd at 0 takes it */
	pthread_join(back->thread, NULL);
	for (unsigned int i = 0; i < back->nb_queues; i++) {
		guest_back_unmap(back, i);
		base_mutex_destroy(&back->slots[i].lock);
	}
	guest_back_peer_sent(back);
	close(back->fd);
	close(back->stop_fd);
	free(back->slots);
	free(back);
}

int
guest_back_peer_fd(const struct guest_back *back)
{
	return back->peer_fd;
}

void
guest_back_peer_sent(struct guest_back *back)
{
	if (back->peer_fd >= 0)
		close(back->peer_fd);
	back->peer_fd = -1;
}

bool
guest_back_is_gone(const struct guest_back *back)
{
	return __atomic_load_n(&back->gone, __ATOMIC_ACQUIRE);
}

void
guest_back_kick(struct guest_back *back, unsigned int queue, int kick_fd)
{
	struct guest_back_slot *slot = &back->slots[queue];
	uint64_t one = 1;
	bool by_page;
	ssize_t nb;

	base_mutex_lock(&slot->lock);
	by_page = slot->page != NULL;
	if (by_page) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		*slot->page = htole16((uint16_t)queue);
		slot->info.page_kicks++;
	} else {
		slot->info.eventfd_kicks++;
	}
	base_mutex_unlock(&slot->lock);
	if (by_page)
		return;
	nb = write(kick_fd, &one, sizeof(one));
	(void)nb; /* EAGAIN: so many kicks wait already that one more says nothing new */
}

void
guest_back_unmap(struct guest_back *back, unsigned int queue)
{
	base_mutex_lock(&back->slots[queue].lock);
	guest_back_unmap_locked(&back->slots[queue]);
	base_mutex_unlock(&back->slots[queue].lock);
}

void
guest_back_queue(struct guest_back *back, unsigned int queue, struct guest_back_queue *info)
{
	struct guest_back_slot *slot = &back->slots[queue];

	base_mutex_lock(&slot->lock);
	*info = slot->info;
	info->mapped = slot->page != NULL;
	base_mutex_unlock(&slot->lock);
}
