/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What vhost reports about connections, kept in the port table.
 */
#ifndef PORT_VHOST_H
#define PORT_VHOST_H

#include "port_table.h"

struct rte_vhost_device_ops;

/** The callbacks to register for a port's socket; valid for ever. */
const struct rte_vhost_device_ops *port_vhost_ops(void);

/** Brings the rings' copies of a running port that is not watched up to date. */
void port_vhost_refresh_locked(struct port *port) BASE_REQUIRES(port_table.lock);

#endif /* PORT_VHOST_H */
