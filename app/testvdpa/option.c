/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table row an option holds everything about it: the getopt entry, the
 * name of its value, the help line, what it is about and the function that stores it. Combinations
 * are checked once all options are read, so that their order does not matter: an option of the
 * scenario needs one, an option of the prompt must not meet one.
 */
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <base_math.h>

#include "option.h"

#define OPTION_IFACE_DEFAULT "/tmp/vdpa-"
#define OPTION_ITERATIONS_MAX 1000u
#define OPTION_QUEUES_MAX 64u /* of a built-in guest, in pairs */
#define OPTION_PATIENCE_MIN 100u
#define OPTION_PATIENCE_MAX 600000u
#define OPTION_PATIENCE_DEFAULT 5000u

/** What an option is about. */
enum option_subject {
	OPTION_OF_ALL,
	OPTION_OF_PROMPT, /**< of the commands: not with --scenario */
	OPTION_OF_SCENARIO, /**< not without --scenario */
};

/** One option. */
struct option_row {
	const char *name;
	const char *value; /**< name of the value, NULL: takes none */
	const char *help;
	enum option_subject subject;
	int (*store)(struct option_attr *attr, const char *value);
	size_t text; /**< without @c store: the member that points to the value, which is not empty */
};

static int
option_number(const char *text, unsigned int min, unsigned int max, unsigned int *number)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' || v < min || v > max)
		return -EINVAL;
	*number = (unsigned int)v;
	return 0;
}

static int
option_store_cmdline_file(struct option_attr *attr, const char *value)
{
	attr->cmdline_file = value;
	return 0;
}

static int
option_store_interactive(struct option_attr *attr, const char *value)
{
	attr->interactive = true;
	return 0;
}

static int
option_store_client(struct option_attr *attr, const char *value)
{
	attr->client = true;
	return 0;
}

static int
option_store_auto_start(struct option_attr *attr, const char *value)
{
	attr->auto_start = true;
	return 0;
}

static int
option_store_queues(struct option_attr *attr, const char *value)
{
	return option_number(value, 1, OPTION_QUEUES_MAX, &attr->scenario.queue_pairs);
}

static int
option_store_packed(struct option_attr *attr, const char *value)
{
	attr->scenario.packed = true;
	return 0;
}

static int
option_store_iterations(struct option_attr *attr, const char *value)
{
	return option_number(value, 1, OPTION_ITERATIONS_MAX, &attr->scenario.iterations);
}

static int
option_store_seed(struct option_attr *attr, const char *value)
{
	return option_number(value, 0, UINT32_MAX, &attr->scenario.seed);
}

static int
option_store_patience(struct option_attr *attr, const char *value)
{
	return option_number(value, OPTION_PATIENCE_MIN, OPTION_PATIENCE_MAX,
			&attr->scenario.patience_ms);
}

static int
option_store_help(struct option_attr *attr, const char *value)
{
	attr->help = true;
	return 0;
}

static const struct option_row option_rows[] = {
	{ "cmdline-file", "FILE",
			"run the commands of FILE first; a failed one makes the exit "
			"status 1",
			OPTION_OF_PROMPT, option_store_cmdline_file },
	{ "interactive", NULL, "(-i) prompt for commands; the end of the input ends the program",
			OPTION_OF_PROMPT, option_store_interactive },
	{ "client", NULL, "attach as vhost-user client (the front-end listens) by default",
			OPTION_OF_PROMPT, option_store_client },
	{ "auto-start", NULL, "attach every device, to the sockets PREFIX0, PREFIX1, ...",
			OPTION_OF_PROMPT, option_store_auto_start },
	{ "iface", "PREFIX", "of the sockets of --auto-start (" OPTION_IFACE_DEFAULT ")",
			OPTION_OF_PROMPT, .text = offsetof(struct option_attr, iface) },
	{ "scenario", "NAME", "play a scenario with built-in guests, report PASS or FAIL, end",
			OPTION_OF_ALL, .text = offsetof(struct option_attr, scenario.name) },
	{ "queues", "N", "queue pairs of each guest of the scenario (1)", OPTION_OF_SCENARIO,
			option_store_queues },
	{ "packed", NULL, "packed rings in the guests of the scenario", OPTION_OF_SCENARIO,
			option_store_packed },
	{ "iterations", "N", "play what can be repeated N times (1)", OPTION_OF_SCENARIO,
			option_store_iterations },
	{ "seed", "N", "of what the scenario leaves to chance (1)", OPTION_OF_SCENARIO,
			option_store_seed },
	{ "patience", "MS", "a stream that is silent for so long is dead (5000)",
			OPTION_OF_SCENARIO, option_store_patience },
	{ "card", "SOCKET", "control socket of the emulated card, for errors of queues",
			OPTION_OF_ALL, .text = offsetof(struct option_attr, scenario.card_path) },
	{ "json", "FILE", "write the scenario's report to FILE", OPTION_OF_SCENARIO,
			.text = offsetof(struct option_attr, scenario.json_path) },
	{ "html", "FILE", "write the scenario's report as a page to FILE", OPTION_OF_SCENARIO,
			.text = offsetof(struct option_attr, scenario.html_path) },
	{ "help", NULL, "(-h) print this", OPTION_OF_ALL, option_store_help },
};

#define OPTION_NB BASE_ARRAY_SIZE(option_rows)

static void
option_table(struct option table[OPTION_NB + 1])
{
	unsigned int i;

	memset(table, 0, (OPTION_NB + 1) * sizeof(*table));
	for (i = 0; i < OPTION_NB; i++) {
		table[i].name = option_rows[i].name;
		table[i].has_arg = option_rows[i].value != NULL ? required_argument : no_argument;
	}
}

/* Says what contradicts itself. @given: bit n is option_rows[n]. @return 0, -EINVAL. */
static int
option_conflict(const struct option_attr *attr, uint64_t given, FILE *err)
{
	bool is_scenario = attr->scenario.name != NULL;

	for (unsigned int i = 0; i < OPTION_NB; i++) {
		const struct option_row *row = &option_rows[i];

		if ((given & (1ULL << i)) == 0)
			continue;
		if (!is_scenario && row->subject == OPTION_OF_SCENARIO) {
			fprintf(err, "testvdpa: error: --%s is about --scenario, which is missing\n",
					row->name);
			return -EINVAL;
		}
		if (is_scenario && row->subject == OPTION_OF_PROMPT) {
			fprintf(err, "testvdpa: error: --scenario plays alone: not with --%s\n",
					row->name);
			return -EINVAL;
		}
	}
	if (attr->iface == NULL || attr->auto_start)
		return 0;
	fprintf(err,
			"testvdpa: error: --iface names the sockets of --auto-start, which is "
			"missing\n");
	return -EINVAL;
}

/* The row of a short option. */
static int
option_short(char letter)
{
	const char *name = letter == 'i' ? "interactive" : "help";
	int i = 0;

	while (strcmp(option_rows[i].name, name) != 0)
		i++;
	return i;
}

static int
option_store_text(const struct option_row *row, struct option_attr *attr, const char *value)
{
	*(const char **)(void *)((char *)attr + row->text) = value;
	return *value == '\0' ? -EINVAL : 0;
}

static int
option_one(const struct option_row *row, struct option_attr *attr, FILE *err)
{
	int ret = row->store != NULL ? row->store(attr, optarg) :
				       option_store_text(row, attr, optarg);

	if (ret == 0)
		return 0;
	fprintf(err, "testvdpa: error: --%s: '%s' is not a valid %s\n", row->name, optarg,
			row->value);
	return -EINVAL;
}

/* Reads all options. @given gets a bit for each row. */
static int
option_read(int argc, char **argv, struct option_attr *attr, uint64_t *given, FILE *err)
{
	struct option table[OPTION_NB + 1];
	int index = 0, last, c;

	option_table(table);
	*given = 0;
	optind = 0; /* EAL used getopt before; 0 makes glibc and musl start anew */
	opterr = 0;
	for (last = 1; (c = getopt_long(argc, argv, "hi", table, &index)) != -1; last = optind) {
		if (c == '?' || c == ':') {
			fprintf(err,
					"testvdpa: error: '%s' is no option, or lacks its value, or "
					"takes none (--help lists them)\n",
					argv[last]);
			return -EINVAL;
		}
		if (c != 0)
			index = option_short((char)c);
		if (option_one(&option_rows[index], attr, err) != 0)
			return -EINVAL;
		*given |= 1ULL << index;
	}
	if (optind == argc)
		return 0;
	fprintf(err, "testvdpa: error: unexpected argument '%s'\n", argv[optind]);
	return -EINVAL;
}

int
option_parse(int argc, char **argv, struct option_attr *attr, FILE *err)
{
	uint64_t given;
	int ret;

	memset(attr, 0, sizeof(*attr));
	attr->scenario = (struct scenario_attr){
		.queue_pairs = 1,
		.iterations = 1,
		.seed = 1,
		.patience_ms = OPTION_PATIENCE_DEFAULT,
		.stop_fd = -1,
	};
	ret = option_read(argc, argv, attr, &given, err);
	if (ret == 0)
		ret = option_conflict(attr, given, err);
	if (ret == 0 && attr->iface == NULL)
		attr->iface = OPTION_IFACE_DEFAULT;
	return ret;
}

void
option_usage(const char *program, FILE *out)
{
	char left[40];
	unsigned int i;

	fprintf(out, "usage: %s [EAL options] -- [options]\n", program);
	for (i = 0; i < OPTION_NB; i++) {
		snprintf(left, sizeof(left), "--%s%s%s", option_rows[i].name,
				option_rows[i].value != NULL ? " " : "",
				option_rows[i].value != NULL ? option_rows[i].value : "");
		fprintf(out, "  %-22s %s\n", left, option_rows[i].help);
	}
	fputs("Scenarios:", out);
	scenario_names(" ", out);
	fputs(".\n", out);
	fprintf(out,
			"Commands come from --cmdline-file, then from standard input; a prompt where "
			"that is a terminal.\n");
}

bool
option_get(unsigned int index, struct option_doc *doc)
{
	if (index >= OPTION_NB)
		return false;
	*doc = (struct option_doc){ option_rows[index].name, option_rows[index].value,
		option_rows[index].help };
	return true;
}
