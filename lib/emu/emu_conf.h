/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The card's configuration: defaults, then the file that MLX5EMU_CONFIG names (JSON, its schema is
 * in doc/guides/emulated-card-config.md), then one variable of the environment for each option of
 * the launcher. The launcher reads it the same way before it runs the program, to refuse what the
 * library would refuse.
 *
 * Two tables make it up: emu_conf_keys (emu_conf_keys.c: top-level keys of the file, one source
 * file for each topic) and emu_conf_options (emu_conf_options.c: options). Add a row, a reader and
 * a line of documentation.
 */
#ifndef EMU_CONF_H
#define EMU_CONF_H

#include <limits.h>
#include <stdbool.h>
#include <sys/un.h>

#include "base_log.h"
#include "emu_json.h"
#include "emu_wire.h"
#include "fw.h"
#include "fw_fault.h"
#include "fw_latency.h"
#include "seam.h"
#include "vnet.h"

enum emu_trace_format {
	EMU_TRACE_JSON, /**< one JSON object a line */
	EMU_TRACE_TEXT, /**< for reading */
	EMU_TRACE_NB_FORMATS,
};

struct emu_conf_trace {
	char file[PATH_MAX]; /**< "": no trace */
	enum emu_trace_format format;
	bool hex; /**< with dumps of the commands */
};

struct emu_conf {
	struct seam_conf seam;
	char tree[PATH_MAX]; /**< what @c seam.tree points to; "" when nobody has made one yet */
	struct fw_func_attr funcs[SEAM_MAX_FUNCS];
	struct fw_caps caps; /**< "capabilities", the same for all functions */
	struct vnet_pacing pacing; /**< "engine" */
	struct emu_wire_conf wire;
	struct fw_latency latency; /**< of a card that starts */
	struct fw_faults faults; /**< of a card that starts */
	struct emu_conf_trace trace; /**< from the start */
	enum base_log_level log_level;
	char log_file[PATH_MAX]; /**< "": stderr */
	char control[sizeof(((struct sockaddr_un *)0)->sun_path)]; /**< "": no control socket */
};

/** A top-level key of the file. */
struct emu_conf_key {
	const char *key;
	int (*read)(struct emu_json *at, const json_t *value, struct emu_conf *conf);
	/** Its value as it is in force (a new reference; NULL: out of memory). */
	json_t *(*show)(const struct emu_conf *conf);
};
extern const struct emu_conf_key emu_conf_keys[];
extern const size_t emu_conf_nb_keys;

/** An option of the launcher, and the variable by which it gets to the library. */
struct emu_conf_option {
	const char *name; /**< "functions", for --functions */
	char letter; /**< 'n'; 0: no short form */
	const char *env; /**< "MLX5EMU_FUNCTIONS" */
	const char *arg; /**< "N", for the help */
	const char *help; /**< lines of at most 56 characters, separated by \n */
	bool is_file; /**< the launcher makes it absolute */
	int (*read)(struct emu_json *at, const json_t *value, struct emu_conf *conf);
};
extern const struct emu_conf_option emu_conf_options[];
extern const size_t emu_conf_nb_options;

/** Fills in what holds when nobody says anything. */
void emu_conf_init(struct emu_conf *conf);
/** Reads a file on top; -EINVAL with the sentence in at->error. */
int emu_conf_file(struct emu_conf *conf, const char *file, struct emu_json *at);
/** Reads the value of an option on top; @p source: "--functions" or the variable's name. */
int emu_conf_option(struct emu_conf *conf, const struct emu_conf_option *option, const char *source,
		const char *text, struct emu_json *at);
/**
 * Reads everything: defaults, file, environment.
 * @return 1: there is something to emulate (MLX5EMU_TREE or MLX5EMU_CONFIG is set), 0: there is
 * not, -EINVAL with the sentence in at->error.
 */
int emu_conf_read(struct emu_conf *conf, struct emu_json *at);
/** The configuration in force, in the file's form (a new reference). */
json_t *emu_conf_show(const struct emu_conf *conf);

/**
 * Takes this library out of LD_PRELOAD and its variables out of the environment, so that children
 * run without a card.
 */
void emu_conf_unload(void);

#endif /* EMU_CONF_H */
