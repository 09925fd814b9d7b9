/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread that samples: counters of our own, and those of a ledger. */
#include <errno.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <base_clock.h>

#include "timeline.h"

#define PATIENCE_S 60

/** A counter that goes up by one whenever it is read, and says so. */
struct counter {
	uint64_t value;
	sem_t read;
};

static void
count(void *arg, struct timeline_count *c)
{
	struct counter *counter = arg;

	counter->value++;
	*c = (struct timeline_count){ 2 * counter->value, counter->value };
	sem_post(&counter->read);
}

static void
wait_reads(struct counter *counter, unsigned int nb)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_S;
	for (unsigned int i = 0; i < nb; i++)
		assert_int_equal(sem_timedwait(&counter->read, &end), 0);
}

static struct timeline_attr
attr_of(struct counter *counter)
{
	return (struct timeline_attr){
		.nb_directions = 1,
		.directions = { { "A to B", count, counter } },
		.interval_ns = BASE_NS_PER_MS,
	};
}

static void
test_samples_come_by_themselves(void **state)
{
	struct counter counter = { .value = 1000 };
	struct timeline_attr attr = attr_of(&counter);
	uint64_t before = base_clock_ns(), now;
	struct timeline *timeline;
	struct timeline_data data;
	unsigned int nb;

	(void)state;
	assert_int_equal(sem_init(&counter.read, 0, 0), 0);
	assert_int_equal(timeline_create(&attr, &timeline), 0);
	now = base_clock_ns();
	assert_int_equal(timeline_ns(timeline, before), 0); /* there was no time before it */
	assert_true(timeline_ns(timeline, now) <= now - before);
	assert_int_equal(timeline_ns(timeline, now + 5) - timeline_ns(timeline, now), 5);
	wait_reads(&counter, 10);
	timeline_stop(timeline);
	assert_int_equal(timeline_copy(timeline, &data), 0);
	assert_string_equal(data.directions[0], "A to B");
	assert_true(data.nb_samples >= 9);
	/* the beginning is 0, whatever the counter said, and the end of the thread is in it */
	for (unsigned int i = 0; i < data.nb_samples; i++)
		assert_int_equal(data.samples[i].points[0].count.arrived, i + 1);
	assert_int_equal(counter.value, 1001 + data.nb_samples);
	nb = data.nb_samples;
	timeline_data_fini(&data);
	timeline_stop(timeline);
	assert_int_equal(timeline_copy(timeline, &data), 0);
	assert_int_equal(data.nb_samples, nb);
	timeline_data_fini(&data);
	timeline_destroy(timeline);
	sem_destroy(&counter.read);
}

static void
test_interval_doubles_when_it_is_full(void **state)
{
	struct counter counter = { .value = 0 };
	struct timeline_attr attr = attr_of(&counter);
	struct timeline *timeline;
	struct timeline_data data;

	(void)state;
	attr.max_samples = 4;
	assert_int_equal(sem_init(&counter.read, 0, 0), 0);
	assert_int_equal(timeline_create(&attr, &timeline), 0);
	wait_reads(&counter, 12);
	assert_int_equal(timeline_copy(timeline, &data), 0); /* while it runs */
	assert_in_range(data.nb_samples, 1, 4);
	assert_true(data.interval_ns >= 4 * BASE_NS_PER_MS);
	timeline_data_fini(&data);
	timeline_destroy(timeline);
	sem_destroy(&counter.read);
}

static void
test_streams_of_a_ledger_are_summed(void **state)
{
	struct timeline_streams streams = { NULL, 1, 2 };
	struct guest_ledger_arrival arrival = { .stream = 2 };
	struct timeline_count c;
	uint64_t seq;

	(void)state;
	assert_int_equal(guest_ledger_create(3, &streams.ledger), 0);
	assert_int_equal(guest_ledger_send(streams.ledger, 0, &seq), 0); /* not in the range */
	assert_int_equal(guest_ledger_send(streams.ledger, 1, &seq), 0);
	guest_ledger_abandon(streams.ledger, 1, seq); /* excused is not arrived */
	assert_int_equal(guest_ledger_send(streams.ledger, 2, &seq), 0);
	assert_int_equal(guest_ledger_send(streams.ledger, 2, &arrival.seq), 0);
	assert_int_equal(guest_ledger_receive(streams.ledger, &arrival), GUEST_LEDGER_OK);
	/* a second time is no second packet */
	assert_int_equal(guest_ledger_receive(streams.ledger, &arrival), GUEST_LEDGER_DUPLICATED);
	timeline_count_streams(&streams, &c);
	assert_int_equal(c.sent, 3);
	assert_int_equal(c.arrived, 1);
	guest_ledger_destroy(streams.ledger);
}

static void
test_bad_attributes_are_refused(void **state)
{
	struct counter counter = { .value = 0 };
	struct timeline_attr attr = attr_of(&counter);
	struct timeline *timeline;

	(void)state;
	attr.nb_directions = 0;
	assert_int_equal(timeline_create(&attr, &timeline), -EINVAL);
	attr.nb_directions = TIMELINE_DIRECTIONS_MAX + 1;
	assert_int_equal(timeline_create(&attr, &timeline), -EINVAL);
	attr.nb_directions = 1;
	attr.max_samples = 3;
	assert_int_equal(timeline_create(&attr, &timeline), -EINVAL);
	timeline_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_come_by_themselves),
		cmocka_unit_test(test_interval_doubles_when_it_is_full),
		cmocka_unit_test(test_streams_of_a_ledger_are_summed),
		cmocka_unit_test(test_bad_attributes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
