# SPDX-License-Identifier: MIT OR Apache-2.0
# asyncio's servers and clients over TCP and over a path; signals, threads and pipes in its loop.
import asyncio, os, signal, socket

async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line[::-1].strip() + b"\n")
        await writer.drain()
    writer.close()

async def client(connect, n):
    reader, writer = await connect()
    for i in range(10):
        writer.write(f"{n}:{i}\n".encode())
    answers = [(await reader.readline()).decode().strip() for _ in range(10)]
    writer.write_eof()
    rest = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answers[-1], rest

async def main():
    loop = asyncio.get_running_loop()
    tcp = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    path = await asyncio.start_unix_server(echo, "path")
    for connect in (lambda: asyncio.open_connection("127.0.0.1", port), lambda: asyncio.open_unix_connection("path")):
        print(await asyncio.gather(*(client(connect, n) for n in range(8))))
    tcp.close(), path.close()
    await tcp.wait_closed(), await path.wait_closed()
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError as e:
        print(type(e).__name__)
    told = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, told.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(told.wait(), 60)
    queue = asyncio.Queue()
    await asyncio.gather(*(asyncio.to_thread(loop.call_soon_threadsafe, queue.put_nowait, n) for n in range(20)))
    print(sorted([await queue.get() for _ in range(20)]))
    child = await asyncio.create_subprocess_shell("read x; echo got $x; exit 4", stdin=-1, stdout=-1)
    print(await child.communicate(b"a line\n"), child.returncode)
    a, b = socket.socketpair()
    a.setblocking(False), b.setblocking(False)
    data, _ = await asyncio.gather(loop.sock_recv(a, 100), loop.sock_sendall(b, b"raw"))
    print(data)
    many = [await asyncio.create_subprocess_exec("sh", "-c", f"exit {n}") for n in range(5)]
    print(await asyncio.gather(*(c.wait() for c in many)))

asyncio.run(main())
