/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: flow rules of the NIC_RX root table. The kernel makes flow tables, groups
 * and entries out of a matcher and a rule; here a rule is one object that the engine matches. Mask
 * bits that the engine would not look at are refused, so that no rule matches more than it says.
 */
#include <errno.h>
#include <string.h>

#include "base_math.h"
#include "fw_card.h"
#include "fw_classes.h"
#include "fw_tir.h"
#include "fw_pass.h"
#include "prm_field.h"

#define CRITERIA_OUTER 1u /* match_criteria_enable, bit 0 */

struct fw_flow {
	struct fw_obj obj;
	struct vnet_rule *rule; /* NULL only while it is being created */
};

/* What the engine matches (vnet.h, struct vnet_rule_attr). */
static const struct {
	uint32_t off, bits;
} fw_flow_fields[] = {
#define FIELD(f)                                                                      \
	{                                                                             \
		PRM_OFF(fte_match_set_lyr_2_4, f), PRM_BITS(fte_match_set_lyr_2_4, f) \
	}
	FIELD(smac_47_16),
	FIELD(smac_15_0),
	FIELD(ethertype),
	FIELD(dmac_47_16),
	FIELD(dmac_15_0),
	FIELD(first_prio),
	FIELD(first_cfi),
	FIELD(first_vid),
	FIELD(ip_protocol),
	FIELD(ip_dscp),
	FIELD(ip_ecn),
	FIELD(cvlan_tag),
	FIELD(svlan_tag),
	FIELD(frag),
	FIELD(ip_version),
	FIELD(tcp_flags),
	FIELD(tcp_sport),
	FIELD(tcp_dport),
	FIELD(ipv4_ihl),
	FIELD(ttl_hoplimit),
	FIELD(udp_sport),
	FIELD(udp_dport),
	FIELD(src_ipv4_src_ipv6),
	FIELD(dst_ipv4_dst_ipv6),
#undef FIELD
};

/* First byte of @p mask with a bit outside the fields above, or -1. */
static int
fw_flow_bad_byte(const uint8_t *mask)
{
	uint8_t rest[VNET_MATCH_SIZE];
	uint32_t i, bit;

	memcpy(rest, mask, sizeof(rest));
	for (i = 0; i < BASE_ARRAY_SIZE(fw_flow_fields); i++) {
		for (bit = 0; bit < fw_flow_fields[i].bits; bit++)
			prm_set(rest, fw_flow_fields[i].off + bit, 1, 0);
	}
	for (i = 0; i < sizeof(rest); i++) {
		if (rest[i] != 0)
			return (int)i;
	}
	return -1;
}

static enum fw_syndrome
fw_flow_check(struct fw_uctx *uctx, const struct fw_flow_attr *attr)
{
	bool outer = (attr->criteria & CRITERIA_OUTER) != 0;
	const uint8_t *mask = attr->mask;
	size_t i;
	int bad;

	if ((attr->criteria & ~CRITERIA_OUTER) != 0)
		return fw_refuse(uctx, FW_SYN_FLOW_CRITERIA, "match_criteria_enable",
				attr->criteria);
	if (attr->match_len > PRM_SIZE(fte_match_param) ||
			(outer && attr->match_len < VNET_MATCH_SIZE))
		return fw_refuse(uctx, FW_SYN_FLOW_LENGTH, "match parameters, bytes",
				attr->match_len);
	for (i = outer ? VNET_MATCH_SIZE : 0; i < attr->match_len; i++) {
		if (mask[i] != 0)
			return fw_refuse(uctx, FW_SYN_FLOW_MASK, "match mask, byte", i);
	}
	bad = outer ? fw_flow_bad_byte(mask) : -1;
	if (bad >= 0)
		return fw_refuse(uctx, FW_SYN_FLOW_MASK, "match mask, byte", (uint64_t)bad);
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_flow_new(struct fw_uctx *uctx, const struct fw_flow_attr *attr, uint32_t *flow_id)
{
	struct vnet_rule_attr rule = { .priority = attr->priority };
	struct fw_obj *tir, *obj;
	enum fw_syndrome syn;
	struct fw_flow *flow;
	int ret;

	if (!uctx->func->card->caps.nic_flow_table)
		return fw_refuse(uctx, FW_SYN_FLOW_CAP, "nic_flow_table", 0);
	syn = fw_flow_check(uctx, attr);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(uctx, FW_CLASS_TIR, attr->tirn, "destination tirn", &tir);
	if (syn == FW_SYN_OK)
		syn = fw_obj_new(uctx, FW_CLASS_FLOW, sizeof(*flow), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	fw_obj_use(obj, tir);
	flow = base_container_of(obj, struct fw_flow, obj);
	rule.tir = base_container_of(tir, struct fw_tir, obj)->tir;
	rule.match_outer = (attr->criteria & CRITERIA_OUTER) != 0;
	if (rule.match_outer) {
		memcpy(rule.mask, attr->mask, sizeof(rule.mask));
		memcpy(rule.value, attr->value, sizeof(rule.value));
	}
	ret = vnet_rule_add_locked(uctx->func->port, &rule, &flow->rule);
	if (ret != 0) {
		flow->rule = NULL;
		fw_obj_delete(obj);
		return fw_refuse(uctx, ret == -ENOMEM ? FW_SYN_NO_MEMORY : FW_SYN_ENGINE,
				"priority", attr->priority);
	}
	*flow_id = obj->id;
	return FW_SYN_OK;
}

int
fw_flow_create(struct fw_uctx *uctx, const struct fw_flow_attr *attr, uint32_t *flow_id)
{
	struct fw_pass pass;
	int ret = fw_pass_kernel(&pass, uctx, FW_OP_CREATE_FLOW, 0, 0);

	if (ret == 0) {
		fw_uctx_enter(uctx, "CREATE_FLOW");
		ret = fw_uctx_leave(uctx, fw_flow_new(uctx, attr, flow_id));
	}
	return fw_pass_end(&pass, ret, ret == 0 ? *flow_id : 0);
}

int
fw_flow_destroy(struct fw_uctx *uctx, uint32_t flow_id)
{
	struct fw_pass pass;
	int ret = fw_pass_kernel(&pass, uctx, FW_OP_DESTROY_FLOW, flow_id, 0);

	if (ret == 0) {
		fw_uctx_enter(uctx, "DESTROY_FLOW");
		ret = fw_uctx_leave(uctx, fw_obj_destroy(uctx, FW_CLASS_FLOW, flow_id));
	}
	return fw_pass_end(&pass, ret, 0);
}

void
fw_flow_release(struct fw_obj *obj)
{
	vnet_rule_del_locked(base_container_of(obj, struct fw_flow, obj)->rule);
}
