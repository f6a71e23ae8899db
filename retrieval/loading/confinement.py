"""What the process that reads files may do: read its libraries, and nothing else of the machine.

Three locks, each by itself, so that one holds where another is not to be had:

- *Landlock* (Linux 5.13) opens the folders of the libraries for reading. Everything else of the file system, ``/proc``
  included, is closed, and so are other processes: nothing can be written, deleted, traced or signalled.
- *seccomp* (Linux 3.17, on x86-64 and ARM64) refuses system calls: sockets, deleting and renaming, making files, other
  processes' memory, loading code into the kernel, new namespaces. A refused call fails with EPERM, as where rights are
  missing; the process goes on.
- *limits* (everywhere): no byte goes into a file, see ``worker``.

There is no library for the first two that is kept up and comes as wheels, so the calls are made with ctypes. A kernel
without them changes nothing about what can be read: ``confine`` does what it can and never raises.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

#: The only programs that it may start, which read pages that are pictures.
PROGRAMS: Final = ("tesseract",)


class Lock(StrEnum):
    """A lock that depends on the kernel."""

    LANDLOCK = "landlock"
    SECCOMP = "seccomp"


_PR_SET_DUMPABLE, _PR_GET_SECCOMP, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 21, 22, 38
_SECCOMP_MODE_FILTER: Final = 2

# Landlock: these numbers are the same on all machines.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION, _RULE_PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
# By version of Landlock: how many kinds of access to files it knows.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_FILE_RIGHTS: Final = 16
_NET_SINCE, _NET_RIGHTS = 4, 0b11
_SCOPES_SINCE, _SCOPES = 6, 0b11  # abstract sockets, signals

# Where the system's libraries and their data lie, and what they ask for when they are loaded.
_SYSTEM: Final = (
    "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store", "/System/Library",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types",
    "/dev/urandom", "/sys/devices/system/cpu",
)  # fmt: skip
_LOADERS: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/nix/store", "/gnu/store")
_LIBRARY_FOLDERS: Final = ("site-packages", "dist-packages", "lib-dynload")


def available() -> frozenset[Lock]:
    """The locks that this kernel has; asks it, and changes nothing."""
    found = {Lock.LANDLOCK} if _landlock_version() > 0 else set()
    if sys.platform == "linux" and platform.machine() in _MACHINES:
        with suppress(OSError):
            _call("prctl", _PR_GET_SECCOMP, 0, 0, 0, 0)
            found.add(Lock.SECCOMP)
    return frozenset(found)


def confine() -> frozenset[Lock]:
    """Takes from this process, for good, all rights that reading files does not need; returns the locks that hold."""
    held: set[Lock] = set()
    if sys.platform != "linux":
        return frozenset()
    programs = [found for name in PROGRAMS if (found := shutil.which(name))]
    with suppress(OSError):
        _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        with suppress(OSError):
            if version := _landlock_version():
                _restrict_files(version, programs)
                held.add(Lock.LANDLOCK)
        with suppress(OSError):
            if platform.machine() in _MACHINES:
                _filter_calls(_MACHINES[platform.machine()], programs)
                held.add(Lock.SECCOMP)
    return frozenset(held)


def hide_memory() -> None:
    """No other process of the same user may look into this one: it holds a secret. Without effect but on Linux."""
    if sys.platform == "linux":
        with suppress(OSError):
            _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def _call(name: str, *arguments: object) -> int:
    """Calls a function of the C library. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    function = getattr(library, name)
    function.restype = ctypes.c_long
    result = int(function(*(ctypes.c_long(value) if isinstance(value, int) else value for value in arguments)))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


# Landlock


def _landlock_version() -> int:
    """The kernel's version of Landlock, 0 where it has none."""
    if sys.platform == "linux":
        with suppress(OSError):
            return _call("syscall", _CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    return 0


def _restrict_files(version: int, programs: Iterable[str]) -> None:
    rights = (1 << _FILE_RIGHTS.get(version, _NEWEST_FILE_RIGHTS)) - 1
    net = _NET_RIGHTS if version >= _NET_SINCE else 0
    scopes = _SCOPES if version >= _SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", rights, net, scopes)[: 8 if not net else 16 if not scopes else 24]
    rules = _call("syscall", _CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for path in _readable():
            _allow(rules, path, _READ_FILE | _READ_DIR)
        _allow(rules, "/dev/null", _READ_FILE | _WRITE_FILE)
        for program in programs:
            _allow(rules, os.path.realpath(program), _EXECUTE | _READ_FILE)
        for folder in _LOADERS if programs else ():  # what loads a program is itself executed
            _allow(rules, folder, _EXECUTE)
        if prefix := os.environ.get("TESSDATA_PREFIX"):
            _allow(rules, prefix, _READ_FILE | _READ_DIR)
        _call("syscall", _RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    with suppress(OSError):  # nothing there, or nothing that may be read anyway
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not os.path.isdir(path):
                rights &= ~_READ_DIR
            _call("syscall", _ADD_RULE, rules, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, handle), 0)
        finally:
            os.close(handle)


def _readable() -> Iterator[str]:
    yield from _SYSTEM
    yield from {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, os.path.dirname(sys.executable)} - {
        "/"
    }
    yield str(Path(__file__).resolve().parents[1])
    yield from filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    yield from _folders_of_loaded_libraries()
    for entry in map(os.path.abspath, sys.path):
        if os.path.basename(entry) in _LIBRARY_FOLDERS or os.path.isfile(entry):
            yield entry
        elif not entry.startswith((sys.prefix + os.sep, sys.base_prefix + os.sep, "/usr/")):
            # A folder of the user's, as that of an editable installation: its packages, not what else lies there.
            yield from _packages(entry)


def _folders_of_loaded_libraries() -> set[str]:
    with suppress(OSError), open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        paths = {line.split(maxsplit=5)[-1].rstrip("\n") for line in maps if "/" in line}
        return {os.path.dirname(path) for path in paths if ".so" in os.path.basename(path)} - {"/"}
    return set()


def _packages(folder: str) -> Iterator[str]:
    with suppress(OSError):
        for entry in os.scandir(folder):
            is_module = entry.name.endswith((".py", ".so"))
            is_package = os.path.isfile(os.path.join(entry.path, "__init__.py"))
            if is_module or is_package or entry.name.endswith((".dist-info", ".egg-info", ".libs")):
                yield entry.path


# seccomp: a program for the kernel's filter, whose instructions are (code, jump if true, jump if false, value)

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF_0000, 0x0005_0000 | 1, 0x0005_0000 | 38  # EPERM, ENOSYS
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_MAKING_FLAGS: Final = os.O_CREAT | os.O_TRUNC | 0x40_0000  # the last of them makes a file without a name
_X32: Final = 0x4000_0000

# By name, the numbers on x86-64 and ARM64; None where the machine has no such call.
_CALLS: Final[dict[str, tuple[int | None, int | None]]] = {
    # sockets; a pair of them reaches nobody, but nothing needs it
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "sendto": (44, 206), "sendmsg": (46, 211),
    "bind": (49, 200), "listen": (50, 201), "socketpair": (53, 199), "accept4": (288, 242), "sendmmsg": (307, 269),
    # deleting, renaming, making, changing what is known of a file
    "truncate": (76, 45), "rename": (82, None), "mkdir": (83, None), "rmdir": (84, None), "creat": (85, None),
    "link": (86, None), "unlink": (87, None), "symlink": (88, None), "chmod": (90, None), "fchmod": (91, 52),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "utime": (132, None), "mknod": (133, None),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "utimes": (235, None), "mkdirat": (258, 34),
    "mknodat": (259, 33), "fchownat": (260, 54), "futimesat": (261, None), "unlinkat": (263, 35),
    "renameat": (264, 38), "linkat": (265, 37), "symlinkat": (266, 36), "fchmodat": (268, 53),
    "utimensat": (280, 88), "fallocate": (285, 47), "renameat2": (316, 276), "fchmodat2": (452, 452),
    # other processes
    "tkill": (200, 130), "ptrace": (101, 117), "rt_sigqueueinfo": (129, 138),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "process_madvise": (440, 440),
    # the machine and the kernel
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "swapon": (167, 224),
    "swapoff": (168, 225), "reboot": (169, 142), "sethostname": (170, 161), "setdomainname": (171, 162),
    "init_module": (175, 105), "delete_module": (176, 106), "finit_module": (313, 273), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "settimeofday": (164, 170), "clock_settime": (227, 112), "acct": (163, 89),
    "quotactl": (179, 60), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "unshare": (272, 97), "setns": (308, 268),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "fanotify_init": (300, 262), "personality": (135, 92),
}  # fmt: skip
# These do what the filter cannot look into; their callers know how to do without them.
_OPAQUE: Final = {"openat2": (437, 437), "io_uring_setup": (425, 425), "clone3": (435, 435)}
# To start a program and to end it; Landlock says which ones.
_STARTING: Final = {"execve": (59, 221), "execveat": (322, 281), "kill": (62, 129)}
# The argument with the flags of how a file is opened.
_OPENING: Final = {"open": ((2, None), 1), "openat": ((257, 56), 2)}
#: By machine: its number in the kernel (AUDIT_ARCH), and its column in these tables.
_MACHINES: Final = {"x86_64": (0xC000_003E, 0), "aarch64": (0xC000_00B7, 1)}


def _filter_calls(machine: tuple[int, int], programs: Iterable[str]) -> None:
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in _instructions(*machine, bool(programs)))
    buffer = ctypes.create_string_buffer(program)
    address = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    _call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, address, 0, 0)


def _instructions(audit_number: int, column: int, starts: bool) -> list[tuple[int, int, int, int]]:
    """The filter. A call that is not of this machine's own kind is refused."""
    calls = {**_CALLS, **({} if starts else _STARTING)}
    lines = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 1, 0, audit_number),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _REFUSE),
    ]
    for table, answer in ((calls, _REFUSE), (_OPAQUE, _UNKNOWN)):
        for numbers in table.values():
            if (number := numbers[column]) is not None:
                lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer)]
    for numbers, argument in _OPENING.values():
        if (number := numbers[column]) is not None:
            lines += [
                (_EQUAL, 0, 4, number),
                (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument),
                (_ANY_BIT, 0, 1, _MAKING_FLAGS),
                (_RETURN, 0, 0, _REFUSE),
                (_RETURN, 0, 0, _ALLOW),
            ]
    return [*lines, (_RETURN, 0, 0, _ALLOW)]
