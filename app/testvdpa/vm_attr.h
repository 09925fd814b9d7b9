/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The wishes that a guest is made with, for vm.c.
 */
#ifndef VM_ATTR_H
#define VM_ATTR_H

#include "vm.h"

/** Puts defaults where nothing was wished. */
void vm_attr_fill_in(struct vm_attr *attr);

/** Can a guest be made so? @return 0, -EINVAL, -EEXIST (name), -EBUSY (socket), with a complaint. */
int vm_attr_check(const struct vm_attr *attr);

#endif /* VM_ATTR_H */
