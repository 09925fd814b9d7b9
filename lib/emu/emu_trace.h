/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The trace: each call of the program and each command of the firmware as one line of a file; the
 * format is in doc/guides/emulated-card-faults.md. There is one trace per process.
 */
#ifndef EMU_TRACE_H
#define EMU_TRACE_H

#include "emu_conf.h"
#include "fw_trace.h"
#include "uv.h"

/** For struct mib_open_attr, and fw_card_set_trace(); they write while a trace is on. */
extern struct uv_trace emu_trace_calls;
extern const struct fw_trace_ops emu_trace_commands;

/**
 * Appends to the file from now on, in place of the one before. The firmware must be told as well
 * (fw_card_trace_on()). @return 0 or -errno.
 */
int emu_trace_start(const struct emu_conf_trace *conf);
void emu_trace_stop(void);
/** What is on: "" in @p conf->file for nothing. @return lines that could not be written. */
uint64_t emu_trace_state(struct emu_conf_trace *conf);

/* --- lines, pure ---------------------------------------------------------------------------- */

struct emu_trace_line {
	char *text;
	size_t size, len; /**< @c len: what the whole line needs, also when @c size is less */
	bool json;
	bool hex;
};

void emu_trace_format_command(struct emu_trace_line *line, const struct fw_trace_command *command,
		uint32_t tid);
void
emu_trace_format_call(struct emu_trace_line *line, const struct uv_trace_call *call, uint32_t tid);

#endif /* EMU_TRACE_H */
