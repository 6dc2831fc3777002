/*
 * http.c: HTTP/1, RFC 9110 and 9112.
 *
 * Each side is a row of messages: a head, then a body whose end the head tells.  Heads
 * are read whole, bodies are skipped.  Responses come in the order of requests; those
 * that wait for theirs stand in a line.
 */
#include <netinet/in.h>

#include "protocol/header.h"
#include "protocol/http_flaws.h"
#include "protocol/http_queue.h"

enum phase {
	PHASE_HEAD,
	PHASE_WAITING,   /* a body that the server may yet refuse */
	PHASE_BODY,      /* its last byte */
	PHASE_CHUNK,     /* "1f;name=value" */
	PHASE_CHUNK_END, /* the line end behind its data */
	PHASE_TRAILER,
	PHASE_LOST, /* until a turn begins like a message */
};

#define CHUNKED UINT64_MAX /* as length of a body */
enum { CHUNK_LINE_MAX = 1024 };

struct http_state {
	struct http_caller caller;
	struct http_queue queue;
	uint8_t phase[2];
	bool is_asking;   /* the last request's body is still coming */
	bool has_answer;  /* the server has spoken HTTP */
	bool is_refused;  /* it did not want the body that waits */
	bool is_double;   /* the body has two lengths, for the one of which: */
	int64_t surplus;  /* Content-Length without what the chunks have so far */
	uint64_t body;    /* that waits */
	int64_t begun_us; /* the first byte of the server's head; 0: none yet */
};
_Static_assert(sizeof(struct http_state) <= TALK_STATE_MAX, "fits a talk");

extern const struct protocol protocol_http, protocol_http2;

/* ---- finding one's way ---- */

static void lose(struct talk *talk, struct said *said)
{
	STATE(talk, struct http_state)->phase[said->by] = PHASE_LOST;
	bytes_take(&said->data, said->data.len);
	talk_skip_turn(talk, said->by);
}

/* ---- bodies ---- */

/* All of the last request came. */
static void end_request(struct http_state *state, int64_t at_us)
{
	struct http_request *last = http_queue_last(&state->queue);
	if (state->is_asking && last != NULL)
		last->end_us = at_us;
	state->is_asking = false;
}

/* A request's body is skipped up to its last byte: who answers begins to work then. */
static void enter_body(struct talk *talk, struct said *said, uint64_t len)
{
	struct http_state *state = STATE(talk, struct http_state);
	if (len == CHUNKED) {
		state->phase[said->by] = PHASE_CHUNK;
		return;
	}
	bool is_request = said->by == CLIENT && len > 0;
	state->phase[said->by] = is_request ? PHASE_BODY : PHASE_HEAD;
	talk_pass(talk, said, is_request ? len - 1 : len);
}

static bool read_body(struct talk *talk, struct said *said)
{
	struct http_state *state = STATE(talk, struct http_state);
	bytes_take(&said->data, 1);
	state->phase[said->by] = PHASE_HEAD;
	end_request(state, said->at_us);
	return true;
}

/* The body that waits comes, or, since it was refused, another request. */
static bool read_waiting(struct talk *talk, struct said *said)
{
	struct http_state *state = STATE(talk, struct http_state);
	enum verdict next =
		state->is_refused ? http_begins(said->data, CLIENT) : VERDICT_NO;
	if (next == VERDICT_MORE && !said->ends)
		return false;
	if (next == VERDICT_YES)
		state->phase[CLIENT] = PHASE_HEAD;
	else
		enter_body(talk, said, state->body);
	return true;
}

/* Takes a line; false if it has not all come, or is not one: then we are lost. */
static bool take_line(struct talk *talk, struct said *said, size_t max,
		      struct bytes *line)
{
	size_t old = said->data.len > said->fresh ? said->data.len - said->fresh : 0;
	struct bytes fresh = bytes_of(said->data.at + old, said->data.len - old);
	if (line_take(&fresh, line))
		return line_take(&said->data, line);
	if (said->data.len > max || said->ends)
		lose(talk, said);
	return false;
}

static void note_chunk(struct talk *talk, const struct said *said, const char *seen)
{
	if (said->by == CLIENT)
		http_tell_chunk(talk, seen, said->at_us);
}

static bool read_chunk(struct talk *talk, struct said *said)
{
	struct http_state *state = STATE(talk, struct http_state);
	struct bytes line;
	uint64_t size;
	if (!take_line(talk, said, CHUNK_LINE_MAX, &line))
		return false;
	if (!http_read_chunk(line, &size)) {
		note_chunk(talk, said, "chunk of a request without a valid size");
		lose(talk, said);
		return false;
	}
	state->phase[said->by] = size > 0 ? PHASE_CHUNK_END : PHASE_TRAILER;
	talk_pass(talk, said, size);
	if (said->by == SERVER || !state->is_double)
		return true;
	state->surplus -= (int64_t)size;
	if (size == 0 && state->surplus != 0)
		http_tell_lengths(talk, state->surplus, said->at_us);
	return true;
}

static bool read_chunk_end(struct talk *talk, struct said *said)
{
	struct bytes data = said->data;
	uint8_t c = bytes_u8(&data);
	if (c == '\r' && data.len == 0 && !said->ends)
		return false;
	if (c == '\r')
		c = bytes_u8(&data);
	if (c != '\n') {
		note_chunk(talk, said,
			   "chunk of a request that is longer than its size");
		lose(talk, said);
		return false;
	}
	said->data = data;
	STATE(talk, struct http_state)->phase[said->by] = PHASE_CHUNK;
	return true;
}

static bool read_trailer(struct talk *talk, struct said *said)
{
	struct http_state *state = STATE(talk, struct http_state);
	struct bytes line;
	if (!take_line(talk, said, protocol_http.turn_max, &line))
		return false;
	if (line.len > 0)
		return true;
	state->phase[said->by] = PHASE_HEAD;
	if (said->by == CLIENT)
		end_request(state, said->at_us);
	return true;
}

/* ---- heads ---- */

static const char *version_of(const struct http_framing *framing)
{
	return framing->minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

static void set_version(struct talk *talk, const struct http_framing *framing)
{
	record_text(talk->facts.version, sizeof(talk->facts.version),
		    version_of(framing));
}

/* Its length if that can be told, else we are lost behind the head (RFC 9112 6.3). */
static bool body_of_request(const struct http_head *head,
			    const struct http_framing *framing, uint64_t *len)
{
	*len = framing->is_coded ? CHUNKED : head->has_length ? head->length : 0;
	return (framing->flaws & (FLAW_LENGTH | FLAW_LENGTHS)) == 0 &&
	       (!framing->is_coded || framing->is_chunked);
}

static void read_request(struct talk *talk, struct said *said, struct bytes text,
			 bool is_cut)
{
	struct http_state *state = STATE(talk, struct http_state);
	struct http_head head;
	struct http_framing framing;
	struct http_request request;
	uint64_t body;
	if (!http_read_request(text, &head, &framing)) {
		lose(talk, said);
		return;
	}
	http_tell_flaws(talk, framing.flaws, said->at_us);
	http_asked(talk, &state->caller, &head, &request);
	set_version(talk, &framing);
	bool is_clear = body_of_request(&head, &framing, &body) && !is_cut;
	state->is_asking = body > 0;
	state->is_double = framing.is_chunked && head.has_length;
	state->surplus = (int64_t)head.length;
	if (!state->is_asking)
		request.end_us = said->at_us;
	http_queue_put(&state->queue, &request, head.path);
	if (!is_clear) {
		lose(talk, said);
	} else if (head.waits && body > 0) {
		state->phase[CLIENT] = PHASE_WAITING;
		state->is_refused = false;
		state->body = body;
	} else {
		enter_body(talk, said, body);
	}
}

static bool has_no_body(const struct http_request *request, unsigned status)
{
	return status < 200 || status == 204 || status == 304 ||
	       (request != NULL && request->method == METHOD_HEAD);
}

/* What the server says behind a head that is not followed by another one. */
static void switch_protocol(struct talk *talk, const struct http_head *head)
{
	if (head->status == 101 && head->upgrade == UPGRADE_H2C)
		talk_become(talk, &protocol_http2);
	else if (head->status != 101 || head->upgrade == UPGRADE_TLS)
		talk_become(talk, NULL); /* a tunnel: see what goes through */
	else
		talk_done(talk);
}

static void pass_response(struct talk *talk, struct said *said,
			  const struct http_request *request,
			  const struct http_head *head,
			  const struct http_framing *framing)
{
	bool is_tunnel = request != NULL && request->method == METHOD_CONNECT &&
			 head->status >= 200 && head->status < 300;
	if (is_tunnel || head->status == 101)
		switch_protocol(talk, head);
	else if (has_no_body(request, head->status))
		enter_body(talk, said, 0);
	else if (framing->is_chunked)
		enter_body(talk, said, CHUNKED);
	else if (!framing->is_coded && head->has_length)
		enter_body(talk, said, head->length);
	else
		talk_done(talk); /* all that comes is its body */
}

static void read_response(struct talk *talk, struct said *said, struct bytes text,
			  bool is_cut)
{
	struct http_state *state = STATE(talk, struct http_state);
	struct http_head head;
	struct http_framing framing;
	struct http_request request;
	char path[HTTP_PATHS_MAX];
	struct http_answer answer = { .head = &head, .begun_us = state->begun_us };
	state->begun_us = 0;
	if (!http_read_response(text, &head, &framing)) {
		lose(talk, said);
		return;
	}
	state->has_answer = true;
	set_version(talk, &framing);
	if (head.status < 200 && head.status != 101)
		return;
	state->is_refused = true;
	/* Which of the requests, seen or unseen, it answers, nobody can tell. */
	if (said->peer_lost)
		http_queue_clear(&state->queue);
	if (http_queue_take(&state->queue, &request, path)) {
		answer.request = &request;
		answer.path = bytes_of(path, request.path_len);
	}
	answer.version = version_of(&framing);
	answer.length = has_no_body(answer.request, head.status) ? 0
			: head.has_length && !framing.is_coded   ? head.length
								 : UNKNOWN_U64;
	http_answered(talk, &state->caller, &answer, said->at_us);
	if (is_cut)
		lose(talk, said);
	else
		pass_response(talk, said, answer.request, &head, &framing);
}

/* It is no head.  A server that never said one may not speak HTTP at all. */
static void read_stranger(struct talk *talk, struct said *said)
{
	struct http_state *state = STATE(talk, struct http_state);
	if (said->by == SERVER && !state->has_answer && !said->after_gap)
		talk_become(talk, NULL);
	else
		lose(talk, said);
}

static bool read_head(struct talk *talk, struct said *said)
{
	struct http_state *state = STATE(talk, struct http_state);
	header_skip_empty(&said->data);
	if (said->data.len == 0)
		return false;
	if (http_begins(said->data, said->by) == VERDICT_NO) {
		read_stranger(talk, said);
		return false;
	}
	if (said->by == SERVER && state->begun_us == 0)
		state->begun_us = said->at_us;
	size_t len = header_length(said->data, said->fresh);
	bool is_cut = len == 0;
	if (is_cut && !said->ends && said->data.len < TURN_MAX)
		return false;
	struct bytes text = bytes_take(&said->data, is_cut ? said->data.len : len);
	if (is_cut && said->by == CLIENT && text.len + said->beyond >= TURN_MAX)
		http_tell_oversized(talk, said->at_us);
	if (said->by == CLIENT)
		read_request(talk, said, text, is_cut);
	else
		read_response(talk, said, text, is_cut);
	return true;
}

/* Bytes were lost: go on if a message begins here. */
static void find_again(struct talk *talk, struct said *said)
{
	struct http_state *state = STATE(talk, struct http_state);
	bool is_found = said->begins && http_begins(said->data, said->by) != VERDICT_NO;
	state->phase[said->by] = is_found ? PHASE_HEAD : PHASE_LOST;
	if (said->by == CLIENT) {
		state->is_asking = false;
	} else {
		state->begun_us = 0;
		http_queue_forget(&state->queue);
	}
}

static bool read_phase(struct talk *talk, struct said *said)
{
	switch ((enum phase)STATE(talk, struct http_state)->phase[said->by]) {
	case PHASE_HEAD:
		return read_head(talk, said);
	case PHASE_WAITING:
		return read_waiting(talk, said);
	case PHASE_BODY:
		return read_body(talk, said);
	case PHASE_CHUNK:
		return read_chunk(talk, said);
	case PHASE_CHUNK_END:
		return read_chunk_end(talk, said);
	case PHASE_TRAILER:
		return read_trailer(talk, said);
	case PHASE_LOST:
		break;
	}
	lose(talk, said);
	return false;
}

static void http_read(struct talk *talk, struct said *said)
{
	if (said->after_gap)
		find_again(talk, said);
	while (said->data.len > 0 && !talk->done && talk->protocol == &protocol_http &&
	       read_phase(talk, said))
		;
}

static void http_end(struct talk *talk, int64_t at_us)
{
	struct http_state *state = STATE(talk, struct http_state);
	struct http_request request;
	char path[HTTP_PATHS_MAX];
	struct http_answer answer = { .request = &request,
				      .version = talk->facts.version };
	while (http_queue_take(&state->queue, &request, path)) {
		answer.path = bytes_of(path, request.path_len);
		http_answered(talk, &state->caller, &answer, at_us);
	}
}

/* ---- recognising ---- */

static bool has_version(struct bytes line)
{
	for (; line.len >= 9; bytes_take(&line, 1))
		if (line_starts(line, " HTTP/1."))
			return line.at[8] >= '0' && line.at[8] <= '9';
	return false;
}

/* "GET /path HTTP/1.1"; of a line that is too long to be seen whole, the begin. */
static enum verdict asks(struct bytes said)
{
	struct bytes line, rest = said;
	enum verdict verdict = http_begins(said, CLIENT);
	if (verdict != VERDICT_YES)
		return verdict;
	bool is_whole = line_take(&rest, &line);
	if (!is_whole)
		line = said;
	struct bytes method = line_word(&line);
	if (has_version(line))
		return VERDICT_YES;
	if (is_whole)
		return VERDICT_NO;
	if (said.len < OPENING_MAX)
		return VERDICT_MORE;
	line = line_trim(line);
	bool is_target = line_starts(line, "/") || line_starts_nocase(line, "http");
	return is_target && http_method(method) != METHOD_OTHER ? VERDICT_YES
								: VERDICT_NO;
}

static enum verdict http_recognise(const struct opening *opening)
{
	struct bytes server = opening->said[SERVER];
	enum verdict asked = asks(opening->said[CLIENT]);
	enum verdict answered = http_begins(server, SERVER);
	/* What is no request may still be answered by "400 Bad Request". */
	if (server.len == 0)
		return asked == VERDICT_YES ? VERDICT_YES : VERDICT_MORE;
	if (answered == VERDICT_YES && server.at[0] != 'H')
		return asked;
	return answered;
}

const struct protocol protocol_http = {
	.name = "http",
	.doc = "Hypertext Transfer Protocol 1.x (RFC 9110, RFC 9112)",
	.transports = { IPPROTO_TCP },
	.ports = { 80, 8080, 8000, 8008, 8888, 3128, 591 },
	.turn_max = TURN_MAX,
	.state_size = sizeof(struct http_state),
	.times_answers = true,
	.recognise = http_recognise,
	.read = http_read,
	.end = http_end,
};
