/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the trace is walked once, in order of the starts. Whatever a command made gets
 * the next name of its class ("CQ#2"); a number that is used again later names the newer object.
 * Which fields of the PRM's structures are numbers of which class is one table, by the last part
 * of the field's name; memory keys carry 8 bits of their own below the number.
 *
 * Names are given per user context, because numbers are handed out per function and another
 * context's objects must not make a difference.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "prm_field.h"
#include "prm_struct.h"
#include "trace_hex.h"

/* --- names ---------------------------------------------------------------------------------- */

struct trace_name {
	uint32_t function, context;
	char cls[24];
	uint64_t number;
	unsigned int nth;
};

struct trace_names {
	struct trace_name *names;
	size_t nb;
};

static int
trace_names_add(struct trace_names *names, const struct trace_name *name)
{
	struct trace_name *grown;

	if ((names->nb & (names->nb - 1)) == 0) {
		grown = realloc(names->names,
				(names->nb == 0 ? 1 : 2 * names->nb) * sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		names->names = grown;
	}
	names->names[names->nb++] = *name;
	return 0;
}

static bool
trace_name_like(const struct trace_name *a, const struct trace_name *b)
{
	return a->function == b->function && a->context == b->context &&
			strcmp(a->cls, b->cls) == 0;
}

/* A new object. */
static int
trace_names_made(struct trace_names *names, struct trace_name *name)
{
	size_t i;

	name->nth = 1;
	for (i = 0; i < names->nb; i++)
		name->nth += trace_name_like(&names->names[i], name);
	return trace_names_add(names, name);
}

static const struct trace_name *
trace_names_find(const struct trace_names *names, const struct trace_name *name)
{
	size_t i;

	for (i = names->nb; i > 0; i--) {
		if (trace_name_like(&names->names[i - 1], name) &&
				names->names[i - 1].number == name->number)
			return &names->names[i - 1];
	}
	return NULL;
}

/* --- what fields are ------------------------------------------------------------------------ */

static const struct {
	const char *field; /* last part of the path */
	const char *cls;
	unsigned int shift; /* bits below the number */
} trace_fields[] = {
	{ "pd", "PD", 0 },
	{ "cqn", "CQ", 0 },
	{ "cqn_rcv", "CQ", 0 },
	{ "cqn_snd", "CQ", 0 },
	{ "qpn", "QP", 0 },
	{ "remote_qpn", "QP", 0 },
	{ "event_qpn_or_msix", "QP", 0 },
	{ "tirn", "TIR", 0 },
	{ "tisn", "TIS", 0 },
	{ "tisn_or_qpn", "TIS", 0 },
	{ "rqtn", "RQT", 0 },
	{ "indirect_table", "RQT", 0 },
	{ "rq_num", "VIRTQ", 0 },
	{ "transport_domain", "TD", 0 },
	{ "mkey_index", "MKEY", 0 },
	{ "virtio_q_mkey", "MKEY", 8 },
	{ "desc_group_mkey", "MKEY", 8 },
	{ "dirty_bitmap_mkey", "MKEY", 8 },
	{ "mkey", "MR", 0 },
	{ "umem_1_id", "UMEM", 0 },
	{ "umem_2_id", "UMEM", 0 },
	{ "umem_3_id", "UMEM", 0 },
	{ "cq_umem_id", "UMEM", 0 },
	{ "dbr_umem_id", "UMEM", 0 },
	{ "wq_umem_id", "UMEM", 0 },
	{ "uar_page", "UAR", 0 },
	{ "counter_set_id", "VIRTQ_COUNTERS", 0 },
	{ "desc_addr", "ADDR", 0 },
	{ "used_addr", "ADDR", 0 },
	{ "available_addr", "ADDR", 0 },
	{ "dirty_bitmap_addr", "ADDR", 0 },
	{ "start_addr", "ADDR", 0 },
	{ "address", "ADDR", 0 },
};

/* Objects that the kernel makes without naming their kind. */
static const struct {
	const char *command, *cls;
} trace_kernel[] = {
	{ "REG_MR", "MR" },
	{ "DEREG_MR", "MR" },
	{ "REG_UMEM", "UMEM" },
	{ "DEREG_UMEM", "UMEM" },
	{ "ALLOC_UAR", "UAR" },
	{ "DEALLOC_UAR", "UAR" },
	{ "CREATE_FLOW", "FLOW" },
	{ "DESTROY_FLOW", "FLOW" },
};

static const char *
trace_class(const struct trace_event *event)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(trace_kernel); i++) {
		if (strcmp(event->name, trace_kernel[i].command) == 0)
			return trace_kernel[i].cls;
	}
	return event->object;
}

static bool
trace_makes(const struct trace_event *event)
{
	static const char *const begins[] = { "CREATE_", "ALLOC_", "REG_" };
	size_t i;

	for (i = 0; event->error == 0 && event->id != 0 && i < BASE_ARRAY_SIZE(begins); i++) {
		if (strncmp(event->name, begins[i], strlen(begins[i])) == 0)
			return true;
	}
	return false;
}

/* --- writing -------------------------------------------------------------------------------- */

struct trace_writer {
	FILE *out;
	struct trace_names *names;
	const struct trace_event *event;
	int error;
};

/* Writes the number's name; one that nobody was seen to make stays a number. */
static void
trace_write_number(struct trace_writer *w, const char *cls, unsigned int shift, uint64_t number)
{
	struct trace_name name = { .function = w->event->function,
		.context = w->event->context,
		.number = number >> shift };
	const struct trace_name *known;

	snprintf(name.cls, sizeof(name.cls), "%s", cls);
	known = trace_names_find(w->names, &name);
	if (known == NULL && strcmp(cls, "ADDR") == 0 && number != 0) {
		w->error = trace_names_made(w->names, &name);
		known = &name;
	}
	if (known != NULL)
		fprintf(w->out, "%s#%u", cls, known->nth);
	else
		fprintf(w->out, "0x%" PRIx64, number);
}

static void
trace_write_field(void *arg, const char *path, uint32_t bits, uint64_t value, const uint8_t *bytes)
{
	const char *dot = strrchr(path, '.'), *last = dot != NULL ? dot + 1 : path;
	struct trace_writer *w = arg;
	uint32_t i;

	/* The first line says them, except which capability is asked for. */
	if (strcmp(path, "opcode") == 0 || strcmp(path, "obj_type") == 0)
		return;
	if (strcmp(path, "op_mod") == 0 && strchr(w->event->name, '/') != NULL)
		return;
	fprintf(w->out, "    %s = ", path);
	if (bits > 64) {
		for (i = 0; i < bits / 8; i++)
			fprintf(w->out, "%02x", bytes[i]);
		fputc('\n', w->out);
		return;
	}
	for (i = 0; i < BASE_ARRAY_SIZE(trace_fields); i++) {
		if (strcmp(last, trace_fields[i].field) == 0)
			break;
	}
	if (strcmp(last, "obj_id") == 0)
		trace_write_number(w, trace_class(w->event), 0, value);
	else if (i < BASE_ARRAY_SIZE(trace_fields))
		trace_write_number(w, trace_fields[i].cls, trace_fields[i].shift, value);
	else
		fprintf(w->out, "0x%" PRIx64, value);
	fputc('\n', w->out);
}

static void
trace_write_bytes(struct trace_writer *w, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(w->out, "%s%02x", i % 32 != 0 ? "" : i == 0 ? "    " : "\n    ", data[i]);
	fputc('\n', w->out);
}

static void
trace_write_body(struct trace_writer *w)
{
	const struct trace_event *event = w->event;
	struct prm_dump_attr attr = { .data = event->in,
		.len = event->inlen,
		.fn = trace_write_field,
		.arg = w };
	uint16_t opcode, op_mod;

	if (event->in == NULL || event->inlen < PRM_SIZE(cmd_in))
		return;
	opcode = (uint16_t)PRM_GET(cmd_in, event->in, opcode);
	op_mod = (uint16_t)PRM_GET(cmd_in, event->in, op_mod);
	fputs("  in\n", w->out);
	if (!prm_dump_in(&attr))
		trace_write_bytes(w, event->in, event->inlen);
	if (event->out == NULL)
		return;
	attr.data = event->out;
	attr.len = event->outlen;
	fputs("  out\n", w->out);
	if (!prm_dump_out(opcode, op_mod, &attr))
		trace_write_bytes(w, event->out, event->outlen);
}

static void
trace_write_head(struct trace_writer *w)
{
	const struct trace_event *event = w->event;

	fputs(event->name, w->out);
	if (event->id != 0 && trace_class(event)[0] != '\0') {
		fputc(' ', w->out);
		trace_write_number(w, trace_class(event), 0, event->id);
	}
	if (event->queue >= 0)
		fprintf(w->out, " queue %d", event->queue);
	if (event->fields[0] != '\0')
		fprintf(w->out, " %s", event->fields);
	if (event->state[0] != '\0')
		fprintf(w->out, " -> %s", event->state);
	if (strcmp(event->status, "OK") != 0)
		fprintf(w->out, " %s", event->status);
	if (event->error != 0)
		fprintf(w->out, " errno %d", event->error);
}

/* Runs a writer into a text of its own. */
static char *
trace_write(struct trace_writer *w, void (*write)(struct trace_writer *w))
{
	char *text = NULL;
	size_t size;

	w->out = open_memstream(&text, &size);
	if (w->out == NULL)
		return NULL;
	write(w);
	if (fclose(w->out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int
trace_words_make(struct trace_names *names, const struct trace_event *event,
		struct trace_words *words)
{
	struct trace_writer w = { .names = names, .event = event };
	struct trace_name name = { .function = event->function,
		.context = event->context,
		.number = event->id };

	snprintf(name.cls, sizeof(name.cls), "%s", trace_class(event));
	if (trace_makes(event) && trace_names_made(names, &name) != 0)
		return -ENOMEM;
	words->head = trace_write(&w, trace_write_head);
	words->body = trace_write(&w, trace_write_body);
	return words->head != NULL && words->body != NULL ? w.error : -ENOMEM;
}

int
trace_texts_make(const struct trace *trace, struct trace_texts *texts)
{
	struct trace_names names = { 0 };
	int ret = 0;
	size_t i;

	texts->nb = 0;
	texts->words = calloc(trace->nb + 1, sizeof(*texts->words));
	if (texts->words == NULL)
		return -ENOMEM;
	for (i = 0; ret == 0 && i < trace->nb; i++) {
		if (trace->events[i].is_command)
			ret = trace_words_make(&names, &trace->events[i],
					&texts->words[texts->nb++]);
	}
	free(names.names);
	if (ret != 0)
		trace_texts_free(texts);
	return ret;
}

void
trace_texts_free(struct trace_texts *texts)
{
	size_t i;

	for (i = 0; i < texts->nb; i++) {
		free(texts->words[i].head);
		free(texts->words[i].body);
	}
	free(texts->words);
	memset(texts, 0, sizeof(*texts));
}
