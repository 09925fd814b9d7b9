/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: direct keys are ordinary verbs memory regions with an address of the
 * caller's choice (the guest-physical one), which pins their pages. Indirect keys are CREATE_MKEY
 * commands with a list of entries; the list is padded to a multiple of four (the size fields count
 * octwords, and one entry is one octword), padding entries are zero.
 */
#include "devx_mr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "devx_priv.h"
#include "prm_field.h"

#define KLM_ALIGN 4

struct devx_mr {
	struct devx_grave_item grave; /* first */
	struct devx_dev *dev;
	struct ibv_mr *ibv;
};

int
devx_mr_create(struct devx_dev *dev, const struct devx_mr_attr *attr, struct devx_mr **out)
{
	struct devx_mr *mr;
	int ret;

	mr = calloc(1, sizeof(*mr));
	if (mr == NULL)
		return -ENOMEM;
	mr->dev = dev;
	devx_cmd_counted(dev);
	errno = 0;
	mr->ibv = ibv_reg_mr_iova(dev->pd, attr->addr, attr->len, attr->iova,
			IBV_ACCESS_LOCAL_WRITE);
	if (mr->ibv == NULL) {
		ret = devx_errno();
		base_err(dev->log,
				"%s: cannot register memory [0x%" PRIx64 ", +0x%" PRIx64
				") at %p: %s",
				dev->pci_addr, attr->iova, attr->len, attr->addr, strerror(-ret));
		free(mr);
		return ret;
	}
	*out = mr;
	return 0;
}

static int
devx_mr_try(struct devx_grave_item *item)
{
	struct devx_mr *mr = (struct devx_mr *)item;
	int error;

	devx_cmd_counted(mr->dev);
	error = ibv_dereg_mr(mr->ibv);
	if (error != 0) {
		error = error > 0 ? error : errno;
		base_log_write(mr->dev->log, devx_grave_level(item),
				"%s: cannot deregister memory: %s", mr->dev->pci_addr,
				strerror(error));
		return -error;
	}
	free(mr);
	return 0;
}

void
devx_mr_destroy(struct devx_mr *mr)
{
	if (mr != NULL)
		devx_grave_give_up(mr->dev, &mr->grave, devx_mr_try);
}

uint32_t
devx_mr_key(const struct devx_mr *mr)
{
	return mr->ibv->lkey;
}

int
devx_null_key_open(struct devx_dev *dev)
{
	int ret;

	errno = 0;
	dev->null_mr = ibv_alloc_null_mr(dev->pd);
	if (dev->null_mr != NULL)
		return 0;
	ret = devx_errno();
	base_err(dev->log, "%s: no null memory key: %s", dev->pci_addr, strerror(-ret));
	return ret;
}

void
devx_null_key_close(struct devx_dev *dev)
{
	if (dev->null_mr != NULL)
		ibv_dereg_mr(dev->null_mr);
	dev->null_mr = NULL;
}

uint32_t
devx_null_key(const struct devx_dev *dev)
{
	return dev->null_mr->lkey;
}

static uint32_t
devx_mkey_octwords(uint32_t nb_klms)
{
	return (uint32_t)base_align_up(nb_klms, KLM_ALIGN);
}

size_t
devx_mkey_in_size(uint32_t nb_klms)
{
	return PRM_SIZE(create_mkey_in) + (size_t)devx_mkey_octwords(nb_klms) * PRM_SIZE(klm);
}

void
devx_mkey_encode(const struct devx_mkey_attr *attr, uint32_t pd, void *in)
{
	uint8_t *klm = (uint8_t *)in + PRM_SIZE(create_mkey_in);
	void *mkc = PRM_PTR(create_mkey_in, in, memory_key_mkey_entry);
	uint32_t i, octwords = devx_mkey_octwords(attr->nb_klms);

	PRM_SET(create_mkey_in, in, opcode, PRM_OP_CREATE_MKEY);
	PRM_SET(create_mkey_in, in, translations_octword_actual_size, octwords);
	PRM_SET(mkc, mkc, access_mode_1_0,
			attr->log_entry_size != 0 ? PRM_MKC_KLM_FBS : PRM_MKC_KLM);
	PRM_SET(mkc, mkc, log_page_size, attr->log_entry_size);
	PRM_SET(mkc, mkc, lw, 1);
	PRM_SET(mkc, mkc, lr, 1);
	PRM_SET(mkc, mkc, qpn, 0xffffff); /* for every QP */
	PRM_SET(mkc, mkc, pd, pd);
	PRM_SET(mkc, mkc, start_addr, attr->start);
	PRM_SET(mkc, mkc, len, attr->len);
	PRM_SET(mkc, mkc, translations_octword_size, octwords);
	for (i = 0; i < attr->nb_klms; i++, klm += PRM_SIZE(klm)) {
		PRM_SET(klm, klm, byte_count, attr->klms[i].byte_count);
		PRM_SET(klm, klm, mkey, attr->klms[i].key);
		PRM_SET(klm, klm, address, attr->klms[i].address);
	}
}

int
devx_mkey_create(struct devx_dev *dev, const struct devx_mkey_attr *attr, struct devx_obj **mkey)
{
	uint8_t out[PRM_SIZE(create_mkey_out)];
	struct devx_io io = { .in_len = devx_mkey_in_size(attr->nb_klms),
		.out = out,
		.out_len = sizeof(out) };
	void *in;
	int ret;

	in = calloc(1, io.in_len);
	if (in == NULL)
		return -ENOMEM;
	devx_mkey_encode(attr, dev->pdn, in);
	io.in = in;
	ret = devx_cmd_create(dev, "indirect mkey", &io, mkey);
	free(in);
	return ret;
}

uint32_t
devx_mkey_key(const struct devx_obj *mkey)
{
	return mkey->id << 8; /* the low byte is the user's part, set to 0 at creation */
}
