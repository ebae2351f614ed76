"""A site file of an inverter and a battery, as far as its rules; tests go on from there."""

SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
buses:
  - id: a
    port: /dev/ttyUSB0
    devices: [{id: inverter, integration: axpert, writable: true}]
  - id: b
    port: /dev/ttyUSB1
    devices: [{id: bms, integration: daly}]
roles: {battery: bms, load: inverter, pv: inverter}
rules:
  grid_switch: {}
"""
