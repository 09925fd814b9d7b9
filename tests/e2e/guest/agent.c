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
 * below "sent" has been given to the driver exactly once.
 *
 * Commands: hello | epoch N (my frames' epoch, numbers from 0) | expect N (the peer's) |
 * start RATE | stop | mark (begin a new gap) | stat
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
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "agent_count.h"
#include "agent_frame.h"

#define AGENT_TICK_NS 1000000
#define AGENT_NS_PER_S 1000000000ULL
#define AGENT_BURST 256 /* frames sent at one tick at most: the receiver must get its turn */
#define AGENT_RCVBUF (16 << 20)

struct agent {
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
			return;
		}
		agent->tx.number++;
	}
}

static void
agent_receive(struct agent *agent)
{
	uint8_t buf[2048];
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
		if (from.sll_pkttype == PACKET_OUTGOING)
			continue;
		switch (len > (ssize_t)sizeof(buf) ? AGENT_FRAME_CORRUPT :
						     agent_frame_check(buf, (size_t)len, &frame)) {
		case AGENT_FRAME_OURS:
			agent_count_frame(&agent->rx, frame.epoch, frame.number, agent_now());
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
agent_cmd_hello(struct agent *agent, uint64_t arg)
{
	char text[256];
	struct sysinfo si;

	sysinfo(&si);
	snprintf(text, sizeof(text), "{\"uptime_s\":%ld,\"mem_mb\":%" PRIu64 "}\n", si.uptime,
			(uint64_t)si.totalram * si.mem_unit >> 20);
	agent_answer(agent, text);
}

static void
agent_cmd_epoch(struct agent *agent, uint64_t arg)
{
	agent->tx = (struct agent_frame){ .epoch = (uint32_t)arg };
	agent->tx_refused = 0;
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_expect(struct agent *agent, uint64_t arg)
{
	agent_count_reset(&agent->rx, (uint32_t)arg);
	agent->rx_dropped = 0;
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_start(struct agent *agent, uint64_t arg)
{
	agent->tx_rate = arg;
	agent->tx_start_number = agent->tx.number;
	agent->tx_start_ns = agent_now();
	agent_timer(agent, AGENT_TICK_NS);
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_stop(struct agent *agent, uint64_t arg)
{
	agent->tx_start_ns = 0;
	agent_timer(agent, 0);
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_mark(struct agent *agent, uint64_t arg)
{
	agent_count_mark(&agent->rx, agent_now());
	agent_answer(agent, "{}\n");
}

static void
agent_cmd_stat(struct agent *agent, uint64_t arg)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);
	char text[512];

	if (getsockopt(agent->sock, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		agent->rx_dropped += stats.tp_drops;
	snprintf(text, sizeof(text),
			"{\"sent\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"unique\":%" PRIu64
			",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"corrupt\":%" PRIu64
			",\"stale\":%" PRIu64 ",\"beyond\":%" PRIu64 ",\"dropped\":%" PRIu64
			",\"gap_us\":%" PRIu64 "}\n",
			agent->tx.number, agent->tx_refused, agent->rx.unique, agent->rx.duplicated,
			agent->rx.reordered, agent->rx.corrupt, agent->rx.stale, agent->rx.beyond,
			agent->rx_dropped, agent->rx.gap_ns / 1000);
	agent_answer(agent, text);
}

static const struct {
	const char *name;
	void (*run)(struct agent *agent, uint64_t arg);
} agent_cmds[] = {
	{ "hello", agent_cmd_hello },
	{ "epoch", agent_cmd_epoch },
	{ "expect", agent_cmd_expect },
	{ "start", agent_cmd_start },
	{ "stop", agent_cmd_stop },
	{ "mark", agent_cmd_mark },
	{ "stat", agent_cmd_stat },
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
			agent_cmds[i].run(agent, strtoull(arg, NULL, 10));
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
agent_open_packet(struct agent *agent, const char *interface)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET,
		.sll_protocol = htons(AGENT_FRAME_ETHERTYPE) };
	struct ifreq ifr = { 0 };
	int size = AGENT_RCVBUF;

	agent->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(AGENT_FRAME_ETHERTYPE));
	if (agent->sock < 0)
		agent_die("packet socket");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", interface);
	if (ioctl(agent->sock, SIOCGIFHWADDR, &ifr) != 0)
		agent_die(interface);
	memcpy(agent->mac, ifr.ifr_hwaddr.sa_data, 6);
	addr.sll_ifindex = (int)if_nametoindex(interface);
	if (bind(agent->sock, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		agent_die("bind");
	if (setsockopt(agent->sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		agent_die("SO_RCVBUFFORCE");
}

static void
agent_loop(struct agent *agent)
{
	struct pollfd fds[] = { { .fd = agent->serial, .events = POLLIN },
		{ .fd = agent->sock, .events = POLLIN }, { .fd = agent->timer, .events = POLLIN } };

	for (;;) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			agent_die("poll");
		if (fds[1].revents != 0)
			agent_receive(agent);
		if (fds[2].revents != 0)
			agent_send_due(agent);
		if (fds[0].revents != 0)
			agent_serial(agent);
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
	for (i = 0; i < 6; i++)
		agent.peer[i] = (uint8_t)b[i];
	agent_open_serial(&agent, argv[1]);
	agent_open_packet(&agent, argv[2]);
	agent.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (agent.timer < 0)
		agent_die("timerfd_create");
	agent_answer(&agent, "{\"ready\":true}\n");
	agent_loop(&agent);
	return 0;
}
