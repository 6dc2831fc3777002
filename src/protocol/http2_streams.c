/*
 * http2_streams.c: requests and responses of an HTTP/2 connection; see
 * http2_streams.h.
 */
#include "protocol/http2_streams.h"
#include "protocol/line.h"

/*
 * Browsers and gRPC clients reset streams, too, when nobody waits for the response any
 * more; not a hundred in five seconds, and not as soon as they have asked.
 */
enum { RESETS_MAX = 100, RESETS_US = 5000000, HASTE_US = 100000 };

static const struct talk_notice rapid_reset = {
	.kind = "protocol_anomaly",
	.technique = "rapid_reset",
	.severity = "high",
	.mitre = "T1499",
	.about = ABOUT_CLIENT,
	.why = "requests cost the server work, and taking them back costs nothing "
	       "(CVE-2023-44487; RFC 9113 5.4.2, 10.5)",
};

static struct http2_stream *find(struct http2_streams *streams, uint32_t id)
{
	for (size_t i = 0; id != 0 && i < HTTP2_STREAMS; i++)
		if (streams->id[i] == id)
			return &streams->stream[i];
	return NULL;
}

static void forget(struct http2_streams *streams, const struct http2_stream *stream)
{
	streams->id[stream - streams->stream] = 0;
}

/* A free one, or that which waits longest: its response will come without a request. */
static struct http2_stream *make(struct http2_streams *streams, uint32_t id)
{
	size_t oldest = 0;
	for (size_t i = 0; i < HTTP2_STREAMS; i++)
		if (streams->id[i] < streams->id[oldest])
			oldest = i;
	streams->id[oldest] = id;
	memset(&streams->stream[oldest], 0, sizeof(streams->stream[oldest]));
	return &streams->stream[oldest];
}

void http2_asked(struct talk *talk, struct http2_streams *streams, uint32_t id,
		 const struct http_head *head, bool ends, int64_t at_us)
{
	if (find(streams, id) != NULL)
		return;
	struct http2_stream *stream = make(streams, id);
	stream->asked_us = at_us;
	http_asked(talk, &streams->caller, head, &stream->request);
	stream->request.end_us = ends ? at_us : 0;
	record_text(stream->path, sizeof(stream->path), head->path);
}

void http2_asked_fully(struct http2_streams *streams, uint32_t id, int64_t at_us)
{
	struct http2_stream *stream = find(streams, id);
	if (stream != NULL && stream->request.end_us == 0)
		stream->request.end_us = at_us;
}

static void tell(struct talk *talk, struct http2_streams *streams,
		 const struct http2_stream *stream, const struct http_head *head,
		 int64_t begun_us, int64_t at_us)
{
	struct http_answer answer = { .head = head,
				      .version = "HTTP/2",
				      .length = UNKNOWN_U64,
				      .begun_us = begun_us };
	if (stream != NULL) {
		answer.request = &stream->request;
		answer.path = bytes_of(stream->path, strlen(stream->path));
	}
	if (head != NULL && head->has_length)
		answer.length = head->length;
	http_answered(talk, &streams->caller, &answer, at_us);
}

static bool is_grpc(const struct http_head *head)
{
	return strncmp(head->content_type, "application/grpc", 16) == 0;
}

/* A gRPC call is over; trailer: what it ended with, or NULL. */
static void end_call(struct talk *talk, struct http2_streams *streams,
		     struct http2_stream *stream, const struct http_head *trailer,
		     int64_t at_us)
{
	struct http_head head = { .status = 200 };
	record_text(head.content_type, sizeof(head.content_type), "application/grpc");
	record_text(head.software, sizeof(head.software), talk->facts.software);
	if (trailer != NULL) {
		head.has_grpc_status = trailer->has_grpc_status;
		head.grpc_status = trailer->grpc_status;
	}
	tell(talk, streams, stream, &head, stream->begun_us, at_us);
	forget(streams, stream);
}

void http2_answered(struct talk *talk, struct http2_streams *streams, uint32_t id,
		    const struct http_head *head, bool ends, int64_t begun_us,
		    int64_t at_us)
{
	struct http2_stream *stream = find(streams, id);
	bool is_trailer = head->status == 0;
	if (is_trailer) {
		if (stream != NULL && stream->is_call)
			end_call(talk, streams, stream, head, at_us);
		return;
	}
	if (head->status < 200)
		return;
	if (stream != NULL && is_grpc(head) && head->status == 200 && !ends) {
		stream->is_call = true;
		stream->begun_us = begun_us;
		if (head->software[0] != '\0')
			record_text(talk->facts.software, sizeof(talk->facts.software),
				    head->software);
		return;
	}
	tell(talk, streams, stream, head, begun_us, at_us);
	if (stream != NULL)
		forget(streams, stream);
}

void http2_closed(struct talk *talk, struct http2_streams *streams, uint32_t id,
		  int64_t at_us)
{
	struct http2_stream *stream = find(streams, id);
	if (stream == NULL)
		return;
	if (stream->is_call) {
		end_call(talk, streams, stream, NULL, at_us);
	} else {
		tell(talk, streams, stream, NULL, 0, at_us);
		forget(streams, stream);
	}
}

static void count_reset(struct talk *talk, struct http2_streams *streams, int64_t at_us)
{
	if (streams->resets == 0 || at_us - streams->resets_us > RESETS_US) {
		streams->resets_us = at_us;
		streams->resets = 0;
	}
	if (++streams->resets > RESETS_MAX)
		talk_notice(talk, &rapid_reset, at_us,
			    "more than %d requests in %d s taken back at once",
			    RESETS_MAX, RESETS_US / 1000000);
}

void http2_reset(struct talk *talk, struct http2_streams *streams, uint32_t id,
		 unsigned by, int64_t at_us)
{
	const struct http2_stream *stream = find(streams, id);
	/* Who stops a response that has begun is a reader, not a flooder. */
	bool is_hasty = stream != NULL && !stream->is_call &&
			at_us - stream->asked_us < HASTE_US;
	if (by == CLIENT && is_hasty)
		count_reset(talk, streams, at_us);
	http2_closed(talk, streams, id, at_us);
}

void http2_streams_end(struct talk *talk, struct http2_streams *streams, int64_t at_us)
{
	for (size_t i = 0; i < HTTP2_STREAMS; i++)
		http2_closed(talk, streams, streams->id[i], at_us);
}
