/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a list of open files, so that those of a function that is pulled out can be
 * found. Who closes a file takes it from the list first; who tells the files of a removal holds
 * the list's lock meanwhile, so no file goes away under its feet. Calls on the files do not need
 * that lock.
 *
 * A file that is opened while its function goes is told by whoever comes second.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base_mutex.h"
#include "emu_file.h"
#include "seam.h"

struct emu_file {
	LIST_ENTRY(emu_file) link;
	struct uv_file *file;
	struct fw_func *func;
};

static struct {
	struct base_mutex lock;
	LIST_HEAD(, emu_file) list BASE_GUARDED_BY(lock);
} emu_files = { .lock = BASE_MUTEX_INITIALIZER };

static int
emu_file_ioctl(void *arg, unsigned long cmd, uint64_t argp)
{
	const struct emu_file *open = arg;

	return uv_ioctl(open->file, cmd, argp);
}

static void
emu_file_closed(void *arg)
{
	struct emu_file *open = arg;

	base_mutex_lock(&emu_files.lock);
	LIST_REMOVE(open, link);
	base_mutex_unlock(&emu_files.lock);
	uv_file_close(open->file);
	free(open);
}

static const struct seam_fd_ops emu_file_ops = {
	.ioctl = emu_file_ioctl,
	.closed = emu_file_closed,
};

int
emu_file_add(int fd, struct uv_file *file, struct fw_func *func, dev_t rdev)
{
	struct emu_file *open = calloc(1, sizeof(*open));
	int ret;

	if (open == NULL)
		return -ENOMEM;
	open->file = file;
	open->func = func;
	base_mutex_lock(&emu_files.lock);
	LIST_INSERT_HEAD(&emu_files.list, open, link);
	if (fw_func_is_gone(func))
		uv_file_disassociate(file);
	base_mutex_unlock(&emu_files.lock);
	ret = seam_fd_add(fd, &emu_file_ops, open, rdev);
	if (ret == 0)
		return 0;
	base_mutex_lock(&emu_files.lock);
	LIST_REMOVE(open, link);
	base_mutex_unlock(&emu_files.lock);
	free(open);
	return ret;
}

static void *
emu_file_tell(void *arg)
{
	struct emu_file *open;

	base_mutex_lock(&emu_files.lock);
	LIST_FOREACH(open, &emu_files.list, link) {
		if (open->func == arg)
			uv_file_disassociate(open->file);
	}
	base_mutex_unlock(&emu_files.lock);
	return NULL;
}

void
emu_file_removed(struct fw_func *func, const struct base_log *log)
{
	pthread_t thread;
	sigset_t all, old;
	int ret;

	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&thread, NULL, emu_file_tell, func);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret == 0)
		pthread_detach(thread);
	else
		base_err(log, "function %u was removed, but its files cannot be told: %s",
				fw_func_index(func), strerror(ret));
}
