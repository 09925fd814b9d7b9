/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths that are fit for a socket, and each reason why one is not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "port_socket.h"

/** A directory of the test's own and what was logged last. */
struct fixture {
	char dir[64];
	char path[100];
	char said[512];
	unsigned int nb_said;
	struct base_log log;
};

static void
fixture_write(void *arg, enum base_log_level level, const char *msg)
{
	struct fixture *f = arg;

	snprintf(f->said, sizeof(f->said), "%s", msg);
	f->nb_said++;
}

static int
fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	strcpy(f->dir, "/tmp/test_port_socket.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/s", f->dir);
	f->log = (struct base_log){ .level = BASE_LOG_DEBUG, .write = fixture_write, .arg = f };
	*state = f;
	return 0;
}

static int
fixture_teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static int
listen_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	strcpy(un.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void
test_fit(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(port_socket_check(f->path, PORT_SERVER, &f->log), 0);
	assert_int_equal(port_socket_check(f->path, PORT_CLIENT, &f->log), 0);
	assert_int_equal(port_socket_check("relative", PORT_SERVER, &f->log), 0);
	assert_int_equal(port_socket_check("/at-root", PORT_CLIENT, &f->log), 0);
	assert_int_equal(f->nb_said, 0);
}

static void
test_length(void **state)
{
	struct fixture *f = *state;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(port_socket_check(path, PORT_SERVER, &f->log), -ENAMETOOLONG);
	assert_non_null(strstr(f->said, "108 characters, at most 107"));
	path[sizeof(path) - 2] = '\0';
	assert_int_equal(port_socket_check(path, PORT_SERVER, &f->log), 0);
	assert_int_equal(port_socket_check("", PORT_CLIENT, &f->log), -EINVAL);
	assert_int_equal(f->nb_said, 2);
}

static void
test_directory(void **state)
{
	struct fixture *f = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/missing/s", f->dir);
	assert_int_equal(port_socket_check(path, PORT_CLIENT, &f->log), -ENOENT);
	assert_non_null(strstr(f->said, "/missing: No such file"));
	close(open(f->path, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof(path), "%s/s", f->path);
	assert_int_equal(port_socket_check(path, PORT_SERVER, &f->log), -ENOTDIR);
}

static void
test_occupied(void **state)
{
	struct fixture *f = *state;
	int fd;

	close(open(f->path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(port_socket_check(f->path, PORT_SERVER, &f->log), -EEXIST);
	assert_int_equal(access(f->path, F_OK), 0);
	unlink(f->path);

	fd = listen_at(f->path);
	assert_int_equal(port_socket_check(f->path, PORT_SERVER, &f->log), -EADDRINUSE);
	assert_int_equal(port_socket_check(f->path, PORT_CLIENT, &f->log), 0);
	assert_int_equal(access(f->path, F_OK), 0);

	close(fd); /* now the socket is dead, as after a kill */
	assert_int_equal(port_socket_check(f->path, PORT_SERVER, &f->log), 0);
	assert_int_equal(access(f->path, F_OK), -1);
	assert_int_equal(f->nb_said, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fit, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_length, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_directory, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_occupied, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
