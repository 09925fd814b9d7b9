/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the commands of DPDK's telemetry socket.
 *   /vdpa/list              names of the devices
 *   /vdpa/info,DEV          the device
 *   /vdpa/virtq,DEV,Q       one queue
 *   /vdpa/stats,DEV[,FIRST] statistics of the queues that are wanted
 *   /vdpa/flows,DEV[,SEQ]   what happened last
 * They run in telemetry's threads. A device that is being looked at cannot go away (mvdpa_ops.h),
 * and no lock of the list is held meanwhile. A parameter that makes no sense is answered with
 * {"error": "..."}, because telemetry makes a bare null of an error number.
 */
#include <errno.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_telemetry.h>

#include "mvdpa_ops.h"
#include "mvdpa_report.h"

#define NO_NUMBER UINT64_MAX

/* "DEV[,NUMBER]", taken apart. */
struct telemetry_params {
	char name[64];
	uint64_t number; /* NO_NUMBER: none */
};

static void telemetry_error(struct rte_tel_data *data, const char *fmt, ...)
		__attribute__((format(printf, 2, 3)));

static void
telemetry_error(struct rte_tel_data *data, const char *fmt, ...)
{
	char text[RTE_TEL_MAX_STRING_LEN], *c;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* What the user sent comes back in it, and DPDK 22.11 reads outside of a table for a byte
	 * that is negative as a char. */
	for (c = text; *c != '\0'; c++)
		*c = *c >= ' ' && *c <= '~' ? *c : '?';
	rte_tel_data_start_dict(data);
	rte_tel_data_add_dict_string(data, "error", text);
}

/* A decimal number and nothing else. */
static bool
telemetry_number(const char *text, uint64_t *number)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *number != NO_NUMBER;
}

static bool
telemetry_parse(const char *params, struct telemetry_params *parsed, struct rte_tel_data *data)
{
	const char *comma;
	size_t len;

	if (params == NULL || params[0] == '\0') {
		telemetry_error(data, "a device's name is missing, see /vdpa/list");
		return false;
	}
	comma = strchr(params, ',');
	len = comma != NULL ? (size_t)(comma - params) : strlen(params);
	if (len == 0 || len >= sizeof(parsed->name)) {
		telemetry_error(data, "bad device name in '%s', see /vdpa/list", params);
		return false;
	}
	memcpy(parsed->name, params, len);
	parsed->name[len] = '\0';
	parsed->number = NO_NUMBER;
	if (comma != NULL && !telemetry_number(comma + 1, &parsed->number)) {
		telemetry_error(data, "'%s' is no number", comma + 1);
		return false;
	}
	return true;
}

/* What a visit of the device needs, and says. */
struct telemetry_visit {
	const struct telemetry_params *params;
	struct rte_tel_data *data;
};

static int
telemetry_look(const char *params, void (*look)(struct mvdpa_dev *dev, void *arg),
		struct rte_tel_data *data)
{
	struct telemetry_params parsed;
	struct telemetry_visit visit = { .params = &parsed, .data = data };

	if (telemetry_parse(params, &parsed, data) &&
			mvdpa_ops_visit(parsed.name, look, &visit) == 0)
		telemetry_error(data, "no device '%s', see /vdpa/list", parsed.name);
	return 0;
}

/* --- the commands ---------------------------------------------------------------------------- */

static void
look_name(struct mvdpa_dev *dev, void *arg)
{
	rte_tel_data_add_array_string(arg, dev->name);
}

static int
telemetry_list(const char *cmd, const char *params, struct rte_tel_data *data)
{
	rte_tel_data_start_array(data, RTE_TEL_STRING_VAL);
	mvdpa_ops_visit(NULL, look_name, data);
	return 0;
}

static void
look_info(struct mvdpa_dev *dev, void *arg)
{
	struct telemetry_visit *visit = arg;

	mvdpa_report_info(dev, visit->data);
}

static int
telemetry_info(const char *cmd, const char *params, struct rte_tel_data *data)
{
	return telemetry_look(params, look_info, data);
}

static void
look_virtq(struct mvdpa_dev *dev, void *arg)
{
	struct telemetry_visit *visit = arg;
	uint64_t queue = visit->params->number;

	if (queue == NO_NUMBER)
		telemetry_error(visit->data, "a queue's number is missing");
	else if (queue >= dev->nb_virtqs)
		telemetry_error(visit->data, "no queue %" PRIu64 ", %s has %u", queue, dev->name,
				dev->nb_virtqs);
	else
		mvdpa_report_virtq(dev, (uint16_t)queue, visit->data);
}

static int
telemetry_virtq(const char *cmd, const char *params, struct rte_tel_data *data)
{
	return telemetry_look(params, look_virtq, data);
}

static void
look_stats(struct mvdpa_dev *dev, void *arg)
{
	struct telemetry_visit *visit = arg;
	uint64_t first = visit->params->number != NO_NUMBER ? visit->params->number : 0;
	int ret;

	if (first >= dev->nb_virtqs) {
		telemetry_error(visit->data, "no queue %" PRIu64 ", %s has %u", first, dev->name,
				dev->nb_virtqs);
		return;
	}
	ret = mvdpa_report_stats(dev, (uint16_t)first, visit->data);
	if (ret != 0)
		telemetry_error(visit->data, "the card does not answer: %s", strerror(-ret));
}

static int
telemetry_stats(const char *cmd, const char *params, struct rte_tel_data *data)
{
	return telemetry_look(params, look_stats, data);
}

static void
look_flows(struct mvdpa_dev *dev, void *arg)
{
	struct telemetry_visit *visit = arg;
	uint64_t seq = visit->params->number;

	if (seq == 0)
		telemetry_error(visit->data, "flows are counted from 1");
	else
		mvdpa_report_flows(dev, seq != NO_NUMBER ? seq : 0, visit->data);
}

static int
telemetry_flows(const char *cmd, const char *params, struct rte_tel_data *data)
{
	return telemetry_look(params, look_flows, data);
}

RTE_INIT(mvdpa_telemetry_init)
{
	rte_telemetry_register_cmd("/vdpa/list", telemetry_list,
			"Names of the vDPA devices. Takes no parameters.");
	rte_telemetry_register_cmd("/vdpa/info", telemetry_info,
			"State, owner, features, memory, capabilities. Parameters: device name");
	rte_telemetry_register_cmd("/vdpa/virtq", telemetry_virtq,
			"State, ring and indices of a queue. Parameters: device name, queue");
	rte_telemetry_register_cmd("/vdpa/stats", telemetry_stats,
			"Statistics of all wanted queues. Parameters: device name, first queue (0)");
	rte_telemetry_register_cmd("/vdpa/flows", telemetry_flows,
			"What happened last. Parameters: device name, number of one flow (all)");
}
