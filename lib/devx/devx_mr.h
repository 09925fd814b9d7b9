/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Memory keys: direct ones (one piece of this process's memory at an address of the caller's
 * choice), the null key (reads as nothing, for holes), and indirect ones that string keys together
 * into one address space, which is what a virtio queue wants for a guest's memory.
 */
#ifndef DEVX_MR_H
#define DEVX_MR_H

#include <stddef.h>
#include <stdint.h>

#include "devx_cmd.h"

/** Most that one entry of an indirect key covers: byte_count has 32 bits, firmware takes 2 GiB. */
#define DEVX_KLM_MAX_BYTES (1ULL << 31)

/**
 * Entries that one create command can carry, whatever the card could take: the kernel's ioctl has
 * 16 bits for the length of a command (struct ib_uverbs_attr.len), rdma-core refuses more.
 */
#define DEVX_MKEY_KLMS_MAX 4076u

struct devx_mr;

/** What a direct key is made of. */
struct devx_mr_attr {
	void *addr; /**< in this process; same offset in its page as @c iova */
	uint64_t len; /**< bytes */
	uint64_t iova; /**< address by which users of the key name the first byte */
};

int devx_mr_create(struct devx_dev *dev, const struct devx_mr_attr *attr, struct devx_mr **mr);
void devx_mr_destroy(struct devx_mr *mr);
uint32_t devx_mr_key(const struct devx_mr *mr);

/** The key for holes; valid as long as the device. */
uint32_t devx_null_key(const struct devx_dev *dev);

/** One entry of an indirect key. */
struct devx_klm {
	uint64_t address; /**< in the address space of @c key */
	uint32_t byte_count; /**< at most DEVX_KLM_MAX_BYTES */
	uint32_t key;
};

struct devx_mkey_attr {
	uint64_t start; /**< first address */
	uint64_t len; /**< bytes, all entries together */
	uint8_t log_entry_size; /**< all entries have this size (KLM_FBS), or 0: each its own (KLM) */
	uint32_t nb_klms;
	const struct devx_klm *klms;
};

int
devx_mkey_create(struct devx_dev *dev, const struct devx_mkey_attr *attr, struct devx_obj **mkey);
/** Key by which commands and descriptors name the indirect key. */
uint32_t devx_mkey_key(const struct devx_obj *mkey);

/** Bytes of the create command; for devx_mkey_encode(). */
size_t devx_mkey_in_size(uint32_t nb_klms);
/** Fills a zeroed create command (pure; for tests). */
void devx_mkey_encode(const struct devx_mkey_attr *attr, uint32_t pd, void *in);

/* For devx_dev.c. */
int devx_null_key_open(struct devx_dev *dev);
void devx_null_key_close(struct devx_dev *dev);

#endif /* DEVX_MR_H */
