/*
 * packet_file.c: see packet_file.h.  draft-ietf-opsawg-pcap: in our byte order, as the
 * magic number tells.
 */
#include "cli/packet_file.h"

#include <errno.h>
#include <string.h>

enum { LINK_RAW = 101, SNAP = 65535 };

FILE *packet_file_open(const char *path)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap, link;
	} head = { 0xa1b2c3d4, 2, 4, 0, 0, SNAP, LINK_RAW };
	FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "wbe");
	if (file != NULL)
		fwrite(&head, sizeof(head), 1, file);
	return file;
}

void packet_file_add(FILE *file, const struct packet_record *packet)
{
	const uint32_t head[4] = { (uint32_t)(packet->at / 1000000),
				   (uint32_t)(packet->at % 1000000), packet->data.len,
				   packet->wire_bytes };
	fwrite(head, sizeof(head), 1, file);
	fwrite(packet->data.at, packet->data.len, 1, file);
}

int packet_file_close(FILE *file)
{
	errno = 0;
	bool failed = ferror(file) != 0 || fflush(file) != 0;
	if (file != stdout)
		failed = fclose(file) != 0 || failed;
	return failed ? errno != 0 ? errno : EIO : 0;
}
