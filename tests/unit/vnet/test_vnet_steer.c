/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: port 1 of a bed with four receive queues; which of them gets a frame is seen
 * by their used indices.
 */
#include "vnet_bed.h"

#include "prm_field.h"

#define NB_QUEUES 4u

struct fixture {
	struct bed *bed;
	struct bed_port *port;
	struct bed_queue more[NB_QUEUES - 1]; /* queues 2, 4, 6 of port 1 */
	struct vnet_queue *queues[NB_QUEUES];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	unsigned int i, n;

	assert_non_null(f);
	f->bed = bed_create(wire_switch_create, 64, 0);
	f->port = &f->bed->ports[1];
	bed_unsteer(f->port);
	f->queues[0] = f->port->rx.q;
	for (i = 0; i < NB_QUEUES - 1; i++) {
		vring_init(&f->more[i].vr, 0x100000000ull * (i + 1), 64, 2048, 0);
		vring_grant(&f->more[i].vr, &f->bed->mem, BED_KEY);
		bed_queue_create(f->bed, f->port, &f->more[i], (uint16_t)(2 * i + 2), NULL);
		assert_int_equal(vnet_queue_start_locked(f->more[i].q), 0);
		f->queues[i + 1] = f->more[i].q;
		for (n = 0; n < 64; n++)
			vring_offer_rx(&f->more[i].vr);
	}
	for (n = 0; n < 64; n++)
		vring_offer_rx(&f->port->rx.vr);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	unsigned int i;

	for (i = 0; i < NB_QUEUES - 1; i++) {
		vnet_queue_destroy_locked(f->more[i].q);
		vring_fini(&f->more[i].vr);
	}
	bed_destroy(f->bed);
	free(f);
	return 0;
}

/* A rule over one queue, without hash. */
struct path {
	struct vnet_rqt *rqt;
	struct vnet_tir *tir;
	struct vnet_rule *rule;
};

static void
path_add(struct fixture *f, struct path *path, struct vnet_queue *queue,
		struct vnet_rule_attr *attr)
{
	struct vnet_tir_attr tir = { .toeplitz = false };

	assert_int_equal(vnet_rqt_create_locked(f->port->port, &queue, 1, &path->rqt), 0);
	tir.rqt = path->rqt;
	assert_int_equal(vnet_tir_create_locked(&tir, &path->tir), 0);
	attr->tir = path->tir;
	assert_int_equal(vnet_rule_add_locked(f->port->port, attr, &path->rule), 0);
}

static void
path_del(struct path *path)
{
	vnet_rule_del_locked(path->rule);
	vnet_tir_destroy_locked(path->tir);
	vnet_rqt_destroy_locked(path->rqt);
}

/* Sends a frame to UDP port @p dport; @return the queue (0 to 3) that got it, -1: none did. */
static int
send_udp(struct fixture *f, uint16_t dport)
{
	struct bed_port *a = &f->bed->ports[0];
	uint8_t frame[46] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0,
		0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x30, 0x39, 0, 0, 0,
		12 };
	uint16_t before[NB_QUEUES], after, avail;
	int got = -1;
	unsigned int i;

	frame[36] = (uint8_t)(dport >> 8);
	frame[37] = (uint8_t)dport;
	for (i = 0; i < NB_QUEUES; i++)
		vnet_queue_indices_locked(f->queues[i], &avail, &before[i]);
	a->tx.vr.used_idx = le16toh(a->tx.vr.used->idx);
	assert_true(vring_offer_tx(&a->tx.vr, frame, sizeof(frame), BED_HDR));
	bed_ring(a);
	(void)bed_pass(f->bed);
	for (i = 0; i < NB_QUEUES; i++) {
		vnet_queue_indices_locked(f->queues[i], &avail, &after);
		if (after != before[i]) {
			assert_int_equal(got, -1);
			got = (int)i;
		}
	}
	return got;
}

static bool
sender_waits(struct fixture *f)
{
	uint16_t avail, used;

	vnet_queue_indices_locked(f->bed->ports[0].tx.q, &avail, &used);
	return avail != f->bed->ports[0].tx.vr.avail_idx;
}

static void
match_dport(struct vnet_rule_attr *attr, uint16_t dport)
{
	attr->match_outer = true;
	PRM_SET(fte_match_set_lyr_2_4, attr->mask, udp_dport, 0xffff);
	PRM_SET(fte_match_set_lyr_2_4, attr->value, udp_dport, dport);
}

static void
test_priorities(void **state)
{
	struct fixture *f = *state;
	struct vnet_rule_attr low = { .priority = 7 }, mid = { .priority = 5 };
	struct vnet_rule_attr mid2 = { .priority = 5 }, high = { .priority = 0 };
	struct path paths[4];

	match_dport(&mid, 1000);
	match_dport(&mid2, 1000);
	match_dport(&high, 2000);
	path_add(f, &paths[0], f->queues[0], &low);
	path_add(f, &paths[1], f->queues[1], &mid);
	path_add(f, &paths[2], f->queues[2], &mid2); /* the older one wins */
	path_add(f, &paths[3], f->queues[3], &high);
	assert_int_equal(send_udp(f, 1), 0);
	assert_int_equal(send_udp(f, 1000), 1);
	assert_int_equal(send_udp(f, 2000), 3);
	path_del(&paths[1]);
	assert_int_equal(send_udp(f, 1000), 2);
	path_del(&paths[2]);
	assert_int_equal(send_udp(f, 1000), 0);
	path_del(&paths[0]);
	path_del(&paths[3]);
	bed_steer(f->port);
}

static void
test_unwanted_frame(void **state)
{
	struct fixture *f = *state;
	struct vnet_rule_attr attr = { .priority = 1 };
	struct vnet_port_stats stats;
	struct path path;

	match_dport(&attr, 1000);
	path_add(f, &path, f->queues[1], &attr);
	/* the rules have just changed: the one for this frame may be on its way */
	assert_int_equal(send_udp(f, 1), -1);
	assert_true(sender_waits(f));
	/* long ago: nobody wants it, and nobody waits */
	f->port->port->rules_changed_ns -= VNET_STEER_SETTLE_MS * BASE_NS_PER_MS;
	assert_int_equal(bed_pass(f->bed), 1);
	assert_false(sender_waits(f));
	vnet_port_stats_locked(f->port->port, &stats);
	assert_int_equal(stats.rx_unmatched, 1);
	assert_int_equal(send_udp(f, 1000), 1);
	path_del(&path);
	bed_steer(f->port);
}

static void
test_no_rule_at_all_waits(void **state)
{
	struct fixture *f = *state;

	f->port->port->rules_changed_ns = 0;
	assert_int_equal(send_udp(f, 1), -1);
	assert_true(sender_waits(f));
	bed_steer(f->port);
	assert_int_equal(bed_pass(f->bed), 1);
	assert_false(sender_waits(f));
}

static void
test_spread(void **state)
{
	static const uint8_t key[40] = { 0x2c, 0xc6, 0x81, 0xd1, 0x5b, 0xdb, 0xf4, 0xf7, 0xfc, 0xa2,
		0x83, 0x19, 0xdb, 0x1a, 0x3e, 0x94 };
	struct fixture *f = *state;
	struct vnet_tir_attr tir = {
		.toeplitz = true,
		.symmetric = true,
		.hash_fields = 0xf,
		.hash_l4 = VNET_HASH_UDP,
	};
	struct vnet_rule_attr rule = { .priority = 7 };
	unsigned int nb[NB_QUEUES] = { 0 }, i;
	struct path path;

	memcpy(tir.key, key, sizeof(key));
	assert_int_equal(vnet_rqt_create_locked(f->port->port, f->queues, NB_QUEUES, &path.rqt), 0);
	tir.rqt = path.rqt;
	assert_int_equal(vnet_tir_create_locked(&tir, &path.tir), 0);
	rule.tir = path.tir;
	assert_int_equal(vnet_rule_add_locked(f->port->port, &rule, &path.rule), 0);
	for (i = 0; i < 100; i++) {
		int q = send_udp(f, (uint16_t)(3000 + i));

		assert_in_range(q, 0, NB_QUEUES - 1);
		nb[q]++;
	}
	for (i = 0; i < NB_QUEUES; i++)
		assert_true(nb[i] >= 5);
	/* the same flow goes to the same queue */
	i = (unsigned int)send_udp(f, 3000);
	assert_int_equal(send_udp(f, 3000), i);
	/* until the key changes: with that of zeros every hash is 0 */
	memset(tir.key, 0, sizeof(tir.key));
	vnet_tir_set_hash_locked(path.tir, &tir);
	for (i = 0; i < 20; i++)
		assert_int_equal(send_udp(f, (uint16_t)(3000 + i)), 0);
	i = 0;
	/* or the table */
	assert_int_equal(vnet_rqt_set_locked(path.rqt, &f->queues[(i + 1) % NB_QUEUES], 1), 0);
	assert_int_equal(send_udp(f, 3000), (i + 1) % NB_QUEUES);
	assert_false(vnet_queue_in_rqt_locked(f->queues[i]));
	path_del(&path);
	bed_steer(f->port);
}

static void
test_refusals(void **state)
{
	struct fixture *f = *state;
	struct vnet_queue *tx = f->port->tx.q, *foreign = f->bed->ports[0].rx.q;
	struct vnet_queue *repeated[] = { f->queues[0], f->queues[0] };
	struct vnet_tir_attr tir = { .rqt = NULL };
	struct vnet_rule_attr rule = { .priority = 0 };
	struct vnet_rqt *rqt;

	assert_int_equal(vnet_rqt_create_locked(f->port->port, &tx, 1, &rqt), -EINVAL);
	assert_int_equal(vnet_rqt_create_locked(f->port->port, &foreign, 1, &rqt), -EINVAL);
	assert_int_equal(vnet_rqt_create_locked(f->port->port, repeated, 0, &rqt), -EINVAL);
	assert_int_equal(vnet_rqt_create_locked(f->port->port, repeated, 2, &rqt), 0);
	assert_int_equal(vnet_rqt_set_locked(rqt, &tx, 1), -EINVAL);
	assert_int_equal(rqt->nb_queues, 2); /* a refused change changes nothing */
	assert_int_equal(vnet_tir_create_locked(&tir, &(struct vnet_tir *){ NULL }), -EINVAL);
	rule.tir = f->bed->ports[0].tir; /* leads to another port */
	assert_int_equal(vnet_rule_add_locked(f->port->port, &rule, &(struct vnet_rule *){ NULL }),
			-EINVAL);
	vnet_rqt_destroy_locked(rqt);
	vnet_rqt_destroy_locked(NULL);
	vnet_tir_destroy_locked(NULL);
	vnet_rule_del_locked(NULL);
	bed_steer(f->port);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_priorities),
		T(test_unwanted_frame),
		T(test_no_rule_at_all_waits),
		T(test_spread),
		T(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
