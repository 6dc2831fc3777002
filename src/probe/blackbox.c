/*
 * blackbox.c: see blackbox.h.
 */
#include "probe/blackbox.h"

#include <math.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probe/blackbox_debug.h"
#include "probe/blackbox_dns.h"
#include "probe/blackbox_grpc.h"
#include "probe/blackbox_http.h"
#include "probe/blackbox_metric.h"
#include "probe/blackbox_module.h"
#include "probe/blackbox_tls.h"
#include "protocol/dialogue.h"

enum { HOST_MAX = 256, HEARD_MAX = 2 + 65535 };

/* What a scrape may last, and what is kept of it for the way back. */
#define SCRAPE_S 120.0
#define OFFSET_S 0.5

static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";
static const char error_type[] = "text/plain; charset=utf-8";
static const char debug_type[] = "text/plain";

/* One request that is being answered. */
struct blackbox_run {
	struct blackbox *all;
	struct blackbox_run *next; /* of those without an answer */
	struct blackbox_module *module;
	struct target target;
	char host[HOST_MAX];
	struct blackbox_dns_texts texts;
	struct blackbox_seen_tls tls;
	struct blackbox_seen_http http;
	struct blackbox_seen_grpc grpc;
	struct buf heard; /* of a server of names */
	struct buf body;  /* for one of gRPC */
	char *debug;      /* NULL, or the target as it was written: all is shown */
	bool is_asked;    /* it got so far that an address was looked for */
	int64_t begin_us;
	blackbox_done done;
	void *to;
};

/* ---- what is told ---- */

static double seconds(uint64_t us)
{
	return us == UNKNOWN_U64 ? 0 : (double)us / 1e6;
}

/* FNV-1a of the address's own bytes. */
static double hash_of(const struct addr *addr)
{
	const uint8_t *at = addr->ip6 + (addr_is_v4(addr) ? 12 : 0);
	uint32_t hash = 2166136261u;
	for (; at < addr->ip6 + sizeof(addr->ip6); at++)
		hash = (hash ^ *at) * 16777619u;
	return hash;
}

static void tell_address(const struct probe_record *r, struct buf *out)
{
	bool is_known = !addr_is_unset(&r->ip);
	double family = !is_known ? 0 : addr_is_v4(&r->ip) ? 4 : 6;
	blackbox_tell(out, BLACKBOX_dns_lookup_time_seconds, seconds(r->resolve_us));
	blackbox_tell(out, BLACKBOX_ip_protocol, family);
	blackbox_tell(out, BLACKBOX_ip_addr_hash, is_known ? hash_of(&r->ip) : 0);
}

/* A server that closes before it said what is expected is what that metric tells. */
static void tell_tcp(struct blackbox_run *run, const struct probe_record *r,
		     struct buf *out)
{
	bool is_closed = run->module->query_response != NULL && r->reason != NULL &&
			 strcmp(r->reason, reason_word(REASON_closed)) == 0;
	blackbox_tell(out, BLACKBOX_failed_due_to_regex, is_closed);
	blackbox_tls_tell(&run->tls, out);
}

static bool tell_dns(struct blackbox_run *run, const struct probe_record *r,
		     struct buf *out)
{
	size_t prefix = run->module->dns.over_tcp ? 2 : 0; /* RFC 1035 4.2.2 */
	struct bytes heard = bytes_of(run->heard.at, run->heard.len);
	const struct blackbox_phase phases[] = { { "resolve", seconds(r->resolve_us) },
						 { "connect", seconds(r->connect_us) },
						 { "request",
						   seconds(r->first_byte_us) } };
	bytes_take(&heard, heard.len < prefix ? heard.len : prefix);
	blackbox_phases(out, BLACKBOX_dns_duration_seconds, phases, 3);
	return blackbox_dns_tell(run->module, heard, out);
}

static void tell_icmp(const struct probe_record *r, struct buf *out)
{
	const struct blackbox_phase phases[] = { { "resolve", seconds(r->resolve_us) },
						 { "setup", 0 },
						 { "rtt", seconds(r->rtt_us) } };
	blackbox_phases(out, BLACKBOX_icmp_duration_seconds, phases, 3);
	if (r->hop_limit != UNKNOWN_U32)
		blackbox_tell(out, BLACKBOX_icmp_reply_hop_limit, r->hop_limit);
}

/* What the module thinks of the answer, whatever the prober does. */
static bool tell_http(struct blackbox_run *run, const struct probe_record *r,
		      struct buf *out)
{
	blackbox_http_tell(&run->http, seconds(r->resolve_us), !addr_is_unset(&r->ip),
			   blackbox_http_resolves(run->module), out);
	/* A redirect may have led out of TLS. */
	if (run->http.is_tls || run->http.status == 0)
		blackbox_tls_tell(&run->tls, out);
	return run->http.success;
}

static bool tell_grpc(struct blackbox_run *run, const struct probe_record *r,
		      struct buf *out)
{
	bool is_well = blackbox_grpc_is_well(&run->grpc) && strcmp(r->state, "up") == 0;
	blackbox_grpc_tell(&run->grpc, seconds(r->resolve_us), out);
	blackbox_tls_tell_grpc(&run->tls, out);
	return is_well;
}

static bool tell(struct blackbox_run *run, const struct probe_record *r,
		 struct buf *out)
{
	bool success = strcmp(r->state, "up") == 0;
	if (run->is_asked && (run->module->prober != BLACKBOX_HTTP ||
			      blackbox_http_resolves(run->module)))
		tell_address(r, out);
	switch (run->module->prober) {
	case BLACKBOX_TCP:
		tell_tcp(run, r, out);
		break;
	case BLACKBOX_DNS:
		success &= tell_dns(run, r, out);
		break;
	case BLACKBOX_HTTP:
		success = tell_http(run, r, out);
		break;
	case BLACKBOX_GRPC:
		success = tell_grpc(run, r, out);
		break;
	default:
		tell_icmp(r, out);
		break;
	}
	return success;
}

static void forget(struct blackbox_run *run)
{
	struct blackbox_run **at = &run->all->runs;
	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
	blackbox_tls_forget(&run->tls);
	target_free(&run->target);
	buf_free(&run->heard);
	buf_free(&run->body);
	free(run->debug);
	free(run);
}

void blackbox_forget_runs(struct blackbox *all)
{
	while (all->runs != NULL)
		forget(all->runs);
}

/* In place of the metrics alone. */
static void show_all(const struct blackbox_run *run, const struct probe_record *r,
		     uint64_t took_us, struct blackbox_answer *answer)
{
	struct buf page = { 0 };
	const struct blackbox_debug what = {
		.module = run->module,
		.target = run->debug,
		.timeout_ms = run->target.timeout_ms,
		.began_us = clock_us(CLOCK_REALTIME) - (int64_t)took_us,
		.took_us = took_us,
		.success = answer->success,
		.metrics = bytes_of(answer->text.at, answer->text.len),
	};
	blackbox_debug_page(&what, r, &page);
	buf_free(&answer->text);
	answer->text = page;
	answer->type = debug_type;
}

static void answer_metrics(struct blackbox_run *run, const struct probe_record *r)
{
	struct blackbox_answer answer = { .status = 200, .type = metrics_type };
	int64_t took_us = clock_us(CLOCK_MONOTONIC) - run->begin_us;
	answer.success = tell(run, r, &answer.text);
	blackbox_tell(&answer.text, BLACKBOX_success, answer.success);
	blackbox_tell(&answer.text, BLACKBOX_duration_seconds, (double)took_us / 1e6);
	if (run->debug != NULL)
		show_all(run, r, (uint64_t)took_us, &answer);
	run->done(run->to, &answer);
	buf_free(&answer.text);
}

__attribute__((format(printf, 4, 5))) static void
answer_error(blackbox_done done, void *to, unsigned status, const char *format, ...)
{
	struct blackbox_answer answer = { .status = status, .type = error_type };
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	buf_printf(&answer.text, "%s\n", text);
	done(to, &answer);
	buf_free(&answer.text);
}

/* ---- asking ---- */

static void answered(void *self, const struct probe_record *record)
{
	struct blackbox_run *run = self;
	char text[ADDR_TEXT_MAX];
	if (!addr_is_unset(&record->ip) && !target_allows(&run->target, &record->ip)) {
		addr_text(&record->ip, text);
		answer_error(run->done, run->to, 403,
			     "%s is not among the addresses that may be asked", text);
	} else {
		answer_metrics(run, record);
	}
	forget(run);
}

/* It fails before there is anything to ask. */
static void answer_failure(struct blackbox_run *run)
{
	struct probe_record record;
	record_init(RECORD_probe, &record);
	record.state = probe_state_word(PROBE_down);
	answer_metrics(run, &record);
	forget(run);
}

static void saw_tls(void *self, struct ssl_st *ssl)
{
	struct blackbox_run *run = self;
	blackbox_tls_see(&run->tls, ssl);
}

static void heard(void *self, struct bytes said)
{
	struct blackbox_run *run = self;
	if (run->module->prober == BLACKBOX_DNS &&
	    run->heard.len + said.len <= HEARD_MAX)
		buf_add(&run->heard, said.at, said.len);
}

static void saw_http(void *self, void *easy, const struct http_answer *answer)
{
	struct blackbox_run *run = self;
	if (run->module->prober == BLACKBOX_GRPC)
		blackbox_grpc_see(&run->grpc, run->module, easy, answer);
	else
		blackbox_http_see(&run->http, run->module, easy, answer);
}

static const struct onlooker onlooker = { .saw_tls = saw_tls,
					  .heard = heard,
					  .saw_http = saw_http };

/* ---- the target ---- */

static bool take_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	*port = (uint16_t)value;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value > 0 &&
	       value <= UINT16_MAX;
}

static bool take_host(struct blackbox_run *run, const char *text, size_t len)
{
	if (len >= sizeof(run->host))
		return false;
	memcpy(run->host, text, len);
	run->host[len] = '\0';
	return true;
}

/* "host:80", "[::1]:80"; a host with colons needs the brackets. */
static bool split(struct blackbox_run *run, const char *text)
{
	const char *colon = strrchr(text, ':');
	if (colon == NULL || !take_port(colon + 1, &run->target.port))
		return false;
	size_t len = (size_t)(colon - text);
	if (len > 2 && text[0] == '[' && text[len - 1] == ']')
		return take_host(run, text + 1, len - 2);
	return memchr(text, ':', len) == NULL && take_host(run, text, len);
}

static bool take_target(struct blackbox_run *run,
			const struct blackbox_request *request)
{
	const char *text = request->target;
	const struct blackbox_way *way = &run->module->way[run->module->prober];
	if (run->module->prober == BLACKBOX_HTTP)
		return blackbox_http_target(run->module, text, request->hostname,
					    &run->target);
	if (run->module->prober == BLACKBOX_GRPC)
		return blackbox_grpc_target(run->module, text, &run->target,
					    &run->body);
	if (run->module->prober == BLACKBOX_ICMP)
		return take_host(run, text, strlen(text));
	if (split(run, text))
		return true;
	run->target.port = way->tls ? BLACKBOX_DNS_TLS_PORT : BLACKBOX_DNS_PORT;
	return run->module->prober == BLACKBOX_DNS &&
	       take_host(run, text, strlen(text));
}

static void aim_tcp(struct blackbox_run *run)
{
	struct target *t = &run->target;
	const struct blackbox_module *module = run->module;
	bool tls = module->way[BLACKBOX_TCP].tls;
	t->transport = IPPROTO_TCP;
	t->tls = tls ? TARGET_TLS_FIRST : TARGET_PLAIN;
	t->kind = tls ? TARGET_TLS : TARGET_TCP;
	if (module->query_response == NULL)
		return;
	t->kind = TARGET_DIALOGUE;
	t->asking = &dialogue_asking;
	t->question.dialogue = module->query_response;
	if (!tls && module->starts_tls)
		t->tls = TARGET_STARTTLS;
}

static void aim_dns(struct blackbox_run *run)
{
	struct target *t = &run->target;
	t->kind = TARGET_DIALOGUE;
	t->asking = &blackbox_dns_asking;
	t->transport = run->module->dns.over_tcp ? IPPROTO_TCP : IPPROTO_UDP;
	t->tls = run->module->way[BLACKBOX_DNS].tls ? TARGET_TLS_FIRST : TARGET_PLAIN;
	blackbox_dns_question(run->module, &run->texts, &t->question);
}

static void aim_icmp(struct blackbox_run *run)
{
	struct target *t = &run->target;
	const struct blackbox_icmp *icmp = &run->module->icmp;
	t->kind = TARGET_ICMP;
	t->transport = IPPROTO_ICMP;
	t->hop_limit = (uint8_t)icmp->ttl;
	t->echo_data = (uint16_t)icmp->payload_size;
	t->dont_fragment = icmp->dont_fragment;
}

/* Everything of the target but what it was written as. */
static void aim(struct blackbox_run *run, const struct blackbox_request *request)
{
	struct target *t = &run->target;
	const struct blackbox_way *way = &run->module->way[run->module->prober];
	t->family = way->ip_protocol_fallback ? 0 : way->preferred_ip_protocol;
	t->prefers = way->preferred_ip_protocol;
	t->source = way->source_ip_address;
	t->verifies = !way->tls_config.insecure_skip_verify;
	t->onlooker = &onlooker;
	t->onlooker_self = run;
	if (t->kind == TARGET_HTTP)
		return;
	const char *name = way->tls_config.server_name;
	t->server_name = name != NULL && name[0] != '\0' ? name : request->hostname;
	snprintf(t->text, sizeof(t->text), "%s", request->target);
	t->question.host = t->connect_host = run->host;
	t->question.path = t->question.user = t->question.password = "";
	t->connect_port = t->port;
	t->burst.count = 1;
	if (run->module->prober == BLACKBOX_TCP) {
		aim_tcp(run);
	} else if (run->module->prober == BLACKBOX_DNS) {
		aim_dns(run);
	} else {
		aim_icmp(run);
	}
	t->question.transport = t->transport;
	t->question.port = t->port;
	t->question.wants_tls = t->tls == TARGET_STARTTLS;
}

/* ---- the request ---- */

/* The scrape's time, less what the way back takes, or the module's if that is less. */
static bool read_timeout(const struct blackbox_request *request,
			 const struct blackbox_module *module, uint32_t *timeout_ms)
{
	double scrape_s = 0;
	if (request->timeout != NULL && request->timeout[0] != '\0') {
		char *end;
		scrape_s = strtod(request->timeout, &end);
		if (*end != '\0')
			return false;
	}
	if (scrape_s == 0 || isnan(scrape_s) || scrape_s > SCRAPE_S)
		scrape_s = SCRAPE_S;
	double ms = (scrape_s - OFFSET_S) * 1000;
	if (ms < 0 || (module->timeout_ms > 0 && module->timeout_ms < ms))
		ms = module->timeout_ms;
	*timeout_ms = ms < 1 ? 1 : (uint32_t)ms;
	return true;
}

static struct blackbox_module *module_of(const struct blackbox *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->modules[i]->name, name) == 0)
			return all->modules[i];
	return NULL;
}

/* In quotes, as an error shows it. */
static const char *quoted(char *out, size_t size, const char *text)
{
	struct buf escaped = { 0 };
	buf_json_text(&escaped, text);
	snprintf(out, size, "\"%s\"", escaped.failed ? "" : buf_cstr(&escaped));
	buf_free(&escaped);
	return out;
}

/* The module, or NULL and the error is answered. */
static struct blackbox_module *check(struct blackbox *all,
				     const struct blackbox_request *request,
				     uint32_t *timeout_ms, blackbox_done done, void *to)
{
	char text[256], why[512];
	const char *name = request->module != NULL && request->module[0] != '\0'
				   ? request->module
				   : "http_2xx";
	struct blackbox_module *module = module_of(all, name);
	if (module == NULL)
		answer_error(done, to, 400, "Unknown module %s",
			     quoted(text, sizeof(text), name));
	else if (!read_timeout(request, module, timeout_ms))
		answer_error(done, to, 500,
			     "Failed to parse timeout from Prometheus header: "
			     "strconv.ParseFloat: parsing %s: invalid syntax",
			     quoted(text, sizeof(text), request->timeout));
	else if (!blackbox_http_may_be(module, request->hostname, why))
		answer_error(done, to, 400, "%s", why);
	else if (request->target == NULL || request->target[0] == '\0')
		answer_error(done, to, 400, "Target parameter is missing");
	else if (module->prober == BLACKBOX_NONE)
		answer_error(done, to, 400, "Unknown prober \"%s\"",
			     module->prober_name);
	else
		return module;
	return NULL;
}

static bool wants_tls(const struct blackbox_module *module, unsigned prober)
{
	return module->way[prober].tls || prober == BLACKBOX_HTTP ||
	       (prober == BLACKBOX_TCP && module->starts_tls);
}

static bool prepare_tls(struct blackbox_run *run)
{
	struct blackbox_way *way = &run->module->way[run->module->prober];
	/* Of http always: a redirect may lead into TLS. */
	if (!wants_tls(run->module, run->module->prober))
		return true;
	bool ok = blackbox_tls_prepare(way);
	run->target.tls_context = way->context;
	return ok;
}

void blackbox_answer(struct blackbox *all, struct prober *prober,
		     const struct blackbox_request *request, const struct prefix *allow,
		     size_t allow_count, blackbox_done done, void *to)
{
	uint32_t timeout_ms;
	struct blackbox_module *module = check(all, request, &timeout_ms, done, to);
	if (module == NULL)
		return;
	struct blackbox_run *run = calloc(1, sizeof(*run));
	if (run == NULL) {
		answer_error(done, to, 500, "not enough memory");
		return;
	}
	run->all = all;
	run->next = all->runs;
	all->runs = run;
	run->module = module;
	run->done = done;
	run->to = to;
	run->begin_us = clock_us(CLOCK_MONOTONIC);
	run->debug = request->debug ? strdup(request->target) : NULL;
	run->is_asked = take_target(run, request);
	run->target.timeout_ms = timeout_ms;
	run->target.allow = allow;
	run->target.allow_count = allow_count;
	aim(run, request);
	if (!run->is_asked || !prepare_tls(run) ||
	    !prober_ask(prober, &run->target, run->begin_us, answered, run))
		answer_failure(run);
}
