/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table row an option holds everything about it: the getopt entry, the
 * name of its value, the help line and the function that stores it. Combinations are checked once
 * all options are read, so that their order does not matter.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <base_math.h>

#include "option.h"

#define OPTION_IFACE_DEFAULT "/tmp/vdpa-"
#define OPTION_HOT_ADDS_MAX 1000u
#define OPTION_QUEUE_PAIRS_MAX 128u

/** One option. */
struct option_row {
	const char *name;
	const char *value; /**< name of the value, NULL: takes none */
	const char *help;
	int (*store)(struct option_attr *attr, const char *value);
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
option_store_iface(struct option_attr *attr, const char *value)
{
	attr->iface = value;
	return *value == '\0' ? -EINVAL : 0;
}

static int
option_store_auto_start(struct option_attr *attr, const char *value)
{
	attr->auto_start = true;
	return 0;
}

static int
option_store_scenario(struct option_attr *attr, const char *value)
{
	attr->scenario.name = value;
	return *value == '\0' ? -EINVAL : 0;
}

static int
option_store_json(struct option_attr *attr, const char *value)
{
	attr->scenario.json_path = value;
	return *value == '\0' ? -EINVAL : 0;
}

static int
option_store_hot_adds(struct option_attr *attr, const char *value)
{
	return option_number(value, 0, OPTION_HOT_ADDS_MAX, &attr->scenario.hot_adds);
}

static int
option_store_queue_pairs(struct option_attr *attr, const char *value)
{
	return option_number(value, 1, OPTION_QUEUE_PAIRS_MAX, &attr->scenario.queue_pairs);
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
			option_store_cmdline_file },
	{ "interactive", NULL, "(-i) prompt for commands; the end of the input ends the program",
			option_store_interactive },
	{ "client", NULL, "attach as vhost-user client (the front-end listens) by default",
			option_store_client },
	{ "auto-start", NULL, "attach every device, to the sockets PREFIX0, PREFIX1, ...",
			option_store_auto_start },
	{ "iface", "PREFIX", "of the sockets of --auto-start (" OPTION_IFACE_DEFAULT ")",
			option_store_iface },
	{ "scenario", "NAME", "play a story with built-in guests, report PASS or FAIL, end",
			option_store_scenario },
	{ "json", "FILE", "write the scenario's report to FILE", option_store_json },
	{ "hot-adds", "N", "memory hot-adds of the scenario (1)", option_store_hot_adds },
	{ "queue-pairs", "N", "queue pairs of each guest of the scenario (1)",
			option_store_queue_pairs },
	{ "help", NULL, "(-h) print this", option_store_help },
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

/* What contradicts itself, as a sentence; NULL where nothing does. */
static const char *
option_conflict(const struct option_attr *attr, bool iface_given)
{
	if (iface_given && !attr->auto_start)
		return "--iface names the sockets of --auto-start, which is missing";
	if (attr->scenario.name == NULL && attr->scenario.json_path != NULL)
		return "--json is the report of --scenario, which is missing";
	if (attr->scenario.name != NULL &&
			(attr->auto_start || attr->interactive || attr->cmdline_file != NULL))
		return "--scenario plays alone: no --auto-start, --interactive, --cmdline-file";
	return NULL;
}

static int
option_one(int c, int index, struct option_attr *attr, FILE *err)
{
	const struct option_row *row;

	if (c == 'i')
		return option_store_interactive(attr, NULL);
	if (c == 'h')
		return option_store_help(attr, NULL);
	row = &option_rows[index];
	if (row->store(attr, optarg) == 0)
		return 0;
	fprintf(err, "testvdpa: error: --%s: '%s' is not a valid %s\n", row->name, optarg,
			row->value);
	return -EINVAL;
}

int
option_parse(int argc, char **argv, struct option_attr *attr, FILE *err)
{
	struct option table[OPTION_NB + 1];
	const char *conflict;
	int index = 0;
	int last;
	int c;

	option_table(table);
	memset(attr, 0, sizeof(*attr));
	attr->scenario = (struct scenario_attr){ .hot_adds = 1, .queue_pairs = 1, .stop_fd = -1 };
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
		if (option_one(c, index, attr, err) != 0)
			return -EINVAL;
	}
	if (optind < argc) {
		fprintf(err, "testvdpa: error: unexpected argument '%s'\n", argv[optind]);
		return -EINVAL;
	}
	conflict = option_conflict(attr, attr->iface != NULL);
	if (conflict != NULL) {
		fprintf(err, "testvdpa: error: %s\n", conflict);
		return -EINVAL;
	}
	if (attr->iface == NULL)
		attr->iface = OPTION_IFACE_DEFAULT;
	return 0;
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
	fprintf(out,
			"Commands come from --cmdline-file, then from standard input; a prompt where "
			"that is a terminal.\n");
}
