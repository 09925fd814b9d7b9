/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Memory keys, for the firmware's own files. A key is a range of addresses with rights in one
 * protection domain: direct ones (memory regions) lead to memory of this process, indirect ones to
 * parts of other keys.
 */
#ifndef FW_MKEY_H
#define FW_MKEY_H

#include "fw.h"
#include "fw_obj.h"

struct fw_func;

/** An entry of an indirect key. */
struct fw_klm {
	uint64_t offset; /**< of its first byte in the indirect key's range */
	uint64_t len; /**< bytes, > 0 */
	uint64_t address; /**< in @c key's addresses */
	struct fw_mkey *key; /**< NULL: a hole (FW_NULL_MKEY) */
};

struct fw_mkey {
	struct fw_obj obj; /**< its number is the key without the low byte */
	uint8_t variant; /**< the key's low byte */
	uint8_t depth; /**< 0: direct; else levels of keys below */
	uint8_t log_entry; /**< all entries are of 1 << log_entry bytes; 0: of any size */
	bool can_read, can_write;
	uint32_t pd;
	uint64_t start, len;
	uint8_t *base; /**< direct: where @c start is in this process */
	uint32_t nb_klms;
	struct fw_klm *klms; /**< indirect: in order, without gaps, they cover the range */
};

/** The key of a function, of whatever context, or NULL; compares all 32 bits. */
struct fw_mkey *fw_mkey_find(const struct fw_func *func, uint32_t mkey);
/** A key of this context and of @p pd, by all 32 bits; @p field names it in the log. */
enum fw_syndrome fw_mkey_get(struct fw_uctx *uctx, uint32_t mkey, uint32_t pd, const char *field,
		struct fw_mkey **key);

#endif /* FW_MKEY_H */
