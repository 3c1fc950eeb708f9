"""What one kind of model server's protocol is made of: `anthropic.API` and `openai.API` are the two."""

from typing import Any, Protocol

from app.host.inference.answer import Answer, Item
from app.host.inference.model_request import ModelRequest
from app.host.inference.sse import SseEvent
from app.host.models_settings import ModelSettings


class Reader(Protocol):
    """Reads the events of one answer."""

    answer: Answer
    complete: bool
    """True once the server has said that the answer is over."""

    def take(self, event: SseEvent) -> list[Item] | None:
        """Items to send on, [] for an event without any, None for a mere sign of life. Raises ModelError for an error
        that the server reports, ValueError for what cannot be understood."""
        ...

    def ended(self) -> bool:
        """The connection ended: whether the answer may count as complete."""
        ...


class ModelApi(Protocol):
    """How requests look and how answers are read."""

    path: str
    """Below the model's url."""
    headers: dict[str, str]

    def body(self, request: ModelRequest, model: ModelSettings) -> dict[str, Any]:
        """The JSON of a streaming request."""
        ...

    def reader(self) -> Reader:
        """For one answer."""
        ...


def allowed_tokens(request: ModelRequest, model: ModelSettings) -> int:
    """The smaller of what is asked for and what the settings allow."""
    return min(request.max_tokens or model.max_tokens, model.max_tokens)
