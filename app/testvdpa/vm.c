/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a list of guests, one ledger with a fixed number of streams, and a map of
 * which streams are taken. The ledger is made with the first guest and goes with the last one, so
 * that its phases begin anew, too.
 *
 * Who hears whom: the receiver of a stream must be known to the ledger's outages, so that what is
 * sent to a guest that is down is excused. While A sends to B, B hears A's streams; if B echoes, A
 * hears its own. That follows jobs as they change, in vm_hear_peer() and vm_ignore_peer().
 *
 * A guest that is removed is stopped first, then its streams are recycled: the ledger knows packets
 * of the former life by their numbers and books them nowhere.
 */
#include <ctype.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "port.h"
#include "vm.h"

#define VM_RING_SIZE 256u
#define VM_RAM (64ULL << 20)
#define VM_FRAME_LEN 200u
#define VM_WINDOW 64u
#define VM_PORT_MS 10000u /* for a port to notice that its front-end is gone */

/* All guests of the process. */
static struct vm_table {
	TAILQ_HEAD(vm_list, vm) vms;
	struct guest_ledger *ledger;
	bool taken[GUEST_LEDGER_MAX_STREAMS];
	void (*gone[VM_GONE_MAX])(const struct vm *vm);
} vm_table = { .vms = TAILQ_HEAD_INITIALIZER(vm_table.vms) };

const char *
vm_job_name(enum vm_job job)
{
	static const char *const names[] = {
		[VM_RX] = "rx",
		[VM_TX] = "tx",
		[VM_RXTX] = "rxtx",
		[VM_ECHO] = "echo",
	};

	return (unsigned int)job < BASE_ARRAY_SIZE(names) ? names[job] : "unknown";
}

const char *
vm_state_name(enum vm_state state)
{
	static const char *const names[] = {
		[VM_NEW] = "not started",
		[VM_UP] = "up",
		[VM_PAUSED] = "stopped",
		[VM_LOST] = "without a back-end",
	};

	return (unsigned int)state < BASE_ARRAY_SIZE(names) ? names[state] : "unknown";
}

/* --- looking up ------------------------------------------------------------------------------ */

struct vm *
vm_find(const char *name)
{
	struct vm *vm;

	TAILQ_FOREACH(vm, &vm_table.vms, next)
		if (strcmp(vm->name, name) == 0)
			return vm;
	return NULL;
}

struct vm *
vm_after(const struct vm *vm)
{
	return vm == NULL ? TAILQ_FIRST(&vm_table.vms) : TAILQ_NEXT(vm, next);
}

int
vm_get(const char *name, const struct base_log *log, struct vm **vm)
{
	char names[256] = "";
	size_t len = 0;

	*vm = vm_find(name);
	if (*vm != NULL)
		return 0;
	for (const struct vm *v = vm_after(NULL); v != NULL && len < sizeof(names); v = vm_after(v))
		len += (size_t)snprintf(&names[len], sizeof(names) - len, "%s%s",
				len == 0 ? "" : ", ", v->name);
	base_err(log, "there is no guest '%s' (%s%s)", name,
			len == 0 ? "none was added" : "there are ", names);
	return -ENOENT;
}

struct guest_ledger *
vm_ledger(void)
{
	return vm_table.ledger;
}

unsigned int
vm_nb_queues(const struct vm *vm)
{
	return 2 * vm->attr.nb_pairs;
}

/* --- streams --------------------------------------------------------------------------------- */

/* Sets streams for @vm aside. */
static int
vm_take_streams(struct vm *vm)
{
	uint32_t nb = 1, at, i;

	while (nb < vm->attr.nb_pairs)
		nb *= 2;
	for (at = 0; at + nb <= GUEST_LEDGER_MAX_STREAMS; at += nb) {
		for (i = 0; i < nb && !vm_table.taken[at + i]; i++)
			;
		if (i < nb)
			continue;
		memset(&vm_table.taken[at], true, nb * sizeof(vm_table.taken[0]));
		vm->tx_stream = at;
		vm->nb_reserved = nb;
		return 0;
	}
	return -ENOSPC;
}

static void
vm_give_streams_back(struct vm *vm)
{
	for (uint32_t i = 0; i < vm->nb_reserved; i++) {
		guest_ledger_recycle(vm_table.ledger, vm->tx_stream + i);
		vm_table.taken[vm->tx_stream + i] = false;
	}
}

static void
vm_drop_ledger_if_unused(void)
{
	if (!TAILQ_EMPTY(&vm_table.vms))
		return;
	guest_ledger_destroy(vm_table.ledger);
	vm_table.ledger = NULL;
}

/* --- making ---------------------------------------------------------------------------------- */

static uint64_t
vm_bytes_of_rings(unsigned int nb_pairs, unsigned int ring_size)
{
	return 2ULL * nb_pairs * ring_size * GUEST_POOL_SLOT_SIZE;
}

uint64_t
vm_buffer_bytes(const struct vm *vm)
{
	return vm_bytes_of_rings(vm->attr.nb_pairs, vm->attr.ring_size);
}

/* What RAM must hold: buffers of all rings, and the rings (64 bytes an entry are more than enough),
 * none of it below the VGA hole. */
static uint64_t
vm_least_mem(const struct vm_attr *attr)
{
	return (1ULL << 20) + vm_bytes_of_rings(attr->nb_pairs, attr->ring_size) +
			2ULL * attr->nb_pairs * (64ULL * attr->ring_size + 4096);
}

static void
vm_fill_in(struct vm_attr *attr)
{
	if (attr->nb_pairs == 0)
		attr->nb_pairs = 1;
	if (attr->ring_size == 0)
		attr->ring_size = VM_RING_SIZE;
	if (attr->settle_ms == 0)
		attr->settle_ms = VM_SETTLE_MS;
	if (attr->mem != 0)
		return;
	attr->mem = VM_RAM;
	while (attr->mem < vm_least_mem(attr))
		attr->mem += VM_RAM;
}

static int
vm_check_name(const char *name, const struct base_log *log)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && strchr("-_.", name[i]) == NULL)
			len = 0;
	if (len == 0 || len > VM_NAME_MAX) {
		base_err(log, "guest name '%s': 1 to %u letters, digits, '-', '_' and '.' are possible",
				name, VM_NAME_MAX);
		return -EINVAL;
	}
	if (vm_find(name) == NULL)
		return 0;
	base_err(log, "there is a guest '%s' already", name);
	return -EEXIST;
}

static int
vm_check(const struct vm_attr *attr)
{
	const struct vm *vm;
	int ret = vm_check_name(attr->name, attr->log);

	if (ret != 0)
		return ret;
	if (attr->nb_pairs > VM_PAIRS_MAX)
		base_err(attr->log, "guest %s: %u queue pairs, at most %u are possible", attr->name,
				attr->nb_pairs, VM_PAIRS_MAX);
	else if (attr->ring_size < 2 || attr->ring_size > GUEST_VRING_MAX_SIZE ||
			(attr->ring_size & (attr->ring_size - 1)) != 0)
		base_err(attr->log, "guest %s: ring size %u is no power of two from 2 to %u",
				attr->name, attr->ring_size, GUEST_VRING_MAX_SIZE);
	else if (attr->mem > VM_MEM_MAX || attr->mem % VM_MEM_MIN != 0)
		base_err(attr->log,
				"guest %s: memory of %" PRIu64
				" bytes is no multiple of 2 MiB up to %" PRIu64 " GiB",
				attr->name, attr->mem, (uint64_t)(VM_MEM_MAX >> 30));
	else if (attr->mem < vm_least_mem(attr))
		base_err(attr->log,
				"guest %s: %u rings of %u entries need %" PRIu64
				" MiB of memory for their buffers, not %" PRIu64,
				attr->name, 2 * attr->nb_pairs, attr->ring_size,
				(vm_least_mem(attr) >> 20) + 1, attr->mem >> 20);
	else if (strlen(attr->socket) >= sizeof(vm->socket) || attr->socket[0] == '\0')
		base_err(attr->log,
				"guest %s: the socket's path has %zu characters, 1 to %zu are possible",
				attr->name, strlen(attr->socket), sizeof(vm->socket) - 1);
	else
		return 0;
	return -EINVAL;
}

/* Two guests on one socket would take turns: the second waits for ever. */
static int
vm_check_socket(const struct vm_attr *attr)
{
	for (const struct vm *vm = vm_after(NULL); vm != NULL; vm = vm_after(vm)) {
		if (strcmp(vm->socket, attr->socket) != 0)
			continue;
		base_err(attr->log, "guest %s: the socket %s is guest %s's", attr->name,
				attr->socket, vm->name);
		return -EBUSY;
	}
	return 0;
}

static int
vm_make_guest(struct vm *vm)
{
	struct guest_vm_attr attr = {
		.name = vm->name,
		.socket = vm->socket,
		.mode = vm->attr.server ? GUEST_VHOST_SERVER : GUEST_VHOST_CLIENT,
		.nb_pairs = vm->attr.nb_pairs,
		.ring_size = (uint16_t)vm->attr.ring_size,
		.packed = vm->attr.packed,
		.driver = vm->attr.driver,
		.no_notifier = vm->attr.no_notifier,
		.ram = vm->attr.mem,
		.features = vm->attr.features,
		.timeout_ms = vm->attr.timeout_ms,
		.ledger = vm_table.ledger,
		.tx_stream = vm->tx_stream,
		.wait = vm->attr.poll ? GUEST_TRAFFIC_POLL : GUEST_TRAFFIC_IRQ,
		.log = vm->attr.log,
	};

	/* locally administered; streams are ours alone, so this is, too */
	memcpy(vm->mac,
			(const uint8_t[]){ 0x52, 0x54, 0, 0x76, (uint8_t)(vm->tx_stream >> 8),
					(uint8_t)vm->tx_stream },
			sizeof(vm->mac));
	memcpy(attr.mac, vm->mac, sizeof(attr.mac));
	return guest_vm_create(&attr, &vm->guest);
}

static int
vm_make(struct vm *vm)
{
	int ret = 0;

	if (vm_table.ledger == NULL)
		ret = guest_ledger_create(GUEST_LEDGER_MAX_STREAMS, &vm_table.ledger);
	if (ret == 0)
		ret = vm_take_streams(vm);
	if (ret != 0) {
		base_err(vm->attr.log, "guest %s: no room in the ledger for %u queue pairs: %s",
				vm->name, vm->attr.nb_pairs, strerror(-ret));
		return ret;
	}
	ret = vm_make_guest(vm);
	if (ret != 0)
		vm_give_streams_back(vm);
	return ret;
}

int
vm_add(const struct vm_attr *given, struct vm **out)
{
	struct vm_attr attr = *given;
	struct vm *vm;
	int ret;

	vm_fill_in(&attr);
	ret = vm_check(&attr);
	if (ret == 0)
		ret = vm_check_socket(&attr);
	if (ret != 0)
		return ret;
	vm = calloc(1, sizeof(*vm));
	if (vm == NULL)
		return -ENOMEM;
	snprintf(vm->name, sizeof(vm->name), "%s", attr.name);
	snprintf(vm->socket, sizeof(vm->socket), "%s", attr.socket);
	vm->attr = attr;
	vm->attr.name = vm->name;
	vm->attr.socket = vm->socket;
	ret = vm_make(vm);
	if (ret != 0) {
		free(vm);
		vm_drop_ledger_if_unused();
		return ret;
	}
	TAILQ_INSERT_TAIL(&vm_table.vms, vm, next);
	if (out != NULL)
		*out = vm;
	return 0;
}

/* --- who hears whom -------------------------------------------------------------------------- */

static void
vm_hear_peer(struct vm *vm)
{
	guest_vm_hear(vm->peer->guest, vm->tx_stream, vm->attr.nb_pairs);
	if (vm->peer->job == VM_ECHO)
		guest_vm_hear(vm->guest, vm->tx_stream, vm->attr.nb_pairs);
}

static void
vm_ignore_peer(struct vm *vm)
{
	guest_vm_ignore(vm->peer->guest, vm->tx_stream, vm->attr.nb_pairs);
	guest_vm_ignore(vm->guest, vm->tx_stream, vm->attr.nb_pairs);
}

bool
vm_concerns(const struct vm *vm, const struct vm *sender)
{
	return sender == vm || sender->peer == vm;
}

static bool
vm_any_enabled(const struct vm *vm, unsigned int kind)
{
	for (unsigned int i = kind; i < vm_nb_queues(vm); i += 2)
		if (guest_vm_is_enabled(vm->guest, i))
			return true;
	return false;
}

static bool
vm_all_enabled(const struct vm *vm)
{
	for (unsigned int i = 0; i < vm_nb_queues(vm); i++)
		if (!guest_vm_is_enabled(vm->guest, i))
			return false;
	return true;
}

bool
vm_way_is_open(const struct vm *sender, unsigned int pair)
{
	const struct vm *peer = sender->peer;

	if (vm_state(sender) != VM_UP || !guest_vm_is_enabled(sender->guest, 2 * pair + 1))
		return false;
	if (peer == NULL || vm_state(peer) != VM_UP)
		return peer == NULL;
	/* the device chooses among the receive queues that are there; an echo does not */
	return peer->job != VM_ECHO ? vm_any_enabled(peer, 0) :
				      vm_all_enabled(peer) && vm_any_enabled(sender, 0);
}

/* --- up and down ----------------------------------------------------------------------------- */

enum vm_state
vm_state(const struct vm *vm)
{
	if (!vm->started)
		return VM_NEW;
	if (vm->paused)
		return VM_PAUSED;
	return guest_vm_is_up(vm->guest) ? VM_UP : VM_LOST;
}

const char *
vm_why(const struct vm *vm, int ret)
{
	const char *said = guest_vm_error(vm->guest);

	return said[0] != '\0' ? said : strerror(-ret);
}

int
vm_up(struct vm *vm, const struct base_log *log)
{
	enum vm_state state = vm_state(vm);
	int ret;

	if (state == VM_UP)
		return 0;
	if (state == VM_PAUSED) {
		base_err(log, "guest %s is stopped: 'flow start %s' lets it go on", vm->name,
				vm->name);
		return -EALREADY;
	}
	/* after a loss, at the used index of each ring; a first time that is the same */
	ret = guest_vm_reconnect(vm->guest);
	if (ret != 0) {
		guest_vm_disconnect(vm->guest);
		base_err(log, "guest %s does not start: %s", vm->name, vm_why(vm, ret));
		return ret;
	}
	vm->started = true;
	return 0;
}

uint64_t
vm_front_ends(const struct vm *vm)
{
	static struct port_info info; /* large; one thread */

	return port_get(vm->socket, &info) == 0 ? info.nb_connected : 0;
}

int
vm_await_port(const struct vm *vm, uint64_t nb)
{
	int ret = port_await_free(vm->socket, nb, VM_PORT_MS);

	return ret == -ENOENT ? 0 : ret;
}

bool
vm_device(const struct vm *vm, char device[DEVICE_NAME_MAX])
{
	static struct port_info info; /* large; one thread */

	if (port_get(vm->socket, &info) != 0)
		return false;
	memcpy(device, info.device, DEVICE_NAME_MAX);
	return true;
}

void
vm_set_socket(struct vm *vm, const char *socket)
{
	snprintf(vm->socket, sizeof(vm->socket), "%s", socket);
}

/* --- jobs ------------------------------------------------------------------------------------ */

static int
vm_find_peer(const struct vm *vm, const char *name, const struct base_log *log, struct vm **peer)
{
	unsigned int nb = 0;

	if (name != NULL && strcmp(name, vm->name) == 0) {
		base_err(log, "guest %s cannot be its own peer", vm->name);
		return -EINVAL;
	}
	if (name != NULL)
		return vm_get(name, log, peer);
	for (struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v)) {
		if (v == vm)
			continue;
		*peer = v;
		nb++;
	}
	if (nb == 1)
		return 0;
	base_err(log, "guest %s: %s", vm->name,
			nb == 0 ? "there is no other guest to send to" :
				  "several others are there: say which one with 'peer NAME'");
	return -ENOENT;
}

static int
vm_check_load(const struct vm *vm, const struct vm_load *load, const struct base_log *log)
{
	if (load->frame_len != 0 &&
			(load->frame_len < GUEST_FRAME_MIN || load->frame_len > GUEST_FRAME_MAX))
		base_err(log, "guest %s: frames of %u bytes, %u to %u are possible", vm->name,
				load->frame_len, GUEST_FRAME_MIN, GUEST_FRAME_MAX);
	else if (load->rate > BASE_NS_PER_S)
		base_err(log, "guest %s: %u packets per second, at most %u are possible", vm->name,
				load->rate, (unsigned int)BASE_NS_PER_S);
	else
		return 0;
	return -EINVAL;
}

/* Packets under way that neither side's rings can overflow from, also when all come to one. */
static uint32_t
vm_window(const struct vm *vm)
{
	uint32_t quarter = vm->attr.ring_size / 4;

	return quarter >= VM_WINDOW ? VM_WINDOW : quarter != 0 ? quarter : 1;
}

/* @vm sends to @peer from now on. */
static int
vm_send(struct vm *vm, struct vm *peer, const struct vm_load *load)
{
	struct guest_traffic_load traffic = {
		.frame_len = load->frame_len != 0 ? load->frame_len : VM_FRAME_LEN,
		.window = load->window != 0 ? load->window : vm_window(vm),
		.rate = load->rate,
	};
	int ret;

	memcpy(traffic.peer, peer->mac, sizeof(traffic.peer));
	ret = guest_ledger_span_open(vm_table.ledger, &vm->run);
	if (ret != 0)
		return ret;
	vm->peer = peer;
	vm->job = load->job;
	vm->load = *load;
	vm->load.peer = NULL;
	vm->load.frame_len = traffic.frame_len;
	vm->load.window = traffic.window;
	vm_hear_peer(vm);
	return guest_vm_send(vm->guest, &traffic);
}

static int
vm_start_sending(struct vm *vm, const struct vm_load *load, const struct base_log *log)
{
	struct vm *peer;
	int ret = vm_find_peer(vm, load->peer, log, &peer);

	if (ret == 0)
		ret = vm_check_load(vm, load, log);
	if (ret == 0)
		ret = vm_up(peer, log);
	if (ret == 0)
		ret = vm_up(vm, log);
	if (ret != 0)
		return ret;
	vm_stop(vm, NULL);
	if (load->job == VM_RXTX)
		vm_stop(peer, NULL);
	ret = vm_send(vm, peer, load);
	if (ret == 0 && load->job == VM_RXTX)
		ret = vm_send(peer, vm, load);
	return ret;
}

/* Those who send to @vm hear themselves while it echoes. */
static void
vm_start_echo(struct vm *vm)
{
	vm->job = VM_ECHO;
	guest_vm_echo_on(vm->guest);
	for (struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v))
		if (v->peer == vm)
			vm_hear_peer(v);
}

int
vm_start(struct vm *vm, const struct vm_load *load, const struct base_log *log)
{
	int ret;

	if (load->job == VM_TX || load->job == VM_RXTX)
		return vm_start_sending(vm, load, log);
	ret = vm_up(vm, log);
	if (ret != 0)
		return ret;
	vm_stop(vm, NULL);
	if (load->job == VM_ECHO)
		vm_start_echo(vm);
	return 0;
}

/* Does RXTX join the two? */
static bool
vm_is_pair(const struct vm *vm)
{
	return vm->peer != NULL && vm->job == VM_RXTX && vm->peer->job == VM_RXTX &&
			vm->peer->peer == vm;
}

static void
vm_end_echo(struct vm *vm)
{
	guest_vm_echo_off(vm->guest);
	for (struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v))
		if (v->peer == vm)
			guest_vm_ignore(v->guest, v->tx_stream, v->attr.nb_pairs);
	vm->job = VM_RX;
}

void
vm_quiet(struct vm *vm)
{
	if (vm->peer != NULL)
		guest_vm_quiet(vm->guest);
	if (vm_is_pair(vm))
		guest_vm_quiet(vm->peer->guest);
	if (vm->job == VM_ECHO)
		vm_end_echo(vm);
}

void
vm_account_add(struct vm_account *sum, struct guest_ledger_span *span, uint32_t stream, bool open)
{
	struct guest_ledger_count count;

	if (guest_ledger_span_count(span, stream, &count) != 0)
		return;
	if (!open) {
		sum->pending += count.lost;
		count.lost = 0;
	}
	guest_ledger_count_add(&sum->count, &count);
}

/* Waits for what @vm has sent, books it, and parts it from its peer. */
static void
vm_settle(struct vm *vm, struct vm_account *sum)
{
	unsigned int left_ms = vm->attr.settle_ms;

	if (vm->peer == NULL)
		return;
	guest_ledger_span_close(vm->run);
	for (unsigned int i = 0; i < vm->attr.nb_pairs; i++) {
		bool open = vm_way_is_open(vm, i);

		/* who has waited the whole time for one has done so for all */
		if (open && guest_ledger_span_settle(vm->run, vm->tx_stream + i, left_ms) != 0)
			left_ms = 0;
		if (sum != NULL)
			vm_account_add(sum, vm->run, vm->tx_stream + i, open);
	}
	guest_ledger_span_free(vm->run);
	vm->run = NULL;
	vm_ignore_peer(vm);
	vm->peer = NULL;
	vm->job = VM_RX;
}

void
vm_stop(struct vm *vm, struct vm_account *sum)
{
	struct vm *other = vm_is_pair(vm) ? vm->peer : NULL;

	vm_quiet(vm);
	vm_settle(vm, sum);
	if (other != NULL)
		vm_settle(other, sum);
}

/* --- the end --------------------------------------------------------------------------------- */

void
vm_set_gone(void (*gone)(const struct vm *vm))
{
	unsigned int i = 0;

	while (vm_table.gone[i] != NULL && vm_table.gone[i] != gone) {
		i++;
		assert(i < VM_GONE_MAX);
	}
	vm_table.gone[i] = gone;
}

static void
vm_free(struct vm *vm)
{
	vm_stop(vm, NULL);
	for (unsigned int i = 0; i < VM_GONE_MAX && vm_table.gone[i] != NULL; i++)
		vm_table.gone[i](vm);
	if (vm_state(vm) == VM_UP)
		(void)guest_vm_pause(vm->guest); /* what the device says at its end is logged */
	guest_vm_destroy(vm->guest);
	vm_give_streams_back(vm);
	TAILQ_REMOVE(&vm_table.vms, vm, next);
	free(vm);
}

int
vm_remove(struct vm *vm, const struct base_log *log)
{
	bool pair = vm_is_pair(vm);

	for (const struct vm *v = vm_after(NULL); v != NULL; v = vm_after(v)) {
		if (v->peer != vm || (pair && v == vm->peer))
			continue;
		base_err(log, "guest %s sends to %s: 'guest stop %s' first", v->name, vm->name,
				v->name);
		return -EBUSY;
	}
	vm_free(vm);
	vm_drop_ledger_if_unused();
	return 0;
}

void
vm_remove_all(void)
{
	struct vm *vm;

	for (vm = vm_after(NULL); vm != NULL; vm = vm_after(vm))
		vm_stop(vm, NULL);
	while ((vm = vm_after(NULL)) != NULL)
		vm_free(vm);
	vm_drop_ledger_if_unused();
}
