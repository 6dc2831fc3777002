/*
 * packet_line.h: a packet that was kept, in a line as tcpdump writes it.
 */
#pragma once

#include "record/record.h"

/* tells_cut: say so if it is cut. */
void packet_line_print(const struct packet_record *packet, bool tells_cut);
