/*
 * generate.c: writes what the documentation takes from tables in the code: two whole
 * pages, and tables of docs/protocols.md, docs/probes.md and docs/alerts.md.
 *
 * usage: generate_docs records|config|protocols|asked|reasons|rules|usual|notifiers
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "alert/notifier_docs.h"
#include "config/config.h"
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

/* With the defaults, and a link of 1 Gbit/s. */
static void usual_rules(struct buf *page)
{
	struct config config;
	config_init(&config);
	const struct limit_usual usual = { .response_ms = config.limit_response_ms,
					   .loss = config.limit_loss,
					   .errors = config.limit_errors,
					   .link_bytes = 1e9 / 8 };
	buf_text(page, "```yaml\n");
	limit_usual_text(&usual, page);
	buf_text(page, "```\n");
}

int main(int argc, char **argv)
{
	struct buf page = { 0 };
	if (argc == 2 && strcmp(argv[1], "records") == 0)
		record_docs(&page);
	else if (argc == 2 && strcmp(argv[1], "config") == 0)
		config_docs(&page);
	else if (argc == 2 && strcmp(argv[1], "protocols") == 0)
		protocol_table(&page);
	else if (argc == 2 && strcmp(argv[1], "asked") == 0)
		asked_table(&page);
	else if (argc == 2 && strcmp(argv[1], "reasons") == 0)
		reason_table(&page);
	else if (argc == 2 && strcmp(argv[1], "rules") == 0)
		limit_rules_docs(&page);
	else if (argc == 2 && strcmp(argv[1], "usual") == 0)
		usual_rules(&page);
	else if (argc == 2 && strcmp(argv[1], "notifiers") == 0)
		notifier_docs(&page);
	else
		fprintf(stderr, "usage: generate_docs "
				"records|config|protocols|asked|reasons|rules|usual|"
				"notifiers\n");
	bool ok = buf_ok(&page) && page.len > 0;
	if (ok)
		fwrite(page.at, 1, page.len, stdout);
	buf_free(&page);
	return ok ? 0 : 2;
}
