"""What the OpenAPI document tells somebody who has nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest

from mpp_api.main import create_app
from mpp_api.settings import ApiSettings

TELLING = {"description", "examples", "example", "enum", "format", "$ref", "const"}


@pytest.fixture(scope="module")
def document(api_settings: ApiSettings) -> dict[str, Any]:
    return create_app(api_settings).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, by_method in document["paths"].items():
        for method, operation in by_method.items():
            yield f"{method.upper()} {path}", operation


def is_told(schema: dict[str, Any]) -> bool:
    variants = [*schema.get("anyOf", ()), *schema.get("allOf", ()), schema.get("items", {})]
    return bool(TELLING & set(schema)) or any(TELLING & set(each) for each in variants)


def test_every_parameter_says_what_it_is_for(document: dict[str, Any]) -> None:
    silent = [
        f"{name} {parameter['name']}"
        for name, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if not is_told(parameter) and not is_told(parameter["schema"])
    ]
    assert silent == []


def test_every_field_has_a_description_or_an_example(document: dict[str, Any]) -> None:
    silent = [
        f"{model}.{field}"
        for model, schema in document["components"]["schemas"].items()
        for field, about in schema.get("properties", {}).items()
        if not is_told(about)
    ]
    assert silent == []


def test_every_failure_is_a_problem(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400 and name != "GET /health":
                content = response["content"]["application/problem+json"]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, name


def test_every_operation_but_the_open_ones_says_which_keys_it_takes(
    document: dict[str, Any],
) -> None:
    is_open = {name for name, operation in operations(document) if "security" not in operation}
    assert is_open == {"GET /health", "GET /explorer"}
    for name, operation in operations(document):
        if name not in is_open:
            assert [*map(list, operation["security"])] == [["ApiKey"], ["Bearer"]], name
            assert {"401", "403", "429"} <= set(operation["responses"]), name


def test_no_query_parameter_can_be_null(document: dict[str, Any]) -> None:
    parameters = [
        parameter
        for _, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    ]
    assert parameters
    assert "null" not in str([parameter["schema"] for parameter in parameters])


def test_the_document_is_the_same_each_time_it_is_asked_for(api_settings: ApiSettings) -> None:
    app = create_app(api_settings)
    assert str(app.openapi()) == str(app.openapi())
