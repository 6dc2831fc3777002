/*
 * calls_inside.h: how a filter of system calls is written; private to the files
 * calls*.c.
 */
#pragma once

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

static inline struct scmp_arg_cmp argument_is(unsigned number, uint64_t value)
{
	return (struct scmp_arg_cmp){ number, SCMP_CMP_EQ, value, 0 };
}

static inline struct scmp_arg_cmp bits_are(unsigned number, uint64_t bits,
					   uint64_t value)
{
	return (struct scmp_arg_cmp){ number, SCMP_CMP_MASKED_EQ, bits, value };
}

/* A call that this machine does not know is left out.  0 or -errno. */
int calls_add(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
	      const struct scmp_arg_cmp *conditions);

/* What all but the maker, the decoy, the wall and the self-test may do. */
int calls_fill_common(scmp_filter_ctx filter);
/* Beside that, what the daemon does but for a network, of which it has none. */
int calls_fill_daemon_or_hub(scmp_filter_ctx filter);
/* From now on nothing but what these fill in; 0 or -errno. */
int calls_limit(int (*usual)(scmp_filter_ctx), int (*own)(scmp_filter_ctx));
/* Of names that end with NULL. */
int calls_allow(scmp_filter_ctx filter, const char *const *names);

/* Sockets of these families, of any type. */
int calls_allow_families(scmp_filter_ctx filter, const int *families, size_t count);
/* Of one type; protocol: of raw ones only. */
int calls_allow_type(scmp_filter_ctx filter, int family, int type, int protocol);
/* No Unix socket, as who looks for nscd(8) has to do without; only pairs of them. */
int calls_limit_unix_sockets(scmp_filter_ctx filter);
/* Those pairs alone. */
int calls_allow_stream_pair(scmp_filter_ctx filter);
/* TCP and UDP, and who resolves names. */
int calls_allow_network(scmp_filter_ctx filter);
int calls_allow_ioctls_of_sockets(scmp_filter_ctx filter);

/* Fills it, and it is in force.  0 or -errno; filter is gone. */
int calls_load(scmp_filter_ctx filter, int (*fill)(scmp_filter_ctx),
	       int (*fill_more)(scmp_filter_ctx));
