"""How a message is put together and a failure is named, without any wire."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from fakes.fault_server import PING, block, message_end, message_start, text_block, tool_block
from pilothouse.core.adapters.anthropic_model import AnthropicModel, connect
from pilothouse.core.adapters.anthropic_model.errors import WireError, explain, retry_after_ms
from pilothouse.core.adapters.anthropic_model.stream import MessageBuilder
from pilothouse.core.errors import NoCredentialsError
from pilothouse.core.money import Tokens
from pilothouse.core.outcomes import ModelErrorKind as Kind
from pilothouse.core.outcomes import StopReason
from pilothouse.core.ports import ModelError, Reply, TurnRequest

CREDENTIALS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_FEDERATION_RULE_ID",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
    "ANTHROPIC_BASE_URL",
)


class Heard:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.tokens: list[Tokens] = []

    def text(self, kind: str, delta: str) -> None:
        self.texts.append((kind, delta))

    def used(self, tokens: Tokens) -> None:
        self.tokens.append(tokens)


def built(*events: dict[str, Any], taken: set[str] | None = None) -> tuple[Reply, Heard]:
    """The reply that `events` make."""
    heard = Heard()
    builder = MessageBuilder(heard)
    for event in events:
        builder.feed(event)
    return builder.reply(taken or set()), heard


def test_thinking_text_and_calls_come_together_from_their_pieces() -> None:
    thinking = block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "hm, "},
        {"type": "thinking_delta", "thinking": "yes"},
        {"type": "signature_delta", "signature": "sig"},
    )
    call = tool_block(2, "bash", "", '{"comm', 'and": "ls"}')
    reply, heard = built(message_start(), PING, *thinking, *text_block(1, "a", "b"), *call, *message_end("tool_use"))
    assert reply.content == [
        {"type": "thinking", "thinking": "hm, yes", "signature": "sig"},
        {"type": "text", "text": "ab"},
        {"type": "tool_use", "id": "toolu_1", "name": "bash", "input": {"command": "ls"}},
    ]
    assert [kind for kind, _ in heard.texts] == ["think", "think", "say", "say", "tool", "tool"]


def test_blocks_of_unknown_types_are_kept_as_they_came() -> None:
    redacted = {"type": "redacted_thinking", "data": "abc"}
    strange = {"type": "hologram", "beams": [1, 2]}
    reply, _ = built(message_start(), *block(0, redacted), *block(1, strange), *message_end())
    assert reply.content == [redacted, strange]


def test_server_tools_keep_their_input() -> None:
    start = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    delta = {"type": "input_json_delta", "partial_json": '{"query": "x"}'}
    reply, _ = built(message_start(), *block(0, start, delta), *message_end("pause_turn"))
    assert reply.content == [{**start, "input": {"query": "x"}}]
    assert reply.stop_reason is StopReason.PAUSE_TURN


def test_citations_stay_with_their_text() -> None:
    start: dict[str, Any] = {"type": "text", "text": "", "citations": None}
    deltas: list[dict[str, Any]] = [
        {"type": "text_delta", "text": "so"},
        {"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "so"}},
    ]
    reply, _ = built(message_start(), *block(0, start, *deltas), *message_end())
    assert reply.content[0]["citations"] == [{"type": "char_location", "cited_text": "so"}]


def test_empty_text_is_left_out_since_the_api_does_not_take_it_back() -> None:
    reply, _ = built(message_start(), *text_block(0), *text_block(1, "x"), *message_end())
    assert reply.content == [{"type": "text", "text": "x"}]


def test_a_call_without_arguments_has_an_empty_input() -> None:
    reply, _ = built(message_start(), *tool_block(0, "check_agents", ""), *message_end("tool_use"))
    assert reply.content[0]["input"] == {}


@pytest.mark.parametrize("pieces", [(), ("",), ('{"command": "rm -r',)])
def test_a_call_cut_by_the_token_limit_is_dropped(pieces: tuple[str, ...]) -> None:
    whole = tool_block(0, "bash", '{"command": "ls"}')
    cut = tool_block(1, "bash", *pieces, call_id="toolu_2")
    for events in (cut, cut[:-1]):
        reply, _ = built(message_start(), *whole, *events, *message_end("max_tokens"))
        assert [one["id"] for one in reply.content] == ["toolu_1"]


@pytest.mark.parametrize("text", ['{"command": "l', "[1]", "3", '"ls"', "null"])
def test_a_call_that_is_to_run_must_have_an_object_as_input(text: str) -> None:
    with pytest.raises(WireError) as caught:
        built(message_start(), *tool_block(0, "bash", text), *message_end("tool_use"))
    assert caught.value.kind is Kind.MALFORMED


@pytest.mark.parametrize("field", ["id", "name"])
def test_a_call_needs_an_id_and_a_name(field: str) -> None:
    events = tool_block(0, "bash", "{}")
    del events[0]["content_block"][field]
    with pytest.raises(WireError):
        built(message_start(), *events, *message_end("tool_use"))


def test_ids_that_a_simple_server_repeats_are_made_unique() -> None:
    events = [*tool_block(0, "bash", "{}"), *tool_block(1, "bash", "{}")]
    reply, _ = built(message_start(), *events, *message_end("tool_use"), taken={"toolu_1"})
    assert [one["id"] for one in reply.content] == ["toolu_1_2", "toolu_1_3"]


def test_usage_is_cumulative_and_a_zero_takes_nothing_back() -> None:
    start = message_start(input_tokens=3, cache_read_input_tokens=90, cache_creation_input_tokens=7, output_tokens=1)
    end = message_end(output_tokens=40, input_tokens=0, cache_read_input_tokens=None)
    reply, heard = built(start, *text_block(0, "x"), *end)
    assert reply.tokens == Tokens(input=3, output=40, cache_read=90, cache_write=7)
    assert heard.tokens == [Tokens(input=3, output=1, cache_read=90, cache_write=7), reply.tokens]


def test_usage_may_be_missing_or_odd() -> None:
    for usage in (None, {}, {"input_tokens": None}, {"output_tokens": "many"}):
        start = {"type": "message_start", "message": {"usage": usage}}
        reply, _ = built(start, *text_block(0, "x"), {**message_end()[0], "usage": None}, message_end()[1])
        assert reply.tokens == Tokens()


def test_pings_and_empty_deltas_are_no_progress() -> None:
    builder = MessageBuilder(Heard())
    assert builder.feed(message_start())
    assert builder.feed(text_block(0, "x")[0])
    assert not builder.feed(PING)
    assert not builder.feed(text_block(0, "")[1])
    assert builder.feed(text_block(0, "x")[1])


@pytest.mark.parametrize("stop", range(1, 6))
def test_a_message_cut_anywhere_is_incomplete(stop: int) -> None:
    events = [message_start(), *text_block(0, "x"), *message_end()]
    with pytest.raises(WireError) as caught:
        built(*events[:stop])
    assert caught.value.kind is Kind.INCOMPLETE


def test_retry_after_is_read_in_all_its_forms() -> None:
    now = 1_790_000_000.0
    assert retry_after_ms({"retry-after": "2"}) == 2_000
    assert retry_after_ms({"retry-after": "-1"}) == 0
    assert retry_after_ms({"retry-after": "nan"}) is None
    assert retry_after_ms({"retry-after": "86400"}) == 86_400_000
    assert retry_after_ms({"retry-after-ms": "250", "retry-after": "9"}) == 250
    assert retry_after_ms({"retry-after": "Mon, 21 Sep 2026 14:13:30 GMT"}, now) == 10_000
    assert retry_after_ms({"retry-after": "Mon, 21 Sep 2020 14:13:30 GMT"}, now) == 0
    assert retry_after_ms({}) is None


def anyio_error() -> Exception:
    import anyio

    return anyio.BrokenResourceError("gone")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionResetError(104, "reset"), Kind.CONNECTION),
        (BrokenPipeError(), Kind.CONNECTION),
        (EOFError(), Kind.CONNECTION),
        (ExceptionGroup("all", [OSError("x")]), Kind.CONNECTION),
        (anyio_error(), Kind.CONNECTION),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), Kind.MALFORMED),
        (NoCredentialsError("no key"), Kind.AUTHENTICATION),
        (RuntimeError("what?"), Kind.UNKNOWN),
        (ZeroDivisionError(), Kind.UNKNOWN),
    ],
)
def test_anything_raised_has_a_kind_and_a_sentence(error: Exception, kind: Kind) -> None:
    failure = explain(error, tokens=None, text_bytes=0)
    assert (failure.kind, str(failure)) == (kind, failure.message)
    assert failure.message


async def test_a_missing_key_is_a_failure_of_its_own_kind() -> None:
    def make() -> Any:
        raise NoCredentialsError("there is no key")

    model = AnthropicModel(make)
    request = TurnRequest(model="m", max_tokens=1, system="", messages=[], tools=[])
    with pytest.raises(ModelError) as caught:
        await model.take_turn(request, Heard())
    assert (caught.value.kind, caught.value.reached) == (Kind.AUTHENTICATION, False)


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> pytest.MonkeyPatch:
    """An environment that offers none."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("ANTHROPIC_CONFIG_DIR", raising=False)
    return monkeypatch


def test_without_credentials_the_ways_to_give_them_are_named(no_credentials: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoCredentialsError, match=r"ANTHROPIC_API_KEY.*ANTHROPIC_PROFILE.*pilothouse demo"):
        connect()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANTHROPIC_API_KEY", "k"),
        ("ANTHROPIC_AUTH_TOKEN", "t"),
        ("ANTHROPIC_CUSTOM_HEADERS", "x-api-key: k"),
    ],
)
async def test_the_sdk_decides_what_counts_as_credentials(
    name: str, value: str, no_credentials: pytest.MonkeyPatch
) -> None:
    no_credentials.setenv(name, value)
    await connect(pooled=False).close()


def test_a_profile_that_does_not_exist_is_explained(no_credentials: pytest.MonkeyPatch) -> None:
    no_credentials.setenv("ANTHROPIC_PROFILE", "nobody")
    with pytest.raises(NoCredentialsError, match="nobody"):
        connect()


async def test_the_client_goes_where_the_sdk_is_told_and_never_retries(no_credentials: pytest.MonkeyPatch) -> None:
    no_credentials.setenv("ANTHROPIC_API_KEY", "k")
    no_credentials.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    client = connect()
    assert (str(client.base_url).rstrip("/"), client.max_retries) == ("http://127.0.0.1:9", 0)
    await client.close()


def test_importing_the_adapter_does_not_import_the_sdk() -> None:
    code = "import sys, pilothouse.core.adapters.anthropic_model, pilothouse.core.adapters.prices; "
    code += "sys.exit(any(name in sys.modules for name in ('anthropic', 'httpx2', 'genai_prices', 'aiohttp')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
