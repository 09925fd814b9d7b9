/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory keys as the engine meets them. First each verdict, in both directions and for each ring:
 * the queue goes to ERR with the right error_type, one event, and a message that names the verdict.
 * Then guests with anything in their rings, split and packed: nothing outside of what was
 * registered is ever touched. Registered memory lies between pages without access, so that a byte
 * too far is a fault; what may only be read is compared; sanitizers watch the rest.
 *
 * The queues' key has parts of all sorts (enum part), each of one or more pages.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base_clock.h"
#include "fw_rig.h"

#define PAGE 4096u
#define GPA 0x100000u
#define SIZE 64u /* of the rings, RIG_QUEUE_SIZE */
#define FRAME 60u
#define HDR 12u
#define NB_ROUNDS 300u

/* Parts of the key: places in its range. */
#define RW 0x0u /* 8 pages, all that a guest needs */
#define HOLE 0x8000u
#define RO 0x9000u /* 2 pages of a region that is registered for reading */
#define WO 0xb000u /* below a key without the right to read */
#define LOST 0xc000u /* the entry leads out of the region that it names */
#define END 0xd000u /* behind the key */

#define RX_DESC 0x0000u
#define TX_DESC 0x1000u
#define RX_AVAIL 0x2000u
#define TX_AVAIL 0x2400u
#define RX_USED 0x3000u
#define TX_USED 0x3800u
#define RX_BUF 0x4000u
#define TX_BUF 0x6000u

struct scene {
	struct rig *rig;
	uint8_t *rw, *ro, *wo; /* memory, each between pages without access */
	uint32_t *doorbell;
	uint32_t key;
	uint32_t rx, tx, rqt, tir, flow;
	char line[512]; /* the engine's last message */
	struct base_log log; /* the rig's own */
};

static struct scene scene;
static uint64_t seed = 7;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % below;
}

static void
note_line(void *arg, enum base_log_level level, const char *msg)
{
	if (strncmp(msg, "engine: ", 8) == 0)
		snprintf(scene.line, sizeof(scene.line), "%s", msg);
	scene.log.write(arg, level, msg);
}

/* Memory that ends where it ends. */
static uint8_t *
fenced(size_t pages)
{
	uint8_t *p = mmap(NULL, (pages + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(mprotect(p + PAGE, pages * PAGE, PROT_READ | PROT_WRITE), 0);
	return p + PAGE;
}

static uint32_t
region(struct rig *rig, uint8_t *mem, uint64_t len, uint32_t access)
{
	struct fw_mr_attr attr = { .pages = { mem, len }, .pd = rig->pd, .access = access };
	uint32_t key;

	assert_int_equal(0, fw_mr_create(rig->uctx, &attr, &key));
	return key;
}

static uint32_t
make_key(struct rig *rig)
{
	uint32_t rw = region(rig, scene.rw, 8 * PAGE, FW_LOCAL_WRITE);
	uint32_t ro = region(rig, scene.ro, 2 * PAGE, 0);
	uint32_t wo = region(rig, scene.wo, PAGE, FW_LOCAL_WRITE);
	struct rig_klm one = { PAGE, wo, 0 };
	uint8_t in[RIG_MKEY_IN(1)];
	struct rig_klm parts[] = {
		{ 8 * PAGE, rw, 0 },
		{ PAGE, FW_NULL_MKEY, 0 },
		{ 2 * PAGE, ro, 0 },
		{ PAGE, 0, 0 },
		{ PAGE, rw, 8 * PAGE - 16 },
	};

	rig_mkey_in(rig->pd, 0, 0, &one, 1, in);
	PRM_SET(mkc, in + 16, lr, 0);
	parts[3].mkey = rig_create(rig->uctx, FW_CLASS_MKEY, in, sizeof(in)) << 8;
	return rig_mkey(rig, GPA, 0, parts, BASE_ARRAY_SIZE(parts));
}

static int
setup(void **state)
{
	static uint32_t page[1024];
	uint32_t id;

	rig_setup(state);
	scene = (struct scene){ .rig = *state, .doorbell = page };
	scene.rig->loop = true;
	rig_restart(scene.rig);
	rig_world(scene.rig);
	scene.log = scene.rig->log;
	scene.rig->log.write = note_line;
	scene.rw = fenced(8);
	scene.ro = fenced(2);
	scene.wo = fenced(1);
	memset(scene.ro + HDR, 0x5a, 2 * PAGE - HDR); /* a header that asks for nothing, a frame */
	scene.key = make_key(scene.rig);
	assert_int_equal(0, fw_var_create(scene.rig->uctx, page, &id));
	return 0;
}

static int
teardown(void **state)
{
	rig_teardown(state);
	munmap(scene.rw - PAGE, 10 * PAGE);
	munmap(scene.ro - PAGE, 4 * PAGE);
	munmap(scene.wo - PAGE, 3 * PAGE);
	return 0;
}

/* Nobody has written where only reading was granted. */
static void
assert_read_only(void)
{
	unsigned int i;

	for (i = 0; i < 2 * PAGE; i++)
		assert_int_equal(scene.ro[i], i < HDR ? 0 : 0x5a);
}

/* --- queues --------------------------------------------------------------------------------- */

struct place {
	uint64_t desc, avail, used; /* in the key, from its start */
	bool packed;
};

static uint32_t
make_queue(uint16_t index, const struct place *at)
{
	uint8_t in[PRM_SIZE(create_virtq_in)];
	uint8_t *q = in + 16 + 64;

	rig_virtq_in(scene.rig, in);
	PRM_SET(virtio_q, q, queue_index, index);
	PRM_SET(virtio_q, q, virtio_q_type, at->packed ? PRM_VIRTQ_PACKED : PRM_VIRTQ_SPLIT);
	PRM_SET(virtio_q, q, virtio_q_mkey, scene.key);
	PRM_SET(virtio_q, q, desc_addr, GPA + at->desc);
	PRM_SET(virtio_q, q, available_addr, GPA + at->avail);
	PRM_SET(virtio_q, q, used_addr, GPA + at->used);
	if (at->packed) { /* both wrap counters begin with 1 */
		PRM_SET(virtio_net_q, in + 16, hw_available_index, 0x8000);
		PRM_SET(virtio_net_q, in + 16, hw_used_index, 0x8000);
	}
	return rig_create(scene.rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
}

/* Both queues run, frames come back to the receiving one. */
static void
start(const struct place *rx, const struct place *tx)
{
	uint8_t rqt[RIG_RQT_IN], tir[PRM_SIZE(create_tir_in)];
	struct fw_flow_attr flow = { .priority = 7 };
	struct rig *rig = scene.rig;

	scene.rx = make_queue(0, rx);
	scene.tx = make_queue(1, tx);
	rig_rqt_in(scene.rx, rqt);
	scene.rqt = rig_create(rig->uctx, FW_CLASS_RQT, rqt, sizeof(rqt));
	rig_tir_in(rig, scene.rqt, tir);
	flow.tirn = scene.tir = rig_create(rig->uctx, FW_CLASS_TIR, tir, sizeof(tir));
	assert_int_equal(0, fw_flow_create(rig->uctx, &flow, &scene.flow));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, scene.rx, PRM_VIRTQ_RDY));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, scene.tx, PRM_VIRTQ_RDY));
}

static void
stop(void)
{
	struct rig *rig = scene.rig;

	assert_int_equal(0, fw_flow_destroy(rig->uctx, scene.flow));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_TIR, scene.tir));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_RQT, scene.rqt));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, scene.rx));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, scene.tx));
	/* The end of its queue is an error to the pair; the next queue needs one that works. */
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->fw_qpn, 0));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->sw_qpn, 0));
	rig_qps_to_rts(rig);
}

static void
ring_doorbell(uint16_t queue)
{
	__atomic_store_n(scene.doorbell, htole32(queue), __ATOMIC_RELEASE);
}

/* The engine has taken the doorbell and ended the pass in which it did. */
static void
await_pass(void)
{
	uint64_t end = base_clock_ns() + 10 * BASE_NS_PER_S;
	struct timespec nap = { .tv_nsec = 50000 };

	while (__atomic_load_n(scene.doorbell, __ATOMIC_ACQUIRE) != VNET_DOORBELL_IDLE) {
		if (base_clock_ns() > end)
			fail_msg("nobody takes the doorbell");
		nanosleep(&nap, NULL);
	}
	vnet_lock(scene.rig->card->vnet);
	vnet_unlock(scene.rig->card->vnet);
}

static void
put(uint32_t at, const void *value, size_t len)
{
	memcpy(scene.rw + at, value, len);
}

static void
put_desc(uint32_t ring, unsigned int i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	uint64_t addr_le = htole64(addr);
	uint32_t len_le = htole32(len);
	uint16_t rest[2] = { htole16(flags), htole16(next) };

	put(ring + 16 * i, &addr_le, 8);
	put(ring + 16 * i + 8, &len_le, 4);
	put(ring + 16 * i + 12, rest, 4);
}

static void
put_avail(uint32_t ring, uint16_t idx)
{
	uint16_t head = 0, le = htole16(idx);

	put(ring + 4, &head, 2);
	__atomic_store_n((uint16_t *)(void *)(scene.rw + ring + 2), le, __ATOMIC_RELEASE);
}

/* --- verdicts ------------------------------------------------------------------------------- */

#define F_NEXT 1u
#define F_WRITE 2u
#define OK VNET_ERR_NONE

struct row {
	const char *what;
	uint64_t desc, avail, used; /* 0: where they should be */
	uint64_t buf; /* of one buffer, from the key's start */
	uint32_t len;
	uint16_t flags, idx; /* 0: right ones */
	enum vnet_error error;
	const char *verdict;
};

#define BOUNDS "out of the memory key's bounds"
#define RIGHTS "access not granted"
#define NO_KEY_FITS VNET_ERR_INVALID_BUFFER
#define NO_RING VNET_ERR_RING_ACCESS

/* The same in both directions, but for what may be written only or read only. */
static const struct row both[] = {
	{ "buffer in the hole", .buf = HOLE, .error = OK },
	{ "buffer behind the key", .buf = END, .error = NO_KEY_FITS, .verdict = BOUNDS },
	{ "buffer over the end", .buf = END - 1, .error = NO_KEY_FITS, .verdict = BOUNDS },
	{ "buffer before the key", .buf = -(uint64_t)8, .error = NO_KEY_FITS, .verdict = BOUNDS },
	{ "buffer around the end of all", .buf = -(uint64_t)GPA - 8, .error = NO_KEY_FITS,
			.verdict = BOUNDS },
	{ "entry out of its region", .buf = LOST, .error = NO_KEY_FITS, .verdict = BOUNDS },
	{ "descriptors behind the key", .desc = END, .error = NO_RING, .verdict = BOUNDS },
	{ "descriptors over the end", .desc = END - 512, .error = NO_RING, .verdict = BOUNDS },
	{ "descriptors that may not be read", .desc = WO, .error = NO_RING, .verdict = RIGHTS },
	{ "available ring behind the key", .avail = END, .error = NO_RING, .verdict = BOUNDS },
	{ "available ring that may not be read", .avail = WO, .error = NO_RING, .verdict = RIGHTS },
	{ "used ring behind the key", .used = END, .error = NO_RING, .verdict = BOUNDS },
	{ "used ring that may not be written", .used = RO, .error = NO_RING, .verdict = RIGHTS },
	{ "flag that was not negotiated", .flags = 1u << 2, .error = VNET_ERR_BAD_DESC },
	{ "chain that bites its tail", .flags = F_NEXT, .error = VNET_ERR_CHAIN_TOO_LONG },
	{ "available index too far ahead", .idx = SIZE + 1, .error = VNET_ERR_AVAIL_INDEX },
};
static const struct row rx_rows[] = {
	{ "buffer that may not be written", .buf = RO, .error = NO_KEY_FITS, .verdict = RIGHTS },
	{ "buffer that may be written only", .buf = WO, .error = OK },
	{ "length of 4 GiB", .len = UINT32_MAX, .error = NO_KEY_FITS, .verdict = BOUNDS },
	{ "direction", .flags = F_WRITE, .error = VNET_ERR_BAD_DESC },
};
static const struct row tx_rows[] = {
	{ "buffer that may not be read", .buf = WO, .error = NO_KEY_FITS, .verdict = RIGHTS },
	{ "buffer that may be read only", .buf = RO, .error = OK },
	{ "length of 4 GiB", .len = UINT32_MAX, .error = VNET_ERR_BAD_DESC },
	{ "direction", .flags = F_WRITE, .error = VNET_ERR_BAD_DESC },
};

/* Waits for the queue to fail, or for its one buffer to come back. */
static uint8_t
await_end(uint32_t virtq)
{
	uint64_t end = base_clock_ns() + 10 * BASE_NS_PER_S;
	uint8_t netq[PRM_SIZE(virtio_net_q)];

	do {
		await_pass();
		rig_virtq_query(scene.rig, virtq, netq);
		if (PRM_GET(virtio_net_q, netq, state) == PRM_VIRTQ_ERR)
			return (uint8_t)PRM_GET(virtio_q, netq + 64, error_type);
		if (PRM_GET(virtio_net_q, netq, hw_used_index) == 1)
			return VNET_ERR_NONE;
	} while (base_clock_ns() < end);
	fail_msg("the queue neither fails nor works");
	return 0;
}

static void
try_row(const struct row *row, bool rx)
{
	const struct place good[2] = { { RX_DESC, RX_AVAIL, RX_USED, false },
		{ TX_DESC, TX_AVAIL, TX_USED, false } };
	struct place at = good[rx ? 0 : 1];
	uint32_t desc = rx ? RX_DESC : TX_DESC, avail = rx ? RX_AVAIL : TX_AVAIL;
	uint64_t buf = row->buf != 0 ? row->buf : rx ? RX_BUF : TX_BUF;
	uint16_t flags = rx ? F_WRITE : 0;
	unsigned int nb_events = scene.rig->told.nb_events;
	uint8_t error;

	at.desc = row->desc != 0 ? row->desc : at.desc;
	at.avail = row->avail != 0 ? row->avail : at.avail;
	at.used = row->used != 0 ? row->used : at.used;
	memset(scene.rw, 0, 8 * PAGE);
	scene.line[0] = '\0';
	/* One good buffer for the other direction, one as the row has it for this one. */
	put_desc(rx ? TX_DESC : RX_DESC, 0, GPA + (rx ? TX_BUF : RX_BUF), rx ? HDR + FRAME : 2048,
			rx ? 0 : F_WRITE, 0);
	put_desc(desc, 0, GPA + buf,
			row->len != 0      ? row->len :
					rx ? 2048 :
					     HDR + FRAME,
			row->flags == F_WRITE ? flags ^ F_WRITE : flags | row->flags, 0);
	put_avail(rx ? TX_AVAIL : RX_AVAIL, 1);
	put_avail(avail, row->idx != 0 ? row->idx : 1);
	start(rx ? &at : &good[0], rx ? &good[1] : &at);
	ring_doorbell(1);
	error = await_end(rx ? scene.rx : scene.tx);
	if (error != row->error || scene.rig->told.nb_events != nb_events + (error != OK))
		fail_msg("%s %s: error_type %u, %u events: %s", rx ? "rx" : "tx", row->what, error,
				scene.rig->told.nb_events - nb_events, scene.line);
	if (row->verdict != NULL && strstr(scene.line, row->verdict) == NULL)
		fail_msg("%s %s: said '%s'", rx ? "rx" : "tx", row->what, scene.line);
	stop();
}

static void
test_verdicts(void **state)
{
	unsigned int rx, i;

	for (rx = 0; rx < 2; rx++) {
		for (i = 0; i < BASE_ARRAY_SIZE(both); i++)
			try_row(&both[i], rx != 0);
	}
	for (i = 0; i < BASE_ARRAY_SIZE(rx_rows); i++)
		try_row(&rx_rows[i], true);
	for (i = 0; i < BASE_ARRAY_SIZE(tx_rows); i++)
		try_row(&tx_rows[i], false);
	assert_read_only();
}

/* --- guests with anything in their rings ----------------------------------------------------- */

static uint64_t
random_addr(void)
{
	switch (draw(8)) {
	case 0:
		return ((uint64_t)draw(UINT32_MAX) << 32) | draw(UINT32_MAX);
	case 1:
		return GPA + END - draw(200);
	case 2:
		return GPA + draw(14) * PAGE - draw(2);
	default:
		return GPA + draw(8 * PAGE);
	}
}

static uint32_t
random_len(void)
{
	switch (draw(6)) {
	case 0:
		return draw(UINT32_MAX);
	case 1:
		return draw(20);
	default:
		return draw(3000);
	}
}

/*
 * Descriptors mostly; the rest is noise, small numbers more often than not. In packed rings flags
 * come last, behind the buffer's number (virtio 1.2, 2.8.13).
 */
static void
random_memory(bool packed)
{
	static const uint16_t split_flags[] = { 0, 1, 2, 3, 2, 0, 4, 0xffff };
	static const uint16_t packed_flags[] = { 0x80, 0x81, 0x82, 0x83, 0x8080, 0x82, 0x84, 0 };
	unsigned int i;

	for (i = 0; i < 8 * PAGE; i++)
		scene.rw[i] = (uint8_t)(draw(3) != 0 ? 0 : draw(256));
	for (i = 0; i < 2 * SIZE; i++)
		put_desc(i < SIZE ? RX_DESC : TX_DESC, i % SIZE, random_addr(), random_len(),
				packed ? (uint16_t)draw(SIZE + 2) : split_flags[draw(8)],
				packed ? packed_flags[draw(8)] : (uint16_t)draw(SIZE + 2));
	for (i = 0; i < SIZE; i++) {
		uint16_t head[2] = { htole16((uint16_t)draw(SIZE + 1)),
			htole16((uint16_t)draw(SIZE)) };

		put(RX_AVAIL + 4 + 2 * i, &head[0], 2);
		put(TX_AVAIL + 4 + 2 * i, &head[1], 2);
	}
	if (!packed) {
		uint16_t idx[2] = { htole16((uint16_t)(1 + draw(SIZE))),
			htole16((uint16_t)(1 + draw(SIZE))) };

		put(RX_AVAIL + 2, &idx[0], 2);
		put(TX_AVAIL + 2, &idx[1], 2);
	}
}

/* Mostly where the descriptors are; now and then anywhere, as far as alignment goes. */
static struct place
random_place(bool rx, bool packed)
{
	struct place at = rx ? (struct place){ RX_DESC, RX_AVAIL, RX_USED, packed } :
			       (struct place){ TX_DESC, TX_AVAIL, TX_USED, packed };

	if (draw(6) == 0)
		at.desc = draw(14 * PAGE) & ~15u;
	if (draw(6) == 0)
		at.avail = draw(14 * PAGE) & ~3u;
	if (draw(6) == 0)
		at.used = draw(14 * PAGE) & ~3u;
	return at;
}

static void
hostile_guests(bool packed)
{
	unsigned int round, i, nb_failed = 0;

	for (round = 0; round < NB_ROUNDS; round++) {
		struct place rx = random_place(true, packed), tx = random_place(false, packed);
		unsigned int nb_events = scene.rig->told.nb_events;

		random_memory(packed);
		start(&rx, &tx);
		for (i = 0; i < 3; i++) {
			ring_doorbell((uint16_t)draw(4));
			await_pass();
		}
		stop();
		nb_failed += scene.rig->told.nb_events != nb_events;
		assert_read_only();
	}
	print_message("%u of %u guests had a queue in ERR\n", nb_failed, NB_ROUNDS);
	assert_true(nb_failed > NB_ROUNDS / 2);
}

static void
test_hostile_split(void **state)
{
	hostile_guests(false);
}

static void
test_hostile_packed(void **state)
{
	hostile_guests(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_split, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_packed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
