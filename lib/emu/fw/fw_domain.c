/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: protection domains and transport domains are numbers that other objects
 * must agree on; they hold nothing themselves.
 */
#include "fw_classes.h"
#include "fw_cmd.h"

static enum fw_syndrome
fw_domain_alloc(struct fw_cmd *cmd, enum fw_class cls)
{
	struct fw_obj *obj;
	enum fw_syndrome syn;

	syn = fw_obj_new(cmd->uctx, cls, sizeof(*obj), &obj);
	if (syn == FW_SYN_OK)
		fw_cmd_reply_id(cmd, obj);
	return syn;
}

enum fw_syndrome
fw_domain_alloc_pd(struct fw_cmd *cmd)
{
	return fw_domain_alloc(cmd, FW_CLASS_PD);
}

enum fw_syndrome
fw_domain_alloc_td(struct fw_cmd *cmd)
{
	return fw_domain_alloc(cmd, FW_CLASS_TD);
}
