/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The system call border: libc entry points that a program uses to find and drive RDMA devices,
 * served for the emulated card's paths and descriptors, passed through for all others.
 *
 * Whoever links the seam defines @ref seam_ops. Nothing here needs root, a kernel module or a
 * constructor that has run; every entry point may be called from any thread, at any time.
 */
#ifndef SEAM_H
#define SEAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SEAM_MAX_FUNCS 32u
/** What sysfs says about /dev/infiniband/uverbsN: major, and minor of N = 0. */
#define SEAM_UVERBS_MAJOR 231u
#define SEAM_UVERBS_MINOR 192u

#define SEAM_BDF_SIZE 13 /* "0000:03:00.2" */
#define SEAM_NAME_SIZE 32 /* "0000:03:00.2", "mlx5_core.sf.2" */
#define SEAM_MAX_SF 99999u

/** What a function is on its bus. */
enum seam_kind {
	SEAM_VF, /**< PCI virtual function */
	SEAM_PF, /**< PCI physical function */
	SEAM_SF, /**< sub-function: a device of the auxiliary bus below a PCI function */
};

/** What is emulated. */
struct seam_conf {
	const char *tree; /**< directory that seam_tree_write() filled */
	unsigned int nb_funcs; /**< functions, 1 to SEAM_MAX_FUNCS */
	/**
	 * Number of the first function's devices: mlx5_<first>, uverbs<first>. Not 0 only when the
	 * host's own devices are shown.
	 */
	unsigned int first;
	bool host_devices; /**< the tree has the host's own devices as well (seam_host_scan()) */
	/** PCI addresses, of a sub-function the one of its parent; "": by number. */
	char bdf[SEAM_MAX_FUNCS][SEAM_BDF_SIZE];
	enum seam_kind kind[SEAM_MAX_FUNCS];
	uint32_t sf[SEAM_MAX_FUNCS]; /**< number of a sub-function, 1 to SEAM_MAX_SF; 0: index + 2 */
};

/** A descriptor's other side. */
struct seam_fd_ops {
	/** The program's ioctl; 0 or -errno. NULL: the call goes to the kernel. */
	int (*ioctl)(void *arg, unsigned long cmd, uint64_t argp);
	/** The program closed it and no ioctl on it is running any more. */
	void (*closed)(void *arg);
};

/**
 * Memory that must stay at its address although the program unmaps it; all may be called by any
 * thread, with addresses and lengths as the program gave them.
 */
struct seam_mem_ops {
	/** Is there such memory in the range? Called for every munmap(): cheap. */
	bool (*keeps)(uint64_t addr, uint64_t len);
	/** munmap() but for such memory. @return 0 or -errno. */
	int (*unmap)(uint64_t addr, uint64_t len);
	/** The program is about to map something else over the range. */
	void (*replaced)(uint64_t addr, uint64_t len);
	/** Moves the range's contents elsewhere. @return 0 with the place, or -errno. */
	int (*move)(uint64_t addr, uint64_t len, void **to);
};

/** What the seam asks of its owner. */
struct seam_ops {
	/** NULL when nothing is emulated in this process. Cheap: called by every entry point. */
	const struct seam_conf *(*conf)(void);
	/**
	 * The program opens /dev/infiniband/uverbs@p index. @return a descriptor that was given to
	 * seam_fd_add(), or -errno.
	 */
	int (*open)(unsigned int index, int flags);
	/** May be NULL. */
	const struct seam_mem_ops *mem;
};

/** Defined by whoever links the seam. */
extern const struct seam_ops seam_ops;

/**
 * From now on @p fd is served by @p ops. @p rdev: number of the character device that fstat()
 * shall show, 0 when the descriptor shall look like what it is.
 * @return 0, -ENOMEM, -EBADF, -EMFILE (number beyond what the table holds).
 */
int seam_fd_add(int fd, const struct seam_fd_ops *ops, void *arg, dev_t rdev);

/**
 * Serves nothing any more: not in a child after fork (the card's threads did not come along), not
 * while the process exits. Async-signal-safe, final.
 */
void seam_stop(void);

/** PCI address "0000:03:00.2" of function @p index, of a sub-function the one of its parent, into
 * SEAM_BDF_SIZE bytes. */
void seam_bdf(const struct seam_conf *conf, unsigned int index, char *buf);
/** Name on its bus of function @p index, "0000:03:00.2" or "mlx5_core.sf.2", into SEAM_NAME_SIZE
 * bytes. */
void seam_dev_name(const struct seam_conf *conf, unsigned int index, char *buf);

/** Identity number (EUI-64) of function @p index, as sysfs and the device attributes show it. */
uint64_t seam_guid(unsigned int index);

/**
 * Fills the existing, empty directory conf->tree with sysfs and /dev entries of the functions, and
 * with links to those of the host if they are shown.
 * @return 0, -EADDRINUSE (the host has a PCI device at a function's address), or -errno.
 */
int seam_tree_write(const struct seam_conf *conf);

/** Takes a function out of the lists of the tree: it was pulled out. @return 0 or -errno. */
int seam_tree_remove(const struct seam_conf *conf, unsigned int index);

/** Sets conf->first to a number that no device of the host has, as seen in sysfs now. */
void seam_host_scan(struct seam_conf *conf);

#endif /* SEAM_H */
