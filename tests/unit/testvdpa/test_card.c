/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a thread plays the card: it takes one connection after the other, and reads
 * lines. It answers each with what the test has prepared, which may be nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "card.h"

#define WAIT_MS 100u /* for what does not come */

static struct {
	char dir[32], path[64];
	int fd;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows: the socket orders it, which TSan cannot see */
	const char *answer; /* NULL: hangs up; "": says nothing */
	char heard[CARD_WORDS_MAX + 64]; /* the last line */
	unsigned int nb_connections;
} fake = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
fake_say(const char *answer)
{
	pthread_mutex_lock(&fake.lock);
	fake.answer = answer;
	pthread_mutex_unlock(&fake.lock);
}

/* The last line, for the one thread that asks. */
static const char *
fake_heard(void)
{
	static char heard[sizeof(fake.heard)];

	pthread_mutex_lock(&fake.lock);
	memcpy(heard, fake.heard, sizeof(heard));
	pthread_mutex_unlock(&fake.lock);
	return heard;
}

static unsigned int
fake_connections(void)
{
	unsigned int nb;

	pthread_mutex_lock(&fake.lock);
	nb = fake.nb_connections;
	pthread_mutex_unlock(&fake.lock);
	return nb;
}

/* Takes a line; @return the answer. */
static const char *
fake_take(const char *line)
{
	const char *answer;

	pthread_mutex_lock(&fake.lock);
	snprintf(fake.heard, sizeof(fake.heard), "%s", line);
	answer = fake.answer;
	pthread_mutex_unlock(&fake.lock);
	return answer;
}

static void
fake_serve(int fd)
{
	FILE *in = fdopen(fd, "r+");
	char line[sizeof(fake.heard)];
	const char *answer;

	assert_non_null(in);
	while (fgets(line, sizeof(line), in) != NULL) {
		answer = fake_take(line);
		if (answer == NULL || send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	fclose(in);
}

static void *
fake_main(void *arg)
{
	int fd;

	while ((fd = accept(fake.fd, NULL, NULL)) >= 0) {
		pthread_mutex_lock(&fake.lock);
		fake.nb_connections++;
		pthread_mutex_unlock(&fake.lock);
		fake_serve(fd);
	}
	return NULL;
}

static int
set_up(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct card *card;

	fake.answer = NULL;
	fake.heard[0] = '\0';
	fake.nb_connections = 0;
	strcpy(fake.dir, "/tmp/test-card-XXXXXX");
	assert_non_null(mkdtemp(fake.dir));
	snprintf(fake.path, sizeof(fake.path), "%s/socket", fake.dir);
	memcpy(addr.sun_path, fake.path, strlen(fake.path) + 1);
	fake.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(0, bind(fake.fd, (struct sockaddr *)&addr, sizeof(addr)));
	assert_int_equal(0, listen(fake.fd, 4));
	assert_int_equal(0, pthread_create(&fake.thread, NULL, fake_main, NULL));
	assert_int_equal(0, card_create(fake.path, WAIT_MS, &card));
	assert_string_equal(fake.path, card_path(card));
	*state = card;
	return 0;
}

static int
tear_down(void **state)
{
	card_destroy(*state);
	shutdown(fake.fd, SHUT_RDWR);
	pthread_join(fake.thread, NULL);
	close(fake.fd);
	unlink(fake.path);
	rmdir(fake.dir);
	return 0;
}

static void
test_ask(void **state)
{
	struct card_error error;
	json_t *reply;

	fake_say("{\"ok\": true, \"nb\": 7}\n");
	assert_int_equal(0, card_ask(*state, "wire  set 0 loss=0.1", &reply, &error));
	assert_int_equal(7, json_integer_value(json_object_get(reply, "nb")));
	json_decref(reply);
	assert_string_equal("", error.text);
	assert_string_equal("{\"verb\":\"wire\",\"args\":[\"set\",\"0\",\"loss=0.1\"]}\n",
			fake_heard());
	assert_int_equal(0, card_tell(*state, &error, "link %u down", 3));
	assert_string_equal("{\"verb\":\"link\",\"args\":[\"3\",\"down\"]}\n", fake_heard());
	assert_int_equal(1, fake_connections());
}

static void
test_refusal(void **state)
{
	struct card_error error;
	json_t *reply;

	fake_say("{\"ok\": false, \"error\": \"no verb 'dance'\"}\n");
	assert_int_equal(-EREMOTEIO, card_ask(*state, "dance", &reply, &error));
	assert_null(reply);
	assert_string_equal("the card refuses 'dance': no verb 'dance'", error.text);
	fake_say("{\"ok\": true}\n");
	assert_int_equal(0, card_tell(*state, &error, "help"));
	assert_int_equal(1, fake_connections()); /* a refusal is an answer */
}

/* After each kind of trouble the next question gets an answer of its own, on a new connection. */
static void
test_trouble(void **state)
{
	static const struct {
		const char *answer;
		int ret;
		const char *text;
	} rows[] = {
		{ "", -ETIMEDOUT, "Connection timed out" },
		{ "{\"ok\": true", -ETIMEDOUT, "Connection timed out" },
		{ "hello\n", -EPROTO, "Protocol error" },
		{ "[]\n", -EPROTO, "Protocol error" },
		{ NULL, -ECONNRESET, "Connection reset by peer" },
	};
	struct card_error error;
	json_t *reply;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_say(rows[i].answer);
		assert_int_equal(rows[i].ret, card_ask(*state, "status", &reply, &error));
		assert_non_null(strstr(error.text, "asked 'status'"));
		assert_non_null(strstr(error.text, rows[i].text));
		fake_say("{\"ok\": true}\n");
		assert_int_equal(0, card_tell(*state, &error, "status"));
		assert_int_equal(2 + i, fake_connections());
	}
	fake_say("{}\n");
	assert_int_equal(-EPROTO, card_ask(*state, "status", &reply, &error));
	assert_non_null(strstr(error.text, "not answered by a card"));
}

static void
test_bad_questions(void **state)
{
	char words[CARD_WORDS_MAX + 1];
	struct card_error error;
	struct card *other;
	json_t *reply;

	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	assert_int_equal(-EINVAL, card_ask(*state, words, &reply, &error));
	assert_int_equal(-EINVAL, card_ask(*state, "  ", &reply, &error));
	assert_int_equal(-EINVAL, card_tell(*state, &error, "%s", words));
	assert_int_equal(0, fake_connections());
	words[200] = '\0';
	assert_int_equal(-ENAMETOOLONG, card_create(words, WAIT_MS, &other));
	assert_int_equal(0, card_create("/nonexistent/socket", WAIT_MS, &other));
	assert_int_equal(-ENOENT, card_tell(other, &error, "status"));
	assert_non_null(strstr(error.text, "/nonexistent/socket"));
	card_destroy(other);
	card_destroy(NULL);
}

/* An answer in more pieces than one, longer than what is read at once. */
static void
test_long_answer(void **state)
{
	char *answer = malloc(40003);
	struct card_error error;
	json_t *reply;

	memset(answer, ' ', 40000);
	memcpy(answer, "{\"ok\": true", 11);
	strcpy(answer + 40000, "}\n");
	fake_say(answer);
	assert_int_equal(0, card_ask(*state, "trace", &reply, &error));
	json_decref(reply);
	free(answer);
}

static void
test_function(void **state)
{
	struct card_error error;
	unsigned int function = 9;

	fake_say("{\"ok\": true, \"functions\": [{\"function\": 0, \"pci\": \"0000:01:00.0\"},"
		 "{\"function\": 1, \"pci\": \"0000:01:00.2\"},"
		 "{\"function\": 2, \"pci\": \"0000:01:00.0\","
		 " \"auxiliary\": \"mlx5_core.sf.4\"}]}\n");
	assert_int_equal(0, card_function(*state, "0000:01:00.2", &function, &error));
	assert_int_equal(1, function);
	assert_int_equal(0, card_function(*state, "mlx5_core.sf.4", &function, &error));
	assert_int_equal(2, function);
	assert_int_equal(-ENODEV, card_function(*state, "0000:01:00.3", &function, &error));
	assert_non_null(strstr(error.text, "has no function 0000:01:00.3"));
}

static void
test_fired(void **state)
{
	struct card_error error;
	uint64_t fired = 0;

	fake_say("{\"ok\": true, \"faults\": [{\"id\": \"a\", \"fired\": 1},"
		 "{\"id\": \"b\", \"fired\": 22}]}\n");
	assert_int_equal(0, card_fired(*state, "b", &fired, &error));
	assert_int_equal(22, fired);
	assert_int_equal(-ENOENT, card_fired(*state, "c", &fired, &error));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_ask),
		T(test_refusal),
		T(test_trouble),
		T(test_bad_questions),
		T(test_long_answer),
		T(test_function),
		T(test_fired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
