"""A publisher's server: a folder over HTTP, on loopback, with parts of files; it remembers what it sent."""

import email.utils
import hashlib
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PIECE = 64 * 1024


class Sent:
    """One answer: which file, from which byte on, how many bytes went out."""

    def __init__(self, name, start):
        self.name = name
        self.start = start
        self.bytes = 0


class Offer:
    """Publishes versions that build-machine made, in a manifest signed by the publisher's key."""

    def __init__(self, built, published):
        self.built = Path(built)
        self.published = Path(published)
        self.sent = []
        self._watched = None
        self._lock = threading.Lock()
        offer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                offer._answer(self, True)

            def do_HEAD(self):
                offer._answer(self, False)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def publish(self, *versions):
        """From now on these versions are offered."""
        self.published.mkdir(parents=True, exist_ok=True)
        for old in self.published.iterdir():
            old.unlink()
        lines = []
        for version in versions:
            files = self.built.glob(f"offer/ParticleOS_{version}_x86-64*")
            for file in sorted(one for one in files if one.suffix in (".zst", ".efi")):
                (self.published / file.name).symlink_to(file)
                with file.open("rb") as content:
                    digest = hashlib.file_digest(content, "sha256").hexdigest()
                lines.append(f"{digest} *{file.name}\n")
        (self.published / "SHA256SUMS").write_text("".join(lines))
        home = ["gpg", "--homedir", str(self.built / "gnupg"), "--batch", "--quiet", "--pinentry-mode", "loopback"]
        subprocess.run(
            [*home, "--passphrase", "", "--output", "SHA256SUMS.gpg", "--detach-sign", "SHA256SUMS"],
            cwd=self.published, check=True, timeout=60)  # fmt: skip
        subprocess.run(["gpgconf", "--homedir", str(self.built / "gnupg"), "--kill", "all"], check=False, timeout=60)

    def watch(self, pattern, bytes_sent):
        """An event that is set once so many bytes of a file went out whose name matches."""
        reached = threading.Event()
        self._watched = (re.compile(pattern), bytes_sent, reached)
        return reached

    def forget(self):
        with self._lock:
            self.sent = []

    def size_of(self, pattern):
        return sum(file.stat().st_size for file in self.published.iterdir() if re.search(pattern, file.name))

    def sent_of(self, pattern):
        with self._lock:
            return [one for one in self.sent if re.search(pattern, one.name)]

    def bytes_of(self, pattern):
        return sum(one.bytes for one in self.sent_of(pattern))

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _answer(self, request, body):
        name = request.path.lstrip("/")
        file = self.published / name
        if "/" in name or not file.is_file():
            request.send_error(404)
            return
        size = file.stat().st_size
        tag = f'"{file.stat().st_mtime_ns:x}-{size:x}"'
        start, end = 0, size
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", ""))
        if request.headers.get("If-None-Match") == tag:
            request.send_response(304)
            request.send_header("ETag", tag)
            request.end_headers()
            return
        if wanted and any(wanted.groups()) and request.headers.get("If-Range", tag) == tag:
            first, last = wanted.groups()
            if first:
                start, end = int(first), min(size, int(last) + 1 if last else size)
            else:
                start = max(0, size - int(last))
            if start >= end:
                request.send_error(416)
                return
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        else:
            request.send_response(200)
        request.send_header("Content-Length", str(end - start))
        request.send_header("Accept-Ranges", "bytes")
        request.send_header("ETag", tag)
        request.send_header("Last-Modified", email.utils.formatdate(file.stat().st_mtime, usegmt=True))
        request.end_headers()
        if not body:
            return
        sent = Sent(name, start)
        with self._lock:
            self.sent.append(sent)
        try:
            with file.open("rb") as content:
                content.seek(start)
                while start + sent.bytes < end:
                    piece = content.read(min(PIECE, end - start - sent.bytes))
                    request.wfile.write(piece)
                    sent.bytes += len(piece)
                    self._tell(name)
        except OSError:
            request.close_connection = True  # the other side has gone; what went out is remembered

    def _tell(self, name):
        if self._watched:
            pattern, bytes_sent, reached = self._watched
            if pattern.search(name) and self.bytes_of(pattern) >= bytes_sent:
                reached.set()
