/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: two built-in guests, A and B, on a back-end that joins their ports, whoever wrote
 * it. Both send to each other, or A sends and B gives each frame back (word "echo"). Each flow is a
 * row of a table; after each, every stream must carry frames again with no further message. At the
 * end every packet must be accounted for: none lost, duplicated, reordered or torn, no error seen by
 * a guest's driver.
 *
 * "killed" is the back-end's end by whoever started it: this program says "kill the back-end" and
 * waits until both guests have noticed; then it says "start the back-end", and connects again when a
 * line on standard input says that there is one: a process that dies may still accept.
 *
 * usage: two_guests SOCKET_A SOCKET_B PAIRS [echo] [WORDS of looped_words()]
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "base_math.h"
#include "guest_net_fault.h"
#include "looped.h"

#define MAX_PAIRS 8u
#define DIMM (16u << 20)
#define ALIVE_PACKETS 60u
#define ALIVE_MS 20000u
#define DRAIN_MS 5000u
#define RATE 3000u /* packets per second and pair */
/* A back-end in software drops what finds no room, so there must be some for all that is under way,
 * and for the probes of a sender whose peer got no processor for seconds. */
#define PROBE_MS 100u

struct two {
	struct guest_vm *vms[2]; /* A, B */
	struct guest_ledger *ledger;
	unsigned int pairs;
	unsigned int nb_streams; /* A's, then B's where it does not echo */
	bool echo;
	struct guest_vm_driver driver; /* of both */
	uint64_t dimm[2];
};

static const uint8_t two_macs[2][GUEST_FRAME_MAC_LEN] = { { 0x52, 0x54, 0, 0, 0, 1 },
	{ 0x52, 0x54, 0, 0, 0, 2 } };

/* --- flows ---------------------------------------------------------------------------------- */

static int
flow_hot_add(struct two *two, unsigned int i)
{
	return guest_vm_hot_add(two->vms[i], DIMM, &two->dimm[i]);
}

static int
flow_hot_remove(struct two *two, unsigned int i)
{
	return guest_vm_hot_remove(two->vms[i], two->dimm[i]);
}

static int
flow_stop_cont(struct two *two, unsigned int i)
{
	int ret = guest_vm_pause(two->vms[i]);

	return ret != 0 ? ret : guest_vm_resume(two->vms[i]);
}

static int
flow_disable_enable(struct two *two, unsigned int i)
{
	int ret = 0;

	/* transmit rings: a receive ring that is disabled makes the other side's frames drop */
	for (unsigned int queue = 1; queue < 2 * two->pairs && ret == 0; queue += 2) {
		ret = guest_vm_disable(two->vms[i], queue);
		if (ret == 0)
			ret = guest_vm_enable(two->vms[i], queue);
	}
	return ret;
}

static int
flow_reset(struct two *two, unsigned int i)
{
	return guest_vm_reset(two->vms[i]);
}

/* The driver comes back without its wishes, and then with them again. */
static int
flow_rebind(struct two *two, unsigned int i)
{
	const struct guest_vm_driver plain = { .mergeable = false };
	int ret;

	guest_vm_wish(two->vms[i], &plain);
	ret = guest_vm_rebind(two->vms[i]);
	guest_vm_wish(two->vms[i], &two->driver);
	return ret == 0 ? guest_vm_rebind(two->vms[i]) : ret;
}

static int
flow_log_on(struct two *two, unsigned int i)
{
	return guest_vm_log_on(two->vms[i]);
}

/* What was received since was written by the back-end: there must be marks. */
static int
flow_log_off(struct two *two, unsigned int i)
{
	uint64_t pages = guest_dirty_count(guest_vm_dirty(two->vms[i]));

	printf("%" PRIu64 " pages are dirty\n", pages);
	return pages == 0 ? -ENODATA : guest_vm_log_off(two->vms[i]);
}

static int
flow_reconnect(struct two *two, unsigned int i)
{
	return guest_vm_reconnect(two->vms[i]);
}

static int
flow_killed(struct two *two, unsigned int i)
{
	uint64_t deadline = base_clock_ns() + ALIVE_MS * BASE_NS_PER_MS;
	char line[16];
	int ret;

	printf("kill the back-end\n");
	while (guest_vm_is_up(two->vms[0]) || guest_vm_is_up(two->vms[1])) {
		if (base_clock_ns() > deadline)
			return -ETIMEDOUT;
		poll(NULL, 0, 5);
	}
	guest_vm_disconnect(two->vms[0]);
	guest_vm_disconnect(two->vms[1]);
	printf("start the back-end\n");
	if (fgets(line, sizeof(line), stdin) == NULL)
		return -ENODATA;
	ret = guest_vm_reconnect(two->vms[i]);
	return ret != 0 ? ret : guest_vm_reconnect(two->vms[1 - i]);
}

static const struct {
	const char *name;
	int (*act)(struct two *two, unsigned int guest);
} table[] = {
	{ "memory hot-add", flow_hot_add },
	{ "memory hot-remove", flow_hot_remove },
	{ "stop and cont", flow_stop_cont },
	{ "transmit rings disabled and enabled", flow_disable_enable },
	{ "guest reset", flow_reset },
	{ "memory hot-add after a reset", flow_hot_add },
	{ "driver rebound", flow_rebind },
	{ "log on", flow_log_on },
	{ "log off", flow_log_off },
	{ "front-end gone and back", flow_reconnect },
	{ "back-end killed", flow_killed },
	{ "stop and cont after that", flow_stop_cont },
};

/* --- play ----------------------------------------------------------------------------------- */

static int
two_alive(struct two *two)
{
	int ret = 0;

	for (uint32_t i = 0; i < two->nb_streams && ret == 0; i++) {
		ret = guest_ledger_wait(two->ledger, i,
				guest_ledger_arrived(two->ledger, i) + ALIVE_PACKETS, ALIVE_MS);
		if (ret != 0)
			printf("stream %u does not run: %s\n", i, strerror(-ret));
	}
	return ret;
}

/* One flow; its account as far as it is known. */
static int
two_do(struct two *two, unsigned int row, unsigned int guest)
{
	int phase = guest_ledger_phase_open(two->ledger, table[row].name), ret;
	struct guest_ledger_summary *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	ret = table[row].act(two, guest);
	if (ret == 0)
		ret = two_alive(two);
	guest_ledger_phase_close(two->ledger);
	guest_ledger_summarise(two->ledger, (unsigned int)phase, s);
	printf("%c %-36s %-4s longest gap %.1f ms\n", 'A' + (int)guest, table[row].name,
			ret == 0 ? "ok" : "FAIL", (double)s->total.longest_gap_ns / 1e6);
	if (ret != 0)
		printf("%s: %s\n", strerror(-ret), guest_vm_error(two->vms[guest]));
	free(s);
	return ret;
}

static int
two_play(struct two *two)
{
	int ret = 0;

	for (unsigned int row = 0; row < BASE_ARRAY_SIZE(table); row++)
		for (unsigned int guest = 0; guest < 2 && ret == 0; guest++)
			if (table[row].act != flow_killed || guest == 0)
				ret = two_do(two, row, guest);
	return ret;
}

/* Names each fault by stream and flow. */
static void
two_blame(struct two *two, unsigned int nb_phases)
{
	struct guest_ledger_count c;

	for (unsigned int phase = 0; phase < nb_phases; phase++) {
		for (uint32_t i = 0; i < two->nb_streams; i++) {
			if (guest_ledger_phase_count(two->ledger, phase, i, &c) != 0 ||
					c.lost + c.duplicated + c.reordered + c.torn == 0)
				continue;
			printf("flow %u, stream %u: lost %" PRIu64 " excused %" PRIu64
			       " duplicated %" PRIu64 " reordered %" PRIu64 " torn %" PRIu64
			       " of %" PRIu64 "\n",
					phase, i, c.lost, c.excused, c.duplicated, c.reordered,
					c.torn, c.sent);
		}
	}
}

/* What the driver found wrong, by queue and kind. */
static void
two_complain(char guest, const struct guest_vm_stats *stats)
{
	struct guest_net_fault faults[GUEST_NET_NB_FAULTS];

	for (unsigned int queue = 0; queue < stats->nb_queues; queue++) {
		guest_net_faults(&stats->queues[queue], faults);
		for (unsigned int i = 0; i < GUEST_NET_NB_FAULTS; i++)
			if (faults[i].nb != 0)
				printf("%c, queue %u: %" PRIu64 " x %s\n", guest, queue,
						faults[i].nb, faults[i].what);
	}
}

static uint64_t
two_errors(struct two *two)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats));
	uint64_t errors = stats == NULL;

	for (unsigned int i = 0; i < 2 && stats != NULL; i++) {
		guest_vm_stats(two->vms[i], stats);
		printf("%c: driver errors %" PRIu64 ", GET_VRING_BASE errors %" PRIu64
		       ", echoed %" PRIu64 "\n",
				'A' + (int)i, stats->device_errors, stats->base_errors,
				stats->traffic.echoed);
		two_complain((char)('A' + i), stats);
		errors += stats->device_errors + stats->base_errors;
		errors += i == 1 && two->echo && stats->traffic.echoed == 0;
	}
	free(stats);
	return errors;
}

static int
two_account(struct two *two)
{
	struct guest_ledger_count sum;
	uint64_t faults;

	guest_vm_quiet(two->vms[0]);
	guest_vm_quiet(two->vms[1]);
	guest_ledger_drain(two->ledger, DRAIN_MS);
	guest_ledger_total(two->ledger, &sum);
	printf("sent %" PRIu64 " received %" PRIu64 " excused %" PRIu64 " lost %" PRIu64
	       " duplicated %" PRIu64 " reordered %" PRIu64 " torn %" PRIu64 " invented %" PRIu64
	       " wrecks %" PRIu64 "\n",
			sum.sent, sum.received, sum.excused, sum.lost, sum.duplicated,
			sum.reordered, sum.torn, sum.invented, guest_ledger_wrecks(two->ledger));
	two_blame(two, 2 * BASE_ARRAY_SIZE(table) + 1);
	faults = sum.lost + sum.duplicated + sum.reordered + sum.torn + sum.invented +
			guest_ledger_wrecks(two->ledger) + two_errors(two);
	return faults == 0 && sum.received > 0 ? 0 : -EBADMSG;
}

/* --- life ----------------------------------------------------------------------------------- */

static int
two_open(struct two *two, const struct guest_vm_attr *like, char *const *sockets)
{
	struct guest_vm_attr attr = *like;
	int ret = guest_ledger_create(2 * two->pairs, &two->ledger);

	two->nb_streams = two->echo ? two->pairs : 2 * two->pairs;
	two->driver = attr.driver;
	attr.ledger = two->ledger;
	for (unsigned int i = 0; i < 2 && ret == 0; i++) {
		attr.name = i == 0 ? "A" : "B";
		attr.socket = sockets[i];
		memcpy(attr.mac, two_macs[i], sizeof(attr.mac));
		attr.tx_stream = i * two->pairs;
		/* an echo hears the streams that its peer hears when they come back */
		attr.rx_stream = two->echo ? 0 : (1 - i) * two->pairs;
		attr.nb_rx = two->pairs;
		ret = guest_vm_create(&attr, &two->vms[i]);
	}
	return ret;
}

/* A back-end that is still setting its ports up drops what comes: until all streams live, that is
 * an outage. */
static int
two_start(struct two *two)
{
	struct guest_traffic_load load = {
		.frame_len = 200,
		.window = 16,
		.rate = RATE,
		.probe_ms = PROBE_MS,
	};
	int ret = guest_vm_start(two->vms[0]);

	if (ret == 0)
		ret = guest_vm_start(two->vms[1]);
	for (uint32_t i = 0; i < two->nb_streams && ret == 0; i++) {
		guest_ledger_outage_begin(two->ledger, i);
		guest_ledger_outage_end(two->ledger, i);
	}
	if (ret == 0 && two->echo)
		guest_vm_echo_on(two->vms[1]);
	for (unsigned int i = 0; i < (two->echo ? 1 : 2) && ret == 0; i++) {
		memcpy(load.peer, two_macs[1 - i], sizeof(load.peer));
		load.frame_len += 300 * i;
		ret = guest_vm_send(two->vms[i], &load);
	}
	return ret == 0 ? two_alive(two) : ret;
}

static void
two_close(struct two *two)
{
	guest_vm_destroy(two->vms[0]);
	guest_vm_destroy(two->vms[1]);
	guest_ledger_destroy(two->ledger);
}

int
main(int argc, char **argv)
{
	unsigned int pairs = argc >= 4 ? (unsigned int)atoi(argv[3]) : 0;
	struct two two = { .pairs = pairs };
	struct guest_vm_attr attr;
	int ret, word = 4;

	setvbuf(stdout, NULL, _IOLBF, 0);
	two.echo = argc > 4 && strcmp(argv[4], "echo") == 0;
	word += two.echo;
	looped_attr(&attr, NULL, pairs);
	if (pairs == 0 || pairs > MAX_PAIRS || !looped_words(&attr, &argv[word], argc - word)) {
		fprintf(stderr, "usage: two_guests SOCKET_A SOCKET_B PAIRS [echo] [WORDS]\n");
		return 2;
	}
	ret = two_open(&two, &attr, &argv[1]);
	if (ret == 0)
		ret = two_start(&two);
	if (ret == 0)
		ret = two_play(&two);
	if (ret == 0)
		ret = two_account(&two);
	for (unsigned int i = 0; i < 2 && ret == 0; i++)
		ret = looped_proof(two.vms[i]);
	two_close(&two);
	printf("%s\n", ret == 0 ? "PASS" : "FAIL");
	return ret == 0 ? 0 : 1;
}
