/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Readers and writers of the configuration's topics, for the two tables only. One source file per
 * topic: emu_conf_<topic>.c, or the topic's own file where it has one.
 */
#ifndef EMU_CONF_TOPICS_H
#define EMU_CONF_TOPICS_H

#include "emu_conf.h"

int emu_conf_functions_read(struct emu_json *at, const json_t *value, struct emu_conf *conf);
json_t *emu_conf_functions_show(const struct emu_conf *conf);
/** After all sources: no two functions may have the same address; "" or what is wrong. */
int emu_conf_functions_check(struct emu_json *at, const struct emu_conf *conf);
/** Do nets and ports name functions that the card has? */
int emu_conf_wire_check(struct emu_json *at, const struct emu_conf *conf);
/** Option --functions: a number only. */
int emu_conf_functions_number(struct emu_json *at, const json_t *value, struct emu_conf *conf);

int emu_conf_host_read(struct emu_json *at, const json_t *value, struct emu_conf *conf);
json_t *emu_conf_host_show(const struct emu_conf *conf);

int emu_conf_caps_read(struct emu_json *at, const json_t *value, struct emu_conf *conf);
json_t *emu_conf_caps_show(const struct emu_conf *conf);

int emu_conf_engine_read(struct emu_json *at, const json_t *value, struct emu_conf *conf);
json_t *emu_conf_engine_show(const struct emu_conf *conf);

int emu_conf_log_read(struct emu_json *at, const json_t *value, struct emu_conf *conf);
json_t *emu_conf_log_show(const struct emu_conf *conf);
int emu_conf_log_file(struct emu_json *at, const json_t *value, struct emu_conf *conf);
int emu_conf_log_level(struct emu_json *at, const json_t *value, struct emu_conf *conf);

int emu_conf_control_read(struct emu_json *at, const json_t *value, struct emu_conf *conf);
json_t *emu_conf_control_show(const struct emu_conf *conf);
int emu_conf_control_socket(struct emu_json *at, const json_t *value, struct emu_conf *conf);

int emu_conf_latency_read(struct emu_json *at, const json_t *value, struct emu_conf *conf);
json_t *emu_conf_latency_show(const struct emu_conf *conf);

int emu_conf_faults_read(struct emu_json *at, const json_t *value, struct emu_conf *conf);
json_t *emu_conf_faults_show(const struct emu_conf *conf);

int emu_conf_trace_read(struct emu_json *at, const json_t *value, struct emu_conf *conf);
json_t *emu_conf_trace_show(const struct emu_conf *conf);
/** Option --trace. */
int emu_conf_trace_file(struct emu_json *at, const json_t *value, struct emu_conf *conf);
/** The same for the control socket. */
int emu_conf_trace_object(struct emu_json *at, const json_t *value, struct emu_conf_trace *trace);
json_t *emu_conf_trace_show_one(const struct emu_conf_trace *trace);

int emu_conf_wire_read(struct emu_json *at, const json_t *value, struct emu_conf *conf);
json_t *emu_conf_wire_show(const struct emu_conf *conf);
/** One uplink; @p arg is a struct emu_wire_conf, the last of whose nets it belongs to. */
int emu_conf_uplink(struct emu_json *at, const json_t *value, void *arg);
/** The number of a function; @p arg is a uint64_t in which its bit is set. */
int emu_conf_funcs_mask(struct emu_json *at, const json_t *value, void *arg);
int emu_conf_wire_kind(struct emu_json *at, const json_t *value, struct emu_conf *conf);
int emu_conf_wire_pause(struct emu_json *at, const json_t *value, struct emu_conf *conf);

#endif /* EMU_CONF_TOPICS_H */
