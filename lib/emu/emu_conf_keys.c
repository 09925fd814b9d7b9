/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the table of the configuration file's top-level keys. They are read in this
 * order, whatever the order in the file is.
 */
#include "emu_conf_topics.h"

const struct emu_conf_key emu_conf_keys[] = {
	{ "functions", emu_conf_functions_read, emu_conf_functions_show },
	{ "host_devices", emu_conf_host_read, emu_conf_host_show },
	{ "capabilities", emu_conf_caps_read, emu_conf_caps_show },
	{ "engine", emu_conf_engine_read, emu_conf_engine_show },
	{ "wire", emu_conf_wire_read, emu_conf_wire_show },
	{ "latency", emu_conf_latency_read, emu_conf_latency_show },
	{ "faults", emu_conf_faults_read, emu_conf_faults_show },
	{ "trace", emu_conf_trace_read, emu_conf_trace_show },
	{ "log", emu_conf_log_read, emu_conf_log_show },
	{ "control", emu_conf_control_read, emu_conf_control_show },
};
const size_t emu_conf_nb_keys = BASE_ARRAY_SIZE(emu_conf_keys);
