/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: options that describe the card come from the table that the library reads
 * its variables by (emu_conf_options), so an option, its variable, its check and its help are one
 * row. --config, --help and --version are the launcher's own.
 *
 * What the library would refuse is refused here, before the program runs: all of the configuration
 * is read once, from the same environment. Files that will be written are tried, too.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mlx5emu.h"
#include "mlx5emu_options.h"

#define MLX5EMU_OWN 3 /* options that are not in the table */
#define MLX5EMU_MAX_OPTIONS 64
#define MLX5EMU_FIRST_LONG 1000 /* getopt's value of table row 0; letters are below */

static void __attribute__((format(printf, 1, 2), noreturn))
mlx5emu_usage_error(const char *fmt, ...)
{
	va_list ap;

	fputs("mlx5emu: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nTry 'mlx5emu --help'.\n", stderr);
	exit(MLX5EMU_USAGE);
}

/* --- help ----------------------------------------------------------------------------------- */

static void
mlx5emu_help_option(char letter, const char *name, const char *arg, const char *help)
{
	char left[64], first[8] = "    ";
	const char *line = help;

	if (letter != 0)
		snprintf(first, sizeof(first), "-%c, ", letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", first, name, *arg != '\0' ? " " : "", arg);
	while (line != NULL) {
		const char *end = strchr(line, '\n');

		printf("  %-22s %.*s\n", left, end != NULL ? (int)(end - line) : (int)strlen(line),
				line);
		left[0] = '\0';
		line = end != NULL ? end + 1 : NULL;
	}
}

static void
mlx5emu_help(void)
{
	size_t i;

	puts("Usage: mlx5emu [OPTION]... [--] PROGRAM [ARG]...\n"
	     "       mlx5emu ctl --help\n"
	     "       mlx5emu trace --help\n"
	     "Run PROGRAM on emulated mlx5 functions: PCI addresses 0000:03:00.2, .3, ...,\n"
	     "RDMA devices mlx5_0, mlx5_1, ... No root, device node or kernel module is needed.\n");
	mlx5emu_help_option('c', "config", "FILE",
			"what the card is, as JSON; options win over it");
	for (i = 0; i < emu_conf_nb_options; i++)
		mlx5emu_help_option(emu_conf_options[i].letter, emu_conf_options[i].name,
				emu_conf_options[i].arg, emu_conf_options[i].help);
	mlx5emu_help_option('h', "help", "", "show this help and exit");
	mlx5emu_help_option('V', "version", "", "show the version and exit");
	puts("\n"
	     "Exit status: that of PROGRAM; 128 + N if signal N ended it; 2 for a bad command\n"
	     "line or configuration; 126 or 127 if PROGRAM cannot be run or found; 1 for other\n"
	     "errors.\n"
	     "The library is searched beside this program; MLX5EMU_LIB names it otherwise.");
}

/* --- reading -------------------------------------------------------------------------------- */

/* Puts a value into the environment; a file's name absolute, as the program may go elsewhere. */
static void
mlx5emu_export(const char *env, const char *text, bool is_file)
{
	char *dir = is_file && text[0] != '/' ? getcwd(NULL, 0) : NULL, *path = NULL;

	if (dir != NULL && asprintf(&path, "%s/%s", dir, text) < 0)
		path = NULL;
	setenv(env, path != NULL ? path : text, 1);
	free(path);
	free(dir);
}

static void
mlx5emu_option(const struct emu_conf_option *option, const char *text)
{
	static struct emu_conf scratch;
	struct emu_json at;
	char source[40];

	snprintf(source, sizeof(source), "--%s", option->name);
	emu_conf_init(&scratch);
	if (text[0] == '\0')
		mlx5emu_usage_error("%s: the value is empty", source);
	if (emu_conf_option(&scratch, option, source, text, &at) != 0)
		mlx5emu_usage_error("%s", at.error);
	mlx5emu_export(option->env, text, option->is_file);
}

static void
mlx5emu_table(struct option *options, char *letters)
{
	static const struct option own[MLX5EMU_OWN] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
	};
	size_t i;

	/* "+": options behind PROGRAM are its own. */
	letters += sprintf(letters, "+c:hV");
	for (i = 0; i < emu_conf_nb_options && i < MLX5EMU_MAX_OPTIONS - MLX5EMU_OWN - 1; i++) {
		const struct emu_conf_option *row = &emu_conf_options[i];

		options[i] = (struct option){ row->name, required_argument, NULL,
			MLX5EMU_FIRST_LONG + (int)i };
		if (row->letter != 0)
			letters += sprintf(letters, "%c:", row->letter);
	}
	memcpy(&options[i], own, sizeof(own));
}

static const struct emu_conf_option *
mlx5emu_row(int opt)
{
	size_t i;

	if (opt >= MLX5EMU_FIRST_LONG)
		return &emu_conf_options[opt - MLX5EMU_FIRST_LONG];
	for (i = 0; i < emu_conf_nb_options; i++) {
		if (emu_conf_options[i].letter == opt)
			return &emu_conf_options[i];
	}
	return NULL;
}

static void
mlx5emu_one(int opt)
{
	const struct emu_conf_option *row = mlx5emu_row(opt);

	if (row != NULL) {
		mlx5emu_option(row, optarg);
		return;
	}
	switch (opt) {
	case 'c':
		if (access(optarg, R_OK) != 0)
			mlx5emu_usage_error("--config: %s: %s", optarg, strerror(errno));
		mlx5emu_export("MLX5EMU_CONFIG", optarg, true);
		return;
	case 'h':
		mlx5emu_help();
		exit(0);
	case 'V':
		puts("mlx5emu " MLX5EMU_VERSION);
		exit(0);
	default:
		fputs("Try 'mlx5emu --help'.\n", stderr);
		exit(MLX5EMU_USAGE);
	}
}

/* A file that will be appended to; "": none. */
static void
mlx5emu_try(const char *what, const char *file)
{
	FILE *out;

	if (file[0] == '\0')
		return;
	out = fopen(file, "a");
	if (out == NULL)
		mlx5emu_usage_error("%s file %s: %s", what, file, strerror(errno));
	fclose(out);
}

/* As the library will read it. */
static void
mlx5emu_check(struct emu_conf *conf)
{
	struct emu_json at;

	/* Nobody has made the directory yet; that it will be there makes a card. */
	setenv("MLX5EMU_TREE", "/nowhere", 1);
	if (emu_conf_read(conf, &at) < 0)
		mlx5emu_usage_error("%s", at.error);
	mlx5emu_try("log", conf->log_file);
	mlx5emu_try("trace", conf->trace.file);
}

int
mlx5emu_options(int argc, char **argv, struct emu_conf *conf)
{
	struct option options[MLX5EMU_MAX_OPTIONS] = { 0 };
	char letters[3 * MLX5EMU_MAX_OPTIONS];
	int opt;

	mlx5emu_table(options, letters);
	while ((opt = getopt_long(argc, argv, letters, options, NULL)) != -1)
		mlx5emu_one(opt);
	if (optind == argc)
		mlx5emu_usage_error("no program to run");
	mlx5emu_check(conf);
	return optind;
}
