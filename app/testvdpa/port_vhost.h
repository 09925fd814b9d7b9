/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What vhost reports about connections, kept in the port table.
 */
#ifndef PORT_VHOST_H
#define PORT_VHOST_H

struct rte_vhost_device_ops;

/** The callbacks to register for a port's socket; valid for ever. */
const struct rte_vhost_device_ops *port_vhost_ops(void);

#endif /* PORT_VHOST_H */
