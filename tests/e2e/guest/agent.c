/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * agent: sends, receives and accounts for numbered frames inside a guest.
 *
 *     agent SERIAL INTERFACE PEER-MAC
 *
 * Theory of operation: one thread, one poll() on the serial port (commands, one a line, each
 * answered by one line of JSON), the packet socket, and a timer that ticks while frames are being
 * sent. At each tick the frames that are due since the start are sent; a frame that the kernel
 * refuses (ENOBUFS, EAGAIN) keeps its number and is tried again at the next tick, so every number
 * below "sent" has been given to the driver exactly once. The frames pass by the kernel's queueing
 * discipline, because that one drops frames without an error where the interface has no carrier.
 *
 * What is done to the guest itself (rebind and so on) keeps the thread busy: nothing is sent or
 * received meanwhile. A frozen guest does less: what comes stays in the ring and nobody touches it,
 * nor is a command read (the kernel brings them by a thread of its own). The agent alone runs, and
 * writes into its own memory again and again, so that a migration finds no end by itself, until
 * the port that tells places apart has another answer.
 *
 * Commands: hello | epoch N (my frames' epoch, numbers from 0) | expect N (the peer's) |
 * longest BYTES (of my frames) | start RATE | stop | mark (begin a new gap) | stat |
 * missing FROM TO (numbers not seen) |
 * silence FROM TO (the longest one at a time of the guest's clock, in us) | clock |
 * hold 1 (leave what comes unread, in the memory that the device wrote it to) | hold 0 |
 * freeze MS (until the guest is at another place, or so long) | thawed (how that ended) |
 * rebind DRIVER | online POLICY | channels PAIRS | interface | interrupts | reboot
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "agent_arrival.h"
#include "agent_count.h"
#include "agent_frame.h"
#include "agent_guest.h"
#include "agent_interrupt.h"

#define AGENT_TICK_NS 1000000
#define AGENT_NS_PER_S 1000000000ULL
#define AGENT_BURST 256 /* frames sent at one tick at most: the receiver must get its turn */
#define AGENT_RCVBUF (16 << 20)
#define AGENT_RESTLESS (16 << 20) /* bytes that are written to again and again in a frozen guest */
#define AGENT_PAGE 4096 /* or less than the machine's: then it is written to more often */
#define AGENT_VECTORS 32

_Static_assert(AGENT_COUNT_STREAMS == AGENT_FRAME_STREAMS, "order is judged within a stream");

struct agent {
	const char *interface;
	int serial;
	int sock;
	int timer;
	uint8_t mac[6];
	uint8_t peer[6];
	/* sender */
	struct agent_frame tx; /* the next frame */
	uint64_t tx_refused;
	uint64_t tx_start_ns; /* 0: not sending */
	uint64_t tx_start_number;
	uint64_t tx_rate; /* frames a second */
	/* receiver */
	struct agent_count rx;
	uint64_t rx_dropped; /* by the packet socket: too slow here, not the card's fault */
	bool rx_held;
	uint64_t thaw_ns; /* 0: not frozen */
	volatile uint8_t *restless; /* while frozen */
	int frozen_place;
	bool moved; /* when it thawed last */
	struct agent_arrivals arrivals;
};

static uint64_t
agent_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * AGENT_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void
agent_die(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
agent_answer(struct agent *agent, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len > 0) {
		n = write(agent->serial, text, len);
		if (n < 0 && errno != EINTR)
			agent_die("serial port");
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

static void
agent_timer(struct agent *agent, long tick_ns)
{
	struct itimerspec its = { .it_interval.tv_nsec = tick_ns, .it_value.tv_nsec = tick_ns };

	if (timerfd_settime(agent->timer, 0, &its, NULL) != 0)
		agent_die("timerfd_settime");
}

/* What could not be sent until now is not caught up with: a burst would ask for more buffers than
 * the peer has. */
static void
agent_pace(struct agent *agent)
{
	agent->tx_start_number = agent->tx.number;
	agent->tx_start_ns = agent_now();
}

static void
agent_send_due(struct agent *agent)
{
	uint8_t buf[AGENT_FRAME_MAX];
	unsigned int burst;
	uint64_t ticks;
	uint64_t due;

	(void)!read(agent->timer, &ticks, sizeof(ticks));
	if (agent->tx_start_ns == 0)
		return;
	due = agent->tx_start_number + 1 +
			(agent_now() - agent->tx_start_ns) / 1000 * agent->tx_rate / 1000000;
	for (burst = 0; burst < AGENT_BURST && agent->tx.number < due; burst++) {
		size_t len = agent_frame_make(buf, agent->peer, agent->mac, &agent->tx);

		if (send(agent->sock, buf, len, MSG_DONTWAIT) != (ssize_t)len) {
			agent->tx_refused++;
			if (!agent_guest_has_carrier(agent->interface))
				agent_pace(agent);
			return;
		}
		agent->tx.number++;
	}
}

static void
agent_enter(struct agent *agent, const struct agent_frame *frame)
{
	struct agent_arrival arrival = { .ns = agent_now(), .sent = agent->tx.number };

	agent_count_frame(&agent->rx, frame->epoch, frame->number, arrival.ns);
	agent_arrival_enter(&agent->arrivals, &arrival);
}

static void
agent_receive(struct agent *agent)
{
	uint8_t buf[AGENT_FRAME_MAX];
	struct agent_frame frame;
	unsigned int i;
	ssize_t len;

	for (i = 0; i < AGENT_BURST; i++) {
		struct sockaddr_ll from;
		socklen_t from_len = sizeof(from);

		len = recvfrom(agent->sock, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC,
				(struct sockaddr *)&from, &from_len);
		if (len < 0)
			return;
		/* A switch that does not know an address yet sends to all: not for us. */
		if (from.sll_pkttype != PACKET_HOST)
			continue;
		switch (len > (ssize_t)sizeof(buf) ? AGENT_FRAME_CORRUPT :
						     agent_frame_check(buf, (size_t)len, &frame)) {
		case AGENT_FRAME_OURS:
			agent_enter(agent, &frame);
			break;
		case AGENT_FRAME_CORRUPT:
			agent->rx.corrupt++;
			break;
		case AGENT_FRAME_FOREIGN:
			break;
		}
	}
}

static void
agent_open_packet(struct agent *agent)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	struct ifreq ifr = { 0 };
	int size = AGENT_RCVBUF;
	int on = 1;

	agent->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (agent->sock < 0)
		agent_die("packet socket");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", agent->interface);
	if (ioctl(agent->sock, SIOCGIFHWADDR, &ifr) != 0)
		agent_die(agent->interface);
	memcpy(agent->mac, ifr.ifr_hwaddr.sa_data, 6);
	addr.sll_ifindex = (int)if_nametoindex(agent->interface);
	if (setsockopt(agent->sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		agent_die("SO_RCVBUFFORCE");
	if (bind(agent->sock, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		agent_die("bind");
	if (setsockopt(agent->sock, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) != 0)
		agent_die("PACKET_QDISC_BYPASS");
}

/* Reading the kernel's count resets it. */
static void
agent_count_drops(struct agent *agent)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	if (getsockopt(agent->sock, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		agent->rx_dropped += stats.tp_drops;
}

/* The next number of a command's arguments. */
static uint64_t
agent_number(char **arg)
{
	return strtoull(*arg, arg, 10);
}

static void
agent_cmd_hello(struct agent *agent, char *arg)
{
	char text[256];
	struct sysinfo si;

	sysinfo(&si);
	snprintf(text, sizeof(text),
			"{\"uptime_s\":%ld,\"mem_mb\":%" PRIu64 ",\"free_mb\":%" PRIu64 "}\n",
			si.uptime, (uint64_t)si.totalram * si.mem_unit >> 20,
			(uint64_t)si.freeram * si.mem_unit >> 20);
	agent_answer(agent, text);
}

static void
agent_cmd_epoch(struct agent *agent, char *arg)
{
	agent->tx.epoch = (uint32_t)agent_number(&arg);
	agent->tx.number = 0;
	agent->tx_refused = 0;
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_longest(struct agent *agent, char *arg)
{
	uint64_t longest = agent_number(&arg);

	if (longest < AGENT_FRAME_MIN || longest > AGENT_FRAME_MAX) {
		agent_answer(agent, "{\"error\":\"no such length\"}\n");
		return;
	}
	agent->tx.longest = (uint16_t)longest;
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_expect(struct agent *agent, char *arg)
{
	agent_count_reset(&agent->rx, (uint32_t)agent_number(&arg));
	agent_count_drops(agent); /* of before */
	agent->rx_dropped = 0;
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_start(struct agent *agent, char *arg)
{
	agent->tx_rate = agent_number(&arg);
	agent_pace(agent);
	agent_timer(agent, AGENT_TICK_NS);
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_stop(struct agent *agent, char *arg)
{
	agent->tx_start_ns = 0;
	agent_timer(agent, 0);
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_mark(struct agent *agent, char *arg)
{
	agent_count_mark(&agent->rx, agent_now());
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_stat(struct agent *agent, char *arg)
{
	char text[512];

	agent_count_drops(agent);
	snprintf(text, sizeof(text),
			"{\"sent\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"unique\":%" PRIu64
			",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64
			",\"reordered_in_stream\":%" PRIu64 ",\"corrupt\":%" PRIu64
			",\"stale\":%" PRIu64 ",\"beyond\":%" PRIu64 ",\"dropped\":%" PRIu64
			",\"gap_us\":%" PRIu64 ",\"next\":%" PRIu64 ",\"carrier\":%s}\n",
			agent->tx.number, agent->tx_refused, agent->rx.unique, agent->rx.duplicated,
			agent->rx.reordered, agent->rx.reordered_in_stream, agent->rx.corrupt,
			agent->rx.stale, agent->rx.beyond, agent->rx_dropped,
			agent->rx.gap_ns / 1000, agent->rx.next,
			agent_guest_has_carrier(agent->interface) ? "true" : "false");
	agent_answer(agent, text);
}

static void
agent_cmd_missing(struct agent *agent, char *arg)
{
	uint64_t from = agent_number(&arg);
	char text[64];

	snprintf(text, sizeof(text), "{\"missing\":%" PRIu64 "}\n",
			agent_count_missing(&agent->rx, from, agent_number(&arg)));
	agent_answer(agent, text);
}

/* How long it took, or what went wrong. */
static void
agent_done(struct agent *agent, int rc, uint64_t begin_ns)
{
	char text[128];

	if (agent->tx_start_ns != 0)
		agent_pace(agent);
	if (rc == 0)
		snprintf(text, sizeof(text), "{\"us\":%" PRIu64 "}\n",
				(agent_now() - begin_ns) / 1000);
	else
		snprintf(text, sizeof(text), "{\"error\":\"%s\"}\n", strerror(-rc));
	agent_answer(agent, text);
}

static void
agent_cmd_rebind(struct agent *agent, char *arg)
{
	uint64_t begin = agent_now();
	int rc;

	close(agent->sock);
	rc = agent_guest_rebind(agent->interface, arg);
	agent_open_packet(agent);
	agent_done(agent, rc, begin);
}

static void
agent_cmd_online(struct agent *agent, char *arg)
{
	uint64_t begin = agent_now();

	agent_done(agent, agent_guest_online(arg), begin);
}

static void
agent_cmd_channels(struct agent *agent, char *arg)
{
	uint64_t begin = agent_now();

	agent_done(agent, agent_guest_channels(agent->interface, (unsigned int)agent_number(&arg)),
			begin);
}

/* What the interface is: MTU, pairs of queues in use and their maximum. */
static void
agent_cmd_interface(struct agent *agent, char *arg)
{
	struct agent_guest_interface found;
	char text[128];
	int rc = agent_guest_interface(agent->interface, &found);

	if (rc != 0)
		snprintf(text, sizeof(text), "{\"error\":\"%s\"}\n", strerror(-rc));
	else
		snprintf(text, sizeof(text), "{\"mtu\":%d,\"pairs\":%u,\"max_pairs\":%u}\n",
				found.mtu, found.pairs, found.max_pairs);
	agent_answer(agent, text);
}

/* Of the interface's device, by vector. */
static void
agent_cmd_interrupts(struct agent *agent, char *arg)
{
	struct agent_interrupt found[AGENT_VECTORS];
	int nb = agent_interrupt_read(agent->interface, found, AGENT_VECTORS);
	char text[AGENT_VECTORS * 64];
	size_t len = 0;
	int i;

	if (nb < 0) {
		agent_done(agent, nb, 0);
		return;
	}
	for (i = 0; i < nb; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%c\"%s\":%" PRIu64,
				i == 0 ? '{' : ',', found[i].name, found[i].count);
	snprintf(text + len, sizeof(text) - len, "%s}\n", nb == 0 ? "{" : "");
	agent_answer(agent, text);
}

static void
agent_cmd_reboot(struct agent *agent, char *arg)
{
	char text[64];

	snprintf(text, sizeof(text), "{\"sent\":%" PRIu64 "}\n", agent->tx.number);
	agent_answer(agent, text);
	tcdrain(agent->serial); /* the reset would take the answer with it */
	agent_guest_reboot();
}

static void
agent_cmd_clock(struct agent *agent, char *arg)
{
	char text[64];

	snprintf(text, sizeof(text), "{\"us\":%" PRIu64 "}\n", agent_now() / 1000);
	agent_answer(agent, text);
}

static void
agent_cmd_silence(struct agent *agent, char *arg)
{
	uint64_t from_ns = agent_number(&arg) * 1000;
	struct agent_arrival before, after;
	char text[160];

	if (agent_arrival_silence(&agent->arrivals, from_ns, agent_number(&arg) * 1000, &before,
			    &after) != 0)
		snprintf(text, sizeof(text), "{\"error\":\"no frames around this time\"}\n");
	else
		snprintf(text, sizeof(text),
				"{\"us\":[%" PRIu64 ",%" PRIu64 "],\"sent\":[%" PRIu64 ",%" PRIu64
				"]}\n",
				before.ns / 1000, after.ns / 1000, before.sent, after.sent);
	agent_answer(agent, text);
}

static void
agent_cmd_hold(struct agent *agent, char *arg)
{
	agent->rx_held = agent_number(&arg) != 0;
	agent_answer(agent, "{}\n");
}

static int
agent_freeze(struct agent *agent)
{
	int place = agent_guest_place();
	void *memory;
	int rc;

	if (place < 0)
		return place;
	memory = mmap(NULL, AGENT_RESTLESS, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	rc = agent_guest_freeze(agent->interface);
	if (rc != 0) {
		munmap(memory, AGENT_RESTLESS);
		return rc;
	}
	agent->frozen_place = place;
	agent->restless = memory;
	return 0;
}

static void
agent_cmd_freeze(struct agent *agent, char *arg)
{
	int rc = agent_freeze(agent);

	if (rc == 0)
		agent->thaw_ns = agent_now() + agent_number(&arg) * 1000000;
	agent_done(agent, rc, agent_now());
	tcdrain(agent->serial);
}

static void
agent_cmd_thawed(struct agent *agent, char *arg)
{
	char text[32];

	snprintf(text, sizeof(text), "{\"moved\":%s}\n", agent->moved ? "true" : "false");
	agent_answer(agent, text);
}

/* Does not sleep: then others would run. */
static void
agent_stay_frozen(struct agent *agent)
{
	size_t i;

	do {
		for (i = 0; i < AGENT_RESTLESS; i += AGENT_PAGE)
			agent->restless[i]++;
		agent->moved = agent_guest_place() != agent->frozen_place;
	} while (!agent->moved && agent_now() < agent->thaw_ns);
	munmap((void *)(uintptr_t)agent->restless, AGENT_RESTLESS);
	agent->thaw_ns = 0;
	agent_guest_thaw();
}

static const struct {
	const char *name;
	void (*run)(struct agent *agent, char *arg);
} agent_cmds[] = {
	{ "hello", agent_cmd_hello },
	{ "epoch", agent_cmd_epoch },
	{ "expect", agent_cmd_expect },
	{ "longest", agent_cmd_longest },
	{ "start", agent_cmd_start },
	{ "stop", agent_cmd_stop },
	{ "mark", agent_cmd_mark },
	{ "stat", agent_cmd_stat },
	{ "missing", agent_cmd_missing },
	{ "clock", agent_cmd_clock },
	{ "silence", agent_cmd_silence },
	{ "hold", agent_cmd_hold },
	{ "freeze", agent_cmd_freeze },
	{ "thawed", agent_cmd_thawed },
	{ "rebind", agent_cmd_rebind },
	{ "online", agent_cmd_online },
	{ "channels", agent_cmd_channels },
	{ "interface", agent_cmd_interface },
	{ "interrupts", agent_cmd_interrupts },
	{ "reboot", agent_cmd_reboot },
};

static void
agent_command(struct agent *agent, char *line)
{
	char *arg = line + strcspn(line, " ");
	unsigned int i;

	if (*arg == ' ')
		*arg++ = '\0';
	for (i = 0; i < sizeof(agent_cmds) / sizeof(agent_cmds[0]); i++) {
		if (strcmp(agent_cmds[i].name, line) == 0) {
			agent_cmds[i].run(agent, arg);
			return;
		}
	}
	agent_answer(agent, "{\"error\":\"unknown command\"}\n");
}

static void
agent_serial(struct agent *agent)
{
	static char line[128];
	static size_t len;
	char buf[128];
	ssize_t n = read(agent->serial, buf, sizeof(buf));
	ssize_t i;

	for (i = 0; i < n; i++) {
		if (buf[i] == '\n') {
			line[len] = '\0';
			agent_command(agent, line);
			len = 0;
		} else if (buf[i] != '\r' && len < sizeof(line) - 1) {
			line[len++] = buf[i];
		}
	}
}

static void
agent_open_serial(struct agent *agent, const char *path)
{
	struct termios t;

	agent->serial = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (agent->serial < 0 || tcgetattr(agent->serial, &t) != 0)
		agent_die(path);
	cfmakeraw(&t);
	cfsetspeed(&t, B115200);
	if (tcsetattr(agent->serial, TCSANOW, &t) != 0)
		agent_die(path);
}

static void
agent_loop(struct agent *agent)
{
	struct pollfd fds[] = { { .fd = agent->serial, .events = POLLIN },
		{ .fd = agent->sock, .events = POLLIN }, { .fd = agent->timer, .events = POLLIN } };

	for (;;) {
		fds[1].fd = agent->rx_held ? -1 : agent->sock;
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			agent_die("poll");
		if (fds[1].revents != 0)
			agent_receive(agent);
		if (fds[2].revents != 0)
			agent_send_due(agent);
		if (fds[0].revents != 0)
			agent_serial(agent);
		if (agent->thaw_ns != 0)
			agent_stay_frozen(agent);
	}
}

int
main(int argc, char **argv)
{
	static struct agent agent; /* the book is too big for a stack */
	unsigned int b[6];
	int i;

	if (argc != 4 ||
			sscanf(argv[3], "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4],
					&b[5]) != 6) {
		fprintf(stderr, "usage: agent SERIAL INTERFACE PEER-MAC\n");
		return 1;
	}
	agent.interface = argv[2];
	agent.tx.longest = AGENT_FRAME_USUAL;
	for (i = 0; i < 6; i++)
		agent.peer[i] = (uint8_t)b[i];
	agent_open_serial(&agent, argv[1]);
	agent_open_packet(&agent);
	agent.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (agent.timer < 0)
		agent_die("timerfd_create");
	agent_answer(&agent, "{\"ready\":true}\n");
	agent_loop(&agent);
	return 0;
}
