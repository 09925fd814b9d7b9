/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one dictionary a flow, by its number, and in it one array a value for the
 * queues: telemetry has no arrays of dictionaries. Queues are told as long as the answer has room
 * for them; flows come from the newest to the oldest, and what is cut off can be asked for by the
 * flow's number.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base_clock.h"
#include "mvdpa_compat.h"
#include "mvdpa_report.h"

#define QUEUE_BUDGET 200 /* of some 40 bytes, beside 32 flows of some 250 */

static void
report_numbers(struct rte_tel_data *data, const char *name, const struct mvdpa_flow *flow,
		uint64_t (*get)(const struct mvdpa_flow_queue *queue))
{
	struct rte_tel_data *column = rte_tel_data_alloc();
	uint32_t i;

	if (column == NULL)
		return;
	rte_tel_data_start_array(column, RTE_TEL_UINT_VAL);
	for (i = 0; i < flow->nb_queues; i++)
		rte_tel_data_add_array_uint(column, get(&flow->queues[i]));
	if (rte_tel_data_add_dict_container(data, name, column, 0) != 0)
		rte_tel_data_free(column);
}

static uint64_t
get_index(const struct mvdpa_flow_queue *queue)
{
	return queue->index;
}

static uint64_t
get_saved_avail(const struct mvdpa_flow_queue *queue)
{
	return queue->saved.avail;
}

static uint64_t
get_saved_used(const struct mvdpa_flow_queue *queue)
{
	return queue->saved.used;
}

static uint64_t
get_resumed_avail(const struct mvdpa_flow_queue *queue)
{
	return queue->resumed.avail;
}

static uint64_t
get_resumed_used(const struct mvdpa_flow_queue *queue)
{
	return queue->resumed.used;
}

/* Columns that say nothing in this flow are left out. */
static void
report_queues(const struct mvdpa_flow *flow, struct rte_tel_data *data)
{
	bool saved = false, resumed = false;
	uint32_t i;

	for (i = 0; i < flow->nb_queues; i++) {
		saved |= flow->queues[i].was_saved;
		resumed |= flow->queues[i].was_resumed;
	}
	report_numbers(data, "queue", flow, get_index);
	if (saved) {
		report_numbers(data, "saved_available", flow, get_saved_avail);
		report_numbers(data, "saved_used", flow, get_saved_used);
	}
	if (resumed) {
		report_numbers(data, "resumed_available", flow, get_resumed_avail);
		report_numbers(data, "resumed_used", flow, get_resumed_used);
	}
}

static void
report_ways(const struct mvdpa_flow *flow, struct rte_tel_data *data)
{
	struct rte_tel_data *ways = rte_tel_data_alloc();
	unsigned int way;

	if (ways == NULL)
		return;
	rte_tel_data_start_array(ways, RTE_TEL_STRING_VAL);
	for (way = 0; way < MVDPA_FLOW_WAYS; way++) {
		if (flow->nb_resumed[way] > 0)
			rte_tel_data_add_array_string(ways, mvdpa_flow_way_name(way));
	}
	if (rte_tel_data_add_dict_container(data, "ways", ways, 0) != 0)
		rte_tel_data_free(ways);
}

static void
report_flow(const struct mvdpa_flow *flow, struct rte_tel_data *data)
{
	uint32_t way, resumed = 0;

	for (way = 0; way < MVDPA_FLOW_WAYS; way++)
		resumed += flow->nb_resumed[way];
	rte_tel_data_start_dict(data);
	rte_tel_data_add_dict_uint(data, "seq", flow->seq);
	rte_tel_data_add_dict_string(data, "kind", mvdpa_flow_kind_name(flow->kind));
	rte_tel_data_add_dict_int(data, "result", flow->result);
	rte_tel_data_add_dict_uint(data, "age_ms",
			(base_clock_ns() - flow->start_ns) / BASE_NS_PER_MS);
	rte_tel_data_add_dict_uint(data, "duration_us", flow->duration_ns / BASE_NS_PER_US);
	rte_tel_data_add_dict_uint(data, "outage_us", flow->outage_ns / BASE_NS_PER_US);
	rte_tel_data_add_dict_uint(data, "commands", flow->commands);
	rte_tel_data_add_dict_uint(data, "queues", flow->nb_touched);
	rte_tel_data_add_dict_uint(data, "saved", flow->nb_saved);
	rte_tel_data_add_dict_uint(data, "resumed", resumed);
	rte_tel_data_add_dict_uint(data, "index_mismatches", flow->nb_mismatch);
	report_ways(flow, data);
}

void
mvdpa_report_flows(struct mvdpa_dev *dev, uint64_t seq, struct rte_tel_data *data)
{
	struct mvdpa_flow *flow = malloc(sizeof(*flow));
	struct rte_tel_data *one;
	uint32_t age, budget = seq != 0 ? MVDPA_FLOW_MAX_VIRTQS : QUEUE_BUDGET;
	char name[24];

	rte_tel_data_start_dict(data);
	for (age = 0; flow != NULL && mvdpa_flow_read(&dev->flows, age, flow); age++) {
		if (seq != 0 && flow->seq != seq)
			continue;
		one = rte_tel_data_alloc();
		if (one == NULL)
			break;
		report_flow(flow, one);
		if (flow->nb_queues > 0 && flow->nb_queues <= budget) {
			report_queues(flow, one);
			budget -= flow->nb_queues;
		}
		snprintf(name, sizeof(name), "%" PRIu64, flow->seq);
		if (rte_tel_data_add_dict_container(data, name, one, 0) != 0)
			rte_tel_data_free(one);
	}
	free(flow);
}
