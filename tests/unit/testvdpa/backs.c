/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "backs.h"

static char dir[40];
static struct sockaddr_un addr[BACKS_NB];
static int fds[BACKS_NB];
static struct fake_back *backs[BACKS_NB];

void
backs_begin(void)
{
	strcpy(dir, "/tmp/testvdpa-backs.XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (unsigned int i = 0; i < BACKS_NB; i++) {
		addr[i].sun_family = AF_UNIX;
		snprintf(addr[i].sun_path, sizeof(addr[i].sun_path), "%s/%u", dir, i);
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(fds[i], (struct sockaddr *)&addr[i], sizeof(addr[i])), 0);
		assert_int_equal(listen(fds[i], 1), 0);
	}
}

const char *
backs_path(unsigned int at)
{
	return addr[at].sun_path;
}

void
backs_serve(unsigned int at, struct fake_back_attr attr)
{
	if (backs[at] != NULL)
		fake_back_stop(backs[at]);
	attr.fd = -1;
	attr.listen_fd = fds[at];
	backs[at] = fake_back_start(&attr);
}

int
backs_end(void)
{
	for (unsigned int i = 0; i < BACKS_NB; i++) {
		if (backs[i] != NULL)
			fake_back_stop(backs[i]);
		backs[i] = NULL;
		close(fds[i]);
		unlink(addr[i].sun_path);
	}
	return rmdir(dir);
}
