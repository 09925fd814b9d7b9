/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: who made a call or a command formats its line in memory of its own and hands
 * it to the file with one write(); the file is open for appending, so lines of several threads, and
 * of several processes, do not mix and nobody waits for another's formatting. The lock is held
 * shared for that one write: whoever changes the file waits until nobody writes.
 *
 * Lines come at the end of what they tell, so they are in order of the ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu_trace.h"

#define EMU_TRACE_LINE 1024u /* without hex dumps all lines fit */

static void emu_trace_call(void *arg, const struct uv_trace_call *call);
static void emu_trace_command(void *arg, const struct fw_trace_command *command);

struct uv_trace emu_trace_calls = { .call = emu_trace_call };
const struct fw_trace_ops emu_trace_commands = { .command = emu_trace_command };

static struct {
	pthread_rwlock_t lock;
	int fd; /* under the lock; -1: off */
	struct emu_conf_trace conf; /* under the lock */
	uint64_t nb_lost; /* atomic */
} emu_trace = { .lock = PTHREAD_RWLOCK_INITIALIZER, .fd = -1 };

static uint32_t
emu_trace_tid(void)
{
	static __thread uint32_t tid;

	if (tid == 0)
		tid = (uint32_t)gettid();
	return tid;
}

static void
emu_trace_write_locked(const char *text, size_t len)
{
	if (emu_trace.fd >= 0 && write(emu_trace.fd, text, len) != (ssize_t)len)
		__atomic_add_fetch(&emu_trace.nb_lost, 1, __ATOMIC_RELAXED);
}

static void
emu_trace_call(void *arg, const struct uv_trace_call *call)
{
	char text[EMU_TRACE_LINE];
	struct emu_trace_line line = { .text = text, .size = sizeof(text) };

	pthread_rwlock_rdlock(&emu_trace.lock);
	line.json = emu_trace.conf.format == EMU_TRACE_JSON;
	emu_trace_format_call(&line, call, emu_trace_tid());
	emu_trace_write_locked(text, line.len < sizeof(text) ? line.len : sizeof(text) - 1);
	pthread_rwlock_unlock(&emu_trace.lock);
}

/* A line with dumps can be long: once to see how long, once to write it. */
static void
emu_trace_command_long(struct emu_trace_line *line, const struct fw_trace_command *command)
{
	line->size = line->len + 1;
	line->text = malloc(line->size);
	if (line->text == NULL) {
		__atomic_add_fetch(&emu_trace.nb_lost, 1, __ATOMIC_RELAXED);
		return;
	}
	emu_trace_format_command(line, command, emu_trace_tid());
	emu_trace_write_locked(line->text, line->len);
	free(line->text);
}

static void
emu_trace_command(void *arg, const struct fw_trace_command *command)
{
	char text[EMU_TRACE_LINE];
	struct emu_trace_line line = { .text = text, .size = sizeof(text) };

	pthread_rwlock_rdlock(&emu_trace.lock);
	line.json = emu_trace.conf.format == EMU_TRACE_JSON;
	line.hex = emu_trace.conf.hex;
	emu_trace_format_command(&line, command, emu_trace_tid());
	if (line.len < sizeof(text))
		emu_trace_write_locked(text, line.len);
	else
		emu_trace_command_long(&line, command);
	pthread_rwlock_unlock(&emu_trace.lock);
}

static void
emu_trace_set(int fd, const struct emu_conf_trace *conf)
{
	int old;

	pthread_rwlock_wrlock(&emu_trace.lock);
	old = emu_trace.fd;
	emu_trace.fd = fd;
	emu_trace.conf = *conf;
	pthread_rwlock_unlock(&emu_trace.lock);
	if (old >= 0)
		close(old);
	__atomic_store_n(&emu_trace_calls.on, fd >= 0, __ATOMIC_RELAXED);
}

int
emu_trace_start(const struct emu_conf_trace *conf)
{
	int fd = open(conf->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	emu_trace_set(fd, conf);
	return 0;
}

void
emu_trace_stop(void)
{
	static const struct emu_conf_trace off;

	emu_trace_set(-1, &off);
}

uint64_t
emu_trace_state(struct emu_conf_trace *conf)
{
	pthread_rwlock_rdlock(&emu_trace.lock);
	*conf = emu_trace.conf;
	pthread_rwlock_unlock(&emu_trace.lock);
	return __atomic_load_n(&emu_trace.nb_lost, __ATOMIC_RELAXED);
}
