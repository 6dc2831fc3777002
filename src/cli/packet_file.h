/*
 * packet_file.h: packets that were kept, as a file that tcpdump and Wireshark read.
 */
#pragma once

#include <stdio.h>

#include "record/record.h"

/*
 * pcap, link type 101 (it begins with the IP header); "-" is standard output, but no
 * terminal.  NULL and errno.
 */
FILE *packet_file_open(const char *path);
void packet_file_add(FILE *file, const struct packet_record *packet);
/* 0 or errno: whether all of it was written. */
int packet_file_close(FILE *file);
/* What that errno of either means, for whoever named the file. */
const char *packet_file_problem(int error);
