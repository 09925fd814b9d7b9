/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the table of object classes (fw_obj.c) and the table of commands (fw_cmd.c) call: one
 * release function per class that holds more than numbers, one handler per command. All with the
 * card's lock held. Handlers return a syndrome after fw_refuse() has logged it; the header of
 * their output is written by fw_cmd.c.
 */
#ifndef FW_CLASSES_H
#define FW_CLASSES_H

#include <stdbool.h>

#include "fw_syndrome.h"

struct fw_cmd;
struct fw_obj;

void fw_flow_release(struct fw_obj *obj);
void fw_tir_release(struct fw_obj *obj);
void fw_rqt_release(struct fw_obj *obj);
void fw_virtq_release(struct fw_obj *obj);
void fw_qp_release(struct fw_obj *obj);
void fw_cq_release(struct fw_obj *obj);
void fw_mkey_release(struct fw_obj *obj);
void fw_var_release(struct fw_obj *obj);

/** For wire_link_watch(); the argument is the card. */
void fw_vport_link_changed(void *arg, unsigned int port, bool up);

enum fw_syndrome fw_cap_query(struct fw_cmd *cmd);
enum fw_syndrome fw_vport_query_context(struct fw_cmd *cmd);
enum fw_syndrome fw_vport_query_state(struct fw_cmd *cmd);
enum fw_syndrome fw_vport_query_special(struct fw_cmd *cmd);
enum fw_syndrome fw_domain_alloc_pd(struct fw_cmd *cmd);
enum fw_syndrome fw_domain_alloc_td(struct fw_cmd *cmd);
enum fw_syndrome fw_mkey_create(struct fw_cmd *cmd);
enum fw_syndrome fw_cq_create(struct fw_cmd *cmd);
enum fw_syndrome fw_cq_query(struct fw_cmd *cmd);
enum fw_syndrome fw_cq_modify(struct fw_cmd *cmd);
enum fw_syndrome fw_qp_create(struct fw_cmd *cmd);
enum fw_syndrome fw_qp_modify(struct fw_cmd *cmd);
enum fw_syndrome fw_qp_query(struct fw_cmd *cmd);
enum fw_syndrome fw_tis_create(struct fw_cmd *cmd);
enum fw_syndrome fw_tis_modify(struct fw_cmd *cmd);
enum fw_syndrome fw_tis_query(struct fw_cmd *cmd);
enum fw_syndrome fw_rqt_create(struct fw_cmd *cmd);
enum fw_syndrome fw_rqt_modify(struct fw_cmd *cmd);
enum fw_syndrome fw_tir_create(struct fw_cmd *cmd);
enum fw_syndrome fw_tir_modify(struct fw_cmd *cmd);
enum fw_syndrome fw_virtq_create(struct fw_cmd *cmd);
enum fw_syndrome fw_virtq_modify(struct fw_cmd *cmd);
enum fw_syndrome fw_virtq_query(struct fw_cmd *cmd);
enum fw_syndrome fw_counters_create(struct fw_cmd *cmd);
enum fw_syndrome fw_counters_query(struct fw_cmd *cmd);

#endif /* FW_CLASSES_H */
