#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A host that has RDMA devices of its own: hidden, or shown beside the card's.

Usage: host_devices.py MLX5EMU

The host's devices are made in a mount namespace of the test's own, over /sys/class and /dev: two
devices with the files that libibverbs reads. That takes root, or user namespaces.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Rig, check, skip  # noqa: E402

HOST = r"""
set -e
mount -t tmpfs none /sys/class
mount -t tmpfs none /dev
mknod -m 666 /dev/null c 1 3 2>/dev/null || { : > /dev/null; chmod 666 /dev/null; }
mkdir -p /dev/infiniband /sys/class/infiniband /sys/class/infiniband_verbs
echo 6 > /sys/class/infiniband_verbs/abi_version
: > /dev/infiniband/rdma_cm
for i in 0 1; do
    d=/sys/class/infiniband/mlx5_$i v=/sys/class/infiniband_verbs/uverbs$i
    mkdir -p $d/device $v
    echo "1: CA" > $d/node_type
    echo 00ab:0000:0000:000$i > $d/node_guid
    echo pci:v000015B3d0000101Dsv000015B3sd00000069bc02sc00i00 > $d/device/modalias
    echo mlx5_$i > $v/ibdev
    echo 231:$((192 + i)) > $v/dev
    echo 1 > $v/abi_version
    echo "host $i" > /dev/infiniband/uverbs$i
done
exec "$@"
"""


def on_host(rig, argv):
    rig.path("host.sh").write_text(HOST)
    status, text = rig.run(["unshare", "--mount", "--map-root-user", "sh", "host.sh"] + argv)
    check(status == 0, f"{argv}: status {status}\n{text}")
    return text


def devices(text):
    return dict(re.findall(r"^\s+(mlx5_\d+)\s+([0-9a-f]{16})$", text, re.M))


def main(mlx5emu):
    mlx5emu = str(pathlib.Path(mlx5emu).resolve())
    host = {"mlx5_0": "00ab000000000000", "mlx5_1": "00ab000000000001"}
    mine = ["0242c0fffe000001", "0242c0fffe000002"]
    with Rig("host_devices") as rig:
        status, text = rig.run(["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs",
                                "none", "/sys/class"])
        if status != 0:
            skip(f"no mount namespace of one's own here: {text}")
        check(devices(on_host(rig, ["ibv_devices"])) == host, "the host is not set up")
        run = [mlx5emu, "--functions", "2"]
        seen = devices(on_host(rig, run + ["ibv_devices"]))
        check(seen == dict(zip(("mlx5_0", "mlx5_1"), mine)), f"hidden: {seen}")
        text = on_host(rig, run + ["ls", "/dev/infiniband"])
        check(text.split() == ["uverbs0", "uverbs1"], f"hidden: {text}")

        run += ["--host-devices", "show"]
        seen = devices(on_host(rig, run + ["ibv_devices"]))
        check(seen == {**host, **dict(zip(("mlx5_2", "mlx5_3"), mine))}, f"shown: {seen}")
        text = on_host(rig, run + ["ls", "/dev/infiniband"])
        check(text.split() == ["rdma_cm"] + [f"uverbs{i}" for i in range(4)], f"shown: {text}")
        text = on_host(rig, run + ["cat", "/dev/infiniband/uverbs1"])
        check(text == "host 1\n", f"the host's device is not the host's: {text}")
        # one of the card's opens, and says its number everywhere
        text = on_host(rig, run + ["--control", "ctl", "--log-level", "info", "ibv_devinfo", "-d",
                                   "mlx5_3"])
        check("PORT_ACTIVE" in text and "0242:c0ff:fe00:0002" in text, f"mlx5_3: {text}")

        # an address that the host has: any one of its PCI devices will do
        pci = sorted(p.name for p in pathlib.Path("/sys/bus/pci/devices").glob("*"))
        if not pci:
            print("no PCI device here to collide with")
            return
        rig.path("same.json").write_text('{"host_devices": "show", "functions": [{"pci": "%s"}]}'
                                         % pci[0])
        text = on_host(rig, [mlx5emu, "--config", "same.json", "ibv_devices"])
        check("the host has a PCI device at an address of the card" in text, text)
        check(devices(text) == host, f"collision: {text}")


if __name__ == "__main__":
    main(sys.argv[1])
