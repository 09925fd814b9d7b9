/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Names of virtio-net's feature bits and of vhost-user's protocol feature bits.
 */
#ifndef FEATURE_H
#define FEATURE_H

#include <stdint.h>
#include <stdio.h>

/** Name of feature bit @p bit without its VIRTIO_ prefix, or NULL where it has none. */
const char *feature_name(unsigned int bit);

/** Likewise of vhost-user's protocol features, without VHOST_USER_PROTOCOL_F_. */
const char *feature_protocol_name(unsigned int bit);

/** Prints a set of features: as a number, then the names. No line feed. */
void feature_print(uint64_t features, FILE *out);

#endif /* FEATURE_H */
