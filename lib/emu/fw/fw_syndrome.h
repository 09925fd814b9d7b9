/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Why the firmware refuses: one number per reason, each with the status that goes with it and a
 * text. The numbers are the emulation's own (real syndromes are secret); they never change, new
 * ones are added behind the last of their group.
 */
#ifndef FW_SYNDROME_H
#define FW_SYNDROME_H

#include <stdint.h>

/** S(name, number, status without PRM_STATUS_, text) */
#define FW_SYNDROMES(S)                                                                          \
	S(OK, 0x000000, OK, "no error")                                                          \
	/* the command as such */                                                                \
	S(OPCODE, 0xe50001, BAD_OP, "no such command")                                           \
	S(OBJ_TYPE, 0xe50002, BAD_OP, "no such command for this type of object")                 \
	S(OP_MOD, 0xe50003, BAD_PARAM, "this command knows no modifier")                         \
	S(RESERVED, 0xe50004, BAD_PARAM, "reserved bits are set")                                \
	S(IN_SHORT, 0xe50005, BAD_INP_LEN, "input too short")                                    \
	S(IN_LONG, 0xe50006, BAD_INP_LEN, "input too long")                                      \
	S(OUT_SHORT, 0xe50007, BAD_OUTP_LEN, "output too short")                                 \
	S(NO_MEMORY, 0xe50008, INT_ERR, "the emulation is out of memory")                        \
	S(ENGINE, 0xe50009, INT_ERR, "the network engine refused")                               \
	S(FIELD_CAP, 0xe5000a, BAD_PARAM, "field of a feature that the card has not")            \
	/* objects */                                                                            \
	S(NO_OBJECT, 0xe50101, BAD_RES, "no such object")                                        \
	S(FOREIGN, 0xe50102, BAD_RES, "the object belongs to another user context")              \
	S(BUSY, 0xe50103, RES_BUSY, "another object uses it")                                    \
	S(NO_ID, 0xe50104, NO_RES, "no number left for an object of this kind")                  \
	S(OTHER_PD, 0xe50105, BAD_PARAM, "the object is of another protection domain")           \
	/* capabilities */                                                                       \
	S(CAP_TYPE, 0xe50201, BAD_PARAM, "no such capability type")                              \
	S(CAP_FUNCTION, 0xe50202, BAD_PARAM, "other functions cannot be asked about")            \
	S(CAP_PAGE, 0xe50203, BAD_PARAM, "the capability that this type belongs to is off")      \
	/* memory */                                                                             \
	S(EMPTY, 0xe50301, BAD_PARAM, "an empty range")                                          \
	S(RANGE_WRAPS, 0xe50302, BAD_PARAM, "the range ends behind the last address")            \
	S(ACCESS, 0xe50303, BAD_PARAM, "unknown access right")                                   \
	S(MKEY_MODE, 0xe50304, BAD_PARAM, "only KLM and KLM_FBS keys can be made by command")    \
	S(MKEY_FREE, 0xe50305, BAD_PARAM, "the key would be free or signature checking")         \
	S(MKEY_LIST_SIZE, 0xe50306, BAD_PARAM, "list sizes of input and key do not fit")         \
	S(MKEY_LIST_LONG, 0xe50307, LIM_ERR, "more entries than log_maxklm_list_size allows")    \
	S(MKEY_LIST_GAP, 0xe50308, BAD_PARAM, "an empty entry before the end of the list")       \
	S(MKEY_COVERAGE, 0xe50309, BAD_PARAM, "the entries are shorter than the key")            \
	S(MKEY_ENTRY_LEN, 0xe5030a, BAD_PARAM,                                                   \
			"an entry longer than 2 GiB, or not of the fixed size")                  \
	S(MKEY_ENTRY_KEY, 0xe5030b, BAD_PARAM, "an entry names a key that does not exist")       \
	S(MKEY_DEPTH, 0xe5030c, LIM_ERR, "keys nested deeper than max_indirection")              \
	S(MKEY_PAGE_SIZE, 0xe5030d, BAD_PARAM, "fixed entry size out of 2^12 to 2^31 bytes")     \
	S(MKEY_VARIANT, 0xe5030e, BAD_PARAM,                                                     \
			"the key's low 8 bits are not those it was made with")                   \
	/* completion queues and queue pairs */                                                  \
	S(CQ_SIZE, 0xe50401, BAD_PARAM, "size above log_max_cq_sz")                              \
	S(CQ_CQE_SIZE, 0xe50402, BAD_PARAM, "only entries of 64 bytes")                          \
	S(NO_EQ, 0xe50403, BAD_PARAM, "no such event queue")                                     \
	S(NO_UMEM, 0xe50404, BAD_PARAM, "buffer or doorbell record is not in user memory")       \
	S(UMEM_BOUNDS, 0xe50405, BAD_PARAM, "out of the user memory's bounds")                   \
	S(UMEM_ALIGN, 0xe50406, BAD_PARAM, "place in user memory not aligned")                   \
	S(CQ_FEATURE, 0xe50407, BAD_PARAM, "completion queue feature without capability")        \
	S(QP_TYPE, 0xe50408, BAD_PARAM, "only reliable connected queue pairs")                   \
	S(QP_SQ, 0xe50409, BAD_PARAM, "queue pairs with a send queue are not supported")         \
	S(QP_RQ_TYPE, 0xe5040a, BAD_PARAM, "receive queue neither normal nor of zero length")    \
	S(QP_STATE, 0xe5040c, BAD_QP_STATE, "the queue pair's state has no such arc")            \
	S(QP_PEER, 0xe5040d, BAD_PARAM, "the remote queue pair does not exist in this context")  \
	S(QP_NO_LOOPBACK, 0xe5040e, BAD_PARAM, "event queue pairs talk in loop-back (fl = 1)")   \
	S(QP_SIZE, 0xe5040f, BAD_PARAM, "receive queue above log_max_qp_sz")                     \
	S(UMEM_PAGE, 0xe50410, BAD_PARAM, "user memory does not begin with a page of this size") \
	S(CQ_PERIOD_MODE, 0xe50411, BAD_PARAM, "period mode that the card does not announce")    \
	S(CQ_MODIFY_BITS, 0xe50412, BAD_PARAM, "no or unknown bits to modify a CQ by")           \
	/* virtio queues */                                                                      \
	S(VIRTQ_TYPE, 0xe50501, BAD_PARAM, "queue type that the card does not announce")         \
	S(VIRTQ_EVENT_MODE, 0xe50502, BAD_PARAM, "event mode that the card does not announce")   \
	S(VIRTQ_FEATURE, 0xe50503, BAD_PARAM, "offload that the card does not announce")         \
	S(VIRTQ_SIZE, 0xe50504, BAD_PARAM, "size 0, above 32768, or no power of two and split")  \
	S(VIRTQ_INDEX, 0xe50505, BAD_INDEX, "queue index not below max_num_virtio_queues")       \
	S(VIRTQ_INDEX_USED, 0xe50506, BAD_RES_STATE, "a running queue has this index")           \
	S(VIRTQ_LIMIT, 0xe50507, NO_RES, "as many queues as max_num_virtio_queues exist")        \
	S(VIRTQ_ALIGN, 0xe50508, BAD_PARAM, "ring address not aligned (virtio 1.2, 2.7)")        \
	S(VIRTQ_UMEM_SIZE, 0xe50509, BAD_PARAM,                                                  \
			"buffer smaller than umem_n_buffer_param a*size+b")                      \
	S(VIRTQ_QP_STATE, 0xe5050a, BAD_RES_STATE, "the event queue pair is not in RTS")         \
	S(VIRTQ_STATE, 0xe5050b, BAD_RES_STATE, "the queue's state has no such arc")             \
	S(VIRTQ_STATE_VALUE, 0xe5050c, BAD_PARAM, "a queue cannot be created in this state")     \
	S(VIRTQ_MODIFY_BITS, 0xe5050d, BAD_PARAM, "no or unknown bits in modify_field_select")   \
	S(VIRTQ_MODIFY_CAP, 0xe5050e, BAD_PARAM, "field cannot be modified on this card")        \
	S(VIRTQ_EMULATION, 0xe5050f, BAD_PARAM,                                                  \
			"only queues without full emulation or tunnel offload")                  \
	S(VIRTQ_STOP_FAILED, 0xe50510, BAD_RES_STATE,                                            \
			"the queue failed while it was being stopped")                           \
	S(VIRTQ_VERSION, 0xe50511, BAD_PARAM, "virtio 1.0 is not announced")                     \
	S(VIRTQ_MODIFY_STATE, 0xe50512, BAD_RES_STATE, "the field cannot change in this state")  \
	S(VIRTQ_RESUME, 0xe50513, BAD_RES_STATE, "a suspended queue cannot go on on this card")  \
	S(VIRTQ_NO_MKEY, 0xe50514, BAD_RES_STATE, "a queue without a memory key cannot run")     \
	S(VIRTQ_PACKED_INDEX, 0xe50515, BAD_INDEX, "place behind the end of the packed ring")    \
	S(VIRTQ_VECTOR, 0xe50516, BAD_INDEX, "no such MSI-X vector")                             \
	S(VIRTQ_PERIOD_MODE, 0xe50517, BAD_PARAM, "the modes of the period are 0, 1 and 2")      \
	S(VIRTQ_DIRTY_PARAMS, 0xe50518, BAD_RES_STATE, "dirty logging without a bitmap")         \
	S(VIRTQ_DIRTY_BOUNDS, 0xe50519, BAD_PARAM, "the bitmap is empty or not all in its key")  \
	S(VIRTQ_DIRTY_ACCESS, 0xe5051a, BAD_PARAM, "the bitmap's key grants no writing")         \
	/* steering */                                                                           \
	S(RQT_LIST_TYPE, 0xe50601, BAD_PARAM, "only lists of VIRTIO_NET_Q objects")              \
	S(RQT_SIZE, 0xe50602, BAD_PARAM, "size 0, above log_max_rqt_size or above rqt_max_size") \
	S(RQT_ENTRY, 0xe50603, BAD_PARAM, "entry is not a receive queue of this context")        \
	S(RQT_MODIFY_BITS, 0xe50604, BAD_PARAM, "only the list can be modified (bit 0)")         \
	S(TIR_DISP_TYPE, 0xe50605, BAD_PARAM, "only indirect TIRs")                              \
	S(TIR_HASH_FN, 0xe50606, BAD_PARAM, "only no hash and Toeplitz")                         \
	S(TIR_HASH_FIELDS, 0xe50607, BAD_PARAM, "unknown hash fields")                           \
	S(TIR_FEATURE, 0xe50608, BAD_PARAM, "TIR feature without capability")                    \
	S(TIS_PORT, 0xe50609, BAD_PARAM, "no such LAG port")                                     \
	S(TIS_FEATURE, 0xe5060a, BAD_PARAM, "TIS feature without capability")                    \
	S(FLOW_CRITERIA, 0xe5060b, BAD_PARAM, "only outer headers can be matched")               \
	S(FLOW_LENGTH, 0xe5060c, BAD_PARAM,                                                      \
			"match parameters shorter than the outer headers or too long")           \
	S(FLOW_MASK, 0xe5060d, BAD_PARAM, "mask bits that no enabled criterion can match")       \
	S(NO_VECTOR, 0xe5060e, BAD_PARAM, "no such completion vector")                           \
	S(FLOW_CAP, 0xe5060f, BAD_PARAM, "the card announces no nic_flow_table")                 \
	S(TIS_MODIFY_BITS, 0xe50610, BAD_PARAM, "nothing to modify in bitmask")                  \
	S(TIR_MODIFY_BITS, 0xe50611, BAD_PARAM, "only the hash can be modified")

#define FW_SYNDROME_ENUM_(name, number, status, text) FW_SYN_##name = (number),
enum fw_syndrome {
	FW_SYNDROMES(FW_SYNDROME_ENUM_)
};
#undef FW_SYNDROME_ENUM_

struct fw_uctx;

/** PRM status of a reason. */
uint8_t fw_syndrome_status(enum fw_syndrome syn);
/** The reason in words, never NULL. */
const char *fw_syndrome_text(enum fw_syndrome syn);
/** The negative errno that stands for a reason where the kernel asks, not a command; 0 for OK. */
int fw_syndrome_errno(enum fw_syndrome syn);
/** The same for a PRM status that somebody chose (fw_fault.h): what Linux makes of it. */
int fw_status_errno(uint8_t status);

/**
 * Logs a refusal of what @p uctx is doing, with the field's PRM name and the value that was bad.
 * @return @p syn, so that a check reads "return fw_refuse(...)".
 */
enum fw_syndrome
fw_refuse(const struct fw_uctx *uctx, enum fw_syndrome syn, const char *field, uint64_t value);

#endif /* FW_SYNDROME_H */
