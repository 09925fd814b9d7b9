/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: runs while the project is built and writes the manual page of dpdk-testvdpa
 * to standard output, from the tables that are linked into both. EAL is not started.
 *
 * usage: testvdpa_manpage VERSION
 */
#include <stdio.h>

#include "manpage.h"

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s VERSION\n", argv[0]);
		return 2;
	}
	manpage_write(argv[1], stdout);
	return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
}
