/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: handlers that turn words into a guest's attributes or load (vm.h), which checks
 * them together, and that print how a guest stands.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <base_clock.h>

#include "command_rows.h"
#include "feature.h"
#include "vm.h"

/* An option that is a number, into an unsigned int that keeps its value where it was not given. */
static int
command_guest_uint(const struct command_session *session, const struct command_args *args,
		const struct value_range *range, unsigned int *value)
{
	uint64_t n = *value;
	int ret = command_option_number(session, args, range, &n);

	*value = (unsigned int)n;
	return ret;
}

static int
command_guest_add(struct command_session *session, const struct command_args *args)
{
	const struct value_range queues = { "queues", 1, VM_PAIRS_MAX };
	const struct value_range size = { "size", 2, GUEST_VRING_MAX_SIZE };
	const struct value_range mem = { "mem", VM_MEM_MIN, VM_MEM_MAX };
	const struct value_range timeout = { "timeout", 1, 600000 };
	struct vm_attr attr = {
		.name = args->word[2],
		.socket = args->word[3],
		.server = command_option(args, "server") != NULL,
		.packed = command_option(args, "packed") != NULL,
		.poll = command_option(args, "poll") != NULL,
		.no_notifier = command_option(args, "no-notifier") != NULL,
		.driver = { .mergeable = command_option(args, "mergeable") != NULL,
				.indirect = command_option(args, "indirect") != NULL,
				.event_idx = command_option(args, "event-idx") != NULL },
		.log = session->log,
	};
	struct vm *vm;
	int ret = command_guest_uint(session, args, &queues, &attr.nb_pairs);

	if (ret == 0)
		ret = command_guest_uint(session, args, &size, &attr.ring_size);
	if (ret == 0)
		ret = command_option_size(session, args, &mem, &attr.mem);
	if (ret == 0)
		ret = command_guest_uint(session, args, &timeout, &attr.timeout_ms);
	if (ret == 0)
		ret = vm_add(&attr, &vm);
	if (ret == 0)
		fprintf(session->out,
				"added guest %s: %u queue pair%s, rings of %u, %" PRIu64 " MiB\n",
				vm->name, vm->attr.nb_pairs, vm->attr.nb_pairs == 1 ? "" : "s",
				vm->attr.ring_size, vm->attr.mem >> 20);
	return ret;
}

static enum vm_job
command_guest_job(const char *word)
{
	enum vm_job job = VM_RX;

	/* the syntax has let no other word through */
	while (job < VM_NB_JOBS && strcmp(vm_job_name(job), word) != 0)
		job++;
	return job;
}

static int
command_guest_start(struct command_session *session, const struct command_args *args)
{
	const struct value_range rate = { "rate", 0, 100000000 };
	const struct value_range len = { "len", GUEST_FRAME_MIN, GUEST_FRAME_MAX };
	const struct value_range window = { "window", 1, GUEST_VRING_MAX_SIZE };
	struct vm_load load = {
		.job = command_guest_job(args->word[3]),
		.peer = command_option(args, "peer"),
		.rate = 1000,
	};
	struct vm *vm;
	int ret = vm_get(args->word[2], session->log, &vm);

	if (ret == 0)
		ret = command_guest_uint(session, args, &rate, &load.rate);
	if (ret == 0)
		ret = command_guest_uint(session, args, &len, &load.frame_len);
	if (ret == 0)
		ret = command_guest_uint(session, args, &window, &load.window);
	if (ret == 0)
		ret = vm_start(vm, &load, session->log);
	if (ret == 0)
		fprintf(session->out, "guest %s: %s%s%s\n", vm->name, vm_job_name(vm->job),
				vm->peer != NULL ? " to " : "",
				vm->peer != NULL ? vm->peer->name : "");
	return ret;
}

static void
command_guest_account(const struct vm_account *account, FILE *out)
{
	const struct guest_ledger_count *c = &account->count;

	fprintf(out,
			"%" PRIu64 " sent, %" PRIu64 " arrived, %" PRIu64 " lost, %" PRIu64
			" duplicated, %" PRIu64 " reordered, %" PRIu64 " torn, %" PRIu64
			" excused, %" PRIu64 " pending, longest gap %.1f ms\n",
			c->sent, c->received, c->lost, c->duplicated, c->reordered, c->torn,
			c->excused, account->pending, (double)c->longest_gap_ns / BASE_NS_PER_MS);
}

static int
command_guest_stop(struct command_session *session, const struct command_args *args)
{
	struct vm_account sum = { .pending = 0 };
	struct vm *vm;
	int ret = vm_get(args->word[2], session->log, &vm);

	if (ret != 0)
		return ret;
	vm_stop(vm, &sum);
	fprintf(session->out, "stopped guest %s: ", vm->name);
	command_guest_account(&sum, session->out);
	return 0;
}

static void
command_guest_show_queue(const struct vm *vm, const struct guest_vm_stats *stats, unsigned int i,
		FILE *out)
{
	const struct guest_net_stats *queue = &stats->queues[i];
	struct guest_vm_place place;

	guest_vm_place(vm->guest, i, &place);
	fprintf(out,
			"  queue %u (%s, %s): available %u, used %u, in flight %u, %" PRIu64
			" frames, kicks %" PRIu64 " by page %" PRIu64 " by eventfd\n",
			i, i % 2 == 0 ? "rx" : "tx",
			guest_vm_is_enabled(vm->guest, i) ? "enabled" : "disabled", place.avail,
			place.used, place.in_flight, queue->frames, stats->notify[i].page_kicks,
			stats->notify[i].eventfd_kicks);
}

/* What it sent, so far: what is on its way is missing, not lost. */
static void
command_guest_show_packets(const struct vm *vm, FILE *out)
{
	struct guest_ledger_count sum = { 0 }, count;

	for (unsigned int i = 0; i < vm->attr.nb_pairs; i++) {
		if (guest_ledger_count(vm_ledger(), vm->tx_stream + i, &count) == 0)
			guest_ledger_count_add(&sum, &count);
	}
	fprintf(out,
			"  sent: %" PRIu64 ", arrived %" PRIu64 ", missing %" PRIu64
			", duplicated %" PRIu64 ", reordered %" PRIu64 ", torn %" PRIu64
			", excused %" PRIu64 ", longest gap %.1f ms\n",
			sum.sent, sum.received, sum.lost, sum.duplicated, sum.reordered, sum.torn,
			sum.excused, (double)sum.longest_gap_ns / BASE_NS_PER_MS);
}

static void
command_guest_show_one(struct vm *vm, FILE *out)
{
	static struct guest_vm_stats stats; /* large; one thread */
	char device[DEVICE_NAME_MAX] = "nobody here";

	guest_vm_stats(vm->guest, &stats);
	(void)vm_device(vm, device);
	fprintf(out, "guest %s: %s, %s%s%s, socket %s (%s), served by %s\n", vm->name,
			vm_state_name(vm_state(vm)), vm_job_name(vm->job),
			vm->peer != NULL ? " to " : "", vm->peer != NULL ? vm->peer->name : "",
			vm->socket, vm->attr.server ? "server" : "client", device);
	fprintf(out,
			"  %u queue pairs, %s rings of %u, %" PRIu64
			" MiB and %u regions more, MAC "
			"%02x:%02x:%02x:%02x:%02x:%02x\n",
			vm->attr.nb_pairs, vm->attr.packed ? "packed" : "split", vm->attr.ring_size,
			vm->attr.mem >> 20, vm->nb_dimms, vm->mac[0], vm->mac[1], vm->mac[2],
			vm->mac[3], vm->mac[4], vm->mac[5]);
	fprintf(out, "  negotiated: ");
	feature_print(guest_vm_features(vm->guest), out);
	fprintf(out, ", protocol 0x%" PRIx64 "\n", guest_vm_protocol(vm->guest));
	command_guest_show_packets(vm, out);
	fprintf(out,
			"  device errors: %" PRIu64 ", impossible bases: %" PRIu64
			", flooded to it: %" PRIu64 "\n",
			stats.device_errors, stats.base_errors, stats.traffic.not_for_us);
	for (unsigned int i = 0; i < stats.nb_queues; i++)
		command_guest_show_queue(vm, &stats, i, out);
}

static int
command_guest_show(struct command_session *session, const struct command_args *args)
{
	struct vm *vm;

	if (args->word[2][0] != '\0') {
		int ret = vm_get(args->word[2], session->log, &vm);

		if (ret == 0)
			command_guest_show_one(vm, session->out);
		return ret;
	}
	if (vm_after(NULL) == NULL)
		fprintf(session->out, "no guest was added\n");
	for (vm = vm_after(NULL); vm != NULL; vm = vm_after(vm))
		command_guest_show_one(vm, session->out);
	return 0;
}

static int
command_guest_remove(struct command_session *session, const struct command_args *args)
{
	struct vm *vm;
	int ret = vm_get(args->word[2], session->log, &vm);

	if (ret == 0)
		ret = vm_remove(vm, session->log);
	if (ret == 0)
		fprintf(session->out, "removed guest %s\n", args->word[2]);
	return ret;
}

const struct command_row command_guest_rows[] = {
	{ "guest add NAME SOCKET [queues N] [size N] [mem SIZE] [packed] [server] [poll] [mergeable] "
	  "[indirect] [event-idx] [no-notifier] [timeout MS]",
			"make a guest for the back-end at a socket", command_guest_add },
	{ "guest start NAME tx|rx|rxtx|echo [peer NAME] [rate N] [len N] [window N]",
			"bring a guest up, and let it send, receive, or give back",
			command_guest_start },
	{ "guest stop NAME", "end its sending, and say what became of the packets",
			command_guest_stop },
	{ "guest show [NAME]", "state, features, packets, rings of the guests",
			command_guest_show },
	{ "guest remove NAME", "stop a guest and take it away", command_guest_remove },
	{ NULL, NULL, NULL },
};
