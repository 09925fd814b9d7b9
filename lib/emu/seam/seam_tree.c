/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the files that the kernel would show for the functions of a card, as far as
 * libibverbs, libmlx5, DPDK and the rdma tools read them. One table for what a PCI function has,
 * one for a sub-function (a device of the auxiliary bus, in the directory of its PCI function), one
 * for the RDMA device of either; values are the same for all functions or made from a few names of
 * it. Directories of a class are links into the device's own directory, relative as in sysfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base_math.h"
#include "seam_host.h"

#define SEAM_BUS "sys/devices/pci0000:00/0000:00:02.0"
#define SEAM_MODALIAS "pci:v000015B3d0000%Psv000015B3sd00000069bc02sc00i00"

/* The names of one function. */
struct seam_names {
	enum seam_kind kind;
	char bdf[SEAM_BDF_SIZE]; /* of a sub-function: its parent's */
	char name[SEAM_NAME_SIZE]; /* of its own directory */
	char dir[SEAM_BDF_SIZE + SEAM_NAME_SIZE]; /* that directory, below SEAM_BUS */
	char guid[24]; /* "0242:c0ff:fe00:0001" */
	unsigned int index;
	unsigned int number; /* of its devices */
};

/* A file below a function's directory; in path and value: "%b" bdf, "%d" its directory, "%n" the last
 * part of that, "%g" guid, "%i" number of its devices, "%f" number of the function, "%p" device id,
 * "%P" the same in capitals, as the kernel has it in aliases. */
struct seam_file {
	const char *path;
	const char *value;
};

/* A PCI function of a ConnectX family card, Ethernet controller. */
static const struct seam_file seam_pci_files[] = {
	{ "vendor", "0x15b3" },
	{ "device", "0x%p" },
	{ "subsystem_vendor", "0x15b3" },
	{ "subsystem_device", "0x0069" },
	{ "class", "0x020000" },
	{ "revision", "0x00" },
	{ "numa_node", "0" },
	{ "max_vfs", "0" },
	{ "local_cpulist", "0" },
	{ "irq", "0" },
	{ "enable", "1" },
	{ "roce_enable", "0" },
	{ "modalias", SEAM_MODALIAS },
	/* six BARs and the ROM, none of which a user space driver of ours maps */
	{ "resource",
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000" },
	/* mlx5_common wants the slot's name on a line of its own, below 31 bytes */
	{ "uevent",
			"DRIVER=mlx5_core\nPCI_CLASS=20000\nPCI_ID=15B3:%P\n"
			"PCI_SUBSYS_ID=15B3:0069\nPCI_SLOT_NAME=%b\nMODALIAS=" SEAM_MODALIAS },
};

/*
 * A sub-function. Its modalias is "auxiliary:mlx5_core.sf" in truth. libmlx5 does not look at it,
 * because netlink tells it the driver; here netlink says nothing, and libmlx5 knows PCI aliases only.
 */
static const struct seam_file seam_sf_files[] = {
	{ "sfnum", "%f" },
	{ "modalias", SEAM_MODALIAS },
	{ "uevent", "DRIVER=mlx5_core.sf\nMODALIAS=auxiliary:mlx5_core.sf" },
	{ "../numa_node", "0" },
};

/* The RDMA device of either. */
static const struct seam_file seam_rdma_files[] = {
	{ "infiniband/mlx5_%i/node_type", "1: CA" },
	{ "infiniband/mlx5_%i/node_guid", "%g" },
	{ "infiniband/mlx5_%i/sys_image_guid", "%g" },
	{ "infiniband/mlx5_%i/node_desc", "emulated mlx5 function %f" },
	{ "infiniband/mlx5_%i/fw_ver", "22.99.0" },
	{ "infiniband/mlx5_%i/hca_type", "MT4126" },
	{ "infiniband/mlx5_%i/board_id", "MLX5EMU0001" },
	{ "infiniband/mlx5_%i/hw_rev", "0" },
	{ "infiniband/mlx5_%i/ports/1/state", "4: ACTIVE" },
	{ "infiniband/mlx5_%i/ports/1/phys_state", "5: LinkUp" },
	{ "infiniband/mlx5_%i/ports/1/link_layer", "Ethernet" },
	{ "infiniband/mlx5_%i/ports/1/pkeys/0", "0xffff" },
	{ "infiniband_verbs/uverbs%i/ibdev", "mlx5_%i" },
	{ "infiniband_verbs/uverbs%i/dev", "%v" },
	{ "infiniband_verbs/uverbs%i/abi_version", "1" },
};

/* Links of one function; a target is relative to the link's directory, and may dangle. */
static const struct seam_file seam_pci_links[] = {
	{ SEAM_BUS "/%b/driver", "../../../../bus/pci/drivers/mlx5_core" },
	{ SEAM_BUS "/%b/subsystem", "../../../../bus/pci" },
	{ "sys/bus/pci/devices/%b", "../../../devices/pci0000:00/0000:00:02.0/%b" },
};

static const struct seam_file seam_sf_links[] = {
	{ SEAM_BUS "/%d/driver", "../../../../../bus/auxiliary/drivers/mlx5_core.sf" },
	{ SEAM_BUS "/%d/subsystem", "../../../../../bus/auxiliary" },
	{ "sys/bus/auxiliary/devices/%n", "../../../devices/pci0000:00/0000:00:02.0/%d" },
};

static const struct seam_file seam_rdma_links[] = {
	{ SEAM_BUS "/%d/infiniband/mlx5_%i/device", "../../../%n" },
	{ SEAM_BUS "/%d/infiniband_verbs/uverbs%i/device", "../../../%n" },
	{ "sys/class/infiniband/mlx5_%i",
			"../../devices/pci0000:00/0000:00:02.0/%d/infiniband/mlx5_%i" },
	{ "sys/class/infiniband_verbs/uverbs%i",
			"../../devices/pci0000:00/0000:00:02.0/%d/infiniband_verbs/uverbs%i" },
};

/* What a function of each kind has. */
static const struct {
	const char *device, *alias; /* "%p", "%P" */
	const struct seam_file *files, *links;
	size_t nb_files, nb_links;
} seam_kinds[] = {
	[SEAM_VF] = { "101e", "101E", seam_pci_files, seam_pci_links,
			BASE_ARRAY_SIZE(seam_pci_files), BASE_ARRAY_SIZE(seam_pci_links) },
	[SEAM_PF] = { "101d", "101D", seam_pci_files, seam_pci_links,
			BASE_ARRAY_SIZE(seam_pci_files), BASE_ARRAY_SIZE(seam_pci_links) },
	[SEAM_SF] = { "101e", "101E", seam_sf_files, seam_sf_links, BASE_ARRAY_SIZE(seam_sf_files),
			BASE_ARRAY_SIZE(seam_sf_links) },
};

/* What is there once. */
static const struct seam_file seam_common[] = {
	{ "sys/class/infiniband_verbs/abi_version", "6" },
};

static const char *const seam_empty_dirs[] = {
	"sys/bus/auxiliary/devices",
	"sys/bus/auxiliary/drivers/mlx5_core.sf",
	"sys/bus/pci/devices",
	"sys/bus/pci/drivers/mlx5_core",
	"sys/class/infiniband",
	"dev/infiniband",
};

/* Replaces the %x of @p fmt. */
static void
seam_expand(const struct seam_names *names, const char *fmt, char *out, size_t size)
{
	char number[12], index[12], dev[24];
	const char *value;
	size_t len = 0;

	snprintf(index, sizeof(index), "%u", names->index);
	snprintf(number, sizeof(number), "%u", names->number);
	snprintf(dev, sizeof(dev), "%u:%u", SEAM_UVERBS_MAJOR, SEAM_UVERBS_MINOR + names->number);
	for (out[0] = '\0'; *fmt != '\0' && len + 1 < size; fmt++) {
		if (*fmt != '%') {
			out[len++] = *fmt;
			out[len] = '\0';
			continue;
		}
		fmt++;
		value = *fmt == 'b'         ? names->bdf :
				*fmt == 'd' ? names->dir :
				*fmt == 'n' ? names->name :
				*fmt == 'p' ? seam_kinds[names->kind].device :
				*fmt == 'P' ? seam_kinds[names->kind].alias :
				*fmt == 'g' ? names->guid :
				*fmt == 'v' ? dev :
				*fmt == 'f' ? index :
					      number;
		len += (size_t)snprintf(out + len, size - len, "%s", value);
	}
}

/* Makes all directories on the way to the last component of @p path. */
static int
seam_make_dirs(int dir, const char *path)
{
	char part[PATH_MAX];
	const char *slash;

	for (slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdirat(dir, part, 0755) != 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int
seam_put_file(int dir, const char *path, const char *value)
{
	int fd, ret = seam_make_dirs(dir, path);

	if (ret != 0)
		return ret;
	fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (dprintf(fd, value[0] != '\0' ? "%s\n" : "%s", value) < 0)
		ret = -EIO;
	close(fd);
	return ret;
}

static int
seam_put_link(int dir, const char *path, const char *target)
{
	int ret = seam_make_dirs(dir, path);

	if (ret == 0 && symlinkat(target, dir, path) != 0 && errno != EEXIST)
		ret = -errno;
	return ret;
}

static int
seam_put_files(int dir, const struct seam_names *names, const struct seam_file *files, size_t nb)
{
	char path[PATH_MAX], below[PATH_MAX / 2], value[1024];
	int ret = 0;
	size_t i;

	for (i = 0; i < nb && ret == 0; i++) {
		seam_expand(names, files[i].path, below, sizeof(below));
		seam_expand(names, files[i].value, value, sizeof(value));
		snprintf(path, sizeof(path), SEAM_BUS "/%s/%s", names->dir, below);
		ret = seam_put_file(dir, path, value);
	}
	return ret;
}

static int
seam_put_links(int dir, const struct seam_names *names, const struct seam_file *links, size_t nb)
{
	char path[PATH_MAX], value[1024];
	int ret = 0;
	size_t i;

	for (i = 0; i < nb && ret == 0; i++) {
		seam_expand(names, links[i].path, path, sizeof(path));
		seam_expand(names, links[i].value, value, sizeof(value));
		ret = seam_put_link(dir, path, value);
	}
	return ret;
}

static int
seam_put_func(int dir, const struct seam_names *names)
{
	char path[PATH_MAX];
	int ret;

	ret = seam_put_files(dir, names, seam_kinds[names->kind].files,
			seam_kinds[names->kind].nb_files);
	if (ret == 0)
		ret = seam_put_files(dir, names, seam_rdma_files, BASE_ARRAY_SIZE(seam_rdma_files));
	if (ret == 0)
		ret = seam_put_links(dir, names, seam_kinds[names->kind].links,
				seam_kinds[names->kind].nb_links);
	if (ret == 0)
		ret = seam_put_links(dir, names, seam_rdma_links, BASE_ARRAY_SIZE(seam_rdma_links));
	if (ret == 0) {
		snprintf(path, sizeof(path), "dev/infiniband/uverbs%u", names->number);
		ret = seam_put_file(dir, path, "");
	}
	return ret;
}

static int
seam_put_common(int dir)
{
	char path[PATH_MAX];
	int ret = 0;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(seam_empty_dirs) && ret == 0; i++) {
		snprintf(path, sizeof(path), "%s/", seam_empty_dirs[i]);
		ret = seam_make_dirs(dir, path);
	}
	for (i = 0; i < BASE_ARRAY_SIZE(seam_common) && ret == 0; i++)
		ret = seam_put_file(dir, seam_common[i].path, seam_common[i].value);
	return ret;
}

static void
seam_names_of(const struct seam_conf *conf, unsigned int index, struct seam_names *names)
{
	uint64_t guid = seam_guid(index);

	names->index = index;
	names->number = conf->first + index;
	names->kind = conf->kind[index];
	seam_bdf(conf, index, names->bdf);
	seam_dev_name(conf, index, names->name);
	if (names->kind == SEAM_SF)
		snprintf(names->dir, sizeof(names->dir), "%s/%s", names->bdf, names->name);
	else
		snprintf(names->dir, sizeof(names->dir), "%s", names->bdf);
	snprintf(names->guid, sizeof(names->guid), "%04x:%04x:%04x:%04x",
			(unsigned int)(guid >> 48), (unsigned int)(guid >> 32) & 0xffff,
			(unsigned int)(guid >> 16) & 0xffff, (unsigned int)guid & 0xffff);
}

int
seam_tree_write(const struct seam_conf *conf)
{
	int dir = open(conf->tree, O_DIRECTORY | O_RDONLY | O_CLOEXEC), ret;
	struct seam_names names;
	unsigned int i;

	if (dir < 0)
		return -errno;
	ret = seam_put_common(dir);
	for (i = 0; i < conf->nb_funcs && ret == 0; i++) {
		seam_names_of(conf, i, &names);
		ret = seam_put_func(dir, &names);
	}
	if (ret == 0 && conf->host_devices)
		ret = seam_host_link(conf, dir);
	close(dir);
	return ret;
}

static int
seam_drop_links(int dir, const struct seam_names *names, const struct seam_file *links, size_t nb)
{
	char path[PATH_MAX];
	int ret = 0;
	size_t i;

	for (i = 0; i < nb; i++) {
		seam_expand(names, links[i].path, path, sizeof(path));
		if (unlinkat(dir, path, 0) != 0 && errno != ENOENT)
			ret = -errno;
	}
	return ret;
}

int
seam_tree_remove(const struct seam_conf *conf, unsigned int index)
{
	int dir = open(conf->tree, O_DIRECTORY | O_RDONLY | O_CLOEXEC), ret, ret2;
	struct seam_names names;
	char path[PATH_MAX];

	if (dir < 0)
		return -errno;
	seam_names_of(conf, index, &names);
	/* What the links lead to is found by them only. */
	ret = seam_drop_links(dir, &names, seam_rdma_links, BASE_ARRAY_SIZE(seam_rdma_links));
	ret2 = seam_drop_links(dir, &names, seam_kinds[names.kind].links,
			seam_kinds[names.kind].nb_links);
	if (ret == 0)
		ret = ret2;
	snprintf(path, sizeof(path), "dev/infiniband/uverbs%u", names.number);
	if (unlinkat(dir, path, 0) != 0 && errno != ENOENT)
		ret = -errno;
	close(dir);
	return ret;
}
