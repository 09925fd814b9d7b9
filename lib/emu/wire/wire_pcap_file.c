/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: six words and four words. That is all, and a reason not to pull libpcap,
 * which brings a dozen libraries along, into every program that the card is preloaded into; the
 * tests read and write the files with libpcap itself.
 */
#include <string.h>

#include "base_clock.h"
#include "wire_pcap_file.h"

#define PCAP_MAGIC_US 0xa1b2c3d4u
#define PCAP_MAGIC_NS 0xa1b23c4du
#define PCAPNG_MAGIC 0x0a0d0d0au /* reads the same in both orders */
#define PCAP_SNAPLEN 262144u
#define PCAP_ETHERNET 1u
#define PCAP_LINKTYPE_MASK 0x0fffffffu /* above: length of the FCS */

static uint32_t
pcap_get(const uint8_t *buf, unsigned int word, bool swapped)
{
	uint32_t value;

	memcpy(&value, buf + word * sizeof(value), sizeof(value));
	return swapped ? __builtin_bswap32(value) : value;
}

static void
pcap_put(uint8_t *buf, unsigned int word, uint32_t value)
{
	memcpy(buf + word * sizeof(value), &value, sizeof(value));
}

void
wire_pcap_file_header(uint8_t buf[WIRE_PCAP_FILE_HEADER])
{
	const uint16_t version[2] = { 2, 4 };

	memset(buf, 0, WIRE_PCAP_FILE_HEADER);
	pcap_put(buf, 0, PCAP_MAGIC_NS);
	memcpy(buf + 4, version, sizeof(version));
	pcap_put(buf, 4, PCAP_SNAPLEN);
	pcap_put(buf, 5, PCAP_ETHERNET);
}

void
wire_pcap_frame_header(const struct wire_pcap_frame *frame, uint8_t buf[WIRE_PCAP_FRAME_HEADER])
{
	pcap_put(buf, 0, (uint32_t)(frame->time_ns / BASE_NS_PER_S));
	pcap_put(buf, 1, (uint32_t)(frame->time_ns % BASE_NS_PER_S));
	pcap_put(buf, 2, frame->len);
	pcap_put(buf, 3, frame->orig_len);
}

const char *
wire_pcap_file_parse(const uint8_t buf[WIRE_PCAP_FILE_HEADER], struct wire_pcap_format *format)
{
	uint32_t magic = pcap_get(buf, 0, false);

	format->swapped = magic == __builtin_bswap32(PCAP_MAGIC_US) ||
			magic == __builtin_bswap32(PCAP_MAGIC_NS);
	magic = pcap_get(buf, 0, format->swapped);
	if (magic == PCAPNG_MAGIC)
		return "is pcapng: convert it (editcap -F pcap)";
	if (magic != PCAP_MAGIC_US && magic != PCAP_MAGIC_NS)
		return "is no pcap file";
	format->fractions_per_s = magic == PCAP_MAGIC_NS ? 1000000000u : 1000000u;
	if ((pcap_get(buf, 5, format->swapped) & PCAP_LINKTYPE_MASK) != PCAP_ETHERNET)
		return "holds no Ethernet frames";
	return NULL;
}

void
wire_pcap_frame_parse(const struct wire_pcap_format *format,
		const uint8_t buf[WIRE_PCAP_FRAME_HEADER], struct wire_pcap_frame *frame)
{
	uint64_t seconds = pcap_get(buf, 0, format->swapped);
	uint64_t fraction = pcap_get(buf, 1, format->swapped);

	frame->time_ns = seconds * BASE_NS_PER_S +
			fraction * (BASE_NS_PER_S / format->fractions_per_s);
	frame->len = pcap_get(buf, 2, format->swapped);
	frame->orig_len = pcap_get(buf, 3, format->swapped);
}
