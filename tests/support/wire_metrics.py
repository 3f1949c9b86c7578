"""Samples of a server's /metrics."""

from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families


def sample(base_url: str, name: str, **labels: str) -> float:
    """The sum of all samples of that name which have these labels."""
    with urlopen(f"{base_url}/metrics", timeout=10) as response:
        text = response.read().decode()
    wanted = labels.items()
    return sum(
        found.value
        for family in text_string_to_metric_families(text)
        for found in family.samples
        if found.name == name and wanted <= found.labels.items()
    )
