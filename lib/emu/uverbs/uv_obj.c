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
 * Locks: the file's lock, a leaf. Destroy callbacks run without it.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "uv_file.h"

/* Holds a number in the table for an object that is not committed. */
static struct uv_obj uv_reserved;

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

void
uv_obj_unlink_locked(struct uv_file *file, struct uv_obj *obj)
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

	/* Handles of a device that is gone can only be given back. */
	if (uv_file_is_gone(file) && access != UV_DESTROY) {
		*objp = NULL;
		return -EIO;
	}
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
	bool is_fd = obj->def->is_fd;
	int ret;

	base_mutex_lock(&file->lock);
	uv_obj_link_locked(file, obj);
	if (is_fd)
		file->refs++;
	base_mutex_unlock(&file->lock);
	/* From here on an object with a handle may be gone: other threads can destroy it. */
	if (!is_fd || file->attr.fd_publish == NULL)
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
	int ret = obj->dead ? 0 : obj->def->destroy(obj);

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

bool
uv_obj_is_removed(const struct uv_obj *obj)
{
	return obj->removed;
}
