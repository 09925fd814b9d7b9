/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: as guard_table.c. Any message may come with files, whether it needs them or
 * not, and the front-end may send it as often as it likes. What stands in the places of the files
 * is closed only if the number of files and the places behind them say that these are the places.
 */
#include "guard_files.h"

#include <string.h>
#include <unistd.h>

#include "guard_msg.h"

void
guard_files_close(const void *msg)
{
	struct guard_msg copy;
	int i;

	memcpy(&copy, msg, sizeof(copy));
	for (i = 0; guard_msg_has_shape(&copy) && i < copy.nb_fds; i++)
		close(copy.fd[i]);
}
