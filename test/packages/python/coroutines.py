# SPDX-License-Identifier: MIT OR Apache-2.0
# asyncio over select: sleeping, subprocesses, tasks.
import asyncio, selectors

async def work(n):
    await asyncio.sleep(0.01 * (5 - n))
    return n

async def main():
    print(await asyncio.gather(*(work(n) for n in range(5))))
    child = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print(await child.communicate(b"through cat"), child.returncode)
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.05)
    except asyncio.TimeoutError:
        print("timeout")
    print(await asyncio.to_thread(sum, range(1000)))

asyncio.run(main())
