/*
 * http2.c: HTTP/2 without TLS, RFC 9113.
 *
 * Each side is a row of frames: nine bytes that tell length, kind and stream, then the
 * payload.  Header blocks are read as they come, since a later one needs them all; of
 * the rest most is skipped.  Nothing is left to be given again.
 *
 * Header tables are large, so a connection has memory of its own, from the first byte
 * to the end or to the first one that can't be read.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "protocol/hpack.h"
#include "protocol/http2_streams.h"
#include "protocol/line.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum {
	PREFACE_LEN = sizeof(preface) - 1,
	FRAME_HEADER = 9,
	FRAME_MAX = 16384,      /* unless allowed otherwise, and at first (4.2) */
	CONNECTIONS_MAX = 1024, /* read at a time by one thread */
	CONTINUATIONS_MAX = 64, /* of one header block: a MiB in usual frames */
};

enum frame {
	DATA,
	HEADERS,
	PRIORITY,
	RST_STREAM,
	SETTINGS,
	PUSH_PROMISE,
	CONTINUATION = 9
};
enum flag { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, PRIORITISED = 32 };
enum { HEADER_TABLE_SIZE = 1 };

/* The frame at work, and the header block it belongs to. */
struct side {
	struct hpack *hpack;
	struct http_head head;
	bool is_head;          /* it has a method or a status: no trailer */
	bool has_settings;     /* the first frame came */
	bool is_inside;        /* a block goes on in the next frame */
	bool is_promise, ends; /* of the block */
	uint8_t header[FRAME_HEADER], have; /* of the frame, so far */
	uint8_t type, flags, padding, setting[6];
	uint32_t stream, left, at; /* payload to come, and its place in the frame */
	uint32_t block_stream;
	unsigned continuations;
	int64_t begun_us; /* first byte of the block */
};

struct connection {
	unsigned *open; /* how many of this thread are, this one among them */
	struct side side[2];
	struct http2_streams streams;
};

struct http2_state {
	struct connection *connection;
	uint8_t preface_at; /* how much of it came */
};

extern const struct protocol protocol_http2;

static const struct talk_notice continuation_flood = {
	.kind = "protocol_anomaly",
	.technique = "continuation_flood",
	.severity = "high",
	.mitre = "T1499",
	.about = ABOUT_CLIENT,
	.why = "a server that keeps them all, or reads them for ever, is worn out "
	       "(RFC 9113 6.10, 10.5)",
};
static const struct talk_notice smuggling = {
	.kind = "protocol_anomaly",
	.technique = "request_smuggling",
	.severity = "high",
	.mitre = "T1190",
	.about = ABOUT_CLIENT,
	.why = "a proxy that translates it to HTTP/1 writes a second request "
	       "(RFC 9113 8.2, 10.3)",
};

/* ---- memory ---- */

static void *open_new(const struct hash_key *key)
{
	(void)key;
	return calloc(1, sizeof(unsigned));
}

static void release(struct talk *talk)
{
	struct http2_state *state = STATE(talk, struct http2_state);
	struct connection *connection = state->connection;
	if (connection == NULL)
		return;
	hpack_free(connection->side[CLIENT].hpack);
	hpack_free(connection->side[SERVER].hpack);
	--*connection->open;
	free(connection);
	state->connection = NULL;
}

/* No more can be read: a frame is missing, or was never one. */
static void give_up(struct talk *talk)
{
	release(talk);
	talk_done(talk);
}

static bool begin(struct talk *talk)
{
	struct http2_state *state = STATE(talk, struct http2_state);
	unsigned *open = talk_shared(talk, &protocol_http2);
	record_text(talk->facts.version, sizeof(talk->facts.version), "HTTP/2");
	talk->facts.cleartext = 1;
	if (open == NULL || *open == CONNECTIONS_MAX)
		return false;
	struct connection *connection = calloc(1, sizeof(*connection));
	if (connection == NULL)
		return false;
	connection->open = open;
	++*open;
	state->connection = connection;
	connection->side[CLIENT].hpack = hpack_new();
	connection->side[SERVER].hpack = hpack_new();
	return connection->side[CLIENT].hpack != NULL &&
	       connection->side[SERVER].hpack != NULL;
}

static struct connection *connection_of(struct talk *talk)
{
	return STATE(talk, struct http2_state)->connection;
}

/* ---- header blocks ---- */

static bool has_line_end(struct bytes text)
{
	return text.len > 0 && (memchr(text.at, '\r', text.len) != NULL ||
				memchr(text.at, '\n', text.len) != NULL);
}

struct block {
	struct side *side;
	bool is_smuggling;
};

static void take_pseudo(struct side *side, struct bytes name, struct bytes value)
{
	if (line_is_nocase(name, ":method")) {
		side->is_head = true;
		side->head.method = http_method(value);
	} else if (line_is_nocase(name, ":path")) {
		http_target(&side->head, value);
	} else if (line_is_nocase(name, ":authority")) {
		http_field(&side->head, bytes_of("host", 4), value);
	} else if (line_is_nocase(name, ":status") && value.len == 3) {
		side->is_head = true;
		for (size_t i = 0; i < 3; i++)
			side->head.status = side->head.status * 10 +
					    ((unsigned)value.at[i] - '0') % 10;
	}
}

static void take_field(void *self, struct bytes name, struct bytes value)
{
	struct block *block = self;
	if (has_line_end(name) || has_line_end(value) ||
	    line_is_nocase(name, "transfer-encoding"))
		block->is_smuggling = true;
	struct http_head *head = &block->side->head;
	if (name.len > 0 && name.at[0] == ':')
		take_pseudo(block->side, name, value);
	else if (line_is_nocase(name, "content-length"))
		head->has_length = http_number(value, &head->length);
	else
		http_field(head, name, value);
}

static bool read_block(struct talk *talk, const struct said *said, struct bytes piece,
		       bool is_last)
{
	struct block block = { .side = &connection_of(talk)->side[said->by] };
	bool is_good =
		hpack_read(block.side->hpack, piece, is_last, take_field, &block);
	if (block.is_smuggling && said->by == CLIENT)
		talk_notice(talk, &smuggling, said->at_us,
			    "line end or Transfer-Encoding in a field of HTTP/2");
	return is_good;
}

static void end_block(struct talk *talk, const struct said *said)
{
	struct connection *connection = connection_of(talk);
	struct side *side = &connection->side[said->by];
	struct http2_streams *streams = &connection->streams;
	side->is_inside = false;
	if (side->is_promise)
		return;
	if (said->by == CLIENT && side->is_head)
		http2_asked(talk, streams, side->block_stream, &side->head, side->ends,
			    said->at_us);
	else if (said->by == CLIENT && side->ends)
		http2_asked_fully(streams, side->block_stream, said->at_us);
	else if (said->by == SERVER)
		http2_answered(talk, streams, side->block_stream, &side->head,
			       side->ends, side->begun_us, said->at_us);
}

/* ---- frames ---- */

/* Padding's length and priority, or the promised stream, come first (6.2, 6.6). */
static bool take_before_fragment(struct side *side, struct bytes *data)
{
	bool is_padded = (side->flags & PADDED) && side->type != CONTINUATION;
	uint32_t before = is_padded;
	if (side->type == HEADERS && (side->flags & PRIORITISED))
		before += 5;
	if (side->type == PUSH_PROMISE)
		before += 4;
	while (side->at < before && side->left > 0 && data->len > 0) {
		uint8_t c = bytes_u8(data);
		if (side->at++ == 0 && is_padded)
			side->padding = c;
		side->left--;
	}
	return side->at >= before;
}

/* False if the frame is no good. */
static bool read_fragment(struct talk *talk, struct said *said, struct side *side)
{
	if (!take_before_fragment(side, &said->data))
		return side->left > 0;
	if (side->padding > side->left)
		return false;
	size_t len = side->left - side->padding;
	struct bytes piece =
		bytes_take(&said->data, len < said->data.len ? len : said->data.len);
	side->at += (uint32_t)piece.len;
	side->left -= (uint32_t)piece.len;
	if (piece.len > 0 && !read_block(talk, said, piece, false))
		return false;
	if (side->left == side->padding) {
		talk_pass(talk, said, side->left);
		side->left = 0;
	}
	return true;
}

/* A table's size binds who writes to the sender of the setting (RFC 7541 4.2). */
static void read_settings(struct talk *talk, struct said *said, struct side *side)
{
	while (said->data.len > 0 && side->left > 0) {
		side->setting[side->at % 6] = bytes_u8(&said->data);
		side->left--;
		if (side->at++ % 6 != 5)
			continue;
		struct bytes setting = bytes_of(side->setting, 6);
		uint16_t id = bytes_be16(&setting);
		if (id == HEADER_TABLE_SIZE)
			hpack_allow(connection_of(talk)->side[1 - said->by].hpack,
				    bytes_be32(&setting));
	}
}

static bool is_block(const struct side *side)
{
	return side->type == HEADERS || side->type == PUSH_PROMISE ||
	       side->type == CONTINUATION;
}

/* True if that frame may come here (RFC 9113 3.4, 6.1 to 6.10). */
static bool is_in_place(const struct side *side, unsigned by)
{
	if (!side->has_settings && side->type != SETTINGS)
		return false;
	if (side->is_inside || side->type == CONTINUATION)
		return side->is_inside && side->type == CONTINUATION &&
		       side->stream == side->block_stream;
	switch (side->type) {
	case DATA:
	case HEADERS:
		return side->stream != 0;
	case RST_STREAM:
		return side->stream != 0 && side->left == 4;
	case SETTINGS:
		return side->stream == 0 && side->left % 6 == 0;
	case PUSH_PROMISE:
		return side->stream != 0 && by == SERVER;
	default:
		return true;
	}
}

static void begin_block(struct side *side, int64_t at_us)
{
	side->is_inside = true;
	side->is_head = false;
	side->is_promise = side->type == PUSH_PROMISE;
	side->ends = (side->flags & END_STREAM) != 0;
	side->block_stream = side->stream;
	side->continuations = 0;
	side->begun_us = at_us;
	memset(&side->head, 0, sizeof(side->head));
}

static bool begin_frame(struct talk *talk, const struct said *said, struct side *side)
{
	struct bytes header = bytes_of(side->header, FRAME_HEADER);
	side->left = bytes_be24(&header);
	side->type = bytes_u8(&header);
	side->flags = bytes_u8(&header);
	side->stream = bytes_be32(&header) & INT32_MAX;
	side->at = 0;
	side->padding = 0;
	if (!is_in_place(side, said->by))
		return false;
	side->has_settings = true;
	if (side->type == CONTINUATION && ++side->continuations > CONTINUATIONS_MAX) {
		if (said->by == CLIENT)
			talk_notice(talk, &continuation_flood, said->at_us,
				    "header block of more than %d frames",
				    CONTINUATIONS_MAX);
		return false;
	}
	if (side->type == HEADERS || side->type == PUSH_PROMISE)
		begin_block(side, said->at_us);
	return true;
}

static bool end_frame(struct talk *talk, const struct said *said, struct side *side)
{
	struct http2_streams *streams = &connection_of(talk)->streams;
	side->have = 0;
	if (is_block(side) && (side->flags & END_HEADERS)) {
		if (!read_block(talk, said, bytes_of("", 0), true))
			return false;
		end_block(talk, said);
	} else if (side->type == RST_STREAM) {
		http2_reset(talk, streams, side->stream, said->by, said->at_us);
	} else if (side->type == DATA && (side->flags & END_STREAM)) {
		if (said->by == CLIENT)
			http2_asked_fully(streams, side->stream, said->at_us);
		else
			http2_closed(talk, streams, side->stream, said->at_us);
	}
	return true;
}

static bool read_payload(struct talk *talk, struct said *said, struct side *side)
{
	if (is_block(side))
		return read_fragment(talk, said, side);
	if (side->type == SETTINGS && (side->flags & ACK) == 0) {
		read_settings(talk, said, side);
		return true;
	}
	/* The last byte is waited for where it says that a message is complete. */
	bool is_last = side->left == 1 || side->type != DATA ||
		       (side->flags & END_STREAM) == 0;
	uint32_t len = is_last ? side->left : side->left - 1;
	talk_pass(talk, said, len);
	side->left -= len;
	return true;
}

static bool read_frame(struct talk *talk, struct said *said, struct side *side)
{
	if (side->have < FRAME_HEADER) {
		side->header[side->have++] = bytes_u8(&said->data);
		if (side->have < FRAME_HEADER)
			return true;
		if (!begin_frame(talk, said, side))
			return false;
	} else if (!read_payload(talk, said, side)) {
		return false;
	}
	return side->left > 0 || end_frame(talk, said, side);
}

static bool read_preface(struct http2_state *state, struct bytes *data)
{
	while (data->len > 0 && state->preface_at < PREFACE_LEN)
		if (bytes_u8(data) != (uint8_t)preface[state->preface_at++])
			return false;
	return true;
}

/* Who does not know HTTP/2 answers a preface in HTTP/1. */
static bool is_http1(const struct side *side, const struct said *said)
{
	return said->by == SERVER && !side->has_settings && side->have == 0 &&
	       said->data.len > 0 && said->data.at[0] == 'H';
}

static void http2_read(struct talk *talk, struct said *said)
{
	struct http2_state *state = STATE(talk, struct http2_state);
	if ((state->connection == NULL && !begin(talk)) || said->after_gap) {
		give_up(talk);
		return;
	}
	struct side *side = &state->connection->side[said->by];
	if (is_http1(side, said)) {
		release(talk);
		talk_become(talk, NULL);
		return;
	}
	bool is_good = said->by == SERVER || read_preface(state, &said->data);
	while (is_good && said->data.len > 0)
		is_good = read_frame(talk, said, side);
	if (!is_good)
		give_up(talk);
}

static void http2_end(struct talk *talk, int64_t at_us)
{
	struct connection *connection = connection_of(talk);
	if (connection != NULL)
		http2_streams_end(talk, &connection->streams, at_us);
	release(talk);
}

/* ---- recognising ---- */

/* The header of a frame that could come at the begin; its length in *len. */
static bool is_early(struct bytes *said, uint32_t *len)
{
	*len = bytes_be24(said);
	uint8_t type = bytes_u8(said), flags = bytes_u8(said);
	uint32_t stream = bytes_be32(said);
	return type <= CONTINUATION && stream <= INT32_MAX && *len <= FRAME_MAX &&
	       (type != SETTINGS || (stream == 0 && flags <= ACK && *len % 6 == 0));
}

/* SETTINGS, which must come first, and the begin of what it says or of the next frame.
 */
static enum verdict answers(struct bytes said)
{
	static const uint8_t settings[] = { 0, 0, 0, SETTINGS, 0, 0, 0, 0, 0 };
	uint32_t len;
	for (size_t i = 0; i < sizeof(settings) && i < said.len; i++)
		if (said.at[i] != settings[i] && i != 2)
			return VERDICT_NO;
	if (said.len < FRAME_HEADER)
		return VERDICT_MORE;
	if (!is_early(&said, &len))
		return VERDICT_NO;
	if (said.len < (len > 0 ? 2u : FRAME_HEADER))
		return VERDICT_MORE;
	if (len > 0)
		return bytes_be16(&said) <= 16 ? VERDICT_YES : VERDICT_NO;
	return is_early(&said, &len) ? VERDICT_YES : VERDICT_NO;
}

static enum verdict http2_recognise(const struct opening *opening)
{
	struct bytes client = opening->said[CLIENT], server = opening->said[SERVER];
	if (server.len > 0 && server.at[0] == 'H')
		return VERDICT_NO; /* HTTP/1, which does not know it */
	if (client.len > 0)
		return (enum verdict)line_compare(client, "PRI * HTTP/2.0\r\n");
	return answers(server);
}

const struct protocol protocol_http2 = {
	.name = "http2",
	.doc = "Hypertext Transfer Protocol 2 without TLS (RFC 9113)",
	.transports = { IPPROTO_TCP },
	.ports = { 50051 },
	.state_size = sizeof(struct http2_state),
	.times_answers = true,
	.recognise = http2_recognise,
	.read = http2_read,
	.end = http2_end,
	.shared_new = open_new,
	.shared_free = free,
};
