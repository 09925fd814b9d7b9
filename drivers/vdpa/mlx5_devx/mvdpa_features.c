/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table pairs virtio bits with bits of the card's mask. The card says
 * which it can; each queue is told which were accepted. What has no bit on the card (MQ, status of
 * the protocol, ordering, MTU) is offered when what it needs is there.
 *
 * Dirty logging is offered always: no capability tells whether firmware can do it, and what it does
 * not log is marked by the driver (mvdpa_dirty).
 *
 * Not offered, because no capability announces them: EVENT_IDX, INDIRECT_DESC, IN_ORDER, UFO.
 *
 * What a guest accepts may break the rules of virtio 1.2, 5.1.3.1 (a feature without the one that
 * it needs). The card would refuse such a queue, so the mask is made right: a segment to be sent
 * gets its checksum, without which it would be broken on the wire; but nothing is put into a
 * guest's ring that it did not ask for, so a large frame without GUEST_CSUM is not.
 */
#include "mvdpa_features.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vhost_types.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>

#include "base_math.h"
#include "mvdpa_compat.h"
#include "prm_cmd.h"

#define BIT(n) (1ULL << (n))
#define HOST_TSO (PRM_VIRTQ_F_HOST_TSO4 | PRM_VIRTQ_F_HOST_TSO6)
#define GUEST_TSO (PRM_VIRTQ_F_GUEST_TSO4 | PRM_VIRTQ_F_GUEST_TSO6)
#define MAX_PAIRS 128 /* VHOST_MAX_QUEUE_PAIRS of lib/vhost */

static const struct {
	uint64_t virtio;
	uint16_t queue;
} offloads[] = {
	{ BIT(VIRTIO_NET_F_CSUM), PRM_VIRTQ_F_CSUM },
	{ BIT(VIRTIO_NET_F_GUEST_CSUM), PRM_VIRTQ_F_GUEST_CSUM },
	{ BIT(VIRTIO_NET_F_HOST_TSO4), PRM_VIRTQ_F_HOST_TSO4 },
	{ BIT(VIRTIO_NET_F_HOST_TSO6), PRM_VIRTQ_F_HOST_TSO6 },
	{ BIT(VIRTIO_NET_F_HOST_ECN), PRM_VIRTQ_F_HOST_ECN },
	{ BIT(VIRTIO_NET_F_GUEST_TSO4), PRM_VIRTQ_F_GUEST_TSO4 },
	{ BIT(VIRTIO_NET_F_GUEST_TSO6), PRM_VIRTQ_F_GUEST_TSO6 },
	{ BIT(VIRTIO_NET_F_GUEST_ECN), PRM_VIRTQ_F_GUEST_ECN },
	{ BIT(VIRTIO_NET_F_MRG_RXBUF), PRM_VIRTQ_F_MRG_RXBUF },
};

/* Names as QEMU's virtio-net properties have them, as far as it has them. */
static const struct {
	const char *name;
	unsigned int bit;
} names[] = {
	{ "csum", VIRTIO_NET_F_CSUM },
	{ "guest_csum", VIRTIO_NET_F_GUEST_CSUM },
	{ "mtu", VIRTIO_NET_F_MTU },
	{ "guest_tso4", VIRTIO_NET_F_GUEST_TSO4 },
	{ "guest_tso6", VIRTIO_NET_F_GUEST_TSO6 },
	{ "guest_ecn", VIRTIO_NET_F_GUEST_ECN },
	{ "host_tso4", VIRTIO_NET_F_HOST_TSO4 },
	{ "host_tso6", VIRTIO_NET_F_HOST_TSO6 },
	{ "host_ecn", VIRTIO_NET_F_HOST_ECN },
	{ "mrg_rxbuf", VIRTIO_NET_F_MRG_RXBUF },
	{ "guest_announce", VIRTIO_NET_F_GUEST_ANNOUNCE },
	{ "mq", VIRTIO_NET_F_MQ },
	{ "log_all", VHOST_F_LOG_ALL },
	{ "protocol_features", VHOST_USER_F_PROTOCOL_FEATURES },
	{ "version_1", VIRTIO_F_VERSION_1 },
	{ "packed", VIRTIO_F_RING_PACKED },
	{ "order_platform", VIRTIO_F_ORDER_PLATFORM },
};

/* What a vhost-user port of Open vSwitch 3.1 offers, without and with userspace-tso-enable: a
 * guest that took no more can be moved between such a port and this device. */
#define SOFTWARE 0xd7c66a7caULL
#define SOFTWARE_TSO 0xd7c669fcbULL
static const struct {
	const char *name;
	uint64_t mask;
} groups[] = {
	{ "all", UINT64_MAX },
	{ "software", SOFTWARE },
	{ "software_tso", SOFTWARE_TSO },
};

static bool
features_number(const char *text, size_t len, uint64_t *mask)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*mask = strtoull(text, &end, 0);
	return errno == 0 && end == text + len;
}

static bool
features_term(const char *text, size_t len, uint64_t *mask)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(names); i++) {
		if (strlen(names[i].name) == len && memcmp(names[i].name, text, len) == 0) {
			*mask = BIT(names[i].bit);
			return true;
		}
	}
	for (i = 0; i < BASE_ARRAY_SIZE(groups); i++) {
		if (strlen(groups[i].name) == len && memcmp(groups[i].name, text, len) == 0) {
			*mask = groups[i].mask;
			return true;
		}
	}
	return features_number(text, len, mask);
}

bool
mvdpa_features_parse(const char *text, uint64_t *allowed)
{
	uint64_t sum = text[0] == '-' ? UINT64_MAX : 0;
	char sign = '+';
	uint64_t mask;
	size_t len;

	if (text[0] == '-')
		sign = *text++;
	for (;; sign = text[len], text += len + 1) {
		len = strcspn(text, "+-");
		if (!features_term(text, len, &mask))
			return false;
		sum = sign == '+' ? sum | mask : sum & ~mask;
		if (text[len] == '\0')
			break;
	}
	*allowed = sum;
	return true;
}

uint64_t
mvdpa_features_narrow(uint64_t offered, uint64_t allowed)
{
	offered &= allowed | BIT(VHOST_USER_F_PROTOCOL_FEATURES) | BIT(VHOST_F_LOG_ALL);
	/* A packed ring has no form of before version 1; the others: virtio 1.2, 5.1.3.1. */
	if ((offered & BIT(VIRTIO_F_VERSION_1)) == 0)
		offered &= ~BIT(VIRTIO_F_RING_PACKED);
	if ((offered & BIT(VIRTIO_NET_F_CSUM)) == 0)
		offered &= ~(BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6));
	if ((offered & (BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6))) == 0)
		offered &= ~BIT(VIRTIO_NET_F_HOST_ECN);
	if ((offered & BIT(VIRTIO_NET_F_GUEST_CSUM)) == 0)
		offered &= ~(BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6));
	if ((offered & (BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6))) == 0)
		offered &= ~BIT(VIRTIO_NET_F_GUEST_ECN);
	return offered;
}

const char *
mvdpa_features_name(unsigned int bit)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(names); i++) {
		if (names[i].bit == bit)
			return names[i].name;
	}
	return NULL;
}

uint32_t
mvdpa_features_pairs(const struct devx_cap *cap)
{
	uint32_t pairs = cap->max_virtqs / 2;

	return pairs < MAX_PAIRS ? pairs : MAX_PAIRS;
}

uint64_t
mvdpa_features_offered(const struct devx_cap *cap)
{
	uint64_t features = BIT(VHOST_USER_F_PROTOCOL_FEATURES) | BIT(VIRTIO_F_ORDER_PLATFORM) |
			BIT(VIRTIO_NET_F_GUEST_ANNOUNCE) | BIT(VHOST_F_LOG_ALL);
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(offloads); i++) {
		if ((cap->features & offloads[i].queue) != 0)
			features |= offloads[i].virtio;
	}
	if (cap->version_1_0)
		features |= BIT(VIRTIO_F_VERSION_1);
	/* A packed ring has no form of before version 1. */
	if (cap->version_1_0 && (cap->queue_types >> PRM_VIRTQ_PACKED & 1) != 0)
		features |= BIT(VIRTIO_F_RING_PACKED);
	/* With it the front-end says what the guest is told, and dev_conf compares. */
	if (cap->mtu != 0)
		features |= BIT(VIRTIO_NET_F_MTU);
	if (mvdpa_features_pairs(cap) > 1)
		features |= BIT(VIRTIO_NET_F_MQ);
	return features;
}

uint64_t
mvdpa_features_protocol(void)
{
	return BIT(VHOST_USER_PROTOCOL_F_MQ) | BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) |
			BIT(VHOST_USER_PROTOCOL_F_BACKEND_REQ) |
			BIT(VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD) |
			BIT(VHOST_USER_PROTOCOL_F_HOST_NOTIFIER) |
			BIT(VHOST_USER_PROTOCOL_F_LOG_SHMFD) | BIT(VHOST_USER_PROTOCOL_F_NET_MTU) |
			BIT(VHOST_USER_PROTOCOL_F_STATUS);
}

uint16_t
mvdpa_features_to_queue(uint64_t negotiated)
{
	uint16_t mask = 0;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(offloads); i++) {
		if ((negotiated & offloads[i].virtio) != 0)
			mask |= offloads[i].queue;
	}
	if ((mask & HOST_TSO) != 0)
		mask |= PRM_VIRTQ_F_CSUM;
	else
		mask &= (uint16_t)~PRM_VIRTQ_F_HOST_ECN;
	if ((mask & PRM_VIRTQ_F_GUEST_CSUM) == 0)
		mask &= (uint16_t)~GUEST_TSO;
	if ((mask & GUEST_TSO) == 0)
		mask &= (uint16_t)~PRM_VIRTQ_F_GUEST_ECN;
	return mask;
}

enum prm_virtq_type
mvdpa_features_to_type(uint64_t negotiated)
{
	return (negotiated & BIT(VIRTIO_F_RING_PACKED)) != 0 ? PRM_VIRTQ_PACKED : PRM_VIRTQ_SPLIT;
}
