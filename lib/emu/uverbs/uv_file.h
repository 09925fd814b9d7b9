/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Inside of uverbs: the handle table of a file, as the ioctl path needs it.
 */
#ifndef UV_FILE_H
#define UV_FILE_H

#include <pthread.h>

#include "base_idtab.h"
#include "base_mutex.h"
#include "uv.h"

/** The user context of a file. While a call makes it, others must not use what is half made. */
enum uv_context {
	UV_CONTEXT_NONE,
	UV_CONTEXT_MAKING,
	UV_CONTEXT_MADE,
};

struct uv_file {
	struct uv_file_attr attr; /* fixed */
	char name[32]; /* fixed */
	pthread_rwlock_t gate; /* calls in progress shared, closing alone */
	bool closed; /* written under the gate */
	bool gone; /* the device is; written under the gate */
	struct base_mutex lock;
	struct base_idtab handles BASE_GUARDED_BY(lock); /* uv_obj.c */
	struct uv_obj *newest BASE_GUARDED_BY(lock);
	unsigned int refs BASE_GUARDED_BY(lock); /* the open file, and FDs that the user has */
	enum uv_context context BASE_GUARDED_BY(lock);
};

/** Enters the file for one call; @return 0 or -EIO when it is closed. */
int uv_file_enter(struct uv_file *file);
void uv_file_leave(struct uv_file *file);
/** Is the device gone? Only inside of a call. */
bool uv_file_is_gone(const struct uv_file *file);
const struct uv_trace *uv_file_trace(const struct uv_file *file);

const struct uv_api *uv_file_api(const struct uv_file *file);
/** Goes from one state of the context to another; @return 0 or -EINVAL: it is not in @p from. */
int uv_file_set_context(struct uv_file *file, enum uv_context from, enum uv_context to);
/** Can the context be used? */
bool uv_file_has_context(struct uv_file *file);

/** The declaration of type @p type, or NULL. */
const struct uv_object_def *uv_api_object(const struct uv_api *api, uint16_t type);

/** Finds and takes an object, @p handle as the user gave it; -EINVAL, -ENOENT, -EBADF, -EBUSY. */
int uv_obj_take(struct uv_file *file, const struct uv_object_def *def, int64_t handle,
		enum uv_access access, struct uv_obj **obj);
/** Makes an invisible object with a number; -EINVAL without context, -ENOMEM, -ENOSPC. */
int uv_obj_begin(struct uv_file *file, const struct uv_object_def *def, struct uv_obj **obj);
/** Gives back what uv_obj_take() took. */
void uv_obj_put(struct uv_obj *obj);
/** Makes a new object visible; of an FD: publishes it. */
int uv_obj_commit(struct uv_obj *obj);
/** Forgets a new object; @p undo: its handler had made it, so it is destroyed. */
void uv_obj_abort(struct uv_obj *obj, bool undo);
/** Destroys a taken object; on an error it is still taken. */
int uv_obj_destroy(struct uv_obj *obj);
/** Takes an object out of table and list, if it is there. */
void uv_obj_unlink_locked(struct uv_file *file, struct uv_obj *obj) BASE_REQUIRES(file->lock);

/** Gives up a reference to the file's memory. */
void uv_file_put(struct uv_file *file);

#endif /* UV_FILE_H */
