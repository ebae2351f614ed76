"""The panel: one LED and one button on GPIO, which work with broker, rules and network down."""
