/*
 * blackbox_debug.c: see blackbox_debug.h.
 */
#include "probe/blackbox_debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/yaml.h"

enum { SIGNS_MAX = 1 << 18 };

/* ---- the module ---- */

static const char secret[] = "password";

static void show_value(struct yaml *yaml, const char *key, int depth, struct buf *out);

static bool is_secret(const char *key)
{
	static const char *const secrets[] = { secret,          "credentials",
					       "bearer_token",  "client_secret",
					       "authorization", "cookie" };
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (strcasecmp(secrets[i], key) == 0)
			return true;
	return false;
}

/* Of headers and of what else is sent, by names that users choose. */
static bool may_be_secret(const char *name)
{
	static const char *const words[] = { "auth", "token",  "secret",  "pass",
					     "key",  "cookie", "session", "assertion" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(name, words[i]) != NULL)
			return true;
	return false;
}

static bool has_names_of_users(const char *key)
{
	return strcmp(key, "headers") == 0 || strcmp(key, "endpoint_params") == 0;
}

static void show_text(const struct yaml_event *event, const char *key, struct buf *out)
{
	const char *begin = strstr(event->text, "://"),
		   *end = strrchr(event->text, '@');
	bool has_user = begin != NULL && end > begin &&
			strcasecmp(key + strcspn(key, "_"), "_url") == 0;
	if (event->is_null)
		return;
	buf_char(out, ' ');
	if (is_secret(key)) {
		buf_text(out, "<secret>");
	} else if (has_user) {
		buf_printf(out, "%.*s://<secret>%s", (int)(begin - event->text),
			   event->text, end);
	} else if (event->quoted) {
		buf_char(out, '"');
		buf_json_text(out, event->text);
		buf_char(out, '"');
	} else {
		buf_text(out, event->text);
	}
}

static void show_list(struct yaml *yaml, int depth, struct buf *out)
{
	const struct yaml_event *event = yaml_event(yaml);
	while (yaml_next(yaml)->kind != YAML_LIST_END && event->kind != YAML_END) {
		buf_printf(out, "%*s-", 2 * depth, "");
		show_value(yaml, "", depth + 1, out);
	}
}

static void show_section(struct yaml *yaml, const char *of, int depth, struct buf *out)
{
	const struct yaml_event *event = yaml_event(yaml);
	while (yaml_next(yaml)->kind != YAML_MAPPING_END && event->kind != YAML_END) {
		char key[64];
		snprintf(key, sizeof(key), "%s", event->text);
		buf_printf(out, "%*s%s:", 2 * depth, "", event->text);
		yaml_next(yaml);
		bool hides = has_names_of_users(of) && may_be_secret(key);
		show_value(yaml, hides ? secret : key, depth, out);
	}
}

/* From its first event to its last; of a section its keys are below. */
static void show_value(struct yaml *yaml, const char *key, int depth, struct buf *out)
{
	const struct yaml_event *event = yaml_event(yaml);
	bool is_authorization = is_secret(key);
	if (event->kind == YAML_SCALAR)
		show_text(event, key, out);
	buf_char(out, '\n');
	if (event->kind == YAML_MAPPING)
		show_section(yaml, key, depth + 1, out);
	else if (event->kind == YAML_LIST && !is_authorization)
		show_list(yaml, depth, out);
	else if (event->kind == YAML_LIST)
		yaml_skip(yaml);
}

static void show_module(struct yaml *yaml, struct blackbox *all, size_t i)
{
	struct buf out = { 0 };
	yaml_next(yaml);
	if (yaml_event(yaml)->kind == YAML_MAPPING)
		show_section(yaml, "", 0, &out);
	if (i < all->count && buf_cstr(&out) != NULL)
		all->modules[i]->shown = strdup(buf_cstr(&out));
	buf_free(&out);
}

void blackbox_show_modules(struct blackbox *all, const char *text, size_t len)
{
	struct buf errors = { 0 };
	struct yaml *yaml = yaml_open(text, len, "", SIGNS_MAX, &errors);
	size_t depth = 0, i = 0;
	while (yaml != NULL && yaml_next(yaml)->kind != YAML_END) {
		enum yaml_kind kind = yaml_event(yaml)->kind;
		/* The document's section, and that of all modules: then their names. */
		if (kind == YAML_MAPPING)
			depth++;
		else if (kind == YAML_SCALAR && depth == 2)
			show_module(yaml, all, i++);
	}
	if (yaml != NULL)
		yaml_close(yaml);
	buf_free(&errors);
}

/* ---- what happened ---- */

struct log {
	struct buf *out;
	const struct blackbox_debug *what;
	int64_t at_us;
};

/* The begin of a line; the caller adds what belongs to it and ends it. */
static void begin_line(struct log *log, const char *level, const char *message)
{
	char text[32];
	time_t at = log->at_us / 1000000;
	struct tm tm;
	gmtime_r(&at, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(log->out, "ts=%s.%06uZ module=%s target=", text,
		   (unsigned)(log->at_us % 1000000), log->what->module->name);
	buf_char(log->out, '"');
	buf_json_text(log->out, log->what->target);
	buf_printf(log->out, "\" level=%s msg=\"%s\"", level, message);
}

/* Only of what is known; later than the line before. */
static void add_phase(struct log *log, const char *message, uint64_t took_us)
{
	if (took_us == UNKNOWN_U64)
		return;
	log->at_us += (int64_t)took_us;
	begin_line(log, "info", message);
	buf_printf(log->out, " duration_seconds=%.6f\n", (double)took_us / 1e6);
}

static void show_events(struct log *log, const struct probe_record *r)
{
	char addr[ADDR_TEXT_MAX];
	begin_line(log, "info", "Beginning probe");
	buf_printf(log->out, " probe=%s timeout_seconds=%g\n",
		   log->what->module->prober_name, log->what->timeout_ms / 1e3);
	add_phase(log, "Resolved target address", r->resolve_us);
	if (!addr_is_unset(&r->ip)) {
		addr_text(&r->ip, addr);
		begin_line(log, "info", "Asking");
		buf_printf(log->out, " ip=%s\n", addr);
	}
	add_phase(log, "Connected", r->wait_us);
	add_phase(log, "TLS handshake done", r->tls_us);
	add_phase(log, "The answer began", r->first_byte_us);
}

static void show_end(struct log *log, const struct probe_record *r)
{
	log->at_us = log->what->began_us + (int64_t)log->what->took_us;
	if (r->reason != NULL) {
		begin_line(log, "error", r->reason);
		buf_text(log->out, " err=\"");
		buf_json_text(log->out, r->detail);
		buf_text(log->out, "\"\n");
	}
	begin_line(log, log->what->success ? "info" : "error",
		   log->what->success ? "Probe succeeded" : "Probe failed");
	buf_printf(log->out, " duration_seconds=%.6f\n",
		   (double)log->what->took_us / 1e6);
}

void blackbox_debug_page(const struct blackbox_debug *what,
			 const struct probe_record *record, struct buf *out)
{
	struct log log = { out, what, what->began_us };
	buf_text(out, "Logs for the probe:\n");
	show_events(&log, record);
	show_end(&log, record);
	buf_text(out, "\n\n\nMetrics that would have been returned:\n");
	buf_add(out, what->metrics.at, what->metrics.len);
	buf_text(out, "\n\n\nModule configuration:\n");
	buf_text(out, what->module->shown != NULL ? what->module->shown : "");
}
