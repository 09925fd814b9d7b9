/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: dlsym(RTLD_NEXT) at first use, so that no constructor is needed. Two
 * threads may look the same name up at once; both find the same.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "seam_real.h"

void *
seam_real(void **cache, const char *name)
{
	void *fn = __atomic_load_n(cache, __ATOMIC_RELAXED);

	if (fn != NULL)
		return fn;
	fn = dlsym(RTLD_NEXT, name);
	if (fn == NULL) {
		fprintf(stderr, "mlx5emu: libc has no %s()\n", name);
		abort();
	}
	__atomic_store_n(cache, fn, __ATOMIC_RELAXED);
	return fn;
}

int
seam_real_fstat(int fd, struct stat *st)
{
	static void *cache;

	return ((int (*)(int, struct stat *))seam_real(&cache,
			sizeof(off_t) == sizeof(long) ? "fstat" : "fstat64"))(fd, st);
}
