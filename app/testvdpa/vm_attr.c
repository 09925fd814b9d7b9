/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what a user may wish of a guest is filled in with defaults first and then
 * checked, each mistake with a sentence that names the guest, the wish and what is possible. Names
 * and sockets are compared with those of the guests that there are.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "vm_attr.h"

#define VM_RING_SIZE 256u
#define VM_RAM (64ULL << 20)

static uint64_t
vm_attr_ring_bytes(unsigned int nb_pairs, unsigned int ring_size)
{
	return 2ULL * nb_pairs * ring_size * GUEST_POOL_SLOT_SIZE;
}

uint64_t
vm_buffer_bytes(const struct vm *vm)
{
	return vm_attr_ring_bytes(vm->attr.nb_pairs, vm->attr.ring_size);
}

/* What RAM must hold: buffers of all rings, and the rings (64 bytes an entry are more than enough),
 * none of it below the VGA hole. */
static uint64_t
vm_attr_least_mem(const struct vm_attr *attr)
{
	return (1ULL << 20) + vm_attr_ring_bytes(attr->nb_pairs, attr->ring_size) +
			2ULL * attr->nb_pairs * (64ULL * attr->ring_size + 4096);
}

void
vm_attr_fill_in(struct vm_attr *attr)
{
	if (attr->nb_pairs == 0)
		attr->nb_pairs = 1;
	if (attr->ring_size == 0)
		attr->ring_size = VM_RING_SIZE;
	if (attr->settle_ms == 0)
		attr->settle_ms = VM_SETTLE_MS;
	if (attr->mem != 0)
		return;
	attr->mem = VM_RAM;
	while (attr->mem < vm_attr_least_mem(attr))
		attr->mem += VM_RAM;
}

static int
vm_attr_check_name(const char *name, const struct base_log *log)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && strchr("-_.", name[i]) == NULL)
			len = 0;
	if (len == 0 || len > VM_NAME_MAX) {
		base_err(log, "guest name '%s': 1 to %u letters, digits, '-', '_' and '.' are possible",
				name, VM_NAME_MAX);
		return -EINVAL;
	}
	if (vm_find(name) == NULL)
		return 0;
	base_err(log, "there is a guest '%s' already", name);
	return -EEXIST;
}

static int
vm_attr_check_sizes(const struct vm_attr *attr)
{
	const struct vm *vm;

	if (attr->nb_pairs > VM_PAIRS_MAX)
		base_err(attr->log, "guest %s: %u queue pairs, at most %u are possible", attr->name,
				attr->nb_pairs, VM_PAIRS_MAX);
	else if (attr->ring_size < 2 || attr->ring_size > GUEST_VRING_MAX_SIZE ||
			(attr->ring_size & (attr->ring_size - 1)) != 0)
		base_err(attr->log, "guest %s: ring size %u is no power of two from 2 to %u",
				attr->name, attr->ring_size, GUEST_VRING_MAX_SIZE);
	else if (attr->mem > VM_MEM_MAX || attr->mem % VM_MEM_MIN != 0)
		base_err(attr->log,
				"guest %s: memory of %" PRIu64
				" bytes is no multiple of 2 MiB up to %" PRIu64 " GiB",
				attr->name, attr->mem, (uint64_t)(VM_MEM_MAX >> 30));
	else if (attr->mem < vm_attr_least_mem(attr))
		base_err(attr->log,
				"guest %s: %u rings of %u entries need %" PRIu64
				" MiB of memory for their buffers, not %" PRIu64,
				attr->name, 2 * attr->nb_pairs, attr->ring_size,
				(vm_attr_least_mem(attr) >> 20) + 1, attr->mem >> 20);
	else if (strlen(attr->socket) >= sizeof(vm->socket) || attr->socket[0] == '\0')
		base_err(attr->log,
				"guest %s: the socket's path has %zu characters, 1 to %zu are possible",
				attr->name, strlen(attr->socket), sizeof(vm->socket) - 1);
	else
		return 0;
	return -EINVAL;
}

/* Two guests on one socket would take turns: the second waits for ever. */
static int
vm_attr_check_socket(const struct vm_attr *attr)
{
	for (const struct vm *vm = vm_after(NULL); vm != NULL; vm = vm_after(vm)) {
		if (strcmp(vm->socket, attr->socket) != 0)
			continue;
		base_err(attr->log, "guest %s: the socket %s is guest %s's", attr->name,
				attr->socket, vm->name);
		return -EBUSY;
	}
	return 0;
}

int
vm_attr_check(const struct vm_attr *attr)
{
	int ret = vm_attr_check_name(attr->name, attr->log);

	if (ret == 0)
		ret = vm_attr_check_sizes(attr);
	return ret == 0 ? vm_attr_check_socket(attr) : ret;
}
