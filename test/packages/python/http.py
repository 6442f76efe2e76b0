# SPDX-License-Identifier: MIT OR Apache-2.0
# An HTTP server and its clients in one process, over the loopback.
import http.server, threading, urllib.request, urllib.error

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"x" * int(self.path[1:] or 0)
        self.send_response(200 if self.path != "/0" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body[::-1])

    def log_message(self, *words):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
for size in (1, 10, 1000, 100000, 1000000):
    print(size, len(urllib.request.urlopen(url + str(size), timeout=30).read()))
print(urllib.request.urlopen(url, data=b"abc" * 10000, timeout=30).read()[:6])
try:
    urllib.request.urlopen(url + "0", timeout=30)
except urllib.error.HTTPError as e:
    print(e.code)
results = []
clients = [threading.Thread(target=lambda n=n: results.append(len(urllib.request.urlopen(url + str(n * 100), timeout=30).read())))
           for n in range(1, 9)]
[c.start() for c in clients], [c.join() for c in clients]
print(sorted(results))
server.shutdown()
