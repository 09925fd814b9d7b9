/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the kernel pins user memory and hands it over as one range of this process;
 * queues, completion queues and queue pairs name parts of it by number and offset. All bounds are
 * checked when such an object is made; behind that its pointers are good for its whole life,
 * because the object's use of the umem keeps it (fw_obj_use).
 *
 * A queue's layout counts in pages of the adapter, 4 KiB, shifted by log_page_size: a driver that
 * never sets it (0) has queues of 4 KiB pages, which any memory consists of; one on a machine with
 * 64 KiB pages says 4, and its memory must begin on such a page.
 */
#include "base_math.h"
#include "fw_pass.h"
#include "fw_umem.h"

#define ADAPTER_PAGE 4096ull

static enum fw_syndrome
fw_umem_new(struct fw_uctx *uctx, const struct fw_pages *pages, uint32_t *umem_id)
{
	enum fw_syndrome syn;
	struct fw_obj *obj;

	if (pages->addr == NULL || pages->len == 0)
		return fw_refuse(uctx, FW_SYN_EMPTY, "length", pages->len);
	syn = fw_obj_new(uctx, FW_CLASS_UMEM, sizeof(struct fw_umem), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	base_container_of(obj, struct fw_umem, obj)->pages = *pages;
	*umem_id = obj->id;
	return FW_SYN_OK;
}

int
fw_umem_create(struct fw_uctx *uctx, const struct fw_pages *pages, uint32_t *umem_id)
{
	struct fw_pass pass;
	int ret = fw_pass_kernel(&pass, uctx, FW_OP_REG_UMEM, 0, pages->len);

	if (ret == 0) {
		fw_uctx_enter(uctx, "REG_UMEM");
		ret = fw_uctx_leave(uctx, fw_umem_new(uctx, pages, umem_id));
	}
	return fw_pass_end(&pass, ret, ret == 0 ? *umem_id : 0);
}

int
fw_umem_destroy(struct fw_uctx *uctx, uint32_t umem_id)
{
	struct fw_pass pass;
	int ret = fw_pass_kernel(&pass, uctx, FW_OP_DEREG_UMEM, umem_id, 0);

	if (ret == 0) {
		fw_uctx_enter(uctx, "DEREG_UMEM");
		ret = fw_uctx_leave(uctx, fw_obj_destroy(uctx, FW_CLASS_UMEM, umem_id));
	}
	return fw_pass_end(&pass, ret, 0);
}

enum fw_syndrome
fw_umem_find(struct fw_uctx *uctx, const struct fw_umem_ref *ref, struct fw_obj **umem, void **ptr)
{
	const uint64_t page = ADAPTER_PAGE << ref->log_page_size;
	uint64_t offset = ref->offset;
	const struct fw_umem *u;
	enum fw_syndrome syn;
	uintptr_t p;

	syn = fw_obj_get(uctx, FW_CLASS_UMEM, ref->id, ref->id_field, umem);
	if (syn != FW_SYN_OK)
		return syn;
	u = base_container_of(*umem, struct fw_umem, obj);
	/* An offset near 2^64 must not come round. */
	if (!base_add_ok(offset, page / 64 * ref->page_offset, &offset) ||
			!base_range_inside(offset, ref->len, 0, u->pages.len))
		return fw_refuse(uctx, FW_SYN_UMEM_BOUNDS, ref->offset_field, ref->offset);
	p = (uintptr_t)u->pages.addr + (uintptr_t)offset;
	if ((p & (ref->align - 1)) != 0)
		return fw_refuse(uctx, FW_SYN_UMEM_ALIGN, ref->offset_field, ref->offset);
	/* Pages larger than the adapter's are there only where memory begins with one. */
	if (ref->log_page_size != 0 &&
			(((uintptr_t)u->pages.addr + (uintptr_t)ref->offset) & (page - 1)) != 0)
		return fw_refuse(uctx, FW_SYN_UMEM_PAGE, "log_page_size", ref->log_page_size);
	*ptr = (void *)p;
	return FW_SYN_OK;
}
