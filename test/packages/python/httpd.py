# SPDX-License-Identifier: MIT OR Apache-2.0
# python3 -m http.server as a process of its own: a file, a listing, what is not there; ended by a signal.
import http.client, os, re, signal, subprocess, sys, urllib.request

os.makedirs("www/sub")
with open("www/page.html", "w") as f:
    f.write("<p>page</p>\n" * 1000)
with open("www/sub/data.bin", "wb") as f:
    f.write(bytes(range(256)) * 500)
server = subprocess.Popen([sys.executable, "-u", "-m", "http.server", "-b", "127.0.0.1", "-d", "www", "0"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
line = server.stdout.readline()
port = int(re.search(r"port (\d+)", line).group(1))
print(line.replace(str(port), "PORT").strip())
url = f"http://127.0.0.1:{port}/"
page = urllib.request.urlopen(url + "page.html", timeout=60)
print(page.status, page.headers["Content-Type"], page.headers["Content-Length"], len(page.read()))
print(urllib.request.urlopen(url + "sub/data.bin", timeout=60).read() == bytes(range(256)) * 500)
print(re.findall(r"<li>.*", urllib.request.urlopen(url, timeout=60).read().decode()))
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
for method, path in (("HEAD", "/page.html"), ("GET", "/none"), ("POST", "/"), ("GET", "/sub")):
    connection.request(method, path)
    answer = connection.getresponse()
    answer.read()
    print(method, path, answer.status, answer.reason, answer.getheader("Location"))
    connection.close()
server.send_signal(signal.SIGINT)
print(server.wait(60), repr(server.stdout.read()))
