/*
 * blackbox_keys.c: the keys of a module's sections, as CONFIGURATION.md of
 * blackbox_exporter 0.23 lists them.
 *
 * What is not done here (oauth2, proxies, compression, other sizes of pings) is not
 * among them, so that nobody believes it were.
 */
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <string.h>

#include "probe/blackbox_value.h"
#include "probe/echo_packet.h"
#include "protocol/dialogue.h"
#include "protocol/dns_message.h"

#define COUNT(keys) (sizeof(keys) / sizeof((keys)[0]))

#define BOOL    "true or false"
#define TEXT    "a text"
#define REGEXPS "a list of regular expressions"

/* ---- tls_config ---- */

static bool take_tls_version(struct blackbox_reader *reader, void *at)
{
	static const struct {
		const char *name;
		int version;
	} versions[] = { { "TLS10", TLS1_VERSION },
			 { "TLS11", TLS1_1_VERSION },
			 { "TLS12", TLS1_2_VERSION },
			 { "TLS13", TLS1_3_VERSION } };
	const char *text = yaml_event(reader->yaml)->text;
	for (size_t i = 0; i < COUNT(versions); i++) {
		*(int *)at = versions[i].version;
		if (strcmp(versions[i].name, text) == 0)
			return true;
	}
	return false;
}

static bool take_tls(struct blackbox_reader *reader, void *at)
{
#define AT(member) offsetof(struct blackbox_tls, member)
	static const struct blackbox_key keys[] = {
		{ "insecure_skip_verify", BOOL, blackbox_take_bool,
		  AT(insecure_skip_verify) },
		{ "ca_file", TEXT, blackbox_take_text, AT(ca_file) },
		{ "cert_file", TEXT, blackbox_take_text, AT(cert_file) },
		{ "key_file", TEXT, blackbox_take_text, AT(key_file) },
		{ "server_name", TEXT, blackbox_take_text, AT(server_name) },
		{ "min_version", "TLS10, TLS11, TLS12 or TLS13", take_tls_version,
		  AT(min_version) },
	};
#undef AT
	return blackbox_take_section(reader, keys, COUNT(keys), at);
}

/* What several probers take; offsets from the module. */
#define WAY(prober, member)                                                            \
	offsetof(struct blackbox_module, way[BLACKBOX_##prober].member)
#define WAY_KEYS(prober)                                                               \
	{ "preferred_ip_protocol", "ip4 or ip6", blackbox_take_family,                 \
	  WAY(prober, preferred_ip_protocol) },                                        \
	{                                                                              \
		"ip_protocol_fallback", BOOL, blackbox_take_bool,                      \
			WAY(prober, ip_protocol_fallback)                              \
	}
#define SOURCE_KEY(prober)                                                             \
	{                                                                              \
		"source_ip_address", "an address", blackbox_take_address,              \
			WAY(prober, source_ip_address)                                 \
	}
#define TLS_KEY(prober)                                                                \
	{                                                                              \
		"tls_config", "a section", take_tls, WAY(prober, tls_config)           \
	}

/* ---- http ---- */

static bool take_header(struct blackbox_reader *reader, void *at)
{
#define AT(member) offsetof(struct blackbox_header, member)
	static const struct blackbox_key keys[] = {
		{ "header", TEXT, blackbox_take_text, AT(header) },
		{ "regexp", "a regular expression", blackbox_take_regexp, AT(regexp) },
		{ "allow_missing", BOOL, blackbox_take_bool, AT(allow_missing) },
	};
#undef AT
	const struct blackbox_header *header = at;
	size_t line = yaml_event(reader->yaml)->line,
	       column = yaml_event(reader->yaml)->column;
	if (!blackbox_take_section(reader, keys, COUNT(keys), at))
		return false;
	if (header->header == NULL || header->regexp == NULL)
		buf_text(yaml_error(reader->yaml, line, column),
			 "a header needs both header and regexp\n");
	return true;
}

static bool take_headers(struct blackbox_reader *reader, void *at)
{
	struct blackbox_headers *list = at;
	if (yaml_event(reader->yaml)->is_null)
		return true;
	if (yaml_event(reader->yaml)->kind != YAML_LIST)
		return false;
	while (blackbox_next_of_list(reader)) {
		void *place = blackbox_grow(reader, (void **)&list->at, &list->count,
					    sizeof(*list->at));
		if (place == NULL || yaml_refuse_indirection(reader->yaml) ||
		    !take_header(reader, place))
			return false;
	}
	return true;
}

#define HTTP(member) offsetof(struct blackbox_module, http.member)

/* Both sections lie in the module, as these keys do. */
static bool take_basic_auth(struct blackbox_reader *reader, void *at)
{
	static const struct blackbox_key keys[] = {
		{ "username", TEXT, blackbox_take_text, HTTP(username) },
		{ "password", TEXT, blackbox_take_text, HTTP(password) },
	};
	return blackbox_take_section(reader, keys, COUNT(keys), at);
}

static bool take_authorization(struct blackbox_reader *reader, void *at)
{
	static const struct blackbox_key keys[] = {
		{ "type", TEXT, blackbox_take_text, HTTP(type) },
		{ "credentials", TEXT, blackbox_take_text, HTTP(credentials) },
	};
	return blackbox_take_section(reader, keys, COUNT(keys), at);
}

static const struct blackbox_key http_keys[] = {
	WAY_KEYS(HTTP),
	TLS_KEY(HTTP),
	{ "valid_status_codes", "a list of numbers", blackbox_take_numbers,
	  HTTP(valid_status_codes) },
	{ "valid_http_versions", "a list such as [HTTP/1.1, HTTP/2.0]",
	  blackbox_take_texts, HTTP(valid_http_versions) },
	{ "method", TEXT, blackbox_take_text, HTTP(method) },
	{ "headers", "a section of names and texts", blackbox_take_pairs,
	  HTTP(headers) },
	{ "body", TEXT, blackbox_take_text, HTTP(body) },
	{ "body_size_limit", "a size such as 10MB", blackbox_take_size,
	  HTTP(body_size_limit) },
	{ "follow_redirects", BOOL, blackbox_take_bool, HTTP(follow_redirects) },
	{ "fail_if_ssl", BOOL, blackbox_take_bool, HTTP(fail_if_ssl) },
	{ "fail_if_not_ssl", BOOL, blackbox_take_bool, HTTP(fail_if_not_ssl) },
	{ "fail_if_body_matches_regexp", REGEXPS, blackbox_take_regexps,
	  HTTP(fail_if_body_matches_regexp) },
	{ "fail_if_body_not_matches_regexp", REGEXPS, blackbox_take_regexps,
	  HTTP(fail_if_body_not_matches_regexp) },
	{ "fail_if_header_matches", "a list of headers", take_headers,
	  HTTP(fail_if_header_matches) },
	{ "fail_if_header_not_matches", "a list of headers", take_headers,
	  HTTP(fail_if_header_not_matches) },
	{ "basic_auth", "a section", take_basic_auth, 0 },
	{ "authorization", "a section", take_authorization, 0 },
	{ "bearer_token", TEXT, blackbox_take_text, HTTP(bearer_token) },
	{ "bearer_token_file", TEXT, blackbox_take_text, HTTP(bearer_token_file) },
	{ "enable_http2", BOOL, blackbox_take_bool, HTTP(enable_http2) },
};

bool blackbox_take_http(struct blackbox_reader *reader, void *at)
{
	return blackbox_take_section(reader, http_keys, COUNT(http_keys), at);
}

/* ---- tcp ---- */

struct step {
	const char *expect, *send;
	bool starttls;
};

static bool take_step(struct blackbox_reader *reader, void *at)
{
	static const struct blackbox_key keys[] = {
		{ "expect", "a regular expression", blackbox_take_regexp,
		  offsetof(struct step, expect) },
		{ "send", TEXT, blackbox_take_text, offsetof(struct step, send) },
		{ "starttls", BOOL, blackbox_take_bool,
		  offsetof(struct step, starttls) },
	};
	return blackbox_take_section(reader, keys, COUNT(keys), at);
}

/*
 * The language Go's "$1", "${1}", "$name" are "${...}" in a dialogue, "$$" is a sign.
 * They stand for what was caught only where something is expected.
 */
static void expand(const char *text, struct buf *out)
{
	static const char name_signs[] = "0123456789_abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	while (*text != '\0') {
		size_t len = *text == '$' ? strspn(text + 1, name_signs) : 0;
		if (len > 0)
			buf_printf(out, "${%.*s}", (int)len, text + 1);
		else
			buf_char(out, *text);
		text += len + 1;
		if (text[-1] == '$' && *text == '$')
			text++;
	}
}

static void write_step(struct blackbox_reader *reader, const struct step *step,
		       struct dialogue_words *words)
{
	struct buf send = { 0 };
	bool expects = step->expect != NULL && step->expect[0] != '\0';
	if (expects) {
		words->expect = step->expect;
		words->by_line = true;
		expand(step->send != NULL ? step->send : "", &send);
	} else if (step->send != NULL) {
		buf_text(&send, step->send);
	}
	words->starts_tls = step->starttls;
	reader->module->starts_tls |= step->starttls;
	if (send.len > 0)
		buf_char(&send, '\n');
	char *kept = send.len > 0 ? blackbox_own(reader, send.len) : NULL;
	if (kept != NULL) {
		memcpy(kept, send.at, send.len);
		words->send = bytes_of(kept, send.len);
	}
	buf_free(&send);
}

static bool take_steps(struct blackbox_reader *reader, void *at)
{
	struct dialogue_words words[DIALOGUE_STEPS_MAX] = { 0 };
	char why[DIALOGUE_WHY_MAX] = "";
	size_t count = 0, line = yaml_event(reader->yaml)->line,
	       column = yaml_event(reader->yaml)->column;
	if (yaml_event(reader->yaml)->is_null)
		return true;
	if (yaml_event(reader->yaml)->kind != YAML_LIST)
		return false;
	while (blackbox_next_of_list(reader)) {
		struct step step = { 0 };
		if (count == DIALOGUE_STEPS_MAX ||
		    yaml_refuse_indirection(reader->yaml) || !take_step(reader, &step))
			return false;
		write_step(reader, &step, &words[count++]);
	}
	if (count == 0 || yaml_failed(reader->yaml))
		return true;
	struct dialogue_steps *steps = dialogue_steps_new(words, count, why);
	if (steps == NULL)
		buf_printf(yaml_error(reader->yaml, line, column),
			   "query_response: %s\n", why);
	*(struct dialogue_steps **)at = steps;
	return true;
}

bool blackbox_take_tcp(struct blackbox_reader *reader, void *at)
{
	static const struct blackbox_key keys[] = {
		WAY_KEYS(TCP),
		SOURCE_KEY(TCP),
		TLS_KEY(TCP),
		{ "tls", BOOL, blackbox_take_bool, WAY(TCP, tls) },
		{ "query_response", "a list of at most 64 steps", take_steps,
		  offsetof(struct blackbox_module, query_response) },
	};
	return blackbox_take_section(reader, keys, COUNT(keys), at);
}

/* ---- dns ---- */

static bool take_rrs(struct blackbox_reader *reader, void *at)
{
#define AT(member) offsetof(struct blackbox_rrs, member)
	static const struct blackbox_key keys[] = {
		{ "fail_if_matches_regexp", REGEXPS, blackbox_take_regexps,
		  AT(fail_if_matches_regexp) },
		{ "fail_if_all_match_regexp", REGEXPS, blackbox_take_regexps,
		  AT(fail_if_all_match_regexp) },
		{ "fail_if_not_matches_regexp", REGEXPS, blackbox_take_regexps,
		  AT(fail_if_not_matches_regexp) },
		{ "fail_if_none_matches_regexp", REGEXPS, blackbox_take_regexps,
		  AT(fail_if_none_matches_regexp) },
	};
#undef AT
	return blackbox_take_section(reader, keys, COUNT(keys), at);
}

static bool take_transport(struct blackbox_reader *reader, void *at)
{
	const char *text = yaml_event(reader->yaml)->text;
	*(bool *)at = strcmp(text, "tcp") == 0;
	return *(bool *)at || strcmp(text, "udp") == 0;
}

static bool take_type(struct blackbox_reader *reader, void *at)
{
	*(uint16_t *)at = dns_type_number(yaml_event(reader->yaml)->text);
	return *(uint16_t *)at != 0;
}

static bool take_class(struct blackbox_reader *reader, void *at)
{
	static const struct {
		const char *name;
		uint16_t class;
	} classes[] = { { "IN", 1 }, { "CH", 3 }, { "HS", 4 }, { "ANY", 255 } };
	for (size_t i = 0; i < COUNT(classes); i++) {
		*(uint16_t *)at = classes[i].class;
		if (strcmp(classes[i].name, yaml_event(reader->yaml)->text) == 0)
			return true;
	}
	return false;
}

#define DNS(member) offsetof(struct blackbox_module, dns.member)

static const struct blackbox_key dns_keys[] = {
	WAY_KEYS(DNS),
	SOURCE_KEY(DNS),
	TLS_KEY(DNS),
	{ "dns_over_tls", BOOL, blackbox_take_bool, WAY(DNS, tls) },
	{ "transport_protocol", "udp or tcp", take_transport, DNS(over_tcp) },
	{ "query_name", TEXT, blackbox_take_text, DNS(query_name) },
	{ "query_type", "a type such as SOA", take_type, DNS(query_type) },
	{ "query_class", "IN, CH, HS or ANY", take_class, DNS(query_class) },
	{ "recursion_desired", BOOL, blackbox_take_bool, DNS(recursion_desired) },
	{ "valid_rcodes", "a list such as [NOERROR]", blackbox_take_texts,
	  DNS(valid_rcodes) },
	{ "validate_answer_rrs", "a section", take_rrs, DNS(validate_answer_rrs) },
	{ "validate_authority_rrs", "a section", take_rrs,
	  DNS(validate_authority_rrs) },
	{ "validate_additional_rrs", "a section", take_rrs,
	  DNS(validate_additional_rrs) },
};

bool blackbox_take_dns(struct blackbox_reader *reader, void *at)
{
	const struct blackbox_module *module = at;
	size_t line = yaml_event(reader->yaml)->line,
	       column = yaml_event(reader->yaml)->column;
	if (!blackbox_take_section(reader, dns_keys, COUNT(dns_keys), at))
		return false;
	if (module->dns.query_name == NULL || module->dns.query_name[0] == '\0')
		buf_text(yaml_error(reader->yaml, line, column),
			 "dns needs a query_name\n");
	if (module->way[BLACKBOX_DNS].tls && !module->dns.over_tcp)
		buf_text(yaml_error(reader->yaml, line, column),
			 "dns_over_tls needs transport_protocol: tcp\n");
	return true;
}

/* ---- icmp ---- */

static bool take_ttl(struct blackbox_reader *reader, void *at)
{
	return blackbox_take_u32(reader, at) && *(uint32_t *)at <= UINT8_MAX;
}

static bool take_payload_size(struct blackbox_reader *reader, void *at)
{
	return blackbox_take_u32(reader, at) && *(uint32_t *)at <= ECHO_DATA_MAX;
}

#define ICMP(member) offsetof(struct blackbox_module, icmp.member)

bool blackbox_take_icmp(struct blackbox_reader *reader, void *at)
{
	static const struct blackbox_key keys[] = {
		WAY_KEYS(ICMP),
		SOURCE_KEY(ICMP),
		{ "dont_fragment", BOOL, blackbox_take_bool, ICMP(dont_fragment) },
		{ "payload_size", "a number of bytes from 0 to 65507",
		  take_payload_size, ICMP(payload_size) },
		{ "ttl", "a number from 0 to 255", take_ttl, ICMP(ttl) },
	};
	return blackbox_take_section(reader, keys, COUNT(keys), at);
}
