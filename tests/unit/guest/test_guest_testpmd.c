/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two guests over a back-end that we did not write: dpdk-testpmd forwards between two vhost-user
 * ports. Skipped (77) where dpdk-testpmd is not installed.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base_clock.h"
#include "base_math.h"
#include "guest_vm.h"

#define NB_PAIRS 2
#define MIB 0x100000ULL

static char dir[] = "/tmp/guest-testpmd.XXXXXX";
static char sockets[2][64];
static pid_t testpmd = -1;
static int testpmd_stdin = -1; /* testpmd ends when it reads a line or the end */
static struct guest_ledger *ledger;
static struct guest_vm *vms[2];

static void
log_write(void *arg, enum base_log_level level, const char *msg)
{
	fprintf(stderr, "%s: %s\n", base_log_level_name(level), msg);
}

static const struct base_log stderr_log = { BASE_LOG_INFO, log_write, NULL };

static void
run_testpmd(int in)
{
	char log[80], vdevs[2][160], prefix[64];
	int fd;

	snprintf(log, sizeof(log), "%s/log", dir);
	snprintf(prefix, sizeof(prefix), "--file-prefix=%s", strrchr(dir, '.') + 1);
	for (int i = 0; i < 2; i++)
		snprintf(vdevs[i], sizeof(vdevs[i]), "--vdev=net_vhost%d,iface=%s,queues=%d", i,
				sockets[i], NB_PAIRS);
	fd = open(log, O_CREAT | O_WRONLY, 0600);
	setenv("RUNTIME_DIRECTORY", dir, 1); /* XDG_RUNTIME_DIR means nothing to root's DPDK */
	dup2(in, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	execlp("dpdk-testpmd", "dpdk-testpmd", "-l", "0,1", "--no-huge", "-m", "256", "--no-pci",
			prefix, vdevs[0], vdevs[1], "--", "--forward-mode=io", "--no-mlockall",
			"--total-num-mbufs=8192", "--rxq=2", "--txq=2", (char *)NULL);
	_exit(127);
}

static int
start_testpmd(void **state)
{
	int fds[2];

	if (mkdtemp(dir) == NULL || pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	for (int i = 0; i < 2; i++)
		snprintf(sockets[i], sizeof(sockets[i]), "%s/%c.sock", dir, 'a' + i);
	testpmd = fork();
	if (testpmd == 0)
		run_testpmd(fds[0]);
	close(fds[0]);
	testpmd_stdin = fds[1];
	return testpmd < 0 ? -1 : 0;
}

/* Removes the directory and what testpmd left in it. */
static void
clean_up(void)
{
	char cmd[160];

	snprintf(cmd, sizeof(cmd), "rm -rf -- %s", dir);
	if (system(cmd) != 0)
		fprintf(stderr, "cannot remove %s\n", dir);
}

static int
stop_testpmd(void **state)
{
	int status;

	close(testpmd_stdin);
	kill(testpmd, SIGTERM);
	waitpid(testpmd, &status, 0);
	clean_up();
	return 0;
}

static int
start_guests(void **state)
{
	struct guest_vm_attr attr = {
		.mode = GUEST_VHOST_CLIENT,
		.nb_pairs = NB_PAIRS,
		.ring_size = 256,
		.nb_rx = NB_PAIRS,
		.log = &stderr_log,
	};

	if (guest_ledger_create(2 * NB_PAIRS, &ledger) != 0)
		return -1;
	attr.ledger = ledger;
	for (unsigned int i = 0; i < 2; i++) {
		attr.name = i == 0 ? "A" : "B";
		attr.socket = sockets[i];
		memcpy(attr.mac, (uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)(i + 1) }, 6);
		attr.tx_stream = i * NB_PAIRS;
		attr.rx_stream = (1 - i) * NB_PAIRS;
		if (guest_vm_create(&attr, &vms[i]) != 0)
			return -1;
	}
	return guest_vm_start(vms[0]) != 0 || guest_vm_start(vms[1]) != 0 ? -1 : 0;
}

static int
stop_guests(void **state)
{
	guest_vm_destroy(vms[0]);
	guest_vm_destroy(vms[1]);
	guest_ledger_destroy(ledger);
	return 0;
}

static void
send_both(uint64_t count)
{
	struct guest_traffic_load load = { .frame_len = 200, .window = 32, .count = count };

	for (unsigned int i = 0; i < 2; i++) {
		memcpy(load.peer, (uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)(2 - i) }, 6);
		load.frame_len += 700 * i;
		assert_int_equal(guest_vm_send(vms[i], &load), 0);
	}
}

/* Waits until @nb packets of each stream have arrived. */
static void
wait_for(uint64_t nb)
{
	for (uint32_t i = 0; i < 2 * NB_PAIRS; i++)
		assert_int_equal(guest_ledger_wait(ledger, i, nb, 10000), 0);
}

/* Ends the traffic and checks the account of @phase: nothing but @excused may be missing. */
static void
settle(unsigned int phase, bool excused)
{
	struct guest_ledger_summary s;
	struct guest_vm_stats stats;

	guest_vm_quiet(vms[0]);
	guest_vm_quiet(vms[1]);
	guest_ledger_drain(ledger, 2000);
	guest_ledger_phase_close(ledger);
	assert_int_equal(guest_ledger_summarise(ledger, phase, &s), 0);
	printf("%s: sent %lu received %lu lost %lu excused %lu gap %.1f ms\n", s.name, s.total.sent,
			s.total.received, s.total.lost, s.total.excused,
			(double)s.total.longest_gap_ns / 1e6);
	assert_true(s.total.sent > 0);
	assert_int_equal(s.total.lost, 0);
	assert_int_equal(s.total.duplicated, 0);
	assert_int_equal(s.total.reordered, 0);
	assert_int_equal(s.total.torn, 0);
	assert_int_equal(s.total.invented, 0);
	assert_int_equal(guest_ledger_wrecks(ledger), 0);
	if (!excused)
		assert_int_equal(s.total.excused, 0);
	for (unsigned int i = 0; i < 2; i++) {
		guest_vm_stats(vms[i], &stats);
		assert_int_equal(stats.device_errors, 0);
		assert_int_equal(stats.base_errors, 0);
	}
}

/* A testpmd that is still starting its ports drops what comes: wait until both directions live. */
static void
warm_up(void)
{
	for (uint32_t i = 0; i < 2 * NB_PAIRS; i++)
		guest_ledger_outage_begin(ledger, i);
	for (uint32_t i = 0; i < 2 * NB_PAIRS; i++)
		guest_ledger_outage_end(ledger, i);
	send_both(0);
	wait_for(10);
}

static void
test_traffic_both_ways(void **state)
{
	int phase;

	warm_up();
	phase = guest_ledger_phase_open(ledger, "traffic");
	wait_for(5000);
	settle((unsigned int)phase, false);
}

static void
test_hot_add_and_remove_under_traffic(void **state)
{
	struct guest_vm_stats stats;
	uint64_t gpa;
	int phase;

	warm_up();
	phase = guest_ledger_phase_open(ledger, "hot-add");
	wait_for(500);
	assert_int_equal(guest_vm_hot_add(vms[0], 16 * MIB, &gpa), 0);
	assert_int_equal(gpa, GUEST_MEM_HIGH);
	wait_for(3000);
	guest_vm_stats(vms[0], &stats);
	assert_int_equal(stats.nb_pools, 2);
	assert_true(stats.pools[1].received > 0);
	assert_true(stats.pools[1].sent > 0);
	assert_int_equal(guest_vm_hot_remove(vms[0], gpa), 0);
	wait_for(5000);
	settle((unsigned int)phase, false);
	guest_vm_stats(vms[0], &stats);
	assert_int_equal(stats.nb_pools, 1);
}

static void
test_reset_then_traffic(void **state)
{
	struct guest_ledger_count count;
	int phase;

	warm_up();
	phase = guest_ledger_phase_open(ledger, "reset");
	wait_for(500);
	assert_int_equal(guest_vm_reset(vms[0]), 0);
	/* both directions of the new life */
	for (uint32_t i = 0; i < 2 * NB_PAIRS; i++) {
		assert_int_equal(guest_ledger_count(ledger, i, &count), 0);
		wait_for(count.received + 500);
	}
	settle((unsigned int)phase, true);
}

static void
test_pause_and_resume(void **state)
{
	struct guest_ledger_count count;
	int phase;

	warm_up();
	phase = guest_ledger_phase_open(ledger, "pause");
	wait_for(300);
	assert_int_equal(guest_vm_pause(vms[1]), 0);
	assert_int_equal(guest_vm_resume(vms[1]), 0);
	assert_int_equal(guest_ledger_count(ledger, 0, &count), 0);
	wait_for(count.received + 500);
	settle((unsigned int)phase, true);
}

static bool
have_testpmd(void)
{
	return system("command -v dpdk-testpmd >/dev/null 2>&1") == 0;
}

int
main(void)
{
#define GUEST_TEST(f) cmocka_unit_test_setup_teardown(f, start_guests, stop_guests)
	const struct CMUnitTest tests[] = {
		GUEST_TEST(test_traffic_both_ways),
		GUEST_TEST(test_hot_add_and_remove_under_traffic),
		GUEST_TEST(test_reset_then_traffic),
		GUEST_TEST(test_pause_and_resume),
	};

	if (!have_testpmd()) {
		printf("skipped: no dpdk-testpmd\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, start_testpmd, stop_testpmd);
}
