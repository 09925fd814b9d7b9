/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: libpcap is the witness: it reads what the card has recorded and writes what
 * the card plays. Files that are broken, cut or of another kind are refused or skipped by name.
 */
#include "wire_peer.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base_clock.h"
#include "wire_pcap_file.h"

static char dir[] = "/tmp/wire-pcap-XXXXXX";
static char path[sizeof(dir) + 8];

struct bed {
	struct wire *wire;
	struct wire_peer peers[2];
	unsigned int nb_log;
	char log[256];
	struct base_log sink;
};

static void
bed_log(void *arg, enum base_log_level level, const char *msg)
{
	struct bed *bed = arg;

	(void)level;
	bed->nb_log++;
	snprintf(bed->log, sizeof(bed->log), "%s", msg);
}

static void
bed_make(struct bed *bed)
{
	unsigned int i;

	memset(bed, 0, sizeof(*bed));
	bed->sink = (struct base_log){ .level = BASE_LOG_INFO, .write = bed_log, .arg = bed };
	assert_int_equal(wire_switch_create(2, 1000, &bed->sink, &bed->wire), 0);
	for (i = 0; i < 2; i++)
		wire_plug(bed->wire, i, &wire_peer_ops, &bed->peers[i]);
}

static void
bed_send(struct bed *bed, unsigned int from, uint8_t number, uint32_t len)
{
	static uint8_t buf[2000];
	struct wire_hold hold = { 0 };
	struct iovec body[2];
	struct wire_frame frame;

	/* head and two pieces, as an engine sends it */
	wire_peer_frame(buf, 0xff, 1);
	memset(buf + 60, 0x77, sizeof(buf) - 60);
	buf[20] = number;
	wire_frame_init(&frame, buf, len);
	if (len > 300) {
		frame.head_len = 200;
		body[0] = (struct iovec){ buf + 200, 50 };
		body[1] = (struct iovec){ buf + 250, len - 250 };
		frame.body = body;
		frame.nb_body = 2;
	}
	assert_int_equal(wire_send(bed->wire, from, &frame, &hold), 0);
}

static void
test_record(void **state)
{
	struct wire_pcap_attr attr = { .write = path };
	struct pcap_pkthdr *header;
	char err[PCAP_ERRBUF_SIZE];
	const u_char *data;
	struct bed bed;
	uint32_t len;
	pcap_t *pcap;
	uint8_t i;

	(void)state;
	bed_make(&bed);
	wire_port_wake(bed.wire, 0);
	wire_port_wake(bed.wire, 1);
	assert_int_equal(wire_pcap_add(bed.wire, 0, "rec", &attr), 2);
	for (i = 0; i < 20; i++)
		bed_send(&bed, i % 2, i, i % 2 ? 60 : 1514);
	/* a recorder is no station: the others get each frame once, and nothing from it */
	assert_int_equal(bed.peers[0].frames, 10);
	assert_int_equal(bed.peers[1].frames, 10);
	/* a pause writes it out, while the card runs */
	wire_poll(bed.wire);
	pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, err);
	if (pcap == NULL)
		fail_msg("libpcap: %s", err);
	assert_int_equal(pcap_datalink(pcap), DLT_EN10MB);
	for (i = 0; i < 20; i++) {
		assert_int_equal(pcap_next_ex(pcap, &header, &data), 1);
		len = i % 2 ? 60 : 1514;
		assert_int_equal(header->caplen, len);
		assert_int_equal(header->len, len);
		assert_int_equal(data[20], i);
		assert_int_equal(data[len - 1], len == 60 ? 0 : 0x77);
		assert_true(header->ts.tv_sec > 1600000000);
	}
	assert_int_equal(pcap_next_ex(pcap, &header, &data), PCAP_ERROR_BREAK);
	pcap_close(pcap);
	wire_destroy(bed.wire);
}

static uint64_t
file_size(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

/* A child that forks in the middle of the traffic and exits adds nothing to the record. */
static void
test_fork(void **state)
{
	struct wire_pcap_attr attr = { .write = path };
	struct bed bed;
	uint64_t empty;
	int status;
	pid_t pid;

	(void)state;
	bed_make(&bed);
	assert_int_equal(wire_pcap_add(bed.wire, 0, "rec", &attr), 2);
	empty = file_size();
	bed_send(&bed, 0, 1, 60);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		wire_forked(bed.wire);
		exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(file_size(), empty);
	wire_destroy(bed.wire);
	assert_int_equal(file_size(), empty + WIRE_PCAP_FRAME_HEADER + 60);
}

static void
test_record_of_one_port(void **state)
{
	struct wire_pcap_attr attr = { .write = path, .ports = 1ULL << 1 };
	struct wire_port_stats stats;
	struct wire_frame frame;
	struct wire_hold hold = { 0 };
	uint8_t buf[60];
	struct bed bed;

	(void)state;
	bed_make(&bed);
	assert_int_equal(wire_pcap_add(bed.wire, 0, "rec", &attr), 2);
	wire_peer_frame(buf, 1, 1); /* from port 0 to itself */
	wire_frame_init(&frame, buf, sizeof(buf));
	assert_int_equal(wire_send(bed.wire, 0, &frame, &hold), 0);
	assert_int_equal(wire_send(bed.wire, 0, &frame, &hold), 0);
	bed_send(&bed, 1, 1, 60);
	wire_port_stats(bed.wire, 2, &stats);
	/* what port 0 said to itself was none of port 1's affair */
	assert_int_equal(stats.rx_frames, 1);
	/* on a cable, and so in the record, frames are finished */
	frame.csum_partial = true;
	wire_peer_frame(buf, 0xff, 1);
	assert_int_equal(wire_send(bed.wire, 0, &frame, &hold), -EMSGSIZE);
	wire_destroy(bed.wire);
}

/* Writes frames of the given gaps with libpcap. */
static void
make_file(const uint64_t *gap_ms, unsigned int nb)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dump = pcap_dump_open(pcap, path);
	struct pcap_pkthdr header = { .ts = { 1700000000, 900000 } };
	uint8_t frame[60];
	unsigned int i;

	assert_non_null(dump);
	for (i = 0; i < nb; i++) {
		wire_peer_frame(frame, 0xff, 9);
		frame[20] = (uint8_t)i;
		header.caplen = header.len = sizeof(frame);
		header.ts.tv_usec += (long)gap_ms[i] * 1000;
		header.ts.tv_sec += header.ts.tv_usec / 1000000;
		header.ts.tv_usec %= 1000000;
		pcap_dump((u_char *)dump, &header, frame);
	}
	pcap_dump_close(dump);
	pcap_close(pcap);
}

static void
play_until(struct bed *bed, unsigned int nb)
{
	uint64_t begin = base_clock_ns();

	while (bed->peers[0].frames < nb) {
		wire_poll(bed->wire);
		assert_true(base_clock_ns() - begin < 10 * BASE_NS_PER_S);
	}
	assert_int_equal(bed->peers[0].frames, nb);
}

static void
test_play_with_its_gaps(void **state)
{
	static const uint64_t gaps[] = { 0, 30, 0, 120 };
	struct wire_pcap_attr attr = { .play = path, .times = 2 };
	struct bed bed;
	uint64_t begin;

	(void)state;
	make_file(gaps, 4);
	bed_make(&bed);
	assert_int_equal(wire_pcap_add(bed.wire, 0, "play", &attr), 2);
	/* nobody can receive yet */
	wire_poll(bed.wire);
	assert_int_equal(bed.peers[0].frames, 0);
	wire_port_wake(bed.wire, 0);
	begin = base_clock_ns();
	play_until(&bed, 1);
	play_until(&bed, 3);
	assert_true(base_clock_ns() - begin >= 30 * BASE_NS_PER_MS);
	assert_int_equal(bed.peers[0].last[20], 2);
	/* the last of the first round and the first of the second are due together */
	while (bed.peers[0].frames < 7)
		wire_poll(bed.wire);
	assert_true(base_clock_ns() - begin >= 180 * BASE_NS_PER_MS);
	play_until(&bed, 8);
	assert_true(base_clock_ns() - begin >= 300 * BASE_NS_PER_MS);
	while (wire_is_busy(bed.wire))
		wire_poll(bed.wire);
	assert_non_null(strstr(bed.log, "8 frames, 0 skipped"));
	wire_destroy(bed.wire);
}

static void
test_play_fast_and_for_ever(void **state)
{
	static const uint64_t gaps[] = { 0, 10000, 10000 };
	struct wire_pcap_attr attr = { .play = path, .pace = WIRE_PCAP_FAST, .times = 0 };
	uint64_t begin = base_clock_ns();
	struct bed bed;

	(void)state;
	make_file(gaps, 3);
	bed_make(&bed);
	assert_int_equal(wire_pcap_add(bed.wire, 0, "play", &attr), 2);
	wire_port_wake(bed.wire, 0);
	while (bed.peers[0].frames < 100) {
		/* a receiver that is full holds it up, and loses nothing */
		bed.peers[0].full = bed.peers[0].frames == 50 && !bed.peers[0].full;
		wire_poll(bed.wire);
		assert_true(base_clock_ns() - begin < 10 * BASE_NS_PER_S);
	}
	assert_int_equal(bed.peers[0].last[20], (bed.peers[0].frames - 1) % 3);
	wire_destroy(bed.wire);
}

/* Writes a file by hand. */
static void
raw_file(const void *data, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	fclose(file);
}

static void
test_files_that_cannot_be_played(void **state)
{
	static const uint32_t pcapng[6] = { 0x0a0d0d0a };
	static const uint32_t wifi[6] = { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, 105 };
	static const uint32_t zero[6] = { 0 };
	static const struct {
		const void *data;
		size_t len;
		const char *why;
	} cases[] = {
		{ pcapng, sizeof(pcapng), "pcapng" },
		{ wifi, sizeof(wifi), "no Ethernet" },
		{ zero, sizeof(zero), "no pcap file" },
		{ zero, 23, "too short" },
	};
	struct wire_pcap_attr attr = { .play = path };
	unsigned int i;
	struct bed bed;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bed_make(&bed);
		raw_file(cases[i].data, cases[i].len);
		assert_int_equal(wire_pcap_add(bed.wire, 0, "play", &attr), -EINVAL);
		assert_non_null(strstr(bed.log, cases[i].why));
		assert_non_null(strstr(bed.log, path));
		wire_destroy(bed.wire);
	}
	bed_make(&bed);
	attr.play = "/nonexistent/file";
	assert_int_equal(wire_pcap_add(bed.wire, 0, "play", &attr), -ENOENT);
	attr = (struct wire_pcap_attr){ .write = "/nonexistent/file" };
	assert_int_equal(wire_pcap_add(bed.wire, 0, "rec", &attr), -ENOENT);
	wire_destroy(bed.wire);
}

static void
test_other_byte_order_and_cut_frames(void **state)
{
	/* the other order, microseconds; a whole frame, one cut at capture, one cut by the file */
	uint32_t words[6 + 4 + 15 + 4 + 15 + 4] = { 0xd4c3b2a1, 0, 0, 0, 0xffff0000, 0x01000000 };
	uint32_t *at = words + 6;
	struct wire_pcap_attr attr = { .play = path, .times = 1 };
	unsigned int i;
	struct bed bed;

	(void)state;
	for (i = 0; i < 3; i++) {
		at[0] = __builtin_bswap32(1700000000u);
		at[2] = __builtin_bswap32(60);
		at[3] = __builtin_bswap32(i == 1 ? 1514 : 60);
		if (i < 2)
			wire_peer_frame((uint8_t *)(at + 4), 0xff, 9);
		at += 4 + 15;
	}
	raw_file(words, sizeof(words));
	bed_make(&bed);
	assert_int_equal(wire_pcap_add(bed.wire, 0, "play", &attr), 2);
	wire_port_wake(bed.wire, 0);
	while (wire_is_busy(bed.wire))
		wire_poll(bed.wire);
	assert_int_equal(bed.peers[0].frames, 1);
	assert_non_null(strstr(bed.log, "within a frame"));
	assert_non_null(strstr(bed.log, "1 frames, 1 skipped"));
	wire_destroy(bed.wire);
	/* no frame at all, for ever: that is an end, too */
	raw_file(words, 24);
	attr.times = 0;
	bed_make(&bed);
	assert_int_equal(wire_pcap_add(bed.wire, 0, "play", &attr), 2);
	wire_port_wake(bed.wire, 0);
	while (wire_is_busy(bed.wire))
		wire_poll(bed.wire);
	assert_non_null(strstr(bed.log, "no frames"));
	wire_destroy(bed.wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_record_of_one_port),
		cmocka_unit_test(test_play_with_its_gaps),
		cmocka_unit_test(test_play_fast_and_for_ever),
		cmocka_unit_test(test_files_that_cannot_be_played),
		cmocka_unit_test(test_other_byte_order_and_cut_frames),
	};
	int ret;

	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/f", dir);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(dir);
	return ret;
}
