"""Quirks of NanoClaw on which Barnacle differs on purpose: name -> why. A case is exempt by the name of its quirk only.

A quirk of kind "bug" is repaired; one of kind "surprise" is matched unless its entry here is marked so. The same
behaviour can act in a case that is not marked: then the driver finds by the entry's `condition`, from the case's input
alone, that it acts, and judges the case by NanoClaw's rules with the repair added. A quirk not named here is matched.
"""


class Exemption:
    """`reason`: what Barnacle does instead. `condition`: when it acts in a case that is not marked ("" = only marked
    cases are exempt). `surprise`: it may also stand on cases of that kind."""

    def __init__(self, reason: str, condition: str = "", surprise: bool = False) -> None:
        self.reason = reason
        self.condition = condition
        self.surprise = surprise


EXEMPT = {
    "ascii_word_boundary": Exemption(
        "a trigger ends where a word ends in any script, not only in ASCII: `fixed_matches` is what is answered",
        surprise=True,
    ),
    "container_path_separator": Exemption(
        "a container path with ':' or ',' is refused: it would change the mount argument",
        "a mount's container path holds ':' or ','",
    ),
    "cursor_saved_before_run": Exemption(
        "the cursor moves when a run's outcome is durable: a run that a stop interrupts is tried again",
        "the host is stopped while a run of messages goes on",
    ),
    "dotdot_prefix_name_rejected": Exemption(
        "an entry whose name merely begins with '..' is inside its folder like any other",
        "a mount's path below an allowed root begins with an entry that is called '..something'",
    ),
    "bad_interval_after_run": Exemption(
        "a stored interval that is no number ends the task instead of running it at every poll",
        "the interval of a task that ran is no number",
    ),
    "drain_ignores_backoff": Exemption(
        "pending work of a failed group waits for its retry time: one retry, not two runs at once",
        "messages are pending for a group whose message run has failed and waits for its next try",
        surprise=True,
    ),
    "dst_differs_from_wall_clock": Exemption(
        "local times that exist are never left out, and none is made up: there the wall clock is followed",
        "a recorded run is neither on the wall nor moved by a gap, or one that the wall shows once is left out",
        surprise=True,
    ),
    "dst_not_increasing": Exemption(
        "the next run is always later than the last, and the wall clock shows it",
        "a recorded next run is not later than the one before",
    ),
    "folder_conflict_replaces": Exemption(
        "a folder belongs to one group: taking it with another chat is refused",
        "a group is registered in a folder that a group with another chat has",
    ),
    "folder_not_validated": Exemption(
        "folders are plain names; reserved ones and paths are refused",
        "a group is registered in a folder with other characters than letters, digits, - and _, or a reserved one",
    ),
    "gives_up_silently": Exemption(
        "the group is told when the last try has failed; its messages stay for the next one",
        "a run of messages fails for the sixth time in a row",
    ),
    "global_seen_cursor": Exemption(
        "what was seen is known by arrival: a message with an older time stamp is handed over at once",
        "a message's time stamp is not newer than that of one in another group that was seen before",
    ),
    "hash_random": Exemption(
        "H is chosen from the expression, not at random: the same task keeps its time",
        "the expression has an H",
        surprise=True,
    ),
    "huge_interval_throws": Exemption(
        "an interval beyond the bound is refused with a reason, and the file that asks for it is not set aside",
        "now + interval is beyond the last moment that JavaScript has a date for",
    ),
    "idle_container_keeps_slot": Exemption(
        "a run ends with its answer: an agent that stays for more keeps no slot, and its group's tasks may start",
        "an agent has answered and stays, while other runs wait for its slot or its group",
    ),
    "late_message_lost": Exemption(
        "cursors count arrivals: a message that comes late is handed over like any other",
        "a message's time stamp is older than that of one of its group that was handed over before",
    ),
    "log_after_delete": Exemption(
        "the run of a task that was deleted meanwhile is logged beside NanoClaw's tables",
        "a complete run is logged for a task that does not exist",
    ),
    "loop_limit_garbage": Exemption(
        "a date that never comes is refused instead of stored with a time that does not match",
        "the wall clock never shows what the expression says",
    ),
    "main_can_be_replaced": Exemption(
        "the main group and its chat cannot be registered again",
        "a group is registered with the main group's chat or folder",
    ),
    "nested_skill_dir": Exemption(
        "a skill is copied with all its folders, so the run starts",
        "a skill of the project has a folder in it",
    ),
    "non_string_field": Exemption(
        "a field of the wrong type is refused before anything is stored",
        "a field that has to be a text is a list, an object or true, or an address or name is a number",
        surprise=True,
    ),
    "non_string_prompt_throws": Exemption(
        "a prompt that is no text is refused, and the file that asks for it is not set aside",
        "a task's prompt is an object",
    ),
    "number_to_text": Exemption(
        "a whole number becomes its plain text, without the database's '.0'; as a date it is refused",
        "a task's prompt or value is a number",
        surprise=True,
    ),
    "orphan_task_loops": Exemption(
        "a task without a registered group waits for its group instead of failing at every poll",
        "a task that is due belongs to a folder that no group has",
    ),
    "output_handler_throws": Exemption(
        "a run whose output handler fails still ends, with an error",
        "the handler of a run's output throws, and the container then ends without an error",
    ),
    "piped_into_task": Exemption(
        "a user's message never enters the run of a scheduled task; it waits for a run of its own",
        "a message is sent to a group while a task of it runs in a registered process",
    ),
    "piped_message_lost": Exemption(
        "a message that comes during a run is handed over in a run of its own, when that one has ended",
        "a message wakes its group while a container of the group runs",
    ),
    "prototype_key": Exemption(
        "__proto__ is a key like any other, and no group has it",
        "a task is meant for a chat that is named like a property which every JavaScript object has",
    ),
    "resume_keeps_next_run": Exemption(
        "a completed task is neither paused nor resumed; a due time that has passed follows the missed policy",
        "a completed task is paused or resumed",
    ),
    "running_task_not_deduped": Exemption(
        "a task that is running or waiting is not queued a second time",
        "a task is queued while a run of it goes on",
    ),
    "same_timestamp_lost": Exemption(
        "cursors count arrivals: messages of the same second are all handed over",
        "a message has the time stamp of the last one of its group that was handed over before",
    ),
    "short_expression_accepted": Exemption(
        "an expression needs five fields; with fewer it would run every second",
        "a cron expression has fewer than five fields and is no name such as @daily",
    ),
    "unknown_type_accepted": Exemption(
        "a schedule type other than cron, interval and once is refused",
        "the type of a new task is none of the three",
    ),
    "utf8_split": Exemption(
        "a character that is split between two chunks of output stays whole",
        "a chunk of output ends inside a character",
    ),
}
