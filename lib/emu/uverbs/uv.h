/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The generic part of the kernel's ib_uverbs ioctl ABI (linux uapi: rdma/rdma_user_ioctl_cmds.h).
 * A driver declares objects, their methods and the methods' attributes as tables; uv_ioctl()
 * checks a call against them, gives the handler checked values, and afterwards commits or undoes
 * all handles of the call together.
 *
 * Errors are those of the kernel: EPROTONOSUPPORT only for what the tables do not know (a method,
 * an attribute that the caller calls mandatory), ENOTTY only for another ioctl number: user space
 * takes both as "use the old write() interface" for the rest of the file's life.
 *
 * Threads: uv_ioctl() may run in any number of threads; closing waits until they have left.
 */
#ifndef UV_H
#define UV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base_log.h"

struct uv_call; /**< one ioctl in progress; valid during the handler only */
struct uv_file; /**< one open device file, with its handles */

/** What an attribute is. */
enum uv_kind {
	UV_IDR, /**< handle of an object */
	UV_FD, /**< file descriptor of an object */
	UV_IN, /**< bytes from the user; up to 8 travel inside the attribute */
	UV_OUT, /**< a buffer of the user, written by the handler */
	UV_ENUM, /**< a choice of several UV_IN layouts by element number */
};

/** What a call does with an object. READ shares it; the others need it alone (else EBUSY). */
enum uv_access {
	UV_READ,
	UV_WRITE,
	UV_NEW,
	UV_DESTROY,
};

/** One attribute of a method. */
struct uv_attr_def {
	uint16_t id;
	uint8_t kind; /**< enum uv_kind */
	uint8_t access; /**< enum uv_access, of objects */
	uint16_t object; /**< type, of objects */
	uint16_t min_len; /**< bytes */
	uint16_t max_len; /**< bytes; UINT16_MAX: any */
	bool optional;
	bool zero_tail; /**< longer input is taken if what is beyond max_len is zero */
	const struct uv_attr_def *elems; /**< UV_ENUM: layouts by element number */
	uint8_t nb_elems;
};

#define UV_ATTR_IDR(attr, obj, acc, ...)                                                      \
	{                                                                                     \
		.id = (attr), .kind = UV_IDR, .access = (acc), .object = (obj), ##__VA_ARGS__ \
	}
#define UV_ATTR_FD(attr, obj, acc, ...)                                                      \
	{                                                                                    \
		.id = (attr), .kind = UV_FD, .access = (acc), .object = (obj), ##__VA_ARGS__ \
	}
#define UV_ATTR_IN(attr, min, max, ...)                                                        \
	{                                                                                      \
		.id = (attr), .kind = UV_IN, .min_len = (min), .max_len = (max), ##__VA_ARGS__ \
	}
#define UV_ATTR_OUT(attr, min, max, ...)                                                        \
	{                                                                                       \
		.id = (attr), .kind = UV_OUT, .min_len = (min), .max_len = (max), ##__VA_ARGS__ \
	}
/** A number of an enumeration: always 8 bytes. */
#define UV_ATTR_CONST(attr, ...) UV_ATTR_IN(attr, 8, 8, ##__VA_ARGS__)
/** A set of flags: 4 or 8 bytes; read with uv_in_flags(). */
#define UV_ATTR_FLAGS(attr, ...) UV_ATTR_IN(attr, 4, 8, ##__VA_ARGS__)
#define UV_ATTR_ENUM(attr, table, ...)                                        \
	{                                                                     \
		.id = (attr), .kind = UV_ENUM, .elems = (table),              \
		.nb_elems = sizeof(table) / sizeof((table)[0]), ##__VA_ARGS__ \
	}

struct uv_method_def {
	uint16_t id;
	const char *name;
	const struct uv_attr_def *attrs;
	uint16_t nb_attrs; /**< at most UV_MAX_ATTRS */
	/** May be NULL (a plain destroy method). 0 commits the call's handles, else they are undone. */
	int (*handler)(struct uv_call *call);
};

#define UV_MAX_ATTRS 16u

/** An object with a handle. */
struct uv_obj;

struct uv_object_def {
	uint16_t id;
	const char *name;
	const struct uv_method_def *methods;
	uint16_t nb_methods;
	bool is_fd;
	/**
	 * Undoes what the creating handler did and frees obj->priv. On an error the object lives on,
	 * except when uv_obj_is_forced(): then the answer does not count.
	 */
	int (*destroy)(struct uv_obj *obj);
};

/** An old-style write() command that is carried by DEVICE/INVOKE_WRITE. */
struct uv_write_def {
	uint32_t cmd; /**< with IB_USER_VERBS_CMD_FLAG_EXTENDED where it has it */
	uint16_t req_len, resp_len; /**< shortest core input and output; shorter is ENOSPC */
	int (*handler)(struct uv_call *call);
	const char *name; /**< for the trace */
};

/** Everything that a driver declares. */
struct uv_api {
	uint32_t driver_id;
	const struct uv_object_def *const *objects;
	size_t nb_objects;
	const struct uv_write_def *writes;
	size_t nb_writes;
};

/** One ioctl, for whoever keeps a trace. */
struct uv_trace_call {
	uint64_t start_ns, duration_ns; /**< CLOCK_MONOTONIC */
	const char *file; /**< "uverbs0" */
	const char *object, *method; /**< "?" for what is not declared */
	const char *write; /**< name of the command that INVOKE_WRITE carried, else NULL */
	int error; /**< errno, 0: none */
};

struct uv_trace {
	uint32_t on; /**< changed at any time, atomically */
	/** Called in the thread of the ioctl when it is over. */
	void (*call)(void *arg, const struct uv_trace_call *call);
	void *arg;
};

struct uv_file_attr {
	const struct uv_api *api;
	const char *name; /**< for messages, "uverbs0"; copied */
	const struct base_log *log;
	void *priv; /**< of the driver, see uv_priv() */
	/** Last breath: all objects are gone. May be NULL. */
	void (*release)(void *priv);
	/**
	 * A call gave the user @p fd: from now on its close must be reported with uv_fd_closed().
	 * May be NULL. @return 0 or -errno (the call then fails).
	 */
	int (*fd_publish)(void *arg, int fd, struct uv_obj *obj);
	void *arg; /**< for @c fd_publish */
	const struct uv_trace *trace; /**< must outlive the file; NULL: none */
};

int uv_file_create(const struct uv_file_attr *attr, struct uv_file **file);
/**
 * The user closed the file: waits for calls in progress, destroys all objects, newest first and
 * again as long as that gets some of them destroyed, then by force. Logs what the user had left.
 * The memory stays until the last published fd is reported closed.
 */
void uv_file_close(struct uv_file *file);
/**
 * The device is gone (ib_uverbs_remove_one() of Linux): waits for calls in progress, then destroys
 * what is behind all objects, in an order as uv_file_close(). Handles stay until the user destroys
 * them, which succeeds; all other calls fail with EIO. Objects can ask with uv_obj_is_removed().
 * Not from within a call.
 */
void uv_file_disassociate(struct uv_file *file);
/** The user closed a published fd; also right after uv_file_close(). */
void uv_fd_closed(struct uv_obj *obj);

/**
 * One ioctl of the user. @return 0 or -errno.
 */
int uv_ioctl(struct uv_file *file, unsigned long cmd, uint64_t arg);

void *uv_file_priv(const struct uv_file *file);
const struct base_log *uv_file_log(const struct uv_file *file);
const char *uv_file_name(const struct uv_file *file);
/** Objects that live now, FDs included if @p fds. */
unsigned int uv_file_nb_objs(struct uv_file *file, bool fds);

/* --- for handlers --------------------------------------------------------------------------- */

struct uv_file *uv_call_file(const struct uv_call *call);
void *uv_priv(const struct uv_call *call);

/**
 * This call makes the user context: it exists when the call has succeeded. Until then no handle can
 * be made (EINVAL), nor another context.
 * @return 0, -EINVAL when it exists or another call makes it.
 */
int uv_context_begin(struct uv_call *call);
/** Does the user context exist? Calls that name no object must ask before they use it. */
bool uv_has_context(const struct uv_call *call);

/** Was the attribute given? */
bool uv_has(const struct uv_call *call, uint16_t attr);
/** Bytes of a UV_IN or UV_ENUM attribute, @p len may be NULL; NULL when it was not given. */
const void *uv_in(const struct uv_call *call, uint16_t attr, size_t *len);
/** A number of up to 8 bytes; 0 when the attribute was not given. */
uint64_t uv_in_u64(const struct uv_call *call, uint16_t attr);
uint32_t uv_in_u32(const struct uv_call *call, uint16_t attr);
/** Flags of 4 or 8 bytes; @return 0 or -EINVAL when one is not in @p allowed. */
int uv_in_flags(const struct uv_call *call, uint16_t attr, uint64_t allowed, uint64_t *flags);
/** A UV_CONST within [0, max]; @return 0 or -EINVAL. */
int uv_in_const(const struct uv_call *call, uint16_t attr, uint64_t max, uint64_t *value);
/** Element number of a UV_ENUM attribute. */
unsigned int uv_in_elem(const struct uv_call *call, uint16_t attr);
/** Length of the user's buffer of a UV_OUT attribute, 0 when it was not given. */
size_t uv_out_len(const struct uv_call *call, uint16_t attr);
/**
 * Writes a result, cut to the user's buffer; what the buffer has beyond @p len stays.
 * @return 0, -EFAULT; -ENOENT when the attribute was not given.
 */
int uv_out(struct uv_call *call, uint16_t attr, const void *src, size_t len);
/** The same, and the rest of the user's buffer is filled with zero. */
int uv_out_struct(struct uv_call *call, uint16_t attr, const void *src, size_t len);
/** The object of a UV_IDR or UV_FD attribute, NULL when it was not given. */
struct uv_obj *uv_attr_obj(const struct uv_call *call, uint16_t attr);

/** Handlers of write commands: an object by number, as if an attribute had named it. */
int uv_obj_get(struct uv_call *call, uint16_t type, uint32_t id, enum uv_access access,
		struct uv_obj **obj);

struct uv_obj {
	void *priv; /**< the driver's; set by the creating handler */
	/** UV_FD, UV_NEW: the descriptor to give to the user; -1 until set by the handler. */
	int fd;
	uint32_t id; /**< handle */

	/* private to uv_obj.c and uv_file.c */
	const struct uv_object_def *def;
	struct uv_file *file;
	int use; /**< readers, or -1: used by one alone; guarded by the file's lock */
	bool live; /**< committed */
	bool forced;
	bool removed; /**< is being destroyed because the device is gone */
	bool dead; /**< nothing is behind it any more */
	struct uv_obj *prev, *next; /**< newer, older */
};

/** The file is being closed and nothing may keep the object. */
bool uv_obj_is_forced(const struct uv_obj *obj);
/** It is destroyed because the device is gone. */
bool uv_obj_is_removed(const struct uv_obj *obj);

#endif /* UV_H */
