/*
 * finding_screen.c: see finding_screen.h.
 *
 * The first two lines are for who reads no further; texts may be a stranger's.
 */
#include "cli/finding_screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "cli/packet_line.h"
#include "cli/wrapped.h"
#include "record/mitre.h"

enum { PACKETS_SHOWN = 8, ID_SHOWN = 8, DATE_LEN = 11 };
#define SECOND_US 1000000.0

static const char *word(const char *text)
{
	return text != NULL ? text : "?";
}

/* ---- head ---- */

static void print_head(const struct look *look, const struct finding_record *f)
{
	char head[128];
	int severity = record_severity(f->severity);
	snprintf(head, sizeof(head), "%s%s%s%s, %s, %s", word(f->kind),
		 f->technique != NULL ? " (" : "",
		 f->technique != NULL ? f->technique : "",
		 f->technique != NULL ? ")" : "", word(f->severity), word(f->state));
	tone_print(look, severity >= SEVERITY_HIGH ? TONE_OVER : TONE_STRONG, head);
	printf("\n  ");
	wrapped_print(look, TONE_NORMAL, 2, f->summary);
	putchar('\n');
}

/* ---- who, what, when ---- */

static void print_who(const struct look *look, const struct finding_record *f)
{
	char addr[ADDR_TEXT_MAX];
	struct buf text = { 0 };
	if (addr_is_unset(&f->client_ip))
		return;
	addr_text(&f->client_ip, addr);
	buf_text(&text, addr);
	if (f->client_prefix == 64)
		buf_text(&text, "/64, a network of one customer");
	if (f->pseudonym != UNKNOWN_U32)
		buf_printf(&text, ", a pseudonym of %04u-%02u; docs/privacy.md",
			   f->pseudonym / 100, f->pseudonym % 100);
	label_buf(look, "Who", &text);
}

static void print_when(const struct look *look, const struct finding_record *f)
{
	char first[WHEN_MAX], last[WHEN_MAX], span[CELL_MAX];
	struct buf text = { 0 };
	when_text(f->first, first);
	when_text(f->last, last);
	text_span(span, sizeof(span), (double)(f->last - f->first) / SECOND_US);
	buf_printf(&text, "%s", first);
	if (strcmp(first, last) != 0)
		buf_printf(&text, " to %s (%s)", last, span);
	label_buf(look, "When", &text);
}

static void print_target(const struct look *look, const struct finding_record *f)
{
	char addr[ADDR_TEXT_MAX];
	struct buf text = { 0 };
	if (!addr_is_unset(&f->server_ip)) {
		addr_text(&f->server_ip, addr);
		buf_printf(&text, "%s ", addr);
	}
	if (f->port != UNKNOWN_U32)
		buf_printf(&text, "port %u ", f->port);
	else if (f->port_list[0] != '\0')
		buf_printf(&text, "ports %s ", f->port_list);
	if (f->transport != NULL)
		buf_text(&text, f->transport);
	if (f->process[0] != '\0')
		buf_printf(&text, " (%s)", f->process);
	label_buf(look, "Target", &text);
}

static void add_count(struct buf *text, uint64_t count, const char *one)
{
	char number[CELL_MAX];
	if (count == UNKNOWN_U64)
		return;
	text_count(number, sizeof(number), (double)count);
	buf_printf(text, "%s%s %s%s", text->len > 0 ? ", " : "", number, one,
		   count == 1 ? "" : "s");
}

static void print_extent(const struct look *look, const struct finding_record *f)
{
	struct buf text = { 0 };
	add_count(&text, f->attempts, "attempt");
	add_count(&text, f->ports, "port");
	add_count(&text, f->hosts, "host");
	add_count(&text, f->users, "user");
	label_buf(look, "Extent", &text);
	label_text(look, "User", f->user);
}

/* ---- how sure ---- */

const char *proof_meaning(const char *proof)
{
	if (strcmp(proof, "handshake") == 0)
		return "handshake: the source received our answers, so it is where the "
		       "address says";
	if (strcmp(proof, "dialogue") == 0)
		return "dialogue: the source talked with us, so it is where the "
		       "address "
		       "says";
	return "unsolicited: anybody could have sent these packets in this name";
}

static void print_sureness(const struct look *look, const struct finding_record *f)
{
	struct buf text = { 0 };
	char percent[CELL_MAX];
	label_text(look, "Evidence", f->evidence);
	if (f->proof != NULL)
		label_text(look, "Proof", proof_meaning(f->proof));
	if (!isnan(f->confidence)) {
		text_percent(percent, sizeof(percent), f->confidence);
		buf_printf(&text, "%s that it is this", percent);
	}
	if (f->tool[0] != '\0')
		buf_printf(&text, "%slooks like %s, which anybody can imitate",
			   text.len > 0 ? "; " : "", f->tool);
	label_buf(look, "Sure", &text);
}

static void print_mitre(const struct look *look, const struct finding_record *f)
{
	struct buf text = { 0 };
	const struct mitre *mitre = record_mitre(f->mitre);
	buf_text(&text, f->mitre);
	if (mitre != NULL)
		buf_printf(&text, " %s (%s)", mitre->name, mitre->tactic);
	label_buf(look, "ATT&CK", &text);
}

/* ---- what belongs to it ---- */

static void print_incident(const struct look *look, const struct finding_facts *facts)
{
	struct buf text = { 0 };
	const char *incident = facts->finding.incident;
	if (incident[0] == '\0')
		return;
	buf_text(&text, incident);
	if (facts->other_count == 0)
		buf_text(&text, ", nothing else belongs to it");
	label_buf(look, "Incident", &text);
	for (size_t i = 0; i < facts->other_count && i < FINDING_OTHERS; i++) {
		const struct finding_record *f = &facts->others[i];
		struct buf line = { 0 };
		buf_printf(&line, "%.*s  %s, %s, %s: %s", ID_SHOWN, f->id,
			   word(f->kind), word(f->severity), word(f->state),
			   f->summary);
		label_buf(look, "", &line);
	}
	if (facts->other_count > FINDING_OTHERS)
		printf("%*sand %zu more: breakwater findings --incident %s\n",
		       LABEL_WIDTH, "", facts->other_count - FINDING_OTHERS, incident);
}

static void print_latency(const struct look *look, const struct finding_record *f)
{
	char took[CELL_MAX];
	struct buf text = { 0 };
	if (f->latency_us == UNKNOWN_U64)
		return;
	text_duration(took, sizeof(took), (double)f->latency_us);
	buf_printf(&text, "%s after what decided it", took);
	label_buf(look, "Said", &text);
}

static void print_packets(const struct look *look, const struct finding_facts *facts)
{
	struct buf text = { 0 };
	char when[WHEN_MAX];
	size_t shown = 0;
	if (facts->packet_count == 0)
		return;
	buf_printf(&text, "%zu kept; as pcap: breakwater findings %.*s --pcap FILE",
		   facts->packet_count, ID_SHOWN, facts->finding.id);
	label_buf(look, "Packets", &text);
	for (size_t i = 0; i < facts->packet_count && shown < PACKETS_SHOWN; i++) {
		const struct packet_record *packet = &facts->packets[i];
		if (packet->number == 0)
			continue;
		when_text(packet->at, when);
		printf("%*s%s.%03d  ", LABEL_WIDTH, "", when + DATE_LEN,
		       (int)(packet->at % 1000000 / 1000));
		packet_line_print(packet, false);
		shown++;
	}
	if (facts->packet_count > shown)
		printf("%*sand %zu more\n", LABEL_WIDTH, "",
		       facts->packet_count - shown);
}

void finding_screen(const struct look *look, const struct finding_facts *facts)
{
	const struct finding_record *f = &facts->finding;
	print_head(look, f);
	print_who(look, f);
	print_target(look, f);
	print_when(look, f);
	print_extent(look, f);
	print_sureness(look, f);
	print_mitre(look, f);
	label_text(look, "To do", f->advice);
	print_incident(look, facts);
	print_latency(look, f);
	print_packets(look, facts);
	label_text(look, "Id", f->id);
}

void finding_json(const struct finding_facts *facts)
{
	record_print(RECORD_finding, &facts->finding);
	for (size_t i = 0; i < facts->packet_count; i++)
		if (facts->packets[i].number != 0)
			record_print(RECORD_packet, &facts->packets[i]);
}
