/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The launcher's private directory, which the library fills.
 */
#ifndef MLX5EMU_TREE_H
#define MLX5EMU_TREE_H

#include <stddef.h>

/** Makes an empty directory of mode 0700 in $XDG_RUNTIME_DIR or /tmp; 0 or -errno. */
int mlx5emu_tree_make(char *path, size_t size);
/** Removes it with all that is in it, links unfollowed. */
void mlx5emu_tree_remove(const char *path);

#endif /* MLX5EMU_TREE_H */
