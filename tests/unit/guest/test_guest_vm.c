/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole guest against a back-end that sends its frames back to it, first well, then with one fault
 * each: every fault must appear in the accounts by its name, and nothing else may.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base_clock.h"
#include "base_math.h"
#include "fake_back.h"
#include "guest_vm.h"

#define MIB 0x100000ULL
#define NB 300 /* frames per pair and run; more than the ring has */

static char dir[32];
static struct sockaddr_un addr;
static struct guest_ledger *ledger;
static struct guest_vm *vm;
static struct fake_back *fake;

static struct fake_back *
connect_fake(struct fake_back_attr attr)
{
	attr.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(attr.fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fake_back_start(&attr);
}

/* A guest with @nb_pairs, and the back-end that @attr describes. */
static void
begin(struct fake_back_attr attr, unsigned int nb_pairs)
{
	struct guest_vm_attr vm_attr = {
		.name = "t",
		.socket = addr.sun_path,
		.mode = GUEST_VHOST_SERVER,
		.nb_pairs = nb_pairs,
		.ring_size = 64,
		.mac = { 2, 0, 0, 0, 0, 1 },
		.timeout_ms = 2000,
		.nb_rx = nb_pairs,
	};

	strcpy(dir, "/tmp/guest-vm.XXXXXX");
	assert_non_null(mkdtemp(dir));
	addr.sun_family = AF_UNIX;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/s", dir);
	assert_int_equal(guest_ledger_create(nb_pairs, &ledger), 0);
	vm_attr.ledger = ledger;
	assert_int_equal(guest_vm_create(&vm_attr, &vm), 0);
	fake = connect_fake(attr);
	assert_int_equal(guest_vm_start(vm), 0);
	assert_true(guest_vm_is_up(vm));
}

static void
end(void)
{
	guest_vm_destroy(vm);
	fake_back_stop(fake);
	guest_ledger_destroy(ledger);
	assert_int_equal(rmdir(dir), 0);
}

static void
send_frames(uint64_t count)
{
	struct guest_traffic_load load = {
		.peer = { 2, 0, 0, 0, 0, 1 },
		.frame_len = 100,
		.window = 16,
		.count = count,
		.probe_ms = 2,
	};

	assert_int_equal(guest_vm_send(vm, &load), 0);
}

static struct guest_ledger_count
count_of(uint32_t stream)
{
	struct guest_ledger_count count;

	assert_int_equal(guest_ledger_count(ledger, stream, &count), 0);
	return count;
}

static void
stop_without_loss(void)
{
	guest_vm_quiet(vm);
	assert_int_equal(guest_ledger_drain(ledger, 5000), 0);
	assert_int_equal(count_of(0).lost, 0);
}

/* Waits until @nb more frames of stream 0 have come. */
static void
wait_for(uint64_t nb)
{
	uint64_t until = count_of(0).received + nb, deadline = base_clock_ns() + 5 * BASE_NS_PER_S;

	while (count_of(0).received < until) {
		assert_true(base_clock_ns() < deadline);
		usleep(200);
	}
}

/* Waits until @nb frames of @stream have come in all. */
static void
wait_total(uint32_t stream, uint64_t nb)
{
	uint64_t deadline = base_clock_ns() + 5 * BASE_NS_PER_S;

	while (count_of(stream).received < nb) {
		assert_true(base_clock_ns() < deadline);
		usleep(200);
	}
}

/* Sends @NB frames through a back-end with @fault; @return the account. */
static struct guest_ledger_count
run_fault(enum fake_fault fault, struct guest_vm_stats *stats)
{
	struct guest_ledger_count count;
	uint64_t deadline = base_clock_ns() + 5 * BASE_NS_PER_S;

	begin((struct fake_back_attr){ .fault = fault, .fault_at = 50 }, 1);
	send_frames(NB);
	do {
		usleep(500);
		count = count_of(0);
	} while ((count.sent < NB || guest_ledger_in_flight(ledger, 0) != 0) &&
			base_clock_ns() < deadline);
	guest_vm_quiet(vm);
	guest_ledger_drain(ledger, 20);
	count = count_of(0);
	guest_vm_stats(vm, stats);
	assert_int_equal(count.sent, NB);
	return count;
}

static void
expect(struct guest_ledger_count got, struct guest_ledger_count want)
{
	assert_int_equal(got.received, want.received);
	assert_int_equal(got.lost, want.lost);
	assert_int_equal(got.duplicated, want.duplicated);
	assert_int_equal(got.reordered, want.reordered);
	assert_int_equal(got.torn, want.torn);
	assert_int_equal(got.excused, 0);
	assert_int_equal(got.invented, 0);
}

static void
test_no_fault(void **state)
{
	struct guest_vm_stats stats;

	expect(run_fault(FAKE_NONE, &stats), (struct guest_ledger_count){ .received = NB });
	assert_int_equal(stats.device_errors, 0);
	assert_int_equal(stats.queues[1].ring.posted, NB);
	assert_int_equal(stats.queues[1].ring.returned, NB);
	end();
}

static void
test_lost_frame(void **state)
{
	struct guest_vm_stats stats;

	expect(run_fault(FAKE_LOSE, &stats),
			(struct guest_ledger_count){ .received = NB - 1, .lost = 1 });
	end();
}

static void
test_duplicated_frame(void **state)
{
	struct guest_vm_stats stats;

	expect(run_fault(FAKE_DUPLICATE, &stats),
			(struct guest_ledger_count){ .received = NB, .duplicated = 1 });
	end();
}

static void
test_reordered_frame(void **state)
{
	struct guest_vm_stats stats;

	expect(run_fault(FAKE_SWAP, &stats),
			(struct guest_ledger_count){ .received = NB, .reordered = 1 });
	end();
}

static void
test_torn_frame(void **state)
{
	struct guest_vm_stats stats;

	expect(run_fault(FAKE_TEAR, &stats),
			(struct guest_ledger_count){ .received = NB - 1, .torn = 1 });
	end();
}

static void
test_wrecked_frame(void **state)
{
	struct guest_vm_stats stats;

	expect(run_fault(FAKE_WRECK, &stats),
			(struct guest_ledger_count){ .received = NB - 1, .lost = 1 });
	assert_int_equal(guest_ledger_wrecks(ledger), 1);
	end();
}

static void
test_hostile_used_entries(void **state)
{
	struct guest_vm_stats stats;

	expect(run_fault(FAKE_USED_RANGE, &stats), (struct guest_ledger_count){ .received = NB });
	assert_int_equal(stats.queues[0].ring.errors[GUEST_VRING_ID_RANGE], 1);
	assert_int_equal(stats.device_errors, 1);
	end();
	expect(run_fault(FAKE_USED_LENGTH, &stats),
			(struct guest_ledger_count){ .received = NB - 1, .lost = 1 });
	assert_int_equal(stats.queues[0].ring.errors[GUEST_VRING_LENGTH], 1);
	end();
	expect(run_fault(FAKE_USED_SHORT, &stats),
			(struct guest_ledger_count){ .received = NB - 1, .lost = 1 });
	assert_int_equal(stats.queues[0].short_used, 1);
	assert_int_equal(stats.device_errors, 1);
	end();
	/* the second return finds the head free, or (posted again) a frame that was there before */
	run_fault(FAKE_USED_TWICE, &stats);
	assert_true(stats.queues[0].ring.errors[GUEST_VRING_TWICE] + count_of(0).duplicated >= 1);
	end();
}

static void
test_descriptors_that_do_not_come_back(void **state)
{
	struct guest_vm_stats stats;

	expect(run_fault(FAKE_SKIP_RX, &stats), (struct guest_ledger_count){ .received = NB });
	assert_int_equal(stats.queues[0].ring.passed_over, 1);
	assert_int_equal(stats.device_errors, 1);
	end();
	expect(run_fault(FAKE_KEEP_TX, &stats), (struct guest_ledger_count){ .received = NB });
	assert_int_equal(stats.queues[1].ring.passed_over, 1);
	assert_int_equal(stats.queues[1].ring.posted - stats.queues[1].ring.returned, 1);
	end();
}

static void
test_two_pairs(void **state)
{
	begin((struct fake_back_attr){ .fault = FAKE_NONE }, 2);
	send_frames(NB);
	wait_total(0, NB);
	wait_total(1, NB);
	guest_vm_quiet(vm);
	assert_int_equal(guest_ledger_drain(ledger, 0), 0);
	assert_int_equal(count_of(0).sent, NB);
	assert_int_equal(count_of(1).sent, NB);
	end();
}

static void
test_hot_add_and_remove(void **state)
{
	struct guest_vm_stats stats;
	uint64_t gpa[GUEST_MEM_MAX_REGIONS];

	begin((struct fake_back_attr){ .fault = FAKE_NONE }, 1);
	send_frames(0);
	wait_for(100);
	for (unsigned int i = 0; i < 6; i++) {
		assert_int_equal(guest_vm_hot_add(vm, 2 * MIB, &gpa[i]), 0);
		wait_for(300);
	}
	assert_int_equal(guest_vm_hot_add(vm, 2 * MIB, &gpa[6]), -ENOSPC);
	guest_vm_stats(vm, &stats);
	assert_int_equal(stats.nb_pools, 7);
	for (unsigned int i = 1; i < 7; i++) {
		assert_true(stats.pools[i].received > 0);
		assert_true(stats.pools[i].sent > 0);
	}
	for (unsigned int i = 0; i < 6; i++) {
		assert_int_equal(guest_vm_hot_remove(vm, gpa[5 - i]), 0);
		wait_for(100);
	}
	assert_int_equal(guest_vm_hot_remove(vm, gpa[0]), -ENOENT);
	stop_without_loss();
	assert_int_equal(count_of(0).duplicated + count_of(0).reordered, 0);
	end();
}

static void
refuse_tables(struct guest_msg *reply)
{
	static unsigned int nb; /* the first table is that of the start */

	if (reply->wire.request == GUEST_MSG_SET_MEM_TABLE)
		reply->wire.u.u64 = nb++ > 0;
}

static void
test_refused_hot_add_changes_nothing(void **state)
{
	struct guest_vm_stats stats;

	begin((struct fake_back_attr){ .mutate = refuse_tables }, 1);
	assert_int_equal(guest_vm_hot_add(vm, 2 * MIB, NULL), -EREMOTEIO);
	assert_string_equal(guest_vm_error(vm), "SET_MEM_TABLE: the back-end refuses it (1)");
	guest_vm_stats(vm, &stats);
	assert_int_equal(stats.nb_pools, 1);
	assert_int_equal(guest_mem_hotplug_gpa(guest_vm_mem(vm)), GUEST_MEM_HIGH);
	end();
}

static void
test_reset_pause_resume(void **state)
{
	struct guest_vm_stats stats;

	begin((struct fake_back_attr){ .fault = FAKE_NONE }, 1);
	send_frames(0);
	for (unsigned int i = 0; i < 5; i++) {
		wait_for(100);
		assert_int_equal(guest_vm_reset(vm), 0);
		wait_for(100);
		assert_int_equal(guest_vm_pause(vm), 0);
		assert_false(guest_vm_is_up(vm));
		assert_int_equal(guest_vm_resume(vm), 0);
		assert_int_equal(guest_vm_resume(vm), -EALREADY);
		wait_for(100);
		assert_int_equal(guest_vm_rebind(vm), 0);
	}
	wait_for(100);
	stop_without_loss();
	assert_int_equal(count_of(0).duplicated + count_of(0).reordered, 0);
	guest_vm_stats(vm, &stats);
	assert_int_equal(stats.device_errors, 0);
	assert_int_equal(stats.base_errors, 0);
	end();
}

/* The back-end dies under traffic; another one goes on at the used index. */
static void
test_back_end_dies_and_comes_back(void **state)
{
	uint64_t deadline = base_clock_ns() + 5 * BASE_NS_PER_S;

	begin((struct fake_back_attr){ .fault = FAKE_NONE }, 1);
	send_frames(0);
	wait_for(100);
	fake_back_stop(fake);
	while (guest_vm_is_up(vm) && base_clock_ns() < deadline)
		usleep(200);
	assert_false(guest_vm_is_up(vm));
	assert_int_not_equal(guest_vm_reset(vm), 0);
	guest_vm_disconnect(vm);
	fake = connect_fake((struct fake_back_attr){ .fault = FAKE_NONE });
	assert_int_equal(guest_vm_reconnect(vm), 0);
	wait_for(100);
	stop_without_loss();
	end();
}

/* A front-end that dies at any message of its start comes back, and loses nothing. */
static void
test_killed_at_each_message(void **state)
{
	unsigned int at = 0;
	int ret;

	begin((struct fake_back_attr){ .fault = FAKE_NONE }, 1);
	send_frames(0);
	do {
		wait_for(20);
		at++;
		guest_vm_disconnect(vm);
		fake_back_stop(fake);
		fake = connect_fake((struct fake_back_attr){ .fault = FAKE_NONE });
		ret = guest_vm_kill(vm, at);
		assert_int_equal(guest_vm_is_up(vm), ret == -ERANGE);
		if (ret == -ERANGE)
			break;
		assert_int_equal(ret, 0);
		assert_int_equal(strncmp(guest_vm_error(vm), "cut before ", 11), 0);
		fake_back_stop(fake);
		fake = connect_fake((struct fake_back_attr){ .fault = FAKE_NONE });
		assert_int_equal(guest_vm_reconnect(vm), 0);
	} while (at < 100);
	assert_in_range(at, 20, 60);
	stop_without_loss();
	end();
}

/* Who comes to hear a stream while it is down has an outage at once. */
static void
test_hear_and_ignore(void **state)
{
	begin((struct fake_back_attr){ .fault = FAKE_NONE }, 1);
	guest_vm_ignore(vm, 0, 1);
	assert_int_equal(guest_vm_pause(vm), 0);
	send_frames(10);
	guest_vm_hear(vm, 0, 1);
	assert_int_equal(guest_vm_resume(vm), 0);
	send_frames(10);
	wait_total(0, 10);
	stop_without_loss();
	end();
}

static void
test_queue_enable(void **state)
{
	begin((struct fake_back_attr){ .fault = FAKE_NONE }, 1);
	assert_true(guest_vm_is_enabled(vm, 0));
	assert_int_equal(guest_vm_disable(vm, 0), 0);
	assert_false(guest_vm_is_enabled(vm, 0));
	assert_int_equal(guest_vm_enable(vm, 0), 0);
	assert_true(guest_vm_is_enabled(vm, 0));
	assert_false(guest_vm_is_enabled(vm, 2));
	assert_int_equal(guest_vm_enable(vm, 2), -EINVAL);
	send_frames(NB);
	wait_total(0, NB);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_fault),
		cmocka_unit_test(test_lost_frame),
		cmocka_unit_test(test_duplicated_frame),
		cmocka_unit_test(test_reordered_frame),
		cmocka_unit_test(test_torn_frame),
		cmocka_unit_test(test_wrecked_frame),
		cmocka_unit_test(test_hostile_used_entries),
		cmocka_unit_test(test_descriptors_that_do_not_come_back),
		cmocka_unit_test(test_two_pairs),
		cmocka_unit_test(test_hot_add_and_remove),
		cmocka_unit_test(test_refused_hot_add_changes_nothing),
		cmocka_unit_test(test_reset_pause_resume),
		cmocka_unit_test(test_back_end_dies_and_comes_back),
		cmocka_unit_test(test_killed_at_each_message),
		cmocka_unit_test(test_hear_and_ignore),
		cmocka_unit_test(test_queue_enable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
