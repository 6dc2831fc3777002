/*
 * rtp_source.c: packets of RTP, and how well those of one sender arrive; see rtp.h.
 */
#include "protocol/rtp.h"

enum { HEADER = 12, VERSION = 2, SECOND_US = 1000000 };

bool rtp_read_packet(struct bytes data, size_t all_len, struct rtp_packet *packet)
{
	enum { PADDING = 0x20, EXTENSION = 0x10, CONTRIBUTORS = 0x0f };
	uint8_t first = bytes_u8(&data);
	*packet = (struct rtp_packet){
		.payload_type = bytes_u8(&data) & 0x7f,
		.has_padding = (first & PADDING) != 0,
		.has_extension = (first & EXTENSION) != 0,
		.has_contributors = (first & CONTRIBUTORS) != 0,
	};
	packet->sequence = bytes_be16(&data);
	packet->timestamp = bytes_be32(&data);
	packet->source = bytes_be32(&data);
	size_t len = HEADER + (size_t)(first & CONTRIBUTORS) * 4;
	bytes_take(&data, len - HEADER);
	if (packet->has_extension) {
		bytes_take(&data, 2);
		len += 4 + (size_t)bytes_be16(&data) * 4;
	}
	if (!bytes_ok(&data) || first >> 6 != VERSION || len > all_len)
		return false;
	packet->payload_len = all_len - len;
	return true;
}

bool rtp_is_control(struct bytes data)
{
	return data.len > 1 && data.at[0] >> 6 == VERSION && data.at[1] >= 192 &&
	       data.at[1] <= 223;
}

/* One packet of a compound, taken off the front; its content, bad if it is none. */
static struct bytes take_control(struct bytes *data, uint8_t *count, uint8_t *type)
{
	uint8_t first = bytes_u8(data);
	*type = bytes_u8(data);
	*count = first & 0x1f;
	size_t len = (size_t)bytes_be16(data) * 4;
	struct bytes content = bytes_take(data, len);
	if (!rtp_is_control((struct bytes){ (uint8_t[]){ first, *type }, 2, false }))
		content.bad = true;
	return content;
}

bool rtcp_is_compound(struct bytes data)
{
	enum { SENDER = 200, RECEIVER = 201, DESCRIPTION = 202, BLOCK = 24 };
	uint8_t count, type;
	struct bytes report = take_control(&data, &count, &type);
	size_t fixed = type == SENDER ? 24 : 4;
	if (report.bad || (type != SENDER && type != RECEIVER) ||
	    report.len < fixed + (size_t)count * BLOCK)
		return false;
	uint32_t source = bytes_be32(&report);
	bool is_described = false;
	while (data.len > 0) {
		struct bytes content = take_control(&data, &count, &type);
		if (content.bad)
			return false;
		if (type == DESCRIPTION && count > 0 && bytes_be32(&content) == source)
			is_described = true;
	}
	return is_described;
}

/* Types and clocks of RFC 3551, 6; with the octets of a frame, where all are alike. */
static const struct codec {
	uint8_t payload_type, frame;
	uint32_t clock_hz;
} codecs[] = {
	{ 0, 40, 8000 },  /* PCMU, 5 ms */
	{ 3, 33, 8000 },  /* GSM */
	{ 4, 24, 8000 },  /* G723 */
	{ 5, 0, 8000 },   /* DVI4 */
	{ 6, 0, 16000 },  /* DVI4 */
	{ 7, 0, 8000 },   /* LPC */
	{ 8, 40, 8000 },  /* PCMA */
	{ 9, 40, 8000 },  /* G722: 16 kHz, by its clock 8 */
	{ 10, 0, 44100 }, /* L16 */
	{ 11, 0, 44100 }, { 12, 0, 8000 },  { 13, 0, 8000 },
	{ 14, 0, 90000 }, { 15, 0, 8000 },  { 16, 0, 11025 },
	{ 17, 0, 22050 }, { 18, 10, 8000 }, /* G729 */
	{ 25, 0, 90000 }, { 26, 0, 90000 }, { 28, 0, 90000 },
	{ 31, 0, 90000 }, { 32, 0, 90000 }, { 33, 188, 90000 }, /* MP2T */
	{ 34, 0, 90000 },
};

static const struct codec *codec_of(uint8_t payload_type)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (codecs[i].payload_type == payload_type)
			return &codecs[i];
	return NULL;
}

bool rtp_is_voice(uint8_t payload_type, size_t len)
{
	enum { PCMU = 0, PCMA = 8, G722 = 9, PER_10_MS = 80, MOST = 4 };
	return (payload_type == PCMU || payload_type == PCMA || payload_type == G722) &&
	       len > 0 && len % PER_10_MS == 0 && len <= (size_t)MOST * PER_10_MS;
}

bool rtp_is_audible(uint8_t payload_type, size_t len)
{
	/* A tag of 4 or 10 octets (RFC 3711, 4.2) would make the frames uneven. */
	const struct codec *codec = codec_of(payload_type);
	return codec != NULL && codec->frame >= 33 && len > 0 &&
	       len % codec->frame == 0;
}

/* ---- losses (A.1, A.3) ---- */

static void begin_sequence(struct rtp_source *s, uint16_t sequence)
{
	s->lost_before = rtp_lost(s);
	s->base = s->highest = sequence;
	s->bad = UINT32_MAX;
	s->cycles = s->received = 0;
	s->has_begun = true;
}

uint64_t rtp_lost(const struct rtp_source *s)
{
	if (!s->has_begun)
		return s->lost_before;
	uint64_t expected = (uint64_t)s->cycles + s->highest - s->base + 1;
	return s->lost_before + (expected > s->received ? expected - s->received : 0);
}

/* False if it is out of any sequence. */
static bool count_sequence(struct rtp_source *s, uint16_t sequence)
{
	enum { DROPOUT = 3000, MISORDER = 100, MODULO = 1 << 16 };
	uint16_t ahead = (uint16_t)(sequence - s->highest);
	if (ahead < DROPOUT) {
		if (sequence < s->highest)
			s->cycles += MODULO;
		s->highest = sequence;
	} else if (ahead <= MODULO - MISORDER) {
		if (sequence != s->bad) {
			s->bad = (uint16_t)(sequence + 1);
			return false;
		}
		begin_sequence(s, sequence); /* two in a row: it began anew */
	}
	s->received++;
	return true;
}

/* ---- jitter (A.8) ---- */

static uint32_t clock_of(const struct rtp_source *s, uint8_t payload_type)
{
	const struct codec *codec = codec_of(payload_type);
	if (codec != NULL)
		return codec->clock_hz;
	return payload_type == s->clock_type ? s->clock_hz : 0;
}

/* The clock of a dynamic type shows after a while; one that is like no other never. */
static void find_clock(struct rtp_source *s, const struct rtp_packet *packet,
		       int64_t at_us)
{
	static const uint32_t usual[] = { 8000, 16000, 32000, 44100, 48000, 90000 };
	enum { PATIENCE_US = 2 * SECOND_US };
	int64_t took_us = at_us - s->first_at_us;
	if (packet->payload_type != s->clock_type || took_us < 0) {
		s->clock_type = packet->payload_type;
		s->clock_hz = 0;
		s->first_at_us = at_us;
		s->first_timestamp = packet->timestamp;
		return;
	}
	if (took_us < PATIENCE_US)
		return;
	uint64_t ticks = packet->timestamp - s->first_timestamp;
	uint64_t found = ticks * SECOND_US / (uint64_t)took_us;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (found * 100 > usual[i] * 97ull && found * 100 < usual[i] * 103ull)
			s->clock_hz = usual[i];
	s->first_at_us = at_us;
	s->first_timestamp = packet->timestamp;
}

static void measure_jitter(struct rtp_source *s, const struct rtp_packet *packet,
			   int64_t at_us)
{
	uint32_t clock_hz = clock_of(s, packet->payload_type);
	if (clock_hz == 0) {
		find_clock(s, packet, at_us);
		return;
	}
	if (!s->has_previous || s->payload_type != packet->payload_type)
		return;
	int64_t ticks = (int32_t)(packet->timestamp - s->timestamp);
	int64_t late_us = at_us - s->at_us - ticks * SECOND_US / (int64_t)clock_hz;
	uint64_t off_us = (uint64_t)(late_us < 0 ? -late_us : late_us);
	/* A pause, or a clock that was set: not the network's. */
	if (off_us > SECOND_US)
		return;
	s->has_jitter = true;
	s->jitter_us_16 += off_us - ((s->jitter_us_16 + 8) >> 4);
}

/* Another sender speaks; it counts only when the first has been silent for a while. */
static bool is_other(struct rtp_source *s, const struct rtp_packet *packet,
		     int64_t at_us)
{
	enum { SILENCE_US = 2 * SECOND_US };
	if (!s->has_begun || packet->source == s->source)
		return false;
	if (at_us - s->at_us < SILENCE_US)
		return true;
	s->lost_before = rtp_lost(s);
	s->has_begun = s->has_previous = false;
	return false;
}

void rtp_arrives(struct rtp_source *s, const struct rtp_packet *packet, int64_t at_us)
{
	if (is_other(s, packet, at_us))
		return;
	if (!s->has_begun) {
		s->source = packet->source;
		begin_sequence(s, packet->sequence);
	}
	s->packets++;
	if (!count_sequence(s, packet->sequence))
		return;
	measure_jitter(s, packet, at_us);
	s->has_previous = true;
	s->payload_type = packet->payload_type;
	s->timestamp = packet->timestamp;
	s->at_us = at_us;
}
