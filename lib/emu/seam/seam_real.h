/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The functions behind ours. Inside the seam and all that is linked with it, a plain open() is our
 * own wrapper; SEAM_REAL(open) is the one of libc (or of the next preloaded library).
 */
#ifndef SEAM_REAL_H
#define SEAM_REAL_H

#include <sys/stat.h>

/** Finds it once; never NULL (the process ends with a message: it could not work anyway). */
void *seam_real(void **cache, const char *name);

/** An entry point of ours. */
#define SEAM_EXPORT __attribute__((visibility("default")))

/** The function behind the entry point of this name. */
#define SEAM_REAL(name)                                       \
	__extension__({                                       \
		static void *cache_;                          \
		(__typeof__(&name))seam_real(&cache_, #name); \
	})

/** fstat() without our wrapper; 0 or -1 and errno. */
int seam_real_fstat(int fd, struct stat *st);

#endif /* SEAM_REAL_H */
