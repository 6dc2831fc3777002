/*
 * pcap_loop.c: the least anyone can do with a capture file: read it with libpcap.
 *
 * Touches Ethernet, IP and port bytes of each packet, so that they come into the
 * cache as they must for every analyser.  Prints packets, bytes and a sum that keeps
 * the compiler honest.
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

enum { LOOKED_AT = 64 };

static uint64_t touch(const uint8_t *at, uint32_t len)
{
	uint64_t sum = 0;

	if (len > LOOKED_AT)
		len = LOOKED_AT;
	for (uint32_t i = 12; i < len; i++)
		sum += at[i];
	return sum;
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const uint8_t *data;
	uint64_t packets = 0, bytes = 0, sum = 0;
	pcap_t *pcap;
	int status;

	if (argc != 2) {
		fputs("usage: pcap_loop FILE\n", stderr);
		return 2;
	}
	pcap = pcap_open_offline(argv[1], error);
	if (!pcap) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	while ((status = pcap_next_ex(pcap, &header, &data)) == 1) {
		packets++;
		bytes += header->len;
		sum += touch(data, header->caplen);
	}
	pcap_close(pcap);
	printf("packets %llu bytes %llu sum %llu\n", (unsigned long long)packets,
	       (unsigned long long)bytes, (unsigned long long)sum);
	return status == PCAP_ERROR_BREAK ? 0 : 1;
}
