/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a story has one row in a table, its name and the function that plays it.
 * An unknown name is refused before anything is attached.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scenario.h"
#include "scenario_demo.h"

/** One story. */
struct scenario {
	const char *name;
	int (*play)(const struct scenario_attr *attr);
};

static const struct scenario scenarios[] = {
	{ "demo", scenario_demo },
	{ NULL, NULL },
};

int
scenario_run(const struct scenario_attr *attr)
{
	const struct scenario *s;

	for (s = scenarios; s->name != NULL; s++) {
		if (strcmp(s->name, attr->name) == 0)
			return s->play(attr);
	}
	fprintf(stderr, "testvdpa: error: no scenario is called '%s'\n", attr->name);
	return -ENOENT;
}
