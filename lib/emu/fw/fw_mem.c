/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: an access goes from key to key, downwards, until it reaches memory. At each
 * level it must lie in the key's range and have the key's right; at an indirect key the entry that
 * holds the first byte is found by a shift (KLM_FBS) or a binary search (KLM), the access is cut
 * at the entry's end and goes on at the address that the entry gives. Protection domains were
 * compared along the way down when the keys were made (fw_mkey.c), so only the topmost is
 * compared here.
 *
 * Holes (FW_NULL_MKEY) have memory of their own: a page of zeros to read and a page to write to
 * that nobody reads. The engine is under the card's lock, and it never reads back what it wrote
 * through VNET_WRITE, so all cards can share them.
 */
#include <assert.h>
#include <errno.h>

#include "base_math.h"
#include "fw_card.h"
#include "fw_mem.h"
#include "fw_mkey.h"

#define FW_HOLE_SIZE 4096u

static const struct fw_klm *
fw_mem_find_entry(const struct fw_mkey *key, uint64_t offset)
{
	uint32_t low = 0, high = key->nb_klms;

	if (key->log_entry != 0)
		return &key->klms[offset >> key->log_entry];
	/* Invariant: the entry wanted is in [low, high). */
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (key->klms[mid].offset <= offset)
			low = mid;
		else
			high = mid;
	}
	return &key->klms[low];
}

static int64_t
fw_mem_map_hole(uint64_t len, enum vnet_access access, void **ptr)
{
	static const uint8_t zeros[FW_HOLE_SIZE];
	static uint8_t sink[FW_HOLE_SIZE];

	*ptr = access == VNET_WRITE ? sink : (void *)(uintptr_t)zeros;
	return (int64_t)(len < FW_HOLE_SIZE ? len : FW_HOLE_SIZE);
}

/* Cuts a range that lies in @window so that it does not leave [start, start + len). */
static void
fw_mem_cut(struct vnet_window *window, uint64_t start, uint64_t len)
{
	uint64_t before = start > window->addr ? start - window->addr : 0;

	window->addr += before;
	window->len -= before;
	if (window->len > len - (window->addr - start))
		window->len = len - (window->addr - start);
}

/*
 * The same way down as fw_mem_map(), with a range instead of a length: at each level it is cut to
 * what the level grants, and moved to the addresses of the next one.
 */
int
fw_mem_window(void *arg, uint32_t mkey, uint64_t addr, enum vnet_access access,
		struct vnet_window *window)
{
	const struct fw_mem_user *user = arg;
	const struct fw_mkey *key = fw_mkey_find(user->func, mkey);
	uint64_t at = addr, first;
	const struct fw_klm *klm;

	if (key == NULL || key->obj.uctx != user->uctx)
		return -EINVAL;
	if (key->pd != user->pd)
		return -EXDEV;
	*window = (struct vnet_window){ .len = UINT64_MAX };
	for (;;) {
		if (access == VNET_WRITE ? !key->can_write : !key->can_read)
			return -EACCES;
		if (!base_range_inside(at, 1, key->start, key->len))
			return -EFAULT;
		fw_mem_cut(window, key->start, key->len);
		at -= key->start;
		window->addr -= key->start;
		if (key->klms == NULL)
			break;
		klm = fw_mem_find_entry(key, at);
		fw_mem_cut(window, klm->offset, klm->len);
		if (klm->key == NULL)
			return -EFAULT; /* a hole has no memory of that size: fw_mem_map() */
		at += klm->address - klm->offset;
		window->addr += klm->address - klm->offset;
		key = klm->key;
	}
	/* From the memory's addresses back to the topmost key's. */
	first = window->addr;
	window->ptr = key->base + first;
	window->addr = addr - (at - first);
	return 0;
}

int64_t
fw_mem_map(void *arg, uint32_t mkey, uint64_t addr, uint64_t len, enum vnet_access access,
		void **ptr)
{
	const struct fw_mem_user *user = arg;
	const struct fw_mkey *key = fw_mkey_find(user->func, mkey);
	const struct fw_klm *klm;
	uint64_t skip;

	assert(len > 0);
	if (key == NULL || key->obj.uctx != user->uctx)
		return -EINVAL;
	if (key->pd != user->pd)
		return -EXDEV;
	for (;;) {
		if (access == VNET_WRITE ? !key->can_write : !key->can_read)
			return -EACCES;
		if (!base_range_inside(addr, len, key->start, key->len))
			return -EFAULT;
		addr -= key->start;
		if (key->klms == NULL)
			break;
		klm = fw_mem_find_entry(key, addr);
		skip = addr - klm->offset;
		if (len > klm->len - skip)
			len = klm->len - skip;
		if (klm->key == NULL)
			return fw_mem_map_hole(len, access, ptr);
		addr = klm->address + skip;
		key = klm->key;
	}
	*ptr = key->base + addr;
	return len > INT64_MAX ? INT64_MAX : (int64_t)len;
}
