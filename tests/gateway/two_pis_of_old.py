"""Two Pis as the facts about the original system tell of them, with small scripts of our own."""

from pathlib import Path

FILES = {
    "rpi3/crontab.txt": """\
* * * * * ~/ping_logger.sh
@reboot ~/mbmd_start.sh
""",
    "rpi3/grid_gateway.sh": """\
# Relay board of the contactor: high opens it
RELAY_PIN=26
gpio -g mode 26 out
ping -c 1 192.168.1.40 || gpio -g write 26 0
curl http://192.168.1.41:8080/api/last # mbmd, the SDM230
""",
    "rpi4/axpert_2024.csv": """\
created,var1,var2,var3,var4
2024-06-01 12:00:00,230.1,53.2,7,
2024-06-01 12:01:00,229.8,53.3,7,
2024-06-01 12:02:00,NULL,53.3,8,
""",
    "rpi4/axpert_poll.py": """\
# Polls the inverter once a minute and writes what it says into the database.
import serial
import requests

PORT = "/dev/ttyUSB0"
db_password = "hunter2-and-more"
line = serial.Serial(PORT, baudrate=2400, timeout=2)
for command in ("QPIGS", "QMOD", "QPIWS", "QPIRI"):
    line.write(command.encode())
requests.post("http://127.0.0.1:8086/write?u=pi&p=hunter2-and-more", data="axpert var1=230.1")
""",
    "rpi4/crontab.txt": """\
# m h dom mon dow command
* * * * * python3 ~/axpert_poll.py >> ~/log.txt
* * * * * python3 ~/daly_poll.py
*/2 * * * * ~/rules_controller.sh
0 3 * * * ~/upload_photos.sh --password hunter2-and-more
""",
    "rpi4/daly_poll.py": """\
# Polls the BMS once a minute.
import serial

bms = serial.Serial("/dev/ttyUSB1", 9600)
bms.write(b"\\xa5\\x40\\x90\\x08" + bytes(8) + b"\\x7d")
""",
    "rpi4/rules.py": """\
to_utility = 50.4
grid_on = 51.0
grid_off = 51.8
full = 54.5
float_low = 53.7
soc_low = 20
soc_ok = 30
cell_max = 3.53
bulk_high = 552  # a slip: no bank has that
""",
    "rpi4/settings.sh": """\
export TZ=Europe/Bratislava
bulk_low=53.8
float_low=53.6
""",
    "rpi4/tables.sql": """\
CREATE TABLE axpert (
  created DATETIME,
  var1 DOUBLE, -- grid voltage
  var2 DOUBLE, -- battery voltage
  var3 DOUBLE, -- flags of nobody knows what
  var4 DOUBLE
);
""",
}


def written(folder: Path) -> Path:
    """The installation in a folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
