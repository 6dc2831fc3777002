/*
 * fuzz_blackbox.c: any bytes as a file of modules: no crash, no leak, a message for
 * every refusal; and any bytes as the answer of a server of names, or of one of gRPC.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "probe/blackbox.h"
#include "probe/blackbox_dns.h"
#include "probe/blackbox_grpc.h"
#include "probe/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_answer(const uint8_t *data, size_t size)
{
	static const char *regexps[] = { "a", "\t60\tIN\t" };
	const struct blackbox_texts texts = { regexps, 2 };
	const struct blackbox_rrs rrs = { texts, texts, texts, texts };
	const struct blackbox_module module = {
		.dns = { .query_type = 6,
			 .validate_answer_rrs = rrs,
			 .validate_additional_rrs = rrs },
	};
	struct buf out = { 0 };
	blackbox_dns_tell(&module, bytes_of(data, size), &out);
	if (!buf_ok(&out))
		abort();
	buf_free(&out);
}

static void read_health(struct bytes head, struct bytes body)
{
	const struct blackbox_module module = { .prober = BLACKBOX_GRPC };
	const struct http_answer answer = { .status = 200, .head = head, .body = body };
	struct blackbox_seen_grpc seen;
	struct buf out = { 0 };
	blackbox_grpc_see(&seen, &module, NULL, &answer);
	if (blackbox_grpc_is_well(&seen) && seen.code != 0)
		abort();
	blackbox_grpc_tell(&seen, 0, &out);
	if (!buf_ok(&out))
		abort();
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char well[] = "HTTP/2 200\r\ngrpc-status: 0\r\n\r\n";
	struct buf errors = { 0 };
	struct blackbox *all =
		blackbox_parse((const char *)data, size, "fuzz", &errors);
	if ((all != NULL) != (errors.len == 0))
		abort();
	blackbox_free(all);
	buf_free(&errors);
	read_answer(data, size);
	read_health(bytes_of(data, size), bytes_of(data, 0));
	read_health(bytes_of(well, sizeof(well) - 1), bytes_of(data, size));
	return 0;
}
