/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a line is a list of named values, written as a JSON object or, for reading,
 * as NAME=VALUE with times in microseconds. Values that say nothing (no object, no queue, status
 * OK of a call) are left out. A line that does not fit counts on, so that the caller knows how much
 * room it takes.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base_clock.h"
#include "emu_trace.h"
#include "prm_cmd.h"

static void __attribute__((format(printf, 2, 3)))
emu_trace_put(struct emu_trace_line *line, const char *fmt, ...)
{
	size_t room = line->len < line->size ? line->size - line->len : 0;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(room > 0 ? line->text + line->len : NULL, room, fmt, ap);
	va_end(ap);
	line->len += len > 0 ? (size_t)len : 0;
}

static void
emu_trace_add(struct emu_trace_line *line, char c)
{
	if (line->len + 1 < line->size) {
		line->text[line->len] = c;
		line->text[line->len + 1] = '\0';
	}
	line->len++;
}

static void
emu_trace_key(struct emu_trace_line *line, const char *key)
{
	emu_trace_put(line, line->json ? ",\"%s\":" : " %s=", key);
}

/* Texts are names of ours, except for a rule's id, which is the user's. */
static void
emu_trace_text(struct emu_trace_line *line, const char *key, const char *text)
{
	const unsigned char *p;

	emu_trace_key(line, key);
	if (!line->json) {
		emu_trace_put(line, "%s", text);
		return;
	}
	emu_trace_put(line, "\"");
	for (p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p < 0x20) {
			emu_trace_put(line, "\\u%04x", *p);
			continue;
		}
		if (*p == '"' || *p == '\\')
			emu_trace_add(line, '\\');
		emu_trace_add(line, (char)*p);
	}
	emu_trace_put(line, "\"");
}

static void
emu_trace_number(struct emu_trace_line *line, const char *key, uint64_t value)
{
	emu_trace_key(line, key);
	emu_trace_put(line, "%" PRIu64, value);
}

/* Numbers of objects are hexadecimal where people read them, as in the log. */
static void
emu_trace_id(struct emu_trace_line *line, const char *key, uint64_t value)
{
	emu_trace_key(line, key);
	emu_trace_put(line, line->json ? "%" PRIu64 : "0x%" PRIx64, value);
}

static void
emu_trace_time(struct emu_trace_line *line, const char *key, uint64_t ns)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_ns", key);
	if (line->json) {
		emu_trace_number(line, name, ns);
		return;
	}
	emu_trace_key(line, key);
	emu_trace_put(line, "%" PRIu64 ".%" PRIu64 "us", ns / 1000, ns % 1000 / 100);
}

static void
emu_trace_hex(struct emu_trace_line *line, const char *key, const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	emu_trace_key(line, key);
	emu_trace_put(line, line->json ? "\"" : "");
	for (i = 0; i < len; i++) {
		emu_trace_add(line, digits[data[i] >> 4]);
		emu_trace_add(line, digits[data[i] & 15]);
	}
	emu_trace_put(line, line->json ? "\"" : "");
}

static void
emu_trace_begin(struct emu_trace_line *line, const char *kind, uint64_t start_ns, uint32_t tid)
{
	line->len = 0;
	if (line->json)
		emu_trace_put(line, "{\"kind\":\"%s\",\"start_ns\":%" PRIu64, kind, start_ns);
	else
		emu_trace_put(line, "%llu.%09llu %s", start_ns / BASE_NS_PER_S,
				start_ns % BASE_NS_PER_S, kind);
	emu_trace_number(line, "tid", tid);
}

static void
emu_trace_end(struct emu_trace_line *line)
{
	emu_trace_put(line, line->json ? "}\n" : "\n");
}

/* "STATE+ADDR"; bits without a name as a number. */
static void
emu_trace_select(struct emu_trace_line *line, uint64_t select)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} names[] = {
		{ PRM_VIRTQ_MOD_STATE, "STATE" },
		{ PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS, "DIRTY_BITMAP_PARAMS" },
		{ PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE, "DIRTY_BITMAP_DUMP_ENABLE" },
		{ PRM_VIRTQ_MOD_QUEUE_PERIOD, "QUEUE_PERIOD" },
		{ PRM_VIRTQ_MOD_ADDR, "ADDR" },
		{ PRM_VIRTQ_MOD_HW_AVAILABLE_INDEX, "HW_AVAILABLE_INDEX" },
		{ PRM_VIRTQ_MOD_HW_USED_INDEX, "HW_USED_INDEX" },
		{ PRM_VIRTQ_MOD_Q_TYPE, "Q_TYPE" },
		{ PRM_VIRTQ_MOD_VERSION_1_0, "VERSION_1_0" },
		{ PRM_VIRTQ_MOD_Q_MKEY, "Q_MKEY" },
		{ PRM_VIRTQ_MOD_FEATURES, "FEATURES" },
		{ PRM_VIRTQ_MOD_EVENT_MODE, "EVENT_MODE" },
		{ PRM_VIRTQ_MOD_DESC_GROUP_MKEY, "DESC_GROUP_MKEY" },
	};
	const char *between = "";
	size_t i;

	emu_trace_key(line, "fields");
	emu_trace_put(line, line->json ? "\"" : "");
	for (i = 0; i < BASE_ARRAY_SIZE(names); i++) {
		if ((select & names[i].bit) == 0)
			continue;
		emu_trace_put(line, "%s%s", between, names[i].name);
		select &= ~names[i].bit;
		between = "+";
	}
	if (select != 0)
		emu_trace_put(line, "%s0x%" PRIx64, between, select);
	emu_trace_put(line, line->json ? "\"" : "");
}

static void
emu_trace_op(struct emu_trace_line *line, const struct fw_op *op)
{
	const char *type = fw_op_type_name(op->obj_type);
	char name[96];

	snprintf(name, sizeof(name), "%s%s%s", fw_op_name(op->opcode), type != NULL ? "/" : "",
			type != NULL ? type : "");
	emu_trace_text(line, "command", name);
}

void
emu_trace_format_command(struct emu_trace_line *line, const struct fw_trace_command *command,
		uint32_t tid)
{
	emu_trace_begin(line, "command", command->start_ns, tid);
	emu_trace_number(line, "function", command->func);
	emu_trace_number(line, "context", command->context);
	emu_trace_op(line, &command->op);
	if (command->object != NULL)
		emu_trace_text(line, "object", command->object);
	if (command->id != 0)
		emu_trace_id(line, "id", command->id);
	if (command->queue >= 0)
		emu_trace_number(line, "queue", (uint64_t)command->queue);
	if (command->select != 0)
		emu_trace_select(line, command->select);
	if (command->state >= 0)
		emu_trace_text(line, "state", prm_virtq_state_name((uint8_t)command->state));
	emu_trace_text(line, "status", prm_status_name(command->status));
	if (command->syndrome != 0)
		emu_trace_id(line, "syndrome", command->syndrome);
	if (command->error != 0)
		emu_trace_number(line, "errno", (uint64_t)command->error);
	if (command->fault != NULL)
		emu_trace_text(line, "fault", command->fault);
	emu_trace_time(line, "duration", command->duration_ns);
	if (command->wait_ns != 0)
		emu_trace_time(line, "wait", command->wait_ns);
	if (line->hex && command->in != NULL) {
		emu_trace_hex(line, "in", command->in, command->inlen);
		emu_trace_hex(line, "out", command->out, command->outlen);
	}
	emu_trace_end(line);
}

void
emu_trace_format_call(struct emu_trace_line *line, const struct uv_trace_call *call, uint32_t tid)
{
	emu_trace_begin(line, "call", call->start_ns, tid);
	emu_trace_text(line, "file", call->file);
	emu_trace_text(line, "object", call->object);
	emu_trace_text(line, "method", call->method);
	if (call->write != NULL)
		emu_trace_text(line, "write", call->write);
	if (call->error != 0)
		emu_trace_number(line, "errno", (uint64_t)call->error);
	emu_trace_time(line, "duration", call->duration_ns);
	emu_trace_end(line);
}
