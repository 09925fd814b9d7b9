/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Capabilities of the card to virtio features and back. Pure. A feature that the card has not
 * announced is never offered.
 */
#ifndef MVDPA_FEATURES_H
#define MVDPA_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "devx_cap.h"
#include "prm_cmd.h"

/** Virtio features (virtio 1.2 section 6 and 5.1.3) that a card with @p cap can serve. */
uint64_t mvdpa_features_offered(const struct devx_cap *cap);
/**
 * Reads the devarg `features`, "the virtio features that may be offered at all": terms with + or -
 * between them, each a feature's name (csum, host_tso4, ...), a number (a mask) or a name for
 * several (all, software, software_tso); from left to right, a text that begins with - begins
 * with all.
 * @return false: there is a term that is none of these; @p allowed is unchanged.
 */
bool mvdpa_features_parse(const char *text, uint64_t *allowed);
/** @p offered without what @p allowed has not. What no guest sees (VHOST_F_LOG_ALL,
 * VHOST_USER_F_PROTOCOL_FEATURES) stays, what depends on something that went goes, too. */
uint64_t mvdpa_features_narrow(uint64_t offered, uint64_t allowed);
/** Name of feature bit @p bit ("csum"), or NULL. */
const char *mvdpa_features_name(unsigned int bit);
/** vhost-user protocol features of this driver. */
uint64_t mvdpa_features_protocol(void);
/** The feature mask of a queue (enum prm_virtq_feature) for what a guest has accepted. */
uint16_t mvdpa_features_to_queue(uint64_t negotiated);
/** The form of all rings. */
enum prm_virtq_type mvdpa_features_to_type(uint64_t negotiated);
/** Queue pairs that the card can serve, at most what vhost can. */
uint32_t mvdpa_features_pairs(const struct devx_cap *cap);

#endif /* MVDPA_FEATURES_H */
