/*
 * blackbox_grpc.h: a server of gRPC, asked for its health as a module says
 * (grpc.health.v1, "gRPC over HTTP2"); private to the files blackbox*.c.
 */
#pragma once

#include "probe/blackbox_module.h"
#include "probe/target.h"

struct http_answer;

/* Of one answer; all zero before it. */
struct blackbox_seen_grpc {
	bool is_done;     /* asked, whatever came of it */
	bool is_tls;      /* and answered */
	unsigned code;    /* of gRPC: 0 is OK */
	uint64_t serving; /* enum ServingStatus of its health.proto */
	uint64_t check_us;
};

/* The target, and in *body, which it borrows, what is sent to it; false: it is none. */
bool blackbox_grpc_target(const struct blackbox_module *module, const char *text,
			  struct target *target, struct buf *body);

void blackbox_grpc_see(struct blackbox_seen_grpc *seen,
		       const struct blackbox_module *module, void *easy,
		       const struct http_answer *answer);
bool blackbox_grpc_is_well(const struct blackbox_seen_grpc *seen);
void blackbox_grpc_tell(const struct blackbox_seen_grpc *seen, double resolve,
			struct buf *out);
