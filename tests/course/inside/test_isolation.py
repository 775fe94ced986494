"""What a process does to itself on machines that are set up in their own way."""

import shutil
import subprocess
import sys

import pytest

from cs231n_lib.course.inside import isolation

#: Devices as a container mounts them, and a namespace that may take no limit of theirs away.
AS_IN_A_CONTAINER = """
set -e
for name in {devices}; do
  mount --bind "/dev/$name" "/dev/$name"
  mount -o remount,bind,nosuid,noexec "/dev/$name"
done
exec unshare --user --map-root-user --mount "$@"
"""
SEALED = """
import errno
from cs231n_lib.course.inside import isolation
isolation.seal_devices()
open("/dev/null", "wb").write(b"x")
try:
    import os; os.chmod("/dev/null", 0o600)
except OSError as error:
    print(errno.errorcode[error.errno])
"""


def test_devices_are_sealed_in_a_container_too():
    namespaces = ["unshare", "--user", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*namespaces, "true"]).returncode != 0:
        pytest.skip("no namespaces can be made here")
    script = AS_IN_A_CONTAINER.format(devices=" ".join(isolation.DEVICES))
    done = subprocess.run(
        [*namespaces, "sh", "-c", script, "sh", sys.executable, "-c", SEALED],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "EROFS\n"
