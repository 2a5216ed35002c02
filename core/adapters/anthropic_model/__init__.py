"""The port `Model` over the Anthropic SDK: one call, streamed, whole or a classified failure.

Knows nothing of agents, money, retries or files. Importing it does not import the SDK.
"""

from .client import KnownModel, connect
from .model import STALL_SECONDS, AnthropicModel

__all__ = [
    "STALL_SECONDS",
    "AnthropicModel",
    "KnownModel",
    "connect",
]
