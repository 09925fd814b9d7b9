/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The bit layouts of the PRM structures that this project speaks, as data: F(structure, field,
 * bit offset, bits), and N(structure, field, bit offset, bits, type) for a field that is itself a
 * structure of this file. Bit 0 is the most significant bit of the first big-endian dword, as the
 * PRM counts. A field longer than 64 bits is used by its place only (PRM_PTR). All fields that the
 * public layouts know are here, also those that nobody uses: a bit that belongs to no field is
 * reserved, and the firmware refuses it (prm_struct.h). Lists of any length behind a structure
 * (klm, rq_num) are not part of it.
 *
 * Sources: the public layouts of DPDK (drivers/common/mlx5/mlx5_prm.h) and of Linux 6.12
 * (include/linux/mlx5/mlx5_ifc.h, mlx5_ifc_vdpa.h), for ads and modify_tis_in of rdma-core
 * (providers/mlx5/mlx5_ifc.h), taken as numbers. Where they differ (mkc.log_page_size,
 * cmd_hca_cap.relaxed_ordering_read, cmd_hca_cap_2.allowed_object_for_other_vhca_access) the newer
 * Linux value is used. create_qp_in is the one with extension. tests/unit/prm checks every row
 * against golden values that were made from those numbers by another program.
 */
#ifndef PRM_LAYOUT_H
#define PRM_LAYOUT_H

/* A table, one field a line. */
/* clang-format off */

#define PRM_FIELDS_cmd_in(F, N) \
	F(cmd_in, opcode, 0, 16) \
	F(cmd_in, uid, 16, 16) \
	F(cmd_in, op_mod, 48, 16)

#define PRM_FIELDS_cmd_out(F, N) \
	F(cmd_out, status, 0, 8) \
	F(cmd_out, syndrome, 32, 32)

#define PRM_FIELDS_query_hca_cap_in(F, N) \
	F(query_hca_cap_in, opcode, 0, 16) \
	F(query_hca_cap_in, op_mod, 48, 16) \
	F(query_hca_cap_in, other_function, 64, 1) \
	F(query_hca_cap_in, ec_vf_function, 65, 1) \
	F(query_hca_cap_in, function_id, 80, 16)

#define PRM_FIELDS_query_hca_cap_out(F, N) \
	F(query_hca_cap_out, status, 0, 8) \
	F(query_hca_cap_out, syndrome, 32, 32) \
	F(query_hca_cap_out, capability, 128, 32768)

#define PRM_FIELDS_cmd_hca_cap(F, N) \
	F(cmd_hca_cap, access_other_hca_roce, 0, 1) \
	F(cmd_hca_cap, alloc_flow_counter_pd, 1, 1) \
	F(cmd_hca_cap, flow_counter_access_aso, 2, 1) \
	F(cmd_hca_cap, query_match_sample_info, 3, 1) \
	F(cmd_hca_cap, page_request_disable, 6, 1) \
	F(cmd_hca_cap, flow_access_aso_opc_mod, 8, 8) \
	F(cmd_hca_cap, shared_object_to_user_object_allowed, 16, 1) \
	F(cmd_hca_cap, vhca_resource_manager, 31, 1) \
	F(cmd_hca_cap, hca_cap_2, 32, 1) \
	F(cmd_hca_cap, create_lag_when_not_master_up, 33, 1) \
	F(cmd_hca_cap, dtor, 34, 1) \
	F(cmd_hca_cap, event_on_vhca_state_teardown_request, 35, 1) \
	F(cmd_hca_cap, event_on_vhca_state_in_use, 36, 1) \
	F(cmd_hca_cap, event_on_vhca_state_active, 37, 1) \
	F(cmd_hca_cap, event_on_vhca_state_allocated, 38, 1) \
	F(cmd_hca_cap, event_on_vhca_state_invalid, 39, 1) \
	F(cmd_hca_cap, vhca_id, 48, 16) \
	F(cmd_hca_cap, log_regexp_scatter_gather_size, 99, 5) \
	F(cmd_hca_cap, log_dma_mmo_size, 107, 5) \
	F(cmd_hca_cap, log_compress_mmo_size, 115, 5) \
	F(cmd_hca_cap, decompress_lz4_data_only_v2, 120, 1) \
	F(cmd_hca_cap, decompress_lz4_no_checksum_v2, 121, 1) \
	F(cmd_hca_cap, decompress_lz4_checksum_v2, 122, 1) \
	F(cmd_hca_cap, log_decompress_mmo_size, 123, 5) \
	F(cmd_hca_cap, log_max_srq_sz, 128, 8) \
	F(cmd_hca_cap, log_max_qp_sz, 136, 8) \
	F(cmd_hca_cap, event_cap, 144, 1) \
	F(cmd_hca_cap, isolate_vl_tc_new, 147, 1) \
	F(cmd_hca_cap, prio_tag_required, 152, 1) \
	F(cmd_hca_cap, wqe_index_ignore_cap, 153, 1) \
	F(cmd_hca_cap, dynamic_qp_allocation, 154, 1) \
	F(cmd_hca_cap, log_max_qp, 155, 5) \
	F(cmd_hca_cap, ece_support, 163, 1) \
	F(cmd_hca_cap, regexp_num_of_engines, 164, 4) \
	F(cmd_hca_cap, reg_c_preserve, 169, 1) \
	F(cmd_hca_cap, log_max_srq, 171, 5) \
	F(cmd_hca_cap, uplink_follow, 177, 1) \
	F(cmd_hca_cap, ts_cqe_to_dest_cqn, 178, 1) \
	F(cmd_hca_cap, go_back_n, 185, 1) \
	F(cmd_hca_cap, scatter_fcs_w_decap_disable, 187, 1) \
	F(cmd_hca_cap, max_sgl_for_optimized_performance, 192, 8) \
	F(cmd_hca_cap, log_max_cq_sz, 200, 8) \
	F(cmd_hca_cap, relaxed_ordering_write_umr, 208, 1) \
	F(cmd_hca_cap, relaxed_ordering_read_umr, 209, 1) \
	F(cmd_hca_cap, access_register_user, 210, 1) \
	F(cmd_hca_cap, virtio_net_device_emualtion_manager, 217, 1) \
	F(cmd_hca_cap, virtio_blk_device_emualtion_manager, 218, 1) \
	F(cmd_hca_cap, log_max_cq, 219, 5) \
	F(cmd_hca_cap, log_max_eq_sz, 224, 8) \
	F(cmd_hca_cap, relaxed_ordering_write, 232, 1) \
	F(cmd_hca_cap, relaxed_ordering_read_pci_enabled, 233, 1) \
	F(cmd_hca_cap, log_max_mkey, 234, 6) \
	F(cmd_hca_cap, terminate_scatter_list_mkey, 246, 1) \
	F(cmd_hca_cap, repeated_mkey, 247, 1) \
	F(cmd_hca_cap, dump_fill_mkey, 248, 1) \
	F(cmd_hca_cap, fast_teardown, 251, 1) \
	F(cmd_hca_cap, log_max_eq, 252, 4) \
	F(cmd_hca_cap, max_indirection, 256, 8) \
	F(cmd_hca_cap, fixed_buffer_size, 264, 1) \
	F(cmd_hca_cap, log_max_mrw_sz, 265, 7) \
	F(cmd_hca_cap, force_teardown, 272, 1) \
	F(cmd_hca_cap, log_max_bsf_list_size, 274, 6) \
	F(cmd_hca_cap, umr_extended_translation_offset, 280, 1) \
	F(cmd_hca_cap, null_mkey, 281, 1) \
	F(cmd_hca_cap, log_max_klm_list_size, 282, 6) \
	F(cmd_hca_cap, log_maxklm_list_size, 282, 6) \
	F(cmd_hca_cap, non_wire_sq, 288, 1) \
	F(cmd_hca_cap, qpc_extension, 290, 1) \
	F(cmd_hca_cap, log_max_ra_req_dc, 298, 6) \
	F(cmd_hca_cap, eth_wqe_too_small, 306, 1) \
	F(cmd_hca_cap, log_max_static_sq_wq, 307, 5) \
	F(cmd_hca_cap, vnic_env_cq_overrun, 313, 1) \
	F(cmd_hca_cap, log_max_ra_res_dc, 314, 6) \
	F(cmd_hca_cap, release_all_pages, 325, 1) \
	F(cmd_hca_cap, must_not_use, 326, 1) \
	F(cmd_hca_cap, roce_accl, 329, 1) \
	F(cmd_hca_cap, log_max_ra_req_qp, 330, 6) \
	F(cmd_hca_cap, rtr2rts_qp_counters_set_id, 336, 1) \
	F(cmd_hca_cap, rts2rts_udp_sport, 337, 1) \
	F(cmd_hca_cap, rts2rts_lag_tx_port_affinity, 338, 1) \
	F(cmd_hca_cap, dma_mmo_sq, 339, 1) \
	F(cmd_hca_cap, compress_min_block_size, 340, 4) \
	F(cmd_hca_cap, compress_mmo_sq, 344, 1) \
	F(cmd_hca_cap, decompress_mmo_sq, 345, 1) \
	F(cmd_hca_cap, log_max_ra_res_qp, 346, 6) \
	F(cmd_hca_cap, end_pad, 352, 1) \
	F(cmd_hca_cap, cc_query_allowed, 353, 1) \
	F(cmd_hca_cap, cc_modify_allowed, 354, 1) \
	F(cmd_hca_cap, start_pad, 355, 1) \
	F(cmd_hca_cap, cache_line_128byte, 356, 1) \
	F(cmd_hca_cap, rts2rts_qp_counters_set_id, 361, 1) \
	F(cmd_hca_cap, vnic_env_int_rq_oob, 364, 1) \
	F(cmd_hca_cap, sbcam_reg, 365, 1) \
	F(cmd_hca_cap, qcam_reg, 367, 1) \
	F(cmd_hca_cap, gid_table_size, 368, 16) \
	F(cmd_hca_cap, out_of_seq_cnt, 384, 1) \
	F(cmd_hca_cap, vport_counters, 385, 1) \
	F(cmd_hca_cap, retransmission_q_counters, 386, 1) \
	F(cmd_hca_cap, debug, 387, 1) \
	F(cmd_hca_cap, modify_rq_counter_set_id, 388, 1) \
	F(cmd_hca_cap, rq_delay_drop, 389, 1) \
	F(cmd_hca_cap, max_qp_cnt, 390, 10) \
	F(cmd_hca_cap, pkey_table_size, 400, 16) \
	F(cmd_hca_cap, vport_group_manager, 416, 1) \
	F(cmd_hca_cap, vhca_group_manager, 417, 1) \
	F(cmd_hca_cap, ib_virt, 418, 1) \
	F(cmd_hca_cap, eth_virt, 419, 1) \
	F(cmd_hca_cap, vnic_env_queue_counters, 420, 1) \
	F(cmd_hca_cap, ets, 421, 1) \
	F(cmd_hca_cap, nic_flow_table, 422, 1) \
	F(cmd_hca_cap, eswitch_manager, 423, 1) \
	F(cmd_hca_cap, device_memory, 424, 1) \
	F(cmd_hca_cap, mcam_reg, 425, 1) \
	F(cmd_hca_cap, pcam_reg, 426, 1) \
	F(cmd_hca_cap, local_ca_ack_delay, 427, 5) \
	F(cmd_hca_cap, port_module_event, 432, 1) \
	F(cmd_hca_cap, enhanced_error_q_counters, 433, 1) \
	F(cmd_hca_cap, ports_check, 434, 1) \
	F(cmd_hca_cap, disable_link_up, 436, 1) \
	F(cmd_hca_cap, beacon_led, 437, 1) \
	F(cmd_hca_cap, port_type, 438, 2) \
	F(cmd_hca_cap, num_ports, 440, 8) \
	F(cmd_hca_cap, pps, 449, 1) \
	F(cmd_hca_cap, pps_modify, 450, 1) \
	F(cmd_hca_cap, log_max_msg, 451, 5) \
	F(cmd_hca_cap, max_tc, 460, 4) \
	F(cmd_hca_cap, temp_warn_event, 464, 1) \
	F(cmd_hca_cap, dcbx, 465, 1) \
	F(cmd_hca_cap, general_notification_event, 466, 1) \
	F(cmd_hca_cap, fpga, 469, 1) \
	F(cmd_hca_cap, rol_s, 470, 1) \
	F(cmd_hca_cap, rol_g, 471, 1) \
	F(cmd_hca_cap, wol_s, 473, 1) \
	F(cmd_hca_cap, wol_g, 474, 1) \
	F(cmd_hca_cap, wol_a, 475, 1) \
	F(cmd_hca_cap, wol_b, 476, 1) \
	F(cmd_hca_cap, wol_m, 477, 1) \
	F(cmd_hca_cap, wol_u, 478, 1) \
	F(cmd_hca_cap, wol_p, 479, 1) \
	F(cmd_hca_cap, stat_rate_support, 480, 16) \
	F(cmd_hca_cap, pci_sync_for_fw_update_event, 497, 1) \
	F(cmd_hca_cap, init2_lag_tx_port_affinity, 504, 1) \
	F(cmd_hca_cap, wqe_based_flow_table_update_cap, 507, 1) \
	F(cmd_hca_cap, cqe_version, 508, 4) \
	F(cmd_hca_cap, compact_address_vector, 512, 1) \
	F(cmd_hca_cap, striding_rq, 513, 1) \
	F(cmd_hca_cap, ipoib_enhanced_offloads, 515, 1) \
	F(cmd_hca_cap, ipoib_basic_offloads, 516, 1) \
	F(cmd_hca_cap, repeated_block_disabled, 518, 1) \
	F(cmd_hca_cap, umr_modify_entity_size_disabled, 519, 1) \
	F(cmd_hca_cap, umr_modify_atomic_disabled, 520, 1) \
	F(cmd_hca_cap, umr_indirect_mkey_disabled, 521, 1) \
	F(cmd_hca_cap, umr_fence, 522, 2) \
	F(cmd_hca_cap, dc_req_scat_data_cqe, 524, 1) \
	F(cmd_hca_cap, drain_sigerr, 527, 1) \
	F(cmd_hca_cap, cmdif_checksum, 528, 2) \
	F(cmd_hca_cap, sigerr_cqe, 530, 1) \
	F(cmd_hca_cap, wq_signature, 532, 1) \
	F(cmd_hca_cap, sctr_data_cqe, 533, 1) \
	F(cmd_hca_cap, sho, 535, 1) \
	F(cmd_hca_cap, tph, 536, 1) \
	F(cmd_hca_cap, rf, 537, 1) \
	F(cmd_hca_cap, dct, 538, 1) \
	F(cmd_hca_cap, qos, 539, 1) \
	F(cmd_hca_cap, eth_net_offloads, 540, 1) \
	F(cmd_hca_cap, roce, 541, 1) \
	F(cmd_hca_cap, atomic, 542, 1) \
	F(cmd_hca_cap, cq_oi, 544, 1) \
	F(cmd_hca_cap, cq_resize, 545, 1) \
	F(cmd_hca_cap, cq_moderation, 546, 1) \
	F(cmd_hca_cap, cq_period_mode_modify, 547, 1) \
	F(cmd_hca_cap, cq_eq_remap, 550, 1) \
	F(cmd_hca_cap, pg, 551, 1) \
	F(cmd_hca_cap, block_lb_mc, 552, 1) \
	F(cmd_hca_cap, scqe_break_moderation, 554, 1) \
	F(cmd_hca_cap, cq_period_start_from_cqe, 555, 1) \
	F(cmd_hca_cap, cd, 556, 1) \
	F(cmd_hca_cap, apm, 558, 1) \
	F(cmd_hca_cap, vector_calc, 559, 1) \
	F(cmd_hca_cap, umr_ptr_rlky, 560, 1) \
	F(cmd_hca_cap, imaicl, 561, 1) \
	F(cmd_hca_cap, qp_packet_based, 562, 1) \
	F(cmd_hca_cap, qkv, 566, 1) \
	F(cmd_hca_cap, pkv, 567, 1) \
	F(cmd_hca_cap, set_deth_sqpn, 568, 1) \
	F(cmd_hca_cap, xrc, 572, 1) \
	F(cmd_hca_cap, ud, 573, 1) \
	F(cmd_hca_cap, uc, 574, 1) \
	F(cmd_hca_cap, rc, 575, 1) \
	F(cmd_hca_cap, uar_4k, 576, 1) \
	F(cmd_hca_cap, fl_rc_qp_when_roce_disabled, 584, 1) \
	F(cmd_hca_cap, regexp_params, 585, 1) \
	F(cmd_hca_cap, uar_sz, 586, 6) \
	F(cmd_hca_cap, port_selection_cap, 592, 1) \
	F(cmd_hca_cap, umem_uid_0, 594, 1) \
	F(cmd_hca_cap, log_pg_sz, 600, 8) \
	F(cmd_hca_cap, bf, 608, 1) \
	F(cmd_hca_cap, driver_version, 609, 1) \
	F(cmd_hca_cap, pad_tx_eth_packet, 610, 1) \
	F(cmd_hca_cap, mkey_by_name, 614, 1) \
	F(cmd_hca_cap, log_bf_reg_size, 619, 5) \
	F(cmd_hca_cap, qp_error_syndrome, 627, 1) \
	F(cmd_hca_cap, lag_dct, 630, 2) \
	F(cmd_hca_cap, lag_tx_port_affinity, 632, 1) \
	F(cmd_hca_cap, lag_native_fdb_selection, 633, 1) \
	F(cmd_hca_cap, lag_master, 635, 1) \
	F(cmd_hca_cap, num_lag_ports, 636, 4) \
	F(cmd_hca_cap, max_wqe_sz_sq, 656, 16) \
	F(cmd_hca_cap, shampo, 683, 1) \
	F(cmd_hca_cap, regexp_mmo_sq, 684, 1) \
	F(cmd_hca_cap, regexp_version, 685, 3) \
	F(cmd_hca_cap, max_wqe_sz_rq, 688, 16) \
	F(cmd_hca_cap, max_flow_counter_31_16, 704, 16) \
	F(cmd_hca_cap, max_wqe_sz_sq_dc, 720, 16) \
	F(cmd_hca_cap, max_qp_mcg, 743, 25) \
	F(cmd_hca_cap, flow_counter_bulk_alloc, 784, 8) \
	F(cmd_hca_cap, log_max_mcg, 792, 8) \
	F(cmd_hca_cap, log_max_transport_domain, 803, 5) \
	F(cmd_hca_cap, pci_relaxed_ordered_read, 810, 1) \
	F(cmd_hca_cap, relaxed_ordering_read, 810, 1) \
	F(cmd_hca_cap, log_max_pd, 811, 5) \
	F(cmd_hca_cap, pcie_reset_using_hotreset_method, 821, 1) \
	F(cmd_hca_cap, pci_sync_for_fw_update_with_driver_unload, 822, 1) \
	F(cmd_hca_cap, vnic_env_cnt_steering_fail, 823, 1) \
	F(cmd_hca_cap, vport_counter_local_loopback, 824, 1) \
	F(cmd_hca_cap, q_counter_aggregation, 825, 1) \
	F(cmd_hca_cap, q_counter_other_vport, 826, 1) \
	F(cmd_hca_cap, log_max_xrcd, 827, 5) \
	F(cmd_hca_cap, nic_receive_steering_discard, 832, 1) \
	F(cmd_hca_cap, receive_discard_vport_down, 833, 1) \
	F(cmd_hca_cap, transmit_discard_vport_down, 834, 1) \
	F(cmd_hca_cap, eq_overrun_count, 835, 1) \
	F(cmd_hca_cap, invalid_command_count, 837, 1) \
	F(cmd_hca_cap, quota_exceeded_count, 838, 1) \
	F(cmd_hca_cap, log_max_flow_counter_bulk, 840, 8) \
	F(cmd_hca_cap, max_flow_counter_15_0, 848, 16) \
	F(cmd_hca_cap, modify_tis, 864, 1) \
	F(cmd_hca_cap, flow_counters_dump, 865, 1) \
	F(cmd_hca_cap, log_max_rq, 867, 5) \
	F(cmd_hca_cap, log_max_sq, 875, 5) \
	F(cmd_hca_cap, log_max_tir, 883, 5) \
	F(cmd_hca_cap, log_max_tis, 891, 5) \
	F(cmd_hca_cap, basic_cyclic_rcv_wqe, 896, 1) \
	F(cmd_hca_cap, mem_rq_rmp, 898, 1) \
	F(cmd_hca_cap, log_max_rmp, 899, 5) \
	F(cmd_hca_cap, log_max_rqt, 907, 5) \
	F(cmd_hca_cap, log_max_rqt_size, 915, 5) \
	F(cmd_hca_cap, log_max_tis_per_sq, 923, 5) \
	F(cmd_hca_cap, ext_stride_num_range, 928, 1) \
	F(cmd_hca_cap, roce_rw_supported, 929, 1) \
	F(cmd_hca_cap, log_max_current_uc_list_wr_supported, 930, 1) \
	F(cmd_hca_cap, log_max_stride_sz_rq, 931, 5) \
	F(cmd_hca_cap, mkc_order_read_after_write, 936, 1) \
	F(cmd_hca_cap, mkc_order_write_after_write_ro_only, 937, 1) \
	F(cmd_hca_cap, log_min_stride_sz_rq, 939, 5) \
	F(cmd_hca_cap, log_max_stride_sz_sq, 947, 5) \
	F(cmd_hca_cap, log_min_stride_sz_sq, 955, 5) \
	F(cmd_hca_cap, hairpin, 960, 1) \
	F(cmd_hca_cap, log_max_hairpin_queues, 963, 5) \
	F(cmd_hca_cap, log_max_hairpin_wq_data_sz, 971, 5) \
	F(cmd_hca_cap, log_max_hairpin_num_packets, 979, 5) \
	F(cmd_hca_cap, log_max_wq_sz, 987, 5) \
	F(cmd_hca_cap, nic_vport_change_event, 992, 1) \
	F(cmd_hca_cap, disable_local_lb_uc, 993, 1) \
	F(cmd_hca_cap, disable_local_lb_mc, 994, 1) \
	F(cmd_hca_cap, log_min_hairpin_wq_data_sz, 995, 5) \
	F(cmd_hca_cap, silent_mode, 1001, 1) \
	F(cmd_hca_cap, vhca_state, 1002, 1) \
	F(cmd_hca_cap, log_max_vlan_list, 1003, 5) \
	F(cmd_hca_cap, aes_xts_single_block_le_tweak, 1009, 1) \
	F(cmd_hca_cap, aes_xts_multi_block_be_tweak, 1010, 1) \
	F(cmd_hca_cap, log_max_current_mc_list, 1011, 5) \
	F(cmd_hca_cap, log_max_current_uc_list, 1019, 5) \
	F(cmd_hca_cap, general_obj_types, 1024, 64) \
	F(cmd_hca_cap, sq_ts_format, 1088, 2) \
	F(cmd_hca_cap, rq_ts_format, 1090, 2) \
	F(cmd_hca_cap, steering_format_version, 1092, 4) \
	F(cmd_hca_cap, create_qp_start_hint, 1096, 24) \
	F(cmd_hca_cap, ats, 1121, 1) \
	F(cmd_hca_cap, cross_vhca_rqt, 1122, 1) \
	F(cmd_hca_cap, log_max_uctx, 1123, 5) \
	F(cmd_hca_cap, aes_xts, 1128, 1) \
	F(cmd_hca_cap, crypto, 1129, 1) \
	F(cmd_hca_cap, ipsec_offload, 1130, 1) \
	F(cmd_hca_cap, log_max_umem, 1131, 5) \
	F(cmd_hca_cap, max_num_eqs, 1136, 16) \
	F(cmd_hca_cap, tls_tx, 1153, 1) \
	F(cmd_hca_cap, tls_rx, 1154, 1) \
	F(cmd_hca_cap, log_max_l2_table, 1155, 5) \
	F(cmd_hca_cap, log_uar_page_sz, 1168, 16) \
	F(cmd_hca_cap, device_frequency_mhz, 1216, 32) \
	F(cmd_hca_cap, device_frequency_khz, 1248, 32) \
	F(cmd_hca_cap, num_of_uars_per_page, 1312, 32) \
	F(cmd_hca_cap, flex_parser_protocols, 1344, 32) \
	F(cmd_hca_cap, max_geneve_tlv_options, 1376, 8) \
	F(cmd_hca_cap, geneve_tlv_sample, 1384, 1) \
	F(cmd_hca_cap, geneve_tlv_option_offset, 1385, 1) \
	F(cmd_hca_cap, max_geneve_tlv_option_data_len, 1387, 5) \
	F(cmd_hca_cap, flex_parser_header_modify, 1392, 1) \
	F(cmd_hca_cap, log_max_guaranteed_connections, 1395, 5) \
	F(cmd_hca_cap, driver_version_before_init_hca, 1400, 1) \
	F(cmd_hca_cap, adv_virtualization, 1401, 1) \
	F(cmd_hca_cap, log_max_dct_connections, 1403, 5) \
	F(cmd_hca_cap, log_max_atomic_size_qp, 1408, 8) \
	F(cmd_hca_cap, log_max_dci_stream_channels, 1419, 5) \
	F(cmd_hca_cap, log_max_dci_errored_streams, 1427, 5) \
	F(cmd_hca_cap, log_max_atomic_dize_dc, 1432, 8) \
	F(cmd_hca_cap, max_multi_user_ggroup_size, 1440, 16) \
	F(cmd_hca_cap, enhanced_cqe_compression, 1456, 1) \
	F(cmd_hca_cap, crossing_vhca_mkey, 1458, 1) \
	F(cmd_hca_cap, log_max_dek, 1459, 5) \
	F(cmd_hca_cap, mini_cqe_resp_l3_l4_tag, 1465, 1) \
	F(cmd_hca_cap, mini_cqe_resp_flow_tag, 1466, 1) \
	F(cmd_hca_cap, mini_cqe_resp_stride_index, 1468, 1) \
	F(cmd_hca_cap, cqe_128_always, 1469, 1) \
	F(cmd_hca_cap, cqe_compression_128, 1470, 1) \
	F(cmd_hca_cap, cqe_compression, 1471, 1) \
	F(cmd_hca_cap, cqe_compression_timeout, 1472, 16) \
	F(cmd_hca_cap, cqe_compression_max_num, 1488, 16) \
	F(cmd_hca_cap, flex_parser_id_gtpu_dw_0, 1512, 4) \
	F(cmd_hca_cap, tag_matching, 1520, 1) \
	F(cmd_hca_cap, rndv_offload_rc, 1521, 1) \
	F(cmd_hca_cap, rndv_offload_dc, 1522, 1) \
	F(cmd_hca_cap, log_tag_matching_list_sz, 1523, 5) \
	F(cmd_hca_cap, log_max_xrq, 1531, 5) \
	F(cmd_hca_cap, affiliate_nic_vport_criteria, 1536, 8) \
	F(cmd_hca_cap, native_port_num, 1544, 8) \
	F(cmd_hca_cap, num_vhca_ports, 1552, 8) \
	F(cmd_hca_cap, flex_parser_id_gtpu_teid, 1560, 4) \
	F(cmd_hca_cap, sw_owner_id, 1566, 1) \
	F(cmd_hca_cap, max_num_of_monitor_counters, 1568, 16) \
	F(cmd_hca_cap, num_ppcnt_monitor_counters, 1584, 16) \
	F(cmd_hca_cap, max_num_sf, 1600, 16) \
	F(cmd_hca_cap, num_q_monitor_counters, 1616, 16) \
	F(cmd_hca_cap, sf, 1664, 1) \
	F(cmd_hca_cap, sf_set_partition, 1665, 1) \
	F(cmd_hca_cap, log_max_sf, 1667, 5) \
	F(cmd_hca_cap, apu, 1672, 1) \
	F(cmd_hca_cap, wait_on_data, 1675, 1) \
	F(cmd_hca_cap, wait_on_time, 1676, 1) \
	F(cmd_hca_cap, migration, 1677, 1) \
	F(cmd_hca_cap, log_min_sf_size, 1680, 8) \
	F(cmd_hca_cap, max_num_sf_partitions, 1688, 8) \
	F(cmd_hca_cap, uctx_cap, 1696, 32) \
	F(cmd_hca_cap, flex_parser_id_geneve_opt_0, 1732, 4) \
	F(cmd_hca_cap, flex_parser_id_geneve_tlv_option_0, 1732, 4) \
	F(cmd_hca_cap, flex_parser_id_icmp_dw1, 1736, 4) \
	F(cmd_hca_cap, flex_parser_id_icmp_dw0, 1740, 4) \
	F(cmd_hca_cap, flex_parser_id_icmpv6_dw1, 1744, 4) \
	F(cmd_hca_cap, flex_parser_id_icmpv6_dw0, 1748, 4) \
	F(cmd_hca_cap, flex_parser_id_outer_first_mpls_over_gre, 1752, 4) \
	F(cmd_hca_cap, flex_parser_id_outer_first_mpls_over_udp_label, 1756, 4) \
	F(cmd_hca_cap, max_num_match_definer, 1760, 16) \
	F(cmd_hca_cap, sf_base_id, 1776, 16) \
	F(cmd_hca_cap, flex_parser_id_gtpu_dw_2, 1792, 4) \
	F(cmd_hca_cap, flex_parser_id_gtpu_first_ext_dw_0, 1796, 4) \
	F(cmd_hca_cap, num_total_dynamic_vf_msix, 1800, 24) \
	F(cmd_hca_cap, dynamic_msix_table_size, 1844, 12) \
	F(cmd_hca_cap, dma_mmo_qp, 1864, 1) \
	F(cmd_hca_cap, regexp_mmo_qp, 1865, 1) \
	F(cmd_hca_cap, compress_mmo_qp, 1866, 1) \
	F(cmd_hca_cap, decompress_deflate_v1, 1867, 1) \
	F(cmd_hca_cap, min_dynamic_vf_msix_table_size, 1868, 4) \
	F(cmd_hca_cap, decompress_deflate_v2, 1872, 1) \
	F(cmd_hca_cap, data_direct, 1874, 1) \
	F(cmd_hca_cap, max_dynamic_vf_msix_table_size, 1876, 12) \
	F(cmd_hca_cap, log_max_num_header_modify_argument, 1891, 5) \
	F(cmd_hca_cap, log_header_modify_argument_granularity_offset, 1896, 4) \
	F(cmd_hca_cap, log_header_modify_argument_granularity, 1900, 4) \
	F(cmd_hca_cap, log_header_modify_argument_max_alloc, 1907, 5) \
	F(cmd_hca_cap, vhca_tunnel_commands, 1920, 64) \
	F(cmd_hca_cap, match_definer_format_supported, 1984, 64)

#define PRM_FIELDS_cmd_hca_cap_2(F, N) \
	F(cmd_hca_cap_2, migratable, 128, 1) \
	F(cmd_hca_cap_2, max_num_prog_sample_field, 131, 5) \
	F(cmd_hca_cap_2, log_max_num_reserved_qpn, 139, 5) \
	F(cmd_hca_cap_2, query_vuid, 146, 1) \
	F(cmd_hca_cap_2, log_reserved_qpn_granularity, 147, 5) \
	F(cmd_hca_cap_2, umr_log_entity_size_5, 152, 1) \
	F(cmd_hca_cap_2, log_reserved_qpn_max_alloc, 155, 5) \
	F(cmd_hca_cap_2, max_reformat_insert_size, 160, 8) \
	F(cmd_hca_cap_2, max_reformat_insert_offset, 168, 8) \
	F(cmd_hca_cap_2, max_reformat_remove_size, 176, 8) \
	F(cmd_hca_cap_2, max_reformat_remove_offset, 184, 8) \
	F(cmd_hca_cap_2, log_min_stride_wqe_sz, 195, 5) \
	F(cmd_hca_cap_2, migration_multi_load, 200, 1) \
	F(cmd_hca_cap_2, migration_tracking_state, 201, 1) \
	F(cmd_hca_cap_2, multiplane_qp_ud, 202, 1) \
	F(cmd_hca_cap_2, log_conn_track_granularity, 203, 5) \
	F(cmd_hca_cap_2, migration_in_chunks, 208, 1) \
	F(cmd_hca_cap_2, sf_eq_usage, 210, 1) \
	F(cmd_hca_cap_2, log_conn_track_max_alloc, 211, 5) \
	F(cmd_hca_cap_2, multiplane, 216, 1) \
	F(cmd_hca_cap_2, log_max_conn_track_offload, 219, 5) \
	F(cmd_hca_cap_2, cross_vhca_object_to_object_supported, 224, 32) \
	F(cmd_hca_cap_2, allowed_object_for_other_vhca_access_high, 256, 32) \
	F(cmd_hca_cap_2, allowed_object_for_other_vhca_access, 256, 64) \
	F(cmd_hca_cap_2, hairpin_sq_wqe_bb_size, 355, 5) \
	F(cmd_hca_cap_2, hairpin_sq_wq_in_host_mem, 360, 1) \
	F(cmd_hca_cap_2, hairpin_data_buffer_locked, 361, 1) \
	F(cmd_hca_cap_2, flow_table_type_2_type, 416, 8) \
	F(cmd_hca_cap_2, format_select_dw_8_6_ext, 426, 1) \
	F(cmd_hca_cap_2, log_min_mkey_entity_size, 427, 5) \
	F(cmd_hca_cap_2, general_obj_types_127_64, 448, 64) \
	F(cmd_hca_cap_2, sw_vhca_id_valid, 545, 1) \
	F(cmd_hca_cap_2, sw_vhca_id, 546, 14) \
	F(cmd_hca_cap_2, ts_cqe_metadata_size2wqe_counter, 587, 5) \
	F(cmd_hca_cap_2, flow_counter_bulk_log_max_alloc, 595, 5) \
	F(cmd_hca_cap_2, flow_counter_bulk_log_granularity, 603, 5) \
	F(cmd_hca_cap_2, format_select_dw_gtpu_dw_0, 640, 8) \
	F(cmd_hca_cap_2, format_select_dw_gtpu_dw_1, 648, 8) \
	F(cmd_hca_cap_2, format_select_dw_gtpu_dw_2, 656, 8) \
	F(cmd_hca_cap_2, format_select_dw_gtpu_first_ext_dw_0, 664, 8) \
	F(cmd_hca_cap_2, generate_wqe_type, 672, 32) \
	F(cmd_hca_cap_2, min_mkey_log_entity_size_fixed_buffer, 907, 5) \
	F(cmd_hca_cap_2, ec_vf_vport_base, 912, 16) \
	F(cmd_hca_cap_2, max_mkey_log_entity_size_mtt, 938, 6) \
	F(cmd_hca_cap_2, max_rqt_vhca_id, 944, 16) \
	F(cmd_hca_cap_2, pcc_ifa2, 1008, 1) \
	F(cmd_hca_cap_2, min_mkey_log_entity_size_fixed_buffer_valid, 1025, 1) \
	F(cmd_hca_cap_2, return_reg_id, 1040, 16) \
	F(cmd_hca_cap_2, encap_entropy_hash_type, 1080, 4) \
	F(cmd_hca_cap_2, flow_table_hash_type, 1084, 4) \
	F(cmd_hca_cap_2, max_num_eqs_24b, 1096, 24)

#define PRM_FIELDS_virtio_emulation_cap(F, N) \
	F(virtio_emulation_cap, desc_tunnel_offload_type, 0, 1) \
	F(virtio_emulation_cap, eth_frame_offload_type, 1, 1) \
	F(virtio_emulation_cap, virtio_version_1_0, 2, 1) \
	F(virtio_emulation_cap, tso_ipv4, 3, 1) \
	F(virtio_emulation_cap, device_features_bits_mask, 3, 13) \
	F(virtio_emulation_cap, tso_ipv6, 4, 1) \
	F(virtio_emulation_cap, tx_csum, 5, 1) \
	F(virtio_emulation_cap, rx_csum, 6, 1) \
	F(virtio_emulation_cap, event_mode, 16, 8) \
	F(virtio_emulation_cap, virtio_queue_type, 24, 8) \
	F(virtio_emulation_cap, max_tunnel_desc, 32, 16) \
	F(virtio_emulation_cap, log_doorbell_stride, 51, 5) \
	F(virtio_emulation_cap, vnet_modify_ext, 56, 1) \
	F(virtio_emulation_cap, virtio_net_q_addr_modify, 57, 1) \
	F(virtio_emulation_cap, virtio_q_index_modify, 58, 1) \
	F(virtio_emulation_cap, log_doorbell_bar_size, 59, 5) \
	F(virtio_emulation_cap, doorbell_bar_offset, 64, 64) \
	F(virtio_emulation_cap, max_emulated_devices, 128, 8) \
	F(virtio_emulation_cap, max_num_virtio_queues, 136, 24) \
	F(virtio_emulation_cap, desc_group_mkey_supported, 211, 1) \
	F(virtio_emulation_cap, freeze_to_rdy_supported, 212, 1) \
	F(virtio_emulation_cap, umem_1_buffer_param_a, 256, 32) \
	F(virtio_emulation_cap, umem_1_buffer_param_b, 288, 32) \
	F(virtio_emulation_cap, umem_2_buffer_param_a, 320, 32) \
	F(virtio_emulation_cap, umem_2_buffer_param_b, 352, 32) \
	F(virtio_emulation_cap, umem_3_buffer_param_a, 384, 32) \
	F(virtio_emulation_cap, umem_3_buffer_param_b, 416, 32)

#define PRM_FIELDS_per_protocol_networking_offload_caps(F, N) \
	F(per_protocol_networking_offload_caps, csum_cap, 0, 1) \
	F(per_protocol_networking_offload_caps, vlan_cap, 1, 1) \
	F(per_protocol_networking_offload_caps, lro_cap, 2, 1) \
	F(per_protocol_networking_offload_caps, lro_psh_flag, 3, 1) \
	F(per_protocol_networking_offload_caps, lro_time_stamp, 4, 1) \
	F(per_protocol_networking_offload_caps, lro_max_msg_sz_mode, 5, 2) \
	F(per_protocol_networking_offload_caps, wqe_vlan_insert, 7, 1) \
	F(per_protocol_networking_offload_caps, self_lb_en_modifiable, 8, 1) \
	F(per_protocol_networking_offload_caps, self_lb_mc, 9, 1) \
	F(per_protocol_networking_offload_caps, self_lb_uc, 10, 1) \
	F(per_protocol_networking_offload_caps, max_lso_cap, 11, 5) \
	F(per_protocol_networking_offload_caps, multi_pkt_send_wqe, 16, 2) \
	F(per_protocol_networking_offload_caps, wqe_inline_mode, 18, 2) \
	F(per_protocol_networking_offload_caps, rss_ind_tbl_cap, 20, 4) \
	F(per_protocol_networking_offload_caps, reg_umr_sq, 24, 1) \
	F(per_protocol_networking_offload_caps, scatter_fcs, 25, 1) \
	F(per_protocol_networking_offload_caps, enhanced_multi_pkt_send_wqe, 26, 1) \
	F(per_protocol_networking_offload_caps, tunnel_lso_const_out_ip_id, 27, 1) \
	F(per_protocol_networking_offload_caps, tunnel_lro_gre, 28, 1) \
	F(per_protocol_networking_offload_caps, tunnel_lro_vxlan, 29, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_gre, 30, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_vxlan, 31, 1) \
	F(per_protocol_networking_offload_caps, swp, 32, 1) \
	F(per_protocol_networking_offload_caps, swp_csum, 33, 1) \
	F(per_protocol_networking_offload_caps, swp_lso, 34, 1) \
	F(per_protocol_networking_offload_caps, cqe_checksum_full, 35, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_geneve_tx, 36, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_mpls_over_udp, 37, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_mpls_over_gre, 38, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_vxlan_gpe, 39, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_ipv4_over_vxlan, 40, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_ip_over_ip, 41, 1) \
	F(per_protocol_networking_offload_caps, insert_trailer, 42, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_gtp, 43, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_ip_over_ip_rx, 44, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_ip_over_ip_tx, 45, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_vxlan_gpe_nsh, 46, 1) \
	F(per_protocol_networking_offload_caps, max_vxlan_udp_ports, 48, 8) \
	F(per_protocol_networking_offload_caps, swp_csum_l4_partial, 56, 1) \
	F(per_protocol_networking_offload_caps, max_geneve_opt_len, 62, 1) \
	F(per_protocol_networking_offload_caps, tunnel_stateless_geneve_rx, 63, 1) \
	F(per_protocol_networking_offload_caps, lro_min_mss_size, 80, 16) \
	F(per_protocol_networking_offload_caps, lro_timer_supported_periods, 384, 128)

#define PRM_FIELDS_flow_table_prop_layout(F, N) \
	F(flow_table_prop_layout, ft_support, 0, 1) \
	F(flow_table_prop_layout, flow_tag, 1, 1) \
	F(flow_table_prop_layout, flow_counter, 2, 1) \
	F(flow_table_prop_layout, flow_modify_en, 3, 1) \
	F(flow_table_prop_layout, modify_root, 4, 1) \
	F(flow_table_prop_layout, identified_miss_table, 5, 1) \
	F(flow_table_prop_layout, identified_miss_table_mode, 5, 1) \
	F(flow_table_prop_layout, flow_table_modify, 6, 1) \
	F(flow_table_prop_layout, reformat, 7, 1) \
	F(flow_table_prop_layout, decap, 8, 1) \
	F(flow_table_prop_layout, reset_root_to_default, 9, 1) \
	F(flow_table_prop_layout, pop_vlan, 10, 1) \
	F(flow_table_prop_layout, push_vlan, 11, 1) \
	F(flow_table_prop_layout, fpga_vendor_acceleration, 12, 1) \
	F(flow_table_prop_layout, pop_vlan_2, 13, 1) \
	F(flow_table_prop_layout, push_vlan_2, 14, 1) \
	F(flow_table_prop_layout, reformat_and_vlan_action, 15, 1) \
	F(flow_table_prop_layout, modify_and_vlan_action, 16, 1) \
	F(flow_table_prop_layout, sw_owner, 17, 1) \
	F(flow_table_prop_layout, reformat_l3_tunnel_to_l2, 18, 1) \
	F(flow_table_prop_layout, reformat_l2_to_l3_tunnel, 19, 1) \
	F(flow_table_prop_layout, reformat_and_modify_action, 20, 1) \
	F(flow_table_prop_layout, ignore_flow_level, 21, 1) \
	F(flow_table_prop_layout, table_miss_action_domain, 23, 1) \
	F(flow_table_prop_layout, termination_table, 24, 1) \
	F(flow_table_prop_layout, reformat_and_fwd_to_table, 25, 1) \
	F(flow_table_prop_layout, ipsec_encrypt, 28, 1) \
	F(flow_table_prop_layout, ipsec_decrypt, 29, 1) \
	F(flow_table_prop_layout, sw_owner_v2, 30, 1) \
	F(flow_table_prop_layout, termination_table_raw_traffic, 32, 1) \
	F(flow_table_prop_layout, log_max_ft_size, 34, 6) \
	F(flow_table_prop_layout, log_max_modify_header_context, 40, 8) \
	F(flow_table_prop_layout, max_modify_header_actions, 48, 8) \
	F(flow_table_prop_layout, max_ft_level, 56, 8) \
	F(flow_table_prop_layout, reformat_add_esp_trasport, 64, 1) \
	F(flow_table_prop_layout, reformat_l2_to_l3_esp_tunnel, 65, 1) \
	F(flow_table_prop_layout, reformat_add_esp_transport_over_udp, 66, 1) \
	F(flow_table_prop_layout, reformat_del_esp_trasport, 67, 1) \
	F(flow_table_prop_layout, reformat_l3_esp_tunnel_to_l2, 68, 1) \
	F(flow_table_prop_layout, reformat_del_esp_transport_over_udp, 69, 1) \
	F(flow_table_prop_layout, execute_aso, 70, 1) \
	F(flow_table_prop_layout, log_max_ft_sampler_num, 72, 8) \
	F(flow_table_prop_layout, metadata_reg_b_width, 80, 8) \
	F(flow_table_prop_layout, metadata_reg_a_width, 88, 8) \
	F(flow_table_prop_layout, reformat_insert, 98, 1) \
	F(flow_table_prop_layout, reformat_remove, 99, 1) \
	F(flow_table_prop_layout, macsec_encrypt, 100, 1) \
	F(flow_table_prop_layout, macsec_decrypt, 101, 1) \
	F(flow_table_prop_layout, reformat_add_macsec, 104, 1) \
	F(flow_table_prop_layout, reformat_remove_macsec, 105, 1) \
	F(flow_table_prop_layout, reparse, 106, 1) \
	F(flow_table_prop_layout, cross_vhca_object, 108, 1) \
	F(flow_table_prop_layout, reformat_l2_to_l3_audp_tunnel, 109, 1) \
	F(flow_table_prop_layout, reformat_l3_audp_tunnel_to_l2, 110, 1) \
	F(flow_table_prop_layout, ignore_flow_level_rtc_valid, 111, 1) \
	F(flow_table_prop_layout, log_max_ft_num, 120, 8) \
	F(flow_table_prop_layout, log_max_flow_counter, 144, 8) \
	F(flow_table_prop_layout, log_max_destination, 152, 8) \
	F(flow_table_prop_layout, log_max_flow, 184, 8) \
	F(flow_table_prop_layout, ft_field_support, 256, 128) \
	F(flow_table_prop_layout, ft_field_bitmask_support, 384, 128)

#define PRM_FIELDS_flow_table_nic_cap(F, N) \
	F(flow_table_nic_cap, nic_rx_multi_path_tirs, 0, 1) \
	F(flow_table_nic_cap, nic_rx_multi_path_tirs_fts, 1, 1) \
	F(flow_table_nic_cap, allow_sniffer_and_nic_rx_shared_tir, 2, 1) \
	F(flow_table_nic_cap, sw_owner_reformat_supported, 7, 1) \
	F(flow_table_nic_cap, encap_general_header, 32, 1) \
	F(flow_table_nic_cap, log_max_packet_reformat_context, 43, 5) \
	F(flow_table_nic_cap, max_encap_header_size, 54, 10) \
	N(flow_table_nic_cap, flow_table_properties_nic_receive, 512, 512, flow_table_prop_layout) \
	N(flow_table_nic_cap, flow_table_properties_nic_receive_rdma, 1024, 512, flow_table_prop_layout) \
	N(flow_table_nic_cap, flow_table_properties_nic_receive_sniffer, 1536, 512, flow_table_prop_layout) \
	N(flow_table_nic_cap, flow_table_properties_nic_transmit, 2048, 512, flow_table_prop_layout) \
	N(flow_table_nic_cap, flow_table_properties_nic_transmit_rdma, 2560, 512, flow_table_prop_layout) \
	N(flow_table_nic_cap, flow_table_properties_nic_transmit_sniffer, 3072, 512, flow_table_prop_layout) \
	F(flow_table_nic_cap, ft_header_modify_nic_receive, 4096, 1024) \
	F(flow_table_nic_cap, ft_field_support_2_nic_receive, 5120, 128) \
	F(flow_table_nic_cap, ft_field_support_2_nic_receive_rdma, 5376, 128) \
	F(flow_table_nic_cap, ft_field_support_2_nic_transmit, 5888, 128) \
	F(flow_table_nic_cap, ft_field_support_2_nic_transmit_rdma, 6144, 128) \
	F(flow_table_nic_cap, ft_header_modify_nic_transmit, 7168, 1024) \
	F(flow_table_nic_cap, sw_steering_nic_rx_action_drop_icm_address, 8192, 64) \
	F(flow_table_nic_cap, sw_steering_nic_tx_action_drop_icm_address, 8256, 64) \
	F(flow_table_nic_cap, sw_steering_nic_tx_action_allow_icm_address, 8320, 64)

#define PRM_FIELDS_query_special_contexts_in(F, N) \
	F(query_special_contexts_in, opcode, 0, 16) \
	F(query_special_contexts_in, op_mod, 48, 16)

#define PRM_FIELDS_query_special_contexts_out(F, N) \
	F(query_special_contexts_out, status, 0, 8) \
	F(query_special_contexts_out, syndrome, 32, 32) \
	F(query_special_contexts_out, dump_fill_mkey, 64, 32) \
	F(query_special_contexts_out, resd_lkey, 96, 32) \
	F(query_special_contexts_out, null_mkey, 128, 32) \
	F(query_special_contexts_out, terminate_scatter_list_mkey, 160, 32) \
	F(query_special_contexts_out, repeated_mkey, 192, 32)

#define PRM_FIELDS_query_vport_state_in(F, N) \
	F(query_vport_state_in, opcode, 0, 16) \
	F(query_vport_state_in, op_mod, 48, 16) \
	F(query_vport_state_in, other_vport, 64, 1) \
	F(query_vport_state_in, vport_number, 80, 16)

#define PRM_FIELDS_query_vport_state_out(F, N) \
	F(query_vport_state_out, status, 0, 8) \
	F(query_vport_state_out, syndrome, 32, 32) \
	F(query_vport_state_out, admin_state, 120, 4) \
	F(query_vport_state_out, state, 124, 4)

#define PRM_FIELDS_mac_address_layout(F, N) \
	F(mac_address_layout, mac_addr_47_32, 16, 16) \
	F(mac_address_layout, mac_addr_31_0, 32, 32)

#define PRM_FIELDS_nic_vport_context(F, N) \
	F(nic_vport_context, multi_prio_sq, 0, 1) \
	F(nic_vport_context, vport_to_fdb_metadata, 1, 1) \
	F(nic_vport_context, fdb_to_vport_metadata, 2, 1) \
	F(nic_vport_context, min_wqe_inline_mode, 5, 3) \
	F(nic_vport_context, disable_mc_local_lb, 29, 1) \
	F(nic_vport_context, disable_uc_local_lb, 30, 1) \
	F(nic_vport_context, roce_en, 31, 1) \
	F(nic_vport_context, arm_change_event, 32, 1) \
	F(nic_vport_context, event_on_mtu, 59, 1) \
	F(nic_vport_context, event_on_promisc_change, 60, 1) \
	F(nic_vport_context, event_on_vlan_change, 61, 1) \
	F(nic_vport_context, event_on_mc_address_change, 62, 1) \
	F(nic_vport_context, event_on_uc_address_change, 63, 1) \
	F(nic_vport_context, vhca_id_type, 64, 1) \
	F(nic_vport_context, affiliation_criteria, 76, 4) \
	F(nic_vport_context, affiliated_vhca_id, 80, 16) \
	F(nic_vport_context, sd_group, 257, 3) \
	F(nic_vport_context, mtu, 304, 16) \
	F(nic_vport_context, system_image_guid, 320, 64) \
	F(nic_vport_context, port_guid, 384, 64) \
	F(nic_vport_context, node_guid, 448, 64) \
	F(nic_vport_context, qkey_violation_counter, 832, 16) \
	F(nic_vport_context, promisc_uc, 1920, 1) \
	F(nic_vport_context, promisc_mc, 1921, 1) \
	F(nic_vport_context, promisc_all, 1922, 1) \
	F(nic_vport_context, allowed_list_type, 1925, 3) \
	F(nic_vport_context, allowed_list_size, 1940, 12) \
	N(nic_vport_context, permanent_address, 1952, 64, mac_address_layout)

#define PRM_FIELDS_query_nic_vport_context_in(F, N) \
	F(query_nic_vport_context_in, opcode, 0, 16) \
	F(query_nic_vport_context_in, op_mod, 48, 16) \
	F(query_nic_vport_context_in, other_vport, 64, 1) \
	F(query_nic_vport_context_in, vport_number, 80, 16) \
	F(query_nic_vport_context_in, allowed_list_type, 101, 3)

#define PRM_FIELDS_query_nic_vport_context_out(F, N) \
	F(query_nic_vport_context_out, status, 0, 8) \
	F(query_nic_vport_context_out, syndrome, 32, 32) \
	N(query_nic_vport_context_out, nic_vport_context, 128, 2048, nic_vport_context)

#define PRM_FIELDS_alloc_pd_in(F, N) \
	F(alloc_pd_in, opcode, 0, 16) \
	F(alloc_pd_in, uid, 16, 16) \
	F(alloc_pd_in, op_mod, 48, 16)

#define PRM_FIELDS_alloc_pd_out(F, N) \
	F(alloc_pd_out, status, 0, 8) \
	F(alloc_pd_out, syndrome, 32, 32) \
	F(alloc_pd_out, pd, 72, 24)

#define PRM_FIELDS_dealloc_pd_in(F, N) \
	F(dealloc_pd_in, opcode, 0, 16) \
	F(dealloc_pd_in, uid, 16, 16) \
	F(dealloc_pd_in, op_mod, 48, 16) \
	F(dealloc_pd_in, pd, 72, 24)

#define PRM_FIELDS_alloc_transport_domain_in(F, N) \
	F(alloc_transport_domain_in, opcode, 0, 16) \
	F(alloc_transport_domain_in, uid, 16, 16) \
	F(alloc_transport_domain_in, op_mod, 48, 16)

#define PRM_FIELDS_alloc_transport_domain_out(F, N) \
	F(alloc_transport_domain_out, status, 0, 8) \
	F(alloc_transport_domain_out, syndrome, 32, 32) \
	F(alloc_transport_domain_out, transport_domain, 72, 24)

#define PRM_FIELDS_dealloc_transport_domain_in(F, N) \
	F(dealloc_transport_domain_in, opcode, 0, 16) \
	F(dealloc_transport_domain_in, uid, 16, 16) \
	F(dealloc_transport_domain_in, op_mod, 48, 16) \
	F(dealloc_transport_domain_in, transport_domain, 72, 24)

#define PRM_FIELDS_mkc(F, N) \
	F(mkc, free, 1, 1) \
	F(mkc, access_mode_4_2, 3, 3) \
	F(mkc, relaxed_ordering_write, 13, 1) \
	F(mkc, small_fence_on_rdma_read_response, 15, 1) \
	F(mkc, umr_en, 16, 1) \
	F(mkc, a, 17, 1) \
	F(mkc, rw, 18, 1) \
	F(mkc, rr, 19, 1) \
	F(mkc, lw, 20, 1) \
	F(mkc, lr, 21, 1) \
	F(mkc, access_mode_1_0, 22, 2) \
	F(mkc, ma_translation_mode, 26, 2) \
	F(mkc, qpn, 32, 24) \
	F(mkc, mkey_7_0, 56, 8) \
	F(mkc, length64, 96, 1) \
	F(mkc, bsf_en, 97, 1) \
	F(mkc, sync_umr, 98, 1) \
	F(mkc, expected_sigerr_count, 101, 1) \
	F(mkc, en_rinval, 103, 1) \
	F(mkc, pd, 104, 24) \
	F(mkc, start_addr, 128, 64) \
	F(mkc, len, 192, 64) \
	F(mkc, bsf_octword_size, 256, 32) \
	F(mkc, crossing_target_vhca_id, 384, 16) \
	F(mkc, translations_octword_size, 416, 32) \
	F(mkc, order_read_after_write, 470, 2) \
	F(mkc, relaxed_ordering_read, 473, 1) \
	F(mkc, log_page_size, 474, 6) \
	F(mkc, crypto_en, 483, 2)

#define PRM_FIELDS_klm(F, N) \
	F(klm, byte_count, 0, 32) \
	F(klm, mkey, 32, 32) \
	F(klm, address, 64, 64)

#define PRM_FIELDS_create_mkey_in(F, N) \
	F(create_mkey_in, opcode, 0, 16) \
	F(create_mkey_in, uid, 16, 16) \
	F(create_mkey_in, op_mod, 48, 16) \
	F(create_mkey_in, pg_access, 96, 1) \
	F(create_mkey_in, mkey_umem_valid, 97, 1) \
	F(create_mkey_in, data_direct, 98, 1) \
	N(create_mkey_in, memory_key_mkey_entry, 128, 512, mkc) \
	F(create_mkey_in, translations_octword_actual_size, 768, 32) \
	F(create_mkey_in, mkey_umem_id, 800, 32) \
	F(create_mkey_in, mkey_umem_offset, 832, 64)

#define PRM_FIELDS_create_mkey_out(F, N) \
	F(create_mkey_out, status, 0, 8) \
	F(create_mkey_out, syndrome, 32, 32) \
	F(create_mkey_out, mkey_index, 72, 24)

#define PRM_FIELDS_destroy_mkey_in(F, N) \
	F(destroy_mkey_in, opcode, 0, 16) \
	F(destroy_mkey_in, uid, 16, 16) \
	F(destroy_mkey_in, op_mod, 48, 16) \
	F(destroy_mkey_in, mkey_index, 72, 24)

#define PRM_FIELDS_cqc(F, N) \
	F(cqc, status, 0, 4) \
	F(cqc, as_notify, 4, 1) \
	F(cqc, initiator_src_dct, 5, 1) \
	F(cqc, dbr_umem_valid, 6, 1) \
	F(cqc, apu_cq, 7, 1) \
	F(cqc, ext_element, 7, 1) \
	F(cqc, cqe_sz, 8, 3) \
	F(cqc, cc, 11, 1) \
	F(cqc, scqe_break_moderation_en, 13, 1) \
	F(cqc, oi, 14, 1) \
	F(cqc, cq_period_mode, 15, 2) \
	F(cqc, cqe_comp_en, 17, 1) \
	F(cqc, mini_cqe_res_format, 18, 2) \
	F(cqc, st, 20, 4) \
	F(cqc, always_armed_cq, 24, 1) \
	F(cqc, ext_element_type, 25, 3) \
	F(cqc, cqe_comp_layout, 30, 2) \
	F(cqc, cqe_compression_layout, 30, 2) \
	F(cqc, dbr_umem_id, 32, 32) \
	F(cqc, page_offset, 84, 6) \
	F(cqc, mini_cqe_res_format_ext, 92, 2) \
	F(cqc, cq_timestamp_format, 94, 2) \
	F(cqc, log_cq_size, 99, 5) \
	F(cqc, uar_page, 104, 24) \
	F(cqc, cq_period, 132, 12) \
	F(cqc, cq_max_count, 144, 16) \
	F(cqc, c_eqn_or_apu_element, 160, 32) \
	F(cqc, c_eqn, 184, 8) \
	F(cqc, log_page_size, 195, 5) \
	F(cqc, last_notified_index, 264, 24) \
	F(cqc, last_solicit_index, 296, 24) \
	F(cqc, consumer_counter, 328, 24) \
	F(cqc, producer_counter, 360, 24) \
	F(cqc, local_partition_id, 384, 12) \
	F(cqc, process_id, 396, 20) \
	F(cqc, dbr_addr, 448, 64)

#define PRM_FIELDS_create_cq_in(F, N) \
	F(create_cq_in, opcode, 0, 16) \
	F(create_cq_in, uid, 16, 16) \
	F(create_cq_in, op_mod, 48, 16) \
	N(create_cq_in, cq_context, 128, 512, cqc) \
	F(create_cq_in, cq_umem_offset, 640, 64) \
	F(create_cq_in, cq_umem_id, 704, 32) \
	F(create_cq_in, cq_umem_valid, 736, 1)

#define PRM_FIELDS_create_cq_out(F, N) \
	F(create_cq_out, status, 0, 8) \
	F(create_cq_out, syndrome, 32, 32) \
	F(create_cq_out, cqn, 72, 24)

#define PRM_FIELDS_query_cq_in(F, N) \
	F(query_cq_in, opcode, 0, 16) \
	F(query_cq_in, op_mod, 48, 16) \
	F(query_cq_in, cqn, 72, 24)

#define PRM_FIELDS_query_cq_out(F, N) \
	F(query_cq_out, status, 0, 8) \
	F(query_cq_out, syndrome, 32, 32) \
	N(query_cq_out, cq_context, 128, 512, cqc)

#define PRM_FIELDS_modify_cq_in(F, N) \
	F(modify_cq_in, opcode, 0, 16) \
	F(modify_cq_in, uid, 16, 16) \
	F(modify_cq_in, op_mod, 48, 16) \
	F(modify_cq_in, cqn, 72, 24) \
	F(modify_cq_in, modify_field_select, 96, 32) \
	N(modify_cq_in, cq_context, 128, 512, cqc) \
	F(modify_cq_in, cq_umem_valid, 736, 1)

#define PRM_FIELDS_destroy_cq_in(F, N) \
	F(destroy_cq_in, opcode, 0, 16) \
	F(destroy_cq_in, uid, 16, 16) \
	F(destroy_cq_in, op_mod, 48, 16) \
	F(destroy_cq_in, cqn, 72, 24)

#define PRM_FIELDS_ads(F, N) \
	F(ads, fl, 0, 1) \
	F(ads, free_ar, 1, 1) \
	F(ads, pkey_index, 16, 16) \
	F(ads, grh, 40, 1) \
	F(ads, mlid, 41, 7) \
	F(ads, rlid, 48, 16) \
	F(ads, ack_timeout, 64, 5) \
	F(ads, src_addr_index, 72, 8) \
	F(ads, stat_rate, 84, 4) \
	F(ads, hop_limit, 88, 8) \
	F(ads, tclass, 100, 8) \
	F(ads, flow_label, 108, 20) \
	F(ads, rgid_rip, 128, 128) \
	F(ads, f_dscp, 260, 1) \
	F(ads, f_ecn, 261, 1) \
	F(ads, f_eth_prio, 263, 1) \
	F(ads, ecn, 264, 2) \
	F(ads, dscp, 266, 6) \
	F(ads, udp_sport, 272, 16) \
	F(ads, dei_cfi, 288, 1) \
	F(ads, eth_prio, 289, 3) \
	F(ads, sl, 292, 4) \
	F(ads, vhca_port_num, 296, 8) \
	F(ads, rmac_47_32, 304, 16) \
	F(ads, rmac_31_0, 320, 32)

#define PRM_FIELDS_qpc(F, N) \
	F(qpc, state, 0, 4) \
	F(qpc, lag_tx_port_affinity, 4, 4) \
	F(qpc, st, 8, 8) \
	F(qpc, isolate_vl_tc, 18, 1) \
	F(qpc, pm_state, 19, 2) \
	F(qpc, req_e2e_credit_mode, 22, 2) \
	F(qpc, offload_type, 24, 4) \
	F(qpc, end_padding_mode, 28, 2) \
	F(qpc, wq_signature, 32, 1) \
	F(qpc, block_lb_mc, 33, 1) \
	F(qpc, atomic_like_write_en, 34, 1) \
	F(qpc, latency_sensitive, 35, 1) \
	F(qpc, drain_sigerr, 37, 1) \
	F(qpc, pd, 40, 24) \
	F(qpc, mtu, 64, 3) \
	F(qpc, log_msg_max, 67, 5) \
	F(qpc, log_rq_size, 73, 4) \
	F(qpc, log_rq_stride, 77, 3) \
	F(qpc, no_sq, 80, 1) \
	F(qpc, log_sq_size, 81, 4) \
	F(qpc, retry_mode, 86, 2) \
	F(qpc, ts_format, 88, 2) \
	F(qpc, rlky, 91, 1) \
	F(qpc, ulp_stateless_offload_mode, 92, 4) \
	F(qpc, counter_set_id, 96, 8) \
	F(qpc, uar_page, 104, 24) \
	F(qpc, user_index, 136, 24) \
	F(qpc, log_page_size, 163, 5) \
	F(qpc, remote_qpn, 168, 24) \
	N(qpc, primary_address_path, 192, 352, ads) \
	N(qpc, secondary_address_path, 544, 352, ads) \
	F(qpc, log_ack_req_freq, 896, 4) \
	F(qpc, log_sra_max, 904, 3) \
	F(qpc, retry_count, 909, 3) \
	F(qpc, rnr_retry, 912, 3) \
	F(qpc, fre, 916, 1) \
	F(qpc, cur_rnr_retry, 917, 3) \
	F(qpc, cur_retry_count, 920, 3) \
	F(qpc, next_send_psn, 968, 24) \
	F(qpc, log_num_dci_stream_channels, 995, 5) \
	F(qpc, cqn_snd, 1000, 24) \
	F(qpc, log_num_dci_errored_streams, 1027, 5) \
	F(qpc, deth_sqpn, 1032, 24) \
	F(qpc, last_acked_psn, 1096, 24) \
	F(qpc, ssn, 1128, 24) \
	F(qpc, log_rra_max, 1160, 3) \
	F(qpc, atomic_mode, 1164, 4) \
	F(qpc, rre, 1168, 1) \
	F(qpc, rwe, 1169, 1) \
	F(qpc, rae, 1170, 1) \
	F(qpc, page_offset, 1172, 6) \
	F(qpc, cd_slave_receive, 1181, 1) \
	F(qpc, cd_slave_send, 1182, 1) \
	F(qpc, cd_master, 1183, 1) \
	F(qpc, min_rnr_nak, 1187, 5) \
	F(qpc, next_rcv_psn, 1192, 24) \
	F(qpc, xrcd, 1224, 24) \
	F(qpc, cqn_rcv, 1256, 24) \
	F(qpc, dbr_addr, 1280, 64) \
	F(qpc, q_key, 1344, 32) \
	F(qpc, rq_type, 1381, 3) \
	F(qpc, srqn_rmpn_xrqn, 1384, 24) \
	F(qpc, rmsn, 1416, 24) \
	F(qpc, hw_sq_wqebb_counter, 1440, 16) \
	F(qpc, sw_sq_wqebb_counter, 1456, 16) \
	F(qpc, hw_rq_counter, 1472, 32) \
	F(qpc, sw_rq_counter, 1504, 32) \
	F(qpc, cgs, 1583, 1) \
	F(qpc, cs_req, 1584, 8) \
	F(qpc, cs_res, 1592, 8) \
	F(qpc, dc_access_key, 1600, 64) \
	F(qpc, dbr_umem_valid, 1667, 1) \
	F(qpc, dbr_umem_id, 1824, 32)

#define PRM_FIELDS_qpc_extension_and_pas_list(F, N) \
	F(qpc_extension_and_pas_list, qpc_data_extension, 0, 1536)

#define PRM_FIELDS_create_qp_in(F, N) \
	F(create_qp_in, opcode, 0, 16) \
	F(create_qp_in, uid, 16, 16) \
	F(create_qp_in, op_mod, 48, 16) \
	F(create_qp_in, qpc_ext, 64, 1) \
	F(create_qp_in, input_qpn, 72, 24) \
	F(create_qp_in, opt_param_mask, 128, 32) \
	F(create_qp_in, ece, 160, 32) \
	N(create_qp_in, qpc, 192, 1856, qpc) \
	F(create_qp_in, wq_umem_offset, 2048, 64) \
	F(create_qp_in, wq_umem_id, 2112, 32) \
	F(create_qp_in, wq_umem_valid, 2144, 1) \
	N(create_qp_in, qpc_extension_and_pas_list, 2176, 1536, qpc_extension_and_pas_list)

#define PRM_FIELDS_create_qp_out(F, N) \
	F(create_qp_out, status, 0, 8) \
	F(create_qp_out, syndrome, 32, 32) \
	F(create_qp_out, qpn, 72, 24) \
	F(create_qp_out, ece, 96, 32)

#define PRM_FIELDS_destroy_qp_in(F, N) \
	F(destroy_qp_in, opcode, 0, 16) \
	F(destroy_qp_in, uid, 16, 16) \
	F(destroy_qp_in, op_mod, 48, 16) \
	F(destroy_qp_in, qpn, 72, 24)

#define PRM_FIELDS_rst2init_qp_in(F, N) \
	F(rst2init_qp_in, opcode, 0, 16) \
	F(rst2init_qp_in, uid, 16, 16) \
	F(rst2init_qp_in, op_mod, 48, 16) \
	F(rst2init_qp_in, qpn, 72, 24) \
	F(rst2init_qp_in, opt_param_mask, 128, 32) \
	F(rst2init_qp_in, ece, 160, 32) \
	N(rst2init_qp_in, qpc, 192, 1856, qpc)

#define PRM_FIELDS_rst2init_qp_out(F, N) \
	F(rst2init_qp_out, status, 0, 8) \
	F(rst2init_qp_out, syndrome, 32, 32) \
	F(rst2init_qp_out, ece, 96, 32)

#define PRM_FIELDS_init2rtr_qp_in(F, N) \
	F(init2rtr_qp_in, opcode, 0, 16) \
	F(init2rtr_qp_in, uid, 16, 16) \
	F(init2rtr_qp_in, op_mod, 48, 16) \
	F(init2rtr_qp_in, qpn, 72, 24) \
	F(init2rtr_qp_in, opt_param_mask, 128, 32) \
	F(init2rtr_qp_in, ece, 160, 32) \
	N(init2rtr_qp_in, qpc, 192, 1856, qpc)

#define PRM_FIELDS_init2rtr_qp_out(F, N) \
	F(init2rtr_qp_out, status, 0, 8) \
	F(init2rtr_qp_out, syndrome, 32, 32) \
	F(init2rtr_qp_out, ece, 96, 32)

#define PRM_FIELDS_rtr2rts_qp_in(F, N) \
	F(rtr2rts_qp_in, opcode, 0, 16) \
	F(rtr2rts_qp_in, uid, 16, 16) \
	F(rtr2rts_qp_in, op_mod, 48, 16) \
	F(rtr2rts_qp_in, qpn, 72, 24) \
	F(rtr2rts_qp_in, opt_param_mask, 128, 32) \
	F(rtr2rts_qp_in, ece, 160, 32) \
	N(rtr2rts_qp_in, qpc, 192, 1856, qpc)

#define PRM_FIELDS_rtr2rts_qp_out(F, N) \
	F(rtr2rts_qp_out, status, 0, 8) \
	F(rtr2rts_qp_out, syndrome, 32, 32) \
	F(rtr2rts_qp_out, ece, 96, 32)

#define PRM_FIELDS_qp_2rst_in(F, N) \
	F(qp_2rst_in, opcode, 0, 16) \
	F(qp_2rst_in, uid, 16, 16) \
	F(qp_2rst_in, vhca_tunnel_id, 32, 16) \
	F(qp_2rst_in, op_mod, 48, 16) \
	F(qp_2rst_in, qpn, 72, 24)

#define PRM_FIELDS_query_qp_in(F, N) \
	F(query_qp_in, opcode, 0, 16) \
	F(query_qp_in, op_mod, 48, 16) \
	F(query_qp_in, qpn, 72, 24)

#define PRM_FIELDS_query_qp_out(F, N) \
	F(query_qp_out, status, 0, 8) \
	F(query_qp_out, syndrome, 32, 32) \
	F(query_qp_out, opt_param_mask, 128, 32) \
	N(query_qp_out, qpc, 192, 1856, qpc)

#define PRM_FIELDS_tisc(F, N) \
	F(tisc, strict_lag_tx_port_affinity, 0, 1) \
	F(tisc, tls_en, 1, 1) \
	F(tisc, lag_tx_port_affinity, 4, 4) \
	F(tisc, prio, 12, 4) \
	F(tisc, transport_domain, 296, 24) \
	F(tisc, underlay_qpn, 328, 24) \
	F(tisc, pd, 360, 24)

#define PRM_FIELDS_create_tis_in(F, N) \
	F(create_tis_in, opcode, 0, 16) \
	F(create_tis_in, uid, 16, 16) \
	F(create_tis_in, op_mod, 48, 16) \
	N(create_tis_in, ctx, 256, 1280, tisc)

#define PRM_FIELDS_create_tis_out(F, N) \
	F(create_tis_out, status, 0, 8) \
	F(create_tis_out, syndrome, 32, 32) \
	F(create_tis_out, tisn, 72, 24)

#define PRM_FIELDS_query_tis_in(F, N) \
	F(query_tis_in, opcode, 0, 16) \
	F(query_tis_in, op_mod, 48, 16) \
	F(query_tis_in, tisn, 72, 24)

#define PRM_FIELDS_query_tis_out(F, N) \
	F(query_tis_out, status, 0, 8) \
	F(query_tis_out, syndrome, 32, 32) \
	N(query_tis_out, tis_context, 128, 1280, tisc)

#define PRM_FIELDS_modify_tis_bitmask(F, N) \
	F(modify_tis_bitmask, lag_tx_port_affinity, 61, 1) \
	F(modify_tis_bitmask, strict_lag_tx_port_affinity, 62, 1) \
	F(modify_tis_bitmask, prio, 63, 1)

#define PRM_FIELDS_modify_tis_in(F, N) \
	F(modify_tis_in, opcode, 0, 16) \
	F(modify_tis_in, uid, 16, 16) \
	F(modify_tis_in, op_mod, 48, 16) \
	F(modify_tis_in, tisn, 72, 24) \
	N(modify_tis_in, bitmask, 128, 64, modify_tis_bitmask) \
	N(modify_tis_in, ctx, 256, 1280, tisc)

#define PRM_FIELDS_destroy_tis_in(F, N) \
	F(destroy_tis_in, opcode, 0, 16) \
	F(destroy_tis_in, uid, 16, 16) \
	F(destroy_tis_in, op_mod, 48, 16) \
	F(destroy_tis_in, tisn, 72, 24)

#define PRM_FIELDS_rqtc(F, N) \
	F(rqtc, list_q_type, 165, 3) \
	F(rqtc, rqt_max_size, 176, 16) \
	F(rqtc, rqt_actual_size, 208, 16)

#define PRM_FIELDS_rq_num(F, N) \
	F(rq_num, rq_num, 8, 24)

#define PRM_FIELDS_create_rqt_in(F, N) \
	F(create_rqt_in, opcode, 0, 16) \
	F(create_rqt_in, uid, 16, 16) \
	F(create_rqt_in, op_mod, 48, 16) \
	N(create_rqt_in, rqt_context, 256, 1920, rqtc)

#define PRM_FIELDS_create_rqt_out(F, N) \
	F(create_rqt_out, status, 0, 8) \
	F(create_rqt_out, syndrome, 32, 32) \
	F(create_rqt_out, rqtn, 72, 24)

#define PRM_FIELDS_modify_rqt_in(F, N) \
	F(modify_rqt_in, opcode, 0, 16) \
	F(modify_rqt_in, uid, 16, 16) \
	F(modify_rqt_in, op_mod, 48, 16) \
	F(modify_rqt_in, rqtn, 72, 24) \
	F(modify_rqt_in, modify_bitmask, 128, 64) \
	N(modify_rqt_in, rqt_context, 256, 1920, rqtc)

#define PRM_FIELDS_destroy_rqt_in(F, N) \
	F(destroy_rqt_in, opcode, 0, 16) \
	F(destroy_rqt_in, uid, 16, 16) \
	F(destroy_rqt_in, op_mod, 48, 16) \
	F(destroy_rqt_in, rqtn, 72, 24)

#define PRM_FIELDS_rx_hash_field_select(F, N) \
	F(rx_hash_field_select, l3_prot_type, 0, 1) \
	F(rx_hash_field_select, l4_prot_type, 1, 1) \
	F(rx_hash_field_select, selected_fields, 2, 30)

#define PRM_FIELDS_tirc(F, N) \
	F(tirc, disp_type, 32, 4) \
	F(tirc, tls_en, 36, 1) \
	F(tirc, lro_timeout_period_usecs, 132, 16) \
	F(tirc, lro_enable_mask, 148, 4) \
	F(tirc, packet_merge_mask, 148, 4) \
	F(tirc, lro_max_ip_payload_size, 152, 8) \
	F(tirc, lro_max_msg_sz, 152, 8) \
	F(tirc, inline_rqn, 232, 24) \
	F(tirc, rx_hash_symmetric, 256, 1) \
	F(tirc, tunneled_offload_en, 258, 1) \
	F(tirc, indirect_table, 264, 24) \
	F(tirc, rx_hash_fn, 288, 4) \
	F(tirc, self_lb_block, 294, 2) \
	F(tirc, transport_domain, 296, 24) \
	F(tirc, rx_hash_toeplitz_key, 320, 320) \
	N(tirc, rx_hash_field_selector_outer, 640, 32, rx_hash_field_select) \
	N(tirc, rx_hash_field_selector_inner, 672, 32, rx_hash_field_select)

#define PRM_FIELDS_create_tir_in(F, N) \
	F(create_tir_in, opcode, 0, 16) \
	F(create_tir_in, uid, 16, 16) \
	F(create_tir_in, op_mod, 48, 16) \
	N(create_tir_in, ctx, 256, 1920, tirc)

#define PRM_FIELDS_create_tir_out(F, N) \
	F(create_tir_out, status, 0, 8) \
	F(create_tir_out, icm_address_63_40, 8, 24) \
	F(create_tir_out, syndrome, 32, 32) \
	F(create_tir_out, icm_address_39_32, 64, 8) \
	F(create_tir_out, tirn, 72, 24) \
	F(create_tir_out, icm_address_31_0, 96, 32)

#define PRM_FIELDS_modify_tir_bitmask(F, N) \
	F(modify_tir_bitmask, self_lb_en, 59, 1) \
	F(modify_tir_bitmask, hash, 61, 1) \
	F(modify_tir_bitmask, packet_merge, 63, 1)

#define PRM_FIELDS_modify_tir_in(F, N) \
	F(modify_tir_in, opcode, 0, 16) \
	F(modify_tir_in, uid, 16, 16) \
	F(modify_tir_in, op_mod, 48, 16) \
	F(modify_tir_in, tirn, 72, 24) \
	N(modify_tir_in, bitmask, 128, 64, modify_tir_bitmask) \
	F(modify_tir_in, modify_bitmask, 128, 64) \
	N(modify_tir_in, ctx, 256, 1920, tirc)

#define PRM_FIELDS_destroy_tir_in(F, N) \
	F(destroy_tir_in, opcode, 0, 16) \
	F(destroy_tir_in, uid, 16, 16) \
	F(destroy_tir_in, op_mod, 48, 16) \
	F(destroy_tir_in, tirn, 72, 24)

#define PRM_FIELDS_general_obj_create_param(F, N) \
	F(general_obj_create_param, alias_object, 0, 1) \
	F(general_obj_create_param, log_obj_range, 3, 5)

#define PRM_FIELDS_general_obj_query_param(F, N) \
	F(general_obj_query_param, alias_object, 0, 1) \
	F(general_obj_query_param, obj_offset, 1, 31)

#define PRM_FIELDS_general_obj_in_cmd_hdr(F, N) \
	F(general_obj_in_cmd_hdr, opcode, 0, 16) \
	F(general_obj_in_cmd_hdr, uid, 16, 16) \
	F(general_obj_in_cmd_hdr, vhca_tunnel_id, 32, 16) \
	F(general_obj_in_cmd_hdr, obj_type, 48, 16) \
	F(general_obj_in_cmd_hdr, obj_id, 64, 32) \
	F(general_obj_in_cmd_hdr, alias_object, 96, 1) \
	F(general_obj_in_cmd_hdr, obj_offset, 96, 32) \
	N(general_obj_in_cmd_hdr, op_param_create, 96, 32, general_obj_create_param) \
	N(general_obj_in_cmd_hdr, op_param_query, 96, 32, general_obj_query_param) \
	F(general_obj_in_cmd_hdr, log_obj_range, 99, 5)

#define PRM_FIELDS_general_obj_out_cmd_hdr(F, N) \
	F(general_obj_out_cmd_hdr, status, 0, 8) \
	F(general_obj_out_cmd_hdr, syndrome, 32, 32) \
	F(general_obj_out_cmd_hdr, obj_id, 64, 32)

#define PRM_FIELDS_virtio_q(F, N) \
	F(virtio_q, virtio_q_type, 0, 8) \
	F(virtio_q, event_mode, 13, 3) \
	F(virtio_q, queue_index, 16, 16) \
	F(virtio_q, full_emulation, 32, 1) \
	F(virtio_q, virtio_version_1_0, 33, 1) \
	F(virtio_q, offload_type, 36, 4) \
	F(virtio_q, event_qpn_or_msix, 40, 24) \
	F(virtio_q, doorbell_stride_idx, 64, 16) \
	F(virtio_q, doorbell_stride_index, 64, 16) \
	F(virtio_q, queue_size, 80, 16) \
	F(virtio_q, device_emulation_id, 96, 32) \
	F(virtio_q, desc_addr, 128, 64) \
	F(virtio_q, used_addr, 192, 64) \
	F(virtio_q, available_addr, 256, 64) \
	F(virtio_q, virtio_q_mkey, 320, 32) \
	F(virtio_q, max_tunnel_desc, 352, 16) \
	F(virtio_q, error_type, 376, 8) \
	F(virtio_q, umem_1_id, 384, 32) \
	F(virtio_q, umem_1_size, 416, 32) \
	F(virtio_q, umem_1_offset, 448, 64) \
	F(virtio_q, umem_2_id, 512, 32) \
	F(virtio_q, umem_2_size, 544, 32) \
	F(virtio_q, umem_2_offset, 576, 64) \
	F(virtio_q, umem_3_id, 640, 32) \
	F(virtio_q, umem_3_size, 672, 32) \
	F(virtio_q, umem_3_offset, 704, 64) \
	F(virtio_q, counter_set_id, 768, 32) \
	F(virtio_q, pd, 808, 24) \
	F(virtio_q, queue_period_mode, 834, 2) \
	F(virtio_q, queue_period_us, 836, 12) \
	F(virtio_q, queue_max_count, 848, 16) \
	F(virtio_q, desc_group_mkey, 864, 32)

#define PRM_FIELDS_virtio_net_q(F, N) \
	F(virtio_net_q, modify_field_select, 0, 64) \
	F(virtio_net_q, vhca_id, 96, 16) \
	F(virtio_net_q, tso_ipv4, 128, 1) \
	F(virtio_net_q, queue_feature_bit_mask_12_3, 128, 10) \
	F(virtio_net_q, tso_ipv6, 129, 1) \
	F(virtio_net_q, tx_csum, 130, 1) \
	F(virtio_net_q, rx_csum, 131, 1) \
	F(virtio_net_q, dirty_bitmap_dump_enable, 138, 1) \
	F(virtio_net_q, vhost_log_page, 139, 5) \
	F(virtio_net_q, state, 156, 4) \
	F(virtio_net_q, queue_feature_bit_mask_2_0, 165, 3) \
	F(virtio_net_q, tisn_or_qpn, 168, 24) \
	F(virtio_net_q, dirty_bitmap_mkey, 192, 32) \
	F(virtio_net_q, dirty_bitmap_size, 224, 32) \
	F(virtio_net_q, dirty_bitmap_addr, 256, 64) \
	F(virtio_net_q, hw_available_index, 320, 16) \
	F(virtio_net_q, hw_used_index, 336, 16) \
	N(virtio_net_q, virtio_q_context, 512, 1024, virtio_q)

#define PRM_FIELDS_create_virtq_in(F, N) \
	N(create_virtq_in, hdr, 0, 128, general_obj_in_cmd_hdr) \
	N(create_virtq_in, virtq, 128, 1536, virtio_net_q)

#define PRM_FIELDS_query_virtq_out(F, N) \
	N(query_virtq_out, hdr, 0, 128, general_obj_out_cmd_hdr) \
	N(query_virtq_out, virtq, 128, 1536, virtio_net_q)

#define PRM_FIELDS_virtio_q_counters(F, N) \
	F(virtio_q_counters, modify_field_select, 0, 64) \
	F(virtio_q_counters, received_desc, 128, 64) \
	F(virtio_q_counters, completed_desc, 192, 64) \
	F(virtio_q_counters, error_cqes, 256, 32) \
	F(virtio_q_counters, bad_desc_errors, 288, 32) \
	F(virtio_q_counters, exceed_max_chain, 320, 32) \
	F(virtio_q_counters, invalid_buffer, 352, 32)

#define PRM_FIELDS_create_virtio_q_counters_in(F, N) \
	N(create_virtio_q_counters_in, hdr, 0, 128, general_obj_in_cmd_hdr) \
	N(create_virtio_q_counters_in, virtio_q_counters, 128, 1024, virtio_q_counters)

#define PRM_FIELDS_query_virtio_q_counters_out(F, N) \
	N(query_virtio_q_counters_out, hdr, 0, 128, general_obj_out_cmd_hdr) \
	N(query_virtio_q_counters_out, virtio_q_counters, 128, 1024, virtio_q_counters)

#define PRM_FIELDS_eqe(F, N) \
	F(eqe, event_type, 8, 8) \
	F(eqe, event_sub_type, 24, 8) \
	F(eqe, event_data, 256, 224) \
	F(eqe, signature, 496, 8) \
	F(eqe, owner, 511, 1)

#define PRM_FIELDS_fte_match_set_lyr_2_4(F, N) \
	F(fte_match_set_lyr_2_4, smac_47_16, 0, 32) \
	F(fte_match_set_lyr_2_4, smac_15_0, 32, 16) \
	F(fte_match_set_lyr_2_4, ethertype, 48, 16) \
	F(fte_match_set_lyr_2_4, dmac_47_16, 64, 32) \
	F(fte_match_set_lyr_2_4, dmac_15_0, 96, 16) \
	F(fte_match_set_lyr_2_4, first_prio, 112, 3) \
	F(fte_match_set_lyr_2_4, first_cfi, 115, 1) \
	F(fte_match_set_lyr_2_4, first_vid, 116, 12) \
	F(fte_match_set_lyr_2_4, ip_protocol, 128, 8) \
	F(fte_match_set_lyr_2_4, ip_dscp, 136, 6) \
	F(fte_match_set_lyr_2_4, ip_ecn, 142, 2) \
	F(fte_match_set_lyr_2_4, cvlan_tag, 144, 1) \
	F(fte_match_set_lyr_2_4, svlan_tag, 145, 1) \
	F(fte_match_set_lyr_2_4, frag, 146, 1) \
	F(fte_match_set_lyr_2_4, ip_version, 147, 4) \
	F(fte_match_set_lyr_2_4, tcp_flags, 151, 9) \
	F(fte_match_set_lyr_2_4, tcp_sport, 160, 16) \
	F(fte_match_set_lyr_2_4, tcp_dport, 176, 16) \
	F(fte_match_set_lyr_2_4, l4_type, 192, 2) \
	F(fte_match_set_lyr_2_4, ipv4_ihl, 208, 4) \
	F(fte_match_set_lyr_2_4, l3_ok, 212, 1) \
	F(fte_match_set_lyr_2_4, l4_ok, 213, 1) \
	F(fte_match_set_lyr_2_4, ipv4_checksum_ok, 214, 1) \
	F(fte_match_set_lyr_2_4, l4_checksum_ok, 215, 1) \
	F(fte_match_set_lyr_2_4, ip_ttl_hoplimit, 216, 8) \
	F(fte_match_set_lyr_2_4, ttl_hoplimit, 216, 8) \
	F(fte_match_set_lyr_2_4, udp_sport, 224, 16) \
	F(fte_match_set_lyr_2_4, udp_dport, 240, 16) \
	F(fte_match_set_lyr_2_4, src_ipv4_src_ipv6, 256, 128) \
	F(fte_match_set_lyr_2_4, dst_ipv4_dst_ipv6, 384, 128)

#define PRM_FIELDS_fte_match_param(F, N) \
	N(fte_match_param, outer_headers, 0, 512, fte_match_set_lyr_2_4) \
	F(fte_match_param, misc_parameters, 512, 512) \
	N(fte_match_param, inner_headers, 1024, 512, fte_match_set_lyr_2_4) \
	F(fte_match_param, misc_parameters_2, 1536, 512) \
	F(fte_match_param, misc_parameters_3, 2048, 512) \
	F(fte_match_param, misc_parameters_4, 2560, 512) \
	F(fte_match_param, misc_parameters_5, 3072, 512)

/** Every layout: S(name, total size in bits). */
#define PRM_STRUCTS(S) \
	S(cmd_in, 64) \
	S(cmd_out, 64) \
	S(query_hca_cap_in, 128) \
	S(query_hca_cap_out, 32896) \
	S(cmd_hca_cap, 2048) \
	S(cmd_hca_cap_2, 2048) \
	S(virtio_emulation_cap, 2048) \
	S(per_protocol_networking_offload_caps, 2048) \
	S(flow_table_prop_layout, 512) \
	S(flow_table_nic_cap, 32768) \
	S(query_special_contexts_in, 128) \
	S(query_special_contexts_out, 256) \
	S(query_vport_state_in, 128) \
	S(query_vport_state_out, 128) \
	S(mac_address_layout, 64) \
	S(nic_vport_context, 2048) \
	S(query_nic_vport_context_in, 128) \
	S(query_nic_vport_context_out, 2176) \
	S(alloc_pd_in, 128) \
	S(alloc_pd_out, 128) \
	S(dealloc_pd_in, 128) \
	S(alloc_transport_domain_in, 128) \
	S(alloc_transport_domain_out, 128) \
	S(dealloc_transport_domain_in, 128) \
	S(mkc, 512) \
	S(klm, 128) \
	S(create_mkey_in, 2176) \
	S(create_mkey_out, 128) \
	S(destroy_mkey_in, 128) \
	S(cqc, 512) \
	S(create_cq_in, 2176) \
	S(create_cq_out, 128) \
	S(query_cq_in, 128) \
	S(query_cq_out, 2176) \
	S(modify_cq_in, 2176) \
	S(destroy_cq_in, 128) \
	S(ads, 352) \
	S(qpc, 1856) \
	S(qpc_extension_and_pas_list, 1536) \
	S(create_qp_in, 3712) \
	S(create_qp_out, 128) \
	S(destroy_qp_in, 128) \
	S(rst2init_qp_in, 2176) \
	S(rst2init_qp_out, 128) \
	S(init2rtr_qp_in, 2176) \
	S(init2rtr_qp_out, 128) \
	S(rtr2rts_qp_in, 2176) \
	S(rtr2rts_qp_out, 128) \
	S(qp_2rst_in, 128) \
	S(query_qp_in, 128) \
	S(query_qp_out, 2176) \
	S(tisc, 1280) \
	S(create_tis_in, 1536) \
	S(create_tis_out, 128) \
	S(query_tis_in, 128) \
	S(query_tis_out, 1408) \
	S(modify_tis_bitmask, 64) \
	S(modify_tis_in, 1536) \
	S(destroy_tis_in, 128) \
	S(rqtc, 1920) \
	S(rq_num, 32) \
	S(create_rqt_in, 2176) \
	S(create_rqt_out, 128) \
	S(modify_rqt_in, 2176) \
	S(destroy_rqt_in, 128) \
	S(rx_hash_field_select, 32) \
	S(tirc, 1920) \
	S(create_tir_in, 2176) \
	S(create_tir_out, 128) \
	S(modify_tir_bitmask, 64) \
	S(modify_tir_in, 2176) \
	S(destroy_tir_in, 128) \
	S(general_obj_create_param, 32) \
	S(general_obj_query_param, 32) \
	S(general_obj_in_cmd_hdr, 128) \
	S(general_obj_out_cmd_hdr, 128) \
	S(virtio_q, 1024) \
	S(virtio_net_q, 1536) \
	S(create_virtq_in, 1664) \
	S(query_virtq_out, 1664) \
	S(virtio_q_counters, 1024) \
	S(create_virtio_q_counters_in, 1152) \
	S(query_virtio_q_counters_out, 1152) \
	S(eqe, 512) \
	S(fte_match_set_lyr_2_4, 512) \
	S(fte_match_param, 4096)

/* clang-format on */

#endif /* PRM_LAYOUT_H */
