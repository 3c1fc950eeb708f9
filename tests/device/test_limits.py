"""Every bound of the device has a test that goes beyond it: this is the list, and the check that it is whole."""

import ast
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from device import box, provision
from device.host import limits
from device.host.clock import ManualClock

ROOT = Path(__file__).resolve().parents[2]
LIMITS = ROOT / "device" / "host" / "limits.py"
HERE = "tests/device/"

# constant -> test that goes beyond it (file below tests/device/, function)
BEYOND = {
    "GROUPS": "host/test_commands.py::test_the_number_of_groups_is_bounded",
    "MESSAGE_BYTES": "host/test_host.py::test_malformed_and_too_large_messages_are_refused",
    "TEXT_ENCODED_BYTES": "host/test_limits.py::test_a_text_that_grows_beyond_its_bound_in_json_is_refused_or_cut",
    "RING_MESSAGES": "host/test_state.py::test_a_ring_drops_its_oldest_settled_messages",
    "RING_BYTES": "host/test_state.py::test_all_rings_together_are_bounded_in_bytes",
    "NAME_BYTES": "host/test_groups.py::test_names_are_bounded_in_bytes_not_characters",
    "ID_BYTES": "host/test_groups.py::test_names_are_bounded_in_bytes_not_characters",
    "TASKS": "host/test_commands.py::test_the_number_of_tasks_is_bounded",
    "PROMPT_BYTES": "host/test_commands.py::test_tasks_are_checked_before_they_are_taken",
    "PROMPT_ENCODED_BYTES": "host/test_limits.py::test_a_prompt_that_grows_beyond_its_bound_in_json_is_refused",
    "LATE_MS": "host/test_limits.py::test_a_due_time_missed_by_more_than_late_is_reported_and_one_within_runs",
    "SLEEP_MAX_MS": "host/test_limits.py::test_the_scheduler_never_sleeps_longer_than_its_bound",
    "VALUE_BYTES": "host/test_schedule.py::test_unknown_kinds_and_oversized_values_are_refused",
    "INTERVAL_MIN_MS": "host/test_limits.py::test_an_interval_below_the_least_is_refused",
    "INTERVAL_MAX_MS": "host/test_schedule.py::test_bad_intervals_are_refused",
    "SLOTS": "host/test_dispatch_control.py::test_slots_outside_the_bounds_are_refused",
    "SLOTS_DEFAULT": "host/test_limits.py::test_without_a_setting_no_more_runs_go_on_than_the_default",
    "MAILBOX_MESSAGES": "host/test_host.py::test_a_full_mailbox_of_waiting_work_refuses_with_a_reason",
    "MAILBOX_TASKS": "host/test_dispatch_control.py::test_the_mailbox_of_tasks_is_bounded_and_says_so",
    "RETRIES": "host/test_runs.py::test_when_all_tries_fail_the_group_is_told_and_the_next_message_tries_again",
    "RETRY_BASE_MS": "host/test_runs.py::test_when_all_tries_fail_the_group_is_told_and_the_next_message_tries_again",
    "RUN_LOG": "host/test_state.py::test_the_run_log_drops_ended_runs_only",
    "AUDIT_RING": "host/test_state.py::test_the_audit_ring_keeps_the_newest",
    "WITNESSES": "host/test_witness.py::test_only_the_last_heads_are_kept",
    "RESULT_BYTES": "host/test_limits.py::test_results_and_reasons_are_cut_to_what_a_record_keeps",
    "AGENT_ROUNDS": "host/test_agent.py::test_an_endless_loop_of_tools_ends_with_what_was_said_and_a_marker",
    "AGENT_MS": "host/test_agent.py::test_a_run_beyond_its_wall_time_is_told_to_finish",
    "AGENT_CALL_MS": "host/test_agent.py::test_a_call_of_the_model_asks_for_no_more_time_and_tokens_than_its_bounds",
    "AGENT_TOKENS": "host/test_agent.py::test_a_call_of_the_model_asks_for_no_more_time_and_tokens_than_its_bounds",
    "AGENT_TEXT_BYTES": "host/test_model_call.py::test_text_is_put_together_and_cut_at_its_bound",
    "MODEL_TEXT_BYTES": "host/test_responders.py::test_the_words_of_a_state_are_bounded",
    "CONVERSATION_BYTES": "host/test_conversation.py::"
    "test_the_conversation_keeps_to_its_bytes_with_the_newest_first_also_when_escapes_make_it_grow",
    "CONVERSATION_KEPT_BYTES": "host/test_conversation.py::test_there_is_nothing_to_summarise_while_it_fits",
    "CONVERSATION_MESSAGES": "host/test_conversation.py::test_there_is_nothing_to_summarise_while_it_fits",
    "SUMMARY_BYTES": "host/test_conversation.py::"
    "test_before_its_ring_drops_them_old_messages_are_summarised_and_the_summary_lasts",
    "NOTE_BYTES": "host/test_note_commands.py::test_notes_are_bounded_plain_and_in_json_and_what_is_appended_counts",
    "NOTES_BYTES": "host/test_note_commands.py::test_all_notes_together_are_bounded_and_may_always_be_shortened",
    "NOTE_ENCODED_BYTES": "host/test_note_commands.py::"
    "test_notes_are_bounded_plain_and_in_json_and_what_is_appended_counts",
    "TOOL_CALLS": "host/test_tools.py::test_odd_ids_items_and_too_many_calls_are_sorted_out",
    "TOOL_ARGS_BYTES": "host/test_model_call.py::test_arguments_are_bounded_in_bytes_and_depth",
    "TOOL_DEPTH": "host/test_model_call.py::test_arguments_are_bounded_in_bytes_and_depth",
    "TOOL_RESULT_BYTES": "host/test_tools.py::test_results_are_bounded_and_old_ones_give_way",
    "TOOL_WORK_BYTES": "host/test_tools.py::test_results_are_bounded_and_old_ones_give_way",
    "SHOWN_BYTES": "host/test_tools.py::test_a_text_is_shown_on_the_screen_for_its_time",
    "SHOWN_MS": "host/test_tools.py::test_a_text_is_shown_on_the_screen_for_its_time",
    "ENVELOPE_BYTES": "host/test_envelope.py::test_the_size_is_bounded_both_ways",
    "ENVELOPE_ID_BYTES": "host/test_limits.py::test_an_envelope_id_beyond_its_bound_is_refused",
    "JSON_DEPTH": "host/test_envelope.py::test_the_depth_is_bounded_both_ways",
    "SPOOL_RECORDS": "host/test_store.py::test_the_spool_is_bounded_in_records",
    "SPOOL_BYTES": "host/test_store.py::test_the_spool_is_bounded_in_bytes",
    "COMMAND_RESULTS": "host/test_state.py::test_command_results_are_bounded_in_number_and_bytes",
    "COMMAND_RESULT_BYTES": "host/test_state.py::test_command_results_are_bounded_in_number_and_bytes",
    "COMMAND_RECORDS": "host/test_limits.py::test_a_command_waits_when_its_records_would_not_fit",
    "COMMAND_BYTES": "host/test_limits.py::test_a_command_waits_when_its_records_would_not_fit",
    "IMPORT_MESSAGES": "host/test_import_commands.py::test_what_comes_in_one_command_is_bounded",
    "GARBAGE_BYTES": "host/test_limits.py::test_garbage_is_collected_before_it_has_grown_beyond_its_bound",
    "QUEUE_NEWS_MS": "host/test_host.py::test_the_queue_is_told_at_most_four_times_a_second",
    "HEALTH_MS": "host/test_host.py::test_health_is_told_on_connection_and_every_half_minute",
    "HEALTH_AGAIN_MS": "host/test_host.py::test_what_a_host_hears_first_is_told_once_more_when_it_listens",
    "TEXT_NEWS_MS": "host/test_limits.py::test_a_growing_text_is_told_no_more_often_than_its_bound",
    "RESTART_MS": "host/test_limits.py::"
    "test_a_part_that_fails_again_and_again_is_restarted_ever_more_rarely_up_to_a_bound",
    "RESTART_MAX_MS": "host/test_limits.py::"
    "test_a_part_that_fails_again_and_again_is_restarted_ever_more_rarely_up_to_a_bound",
    "REBOOT_AFTER_MS": "host/test_limits.py::test_a_reboot_waits_until_its_answer_has_left",
    "PROVISION_BYTES": "test_limits.py::test_a_provision_file_beyond_its_bound_is_refused",
    "CLOCK_UNSET_MS": "host/test_limits.py::test_a_clock_before_the_bound_was_never_set",
    "CLOCK_STEP_MS": "host/test_limits.py::test_a_small_step_of_the_clock_is_taken_quietly_and_a_larger_one_audited",
    "ASKS": "host/test_asks.py::test_attack_a_flood_of_asks_is_bounded",
    "ASKS_PER_RUN": "host/test_asks.py::test_attack_a_run_that_asks_again_and_again_is_stopped",
    "ASKS_KEPT": "host/test_asks.py::test_texts_are_cut_and_few_ended_asks_are_kept",
    "ASK_MS": "host/test_asks.py::test_nobody_answering_in_time_is_a_no_by_the_clock_that_only_runs",
    "ASK_TEXT_BYTES": "host/test_asks.py::test_texts_are_cut_and_few_ended_asks_are_kept",
    "ASK_OVERRIDE_MINUTES": "host/test_asks.py::test_fifteen_minutes_open_the_same_request_and_no_other",
    "OVERRIDES": "host/test_overrides.py::test_the_number_of_overrides_is_bounded",
    "OVERRIDE_MINUTES": "host/test_overrides.py::test_attack_an_override_that_is_too_long_is_refused",
    "OVERRIDE_PACE_MS": "host/test_overrides.py::test_what_is_left_is_written_down_at_its_pace_and_not_sent",
    "METHODS": "host/test_overrides.py::test_other_wrong_wishes_are_refused",
    "RECORD_BYTES": "host/test_journal.py::test_a_record_beyond_the_bound_is_refused",
    "PENDING_RECORDS": "host/test_store.py::test_while_the_storage_refuses_only_so_much_is_taken",
    "WRITE_BUFFER_BYTES": "host/test_limits.py::test_the_write_buffer_is_no_larger_than_its_bound_whatever_is_written",
    "SEGMENT_BYTES": "host/test_journal.py::test_segments_are_closed_when_they_have_grown",
    "SEGMENTS": "host/test_journal.py::test_many_small_segments_want_a_snapshot_too",
    "COMPACT_BYTES": "host/test_journal.py::test_a_snapshot_is_wanted_by_size_and_amplification_stays_low",
    "DROP_MS": "host/test_limits.py::test_old_files_go_no_faster_than_one_in_its_time",
    "COMPACT_MOST_BYTES": "host/test_limits.py::"
    "test_however_large_the_state_a_snapshot_is_due_when_the_log_reaches_its_most",
    "MESSAGE_OVERHEAD_BYTES": "host/test_state.py::test_all_rings_together_are_bounded_in_bytes",
    "RECENT_IDS": "host/test_state.py::test_a_known_message_is_known_after_its_ring_dropped_it",
    "RUN_RESERVE_RECORDS": "host/test_store.py::test_a_run_waits_for_room_and_is_promised_it",
    "RUN_RESERVE_BYTES": "host/test_limits.py::test_a_run_waits_until_the_bytes_of_its_outcome_are_sure_to_fit",
    "AUDIT_RESERVE_RECORDS": "host/test_limits.py::test_a_spool_without_room_for_new_work_still_has_room_to_say_so",
    "AUDIT_RESERVE_BYTES": "host/test_limits.py::test_a_spool_without_room_for_new_work_still_has_room_to_say_so",
    "MQTT_TOPIC_BYTES": "host/test_mqtt.py::test_oversize_packets_are_drained_acknowledged_and_counted",
    "MQTT_IN_FLIGHT": "host/test_mqtt.py::test_it_publishes_and_bounds_what_is_unacknowledged",
    "MQTT_OUT_PACKETS": "host/test_limits.py::test_a_socket_that_takes_nothing_holds_publishers_back",
    "MQTT_KEEPALIVE_S": "host/test_mqtt.py::test_a_quiet_connection_is_kept_alive",
    "MQTT_ANSWER_MS": "host/test_mqtt.py::test_a_half_open_connection_is_found_out",
    "MQTT_RETRY_MS": "host/test_limits.py::test_an_absent_broker_is_asked_ever_more_rarely_up_to_a_bound",
    "MQTT_RETRY_MAX_MS": "host/test_limits.py::test_an_absent_broker_is_asked_ever_more_rarely_up_to_a_bound",
    "MQTT_REFUSED_MS": "host/test_limits.py::test_refused_credentials_wait_for_their_own_time",
    "MQTT_STABLE_MS": "host/test_limits.py::test_a_connection_that_lasted_starts_the_pauses_anew",
    "LINK_WINDOW": "host/test_link.py::test_no_more_than_the_window_is_in_flight",
    "LINK_UNSETTLED": "host/test_link.py::test_what_is_received_and_not_durable_is_bounded",
    "LINK_BATCH": "host/test_link.py::test_no_more_than_the_window_is_in_flight",
    "LINK_ACK_EVERY": "host/test_link.py::"
    "test_an_acknowledgement_follows_within_its_delay_and_rides_on_whatever_goes_anyway",
    "LINK_ACK_DELAY_MS": "host/test_link.py::"
    "test_an_acknowledgement_follows_within_its_delay_and_rides_on_whatever_goes_anyway",
    "LINK_ACK_TIMEOUT_MS": "host/test_link.py::test_a_delay_past_the_time_out_costs_time_only",
    "LINK_HELD_MS": "host/test_link.py::test_a_lost_word_about_room_costs_time_only",
    "LINK_FAILED_MS": "host/test_link.py::"
    "test_a_commit_that_fails_in_mid_stream_rolls_back_and_is_audited_once_per_spell",
    "LINK_FAILED_MAX_MS": "host/test_link.py::"
    "test_a_commit_that_fails_in_mid_stream_rolls_back_and_is_audited_once_per_spell",
    "LINK_ALIVE_MS": "host/test_link.py::test_a_host_that_dies_without_a_word_is_missed_within_45_seconds",
    "LINK_HELLO_MIN_MS": "host/test_link.py::test_a_flood_of_replayed_hellos_neither_ends_the_session_nor_floods_back",
    "LINK_HELLO_RETRY_MS": "host/test_link.py::test_an_absent_peer_is_asked_ever_more_rarely_and_sent_no_records",
    "LINK_HELLO_MAX_MS": "host/test_link.py::test_an_absent_peer_is_asked_ever_more_rarely_and_sent_no_records",
    "LINK_RESEND_MIN_MS": "host/test_link.py::test_a_flood_of_replayed_hellos_neither_ends_the_session_nor_floods_back",
    "LINK_SERVICE": "host/test_link_service.py::test_who_has_more_than_fits_waits_for_room",
    "LINK_SERVICE_TURN": "host/test_link_service.py::test_neither_records_nor_calls_starve_the_other",
    "CALL_BEGUN_MS": "host/test_calls.py::test_a_laptop_that_does_not_say_that_it_has_begun_is_given_up_soon",
    "CALLS": "host/test_calls.py::test_no_more_calls_at_a_time_than_the_bound",
    "CALL_BYTES": "host/test_calls.py::test_a_request_or_an_answer_beyond_the_bound_is_refused",
    "CALL_PART_BYTES": "host/test_calls.py::test_what_is_larger_than_an_envelope_goes_in_parts_that_fit_one",
    "CALL_PIECE_BYTES": "host/test_calls.py::test_attack_parts_without_end_that_weigh_nothing_are_stopped",
    "CALL_ITEMS": "host/test_calls.py::test_attack_items_that_weigh_little_are_counted",
    "CALL_WINDOW_BYTES": "host/test_calls.py::test_a_laptop_that_ignores_the_window_is_stopped",
    "CALL_DEPTH": "host/test_calls.py::test_what_json_cannot_carry_is_refused_before_it_is_sent",
    "CALL_ID_CHARS": "host/test_calls.py::test_hostile_parts_end_their_call_and_never_raise",
    "CALL_TEXT_CHARS": "host/test_calls.py::"
    "test_a_failure_of_the_service_comes_with_its_words_and_after_what_came_before",
    "LINK_TELEMETRY": "host/test_link.py::test_telemetry_goes_when_live_and_is_thinned_not_queued",
    "LINK_REJECT_AUDIT_MS": "host/test_link.py::"
    "test_forged_edited_and_oversize_envelopes_are_counted_and_audited_sparingly",
    "URL_BYTES": "host/test_url.py::test_a_long_url_is_refused_beyond_its_bound",
    "EGRESS_RULES": "host/test_egress_rules.py::test_the_number_and_size_of_rules_is_bounded",
    "EGRESS_BYTES": "host/test_egress_rules.py::test_the_number_and_size_of_rules_is_bounded",
    "EGRESS_VALUES": "host/test_egress_rules.py::test_the_lists_and_texts_of_a_rule_are_bounded",
    "EGRESS_PATH_BYTES": "host/test_egress_rules.py::test_the_lists_and_texts_of_a_rule_are_bounded",
    "EGRESS_NOTE_BYTES": "host/test_egress_rules.py::test_the_lists_and_texts_of_a_rule_are_bounded",
    "VIEW_QUIET_MS": "ui/test_view.py::test_changes_close_together_are_shown_together",
    "VIEW_LATEST_MS": "ui/test_view.py::test_a_host_that_never_rests_is_shown_now_and_then",
    "VIEW_REST_MS": "ui/test_view.py::test_two_pictures_are_a_rest_apart",
    "SCREEN_FAULT_MS": "test_limits.py::test_faults_of_the_screen_are_audited_no_more_often_than_their_bound",
    "LINKING_MS": "ui/test_view.py::test_a_lost_host_is_linking_again_and_then_back",
    "PLAIN_TEXTS": "ui/test_glyphs.py::test_few_plain_texts_are_kept_however_many_are_shown",
    "SHOWN_CHARS": "ui/test_glyphs.py::test_text_beyond_the_bound_is_not_looked_at",
    "NEXT_SHOWN": "ui/test_state.py::test_lists_and_texts_beyond_their_bounds_are_cut",
    "WAITING_SHOWN": "ui/test_state.py::test_lists_and_texts_beyond_their_bounds_are_cut",
    "TOUCHES": "ui/test_lv_loop.py::test_taps_beyond_the_bound_are_dropped",
    "TOUCH_MS": "ui/test_screen_port.py::test_values_beyond_the_glass_and_the_bounds_are_refused",
    "STILL_MS": "ui/test_lv_loop.py::test_the_screen_stands_still_for_a_shot_and_goes_on_by_itself_in_time",
    "TILE_ROWS": "ui/test_capture.py::test_a_tile_is_no_larger_than_an_envelope",
}


# bounds whose test sees the effect, or goes far beyond the value, without naming it
BY_EFFECT = {
    "HEALTH_MS",
    "LINK_ACK_EVERY",
    "LINK_BATCH",
    "LINK_FAILED_MAX_MS",
    "LINK_HELLO_MAX_MS",
    "LINK_HELLO_RETRY_MS",
    "LINK_RESEND_MIN_MS",
    "MQTT_KEEPALIVE_S",
    "MQTT_TOPIC_BYTES",
    "QUEUE_NEWS_MS",
    "TILE_ROWS",
}


def constants() -> set[str]:
    """The names that limits.py gives a value."""
    tree = ast.parse(LIMITS.read_text())
    targets = [node.targets[0] for node in tree.body if isinstance(node, ast.Assign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def functions(path: Path) -> dict[str, ast.AST]:
    """The test functions of a file by name."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)}


def names_in(function: ast.AST) -> set[str]:
    """Every name, attribute and keyword in a function."""
    nodes = list(ast.walk(function))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return names | attributes | {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}


def test_every_bound_has_a_test_that_goes_beyond_it() -> None:
    assert constants() - set(BEYOND) == set(), "bounds without a test"
    assert set(BEYOND) - constants() == set(), "tests of bounds that are gone"


def test_the_tests_of_the_bounds_exist_and_name_their_bound() -> None:
    missing, unnamed = [], set()
    for name, where in BEYOND.items():
        file, function = where.split("::")
        found = functions(ROOT / HERE / file).get(function)
        if found is None:
            missing.append(f"{name}: {where}")
        elif name not in names_in(found):
            unnamed.add(name)
    assert missing == []
    assert unnamed == BY_EFFECT, "tests that do not name their bound"


def test_a_provision_file_beyond_its_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "provision.json"
    facts = {"device": "d", "key": "00", "assistant": "B", "mqtt": {}}
    for filler, fits in ((100, True), (limits.PROVISION_BYTES, False)):
        path.write_text(json.dumps(dict(facts, filler="x" * filler)))
        path.chmod(0o600)
        if fits:
            assert provision.read(str(path))["device"] == "d"
            continue
        with pytest.raises(provision.ProvisionError, match="is not JSON"):
            provision.read(str(path))


def test_faults_of_the_screen_are_audited_no_more_often_than_their_bound() -> None:
    noted: list[str] = []
    clock = ManualClock()
    faulty = box.Box.__new__(box.Box)
    faulty.clock = clock
    faulty.ui = None
    faulty.host = SimpleNamespace(note=lambda what, detail: noted.append(what))  # pyright: ignore
    faulty._fault_news_at = 0
    for at_ms, expected in ((0, 1), (limits.SCREEN_FAULT_MS - 1, 1), (limits.SCREEN_FAULT_MS, 2)):
        clock._move_to(at_ms)
        faulty._screen_fault("draw", ValueError("x"))
        assert len(noted) == expected
