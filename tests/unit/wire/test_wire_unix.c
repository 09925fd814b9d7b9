/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: two wires, each with one owner (port 0) and a socket (port 1), in one process
 * or in two. The crank is turned by the test; one test lets the watcher's thread call.
 */
#include "wire_peer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base_clock.h"

#define LIMIT_NS (10 * BASE_NS_PER_S)

static char dir[] = "/tmp/wire-unix-XXXXXX";
static char path[sizeof(dir) + 8];

struct side {
	struct wire *wire;
	struct wire_peer peer;
	struct wire_hold hold;
	uint8_t next; /* number that the next frame has to have */
	bool numbered;
};

static enum wire_answer
side_can_take(void *arg, const struct wire_frame *frame)
{
	return wire_peer_can_take(&((struct side *)arg)->peer, frame);
}

static void
side_take(void *arg, const struct wire_frame *frame)
{
	struct side *side = arg;

	wire_peer_take(&side->peer, frame);
	if (side->numbered)
		assert_int_equal(frame->head[20], side->next);
	side->next++;
}

static const struct wire_port_ops side_ops = { .can_take = side_can_take, .take = side_take };

static void
side_make(struct side *side, enum wire_unix_role role)
{
	memset(side, 0, sizeof(*side));
	assert_int_equal(wire_switch_create(1, 5000, NULL, &side->wire), 0);
	wire_plug(side->wire, 0, &side_ops, side);
	wire_port_wake(side->wire, 0);
	assert_int_equal(wire_unix_add(side->wire, 0, "cable", path, role), 1);
}

static int
side_send(struct side *side, uint8_t number)
{
	uint8_t frame[60];

	wire_peer_frame(frame, 0xff, 1);
	frame[20] = number;
	return wire_peer_send(side->wire, 0, frame, sizeof(frame), &side->hold);
}

static void
await_link(struct side *a, struct side *b)
{
	uint64_t begin = base_clock_ns();

	while (!wire_link(a->wire, 1) || !wire_link(b->wire, 1)) {
		wire_poll(a->wire);
		wire_poll(b->wire);
		assert_true(base_clock_ns() - begin < LIMIT_NS);
	}
}

static void
await_frames(struct side *side, unsigned int nb)
{
	uint64_t begin = base_clock_ns();

	while (side->peer.frames < nb) {
		wire_poll(side->wire);
		assert_true(base_clock_ns() - begin < LIMIT_NS);
	}
	assert_int_equal(side->peer.frames, nb);
}

static void
test_either_side_first(void **state)
{
	struct side a, b;

	(void)state;
	side_make(&b, WIRE_UNIX_CONNECT);
	wire_poll(b.wire);
	assert_false(wire_link(b.wire, 1));
	assert_string_equal(wire_link_text(b.wire, 1), "no carrier");
	side_make(&a, WIRE_UNIX_LISTEN);
	await_link(&a, &b);
	assert_int_equal(side_send(&a, 1), 0);
	assert_int_equal(side_send(&b, 2), 0);
	await_frames(&a, 1);
	await_frames(&b, 1);
	assert_int_equal(a.peer.last[20], 2);
	assert_int_equal(b.peer.last[20], 1);
	assert_int_equal(a.peer.last_len, 60);
	wire_destroy(a.wire);
	/* the listener has taken its name away */
	assert_int_equal(access(path, F_OK), -1);
	/* what is sent to nobody is gone, and counted */
	while (wire_link(b.wire, 1))
		wire_poll(b.wire);
	assert_int_equal(side_send(&b, 3), 0);
	/* it comes back */
	side_make(&a, WIRE_UNIX_LISTEN);
	await_link(&a, &b);
	assert_int_equal(side_send(&b, 4), 0);
	await_frames(&a, 1);
	assert_int_equal(a.peer.last[20], 4);
	wire_destroy(b.wire);
	/* and now the other one */
	while (wire_link(a.wire, 1))
		wire_poll(a.wire);
	side_make(&b, WIRE_UNIX_CONNECT);
	await_link(&a, &b);
	wire_destroy(b.wire);
	wire_destroy(a.wire);
}

static void
test_a_full_socket_holds_the_sender_up(void **state)
{
	struct side a, b;
	struct wire_port_stats stats;
	unsigned int sent = 0;

	(void)state;
	side_make(&a, WIRE_UNIX_LISTEN);
	side_make(&b, WIRE_UNIX_CONNECT);
	await_link(&a, &b);
	b.numbered = true;
	/* the receiver cannot take them: they stay in the socket until it is full */
	b.peer.full = true;
	while (side_send(&a, (uint8_t)sent) == 0) {
		sent++;
		wire_poll(b.wire);
		assert_true(sent < 100000);
	}
	assert_true(sent > 10);
	assert_int_equal(side_send(&a, (uint8_t)sent), -EAGAIN);
	b.peer.full = false;
	await_frames(&b, sent - 1); /* one waits beside the socket */
	wire_poll(a.wire);
	await_frames(&b, sent);
	assert_int_equal(side_send(&a, (uint8_t)sent), 0);
	await_frames(&b, sent + 1);
	wire_port_stats(a.wire, 1, &stats);
	assert_int_equal(stats.rx_frames, sent + 1);
	assert_int_equal(stats.rx_dropped + stats.rx_error, 0);
	wire_destroy(b.wire);
	wire_destroy(a.wire);
}

static void
test_names(void **state)
{
	static const char other[] = "a file";
	char longest[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	struct wire *wire;
	struct side a;
	struct stat st;
	FILE *file;

	(void)state;
	side_make(&a, WIRE_UNIX_LISTEN);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(wire_switch_create(1, 10, NULL, &wire), 0);
	/* somebody listens: it is theirs */
	assert_int_equal(wire_unix_add(wire, 0, "x", path, WIRE_UNIX_LISTEN), -EADDRINUSE);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(wire_unix_add(wire, 0, "x", longest, WIRE_UNIX_LISTEN), -ENAMETOOLONG);
	assert_int_equal(wire_unix_add(wire, 0, "x", "", WIRE_UNIX_CONNECT), -ENAMETOOLONG);
	assert_int_equal(wire_nb_ports(wire), 1);
	wire_destroy(a.wire);
	/* a file of another kind is nobody's to remove */
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(other, file);
	fclose(file);
	assert_int_equal(wire_unix_add(wire, 0, "x", path, WIRE_UNIX_LISTEN), -EADDRINUSE);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, sizeof(other) - 1);
	unlink(path);
	wire_destroy(wire);
}

static int
dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	strcpy(addr.sun_path, path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void
test_bad_peer(void **state)
{
	static uint8_t big[WIRE_FRAME_MAX + 1];
	struct wire_port_stats stats;
	uint64_t begin;
	struct side a;
	int fd, other;

	(void)state;
	side_make(&a, WIRE_UNIX_LISTEN);
	fd = dial();
	begin = base_clock_ns();
	while (!wire_link(a.wire, 1)) {
		wire_poll(a.wire);
		assert_true(base_clock_ns() - begin < LIMIT_NS);
	}
	/* too short, too long; the next one is fine */
	wire_peer_frame(big, 0xff, 1);
	assert_int_equal(send(fd, big, 1, 0), 1);
	assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
	assert_int_equal(send(fd, big, 60, 0), 60);
	await_frames(&a, 1);
	wire_port_stats(a.wire, 1, &stats);
	assert_int_equal(stats.tx_size, 2);
	/* a second one has its turn when the first one is gone */
	other = dial();
	assert_int_equal(send(other, big, 60, 0), 60);
	wire_poll(a.wire);
	assert_int_equal(a.peer.frames, 1);
	close(fd);
	await_frames(&a, 2);
	/* an empty message is the end, too */
	assert_int_equal(send(other, big, 0, 0), 0);
	begin = base_clock_ns();
	while (wire_link(a.wire, 1)) {
		wire_poll(a.wire);
		assert_true(base_clock_ns() - begin < LIMIT_NS);
	}
	close(other);
	wire_destroy(a.wire);
}

/* --- two processes, and the watcher --------------------------------------------------------- */

static void
engine_wake(void *arg)
{
	eventfd_write(*(int *)arg, 1);
}

/* An engine that sleeps until it is called, and stays awake as the real one does. */
static void
engine_run(struct side *side, int fd, unsigned int nb)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t begin = base_clock_ns();
	eventfd_t calls;

	while (side->peer.frames < nb) {
		assert_true(base_clock_ns() - begin < LIMIT_NS);
		wire_poll(side->wire);
		if (wire_is_busy(side->wire))
			continue;
		assert_int_equal(poll(&pfd, 1, (int)(LIMIT_NS / BASE_NS_PER_MS)), 1);
		eventfd_read(fd, &calls);
	}
}

/* Gives each frame back, until the other side is gone. */
static void
echo_process(void)
{
	struct side side;
	uint64_t begin = base_clock_ns();

	side_make(&side, WIRE_UNIX_CONNECT);
	while (base_clock_ns() - begin < LIMIT_NS) {
		unsigned int before = side.peer.frames;

		wire_poll(side.wire);
		if (side.peer.frames == before)
			continue;
		while (before++ < side.peer.frames)
			side_send(&side, side.peer.last[20]);
	}
	_exit(0);
}

static void
test_two_processes(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	unsigned int life;
	struct side a;

	(void)state;
	assert_true(fd >= 0);
	side_make(&a, WIRE_UNIX_LISTEN);
	assert_int_equal(wire_start(a.wire, engine_wake, &fd), 0);
	for (life = 0; life < 2; life++) {
		uint64_t begin = base_clock_ns();
		pid_t pid = fork();
		unsigned int i;

		assert_true(pid >= 0);
		if (pid == 0)
			echo_process();
		while (!wire_link(a.wire, 1)) {
			wire_poll(a.wire);
			assert_true(base_clock_ns() - begin < LIMIT_NS);
		}
		a.peer.frames = 0;
		for (i = 0; i < 100; i++) {
			assert_int_equal(side_send(&a, (uint8_t)i), 0);
			engine_run(&a, fd, i + 1);
			assert_int_equal(a.peer.last[20], (uint8_t)i);
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while (wire_link(a.wire, 1)) {
			wire_poll(a.wire);
			assert_true(base_clock_ns() - begin < LIMIT_NS);
		}
	}
	wire_destroy(a.wire);
	close(fd);
}

static void
test_killed_listener_is_replaced(void **state)
{
	struct side a, b;
	int tube[2];
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(tube), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		side_make(&a, WIRE_UNIX_LISTEN);
		if (write(tube[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(tube[0], &c, 1), 1);
	close(tube[0]);
	close(tube[1]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(access(path, F_OK), 0); /* left behind */
	side_make(&a, WIRE_UNIX_LISTEN);
	side_make(&b, WIRE_UNIX_CONNECT);
	await_link(&a, &b);
	wire_destroy(b.wire);
	/* at the process's exit nothing is freed, but the name goes */
	wire_halt(a.wire);
	assert_int_equal(access(path, F_OK), -1);
	wire_destroy(a.wire);
}

/* The descriptor of this process that epoll_wait() waits on, or -1. */
static int
find_epoll(void)
{
	char name[32], target[64];
	ssize_t len;
	int fd;

	for (fd = 0; fd < 64; fd++) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		len = readlink(name, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		if (strcmp(target, "anon_inode:[eventpoll]") == 0)
			return fd;
	}
	return -1;
}

static void
wake_nobody(void *arg)
{
	(void)arg;
}

/* A program that closes all descriptors, as daemons do, gets no thread that runs for ever. */
static void
test_closed_behind_our_back(void **state)
{
	struct timespec pause = { .tv_nsec = 300 * BASE_NS_PER_MS }, cpu;
	struct side side;
	uint64_t begin, used;

	(void)state;
	side_make(&side, WIRE_UNIX_CONNECT);
	assert_int_equal(wire_start(side.wire, wake_nobody, NULL), 0);
	/* nobody listens: the port rests, with a tick now and then */
	begin = base_clock_ns();
	while (wire_is_busy(side.wire) && base_clock_ns() - begin < LIMIT_NS)
		wire_poll(side.wire);
	/* not by close(), which the thread sanitizer rightly calls a race */
	assert_int_equal(syscall(SYS_close, find_epoll()), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	used = (uint64_t)cpu.tv_sec * BASE_NS_PER_S + (uint64_t)cpu.tv_nsec;
	nanosleep(&pause, NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	used = (uint64_t)cpu.tv_sec * BASE_NS_PER_S + (uint64_t)cpu.tv_nsec - used;
	assert_true(used < 100 * BASE_NS_PER_MS);
	wire_stop(side.wire);
	wire_destroy(side.wire);
}

static void
test_no_thread_without_ports_out(void **state)
{
	struct wire *wire;

	(void)state;
	assert_int_equal(wire_switch_create(2, 0, NULL, &wire), 0);
	assert_int_equal(wire_start(wire, NULL, NULL), 0);
	assert_null(wire->watch);
	assert_int_equal(wire_poll(wire), 0);
	assert_false(wire_is_busy(wire));
	wire_stop(wire);
	wire_destroy(wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_either_side_first),
		cmocka_unit_test(test_a_full_socket_holds_the_sender_up),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bad_peer),
		cmocka_unit_test(test_two_processes),
		cmocka_unit_test(test_killed_listener_is_replaced),
		cmocka_unit_test(test_closed_behind_our_back),
		cmocka_unit_test(test_no_thread_without_ports_out),
	};
	int ret;

	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/s", dir);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(dir);
	return ret;
}
