/*
 * packet_file.c: see packet_file.h.
 */
#include "cli/packet_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "record/pcap.h"

static void write_out(FILE *file, struct buf *bytes)
{
	if (buf_ok(bytes))
		fwrite(bytes->at, 1, bytes->len, file);
	buf_free(bytes);
}

FILE *packet_file_open(const char *path)
{
	struct buf head = { 0 };
	bool is_stdout = strcmp(path, "-") == 0;
	if (is_stdout && isatty(STDOUT_FILENO)) {
		errno = ENOTSUP;
		return NULL;
	}
	FILE *file = is_stdout ? stdout : fopen(path, "wbe");
	record_pcap_begin(&head);
	if (file != NULL)
		write_out(file, &head);
	return file;
}

void packet_file_add(FILE *file, const struct packet_record *packet)
{
	struct buf bytes = { 0 };
	record_pcap_packet(&bytes, packet);
	write_out(file, &bytes);
}

int packet_file_close(FILE *file)
{
	errno = 0;
	bool failed = ferror(file) != 0 || fflush(file) != 0;
	if (file != stdout)
		failed = fclose(file) != 0 || failed;
	return failed ? errno != 0 ? errno : EIO : 0;
}

const char *packet_file_problem(int error)
{
	return error == ENOTSUP ? "that is a terminal; name a file, or pipe it into "
				  "tcpdump -r - or wireshark -k -i -"
				: strerror(error);
}
