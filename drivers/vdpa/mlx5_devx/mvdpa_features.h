/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Capabilities of the card to virtio features and back. Pure. A feature that the card has not
 * announced is never offered.
 */
#ifndef MVDPA_FEATURES_H
#define MVDPA_FEATURES_H

#include <stdint.h>

#include "devx_cap.h"
#include "prm_cmd.h"

/** Virtio features (virtio 1.2 section 6 and 5.1.3) that a card with @p cap can serve. */
uint64_t mvdpa_features_offered(const struct devx_cap *cap);
/** vhost-user protocol features of this driver. */
uint64_t mvdpa_features_protocol(void);
/** The feature mask of a queue (enum prm_virtq_feature) for what a guest has accepted. */
uint16_t mvdpa_features_to_queue(uint64_t negotiated);
/** The form of all rings. */
enum prm_virtq_type mvdpa_features_to_type(uint64_t negotiated);
/** Queue pairs that the card can serve, at most what vhost can. */
uint32_t mvdpa_features_pairs(const struct devx_cap *cap);

#endif /* MVDPA_FEATURES_H */
