/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table by bit number; virtio 1.2, sections 5.1.3 (network device) and 6
 * (reserved feature bits), and bits 26 and 30, which vhost-user uses between back-end and
 * front-end (VHOST_F_LOG_ALL, VHOST_USER_F_PROTOCOL_FEATURES).
 */
#include <inttypes.h>
#include <stddef.h>

#include <base_math.h>

#include "feature.h"

static const char *const feature_names[64] = {
	[0] = "CSUM",
	[1] = "GUEST_CSUM",
	[2] = "CTRL_GUEST_OFFLOADS",
	[3] = "MTU",
	[5] = "MAC",
	[7] = "GUEST_TSO4",
	[8] = "GUEST_TSO6",
	[9] = "GUEST_ECN",
	[10] = "GUEST_UFO",
	[11] = "HOST_TSO4",
	[12] = "HOST_TSO6",
	[13] = "HOST_ECN",
	[14] = "HOST_UFO",
	[15] = "MRG_RXBUF",
	[16] = "STATUS",
	[17] = "CTRL_VQ",
	[18] = "CTRL_RX",
	[19] = "CTRL_VLAN",
	[20] = "CTRL_RX_EXTRA",
	[21] = "GUEST_ANNOUNCE",
	[22] = "MQ",
	[23] = "CTRL_MAC_ADDR",
	[24] = "NOTIFY_ON_EMPTY",
	[26] = "LOG_ALL",
	[27] = "ANY_LAYOUT",
	[28] = "INDIRECT_DESC",
	[29] = "EVENT_IDX",
	[30] = "PROTOCOL_FEATURES",
	[32] = "VERSION_1",
	[33] = "ACCESS_PLATFORM",
	[34] = "RING_PACKED",
	[35] = "IN_ORDER",
	[36] = "ORDER_PLATFORM",
	[37] = "SR_IOV",
	[38] = "NOTIFICATION_DATA",
	[39] = "NOTIF_CONFIG_DATA",
	[40] = "RING_RESET",
	[56] = "HOST_USO",
	[57] = "HASH_REPORT",
	[59] = "GUEST_HDRLEN",
	[60] = "RSS",
	[61] = "RSC_EXT",
	[62] = "STANDBY",
	[63] = "SPEED_DUPLEX",
};

/* vhost-user protocol, "Protocol features". */
static const char *const feature_protocol_names[] = {
	"MQ",
	"LOG_SHMFD",
	"RARP",
	"REPLY_ACK",
	"MTU",
	"BACKEND_REQ",
	"CROSS_ENDIAN",
	"CRYPTO_SESSION",
	"PAGEFAULT",
	"CONFIG",
	"BACKEND_SEND_FD",
	"HOST_NOTIFIER",
	"INFLIGHT_SHMFD",
	"RESET_DEVICE",
	"INBAND_NOTIFICATIONS",
	"CONFIGURE_MEM_SLOTS",
	"STATUS",
	"XEN_MMAP",
	"SHARED_OBJECT",
	"DEVICE_STATE",
};

const char *
feature_name(unsigned int bit)
{
	return bit < 64 ? feature_names[bit] : NULL;
}

const char *
feature_protocol_name(unsigned int bit)
{
	return bit < BASE_ARRAY_SIZE(feature_protocol_names) ? feature_protocol_names[bit] : NULL;
}

void
feature_print(uint64_t features, FILE *out)
{
	unsigned int bit;

	fprintf(out, "0x%" PRIx64, features);
	for (bit = 0; bit < 64; bit++) {
		if ((features & (1ULL << bit)) == 0)
			continue;
		if (feature_name(bit) != NULL)
			fprintf(out, " %s", feature_name(bit));
		else
			fprintf(out, " bit%u", bit);
	}
}
