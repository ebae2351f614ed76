"""The relay, the rules, and writes to inverter and battery: promises 1 to 16."""

from tools.promised.row import CONTRACT, FAULTS, GATEWAY, KIT, RELAY, SITE, Promise

HOUSE: tuple[Promise, ...] = (
    Promise(
        1,
        "Rules dead, link lost or broker gone: the contactor connects within 30 s of its last good lease; "
        "relay process dead or computer hung: within what its driver's hardware timer says.",
        (
            f"{RELAY}/test_relay_lease.py::test_open_until_thirty_seconds_after_its_own_issue_time",
            f"{RELAY}/test_relay_loop.py::test_a_frozen_process_is_ended_by_the_board_within_the_lease",
            f"{RELAY}/test_relay_loop.py::test_without_a_broker_it_goes_back_to_the_grid_by_itself",
            f"{RELAY}/test_relay_board.py::test_the_board_itself_ends_what_is_not_refreshed",
            f"{FAULTS}/test_lease_processes.py::test_rules_that_hang_or_die",
            f"{FAULTS}/test_lease_processes.py::test_a_dead_broker",
            f"{FAULTS}/test_lease_namespaces.py::test_the_house_is_back_on_the_grid_whatever_dies",
        ),
        "lease_never_ends",
        (f"{RELAY}/test_relay_lease.py::test_open_until_thirty_seconds_after_its_own_issue_time",),
        (("the Pi's plug pulled", "`gridward relay drill site.yaml` on the contactor's computer"),),
    ),
    Promise(
        2,
        "Being islanded is a lease: renewed by the rules alone, each number once, on the relay's own clock.",
        (
            f"{FAULTS}/test_lease_machine.py::test_the_lease_holds",
            f"{RELAY}/test_relay_lease.py::test_never_open_without_a_pair_issued_within_its_length",
            f"{RELAY}/test_relay_lease.py::test_late_by_itself_also_after_many_issues",
            f"{RELAY}/test_relay_lease.py::test_rules_answer_a_pair_once_on_a_decision_made_since",
            f"{GATEWAY}/test_rules_role.py::test_the_lease_is_not_renewed_while_the_loop_stands_still",
        ),
        "lease_from_receipt",
        (
            f"{RELAY}/test_relay_lease.py::test_open_until_thirty_seconds_after_its_own_issue_time",
            f"{RELAY}/test_relay_lease.py::test_never_open_without_a_pair_issued_within_its_length",
        ),
    ),
    Promise(
        3,
        "Start-up is the safe state until every required input was fresh for a settling time; no pulse on "
        "the pin at boot.",
        (
            f"{GATEWAY}/test_grid_switch_rule.py::test_after_a_start_the_grid_stays_until_all_was_fresh_for_the_settling_time",
            f"{GATEWAY}/test_grid_switch_rule.py::test_an_input_lost_while_settling_starts_it_anew",
            f"{RELAY}/test_relay_contactor.py::test_ten_minutes_after_start_and_after_each_connect",
            f"{RELAY}/test_relay_gpio.py::test_the_pin_never_passes_the_islanded_level_at_start",
        ),
        "nothing_settles",
        (
            f"{GATEWAY}/test_grid_switch_rule.py::test_after_a_start_the_grid_stays_until_all_was_fresh_for_the_settling_time",
        ),
        (("the pin's level at boot", "an oscilloscope on the contactor's pin while the Pi boots"),),
    ),
    Promise(
        4,
        "Missing, stale or impossible inputs lead to the configured fallback; for the contactor: connected.",
        (
            f"{GATEWAY}/test_grid_switch_safe.py::test_a_lost_input_connects_at_once",
            f"{GATEWAY}/test_grid_switch_rule.py::test_any_subset_of_inputs_may_be_missing_for_any_time",
            f"{GATEWAY}/test_rule_engine.py::test_without_inputs_the_fallback_comes_after_the_grace_and_not_before",
            f"{GATEWAY}/test_live_broker.py::test_slow_devices_are_stale_after_three_of_their_own_intervals",
        ),
        "no_lease_condition",
        (f"{GATEWAY}/test_grid_switch_safe.py::test_a_lost_input_connects_at_once",),
    ),
    Promise(
        5,
        "Feedback that disagrees for 5 s: alarm, no further switching, safe state.",
        (
            f"{RELAY}/test_relay_contactor.py::test_feedback_that_disagrees_for_five_seconds_drives_safe_once_and_locks",
            f"{RELAY}/test_relay_contactor.py::test_feedback_that_agrees_in_between_is_no_fault",
            f"{RELAY}/test_relay_loop.py::test_a_contact_that_sticks_locks_until_a_person_releases",
            f"{GATEWAY}/test_notify_table.py::test_an_alarm_is_raised_and_cleared_and_between_nothing_turns",
        ),
        "contact_is_not_looked_at",
        (
            f"{RELAY}/test_relay_contactor.py::test_feedback_that_disagrees_for_five_seconds_drives_safe_once_and_locks",
        ),
    ),
    Promise(
        6,
        "No flapping: towards islanded 10 minutes after a connect or a start, at most 4 changes an hour and "
        "12 a day; towards connected never delayed.",
        (
            f"{RELAY}/test_relay_contactor.py::test_no_history_flaps",
            f"{RELAY}/test_relay_contactor.py::test_a_simulated_year_of_a_nervous_rule",
            f"{RELAY}/test_relay_contactor.py::test_ten_minutes_after_start_and_after_each_connect",
            f"{FAULTS}/test_lease_machine.py::test_the_lease_holds",
        ),
        "no_dwell",
        (f"{RELAY}/test_relay_contactor.py::test_no_history_flaps",),
    ),
    Promise(
        7,
        "Rules are a pure function of inputs, settings, memory and time: the same history decides the same.",
        (
            f"{GATEWAY}/test_grid_switch_rule.py::test_the_same_history_gives_the_same_decisions",
            f"{GATEWAY}/test_rule_engine.py::test_the_same_history_gives_the_same_decisions",
            f"{GATEWAY}/test_replay.py",
        ),
        "decided_by_chance",
        (f"{GATEWAY}/test_grid_switch_rule.py::test_the_same_history_gives_the_same_decisions",),
        (
            (
                "a recorded week decided again, half an hour of work",
                "`make soak PYTEST=tests/soak/test_soak_replay.py`",
            ),
        ),
    ),
    Promise(
        8,
        "Manual beats automatic, hardware beats both; manual mode ends by time or by button, never silently.",
        (
            f"{GATEWAY}/test_rules_role.py::test_a_person_connects_for_an_hour_then_it_is_automatic_again",
            f"{GATEWAY}/test_panel_role.py::test_a_short_press_connects_within_a_second_and_the_next_is_automatic_again",
            f"{GATEWAY}/test_panel_role.py::test_it_works_with_broker_and_rules_gone",
            f"{GATEWAY}/test_panel_role.py::test_it_ends_by_time_and_by_the_page",
            f"{GATEWAY}/test_rule_engine.py::test_stop_by_hand_keeps_every_rule_from_writing",
        ),
        "by_hand_for_ever",
        (f"{GATEWAY}/test_rules_role.py::test_a_person_connects_for_an_hour_then_it_is_automatic_again",),
    ),
    Promise(
        9,
        "A decision follows the newest input within 1 s at the 99.9th percentile on a Pi 3 under load.",
        (f"{GATEWAY}/test_rules_role.py::test_a_decision_follows_a_state_within_the_same_moment",),
        "states_wake_nobody",
        (f"{GATEWAY}/test_rules_role.py::test_a_decision_follows_a_state_within_the_same_moment",),
        (
            (
                "the percentile on a Pi 3",
                "`make bench PARTS=answers` on the Pi; its rows are `from a state to the decision's command`",
            ),
        ),
    ),
    Promise(
        10,
        "No write outside the table's bounds or options can reach the wire.",
        (
            f"{KIT}/test_device.py::test_out_of_bounds_never_reaches_the_wire",
            f"{KIT}/test_device.py::test_garbage_is_refused_in_words",
            f"{FAULTS}/test_commands_refused.py::test_a_wish_that_cannot_be",
            f"{FAULTS}/test_commands_refused.py::test_garbage_harms_neither_device_nor_connection",
            f"{CONTRACT}::test_7_settings_are_set_inside_their_bounds_and_read_back",
        ),
        "any_number_is_taken",
        (f"{KIT}/test_device.py::test_out_of_bounds_never_reaches_the_wire",),
    ),
    Promise(
        11,
        "Read back or not done: confirmed only with the value read back in time, else failed.",
        (
            f"{CONTRACT}::test_7_only_what_is_read_back_is_confirmed",
            f"{KIT}/test_device.py::test_what_the_device_does_not_do_is_not_confirmed",
            "tests/integrations/daly/test_daly_board.py::test_commands_are_obeyed_ignored_delayed_and_refused",
        ),
        "acknowledged_is_done",
        (f"{CONTRACT}::test_7_only_what_is_read_back_is_confirmed",),
    ),
    Promise(
        12,
        "A value that stands already is not written again.",
        (
            f"{KIT}/test_device.py::test_an_equal_value_is_not_written_again",
            f"{GATEWAY}/test_rule_engine.py::test_a_value_that_stands_is_not_written_and_one_that_is_not_read_neither",
        ),
        "equal_is_written",
        (f"{KIT}/test_device.py::test_an_equal_value_is_not_written_again",),
    ),
    Promise(
        13,
        "Stored settings have a write budget: automation 20, one refilled per 72 minutes, 60 s apart; on "
        "disk before the write.",
        (
            f"{KIT}/test_wear.py",
            f"{KIT}/test_device.py::test_the_write_is_counted_on_disk_before_it_goes_out",
            f"{KIT}/test_device.py::test_the_write_budget_is_published_at_each_write",
            f"{GATEWAY}/test_policy_year.py::test_a_day_of_each_season_keeps_the_limits",
            f"{GATEWAY}/test_notify_table.py::test_an_alarm_is_raised_and_cleared_and_between_nothing_turns",
            f"{FAULTS}/test_clock_jumps.py::test_a_write_budget_is_refilled_by_running_time_alone",
        ),
        "bucket_without_bottom",
        (f"{KIT}/test_wear.py",),
    ),
    Promise(
        14,
        "Commands expire and run once; retained, repeated and replayed ones are refused.",
        (
            f"{KIT}/test_device.py::test_a_repeated_command_runs_once",
            f"{KIT}/test_device.py::test_an_expired_command_is_refused",
            f"{KIT}/test_mqtt.py::test_a_command_that_waited_for_the_broker_is_never_sent",
            f"{FAULTS}/test_commands_refused.py::test_a_retained_command_that_waits_at_the_broker",
            f"{FAULTS}/test_commands_refused.py::test_a_command_that_is_sent_to_be_retained",
            f"{FAULTS}/test_commands_refused.py::test_a_command_that_is_replayed_runs_once",
            f"{FAULTS}/test_commands_refused.py::test_a_command_that_was_sent_while_the_bus_was_cut_off",
        ),
        "ids_are_forgotten",
        (f"{KIT}/test_device.py::test_a_repeated_command_runs_once",),
    ),
    Promise(
        15,
        "A device takes commands only where the site file says `writable: true`.",
        (
            f"{KIT}/test_device.py::test_read_only_is_the_default",
            f"{KIT}/test_device.py::test_a_read_only_device_shows_its_settings_as_sensors_and_no_buttons",
            f"{GATEWAY}/test_rule_file.py::test_an_action_on_a_read_only_device_is_a_fault",
        ),
        "all_is_writable",
        (f"{KIT}/test_device.py::test_read_only_is_the_default",),
    ),
    Promise(
        16,
        "Nothing dangerous is in a table unless it is expert and confirmed by a second step.",
        (
            f"{KIT}/test_check_integration.py::test_a_fault_is_a_sentence",
            f"{SITE}/test_workspace_tree.py::test_the_tree_has_no_fault",
            f"{GATEWAY}/test_api_routes.py::test_an_expert_setting_takes_a_second_step",
        ),
        "nothing_is_dangerous",
        (f"{KIT}/test_check_integration.py::test_a_fault_is_a_sentence",),
    ),
)
