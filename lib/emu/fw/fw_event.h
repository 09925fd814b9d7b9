/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Events, for the firmware's own files; all with the card's lock. Rules (fw_fault.h) may drop,
 * delay or repeat them; a function that is gone tells nothing.
 */
#ifndef FW_EVENT_H
#define FW_EVENT_H

#include "fw_card.h"

/** Tells the object's owner that something happened to it (PRM event OBJECT_CHANGE). */
void fw_event_object_change(const struct fw_obj *obj);
/** Tells the owner of a completion queue that there is something in it. */
void fw_event_completion(const struct fw_obj *cq);

/** Tells the owner of a completion queue that it has failed (PRM event CQ_ERROR). No rule applies. */
void fw_event_cq_error(const struct fw_obj *cq);

/** Tells what was delayed and is due. */
void fw_event_poll(struct fw_card *card);
/** The context is gone: nothing that was delayed must reach it. */
void fw_event_forget(struct fw_uctx *uctx);

#endif /* FW_EVENT_H */
