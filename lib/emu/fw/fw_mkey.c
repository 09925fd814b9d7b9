/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: two ways to a memory key. The kernel registers memory (REG_MR): a direct
 * key. CREATE_MKEY makes indirect ones: a list of entries (PRM structure klm), each a piece of an
 * older key or of nothing (FW_NULL_MKEY), one behind the other over the key's range. KLM entries
 * have any size up to 2 GiB, KLM_FBS entries all the same power of two.
 *
 * The list is resolved here, once: keys to pointers, sizes to offsets; the way of an access
 * (fw_mem.c) is then a search and an addition. An indirect key counts as user of each key that it
 * names, so none can vanish below it, and nesting cannot go round because a key's number is not
 * known before it exists. What is checked at access only, as on the card: whether an entry's
 * address lies in the key that it names.
 */
#include <stdlib.h>

#include "base_math.h"
#include "fw_card.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_mkey.h"
#include "fw_pass.h"
#include "prm_field.h"

#define KLM_MAX_LEN 0x80000000u
#define FBS_LOG_MIN 12u
#define FBS_LOG_MAX 31u
#define QPN_ANY 0xffffffu /* mkc.qpn: not bound to a queue pair */

struct fw_mkey *
fw_mkey_find(const struct fw_func *func, uint32_t mkey)
{
	struct fw_obj *obj = base_idtab_get(&func->objs[FW_CLASS_MKEY], mkey >> 8);
	struct fw_mkey *key;

	if (obj == NULL)
		return NULL;
	key = base_container_of(obj, struct fw_mkey, obj);
	return key->variant == (mkey & 0xff) ? key : NULL;
}

enum fw_syndrome
fw_mkey_get(struct fw_uctx *uctx, uint32_t mkey, uint32_t pd, const char *field,
		struct fw_mkey **key)
{
	enum fw_syndrome syn;
	struct fw_obj *obj;

	syn = fw_obj_get(uctx, FW_CLASS_MKEY, mkey >> 8, field, &obj);
	if (syn != FW_SYN_OK)
		return syn;
	*key = base_container_of(obj, struct fw_mkey, obj);
	if ((*key)->variant != (mkey & 0xff))
		return fw_refuse(uctx, FW_SYN_MKEY_VARIANT, field, mkey);
	if ((*key)->pd != pd)
		return fw_refuse(uctx, FW_SYN_OTHER_PD, field, mkey);
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_mkey_check_range(struct fw_uctx *uctx, uint64_t start, uint64_t len)
{
	uint64_t last;

	if (len == 0)
		return fw_refuse(uctx, FW_SYN_EMPTY, "len", len);
	/* The last byte must have an address; the one behind it need not. */
	if (!base_add_ok(start, len - 1, &last))
		return fw_refuse(uctx, FW_SYN_RANGE_WRAPS, "start_addr", start);
	return FW_SYN_OK;
}

/* --- memory regions ------------------------------------------------------------------------- */

static enum fw_syndrome
fw_mr_new(struct fw_uctx *uctx, const struct fw_mr_attr *attr, uint32_t *mkey)
{
	const uint32_t known = FW_LOCAL_WRITE | FW_REMOTE_READ | FW_REMOTE_WRITE;
	struct fw_obj *pd, *obj;
	enum fw_syndrome syn;
	struct fw_mkey *key;

	if (attr->pages.addr == NULL)
		return fw_refuse(uctx, FW_SYN_EMPTY, "address", 0);
	if ((attr->access & ~known) != 0)
		return fw_refuse(uctx, FW_SYN_ACCESS, "access", attr->access);
	syn = fw_mkey_check_range(uctx, attr->iova, attr->pages.len);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(uctx, FW_CLASS_PD, attr->pd, "pd", &pd);
	if (syn == FW_SYN_OK)
		syn = fw_obj_new(uctx, FW_CLASS_MKEY, sizeof(*key), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	fw_obj_use(obj, pd);
	key = base_container_of(obj, struct fw_mkey, obj);
	/* Never the same, so that a driver that forgets the low byte is noticed. */
	key->variant = ++uctx->func->mkey_variant;
	key->can_read = true;
	key->can_write = (attr->access & FW_LOCAL_WRITE) != 0;
	key->pd = attr->pd;
	key->start = attr->iova;
	key->len = attr->pages.len;
	key->base = attr->pages.addr;
	*mkey = obj->id << 8 | key->variant;
	return FW_SYN_OK;
}

int
fw_mr_create(struct fw_uctx *uctx, const struct fw_mr_attr *attr, uint32_t *mkey)
{
	struct fw_pass pass;
	int ret = fw_pass_kernel(&pass, uctx, FW_OP_REG_MR, 0, attr->pages.len);

	if (ret == 0) {
		fw_uctx_enter(uctx, "REG_MR");
		ret = fw_uctx_leave(uctx, fw_mr_new(uctx, attr, mkey));
	}
	return fw_pass_end(&pass, ret, ret == 0 ? *mkey : 0);
}

static enum fw_syndrome
fw_mr_delete(struct fw_uctx *uctx, uint32_t mkey)
{
	struct fw_mkey *key = fw_mkey_find(uctx->func, mkey);

	/* Indirect keys are not the kernel's to deregister. */
	if (key == NULL || key->obj.uctx != uctx || key->depth != 0)
		return fw_refuse(uctx, FW_SYN_NO_OBJECT, "mkey", mkey);
	return fw_obj_destroy(uctx, FW_CLASS_MKEY, key->obj.id);
}

int
fw_mr_destroy(struct fw_uctx *uctx, uint32_t mkey)
{
	struct fw_pass pass;
	int ret = fw_pass_kernel(&pass, uctx, FW_OP_DEREG_MR, mkey, 0);

	if (ret == 0) {
		fw_uctx_enter(uctx, "DEREG_MR");
		ret = fw_uctx_leave(uctx, fw_mr_delete(uctx, mkey));
	}
	return fw_pass_end(&pass, ret, 0);
}

/* --- indirect keys -------------------------------------------------------------------------- */

static enum fw_syndrome
fw_mkey_check_context(struct fw_cmd *cmd, const uint8_t *mkc)
{
	uint64_t mode = PRM_GET(mkc, mkc, access_mode_1_0);
	uint64_t log_size = PRM_GET(mkc, mkc, log_page_size);
	const struct fw_caps *caps = &cmd->uctx->func->card->caps;

	if ((mode != PRM_MKC_KLM && (mode != PRM_MKC_KLM_FBS || !caps->fixed_buffer_size)) ||
			PRM_GET(mkc, mkc, access_mode_4_2) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_MKEY_MODE, "mkc.access_mode", mode);
	if (PRM_GET(mkc, mkc, free) != 0 || PRM_GET(mkc, mkc, bsf_en) != 0 ||
			PRM_GET(mkc, mkc, crypto_en) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_MKEY_FREE, "mkc.free/bsf_en/crypto_en", 1);
	if (PRM_GET(mkc, mkc, length64) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_RANGE_WRAPS, "mkc.length64", 1);
	if (PRM_GET(mkc, mkc, qpn) != QPN_ANY)
		return fw_refuse(cmd->uctx, FW_SYN_NO_OBJECT, "mkc.qpn", PRM_GET(mkc, mkc, qpn));
	if (mode == PRM_MKC_KLM_FBS && (log_size < FBS_LOG_MIN || log_size > FBS_LOG_MAX))
		return fw_refuse(cmd->uctx, FW_SYN_MKEY_PAGE_SIZE, "mkc.log_page_size", log_size);
	if (mode == PRM_MKC_KLM && log_size != 0)
		return fw_refuse(cmd->uctx, FW_SYN_MKEY_PAGE_SIZE, "mkc.log_page_size", log_size);
	return fw_mkey_check_range(cmd->uctx, PRM_GET(mkc, mkc, start_addr),
			PRM_GET(mkc, mkc, len));
}

static enum fw_syndrome
fw_mkey_check_list(struct fw_cmd *cmd, const uint8_t *mkc, uint32_t *nb)
{
	uint64_t actual = PRM_GET(create_mkey_in, cmd->in, translations_octword_actual_size);
	uint64_t room = PRM_GET(mkc, mkc, translations_octword_size);
	const char *field = "translations_octword_actual_size";

	*nb = 0;
	/* One octword, 16 bytes, is one entry. */
	if (actual > 1u << cmd->uctx->func->card->caps.log_max_klm_list_size)
		return fw_refuse(cmd->uctx, FW_SYN_MKEY_LIST_LONG, field, actual);
	if (actual == 0 || actual > room ||
			cmd->inlen < PRM_SIZE(create_mkey_in) + actual * PRM_SIZE(klm))
		return fw_refuse(cmd->uctx, FW_SYN_MKEY_LIST_SIZE, field, actual);
	*nb = (uint32_t)actual;
	return FW_SYN_OK;
}

/* One entry behind what is there already; entries of length 0 must not get here. */
static enum fw_syndrome
fw_mkey_decode_klm(struct fw_cmd *cmd, struct fw_mkey *key, const uint8_t *in, struct fw_klm *klm)
{
	uint32_t mkey = (uint32_t)PRM_GET(klm, in, mkey);
	uint64_t last;

	klm->address = PRM_GET(klm, in, address);
	klm->len = PRM_GET(klm, in, byte_count);
	if (key->log_entry != 0) {
		if (klm->len != 0 && klm->len != 1ull << key->log_entry)
			return fw_refuse(cmd->uctx, FW_SYN_MKEY_ENTRY_LEN, "klm.byte_count",
					klm->len);
		klm->len = 1ull << key->log_entry;
	}
	if (klm->len > KLM_MAX_LEN)
		return fw_refuse(cmd->uctx, FW_SYN_MKEY_ENTRY_LEN, "klm.byte_count", klm->len);
	if (mkey == FW_NULL_MKEY)
		return FW_SYN_OK;
	if (!base_add_ok(klm->address, klm->len - 1, &last))
		return fw_refuse(cmd->uctx, FW_SYN_RANGE_WRAPS, "klm.address", klm->address);
	klm->key = fw_mkey_find(cmd->uctx->func, mkey);
	if (klm->key == NULL || klm->key->obj.uctx != cmd->uctx) {
		klm->key = NULL;
		return fw_refuse(cmd->uctx, FW_SYN_MKEY_ENTRY_KEY, "klm.mkey", mkey);
	}
	klm->key->obj.nb_users++;
	if (klm->key->pd != key->pd)
		return fw_refuse(cmd->uctx, FW_SYN_OTHER_PD, "klm.mkey", mkey);
	if (klm->key->depth >= cmd->uctx->func->card->caps.max_indirection)
		return fw_refuse(cmd->uctx, FW_SYN_MKEY_DEPTH, "klm.mkey", mkey);
	if (klm->key->depth >= key->depth)
		key->depth = (uint8_t)(klm->key->depth + 1);
	return FW_SYN_OK;
}

/* The list may be padded: behind the end of the range only empty entries, which name nothing. */
static enum fw_syndrome
fw_mkey_decode_list(struct fw_cmd *cmd, struct fw_mkey *key, uint32_t nb)
{
	const uint8_t *in = cmd->in + PRM_SIZE(create_mkey_in);
	enum fw_syndrome syn;
	uint64_t offset = 0;
	struct fw_klm *klm;
	uint32_t i;

	for (i = 0; i < nb; i++, in += PRM_SIZE(klm)) {
		if (PRM_GET(klm, in, byte_count) == 0 && PRM_GET(klm, in, mkey) == 0) {
			if (offset < key->len)
				return fw_refuse(cmd->uctx, FW_SYN_MKEY_LIST_GAP, "klm index", i);
			continue;
		}
		if (PRM_GET(klm, in, byte_count) == 0 && key->log_entry == 0)
			return fw_refuse(cmd->uctx, FW_SYN_MKEY_ENTRY_LEN, "klm.byte_count", 0);
		klm = &key->klms[key->nb_klms++];
		klm->offset = offset;
		syn = fw_mkey_decode_klm(cmd, key, in, klm);
		if (syn != FW_SYN_OK)
			return syn;
		offset += klm->len;
	}
	if (offset < key->len)
		return fw_refuse(cmd->uctx, FW_SYN_MKEY_COVERAGE, "mkc.len", key->len);
	return FW_SYN_OK;
}

static void
fw_mkey_decode_context(struct fw_mkey *key, const uint8_t *mkc)
{
	key->variant = (uint8_t)PRM_GET(mkc, mkc, mkey_7_0);
	key->depth = 1;
	key->log_entry = (uint8_t)PRM_GET(mkc, mkc, log_page_size);
	key->can_read = PRM_GET(mkc, mkc, lr) != 0;
	key->can_write = PRM_GET(mkc, mkc, lw) != 0;
	key->pd = (uint32_t)PRM_GET(mkc, mkc, pd);
	key->start = PRM_GET(mkc, mkc, start_addr);
	key->len = PRM_GET(mkc, mkc, len);
}

enum fw_syndrome
fw_mkey_create(struct fw_cmd *cmd)
{
	const uint8_t *mkc = PRM_PTR(create_mkey_in, cmd->in, memory_key_mkey_entry);
	struct fw_obj *pd, *obj;
	enum fw_syndrome syn;
	struct fw_mkey *key;
	uint32_t nb;

	syn = fw_mkey_check_context(cmd, mkc);
	if (syn == FW_SYN_OK)
		syn = fw_mkey_check_list(cmd, mkc, &nb);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(cmd->uctx, FW_CLASS_PD, (uint32_t)PRM_GET(mkc, mkc, pd), "mkc.pd",
				&pd);
	if (syn == FW_SYN_OK)
		syn = fw_obj_new(cmd->uctx, FW_CLASS_MKEY, sizeof(*key), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	fw_obj_use(obj, pd);
	key = base_container_of(obj, struct fw_mkey, obj);
	fw_mkey_decode_context(key, mkc);
	key->klms = calloc(nb, sizeof(*key->klms));
	if (key->klms == NULL)
		syn = fw_refuse(cmd->uctx, FW_SYN_NO_MEMORY, "entries", nb);
	else
		syn = fw_mkey_decode_list(cmd, key, nb);
	if (syn != FW_SYN_OK) {
		fw_obj_delete(obj);
		return syn;
	}
	fw_cmd_reply_id(cmd, obj);
	return FW_SYN_OK;
}

void
fw_mkey_release(struct fw_obj *obj)
{
	struct fw_mkey *key = base_container_of(obj, struct fw_mkey, obj);

	while (key->nb_klms > 0) {
		struct fw_mkey *below = key->klms[--key->nb_klms].key;

		if (below != NULL)
			below->obj.nb_users--;
	}
	free(key->klms);
}
