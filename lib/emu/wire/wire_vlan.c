/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a frame belongs to the VLAN of its tag (type 0x8100, VID not 0), or, when it
 * has none, to the port's own (pvid). It may leave where that VLAN is a member, untagged when it
 * is the pvid there and tagged elsewhere. So from the way it came in follows the only other
 * form that it can leave in: a tagged frame loses its tag, one without gets one. A priority tag
 * (VID 0) says nothing about the VLAN; where a tag is wanted its VID is filled in, where none is
 * wanted it stays as it is, which every station has to understand (802.1Q 6.9.1).
 *
 * The offload fields of a frame count from its beginning, and move with the tag.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire_vlan.h"

#define VLAN_TYPE_AT 12u /* behind the two addresses */
#define VLAN_TYPE_HI 0x81u
#define VLAN_LAST 4094u

static void
vlan_add(struct wire_vlan *vlan, unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = from; i <= to; i++)
		vlan->member[i / 64] |= 1ULL << (i % 64);
}

void
wire_vlan_init(struct wire_vlan *vlan)
{
	memset(vlan, 0, sizeof(*vlan));
	vlan->pvid = 1;
	vlan_add(vlan, 1, VLAN_LAST);
}

/* One VLAN number; moves *text behind it. */
static bool
vlan_parse_id(const char **text, unsigned int *vid)
{
	char *end;
	unsigned long value;

	if (**text < '0' || **text > '9')
		return false;
	value = strtoul(*text, &end, 10);
	*text = end;
	*vid = (unsigned int)value;
	return value >= 1 && value <= VLAN_LAST;
}

static bool
vlan_parse_list(const char **text, struct wire_vlan *vlan)
{
	for (;;) {
		unsigned int from, to;

		if (!vlan_parse_id(text, &from))
			return false;
		to = from;
		if (**text == '-') {
			(*text)++;
			if (!vlan_parse_id(text, &to) || to < from)
				return false;
		}
		vlan_add(vlan, from, to);
		if (**text != ',')
			return true;
		(*text)++;
	}
}

int
wire_vlan_parse(const char *text, struct wire_vlan *vlan)
{
	struct wire_vlan new = { .set = true };
	unsigned int pvid = 0;

	if (strcmp(text, "none") == 0) {
		wire_vlan_init(vlan);
		return 0;
	}
	if (strncmp(text, "access:", 7) == 0) {
		text += 7;
		if (!vlan_parse_id(&text, &pvid))
			return -EINVAL;
	} else if (strncmp(text, "trunk:", 6) == 0) {
		text += 6;
		if (!vlan_parse_list(&text, &new))
			return -EINVAL;
		if (*text == '/') {
			text++;
			if (!vlan_parse_id(&text, &pvid))
				return -EINVAL;
		}
	} else {
		return -EINVAL;
	}
	if (*text != '\0')
		return -EINVAL;
	if (pvid != 0)
		vlan_add(&new, pvid, pvid);
	new.pvid = (uint16_t)pvid;
	*vlan = new;
	return 0;
}

/* Writes ",from-to" for each run of members, but not for the pvid alone. */
static int
vlan_print_list(const struct wire_vlan *vlan, char *buf, size_t size)
{
	const char *comma = "";
	unsigned int i, end;
	size_t at = 0;

	for (i = 1; i <= VLAN_LAST; i = end + 1) {
		int len;

		end = i;
		if (!wire_vlan_is_member(vlan, (uint16_t)i))
			continue;
		while (end < VLAN_LAST && wire_vlan_is_member(vlan, (uint16_t)(end + 1)))
			end++;
		len = end == i ? snprintf(buf + at, size - at, "%s%u", comma, i) :
				 snprintf(buf + at, size - at, "%s%u-%u", comma, i, end);
		if (len < 0 || (size_t)len >= size - at)
			return -ENOSPC;
		at += (size_t)len;
		comma = ",";
	}
	return (int)at;
}

static bool
vlan_is_access(const struct wire_vlan *vlan)
{
	unsigned int i, members = 0;

	for (i = 0; i < WIRE_VLAN_IDS / 64; i++)
		members += (unsigned int)__builtin_popcountll(vlan->member[i]);
	return members == 1 && vlan->pvid != 0;
}

int
wire_vlan_print(const struct wire_vlan *vlan, char *buf, size_t size)
{
	int at, len;

	if (!vlan->set)
		at = snprintf(buf, size, "none");
	else if (vlan_is_access(vlan))
		at = snprintf(buf, size, "access:%u", vlan->pvid);
	else
		at = snprintf(buf, size, "trunk:");
	if (at < 0 || (size_t)at >= size)
		return -ENOSPC;
	if (!vlan->set || vlan_is_access(vlan))
		return 0;
	len = vlan_print_list(vlan, buf + at, size - (size_t)at);
	if (len < 0)
		return len;
	at += len;
	if (vlan->pvid != 0) {
		len = snprintf(buf + at, size - (size_t)at, "/%u", vlan->pvid);
		if (len < 0 || (size_t)len >= size - (size_t)at)
			return -ENOSPC;
	}
	return 0;
}

bool
wire_vlan_is_member(const struct wire_vlan *vlan, uint16_t vid)
{
	assert(vid < WIRE_VLAN_IDS);
	return (vlan->member[vid / 64] >> (vid % 64) & 1) != 0;
}

static bool
vlan_has_tag(const struct wire_frame *frame)
{
	return frame->head_len >= VLAN_TYPE_AT + WIRE_VLAN_TAG + 2 &&
			frame->head[VLAN_TYPE_AT] == VLAN_TYPE_HI &&
			frame->head[VLAN_TYPE_AT + 1] == 0;
}

/* VID of the tag; 0: it has none, or it is of priority only. */
static uint16_t
vlan_of_tag(const struct wire_frame *frame)
{
	const uint8_t *tag = frame->head + VLAN_TYPE_AT;

	return vlan_has_tag(frame) ? (uint16_t)((tag[2] & 0x0f) << 8 | tag[3]) : 0;
}

bool
wire_vlan_classify(const struct wire_vlan *vlan, const struct wire_frame *frame, uint16_t *vid)
{
	*vid = vlan_of_tag(frame);
	if (*vid == 0)
		*vid = vlan->pvid;
	return *vid != 0 && wire_vlan_is_member(vlan, *vid);
}

bool
wire_vlan_must_rewrite(const struct wire_vlan *vlan, const struct wire_frame *frame, uint16_t vid)
{
	bool is_tagged = vlan_of_tag(frame) != 0, to_be_tagged = vid != vlan->pvid;

	return is_tagged != to_be_tagged;
}

/* What moves with the bytes behind the tag. */
static void
vlan_shift(struct wire_frame *frame, int by)
{
	frame->head_len += (uint32_t)by;
	frame->len += (uint32_t)by;
	if (frame->csum_partial)
		frame->csum_start = (uint16_t)(frame->csum_start + by);
	if (frame->gso != WIRE_GSO_NONE)
		frame->gso_hdr_len = (uint16_t)(frame->gso_hdr_len + by);
}

bool
wire_vlan_rewrite(const struct wire_frame *frame, uint16_t vid, uint8_t *buf,
		struct wire_frame *out)
{
	unsigned int skip = 0, put = 0;

	if (vlan_of_tag(frame) != 0)
		skip = WIRE_VLAN_TAG;
	else if (!vlan_has_tag(frame))
		put = WIRE_VLAN_TAG;
	if (frame->len + put > WIRE_FRAME_MAX)
		return false;
	*out = *frame;
	memcpy(buf, frame->head, VLAN_TYPE_AT);
	memcpy(buf + VLAN_TYPE_AT + put, frame->head + VLAN_TYPE_AT + skip,
			frame->head_len - VLAN_TYPE_AT - skip);
	if (skip == 0) {
		buf[VLAN_TYPE_AT] = VLAN_TYPE_HI;
		buf[VLAN_TYPE_AT + 1] = 0;
		/* the priority of a priority tag stays */
		buf[VLAN_TYPE_AT + 2] =
				(uint8_t)((put ? 0 : buf[VLAN_TYPE_AT + 2] & 0xf0) | vid >> 8);
		buf[VLAN_TYPE_AT + 3] = (uint8_t)vid;
	}
	out->head = buf;
	vlan_shift(out, (int)put - (int)skip);
	return true;
}
