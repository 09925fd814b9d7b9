/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading lines, and commands in words without numbers of the run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prm_cmd.h"
#include "prm_field.h"
#include "trace_hex.h"

static char file[] = "/tmp/trace-test-XXXXXX";
static struct trace trace;
static struct trace_texts texts;

static int
make_file(void **state)
{
	int fd;

	strcpy(strrchr(file, '-') + 1, "XXXXXX");
	fd = mkstemp(file);
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int
remove_file(void **state)
{
	trace_texts_free(&texts);
	trace_free(&trace);
	return unlink(file);
}

static int
read_text(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	trace_free(&trace);
	return trace_read(file, &trace);
}

static void
test_read(void **state)
{
	const struct trace_event *event;

	assert_int_equal(0, read_text(""));
	assert_int_equal(0, trace.nb);
	assert_int_equal(0,
			read_text("{\"kind\":\"call\",\"start_ns\":9,\"tid\":5,\"file\":\"f\","
				  "\"object\":\"O\",\"method\":\"M\",\"duration_ns\":7}\n"
				  "{\"kind\":\"command\",\"start_ns\":3,\"tid\":4,\"function\":2,"
				  "\"context\":1,\"command\":\"CREATE_CQ\",\"object\":\"CQ\","
				  "\"id\":128,\"status\":\"NO_RES\",\"errno\":121,"
				  "\"duration_ns\":6,\"wait_ns\":5,\"in\":\"0aFF\",\"out\":\"01\"}\n"
				  "{\"kind\":\"call\",\"sta"));
	assert_int_equal(2, trace.nb);
	event = &trace.events[0]; /* in order of the starts */
	assert_true(event->is_command);
	assert_string_equal("CREATE_CQ", event->name);
	assert_int_equal(2, event->function);
	assert_int_equal(128, event->id);
	assert_int_equal(-1, event->queue);
	assert_int_equal(121, event->error);
	assert_int_equal(5, event->wait_ns);
	assert_null(event->in); /* capitals are not ours */
	assert_int_equal(1, event->outlen);
	assert_int_equal(1, event->out[0]);
	assert_string_equal("O/M", trace.events[1].name);
	assert_int_equal(7, trace.events[1].duration_ns);
}

static void
test_not_a_trace(void **state)
{
	assert_int_equal(-EINVAL, read_text("12.5 call tid=1\n"));
	assert_int_equal(-EINVAL, read_text("{}\n"));
	assert_int_equal(-EINVAL, read_text("{\"kind\":\"party\"}\n"));
	assert_int_equal(-EINVAL, read_text("[1]\n"));
	assert_int_equal(-ENOENT, trace_read("/no/such/file", &trace));
}

/* Appends a command with its dump. */
static void
line(FILE *out, const char *name, const char *object, uint32_t id, const uint8_t *in, size_t len)
{
	static uint64_t start;
	size_t i;

	fprintf(out,
			"{\"kind\":\"command\",\"start_ns\":%llu,\"command\":\"%s\",\"object\":\"%s\","
			"\"id\":%u,\"status\":\"OK\",\"in\":\"",
			(unsigned long long)++start, name, object, id);
	for (i = 0; i < len; i++)
		fprintf(out, "%02x", in[i]);
	fputs("\"}\n", out);
}

/* A run that makes CQs until one has this number, then a QP on the last one. */
static void
write_run(uint32_t first, uint32_t pd)
{
	uint8_t cq[PRM_SIZE(create_cq_in)] = { 0 }, qp[272] = { 0 }, alloc[16] = { 0 };
	uint8_t *qpc = PRM_PTR(create_qp_in, qp, qpc);
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	PRM_SET(cmd_in, alloc, opcode, PRM_OP_ALLOC_PD);
	line(out, "ALLOC_PD", "PD", pd, alloc, sizeof(alloc));
	PRM_SET(cmd_in, cq, opcode, PRM_OP_CREATE_CQ);
	line(out, "CREATE_CQ", "CQ", first, cq, sizeof(cq));
	line(out, "CREATE_CQ", "CQ", first + 7, cq, sizeof(cq));
	PRM_SET(cmd_in, qp, opcode, PRM_OP_CREATE_QP);
	PRM_SET(qpc, qpc, cqn_rcv, first + 7);
	PRM_SET(qpc, qpc, pd, pd);
	PRM_SET(qpc, qpc, cqn_snd, 0x999);
	line(out, "CREATE_QP", "QP", 1, qp, sizeof(qp));
	fclose(out);
	trace_texts_free(&texts);
	trace_free(&trace);
	assert_int_equal(0, trace_read(file, &trace));
	assert_int_equal(0, trace_texts_make(&trace, &texts));
}

static void
test_numbers_become_names(void **state)
{
	char *head, *body;

	write_run(0x80, 1);
	assert_int_equal(4, texts.nb);
	assert_string_equal("ALLOC_PD PD#1", texts.words[0].head);
	assert_string_equal("CREATE_CQ CQ#2", texts.words[2].head);
	assert_string_equal("CREATE_QP QP#1", texts.words[3].head);
	assert_non_null(strstr(texts.words[3].body, "qpc.cqn_rcv = CQ#2\n"));
	assert_non_null(strstr(texts.words[3].body, "qpc.pd = PD#1\n"));
	assert_non_null(strstr(texts.words[3].body, "qpc.cqn_snd = 0x999\n")); /* unknown */
	head = strdup(texts.words[3].head);
	body = strdup(texts.words[3].body);
	write_run(0x333, 17); /* another run says the same */
	assert_string_equal(head, texts.words[3].head);
	assert_string_equal(body, texts.words[3].body);
	free(head);
	free(body);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_file, remove_file)
	const struct CMUnitTest tests[] = {
		T(test_read),
		T(test_not_a_trace),
		T(test_numbers_become_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
