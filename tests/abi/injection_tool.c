/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a program that is preloaded or linked with the emulated card, and says what
 * it sees. It is built twice: plain, and with libmlx5emu.so among its libraries.
 *
 * count: RDMA devices and their names. children: starts a program in every way that libc has, and
 * prints what each says. hold: opens the first device, allocates one protection domain, waits for a
 * line on its input, closes, waits for another. alone: a child of fork closes all that it inherited
 * while the parent goes on.
 */
#include <endian.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <infiniband/verbs.h>

#define MUST(cond)                                                \
	do {                                                      \
		if (!(cond)) {                                    \
			printf("line %d: %s\n", __LINE__, #cond); \
			exit(1);                                  \
		}                                                 \
	} while (0)

/* What a child says: traces of the library in its environment, and whether it has a device. */
static char child[] = "echo \"$(env | grep -c -e libmlx5emu -e MLX5EMU_) "
		      "$(ls /dev/infiniband 2>&1 | grep -c uverbs)\"";
static char shell[] = "/bin/sh", dash_c[] = "-c";
static char *const child_argv[] = { shell, dash_c, child, NULL };

static char **first_env;

static int
story_count(void)
{
	int nb = 0, i;
	struct ibv_device **list = ibv_get_device_list(&nb);

	printf("%d devices:", nb);
	for (i = 0; i < nb; i++)
		printf(" %s/%016llx", ibv_get_device_name(list[i]),
				(unsigned long long)be64toh(ibv_get_device_guid(list[i])));
	printf("\n");
	if (list != NULL)
		ibv_free_device_list(list);
	return 0;
}

static void
said(const char *how, FILE *from)
{
	char line[64] = "";

	MUST(from != NULL && fgets(line, sizeof(line), from) != NULL);
	printf("%s: %s", how, line);
}

static void
child_exec(char **env)
{
	int fds[2];
	pid_t pid;

	MUST(pipe(fds) == 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		close(fds[0]);
		if (env != NULL)
			execve(shell, child_argv, env);
		else
			execv(shell, child_argv);
		_exit(127);
	}
	close(fds[1]);
	said(env != NULL ? "execve" : "execv", fdopen(fds[0], "r"));
	MUST(waitpid(pid, NULL, 0) == pid);
}

static void
child_spawn(void)
{
	posix_spawn_file_actions_t actions;
	extern char **environ;
	int fds[2];
	pid_t pid;

	MUST(pipe(fds) == 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
	MUST(posix_spawn(&pid, shell, &actions, NULL, child_argv, environ) == 0);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	said("posix_spawn", fdopen(fds[0], "r"));
	MUST(waitpid(pid, NULL, 0) == pid);
}

static int
story_children(void)
{
	FILE *pipe_in = popen(child, "r");

	said("popen", pipe_in);
	pclose(pipe_in);
	printf("system: ");
	fflush(stdout);
	MUST(system(child) == 0);
	child_exec(NULL);
	child_exec(first_env); /* the variables that main() was given, not the current ones */
	child_spawn();
	return 0;
}

static struct ibv_context *
open_first(void)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *ctx;

	MUST(list != NULL && list[0] != NULL);
	ctx = ibv_open_device(list[0]);
	MUST(ctx != NULL);
	ibv_free_device_list(list);
	return ctx;
}

static int
story_hold(void)
{
	struct ibv_context *ctx = open_first();
	struct ibv_pd *pd = ibv_alloc_pd(ctx);
	char line[8];

	MUST(pd != NULL);
	printf("holding\n");
	fflush(stdout);
	MUST(fgets(line, sizeof(line), stdin) != NULL);
	MUST(ibv_dealloc_pd(pd) == 0 && ibv_close_device(ctx) == 0);
	printf("closed\n");
	fflush(stdout);
	MUST(fgets(line, sizeof(line), stdin) != NULL);
	return 0;
}

static int
story_alone(void)
{
	struct ibv_context *ctx = open_first();
	struct ibv_pd *pd;
	int status, i;
	pid_t pid = fork();

	if (pid == 0) {
		for (i = 3; i < 1024; i++)
			close(i);
		/* exit, not _exit: what the library does at exit is the parent's as well */
		exit(open("/dev/infiniband/uverbs0", 2) < 0 ? 0 : 1);
	}
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	pd = ibv_alloc_pd(ctx);
	MUST(pd != NULL && ibv_dealloc_pd(pd) == 0 && ibv_close_device(ctx) == 0);
	ctx = open_first(); /* the tree is still there, too */
	MUST(ibv_close_device(ctx) == 0);
	printf("not disturbed\n");
	return 0;
}

int
main(int argc, char **argv, char **env)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} stories[] = {
		{ "count", story_count },
		{ "children", story_children },
		{ "hold", story_hold },
		{ "alone", story_alone },
	};
	size_t i;

	first_env = env;
	for (i = 0; i < sizeof(stories) / sizeof(stories[0]) && argc == 2; i++) {
		if (strcmp(argv[1], stories[i].name) == 0)
			return stories[i].run();
	}
	fprintf(stderr, "usage: %s count|children|hold|alone\n", argv[0]);
	return 2;
}
