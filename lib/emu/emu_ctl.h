/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The control socket: a running card is asked and told things by 'mlx5emu ctl'.
 *
 * Protocol: one JSON object a line, request {"verb": "stats", "args": ["0"]}, reply
 * {"ok": true, ...} or {"ok": false, "error": "..."}. A connection takes any number of requests,
 * one after the other.
 *
 * To add a verb: a handler (declared in emu_ctl_verbs.h) and a row in emu_ctl_verbs.c.
 */
#ifndef EMU_CTL_H
#define EMU_CTL_H

#include <stdbool.h>

#include <jansson.h>

#include "base_log.h"
#include "emu_conf.h"

struct fw_card;
struct wire;

#define EMU_CTL_LINE 65536u /**< longest request */
#define EMU_CTL_MAX_ARGS 32u

/** One request. */
struct emu_ctl_call {
	const char *args[EMU_CTL_MAX_ARGS];
	unsigned int nb_args; /**< as many as the verb's row allows */
	const struct emu_conf *conf;
	const struct base_log *log;
	struct fw_card *card; /**< NULL if the card was not made yet and the verb can do without */
	struct wire *wire; /**< as @c card; guarded by the card's lock */
	uint64_t uptime_ns; /**< since the library was loaded */
	json_t *reply; /**< an object; the handler adds its members */
	char error[256];
};

/** Runs in the thread "mlx5emu-ctl". @return 0, or what emu_ctl_fail() returned. */
typedef int (*emu_ctl_fn)(struct emu_ctl_call *call);

struct emu_ctl_verb {
	const char *name;
	emu_ctl_fn run;
	unsigned int min_args, max_args; /**< at most EMU_CTL_MAX_ARGS */
	bool needs_card; /**< the card is made if nobody has opened a device yet */
	const char *usage; /**< "[FUNC]" */
	const char *what; /**< one line for the help */
};
extern const struct emu_ctl_verb emu_ctl_verbs[];
extern const size_t emu_ctl_nb_verbs;

/** Writes the error of a reply. @return -EINVAL. */
int
emu_ctl_fail(struct emu_ctl_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** A number argument; @p what names it in the error. @return 0 or -EINVAL. */
int emu_ctl_u64(struct emu_ctl_call *call, unsigned int arg, const char *what, uint64_t min,
		uint64_t max, uint64_t *out);
/** Functions [*first, *end): the one that argument @p arg names, all when it was not given. */
int
emu_ctl_funcs(struct emu_ctl_call *call, unsigned int arg, unsigned int *first, unsigned int *end);

/** What the server asks of its owner. */
struct emu_ctl_owner {
	/** Fills in card and wire, and makes them if @p make; 0 or -errno. */
	int (*card)(struct emu_ctl_call *call, bool make);
};

struct emu_ctl_attr {
	const struct emu_conf *conf; /**< must outlive the server; @c control is the path */
	const struct base_log *log;
	const struct emu_ctl_owner *owner;
};

/** One request, as a line of text; always stores a reply object. For the server and tests. */
json_t *emu_ctl_answer(const struct emu_ctl_attr *attr, const char *line, uint64_t uptime_ns);

/**
 * Starts the thread; one server per process. @return 0; -EADDRINUSE: a living process has a socket
 * of that name; -EEXIST: something else has the name; or what the system says.
 */
int emu_ctl_start(const struct emu_ctl_attr *attr);
/** Ends the thread (waits for it, but not for ever) and removes the socket. */
void emu_ctl_stop(void);
/** In a child after fork: closes its copies. Async-signal-safe. */
void emu_ctl_forget(void);

#endif /* EMU_CTL_H */
