/*
 * fanout.c: which worker gets a packet, decided by its two addresses.
 *
 * The kernel's own PACKET_FANOUT_HASH takes the ports as well.  But a fragment has
 * no ports, nor has the ICMP error that says a flow was refused: they would come to
 * another worker than the flow they belong to.  PACKET_FANOUT_FLAG_DEFRAG helps
 * little: it hides bad fragments, knows only IPv4, and makes one datagram of what a
 * device sends and receives, so that it loses those on loopback.
 *
 * So a few instructions of eBPF add up and mix the addresses, which has the same
 * result in both directions.  The price is that one pair of hosts keeps one worker
 * busy, whatever they send.  Where the kernel lets us load no program (with
 * CAP_NET_RAW alone), its own hash must do.
 */
#include "capture/fanout.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/capture.h"

enum { WORDS = 8, ADDRS = -4 * WORDS }; /* on the stack: two IPv6 addresses */

/* clang-format off */
#define OP(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define COPY(to, from)              OP(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define SET(to, value)              OP(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value)
#define ADD(to, value)              OP(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value)
#define CALL(function)              OP(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define SKIP_IF(what, value, count) OP(BPF_JMP | BPF_JEQ | BPF_K, what, 0, count, value)
#define LOAD(to, from, off)         OP(BPF_LDX | BPF_MEM | BPF_W, to, from, off, 0)
#define RETURN                      OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define CLEAR_TWO(word) OP(BPF_ST | BPF_MEM | BPF_DW, 10, 0, ADDRS + 4 * (word), 0)
#define ADD_WORD(word) \
	LOAD(1, 10, ADDRS + 4 * (word)), OP(BPF_ALU | BPF_ADD | BPF_X, 0, 1, 0, 0)
#define MULTIPLY(value) OP(BPF_ALU | BPF_MUL | BPF_K, 0, 0, 0, (int32_t)(value))
#define FOLD(bits) \
	OP(BPF_ALU | BPF_MOV | BPF_X, 1, 0, 0, 0), \
	OP(BPF_ALU | BPF_RSH | BPF_K, 1, 0, 0, bits), \
	OP(BPF_ALU | BPF_XOR | BPF_X, 0, 1, 0, 0)

/*
 * The network header is asked for first, as the data of a packet that leaves begin
 * with the header below.  That works for bytes in the packet's first buffer only;
 * a card may leave them in a later one, but then the packet is arriving, its data
 * begin with the network header, and the other helper reaches them.
 */
static const struct bpf_insn program[] = {
	COPY(6, 1), /* the packet */
	CLEAR_TWO(0), CLEAR_TWO(2), CLEAR_TWO(4), CLEAR_TWO(6),

	LOAD(7, 6, offsetof(struct __sk_buff, protocol)),
	SET(8, 12), SET(9, 8), /* IPv4: offset and length of both addresses */
	SKIP_IF(7, __constant_htons(ETH_P_IP), 5),
	SET(8, 8), SET(9, 32), /* IPv6 */
	SKIP_IF(7, __constant_htons(ETH_P_IPV6), 2),
	SET(0, 0), RETURN,

	COPY(1, 6), COPY(2, 8), COPY(3, 10), ADD(3, ADDRS), COPY(4, 9),
	SET(5, BPF_HDR_START_NET),
	CALL(BPF_FUNC_skb_load_bytes_relative),
	SKIP_IF(0, 0, 6),
	COPY(1, 6), COPY(2, 8), COPY(3, 10), ADD(3, ADDRS), COPY(4, 9),
	CALL(BPF_FUNC_skb_load_bytes),

	SET(0, 0),
	ADD_WORD(0), ADD_WORD(1), ADD_WORD(2), ADD_WORD(3),
	ADD_WORD(4), ADD_WORD(5), ADD_WORD(6), ADD_WORD(7),
	/* The finalizer of MurmurHash3: neighbours differ in one byte only. */
	FOLD(16), MULTIPLY(0x85ebca6b), FOLD(13), MULTIPLY(0xc2b2ae35), FOLD(16),
	RETURN,
};
/* clang-format on */

int capture_steering(void)
{
	union bpf_attr attributes;
	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attributes.insns = (uintptr_t)program;
	attributes.insn_cnt = sizeof(program) / sizeof(program[0]);
	attributes.license = (uintptr_t) "Apache-2.0";
	long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
	return fd < 0 ? -errno : (int)fd;
}

static int join(int fd, uint16_t group, unsigned kind)
{
	unsigned joined = group | kind << 16;
	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &joined, sizeof(joined)) < 0)
		return -errno;
	return 0;
}

int fanout_join(int fd, uint16_t group, int steering)
{
	if (steering < 0)
		return join(fd, group, PACKET_FANOUT_HASH);
	int error = join(fd, group, PACKET_FANOUT_EBPF);
	if (error == 0 && setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &steering,
				     sizeof(steering)) < 0)
		error = -errno;
	return error;
}
