/*
 * generate.c: writes what the documentation takes from tables in the code: two whole
 * pages, tables of docs/protocols.md, docs/probes.md and docs/alerts.md, and the files
 * of packaging/ for Prometheus and Grafana.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "alert/notifier_docs.h"
#include "config/config.h"
#include "docs/generate.h"
#include "limit/usual.h"
#include "protocol/feed.h"
#include "record/record.h"

static void put_protocol(struct buf *page, const struct protocol *protocol)
{
	const char *between = "";
	buf_printf(page, "| `%s` | %s | ", protocol->name, protocol->doc);
	for (size_t i = 0; i < 3 && protocol->transports[i] != 0; i++) {
		buf_printf(page, "%s%s", between,
			   transport_name(protocol->transports[i]));
		between = ", ";
	}
	buf_text(page, " | ");
	between = "";
	for (size_t i = 0; i < 8 && protocol->ports[i] != 0; i++) {
		buf_printf(page, "%s%u", between, protocol->ports[i]);
		between = ", ";
	}
	buf_text(page, " |\n");
}

/* What only reads packets that belong to no conversation has no name of its own. */
static void protocol_table(struct buf *page)
{
	size_t count;
	const struct protocol *const *all = protocols(&count);
	buf_text(page,
		 "| name | protocol | over | asked first on |\n|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++)
		if (!all[i]->is_hidden)
			put_protocol(page, all[i]);
}

static void put_asked(struct buf *page, const struct protocol *protocol)
{
	const struct asking *asking = protocol->asking;
	buf_printf(page, "| `%s` | %s %u | ", protocol->name,
		   transport_name(asking->transport), asking->port);
	if (asking->secure_scheme != NULL)
		buf_printf(page, "`%s` %u", asking->secure_scheme, asking->secure_port);
	buf_printf(page, " | %s | %s | ", asking->has_starttls ? "yes" : "",
		   asking->has_login ? "yes" : "");
	for (size_t i = 0; asking->options != NULL && asking->options[i] != NULL; i++)
		buf_printf(page, "%s`%s`", i == 0 ? "" : ", ", asking->options[i]);
	buf_text(page, " |\n");
}

static void asked_table(struct buf *page)
{
	size_t count;
	const struct protocol *const *all = protocols(&count);
	buf_text(page,
		 "| protocol | usual port | over TLS | `+starttls` | login | options "
		 "|\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++)
		if (all[i]->asking != NULL)
			put_asked(page, all[i]);
}

static void reason_table(struct buf *page)
{
	buf_text(page, "| reason | state | means |\n|---|---|---|\n");
	for (enum reason i = REASON_NONE + 1; i < REASONS; i++)
		buf_printf(page, "| `%s` | %s | %s |\n", reason_word(i),
			   probe_state_word(reason_state(i)), reason_doc(i));
}

static struct limit_usual usual_with_defaults(double link_bytes)
{
	struct config config;
	config_init(&config);
	return (struct limit_usual){ .response_ms = config.limit_response_ms,
				     .loss = config.limit_loss,
				     .errors = config.limit_errors,
				     .link_bytes = link_bytes };
}

/* With a link of 1 Gbit/s. */
static void usual_rules(struct buf *page)
{
	const struct limit_usual usual = usual_with_defaults(1e9 / 8);
	buf_text(page, "```yaml\n");
	limit_usual_text(&usual, page);
	buf_text(page, "```\n");
}

struct limit_rules *usual_by_share(void)
{
	const struct limit_usual usual = usual_with_defaults(1);
	struct limit_rules *rules = limit_rules_new(NULL);
	if (rules == NULL || limit_usual_add(rules, &usual))
		return rules;
	limit_rules_free(rules);
	return NULL;
}

double limit_of_metric(const struct limit_rule *rule, double limit)
{
	enum rule_unit unit = rule_unit(rule);
	return unit == UNIT_US ? limit / 1e6 : unit == UNIT_MS ? limit / 1e3 : limit;
}

void put_metric(struct buf *out, struct family *family, enum record_kind kind,
		const struct field *field)
{
	family_of(family, kind, field);
	buf_printf(out, "%s%s", family->name,
		   field->role == ROLE_COUNTER ? "_total" : "");
}

static const struct {
	const char *name;
	void (*put)(struct buf *out);
} pages[] = { { "records", record_docs },      { "config", config_docs },
	      { "protocols", protocol_table }, { "asked", asked_table },
	      { "reasons", reason_table },     { "rules", limit_rules_docs },
	      { "levels", limit_levels_docs }, { "usual", usual_rules },
	      { "notifiers", notifier_docs },  { "prometheus", prometheus_rules },
	      { "grafana", grafana_dashboard } };
enum { PAGES = sizeof(pages) / sizeof(pages[0]) };

static int usage(void)
{
	fprintf(stderr, "usage: generate_docs");
	for (size_t i = 0; i < PAGES; i++)
		fprintf(stderr, "%c%s", i == 0 ? ' ' : '|', pages[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct buf page = { 0 };
	size_t i = 0;
	while (argc == 2 && i < PAGES && strcmp(argv[1], pages[i].name) != 0)
		i++;
	if (argc != 2 || i == PAGES)
		return usage();
	pages[i].put(&page);
	bool ok = buf_ok(&page) && page.len > 0;
	if (ok)
		fwrite(page.at, 1, page.len, stdout);
	buf_free(&page);
	return ok ? 0 : 1;
}
