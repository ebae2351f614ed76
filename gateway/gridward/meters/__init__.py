"""Meters before they are on a site: inventory, conversion to Modbus, addresses, labels, reports."""
