# SPDX-License-Identifier: MIT OR Apache-2.0
# socketserver in its forms: a thread or a process for each client, over TCP and over a path.
import os, socket, socketserver, threading

class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())

def ask(family, address, lines):
    with socket.socket(family) as s:
        s.settimeout(60)
        s.connect(address)
        s.sendall("".join(lines).encode())
        s.shutdown(socket.SHUT_WR)
        return s.makefile().read()

def serve(kind, address, family):
    with kind(address, Upper) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        answers = {}
        def client(n):
            answers[n] = ask(family, server.server_address, [f"client {n} line {i}\n" for i in range(50)])
        clients = [threading.Thread(target=client, args=(n,)) for n in range(6)]
        [c.start() for c in clients], [c.join() for c in clients]
        server.shutdown(), thread.join()
    print(kind.__name__, sorted(len(a) for a in answers.values()), [answers[n].splitlines()[-1] for n in sorted(answers)][::5])

serve(socketserver.ThreadingTCPServer, ("127.0.0.1", 0), socket.AF_INET)
serve(socketserver.ForkingTCPServer, ("127.0.0.1", 0), socket.AF_INET)
serve(socketserver.ThreadingUnixStreamServer, "path", socket.AF_UNIX)
print(os.path.exists("path"))
try:
    socketserver.UnixStreamServer("path", Upper)
except OSError as e:
    print(e)
