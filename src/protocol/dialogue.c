/*
 * dialogue.c: see dialogue.h.
 *
 * Where the words are cut must not matter.  So a pattern is matched "hard" (see
 * pcre2partial(3)): a match that touches the end of what has come may still grow, or
 * turn out to be none, and waits until its line has ended, or the server has.
 */
#include "protocol/dialogue.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "protocol/dialogue_steps.h"
#include "protocol/line.h"

enum {
	/* What an expectation may look through. */
	LOOKED_THROUGH_MAX = 32768,
	GROUPS = 10, /* kept of a match, the first being the whole */
	CAUGHT_MAX = 440,
	QUOTE_MAX = 96,
};

struct dialogue_state {
	uint8_t at;        /* the step */
	uint8_t caught_at; /* the step that caught groups; `at` begins at 0, this at 1
			    */
	bool has_expected; /* this step's pattern has come */
	bool waits_for_tls;
	bool in_line; /* what is unread begins within a line */
	uint16_t caught_len[GROUPS];
	char caught[CAUGHT_MAX]; /* the groups behind each other */
};
_Static_assert(sizeof(struct dialogue_state) <= ASK_STATE_MAX, "fits a dialogue");

/* ---- what is expected ---- */

/* Of one pattern in what the server said. */
struct finding {
	bool is_found;
	size_t end; /* of the match */
	pcre2_match_data *match;
};

static int match(struct ask *ask, const struct pattern *pattern, struct bytes subject,
		 uint32_t options, struct finding *finding)
{
	const struct dialogue_state *state = ASK_STATE(ask, struct dialogue_state);
	if (state->in_line)
		options |= PCRE2_NOTBOL;
	int result = pcre2_match(pattern->code, subject.at, subject.len, 0, options,
				 finding->match, ask->question->dialogue->limits);
	if (result > 0)
		finding->end = pcre2_get_ovector_pointer(finding->match)[1];
	return result;
}

/* The line in which the match ends has come to its end, too. */
static bool is_settled(const struct finding *finding, struct bytes subject)
{
	return finding->end < subject.len && memchr(subject.at + finding->end, '\n',
						    subject.len - finding->end) != NULL;
}

/* is_whole: no more will come that belongs to the subject. */
static void find(struct ask *ask, const struct pattern *pattern, struct bytes subject,
		 bool is_whole, struct finding *finding)
{
	*finding = (struct finding){ 0 };
	if (pattern->code == NULL)
		return;
	finding->match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
	if (finding->match == NULL) {
		ask_unwell(ask, REASON_no_descriptors, ASK_CLOSE, "no memory");
		return;
	}
	int result = match(ask, pattern, subject, is_whole ? 0 : PCRE2_PARTIAL_HARD,
			   finding);
	if (result == PCRE2_ERROR_PARTIAL) {
		result = match(ask, pattern, subject, 0, finding);
		if (result > 0 && !is_settled(finding, subject))
			result = PCRE2_ERROR_NOMATCH;
	}
	if (result > 0)
		finding->is_found = true;
	else if (result != PCRE2_ERROR_NOMATCH)
		ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
			   "a pattern took too long on what the server says");
}

/* Keeps what the groups caught; one that is too long is kept as such. */
static void keep_groups(struct dialogue_state *state, const struct finding *finding,
			struct bytes subject)
{
	const size_t *ends = pcre2_get_ovector_pointer(finding->match);
	uint32_t groups = pcre2_get_ovector_count(finding->match);
	size_t used = 0;
	memset(state->caught_len, 0, sizeof(state->caught_len));
	state->caught_at = (uint8_t)(state->at + 1);
	for (size_t i = 1; i < GROUPS && i < groups; i++) {
		if (ends[2 * i] == PCRE2_UNSET || ends[2 * i + 1] < ends[2 * i])
			continue;
		size_t len = ends[2 * i + 1] - ends[2 * i];
		if (len > sizeof(state->caught) - used) {
			state->caught_len[i] = UINT16_MAX;
			continue;
		}
		memcpy(state->caught + used, subject.at + ends[2 * i], len);
		state->caught_len[i] = (uint16_t)len;
		used += len;
	}
}

/* Looks for both patterns: what ends first in the server's words counts. */
static bool look(struct ask *ask, const struct step *step, struct bytes subject,
		 bool is_whole, size_t *end)
{
	struct finding bad, good;
	find(ask, &step->fails_if, subject, is_whole, &bad);
	find(ask, &step->expect, subject, is_whole, &good);
	bool is_bad = bad.is_found && (!good.is_found || bad.end <= good.end);
	if (is_bad) {
		char quote[QUOTE_MAX];
		const size_t *ends = pcre2_get_ovector_pointer(bad.match);
		struct bytes said = bytes_of(subject.at + ends[0],
					     ends[1] > ends[0] ? ends[1] - ends[0] : 0);
		ask_unwell(ask, REASON_error, ASK_CLOSE, "the server says \"%s\"",
			   ask_quote(quote, sizeof(quote), said));
	} else if (good.is_found) {
		keep_groups(ASK_STATE(ask, struct dialogue_state), &good, subject);
		*end = good.end;
	}
	pcre2_match_data_free(bad.match);
	pcre2_match_data_free(good.match);
	return good.is_found && !is_bad;
}

/* The next line, at the server's end also one without an end. */
static bool take_line(struct ask *ask, struct bytes *said, struct bytes *line)
{
	if (line_take(said, line))
		return true;
	if (!ask->ended || said->len == 0)
		return false;
	*line = bytes_take(said, said->len);
	return true;
}

/* For people: what is expected, and what came instead. */
static void note_expected(struct ask *ask, const char *quote, const struct bytes *said)
{
	char heard[QUOTE_MAX / 2];
	int len = snprintf(ask->expects, sizeof(ask->expects), "\"%s\"", quote);
	if (said->len > 0)
		snprintf(ask->expects + len, sizeof(ask->expects) - (size_t)len,
			 ", heard \"%s\"", ask_quote(heard, sizeof(heard), *said));
}

/* It has not come, and perhaps never will. */
static void wait_for(struct ask *ask, const char *what, const struct bytes *said)
{
	char quote[QUOTE_MAX];
	ask_quote(quote, sizeof(quote), bytes_of(what, strlen(what)));
	note_expected(ask, quote, said);
	if (ask->ended)
		ask_unwell(ask, REASON_closed, ASK_CLOSE,
			   "the server closed and did not say %s", ask->expects);
	else if (said->len > LOOKED_THROUGH_MAX)
		ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
			   "the server says much, and nothing of it is \"%s\"", quote);
}

static bool pattern_has_come_in_line(struct ask *ask, const struct step *step,
				     struct bytes *said)
{
	struct bytes line;
	size_t end;
	while (!ask->is_judged && take_line(ask, said, &line))
		if (look(ask, step, line, true, &end))
			return true;
	wait_for(ask, step->expect.text, said);
	return false;
}

static bool pattern_has_come(struct ask *ask, const struct step *step,
			     struct bytes *said)
{
	struct dialogue_state *state = ASK_STATE(ask, struct dialogue_state);
	size_t end = 0;
	if (step->by_line)
		return pattern_has_come_in_line(ask, step, said);
	bool is_whole = ask->ended || ask->question->transport == IPPROTO_UDP;
	if (said->len > 0 && look(ask, step, *said, is_whole, &end)) {
		if (end > 0)
			state->in_line = said->at[end - 1] != '\n';
		bytes_take(said, end);
		return true;
	}
	wait_for(ask, step->expect.text, said);
	return false;
}

static bool bytes_have_come(struct ask *ask, struct bytes wanted, struct bytes *said)
{
	size_t here = said->len < wanted.len ? said->len : wanted.len;
	for (size_t i = 0; i < here; i++) {
		if (said->at[i] == wanted.at[i])
			continue;
		ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
			   "octet %zu of the answer is 0x%02x, not 0x%02x", i + 1,
			   said->at[i], wanted.at[i]);
		return false;
	}
	if (here == wanted.len) {
		bytes_take(said, here);
		return true;
	}
	snprintf(ask->expects, sizeof(ask->expects), "%zu octets, heard %zu",
		 wanted.len, here);
	if (ask->ended)
		ask_unwell(ask, REASON_closed, ASK_CLOSE,
			   "the server closed after %zu of %zu octets", here,
			   wanted.len);
	return false;
}

static bool has_come(struct ask *ask, const struct step *step, struct bytes *said)
{
	struct dialogue_state *state = ASK_STATE(ask, struct dialogue_state);
	if (step->expect.code != NULL && !state->has_expected)
		state->has_expected = pattern_has_come(ask, step, said);
	if (step->expect.code != NULL && !state->has_expected)
		return false;
	if (!bytes_have_come(ask, step->expect_bytes, said))
		return false;
	state->has_expected = false;
	return true;
}

/* ---- what we say ---- */

/* The group with that number or name; GROUPS: none that is kept. */
static size_t group_of(struct ask *ask, struct bytes name)
{
	const struct dialogue_state *state = ASK_STATE(ask, struct dialogue_state);
	const struct dialogue_steps *steps = ask->question->dialogue;
	char text[64];
	if (name.len == 1 && name.at[0] >= '0' && name.at[0] <= '9')
		return (size_t)(name.at[0] - '0');
	ask_quote(text, sizeof(text), name);
	int number = pcre2_substring_number_from_name(
		steps->step[state->caught_at - 1].expect.code, (PCRE2_SPTR8)text);
	return number > 0 && number < GROUPS ? (size_t)number : GROUPS;
}

static void say_group(struct ask *ask, struct bytes name)
{
	const struct dialogue_state *state = ASK_STATE(ask, struct dialogue_state);
	size_t group = group_of(ask, name), from = 0;
	if (group == GROUPS)
		return;
	if (state->caught_len[group] == UINT16_MAX) {
		ask->out_len = 0;
		ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
			   "what the server says is too long to be said again");
		return;
	}
	for (size_t i = 0; i < group; i++)
		from += state->caught_len[i] == UINT16_MAX ? 0 : state->caught_len[i];
	ask_send(ask, state->caught + from, state->caught_len[group]);
}

/* Takes "${name}" off the front. */
static bool take_group(struct bytes *text, struct bytes *name)
{
	const uint8_t *end;
	if (text->len < 4 || text->at[0] != '$' || text->at[1] != '{')
		return false;
	end = memchr(text->at, '}', text->len);
	if (end == NULL)
		return false;
	bytes_take(text, 2);
	*name = bytes_take(text, (size_t)(end - text->at));
	bytes_take(text, 1);
	return true;
}

static void say(struct ask *ask, struct bytes text)
{
	const struct dialogue_state *state = ASK_STATE(ask, struct dialogue_state);
	struct bytes name;
	while (text.len > 0 && !ask->is_judged) {
		if (state->caught_at > 0 && take_group(&text, &name)) {
			say_group(ask, name);
			continue;
		}
		const uint8_t *next = memchr(text.at + 1, '$', text.len - 1);
		size_t len = next == NULL ? text.len : (size_t)(next - text.at);
		ask_send(ask, text.at, len);
		bytes_take(&text, len);
	}
}

/* ---- step by step ---- */

bool dialogue_starts_tls(const struct dialogue_steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		if (steps->step[i].starts_tls)
			return true;
	return false;
}

bool dialogue_speaks_first(const struct dialogue_steps *steps)
{
	const struct step *first = &steps->step[0];
	return steps->count > 0 && first->send.len > 0 && first->expect.code == NULL &&
	       first->expect_bytes.len == 0;
}

/* All was as it should be.  To what we said last, the server may answer by closing. */
static void end_well(struct ask *ask)
{
	const struct dialogue_steps *steps = ask->question->dialogue;
	bool spoke_last =
		steps->count > 0 && steps->step[steps->count - 1].send.len > 0;
	ask_well(ask, spoke_last ? ASK_LEAVE : ASK_CLOSE);
}

static void begin_next(struct ask *ask)
{
	struct dialogue_state *state = ASK_STATE(ask, struct dialogue_state);
	if (++state->at == ask->question->dialogue->count)
		end_well(ask);
}

/* False if it must wait. */
static bool one_step(struct ask *ask, struct bytes *said)
{
	struct dialogue_state *state = ASK_STATE(ask, struct dialogue_state);
	const struct step *step = &ask->question->dialogue->step[state->at];
	if (!has_come(ask, step, said))
		return false;
	say(ask, step->send);
	if (ask->is_judged)
		return false;
	if (step->starts_tls && !ask->in_tls) {
		state->waits_for_tls = true;
		ask->next = ASK_START_TLS;
		return false;
	}
	begin_next(ask);
	return !ask->is_judged;
}

static void dialogue_step(struct ask *ask, struct bytes *said)
{
	struct dialogue_state *state = ASK_STATE(ask, struct dialogue_state);
	if (state->waits_for_tls && ask->in_tls) {
		ask->next = ASK_LISTEN;
		state->waits_for_tls = state->in_line = false;
		begin_next(ask);
	} else if (ask->question->dialogue->count == 0) {
		end_well(ask);
	}
	while (!ask->is_judged && one_step(ask, said))
		continue;
}

static const char *dialogue_check(const struct question *question)
{
	return question->dialogue == NULL ? "it has no steps" : NULL;
}

const struct asking dialogue_asking = {
	.transport = IPPROTO_TCP,
	.check = dialogue_check,
	.step = dialogue_step,
};
