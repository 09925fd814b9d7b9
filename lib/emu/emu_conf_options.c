/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the table of the launcher's options that say what the card is. Each travels
 * to the library in a variable of its own and wins over the file. Help and command line are made
 * of this table.
 */
#include "emu_conf_topics.h"

const struct emu_conf_option emu_conf_options[] = {
	{ "functions", 'n', "MLX5EMU_FUNCTIONS", "N", "functions of the card, 1 to 32 (default 1)",
			false, emu_conf_functions_number },
	{ "wire", 'w', "MLX5EMU_WIRE", "KIND",
			"what the ports are plugged into: 'switch' joins them,\n"
			"'loop' gives each port its own frames back, 'null'\n"
			"swallows them (default switch)",
			false, emu_conf_wire_kind },
	{ "pause-ms", 'p', "MLX5EMU_PAUSE_MS", "N",
			"how long a frame waits for a port that cannot take it\n"
			"before frames to that port are dropped (default 3000)",
			false, emu_conf_wire_pause },
	{ "host-devices", 0, "MLX5EMU_HOST_DEVICES", "HOW",
			"'show' or 'hide' RDMA devices that the host has of\n"
			"its own (default hide)",
			false, emu_conf_host_read },
	{ "log", 'l', "MLX5EMU_LOG", "FILE", "append the card's messages to FILE (default: stderr)",
			true, emu_conf_log_file },
	{ "log-level", 'L', "MLX5EMU_LOG_LEVEL", "L",
			"error, warning, notice, info or debug (default notice)", false,
			emu_conf_log_level },
	{ "trace", 't', "MLX5EMU_TRACE", "FILE",
			"append calls and commands to FILE, see 'mlx5emu trace'", true,
			emu_conf_trace_file },
	{ "control", 'C', "MLX5EMU_CONTROL", "PATH", "take 'mlx5emu ctl' on a socket of this name",
			true, emu_conf_control_socket },
};
const size_t emu_conf_nb_options = BASE_ARRAY_SIZE(emu_conf_options);
