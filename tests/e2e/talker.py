"""talker.py: programs that are told lines on their standard input, and answer in lines."""
import contextlib
import json
import subprocess

import lab as e2e


class Talker:
    """One of them, and what it has said; it is ended with the lab."""

    def __init__(self, lab, out, errors=None, network=None):
        self.lab, self.said, self.errors, self.network = lab, out, errors, network
        self.process = None

    def start(self, command, **options):
        """May be done again: what is said then follows what was."""
        options = {"preexec_fn": e2e.die_with_parent, **options}
        with contextlib.ExitStack() as stack:
            out, err = (path and stack.enter_context(path.open("ab"))
                        for path in (self.said, self.errors))
            if self.network:
                stack.enter_context(self.network.inside())
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out,
                                            stderr=err, **options)
        self.lab.callback(self.end)

    def end(self):
        self.process.kill()
        return self.process.wait()

    def end_of_input(self, seconds=20):
        """Its exit status."""
        self.process.stdin.close()
        return self.process.wait(seconds)

    def say(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def text(self):
        return self.said.read_text()

    def lines(self):
        """Those that are whole."""
        return self.text().rpartition("\n")[0].splitlines()

    def objects(self):
        return [json.loads(line) for line in self.lines()]

    def answer(self, question, name, seconds=10):
        """What the next record with that member has there."""
        before = len(self.lines())
        self.say(question)
        return e2e.until(lambda: [record[name] for record in self.objects()[before:]
                                  if name in record], f"an answer to {question}", seconds)[-1]
