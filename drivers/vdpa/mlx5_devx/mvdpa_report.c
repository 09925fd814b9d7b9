/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: values are copied under the lock that covers them into a dictionary each.
 * Telemetry's answer is limited (16 KiB, 256 entries of a dictionary), a container may lie in
 * the answer's dictionary or in one of its containers, and names are letters, digits, '_', '.'
 * and '/'. Addresses are text, because JSON's readers tend to take numbers for floating point.
 */
#include "mvdpa_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "base_math.h"
#include "mvdpa_compat.h"
#include "mvdpa_features.h"
#include "mvdpa_stats.h"

static void
put_hex(struct rte_tel_data *data, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	rte_tel_data_add_dict_string(data, name, text);
}

static struct rte_tel_data *
put_part(struct rte_tel_data *data, const char *name, struct rte_tel_data *part)
{
	if (rte_tel_data_add_dict_container(data, name, part, 0) == 0)
		return part;
	rte_tel_data_free(part);
	return NULL;
}

/* An empty dictionary that becomes part of @data, or NULL (then that part is missing). */
static struct rte_tel_data *
put_dict(struct rte_tel_data *data, const char *name)
{
	struct rte_tel_data *part = rte_tel_data_alloc();

	if (part == NULL)
		return NULL;
	rte_tel_data_start_dict(part);
	return put_part(data, name, part);
}

static struct rte_tel_data *
put_array(struct rte_tel_data *data, const char *name, enum rte_tel_value_type type)
{
	struct rte_tel_data *part = rte_tel_data_alloc();

	if (part == NULL)
		return NULL;
	rte_tel_data_start_array(part, type);
	return put_part(data, name, part);
}

/* --- the device ------------------------------------------------------------------------------ */

static void
report_features(struct rte_tel_data *data, const char *name, uint64_t features)
{
	struct rte_tel_data *names = put_array(data, name, RTE_TEL_STRING_VAL);
	unsigned int bit;
	char text[16];

	for (bit = 0; bit < 64 && names != NULL; bit++) {
		if ((features >> bit & 1) == 0)
			continue;
		snprintf(text, sizeof(text), "bit_%u", bit);
		rte_tel_data_add_array_string(names,
				mvdpa_features_name(bit) != NULL ? mvdpa_features_name(bit) : text);
	}
}

/* The pieces that have keys of their own: not always the regions, see mvdpa_mem_cut.h. */
static void
report_keys(const struct mvdpa_mem_report *report, struct rte_tel_data *memory)
{
	struct rte_tel_data *gpa = put_array(memory, "key_addresses", RTE_TEL_STRING_VAL);
	struct rte_tel_data *size = put_array(memory, "key_sizes", RTE_TEL_UINT_VAL);
	struct rte_tel_data *key = put_array(memory, "keys", RTE_TEL_STRING_VAL);
	char text[24];
	uint32_t i;

	if (gpa == NULL || size == NULL || key == NULL)
		return;
	for (i = 0; i < report->nb_keys && i < MVDPA_MEM_REPORT_KEYS; i++) {
		snprintf(text, sizeof(text), "0x%" PRIx64, report->keys[i].gpa);
		rte_tel_data_add_array_string(gpa, text);
		rte_tel_data_add_array_uint(size, report->keys[i].size);
		snprintf(text, sizeof(text), "0x%" PRIx32, report->keys[i].key);
		rte_tel_data_add_array_string(key, text);
	}
}

static void
report_memory_locked(struct mvdpa_dev *dev, struct rte_tel_data *data) BASE_REQUIRES(dev->lock)
{
	const struct mvdpa_mem_plan *plan = &dev->mem.plan;
	struct rte_tel_data *memory = put_dict(data, "memory"), *gpa, *size;
	struct mvdpa_mem_report report;
	uint64_t bytes = 0;
	uint32_t i;
	char text[24];

	if (memory == NULL)
		return;
	for (i = 0; i < plan->nb_regions; i++)
		bytes += plan->regions[i].size;
	rte_tel_data_add_dict_uint(memory, "regions", plan->nb_regions);
	rte_tel_data_add_dict_uint(memory, "bytes", bytes);
	put_hex(memory, "key", dev->mem.current != NULL ? mvdpa_mem_key(&dev->mem) : 0);
	mvdpa_mem_tell(&dev->mem, &report);
	rte_tel_data_add_dict_uint(memory, "key_entries", report.nb_entries);
	rte_tel_data_add_dict_uint(memory, "pinned", mvdpa_mem_pinned(&dev->mem));
	report_keys(&report, memory);
	gpa = put_array(memory, "guest_addresses", RTE_TEL_STRING_VAL);
	size = put_array(memory, "sizes", RTE_TEL_UINT_VAL);
	for (i = 0; i < plan->nb_regions && gpa != NULL && size != NULL; i++) {
		snprintf(text, sizeof(text), "0x%" PRIx64, plan->regions[i].gpa);
		rte_tel_data_add_array_string(gpa, text);
		rte_tel_data_add_array_uint(size, plan->regions[i].size);
	}
}

static void
report_dirty_locked(struct mvdpa_dev *dev, struct rte_tel_data *data) BASE_REQUIRES(dev->lock)
{
	struct rte_tel_data *part = put_dict(data, "dirty_log");

	if (part == NULL)
		return;
	rte_tel_data_add_dict_uint(part, "wanted", dev->dirty.wanted);
	rte_tel_data_add_dict_uint(part, "mapped", dev->dirty.map != NULL);
	rte_tel_data_add_dict_uint(part, "refused", atomic_load(&dev->dirty.refused));
	rte_tel_data_add_dict_uint(part, "all_marked", atomic_load(&dev->dirty.debts));
}

static void
report_caps(const struct devx_cap *cap, struct rte_tel_data *data)
{
	struct rte_tel_data *caps = put_dict(data, "capabilities");

	if (caps == NULL)
		return;
	rte_tel_data_add_dict_uint(caps, "max_virtqs", cap->max_virtqs);
	rte_tel_data_add_dict_uint(caps, "virtq_counters", cap->virtq_counters);
	rte_tel_data_add_dict_uint(caps, "freeze_to_rdy", cap->freeze_to_rdy);
	rte_tel_data_add_dict_uint(caps, "modify_ext", cap->modify_ext);
	rte_tel_data_add_dict_uint(caps, "addr_modify", cap->addr_modify);
	rte_tel_data_add_dict_uint(caps, "index_modify", cap->index_modify);
	rte_tel_data_add_dict_uint(caps, "version_1_0", cap->version_1_0);
	rte_tel_data_add_dict_uint(caps, "roce", cap->roce);
	rte_tel_data_add_dict_uint(caps, "lag_ports", cap->nb_lag_ports);
	rte_tel_data_add_dict_uint(caps, "rqt_max_size", cap->rqt_max_size);
	rte_tel_data_add_dict_uint(caps, "max_key_entries", cap->max_klms);
	put_hex(caps, "event_modes", cap->event_modes);
	put_hex(caps, "queue_types", cap->queue_types);
	put_hex(caps, "queue_features", cap->features);
	rte_tel_data_add_dict_uint(caps, "mtu", cap->mtu);
}

static void
report_args(const struct mvdpa_args *args, struct rte_tel_data *data)
{
	static const char *const tables[] = {
		[MVDPA_MEM_TABLE_AUTO] = "auto",
		[MVDPA_MEM_TABLE_MODIFY] = "modify",
		[MVDPA_MEM_TABLE_RECREATE] = "recreate",
		[MVDPA_MEM_TABLE_TEARDOWN] = "teardown",
	};
	struct rte_tel_data *part = put_dict(data, "devargs");

	if (part == NULL)
		return;
	rte_tel_data_add_dict_string(part, "resume_index",
			args->resume_index == MVDPA_INDEX_SAVED ? "saved" : "used");
	rte_tel_data_add_dict_string(part, "mem_table", tables[args->mem_table]);
	put_hex(part, "features", args->features);
	rte_tel_data_add_dict_uint(part, "event_mode", args->event_mode);
	rte_tel_data_add_dict_uint(part, "event_us", args->event_us);
	rte_tel_data_add_dict_uint(part, "no_traffic_time", args->no_traffic_time);
	rte_tel_data_add_dict_int(part, "event_core",
			args->event_core == MVDPA_ARGS_UNSET ? -1 : (int)args->event_core);
	rte_tel_data_add_dict_uint(part, "hw_latency_mode", args->hw_latency_mode);
	rte_tel_data_add_dict_uint(part, "hw_max_latency_us", args->hw_max_latency_us);
	rte_tel_data_add_dict_uint(part, "hw_max_pending_comp", args->hw_max_pending_comp);
	rte_tel_data_add_dict_uint(part, "max_conf_threads", args->max_conf_threads);
	rte_tel_data_add_dict_uint(part, "queues", args->queues);
	rte_tel_data_add_dict_uint(part, "queue_size", args->queue_size);
}

static const char *
report_state_locked(const struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	if (dev->gone)
		return "gone";
	if (dev->configured)
		return "configured";
	return dev->owner >= 0 ? "attached" : "unused";
}

void
mvdpa_report_info(struct mvdpa_dev *dev, struct rte_tel_data *data)
{
	uint32_t i, wanted = 0, down = 0;

	rte_tel_data_start_dict(data);
	rte_tel_data_add_dict_string(data, "name", dev->name);
	rte_tel_data_add_dict_string(data, "driver", "vdpa_mlx5_devx");
	base_mutex_lock(&dev->lock);
	rte_tel_data_add_dict_string(data, "state", report_state_locked(dev));
	rte_tel_data_add_dict_int(data, "owner", dev->owner);
	for (i = 0; i < dev->nb_virtqs; i++) {
		wanted += dev->virtqs[i].enabled;
		down += dev->virtqs[i].down;
	}
	report_features(data, "features_negotiated", dev->env.features);
	report_memory_locked(dev, data);
	report_dirty_locked(dev, data);
	base_mutex_unlock(&dev->lock);
	report_features(data, "features_offered",
			mvdpa_features_narrow(mvdpa_features_offered(&dev->cap),
					dev->args.features));
	rte_tel_data_add_dict_uint(data, "virtqs", dev->nb_virtqs);
	rte_tel_data_add_dict_uint(data, "virtqs_wanted", wanted);
	rte_tel_data_add_dict_uint(data, "virtqs_down", down);
	rte_tel_data_add_dict_uint(data, "workers", mvdpa_pool_workers(dev->pool));
	rte_tel_data_add_dict_uint(data, "firmware_commands", devx_cmd_total(dev->devx));
	report_caps(&dev->cap, data);
	report_args(&dev->args, data);
}

/* --- a queue --------------------------------------------------------------------------------- */

static void
report_index(struct rte_tel_data *data, const char *name, struct mvdpa_index index)
{
	struct rte_tel_data *part = put_dict(data, name);

	if (part == NULL)
		return;
	rte_tel_data_add_dict_uint(part, "available", index.avail);
	rte_tel_data_add_dict_uint(part, "used", index.used);
}

static void
report_ring_locked(struct mvdpa_virtq *vq, struct rte_tel_data *data) BASE_REQUIRES(vq->lock)
{
	struct rte_tel_data *ring = put_dict(data, "ring");

	if (ring == NULL)
		return;
	rte_tel_data_add_dict_string(ring, "type",
			vq->ring.type == PRM_VIRTQ_PACKED ? "packed" : "split");
	rte_tel_data_add_dict_uint(ring, "size", vq->ring.size);
	put_hex(ring, "descriptors", vq->ring.desc);
	put_hex(ring, "available", vq->ring.avail);
	put_hex(ring, "used", vq->ring.used);
}

void
mvdpa_report_virtq(struct mvdpa_dev *dev, uint16_t queue, struct rte_tel_data *data)
{
	struct mvdpa_virtq *vq = &dev->virtqs[queue];

	rte_tel_data_start_dict(data);
	rte_tel_data_add_dict_uint(data, "queue", queue);
	rte_tel_data_add_dict_string(data, "direction", mvdpa_virtq_is_rx(vq) ? "rx" : "tx");
	base_mutex_lock(&dev->lock);
	rte_tel_data_add_dict_uint(data, "wanted", vq->enabled);
	rte_tel_data_add_dict_uint(data, "down", vq->down);
	rte_tel_data_add_dict_uint(data, "same_life", vq->same_life);
	base_mutex_unlock(&dev->lock);
	base_mutex_lock(&vq->lock);
	rte_tel_data_add_dict_string(data, "state", mvdpa_virtq_state_name(vq->state));
	put_hex(data, "object", vq->obj != NULL ? devx_obj_id(vq->obj) : 0);
	report_ring_locked(vq, data);
	report_index(data, "saved", vq->stats.saved);
	report_index(data, "resumed", vq->stats.resumed);
	rte_tel_data_add_dict_uint(data, "index_mismatches", vq->stats.mismatches);
	rte_tel_data_add_dict_uint(data, "index_fallbacks", vq->stats.fallbacks);
	rte_tel_data_add_dict_uint(data, "recoveries", vq->stats.recoveries);
	rte_tel_data_add_dict_uint(data, "give_ups", vq->stats.give_ups);
	base_mutex_unlock(&vq->lock);
	rte_tel_data_add_dict_uint(data, "generation", atomic_load(&vq->version));
}

/* --- statistics ------------------------------------------------------------------------------ */

struct report_row {
	uint64_t values[64];
};

/* Wanted queues from @first on, as many as there is room for; @first moves behind them. */
static uint32_t
report_wanted(struct mvdpa_dev *dev, uint16_t *first, uint16_t *queues)
{
	uint32_t nb = 0;

	base_mutex_lock(&dev->lock);
	for (; *first < dev->nb_virtqs && nb < MVDPA_REPORT_QUEUES; (*first)++) {
		if (dev->virtqs[*first].enabled)
			queues[nb++] = *first;
	}
	base_mutex_unlock(&dev->lock);
	return nb;
}

int
mvdpa_report_stats(struct mvdpa_dev *dev, uint16_t first, struct rte_tel_data *data)
{
	struct report_row rows[MVDPA_REPORT_QUEUES];
	uint16_t queues[MVDPA_REPORT_QUEUES];
	struct rte_tel_data *column;
	unsigned int stat;
	uint32_t i, nb;
	int ret;

	nb = report_wanted(dev, &first, queues);
	for (i = 0; i < nb; i++) {
		ret = mvdpa_stats_read(dev, queues[i], rows[i].values, RTE_DIM(rows[i].values));
		if (ret != 0)
			return ret;
	}
	rte_tel_data_start_dict(data);
	column = put_array(data, "queue", RTE_TEL_UINT_VAL);
	for (i = 0; i < nb && column != NULL; i++)
		rte_tel_data_add_array_uint(column, queues[i]);
	for (stat = 0; stat < mvdpa_stats_count() && stat < RTE_DIM(rows[0].values); stat++) {
		column = put_array(data, mvdpa_stats_name(stat), RTE_TEL_UINT_VAL);
		for (i = 0; i < nb && column != NULL; i++)
			rte_tel_data_add_array_uint(column, rows[i].values[stat]);
	}
	if (first < dev->nb_virtqs)
		rte_tel_data_add_dict_uint(data, "next", first);
	return 0;
}
