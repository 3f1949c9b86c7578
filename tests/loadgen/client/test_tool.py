import pytest

from loadgen.client.tool import Tool, read_tools
from loadgen.schemas import OutputSchemas


@pytest.mark.parametrize("schema", [True, False, 5, "object", [1], None])
def test_an_output_schema_that_is_no_object_counts_as_absent(schema: object) -> None:
    tools = read_tools([{"name": "add", "outputSchema": schema}])
    assert tools == [Tool("add", None)]
    assert OutputSchemas((tool.name, tool.output_schema) for tool in tools).violation("add", {}) is None


@pytest.mark.parametrize("other", [True, 5, "object", [1], None])
def test_whatever_else_is_no_object_counts_as_empty(other: object) -> None:
    tools = read_tools([{"name": "add", "inputSchema": other, "annotations": other}])
    assert tools == [Tool("add", None, {}, {})]
