/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Names of virtio-net's feature bits.
 */
#ifndef FEATURE_H
#define FEATURE_H

/** Name of feature bit @p bit without its VIRTIO_ prefix, or NULL where it has none. */
const char *feature_name(unsigned int bit);

#endif /* FEATURE_H */
