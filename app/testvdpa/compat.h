/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Names that DPDK changed between the versions that the app builds with (22.11 and later).
 */
#ifndef COMPAT_H
#define COMPAT_H

#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(23, 3, 0, 0)
#define rte_tel_data_add_dict_uint rte_tel_data_add_dict_u64
#endif

#endif /* COMPAT_H */
