/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Soak: one flow after the other on the built-in guests under traffic, at random, until time is
 * over. Which ones, on which guest and with what numbers comes from a seed alone and from what can be
 * done at that moment, so that a run can be repeated: the same seed, guests and answers of the devices
 * make the same flows. Each is judged when it ends, as every flow is.
 */
#ifndef FLOW_SOAK_H
#define FLOW_SOAK_H

#include <stdbool.h>
#include <stdint.h>

#include "flow.h"

/** What a random flow may be; a pair is two flows, so that the guest runs afterwards. */
enum flow_soak_kind {
	FLOW_SOAK_HOT_ADD,
	FLOW_SOAK_UNPLUG,
	FLOW_SOAK_REMAP,
	FLOW_SOAK_RESET,
	FLOW_SOAK_REBIND,
	FLOW_SOAK_QUEUE, /**< disable and enable a queue */
	FLOW_SOAK_PAUSE, /**< stop and start */
	FLOW_SOAK_KILL,
	FLOW_SOAK_ERROR,
	FLOW_SOAK_MIGRATE,
	FLOW_SOAK_MIGRATE_FAIL,
	FLOW_SOAK_NB_KINDS,
};

/** What can be done to a guest at this moment. */
struct flow_soak_facts {
	unsigned int nb_queues;
	unsigned int nb_dimms; /**< that can be unplugged */
	bool has_room; /**< for one more */
	bool has_spare; /**< a device to migrate to */
	bool has_card; /**< an emulated one, whose queues can be broken */
};

/** One decision. */
struct flow_soak_choice {
	enum flow_soak_kind kind;
	uint64_t number; /**< queue, message, MiB or check, as the kind has it; else 0 */
};

/** A generator of numbers (splitmix64): the same on every machine. */
struct flow_soak_dice {
	uint64_t state;
};

/** 0 to @p sides - 1; @p sides is not 0. */
uint64_t flow_soak_roll(struct flow_soak_dice *dice, uint64_t sides);
/** What to do next to a guest of which that is true. Pure but for the dice. */
struct flow_soak_choice
flow_soak_choose(struct flow_soak_dice *dice, const struct flow_soak_facts *facts);

/** A soak. */
struct flow_soak_attr {
	uint64_t ms; /**< no flow begins later */
	unsigned int max_flows; /**< nor after so many decisions; 0: as many as fit */
	uint64_t seed;
	const char *device; /**< a spare one to migrate to and fro, with a socket; NULL: none */
	const char *socket; /**< NULL: none */
	/** Told of each flow when it was judged; may be NULL. @return not 0: that is enough */
	int (*tell)(void *arg, const struct flow_record *record);
	void *arg;
	const struct base_log *log;
};

/** What became of it. */
struct flow_soak_result {
	unsigned int nb_flows;
	unsigned int nb_failed; /**< that did not work, or had faults */
	unsigned int nb_of[FLOW_NB_KINDS];
	struct guest_ledger_count total; /**< packets of all its flows, added up */
};

/**
 * @return 0: all flows passed; -EBADMSG: one did not; -ENOENT no guest, or nobody sends; or why the
 * soak could not go on (a sentence is in the log)
 */
int flow_soak(const struct flow_soak_attr *attr, struct flow_soak_result *result);

#endif /* FLOW_SOAK_H */
