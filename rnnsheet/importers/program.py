"""The program in which a model is read: what its file does to libraries that read it stays here.

It prints, packed as by `network.imported.packing`, the network, or the results of its own framework beside
it; or what is wrong with the file.
"""

import json
import marshal
import os
import sys
import warnings


def main(found: str, seconds: str, room: str, job: str) -> None:
    """Does the job, as `importing` describes it, in so many seconds of processor time and bytes of memory.

    `found` is where packages are, as in PYTHONPATH.
    """
    sys.path[:] = found.split(os.pathsep)
    # Libraries print remarks past Python's own stream.
    output = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit(int(seconds), int(room))
    with os.fdopen(output, "wb") as stream:
        marshal.dump(_done(**json.loads(job)), stream)


def _limit(seconds: int, room: int) -> None:
    """Lets a file that wants more than any honest one fail, where the system can do that."""
    try:
        import resource
    except ImportError:
        return
    for kind, wanted in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_DATA, room)):
        _, most = resource.getrlimit(kind)
        allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(kind, (allowed, most))


def _done(
    path: str, vocabulary: str, steps: int | None, description: str, against: bool
) -> dict[str, object]:
    from rnnsheet.errors import RnnsheetError
    from rnnsheet.importers.read import read_model
    from rnnsheet.network.imported.packing import packed

    try:
        with warnings.catch_warnings(record=True) as told:
            network = read_model(path, vocabulary, steps, description)
        if not against:
            return {"network": packed(network), "renamed": packed([str(each.message) for each in told])}
        from pathlib import Path

        from rnnsheet.importers.parity import agreement

        agreed = agreement(Path(path), network)
        return {"difference": agreed.difference, "witness": packed(agreed.witness)}
    except RnnsheetError as error:
        return {"error": error.key, "place": error.place, "values": packed(error.values)}


if __name__ == "__main__":
    main(*sys.argv[1:])
    # At once: taking apart what was imported takes longer.
    os._exit(0)
