/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a port that records, plays, or both. As a recorder it is a mirror port: the
 * wire shows it each frame of the ports that it looks at, once, finished. Records go through stdio's
 * buffer, which is written out when the traffic pauses, so that a program that is killed loses
 * the last busy moment only.
 *
 * As a player it hands out a frame when its time has come. The clock starts when another port of
 * the net can receive, because before that there is nobody to hear it; a receiver that is slow
 * makes the play late, not shorter. A file is played as many times as asked for, its gaps kept.
 * Frames that were cut when they were captured, or that no cable carries, are skipped and counted.
 *
 * Both block in the file system, with the card's lock held. That is the price of a record without
 * holes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base_clock.h"
#include "base_math.h"
#include "wire_out.h"
#include "wire_pcap_file.h"

struct wire_pcap {
	struct wire_out out;
	FILE *record; /* NULL: does not record */
	FILE *play; /* NULL: does not play (any more) */
	struct wire_pcap_format format;
	enum wire_pcap_pace pace;
	unsigned int times_left; /* 0: for ever */
	uint64_t start_ns; /* base_clock_ns() when this round began; 0: not yet */
	uint64_t first_ns; /* the file's time of its first frame; 0: not read yet */
	uint64_t due_ns; /* base_clock_ns() at which the next one is due */
	struct wire_pcap_frame next; /* header of the next one; len 0: not read */
	uint64_t nb_played, nb_skipped, round_played;
};

static struct wire_pcap *
pcap_of(struct wire_out *out)
{
	return base_container_of(out, struct wire_pcap, out);
}

/* --- recording ------------------------------------------------------------------------------ */

static int
pcap_send(struct wire_out *out, const struct wire_frame *frame)
{
	struct wire_pcap_frame record = { .len = frame->len, .orig_len = frame->len };
	uint8_t header[WIRE_PCAP_FRAME_HEADER];
	FILE *file = pcap_of(out)->record;
	struct timespec now;
	unsigned int i;
	bool ok;

	if (file == NULL)
		return -EBADF; /* plays only, nobody sends to it */
	clock_gettime(CLOCK_REALTIME, &now);
	record.time_ns = (uint64_t)now.tv_sec * BASE_NS_PER_S + (uint64_t)now.tv_nsec;
	wire_pcap_frame_header(&record, header);
	ok = fwrite(header, sizeof(header), 1, file) == 1;
	ok = ok && fwrite(frame->head, frame->head_len, 1, file) == 1;
	for (i = 0; ok && i < frame->nb_body; i++)
		ok = frame->body[i].iov_len == 0 ||
				fwrite(frame->body[i].iov_base, frame->body[i].iov_len, 1, file) ==
						1;
	if (ok)
		return 0;
	wire_out_error(out, "record", errno);
	return -EIO;
}

static void
pcap_idle(struct wire_out *out)
{
	if (pcap_of(out)->record != NULL && fflush(pcap_of(out)->record) != 0)
		wire_out_error(out, "record", errno);
}

/* --- playing -------------------------------------------------------------------------------- */

static void
pcap_stop(struct wire_pcap *pcap, const char *why)
{
	base_info(pcap->out.wire->log, "wire port %s: play is over (%s): %llu frames, %llu skipped",
			pcap->out.wire->ports[pcap->out.port].name, why,
			(unsigned long long)pcap->nb_played, (unsigned long long)pcap->nb_skipped);
	fclose(pcap->play);
	pcap->play = NULL;
	pcap->out.polls = false;
}

/* At the end of the file: back to the start, or the end. @return whether it goes on. */
static bool
pcap_again(struct wire_pcap *pcap)
{
	if (pcap->times_left == 1 || pcap->round_played == 0) {
		pcap_stop(pcap, pcap->round_played == 0 ? "no frames" : "end of file");
		return false;
	}
	if (pcap->times_left != 0)
		pcap->times_left--;
	pcap->round_played = 0;
	/* the next round begins where this one ended */
	pcap->start_ns = pcap->due_ns;
	pcap->first_ns = 0;
	if (fseek(pcap->play, WIRE_PCAP_FILE_HEADER, SEEK_SET) != 0) {
		pcap_stop(pcap, "the file cannot be read again");
		return false;
	}
	return true;
}

static bool
pcap_is_whole(const struct wire_pcap_frame *frame)
{
	return frame->len == frame->orig_len && frame->len >= WIRE_FRAME_MIN &&
			frame->len <= WIRE_FRAME_MAX;
}

/* Reads headers up to that of a frame that can be played. @return whether there is one. */
static bool
pcap_read_next(struct wire_pcap *pcap)
{
	uint8_t header[WIRE_PCAP_FRAME_HEADER];

	while (pcap->next.len == 0) {
		struct wire_pcap_frame next;

		if (fread(header, sizeof(header), 1, pcap->play) != 1) {
			if (!pcap_again(pcap))
				return false;
			continue;
		}
		wire_pcap_frame_parse(&pcap->format, header, &next);
		if (!pcap_is_whole(&next)) {
			pcap->nb_skipped++;
			if (fseek(pcap->play, (long)next.len, SEEK_CUR) == 0)
				continue;
			pcap_stop(pcap, "the file cannot be read");
			return false;
		}
		if (pcap->first_ns == 0)
			pcap->first_ns = next.time_ns;
		/* times may run backwards in a file of several captures */
		pcap->due_ns = pcap->start_ns;
		if (next.time_ns > pcap->first_ns)
			pcap->due_ns += next.time_ns - pcap->first_ns;
		pcap->next = next;
	}
	return true;
}

/* Can anybody else on the net hear it? */
static bool
pcap_has_audience(const struct wire_out *out)
{
	const struct wire *wire = out->wire;
	const struct wire_net *net = &wire->nets[wire->ports[out->port].net];
	unsigned int i;

	for (i = 0; i < wire->nb_ports; i++) {
		if (i != out->port && (net->ports >> i & 1) != 0 &&
				wire->ports[i].state == WIRE_PORT_UP &&
				wire->ports[i].link == WIRE_LINK_UP)
			return true;
	}
	return false;
}

static int
pcap_recv(struct wire_out *out, void *buf)
{
	struct wire_pcap *pcap = pcap_of(out);
	uint32_t len;

	if (pcap->play == NULL)
		return 0;
	if (pcap->start_ns == 0) {
		out->dormant = !pcap_has_audience(out);
		if (out->dormant)
			return 0;
		pcap->start_ns = base_clock_ns();
	}
	if (!pcap_read_next(pcap))
		return 0;
	if (pcap->pace == WIRE_PCAP_RECORDED && pcap->due_ns > base_clock_ns())
		return 0;
	len = pcap->next.len;
	pcap->next.len = 0;
	if (fread(buf, len, 1, pcap->play) != 1) {
		pcap_stop(pcap, "the file ends within a frame");
		return 0;
	}
	pcap->nb_played++;
	pcap->round_played++;
	return (int)len;
}

/* --- life ----------------------------------------------------------------------------------- */

static void
pcap_halt(struct wire_out *out)
{
	pcap_idle(out);
}

/*
 * exit() writes out what a stream has buffered, and puts the position of one that is read back to
 * where its reader is. The child has copies of our streams, but the position is the same one.
 */
static void
pcap_forked(struct wire_out *out)
{
	if (pcap_of(out)->record != NULL)
		__fpurge(pcap_of(out)->record);
	if (pcap_of(out)->play != NULL)
		__fpurge(pcap_of(out)->play);
}

static void
pcap_destroy(struct wire_out *out)
{
	struct wire_pcap *pcap = pcap_of(out);

	if (pcap->play != NULL)
		fclose(pcap->play);
	if (pcap->record != NULL)
		fclose(pcap->record);
}

static const struct wire_out_ops pcap_ops = {
	.kind = "pcap",
	.recv = pcap_recv,
	.send = pcap_send,
	.idle = pcap_idle,
	.halt = pcap_halt,
	.forked = pcap_forked,
	.destroy = pcap_destroy,
};

static int
pcap_open_record(struct wire_pcap *pcap, const char *path)
{
	uint8_t header[WIRE_PCAP_FILE_HEADER];

	wire_pcap_file_header(header);
	pcap->record = fopen(path, "we");
	if (pcap->record == NULL || fwrite(header, sizeof(header), 1, pcap->record) != 1 ||
			fflush(pcap->record) != 0) {
		int ret = -errno;

		base_err(pcap->out.wire->log, "%s: cannot be written: %s", path, strerror(-ret));
		return ret;
	}
	return 0;
}

static int
pcap_open_play(struct wire_pcap *pcap, const char *path)
{
	uint8_t header[WIRE_PCAP_FILE_HEADER] = { 0 };
	const char *what;

	pcap->play = fopen(path, "re");
	if (pcap->play == NULL) {
		int ret = -errno;

		base_err(pcap->out.wire->log, "%s: cannot be read: %s", path, strerror(-ret));
		return ret;
	}
	what = fread(header, sizeof(header), 1, pcap->play) == 1 ?
			wire_pcap_file_parse(header, &pcap->format) :
			"is too short for a pcap file";
	if (what == NULL)
		return 0;
	base_err(pcap->out.wire->log, "%s: %s", path, what);
	return -EINVAL;
}

int
wire_pcap_add(struct wire *wire, unsigned int net, const char *name,
		const struct wire_pcap_attr *attr)
{
	struct wire_out *out;
	struct wire_pcap *pcap;
	int ret = wire_out_create(wire, net, name, &pcap_ops, sizeof(*pcap), &out);

	if (ret != 0)
		return ret;
	pcap = pcap_of(out);
	pcap->pace = attr->pace;
	pcap->times_left = attr->times;
	out->polls = attr->play != NULL;
	if (attr->play != NULL)
		ret = pcap_open_play(pcap, attr->play);
	if (ret == 0 && attr->write != NULL)
		ret = pcap_open_record(pcap, attr->write);
	/* A port that plays only would have its own name as what it looks at: nobody sends to it. */
	wire->ports[out->port].mirrors = 1ULL << out->port;
	if (attr->write != NULL)
		wire->ports[out->port].mirrors = attr->ports != 0 ? attr->ports : UINT64_MAX;
	wire_net_refresh(wire, net);
	/* a port that cannot be is left behind without purpose, and goes with the wire */
	if (ret != 0)
		out->polls = false;
	return ret != 0 ? ret : (int)out->port;
}
