/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Names of virtio-net's feature bits and of vhost-user's protocol feature bits.
 */
#ifndef FEATURE_H
#define FEATURE_H

/** Name of feature bit @p bit without its VIRTIO_ prefix, or NULL where it has none. */
const char *feature_name(unsigned int bit);

/** Likewise of vhost-user's protocol features, without VHOST_USER_PROTOCOL_F_. */
const char *feature_protocol_name(unsigned int bit);

#endif /* FEATURE_H */
