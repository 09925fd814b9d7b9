/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: dice, a pure choice, and a table that does what was chosen by the functions of
 * flow.h. A choice always takes the same numbers from the dice (kind, then number), whatever it is.
 *
 * Kinds that cannot be done now are left out before the dice are cast. Two kinds are pairs of flows,
 * so that between two decisions every guest is up with all queues, and traffic comes: a region can
 * then be unplugged, as its buffers come back.
 *
 * The spare device wanders: when a guest has moved there, the device that it left is the spare one.
 *
 * A flow that was refused, or has faults, counts as failed, and the soak goes on; it ends where a
 * guest is not up any more, since what follows would say nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "card_used.h"
#include "flow_migrate.h"
#include "flow_soak.h"

#define FLOW_SOAK_DIMMS \
	4u /* of a guest, at most: a memory table has 8 rows, of which RAM takes 2 or 3 */
#define FLOW_SOAK_MESSAGES 28 /* a start of one queue pair has no fewer */
#define FLOW_SOAK_MIB 16u /* of a hot-add beyond what its buffers need */

/* --- choices --------------------------------------------------------------------------------- */

static bool
flow_soak_always(const struct flow_soak_facts *facts)
{
	return true;
}

static bool
flow_soak_has_room(const struct flow_soak_facts *facts)
{
	return facts->has_room;
}

static bool
flow_soak_has_dimm(const struct flow_soak_facts *facts)
{
	return facts->nb_dimms != 0;
}

static bool
flow_soak_has_card(const struct flow_soak_facts *facts)
{
	return facts->has_card;
}

static bool
flow_soak_has_spare(const struct flow_soak_facts *facts)
{
	return facts->has_spare;
}

struct flow_soak_row {
	unsigned int weight;
	bool (*may)(const struct flow_soak_facts *facts);
	uint64_t sides; /* of the number; 0: the queues */
};

static const struct flow_soak_row flow_soak_rows[FLOW_SOAK_NB_KINDS] = {
	[FLOW_SOAK_HOT_ADD] = { 3, flow_soak_has_room, FLOW_SOAK_MIB / 2 },
	[FLOW_SOAK_UNPLUG] = { 2, flow_soak_has_dimm, 1 },
	[FLOW_SOAK_REMAP] = { 2, flow_soak_has_dimm, 1 },
	[FLOW_SOAK_RESET] = { 3, flow_soak_always, 1 },
	[FLOW_SOAK_REBIND] = { 2, flow_soak_always, 1 },
	[FLOW_SOAK_QUEUE] = { 2, flow_soak_always, 0 },
	[FLOW_SOAK_PAUSE] = { 2, flow_soak_always, 1 },
	[FLOW_SOAK_KILL] = { 2, flow_soak_always, FLOW_SOAK_MESSAGES },
	[FLOW_SOAK_ERROR] = { 2, flow_soak_has_card, 0 },
	[FLOW_SOAK_MIGRATE] = { 3, flow_soak_has_spare, 2 },
	[FLOW_SOAK_MIGRATE_FAIL] = { 2, flow_soak_always, 2 },
};

/* splitmix64 of Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014. */
uint64_t
flow_soak_roll(struct flow_soak_dice *dice, uint64_t sides)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31) % sides;
}

struct flow_soak_choice
flow_soak_choose(struct flow_soak_dice *dice, const struct flow_soak_facts *facts)
{
	struct flow_soak_choice choice = { .kind = FLOW_SOAK_RESET };
	uint64_t sum = 0, at;

	for (unsigned int i = 0; i < FLOW_SOAK_NB_KINDS; i++)
		sum += flow_soak_rows[i].may(facts) ? flow_soak_rows[i].weight : 0;
	at = flow_soak_roll(dice, sum);
	for (unsigned int i = 0; i < FLOW_SOAK_NB_KINDS; i++) {
		uint64_t weight = flow_soak_rows[i].may(facts) ? flow_soak_rows[i].weight : 0;

		if (at < weight) {
			choice.kind = i;
			break;
		}
		at -= weight;
	}
	choice.number = flow_soak_roll(dice,
			flow_soak_rows[choice.kind].sides != 0 ? flow_soak_rows[choice.kind].sides :
								 facts->nb_queues);
	return choice;
}

/* --- what was chosen is done ----------------------------------------------------------------- */

struct flow_soak {
	const struct flow_soak_attr *attr;
	struct flow_soak_result *result;
	struct flow_soak_dice dice;
	struct flow_record record; /* of the flow that runs */
	bool enough; /* who is told has said so */
	bool has_spare;
	char device[DEVICE_NAME_MAX]; /* the spare one */
	char socket[sizeof(((struct vm *)0)->socket)];
};

/* Books a flow; @ret is what its function returned. */
static int
flow_soak_book(struct flow_soak *soak, int ret)
{
	struct flow_soak_result *result = soak->result;
	const struct flow_record *record = &soak->record;

	result->nb_flows++;
	if (record->id == 0) { /* it did not begin: a sentence says why */
		result->nb_failed++;
		return ret;
	}
	result->nb_of[record->kind]++;
	result->nb_failed += !flow_passed(record);
	guest_ledger_count_add(&result->total, &record->account.count);
	if (soak->attr->tell != NULL && soak->attr->tell(soak->attr->arg, record) != 0)
		soak->enough = true;
	return ret;
}

static struct flow_call
flow_soak_call(struct flow_soak *soak, struct vm *vm)
{
	memset(&soak->record, 0, sizeof(soak->record));
	return (struct flow_call){ .vm = vm, .log = soak->attr->log, .record = &soak->record };
}

static void
flow_soak_hot_add(struct flow_soak *soak, struct vm *vm, uint64_t number)
{
	struct flow_call call = flow_soak_call(soak, vm);
	uint64_t size = base_align_up(vm_buffer_bytes(vm), 2u << 20) + number * (2u << 20);

	(void)flow_soak_book(soak, flow_hot_add(&call, size));
}

/* What the guest leaves is the next spare device. */
static void
flow_soak_migrate(struct flow_soak *soak, struct vm *vm, uint64_t number)
{
	struct flow_call call = flow_soak_call(soak, vm);
	const struct flow_migrate_to to = {
		.device = soak->device,
		.socket = soak->socket,
		.check = number == 0 ? GUEST_MIGRATE_COMPARE : GUEST_MIGRATE_HOLD,
	};
	char device[DEVICE_NAME_MAX], socket[sizeof(soak->socket)];
	int ret;

	memcpy(socket, vm->socket, sizeof(socket));
	soak->has_spare = vm_device(vm, device);
	ret = flow_soak_book(soak, flow_migrate(&call, &to, NULL));
	if (ret != 0 || strcmp(vm->socket, socket) == 0) {
		soak->has_spare = true; /* the guest is where it was */
		return;
	}
	memcpy(soak->device, device, sizeof(device));
	memcpy(soak->socket, socket, sizeof(socket));
}

static void
flow_soak_migrate_fail(struct flow_soak *soak, struct vm *vm, uint64_t number)
{
	struct flow_call call = flow_soak_call(soak, vm);

	(void)flow_soak_book(soak,
			flow_migrate_fail(&call,
					number == 0 ? GUEST_MIGRATE_COMPARE : GUEST_MIGRATE_HOLD,
					NULL));
}

/* How a choice is done: by flows, the second only after the first has worked, or by an act of its own. */
struct flow_soak_deed {
	int (*flows[2])(const struct flow_call *call);
	int (*numbered[2])(const struct flow_call *call, unsigned int number);
	void (*act)(struct flow_soak *soak, struct vm *vm, uint64_t number);
};

static const struct flow_soak_deed flow_soak_deeds[FLOW_SOAK_NB_KINDS] = {
	[FLOW_SOAK_HOT_ADD] = { .act = flow_soak_hot_add },
	[FLOW_SOAK_UNPLUG] = { .flows = { flow_unplug } },
	[FLOW_SOAK_REMAP] = { .flows = { flow_remap } },
	[FLOW_SOAK_RESET] = { .flows = { flow_reset } },
	[FLOW_SOAK_REBIND] = { .flows = { flow_rebind } },
	[FLOW_SOAK_QUEUE] = { .numbered = { flow_disable, flow_enable } },
	[FLOW_SOAK_PAUSE] = { .flows = { flow_stop, flow_start } },
	[FLOW_SOAK_KILL] = { .numbered = { flow_kill } },
	[FLOW_SOAK_ERROR] = { .numbered = { flow_error } },
	[FLOW_SOAK_MIGRATE] = { .act = flow_soak_migrate },
	[FLOW_SOAK_MIGRATE_FAIL] = { .act = flow_soak_migrate_fail },
};

static void
flow_soak_do(struct flow_soak *soak, struct vm *vm, const struct flow_soak_choice *choice)
{
	const struct flow_soak_deed *deed = &flow_soak_deeds[choice->kind];
	int ret = 0;

	if (deed->act != NULL)
		deed->act(soak, vm, choice->number);
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(deed->flows) && ret == 0; i++) {
		struct flow_call call = flow_soak_call(soak, vm);

		if (deed->flows[i] != NULL)
			ret = flow_soak_book(soak, deed->flows[i](&call));
		if (deed->numbered[i] != NULL)
			ret = flow_soak_book(soak,
					deed->numbered[i](&call, (unsigned int)choice->number));
	}
}

/* --- guests ---------------------------------------------------------------------------------- */

static unsigned int
flow_soak_nb_guests(void)
{
	unsigned int nb = 0;

	for (struct vm *vm = vm_after(NULL); vm != NULL; vm = vm_after(vm))
		nb++;
	return nb;
}

static struct vm *
flow_soak_guest(struct flow_soak *soak)
{
	uint64_t at = flow_soak_roll(&soak->dice, flow_soak_nb_guests());
	struct vm *vm = vm_after(NULL);

	while (at-- > 0)
		vm = vm_after(vm);
	return vm;
}

static struct flow_soak_facts
flow_soak_look(const struct flow_soak *soak, struct vm *vm)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	unsigned int nb = guest_mem_table(guest_vm_mem(vm->guest), table);

	return (struct flow_soak_facts){
		.nb_queues = vm_nb_queues(vm),
		.nb_dimms = vm->nb_dimms,
		.has_room = vm->nb_dimms < FLOW_SOAK_DIMMS && nb < GUEST_MEM_MAX_REGIONS,
		.has_spare = soak->has_spare && !vm->attr.server,
		.has_card = card_used() != NULL,
	};
}

/* Every guest is up, and somebody sends. */
static int
flow_soak_check(const struct flow_soak_attr *attr)
{
	bool sends = false;

	for (struct vm *vm = vm_after(NULL); vm != NULL; vm = vm_after(vm)) {
		if (vm_state(vm) != VM_UP) {
			base_err(attr->log, "soak: guest %s is %s", vm->name,
					vm_state_name(vm_state(vm)));
			return -ENOTCONN;
		}
		sends = sends || vm->peer != NULL;
	}
	if (sends)
		return 0;
	base_err(attr->log, "soak: %s",
			vm_after(NULL) == NULL ?
					"there is no guest ('guest add' makes one)" :
					"no guest sends ('guest start NAME tx' does that)");
	return -ENOENT;
}

/* --- all of it ------------------------------------------------------------------------------- */

static int
flow_soak_step(struct flow_soak *soak)
{
	struct vm *vm = flow_soak_guest(soak);
	struct flow_soak_facts facts = flow_soak_look(soak, vm);
	struct flow_soak_choice choice = flow_soak_choose(&soak->dice, &facts);

	flow_soak_do(soak, vm, &choice);
	return flow_soak_check(soak->attr);
}

static void
flow_soak_begin(struct flow_soak *soak, const struct flow_soak_attr *attr,
		struct flow_soak_result *result)
{
	soak->attr = attr;
	soak->result = result;
	soak->dice.state = attr->seed;
	soak->has_spare = attr->device != NULL && attr->socket != NULL;
	if (!soak->has_spare)
		return;
	snprintf(soak->device, sizeof(soak->device), "%s", attr->device);
	snprintf(soak->socket, sizeof(soak->socket), "%s", attr->socket);
}

int
flow_soak(const struct flow_soak_attr *attr, struct flow_soak_result *result)
{
	uint64_t end = base_clock_ns() + attr->ms * (uint64_t)BASE_NS_PER_MS;
	struct flow_soak *soak = calloc(1, sizeof(*soak));
	unsigned int nb = 0;
	int ret;

	memset(result, 0, sizeof(*result));
	if (soak == NULL) {
		base_err(attr->log, "soak: no memory");
		return -ENOMEM;
	}
	flow_soak_begin(soak, attr, result);
	ret = flow_soak_check(attr);
	while (ret == 0 && base_clock_ns() < end && !soak->enough &&
			(attr->max_flows == 0 || nb < attr->max_flows)) {
		ret = flow_soak_step(soak);
		nb++;
	}
	free(soak);
	return ret == 0 && result->nb_failed != 0 ? -EBADMSG : ret;
}
