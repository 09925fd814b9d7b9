/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what has happened to the guests so far, as a page or as JSON. Rates are on the
 * page only where their recording was asked for, because that needs a thread.
 */
#include <errno.h>
#include <string.h>

#include "command_rows.h"
#include "flow_json.h"
#include "page_session.h"
#include "record.h"

static int
command_report_complain(struct command_session *session, const char *path, int ret)
{
	if (ret != 0)
		base_err(session->log, "report %s: %s", path, strerror(-ret));
	return ret;
}

static int
command_report_write(struct command_session *session, const char *path, int (*write)(FILE *out))
{
	FILE *file = fopen(path, "w");
	int ret;

	if (file == NULL)
		return command_report_complain(session, path, -errno);
	ret = write(file);
	if (fclose(file) != 0 && ret == 0)
		ret = -errno;
	if (ret == 0)
		fprintf(session->out, "wrote %s\n", path);
	return command_report_complain(session, path, ret);
}

static int
command_report(struct command_session *session, const struct command_args *args)
{
	return command_report_write(session, args->word[1], page_session_write);
}

static int
command_report_json(struct command_session *session, const struct command_args *args)
{
	return command_report_write(session, args->word[2], flow_json);
}

static int
command_record(struct command_session *session, const struct command_args *args)
{
	int ret;

	if (strcmp(args->word[1], "off") == 0) {
		record_end();
		fprintf(session->out, "recording: off\n");
		return 0;
	}
	ret = record_begin(session->log);
	if (ret == 0)
		fprintf(session->out, "recording: on\n");
	return ret;
}

const struct command_row command_report_rows[] = {
	{ "record on|off", "sample the packets of the guests there are, for the report",
			command_record },
	{ "report FILE", "write flows, and what was recorded, as a page (HTML)", command_report },
	{ "report json FILE", "write flows as JSON", command_report_json },
	{ NULL, NULL, NULL },
};
