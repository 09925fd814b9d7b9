/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Names that DPDK changed between the versions that this driver builds with (22.11 and later).
 */
#ifndef MVDPA_COMPAT_H
#define MVDPA_COMPAT_H

#include <rte_common.h>
#include <rte_lcore.h>
#include <rte_version.h>
#include <rte_vhost.h>

#ifndef VHOST_USER_PROTOCOL_F_BACKEND_REQ /* 23.03 */
#define VHOST_USER_PROTOCOL_F_BACKEND_REQ VHOST_USER_PROTOCOL_F_SLAVE_REQ
#define VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD VHOST_USER_PROTOCOL_F_SLAVE_SEND_FD
#endif

#if RTE_VERSION < RTE_VERSION_NUM(23, 3, 0, 0)
#define rte_tel_data_add_dict_uint rte_tel_data_add_dict_u64
#define rte_tel_data_add_array_uint rte_tel_data_add_array_u64
#define RTE_TEL_UINT_VAL RTE_TEL_U64_VAL
#endif

/* 25.07 moved what describes a driver to pmdinfo from public headers to the driver SDK's. Where a
 * newer DPDK is used with the SDK headers of an older one, they are in neither. */
#ifndef RTE_PMD_REGISTER_PARAM_STRING
#define RTE_PMD_EXPORT_NAME(name, index) \
	__attribute__((used)) static const char this_pmd_name##name[] = RTE_STR(name)
#define RTE_PMD_REGISTER_PCI_TABLE(name, table) \
	__attribute__((used)) static const char __##name##_pci_tbl_export[] = RTE_STR(table)
#define RTE_PMD_REGISTER_PARAM_STRING(name, text) \
	__attribute__((used)) static const char __##name##_param_string_export[] = text
#define RTE_PMD_REGISTER_KMOD_DEP(name, text) \
	__attribute__((used)) static const char __##name##_kmod_dep_export[] = text
#endif

#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
typedef uint32_t mvdpa_thread_ret;
#define MVDPA_THREAD_RET 0
typedef rte_thread_t mvdpa_thread;
#define mvdpa_thread_create(thread, name, fn, arg) \
	rte_thread_create_internal_control((thread), (name), (fn), (arg))
#define mvdpa_thread_join(thread) rte_thread_join((thread), NULL)
#else
#include <pthread.h>
typedef void *mvdpa_thread_ret;
#define MVDPA_THREAD_RET NULL
typedef pthread_t mvdpa_thread;
/* Not a plain pthread: a control thread must stay off the cores that the application polls on. */
#define mvdpa_thread_create(thread, name, fn, arg) \
	rte_ctrl_thread_create((thread), (name), NULL, (fn), (arg))
#define mvdpa_thread_join(thread) pthread_join((thread), NULL)
#endif

#endif /* MVDPA_COMPAT_H */
