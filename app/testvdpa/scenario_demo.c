/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the story is a table of steps. Each step that has traffic is one phase of
 * the ledger: both guests send, the step's act happens in the middle of it, both directions must
 * then carry packets again, the senders fall silent, and when nothing can arrive any more the phase
 * is judged. So a packet that is missing is lost, not late.
 *
 * What must be zero: lost, duplicated, reordered, torn, invented; errors of the devices that the
 * guests' drivers saw; answers to GET_VRING_BASE that cannot be. Excused packets (taken back by a
 * guest that is reset, or sent to it while it was down) are allowed in the reset steps only.
 *
 * Where the driver tells indices and counts commands they are read after each step, through
 * rte_vdpa's statistics by name; a driver without them is judged by its traffic alone. A hot-add
 * must resume each queue of the guest at the used index that was saved, a reset at 0.
 *
 * Guests are streams: A's queue pair n sends stream n, B's sends stream pairs + n.
 *
 * A fault does not end the story, a failed act does: what follows would say nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base_clock.h>
#include <base_math.h>
#include <guest_vm.h>

#include "device.h"
#include "port.h"
#include "scenario_demo.h"
#include "scenario_device.h"
#include "scenario_report.h"

#define NB_GUESTS 2
#define RING_SIZE 256
#define RATE 5000 /* packets per second and queue pair */
#define WINDOW 64 /* packets under way at most, a quarter of a ring */
#define PACKETS 1500 /* that must arrive on each stream before and after an act */
#define ARRIVE_MS 10000 /* for these */
#define DRAIN_MS 2000
#define SLICE_MS 100 /* how soon a signal is noticed */
#define HOT_ADD_SIZE (128ULL << 20) /* as QEMU's DIMMs */

/** One guest and what serves it. */
struct demo_guest {
	char name[2];
	char device[DEVICE_NAME_MAX];
	char socket[64];
	uint8_t mac[GUEST_FRAME_MAC_LEN];
	bool attached;
	struct guest_vm *vm;
	uint64_t device_errors; /* at the end of the last step */
	uint64_t base_errors;
};

struct demo {
	const struct scenario_attr *attr;
	struct base_log log;
	char dir[32]; /* private directory of the sockets */
	struct guest_ledger *ledger;
	struct demo_guest guests[NB_GUESTS];
	uint64_t begin_ns;
	uint64_t wrecks;
	uint64_t dimms[GUEST_MEM_MAX_REGIONS]; /* hot-added regions of A, oldest first */
	unsigned int nb_dimms;
	FILE *json; /* open from the beginning, so that a bad path is told then; NULL: none */
	struct scenario_report report;
};

/* --- waiting -------------------------------------------------------------------------------- */

static double
demo_seconds(const struct demo *demo)
{
	return (double)(base_clock_ns() - demo->begin_ns) / BASE_NS_PER_S;
}

/* Does the user want the end? The descriptor stays readable: nobody reads it. */
static bool
demo_stopped(const struct demo *demo)
{
	struct pollfd pfd = { .fd = demo->attr->stop_fd, .events = POLLIN };

	return pfd.fd >= 0 && poll(&pfd, 1, 0) > 0;
}

/* Waits until @nb more packets have arrived on each stream. */
static int
demo_wait_packets(struct demo *demo, uint64_t nb)
{
	uint64_t deadline = base_clock_ns() + ARRIVE_MS * BASE_NS_PER_MS;
	uint64_t goal[GUEST_LEDGER_MAX_STREAMS];
	unsigned int nb_streams = guest_ledger_nb_streams(demo->ledger);
	struct guest_ledger_count count;

	for (uint32_t i = 0; i < nb_streams; i++) {
		guest_ledger_count(demo->ledger, i, &count);
		goal[i] = count.received + count.torn + nb;
	}
	for (uint32_t i = 0; i < nb_streams; i++) {
		while (guest_ledger_wait(demo->ledger, i, goal[i], SLICE_MS) != 0) {
			if (demo_stopped(demo))
				return -EINTR;
			if (base_clock_ns() >= deadline)
				return -ETIMEDOUT;
		}
	}
	return 0;
}

/* --- accounts ------------------------------------------------------------------------------- */

static void
demo_judge_count(struct scenario_step *step, const struct scenario_direction *dir, bool may_excuse)
{
	const struct guest_ledger_count *c = &dir->count;
	const struct {
		const char *what;
		uint64_t nb;
	} rows[] = {
		{ "lost", c->lost },
		{ "duplicated", c->duplicated },
		{ "reordered", c->reordered },
		{ "torn", c->torn },
		{ "invented", c->invented },
		{ "excused", may_excuse ? 0 : c->excused },
	};

	if (c->sent == 0)
		scenario_step_fault(step, "%c->%c: nothing was sent", dir->from, dir->to);
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++)
		if (rows[i].nb != 0)
			scenario_step_fault(step, "%c->%c: %" PRIu64 " %s", dir->from, dir->to,
					rows[i].nb, rows[i].what);
}

/* Fills both directions' accounts of ledger phase @phase and judges them. */
static void
demo_account(struct demo *demo, struct scenario_step *step, unsigned int phase, bool may_excuse)
{
	unsigned int pairs = demo->attr->queue_pairs;
	uint64_t wrecks = guest_ledger_wrecks(demo->ledger);

	for (unsigned int g = 0; g < NB_GUESTS; g++) {
		struct scenario_direction *dir = &step->directions[step->nb_directions++];

		*dir = (struct scenario_direction){
			.from = demo->guests[g].name[0],
			.to = demo->guests[1 - g].name[0],
		};
		for (uint32_t i = 0; i < pairs; i++) {
			struct guest_ledger_count count;

			guest_ledger_phase_count(demo->ledger, phase, g * pairs + i, &count);
			guest_ledger_count_add(&dir->count, &count);
		}
		demo_judge_count(step, dir, may_excuse);
	}
	if (wrecks != demo->wrecks)
		scenario_step_fault(step, "%" PRIu64 " packets with a damaged header",
				wrecks - demo->wrecks);
	demo->wrecks = wrecks;
}

/* Firmware commands of both devices so far. */
static bool
demo_commands(const struct demo *demo, uint64_t *sum)
{
	uint64_t nb;

	*sum = 0;
	for (unsigned int g = 0; g < NB_GUESTS; g++) {
		if (!scenario_device_commands(demo->guests[g].device, &nb))
			return false;
		*sum += nb;
	}
	return true;
}

/* Names each kind of error that the drivers of the guests saw in the step. */
static void
demo_judge_guest(struct scenario_step *step, struct demo_guest *guest)
{
	static struct guest_vm_stats stats; /* large; one thread */

	if (guest->vm == NULL)
		return;
	guest_vm_stats(guest->vm, &stats);
	if (stats.device_errors != guest->device_errors)
		scenario_step_fault(step, "guest %s saw %" PRIu64 " errors of its device",
				guest->name, stats.device_errors - guest->device_errors);
	if (stats.base_errors != guest->base_errors)
		scenario_step_fault(step, "guest %s: %" PRIu64 " wrong answers to GET_VRING_BASE",
				guest->name, stats.base_errors - guest->base_errors);
	guest->device_errors = stats.device_errors;
	guest->base_errors = stats.base_errors;
	for (unsigned int i = 0; i < stats.nb_queues; i++) {
		const struct guest_vring_stats *ring = &stats.queues[i].ring;

		for (unsigned int k = GUEST_VRING_OK + 1; k < GUEST_VRING_NB_ERRORS; k++)
			if (ring->errors[k] != 0)
				scenario_step_fault(step, "%s.%u: %" PRIu64 " x %s", guest->name, i,
						ring->errors[k],
						guest_vring_error_name((enum guest_vring_error)k));
		if (ring->passed_over != 0)
			scenario_step_fault(step, "%s.%u: %" PRIu64 " descriptors passed over",
					guest->name, i, ring->passed_over);
	}
}

/* --- indices --------------------------------------------------------------------------------- */

/* Each queue of guest @name resumed at the used index that was saved (hot-add)? */
static void
demo_judge_kept(struct scenario_step *step, char name)
{
	for (unsigned int i = 0; i < step->nb_queues; i++) {
		const struct scenario_queue *q = &step->queues[i];

		if (q->guest == name && q->saved.known && q->resumed.known &&
				q->saved.used != q->resumed.used)
			scenario_step_fault(step, "%c.%u: saved at used index %u, resumed at %u",
					name, q->queue, q->saved.used, q->resumed.used);
	}
}

/* Each queue of guest @name began anew (reset)? */
static void
demo_judge_anew(struct scenario_step *step, char name)
{
	for (unsigned int i = 0; i < step->nb_queues; i++) {
		const struct scenario_queue *q = &step->queues[i];

		if (q->guest == name && q->resumed.known &&
				(q->resumed.avail != 0 || q->resumed.used != 0))
			scenario_step_fault(step, "%c.%u: resumed at (%u,%u) after a reset", name,
					q->queue, q->resumed.avail, q->resumed.used);
	}
}

/* --- acts ----------------------------------------------------------------------------------- */

/* An act happens between two stretches of traffic; 0 or -errno, with a fault in the step. */
typedef int (*demo_act)(struct demo *demo, struct scenario_step *step);

static int
demo_failed(struct scenario_step *step, const struct demo_guest *guest, const char *what, int ret)
{
	const char *text = guest->vm != NULL ? guest_vm_error(guest->vm) : "";

	scenario_step_fault(step, "guest %s: %s: %s%s%s", guest->name, what, strerror(-ret),
			text[0] != '\0' ? ": " : "", text);
	return ret;
}

static int
demo_nothing(struct demo *demo, struct scenario_step *step)
{
	return 0;
}

/* Makes room in A's memory table: the oldest added region goes. */
static int
demo_unplug(struct demo *demo, struct scenario_step *step)
{
	uint64_t begin = base_clock_ns();
	int ret = guest_vm_hot_remove(demo->guests[0].vm, demo->dimms[0]);

	if (ret != 0)
		return demo_failed(step, &demo->guests[0], "hot-remove", ret);
	demo->nb_dimms--;
	memmove(&demo->dimms[0], &demo->dimms[1], demo->nb_dimms * sizeof(demo->dimms[0]));
	scenario_step_note(step, "hot_remove_ms",
			(double)(base_clock_ns() - begin) / BASE_NS_PER_MS);
	return 0;
}

static int
demo_hot_add(struct demo *demo, struct scenario_step *step)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	struct demo_guest *guest = &demo->guests[0];
	uint64_t begin;
	int ret = 0;

	if (guest_mem_table(guest_vm_mem(guest->vm), table) == GUEST_MEM_MAX_REGIONS)
		ret = demo_unplug(demo, step);
	if (ret != 0)
		return ret;
	begin = base_clock_ns();
	ret = guest_vm_hot_add(guest->vm, HOT_ADD_SIZE, &demo->dimms[demo->nb_dimms]);
	if (ret != 0)
		return demo_failed(step, guest, "hot-add", ret);
	demo->nb_dimms++;
	scenario_step_note(step, "hot_add_ms", (double)(base_clock_ns() - begin) / BASE_NS_PER_MS);
	return 0;
}

static int
demo_reset(struct scenario_step *step, struct demo_guest *guest)
{
	uint64_t begin = base_clock_ns();
	int ret = guest_vm_reset(guest->vm);

	if (ret != 0)
		return demo_failed(step, guest, "reset", ret);
	scenario_step_note(step, "reset_ms", (double)(base_clock_ns() - begin) / BASE_NS_PER_MS);
	return 0;
}

static int
demo_reset_a(struct demo *demo, struct scenario_step *step)
{
	return demo_reset(step, &demo->guests[0]);
}

static int
demo_reset_b(struct demo *demo, struct scenario_step *step)
{
	return demo_reset(step, &demo->guests[1]);
}

/* --- judges of an act, after the traffic that follows it ------------------------------------ */

typedef void (*demo_judge)(struct demo *demo, struct scenario_step *step);

/* The device must have read and written the new memory, and kept A's indices. */
static void
demo_judge_hot_add(struct demo *demo, struct scenario_step *step)
{
	static struct guest_vm_stats stats; /* large; one thread */
	const struct guest_pool_stats *pool;

	guest_vm_stats(demo->guests[0].vm, &stats);
	pool = &stats.pools[stats.nb_pools - 1];
	if (stats.nb_pools < 2 || pool->received == 0 || pool->sent == 0)
		scenario_step_fault(step,
				"the device did not use the added memory (%" PRIu64
				" received into it, %" PRIu64 " sent from it)",
				pool->received, pool->sent);
	demo_judge_kept(step, 'A');
}

static void
demo_judge_reset_a(struct demo *demo, struct scenario_step *step)
{
	demo_judge_anew(step, 'A');
}

static void
demo_judge_reset_b(struct demo *demo, struct scenario_step *step)
{
	demo_judge_anew(step, 'B');
}

static void
demo_judge_nothing(struct demo *demo, struct scenario_step *step)
{
}

/* --- steps ---------------------------------------------------------------------------------- */

struct demo_step {
	const char *name;
	demo_act act;
	demo_judge judge;
	bool may_excuse; /* packets of or to a guest that was down */
	bool per_hot_add; /* once for each hot-add that was asked for */
};

static const struct demo_step steps[] = {
	{ "traffic", demo_nothing, demo_judge_nothing, false, false },
	{ "hot-add to A", demo_hot_add, demo_judge_hot_add, false, true },
	{ "reset of B", demo_reset_b, demo_judge_reset_b, true, false },
	{ "traffic again", demo_nothing, demo_judge_nothing, false, false },
	{ "reset of A", demo_reset_a, demo_judge_reset_a, true, false },
	{ "traffic at last", demo_nothing, demo_judge_nothing, false, false },
};

static void
demo_send(struct demo *demo)
{
	struct guest_traffic_load load = { .window = WINDOW, .rate = RATE };

	for (unsigned int g = 0; g < NB_GUESTS; g++) {
		memcpy(load.peer, demo->guests[1 - g].mac, sizeof(load.peer));
		load.frame_len = g == 0 ? 200 : 900;
		guest_vm_send(demo->guests[g].vm, &load);
	}
}

static void
demo_quiet(struct demo *demo)
{
	for (unsigned int g = 0; g < NB_GUESTS; g++)
		guest_vm_quiet(demo->guests[g].vm);
}

/* The part of a step while both guests send. */
static int
demo_traffic(struct demo *demo, struct scenario_step *step, const struct demo_step *plan)
{
	int ret = demo_wait_packets(demo, PACKETS);

	if (ret == 0) {
		ret = plan->act(demo, step);
		if (ret != 0)
			return ret;
		ret = demo_wait_packets(demo, PACKETS);
		if (ret == -ETIMEDOUT)
			scenario_step_fault(step, "a direction does not run after the act");
	} else if (ret == -ETIMEDOUT) {
		scenario_step_fault(step, "a direction does not run");
	}
	if (ret == -EINTR)
		scenario_step_fault(step, "interrupted");
	return ret;
}

/*
 * What every step ends with; @known and @commands are what demo_commands() said at its beginning.
 * To ask costs commands itself: as many now as between the two questions that are asked here.
 */
static void
demo_finish(struct demo *demo, struct scenario_step *step, bool known, uint64_t commands)
{
	uint64_t now, again;

	step->commands_known = known && demo_commands(demo, &now) && demo_commands(demo, &again);
	if (step->commands_known)
		step->commands = now - commands - (again - now);
	step->nb_queues = 0;
	for (unsigned int g = 0; g < NB_GUESTS; g++)
		for (unsigned int i = 0; i < 2 * demo->attr->queue_pairs; i++)
			scenario_device_queue(demo->guests[g].device, demo->guests[g].name[0], i,
					&step->queues[step->nb_queues++]);
	for (unsigned int g = 0; g < NB_GUESTS; g++)
		demo_judge_guest(step, &demo->guests[g]);
}

static void
demo_tell(struct demo *demo, const struct scenario_step *step)
{
	printf("[%6.1f s] %s: %s%s\n", demo_seconds(demo), step->name,
			step->nb_faults == 0 ? "ok" : "FAIL: ",
			step->nb_faults == 0 ? "" : step->faults[0]);
}

static int
demo_play_step(struct demo *demo, const struct demo_step *plan, const char *name)
{
	struct scenario_step *step = scenario_report_step(&demo->report, name);
	uint64_t begin = base_clock_ns(), commands;
	bool known = demo_commands(demo, &commands);
	int phase, ret;

	if (step == NULL)
		return -ENOSPC;
	phase = guest_ledger_phase_open(demo->ledger, name);
	if (phase < 0) {
		scenario_step_fault(step, "no room in the ledger: %s", strerror(-phase));
		return phase;
	}
	demo_send(demo);
	ret = demo_traffic(demo, step, plan);
	demo_quiet(demo);
	guest_ledger_drain(demo->ledger, DRAIN_MS);
	guest_ledger_phase_close(demo->ledger);
	demo_account(demo, step, (unsigned int)phase, plan->may_excuse);
	demo_finish(demo, step, known, commands);
	if (ret == 0)
		plan->judge(demo, step);
	step->seconds = (double)(base_clock_ns() - begin) / BASE_NS_PER_S;
	demo_tell(demo, step);
	return ret;
}

static int
demo_play(struct demo *demo)
{
	char name[GUEST_LEDGER_NAME_LEN];
	int ret = 0;

	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(steps) && ret == 0; i++) {
		unsigned int nb = steps[i].per_hot_add ? demo->attr->hot_adds : 1;

		for (unsigned int k = 0; k < nb && ret == 0; k++) {
			if (steps[i].per_hot_add && nb > 1)
				snprintf(name, sizeof(name), "%s %u", steps[i].name, k + 1);
			else
				snprintf(name, sizeof(name), "%s", steps[i].name);
			ret = demo_play_step(demo, &steps[i], name);
		}
	}
	return ret;
}

/* --- beginning and end ---------------------------------------------------------------------- */

static void
demo_log_write(void *arg, enum base_log_level level, const char *msg)
{
	fflush(stdout);
	fprintf(stderr, "testvdpa: %s: %s\n", base_log_level_name(level), msg);
}

static int
demo_find_device(const char *name, void *arg)
{
	struct demo *demo = arg;

	for (unsigned int g = 0; g < NB_GUESTS; g++) {
		if (demo->guests[g].device[0] != '\0')
			continue;
		snprintf(demo->guests[g].device, DEVICE_NAME_MAX, "%s", name);
		return 0;
	}
	return 1;
}

static int
demo_find_devices(struct demo *demo)
{
	(void)device_foreach(demo_find_device, demo);
	if (demo->guests[NB_GUESTS - 1].device[0] == '\0') {
		base_err(&demo->log, "the demo needs two vDPA devices, EAL found %s",
				demo->guests[0].device[0] == '\0' ? "none" : "one");
		return -ENODEV;
	}
	snprintf(demo->report.backend, sizeof(demo->report.backend), "vDPA devices %s and %s",
			demo->guests[0].device, demo->guests[1].device);
	return 0;
}

static int
demo_create_guest(struct demo *demo, unsigned int g)
{
	struct demo_guest *guest = &demo->guests[g];
	unsigned int pairs = demo->attr->queue_pairs;
	struct guest_vm_attr attr = {
		.name = guest->name,
		.socket = guest->socket,
		.mode = GUEST_VHOST_CLIENT,
		.nb_pairs = pairs,
		.ring_size = RING_SIZE,
		.ledger = demo->ledger,
		.tx_stream = g * pairs,
		.rx_stream = (1 - g) * pairs,
		.nb_rx = pairs,
		.log = &demo->log,
	};

	snprintf(guest->socket, sizeof(guest->socket), "%s/%s.sock", demo->dir, guest->name);
	memcpy(guest->mac, (const uint8_t[]){ 0x52, 0x54, 0, 0x76, 0x64, (uint8_t)(0xa + g) },
			sizeof(guest->mac));
	memcpy(attr.mac, guest->mac, sizeof(attr.mac));
	return guest_vm_create(&attr, &guest->vm);
}

/* The first step: ports attached, guests started. */
static int
demo_start(struct demo *demo)
{
	struct scenario_step *step = scenario_report_step(&demo->report, "start");
	uint64_t begin = base_clock_ns(), commands;
	bool known = demo_commands(demo, &commands);
	int ret = 0;

	for (unsigned int g = 0; g < NB_GUESTS && ret == 0; g++) {
		struct demo_guest *guest = &demo->guests[g];

		ret = demo_create_guest(demo, g);
		if (ret != 0) {
			demo_failed(step, guest, "create", ret);
			break;
		}
		ret = port_attach(guest->device, guest->socket, PORT_SERVER, &demo->log);
		guest->attached = ret == 0;
		if (ret != 0) {
			demo_failed(step, guest, "attach of its port", ret);
			break;
		}
		ret = guest_vm_start(guest->vm);
		if (ret != 0)
			demo_failed(step, guest, "start", ret);
	}
	demo_finish(demo, step, known, commands);
	step->seconds = (double)(base_clock_ns() - begin) / BASE_NS_PER_S;
	demo_tell(demo, step);
	return ret;
}

/* How the guests rang: by storing to the device's own page (host notifier) or by eventfd. */
static void
demo_note_kicks(struct demo *demo, struct scenario_step *step)
{
	static struct guest_vm_stats stats; /* large; one thread */
	double page = 0, eventfd = 0;

	for (unsigned int g = 0; g < NB_GUESTS; g++) {
		guest_vm_stats(demo->guests[g].vm, &stats);
		for (unsigned int i = 0; i < stats.nb_queues; i++) {
			page += (double)stats.notify[i].page_kicks;
			eventfd += (double)stats.notify[i].eventfd_kicks;
		}
	}
	scenario_step_note(step, "kicks_by_page", page);
	scenario_step_note(step, "kicks_by_eventfd", eventfd);
}

/* The last step: both devices are stopped and must say where they were. */
static void
demo_stop(struct demo *demo)
{
	struct scenario_step *step = scenario_report_step(&demo->report, "stop");
	uint64_t begin = base_clock_ns(), commands;
	bool known = demo_commands(demo, &commands);

	if (step == NULL)
		return;
	for (unsigned int g = 0; g < NB_GUESTS; g++) {
		int ret = guest_vm_pause(demo->guests[g].vm);

		if (ret != 0)
			demo_failed(step, &demo->guests[g], "stop", ret);
	}
	demo_note_kicks(demo, step);
	demo_finish(demo, step, known, commands);
	step->seconds = (double)(base_clock_ns() - begin) / BASE_NS_PER_S;
	demo_tell(demo, step);
}

static void
demo_tear_down(struct demo *demo)
{
	for (unsigned int g = NB_GUESTS; g-- > 0;) {
		guest_vm_destroy(demo->guests[g].vm);
		if (demo->guests[g].attached)
			port_detach(demo->guests[g].device, &demo->log);
	}
	guest_ledger_destroy(demo->ledger);
	if (demo->json != NULL)
		fclose(demo->json);
	if (demo->dir[0] != '\0' && rmdir(demo->dir) != 0)
		base_warn(&demo->log, "%s: %s", demo->dir, strerror(errno));
}

static int
demo_open_json(struct demo *demo)
{
	int ret;

	if (demo->attr->json_path == NULL)
		return 0;
	demo->json = fopen(demo->attr->json_path, "w");
	if (demo->json != NULL)
		return 0;
	ret = -errno;
	base_err(&demo->log, "report %s: %s", demo->attr->json_path, strerror(-ret));
	return ret;
}

static int
demo_set_up(struct demo *demo)
{
	int ret = demo_find_devices(demo);

	if (ret == 0)
		ret = demo_open_json(demo);
	if (ret != 0)
		return ret;
	ret = guest_ledger_create(NB_GUESTS * demo->attr->queue_pairs, &demo->ledger);
	if (ret != 0) {
		base_err(&demo->log, "%u queue pairs: %s", demo->attr->queue_pairs, strerror(-ret));
		return ret;
	}
	snprintf(demo->dir, sizeof(demo->dir), "/tmp/testvdpa-XXXXXX");
	if (mkdtemp(demo->dir) == NULL) {
		ret = -errno;
		base_err(&demo->log, "no directory for sockets: %s", strerror(-ret));
		demo->dir[0] = '\0';
	}
	return ret;
}

static int
demo_write_json(struct demo *demo)
{
	int ret;

	if (demo->json == NULL)
		return 0;
	scenario_report_json(&demo->report, demo->json);
	ret = ferror(demo->json) ? -EIO : 0;
	if (fclose(demo->json) != 0 && ret == 0)
		ret = -errno;
	demo->json = NULL;
	if (ret != 0)
		base_err(&demo->log, "report %s: %s", demo->attr->json_path, strerror(-ret));
	return ret;
}

int
scenario_demo(const struct scenario_attr *attr)
{
	struct demo *demo = calloc(1, sizeof(*demo));
	int ret;

	if (demo == NULL)
		return -ENOMEM;
	demo->attr = attr;
	demo->log = (struct base_log){ .level = BASE_LOG_WARN, .write = demo_log_write };
	demo->begin_ns = base_clock_ns();
	demo->guests[0].name[0] = 'A';
	demo->guests[1].name[0] = 'B';
	ret = demo_set_up(demo);
	if (ret != 0)
		goto tear_down;
	if (demo_start(demo) == 0 && demo_play(demo) == 0)
		demo_stop(demo);
	else
		snprintf(demo->report.fault, sizeof(demo->report.fault),
				"the story ended before its end");
	demo->report.seconds = demo_seconds(demo);
	putchar('\n');
	scenario_report_text(&demo->report, stdout);
	ret = demo_write_json(demo);
	if (ret == 0)
		ret = scenario_report_passed(&demo->report) ? 0 : 1;
tear_down:
	demo_tear_down(demo);
	free(demo);
	return ret;
}
