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
	else
		snprintf(buf, SEAM_BDF_SIZE, "0000:03:%02x.%u", devfn / 8 & 0x1f, devfn % 8);
}

uint64_t
seam_guid(unsigned int index)
{
	return 0x0242c0fffe000000ull + index + 1;
}
