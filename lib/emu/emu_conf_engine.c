/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "engine": how the engine's thread waits (struct vnet_pacing). The doorbell
 * pages are polled, so this is a trade of CPU time for the time until a kick is noticed.
 */
#include "emu_conf_topics.h"

/* Reads one figure; the smallest is 0, or 1 where the engine would not sleep at all. */
static int
engine_figure(struct emu_json *at, const json_t *value, uint64_t min, uint32_t *out)
{
	uint64_t figure;
	int ret = emu_json_u64(at, value, min, VNET_PACING_MAX_US, &figure);

	if (ret == 0)
		*out = (uint32_t)figure;
	return ret;
}

static int
engine_spin(struct emu_json *at, const json_t *value, void *arg)
{
	return engine_figure(at, value, 0, &((struct vnet_pacing *)arg)->spin_us);
}

static int
engine_sleep_min(struct emu_json *at, const json_t *value, void *arg)
{
	return engine_figure(at, value, 1, &((struct vnet_pacing *)arg)->sleep_min_us);
}

static int
engine_idle_after(struct emu_json *at, const json_t *value, void *arg)
{
	return engine_figure(at, value, 0, &((struct vnet_pacing *)arg)->idle_after_ms);
}

static int
engine_sleep_max(struct emu_json *at, const json_t *value, void *arg)
{
	return engine_figure(at, value, 1, &((struct vnet_pacing *)arg)->sleep_max_us);
}

int
emu_conf_engine_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	static const struct emu_json_key keys[] = {
		{ "spin_us", engine_spin },
		{ "sleep_min_us", engine_sleep_min },
		{ "idle_after_ms", engine_idle_after },
		{ "sleep_max_us", engine_sleep_max },
	};
	int ret = emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), &conf->pacing);

	if (ret == 0 && conf->pacing.sleep_min_us > conf->pacing.sleep_max_us)
		return emu_json_fail(at,
				"sleep_min_us is %u, but must not be above sleep_max_us, %u",
				conf->pacing.sleep_min_us, conf->pacing.sleep_max_us);
	return ret;
}

json_t *
emu_conf_engine_show(const struct emu_conf *conf)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "spin_us", (json_int_t)conf->pacing.spin_us,
			"sleep_min_us", (json_int_t)conf->pacing.sleep_min_us, "idle_after_ms",
			(json_int_t)conf->pacing.idle_after_ms, "sleep_max_us",
			(json_int_t)conf->pacing.sleep_max_us);
}
