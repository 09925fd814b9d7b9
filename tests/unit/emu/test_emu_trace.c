/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of the trace, and the file that they go to. */
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
#include <unistd.h>

#include "emu_trace.h"
#include "prm_cmd.h"

static const uint8_t in[] = { 0x0a, 0x01 }, out[] = { 0xff };

static struct fw_trace_command
modify(void)
{
	return (struct fw_trace_command){
		.start_ns = 5000000123,
		.duration_ns = 618290,
		.wait_ns = 600000,
		.func = 1,
		.context = 2,
		.op = { PRM_OP_MODIFY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q },
		.object = "VIRTQ",
		.id = 0x1000,
		.queue = 3,
		.select = PRM_VIRTQ_MOD_STATE | PRM_VIRTQ_MOD_ADDR | 1ull << 40,
		.state = PRM_VIRTQ_RDY,
		.status = PRM_STATUS_NO_RES,
		.syndrome = 0x12,
		.error = EREMOTEIO,
		.fault = "a \"b\" \\ \x01",
		.in = in,
		.out = out,
		.inlen = sizeof(in),
		.outlen = sizeof(out),
	};
}

static void
test_command(void **state)
{
	const struct fw_trace_command command = modify();
	struct fw_trace_command reg_mr = { .start_ns = 1,
		.op = { FW_OP_REG_MR, 0 },
		.queue = -1,
		.state = -1 };
	char text[1024];
	struct emu_trace_line line = { .text = text,
		.size = sizeof(text),
		.json = true,
		.hex = true };

	emu_trace_format_command(&line, &command, 77);
	assert_string_equal(text,
			"{\"kind\":\"command\",\"start_ns\":5000000123,\"tid\":77,\"function\":1,"
			"\"context\":2,\"command\":\"MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q\","
			"\"object\":\"VIRTQ\",\"id\":4096,\"queue\":3,"
			"\"fields\":\"STATE+ADDR+0x10000000000\",\"state\":\"RDY\","
			"\"status\":\"NO_RES\",\"syndrome\":18,\"errno\":121,"
			"\"fault\":\"a \\\"b\\\" \\\\ \\u0001\",\"duration_ns\":618290,"
			"\"wait_ns\":600000,\"in\":\"0a01\",\"out\":\"ff\"}\n");
	assert_int_equal(line.len, strlen(text));
	line.json = line.hex = false;
	emu_trace_format_command(&line, &command, 77);
	assert_string_equal(text,
			"5.000000123 command tid=77 function=1 context=2 "
			"command=MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q object=VIRTQ id=0x1000 queue=3 "
			"fields=STATE+ADDR+0x10000000000 state=RDY status=NO_RES syndrome=0x12 "
			"errno=121 fault=a \"b\" \\ \x01 duration=618.2us wait=600.0us\n");
	line.hex = true;
	emu_trace_format_command(&line, &reg_mr, 1);
	assert_string_equal(text,
			"0.000000001 command tid=1 function=0 context=0 command=REG_MR "
			"status=OK duration=0.0us\n");
}

static void
test_call(void **state)
{
	struct uv_trace_call call = { .start_ns = 7,
		.duration_ns = 1500,
		.file = "uverbs0",
		.object = "DEVICE",
		.method = "INVOKE_WRITE",
		.write = "REG_MR",
		.error = ENOMEM };
	char text[256];
	struct emu_trace_line line = { .text = text, .size = sizeof(text), .json = true };

	emu_trace_format_call(&line, &call, 5);
	assert_string_equal(text,
			"{\"kind\":\"call\",\"start_ns\":7,\"tid\":5,\"file\":\"uverbs0\","
			"\"object\":\"DEVICE\",\"method\":\"INVOKE_WRITE\",\"write\":\"REG_MR\","
			"\"errno\":12,\"duration_ns\":1500}\n");
	call.write = NULL;
	call.error = 0;
	line.json = false;
	emu_trace_format_call(&line, &call, 5);
	assert_string_equal(text,
			"0.000000007 call tid=5 file=uverbs0 object=DEVICE "
			"method=INVOKE_WRITE duration=1.5us\n");
}

static void
test_any_size_will_do(void **state)
{
	const struct fw_trace_command command = modify();
	char whole[1024], text[1024];
	struct emu_trace_line line = { .text = whole,
		.size = sizeof(whole),
		.json = true,
		.hex = true };
	size_t size, len;

	emu_trace_format_command(&line, &command, 1);
	len = line.len;
	line.text = text;
	for (size = 0; size <= len + 1; size++) {
		memset(text, 0x5a, sizeof(text));
		line.size = size;
		emu_trace_format_command(&line, &command, 1);
		assert_int_equal(line.len, len);
		assert_int_equal(text[size], 0x5a); /* nothing behind the buffer */
	}
	assert_string_equal(text, whole);
}

/* --- the file ------------------------------------------------------------------------------- */

#define NB_THREADS 4u
#define NB_LINES 200u

static void *
write_lines(void *arg)
{
	const struct fw_trace_command command = modify();
	const struct uv_trace_call call = { .file = "f", .object = "o", .method = "m" };
	unsigned int i;

	for (i = 0; i < NB_LINES; i++) {
		emu_trace_commands.command(NULL, &command);
		emu_trace_calls.call(NULL, &call);
	}
	return NULL;
}

static void
test_file(void **state)
{
	struct emu_conf_trace conf = { .format = EMU_TRACE_JSON, .hex = true }, now;
	pthread_t threads[NB_THREADS];
	unsigned int i, nb = 0;
	static char line[65536];
	size_t len;
	FILE *file;

	strcpy(conf.file, "/tmp/emu-trace-test-XXXXXX");
	close(mkstemp(conf.file));
	write_lines(NULL); /* it is off: nowhere */
	assert_int_equal(0, emu_trace_start(&conf));
	assert_int_equal(1, emu_trace_calls.on);
	for (i = 0; i < NB_THREADS; i++)
		assert_int_equal(0, pthread_create(&threads[i], NULL, write_lines, NULL));
	for (i = 0; i < NB_THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(0, emu_trace_state(&now));
	assert_string_equal(conf.file, now.file);
	emu_trace_stop();
	assert_int_equal(0, emu_trace_calls.on);
	write_lines(NULL);
	file = fopen(conf.file, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		json_t *value = json_loads(line, 0, NULL);

		assert_non_null(value);
		json_decref(value);
		len = strlen(line);
		assert_true(len > 0 && line[len - 1] == '\n');
		nb++;
	}
	fclose(file);
	unlink(conf.file);
	assert_int_equal(nb, 2 * NB_THREADS * NB_LINES);
	strcpy(conf.file, "/no/such/dir/file");
	assert_int_equal(-ENOENT, emu_trace_start(&conf));
	assert_int_equal(0, emu_trace_calls.on);
}

static void
test_long_line(void **state)
{
	static uint8_t big[4112];
	struct emu_conf_trace conf = { .format = EMU_TRACE_TEXT, .hex = true };
	struct fw_trace_command command = modify();
	static char text[20000];
	FILE *file;
	size_t len;

	command.out = big;
	command.outlen = sizeof(big);
	strcpy(conf.file, "/tmp/emu-trace-test-XXXXXX");
	close(mkstemp(conf.file));
	assert_int_equal(0, emu_trace_start(&conf));
	emu_trace_commands.command(NULL, &command);
	emu_trace_stop();
	file = fopen(conf.file, "r");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	unlink(conf.file);
	assert_true(len > 2 * sizeof(big));
	assert_int_equal(len, strlen(text));
	assert_int_equal('\n', text[len - 1]);
	assert_non_null(strstr(text, " in=0a01 out=0000"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_any_size_will_do),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
