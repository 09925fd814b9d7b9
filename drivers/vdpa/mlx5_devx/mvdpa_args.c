/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table row a key: its name, the values it takes, and where the value
 * goes. Most are numbers with a range; the others are a choice of words, or have a reader of
 * their own. A key that has no row is an error that lists the rows, so a typing error never runs
 * with a default that nobody asked for.
 *
 * The rows of the stock mlx5 driver are all here, so that a command line that worked with it
 * works with this one. Where it warns of a value out of range and goes on with the default, this
 * one refuses. Keys about DPDK's packet pools and send queues, of which a vDPA driver has none,
 * are checked and have no effect.
 */
#include "mvdpa_args.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_kvargs.h>

#include "base_math.h"
#include "mvdpa_features.h"

#define DEFAULT_NO_TRAFFIC 16

/* Choices are stored by number. */
_Static_assert(sizeof(enum mvdpa_index_policy) == sizeof(uint32_t) &&
				sizeof(enum mvdpa_mem_table) == sizeof(uint32_t),
		"an enum is an unsigned int");

struct args_row;
typedef bool (*args_reader)(const struct args_row *row, const char *value, struct mvdpa_args *out);

struct args_row {
	const char *key;
	const char *values; /* for people */
	args_reader read;
	size_t field; /* offset in struct mvdpa_args */
	uint32_t max; /* of a number */
	const char *words[5]; /* of a choice: word i means i */
};

static uint32_t *
args_field(const struct args_row *row, struct mvdpa_args *out)
{
	return (uint32_t *)((char *)out + row->field);
}

static bool
args_word(const struct args_row *row, const char *value, struct mvdpa_args *out)
{
	uint32_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(row->words) && row->words[i] != NULL; i++) {
		if (strcmp(value, row->words[i]) == 0) {
			*args_field(row, out) = i;
			return true;
		}
	}
	return false;
}

/* Decimal, 0x and 0 forms like the stock driver; but no sign and nothing behind. */
static bool
args_number(const struct args_row *row, const char *value, struct mvdpa_args *out)
{
	unsigned long number;
	char *end;

	if (!isdigit((unsigned char)value[0]))
		return false;
	errno = 0;
	number = strtoul(value, &end, 0);
	if (errno != 0 || *end != '\0' || number > row->max)
		return false;
	*args_field(row, out) = (uint32_t)number;
	return true;
}

/* A ring's size: virtio 1.2, 2.7 */
static bool
args_power_of_two(const struct args_row *row, const char *value, struct mvdpa_args *out)
{
	uint32_t *number = args_field(row, out);

	return args_number(row, value, out) && (*number & (*number - 1)) == 0;
}

/* Numbers may have holes, so how many are online says nothing; one that is not is warned of. */
static bool
args_core(const struct args_row *row, const char *value, struct mvdpa_args *out)
{
	return args_number(row, value, out) &&
			*args_field(row, out) < sysconf(_SC_NPROCESSORS_CONF);
}

static bool
args_features(const struct args_row *row, const char *value, struct mvdpa_args *out)
{
	return mvdpa_features_parse(value, &out->features);
}

static bool
args_any(const struct args_row *row, const char *value, struct mvdpa_args *out)
{
	return value[0] != '\0';
}

#define FIELD(f) .field = offsetof(struct mvdpa_args, f)
#define NUMBER(k, f, text, m)                                                           \
	{                                                                               \
		.key = (k), .values = (text), .read = args_number, .max = (m), FIELD(f) \
	}
#define WORDS(k, f, text, ...)                                                        \
	{                                                                             \
		.key = (k), .values = (text), .read = args_word, FIELD(f), .words = { \
			__VA_ARGS__                                                   \
		}                                                                     \
	}

static const struct args_row rows[] = {
	/* which driver */
	WORDS("class", ignored, "vdpa", "vdpa"),
	{ "driver", "any name", args_any },
	/* this driver's own */
	WORDS("resume_index", resume_index, "used, saved", "used", "saved"),
	WORDS("mem_table", mem_table, "auto, modify, recreate, teardown", "auto", "modify",
			"recreate", "teardown"),
	{ "features", "a mask, or names of features with + and - between them", args_features },
	/* of the stock vDPA driver */
	NUMBER("event_mode", event_mode, "0 to 2", MVDPA_EVENT_INTERRUPT),
	NUMBER("event_us", event_us, "0 to 1000000 microseconds", 1000000),
	NUMBER("no_traffic_time", no_traffic_time, "0 to 4294967294", UINT32_MAX - 1),
	{ "event_core", "the number of a CPU", args_core, FIELD(event_core), .max = INT_MAX },
	NUMBER("hw_latency_mode", hw_latency_mode, "0 to 2", 2),
	NUMBER("hw_max_latency_us", hw_max_latency_us, "0 to 4095", 4095),
	NUMBER("hw_max_pending_comp", hw_max_pending_comp, "0 to 65535", 65535),
	NUMBER("max_conf_threads", max_conf_threads, "0 to 256", 256),
	{ "queue_size", "0, or a power of two to 1024", args_power_of_two, FIELD(queue_size),
			.max = 1024 },
	NUMBER("queues", queues, "0 to 128", 128),
	/* of all stock mlx5 drivers */
	NUMBER("cmd_fd", cmd_fd, "an open file's number", INT_MAX),
	NUMBER("pd_handle", pd_handle, "a handle", UINT32_MAX - 1),
	NUMBER("mr_ext_memseg_en", ignored, "0, 1", INT_MAX),
	NUMBER("mr_mempool_reg_en", ignored, "0, 1", INT_MAX),
	NUMBER("sys_mem_en", ignored, "0, 1", INT_MAX),
	NUMBER("sq_db_nc", doorbell, "0 to 2", MVDPA_DOORBELL_HEURISTIC),
	NUMBER("tx_db_nc", doorbell, "0 to 2", MVDPA_DOORBELL_HEURISTIC),
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
	char known[512];
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		if (strcmp(pair->key, rows[i].key) != 0)
			continue;
		if (pair->value != NULL && rows[i].read(&rows[i], pair->value, out))
			return 0;
		base_err(log, "device argument %s: bad value '%s', possible are: %s", pair->key,
				pair->value != NULL ? pair->value : "", rows[i].values);
		return -EINVAL;
	}
	args_known(known, sizeof(known));
	base_err(log, "device argument '%s' is not known, known are: %s", pair->key, known);
	return -EINVAL;
}

/* Keys that mean something only together. */
static int
args_settle(const struct base_log *log, struct mvdpa_args *out)
{
	if ((out->cmd_fd == MVDPA_ARGS_UNSET) != (out->pd_handle == MVDPA_ARGS_UNSET)) {
		base_err(log, "device arguments cmd_fd and pd_handle: one needs the other");
		return -EINVAL;
	}
	if (out->cmd_fd != MVDPA_ARGS_UNSET)
		base_warn(log,
				"device arguments cmd_fd and pd_handle are not used: the device "
				"opens a context of its own");
	if ((out->queue_size == 0) != (out->queues == 0)) {
		base_warn(log,
				"device arguments queues and queue_size: one needs the other; no "
				"queue is made at probe");
		out->queue_size = out->queues = 0;
	}
	if (out->event_mode == MVDPA_EVENT_DYNAMIC_TIMER && out->event_us == 0)
		out->event_us = 1;
	return 0;
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

	*out = (struct mvdpa_args){
		.resume_index = MVDPA_INDEX_USED,
		.mem_table = MVDPA_MEM_TABLE_AUTO,
		.features = UINT64_MAX,
		.event_mode = MVDPA_EVENT_INTERRUPT,
		.no_traffic_time = DEFAULT_NO_TRAFFIC,
		.event_core = MVDPA_ARGS_UNSET,
		.cmd_fd = MVDPA_ARGS_UNSET,
		.pd_handle = MVDPA_ARGS_UNSET,
	};
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
	return ret != 0 ? ret : args_settle(log, out);
}
