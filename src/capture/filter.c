/*
 * filter.c: pcap-filter(7) expressions, by libpcap.
 *
 * A program depends on the link type, and a pcapng file may hold several; so each
 * is compiled when its first frame comes.  Programs are compiled as for a file:
 * pcap_open_dead() would give one that knows only this system's number for IPv6 on
 * the null link type and only this machine's byte order, so libpcap gets to read
 * the 24 bytes of an empty capture file instead.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "capture/source.h"

enum {
	LINKS_MAX = 32, /* kept programs; frames of more link types are refused */
	SNAPLEN = 262144,
	REASON_MAX = 200,
};

struct program {
	uint16_t link;
	bool swapped;  /* written in the other byte order; matters to LINK_NULL */
	bool compiled; /* false: the expression can't be asked of this link type */
	struct bpf_program code;
};

struct filter {
	char *expression;
	size_t count;
	const struct program *last;
	struct program programs[LINKS_MAX];
	char problem[CAPTURE_ERROR_MAX];
};

static pcap_t *open_empty_capture(uint16_t link, bool swapped, char *reason)
{
	uint32_t header[6] = { 0xa1b2c3d4, 0, 0, 0, SNAPLEN, link };
	uint16_t version[2] = { 2, 4 };
	if (swapped) {
		for (size_t i = 0; i < 6; i++)
			header[i] = __builtin_bswap32(header[i]);
		version[0] = __builtin_bswap16(version[0]);
		version[1] = __builtin_bswap16(version[1]);
	}
	memcpy(&header[1], version, sizeof(version));

	FILE *file = fmemopen(header, sizeof(header), "r");
	if (file == NULL) {
		snprintf(reason, PCAP_ERRBUF_SIZE, "%s", strerror(errno));
		return NULL;
	}
	pcap_t *pcap = pcap_fopen_offline(file, reason);
	if (pcap == NULL)
		fclose(file);
	return pcap;
}

static bool program_compile(struct program *program, const char *expression,
			    char reason[static PCAP_ERRBUF_SIZE])
{
	pcap_t *pcap = open_empty_capture(program->link, program->swapped, reason);
	if (pcap == NULL)
		return false;
	bool ok = pcap_compile(pcap, &program->code, expression, 1,
			       PCAP_NETMASK_UNKNOWN) == 0;
	if (!ok)
		snprintf(reason, PCAP_ERRBUF_SIZE, "%s", pcap_geterr(pcap));
	pcap_close(pcap);
	return ok;
}

static void note_refusal(struct filter *filter, uint16_t link, const char *reason)
{
	if (filter->problem[0] != '\0')
		return;
	snprintf(filter->problem, sizeof(filter->problem),
		 "frames of link type %u are left out: the filter \"%.*s\" does not "
		 "suit "
		 "them: %.*s",
		 link, REASON_MAX, filter->expression, REASON_MAX, reason);
}

/* Compiles for a link type not met before; NULL if there is no room. */
static const struct program *program_add(struct filter *filter, uint16_t link,
					 bool swapped)
{
	if (filter->count == LINKS_MAX) {
		note_refusal(filter, link, "too many link types");
		return NULL;
	}
	struct program *program = &filter->programs[filter->count++];
	char reason[PCAP_ERRBUF_SIZE] = "";
	*program = (struct program){ .link = link, .swapped = swapped };
	program->compiled = program_compile(program, filter->expression, reason);
	if (!program->compiled)
		note_refusal(filter, link, reason);
	return program;
}

static const struct program *program_for(struct filter *filter, uint16_t link,
					 bool swapped)
{
	const struct program *last = filter->last;
	if (last != NULL && last->link == link && last->swapped == swapped)
		return last;
	for (size_t i = 0; i < filter->count; i++) {
		struct program *program = &filter->programs[i];
		if (program->link == link && program->swapped == swapped)
			return filter->last = program;
	}
	return filter->last = program_add(filter, link, swapped);
}

/*
 * A wrong expression is wrong everywhere; "wlan type mgt" only where there is no
 * radio.  Ethernet is asked first, since its complaint is the best understood.
 */
static bool is_meaningful(const char *expression, char *error)
{
	static const uint16_t links[] = { LINK_ETHERNET, LINK_RADIOTAP, LINK_SLL2,
					  LINK_PPP, LINK_RAW };
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		char reason[PCAP_ERRBUF_SIZE] = "";
		struct program program = { .link = links[i] };
		if (program_compile(&program, expression, reason)) {
			pcap_freecode(&program.code);
			return true;
		}
		if (i == 0)
			snprintf(error, CAPTURE_ERROR_MAX, "filter \"%.*s\": %.*s",
				 REASON_MAX, expression, REASON_MAX, reason);
	}
	return false;
}

struct filter *filter_new(const char *expression, char error[static CAPTURE_ERROR_MAX])
{
	if (!is_meaningful(expression, error))
		return NULL;
	struct filter *filter = calloc(1, sizeof(*filter));
	if (filter != NULL)
		filter->expression = strdup(expression);
	if (filter == NULL || filter->expression == NULL) {
		snprintf(error, CAPTURE_ERROR_MAX, "out of memory");
		free(filter);
		return NULL;
	}
	error[0] = '\0';
	return filter;
}

void filter_free(struct filter *filter)
{
	if (filter == NULL)
		return;
	for (size_t i = 0; i < filter->count; i++) {
		if (filter->programs[i].compiled)
			pcap_freecode(&filter->programs[i].code);
	}
	free(filter->expression);
	free(filter);
}

bool filter_takes(struct filter *filter, const struct frame *frame)
{
	bool swapped = (frame->flags & FRAME_SWAPPED) != 0;
	const struct program *program = program_for(filter, frame->link, swapped);
	if (program == NULL || !program->compiled)
		return false;
	return bpf_filter(program->code.bf_insns, frame->at, frame->wire_len,
			  frame->len) != 0;
}

const char *filter_problem(const struct filter *filter)
{
	return filter->problem;
}

const struct sock_filter *filter_program(struct filter *filter, uint16_t link,
					 uint16_t *count)
{
	/* linux/filter.h can't be included beside pcap's; its struct is this one. */
	_Static_assert(sizeof(struct bpf_insn) == 8, "struct sock_filter has 8 bytes");
	const struct program *program = program_for(filter, link, false);
	if (program == NULL || !program->compiled)
		return NULL;
	*count = (uint16_t)program->code.bf_len;
	return (const struct sock_filter *)program->code.bf_insns;
}
