/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the aim of a dynamic timer is one completion a round in the busiest queue:
 * an empty round makes the delay one step longer, n completions make it n times shorter, one
 * leaves it. A fixed timer keeps its delay. After more empty rounds in a row than the user allows
 * both end; traffic that begins again finds them as they were at first.
 */
#include "mvdpa_moder.h"

static uint32_t
moder_step_us(const struct mvdpa_moder_conf *conf)
{
	return conf->mode == MVDPA_EVENT_DYNAMIC_TIMER && conf->event_us == 0 ? 1 : conf->event_us;
}

void
mvdpa_moder_begin(const struct mvdpa_moder_conf *conf, struct mvdpa_moder *moder)
{
	moder->delay_us = moder_step_us(conf);
	moder->idle = 0;
}

static uint32_t
moder_longer_us(uint32_t delay_us, uint32_t step_us)
{
	if (delay_us >= MVDPA_MODER_MAX_US || step_us >= MVDPA_MODER_MAX_US - delay_us)
		return delay_us > MVDPA_MODER_MAX_US ? delay_us : MVDPA_MODER_MAX_US;
	return delay_us + step_us;
}

bool
mvdpa_moder_next(const struct mvdpa_moder_conf *conf, struct mvdpa_moder *moder, uint32_t most)
{
	if (most != 0)
		moder->idle = 0;
	else if (moder->idle++ >= conf->no_traffic_time)
		return false;
	if (conf->mode != MVDPA_EVENT_DYNAMIC_TIMER)
		return true;
	if (most == 0)
		moder->delay_us = moder_longer_us(moder->delay_us, moder_step_us(conf));
	else
		moder->delay_us /= most;
	return true;
}
