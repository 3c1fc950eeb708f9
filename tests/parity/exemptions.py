"""Golden cases on which Barnacle differs from NanoClaw on purpose: quirk name -> why. One entry per line.

A quirk that is not named here is matched. A name must occur in a golden file (test_exemptions.py).
"""

EXEMPT = {
    "drain_ignores_backoff": "pending work of a failed group waits for its retry time: one retry, not two runs at once",
    "piped_into_task": "a user's message never enters the run of a scheduled task; it waits for a run of its own",
    "running_task_not_deduped": "a task that is running or waiting is not queued a second time",
}
