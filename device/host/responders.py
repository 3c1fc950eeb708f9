"""Who answers: the agent where there is a language model, else the built-in offline assistant, which says why."""

from device.host.agent import ModelUnusable
from device.host.model_state import NONE, READY


class Responders:
    """A responder (runs.py). `model` is the ModelState; `agent` and `offline` are responders."""

    def __init__(self, model, agent, offline):
        self._model = model
        self._agent = agent
        self._offline = offline

    async def respond(self, run, prompt, messages, api):
        """The reply. With no model configured the offline assistant answers. With one that cannot be used it answers
        what it understands, and tells the state, with the remedy, where it does not."""
        state, _, text = self._model.of(run["folder"])
        if state == NONE:
            return await self._offline.respond(run, prompt, messages, api)
        if state == READY:
            try:
                return await self._agent.respond(run, prompt, messages, api)
            except ModelUnusable as unusable:
                text = str(unusable)
        return await self._offline.respond(run, prompt, messages, api, text)
