/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the launcher tells the library, through the environment.
 */
#ifndef EMU_CONF_H
#define EMU_CONF_H

#include <limits.h>
#include <stdbool.h>

#include "base_log.h"
#include "seam.h"

struct emu_conf {
	struct seam_conf seam;
	char tree[PATH_MAX]; /**< what @c seam.tree points to */
	bool loop; /**< the wire is a loop-back plug, else a switch */
	unsigned int pause_ms;
	enum base_log_level log_level;
	const char *log_file; /**< NULL: stderr; in the environment */
};

/**
 * Reads MLX5EMU_TREE (without it nothing is emulated), _FUNCTIONS, _WIRE, _PAUSE_MS, _LOG and
 * _LOG_LEVEL. What is missing or makes no sense gets its default.
 * @return whether there is something to emulate.
 */
bool emu_conf_read(struct emu_conf *conf);

/** Takes this library out of LD_PRELOAD, so that children run without it. */
void emu_conf_unload(void);

#endif /* EMU_CONF_H */
