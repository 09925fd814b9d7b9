/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The short way of frames that ask for nothing. With the card's lock held.
 */
#ifndef VNET_PLAIN_H
#define VNET_PLAIN_H

#include "wire.h"

struct vnet_queue;

/**
 * Sends frames from a running transmit queue, from its head on, as long as they ask for nothing; at
 * most @p nb. @return how many; the next one, if there is any, is for vnet_tx_one().
 */
unsigned int vnet_plain_send(struct vnet_queue *queue, unsigned int nb);
/** wire_port_ops.take_plain; @p arg is a struct vnet_port. */
unsigned int vnet_plain_take(void *arg, const struct wire_plain *frames, unsigned int nb);

#endif /* VNET_PLAIN_H */
