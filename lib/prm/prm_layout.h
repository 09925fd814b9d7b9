/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The bit layouts of the PRM structures that this project speaks, as data: F(structure, field,
 * bit offset, bits). Bit 0 is the most significant bit of the first big-endian dword, as the PRM
 * counts. A field that is a structure or an array of its own is used by its place only (PRM_PTR).
 *
 * Sources: the public layouts of DPDK (drivers/common/mlx5/mlx5_prm.h) and of Linux 6.12
 * (include/linux/mlx5/mlx5_ifc.h, mlx5_ifc_vdpa.h), taken as numbers. Where they differ
 * (mkc.log_page_size) the newer Linux value is used. tests/unit/prm checks every row against
 * golden values that were made from those numbers by another program.
 */
#ifndef PRM_LAYOUT_H
#define PRM_LAYOUT_H

/* A table, one field a line. */
/* clang-format off */

#define PRM_FIELDS_cmd_in(F) \
	F(cmd_in, opcode, 0, 16) \
	F(cmd_in, uid, 16, 16) \
	F(cmd_in, op_mod, 48, 16)

#define PRM_FIELDS_cmd_out(F) \
	F(cmd_out, status, 0, 8) \
	F(cmd_out, syndrome, 32, 32)

#define PRM_FIELDS_query_hca_cap_in(F) \
	F(query_hca_cap_in, opcode, 0, 16) \
	F(query_hca_cap_in, op_mod, 48, 16) \
	F(query_hca_cap_in, other_function, 64, 1) \
	F(query_hca_cap_in, ec_vf_function, 65, 1) \
	F(query_hca_cap_in, function_id, 80, 16)

#define PRM_FIELDS_query_hca_cap_out(F) \
	F(query_hca_cap_out, status, 0, 8) \
	F(query_hca_cap_out, syndrome, 32, 32) \
	F(query_hca_cap_out, capability, 128, 32768)

#define PRM_FIELDS_cmd_hca_cap(F) \
	F(cmd_hca_cap, hca_cap_2, 32, 1) \
	F(cmd_hca_cap, vhca_id, 48, 16) \
	F(cmd_hca_cap, log_max_qp_sz, 136, 8) \
	F(cmd_hca_cap, event_cap, 144, 1) \
	F(cmd_hca_cap, log_max_qp, 155, 5) \
	F(cmd_hca_cap, log_max_cq_sz, 200, 8) \
	F(cmd_hca_cap, log_max_cq, 219, 5) \
	F(cmd_hca_cap, log_max_mkey, 234, 6) \
	F(cmd_hca_cap, dump_fill_mkey, 248, 1) \
	F(cmd_hca_cap, max_indirection, 256, 8) \
	F(cmd_hca_cap, fixed_buffer_size, 264, 1) \
	F(cmd_hca_cap, null_mkey, 281, 1) \
	F(cmd_hca_cap, log_maxklm_list_size, 282, 6) \
	F(cmd_hca_cap, nic_flow_table, 422, 1) \
	F(cmd_hca_cap, eswitch_manager, 423, 1) \
	F(cmd_hca_cap, port_module_event, 432, 1) \
	F(cmd_hca_cap, port_type, 438, 2) \
	F(cmd_hca_cap, num_ports, 440, 8) \
	F(cmd_hca_cap, qos, 539, 1) \
	F(cmd_hca_cap, eth_net_offloads, 540, 1) \
	F(cmd_hca_cap, roce, 541, 1) \
	F(cmd_hca_cap, cq_oi, 544, 1) \
	F(cmd_hca_cap, cq_moderation, 546, 1) \
	F(cmd_hca_cap, cq_period_mode_modify, 547, 1) \
	F(cmd_hca_cap, cq_period_start_from_cqe, 555, 1) \
	F(cmd_hca_cap, uar_4k, 576, 1) \
	F(cmd_hca_cap, lag_master, 635, 1) \
	F(cmd_hca_cap, num_lag_ports, 636, 4) \
	F(cmd_hca_cap, log_max_transport_domain, 803, 5) \
	F(cmd_hca_cap, log_max_pd, 811, 5) \
	F(cmd_hca_cap, log_max_tir, 883, 5) \
	F(cmd_hca_cap, log_max_tis, 891, 5) \
	F(cmd_hca_cap, log_max_rqt, 907, 5) \
	F(cmd_hca_cap, log_max_rqt_size, 915, 5) \
	F(cmd_hca_cap, log_max_wq_sz, 987, 5) \
	F(cmd_hca_cap, general_obj_types, 1024, 64) \
	F(cmd_hca_cap, crypto, 1129, 1) \
	F(cmd_hca_cap, log_uar_page_sz, 1168, 16) \
	F(cmd_hca_cap, num_of_uars_per_page, 1312, 32) \
	F(cmd_hca_cap, uctx_cap, 1696, 32)

#define PRM_FIELDS_virtio_emulation_cap(F) \
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

#define PRM_FIELDS_per_protocol_networking_offload_caps(F) \
	F(per_protocol_networking_offload_caps, csum_cap, 0, 1) \
	F(per_protocol_networking_offload_caps, vlan_cap, 1, 1) \
	F(per_protocol_networking_offload_caps, lro_cap, 2, 1)

#define PRM_FIELDS_flow_table_nic_cap(F) \
	F(flow_table_nic_cap, flow_table_properties_nic_receive, 512, 512)

#define PRM_FIELDS_alloc_pd_in(F) \
	F(alloc_pd_in, opcode, 0, 16) \
	F(alloc_pd_in, uid, 16, 16) \
	F(alloc_pd_in, op_mod, 48, 16)

#define PRM_FIELDS_alloc_pd_out(F) \
	F(alloc_pd_out, status, 0, 8) \
	F(alloc_pd_out, syndrome, 32, 32) \
	F(alloc_pd_out, pd, 72, 24)

#define PRM_FIELDS_dealloc_pd_in(F) \
	F(dealloc_pd_in, opcode, 0, 16) \
	F(dealloc_pd_in, uid, 16, 16) \
	F(dealloc_pd_in, op_mod, 48, 16) \
	F(dealloc_pd_in, pd, 72, 24)

#define PRM_FIELDS_alloc_transport_domain_in(F) \
	F(alloc_transport_domain_in, opcode, 0, 16) \
	F(alloc_transport_domain_in, uid, 16, 16) \
	F(alloc_transport_domain_in, op_mod, 48, 16)

#define PRM_FIELDS_alloc_transport_domain_out(F) \
	F(alloc_transport_domain_out, status, 0, 8) \
	F(alloc_transport_domain_out, syndrome, 32, 32) \
	F(alloc_transport_domain_out, transport_domain, 72, 24)

#define PRM_FIELDS_dealloc_transport_domain_in(F) \
	F(dealloc_transport_domain_in, opcode, 0, 16) \
	F(dealloc_transport_domain_in, uid, 16, 16) \
	F(dealloc_transport_domain_in, op_mod, 48, 16) \
	F(dealloc_transport_domain_in, transport_domain, 72, 24)

#define PRM_FIELDS_create_mkey_in(F) \
	F(create_mkey_in, opcode, 0, 16) \
	F(create_mkey_in, uid, 16, 16) \
	F(create_mkey_in, op_mod, 48, 16) \
	F(create_mkey_in, pg_access, 96, 1) \
	F(create_mkey_in, mkey_umem_valid, 97, 1) \
	F(create_mkey_in, data_direct, 98, 1) \
	F(create_mkey_in, memory_key_mkey_entry, 128, 512) \
	F(create_mkey_in, translations_octword_actual_size, 768, 32) \
	F(create_mkey_in, mkey_umem_id, 800, 32) \
	F(create_mkey_in, mkey_umem_offset, 832, 64)

#define PRM_FIELDS_mkc(F) \
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

#define PRM_FIELDS_klm(F) \
	F(klm, byte_count, 0, 32) \
	F(klm, mkey, 32, 32) \
	F(klm, address, 64, 64)

#define PRM_FIELDS_create_mkey_out(F) \
	F(create_mkey_out, status, 0, 8) \
	F(create_mkey_out, syndrome, 32, 32) \
	F(create_mkey_out, mkey_index, 72, 24)

#define PRM_FIELDS_destroy_mkey_in(F) \
	F(destroy_mkey_in, opcode, 0, 16) \
	F(destroy_mkey_in, uid, 16, 16) \
	F(destroy_mkey_in, op_mod, 48, 16) \
	F(destroy_mkey_in, mkey_index, 72, 24)

#define PRM_FIELDS_create_cq_in(F) \
	F(create_cq_in, opcode, 0, 16) \
	F(create_cq_in, uid, 16, 16) \
	F(create_cq_in, op_mod, 48, 16) \
	F(create_cq_in, cq_context, 128, 512) \
	F(create_cq_in, cq_umem_offset, 640, 64) \
	F(create_cq_in, cq_umem_id, 704, 32) \
	F(create_cq_in, cq_umem_valid, 736, 1)

#define PRM_FIELDS_cqc(F) \
	F(cqc, status, 0, 4) \
	F(cqc, as_notify, 4, 1) \
	F(cqc, initiator_src_dct, 5, 1) \
	F(cqc, dbr_umem_valid, 6, 1) \
	F(cqc, ext_element, 7, 1) \
	F(cqc, apu_cq, 7, 1) \
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

#define PRM_FIELDS_create_cq_out(F) \
	F(create_cq_out, status, 0, 8) \
	F(create_cq_out, syndrome, 32, 32) \
	F(create_cq_out, cqn, 72, 24)

#define PRM_FIELDS_destroy_cq_in(F) \
	F(destroy_cq_in, opcode, 0, 16) \
	F(destroy_cq_in, uid, 16, 16) \
	F(destroy_cq_in, op_mod, 48, 16) \
	F(destroy_cq_in, cqn, 72, 24)

#define PRM_FIELDS_create_qp_in(F) \
	F(create_qp_in, opcode, 0, 16) \
	F(create_qp_in, uid, 16, 16) \
	F(create_qp_in, op_mod, 48, 16) \
	F(create_qp_in, qpc_ext, 64, 1) \
	F(create_qp_in, input_qpn, 72, 24) \
	F(create_qp_in, opt_param_mask, 128, 32) \
	F(create_qp_in, ece, 160, 32) \
	F(create_qp_in, qpc, 192, 1856) \
	F(create_qp_in, wq_umem_offset, 2048, 64) \
	F(create_qp_in, wq_umem_id, 2112, 32) \
	F(create_qp_in, wq_umem_valid, 2144, 1)

#define PRM_FIELDS_qpc(F) \
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
	F(qpc, primary_address_path, 192, 352) \
	F(qpc, secondary_address_path, 544, 352) \
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

#define PRM_FIELDS_ads(F) \
	F(ads, fl, 0, 1) \
	F(ads, ack_timeout, 64, 5) \
	F(ads, vhca_port_num, 296, 8)

#define PRM_FIELDS_create_qp_out(F) \
	F(create_qp_out, status, 0, 8) \
	F(create_qp_out, syndrome, 32, 32) \
	F(create_qp_out, qpn, 72, 24) \
	F(create_qp_out, ece, 96, 32)

#define PRM_FIELDS_destroy_qp_in(F) \
	F(destroy_qp_in, opcode, 0, 16) \
	F(destroy_qp_in, uid, 16, 16) \
	F(destroy_qp_in, op_mod, 48, 16) \
	F(destroy_qp_in, qpn, 72, 24)

#define PRM_FIELDS_rst2init_qp_in(F) \
	F(rst2init_qp_in, opcode, 0, 16) \
	F(rst2init_qp_in, uid, 16, 16) \
	F(rst2init_qp_in, op_mod, 48, 16) \
	F(rst2init_qp_in, qpn, 72, 24) \
	F(rst2init_qp_in, opt_param_mask, 128, 32) \
	F(rst2init_qp_in, ece, 160, 32) \
	F(rst2init_qp_in, qpc, 192, 1856)

#define PRM_FIELDS_init2rtr_qp_in(F) \
	F(init2rtr_qp_in, opcode, 0, 16) \
	F(init2rtr_qp_in, uid, 16, 16) \
	F(init2rtr_qp_in, op_mod, 48, 16) \
	F(init2rtr_qp_in, qpn, 72, 24) \
	F(init2rtr_qp_in, opt_param_mask, 128, 32) \
	F(init2rtr_qp_in, ece, 160, 32) \
	F(init2rtr_qp_in, qpc, 192, 1856)

#define PRM_FIELDS_rtr2rts_qp_in(F) \
	F(rtr2rts_qp_in, opcode, 0, 16) \
	F(rtr2rts_qp_in, uid, 16, 16) \
	F(rtr2rts_qp_in, op_mod, 48, 16) \
	F(rtr2rts_qp_in, qpn, 72, 24) \
	F(rtr2rts_qp_in, opt_param_mask, 128, 32) \
	F(rtr2rts_qp_in, ece, 160, 32) \
	F(rtr2rts_qp_in, qpc, 192, 1856)

#define PRM_FIELDS_qp_2rst_in(F) \
	F(qp_2rst_in, opcode, 0, 16) \
	F(qp_2rst_in, uid, 16, 16) \
	F(qp_2rst_in, vhca_tunnel_id, 32, 16) \
	F(qp_2rst_in, op_mod, 48, 16) \
	F(qp_2rst_in, qpn, 72, 24)

#define PRM_FIELDS_create_tis_in(F) \
	F(create_tis_in, opcode, 0, 16) \
	F(create_tis_in, uid, 16, 16) \
	F(create_tis_in, op_mod, 48, 16) \
	F(create_tis_in, ctx, 256, 1280)

#define PRM_FIELDS_tisc(F) \
	F(tisc, strict_lag_tx_port_affinity, 0, 1) \
	F(tisc, tls_en, 1, 1) \
	F(tisc, lag_tx_port_affinity, 4, 4) \
	F(tisc, prio, 12, 4) \
	F(tisc, transport_domain, 296, 24) \
	F(tisc, underlay_qpn, 328, 24) \
	F(tisc, pd, 360, 24)

#define PRM_FIELDS_create_tis_out(F) \
	F(create_tis_out, status, 0, 8) \
	F(create_tis_out, syndrome, 32, 32) \
	F(create_tis_out, tisn, 72, 24)

#define PRM_FIELDS_destroy_tis_in(F) \
	F(destroy_tis_in, opcode, 0, 16) \
	F(destroy_tis_in, uid, 16, 16) \
	F(destroy_tis_in, op_mod, 48, 16) \
	F(destroy_tis_in, tisn, 72, 24)

#define PRM_FIELDS_create_rqt_in(F) \
	F(create_rqt_in, opcode, 0, 16) \
	F(create_rqt_in, uid, 16, 16) \
	F(create_rqt_in, op_mod, 48, 16) \
	F(create_rqt_in, rqt_context, 256, 1920)

#define PRM_FIELDS_rqtc(F) \
	F(rqtc, list_q_type, 165, 3) \
	F(rqtc, rqt_max_size, 176, 16) \
	F(rqtc, rqt_actual_size, 208, 16)

#define PRM_FIELDS_rq_num(F) \
	F(rq_num, rq_num, 8, 24)

#define PRM_FIELDS_create_rqt_out(F) \
	F(create_rqt_out, status, 0, 8) \
	F(create_rqt_out, syndrome, 32, 32) \
	F(create_rqt_out, rqtn, 72, 24)

#define PRM_FIELDS_modify_rqt_in(F) \
	F(modify_rqt_in, opcode, 0, 16) \
	F(modify_rqt_in, uid, 16, 16) \
	F(modify_rqt_in, op_mod, 48, 16) \
	F(modify_rqt_in, rqtn, 72, 24) \
	F(modify_rqt_in, modify_bitmask, 128, 64) \
	F(modify_rqt_in, rqt_context, 256, 1920)

#define PRM_FIELDS_destroy_rqt_in(F) \
	F(destroy_rqt_in, opcode, 0, 16) \
	F(destroy_rqt_in, uid, 16, 16) \
	F(destroy_rqt_in, op_mod, 48, 16) \
	F(destroy_rqt_in, rqtn, 72, 24)

#define PRM_FIELDS_create_tir_in(F) \
	F(create_tir_in, opcode, 0, 16) \
	F(create_tir_in, uid, 16, 16) \
	F(create_tir_in, op_mod, 48, 16) \
	F(create_tir_in, ctx, 256, 1920)

#define PRM_FIELDS_tirc(F) \
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
	F(tirc, rx_hash_field_selector_outer, 640, 32) \
	F(tirc, rx_hash_field_selector_inner, 672, 32)

#define PRM_FIELDS_rx_hash_field_select(F) \
	F(rx_hash_field_select, l3_prot_type, 0, 1) \
	F(rx_hash_field_select, l4_prot_type, 1, 1) \
	F(rx_hash_field_select, selected_fields, 2, 30)

#define PRM_FIELDS_create_tir_out(F) \
	F(create_tir_out, status, 0, 8) \
	F(create_tir_out, icm_address_63_40, 8, 24) \
	F(create_tir_out, syndrome, 32, 32) \
	F(create_tir_out, icm_address_39_32, 64, 8) \
	F(create_tir_out, tirn, 72, 24) \
	F(create_tir_out, icm_address_31_0, 96, 32)

#define PRM_FIELDS_destroy_tir_in(F) \
	F(destroy_tir_in, opcode, 0, 16) \
	F(destroy_tir_in, uid, 16, 16) \
	F(destroy_tir_in, op_mod, 48, 16) \
	F(destroy_tir_in, tirn, 72, 24)

#define PRM_FIELDS_general_obj_in_cmd_hdr(F) \
	F(general_obj_in_cmd_hdr, opcode, 0, 16) \
	F(general_obj_in_cmd_hdr, uid, 16, 16) \
	F(general_obj_in_cmd_hdr, vhca_tunnel_id, 32, 16) \
	F(general_obj_in_cmd_hdr, obj_type, 48, 16) \
	F(general_obj_in_cmd_hdr, obj_id, 64, 32)

#define PRM_FIELDS_general_obj_out_cmd_hdr(F) \
	F(general_obj_out_cmd_hdr, status, 0, 8) \
	F(general_obj_out_cmd_hdr, syndrome, 32, 32) \
	F(general_obj_out_cmd_hdr, obj_id, 64, 32)

#define PRM_FIELDS_create_virtq_in(F) \
	F(create_virtq_in, hdr, 0, 128) \
	F(create_virtq_in, virtq, 128, 1536)

#define PRM_FIELDS_query_virtq_out(F) \
	F(query_virtq_out, hdr, 0, 128) \
	F(query_virtq_out, virtq, 128, 1536)

#define PRM_FIELDS_virtio_net_q(F) \
	F(virtio_net_q, modify_field_select, 0, 64) \
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
	F(virtio_net_q, virtio_q_context, 512, 1024)

#define PRM_FIELDS_virtio_q(F) \
	F(virtio_q, virtio_q_type, 0, 8) \
	F(virtio_q, event_mode, 13, 3) \
	F(virtio_q, queue_index, 16, 16) \
	F(virtio_q, full_emulation, 32, 1) \
	F(virtio_q, virtio_version_1_0, 33, 1) \
	F(virtio_q, offload_type, 36, 4) \
	F(virtio_q, event_qpn_or_msix, 40, 24) \
	F(virtio_q, doorbell_stride_idx, 64, 16) \
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

#define PRM_FIELDS_create_virtio_q_counters_in(F) \
	F(create_virtio_q_counters_in, hdr, 0, 128) \
	F(create_virtio_q_counters_in, virtio_q_counters, 128, 1024)

#define PRM_FIELDS_query_virtio_q_counters_out(F) \
	F(query_virtio_q_counters_out, hdr, 0, 128) \
	F(query_virtio_q_counters_out, virtio_q_counters, 128, 464)

#define PRM_FIELDS_virtio_q_counters(F) \
	F(virtio_q_counters, modify_field_select, 0, 64) \
	F(virtio_q_counters, received_desc, 128, 64) \
	F(virtio_q_counters, completed_desc, 192, 64) \
	F(virtio_q_counters, error_cqes, 256, 32) \
	F(virtio_q_counters, bad_desc_errors, 288, 32) \
	F(virtio_q_counters, exceed_max_chain, 320, 32) \
	F(virtio_q_counters, invalid_buffer, 352, 32)

#define PRM_FIELDS_eqe(F) \
	F(eqe, event_type, 8, 8) \
	F(eqe, event_sub_type, 24, 8) \
	F(eqe, event_data, 256, 224) \
	F(eqe, signature, 496, 8) \
	F(eqe, owner, 511, 1)

#define PRM_FIELDS_fte_match_set_lyr_2_4(F) \
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
	F(fte_match_set_lyr_2_4, ttl_hoplimit, 216, 8) \
	F(fte_match_set_lyr_2_4, ip_ttl_hoplimit, 216, 8) \
	F(fte_match_set_lyr_2_4, udp_sport, 224, 16) \
	F(fte_match_set_lyr_2_4, udp_dport, 240, 16) \
	F(fte_match_set_lyr_2_4, src_ipv4_src_ipv6, 256, 128) \
	F(fte_match_set_lyr_2_4, dst_ipv4_dst_ipv6, 384, 128)

#define PRM_FIELDS_fte_match_param(F) \
	F(fte_match_param, outer_headers, 0, 512) \
	F(fte_match_param, misc_parameters, 512, 512) \
	F(fte_match_param, inner_headers, 1024, 512) \
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
	S(virtio_emulation_cap, 2048) \
	S(per_protocol_networking_offload_caps, 2048) \
	S(flow_table_nic_cap, 32768) \
	S(alloc_pd_in, 128) \
	S(alloc_pd_out, 128) \
	S(dealloc_pd_in, 128) \
	S(alloc_transport_domain_in, 128) \
	S(alloc_transport_domain_out, 128) \
	S(dealloc_transport_domain_in, 128) \
	S(create_mkey_in, 2176) \
	S(mkc, 512) \
	S(klm, 128) \
	S(create_mkey_out, 128) \
	S(destroy_mkey_in, 128) \
	S(create_cq_in, 2176) \
	S(cqc, 512) \
	S(create_cq_out, 128) \
	S(destroy_cq_in, 128) \
	S(create_qp_in, 3712) \
	S(qpc, 1856) \
	S(ads, 352) \
	S(create_qp_out, 128) \
	S(destroy_qp_in, 128) \
	S(rst2init_qp_in, 2176) \
	S(init2rtr_qp_in, 2176) \
	S(rtr2rts_qp_in, 2176) \
	S(qp_2rst_in, 128) \
	S(create_tis_in, 1536) \
	S(tisc, 1280) \
	S(create_tis_out, 128) \
	S(destroy_tis_in, 128) \
	S(create_rqt_in, 2176) \
	S(rqtc, 1920) \
	S(rq_num, 32) \
	S(create_rqt_out, 128) \
	S(modify_rqt_in, 2176) \
	S(destroy_rqt_in, 128) \
	S(create_tir_in, 2176) \
	S(tirc, 1920) \
	S(rx_hash_field_select, 32) \
	S(create_tir_out, 128) \
	S(destroy_tir_in, 128) \
	S(general_obj_in_cmd_hdr, 128) \
	S(general_obj_out_cmd_hdr, 128) \
	S(create_virtq_in, 1664) \
	S(query_virtq_out, 1664) \
	S(virtio_net_q, 1536) \
	S(virtio_q, 1024) \
	S(create_virtio_q_counters_in, 1152) \
	S(query_virtio_q_counters_out, 592) \
	S(virtio_q_counters, 464) \
	S(eqe, 512) \
	S(fte_match_set_lyr_2_4, 512) \
	S(fte_match_param, 4096)

/* clang-format on */

#endif /* PRM_LAYOUT_H */
