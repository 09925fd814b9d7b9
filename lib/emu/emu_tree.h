/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The private directory of one card, "mlx5emu-XXXXXX" in $XDG_RUNTIME_DIR or /tmp: made by the
 * launcher, or by the library in a program that was started without one.
 */
#ifndef EMU_TREE_H
#define EMU_TREE_H

#include <stddef.h>

/**
 * Makes an empty directory of mode 0700, and removes those that killed processes of this user left
 * beside it. *@p lock: a descriptor that says "in use" until it is closed; close-on-exec.
 * @return 0 or -errno; @p path tells what was tried.
 */
int emu_tree_make(char *path, size_t size, int *lock);
/** Removes it with all that is in it, links unfollowed, and closes the lock. */
void emu_tree_remove(const char *path, int lock);

#endif /* EMU_TREE_H */
