/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What a process holds open, for tests that look for what was left behind.
 */
#ifndef OPEN_FILES_H
#define OPEN_FILES_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** Descriptors of this process, and what it takes to look: compare two results. */
static inline unsigned int
open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int nb = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		nb++;
	closedir(dir);
	return nb;
}

#endif /* OPEN_FILES_H */
