/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The classic file format of captures (libpcap's man page pcap-savefile): a header of 24 bytes,
 * then a header of 16 bytes before each frame. Written in the host's byte order with nanoseconds;
 * read in either order, with micro- or nanoseconds. Pure functions on bytes.
 */
#ifndef WIRE_PCAP_FILE_H
#define WIRE_PCAP_FILE_H

#include <stdbool.h>
#include <stdint.h>

#define WIRE_PCAP_FILE_HEADER 24u
#define WIRE_PCAP_FRAME_HEADER 16u

struct wire_pcap_format {
	bool swapped; /**< the other byte order */
	uint32_t fractions_per_s; /**< what the second part of a time counts */
};

struct wire_pcap_frame {
	uint64_t time_ns; /**< since 1970 */
	uint32_t len; /**< bytes in the file */
	uint32_t orig_len; /**< bytes that the frame had */
};

void wire_pcap_file_header(uint8_t buf[WIRE_PCAP_FILE_HEADER]);
void
wire_pcap_frame_header(const struct wire_pcap_frame *frame, uint8_t buf[WIRE_PCAP_FRAME_HEADER]);
/** @return NULL, or what is wrong with the file. */
const char *
wire_pcap_file_parse(const uint8_t buf[WIRE_PCAP_FILE_HEADER], struct wire_pcap_format *format);
void wire_pcap_frame_parse(const struct wire_pcap_format *format,
		const uint8_t buf[WIRE_PCAP_FRAME_HEADER], struct wire_pcap_frame *frame);

#endif /* WIRE_PCAP_FILE_H */
