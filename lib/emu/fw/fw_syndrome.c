/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: every check of the firmware that fails ends here, once. The table of
 * reasons gives status, text and errno; the log line names function, user context, command, field
 * and value, so that whoever reads it needs no second look into the code.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

#include "base_log.h"
#include "base_math.h"
#include "fw_card.h"
#include "fw_syndrome.h"
#include "fw_uctx.h"
#include "prm_cmd.h"

struct fw_syndrome_row {
	enum fw_syndrome syn;
	uint8_t status;
	const char *text;
};

#define FW_SYNDROME_ROW_(name, number, status, text) { FW_SYN_##name, PRM_STATUS_##status, text },
static const struct fw_syndrome_row fw_syndrome_rows[] = { FW_SYNDROMES(FW_SYNDROME_ROW_) };
#undef FW_SYNDROME_ROW_

static const struct fw_syndrome_row *
fw_syndrome_find(enum fw_syndrome syn)
{
	static const struct fw_syndrome_row unknown = { FW_SYN_OK, PRM_STATUS_INT_ERR,
		"syndrome?" };
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fw_syndrome_rows); i++) {
		if (fw_syndrome_rows[i].syn == syn)
			return &fw_syndrome_rows[i];
	}
	return &unknown;
}

uint8_t
fw_syndrome_status(enum fw_syndrome syn)
{
	return fw_syndrome_find(syn)->status;
}

const char *
fw_syndrome_text(enum fw_syndrome syn)
{
	return fw_syndrome_find(syn)->text;
}

int
fw_syndrome_errno(enum fw_syndrome syn)
{
	if (syn == FW_SYN_NO_MEMORY)
		return -ENOMEM;
	switch (fw_syndrome_status(syn)) {
	case PRM_STATUS_OK:
		return 0;
	case PRM_STATUS_RES_BUSY:
		return -EBUSY;
	case PRM_STATUS_NO_RES:
	case PRM_STATUS_LIM_ERR:
		return -ENOSPC;
	default:
		return -EINVAL;
	}
}

int
fw_status_errno(uint8_t status)
{
	static const struct {
		uint8_t status;
		int error;
	} map[] = {
		{ PRM_STATUS_OK, 0 },
		{ PRM_STATUS_BAD_OP, -EINVAL },
		{ PRM_STATUS_BAD_PARAM, -EINVAL },
		{ PRM_STATUS_BAD_RES, -EINVAL },
		{ PRM_STATUS_RES_BUSY, -EBUSY },
		{ PRM_STATUS_LIM_ERR, -ENOMEM },
		{ PRM_STATUS_BAD_RES_STATE, -EINVAL },
		{ PRM_STATUS_BAD_INDEX, -EINVAL },
		{ PRM_STATUS_NO_RES, -EAGAIN },
		{ PRM_STATUS_BAD_QP_STATE, -EINVAL },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(map); i++) {
		if (map[i].status == status)
			return map[i].error;
	}
	return -EIO;
}

enum fw_syndrome
fw_refuse(const struct fw_uctx *uctx, enum fw_syndrome syn, const char *field, uint64_t value)
{
	const struct fw_syndrome_row *row = fw_syndrome_find(syn);

	base_warn(uctx->func->card->log,
			"fw: function %u, context %u: %s refused: %s = 0x%" PRIx64
			": %s (%s, syndrome 0x%x)",
			uctx->func->index, uctx->number, uctx->doing, field, value, row->text,
			prm_status_name(row->status), (unsigned int)syn);
	return syn;
}
