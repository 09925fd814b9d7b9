/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the configuration says about wires, and the wire that is made of it.
 */
#ifndef EMU_WIRE_H
#define EMU_WIRE_H

#include <limits.h>
#include <net/if.h>
#include <stdint.h>
#include <sys/un.h>

#include "base_log.h"
#include "seam.h"
#include "wire_admin.h"

#define EMU_WIRE_NETS 16u
#define EMU_WIRE_UPLINKS 16u
#define EMU_WIRE_SETTINGS 128u

enum emu_wire_kind {
	EMU_WIRE_SWITCH,
	EMU_WIRE_LOOP,
	EMU_WIRE_NULL,
	EMU_WIRE_NB_KINDS,
};
/** "switch", "loop", "null". */
extern const char *const emu_wire_kinds[EMU_WIRE_NB_KINDS];

#define EMU_WIRE_NB_ROLES 2u
#define EMU_WIRE_NB_PACES 2u
extern const char *const emu_wire_roles[EMU_WIRE_NB_ROLES]; /**< by enum wire_unix_role */
extern const char *const emu_wire_paces[EMU_WIRE_NB_PACES]; /**< by enum wire_pcap_pace */

struct emu_wire_net {
	char name[WIRE_NAME_MAX];
	unsigned int kind; /**< enum emu_wire_kind */
};

enum emu_wire_uplink_kind {
	EMU_WIRE_NO_UPLINK, /**< nothing said yet */
	EMU_WIRE_TAP,
	EMU_WIRE_UNIX,
	EMU_WIRE_PCAP,
};

struct emu_wire_uplink {
	char name[WIRE_NAME_MAX];
	unsigned int net; /**< index */
	enum emu_wire_uplink_kind kind;
	struct {
		char ifname[IFNAMSIZ];
		int fd; /**< -1: none */
		bool up;
		unsigned int mtu;
	} tap;
	struct {
		char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
		unsigned int role; /**< enum wire_unix_role */
	} sock;
	struct {
		char write[PATH_MAX], play[PATH_MAX]; /**< "": not */
		uint64_t funcs; /**< bit i: function i; 0: all */
		unsigned int pace; /**< enum wire_pcap_pace */
		unsigned int times;
	} pcap;
};

struct emu_wire_setting {
	char port[WIRE_NAME_MAX];
	const char *name; /**< lives for ever */
	char value[64];
};

struct emu_wire_conf {
	unsigned int pause_ms;
	struct emu_wire_net nets[EMU_WIRE_NETS];
	unsigned int nb_nets; /**< at least 1 */
	uint8_t func_net[SEAM_MAX_FUNCS]; /**< net of each function */
	uint32_t func_set; /**< functions that a net names; the others are in the first one */
	struct emu_wire_uplink uplinks[EMU_WIRE_UPLINKS];
	unsigned int nb_uplinks;
	struct emu_wire_setting settings[EMU_WIRE_SETTINGS];
	unsigned int nb_settings;
};

/** One net of all functions, nothing else. The pause limit stays as it is. */
void emu_wire_conf_init(struct emu_wire_conf *conf, enum emu_wire_kind kind);
/**
 * Lays the wires. @return 0 or a negative errno, logged; nothing is left open then.
 */
int emu_wire_make(const struct emu_wire_conf *conf, unsigned int nb_funcs,
		const struct base_log *log, struct wire **wire);

#endif /* EMU_WIRE_H */
