/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Handlers of the control verbs, for the table only.
 */
#ifndef EMU_CTL_VERBS_H
#define EMU_CTL_VERBS_H

#include "emu_ctl.h"

int emu_ctl_help(struct emu_ctl_call *call);
int emu_ctl_status(struct emu_ctl_call *call);
int emu_ctl_stats(struct emu_ctl_call *call);
int emu_ctl_objects(struct emu_ctl_call *call);
int emu_ctl_config(struct emu_ctl_call *call);
int emu_ctl_link(struct emu_ctl_call *call);
int emu_ctl_wire(struct emu_ctl_call *call);
int emu_ctl_fault(struct emu_ctl_call *call);
int emu_ctl_queue_error(struct emu_ctl_call *call);
int emu_ctl_event_error(struct emu_ctl_call *call);
int emu_ctl_latency(struct emu_ctl_call *call);
int emu_ctl_remove(struct emu_ctl_call *call);
int emu_ctl_trace(struct emu_ctl_call *call);

#endif /* EMU_CTL_VERBS_H */
