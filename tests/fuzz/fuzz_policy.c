/*
 * fuzz_policy.c: any bytes as a register: no crash, no leak, a message for every
 * refusal; and what is taken judges, and prints as rules, without trouble.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first bytes of the text are the listener's and the client's. */
static void judge(const struct policy *policy, const uint8_t *data, size_t size)
{
	static const char *const transports[] = { "tcp", "udp", "sctp", NULL };
	struct listener_record l;
	struct flow_record f;
	struct buf reason = { 0 };
	uint8_t bytes[20] = { 0 };
	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	record_init(RECORD_listener, &l);
	record_init(RECORD_flow, &f);
	l.transport = f.transport = transports[bytes[0] % 4];
	l.ip = f.client_ip = f.server_ip = addr_v6(bytes + 1);
	f.client_ip.ip6[15] ^= 1;
	l.port = f.server_port = (uint32_t)bytes[17] << 8 | bytes[18];
	memcpy(l.exe, data, size < sizeof(l.exe) ? size : sizeof(l.exe) - 1);
	memcpy(l.user, data, size < sizeof(l.user) ? size : sizeof(l.user) - 1);
	enum policy_verdict verdict = policy_judge_listener(policy, &l, 0, &reason);
	if ((reason.len == 0) != (verdict == POLICY_ALLOWED))
		abort();
	policy_protocol(policy, &l);
	buf_clear(&reason);
	verdict = policy_judge_flow(policy, &f, 0, &reason);
	if ((reason.len == 0) != (verdict == POLICY_ALLOWED))
		abort();
	buf_free(&reason);
}

static void print(const struct policy *policy)
{
	struct buf out = { 0 };
	policy_nftables(policy, 0, &out);
	policy_systemd(policy, 0, &out);
	policy_review(policy, 0, &out);
	policy_next_expiry(policy, 0);
	if (!buf_ok(&out))
		abort();
	for (size_t i = 0; i < out.len; i++)
		if (out.at[i] == '\0' || out.at[i] == '\x1b')
			abort();
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf errors = { 0 };
	struct policy *policy = policy_parse((const char *)data, size, "fuzz", &errors);
	if ((policy != NULL) != (errors.len == 0))
		abort();
	if (policy != NULL) {
		judge(policy, data, size);
		print(policy);
	}
	policy_free(policy);
	buf_free(&errors);
	return 0;
}
