/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: to be preloaded. The VAR pages of a process that has just died are still on
 * their way back (D13): the first three times there is none, as Linux then says with EAGAIN.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#include <infiniband/mlx5dv.h>

struct mlx5dv_var *
mlx5dv_alloc_var(struct ibv_context *context, uint32_t flags)
{
	static int calls;
	struct mlx5dv_var *(*real)(struct ibv_context * context, uint32_t flags);
	struct mlx5dv_var *var = NULL;
	void *mlx5;

	if (calls++ < 3) {
		errno = EAGAIN;
		return NULL;
	}
	/* Not RTLD_NEXT: it came with a plug-in, behind what was there at the start. */
	mlx5 = dlopen("libmlx5.so.1", RTLD_LAZY);
	if (mlx5 == NULL)
		return NULL;
	*(void **)&real = dlsym(mlx5, "mlx5dv_alloc_var");
	if (real != NULL)
		var = real(context, flags);
	dlclose(mlx5);
	return var;
}
