/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table row a key: its name, the values it takes, and the function that
 * stores one. A key that has no row is an error that lists the rows, so a typing error never runs
 * with a default that nobody asked for.
 */
#include "mvdpa_args.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_kvargs.h>

#include "base_math.h"

static bool
args_class(const char *value, struct mvdpa_args *out)
{
	return strcmp(value, "vdpa") == 0; /* it is why we were called */
}

static bool
args_resume_index(const char *value, struct mvdpa_args *out)
{
	if (strcmp(value, "used") == 0)
		out->resume_index = MVDPA_INDEX_USED;
	else if (strcmp(value, "saved") == 0)
		out->resume_index = MVDPA_INDEX_SAVED;
	else
		return false;
	return true;
}

static const struct {
	const char *key;
	const char *values;
	bool (*set)(const char *value, struct mvdpa_args *out);
} rows[] = {
	{ "class", "vdpa", args_class },
	{ "resume_index", "used, saved", args_resume_index },
};

static void
args_known(char *text, size_t size)
{
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < BASE_ARRAY_SIZE(rows) && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i == 0 ? "" : ", ",
				rows[i].key);
}

static int
args_one(const struct rte_kvargs_pair *pair, const struct base_log *log, struct mvdpa_args *out)
{
	char known[128];
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		if (strcmp(pair->key, rows[i].key) != 0)
			continue;
		if (pair->value != NULL && rows[i].set(pair->value, out))
			return 0;
		base_err(log, "device argument %s: bad value '%s', possible are: %s", pair->key,
				pair->value != NULL ? pair->value : "", rows[i].values);
		return -EINVAL;
	}
	args_known(known, sizeof(known));
	base_err(log, "device argument '%s' is not known, known are: %s", pair->key, known);
	return -EINVAL;
}

bool
mvdpa_args_want(const char *args)
{
	struct rte_kvargs *list;
	bool want = false;
	unsigned int i;

	if (args == NULL)
		return false;
	list = rte_kvargs_parse(args, NULL);
	if (list == NULL)
		return false;
	for (i = 0; i < list->count && !want; i++)
		want = strcmp(list->pairs[i].key, "class") == 0 && list->pairs[i].value != NULL &&
				strcmp(list->pairs[i].value, "vdpa") == 0;
	rte_kvargs_free(list);
	return want;
}

int
mvdpa_args_parse(const char *args, const struct base_log *log, struct mvdpa_args *out)
{
	struct rte_kvargs *list;
	unsigned int i;
	int ret = 0;

	*out = (struct mvdpa_args){ .resume_index = MVDPA_INDEX_USED };
	if (args == NULL || args[0] == '\0')
		return 0;
	list = rte_kvargs_parse(args, NULL);
	if (list == NULL) {
		base_err(log, "device arguments '%s' are not a list of key=value", args);
		return -EINVAL;
	}
	for (i = 0; i < list->count && ret == 0; i++)
		ret = args_one(&list->pairs[i], log, out);
	rte_kvargs_free(list);
	return ret;
}
