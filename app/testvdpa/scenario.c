/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a scenario has one row in a table; "all" is all of them in a row. What is
 * asked for is checked before anything is attached; a scenario that needs more devices than there
 * are is an error if it was asked for by name, and one skipped step within "all".
 *
 * Report files are opened at the beginning, so that a bad path is told then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "card_used.h"
#include "page_report.h"
#include "scenario.h"
#include "scenario_play.h"

static const struct scenario_kind *const kinds[] = {
	&scenario_reset,
	&scenario_hotplug,
	&scenario_migrate,
	&scenario_recover,
	&scenario_soak,
};

static void
scenario_log_write(void *arg, enum base_log_level level, const char *msg)
{
	fflush(stdout);
	fprintf(stderr, "testvdpa: %s: %s\n", base_log_level_name(level), msg);
}

void
scenario_names(const char *before, FILE *out)
{
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(kinds); i++)
		fprintf(out, "%s%s", before, kinds[i]->name);
	fprintf(out, "%sall", before);
}

static bool
scenario_is_meant(const struct scenario_attr *attr, const struct scenario_kind *kind)
{
	return strcmp(attr->name, "all") == 0 || strcmp(attr->name, kind->name) == 0;
}

static int
scenario_check_name(const struct scenario_attr *attr)
{
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(kinds); i++)
		if (scenario_is_meant(attr, kinds[i]))
			return 0;
	fprintf(stderr, "testvdpa: error: no scenario is called '%s'; there are:", attr->name);
	scenario_names(" ", stderr);
	fputc('\n', stderr);
	return -ENOENT;
}

/* --- files ----------------------------------------------------------------------------------- */

static int
scenario_open(const char *path, FILE **file)
{
	int ret;

	*file = NULL;
	if (path == NULL)
		return 0;
	*file = fopen(path, "w");
	if (*file != NULL)
		return 0;
	ret = -errno;
	fprintf(stderr, "testvdpa: error: report %s: %s\n", path, strerror(-ret));
	return ret;
}

/* @return 0; -errno where not all could be written. */
static int
scenario_close(const char *path, FILE *file)
{
	int ret = ferror(file) ? -EIO : 0;

	if (fclose(file) != 0 && ret == 0)
		ret = -errno;
	if (ret != 0)
		fprintf(stderr, "testvdpa: error: report %s: %s\n", path, strerror(-ret));
	return ret;
}

/* --- the play -------------------------------------------------------------------------------- */

/* A scenario for which there are too few devices: an error by name, or a step that says so. */
static int
scenario_check_devices(struct scenario_play *play, const struct scenario_kind *kind)
{
	struct scenario_step *step;

	if (kind->nb_devices <= play->nb_ports)
		return 0;
	if (strcmp(play->attr->name, kind->name) == 0) {
		base_err(&play->log, "scenario %s needs %u vDPA devices, EAL found %u", kind->name,
				kind->nb_devices, play->nb_ports);
		return -ENODEV;
	}
	step = scenario_report_step(&play->report, kind->name);
	if (step == NULL)
		return -ENOSPC;
	snprintf(step->scenario, sizeof(step->scenario), "%s", kind->name);
	snprintf(step->skipped, sizeof(step->skipped), "needs a third device");
	step->begin = scenario_play_seconds(play);
	printf("[%6.1f s] %s: skipped: %s\n", step->begin, kind->name, step->skipped);
	return 1;
}

/* @return 0; -errno: the end came early */
static int
scenario_play_all(struct scenario_play *play)
{
	struct scenario_step *step;
	uint64_t commands;
	int ret;

	step = scenario_play_begin(play, "start", &commands);
	if (step == NULL)
		return -ENOSPC;
	ret = scenario_rig_start(play, step);
	scenario_play_end(play, step, commands);
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(kinds) && ret == 0; i++) {
		if (!scenario_is_meant(play->attr, kinds[i]))
			continue;
		ret = scenario_check_devices(play, kinds[i]);
		ret = ret == 0 ? scenario_play_kind(play, kinds[i]) : ret < 0 ? ret : 0;
	}
	if (ret != 0)
		return ret;
	step = scenario_play_begin(play, "stop", &commands);
	if (step == NULL)
		return -ENOSPC;
	scenario_rig_stop(play, step);
	scenario_play_end(play, step, commands);
	return 0;
}

/* Where reports go; NULL: not wanted. */
struct scenario_files {
	FILE *json, *html;
};

/* Samples the traffic of both directions from now on. */
static int
scenario_watch(struct scenario_play *play)
{
	uint32_t pairs = play->attr->queue_pairs;
	struct timeline_attr attr = { .nb_directions = SCENARIO_GUESTS };
	static const char *const names[SCENARIO_GUESTS] = { "A to B", "B to A" };
	int ret;

	for (unsigned int g = 0; g < SCENARIO_GUESTS; g++) {
		play->ways[g] = (struct timeline_streams){ play->ledger,
			play->guests[g].vm->tx_stream, pairs };
		attr.directions[g] = (struct timeline_direction){ names[g], timeline_count_streams,
			&play->ways[g] };
	}
	ret = timeline_create(&attr, &play->timeline);
	if (ret != 0)
		base_err(&play->log, "no timeline for the page: %s", strerror(-ret));
	return ret;
}

static void
scenario_write_page(struct scenario_play *play, FILE *html)
{
	int ret;

	timeline_stop(play->timeline);
	ret = page_report_write(&play->report, play->timeline, html);
	if (ret != 0)
		base_err(&play->log, "page %s: %s", play->attr->html_path, strerror(-ret));
}

/* Plays and reports to the user and into the files that are there. */
static int
scenario_play(struct scenario_play *play, const struct scenario_files *files)
{
	int ret = files->html != NULL ? scenario_watch(play) : 0;

	if (ret != 0)
		return ret;
	ret = scenario_play_all(play);
	if (ret != 0)
		snprintf(play->report.fault, sizeof(play->report.fault),
				"the scenario ended before its end%s",
				ret == -EINTR ? ": the user wanted so" : "");
	play->report.seconds = scenario_play_seconds(play);
	putchar('\n');
	scenario_report_text(&play->report, stdout);
	if (files->json != NULL)
		scenario_report_json(&play->report, files->json);
	if (files->html != NULL)
		scenario_write_page(play, files->html);
	return scenario_report_passed(&play->report) ? 0 : 1;
}

static void
scenario_begin(struct scenario_play *play, const struct scenario_attr *attr)
{
	play->attr = attr;
	play->log = (struct base_log){ .level = BASE_LOG_WARN, .write = scenario_log_write };
	play->report.begin_ns = base_clock_ns();
	play->report.queue_pairs = attr->queue_pairs;
	play->report.seed = attr->seed;
	snprintf(play->report.scenario, sizeof(play->report.scenario), "%s", attr->name);
	snprintf(play->report.layout, sizeof(play->report.layout), "%s",
			attr->packed ? "packed" : "split");
}

static int
scenario_run_into(const struct scenario_attr *attr, const struct scenario_files *files)
{
	struct scenario_play *play = calloc(1, sizeof(*play));
	int ret = 0;

	if (play == NULL)
		return -ENOMEM;
	scenario_begin(play, attr);
	if (attr->card_path != NULL)
		ret = card_use(attr->card_path, &play->log);
	if (ret == 0)
		ret = scenario_rig_create(play);
	if (ret == 0)
		ret = scenario_play(play, files);
	timeline_destroy(play->timeline); /* before the ledger that it reads */
	scenario_rig_destroy(play);
	card_use_none();
	scenario_report_clear(&play->report);
	free(play);
	return ret;
}

int
scenario_run(const struct scenario_attr *attr)
{
	struct scenario_files files = { NULL, NULL };
	int ret = scenario_check_name(attr), closed = 0;

	if (ret == 0)
		ret = scenario_open(attr->json_path, &files.json);
	if (ret == 0)
		ret = scenario_open(attr->html_path, &files.html);
	if (ret == 0)
		ret = scenario_run_into(attr, &files);
	if (files.json != NULL)
		closed = scenario_close(attr->json_path, files.json);
	if (files.html != NULL && closed == 0)
		closed = scenario_close(attr->html_path, files.html);
	else if (files.html != NULL)
		fclose(files.html);
	return ret != 0 ? ret : closed;
}
