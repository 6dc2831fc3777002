/*
 * blackbox_module.h: a module of blackbox_exporter's file, as it was read; private to
 * the files blackbox*.c.
 *
 * Names are those of its documentation (CONFIGURATION.md), so that a key is found here.
 */
#pragma once

#include "base/addr.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "probe/blackbox.h"
#include "probe/blackbox_secret.h"

struct dialogue_steps;
struct ssl_ctx_st;

enum blackbox_prober {
	BLACKBOX_NONE, /* or one that nobody knows */
	BLACKBOX_HTTP,
	BLACKBOX_TCP,
	BLACKBOX_DNS,
	BLACKBOX_ICMP,
	BLACKBOX_GRPC,
	BLACKBOX_PROBERS,
};

struct blackbox_texts {
	const char **at;
	size_t count;
};

struct blackbox_numbers {
	uint32_t *at;
	size_t count;
};

struct blackbox_tls {
	bool insecure_skip_verify;
	const char *ca_file, *cert_file, *key_file, *server_name; /* NULL: none */
	int min_version, max_version; /* of OpenSSL; 0: not given */
};

/* What every prober takes. */
struct blackbox_way {
	uint8_t preferred_ip_protocol; /* 4, 6 */
	bool ip_protocol_fallback;
	struct addr source_ip_address; /* or unset */
	struct blackbox_tls tls_config;
	bool tls;                   /* tcp, grpc; dns: dns_over_tls */
	struct ssl_ctx_st *context; /* made when it is first needed */
};

struct blackbox_header {
	const char *header, *regexp;
	bool allow_missing;
};

struct blackbox_headers {
	struct blackbox_header *at;
	size_t count;
};

/* Of oauth2: who asks for a token, and where. */
struct blackbox_oauth2 {
	bool is_given;
	const char *client_id, *token_url, *proxy_url;
	struct blackbox_secret client_secret;
	struct blackbox_texts scopes, endpoint_params; /* name, value, name, ... */
	struct blackbox_way way;                       /* of it, tls_config */
};

struct blackbox_http {
	struct blackbox_numbers valid_status_codes;         /* none: 200 to 299 */
	struct blackbox_texts valid_http_versions, headers; /* name, value, name, ... */
	const char *method, *body;
	uint64_t body_size_limit; /* 0: none */
	bool follow_redirects, fail_if_ssl, fail_if_not_ssl, enable_http2;
	struct blackbox_texts fail_if_body_matches_regexp,
		fail_if_body_not_matches_regexp;
	struct blackbox_headers fail_if_header_matches, fail_if_header_not_matches;
	const char *compression; /* NULL, "": none */
	const char *proxy_url;   /* the same */
	bool skip_resolve_phase_with_proxy;
	bool has_basic_auth, has_authorization;
	const char *username; /* of basic_auth */
	const char *type;     /* of authorization */
	struct blackbox_secret password, credentials, bearer_token;
	struct blackbox_oauth2 oauth2;
};

/* Of one section of an answer. */
struct blackbox_rrs {
	struct blackbox_texts fail_if_matches_regexp, fail_if_all_match_regexp,
		fail_if_not_matches_regexp, fail_if_none_matches_regexp;
};

struct blackbox_dns {
	bool over_tcp; /* transport_protocol */
	bool recursion_desired;
	const char *query_name;
	uint16_t query_type, query_class;
	struct blackbox_texts valid_rcodes; /* none: NOERROR */
	struct blackbox_rrs validate_answer_rrs, validate_authority_rrs,
		validate_additional_rrs;
};

struct blackbox_icmp {
	bool dont_fragment;
	uint32_t payload_size, ttl; /* 0: not given */
};

struct blackbox_module {
	const char *name;
	char *shown;             /* owned: its text without what is secret */
	const char *prober_name; /* as written; "" if it was not */
	enum blackbox_prober prober;
	uint32_t timeout_ms; /* 0: the scrape's */
	struct blackbox_way way[BLACKBOX_PROBERS];
	struct blackbox_http http;
	struct dialogue_steps *query_response; /* of tcp; NULL: none */
	bool starts_tls;                       /* one of its steps does */
	struct blackbox_dns dns;
	struct blackbox_icmp icmp;
	const char *grpc_service; /* NULL: the server as a whole */
};

struct blackbox_run;

struct blackbox {
	struct blackbox_module **modules;
	size_t count;
	void **owned; /* texts and lists of the modules */
	size_t owned_count;
	struct blackbox_run *runs; /* not answered yet */
};

/* Does a regular expression of the file match anywhere in the text? */
bool blackbox_fits(const char *regexp, struct bytes text);

/* Forgets those that have no answer: their prober is gone. */
void blackbox_forget_runs(struct blackbox *all);
/* Frees what blackbox_prepare() and probes made of its files. */
void blackbox_unprepare(struct blackbox_module *module);
