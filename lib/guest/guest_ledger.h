/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The packet ledger: gives every packet of a stream a number, books every arrival, and accounts for
 * each number: received, lost, duplicated, reordered, torn, invented, or excused with a reason.
 *
 * A stream is one direction of one queue; whoever creates the ledger decides which number is which.
 * Sender and receiver share the ledger. All functions may be called by any thread.
 *
 * What is missing is lost only when nothing can arrive any more: stop sending, guest_ledger_drain(),
 * then count. Before that @c lost also has what is on the way.
 *
 * Phases cut a run into steps. A packet belongs to the phase in which it was sent; arrivals that
 * are faults (duplicated, reordered, torn, invented) belong to the phase in which they arrive.
 *
 * One byte of memory is used for every packet sent.
 */
#ifndef GUEST_LEDGER_H
#define GUEST_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#define GUEST_LEDGER_MAX_STREAMS 512
#define GUEST_LEDGER_MAX_PHASES 512
#define GUEST_LEDGER_MAX_QUEUES 64u
#define GUEST_LEDGER_NAME_LEN 32

struct guest_ledger;

/** The verdict on one arrival. */
enum guest_ledger_verdict {
	GUEST_LEDGER_OK,
	GUEST_LEDGER_REORDERED, /**< first arrival, but a later one came before in the same queue */
	GUEST_LEDGER_DUPLICATED, /**< had arrived already */
	GUEST_LEDGER_INVENTED, /**< a number that was never sent */
	GUEST_LEDGER_NO_STREAM, /**< no such stream */
	GUEST_LEDGER_BYGONE, /**< sent before the stream was recycled; booked nowhere */
};

/** The account of one stream, in packets. sent = received + torn (first arrivals) + lost + excused. */
struct guest_ledger_count {
	uint64_t sent;
	uint64_t received; /**< arrived whole, each number once */
	uint64_t lost; /**< missing, and nobody is excused */
	uint64_t excused; /**< missing, but abandoned by their guest or sent into an outage */
	uint64_t duplicated; /**< arrivals beyond the first */
	uint64_t reordered; /**< first arrivals after a later number in the same receive queue */
	uint64_t moved; /**< ... in another one: no fault. Not counted by phases */
	uint64_t torn; /**< arrivals with damaged bytes, number known */
	uint64_t invented; /**< arrivals with a number that was never sent */
	uint64_t longest_gap_ns; /**< between two arrivals; see guest_ledger_phase_open() */
};

/** Makes a ledger of @p nb_streams streams. @return 0, -EINVAL, -ENOMEM. */
int guest_ledger_create(unsigned int nb_streams, struct guest_ledger **ledger);

/** Frees it; NULL is fine; nobody may be inside guest_ledger_drain(). */
void guest_ledger_destroy(struct guest_ledger *ledger);

/** Books the next packet of @p stream as sent. @return 0, -EINVAL (stream), -ENOMEM. */
int guest_ledger_send(struct guest_ledger *ledger, uint32_t stream, uint64_t *seq);

/** What the receiver knows of a packet. */
struct guest_ledger_arrival {
	uint32_t stream;
	unsigned int queue; /**< receive queue: order is promised within each, not between them */
	uint64_t seq;
	uint64_t now_ns; /**< base_clock_ns() */
};

/** Books a whole packet's arrival. */
enum guest_ledger_verdict
guest_ledger_receive(struct guest_ledger *ledger, const struct guest_ledger_arrival *arrival);

/** Books a damaged packet's arrival; it is then torn, not lost. */
enum guest_ledger_verdict
guest_ledger_torn(struct guest_ledger *ledger, const struct guest_ledger_arrival *arrival);

/** Books an arrival whose header is damaged too; the packet that it was is found lost. */
void guest_ledger_wreck(struct guest_ledger *ledger);
uint64_t guest_ledger_wrecks(struct guest_ledger *ledger);

/** The sender took the packet back from its ring (guest reset): excused if it does not arrive. */
void guest_ledger_abandon(struct guest_ledger *ledger, uint32_t stream, uint64_t seq);

/**
 * The receiver of @p stream goes down: what has not arrived by now, and everything sent until it
 * is up again, is excused if it does not arrive. It is up when, after guest_ledger_outage_end(), a
 * packet arrives that was sent after that call.
 */
void guest_ledger_outage_begin(struct guest_ledger *ledger, uint32_t stream);
/** The receiver is about to be up; the next arrival of a packet sent from now on proves it. */
void guest_ledger_outage_end(struct guest_ledger *ledger, uint32_t stream);

/** Packets sent beyond the highest number that arrived: the window of a closed loop. */
uint64_t guest_ledger_in_flight(struct guest_ledger *ledger, uint32_t stream);

/**
 * Asks to be woken: @p fd, an eventfd, is written once when fewer than @p below packets of
 * @p stream are in flight. One sleeper per stream. @return true when that is so already (then
 * nothing is written).
 */
bool guest_ledger_arm(struct guest_ledger *ledger, uint32_t stream, uint64_t below, int fd);

/**
 * Waits until nothing is missing in any stream. @return 0, -ETIMEDOUT after @p timeout_ms (then the
 * missing ones are lost).
 */
int guest_ledger_drain(struct guest_ledger *ledger, unsigned int timeout_ms);

/**
 * Waits until @p nb packets of @p stream have arrived since the beginning, torn ones included. One
 * waiter per stream. @return 0, -EINVAL, -ETIMEDOUT.
 */
int guest_ledger_wait(struct guest_ledger *ledger, uint32_t stream, uint64_t nb,
		unsigned int timeout_ms);

/**
 * Waits until a packet of @p stream with number @p seq or a higher one has arrived: with
 * guest_ledger_sent() from a moment before, one that was sent after that moment. 0 ms asks whether
 * one has. One waiter per stream. @return 0, -EINVAL, -ETIMEDOUT.
 */
int guest_ledger_wait_past(struct guest_ledger *ledger, uint32_t stream, uint64_t seq,
		unsigned int timeout_ms);
/** The number that the next packet of @p stream gets. 0 for a stream that is none. */
uint64_t guest_ledger_sent(struct guest_ledger *ledger, uint32_t stream);

/**
 * Closes the phase that is open and opens the next. Its longest gap counts from its opening at the
 * earliest. @return number of the phase, -ENOSPC.
 */
int guest_ledger_phase_open(struct guest_ledger *ledger, const char *name);
/** Closes the phase that is open, if one is. */
void guest_ledger_phase_close(struct guest_ledger *ledger);

/**
 * A span is a piece of time with an account of its own, like a phase, but without name or number:
 * there may be any number of them, and they may overlap each other and phases.
 */
struct guest_ledger_span;

/** Opens a span, which must be freed before the ledger. @return 0, -ENOMEM. */
int guest_ledger_span_open(struct guest_ledger *ledger, struct guest_ledger_span **span);
/** Closes it, if it is open: what is sent from now on is not its business. */
void guest_ledger_span_close(struct guest_ledger_span *span);
/** Frees it; NULL is fine. */
void guest_ledger_span_free(struct guest_ledger_span *span);

/**
 * The account of @p stream in @p span, as far as it is known now; a closed span's may still get
 * better, as late packets arrive. @return 0, -EINVAL.
 */
int guest_ledger_span_count(struct guest_ledger_span *span, uint32_t stream,
		struct guest_ledger_count *count);

/**
 * Waits until nothing of @p stream that was sent in @p span is missing, whatever is sent later. One
 * waiter per stream. @return 0, -EINVAL, -ETIMEDOUT.
 */
int
guest_ledger_span_settle(struct guest_ledger_span *span, uint32_t stream, unsigned int timeout_ms);

/**
 * Ends a stream's life and begins another: its memory is freed, its account begins anew, an outage
 * ends; phases and spans keep its faults, but forget its packets. Nobody sends, waits or sleeps on
 * it.
 */
void guest_ledger_recycle(struct guest_ledger *ledger, uint32_t stream);

/** The account of @p stream from the beginning. @return 0, -EINVAL. */
int
guest_ledger_count(struct guest_ledger *ledger, uint32_t stream, struct guest_ledger_count *count);

/** The accounts of all streams from the beginning, added up. */
void guest_ledger_total(struct guest_ledger *ledger, struct guest_ledger_count *sum);
/** Packets of @p stream that have arrived since the beginning, as guest_ledger_wait() counts them: each
 * number once, torn ones included. 0 for a stream that is none. */
uint64_t guest_ledger_arrived(struct guest_ledger *ledger, uint32_t stream);

/** The account of @p stream in phase @p phase, as far as it is known now. @return 0, -EINVAL. */
int guest_ledger_phase_count(struct guest_ledger *ledger, unsigned int phase, uint32_t stream,
		struct guest_ledger_count *count);

/** One phase, or a whole run, in a form that is easily written out. */
struct guest_ledger_summary {
	char name[GUEST_LEDGER_NAME_LEN];
	uint64_t duration_ns; /**< from opening to closing (to now while it is open) */
	unsigned int nb_streams;
	struct guest_ledger_count streams[GUEST_LEDGER_MAX_STREAMS];
	struct guest_ledger_count total; /**< sums; the longest gap of all */
};

/** Fills @p summary for phase @p phase. @return 0, -EINVAL. */
int guest_ledger_summarise(struct guest_ledger *ledger, unsigned int phase,
		struct guest_ledger_summary *summary);

/** Adds @p count to @p sum; the longest gap is the longer one. */
void guest_ledger_count_add(struct guest_ledger_count *sum, const struct guest_ledger_count *count);

#endif /* GUEST_LEDGER_H */
