/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Endpoints on DPDK's telemetry socket: /testvdpa/ports and /testvdpa/virtq,DEV.
 */
#ifndef TELEMETRY_H
#define TELEMETRY_H

/** Registers the endpoints; once, after EAL has started. They run in telemetry's own threads. */
void telemetry_start(void);

#endif /* TELEMETRY_H */
