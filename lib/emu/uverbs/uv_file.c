/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a file owns its objects. Objects with a handle are found through an id
 * table, those that are file descriptors by walking the list (a file has two or three); the list
 * is kept in order of creation, newest first, because that is the order in which a file that is
 * closed can best be taken apart.
 *
 * An object in use by a call is "taken": shared (use > 0) or alone (use == -1). Handlers run
 * without any lock, so commands of several threads are in flight at once; who wants an object that
 * another call uses alone gets EBUSY, as from the kernel. A new object has its number at once, but
 * the table does not show it before the call commits.
 *
 * Closing: calls in progress hold the gate shared, closing takes it alone. A file descriptor that
 * was given to the user outlives the file: its object keeps the file's memory, nothing else.
 *
 * Locks: gate, then lock. Destroy callbacks run under neither lock (under the gate, when closing).
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base_idtab.h"
#include "base_mutex.h"
#include "uv_file.h"

#define UV_MAX_HANDLES (1u << 20)

struct uv_file {
	struct uv_file_attr attr; /* fixed */
	char name[32]; /* fixed */
	pthread_rwlock_t gate; /* calls in progress shared, closing alone */
	bool closed; /* written under the gate */
	struct base_mutex lock;
	struct base_idtab handles BASE_GUARDED_BY(
			lock); /* NULL-marked by &uv_reserved until commit */
	struct uv_obj *newest BASE_GUARDED_BY(lock);
	unsigned int refs BASE_GUARDED_BY(lock); /* the open file, and FDs that the user has */
	enum uv_context context BASE_GUARDED_BY(lock);
};

/* Holds a number in the table for an object that is not committed. */
static struct uv_obj uv_reserved;

int
uv_file_create(const struct uv_file_attr *attr, struct uv_file **filep)
{
	struct uv_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return -ENOMEM;
	file->attr = *attr;
	strncpy(file->name, attr->name, sizeof(file->name) - 1);
	pthread_rwlock_init(&file->gate, NULL);
	base_mutex_init(&file->lock);
	base_mutex_lock(&file->lock);
	base_idtab_init(&file->handles, 0, UV_MAX_HANDLES);
	file->refs = 1;
	base_mutex_unlock(&file->lock);
	*filep = file;
	return 0;
}

static void
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

const struct uv_object_def *
uv_api_object(const struct uv_api *api, uint16_t type)
{
	size_t i;

	for (i = 0; i < api->nb_objects; i++) {
		if (api->objects[i]->id == type)
			return api->objects[i];
	}
	return NULL;
}

/* --- list and table ------------------------------------------------------------------------- */

static void
uv_obj_link_locked(struct uv_file *file, struct uv_obj *obj) BASE_REQUIRES(file->lock)
{
	obj->prev = NULL;
	obj->next = file->newest;
	if (file->newest != NULL)
		file->newest->prev = obj;
	file->newest = obj;
	obj->live = true;
	if (!obj->def->is_fd)
		file->handles.objs[obj->id - file->handles.first] = obj;
}

static void
uv_obj_unlink_locked(struct uv_file *file, struct uv_obj *obj) BASE_REQUIRES(file->lock)
{
	if (!obj->live)
		return;
	if (obj->prev != NULL)
		obj->prev->next = obj->next;
	else
		file->newest = obj->next;
	if (obj->next != NULL)
		obj->next->prev = obj->prev;
	if (!obj->def->is_fd)
		base_idtab_del(&file->handles, obj->id);
	obj->live = false;
}

static int
uv_obj_find_locked(struct uv_file *file, const struct uv_object_def *def, int64_t handle,
		struct uv_obj **objp) BASE_REQUIRES(file->lock)
{
	struct uv_obj *obj;

	if (def->is_fd) {
		for (obj = file->newest; obj != NULL; obj = obj->next) {
			if (obj->def == def && obj->fd == handle)
				break;
		}
		*objp = obj;
		return obj != NULL ? 0 : -EBADF;
	}
	if (handle < 0 || handle > INT32_MAX)
		return -EINVAL;
	obj = base_idtab_get(&file->handles, (uint32_t)handle);
	if (obj == NULL || obj == &uv_reserved)
		return -ENOENT;
	*objp = obj;
	return obj->def == def ? 0 : -EINVAL;
}

int
uv_obj_take(struct uv_file *file, const struct uv_object_def *def, int64_t handle,
		enum uv_access access, struct uv_obj **objp)
{
	struct uv_obj *obj;
	int ret;

	base_mutex_lock(&file->lock);
	ret = uv_obj_find_locked(file, def, handle, &obj);
	if (ret == 0) {
		if (obj->use < 0 || (access != UV_READ && obj->use > 0))
			ret = -EBUSY;
		else
			obj->use = access == UV_READ ? obj->use + 1 : -1;
	}
	base_mutex_unlock(&file->lock);
	*objp = ret == 0 ? obj : NULL;
	return ret;
}

void
uv_obj_put(struct uv_obj *obj)
{
	base_mutex_lock(&obj->file->lock);
	obj->use = obj->use < 0 ? 0 : obj->use - 1;
	base_mutex_unlock(&obj->file->lock);
}

int
uv_obj_begin(struct uv_file *file, const struct uv_object_def *def, struct uv_obj **objp)
{
	struct uv_obj *obj = calloc(1, sizeof(*obj));
	int ret = 0;

	if (obj == NULL)
		return -ENOMEM;
	obj->def = def;
	obj->file = file;
	obj->fd = -1;
	base_mutex_lock(&file->lock);
	if (file->context != UV_CONTEXT_MADE)
		ret = -EINVAL;
	else if (!def->is_fd)
		ret = base_idtab_add(&file->handles, &uv_reserved, &obj->id);
	base_mutex_unlock(&file->lock);
	if (ret != 0) {
		free(obj);
		return ret;
	}
	*objp = obj;
	return 0;
}

int
uv_obj_commit(struct uv_obj *obj)
{
	struct uv_file *file = obj->file;
	int ret;

	base_mutex_lock(&file->lock);
	uv_obj_link_locked(file, obj);
	if (obj->def->is_fd)
		file->refs++;
	base_mutex_unlock(&file->lock);
	if (!obj->def->is_fd || file->attr.fd_publish == NULL)
		return 0;
	ret = file->attr.fd_publish(file->attr.arg, obj->fd, obj);
	if (ret == 0)
		return 0;
	base_mutex_lock(&file->lock);
	uv_obj_unlink_locked(file, obj);
	file->refs--;
	base_mutex_unlock(&file->lock);
	return ret;
}

void
uv_obj_abort(struct uv_obj *obj, bool undo)
{
	if (undo) {
		obj->forced = true;
		obj->def->destroy(obj);
	}
	if (obj->def->is_fd && obj->fd >= 0)
		close(obj->fd);
	base_mutex_lock(&obj->file->lock);
	if (!obj->def->is_fd)
		base_idtab_del(&obj->file->handles, obj->id);
	base_mutex_unlock(&obj->file->lock);
	free(obj);
}

int
uv_obj_destroy(struct uv_obj *obj)
{
	struct uv_file *file = obj->file;
	int ret = obj->def->destroy(obj);

	if (ret != 0 && !obj->forced)
		return ret;
	base_mutex_lock(&file->lock);
	uv_obj_unlink_locked(file, obj);
	base_mutex_unlock(&file->lock);
	/* The user still has the descriptor: uv_fd_closed() frees the object. */
	if (obj->def->is_fd && file->attr.fd_publish != NULL)
		return 0;
	if (obj->def->is_fd)
		uv_file_put(file);
	free(obj);
	return 0;
}

bool
uv_obj_is_forced(const struct uv_obj *obj)
{
	return obj->forced;
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
	if (live) {
		obj->forced = true;
		obj->def->destroy(obj);
	}
	pthread_rwlock_unlock(&file->gate);
	free(obj);
	uv_file_put(file);
}
