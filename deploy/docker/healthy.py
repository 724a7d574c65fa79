"""`python -S -m deploy.docker.healthy PORT PATH`: ends with 0 when this container answers 200."""

import http.client
import sys

TIMEOUT_S = 5


def main() -> int:
    """Ask once."""
    port, path = int(sys.argv[1]), sys.argv[2]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        print(answer.status, answer.read(500).decode(errors="replace"))
        return 0 if answer.status == 200 else 1
    except OSError as problem:
        print(problem)
        return 1


if __name__ == "__main__":
    sys.exit(main())
