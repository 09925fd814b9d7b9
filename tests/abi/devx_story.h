/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Stories that are told through libibverbs and libmlx5 only, one a run. The first thing that goes
 * another way than it should ends the program with its line number.
 */
#ifndef DEVX_STORY_H
#define DEVX_STORY_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <infiniband/mlx5dv.h>
#include <infiniband/verbs.h>

#define MUST(cond)                                                                     \
	do {                                                                           \
		if (!(cond)) {                                                         \
			printf("line %d: %s: errno %d (%s)\n", __LINE__, #cond, errno, \
					strerror(errno));                              \
			exit(1);                                                       \
		}                                                                      \
	} while (0)

struct devx_story {
	const char *name; /**< NULL ends a table */
	void (*tell)(void);
};

/** The first function there is, opened for DevX. */
static inline struct ibv_context *
devx_story_open(void)
{
	struct mlx5dv_context_attr attr = { .flags = MLX5DV_CONTEXT_FLAGS_DEVX };
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *ctx;

	MUST(list != NULL && list[0] != NULL);
	MUST(mlx5dv_is_supported(list[0]));
	ctx = mlx5dv_open_device(list[0], &attr);
	MUST(ctx != NULL);
	ibv_free_device_list(list);
	return ctx;
}

/** Tells the one that the only argument names. @return for main(): 0, or 2 when there is none. */
static inline int
devx_story_main(const struct devx_story *stories, int argc, char **argv)
{
	const struct devx_story *story;

	for (story = stories; story->name != NULL; story++) {
		if (argc == 2 && strcmp(argv[1], story->name) == 0) {
			story->tell();
			puts("ok");
			return 0;
		}
	}
	printf("usage: %s", argv[0]);
	for (story = stories; story->name != NULL; story++)
		printf("%c%s", story == stories ? ' ' : '|', story->name);
	putchar('\n');
	return 2;
}

#endif /* DEVX_STORY_H */
