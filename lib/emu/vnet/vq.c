/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what split and packed rings have in common: the way to guest memory.
 *
 * Every access goes through mem.map or mem.window, with a memory of what was translated last: one
 * window for each ring area, a few for the buffers of either direction, because consecutive
 * accesses lie in the same places. Windows live from vq_begin() to the next one; the engine calls
 * that whenever somebody else may have had the card's lock, so no pointer outlives a memory key.
 *
 * A buffer is looked up in the windows as a whole. One that is not inside of one window takes the
 * way of map(), which judges all of its length: so a buffer that begins in granted memory and ends
 * outside is refused before the first byte is touched, with or without windows.
 *
 * The guest may write to its rings at any time. So each field is read exactly once into a local
 * and only the local is checked and used.
 *
 * Written pages are noted in the dirty log after the write and before the used entry can be seen,
 * with an atomic OR, because other queues and the owner of the log use the same bytes.
 */
#include "vq.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum vnet_error
vq_fault(struct vq *vq, enum vnet_error error, const char *what, uint64_t value)
{
	vq->fault.error = error;
	vq->fault.what = what;
	vq->fault.value = value;
	vq->fault.why = error == VNET_ERR_RING_ACCESS || error == VNET_ERR_INVALID_BUFFER ||
					error == VNET_ERR_DIRTY_LOG ?
			vnet_verdict_name(vq->verdict) :
			NULL;
	return error;
}

int
vq_init(struct vq *vq, const struct vnet_queue_attr *attr)
{
	unsigned int i;
	uint64_t end;
	int ret;

	memset(vq, 0, sizeof(*vq));
	vq->packed = attr->ring == VNET_RING_PACKED;
	vq->mem = attr->mem;
	vq->mkey = attr->mkey;
	vq->ring_mkey = attr->ring_mkey;
	vq->size = attr->size;
	vq->avail = attr->avail_index;
	vq->used = attr->used_index;
	if (attr->size == 0 || attr->size > VQ_SIZE_MAX)
		return -EINVAL;
	ret = vq->packed ? vq_packed_layout(vq, attr) : vq_split_layout(vq, attr);
	if (ret != 0)
		return ret;
	for (i = 0; i < VQ_NB_AREAS; i++) {
		if (!base_add_ok(vq->areas[i].addr, vq->areas[i].len, &end))
			return -EINVAL;
	}
	vq_restart(vq);
	return 0;
}

void
vq_begin(struct vq *vq)
{
	unsigned int i;

	for (i = 0; i < VQ_NB_AREAS; i++)
		vq->areas[i].win_ptr = vq->areas[i].whole = NULL;
	for (i = 0; i < VQ_NB_WINDOWS; i++)
		vq->windows[VNET_READ][i].len = vq->windows[VNET_WRITE][i].len = 0;
	vq->dirty_window.len = 0;
}

void
vq_restart(struct vq *vq)
{
	vq_begin(vq);
	vq->avail_end = vq->avail;
	vq->nb_prefetched = 0;
	vq->nb_pushed = 0;
	vq->published = vq->used;
}

/* Enough for every field of the area in either kind of ring. */
static const uintptr_t vq_area_aligns[VQ_NB_AREAS] = {
	[VQ_DESC] = 8,
	[VQ_DRIVER] = 2,
	[VQ_DEVICE] = 4,
};

/* --- rings ---------------------------------------------------------------------------------- */

/* Translates the start of a range; @return what map says, -EFAULT for a range that wraps. */
static int64_t
vq_map(struct vq *vq, uint32_t mkey, struct vnet_window *range, enum vnet_access access)
{
	uint64_t end;
	void *ptr = NULL;
	int64_t got;

	vq->verdict = -EFAULT;
	if (!base_add_ok(range->addr, range->len - 1, &end))
		return -EFAULT;
	got = vq->mem.map(vq->mem.arg, mkey, range->addr, range->len, access, &ptr);
	assert(got != 0 && (got < 0 || (uint64_t)got <= range->len));
	vq->verdict = got < 0 ? (int)got : 0;
	range->ptr = ptr;
	return got;
}

/* The area from @p off on, for all that the device does there; @return as vq_map(). */
static int64_t
vq_area_map(struct vq *vq, const struct vq_area *area, uint32_t off, uint8_t **ptr)
{
	struct vnet_window range = { .addr = area->addr + off, .len = area->len - off };
	int64_t got = INT64_MAX;

	if (area->read)
		got = vq_map(vq, vq->ring_mkey, &range, VNET_READ);
	if (got > 0 && area->write) {
		int64_t writable = vq_map(vq, vq->ring_mkey, &range, VNET_WRITE);

		got = writable < got ? writable : got;
	}
	*ptr = range.ptr;
	return got;
}

uint8_t *
vq_ring_find(struct vq *vq, enum vq_area_id id, uint32_t off, uint32_t len)
{
	struct vq_area *area = &vq->areas[id];
	uint32_t start = 0;
	int64_t got;

	assert(base_range_inside(off, len, 0, area->len));
	if (area->win_ptr != NULL && base_range_inside(off, len, area->win_off, area->win_len))
		return area->win_ptr + (off - area->win_off);
	got = vq_area_map(vq, area, 0, &area->win_ptr);
	if (got < (int64_t)off + len) {
		/* The whole area is not in one piece: what is here, then. */
		start = off;
		got = vq_area_map(vq, area, off, &area->win_ptr);
	}
	if (got < (int64_t)(off - start) + len) {
		area->win_ptr = NULL;
		return NULL;
	}
	area->win_off = start;
	area->win_len = (uint32_t)got;
	if (got == area->len && (uintptr_t)area->win_ptr % vq_area_aligns[id] == 0)
		area->whole = area->win_ptr;
	return area->win_ptr + (off - start);
}

enum vnet_error
vq_ring_fault(struct vq *vq, enum vq_area_id id, uint32_t off)
{
	static const char *const names[2][VQ_NB_AREAS] = {
		{
				[VQ_DESC] = "address in the descriptor table",
				[VQ_DRIVER] = "address in the available ring",
				[VQ_DEVICE] = "address in the used ring",
		},
		{
				[VQ_DESC] = "address in the descriptor ring",
				[VQ_DRIVER] = "address of the driver event suppression",
				[VQ_DEVICE] = "address of the device event suppression",
		},
	};

	return vq_fault(vq, VNET_ERR_RING_ACCESS, names[vq->packed][id], vq->areas[id].addr + off);
}

/* --- buffers -------------------------------------------------------------------------------- */

/* Brings window @p i to the front. */
static void
vq_window_first(struct vnet_window *windows, unsigned int i)
{
	struct vnet_window first = windows[i];

	memmove(&windows[1], &windows[0], i * sizeof(windows[0]));
	windows[0] = first;
}

int64_t
vq_buf_find(struct vq *vq, uint64_t addr, uint32_t len, enum vnet_access access, void **ptr)
{
	struct vnet_window *windows = vq->windows[access];
	struct vnet_window range = { .addr = addr, .len = len };
	unsigned int i;
	int64_t got;

	for (i = 1; i < VQ_NB_WINDOWS; i++) {
		if (base_range_inside(addr, len, windows[i].addr, windows[i].len))
			break;
	}
	if (i == VQ_NB_WINDOWS && vq->mem.window != NULL) {
		i = VQ_NB_WINDOWS - 1;
		if (vq->mem.window(vq->mem.arg, vq->mkey, addr, access, &windows[i]) != 0)
			windows[i].len = 0;
		if (!base_range_inside(addr, len, windows[i].addr, windows[i].len))
			i = VQ_NB_WINDOWS;
	}
	if (i < VQ_NB_WINDOWS) {
		vq_window_first(windows, i);
		*ptr = windows[0].ptr + (addr - windows[0].addr);
		return len;
	}
	got = vq_map(vq, vq->mkey, &range, access);
	*ptr = range.ptr;
	return got;
}

/* Moves the cursor to the next byte of the wanted direction and translates what follows it. */
static inline enum vnet_error
vq_chain_next(struct vq *vq, const struct vq_chain *chain, struct vq_cursor *cursor,
		enum vnet_access access, struct iovec *piece)
{
	const struct vq_seg *seg;
	int64_t got;

	for (;;) {
		assert(cursor->seg < chain->nb_segs);
		seg = &chain->segs[cursor->seg];
		if (seg->write == (access == VNET_WRITE) && cursor->off < seg->len)
			break;
		cursor->seg++;
		cursor->off = 0;
	}
	got = vq_buf(vq, seg->addr + cursor->off, seg->len - cursor->off, access, &piece->iov_base);
	if (got < 0)
		return vq_fault(vq, VNET_ERR_INVALID_BUFFER, "buffer address",
				seg->addr + cursor->off);
	piece->iov_len = (size_t)got;
	return VNET_ERR_NONE;
}

enum vnet_error
vq_chain_read(struct vq *vq, const struct vq_chain *chain, struct vq_cursor *cursor, void *buf,
		uint64_t len)
{
	uint8_t *p = buf;
	struct iovec piece;

	while (len > 0) {
		enum vnet_error error = vq_chain_next(vq, chain, cursor, VNET_READ, &piece);

		if (error != VNET_ERR_NONE)
			return error;
		if (piece.iov_len > len)
			piece.iov_len = len;
		memcpy(p, piece.iov_base, piece.iov_len);
		cursor->off += (uint32_t)piece.iov_len;
		p += piece.iov_len;
		len -= piece.iov_len;
	}
	return VNET_ERR_NONE;
}

enum vnet_error
vq_chain_write(struct vq *vq, const struct vq_chain *chain, struct vq_cursor *cursor,
		const void *buf, uint64_t len)
{
	const uint8_t *p = buf;
	struct iovec piece;

	while (len > 0) {
		enum vnet_error error = vq_chain_next(vq, chain, cursor, VNET_WRITE, &piece);

		if (error != VNET_ERR_NONE)
			return error;
		if (piece.iov_len > len)
			piece.iov_len = len;
		memmove(piece.iov_base, p, piece.iov_len);
		error = vq_dirty(vq, chain->segs[cursor->seg].addr + cursor->off, piece.iov_len);
		if (error != VNET_ERR_NONE)
			return error;
		cursor->off += (uint32_t)piece.iov_len;
		p += piece.iov_len;
		len -= piece.iov_len;
	}
	return VNET_ERR_NONE;
}

enum vnet_error
vq_chain_map(struct vq *vq, const struct vq_chain *chain, struct vq_cursor *cursor,
		struct vq_pieces *pieces, uint64_t len)
{
	struct vq_cursor at = *cursor;

	pieces->nb = 0;
	while (len > 0 && pieces->nb < pieces->room) {
		struct iovec *piece = &pieces->iov[pieces->nb];
		enum vnet_error error = vq_chain_next(vq, chain, &at, VNET_READ, piece);

		if (error != VNET_ERR_NONE)
			return error;
		if (piece->iov_len > len)
			piece->iov_len = len;
		at.off += (uint32_t)piece->iov_len;
		len -= piece->iov_len;
		pieces->nb++;
	}
	if (len > 0)
		pieces->nb = 0;
	else
		*cursor = at;
	return VNET_ERR_NONE;
}

/* --- the log of written pages --------------------------------------------------------------- */

void
vq_dirty_set(struct vq *vq, const struct vnet_dirty *dirty)
{
	vq->dirty = *dirty;
	vq->dirty_window.len = 0;
}

/* The byte at @p off of the bitmap, or NULL. */
static uint8_t *
vq_dirty_byte(struct vq *vq, uint64_t off)
{
	struct vnet_window *win = &vq->dirty_window;
	uint64_t addr = vq->dirty.addr + off;
	int64_t got;

	if (addr - win->addr >= win->len) {
		win->addr = addr;
		win->len = vq->dirty.size - off;
		got = vq_map(vq, vq->dirty.mkey, win, VNET_WRITE);
		win->len = got < 0 ? 0 : (uint64_t)got;
		if (got < 0)
			return NULL;
	}
	return win->ptr + (addr - win->addr);
}

enum vnet_error
vq_dirty_mark(struct vq *vq, uint64_t addr, uint64_t len)
{
	unsigned int shift = vq->dirty.page_shift;
	uint64_t nb_pages = (uint64_t)vq->dirty.size * 8;
	uint64_t page, last;

	if (len == 0)
		return VNET_ERR_NONE;
	last = (addr + len - 1) >> shift;
	for (page = addr >> shift; page <= last && page < nb_pages; page++) {
		uint8_t *byte;

		if (vq->misses != NULL && vq->misses(vq->misses_arg, addr, page << shift))
			continue;
		byte = vq_dirty_byte(vq, page / 8);
		if (byte == NULL)
			return vq_fault(vq, VNET_ERR_DIRTY_LOG, "address in the dirty bitmap",
					vq->dirty.addr + page / 8);
		__atomic_fetch_or(byte, (uint8_t)(1u << page % 8), __ATOMIC_SEQ_CST);
	}
	return VNET_ERR_NONE;
}
