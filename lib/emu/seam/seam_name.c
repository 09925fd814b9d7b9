/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: names and numbers of functions that nobody chose. A part of its own, for
 * programs that ask for them but must not stand in for libc.
 */
#include <stdio.h>
#include <string.h>

#include "seam.h"

void
seam_bdf(const struct seam_conf *conf, unsigned int index, char *buf)
{
	/* Virtual functions begin at .2, behind the two ports of a usual card. */
	unsigned int devfn = index + 2;

	if (conf->bdf[index][0] != '\0')
		memcpy(buf, conf->bdf[index], SEAM_BDF_SIZE);
	else if (conf->kind[index] == SEAM_SF)
		memcpy(buf, "0000:03:00.0", SEAM_BDF_SIZE);
	else
		snprintf(buf, SEAM_BDF_SIZE, "0000:03:%02x.%u", devfn / 8 & 0x1f, devfn % 8);
}

void
seam_dev_name(const struct seam_conf *conf, unsigned int index, char *buf)
{
	if (conf->kind[index] == SEAM_SF)
		snprintf(buf, SEAM_NAME_SIZE, "mlx5_core.sf.%u",
				conf->sf[index] != 0 ? conf->sf[index] : index + 2);
	else
		seam_bdf(conf, index, buf);
}

uint64_t
seam_guid(unsigned int index)
{
	return 0x0242c0fffe000000ull + index + 1;
}
