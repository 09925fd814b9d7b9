/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Firmware commands by number: opcodes, object types, status codes, states, and one table of the
 * object kinds that commands create (how to read the number of a new object, how to destroy it).
 * Values: public headers of Linux (mlx5_ifc.h, device.h) and DPDK (mlx5_prm.h).
 */
#ifndef PRM_CMD_H
#define PRM_CMD_H

#include <stddef.h>
#include <stdint.h>

enum prm_opcode {
	PRM_OP_QUERY_HCA_CAP = 0x100,
	PRM_OP_CREATE_MKEY = 0x200,
	PRM_OP_DESTROY_MKEY = 0x202,
	PRM_OP_QUERY_SPECIAL_CONTEXTS = 0x203,
	PRM_OP_CREATE_CQ = 0x400,
	PRM_OP_DESTROY_CQ = 0x401,
	PRM_OP_QUERY_CQ = 0x402,
	PRM_OP_MODIFY_CQ = 0x403,
	PRM_OP_CREATE_QP = 0x500,
	PRM_OP_DESTROY_QP = 0x501,
	PRM_OP_RST2INIT_QP = 0x502,
	PRM_OP_INIT2RTR_QP = 0x503,
	PRM_OP_RTR2RTS_QP = 0x504,
	PRM_OP_2RST_QP = 0x50a,
	PRM_OP_QUERY_QP = 0x50b,
	PRM_OP_QUERY_VPORT_STATE = 0x750,
	PRM_OP_QUERY_NIC_VPORT_CONTEXT = 0x754,
	PRM_OP_ALLOC_PD = 0x800,
	PRM_OP_DEALLOC_PD = 0x801,
	PRM_OP_ALLOC_TRANSPORT_DOMAIN = 0x816,
	PRM_OP_DEALLOC_TRANSPORT_DOMAIN = 0x817,
	PRM_OP_CREATE_TIR = 0x900,
	PRM_OP_MODIFY_TIR = 0x901,
	PRM_OP_DESTROY_TIR = 0x902,
	PRM_OP_CREATE_TIS = 0x912,
	PRM_OP_MODIFY_TIS = 0x913,
	PRM_OP_DESTROY_TIS = 0x914,
	PRM_OP_QUERY_TIS = 0x915,
	PRM_OP_CREATE_RQT = 0x916,
	PRM_OP_MODIFY_RQT = 0x917,
	PRM_OP_DESTROY_RQT = 0x918,
	PRM_OP_CREATE_GENERAL_OBJECT = 0xa00,
	PRM_OP_MODIFY_GENERAL_OBJECT = 0xa01,
	PRM_OP_QUERY_GENERAL_OBJECT = 0xa02,
	PRM_OP_DESTROY_GENERAL_OBJECT = 0xa03,
};

/** obj_type of the general-object commands; also the bit number in general_obj_types. */
enum prm_obj_type {
	PRM_OBJ_VIRTIO_NET_Q = 0x0d,
	PRM_OBJ_VIRTIO_Q_COUNTERS = 0x1c,
};

/** cmd_out.status. */
enum prm_status {
	PRM_STATUS_OK = 0x00,
	PRM_STATUS_INT_ERR = 0x01,
	PRM_STATUS_BAD_OP = 0x02,
	PRM_STATUS_BAD_PARAM = 0x03,
	PRM_STATUS_BAD_SYS_STATE = 0x04,
	PRM_STATUS_BAD_RES = 0x05,
	PRM_STATUS_RES_BUSY = 0x06,
	PRM_STATUS_LIM_ERR = 0x08,
	PRM_STATUS_BAD_RES_STATE = 0x09,
	PRM_STATUS_BAD_INDEX = 0x0a,
	PRM_STATUS_NO_RES = 0x0f,
	PRM_STATUS_BAD_INP_LEN = 0x50,
	PRM_STATUS_BAD_OUTP_LEN = 0x51,
	PRM_STATUS_BAD_QP_STATE = 0x10,
};

/** query_hca_cap_in.op_mod is type << 1 | PRM_CAP_CURRENT. */
enum prm_cap_type {
	PRM_CAP_GENERAL = 0x0,
	PRM_CAP_ETHERNET = 0x1,
	PRM_CAP_NIC_FLOW_TABLE = 0x7,
	PRM_CAP_VIRTIO_EMULATION = 0x13,
	PRM_CAP_GENERAL_2 = 0x20,
};
#define PRM_CAP_CURRENT 1u

/** virtio_net_q.state. */
enum prm_virtq_state {
	PRM_VIRTQ_INIT = 0,
	PRM_VIRTQ_RDY = 1,
	PRM_VIRTQ_SUSPEND = 2,
	PRM_VIRTQ_ERR = 3,
};

/** virtio_q.virtio_q_type; the capability virtio_queue_type is a bitmap of 1 << type. */
enum prm_virtq_type {
	PRM_VIRTQ_SPLIT = 0,
	PRM_VIRTQ_PACKED = 1,
};

/** virtio_q.event_mode; the capability event_mode is a bitmap of 1 << mode. */
enum prm_virtq_event_mode {
	PRM_VIRTQ_EVENT_NO_MSIX = 0,
	PRM_VIRTQ_EVENT_QP = 1,
	PRM_VIRTQ_EVENT_MSIX = 2,
};

/** Bits of virtio_net_q.modify_field_select (vdpa_flows.md section 7 of the project's facts;
 * mlx5_ifc_vdpa.h of Linux 6.8, DPDK 2ac90aec21). */
enum prm_virtq_modify {
	PRM_VIRTQ_MOD_STATE = 1u << 0,
	PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS = 1u << 3,
	PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE = 1u << 4,
	PRM_VIRTQ_MOD_QUEUE_PERIOD = 1u << 5,
	PRM_VIRTQ_MOD_ADDR = 1u << 6,
	PRM_VIRTQ_MOD_HW_AVAILABLE_INDEX = 1u << 7,
	PRM_VIRTQ_MOD_HW_USED_INDEX = 1u << 8,
	PRM_VIRTQ_MOD_Q_TYPE = 1u << 9,
	PRM_VIRTQ_MOD_VERSION_1_0 = 1u << 10,
	PRM_VIRTQ_MOD_Q_MKEY = 1u << 11,
	PRM_VIRTQ_MOD_FEATURES = 1u << 12,
	PRM_VIRTQ_MOD_EVENT_MODE = 1u << 13,
	PRM_VIRTQ_MOD_DESC_GROUP_MKEY = 1u << 14,
};

/** Bits of virtio_emulation_cap.device_features_bits_mask and of the queue's feature mask. */
enum prm_virtq_feature {
	PRM_VIRTQ_F_MRG_RXBUF = 1u << 2,
	PRM_VIRTQ_F_HOST_ECN = 1u << 4,
	PRM_VIRTQ_F_GUEST_ECN = 1u << 6,
	PRM_VIRTQ_F_GUEST_TSO6 = 1u << 7,
	PRM_VIRTQ_F_GUEST_TSO4 = 1u << 8,
	PRM_VIRTQ_F_GUEST_CSUM = 1u << 9,
	PRM_VIRTQ_F_CSUM = 1u << 10,
	PRM_VIRTQ_F_HOST_TSO6 = 1u << 11,
	PRM_VIRTQ_F_HOST_TSO4 = 1u << 12,
};

/** eqe.event_type, and the numbers that a DevX subscription names. */
enum prm_event {
	PRM_EVENT_COMP = 0x00,
	PRM_EVENT_CQ_ERROR = 0x04,
	PRM_EVENT_OBJECT_CHANGE = 0x27,
};

/** mkc.access_mode_1_0. */
enum prm_mkc_access_mode {
	PRM_MKC_PA = 0,
	PRM_MKC_MTT = 1,
	PRM_MKC_KLM = 2,
	PRM_MKC_KLM_FBS = 3,
};

/** qpc.st, qpc.rq_type, qpc.pm_state. */
enum {
	PRM_QPC_ST_RC = 0
};
enum {
	PRM_QPC_RQ_NORMAL = 0,
	PRM_QPC_RQ_ZERO_LEN = 3
};
enum {
	PRM_QPC_PM_MIGRATED = 3
};

/** rqtc.list_q_type. */
enum {
	PRM_RQT_LIST_RQ = 0,
	PRM_RQT_LIST_VIRTIO_NET_Q = 1
};
/** modify_rqt_in.modify_bitmask. */
enum {
	PRM_RQT_MOD_LIST = 1u << 0
};
/** modify_cq_in.modify_field_select. */
enum prm_cq_modify {
	PRM_CQ_MOD_PERIOD = 1u << 0,
	PRM_CQ_MOD_MAX_COUNT = 1u << 1,
	PRM_CQ_MOD_OVERRUN = 1u << 2,
	PRM_CQ_MOD_PERIOD_MODE = 1u << 4, /**< Linux 6.10 on */
};
/** tirc.disp_type, tirc.rx_hash_fn, rx_hash_field_select.selected_fields. */
enum {
	PRM_TIR_DIRECT = 0,
	PRM_TIR_INDIRECT = 1
};
enum {
	PRM_TIR_HASH_NONE = 0,
	PRM_TIR_HASH_INVERTED_XOR8 = 1,
	PRM_TIR_HASH_TOEPLITZ = 2
};
enum {
	PRM_HASH_SRC_IP = 1u << 0,
	PRM_HASH_DST_IP = 1u << 1,
	PRM_HASH_L4_SPORT = 1u << 2,
	PRM_HASH_L4_DPORT = 1u << 3,
};

/** One kind of object that a command creates. */
struct prm_obj_kind {
	const char *name;
	uint16_t create_op, modify_op, query_op, destroy_op; /**< 0: there is none */
	uint16_t obj_type; /**< of general objects, else 0 */
	uint16_t id_off; /**< bit offset of the number, same in create_out and destroy_in */
	uint8_t id_bits;
	uint16_t in_size; /**< create: shortest input in bytes */
	uint16_t out_size; /**< create: shortest output in bytes */
};

/** The kind that @p create_op (with @p obj_type for general objects) creates, or NULL. */
const struct prm_obj_kind *prm_obj_kind(uint16_t create_op, uint16_t obj_type);
/** Row @p i of the table of kinds, NULL past the end. */
const struct prm_obj_kind *prm_obj_kind_at(size_t i);

/** "CREATE_MKEY", or "opcode?" for one this project does not know. */
const char *prm_opcode_name(uint16_t opcode);
/** "BAD_PARAM", or "status?". */
const char *prm_status_name(uint8_t status);
/** "INIT", "RDY", "SUSPEND", "ERR", or "state?". */
const char *prm_virtq_state_name(uint8_t state);

#endif /* PRM_CMD_H */
