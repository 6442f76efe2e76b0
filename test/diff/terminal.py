# SPDX-License-Identifier: MIT OR Apache-2.0
"""Types scripts at an interactive shell on a terminal, as a person would, and keeps what the screen shows.

A script is lines of

	type TEXT	at the shell's prompt (waited for): TEXT and Enter
	line TEXT	at once, to the program that reads: TEXT and Enter
	keys TEXT	at once, without Enter
	key X		at once: the control character ^X
	wait TEXT	until a line of the output starts with TEXT

All scripts share one boot; each starts with `sh -i` in a fresh directory of the outer shell, and ends at its
last prompt. What the screen shows is normalised: no carriage returns or escape sequences (the shell's line
editor asks the terminal for the cursor), numbers of processes become PID."""

import re
import time

import pexpect

import machine

PROMPT = "@> "
PATIENCE = 300                      # seconds for any one expected thing
UNFINISHED = re.compile(r"\x1b(\[[0-9;?]*)?\Z")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[78=>]")


def plain(text):
    """The screen's text without escape sequences (or the beginning of one at the end) and carriage returns."""
    return UNFINISHED.sub("", ESCAPES.sub("", text)).replace("\r", "")


def clean(text):
    """plain text in a form that is the same each time: numbers of processes say PID."""
    return re.sub(r"(?m)^(\[\d+\][ +-] *)\d{2,}\b", r"\1PID", text)


class Terminal:
    """A tty with an interactive shell behind it. `raw` is what it has shown since the script began; what lies
    before position `at` of its plain form has been waited for."""

    def __init__(self, how):
        words = machine.command(["busybox", "sh", "-i"], timeout=3600, **how)
        self.child = pexpect.spawn(words[0], words[1:], cwd=machine.ROOT, dimensions=(24, 80), timeout=PATIENCE,
                                   encoding="latin1")
        self.child.delaybeforesend = None
        self.raw, self.at = "", 0

    def until(self, pattern, what):
        """Reads until the pattern matches what has not been waited for; raises TimeoutError naming `what`."""
        end = time.monotonic() + PATIENCE
        pattern = re.compile(pattern, re.M)
        while True:
            match = pattern.search(plain(self.raw), self.at)
            if match:
                self.at = match.end()
                return
            if time.monotonic() > end:
                raise TimeoutError(f"no {what!r}")
            try:
                self.raw += self.child.read_nonblocking(4096, timeout=0.2)
            except pexpect.TIMEOUT:
                pass
            except pexpect.EOF:
                raise TimeoutError(f"the machine ended before {what!r}") from None

    def prompt(self):
        self.until(re.escape(PROMPT), "prompt")

    def command(self, text):
        """Types a command at the prompt; the line editor's echo may be wrapped anywhere."""
        self.child.send(text + "\r")
        self.until("\n?".join(re.escape(c) for c in text) + "\n", text)

    def play(self, path):
        """One script, from a prompt to a prompt; returns the transcript."""
        self.raw, self.at = "", 0
        for line in open(path, encoding="ascii"):
            verb, _, text = line.rstrip("\n").partition(" ")
            if verb == "type":
                if self.raw:
                    self.prompt()
                self.command(text)
            elif verb == "line":
                self.child.send(text + "\r")
            elif verb == "keys":
                self.child.send(text)
            elif verb == "key":
                self.child.send(chr(ord(text[0]) ^ 0x40))
            elif verb == "wait":
                self.until("^" + re.escape(text), text)
            elif verb and verb != "#":
                raise ValueError(f"{path}: {line}")
        self.prompt()
        return clean(plain(self.raw))

    def close(self):
        self.child.close(force=True)


def start(how):
    """Boots, and brings the outer shell to its prompt."""
    terminal = Terminal(how)
    terminal.until(r"[#$] \Z", "first prompt")
    terminal.command("mkdir -p /tmp; cd /tmp; unset ENV; export TERM=dumb PS1='%s'" % PROMPT)
    terminal.prompt()
    return terminal


def one(terminal, name, path):
    """A script in its own shell and directory of the session."""
    directory = "t." + name.split("/")[-1]
    for words in (f"mkdir {directory}; cd {directory}", "sh -i"):
        terminal.command(words)
        terminal.prompt()
    transcript = terminal.play(path)
    for words in ("exit", "cd /tmp"):
        terminal.command(words)
        terminal.prompt()
    return transcript.encode("latin1")


def run(scripts, how, say):
    """Outcomes by name of scripts (name, path); a shell that does not come back costs a new boot."""
    outcomes, terminal = {}, None
    for name, path in scripts:
        try:
            terminal = terminal or start(how)
            outcomes[name] = one(terminal, name, path) + b"\n=== status 0\n"
        except TimeoutError as why:
            shown = clean(plain(terminal.raw)).encode("latin1") if terminal else b""
            say(f"{name}: {why}")
            outcomes[name] = shown + f"\n=== {why}\n".encode("latin1")
            if terminal:
                terminal.close()
            terminal = None
    if terminal:
        terminal.close()
    return outcomes
