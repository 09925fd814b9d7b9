/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: requests, the server, its name in the file system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu_ctl.h"

/* The verbs are the library's; their card is one that cannot be made here. */
static int
no_card(struct emu_ctl_call *call, bool make)
{
	return make ? -ENODEV : 0;
}

#define RIVALS 6

static const struct emu_ctl_owner owner = { .card = no_card };
static struct emu_conf conf;
static const struct emu_ctl_attr attr = { .conf = &conf, .owner = &owner };
static char dir[] = "/tmp/emu-ctl-test-XXXXXX";

static int
make_dir(void **state)
{
	assert_non_null(mkdtemp(dir));
	emu_conf_init(&conf);
	snprintf(conf.control, sizeof(conf.control), "%s/sock", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	return rmdir(dir); /* fails if a test left something */
}

static void
test_answer(void **state)
{
	/* line, error (NULL: ok) */
	static const char *const rows[][2] = {
		{ "{\"verb\":\"help\"}", NULL },
		{ "{\"verb\":\"help\",\"args\":[]}", NULL },
		{ "{\"verb\":\"status\"}", NULL },
		{ "{\"verb\":\"config\"}", NULL },
		{ "", "not JSON: " },
		{ "{\"verb\":\"help\"", "not JSON: " },
		{ "[]", "no \"verb\" in the request" },
		{ "{\"verb\":3}", "no \"verb\" in the request" },
		{ "{\"verb\":\"nix\"}", "unknown verb 'nix', see 'help'" },
		{ "{\"verb\":\"help\",\"args\":[\"x\"]}", "usage: help" },
		{ "{\"verb\":\"help\",\"args\":{}}", "usage: help" },
		{ "{\"verb\":\"stats\",\"args\":[\"0\",\"1\"]}", "usage: stats [FUNC]" },
		{ "{\"verb\":\"stats\",\"args\":[0]}", "argument 1 is not a text" },
		{ "{\"verb\":\"stats\",\"args\":[\"0\"]}", "no card: No such device" },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		json_t *reply = emu_ctl_answer(&attr, rows[i][0], 0);
		const char *error = json_string_value(json_object_get(reply, "error"));

		assert_int_equal(json_is_true(json_object_get(reply, "ok")), rows[i][1] == NULL);
		if (rows[i][1] != NULL) {
			assert_non_null(error);
			assert_memory_equal(error, rows[i][1], strlen(rows[i][1]));
		}
		json_decref(reply);
	}
}

static int
dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, conf.control);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* Reads up to the end of a line or of the connection. */
static size_t
read_line(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len + 1 < size && read(fd, buf + len, 1) == 1 && buf[len++] != '\n')
		;
	buf[len] = '\0';
	return len;
}

static void
test_server(void **state)
{
	static const char two[] = "{\"verb\":\"help\"}\n{\"verb\":\"nix\"}\n{\"ve";
	char buf[16384];
	struct stat st;
	int fd, other;

	assert_int_equal(emu_ctl_start(&attr), 0);
	assert_int_equal(lstat(conf.control, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	fd = dial();
	other = dial();
	assert_int_equal(write(fd, two, strlen(two)), strlen(two));
	assert_true(read_line(fd, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "\"ok\":true"));
	assert_true(read_line(fd, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "unknown verb 'nix'"));
	assert_int_equal(write(other, two, 16), 16); /* one who is slow holds nobody up */
	assert_true(read_line(other, buf, sizeof(buf)) > 0);
	assert_int_equal(write(fd, "rb\":\"help\"}\n", 12), 12);
	assert_true(read_line(fd, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "\"ok\":true"));
	close(other);
	emu_ctl_stop();
	assert_int_equal(read_line(fd, buf, sizeof(buf)), 0);
	close(fd);
	assert_int_equal(lstat(conf.control, &st), -1);
	emu_ctl_stop(); /* a second time does nothing */
}

static void
test_too_long(void **state)
{
	char *junk = malloc(EMU_CTL_LINE), buf[256];
	int fd;

	memset(junk, 'x', EMU_CTL_LINE);
	assert_int_equal(emu_ctl_start(&attr), 0);
	fd = dial();
	assert_int_equal(send(fd, junk, EMU_CTL_LINE, MSG_NOSIGNAL), EMU_CTL_LINE);
	assert_true(read_line(fd, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "too long"));
	assert_int_equal(read_line(fd, buf, sizeof(buf)), 0);
	close(fd);
	emu_ctl_stop();
	free(junk);
}

static void
test_too_many(void **state)
{
	int fds[17], i;
	char buf[256];

	assert_int_equal(emu_ctl_start(&attr), 0);
	for (i = 0; i < 17; i++)
		fds[i] = dial();
	assert_true(read_line(fds[16], buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "too many"));
	close(fds[0]);
	/* the place is free as soon as the server has read the end of file */
	do {
		close(fds[16]);
		fds[16] = dial();
		assert_int_equal(write(fds[16], "{\"verb\":\"nix\"}\n", 15), 15);
		assert_true(read_line(fds[16], buf, sizeof(buf)) > 0);
	} while (strstr(buf, "too many") != NULL);
	for (i = 1; i < 17; i++)
		close(fds[i]);
	emu_ctl_stop();
}

/* A process that died without a word leaves its socket; the next one takes the name. */
static void
test_stale(void **state)
{
	struct stat st;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(emu_ctl_start(&attr) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(lstat(conf.control, &st), 0);
	assert_int_equal(emu_ctl_start(&attr), 0);
	close(dial());
	emu_ctl_stop();
	assert_int_equal(lstat(conf.control, &st), -1);
}

static void
test_taken(void **state)
{
	struct stat st;
	int status, fd;
	pid_t pid;

	assert_int_equal(emu_ctl_start(&attr), 0);
	pid = fork();
	if (pid == 0) {
		emu_ctl_forget(); /* as the assembly does in a child */
		_exit(emu_ctl_start(&attr) == -EADDRINUSE ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(dial()); /* still there */
	emu_ctl_stop();
	fd = open(conf.control, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(emu_ctl_start(&attr), -EEXIST);
	assert_int_equal(lstat(conf.control, &st), 0); /* not ours to remove */
	unlink(conf.control);
}

/* Somebody put another file there: it is not removed at the end. */
static void
test_replaced(void **state)
{
	struct stat st;

	assert_int_equal(emu_ctl_start(&attr), 0);
	assert_int_equal(unlink(conf.control), 0);
	close(open(conf.control, O_CREAT | O_WRONLY, 0600));
	emu_ctl_stop();
	assert_int_equal(lstat(conf.control, &st), 0);
	unlink(conf.control);
}

/* Root may open any socket; the server looks at who it is. */
/* One of many: waits for the end of @p go, tries the name, and keeps it to the end of @p end. */
static void
rival(int go, int result, int end)
{
	char verdict, none;

	(void)!read(go, &none, 1);
	verdict = emu_ctl_start(&attr) == 0 ? 'y' : 'n';
	(void)!write(result, &verdict, 1);
	(void)!read(end, &none, 1);
	emu_ctl_stop();
	_exit(0);
}

static void
leave_stale(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, conf.control);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

/* Cards that start at the same moment, with the name of a dead one: one gets it. */
static void
one_of_rivals(void)
{
	int go[2], result[2], end[2], i, got = 0;
	char verdict;

	leave_stale();
	assert_int_equal(pipe(go) | pipe(result) | pipe(end), 0);
	for (i = 0; i < RIVALS; i++) {
		if (fork() == 0) {
			close(go[1]);
			close(end[1]);
			rival(go[0], result[1], end[0]);
		}
	}
	close(go[1]);
	for (i = 0; i < RIVALS; i++) {
		assert_int_equal(read(result[0], &verdict, 1), 1);
		got += verdict == 'y';
	}
	close(end[1]);
	for (i = 0; i < RIVALS; i++)
		assert_true(wait(NULL) > 0);
	close(go[0]);
	close(end[0]);
	close(result[0]);
	close(result[1]);
	assert_int_equal(got, 1);
	assert_int_equal(access(conf.control, F_OK), -1);
}

static void
test_rivals(void **state)
{
	int i;

	for (i = 0; i < 25; i++)
		one_of_rivals();
}

static void
test_other_user(void **state)
{
	char buf[256];
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(emu_ctl_start(&attr), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(conf.control, 0666), 0);
	pid = fork();
	if (pid == 0) {
		emu_ctl_forget();
		if (setuid(65534) != 0)
			_exit(2);
		read_line(dial(), buf, sizeof(buf));
		_exit(strstr(buf, "not your card") != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	emu_ctl_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_rivals),
		cmocka_unit_test(test_other_user),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
