"""The port `Model` over the Anthropic SDK: one call, streamed, whole or a classified failure.

Knows nothing of agents, money, retries or files. Importing it does not import the SDK.
"""

from .client import DEFAULT_MODEL, KnownModel, connect, default_model, has_credentials
from .model import STALL_SECONDS, AnthropicModel

__all__ = [
    "DEFAULT_MODEL",
    "STALL_SECONDS",
    "AnthropicModel",
    "KnownModel",
    "connect",
    "default_model",
    "has_credentials",
]
