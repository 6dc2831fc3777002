/*
 * generate.c: a capture file with the traffic of a busy server network.
 *
 *   generate [--packets N] [--seed N] [--snap N] [--duration S] FILE
 *   generate --syn-flood N | --half-open N | --established N [--seed N] FILE
 *
 * Connections arrive evenly over the duration and run interleaved: an event queue
 * gives each its next packet.  The bytes of an answer follow a bounded Pareto
 * distribution (alpha 1.2, 2.5 kB to 20 MB), as web transfers do (Crovella and
 * Bestavros 1997).  60 % of packets are IPv4 and 10 % UDP (queries with an answer,
 * and datagram streams); 2 % of data segments are sent again, 0.5 % arrive out of
 * order, some attempts are refused or ignored, some connections end in a reset.
 * The same seed gives the same file.
 */
#include <errno.h>

#include "mix.h"

enum { WRITE_BUFFER = 1 << 22 };

struct options {
	uint64_t packets, seed, flood, half_open, established, snap, duration_s;
	const char *path;
};

static void write_file_header(struct generator *generator)
{
	struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap, link;
	} header = { 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1 };

	fwrite(&header, sizeof(header), 1, generator->file);
}

/* Writes the next packet of the conversation whose turn it is. */
static void step_first(struct generator *generator)
{
	uint32_t which = generator->queue.events[0].which;
	struct conversation *talk = &generator->all[which];

	step(generator, talk);
	if (talk->phase == PHASE_DONE) {
		queue_drop_first(&generator->queue);
		generator->unused[generator->unused_len++] = which;
	} else {
		queue_replace_first(&generator->queue,
				    (struct event){ talk->at_us, which });
	}
}

static bool generate_mix(struct generator *generator, const struct options *options)
{
	const struct queue *queue = &generator->queue;
	uint64_t flows_min = (options->packets + 29) / 30;
	double gap_us = (double)options->duration_s * 1e6 * PACKETS_PER_FLOW /
			(double)options->packets;
	double next_us = START_S * 1e6;

	for (;;) {
		bool is_full = generator->totals.packets >= options->packets &&
			       generator->totals.flows >= flows_min;

		if (!is_full &&
		    (queue->len == 0 || (double)queue->events[0].at_us >= next_us)) {
			if (!open_conversation(generator, (int64_t)next_us))
				return false;
			next_us += gap_us;
		} else if (queue->len > 0) {
			step_first(generator);
		} else {
			return true;
		}
	}
}

/* The nth of many clients of few servers; no two share address and port. */
static void nth_client(const struct options *options, uint64_t n,
		       struct conversation *talk)
{
	*talk = (struct conversation){ .rtt_us = 1000 };
	put32(talk->addresses[0], 0x64400000u + (uint32_t)(n / 1000));
	put32(talk->addresses[1], 0x0a000000u + (uint32_t)(n % 64));
	talk->ports[0] = (uint16_t)(2000 + n % 1000);
	talk->ports[1] = 443;
	talk->sides[0].seq = permute32((uint32_t)(n + options->seed));
	talk->sides[1].seq = permute32((uint32_t)n);
}

static void generate_flood(struct generator *generator, const struct options *options)
{
	struct conversation talk = { .rtt_us = 1000 };

	talk.ports[1] = 80;
	put32(talk.addresses[1], 0xc0000201u); /* 192.0.2.1 */
	for (uint64_t n = 0; n < options->flood; n++) {
		put32(talk.addresses[0],
		      permute32((uint32_t)(n ^ options->seed << 20)));
		talk.ports[0] =
			(uint16_t)(1024 + random_below(&generator->random, 64512));
		talk.at_us = START_S * INT64_C(1000000) + (int64_t)n;
		send_segment(generator, &talk, 0,
			     (uint32_t)random_next(&generator->random), TCP_SYN, 0);
	}
	generator->totals.flows = options->flood;
}

static void generate_open(struct generator *generator, const struct options *options)
{
	uint64_t flows = options->half_open ? options->half_open : options->established;
	struct conversation talk;

	for (uint64_t n = 0; n < flows; n++) {
		nth_client(options, n, &talk);
		talk.at_us = START_S * INT64_C(1000000) + (int64_t)(2 * n);
		send_segment(generator, &talk, 0, talk.sides[0].seq++, TCP_SYN, 0);
		if (options->half_open)
			continue;
		send_segment(generator, &talk, 1, talk.sides[1].seq++,
			     TCP_SYN | TCP_ACK, 0);
		send_segment(generator, &talk, 0, talk.sides[0].seq, TCP_ACK, 0);
		send_segment(generator, &talk, 0, talk.sides[0].seq, TCP_ACK | TCP_PSH,
			     200);
		talk.sides[0].seq += 200;
		send_segment(generator, &talk, 1, talk.sides[1].seq, TCP_ACK | TCP_PSH,
			     400);
	}
	generator->totals.flows = flows;
}

static void print_totals(const struct totals *totals, const struct options *options)
{
	double packets = totals->packets ? (double)totals->packets : 1;

	printf("seed %llu packets %llu flows %llu bytes %llu open_max %llu ipv6 %.3f "
	       "udp %.3f "
	       "resent %llu swapped %llu snap %llu alpha %.1f\n",
	       (unsigned long long)options->seed, (unsigned long long)totals->packets,
	       (unsigned long long)totals->flows, (unsigned long long)totals->bytes,
	       (unsigned long long)totals->open_max, (double)totals->v6 / packets,
	       (double)totals->udp / packets, (unsigned long long)totals->resent,
	       (unsigned long long)totals->swapped, (unsigned long long)options->snap,
	       PARETO_ALPHA);
}

static void usage(void)
{
	fputs("usage: generate [--packets N] [--seed N] [--snap N] [--duration S]\n"
	      "                [--syn-flood N | --half-open N | --established N] "
	      "FILE\n",
	      stderr);
	exit(2);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end)
		usage();
	return value;
}

static void read_options(int argc, char **argv, struct options *options)
{
	const struct {
		const char *name;
		uint64_t *value;
	} known[] = {
		{ "--packets", &options->packets },
		{ "--seed", &options->seed },
		{ "--snap", &options->snap },
		{ "--duration", &options->duration_s },
		{ "--syn-flood", &options->flood },
		{ "--half-open", &options->half_open },
		{ "--established", &options->established },
	};
	enum { KNOWN = sizeof(known) / sizeof(known[0]) };
	int at = 1;

	for (; at + 1 < argc; at += 2) {
		size_t i = 0;

		while (i < KNOWN && strcmp(argv[at], known[i].name) != 0)
			i++;
		if (i == KNOWN)
			usage();
		*known[i].value = number(argv[at + 1]);
	}
	if (at + 1 != argc || options->snap < FRAME_MIN || options->packets == 0)
		usage();
	options->path = argv[at];
}

int main(int argc, char **argv)
{
	/* A snap length of 192 keeps all headers, and 3 million packets under 500 MB.
	 */
	struct options options = {
		.packets = 3000000, .seed = 1, .snap = 192, .duration_s = 60
	};
	static struct generator generator;
	bool ok = true;

	read_options(argc, argv, &options);
	generator.random = options.seed;
	generator.snap = (uint32_t)options.snap;
	generator.file = fopen(options.path, "wb");
	if (!generator.file) {
		fprintf(stderr, "%s: %s\n", options.path, strerror(errno));
		return 1;
	}
	setvbuf(generator.file, NULL, _IOFBF, WRITE_BUFFER);
	write_file_header(&generator);
	if (options.flood)
		generate_flood(&generator, &options);
	else if (options.half_open || options.established)
		generate_open(&generator, &options);
	else
		ok = generate_mix(&generator, &options);
	ok = !ferror(generator.file) && ok;
	if (fclose(generator.file) || !ok) {
		fprintf(stderr, "%s: not written: %s\n", options.path, strerror(errno));
		return 1;
	}
	print_totals(&generator.totals, &options);
	return 0;
}
