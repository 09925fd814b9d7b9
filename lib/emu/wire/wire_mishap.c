/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one number of a generator (splitmix64: a counter and a mixing function)
 * belongs to each frame, and one to each mishap is derived from it, so that setting one chance does
 * not change when the others happen. Decision and commitment are two steps, because a frame that
 * the receivers refuse comes again: its fate must be the same then, however often it was asked for.
 *
 * A frame that is lost has no other mishaps; the others can come together.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire_mishap.h"

#define MISHAP_PPM 1000000u
#define MISHAP_STEP 0x9e3779b97f4a7c15ULL

static uint64_t
mishap_mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* A probability in millionths: "1", "0.25", ".01". */
static bool
chance_parse_ppm(const char **text, uint32_t *ppm)
{
	uint64_t value = 0, unit = MISHAP_PPM;
	const char *p = *text;
	bool digits = false;

	for (; *p >= '0' && *p <= '9'; p++, digits = true) {
		value = value * 10 + (uint64_t)(*p - '0') * MISHAP_PPM;
		if (value > MISHAP_PPM)
			return false;
	}
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9' && unit > 1; p++, digits = true) {
			unit /= 10;
			value += (uint64_t)(*p - '0') * unit;
		}
	}
	*text = p;
	*ppm = (uint32_t)value;
	return digits && value <= MISHAP_PPM;
}

static bool
chance_parse_count(const char **text, uint32_t *count)
{
	unsigned long value;
	char *end;

	if (**text < '1' || **text > '9')
		return false;
	errno = 0;
	value = strtoul(*text, &end, 10);
	*text = end;
	*count = (uint32_t)value;
	return errno == 0 && value <= UINT32_MAX;
}

int
wire_chance_parse(const char *text, struct wire_chance *chance)
{
	struct wire_chance new = { 0 };

	if (strncmp(text, "every:", 6) == 0) {
		text += 6;
		if (!chance_parse_count(&text, &new.every))
			return -EINVAL;
	} else if (!chance_parse_ppm(&text, &new.ppm)) {
		return -EINVAL;
	}
	if (*text == 'x') {
		text++;
		if (!chance_parse_count(&text, &new.times))
			return -EINVAL;
	}
	if (*text != '\0')
		return -EINVAL;
	*chance = new;
	return 0;
}

int
wire_chance_print(const struct wire_chance *chance, char *buf, size_t size)
{
	char times[16] = "";
	int len;

	if (chance->times != 0)
		snprintf(times, sizeof(times), "x%u", chance->times);
	if (chance->every != 0)
		len = snprintf(buf, size, "every:%u%s", chance->every, times);
	else
		len = snprintf(buf, size, "%u.%06u%s", chance->ppm / MISHAP_PPM,
				chance->ppm % MISHAP_PPM, times);
	return len < 0 || (size_t)len >= size ? -ENOSPC : 0;
}

void
wire_mishaps_seed(struct wire_mishaps *mishaps, uint64_t seed)
{
	unsigned int i;

	mishaps->random = seed;
	mishaps->frames = 0;
	for (i = 0; i < WIRE_NB_MISHAPS; i++)
		mishaps->chance[i].happened = 0;
}

static bool
chance_is_over(const struct wire_chance *chance)
{
	return (chance->ppm == 0 && chance->every == 0) ||
			(chance->times != 0 && chance->happened >= chance->times);
}

bool
wire_mishaps_any(const struct wire_mishaps *mishaps)
{
	unsigned int i;

	for (i = 0; i < WIRE_NB_MISHAPS; i++) {
		if (!chance_is_over(&mishaps->chance[i]))
			return true;
	}
	return false;
}

static bool
chance_happens(const struct wire_mishaps *mishaps, unsigned int i)
{
	const struct wire_chance *chance = &mishaps->chance[i];
	uint64_t number = mishap_mix(mishaps->random + MISHAP_STEP * (i + 1));

	if (chance_is_over(chance))
		return false;
	if (chance->every != 0)
		return (mishaps->frames + 1) % chance->every == 0;
	/* the upper half, so that the product fits */
	return (number >> 32) * MISHAP_PPM >> 32 < chance->ppm;
}

wire_fate
wire_mishaps_decide(const struct wire_mishaps *mishaps)
{
	wire_fate fate = 0;
	unsigned int i;

	for (i = 0; i < WIRE_NB_MISHAPS; i++)
		fate |= (wire_fate)chance_happens(mishaps, i) << i;
	return (fate >> WIRE_MISHAP_LOSE & 1) != 0 ? 1u << WIRE_MISHAP_LOSE : fate;
}

void
wire_mishaps_commit(struct wire_mishaps *mishaps, wire_fate fate)
{
	unsigned int i;

	for (i = 0; i < WIRE_NB_MISHAPS; i++)
		mishaps->chance[i].happened += fate >> i & 1;
	mishaps->frames++;
	mishaps->random = mishap_mix(mishaps->random + MISHAP_STEP);
}

uint64_t
wire_mishaps_bit(const struct wire_mishaps *mishaps, uint32_t from, uint32_t len)
{
	uint64_t number = mishap_mix(mishaps->random + MISHAP_STEP * (WIRE_NB_MISHAPS + 1));

	return 8ULL * from + number % (8ULL * (len - from));
}
