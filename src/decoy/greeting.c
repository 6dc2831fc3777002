/*
 * greeting.c: the first words of servers that speak first, without a name or a version
 * that could make somebody try an exploit elsewhere.
 */
#include "decoy/decoy.h"

static const struct {
	uint16_t first, last;
	const char *text;
} greetings[] = {
	{ 21, 21, "220 FTP server ready.\r\n" },
	{ 23, 23, "\r\nlogin: " },
	{ 25, 25, "220 mail ESMTP\r\n" },
	{ 110, 110, "+OK POP3 server ready\r\n" },
	{ 119, 119, "200 news server ready\r\n" },
	{ 143, 143, "* OK IMAP4rev1 ready\r\n" },
	{ 587, 587, "220 mail ESMTP\r\n" },
	{ 2121, 2121, "220 FTP server ready.\r\n" },
	{ 2323, 2323, "\r\nlogin: " },
	{ 5900, 5910, "RFB 003.008\n" },
};

const char *decoy_greeting(uint16_t port)
{
	for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++)
		if (port >= greetings[i].first && port <= greetings[i].last)
			return greetings[i].text;
	return NULL;
}
