"""Security: promises 31 to 40."""

from tools.promised.row import CONTRACT, DEPLOY, GATEWAY, KIT, RELAY, SITE, Promise

SECURITY: tuple[Promise, ...] = (
    Promise(
        31,
        "No default passwords: each is made at random, nothing starts with an empty or a known one.",
        (
            f"{GATEWAY}/test_api_access.py::test_the_token_opens_and_a_wrong_one_does_not",
            f"{GATEWAY}/test_api_roles.py::test_the_token_is_kept_as_a_hash_for_its_owner_only",
            f"{SITE}/test_workspace_documents.py::test_secrets_that_others_can_read_are_a_fault",
            f"{DEPLOY}/test_broker_access.py::test_nobody_else_gets_in",
            f"{DEPLOY}/test_first_start.py::test_the_first_start_makes_every_secret_once",
            f"{SITE}/test_workspace_tree.py::test_no_password_stands_in_what_is_shipped",
        ),
        "any_token_opens",
        (f"{GATEWAY}/test_api_access.py::test_the_token_opens_and_a_wrong_one_does_not",),
        (("Grafana of a fresh installation", "start the containers; `admin` with `admin` is refused"),),
    ),
    Promise(
        32,
        "Least privilege: one broker user per role, expected denials for every user and every topic.",
        (
            f"{DEPLOY}/test_broker_access.py::test_every_user_and_every_topic",
            f"{DEPLOY}/test_guarded_house.py::test_a_house_lives_and_nothing_of_it_is_denied",
        ),
        "everybody_may_all",
        (f"{DEPLOY}/test_broker_access.py::test_every_user_and_every_topic",),
    ),
    Promise(
        33,
        "Closed by default: only the named ports listen outside loopback; no anonymous client.",
        (
            f"{DEPLOY}/test_listening.py::test_nothing_but_the_named_ports_listens",
            f"{GATEWAY}/test_api_listening.py::test_loopback_is_what_it_listens_on",
            f"{DEPLOY}/test_broker_access.py::test_nobody_else_gets_in",
        ),
        "page_is_open_to_all",
        (f"{GATEWAY}/test_api_listening.py::test_loopback_is_what_it_listens_on",),
    ),
    Promise(
        34,
        "Containers and units run without root, capabilities, host network or Docker socket; the unit's "
        "exposure is 3 at most.",
        (
            f"{DEPLOY}/test_containers.py",
            f"{DEPLOY}/test_service_install.py::test_the_unit_is_watched_restarted_and_closed",
        ),
        "unit_with_every_right",
        (f"{DEPLOY}/test_service_install.py::test_the_unit_is_watched_restarted_and_closed",),
        (("the containers started", "`docker compose --profile simulated up` in the folder docker"),),
    ),
    Promise(
        35,
        "Pinned and known: hashes in the lock file, images by digest, an SBOM and signatures per release.",
        (f"{SITE}/test_workspace_lock.py", f"{SITE}/test_workspace_supply.py"),
        "lock_without_hashes",
        (f"{SITE}/test_workspace_lock.py::test_it_holds_names_versions_and_hashes_only",),
        elsewhere=(
            ("known weaknesses of the locked packages", "with a network: `make audit`"),
            (
                "images by digest; they are pinned by tag",
                "with a registry and Docker in reach: `python3 tools/pin_images.py`",
            ),
            ("signed tags and artefacts", "at a release: `git tag --sign`, then `git verify-tag`"),
        ),
    ),
    Promise(
        36,
        "Bad input never crashes and never runs: MQTT, the site file, frames, HTTP.",
        (
            f"{KIT}/test_device.py::test_garbage_is_refused_in_words",
            f"{KIT}/test_device.py::test_a_malformed_command_is_answered_to_its_sender",
            f"{GATEWAY}/test_rule_file.py::test_no_mangled_file_ends_in_anything_but_faults_or_a_policy",
            f"{GATEWAY}/test_recorder_role.py::test_no_message_whatever_stops_the_recorder",
            f"{GATEWAY}/test_meters_rubbish.py",
            f"{RELAY}/test_relay_board.py::test_random_bytes_never_move_the_contactor",
            f"{CONTRACT}::test_4_random_bytes_are_never_a_value",
            "tests/fuzz/test_fuzz_decoders.py",
            "tests/fuzz/test_fuzz_files.py",
            "tests/fuzz/test_fuzz_http.py",
            "tests/fuzz/test_fuzz_mqtt.py",
            "tests/fuzz/test_fuzz_reports.py",
            f"{SITE}/test_workspace_tree.py::test_nothing_that_comes_in_is_run",
        ),
        "garbage_crashes",
        (f"{KIT}/test_device.py::test_garbage_is_refused_in_words",),
    ),
    Promise(
        37,
        "Audit: who, from where, before, after, result, reason; append-only, and an edit is named.",
        (
            f"{GATEWAY}/test_audit_chain.py",
            f"{GATEWAY}/test_audit_answers.py::test_verify_names_the_entry_with_status_3",
            f"{GATEWAY}/test_audit_answers.py::test_events_reach_influxdb_as_annotations_once",
            f"{GATEWAY}/test_audit_kept.py::test_a_full_disk_stops_the_audit_last_and_nothing_is_lost",
            f"{GATEWAY}/test_audit_mosquitto.py::test_commands_and_moves_are_stored_with_who_what_and_why",
        ),
        "chain_without_hash",
        (f"{GATEWAY}/test_audit_chain.py::test_every_change_of_one_character_is_found",),
    ),
    Promise(
        38,
        "Secrets never in logs, state, captures or reports.",
        (
            f"{GATEWAY}/test_secrets_canary.py",
            f"{GATEWAY}/test_report_bundle.py::test_a_secret_is_taken_out_however_it_is_written",
            f"{GATEWAY}/test_report_bundle.py::test_the_command_writes_one_zip_for_its_owner_without_secrets",
            f"{GATEWAY}/test_api_roles.py::test_the_token_is_kept_as_a_hash_for_its_owner_only",
        ),
        "secrets_are_told",
        (f"{GATEWAY}/test_report_bundle.py::test_a_secret_is_taken_out_however_it_is_written",),
    ),
    Promise(
        39,
        "The panel: a stuck or bouncing button cannot flood, a replayed press does nothing.",
        (
            f"{GATEWAY}/test_panel_button.py",
            f"{GATEWAY}/test_panel_role.py::test_a_replayed_press_does_nothing",
        ),
        "button_floods",
        (f"{GATEWAY}/test_panel_button.py::test_a_flood_ends",),
        (("LED and button", "press them on the Pi; what each flash means stands in docs/contactor.md"),),
    ),
    Promise(
        40,
        "SECURITY.md says how to report, that an answer comes in 5 days, and until when what is supported.",
        (f"{SITE}/test_workspace_documents.py::test_a_reporter_learns_how_and_how_fast_and_until_when",),
        "nobody_answers",
        (f"{SITE}/test_workspace_documents.py::test_a_reporter_learns_how_and_how_fast_and_until_when",),
    ),
)
