/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mlx5emu trace: reads what the card has traced.
 *
 * Theory of operation: the whole trace is read, then shown in one of three ways: by flow
 * (trace_flow.c), command by command in words (trace_hex.c), or as the difference to another one
 * (trace_diff.c over those words).
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "mlx5emu.h"
#include "trace_diff.h"
#include "trace_flow.h"
#include "trace_hex.h"
#include "trace_read.h"

static void
trace_help(void)
{
	puts("Usage: mlx5emu trace [OPTION]... FILE\n"
	     "       mlx5emu trace --diff FILE OTHER\n"
	     "Show a trace that 'mlx5emu --trace FILE' or 'mlx5emu ctl trace on FILE' wrote.\n"
	     "\n"
	     "  -s, --summary        commands by flow: how many of which, how long, how many of\n"
	     "                       them one after the other (default)\n"
	     "  -x, --hex            each command with its fields, numbers of objects as \"CQ#2\"\n"
	     "  -d, --diff           what is different in the commands of OTHER\n"
	     "  -g, --gap-ms N       so long without a command ends a flow (default 50)\n"
	     "  -j, --json           the summary as JSON\n"
	     "  -h, --help           show this help and exit\n"
	     "\n"
	     "Exit status: 0; 1 if a trace cannot be read, or if two differ; 2 for a bad command\n"
	     "line.");
}

/* --- summary -------------------------------------------------------------------------------- */

static int
trace_by_name(const void *a, const void *b)
{
	const struct trace_event *x = *(const struct trace_event *const *)a;
	const struct trace_event *y = *(const struct trace_event *const *)b;

	return strcmp(x->name, y->name);
}

/* How many of which command, as {"CREATE_CQ": 2, ...}. */
static json_t *
trace_counts(const struct trace_flow *flow)
{
	json_t *counts = json_object();
	size_t i, j;

	qsort(flow->commands, flow->nb, sizeof(*flow->commands), trace_by_name);
	for (i = 0; i < flow->nb; i = j) {
		for (j = i; j < flow->nb; j++) {
			if (strcmp(flow->commands[i]->name, flow->commands[j]->name) != 0)
				break;
		}
		json_object_set_new(counts, flow->commands[i]->name,
				json_integer((json_int_t)(j - i)));
	}
	return counts;
}

static unsigned int
trace_failed(const struct trace_flow *flow)
{
	unsigned int nb = 0;
	size_t i;

	for (i = 0; i < flow->nb; i++)
		nb += flow->commands[i]->error != 0;
	return nb;
}

static json_t *
trace_flow_json(const struct trace_flow *flow, uint64_t origin_ns)
{
	return json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:o}", "flow",
			flow->name, "function", (int)flow->function, "start_ns",
			(json_int_t)(flow->start_ns - origin_ns), "wall_ns",
			(json_int_t)(flow->end_ns - flow->start_ns), "commands",
			(json_int_t)flow->nb, "calls", (json_int_t)flow->nb_calls, "chain",
			(json_int_t)flow->chain, "sum_ns", (json_int_t)flow->sum_ns, "wait_ns",
			(json_int_t)flow->wait_ns, "threads", (int)flow->nb_threads, "failed",
			(int)trace_failed(flow), "by_command", trace_counts(flow));
}

static void
trace_flow_print(const struct trace_flow *flow, uint64_t origin_ns)
{
	json_t *counts = trace_counts(flow), *count;
	const char *name;

	printf("%s: function %u, at %.3f s\n", flow->name, flow->function,
			(double)(flow->start_ns - origin_ns) / 1e9);
	printf("  %zu commands in %.3f ms, %zu of them one after the other, %u thread%s, %zu calls",
			flow->nb, (double)(flow->end_ns - flow->start_ns) / 1e6, flow->chain,
			flow->nb_threads, flow->nb_threads == 1 ? "" : "s", flow->nb_calls);
	if (trace_failed(flow) > 0)
		printf(", %u failed", trace_failed(flow));
	printf("\n  sum of durations %.3f ms, of it waited %.3f ms\n", (double)flow->sum_ns / 1e6,
			(double)flow->wait_ns / 1e6);
	json_object_foreach(counts, name, count)
			printf("  %6lld %s\n", (long long)json_integer_value(count), name);
	json_decref(counts);
}

static int
trace_summary(const char *file, uint64_t gap_ns, bool as_json)
{
	struct trace_flows flows;
	struct trace trace;
	json_t *list;
	size_t i;

	if (trace_read(file, &trace) != 0)
		return 1;
	if (trace_flows_make(&trace, gap_ns, &flows) != 0) {
		fputs("mlx5emu trace: out of memory\n", stderr);
		trace_free(&trace);
		return 1;
	}
	list = json_array();
	for (i = 0; i < flows.nb; i++) {
		if (as_json)
			json_array_append_new(list,
					trace_flow_json(&flows.flows[i], trace.events[0].start_ns));
		else
			trace_flow_print(&flows.flows[i], trace.events[0].start_ns);
	}
	if (as_json) {
		json_dumpf(list, stdout, JSON_INDENT(1));
		putchar('\n');
	}
	json_decref(list);
	trace_flows_free(&flows);
	trace_free(&trace);
	return 0;
}

/* --- commands in words ---------------------------------------------------------------------- */

static int
trace_load(const char *file, struct trace_texts *texts)
{
	struct trace trace;
	int ret = trace_read(file, &trace);

	if (ret != 0)
		return ret;
	ret = trace_texts_make(&trace, texts);
	if (ret != 0)
		fputs("mlx5emu trace: out of memory\n", stderr);
	trace_free(&trace);
	return ret;
}

static int
trace_show(const char *file)
{
	struct trace_texts texts;
	size_t i;

	if (trace_load(file, &texts) != 0)
		return 1;
	for (i = 0; i < texts.nb; i++)
		printf("%s\n%s", texts.words[i].head, texts.words[i].body);
	trace_texts_free(&texts);
	return 0;
}

/* --- difference ----------------------------------------------------------------------------- */

struct trace_pair {
	struct trace_texts a, b;
	size_t nb_same; /* in a row, not yet said */
	bool differs;
};

static void
trace_pair_same(struct trace_pair *pair)
{
	if (pair->nb_same > 0)
		printf("  (%zu commands are the same)\n", pair->nb_same);
	pair->nb_same = 0;
}

static void
trace_pair_line(void *arg, enum trace_edit edit, size_t i, size_t j)
{
	struct trace_pair *pair = arg;

	if (edit == TRACE_SAME) {
		pair->nb_same++;
		return;
	}
	trace_pair_same(pair);
	pair->differs = true;
	printf("%c %s\n", edit == TRACE_ONLY_A ? '-' : '+',
			edit == TRACE_ONLY_A ? pair->a.words[i].head : pair->b.words[j].head);
}

/* Lines of a text, in place; @return an array to be freed. */
static const char **
trace_lines(char *text, size_t *nb)
{
	const char **lines;
	char *p;

	*nb = 0;
	for (p = text; *p != '\0'; p++)
		*nb += *p == '\n';
	lines = calloc(*nb + 1, sizeof(*lines));
	*nb = 0;
	for (p = strtok(text, "\n"); lines != NULL && p != NULL; p = strtok(NULL, "\n"))
		lines[(*nb)++] = p;
	return lines;
}

struct trace_body {
	const char **a, **b;
};

static void
trace_body_line(void *arg, enum trace_edit edit, size_t i, size_t j)
{
	const struct trace_body *body = arg;

	if (edit != TRACE_SAME)
		printf("%c %s\n", edit == TRACE_ONLY_A ? '-' : '+',
				edit == TRACE_ONLY_A ? body->a[i] : body->b[j]);
}

/* The same command with other fields. */
static void
trace_pair_bodies(struct trace_words *a, struct trace_words *b)
{
	struct trace_body body;
	struct trace_diff diff = { .fn = trace_body_line, .arg = &body };

	printf("  %s\n", a->head);
	body.a = trace_lines(a->body, &diff.nb_a);
	body.b = trace_lines(b->body, &diff.nb_b);
	diff.a = body.a;
	diff.b = body.b;
	if (body.a != NULL && body.b != NULL)
		trace_diff(&diff);
	free(body.a);
	free(body.b);
}

static void
trace_pair_command(void *arg, enum trace_edit edit, size_t i, size_t j)
{
	struct trace_pair *pair = arg;

	/* One trace may be without hex. */
	if (edit != TRACE_SAME || pair->a.words[i].body[0] == '\0' ||
			pair->b.words[j].body[0] == '\0' ||
			strcmp(pair->a.words[i].body, pair->b.words[j].body) == 0) {
		trace_pair_line(pair, edit, i, j);
		return;
	}
	trace_pair_same(pair);
	pair->differs = true;
	trace_pair_bodies(&pair->a.words[i], &pair->b.words[j]);
}

static const char **
trace_heads(const struct trace_texts *texts)
{
	const char **heads = calloc(texts->nb + 1, sizeof(*heads));
	size_t i;

	for (i = 0; heads != NULL && i < texts->nb; i++)
		heads[i] = texts->words[i].head;
	return heads;
}

static int
trace_compare(const char *file_a, const char *file_b)
{
	struct trace_pair pair = { 0 };
	struct trace_diff diff = { .fn = trace_pair_command, .arg = &pair };
	const char **a = NULL, **b = NULL;
	int ret = -1;

	if (trace_load(file_a, &pair.a) == 0 && trace_load(file_b, &pair.b) == 0) {
		diff.a = a = trace_heads(&pair.a);
		diff.b = b = trace_heads(&pair.b);
		diff.nb_a = pair.a.nb;
		diff.nb_b = pair.b.nb;
		ret = a != NULL && b != NULL ? trace_diff(&diff) : -ENOMEM;
		if (ret != 0)
			fprintf(stderr, "mlx5emu trace: %s\n", strerror(-ret));
		trace_pair_same(&pair);
	}
	free(a);
	free(b);
	trace_texts_free(&pair.a);
	trace_texts_free(&pair.b);
	return ret != 0 || pair.differs ? 1 : 0;
}

/* --- command line --------------------------------------------------------------------------- */

static int
trace_usage(const char *text)
{
	fprintf(stderr, "mlx5emu trace: %s\nTry 'mlx5emu trace --help'.\n", text);
	return MLX5EMU_USAGE;
}

static int
trace_run(int way, char **files, int nb, uint64_t gap_ms, bool as_json)
{
	if (nb != (way == 'd' ? 2 : 1))
		return trace_usage(way == 'd' ? "two files are needed" : "one file is needed");
	if (way == 'd')
		return trace_compare(files[0], files[1]);
	if (way == 'x')
		return trace_show(files[0]);
	return trace_summary(files[0], gap_ms * 1000000, as_json);
}

int
mlx5emu_trace(int argc, char **argv)
{
	static const struct option options[] = {
		{ "summary", no_argument, NULL, 's' },
		{ "hex", no_argument, NULL, 'x' },
		{ "diff", no_argument, NULL, 'd' },
		{ "gap-ms", required_argument, NULL, 'g' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	uint64_t gap_ms = TRACE_FLOW_GAP_NS / 1000000;
	bool as_json = false;
	int opt, way = 's';
	char *end;

	while ((opt = getopt_long(argc, argv, "sxdg:jh", options, NULL)) != -1) {
		switch (opt) {
		case 's':
		case 'x':
		case 'd':
			way = opt;
			break;
		case 'g':
			gap_ms = strtoull(optarg, &end, 10);
			if (*optarg < '0' || *optarg > '9' || *end != '\0' || gap_ms > 3600000)
				return trace_usage("--gap-ms is a number from 0 to 3600000");
			break;
		case 'j':
			as_json = true;
			break;
		case 'h':
			trace_help();
			return 0;
		default:
			fputs("Try 'mlx5emu trace --help'.\n", stderr);
			return MLX5EMU_USAGE;
		}
	}
	return trace_run(way, argv + optind, argc - optind, gap_ms, as_json);
}
