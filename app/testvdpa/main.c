/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpdk-testvdpa: gives vDPA devices of any driver to vhost-user front-ends, by commands or by a
 * built-in story.
 *
 * Theory of operation: SIGINT and SIGTERM are blocked before EAL creates the first thread, so that
 * all threads inherit it and the signals arrive only through a signalfd, which the command loop
 * polls. Whatever ends the loop, the way out is one: stop the guests, detach all ports, then let EAL
 * remove the devices. The exit status is 1 if a command failed, the scenario did, or EAL or the
 * options were wrong.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "command_names.h"
#include "command_rows.h"
#include "command_stats.h"
#include "card_used.h"
#include "console.h"
#include "device.h"
#include "flow.h"
#include "option.h"
#include "port.h"
#include "record.h"
#include "scenario.h"
#include "stats.h"
#include "telemetry.h"

static void
main_log_write(void *arg, enum base_log_level level, const char *msg)
{
	fflush(stdout);
	fprintf(stderr, "testvdpa: %s: %s\n", base_log_level_name(level), msg);
}

/* Blocks the signals that end the program; @return a descriptor that becomes readable, -errno. */
static int
main_stop_fd(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return -EINVAL;
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/** For --auto-start: the walk over devices. */
struct main_start {
	const struct option_attr *option;
	struct command_session *session;
	unsigned int nb;
};

static int
main_attach_one(const char *name, void *arg)
{
	struct main_start *start = arg;
	char path[256];

	snprintf(path, sizeof(path), "%s%u", start->option->iface, start->nb++);
	if (port_attach(name, path, start->session->mode, start->session->log) != 0)
		start->session->nb_failed++;
	else
		printf("attached %s to %s\n", name, path);
	return 0;
}

static void
main_auto_start(const struct option_attr *option, struct command_session *session)
{
	struct main_start start = { .option = option, .session = session };

	(void)device_foreach(main_attach_one, &start);
	if (start.nb == 0) {
		base_err(session->log, "--auto-start: no vDPA device was found");
		session->nb_failed++;
	}
}

static int
main_commands(const struct option_attr *option, int stop_fd, const struct base_log *log)
{
	struct command_session session = {
		.sections = command_sections,
		.name = command_names,
		.out = stdout,
		.log = log,
		.mode = option->client ? PORT_CLIENT : PORT_SERVER,
		.stop_fd = stop_fd,
		.stats = stats_create(),
	};
	struct console_attr console = {
		.file = option->cmdline_file,
		.in_fd = STDIN_FILENO,
		.end_with_input = option->interactive,
		.session = &session,
	};
	int ret;

	ret = session.stats == NULL ? -ENOMEM : command_set_create(&session, &console.commands);
	if (ret == 0 && option->scenario.card_path != NULL &&
			card_use(option->scenario.card_path, log) != 0)
		session.nb_failed++;
	if (ret == 0 && option->auto_start)
		main_auto_start(option, &session);
	if (ret == 0)
		ret = console_run(&console);
	command_stats_off(&session);
	flow_history_clear();
	record_forget();
	vm_remove_all();
	port_detach_all(log);
	card_use_none();
	command_set_destroy(console.commands);
	stats_destroy(session.stats);
	return ret != 0 || session.nb_failed != 0 ? 1 : 0;
}

static int
main_run(int argc, char **argv, int stop_fd, const struct base_log *log)
{
	struct option_attr option;
	int ret;

	if (option_parse(argc, argv, &option, stderr) != 0)
		return 1;
	if (option.help) {
		option_usage(argv[0], stdout);
		return 0;
	}
	if (option.scenario.name == NULL)
		return main_commands(&option, stop_fd, log);
	option.scenario.stop_fd = stop_fd;
	ret = scenario_run(&option.scenario);
	port_detach_all(log);
	return ret;
}

int
main(int argc, char **argv)
{
	struct base_log log = { .level = BASE_LOG_INFO, .write = main_log_write };
	int stop_fd;
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	stop_fd = main_stop_fd();
	if (stop_fd < 0) {
		base_err(&log, "signals: %s", strerror(-stop_fd));
		return EXIT_FAILURE;
	}
	ret = rte_eal_init(argc, argv);
	if (ret < 0) {
		base_err(&log, "EAL did not start: %s", rte_strerror(rte_errno));
		return EXIT_FAILURE;
	}
	telemetry_start();
	ret = main_run(argc - ret, argv + ret, stop_fd, &log);
	rte_eal_cleanup();
	close(stop_fd);
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
