"""What is told of a model that was read: its sizes, what its file did not tell, what can never be typed."""

from collections.abc import Iterator

from rnnsheet.importers.network_input import never_typed
from rnnsheet.labels import Labels
from rnnsheet.network.imported import ImportedNetwork, Text


def read(network: ImportedNetwork, texts: Labels) -> Iterator[str]:
    """The lines."""
    yield texts("import.read", **network.sizes)
    if network.assumed:
        yield texts("import.assumed")
        yield from (f"  {texts(f'assumed.{key}', **values)}" for key, values in network.assumed)
    if isinstance(network.read, Text) and (lost := never_typed(network.read)):
        told = "never_typed_letters" if network.read.unit == "letters" else "never_typed"
        yield texts(f"import.{told}", count=len(lost), tokens=", ".join(lost[:5]))
