/* SPDX-License-Identifier: BSD-3-Clause */
/* A pretended network loses, doubles, swaps and tears; each must be booked by its name. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base_clock.h"
#include "base_math.h"
#include "guest_ledger.h"

static int
setup(void **state)
{
	return guest_ledger_create(2, (struct guest_ledger **)state);
}

static int
teardown(void **state)
{
	guest_ledger_destroy(*state);
	return 0;
}

static void
send_n(struct guest_ledger *ledger, uint32_t stream, unsigned int nb)
{
	uint64_t seq;

	for (unsigned int i = 0; i < nb; i++)
		assert_int_equal(guest_ledger_send(ledger, stream, &seq), 0);
}

static enum guest_ledger_verdict
arrive_in(struct guest_ledger *ledger, uint32_t stream, unsigned int queue, uint64_t seq)
{
	struct guest_ledger_arrival arrival = { stream, queue, seq, base_clock_ns() };

	return guest_ledger_receive(ledger, &arrival);
}

static enum guest_ledger_verdict
arrive(struct guest_ledger *ledger, uint32_t stream, uint64_t seq)
{
	return arrive_in(ledger, stream, 0, seq);
}

static void
arrive_at(struct guest_ledger *ledger, uint64_t seq, uint64_t now_ns)
{
	struct guest_ledger_arrival arrival = { .seq = seq, .now_ns = now_ns };

	guest_ledger_receive(ledger, &arrival);
}

static enum guest_ledger_verdict
arrive_torn(struct guest_ledger *ledger, uint32_t stream, uint64_t seq)
{
	struct guest_ledger_arrival arrival = { stream, 0, seq, base_clock_ns() };

	return guest_ledger_torn(ledger, &arrival);
}

static struct guest_ledger_count
count_of(struct guest_ledger *ledger, uint32_t stream)
{
	struct guest_ledger_count count;

	assert_int_equal(guest_ledger_count(ledger, stream, &count), 0);
	assert_true(count.sent >= count.received + count.lost + count.excused);
	return count;
}

static void
test_all_arrive(void **state)
{
	struct guest_ledger_count count;

	send_n(*state, 1, 10000);
	for (uint64_t i = 0; i < 10000; i++)
		assert_int_equal(arrive(*state, 1, i), GUEST_LEDGER_OK);
	count = count_of(*state, 1);
	assert_int_equal(count.sent, 10000);
	assert_int_equal(count.received, 10000);
	assert_int_equal(count.lost + count.excused + count.duplicated + count.reordered +
					count.torn + count.invented,
			0);
	assert_int_equal(count_of(*state, 0).sent, 0);
	assert_int_equal(guest_ledger_drain(*state, 0), 0);
}

static void
test_lost(void **state)
{
	send_n(*state, 0, 100);
	for (uint64_t i = 0; i < 100; i++)
		if (i != 17 && i != 99)
			arrive(*state, 0, i);
	assert_int_equal(count_of(*state, 0).lost, 2);
	assert_int_equal(guest_ledger_in_flight(*state, 0), 1);
	assert_int_equal(guest_ledger_drain(*state, 1), -ETIMEDOUT);
	arrive(*state, 0, 99);
	assert_int_equal(count_of(*state, 0).lost, 1);
}

static void
test_duplicated(void **state)
{
	send_n(*state, 0, 3);
	assert_int_equal(arrive(*state, 0, 0), GUEST_LEDGER_OK);
	assert_int_equal(arrive(*state, 0, 0), GUEST_LEDGER_DUPLICATED);
	assert_int_equal(arrive(*state, 0, 0), GUEST_LEDGER_DUPLICATED);
	assert_int_equal(count_of(*state, 0).duplicated, 2);
	assert_int_equal(count_of(*state, 0).received, 1);
	assert_int_equal(count_of(*state, 0).lost, 2);
}

static void
test_reordered(void **state)
{
	send_n(*state, 0, 4);
	assert_int_equal(arrive(*state, 0, 1), GUEST_LEDGER_OK);
	assert_int_equal(arrive(*state, 0, 0), GUEST_LEDGER_REORDERED);
	assert_int_equal(arrive(*state, 0, 3), GUEST_LEDGER_OK);
	assert_int_equal(arrive(*state, 0, 2), GUEST_LEDGER_REORDERED);
	assert_int_equal(count_of(*state, 0).reordered, 2);
	assert_int_equal(count_of(*state, 0).lost, 0);
	assert_int_equal(count_of(*state, 0).duplicated, 0);
}

/* A flow that goes from queue 0 to queue 3 and back, and a reader that looks at 3 first. */
static void
test_order_is_of_a_queue(void **state)
{
	send_n(*state, 0, 6);
	assert_int_equal(arrive_in(*state, 0, 0, 0), GUEST_LEDGER_OK);
	assert_int_equal(arrive_in(*state, 0, 3, 3), GUEST_LEDGER_OK);
	assert_int_equal(guest_ledger_in_flight(*state, 0), 2);
	assert_int_equal(arrive_in(*state, 0, 0, 1), GUEST_LEDGER_OK);
	assert_int_equal(guest_ledger_in_flight(*state, 0), 2);
	assert_int_equal(count_of(*state, 0).moved, 1);
	assert_int_equal(count_of(*state, 0).reordered, 0);
	assert_int_equal(arrive_in(*state, 0, 3, 2), GUEST_LEDGER_REORDERED);
	assert_int_equal(arrive_in(*state, 0, 0, 5), GUEST_LEDGER_OK);
	assert_int_equal(arrive_in(*state, 0, 0, 4), GUEST_LEDGER_REORDERED);
	assert_int_equal(count_of(*state, 0).moved, 1);
	assert_int_equal(count_of(*state, 0).reordered, 2);
	assert_int_equal(count_of(*state, 0).lost, 0);
}

static void
test_torn(void **state)
{
	send_n(*state, 0, 3);
	assert_int_equal(arrive_torn(*state, 0, 1), GUEST_LEDGER_OK);
	assert_int_equal(arrive_torn(*state, 9, 1), GUEST_LEDGER_NO_STREAM);
	assert_int_equal(count_of(*state, 0).torn, 1);
	assert_int_equal(count_of(*state, 0).received, 0);
	assert_int_equal(count_of(*state, 0).lost, 2);
	assert_int_equal(arrive(*state, 0, 1), GUEST_LEDGER_DUPLICATED);
	guest_ledger_wreck(*state);
	assert_int_equal(guest_ledger_wrecks(*state), 1);
}

static void
test_invented(void **state)
{
	send_n(*state, 0, 1);
	assert_int_equal(arrive(*state, 0, 1), GUEST_LEDGER_INVENTED);
	assert_int_equal(arrive(*state, 0, UINT64_MAX), GUEST_LEDGER_INVENTED);
	assert_int_equal(arrive(*state, 2, 0), GUEST_LEDGER_NO_STREAM);
	assert_int_equal(count_of(*state, 0).invented, 2);
	assert_int_equal(guest_ledger_send(*state, 2, &(uint64_t){ 0 }), -EINVAL);
}

static void
test_abandoned_packets_are_excused_until_they_arrive(void **state)
{
	send_n(*state, 0, 5);
	arrive(*state, 0, 0);
	guest_ledger_abandon(*state, 0, 0); /* arrived before: no excuse needed */
	guest_ledger_abandon(*state, 0, 1);
	guest_ledger_abandon(*state, 0, 2);
	guest_ledger_abandon(*state, 0, 2);
	guest_ledger_abandon(*state, 0, 77);
	assert_int_equal(count_of(*state, 0).excused, 2);
	assert_int_equal(count_of(*state, 0).lost, 2);
	assert_int_equal(arrive(*state, 0, 2), GUEST_LEDGER_OK);
	assert_int_equal(count_of(*state, 0).excused, 1);
	assert_int_equal(count_of(*state, 0).received, 2);
}

static void
test_outage_excuses_its_window_only(void **state)
{
	send_n(*state, 0, 10);
	for (uint64_t i = 0; i < 5; i++)
		if (i != 2) /* lost before the outage: stays lost */
			arrive(*state, 0, i);
	guest_ledger_outage_begin(*state, 0);
	arrive(*state, 0, 5);
	send_n(*state, 0, 10);
	guest_ledger_outage_end(*state, 0);
	send_n(*state, 0, 10);
	assert_int_equal(arrive(*state, 0, 20), GUEST_LEDGER_OK);
	arrive(*state, 0, 22); /* 21 is missing after the outage: lost */
	for (uint64_t i = 23; i < 30; i++)
		arrive(*state, 0, i);
	assert_int_equal(count_of(*state, 0).lost, 2);
	assert_int_equal(count_of(*state, 0).excused, 14);
	assert_int_equal(count_of(*state, 0).received, 14);
	/* one of the window comes late after all */
	assert_int_equal(arrive(*state, 0, 7), GUEST_LEDGER_REORDERED);
	assert_int_equal(count_of(*state, 0).excused, 13);
}

static void *
late_arrival(void *arg)
{
	arrive(arg, 0, 1);
	arrive(arg, 0, 0);
	return NULL;
}

/* Frames that lay in the receiver's ring come first and do not prove that the outage is over. */
static void
test_old_arrivals_do_not_end_an_outage(void **state)
{
	send_n(*state, 0, 10);
	guest_ledger_outage_begin(*state, 0);
	guest_ledger_outage_end(*state, 0);
	assert_int_equal(arrive(*state, 0, 0), GUEST_LEDGER_OK);
	arrive(*state, 0, 1); /* 2 to 9 were dropped on the way */
	send_n(*state, 0, 10);
	arrive(*state, 0, 12); /* 10 and 11 as well */
	assert_int_equal(count_of(*state, 0).excused, 10);
	arrive(*state, 0, 14); /* 13 is lost: the receiver was up */
	for (uint64_t i = 15; i < 20; i++)
		arrive(*state, 0, i);
	assert_int_equal(count_of(*state, 0).lost, 1);
	assert_int_equal(count_of(*state, 0).excused, 10);
}

static void
test_wait(void **state)
{
	pthread_t thread;

	send_n(*state, 0, 2);
	assert_int_equal(guest_ledger_wait(*state, 0, 0, 0), 0);
	assert_int_equal(guest_ledger_wait(*state, 0, 1, 1), -ETIMEDOUT);
	assert_int_equal(guest_ledger_wait(*state, 2, 1, 1), -EINVAL);
	assert_int_equal(pthread_create(&thread, NULL, late_arrival, *state), 0);
	assert_int_equal(guest_ledger_wait(*state, 0, 2, 10000), 0);
	pthread_join(thread, NULL);
}

static void
test_phases_own_what_was_sent_in_them(void **state)
{
	struct guest_ledger_summary summary;
	struct guest_ledger_count count;
	int a, b;

	a = guest_ledger_phase_open(*state, "first");
	send_n(*state, 0, 10);
	for (uint64_t i = 0; i < 8; i++)
		arrive(*state, 0, i);
	b = guest_ledger_phase_open(*state, "second");
	send_n(*state, 0, 5);
	arrive(*state, 0, 9); /* sent in the first phase */
	arrive(*state, 0, 9); /* a fault of the second */
	arrive(*state, 0, 10);
	guest_ledger_phase_close(*state);
	arrive(*state, 0, 11);
	arrive(*state, 0, 11); /* outside both */
	assert_int_equal(guest_ledger_phase_count(*state, (unsigned int)a, 0, &count), 0);
	assert_int_equal(count.sent, 10);
	assert_int_equal(count.lost, 1);
	assert_int_equal(count.duplicated, 0);
	assert_int_equal(guest_ledger_phase_count(*state, (unsigned int)b, 0, &count), 0);
	assert_int_equal(count.sent, 5);
	assert_int_equal(count.received, 2);
	assert_int_equal(count.lost, 3);
	assert_int_equal(count.duplicated, 1);
	assert_int_equal(guest_ledger_phase_count(*state, 2, 0, &count), -EINVAL);
	assert_int_equal(guest_ledger_phase_count(*state, 0, 2, &count), -EINVAL);
	assert_int_equal(guest_ledger_summarise(*state, (unsigned int)b, &summary), 0);
	assert_string_equal(summary.name, "second");
	assert_int_equal(summary.total.lost, 3);
	assert_int_equal(count_of(*state, 0).duplicated, 2);
}

static void
test_longest_gap(void **state)
{
	const uint64_t times[] = { 1000, 1500, 9500, 9600 };
	uint64_t now;
	struct guest_ledger_count count;

	send_n(*state, 0, 6);
	for (uint64_t i = 0; i < BASE_ARRAY_SIZE(times); i++)
		arrive_at(*state, i, times[i]);
	assert_int_equal(count_of(*state, 0).longest_gap_ns, 8000);
	/* a phase's gap begins with the phase, not with the silence before it */
	assert_int_equal(guest_ledger_phase_open(*state, "p"), 0);
	now = base_clock_ns();
	arrive_at(*state, 4, now + 5000000000ULL);
	assert_int_equal(guest_ledger_phase_count(*state, 0, 0, &count), 0);
	assert_true(count.longest_gap_ns >= 5000000000ULL && count.longest_gap_ns < 9000000000ULL);
	assert_int_equal(count_of(*state, 0).longest_gap_ns, now + 5000000000ULL - 9600);
}

static void
test_drain_wakes_up(void **state)
{
	pthread_t thread;

	send_n(*state, 0, 2);
	assert_int_equal(pthread_create(&thread, NULL, late_arrival, *state), 0);
	assert_int_equal(guest_ledger_drain(*state, 10000), 0);
	pthread_join(thread, NULL);
}

static void
test_arrived_counts_as_wait_does(void **state)
{
	send_n(*state, 0, 4);
	assert_int_equal(guest_ledger_arrived(*state, 0), 0);
	arrive(*state, 0, 1);
	arrive_torn(*state, 0, 2);
	arrive_torn(*state, 0, 2); /* duplicated */
	arrive_torn(*state, 0, 9); /* invented */
	assert_int_equal(guest_ledger_arrived(*state, 0), 2);
	assert_int_equal(guest_ledger_wait(*state, 0, 2, 0), 0);
	assert_int_equal(guest_ledger_wait(*state, 0, 3, 1), -ETIMEDOUT);
	assert_int_equal(guest_ledger_arrived(*state, 1), 0);
	assert_int_equal(guest_ledger_arrived(*state, 2), 0);
}

static void
test_total_is_the_sum_of_the_streams(void **state)
{
	struct guest_ledger_count sum;

	send_n(*state, 0, 4);
	send_n(*state, 1, 5);
	arrive_at(*state, 0, 1000);
	arrive_at(*state, 2, 1900);
	arrive_at(*state, 1, 2000);
	arrive(*state, 1, 0);
	arrive(*state, 1, 0);
	arrive_torn(*state, 1, 1);
	arrive(*state, 1, 7);
	guest_ledger_abandon(*state, 1, 2);
	guest_ledger_total(*state, &sum);
	assert_int_equal(sum.sent, 9);
	assert_int_equal(sum.received, 4);
	assert_int_equal(sum.torn, 1);
	assert_int_equal(sum.excused, 1);
	assert_int_equal(sum.lost, 3);
	assert_int_equal(sum.reordered, 1);
	assert_int_equal(sum.duplicated, 1);
	assert_int_equal(sum.invented, 1);
	assert_true(sum.longest_gap_ns >= 900);
}

static void
test_limits(void **state)
{
	struct guest_ledger *ledger;
	struct guest_ledger_summary summary;

	assert_int_equal(guest_ledger_create(0, &ledger), -EINVAL);
	assert_int_equal(guest_ledger_create(GUEST_LEDGER_MAX_STREAMS + 1, &ledger), -EINVAL);
	for (int i = 0; i < GUEST_LEDGER_MAX_PHASES; i++)
		assert_int_equal(guest_ledger_phase_open(*state, "p"), i);
	assert_int_equal(guest_ledger_phase_open(*state, "p"), -ENOSPC);
	assert_int_equal(guest_ledger_summarise(*state, GUEST_LEDGER_MAX_PHASES, &summary),
			-EINVAL);
}

static void
test_spans_overlap(void **state)
{
	struct guest_ledger_span *outer, *inner;
	struct guest_ledger_count count;
	uint64_t now;

	assert_int_equal(guest_ledger_span_open(*state, &outer), 0);
	send_n(*state, 0, 2);
	arrive(*state, 0, 0);
	assert_int_equal(guest_ledger_span_open(*state, &inner), 0);
	send_n(*state, 0, 2);
	now = base_clock_ns();
	arrive_at(*state, 2, now + 1000000000ULL);
	arrive_at(*state, 2, now + 1000000001ULL);
	guest_ledger_span_close(inner);
	arrive_at(*state, 2, now + 9000000000ULL);
	assert_int_equal(guest_ledger_span_count(inner, 0, &count), 0);
	assert_int_equal(count.sent, 2);
	assert_int_equal(count.lost, 1);
	assert_int_equal(count.duplicated, 1);
	assert_in_range(count.longest_gap_ns, 1000000000ULL, 5000000000ULL);
	assert_int_equal(guest_ledger_span_count(outer, 0, &count), 0);
	assert_int_equal(count.sent, 4);
	assert_int_equal(count.lost, 2);
	assert_int_equal(count.duplicated, 2);
	assert_true(count.longest_gap_ns > 7000000000ULL);
	/* what comes late was sent in the span all the same */
	arrive(*state, 0, 3);
	assert_int_equal(guest_ledger_span_count(inner, 0, &count), 0);
	assert_int_equal(count.lost, 0);
	assert_int_equal(guest_ledger_span_count(inner, 2, &count), -EINVAL);
	guest_ledger_span_free(outer);
	guest_ledger_span_free(inner);
	guest_ledger_span_free(NULL);
}

static void
test_settle_ignores_what_is_sent_later(void **state)
{
	struct guest_ledger_span *span;
	pthread_t thread;

	assert_int_equal(guest_ledger_span_open(*state, &span), 0);
	send_n(*state, 0, 2);
	guest_ledger_span_close(span);
	send_n(*state, 0, 5);
	assert_int_equal(guest_ledger_span_settle(span, 1, 0), 0);
	assert_int_equal(guest_ledger_span_settle(span, 0, 1), -ETIMEDOUT);
	assert_int_equal(guest_ledger_span_settle(span, 2, 1), -EINVAL);
	assert_int_equal(pthread_create(&thread, NULL, late_arrival, *state), 0);
	assert_int_equal(guest_ledger_span_settle(span, 0, 10000), 0);
	pthread_join(thread, NULL);
	guest_ledger_span_free(span);
}

static void *
fresh_sender(void *arg)
{
	send_n(arg, 0, 1);
	arrive(arg, 0, 1);
	arrive(arg, 0, 2);
	return NULL;
}

static void
test_wait_past_wakes_for_what_is_sent_now(void **state)
{
	uint64_t from;
	pthread_t thread;

	send_n(*state, 0, 2);
	arrive(*state, 0, 0);
	from = guest_ledger_sent(*state, 0);
	assert_int_equal(guest_ledger_wait_past(*state, 0, from, 1), -ETIMEDOUT);
	assert_int_equal(pthread_create(&thread, NULL, fresh_sender, *state), 0);
	assert_int_equal(guest_ledger_wait_past(*state, 0, from, 10000), 0);
	pthread_join(thread, NULL);
	assert_int_equal(guest_ledger_arrived(*state, 0), 3);
}

static void
test_wait_past_asks_for_a_number(void **state)
{
	assert_int_equal(guest_ledger_sent(*state, 0), 0);
	assert_int_equal(guest_ledger_sent(*state, 2), 0); /* no such stream */
	send_n(*state, 0, 2);
	assert_int_equal(guest_ledger_sent(*state, 0), 2);
	arrive(*state, 0, 0);
	assert_int_equal(guest_ledger_wait_past(*state, 0, 0, 0), 0);
	assert_int_equal(guest_ledger_wait_past(*state, 0, 1, 0), -ETIMEDOUT);
	arrive(*state, 0, 1);
	assert_int_equal(guest_ledger_wait_past(*state, 0, 0, 0), 0);
	assert_int_equal(guest_ledger_wait_past(*state, 0, 1, 0), 0);
	assert_int_equal(guest_ledger_wait_past(*state, 2, 0, 0), -EINVAL);
}

static void
test_recycle_begins_anew(void **state)
{
	struct guest_ledger_span *span;
	struct guest_ledger_count count;
	uint64_t seq;

	assert_int_equal(guest_ledger_span_open(*state, &span), 0);
	send_n(*state, 0, 3);
	arrive(*state, 0, 1);
	arrive(*state, 0, 1);
	guest_ledger_recycle(*state, 0);
	guest_ledger_recycle(*state, 2); /* no such stream */
	count = count_of(*state, 0);
	assert_int_equal(count.sent, 0);
	assert_int_equal(count.lost, 0);
	assert_int_equal(count.duplicated, 0);
	/* numbers go on, so that what comes late is known, and nobody's */
	assert_int_equal(guest_ledger_send(*state, 0, &seq), 0);
	assert_int_equal(seq, 3);
	assert_int_equal(arrive(*state, 0, 2), GUEST_LEDGER_BYGONE);
	guest_ledger_abandon(*state, 0, 0);
	assert_int_equal(arrive(*state, 0, 3), GUEST_LEDGER_OK);
	count = count_of(*state, 0);
	assert_int_equal(count.sent, 1);
	assert_int_equal(count.received, 1);
	assert_int_equal(count.excused, 0);
	assert_int_equal(guest_ledger_drain(*state, 0), 0);
	assert_int_equal(guest_ledger_span_count(span, 0, &count), 0);
	assert_int_equal(count.sent, 1);
	assert_int_equal(count.duplicated, 1);
	guest_ledger_span_free(span);
}

int
main(void)
{
#define LEDGER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_all_arrive),
		LEDGER_TEST(test_lost),
		LEDGER_TEST(test_duplicated),
		LEDGER_TEST(test_reordered),
		LEDGER_TEST(test_order_is_of_a_queue),
		LEDGER_TEST(test_torn),
		LEDGER_TEST(test_invented),
		LEDGER_TEST(test_abandoned_packets_are_excused_until_they_arrive),
		LEDGER_TEST(test_outage_excuses_its_window_only),
		LEDGER_TEST(test_old_arrivals_do_not_end_an_outage),
		LEDGER_TEST(test_wait),
		LEDGER_TEST(test_phases_own_what_was_sent_in_them),
		LEDGER_TEST(test_longest_gap),
		LEDGER_TEST(test_drain_wakes_up),
		LEDGER_TEST(test_arrived_counts_as_wait_does),
		LEDGER_TEST(test_total_is_the_sum_of_the_streams),
		LEDGER_TEST(test_limits),
		LEDGER_TEST(test_spans_overlap),
		LEDGER_TEST(test_settle_ignores_what_is_sent_later),
		LEDGER_TEST(test_wait_past_wakes_for_what_is_sent_now),
		LEDGER_TEST(test_wait_past_asks_for_a_number),
		LEDGER_TEST(test_recycle_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
