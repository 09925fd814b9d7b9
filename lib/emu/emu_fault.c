/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the action is read first, because it says what the other keys mean and what
 * holds where they are missing; then key by key, and at last the rule as a whole (fw_fault_check).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "emu_conf_topics.h"
#include "emu_fault.h"
#include "emu_time.h"
#include "prm_cmd.h"

#define EMU_FAULT_MAX_NS 3600000000000ull /* an hour */
#define EMU_FAULT_MAX_NB 65535u

static const char *const emu_fault_errors[] = { "none", "bad-descriptor", "chain-too-long",
	"invalid-buffer", "ring-access", "available-index" };
_Static_assert(BASE_ARRAY_SIZE(emu_fault_errors) == VNET_ERR_AVAIL_INDEX + 1, "one name each");

static int
emu_fault_action(struct emu_json *at, const json_t *value, enum fw_fault_action *action)
{
	const char *names[FW_FAULT_NB_ACTIONS];
	unsigned int i;
	int ret;

	for (i = 0; i < FW_FAULT_NB_ACTIONS; i++)
		names[i] = fw_fault_action_name((enum fw_fault_action)i);
	ret = emu_json_enum(at, value, names, FW_FAULT_NB_ACTIONS, &i);
	if (ret == 0)
		*action = (enum fw_fault_action)i;
	return ret;
}

static int
emu_fault_seen(struct emu_json *at, const json_t *value, void *arg)
{
	return 0;
}

static int
emu_fault_id(struct emu_json *at, const json_t *value, void *arg)
{
	struct fw_fault *rule = arg;

	return emu_json_text(at, value, rule->id, sizeof(rule->id));
}

/* A number, or "any". */
static int
emu_fault_number(struct emu_json *at, const json_t *value, uint64_t max, int32_t *out)
{
	const char *text = json_string_value(value);
	uint64_t nb;
	int ret;

	if (text != NULL && strcmp(text, "any") == 0) {
		*out = FW_FAULT_ANY;
		return 0;
	}
	ret = emu_json_u64(at, value, 0, max, &nb);
	if (ret == 0)
		*out = (int32_t)nb;
	return ret;
}

static int
emu_fault_function(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_fault_number(at, value, SEAM_MAX_FUNCS - 1, &((struct fw_fault *)arg)->func);
}

static int
emu_fault_queue(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_fault_number(at, value, UINT16_MAX, &((struct fw_fault *)arg)->queue);
}

static int
emu_fault_command(struct emu_json *at, const json_t *value, void *arg)
{
	struct fw_fault *rule = arg;
	const char *text = json_string_value(value);

	if (text != NULL && strcmp(text, "any") == 0) {
		rule->op = (struct fw_op){ 0, 0 };
		return 0;
	}
	if (text == NULL || fw_op_parse(text, &rule->op) != 0)
		return emu_json_bad(at, value,
				"\"any\" or a command's name as \"CREATE_CQ\", \"REG_MR\", "
				"\"MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q\"");
	return 0;
}

static int
emu_fault_event(struct emu_json *at, const json_t *value, void *arg)
{
	const char *names[FW_FAULT_NB_EVENTS - 1];
	struct fw_fault *rule = arg;
	unsigned int i;
	int ret;

	for (i = 1; i < FW_FAULT_NB_EVENTS; i++)
		names[i - 1] = fw_fault_event_name((enum fw_fault_event)i);
	ret = emu_json_enum(at, value, names, BASE_ARRAY_SIZE(names), &i);
	if (ret == 0)
		rule->event = (enum fw_fault_event)(i + 1);
	return ret;
}

static int
emu_fault_nth(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_json_u64(at, value, 1, INT64_MAX, &((struct fw_fault *)arg)->nth);
}

static int
emu_fault_count(struct emu_json *at, const json_t *value, void *arg)
{
	struct fw_fault *rule = arg;
	const char *text = json_string_value(value);

	rule->count = 0;
	if (text != NULL && strcmp(text, "forever") == 0)
		return 0;
	if (json_is_string(value))
		return emu_json_bad(at, value, "a number from 1, or \"forever\"");
	return emu_json_u64(at, value, 1, INT64_MAX, &rule->count);
}

static int
emu_fault_status(struct emu_json *at, const json_t *value, void *arg)
{
	struct fw_fault *rule = arg;
	const char *text = json_string_value(value), *none = prm_status_name(0xff);
	uint64_t status;
	unsigned int i;
	int ret;

	for (i = 1; text != NULL && i <= UINT8_MAX; i++) {
		if (strcmp(prm_status_name((uint8_t)i), none) != 0 &&
				strcmp(prm_status_name((uint8_t)i), text) == 0) {
			rule->status = (uint8_t)i;
			return 0;
		}
	}
	if (text != NULL)
		return emu_json_bad(at, value,
				"a PRM status as \"NO_RES\" or a number from 1 to 255");
	ret = emu_json_u64(at, value, 1, UINT8_MAX, &status);
	if (ret == 0)
		rule->status = (uint8_t)status;
	return ret;
}

static int
emu_fault_syndrome(struct emu_json *at, const json_t *value, void *arg)
{
	uint64_t syndrome;
	int ret = emu_json_u64(at, value, 0, UINT32_MAX, &syndrome);

	if (ret == 0)
		((struct fw_fault *)arg)->syndrome = (uint32_t)syndrome;
	return ret;
}

static int
emu_fault_delay(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_time_read(at, value, EMU_FAULT_MAX_NS, &((struct fw_fault *)arg)->delay_ns);
}

static int
emu_fault_nb(struct emu_json *at, const json_t *value, void *arg)
{
	uint64_t nb;
	int ret = emu_json_u64(at, value, 1, EMU_FAULT_MAX_NB, &nb);

	if (ret == 0)
		((struct fw_fault *)arg)->nb = (uint32_t)nb;
	return ret;
}

static int
emu_fault_index(struct emu_json *at, const json_t *value, uint16_t *index)
{
	uint64_t nb;
	int ret = emu_json_u64(at, value, 0, UINT16_MAX, &nb);

	if (ret == 0)
		*index = (uint16_t)nb;
	return ret;
}

/* Which pages a dirty log forgets. */
static int
emu_fault_part(struct emu_json *at, const json_t *value, void *arg)
{
	static const char *const names[] = { "payload", "used" };
	unsigned int i;
	int ret = emu_json_enum(at, value, names, BASE_ARRAY_SIZE(names), &i);

	if (ret == 0)
		((struct fw_fault *)arg)->event = i == 0 ? FW_FAULT_EVENT_DIRTY_PAYLOAD :
							   FW_FAULT_EVENT_DIRTY_RING;
	return ret;
}

static int
emu_fault_avail(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_fault_index(at, value, &((struct fw_fault *)arg)->avail);
}

static int
emu_fault_used(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_fault_index(at, value, &((struct fw_fault *)arg)->used);
}

int
emu_fault_error(struct emu_json *at, const json_t *value, enum vnet_error *error)
{
	unsigned int i;
	uint64_t nb;
	int ret;

	if (json_is_integer(value)) {
		ret = emu_json_u64(at, value, 1, VNET_ERR_AVAIL_INDEX, &nb);
		i = (unsigned int)nb;
	} else {
		ret = emu_json_enum(at, value, emu_fault_errors + 1,
				BASE_ARRAY_SIZE(emu_fault_errors) - 1, &i);
		i++;
	}
	if (ret == 0)
		*error = (enum vnet_error)i;
	return ret;
}

static int
emu_fault_error_key(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_fault_error(at, value, &((struct fw_fault *)arg)->error);
}

int
emu_fault_read(struct emu_json *at, const json_t *value, struct fw_fault *rule)
{
	static const struct emu_json_key keys[] = {
		{ "id", emu_fault_id },
		{ "action", emu_fault_seen },
		{ "function", emu_fault_function },
		{ "queue", emu_fault_queue },
		{ "command", emu_fault_command },
		{ "event", emu_fault_event },
		{ "nth", emu_fault_nth },
		{ "count", emu_fault_count },
		{ "status", emu_fault_status },
		{ "syndrome", emu_fault_syndrome },
		{ "delay", emu_fault_delay },
		{ "chains", emu_fault_nb },
		{ "times", emu_fault_nb },
		{ "available_index", emu_fault_avail },
		{ "used_index", emu_fault_used },
		{ "part", emu_fault_part },
		{ "error", emu_fault_error_key },
		/* what emu_fault_show() says besides */
		{ "matched", emu_fault_seen },
		{ "fired", emu_fault_seen },
	};
	const json_t *action = json_object_get(value, "action");
	enum fw_fault_action what = FW_FAULT_FAIL;
	size_t mark = emu_json_enter(at, "action", 0);
	int ret = action != NULL ? emu_fault_action(at, action, &what) : 0;

	emu_json_leave(at, mark);
	if (ret != 0)
		return ret;
	fw_fault_init(rule, what);
	return emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), rule);
}

/* --- showing -------------------------------------------------------------------------------- */

static json_t *
emu_fault_show_any(int32_t number)
{
	return number == FW_FAULT_ANY ? json_string("any") : json_integer(number);
}

static json_t *
emu_fault_show_command(const struct fw_op *op)
{
	const char *type = fw_op_type_name(op->obj_type);

	if (op->opcode == 0)
		return json_string("any");
	return json_sprintf("%s%s%s", fw_op_name(op->opcode), type != NULL ? "/" : "",
			type != NULL ? type : "");
}

/* What only some actions have. */
static void
emu_fault_show_more(const struct fw_fault *rule, json_t *one)
{
	switch (rule->action) {
	case FW_FAULT_FAIL:
	case FW_FAULT_FAIL_AFTER:
		json_object_set_new(one, "status", json_integer(rule->status));
		json_object_set_new(one, "syndrome", json_integer(rule->syndrome));
		break;
	case FW_FAULT_QUEUE_ERROR:
		json_object_set_new(one, "error", json_string(emu_fault_errors[rule->error]));
		break;
	case FW_FAULT_STOP_EARLY:
		json_object_set_new(one, "chains", json_integer(rule->nb));
		break;
	case FW_FAULT_EVENT_REPEAT:
		json_object_set_new(one, "times", json_integer(rule->nb));
		break;
	case FW_FAULT_BAD_INDICES:
		json_object_set_new(one, "available_index", json_integer(rule->avail));
		json_object_set_new(one, "used_index", json_integer(rule->used));
		break;
	case FW_FAULT_MISS_DIRTY:
		json_object_set_new(one, "part",
				json_string(rule->event == FW_FAULT_EVENT_DIRTY_RING ? "used" :
										       "payload"));
		break;
	default:
		break;
	}
}

json_t *
emu_fault_show(const struct fw_fault *rule)
{
	json_t *one = json_pack("{s:s, s:s, s:o, s:o}", "id", rule->id, "action",
			fw_fault_action_name(rule->action), "function",
			emu_fault_show_any(rule->func), "queue", emu_fault_show_any(rule->queue));

	if (one == NULL)
		return NULL;
	if (fw_fault_on_events(rule->action))
		json_object_set_new(one, "event", json_string(fw_fault_event_name(rule->event)));
	else if (fw_fault_lie(rule->action) == VNET_LIE_NONE)
		json_object_set_new(one, "command", emu_fault_show_command(&rule->op));
	json_object_set_new(one, "nth", json_integer((json_int_t)rule->nth));
	json_object_set_new(one, "count",
			rule->count == 0 ? json_string("forever") :
					   json_integer((json_int_t)rule->count));
	json_object_set_new(one, "delay", emu_time_show(rule->delay_ns));
	emu_fault_show_more(rule, one);
	json_object_set_new(one, "matched", json_integer((json_int_t)rule->matched));
	json_object_set_new(one, "fired", json_integer((json_int_t)rule->fired));
	return one;
}

/* --- the configuration ---------------------------------------------------------------------- */

static int
emu_fault_conf_one(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_conf *conf = arg;
	struct fw_fault rule;
	int ret = emu_fault_read(at, value, &rule);

	if (ret != 0)
		return ret;
	if (rule.id[0] == '\0')
		snprintf(rule.id, sizeof(rule.id), "fault%u", conf->faults.nb + 1);
	if (fw_fault_check(&rule) != NULL)
		return emu_json_fail(at, "%s", fw_fault_check(&rule));
	ret = fw_faults_add(&conf->faults, &rule);
	return ret == -EEXIST ? emu_json_fail(at, "another rule has the id \"%s\"", rule.id) : ret;
}

int
emu_conf_faults_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	conf->faults.nb = 0;
	return emu_json_array(at, value, FW_FAULT_MAX_RULES, emu_fault_conf_one, conf);
}

json_t *
emu_conf_faults_show(const struct emu_conf *conf)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; list != NULL && i < conf->faults.nb; i++)
		json_array_append_new(list, emu_fault_show(&conf->faults.rules[i]));
	return list;
}
