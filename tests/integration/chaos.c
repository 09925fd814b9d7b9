/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the guest sends to itself over a port that is looped, stream n on pair n.
 * Its log is kept in a ring of lines, because what a guest complains of while commands are made to
 * fail is of interest only when the test fails.
 *
 * Nothing tells a front-end that the back-end has finished with a connection that was closed, or
 * that a queue was recovered: those are looked for again and again, for a limited time.
 *
 * A machine with ten times as many threads as processors gives one of low priority its turn every
 * few seconds, and a packet needs the turns of three. So whether a pair is dead is not judged by
 * time alone, but by what other pairs have carried meanwhile.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "chaos.h"
#include "looped.h"

#define CHAOS_PACKETS 20u /* new ones of each stream, to count as alive */
#define CHAOS_CONNECT_MS 8000u
#define CHAOS_IDLE_MS 5000u
#define CHAOS_CALM_MS 20u
#define CHAOS_CALM_MAX_MS 2000u
#define CHAOS_LOG_LINES 64u
#define CHAOS_LOOK_MS 100u
#define CHAOS_OTHERS 1000u /* packets of other streams while one has none: it is dead, not slow */
#define CHAOS_SLOW 6u /* limits without any packet until a machine that stands still is no excuse */

static struct {
	pthread_mutex_t lock;
	unsigned int next;
	char lines[CHAOS_LOG_LINES][256];
} chaos_kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void __attribute__((format(printf, 1, 2))) chaos_keep(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pthread_mutex_lock(&chaos_kept.lock);
	vsnprintf(chaos_kept.lines[chaos_kept.next++ % CHAOS_LOG_LINES],
			sizeof(chaos_kept.lines[0]), fmt, ap);
	pthread_mutex_unlock(&chaos_kept.lock);
	va_end(ap);
}

static void
chaos_keep_line(void *arg, enum base_log_level level, const char *msg)
{
	chaos_keep("guest %s: %s", base_log_level_name(level), msg);
}

void
chaos_print_log(void)
{
	unsigned int i;

	pthread_mutex_lock(&chaos_kept.lock);
	for (i = 0; i < CHAOS_LOG_LINES; i++) {
		const char *line = chaos_kept.lines[(chaos_kept.next + i) % CHAOS_LOG_LINES];

		if (line[0] != '\0')
			printf("  %s\n", line);
	}
	memset(chaos_kept.lines, 0, sizeof(chaos_kept.lines));
	pthread_mutex_unlock(&chaos_kept.lock);
}

int
chaos_open(struct chaos *chaos, const struct chaos_attr *attr)
{
	static const struct base_log log = { .level = BASE_LOG_WARN, .write = chaos_keep_line };
	struct guest_vm_attr vm;
	int ret;

	memset(chaos, 0, sizeof(*chaos));
	chaos->attr = *attr;
	looped_attr(&vm, attr->socket, attr->pairs);
	vm.ring_size = CHAOS_RING;
	vm.packed = attr->packed;
	vm.log = &log;
	chaos->load = (struct guest_traffic_load){
		.frame_len = 200,
		.window = 16,
		.rate = 20000 / attr->pairs,
	};
	memcpy(chaos->load.peer, vm.mac, sizeof(vm.mac));
	chaos->card = card_ctl_open(attr->control);
	ret = guest_ledger_create(attr->pairs, &chaos->ledger);
	if (ret != 0)
		return ret;
	vm.ledger = chaos->ledger;
	return guest_vm_create(&vm, &chaos->vm);
}

void
chaos_close(struct chaos *chaos)
{
	guest_vm_destroy(chaos->vm);
	guest_ledger_destroy(chaos->ledger);
	card_ctl_close(chaos->card);
}

int
chaos_connect(struct chaos *chaos)
{
	uint64_t end = base_clock_ns() + CHAOS_CONNECT_MS * BASE_NS_PER_MS;
	int ret;

	for (;;) {
		ret = guest_vm_reconnect(chaos->vm);
		if (ret == 0 || base_clock_ns() > end)
			break;
		poll(NULL, 0, 5);
	}
	return ret != 0 ? ret : guest_vm_send(chaos->vm, &chaos->load);
}

/* Waits until the number of objects has not changed for a while. */
static void
chaos_learn_idle(struct chaos *chaos)
{
	struct card_ctl_objects now;
	unsigned int calm = 0;

	card_ctl_objects(chaos->card, &chaos->idle);
	while (calm < 20) {
		poll(NULL, 0, 10);
		card_ctl_objects(chaos->card, &now);
		calm = memcmp(&now, &chaos->idle, sizeof(now)) == 0 ? calm + 1 : 0;
		chaos->idle = now;
	}
	chaos->idle_known = true;
}

int
chaos_disconnect(struct chaos *chaos)
{
	uint64_t end = base_clock_ns() + CHAOS_IDLE_MS * BASE_NS_PER_MS;
	struct card_ctl_objects now;

	guest_vm_disconnect(chaos->vm);
	if (!chaos->idle_known) {
		chaos_learn_idle(chaos);
		return 0;
	}
	for (;;) {
		card_ctl_objects(chaos->card, &now);
		if (memcmp(&now, &chaos->idle, sizeof(now)) == 0)
			return 0;
		if (base_clock_ns() > end)
			break;
		poll(NULL, 0, 1);
	}
	card_ctl_objects_diff(&chaos->idle, &now);
	return -EBUSY;
}

/* How many queues run, of the guest's or of one. (The driver may have others for a moment.) */
static unsigned int
chaos_nb_running(struct chaos *chaos, int which)
{
	json_t *reply = card_ctl_ask(chaos->card, "stats 0"), *queue;
	json_t *func = json_array_get(json_object_get(reply, "functions"), 0);
	unsigned int nb = 0;
	size_t i;

	json_array_foreach(json_object_get(func, "queues"), i, queue)
	{
		const char *state = json_string_value(json_object_get(queue, "state"));
		int index = (int)json_integer_value(json_object_get(queue, "queue"));

		nb += strcmp(state, "RDY") == 0 &&
				(which < 0 ? index < 2 * (int)chaos->attr.pairs : which == index);
	}
	json_decref(reply);
	return nb;
}

bool
chaos_all_run(struct chaos *chaos, unsigned int timeout_ms)
{
	uint64_t end = base_clock_ns() + timeout_ms * BASE_NS_PER_MS;

	while (chaos_nb_running(chaos, -1) != 2 * chaos->attr.pairs) {
		if (base_clock_ns() > end)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

bool
chaos_runs(struct chaos *chaos, unsigned int queue, unsigned int timeout_ms)
{
	uint64_t end = base_clock_ns() + timeout_ms * BASE_NS_PER_MS;

	while (chaos_nb_running(chaos, (int)queue) == 0) {
		if (base_clock_ns() > end)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

/* Arrivals of all streams. */
static uint64_t
chaos_arrived(struct chaos *chaos)
{
	uint64_t sum = 0;

	for (unsigned int stream = 0; stream < chaos->attr.pairs; stream++)
		sum += guest_ledger_arrived(chaos->ledger, stream);
	return sum;
}

/* Time that the threads of this process have waited for a processor. */
static uint64_t
chaos_starved_ns(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	uint64_t sum = 0;

	while (tasks != NULL && (task = readdir(tasks)) != NULL) {
		uint64_t ran, waited;
		char path[300];
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", task->d_name);
		file = fopen(path, "re");
		if (file != NULL && fscanf(file, "%" SCNu64 " %" SCNu64, &ran, &waited) == 2)
			sum += waited;
		if (file != NULL)
			fclose(file);
	}
	if (tasks != NULL)
		closedir(tasks);
	return sum;
}

bool
chaos_is_dead(uint64_t silent_ms, uint64_t others, unsigned int timeout_ms)
{
	return silent_ms >= timeout_ms &&
			(others >= CHAOS_OTHERS || silent_ms >= (uint64_t)CHAOS_SLOW * timeout_ms);
}

/* What a stream and the others have carried since a moment. */
struct chaos_watch {
	uint64_t since_ns, seen, all, starved_ns;
};

static void
chaos_watch_begin(struct chaos *chaos, unsigned int stream, struct chaos_watch *watch)
{
	*watch = (struct chaos_watch){
		.since_ns = base_clock_ns(),
		.seen = guest_ledger_arrived(chaos->ledger, stream),
		.all = chaos_arrived(chaos),
		.starved_ns = chaos_starved_ns(),
	};
}

static bool
chaos_watch_gives_up(struct chaos *chaos, unsigned int stream, const struct chaos_watch *watch,
		unsigned int timeout_ms)
{
	uint64_t silent_ms = (base_clock_ns() - watch->since_ns) / BASE_NS_PER_MS;
	uint64_t others = chaos_arrived(chaos) - watch->all, starved_ms;

	if (!chaos_is_dead(silent_ms, others, timeout_ms))
		return false;
	starved_ms = (chaos_starved_ns() - watch->starved_ns) / BASE_NS_PER_MS;
	chaos_keep("pair %u is silent for %" PRIu64 " ms: %" PRIu64 " arrived so far, %" PRIu64
		   " under way; others had %" PRIu64 " meanwhile; our threads waited %" PRIu64
		   " ms for a processor",
			stream, silent_ms, watch->seen,
			guest_ledger_in_flight(chaos->ledger, stream), others, starved_ms);
	return true;
}

/* Stream @stream carries new packets. */
static int
chaos_stream_alive(struct chaos *chaos, unsigned int stream, unsigned int timeout_ms)
{
	uint64_t enough = guest_ledger_arrived(chaos->ledger, stream) + CHAOS_PACKETS;
	struct chaos_watch watch;

	chaos_watch_begin(chaos, stream, &watch);
	while (guest_ledger_wait(chaos->ledger, stream, enough, CHAOS_LOOK_MS) != 0) {
		if (guest_ledger_arrived(chaos->ledger, stream) != watch.seen)
			chaos_watch_begin(chaos, stream, &watch);
		else if (chaos_watch_gives_up(chaos, stream, &watch, timeout_ms))
			return -ETIMEDOUT;
	}
	return 0;
}

int
chaos_pairs_alive(struct chaos *chaos, unsigned int pairs, unsigned int timeout_ms)
{
	unsigned int stream;
	int ret = 0;

	for (stream = 0; stream < chaos->attr.pairs && ret == 0; stream++)
		if ((pairs >> stream & 1) != 0)
			ret = chaos_stream_alive(chaos, stream, timeout_ms);
	return ret;
}

int
chaos_alive(struct chaos *chaos, unsigned int timeout_ms)
{
	return chaos_pairs_alive(chaos, UINT32_MAX, timeout_ms);
}

bool
chaos_alive_within(struct chaos *chaos, unsigned int timeout_ms)
{
	uint64_t now, end = base_clock_ns() + timeout_ms * BASE_NS_PER_MS;
	unsigned int stream;
	int ret = 0;

	for (stream = 0; stream < chaos->attr.pairs && ret == 0; stream++) {
		now = base_clock_ns();
		ret = guest_ledger_wait(chaos->ledger, stream,
				guest_ledger_arrived(chaos->ledger, stream) + CHAOS_PACKETS,
				now < end ? (unsigned int)((end - now) / BASE_NS_PER_MS) + 1 : 1);
	}
	return ret == 0;
}

int
chaos_drain(struct chaos *chaos, uint64_t may_miss, unsigned int timeout_ms, uint64_t *missing)
{
	uint64_t end = base_clock_ns() + timeout_ms * BASE_NS_PER_MS;
	struct guest_ledger_count sum;

	for (;;) {
		uint64_t before;

		guest_ledger_total(chaos->ledger, &sum);
		before = sum.received;
		*missing = sum.sent - sum.received - sum.torn;
		if (*missing == 0)
			return 0;
		poll(NULL, 0, 50); /* the rest may be gone: nothing will tell */
		guest_ledger_total(chaos->ledger, &sum);
		*missing = sum.sent - sum.received - sum.torn;
		if (sum.received == before && *missing <= may_miss)
			return 0;
		if (base_clock_ns() > end)
			return -ETIMEDOUT;
	}
}

void
chaos_calm(struct chaos *chaos)
{
	uint64_t now = base_clock_ns(), since = now, end = now + CHAOS_CALM_MAX_MS * BASE_NS_PER_MS;
	uint64_t nb = card_ctl_commands(chaos->card), before;

	while (now < end && now - since < CHAOS_CALM_MS * BASE_NS_PER_MS) {
		poll(NULL, 0, 2);
		before = nb;
		nb = card_ctl_commands(chaos->card);
		now = base_clock_ns();
		since = nb == before ? since : now;
	}
}

/* What the card counts, of the port and of the queues that exist. */
static json_t *
chaos_stats(struct chaos *chaos, json_t **func)
{
	json_t *reply = card_ctl_ask(chaos->card, "stats 0");

	*func = json_array_get(json_object_get(reply, "functions"), 0);
	return reply;
}

uint64_t
chaos_dropped(struct chaos *chaos)
{
	json_t *func, *queue, *port, *reply = chaos_stats(chaos, &func);
	json_int_t nb;
	size_t i;

	port = json_object_get(func, "port");
	nb = json_integer_value(json_object_get(port, "rx_unmatched"));
	nb += json_integer_value(json_object_get(json_object_get(func, "wire"), "rx_dropped"));
	json_array_foreach(json_object_get(func, "queues"), i, queue)
			nb += json_integer_value(json_object_get(queue, "dropped_frames"));
	json_decref(reply);
	return (uint64_t)nb;
}

/* A ring of the guest at rest: the card is to fetch next what follows the last that it returned. */
static bool
chaos_at_rest(struct chaos *chaos, const json_t *queue, bool tell)
{
	unsigned int index = (unsigned int)json_integer_value(json_object_get(queue, "queue"));
	json_int_t avail = json_integer_value(json_object_get(queue, "available_index"));
	json_int_t used = json_integer_value(json_object_get(queue, "used_index"));
	struct guest_vm_place place;
	bool ok;

	if (index >= 2 * chaos->attr.pairs)
		return false;
	guest_vm_place(chaos->vm, index, &place);
	ok = avail == used && used == place.device_used && place.device_used == place.used &&
			(index % 2 == 0 || (place.in_flight == 0 && place.used == place.avail));
	if (!ok && tell)
		printf("queue %u (%s): card has available %lld, used %lld; memory has used %u; "
		       "guest has available %u, used %u, %u in flight\n",
				index, json_string_value(json_object_get(queue, "state")),
				(long long)avail, (long long)used, place.device_used, place.avail,
				place.used, place.in_flight);
	return ok;
}

int
chaos_rest(struct chaos *chaos, unsigned int timeout_ms)
{
	uint64_t end = base_clock_ns() + timeout_ms * BASE_NS_PER_MS;
	bool last = false;

	for (;;) {
		json_t *func, *queue, *reply = chaos_stats(chaos, &func);
		unsigned int nb = 0;
		size_t i;

		json_array_foreach(json_object_get(func, "queues"), i, queue)
				nb += chaos_at_rest(chaos, queue, last);
		json_decref(reply);
		if (nb == 2 * chaos->attr.pairs)
			return 0;
		if (last)
			break;
		last = base_clock_ns() > end;
		poll(NULL, 0, 5);
	}
	return -ETIMEDOUT;
}
