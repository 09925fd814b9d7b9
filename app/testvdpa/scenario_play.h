/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The inside of a scenario while it is played: the two guests, what serves them, the report in the
 * making; shared by the engine (scenario_play.c), the set-up (scenario_rig.c), the judges
 * (scenario_judge.c), the acts (scenario_act.c) and the plans (scenario_reset.c, ...). One thread.
 */
#ifndef SCENARIO_PLAY_H
#define SCENARIO_PLAY_H

#include <base_log.h>
#include <guest_net_fault.h>

#include "device.h"
#include "scenario.h"
#include "scenario_report.h"
#include "timeline.h"
#include "vm.h"

#define SCENARIO_GUESTS 2
#define SCENARIO_NOTE_SLOW "slow_streams" /**< silent for too long, but not dead (flow.h) */

/** A vDPA device and the socket that it serves. */
struct scenario_port {
	char device[DEVICE_NAME_MAX];
	char socket[64];
	bool attached;
};

/** What is known of a virtqueue of a guest at the end of the last step. */
struct scenario_ring {
	uint64_t faults[GUEST_NET_NB_FAULTS];
	uint64_t twice; /**< returned twice or never posted */
	struct ring_index before; /**< the act of the step that is being played */
};

/** One guest. */
struct scenario_guest {
	char name[2]; /**< "A" or "B" */
	unsigned int port; /**< that serves it now */
	struct vm *vm;
	uint64_t base_errors; /**< at the end of the last step */
	struct scenario_ring rings[2 * GUEST_NET_MAX_PAIRS];
};

struct scenario_play {
	const struct scenario_attr *attr;
	struct base_log log;
	char dir[32]; /**< private directory of the sockets */
	unsigned int nb_ports;
	struct scenario_port ports[SCENARIO_DEVICES_MAX];
	struct timeline_streams ways[SCENARIO_GUESTS]; /**< what each guest sends */
	struct timeline *timeline; /**< for the page; NULL: none is wanted */
	struct guest_ledger *ledger; /**< of the guests (vm.h) */
	struct scenario_guest guests[SCENARIO_GUESTS];
	uint64_t wrecks; /**< at the end of the last step */
	bool is_dead; /**< a stream was silent for too long, and nothing has run since */
	struct scenario_report report;
};

/** One step of a plan: what happens between two stretches of traffic, and how it is judged. */
struct scenario_plan {
	const char *name;
	/** Why the step cannot be played here, or NULL; may be NULL itself. */
	const char *(*skip)(const struct scenario_play *play);
	/** To whom. @return 0; -errno, with a fault in the step; NULL: nothing happens */
	int (*act)(struct scenario_play *play, struct scenario_step *step, unsigned int guest);
	unsigned int guest; /**< SCENARIO_A or SCENARIO_B */
	/** Of more than the traffic, when all has arrived; may be NULL. */
	void (*judge)(struct scenario_play *play, struct scenario_step *step);
	bool may_excuse; /**< packets of or to a guest that was down */
	bool may_duplicate; /**< packets in flight when a queue broke (sent twice, not lost) */
};

/** One scenario. */
struct scenario_kind {
	const char *name;
	const char *help; /**< one line */
	unsigned int nb_devices; /**< that it needs */
	const struct scenario_plan *plans;
	unsigned int nb_plans;
};

extern const struct scenario_kind scenario_reset;
extern const struct scenario_kind scenario_hotplug;
extern const struct scenario_kind scenario_migrate;
extern const struct scenario_kind scenario_recover;
extern const struct scenario_kind scenario_soak;

/* --- the engine ------------------------------------------------------------------------------ */

/**
 * Plays a scenario, as often as the user wants; faults are in the report.
 * @return 0; -EINTR the user wants the end, -ENOSPC no room for more steps
 */
int scenario_play_kind(struct scenario_play *play, const struct scenario_kind *kind);

/** Waits until @p nb more packets have arrived on each stream. A slow one is noted. @return 0; -EINTR;
 * -ETIMEDOUT a stream is dead, which is a fault in the step. */
int scenario_play_packets(struct scenario_play *play, struct scenario_step *step, uint64_t nb);

/** Both guests send (0, or -errno with a complaint), or fall silent. */
int scenario_play_send(struct scenario_play *play);
void scenario_play_quiet(struct scenario_play *play);

/** Since the beginning of the report. */
double scenario_play_seconds(const struct scenario_play *play);

/** Begins a step outside of any plan. @return NULL: no room (report.fault says so). */
struct scenario_step *
scenario_play_begin(struct scenario_play *play, const char *name, uint64_t *commands);
/** Ends it: indices, commands, the guests' errors; tells the user. */
void scenario_play_end(struct scenario_play *play, struct scenario_step *step, uint64_t commands);

/* --- set-up ---------------------------------------------------------------------------------- */

/** Devices, directory, ledger, guests; every error is told. @return 0, -errno. */
int scenario_rig_create(struct scenario_play *play);
/** Attaches the ports, starts the guests. @return 0; -errno, with a fault in the step. */
int scenario_rig_start(struct scenario_play *play, struct scenario_step *step);
/** Stops both devices, which must say where they were. */
void scenario_rig_stop(struct scenario_play *play, struct scenario_step *step);
/** Takes everything away; what was never made is fine. */
void scenario_rig_destroy(struct scenario_play *play);
/** Gives both guests a new life with the same rings: their front-ends connect again. */
int scenario_rig_revive(struct scenario_play *play, struct scenario_step *step);

#endif /* SCENARIO_PLAY_H */
