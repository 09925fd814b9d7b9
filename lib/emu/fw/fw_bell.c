/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the kernel may end a sleep late, by the thread's timer slack (50 us where
 * nobody changed it) and by the time that a wake-up takes. So the slack is made small for as long
 * as the sleep lasts (the thread is the program's own, and gets its slack back), the sleep ends a
 * little early, and the rest is spent yielding: on a machine with more threads than cores that is
 * as exact as it gets, and it does not keep others from running.
 *
 * A bell is a futex that counts. Who waits reads the count first, looks whether it has to wait,
 * and then sleeps unless the count has changed: no ring can fall between.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base_clock.h"
#include "fw_bell.h"

#define FW_WAIT_YIELD_NS 25000u /* last part of a wait */
#define FW_WAIT_SLACK_NS 1000ul

void
fw_bell_ring(struct fw_bell *bell)
{
	__atomic_add_fetch(&bell->rung, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &bell->rung, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

uint32_t
fw_bell_read(const struct fw_bell *bell)
{
	return __atomic_load_n(&bell->rung, __ATOMIC_SEQ_CST);
}

/* Until rung or until the moment, 0: for ever; signals do not end it. */
static void
fw_bell_sleep(struct fw_bell *bell, uint32_t seen, uint64_t until_ns)
{
	struct timespec ts = { .tv_sec = (time_t)(until_ns / BASE_NS_PER_S),
		.tv_nsec = (long)(until_ns % BASE_NS_PER_S) };

	while (fw_bell_read(bell) == seen) {
		if (syscall(SYS_futex, &bell->rung, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, seen,
				    until_ns == 0 ? NULL : &ts, NULL,
				    FUTEX_BITSET_MATCH_ANY) != 0 &&
				errno == ETIMEDOUT)
			return;
	}
}

bool
fw_bell_wait(struct fw_bell *bell, uint32_t seen, uint64_t deadline_ns)
{
	uint64_t now = base_clock_ns();
	int slack;

	if (deadline_ns == 0) {
		fw_bell_sleep(bell, seen, 0);
		return true;
	}
	if (deadline_ns > now + FW_WAIT_YIELD_NS) {
		slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
		prctl(PR_SET_TIMERSLACK, FW_WAIT_SLACK_NS, 0, 0, 0);
		fw_bell_sleep(bell, seen, deadline_ns - FW_WAIT_YIELD_NS);
		if (slack > 0)
			prctl(PR_SET_TIMERSLACK, (unsigned long)slack, 0, 0, 0);
	}
	while (fw_bell_read(bell) == seen) {
		if (base_clock_ns() >= deadline_ns)
			return false;
		sched_yield();
	}
	return true;
}
