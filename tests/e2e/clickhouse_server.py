"""clickhouse_server.py LIBRARY FOLDER PORT: today's ClickHouse, asked over HTTP as a server of it.

The library is libchdb: all of the engine, and no server.  What a depot uses of ClickHouse's HTTP
interface stands before it: statements in the body, or in the URL with rows in the body; settings
in the URL; errors as "Code: N. DB::Exception: ..." with a status that is not 200.  Every request
has a session of its own, as there.
"""
import ctypes
import http.server
import re
import sys
import urllib.parse

HERE = "127.0.0.1"
TSV = "text/tab-separated-values; charset=UTF-8"
# Of the URL, what is no setting.
ARGUMENTS = ("query", "database", "default_format", "wait_end_of_query")
SYNTAX_ERROR, UNKNOWN_FORMAT = 62, 73
POINTER, TEXT, SIZE, INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int
FUNCTIONS = {
    "chdb_set_signal_handlers_enabled": (None, INT),
    "chdb_connect": (ctypes.POINTER(POINTER), INT, ctypes.POINTER(TEXT)),
    "chdb_close_conn": (None, ctypes.POINTER(POINTER)),
    "chdb_query_n": (POINTER, POINTER, TEXT, SIZE, TEXT, SIZE),
    "chdb_result_buffer": (POINTER, POINTER),
    "chdb_result_length": (SIZE, POINTER),
    "chdb_result_error": (TEXT, POINTER),
    "chdb_destroy_query_result": (None, POINTER),
    "chdb_stream_insert_n": (POINTER, POINTER, TEXT, SIZE, TEXT, SIZE),
    "chdb_stream_insert_error": (TEXT, POINTER),
    "chdb_stream_append": (INT, POINTER, TEXT, SIZE),
    "chdb_stream_done": (POINTER, POINTER),
    "chdb_destroy_insert_stream": (None, POINTER),
}


class Refused(Exception):
    """By the engine: its own text."""


class Engine:
    """The library, with its data in a folder."""

    def __init__(self, path, folder):
        self.library = ctypes.CDLL(path)
        for name, (result, *arguments) in FUNCTIONS.items():
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments
        self.library.chdb_set_signal_handlers_enabled(0)
        self.folder = folder
        self.first = Session(self)  # the engine lives as long as one does


class Session:
    """Settings of one are not those of another."""

    def __init__(self, engine):
        self.library = engine.library
        words = (TEXT * 2)(b"clickhouse", f"--path={engine.folder}".encode())
        self.owner = self.library.chdb_connect(len(words), words)
        if not self.owner or not self.owner[0]:
            raise Refused("Code: 1000. DB::Exception: no session")

    def close(self):
        self.library.chdb_close_conn(self.owner)

    def answer(self, result):
        try:
            error = self.library.chdb_result_error(result)
            if error:
                raise Refused(error.decode(errors="replace"))
            return ctypes.string_at(self.library.chdb_result_buffer(result),
                                    self.library.chdb_result_length(result))
        finally:
            self.library.chdb_destroy_query_result(result)

    def query(self, sql, form=b"TabSeparated"):
        return self.answer(self.library.chdb_query_n(self.owner[0], sql, len(sql), form,
                                                     len(form)))

    def insert(self, sql, form, rows):
        stream = self.library.chdb_stream_insert_n(self.owner[0], sql, len(sql), form, len(form))
        try:
            error = self.library.chdb_stream_insert_error(stream)
            if error:
                raise Refused(error.decode(errors="replace"))
            self.library.chdb_stream_append(stream, rows, len(rows))
            return self.answer(self.library.chdb_stream_done(stream))
        finally:
            self.library.chdb_destroy_insert_stream(stream)

    def set_up(self, arguments):
        """What may be set no more once only reading is allowed comes first."""
        if "database" in arguments:
            self.query(f"USE \"{arguments['database']}\"".encode())
        settings = [name for name in arguments if name not in ARGUMENTS]
        for name in sorted(settings, key="readonly".__eq__):
            self.query(f"SET {name}='{arguments[name]}'".encode())


def note_queue(arguments):
    """A server of today has a queue of INSERTs, and puts them there unless told; the library
    has none."""
    if arguments.get("async_insert") != "0":
        print("an INSERT that would wait in the queue", file=sys.stderr, flush=True)


class Request(http.server.BaseHTTPRequestHandler):
    """One after the other on a connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):  # pylint: disable=invalid-name
        arguments = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        body = self.rfile.read(length := int(self.headers["Content-Length"]))
        if len(body) != length:
            return  # who sends it is dead
        try:
            session = Session(self.server.engine)
            try:
                session.set_up(arguments)
                answer, kind = self.carry_out(session, arguments, body)
            finally:
                session.close()
            self.reply(200, answer, kind)
        except Refused as refused:
            text = str(refused)
            code = re.match(r"Code: (\d+)", text)
            self.reply(500, f"{text}\n".encode(), "text/plain; charset=UTF-8",
                       code[1] if code else "1002")

    def carry_out(self, session, arguments, body):
        if "query" in arguments or body.startswith(b"INSERT"):
            note_queue(arguments)
        if "query" in arguments:
            form = re.fullmatch(r"(INSERT .*\))\s*FORMAT\s+(\w+)", arguments["query"], re.DOTALL)
            if not form:
                raise Refused(f"Code: {UNKNOWN_FORMAT}. DB::Exception: no INSERT with a FORMAT")
            return session.insert(form[1].encode(), form[2].encode(), body), TSV
        form = arguments.get("default_format", "TabSeparated")
        asked = re.search(rb"\bFORMAT\s+(\w+)\s*$", body)
        name = asked[1].decode() if asked else form
        if not body.strip():
            raise Refused(f"Code: {SYNTAX_ERROR}. DB::Exception: Syntax error: Empty query")
        return session.query(body, form.encode()), TSV if name.startswith("TabSep") else name

    def reply(self, status, body, kind, code=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Server(http.server.ThreadingHTTPServer):
    """Like its original it takes many connections at once."""

    request_queue_size = 128

    def __init__(self, engine, port):
        self.engine = engine
        super().__init__((HERE, port), Request)


if __name__ == "__main__":
    Server(Engine(sys.argv[1], sys.argv[2]), int(sys.argv[3])).serve_forever()
