"""Samples of a server's /metrics."""

from collections.abc import Iterator
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families


def samples(base_url: str, name: str, **labels: str) -> Iterator[tuple[dict[str, str], float]]:
    """Labels and values of all samples of that name which have these labels."""
    with urlopen(f"{base_url}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    wanted = labels.items()
    for family in text_string_to_metric_families("\n".join(line for line in lines if line.startswith(name))):
        for found in family.samples:
            if found.name == name and wanted <= found.labels.items():
                yield found.labels, found.value


def sample(base_url: str, name: str, **labels: str) -> float:
    """The sum of all samples of that name which have these labels."""
    return sum(value for _, value in samples(base_url, name, **labels))
