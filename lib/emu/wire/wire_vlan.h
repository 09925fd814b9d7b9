/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * VLANs of a port of a switch (IEEE 802.1Q): which it is a member of, and with or without a tag.
 * Pure functions on a port's membership and on frames.
 */
#ifndef WIRE_VLAN_H
#define WIRE_VLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define WIRE_VLAN_IDS 4096u /**< 1 to 4094 are VLANs */
#define WIRE_VLAN_TAG 4u /**< bytes */

struct wire_vlan {
	/** Given by the operator: the port makes its switch look at VLANs. */
	bool set;
	/** VLAN of frames that come without a tag, and whose frames leave without; 0: no such. */
	uint16_t pvid;
	uint64_t member[WIRE_VLAN_IDS / 64]; /**< bit i of the whole: member of VLAN i */
};

/** A trunk of all VLANs with 1 untagged: what an unset port of a switch with VLANs is. */
void wire_vlan_init(struct wire_vlan *vlan);
/**
 * Reads "access:10", "trunk:10,20-29" or "trunk:10,20-29/5" (5 comes and goes untagged), or
 * "none" (back to unset). @return 0, -EINVAL (@p vlan is as before).
 */
int wire_vlan_parse(const char *text, struct wire_vlan *vlan);
/** The reverse. @return 0, -ENOSPC. */
int wire_vlan_print(const struct wire_vlan *vlan, char *buf, size_t size);

bool wire_vlan_is_member(const struct wire_vlan *vlan, uint16_t vid);
/** The VLAN of a frame that comes in at a port. @return false: it is none of the port's. */
bool
wire_vlan_classify(const struct wire_vlan *vlan, const struct wire_frame *frame, uint16_t *vid);
/** Must a frame with or without a tag be rewritten to leave the port? */
bool
wire_vlan_must_rewrite(const struct wire_vlan *vlan, const struct wire_frame *frame, uint16_t vid);
/**
 * The same frame with its tag taken away, or with one put in (or completed, when it has a priority
 * tag). @p buf gets the new head: room for frame->head_len + WIRE_VLAN_TAG.
 * @return false: there is no room for a tag in a frame of this length.
 */
bool wire_vlan_rewrite(const struct wire_frame *frame, uint16_t vid, uint8_t *buf,
		struct wire_frame *out);

#endif /* WIRE_VLAN_H */
