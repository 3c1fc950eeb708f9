"""What waits for one group, and what runs for it: plain data that only Dispatch changes."""


class Mailbox:
    """One group's share of the queue."""

    def __init__(self, folder):
        self.folder = folder
        self.tasks = []  # ids of due tasks, at most MAILBOX_TASKS
        self.messages = False  # whether there are messages to hand over
        self.kind = None  # of the running run: "messages", "task" or None
        self.task = None  # id of the running task
        self.retries = 0  # failed tries in a row
        self.retry_at_ms = None
        self.retry_order = 0
        self.paused = False
        self.removed = False

    def has_task(self, task_id):
        """Whether the task waits or runs."""
        return task_id in self.tasks or (self.kind == "task" and self.task == task_id)

    def clear(self):
        """Forget everything but the running run, which will not be retried."""
        self.tasks = []
        self.messages = self.paused = False
        self.retries = 0
        self.retry_at_ms = None
        self.removed = True

    def is_idle(self):
        """Whether nothing is worth remembering."""
        nothing_waits = not self.tasks and not self.messages and self.retry_at_ms is None
        return nothing_waits and self.kind is None and not self.paused
