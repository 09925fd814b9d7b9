/* SPDX-License-Identifier: BSD-3-Clause */
/* TISs. */
#include "fw_rig.h"

static void
test_refusals(void **state)
{
	struct rig *rig = *state;
#define TISC(f) RIG_INNER(create_tis_in, ctx, tisc, f)
	const struct rig_bad rows[] = {
		{ "td", TISC(transport_domain), 0, FW_SYN_NO_OBJECT },
		{ "td of pd's number", TISC(transport_domain), 0x777, FW_SYN_NO_OBJECT },
		{ "pd", TISC(pd), 0x777, FW_SYN_NO_OBJECT },
		{ "port", TISC(lag_tx_port_affinity), 2, FW_SYN_TIS_PORT },
		{ "TLS", TISC(tls_en), 1, FW_SYN_TIS_FEATURE },
		{ "underlay", TISC(underlay_qpn), 1, FW_SYN_TIS_FEATURE },
	};
	uint8_t in[PRM_SIZE(create_tis_in)];

	rig_tis_in(rig, in);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
}

static void
test_ports(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_tis_in)], out[16];
	uint8_t port;

	rig->card->caps.num_lag_ports = 2;
	rig_tis_in(rig, in);
	for (port = 0; port <= 3; port++) {
		prm_set(in, TISC(lag_tx_port_affinity), port);
		assert_int_equal(port <= 2 ? FW_SYN_OK : FW_SYN_TIS_PORT,
				rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	}
	/* A card of 0 ports has one. */
	rig->card->caps.num_lag_ports = 0;
	prm_set(in, TISC(lag_tx_port_affinity), 1);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refusals, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_ports, rig_setup_world, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
