/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The launcher's subcommands: "mlx5emu NAME ...". Each gets its own command line, with its name as
 * argv[0], and returns the exit status: 0, 1 (it did not work), MLX5EMU_USAGE (bad command line).
 */
#ifndef MLX5EMU_H
#define MLX5EMU_H

#define MLX5EMU_USAGE 2

/** Talks to a running card. */
int mlx5emu_ctl(int argc, char **argv);
/** Shows what a card has traced. */
int mlx5emu_trace(int argc, char **argv);

#endif /* MLX5EMU_H */
