/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mlx5emu: runs a program on emulated mlx5 functions; its subcommands are in files of their own.
 *
 * Theory of operation: makes a private directory, tells libmlx5emu.so about it and about the card
 * in the environment, and starts the program with the library preloaded. The library takes itself
 * out of LD_PRELOAD, so only this one process has the card, not what it starts.
 *
 * The program gets our terminal, our limits and SIGKILL when we die. SIGINT, SIGTERM, SIGHUP and
 * SIGQUIT are passed on; they are blocked and fetched with sigwaitinfo(), so there is no handler.
 * (A SIGINT of the terminal reaches the whole foreground group; only one that was sent to us alone
 * is passed on.) When the program has ended its directory is removed and its status becomes ours:
 * 128 + number for a signal.
 *
 * A build with the address sanitizer needs its run-time library preloaded before ours, if the
 * program itself is not instrumented; the launcher of such a build does that.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base_math.h"
#include "emu_tree.h"
#include "mlx5emu.h"
#include "mlx5emu_options.h"

#define MLX5EMU_LIB "libmlx5emu.so"

/* --- library -------------------------------------------------------------------------------- */

static bool
mlx5emu_find_lib(char *path, size_t size)
{
	static const char *const beside[] = { "/../../lib/emu/" MLX5EMU_LIB, "/" MLX5EMU_LIB,
		MLX5EMU_LIB_BESIDE MLX5EMU_LIB };
	const char *env = getenv("MLX5EMU_LIB");
	char self[PATH_MAX], *slash;
	ssize_t len;
	size_t i;

	if (env != NULL && *env != '\0') {
		snprintf(path, size, "%s", env);
		return access(path, R_OK) == 0;
	}
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = '\0';
	for (i = 0; i < BASE_ARRAY_SIZE(beside); i++) {
		if (snprintf(path, size, "%s%s", self, beside[i]) < (int)size &&
				access(path, R_OK) == 0)
			return true;
	}
	snprintf(path, size, "%s/%s", MLX5EMU_LIBDIR, MLX5EMU_LIB);
	return access(path, R_OK) == 0;
}

#if defined(__SANITIZE_ADDRESS__)
/* The run-time library that this very program runs with, followed by ':'. */
static void
mlx5emu_sanitizer(char *path, size_t size)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[PATH_MAX + 128], *slash;

	path[0] = '\0';
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		slash = strchr(line, '/');
		if (slash == NULL || strstr(slash, "libasan.so") == NULL)
			continue;
		slash[strcspn(slash, "\n")] = '\0';
		snprintf(path, size, "%s:", slash);
		break;
	}
	if (maps != NULL)
		fclose(maps);
}
#else
static void
mlx5emu_sanitizer(char *path, size_t size)
{
	path[0] = '\0';
}
#endif

/*
 * LD_PRELOAD separates its entries by spaces and colons, which the path of a clone may contain; the
 * path of a link in our own directory does not.
 */
static int
mlx5emu_link_lib(const char *tree, const char *lib, char *path, size_t size)
{
	char real[PATH_MAX];
	int len = snprintf(path, size, "%s/%s", tree, MLX5EMU_LIB);

	if (len < 0 || (size_t)len >= size)
		return -ENAMETOOLONG;
	if (path[strcspn(path, " :")] != '\0')
		return -EINVAL;
	if (realpath(lib, real) == NULL || symlink(real, path) != 0)
		return -errno;
	return 0;
}

static void
mlx5emu_preload(const char *lib)
{
	const char *old = getenv("LD_PRELOAD");
	char list[4 * PATH_MAX], sanitizer[PATH_MAX];

	mlx5emu_sanitizer(sanitizer, sizeof(sanitizer));
	snprintf(list, sizeof(list), "%s%s%s%s", sanitizer, lib,
			old != NULL && *old != '\0' ? ":" : "", old != NULL ? old : "");
	setenv("LD_PRELOAD", list, 1);
}

/* --- running -------------------------------------------------------------------------------- */

static void __attribute__((noreturn))
mlx5emu_child(char **argv, const char *lib, pid_t parent, const sigset_t *mask)
{
	sigprocmask(SIG_SETMASK, mask, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before the line above */
		_exit(1);
	mlx5emu_preload(lib);
	execvp(argv[0], argv);
	fprintf(stderr, "mlx5emu: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Waits for the child and passes signals on; @return its status as a shell would say it. */
static int
mlx5emu_wait(pid_t child, const sigset_t *signals)
{
	siginfo_t info;
	int status;

	for (;;) {
		int sig = sigwaitinfo(signals, &info);

		if (sig < 0)
			continue;
		if (sig != SIGCHLD) {
			if (info.si_code != SI_KERNEL)
				kill(child, sig);
			continue;
		}
		if (waitpid(child, &status, WNOHANG) != child)
			continue;
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
	}
}

static int
mlx5emu_run(char **argv, const char *lib)
{
	static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	pid_t child, self = getpid();
	sigset_t signals, old;
	size_t i;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	for (i = 0; i < BASE_ARRAY_SIZE(passed_on); i++)
		sigaddset(&signals, passed_on[i]);
	sigprocmask(SIG_BLOCK, &signals, &old);
	child = fork();
	if (child < 0) {
		fprintf(stderr, "mlx5emu: fork: %s\n", strerror(errno));
		return 1;
	}
	if (child == 0)
		mlx5emu_child(argv, lib, self, &old);
	return mlx5emu_wait(child, &signals);
}

/* Runs the program of a checked command line; @return the exit status. */
static int
mlx5emu_launch(char **argv)
{
	char tree[PATH_MAX], lib[PATH_MAX], link[PATH_MAX];
	int status, lock;

	if (!mlx5emu_find_lib(lib, sizeof(lib))) {
		fprintf(stderr, "mlx5emu: %s not found (last looked at %s); set MLX5EMU_LIB\n",
				MLX5EMU_LIB, lib);
		return 1;
	}
	status = emu_tree_make(tree, sizeof(tree), &lock);
	if (status != 0) {
		fprintf(stderr, "mlx5emu: cannot make a directory: %s: %s\n", tree,
				strerror(-status));
		return 1;
	}
	setenv("MLX5EMU_TREE", tree, 1);
	status = mlx5emu_link_lib(tree, lib, link, sizeof(link));
	if (status == 0) {
		status = mlx5emu_run(argv, link);
	} else {
		fprintf(stderr, "mlx5emu: cannot link %s into %s: %s\n", lib, tree,
				status == -EINVAL ? "LD_PRELOAD takes no spaces and colons; "
						    "choose another XDG_RUNTIME_DIR" :
						    strerror(-status));
		status = 1;
	}
	emu_tree_remove(tree, lock);
	return status;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} subs[] = {
		{ "ctl", mlx5emu_ctl },
		{ "trace", mlx5emu_trace },
	};
	static struct emu_conf conf;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(subs) && argc > 1; i++) {
		if (strcmp(argv[1], subs[i].name) == 0)
			return subs[i].run(argc - 1, argv + 1);
	}
	return mlx5emu_launch(argv + mlx5emu_options(argc, argv, &conf));
}
