"""Every mandatory number of the autonomy framework has its test, each named here by file and function."""

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parent.parent.parent

WHERE: Mapping[str, tuple[str, ...]] = {
    "AF-01": (
        "gateway/test_rule_file.py::test_every_field_that_a_rule_has_is_there_although_the_file_leaves_it_out",
    ),
    "AF-02": ("gateway/test_autonomy_engine.py::test_a_capability_is_one_of_a_closed_list",),
    "AF-10": (
        "gateway/test_rule_engine.py::test_precedence_override_then_safety_then_business_and_the_losers_are_named",
    ),
    "AF-11": (
        "gateway/test_rules_properties.py::no_lower_rule_keeps_a_safety_rule_from_acting",
        "gateway/test_rule_engine.py::test_no_set_of_lower_rules_changes_when_a_safety_rule_acts",
    ),
    "AF-20": (
        "gateway/test_rule_overrides.py::test_a_number_is_forced_by_a_number_of_its_own_bounds",
        "gateway/test_rule_overrides.py::test_stop_for_all_leaves_every_output_and_connects_the_grid",
        "gateway/test_rules_by_hand.py::test_proposals_and_overrides_over_http",
        "gateway/test_rules_by_hand.py::test_proposals_and_overrides_on_the_command_line",
    ),
    "AF-21": ("gateway/test_autonomy_engine.py::test_an_override_takes_effect_within_a_second",),
    "AF-22": (
        "gateway/test_rule_overrides.py::test_a_word_holds_as_long_as_it_says",
        "gateway/test_rules_role.py::test_a_person_connects_for_an_hour_then_it_is_automatic_again",
    ),
    "AF-23": (
        "gateway/test_rule_overrides.py::test_a_forced_number_stays_inside_the_envelope",
        "gateway/test_rules_role.py::test_islanding_by_hand_is_refused_outside_the_conditions_with_the_reason",
    ),
    "AF-24": (
        "gateway/test_rule_overrides.py::test_it_comes_back_after_a_restart_with_its_time_before_any_rule_runs",
    ),
    "AF-30": (
        "gateway/test_rule_restarts.py::test_a_site_file_is_read_anew_and_a_broken_one_told_once_with_its_line",
        "gateway/test_rule_restarts.py::test_a_reload_keeps_what_is_remembered_of_rules_that_are_the_same",
    ),
    "AF-31": (
        "gateway/test_rule_engine.py::test_an_oscillating_rule_stays_in_its_budget_in_any_24_hours",
        "gateway/test_rule_restarts.py::test_twenty_restarts_write_no_more_than_a_day_allows",
    ),
    "AF-32": ("gateway/test_rule_automation.py::test_a_rule_that_holds_sends_one_command_and_says_why",),
    "AF-33": ("gateway/test_autonomy_engine.py::test_what_is_denied_has_a_code_and_a_reason",),
    "AF-40": (
        "gateway/test_autonomy_engine.py::test_the_envelope_comes_after_arbitration_on_what_is_fresh_now",
    ),
    "AF-41": (
        "gateway/test_rule_engine.py::test_nothing_leaves_the_envelope_by_a_rule_or_by_hand",
        "gateway/test_autonomy_engine.py::test_what_cannot_be_clipped_is_refused",
    ),
    "AF-42": ("gateway/test_rule_engine.py::test_outside_its_conditions_an_output_is_left_or_falls_back",),
    "AF-43": (
        "gateway/test_grid_presence.py::test_present_needs_its_window_and_a_witness",
        "faults/test_lease_machine.py::test_the_lease_holds",
        "integrations/relay/test_relay_generator.py::test_never_both",
    ),
    "AF-44": (
        "gateway/test_autonomy_engine.py::test_nearly_every_branch_of_the_envelope_is_tested",
        "gateway/test_autonomy_engine.py::test_the_envelope_has_no_network",
    ),
    "AF-45": ("gateway/test_autonomy_framework.py::test_the_documents_say_that_it_is_no_protection_device",),
    "AF-50": (
        "gateway/test_rule_engine.py::test_without_inputs_the_fallback_comes_after_the_grace_and_not_before",
        "gateway/test_rule_automation.py::test_a_policy_that_fails_writes_nothing_and_the_lease_goes_on",
    ),
    "AF-53": (
        "gateway/test_watchdog.py::test_ready_and_then_fed_at_half_the_interval",
        "faults/test_lease_processes.py::test_rules_that_hang_or_die",
    ),
    "AF-54": (
        "gateway/test_rule_engine.py::test_nothing_is_written_in_the_settling_time_after_a_start",
        "gateway/test_rules_role.py::test_what_was_retained_before_a_restart_islands_nobody",
    ),
    "AF-70": (
        "gateway/test_rule_automation.py::test_a_rule_that_holds_sends_one_command_and_says_why",
        "gateway/test_audit_chain.py::test_a_sealed_entry_reads_back_and_no_other_byte_does",
    ),
    "AF-71": (
        "gateway/test_audit_chain.py::test_every_change_of_one_character_is_found",
        "gateway/test_audit_chain.py::test_every_deletion_is_found_and_named",
    ),
    "AF-72": (
        "gateway/test_audit_kept.py::test_a_full_disk_stops_the_audit_last_and_nothing_is_lost",
        "gateway/test_audit_chain.py::test_the_file_of_a_power_cut_is_taken_up",
        "gateway/test_audit_chain.py::test_files_follow_each_other_and_the_chain_goes_through_all",
    ),
    "AF-73": ("gateway/test_audit_answers.py::test_why_the_contactor_stands_as_it_does",),
    "AF-80": (
        "gateway/test_api_access.py::test_the_api_is_closed",
        "gateway/test_api_access.py::test_the_token_opens_and_a_wrong_one_does_not",
    ),
    "AF-81": (
        "kit/test_device.py::test_a_retained_command_is_refused_and_reported",
        "kit/test_device.py::test_a_repeated_command_runs_once",
        "kit/test_device.py::test_an_expired_command_is_refused",
    ),
    "AF-82": ("gateway/test_config_file.py::test_no_secret_is_shown",),
    "AF-91": (
        "gateway/test_rule_policies.py::test_a_policy_does_what_its_story_says",
        "gateway/test_autonomy_engine.py::test_a_rehearsal_reaches_no_real_output",
    ),
    "AF-93": (
        "gateway/test_autonomy_engine.py::test_safety_and_business_go_on_without_the_optimisation",
        "gateway/test_autonomy_engine.py::test_a_rule_that_breaks_is_told_once_and_the_others_go_on",
    ),
}


@pytest.mark.parametrize("number", WHERE)
def test_it_has_its_tests(number: str) -> None:
    for place in WHERE[number]:
        file, _, name = place.partition("::")
        tree = ast.parse((TREE / "tests" / file).read_text("utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        found = [one for one in ast.walk(tree) if isinstance(one, functions) and one.name == name]
        assert found, f"{number}: there is no {place}"
        assert any(_asserts(one) for one in found), f"{place} asserts nothing"


def _asserts(function: ast.AST) -> bool:
    """Whether it can fail of itself: it asserts, expects an exception, or runs a state machine that does."""
    runs = ("raises", "run_state_machine_as_test")
    called = [one.func for one in ast.walk(function) if isinstance(one, ast.Call)]
    names = {one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in called}
    return bool(names & set(runs)) or any(isinstance(one, ast.Assert) for one in ast.walk(function))


def test_the_documents_say_that_it_is_no_protection_device() -> None:
    for page in ("docs/autonomy.md", "docs/contactor.md"):
        assert "not a protection device" in (TREE / page).read_text("utf-8")


def test_the_page_on_the_framework_names_every_number() -> None:
    page = (TREE / "docs" / "autonomy.md").read_text("utf-8")
    assert [number for number in WHERE if number not in page] == []
