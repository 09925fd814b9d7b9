/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest that migrates between two back-ends of our own, under traffic: well, with a back-end that
 * forgets to mark what it writes, and with a destination that does not want it. The back-ends send
 * the guest's frames back to it, so its ledger judges the whole.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base_clock.h"
#include "base_math.h"
#include "fake_back.h"
#include "guest_migrate.h"

#define NB_BACKS 2
#define PACKETS 300u /* a few rings of 64 entries */
#define WAIT_MS 5000u

/* One place where a back-end listens. */
struct place {
	struct sockaddr_un addr;
	int fd;
	struct fake_back *back;
};

static char dir[32];
static struct place places[NB_BACKS];
static struct guest_ledger *ledger;
static struct guest_vm *vm;
static struct guest_migrate_result result;

static void
serve(unsigned int at, struct fake_back_attr attr)
{
	attr.listen_fd = places[at].fd;
	places[at].back = fake_back_start(&attr);
}

static int
open_places(void **state)
{
	strcpy(dir, "/tmp/guest-migrate.XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (unsigned int i = 0; i < NB_BACKS; i++) {
		struct place *p = &places[i];

		p->addr.sun_family = AF_UNIX;
		snprintf(p->addr.sun_path, sizeof(p->addr.sun_path), "%s/%u", dir, i);
		p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(p->fd, (struct sockaddr *)&p->addr, sizeof(p->addr)), 0);
		assert_int_equal(listen(p->fd, 1), 0);
		p->back = NULL;
	}
	assert_int_equal(guest_ledger_create(1, &ledger), 0);
	vm = NULL;
	return 0;
}

static int
close_places(void **state)
{
	guest_vm_destroy(vm);
	for (unsigned int i = 0; i < NB_BACKS; i++) {
		if (places[i].back != NULL)
			fake_back_stop(places[i].back);
		close(places[i].fd);
		unlink(places[i].addr.sun_path);
	}
	guest_ledger_destroy(ledger);
	return rmdir(dir);
}

static struct guest_ledger_count
count(void)
{
	struct guest_ledger_count c;

	assert_int_equal(guest_ledger_count(ledger, 0, &c), 0);
	return c;
}

static int
more_packets(void *arg, unsigned int round)
{
	struct guest_ledger_count c = count();

	return guest_ledger_wait(ledger, 0, c.received + c.torn + PACKETS, WAIT_MS);
}

/* A guest with rings of @ring_size at the first place, sending. */
static void
begin(struct fake_back_attr attr, uint16_t ring_size)
{
	const struct guest_traffic_load load = {
		.peer = { 2, 0, 0, 0, 0, 1 },
		.frame_len = 200,
		.window = 16,
		.probe_ms = 2,
	};
	const struct guest_vm_attr vm_attr = {
		.name = "t",
		.socket = places[0].addr.sun_path,
		.nb_pairs = 1,
		.ring_size = ring_size,
		.ram = 8u << 20,
		.mac = { 2, 0, 0, 0, 0, 1 },
		.timeout_ms = 2000,
		.ledger = ledger,
		.nb_rx = 1,
	};

	serve(0, attr);
	assert_int_equal(guest_vm_create(&vm_attr, &vm), 0);
	assert_int_equal(guest_vm_start(vm), 0);
	assert_int_equal(guest_vm_send(vm, &load), 0);
	assert_int_equal(more_packets(NULL, 0), 0);
}

static int
migrate(const char *to, enum guest_migrate_check check)
{
	const struct guest_migrate_attr attr = {
		.vm = vm,
		.to = to,
		.check = check,
		.hold_ms = 500,
		.between = more_packets,
	};

	return guest_migrate_run(&attr, &result);
}

/* The guest sends on and all that it sent has come, whole and once. */
static void
expect_whole(void)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats));

	assert_non_null(stats);
	assert_int_equal(more_packets(NULL, 0), 0);
	guest_vm_quiet(vm);
	assert_int_equal(guest_ledger_drain(ledger, WAIT_MS), 0);
	assert_int_equal(count().lost, 0);
	assert_int_equal(count().duplicated, 0);
	assert_int_equal(count().reordered, 0);
	assert_int_equal(count().torn, 0);
	guest_vm_stats(vm, stats);
	assert_int_equal(stats->device_errors, 0);
	assert_int_equal(stats->base_errors, 0);
	free(stats);
}

/* --- the state machine ---------------------------------------------------------------------- */

static void
test_arcs(void **state)
{
	static const char *const to[GUEST_MIGRATE_NB_STATES] = {
		[GUEST_MIGRATE_IDLE] = "logging stayed lost",
		[GUEST_MIGRATE_LOGGING] = "copying stayed lost",
		[GUEST_MIGRATE_COPYING] = "stopped stayed lost",
		[GUEST_MIGRATE_STOPPED] = "moved stayed lost",
		[GUEST_MIGRATE_MOVED] = "",
		[GUEST_MIGRATE_STAYED] = "",
		[GUEST_MIGRATE_LOST] = "",
	};

	for (unsigned int from = 0; from < GUEST_MIGRATE_NB_STATES; from++)
		for (unsigned int i = 0; i < GUEST_MIGRATE_NB_STATES; i++)
			assert_int_equal(guest_migrate_may(from, i),
					strstr(to[from], guest_migrate_state_name(i)) != NULL);
	assert_false(guest_migrate_may(GUEST_MIGRATE_NB_STATES, GUEST_MIGRATE_IDLE));
	assert_false(guest_migrate_may(GUEST_MIGRATE_IDLE, GUEST_MIGRATE_NB_STATES));
	assert_string_equal(guest_migrate_state_name(GUEST_MIGRATE_NB_STATES), "unknown");
}

/* --- migrations ----------------------------------------------------------------------------- */

static void
expect_figures(void)
{
	assert_true(result.nb_rounds >= 3);
	assert_true(result.pages[0] > 0);
	assert_true(result.device_pages > 0);
	assert_true(result.downtime_ns > 0 && result.downtime_ns < result.total_ns);
	assert_int_equal(result.nb_queues, 2);
	for (unsigned int i = 0; i < 2; i++) {
		const struct guest_migrate_queue *q = &result.queues[i];

		assert_false(q->stale);
		assert_true((uint16_t)(q->source.device_used - q->source.used) <= 64);
		assert_true((uint16_t)(q->source.avail - q->base) <= q->source.in_flight);
		assert_true((uint16_t)(q->there.device_used - q->source.device_used) < 0x8000);
	}
	assert_int_equal(result.queues[0].unread,
			(uint16_t)(result.queues[0].source.device_used -
					result.queues[0].source.used));
}

/* There and back, compared, and left unread. */
static void
test_there_and_back(void **state)
{
	uint8_t heard[FAKE_BACK_MAX_HEARD];
	unsigned int nb;

	begin((struct fake_back_attr){ .fd = -1 }, 64);
	serve(1, (struct fake_back_attr){ .fd = -1 });
	assert_int_equal(migrate(places[1].addr.sun_path, GUEST_MIGRATE_COMPARE), 0);
	assert_int_equal(result.state, GUEST_MIGRATE_MOVED);
	assert_null(result.step);
	assert_true(result.compared && result.compare_ns > 0);
	assert_int_equal(result.nb_differ, 0);
	expect_figures();
	/* the destination is told of no log */
	nb = fake_back_heard(places[1].back, heard);
	assert_non_null(memchr(heard, GUEST_MSG_SET_VRING_BASE, nb));
	assert_null(memchr(heard, GUEST_MSG_SET_LOG_BASE, nb));
	fake_back_stop(places[0].back);
	serve(0, (struct fake_back_attr){ .fd = -1 });
	assert_int_equal(migrate(places[0].addr.sun_path, GUEST_MIGRATE_HOLD), 0);
	assert_int_equal(result.state, GUEST_MIGRATE_MOVED);
	assert_false(result.compared);
	assert_int_equal(result.held, result.queues[0].unread);
	assert_true(result.hold_ns > 0);
	expect_figures();
	expect_whole();
}

/* Without a destination all is done but the switch-over, and undone. */
static void
test_cancelled(void **state)
{
	begin((struct fake_back_attr){ .fd = -1 }, 64);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(migrate(NULL, i == 0 ? GUEST_MIGRATE_COMPARE : GUEST_MIGRATE_HOLD),
				0);
		assert_int_equal(result.state, GUEST_MIGRATE_STAYED);
		expect_figures();
		assert_int_equal(more_packets(NULL, 0), 0);
		/* the log is off, and so is what the guest did for it */
		guest_dirty_take(guest_vm_dirty(vm), NULL, NULL);
		assert_int_equal(more_packets(NULL, 0), 0);
		assert_int_equal(guest_dirty_count(guest_vm_dirty(vm)), 0);
	}
	expect_whole();
}

/* The source goes on, and it is told why, whatever the destination does wrong. */
static void
test_destination_refuses(void **state)
{
	static const struct {
		struct fake_back_attr attr;
		const char *why;
	} cases[] = {
		{ { .fd = -1, .features = GUEST_VHOST_F_PROTOCOL_FEATURES },
				"GET_FEATURES: 0x40000000 lacks 0x100000000" },
		{ { .fd = -1, .hang_up_at = GUEST_MSG_GET_FEATURES },
				"GET_FEATURES: the back-end closed the connection" },
		{ { .fd = -1, .hang_up_at = GUEST_MSG_SET_MEM_TABLE },
				"SET_MEM_TABLE: the back-end closed the connection" },
		{ { .fd = -1, .mute_at = GUEST_MSG_SET_MEM_TABLE },
				"SET_MEM_TABLE: no answer within 2000 ms" },
		/* which message finds that out is a matter of time */
		{ { .fd = -1, .hang_up_at = GUEST_MSG_SET_VRING_KICK }, NULL },
	};

	begin((struct fake_back_attr){ .fd = -1 }, 64);
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(cases); i++) {
		serve(1, cases[i].attr);
		assert_int_not_equal(migrate(places[1].addr.sun_path, GUEST_MIGRATE_COMPARE), 0);
		assert_int_equal(result.state, GUEST_MIGRATE_STAYED);
		assert_string_equal(result.step, "switch-over");
		if (cases[i].why != NULL)
			assert_string_equal(result.why, cases[i].why);
		expect_figures();
		assert_true(guest_vm_is_up(vm));
		assert_int_equal(more_packets(NULL, 0), 0);
		fake_back_stop(places[1].back);
		places[1].back = NULL;
	}
	assert_int_equal(migrate("/tmp/"
				 "a-path-that-is-much-too-long-for-an-address-of-a-unix-socket-"
				 "a-path-that-is-much-too-long-for-an-address-of-a-unix-socket",
					 GUEST_MIGRATE_HOLD),
			-ENAMETOOLONG);
	assert_int_equal(result.state, GUEST_MIGRATE_STAYED);
	expect_whole();
}

static int
cancel(void *arg, unsigned int round)
{
	return round == 1 ? -ECANCELED : 0;
}

/* In the middle of the rounds the guest runs: it is not even stopped. */
static void
test_cancelled_in_a_round(void **state)
{
	const struct guest_migrate_attr attr = {
		.to = places[1].addr.sun_path,
		.between = cancel,
	};
	struct guest_migrate_attr now = attr;

	begin((struct fake_back_attr){ .fd = -1 }, 64);
	now.vm = vm;
	assert_int_equal(guest_migrate_run(&now, &result), -ECANCELED);
	assert_int_equal(result.state, GUEST_MIGRATE_STAYED);
	assert_int_equal(result.nb_rounds, 2);
	assert_int_equal(result.downtime_ns, 0);
	assert_int_equal(count().excused, 0);
	expect_whole();
}

/* The source dies: there is nowhere to go back to. */
static void
test_source_dies(void **state)
{
	begin((struct fake_back_attr){ .fd = -1, .hang_up_at = GUEST_MSG_GET_VRING_BASE }, 64);
	assert_int_not_equal(migrate(NULL, GUEST_MIGRATE_COMPARE), 0);
	assert_int_equal(result.state, GUEST_MIGRATE_LOST);
	assert_string_equal(result.step, "stop");
	assert_string_equal(result.why, "GET_VRING_BASE: the back-end closed the connection");
	assert_int_not_equal(migrate(NULL, GUEST_MIGRATE_COMPARE), 0);
	assert_int_equal(result.state, GUEST_MIGRATE_LOST);
	assert_string_equal(result.step, "log on");
}

static void
source_dies(struct guest_msg *reply)
{
	if (places[0].back != NULL)
		fake_back_stop(places[0].back);
	places[0].back = NULL;
}

/* While the destination is asked, which then refuses: nobody is left. A new back-end at the source's
 * place takes the guest up again. */
static void
test_both_die(void **state)
{
	begin((struct fake_back_attr){ .fd = -1 }, 64);
	serve(1,
			(struct fake_back_attr){ .fd = -1,
					.mutate = source_dies,
					.hang_up_at = GUEST_MSG_SET_MEM_TABLE });
	assert_int_not_equal(migrate(places[1].addr.sun_path, GUEST_MIGRATE_COMPARE), 0);
	assert_int_equal(result.state, GUEST_MIGRATE_LOST);
	assert_string_equal(result.step, "switch-over");
	assert_string_equal(result.why, "SET_MEM_TABLE: the back-end closed the connection");
	assert_false(guest_vm_is_up(vm));
	serve(0, (struct fake_back_attr){ .fd = -1 });
	assert_int_equal(guest_vm_reconnect(vm), 0);
	expect_whole();
}

/* The lowest descriptor that is not in use. */
static unsigned int
free_fd(void)
{
	int fd = dup(0);

	assert_true(fd >= 0);
	close(fd);
	return (unsigned int)fd;
}

static struct rlimit many_files;

static int
room_again(void *arg, unsigned int round)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &many_files), 0);
	return more_packets(arg, round);
}

/* There is no room for the guest's log, or for the copy, or for some of it: the guest does not notice. */
static void
test_no_room_for_files(void **state)
{
	struct guest_migrate_attr attr = { .between = room_again };
	unsigned int refused = 0;
	struct rlimit few;
	int ret;

	begin((struct fake_back_attr){ .fd = -1 }, 64);
	/* with an error of its own, which is not to be told again */
	serve(1, (struct fake_back_attr){ .fd = -1, .hang_up_at = GUEST_MSG_GET_FEATURES });
	assert_int_not_equal(migrate(places[1].addr.sun_path, GUEST_MIGRATE_COMPARE), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &many_files), 0);
	attr.vm = vm;
	few = many_files;
	do {
		/* one is for the log in the hands of the back-end, which is in this process, too */
		few.rlim_cur = free_fd() + 1 + refused;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		ret = guest_migrate_run(&attr, &result);
		assert_int_equal(room_again(NULL, 0), 0);
		assert_int_equal(result.state, GUEST_MIGRATE_STAYED);
		if (ret == 0)
			break;
		assert_int_equal(ret, -EMFILE);
		assert_string_equal(result.step, "first copy");
		assert_string_equal(result.why, strerror(EMFILE));
		assert_int_equal(count().excused, 0); /* it was not even stopped */
	} while (refused++ < 16);
	assert_int_equal(ret, 0);
	assert_true(refused >= 2); /* a file of the guest's log, one of each of two regions */
	expect_whole();
}

/* A back-end that has no log of dirty pages: the guest is not touched. */
static void
test_no_log(void **state)
{
	begin((struct fake_back_attr){ .fd = -1,
			      .protocol = GUEST_VHOST_P_REPLY_ACK | GUEST_VHOST_P_STATUS },
			64);
	assert_int_equal(migrate(NULL, GUEST_MIGRATE_COMPARE), -EOPNOTSUPP);
	assert_int_equal(result.state, GUEST_MIGRATE_STAYED);
	assert_string_equal(result.step, "log on");
	expect_whole();
}

/* --- what was not marked -------------------------------------------------------------------- */

static void
test_unmarked_buffer_is_named(void **state)
{
	begin((struct fake_back_attr){ .fd = -1, .fault = FAKE_UNMARKED_RX }, 64);
	serve(1, (struct fake_back_attr){ .fd = -1 });
	assert_int_equal(migrate(places[1].addr.sun_path, GUEST_MIGRATE_COMPARE), -EBADMSG);
	assert_int_equal(result.state, GUEST_MIGRATE_MOVED);
	assert_true(result.nb_differ > 0);
	assert_true(strcmp(result.differ[0].whose, "receive buffer of queue 0") == 0 ||
			strcmp(result.differ[0].whose, "packet buffer") == 0);
}

/* The same, but only the ledger looks. The ring is so long that the guest cannot have written all of
 * its buffers between the round and the hold, however slow a round is. */
static void
test_unmarked_buffer_is_torn(void **state)
{
	begin((struct fake_back_attr){ .fd = -1, .fault = FAKE_UNMARKED_RX }, 1024);
	serve(1, (struct fake_back_attr){ .fd = -1 });
	assert_int_equal(migrate(places[1].addr.sun_path, GUEST_MIGRATE_HOLD), 0);
	assert_int_equal(result.state, GUEST_MIGRATE_MOVED);
	assert_true(result.held > 0);
	assert_true(result.judged > 0);
	assert_int_equal(more_packets(NULL, 0), 0);
	assert_true(count().torn > 0); /* the frame that was in the buffer before */
}

static void
test_unmarked_ring_is_named(void **state)
{
	unsigned int i = 0;

	/* used rings of more than a page: the rest is not marked by the guest either */
	begin((struct fake_back_attr){ .fd = -1, .fault = FAKE_UNMARKED_USED }, 1024);
	assert_int_equal(migrate(NULL, GUEST_MIGRATE_COMPARE), -EBADMSG);
	assert_int_equal(result.state, GUEST_MIGRATE_STAYED);
	while (i < result.nb_differ && strncmp(result.differ[i].whose, "used ring of queue ", 19))
		i++;
	assert_true(i < result.nb_differ);
	assert_true(result.queues[0].stale || result.queues[1].stale);
	/* and without a comparison */
	assert_int_equal(migrate(NULL, GUEST_MIGRATE_HOLD), -EBADMSG);
	assert_int_equal(result.nb_differ, 0);
	assert_true(result.queues[0].stale || result.queues[1].stale);
	expect_whole(); /* the memory itself was right all the time */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_places, close_places)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arcs),
		TEST(test_there_and_back),
		TEST(test_cancelled),
		TEST(test_destination_refuses),
		TEST(test_cancelled_in_a_round),
		TEST(test_source_dies),
		TEST(test_both_die),
		TEST(test_no_room_for_files),
		TEST(test_no_log),
		TEST(test_unmarked_buffer_is_named),
		TEST(test_unmarked_buffer_is_torn),
		TEST(test_unmarked_ring_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
