/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a two-level table from descriptor number to node, read without a lock by
 * every ioctl, fstat and close of the whole program. A node has a count of holders: one for the
 * table, one for each call that uses it. Nodes are recycled but never freed, so a reader that
 * comes late may look at a node of somebody else, but never at freed memory; it takes a hold only
 * if the count is not zero, and looks again whether the table still has this node.
 *
 * Descriptors can be closed behind our back (close_range, dup2 over them, a raw system call) and
 * their numbers reused. So a node remembers which file it was made for (device and inode), and who
 * finds another file under the number drops the node: the close is noticed late, but no foreign
 * descriptor is ever served.
 *
 * Several numbers may name one node (dup); it is told "closed" when the last of them is gone, as the
 * kernel does it.
 *
 * A child that shares our memory but not our descriptors (vfork, clone) must not take ours out of
 * the table when it closes its copies, so the table is for the process that filled it only.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base_mutex.h"
#include "seam_fd.h"
#include "seam_real.h"

#define SEAM_LEAF_BITS 10
#define SEAM_LEAF (1u << SEAM_LEAF_BITS)
#define SEAM_ROOT 1024u

struct seam_node {
	atomic_uint holds; /* 0: free */
	const struct seam_fd_ops *ops;
	void *arg;
	dev_t rdev;
	dev_t dev; /* identity of the file */
	ino_t ino;
	struct seam_node *next_free;
};

typedef _Atomic(struct seam_node *) seam_slot;

static _Atomic(seam_slot *) seam_root[SEAM_ROOT];
static struct base_mutex seam_lock = BASE_MUTEX_INITIALIZER; /* leaf */
static struct seam_node *seam_free BASE_GUARDED_BY(seam_lock);
static atomic_bool seam_stopped;
static atomic_int seam_owner; /* the process that the table is for; 0: it is empty yet */

void
seam_stop(void)
{
	atomic_store(&seam_stopped, true);
}

bool
seam_is_stopped(void)
{
	return atomic_load_explicit(&seam_stopped, memory_order_relaxed);
}

/* Another process than the one that the table is for: a child that shares its memory? */
static bool
seam_is_foreign(void)
{
	return atomic_load_explicit(&seam_owner, memory_order_relaxed) != getpid();
}

static seam_slot *
seam_fd_slot(int fd)
{
	unsigned int n = (unsigned int)fd;
	seam_slot *leaf;

	if (fd < 0 || n >> SEAM_LEAF_BITS >= SEAM_ROOT)
		return NULL;
	leaf = atomic_load_explicit(&seam_root[n >> SEAM_LEAF_BITS], memory_order_acquire);
	return leaf != NULL ? &leaf[n & (SEAM_LEAF - 1)] : NULL;
}

static int
seam_fd_grow(int fd)
{
	unsigned int n = (unsigned int)fd;
	seam_slot *leaf, *old = NULL;

	if (fd < 0 || n >> SEAM_LEAF_BITS >= SEAM_ROOT)
		return -EMFILE;
	if (seam_fd_slot(fd) != NULL)
		return 0;
	leaf = calloc(SEAM_LEAF, sizeof(*leaf));
	if (leaf == NULL)
		return -ENOMEM;
	if (!atomic_compare_exchange_strong(&seam_root[n >> SEAM_LEAF_BITS], &old, leaf))
		free(leaf);
	return 0;
}

static struct seam_node *
seam_node_alloc(void)
{
	struct seam_node *node;

	base_mutex_lock(&seam_lock);
	node = seam_free;
	if (node != NULL)
		seam_free = node->next_free;
	base_mutex_unlock(&seam_lock);
	return node != NULL ? node : calloc(1, sizeof(*node));
}

int
seam_fd_add(int fd, const struct seam_fd_ops *ops, void *arg, dev_t rdev)
{
	struct seam_node *node, *old;
	struct stat st;
	int ret = seam_fd_grow(fd);

	if (ret != 0)
		return ret;
	atomic_store(&seam_owner, getpid());
	if (seam_real_fstat(fd, &st) != 0)
		return -EBADF;
	node = seam_node_alloc();
	if (node == NULL)
		return -ENOMEM;
	node->ops = ops;
	node->arg = arg;
	node->rdev = rdev;
	node->dev = st.st_dev;
	node->ino = st.st_ino;
	atomic_store_explicit(&node->holds, 1, memory_order_release);
	old = atomic_exchange(seam_fd_slot(fd), node);
	if (old != NULL) /* its file was closed behind our back */
		seam_fd_put(old);
	return 0;
}

void
seam_fd_put(struct seam_node *node)
{
	if (atomic_fetch_sub(&node->holds, 1) != 1)
		return;
	node->ops->closed(node->arg);
	base_mutex_lock(&seam_lock);
	node->next_free = seam_free;
	seam_free = node;
	base_mutex_unlock(&seam_lock);
}

/* Takes a hold unless the node is free or the table has another one by now. */
static bool
seam_node_hold(struct seam_node *node, seam_slot *slot)
{
	unsigned int holds = atomic_load(&node->holds);

	do {
		if (holds == 0)
			return false;
	} while (!atomic_compare_exchange_weak(&node->holds, &holds, holds + 1));
	if (atomic_load(slot) == node)
		return true;
	seam_fd_put(node);
	return false;
}

struct seam_node *
seam_fd_get(int fd)
{
	seam_slot *slot = seam_fd_slot(fd);
	struct seam_node *node = slot != NULL ? atomic_load(slot) : NULL;
	struct stat st;

	if (node == NULL || seam_is_stopped() || seam_is_foreign() || !seam_node_hold(node, slot))
		return NULL;
	if (seam_real_fstat(fd, &st) == 0 && st.st_dev == node->dev && st.st_ino == node->ino)
		return node;
	if (atomic_compare_exchange_strong(slot, &(struct seam_node *){ node }, NULL))
		seam_fd_put(node); /* the table's hold */
	seam_fd_put(node);
	return NULL;
}

struct seam_node *
seam_fd_del(int fd)
{
	seam_slot *slot = seam_fd_slot(fd);

	if (slot == NULL || atomic_load(slot) == NULL || seam_is_stopped() || seam_is_foreign())
		return NULL;
	return atomic_exchange(slot, NULL);
}

void
seam_fd_del_range(unsigned int first, unsigned int last)
{
	unsigned int leaf, n, i;
	struct seam_node *node;

	for (leaf = first >> SEAM_LEAF_BITS; leaf < SEAM_ROOT && leaf <= last >> SEAM_LEAF_BITS;
			leaf++) {
		if (atomic_load_explicit(&seam_root[leaf], memory_order_acquire) == NULL)
			continue;
		for (i = 0; i < SEAM_LEAF; i++) {
			n = (leaf << SEAM_LEAF_BITS) + i;
			node = n >= first && n <= last ? seam_fd_del((int)n) : NULL;
			if (node != NULL)
				seam_fd_put(node);
		}
	}
}

int
seam_fd_dup(struct seam_node *node, int fd)
{
	int ret = seam_fd_grow(fd);
	struct seam_node *old;

	if (ret != 0)
		return ret;
	atomic_fetch_add(&node->holds, 1);
	old = atomic_exchange(seam_fd_slot(fd), node);
	if (old != NULL)
		seam_fd_put(old);
	return 0;
}

const struct seam_fd_ops *
seam_node_ops(const struct seam_node *node)
{
	return node->ops;
}

void *
seam_node_arg(const struct seam_node *node)
{
	return node->arg;
}

dev_t
seam_node_rdev(const struct seam_node *node)
{
	return node->rdev;
}
