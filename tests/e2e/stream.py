# SPDX-License-Identifier: BSD-3-Clause
"""The file that crosses the card in the TCP tests: MIB times one MiB whose every line differs, each
behind its number. A guest makes it with busybox, the host with this.

usage: stream.py serve FAMILY PORT         prints "listening", then the SHA-256 of what came
       stream.py send FAMILY ADDRESS PORT  sends it
"""
import hashlib
import socket
import sys

MIB = 100
LINES = 200000
FAMILIES = {"4": socket.AF_INET, "6": socket.AF_INET6}

# The same for a guest's shell.
GUEST_PREPARE = f"seq 1 {LINES} | head -c 1048576 >/tmp/block"
GUEST_MAKE = f"(i=0; while [ $i -lt {MIB} ]; do echo $i; cat /tmp/block; i=$((i+1)); done)"


def chunks():
    block = "".join(f"{i}\n" for i in range(1, LINES + 1)).encode()[:1 << 20]
    for i in range(MIB):
        yield f"{i}\n".encode() + block


def digest():
    total = hashlib.sha256()
    for chunk in chunks():
        total.update(chunk)
    return total.hexdigest()


def serve(family, port):
    with socket.socket(FAMILIES[family]) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", int(port)))
        listener.listen(1)
        print("listening", flush=True)
        connection, _ = listener.accept()
    total = hashlib.sha256()
    with connection:
        while data := connection.recv(1 << 20):
            total.update(data)
    print(total.hexdigest(), flush=True)


def send(family, address, port):
    with socket.socket(FAMILIES[family]) as connection:
        connection.connect((address, int(port)))
        for chunk in chunks():
            connection.sendall(chunk)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)  # the guest's nc closes when it has all


if __name__ == "__main__":
    {"serve": serve, "send": send}[sys.argv[1]](*sys.argv[2:])
