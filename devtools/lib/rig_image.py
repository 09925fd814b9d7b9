# SPDX-License-Identifier: BSD-3-Clause
"""The guest: Debian's cloud kernel, unpacked but never installed, and an initramfs of busybox, the
kernel's virtio modules, our agent and scripts. Made once, kept in <build>/guest."""
import pathlib
import re
import shutil
import subprocess

from rig_wait import Failure

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "tests" / "e2e" / "guest"
META_PACKAGE = "linux-image-cloud-amd64"
# In the order in which they depend on each other.
MODULES = ["failover", "net_failover", "virtio_ring", "virtio", "virtio_pci_legacy_dev",
           "virtio_pci_modern_dev", "virtio_pci", "virtio_net"]


def run(command, **kwargs):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **kwargs)
    if done.returncode != 0:
        raise Failure(f"'{' '.join(map(str, command))}' failed:\n{done.stdout.strip()}")
    return done.stdout


def kernel_package():
    """The package that the meta package stands for today."""
    found = re.search(r"Depends: (linux-image-\S+)", run(["apt-cache", "depends", META_PACKAGE]))
    if not found:
        raise Failure(f"apt does not know {META_PACKAGE}; run apt-get update")
    return found.group(1)


def download(where, update):
    """Gets the kernel's package; the lists may be too old or missing where nothing was installed
    for a while, so a failure is followed by one update."""
    try:
        run(["apt-get", "download", kernel_package()], cwd=where)
    except Failure:
        if not update:
            raise
        subprocess.run(["apt-get", "-q", "update"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        run(["apt-get", "download", kernel_package()], cwd=where)
    return next(where.glob("linux-image-*.deb"))


def kernel(guest, update):
    """Leaves vmlinuz and modules/ in @guest."""
    order = "".join(f"{name}.ko\n" for name in MODULES)
    if (guest / "vmlinuz").exists() and (guest / "modules" / "order").read_text() == order:
        return
    work = guest / "kernel.part"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    run(["dpkg", "-x", str(download(work, update)), str(work / "root")])
    modules = guest / "modules"
    shutil.rmtree(modules, ignore_errors=True)
    modules.mkdir()
    for name in MODULES:
        found = list((work / "root").rglob(f"{name}.ko"))
        if not found:
            raise Failure(f"the kernel package has no module {name}")
        shutil.copy(found[0], modules)
    (modules / "order").write_text(order)
    next((work / "root" / "boot").glob("vmlinuz-*")).rename(guest / "vmlinuz")
    shutil.rmtree(work)


def is_newer(target, sources):
    return target.exists() and all(target.stat().st_mtime >= s.stat().st_mtime for s in sources)


def initramfs(guest):
    sources = sorted(SOURCES.iterdir()) + [guest / "vmlinuz", pathlib.Path(__file__)]
    target = guest / "initramfs.cpio.gz"
    if is_newer(target, sources):
        return
    busybox = shutil.which("busybox")
    if not busybox:
        raise Failure("busybox is not installed (package busybox-static)")
    root = guest / "root"
    shutil.rmtree(root, ignore_errors=True)
    for name in ("bin", "dev", "proc", "sys", "modules"):
        (root / name).mkdir(parents=True)
    run(["gcc", "-O2", "-static", "-D_GNU_SOURCE", "-o", str(root / "agent"),
         *map(str, sorted(SOURCES.glob("*.c")))])
    shutil.copy(busybox, root / "bin" / "busybox")
    (root / "bin" / "sh").symlink_to("busybox")
    for script in ("init", "shell"):
        shutil.copy(SOURCES / script, root / script)
        (root / script).chmod(0o755)
    for module in (guest / "modules").iterdir():
        shutil.copy(module, root / "modules")
    part = guest / "initramfs.part"
    run(["sh", "-c", f"find . | cpio --quiet -o -H newc -R 0:0 | gzip -1 >'{part}'"], cwd=root)
    part.rename(target)
    shutil.rmtree(root)


def prepare(build, update):
    """Returns (kernel, initramfs)."""
    guest = build / "guest"
    guest.mkdir(parents=True, exist_ok=True)
    kernel(guest, update)
    initramfs(guest)
    return guest / "vmlinuz", guest / "initramfs.cpio.gz"
