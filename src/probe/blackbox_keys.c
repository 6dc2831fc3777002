/*
 * blackbox_keys.c: the keys of a module's sections, as CONFIGURATION.md of
 * blackbox_exporter 0.23 lists them; those of http
 * are in blackbox_keys_http.c.
 */
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <string.h>

#include "probe/blackbox_keys.h"
#include "probe/echo_packet.h"
#include "protocol/dialogue.h"
#include "protocol/dns_message.h"

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

bool blackbox_take_tls(struct blackbox_reader *reader, void *at)
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
		{ "max_version", "TLS10, TLS11, TLS12 or TLS13", take_tls_version,
		  AT(max_version) },
	};
#undef AT
	return blackbox_take_section(reader, keys, COUNT(keys), at);
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

/* ---- grpc ---- */

bool blackbox_take_grpc(struct blackbox_reader *reader, void *at)
{
	static const struct blackbox_key keys[] = {
		WAY_KEYS(GRPC),
		TLS_KEY(GRPC),
		{ "service", TEXT, blackbox_take_text,
		  offsetof(struct blackbox_module, grpc_service) },
		{ "tls", BOOL, blackbox_take_bool, WAY(GRPC, tls) },
	};
	return blackbox_take_section(reader, keys, COUNT(keys), at);
}
