"""Golden cases on which Barnacle differs from NanoClaw on purpose: name -> why. One entry per line.

A name is that of a quirk, or the id of a case that is not marked with one. A quirk that is not named here is matched.
Every name must occur in a golden file (test_exemptions.py).
"""

EXEMPT = {
    "bad_interval_after_run": "a stored interval that is no number ends the task instead of running it at every poll",
    "drain_ignores_backoff": "pending work of a failed group waits for its retry time: one retry, not two runs at once",
    "dst_differs_from_wall_clock": "local times that exist are never left out (cases: test_golden_schedule.py)",
    "dst_not_increasing": "the next run is always later than the last, and matches its expression",
    "folder_conflict_replaces": "a folder belongs to one group: taking it a second time is refused",
    "folder_not_validated": "folders are plain names; reserved ones and paths are refused",
    "hash_random": "H is chosen from the expression, not at random: the same task keeps its time",
    "huge_interval_throws": "an interval beyond the bound is refused with a reason",
    "ipc-277-reg-existing-jid": "a chat keeps its group: a second folder would orphan the first one's tasks",
    "ipc-332-msg-object-text": "an object is no text: refused instead of sending '[object Object]'",
    "ipc-333-msg-object-text": "an object is no text: refused instead of sending '[object Object]'",
    "ipc-335-msg-array-text": "a list is no text: refused instead of joining it with commas",
    "ipc-385-task-huge": "huge_interval_throws acts here unmarked: the file is refused, not set aside as unreadable",
    "loop_limit_garbage": "a date that never comes is refused instead of stored with a time that does not match",
    "main_can_be_replaced": "the main group's chat cannot be registered under another folder",
    "non_string_field": "a field of the wrong type is refused before anything is stored",
    "non_string_prompt_throws": "a prompt that is no text is refused",
    "number_to_text": "a whole number becomes its plain text, without the database's '.0'; as a date it is refused",
    "piped_into_task": "a user's message never enters the run of a scheduled task; it waits for a run of its own",
    "prototype_key": "__proto__ is a key like any other, and no group has it",
    "resume_keeps_next_run": "a completed task is not resumed; a due time that has passed follows the missed policy",
    "running_task_not_deduped": "a task that is running or waiting is not queued a second time",
    "seconds_field": "one marked case repeats the same instant across Lord Howe's fold; see test_golden_schedule.py",
    "short_expression_accepted": "an expression needs five fields; with fewer it would run every second",
    "unknown_type_accepted": "a schedule type other than cron, interval and once is refused",
}
