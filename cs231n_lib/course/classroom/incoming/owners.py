"""The one place where a file of a download gets an owner: its outermost layer is read, and no more.

The rule is one sentence. From the top of the download, folders that platforms or people put around
everything are passed; the first part of the path that names a person is the owner, and whatever
lies below is that person's or nobody's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cs231n_lib.course.classroom.folder.names import spelling
from cs231n_lib.course.classroom.incoming.archives import (
    UNREADABLE,
    Budget,
    Download,
    Outer,
)
from cs231n_lib.course.classroom.platforms import PLATFORMS
from cs231n_lib.course.classroom.platforms.platform import Container, Platform, View
from cs231n_lib.course.errors import Refused
from cs231n_lib.course.limits import MAX_METADATA_BYTES


@dataclass
class HandIn:
    """Files of one owner at one time; ``outer`` is the outermost name that they came under."""

    container: Container
    outer: str
    files: list[tuple[Outer, str]] = field(default_factory=list)

    @property
    def accounts(self) -> frozenset[str]:
        """Whose files and folders of this machine they are."""
        return frozenset().union(*(file.accounts for file, _ in self.files))


def hand_ins(
    download: Download, view: View, refused: list[tuple[str, str]], aside: list[tuple[str, str]],
    student: str = "",
) -> Iterator[HandIn]:  # fmt: skip
    """Yield the hand-ins of a download, each file of it in one of them at most.

    Parameters
    ----------
    download : Download
        What was given.
    view : View
        What is known of people and assignments.
    refused, aside : list of (str, str)
        Take path and reason of every file that is nobody's, and of what is not handed in.
    student : str
        The owner of all, where the caller says so: then nothing in the download is asked.
    """
    if student:
        if download.files:
            everything = Container((student,), student, 0)
            yield HandIn(everything, "", [(f, "") for f in download.files])
        return
    paths, shared = _unwrapped(download, view)
    _read_metadata(download, view, paths, aside)
    found: dict[tuple[object, ...], HandIn] = {}
    for file in download.files:
        path = paths[id(file)]
        if not path or _is_metadata(path):
            continue
        view.around = _around(file, path)
        view.shared = shared.get(view.around)
        try:
            container = owner_of(path, view)
        except Refused as reason:
            refused.append((file.where, str(reason)))
            continue
        owners = tuple(spelling(o) if isinstance(o, str) else o for o in container.owners)
        key = (view.around, owners, container.key)
        hand_in = found.setdefault(key, HandIn(container, path[0]))
        hand_in.files.append((file, container.file or "/".join(path[container.depth :])))
    yield from found.values()


def owner_of(path: tuple[str, ...], view: View) -> Container:
    """Return whose the file at ``path`` is, by the first platform that knows its first part.

    Raises
    ------
    Refused
        If none does, or the one that does cannot say whose it is.
    """
    for platform in PLATFORMS if view.shared is None else (view.shared,):
        container = platform.identify(path, view)
        if container is not None:
            return container
    if view.shared is not None:
        raise Refused(
            f"not a folder as the {view.shared.name} makes them: somebody put it there by hand"
        )
    raise Refused(f"whose is it? Expected STUDENT/{view.assignment}.ipynb, or --student")


def _around(file: Outer, path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the folders that lie around all of a download's hand-ins."""
    return file.parts[: len(file.parts) - len(path)]


def _shared(
    download: Download, view: View, paths: dict[int, tuple[str, ...]]
) -> dict[tuple[str, ...], Platform]:
    """Return the folders that students write into themselves, and the platform of each."""
    found: dict[tuple[str, ...], Platform] = {}
    for file in download.files:
        path = paths[id(file)]
        around = _around(file, path)
        top = around[-1] if around else download.source.name
        if around in found or not path:
            continue
        view.around = around
        called = (p for p in PLATFORMS if p.shared and p.wraps(top))
        known = (p for p in PLATFORMS if _knows(p, path, view))
        first = next(called, None) or next(known, None)
        if first is not None and first.shared:
            found[around] = first
    return found


def _knows(platform: Platform, path: tuple[str, ...], view: View) -> bool:
    """Whether a path is of a platform's form, be it one that does not say whose it is."""
    try:
        return platform.identify(path, view) is not None
    except Refused:
        return True


def _unwrapped(
    download: Download, view: View
) -> tuple[dict[int, tuple[str, ...]], dict[tuple[str, ...], Platform]]:
    """Return the paths without the folders that lie around a whole download, and :func:`_shared`.

    What students write into themselves is not looked through: they may call a folder anything.
    """
    paths = {id(file): file.parts for file in download.files}
    for _ in range(2):
        shared = _shared(download, view, paths)
        for file in download.files:
            path = paths[id(file)]
            wrapped = len(path) > 1 and any(platform.wraps(path[0]) for platform in PLATFORMS)
            if wrapped and _around(file, path) not in shared:
                paths[id(file)] = path[1:]
    return paths, _shared(download, view, paths)


def _is_metadata(path: tuple[str, ...]) -> bool:
    return len(path) == 1 and path[0] in {p.metadata for p in PLATFORMS if p.metadata}


def _read_metadata(
    download: Download, view: View, paths: dict[int, tuple[str, ...]],
    aside: list[tuple[str, str]],
) -> None:  # fmt: skip
    """Read what platforms say at the top of their own exports, and nowhere else."""
    for platform in PLATFORMS:
        for file in download.files:
            if platform.metadata and paths[id(file)] == (platform.metadata,):
                told: object
                try:
                    with file.open() as content:
                        data = Budget(MAX_METADATA_BYTES).read(content, MAX_METADATA_BYTES)
                    told = platform.read_metadata(data, view)
                except (Refused, *UNREADABLE) as error:
                    told = Refused(f"whose is it? {platform.metadata} cannot be read: {error}")
                view.metadata[platform.name, file.parts[:-1]] = told
                aside.append((file.where, "the platform's own record, not a hand-in"))
