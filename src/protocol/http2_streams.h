/*
 * http2_streams.h: requests and responses of an HTTP/2 connection, many at a time
 * (RFC 9113 5), and gRPC calls, which end with a status of their own.
 */
#pragma once

#include "protocol/http_exchange.h"

enum { HTTP2_STREAMS = 128, HTTP2_PATH_MAX = 128 };

/* A request whose response has not ended. */
struct http2_stream {
	bool is_call; /* the begin of a gRPC response came: its status is to come */
	struct http_request request;
	int64_t asked_us; /* its head came */
	int64_t begun_us; /* that of its response, if is_call */
	char path[HTTP2_PATH_MAX];
};

struct http2_streams {
	struct http_caller caller;
	uint32_t id[HTTP2_STREAMS]; /* of each; 0: free */
	struct http2_stream stream[HTTP2_STREAMS];
	int64_t resets_us; /* since when they are counted: */
	unsigned resets;
};

/* The head of a request came; ends: and nothing more of it will. */
void http2_asked(struct talk *talk, struct http2_streams *streams, uint32_t id,
		 const struct http_head *head, bool ends, int64_t at_us);

/* All of a request came. */
void http2_asked_fully(struct http2_streams *streams, uint32_t id, int64_t at_us);

/*
 * A head or a trailer of a response came; begun_us: its first byte; ends: and nothing
 * more of it will.
 */
void http2_answered(struct talk *talk, struct http2_streams *streams, uint32_t id,
		    const struct http_head *head, bool ends, int64_t begun_us,
		    int64_t at_us);

/* One side closed the stream, by the rules (a response ended) or with RST_STREAM. */
void http2_closed(struct talk *talk, struct http2_streams *streams, uint32_t id,
		  int64_t at_us);
void http2_reset(struct talk *talk, struct http2_streams *streams, uint32_t id,
		 unsigned by, int64_t at_us);

/* The connection ended: what is still open will have no response. */
void http2_streams_end(struct talk *talk, struct http2_streams *streams, int64_t at_us);
