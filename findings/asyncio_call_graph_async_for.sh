#!/bin/sh
# CPython 3.14.10 and 3.15.2, on Linux
# Packages of Debian: python3.14_3.14.10-1_amd64.deb, python3.15_3.15.2-1_amd64.deb
#
# The call graph of a task stops at `async for`. asyncio.capture_call_graph() has a branch for
# async generators (ag_await), but it is never taken: what a coroutine awaits there is not the
# generator but its asend() object, which has neither cr_await nor ag_await. So the generator,
# and all that it awaits, is missing, while a plain `await` of the same function is shown.
#
# Seen:
#     await: sleep leaf by_await
#     async for: by_async_for
set -eu
python=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
case $("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') in
3.14 | 3.15) ;;
*)
    echo 'SKIP: for CPython 3.14 and 3.15'
    exit 0
    ;;
esac
cat >"$place/seen.py" <<'PROGRAM'
import asyncio


async def leaf():
    await asyncio.sleep(3600)


async def by_await():
    await leaf()


async def items():
    await leaf()
    yield 1


async def by_async_for():
    async for _ in items():
        pass


async def main():
    for name, function in (('await', by_await), ('async for', by_async_for)):
        task = asyncio.create_task(function())
        await asyncio.sleep(0)
        graph = asyncio.capture_call_graph(task)
        print(f'{name}:', *(entry.frame.f_code.co_name for entry in graph.call_stack))
        task.cancel()


asyncio.run(main())
PROGRAM
"$python" "$place/seen.py" >"$place/seen"
cat "$place/seen"
diff "$place/seen" - <<'EXPECTED'
await: sleep leaf by_await
async for: by_async_for
EXPECTED
