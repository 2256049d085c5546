"""The Python side of a benchmark: one JSON command per line on stdin, one JSON answer per line on stdout."""

import json
import sys
import time


def timed(work):
    """What `work` returns, and the milliseconds it took."""
    start = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - start) * 1e3


def serve(commands, versions):
    """Answers until stdin closes. A command is a function whose keyword arguments are the other fields of the request."""
    print(json.dumps({"versions": versions}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = commands[request.pop("command")](**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
