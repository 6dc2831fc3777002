/*
 * block_screen.c: see block_screen.h.
 *
 * The first two lines are for who reads no further; then what was weighed, so that who
 * asks "why was I blocked?" gets the whole answer.  Texts may be a stranger's.
 */
#include "cli/block_screen.h"

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "cli/finding_screen.h"
#include "cli/wrapped.h"
#include "policy/never.h"

enum { ID_SHOWN = 8 };
#define SECOND_US 1000000.0

static const char *word(const char *text)
{
	return text != NULL ? text : "?";
}

static bool is_word(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

bool block_lasts(const char *state)
{
	static const char *const lasting[] = { "observed", "asked", "active",
					       "unconfirmed", NULL };
	return words_hold(lasting, state);
}

static bool was_done(const struct block_record *b)
{
	return !is_word(b->state, "vetoed") && !is_word(b->state, "observed");
}

/* ---- what speaks against it ---- */

const char *veto_meaning(const char *word)
{
	static const struct {
		const char *word, *meaning;
	} vetoes[] = {
#define NEVER(name, sentence) { #name, "it is " sentence },
#define VETO(name, sentence)  { #name, sentence },
#include "record/veto.def"
#undef NEVER
#undef VETO
	};
	for (size_t i = 0; i < sizeof(vetoes) / sizeof(vetoes[0]); i++)
		if (is_word(word, vetoes[i].word))
			return vetoes[i].meaning;
	return NULL;
}

static void print_against(const struct look *look, const struct block_record *b)
{
	struct buf text = { 0 };
	const char *meaning = veto_meaning(b->vetoed_by);
	if (b->vetoed_by[0] == '\0')
		buf_text(&text, "nothing");
	else if (meaning != NULL)
		buf_printf(&text, "%s: %s", b->vetoed_by, meaning);
	else
		buf_text(&text, b->vetoed_by);
	label_buf(look, "Against it", &text);
}

/* ---- head ---- */

static void put_source(struct buf *out, const struct block_record *b)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&b->address, text);
	buf_text(out, text);
	if (b->prefix_len != (addr_is_v4(&b->address) ? 32 : 128))
		buf_printf(out, "/%u", b->prefix_len);
}

static void put_where(struct buf *out, const struct block_record *b)
{
	if (b->port != UNKNOWN_U32)
		buf_printf(out, " port %u/%s", b->port, word(b->transport));
}

static void print_head(const struct look *look, const struct block_record *b)
{
	struct buf head = { 0 };
	bool is_bad = is_word(b->state, "failed") || is_word(b->state, "unconfirmed");
	buf_printf(&head, "%s of ", word(b->action));
	put_source(&head, b);
	put_where(&head, b);
	buf_printf(&head, ", %s", word(b->state));
	tone_print(look, is_bad ? TONE_OVER : TONE_STRONG, word(buf_cstr(&head)));
	printf("\n  ");
	wrapped_print(look, TONE_NORMAL, 2,
		      b->reason[0] != '\0' ? b->reason : "no reason was given");
	putchar('\n');
	buf_free(&head);
}

/* ---- what, until when ---- */

static void print_action(const struct look *look, const struct block_record *b)
{
	struct buf text = { 0 };
	bool is_done = was_done(b);
	if (is_word(b->action, "drop"))
		buf_printf(&text, "all its packets %s dropped",
			   is_done ? "are" : "would have been");
	else if (is_word(b->action, "limit"))
		buf_printf(&text, "%u of its packets %s each second", b->rate,
			   is_done ? "pass" : "would have passed");
	else if (is_word(b->action, "reset"))
		buf_text(&text, "connections that it has are ended; new ones may come");
	else
		return;
	if (b->port != UNKNOWN_U32)
		buf_printf(&text, ", to port %u/%s", b->port, word(b->transport));
	label_buf(look, "What", &text);
}

static void print_until(const struct look *look, const struct block_record *b,
			int64_t now_us)
{
	char when[WHEN_MAX], left[CELL_MAX];
	struct buf text = { 0 };
	if (b->until == UNKNOWN_TIME || is_word(b->state, "vetoed"))
		return;
	when_text(b->until, when);
	text_span(left, sizeof(left), (double)(b->until - now_us) / SECOND_US);
	buf_text(&text, when);
	if (block_lasts(b->state) && b->until > now_us)
		buf_printf(&text, ", in %s; by itself", left);
	label_buf(look, block_lasts(b->state) ? "Ends" : "Ended", &text);
}

static void print_times(const struct look *look, const struct block_record *b,
			int64_t now_us)
{
	char when[WHEN_MAX], took[CELL_MAX];
	struct buf text = { 0 };
	when_text(b->start, when);
	buf_printf(&text, "%s, by %s", when, b->actor);
	if (b->latency_us != UNKNOWN_U64) {
		text_duration(took, sizeof(took), (double)b->latency_us);
		buf_printf(&text, "; the kernel held it %s after what decided it",
			   took);
	}
	label_buf(look, "Decided", &text);
	print_until(look, b, now_us);
	if (b->strike != UNKNOWN_U32)
		buf_printf(&text, "%u; each further block of a source lasts longer",
			   b->strike);
	label_buf(look, "Strike", &text);
}

/* ---- why ---- */

static void print_finding(const struct look *look, const struct finding_record *f)
{
	struct buf text = { 0 };
	if (f->id[0] == '\0')
		return;
	buf_printf(&text, "%.*s  %s%s%s%s, %s, %s: %s", ID_SHOWN, f->id, word(f->kind),
		   f->technique != NULL ? " (" : "",
		   f->technique != NULL ? f->technique : "",
		   f->technique != NULL ? ")" : "", word(f->severity), word(f->state),
		   f->summary);
	label_buf(look, "Finding", &text);
	label_text(look, "Evidence", f->evidence);
}

static void print_cost(const struct look *look, const struct block_record *b)
{
	struct buf text = { 0 };
	char cut[CELL_MAX], clients[CELL_MAX];
	if (b->clients == UNKNOWN_U64 || b->clients_cut == UNKNOWN_U64)
		return;
	bool is_done = was_done(b);
	text_count(cut, sizeof(cut), (double)b->clients_cut);
	text_count(clients, sizeof(clients), (double)b->clients);
	buf_printf(&text, "%s %s of %s clients of the last 30 days",
		   is_done ? "cuts" : "would have cut", cut, clients);
	label_buf(look, "Cost", &text);
}

/* ---- what came of it ---- */

static void print_stopped(const struct look *look, const struct block_record *b)
{
	struct buf text = { 0 };
	char packets[CELL_MAX], bytes[CELL_MAX];
	if (b->packets != UNKNOWN_U64) {
		text_count(packets, sizeof(packets), (double)b->packets);
		text_bytes(bytes, sizeof(bytes),
			   b->bytes != UNKNOWN_U64 ? (double)b->bytes : 0);
		buf_printf(&text, "%s packet%s, %s", packets,
			   b->packets == 1 ? "" : "s", bytes);
	}
	if (b->sessions != UNKNOWN_U64 && b->sessions > 0)
		buf_printf(&text, "%s%llu session%s ended", text.len > 0 ? "; " : "",
			   (unsigned long long)b->sessions,
			   b->sessions == 1 ? "" : "s");
	label_buf(look, "Stopped", &text);
	label_text(look, "Error", b->error);
}

static void print_next(const struct look *look, const struct block_facts *facts)
{
	const struct block_record *b = &facts->block;
	const char *label = "Next";
	struct buf text = { 0 };
	if (is_word(b->state, "unconfirmed")) {
		buf_printf(&text, "breakwater block --confirm %s", b->id);
		label_buf(look, label, &text);
		label = "";
	}
	if (block_lasts(b->state) && !is_word(b->state, "observed")) {
		buf_printf(&text, "breakwater unblock %.*s", ID_SHOWN, b->id);
		label_buf(look, label, &text);
		label = "";
	}
	if (facts->finding.id[0] != '\0')
		buf_printf(&text, "breakwater findings %.*s", ID_SHOWN,
			   facts->finding.id);
	label_buf(look, label, &text);
}

void block_screen(const struct look *look, const struct block_facts *facts,
		  int64_t now_us)
{
	const struct block_record *b = &facts->block;
	struct buf source = { 0 };
	print_head(look, b);
	put_source(&source, b);
	if (b->prefix_len == 64 && !addr_is_v4(&b->address))
		buf_text(&source, ", a network of one customer");
	label_buf(look, "Who", &source);
	print_action(look, b);
	print_times(look, b, now_us);
	print_finding(look, &facts->finding);
	if (b->proof != NULL)
		label_text(look, "Proof", proof_meaning(b->proof));
	print_against(look, b);
	print_cost(look, b);
	print_stopped(look, b);
	print_next(look, facts);
	label_text(look, "Id", b->id);
}
