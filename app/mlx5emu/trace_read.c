/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: line by line; what a line does not say is zero or empty. A line that is no
 * object with a known "kind" ends the reading, with its number: a trace of another tool, or a text
 * one, gives nothing rather than nonsense. Only the last line may be cut off (the program was
 * killed while it wrote).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "trace_read.h"

static void
trace_text(const json_t *line, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(line, key));

	snprintf(out, size, "%s", text != NULL ? text : "");
}

static uint64_t
trace_number(const json_t *line, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(line, key));
}

static int
trace_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A dump, to be freed; NULL when there is none. */
static uint8_t *
trace_hex(const json_t *line, const char *key, size_t *len)
{
	const char *text = json_string_value(json_object_get(line, key));
	uint8_t *data;
	size_t i;

	*len = text != NULL ? strlen(text) / 2 : 0;
	data = text != NULL ? malloc(*len + 1) : NULL;
	for (i = 0; data != NULL && i < *len; i++) {
		int high = trace_digit(text[2 * i]), low = trace_digit(text[2 * i + 1]);

		if (high < 0 || low < 0) {
			free(data);
			*len = 0;
			return NULL;
		}
		data[i] = (uint8_t)(high << 4 | low);
	}
	return data;
}

static void
trace_parse_command(const json_t *line, struct trace_event *event)
{
	trace_text(line, "command", event->name, sizeof(event->name));
	trace_text(line, "object", event->object, sizeof(event->object));
	trace_text(line, "fields", event->fields, sizeof(event->fields));
	trace_text(line, "state", event->state, sizeof(event->state));
	trace_text(line, "status", event->status, sizeof(event->status));
	event->function = (uint32_t)trace_number(line, "function");
	event->context = (uint32_t)trace_number(line, "context");
	event->id = (uint32_t)trace_number(line, "id");
	if (json_object_get(line, "queue") != NULL)
		event->queue = (int32_t)trace_number(line, "queue");
	event->wait_ns = trace_number(line, "wait_ns");
	event->in = trace_hex(line, "in", &event->inlen);
	event->out = trace_hex(line, "out", &event->outlen);
}

static bool
trace_parse(const json_t *line, struct trace_event *event)
{
	const char *kind = json_string_value(json_object_get(line, "kind"));
	char object[40], method[40];

	memset(event, 0, sizeof(*event));
	event->queue = -1;
	event->start_ns = trace_number(line, "start_ns");
	event->duration_ns = trace_number(line, "duration_ns");
	event->tid = (uint32_t)trace_number(line, "tid");
	event->error = (int)trace_number(line, "errno");
	if (kind != NULL && strcmp(kind, "command") == 0) {
		event->is_command = true;
		trace_parse_command(line, event);
		return true;
	}
	if (kind == NULL || strcmp(kind, "call") != 0)
		return false;
	trace_text(line, "object", object, sizeof(object));
	trace_text(line, json_object_get(line, "write") != NULL ? "write" : "method", method,
			sizeof(method));
	snprintf(event->name, sizeof(event->name), "%s/%s", object, method);
	return true;
}

static int
trace_by_start(const void *a, const void *b)
{
	const struct trace_event *x = a, *y = b;

	/* A call starts before the command that it makes. */
	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return (int)x->is_command - (int)y->is_command;
}

static int
trace_add(struct trace *trace, const struct trace_event *event)
{
	struct trace_event *grown;

	if ((trace->nb & (trace->nb - 1)) == 0) { /* full at powers of two */
		grown = realloc(trace->events,
				(trace->nb == 0 ? 1 : 2 * trace->nb) * sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		trace->events = grown;
	}
	trace->events[trace->nb++] = *event;
	return 0;
}

static int
trace_read_lines(FILE *in, const char *file, struct trace *trace)
{
	struct trace_event event;
	size_t size = 0, number = 0;
	char *text = NULL;
	ssize_t len;
	int ret = 0;

	while (ret == 0 && (len = getline(&text, &size, in)) > 0) {
		json_t *line = json_loads(text, 0, NULL);

		number++;
		if (line == NULL && text[len - 1] != '\n')
			break; /* cut off */
		if (line != NULL && trace_parse(line, &event)) {
			ret = trace_add(trace, &event);
		} else {
			fprintf(stderr, "mlx5emu trace: %s: line %zu is not of a JSON trace\n",
					file, number);
			ret = -EINVAL;
		}
		json_decref(line);
	}
	if (ret == 0 && ferror(in)) {
		ret = -errno;
		fprintf(stderr, "mlx5emu trace: %s: %s\n", file, strerror(errno));
	}
	free(text);
	return ret;
}

int
trace_read(const char *file, struct trace *trace)
{
	FILE *in = fopen(file, "r");
	int ret;

	memset(trace, 0, sizeof(*trace));
	if (in == NULL) {
		ret = -errno;
		fprintf(stderr, "mlx5emu trace: %s: %s\n", file, strerror(errno));
		return ret;
	}
	ret = trace_read_lines(in, file, trace);
	fclose(in);
	if (ret != 0)
		trace_free(trace);
	else if (trace->nb > 0)
		qsort(trace->events, trace->nb, sizeof(trace->events[0]), trace_by_start);
	return ret;
}

void
trace_free(struct trace *trace)
{
	size_t i;

	for (i = 0; i < trace->nb; i++) {
		free(trace->events[i].in);
		free(trace->events[i].out);
	}
	free(trace->events);
	memset(trace, 0, sizeof(*trace));
}
