/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the one place where all parts meet. The library is preloaded into a program
 * (or linked with it); it reads its configuration, fills the tree of sysfs
 * entries, and from then on answers the seam. The card (wire, engine, firmware) is made when the
 * first device file is opened: a program that only lists devices gets no thread.
 *
 * The reading happens in the constructor, or at the first call of the seam if another library's
 * constructor is earlier. It opens files itself, so the seam is entered again: while the
 * configuration is being read the answer is "nothing is emulated", and the call passes through.
 *
 * End of life: descriptors that the program closes are taken apart one by one. At exit without
 * close the engine is halted before libraries and memory go away, the rest is left to the kernel.
 * A child after fork has the table but not the card's thread, so there nothing is served.
 *
 * The state is global by nature: a process has one libc to stand behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base_mutex.h"
#include "emu_conf.h"
#include "emu_ctl.h"
#include "emu_file.h"
#include "emu_log.h"
#include "emu_trace.h"
#include "emu_tree.h"
#include "fw.h"
#include "mib.h"
#include "seam.h"
#include "uv.h"
#include "wire.h"

enum emu_state {
	EMU_UNREAD, /* nobody has asked yet */
	EMU_READING, /* one thread reads the configuration */
	EMU_OFF, /* nothing to emulate */
	EMU_ON,
};

static struct {
	atomic_int state; /* enum emu_state */
	struct emu_conf conf; /* fixed once ON */
	struct base_log log; /* fixed once ON */
	pid_t owner; /* the process that has the card */
	bool own_tree; /* conf.tree was made here; tree_lock says that it is in use */
	int tree_lock;
	struct base_mutex lock;
	struct wire *wire BASE_GUARDED_BY(lock);
	struct fw_card *card BASE_GUARDED_BY(lock);
} emu = { .lock = BASE_MUTEX_INITIALIZER };

static int emu_ctl_card(struct emu_ctl_call *call, bool make);

static void
emu_start_ctl(void)
{
	static const struct emu_ctl_owner owner = { .card = emu_ctl_card };
	const struct emu_ctl_attr attr = { .conf = &emu.conf, .log = &emu.log, .owner = &owner };
	int ret;

	if (emu.conf.control[0] == '\0')
		return;
	ret = emu_ctl_start(&attr);
	if (ret != 0)
		base_err(&emu.log, "control socket %s: %s", emu.conf.control,
				ret == -EADDRINUSE             ? "a running card has this name" :
						ret == -EEXIST ? "this is something else" :
								 strerror(-ret));
}

/* The card's threads did not come along: in a child nothing is served. */
static void
emu_child(void)
{
	seam_stop();
	emu_ctl_forget();
	if (emu.wire != NULL)
		wire_forked(emu.wire);
}

static void emu_exit(void);

/* A program that runs without the launcher makes its directory itself. */
static int
emu_make_tree(void)
{
	struct seam_conf *seam = &emu.conf.seam;
	int ret;

	if (emu.conf.tree[0] == '\0') {
		ret = emu_tree_make(emu.conf.tree, sizeof(emu.conf.tree), &emu.tree_lock);
		if (ret != 0) {
			base_err(&emu.log, "%s: cannot make this directory: %s", emu.conf.tree,
					strerror(-ret));
			return ret;
		}
		emu.own_tree = true;
	}
	if (seam->host_devices)
		seam_host_scan(seam);
	ret = seam_tree_write(seam);
	if (ret == -EADDRINUSE)
		base_err(&emu.log,
				"no card: the host has a PCI device at an address of the card; "
				"choose another one with functions[].pci");
	else if (ret != 0)
		base_err(&emu.log, "%s: cannot write the device tree: %s", emu.conf.tree,
				strerror(-ret));
	return ret;
}

static int
emu_begin(void)
{
	int ret = emu_make_tree();

	if (ret != 0) {
		if (emu.own_tree)
			emu_tree_remove(emu.conf.tree, emu.tree_lock);
		return ret;
	}
	pthread_atfork(NULL, NULL, emu_child);
	atexit(emu_exit);
	return 0;
}

static void
emu_read_conf(void)
{
	int expected = EMU_UNREAD, ret;
	struct emu_json at;

	if (!atomic_compare_exchange_strong(&emu.state, &expected, EMU_READING))
		return;
	emu.owner = getpid();
	ret = emu_conf_read(&emu.conf, &at);
	if (ret > 0) {
		emu_log_init(&emu.log, emu.conf.log_file, emu.conf.log_level);
		ret = emu_begin() == 0;
	} else if (ret < 0) {
		/* The place for messages may be what is wrong. */
		emu_log_init(&emu.log, "", BASE_LOG_ERR);
		base_err(&emu.log, "no card: %s", at.error);
	}
	emu_conf_unload();
	atomic_store(&emu.state, ret > 0 ? EMU_ON : EMU_OFF);
	if (ret > 0)
		emu_start_ctl();
}

__attribute__((constructor)) static void
emu_load(void)
{
	emu_read_conf();
}

static const struct seam_conf *
emu_seam_conf(void)
{
	if (atomic_load_explicit(&emu.state, memory_order_relaxed) == EMU_UNREAD)
		emu_read_conf();
	return atomic_load_explicit(&emu.state, memory_order_acquire) == EMU_ON ? &emu.conf.seam :
										  NULL;
}

/* --- the card ------------------------------------------------------------------------------- */

/* At exit: memory that the card reads and writes is about to go away. */
static void
emu_exit(void) BASE_NO_TSA
{
	if (getpid() != emu.owner)
		return;
	emu_ctl_stop();
	if (emu.own_tree)
		emu_tree_remove(emu.conf.tree, emu.tree_lock);
	/* Without the lock: the thread that holds it may be the one that is interrupted. */
	if (emu.card == NULL)
		return;
	if (fw_card_halt(emu.card) != 0)
		seam_stop(); /* a call would wait for ever for the card's lock */
	else
		wire_halt(emu.wire);
}

static void
emu_removed(void *arg, struct fw_func *func)
{
	int ret = seam_tree_remove(&emu.conf.seam, fw_func_index(func));

	if (ret != 0)
		base_warn(&emu.log, "function %u: its entries stay in %s: %s", fw_func_index(func),
				emu.conf.tree, strerror(-ret));
	emu_file_removed(func, &emu.log);
}

static void
emu_card_trace_locked(void) BASE_REQUIRES(emu.lock)
{
	int ret;

	if (emu.conf.trace.file[0] == '\0')
		return;
	ret = emu_trace_start(&emu.conf.trace);
	if (ret == 0)
		fw_card_trace_on(emu.card);
	else
		base_err(&emu.log, "no trace: %s: %s", emu.conf.trace.file, strerror(-ret));
}

/* What the configuration wants to happen to commands. */
static void
emu_card_hooks_locked(void) BASE_REQUIRES(emu.lock)
{
	uint32_t i;

	fw_card_on_remove(emu.card, emu_removed, NULL);
	fw_card_set_trace(emu.card, &emu_trace_commands, NULL);
	emu_card_trace_locked();
	fw_card_set_latency(emu.card, &emu.conf.latency);
	for (i = 0; i < emu.conf.faults.nb; i++)
		fw_card_add_fault(emu.card, &emu.conf.faults.rules[i]);
}

static int
emu_card_locked(void) BASE_REQUIRES(emu.lock)
{
	struct fw_card_attr attr = { .nb_funcs = emu.conf.seam.nb_funcs, .log = &emu.log };
	int ret;

	if (emu.card != NULL)
		return 0;
	ret = emu_wire_make(&emu.conf.wire, attr.nb_funcs, &emu.log, &emu.wire);
	if (ret != 0)
		return ret;
	attr.caps = &emu.conf.caps;
	attr.funcs = emu.conf.funcs;
	attr.wire = emu.wire;
	attr.pacing = &emu.conf.pacing;
	ret = fw_card_create(&attr, &emu.card);
	if (ret != 0) {
		wire_destroy(emu.wire);
		return ret;
	}
	emu_card_hooks_locked();
	base_info(&emu.log, "card with %u functions, wire: %s", attr.nb_funcs,
			emu_wire_kinds[emu.conf.wire.nets[0].kind]);
	return 0;
}

static int
emu_ctl_card(struct emu_ctl_call *call, bool make)
{
	int ret = 0;

	base_mutex_lock(&emu.lock);
	if (make)
		ret = emu_card_locked();
	call->card = emu.card;
	call->wire = emu.wire;
	base_mutex_unlock(&emu.lock);
	return ret;
}

/* --- descriptors ---------------------------------------------------------------------------- */

static void
emu_event_closed(void *arg)
{
	uv_fd_closed(arg);
}

static const struct seam_fd_ops emu_event_ops = { .closed = emu_event_closed };

static int
emu_publish(void *arg, int fd, struct uv_obj *obj)
{
	return seam_fd_add(fd, &emu_event_ops, obj, 0);
}

static int
emu_open_locked(unsigned int index) BASE_REQUIRES(emu.lock)
{
	struct mib_open_attr attr = { .log = &emu.log,
		.fd_publish = emu_publish,
		.trace = &emu_trace_calls };
	char name[24];
	struct uv_file *file;
	int fd, ret;

	ret = emu_card_locked();
	if (ret != 0)
		return ret;
	snprintf(name, sizeof(name), "uverbs%u", emu.conf.seam.first + index);
	attr.name = name;
	attr.func = fw_card_func(emu.card, index);
	if (fw_func_is_gone(attr.func))
		return -ENXIO;
	attr.guid = seam_guid(index);
	ret = mib_open(&attr, &file, &fd);
	if (ret != 0)
		return ret;
	ret = emu_file_add(fd, file, attr.func,
			makedev(SEAM_UVERBS_MAJOR,
					SEAM_UVERBS_MINOR + emu.conf.seam.first + index));
	if (ret != 0) {
		uv_file_close(file);
		close(fd);
		return ret;
	}
	return fd;
}

static int
emu_seam_open(unsigned int index, int flags)
{
	int fd;

	/* A child that shares our memory (vfork): what it would make is not its own. */
	if (getpid() != emu.owner)
		return -ENODEV;
	base_mutex_lock(&emu.lock);
	fd = emu_open_locked(index);
	base_mutex_unlock(&emu.lock);
	if (fd < 0)
		base_err(&emu.log, "uverbs%u: open: %s", emu.conf.seam.first + index,
				strerror(-fd));
	else if ((flags & O_CLOEXEC) == 0)
		fcntl(fd, F_SETFD, 0);
	return fd;
}

static const struct seam_mem_ops emu_mem_ops = {
	.keeps = mib_keeps,
	.unmap = mib_keep_unmap,
	.replaced = mib_keep_replaced,
	.move = mib_keep_move,
};

const struct seam_ops seam_ops = {
	.mem = &emu_mem_ops,
	.conf = emu_seam_conf,
	.open = emu_seam_open,
};
