"""Data, time, life and recovery: promises 17 to 30."""

from tools.promised.row import CONTRACT, DEPLOY, FAULTS, GATEWAY, KIT, RELAY, Promise

DATA: tuple[Promise, ...] = (
    Promise(
        17,
        "Nothing is lost over 72 h without database or network: every reading once, right time and type; "
        "whole numbers stay whole.",
        (
            f"{GATEWAY}/test_follower_influx.py::test_after_an_outage_of_72_hours_every_reading_is_there_once",
            f"{GATEWAY}/test_follower_influx.py::test_each_reading_arrives_with_its_time_and_type",
            f"{GATEWAY}/test_recorder_role.py::test_a_long_outage_of_the_recorder_loses_nothing",
            f"{KIT}/test_spool.py::test_in_the_end_every_reading_is_stored_once",
            f"{FAULTS}/test_types_kept.py",
            f"{GATEWAY}/test_follower_pace.py::test_catching_up_stays_under_its_rate",
            f"{GATEWAY}/test_follower_pace.py::test_at_its_usual_rate_72_hours_of_300_values_take_less_than_half_an_hour",
        ),
        "a_reading_slips",
        (f"{GATEWAY}/test_follower_influx.py::test_after_an_outage_of_72_hours_every_reading_is_there_once",),
        more=(("all_are_floats", (f"{FAULTS}/test_types_kept.py",)),),
    ),
    Promise(
        18,
        "Stored means on disk; never a store or spool that does not open.",
        (
            f"{GATEWAY}/test_recorder_role.py::test_what_is_acknowledged_is_on_disk_and_nothing_before",
            f"{GATEWAY}/test_recorder_kill.py::test_a_killed_recorder_loses_nothing_that_it_acknowledged",
            f"{KIT}/test_spool.py::test_a_line_cut_by_a_power_cut_is_left_out",
            f"{GATEWAY}/test_audit_kept.py::test_a_killed_writer_loses_nothing_that_it_told",
            f"{FAULTS}/test_power_cuts.py::test_a_power_cut_at_every_sync_loses_nothing_that_was_sure",
        ),
        "told_and_not_stored",
        (f"{GATEWAY}/test_recorder_role.py::test_what_is_acknowledged_is_on_disk_and_nothing_before",),
        elsewhere=(
            (
                "1,000 kills, and 14 times as many power cuts",
                "`make soak PYTEST='tests/soak/test_soak_kills.py tests/faults/test_power_cuts.py'`",
            ),
        ),
        more=(
            (
                "nothing_is_synced",
                (f"{FAULTS}/test_power_cuts.py::test_a_power_cut_at_every_sync_loses_nothing_that_was_sure",),
            ),
        ),
    ),
    Promise(
        19,
        "The broker dies or loses its database: discovery and state are back within 30 s.",
        (
            f"{FAULTS}/test_broker_restarted.py::test_discovery_availability_info_and_state_are_back",
            f"{KIT}/test_mqtt.py::test_everything_retained_is_said_again_after_a_broker_that_lost_it_all",
            f"{KIT}/test_mqtt.py::test_what_was_published_meanwhile_comes_after_the_broker_is_back",
        ),
        "nothing_is_said_again",
        (f"{KIT}/test_mqtt.py::test_everything_retained_is_said_again_after_a_broker_that_lost_it_all",),
    ),
    Promise(
        20,
        "Disk full: relay and commands go on, an alarm is raised, recovery needs no restart; captures give "
        "way first, then old history, then what waits; the audit last.",
        (
            f"{FAULTS}/test_small_disk.py",
            f"{GATEWAY}/test_notify_table.py::test_an_alarm_is_raised_and_cleared_and_between_nothing_turns",
            f"{FAULTS}/test_store_broken.py::test_the_house_goes_on_without_its_store",
            f"{KIT}/test_device.py::test_on_a_full_disk_a_persons_command_goes_on_and_automation_waits",
            f"{GATEWAY}/test_recorder_role.py::test_a_disk_that_refuses_raises_an_alarm_and_recovers",
            f"{GATEWAY}/test_audit_kept.py::test_a_full_disk_stops_the_audit_last_and_nothing_is_lost",
        ),
        "full_disk_stops_persons",
        (f"{KIT}/test_device.py::test_on_a_full_disk_a_persons_command_goes_on_and_automation_waits",),
        more=(
            ("captures_fill_the_disk", (f"{FAULTS}/test_small_disk.py",)),
            ("history_gives_no_way", (f"{FAULTS}/test_small_disk.py",)),
        ),
    ),
    Promise(
        21,
        "Under 1 GB is written to the card a day by the default site.",
        (f"{FAULTS}/test_lives_on.py::test_nothing_grows_and_little_is_written",),
        "rows_by_series",
        (f"{FAULTS}/test_lives_on.py::test_nothing_grows_and_little_is_written",),
        (
            (
                "a card's own count, with the file system's records",
                "on the Pi, the seventh figure of /sys/block/mmcblk0/stat times 512, an hour apart",
            ),
        ),
    ),
    Promise(
        22,
        "Energy never goes backwards, never jumps: resets, zeros at wake-up, restarts, gaps, clock changes.",
        (
            f"{GATEWAY}/test_energies_core.py",
            f"{GATEWAY}/test_energies_devices.py::test_restarts_and_gaps_make_nothing_fall_or_jump",
            f"{GATEWAY}/test_energies_site.py::test_a_kill_while_it_writes_takes_nothing_back",
        ),
        "energies_run_backwards",
        (f"{GATEWAY}/test_energies_core.py::test_whatever_comes_nothing_falls_and_everything_adds_up",),
    ),
    Promise(
        23,
        "A value that was not read is not shown: no last value for ever, no 0 for unknown.",
        (
            f"{KIT}/test_device.py::test_a_value_that_was_not_read_is_absent",
            f"{KIT}/test_device.py::test_when_lost_no_old_value_stays",
            f"{GATEWAY}/test_live_broker.py::test_the_rules_hold_a_value_over_three_polls_and_no_longer",
            f"{GATEWAY}/test_live_broker.py::test_nothing_of_a_lost_device_is_held",
            f"{CONTRACT}::test_5_a_bad_line_never_gives_a_wrong_value",
            f"{CONTRACT}::test_9_unplugged_and_plugged_in_again",
        ),
        "last_values_stay",
        (f"{KIT}/test_device.py::test_a_value_that_was_not_read_is_absent",),
    ),
    Promise(
        24,
        "Clock jumps move no interval; what was read before the clock is sane is stamped when it is.",
        (
            f"{KIT}/test_spool.py::test_readings_before_the_clock_is_known_are_stamped_later",
            f"{GATEWAY}/test_rules_role.py::test_the_clock_on_the_wall_moves_nothing",
            f"{FAULTS}/test_clock_jumps.py",
            f"{GATEWAY}/test_rule_engine.py::test_a_clock_that_steps_back_begins_anew",
            f"{GATEWAY}/test_rule_conditions.py::test_a_window_over_a_clock_change_is_shorter_or_longer_and_never_skipped_or_twice",
            f"{GATEWAY}/test_energies_core.py::test_a_clock_that_was_wrong_by_years_does_not_hold_the_day",
            f"{GATEWAY}/test_recorder_role.py::test_a_clock_that_runs_ahead_does_not_delete_the_history",
        ),
        "1970_is_believed",
        (f"{KIT}/test_spool.py::test_readings_before_the_clock_is_known_are_stamped_later",),
    ),
    Promise(
        25,
        "Every process is watched: systemd's watchdog is fed from the real loop, restarts never give up.",
        (
            f"{GATEWAY}/test_watchdog.py",
            f"{FAULTS}/test_blocked_loops.py",
            f"{FAULTS}/test_lease_processes.py::test_rules_that_hang_or_die",
            f"{RELAY}/test_relay_loop.py::test_a_frozen_process_is_ended_by_the_board_within_the_lease",
            f"{DEPLOY}/test_service_install.py::test_the_unit_is_watched_restarted_and_closed",
        ),
        "watchdog_is_not_fed",
        (f"{GATEWAY}/test_watchdog.py",),
        (
            (
                "a blocked loop under systemd, and the hardware watchdog",
                "on the Pi: `kill -STOP` the service's process and wait 25 s",
            ),
        ),
        more=(("watchdog_is_fed_by_a_thread", (f"{FAULTS}/test_blocked_loops.py",)),),
    ),
    Promise(
        26,
        "One device's fault stays there: a silent, babbling or lying one neither delays nor crashes others.",
        (
            f"{KIT}/test_bus_turns.py",
            f"{FAULTS}/test_line_noise.py",
            f"{KIT}/test_port.py::test_a_line_that_babbles_for_ever_ends_in_an_error",
        ),
        "the_silent_take_their_turns",
        (f"{KIT}/test_bus_turns.py::test_nor_does_one_that_was_never_heard",),
    ),
    Promise(
        27,
        "Unplugged, plugged in again, ports swapped: back by itself, never data under the wrong name.",
        (
            f"{FAULTS}/test_ports_swapped.py",
            f"{CONTRACT}::test_9_unplugged_and_plugged_in_again",
            f"{CONTRACT}::test_10_another_device_publishes_nothing",
        ),
        "any_device_is_taken",
        (f"{FAULTS}/test_ports_swapped.py::test_no_command_reaches_the_wrong_inverter",),
    ),
    Promise(
        28,
        "30 days without growth of memory, descriptors, threads and queues.",
        (
            f"{FAULTS}/test_reconnects_flat.py::test_nothing_grows_over_many_reconnects",
            f"{FAULTS}/test_lives_on.py::test_nothing_grows_and_little_is_written",
            "tests/soak/test_soak_growth.py::test_a_process_that_grows_is_seen",
        ),
        "descriptors_leak",
        (f"{FAULTS}/test_reconnects_flat.py::test_nothing_grows_over_many_reconnects",),
        (
            ("24 real hours", "`make soak FOR=86400 PYTEST=tests/soak/test_soak_growth.py`"),
            ("30 days in turned time, two hours of work", "`make soak PYTEST=tests/faults/test_lives_on.py`"),
        ),
        more=(
            (
                "what_is_stored_is_kept",
                (f"{FAULTS}/test_lives_on.py::test_nothing_grows_and_little_is_written",),
            ),
        ),
    ),
    Promise(
        29,
        "An update that does not pass its health check within 2 minutes goes back by itself; older settings "
        "load.",
        (
            f"{DEPLOY}/test_update.py",
            f"{GATEWAY}/test_recorder_store.py::test_an_older_store_is_copied_and_led_forward",
            f"{GATEWAY}/test_recorder_store.py::test_a_migration_that_fails_leaves_the_store_as_it_was",
        ),
        "every_version_lives",
        (f"{DEPLOY}/test_update.py::test_a_version_that_lives_stays_and_one_that_dies_goes_by_itself",),
        unshown=("site files of the last two versions load: this is the first version",),
    ),
    Promise(
        30,
        "Backup and restore on a new card in 15 minutes, secrets only encrypted.",
        (f"{DEPLOY}/test_backup.py",),
        "any_passphrase_opens",
        (f"{DEPLOY}/test_backup.py::test_another_passphrase_and_a_short_one",),
        (("the 15 minutes", "a stop-watch, a blank card, and the manual's page about the Raspberry Pi"),),
    ),
)
