/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one open device file: who is inside, its user context, and its end. Calls
 * in progress hold the gate shared; closing takes it alone, so it waits for them and comes before
 * or after a call, never into one. Then everything is destroyed, newest first, again and again as
 * long as that gets some of it destroyed, and by force if the rest hold each other.
 *
 * A file descriptor that was given to the user outlives the file: its object keeps the file's
 * memory, nothing else. It may as well be closed before the file, while calls are in progress.
 *
 * A device that goes away takes what is behind the objects with it; the handles stay, dead, for the
 * user to give back.
 *
 * Locks: gate, then lock. Destroy callbacks run under neither lock (under the gate, when closing).
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uv_file.h"

#define UV_MAX_HANDLES (1u << 20)

/* Calls come all the time: who closes must not wait until there is none by chance. */
static void
uv_gate_init(pthread_rwlock_t *gate)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(gate, &attr);
	pthread_rwlockattr_destroy(&attr);
}

int
uv_file_create(const struct uv_file_attr *attr, struct uv_file **filep)
{
	struct uv_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return -ENOMEM;
	file->attr = *attr;
	strncpy(file->name, attr->name, sizeof(file->name) - 1);
	uv_gate_init(&file->gate);
	base_mutex_init(&file->lock);
	base_mutex_lock(&file->lock);
	base_idtab_init(&file->handles, 0, UV_MAX_HANDLES);
	file->refs = 1;
	base_mutex_unlock(&file->lock);
	*filep = file;
	return 0;
}

void
uv_file_put(struct uv_file *file)
{
	unsigned int refs;

	base_mutex_lock(&file->lock);
	refs = --file->refs;
	if (refs == 0)
		base_idtab_fini(&file->handles);
	base_mutex_unlock(&file->lock);
	if (refs != 0)
		return;
	base_mutex_destroy(&file->lock);
	pthread_rwlock_destroy(&file->gate);
	free(file);
}

int
uv_file_enter(struct uv_file *file)
{
	pthread_rwlock_rdlock(&file->gate);
	if (!file->closed)
		return 0;
	pthread_rwlock_unlock(&file->gate);
	return -EIO;
}

void
uv_file_leave(struct uv_file *file)
{
	pthread_rwlock_unlock(&file->gate);
}

bool
uv_file_is_gone(const struct uv_file *file)
{
	return file->gone;
}

const struct uv_trace *
uv_file_trace(const struct uv_file *file)
{
	return file->attr.trace;
}

int
uv_file_set_context(struct uv_file *file, enum uv_context from, enum uv_context to)
{
	int ret = 0;

	base_mutex_lock(&file->lock);
	if (file->context == from)
		file->context = to;
	else
		ret = -EINVAL;
	base_mutex_unlock(&file->lock);
	return ret;
}

bool
uv_file_has_context(struct uv_file *file)
{
	bool has;

	base_mutex_lock(&file->lock);
	has = file->context == UV_CONTEXT_MADE;
	base_mutex_unlock(&file->lock);
	return has;
}

const struct uv_api *
uv_file_api(const struct uv_file *file)
{
	return file->attr.api;
}

void *
uv_file_priv(const struct uv_file *file)
{
	return file->attr.priv;
}

const struct base_log *
uv_file_log(const struct uv_file *file)
{
	return file->attr.log;
}

const char *
uv_file_name(const struct uv_file *file)
{
	return file->name;
}

/* --- closing -------------------------------------------------------------------------------- */

static struct uv_obj *
uv_file_first(struct uv_file *file)
{
	struct uv_obj *obj;

	base_mutex_lock(&file->lock);
	obj = file->newest;
	base_mutex_unlock(&file->lock);
	return obj;
}

unsigned int
uv_file_nb_objs(struct uv_file *file, bool fds)
{
	struct uv_obj *obj;
	unsigned int nb = 0;

	base_mutex_lock(&file->lock);
	for (obj = file->newest; obj != NULL; obj = obj->next)
		nb += fds || !obj->def->is_fd;
	base_mutex_unlock(&file->lock);
	return nb;
}

static void
uv_file_log_leaks(struct uv_file *file)
{
	struct uv_obj *obj;
	unsigned int nb = uv_file_nb_objs(file, false);

	if (nb == 0)
		return;
	base_warn(file->attr.log, "%s: closed with %u objects left:", file->name, nb);
	base_mutex_lock(&file->lock);
	for (obj = file->newest; obj != NULL; obj = obj->next) {
		if (!obj->def->is_fd)
			base_warn(file->attr.log, "%s: left: %s, handle %u", file->name,
					obj->def->name, obj->id);
	}
	base_mutex_unlock(&file->lock);
}

/* One walk over all objects; @return how many could be destroyed. The gate is ours alone. */
static unsigned int
uv_file_sweep(struct uv_file *file, bool forced)
{
	struct uv_obj *obj = uv_file_first(file);
	unsigned int nb = 0;

	while (obj != NULL) {
		struct uv_obj *older = obj->next;

		obj->forced = forced;
		nb += uv_obj_destroy(obj) == 0;
		obj = older;
	}
	return nb;
}

void
uv_file_close(struct uv_file *file)
{
	pthread_rwlock_wrlock(&file->gate);
	uv_file_log_leaks(file);
	while (uv_file_first(file) != NULL && uv_file_sweep(file, false) > 0)
		;
	if (uv_file_first(file) != NULL) {
		base_warn(file->attr.log, "%s: %u objects hold each other, destroyed by force",
				file->name, uv_file_nb_objs(file, true));
		uv_file_sweep(file, true);
	}
	if (file->attr.release != NULL)
		file->attr.release(file->attr.priv);
	file->closed = true;
	pthread_rwlock_unlock(&file->gate);
	uv_file_put(file);
}

/* --- the device is gone --------------------------------------------------------------------- */

/* Destroys what is behind the objects that still have something; @return how many it did. */
static unsigned int
uv_file_kill(struct uv_file *file, bool forced)
{
	struct uv_obj *obj;
	unsigned int nb = 0;

	for (obj = uv_file_first(file); obj != NULL; obj = obj->next) {
		if (obj->dead)
			continue;
		obj->removed = true;
		obj->forced = forced;
		if (obj->def->destroy(obj) != 0 && !forced)
			continue;
		obj->dead = true;
		nb++;
	}
	return nb;
}

void
uv_file_disassociate(struct uv_file *file)
{
	pthread_rwlock_wrlock(&file->gate);
	if (!file->gone && !file->closed) {
		file->gone = true;
		base_notice(file->attr.log, "%s: the device is gone", file->name);
		while (uv_file_kill(file, false) > 0)
			;
		uv_file_kill(file, true);
	}
	pthread_rwlock_unlock(&file->gate);
}

void
uv_fd_closed(struct uv_obj *obj)
{
	struct uv_file *file = obj->file;
	bool live;

	pthread_rwlock_wrlock(&file->gate);
	base_mutex_lock(&file->lock);
	live = obj->live;
	uv_obj_unlink_locked(file, obj);
	base_mutex_unlock(&file->lock);
	if (live && !obj->dead) {
		obj->forced = true;
		obj->def->destroy(obj);
	}
	pthread_rwlock_unlock(&file->gate);
	free(obj);
	uv_file_put(file);
}
