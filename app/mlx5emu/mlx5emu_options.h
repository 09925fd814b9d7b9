/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The launcher's command line.
 */
#ifndef MLX5EMU_OPTIONS_H
#define MLX5EMU_OPTIONS_H

#include "emu_conf.h"

/**
 * Reads options up to the program's name and puts what they say into the environment, for the
 * library; then reads all of the configuration as the library will, into @p conf. Help, version
 * and errors end the process.
 * @return position of the program in @p argv.
 */
int mlx5emu_options(int argc, char **argv, struct emu_conf *conf);

#endif /* MLX5EMU_OPTIONS_H */
