"""The gateway's HTTP interface: devices, history, audit and commands, under tokens and sessions."""
