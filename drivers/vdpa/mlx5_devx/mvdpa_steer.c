/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each rule is a row of a table: which packets, at which priority (a lower
 * number is looked at first), and what of them is hashed. The hash is Toeplitz with a key of
 * period 16 bits, made symmetric by the card, so that both directions of a connection meet in one
 * queue. Packets that are neither IPv4 nor IPv6 are not hashed and go to the first entry.
 *
 * Rules do not depend on each other: each with its hash is a task of the device's pool.
 *
 * When queues come and go, only the table is rewritten; the rules stay as long as there is one.
 * Should the card refuse that, everything is taken down and built anew: a queue that is about to
 * be destroyed must not be left in a table.
 */
#include "mvdpa_steer.h"

#include <netinet/in.h>
#include <string.h>

#include "base_math.h"
#include "prm_cmd.h"

#define HASH_IP (PRM_HASH_SRC_IP | PRM_HASH_DST_IP)
#define HASH_L4 (HASH_IP | PRM_HASH_L4_SPORT | PRM_HASH_L4_DPORT)
enum {
	L3_IPV4 = 0,
	L3_IPV6 = 1,
	L4_TCP = 0,
	L4_UDP = 1
};
enum {
	PRIO_L4 = 5,
	PRIO_IP = 6,
	PRIO_ANY = 7
};

static const struct {
	uint16_t priority;
	uint8_t ip_version, ip_protocol;
	uint32_t hash;
	uint8_t l3, l4;
} rules[MVDPA_STEER_NB_RULES] = {
	{ PRIO_ANY, 0, 0, 0, 0, 0 },
	{ PRIO_IP, 4, 0, HASH_IP, L3_IPV4, 0 },
	{ PRIO_IP, 6, 0, HASH_IP, L3_IPV6, 0 },
	{ PRIO_L4, 4, IPPROTO_UDP, HASH_L4, L3_IPV4, L4_UDP },
	{ PRIO_L4, 4, IPPROTO_TCP, HASH_L4, L3_IPV4, L4_TCP },
	{ PRIO_L4, 6, IPPROTO_UDP, HASH_L4, L3_IPV6, L4_UDP },
	{ PRIO_L4, 6, IPPROTO_TCP, HASH_L4, L3_IPV6, L4_TCP },
};

void
mvdpa_steer_init(struct mvdpa_steer *steer, struct devx_dev *devx, struct mvdpa_pool *pool,
		uint32_t td, uint32_t rqt_max)
{
	memset(steer, 0, sizeof(*steer));
	steer->devx = devx;
	steer->pool = pool;
	steer->td = td;
	steer->rqt_size = rqt_max < MVDPA_STEER_MAX_RQT ? rqt_max : MVDPA_STEER_MAX_RQT;
}

void
mvdpa_steer_fill(const uint32_t *ids, uint32_t nb, uint32_t *table, uint32_t size)
{
	uint32_t i;

	for (i = 0; i < size; i++)
		table[i] = ids[i % nb];
}

static int
steer_unrule(void *arg, unsigned int i)
{
	struct mvdpa_steer *steer = arg;

	devx_flow_destroy(steer->flow[i]);
	devx_obj_destroy(steer->tir[i]);
	steer->flow[i] = NULL;
	steer->tir[i] = NULL;
	return 0;
}

static void
steer_clear(struct mvdpa_steer *steer)
{
	if (steer->rqt == NULL)
		return;
	mvdpa_pool_run(steer->pool, MVDPA_STEER_NB_RULES, steer_unrule, steer);
	devx_obj_destroy(steer->rqt);
	steer->rqt = NULL;
}

static int
steer_rule(void *arg, unsigned int i)
{
	struct mvdpa_steer *steer = arg;
	uint8_t key[DEVX_TOEPLITZ_KEY_SIZE];
	const struct devx_tir_attr tir = {
		.td = steer->td,
		.rqt = devx_obj_id(steer->rqt),
		.hash_fields = rules[i].hash,
		.l3_prot = rules[i].l3,
		.l4_prot = rules[i].l4,
		.key = key,
	};
	struct devx_flow_attr flow = {
		.priority = rules[i].priority,
		.ip_version = rules[i].ip_version,
		.ip_protocol = rules[i].ip_protocol,
	};
	unsigned int b;
	int ret;

	for (b = 0; b < sizeof(key); b += 2) { /* 0x6d5a repeated: the usual symmetric key */
		key[b] = 0x6d;
		key[b + 1] = 0x5a;
	}
	ret = devx_tir_create(steer->devx, &tir, &steer->tir[i]);
	flow.tir = steer->tir[i];
	if (ret == 0)
		ret = devx_flow_create(steer->devx, &flow, &steer->flow[i]);
	return ret;
}

static int
steer_build(struct mvdpa_steer *steer, const struct devx_rqt_attr *attr)
{
	int ret;

	ret = devx_rqt_create(steer->devx, attr, &steer->rqt);
	if (ret == 0)
		ret = mvdpa_pool_run(steer->pool, MVDPA_STEER_NB_RULES, steer_rule, steer);
	if (ret != 0)
		steer_clear(steer);
	return ret;
}

int
mvdpa_steer_set(struct mvdpa_steer *steer, const uint32_t *ids, uint32_t nb)
{
	uint32_t table[MVDPA_STEER_MAX_RQT];
	struct devx_rqt_attr attr = { .size = steer->rqt_size, .ids = table };
	int ret;

	if (nb == 0) {
		steer_clear(steer);
		return 0;
	}
	mvdpa_steer_fill(ids, nb, table, attr.size);
	if (steer->rqt == NULL)
		ret = steer_build(steer, &attr);
	else if (memcmp(table, steer->ids, attr.size * sizeof(table[0])) == 0)
		return 0;
	else if (devx_rqt_modify(steer->rqt, &attr) == 0)
		ret = 0;
	else {
		steer_clear(steer);
		ret = steer_build(steer, &attr);
	}
	if (ret == 0)
		memcpy(steer->ids, table, attr.size * sizeof(table[0]));
	return ret;
}
