"""The responder that needs no model: the offline assistant answers every message that was meant for it."""

from device.host import assistant


class OfflineResponder:
    """Labelled as what it is: it knows groups, queues and schedules, and says so when asked for more."""

    def __init__(self):
        self._assistant = assistant.OfflineAssistant()

    async def respond(self, run, prompt, messages, api, why_no_model=None):
        """The reply text; a task is answered from its prompt. `why_no_model` is told in place of "none is configured",
        where a model is."""
        folder = run["folder"]
        if messages is None:
            said = self._assistant.answer_task(prompt, api.view, api.perform, api.now_ms, api.zone, folder)
            reminds = why_no_model is not None and said.startswith(assistant.REMINDER)
            return "%s\n\n(%s)" % (said, why_no_model) if reminds else said
        trigger = api.view.groups[folder]["trigger"]
        reply = self._assistant.answer(
            messages, api.view, api.perform, api.now_ms, api.zone, folder, trigger, why_no_model
        )
        api.say(reply)
        return reply
