/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the event index of both layouts (virtio 1.2, 2.7.7, 2.7.10 and 2.8.10). What the
 * ring decides is compared with a walk over the places, one by one, for every place at which a
 * batch can begin, every batch, and every event near it: so wraps need no thought here.
 */
#include <endian.h>
#include <linux/virtio_ring.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest_vring_priv.h"

#define SIZE 8u
#define ROUND (2u * SIZE) /* places of a packed ring until everything is as it was */

struct fixture {
	struct guest_mem *mem;
	struct guest_vring *ring;
	struct guest_vring_addr addr;
};

static struct fixture fixture;

static void
make_ring(bool packed, bool event_idx)
{
	struct guest_vring_attr attr = {
		.mem = fixture.mem,
		.size = SIZE,
		.region = GUEST_MEM_ANY,
		.packed = packed,
		.event_idx = event_idx,
	};

	guest_vring_destroy(fixture.ring);
	assert_int_equal(guest_vring_create(&attr, &fixture.ring), 0);
	guest_vring_addr(fixture.ring, &fixture.addr);
}

static int
setup(void **state)
{
	fixture = (struct fixture){ 0 };
	return guest_mem_create(NULL, &fixture.mem) != 0 ||
			guest_mem_add_ram(fixture.mem, 1 << 20) != 0;
}

static int
teardown(void **state)
{
	guest_vring_destroy(fixture.ring);
	guest_mem_destroy(fixture.mem);
	return 0;
}

/* --- the device's side ---------------------------------------------------------------------- */

static uint16_t *
split_avail_event(void)
{
	struct vring_used *used = fixture.addr.used;

	return (uint16_t *)(void *)&used->ring[SIZE];
}

static uint16_t
split_used_event(void)
{
	struct vring_avail *avail = fixture.addr.avail;

	return le16toh(avail->ring[SIZE]);
}

static void
split_return(unsigned int nb)
{
	struct vring_avail *avail = fixture.addr.avail;
	struct vring_used *used = fixture.addr.used;

	for (; nb > 0; nb--) {
		uint16_t idx = le16toh(used->idx);

		used->ring[idx % SIZE].id = htole32(le16toh(avail->ring[idx % SIZE]));
		used->ring[idx % SIZE].len = 0;
		used->idx = htole16((uint16_t)(idx + 1));
	}
}

/* Returns @nb chains of one descriptor from place @at (of ROUND) on. */
static void
packed_return(unsigned int at, unsigned int nb)
{
	struct vring_packed_desc *descs = fixture.addr.desc;

	for (; nb > 0; nb--, at++) {
		bool wrap = at % ROUND < SIZE;

		descs[at % SIZE].len = 0;
		descs[at % SIZE].flags = htole16(wrap ? 1u << VRING_PACKED_DESC_F_AVAIL |
								1u << VRING_PACKED_DESC_F_USED :
							0);
	}
}

static uint16_t
packed_index(unsigned int place)
{
	return (uint16_t)(place % SIZE | (place % ROUND < SIZE ? GUEST_VRING_WRAP : 0));
}

static void
post(unsigned int nb)
{
	static char cookie;
	const struct guest_vring_seg seg = { 0x1000, 100 };
	const struct guest_vring_chain chain = { .segs = &seg, .nb_out = 1, .cookie = &cookie };

	for (; nb > 0; nb--)
		assert_int_equal(guest_vring_add(fixture.ring, &chain), 0);
}

static void
take(unsigned int nb)
{
	struct guest_vring_used used;

	for (; nb > 0; nb--)
		assert_int_equal(guest_vring_get(fixture.ring, &used), 1);
	assert_int_equal(guest_vring_get(fixture.ring, &used), 0);
}

/* --- kicks ---------------------------------------------------------------------------------- */

/* All 65536 beginnings, all batches of a ring of 8, and events on both sides of them. */
static void
test_split_passed(void **state)
{
	for (unsigned int from = 0; from < 0x10000; from++)
		for (unsigned int nb = 0; nb <= SIZE; nb++)
			for (int ahead = -12; ahead < 12; ahead++) {
				bool walked = ahead >= 0 && ahead < (int)nb;

				if (guest_vring_split_passed((uint16_t)((int)from + ahead),
						    (uint16_t)from,
						    (uint16_t)(from + nb)) != walked)
					fail_msg("from %u, %u, event %d ahead", from, nb, ahead);
			}
	/* one batch of all that a ring can hold */
	assert_true(guest_vring_split_passed(0x7fff, 0, 0x8000));
	assert_false(guest_vring_split_passed(0x8000, 0, 0x8000));
}

/* The ring goes through all its indices, and over the end, with a device that names an event. */
static void
test_split_kicks(void **state)
{
	struct vring_used *used;
	unsigned int index = 0;

	make_ring(false, true);
	used = fixture.addr.used;
	used->flags = htole16(VRING_USED_F_NO_NOTIFY); /* means nothing here (2.7.10.1) */
	for (unsigned int i = 0; index < 0x10000 + 100; i++) {
		unsigned int nb = 1 + i % SIZE;
		int ahead = (int)(i / SIZE % 12) - 2;

		*split_avail_event() = htole16((uint16_t)((int)index + ahead));
		post(nb);
		assert_int_equal(guest_vring_publish(fixture.ring), ahead >= 0 && ahead < (int)nb);
		assert_false(guest_vring_publish(fixture.ring)); /* nothing new */
		split_return(nb);
		take(nb);
		index += nb;
	}
}

static void
test_packed_kicks(void **state)
{
	struct vring_packed_desc_event *event;
	unsigned int place = 0;

	make_ring(true, true);
	event = fixture.addr.used;
	event->flags = htole16(VRING_PACKED_EVENT_FLAG_DESC);
	for (unsigned int i = 0; i < ROUND * SIZE * ROUND * 3; i++) {
		unsigned int nb = 1 + i % SIZE, at = i / SIZE % ROUND;
		bool walked = false;

		for (unsigned int j = place; j < place + nb; j++)
			walked |= j % ROUND == at;
		event->off_wrap = htole16(packed_index(at));
		post(nb);
		assert_int_equal(guest_vring_publish(fixture.ring), walked);
		packed_return(place, nb);
		take(nb);
		place = (place + nb) % ROUND;
	}
}

static uint64_t
event_errors(void)
{
	struct guest_vring_stats stats;

	guest_vring_stats(fixture.ring, &stats);
	return stats.errors[GUEST_VRING_EVENT];
}

/* A packed device that says what cannot be gets its notification, and is told of. */
static void
test_packed_confused(void **state)
{
	static const struct {
		bool event_idx;
		uint16_t flags, off_wrap;
		bool kick, odd;
	} rows[] = {
		{ false, VRING_PACKED_EVENT_FLAG_ENABLE, 0xffff, true, false },
		{ false, VRING_PACKED_EVENT_FLAG_DISABLE, 0xffff, false, false },
		{ false, VRING_PACKED_EVENT_FLAG_DESC, 0x8000, true, true },
		{ false, 3, 0, true, true },
		{ true, VRING_PACKED_EVENT_FLAG_ENABLE, 0xffff, true, false },
		{ true, VRING_PACKED_EVENT_FLAG_DISABLE, 0x8000, false, false },
		{ true, VRING_PACKED_EVENT_FLAG_DESC, 0x8000, true, false },
		{ true, VRING_PACKED_EVENT_FLAG_DESC, 0x8001, false, false },
		{ true, VRING_PACKED_EVENT_FLAG_DESC, 0x8000 | SIZE, true, true },
		{ true, VRING_PACKED_EVENT_FLAG_DESC, 0x7fff, true, true },
		{ true, 3, 0x8000, true, true },
		{ true, 0xffff, 0, true, true },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vring_packed_desc_event *event;

		make_ring(true, rows[i].event_idx);
		event = fixture.addr.used;
		event->flags = htole16(rows[i].flags);
		event->off_wrap = htole16(rows[i].off_wrap);
		post(1);
		assert_int_equal(guest_vring_publish(fixture.ring), rows[i].kick);
		assert_int_equal(event_errors(), rows[i].odd);
	}
}

/* --- interrupts ----------------------------------------------------------------------------- */

/* The event is the place of the entry that is waited for, on all indices. */
static void
test_split_interrupts(void **state)
{
	struct vring_avail *avail;

	make_ring(false, true);
	avail = fixture.addr.avail;
	for (unsigned int index = 0; index < 0x10000 + 100; index += SIZE) {
		unsigned int nb = index / SIZE % SIZE + 1;

		assert_false(guest_vring_irq_on(fixture.ring)); /* nothing is posted */
		assert_int_equal(split_used_event(), index % 0x10000);
		post(SIZE);
		guest_vring_publish(fixture.ring);
		assert_false(guest_vring_irq_after(fixture.ring, (uint16_t)nb));
		assert_int_equal(split_used_event(), (index + nb - 1) % 0x10000);
		/* the classic race: entries come between our last look and the wish */
		split_return(nb - 1);
		assert_false(guest_vring_irq_after(fixture.ring, (uint16_t)nb));
		split_return(1);
		assert_true(guest_vring_irq_after(fixture.ring, (uint16_t)nb));
		assert_true(guest_vring_irq_on(fixture.ring));
		guest_vring_irq_off(fixture.ring);
		assert_int_equal(split_used_event(), (index + 0xffff) % 0x10000);
		assert_int_equal(avail->flags, 0);
		split_return(SIZE - nb);
		take(SIZE);
	}
}

static void
test_packed_interrupts(void **state)
{
	struct vring_packed_desc_event *event;
	unsigned int place = 0;

	make_ring(true, true);
	event = fixture.addr.avail;
	for (unsigned int i = 0; i < 10 * ROUND; i++) {
		unsigned int nb = i % SIZE + 1;

		assert_false(guest_vring_irq_on(fixture.ring));
		assert_int_equal(le16toh(event->off_wrap), packed_index(place));
		post(nb);
		guest_vring_publish(fixture.ring);
		assert_false(guest_vring_irq_after(fixture.ring, (uint16_t)nb));
		assert_int_equal(le16toh(event->flags), VRING_PACKED_EVENT_FLAG_DESC);
		assert_int_equal(le16toh(event->off_wrap), packed_index(place + nb - 1));
		packed_return(place, nb - 1);
		assert_false(guest_vring_irq_after(fixture.ring, (uint16_t)nb));
		packed_return(place + nb - 1, 1);
		assert_true(guest_vring_irq_after(fixture.ring, (uint16_t)nb));
		guest_vring_irq_off(fixture.ring);
		assert_int_equal(le16toh(event->flags), VRING_PACKED_EVENT_FLAG_DISABLE);
		take(nb);
		place += nb;
	}
}

/* Who asks for more than is posted would wait for ever. */
static void
test_no_more_than_is_posted(void **state)
{
	for (unsigned int packed = 0; packed < 2; packed++) {
		make_ring(packed != 0, true);
		post(3);
		guest_vring_publish(fixture.ring);
		assert_false(guest_vring_irq_after(fixture.ring, 100));
		if (packed)
			packed_return(0, 3);
		else
			split_return(3);
		assert_true(guest_vring_irq_after(fixture.ring, 100));
	}
}

/* Without EVENT_IDX the next entry interrupts, however many were asked for. */
static void
test_without_event_index(void **state)
{
	make_ring(false, false);
	post(3);
	guest_vring_publish(fixture.ring);
	assert_false(guest_vring_irq_after(fixture.ring, 3));
	split_return(1);
	assert_true(guest_vring_irq_after(fixture.ring, 3));
	assert_int_equal(split_used_event(), 0);
}

int
main(void)
{
#define EVENT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_passed),
		EVENT_TEST(test_split_kicks),
		EVENT_TEST(test_packed_kicks),
		EVENT_TEST(test_packed_confused),
		EVENT_TEST(test_split_interrupts),
		EVENT_TEST(test_packed_interrupts),
		EVENT_TEST(test_no_more_than_is_posted),
		EVENT_TEST(test_without_event_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
