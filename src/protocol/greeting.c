/*
 * greeting.c: see greeting.h.
 */
#include "protocol/greeting.h"

#include "protocol/line.h"
#include "protocol/protocol.h"

/* As they write themselves; of two that begin alike, the longer one first. */
static const char *const known[] = {
	"Postfix",
	"Exim",
	"Sendmail",
	"OpenSMTPD",
	"qmail",
	"Microsoft ESMTP MAIL Service",
	"Microsoft Exchange",
	"Microsoft FTP Service",
	"Lotus Domino",
	"Haraka",
	"MailEnable",
	"hMailServer",
	"MDaemon",
	"CommuniGate Pro",
	"Kerio Connect",
	"Apache James",
	"JAMES SMTP Server",
	"SurgeSMTP",
	"MailHog",
	"Mailpit",
	"Stalwart",
	"Maddy",
	"gsmtp",
	"Dovecot",
	"Courier-IMAP",
	"Courier ESMTP",
	"Courier",
	"Cyrus IMAP",
	"Cyrus POP3",
	"Cyrus LMTP",
	"Cyrus",
	"UW IMAP",
	"IMAP4rev1 Zimbra",
	"Zimbra",
	"Gimap",
	"Gpop",
	"Macallan",
	"Qpopper",
	"QPOP",
	"Teapop",
	"Popa3d",
	"vsFTPd",
	"ProFTPD",
	"Pure-FTPd",
	"FileZilla Server",
	"Serv-U FTP Server",
	"Serv-U",
	"WU-FTPD",
	"glFTPd",
	"pyftpdlib",
	"CrushFTP",
	"Titan FTP Server",
	"Gene6 FTP Server",
	"WS_FTP Server",
	"Wing FTP Server",
	"GNU inetutils",
	"bftpd",
	"NASFTPD",
	"tnftpd",
};

/* "4.96", "(Debian/GNU)", "v3.5", "V5.00", "Version", "Version:", "Release". */
static bool is_version(struct bytes word)
{
	if (word.len == 0)
		return false;
	uint8_t c = word.at[0];
	bool has_v = (c == 'v' || c == 'V') && word.len > 1;
	return (c >= '0' && c <= '9') || c == '(' ||
	       (has_v && word.at[1] >= '0' && word.at[1] <= '9') ||
	       line_is_nocase(word, "version") || line_is_nocase(word, "version:") ||
	       line_is_nocase(word, "release") || line_is_nocase(word, "beta");
}

/* How long the name at the begin of text is, and what belongs to it. */
static size_t extent(struct bytes text, size_t name)
{
	struct bytes rest = text;
	bytes_take(&rest, name);
	/* What clings to the name: "Exim/4.9", "Haraka/2.8". */
	size_t len = name;
	while (rest.len > 0 && rest.at[0] != ' ' && rest.at[0] != ';') {
		bool ends = rest.at[0] == ',' || rest.at[0] == ')';
		bytes_take(&rest, 1);
		if (ends)
			break;
		len++;
	}
	for (unsigned words = 0; words < 3; words++) {
		struct bytes word = line_word(&rest);
		const uint8_t *end =
			word.len > 0 ? memchr(word.at, ';', word.len) : NULL;
		if (end != NULL)
			word.len = (size_t)(end - word.at);
		if (!is_version(word))
			break;
		len = (size_t)(word.at + word.len - text.at);
		if (end != NULL)
			break;
	}
	while (len > name && memchr(".,:", text.at[len - 1], 3) != NULL)
		len--;
	bool is_open = memchr(text.at, '(', len) != NULL;
	return len > name && text.at[len - 1] == ')' && !is_open ? len - 1 : len;
}

static bool is_at(struct bytes text, const char *name)
{
	size_t len = 0;
	for (; name[len] != '\0'; len++)
		if (len == text.len ||
		    line_lower(text.at[len]) != line_lower((uint8_t)name[len]))
			return false;
	/* A host may be called after its software: "postfix.example". */
	bool ends = len == text.len || memchr(" /),;]", text.at[len], 6) != NULL;
	return ends || (text.at[len] == '.' &&
			(len + 1 == text.len || text.at[len + 1] == ' '));
}

static bool begins_word(struct bytes text, size_t i)
{
	return i == 0 || memchr(" ([\"", text.at[i - 1], 4) != NULL;
}

void greeting_software(char *field, size_t size, struct bytes text)
{
	enum { SEARCHED_MAX = 256 };
	if (text.len > SEARCHED_MAX)
		text.len = SEARCHED_MAX;
	for (size_t at = 0; at < text.len; at++) {
		struct bytes here = bytes_of(text.at + at, text.len - at);
		if (!begins_word(text, at))
			continue;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			if (!is_at(here, known[i]))
				continue;
			here.len = extent(here, strlen(known[i]));
			facts_text(field, size, here);
			return;
		}
	}
}

const char *greeting_whose(struct bytes text)
{
	static const struct {
		const char *begin, *name;
	} greeters[] = {
		{ "SSH-", "SSH" },         { "220 ", "SMTP or FTP" },
		{ "220-", "SMTP or FTP" }, { "421 ", "SMTP or FTP" },
		{ "421-", "SMTP or FTP" }, { "554 ", "SMTP" },
		{ "554-", "SMTP" },        { "500 OOPS: ", "FTP" },
		{ "* OK ", "IMAP" },       { "* PREAUTH ", "IMAP" },
		{ "* BYE ", "IMAP" },      { "+OK", "POP3" },
		{ "-ERR ", "POP3" },       { "RFB 00", "VNC" },
		{ "HTTP/1.", "HTTP" },
	};
	for (size_t i = 0; i < sizeof(greeters) / sizeof(greeters[0]); i++)
		if (line_starts(text, greeters[i].begin))
			return greeters[i].name;
	return NULL;
}

bool greeting_is_mail(struct bytes text)
{
	while (text.len > 0) {
		struct bytes word = line_word(&text);
		while (word.len > 0 &&
		       (word.at[word.len - 1] == ',' || word.at[word.len - 1] == '.'))
			word.len--;
		if ((word.len == 5 && memcmp(word.at, "ESMTP", 5) == 0) ||
		    (word.len == 4 && (memcmp(word.at, "SMTP", 4) == 0 ||
				       memcmp(word.at, "LMTP", 4) == 0)))
			return true;
	}
	return false;
}
